"""Which font writes which letters in a PDF."""

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
UNKNOWN = "\u25a1"
"""What stands for a letter that no font here has."""


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
    known = ready()
    han = _han(text)
    marked = [(_font(letter, known, han), letter) for letter in text if _shown(letter)]
    written = [
        (font or LATIN, letter if font else UNKNOWN if ord(UNKNOWN) in known else "?")
        for font, letter in marked
    ]
    return [
        (font, "".join(letter for _, letter in some))
        for font, some in groupby(written, key=lambda pair: pair[0])
    ]


def _font(letter: str, known: frozenset[int], han: str) -> str:
    if ord(letter) in known or letter == "\n":
        return LATIN
    name = unicodedata.name(letter, "")
    if name.startswith(("HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA")):
        return JAPANESE
    if name.startswith("HANGUL"):
        return KOREAN
    if name.startswith(("CJK", "FULLWIDTH", "IDEOGRAPHIC")) and ord(letter) < 0x10000:
        return han
    return ""


def _han(text: str) -> str:
    """Return the font for Chinese characters: that of the script they stand with."""
    names = {unicodedata.name(letter, "").split(" ")[0] for letter in text}
    if names & {"HIRAGANA", "KATAKANA"}:
        return JAPANESE
    return KOREAN if "HANGUL" in names else CHINESE


def _shown(letter: str) -> bool:
    """Tell whether a letter is more than a selector or joiner of others."""
    return unicodedata.category(letter) != "Cf" and not 0xFE00 <= ord(letter) <= 0xFE0F
