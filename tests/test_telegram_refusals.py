"""What the Telegram server refuses, in Telegram's words."""

import io
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from PIL import Image
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)

from tests.fakes import picture
from tests.telegram_client import request, talking
from tests.telegram_clock import HandClock
from tests.telegram_flood import UNLIMITED, Limits
from tests.telegram_html import BadEntities, parsed
from tests.telegram_people import Person, Place
from tests.telegram_server import TelegramServer

Ask = Callable[[Bot, int], Awaitable[Any]]


def keys(data: str, count: int = 1) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]] * count)


def html(text: str) -> Ask:
    return lambda bot, chat: bot.send_message(chat, text, parse_mode="HTML")


def album(count: int) -> Ask:
    photos = [InputMediaPhoto(picture()) for _ in range(count)]
    return lambda bot, chat: bot.send_media_group(chat, photos)


def blank(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "PNG")
    return file.getvalue()


REFUSALS: list[tuple[str, Ask]] = [
    ("Message is too long", lambda b, c: b.send_message(c, "x" * 4097)),
    ("Message text is empty", lambda b, c: b.send_message(c, " ")),
    ("Message caption is too long", lambda b, c: b.send_photo(c, picture(), "x" * 1025)),
    ("Button_data_invalid", lambda b, c: b.send_message(c, "x", reply_markup=keys("é" * 33))),
    ("Reply markup is too long", lambda b, c: b.send_message(c, "x", reply_markup=keys("d", 101))),
    ("Message to be replied not found", lambda b, c: b.send_message(c, "x", reply_to_message_id=9)),
    ("Message to edit not found", lambda b, c: b.edit_message_text("x", c, 99)),
    ("Message can't be edited", lambda b, c: b.edit_message_text("x", c, 1)),
    ("There is no text in the message to edit", lambda b, c: b.edit_message_text("x", c, 3)),
    ("There is no caption in the message to edit", lambda b, c: b.edit_message_caption(c, 2)),
    ("Message to delete not found", lambda b, c: b.delete_message(c, 99)),
    ("Message to react not found", lambda b, c: b.set_message_reaction(c, 99)),
    ("Reaction_invalid", lambda b, c: b.set_message_reaction(c, 1, "🐙")),
    ("Chat not found", lambda b, c: b.send_message(77, "x")),
    ("Wrong parameter action in request", lambda b, c: b.send_chat_action(c, "dancing")),
    ("Photo_invalid_dimensions", lambda b, c: b.send_photo(c, blank(630, 30))),
    ("Photo_invalid_dimensions", lambda b, c: b.send_photo(c, blank(9500, 510))),
    ("Image_process_failed", lambda b, c: b.send_photo(c, b"no picture")),
    ("File must be non-empty", lambda b, c: b.send_document(c, b"")),
    ("Wrong file identifier/http url specified", lambda b, c: b.send_photo(c, "nothing")),
    ("Too many messages to send as an album", album(11)),
    ("An album needs 2-10 items", album(1)),
    ("Bot_command_invalid", lambda b, c: b.set_my_commands([("Draw!", "Draws")])),
    ("Wrong file_id or the file is temporarily unavailable", lambda b, c: b.get_file("x")),
    ('Can\'t parse entities: unsupported start tag "x" at byte offset 2', html("a <x>")),
    ("Can't parse entities: can't find end tag corresponding to start tag \"b\"", html("<b>")),
    ("Can't parse entities: unexpected end tag at byte offset 1", html("a</b>")),
]


@pytest.mark.parametrize(("text", "ask"), REFUSALS, ids=[text for text, _ in REFUSALS])
async def test_what_the_server_refuses(text: str, ask: Ask) -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        ana.says("hi")
        await bot.send_message(ana.id, "two")
        await bot.send_photo(ana.id, picture(), "three")
        with pytest.raises(BadRequest) as refused:
            await ask(bot, ana.id)
        assert refused.value.message.lower() == text.lower()
        assert len(server.messages(ana)) == 2


async def test_nothing_changed_is_refused() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        ana.says("hi")
        sent = await bot.send_message(ana.id, "same", reply_markup=keys("a"))
        with pytest.raises(BadRequest, match="Message is not modified"):
            await bot.edit_message_text("same", ana.id, sent.message_id, reply_markup=keys("a"))
        await bot.edit_message_text("same", ana.id, sent.message_id, reply_markup=keys("b"))
        assert len(server.violations) == 1


async def test_a_reply_may_do_without_its_message() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        gone = ana.says("hi")
        gone.deleted = True
        sent = await bot.send_message(
            ana.id, "x", reply_to_message_id=gone.id, allow_sending_without_reply=True
        )
        assert sent.reply_to_message is None


async def test_sizes() -> None:
    limits = Limits(upload=(10 << 20) + 5000, download=50)
    async with talking(limits=limits) as (server, bot):
        ana = server.person("Ana")
        ana.says("hi")
        big = picture() + bytes(10 << 20)
        with pytest.raises(BadRequest, match="is too big for a photo; the maximum size is 1048576"):
            await bot.send_photo(ana.id, big)
        with pytest.raises(NetworkError, match="Request Entity Too Large"):
            await bot.send_document(ana.id, bytes((10 << 20) + 5001))
        document = (await bot.send_document(ana.id, b"x" * 51)).document
        assert document is not None
        with pytest.raises(BadRequest, match="File is too big"):
            await document.get_file()
    assert (UNLIMITED.upload, UNLIMITED.download) == (50 << 20, 20 << 20)


Shut = Callable[[Person, Place], Any]
SHUT: list[tuple[type[TelegramError], str, Shut]] = [
    (Forbidden, "bot was kicked from the group chat", lambda ana, room: room.kick_bot(ana)),
    (BadRequest, "Not enough rights to send photos", lambda ana, room: room.forbid("photos")),
    (ChatMigrated, "New chat id: -100", lambda ana, room: room.upgrade(ana)),
]


@pytest.mark.parametrize(("kind", "text", "shut"), SHUT, ids=[text for _, text, _ in SHUT])
async def test_a_group_is_shut(kind: type[TelegramError], text: str, shut: Shut) -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        room = server.group("Studio", ana)
        shut(ana, room)
        with pytest.raises(kind, match=text):
            await bot.send_photo(room.id, picture())
        assert not server.violations


async def test_a_person_is_shut() -> None:
    async with talking() as (server, bot):
        ana, ben = server.person("Ana"), server.person("Ben")
        with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
            await bot.send_message(ben.id, "hi")
        ana.says("hi")
        ana.room().forbidden.add("voice notes")
        with pytest.raises(BadRequest, match="Voice_messages_forbidden"):
            await bot.send_voice(ana.id, b"OggS OpusHead")
        ana.blocks()
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await bot.send_message(ana.id, "hi")
        assert not server.violations


async def test_a_topic_is_shut() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        room = server.group("Studio", ana, forum=True)
        topic = room.open_topic("Cats", ana)
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(room.id, "x", message_thread_id=99)
        room.close_topic(topic)
        with pytest.raises(BadRequest, match="Topic_closed"):
            await bot.send_message(room.id, "x", message_thread_id=topic)
        with pytest.raises(BadRequest, match="Textdraft_peer_invalid"):
            await bot.send_message_draft(room.id, 1, "x")


async def test_old_things_cannot_be_answered_or_deleted() -> None:
    clock = HandClock()
    async with talking(clock=clock) as (server, bot):
        ana = server.person("Ana")
        ana.says("hi")
        sent = await bot.send_message(ana.id, "x", reply_markup=keys("a"))
        query = ana.presses(server.messages(ana)[0], "a")
        with pytest.raises(BadRequest, match="Message_too_long"):
            await bot.answer_callback_query(query, "x" * 201)
        clock.turn(31)
        assert server.unanswered == [query]
        with pytest.raises(BadRequest, match="Query is too old and response timeout expired"):
            await bot.answer_callback_query(query)
        clock.turn(48 * 3600)
        with pytest.raises(BadRequest, match="Message can't be deleted"):
            await bot.delete_message(ana.id, sent.message_id)


async def test_a_wrong_token_and_an_unknown_method() -> None:
    async with talking() as (server, bot):
        with pytest.raises(InvalidToken, match="was rejected by the server"):
            await Bot("4242:other", f"{server.url}/bot", request=request()).__aenter__()
        with pytest.raises(TelegramError, match="'sendDance' not found"):
            await bot.do_api_request("sendDance")


WRONG = [
    ("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}, "parameter colour is unknown"),
    ("sendMessage", {"chat_id": 1}, "parameter text is required"),
    (
        "sendMessage",
        {"chat_id": 1, "text": "x", "protect_content": "maybe"},
        "must be of type Bool",
    ),
    ("sendPhoto", {"chat_id": 1, "photo": "attach://p"}, "attach://p was not sent along"),
    (
        "sendMessage",
        {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"txt": "x"}]]}},
        "txt is unknown",
    ),
    (
        "sendMediaGroup",
        {"chat_id": 1, "media": [{"type": "sticker", "media": "a"}] * 2},
        "media[0].type must be",
    ),
    (
        "sendMediaGroup",
        {"chat_id": 1, "media": [{"type": "photo", "media": "a"}] * 2, "reply_markup": {}},
        "parameter reply_markup is unknown",
    ),
]


@pytest.mark.parametrize(("method", "values", "text"), WRONG, ids=[w[2] for w in WRONG])
async def test_requests_are_held_against_telegrams_own_list(
    method: str, values: dict[str, Any], text: str
) -> None:
    if TelegramServer().spec is None:
        pytest.skip("no telegram-bot-api.json in ../shared/specs or $ATELIER_SPECS")
    async with talking() as (server, _), httpx.AsyncClient(trust_env=False, verify=False) as http:
        answer = await http.post(f"{server.url}/bot{server.token}/{method}", json=values)
        assert answer.status_code == 400
        assert text in answer.json()["description"]
        assert len(server.violations) == 1


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a &lt;b&gt; &amp;amp", "a <b> &amp"),
        ("<b>x</b>", "x"),
        ('<a href="http://x.y?a=1&amp;b=2">link</a>', "link"),
        ("<blockquote expandable>q</blockquote>", "q"),
        ('<span class="tg-spoiler">s</span>', "s"),
        ('<pre><code class="language-py">x</code></pre>', "x"),
    ],
)
def test_html_that_telegram_takes(source: str, text: str) -> None:
    assert parsed(source)[0] == text


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("<b", "Unclosed start tag at byte offset 0"),
        ("é<i>x</b>", 'Unmatched end tag at byte offset 6, expected "</i>", found "</b>"'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
    ],
)
def test_html_that_telegram_refuses(source: str, why: str) -> None:
    with pytest.raises(BadEntities) as refused:
        parsed(source)
    assert str(refused.value) == why
