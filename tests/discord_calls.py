"""One request to the REST interface as its handler sees it."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from tests.discord_errors import Refusal
from tests.discord_rules import Upload, Uploads
from tests.discord_world import World

if TYPE_CHECKING:
    from tests.discord_server import Server


@dataclass
class Call:
    """`path` has the ids in the address; `uploads` the files of a multipart body by number."""

    server: "Server"
    path: Mapping[str, str]
    query: Mapping[str, str]
    payload: Any = None
    uploads: Uploads = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.server.world


Handler = Callable[[Call], Awaitable[Any]]
"""Returns what is sent as JSON, or None for 204; raises Refusal or TooMany."""


async def read(request: web.Request) -> tuple[Any, Uploads]:
    """Return a request's JSON and files."""
    if request.content_type.startswith("multipart/"):
        return await _parts(request)
    data = await request.read()
    if not data:
        return None, {}
    if request.content_type != "application/json":
        raise Refusal("form", {"_errors": [{"code": "CONTENT_TYPE_INVALID", "message": "..."}]})
    return _parsed(data), {}


async def _parts(request: web.Request) -> tuple[Any, Uploads]:
    payload: Any = {}
    uploads: Uploads = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        data = bytes(await part.read())
        if part.name == "payload_json":
            payload = _parsed(data)
        elif found := re.fullmatch(r"files\[(\d+)\]", part.name or ""):
            uploads[int(found[1])] = Upload(part.filename or "unknown", data)
        else:
            raise Refusal("form", {str(part.name): {"_errors": [{"code": "UNKNOWN_PART"}]}})
    return payload, uploads


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise Refusal("json") from error
