"""A room played by two people on Discord and one on Telegram, over servers of both protocols."""

import io
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from agents.rooms.fold import fold
from agents.rooms.state import Piece
from agents.rooms.state import Room as Project
from bot import projects
from memory.records import now
from memory.rooms import Draft, Said
from tests import discord_bot, discord_people, telegram_bot, telegram_people
from tests.discord_records import THREAD, Channel, Message
from tests.discord_server import serving as guild_serving
from tests.fakes import FakeRunner, sound
from tests.rooms import room
from tests.telegram_files import Upload
from tests.telegram_server import serving as chats_serving
from tests.telegram_world import Post

IDEAS = ("Brass Fox: A fox plays.", "Night Train: A train hums.", "Paper Moon: A moon of paper.")


def painted(width: int, height: int) -> bytes:
    """Return a picture of somebody's own that cannot be made small."""
    out, random = io.BytesIO(), np.random.default_rng(width)
    pixels = random.integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@dataclass
class Team:
    """Ana and Ben in a thread, Cat in a private chat with the same bot."""

    discord: discord_bot.Bot
    telegram: telegram_bot.Living
    thread: Channel
    ana: discord_people.Person
    ben: discord_people.Person
    cat: telegram_people.Person

    async def say(self, text: str, *files: tuple[str, bytes]) -> Message:
        """Let Ben write in the thread, and return the answer."""
        return await self.discord.reply(self.ben.says(text, self.thread, files))

    async def press(self, message: Message, action: str) -> Message:
        """Let Ana press a button, and return what it led to."""
        before = len(self.told)
        self.ana.presses(message, self.discord.button(message, action))
        await self.discord.server.wait_for(lambda: len(self.told) > before)
        await self.discord.idle(self.thread)
        return self.told[-1]

    async def tell(self, post: Post) -> Post:
        """Return the answer to something that Cat said or sent."""
        chats, cat = self.telegram.server, self.cat

        def there() -> Post | None:
            found = [p for p in chats.messages(cat) if p.by_bot and p.reply_to is post]
            return found[-1] if found and "…" not in found[-1].text[-2:] else None

        found = await chats.wait_for(there)
        assert found is not None
        await self.telegram.settled()
        return found

    async def packed(self, said: Message) -> dict[str, bytes]:
        """Return the parts of the pack that comes of what was said, by name."""
        before, answer = len(self.told), await self.discord.reply(said)
        many = int(re.findall(r"(\d+) files?", answer.content)[0])
        assert answer.content.startswith("The pack: 5 pieces")

        def there() -> dict[str, bytes]:
            return {f.filename: f.data for m in self.told[before:] for f in m.files}

        await self.discord.server.wait_for(lambda: len(there()) == many)
        return there()

    @property
    def told(self) -> list[Message]:
        """What stands in the thread by the bot, without what shows progress."""
        found = self.discord.server.messages(self.thread)
        return [m for m in found if m.nonce and not discord_bot._busy(m)]

    async def project(self) -> Project:
        rooms = self.discord.room.studio.rooms
        (seat, *_) = await rooms.seats()
        return fold(seat.room, await rooms.events(seat.room))

    async def piece(self, title: str) -> Piece:
        return next(p for p in (await self.project()).pieces if p.title == title)

    async def code(self) -> str:
        await self.discord.idle(self.thread)
        said = self.ana.mentions("/project share", self.thread)
        answer = await self.discord.server.wait_for(
            lambda: next((m for m in self.told if m.reply_to is said), None)
        )
        assert answer is not None
        return answer.content.split()[-1]

    async def review(self) -> None:
        """Take the room as far as its pieces."""
        for text in ("2 posters, never mention beer", "next", "next", "1"):
            await self.say(text)
        await self.discord.reply(self.ana.says("1", self.thread))
        await self.say("next")
        await self.say("next")
        assert (await self.project()).stage == "review"


@asynccontextmanager
async def team(root: Path) -> AsyncIterator[Team]:
    """Enter a room that the three of them share."""
    runner = FakeRunner(*IDEAS, "Jazz for everybody.")
    async with (
        guild_serving() as guild,
        chats_serving() as chats,
        room(root / "assets", runner, root / "atelier.db") as here,
        discord_bot.signed_in(guild, here) as discord,
        telegram_bot.polling(chats, here) as telegram,
    ):
        here.studio.boards.calm = 1.0
        ana, ben, cat = guild.person("Ana"), guild.person("Ben"), chats.person("Cat")
        ana.mentions("/project new poster-series for the jazz night")
        channels = guild.world.channels
        thread = await guild.wait_for(
            lambda: next((c for c in channels.values() if c.kind == THREAD), None)
        )
        assert thread is not None
        await guild.wait_for(lambda: any("Stage:" in m.content for m in guild.messages(thread)))
        three = Team(discord, telegram, thread, ana, ben, cat)
        await three.tell(cat.says(f"/project join {await three.code()}"))
        yield three
        assert not guild.violations
        telegram_bot.clean(chats)


def read(data: bytes, name: str) -> str:
    with ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return archive.read(name).decode().replace("\\", "")


def manifest(data: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(read(data, "manifest.json"))
    return found


async def test_codes_of_a_room_and_a_vote_whose_time_is_up(tmp_path: Path) -> None:
    async with team(tmp_path) as three:
        boards = [p for p in three.telegram.server.messages(three.cat) if "Stage:" in p.text]
        assert len(boards) == 1
        await three.tell(three.cat.says("never mention beer"))
        await three.discord.server.wait_for(lambda: any("beer" in m.content for m in three.told))
        code, dan = await three.code(), three.telegram.server.person("Dan")
        later = replace(three, cat=dan)
        assert "Stage: brief" in (await later.tell(dan.says(f"/project join {code}"))).text
        eve = replace(three, cat=three.telegram.server.person("Eve"))
        used = await eve.tell(eve.cat.says(f"/project join {code}"))
        assert "works once" in used.text
        rooms, room = three.discord.room.studio.rooms, await three.project()
        await rooms.share(room.id, "OLDCODE2", datetime.now(UTC))
        late = await eve.tell(eve.cat.says("/project join OLDCODE2"))
        assert "for a day" in late.text
        assert len(await rooms.seats()) == 3
        for text in ("next", "next", "2"):
            await three.say(text)
        over = {"among": [1, 2, 3], "until": now().isoformat(), "keep": True}
        await rooms.add(room.id, [Draft("ballot", over)], Said(None, "x", "over"))
        three.discord.room.studio.boards.changed(room.id)
        words = "The time for the vote is up. 2 “Night Train” it is"
        await three.discord.server.wait_for(lambda: _told(three.told, words))
        posts = three.telegram.server.messages
        await three.telegram.server.wait_for(lambda: _told(posts(dan), words))
        assert _told(posts(three.cat), words)


def _told(messages: Sequence[Message | Post], words: str) -> bool:
    texts = [m.content if isinstance(m, Message) else m.text for m in messages]
    return [text.startswith(words) for text in texts].count(True) == 1


async def test_a_piece_is_fixed_overruled_and_packed_and_the_room_opened_again(
    tmp_path: Path,
) -> None:
    async with team(tmp_path) as three:
        await three.review()
        await three.say("change the slogan to “Beer!”")
        await three.say("change the announcement to “More beer!”")
        card = await three.say("next")
        assert "falling out: #3, #4" in card.content
        mended = await three.press(card, "project:fix 3")
        assert "falling out: #4" in mended.content
        assert (await three.piece("Slogan")).now.text == "Jazz for everybody."  # type: ignore[union-attr]
        assert await three.tell(three.cat.says("announcement stays as it is"))
        first = await three.packed(three.ben.says("next", three.thread))
        assert list(first) == ["jazz-night.zip"]
        assert "let Announcement stay as it is" in read(first["jazz-night.zip"], "story.md")
        for words, answer in (("close", "is closed"), ("reopen", "open again")):
            three.ana.mentions(f"/project {words}", three.thread)
            there = lambda: answer in three.told[-1].content  # noqa: B023, E731
            await three.discord.server.wait_for(there)
        await three.say("change the announcement to “See you there!”")
        await three.say("next")
        ((name, second),) = (await three.packed(three.ben.says("next", three.thread))).items()
        assert name == "jazz-night-v2.zip"
        assert read(second, "texts/04-announcement.txt") == "See you there!"
        (third,) = (await three.packed(three.ana.says("again", three.thread))).values()
        assert manifest(third)["pieces"] == manifest(second)["pieces"]


async def test_ones_own_files_versions_and_a_pack_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "_TAKES", {"discord": 900_000, "telegram": 990_000})
    async with team(tmp_path) as three:
        await three.review()
        await own_files(three)
        await versions(three)
        await three.say("next")
        anyway = three.ana.mentions("/project anyway", three.thread)
        parts = await three.packed(anyway)
        many, numbers = len(parts), range(1, len(parts) + 1)
        assert list(parts) == [f"jazz-night-{n}-of-{many}.zip" for n in numbers]
        assert max(map(len, parts.values())) <= 900_000
        told = [manifest(part) for part in parts.values()]
        assert [(m["part"], m["parts"]) for m in told] == [(n, many) for n in numbers]
        files = {f["path"]: f["part"] for f in told[0]["files"]}  # type: ignore[attr-defined]
        assert set(files.values()) == set(numbers) > {1}


async def own_files(three: Team) -> None:
    """Let Ben and Cat send what they made themselves, right and wrong."""
    own, wide = painted(320, 480), painted(480, 320)
    told = await three.say("poster 1", ("own.png", own))
    assert told.content == "Poster 1 is now what Ben sent."
    flat = await three.tell(three.cat.sends_photo(wide, "this is poster 2"))
    assert "Poster 2 is now what Cat sent.\nBut it is 480x320, not 2:3" in flat.text
    line = await three.say("radio line", ("mine.ogg", sound() + b"\0"))
    assert line.content == "Radio line is now what Ben sent."
    wrong = await three.say("replace the slogan", ("own.png", own))
    assert "Slogan is a text and that is a picture" in wrong.content
    upload = Upload("slogan.md", b"All that jazz", "text/markdown")
    sent = three.cat.sends_document(upload, "this is the slogan")
    own_words = await three.tell(sent)
    assert own_words.text == "Slogan is now what Cat sent."
    told = await three.say("poster 2", ("notes.txt", b"hello"))
    assert "Poster 2 is a picture and that is a text" in told.content
    notes = [("notes.txt", b"hell\xf6")]
    bad = await three.discord.reply(three.ana.mentions("poster 2", three.thread, attachments=notes))
    assert "notes.txt cannot be used" in bad.content
    words = await three.tell(three.cat.says("change the slogan to “All that jazz”"))
    assert "in Cat's words: All that jazz" in words.text
    pieces = (await three.project()).pieces
    by = {p.title: p.now.author.name for p in pieces if p.now and p.now.author}
    assert by == {"Poster 1": "Ben", "Poster 2": "Cat", "Slogan": "Cat", "Radio line": "Ben"}


async def versions(three: Team) -> None:
    """Compare the two versions of a piece on both platforms, and choose."""
    shown = await three.say("compare poster 1")
    assert len(shown.files) == 1
    pressed = three.ana.presses(shown, next(iter(shown.buttons)))
    await pressed.answer()
    post = await three.tell(three.cat.says("compare poster 1"))
    assert post.kind == "photo"
    assert (await three.piece("Poster 1")).kept == 1
    second = next(b for row in post.buttons for b in row if b["text"] == "Version 2")
    three.cat.presses(post, second["callback_data"])
    await three.telegram.settled()
    assert (await three.piece("Poster 1")).kept == 2
