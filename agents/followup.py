"""Messages that only point: answers to our own question, and the other picture meant before.

"The second one" completes the request it was asked about; "no, the third" and "the third, too" do
to another picture what was just asked for.
"""

import re
from collections.abc import Callable, Sequence

from agents.errors import Unclear
from agents.expand import POINTERS
from agents.references import counted, find
from agents.scene import Scene, look
from agents.understanding import drawing, pointing
from agents.understanding.compiler import slots
from agents.understanding.folding import Line, fold
from agents.understanding.lexicon import Language, typos
from agents.understanding.reading import Reading
from agents.understanding.understand import likely
from agents.understanding.wishes import Hints, Wish
from memory.records import Message
from memory.store import Store

Read = Callable[[Scene], Sequence[Wish]]
"""Understands the request a scene belongs to."""

Point = Callable[[Line, Language], str | None]
"""Reads what words point at."""

_LOOKING = ("show", "compare", "undo", "again")
_COUNTING = ("all", "last")


async def completed(store: Store, scene: Scene, read: Read) -> tuple[Wish, ...]:
    """Return the request our last question was about, with what this message points at.

    Empty when the message is no answer to a question of its author's. What it points at is
    looked for where the request was made, so "the second" is the second of what was asked about.
    That request may itself be an answer that was not good enough.
    """
    asked = await _asked(store, scene)
    if asked is None:
        return await _moved(store, scene, read)
    there = await look(store, await store.message(asked.reply_to))
    wishes = await completed(store, there, read) or tuple(read(there))
    meant = _pointed(scene) or _described(scene, there)
    if meant is None or not any(_unclear(w, there) for w in wishes):
        return ()
    shown = ",".join(a.sha256 for a in asked.assets)  # with the numbers that may be said now
    return tuple(_clear(w, meant, scene, there, shown) for w in wishes)


async def _moved(store: Store, scene: Scene, read: Read) -> tuple[Wish, ...]:
    """Return the author's last request, done to the other picture this message points at."""
    mine = [m for m in scene.past if m.author == scene.message.author]
    meant = _first(scene, _instead)
    if meant is None or not mine or not any(m.reply_to == mine[-1].id for m in scene.past):
        return ()
    if any(wish.tool != "chat" for wish in read(scene)):
        return ()
    there = await look(store, await store.message(mine[-1].id))
    wishes = await completed(store, there, read) or tuple(read(there))
    if len(wishes) != 1 or "image" not in wishes[0].args or wishes[0].tool in _LOOKING:
        return ()
    (wish,) = wishes
    return (_at(wish, "image", meant, scene, there),)


def _instead(line: Line, language: Language) -> str | None:
    """Return what "no, the third" or "the third one, too" points at."""
    line = drawing.tidy(line, language)
    found = language.marks["instead"].fullmatch(line.fold)
    meant = pointing.pick(line.cut(*_picked(found)), language) if found else None
    return meant if meant != "it" else None


async def _asked(store: Store, scene: Scene) -> Message | None:
    """Return our last message if it was a question to the one who speaks now."""
    mine = {m.id for m in scene.past if m.author == scene.message.author}
    for said in reversed(scene.past):
        if said.author is None and said.reply_to in mine:
            return said if (await store.delivery(said)).kind == "question" else None
    return None


def _unclear(wish: Wish, there: Scene) -> str:
    """Return the argument of a wish that points at nothing or too much; "" when none does."""
    for name, kind in POINTERS.items():
        meant = str(wish.args.get(name, "step:"))
        try:
            if not meant.startswith("step:"):
                find(meant, there, kind)
        except Unclear:
            return name
    return ""


def _clear(wish: Wish, meant: str, here: Scene, there: Scene, shown: str) -> Wish:
    name = _unclear(wish, there)
    return _at(wish, name, meant, here, there, shown) if name else wish


def _at(wish: Wish, name: str, meant: str, here: Scene, there: Scene, shown: str = "") -> Wish:
    """Return a wish whose argument is what was pointed at; a number counts where it was asked."""
    counts = meant in _COUNTING or meant.replace(",", "").isdigit()
    nth = "-1" if meant == "last" else meant
    expression = counted(shown or str(wish.args[name]), nth) if counts else meant
    try:
        found = find(expression, there if counts else here, POINTERS[name])
    except Unclear:
        return Wish(wish.tool, {**wish.args, name: expression})  # asks once more
    return Wish(wish.tool, {**wish.args, name: ",".join(a.sha256 for a in found)})


def _pointed(scene: Scene) -> str | None:
    """Return what a message points at when it does nothing else."""
    if not scene.message.text.strip():
        return "attached"
    return _first(scene, _answer(pointing.pick))


def _described(scene: Scene, there: Scene) -> str | None:
    """Return the words of a message if they describe something there is."""
    words = _first(scene, _answer(pointing.described))
    return words if words and not _unclear(Wish("", {"image": words}), there) else None


def _answer(read: Point) -> Point:
    """Return how to read an answer: "ok, the second then", "I want the second", "都要"."""

    def point(line: Line, language: Language) -> str | None:
        if (meant := read(line, language)) is not None:
            return meant
        bare, _ = Reading(language, Hints()).stripped(line)
        for said in (drawing.tidy(line, language), drawing.tidy(bare, language)):
            found = language.marks["answer"].fullmatch(said.fold)
            if found and (meant := read(said.cut(*_picked(found)), language)):
                return meant
        return None

    return point


def _picked(found: re.Match[str]) -> tuple[int, int]:
    return slots(found).get("pick", (0, 0))


def _first(scene: Scene, read: Point) -> str | None:
    line = fold(scene.message.text.strip(), typos())
    return next((f for f in (read(line, grammar) for grammar in likely(line)) if f), None)
