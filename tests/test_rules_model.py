"""The chat model that understands by rules: tool calls for requests, words for the rest."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from agents.bridge import REQUEST
from agents.direct import HELP
from agents.models.rules import RulesModel
from agents.understanding.wishes import Hints


def asked(text: str, hints: Hints | None = None) -> HumanMessage:
    extra: dict[str, Any] = {REQUEST: (text, hints)} if hints else {}
    return HumanMessage(f"[sent along: 1 image] {text}", additional_kwargs=extra)


async def answer(*messages: Any) -> AIMessage:
    return await RulesModel().bind_tools([]).ainvoke([SystemMessage("."), *messages])


async def test_a_request_becomes_tool_calls() -> None:
    said = await answer(asked("draw 2 cats and read aloud: hello", Hints()))
    assert [(c["name"], c["args"]) for c in said.tool_calls] == [
        ("draw", {"prompt": "cats", "count": 2}),
        ("speak", {"text": "hello"}),
    ]
    ids = [c["id"] for c in said.tool_calls]
    assert len(set(ids)) == 2
    assert not said.content


async def test_the_request_is_read_without_the_note_in_front_of_it() -> None:
    said = await answer(asked("make it darker", Hints(attached_images=1)))
    assert [(c["name"], c["args"]) for c in said.tool_calls] == [
        ("edit", {"image": "attached", "instruction": "darker"})
    ]


async def test_any_words_survive_the_way_through_json() -> None:
    text = 'say: "quotes", \\backslashes\\ and 猫 {braces} <tags>\nand lines'
    said = await answer(asked(text, Hints()))
    spoken = said.tool_calls[0]["args"]["text"]
    assert "猫 {braces} <tags>" in spoken
    assert "\\backslashes\\" in spoken
    assert json.loads(json.dumps(spoken)) == spoken


@pytest.mark.parametrize(
    ("text", "words"),
    [("help", HELP), ("what can you do?", HELP), ("stop", "Nothing is running here")],
)
async def test_help_and_cancel_are_words(text: str, words: str) -> None:
    said = await answer(asked(text, Hints()))
    assert str(said.content).startswith(words)
    assert not said.tool_calls


async def test_after_the_tools_have_run_it_is_silent() -> None:
    said = await answer(asked("draw a cat", Hints()), ToolMessage("{}", tool_call_id="c"))
    assert (said.content, said.tool_calls) == ("", [])


async def test_again_and_undo_are_called_by_their_names() -> None:
    said = await answer(asked("same but 16:9", Hints(last_tool="draw", pictures_here=True)))
    assert said.tool_calls[0]["name"] == "again"
    assert said.tool_calls[0]["args"] == {"changes": {"aspect": "16:9"}}
    said = await answer(asked("undo", Hints()))
    assert (said.tool_calls[0]["name"], said.tool_calls[0]["args"]) == ("undo", {})
