"""The agent around a scripted chat model: turns kept apart, bugs, words and questions."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agents.assistant import Assistant
from agents.bridge import NOTES_AHEAD
from agents.errors import TurnError
from agents.turns import Answer
from agents.understanding.wishes import Hints
from memory.records import Message
from memory.summaries import Summary, keep
from tests.fakes import FakeRunner
from tests.rooms import ANA, BEN, CHAT, Room, room
from tests.stage import Stage, stage
from tests.test_work import Gate
from tools.tool import Tool

Say = str | list[tuple[str, dict[str, Any]]] | Exception
Script = Callable[[list[BaseMessage]], Say]


class Scripted(BaseChatModel):
    """Says what a function of the messages returns: words, tool calls or an error."""

    script: Any

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        said: Say = self.script(messages)
        if isinstance(said, Exception):
            raise said
        if isinstance(said, str):
            for word in said.split(" "):
                yield ChatGenerationChunk(message=AIMessageChunk(content=f"{word} "))
            return
        made = [
            tool_call_chunk(name=name, args=str(args).replace("'", '"'), id=f"c{n}", index=n)
            for n, (name, args) in enumerate(said)
        ]
        yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=made))


def first(said: Say) -> Script:
    """Say it to a request, and nothing once there are results."""
    return lambda messages: said if messages[-1].type == "human" else ""


async def ask(here: Stage, script: Script, text: str = "please") -> Answer:
    assistant = Assistant(Scripted(script=script), tuple(here.tools.values()))
    work = await here.work(text)
    try:
        return await assistant.answer(work, (), Hints())
    finally:
        await work.close()


def hire(here: Room, script: Script, *more: Tool) -> None:
    """Let a room's assistant be one around a script."""
    tools = {**here.studio.tools, **{t.name: t for t in more}}
    assistant = Assistant(Scripted(script=script), tuple(tools.values()))
    here.studio.tools = tools
    here.studio._assistant = asyncio.get_running_loop().create_future()  # type: ignore[assignment]
    here.studio._assistant.set_result(assistant)  # type: ignore[union-attr]


async def test_it_holds_no_conversation(tmp_path: Path) -> None:
    seen: list[list[BaseMessage]] = []

    def script(messages: list[BaseMessage]) -> Say:
        seen.append(messages)
        return "Yes."

    async with stage(tmp_path) as here:
        assistant = Assistant(Scripted(script=script), tuple(here.tools.values()))
        for text in ("one", "two"):
            await assistant.answer(await here.work(text), (), Hints())
    assert [[m.type for m in messages] for messages in seen] == [["system", "human"]] * 2
    assert [messages[-1].content for messages in seen] == ["one", "two"]


async def test_turns_at_the_same_time_are_kept_apart(tmp_path: Path) -> None:
    def script(messages: list[BaseMessage]) -> Say:
        return [("draw", {"prompt": messages[1].content})] if len(messages) == 2 else ""

    async with stage(tmp_path) as here:
        assistant = Assistant(Scripted(script=script), tuple(here.tools.values()))
        works = [await here.work(f"cat {n}") for n in range(5)]
        made = await asyncio.gather(*(assistant.answer(w, (), Hints()) for w in works))
    assert [a.steps[0].args["prompt"] for a in made] == [f"cat {n}" for n in range(5)]


async def test_an_expected_error_of_the_model_is_the_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        made = await ask(here, first(TurnError("The model sleeps; wake it.")))
        assert (made.kind, made.text) == ("error", "The model sleeps; wake it.")
        made = await ask(here, first([("draw", {"prompt": "x"}), ("edit", {"image": "7"})]))
        assert (made.kind, made.steps[1].result) == ("reply", "instruction is missing.")
        made = await ask(here, first([("upscale", {"image": "7"})]))
        assert made.kind == "question"


async def test_of_several_bugs_one_is_raised_and_all_is_recorded(tmp_path: Path) -> None:
    gate = Gate()
    async with stage(tmp_path, None, *gate.tools) as here:
        work = await here.work()
        calls: Say = [("wait", {}), ("break", {}), ("break", {}), ("speak", {"text": "step:1"})]
        assistant = Assistant(Scripted(script=first(calls)), tuple(here.tools.values()))
        with pytest.raises(ZeroDivisionError):
            await assistant.answer(work, (), Hints())
        await work.close()
        steps = await here.context.store.steps_of(work.scene.message.id)
        assert {s.status for s in steps} <= {"failed", "cancelled"}
        assert [s.status for s in steps if s.tool in ("wait", "speak")] == ["cancelled"] * 2
        assert "failed" in [s.status for s in steps if s.tool == "break"]


async def test_a_bug_ends_the_turn_with_its_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    async with room(tmp_path) as here:
        hire(here, first([("wait", {}), ("break", {"text": "secret"})]), *gate.tools)
        with caplog.at_level(logging.ERROR):
            reply = await here.say("go")
        assert reply.kind == "error"
        number = reply.message.text.split()[-1].rstrip(".")
        assert caplog.text.count(f"bug {number}") == 1
        assert "ZeroDivisionError" in caplog.text
        assert "secret" not in reply.message.text
        assert [s.status for s in reply.steps] == ["cancelled", "failed"]
        assert not await here.studio.store.open_turns("terminal")
        gate.go.set()
        hire(here, first("Still here."))
        assert (await here.say("hello?")).message.text == "Still here."


async def test_a_shutdown_leaves_the_turn_open_and_cancelling_does_not(tmp_path: Path) -> None:
    gate = Gate()
    async with room(tmp_path) as here:
        hire(here, first([("wait", {}), ("speak", {"text": "step:1"})]), *gate.tools)
        saying = asyncio.create_task(here.say("go"))
        await asyncio.wait_for(gate.begun.wait(), 20)
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)
        (request,) = await here.studio.store.open_turns("terminal")
        steps = await here.studio.store.steps_of(request.id)
        assert [s.status for s in steps] == ["queued", "queued"]
        gate.go.set()
        await here.desk.recover("terminal", lambda _: here.outbox)
        assert [s.status for s in here.outbox.replies[-1].steps] == ["done", "done"]
        assert here.outbox.replies[-1].steps[1].args["text"] == "waited "


async def test_people_in_one_chat_see_one_conversation(tmp_path: Path) -> None:
    seen: list[str] = []

    def script(messages: list[BaseMessage]) -> Say:
        seen.append(" | ".join(str(m.content) for m in messages[1:]))
        return "Yes."

    async with room(tmp_path, FakeRunner()) as here:
        hire(here, script)
        await here.say("I am Ana", ANA)
        await here.studio.store.add(Message(CHAT, BEN, "no question"))
        await here.say("I am Ben", BEN)
    assert seen[1] == "[Ana] I am Ana | Yes. | [Ben] no question | [Ben] I am Ben"


async def test_a_model_is_shown_notes_on_older_talk_and_all_that_was_said_since(
    tmp_path: Path,
) -> None:
    seen: list[list[str]] = []

    def script(messages: list[BaseMessage]) -> Say:
        seen.append([str(m.content) for m in messages[1:]])
        return "Well."

    async with stage(tmp_path) as here:
        store, chat = here.context.store, here.context.chat
        past = [Message(chat, here.context.user, f"word {n}") for n in range(4)]
        for message in past:
            await store.add(message)
        notes = Summary("- a fox was drawn", past[1].id)
        assert await keep(store.database, chat, notes, Summary(), [past[0].id, past[1].id])
        assistant = Assistant(Scripted(script=script), tuple(here.tools.values()))
        work = await here.work("please")
        await assistant.answer(work, work.scene.past, Hints())
        await work.close()
    assert seen == [[f"{NOTES_AHEAD}\n{notes.text}", "word 2", "word 3", "please"]]


class Summing(Scripted):
    """Answers a whole text at once."""

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        said = self.script(messages)
        if isinstance(said, Exception):
            raise said
        return ChatResult(generations=[ChatGeneration(message=AIMessage(said))])


@pytest.mark.parametrize(
    ("said", "own", "notes"),
    [
        ("A fox, for Ana. ", True, "A fox, for Ana."),
        ("", True, "- Ana: “a fox”"),
        (TurnError("The server is down."), True, "- Ana: “a fox”"),
        ("A dragon for everybody!", False, "- Ana: “a fox”"),
    ],
)
async def test_notes_are_in_the_models_own_words_where_it_can_be_trusted(
    said: Say, own: bool, notes: str
) -> None:
    assistant = Assistant(Summing(script=lambda _: said), (), own_words=own)
    assert await assistant.summarise("", [Message(CHAT, ANA, "a fox")]) == notes
