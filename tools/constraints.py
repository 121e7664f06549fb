"""What a text must keep to, checked in code: words, length, language, tone. Pure, without numpy."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from memory.sentences import joined, say
from tools.languages import written_in
from tools.prose import count_words, uncut, whole, within
from tools.terms import has, mentions, replaced, without

MEASURES = ("must", "never", "terms", "length", "language", "tone")
TONES = Path(__file__).with_name("tones.toml")
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*[\"”’»)]*\s*|\n+")
_END = re.compile(r"[.!?…。！？]+\s*|\n+")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf]")
_SHOUT = re.compile(r"\b[^\W\d_]{4,}\b")
_CONTRACTION = re.compile(r"\b\w+['’](?:s|t|re|ve|ll|d|m)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Constraints:
    """Words that must and must not be in a text, at most how many, in which language and tone.

    A word of `must` may have an ending, one of `never` be in any form; `terms` say what shall
    stand in place of what. Of several `languages` one is enough; empty and 0 ask for nothing.
    """

    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    max_words: int = 0
    languages: tuple[str, ...] = ()
    terms: Mapping[str, str] = field(default_factory=dict)
    tones: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[str, ...]:
        """The measures that a text is held to."""
        tones = [tone for tone in self.tones if _tone(tone)]
        given = (self.must, self.never, self.terms, self.max_words, self.languages, tones)
        return tuple(name for name, value in zip(MEASURES, given, strict=True) if value)


def faults(text: str, rules: Constraints) -> tuple[str, ...]:
    """Return what a text does not keep to, each as a clause; none when all is well."""
    return tuple(why for _, why in broken(text, rules))


def broken(text: str, rules: Constraints) -> Iterator[tuple[str, str]]:
    """Yield the measure and the clause of each rule that a text breaks."""
    yield from _wrong_words(text, rules)
    words, most = count_words(text), rules.max_words
    if most and words > most:
        yield "length", say("it has {words} words, more than {most}", words=words, most=most)
    if rules.languages and not any(written_in(text, one) for one in rules.languages):
        wanted = joined(" / ", map(say, rules.languages))
        yield "language", say("it is not written in {languages}", languages=wanted)
    for tone in rules.tones:
        yield from (("tone", why) for why in _out_of_tone(text, tone))


def _wrong_words(text: str, rules: Constraints) -> Iterator[tuple[str, str]]:
    for word in rules.must:
        if not has(text, word):
            yield "must", say("it does not say “{word}”", word=word)
    for word in rules.never:
        if mentions(text, word):
            yield "never", say("it says “{word}”, which must not appear", word=word)
    for wrong, right in rules.terms.items():
        if mentions(_unsaid(text, right), wrong):
            yield "terms", say("it says “{wrong}” in place of “{right}”", wrong=wrong, right=right)


def mended(text: str, rules: Constraints) -> str:
    """Return a text that keeps to its words and length: terms are put right, sentences with what
    must never be said go, what must be said is added at the end. A language cannot be mended.
    """
    for wrong, right in rules.terms.items():
        text = _righted(text, wrong, right)
    sentences = _SENTENCE.findall(text)
    kept = [one for one in sentences if not any(mentions(one, word) for word in rules.never)]
    text = without("".join(kept).strip() or text, rules.never)
    missing = [word for word in rules.must if not has(text, word)]
    tail = ". ".join(word[0].upper() + word[1:] for word in missing)
    room = rules.max_words - count_words(tail) if rules.max_words else 0
    if rules.max_words and count_words(text) > room:
        text = whole(within(text, room)) if room > 0 else ""
        text = uncut(text) if text.endswith("…") else text
        missing = [word for word in rules.must if not has(text, word)]
        tail = ". ".join(word[0].upper() + word[1:] for word in missing)
    if not tail:
        return text
    glue = "" if not text else " " if text[-1] in ".!?…。！？" else ". "
    end = "" if tail[-1] in ".!?…" else "."
    return f"{text}{glue}{tail}{end}"


def unechoed(text: str, orders: Sequence[str]) -> str:
    """Return a text without what only repeats what its writer was told: orders at the end of a
    sentence, and sentences around one.
    """
    said = [
        re.findall(r"\w+", part.casefold()) for one in orders for part in _SENTENCE.findall(one)
    ]
    found = [r"\b" + r"\W+".join(map(re.escape, words)) + r"\b" for words in said if words]
    for order in reversed(found):
        text = re.sub(rf"\W*{order}(?=\s*(?:[.!?…\n]|$))", "", text, flags=re.IGNORECASE)
    around = re.compile("|".join(found) or "(?!)", re.IGNORECASE)
    kept = "".join(one for one in _SENTENCE.findall(text) if not around.search(one))
    return (kept if re.search(r"\w", kept) else text).strip()


def _righted(text: str, wrong: str, right: str) -> str:
    hidden = replaced(text, right, "\0") if mentions(right, wrong) else text
    return replaced(hidden, wrong, right).replace("\0", right)


def _unsaid(text: str, right: str) -> str:
    """Return a text without the right term, which may hold the wrong one: "live gig" for "gig"."""
    return replaced(text, right, "…") if right else text


def _out_of_tone(text: str, tone: str) -> Iterator[str]:
    limits, tone = _tone(tone), say(tone)
    count = sum(text.count(mark) for mark in "!！")
    if count > limits.get("exclamations", count):
        yield say("it is not {tone}: {count} exclamation marks", tone=tone, count=count)
    count = len(_EMOJI.findall(text))
    if count > limits.get("emoji", count):
        yield say("it is not {tone}: {count} emoji", tone=tone, count=count)
    count = sum(word.isupper() for word in _SHOUT.findall(text))
    if count > limits.get("capitals", count):
        yield say("it is not {tone}: {count} words in capitals", tone=tone, count=count)
    count = len(_CONTRACTION.findall(text))
    if count > limits.get("contractions", count):
        yield say("it is not {tone}: {count} contractions", tone=tone, count=count)
    lengths = [words for part in _END.split(text) if (words := count_words(part))]
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    if mean > (most := limits.get("sentence", mean)):
        form = "it is not {tone}: {mean:.0f} words a sentence, more than {most}"
        yield say(form, tone=tone, mean=mean, most=most)


def _tone(name: str) -> dict[str, Any]:
    """Return what is counted for a tone; nothing for one that cannot be."""
    return _tones().get(name.strip().casefold(), {})


@lru_cache(maxsize=1)
def _tones() -> dict[str, dict[str, Any]]:
    table = tomllib.loads(TONES.read_text(encoding="utf-8"))
    return {called: row for name, row in table.items() for called in (name, *row["also"])}
