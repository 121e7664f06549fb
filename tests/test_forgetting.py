"""Forgotten means gone: from the database file, its log and the assets, while Atelier runs."""

from pathlib import Path

import pytest

from bot.keeping import Keeper
from memory.records import Feedback, Message, Post
from memory.summaries import kept
from tests.fakes import catalogue, model, picture
from tests.rooms import ANA, BEN, CHAT, Room, room
from tests.test_keeping import Encoder

SECRET, PROMPT = "xylophone", "zeppelin"
NAME = "Anastasia-Quirke"
WHO = type(ANA)(ANA.platform, ANA.id, NAME)


def everything(root: Path) -> bytes:
    """Return every byte of the data folder: database, write-ahead log and files, names and all."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    assert any(path.name.endswith("-wal") for path in files)  # it runs
    return b"".join(str(path).encode() + path.read_bytes() for path in files)


async def live(here: Room) -> bytes:
    """Let Ana say, send, make, like and judge things, and Ben look them up; return her picture."""
    store, keeper = here.studio.store, Keeper(here.studio, few=1)
    here.studio.catalogue = catalogue(model(), model("writer", "write"), ENCODER)
    await here.told("/memory on", WHO)
    await here.told(f"/memory like {PROMPT} grey", WHO)
    sent = await here.studio.assets.put(picture(99), "image/png")
    await here.say(f"my {SECRET} is broken", WHO, assets=[sent])
    for n in range(110):
        await store.add(Message(CHAT, WHO, f"{SECRET}{n}"))
    reply = await here.say(f"draw a {PROMPT}", WHO)
    await store.posted(reply.message.id, Post(0, f"{SECRET}-post"))
    await store.judge(Feedback(reply.message.id, WHO, 1, f"{SECRET} note"))
    keeper.spoke(CHAT)
    await keeper.catch_up()
    assert SECRET in (await kept(here.studio.database, CHAT)).text
    found = await here.say("/recall broken", BEN)
    assert SECRET in found.message.text
    await here.say("what a lovely harpsichord", BEN)
    return sent.sha256.encode()


ENCODER = model("encoder", "remember", family="meaning")
TRACES = (SECRET, SECRET[1:-1], PROMPT, NAME, f"{SECRET}-post")


@pytest.mark.parametrize("whose", ["yes", "me"])
async def test_nothing_of_it_is_left_in_any_file(tmp_path: Path, whose: str) -> None:
    (tmp_path / "assets").mkdir()
    async with room(tmp_path / "assets", Encoder(), tmp_path / "a.db") as here:
        asset = await live(here)
        before = everything(tmp_path)
        for trace in TRACES:
            assert trace.encode() in before
        assert asset in before
        assert picture(99)[40:200] in before
        await here.told(f"/forget {whose}", WHO)
        after = everything(tmp_path)
        for trace in TRACES:
            assert trace.encode() not in after, trace
        assert asset not in after
        assert picture(99)[40:200] not in after
        assert (b"harpsichord" in after) == (whose == "me")
        assert (await kept(here.studio.database, CHAT)).text == ""
        recent = await here.studio.store.recent(CHAT)
        assert SECRET not in str(recent)


async def test_a_file_that_another_chat_shows_stays(tmp_path: Path) -> None:
    other = type(CHAT)("terminal", "other")
    async with room(tmp_path) as here:
        sent = await here.studio.assets.put(picture(99), "image/png")
        await here.say("look", assets=[sent])
        await here.studio.store.add(Message(other, BEN, "the same", (sent,)))
        await here.told("/forget yes")
        assert await here.studio.assets.read(sent) == picture(99)


async def test_the_index_is_whole_after_a_look_up_was_forgotten_twice(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("my xylophone is broken")
        await here.say("/recall xylophone")
        quoting = await here.say("/recall broken", BEN)
        assert "xylophone" in quoting.message.text
        await here.told("/forget me")
        for table in ("message_words", "step_words"):
            await here.studio.database(
                lambda db, table=table: db.execute(  # type: ignore[misc]
                    f"INSERT INTO {table} ({table}) VALUES ('integrity-check')"
                )
            )
        assert "Nothing about" in (await here.say("/recall xylophone", BEN)).message.text
