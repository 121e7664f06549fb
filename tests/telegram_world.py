"""The world behind the Telegram server: chats, who is in them, and what was said there."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.telegram_clock import Clock
from tests.telegram_files import Files, Json, Stored

Kind = Literal["text", "photo", "document", "voice", "audio", "service"]
ALL = ("text messages", "photos", "documents", "voice notes", "audios")


@dataclass(eq=False)
class Post:
    """One message of a chat as it stands now; `text` is the caption where there is a file."""

    room: "Room"
    id: int
    by: Json
    at: float
    kind: Kind = "text"
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    buttons: list[list[Json]] = field(default_factory=list)
    file: Stored | None = None
    reply_to: "Post | None" = None
    topic: int = 0
    album: str = ""
    facts: Json = field(default_factory=dict)
    edited: float = 0.0
    edits: int = 0
    deleted: bool = False
    reactions: list[str] = field(default_factory=list)

    @property
    def data(self) -> bytes:
        """The bytes of its file."""
        return self.file.data if self.file else b""

    @property
    def by_bot(self) -> bool:
        """Whether the bot said it."""
        return bool(self.by["is_bot"])

    @property
    def labels(self) -> list[str]:
        """The words on its buttons."""
        return [button["text"] for row in self.buttons for button in row]

    @property
    def answered(self) -> bool:
        """Whether it has buttons other than the one to cancel what is waited for."""
        told = [button.get("callback_data") for row in self.buttons for button in row]
        return told not in ([], ["stop"])

    def json(self, *, deep: bool = True) -> Json:
        """Return it as the Bot API writes it; with `deep`, with the message it replies to."""
        body: Json = {"message_id": self.id, "date": int(self.at), "chat": self.room.json()}
        body |= {"from": self.by} | self._content() | self.facts
        if self.edited:
            body["edit_date"] = int(self.edited)
        if self.album:
            body["media_group_id"] = self.album
        if self.buttons:
            body["reply_markup"] = {"inline_keyboard": self.buttons}
        if self.topic:
            body |= {"message_thread_id": self.topic, "is_topic_message": True}
        # in a topic, what replies to nothing replies to the message that opened the topic
        shown = self.reply_to or self.room.posts.get(self.topic)
        if deep and shown is not None and shown is not self:
            body["reply_to_message"] = shown.json(deep=False)
        return body

    def _content(self) -> Json:
        if self.kind == "service":
            return {}
        if self.file is None:
            return {"text": self.text} | ({"entities": self.entities} if self.entities else {})
        body: Json = {self.kind: self.file.json()}
        if self.text:
            body["caption"] = self.text
        return body | ({"caption_entities": self.entities} if self.entities else {})


@dataclass(eq=False)
class Room:
    """A chat: private, group or supergroup (with topics, if it is a forum)."""

    world: "World"
    id: int
    kind: Literal["private", "group", "supergroup"]
    title: str
    username: str = ""
    forum: bool = False
    posts: dict[int, Post] = field(default_factory=dict)
    members: set[int] = field(default_factory=set)
    bot: Literal["member", "administrator", "left", "kicked"] = "member"
    blocked: bool = False
    moved_to: int = 0
    admins: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    pinned: list[int] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    doings: list[str] = field(default_factory=list)

    def json(self) -> Json:
        """Return it as the Bot API writes it."""
        body: Json = {"id": self.id, "type": self.kind}
        body["first_name" if self.kind == "private" else "title"] = self.title
        if self.username:
            body["username"] = self.username
        return body | ({"is_forum": True} if self.forum else {})

    @property
    def said(self) -> list[Post]:
        """What can be read here, oldest first."""
        return [p for p in self.posts.values() if not p.deleted]

    def add(self, by: Json, kind: Kind = "text", **facts: Any) -> Post:
        """Say something here, with the next id of the chat."""
        post = Post(
            self, next(self.world.numbers(self)), by, self.world.clock.time(), kind, **facts
        )
        self.posts[post.id] = post
        return post


@dataclass(eq=False)
class World:
    """Everything the server knows; `notify` gets each update that the bot should see."""

    clock: Clock
    bot: Json
    notify: Callable[[str, Json], None] = lambda kind, body: None
    people: dict[int, Json] = field(default_factory=dict)
    rooms: dict[int, Room] = field(default_factory=dict)
    files: Files = field(default_factory=Files)
    presses: dict[str, tuple[float, str]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _shared: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _own: dict[int, Iterator[int]] = field(default_factory=dict)

    def numbers(self, room: Room) -> Iterator[int]:
        """Return the message ids of a chat: each supergroup has its own, all others share."""
        if room.kind != "supergroup":
            return self._shared
        return self._own.setdefault(room.id, itertools.count(2))  # 1 is the topic General

    def sees(self, post: Post) -> bool:
        """Whether the bot is told of what a person said: in groups, privacy mode hides most."""
        room = post.room
        if room.bot in ("left", "kicked"):
            return False
        open_to_all = self.bot["can_read_all_group_messages"] or room.bot == "administrator"
        if room.kind == "private" or open_to_all or post.kind == "service":
            return True
        answers = post.reply_to is not None and post.reply_to.by_bot
        return answers or self._names_bot(post)

    def _names_bot(self, post: Post) -> bool:
        me, coded = f"@{self.bot['username']}".lower(), post.text.encode("utf-16-le")
        for entity in post.entities:
            begin, length = entity["offset"] * 2, entity["length"] * 2
            word = coded[begin : begin + length].decode("utf-16-le").lower()
            if word == me or word.endswith(me):
                return True
            # a bare command goes to the bot that spoke last, and ours is the only one
            if entity["type"] == "bot_command" and "@" not in word and begin == 0:
                return True
        return False

    def told(self, post: Post, kind: str = "message") -> None:
        """Make an update of what a person did, if the bot may see it."""
        if self.sees(post):
            self.notify(kind, post.json())
