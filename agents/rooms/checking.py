"""The check of a set and its repair: the gate's measures, brought to a room's pieces."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.rooms.brief import style
from agents.rooms.outline import calls, held_to, readers, shape_faults
from agents.rooms.state import Piece, Room
from agents.rooms.templates import Checks
from agents.understanding.wishes import Wish
from agents.work import Work
from memory.errors import NotFound
from memory.records import Asset, Step
from memory.rooms import Draft
from memory.sentences import Sentence, joined, say
from tools.constraints import faults
from tools.gate.card import Fault, ScoreCard
from tools.gate.texts import check

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
            form = "Score {score:.0f} of 100: all pieces hang together."
            return say(form, score=self.score)
        names = joined(", ", (f"#{n}" for n in self.faults))
        return say("Score {score:.0f} of 100; falling out: {names}.", score=self.score, names=names)

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
        wrong: dict[int, tuple[str, ...]] = {}
        for (piece, _), found in zip(pictures, card.pieces, strict=False):
            if found.faults:
                wrong[piece.number] = tuple(_said(piece, fault) for fault in found.faults)
        words, looked = await self._words(), self.checks.texts
        texts = [check(p.number, t, held_to(self.room.brief, p), looked) for p, t in words]
        for (piece, _), one in zip(words, texts, strict=True):
            if one.faults:
                wrong[piece.number] = tuple(_said(piece, fault) for fault in one.faults)
        for piece, _ in pictures:  # the brief may ask for another format than it did
            if found_of := shape_faults(await self.asset(piece), self.room.brief.aspect):
                called = _numbered(piece)
                said = tuple(say("{piece}: {why}.", piece=called, why=one) for one in found_of)
                wrong[piece.number] = (*wrong.get(piece.number, ()), *said)
        score = ScoreCard((*card.pieces, *texts)).score
        return Checked(score, dict(sorted(wrong.items())))

    async def mend(self, numbers: Sequence[int]) -> tuple[list[Draft], str]:
        """Mend pieces by the gate's repair, texts by writing them anew; return what is better."""
        from tools.gate.repair import repair

        pictures = await self._pictures()
        only = [n for n, (piece, _) in enumerate(pictures, 1) if piece.number in numbers]
        drafts = await self._rewritten(numbers)
        if not only:
            return drafts, ""
        drawn = _Redrawing(self, [piece for piece, _ in pictures])
        words = style(self.room.brief)
        data = [await self._cut(piece, data, numbers) for piece, data in pictures]
        cut = [p for (p, before), after in zip(pictures, data, strict=True) if after != before]
        mended = await repair(data, drawn, await self._style(), words, only)
        for (piece, before), after in zip(pictures, mended.pictures, strict=True):
            if after != before:
                drafts.append(await self._kept(piece, after))
        shaped = joined(", ", (f"#{piece.number}" for piece in cut))
        aspect = self.room.brief.aspect
        told = [say("Cut to {aspect}: {names}.", aspect=aspect, names=shaped)] if cut else []
        gain = [] if cut and not mended.changes else [_gain(mended)]
        return drafts, joined("\n", [*told, *gain])

    async def _cut(self, piece: Piece, data: bytes, numbers: Sequence[int]) -> bytes:
        """Return a picture that is to be mended in the shape that the brief asks for."""
        aspect = self.room.brief.aspect
        if piece.number not in numbers or not shape_faults(await self.asset(piece), aspect):
            return data
        return await asyncio.to_thread(_shaped, data, aspect)

    async def _kept(self, piece: Piece, data: bytes) -> Draft:
        """Keep a mended picture as a step of its own, so that it has a recipe."""
        context, now = self.work.context, piece.now
        width, height = _size(data)
        asset = await context.assets.put(data, "image/png", width=width, height=height)
        source = now.asset if now else ""
        args: dict[str, object] = {"image": source, "instruction": "fit the set"}
        turn, user = context.turn, context.user
        step = Step(
            "mend", args, user, context.chat, turn, "done", say("Mended."), (asset,), (source,)
        )
        await context.store.save(step)
        self.work.steps[step.id] = step
        return Draft("made", {"piece": piece.number, "asset": asset.sha256, "step": step.id}, True)

    async def _rewritten(self, numbers: Sequence[int]) -> list[Draft]:
        """Write texts anew, then speak them, and what else was said wrongly, anew."""
        wished = calls(self.room, readers(self.room, numbers), again=1)
        texts = [(n, wish) for n, wish in wished if wish.tool == "compose"]
        steps = await self.steps([wish for _, wish in texts])
        new = {n: s for (n, _), s in zip(texts, steps, strict=True) if s.status == "done"}
        drafts = [
            Draft("made", {"piece": n, "step": s.id, **self._text(n, s.result)}, True)
            for n, s in new.items()
        ]
        for number in (n for n, wish in wished if wish.tool == "speak"):
            ((_, wish),) = calls(self.room, [number])
            piece = self.room.piece(number)
            if piece and not piece.request and piece.reads in new:
                wish = Wish("speak", {"text": new[piece.reads].result})
            (step,) = await self.steps([wish])
            if step.status == "done" and step.assets:
                made = {"piece": number, "asset": step.assets[0].sha256, "step": step.id}
                drafts.append(Draft("made", made, True))
        return drafts

    def _text(self, number: int, text: str) -> dict[str, object]:
        """Return a text and what it does not keep to, as an event holds them."""
        piece = self.room.piece(number)
        wrong = faults(text, held_to(self.room.brief, piece)) if piece else ()
        return {"text": text, "faults": list(wrong)}

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

    async def _words(self) -> list[tuple[Piece, str]]:
        """Return the texts, and what voices made here say that is not the text they read."""
        found = list[tuple[Piece, str]]()
        texts = {p.number: p.now.text for p in self.room.pieces if p.kind == "text" and p.now}
        for piece in self.room.pieces:
            now = piece.now
            if piece.number in texts:
                found.append((piece, texts[piece.number]))
            elif piece.kind == "voice" and now and now.step:
                step = await self.work.context.store.step(now.step)
                words = str(step.args.get("text", ""))
                found += [(piece, words)] if words != texts.get(piece.reads) else []
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


def _said(piece: Piece, fault: Fault) -> str:
    """Return why a piece falls out; the gate counts pictures, and people count pieces."""
    why = fault.why
    return Sentence(why.template, {**why.values, "piece": _numbered(piece)}, why.many)


def _numbered(piece: Piece) -> str:
    return say("#{number} {title}", number=piece.number, title=piece.title)


def _gain(mended: "Mended") -> str:
    kept = sum(change.kept for change in mended.changes)
    if not kept:
        return say("No repair made the set better, so the pictures stay as they were.")
    form = "The set's pictures: {before:.0f} before, {after:.0f} now."
    return say(form, before=mended.before.score, after=mended.after.score)


def _same(step: Step, wish: Wish) -> bool:
    return step.tool == wish.tool and all(step.args.get(k) == v for k, v in wish.args.items())


def _shaped(data: bytes, aspect: str) -> bytes:
    """Return the middle of a picture, as large as it can be in a shape, as PNG (blocks)."""
    from PIL import ImageOps

    from tools.pictures import open_picture, png

    picture, (wide, high) = open_picture(data), map(int, aspect.split(":"))
    scale = min(picture.width / wide, picture.height / high)
    return png(ImageOps.fit(picture, (round(wide * scale), round(high * scale))))


def _size(data: bytes) -> tuple[int, int]:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return image.size
