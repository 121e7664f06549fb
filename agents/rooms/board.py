"""The board of a room: everything that stands, in one message, and the buttons of its stage."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from agents.rooms.asked import button, open_question, titled, who
from agents.rooms.brief import lines
from agents.rooms.briefing import choices
from agents.rooms.choosing import live
from agents.rooms.requests import request_told
from agents.rooms.state import STAGES, Piece, Room, Version
from agents.rooms.templates import Template
from memory.records import Action, User
from memory.sentences import count, joined, say
from tools.image import short

Put = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language, and what puts a sentence into it."""

    language: str
    put: Put


ENGLISH = Tongue("en", str)
CLOSED = say("The room is closed; /project reopen opens it again.")
_LINE, _IDEA, _BOARD, _PIECE = 150, 110, 1900, 90
_LABEL = 24
_SIGNS = {"text": "✎", "picture": "▣", "voice": "♪"}

_FORWARD = {
    "brief": say("Find ideas"),
    "ideas": say("Vote"),
    "choice": say("Close the vote"),
    "outline": say("Make it"),
    "review": say("Check it"),
    "check": say("Pack it"),
    "pack": say("Pack again"),
}
OF_IDEAS = (button("more ideas", say("More ideas")), button("sketch all", say("Sketch all")))
_HINTS = {
    "brief": say(
        "Say what it must be: “audience: teenagers”, “4 posters”, “never mention beer”;"
        " “next” finds ideas."
    ),
    "ideas": say(
        "“how about ...” adds one; “combine 1 and 3”, “2: more playful”, “sketch 2”;"
        " “next” opens the vote."
    ),
    "choice": say(
        "Say or press a number, and another one if you change your mind; “next” closes the vote."
    ),
    "outline": say("“slogan: ...”, “drop 4”, “add a picture of ...”, “I take 2”; “next” makes it."),
    "making": say("The pieces are being made side by side."),
    "review": say(
        "“approve 1”, “poster 2: darker”, “two variants of 1”, “redo 3”, or send your own;"
        " “next” checks the set."
    ),
    "check": say("“fix 3”, “fix all”, or “3 stays as it is”; “next” packs it."),
    "pack": say("Changes are still possible; “pack it again” packs anew."),
}


def board(
    room: Room, template: Template, price: str = "", put: Put = str, *, closed: bool = False
) -> str:
    """Return what the board says, within what one message of any platform can hold."""
    title = put(say("{title} · {kind}", title=room.title, kind=say(template.title)))
    parts = [
        short(title, _LINE),
        put(_stage(room)),
        *_brief(room, put),
        *_reference(room, put),
        *_questions(room, put),
        *_ideas(room, put),
        *_pieces(room, put),
        *_card(room, put),
        put(say("To make it: {price}", price=price)) if price else "",
        put(CLOSED if closed else hint(room)),
    ]
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= _BOARD else f"{text[: _BOARD - 1]}…"


def hint(room: Room) -> str:
    """Return what can be said now; after a check that found nothing that is to pack."""
    if room.stage == "check" and room.card and not room.card.get("outliers"):
        return say("“pack it” makes the pack; changes are still possible.")
    return _HINTS[room.stage]


def _stage(room: Room) -> str:
    return say(
        "Stage: {stage} ({number} of {all}) · owner: {owner} · {people}",
        stage=say(room.stage),
        number=STAGES.index(room.stage) + 1,
        all=len(STAGES),
        owner=who(room.owner),
        people=count(len(room.members), "{n} person", "{n} people"),
    )


def _brief(room: Room, put: Put) -> Iterator[str]:
    said = [put(joined(": ", line)) for line in lines(room.brief)]
    if said:
        yield short(" · ".join([put(say("Brief")), *said]), 4 * _LINE)


def _reference(room: Room, put: Put) -> Iterator[str]:
    if like := room.reference:
        line = say("Reference: {name} ({who})", name=like.name, who=_author(like.author))
        yield short(put(line), _LINE)


def _questions(room: Room, put: Put) -> Iterator[str]:
    for question in room.questions:
        yield short(put(say("Open: {choice}?", choice=open_question(question))), _LINE)


def _ideas(room: Room, put: Put) -> Iterator[str]:
    if room.after("choice"):
        if chosen := room.idea(room.chosen):
            by = _author(chosen.author)
            yield put(say("Idea: {title} (by {who})", title=chosen.title, who=by))
        return
    ballot = room.ballot
    for idea in live(room):
        voters = [who(u) for u, n in ballot.votes.items() if n == idea.number] if ballot else []
        votes = f" ← {', '.join(map(put, voters))}" if voters else ""
        line = put(joined(": ", [f"{idea.number}. {idea.title}", idea.description]))
        by = say("{value} ({who})", value=short(line, _IDEA), who=_author(idea.author))
        yield f"{put(by)}{votes}"
    if ballot and ballot.until:
        yield put(say("Vote until {time} UTC", time=f"{ballot.until:%Y-%m-%d %H:%M}"))


def _author(user: User | None) -> str:
    return user.name or user.id if user else "Atelier"


def _pieces(room: Room, put: Put) -> Iterator[str]:
    for piece in room.pieces:
        line = f"{piece.number}. {_SIGNS[piece.kind]} {put(piece.title)}"
        yield short(line + put(_state(piece)), _PIECE)


def _state(piece: Piece) -> str:
    carer = [f" [{piece.carer.name or piece.carer.id}]"] if piece.carer else []
    version = piece.now
    if version is None:
        asks = request_told(piece.request) or say("reads aloud")
        return joined(": ", ["".join(carer), asks])
    many = [f" v{version.number}"] if len(piece.versions) > 1 else []
    by = [say(" by {who}", who=who(version.author))] if version.author else []
    marks = [" ✓ ", joined(", ", map(who, piece.approved))] if piece.approved else []
    wish = [c for c in piece.comments if not c.change]
    form = " “{text}” ({who})"
    said = [say(form, text=wish[-1].text, who=who(wish[-1].author))] if wish else []
    return joined("", [*many, *by, *carer, *marks, *_wrong(version), *said])


def _wrong(version: Version) -> list[str]:
    return [" ⚠ ", joined("; ", version.faults)] if version.faults else []


def _card(room: Room, put: Put) -> Iterator[str]:
    told = room.card.get("told")
    if isinstance(told, str) and room.stage in ("check", "pack"):
        yield short(put(told), 2 * _LINE)


def buttons(room: Room, put: Put = str, *, closed: bool = False) -> tuple[Action, ...]:
    """Return the buttons of the board, whose ids say all there is to know; none once closed."""
    if closed:
        return ()
    found = [b for question in room.questions for b in choices(question)]
    found += [*_of_stage(room), *forward(room)]
    if STAGES.index(room.stage):
        found.append(button("back", say("Back")))
    found.append(button("undo", say("Undo")))
    return tuple(replace(one, label=put(one.label)) for one in found)


def forward(room: Room) -> tuple[Action, ...]:
    """Return the button that goes on to the next stage; none while pieces are being made."""
    label = _FORWARD.get(room.stage)
    return (button(f"next {room.stage}", label),) if label else ()


def _of_stage(room: Room) -> list[Action]:
    if room.stage == "ideas" and live(room):
        return [*OF_IDEAS]
    if room.stage == "choice" and room.ballot:
        ideas = [idea for n in room.ballot.among if (idea := room.idea(n))]
        return [button(f"vote {i.number}", f"{i.number} {i.title}"[:_LABEL]) for i in ideas]
    if room.stage in ("review", "check"):
        return [button("approve all", say("Approve all"))]
    return []


def told(room: Room) -> dict[int, str]:
    """Return each piece as it is, by number, texts whole."""
    found = {}
    for piece in room.pieces:
        version = piece.now
        text = [version.text] if version and version.text else []
        head = joined(": ", [titled(piece.number, piece.title), *text])
        mark = [] if version else [say(": missing")]
        wrong = _wrong(version) if version else []
        found[piece.number] = joined("", [head, *mark, *wrong])
    return found
