"""The check of a set and its repair: the gate's measures, brought to a room's pieces."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.rooms.brief import style
from agents.rooms.outline import calls
from agents.rooms.state import Piece, Room
from agents.rooms.templates import Checks
from agents.understanding.wishes import Wish
from agents.work import Work
from memory.errors import NotFound
from memory.records import Asset, Step
from memory.rooms import Draft
from tools.gate.card import Fault, ScoreCard
from tools.gate.texts import Rules, check
from tools.prose import prompts

if TYPE_CHECKING:
    from tools.gate.pictures import Style
    from tools.gate.repair import Mended, Redraw

_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a room's pieces: why, by the numbers of the pieces, and a score to 100."""

    score: float
    faults: Mapping[int, tuple[str, ...]]

    def draft(self, *, repaired: bool) -> Draft:
        """Return the event that notes it."""
        faults = {str(n): list(why) for n, why in self.faults.items()}
        data = {"score": round(self.score, 1), "outliers": list(self.faults), "faults": faults}
        return Draft("card", {**data, "repaired": repaired, "told": self.told()}, made=True)

    def told(self) -> str:
        """Return it in words, one line."""
        if not self.faults:
            return f"Score {self.score:.0f} of 100: all pieces hang together."
        names = ", ".join(f"#{n}" for n in self.faults)
        return f"Score {self.score:.0f} of 100; falling out: {names}."

    def lines(self) -> list[str]:
        """Return why each piece falls out, a line each."""
        return [why for whys in self.faults.values() for why in whys][:_SHOWN]


@dataclass(frozen=True, slots=True)
class Gate:
    """Measures and mends the pieces of a room within a turn's work."""

    work: Work
    room: Room
    checks: Checks

    async def check(self) -> Checked:
        """Measure every piece that is made."""
        from tools.gate.pictures import judge

        pictures = await self._pictures()
        data = [data for _, data in pictures] if self.checks.pictures else []
        style = await self._style()
        card = await asyncio.to_thread(judge, data, style) if data else ScoreCard(())
        faults: dict[int, tuple[str, ...]] = {}
        for (piece, _), found in zip(pictures, card.pieces, strict=False):
            if found.faults:
                faults[piece.number] = tuple(_said(piece, fault) for fault in found.faults)
        texts = [check(p.number, p.now.text, self._rules(p)) for p in _texts(self.room) if p.now]
        for one in texts:
            if one.faults:
                faults[one.number] = tuple(fault.why for fault in one.faults)
        for piece in self.room.pieces:  # what was noted when it was made: a wrong shape
            if piece.now and piece.now.faults and piece.kind != "text":
                said = tuple(f"#{piece.number} {why}." for why in piece.now.faults)
                faults[piece.number] = (*faults.get(piece.number, ()), *said)
        score = ScoreCard((*card.pieces, *texts)).score
        return Checked(score, dict(sorted(faults.items())))

    async def mend(self, numbers: Sequence[int]) -> tuple[list[Draft], str]:
        """Mend pieces by the gate's repair, texts by writing them anew; return what is better."""
        from tools.gate.repair import repair

        pictures = await self._pictures()
        only = [n for n, (piece, _) in enumerate(pictures, 1) if piece.number in numbers]
        drafts = await self._rewritten([n for n in numbers if n in map(_number, _texts(self.room))])
        if not only:
            return drafts, ""
        drawn = _Redrawing(self, [piece for piece, _ in pictures])
        words = style(self.room.brief)
        data = [data for _, data in pictures]
        mended = await repair(data, drawn, await self._style(), words, only)
        for (piece, before), after in zip(pictures, mended.pictures, strict=True):
            if after != before:
                drafts.append(await self._kept(piece, after))
        return drafts, _gain(mended)

    async def _kept(self, piece: Piece, data: bytes) -> Draft:
        """Keep a mended picture as a step of its own, so that it has a recipe."""
        context, now = self.work.context, piece.now
        width, height = _size(data)
        asset = await context.assets.put(data, "image/png", width=width, height=height)
        source = now.asset if now else ""
        args: dict[str, object] = {"image": source, "instruction": "fit the set"}
        turn, user = context.turn, context.user
        step = Step("mend", args, user, context.chat, turn, "done", "Mended.", (asset,), (source,))
        await context.store.save(step)
        self.work.steps[step.id] = step
        return Draft("made", {"piece": piece.number, "asset": asset.sha256, "step": step.id}, True)

    async def _rewritten(self, numbers: Sequence[int]) -> list[Draft]:
        wishes = calls(self.room, numbers, again=1)
        steps = await self.steps([wish for _, wish in wishes])
        return [
            Draft("made", {"piece": n, "text": s.result, "step": s.id, "faults": _left(s)}, True)
            for (n, _), s in zip(wishes, steps, strict=True)
            if s.status == "done"
        ]

    async def steps(self, wishes: Sequence[Wish]) -> list[Step]:
        """Run some wishes, or take over what an earlier life made of them."""
        found: list[Step] = []
        for wish in wishes:
            same = (s for s in self.work.steps.values() if _same(s, wish) and s not in found)
            step = next(same, None)
            if step is None:
                call = f"gate-{len(self.work.steps)}"
                await self.work.plan([(call, wish)])
                step = (await self.work.run(call))[0]
            elif step.status not in ("done", "failed", "cancelled"):
                await self.work.run()
                step = self.work.steps[step.id]
            found.append(step)
        return found

    async def _pictures(self) -> list[tuple[Piece, bytes]]:
        found = []
        for piece in self.room.pieces:
            if piece.kind == "picture" and piece.now and piece.now.asset:
                found.append((piece, await self.work.context.assets.read(await self.asset(piece))))
        return found

    async def asset(self, piece: Piece) -> Asset:
        """Return what a piece shows; raises NotFound."""
        if piece.now is None:
            raise NotFound("That piece is not made yet.")
        return await self.work.context.store.asset(piece.now.asset)

    async def _style(self) -> "Style":
        """Return what the room's style card holds pictures to."""
        from tools.colours import code
        from tools.gate.pictures import Style
        from tools.gate.signature import measure

        colours = tuple(filter(None, map(code, self.room.brief.colours)))
        like = self.room.reference
        if like is None:
            return Style(colours)
        asset = await self.work.context.store.asset(like.asset)
        data = await self.work.context.assets.read(asset)
        return Style(colours, await asyncio.to_thread(measure, data))

    def _rules(self, piece: Piece) -> Rules:
        brief = self.room.brief
        languages = (piece.language,) if piece.language else brief.languages
        looked = frozenset(self.checks.texts)
        return Rules(
            must=brief.must if piece.must and "must" in looked else (),
            never=brief.never if "never" in looked else (),
            most=piece.words if "length" in looked else 0,
            languages=tuple(filter(None, map(_code, languages))) if "language" in looked else (),
            tones=(brief.tone,) if brief.tone and "tone" in looked else (),
        )


@dataclass(frozen=True, slots=True)
class _Redrawing:
    """Draws an outlier again with the style card's words and another seed."""

    gate: Gate
    pieces: Sequence[Piece]

    async def __call__(self, wanted: "Redraw") -> bytes | None:
        piece = self.pieces[wanted.number - 1]
        (_, wish), *_ = calls(self.gate.room, [piece.number])
        seeded = Wish(wish.tool, {**wish.args, "seed": wanted.seed})
        (step,) = await self.gate.steps([seeded])
        if step.status != "done" or not step.assets:
            return None
        return await self.gate.work.context.assets.read(step.assets[0])


def _texts(room: Room) -> list[Piece]:
    return [piece for piece in room.pieces if piece.kind == "text" and piece.now]


def _number(piece: Piece) -> int:
    return piece.number


def _said(piece: Piece, fault: Fault) -> str:
    """Return why a piece falls out; the gate counts pictures, and people count pieces."""
    head, _, rest = fault.why.partition(" ")
    return f"#{piece.number} {rest}" if head.startswith("#") else fault.why


def _gain(mended: "Mended") -> str:
    kept = sum(change.kept for change in mended.changes)
    if not kept:
        return "No repair made the set better, so the pictures stay as they were."
    return f"The set's pictures: {mended.before.score:.0f} before, {mended.after.score:.0f} now."


def _left(step: Step) -> list[object]:
    faults = step.args.get("faults")
    return list(faults) if isinstance(faults, list) else []


def _same(step: Step, wish: Wish) -> bool:
    return step.tool == wish.tool and all(step.args.get(k) == v for k, v in wish.args.items())


def _code(language: str) -> str:
    """Return the two-letter code of a language, "" when it is not known."""
    table = prompts()["languages"].get(language.casefold(), {})
    return next((name for name in table.get("called", ()) if len(name) == 2), "")


def _size(data: bytes) -> tuple[int, int]:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return image.size
