"""What opens a room: which template is meant, and what the set is about."""

import re
from collections.abc import Iterator, Mapping, Sequence

from agents.rooms.reading import LONGEST
from agents.rooms.slots import ENDS, SIGNS
from agents.rooms.templates import Template
from agents.rooms.wording import Wording, fitting, wordings
from agents.understanding.folding import Line, folded

_EDGE = re.compile(r"[,.:;!?…]+\s+")
_NAME = 5
"""Words that a template's name may have."""


def opening(text: str, templates: Mapping[str, Template]) -> tuple[str, str] | None:
    """Return the template and the subject of "let's make a poster series for the jazz night"."""
    line = Line(said := SIGNS.sub(" ", text).strip(ENDS), folded(said))
    for words in fitting(line.fold) if len(said) <= LONGEST else ():
        for say in words.opens(line.fold):
            for one in _said(line, words):
                found = say.fullmatch(one.fold)
                if found and (name := named(found["template"], templates)):
                    return name, one.cut(*found.span("text")).text if found["text"] else ""
    return None


def _said(line: Line, words: Wording) -> Iterator[Line]:
    """Yield a message, and what is left of it without its greeting or its first sentences."""
    yield line
    edges = [words.marks["polite"].pattern.match(line.fold), *_EDGE.finditer(line.fold)]
    last = words.marks["after"].pattern.search(line.fold)
    end = last.start() if last and last.start() else len(line.text)
    for edge in edges:
        if edge and edge.end() < end:
            yield line.cut(edge.end(), end)


def begun(
    text: str, templates: Mapping[str, Template], language: str = ""
) -> tuple[str, str] | None:
    """Return the template and the subject of "poster series for the jazz night".

    What stands before the subject is left out in English, in the language that the template is
    named in, and in that of whoever asks.
    """
    for kind, rest in _parted(text.strip(ENDS).split()):
        if name := named(kind, templates):
            spoken = [words for words in wordings() if _speaks(words, kind, language)]
            return name, _bare(rest, spoken)
    line = Line(said := text.strip(ENDS), folded(said))
    for words in fitting(line.fold):
        for say in words.tables["open"].get("named", ()):
            found = say.fullmatch(line.fold)
            if found and (name := named(found["template"], templates)):
                return name, _bare(line.cut(*found.span("text")).text, [words])
    return None


def subject(text: str) -> str:
    """Return what a set is about without an article before it."""
    return _bare(text, [words for words in fitting(folded(text)) if words.code == "en"])


def _parted(parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what may be the name of a template, and what else is said: behind it, then before."""
    lengths = range(min(len(parts), _NAME), 0, -1)
    for length in lengths:
        yield " ".join(parts[:length]).strip(ENDS), " ".join(parts[length:])
    for length in lengths:
        yield " ".join(parts[-length:]), " ".join(parts[:-length])


def _speaks(words: Wording, kind: str, language: str) -> bool:
    return words.code in ("en", language) or words.templates.get(folded(kind)) is not None


def _bare(text: str, spoken: list[Wording]) -> str:
    """Return a subject without the prepositions and articles before it."""
    text = SIGNS.sub(" ", text).strip(ENDS)
    line = Line(text, folded(text))
    for words in spoken:
        found = words.marks["before"].pattern.match(line.fold)
        if found and found.end() < len(line.text):
            line = line.cut(found.end(), len(line.text))
    return line.text.strip(ENDS)


def named(words: str, templates: Mapping[str, Template]) -> str:
    """Return the template that people call so, "" when there is none."""
    said = words.strip().casefold()
    for name, template in templates.items():
        if said in (name, template.title.casefold(), *(w.casefold() for w in template.words)):
            return name
    fold = folded(said)
    for spoken in fitting(fold):
        name = spoken.templates.get(fold) or ""
        if name in templates:
            return name
    return ""
