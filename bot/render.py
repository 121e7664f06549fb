"""Replies made ready for a platform: text in pieces, buttons in rows, what a picture is called."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.adapter import Reply
from bot.translation import put
from memory.records import Action, Asset, Step
from memory.sentences import say

_ENDS = (r"\n\s*\n", r"\n", r"(?<=[.!?…])\s+|(?<=[。！？])", r"\s+")
"""Where a text may be cut, the best place first: paragraph, line, sentence, word."""

_WORDS = ("prompt", "instruction", "style", "text", "request")
"""The arguments of a tool that say what its result shows."""


def split(text: str, most: int) -> list[str]:
    """Return a text in pieces of at most `most` characters (UTF-16 units), cut where it reads well.

    Both Discord and Telegram count what is beyond the basic plane twice.
    """
    pieces = []
    while units(text) > most:
        end = _cut(text, most)
        pieces.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [piece for piece in (*pieces, text) if piece]


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text) + sum(ord(letter) > 0xFFFF for letter in text)


def shortened(text: str, most: int) -> str:
    """Return a text in at most `most` UTF-16 units, with a mark where it was cut."""
    return text if units(text) <= most else text[: _fits(text, most - 1)].rstrip() + "…"


def rows(actions: Sequence[Action], most: int = 5) -> list[list[Action]]:
    """Return buttons in rows of at most `most`, those of one kind side by side.

    Kinds of which there is one button only share a row.
    """
    kinds = Counter(map(_kind, actions))
    found: list[list[Action]] = []
    for action in actions:
        kind, last = _kind(action), _kind(found[-1][-1]) if found else ""
        joins = kind == last or (kind and last and kinds[kind] == kinds[last] == 1)
        if found and len(found[-1]) < most and joins:
            found[-1].append(action)
        else:
            found.append([action])
    return found


def alt(reply: Reply, asset: Asset, most: int = 1024) -> str:
    """Return in words what an asset of a reply shows, for those who do not see it."""
    step = next((s for s in reply.steps if asset.sha256 in {a.sha256 for a in s.assets}), None)
    words = [str(step.args[key]) for key in _WORDS if step.args.get(key)] if step else []
    values = {"words": "; ".join(words)} if words else {}
    said = _called(reply, asset, values)
    return shortened(" ".join(put(said, reply.message.language).split()), most)


def _called(reply: Reply, asset: Asset, words: Mapping[str, object]) -> str:
    """Return what an asset is among those of a reply, and what it was made from."""
    if asset.media_type.startswith("audio/"):
        return say("A sound made by AI: {words}" if words else "A sound", **words)
    if not asset.media_type.startswith("image/"):
        return say("A file")
    seen = [a.sha256 for a in reply.message.assets if a.media_type.startswith("image/")]
    if len(seen) < 2 or asset.sha256 not in seen:
        return say("A picture made by AI: {words}" if words else "A picture", **words)
    place = {"number": seen.index(asset.sha256) + 1, "many": len(seen)}
    form = (
        "Picture {number} of {many}, made by AI: {words}" if words else "Picture {number} of {many}"
    )
    return say(form, **place, **words)


def file_name(asset: Asset, suffix: str = "", steps: Sequence[Step] = ()) -> str:
    """Return a name for an asset: the first digits of its id, as `#` in a message names it.

    A file that one of `steps` gave a name, such as a pack, has that.
    """
    for step in steps:
        names = step.args.get("names")
        if isinstance(names, dict) and names.get(asset.sha256):
            return str(names[asset.sha256])
    kind = asset.media_type.partition("/")[2].partition("+")[0]
    return f"{asset.sha256[:12]}.{suffix or _SUFFIXES.get(kind, kind)}"


_SUFFIXES = {"plain": "txt", "mpeg": "mp3", "mp4": "m4a", "jpeg": "jpg"}


def _kind(action: Action) -> str:
    """Return what puts buttons into one row: numbered ones by their verb, the others together."""
    verb, numbered, _ = action.id.partition(":")
    return verb if numbered else ""


def _cut(text: str, most: int) -> int:
    fits = _fits(text, most)
    for end in _ENDS:
        places = [m.end() for m in re.finditer(end, text[: fits + 1]) if m.start() <= fits]
        good = [place for place in places if fits // 3 <= place <= fits]
        if good:
            return good[-1]
    return fits


def _fits(text: str, most: int) -> int:
    """Return how many characters of a text fit into so many UTF-16 units."""
    used = 0
    for number, letter in enumerate(text):
        used += 1 + (ord(letter) > 0xFFFF)
        if used > most:
            return number
    return len(text)
