"""The pack as a PDF, by reportlab (BSD)."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from memory.sentences import say
from tools.pack.contents import Contents, Piece, plain
from tools.pack.fonts import LATIN, ready, runs
from tools.pack.wording import DECIDED, alt, brief, day, head, kind, statements, told
from tools.pictures import size_of

INK, SOFT, LINE = "#1c1917", "#57534e", "#d6d3d1"
_EDGE = 54.0
_WIDE, _HIGH = 595.28 - 2 * _EDGE, 841.89 - 2 * _EDGE
_TALLEST = 0.55 * _HIGH
_VOICE = say("A voice file of this piece is in the pack.")


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
        lang=contents.language,
        leftMargin=_EDGE,
        rightMargin=_EDGE,
        topMargin=_EDGE,
        bottomMargin=_EDGE,
    )
    document.build(list(_flow(contents, pictures, cover)), onLaterPages=_foot, onFirstPage=_foot)


def _flow(
    contents: Contents, pictures: Sequence[bytes | None], cover: bytes | None
) -> Iterator[Any]:
    from reportlab.platypus import PageBreak, Spacer

    yield Spacer(1, 60)
    yield _text(contents.title, 30, after=6)
    yield _text(head(contents), 11, SOFT, after=24)
    if contents.brief:
        yield _table(brief(contents))
    if cover:
        yield Spacer(1, 24)
        yield _image(cover)
    for number, (piece, picture) in enumerate(zip(contents.pieces, pictures, strict=True), 1):
        yield PageBreak()
        yield from _piece(contents, number, piece, picture)
    if contents.story:
        yield PageBreak()
        yield _text(contents.put(DECIDED), 20, after=10)
        yield _table(
            [
                (f"{day(e.at)} {e.at:%H:%M}", f"{told(e.who)}: {told(e.what)}")
                for e in contents.story
            ]
        )


def _piece(contents: Contents, number: int, piece: Piece, picture: bytes | None) -> Iterator[Any]:
    yield _text(f"{number}. {told(piece.title)}", 20, after=2)
    yield _text(kind(contents, piece), 10, SOFT, after=10)
    if picture:
        yield _image(picture)
    if piece.caption:
        yield _text(piece.caption, 12, before=8, after=4)
    if piece.text:
        yield _text(piece.text, 11, before=6, after=6)
    if piece.alt:
        yield _text(alt(contents, piece), 9, SOFT, before=6)
    if piece.voice:
        yield _text(contents.put(_VOICE), 9, SOFT)
    yield _text("\n".join(statements(contents, piece)), 9, SOFT, before=6)


def _text(text: str, size: float, colour: str = INK, before: float = 0, after: float = 0) -> Any:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    style = ParagraphStyle(
        "text",
        fontName=LATIN,
        fontSize=size,
        leading=size * 1.4,
        textColor=colour,
        spaceBefore=before,
        spaceAfter=after,
        wordWrap="CJK" if any(font != LATIN for font, _ in runs(text)) else None,
    )
    return Paragraph(_marked(text), style)


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
    scale = min(_WIDE / wide, _TALLEST / high)

    class Picture(Flowable):  # type: ignore[misc]  # reportlab is untyped
        def wrap(self, *_room: float) -> tuple[float, float]:
            return wide * scale, high * scale

        def draw(self) -> None:
            reader = ImageReader(BytesIO(picture))
            self.canv.drawImage(reader, 0, 0, wide * scale, high * scale)
            reader._data = reader._image = None  # the document keeps the reader, with all pixels

    return Picture()


def _foot(canvas: Any, document: Any) -> None:
    canvas.setFont(LATIN, 8)
    canvas.setFillColor(SOFT)
    canvas.drawRightString(595.28 - _EDGE, 0.6 * _EDGE, str(document.page))
