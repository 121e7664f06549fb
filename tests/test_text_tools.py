"""write and brainstorm against a fake runner: cleaned, bounded, different, honest."""

from pathlib import Path

import pytest

from tests.fakes import FakeRunner, workshop
from tools.errors import EngineFailed
from tools.languages import language_name
from tools.prose import clean, count_words, different, ideas, whole, within
from tools.text import ROUNDS, Brainstorm, Write, brainstorm, write
from tools.tool import Result


async def written(root: Path, runner: FakeRunner, **args: object) -> Result:
    async with workshop(root, runner) as context:
        return await write.run(Write.model_validate({"request": "the sea", **args}), context)


async def thought(root: Path, runner: FakeRunner, **args: object) -> Result:
    async with workshop(root, runner) as context:
        return await brainstorm.run(Brainstorm.model_validate({"theme": "party", **args}), context)


async def test_the_reply_is_the_text_and_nothing_else(tmp_path: Path) -> None:
    runner = FakeRunner("Sure! Here is a poem:\n\nWaves come.\nWaves go.")
    result = await written(tmp_path, runner, kind="poem")
    assert result.text == "Waves come.\nWaves go."
    assert result.resolved["model"] == "writer"
    assert result.resolved["seed"] == runner.prompts[0].seed
    assert runner.prompts[0].messages[-1] == (
        "user",
        "Write a poem of four short lines about the sea.",
    )
    assert runner.jobs[0].model == "writer"


async def test_the_text_is_shown_while_it_grows(tmp_path: Path) -> None:
    runner = FakeRunner("Certainly! Here's a line:\nWaves come.")
    await written(tmp_path, runner)
    assert runner.notes[-1].preview == b"Waves come."
    assert runner.notes[-1].phase == "running"


async def test_the_number_of_words_is_kept_by_code(tmp_path: Path) -> None:
    runner = FakeRunner("One two three. Four five six seven eight. Nine ten.")
    result = await written(tmp_path, runner, max_words=7)
    assert result.text == "One two three."
    assert runner.prompts[0].max_tokens < 40


async def test_what_was_cut_off_ends_with_a_sentence(tmp_path: Path) -> None:
    runner = FakeRunner("The sea is wide. Its waves are")
    runner.facts = {"finished": False}
    assert (await written(tmp_path, runner)).text == "The sea is wide."


@pytest.mark.parametrize("kind", ["slogan", "name"])
async def test_one_line_is_one_line_without_quotes(tmp_path: Path, kind: str) -> None:
    runner = FakeRunner('"Wide as the world."\n\nThis slogan says a lot.')
    assert (await written(tmp_path, runner, kind=kind)).text == "Wide as the world."


async def test_braces_in_a_request_are_only_braces(tmp_path: Path) -> None:
    runner = FakeRunner()
    await written(tmp_path, runner, request="{0} {request} {")
    assert runner.prompts[0].messages[-1][1] == "{0} {request} {"


async def test_nothing_is_asked_for_once_more_and_then_told(tmp_path: Path) -> None:
    runner = FakeRunner("", "A text.")
    assert (await written(tmp_path, runner)).text == "A text."
    assert len({spec.seed for spec in runner.prompts}) == 2
    with pytest.raises(EngineFailed, match="writer wrote nothing"):
        await written(tmp_path, FakeRunner(""))


async def test_the_language_is_asked_for_and_its_lack_admitted(tmp_path: Path) -> None:
    runner = FakeRunner("The sea is wide and the waves of it are blue.")
    result = await written(tmp_path, runner, language="es")
    assert runner.prompts[0].messages[-1][1].endswith("Write in Spanish.")
    assert result.text.endswith("(writer was asked for Spanish but did not write in it.)")
    runner = FakeRunner("El mar es ancho y las olas de la tarde son azules.")
    assert "asked for" not in (await written(tmp_path, runner, language="español")).text
    runner = FakeRunner("大海很宽，海浪很蓝。")
    assert "asked for" not in (await written(tmp_path, runner, language="中文")).text
    assert language_name("Klingon") == "Klingon"


async def test_a_request_that_says_what_to_write_is_sent_as_it_stands(tmp_path: Path) -> None:
    runner = FakeRunner()
    await written(tmp_path, runner, kind="poem", request="write a haiku about snow")
    assert runner.prompts[0].messages == (("user", "write a haiku about snow"),)


async def test_a_text_with_a_gap_to_fill_in_is_written_again(tmp_path: Path) -> None:
    runner = FakeRunner("We at [Company Name] are glad.", "We are glad.")
    assert (await written(tmp_path, runner, kind="post")).text == "We are glad."
    runner = FakeRunner("We at [Company Name] are glad.", "")
    assert (await written(tmp_path, runner)).text == "We at [Company Name] are glad."


async def test_ideas_are_as_many_as_asked_and_numbered(tmp_path: Path) -> None:
    runner = FakeRunner("A treasure hunt.", "A puppet show", "A bonfire", "A talent contest")
    result = await thought(tmp_path, runner, count=3)
    assert result.text == "1. A treasure hunt.\n2. A puppet show\n3. A bonfire"
    assert len(runner.jobs) == 1
    assert len({spec.seed for spec in runner.prompts}) == 5


async def test_repeated_ideas_are_dropped_and_a_list_is_asked_for(tmp_path: Path) -> None:
    runner = FakeRunner(
        *["A treasure hunt", "A treasure hunt!", "A treasure hunt outside"],
        *["Treasure hunt", "A puppet show"],
        "Here you go:\n1. **Puppet show**\n2. A bonfire by the lake",
    )
    result = await thought(tmp_path, runner, count=3)
    assert result.text == "1. A treasure hunt\n2. A puppet show\n3. A bonfire by the lake"
    assert [len(job.specs) for job in runner.jobs] == [5, 1]


async def test_fewer_ideas_are_admitted(tmp_path: Path) -> None:
    result = await thought(tmp_path, runner := FakeRunner("A treasure hunt"), count=5)
    assert result.text == "1. A treasure hunt\nNo more than 1 different came up for party."
    assert len(runner.jobs) == ROUNDS


async def test_ideas_that_were_cut_off_do_not_count(tmp_path: Path) -> None:
    runner = FakeRunner("A treasure hunt in the")
    runner.facts = {"finished": False}
    with pytest.raises(EngineFailed, match="No ideas came"):
        await thought(tmp_path, runner, count=1)


async def test_no_idea_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="No ideas came"):
        await thought(tmp_path, FakeRunner(""))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Sure, here is a haiku for you:\nSnow falls.", "Snow falls."),
        ("Here's the text: Snow falls.", "Snow falls."),
        ("Of course!\nSnow falls.", "Snow falls."),
        ("Snow falls.\n\nLet me know if you need more!", "Snow falls."),
        ("Snow falls. I hope this helps.", "Snow falls."),
        ('"Snow falls."', "Snow falls."),
        ('"Snow," she said, "falls."', '"Snow," she said, "falls."'),
        ('"Snow falls', "Snow falls"),
        ("Sure-footed goats climb.", "Sure-footed goats climb."),
        ("Great waves rise. They fall.", "Great waves rise. They fall."),
        ("Yes is a word.", "Yes is a word."),
        ("Here is the sea.", "Here is the sea."),
    ],
)
def test_polite_words_go_and_the_text_stays(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@pytest.mark.parametrize(
    ("text", "words", "kept"),
    [
        ("One two three", 3, "One two three"),
        ("One two, three four", 2, "One two…"),
        ("One. Two three. Four", 3, "One. Two three."),
        ("Don't stop-me now", 2, "Don't stop-me…"),
        ("海很宽。海浪很蓝。", 5, "海很宽。"),
        ("One two!", 1, "One…"),
    ],
)
def test_words_are_counted_and_cut(text: str, words: int, kept: str) -> None:
    assert within(text, words) == kept
    assert count_words(within(text, words)) <= words


def test_a_list_number_ends_no_sentence() -> None:
    assert whole("1. A fort\n2. A cake and then\n3.") == "1. A fort\n2. A cake and then"
    assert whole("It is done. Then 2. A") == "It is done. Then 2."


def test_lists_are_read_however_they_are_marked() -> None:
    text = "Here are ideas:\n1) **Fort**: of blankets\n• Bake a cake\n(3) Write letters\n4. Fi"
    assert ideas(text, finished=False) == ["Fort: of blankets", "Bake a cake", "Write letters"]


def test_near_duplicates_are_one_idea() -> None:
    items = ["Bake a cake", "Bake a big cake", "Build a fort", "Fort: blankets", "Fort: pillows"]
    assert different(items, ["build a fort."]) == ["Bake a cake", "Fort: blankets"]
