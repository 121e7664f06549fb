"""Decisions about ideas: collected, sketched, combined, refined, voted on."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from agents.rooms.asked import Asked, Decision, Task, button, count, who
from agents.rooms.outline import outline
from agents.rooms.state import Ballot, Idea, Room
from agents.understanding.folding import unquoted
from memory.rooms import Draft
from tools.errors import Refused
from tools.image import short
from tools.prose import headline

_TITLE = 60
_LABEL = 30


def live(room: Room) -> list[Idea]:
    """Return the ideas that can be voted for."""
    return [idea for idea in room.ideas if not idea.replaced]


def called(idea: Idea) -> str:
    """Return an idea with its number."""
    return f"{idea.number} “{idea.title}”"


def suggested(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Take in an idea of a person's."""
    text = unquoted(str(data["text"]))
    head, colon, rest = text.partition(":")
    titled = colon and len(head) <= _TITLE
    title = head.strip() if titled else headline(text)
    draft = Draft("idea", {"title": _capital(title), "description": rest.strip() or text})
    number = len(asked.room.ideas) + 1
    drafts = (draft, *_reopened(asked, number))
    return Decision(f"Idea {number}, by {who(asked.user)}: {_capital(text)}", drafts)


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
    told = f"Idea {len(asked.room.ideas) + 1} combines {called(one)} and {called(other)}."
    return Decision(told, drafts)


def refined(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Have the model word an idea anew, as somebody wants it."""
    idea = asked.room.idea(data["pick"])
    if idea is None:
        raise Refused(f"There is no idea {data['pick']} here.")
    words = str(data["text"])
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
        raise Refused(f"Idea {pick} is not on the ballot.")
    before = ballot.votes.get(asked.user)
    drafts = (*drafts, Draft("vote", {"idea": pick}))
    if before == pick:
        return Decision(f"Your vote is for {called(idea)} already.")
    moved = " now" if before else ""
    now = later.after([Draft("vote", {"idea": pick})]).room
    told = f"{who(asked.user)} votes{moved} for {called(idea)}. {standing(now)}"
    enough = now.ballot is not None and len(now.ballot.votes) >= quorum(later)
    return Decision(f"{told} “next” closes the vote." if enough else told, drafts)


def standing(room: Room) -> str:
    """Return how a vote stands."""
    if room.ballot is None:
        return ""
    counted = Counter(room.ballot.votes.values())
    parts = [f"{called(i)}: {counted[i.number]}" for i in live(room) if counted[i.number]]
    return ", ".join(parts) + "." if parts else "Nobody has voted yet."


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
        one = (first or list(ballot.among))[0]
        raise Refused(
            f"{count(missing, 'more vote')} needed (so far {len(ballot.votes)} of"
            f" {quorum(asked)}); the owner, {who(asked.room.owner)}, can also say “we take {one}”."
        )
    if len(first) == 1:
        return took(asked, first[0], f"with {count(_votes(ballot, first[0]), 'vote')}")
    names = " and ".join(called(i) for n in first if (i := asked.room.idea(n)))
    if not first or ballot.last:
        which = f"{names} are level again" if first else "Nobody voted in time"
        owner = who(asked.room.owner)
        one = (first or list(ballot.among))[0]
        told = f"{which}. {owner}, as the owner you decide: “we take {one}”."
        last = {"among": list(first or ballot.among), "last": True, "keep": True}
        known = ballot.last and ballot.until is None
        drafts = () if known else (Draft("ballot", last),)
        return Decision(told, drafts, None, _picks(asked.room, first or list(ballot.among), "take"))
    until = asked.at + timedelta(hours=asked.template.vote.hours)
    runoff = {"among": first, "until": until.isoformat(), "last": True}
    told = f"A tie between {names}: please vote once more between these."
    return Decision(told, (Draft("ballot", runoff),), None, _picks(asked.room, first, "vote"))


def _votes(ballot: Ballot, idea: int) -> int:
    return list(ballot.votes.values()).count(idea)


def _picks(room: Room, numbers: list[int], verb: str) -> Any:
    ideas = [i for n in numbers if (i := room.idea(n))]
    return tuple(button(f"{verb} {i.number}", f"{i.number} {i.title}"[:_LABEL]) for i in ideas)


def decided_by_owner(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Take the idea the owner decides for; others' words for it are a vote."""
    if asked.user != asked.room.owner:
        return voted(asked, data)
    return took(asked, data["pick"], f"decided by {who(asked.user)}")


def took(asked: Asked, number: int, how: str) -> Decision:
    """Take an idea, and lay out its pieces."""
    idea = asked.room.idea(number)
    if idea is None:
        raise Refused(f"There is no idea {number} here.")
    drafts: tuple[Draft, ...] = (Draft("chosen", {"idea": number, "how": how}),)
    rows = outline(asked.template, asked.after(drafts).room)
    drafts = (*drafts, Draft("stage", {"stage": "outline"}), Draft("outline", {"pieces": rows}))
    asks = (short(str(row["request"] or "read aloud")) for row in rows)
    lines = [f"{n}. {r['title']}: {a}" for n, (r, a) in enumerate(zip(rows, asks, strict=True), 1)]
    told = "\n".join([f"{called(idea)} it is, {how}. I would make:", *lines])
    return Decision(told, drafts, None, (button("next outline", "Make it"),))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
