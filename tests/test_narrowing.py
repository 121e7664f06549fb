"""Pointers that name a person or a time."""

from datetime import UTC, datetime

import pytest

from agents.errors import Unclear
from agents.references import find
from agents.scene import Scene, Set
from memory.records import Asset, Chat, Message, User

CHAT = Chat("terminal", "main")
ANA, BOB = User("t", "1", "Ana"), User("t", "2", "Bob")
MARY, MARTIN = User("t", "3", "Mary Ann"), User("t", "4", "Mary Lee")
NOW = datetime(2026, 11, 18, 15, 0).astimezone()  # a Wednesday, where the test runs


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


def shown(letters: str, user: User, when: str, words: str = "") -> Set:
    assets = tuple(Asset(c * 64, "image/png", 1) for c in letters)
    return Set(f"m{letters}", assets, user, (words,) * len(assets), at=at(when))


SETS = (
    shown("a", ANA, "2026-11-09 10:00", "a red cat"),
    shown("b", BOB, "2026-11-16 10:00", "a red cat"),
    shown("c", MARY, "2026-11-17 09:00", "a dog"),
    shown("d", BOB, "2026-11-17 22:30", "a blue cat"),
    shown("ef", MARTIN, "2026-11-18 08:00", "a house"),
    shown("0", BOB, "2026-11-18 13:00", "a boat"),
    shown("1", ANA, "2026-11-18 14:00", "a red boat"),
)
SCENE = Scene(Message(CHAT, ANA, "", at=NOW.astimezone(UTC)), None, SETS[::-1], ())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("by:bob", "0"),
        ("by:Bobs", "0"),
        ("by:bob's:1", "b"),
        ("by:Bob red", "b"),
        ("by:bob cat", "d"),
        ("by:mary ann", "c"),
        ("by:lee:2", "f"),
        ("by:Mary Lee:all", "ef"),
        ("by:me", "1"),
        ("by:ana cat", "a"),
        ("when:yesterday dog", "c"),
        ("when:yesterday:1", "c"),
        ("when:last night", "d"),
        ("when:this morning:2", "f"),
        ("when:last week", "a"),
        ("when:monday", "b"),
        ("when:last monday", "b"),
        ("when:tuesday cat", "d"),
        ("when:2026-11-09", "a"),
        ("when:2 days ago", "b"),
        ("when:1 hour ago red", "1"),
        ("when:2 hours ago", "0"),
        ("when:the day before yesterday", "b"),
        ("when:today red", "1"),
    ],
)
def test_what_is_meant(expression: str, expected: str) -> None:
    assert "".join(a.sha256[0] for a in find(expression, SCENE)) == expected


@pytest.mark.parametrize(
    ("expression", "question"),
    [
        ("by:carl", "There is nothing of “carl” here"),
        ("by:mary", "Several people here are called “mary”"),
        ("by:lee", "There are 2 pictures; which one?"),
        ("by:bob green", "I find no picture of “green”"),
        ("when:2026-01-01", "There is nothing from 2026-01-01 here"),
        ("when:2026-13-45", "There is no day 2026-13-45"),
        ("when:sunday", "There is nothing from sunday here"),
        ("when:once upon a time", "I do not know that time"),
    ],
)
def test_what_is_asked(expression: str, question: str) -> None:
    with pytest.raises(Unclear, match=question):
        find(expression, SCENE)
