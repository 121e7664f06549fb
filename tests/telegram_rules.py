"""What the Bot API asks of a call, worded as the real server words its refusals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.telegram_files import Json, Refused, Stored, Upload, bad, missing
from tests.telegram_html import BadEntities, parsed, units
from tests.telegram_world import ALL, Kind, Post, Room, World

TEXT, CAPTION, DATA, BUTTONS = 4096, 1024, 64, 100
KINDS: tuple[Kind, ...] = ("text", "photo", "document", "voice", "audio")
WORDS = dict(zip(KINDS, ALL, strict=True))
MARKUPS = ("inline_keyboard", "keyboard", "remove_keyboard", "force_reply")


@dataclass(frozen=True)
class Args:
    """The parameters of a call, as they came in a form or in JSON."""

    values: Mapping[str, Any]
    files: Mapping[str, Upload]

    def __contains__(self, name: str) -> bool:
        return self.values.get(name, "") != "" or name in self.files

    def text(self, name: str) -> str:
        value = self.values.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str) -> int:
        """Return a number; like the real server, 0 for what is none."""
        try:
            return int(self.text(name) or 0)
        except ValueError:
            return 0

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "1", "yes")

    def json(self, name: str) -> Any:
        """Return a structure, None when it is not there."""
        value = self.values.get(name, "")
        if not isinstance(value, str) or not value:
            return value or None
        try:
            return json.loads(value)
        except ValueError:
            raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from None

    def of(self, part: Mapping[str, Any]) -> "Args":
        """Return the parameters of one item of a list, which may name files of this call."""
        return Args(part, self.files)


def room_of(world: World, args: Args, *, write: bool = True) -> Room:
    """Return the chat of a call; raises Refused when the bot has nothing to say there."""
    if "chat_id" not in args:
        raise bad("chat_id is empty")
    wanted = args.text("chat_id")
    named = (r for r in world.rooms.values() if wanted == f"@{r.username}" and r.kind != "private")
    room = world.rooms.get(args.integer("chat_id")) or next(named, None)
    if room is None and args.integer("chat_id") in world.people:
        raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
    if room is None:
        raise missing("chat not found")
    if room.moved_to and write:
        text = "Bad Request: group chat was upgraded to a supergroup chat"
        raise Refused(400, text, migrate_to_chat_id=room.moved_to)
    if room.bot == "kicked":
        raise Refused(403, f"Forbidden: bot was kicked from the {room.kind} chat")
    if room.bot == "left":
        raise Refused(403, f"Forbidden: bot is not a member of the {room.kind} chat")
    if room.blocked and write:
        raise Refused(403, "Forbidden: bot was blocked by the user")
    return room


def allowed(room: Room, kind: Kind) -> None:
    """Check that the bot may send things of a kind to a chat."""
    if WORDS[kind] not in room.forbidden:
        return
    if room.kind == "private":
        raise missing("VOICE_MESSAGES_FORBIDDEN")
    raise missing(f"not enough rights to send {WORDS[kind]} to the chat")


def post_of(room: Room, message_id: int, what: str) -> Post:
    """Return a message that is still there; `what` is "message to edit" and the like."""
    post = room.posts.get(message_id)
    if post is None or post.deleted:
        raise missing(f"{what} not found")
    return post


def place(room: Room, args: Args) -> tuple[Post | None, int]:
    """Return what a new message replies to, and its topic."""
    topic, reply = args.integer("message_thread_id"), args.json("reply_parameters")
    if not room.forum:
        topic = 0
    elif topic and (topic not in room.posts or topic == 1):
        raise missing("message thread not found")
    replied = _replied(room, reply) if reply else None
    if replied is not None and not topic:
        topic = replied.topic
    if topic in room.closed and room.bot != "administrator":
        raise missing("TOPIC_CLOSED")
    return replied, topic


def _replied(room: Room, reply: Any) -> Post | None:
    if not isinstance(reply, dict):
        raise bad("object expected as reply parameters")
    try:
        return post_of(room, int(reply.get("message_id", 0)), "message to be replied")
    except Refused:
        if reply.get("allow_sending_without_reply"):
            return None
        raise


def formatted(args: Args, name: str = "text") -> tuple[str, list[Json]]:
    """Return a text and its entities."""
    source, mode = args.text(name), args.text("parse_mode").lower()
    if mode in ("", "none"):
        listed = args.json("entities" if name == "text" else "caption_entities")
        return source, _checked(source, listed or [])
    if mode not in ("html", "markdown", "markdownv2"):
        raise bad("unsupported parse_mode")
    if mode != "html":
        raise Refused(501, "Not Implemented: this test server parses HTML only")
    try:
        return parsed(source)
    except BadEntities as wrong:
        raise bad(f"can't parse entities: {wrong}") from None


STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "blockquote")


def _checked(text: str, entities: list[Json]) -> list[Json]:
    """Return entities that a bot lists; each must be within the text, and nested if at all."""
    open_: list[int] = []
    for one in sorted(entities, key=lambda e: (e["offset"], -e["length"])):
        begin, end = one["offset"], one["offset"] + one["length"]
        if not 0 <= begin < end <= units(text):
            raise bad(f"can't parse entities: ENTITY_BOUNDS_INVALID at {begin}")
        if one["type"] not in (*STYLES, "text_link", "text_mention"):
            raise bad("can't parse entities: unsupported type specified")
        open_ = [e for e in open_ if e > begin]
        if any(end > e for e in open_):
            raise bad("can't parse entities: they cross")
        open_.append(end)
    return entities


def text_of(args: Args) -> tuple[str, list[Json]]:
    """Return the text of a message, at most 4096 characters."""
    text, entities = formatted(args)
    if not text.strip():
        raise bad("message text is empty")
    if len(text) > TEXT:
        raise bad("message is too long")
    return text.strip(), entities


def caption_of(args: Args) -> tuple[str, list[Json]]:
    """Return the caption of a file, at most 1024 characters."""
    text, entities = formatted(args, "caption")
    if len(text) > CAPTION:
        raise bad("message caption is too long")
    return text.strip(), entities


def buttons_of(args: Args) -> list[list[Json]]:
    """Return the inline keyboard of a message; other keyboards are taken and forgotten."""
    markup = args.json("reply_markup")
    if markup is None:
        return []
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if markup and not any(name in markup for name in MARKUPS):
        raise bad("can't parse reply keyboard markup JSON object")
    rows = markup.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" must be an Array of Arrays')
    for row in rows:
        for button in row:
            _button(button)
    if sum(map(len, rows)) > BUTTONS:
        raise bad("reply markup is too long")
    return [row for row in rows if row]


def _button(button: Json) -> None:
    failed = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad(failed + "InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str) or not button["text"]:
        raise bad(failed + 'Field "text" must be of type String')
    if not set(button) - {"text", "style", "icon_custom_emoji_id"}:
        raise bad(failed + "Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= DATA:
        raise bad("BUTTON_DATA_INVALID")


def file_of(world: World, args: Args, kind: Kind, name: str) -> Stored:
    """Return the file of a call: sent along, attached under another name, or known by its id."""
    source = args.text(name)
    if name in args.files:
        upload: Upload | None = args.files[name]
    else:
        upload = args.files.get(source.removeprefix("attach://"))
    if upload is not None:
        facts: Json = {"duration": args.integer("duration")}
        facts |= {key: args.text(key) for key in ("title", "performer") if key in args}
        return world.files.keep(kind, upload, facts)
    if not source:
        raise bad(f"there is no {kind} in the request")
    known = world.files.get(source)
    if known is None:
        raise bad("wrong file identifier/HTTP URL specified")
    if known.kind != kind:
        raise bad(f"can't use file of type {known.kind.title()} as {kind.title()}")
    return known
