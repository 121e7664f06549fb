"""What a room does about what somebody wants of it: pure decisions, noted and done elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from agents.rooms import choosing, reviewing
from agents.rooms.asked import Asked, Decision, Task, button, who
from agents.rooms.asking import answered
from agents.rooms.board import forward
from agents.rooms.briefing import asks, briefed, settled
from agents.rooms.reader import Intent
from agents.rooms.referring import referred, unreferred
from agents.rooms.standing import NO_SUBJECT, fallen, found_in, outliers, standing
from agents.rooms.state import STAGES, Stage
from agents.rooms.telling import ROUNDS
from agents.rooms.undoing import UNDONE, last_of
from agents.understanding.folding import unquoted
from memory.rooms import Draft
from memory.sentences import count, joined, say
from tools.compute.admission import duration
from tools.errors import Refused

_BRIEF = ("brief", "unbrief")
_ONE = say("One thing at a time: say the rest again when this is done.")
_ABSENT = timedelta(days=1)
"""How long an owner is silent before others may own the room: nobody tells who has left."""
_OWNED = "{owner} owns this room; others can once {owner} has said nothing here for a day."
Decide = Callable[[Asked, Mapping[str, Any]], Decision]


def decide(asked: Asked, intents: Sequence[Intent]) -> Decision:
    """Return what a message comes to, the brief first; raises Refused with a sentence."""
    brief = [intent for intent in intents if intent.kind in _BRIEF]
    acts = [intent for intent in intents if intent.kind not in _BRIEF]
    found = briefed(asked, brief) if brief else _DECIDE[acts[0].kind](asked, acts[0].data)
    for act in acts if brief else acts[1:]:
        if found.task:
            return replace(found, told=joined("\n", filter(None, [found.told, _ONE])))
        found = _then(asked, found, act)
    return found


def _then(asked: Asked, found: Decision, act: Intent) -> Decision:
    """Return what a message comes to that wants one more thing."""
    try:
        more = _DECIDE[act.kind](asked.after(found.drafts), act.data)
    except Refused as error:
        more = Decision(error.sentence)
    told = joined("\n", filter(None, [found.told, more.told]))
    return Decision(
        told,
        (*found.drafts, *more.drafts),
        more.task,
        (*found.buttons, *more.buttons),
        found.question or more.question,
    )


def _next(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Go on to the next stage, once: what was said before the last step means that one."""
    room = asked.room
    seen = asked.seen or str(data.get("from", ""))
    late = bool(room.stage_since and asked.at <= room.stage_since and not seen)
    if (seen and seen != room.stage) or late:
        raise Refused("The room is at “{stage}” already.", stage=say(room.stage))
    return _FORWARD[room.stage](asked)


def _ideas(asked: Asked) -> Decision:
    room = asked.room
    if room.questions:
        raise Refused(joined("\n", [say("First decide this:"), *map(asks, room.questions)]))
    if not room.brief.subject:
        raise Refused(NO_SUBJECT)
    task = Task("ideas", count=asked.template.ideas.count)
    return Decision("", (Draft("stage", {"stage": "ideas"}),), task)


def _choice(asked: Asked) -> Decision:
    there = choosing.live(asked.room)
    if len(there) == 1:
        return choosing.took(asked, there[0].number, say("the only idea there is"))
    drafts = choosing.begun(asked)
    buttons = tuple(button(f"vote {i.number}", f"{i.number} {i.title}"[:30]) for i in there)
    need = count(choosing.quorum(asked), "{n} vote", "{n} votes")
    form = "Please vote: say a number or press it. It takes {votes}, and ends after {time}."
    told = say(form, votes=need, time=duration(3600 * asked.template.vote.hours))
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
    _complete(asked)
    return Decision("", (Draft("stage", {"stage": "check"}),), Task("check"))


def _complete(asked: Asked) -> None:
    """Refuse while a piece is missing."""
    if missing := [p.title for p in asked.room.pieces if p.now is None]:
        names = joined(", ", missing)
        form = "Not made yet: {names}; say “redo {first}”, or “drop {first}”."
        raise Refused(form, names=names, first=missing[0])


def _pack(asked: Asked) -> Decision:
    room = asked.room
    if not room.card:  # something was changed since the last check
        return Decision("", (), Task("check"))
    if wrong := fallen(room):
        buttons = (button("fix all", say("Fix all")), button("anyway", say("Pack anyway")))
        return Decision(found_in(wrong), (), None, buttons, question=True)
    return Decision("", (Draft("stage", {"stage": "pack"}),), Task("pack"))


def _again_packed(asked: Asked) -> Decision:
    """Pack once more; what was changed since the last check is checked first."""
    _complete(asked)
    if not asked.room.card:
        return _check(asked)
    found = _pack(asked)
    return Decision("", (), found.task) if found.task else found


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


def _repack(asked: Asked, data: Mapping[str, Any]) -> Decision:
    if asked.room.stage == "review":
        raise Refused("Not everything is checked yet: “check it”, then “pack it”.")
    return _again_packed(asked) if asked.room.stage == "pack" else _pack(asked)


def _recheck(asked: Asked, data: Mapping[str, Any]) -> Decision:
    found = _check(asked)
    return replace(found, drafts=()) if asked.room.stage == "check" else found


def _anyway(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Pack although the check found something."""
    if asked.room.stage not in ("check", "pack"):
        form = "The room is at “{stage}”; it is packed after the check."
        raise Refused(form, stage=say(asked.room.stage))
    wrong = outliers(asked.room)
    notes = (Draft("overruled", {"piece": wrong}),) if wrong else ()
    return Decision("", (*notes, Draft("stage", {"stage": "pack"})), Task("pack"))


def _fix(asked: Asked, data: Mapping[str, Any]) -> Decision:
    wrong = outliers(asked.room)
    wanted = [n for n in data.get("pieces", wrong) if n in wrong] or wrong
    if not wanted:
        raise Refused("The last check found nothing to fix; “next” goes on.")
    if asked.room.rounds >= ROUNDS:
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
    told = say("Back to the {stage}.", stage=say(before))
    return Decision(told, (Draft("stage", {"stage": before}),))


def _undo(asked: Asked, data: Mapping[str, Any]) -> Decision:
    gone = last_of(asked.events, asked.user)
    if not gone:
        raise Refused("There is nothing of yours here to take back.")
    draft = Draft("undo", {"numbers": [event.number for event in gone]})
    kinds = dict.fromkeys(UNDONE[e.kind] for e in gone if e.kind in UNDONE)
    what = joined(", ", kinds) or say("your last words")
    return Decision(say("Taken back: {what}.", what=what), (draft,))


def _status(asked: Asked, data: Mapping[str, Any]) -> Decision:
    return Decision("")


def _now(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Tell whoever asks what to do now."""
    return Decision(standing(asked.room), (), None, forward(asked.room))


def _titled(asked: Asked, data: Mapping[str, Any]) -> Decision:
    title = unquoted(str(data["text"]))[:80]
    told = say("The room is called “{title}” now.", title=title)
    return Decision(told, (Draft("named", {"title": title}),))


def _owner(asked: Asked, data: Mapping[str, Any]) -> Decision:
    owner, user = asked.room.owner, asked.user
    spoke = [event.at for event in asked.events if event.author == owner]
    if owner not in (None, user) and spoke and asked.at - spoke[-1] < _ABSENT:
        raise Refused(_OWNED, owner=who(owner))
    return Decision(say("{owner} owns this room now.", owner=who(user)), (Draft("owner"),))


def _settle(asked: Asked, data: Mapping[str, Any]) -> Decision:
    return settled(asked, str(data["name"]), str(data["side"]))


def _unread(asked: Asked, data: Mapping[str, Any]) -> Decision:
    return Decision(say("I did not understand “{words}”.", words=data["text"]))


def _close(asked: Asked, data: Mapping[str, Any]) -> Decision:
    raise Refused("To close this room say /project close; its log stays.")


_DECIDE: Mapping[str, Decide] = {
    "ask": answered,
    "unread": _unread,
    "next": _next,
    "back": _back,
    "undo": _undo,
    "status": _status,
    "now": _now,
    "close": _close,
    "title": _titled,
    "owner": _owner,
    "settle": _settle,
    "anyway": _anyway,
    "reference": referred,
    "unreference": unreferred,
    "repack": _repack,
    "recheck": _recheck,
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
