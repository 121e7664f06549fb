"""What vLLM, SGLang, llama.cpp and Ollama answer when they are set up as people set them up."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.models.flavours import Call, Heard
from bot.settings import ChatModel
from tests.chat_server import Scripted, call, calls, serving, told, words
from tests.rooms import room

CAT = {"prompt": "a cat", "count": 2}
JSON = json.dumps({"name": "draw", "arguments": CAT})
PARAMETERS = json.dumps({"name": "draw", "parameters": CAT})
XML = "<function=draw>\n<parameter=prompt>\na cat\n</parameter>\n<parameter=count>2</parameter>\n"
AS_TEXT = [
    f"<tool_call>\n{JSON}\n</tool_call>",
    f"<tool_call>{JSON}",  # cut before its end
    f"<tool_call>\n{XML}</function>\n</tool_call>",
    f"{XML}</function>",
    f"[TOOL_CALLS][{JSON}]",
    f"[TOOL_CALLS]draw[ARGS]{json.dumps(CAT)}",
    f"<|python_tag|>{PARAMETERS}",
    JSON,
    PARAMETERS,
    f"[{JSON}]",
    f"```json\n{JSON}\n```",
    f"<think>\nA cat, twice.\n</think>\n\n{JSON}",
    f"<think>draw it</think><tool_call>{JSON}</tool_call>",
]


def framed(*deltas: dict[str, Any], finish: str | None = "tool_calls") -> tuple[int, str, bytes]:
    """A stream of these deltas as they are."""
    frames: list[dict[str, Any]]
    frames = [{"choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    frames.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    body = "".join(f"data: {json.dumps(f)}\n\n" for f in frames) + "data: [DONE]\n\n"
    return 200, "text/event-stream", body.encode()


def native(**more: Any) -> dict[str, Any]:
    return {"function": {"name": "draw", "arguments": json.dumps(CAT)}, **more}


AN_OBJECT = {"index": 0, "id": "a", "function": {"name": "draw", "arguments": CAT}}
AS_CALLS: list[tuple[str, Scripted]] = [
    ("arguments as an object", framed({"tool_calls": [AN_OBJECT]})),
    ("no id", framed({"tool_calls": [native(index=0)]})),
    ("no index", framed({"tool_calls": [native(id="a")]})),
    ("no type", calls(native(id="a"))),
    (
        "the name in every piece",
        framed(
            {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "draw"}}]},
            {"tool_calls": [{"index": 0, "function": {"name": "draw", "arguments": '{"prompt"'}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": ': "a cat", "count": 2}'}}]},
        ),
    ),
    ("a role nobody knows and a null content", framed({"content": None, "tool_calls": [native()]})),
]


async def asked(root: Path, answer: Scripted, streams: bool = True) -> Any:
    async with serving(answer, words("Here."), streams=streams) as server, room(root) as here:
        here.studio.chat = ChatModel(model="server", url=server.url, name="m")
        reply = await here.say("two cats please")
        return reply, told(server)


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("text", AS_TEXT)
async def test_calls_left_in_the_text_are_calls(tmp_path: Path, text: str, streams: bool) -> None:
    reply, reports = await asked(tmp_path, words(text), streams)
    assert [(s.tool, s.args["count"], s.status) for s in reply.steps] == [("draw", 2, "done")]
    assert reply.message.text.startswith("Here.\n\n2 pictures of a cat")  # and no word of JSON
    assert len(reports) == 1


@pytest.mark.parametrize(("what", "answer"), AS_CALLS, ids=[what for what, _ in AS_CALLS])
async def test_calls_that_are_put_oddly_are_calls(
    tmp_path: Path, what: str, answer: Scripted
) -> None:
    reply, _ = await asked(tmp_path, answer)
    assert [(s.tool, s.args["count"], s.status) for s in reply.steps] == [("draw", 2, "done")]


async def test_an_object_as_arguments_in_one_document(tmp_path: Path) -> None:
    answer = calls({"id": "a", "type": "function", "function": {"name": "draw", "arguments": CAT}})
    reply, _ = await asked(tmp_path, answer, streams=False)
    assert [(s.tool, s.args["count"]) for s in reply.steps] == [("draw", 2)]


async def test_whole_calls_with_the_same_index_are_several(tmp_path: Path) -> None:
    pets = [{"prompt": "a cat"}, {"prompt": "a dog"}]
    deltas = [{"tool_calls": [{**call("draw", p, None), "index": 0}]} for p in pets]
    reply, _ = await asked(tmp_path, framed(*deltas))
    assert [s.args["prompt"] for s in reply.steps] == ["a cat", "a dog"]


async def test_a_broken_call_in_the_text_is_told_to_the_model(tmp_path: Path) -> None:
    async with (
        serving(
            words('<tool_call>{"name": "draw", oops</tool_call>'), calls(call("draw", CAT))
        ) as server,
        room(tmp_path) as here,
    ):
        server.script.append(words("Here."))
        here.studio.chat = ChatModel(model="server", url=server.url, name="m")
        reply = await here.say("two cats")
        reports = told(server)
    assert [s.status for s in reply.steps] == ["failed", "done"]
    assert "is missing" in reports[0]["result"]
    assert "oops" not in reply.message.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<think>\nhm\n</think>\n\nHello there.", "Hello there."),
        ("I like <b> and a < b.", "I like <b> and a < b."),
        ('{"name": "Ana", "age": 3}', '{"name": "Ana", "age": 3}'),
        ("[1] is a footnote.", "[1] is a footnote."),
        ("```python\nprint(1)\n```", "```python\nprint(1)\n```"),
    ],
)
async def test_words_are_words(tmp_path: Path, text: str, shown: str) -> None:
    reply, _ = await asked_once(tmp_path, text)
    assert reply.message.text == shown
    assert not reply.steps


async def asked_once(root: Path, text: str) -> Any:
    async with serving(words(text)) as server, room(root) as here:
        here.studio.chat = ChatModel(model="server", url=server.url, name="m")
        return await here.say("tell me something"), server


def test_words_before_a_call_are_shown_at_once_and_the_call_never() -> None:
    heard = Heard({"draw"})
    text = f"With pleasure! <tool_call>{JSON}</tool_call>"
    shown = "".join(heard.words(letter) for letter in text)
    assert shown == "With pleasure! "
    assert heard.end() == ""
    assert heard.calls == [Call("draw", json.dumps(CAT))]


def test_a_thought_that_never_ends_is_not_shown() -> None:
    heard = Heard(())
    assert heard.words("<thi") + heard.words("nk>on and on") + heard.end() == ""
    assert not heard.shown
