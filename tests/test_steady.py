"""A chat model that goes down and comes back, with the rules in its place meanwhile."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.assistant import Assistant
from agents.models.rules import RulesModel
from agents.models.server import server_model
from agents.models.steady import SteadyModel
from memory.records import Chat
from tests.chat_server import Scripted, Server, call, calls, serving, words
from tests.rooms import Room, room

DOWN = (503, "text/plain", b"")
OVERFLOW = (400, "application/json", b'{"error": {"message": "context_length_exceeded"}}')


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def steady(root: Path, *script: Scripted) -> AsyncIterator[tuple[Room, Server, Clock]]:
    clock = Clock()
    async with serving(*script) as server, room(root) as here:
        main = server_model(server.url, "m", seconds=5)
        model = SteadyModel(main=main, spare=RulesModel(), clock=clock)
        assistant = Assistant(model, tuple(here.studio.tools.values()))
        here.studio._assistant = asyncio.get_running_loop().create_future()  # type: ignore[assignment]
        here.studio._assistant.set_result(assistant)  # type: ignore[union-attr]
        yield here, server, clock


async def test_while_it_is_down_it_is_left_alone_and_then_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with steady(tmp_path, DOWN, DOWN, words("I am back.")) as (here, server, clock):
        with caplog.at_level(logging.WARNING):
            first = await here.say("draw a cat")
            asked = len(server.requests)
            second = await here.say("draw a dog")
            clock.now = 59
            third = await here.say("draw a fox")
            assert len(server.requests) == asked  # nobody waits for a server that is down
            clock.now = 61
            last = await here.say("hello")
    assert "built-in rules" in first.message.text
    assert "built-in rules" not in second.message.text + third.message.text
    assert [s.status for r in (first, second, third) for s in r.steps] == ["done"] * 3
    assert last.message.text == "I am back."
    assert [r.levelname for r in caplog.records if "agents" in r.name] == ["WARNING"] * 2


async def test_every_chat_is_told_once_and_again_the_next_time(tmp_path: Path) -> None:
    script = (DOWN, DOWN, words("Hi."), DOWN)
    async with steady(tmp_path, *script) as (here, _, clock):
        told = [(await here.say("draw a cat", chat=Chat("terminal", c))) for c in "aba"]
        clock.now = 61
        assert (await here.say("hello")).message.text == "Hi."
        told.append(await here.say("draw a cat", chat=Chat("terminal", "a")))
    assert ["built-in rules" in t.message.text for t in told] == [True, False, False, True]


async def test_one_message_that_is_too_long_does_not_rest_it(tmp_path: Path) -> None:
    async with steady(tmp_path, OVERFLOW, words("Hi.")) as (here, _, _clock):
        reply = await here.say("draw a cat")
        assert "This time I go by my built-in rules.\n\nA picture" in reply.message.text
        assert (await here.say("hello")).message.text == "Hi."


async def test_it_may_break_off_between_two_rounds(tmp_path: Path) -> None:
    script = (calls(call("draw", {"prompt": "a cat"})), OVERFLOW)
    async with steady(tmp_path, *script) as (here, _, _clock):
        reply = await here.say("draw a cat")
    assert [s.status for s in reply.steps] == ["done"]
    assert "rules" not in reply.message.text  # all was done, there is nothing to be said
