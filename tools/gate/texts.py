"""The gate for words and voices: what a brief asks for, checked in code. Pure, without numpy."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from memory.sentences import Sentence, say
from tools.gate.card import LIMIT, Fault, Piece, Reading, Remedy, ScoreCard
from tools.gate.languages import language

TONES = Path(__file__).with_name("tones.toml")
_BROKEN = 3 * LIMIT
_EXCLAMATIONS = say("{piece} is not {tone}: {count} exclamation marks.")
_EMOJIS = say("{piece} is not {tone}: {count} emoji.")
_CAPITALS = say("{piece} is not {tone}: {count} words in capitals.")
_CONTRACTIONS = say("{piece} is not {tone}: {count} contractions.")
_SENTENCES = say("{piece} is not {tone}: {mean:.0f} words a sentence, and {bound} is the most.")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf]")
_SHOUT = re.compile(r"\b[^\W\d_]{4,}\b")
_CONTRACTION = re.compile(r"\b\w+['’](?:s|t|re|ve|ll|d|m)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?…。！？]+\s*|\n+")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a text must keep to; everything may be left out.

    A term is found as a whole word in any case, or anywhere where a script has no spaces;
    "cheap*" finds what begins so. `terms` are pairs of (what not to say, what to say instead).
    `least` and `most` count words, and characters in Chinese and Japanese. `languages` are codes.
    """

    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    least: int = 0
    most: int = 0
    languages: tuple[str, ...] = ()
    tones: tuple[str, ...] = ()


def check(number: int, text: str, rules: Rules) -> Piece:
    """Return what a text keeps and breaks; `number` is the piece's, and begins at 1."""
    found = list(_broken(text, rules))
    broken = {measure for measure, _, _ in found}
    asked = [name for name, given in _asked(rules) if given]
    readings = tuple(
        Reading(name, float(name in broken), 0.0, _BROKEN * (name in broken)) for name in asked
    )
    faults = tuple(
        Fault(number, name, _of(number, form, said), "rewrite") for name, form, said in found
    )
    return Piece(number, readings, faults)


def judge(texts: Sequence[str], rules: Rules) -> ScoreCard:
    """Return the score card of a set of texts."""
    return ScoreCard(tuple(check(number, text, rules) for number, text in enumerate(texts, 1)))


def absent(texts: Sequence[str], terms: Sequence[str]) -> tuple[str, ...]:
    """Return the terms that none of the texts has."""
    return tuple(term for term in terms if not any(has(text, term) for text in texts))


def spoken(number: int, seconds: float, least: float = 0, most: float = 0) -> Piece:
    """Return whether a voice is as long as it should be, in seconds; 0 is no bound."""
    form, bound = "", least
    if most and seconds > most:
        form, bound = (
            say("{piece} is spoken in {seconds:.1f} s, and {bound:g} s is the most."),
            most,
        )
    elif seconds < least:
        form = say("{piece} is spoken in {seconds:.1f} s, and {bound:g} s is the least.")
    why = _of(number, form, {"seconds": seconds, "bound": bound})
    remedy: Remedy = "speak again"
    faults = (Fault(number, "seconds", why, remedy),) if form else ()
    return Piece(number, (Reading("seconds", seconds, most, _BROKEN * bool(form)),), faults)


def has(text: str, term: str) -> bool:
    """Tell whether a term stands in a text."""
    return bool(_pattern(term).search(_folded(text)))


def words(text: str) -> int:
    """Return how many words a text has; each Chinese or Japanese character is one."""
    return len(_WORD.findall(text))


def _asked(rules: Rules) -> tuple[tuple[str, object], ...]:
    return (
        ("must", rules.must),
        ("never", rules.never),
        ("terms", rules.terms),
        ("length", rules.least or rules.most),
        ("language", rules.languages),
        ("tone", [tone for tone in rules.tones if _tone(tone)]),
    )


_Broken = tuple[str, str, Mapping[str, object]]
"""A measure, and the template and values of the sentence that says how it is broken."""


def _of(number: int, form: str, said: Mapping[str, object]) -> Sentence:
    return Sentence(form, {"piece": f"#{number}", **said})


def _broken(text: str, rules: Rules) -> Iterator[_Broken]:
    for term in rules.must:
        if not has(text, term):
            yield "must", say("{piece} lacks “{term}”."), {"term": term}
    for term in rules.never:
        if has(text, term):
            yield "never", say("{piece} says “{term}”, which must not appear."), {"term": term}
    for wrong, right in rules.terms:
        if has(text, wrong):
            said = {"wrong": wrong, "right": right}
            yield "terms", say("{piece} says “{wrong}” in place of “{right}”."), said
    yield from _length(words(text), rules)
    yield from _foreign(text, rules)
    for tone in rules.tones:
        yield from _out_of_tone(text, tone)


def _foreign(text: str, rules: Rules) -> Iterator[_Broken]:
    found = language(text) if rules.languages else ""
    if found and found not in rules.languages:
        form = say("{piece} is in another language: {found}, and it should be {wanted}.")
        yield "language", form, {"found": found, "wanted": " / ".join(rules.languages)}


def _length(count: int, rules: Rules) -> Iterator[_Broken]:
    if rules.most and count > rules.most:
        form = say("{piece} has {count} words, and {bound} is the most.")
        yield "length", form, {"count": count, "bound": rules.most}
    elif count < rules.least:
        form = say("{piece} has {count} words, and {bound} is the least.")
        yield "length", form, {"count": count, "bound": rules.least}


def _out_of_tone(text: str, tone: str) -> Iterator[_Broken]:
    limits = _tone(tone)
    counts = {
        "exclamations": (_EXCLAMATIONS, sum(text.count(mark) for mark in "!！")),
        "emoji": (_EMOJIS, len(_EMOJI.findall(text))),
        "capitals": (_CAPITALS, sum(w.isupper() for w in _SHOUT.findall(text))),
        "contractions": (_CONTRACTIONS, len(_CONTRACTION.findall(text))),
    }
    for name, (form, count) in counts.items():
        if count > limits.get(name, count):
            yield "tone", form, {"tone": say(tone), "count": count}
    sentences = [words(part) for part in _SENTENCE.split(text) if words(part)]
    mean = sum(sentences) / len(sentences) if sentences else 0.0
    if mean > limits.get("sentence", mean):
        yield "tone", _SENTENCES, {"tone": say(tone), "mean": mean, "bound": limits["sentence"]}


@lru_cache(maxsize=512)
def _pattern(term: str) -> re.Pattern[str]:
    whole = _folded(term.strip())
    stem = whole.endswith("*")
    body = r"\s+".join(re.escape(word) for word in whole.rstrip("*").split())
    if not body:
        return re.compile(r"(?!)")
    before = r"(?<!\w)" if _spaced(whole[0]) else ""
    after = "" if stem or not _spaced(whole[-1]) else r"(?!\w)"
    return re.compile(before + body + after)


def _spaced(letter: str) -> bool:
    """Tell whether a letter is of a script that sets words apart by spaces."""
    name = unicodedata.name(letter, "")
    return letter.isalnum() and not name.startswith(("CJK", "HIRAGANA", "KATAKANA", "THAI"))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def _tone(name: str) -> dict[str, Any]:
    """Return what is counted for a tone; nothing for one that cannot be."""
    return _tones().get(_folded(name).strip(), {})


@lru_cache(maxsize=1)
def _tones() -> dict[str, dict[str, Any]]:
    table = tomllib.loads(TONES.read_text(encoding="utf-8"))
    return {called: row for name, row in table.items() for called in (name, *row["also"])}
