"""What people want of a room among other words: hedged, with chatter around it, two at once.

What is said by the way, and what makes a wish polite, is data (`marks` and `idle` of a language);
a language without these marks is read strictly only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.rooms.pointing import Pointed, mentioned
from agents.rooms.reader import VAGUE, Intent, Reader
from agents.rooms.slots import ENDS, SIGNS
from agents.understanding.folding import Line, folded
from tools.languages import language

_LONGEST, _JOINS = 240, 8
"""Characters, and places to part it at, of what is read loosely; more is a story."""
_BRIEF, _ACT = 0.3, 0.7
"""Shares of a message that may be about something else beside the brief, or beside an act."""
CHANGES = ("change", "refine")
"""What has free words, which may go on to something else."""
_LISTED = ("colours", "languages")
_QUOTED = re.compile(r"[\"“„«].*?[\"”“»]")
_END = re.compile(r"(?<!\d)[.!?;…]+(?=\s|$)|[!?;…]+(?=\s|$)|\n+")
_SIGNED = (",", ";", ":")
_COLON = re.compile(r": +")


@dataclass(frozen=True, slots=True)
class _Clause:
    line: Line
    asks: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read: `unread` counts the characters of what means nothing here.

    `vague` says that something of the brief was found, for which little is enough.
    """

    intents: tuple[Intent, ...]
    unread: int
    held: bool
    vague: bool


def loosely(text: str, readers: Sequence[Reader]) -> list[Intent]:
    """Return what a message wants, in the language that explains most of it."""
    said = SIGNS.sub(" ", text).strip()
    line = Line(said, folded(said))
    best, least = list[Intent](), len(said) + 1
    spoken = language(_QUOTED.sub(" ", said))
    for reader in readers:
        if not (reader.words.is_loose and 0 < len(said) <= _LONGEST):
            continue
        if len(_joins(reader, line)) > _JOINS:
            continue
        found = _read(reader, line)
        foreign = spoken not in ("", reader.words.code) and found.vague
        if _is_meant(found, len(said)) and found.unread < least and not foreign:
            best, least = list(found.intents), found.unread
    return best


def _is_meant(found: _Found, length: int) -> bool:
    """Tell whether what was found is what a message is about, and not held back by the rest."""
    if not found.intents or found.held:
        return False
    if any(intent.bare for intent in found.intents) and found.unread:
        return False
    if found.vague and any(intent.kind == "unread" for intent in found.intents):
        return False
    return found.unread <= (_BRIEF if found.vague else _ACT) * length


def _read(reader: Reader, line: Line) -> _Found:
    intents, missed = list[Intent](), list[tuple[int, str]]()
    unread, held, vague, it = 0, False, False, reader.piece
    clauses = list(_clauses(reader, line))
    for clause in clauses:
        one = replace(reader, asks=clause.asks, piece=it)
        found = _on(one, clause.line, intents) or _of(one, clause.line)
        alone = len(clauses) == 1
        named = 0 if alone else mentioned(clause.line.fold, Pointed(one.room, one.words))
        if found is None:
            unread += len(clause.line.fold)
            held = held or _is_held(reader, clause.line)
            missed += [(named, clause.line.text)] if named else []
        for new in found or ():
            _add(intents, new)
            vague = vague or (new.kind in VAGUE and not _QUOTED.search(clause.line.text))
        it = named or it
    there = {number for intent in intents for number in _numbers(intent)}
    lost = [Intent("unread", {"text": text}) for number, text in missed if number not in there]
    return _Found((*intents, *lost) if intents else (), unread, held, vague)


def _numbers(intent: Intent) -> tuple[int, ...]:
    """Return the pieces that something wanted is about."""
    found = intent.data.get("pieces") or intent.data.get("piece") or ()
    return (found,) if isinstance(found, int) else tuple(found)


def _is_held(reader: Reader, line: Line) -> bool:
    """Tell whether what is not understood may be a condition, or another wish."""
    marks, bare = reader.words.marks, reader.bare(line).fold
    wish = marks["wish"].pattern.match(bare)
    return bool(marks["hold"].pattern.search(bare) or (wish and wish.end()))


def _on(reader: Reader, line: Line, before: list[Intent]) -> list[Intent]:
    """Return what goes on with the change that was wanted just before: "more noir".

    An idea that was only named before it is not voted for, but is to differ: "2, more playful".
    """
    last, text = before[-1] if before else Intent(""), line.text.strip(ENDS)
    if last.kind in CHANGES and _is_more(reader, line):
        return [replace(last, data={**_what(last), "text": text})]
    if last.kind == "vote" and last.bare and _is_more(reader, line):
        before.pop()
        return [Intent("refine", {**last.data, "text": text})]
    return []


def _is_more(reader: Reader, line: Line) -> bool:
    more, plainer = reader.words.marks["more"].pattern, _plainer(reader, reader.bare(line))
    return any(more.fullmatch(one.fold.strip(ENDS)) for one in plainer)


def _what(intent: Intent) -> dict[str, Any]:
    return {k: v for k, v in intent.data.items() if k not in ("text", "less", "also")}


def _add(intents: list[Intent], new: Intent) -> None:
    """Add what is wanted, once; two changes of one thing are one."""
    last = intents[-1] if intents else Intent("")
    same = last.kind == new.kind and last.data.get("name") == new.data.get("name")
    anew = (last.kind, new.kind) == ("again", "change") and _numbers(last) == _numbers(new)
    if anew or last.kind == new.kind in ("vote", "choose"):  # "2. No, wait, 3!"
        intents[-1] = new
    elif same and new.kind in CHANGES and _what(last) == _what(new):
        text = ", ".join(_text(intent) for intent in (last, new))
        also = {"also": ""} if {"also", "less"} & {*last.data} else {}
        intents[-1] = replace(last, data={**_what(last), **also, "text": text})
    elif same and new.data.get("name") in _LISTED:
        both = [*last.data["value"], *new.data["value"]]
        intents[-1] = replace(last, data={**last.data, "value": both})
    elif new not in intents:
        intents.append(new)


def _text(intent: Intent) -> str:
    return f"less {intent.data['text']}" if "less" in intent.data else str(intent.data["text"])


def _clauses(reader: Reader, line: Line) -> Iterator[_Clause]:
    """Yield the sentences of a message, and their parts that say something of their own."""
    start, hidden = 0, [m.span() for m in _QUOTED.finditer(line.text)]
    for end in (*_END.finditer(line.fold), None):
        if end and any(a < end.start() < b for a, b in hidden):
            continue
        last = end.start() if end else len(line.text)
        asks = bool(end and "?" in end[0])
        if (one := line.cut(start, last)).text:
            yield from _parts(reader, one, asks)
        start = end.end() if end else last


def _parts(reader: Reader, line: Line, asks: bool) -> Iterator[_Clause]:
    """Yield a sentence in parts, or whole where all of it is known words."""
    if (whole := _of(replace(reader, asks=asks), line)) and not whole[0].free:
        yield _Clause(line, asks)
        return
    for join in _joins(reader, line):
        head, rest = line.cut(0, join.start()), line.cut(join.end(), len(line.text))
        if not (head.text and rest.text) or _is_firm(reader, line.cut(0, join.end())):
            continue
        if _ends(reader, head, join[0]) or _begins(reader, head, rest, asks):
            yield from _parts(reader, head, asks=False)
            yield from _parts(reader, rest, asks)
            return
    yield _Clause(line, asks)


def _joins(reader: Reader, line: Line) -> list[re.Match[str]]:
    """Return where a sentence may part: at its signs first, then at its "and"s."""
    words = reader.words.marks["joins"].pattern.finditer(line.fold)
    edges = [*words, *_COLON.finditer(line.fold)]
    return sorted(edges, key=lambda edge: (edge[0].strip()[:1] not in _SIGNED, edge.start()))


def _ends(reader: Reader, head: Line, join: str) -> bool:
    """Tell whether the beginning of a sentence is said by the way, or is all that is wanted."""
    found = _of(reader, head)
    sure = found and (join.strip()[:1] in _SIGNED or found[0].data)
    whole = found and sure and not found[0].free and found[0].kind not in VAGUE
    return bool(whole) or _is_aside(reader, head)


def _begins(reader: Reader, head: Line, rest: Line, asks: bool) -> bool:
    """Tell whether the rest of a sentence, or the beginning of it, says something by itself."""
    it = mentioned(head.fold, Pointed(reader.room, reader.words)) or reader.piece
    reader = replace(reader, asks=asks, piece=it)
    cut = reader.words.marks["joins"].pattern.search(rest.fold)
    heads = [rest] if cut is None else [rest, rest.cut(0, cut.start())]
    return any(_is_more(reader, one) or _of(reader, one) is not None for one in heads)


def _of(reader: Reader, line: Line) -> list[Intent] | None:
    """Return what a clause wants: nothing when it is said by the way, None when it is unread."""
    line = Line(line.text.strip(ENDS), line.fold.strip(ENDS))
    bare = reader.bare(line)
    wish = reader.words.marks["wish"].pattern.match(bare.fold)
    asking = replace(reader, asks=reader.asks and not (wish and wish.end()))
    plainer = list(_plainer(reader, bare))
    acts = (one for read in (asking.act, asking.keyed) for one in map(read, plainer))
    if found := next(filter(None, acts), None):
        return [found]
    firm = reader.words.marks["firm"].pattern.match(bare.fold)
    behind = bare.cut(firm.end(), len(bare.text)) if firm and firm.end() else None
    if behind and behind.text and (rest := _of(reader, behind)):
        return [replace(one, firm=True) for one in rest]
    if _is_aside(reader, line):
        return []
    said = next(filter(None, map(asking.of_brief, reversed(plainer))), None)
    return [said] if said else None


def _is_firm(reader: Reader, line: Line) -> bool:
    """Tell whether this is what begins a correction: "no wait,"."""
    found = reader.words.marks["firm"].pattern.match(line.fold)
    return found is not None and not line.fold[found.end() :].strip(ENDS)


def _is_aside(reader: Reader, line: Line) -> bool:
    bare = reader.bare(line)
    return not bare.fold.strip(ENDS) or reader.idle(bare) or reader.idle(line)


def _plainer(reader: Reader, bare: Line) -> Iterator[Line]:
    """Yield a clause as it is, without what makes it a wish, and without fillers."""
    marks = reader.words.marks
    yield bare
    if (wish := marks["wish"].pattern.match(bare.fold)) and wish.end():
        bare = reader.bare(bare.cut(wish.end(), len(bare.text)))
        yield bare
    thin = bare
    for filler in reversed(list(marks["filler"].pattern.finditer(bare.fold))):
        thin = thin.without(*filler.span())
    if thin.text != bare.text:
        yield reader.bare(thin.cut(0, len(thin.text)))
