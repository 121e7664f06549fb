"""The pack as one HTML page that needs nothing beside itself."""

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from memory.sentences import say
from tools.pack.contents import Contents, Original, Piece, plain
from tools.pack.wording import DECIDED, brief, head, kind, spoken, statements, told
from tools.pictures import size_of

STYLE = Path(__file__).with_name("page.css")
_JUMP, _PIECES = say("To the pieces"), say("Pieces")
_FOLDER = say("Its voice file is in the folder “voice” of the pack.")
_MADE = say("Made with Atelier.")
_BLOCK = 3 * 2**18  # a multiple of three, so that pieces of base64 join without padding


def write(
    file: Path, contents: Contents, pictures: Sequence[bytes | None], *, sounds: bool = True
) -> None:
    """Write the page (blocks); `pictures` are the pieces' previews, JPEG, in their order.

    Without `sounds` it names the voice files in place of holding them. Every text is escaped,
    and the page's own policy lets nothing run and fetches nothing.
    """
    with file.open("w", encoding="utf-8", newline="\n") as there:
        there.writelines(_head(contents))
        for number, (piece, picture) in enumerate(zip(contents.pieces, pictures, strict=True), 1):
            there.writelines(_piece(contents, number, piece, picture, sounds))
        there.writelines(_story(contents))


def _head(contents: Contents) -> Iterator[str]:
    title = escape(told(contents.title))
    yield f'<!doctype html>\n<html lang="{escape(contents.language)}">\n<meta charset="utf-8">\n'
    yield '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    yield "img-src data:; media-src data:; style-src 'unsafe-inline'\">\n"
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{title}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n"
    yield f'<a class="skip" href="#pieces">{escape(contents.put(_JUMP))}</a>\n'
    yield f'<header>\n<h1 dir="auto">{title}</h1>\n'
    yield f'<p class="soft">{escape(head(contents))}</p>\n'
    if contents.brief:
        rows = "".join(
            f'<dt dir="auto">{escape(name)}</dt><dd dir="auto">{escape(value)}</dd>\n'
            for name, value in brief(contents)
        )
        yield f"<dl>\n{rows}</dl>\n"
    links = "".join(
        f'<li><a href="#piece-{n}" dir="auto">{n}. {escape(told(piece.title))}</a></li>\n'
        for n, piece in enumerate(contents.pieces, 1)
    )
    pieces = escape(contents.put(_PIECES))
    yield f'<nav aria-label="{pieces}">\n<ol>\n{links}</ol>\n</nav>\n</header>\n'
    yield '<main id="pieces">\n'


def _piece(
    contents: Contents, number: int, piece: Piece, picture: bytes | None, sounds: bool
) -> Iterator[str]:
    words = "" if picture else ' class="words"'
    yield f'<article id="piece-{number}"{words} aria-labelledby="title-{number}">\n'
    if picture:
        yield from _figure(contents, piece, picture)
    yield f'<div>\n<h2 id="title-{number}" dir="auto">{number}. {escape(told(piece.title))}</h2>\n'
    yield f'<p class="soft" dir="auto">{escape(kind(contents, piece))}</p>\n'
    if piece.caption and not picture:
        yield f'<p dir="auto">{escape(told(piece.caption))}</p>\n'
    if piece.text:
        code = spoken(contents, piece.text)
        yield f'<div class="text" dir="auto" lang="{code}">{escape(plain(piece.text))}</div>\n'
    if piece.voice:
        yield from _sound(contents, number, piece.voice, sounds)
    for line in statements(contents, piece):
        yield f'<p class="soft">{escape(line)}</p>\n'
    yield "</div>\n</article>\n"


def _figure(contents: Contents, piece: Piece, picture: bytes) -> Iterator[str]:
    width, height = size_of(picture)
    alt = escape(told(piece.alt) or told(piece.title))
    yield f'<figure>\n<img width="{width}" height="{height}" alt="{alt}" src="'
    yield f'data:image/jpeg;base64,{base64.b64encode(picture).decode()}">\n'
    if piece.caption:
        code = spoken(contents, piece.caption)
        yield f'<figcaption dir="auto" lang="{code}">{escape(told(piece.caption))}</figcaption>\n'
    yield "</figure>\n"


def _sound(contents: Contents, number: int, voice: Original, sounds: bool) -> Iterator[str]:
    if not sounds:
        yield f'<p class="soft">{escape(contents.put(_FOLDER))}</p>\n'
        return
    kind = escape(voice.media_type.partition(";")[0])
    label = escape(contents.put(say("Voice of piece {number}", number=number)))
    yield f'<audio controls preload="none" aria-label="{label}" src="'
    data = voice.read()
    yield f"data:{kind};base64,"
    for start in range(0, len(data), _BLOCK):
        yield base64.b64encode(data[start : start + _BLOCK]).decode()
    yield '"></audio>\n'


def _story(contents: Contents) -> Iterator[str]:
    yield "</main>\n<footer>\n"
    if contents.story:
        yield f'<h2>{escape(contents.put(DECIDED))}</h2>\n<ol class="story">\n'
        for event in contents.story:
            moment = f"{event.at:%Y-%m-%d %H:%M %Z}"
            yield f'<li><time class="soft" datetime="{event.at.isoformat()}">{moment}</time> '
            yield f'<b dir="auto">{escape(told(event.who))}</b>: '
            yield f'<span dir="auto">{escape(told(event.what))}</span></li>\n'
        yield "</ol>\n"
    yield f'<p class="soft">{escape(contents.put(_MADE))}</p>\n</footer>\n</html>\n'
