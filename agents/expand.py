"""From a wish as somebody said it to wishes that name exactly what they work on."""

import re
from collections.abc import Iterable, Mapping, Sequence

from agents.errors import Unclear
from agents.references import find
from agents.scene import ENDED_WELL, TEXTS, Scene
from agents.understanding.wishes import Wish
from memory.records import Step
from memory.sentences import say
from tools.errors import Refused
from tools.tool import Tool

POINTERS = {"image": "image", "audio": "audio", "other_image": "image"}
"""Arguments that point at an asset, and the kind of asset they point at."""

SPARED = ("illustrates",)
"""Arguments a step can do without: a picture shows its topic also when the text is not there."""

LINK = re.compile(r"step:(?P<step>[0-9a-f]{20})(?::(?P<n>\d+))?$")
"""What stands in a stored step's arguments for what an earlier step will have made."""

CALL = re.compile(r"step:(?P<call>\d{1,2})(?::(?P<n>\d{1,3}(?:,\d{1,3})*))?$")
"""What stands in a wish for what an earlier one of the same turn will have made."""


def expand(
    wish: Wish, scene: Scene, tools: Mapping[str, Tool], earlier: Sequence[Sequence[Step]]
) -> list[Wish]:
    """Return the wish with references resolved; several pictures become several wishes.

    A picture that is there becomes its SHA-256, one that will be made "step:<id>:<n>". `earlier`
    holds the steps of the calls before this one: "step:2" names all that the second makes,
    "step:2:1,3" two of those.
    Raises Unclear with one question, or Refused.
    """
    wish = _pair(wish, scene, tools)
    wishes = [wish]
    for name, value in wish.args.items():
        meant = _meant(name, value, scene, tools, earlier)
        wishes = [Wish(w.tool, {**w.args, name: one}) for w in wishes for one in meant]
    return wishes


def _pair(wish: Wish, scene: Scene, tools: Mapping[str, Tool]) -> Wish:
    """Return a wish for two pictures with both: two pointed at, or one and what it came from."""
    fields = tools[wish.tool].args.model_fields if wish.tool in tools else {}
    if "other_image" not in fields or wish.args.get("other_image"):
        return wish
    image = str(wish.args.get("image", ""))
    if CALL.match(image):  # with what is going to be made of it
        return Wish(wish.tool, {**wish.args, "image": "last", "other_image": image})
    try:
        found = find(image, scene)
    except Unclear as unclear:
        if len(unclear.shown) != 2:
            raise
        found = unclear.shown
    if len(found) > 2:
        numbers = tuple(str(n) for n in range(1, len(found) + 1))
        question = say("Only two can be compared, not {many}; which?", many=len(found))
        raise Unclear(question, numbers, found)
    if len(found) != 2:
        parents = {a.sha256: s.parents for s in scene.steps for a in s.assets}
        origin = next(iter(parents.get(found[0].sha256, ())), "")
        found = (*find(origin or "previous", scene), found[0])
    return Wish(wish.tool, {**wish.args, "image": found[0].sha256, "other_image": found[1].sha256})


def veiled(wish: Wish, before: Iterable[Step]) -> Wish:
    """Return a wish whose result is hidden if what it works on is, as the steps before say."""
    hidden = [step for step in before if step.args.get("spoiler")]
    known = {asset.sha256 for step in hidden for asset in step.assets}
    links = tuple(f"step:{step.id}" for step in hidden)
    meant = [str(wish.args.get(name, "")) for name in POINTERS]
    if links and any(one in known or one.startswith(links) for one in meant):
        return Wish(wish.tool, {"spoiler": True, **wish.args})
    return wish


def pointer(tool: Tool) -> str:
    """Return the argument of a tool that points at an asset; "" when it has none."""
    return next((name for name in POINTERS if name in tool.args.model_fields), "")


def _meant(
    name: str,
    value: object,
    scene: Scene,
    tools: Mapping[str, Tool],
    earlier: Sequence[Sequence[Step]],
) -> list[object]:
    call = CALL.match(value) if isinstance(value, str) else None
    if call is not None and int(call["call"]):
        return _linked(name, call, tools, earlier)
    if name in POINTERS:
        if name == "audio" and value == "last":
            value = ""  # the rules say "last" for any recording; one replied to is meant first
        return [asset.sha256 for asset in find(str(value), scene, POINTERS[name])]
    return [value if call is None else _last_text(scene)]


def _linked(
    name: str, call: re.Match[str], tools: Mapping[str, Tool], earlier: Sequence[Sequence[Step]]
) -> list[object]:
    number = int(call["call"])
    if number > len(earlier):
        raise Refused("There is no call {number} before this one for step:{number}.", number=number)
    steps = earlier[number - 1]
    if name not in POINTERS:
        return [f"step:{s.id}" for s in steps]
    every = [f"step:{s.id}:{n}" for s in steps for n in range(1, made(s, tools) + 1)]
    numbers = [int(n) for n in (call["n"] or "").split(",") if int(n or 0)]
    if numbers and max(numbers) > len(every):
        raise Refused(
            "Step {number} makes only {many}; there is no number {nth}.",
            number=number,
            many=len(every),
            nth=max(numbers),
        )
    return [every[n - 1] for n in numbers] or list(every)


def made(step: Step, tools: Mapping[str, Tool]) -> int:
    """Return how many assets a planned step is going to make."""
    if step.assets or step.tool not in tools:
        return len(step.assets) or 1
    fields = tools[step.tool].args.model_fields
    count = step.args.get("count", fields["count"].default) if "count" in fields else 1
    return count if isinstance(count, int) else 1


def _last_text(scene: Scene) -> str:
    """Return the text that "it" means: the one replied to, the last one made, the last answer."""
    if scene.replied is not None and scene.replied.said:
        return scene.replied.said
    made = [s for s in reversed(scene.steps) if s.tool in TEXTS and s.status in ENDED_WELL]
    made.sort(key=lambda step: step.user != scene.message.author)
    said = [m.text for m in reversed(scene.past) if m.author is None and m.text]
    text = next((s.result for s in made), "") or next(iter(said), "")
    if not text:
        raise Unclear("There is no text here yet; which words do you mean?")
    return text
