"""The pack as slides, by python-pptx (MIT)."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from memory.sentences import joined, say
from tools.pack.archive import settled
from tools.pack.contents import Contents, Piece, plain
from tools.pack.wording import PARTICIPATION, alt, brief, head, statements, told
from tools.pictures import size_of

_WIDE, _HIGH, _EDGE = 13.333, 7.5, 0.6
_LEFT = (_EDGE, 1.7, 6.2, 5.2)
_INK, _SOFT = "1C1917", "57534E"
_ALL = say("All pictures")
_LONGEST = 900
"""Characters of a text on a slide; the whole of it stands in the notes."""
_LINES = 12
"""Rows of a brief on one slide."""


def write(
    file: Path, contents: Contents, pictures: Sequence[bytes | None], cover: bytes | None = None
) -> None:
    """Write the slides (blocks); `pictures` are the pieces' previews, JPEG, in their order."""
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(_WIDE), Inches(_HIGH)
    _about(deck.core_properties, contents)
    _cover(_blank(deck), contents, cover)
    for start in range(0, len(contents.brief), _LINES):
        _brief(_blank(deck), contents, brief(contents)[start : start + _LINES])
    for number, (piece, picture) in enumerate(zip(contents.pieces, pictures, strict=True), 1):
        _piece(_blank(deck), contents, number, piece, picture)
    deck.save(str(file))
    settled(file)


def _about(about: Any, contents: Contents) -> None:
    about.title, about.author = plain(contents.title)[:255], "Atelier"
    about.last_modified_by, about.revision, about.language = "Atelier", 1, contents.language
    about.created = about.modified = contents.made.replace(tzinfo=None, microsecond=0)


def _blank(deck: Any) -> Any:
    return deck.slides.add_slide(deck.slide_layouts[5])  # a title alone, so that it has an outline


def _cover(slide: Any, contents: Contents, cover: bytes | None) -> None:
    if cover:
        _picture(slide, cover, contents.put(_ALL), (7.4, 1.0, 5.3, 5.5))
    _title(slide, told(contents.title), 2.2, 44, 6.5 if cover else 0)
    _write(slide, head(contents), (_EDGE, 4.1), 18, _SOFT)


def _brief(slide: Any, contents: Contents, rows: Sequence[tuple[str, str]]) -> None:
    _title(slide, contents.put(say("Brief")))
    _write(slide, "\n".join(f"{name}: {value}" for name, value in rows), (_EDGE, 1.7), 18)


def _piece(
    slide: Any, contents: Contents, number: int, piece: Piece, picture: bytes | None
) -> None:
    _title(slide, f"{number}. {told(piece.title)}")
    left = _EDGE
    if picture:
        left = _picture(slide, picture, told(piece.alt) or told(piece.title)) + 0.5
    words = "\n\n".join(filter(None, (plain(piece.caption), plain(piece.text))))
    short = words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + "…"
    _write(slide, short, (left, 1.7), 18 if len(short) < 400 else 14, height=4.6)
    how = " ".join(statements(contents, piece))
    _write(slide, how, (left, 6.5), 11, _SOFT)
    notes = [words, alt(contents, piece) if piece.alt else ""]
    notes += [contents.put(joined(": ", [PARTICIPATION, how]))]
    slide.notes_slide.notes_text_frame.text = "\n\n".join(filter(None, notes))


def _title(slide: Any, text: str, top: float = 0.5, size: int = 32, width: float = 0) -> None:
    from pptx.util import Inches

    shape = slide.shapes.title
    shape.left, shape.top = Inches(_EDGE), Inches(top)
    shape.width, shape.height = Inches(width or _WIDE - 2 * _EDGE), Inches(1.0)
    _fill(shape.text_frame, text, size, _INK, bold=True)


def _picture(
    slide: Any, picture: bytes, alt: str, within: tuple[float, float, float, float] = _LEFT
) -> float:
    """Put a picture into (left, top, width, height), in inches; return where it ends."""
    from pptx.util import Inches

    left, top, wide, high = within
    width, height = size_of(picture)
    scale = min(wide / width, high / height)
    shape = slide.shapes.add_picture(
        BytesIO(picture), Inches(left), Inches(top), Inches(width * scale), Inches(height * scale)
    )
    shape.name = "Picture"
    shape._element.nvPicPr.cNvPr.set("descr", alt)  # python-pptx has no name for alt text
    return left + width * scale


def _write(
    slide: Any,
    text: str,
    at: tuple[float, float],
    size: int,
    colour: str = _INK,
    height: float = 0.8,
) -> None:
    from pptx.util import Inches

    if not text:
        return
    left, top = at
    width = _WIDE - _EDGE - left
    box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height))
    _fill(box.text_frame, text, size, colour)


def _fill(frame: Any, text: str, size: int, colour: str, *, bold: bool = False) -> None:
    from pptx.dml.color import RGBColor
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Pt

    ink: Any = RGBColor  # its methods are untyped
    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.TOP
    frame.margin_left = frame.margin_right = 0
    frame.text = text
    for paragraph in frame.paragraphs:
        paragraph.alignment = PP_ALIGN.LEFT
        for run in paragraph.runs:
            run.font.size, run.font.bold = Pt(size), bold
            run.font.color.rgb = ink.from_string(colour)
