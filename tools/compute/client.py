"""Asking an OpenAI-compatible server over HTTP: so many requests at once, and with patience."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tools.catalogue import Model
from tools.compute.refusals import Answer, refusal, unknown, wait
from tools.errors import EngineFailed, ToolError

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("atelier.servers")

CONNECT = 5.0
"""Seconds within which a server that is there accepts a connection."""
SILENCE = 420.0
"""Seconds a server may be silent while it works; with all waiting, less than a lane's patience."""
PAUSE = 0.5
"""Seconds before something is tried again."""

Upload = tuple[str, bytes, str]
"""File name, content, media type."""
T = TypeVar("T")
Read = Callable[["httpx.Response"], Awaitable[T]]
"""Reads a streamed answer.

Raises BrokenOff, or ValueError, LookupError, TypeError, AttributeError where it is not what it
should be."""


class BrokenOff(Exception):
    """An answer ended too early."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server as the operator has set it: `url` ends in /v1, `at_once` requests at most."""

    name: str
    url: str
    key: str = field(default="", repr=False)
    at_once: int = 4


@dataclass(frozen=True, slots=True)
class Request:
    """One POST: fields as JSON or, with files, as a form; those in `spare` may be left out.

    The model's `options` are fields of every request, and win.
    """

    model: Model
    path: str
    fields: Mapping[str, object]
    files: Mapping[str, Upload] = field(default_factory=dict)
    spare: frozenset[str] = frozenset()

    def keywords(self, lacks: frozenset[str]) -> dict[str, Any]:
        """Return what httpx is given, without the fields a server lacks."""
        model = {"model": self.model.source.name or self.model.name}
        wanted = model | {k: v for k, v in self.fields.items() if k not in lacks}
        fields = wanted | self.model.options
        files = {k: v for k, v in self.files.items() if k not in lacks}
        return {"data": _form(fields), "files": files} if files else {"json": fields}


class _Again(Exception):
    """Try once more after so many seconds; that is then the `tries`-th time."""

    def __init__(self, seconds: float, tries: int) -> None:
        super().__init__()
        self.seconds, self.tries = seconds, tries


class Client:
    """An HTTP client of one server, shared by its lanes; an async context manager.

    What the server says it does not know is left out from then on (`lacks`). `silence` and
    `pause` in seconds.
    """

    def __init__(self, server: Server, silence: float = SILENCE, pause: float = PAUSE) -> None:
        import httpx

        self.name, self._url, self._pause = server.name, server.url.rstrip("/"), pause
        self._at_once, self.jobs = server.at_once, 0
        self._slots = asyncio.Semaphore(server.at_once)
        self._lacks: dict[str, frozenset[str]] = {}
        headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
        timeout = httpx.Timeout(silence, connect=min(CONNECT, silence))
        self._http = httpx.AsyncClient(headers=headers, timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    @property
    def share(self) -> int:
        """How many requests each of the `jobs` at work may have under way."""
        return max(1, self._at_once // max(1, self.jobs))

    def lacks(self, model: str) -> frozenset[str]:
        """Return the fields the server does not know for a model, as far as learnt."""
        return self._lacks.get(model, frozenset())

    async def ask(self, request: Request, read: Read[T]) -> tuple[T, float]:
        """Return what `read` makes of the answer, and the seconds the server took for it.

        Waits for one of the server's slots. Raises ToolError with one sentence.
        """
        tries = 1
        async with self._slots:
            while True:
                start = time.monotonic()
                try:
                    return await self._once(request, read, tries), time.monotonic() - start
                except _Again as again:
                    tries = again.tries
                    await asyncio.sleep(again.seconds)

    async def _once(self, request: Request, read: Read[T], tries: int) -> T:
        import httpx

        lacks = self.lacks(request.model.name)
        address, sent = f"{self._url}{request.path}", request.keywords(lacks)
        try:
            async with self._http.stream("POST", address, **sent) as response:
                if response.status_code == httpx.codes.OK:
                    return await read(response)
                body = (await response.aread()).decode("utf-8", "replace")
        except (httpx.RequestError, httpx.InvalidURL, BrokenOff) as error:
            # Only its kind is logged: some say which headers were sent, and so the key.
            log.warning("the server %s: %s", self.name, type(error).__name__)
            slow = isinstance(error, httpx.TimeoutException)
            if tries < 2 and not slow:
                raise _Again(self._pause, tries + 1) from None
            raise EngineFailed(self._silent(error)) from None
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise EngineFailed(
                "The server {server} sent something that is no answer; its log may say why.",
                server=self.name,
            ) from error
        after = response.headers.get("Retry-After", "")
        answer = Answer(response.status_code, body, after)
        log.warning("the server %s: HTTP %d", self.name, answer.status)
        if new := unknown(answer, request.spare - lacks):
            self._lacks[request.model.name] = self.lacks(request.model.name) | new
            raise _Again(0.0, tries)
        raise self._refused(request, answer, tries)

    def _refused(self, request: Request, answer: Answer, tries: int) -> "_Again | ToolError":
        seconds = wait(answer, tries, self._pause)
        if seconds is not None:
            return _Again(seconds, tries + 1)
        return refusal(answer, self.name, request.model.name)

    def _silent(self, error: Exception) -> str:
        import httpx

        if isinstance(error, BrokenOff | httpx.ReadError | httpx.RemoteProtocolError):
            return f"The server {self.name} broke off in the middle of its answer; try again."
        if isinstance(error, httpx.TimeoutException) and not isinstance(
            error, httpx.ConnectTimeout
        ):
            return f"The server {self.name} took too long; try again in a moment."
        return (
            f"The server {self.name} does not answer; the operator must start it or mend "
            f"servers.{self.name}.url."
        )


def _form(fields: Mapping[str, object]) -> dict[str, str]:
    """Return the fields as a form has them: what is no text is written as JSON."""
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()}
