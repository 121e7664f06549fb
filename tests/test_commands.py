"""What a slash command means, however it is typed."""

from pathlib import Path

import pytest

from agents.understanding.wishes import Wish
from bot import commands
from bot.adapter import Received
from memory.errors import AtelierError
from memory.records import Message
from tests.fakes import FakeRunner, picture
from tests.rooms import ANA, BEN, CHAT, room


def meant(text: str) -> list[tuple[str, dict[str, object]]]:
    command = commands.parse(text)
    assert command is not None
    return [(w.tool, w.args) for w in commands.wishes(command) or ()]


def draw(prompt: str, **more: object) -> Wish:
    return Wish("draw", {"prompt": prompt, **more})


def edit(image: str, instruction: str) -> Wish:
    return Wish("edit", {"image": image, "instruction": instruction})


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("/draw a cat", [draw("a cat")]),
        ("/draw@atelier_bot a cat", [draw("a cat")]),
        ("/DRAW a cat", [draw("a cat")]),
        ("/imagine a cat --n 3", [draw("a cat", count=3)]),
        ("/imagine a cat — ar 16:9", [draw("a cat", aspect="16:9")]),
        ("/draw attention to x --ar 16:9", [draw("attention to x", aspect="16:9")]),
        ("/draw a cat, then make it darker", [draw("a cat"), edit("step:1", "darker")]),
        ("/edit 2 darker", [edit("2", "darker")]),
        ("/edit two darker", [edit("2", "darker")]),
        ("/edit darker", [edit("", "darker")]),
        ("/edit it darker", [edit("", "darker")]),
        ("/edit make it darker", [edit("", "darker")]),
        ("/edit the second one, darker", [edit("2", "darker")]),
        ("/edit 1 and 3 darker", [edit("1,3", "darker")]),
        ("/edit last darker", [edit("last", "darker")]),
        ("/edit mine brighter", [edit("mine", "brighter")]),
        ("/edit all darker", [edit("all", "darker")]),
        ("/edit #abcd make it blue", [edit("#abcd", "blue")]),
        ("/edit #ABCD1234: at night", [edit("#abcd1234", "at night")]),
        (f"/edit {'a' * 64} darker", [edit("a" * 64, "darker")]),
        ("/edit the red one: darker", [edit("red", "darker")]),
        ("/edit 第二张 更暗", [edit("2", "更暗")]),
        # What only begins like a picture is none.
        ("/edit face lighter", [edit("", "face lighter")]),
        ("/edit allow more light", [edit("", "allow more light")]),
        ("/edit minecraft style", [edit("", "minecraft style")]),
        ("/edit crop to 16:9", [edit("", "crop to 16:9")]),
        ("/edit add a hat: red", [edit("", "add a hat: red")]),
        ("/vary", [Wish("vary", {"image": ""})]),
        ("/vary 2", [Wish("vary", {"image": "2"})]),
        ("/vary 2 --n 3", [Wish("vary", {"image": "2", "count": 3})]),
        ("/vary the red one", [Wish("vary", {"image": "red"})]),
        ("/upscale", [Wish("upscale", {"image": ""})]),
        ("/upscale 2", [Wish("upscale", {"image": "2"})]),
        ("/upscale 2 4x", [Wish("upscale", {"image": "2", "factor": 4})]),
        ("/upscale 4x", [Wish("upscale", {"image": "", "factor": 4})]),
        ("/upscale the cat x2", [Wish("upscale", {"image": "the cat", "factor": 2})]),
        ("/describe", [Wish("describe", {"image": ""})]),
        ("/describe 2 what is it", [Wish("describe", {"image": "2", "question": "what is it"})]),
        ("/write a haiku on rain", [Wish("write", {"request": "a haiku on rain", "kind": "poem"})]),
        ("/write ein Gedicht", [Wish("write", {"request": "ein Gedicht", "kind": "poem"})]),
        ("/write 一首诗", [Wish("write", {"request": "一首诗", "kind": "poem"})]),
        ("/write to my boss", [Wish("write", {"request": "to my boss", "kind": "other"})]),
        ("/ideas 5 names for x", [Wish("brainstorm", {"theme": "names for x", "count": 5})]),
        ("/brainstorm a logo", [Wish("brainstorm", {"theme": "a logo"})]),
        ("/speak draw a cat", [Wish("speak", {"text": "draw a cat"})]),
        ("/speak", [Wish("speak", {"text": "step:0"})]),
        ("/recall deadline", [Wish("recall", {"query": "deadline"})]),
        ("/again", [Wish("again", {})]),
        ("/again --ar 16:9", [Wish("again", {"changes": {"aspect": "16:9"}})]),
        ("/again with a hat", [Wish("again", {"changes": {"prompt": "+ with a hat"}})]),
        ("/undo", [Wish("undo", {})]),
    ],
)
def test_what_a_command_asks_for(text: str, wishes: list[Wish]) -> None:
    assert meant(text) == [(w.tool, w.args) for w in wishes]


@pytest.mark.parametrize("name", ["draw", "imagine", "edit", "write", "ideas", "recall"])
def test_missing_words_are_asked_for_with_an_example(name: str) -> None:
    with pytest.raises(AtelierError, match=r", for example: /\w+ \w+") as caught:
        meant(f"/{name}")
    example = str(caught.value).rpartition("example: ")[2]
    assert meant(example)  # the example works


@pytest.mark.parametrize("text", ["/edit 2", "/edit the second one", "/edit all"])
def test_an_edit_without_a_change_is_not_guessed(text: str) -> None:
    with pytest.raises(AtelierError, match="needs to know what to change"):
        meant(text)


def test_every_command_of_the_list_is_one_and_its_example_works() -> None:
    for name, about in commands.COMMANDS.items():
        example = about.partition(": ")[2] or f"/{name}"
        command = commands.parse(example)
        assert command is not None
        assert command.name == name
        commands.wishes(command)


@pytest.mark.parametrize("text", ["hello", "/tmp/file is a path", "/ draw", "a /draw", "//", ""])
def test_what_is_no_command(text: str) -> None:
    assert commands.parse(text) is None


def test_an_unknown_command_is_told() -> None:
    with pytest.raises(AtelierError, match="There is no command /xyz; /help lists them"):
        commands.parse("/xyz a cat")
    with pytest.raises(AtelierError, match="/imagin; did you mean /imagine\\? /help"):
        commands.parse("/imagin a cat")
    with pytest.raises(AtelierError, match="no word behind the /"):
        commands.parse(" / ")
    with pytest.raises(AtelierError, match=r"/imagine needs words .*: /imagine a red bicycle"):
        meant("/imagine")
    assert commands.parse("/start 123") == commands.Command("help", "start")
    assert commands.parse("/draw: a cat") == commands.Command("draw", "a cat")
    assert commands.parse("/reset") == commands.Command("forget"), "which says first what it does"


async def test_a_command_uses_what_came_with_it_or_what_it_answers(tmp_path: Path) -> None:
    async with room(tmp_path, FakeRunner("Roses.")) as here:
        cats = await here.say("/draw 2 cats")
        sent = await here.studio.assets.put(picture(9), "image/png", width=32, height=32)
        for command in ("/edit darker", "/vary", "/upscale 4x", "/describe"):
            reply = await here.say(command, assets=[sent])
            assert reply.steps[0].parents == (sent.sha256,), command
            reply = await here.say(f"{command} ", reply_to=reply.message.id, assets=[sent])
            assert reply.steps[0].parents == (sent.sha256,), command
        reply = await here.say("/upscale 2", reply_to=cats.message.id)
        assert reply.steps[0].parents == (cats.message.assets[1].sha256,)
        lunch = Message(CHAT, BEN, "Lunch is at noon.")
        await here.studio.store.add(lunch)
        reply = await here.say("/speak", reply_to=lunch.id)
        assert reply.steps[0].args["text"] == "Lunch is at noon."
        reply = await here.say("/again", reply_to=cats.message.id)
        assert (reply.steps[0].tool, reply.steps[0].args["count"]) == ("draw", 2)


async def test_missing_words_are_told_and_nothing_is_stored(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.handle(Received(Message(CHAT, ANA, "/draw")), here.outbox)
        assert here.outbox.notices == [
            "error: /draw needs words behind it, for example: /draw a red bicycle --ar 16:9 --n 4"
        ]
        assert not await here.studio.store.history(CHAT)
