"""Files and buttons as discord.py takes them."""

import base64
import io
from typing import Any

import discord

from bot.adapters.discord.parts import Attached, Part


class _Voice(discord.File):
    """A voice message's sound, with its length and how loud it is where."""

    def __init__(self, attached: Attached) -> None:
        super().__init__(io.BytesIO(attached.data), attached.name)
        self._attached = attached

    def to_dict(self, index: int) -> dict[str, Any]:
        shape = base64.b64encode(self._attached.waveform).decode()
        more = {"duration_secs": self._attached.seconds, "waveform": shape}
        return {**super().to_dict(index), **more}


def file_of(attached: Attached, *, voice: bool) -> discord.File:
    """Return a file of a message as discord.py takes it."""
    if voice:
        return _Voice(attached)
    words = attached.words or None
    return discord.File(io.BytesIO(attached.data), attached.name, description=words)


def shown(picture: bytes, *, spoiler: bool = False) -> list[discord.File]:
    """Return a preview as files of a message."""
    words = "How far the picture is."
    name = "preview.png" if picture.startswith(b"\x89PNG") else "preview.jpg"
    file = discord.File(io.BytesIO(picture), name, description=words, spoiler=spoiler)
    return [file] if picture else []


def view_of(part: Part) -> discord.ui.View | None:
    """Return the buttons of a message as discord.py takes them; it shall not remember them."""
    if not part.buttons:
        return None
    view = discord.ui.View(timeout=None)
    view.stop()
    for number, row in enumerate(part.buttons):
        for custom_id, label in row:
            view.add_item(discord.ui.Button(label=label, custom_id=custom_id, row=number))
    return view
