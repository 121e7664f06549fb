"""The board of a room: everything that stands, in one message, and the buttons of its stage."""

from collections.abc import Iterator

from agents.rooms.asked import button, count, open_question, who
from agents.rooms.brief import lines
from agents.rooms.briefing import choices
from agents.rooms.choosing import live
from agents.rooms.state import STAGES, Piece, Room
from agents.rooms.templates import Template
from memory.records import Action
from tools.image import short

_LINE, _IDEA, _BOARD = 150, 110, 1900
_LABEL = 24
_SIGNS = {"text": "✎", "picture": "▣", "voice": "♪"}

_FORWARD = {
    "brief": "Find ideas",
    "ideas": "Vote",
    "choice": "Close the vote",
    "outline": "Make it",
    "review": "Check it",
    "check": "Pack it",
    "pack": "Pack again",
}
_HINTS = {
    "brief": "Say what it must be: “audience: teenagers”, “4 posters”, “never mention beer”.",
    "ideas": "“how about ...” adds one; “combine 1 and 3”, “2: more playful”, “sketch 2”.",
    "choice": "Say or press a number; you can change your mind until the vote is closed.",
    "outline": "“slogan: ...”, “drop 4”, “add a picture of ...”, “I take 2”.",
    "making": "The pieces are being made side by side.",
    "review": "“approve 1”, “poster 2: darker”, “two variants of 1”, “redo 3”; or send your own.",
    "check": "“fix 3”, “fix all”, or “3 stays as it is”.",
    "pack": "Changes are still possible; “pack it” packs anew.",
}


def board(room: Room, template: Template, price: str = "") -> str:
    """Return what the board says, within what one message of any platform can hold."""
    parts = [
        short(f"{room.title} · {template.title}", _LINE),
        f"Stage: {room.stage} ({STAGES.index(room.stage) + 1} of {len(STAGES)})"
        f" · owner: {who(room.owner)} · {count(len(room.members), 'person', 'people')}",
        *_brief(room),
        *_reference(room),
        *_questions(room),
        *_ideas(room),
        *_pieces(room),
        *_card(room),
        f"To make it: {price}" if price else "",
        _HINTS[room.stage],
    ]
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= _BOARD else f"{text[: _BOARD - 1]}…"


def _brief(room: Room) -> Iterator[str]:
    said = [f"{called}: {value}" for _, called, value in lines(room.brief)]
    if said:
        yield short("Brief · " + " · ".join(said), 4 * _LINE)


def _reference(room: Room) -> Iterator[str]:
    if room.reference:
        yield short(f"Reference: {room.reference.name} ({_author(room.reference.author)})", _LINE)


def _questions(room: Room) -> Iterator[str]:
    for question in room.questions:
        yield short(f"Open: {open_question(question)}?", _LINE)


def _ideas(room: Room) -> Iterator[str]:
    if room.after("choice"):
        if chosen := room.idea(room.chosen):
            yield f"Idea: {chosen.title} (by {_author(chosen.author)})"
        return
    ballot = room.ballot
    for idea in live(room):
        voters = [who(u) for u, n in ballot.votes.items() if n == idea.number] if ballot else []
        votes = f" ← {', '.join(voters)}" if voters else ""
        line = f"{idea.number}. {idea.title}: {idea.description}"
        yield f"{short(line, _IDEA)} ({_author(idea.author)}){votes}"
    if ballot and ballot.until:
        yield f"Vote until {ballot.until:%d %b %H:%M} UTC"


def _author(user: object) -> str:
    name = getattr(user, "name", "") or getattr(user, "id", "")
    return str(name) if user else "Atelier"


def _pieces(room: Room) -> Iterator[str]:
    for piece in room.pieces:
        yield short(f"{piece.number}. {_SIGNS[piece.kind]} {piece.title}{_state(piece, room)}", 90)


def _state(piece: Piece, room: Room) -> str:
    carer = f" [{who(piece.carer)}]" if piece.carer else ""
    version = piece.now
    if version is None:
        return f"{carer}: {piece.request or 'reads aloud'}"
    many = f" v{version.number}" if len(piece.versions) > 1 else ""
    by = f" by {who(version.author)}" if version.author else ""
    marks = f" ✓ {', '.join(map(who, piece.approved))}" if piece.approved else ""
    wrong = f" ⚠ {'; '.join(version.faults)}" if version.faults else ""
    wish = [c for c in piece.comments if not c.change]
    said = f" “{wish[-1].text}” ({who(wish[-1].author)})" if wish else ""
    return f"{many}{by}{carer}{marks}{wrong}{said}"


def _card(room: Room) -> Iterator[str]:
    told = room.card.get("told")
    if told and room.stage in ("check", "pack"):
        yield short(str(told), 2 * _LINE)


def buttons(room: Room) -> tuple[Action, ...]:
    """Return the buttons of the board, whose ids say all there is to know."""
    found = [b for question in room.questions for b in choices(question)]
    found += _of_stage(room)
    if room.stage in _FORWARD:
        found.append(button(f"next {room.stage}", _FORWARD[room.stage]))
    if STAGES.index(room.stage):
        found.append(button("back", "Back"))
    return (*found, button("undo", "Undo"))


def _of_stage(room: Room) -> list[Action]:
    if room.stage == "ideas" and live(room):
        return [button("more ideas", "More ideas"), button("sketch all", "Sketch all")]
    if room.stage == "choice" and room.ballot:
        ideas = [idea for n in room.ballot.among if (idea := room.idea(n))]
        return [button(f"vote {i.number}", f"{i.number} {i.title}"[:_LABEL]) for i in ideas]
    if room.stage in ("review", "check"):
        return [button("approve all", "Approve all")]
    return []


def told(room: Room) -> dict[int, str]:
    """Return each piece as it is, by number, texts whole."""
    found = {}
    for piece in room.pieces:
        version = piece.now
        words = f": {version.text}" if version and version.text else ""
        mark = "" if version else ": missing"
        wrong = f" ⚠ {'; '.join(version.faults)}" if version and version.faults else ""
        found[piece.number] = f"{piece.number}. {piece.title}{mark}{words}{wrong}"
    return found
