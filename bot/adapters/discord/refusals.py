"""What Discord's refusals mean for what was to be shown, by their code."""

import discord

from bot.errors import Nowhere, Undeliverable

PUT_AWAY = 50083
_NO_CHANNEL = 10003
_SILENT = "I may not write here; somebody who runs this server can allow me Send Messages."
_SHUT = "They take no messages from me."
_LOCKED = "That thread is locked; somebody who runs this server can unlock it."
_NOWHERE = {
    _NO_CHANNEL: "That channel is gone.",
    50001: "I may not see that channel; somebody who runs this server can allow me View Channel.",
    50007: _SHUT,
    50013: _SILENT,
    50278: _SHUT,
    PUT_AWAY: _LOCKED,
    160005: _LOCKED,
}


def meant(error: discord.HTTPException) -> Undeliverable:
    """Return what a refusal means for a message."""
    said = f"Discord refused it: {error.code} {error.text}."
    kind = Nowhere if error.code == _NO_CHANNEL else Undeliverable
    return kind(_NOWHERE.get(error.code, said))
