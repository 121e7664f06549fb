"""One answer on its way: into the status message, then what follows it, nothing twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from telegram import InputMediaPhoto, MessageEntity, ReplyParameters
from telegram.error import BadRequest

from bot.adapter import Reply
from bot.adapters.telegram.pieces import TEXT, Kind, Layout, Piece, keyboard, layout
from bot.adapters.telegram.refusals import Gone, MayHaveArrived, NotAllowed
from bot.adapters.telegram.status import PREVIEW, Status
from bot.adapters.telegram.wire import Address, Wire
from bot.render import file_name, shortened
from bot.trail import Trail
from memory.assets import Assets
from memory.records import Asset, Post
from tools import sheet

T = TypeVar("T")
PHOTO_BYTES, PHOTO_SIDES = 10_000_000, 10_000
"""What a photo may have: bytes, and width and height together."""
CALL_BYTES = 45_000_000
"""What all files of a call may have; Telegram takes 50 MB."""
_NO_PICTURES = "(It cannot be shown here; “Files” sends it as a file, where that is allowed.)"
_REFUSED: dict[Kind, str] = {
    "sound": "I may not send sounds here; somebody with the right to it can allow that.",
    "file": "I may not send files here, and the text is too long for messages.",
    "photo": _NO_PICTURES,
    "text": "",
}


class Sending:
    """Sends what of a reply the trail does not say to be there.

    The main message is the status message changed, which may be done again and again. The pieces
    behind it may not: one that was begun and never ended is left alone, and a button under the
    main message sends it again.
    """

    def __init__(
        self, wire: Wire, assets: Assets, to: Address, status: Status, reply: Reply, trail: Trail
    ) -> None:
        self._wire, self._assets, self._to, self._status = wire, assets, to, status
        self._reply, self._trail = reply, trail
        self._layout: Layout = layout(reply)
        self._veil = reply.spoiler or None
        self._refused: set[Kind] = set()
        self._plain = False
        """Telegram did not take how the words shall look: they go out as they are."""

    async def run(self) -> None:
        """Send all that is missing; raises Undeliverable."""
        if (post := self._trail[0]) is None or not post.id:
            post = await self._main()
        await self._status.drop()  # from now on its id stands for the answer
        lost = await self._rest(post)
        await self._tell(post)
        if lost:
            await self._buttons(post, resend=True)

    async def again(self) -> None:
        """Send what may have arrived once more, for somebody says that it did not."""
        if (post := self._trail[0]) is not None and post.id:
            lost = await self._rest(post, again=True)
            await self._buttons(post, resend=lost)

    async def _main(self) -> Post:
        """Put the answer into the status message, or into one that stands in for it."""
        made = await self._picture()
        while True:
            post = await self._status.post()
            if post is not None and post.asset == PREVIEW and made is None:
                await self._status.drop(delete=True)  # a picture never becomes text again
                post = None
            post = post or await self._status.stand_in()
            try:
                made = await self._looking(partial(self._put, int(post.id), made))
            except Gone:
                await self._status.drop()
            else:
                break
        await self._trail.end(0, post.id, self._layout.asset if made else "")
        return Post(0, post.id)

    async def _put(self, message_id: int, made: bytes | None) -> bytes | None:
        """Change a message into the answer; return the picture it shows now."""
        bot, text = self._wire.bot, self._layout.text
        fields: dict[str, Any] = {"message_id": message_id, "reply_markup": keyboard(self._reply)}
        if made is not None:
            looks = self._looks(self._layout.looks)
            veil = self._veil
            media = InputMediaPhoto(made, text, caption_entities=looks, has_spoiler=veil)
            try:
                await self._wire.edit(self._to, bot.edit_message_media, media=media, **fields)
            except NotAllowed:
                self._refused.add("photo")
                text = shortened(f"{text}\n\n{_NO_PICTURES}", TEXT)
            else:
                return made
        fields["entities"] = self._looks(self._layout.looks)
        await self._wire.edit(self._to, bot.edit_message_text, text=text, **fields)
        return None

    async def _looking(self, work: Callable[[], Awaitable[T]]) -> T:
        """Send something, without its looks if Telegram does not take those."""
        try:
            return await work()
        except BadRequest as error:
            if self._plain or "entit" not in error.message.lower():
                raise
            self._plain = True
            return await work()

    def _looks(self, entities: Sequence[MessageEntity]) -> Sequence[MessageEntity] | None:
        return None if self._plain else entities or None

    async def _picture(self) -> bytes | None:
        """Return the one picture, or a sheet of all; None when there is none."""
        pictures = self._layout.pictures
        if not pictures:
            return None
        data = [await self._assets.read(asset) for asset in pictures]
        whole = data[0] if len(data) == 1 else await asyncio.to_thread(sheet.sheet, data)
        return await _photo(whole)

    async def _rest(self, main: Post, *, again: bool = False) -> bool:
        """Send the pieces that are missing; tell whether some may or may not have arrived."""
        lost = False
        for number, group in self._layout.groups():
            known = [self._trail[number + n] for n in range(len(group))]
            if all(post is not None and post.id for post in known):
                continue
            if any(post is not None for post in known) and not again:
                lost = True
            elif group[0].kind not in self._refused:
                lost |= not await self._group(number, group, main)
        return lost

    async def _group(self, number: int, group: Sequence[Piece], main: Post) -> bool:
        """Send what is sent by one call; False when only Telegram knows whether it was."""
        for n in range(len(group)):
            await self._trail.begin(number + n)
        try:
            ids = await self._looking(partial(self._sent, group, _reply(main)))
        except MayHaveArrived:
            return False
        except NotAllowed:
            self._refused.add(group[0].kind)
            return True
        for n, (piece, id) in enumerate(zip(group, ids, strict=True), number):
            await self._trail.end(n, str(id), piece.asset.sha256 if piece.asset else "")
        return True

    async def _sent(self, group: Sequence[Piece], to: ReplyParameters | None) -> list[int]:
        first, bot, fields = group[0], self._wire.bot, {"reply_parameters": to}
        if first.kind == "text":
            looks = self._looks(first.looks)
            return [await self._say(bot.send_message, text=first.text, entities=looks, **fields)]
        if first.kind == "file":
            data, name = first.text.encode(), "answer.txt"
            if first.asset is not None:
                data, name = await self._assets.read(first.asset), first.text
            return [await self._say(bot.send_document, document=data, filename=name, **fields)]
        assert first.asset is not None  # photos and sounds are
        if first.kind == "sound":
            return [await self._sound(first.asset, to)]
        most = min(PHOTO_BYTES, CALL_BYTES // len(group))
        shown = [await _photo(await self._assets.read(p.asset), most) for p in group if p.asset]
        veils = [self._reply.hides(p.asset) or None for p in group if p.asset]
        start = self._layout.pieces.index(first) - self._photos_from() + 1
        if len(shown) == 1:
            veil = self._reply.hides(first.asset) or None
            about: dict[str, Any] = {"caption": str(start), "has_spoiler": veil, **fields}
            return [await self._say(bot.send_photo, photo=shown[0], **about)]
        media = [
            InputMediaPhoto(data, caption=str(n), has_spoiler=veil)
            for n, (data, veil) in enumerate(zip(shown, veils, strict=True), start)
        ]
        send = bot.send_media_group
        posts = await self._wire.send(self._to, send, cost=len(media), media=media, **fields)
        return [post.message_id for post in posts]

    def _photos_from(self) -> int:
        return [piece.kind for piece in self._layout.pieces].index("photo")

    async def _sound(self, asset: Asset, to: ReplyParameters | None) -> int:
        """Send a voice message; to those who want none, a sound, or a file."""
        data, bot = await self._assets.read(asset), self._wire.bot
        fields = {"reply_parameters": to, "filename": file_name(asset)}
        length = {"duration": max(1, round(asset.seconds))}
        if asset.media_type == "audio/ogg":
            with suppress(NotAllowed):
                return await self._say(bot.send_voice, voice=data, **fields, **length)
        with suppress(NotAllowed):
            return await self._say(bot.send_audio, audio=data, **fields, **length)
        return await self._say(bot.send_document, document=data, **fields)

    async def _say(self, method: Any, **fields: Any) -> int:
        return int((await self._wire.send(self._to, method, **fields)).message_id)

    async def _tell(self, main: Post) -> None:
        """Say in words what may not be sent here."""
        for kind in sorted(self._refused - {"photo"}):
            with suppress(MayHaveArrived):
                say, text = self._wire.bot.send_message, _REFUSED[kind]
                await self._say(say, text=text, reply_parameters=_reply(main))

    async def _buttons(self, main: Post, *, resend: bool) -> None:
        if main.former:
            return
        markup = keyboard(self._reply, resend=resend)
        with suppress(Gone):
            edit = self._wire.bot.edit_message_reply_markup
            await self._wire.edit(self._to, edit, message_id=int(main.id), reply_markup=markup)


def _reply(main: Post) -> ReplyParameters | None:
    """Return what the pieces behind the main message reply to."""
    return None if main.former else ReplyParameters(int(main.id), None, True)


async def _photo(data: bytes, most: int = PHOTO_BYTES) -> bytes:
    small, _ = await asyncio.to_thread(sheet.fit, data, most, PHOTO_SIDES)
    return small
