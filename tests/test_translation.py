"""The languages as data: nothing unknown or missing, nothing too long, all of it fillable."""

import pickle
import string
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest

from bot.actions import CHANGE, PLAN, actions
from bot.offered import ABOUT
from bot.progress import Standing, in_a_line
from bot.translation import languages, of_locale, put, translation
from memory.records import Asset, Chat, Step, User
from memory.sentences import Sentence, count, dumped, first, joined, loaded, say
from tests.templates import coverage, strings, templates
from tools.compute.admission import duration
from tools.errors import Refused

OTHERS = languages()[1:]
LABEL, DESCRIPTION, TITLE, PLACEHOLDER, ALERT = 80, 100, 45, 64, 200
"""What platforms take: a button, a command, a form's title, Telegram's hint, an alert."""
_COUNTS = (0, 1, 2, 3, 4, 5, 11, 12, 21, 22, 25, 101, 111)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def forms(found: str | Sequence[str]) -> Sequence[str]:
    return [found] if isinstance(found, str) else found


def every(language: str) -> Iterator[tuple[str, str]]:
    for key, found in translation(language).sentences.items():
        for form in forms(found):
            yield key, form


def test_there_are_the_eight_languages_people_write_in() -> None:
    assert set(languages()) == {"en", "de", "es", "fr", "ja", "pt", "ru", "zh"}


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_says_nothing_that_is_not_said(language: str) -> None:
    unknown = [key for key in translation(language).sentences if key not in strings()]
    assert not unknown


@pytest.mark.parametrize("language", OTHERS)
def test_the_same_values_stand_in_every_sentence(language: str) -> None:
    for key, form in every(language):
        assert fields(form) | {"n"} == fields(key) | {"n"}, (key, form)
        assert form.strip(), key
        assert (form[-1:] == " ") == (key[-1:] == " ") or language in ("ja", "zh"), key


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_counted_has_a_form_for_every_number(language: str) -> None:
    known = translation(language)
    assert {known.form(n) for n in _COUNTS} == set(range(known.forms))
    for key, found in known.sentences.items():
        if not isinstance(found, str):
            assert len(found) == known.forms, key


@pytest.mark.parametrize("language", OTHERS)
def test_nearly_everything_people_see_is_said_in_every_language(language: str) -> None:
    """`python -m tests.templates` tells how much that is, and what is left out."""
    there, absent = coverage(language)
    assert there >= 890, absent


@pytest.mark.parametrize("language", languages())
def test_what_is_said_fits_where_it_stands(language: str) -> None:
    me, chat = User("t", "1"), Chat("t", "1")
    assets = tuple(Asset(f"{n:064x}", "image/png", 1) for n in range(10))
    failed = Step("transcribe", {}, me, chat, "t", "failed", seconds=1.0)
    shown = [*actions([failed, Step("draw", {}, me, chat, "t", "done")], assets), *PLAN, CHANGE]
    short = ("Edit", "Files", "Info", "Delete", "Send again", "Do that instead", "Do the new words")
    labels = [put(button.label, language) for button in shown]
    assert all(
        0 < len(label) <= LABEL for label in [*labels, *(put(say(s), language) for s in short)]
    )
    assert all(len(put(about, language)) <= DESCRIPTION for about, *_ in ABOUT.values())
    assert all(len(put(say(s), language)) <= TITLE for s in ("Change a picture", "Change the plan"))
    hints = ("darker, at night", "darker · crop to 16:9 · at night")
    assert all(len(put(say(hint), language)) <= PLACEHOLDER for hint in hints)
    told = ("That message is no longer remembered here; ask for it anew.", "Thank you, noted.")
    assert all(len(put(say(s), language)) <= ALERT for s in told)


def test_a_number_takes_the_form_and_the_signs_of_its_language() -> None:
    def cats(n: int, language: str) -> str:
        one, many = "A picture of {words}", "{n} pictures of {words}"
        return put(count(n, one, many, words="кот"), language)

    assert [cats(n, "en") for n in (1, 2)] == ["A picture of кот", "2 pictures of кот"]
    found = [cats(n, "ru").partition(":")[0] for n in (1, 3, 5, 21)]
    assert found == ["1 картинка", "3 картинки", "5 картинок", "21 картинка"]
    assert [cats(n, "ja") for n in (1, 2)] == ["画像1枚：кот", "画像2枚：кот"]
    long = Refused("Your message has {many:,} characters; please keep it under {most:,}.",
                   many=12345, most=8000)  # fmt: skip
    assert "12,345" in str(long)
    assert "12.345" in put(long.sentence, "de")
    assert put(say('Read aloud: "{words}" ({model}, {seconds:.1f} s).', words="a", model="m",
                   seconds=1.5), "de") == "Vorgelesen: „a“ (m, 1,5 s)."  # fmt: skip
    told = [put(duration(seconds), "es") for seconds in (1, 40, 200)]
    assert told == ["1 segundo", "40 segundos", "3 minutos"]


def test_sentences_within_sentences_are_put_into_the_language_too() -> None:
    failed = say("I could not {tool}: {why}", tool=say("draw"), why=say("Something broke here."))
    whole = joined("\n\n", [failed, "your own words {as} they are"])
    assert str(whole) == "I could not draw: Something broke here.\n\nyour own words {as} they are"
    assert put(whole, "de") == (
        "Das ging nicht (zeichnen): Hier ist etwas kaputtgegangen.\n\nyour own words {as} they are"
    )
    assert isinstance(whole, Sentence)
    assert first(whole) is failed


def test_what_nobody_put_into_a_language_is_said_in_english() -> None:
    assert put(say("Something {new} entirely.", new="1"), "de") == "Something 1 entirely."
    assert put("Cancelled.", "de") == "Cancelled.", "somebody's own words are nobody's sentence"
    assert put(say("Cancelled."), "xx") == put(say("Cancelled."), "") == "Cancelled."


@pytest.mark.parametrize("pass_on", [lambda s: loaded(dumped(s), str(s)),
                                     lambda s: pickle.loads(pickle.dumps(s))])  # fmt: skip
def test_a_sentence_is_the_same_after_it_was_stored_or_sent(pass_on: object) -> None:
    assert callable(pass_on)
    one = say("{model} with {lora}", model=say("draw"), lora="x")
    before = joined(" ", [count(3, "{n} second", "{n} seconds"), one, "plain"])
    after = pass_on(before)
    assert (after, put(after, "fr")) == (before, put(before, "fr"))
    assert pass_on("plain {words}") == "plain {words}"
    assert dumped("plain") == ""
    assert loaded(dumped(say("{n}", n=Fraction(1, 2))), "") == "1/2"


def test_the_language_of_an_app_is_one_of_ours_or_none() -> None:
    found = [of_locale(one) for one in ("pt-BR", "zh_CN", "ES-419", "en-US", "ko", "")]
    assert found == ["pt", "zh", "es", "en", "", ""]


def test_progress_is_told_in_the_language_of_the_request() -> None:
    view = Standing("m", "queued", "draw", position=3, eta=12.4, fraction=0.5, language="ja")
    assert in_a_line(view) == "待機中（描画）、3番目、残り約12秒  ▰▰▰▰▰▱▱▱▱▱ 50%"


def test_templates_are_found_in_the_source() -> None:
    known = templates()
    assert {"Got it", "{n} second", "draw", "I could not {tool}: {why}"} <= set(known)
