"""People on the Telegram server: what they say, send, press, edit, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.telegram_desk import seat
from tests.telegram_files import Json, Upload
from tests.telegram_html import noticed
from tests.telegram_world import ALL, Kind, Post, Room, World


@dataclass(frozen=True)
class Place:
    """A group as its people see it."""

    room: Room

    @classmethod
    def new(
        cls,
        world: World,
        title: str,
        people: Sequence["Person"],
        *,
        forum: bool = False,
        supergroup: bool = False,
    ) -> "Place":
        """Open a group; the ids of supergroups begin with -100, as on Telegram."""
        number = next(world.serial)
        big = forum or supergroup
        room = Room(
            world,
            -1_000_000_000_000 - number if big else -number,
            "supergroup" if big else "group",
            title,
            forum=forum,
            members={person.id for person in people},
        )
        world.rooms[room.id] = room
        return cls(room)

    @property
    def id(self) -> int:
        """Its chat id."""
        return self.room.id

    def open_topic(self, name: str, by: "Person") -> int:
        """Open a topic and return its message_thread_id."""
        about = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        post = self.room.add(by.user, "service", facts=about)
        post.topic = post.id
        self.room.world.told(post)
        return post.id

    def close_topic(self, topic: int) -> None:
        """Let nobody write in a topic any more."""
        self.room.closed.add(topic)

    def delete_topic(self, topic: int) -> None:
        """Delete a topic with all that was said in it."""
        for post in list(self.room.posts.values()):
            if topic in (post.id, post.topic):
                post.deleted = True
        del self.room.posts[topic]

    def forbid(self, *kinds: str) -> None:
        """Take rights from the bot: "photos", "text messages", ...; all, if none is named."""
        self.room.forbidden |= set(kinds or ALL)

    def promote(self, person: "Person") -> None:
        """Make somebody an administrator."""
        self.room.admins.add(person.id)

    def promote_bot(self, by: "Person") -> None:
        """Make the bot an administrator."""
        seat(self.room.world, self.room, "administrator", by.user)

    def kick_bot(self, by: "Person") -> None:
        """Throw the bot out."""
        seat(self.room.world, self.room, "kicked", by.user)

    def add_bot(self, by: "Person") -> None:
        """Let the bot in again."""
        seat(self.room.world, self.room, "member", by.user)

    def upgrade(self, by: "Person") -> "Place":
        """Make a supergroup of a group: it gets another id, messages stay behind."""
        world = self.room.world
        grown = Place.new(world, self.room.title, (), supergroup=True)
        grown.room.members |= self.room.members
        world.told(self.room.add(by.user, "service", facts={"migrate_to_chat_id": grown.id}))
        self.room.moved_to = grown.id
        world.told(grown.room.add(by.user, "service", facts={"migrate_from_chat_id": self.id}))
        return grown


@dataclass(frozen=True)
class Person:
    """Somebody; their private chat with the bot has their own id."""

    world: World
    user: Json

    @classmethod
    def new(cls, world: World, name: str, username: str = "", language: str = "en") -> "Person":
        """Let somebody join Telegram; the bot cannot write to them before they wrote to it."""
        number = 1000 + next(world.serial)
        user: Json = {"id": number, "is_bot": False, "first_name": name, "language_code": language}
        world.people[number] = user | ({"username": username} if username else {})
        return cls(world, world.people[number])

    @property
    def id(self) -> int:
        """Their user id, and the id of their private chat with the bot."""
        return int(self.user["id"])

    def room(self, place: Place | None = None) -> Room:
        """Return a chat, by default the private one, which begins when they write there."""
        if place is not None:
            place.room.members.add(self.id)
            return place.room
        name, username = self.user["first_name"], self.user.get("username", "")
        private = Room(self.world, self.id, "private", name, username, members={self.id})
        return self.world.rooms.setdefault(self.id, private)

    def says(
        self, text: str, place: Place | None = None, *, reply_to: Post | None = None, topic: int = 0
    ) -> Post:
        """Write something, in private if no group is named."""
        return self._send("text", place, text, reply_to=reply_to, topic=topic)

    def sends_photo(
        self, data: bytes, caption: str = "", place: Place | None = None, **how: Any
    ) -> Post:
        """Send a photo (as a person's app does: made smaller, JPEG)."""
        return self._send("photo", place, caption, Upload("photo.jpg", data, "image/jpeg"), **how)

    def sends_photos(
        self, pictures: Sequence[bytes], caption: str = "", place: Place | None = None, **how: Any
    ) -> list[Post]:
        """Send an album: one update each, the caption with the first."""
        album = f"album-{next(self.world.serial)}"
        captions = [caption, *[""] * (len(pictures) - 1)]
        pairs = zip(pictures, captions, strict=True)
        return [self.sends_photo(data, text, place, album=album, **how) for data, text in pairs]

    def sends_voice(
        self, data: bytes, seconds: int = 1, place: Place | None = None, **how: Any
    ) -> Post:
        """Send a voice note."""
        upload, facts = Upload("voice.ogg", data, "audio/ogg"), {"duration": seconds}
        return self._send("voice", place, "", upload, facts, **how)

    def sends_document(
        self, upload: Upload, caption: str = "", place: Place | None = None, **how: Any
    ) -> Post:
        """Send a file as it is."""
        return self._send("document", place, caption, upload, **how)

    def edits(self, post: Post, text: str) -> None:
        """Change what they said before."""
        assert post.by is self.user
        post.text, post.entities = text, noticed(text)
        post.edited = self.world.clock.time()
        self.world.told(post, "edited_message")

    def presses(self, post: Post, data: str) -> str:
        """Press a button by its callback data and return the query's id."""
        known = [b.get("callback_data") for row in post.buttons for b in row]
        assert data in known, f"no such button; there are {known}"
        query = str(10**17 + next(self.world.serial))
        self.world.presses[query] = (self.world.clock.time(), data)
        body = post.json()
        if post.deleted:
            body = {"chat": post.room.json(), "message_id": post.id, "date": 0}
        self.world.notify(
            "callback_query",
            {
                "id": query,
                "from": self.user,
                "message": body,
                "chat_instance": f"{post.room.id}",
                "data": data,
            },
        )
        return query

    def blocks(self) -> None:
        """Block the bot."""
        seat(self.world, self.room(), "kicked", self.user)

    def unblocks(self) -> None:
        """Let the bot write again."""
        seat(self.world, self.room(), "member", self.user)

    def _send(
        self,
        kind: Kind,
        place: Place | None,
        text: str,
        upload: Upload | None = None,
        facts: Json | None = None,
        *,
        reply_to: Post | None = None,
        topic: int = 0,
        album: str = "",
    ) -> Post:
        file = self.world.files.keep(kind, upload, facts) if upload else None
        post = self.room(place).add(
            self.user,
            kind,
            text=text,
            entities=noticed(text),
            file=file,
            reply_to=reply_to,
            topic=topic or (reply_to.topic if reply_to else 0),
            album=album,
        )
        self.world.told(post)
        return post
