"""What a room loses on real platforms (boards, rights, threads, groups), and that it goes on."""

from pathlib import Path

from tests.discord_records import THREAD, Channel, Message
from tests.discord_server import Server
from tests.telegram_bot import Gate
from tests.test_projects_played import Team, team


async def boards(three: Team, *words: str) -> list[Message]:
    """Wait until a board in the thread says all of that, and return all boards there are."""
    guild = three.discord.server

    def there() -> list[Message]:
        found = [m for m in guild.messages(three.thread) if "Stage:" in m.content]
        return found if any(all(w in m.content for w in words) for m in found) else []

    return await guild.wait_for(there)


async def calm(three: Team) -> None:
    await three.discord.room.studio.boards.settle()


async def test_a_board_comes_back_after_a_moderator_deleted_it_or_the_bot_was_thrown_out(
    tmp_path: Path,
) -> None:
    async with team(tmp_path) as three:
        guild, world = three.discord.server, three.discord.server.world
        three.discord.room.studio.boards.calm = 0
        (board,) = await boards(three, "Stage: brief")
        world.delete(board)
        await three.say("never mention beer")
        (second,) = await boards(three, "never: beer")
        assert "never: beer" in (await cats(three, "never: beer"))
        assert next(iter(second.buttons)).endswith("next brief")
        world.change(three.thread, archived=True)
        await three.tell(three.cat.says("never mention gin"))
        assert await boards(three, "gin") == [second]
        assert not three.thread.archived
        world.change(three.thread, archived=True, locked=True)
        await three.tell(three.cat.says("never mention rum"))
        assert "rum" in await cats(three, "rum")
        await calm(three)
        assert "rum" not in second.content
        world.change(three.thread, archived=False, locked=False)
        three.ben.says("is it open again?", three.thread)
        assert await boards(three, "rum") == [second]
        world.leave(guild.guild)
        await three.tell(three.cat.says("never mention ale"))
        await calm(three)
        assert "ale" not in second.content
        world.join(guild.guild, guild.bot)
        three.ben.says("never mention port", three.thread)
        assert await boards(three, "ale", "port") == [second]


async def cats(three: Team, words: str) -> str:
    """Return what the board in Cat's chat says, once it has those words."""
    posts = three.telegram.server.messages

    def there() -> str:
        found = [p.text for p in posts(three.cat) if "Stage:" in p.text and words in p.text]
        return found[-1] if found else ""

    return await three.telegram.server.wait_for(there)


async def test_a_thread_deleted_while_pieces_are_made_is_begun_anew_where_it_was_opened(
    tmp_path: Path,
) -> None:
    async with team(tmp_path) as three:
        guild, studio = three.discord.server, three.discord.room.studio
        for text in ("2 posters", "next", "next", "1"):
            await three.say(text)
        await three.discord.reply(three.ana.says("1", three.thread))
        await three.say("next")
        studio.runner = gate = Gate("Jazz for everybody.")
        three.ben.says("next", three.thread)
        await gate.entered.wait()
        guild.world.change(three.thread, deleted=True)
        words = "The thread of “Jazz night” is gone; /project reopen goes on with it here."
        await guild.message(lambda m: m.content == words, guild.channel)
        gate.go.set()
        assert "Stage: review" in await cats(three, "Stage: review")
        three.ana.mentions("/project reopen", guild.channel)
        old = three.thread.id
        thread = await guild.wait_for(lambda: newest(guild, old))
        await guild.wait_for(lambda: guild.messages(thread))
        three.thread = thread
        await boards(three, "Stage: review")
        assert "in Ben's words: Jazz!" in (await three.say("change the slogan to “Jazz!”")).content
        assert (await three.piece("Slogan")).now.text == "Jazz!"  # type: ignore[union-attr]
        assert sum(m.content == words for m in guild.messages()) == 1


def newest(guild: Server, old: int) -> Channel | None:
    every = guild.world.channels.values()
    return next((c for c in every if c.kind == THREAD and c.id != old and not c.deleted), None)
