"""The answer to our own question: "the second one" completes the request it was asked about."""

from collections.abc import Callable, Sequence

from agents.errors import Unclear
from agents.expand import POINTERS
from agents.references import counted, find
from agents.scene import Scene, look
from agents.understanding import pointing
from agents.understanding.folding import Line, fold
from agents.understanding.lexicon import Language, typos
from agents.understanding.understand import likely
from agents.understanding.wishes import Wish
from memory.records import Message
from memory.store import Store

Read = Callable[[Scene], Sequence[Wish]]
"""Understands the request a scene belongs to."""

_COUNTING = ("all", "last")


async def completed(store: Store, scene: Scene, read: Read) -> tuple[Wish, ...]:
    """Return the request our last question was about, with what this message points at.

    Empty when the message is no answer to a question of its author's. What it points at is
    looked for where the request was made, so "the second" is the second of what was asked about.
    That request may itself be an answer that was not good enough.
    """
    asked = await _asked(store, scene)
    if asked is None:
        return ()
    there = await look(store, await store.message(asked.reply_to))
    wishes = await completed(store, there, read) or tuple(read(there))
    meant = _pointed(scene) or _described(scene, there)
    if meant is None or not any(_unclear(w, there) for w in wishes):
        return ()
    shown = ",".join(a.sha256 for a in asked.assets)  # with the numbers that may be said now
    return tuple(_clear(w, meant, scene, there, shown) for w in wishes)


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
    if not name:
        return wish
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
    return _first(scene, pointing.pick)


def _described(scene: Scene, there: Scene) -> str | None:
    """Return the words of a message if they describe something there is."""
    words = _first(scene, pointing.described)
    return words if words and not _unclear(Wish("", {"image": words}), there) else None


def _first(scene: Scene, read: Callable[[Line, Language], str | None]) -> str | None:
    line = fold(scene.message.text.strip(), typos())
    return next((f for f in (read(line, grammar) for grammar in likely(line)) if f), None)
