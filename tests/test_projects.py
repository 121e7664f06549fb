"""A project room in a chat: from the first words to made pieces, once, whatever happens."""

import asyncio
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image

from agents.rooms.fold import fold
from agents.rooms.outline import calls
from agents.rooms.state import Room as Project
from bot.adapter import Pressed, Reply
from memory.records import Chat, User
from memory.rooms import Draft, Rooms, Said
from tests.bench.rooms import talked
from tests.fakes import FakeRunner
from tests.projects import CAT, ELSEWHERE, events, made, opened, picture, project, writer
from tests.rooms import ANA, BEN, CHAT, Room, room
from tests.telegram_bot import Gate
from tools.jobs import Artifact, Job, Report


async def test_a_team_goes_from_a_few_words_to_made_pieces(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        board = await opened(here)
        assert "Stage: brief" in board.message.text
        found = await here.say("next", BEN)
        assert "Brass Fox" in found.message.text
        reply = await made_from_ideas(here)
        assert [a.media_type for a in reply.message.assets] == [
            "image/png",
            "image/png",
            "audio/ogg",
        ]
        now = await project(here)
        assert (now.stage, [p.kind for p in now.pieces]) == (
            "review", ["picture", "picture", "text", "text", "voice"],
        )  # fmt: skip
        assert all(p.now and not p.now.faults for p in now.pieces)
        idea = now.idea(now.chosen)
        assert idea is not None
        assert (idea.author, now.by["must"]) == (BEN, BEN)
        await here.studio.boards.settle()
        shown = here.outbox.boards[-1]
        assert (shown.message.id, "Stage: review" in shown.message.text) == (board.message.id, True)
        assert here.outbox.pinned == 1


async def made_from_ideas(here: Room) -> Reply:
    await here.say("how about: Cats in Hats: cats with hats play trumpets", BEN)
    await here.say("next")
    await here.say("vote for cats in hats")
    await here.say("5", BEN)
    told = await here.say("next")
    assert "To make it: 5 steps" in told.message.text
    return await here.say("next", BEN)


async def test_next_please_goes_on_as_next_does(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        assert "Brass Fox" in (await here.say("next please")).message.text
        assert (await project(here)).stage == "ideas"


async def test_words_about_something_else_are_answered_as_ever(tmp_path: Path) -> None:
    async with room(tmp_path, FakeRunner("Very well, thank you.")) as here:
        await opened(here)
        assert (await here.say("how are you?")).message.text == "Very well, thank you."
        drawn = await here.say("draw a red bicycle")
        assert [s.tool for s in drawn.steps] == ["draw"]


async def test_what_the_assistant_makes_of_a_piece_is_its_next_version(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        reply = await made(here)
        piece = (await project(here)).pieces[0]
        await here.say("poster 1: darker", BEN)
        await here.say("/edit 1 rotate left", reply_to=reply.message.id)
        later = (await project(here)).pieces[0]
        assert len(later.versions) == len(piece.versions) + 2 - (later.kept == 2)
        assert [c.text for c in later.comments] == ["darker"]


async def test_rules_of_the_brief_are_asked_for_again_and_then_kept_by_code(tmp_path: Path) -> None:
    async with room(tmp_path, writer("Free beer tonight. Come along.")) as here:
        await made(here)
        texts = [p.now.text for p in (await project(here)).pieces if p.kind == "text" and p.now]
        assert texts == ["Come along. Friday."] * 2
        runner = here.studio.runner
        assert isinstance(runner, FakeRunner)
        asked = [s.messages[-1][1] for s in runner.prompts if "Mention Friday" in s.messages[-1][1]]
        assert len(asked) == 6  # each text once, and twice again
        assert all("beer" in p.negative and "beer" not in p.prompt for p in runner.pictures)


class Dying(FakeRunner):
    """Ends the process, as it were, at the nth job of this life."""

    def __init__(self, *texts: str, at: int = 0) -> None:
        super().__init__(*texts)
        self.at = at

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        if self.at and len(self.jobs) + 1 >= self.at:
            await asyncio.Event().wait()
        return await super().run(job, report)


@pytest.mark.parametrize("stage", ["ideas", "making", "review"])
async def test_a_room_goes_on_after_it_was_killed_while_something_was_made(
    tmp_path: Path, stage: str
) -> None:
    file = tmp_path / "a.db"
    async with room(tmp_path, writer(), file) as here:
        if stage == "ideas":
            await opened(here)
        else:
            await made(here) if stage == "review" else await until_outline(here)
        here.studio.runner = Dying(at=1)
        words = "redo 1" if stage == "review" else "next"
        turn = asyncio.create_task(here.say(words, BEN))
        await asyncio.wait_for(begun(here, "running"), 5)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
    async with room(tmp_path, writer(), file) as again:
        await again.desk.recover(CHAT.platform, lambda _: again.outbox)
        assert len(again.outbox.replies) == 1
        now = await project(again)
        assert now.stage == ("ideas" if stage == "ideas" else "review")
        many = len(await events(again, "made"))
        assert many == {"ideas": 0, "making": 5, "review": 6}[stage]
        assert len(now.ideas) == (4 if stage == "ideas" else 5)
        await again.desk.recover(CHAT.platform, lambda _: again.outbox)
        assert len(again.outbox.replies) == 1


async def until_outline(here: Room) -> None:
    await opened(here)
    for user, text in (
        (BEN, "next"),
        (BEN, "how about a dog"),
        (ANA, "next"),
        (ANA, "5"),
        (BEN, "5"),
    ):
        await here.say(text, user)
    await here.say("next")


async def begun(here: Room, status: str) -> None:
    while not any(s.status == status for s in await here.studio.store.steps(CHAT)):
        pass


async def test_two_clicks_at_once_advance_a_stage_once(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        board = await opened(here)
        press = Pressed(ANA, CHAT, board.message.id, "project:next brief")
        other = Pressed(BEN, CHAT, board.message.id, "project:next brief")
        await asyncio.gather(here.handle(press, here.outbox), here.handle(other, here.outbox))
        assert len(await events(here, "stage")) == 1
        assert "already" in here.outbox.replies[-1].message.text


async def test_another_chat_joins_by_a_code_that_works_once(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        code = (await here.told("/project share")).split()[-1]
        board = await here.say(f"/project join {code}", CAT, chat=ELSEWHERE)
        assert "Stage: brief" in board.message.text
        await here.say("we need 4 posters", CAT, chat=ELSEWHERE)
        await here.say("no, make it 4 posters", CAT, chat=ELSEWHERE)
        assert (await project(here)).brief.count == 4
        await here.studio.boards.settle()
        assert {b.message.chat for b in here.outbox.boards} == {CHAT, ELSEWHERE}
        refused = await here.say(f"/project join {code}", CAT, chat=Chat("elsewhere", "8"))
        assert "not valid (any more): it works once, and for a day" in refused.message.text


async def test_a_code_ends_after_a_day(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        rooms = here.studio.rooms
        await rooms.share(await rooms.here(CHAT), "OLDCODE2", datetime.now(UTC))
        refused = await here.say("/project join OLDCODE2", CAT, chat=ELSEWHERE)
        assert "not valid" in refused.message.text
        assert not await rooms.here(ELSEWHERE)


async def test_votes_by_button_need_no_message(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        ideas = await here.say("next")
        told = await here.told_by(ideas, "project:vote 2", BEN)
        assert told.startswith("Ben votes for 2 “Night Train”")
        count = len(here.outbox.replies)
        await here.told_by(ideas, "project:vote 1", BEN)
        ballot = (await project(here)).ballot
        assert ballot is not None
        assert (dict(ballot.votes), len(here.outbox.replies)) == ({BEN: 1}, count)


async def test_a_room_is_closed_opened_again_and_forgotten(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        await here.told("/project close")
        assert not await here.studio.rooms.here(CHAT)
        assert "/project reopen opens it" in (await here.say("/project")).message.text
        await here.told("/project reopen")
        assert (await project(here)).brief.audience == "teenagers"
        await here.studio.store.forget(CHAT, BEN)
        assert (await project(here)).brief.must == ()
        await here.studio.store.forget(CHAT)
        count = "SELECT count(*) FROM room_events"
        assert (await here.studio.database(lambda db: db.execute(count).fetchone()[0])) == 0


async def test_a_chat_in_a_room_uses_up_no_code_and_leaves_only_by_itself(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        other = Chat("elsewhere", "8")
        await here.say("/project new news-item for cats", CAT, chat=other)
        code = (await here.told("/project share")).split()[-1]
        for chat, who in ((CHAT, BEN), (other, CAT)):
            refused = await here.say(f"/project join {code}", who, chat=chat)
            assert "is in a project room already" in refused.message.text
        assert (
            "Stage:" in (await here.say(f"/project join {code}", CAT, chat=ELSEWHERE)).message.text
        )
        await here.studio.boards.settle()
        assert "goes on elsewhere" in await here.told("/project leave", CAT, chat=ELSEWHERE)
        assert (
            here.outbox.boards[-1].message.text
            == "This chat has left the room, which goes on elsewhere."
        )
        assert (await project(here)).title == "Jazz night"
        assert not await here.studio.rooms.here(ELSEWHERE)
        again = (await here.told("/project share")).split()[-1]
        await here.say(f"/project join {again}", CAT, chat=ELSEWHERE)
        await here.told("/project close")
        await here.say("/project new lesson for whales", CAT, chat=ELSEWHERE)
        await here.told("/project reopen")
        assert (await project(here)).title == "Jazz night"
        assert (await project(here, ELSEWHERE)).template == "lesson"
        assert "is closed" in await here.told("/project leave")


async def test_making_that_is_stopped_or_fails_leaves_the_room_at_its_outline(
    tmp_path: Path,
) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        for text, who in (("next", BEN), ("next", ANA), ("1", ANA), ("1", BEN), ("next", ANA)):
            await here.say(text, who)
        here.studio.runner = gate = Gate()
        making = asyncio.create_task(here.say("next"))
        await gate.entered.wait()
        assert (await project(here)).stage == "making"
        await here.told("/cancel")
        assert "Cancelled" in (await making).message.text
        assert (await project(here)).stage == "outline"
        here.studio.runner = None  # type: ignore[assignment]
        await here.say("next")
        assert (await project(here)).stage == "outline"
        here.studio.runner = writer()
        assert "5 pieces made" in (await here.say("next")).message.text


async def test_a_log_read_before_is_read_anew_when_somebody_is_erased_or_renamed(
    tmp_path: Path,
) -> None:
    async with room(tmp_path) as here:
        await opened(here)
        await here.say("square", BEN)
        assert (await project(here)).members[-1].name == "Ben"
        await here.say("in the evening style", User(BEN.platform, BEN.id, "Benjamin"))
        assert [u.name for u in (await project(here)).members] == ["Ana", "Benjamin"]
        await here.studio.store.forget(CHAT, BEN)
        await here.say("keep it cheerful")  # takes the numbers of what is gone
        await here.say("audience is families")
        now, log = await project(here), await here.studio.rooms.events(await _id(here))
        assert (now.members, now.brief.must) == ((ANA,), ())
        assert now == fold(now.id, log[:]) == await _fresh(here)


async def _id(here: Room) -> str:
    return await here.studio.rooms.here(CHAT)


async def _fresh(here: Room) -> Project:
    """Return the room as it is read by who never read it."""
    log = await Rooms(here.studio.database).events(await _id(here))
    return replace(fold("fresh", log), id=await _id(here))


async def test_many_rooms_at_once_cross_nothing(tmp_path: Path) -> None:
    talk = await talked(tmp_path, rooms=4, people=5, each=1)
    assert (talk.said, talk.lost, talk.crossed, set(talk.advances)) == (20, 0, 0, {1})


async def late(here: Room) -> None:
    """Let the time of the vote be up."""
    studio = here.studio
    id = await studio.rooms.here(CHAT)
    ballot = (await project(here)).ballot
    assert ballot is not None
    past = {"until": "2020-01-01T00:00:00+00:00", "among": list(ballot.among), "keep": True}
    last = Draft("ballot", {**past, "last": ballot.last})
    await studio.rooms.add(id, [last], Said(ANA, "x", f"late {len(here.outbox.replies)}"))
    studio.boards.changed(id)
    await studio.boards.settle()


async def test_a_vote_ends_when_its_time_is_up_and_everybody_is_told(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        code = (await here.told("/project share")).split()[-1]
        await here.say(f"/project join {code}", CAT, chat=ELSEWHERE)
        for text in ("next", "next", "3"):
            await here.say(text)
        count = len(here.outbox.replies)
        await late(here)
        now = await project(here)
        assert (now.stage, now.chosen) == ("outline", 3)
        told = here.outbox.replies[count:]
        assert [r.message.chat for r in told] == [CHAT, ELSEWHERE]
        assert told[0].message.text.startswith("The time for the vote is up. 3 “Paper Moon” it is")
        here.studio.boards.changed(now.id)
        await here.studio.boards.settle()
        assert len(here.outbox.replies) == count + 2


async def test_a_vote_in_which_nobody_votes_is_left_to_the_owner(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        for text in ("next", "next"):
            await here.say(text, BEN)
        await here.say("1")
        await here.say("2", BEN)
        await late(here)
        assert "A tie between" in here.outbox.replies[-1].message.text
        await late(here)
        told = here.outbox.replies[-1]
        assert "Nobody voted in time. Ana, as the owner you decide" in told.message.text
        assert [a.id for a in told.actions] == ["project:take 1", "project:take 2"]
        await here.press(told, "project:take 2")
        assert (await project(here)).chosen == 2


async def test_a_set_is_approved_checked_mended_and_packed(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        await here.say("approve all", BEN)
        await here.say("change the slogan to “Beer on Friday”")
        card = await here.say("next")
        assert card.message.text.startswith("Score ")
        assert "“beer”" in card.message.text
        await here.say("fix all", BEN)
        now = await project(here)
        slogan = next(p for p in now.pieces if p.title == "Slogan")
        assert slogan.now is not None
        assert (slogan.now.text, slogan.now.author) == ("Jazz for everybody on Friday.", None)
        asked = await here.say("next")
        pack = asked if asked.message.assets else await here.say("/project anyway", BEN)
        (file,) = pack.message.assets
        with ZipFile(here.studio.assets.path(file)) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            story = archive.read("story.md").decode()
            names = archive.namelist()
        assert {"index.html", "pack.pdf", "slides.pptx"} <= set(names)
        assert len(manifest["pieces"]) == 5
        assert "Ben" in story
        assert "beer" not in "".join(n for n in names).lower()
        assert (await project(here)).packs == (file.sha256,)


async def test_what_was_changed_after_a_check_is_checked_before_it_is_packed(
    tmp_path: Path,
) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        first = await here.say("next", BEN)
        assert first.message.text.startswith("Score ")
        assert (await project(here)).card
        await here.say("change the slogan to “Beer on Friday.”", BEN)
        assert not (await project(here)).card
        again = await here.say("next", BEN)
        assert "beer" in again.message.text
        assert (await project(here)).stage == "check"


async def test_any_picture_of_the_room_can_be_what_all_others_look_like(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        data = io.BytesIO()
        Image.new("RGB", (64, 64), "teal").save(data, "PNG")
        own = await here.studio.assets.put(data.getvalue(), "image/png", width=64, height=64)
        refused = await here.say("use this as the reference", BEN)
        assert "Which picture?" in refused.message.text
        await here.say("use this as the reference", BEN, assets=[own])
        like = (await project(here)).reference
        assert like is not None
        assert (like.asset, like.author) == (own.sha256, BEN)
        card = await here.say("next")
        assert "the reference" in card.message.text
        await here.say("make them all look like #2", ANA)
        now = await project(here)
        assert now.reference is not None
        assert now.pieces[1].now is not None
        assert (now.reference.asset, now.card) == (now.pieces[1].now.asset, {})
        await here.studio.boards.settle()
        assert "Reference: Poster 2 (Ana)" in here.outbox.boards[-1].message.text
        one, other = (dict(wish.args) for _, wish in calls(now, [1, 2]))
        assert one["reference"] == now.reference.asset
        assert "reference" not in other  # it is that picture
        await here.say("no reference any more", BEN)
        assert (await project(here)).reference is None


async def test_a_picture_that_is_replied_to_becomes_the_reference(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        await here.say("next", BEN)
        sketch = await here.say("sketch 2", BEN)
        told = await here.say("use this as the reference", reply_to=sketch.message.id)
        assert "the sketch of idea 2" in told.message.text


async def test_the_colours_of_the_brief_are_checked(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        red = await picture(here, colour="red")
        await here.say("this is poster 1", BEN, assets=[red])
        await here.say("colours: green", BEN)
        card = await here.say("next")
        assert "the palette's nearest" in card.message.text
