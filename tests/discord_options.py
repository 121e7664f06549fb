"""Filled-in options of a slash command, as Discord's own program lets people fill them in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests import discord_render as render
from tests.discord_errors import Json
from tests.discord_records import Channel
from tests.discord_world import World

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL = 1, 2, 3, 4, 5, 6, 7
NUMBER, ATTACHMENT = 10, 11
SIMPLE = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}


@dataclass
class Filled:
    """`resolved` is what the ids in the options stand for."""

    options: list[Json] = field(default_factory=list)
    resolved: Json = field(default_factory=dict)

    @property
    def more(self) -> Json:
        return {"resolved": self.resolved} if self.resolved else {}

    def upload(self, world: World, channel: Channel, named: tuple[str, bytes]) -> str:
        """Upload a file and return its id."""
        file = world.file(channel, *named)
        shown = render.attachment(world, file)
        self.resolved.setdefault("attachments", {})[str(file.id)] = shown
        return str(file.id)


def fill(
    world: World,
    channel: Channel,
    command: Json,
    path: Sequence[str],
    given: Json,
    focused: str = "",
) -> Filled:
    """Fill in a command; `focused` is the option that is being typed, others may be missing."""
    filled = Filled()
    inner = command
    for name in path:
        found = [o for o in inner["options"] if o["name"] == name and o["type"] <= GROUP]
        assert found, f"there is no subcommand {name!r}"
        inner = found[0]
    known = {o["name"]: o for o in inner.get("options") or () if o["type"] > GROUP}
    assert set(given) <= set(known), f"{set(given) - set(known)} are not among {set(known)}"
    options = []
    for name, option in known.items():
        if name in given:
            options.append(_option(world, channel, filled, option, given[name], focused))
        else:
            assert focused or not option.get("required"), f"{name!r} is required"
    for depth in range(len(path), 0, -1):
        kind = SUBCOMMAND if depth == len(path) else GROUP
        options = [{"name": path[depth - 1], "type": kind, "options": options}]
    filled.options = options
    return filled


def _option(
    world: World, channel: Channel, filled: Filled, option: Json, value: Any, focused: str
) -> Json:
    kind, name = option["type"], option["name"]
    made: Json = {"name": name, "type": kind}
    if name == focused:
        assert option.get("autocomplete"), f"{name!r} does not complete"
        return {**made, "value": value, "focused": True}
    if kind in SIMPLE:
        _check(option, value)
    elif kind == ATTACHMENT:
        value = filled.upload(world, channel, value)
    elif kind == USER:
        filled.resolved.setdefault("users", {})[str(value.account.id)] = render.user(value.account)
        value = str(value.account.id)
    elif kind == CHANNEL:
        shown = render.channel(world, value) | {"permissions": "0"}
        filled.resolved.setdefault("channels", {})[str(value.id)] = shown
        value = str(value.id)
    return {**made, "value": value}


def _check(option: Json, value: Any) -> None:
    kind = option["type"]
    assert isinstance(value, SIMPLE[kind]), f"{value!r} does not fit {option['name']!r}"  # type: ignore[arg-type]
    choices = [choice["value"] for choice in option.get("choices") or ()]
    assert not choices or value in choices, f"{value!r} is not among {choices}"
    if kind == STRING:
        assert option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000)
    elif kind in (INTEGER, NUMBER):
        assert option.get("min_value", value) <= value <= option.get("max_value", value)
