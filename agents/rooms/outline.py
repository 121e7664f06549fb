"""From the chosen idea to pieces, and from a piece to the wish that makes it."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from agents.rooms.brief import Brief, glossary, style, wishes
from agents.rooms.state import Idea, Piece, Room
from agents.rooms.templates import Part, Template, filled
from agents.understanding.wishes import Wish
from memory.records import Asset
from memory.sentences import say
from tools.constraints import Constraints, mended
from tools.jobs import Aspect
from tools.terms import without

_OFF = 0.1
"""By how much the sides of a picture may differ from what the brief asks for."""
_SMALL = ("a", "an", "the")


def outline(template: Template, room: Room) -> list[dict[str, object]]:
    """Return the pieces of the chosen idea, as an event holds them."""
    idea = room.idea(room.chosen) or Idea(0, room.brief.subject)
    rows: list[dict[str, object]] = []
    texts: dict[str, int] = {}
    for part in template.pieces:
        for row in _rows(part, template, room, idea):
            rows.append(row | {"reads": texts.get(part.reads, 0)})
            texts.setdefault(part.title, len(rows))
    return [{**row, "seed": _seed(room.id, n)} for n, row in enumerate(rows, 1)]


def _rows(part: Part, template: Template, room: Room, idea: Idea) -> list[dict[str, object]]:
    brief = room.brief
    count = (brief.count or template.brief.count or 1) if part.each else 1
    languages = (brief.languages or ("",)) if part.kind == "text" else ("",)
    found: list[dict[str, object]] = []
    for n in range(1, count + 1):
        for language in languages:
            values = _values(brief, idea, room, part, n, count)
            title = nth(part.title, n) if count > 1 else say(part.title)
            if len(languages) > 1:
                title = say("{title} ({language})", title=title, language=say(language))
            request = without(filled(part.request, values), brief.never)
            kept: dict[str, object] = {"form": part.form, "words": part.words, "must": part.must}
            found.append(
                {"kind": part.kind, "title": title, "request": request, "language": language} | kept
            )
    return found


def nth(title: str, number: int) -> str:
    """Return the title of one of several pieces: "Poster 2"."""
    return say("{title} {number}", title=say(title), number=number)


def _values(
    brief: Brief, idea: Idea, room: Room, part: Part, n: int, count: int
) -> Mapping[str, object]:
    described = idea.description.rstrip(" .")
    same = set(_words(idea.title)) <= {*_words(described), *_SMALL}
    angle = part.angles[(n - 1) % len(part.angles)] if part.angles else ""
    return {
        "subject": brief.subject or room.title,
        "idea": described if same else idea.title,
        "description": "" if same else described,
        "angle": angle,
        "audience": brief.audience,
        "n": n,
        "count": count,
        "title": room.title,
    }


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _seed(room: str, number: int) -> int:
    """Return a seed that is the same for the same piece of the same room."""
    return int.from_bytes(hashlib.sha256(f"{room}:{number}".encode()).digest()[:4], "big")


def made_by(
    room: Room, piece: Piece, calls: Mapping[int, int], change: str = "", again: int = 0
) -> Wish:
    """Return the wish that makes a piece; `calls` are those of texts made beside it, by piece.

    With `again` it comes out different from the time before, with `change` as somebody wants it.
    """
    if piece.kind == "picture":
        return _picture(room, piece, again, change)
    if piece.kind == "voice":
        return Wish("speak", {"text": _spoken(room, piece, calls)})
    return _text(room, piece, change)


def _picture(room: Room, piece: Piece, again: int, change: str = "") -> Wish:
    brief, version = room.brief, piece.now
    if change and version is not None and version.asset:
        return Wish("edit", {"image": version.asset, "instruction": change})
    args: dict[str, object] = {"prompt": piece.request, "seed": (piece.seed + again) % 2**32}
    args |= {"aspect": brief.aspect} if brief.aspect else {}
    look = without(style(brief), brief.never)
    args |= {"style": look[:300]} if look else {}
    args |= {"negative": ", ".join(brief.never)[:1000]} if brief.never else {}
    like = room.reference
    if like and version != next((v for v in piece.versions if v.asset == like.asset), None):
        args |= {"reference": like.asset}
    return Wish("draw", args)


def _spoken(room: Room, piece: Piece, calls: Mapping[int, int]) -> str:
    if piece.request:
        return mended(piece.request, held_to(room.brief, piece))
    if piece.reads in calls:
        return f"step:{calls[piece.reads]}"
    read = room.piece(piece.reads)
    version = read.now if read else None
    return version.text if version else room.brief.subject or room.title


def _text(room: Room, piece: Piece, change: str) -> Wish:
    rules, version = held_to(room.brief, piece), piece.now
    args: dict[str, object] = {
        "request": piece.request,
        "kind": piece.form,
        "wishes": wishes(room.brief),
        "max_words": rules.max_words,
        "languages": list(rules.languages),
        "must": list(rules.must),
        "never": list(rules.never),
        "terms": dict(rules.terms),
    }
    args |= {"change": change, "before": version.text if version else ""} if change else {}
    return Wish("compose", {k: v for k, v in args.items() if v})


def held_to(brief: Brief, piece: Piece) -> Constraints:
    """Return what the text of a piece, or what a voice says, must keep to."""
    if piece.kind == "voice":
        return Constraints(never=brief.never, terms=glossary(brief))
    must = brief.must if piece.must else ()
    languages = (piece.language,) if piece.language else brief.languages
    tones = (brief.tone,) if brief.tone else ()
    return Constraints(must, brief.never, piece.words, languages, glossary(brief), tones)


def calls(
    room: Room, numbers: Sequence[int], change: str = "", again: int = 0
) -> list[tuple[int, Wish]]:
    """Return the wishes for pieces, texts before the voices that read them, with their numbers.

    A piece that is named twice is made twice, each time different.
    """
    order = {"text": 0, "picture": 1, "voice": 2}
    pieces = [piece for n in numbers if (piece := room.piece(n))]
    pieces.sort(key=lambda piece: order[piece.kind])
    found: list[tuple[int, Wish]] = []
    at: dict[int, int] = {}
    for call, piece in enumerate(pieces, 1):
        times = sum(n == piece.number for n, _ in found)
        wish = made_by(room, piece, at, change, again + times if again or times else 0)
        found.append((piece.number, wish))
        if piece.kind == "text":
            at[piece.number] = call
    return found


def readers(room: Room, numbers: Sequence[int]) -> list[int]:
    """Return the pieces and the voices that read one of them, which are stale with them."""
    voices = [p.number for p in room.pieces if p.reads in numbers and p.reads and not p.request]
    return list(dict.fromkeys([*numbers, *voices]))


def row(piece: Piece) -> dict[str, object]:
    """Return a piece as an event holds it."""
    kept = ("kind", "title", "request", "form", "words", "reads", "language", "must", "seed")
    return {name: value for name, value in asdict(piece).items() if name in kept}


def shape_faults(asset: Asset, aspect: Aspect | str) -> list[str]:
    """Return what is wrong with the shape of a picture."""
    if not aspect or not asset.height:
        return []
    wide, high = map(int, aspect.split(":"))
    wanted, there = wide / high, asset.width / asset.height
    off = max(wanted / there, there / wanted) - 1
    size = f"{asset.width}x{asset.height}"
    return [say("it is {size}, not {aspect}", size=size, aspect=aspect)] if off > _OFF else []
