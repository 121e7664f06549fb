"""The methods that put messages into chats, change them and take them away."""

import dataclasses
from collections.abc import Callable
from typing import Any

from tests.telegram_files import Json, bad, missing
from tests.telegram_rules import (
    Args,
    allowed,
    buttons_of,
    caption_of,
    file_of,
    place,
    post_of,
    room_of,
    text_of,
)
from tests.telegram_world import Kind, Post, Room, World

ALBUM = 10
TWO_DAYS = 48 * 3600
FILES: tuple[Kind, ...] = ("photo", "document", "voice", "audio")
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
Count = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class Posting:
    """Sends, edits and deletes as the bot; `count` is told of each message and edit first."""

    world: World
    count: Count

    def send_message(self, args: Args) -> Json:
        text, entities = text_of(args)
        buttons = buttons_of(args)
        room, reply, topic = self._where(args, "text")
        return self._say(room, "text", text, entities, buttons, reply_to=reply, topic=topic)

    def send_file(self, kind: Kind, args: Args) -> Json:
        room, reply, topic = self._where(args, kind, count=0)
        text, entities = caption_of(args)
        buttons, file = buttons_of(args), file_of(self.world, args, kind, kind)
        self.count(room.id, 1)
        shown: Kind = "document" if file.kind == "document" else kind
        more = {"file": file, "reply_to": reply, "topic": topic, "facts": _spoiler(args)}
        return self._say(room, shown, text, entities, buttons, **more)

    def send_media_group(self, args: Args) -> list[Json]:
        items = args.json("media")
        if not isinstance(items, list):
            raise bad("expected an Array of InputMedia")
        if not 2 <= len(items) <= ALBUM:
            few = "there are no messages to send" if not items else "an album needs 2-10 items"
            raise bad("too many messages to send as an album" if len(items) > ALBUM else few)
        kinds = {item.get("type") for item in items}
        if len(kinds) > 1:
            raise bad(f"{min(map(str, kinds)).title()} can't be mixed with other media types")
        (kind,) = kinds
        if kind not in ("photo", "document", "audio"):
            raise bad(f"can't parse InputMedia: type \"{kind}\" can't be used in sendMediaGroup")
        room, reply, topic = self._where(args, kind, count=0)
        made = [
            (*caption_of(args.of(item)), file_of(self.world, args.of(item), kind, "media"), item)
            for item in items
        ]
        self.count(room.id, len(items))
        album = f"album-{next(self.world.serial)}"
        posts = []
        for text, entities, file, item in made:
            more: Json = {"album": album, "reply_to": reply, "topic": topic}
            more |= {"file": file, "facts": _spoiler(args.of(item))}
            posts.append(self._say(room, kind, text, entities, [], **more))
        return posts

    def edit_text(self, args: Args) -> Json:
        text, entities = text_of(args)
        post = self._editable(args)
        if post.kind != "text":
            raise bad("there is no text in the message to edit")
        return self._edit(post, text=text, entities=entities, buttons=buttons_of(args))

    def edit_caption(self, args: Args) -> Json:
        text, entities = caption_of(args)
        post = self._editable(args)
        if post.kind not in FILES:
            raise bad("there is no caption in the message to edit")
        return self._edit(post, text=text, entities=entities, buttons=buttons_of(args))

    def edit_media(self, args: Args) -> Json:
        media = args.json("media")
        if not isinstance(media, dict):
            raise bad("can't parse InputMedia: expected an Object")
        item, kind = args.of(media), media.get("type")
        if kind not in ("photo", "document", "audio"):
            raise bad(f'can\'t parse InputMedia: type "{kind}" is unsupported')
        text, entities = caption_of(item)
        post = self._editable(args)
        if post.kind == "voice":
            raise bad("message can't be edited")
        if post.album and kind != post.kind:
            raise bad("can't use the media of the specified type in the album")
        allowed(post.room, kind)
        file = file_of(self.world, item, kind, "media")
        changes = {"text": text, "entities": entities, "facts": _spoiler(item)}
        return self._edit(post, kind=kind, file=file, buttons=buttons_of(args), **changes)

    def edit_buttons(self, args: Args) -> Json:
        post = self._editable(args)
        return self._edit(post, buttons=buttons_of(args))

    def delete(self, args: Args) -> bool:
        room = room_of(self.world, args)
        post = post_of(room, args.integer("message_id"), "message to delete")
        old = self.world.clock.time() - post.at > TWO_DAYS
        if old or not (post.by_bot or room.kind == "private" or room.bot == "administrator"):
            raise missing("message can't be deleted")
        post.deleted = True
        return True

    def delete_many(self, args: Args) -> bool:
        room = room_of(self.world, args)
        for number in args.json("message_ids") or []:
            if number in room.posts:
                room.posts[number].deleted = True
        return True

    def _where(self, args: Args, kind: Kind, count: int = 1) -> tuple[Room, Post | None, int]:
        room = room_of(self.world, args)
        allowed(room, kind)
        reply, topic = place(room, args)
        if count:
            self.count(room.id, count)
        return room, reply, topic

    def _say(
        self,
        room: Room,
        kind: Kind,
        text: str,
        entities: list[Json],
        buttons: list[list[Json]],
        **more: Any,
    ) -> Json:
        said = {"text": text, "entities": entities, "buttons": buttons} | more
        return room.add(self.world.bot, kind, **said).json()

    def _editable(self, args: Args) -> Post:
        room = room_of(self.world, args)
        post = post_of(room, args.integer("message_id"), "message to edit")
        if not post.by_bot:
            raise bad("message can't be edited")
        return post

    def _edit(self, post: Post, **changes: Any) -> Json:
        self.count(post.room.id, 1)
        if all(getattr(post, name) == value for name, value in changes.items()):
            raise bad(NOT_MODIFIED)
        for name, value in changes.items():
            setattr(post, name, value)
        post.edits += 1
        post.edited = self.world.clock.time()
        return post.json()


def _spoiler(args: Args) -> Json:
    return {"has_media_spoiler": True} if args.flag("has_spoiler") else {}
