"""Commands, menus, buttons and forms, each turned into the event that a message would be."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.actions import CHANGE, DELETE, FEEDBACK, STOP
from bot.adapter import Event, Place, Pressed, Received
from bot.adapters.discord import slash
from bot.adapters.discord.asked import Asked, Interaction
from bot.adapters.discord.forms import filled, form, pictures_of, plan_form
from bot.adapters.discord.inbox import chat_of, place_of, user_of
from bot.adapters.discord.outbox import DiscordOutbox
from bot.adapters.discord.parts import EDIT, INFO, pressed
from bot.adapters.discord.wire import PASSING
from bot.translation import of_locale, put
from memory.errors import AtelierError
from memory.records import Asset, Message
from memory.sentences import say
from tools.catalogue import Catalogue

if TYPE_CHECKING:
    from bot.adapters.discord.session import Session

_QUIET = frozenset({*FEEDBACK, DELETE, INFO, STOP.id})
"""Buttons that make nothing; only who pressed them sees what comes."""
_THIS = "this"
"""In place of one of our messages' ids: the message whose menu was used."""
_MENUS = 200
"""Forms opened from a menu whose pictures are remembered until they are sent."""


class Calls:
    """Handles interactions; acknowledging comes first, before anything that could take time."""

    def __init__(self, session: "Session", known: Catalogue) -> None:
        self._session, self._known = session, known
        self._commands = slash.commands()
        self._shown: dict[str, Mapping[str, Any]] = {}

    async def __call__(self, asked: Interaction) -> None:
        """Handle an interaction to its end; raises Taken."""
        data: Mapping[str, Any] = asked.data or {}
        kinds = {
            discord.InteractionType.autocomplete: self._complete,
            discord.InteractionType.application_command: self._command,
            discord.InteractionType.component: self._button,
            discord.InteractionType.modal_submit: self._form,
        }
        if handler := kinds.get(asked.type):
            await handler(asked, data)

    async def _complete(self, asked: Interaction, data: Mapping[str, Any]) -> None:
        typed = next((o for o in data.get("options", ()) if o.get("focused")), None)
        found = []
        if typed and data["name"] in self._commands:
            words = str(typed.get("value", ""))
            found = slash.completions(data["name"], typed["name"], words, self._known)
        choices = [app_commands.Choice(name=name, value=name) for name in found]
        with suppress(discord.DiscordException, *PASSING):
            await asked.response.autocomplete(choices)

    async def _command(self, asked: Interaction, data: Mapping[str, Any]) -> None:
        name = data["name"]
        if name == slash.EDIT_THIS:
            await self._ask_what(asked, data)
        elif name in slash.MENUS:
            await self._menu(asked, data, slash.MENUS[name])
        elif name in self._commands:
            await self._slash(asked, data, self._commands[name])

    async def _slash(
        self, asked: Interaction, data: Mapping[str, Any], command: slash.Slash
    ) -> None:
        given = {option["name"]: option.get("value") for option in data.get("options", ())}
        files = (data.get("resolved") or {}).get("attachments") or {}
        back = await Asked.acknowledge(asked, public=command.public)
        await self._say(asked, back, command.text(given), files.values())

    async def _menu(self, asked: Interaction, data: Mapping[str, Any], verb: str) -> None:
        back = await Asked.acknowledge(asked, public=True)
        await self._about(asked, back, _target(data), verb)

    async def _about(
        self, asked: Interaction, back: Asked | None, target: Mapping[str, Any], verb: str
    ) -> None:
        """Do something with the message whose menu was used: with its files or its words.

        What it lacks is not taken from somewhere else.
        """
        chat = chat_of(asked.channel_id)
        found = await self._session.inbox.behind(chat, int(target["id"]))
        lacks = slash.lacking(verb, target)
        if found is not None and (not lacks or await self._keeps(found[0], verb)):
            await self._say(asked, back, verb, (), *found)
            return
        if lacks:
            await self._outbox(asked, back).notice(_put(asked, lacks), error=True)
            return
        words = target.get("content") or ""
        text = f"{verb} {words}" if verb == slash.MENUS["Read aloud"] else verb
        await self._say(asked, back, text, target.get("attachments") or ())

    async def _keeps(self, message_id: str, verb: str) -> bool:
        """Tell whether a message has what a menu's command needs, in posts other than that one."""
        message = await self._session.edge.store.message(message_id)
        files = [{"content_type": asset.media_type} for asset in message.assets]
        return not slash.lacking(verb, {"content": message.text, "attachments": files})

    async def _ask_what(self, asked: Interaction, data: Mapping[str, Any]) -> None:
        target = _target(data)
        me, lacks = self._session.user, slash.lacking(f"/{EDIT}", target)
        if lacks and me is not None and str(target["author"]["id"]) != str(me.id):
            await _tell(asked, _put(asked, lacks))
            return
        while len(self._shown) >= _MENUS:
            del self._shown[next(iter(self._shown))]
        self._shown[str(target["id"])] = target
        await _ask(asked, form(f"{_THIS}:{target['id']}", language=of_locale(str(asked.locale))))

    async def _button(self, asked: Interaction, data: Mapping[str, Any]) -> None:
        message_id, action = pressed(data.get("custom_id", ""))
        if action == CHANGE.id:
            await _ask(asked, plan_form(data["custom_id"], of_locale(str(asked.locale))))
        elif action == EDIT:
            await self._ask_change(asked, message_id)
        elif action:
            back = await Asked.acknowledge(asked, public=action not in _QUIET)
            await self._press(asked, back, message_id, action)

    async def _ask_change(self, asked: Interaction, message_id: str) -> None:
        """Ask what shall be different, unless somebody else's button was pressed."""
        from bot.middleware import check  # there is a desk by now; signing in did not wait for it

        chat, user = chat_of(asked.channel_id), user_of(asked.user)
        event = Pressed(user, chat, message_id, EDIT, str(asked.id), _place(asked))
        try:
            await check(event, await self._session.memory.rules(), self._session.edge.store)
        except AtelierError as error:
            await _tell(asked, _put(asked, error.sentence))
            return
        pictures = pictures_of(asked.message)
        language = of_locale(str(asked.locale))
        await _ask(asked, form(f"{message_id}:{EDIT}", pictures, language))

    async def _form(self, asked: Interaction, data: Mapping[str, Any]) -> None:
        back = await Asked.acknowledge(asked, public=True)
        message_id, action = pressed(data.get("custom_id", ""))
        words = filled(data)
        if message_id != _THIS:
            await self._press(asked, back, message_id, f"{action}:{words}")
        elif target := self._shown.pop(action, None):
            await self._about(asked, back, target, f"/{EDIT} {words}")
        else:
            text = _put(asked, say("I was restarted meanwhile; choose Edit this once more."))
            await self._outbox(asked, back).notice(text, error=True)

    async def _press(
        self, asked: Interaction, back: Asked | None, message_id: str, action: str
    ) -> None:
        chat, user = chat_of(asked.channel_id), user_of(asked.user)
        event = Pressed(user, chat, message_id, action, _post(asked, back), _place(asked))
        await self._handle(asked, back, event)

    async def _say(
        self,
        asked: Interaction,
        back: Asked | None,
        text: str,
        files: Iterable[Any],
        reply_to: str = "",
        more: tuple[Asset, ...] = (),
    ) -> None:
        """Hand over what a command says, as a message with its files."""
        sent = [self._session.edge.wire.attachment(file) for file in files]
        try:
            assets = await self._session.inbox.kept(sent)
        except AtelierError as error:
            text = _put(asked, error.sentence)
            await self._outbox(asked, back).notice(text, error=True)
            return
        chat, user = chat_of(asked.channel_id), user_of(asked.user)
        message = Message(chat, user, text, (*assets, *more), reply_to)
        await self._handle(asked, back, Received(message, _post(asked, back), _place(asked)))

    async def _handle(self, asked: Interaction, back: Asked | None, event: Event) -> None:
        if back is not None and back.post:
            await self._session.edge.tokens.keep(back.post, back.token)
        await self._session.handle(event, self._outbox(asked, back))

    def _outbox(self, asked: Interaction, back: Asked | None) -> DiscordOutbox:
        channel = str(asked.channel_id or "")
        return DiscordOutbox(self._session.edge, channel, _post(asked, back), back)


async def _ask(asked: Interaction, shown: discord.ui.Modal) -> None:
    with suppress(discord.DiscordException, *PASSING):
        await asked.response.send_modal(shown)
    shown.stop()  # what is filled in comes as an event like all others, also after a restart


async def _tell(asked: Interaction, sentence: str) -> None:
    """Answer with a sentence that only who asked sees."""
    with suppress(discord.DiscordException, *PASSING):
        await asked.response.send_message(sentence, ephemeral=True)


def _target(data: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = data["resolved"]["messages"][str(data["target_id"])]
    return found


def _post(asked: Interaction, back: Asked | None) -> str:
    """Return the id of the message that says who asked, or of the interaction itself."""
    return (back.post if back is not None else "") or str(asked.id)


def _place(asked: Interaction) -> Place:
    place = place_of(asked.channel, asked.guild, asked.user, asked.permissions)
    if asked.context.private_channel:  # others are there, too
        place = replace(place, private=False, admin=False)
    return replace(place, locale=str(asked.locale))


def _put(asked: Interaction, sentence: str) -> str:
    """Return a sentence in the language of somebody's app."""
    return put(sentence, of_locale(str(asked.locale)))
