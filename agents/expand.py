"""From a wish as somebody said it to wishes that name exactly what they work on."""

import re
from collections.abc import Mapping, Sequence

from agents import redo
from agents.errors import Unclear
from agents.references import find
from agents.scene import Scene
from agents.understanding.wishes import Wish
from tools.tool import Tool

_STEP = re.compile(r"step:(\d+)(:\d+)?$")
POINTERS = {"image": "image", "audio": "audio"}
"""Arguments that point at an asset, and the kind of asset they point at."""


def expand(
    wish: Wish, scene: Scene, tools: Mapping[str, Tool], earlier: Sequence[Sequence[str]]
) -> list[Wish]:
    """Return the wish with references resolved to SHA-256; several pictures become several wishes.

    `earlier` holds the step ids of the calls before this one: "step:2" names the second.
    Raises Unclear with one question.
    """
    if wish.tool == "again":
        return [_again(wish, scene, tools)]
    args = {name: _linked(value, earlier) for name, value in wish.args.items()}
    pointer = next((p for p in POINTERS if _needs(wish.tool, p, tools)), None)
    if pointer is None:
        return [Wish(wish.tool, args)]
    expression = str(args.get(pointer, ""))
    if expression.startswith("step:"):
        return [Wish(wish.tool, args)]
    found = find(expression, scene, POINTERS[pointer])
    return [Wish(wish.tool, {**args, pointer: asset.sha256}) for asset in found]


def _again(wish: Wish, scene: Scene, tools: Mapping[str, Tool]) -> Wish:
    image = wish.args.get("image")
    made = find(str(image), scene)[0].sha256 if image else ""
    changes = wish.args.get("changes") or {}
    return redo.again(scene, tools, changes if isinstance(changes, Mapping) else {}, made)


def _needs(tool: str, pointer: str, tools: Mapping[str, Tool]) -> bool:
    return tool in tools and pointer in tools[tool].args.model_fields


def _linked(value: object, earlier: Sequence[Sequence[str]]) -> object:
    match = _STEP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    number = int(match[1])
    if not 1 <= number <= len(earlier):
        raise Unclear("That builds on a step that does not exist; what shall I use for it?")
    return f"step:{earlier[number - 1][0]}{match[2] or ''}"
