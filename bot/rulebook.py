"""Where owners' rules are kept: by server, channel and person, under the ids of their platform."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Literal, get_args

from bot.adapter import Place
from bot.errors import SettingsError
from bot.limits import Limits
from bot.rules import ALL, CHOICES, Layer, Rules, parsed, summed
from bot.sharing import Crew
from memory.records import Chat, User, now
from memory.sentences import say
from memory.store import Store
from tools.errors import Refused

log = logging.getLogger(__name__)

Scope = Literal["server", "channel", "person"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
CALLED: Mapping[Scope, str] = {
    "server": say("this server"),
    "channel": say("this chat"),
    "person": say("you"),
}
OPERATOR = say("the operator")
CHANGES = 50
"""How many changes of each scope are kept."""
_AT_HAND = 10_000
_WHERE = ("server", "channel", "private", "adult")
_NOWHERE: Mapping[str, object] = {name: getattr(Place(), name) for name in _WHERE}
_CREW = "members"


@dataclass(frozen=True, slots=True)
class Change:
    """A setting was changed: when (ISO 8601), by whom ("platform:id"), from what to what."""

    at: str
    by: str
    name: str
    old: object
    new: object


def fact(scope: Scope, chat: Chat, user: User, place: Place) -> str:
    """Return the name under which the rules of a scope are kept; "" where there is none such."""
    ids = {"server": place.server, "channel": place.channel or chat.id, "person": user.id}
    return f"rules {scope} {chat.platform}:{ids[scope]}" if ids[scope] else ""


def _place(chat: Chat) -> str:
    return f"place {chat.platform}:{chat.id}"


_NO_TOOL = "There is no tool {name!r}; there are: {names}."
_NO_MODEL = "There is no model {name!r}; there are: {names}."


class Rulebook:
    """Every rule there is, and where each chat is.

    `choices` are the tools and models that can be allowed. Raises SettingsError when the
    operator's rules name others.
    """

    def __init__(
        self,
        store: Store,
        operator: Rules | None = None,
        choices: Mapping[str, Sequence[str]] | None = None,
        crew: Crew | None = None,
    ) -> None:
        operator = operator or Rules()
        self._store, self._choices, self._crew = store, choices or {}, crew or Crew({})
        self._gate = Rules(users=operator.users)
        self._operator = Layer(OPERATOR, operator.model_dump(exclude_unset=True))
        self._at_hand: dict[str, dict[str, object]] = {}
        try:
            for name in CHOICES:
                self.check(name, getattr(operator, name))
        except Refused as error:
            raise SettingsError(f"The setting rules is wrong: {error}") from error

    def check(self, name: str, value: object) -> None:
        """Raise Refused when a value names tools or models that there are not."""
        known = self._choices.get(name)
        if known is None or value == ALL or not isinstance(value, tuple):
            return
        if unknown := [one for one in value if one not in known]:
            one, known_ones = unknown[0], ", ".join(known)
            form = _NO_TOOL if name == "tools" else _NO_MODEL
            raise Refused(form, name=one, names=known_ones)

    async def note(self, chat: Chat, user: User, place: Place) -> None:
        """Take in where a chat is, and which roles somebody has there."""
        known = {name: getattr(place, name) for name in _WHERE}
        if (await self._kept(_place(chat)) or _NOWHERE) != known:
            await self._keep(_place(chat), known)
        if self._crew.see(user.key, place.server, place.roles):
            await self._store.keep(_CREW, self._crew.dump())

    async def restore(self) -> None:
        """Take over which roles people were seen to have before a restart."""
        self._crew.restore(await self._store.kept(_CREW))

    async def limits(self, chat: Chat, user: User, place: Place | None = None) -> Limits:
        """Return the rules in force for somebody in a chat; without a place where it last was."""
        place = place or await self._last(chat)
        rules, _ = summed(await self.layers(chat, user, place))
        return Limits(rules, place)

    async def _last(self, chat: Chat) -> Place:
        known = {**_NOWHERE, **await self._kept(_place(chat))}
        server, channel, private, adult = (known[name] for name in _WHERE)
        return Place(str(server), str(channel), bool(private), bool(adult), admin=False)

    async def admit(self, chat: Chat, user: User, place: Place) -> Limits:
        """Return the rules in force; raises Refused unless these and the operator's admit them."""
        limits = await self.limits(chat, user, place)
        limits.admit(user)
        Limits(self._gate, place).admit(user)
        return limits

    async def layers(self, chat: Chat, user: User, place: Place) -> list[Layer]:
        """Return what is set for somebody in a chat, the operator's rules first."""
        found = [self._operator]
        for scope in SCOPES:
            if name := fact(scope, chat, user, place):
                found.append(Layer(CALLED[scope], await self._values(name)))
        return found

    async def changes(self, name: str) -> list[Change]:
        """Return the last changes of a scope, the oldest first."""
        kept = (await self._kept(name)).get("changes")
        return [Change(*one) for one in kept] if isinstance(kept, list) else []

    async def change(self, name: str, user: User, setting: str, value: object) -> None:
        """Set a value in a scope, or take it back (...); it is logged, and kept who did that."""
        kept, values = await self._kept(name), dict(await self._values(name))
        old = values.pop(setting, None)
        if value is not ...:
            values[setting] = value
        new = None if value is ... else value
        change = Change(now().isoformat(timespec="seconds"), user.key, setting, old, new)
        log.info("%s: %s set %s from %r to %r", name, user.key, setting, old, new)
        before = kept.get("changes")
        before = before if isinstance(before, list) else []
        row = list(astuple(change))
        await self._keep(name, {"values": values, "changes": [*before, row][-CHANGES:]})

    async def move(self, old: Chat, new: Chat) -> None:
        """Let a chat, and its rules, go on under another id of its platform."""
        await self._store.move_chat(old, new)
        self._at_hand.clear()
        there = await self._kept(_place(new))
        if there.get("server") == old.id:
            await self._keep(_place(new), {**there, "server": new.id})
        await self.leave(old.platform, old.id)

    async def leave(self, platform: str, server: str) -> None:
        """Forget who has which role in a server that was left; its rules wait for the return."""
        self._crew.leave(platform, server)
        await self._store.keep(_CREW, self._crew.dump())

    async def gone(self, chat: Chat) -> None:
        """Forget the rules of a chat that is no more, and where it was."""
        for name in (f"rules channel {chat.platform}:{chat.id}", _place(chat)):
            self._at_hand.pop(name, None)
            await self._store.drop(name)

    async def _values(self, name: str) -> dict[str, object]:
        """Return what is set in a scope, as far as it still makes sense."""
        kept, found = (await self._kept(name)).get("values"), {}
        for setting, value in kept.items() if isinstance(kept, dict) else ():
            try:
                found[setting] = parsed(setting, value)
            except Refused as error:
                log.warning("%s: %s", name, error)
        return found

    async def _kept(self, name: str) -> dict[str, object]:
        if len(self._at_hand) > _AT_HAND:
            self._at_hand.clear()
        if name not in self._at_hand:
            self._at_hand[name] = await self._store.kept(name)
        return self._at_hand[name]

    async def _keep(self, name: str, facts: dict[str, object]) -> None:
        self._at_hand[name] = facts
        await self._store.keep(name, facts)
