"""Decisions about ideas: collected, sketched, combined, refined, voted on."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from agents.rooms.asked import Asked, Decision, Task, button, titled, who
from agents.rooms.outline import outline
from agents.rooms.requests import request_told
from agents.rooms.state import Ballot, Idea, Room
from agents.rooms.templates import MOST
from agents.understanding.folding import unquoted
from memory.rooms import Draft
from memory.sentences import count, joined, listed, say
from tools.errors import Refused
from tools.image import short
from tools.prose import headline

_TITLE = 60
_LABEL = 30
MISSING = "There is no idea {number} here."


def live(room: Room) -> list[Idea]:
    """Return the ideas that can be voted for."""
    return [idea for idea in room.ideas if not idea.replaced]


def called(idea: Idea) -> str:
    """Return an idea with its number."""
    return say("{number} “{title}”", number=idea.number, title=idea.title)


def suggested(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Take in an idea of a person's."""
    text = unquoted(str(data["text"]))
    head, colon, rest = text.partition(":")
    titled = colon and len(head) <= _TITLE
    title = head.strip() if titled else headline(text)
    draft = Draft("idea", {"title": _capital(title), "description": rest.strip() or text})
    number = len(asked.room.ideas) + 1
    drafts = (draft, *_reopened(asked, number))
    form, by = "Idea {number}, by {who}: {text}", who(asked.user)
    return Decision(say(form, number=number, who=by, text=_capital(text)), drafts)


def more(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Have the model find more ideas."""
    wanted = min(int(data.get("n") or asked.template.ideas.count), 8)
    drafts = () if asked.room.stage != "brief" else (Draft("stage", {"stage": "ideas"}),)
    return Decision("", drafts, Task("ideas", count=wanted))


def combined(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Make one idea of two."""
    one, other = asked.room.idea(data["pick"]), asked.room.idea(data["other"])
    if one is None or other is None or one == other:
        raise Refused("Say which two ideas: “combine 1 and 3”.")
    draft = Draft(
        "idea",
        {
            "title": f"{one.title} + {other.title}"[:_TITLE],
            "description": f"{one.description.rstrip(' .')}, and {other.description}",
            "tags": [*one.tags, *other.tags],
            "parents": [one.number, other.number],
        },
    )
    drafts = (draft, *_reopened(asked, len(asked.room.ideas) + 1))
    number, both = len(asked.room.ideas) + 1, {"one": called(one), "other": called(other)}
    return Decision(say("Idea {number} combines {one} and {other}.", number=number, **both), drafts)


def refined(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Have the model word an idea anew, as somebody wants it."""
    idea = asked.room.idea(data["pick"])
    if idea is None:
        raise Refused(MISSING, number=data["pick"])
    words = f"less {data['text']}" if "less" in data else str(data["text"])
    return Decision("", (), Task("refine", (idea.number,), words=words))


def sketched(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Have an idea drawn, or all of them."""
    numbers = [data["pick"]] if "pick" in data else [i.number for i in live(asked.room)]
    if not numbers:
        raise Refused("There are no ideas yet; say one, or “next” and I find some.")
    return Decision("", (), Task("sketch", tuple(numbers)))


def begun(asked: Asked) -> tuple[Draft, ...]:
    """Return what opens a vote among all ideas; raises Refused when there is nothing to choose."""
    there = live(asked.room)
    if not there:
        raise Refused("There are no ideas yet; say one (“how about ...”), or “more ideas”.")
    until = asked.at + timedelta(hours=asked.template.vote.hours)
    ballot = {"among": [i.number for i in there], "until": until.isoformat()}
    return Draft("stage", {"stage": "choice"}), Draft("ballot", ballot)


def _reopened(asked: Asked, new: int) -> tuple[Draft, ...]:
    """Return what puts a new idea among those being voted on; votes for the others stay valid."""
    ballot = asked.room.ballot
    if ballot is None or asked.room.stage != "choice":
        return ()
    among = [*ballot.among, new]
    until = ballot.until.isoformat() if ballot.until else ""
    more = {"among": among, "until": until, "last": ballot.last, "keep": True}
    return (Draft("ballot", more),)


def voted(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Take in a vote; the first one opens the ballot."""
    drafts = () if asked.room.ballot else begun(asked)
    later = asked.after(drafts)
    pick, ballot = data["pick"], later.room.ballot
    idea = later.room.idea(pick)
    if ballot is None or idea is None or pick not in ballot.among:
        raise Refused("Idea {number} is not on the ballot.", number=pick)
    before = ballot.votes.get(asked.user)
    drafts = (*drafts, Draft("vote", {"idea": pick}))
    if before == pick:
        return Decision(say("Your vote is for {idea} already.", idea=called(idea)))
    form = "{who} votes now for {idea}." if before else "{who} votes for {idea}."
    now = later.after([Draft("vote", {"idea": pick})]).room
    told = [say(form, who=who(asked.user), idea=called(idea)), standing(now)]
    enough = now.ballot is not None and len(now.ballot.votes) >= quorum(later)
    return Decision(joined(" ", [*told, *[say("“next” closes the vote.")] * enough]), drafts)


def standing(room: Room) -> str:
    """Return how a vote stands."""
    if room.ballot is None:
        return ""
    counted = Counter(room.ballot.votes.values())
    there = [(called(i), counted[i.number]) for i in live(room) if counted[i.number]]
    votes = joined(", ", (joined(": ", [idea, str(n)]) for idea, n in there))
    return say("{votes}.", votes=votes) if votes else say("Nobody has voted yet.")


def quorum(asked: Asked) -> int:
    """Return how many votes it takes: fewer when there are fewer people."""
    return min(asked.template.vote.quorum, max(1, len(asked.room.members)))


def leaders(ballot: Ballot) -> list[int]:
    """Return the ideas with the most votes."""
    counted = Counter(ballot.votes.values())
    best = max(counted.values(), default=0)
    return [idea for idea in ballot.among if best and counted[idea] == best]


def over(room: Room, now: datetime) -> bool:
    """Tell whether the time of a vote is up."""
    return room.ballot is not None and room.ballot.until is not None and now >= room.ballot.until


def closed(asked: Asked) -> Decision:
    """End a vote: the winner's outline, a run-off after a tie, or the owner's word after two."""
    ballot = asked.room.ballot
    if ballot is None:
        return Decision("", begun(asked))
    first, timed_out = leaders(ballot), over(asked.room, asked.at)
    missing = quorum(asked) - len(ballot.votes)
    if missing > 0 and not timed_out:
        raise _too_few(asked, ballot, missing, (first or list(ballot.among))[0])
    if len(first) == 1:
        how = count(_votes(ballot, first[0]), "with {n} vote", "with {n} votes")
        return took(asked, first[0], how)
    if not first or ballot.last:
        return _left_to_owner(asked, ballot, first)
    until = asked.at + timedelta(hours=asked.template.vote.hours)
    runoff = {"among": first, "until": until.isoformat(), "last": True}
    form = "A tie between {names}: please vote once more between these."
    told = say(form, names=_all_called(asked.room, first))
    return Decision(told, (Draft("ballot", runoff),), None, _picks(asked.room, first, "vote"))


def _too_few(asked: Asked, ballot: Ballot, missing: int, one: int) -> Refused:
    needed = count(missing, "{n} more vote needed", "{n} more votes needed")
    return Refused(
        "{needed} (so far {votes} of {quorum}); the owner, {owner}, can also say “we take {one}”.",
        needed=needed,
        votes=len(ballot.votes),
        quorum=quorum(asked),
        owner=who(asked.room.owner),
        one=one,
    )


def _left_to_owner(asked: Asked, ballot: Ballot, first: list[int]) -> Decision:
    """Leave it to the owner, after two ties or when nobody voted."""
    among, owner = first or list(ballot.among), who(asked.room.owner)
    names = _all_called(asked.room, first) if first else ""
    which = say("{names} are level again.", names=names) if first else say("Nobody voted in time.")
    decide = say("{owner}, as the owner you decide: “we take {one}”.", owner=owner, one=among[0])
    known = ballot.last and ballot.until is None
    last = Draft("ballot", {"among": among, "last": True, "keep": True})
    drafts = () if known else (last,)
    return Decision(joined(" ", [which, decide]), drafts, None, _picks(asked.room, among, "take"))


def _all_called(room: Room, numbers: list[int]) -> str:
    return listed(called(idea) for n in numbers if (idea := room.idea(n)))


def _votes(ballot: Ballot, idea: int) -> int:
    return list(ballot.votes.values()).count(idea)


def _picks(room: Room, numbers: list[int], verb: str) -> Any:
    ideas = [i for n in numbers if (i := room.idea(n))]
    return tuple(button(f"{verb} {i.number}", f"{i.number} {i.title}"[:_LABEL]) for i in ideas)


def decided_by_owner(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Take the idea the owner decides for; others' words for it are a vote."""
    if asked.user != asked.room.owner:
        return voted(asked, data)
    return took(asked, data["pick"], say("decided by {who}", who=who(asked.user)))


def took(asked: Asked, number: int, how: str) -> Decision:
    """Take an idea, and lay out its pieces."""
    idea = asked.room.idea(number)
    if idea is None:
        raise Refused(MISSING, number=number)
    drafts: tuple[Draft, ...] = (Draft("chosen", {"idea": number, "how": how}),)
    planned = outline(asked.template, asked.after(drafts).room)
    rows, more = planned[:MOST], planned[MOST:]
    drafts = (*drafts, Draft("stage", {"stage": "outline"}), Draft("outline", {"pieces": rows}))
    taken = say("{idea} it is, {how}. I would make:", idea=called(idea), how=how)
    lines = [taken, *(_row(n, row) for n, row in enumerate(rows, 1))]
    if more:
        names = joined(", ", (str(row["title"]) for row in more))
        lines.append(say("{most} pieces are the most; left out: {names}.", most=MOST, names=names))
    told = joined("\n", lines)
    return Decision(told, drafts, None, (button("next outline", say("Make it")),))


def _row(number: int, row: Mapping[str, Any]) -> str:
    asks = request_told(short(str(row["request"]))) or say("read aloud")
    return joined(": ", [titled(number, row["title"]), asks])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
