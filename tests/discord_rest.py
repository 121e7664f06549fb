"""The REST interface (version 10): faults, sign-in, rates and the document before each handler."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests import discord_commands, discord_interactions, discord_messages, discord_places
from tests.discord_calls import Call, Handler, read
from tests.discord_errors import CIRCUMSTANCES, Json, Refusal
from tests.discord_rates import LOOSE, Fault, TooMany
from tests.discord_records import Request

if TYPE_CHECKING:
    from tests.discord_server import Server

PREFIX = "/api/v10"
ROUTES: dict[str, Handler] = {
    **discord_places.ROUTES,
    **discord_messages.ROUTES,
    **discord_interactions.ROUTES,
    **discord_commands.ROUTES,
}
OPEN = ("/interactions/", "/webhooks/")
"""Where the token in the address is all that is needed, and no global limit counts."""
MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_id")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(server: "Server") -> web.Application:
    """Return the whole interface: REST, gateway and files."""
    app = web.Application(client_max_size=1 << 30)
    for path in ("/", "/resume"):
        app.router.add_get(path, server.gateway.connect)
    for route, handler in ROUTES.items():
        method, _, path = route.partition(" ")
        app.router.add_route(method, PREFIX + path, _answering(server, route, handler))
    app.router.add_get("/attachments/{channel_id}/{file_id}/{name}", _file(server))
    app.router.add_route("*", "/{rest:.*}", _answering(server, "", _nowhere))
    return app


async def _nowhere(call: Call) -> None:
    raise Refusal("not found")


def _answering(server: "Server", route: str, handler: Handler) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(PREFIX)
        fault = next((f for f in server.faults if f.matches(f"{request.method} {path}")), None)
        if fault is not None and not fault.after:
            server.record(Request(request.method, path, None, server.world.clock(), fault.status))
            return _failed(request, fault)
        body: Any = None
        headers: dict[str, str] = {}
        try:
            body, uploads = await read(request)
            _admit(server, request, route, body, headers)
            body = {} if body is None else body
            call = Call(server, dict(request.match_info), dict(request.query), body, uploads)
            response = _json(200, await handler(call), headers)
        except (Refusal, TooMany) as error:
            response = _refused(server, f"{request.method} {path}", error, headers)
        except Exception as error:  # noqa: BLE001 - a fault of this server; `serving` raises it
            server.broken.append(error)
            response = web.Response(status=501, text=repr(error))
        server.record(Request(request.method, path, body, server.world.clock(), response.status))
        return response if fault is None else _failed(request, fault)

    return answer


def _admit(
    server: "Server", request: web.Request, route: str, body: Any, headers: dict[str, str]
) -> None:
    """Check the sign-in, the rates and the body; `headers` get those that tell of the bucket."""
    path = request.path.removeprefix(PREFIX)
    signed = not path.startswith(OPEN)
    if signed and request.headers.get("Authorization") != f"Bot {server.token}":
        raise Refusal("unauthorized")
    now = server.world.clock()
    if signed and server.global_rate and (wait := server.everything.take(server.global_rate, now)):
        raise TooMany(wait, everywhere=True)
    major = "/".join(request.match_info[k] for k in MAJOR if k in request.match_info)
    wait, told = server.buckets.take(route, major, server.rates.get(route, LOOSE), now)
    headers.update(told)
    if wait:
        raise TooMany(wait)
    if server.spec is not None:
        method, _, template = route.partition(" ")
        server.spec.check(method, template, body).check()


def _json(status: int, data: Any, headers: dict[str, str]) -> web.Response:
    if data is None:
        return web.Response(status=204, headers=headers)
    body = json.dumps(data).encode()  # discord.py wants the bare media type, without a charset
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _refused(
    server: "Server", asked: str, error: Refusal | TooMany, headers: dict[str, str]
) -> web.Response:
    if isinstance(error, TooMany):
        server.complain(f"{asked}: {error}")
        return too_many(error, headers)
    if error.reason not in CIRCUMSTANCES:
        server.complain(f"{asked}: {error}")
    return _json(error.status, error.body, headers)


def too_many(error: TooMany, headers: dict[str, str]) -> web.Response:
    """Return a 429; `Via` is what tells it from one of the proxy before Discord."""
    scope = "global" if error.everywhere else "shared" if error.shared else "user"
    headers = {**headers, "Via": "1.1 google", "X-RateLimit-Scope": scope}
    headers["Retry-After"] = str(max(1, round(error.wait)))
    if error.everywhere:
        headers["X-RateLimit-Global"] = "true"
    subject = "The resource is" if error.shared else "You are"
    body: Json = {"message": f"{subject} being rate limited.", "retry_after": error.wait}
    return _json(429, {**body, "global": error.everywhere}, headers)


def _failed(request: web.Request, fault: Fault) -> web.Response:
    if fault.status == 429 and not fault.banned:
        return too_many(TooMany(fault.retry_after, everywhere=fault.everywhere), {})
    if fault.banned:
        return web.Response(status=429, text="error code: 1015")
    if fault.status:
        body = {"message": f"{fault.status}: Told to fail", "code": 0}
        return _json(fault.status, body, {})
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _file(server: "Server") -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        call = Call(server, dict(request.match_info), dict(request.query))
        found = discord_places.fetched(call)
        status = 404 if found is None else 200
        server.record(Request("GET", request.path, None, server.world.clock(), status))
        if found is None:
            return web.Response(status=404, text="This content is no longer available.")
        data, media_type = found
        return web.Response(body=data, content_type=media_type)

    return answer
