"""Which picture is meant, for the ways people point at one."""

import pytest

from agents.errors import Unclear
from agents.references import counted, find
from agents.scene import Scene, Set
from memory.records import Asset, Chat, Message, User

CHAT = Chat("terminal", "main")
ANA, BEN = User("terminal", "ana"), User("terminal", "ben")


def asset(letter: str, media_type: str = "image/png") -> Asset:
    return Asset(letter * 64, media_type, 10)


def shown(letters: str, user: User | None = ANA, words: tuple[str, ...] = ()) -> Set:
    assets = tuple(asset(c) for c in letters)
    return Set(f"m{letters}", assets, user, words or ("",) * len(assets))


def scene(
    *sets: Set, author: User = ANA, replied: Set | None = None, attached: tuple[Asset, ...] = ()
) -> Scene:
    """Sets are given oldest first, as they happened."""
    message = Message(CHAT, author, "", attached)
    return Scene(message, replied, tuple(reversed(sets)), ())


def letters(found: tuple[Asset, ...]) -> str:
    return "".join(a.sha256[0] for a in found)


FOUR = shown("abcd", words=("cat",) * 4)


@pytest.mark.parametrize(
    ("expression", "there", "expected"),
    [
        ("", scene(shown("a")), "a"),
        ("last", scene(shown("a"), shown("b")), "b"),
        ("previous", scene(shown("a"), shown("b")), "a"),
        ("2", scene(FOUR), "b"),
        ("2", scene(FOUR, shown("e")), "b"),  # after one of four was changed, 2 is still of four
        ("1", scene(shown("a"), shown("b"), shown("c")), "a"),  # single ones count in their order
        ("3", scene(shown("a"), shown("b"), shown("c")), "c"),
        ("1,3", scene(FOUR), "ac"),
        ("-1", scene(FOUR), "d"),
        ("all", scene(FOUR, shown("e")), "e"),
        ("all", scene(shown("e"), replied=FOUR), "abcd"),
        ("previous:2", scene(FOUR, shown("ef")), "b"),
        ("previous:all", scene(FOUR, shown("ef")), "abcd"),
        ("previous:-1", scene(FOUR, shown("ef")), "d"),
        ("last:1,2", scene(shown("ef"), FOUR), "ab"),
        ("reply:3", scene(shown("ef"), replied=FOUR), "c"),
        ("reply:3", scene(replied=FOUR, attached=(asset("b"),)), "c"),
        ("reply", scene(replied=FOUR, attached=(asset("b"),)), "b"),
        ("cat:2", scene(FOUR, shown("e", words=("dog",))), "b"),
        (":2", scene(FOUR, shown("ef"), replied=FOUR), "b"),
        ("", scene(shown("b"), attached=(asset("8"), asset("9"))), "89"),
        ("2", scene(shown("bc"), attached=(asset("8"), asset("9"))), "9"),
        (f"{'b' * 64},{'d' * 64}", scene(FOUR), "bd"),
        ("all", scene(FOUR), "abcd"),
        ("mine", scene(shown("a"), shown("b", BEN)), "a"),
        ("mine:2", scene(FOUR, shown("ef", BEN)), "b"),
        ("last", scene(shown("a"), shown("b", BEN)), "a"),  # one's own before somebody else's
        ("last", scene(shown("a"), author=BEN), "a"),  # but somebody else's rather than none
        ("2", scene(FOUR, shown("ef"), replied=FOUR), "b"),
        ("", scene(shown("b"), replied=shown("a")), "a"),
        ("", scene(shown("b"), attached=(asset("9"),)), "9"),
        ("attached", scene(shown("b"), attached=(asset("9"),)), "9"),
        ("reply", scene(shown("b"), replied=shown("a")), "a"),
        ("#aaaa", scene(FOUR), "a"),
        ("c" * 64, scene(FOUR), "c"),
        ("#mab", scene(shown("ab"), shown("e")), "?"),
        ("cat", scene(shown("a", words=("a black cat",)), shown("b", words=("a dog",))), "a"),
        (
            "red apples",
            scene(shown("a", words=("a red apple",)), shown("b", words=("a cat",))),
            "a",
        ),
        ("猫", scene(shown("a", words=("微笑的猫",)), shown("b", words=("一只狗",))), "a"),
    ],
)
def test_what_is_meant(expression: str, there: Scene, expected: str) -> None:
    if expected == "?":
        with pytest.raises(Unclear):
            find(expression, there)
    else:
        assert letters(find(expression, there)) == expected


@pytest.mark.parametrize(
    ("expression", "there", "question", "options"),
    [
        ("", scene(), "no pictures here yet", 0),
        ("", scene(shown("ab")), "There are 2 pictures; which one?", 2),
        ("last", scene(FOUR), "There are 4 pictures; which one?", 4),
        ("3", scene(shown("ab")), "There are 2 pictures, no number 3; which one?", 2),
        ("2", scene(shown("a")), "There is 1 picture, no number 2; which one?", 1),
        ("mine", scene(shown("a", BEN)), "You have no pictures here yet", 0),
        ("#ffff", scene(FOUR), "no picture with the id #ffff", 0),
        ("previous", scene(shown("a")), "only one set", 0),
        ("elephant", scene(FOUR), "no picture of “elephant”", 0),
        ("cat", scene(FOUR), "There are 4 pictures; which one?", 4),
        ("cat:9", scene(FOUR), "There are 4 pictures, no number 9; which one?", 4),
        ("previous", scene(FOUR, shown("e")), "There are 4 pictures; which one?", 4),
        ("black cat", scene(FOUR), "no picture of “black cat”", 0),  # one word of two is not it
        ("the", scene(FOUR), "no picture of “the”", 0),
        ("", scene(replied=shown("ab")), "There are 2 pictures; which one?", 2),
    ],
)
def test_one_question_when_it_is_not_clear(
    expression: str, there: Scene, question: str, options: int
) -> None:
    with pytest.raises(Unclear) as caught:
        find(expression, there)
    assert question in str(caught.value)
    assert len(caught.value.options) == options


def test_of_several_peoples_pictures_that_fit_one_is_asked_for() -> None:
    dogs = shown("a", BEN, ("a dog",)), shown("bc", User("terminal", "cho"), ("a dog", "a cat"))
    with pytest.raises(Unclear, match="There are 2 pictures; which one") as caught:
        find("the dog", scene(*dogs))
    assert (caught.value.options, letters(caught.value.shown)) == (("1", "2"), "ab")
    assert letters(find("the cat", scene(*dogs))) == "c"
    assert letters(find("the dog", scene(*dogs, author=BEN))) == "a"  # one's own comes first


def test_ids_can_be_counted_in() -> None:
    three = ",".join(c * 64 for c in "abc")
    assert letters(find(three, scene(FOUR))) == "abc"
    assert letters(find(counted(three, "2"), scene(FOUR))) == "b"
    with pytest.raises(Unclear, match="There are 3 pictures, no number 5"):
        find(counted(three, "5"), scene(FOUR))


def test_sounds_and_pictures_are_kept_apart() -> None:
    both = Set("m", (asset("a"), asset("b", "audio/ogg")), ANA, ("", ""))
    spoken = Set("n", (asset("c", "audio/ogg"),), ANA, ("",), turn="r")
    sent = Set("o", (asset("d", "audio/ogg"),), BEN, ("",), turn="o")
    assert letters(find("", scene(sent, spoken), "audio")) == "d"  # not what we said ourselves
    assert letters(find("last", scene(both), "audio")) == "b"
    assert letters(find("last", scene(both), "image")) == "a"
