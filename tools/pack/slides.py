"""The pack as slides, by python-pptx (MIT)."""

import re
import unicodedata
from bisect import bisect
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from memory.sentences import joined, say
from tools.languages import language
from tools.pack.archive import settled
from tools.pack.contents import Contents, Piece, plain
from tools.pack.wording import (
    BRIEF,
    PARTICIPATION,
    VOICE,
    alt,
    brief,
    head,
    rightward,
    statements,
    told,
)
from tools.pictures import size_of

_WIDE, _HIGH, _EDGE = 13.333, 7.5, 0.6
_LEFT = (_EDGE, 1.7, 6.2, 5.2)
_INK, _SOFT = "1C1917", "57534E"
_ALL = say("All pictures")
_FINEST = 96
"""Pixels of a picture on an inch, at least: a small one is not blown up."""
_SIZES = (28, 24, 20, 18, 16, 14, 12)
"""Points of a text on a slide; what is too long for the last is cut, and whole in the notes."""
_TALL = 1.45
"""Height of a line, as a multiple of its points."""
_TEXT = 4.6
"""Inches that a text may be high."""
_FIELD = (
    '<a:fld {} id="{{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}}" type="slidenum">'
    '<a:rPr sz="1000"/><a:t>#</a:t></a:fld>'
)
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
    for slide in list(deck.slides)[1:]:
        _number(slide)
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
    title = told(contents.title)
    size = 44 if len(title) < 24 else 36 if len(title) < 60 else 26
    _title(slide, title, 1.2, size, 6.3 if cover else 0, 2.8)
    _write(slide, head(contents), 18, (_EDGE, 4.2), _SOFT)


def _brief(slide: Any, contents: Contents, rows: Sequence[tuple[str, str]]) -> None:
    _title(slide, contents.put(BRIEF))
    words = "\n".join(f"{name}: {value}" for name, value in rows)
    _write(slide, *_fitted(words, _WIDE - 2 * _EDGE), (_EDGE, 1.7), height=_TEXT)


def _piece(
    slide: Any, contents: Contents, number: int, piece: Piece, picture: bytes | None
) -> None:
    _title(slide, f"{number}. {told(piece.title)}")
    left = _EDGE
    if picture:
        left = _picture(slide, picture, told(piece.alt) or told(piece.title)) + 0.5
    voice = contents.put(VOICE) if piece.voice else ""
    words = "\n\n".join(filter(None, (plain(piece.caption), plain(piece.text), voice)))
    _write(slide, *_fitted(words, _WIDE - _EDGE - left), (left, 1.7), height=_TEXT)
    how = " ".join(statements(contents, piece))
    _write(slide, how, 11, (left, 6.5), _SOFT)
    notes = [words, alt(contents, piece) if piece.alt else ""]
    notes += [contents.put(joined(": ", [PARTICIPATION, how]))]
    slide.notes_slide.notes_text_frame.text = "\n\n".join(filter(None, notes))


def _fitted(text: str, width: float) -> tuple[str, int]:
    """Return a text as it fits into a box that many inches wide, and its size in points."""
    for size in _SIZES:
        across, down = int(width * 72 / size * 1.8), int(_TEXT * 72 / size / _TALL)
        if _lines(text, across) <= down:
            return text, size
    end = bisect(range(len(text)), down, key=lambda end: _lines(text[:end], across))
    return f"{text[: end - 2].rstrip()} …", size


def _lines(text: str, across: int) -> int:
    """Return about how many lines a text has; a wide letter takes the room of two."""
    count = 0
    for line in text.split("\n"):
        count, room = count + 1, across
        for word in re.findall(r"\S+\s*|\s+", line):
            for part in [word] if _across(word) <= across else word:
                if _across(part.rstrip()) > room:
                    count, room = count + 1, across
                room -= _across(part)
    return count


def _across(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _number(slide: Any) -> None:
    """Write the number of a slide, which follows it when slides are moved."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls
    from pptx.util import Inches

    box = slide.shapes.add_textbox(Inches(_WIDE - 1.2), Inches(6.95), Inches(0.6), Inches(0.3))
    box.text_frame.paragraphs[0]._p.insert(0, parse_xml(_FIELD.format(nsdecls("a"))))


def _title(
    slide: Any, text: str, top: float = 0.5, size: int = 0, width: float = 0, height: float = 1.0
) -> None:
    from pptx.enum.text import MSO_ANCHOR
    from pptx.util import Inches

    shape = slide.shapes.title
    shape.left, shape.top = Inches(_EDGE), Inches(top)
    shape.width, shape.height = Inches(width or _WIDE - 2 * _EDGE), Inches(height)
    _fill(shape.text_frame, text, size or (32 if len(text) < 50 else 24), _INK, bold=True)
    shape.text_frame.vertical_anchor = MSO_ANCHOR.BOTTOM


def _picture(
    slide: Any, picture: bytes, alt: str, within: tuple[float, float, float, float] = _LEFT
) -> float:
    """Put a picture into (left, top, width, height), in inches; return where it ends."""
    from pptx.util import Inches

    left, top, wide, high = within
    width, height = size_of(picture)
    scale = min(wide / width, high / height, 1 / _FINEST)
    shape = slide.shapes.add_picture(
        BytesIO(picture), Inches(left), Inches(top), Inches(width * scale), Inches(height * scale)
    )
    shape.name = "Picture"
    shape._element.nvPicPr.cNvPr.set("descr", alt)  # python-pptx has no name for alt text
    return left + width * scale


def _write(
    slide: Any,
    text: str,
    size: int,
    at: tuple[float, float],
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
        right = rightward(paragraph.text)
        paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
        paragraph._p.get_or_add_pPr().set("rtl", str(int(right)))
        for run in paragraph.runs:
            run.font.size, run.font.bold = Pt(size), bold
            run.font.color.rgb = ink.from_string(colour)
            if code := language(text):
                run._r.get_or_add_rPr().set("lang", code)  # which letters are meant by Chinese ones
