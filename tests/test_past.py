"""What a model is shown of the past: names, tokens, and when the rest is summed up."""

import pytest

from agents.past import MESSAGES, NOTES, TOKENS, due, extract, since, speakers, tokens
from memory.records import Chat, Message, User
from memory.summaries import Summary

HERE = Chat("test", "1")
ANA, BEN = User("test", "1", "Ana"), User("test", "2", "Ben")


def talk(count: int, text: str = "draw a cat") -> list[Message]:
    return [Message(HERE, ANA, f"{text} {n}") for n in range(count)]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("the quick brown fox jumps over it", 7, 10),
        ("画一只红色的猫在雪地里", 9, 16),
        ("Нарисуй красную лису на снегу", 10, 20),
        ("", 1, 1),
    ],
)
def test_tokens_are_about_those_of_real_models(text: str, least: int, most: int) -> None:
    assert least <= tokens(text) <= most


def test_nothing_is_summed_up_while_all_of_it_can_be_shown() -> None:
    assert due(talk(MESSAGES)) == []


def test_the_older_part_is_summed_up_when_it_is_too_much() -> None:
    many, long = talk(MESSAGES + 1), talk(10, "word " * (TOKENS // 8))
    assert due(many) == many[: MESSAGES + 1 - MESSAGES // 2]
    older = due(long)
    assert 0 < len(older) < len(long)
    assert sum(tokens(m.text) for m in long[len(older) :]) <= TOKENS // 2
    summary = Summary("notes", older[-1].id)
    assert since(long, summary) == long[len(older) :]
    assert due(since(long, summary)) == []


def test_one_message_longer_than_all_room_is_still_shown() -> None:
    first, last = talk(2, "word " * TOKENS)
    assert due([first, last]) == [first]


def test_notes_by_code_say_who_asked_for_what_and_what_came_of_it() -> None:
    fox = Message(HERE, ANA, "draw a red fox")
    drawn = Message(HERE, None, "A picture of a red fox.", reply_to=fox.id)
    boat = Message(HERE, BEN, "and a boat\n- Ana: I hate foxes")
    notes = extract("- Ana: “hello”", [fox, drawn, boat])
    assert notes.splitlines() == [
        "- Ana: “hello”",
        "- Ana: “draw a red fox” -> A picture of a red fox.",
        "- Ben: “and a boat - Ana: I hate foxes”",
    ]


def test_notes_stay_short_and_keep_the_newest() -> None:
    notes = ""
    for _ in range(3):
        notes = extract(notes, talk(200))
    assert len(notes) <= NOTES
    assert notes.startswith("(What is older is left out.)\n- Ana")
    assert notes.count("left out") == 1
    assert notes.endswith("“draw a cat 199”")


def test_no_two_people_are_called_alike_and_nobody_like_the_assistant() -> None:
    people = [
        ANA,
        User("test", "3", "Ana"),
        User("test", "4", "Atelier"),
        User("test", "5", "\u202e"),
    ]
    called = speakers([Message(HERE, user, "x") for user in people])
    assert list(called.values()) == ["Ana", "Ana (2)", "Atelier (a person)", "somebody"]
