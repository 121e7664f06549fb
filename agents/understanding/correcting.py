"""What somebody says instead of what they said before ("draw a cat, no wait, a dog")."""

import re

from agents.understanding import drawing, numbers, pointing
from agents.understanding.folding import Line, fold
from agents.understanding.linking import Raw

CONTROLS = ("help", "undo", "cancel", "again")
_MARK = re.compile(r"[^\w\s]|\n")

_LONGEST = 80
"""Characters of words without a verb that may stand for what was meant."""


def instead(said: Raw, meant: Line, wishes: list[Raw]) -> list[Raw]:
    """Return what takes the place of a wish once it is corrected, nothing if this is no correction.

    `wishes` is what the new words ask for by themselves.
    """
    if said.tool == "draw" and (prompt := _recoloured(said, meant)):
        return [Raw("draw", {**said.args, "prompt": prompt}, said.language)]
    if len(wishes) == 1 and said.tool == "draw" and (subject := _another_subject(wishes[0])):
        meant, wishes = subject, []
    if wishes:
        return wishes
    args = _arguments(said, meant) if len(meant.text) <= _LONGEST else None
    return [Raw(said.tool, {**said.args, **args}, said.language)] if args else []


def counted(said: Raw, more: Raw) -> Raw | None:
    """Return "what could we call the printer" with how many of "give me 6 names"."""
    if said.tool != "brainstorm" or more.tool != "brainstorm" or "count" in said.args:
        return None
    bare = " " not in str(more.args["theme"]) and not more.language.unspaced
    return Raw(said.tool, {**more.args, **said.args}, said.language) if bare else None


def doubted(raw: Raw, cut: re.Match[str]) -> bool:
    """Whether "again?? ...", "stop, ..." or "one more and I ..." only leads to what is said."""
    if raw.tool not in (*CONTROLS, "edit", "speak"):
        return False
    if not _MARK.search(cut[0]):
        return True
    stopped = raw.tool == "cancel" and "," in cut[0]
    return raw.tool in CONTROLS and ("?" in cut[0] or stopped)


def _another_subject(wish: Raw) -> Line | None:
    """Return the dog of "make it a dog", None when it asks for a change of a picture."""
    words = str(wish.args.get("instruction", ""))
    line = fold(words)
    vague = wish.tool == "edit" and wish.args.get("image", "it") in ("it", "last")
    return line if vague and wish.language.marks["indefinite"].match(line.fold) else None


def _recoloured(said: Raw, meant: Line) -> str | None:
    """Return the prompt in the colour meant, with the ending the other colour had."""
    colour = said.language.marks["colour"]
    meant = drawing.tidy(meant, said.language)
    prompt = fold(str(said.args["prompt"]))
    new, old = colour.fullmatch(meant.fold), colour.search(prompt.fold)
    if not new or not old:
        return None
    other = meant.text[slice(*new.span("colour"))]
    ending = meant.text[slice(*new.span("ending"))] or prompt.text[slice(*old.span("ending"))]
    before, after = prompt.text[: old.start("colour")], prompt.text[old.end("ending") :]
    return f"{before}{other}{ending}{after}"


def _arguments(said: Raw, meant: Line) -> dict[str, object] | None:
    language = said.language
    meant = drawing.tidy(meant, language)
    number = numbers.read(language.tables["numbers"], meant.fold)
    if "image" in said.args and (image := pointing.pick(meant, language)):
        return {"image": image}
    if said.tool == "draw":
        rest, details = drawing.details(meant, language)
        if details and not drawing.tidy(rest, language).text:
            return details
        return {"count": min(number, numbers.MOST)} if number else drawing.read(meant, language)
    if said.tool == "edit" and meant.text:
        return {"instruction": meant.text}
    return None
