"""What people say in project rooms, in every language: what it means, and what means nothing."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.rooms.reading import Intent, opening, read
from agents.rooms.state import STAGES, Room
from agents.rooms.wording import FOLDER, wordings
from tests.test_rooms import IDEAS, PIECES, POSTERS, TEMPLATES

TABLES = Path(__file__).with_name("room_words")
LANGUAGES = sorted(file.stem for file in TABLES.glob("*.toml"))
ROOM = Room("r", ideas=IDEAS, pieces=PIECES)


def table(language: str) -> dict[str, Any]:
    return tomllib.loads((TABLES / f"{language}.toml").read_text("utf-8"))


def shown(intents: list[Intent]) -> str:
    return "; ".join(map(_one, intents))


def _one(intent: Intent) -> str:
    data, mark = intent.data, "!" if intent.firm else ""
    if intent.kind in ("brief", "unbrief"):
        value = data["value"]
        words = ", ".join(value) if isinstance(value, list) else value
        return f"{mark}{'-' * (intent.kind == 'unbrief')}{data['name']}: {words}"
    numbers = data.get("pieces") or [data[k] for k in ("pick", "other", "piece") if k in data]
    parts = [intent.kind, *map(str, numbers), *(["all"] if "all" in data else [])]
    parts += [f"n={data['n']}"] if "n" in data else []
    parts += [str(data["kind"])] if "kind" in data else []
    parts += ["less"] if "less" in data else []
    return " ".join(parts) + (f": {data['text']}" if "text" in data else "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_means_what_it_says(language: str) -> None:
    wrong = [
        f"{stage}: {text} -> {found!r}, not {meant!r}"
        for stage in STAGES
        for text, meant in table(language).get(stage, {}).items()
        if (found := shown(read(text, replace(ROOM, stage=stage), POSTERS))) != meant
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_room_is_opened_in_every_language(language: str) -> None:
    for text, meant in table(language)["open"].items():
        assert ": ".join(opening(text, TEMPLATES) or ()) == meant


@pytest.mark.parametrize("language", LANGUAGES)
def test_idle_talk_means_nothing_at_any_stage(language: str) -> None:
    misread = [
        f"{stage}: {text} -> {shown(found)}"
        for text in table(language)["idle"]["say"]
        for stage in STAGES
        if (found := read(text, replace(ROOM, stage=stage), POSTERS))
    ]
    assert not misread, "\n".join(misread)


def test_every_language_is_read_and_tried() -> None:
    assert {words.code for words in wordings()} == {file.stem for file in FOLDER.glob("*.toml")}
    for language in LANGUAGES:
        stages = table(language)
        assert set(STAGES) - {"making", "pack"} <= set(stages)
        assert sum(len(said) for stage, said in stages.items() if stage != "idle") >= 40
        assert len(stages["idle"]["say"]) >= 15
