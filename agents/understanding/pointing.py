"""Which picture is meant, as an expression; what it stands for is resolved elsewhere."""

import re
from collections.abc import Mapping

from agents.understanding import numbers
from agents.understanding.compiler import slots
from agents.understanding.folding import Line
from agents.understanding.lexicon import Language

_LONGEST = 200
_UNITS = ("minute", "hour", "day", "week")
_MANY = re.compile(r"\d{1,2}(?:,\d{1,2})*")


def read(line: Line, language: Language) -> str | None:
    """Return the expression of a pointer ("the second one" -> "2"), None if it is none.

    "it" and "them" stand for what is at hand; the caller knows what that is.
    """
    for rule in language.pointers:
        found = rule.fullmatch(line.fold)
        if found and (meant := _expression(rule.tool, found, line, language)):
            return meant
    return None


def pick(line: Line, language: Language) -> str | None:
    """Like `read`, and bare numbers count too ("upscale 2")."""
    if (meant := read(line, language)) is not None:
        return meant
    number = numbers.read(language.tables["numbers"], line.fold)
    return str(number) if number and number <= numbers.MOST else None


def shown(line: Line, language: Language) -> str | None:
    """Like `pick`, but "the first version" is one of a picture rather than one of a set."""
    for rule in language.pointers:
        found = rule.fullmatch(line.fold) if rule.tool.startswith("v:") else None
        if found and (meant := _expression(rule.tool, found, line, language)):
            return meant
    return pick(line, language)


def numbered(line: Line, language: Language) -> str | None:
    """Return the expression of a version's bare number ("2", "second")."""
    number = _number(line.fold, language)
    return f"v:{number}" if number else None


def described(line: Line, language: Language) -> str | None:
    """Like `pick`, and words after an article describe a picture ("the cat with the hat")."""
    if (meant := pick(line, language)) is not None:
        return meant
    article = language.marks["article"].match(line.fold)
    if language.marks["indefinite"].match(line.fold) or not (article or language.unspaced):
        return None
    words = line.cut(article.end() if article else 0, len(line.text)).text
    alone = language.marks["pronoun"].match(line.fold)
    return words if 0 < len(words) <= _LONGEST and not alone else None


def _expression(form: str, found: re.Match[str], line: Line, language: Language) -> str | None:
    said = {slot: line.cut(*span) for slot, span in slots(found).items()}
    if form == "id":
        return line.text.lower()
    if form in ("what", "by", "when"):
        return _composed(said, language)
    if form == "many":
        return _many(line.fold, language)
    if form == "first":
        many = numbers.read(language.tables["numbers"], said["num"].fold) or 0
        return ",".join(str(n + 1) for n in range(many)) if 1 < many <= 10 else None
    if form in ("nth", "mine:nth", "v:nth"):
        word = (said.get("nth") or said.get("num") or line).fold.lstrip("# ")
        number = _number(word, language)
        return f"{form.removesuffix('nth')}{number}" if number else None
    if form in _UNITS:
        number = numbers.read(language.tables["numbers"], said["num"].fold)
        return f"when:{number} {form}s ago" if number else None
    return form


def _number(word: str, language: Language) -> int | None:
    number = language.tables["ordinals"].get(word)
    number = number or numbers.read(language.tables["numbers"], word)
    return number if number and number <= numbers.MOST else None


def _composed(said: Mapping[str, Line], language: Language) -> str:
    """Return "by:bob", "when:yesterday", what it shows, "by:bob:2", or several of these."""
    parts = [f"by:{said['who'].text}"] if "who" in said else []
    if when := said.get("when"):
        parts.append(f"when:{language.tables['whens'][when.fold]}")
    meant = " ".join([*parts, *([said["what"].text] if "what" in said else [])])
    counted = said.get("nth") or said.get("num")
    number = _number(counted.fold, language) if counted else None
    return f"{meant}:{number}" if number else meant


def _many(fold: str, language: Language) -> str | None:
    ordinals, plain = language.tables["ordinals"], language.tables["numbers"]
    words = [*sorted(ordinals, key=len, reverse=True), *sorted(plain, key=len, reverse=True)]
    each = re.compile(rf"\d{{1,2}}|(?<![a-z])(?:{'|'.join(map(re.escape, words))})(?![a-z])")
    said = each.findall(fold)
    counted = [w for w in said if w in ordinals or w.isdigit()]
    # In "the second and fourth one" the last word is no number.
    found = [ordinals.get(w) or numbers.read(plain, w) for w in (counted or said)]
    joined = ",".join(str(number) for number in found if number)
    return joined if _MANY.fullmatch(joined) else None
