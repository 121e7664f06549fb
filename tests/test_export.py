"""The export holds everything, in a form anything can read, and only what was asked for."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bot.cli import run
from memory.errors import AtelierError, NotFound
from memory.export import export
from memory.folder import DataFolder
from memory.records import Chat, Feedback, Message, User
from memory.summaries import Summary, keep
from tests.fakes import picture
from tests.rooms import ANA, BEN, CHAT, Room, room

OTHER = Chat("terminal", "other")


async def live(here: Room) -> Message:
    store = here.studio.store
    sent = await here.studio.assets.put(picture(9), "image/png", width=32, height=32)
    first = Message(CHAT, ANA, "look: “猫” \n\u2028 {}", (sent,))
    await store.add(first)
    reply = await here.say("draw a red fox", BEN)
    await here.press(reply, "vary:1", BEN)
    await store.judge(Feedback(reply.message.id, BEN, 1, "nice"))
    await store.add(Message(OTHER, ANA, "elsewhere"))
    await here.told("/memory like 16:9", BEN)
    await here.told("/settings count 2", BEN)
    await keep(here.studio.database, CHAT, Summary("notes", first.id), Summary(), [first.id])
    return first


def lines(archive: ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(f"{name}.jsonl").splitlines()]


async def test_all_of_it_comes_out_as_it_went_in_while_it_is_used(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    async with room(folder.assets, database=folder.database) as here:
        first = await live(here)
        counts = export(folder, tmp_path / "all.zip")
        messages = await here.studio.store.history(CHAT)
        steps = await here.studio.store.steps(CHAT)
    with ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        told = [one for one in lines(archive, "messages") if one["chat"] == "terminal:main"]
        assert [(m["id"], m["text"], m["assets"]) for m in told] == [
            (m.id, m.text, [a.sha256 for a in m.assets]) for m in messages
        ]
        assert (told[0]["author"], told[-1]["author"]) == ("terminal:ana", None)
        assert told[0]["at"] == f"{first.at:%Y-%m-%dT%H:%M:%SZ}"
        made = lines(archive, "steps")
        assert [(s["id"], s["tool"], s["args"]) for s in made] == [
            (s.id, s.tool, s.args) for s in steps
        ]
        assert made[1]["parents"] == made[0]["assets"]
        for one in lines(archive, "assets"):
            assert archive.getinfo(one["file"]).file_size == one["size"]
        assert archive.read(f"assets/{first.assets[0].sha256}.png") == picture(9)
        assert {one["name"] for one in lines(archive, "people")} == {"Ana", "Ben"}
        (given,) = lines(archive, "feedback")
        assert (given["user"], given["score"], given["note"]) == ("terminal:ben", 1, "nice")
        assert [one["value"] for one in lines(archive, "preferences")] == ["", "16:9"]
        assert lines(archive, "summaries")[0]["text"] == "notes"
        (setting,) = lines(archive, "settings")
        assert setting["value"]["values"] == {"count": 2}
        readme = archive.read("README.txt").decode()
        for name in archive.namelist():
            if name.endswith(".jsonl"):
                assert name in readme
                for field in lines(archive, name[:-6])[0] if counts[name[:-6]] else ():
                    assert field in readme, (name, field)


async def test_of_a_chat_or_a_person_only_theirs(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    async with room(folder.assets, database=folder.database) as here:
        await live(here)
    export(folder, tmp_path / "chat.zip", OTHER)
    export(folder, tmp_path / "ben.zip", user=BEN)
    with ZipFile(tmp_path / "chat.zip") as archive:
        assert [m["text"] for m in lines(archive, "messages")] == ["elsewhere"]
        assert [p["name"] for p in lines(archive, "people")] == ["Ana"]
        assert [n for n in archive.namelist() if n.startswith("assets/")] == []
        for name in ("steps", "feedback", "preferences", "settings", "summaries"):
            assert lines(archive, name) == []
    with ZipFile(tmp_path / "ben.zip") as archive:
        said = lines(archive, "messages")
        assert {m["author"] for m in said} == {"terminal:ben", None}
        assert "elsewhere" not in str(said)
        assert [p["name"] for p in lines(archive, "people")] == ["Ben"]
        assert picture(9) not in [archive.read(n) for n in archive.namelist()]
        assert len(lines(archive, "settings")) == 1


async def test_what_cannot_be_exported_says_why(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with pytest.raises(NotFound, match="nothing to export"):
        export(folder, tmp_path / "a.zip")
    async with room(folder.assets, database=folder.database) as here:
        await here.say("hello")
    with pytest.raises(NotFound, match="Nothing is kept"):
        export(folder, tmp_path / "a.zip", Chat("x", "y"))
    with pytest.raises(NotFound, match="Nothing is kept"):
        export(folder, tmp_path / "a.zip", user=User("x", "' OR 1"))
    (tmp_path / "a.zip").touch()
    with pytest.raises(AtelierError, match="already"):
        export(folder, tmp_path / "a.zip")
    assert "a.zip.part" not in os.listdir(tmp_path)  # noqa: PTH208


async def given(root: Path) -> None:
    folder = DataFolder(root)
    async with room(folder.assets, database=folder.database) as here:
        await live(here)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    asyncio.run(given(tmp_path / "data"))
    return tmp_path / "data"


def test_the_command_line_exports_and_forgets(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(here)]
    assert run(["export", *data, "--user", "terminal:ben", "ben.zip"]) == 0
    assert "2 steps" in capsys.readouterr().out
    assert run(["forget", *data, "--user", "terminal:ben"]) == 1
    assert "Say --yes" in capsys.readouterr().err
    assert run(["forget", *data, "--yes"]) == 1
    assert "Say what to forget" in capsys.readouterr().err
    assert run(["forget", *data, "--user", "ben", "--yes"]) == 1
    assert run(["forget", *data, "--user", "terminal:ben", "--yes"]) == 0
    assert "all terminal:ben said and made" in capsys.readouterr().out
    assert b"Ben" not in (here / "atelier.db").read_bytes()
    assert b"terminal:ben" not in (here / "atelier.db").read_bytes()
    assert run(["export", *data, "--user", "terminal:ben", "again.zip"]) == 1
    assert run(["export", *data, "rest.zip"]) == 0
    with ZipFile("rest.zip") as archive:
        assert {m["author"] for m in lines(archive, "messages")} == {"terminal:ana"}
    with DataFolder.claim(here):
        assert run(["forget", *data, "--chat", "terminal:main", "--yes"]) == 1
    assert "Another Atelier" in capsys.readouterr().err
    assert run(["forget", *data, "--chat", "terminal:main", "--yes"]) == 0
    assert not list((here / "assets").rglob("*.png"))
