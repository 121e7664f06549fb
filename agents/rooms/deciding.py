"""What a room does about what somebody wants of it: pure decisions, noted and done elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.rooms import choosing, reviewing
from agents.rooms.asked import Asked, Decision, Task, button, count, who
from agents.rooms.briefing import asks, briefed, settled
from agents.rooms.reading import Intent
from agents.rooms.referring import referred, unreferred
from agents.rooms.state import STAGES, Stage
from agents.rooms.undoing import last_of
from agents.understanding.folding import unquoted
from memory.rooms import Draft
from tools.errors import Refused

_ROUNDS = 2
"""How often a set is repaired by itself; then people decide."""
Decide = Callable[[Asked, Mapping[str, Any]], Decision]


def decide(asked: Asked, intents: Sequence[Intent]) -> Decision:
    """Return what a message comes to; raises Refused with a sentence."""
    first = intents[0]
    if first.kind in ("brief", "unbrief"):
        return briefed(asked, intents)
    return _DECIDE[first.kind](asked, first.data)


def _next(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Go on to the next stage, once: what was said before the last step means that one."""
    room = asked.room
    seen = asked.seen or str(data.get("from", ""))
    late = bool(room.stage_since and asked.at <= room.stage_since and not seen)
    if (seen and seen != room.stage) or late:
        raise Refused(f"The room is at “{room.stage}” already.")
    return _FORWARD[room.stage](asked)


def _ideas(asked: Asked) -> Decision:
    room = asked.room
    if room.questions:
        raise Refused("\n".join(["First decide this:", *map(asks, room.questions)]))
    if not room.brief.subject:
        raise Refused("First say what it is about: “it is about the jazz night”.")
    task = Task("ideas", count=asked.template.ideas.count)
    return Decision("", (Draft("stage", {"stage": "ideas"}),), task)


def _choice(asked: Asked) -> Decision:
    there = choosing.live(asked.room)
    if len(there) == 1:
        return choosing.took(asked, there[0].number, "the only idea there is")
    drafts = choosing.begun(asked)
    buttons = tuple(button(f"vote {i.number}", f"{i.number} {i.title}"[:30]) for i in there)
    hours = f"{asked.template.vote.hours:g} hours"
    need = count(choosing.quorum(asked), "vote")
    told = f"Please vote: say a number or press it. It takes {need}, and ends after {hours}."
    return Decision(told, drafts, None, buttons)


def _make(asked: Asked) -> Decision:
    missing = tuple(p.number for p in asked.room.pieces if p.now is None)
    if not asked.room.pieces:
        raise Refused("There are no pieces to make; “add a picture of ...”, or “back”.")
    drafts = (Draft("stage", {"stage": "making"}),)
    return Decision("", drafts, Task("make", missing))


def _making(asked: Asked) -> Decision:
    raise Refused("The pieces are being made; the board shows how far they are.")


def _check(asked: Asked) -> Decision:
    missing = [p.title for p in asked.room.pieces if p.now is None]
    if missing:
        raise Refused(f"Not made yet: {', '.join(missing)}; say “redo {missing[0]}”.")
    return Decision("", (Draft("stage", {"stage": "check"}),), Task("check"))


def _pack(asked: Asked) -> Decision:
    room = asked.room
    if not room.card:  # something was changed since the last check
        return Decision("", (), Task("check"))
    wrong = [n for n in outliers(asked) if (p := room.piece(n)) and p.overruled is None]
    if wrong:
        names = ", ".join(p.title for n in wrong if (p := room.piece(n)))
        buttons = (button("fix all", "Fix all"), button("anyway", "Pack anyway"))
        return Decision(f"The check found something in: {names}.", (), None, buttons, question=True)
    return Decision("", (Draft("stage", {"stage": "pack"}),), Task("pack"))


def outliers(asked: Asked) -> list[int]:
    """Return the numbers of the pieces that the last check marked."""
    found = asked.room.card.get("outliers")
    return [n for n in found if isinstance(n, int)] if isinstance(found, list) else []


def _again_packed(asked: Asked) -> Decision:
    return Decision("", (), Task("pack"))


_FORWARD: Mapping[Stage, Callable[[Asked], Decision]] = {
    "brief": _ideas,
    "ideas": _choice,
    "choice": choosing.closed,
    "outline": _make,
    "making": _making,
    "review": _check,
    "check": _pack,
    "pack": _again_packed,
}


def _anyway(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Pack although the check found something."""
    note = Draft("overruled", {"piece": outliers(asked)})
    return Decision("", (note, Draft("stage", {"stage": "pack"})), Task("pack"))


def _fix(asked: Asked, data: Mapping[str, Any]) -> Decision:
    wrong = outliers(asked)
    wanted = [n for n in data.get("pieces", wrong) if n in wrong] or wrong
    if not wanted:
        raise Refused("The last check found nothing to fix; “next” goes on.")
    if asked.room.rounds >= _ROUNDS:
        raise Refused(
            "That was repaired twice; now change it in words, send your own, or say that it stays."
        )
    return Decision("", (), Task("fix", tuple(wanted)))


def _back(asked: Asked, data: Mapping[str, Any]) -> Decision:
    room = asked.room
    at = STAGES.index(room.stage)
    if not at:
        raise Refused("This is the beginning; /project close ends the room.")
    before = STAGES[at - 1]
    before = "outline" if before == "making" else before
    return Decision(f"Back to the {before}.", (Draft("stage", {"stage": before}),))


def _undo(asked: Asked, data: Mapping[str, Any]) -> Decision:
    gone = last_of(asked.events, asked.user)
    if not gone:
        raise Refused("There is nothing of yours here to take back.")
    draft = Draft("undo", {"numbers": [event.number for event in gone]})
    kinds = ", ".join(dict.fromkeys(e.kind for e in gone if e.kind != "outcome"))
    return Decision(f"Taken back: {kinds or 'your last words'}.", (draft,))


def _status(asked: Asked, data: Mapping[str, Any]) -> Decision:
    return Decision("")


def _titled(asked: Asked, data: Mapping[str, Any]) -> Decision:
    title = unquoted(str(data["text"]))[:80]
    return Decision(f"The room is called “{title}” now.", (Draft("named", {"title": title}),))


def _owner(asked: Asked, data: Mapping[str, Any]) -> Decision:
    owner, user = asked.room.owner, asked.user
    if owner not in (None, user) and owner in asked.room.members:
        raise Refused(f"{who(owner)} owns this room; only they can hand it over.")
    return Decision(f"{who(user)} owns this room now.", (Draft("owner"),))


def _settle(asked: Asked, data: Mapping[str, Any]) -> Decision:
    return settled(asked, str(data["name"]), str(data["side"]))


def _close(asked: Asked, data: Mapping[str, Any]) -> Decision:
    raise Refused("To close this room say /project close; its log stays.")


_DECIDE: Mapping[str, Decide] = {
    "next": _next,
    "back": _back,
    "undo": _undo,
    "status": _status,
    "close": _close,
    "title": _titled,
    "owner": _owner,
    "settle": _settle,
    "anyway": _anyway,
    "reference": referred,
    "unreference": unreferred,
    "idea": choosing.suggested,
    "ideas": choosing.more,
    "combine": choosing.combined,
    "refine": choosing.refined,
    "sketch": choosing.sketched,
    "vote": choosing.voted,
    "choose": choosing.decided_by_owner,
    "change": reviewing.changed,
    "again": reviewing.again,
    "variants": reviewing.variants,
    "keep": reviewing.kept,
    "compare": reviewing.compared,
    "approve": reviewing.approved,
    "comment": reviewing.commented,
    "overrule": reviewing.overruled,
    "fix": _fix,
    "carer": reviewing.cared_for,
    "add": reviewing.added,
    "drop": reviewing.dropped,
}
