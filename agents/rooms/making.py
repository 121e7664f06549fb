"""What a room's decisions have made: steps of the turn, stored before they run, then noted.

Everything here can be done again after a crash: steps that are stored are taken up, and what they
came to is noted under one key.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.plans import NEVER
from agents.rooms.asked import Asked, Decision, Task, button
from agents.rooms.board import ENGLISH, Tongue
from agents.rooms.brief import style
from agents.rooms.checking import Gate
from agents.rooms.choosing import live
from agents.rooms.fold import fold
from agents.rooms.outline import calls, held_to, shape_faults
from agents.rooms.packing import contents, packed
from agents.rooms.state import Idea, Room
from agents.rooms.telling import buttons_of, checked, keeping, mending, told_of
from agents.rooms.templates import Template, filled
from agents.turns import Answer
from agents.understanding.wishes import Wish
from agents.work import Work
from memory.errors import NotFound
from memory.records import Asset, Step
from memory.rooms import Draft, Rooms, Said
from memory.sentences import count, joined, say
from tools.constraints import faults
from tools.terms import without

MOST = 40
"""Steps one turn of a room may take."""
_FAILED = "I could not make that: {why}"
_NAMING = ("image", "other_image")
"""Arguments that name a picture."""


@dataclass(frozen=True, slots=True)
class Making:
    """A room's work for one message."""

    rooms: Rooms
    work: Work
    asked: Asked
    most: int = 10_000_000
    """Bytes that a file may have, so that every platform of the room takes it."""
    tongue: Tongue = ENGLISH
    """What the documents of a pack are written in."""

    @property
    def room(self) -> Room:
        """The room as it is once the decision is noted."""
        return self.asked.room

    async def run(self, task: Task, told: str) -> Answer:
        """Do a task to its end and return what to say of it."""
        self.work.planner, self.work.most = NEVER, MOST
        special = {"check": self._check, "fix": self._fix, "pack": self._pack}.get(task.what)
        if special is not None:
            await self._restored()
            return await special(task)
        if task.what == "show":
            return await self._show(task, told)
        wishes = _wishes(task, self.room, self.asked.template)
        steps = await self._steps([wish for _, wish in wishes])
        done = [(n, s) for (n, _), s in zip(wishes, steps, strict=False)]
        drafts = [d for n, step in done for d in _drafts(task, n, step, self.room)]
        if self.room.stage == "making":
            drafts.append(Draft("stage", {"stage": "review"}, made=True))
        room = await self._noted(drafts)
        failed = [say(_FAILED, why=s.result) for _, s in done if s.status == "failed"]
        parts = [*dict.fromkeys(failed), told_of(task, room, drafts, told)]
        text = joined("\n", filter(None, parts))
        kind: Any = "error" if failed and not drafts else "reply"
        return Answer(kind, text, tuple(steps), buttons=buttons_of(task, room))

    async def _steps(self, wishes: Sequence[Wish]) -> list[Step]:
        """Run wishes as the steps of this turn, or go on with those that are stored."""
        work = self.work
        if not await self._restored():
            named = [str(v) for w in wishes for k, v in w.args.items() if k in _NAMING]
            there = tuple([a for one in named if (a := await self._asset(one))])
            work.scene = replace(work.scene, named=(*work.scene.named, *there))
            await work.plan([(f"call-{n}", wish) for n, wish in enumerate(wishes)])
        return await work.run()

    async def _restored(self) -> bool:
        """Take up the steps of an earlier life; return whether there are any."""
        work = self.work
        stored = await work.context.store.steps_of(work.scene.message.id)
        if stored:
            await work.restore(stored)
        return bool(stored)

    def _gate(self, room: Room) -> Gate:
        return Gate(self.work, room, self.asked.template.checks)

    async def _check(self, task: Task) -> Answer:
        found = await self._gate(self.room).check()
        room = await self._noted([found.draft(repaired=False)])
        return Answer("reply", checked(found), buttons=mending(found, room))

    async def _fix(self, task: Task) -> Answer:
        """Mend what fell out, once, and look again."""
        message, told, room = self.work.scene.message, "", self.room
        done = [e for e in self.asked.events if e.message == message.id and e.kind == "made"]
        if not done:
            drafts, told = await self._gate(room).mend(task.numbers)
            room = await self._noted(drafts, "mended")
        found = await self._gate(room).check()
        room = await self._noted([found.draft(repaired=True)])
        text = joined("\n", filter(None, [told, checked(found)]))
        steps = tuple(self.work.steps.values())
        shown = {v.asset for p in room.pieces if (v := p.now)}
        kept = tuple(s for s in steps if any(a.sha256 in shown for a in s.assets))
        return Answer("reply", text, kept, buttons=mending(found, room))

    async def _pack(self, task: Task) -> Answer:
        context, message = self.work.context, self.work.scene.message
        # After a crash this message may have noted its pack already; it is the same pack.
        events = [e for e in self.asked.events if (e.kind, e.message) != ("packed", message.id)]
        what = await contents(self.room, events, context.store, context.assets, self.tongue)
        named, left_out = await packed(what, context.assets, self.most)
        files = tuple(named.values())
        names = {asset.sha256: name for name, asset in named.items()}
        args: dict[str, object] = {"room": self.room.id, "names": names}
        step = Step("pack", args, context.user, context.chat, message.id, "done")
        step = replace(step, id=_id(message.id), result=say("Packed."), assets=files)
        await context.store.save(step)
        await self._noted([Draft("packed", {"assets": [a.sha256 for a in files]}, made=True)])
        size = sum(asset.size for asset in files) / 1e6
        told = say(
            "The pack: {pieces}, {files}, {size:.1f} MB. Unpack it and open index.html.",
            pieces=count(len(what.pieces), "{n} piece", "{n} pieces"),
            files=count(len(files), "{n:,} file", "{n:,} files"),
            size=size,
        )
        again = button("next pack", say("Pack again"))
        return Answer("reply", joined("\n", [told, *left_out]), (step,), buttons=(again,))

    async def _show(self, task: Task, told: str) -> Answer:
        """Show the versions of a piece: two pictures side by side, anything else one by one."""
        piece = self.room.piece(task.numbers[0])
        shown = {v.number: v.asset for v in piece.versions if v.asset} if piece else {}
        buttons = keeping(piece, [v.number for v in piece.versions]) if piece else ()
        if piece and piece.kind == "picture" and len(shown) == 2:
            first, second = shown.values()
            steps = await self._steps([Wish("compare", {"image": first, "other_image": second})])
            text = joined("\n", [told, *(s.result for s in steps)])
            return Answer("reply", text, tuple(steps), buttons=buttons)
        found = tuple([a for one in shown.values() if (a := await self._asset(one))])
        return Answer("reply", told, asked=found, buttons=buttons)

    async def _asset(self, sha256: str) -> Asset | None:
        try:
            return await self.work.context.store.asset(sha256)
        except NotFound:
            return None

    async def _noted(self, drafts: Sequence[Draft], what: str = "made") -> Room:
        """Note what was made, once, and return the room as it is then."""
        message = self.work.scene.message
        if drafts:
            said = Said(message.author, message.id, f"{message.id}:{what}")
            await self.rooms.add(self.room.id, drafts, said)
        return fold(self.room.id, await self.rooms.events(self.room.id))


def _id(message: str) -> str:
    """Return the id of the one step that packs for a message."""
    return hashlib.sha256(f"pack {message}".encode()).hexdigest()[:20]


def priced(room: Room, work: Work) -> str:
    """Return what making the pieces that are missing should take, in words."""
    missing = [p.number for p in room.pieces if p.now is None]
    context = work.context
    steps = [
        Step(w.tool, dict(w.args), context.user, context.chat, "", "queued")
        for _, w in calls(room, missing)
    ]
    if not steps:
        return ""
    return work.planner.totals(steps)


def _wishes(task: Task, room: Room, template: Template) -> list[tuple[int, Wish]]:
    if task.what == "ideas":
        return [(0, _ideate(task, room, template))]
    if task.what == "refine":
        idea = room.idea(task.numbers[0]) or Idea(0, room.brief.subject)
        ask = f"{room.brief.subject}, like “{idea.title}: {idea.description}”, but {task.words}"
        return [(idea.number, Wish("ideate", {"ask": ask[:1000], "count": 1}))]
    if task.what == "sketch":
        there = [one for n in task.numbers if (one := room.idea(n))]
        return [(one.number, _sketch(one, room, template)) for one in there]
    return calls(room, task.numbers, task.words, task.again)


def _ideate(task: Task, room: Room, template: Template) -> Wish:
    brief = room.brief
    ask = filled(template.ideas.ask, {"subject": brief.subject or room.title})
    more = [
        f"for {brief.audience}" if brief.audience else "",
        f"{brief.tone}" if brief.tone else "",
    ]
    ask = ", ".join([ask, *(m for m in more if m)])
    known = [f"{i.title}: {i.description}" for i in live(room)]
    first = len(room.ideas) % max(1, len(template.ideas.angles))
    angles = [*template.ideas.angles[first:], *template.ideas.angles[:first]]
    args: dict[str, object] = {"ask": ask, "count": task.count, "angles": angles, "known": known}
    return Wish("ideate", {**args, "never": list(brief.never)})


def _sketch(idea: Idea, room: Room, template: Template) -> Wish:
    values = {"idea": idea.title, "description": idea.description, "subject": room.brief.subject}
    prompt = without(filled(template.ideas.sketch, values), room.brief.never)
    args: dict[str, object] = {"prompt": prompt[:2000], "count": 1}
    args |= {"aspect": room.brief.aspect} if room.brief.aspect else {}
    look = without(style(room.brief), room.brief.never)
    return Wish("draw", args | ({"style": look[:300]} if look else {}))


def _drafts(task: Task, number: int, step: Step, room: Room) -> list[Draft]:
    """Return what a step that worked out means for the room."""
    if step.status != "done":
        return []
    if task.what in ("ideas", "refine"):
        found = step.args.get("ideas")
        more = {"parents": [number], "replaces": True} if task.what == "refine" else {}
        ideas = found if isinstance(found, list) else []
        return [Draft("idea", {**idea, **more}, made=True) for idea in ideas]
    asset = step.assets[0] if step.assets else None
    if task.what == "sketch":
        sha = asset.sha256 if asset else ""
        return [Draft("sketch", {"idea": number, "asset": sha, "step": step.id}, made=True)]
    data: dict[str, object] = {"piece": number, "step": step.id, "aside": task.aside}
    piece = room.piece(number)
    if asset is not None:
        data["asset"], wrong = asset.sha256, shape_faults(asset, room.brief.aspect)
    else:
        data["text"] = step.result
        wrong = list(faults(step.result, held_to(room.brief, piece))) if piece else []
    return [Draft("made", {**data, "faults": wrong}, made=True)]


def outcome_answer(decision: Decision, price: str = "") -> Answer:
    """Return the answer that a decision without work is."""
    kind: Any = "question" if decision.question else "reply"
    priced = [say("To make it: {price}.", price=price)] if price else []
    return Answer(kind, joined("\n", [decision.told, *priced]), buttons=decision.buttons)
