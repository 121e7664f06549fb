"""The contract of tools: found by file, described, bounded, and wrong arguments in a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

import tools
from tools.builtin import ORDER, every_tool
from tools.errors import ToolError
from tools.image import Draw
from tools.registry import marked
from tools.text import Write
from tools.tool import TOOLS, Args, Context, Result, Tool, sentence, tool

FIELDS = {
    "draw": [
        "prompt",
        "count",
        "aspect",
        "style",
        "illustrates",
        "negative",
        "seed",
        "steps",
        "model",
        "lora",
        "transparent",
        "spoiler",
        "reference",
        "unheeded",
    ],
    "edit": ["image", "instruction", "strength", "lora", "spoiler"],
    "vary": ["image", "count", "strength", "lora", "spoiler"],
    "upscale": ["image", "factor", "spoiler"],
    "compare": ["image", "other_image"],
    "describe": ["image", "question"],
    "write": ["request", "kind", "max_words", "language"],
    "brainstorm": ["theme", "count"],
    "speak": ["text", "voice", "speed"],
    "transcribe": ["audio"],
    "recall": ["query"],
}
NEWCOMER = '''
"""A tool by somebody who read the README."""

from pydantic import Field

from tools.tool import Args, Context, Result, tool


class Shout(Args):
    """What to shout."""

    text: str = Field(max_length=99, description="the words")


@tool
async def shout(args: Shout, context: Context) -> Result:
    """Say something in capitals."""
    return Result(args.text.upper())
'''


def test_the_tools_come_in_a_stable_order_with_their_fixed_arguments() -> None:
    found = {one.name: list(one.args.model_fields) for one in every_tool()}
    assert list(found)[: len(ORDER)] == list(ORDER) == list(FIELDS)
    assert found == FIELDS


@pytest.mark.parametrize("one", every_tool(), ids=lambda one: one.name)
def test_every_field_is_described_and_bounded(one: Tool) -> None:
    assert one.description.strip()
    assert len(one.description) < 200, "a language model reads this each time"
    properties = one.args.model_json_schema()["properties"]
    for name, schema in properties.items():
        assert schema.get("description"), name
        assert any(_bounded(kind) for kind in schema.get("anyOf", [schema])), f"{name}: {schema}"


def _bounded(schema: dict[str, object]) -> bool:
    number = "minimum" in schema and "maximum" in schema
    plain = schema.get("type") == "boolean"
    return number or plain or "maxLength" in schema or "enum" in schema


def test_tools_are_loaded_by_name_without_anything_heavy() -> None:
    code = (
        "import sys; from tools.builtin import every_tool; every_tool();"
        "heavy = {'torch', 'diffusers', 'transformers', 'langchain', 'av', 'hibari',"
        " 'faster_whisper'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    root = Path(tools.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_names_are_those_of_tools_not_of_files() -> None:
    assert set(ORDER) <= set(TOOLS.names())
    assert "catalogue" not in TOOLS.names()
    with pytest.raises(ToolError, match="no tool called 'catalogue'"):
        TOOLS.load("catalogue")


async def test_one_more_file_in_the_folder_is_one_more_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loud.py").write_text(NEWCOMER)
    monkeypatch.setattr(tools, "__path__", [*tools.__path__, str(tmp_path)])
    try:
        found = every_tool()
        assert [one.name for one in found] == [*ORDER, "shout"]
        result = await found[-1].run(found[-1].args(text="hey"), None)  # type: ignore[call-arg,arg-type]  # its own class
        assert result.text == "HEY"
    finally:
        sys.modules.pop("tools.loud", None)
        TOOLS._found.pop("shout", None)


def test_a_broken_file_is_named_in_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("@tool\nasync def x(:\n")
    with pytest.raises(ToolError, match=r"broken\.py is not valid Python in line 2"):
        marked(broken, "tool")


def test_a_tool_without_words_is_refused() -> None:
    class Bare(Args):
        """Nothing to see."""

        word: str

    async def bare(args: Bare, context: Context) -> Result:
        """Do nothing."""
        return Result(args.word)

    with pytest.raises(TypeError, match="field word needs a description"):
        tool(bare)
    bare.__doc__ = None
    with pytest.raises(TypeError, match="needs a docstring"):
        tool(bare)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"prompt": "a cat", "count": 50}, "count must be at most 10, not 50."),
        ({"prompt": "a cat", "count": 0}, "count must be at least 1, not 0."),
        ({"prompt": "   "}, "prompt must not be empty."),
        ({}, "prompt is missing."),
        ({"prompt": "x" * 2001}, "prompt must have at most 2000 characters, not 2001."),
        ({"prompt": "a", "seed": 2**32}, "seed must be at most 4294967295, not 4294967296."),
        ({"prompt": "a", "count": "many"}, "count must be a whole number, not 'many'."),
        ({"prompt": "a", "count": 1.5}, "count must be a whole number, not 1.5."),
        ({"prompt": "a", "zoom": 2}, "zoom is not something this tool knows."),
        ({"prompt": 7}, "prompt must be text, not 7."),
        (
            {"prompt": "a", "aspect": "5:5"},
            "aspect must be '1:1', '16:9', '9:16', '4:3', '3:4', '3:2', '2:3' or '21:9', "
            "not '5:5'.",
        ),
        (
            {"prompt": "a", "count": 11, "steps": 0},
            "count must be at most 10, not 11. steps must be at least 1, not 0.",
        ),
    ],
)
def test_wrong_arguments_become_a_sentence(args: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Draw.model_validate(args)
    assert sentence(caught.value) == told


def test_a_long_or_odd_value_does_not_spoil_the_sentence() -> None:
    with pytest.raises(ValidationError) as caught:
        Write.model_validate({"request": "x", "kind": "{field}" * 100})
    told = sentence(caught.value)
    assert told.startswith("kind must be 'story'")
    assert len(told) < 200
