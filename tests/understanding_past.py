"""A recorded past: what people said in a dialogue and what rightly came of it, as stored rows."""

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from agents.understanding.wishes import Wish
from memory.records import Asset, Chat, Kind, Message, Step, User
from memory.store import Store
from tests.understanding_cases import QUESTION, Dialogue, Line

WORDS = "the moon is bright"
"""What every text says that was written in the past, numbered after the first."""

SHOWS = "shows"
"""The wish that an older picture is shown again: `shows(image="1.2")`."""

_YIELDS: dict[str, tuple[int, str]] = {
    "draw": (1, "image/png"),
    "edit": (1, "image/png"),
    "vary": (4, "image/png"),
    "upscale": (1, "image/png"),
    "speak": (1, "audio/ogg"),
}
_TEXTS = ("write", "brainstorm", "describe", "transcribe", "recall")
_NAMED = re.compile(r"\{(@?\d+\.\d+)\}")


@dataclass
class Past:
    """The messages of a dialogue before one of them, in a chat of their own.

    `names` says what assets and texts are called: "2.3" is the third thing the answer to the
    second message showed, "@2.1" the first that came with it, "text:2" the words of an answer.
    """

    chat: Chat
    dialogue: Dialogue
    names: dict[str, str] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    requests: dict[int, str] = field(default_factory=dict)
    answers: dict[int, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def user(self, line: Line) -> User:
        name = {"A": "Ana", "B": "Ben", "C": "Cho"} | dict(self.dialogue.people)
        # Whoever is called something else is somebody else, also in the other chats.
        id = f"{line.who.lower()}{self.dialogue.people.get(line.who, '')}"
        return User(self.chat.platform, id, name[line.who])

    def said(self, number: int, at: datetime) -> Message:
        """Return a message of the dialogue as it came in."""
        line = self.dialogue.lines[number - 1]
        kinds = [*["image/png"] * line.images, *["audio/ogg"] * line.sounds]
        sent = [self._asset(f"@{number}.{n}", kind) for n, kind in enumerate(kinds, 1)]
        text = _NAMED.sub(lambda m: "#" + self.assets[m[1]].sha256[:8], line.text)
        reply_to = self.answers.get(line.reply, "") or self.requests.get(-line.reply, "")
        id = _id(at)
        return Message(self.chat, self.user(line), text, tuple(sent), reply_to, id, at)

    def named(self, value: object) -> object:
        """Return what a value is called in the files, if it stands for something."""
        return self.names.get(str(value), value)

    async def record(self, store: Store, number: int, at: datetime) -> None:
        """Store a message and what rightly came of it, as if it had been made."""
        line, message = self.dialogue.lines[number - 1], self.said(number, at)
        await store.open_turn(message)
        steps: list[Step] = []
        for n, wish in enumerate(line.wanted[0], 1):
            if wish.tool not in (QUESTION, "cancel", "help"):
                steps.append(self._step(wish, message, steps, n))
        await store.plan(steps)
        shown = self._keep(number, steps)
        kind: Kind = "question" if line.asks else "reply"
        text = "\n\n".join(s.result for s in steps) or "Which one?" * line.asks or "Well."
        later = at + timedelta(seconds=5)
        reply = Message(self.chat, None, text, tuple(shown.values()), message.id, _id(later), later)
        self.requests[number], self.answers[number] = message.id, reply.id
        await store.close_turn(reply, (), kind)

    def _keep(self, number: int, steps: Sequence[Step]) -> dict[str, Asset]:
        """Remember what an answer is made of; return what it shows."""
        shown = {a.sha256: a for s in steps for a in s.assets}
        for n, sha in enumerate(shown, 1):
            self.names.setdefault(sha, f"{number}.{n}")
            self.assets[f"{number}.{n}"] = shown[sha]
        self.steps += steps
        self.numbers |= {s.id: number for s in steps}
        return shown

    def _step(self, wish: Wish, message: Message, before: Sequence[Step], n: int) -> Step:
        number = len(self.answers) + 1
        at = message.at + timedelta(seconds=1)
        assert message.author is not None
        step = Step(
            wish.tool, {}, message.author, message.chat, message.id, "done", id=_id(at), at=at
        )
        if wish.tool in ("undo", SHOWS):
            return self._undone(wish, step)
        args = {k: self._resolved(v, before) for k, v in wish.args.items()}
        count, kind = _YIELDS.get(wish.tool, (0, ""))
        many = int(str(args.get("count", count))) if count else 0
        made = tuple(self._asset(f"{number}/{n}.{k}", kind) for k in range(1, many + 1))
        result = f"{wish.tool.capitalize()}: made for {number}.{n}."
        if wish.tool in _TEXTS:
            result = WORDS if (number, n) == (1, 1) else f"{WORDS} {number}.{n}"
            self.names.setdefault(result, f"text:{number}" if n == 1 else f"text:{number}.{n}")
        parents = tuple(str(args[k]) for k in ("image", "audio") if k in args)
        return replace(step, args=args, result=result, assets=made, parents=parents)

    def _undone(self, wish: Wish, step: Step) -> Step:
        """Return the step that takes answers back, or everything that came of a picture."""
        if wish.tool == SHOWS:
            back = self.assets[str(wish.args["image"])]
            gone = self._descent(back.sha256)
            shown: tuple[Asset, ...] = (back,)
        else:
            numbers = {int(n) for n in str(wish.args["answer"]).split(",")}
            gone = [s for s in self.steps if self.numbers[s.id] in numbers]
            made = {a.sha256 for s in gone for a in s.assets}
            known = {a.sha256: a for a in self.assets.values()}
            parents = dict.fromkeys(p for s in gone for p in s.parents if p not in made)
            shown = tuple(known[p] for p in parents)
        args: dict[str, object] = {"steps": [s.id for s in gone]}
        return replace(step, tool="undo", args=args, result="Undone.", assets=shown)

    def _descent(self, sha: str) -> list[Step]:
        known, found = {sha}, []
        for step in self.steps:
            if step.tool != "undo" and known.intersection(step.parents):
                known |= {a.sha256 for a in step.assets}
                found.append(step)
        return found

    def _resolved(self, value: object, before: Sequence[Step]) -> object:
        value = value[0] if isinstance(value, tuple) else value
        if not isinstance(value, str):
            return value
        if value in self.assets:
            return self.assets[value].sha256
        if value.startswith("text:"):
            return next(words for words, name in self.names.items() if name == value)
        if value.startswith("step:"):
            step, _, n = value.removeprefix("step:").partition(":")
            made = before[int(step) - 1]
            return made.assets[int(n or 1) - 1].sha256 if made.assets else made.result
        return value

    def _asset(self, name: str, kind: str) -> Asset:
        key = f"{self.dialogue.language} {self.dialogue.name} {name}"
        sha = hashlib.sha256(key.encode()).hexdigest()
        asset = Asset(sha, kind, 1000, 64, 64)
        if name.startswith("@"):
            self.assets[name], self.names[sha] = asset, name
        return asset


_IDS = itertools.count()


def _id(at: datetime) -> str:
    """Return an id as it would have been made at that time."""
    nanos = int(at.astimezone(UTC).timestamp() * 1e6) * 1000
    return f"{nanos:016x}{next(_IDS) % 0x10000:04x}"


async def recorded(
    store: Store, chat: Chat, dialogue: Dialogue, number: int
) -> tuple[Past, Message]:
    """Store the past of a message of a dialogue; return it and that message, said just now."""
    past = Past(chat, dialogue)
    gaps = [line.after for line in dialogue.lines]
    now = datetime.now(UTC)
    for k in range(1, number):
        await past.record(store, k, now - timedelta(seconds=sum(gaps[k:number])))
    return past, past.said(number, now)
