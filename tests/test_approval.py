"""What people answer to a plan, in the languages they write."""

import pytest

from agents.approval import Reword, Skip, Swap, change, same, swap, verdict

GO = "go|Go!|ok|OK, go|yes please|los|ja|vale|oui|sim|да|はい|好的|👍"
NO = "no|No thanks.|nein danke|não|нет|いいえ|不用了|never mind"


@pytest.mark.parametrize("text", GO.split("|"))
def test_yes(text: str) -> None:
    found = verdict(text.replace(", ", " "))
    assert found is not None
    assert found.kind == "go"


@pytest.mark.parametrize("text", NO.split("|"))
def test_no(text: str) -> None:
    found = verdict(text)
    assert found is not None
    assert found.kind == "no"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("skip 3", (3,)),
        ("without the third", (3,)),
        ("Without step 2 and 3.", (2, 3)),
        ("leave out the last one", (-1,)),
        ("ohne Schritt 2", (2,)),
        ("sin el tercero", (3,)),
        ("去掉第三步", (3,)),
    ],
)
def test_steps_are_left_out(text: str, numbers: tuple[int, ...]) -> None:
    assert change(text) == Skip(numbers)


@pytest.mark.parametrize(
    ("text", "number", "words"),
    [
        ("change 2 to a dog", 2, "a dog"),
        ("the second to a red dog --ar 16:9", 2, "a red dog --ar 16:9"),
        ("2: a dog", 2, "a dog"),
        ("step 3: hello there", 3, "hello there"),
        ("cambia 2 por un perro", 2, "un perro"),
        ("remplace 2 par un chien", 2, "un chien"),
        ("把2改成一只狗", 2, "一只狗"),
        ("2を犬に変えて", 2, "犬"),
    ],
)
def test_a_step_gets_other_words(text: str, number: int, words: str) -> None:
    assert change(text) == Reword(number, words)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("snow instead of rain", "rain", "snow"),
        ("with dogs instead of cats", "cats", "dogs"),
        ("replace rain with snow", "rain", "snow"),
        ("rain -> snow", "rain", "snow"),
        ("Schnee statt Regen", "Regen", "Schnee"),
        ("neige au lieu de pluie", "pluie", "neige"),
        ("замени дождь на снег", "дождь", "снег"),
        ("make it about winter", "", "winter"),
        ("aber über Hunde", "", "Hunde"),
    ],
)
def test_words_take_the_place_of_others(text: str, old: str, new: str) -> None:
    assert swap(text) == change(text) == Swap(old, new)


@pytest.mark.parametrize(
    "text",
    ["no text", "draw a cat", "make the second picture darker", "16:9", "thanks", "", "x" * 9000],
)
def test_other_things_are_no_answer(text: str) -> None:
    assert verdict(text) is None
    assert change(text) is None
    assert same(text) is None


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("the same plan with dogs", "dogs"),
        ("Do the same plan again!", ""),
        ("same plan but about winter", "winter"),
        ("le même plan avec des chiens", "des chiens"),
        ("同样的计划，关于狗", "狗"),
    ],
)
def test_the_same_plan(text: str, topic: str) -> None:
    assert same(text) == topic
