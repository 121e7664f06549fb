"""What project rooms say, in every language, and that what they tell people to say is understood."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from agents.rooms.board import _HINTS, board, buttons
from agents.rooms.brief import Brief
from agents.rooms.deciding import NO_SUBJECT
from agents.rooms.fold import fold
from agents.rooms.outline import nth
from agents.rooms.pointing import pieces
from agents.rooms.reading import read
from agents.rooms.state import Piece, Question, Reference, Room, Version
from agents.rooms.templates import load
from agents.rooms.wording import wording
from agents.understanding.folding import folded
from bot.adapter import Place
from bot.translation import languages, put
from memory.database import Database
from memory.records import Chat, User, now
from memory.rooms import Draft, Rooms, Said
from memory.sentences import count, say
from tests.projects import events, picture, project, writer
from tests.rooms import ANA, BEN, CHAT, room
from tests.test_rooms import IDEAS, PIECES, POSTERS, TEMPLATES

OTHERS = languages()[1:]
ADMIN = Place(server="s", channel="c", private=False)
_QUOTED = re.compile("[„“«「”](?: ?)([^„“”«»「」]+?) ?[“”»」]")
ROOM = Room("r", ideas=IDEAS, pieces=PIECES, brief=Brief(subject="jazz"))
SAMPLE = {"ja": "猫", "zh": "猫", "ru": "кот"}


def quoted(text: str) -> list[str]:
    return _QUOTED.findall(text)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("stage", [s for s in _HINTS if s != "making"])
def test_what_a_hint_tells_people_to_say_is_understood(language: str, stage: str) -> None:
    said = quoted(put(_HINTS[stage], language))
    assert len(said) >= 1 + (stage not in ("choice", "pack"))
    for text in said:
        whole = re.sub(r"\.\.\.|…+", SAMPLE.get(language, "cat"), text)
        assert read(whole, replace(ROOM, stage=stage), POSTERS), (stage, whole)


@pytest.mark.parametrize("language", languages())
def test_what_other_sentences_tell_people_to_say_is_understood(language: str) -> None:
    for stage, sentence in (
        ("brief", NO_SUBJECT),
        ("ideas", say("Say which two ideas: “combine 1 and 3”.")),
        ("ideas", say("Idea {number} has no sketch yet; say “sketch {number}”.", number=2)),
        ("choice", say("{owner}, as the owner you decide: “we take {one}”.", owner="A", one=2)),
        ("check", say("There is no reference; say “use poster 2 as the reference”.")),
        ("review", say("Not everything is checked yet: “check it”, then “pack it”.")),
        ("check", say("“pack it” makes the pack; changes are still possible.")),
        ("review", say("Not made yet: {names}; say “redo {first}”.", names="", first=nth("Poster", 2))),
        ("outline", say("There are no pieces to make; “add a picture of ...”, or “back”.")),
        ("check", say("But {faults}: send another, or say “{title} stays as it is”.",
                      faults="x", title=nth("Poster", 2))),
    ):  # fmt: skip
        for text in quoted(put(sentence, language)):
            whole = re.sub(r"\.\.\.|…+", SAMPLE.get(language, "cat"), text)
            assert read(whole, replace(ROOM, stage=stage), POSTERS), (stage, whole)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_piece_is_known_by_what_it_is_called_in_a_language(language: str, name: str) -> None:
    parts = TEMPLATES[name].pieces
    titles = [nth(p.title, 2) if p.each else say(p.title) for p in parts]
    made = [
        Piece(n, part.kind, title, "")
        for n, (part, title) in enumerate(zip(parts, titles, strict=True), 1)
    ]
    known = Room("r", pieces=tuple(made))
    for number, title in enumerate(titles, 1):
        called = put(title, language)
        assert pieces(folded(called), known, wording(language)) == (number,), called
