"""Texts under constraints and ideas that differ, with a fake writer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes import FakeRunner, model, workshop
from tools.compose import COMPOSE, IDEATE, Compose, Ideate
from tools.constraints import Constraints, faults, mended
from tools.jobs import Artifact, Job, MeaningSpec, Report

RULES = Constraints(must=("Friday 8 pm",), never=("beer", "free wine"), max_words=12)


@pytest.mark.parametrize(
    "text",
    [
        "Free wine for all.",
        "A very long text that goes on and on. It has far too many words to be a slogan.",
        "beer",
        "",
        "Jazz. Beer on Friday 8 pm. More jazz!",
    ],
)
def test_whatever_was_written_is_mended(text: str) -> None:
    assert faults(mended(text, RULES), RULES) == ()


def test_words_are_put_right_and_a_right_word_may_hold_the_wrong_one() -> None:
    rules = Constraints(terms={"gig": "live gig"}, never=("Bier",))
    assert faults("Come to the live gig.", rules) == ()
    assert faults("Come to the gig.", rules) == ("it says “gig” in place of “live gig”",)
    told = mended("Gigs! Come to the live gig. Biere gibt es auch.", rules)
    assert told == "Live gig! Come to the live gig."
    assert faults(told, rules) == ()


def test_what_is_right_stays_as_it_is() -> None:
    assert faults("Jazz on Friday 8 pm.", RULES) == ()
    assert mended("Jazz on Friday 8 pm.", RULES) == "Jazz on Friday 8 pm."


async def test_a_text_is_asked_for_again_until_it_keeps_the_rules(tmp_path: Path) -> None:
    runner = FakeRunner("Beer!", "Jazz tonight.", "Jazz on Friday 8 pm.", "never asked")
    async with workshop(tmp_path, runner) as context:
        args = Compose(request="jazz night", kind="slogan", must=["Friday 8 pm"], never=["beer"])
        made = await COMPOSE.run(args, context)
    assert made.text == "Jazz on Friday 8 pm."
    assert (made.resolved["tried"], made.resolved["mended"], made.resolved["faults"]) == (
        3, False, [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Tea is here. Mention Riverside.", "Tea is here. Riverside."),
        ("The best tea: Mention Riverside Use at most 7 words", "The best tea. Riverside."),
        ("The tone is calm, but it is tea. Riverside has it.", "Riverside has it."),
        ("Riverside's Green Tea: A Fueled by the Power of the Leaf", "Riverside's Green Tea"),
        ("Drink the green tea of the old town at noon", "Drink the green tea. Riverside."),
    ],
)  # fmt: skip
async def test_orders_are_not_repeated_and_no_text_ends_in_the_middle(
    tmp_path: Path, written: str, kept: str
) -> None:
    async with workshop(tmp_path, FakeRunner(written)) as context:
        args = Compose(
            request="green tea", wishes="The tone is calm.", must=["Riverside"], max_words=7
        )
        made = await COMPOSE.run(args, context)
    assert (made.text, made.resolved["faults"]) == (kept, [])


async def test_another_language_is_marked_since_code_cannot_mend_it(tmp_path: Path) -> None:
    english = FakeRunner("The night of the music is here, and you are with us in the park.")
    async with workshop(tmp_path, english) as context:
        made = await COMPOSE.run(Compose(request="jazz night", languages=["Spanish"]), context)
    assert made.resolved["faults"] == ["it is not written in Spanish"]


class Meaning(FakeRunner):
    """A runner whose encoder knows two things that texts can be about."""

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        (spec, *_) = job.specs
        if not isinstance(spec, MeaningSpec):
            return await super().run(job, report)
        vectors = np.zeros((len(spec.texts), 64), np.float16)
        for row, text in zip(vectors, spec.texts, strict=True):
            row[1 if "fox" in text.lower() else 2 + len(text) % 60] = 0.9
            row[0] = 0.0 if "stray" in text.lower() else 0.4  # all but strays are about jazz
        facts: dict[str, object] = {"width": 64, "signs": bytes(8 * len(spec.texts))}
        return [Artifact(vectors.tobytes(), "application/octet-stream", facts)]


async def test_ideas_that_mean_the_same_are_asked_for_again(tmp_path: Path) -> None:
    runner = Meaning(
        "Brass Fox: A fox plays the trumpet.",
        "Red Hunter: The clever fox conducts an orchestra.",
        "Night Train: A train of saxophones.",
        "Beer Garden: People drink beer.",
        "Paper Moon: A folded moon over a stage hangs low.",
    )
    models = (
        model("writer", "write", family="language"),
        model("usher", "remember", family="meaning"),
    )
    async with workshop(tmp_path, runner, models) as context:
        args = Ideate(ask="a jazz night", count=3, angles=["as an animal"], never=["beer"])
        made = await IDEATE.run(args, context)
    found = json.loads(json.dumps(made.resolved["ideas"]))
    assert [idea["title"] for idea in found] == ["Brass Fox", "Night Train", "Paper Moon"]
    assert found[0]["tags"] == ["as an animal"]


async def test_ideas_about_something_else_only_fill_up(tmp_path: Path) -> None:
    texts = (
        "Stray Moose: A mountain goat.",
        "Brass Fox: A fox plays the trumpet.",
        "Stray Tower: A giant metal tower.",
        "Night Train: A train of saxophones.",
        "Paper Moon: A folded moon over a stage hangs low.",
    )
    models = (
        model("writer", "write", family="language"),
        model("usher", "remember", family="meaning"),
    )
    for count, titles in (
        (3, ["Brass Fox", "Night Train", "Paper Moon"]),
        (4, ["Brass Fox", "Night Train", "Paper Moon", "Stray Moose"]),
    ):
        async with workshop(tmp_path / str(count), Meaning(*texts), models) as context:
            made = await IDEATE.run(Ideate(ask="a jazz night", count=count), context)
        ideas: Any = made.resolved["ideas"]
        assert [idea["title"] for idea in ideas] == titles
