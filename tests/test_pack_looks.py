"""How the documents of a pack look: fonts, sizes, direction, who made what."""

from datetime import UTC, datetime
from pathlib import Path

import pptx
import pypdf
import pytest

from tests.pieces import piece
from tools.pack import Contents, Original, Piece, Share, document, page, slides
from tools.pack.fonts import JAPANESE, LATIN, lacking, runs
from tools.pack.previews import preview

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_words_without_a_font_are_left_out_and_pictographs_are_not_missed() -> None:
    assert runs("يمر قطار, jazz 🎷") == [(LATIN, "[…], jazz ")]
    assert runs("★ ok") == [(JAPANESE, "★"), (LATIN, " ok")]
    assert [lacking(text) for text in ("jazz 🎷", "爵士", "ไทย", "")] == [False, False, True, False]


def test_a_pdf_says_what_it_cannot_write(tmp_path: Path) -> None:
    one = Contents("Jazz", NOON, pieces=(Piece("Ferry", "text", text="יפה"),))
    document.write(tmp_path / "a.pdf", one, [None])
    text = pypdf.PdfReader(tmp_path / "a.pdf").pages[-1].extract_text()
    assert "[…]" in text
    assert "index.html" in text


def test_a_small_picture_is_not_blown_up(tmp_path: Path) -> None:
    one = Contents("Jazz", NOON, pieces=(Piece("Hat", "picture"),))
    small = preview(Original.of(piece("blue", "hat"), "image/png"), 96)
    document.write(tmp_path / "a.pdf", one, [small])
    drawn = pypdf.PdfReader(tmp_path / "a.pdf").pages[-1].get_contents()
    assert drawn is not None
    assert b"72 0 0 72" in drawn.get_data()


def test_a_text_on_a_slide_is_as_large_as_fits_and_never_longer() -> None:
    assert slides._fitted("Blue notes.", 12) == ("Blue notes.", 28)
    for words in ("word " * 2000, "夜" * 4000, "x" * 9000):
        kept, size = slides._fitted(words, 12)
        assert size == 12
        assert kept.endswith(" …")
        assert words.startswith(kept[:-2])
        assert 800 < len(kept) < 4000


def test_slides_are_numbered_and_run_the_way_their_words_do(tmp_path: Path) -> None:
    one = Contents("Jazz", NOON, pieces=(Piece("Ferry", "text", text="יפה 3\nLatin"),))
    slides.write(tmp_path / "a.pptx", one, [None])
    first, second = pptx.Presentation(str(tmp_path / "a.pptx")).slides
    box = next(shape for shape in second.shapes if shape.has_text_frame and "יפה" in shape.text)
    assert [p._p.pPr.get("rtl") for p in box.text_frame.paragraphs] == ["1", "0"]
    numbered = [b"slidenum" in s.part.blob for s in (first, second)]
    assert numbered == [False, True]


def test_the_page_names_the_language_of_each_text(tmp_path: Path) -> None:
    one = Contents("Jazz", NOON, pieces=(Piece("夜", "text", text="爵士之夜"),), language="de")
    page.write(tmp_path / "a.html", one, [None])
    assert '<div class="text" dir="auto" lang="zh">' in (tmp_path / "a.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (Share("picture", "", ("Ben",), sent=True), "Picture: sent by Ben."),
        (
            Share("voice", "hibari", ("Ben",), sent=True),
            "Voice: sent by Ben in place of what AI (hibari) had made.",
        ),
    ],
)
def test_what_people_send_was_not_drawn_by_them(share: Share, told: str) -> None:
    assert share.statement == told
