"""What a room loses on real platforms (boards, rights, threads, groups), and that it goes on."""

from pathlib import Path

from memory.rooms import Draft, Said
from tests.discord_bot import talking
from tests.discord_records import THREAD, Channel, Message, Permission
from tests.discord_server import Server, serving
from tests.fakes import FakeRunner
from tests.projects import IDEAS
from tests.telegram_bot import Gate, Living, alone
from tests.telegram_people import Person, Place
from tests.telegram_world import Post
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
        three.cat.blocks()
        await three.say("never mention mead")
        assert await boards(three, "mead") == [second]
        await calm(three)
        three.cat.unblocks()
        three.cat.says("hello again, how is it going")
        assert "mead" in await cats(three, "mead")
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
        assert thread is not None
        await guild.wait_for(lambda: guild.messages(thread))
        three.thread = thread
        await boards(three, "Stage: review")
        assert "in Ben's words: Jazz!" in (await three.say("change the slogan to “Jazz!”")).content
        assert (await three.piece("Slogan")).now.text == "Jazz!"  # type: ignore[union-attr]
        assert sum(m.content == words for m in guild.messages()) == 1


def newest(guild: Server, old: int) -> Channel | None:
    every = guild.world.channels.values()
    return next((c for c in every if c.kind == THREAD and c.id != old and not c.deleted), None)


async def test_where_it_may_not_open_threads_or_pin_it_says_so_once_and_goes_on(
    tmp_path: Path,
) -> None:
    async with serving() as server, talking(server, tmp_path, FakeRunner(*IDEAS)) as bot:
        ana, channel = server.person("Ana"), server.channel
        channel.denied = Permission.CREATE_THREADS
        ana.mentions("/project new poster-series for the jazz night")
        board = await server.message(lambda m: "Stage: brief" in m.content, channel)
        for words in ("I may not create threads here", "I may not pin the board here"):
            await server.message(lambda m: words in m.content, channel)  # noqa: B023
        answer = await bot.reply(ana.says("never mention beer", channel))
        assert answer.content == "Noted: never: beer."
        ana.mentions("/project", channel)
        board = await server.message(lambda m: "Stage:" in m.content and m is not board, channel)
        await server.wait_for(lambda: sum("Stage:" in m.content for m in server.messages()) == 1)
        server.guild.roles[0].permissions |= Permission.PIN_MESSAGES
        ana.says("next", channel)
        await server.wait_for(lambda: board.pinned)
        second = server.world.channel(server.guild, "second")
        second.denied = Permission.SEND_IN_THREADS
        ana.mentions("/project new news-item for the jazz night", second)
        stays = await server.message(lambda m: "Stage: brief" in m.content, second)
        ana.says("never mention gin", second)
        await server.wait_for(lambda: "never: gin" in stays.content)
        seats = await bot.room.studio.rooms.seats()
        assert {seat.chat.id for seat in seats} == {str(channel.id), str(second.id)}
        assert not server.violations


async def stands(bot: Living, where: Place, *words: str, topic: int = 0) -> Post:
    """Wait until a board in a group or a topic says all of that."""

    def there() -> Post | None:
        found = [p for p in bot.server.messages(where) if p.topic == topic and "Stage:" in p.text]
        return next((p for p in found if all(w in p.text for w in words)), None)

    post = await bot.server.wait_for(there)
    assert post is not None
    return post


async def heard(bot: Living, where: Place, words: str) -> None:
    """Wait until the bot says something in a group."""
    posts = bot.server.messages
    await bot.server.wait_for(lambda: any(words in p.text for p in posts(where)))


async def noted(bot: Living, word: str) -> None:
    """Note something in every room as if it had been said elsewhere, and let boards follow."""
    studio = bot.room.studio
    for id in {seat.room for seat in await studio.rooms.seats()}:
        more = Draft("brief", {"name": "never", "value": [word]})
        await studio.rooms.add(id, [more], Said(None, word, f"{id} {word}"))
        studio.boards.changed(id)
    await studio.boards.settle()


async def opened(bot: Living, ana: Person, group: Place) -> None:
    ana.says("/project new poster-series for the jazz night", group)
    await bot.server.wait_for(lambda: any("Stage:" in p.text for p in bot.server.messages(group)))
    await bot.settled()


async def test_a_topic_that_is_closed_or_deleted_and_a_group_that_grows(tmp_path: Path) -> None:
    async with alone(tmp_path, FakeRunner(*IDEAS)) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        forum = bot.server.group("Team", ana, ben, forum=True)
        await opened(bot, ana, forum)
        await heard(bot, forum, "I may not open topics here")
        ana.says("/project close", forum)
        await bot.server.wait_for(
            lambda: any("closed" in p.text for p in bot.server.messages(forum))
        )
        forum.room.bot = "administrator"
        await opened(bot, ana, forum)
        await bot.server.wait_for(lambda: any(p.topic for p in bot.server.messages(forum)))
        topic = next(p.topic for p in bot.server.messages(forum) if p.topic)
        board = await stands(bot, forum, topic=topic)
        await bot.server.wait_for(lambda: board.id in forum.room.pinned)
        board.deleted = True
        forum.room.bot = "member"
        forum.close_topic(topic)
        ben.says("/project never mention beer", forum, topic=topic)
        await bot.settled()
        await bot.room.studio.boards.settle()
        forum.room.closed.clear()
        ben.says("@atelier_bot never mention gin", forum, topic=topic)
        await stands(bot, forum, "beer", "gin", topic=topic)
        await bot.settled()
        forum.delete_topic(topic)
        await bot.room.studio.boards.settle()
        await noted(bot, "rum")
        words = "The thread of “Jazz night” is gone; /project reopen goes on with it here."
        await heard(bot, forum, words)
        ana.says("/project reopen", forum)
        await stands(bot, forum, "beer", "gin", "rum")

        group = bot.server.group("Small", ana, ben)
        await opened(bot, ana, group)
        grown = group.upgrade(ana)
        ben.says("/project never mention ale", grown)
        await stands(bot, grown, "never: ale")
        await bot.settled()
        assert len([p for p in bot.server.messages(grown) if "Stage:" in p.text]) == 1
        grown.kick_bot(ana)
        await noted(bot, "port")
        grown.add_bot(ana)
        ben.says("/project never mention sake", grown)
        await stands(bot, grown, "ale", "port", "sake")
        await bot.settled()
