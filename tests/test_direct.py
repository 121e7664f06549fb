"""The rules by themselves: the same answers as the agent with the rules model, without it."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.direct import HELP, decided
from agents.understanding.wishes import Hints, Wish
from tests.fakes import FakeRunner
from tests.rooms import BEN, room
from tools.errors import EngineFailed

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("text", "calls", "said"),
    [
        ("draw 2 cats", [Wish("draw", {"prompt": "cats", "count": 2})], ""),
        ("help", [], HELP),
        ("stop", [], "Nothing is running here that could be cancelled."),
        ("hello there", [], ""),
    ],
)
def test_what_a_request_asks_for_or_what_answers_it(
    text: str, calls: list[Wish], said: str
) -> None:
    assert decided(text, Hints()) == (calls, said)


async def test_calls_are_performed_and_words_are_told(tmp_path: Path) -> None:
    async with room(tmp_path, FakeRunner("Hello, Ana!")) as here:
        reply = await here.say("draw a cat and read aloud: hello")
        assert [step.tool for step in reply.steps] == ["draw", "speak"]
        reply = await here.say("good morning")
        assert reply.message.text == "Hello, Ana!"
        assert (await here.say("help")).message.text == HELP


async def test_what_breaks_is_told(tmp_path: Path) -> None:
    async with room(tmp_path, FakeRunner(fails=EngineFailed("The model broke."))) as here:
        reply = await here.say("good morning")
        assert (reply.kind, reply.message.text) == ("error", "The model broke.")


async def test_talk_of_one_person_is_not_taken_for_that_of_another(tmp_path: Path) -> None:
    runner = FakeRunner("Nice.")
    async with room(tmp_path, runner) as here:
        writer = here.studio.catalogue.find("write").model_copy(update={"turns": 6})
        here.studio.catalogue.models[writer.name] = writer
        await here.say("I love my dog Rex", BEN)
        await here.say("I have a cat")
        await here.say("and I am tired")
        told = [text for _, text in runner.prompts[-1].messages]
        assert "I have a cat" in told
        assert not any("Rex" in text for text in told)


def test_nothing_of_the_language_framework_is_loaded() -> None:
    code = (
        "import sys, agents.direct\n"
        "print([m for m in sys.modules if m.startswith(('lang', 'openai', 'torch'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
