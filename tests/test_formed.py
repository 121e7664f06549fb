"""Texts under a schema, choices and kept beginnings, with random weights: the hardest case."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agents.commands import COMMANDS
from agents.models.asking import fields
from agents.models.shaping import checked, shape
from tests.tiny_chat import attention, linear, loaded
from tools.builtin import every_tool
from tools.engines.choosing import chances
from tools.engines.prefixes import Prefixes, Reader
from tools.errors import JobCancelled
from tools.jobs import Artifact, TextSpec
from tools.tool import Tool

TOOLS = {tool.name: tool for tool in (*every_tool(), *COMMANDS)}
FIRST = (("system", "You turn messages into calls. " * 3), ("user", "hi"), ("assistant", "Hello."))
CALL = json.dumps(
    {"type": "function", "function": {"name": "draw", "description": "D.", "parameters": {}}}
)


@pytest.fixture(scope="module", params=[attention, linear])
def language(request: Any, tmp_path_factory: Any) -> Any:
    return loaded(tmp_path_factory.mktemp("tiny"), request.param)


def one(language: Any, spec: TextSpec) -> Artifact:
    (made,) = language.generate([spec], lambda *_: None)
    assert isinstance(made, Artifact)
    return made


def asked(text: str, begun: str = '{"name": "', **more: Any) -> TextSpec:
    messages = (*FIRST, ("user", text), ("assistant", begun))
    return TextSpec(messages, **{"max_tokens": 1, **more})


EMPTY = tuple(f"{name} must not be empty." for name in ("prompt", "request", "text", "query"))


def fault(tool: Tool, text: str) -> str:
    try:
        checked(tool, text)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", list(TOOLS))
def test_random_weights_write_nothing_but_valid_calls(language: Any, name: str) -> None:
    tool, said = TOOLS[name], 'draw a 猫 "quoted" {brace} №5 #1a2b3c4d'
    schema = shape(tool, fields(), ("step:1",), said)
    for seed in range(2):
        made = one(
            language,
            asked(said, schema=json.dumps(schema), max_tokens=900, temperature=1.5, seed=seed),
        )
        text = made.data.decode()
        assert made.facts["finished"], text
        jsonschema.validate(json.loads(text), schema)
        assert fault(tool, text) in ("", *EMPTY), text  # blanks only: what the repair is for


def test_the_model_is_asked_only_where_it_has_a_choice(language: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"aspect": {"enum": ["wide"]}},
        "required": ["aspect"],
    }
    schema["additionalProperties"] = False  # type: ignore[assignment]
    made = one(language, asked("x", schema=json.dumps(schema), max_tokens=60))
    assert made.data == b'{"aspect": "wide"}'
    assert made.facts["asked"] == 0


def test_a_form_can_be_cancelled(language: Any) -> None:
    def cancel(*_: object) -> None:
        raise JobCancelled

    schema = json.dumps({"type": "string", "minLength": 50, "maxLength": 90})
    with pytest.raises(JobCancelled):
        language.generate([asked("x", schema=schema, max_tokens=200)], cancel)


def test_a_form_that_is_cut_off_says_so(language: Any) -> None:
    schema = json.dumps({"type": "string", "minLength": 50, "maxLength": 90})
    made = one(language, asked("x", schema=schema, max_tokens=9, temperature=1.0))
    assert not made.facts["finished"]
    assert int(str(made.facts["tokens"])) <= 10


def test_near_its_limit_a_form_is_brought_to_an_end(language: Any) -> None:
    long = {"type": "string", "minLength": 1, "maxLength": 400}
    schema = {"properties": {"a": long, "b": long, "c": {"enum": ["yes", "no"]}}}
    schema |= {"required": ["a", "c"], "additionalProperties": False}  # type: ignore[dict-item]
    spec = asked("x", schema=json.dumps(schema), max_tokens=90, temperature=1.0)
    made = one(language, spec)
    jsonschema.validate(json.loads(made.data), schema)
    assert made.facts["finished"]
    assert int(str(made.facts["tokens"])) <= 90


def test_what_a_kept_beginning_gives_is_what_reading_anew_gives(language: Any) -> None:
    choices = ('draw"', 'drum"', 'describe"', 'talk"')
    for text in ("a cat", "good morning everybody", "nimm das zweite"):
        spec = asked(text, choices=choices)
        anew = json.loads(one(language, spec).data)
        kept = one(language, replace(spec, stable=3))
        assert int(str(kept.facts["kept"])) > 50
        assert json.loads(kept.data) == pytest.approx(anew, abs=1e-4)
        assert sum(anew) == pytest.approx(1)
        on = asked(text, '{"name": "draw", "arguments": ', max_tokens=20, temperature=0.0)
        written = one(language, replace(on, stable=3))
        assert int(str(written.facts["kept"])) > int(str(kept.facts["kept"]))  # of the choice, too
        assert written.data == one(language, on).data


def test_forms_choices_and_texts_may_come_in_one_job(language: Any) -> None:
    free = asked("x", "", max_tokens=5, temperature=0.0)
    form = asked("x", schema=json.dumps({"enum": ["a", "b"]}), max_tokens=9, temperature=0.0)
    choice = asked("x", choices=("a", "b"))
    specs = [free, form, free, free, choice, free]
    together = language.generate(specs, lambda *_: None)
    assert [a.data for a in together] == [one(language, spec).data for spec in specs]


def test_parking_forgets_what_was_kept(language: Any) -> None:
    spec = replace(asked("a cat", choices=("a", "b")), stable=3)
    before = one(language, spec).data
    language.park()
    language.wake()
    assert json.loads(one(language, spec).data) == pytest.approx(json.loads(before), abs=1e-4)


def test_tools_are_listed_or_given_to_the_template(tmp_path: Path) -> None:
    spec = TextSpec((("system", "Be good."), ("user", "hi")), tools=(CALL,))
    plain = loaded(tmp_path / "a", attention)
    prompt = plain._tokenizer.decode(plain._dialogue.prompt(spec))
    assert prompt.startswith("<|s|>system\nBe good.\n\nTools:\n- draw(): D.<|e|>")
    knowing = loaded(tmp_path / "b", attention, tools="template")
    prompt = knowing._tokenizer.decode(knowing._dialogue.prompt(spec))
    assert prompt.startswith('<|s|>tools\n{"type"')
    assert "<|s|>system\nBe good.<|e|>" in prompt


def test_thoughts_are_data_of_the_catalogue(tmp_path: Path) -> None:
    engine = loaded(tmp_path, attention, template={"enable_thinking": True})
    code = engine._tokenizer.encode
    text = engine._dialogue.text
    assert text(code("hm, let me see")) == ""  # the template began to think for it
    assert text(code("hm</think>\n\nHello.<|e|>")) == "Hello."
    assert text(code("Hello."), begun=True) == "Hello."
    other = loaded(tmp_path / "x", attention, thoughts=["[[", "]]"])._dialogue.text
    assert other(code("[[hm")) == ""
    assert other(code("[[hm]] Hi.")) == "Hi."
    assert other(code("Hi.")) == "Hi."


class Forgetful:
    """A network that cannot go on from a cache, as some with linear attention could not."""

    def __call__(self, input_ids: Any, past_key_values: Any, **_: Any) -> Any:
        import torch

        class Out:
            logits = torch.zeros(1, 1, 10)

        Out.logits[0, 0, input_ids.shape[1] % 7] = 9.0
        Out.past_key_values = []  # type: ignore[attr-defined]
        return Out()


def test_a_model_that_cannot_go_on_from_a_beginning_reads_all_of_it() -> None:
    reader = Reader(Forgetful(), "cpu")
    ids = list(range(40))
    assert reader.known(ids, ids[:20]) == (None, 0)
    reader.keep(ids, [])
    assert reader.known([*ids, 1], ids[:20]) == (None, 0)


def test_only_the_beginnings_used_last_are_kept() -> None:
    kept = Prefixes()
    for n in range(6):
        kept.keep([n] * 3, f"cache {n}")
        kept.find([1, 1, 1, 9])
    assert kept.find([0, 0, 0, 9]) == (None, 0)
    assert kept.find([1, 1, 1, 9]) == ("cache 1", 3)
    assert kept.find([1, 1, 1]) == (None, 0)  # something has to be left to answer to


def test_chances_are_shared_out_where_choices_part() -> None:
    import torch

    seen: list[tuple[int, ...]] = []

    def logits(before: Sequence[int]) -> torch.Tensor:
        seen.append(tuple(before))
        return torch.tensor([0.0, 1.0, 2.0, 0.0, 0.0])

    found = chances([[1, 3], [1, 4], [2, 0, 0, 0]], logits)
    assert seen == [(), (1,)]
    assert sum(found) == pytest.approx(1)
    assert found[0] == found[1] == pytest.approx(0.1345, abs=1e-3)
