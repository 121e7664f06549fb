"""What "it" means: earlier wishes of the same message first, then what came with the message."""

from dataclasses import dataclass

from agents.understanding import flags, writing
from agents.understanding.folding import fold
from agents.understanding.lexicon import Language
from agents.understanding.outputs import compared, image, latest
from agents.understanding.slots import Args
from agents.understanding.wishes import Hints, Wish

TEXTS = ("write", "brainstorm", "describe", "transcribe")
ON_PICTURES = ("edit", "vary", "upscale", "describe")

_QUOTED = 3_600
"""Characters of a text replied to that fit into a request."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A wish as one clause gave it: pointers still say "it", texts to be made are only named."""

    tool: str
    args: Args
    language: Language


def link(raws: list[Raw], hints: Hints) -> tuple[Wish, ...]:
    """Return the wishes with every "it" replaced; a text that is only named gets written."""
    wishes: list[Wish] = []
    for raw in raws:
        args = {name: value for name, value in raw.args.items() if name != "complaint"}
        aloud = bool(args.pop("aloud", False))
        args = _linked(raw, args, wishes, hints)
        if _shaped(raw, args, wishes) or _hidden(raw, args, wishes):
            continue
        if "made" in args and not _made(raw, args, wishes, hints):
            continue
        wishes += _repeated(raw.tool, args)
        if aloud:
            wishes.append(Wish("speak", {"text": f"step:{len(wishes)}"}))
    return tuple(wishes)


def _linked(raw: Raw, args: Args, wishes: list[Wish], hints: Hints) -> Args:
    if raw.tool == "compare" and args.get("image", "all") == "all":
        args["image"] = "it"  # which two those are is found out, or asked
    if raw.tool in ON_PICTURES or "image" in args:
        args = {"image": image(str(args.pop("image", "it")), wishes, hints), **args}
    if "other_image" in args:
        args["other_image"] = image(str(args["other_image"]), wishes, hints)
    if raw.tool == "compare":
        args |= compared(args, wishes)
    if raw.tool == "transcribe":
        args["audio"] = "attached" if hints.attached_sounds else "last"
    if raw.tool == "again":
        args = _changes(args, hints)
    if raw.tool == "write":
        _about_it(args, wishes, raw.language)
        _fill(args, hints)
    return args


def _shaped(raw: Raw, args: Args, wishes: list[Wish]) -> bool:
    """Whether "make it wide" after a wish to draw was only that wish's aspect; it gets it."""
    last = wishes[-1] if wishes else None
    if raw.tool != "edit" or last is None or last.tool != "draw" or "aspect" in last.args:
        return False
    said = fold(str(args.get("instruction", ""))).fold
    meant = raw.language.tables["aspects"].get(said) or flags.aspect(said)
    if meant is None or args["image"] != f"step:{len(wishes)}":
        return False
    wishes[-1] = Wish("draw", {**last.args, "aspect": meant})
    return True


def _hidden(raw: Raw, args: Args, wishes: list[Wish]) -> bool:
    """Whether all that a wish makes was asked to be a spoiler, or to be shown, which it is."""
    image = str(args.get("image", ""))
    if raw.tool != "show" or not image.startswith("step:"):
        return False
    _, number, *nth = image.split(":")
    made = wishes[int(number) - 1]
    if args.get("spoiler") and not nth:
        wishes[int(number) - 1] = Wish(made.tool, {**made.args, "spoiler": True})
    return not (args.get("spoiler") and nth)


def _repeated(tool: str, args: Args) -> list[Wish]:
    if tool != "undo":
        return [Wish(tool, args)]
    times = args.get("count", 1)
    return [Wish("undo", {}) for _ in range(times if isinstance(times, int) else 1)]


def _fill(args: Args, hints: Hints) -> None:
    """Put the text replied to into the request's form ("translate to German: ...")."""
    if form := args.pop("form", ""):
        text = hints.replied_text[:_QUOTED]
        args["request"] = str(form).format(**{**args, "text": text})


def _changes(args: Args, hints: Hints) -> Args:
    changes = {k: v for k, v in args.items() if k != "image"}
    if hints.last_tool in TEXTS and not hints.focus and "prompt" in changes:
        changes["request"] = changes.pop("prompt")
    kept = {"image": args["image"]} if "image" in args else {}
    return {**kept, "changes": changes} if changes else kept


def _about_it(args: Args, wishes: list[Wish], language: Language) -> None:
    step = latest(wishes, ("draw",))
    line = fold(str(args.get("request", "")))
    found = language.marks["about_it"].search(line.fold) if step else None
    if found:
        start, end = found.span("it")
        subject = str(wishes[step - 1].args["prompt"])
        args["request"] = line.text[:start] + subject + line.text[end:]


def _made(raw: Raw, args: Args, wishes: list[Wish], hints: Hints) -> bool:
    """Replace "made" (a text that is only named) by that text; False when there is none."""
    kind, noun = str(args.pop("made")), str(args.pop("noun", ""))
    name = "text" if raw.tool == "speak" else "prompt"
    step = latest(wishes, TEXTS)
    if not step and kind != "it" and (topic := _topic(wishes, raw.language)):
        request = str(raw.language.words["made_for"]).format(noun=noun, topic=topic)
        wishes.append(Wish("write", {"kind": kind, "request": request}))
        step = len(wishes)
    if step:
        subject = _subject(wishes[step - 1], raw.language) if name == "prompt" else ""
        args |= (
            {name: subject, "illustrates": f"step:{step}"} if subject else {name: f"step:{step}"}
        )
    elif hints.replied_text:
        args[name] = hints.replied_text
    elif name == "text" or hints.last_tool in TEXTS:
        args[name] = "step:0"
    return name in args


def _topic(wishes: list[Wish], language: Language) -> str:
    step = latest(wishes, ("draw",))
    if not step:
        return ""
    prompt = str(wishes[step - 1].args["prompt"])
    return writing.topic(prompt, fold(prompt).fold, language)


def _subject(wish: Wish, language: Language) -> str:
    if wish.tool != "write":
        return ""
    request = str(wish.args["request"])
    return writing.topic(request, fold(request).fold, language)
