"""Decisions about pieces: the outline edited, versions approved, changed, replaced, compared."""

import secrets
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from agents.rooms.asked import Asked, Decision, Task, who
from agents.rooms.outline import held_to, nth, readers, shape_faults
from agents.rooms.standing import still_open
from agents.rooms.state import MEDIA, Piece, PieceKind
from agents.rooms.templates import MOST
from agents.understanding.folding import unquoted
from memory.records import Asset
from memory.rooms import Draft
from memory.sentences import count, joined, listed, say
from tools.constraints import faults
from tools.errors import Refused

_VARIANTS = 4
_SENT: Mapping[PieceKind, str] = {
    "picture": say("picture"),
    "voice": say("sound"),
    "text": say("text"),
}
_MISSHAPEN = "But {faults}: send another, or say “{title} stays as it is”."


def changed(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Change a piece: what it shall be while it is planned, what it is once it is made."""
    piece, words = _of(asked, data["piece"]), str(data["text"]).strip()
    if "less" in data:
        words = f"less {words}"
    literal = unquoted(words)
    if piece.now is None or asked.room.stage == "outline":
        also = piece.request and ("less" in data or "also" in data)
        request = f"{piece.request}, {literal}" if also else literal
        draft = Draft("change", {"piece": piece.number, "request": request})
        told = say("{title} is now: {request}", title=piece.title, request=request)
        return Decision(told, (draft,))
    note = Draft("comment", {"piece": piece.number, "text": words, "change": True})
    if piece.kind == "text" and literal != words:
        return written(asked, piece, literal)
    if piece.kind == "voice":
        return _spoken(asked, piece, literal)
    numbers = tuple(readers(asked.room, [piece.number]))
    drafts = (note, *_review(asked))
    return Decision("", drafts, Task("make", numbers, words=words))


def _spoken(asked: Asked, piece: Piece, words: str) -> Decision:
    note = Draft("comment", {"piece": piece.number, "text": words, "change": True})
    line = Draft("change", {"piece": piece.number, "request": words})
    drafts = (note, line, *_review(asked))
    return Decision("", drafts, Task("make", (piece.number,)))


def written(asked: Asked, piece: Piece, text: str) -> Decision:
    """Take a person's own words for a text; voices that read it are made anew."""
    wrong = list(faults(text, held_to(asked.room.brief, piece)))
    draft = Draft("made", {"piece": piece.number, "text": text, "faults": wrong})
    form = "{title}, in {who}'s words: {text}"
    told = [say(form, title=piece.title, who=who(asked.user), text=text)]
    told += [say("But {faults}.", faults=listed(wrong))] if wrong else []
    voices = tuple(readers(asked.room, [piece.number])[1:])
    task = Task("make", voices) if voices else None
    return Decision(joined("\n", told), (draft, *_review(asked)), task)


def uploaded(
    asked: Asked,
    numbers: Sequence[int],
    made: Mapping[str, str],
    words: Mapping[str, str] = MappingProxyType({}),
) -> Decision:
    """Put files in the place of pieces: one each, or the first one that fits a single piece.

    `made` names the step that made a file which nobody sent, `words` are those of texts. What is
    wrong is told, and left to the check; voices that read a text are made anew. Raises Refused
    with what the file can be used for when it is of a wrong kind.
    """
    files = asked.attached
    each = len(numbers) == len(files) > 1
    drafts: list[Draft] = []
    told: list[str] = []
    for at, number in enumerate(numbers if each else numbers[:1]):
        piece = _of(asked, number)
        asset = _fitting(piece, files[at : at + 1] if each else files)
        data = _held(asked, piece, asset, words)
        wrong, step = data["faults"], made.get(asset.sha256, "")
        drafts.append(Draft("made", {**data, "step": step}, made=bool(step)))
        form = "{title} is now what {who} chose." if step else "{title} is now what {who} sent."
        told.append(say(form, title=piece.title, who=who(asked.user)))
        told += [say(_MISSHAPEN, faults=listed(wrong), title=piece.title)] if wrong else []
    voices = tuple(n for n in readers(asked.room, numbers) if n not in numbers)
    task = Task("make", voices) if voices else None
    return Decision(joined("\n", told), (*drafts, *_review(asked)), task)


def _held(asked: Asked, piece: Piece, asset: Asset, words: Mapping[str, str]) -> dict[str, Any]:
    """Return what a file is to a piece: its text or itself, and what is wrong with that."""
    brief = asked.room.brief
    if piece.kind == "text":
        text = words[asset.sha256]
        wrong = list(faults(text, held_to(brief, piece)))
        return {"piece": piece.number, "text": text, "faults": wrong}
    wrong = shape_faults(asset, brief.aspect) if piece.kind == "picture" else []
    return {"piece": piece.number, "asset": asset.sha256, "faults": wrong}


def _fitting(piece: Piece, files: Sequence[Asset]) -> Asset:
    """Return the file that can be a piece; raises Refused."""
    if found := next((a for a in files if a.media_type.startswith(MEDIA[piece.kind])), None):
        return found
    kinds = (k for k, start in MEDIA.items() if files[0].media_type.startswith(start))
    sent = next((_SENT[kind] for kind in kinds), say("file"))
    kept = say("What you sent is kept: reply to it with the name of the piece it is for.")
    form = "{title} is a {wanted} and that is a {sent}. {kept}"
    if piece.kind == "text":
        form = (
            "{title} is a text and that is a {sent}; your own words count with"
            " “change {title} to “...””. {kept}"
        )
    raise Refused(form, title=piece.title, wanted=say(piece.kind), sent=sent, kept=kept)


def again(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Make pieces anew, different this time."""
    numbers = tuple(readers(asked.room, list(data["pieces"])))
    notes = tuple(
        Draft("comment", {"piece": n, "text": "again", "change": True}) for n in data["pieces"]
    )
    task = Task("make", numbers, again=1 + secrets.randbelow(2**31))
    return Decision("", (*notes, *_review(asked)), task)


def variants(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Make other versions of a piece beside the one that counts."""
    piece = _of(asked, data["piece"])
    many = max(1, min(int(data.get("n") or 2), _VARIANTS))
    again = 1 + secrets.randbelow(2**31)
    return Decision("", (), Task("make", (piece.number,) * many, aside=True, again=again))


def kept(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Let another version of a piece count."""
    piece = _of(asked, data["piece"])
    number = int(data["n"]) if "n" in data else _before(piece)
    if number not in [v.number for v in piece.versions]:
        many = count(len(piece.versions), "{n} version", "{n} versions")
        form = "{title} has {versions}, there is no version {number}."
        raise Refused(form, title=piece.title, versions=many, number=number)
    draft = Draft("kept", {"piece": piece.number, "version": number})
    told = say("{title}: version {number} counts now.", title=piece.title, number=number)
    return Decision(told, (draft,))


def _before(piece: Piece) -> int:
    """Return the number of the version that was there before the one that counts."""
    return max((v.number for v in piece.versions if v.number < piece.kept), default=0)


def compared(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Show the versions of a piece side by side."""
    piece = _of(asked, data["piece"])
    lines = [_version(piece, n) for n in range(len(piece.versions))]
    head = count(len(lines), "{title}, {n} version:", "{title}, {n} versions:", title=piece.title)
    return Decision(joined("\n", [head, *lines]), (), Task("show", (piece.number,)))


def _version(piece: Piece, at: int) -> str:
    version = piece.versions[at]
    by = say("by {who}", who=who(version.author)) if version.author else say("made by AI")
    mark = [say(", counts")] if version.number == piece.kept else []
    words = [": ", version.text] if version.text else []
    return joined("", [f"{version.number}. ", by, *mark, *words])


def approved(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Note that somebody likes pieces as they are."""
    made = [p for n in data["pieces"] if (p := asked.room.piece(n)) and p.now]
    if not made:
        raise Refused("That is not made yet, so nobody can approve it.")
    draft = Draft("approved", {"piece": [p.number for p in made]})
    names = joined(", ", (p.title for p in made))
    told = say("Approved by {who}: {names}.", who=who(asked.user), names=names)
    return Decision(joined(" ", [told, still_open(asked.after([draft]).room)]), (draft,))


def commented(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Note what somebody says about a piece."""
    piece = _of(asked, data["piece"])
    draft = Draft("comment", {"piece": piece.number, "text": str(data["text"])})
    return Decision(say("Noted on {title}.", title=piece.title), (draft,))


def overruled(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Let pieces stay although the check found something."""
    draft = Draft("overruled", {"piece": list(data["pieces"])})
    names = _names(asked, data)
    told = say("{names}: stays as it is, says {who}.", names=names, who=who(asked.user))
    return Decision(told, (draft,))


def cared_for(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Note who looks after pieces."""
    draft = Draft("carer", {"piece": list(data["pieces"])})
    told = say("{who} looks after {names}.", who=who(asked.user), names=_names(asked, data))
    return Decision(told, (draft,))


def _names(asked: Asked, data: Mapping[str, Any]) -> str:
    return joined(", ", (p.title for n in data["pieces"] if (p := asked.room.piece(n))))


def added(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Add a piece to the set."""
    if len(asked.room.pieces) >= MOST:
        raise Refused("A set has at most {most} pieces.", most=MOST)
    kind, words = data["kind"], unquoted(str(data["text"]))
    title = _next_title(asked.room.pieces, str(kind))
    row = {"kind": kind, "title": title, "request": words, "seed": secrets.randbelow(2**32)}
    told = say("Added {title}: {request}", title=title, request=words)
    return Decision(told, (Draft("add", row),))


def _next_title(pieces: Sequence[Piece], kind: str) -> str:
    """Return what a new piece is called: "Visual 3" behind "Visual 2", else by its kind."""
    titles = [p.title.rpartition(" ") for p in pieces if p.kind == kind]
    counted = [(stem, int(n)) for stem, _, n in titles if stem and n.isdecimal()]
    stem, last = counted[-1] if counted else (kind.capitalize(), len(titles))
    return nth(stem, max([last, *(n for one, n in counted if one == stem)]) + 1)


def dropped(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Leave pieces out of the set."""
    drafts = tuple(Draft("drop", {"piece": n}) for n in data["pieces"])
    return Decision(say("Left out: {names}.", names=_names(asked, data)), drafts)


def _review(asked: Asked) -> tuple[Draft, ...]:
    """Return what brings a room back to the review, when it was past that."""
    past = asked.room.stage in ("pack",)
    return (Draft("stage", {"stage": "review"}),) if past else ()


def _of(asked: Asked, number: int) -> Piece:
    piece = asked.room.piece(number)
    if piece is None:
        raise Refused("There is no piece {number} here.", number=number)
    return piece
