"""Messages and tools as the language framework sees them."""

import json

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.utils.function_calling import convert_to_openai_tool

from agents.bridge import LONGEST, MEMORY, REQUEST, as_langchain, as_messages
from agents.commands import COMMANDS
from agents.understanding.wishes import Hints
from memory.records import Asset, Message
from tests.fakes import ANN, ROOM
from tools.builtin import every_tool

PNG = Asset("a" * 64, "image/png", 1)


def test_what_came_along_is_noted_and_names_are_not_told() -> None:
    past = [
        Message(ROOM, ANN, "look", (PNG, PNG, Asset("b" * 64, "audio/ogg", 1))),
        Message(ROOM, None, "2 pictures of a cat.", (PNG,)),
        Message(ROOM, None, "", (PNG,)),
    ]
    request = Message(ROOM, ANN, "darker")
    hints = Hints(pictures_here=True)
    messages = as_messages(past, request, hints)
    assert [(type(m), m.content) for m in messages] == [
        (HumanMessage, "[sent along: 2 image, 1 audio] look"),
        (AIMessage, "2 pictures of a cat."),
        (AIMessage, "(shown)"),
        (HumanMessage, "darker"),
    ]
    assert messages[-1].additional_kwargs == {REQUEST: ("darker", hints)}
    assert "Ann" not in str(messages)


def test_the_past_is_bounded_and_the_request_is_whole() -> None:
    past = [Message(ROOM, ANN, f"{n} {'x' * 2 * LONGEST}") for n in range(20)]
    request = Message(ROOM, ANN, "y" * 8000)
    *old, last = as_messages(past, request, Hints())
    assert last.content == request.text
    assert MEMORY * 0.9 < sum(len(str(m.content)) for m in old) < MEMORY * 1.1
    assert str(old[-1].content).startswith("19 ")
    assert str(old[-1].content).endswith("[...]")


def test_every_tool_is_described_with_its_bounds_and_how_to_point_at_things() -> None:
    tools = {t.name: t for t in (*every_tool(), *COMMANDS)}
    for name, tool in tools.items():
        schema = convert_to_openai_tool(as_langchain(tool))["function"]
        assert (schema["name"], schema["description"]) == (name, tool.description)
        for field in schema["parameters"]["properties"].values():
            assert field["description"], name
        assert len(json.dumps(schema)) < 4000
    image = convert_to_openai_tool(as_langchain(tools["edit"]))["function"]["parameters"]
    assert "'reply'" in image["properties"]["image"]["description"]
    changes = convert_to_openai_tool(as_langchain(tools["again"]))["function"]["parameters"]
    assert "aspect" in json.dumps(changes)
