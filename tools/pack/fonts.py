"""Which font writes which letters in a PDF."""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby
from typing import Any

LATIN, JAPANESE, CHINESE, KOREAN = (
    "Noto Sans",
    "HeiseiKakuGo-W5",
    "STSong-Light",
    "HYGothic-Medium",
)
"""Noto Sans (OFL) is embedded; the others are fonts every PDF viewer brings along (CID fonts)."""
UNKNOWN = "[…]"
"""What stands for words that no font here can write; pictographs are left out."""


_GAPS = re.compile(r"\[…\](?:\W*\[…\])+")


@lru_cache(maxsize=1)
def ready() -> frozenset[int]:
    """Make the fonts known to reportlab once; return the letters that Noto Sans has."""
    import fontpkg
    from reportlab import rl_config
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    rl_config.useA85 = 0  # pictures as they are: as text they are a quarter larger, and slow
    font: Any = TTFont(LATIN, str(fontpkg.path(LATIN)))
    pdfmetrics.registerFont(font)
    for name in (JAPANESE, CHINESE, KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(font.face.charToGlyph)


def runs(text: str) -> list[tuple[str, str]]:
    """Return a text in pieces of one font each: (font, piece)."""
    known, found = ready(), list[tuple[str, str]]()
    han = _han(text)
    marked = [(_font(letter, known, han), letter) for letter in text if _shown(letter)]
    for font, some in groupby(marked, key=lambda pair: pair[0]):
        run = "".join(letter for _, letter in some)
        if not font:
            font, run = LATIN, UNKNOWN if any(map(_written, run)) else ""
        found.append((font, run))
    return [
        (font, _GAPS.sub(UNKNOWN, "".join(run for _, run in some)))
        for font, some in groupby(found, key=lambda pair: pair[0])
    ]


def lacking(text: str) -> bool:
    """Tell whether a text has words that no font here can write."""
    known, han = ready(), _han(text)
    return any(_written(one) and not _font(one, known, han) for one in text if _shown(one))


def _font(letter: str, known: frozenset[int], han: str) -> str:
    if ord(letter) in known or letter == "\n":
        return LATIN
    name = unicodedata.name(letter, "")
    if name.startswith("HANGUL"):
        return KOREAN
    if name.startswith(("CJK", "FULLWIDTH", "IDEOGRAPHIC")) and ord(letter) < 0x10000:
        return han
    return JAPANESE if _japanese(letter) else ""


def _japanese(letter: str) -> bool:
    """Tell whether a letter or sign (★, →) is in the oldest Japanese character set."""
    try:
        return bool(letter.encode("shift_jis"))
    except UnicodeEncodeError:
        return False


def _written(letter: str) -> bool:
    """Tell whether something is part of words, as pictographs are not."""
    return unicodedata.category(letter)[0] in "LN"


def _han(text: str) -> str:
    """Return the font for Chinese characters: that of the script they stand with."""
    names = {unicodedata.name(letter, "").split(" ")[0] for letter in text}
    if names & {"HIRAGANA", "KATAKANA"}:
        return JAPANESE
    return KOREAN if "HANGUL" in names else CHINESE


def _shown(letter: str) -> bool:
    """Tell whether a letter is more than a selector or joiner of others."""
    return unicodedata.category(letter) != "Cf" and not 0xFE00 <= ord(letter) <= 0xFE0F
