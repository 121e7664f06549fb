"""People of the soak: what each asks for on Telegram and Discord, and which answers they see."""

import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.progress import _PHASES
from tests import discord_people, discord_records
from tests import discord_server as discord
from tests import telegram_people as telegram
from tests.discord_records import Channel, Interaction
from tests.telegram_server import TelegramServer
from tests.telegram_world import Post

KINDS = {"draw": 5, "write": 1, "speak": 1, "chat": 1, "vary": 1, "again": 2, "edit": 2,
         "voice": 1, "queue": 1}  # fmt: skip
THINGS = ("red apple", "smiling cat", "blue car", "green tree", "yellow sun", "white house")
_PROGRESS = (*_PHASES.values(), "Paused for a restart", "Here it comes.")
_ANSWER = re.compile(r"[0-9a-f]+0")
"""The nonce of a reply's first message: our id of the reply and the number of the piece."""


@dataclass(eq=False)
class Ask:
    """A request: `posts` are the ids the bot may have noted for it, `shown` its answers so far."""

    platform: str
    kind: str
    chat: str
    posts: Callable[[], set[str]]
    shown: Callable[[], int]
    at: float = field(default_factory=time.time)


def words(kind: str, dice: random.Random) -> str:
    """Return what somebody writes who wants something of a kind."""
    thing = dice.choice(THINGS)
    texts = {
        "draw": f"draw a {thing} --n 1",
        "write": f"write a slogan for a {thing}",
        "speak": f"read aloud: draw a {thing}",
        "chat": "hello there, how are you?",
        "edit": "make it darker",
        "queue": "/queue",
    }
    return texts[kind]


def is_progress(text: str) -> bool:
    """Whether a message only says how a request stands."""
    return text.startswith(_PROGRESS)


@dataclass
class OnTelegram:
    """Somebody on Telegram, in private or in a group; presses each message once at most."""

    server: TelegramServer
    person: telegram.Person
    place: telegram.Place | None
    dice: random.Random
    pressed: set[int] = field(default_factory=set)

    platform = "telegram"

    def ask(self, kind: str) -> Ask | None:
        """Do it, if there is what it needs; None otherwise."""
        if kind in ("vary", "again"):
            return self._press(kind)
        if kind == "voice":
            return self._voice()
        answer = None
        if kind == "edit" and (answer := self._last("vary:1")) is None:
            return None
        name = "" if self.place is None or kind == "queue" else "@atelier_bot "
        said = self.person.says(name + words(kind, self.dice), self.place, reply_to=answer)
        return self._made(kind, said, str(said.id))

    def _press(self, kind: str) -> Ask | None:
        action = {"vary": "vary:1"}.get(kind, kind)
        if (post := self._last(action)) is None:
            return None
        self.pressed.add(post.id)
        return self._made(kind, post, f"press:{self.person.presses(post, action)}")

    def _voice(self) -> Ask | None:
        spoken = [p for p in self._said() if p.kind == "voice"]
        if self.place is not None or not spoken:
            return None
        said = self.person.sends_voice(self.dice.choice(spoken).data, 2)
        return self._made("voice", said, str(said.id))

    def _last(self, action: str) -> Post | None:
        posts = [p for p in self._said() if p.id not in self.pressed and _offers(p, action)]
        return self.dice.choice(posts[-5:]) if posts else None

    def _said(self) -> list[Post]:
        return self.server.messages(self.place or self.person)

    def _made(self, kind: str, anchor: Post, noted: str) -> Ask:
        def shown() -> int:
            return sum(p.reply_to is anchor and _is_answer(p) for p in self._said())

        return Ask("telegram", kind, str(anchor.room.id), lambda: {noted}, shown)


def _offers(post: Post, action: str) -> bool:
    return any(b.get("callback_data") == action for row in post.buttons for b in row)


def _is_answer(post: Post) -> bool:
    """Whether a post is the main message of an answer; albums and sounds reply to that."""
    main = post.kind in ("text", "photo") and not post.album
    return main and (post.answered or not is_progress(post.text))


@dataclass
class OnDiscord:
    """Somebody on Discord, in a channel of the server or in private."""

    server: discord.Server
    person: discord_people.Person
    channel: Channel
    dice: random.Random
    pressed: set[int] = field(default_factory=set)

    platform = "discord"

    def ask(self, kind: str) -> Ask | None:
        """Do it, if there is what it needs and the bot is online; None otherwise."""
        if not any(s.link for s in self.server.gateway.sessions.values()):
            return None
        if kind in ("vary", "again"):
            return self._press({"vary": "vary:1"}.get(kind, kind), kind)
        if kind == "voice":
            return self._voice()
        if kind == "queue" or (kind == "draw" and self.dice.random() < 0.5):
            return self._slash(kind)
        answer = None
        if kind == "edit" and (answer := self._last("vary:1")) is None:
            return None
        text = words(kind, self.dice)
        said = self.person.mentions(text, self.channel, reply_to=answer)
        return self._heard(kind, said)

    def _slash(self, kind: str) -> Ask | None:
        if not self.server.commands.sets:
            return None
        if kind == "queue":
            return self._made(kind, self.person.slash("queue", self.channel))
        prompt = f"a {self.dice.choice(THINGS)} --n 1"
        return self._made(kind, self.person.slash("imagine", self.channel, prompt=prompt))

    def _press(self, action: str, kind: str) -> Ask | None:
        if (message := self._last(action)) is None:
            return None
        self.pressed.add(message.id)
        custom = next(id for id in message.buttons if id.endswith(f":{action}"))
        return self._made(kind, self.person.presses(message, custom))

    def _voice(self) -> Ask | None:
        spoken = [m for m in self.server.messages() if m.voice]
        if self.channel.guild is not None or not spoken:
            return None
        sound = self.dice.choice(spoken).files[0].data
        return self._heard("voice", self.person.speaks(sound, 2.0, self.channel))

    def _last(self, action: str) -> discord_records.Message | None:
        found = [
            m
            for m in self.server.messages(self.channel)
            if m.id not in self.pressed and any(b.endswith(f":{action}") for b in m.buttons)
        ]
        return self.dice.choice(found[-5:]) if found else None

    def _heard(self, kind: str, said: discord_records.Message) -> Ask:
        def shown() -> int:
            return sum(m.reply_to is said for m in self._answers())

        return Ask("discord", kind, str(self.channel.id), lambda: {str(said.id)}, shown)

    def _made(self, kind: str, asked: Interaction) -> Ask:
        def shown() -> int:
            line = asked.original
            return 0 if line is None else sum(m.reply_to is line for m in self._answers())

        def posts() -> set[str]:
            line = asked.original
            return {str(asked.id)} | ({str(line.id)} if line else set())

        return Ask("discord", f"/{kind}", str(self.channel.id), posts, shown)

    def _answers(self) -> Sequence[discord_records.Message]:
        said = self.server.messages(self.channel)
        return [m for m in said if m.nonce and _ANSWER.fullmatch(m.nonce)]


Somebody = OnTelegram | OnDiscord


def crowd(
    telegram_server: TelegramServer, discord_server: discord.Server, seed: int
) -> list[Somebody]:
    """Return people on both platforms: in private, and two who share a group or channel."""

    def dice(name: str) -> random.Random:
        return random.Random(f"{seed} {name}")

    people: list[Somebody] = []
    ana, ben, eve = (telegram_server.person(name) for name in ("Ana", "Ben", "Eve"))
    group = telegram_server.group("Studio", ana, ben, eve)
    for person, place in ((ana, None), (ben, None), (eve, group)):
        name = str(person.user["first_name"])
        people.append(OnTelegram(telegram_server, person, place, dice(name)))
    for name in ("Kim", "Lou", "Max"):
        one = discord_server.person(name)
        channel = one.direct if name == "Max" else discord_server.channel
        people.append(OnDiscord(discord_server, one, channel, dice(name)))
    return people
