"""What a step is going to cost: the work it asks of which model, before anything is run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from tools.catalogue import Catalogue
from tools.compute.costs import Costs, Price, Shape, shape_of
from tools.edit import STRENGTH
from tools.errors import ModelUnavailable
from tools.image import Draw, Vary, drawing, redrawing
from tools.jobs import Job, SpeechSpec, TextSpec
from tools.painting import size_for
from tools.prose import prompts
from tools.recipe import Recipe
from tools.retouch import APPROXIMATE, plan
from tools.text import Write, text_spec

_UNKNOWN_TEXT = 300
"""Characters of a text that is not written yet."""
_HEARD = Shape("hearing", 1 << 17)


@dataclass(frozen=True, slots=True)
class Load:
    """So many specs of a shape, for a model."""

    model: str
    shape: Shape
    count: int = 1


def price(tool: str, args: Mapping[str, object], known: Catalogue, costs: Costs) -> Price | None:
    """Return the device-seconds a tool should take; None when nobody can say.

    Arguments that name what another step will make ("step:...") count as what is usual.
    """
    loads = _LOADS.get(tool)
    if loads is None:
        return None
    try:
        prices = [costs.price(one.model, one.shape, one.count) for one in loads(args, known)]
    except (ModelUnavailable, ValueError, KeyError):  # the step will say so itself
        return None
    return Price(sum(p.seconds for p in prices), all(p.known for p in prices))


Loads = Callable[[Mapping[str, object], Catalogue], list[Load]]


def _draw(args: Mapping[str, object], known: Catalogue) -> list[Load]:
    wanted = Draw.model_validate(dict(args))
    model = known.find("draw", wanted.model)
    return [_load(Job(model.name, tuple(drawing(model, wanted)), ""))]


def _vary(args: Mapping[str, object], known: Catalogue) -> list[Load]:
    wanted = Vary.model_validate(dict(args))
    strength = 0.5 if wanted.strength is None else wanted.strength
    return [_redrawn(known, strength, wanted.count, "vary")]


def _edit(args: Mapping[str, object], known: Catalogue) -> list[Load]:
    operations = plan(str(args.get("instruction", "")))
    editor = known.profiles[known.profile].get("edit")
    if operations and not (editor and any(o.name in APPROXIMATE for o in operations)):
        return []  # Pillow does it
    strength = args.get("strength")
    how = strength if isinstance(strength, float) else STRENGTH
    return [_redrawn(known, how, 1, "edit" if editor else "vary")]


def _redrawn(known: Catalogue, strength: float, count: int, task: Literal["vary", "edit"]) -> Load:
    """Return the work of drawing a picture anew from itself, at the model's own size."""
    model = known.find(task)
    spec = redrawing(model, Recipe(), 0, b"a picture", strength, size_for(model, 1.0))
    return _load(Job(model.name, (replace(spec, task=task),) * count, ""))


def _write(args: Mapping[str, object], known: Catalogue) -> list[Load]:
    wanted = Write.model_validate(dict(args))
    return [_text(text_spec(prompts()["kinds"][wanted.kind], wanted), known)]


def _compose(args: Mapping[str, object], known: Catalogue) -> list[Load]:
    wanted = {k: v for k, v in args.items() if k in ("request", "kind", "max_words")}
    return _write(wanted, known)


def _brainstorm(args: Mapping[str, object], known: Catalogue) -> list[Load]:
    count = args.get("count", 5)
    spec = text_spec(prompts()["kinds"]["idea"], Write(request="ideas"))
    return [_text(spec, known, (count if isinstance(count, int) else 5) + 2)]


def _text(spec: TextSpec, known: Catalogue, count: int = 1) -> Load:
    return _load(Job(known.find("write").name, (spec,) * count, ""))


def _speak(args: Mapping[str, object], known: Catalogue) -> list[Load]:
    text = str(args.get("text", ""))
    length = _UNKNOWN_TEXT if text.startswith("step:") else len(text)
    return [_load(Job(known.find("speak").name, (SpeechSpec("a" * length),), ""))]


def _transcribe(args: Mapping[str, object], known: Catalogue) -> list[Load]:
    return [Load(known.find("transcribe").name, _HEARD)]


def _nothing(args: Mapping[str, object], known: Catalogue) -> list[Load]:
    return []


def _load(job: Job) -> Load:
    return Load(job.model, shape_of(job), len(job.specs))


_LOADS: Mapping[str, Loads] = {
    "draw": _draw,
    "edit": _edit,
    "vary": _vary,
    "upscale": _nothing,
    "compare": _nothing,
    "show": _nothing,
    "describe": _nothing,
    "recall": _nothing,
    "write": _write,
    "brainstorm": _brainstorm,
    "compose": _compose,
    "ideate": _brainstorm,
    "speak": _speak,
    "transcribe": _transcribe,
}
"""By tool, what it asks of which models; tools that somebody added cannot say."""
