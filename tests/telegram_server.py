"""A Telegram Bot API server on a real socket: any Bot API client works with it by its base URL."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from aiohttp import web

from tests.telegram_clock import Clock, HandClock
from tests.telegram_desk import Desk
from tests.telegram_faults import Fault
from tests.telegram_files import Json, Refused, Upload
from tests.telegram_flood import Flood, Limits
from tests.telegram_people import Person, Place
from tests.telegram_rules import Args
from tests.telegram_spec import Spec
from tests.telegram_updates import Updates
from tests.telegram_world import Post, World

TOKEN = "4242:AAtest-token-of-nobody"
T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One call the bot made; `answer` is the result or the refusal, None when not carried out."""

    method: str
    values: Mapping[str, Any]
    at: float
    answer: Any = None


@dataclass
class TelegramServer:
    """The server: what people do comes from `person`, what the bot did stands in `messages`.

    `violations` lists what a careful bot would not have done: wrong requests, and flooding.
    """

    clock: Clock = field(default_factory=HandClock)
    limits: Limits = field(default_factory=Limits)
    token: str = TOKEN
    privacy: bool = True
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    peers: set[object] = field(default_factory=set)
    spec: Spec | None = field(default_factory=Spec.find)

    def __post_init__(self) -> None:
        bot = {"id": int(self.token.split(":")[0]), "is_bot": True, "first_name": "Atelier"}
        bot |= {
            "username": "atelier_bot",
            "can_join_groups": True,
            "can_connect_to_business": False,
        }
        bot |= {"can_read_all_group_messages": not self.privacy, "supports_inline_queries": False}
        self.updates = Updates(self.clock, listener=self._change)
        self.world = World(self.clock, bot, self._notify)
        self.flood = Flood(self.limits, self.clock.time)
        self._methods = Desk(self.world, self.limits).table(self.flood.say)
        self._faults: list[tuple[str, int, Fault]] = []
        self._changed = asyncio.Event()
        self._open: dict[int, web.Request] = {}

    # what tests do

    def person(self, name: str, **about: str) -> Person:
        """Let somebody join Telegram."""
        return Person.new(self.world, name, **about)

    def group(self, title: str, *people: Person, **how: Any) -> Place:
        """Open a group with the bot in it (`forum=True`: a supergroup with topics)."""
        return Place.new(self.world, title, people, **how)

    def fail(self, method: str, *faults: Fault, chat: int = 0) -> None:
        """Let the next calls of a method (to a chat, if told) go wrong, one fault each."""
        self._faults += [(method.lower(), chat, fault) for fault in faults]

    def messages(self, chat: Person | Place | int) -> list[Post]:
        """Return what the bot said in a chat and has not deleted, oldest first."""
        room = self.world.rooms.get(chat if isinstance(chat, int) else chat.id)
        return (
            [post for post in room.said if post.by_bot and post.kind != "service"] if room else []
        )

    def count(self, method: str) -> int:
        """Return how often a method was called."""
        return sum(call.method.lower() == method.lower() for call in self.calls)

    @property
    def unanswered(self) -> list[str]:
        """The presses of buttons that show a spinner still."""
        return [query for query in self.world.presses if query not in self.world.answers]

    async def wait_for(self, found: Callable[[], T], seconds: float = 15.0) -> T:
        """Wait until something holds, and return it; fails with what was said so far."""
        try:
            async with asyncio.timeout(seconds):
                while not (value := found()):
                    self._changed.clear()
                    await self._changed.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"not in {seconds} s; so far:\n{self.transcript()}") from None

    def transcript(self) -> str:
        """Return everything that can be read in all chats."""
        lines = [
            f"{room.title}: {post.by['first_name']}: [{post.kind}] {post.text} {post.labels}"
            for room in self.world.rooms.values()
            for post in room.said
        ]
        return "\n".join([*lines, *self.violations])

    def cut(self) -> None:
        """End every connection that waits for an answer, long polls too."""
        for request in self._open.values():
            _abort(request)

    # the wire

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a call of a method, which may be cut while it lasts."""
        self._open[id(request)] = request
        if request.transport is not None:
            self.peers.add(request.transport.get_extra_info("peername"))
        try:
            return await self.handle(request)
        finally:
            del self._open[id(request)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a call of a method."""
        method, token = request.match_info["method"], request.match_info["token"]
        if token != self.token:
            return _response(Refused(401, "Unauthorized"))
        args = await _read(request)
        fault = self._fault(method, args)
        call = Call(method, args.values, self.clock.time())
        if fault is None or fault.after:
            call = await self._carry_out(call, args)
        elif fault.hold:
            call = replace(call, answer=self.flood.held(args.integer("chat_id"), fault.hold))
            fault = None
        self._keep(call)
        if fault is not None:
            return await self._fail(request, fault)
        return _response(
            call.answer if isinstance(call.answer, Refused) else {"result": call.answer}
        )

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Answer a download of a file by its path."""
        file = self.world.files.at(request.match_info["path"])
        if file is None or request.match_info["token"] != self.token:
            return _response(Refused(404, "Not Found"))
        return web.Response(body=file.shown())

    async def _carry_out(self, call: Call, args: Args) -> Call:
        method = call.method
        try:
            answer: Any = await self._result(method.lower(), args)
            if self.spec and (wrong := self.spec.of_answer(method, answer)):
                self.violations.append(f"the server's own answer to {method}: {wrong}")
        except Refused as refused:
            answer = refused
            if refused.avoidable or refused.code == 429:
                self.violations.append(f"{method}: {refused.text}")
        return replace(call, answer=answer)

    async def _result(self, method: str, args: Args) -> Any:
        own = {"getupdates": self.updates.poll, "setwebhook": self.updates.set_webhook}
        own |= {"deletewebhook": self.updates.delete_webhook}
        own |= {"getwebhookinfo": self.updates.webhook_info}
        if method not in own and method not in self._methods:
            raise Refused(404, "Not Found: method not found", avoidable=True)
        if sum(len(file.data) for file in args.files.values()) > self.limits.upload:
            raise Refused(413, "Request Entity Too Large", avoidable=True)
        if self.spec and (wrong := self.spec.of_request(method, args.values, args.files)):
            raise Refused(400, f"Bad Request: {wrong}", avoidable=True)
        return await own[method](args) if method in own else self._methods[method](args)

    def _fault(self, method: str, args: Args) -> Fault | None:
        chat = args.integer("chat_id")
        for one in self._faults:
            if one[0] in (method.lower(), "*") and one[1] in (0, chat):
                self._faults.remove(one)
                return one[2]
        return None

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.gate is not None:
            await fault.gate.wait()
        if fault.body is not None:
            return web.Response(status=fault.status, body=fault.body, content_type="text/html")
        _abort(request)
        return web.Response()

    def _keep(self, call: Call) -> None:
        self.calls.append(call)
        self._change()

    def _notify(self, kind: str, body: Json) -> None:
        if self.spec and (
            wrong := self.spec.of_value({"update_id": 1, kind: body}, ["Update"], "")
        ):
            self.violations.append(f"the server's own update: {wrong}")
        self.updates.add(kind, body)
        self._change()

    def _change(self) -> None:
        self._changed.set()


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _read(request: web.Request) -> Args:
    """Read parameters from the address, a form, a multipart form or JSON."""
    values: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        return Args(values | await request.json(), {})
    files = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            data = await asyncio.to_thread(value.file.read)
            files[name] = Upload(value.filename, data, value.content_type)
        else:
            values[name] = value.decode() if isinstance(value, bytes | bytearray) else value
    return Args(values, files)


def _encoded(body: Json) -> bytes:
    return json.dumps(body).encode()


def _response(body: Json | Refused) -> web.Response:
    if isinstance(body, Refused):
        return web.Response(
            status=body.code, body=_encoded(body.body), content_type="application/json"
        )
    return web.Response(body=_encoded({"ok": True} | body), content_type="application/json")


@asynccontextmanager
async def serving(**how: Any) -> AsyncIterator[TelegramServer]:
    """Run a server; clients take `f"{url}/bot"` and `f"{url}/file/bot"` as their base URLs."""
    server = TelegramServer(**how)
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/bot{token}/{method}", server.answer)
    app.router.add_get("/file/bot{token}/{path:.+}", server.download)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await server.updates.close()
        await runner.cleanup()
