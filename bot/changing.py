"""What /settings does: it tells what is in force here and by whom, and changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import cast

from bot.adapter import Place
from bot.queue import names_of
from bot.rulebook import CALLED, SCOPES, Rulebook, Scope, fact
from bot.rules import JOIN, OFF, PERSONAL, Layer, Rules, parsed, shown, summed, unknown
from memory.records import Chat, User
from memory.sentences import joined, say
from memory.store import Store
from tools.errors import Refused

_WORDS: dict[str, Scope] = {
    "server": "server",
    "group": "server",
    "channel": "channel",
    "chat": "channel",
    "me": "person",
    "my": "person",
}
_BUILT_IN = say("built in")
_TOLD = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """Who says a command, where, and the words behind it."""

    chat: Chat
    user: User
    place: Place
    words: str


async def settings_notice(book: Rulebook, store: Store, asked: Asked) -> str:
    """Do what /settings says and return what came of it; raises Refused with a sentence."""
    scope, words = _scope(asked.words)
    name, _, value = words.replace("=", " ", 1).partition(" ")
    name, value = name.casefold(), value.strip()
    if name == "changes":
        return await _changes(book, store, asked)
    if not value:
        return await _shown(book, asked, name)
    return await _changed(book, asked, scope, name, value)


def _scope(words: str) -> tuple[Scope | None, str]:
    first, _, rest = words.strip().partition(" ")
    scope = _WORDS.get(first.casefold())
    return (scope, rest.strip()) if scope else (None, words.strip())


async def _shown(book: Rulebook, asked: Asked, name: str) -> str:
    rules, origins = summed(await book.layers(asked.chat, asked.user, asked.place))
    if name:
        value, fields = shown(getattr(rules, _known(name))), Rules.model_fields
        about = say(str(fields[name].description))
        line = _line(name, value, origins)
        return say("{setting}. What that is: {about}.", setting=line, about=about)
    lines = [_line(n, shown(v), origins) for n, v in rules]
    you = ", ".join([asked.user.key, *sorted(asked.place.roles)])
    whose = _PRIVATE if asked.place.private else _SHARED
    head = say("What is in force here, and who said so:")
    told = [head, *lines, say("You are {who}.", who=you), joined(" ", [_HOW, whose])]
    return joined("\n", told)


def _line(name: str, value: str, origins: Mapping[str, str]) -> str:
    where = say(origins.get(name, _BUILT_IN))
    return say("{name}: {value} ({where})", name=name, value=value, where=where)


_HOW = say(
    "/settings NAME says what it means; change it with /settings NAME VALUE, or NAME default. "
    "count, aspect and language are your own, everywhere;"
)
_PRIVATE = say("the others are those of this chat.")
_SHARED = say(
    "an admin changes the others, of this chat or, with /settings server NAME VALUE, of all chats."
)


def _known(name: str) -> str:
    if name not in Rules.model_fields:
        raise unknown(name)
    return name


async def _changed(book: Rulebook, asked: Asked, scope: Scope | None, name: str, value: str) -> str:
    scope = scope or ("person" if _known(name) in PERSONAL else "channel")
    kept = fact(scope, asked.chat, asked.user, asked.place)
    _allowed(scope, _known(name), asked.place, kept)
    where = CALLED[scope]
    if value.casefold() == "default":
        await book.change(kept, asked.user, name, ...)
    else:
        layers = await book.layers(asked.chat, asked.user, asked.place)
        new = parsed(name, value)
        book.check(name, new)
        _fits(name, new, list(takewhile(lambda layer: layer.name != where, layers)))
        await book.change(kept, asked.user, name, new)
    rules, origins = summed(await book.layers(asked.chat, asked.user, asked.place))
    value = shown(getattr(rules, name))
    if name == "pause" and value != OFF:
        value = f"“{value}”"
    if (origin := origins.get(name, _BUILT_IN)) == where:
        mine, here = "{name} is now {value} for you.", "{name} is now {value} here."
        return say(mine if scope == "person" else here, name=name, value=value)
    mine, here = "{name} is now {value} for you ({who}).", "{name} is now {value} here ({who})."
    return say(mine if scope == "person" else here, name=name, value=value, who=say(origin))


def _allowed(scope: Scope, name: str, place: Place, kept: str) -> None:
    """Raise Refused unless a setting can be changed there by whoever asks."""
    if not kept:
        raise Refused("This chat is in no server; change it for this chat: /settings channel ...")
    if scope == "person" and name not in PERSONAL:
        raise Refused(
            "For yourself you can set {names}, not {name}.",
            names=", ".join(PERSONAL),
            name=name,
        )
    if scope != "person" and not place.admin:
        raise Refused(
            "Only an admin can change {name} for {where}.", name=name, where=say(CALLED[scope])
        )


def _fits(name: str, new: object, outer: Sequence[Layer]) -> None:
    """Raise Refused when a value is more than what is set around it lets through."""
    rules, origins = summed(outer)
    bound = "most" if name == "count" else name
    before, join = getattr(rules, bound), JOIN.get(bound)
    if new and join is not None and bound != "banned" and join(before, new) != new:
        who = origins.get(bound, _BUILT_IN)
        raise Refused(
            "{name} {value} is more than is allowed here: {most} ({who}).",
            name=name,
            value=shown(new),
            most=shown(before),
            who=say(who),
        )


async def _changes(book: Rulebook, store: Store, asked: Asked) -> str:
    if not asked.place.admin:
        raise Refused("Only an admin can see who changed what.")
    kept = [fact(scope, asked.chat, asked.user, asked.place) for scope in SCOPES[:2]]
    found = [(name, one) for name in kept if name for one in await book.changes(name)]
    found = sorted(found, key=lambda pair: pair[1].at)[-_TOLD:]
    names = await names_of(store, {change.by for _, change in found})
    lines = [
        say(
            "{at} {where}: {name} from {old} to {new}, by {who}",
            at=c.at[:16].replace("T", " "),
            where=say(CALLED[cast(Scope, name.split()[1])]),
            name=c.name,
            old=_said(c.old),
            new=_said(c.new),
            who=names.get(c.by, c.by),
        )
        for name, c in found
    ]
    return joined("\n", lines) or say("Nothing was changed here yet.")


def _said(value: object) -> str:
    return "default" if value is None else shown(value)
