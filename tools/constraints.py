"""What a text must keep to, checked in code: words, length, language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memory.sentences import joined, say
from tools.prose import count_words, uncut, whole, within, written_in

_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*[\"”’»)]*\s*|\n+")


@dataclass(frozen=True, slots=True)
class Constraints:
    """Words that must and must not be in a text, at most how many, in which language.

    Of several `languages` one is enough; empty and 0 ask for nothing.
    """

    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    max_words: int = 0
    languages: tuple[str, ...] = ()


def faults(text: str, rules: Constraints) -> tuple[str, ...]:
    """Return what a text does not keep to, each as a clause; none when all is well."""
    missing = (word for word in rules.must if not has(text, word))
    found: list[str] = [say("it does not say “{word}”", word=word) for word in missing]
    found += [say("it says “{word}”", word=word) for word in rules.never if has(text, word)]
    words, most = count_words(text), rules.max_words
    if most and words > most:
        found.append(say("it has {words} words, more than {most}", words=words, most=most))
    if rules.languages and not any(written_in(text, one) for one in rules.languages):
        wanted = joined(" / ", map(say, rules.languages))
        found.append(say("it is not written in {languages}", languages=wanted))
    return tuple(found)


def has(text: str, word: str) -> bool:
    """Tell whether a text has a word or phrase, whatever its case, spacing or plural s."""
    parts = [re.escape(part) for part in word.casefold().split()]
    if not parts:
        return False
    pattern = r"\s+".join(parts)
    before = r"(?<!\w)" if word.strip()[0].isalnum() and word.isascii() else ""
    after = r"(?:e?s)?(?!\w)" if word.strip()[-1].isalnum() and word.isascii() else ""
    return re.search(f"{before}{pattern}{after}", text.casefold()) is not None


def mended(text: str, rules: Constraints) -> str:
    """Return a text that keeps to its words and length: sentences with what must never be said go,
    what must be said is added at the end. A language cannot be mended.
    """
    sentences = _SENTENCE.findall(text)
    kept = [one for one in sentences if not any(has(one, word) for word in rules.never)]
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


def without(text: str, never: tuple[str, ...]) -> str:
    """Return a text from which words were taken, where a whole sentence could not be."""
    for word in never:
        pattern = r"\s+".join(map(re.escape, word.split()))
        text = re.sub(rf"\s*(?<!\w){pattern}(?:e?s)?(?!\w)", "", text, flags=re.IGNORECASE)
    return text.strip(" ,;")
