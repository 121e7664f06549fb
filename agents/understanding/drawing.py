"""What a request to draw says beside its subject: how many, what shape, style, without what."""

import re

from agents.understanding import flags, numbers
from agents.understanding.compiler import Rule, slots
from agents.understanding.folding import Line
from agents.understanding.lexicon import Language

_TAIL = 80
"""Characters at the end among which politeness is looked for, again after each find."""

_PROSE = 1_500
"""Characters above which a prompt is prose, in which no details are looked for."""

_FACES = re.compile(
    "\\S\\s*[\U0001f600-\U0001f64f\U0001f910-\U0001f92f\U0001f970-\U0001f97a\ufe0f❤]+\\s*$"
)
"""What people end a message with, which is seldom what they want to see."""

_MANY_SUBJECTS = 12
"""Above this a number belongs to the subject ("101 dalmatians"), not to the order."""


def read(line: Line, language: Language) -> dict[str, object] | None:
    """Return the arguments of draw, None when the words cannot be a subject."""
    marks = language.marks
    if impatient := marks["filler"].match(line.fold):
        line = line.cut(impatient.end(), len(line.text))
    line, args = details(line, language)
    line = _head(line, args, language)
    line = tidy(line, language)
    if not line.text or marks["not_subject"].match(line.fold):
        return None
    return {"prompt": line.text, **args}


def details(line: Line, language: Language) -> tuple[Line, dict[str, object]]:
    """Return the line without its flags and details, and these as arguments."""
    line, args = flags.take(line)
    found = len(line.fold) <= _PROSE
    while found:
        line, found = _one_detail(line, args, language)
    return line, args


def tidy(line: Line, language: Language) -> Line:
    """Return the line without politeness and punctuation at its end; nor a face behind it."""
    if face := _FACES.search(line.fold):
        line = line.cut(0, face.start() + 1)
    while tail := language.marks["tail"].search(line.fold, max(0, len(line.fold) - _TAIL)):
        line = line.cut(0, tail.start())
    stray = re.match(r"[\s,.:;]+", line.fold)
    return line.cut(stray.end(), len(line.text)) if stray else line


def value(slot: str, said: Line, language: Language) -> object:
    """Return what a slot's words mean as an argument of draw, None when they mean nothing."""
    if slot in ("count", "seed", "steps"):
        number = numbers.read(language.tables["numbers"], said.fold)
        return min(number, numbers.MOST) if number and slot == "count" else number
    if slot == "aspect":
        return language.tables["aspects"].get(said.fold) or flags.aspect(said.fold)
    if slot == "negative":
        return _listed(said, language)
    return said.text


def _listed(said: Line, language: Language) -> str:
    names = []
    at = 0
    ends = [m.span() for m in language.marks["listing"].finditer(said.fold)]
    for start, end in [*ends, (len(said.text), len(said.text))]:
        part = said.cut(at, start)
        article = language.marks["article"].match(part.fold)
        names.append(part.cut(article.end() if article else 0, len(part.text)).text)
        at = end
    return ", ".join(name for name in names if name)


def _one_detail(line: Line, args: dict[str, object], language: Language) -> tuple[Line, bool]:
    for rule in language.details:
        found = rule.search(line.fold)
        made = _arguments(rule, found, line, language) if found else None
        if not found or made is None:
            continue
        if "negative" in made and "negative" in args:
            made["negative"] = f"{made['negative']}, {args['negative']}"
        args |= made
        return line.without(*found.span()), True
    return line, False


def _arguments(
    rule: Rule, found: re.Match[str], line: Line, language: Language
) -> dict[str, object] | None:
    made: dict[str, object] = dict(rule.fixed)
    for slot, span in slots(found).items():
        meant = value(slot, line.cut(*span), language)
        if meant is None:
            return None
        made["style" if slot == "medium" else slot] = meant
    return made


def _head(line: Line, args: dict[str, object], language: Language) -> Line:
    for rule in language.heads:
        found = rule.match(line.fold)
        if not found or found.end() >= len(line.fold):
            continue
        slots = found.groupdict()
        if "count" in slots and not _counts(rule, slots["count"], line, language):
            continue
        made = {s: value(s, line.cut(*found.span(s)), language) for s in slots}
        args |= {
            k: v for k, v in made.items() if k not in args or (k == "count" and "count" not in args)
        }
        spans = [found.span(s) for s in slots] if rule.keep else [found.span()]
        for start, end in sorted(spans, reverse=True):
            line = line.without(start, end)
        return line
    return line


def _counts(rule: Rule, said: str, line: Line, language: Language) -> bool:
    # "one cat" is a cat, "two cats hugging each other" is one scene, "101 dalmatians" a title.
    number = numbers.read(language.tables["numbers"], said) or 0
    if rule.tool == "pictures":
        return number > 0
    return 1 < number <= _MANY_SUBJECTS and not language.marks["scene"].search(line.fold)
