"""Pointers that look at some sets only: "by:bob red", "when:yesterday", "when:last week:2"."""

import re
from collections.abc import Container
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product

from agents.errors import Nobody, Unclear
from agents.names import begins, sounds
from agents.scene import Scene, Set
from memory.records import User
from memory.sentences import say

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FORM = re.compile(r"(?P<how>by|when):\s*(?P<rest>.+)", re.DOTALL)
_AGO = re.compile(r"(?P<n>\d{1,3}) (?P<unit>minute|hour|day|week)s? ago")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NAMED = re.compile(
    rf"today|yesterday|the day before yesterday|(?:this|last) (?:morning|night|week|month)"
    rf"|(?:last )?(?:{'|'.join(DAYS)})"
)
_NOTHING = "There is nothing {what} here; which one do you mean?"

Narrowed = tuple[tuple[Set, ...], str, str]
"""The sets that are meant, how they are called, and what is left of the expression."""


def narrow(expression: str, scene: Scene) -> tuple[str, Scene] | None:
    """Return what is left of an expression, and the scene with those sets only that it names.

    None when it names no person and no time. Raises Unclear when nobody is called that, or
    nothing is from then.
    """
    form = _FORM.fullmatch(expression)
    if form is None:
        return None
    rest = form["rest"].strip()
    sets, what, left = _by(rest, scene) if form["how"] == "by" else _when(rest, scene)
    if not sets:
        raise Unclear(say(_NOTHING, what=what))
    alone = replace(scene.message, assets=())
    return left.lstrip(":") or "last", replace(scene, sets=sets, replied=None, message=alone)


def _by(rest: str, scene: Scene) -> Narrowed:
    """Read a name: a whole one, or one word of it, rather as it is written than as it sounds."""
    if re.match(r"me\b", rest):
        return _of(scene, {scene.message.author}), say("of yours"), rest[2:].strip()
    people = dict.fromkeys(s.user for s in scene.sets if s.user is not None)
    for heard, names in product((begins, sounds), (_whole, _parts)):
        fits = [(user, heard(rest, name)) for user in people for name in names(user)]
        longest = max((end for _, end in fits), default=0)
        found = {user for user, end in fits if longest and end == longest}
        if len(found) > 1:
            form = "Several people here are called “{name}”; reply to the one."
            raise Unclear(say(form, name=rest[:longest]))
        if found:
            return _of(scene, found), say("of theirs"), rest[longest:].strip()
    what = say("of “{name}”", name=re.split(r"[\s:]", rest)[0][:40])
    raise Nobody(say(_NOTHING, what=what), rest)


def _of(scene: Scene, users: Container[User | None]) -> tuple[Set, ...]:
    return tuple(s for s in scene.sets if s.user in users)


def _whole(user: User) -> list[str]:
    return [n for n in (user.name.lower(), user.id.lower()) if n]


def _parts(user: User) -> list[str]:
    return user.name.lower().split()


def _when(rest: str, scene: Scene) -> Narrowed:
    asked = scene.message.at.astimezone()
    for form, read in ((_DATE, _dated), (_AGO, _ago), (_NAMED, _named)):
        if match := form.match(rest):
            start, end = read(match, asked)
            kept = tuple(s for s in scene.sets if s.at is not None and start <= s.at < end)
            return kept, say("from {time}", time=say(match[0])), rest[match.end() :].strip()
    raise Unclear("I do not know that time; which one do you mean?")


def _dated(match: re.Match[str], asked: datetime) -> tuple[datetime, datetime]:
    try:
        day = date.fromisoformat(match[0])
    except ValueError:
        raise Unclear(say("There is no day {day}; which one do you mean?", day=match[0])) from None
    return _days(asked, day, day)


def _ago(match: re.Match[str], asked: datetime) -> tuple[datetime, datetime]:
    """Half a unit of leeway on both sides: nobody counts exactly."""
    unit = timedelta(**{f"{match['unit']}s": 1})
    if unit >= timedelta(days=1):
        day = (asked - int(match["n"]) * unit).date()
        spare = (unit - timedelta(days=1)) / 2
        return _days(asked, day - spare, day + spare)
    then = asked - int(match["n"]) * unit
    return then - max(unit, asked - then) / 2, then + max(unit, asked - then) / 2


def _named(match: re.Match[str], asked: datetime) -> tuple[datetime, datetime]:
    words, today = match[0].removeprefix("last ") if match[0][-3:] == "day" else match[0], asked
    day, one = today.date(), timedelta(days=1)
    monday = day - day.weekday() * one
    if words in DAYS:
        then = day - ((day.weekday() - DAYS.index(words) - 1) % 7 + 1) * one
        return _days(asked, then, then)
    first = day.replace(day=1)
    spans = {
        "today": (day, day),
        "yesterday": (day - one, day - one),
        "the day before yesterday": (day - 2 * one, day - 2 * one),
        "this week": (monday, day),
        "last week": (monday - 7 * one, monday - one),
        "this month": (first, day),
        "last month": ((first - one).replace(day=1), first - one),
    }
    if words in spans:
        return _days(asked, *spans[words])
    start, _ = _days(asked, day, day)
    hours = {"this morning": (0, 12), "last morning": (-24, -12), "this night": (18, 30)}
    begins, ends = hours.get(words, (-6, 6))
    return start + timedelta(hours=begins), start + timedelta(hours=ends)


def _days(asked: datetime, first: date, last: date) -> tuple[datetime, datetime]:
    """Return the beginning of a day and the end of another, where the machine stands."""
    midnight = asked.replace(hour=0, minute=0, second=0, microsecond=0)
    return (
        midnight + (first - asked.date()),
        midnight + (last - asked.date()) + timedelta(days=1),
    )
