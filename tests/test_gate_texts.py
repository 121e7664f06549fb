"""The gate for words and voices."""

import pytest

from tests.bench import wording
from tools.gate.languages import language
from tools.gate.texts import Rules, absent, check, has, judge, spoken, words

SAID = {
    "en": "Blue notes and warm hearts: come to the jazz night with your friends",
    "de": "Kommt zur Jazznacht und bringt eure Freunde mit",
    "es": "Ven a la noche de jazz con tus amigos",
    "fr": "Venez à la nuit du jazz avec vos amis",
    "pt": "Vem à noite do jazz com os seus amigos",
    "it": "Vieni alla notte del jazz con i tuoi amici",
    "nl": "Kom naar de jazznacht met je vrienden",
    "ru": "Приходите на джаз с друзьями",
    "uk": "Приходьте на джаз із друзями",
    "zh": "和朋友一起来爵士之夜",
    "ja": "友だちとジャズの夜へ来てください",
    "ko": "친구들과 재즈의 밤에 오세요",
    "el": "Ελάτε στη νύχτα της τζαζ",
}


@pytest.mark.parametrize("code", SAID)
def test_the_language_of_a_sentence_is_told(code: str) -> None:
    assert language(SAID[code]) == code


@pytest.mark.parametrize("text", ["", "Jazz!", "42", "Atelier Studio Berlin", "🎷🎷"])
def test_too_few_words_tell_no_language(text: str) -> None:
    assert language(text) == ""
    assert not check(1, text, Rules(languages=("en",))).faults


def test_a_name_in_other_letters_does_not_turn_the_language() -> None:
    assert language("Come to the night of 王芳 and of her band with your friends") == "en"


@pytest.mark.parametrize(
    ("text", "term", "there"),
    [
        ("A Jazz night", "jazz", True),
        ("jazzy nights", "jazz", False),
        ("jazzy nights", "jazz*", True),
        ("our Jazz\nNight", "jazz night", True),
        ("来爵士之夜吧", "爵士", True),
        ("it’s free", "it's", True),
        ("the C++ night", "c++", True),
        ("Straße", "STRASSE", True),
        ("anything", " ", False),
    ],
)
def test_terms_are_found_as_people_mean_them(text: str, term: str, there: bool) -> None:
    assert has(text, term) is there


def test_everything_broken_is_said_with_its_number() -> None:
    rules = Rules(
        must=("jazz",),
        never=("cheap*",),
        terms=(("gig", "concert"),),
        most=8,
        languages=("en",),
        tones=("formal", "dreamy"),
    )
    card = judge(
        ["Jazz tonight, a concert.", "CHEAPEST gig, it's the best of all in the town!"], rules
    )
    assert card.outliers == (2,)
    why = "\n".join(fault.why for fault in card.faults)
    for said in ("#2 lacks “jazz”", "cheap*", "in place of “concert”", "10 words", "contractions"):
        assert said in why
    assert {fault.remedy for fault in card.faults} == {"rewrite"}
    assert card.pieces[0].score == 100 > card.pieces[1].score


def test_a_wrong_language_and_too_few_words_are_faults() -> None:
    piece = check(3, SAID["de"], Rules(languages=("en", "fr"), least=20))
    assert [fault.measure for fault in piece.faults] == ["length", "language"]
    assert "de, and it should be en / fr" in piece.faults[1].why


def test_words_are_counted_in_scripts_without_spaces() -> None:
    assert words("two words") == 2
    assert words("爵士之夜") == 4
    assert words("it's rock-and-roll") == 2


def test_terms_that_no_text_has_are_named() -> None:
    assert absent(["red wine", "blue notes"], ["blue", "green"]) == ("green",)


def test_a_voice_has_its_seconds() -> None:
    assert not spoken(1, 12.0, least=5, most=15).faults
    assert spoken(1, 3.0, least=5).faults[0].why == "#1 is spoken in 3.0 s, and 5 s is the least."
    assert spoken(1, 16.2, most=15).faults[0].remedy == "speak again"


def test_planted_faults_are_found_in_eight_languages_without_false_alarms() -> None:
    missed, alarms, planted, texts = wording.wrong()
    assert (planted, texts) == (48, 72)
    assert (missed, alarms) == ([], [])
