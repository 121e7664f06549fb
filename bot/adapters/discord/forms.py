"""Forms that ask what shall be changed, and what was filled in."""

from collections.abc import Iterator, Mapping
from typing import Any

import discord

from bot.adapters.discord.parts import pressed
from bot.translation import put
from memory.sentences import say

WORDS, WHICH = "words", "which"
_LONG = 2000


def form(custom_id: str, pictures: int = 1, language: str = "") -> discord.ui.Modal:
    """Return a form asking what to change, and in which of several pictures."""
    examples = say("darker · crop to 16:9 · at night")
    made = _form(custom_id, say("Change a picture"), examples, language)
    if pictures > 1:
        which: Any = discord.ui.TextInput(custom_id=WHICH, default="1", max_length=2)
        text = put(say("Which one? (1 to {last})", last=pictures), language)
        made.add_item(discord.ui.Label(text=text, component=which))
    return made


def plan_form(custom_id: str, language: str = "") -> discord.ui.Modal:
    """Return a form asking what shall be different about a plan."""
    examples = say("2 to a dog · without 3 · snow instead of rain")
    return _form(custom_id, say("Change the plan"), examples, language)


def _form(custom_id: str, title: str, examples: str, language: str) -> discord.ui.Modal:
    made = discord.ui.Modal(title=put(title, language), custom_id=custom_id)
    words: Any = discord.ui.TextInput(
        custom_id=WORDS,
        style=discord.TextStyle.paragraph,
        placeholder=put(examples, language),
        max_length=_LONG,
    )
    asked = put(say("What shall be different?"), language)
    made.add_item(discord.ui.Label(text=asked, component=words))
    return made


def filled(data: Mapping[str, Any]) -> str:
    """Return what was filled in as /edit takes it: "2 darker"."""
    values = dict(_values(data.get("components") or ()))
    return f"{values.get(WHICH, '')} {values.get(WORDS, '')}".strip()


def pictures_of(message: discord.Message | None) -> int:
    """Return how many pictures a message of ours offers to vary."""
    rows = message.components if message is not None else ()
    ids = (getattr(b, "custom_id", None) or "" for row in rows for b in _children(row))
    return sum(pressed(id)[1].startswith("vary:") for id in ids)


def _children(row: object) -> list[object]:
    return list(getattr(row, "children", ()))


def _values(parts: Any) -> Iterator[tuple[str, str]]:
    for part in parts:
        if "value" in part:
            yield part["custom_id"], str(part["value"]).strip()
        yield from _values(part.get("components") or ())
        yield from _values([part["component"]] if "component" in part else ())
