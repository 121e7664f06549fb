"""Midjourney's flags: `--ar 16:9 --no text --seed 7 --n 3`, also with the dashes phones make."""

import re
from math import log

from agents.understanding.folding import FLAG, Line

ASPECTS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9")

_NAMES = {
    "ar": "aspect",
    "aspect": "aspect",
    "no": "negative",
    "negative": "negative",
    "seed": "seed",
    "n": "count",
    "count": "count",
    "steps": "steps",
    "style": "style",
    "model": "model",
    "m": "model",
    "lora": "lora",
    "spoiler": "spoiler",
    "transparent": "transparent",
}
TAKES = {
    "vary": ("count", "lora", "spoiler"),
    "edit": ("lora", "spoiler"),
    "upscale": ("spoiler",),
    "brainstorm": ("count",),
}
"""Tools beside draw that know some of the flags, and which."""

_DASH = r"(?<!\S)(?:--|[—–―])\s?"
_ENDS = r"(?=\s+(?:--|[—–―])\s?[a-z]|\s*(?:\n|;|,?\s*\bthen\b|[,.]\s*(?:and|then|now)\b|$))"
_FLAG = re.compile(
    rf"{_DASH}(?:ar|aspect|seed|n|count|steps|model|m|lora)\b[ =:]*[^\s,]+"
    rf"|{_DASH}(?:spoiler|transparent)\b"
    rf"|{_DASH}(?:no|negative|style)\b[ =:]*[^\n—–]*?{_ENDS}"
)
_NAMED = re.compile(rf"{_DASH}(?=[A-Za-z])")
_RATIO = re.compile(r"(\d{1,5})\s?[:x×/]\s?(\d{1,5})")


def aspect(words: str) -> str | None:
    """Return the offered aspect nearest to "16:9", "1920x1080" or the like, None if it is none."""
    found = _RATIO.search(words)
    if not found or not int(found[1]) or not int(found[2]):
        return None
    wanted = log(int(found[1]) / int(found[2]))

    def far(name: str) -> float:
        wide, high = name.split(":")
        return abs(log(int(wide) / int(high)) - wanted)

    return min(ASPECTS, key=far)


def hide(line: Line) -> Line:
    """Return the line with every known flag hidden in its folded form."""
    if "--" not in line.fold and not re.search("[—–―]", line.fold):
        return line
    return Line(line.text, _FLAG.sub(lambda found: FLAG * len(found[0]), line.fold))


def take(line: Line) -> tuple[Line, dict[str, object]]:
    """Return the line without its hidden flags, and what they say as arguments of draw."""
    args: dict[str, object] = {}
    while (start := line.fold.find(FLAG)) >= 0:
        end = start
        while end < len(line.fold) and line.fold[end] == FLAG:
            end += 1
        args |= _read(line.text[start:end])
        line = line.without(start, end)
    return line, args


def _read(flag: str) -> dict[str, object]:
    # One run of hidden characters holds several flags when nothing but a blank parted them.
    args: dict[str, object] = {}
    for part in _NAMED.split(flag):
        name, value = [*re.split(r"[ =:]+", part.strip(), maxsplit=1), ""][:2]
        key = _NAMES.get(name.lower())
        made = _value(key, value.strip()) if key else None
        if key and made is not None:
            args[key] = made
    return args


def _value(key: str, value: str) -> object:
    if key in ("spoiler", "transparent"):
        return True
    if key == "aspect":
        return aspect(value)
    if key in ("seed", "count", "steps"):
        digits = re.match(r"\d{1,18}", value)
        if not digits:
            return None
        return max(1, min(int(digits[0]), 10)) if key == "count" else int(digits[0])
    return value.strip("\"' ,") or None
