"""What a text must contain for a pattern to fit: never more than the pattern itself asks for."""

from collections.abc import Sequence

import pytest

from agents.understanding.folding import fold
from agents.understanding.lexicon import language
from agents.understanding.needed import Needs, met
from tests.test_understanding import TUNED, chats, requests

WORDS: dict[str, str | Sequence[str]] = {
    "draw": ["draw", "paint a", "sketch"],
    "maybe": "(please )?",
    "pick": "the ({draw}|second)",
}
NEEDS = Needs(WORDS.__getitem__)


@pytest.mark.parametrize(
    ("pattern", "fits", "lacks"),
    [
        ("draw <prompt>", ["draw a cat"], ["paint a cat", ""]),
        ("{draw} it", ["sketch it", "paint a it"], ["write it", "sketch"]),
        ("{maybe}{pick} one", ["please the second one", "the draw one"], ["the third one"]),
        ("colou?r", ["color", "colour"], ["culr"]),
        ("ab+c", ["abbc", "abc"], ["ac"]),
        ("x{0,3}y", ["y", "xxy"], ["x"]),
        ("(red|blue)( one)?", ["red", "blue one"], ["green one"]),
        ("(red|blue)?", ["", "red"], []),
        (r"(a|\d) cat", ["a cat", "3 cat"], ["a dog"]),
        ("(?!no )(?=red)red", ["red"], ["green"]),
        ("(?P<whole>up|down) now", ["down now"], ["left now", "down"]),
        (r"it\x27s [abc] ?day", ["it's a day", "it's bday"], ["it's a"]),
        ("one|two three", ["one", "two three"], ["two", "four"]),
        (r"\{draw\}", ["{draw}"], []),
    ],
)
def test_a_pattern_needs_its_words(pattern: str, fits: list[str], lacks: list[str]) -> None:
    needs = NEEDS.of(pattern)
    assert [met(needs, text) for text in fits] == [True] * len(fits)
    assert [met(needs, text) for text in lacks] == [False] * len(lacks)


def test_what_cannot_be_read_needs_nothing() -> None:
    assert NEEDS.of("(?i:draw) it)") == ()


def test_no_english_rule_is_passed_over_that_fits() -> None:
    english = language("en")
    tables = [(known, text) for name in TUNED for known, text, _ in requests(name)]
    texts = {fold(text).fold for _, text in [*tables, *(c for n in TUNED for c in chats(n))]}
    for rule in english.every:
        fitting = [text for text in texts if rule.pattern.fullmatch(text)]
        assert all(met(rule.words, text) for text in fitting), rule
    told = [rule for rule in english.rules if rule.words]
    assert len(told) > 0.95 * len(english.rules)
