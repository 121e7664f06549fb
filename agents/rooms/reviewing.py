"""Decisions about pieces: the outline edited, versions approved, changed, replaced, compared."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from agents.rooms.asked import Asked, Decision, Task, count, who
from agents.rooms.outline import MOST, held_to, readers, shape_faults
from agents.rooms.state import Piece
from agents.understanding.folding import unquoted
from memory.records import Asset
from memory.rooms import Draft
from tools.constraints import faults
from tools.errors import Refused

_VARIANTS = 4


def changed(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Change a piece: what it shall be while it is planned, what it is once it is made."""
    piece, words = _of(asked, data["piece"]), str(data["text"]).strip()
    if "less" in data:
        words = f"less {words}"
    literal = unquoted(words)
    if piece.now is None or asked.room.stage == "outline":
        draft = Draft("change", {"piece": piece.number, "request": literal})
        return Decision(f"{piece.title} is now: {literal}", (draft,))
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
    told = f"{piece.title}, in {who(asked.user)}'s words: {text}"
    told += f"\nBut {' and '.join(wrong)}." if wrong else ""
    voices = tuple(readers(asked.room, [piece.number])[1:])
    task = Task("make", voices) if voices else None
    return Decision(told, (draft, *_review(asked)), task)


def uploaded(asked: Asked, numbers: Sequence[int], made: Mapping[str, str]) -> Decision:
    """Put files in the place of pieces: one each, or the first one that fits a single piece.

    `made` names the step that made a file which nobody sent. A wrong shape is told, and left to
    the check; raises Refused with what the file can be used for when it is of a wrong kind.
    """
    files = asked.attached
    each = len(numbers) == len(files) > 1
    drafts: list[Draft] = []
    told: list[str] = []
    for at, number in enumerate(numbers if each else numbers[:1]):
        piece = _of(asked, number)
        asset = _fitting(piece, files[at : at + 1] if each else files)
        wrong = shape_faults(asset, asked.room.brief.aspect) if piece.kind == "picture" else []
        data = {"piece": number, "asset": asset.sha256, "faults": wrong}
        step = made.get(asset.sha256, "")
        drafts.append(Draft("made", {**data, "step": step}, made=bool(step)))
        told.append(f"{piece.title} is now what {who(asked.user)} {'chose' if step else 'sent'}.")
        stays = f"send another, or say “{piece.title} stays as it is”"
        told += [f"But {' and '.join(wrong)}: {stays}."] if wrong else []
    return Decision("\n".join(told), (*drafts, *_review(asked)))


def _fitting(piece: Piece, files: Sequence[Asset]) -> Asset:
    """Return the file that can be a piece; raises Refused."""
    wanted = {"picture": "image/", "voice": "audio/"}.get(piece.kind, "none")
    if found := next((a for a in files if a.media_type.startswith(wanted)), None):
        return found
    sent = "picture" if files[0].media_type.startswith("image/") else "sound"
    kept = "What you sent is kept: reply to it with the name of the piece it is for."
    if piece.kind == "text":
        raise Refused(
            f"{piece.title} is a text and that is a {sent}; your own words count with"
            f" “change {piece.title} to “...””. {kept}"
        )
    raise Refused(f"{piece.title} is a {piece.kind} and that is a {sent}. {kept}")


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
    piece, number = _of(asked, data["piece"]), int(data["n"])
    if number not in [v.number for v in piece.versions]:
        many = count(len(piece.versions), "version")
        raise Refused(f"{piece.title} has {many}, there is no version {number}.")
    draft = Draft("kept", {"piece": piece.number, "version": number})
    return Decision(f"{piece.title}: version {number} counts now.", (draft,))


def compared(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Show the versions of a piece side by side."""
    piece = _of(asked, data["piece"])
    lines = [_version(piece, n) for n in range(len(piece.versions))]
    told = "\n".join([f"{piece.title}, {count(len(lines), 'version')}:", *lines])
    return Decision(told, (), Task("show", (piece.number,)))


def _version(piece: Piece, at: int) -> str:
    version = piece.versions[at]
    by = f"by {who(version.author)}" if version.author else "made"
    mark = ", counts" if version.number == piece.kept else ""
    words = f": {version.text}" if version.text else ""
    return f"{version.number}. {by}{mark}{words}"


def approved(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Note that somebody likes pieces as they are."""
    made = [p for n in data["pieces"] if (p := asked.room.piece(n)) and p.now]
    if not made:
        raise Refused("That is not made yet, so nobody can approve it.")
    draft = Draft("approved", {"piece": [p.number for p in made]})
    left = [p.title for p in asked.after([draft]).room.pieces if not p.approved]
    rest = (
        f" Still open: {', '.join(left)}." if left else " All pieces are approved; “next” goes on."
    )
    names = ", ".join(p.title for p in made)
    return Decision(f"Approved by {who(asked.user)}: {names}.{rest}", (draft,))


def commented(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Note what somebody says about a piece."""
    piece = _of(asked, data["piece"])
    draft = Draft("comment", {"piece": piece.number, "text": str(data["text"])})
    return Decision(f"Noted on {piece.title}.", (draft,))


def overruled(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Let pieces stay although the check found something."""
    draft = Draft("overruled", {"piece": list(data["pieces"])})
    names = ", ".join(p.title for n in data["pieces"] if (p := asked.room.piece(n)))
    return Decision(f"{names}: stays as it is, says {who(asked.user)}.", (draft,))


def cared_for(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Note who looks after pieces."""
    draft = Draft("carer", {"piece": list(data["pieces"])})
    names = ", ".join(p.title for n in data["pieces"] if (p := asked.room.piece(n)))
    return Decision(f"{who(asked.user)} looks after {names}.", (draft,))


def added(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Add a piece to the set."""
    if len(asked.room.pieces) >= MOST:
        raise Refused(f"A set has at most {MOST} pieces.")
    kind, words = data["kind"], unquoted(str(data["text"]))
    title = _next_title(asked.room.pieces, str(kind))
    row = {"kind": kind, "title": title, "request": words, "seed": secrets.randbelow(2**32)}
    return Decision(f"Added {title}: {words}", (Draft("add", row),))


def _next_title(pieces: Sequence[Piece], kind: str) -> str:
    """Return what a new piece is called: "Visual 3" behind "Visual 2", else by its kind."""
    titles = [p.title.rpartition(" ") for p in pieces if p.kind == kind]
    counted = [(stem, int(n)) for stem, _, n in titles if stem and n.isdecimal()]
    stem, last = counted[-1] if counted else (kind.capitalize(), len(titles))
    return f"{stem} {max([last, *(n for one, n in counted if one == stem)]) + 1}"


def dropped(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Leave pieces out of the set."""
    titles = [p.title for n in data["pieces"] if (p := asked.room.piece(n))]
    drafts = tuple(Draft("drop", {"piece": n}) for n in data["pieces"])
    return Decision(f"Left out: {', '.join(titles)}.", drafts)


def _review(asked: Asked) -> tuple[Draft, ...]:
    """Return what brings a room back to the review, when it was past that."""
    past = asked.room.stage in ("pack",)
    return (Draft("stage", {"stage": "review"}),) if past else ()


def _of(asked: Asked, number: int) -> Piece:
    piece = asked.room.piece(number)
    if piece is None:
        raise Refused(f"There is no piece {number} here.")
    return piece
