"""Project rooms on Discord and Telegram: threads and topics, boards that are edited and pinned."""

from pathlib import Path

from agents.rooms.fold import fold
from memory.records import Chat
from tests.discord_bot import talking
from tests.discord_records import THREAD
from tests.discord_server import serving
from tests.fakes import FakeRunner
from tests.telegram_bot import alone

IDEAS = ("Brass Fox: A fox plays.", "Night Train: A train hums.", "Paper Moon: A moon of paper.")


async def test_discord_gives_a_room_a_thread_with_a_board_that_is_edited(tmp_path: Path) -> None:
    async with serving() as server, talking(server, tmp_path, FakeRunner(*IDEAS)) as bot:
        ana, ben = server.person("Ana"), server.person("Ben")
        ana.mentions("/project new poster-series for the jazz night")
        channels = server.world.channels
        thread = await server.wait_for(
            lambda: next((c for c in channels.values() if c.kind == THREAD), None)
        )
        assert thread is not None
        (board,) = await server.wait_for(lambda: server.messages(thread))
        assert "Stage: brief" in board.content
        (pointer,) = server.messages(server.channel)
        await server.wait_for(lambda: "in the thread" in pointer.content)
        ben.says("hello, how are you all?", thread)  # is none of our business
        answer = await bot.reply(ben.says("never mention beer", thread))
        assert answer.content == "Noted: never: beer."
        await server.wait_for(lambda: "never: beer" in board.content)
        statuses = [n for at, n in server.nonces if at == thread.id and n.endswith("s")]
        assert not statuses  # nobody spoke to us, so nobody waits for us
        ben.presses(board, next(id for id in board.buttons if id.endswith("next brief")))
        await server.wait_for(lambda: "Stage: ideas" in board.content)
        seats = await bot.room.studio.rooms.seats()
        assert [seat.chat for seat in seats] == [Chat("discord", str(thread.id))]
        assert not server.violations


async def test_after_a_restart_nobody_hears_what_the_bot_itself_said(tmp_path: Path) -> None:
    async with serving() as server:
        ana = server.person("Ana")
        async with talking(server, tmp_path, FakeRunner(*IDEAS), kept=True) as bot:
            ana.mentions("/project new poster-series for the jazz night")
            channels = server.world.channels.values()
            await server.wait_for(lambda: any(c.kind == THREAD for c in channels))
            thread = next(c for c in channels if c.kind == THREAD)
            await server.wait_for(lambda: server.messages(thread))
            ana.mentions("/project share", thread)
            await server.wait_for(lambda: "Say this" in server.messages(thread)[-1].content)
            await bot.stop()
        late = ana.says("never mention beer", thread)
        async with talking(server, tmp_path, FakeRunner(*IDEAS), kept=True) as bot:
            await bot.reply(late)
            rooms = bot.room.studio.rooms
            (seat,) = await rooms.seats()
            brief = fold(seat.room, await rooms.events(seat.room)).brief
            assert (brief.must, brief.never) == ((), ("beer",))


async def test_telegram_gives_a_room_a_topic_where_a_group_has_topics(tmp_path: Path) -> None:
    async with alone(tmp_path, FakeRunner(*IDEAS)) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        group = bot.server.group("Team", ana, ben, forum=True)
        group.room.bot = "administrator"
        ana.says("/project new poster-series for the jazz night", group)
        board = await bot.server.wait_for(
            lambda: next((p for p in bot.server.messages(group) if p.topic and p.answered), None)
        )
        assert board is not None
        assert "Stage: brief" in board.text
        ben.says("never mention beer", group, topic=board.topic)
        await bot.server.wait_for(lambda: "never: beer" in board.text)
        assert group.room.pinned == [board.id]
        await bot.settled()
        (seat,) = await bot.room.studio.rooms.seats()
        assert seat.chat == Chat("telegram", f"{group.id}:{board.topic}")


async def test_a_group_without_topics_is_the_room_itself(tmp_path: Path) -> None:
    async with alone(tmp_path, FakeRunner(*IDEAS)) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        group = bot.server.group("Team", ana, ben)
        ana.says("/project new poster-series for the jazz night", group)
        board = await bot.answer(group)
        ben.says("/project never mention beer", group)
        await bot.server.wait_for(lambda: "never: beer" in board.text)
        await bot.settled()
