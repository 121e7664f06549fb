"""The methods that are not about messages: who, where, commands, buttons, files, reactions."""

import dataclasses
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.telegram_files import Json, bad, missing
from tests.telegram_flood import Limits
from tests.telegram_methods import FILES, Count, Posting
from tests.telegram_rules import Args, post_of, room_of
from tests.telegram_world import Room, World

Method = Callable[[Args], Any]
ACTIONS = (
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
)  # fmt: skip
REACTIONS = set(
    "👍👎🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐"
    "🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝🤗🫡🎅🎄💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
) | {"❤", "🕊", "✍", "☃", "❤‍🔥", "👨‍💻", "🤷‍♂", "🤷", "🤷‍♀", "❤️"}
GIFTS = (
    "unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription",
    "gifts_from_channels",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Desk:
    """Answers about the bot, its chats and its buttons."""

    world: World
    limits: Limits

    def me(self, args: Args) -> Json:
        return self.world.bot

    def set_commands(self, args: Args) -> bool:
        commands = args.json("commands") or []
        if len(commands) > 100:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise bad("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        self.world.commands[self._scope(args)] = commands
        return True

    def get_commands(self, args: Args) -> list[Json]:
        return self.world.commands.get(self._scope(args), [])

    def delete_commands(self, args: Args) -> bool:
        self.world.commands.pop(self._scope(args), None)
        return True

    @staticmethod
    def _scope(args: Args) -> str:
        """Name a scope and a language: "default", "all_group_chats", "default/de", "chat:5"."""
        scope: Json = args.json("scope") or {"type": "default"}
        chat = f":{scope['chat_id']}" if "chat_id" in scope else ""
        language = args.text("language_code")
        return str(scope["type"]) + chat + (f"/{language}" if language else "")

    def chat_action(self, args: Args) -> bool:
        if args.text("action") not in ACTIONS:
            raise bad("wrong parameter action in request")
        room_of(self.world, args).doings.append(args.text("action"))
        return True

    def draft(self, args: Args) -> bool:
        room = room_of(self.world, args)
        if room.kind != "private":
            raise bad("TEXTDRAFT_PEER_INVALID")
        if not args.integer("draft_id"):
            raise bad("TEXTDRAFT_ID_INVALID")
        if len(args.text("text")) > 4096:
            raise bad("message is too long")
        room.drafts.append(args.text("text"))
        return True

    def react(self, args: Args) -> bool:
        room = room_of(self.world, args, write=False)
        post = post_of(room, args.integer("message_id"), "message to react")
        wanted = args.json("reaction") or []
        if len(wanted) > 1:
            raise bad("REACTIONS_TOO_MANY")
        if any(one.get("emoji") not in REACTIONS for one in wanted):
            raise bad("REACTION_INVALID")
        post.reactions = [one["emoji"] for one in wanted]
        return True

    def answer_press(self, args: Args) -> bool:
        query = args.text("callback_query_id")
        at, _ = self.world.presses.get(query, (-1e9, ""))
        if self.world.clock.time() - at > self.limits.query_age:
            raise missing("query is too old and response timeout expired or query ID is invalid")
        if len(args.text("text")) > 200:
            raise bad("MESSAGE_TOO_LONG")
        self.world.answers[query] = args.text("text")
        return True

    def get_file(self, args: Args) -> Json:
        file = self.world.files.get(args.text("file_id"))
        if file is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if len(file.data) > self.limits.download:
            raise bad("file is too big")
        return file.reference | {"file_path": file.path}

    def get_chat(self, args: Args) -> Json:
        room = room_of(self.world, args, write=False)
        more = {"accent_color_id": 0, "max_reaction_count": 11}
        return room.json() | more | {"accepted_gift_types": dict.fromkeys(GIFTS, True)}

    def get_member(self, args: Args) -> Json:
        room, number = room_of(self.world, args, write=False), args.integer("user_id")
        if number == self.world.bot["id"]:
            return member(self.world.bot, room.bot)
        if number not in self.world.people:
            raise bad("user not found")
        status = "administrator" if number in room.admins else "member"
        return member(self.world.people[number], status if number in room.members else "left")

    def pin(self, args: Args) -> bool:
        room = room_of(self.world, args)
        if room.kind != "private" and room.bot != "administrator":
            raise bad("not enough rights to manage pinned messages in the chat")
        room.pinned.append(post_of(room, args.integer("message_id"), "message to pin").id)
        return True

    def topic(self, args: Args) -> Json:
        room, name = room_of(self.world, args), args.text("name")
        if not room.forum:
            raise bad("the chat is not a forum")
        if room.bot != "administrator":
            raise bad("not enough rights to create a topic")
        about = {"name": name, "icon_color": 7322096}
        post = room.add(self.world.bot, "service", facts={"forum_topic_created": about})
        post.topic = post.id
        return {"message_thread_id": post.id, **about}

    def leave(self, args: Args) -> bool:
        room = room_of(self.world, args)
        if room.kind == "private":
            raise bad("chat member status can't be changed in private chats")
        seat(self.world, room, "left", self.world.bot)
        return True

    def table(self, count: Count) -> dict[str, Method]:
        """Return every method of the server by its name in small letters."""
        posts = Posting(self.world, count)
        files = {f"send{kind}": partial(posts.send_file, kind) for kind in FILES}
        return files | {
            "getme": self.me,
            "setmycommands": self.set_commands,
            "getmycommands": self.get_commands,
            "deletemycommands": self.delete_commands,
            "sendmessage": posts.send_message,
            "sendmediagroup": posts.send_media_group,
            "sendchataction": self.chat_action,
            "sendmessagedraft": self.draft,
            "editmessagetext": posts.edit_text,
            "editmessagecaption": posts.edit_caption,
            "editmessagemedia": posts.edit_media,
            "editmessagereplymarkup": posts.edit_buttons,
            "deletemessage": posts.delete,
            "deletemessages": posts.delete_many,
            "setmessagereaction": self.react,
            "answercallbackquery": self.answer_press,
            "getfile": self.get_file,
            "getchat": self.get_chat,
            "getchatmember": self.get_member,
            "leavechat": self.leave,
            "pinchatmessage": self.pin,
            "createforumtopic": self.topic,
        }


RIGHTS = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages",
    "can_manage_video_chats", "can_restrict_members", "can_promote_members", "can_change_info",
    "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
)  # fmt: skip


def member(user: Json, status: str) -> Json:
    """Return a ChatMember; "blocked" is how a private chat says it, as "kicked"."""
    body: Json = {"user": user, "status": status}
    if status == "administrator":
        body |= dict.fromkeys(RIGHTS, False) | {"can_manage_chat": True}
    return body | ({"until_date": 0} if status == "kicked" else {})


def seat(world: World, room: Room, status: str, by: Json) -> None:
    """Change what the bot is in a chat, and tell it (my_chat_member)."""
    before = "kicked" if room.blocked else room.bot
    if room.kind == "private":
        room.blocked = status == "kicked"
    else:
        room.bot = status  # type: ignore[assignment]
    body = {
        "chat": room.json(),
        "from": by,
        "date": int(world.clock.time()),
        "old_chat_member": member(world.bot, before),
        "new_chat_member": member(world.bot, status),
    }
    world.notify("my_chat_member", body)
