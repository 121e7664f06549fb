"""A message and what is known beside it become wishes; chat that asks for nothing is one too."""

import re
import time
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from agents.understanding import flags
from agents.understanding.folding import FLAG, Line, fold
from agents.understanding.lexicon import (
    NAMES,
    Language,
    imperatives,
    language,
    slips,
    spellings,
    tells,
    typos,
    vocabulary,
)
from agents.understanding.linking import link
from agents.understanding.outputs import image
from agents.understanding.reading import Reading
from agents.understanding.wishes import Hints, Wish

_ANALYSED = 4000
"""Characters that are analysed; what is longer belongs whole to the last wish's text."""

_VERB_WITHIN = 60
"""Characters among which the verb of a request in two languages is looked for."""

_PAUSE = 0.005
"""Seconds between two rules that are compiled in advance, so that others get their turn."""

_NOTHING_KNOWN = Hints()
_BLANKS = re.compile(r"[ \t]{3,}")
_WORD = re.compile(r"[a-zа-я]+")
_FIRST_WORDS = re.compile(r"(?:[^\W\d_]{1,20}[\s,]+){0,3}[^\W\d_]{1,20}")
_WORDS = re.compile(r"[^\W\d_]+")
_LETTERS = re.compile(r"[a-zа-я]+|[^\W\d_a-zа-я]+")
SCRIPTS = {
    "ja": re.compile(r"[\u3041-\u30fa\u30fc両絵拡図戻変気読訳録黒塗毎]|[枚番]目"),
    "zh": re.compile(r"[\u3400-\u9fff]"),
    "ru": re.compile(r"[а-я]"),
}
"""The languages told by their letters; kana and what only Japan
writes first, since Japanese has Chinese letters too."""

LATIN = tuple(name for name in NAMES if name not in SCRIPTS)
_FREE = ("text", "prompt", "request", "instruction", "theme", "question", "query")


def understand(text: str, hints: Hints = _NOTHING_KNOWN) -> tuple[Wish, ...]:
    """Return what the message asks for, in order; never empty, `chat` when it asks nothing."""
    text = said = _BLANKS.sub("  ", text.strip())
    if not text:
        return _unsaid(hints)
    if not _WORDS.search(text) and not any(map(str.isdigit, text)):
        return (Wish("chat", {"text": said}),)
    text = _respelt(text)
    line = flags.hide(fold(text[:_ANALYSED], typos()))
    if hidden := _hidden(line, hints):
        return hidden
    mixed = _mixed(line)
    tries = ((line, grammar) for grammar in likely(line))
    for read, grammar in chain([mixed] if mixed else [], tries):
        if wishes := link(Reading(grammar, hints).raws(_in_letters(read, grammar)), hints):
            return _with_rest(wishes, text[_ANALYSED:])
    return (Wish("chat", {"text": said}),)


def _hidden(line: Line, hints: Hints) -> tuple[Wish, ...]:
    """Return the wish of "mark it as a spoiler", where there is a picture that may be it."""
    here = hints.pictures_here or hints.replied_images or hints.attached_images
    if not here or line.fold.strip(f"{FLAG} .!") or flags.take(line)[1] != {"spoiler": True}:
        return ()
    return (Wish("show", {"image": image("it", [], hints), "spoiler": True}),)


def _respelt(text: str) -> str:
    """Return the text with the first words put right where a letter is missing or one too many."""
    begin = _FIRST_WORDS.match(text)
    head = begin[0] if begin else ""
    right = _WORDS.sub(lambda word: slips().get(fold(word[0]).fold, word[0]), head)
    return right + text[len(head) :]


def _in_letters(line: Line, language: Language) -> Line:
    """Return the line with the words of a language in its own letters ("fuer" -> "für")."""
    known = spellings(language.name)
    if not known or known.keys().isdisjoint(_LETTERS.findall(line.fold)):
        return line
    made, at = Line("", ""), 0
    for word in _LETTERS.finditer(line.fold):
        if right := known.get(word[0]):
            before = Line(line.text[at : word.start()], line.fold[at : word.start()])
            made = Line(made.text + before.text + right, made.fold + before.fold + fold(right).fold)
            at = word.end()
    return Line(made.text + line.text[at:], made.fold + line.fold[at:])


def _mixed(line: Line) -> tuple[Line, Language] | None:
    """Return "write ein Gedicht" with the verb and grammar of the language of its nouns.

    None when verb and nouns are of one language.
    """
    for word in _LETTERS.finditer(line.fold[:_VERB_WITHIN]):
        if word[0] not in imperatives():
            continue
        kind, name = imperatives()[word[0]]
        rest = line.cut(word.end(), len(line.text))
        other = _foreign(rest, name)
        if not other or Reading(language(name), _NOTHING_KNOWN).stripped(line)[0].fold != (
            line.fold[word.start() :].strip()
        ):
            return None
        verb = language(other).words["imperatives"][kind]
        gap = "" if language(other).unspaced else " "
        return Line(verb + gap + rest.text, fold(verb).fold + gap + rest.fold), language(other)
    return None


def _foreign(rest: Line, name: str) -> str:
    """Return which other language the words are of; "" when some are of the one named."""
    words = set(_WORD.findall(rest.fold[:400]))
    if words & tells(name):
        return ""
    if written := _script(rest):
        return written
    told = {other: len(words & tells(other)) for other in LATIN if other != name}
    best = max(told, key=lambda other: told[other])
    return best if told[best] else ""


def _script(line: Line) -> str:
    """Return the language whose letters the line has, "" for Latin ones."""
    return next((name for name, letters in SCRIPTS.items() if letters.search(line.fold)), "")


def likely(line: Line) -> Iterator[Language]:
    """Yield the grammars worth trying, the likeliest first; compiled when it is their turn."""
    words = set(_WORD.findall(line.fold[:400]))
    if written := _script(line):
        latin = [word for word in words if word.isascii()]
        yield language(written)
        if written != "ru" and SCRIPTS["ru"].search(line.fold):  # "вторую от 田中"
            yield language("ru")
        if latin:  # "das zweite von 田中"
            yield from map(language, _likeliest(words) if len(latin) > 1 else ["en"])
        return
    if not words:  # figures are the same in all of them
        yield language("en")
        return
    yield from map(language, _likeliest(words))


def _likeliest(words: Collection[str]) -> Sequence[str]:
    """Return the languages in Latin letters that some words may be of, the likeliest first."""
    said = set(words)
    told = {name: 2 * len(said & tells(name)) + len(said & vocabulary(name)) for name in LATIN}
    best = max(told.values())
    some = sorted((n for n in told if told[n] * 3 > best * 2), key=lambda name: -told[name])
    return some or LATIN


def _unsaid(hints: Hints) -> tuple[Wish, ...]:
    wishes = [Wish("describe", {"image": "attached"})] if hints.attached_images else []
    wishes += [Wish("transcribe", {"audio": "attached"})] if hints.attached_sounds else []
    return tuple(wishes) or (Wish("chat", {"text": ""}),)


def _with_rest(wishes: tuple[Wish, ...], rest: str) -> tuple[Wish, ...]:
    if not rest:
        return wishes
    last = wishes[-1]
    name = next((n for n in _FREE if n in last.args), "")
    if not name:
        return wishes
    return (*wishes[:-1], Wish(last.tool, {**last.args, name: f"{last.args[name]}{rest}"}))


def is_warm(text: str) -> bool:
    """Tell whether everything is compiled that may be tried on a text: it is read in no time."""
    if language.cache_info().currsize < len(NAMES):
        return False
    return all(rule.is_compiled for read in likely(fold(text[:_ANALYSED])) for rule in read.every)


def warm() -> None:
    """Read every grammar, and compile all rules of the most usual one; blocks for seconds.

    The rules of the others are compiled when a message has the words for them.
    """
    typos()
    for name in NAMES:
        language(name)
    for rule in language(NAMES[0]).every:
        assert rule.pattern
        time.sleep(_PAUSE)
