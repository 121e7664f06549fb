"""People named in any alphabet and case: whose picture is meant."""

from datetime import UTC, datetime

import pytest

from agents.errors import Unclear
from agents.names import begins, sounds
from agents.references import find
from agents.scene import Scene, Set
from agents.understanding.understand import understand
from memory.records import Asset, Chat, Message, User
from tests.understanding_cases import KNOWN

CHAT, ME = Chat("terminal", "main"), User("t", "me", "Zed")
NAMES = ("Анна", "田中", "Σοφία", "Bob", "王伟", "Ιωάννης", "José", "김민수", "محمد", "Иван Петров",
         "Müller", "Сергей", "Анастасия", "Виктор")  # fmt: skip


def _set(name: str, user: User, words: str = "cat") -> Set:
    assets = tuple(Asset(f"{name} {n}", "image/png", 1) for n in (1, 2))
    return Set(name, assets, user, (words, words), turn=name, at=datetime.now(UTC))


def scene(*names: str) -> Scene:
    people = [User("t", str(n), name) for n, name in enumerate(names)]
    sets = [_set("mine", ME, "dog"), *(_set(user.name, user) for user in people)]
    return Scene(Message(CHAT, ME, ""), None, tuple(sets), ())


def meant(said: str, *names: str) -> list[str]:
    (wish,) = understand(said, KNOWN["pictures"])
    return [asset.sha256 for asset in find(str(wish.args["image"]), scene(*(names or NAMES)))]


@pytest.mark.parametrize(
    ("said", "whose"),
    [
        ("the second one Анна made, darker", "Анна"),
        ("upscale Анна's second one", "Анна"),
        ("upscale the second one by Anna", "Анна"),
        ("make 田中's second one darker", "田中"),
        ("upscale the second one by Ivan", "Иван Петров"),
        ("upscale the second one by Ivan Petrov", "Иван Петров"),
        ("upscale the second one by Jose", "José"),
        ("upscale 김민수's second picture", "김민수"),
        ("upscale محمد's second one", "محمد"),
        ("the second one Sofia made, darker", "Σοφία"),
        ("upscale Sophia's second one", "Σοφία"),
        ("upscale the 2nd one from Ioannis", "Ιωάννης"),
        ("upscale Mueller's second one", "Müller"),
        ("upscale Sergey's second one", "Сергей"),
        ("upscale Anastasiya's second one", "Анастасия"),
        ("upscale Victor's second one", "Виктор"),
        ("das zweite von 田中 dunkler", "田中"),
        ("vergrößere das zweite Bild von 田中", "田中"),
        ("vergrößere Annas zweites", "Анна"),
        ("das zweite von Σοφία bitte größer", "Σοφία"),
        ("das zweite, das Анна gemacht hat, dunkler", "Анна"),
        ("田中さんの二枚目を拡大して", "田中"),
        ("田中くんの2枚目を暗くして", "田中"),
        ("Аннаちゃんの2枚目を拡大して", "Анна"),
        ("田中さんが描いた2枚目を暗くして", "田中"),
        ("放大王伟的第二张", "王伟"),
        ("王伟画的第二张调暗", "王伟"),
        ("放大Анна的第二张", "Анна"),
        ("amplía la segunda de Σοφία", "Σοφία"),
        ("la segunda que hizo Анна más oscura", "Анна"),
        ("amplía la segunda de Jose", "José"),
        ("agrandis la deuxième de Анна", "Анна"),
        ("agrandis la deuxième que 田中 a faite", "田中"),
        ("amplie a segunda da Анна", "Анна"),
        ("a segunda que a Σοφία fez mais escura", "Σοφία"),
        ("увеличь вторую Анны", "Анна"),
        ("вторую у Сергея темнее", "Сергей"),
        ("увеличь вторую от Боба", "Bob"),
        ("вторую Софии темнее", "Σοφία"),
        ("увеличь вторую Anna", "Анна"),
        ("вторую Ивана темнее", "Иван Петров"),
        ("увеличь вторую от 田中", "田中"),
    ],
)
def test_a_person_is_found_by_the_name_as_it_is_said(said: str, whose: str) -> None:
    assert meant(said) == [f"{whose} 2"]


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("upscale the second one by Maria", ("Mario", "Марио", "Marian")),
        ("увеличь вторую Марии", ("Mario", "Марио")),
        ("upscale the second one by Tanaka", ("田中",)),
        ("upscale the second one by Anna", ("Анна", "Άννα")),
        ("увеличь вторую Саши", ("Саша", "Саша")),
        ("upscale the second one by An", ("Анна", "Иван")),
    ],
)
def test_it_is_asked_whose_is_meant_when_that_is_not_sure(
    said: str, names: tuple[str, ...]
) -> None:
    with pytest.raises(Unclear):
        meant(said, *names)


def test_a_name_is_rather_as_it_is_written() -> None:
    assert meant("upscale the second one by Anna", "Анна", "Anna") == ["Anna 2"]
    assert meant("увеличь вторую Анны", "Анна", "Anna") == ["Анна 2"]


def test_what_is_nobodys_name_may_describe_a_picture() -> None:
    found = find("by:cat:2", scene("Анна"))
    assert [asset.sha256 for asset in found] == ["Анна 2"]
    with pytest.raises(Unclear, match="nothing of “house” here"):
        find("by:house:2", scene("Анна"))


def test_how_much_of_a_text_a_name_is() -> None:
    assert begins("tanaka-san red", "tanaka") == len("tanaka-san")
    assert sounds("ivan petrov red", "иван петров") == len("ivan petrov")
    assert sounds("ивана петрова red", "ivan petrov") == len("ивана петрова")
    assert sounds("田中", "tanaka") == sounds("i", "и") == 0
