"""Buttons on Telegram: under answers, under questions, and those that only Telegram has."""

from pathlib import Path

import pytest

from memory.records import Chat
from memory.store import Store
from tests.telegram_bot import alone
from tests.telegram_faults import broken, dropped


async def test_buttons_do_what_they_say(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        group = bot.server.group("Studio", ana, ben)
        ana.says("/draw 2 cats --seed 5", group)
        main = await bot.answer(group)
        await bot.settled()
        ben.presses(main, "upscale:2")
        larger = await bot.answer(group, 1)
        assert larger.reply_to is main
        await bot.settled()
        good = ana.presses(main, "good")
        await bot.server.wait_for(lambda: bot.server.world.answers.get(good) == "Thank you, noted.")
        info = ana.presses(larger, "info")
        await bot.server.wait_for(lambda: info in bot.server.world.answers)
        told = await bot.server.wait_for(
            lambda: [p for p in bot.server.messages(group) if "upscale (" in p.text]
        )
        assert told[-1].reply_to is larger
        await bot.settled()


async def test_edit_asks_what_to_change_and_takes_the_reply_for_it(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        main = await bot.answer(ana)
        await bot.settled()
        ana.says("draw a dog")
        await bot.answer(ana, 1)
        await bot.settled()
        ana.presses(main, "edit")
        asked = (await bot.said(ana, 3))[-1]
        assert asked.text.startswith("What shall I change?")
        await bot.noted(ana, asked)
        ana.says("a hat on its head", reply_to=asked)
        await bot.answer(ana, 2)
        await bot.settled()
        drawn, _, edited = await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))
        assert (edited.tool, edited.parents) == ("edit", (drawn.assets[0].sha256,))
        assert edited.args["instruction"] == "a hat on its head"


async def test_edit_asks_in_which_of_several(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw 2 dogs")
        main = await bot.answer(ana)
        await bot.said(ana, 3)
        await bot.settled()
        ana.presses(main, "edit")
        asked = (await bot.said(ana, 4))[-1]
        assert "in which one" in asked.text
        await bot.noted(ana, asked)
        ana.says("2 darker", reply_to=asked)
        await bot.answer(ana, 1)
        await bot.settled()
        drawn, edited = await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))
        assert edited.parents == (drawn.assets[1].sha256,)


async def test_files_are_the_originals(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw 2 cats")
        main = await bot.answer(ana)
        await bot.settled()
        ana.presses(main, "files")
        files = await bot.said(ana, 2, "document")
        await bot.noted(ana, files[1])
        (step,) = await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))
        read = bot.room.studio.assets.read
        assert [f.data for f in files] == [await read(a) for a in step.assets]
        ana.says("make it darker", reply_to=files[1])
        await bot.answer(ana, 1)
        await bot.settled()
        edited = (await bot.room.studio.store.steps(Chat("telegram", str(ana.id))))[-1]
        assert edited.parents == (step.assets[1].sha256,)


async def test_delete_takes_everything_away_from_those_who_may(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        group = bot.server.group("Studio", ana, ben)
        ana.says("/draw 2 cats", group)
        await bot.said(group, 3)
        main = await bot.answer(group)
        await bot.settled()
        press = ben.presses(main, "delete")
        await bot.server.wait_for(lambda: bot.server.world.answers.get(press))
        assert "Only who asked" in bot.server.world.answers[press]
        ana.presses(main, "delete")
        await bot.server.wait_for(lambda: not bot.server.messages(group))
        await bot.server.wait_for(lambda: not bot.server.unanswered)


async def test_a_button_under_something_forgotten_says_so(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        main = await bot.answer(ana)
        await bot.settled()
        ana.says("/forget yes")
        await bot.said(ana, 2)
        press = ana.presses(main, "again")
        told = await bot.server.wait_for(lambda: bot.server.world.answers.get(press, ""))
        assert "no longer remembered" in told


async def test_a_question_is_answered_by_its_buttons(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw 2 dogs")
        await bot.said(ana, 3)
        await bot.settled()
        ana.says("make it darker")
        asked = await bot.answer(ana, 1)
        assert "which one" in asked.text
        await bot.noted(ana, asked)
        assert asked.kind == "photo"  # one sheet with the numbers, and nothing but answers below
        assert asked.labels == ["1", "2"]
        await bot.settled()
        ana.presses(asked, asked.buttons[0][1]["callback_data"])
        await bot.answer(ana, 2)
        await bot.settled()
        made, edited = await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))
        assert edited.parents == (made.assets[1].sha256,)


async def test_a_plan_is_changed_by_a_reply_and_done_by_a_button(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        said = ana.says("write a haiku about rain, illustrate it and read it aloud")
        plan = await bot.answer(ana)
        assert plan.text.startswith("Plan: 3 steps")
        assert plan.reply_to in (said, None)
        await bot.settled()
        ana.presses(plan, "change")
        (asked,) = await bot.server.wait_for(
            lambda: [p for p in bot.server.messages(ana) if p.text.startswith("What shall be")]
        )
        await bot.noted(ana, asked)
        await bot.settled()
        ana.says("2 to a fox", reply_to=asked)
        changed = await bot.answer(ana, 1)
        assert "2. draw a picture of a fox" in changed.text
        await bot.settled()
        ana.presses(changed, "go")
        await bot.answer(ana, 2)
        await bot.settled()
        steps = await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))
        assert [(s.tool, s.status) for s in steps] == [
            ("write", "done"),
            ("draw", "done"),
            ("speak", "done"),
        ]


async def test_a_press_is_answered_although_the_network_fails(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        main = await bot.answer(ana)
        await bot.settled()
        bot.server.fail("answerCallbackQuery", dropped(), broken(), dropped())
        press = ana.presses(main, "good")
        await bot.server.wait_for(lambda: bot.server.world.answers.get(press))
        assert bot.server.world.answers[press] == "Thank you, noted."
        await bot.settled()


async def test_a_press_that_breaks_something_stops_spinning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        main = await bot.answer(ana)
        await bot.settled()

        async def fail(*_: object) -> None:
            raise OSError("the disk is gone")

        with monkeypatch.context() as patch:
            patch.setattr(Store, "behind", fail)
            press = ana.presses(main, "good")
            await bot.server.wait_for(lambda: press in bot.server.world.answers)
    assert "could not be handled" in caplog.text


@pytest.mark.parametrize("action", ["edit", "files", "vary:1"])
async def test_buttons_belong_to_who_asked_where_that_is_the_rule(
    tmp_path: Path, action: str
) -> None:
    async with alone(tmp_path) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        group = bot.server.group("Studio", ana, ben)
        group.promote(ana)
        ana.says("/settings buttons asker", group)
        await bot.said(group)
        ana.says("/draw a cat", group)
        main = await bot.answer(group)
        await bot.settled()
        count = len(bot.server.messages(group))
        press = ben.presses(main, action)
        await bot.server.wait_for(lambda: bot.server.world.answers.get(press))
        assert "Only who asked for that" in bot.server.world.answers[press]
        press = ana.presses(main, action)
        await bot.server.wait_for(lambda: len(bot.server.messages(group)) > count)
        await bot.server.wait_for(lambda: press in bot.server.world.answers)
        await bot.settled()


async def test_topics_have_rules_of_their_own(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        forum, other = (bot.server.group(name, ana, forum=True) for name in ("One", "Two"))
        topics = [place.open_topic("Cats", ana) for place in (forum, other)]
        assert topics[0] == topics[1]  # the number alone says nothing
        forum.promote(ana)
        ana.says("/settings count 2", forum, topic=topics[0])
        ana.says("/settings chat most 3", forum, topic=topics[0])
        await bot.said(forum, 2)
        ana.says("/settings most", other, topic=topics[1])
        (told,) = await bot.said(other)
        assert told.text.startswith("most: any (built in)")
        ana.says("/settings most", forum)
        ana.says("/settings most", forum, topic=topics[0])
        *_, free, bound = await bot.said(forum, 4)
        assert free.text.startswith("most: any (built in)")
        assert bound.text.startswith("most: 3 (this chat)")
        await bot.settled()


async def test_a_group_that_throws_us_out_lets_go_of_its_roles(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        group = bot.server.group("Studio", ana)
        left: list[tuple[str, str]] = []

        async def leave(platform: str, server: str) -> None:
            left.append((platform, server))

        bot.room.studio.book.leave = leave  # type: ignore[method-assign]
        group.kick_bot(ana)
        ana.says("hello")
        ana.blocks()
        await bot.server.wait_for(lambda: not bot.server.updates.pending)
        assert left == [("telegram", str(group.id))]
