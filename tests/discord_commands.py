"""The routes of application commands and what Discord checks of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.discord_calls import Call, Handler
from tests.discord_errors import Form, Json, Refusal

SLASH, USER, MESSAGE = 1, 2, 3
MOST = {SLASH: 100, USER: 15, MESSAGE: 15}
CREATES_A_DAY = 200
NAME = re.compile(r"[-_'\w]{1,32}")
Place = tuple[str | int, ...]


@dataclass
class Commands:
    """The registered commands; those for everywhere have the server 0."""

    sets: dict[int, list[Json]] = field(default_factory=dict)
    created: list[float] = field(default_factory=list)

    def seen(self, guild_id: int) -> list[Json]:
        """Return what people in a server (0: in a private chat) can choose from."""
        own = self.sets.get(guild_id, []) if guild_id else []
        return [*own, *self.sets.get(0, [])]


async def listed(call: Call) -> list[Json]:
    return call.server.commands.sets.get(_where(call), [])


async def overwrite(call: Call) -> list[Json]:
    """Replace all commands; those with a known type and name keep their id."""
    where, kept = _where(call), call.server.commands.sets
    check(call.payload)
    check_places(call.payload, () if where else call.server.installs)
    old = {_key(c): c for c in kept.get(where, [])}
    new = [_complete(call, c, old.get(_key(c)), where) for c in call.payload]
    kept[where] = new
    return new


async def create(call: Call) -> Json:
    where, kept = _where(call), call.server.commands.sets
    others = [c for c in kept.get(where, []) if _key(c) != _key(call.payload)]
    check([*others, call.payload])
    check_places([call.payload], () if where else call.server.installs)
    old = {_key(c): c for c in kept.get(where, [])}
    made = _complete(call, call.payload, old.get(_key(call.payload)), where)
    kept[where] = [*others, made]
    return made


async def delete(call: Call) -> None:
    commands = call.server.commands.sets.get(_where(call), [])
    found = [c for c in commands if c["id"] == call.path["command_id"]]
    if not found:
        raise Refusal("unknown command")
    commands.remove(found[0])


def _where(call: Call) -> int:
    if call.path["application_id"] != str(call.world.bot.id):
        raise Refusal("wrong application")
    return int(call.path.get("guild_id", 0))


def _key(command: Json) -> tuple[int, str]:
    return command.get("type") or SLASH, command.get("name", "")


def _complete(call: Call, command: Json, old: Json | None, where: int) -> Json:
    if old is None:
        _count(call)
    made: Json = {
        "id": old["id"] if old else str(call.world.new_id()),
        "application_id": str(call.world.bot.id),
        "version": str(call.world.new_id()),
        "default_member_permissions": None,
        "type": SLASH,
        "description": "",
        "options": [],
        "contexts": None,
        "integration_types": None,
        "nsfw": False,
        **command,
    }
    made["integration_types"] = made["integration_types"] or list(call.server.installs)
    return {**made, "guild_id": str(where)} if where else made


def _count(call: Call) -> None:
    now, created = call.world.clock(), call.server.commands.created
    created[:] = [at for at in created if at > now - 24 * 3600]
    if len(created) >= CREATES_A_DAY:
        raise Refusal("too many creates")
    created.append(now)


def check(commands: Sequence[Json]) -> None:
    """Refuse a set of commands that Discord would refuse."""
    for kind, most in MOST.items():
        if sum(_key(c)[0] == kind for c in commands) > most:
            raise Refusal("too many commands")
    form = Form()
    keys = [_key(c) for c in commands]
    for number, command in enumerate(commands):
        if keys[number] in keys[:number]:
            told = "Application command names must be unique"
            form.wrong((number,), "APPLICATION_COMMANDS_DUPLICATE_NAME", told)
        _one(form, command, (number,))
    form.check()


def check_places(commands: Sequence[Json], installs: Sequence[int]) -> None:
    """Refuse commands for places where the application cannot be; a server's own have none."""
    form = Form()
    for number, command in enumerate(commands):
        kinds, contexts = command.get("integration_types"), command.get("contexts")
        if not set(kinds or ()) <= set(installs):
            told = f"Integration types must be among {installs}."
            form.wrong((number, "integration_types"), "BASE_TYPE_CHOICES", told)
        if contexts and (not installs or (2 in contexts and 1 not in (kinds or installs))):
            told = "Private channels are for commands that people install."
            form.wrong((number, "contexts"), "BASE_TYPE_CHOICES", told)
    form.check()


def _one(form: Form, command: Json, place: Place) -> None:
    slash = _key(command)[0] == SLASH
    _named(form, command, place, slash=slash)
    if slash:
        _options(form, command.get("options"), (*place, "options"))
        if _weight(command) > 8000:
            told = "Command exceeds maximum size (8000)"
            form.wrong(place, "APPLICATION_COMMAND_TOO_LARGE", told)
    elif command.get("description") or command.get("options"):
        told = "Context menu commands cannot have description or options"
        form.wrong(place, "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_NOT_ALLOWED", told)


def _named(form: Form, thing: Json, place: Place, *, slash: bool) -> None:
    name = thing.get("name") or ""
    if slash and not (NAME.fullmatch(name) and name == name.lower()):
        told = "Command name is invalid"
        form.wrong((*place, "name"), "APPLICATION_COMMAND_INVALID_NAME", told)
    form.length((*place, "name"), name, 32, 1)
    if slash:
        form.length((*place, "description"), thing.get("description"), 100, 1)


def _options(form: Form, options: Sequence[Json] | None, place: Place) -> None:
    form.length(place, options, 25)
    names = [o.get("name") for o in options or ()]
    optional = False
    for number, option in enumerate(options or ()):
        here = (*place, number)
        _named(form, option, here, slash=True)
        if option.get("name") in names[:number]:
            told = "Option names must be unique"
            form.wrong((*here, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_NOT_UNIQUE", told)
        if option.get("required") and optional:
            told = "Required options must be placed before non-required options"
            form.wrong(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", told)
        optional = optional or (not option.get("required") and option.get("type") not in (1, 2))
        _choices(form, option, here)
        _options(form, option.get("options"), (*here, "options"))


def _choices(form: Form, option: Json, place: Place) -> None:
    choices = option.get("choices") or ()
    form.length((*place, "choices"), choices, 25)
    for number, choice in enumerate(choices):
        form.length((*place, "choices", number, "name"), choice.get("name"), 100, 1)
    if choices and option.get("autocomplete"):
        told = "Autocomplete and choices cannot be used together"
        form.wrong((*place, "autocomplete"), "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", told)


def _weight(thing: Json) -> int:
    """Return the characters of all names, descriptions and values."""
    own = sum(len(str(thing.get(name) or "")) for name in ("name", "description", "value"))
    return own + sum(_weight(t) for t in [*thing.get("options", ()), *thing.get("choices", ())])


_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
ROUTES: dict[str, Handler] = {
    f"{method} {base}{tail}": handler
    for base in (_GLOBAL, _GUILD)
    for method, tail, handler in (
        ("GET", "", listed),
        ("PUT", "", overwrite),
        ("POST", "", create),
        ("DELETE", "/{command_id}", delete),
    )
}
