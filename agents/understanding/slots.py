"""What the slots of a rule mean: words of the message become arguments of a wish."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agents.understanding import compiler, drawing, numbers, pointing, writing
from agents.understanding.compiler import Rule
from agents.understanding.folding import Line, unquoted
from agents.understanding.lexicon import Language

Args = dict[str, object]

_AFTER_QUOTE = re.compile(r"(?<=[\"”»“」』])[\s.,!?…]+$")


@dataclass(frozen=True, slots=True)
class Scene:
    """The line a rule matched, its language, and the line before its end was tidied."""

    line: Line
    language: Language
    spoken: Line


def arguments(rule: Rule, found: re.Match[str], scene: Scene) -> Args | None:
    """Return the arguments a matched rule gives, None when a slot makes no sense.

    What stands in `more`, behind a verb, belongs to the prompt before it.
    """
    args: Args = dict(rule.fixed)
    spans = compiler.slots(found)
    more = scene.line.cut(*spans.pop("more")) if "more" in spans else None
    for slot, span in spans.items():
        # What is to be spoken or asked keeps its "!" and "?".
        kept = slot in ("text", "question") and span[1] == len(scene.line.text)
        line, end = (scene.spoken, len(scene.spoken.text)) if kept else (scene.line, span[1])
        said = line.cut(span[0], end)
        said = said.joined(more) if more and slot == "prompt" else said
        reader = READERS.get(slot)  # a slot inside another one is only there to be found
        made = reader(said, scene) if reader else {}
        if made is None:
            return None
        args = {**made, **args} if slot == "request" else {**args, **made}
    return _joined(args, scene)


def _joined(args: Args, scene: Scene) -> Args | None:
    if "verb" in args:
        it, rest = str(scene.language.words.get("it", "")), str(args.pop("rest", ""))
        gap = "" if scene.language.unspaced else " "
        args["instruction"] = gap.join(p for p in (str(args.pop("verb")), it, rest) if p)
    if "who" in args:
        args["query"] = f"{args.pop('who')} {args.get('query', '')}".strip()
    return args


def _plain(name: str) -> Callable[[Line, Scene], Args | None]:
    def read(said: Line, scene: Scene) -> Args | None:
        words = drawing.tidy(said, scene.language).text
        return {name: words} if words else None

    return read


def _kept(name: str) -> Callable[[Line, Scene], Args | None]:
    return lambda said, scene: {name: said.text}


def _pointer(
    read: Callable[[Line, Language], str | None], name: str = "image"
) -> Callable[[Line, Scene], Args | None]:
    def point(said: Line, scene: Scene) -> Args | None:
        meant = read(said, scene.language)
        return None if meant is None else {name: meant}

    return point


def _count(said: Line, scene: Scene) -> Args | None:
    number = numbers.read(scene.language.tables["numbers"], said.fold)
    return {"count": min(number, numbers.MOST)} if number else None


def _factor(said: Line, scene: Scene) -> Args | None:
    number = numbers.read(scene.language.tables["numbers"], said.fold) or 2
    return {"factor": 2 if number <= 2 else 4}


def _looked_up(table: str, name: str) -> Callable[[Line, Scene], Args | None]:
    def read(said: Line, scene: Scene) -> Args | None:
        meant = scene.language.tables[table].get(said.fold)
        return None if meant is None else {name: meant}

    return read


def prompt(line: Line, language: Language) -> Args | None:
    """Return the arguments of draw, None when the words are no subject."""
    return drawing.read(line, language)


def _question(said: Line, scene: Scene) -> Args | None:
    yes_or_no = scene.language.marks["yesno"].match(said.fold)
    return {"question": said.text} if not yes_or_no or said.fold.endswith("?") else None


def _complaint(said: Line, scene: Scene) -> Args | None:
    meant = scene.language.tables["opposites"].get(said.fold)
    return {"instruction": meant, "complaint": True} if meant else None


def _prompt(said: Line, scene: Scene) -> Args | None:
    return prompt(said, scene.language)


def _request(said: Line, scene: Scene) -> Args | None:
    return writing.read(said, scene.language)


def _language(said: Line, scene: Scene) -> Args | None:
    return _looked_up("languages", "language")(said, scene)


def _text(said: Line, scene: Scene) -> Args | None:
    # The mark behind a quotation is the asker's: `can you say "hi"?`.
    words = unquoted(_AFTER_QUOTE.sub("", said.text))
    return {"text": words} if re.search(r"\w", words) else None


def _query(said: Line, scene: Scene) -> Args | None:
    said = drawing.tidy(said, scene.language)
    article = scene.language.marks["article"].match(said.fold)
    words = said.cut(article.end() if article else 0, len(said.text))
    alone = scene.language.marks["pronoun"].fullmatch(words.fold)
    return {"query": words.text} if words.text and not alone else None


def _theme(said: Line, scene: Scene) -> Args | None:
    said = drawing.tidy(said, scene.language)
    alone = scene.language.marks["pronoun"].fullmatch(said.fold)
    return {"theme": said.text} if said.text and not alone else None


def _made(said: Line, scene: Scene) -> Args | None:
    article = scene.language.marks["article"].match(said.fold)
    noun = said.cut(article.end() if article else 0, len(said.text)).text
    return {"made": writing.kind(said.fold, scene.language) or "it", "noun": noun}


def _changes(said: Line, scene: Scene) -> Args | None:
    rest, args = drawing.details(said, scene.language)
    rest = drawing.tidy(rest, scene.language)
    if rest.text and (number := _count(rest, scene)):
        return {**args, **number}
    return {**args, "prompt": f"+ {rest.text}"} if rest.text else (args or None)


READERS: Mapping[str, Callable[[Line, Scene], Args | None]] = {
    "prompt": _prompt,
    "request": _request,
    "image": _pointer(pointing.read),
    "pick": _pointer(pointing.pick),
    "any": _pointer(pointing.described),
    "shown": _pointer(pointing.shown),
    "other": _pointer(pointing.shown, "other_image"),
    "va": _pointer(pointing.numbered),
    "vb": _pointer(pointing.numbered, "other_image"),
    "change": _plain("instruction"),
    "whole": _plain("instruction"),
    "verb": _kept("verb"),
    "rest": _kept("rest"),
    "who": _kept("who"),
    "question": _question,
    "text": _text,
    "made": _made,
    "query": _query,
    "theme": _theme,
    "count": _count,
    "factor": _factor,
    "voice": _kept("voice"),
    "style": _kept("style"),
    "speed": _looked_up("speeds", "speed"),
    "complaint": _complaint,
    "language": _language,
    "changes": _changes,
}
