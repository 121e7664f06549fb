"""Project rooms taken as far as a test wants them, over a desk with fake models."""

import io

from PIL import Image

from agents.rooms.fold import fold
from agents.rooms.state import Piece
from agents.rooms.state import Room as Project
from bot.adapter import Reply
from memory.records import Asset, Chat, User
from memory.rooms import RoomEvent
from tests.fakes import FakeRunner
from tests.rooms import BEN, CHAT, Room

IDEAS = (
    "Brass Fox: A fox in uniform plays the trumpet.",
    "Night Train: A train of saxophones crosses the city.",
    "Paper Moon: A folded moon hangs over a small stage.",
    "Cool Cats: Three cats share one double bass.",
)
ELSEWHERE = Chat("elsewhere", "7")
CAT = User("elsewhere", "cat", "Cat")


def writer(*texts: str) -> FakeRunner:
    return FakeRunner(*IDEAS, *(texts or ("Jazz for everybody on Friday.",)))


async def project(here: Room, chat: Chat = CHAT) -> Project:
    rooms = here.studio.rooms
    id = await rooms.here(chat)
    return fold(id, await rooms.events(id))


async def events(here: Room, kind: str) -> list[RoomEvent]:
    found = await here.studio.rooms.events(await here.studio.rooms.here(CHAT))
    return [event for event in found if event.kind == kind]


async def opened(here: Room) -> Reply:
    reply = await here.say("let's make a poster series for the jazz night")
    await here.say("audience is teenagers, 2 posters, never mention beer")
    await here.say("must say Friday", BEN)
    return reply


async def made(here: Room) -> Reply:
    """Take a room as far as its pieces."""
    await opened(here)
    await here.say("next", BEN)
    await here.say("how about: Cats in Hats: cats with hats play trumpets", BEN)
    await here.say("next")
    await here.say("vote for cats in hats")
    await here.say("5", BEN)
    await here.say("next")
    return await here.say("next", BEN)


async def piece(here: Room, title: str) -> Piece:
    """Return a piece of a room by its title."""
    return next(p for p in (await project(here)).pieces if p.title == title)


async def picture(here: Room, width: int = 64, height: int = 96, colour: str = "teal") -> Asset:
    """Keep a picture as if somebody had sent it."""
    data = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(data, "PNG")
    return await here.studio.assets.put(data.getvalue(), "image/png", width=width, height=height)
