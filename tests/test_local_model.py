"""The local chat model around a scripted worker: what it is asked, and what comes of it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.models.asking import words
from bot.adapter import Reply
from bot.settings import ChatModel
from bot.studio import Rehearsal
from memory.records import Chat
from tests.fakes import FakeRunner, catalogue, model, picture
from tests.rooms import ANA, BEN, CHAT, Room, room
from tools.errors import EngineFailed, QueueFull, ToolError
from tools.jobs import Artifact, Job, Report, TextSpec

WORKER = model("writer", "write", "chat", family="language", turns=4)
KNOWN = catalogue(
    model(), WORKER, model("voice", "speak", family="speech"), model("ear", "transcribe")
)


class Thinker(FakeRunner):
    """Chooses the names it is given in turn, and fills in what it is given, as JSON or text.

    A name may be (name, probability); "talk" and "done" are chosen at the end of the script.
    """

    def __init__(self, *names: Any, forms: Sequence[Any] = ()) -> None:
        super().__init__()
        self.names, self.forms = list(names), list(forms)
        self.asked: list[TextSpec] = []
        self.thinks: Callable[[], ToolError] | None = None

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        (spec,) = job.specs if len(job.specs) == 1 else (None,)
        if not isinstance(spec, TextSpec) or not (spec.choices or spec.schema):
            return await super().run(job, report)
        assert job.model == "writer"
        self.asked.append(spec)
        if self.thinks:
            raise self.thinks()
        return [Artifact(self._said(spec).encode(), "text/plain")]

    def _said(self, spec: TextSpec) -> str:
        if spec.schema:
            form = self.forms.pop(0)
            return form if isinstance(form, str) else json.dumps(form)
        best = self.names.pop(0) if self.names else spec.choices[-1][:-1]
        name, chance = best if isinstance(best, tuple) else (best, 0.9)
        rest = (1 - chance) / (len(spec.choices) - 1)
        return json.dumps([chance if c == f'{name}"' else rest for c in spec.choices])

    @property
    def last(self) -> str:
        """What a person said, in the last thing that was asked."""
        return next(text for role, text in reversed(self.asked[-1].messages) if role == "user")


def local(root: Path, thinker: Thinker) -> Any:
    entering = room(root, thinker)

    class Entered:
        async def __aenter__(self) -> Room:
            here = await entering.__aenter__()
            here.studio.catalogue = KNOWN
            here.studio.chat = ChatModel(model="local")
            return here

        async def __aexit__(self, *error: Any) -> None:
            await entering.__aexit__(*error)

    return Entered()


def made(reply: Reply) -> list[tuple[str, str]]:
    return [(s.tool, s.status) for s in reply.steps]


async def test_a_tool_is_chosen_and_its_form_filled_in(tmp_path: Path) -> None:
    thinker = Thinker("draw", forms=[{"prompt": "a cat", "count": 2}])
    async with local(tmp_path, thinker) as here:
        reply = await here.say("two cats, would you")
    assert made(reply) == [("draw", "done")]
    assert len(reply.message.assets) == 2
    route, form, more = thinker.asked
    assert {'draw"', 'undo"', 'talk"'} <= set(route.choices)
    assert route.messages[-1] == ("assistant", '{"name": "')
    assert form.messages[-1] == ("assistant", '{"name": "draw", "arguments": ')
    assert more.messages[-1][1].endswith(
        '"arguments": {"prompt": "a cat", "count": 2}}\n{"name": "'
    )
    assert 'done"' in more.choices
    assert 'talk"' not in more.choices
    fields = json.loads(form.schema)["properties"]
    assert list(fields) == ["prompt", "count", "aspect", "style", "negative", "seed"]
    assert fields["count"] == {"type": "integer", "minimum": 1, "maximum": 10}
    assert fields["seed"]["maximum"] == 2**32 - 1  # every number has an end


async def test_several_wishes_are_planned_before_the_first_runs(tmp_path: Path) -> None:
    thinker = Thinker(
        "write", "speak", forms=[{"kind": "poem", "request": "a haiku"}, {"text": "step:1"}]
    )
    async with local(tmp_path, thinker) as here:
        reply = await here.say("write a haiku and read it aloud")
    assert made(reply) == [("write", "done"), ("speak", "done")]
    assert reply.steps[1].args["text"] == "A short text."
    assert len(thinker.asked) == 5  # after the steps have run, nothing is asked any more
    assert not any("A short text." in text for spec in thinker.asked for _, text in spec.messages)


async def test_everything_before_the_request_is_the_same_to_the_byte(tmp_path: Path) -> None:
    thinker = Thinker("draw", "done", "talk", forms=[{"prompt": "a cat"}])
    async with local(tmp_path, thinker) as here:
        await here.say("a cat", ANA)
        await here.say("so what", BEN, chat=Chat("terminal", "other"))
    beginnings = {(spec.messages[: spec.stable], spec.tools) for spec in thinker.asked}
    assert len(beginnings) == 1
    ((messages, _),) = beginnings
    assert len(messages) == 1 + 2 * len(words()["examples"])
    assert all(spec.messages[spec.stable][0] == "user" for spec in thinker.asked)


async def test_when_it_is_not_sure_it_asks_and_the_button_answers(tmp_path: Path) -> None:
    thinker = Thinker(("draw", 0.3), forms=[{"prompt": "cats"}])
    async with local(tmp_path, thinker) as here:
        question = await here.say("cats")
        assert question.kind == "question"
        assert question.message.text == words()["question"]
        labels = [action.label for action in question.actions]
        assert labels[0] == "Draw a picture"
        assert len(labels) == 3
        reply = await here.press(question, question.actions[0].id)
    assert made(reply) == [("draw", "done")]
    assert thinker.last == "cats"
    assert [bool(spec.choices) for spec in thinker.asked] == [True, False, True]  # not asked again


async def test_a_guess_is_not_added_to_what_was_clear(tmp_path: Path) -> None:
    thinker = Thinker("draw", ("undo", 0.3), forms=[{"prompt": "a cat"}])
    async with local(tmp_path, thinker) as here:
        assert made(await here.say("a cat")) == [("draw", "done")]


async def test_going_round_in_circles_ends(tmp_path: Path) -> None:
    thinker = Thinker("draw", "draw", "draw", forms=[{"prompt": "a cat"}] * 3)
    async with local(tmp_path, thinker) as here:
        assert made(await here.say("a cat")) == [("draw", "done")]
    forms: list[Any] = [{"prompt": f"cat {n}"} for n in range(9)]
    thinker = Thinker(*["draw"] * 9, forms=forms)
    async with local(tmp_path, thinker) as here:
        assert len((await here.say("cats and cats")).steps) == 4


async def test_wrong_arguments_are_repaired_once(tmp_path: Path) -> None:
    thinker = Thinker("draw", forms=[{"prompt": " ", "count": 99}, {"prompt": "a cat"}])
    async with local(tmp_path, thinker) as here:
        reply = await here.say("a cat")
    assert made(reply) == [("draw", "done")]
    told = thinker.asked[2].messages
    assert told[-3] == (
        "assistant",
        '{"name": "draw", "arguments": {"prompt": " ", "count": 99}}\n',
    )
    assert "prompt must not be empty. count must be at most 10, not 99." in told[-2][1]
    assert told[-1] == ("assistant", '{"name": "draw", "arguments": ')


@pytest.mark.parametrize(
    ("tool", "form", "args"),
    [
        (
            "draw",
            {"prompt": "a cat", "count": 99, "aspect": "7:1"},
            {"prompt": "a cat", "count": 10},
        ),
        ("draw", {"prompt": "", "count": 0}, {"prompt": "a cat, please", "count": 1}),
        ("draw", '{"prompt": "a cat with', {"prompt": "a cat with"}),
        ("draw", "oops", {"prompt": "a cat, please"}),
        ("draw", {"prompt": "x" * 3000}, {"prompt": "x" * 2000}),
        ("brainstorm", {"theme": ["a"], "size": 3}, {"theme": "a cat, please"}),
    ],
)
async def test_what_stays_wrong_is_moved_into_its_bounds(
    tmp_path: Path, tool: str, form: Any, args: dict[str, Any]
) -> None:
    thinker = Thinker(tool, forms=[form, form])
    async with local(tmp_path, thinker) as here:
        reply = await here.say("a cat, please")
    assert made(reply) == [(tool, "done")]
    assert {k: reply.steps[0].args[k] for k in args} == args


async def test_pictures_are_pointed_at_and_never_invented(tmp_path: Path) -> None:
    thinker = Thinker("upscale", forms=[{"image": "2"}])
    async with local(tmp_path, thinker) as here:
        await here.say("/draw a cat --n 3")
        cats = here.outbox.replies[-1].message.assets
        reply = await here.say("the second one in large")
        assert reply.steps[0].parents == (cats[1].sha256,)
        (form,) = [json.loads(s.schema) for s in thinker.asked if s.schema]
        pointing, described = form["properties"]["image"]["anyOf"]
        assert "last" in pointing["enum"]
        assert not any("#" in one or "step" in one for one in pointing["enum"])
        assert "#" not in described["pattern"]
        id = f"#{cats[0].sha256[:8]}"
        thinker.names, thinker.forms = ["upscale"], [{"image": id}]
        assert (await here.say(f"enlarge {id}")).steps[0].parents == (cats[0].sha256,)
        assert id in thinker.asked[-2].schema


async def test_the_last_one_is_what_was_sent_along(tmp_path: Path) -> None:
    thinker = Thinker("upscale", forms=[{"image": "last"}])
    async with local(tmp_path, thinker) as here:
        await here.say("/draw a cat")
        mine = await here.studio.assets.put(picture(9), "image/png")
        reply = await here.say("larger", assets=(mine,))
    assert reply.steps[0].parents == (mine.sha256,)
    assert thinker.last == "[sent along: 1 image] larger"


async def test_talk_is_streamed_with_the_past(tmp_path: Path) -> None:
    thinker = Thinker("talk", "talk")
    async with local(tmp_path, thinker) as here:
        await here.say("hello")
        reply = await here.say("and you?")
        assert [s.phase for s in here.outbox.standings].count("writing") == 2
    assert reply.message.text == "A short text."
    said = thinker.prompts[-1].messages
    assert said[0] == ("system", words()["talk"])
    assert said[1:3] == (("user", "hello"), ("assistant", "A short text."))
    assert thinker.prompts[-1].stable == 1


@pytest.mark.parametrize("error", [EngineFailed("The model writer broke."), None])
async def test_the_rules_answer_when_it_cannot(tmp_path: Path, error: ToolError | None) -> None:
    thinker = Thinker()
    async with local(tmp_path, thinker) as here:
        if error is None:
            here.studio.chat = ChatModel(model="local", name="nobody")
        else:
            thinker.thinks = lambda: error
        reply = await here.say("draw a cat")
        again = await here.say("draw a dog")
    assert made(reply) == made(again) == [("draw", "done")]
    reason = "There is no model 'nobody' here" if error is None else str(error)
    assert reply.message.text.startswith(reason)
    assert "built-in rules.\n\nA picture of a cat" in reply.message.text
    assert again.message.text.startswith("A picture of a dog")
    assert len(thinker.asked) == (error is not None)  # left alone for a while


async def test_a_full_queue_is_no_fault_of_the_model(tmp_path: Path) -> None:
    thinker = Thinker()
    thinker.thinks = lambda: QueueFull("Too much is waiting; try again in a minute.")
    async with local(tmp_path, thinker) as here:
        reply = await here.say("draw a cat")
    assert (reply.kind, reply.message.text) == (
        "error",
        "Too much is waiting; try again in a minute.",
    )


async def test_jobs_are_the_askers_own(tmp_path: Path) -> None:
    users = []

    class Watched(Thinker):
        async def run(self, job: Job, report: Report) -> list[Artifact]:
            users.append(job.user)
            return await super().run(job, report)

    async with local(tmp_path, Watched("draw", forms=[{"prompt": "a cat"}])) as here:
        await here.say("a cat", BEN, chat=CHAT)
    assert set(users) == {BEN.key}


async def test_a_dry_run_computes_what_is_meant_and_nothing_else() -> None:
    thinker = Thinker("draw")
    free = TextSpec((("user", "hi"),))
    choice = TextSpec((("user", "hi"),), choices=('draw"', 'talk"'))
    dry = Rehearsal(thinker)
    (meant,) = await dry.run(Job("writer", (choice,), "ana"), lambda _: None)
    assert json.loads(meant.data) == [0.9, pytest.approx(0.1)]
    (said,) = await dry.run(Job("writer", (free,), "ana"), lambda _: None)
    assert b"would follow" in said.data
    assert len(thinker.asked) == 1
    (said,) = await Rehearsal().run(Job("writer", (choice,), "ana"), lambda _: None)
    assert b"would follow" in said.data
