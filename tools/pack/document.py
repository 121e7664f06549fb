"""The pack as a PDF, by reportlab (BSD)."""

from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from memory.sentences import say
from tools.pack.contents import Contents, Piece, plain
from tools.pack.fonts import LATIN, lacking, ready, runs
from tools.pack.wording import (
    BRIEF,
    DECIDED,
    VOICE,
    brief,
    head,
    kind,
    pictured,
    statements,
    told,
)
from tools.pictures import size_of

INK, SOFT, LINE, MARK = "#1c1917", "#57534e", "#d6d3d1", "#0f766e"
_EDGE, _PAD = 54.0, 6.0
"""Points around a page; reportlab's frames have some of their own."""
_PAGE = (595.28, 841.89)
_WIDE, _HIGH = _PAGE[0] - 2 * _EDGE, _PAGE[1] - 2 * _EDGE
_TALLEST = 0.55 * _HIGH
_FINEST = 72 / 96
"""Points of a page that a pixel takes at most: a small picture is not blown up."""
_SPARE = 0.3 * _HIGH
"""Room that a text begins in, at least; else it begins on the next page."""
_MOMENT = 104
"""Points that a moment in the story takes."""
_LACKING = say(
    "Some letters here need a font that this PDF has not; index.html and the folder “texts” have"
    " them all."
)


def write(
    file: Path, contents: Contents, pictures: Sequence[bytes | None], cover: bytes | None = None
) -> None:
    """Write the PDF (blocks); `pictures` are the pieces' previews, JPEG, in their order."""
    from reportlab.platypus import SimpleDocTemplate

    ready()
    document = SimpleDocTemplate(
        str(file),
        invariant=1,  # no clock and no random id: equal contents are equal bytes
        title=plain(contents.title),
        author="Atelier",
        subject=plain(head(contents)),
        lang=contents.language,
        leftMargin=_EDGE - _PAD,
        rightMargin=_EDGE - _PAD,
        topMargin=_EDGE,
        bottomMargin=_EDGE,
    )
    foot = partial(_foot, told(contents.title))
    document.build(list(_flow(contents, pictures, cover)), onLaterPages=foot)


def _flow(
    contents: Contents, pictures: Sequence[bytes | None], cover: bytes | None
) -> Iterator[Any]:
    from reportlab.platypus import CondPageBreak, KeepTogether, PageBreak

    yield from _cover(contents, cover)
    if contents.brief:
        yield KeepTogether([*_heading(contents.put(BRIEF)), _table(brief(contents))])
    before: bytes | None = b""
    for number, (piece, picture) in enumerate(zip(contents.pieces, pictures, strict=True), 1):
        yield PageBreak() if picture or before is not None else CondPageBreak(_SPARE)
        yield from _piece(contents, number, piece, picture)
        before = picture
    if contents.story:
        yield CondPageBreak(_SPARE)
        yield from _heading(contents.put(DECIDED))
        for e in contents.story:
            yield _text(
                f"{told(e.who)}: {told(e.what)}", 10, after=3, at=f"{e.at:%Y-%m-%d %H:%M %Z}"
            )


def _cover(contents: Contents, cover: bytes | None) -> Iterator[Any]:
    from reportlab.platypus import HRFlowable, Spacer

    yield Spacer(1, 60 if cover else 0.3 * _HIGH)
    yield HRFlowable(60, 4, color=MARK, hAlign="LEFT", spaceAfter=18)
    yield _text(contents.title, 34 if len(contents.title) < 60 else 24, after=6)
    yield _text(head(contents), 12, SOFT, after=36)
    if cover:
        yield _image(cover)


def _heading(text: str) -> Iterator[Any]:
    """Yield a heading, and the bookmark of it that viewers show beside the pages."""
    from reportlab.platypus import Flowable

    class Bookmark(Flowable):  # type: ignore[misc]  # reportlab is untyped
        keepWithNext = 1  # its name there

        def wrap(self, *_room: float) -> tuple[float, float]:
            return 0, 0

        def draw(self) -> None:
            key = f"at {self.canv.getPageNumber()} {text}"
            self.canv.bookmarkHorizontal(key, 0, 30)
            self.canv.addOutlineEntry(told(text), key)
            self.canv.showOutline()

    yield Bookmark()
    yield _text(text, 20, before=18, after=2, keep=True)


def _piece(contents: Contents, number: int, piece: Piece, picture: bytes | None) -> Iterator[Any]:
    yield from _heading(f"{number}. {told(piece.title)}")
    yield _text(kind(contents, piece), 10, SOFT, after=10, keep=True)
    if picture:
        yield _image(picture)
    if piece.caption:
        yield _text(piece.caption, 12, before=8, after=4)
    if piece.text:
        yield _text(piece.text, 11, before=6, after=6)
    if lacking(piece.title + piece.caption + piece.text):
        yield _text(contents.put(_LACKING), 9, SOFT)
    if says := pictured(contents, piece):
        yield _text(says, 9, SOFT, before=6)
    if piece.voice:
        yield _text(contents.put(VOICE), 9, SOFT)
    yield _text("\n".join(statements(contents, piece)), 9, SOFT, before=6, after=12)


def _text(
    text: str,
    size: float,
    colour: str = INK,
    before: float = 0,
    after: float = 0,
    *,
    keep: bool = False,
    at: str = "",
) -> Any:
    """Return a paragraph; `at` is a moment, which stands to the left of it."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    style = ParagraphStyle(
        "text",
        fontName=LATIN,
        fontSize=size,
        leading=size * (1.25 if size > 18 else 1.45),
        textColor=colour,
        spaceBefore=before,
        spaceAfter=after,
        keepWithNext=keep,
        leftIndent=_MOMENT if at else 0,
        bulletFontName=LATIN,
        bulletFontSize=8,
        bulletColor=SOFT,
        wordWrap="CJK" if any(font != LATIN for font, _ in runs(text)) else None,
    )
    return Paragraph(_marked(text), style, at or None)


def _marked(text: str) -> str:
    """Return a text as reportlab's markup: each run in its font, everything else escaped."""
    parts = [f'<font name="{font}">{escape(run)}</font>' for font, run in runs(plain(text))]
    return "".join(parts).replace("\n", "<br/>")


def _table(rows: Sequence[tuple[str, str]]) -> Any:
    from reportlab.platypus import Table, TableStyle

    cells = [[_text(name, 10, SOFT), _text(value, 11)] for name, value in rows]
    rules = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -2), 0.5, LINE),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
    ]
    return Table(
        cells, [0.27 * _WIDE, 0.73 * _WIDE], style=TableStyle(rules), hAlign="LEFT", splitInRow=1
    )


def _image(picture: bytes) -> Any:
    """Return a picture that is decoded while its page is drawn, and no longer."""
    from reportlab.lib.utils import ImageReader
    from reportlab.platypus import Flowable

    wide, high = size_of(picture)
    scale = min(_WIDE / wide, _TALLEST / high, _FINEST)

    class Picture(Flowable):  # type: ignore[misc]  # reportlab is untyped
        def wrap(self, *_room: float) -> tuple[float, float]:
            return wide * scale, high * scale

        def draw(self) -> None:
            reader = ImageReader(BytesIO(picture))
            self.canv.drawImage(reader, 0, 0, wide * scale, high * scale)
            reader._data = reader._image = None  # the document keeps the reader, with all pixels

    return Picture()


def _foot(title: str, canvas: Any, document: Any) -> None:
    """Write the title and the page's number below a page."""
    line = _text(title if len(title) < 80 else f"{title[:79]}…", 8, SOFT)
    line.wrap(_WIDE - 40, 12)
    line.drawOn(canvas, _EDGE, 0.6 * _EDGE)
    canvas.setFont(LATIN, 8)
    canvas.setFillColor(SOFT)
    canvas.drawRightString(_PAGE[0] - _EDGE, 0.6 * _EDGE + 3, str(document.page))
