"""The understanding set through the whole desk in a dry run, with any chat model."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from agents.models.steady import MEANWHILE, THIS_TIME
from agents.policy import CIRCLES, TOO_LONG
from agents.scene import look
from agents.understanding.wishes import Wish
from agents.work import Work
from bot.adapter import Received, Reply
from bot.app import App, rehearsal
from bot.progress import Standing
from bot.request import hints
from bot.settings import ChatModel, Settings, read
from bot.trail import Trail
from memory.errors import AtelierError
from memory.records import Chat, Message
from tests.understanding_cases import QUESTION, Case, Dialogue, Line, agree, wanted
from tests.understanding_past import SHOWS, WORDS, Past, recorded
from tools.tool import Context

_MAKING = ("draw", "edit", "vary", "upscale", "write", "brainstorm", "speak", "again")
_REFERENCES = ("image", "audio")
_SIDE_BY_SIDE = 32


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one message of a dialogue; `told` says it in words."""

    dialogue: Dialogue
    number: int
    found: tuple[Wish, ...]
    kind: str
    told: str
    right: bool

    @property
    def line(self) -> Line:
        return self.dialogue.lines[self.number - 1]

    @property
    def wrong_picture(self) -> bool:
        """Whether it would have worked on something that nobody pointed at, without asking."""
        meant = [_pointed(right) for right in self.line.wanted]
        return self.kind == "reply" and not any(_pointed(self.found) <= each for each in meant)


def _pointed(found: Sequence[Wish]) -> frozenset[str]:
    values = (v for w in found for k, v in w.args.items() if k in _REFERENCES)
    every = [o for v in values for o in (v if isinstance(v, tuple) else (v,))]
    return frozenset(str(v) for v in every if not str(v).startswith("step:"))


@dataclass(slots=True)
class _Kept:
    """An outbox that keeps the answer."""

    reply: Reply | None = None
    told: str = ""
    failed: bool = False
    standings: list[Standing] = field(default_factory=list)

    async def send(self, reply: Reply, trail: Trail) -> None:
        self.reply = reply

    async def update(self, reply: Reply, trail: Trail) -> bool:
        return True

    async def thread(self, trail: Trail, title: str) -> Chat | None:
        return None

    async def pin(self, trail: Trail) -> bool:
        return True

    async def remove(self, trail: Trail) -> None:
        """Nothing stands anywhere."""

    def show(self, standing: Standing) -> None:
        self.standings.append(standing)

    async def notice(self, text: str, *, error: bool = False) -> None:
        self.told, self.failed = text, error


@asynccontextmanager
async def dry(model: str, settings: Settings | None = None) -> AsyncIterator[App]:
    """Open the whole program in a dry run over an empty memory, with a chat model.

    Raises AtelierError when there is no such chat model.
    """
    given = settings or read()
    facts = given.chat.model_dump() | {"model": model}
    try:
        chat = ChatModel.model_validate({} if model == "rules" else facts)
    except ValidationError:
        raise AtelierError(f"There is no chat model called {model!r} here.") from None
    with tempfile.TemporaryDirectory(prefix="atelier-set-") as folder:
        changes = {"data": Path(folder), "chat": chat}
        async with rehearsal(given.model_copy(update=changes)) as app:
            yield app


async def judge(
    dialogues: Sequence[Dialogue], model: str = "rules", settings: Settings | None = None
) -> list[Judged]:
    """Return what comes of every message of some dialogues, each after its recorded past.

    With the rules many are judged side by side, so that their commits are made in groups.
    """
    free = asyncio.Semaphore(_SIDE_BY_SIDE if model == "rules" else 1)
    async with dry(model, settings) as app:

        async def one(count: int, dialogue: Dialogue, number: int) -> Judged:
            async with free:
                return await _judged(app, Chat("terminal", f"{count}.{number}"), dialogue, number)

        return await asyncio.gather(
            *(
                one(count, dialogue, number)
                for count, dialogue in enumerate(dialogues)
                for number in range(1, len(dialogue.lines) + 1)
            )
        )


async def _judged(app: App, chat: Chat, dialogue: Dialogue, number: int) -> Judged:
    past, message = await recorded(app.studio.store, chat, dialogue, number)
    kept = _Kept()
    await app.handle(Received(message), kept)
    line = dialogue.lines[number - 1]
    if kept.reply is None:
        kind = "error" if kept.failed else "notice"
        stopped = kind == "notice" and agree((), _without_talk(line))
        return Judged(dialogue, number, (), kind, f"{kind}: {kept.told}", stopped)
    if _fell_back(kept.reply.message.text):
        raise AtelierError(kept.reply.message.text)  # the rules answered, who were not asked
    found, kind = _found(kept.reply, past), kept.reply.kind
    right = _right(line, kept.reply, found, past)
    told = kept.reply.message.text if kind != "reply" or not found else _spelt(found)
    return Judged(dialogue, number, found, kind, f"{kind}: {told}", right)


def _fell_back(text: str) -> bool:
    return any(words in text for words in (MEANWHILE, THIS_TIME))


def _right(line: Line, reply: Reply, found: Sequence[Wish], past: Past) -> bool:
    if reply.kind == "error":
        return False
    if reply.kind == "question":
        return any([w.tool for w in right] == [QUESTION] for right in line.wanted)
    shown = [past.named(a.sha256) for a in reply.message.assets]
    for right in _without_talk(line):
        if [w.tool for w in right] == [SHOWS]:
            made = any(w.tool in _MAKING for w in found)
            if not made and shown == [right[0].args["image"]]:
                return True
        elif agree(found, (right,)):
            return True
    return False


def _without_talk(line: Line) -> tuple[tuple[Wish, ...], ...]:
    return tuple(
        tuple(w for w in right if w.tool not in ("cancel", "help")) for right in line.wanted
    )


def _found(reply: Reply, past: Past) -> tuple[Wish, ...]:
    """Return the steps of a reply with what they work on called as the files call it."""
    made: dict[str, str] = {}
    found = []
    for number, step in enumerate(reply.steps, 1):
        if step.tool == "undo":
            ids = step.args["steps"]
            assert isinstance(ids, list)
            back = dict.fromkeys(past.numbers.get(str(id), 0) for id in ids)
            found.append(Wish("undo", {"answer": ",".join(map(str, sorted(back)))}))
            continue
        args = {k: made.get(str(v), past.named(v)) for k, v in step.args.items()}
        tool = step.tool if step.status != "failed" else f"failed_{step.tool}"
        found.append(Wish(tool, args))
        many = len(step.assets) > 1
        made[step.result] = f"step:{number}"
        for n, asset in enumerate(step.assets, 1):
            made[asset.sha256] = f"step:{number}:{n}" if many else f"step:{number}"
    return tuple(found)


def _spelt(found: Sequence[Wish]) -> str:
    return ", ".join(f"{w.tool}({w.args})" for w in found)


class _Listening(Work):
    """Work that remembers what it was asked for."""

    heard: tuple[Wish, ...] = ()

    async def plan(self, calls: Sequence[tuple[str, Wish]]) -> None:
        self.heard += tuple(wish for _, wish in calls)
        await super().plan(calls)


async def turns_of(
    cases: Sequence[Case], model: str = "rules", settings: Settings | None = None
) -> list[tuple[tuple[Wish, ...], float]]:
    """Return what a chat model asks for when it reads each message, and its seconds.

    Help and cancelling are no tools: where only that is asked for, calling none is right.
    """
    found = []
    async with dry(model, settings) as app:
        for count, case in enumerate(cases):
            found.append(await _turn(app, Chat("terminal", str(count)), case))
    return found


_BEFORE = {
    "pictures": 'draw(prompt="a house by the sea", count=4)',
    "attached": 'draw(prompt="a house by the sea", count=4)',
    "reply": 'draw(prompt="a house by the sea")',
    "reply_text": 'write(request="a poem about the moon", kind="poem")',
    "after_write": 'write(request="a poem about the moon", kind="poem")',
}


async def _turn(app: App, chat: Chat, case: Case) -> tuple[tuple[Wish, ...], float]:
    before = _BEFORE.get(case.known)
    past = [Line("A", "please", wanted(before))] if before else []
    asked = Line(
        "A",
        case.text,
        case.wanted,
        reply=1 if case.known.startswith("reply") else 0,
        images=int(case.known == "attached"),
        sounds=int(case.known == "sound"),
    )
    dialogue = Dialogue(case.text, case.language, case.part, (*past, asked))
    _, message = await recorded(app.studio.store, chat, dialogue, len(past) + 1)
    began = time.perf_counter()
    heard = await _heard(app, message)
    took = time.perf_counter() - began
    if not heard and {w.tool for w in case.wanted[0]} <= {"help", "cancel"}:
        return case.wanted[0], took
    said = case.known == "reply_text"
    return tuple(_replied(w) if said else w for w in heard), took


def _replied(wish: Wish) -> Wish:
    """Return a wish with the text replied to, which a model calls "step:0", spelt out."""
    args = {k: WORDS if v == "step:0" else v for k, v in wish.args.items()}
    return Wish(wish.tool, args)


async def _heard(app: App, message: Message) -> tuple[Wish, ...]:
    studio = app.studio
    await studio.store.open_turn(message)
    scene = await look(studio.store, message)
    assert message.author is not None
    context = Context(
        user=message.author,
        chat=message.chat,
        store=studio.store,
        assets=studio.assets,
        catalogue=studio.catalogue,
        runner=studio.runner,
        report=lambda note: None,
        turn=message.id,
    )
    how, final = studio.how, studio.final
    work = _Listening(scene, context, studio.tools, lambda told: None, how, final)
    assistant = await studio.assistant()
    try:
        said = await assistant.answer(work, scene.past, hints(scene))
    finally:
        await work.close()
    failed = said.kind == "error" and said.text not in (CIRCLES, TOO_LONG)
    if _fell_back(said.text) or (failed and not work.heard):
        raise AtelierError(said.text)  # no model answered: that says nothing about the message
    return work.heard
