"""Either platform as its people see it, in the same words."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memory.records import Chat, Message, Step
from tests import discord_records as discord
from tests.telegram_world import Post

if TYPE_CHECKING:
    from tests.scenes import House


@dataclass(frozen=True)
class Asked:
    """What an answer will reply to, and the newest message there was when it was asked."""

    post: Any
    after: int = 0


@dataclass(frozen=True)
class Shown:
    """An answer as it stands on its platform, and what is remembered of it.

    `alts` are the words at each picture, `singles` the messages that show one picture each.
    """

    post: Any
    text: str
    labels: list[str]
    message: Message
    steps: list[Step]
    sheet: bytes
    pictures: list[bytes]
    alts: list[str]
    singles: list[Any]
    voice: Any

    @property
    def hashes(self) -> list[str]:
        """What its pictures are known by."""
        return [asset.sha256 for asset in self.message.assets]


class Phone:
    """Telegram as its people see it; where nothing is said of the place, it is private."""

    name = "telegram"

    def __init__(self, house: "House") -> None:
        self.house, self.server = house, house.telegram

    def person(self, name: str) -> Any:
        return self.server.person(name)

    def room(self, *people: Any) -> Any:
        return self.server.group("Studio", *people)

    def chat(self, place: Any) -> Chat:
        return Chat(self.name, str(place.id))

    def user(self, person: Any) -> str:
        return f"{self.name}:{person.id}"

    def says(self, person: Any, text: str, room: Any = None, reply_to: Any = None) -> Asked:
        words = f"@atelier_bot {text}" if room else text
        return Asked(person.says(words, room, reply_to=reply_to))

    def speaks(self, person: Any, ogg: bytes, seconds: float) -> Asked:
        return Asked(person.sends_voice(ogg, round(seconds)))

    async def presses(self, person: Any, shown: Shown, action: str) -> Asked:
        person.presses(shown.post, action)
        return Asked(shown.post, max(shown.post.room.posts))

    def main(self, asked: Asked) -> Any:
        """Return the answer to something, with the buttons that it has in the end."""
        found = [p for p in self.replies(asked.post) if p.id > asked.after and p.answered]
        return found[0] if found else None

    def look(self, main: Post) -> dict[str, Any]:
        """Return what can be seen of an answer."""
        behind = [p for p in self.replies(main) if not p.answered]
        album = [p for p in behind if p.kind == "photo"]
        singles = album or ([main] if main.kind == "photo" else [])
        return {
            "text": main.text,
            "labels": main.labels,
            "sheet": main.data if album else b"",
            "pictures": [p.data for p in singles],
            "alts": [p.text for p in singles],
            "singles": singles,
            "voice": next((p for p in behind if p.kind == "voice"), None),
        }

    def sound(self, voice: Post) -> tuple[bytes, float]:
        assert voice.file is not None
        return voice.data, voice.file.facts["duration"]

    def progress(self, person: Any) -> list[str]:
        """Return all that was ever to be read in a private chat."""
        mine = [
            c.values for c in self.server.calls if str(c.values.get("chat_id")) == str(person.id)
        ]
        told = [json.loads(values["media"]) if "media" in values else values for values in mine]
        texts = [it.get("text") or it.get("caption") for it in told if isinstance(it, dict)]
        return [text for text in texts if text]

    def acknowledged(self, person: Any) -> bool:
        """Tell whether somebody was shown that they were heard."""
        return "typing" in person.room().doings

    def clean(self) -> None:
        assert not self.server.violations, self.server.transcript()
        assert not self.server.unanswered
        assert not self.server.flood.early

    def replies(self, to: Post) -> list[Post]:
        """Return what the bot said in reply to something."""
        return [p for p in to.room.said if p.by_bot and p.reply_to is to]


class Guild:
    """Discord as its people see it."""

    name = "discord"

    def __init__(self, house: "House") -> None:
        self.house, self.server = house, house.discord

    def person(self, name: str) -> Any:
        return self.server.person(name)

    def room(self, *people: Any) -> Any:
        return self.server.world.channel(self.server.guild, "studio")

    def chat(self, place: Any) -> Chat:
        return Chat(self.name, str(getattr(place, "direct", place).id))

    def user(self, person: Any) -> str:
        return f"{self.name}:{person.account.id}"

    def says(self, person: Any, text: str, room: Any = None, reply_to: Any = None) -> Asked:
        if room is None:
            return Asked(person.says(text, person.direct, reply_to=reply_to))
        return Asked(person.mentions(text, room, reply_to=reply_to))

    def speaks(self, person: Any, ogg: bytes, seconds: float) -> Asked:
        return Asked(person.speaks(ogg, seconds, person.direct))

    async def presses(self, person: Any, shown: Shown, action: str) -> Asked:
        id = next(id for id in shown.post.buttons if id.endswith(f":{action}"))
        return Asked((await person.presses(shown.post, id).answer()).original)

    def main(self, asked: Asked) -> Any:
        found = [m for m in self.replies(asked.post) if not m.voice]
        return found[-1] if found else None

    def look(self, main: discord.Message) -> dict[str, Any]:
        assert main.reply_to is not None
        files = [f.data for f in main.files]
        behind = self.replies(main.reply_to)
        return {
            "text": main.content,
            "labels": [b["label"] for b in main.buttons.values()],
            "sheet": files[0] if len(files) > 1 else b"",
            "pictures": files[1:] or files,
            "alts": [f.description for f in main.files[len(files) > 1 :]],
            "singles": [main] if len(files) == 1 else [],
            "voice": next((m for m in behind if m.voice), None),
        }

    def sound(self, voice: discord.Message) -> tuple[bytes, float]:
        (file,) = voice.files
        assert file.duration is not None
        assert file.waveform
        return file.data, file.duration

    def progress(self, person: Any) -> list[str]:
        path = f"/channels/{person.direct.id}/messages"
        said = [r.body for r in self.server.requests if path in r.path and r.method != "DELETE"]
        return [body["content"] for body in said if body and body.get("content")]

    def acknowledged(self, person: Any) -> bool:
        return self.progress(person)[0] == "Got it"

    def clean(self) -> None:
        assert self.server.violations == []
        assert not [r for r in self.server.requests if r.status == 429]

    def replies(self, to: discord.Message) -> list[discord.Message]:
        """Return what the bot said in reply to something, but how it stands."""
        found = [m for m in self.server.messages(to.channel) if m.reply_to is to]
        return [m for m in found if not (m.nonce or "").endswith("s")]


Side = Phone | Guild
