"""What an answer consists of on Telegram: one main message, then what follows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity

from bot.actions import DELETE
from bot.adapter import Reply
from bot.adapters.telegram.markup import MOST as MOST_ENTITIES
from bot.adapters.telegram.markup import Words, shown
from bot.passages import passages
from bot.render import file_name, rows, split
from bot.translation import put
from memory.records import Action, Asset
from memory.sentences import say

TEXT, CAPTION, ALBUM = 4096, 1024, 10
MOST = 4
"""Messages of text in a row; a longer text comes as a file."""
EDIT, INFO, FILES, RESEND = "edit", "info", "files", "resend"
"""Buttons of ours; EDIT, FILES and RESEND never reach the desk."""
_WIDEST = 5

Kind = Literal["text", "file", "photo", "sound"]


@dataclass(frozen=True, slots=True)
class Piece:
    """What follows the main message: more text, a text as a file, a picture, a sound."""

    kind: Kind
    text: str = ""
    asset: Asset | None = None
    looks: tuple[MessageEntity, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """An answer made ready: `pictures` are in the main message, `pieces` follow it.

    Piece number 0 is the main message, so `pieces[0]` has the number 1.
    """

    text: str
    pictures: tuple[Asset, ...]
    pieces: tuple[Piece, ...]
    looks: tuple[MessageEntity, ...] = ()

    @property
    def asset(self) -> str:
        """The one asset that the main message shows, if it shows one."""
        return self.pictures[0].sha256 if len(self.pictures) == 1 else ""

    def groups(self) -> Iterator[tuple[int, tuple[Piece, ...]]]:
        """Yield what is sent by one call each: an album, or a single piece; and its number."""
        number = 0
        while number < len(self.pieces):
            group = self.pieces[number : number + 1]
            if group[0].kind == "photo":
                run = self.pieces[number : number + ALBUM]
                group = tuple(piece for piece in run if piece.kind == "photo")
            yield number + 1, group
            number += len(group)


def layout(reply: Reply) -> Layout:
    """Return how a reply is shown; the same reply always gives the same pieces."""
    message = reply.message
    pictures = tuple(a for a in message.assets if a.media_type.startswith("image/"))
    sounds = tuple(a for a in message.assets if a.media_type.startswith("audio/"))
    words = shown(passages(reply))
    head, more = _words(words, message.text, CAPTION if pictures else TEXT)
    singles = pictures if len(pictures) > 1 and reply.kind != "question" else ()
    photos = tuple(Piece("photo", asset=asset) for asset in singles)
    others = (a for a in message.assets if a not in pictures and a not in sounds)
    files = (Piece("file", file_name(asset, "", reply.steps), asset) for asset in others)
    spoken = (Piece("sound", asset=asset) for asset in sounds)
    looks = head.entities[:MOST_ENTITIES]
    return Layout(head.text, pictures, (*more, *photos, *spoken, *files), looks)


def _words(words: Words, raw: str, first: int) -> tuple[Words, tuple[Piece, ...]]:
    """Return the words of the main message, and the messages or the file with the others."""
    text = words.text
    head, *others = split(text, first) or [""]
    if not others:
        return words, ()
    rest = split(text[text.index(others[0], len(head)) :], TEXT)
    if len(rest) < MOST:
        main, *more = words.cut([head, *rest])
        looks = [piece.entities[:MOST_ENTITIES] for piece in more]
        return main, tuple(
            Piece("text", p.text, looks=it) for p, it in zip(more, looks, strict=True)
        )
    (main,) = words.cut([split(text, min(first, CAPTION) - 1)[0]])
    return Words(main.text + "…", main.entities), (Piece("file", raw),)


def keyboard(reply: Reply, *, resend: bool = False) -> InlineKeyboardMarkup | None:
    """Return the buttons under a reply; a press brings back nothing but the action's id."""
    shown = [*rows(reply.actions, _WIDEST)]
    kinds = {asset.media_type.partition("/")[0] for asset in reply.message.assets}
    own = [Action(EDIT, say("Edit")), Action(FILES, say("Files")), Action(INFO, say("Info"))]
    if reply.kind == "reply" or (kinds and reply.kind != "question"):
        shown.append([*(own if "image" in kinds else []), Action(DELETE, say("Delete"))])
    if resend:
        shown.append([Action(RESEND, say("Send again"))])
    language = reply.message.language
    buttons = [
        [InlineKeyboardButton(put(a.label, language), callback_data=a.id) for a in row]
        for row in shown
    ]
    return InlineKeyboardMarkup(buttons) if buttons else None
