"""Midjourney's flags: `--ar 16:9 --no text --seed 7 --n 3`, also with the dashes phones make."""

import re
from math import log
from typing import Any

from agents.understanding.folding import FLAG, Line

ASPECTS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9")

UNHEEDED = "unheeded"
"""The argument of draw that names flags nobody heeds, so that it can be told."""
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
    "show": ("spoiler",),
    "brainstorm": ("count",),
}
"""Tools beside draw that know some of the flags, and which."""

_UNHEEDED = (
    "chaos|c|stylize|s|weird|w|quality|q|version|v|niji|iw|tile|raw|fast|relax|turbo|stop|repeat|r"
    "|cref|cw|sref|sw|oref|ow|profile|p|draft|hd"
)
"""Midjourney's other flags: nothing here does what they say, and no prompt means them."""
_DASH = r"(?<!\S)(?:--|[—–―])\s?"
_ENDS = r"(?=\s+(?:--|[—–―])\s?[a-z]|\s*(?:\n|;|,?\s*\bthen\b|[,.]\s*(?:and|then|now)\b|$))"
_FLAG = re.compile(
    rf"{_DASH}(?:ar|aspect|seed|n|count|steps|model|m|lora)\b[ =:]*[^\s,;]+"
    rf"|{_DASH}(?:spoiler|transparent)\b"
    rf"|(?<!\S)(?:--|[—–])(?:{_UNHEEDED})\b(?:[ =:]+(?:https?://\S+|[\d.:]+(?![^\s,])))?"
    rf"|{_DASH}(?:no|negative|style)\b[ =:]*[^\n—–]*?{_ENDS}"
)
_VEIL = re.compile("spoiler|спойлер|剧透|劇透|ネタバレ")
_SAID = (
    r"(?:and )?(?:please )?(?:(?:mark|hide|post|send|show|put|keep)(?:ed|n|den)? )?"
    r"(?:(?:it|them|that) )?(?:shown |posted |sent |marked |hidden )?"
    r"(?:as|behind|under|in) (?:an? |the )?spoilers?(?: tags?| warning)?(?: please)?",
    r"(?:und )?(?:bitte )?(?:als|hinter einem|unter einem) spoiler(?:warnung)?",
    r"(?:et )?(?:en|comme|sous|avec (?:une )?(?:balise|alerte)) spoiler",
    r"(?:[ye] )?(?:como|bajo|sob|co[nm] (?:un )?aviso de) (?:um? )?spoiler",
    r"(?:и )?(?:как|под|в виде) спойлер(?:ом|а)?",
    r"(?:并|请)?(?:作为|设为|标记为|打上|加上|加|用)?(?:防剧透|剧透|劇透)(?:标记|遮挡|遮罩|标签|警告)?",
)
"""How people say that a picture shall be hidden, in the languages that are understood."""
_SPOKEN = re.compile(
    rf"(?:^|[,;，、]\s*|\s+)(?:{'|'.join(_SAID)})"
    rf"(?=\s*(?:$|[\n,.;:!，。：、{FLAG}]|--|(?:and|then)\b))|ネタバレ(?:として|扱いで|防止で|で)|^spoiler(?=:)"
)
_BEFORE = re.compile(rf"({FLAG}+)[\s,:，：、]*(?=[^\s{FLAG}])")
"""What is said of a wish before it."""
_NAMED = re.compile(rf"{_DASH}(?=[A-Za-z])")
_CLOCK = re.compile(r"(?!16:10|9:(?:16|18|19|20|21)|10:16)\d{1,2}:[0-5]\d")
"""A time of day, which no ratio but a few is written like."""

_RATIO = re.compile(r"(\d{1,5})\s?[:x×/]\s?(\d{1,5})")


def aspect(words: str) -> str | None:
    """Return the offered aspect nearest to "16:9", "1920x1080" or the like, None if it is none."""
    found = _RATIO.search(words)
    if not found or not int(found[1]) or not int(found[2]) or _CLOCK.fullmatch(found[0]):
        return None
    wanted = log(int(found[1]) / int(found[2]))

    def far(name: str) -> float:
        wide, high = name.split(":")
        return abs(log(int(wide) / int(high)) - wanted)

    return min(ASPECTS, key=far)


def hide(line: Line) -> Line:
    """Return the line with every known flag hidden in its folded form."""
    found = line.fold
    if "--" in found or re.search("[—–―]", found):
        found = _FLAG.sub(_hidden, found)
    if _VEIL.search(found):
        found = _SPOKEN.sub(_hidden, found)
        if before := _BEFORE.match(found):  # it belongs to the wish that follows
            end, text = before.end(), line.text
            moved = f"{text[end:]} {text[: before.end(1)]}"
            return Line(moved, f"{found[end:]} {before[1]}")
    return line if found == line.fold else Line(line.text, found)


def _hidden(found: re.Match[str]) -> str:
    """Return what stands for a flag; what parts it from the words before it stays."""
    said = found[0].lstrip(" ,;，、\t\n")
    return found[0][: len(found[0]) - len(said)] + FLAG * len(said)


def take(line: Line) -> tuple[Line, dict[str, object]]:
    """Return the line without its hidden flags, and what they say as arguments of draw."""
    args: dict[str, Any] = {}
    while (start := line.fold.find(FLAG)) >= 0:
        end = start
        while end < len(line.fold) and line.fold[end] == FLAG:
            end += 1
        _read(line.text[start:end], args)
        line = line.without(start, end)
    return line, args


def _read(flag: str, args: dict[str, Any]) -> None:
    """Add what flags say: one run of hidden characters holds several if only blanks part them."""
    if spoken := _SPOKEN.search(flag.lower()):
        args["spoiler"] = True
        flag = flag[: spoken.start()] + flag[spoken.end() :]
    for part in _NAMED.split(flag):
        name, value = [*re.split(r"[ =:]+", part.strip(), maxsplit=1), ""][:2]
        key = _NAMES.get(name.lower())
        made = _value(key, value.strip()) if key else None
        if key and made is not None:
            args[key] = made
        elif name:
            args[UNHEEDED] = ", ".join(filter(None, [args.get(UNHEEDED), f"--{part.strip()}"]))


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
