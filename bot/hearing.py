"""Requests that were spoken: a voice note is written down and taken for what it says."""

from dataclasses import replace

from bot.studio import NOBODY, Studio
from memory.records import Message
from tools.errors import Refused
from tools.jobs import HearingSpec, Job, Report

LONGEST = 120.0
"""Seconds of a voice note that may be a request; a longer one is a recording."""


def is_spoken(message: Message) -> bool:
    """Tell whether a message is nothing but a voice note."""
    if message.text.strip() or len(message.assets) != 1:
        return False
    (sound,) = message.assets
    return bool(sound.waveform) and sound.seconds <= LONGEST


async def heard(studio: Studio, message: Message, report: Report) -> Message:
    """Return a spoken message with its words in place of the sound, and store it so.

    Raises Refused when there are none.
    """
    model = studio.catalogue.find("transcribe")
    spec = HearingSpec(await studio.assets.read(message.assets[0]))
    asker = (message.author or NOBODY).key
    made = await studio.runner.run(Job(model.name, (spec,), asker), report)
    words = made[0].data.decode("utf-8", "replace").strip()
    if not words:
        raise Refused("I could not make out any words in that; say it again, or type it.")
    await studio.store.reword(message.id, words)
    return replace(message, text=words, assets=())
