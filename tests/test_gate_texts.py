"""The gate for words and voices."""

import pytest

from tests.bench import wording
from tools.constraints import Constraints
from tools.gate.texts import check
from tools.languages import language, language_code, language_name, written_in

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
    assert not check(1, text, Constraints(languages=("en",))).faults


def test_a_name_in_other_letters_does_not_turn_the_language() -> None:
    assert language("Come to the night of 王芳 and of her band with your friends") == "en"


def test_everything_broken_is_said_with_its_number() -> None:
    rules = Constraints(
        must=("jazz",),
        never=("cheap*",),
        terms={"gig": "concert"},
        max_words=8,
        languages=("English",),
        tones=("formal", "dreamy"),
    )
    clean = check(1, "Jazz tonight, a concert.", rules)
    piece = check(2, "CHEAPEST gigs, it's the best of all in the town!", rules)
    why = "\n".join(fault.why for fault in piece.faults)
    for said in ("#2: it does not say “jazz”", "cheap*", "in place of “concert”", "10 words"):
        assert said in why
    assert "contractions" in why
    assert {fault.remedy for fault in piece.faults} == {"rewrite"}
    assert clean.score == 100 > piece.score
    only = check(2, "CHEAPEST gigs, it's the best of all in the town!", rules, ("must",))
    assert (
        [fault.measure for fault in only.faults] == ["must"] == [r.measure for r in only.readings]
    )


def test_a_wrong_language_is_a_fault() -> None:
    piece = check(3, SAID["de"], Constraints(languages=("Portuguese", "French")))
    assert [fault.why for fault in piece.faults] == [
        "#3: it is not written in Portuguese / French."
    ]


def test_languages_are_known_by_what_people_call_them() -> None:
    called = ("alemán", "DE", "Deutsch", "немецкий", "ドイツ語")
    assert {(language_code(one), language_name(one)) for one in called} == {("de", "German")}
    assert (language_code("Klingon"), language_name("Klingon")) == ("", "Klingon")
    assert written_in(SAID["de"], "German")
    assert not written_in(SAID["de"], "pt")
    assert written_in("Jazz!", "pt")  # which cannot be told


def test_planted_faults_are_found_in_eight_languages_with_one_false_alarm() -> None:
    missed, alarms, planted, texts = wording.wrong()
    assert (planted, texts) == (48, 72)
    assert missed == []
    # the stem of "Billigung" (approval) is that of "billig" (cheap)
    assert [(code, fault) for code, fault, text in alarms if "Billigung" not in text] == []
    assert len(alarms) <= 1
