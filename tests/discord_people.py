"""People in Discord, as tests act them: they write, press, choose, fill in forms and react."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests import discord_render as render
from tests.discord_commands import MESSAGE, SLASH, USER
from tests.discord_errors import Json
from tests.discord_interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL
from tests.discord_options import Filled, fill
from tests.discord_records import VOICE, Account, Channel, Interaction, Message, Permission, walk

if TYPE_CHECKING:
    from tests.discord_server import Server

Named = tuple[str, bytes]


@dataclass(eq=False)
class Person:
    """Somebody in the server. What Discord's own program would not let them do is an assertion."""

    server: "Server"
    account: Account

    @property
    def direct(self) -> Channel:
        """Their private chat with the bot."""
        return self.server.world.direct(self.account)

    def says(
        self,
        text: str,
        channel: Channel | None = None,
        attachments: Sequence[Named] = (),
        reply_to: Message | None = None,
        *,
        ping: bool = True,
    ) -> Message:
        """Write a message; a reply notifies the author of the original if `ping`."""
        world = self.server.world
        channel = channel or (reply_to.channel if reply_to else self.server.channel)
        message = Message(world.new_id(), channel, self.account, world.clock(), text)
        message.files = [world.file(channel, name, data) for name, data in attachments]
        message.reply_to = reply_to
        named = [a for a in world.accounts.values() if f"<@{a.id}>" in text]
        replied = [reply_to.author] if reply_to is not None and ping else []
        message.pings = list(dict.fromkeys([*named, *replied]))
        return world.post(message)

    def mentions(self, text: str, channel: Channel | None = None, **more: Any) -> Message:
        """Write to the bot by name."""
        return self.says(f"<@{self.server.bot.id}> {text}", channel, **more)

    def speaks(self, ogg: bytes, seconds: float, channel: Channel | None = None) -> Message:
        """Send a voice message."""
        world, channel = self.server.world, channel or self.server.channel
        sound = world.file(
            channel, "voice-message.ogg", ogg, duration=seconds, waveform="AAAAAAAAAAAA"
        )
        message = Message(world.new_id(), channel, self.account, world.clock(), flags=VOICE)
        message.files = [sound]
        return world.post(message)

    def rewrites(self, message: Message, text: str) -> None:
        assert message.author is self.account
        self.server.world.edit(message, content=text)

    def deletes(self, message: Message) -> None:
        self.server.world.delete(message)

    def reacts(self, message: Message, emoji: str, *, on: bool = True) -> None:
        self.server.world.react(message, emoji, self.account, on=on)

    def slash(self, name: str, channel: Channel | None = None, **options: Any) -> Interaction:
        """Use a slash command; a subcommand is named after a space, a file is (name, bytes)."""
        channel = channel or self.server.channel
        command, filled = self._filled(name, channel, options)
        data = {**_about(command, SLASH), "options": filled.options}
        return self._asks(COMMAND, channel, {**data, **filled.more})

    def completes(
        self, name: str, focused: str, text: str, channel: Channel | None = None, **options: Any
    ) -> Interaction:
        """Type into an option that completes; the answer's `choices` are what is offered."""
        channel = channel or self.server.channel
        command, filled = self._filled(name, channel, {**options, focused: text}, focused)
        data = {**_about(command, SLASH), "options": filled.options}
        return self._asks(AUTOCOMPLETE, channel, {**data, **filled.more})

    def _filled(
        self, name: str, channel: Channel, options: Json, focused: str = ""
    ) -> tuple[Json, Filled]:
        first, *path = name.split(" ")
        command = self._command(first, SLASH, channel)
        return command, fill(self.server.world, channel, command, path, options, focused)

    def context_menu(self, name: str, target: "Message | Person") -> Interaction:
        """Use a command of a message's or a person's menu."""
        world = self.server.world
        if isinstance(target, Message):
            command = self._command(name, MESSAGE, target.channel)
            shown = {str(target.id): render.message(world, target)}
            data = {"target_id": str(target.id), "resolved": {"messages": shown}}
            return self._asks(COMMAND, target.channel, {**_about(command, MESSAGE), **data})
        command = self._command(name, USER, self.server.channel)
        people = {str(target.account.id): render.user(target.account)}
        data = {"target_id": str(target.account.id), "resolved": {"users": people}}
        return self._asks(COMMAND, self.server.channel, {**_about(command, USER), **data})

    def _command(self, name: str, kind: int, channel: Channel) -> Json:
        guild = channel.guild
        seen = self.server.commands.seen(guild.id if guild else 0)
        found = [c for c in seen if c["name"] == name and c["type"] == kind]
        assert found, f"there is no command {name!r} of type {kind} here"
        command, context = found[0], render.context(channel)
        assert command["contexts"] is None or context in command["contexts"], "not offered here"
        assert self._owners(channel, command["integration_types"]), "not installed here"
        assert channel.nsfw or not guild or not command["nsfw"], "only in age-restricted channels"
        needed = command["default_member_permissions"]
        if guild and needed is not None:
            powers = self.server.world.powers(guild, self.account)
            able = Permission.ADMINISTRATOR in powers or guild.owner is self.account
            enough = int(needed) and int(needed) & ~int(powers) == 0
            assert able or enough, f"{self.account.name} may not use {name!r}"
        return command

    def _owners(self, channel: Channel, kinds: Sequence[int] = (0, 1)) -> dict[str, str]:
        """Return who installed the application where this is."""
        found = {}
        if 0 in kinds and self.server.world.there(channel):
            found["0"] = str(channel.guild.id if channel.guild else 0)
        if 1 in kinds and self.account.installed:
            found["1"] = str(self.account.id)
        return found

    def presses(self, message: Message, custom_id: str) -> Interaction:
        """Press a button."""
        component = self._component(message, custom_id)
        assert component["type"] == 2
        return self._touches(message, component, {})

    def selects(self, message: Message, custom_id: str, *values: str) -> Interaction:
        """Choose from a menu."""
        component = self._component(message, custom_id)
        offered = [option["value"] for option in component.get("options", ())]
        assert not offered or set(values) <= set(offered)
        least, most = component.get("min_values", 1), component.get("max_values", 1)
        assert least <= len(values) <= most
        return self._touches(message, component, {"values": list(values)})

    def _component(self, message: Message, custom_id: str) -> Json:
        assert not message.deleted
        seen = message.ephemeral_to in (None, self.account)
        assert seen, f"{self.account.name} does not see this message"
        assert custom_id in message.buttons, f"{custom_id!r} is not among {list(message.buttons)}"
        component = message.buttons[custom_id]
        assert not component.get("disabled"), f"{custom_id!r} is disabled"
        return component

    def _touches(self, message: Message, component: Json, more: Json) -> Interaction:
        data = {"custom_id": component["custom_id"], "component_type": component["type"], **more}
        return self._asks(COMPONENT, message.channel, data, message)

    def submits(self, shown: Interaction, **values: Any) -> Interaction:
        """Fill in and send the form that was the answer to an interaction.

        Values by custom_id: text, a sequence of choices, or files as (name, bytes).
        """
        assert shown.modal is not None, "there is no form to fill in"
        filled = Filled()
        parts = [self._part(c, shown.channel, filled, values) for c in shown.modal["components"]]
        unknown = set(values) - {c.get("custom_id") for c in walk(shown.modal["components"])}
        assert not unknown, f"the form has no {unknown}"
        data = {"custom_id": shown.modal["custom_id"], "components": parts, **filled.more}
        shown.modal = None
        return self._asks(MODAL, shown.channel, data, shown.message)

    def _part(self, part: Json, channel: Channel, filled: Filled, values: Json) -> Json:
        if part["type"] == 10:
            return {"type": 10, "id": part.get("id", 0)}
        if part["type"] == 1:
            inner = [self._field(c, channel, filled, values) for c in part["components"]]
            return {"type": 1, "components": inner}
        return {"type": 18, "component": self._field(part["component"], channel, filled, values)}

    def _field(self, field: Json, channel: Channel, filled: Filled, values: Json) -> Json:
        given = values.get(field["custom_id"])
        answer: Json = {"type": field["type"], "custom_id": field["custom_id"]}
        required = field.get("required", True)
        if field["type"] == 4:
            text = field.get("value") or "" if given is None else given
            least = field.get("min_length") or (1 if required else 0)
            assert (not text and not required) or least <= len(text)
            assert len(text) <= (field.get("max_length") or 4000)
            return {**answer, "value": text}
        if field["type"] == 23:
            return {**answer, "value": bool(given)}
        if field["type"] == 19:
            files = [filled.upload(self.server.world, channel, f) for f in given or ()]
            assert files or not required
            assert len(files) <= field.get("max_values", 1)
            return {**answer, "values": files}
        if field["type"] == 21:
            return {**answer, "value": given}
        return {**answer, "values": list(given or ())}

    def _asks(
        self, kind: int, channel: Channel, data: Json, message: Message | None = None
    ) -> Interaction:
        world, token = self.server.world, secrets.token_urlsafe(24)
        first = message.interaction if message is not None else None
        own = self._owners(channel) if kind in (COMMAND, AUTOCOMPLETE) else {}
        owners = own or {**self._owners(channel), **(first.owners if first else {})}
        asked = Interaction(
            world.new_id(), token, kind, self.account, channel, data, world.clock(), message, owners
        )
        self.server.interactions[token] = asked
        asked.sent = time.perf_counter()
        world.emit("INTERACTION_CREATE", render.interaction(world, asked))
        return asked


def _about(command: Json, kind: int) -> Json:
    about = {"id": command["id"], "name": command["name"], "type": kind}
    return {**about, "guild_id": command["guild_id"]} if "guild_id" in command else about
