"""A server that speaks Discord's protocol on a loopback socket, for the real discord.py.

It has one server ("Studio") with one channel ("general") and the bot in it. Tests act as people
(`server.person("Ana")`), read what the bot sent (`server.messages()`), wait for it
(`server.wait_for`), put the clock forward and let requests fail. What the bot does wrong is
refused as Discord refuses it and kept in `violations`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from tests import discord_rest
from tests.discord_commands import Commands
from tests.discord_gateway import Gateway
from tests.discord_people import Person
from tests.discord_rates import Buckets, Fault, Rate, Window
from tests.discord_records import Account, Channel, Guild, Interaction, Message, Request
from tests.discord_spec import Spec, folder, load
from tests.discord_world import MESSAGE_CONTENT, World

T = TypeVar("T")
EDITS = Rate(5, 5.0)
TOKEN = "a-token-that-only-tests-know"


@dataclass
class Server:
    """`rates` has the rates of routes that are not loose; `edit_rate` counts for each message.

    `require_nonce`: messages without a nonce that is enforced are refused, so that a test sees
    whether each can be sent again without being shown twice. `installs`: 0 if the application can
    be added to servers, 1 if to people's own accounts. `spec` is Discord's own description
    of its interface, None where it is not at hand.
    """

    token: str = TOKEN
    rates: Mapping[str, Rate] = field(default_factory=dict)
    global_rate: Rate | None = None
    edit_rate: Rate = EDITS
    require_nonce: bool = False
    most_threads: int = 1000
    content_granted: bool = True
    installs: tuple[int, ...] = (0, 1)
    code_grant: bool = False
    spec: Spec | None = field(default_factory=lambda: load(folder()))
    world: World = field(init=False)
    gateway: Gateway = field(init=False)
    guild: Guild = field(init=False)
    channel: Channel = field(init=False)
    commands: Commands = field(default_factory=Commands)
    interactions: dict[str, Interaction] = field(default_factory=dict)
    nonces: dict[tuple[int, str], Message] = field(default_factory=dict)
    buckets: Buckets = field(default_factory=Buckets)
    everything: Window = field(default_factory=lambda: Window(0.0))
    edit_windows: dict[int, Window] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self.world = World(content_granted=self.content_granted)
        self.gateway = Gateway(self.world, self.token)
        if not self.content_granted:
            self.gateway.forbidden = MESSAGE_CONTENT
        self.world.listener = self.gateway.emit
        self.guild = self.world.guild("Studio")
        self.channel = self.world.channel(self.guild, "general")

    @property
    def api_url(self) -> str:
        return f"{self.url}{discord_rest.PREFIX}"

    @property
    def gateway_url(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def bot(self) -> Account:
        return self.world.bot

    def person(self, name: str, guild: Guild | None = None) -> Person:
        """Return somebody new in the server."""
        account = self.world.account(name)
        self.world.join(guild or self.guild, account)
        return Person(self, account)

    def messages(self, channel: Channel | None = None, *, people: bool = False) -> list[Message]:
        """Return the bot's messages in a channel (or everywhere), `people`'s too if wanted."""
        channels = list(self.world.channels.values()) if channel is None else [channel]
        found = [m for c in channels for m in c.messages if people or m.author is self.bot]
        return sorted(found, key=lambda m: m.id)

    async def wait_for(self, predicate: Callable[[], T], seconds: float = 15.0) -> T:
        """Return what the predicate returns as soon as that is true; asked after each change."""
        async with asyncio.timeout(seconds):
            while not (found := predicate()):
                await self.world.changed.wait()
            return found

    async def message(
        self,
        like: Callable[[Message], Any] = lambda message: True,
        channel: Channel | None = None,
        seconds: float = 15.0,
    ) -> Message:
        """Wait for a message of the bot and return the newest such."""
        return (
            await self.wait_for(lambda: [m for m in self.messages(channel) if like(m)], seconds)
        )[-1]

    def fail(self, pattern: str, **fault: Any) -> Fault:
        """Let the next requests fail whose "METHOD /path" the pattern is found in."""
        made = Fault(pattern, **fault)
        self.faults.append(made)
        return made

    def asked(self, method: str, part: str = "") -> list[Request]:
        """Return the requests so far with a method whose path has a part."""
        return [r for r in self.requests if r.method == method and part in r.path]

    def record(self, request: Request) -> None:
        self.requests.append(request)
        self.world.touch()

    def complain(self, sentence: str) -> None:
        self.violations.append(sentence)


@asynccontextmanager
async def serving(port: int = 0, **settings: Any) -> AsyncIterator[Server]:
    """Enter a running server."""
    server = Server(**settings)
    runner = web.AppRunner(discord_rest.application(server), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    server.gateway.url, server.world.cdn_url = server.gateway_url, server.url
    try:
        yield server
    finally:
        server.gateway.drop()
        await runner.cleanup()
    if server.broken:
        raise ExceptionGroup("the server itself is broken", server.broken)
