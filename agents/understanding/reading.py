"""One language's reading of a message: clauses, the rule each one matches, its wish."""

import re
from dataclasses import dataclass, field

from agents.understanding import clauses, correcting, drawing, flags, naming, pointing, slots
from agents.understanding.compiler import Rule
from agents.understanding.drawing import tidy
from agents.understanding.folding import FLAG, Line
from agents.understanding.lexicon import Language
from agents.understanding.linking import ON_PICTURES, TEXTS, Raw
from agents.understanding.outputs import PICTURES
from agents.understanding.slots import Scene
from agents.understanding.veiling import veiled
from agents.understanding.wishes import Hints

_SMALL_TALK = 200
"""Characters of chat that may stand before a request; after more it is a text about things."""

_OUTCRY = 24
"""Characters of an outcry before a command."""

_SHORT = 80
"""Characters of a further subject that stands without its verb."""

_ONCE = ("help", "cancel", "transcribe", "undo")
"""What is only said more clearly when it is said twice ("forget it, stop")."""

_JOINING = ("again", "edit")
"""What may go on behind a comma and be one wish with that."""

_VAGUE = ("it", "all")

_TWICE = re.compile(r"(\w.{0,18}?\w)(?:[\s,.!]+\1)+")
"""What is said again at once ("stop, stop")."""


@dataclass
class Reading:
    """Reads a message in one language."""

    language: Language
    hints: Hints
    drawn: bool = False
    asked: bool = False
    _read: dict[tuple[str, int, bool, bool], Raw | None] = field(default_factory=dict)

    def raws(self, line: Line) -> list[Raw]:
        """Return what the clauses of the message ask for, in order; nothing for chat."""
        if instead := self._corrected(line) or self._pointed(line):
            return instead
        found: list[Raw] = []
        drawn = self.drawn
        parts = clauses.split(line, self.language, self._opens)
        self.drawn = drawn  # what was tried while splitting is not yet asked for
        for clause in parts:
            said = self._without_asides(clause)
            after_draw = bool(found) and found[-1].tool == "draw"
            raw = self._renamed(said, found) or self.read(said)
            if raw := raw or (self._another(said) if after_draw else None):
                # "It's too dark, make it brighter": the complaint only explains the request.
                if found and found[-1].args.get("complaint") and raw.tool in ("edit", "again"):
                    found.pop()
                if found and raw == found[-1] and raw.tool in _ONCE:
                    continue
                if found and (both := correcting.counted(found[-1], raw)):
                    found[-1] = both
                    continue
                found.append(raw)
                self.drawn = self.drawn or raw.tool in PICTURES
        return found

    def _renamed(self, clause: Line, before: list[Raw]) -> Raw | None:
        """Read "make the third house blue", where houses were asked for before."""
        bare = naming.unnamed(clause, before, self.language)
        raw = self.read(bare) if bare else None
        return raw if raw and str(raw.args.get("image", ""))[:1].isdigit() else None

    def _pointed(self, line: Line) -> list[Raw]:
        """Return what "the second is nice, but make it night" asks for; nothing if it is none."""
        for rule in self.language.focus if self._pictures() else ():
            said = line if rule.match(line.fold) else self.stripped(line)[0]
            found = rule.match(said.fold)
            image = pointing.pick(said.cut(*found.span("pick")), self.language) if found else None
            if not found or not image or image in _VAGUE:
                continue
            asked = self.raws(said.cut(found.end(), len(said.text)))
            if (
                asked
                and asked[0].tool in ON_PICTURES
                and asked[0].args.get("image", "it") in _VAGUE
            ):
                first = Raw(asked[0].tool, {**asked[0].args, "image": image}, self.language)
                return [first, *asked[1:]]
        return []

    def _corrected(self, line: Line) -> list[Raw]:
        """Return what "draw a cat, no wait, a dog" asks for in the end; nothing if it is none."""
        slips = list(self.language.marks["correction"].finditer(line.fold))
        for slip in reversed(slips):
            said, meant = line.cut(0, slip.start()), line.cut(slip.end(), len(line.text))
            if not said.text or not meant.text:
                continue
            before = self.raws(said)
            if before and (last := correcting.instead(before[-1], meant, self.raws(meant))):
                return [*before[:-1], *last]
        return []

    def read(self, clause: Line, cut: int = clauses.LINE) -> Raw | None:
        """Return what one clause asks for; `cut` is how strongly it is parted from before."""
        key = (clause.text, cut, self.drawn, self.asked)
        if key not in self._read:
            self._read[key] = self._first_match(clause, cut)
        return self._read[key]

    def stripped(self, clause: Line) -> tuple[Line, bool]:
        """Return the clause without greeting and politeness, and whether it was asked nicely."""
        asked, found = False, True
        while found:
            found = False
            for name in ("lead", "ask"):
                start = self.language.marks[name].match(clause.fold)
                if start and start.end():
                    clause, found = clause.cut(start.end(), len(clause.text)), True
                    asked = asked or name == "ask"
        return clause, asked

    def _spoken(self, clause: Line) -> list[tuple[Line, bool]]:
        # What looks like politeness may be part of the wish ("I want to see a bear").
        bare, asked = self.stripped(clause)
        start = self.language.marks["lead"].match(clause.fold)
        said = clause.cut(start.end() if start else 0, len(clause.text))
        if said.text == bare.text:
            return [(bare, asked)]
        tries = [(bare, asked), (said, False)]
        return tries[::-1] if self.language.unspaced else tries

    def _first_match(self, clause: Line, cut: int) -> Raw | None:
        raws = (self._match(spoken, asked, cut) for spoken, asked in self._spoken(clause))
        return next((raw for raw in raws if raw), None)

    def _match(self, spoken: Line, asked: bool, cut: int) -> Raw | None:
        line = tidy(spoken, self.language)
        if twice := _TWICE.fullmatch(line.fold):
            line = line.cut(0, twice.end(1))
        if not line.text or self.language.marks["negated"].match(line.fold):
            return None
        flagged = FLAG in line.fold
        if raw := self._veiled(line) or (self._flagged(spoken, asked, cut) if flagged else None):
            return raw
        elsewhere = self.language.marks["elsewhere"].search(line.fold)
        for rule in self.language.index.possible(line.fold):
            if not self._may(rule, cut, asked) or (rule.needs == "pictures" and elsewhere):
                continue
            found = rule.pattern.fullmatch(line.fold)
            if found and (
                raw := self._raw(
                    rule, slots.arguments(rule, found, Scene(line, self.language, spoken)), line
                )
            ):
                return raw
        return self._bare(line) if flagged and cut > clauses.COMMA else None

    def _veiled(self, line: Line) -> Raw | None:
        """Read "the second one as a spoiler": that picture once more, hidden."""
        image = veiled(line, self.language)
        args: dict[str, object] = {"image": image, "spoiler": True}
        known = image not in _VAGUE or self._pictures()
        return Raw("show", args, self.language) if image and known else None

    def _flagged(self, spoken: Line, asked: bool, cut: int) -> Raw | None:
        """Read a request other than to draw without its flags, and add those its tool knows."""
        bare, said = flags.take(spoken)
        raw = self._match(bare, asked, cut)
        if raw is None or raw.tool not in flags.TAKES:
            return None
        known = {name: value for name, value in said.items() if name in flags.TAKES[raw.tool]}
        return Raw(raw.tool, {**raw.args, **known}, self.language)

    def _may(self, rule: Rule, cut: int, asked: bool) -> bool:
        if cut == clauses.COMMA and not rule.opens:
            return False
        if rule.needs in ("", "pictures"):
            return True
        return {
            "shown": self._pictures(),
            "asked": asked or self.asked,
            "focus": self.hints.focus,
            "sound": bool(self.hints.attached_sounds),
            "quoted": bool(self.hints.replied_text),
            "text": self.hints.last_tool in TEXTS and not self.hints.focus and not self.drawn,
        }[rule.needs]

    def _raw(self, rule: Rule, args: slots.Args | None, line: Line) -> Raw | None:
        if args is None:
            return None
        if rule.needs == "pictures" and "image" not in args and self._doubtful(line):
            return None
        vague = args.get("image", "it") in _VAGUE
        if rule.tool == "show" and args.get("image", "it") in (*_VAGUE, "previous", "last"):
            return None
        if rule.needs == "pictures" and vague and not self._pictures():
            return None
        return Raw(rule.tool, args, self.language)

    def _doubtful(self, line: Line) -> bool:
        # "Remove the dog from the yard" is said between people too when no picture is pointed at.
        at_hand = self.drawn or self.hints.focus
        return not at_hand and bool(self.language.marks["doubtful"].match(line.fold))

    def _pictures(self) -> bool:
        hints = self.hints
        return self.drawn or hints.focus or hints.pictures_here or hints.last_tool in PICTURES

    def _bare(self, line: Line) -> Raw | None:
        # Words and flags without a verb are a prompt, as in Midjourney.
        args = slots.prompt(line, self.language)
        return Raw("draw", args, self.language) if args else None

    def _another(self, clause: Line) -> Raw | None:
        """Read what stands behind "then" without a verb ("draw a cat, then a dog")."""
        line = tidy(self.stripped(clause)[0], self.language)
        short = len(line.text) <= _SHORT and self.language.marks["another"].match(line.fold)
        return self._bare(line) if short else None

    def _opens(self, before: Line, piece: Line, both: Line, cut: int) -> bool:
        prior = self.read(before) or (self._another(before) if self.drawn else None)
        if prior:
            self.drawn = self.drawn or prior.tool in PICTURES
        start, asked = self.stripped(before)
        self.asked = self.asked or asked
        if cut < clauses.THEN and self.language.marks["literal"].match(start.fold):
            return False
        raw = self.read(piece, cut)
        if raw is None and cut == clauses.THEN and prior and prior.tool == "draw":
            return ": " not in before.text and self._another(piece) is not None
        if raw is None or (prior and prior.tool in _JOINING and self._one(both, prior, raw, cut)):
            return False
        if cut == clauses.COMMA and raw.tool in correcting.CONTROLS and "prompt" not in raw.args:
            return (prior is not None and prior.tool in _ONCE) or self._impatient(before, raw)
        if prior is None:
            nicely = self.stripped(piece)[1] and len(start.text) <= _SHORT
            return not start.text or nicely or self._small_talk(start, cut, raw)
        if self.language.unspaced and raw.tool == "edit" and self._only_details(piece):
            return False
        vague = raw.args.get("image", "it") in _VAGUE
        return not (prior.tool == "write" and vague and raw.tool in (*ON_PICTURES[:1], "again"))

    def _only_details(self, piece: Line) -> bool:
        """Whether "square and without text" says how to draw and nothing else."""
        rest, args = drawing.details(piece, self.language)
        return bool(args) and not drawing.tidy(rest, self.language).text

    def _one(self, both: Line, prior: Raw, more: Raw, cut: int) -> bool:
        """Whether "again, but make it snowy" or "bigger, x4" is one wish."""
        raw = self.read(both) if cut < clauses.THEN or prior.tool == "again" else None
        if raw is None or prior.tool == "again":
            return raw is not None and raw.tool == "again"
        return raw.tool == more.tool == "upscale"

    def _impatient(self, before: Line, raw: Raw) -> bool:
        """Whether an outcry stands before "undo" or "stop" ("ugh no, undo")."""
        outcry = self.language.marks["verdict"].match(before.fold)
        return raw.tool in (*_ONCE, "again") and len(before.text) <= _OUTCRY and bool(outcry)

    def _small_talk(self, before: Line, cut: int, raw: Raw) -> bool:
        """Whether what stands before a request is chat: a short sentence, or a judgement."""
        if cut in (clauses.COMMA, clauses.THEN):
            judged = self.language.marks["verdict"].match(before.fold)
            new = self.hints.last_tool in TEXTS and len(before.text) <= _OUTCRY
            heard = self.hints.attached_sounds and raw.tool == "transcribe"
            return bool(heard or ((judged or new) and raw.tool in (*ON_PICTURES, "again")))
        return len(before.text) <= _SMALL_TALK

    def _without_asides(self, clause: Line) -> Line:
        """Return the clause without the remarks after the request ("Undo. That was ugly.")."""
        start, _ = self.stripped(clause)
        if self.language.marks["literal"].match(start.fold):
            return clause
        whole = self.read(clause)
        for name in ("sentence",) if whole else ("sentence", "weak"):
            for cut in self.language.marks[name].finditer(clause.fold):
                rest = clause.cut(cut.end(), len(clause.text))
                said = clause.cut(
                    0, cut.start() + len(cut[0].rstrip()) if name == "sentence" else cut.start()
                )
                aside = rest.fold.endswith("?") or self.language.marks["aside"].match(rest.fold)
                raw = self.read(said) if rest.text else None
                if (
                    raw
                    and (aside or raw.args.get("complaint"))
                    and not correcting.doubted(raw, cut)
                ):
                    return said
        return clause
