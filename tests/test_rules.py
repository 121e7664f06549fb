"""Owners' rules: how scopes add up, what they refuse, and that no path goes around them."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapter import Place, Pressed, Received
from bot.errors import SettingsError
from bot.limits import Limits
from bot.rulebook import Rulebook
from bot.rules import Layer, Rules, parsed, summed
from bot.sharing import Crew, RoleSettings
from memory.database import Database
from memory.records import Chat, Message, Step
from memory.store import Store
from tests.fakes import FakeRunner, catalogue, model, picture
from tests.rooms import ANA, BEN, CHAT, room
from tools.compute.admission import Role
from tools.errors import Refused, ToolError
from tools.jobs import Artifact, Job, Report
from tools.recipe import Recipe, with_recipe

SERVER = Place(server="s", channel="c", private=False, admin=False)
ADMIN = replace(SERVER, admin=True)
ADULT = replace(SERVER, adult=True)


def layered(*values: Mapping[str, object]) -> tuple[Rules, dict[str, str]]:
    return summed(
        [Layer(str(n), {k: parsed(k, v) for k, v in v.items()}) for n, v in enumerate(values)]
    )


@pytest.mark.parametrize(
    ("outer", "inner", "both"),
    [
        ({"count": 2}, {"count": 3}, {"count": 3}),
        ({"count": 2}, {"count": "any"}, {"count": None}),
        ({"most": 4}, {"most": 8}, {"most": 4}),
        ({"most": 4}, {"most": 2}, {"most": 2}),
        ({}, {"most": 8}, {"most": 8}),
        ({"tools": "draw, edit"}, {"tools": ["edit", "speak"]}, {"tools": ("edit",)}),
        ({"tools": "draw"}, {"tools": "speak"}, {"tools": ("draw",)}),
        ({"tools": "none"}, {"tools": "draw"}, {"tools": ()}),
        ({"models": "a b"}, {"models": "all"}, {"models": ("a", "b")}),
        ({"adult": "channels"}, {"adult": "private"}, {"adult": "channels"}),
        ({"adult": "private"}, {"adult": "never"}, {"adult": "never"}),
        ({"banned": "x:1"}, {"banned": "x:2"}, {"banned": ("x:1", "x:2")}),
        ({"users": "nobody"}, {"users": "x:1"}, {"users": ("x:1",)}),
        ({"pause": "back soon"}, {"pause": "off"}, {"pause": "back soon"}),
        ({"buttons": "asker"}, {"buttons": "everyone"}, {"buttons": "everyone"}),
    ],
)
def test_what_is_allowed_narrows_and_what_is_usual_is_said_by_the_nearest(
    outer: dict[str, object], inner: dict[str, object], both: dict[str, object]
) -> None:
    rules, origins = layered(outer, inner)
    assert rules == Rules.model_validate(both)
    (name,) = both
    assert origins[name] == ("0" if both[name] == layered(outer)[0].model_dump()[name] else "1")


def test_where_a_value_comes_from() -> None:
    _, origins = layered({"most": 4, "count": 1}, {"most": 8}, {"count": 2})
    assert origins == {"most": "0", "count": "2"}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("colour", 1, "There is no setting 'colour'; there are: users, banned,"),
        ("count", "many", "count cannot be 'many'"),
        ("count", "99", "less than or equal to 10"),
        ("aspect", "5:7", "'16:9'"),
        ("adult", "always", "'channels'"),
        ("users", "ana", "platform:id such as discord:123, not ana"),
    ],
)
def test_every_mistake_is_one_sentence(name: str, value: object, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        parsed(name, value)


async def test_an_operator_cannot_allow_what_there_is_not() -> None:
    async with Database(None) as database:
        with pytest.raises(SettingsError, match="no model 'sdxxl'; there are: small"):
            Rulebook(Store(database), Rules(models=("sdxxl",)), {"models": ["small"]})


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"users": ()}, "switched off"),
        ({"users": ("terminal:ben",)}, "Only some people"),
        ({"users": ("terminal:role:5",)}, "Only some people"),
        ({"banned": ("terminal:ana",)}, "You cannot use me"),
        ({"pause": "back at six"}, "I am paused: back at six"),
        ({"tools": ("write",)}, "draw is not allowed here; what I may do is: write."),
    ],
)
async def test_who_may_not_is_told_before_anything_is_begun(
    tmp_path: Path, rules: dict[str, Any], sentence: str
) -> None:
    async with room(tmp_path, rules=Rules(**rules)) as here:
        assert sentence in await here.told("/draw a cat", place=SERVER)
        assert not await here.studio.store.history(CHAT)
        assert not here.outbox.standings
        for free in ("/help", "/settings", "/memory", "/quota", "/cancel", "/forget"):
            assert sentence not in await here.told(free, place=SERVER)


async def test_a_platform_role_lets_people_in(tmp_path: Path) -> None:
    async with room(tmp_path, rules=Rules(users=("terminal:role:5@s",))) as here:
        there = replace(SERVER, roles=frozenset({"terminal:role:5"}))
        assert (await here.say("/draw a cat", place=there)).kind == "reply"
        elsewhere = replace(there, server="other")
        assert "Only some" in await here.told("/draw a cat", place=elsewhere)
        await here.told("/settings users everyone", place=replace(elsewhere, admin=True))
        assert "Only some" in await here.told("/draw a cat", place=elsewhere)  # the operator's word


async def test_tools_are_looked_at_however_they_are_asked_for(tmp_path: Path) -> None:
    async with room(tmp_path, runner := FakeRunner()) as here:
        cat = await here.say("draw a cat", place=SERVER)
        await here.told("/settings tools write, upscale", place=ADMIN)
        drawn = len(runner.pictures)
        reply = await here.say("draw a cat and write a haiku about it", place=SERVER)
        assert [(s.tool, s.status) for s in reply.steps] == [("draw", "failed"), ("write", "done")]
        assert "draw is not allowed here" in reply.message.text
        again = await here.say("again", place=SERVER, reply_to=cat.message.id)
        assert again.message.text.startswith("I could not draw: draw is not allowed here")
        assert "vary is not allowed" in await here.told("/vary 1", place=SERVER)
        pressed = await here.press(cat, "again", place=SERVER)
        assert "draw is not allowed here" in pressed.message.text
        assert len(runner.pictures) == drawn
        undone = await here.say("undo", place=SERVER, reply_to=cat.message.id)
        assert undone.steps[0].status == "done"


async def test_the_usual_count_and_aspect_are_those_of_the_place(tmp_path: Path) -> None:
    async with room(tmp_path, rules=Rules(count=2, aspect="16:9", most=3)) as here:
        args = (await here.say("draw a cat")).steps[0].args
        assert (args["count"], args["aspect"]) == (2, "16:9")
        args = (await here.say("draw 3 dogs --ar 1:1")).steps[0].args
        assert (args["count"], args["aspect"]) == (3, "1:1")
        assert len((await here.say("/vary 1")).message.assets) == 2


async def test_no_request_makes_more_pictures_than_allowed(tmp_path: Path) -> None:
    async with room(tmp_path, rules=Rules(most=3)) as here:
        assert "At most 3" in (await here.say("draw 4 cats")).message.text
        two = await here.say("draw 2 cats and draw 2 dogs")
        assert [s.status for s in two.steps] == ["done", "failed"]
        varied = await here.say("/vary 1")  # its usual four
        assert len(varied.message.assets) == 3
        assert "At most 3" in (await here.say("again but 5")).message.text
        pressed = await here.press(varied, "vary:1")
        assert len(pressed.message.assets) == 3


async def test_only_allowed_models_draw_and_the_first_of_them_by_default() -> None:
    known = catalogue(
        model("big", "draw", "edit"),
        model("small", "draw", "vary"),
        model("w", "write", family="language"),
    )
    only = known.only(["small"])
    assert only.find("draw").name == "small"
    assert only.find("edit").name == "big"
    assert only.find("write").name == "w"
    with pytest.raises(ToolError, match="cannot draw"):
        only.find("draw", "big")
    assert known.only(["small", "big"]).find("draw").name == "big"  # the usual one is among them


@pytest.mark.parametrize(
    ("level", "place", "made"),
    [
        ("never", ADULT, False),
        ("channels", ADULT, True),
        ("channels", SERVER, False),
        ("channels", Place(), False),
        ("private", Place(), True),
        ("private", SERVER, False),
    ],
)
async def test_adult_wishes_only_where_they_may_be(
    tmp_path: Path, level: Any, place: Place, made: bool
) -> None:
    async with room(tmp_path, runner := FakeRunner(), rules=Rules(adult=level)) as here:
        reply = await here.say("draw a nude woman", place=place)
        assert (reply.kind == "reply") is made
        assert bool(runner.pictures) is made
        never = await here.say("draw a nude child", place=place)
        assert "for nobody" in never.message.text
        assert (await here.say("draw a statue --no nudity", place=place)).kind == "reply"


async def test_a_recipe_somebody_sends_is_read_too(tmp_path: Path) -> None:
    async with room(tmp_path, runner := FakeRunner()) as here:
        data = with_recipe(picture(), Recipe(tool="draw", prompt="a nude woman"))
        asset = await here.studio.assets.put(data, "image/png", width=32, height=32)
        reply = await here.say("/vary", assets=[asset], place=SERVER)
        assert "adults" in reply.message.text
        assert not runner.jobs


async def test_buttons_are_the_askers_where_owners_say_so(tmp_path: Path) -> None:
    async with room(tmp_path, rules=Rules(buttons="asker")) as here:
        reply = await here.say("/draw a cat", place=SERVER)
        pressed = Pressed(BEN, CHAT, reply.message.id, "again", place=SERVER)
        await here.handle(pressed, here.outbox)
        assert "Only who asked" in here.outbox.notices[-1]
        assert len(here.outbox.replies) == 1
        await here.handle(replace(pressed, action="good"), here.outbox)
        assert here.outbox.notices[-1] == "Thank you, noted."
        await here.press(reply, "again", place=SERVER)
        await here.press(reply, "again", BEN, ADMIN)
        assert len(here.outbox.replies) == 3


class Stuck(FakeRunner):
    """Never finishes a job; `begun` says that it has one."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        self.begun.set()
        await asyncio.Event().wait()
        return []


async def test_a_restart_goes_by_the_rules_of_the_place(tmp_path: Path) -> None:
    runner, database = Stuck(), tmp_path / "atelier.db"
    async with room(tmp_path, runner, database) as here:
        event = Received(Message(CHAT, ANA, "/draw a cat --n 4"), place=SERVER)
        task = asyncio.ensure_future(here.handle(event, here.outbox))
        await asyncio.wait_for(runner.begun.wait(), 20)
        await here.studio.store.open_turn(Message(CHAT, ANA, "draw a dog"))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await here.told("/settings server most 2", place=ADMIN)
        await here.told("/settings server count 2", place=ADMIN)
    async with room(tmp_path, None, database) as here:
        await here.desk.recover("terminal", lambda _: here.outbox)
        made, refused = sorted(r.message.text for r in here.outbox.replies)
        assert refused.startswith("I could not draw: At most 2"), (made, refused)
        assert made.startswith("2 pictures of a dog")


async def test_rules_follow_a_chat_that_moves(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.told("/settings most 2", place=replace(ADMIN, channel=""))
        new = Chat(CHAT.platform, "new")
        book = here.studio.book
        assert (await book.limits(new, ANA, replace(SERVER, channel=""))).rules.most is None
        await book.move(CHAT, new)
        assert (await book.limits(new, ANA, replace(SERVER, channel=""))).rules.most == 2
        assert (await book.limits(new, ANA)).place.server == "s"


def test_roles_of_a_platform_are_had_where_they_were_seen() -> None:
    crew = Crew(
        {
            "default": RoleSettings(),
            "vip": RoleSettings(weight=3, members=frozenset({"d:role:1"})),
            "admins": RoleSettings(weight=9, members=frozenset({"d:admin@s"})),
            "ana": RoleSettings(weight=7, members=frozenset({"d:ana"})),
        }
    )
    assert crew("d:ben") == Role()
    assert crew.see("d:ben", "s", frozenset({"d:role:1", "d:admin", "d:other"}))
    assert not crew.see("d:ben", "s", frozenset({"d:role:1", "d:admin"}))
    assert crew("d:ben").weight == 3  # the first of the settings
    assert not crew.see("d:ben", "", frozenset())  # in private nothing is known of it
    assert crew.see("d:cat", "other", frozenset({"d:admin"})) is False
    assert crew("d:cat") == Role()
    assert crew.see("d:ana", "s", frozenset({"d:role:1"}))
    assert crew("d:ana").weight == 7  # by who she is
    again = Crew({"vip": RoleSettings(weight=4, members=frozenset({"d:role:1"}))})
    again.restore(crew.dump())
    assert again("d:ben").weight == 4
    again.leave("d", "s")
    assert again("d:ben") == Role() == again("")
    again.restore({"seen": 7})


async def test_roles_survive_a_restart_and_damaged_rules_do_not_stop_it() -> None:
    roles = {"vip": RoleSettings(weight=3, members=frozenset({"terminal:role:1"}))}
    async with Database(None) as database:
        store = Store(database)
        place = replace(SERVER, roles=frozenset({"terminal:role:1"}))
        await Rulebook(store, crew=Crew(roles)).note(CHAT, ANA, place)
        crew = Crew(roles)
        book = Rulebook(store, crew=crew)
        await book.restore()
        assert crew(ANA.key).weight == 3
        facts = {"values": {"count": 2, "gone": 1, "most": "x"}, "changes": []}
        await store.keep("rules server terminal:s", facts)
        assert (await book.limits(CHAT, ANA, SERVER)).rules == Rules(count=2)


def test_the_words_of_a_step_are_read_when_it_is_planned_but_not_what_it_leaves_out() -> None:
    limits = Limits(Rules(), SERVER)
    for tool, name in (("write", "request"), ("edit", "instruction"), ("draw", "style")):
        with pytest.raises(Refused, match="for adults"):
            limits(Step(tool, {name: "a nude woman"}, ANA, CHAT, "t"), ())
    clean: dict[str, object] = {"prompt": "a statue", "negative": "nude, child"}
    assert limits(Step("draw", clean, ANA, CHAT, "t"), ()).args == clean


def test_a_step_that_is_unlimited_stays_as_it_is() -> None:
    step = Step("draw", {"prompt": "a cat"}, ANA, CHAT, "t")
    assert Limits(Rules(), SERVER)(step, ()) == step


def test_the_words_of_templates_are_harmless() -> None:
    from tools.adult import tone

    text = (Path(__file__).parent.parent / "tools" / "prompts.toml").read_text(encoding="utf-8")
    assert tone(text) == ""
