"""What a request says by itself, before anything is done about it."""

import asyncio

from agents.scene import Scene
from agents.understanding.understand import is_warm, understand
from agents.understanding.wishes import Hints, Wish
from bot import commands
from memory.records import Message
from tools.errors import Refused

LONGEST = 8000
"""Characters of one message; more is a pasted book or an accident."""


def checked(message: Message) -> commands.Command | None:
    """Return the command a message is, if any; raises Refused for what nobody could answer."""
    if not message.text.strip() and not message.assets:
        raise Refused("Your message is empty; say what you would like, or /help.")
    if len(message.text) > LONGEST:
        raise Refused(
            "Your message has {many:,} characters; please keep it under {most:,}.",
            many=len(message.text),
            most=LONGEST,
        )
    return commands.parse(message.text)


async def understood(text: str) -> tuple[Wish, ...]:
    """Understand a text; in a thread while that may mean compiling what reads it."""
    return understand(text) if is_warm(text) else await asyncio.to_thread(understand, text)


async def ready(text: str) -> None:
    """Have compiled what reads a text, so that reading it again keeps nobody waiting.

    The words of a command were read when the rules of its place were looked at.
    """
    wanted = commands.parse(text)
    if not is_warm(text) and (wanted is None or wanted.name == "change"):
        await understood(text)


def read(scene: Scene) -> tuple[Wish, ...]:
    """Return what the request of a scene asks for, as a command or in words."""
    wanted = commands.parse(scene.message.text)
    found = commands.wishes(wanted) if wanted else None
    return found or understand(scene.message.text, hints(scene))


def hints(scene: Scene) -> Hints:
    """Return what the rules model needs to know about where a request was made."""
    attached = [a.media_type.split("/")[0] for a in scene.message.assets]
    replied = scene.replied
    return Hints(
        attached_images=attached.count("image"),
        attached_sounds=attached.count("audio"),
        replied_images=len(replied.of("image")) if replied else 0,
        replied_text=replied.said if replied else "",
        last_tool=scene.steps[-1].tool if scene.steps else "",
        pictures_here=any(s.of("image") for s in scene.sets),
    )
