"""Text beside its folded form of equal length, so that patterns see plain letters only."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

HIDDEN = "\ue000"
"""Stands in the folded form for every character inside quotation marks."""

FLAG = "\ue001"
"""Stands in the folded form for every character of a flag."""

_QUOTED = re.compile(
    r'"[^"\n]{1,600}"|“[^”]{1,600}”|„[^“”]{1,600}[“”]|«[^»]{1,600}»|「[^」]{1,600}」|『[^』]{1,600}』'
)
_SINGLE = re.compile(r"(?<!\w)['‘][^'’\n]{2,300}['’](?!\w)")
_WORD = re.compile(r"[a-zа-я]{4,}")
_TYPOS_WITHIN = 60


@lru_cache(maxsize=1)
def _table() -> Mapping[int, str]:
    """Letters without accents, lower case, half width: always one character for one."""
    table = {}
    for code in (*range(0x41, 0x250), *range(0x1E00, 0x1F00), *range(0xFF01, 0xFF5F)):
        plain = unicodedata.normalize("NFKD", chr(code))[0].lower()
        table[code] = plain if len(plain) == 1 else chr(code)
    table |= {code: chr(code).lower() for code in range(0x400, 0x482)}
    table |= {ord("ё"): "е", ord("Ё"): "е", ord("〜"): "~"}
    table |= {ord(a): b for a, b in {"’": "'", "‘": "'", "\u3000": " ", "\xa0": " "}.items()}
    return table


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody wrote and its folded form, character for character."""

    text: str
    fold: str

    def cut(self, start: int, end: int) -> "Line":
        """Return the part between two places, without the blanks around it."""
        part = self.text[start:end]
        start += len(part) - len(part.lstrip())
        end = start + len(part.strip())
        return Line(self.text[start:end], self.fold[start:end])

    def without(self, start: int, end: int) -> "Line":
        """Return the line with a part taken out, one blank in its place where words met."""
        return self.cut(0, start).joined(self.cut(end, len(self.text)))

    def joined(self, after: "Line") -> "Line":
        """Return both as one line, with a blank between words."""
        glue = " " if self.text and after.text and after.text[0] not in ",.;，。" else ""
        if _cjk(self.fold[-1:]) or _cjk(after.fold[:1]):
            glue = ""
        return Line(self.text + glue + after.text, self.fold + glue + after.fold)


def _cjk(letter: str) -> bool:
    return "\u2e80" <= letter <= "\u9fff"


def fold(text: str, typos: Mapping[str, str] | None = None) -> Line:
    """Return the text with its folded form; quoted parts are hidden, `typos` are put right."""
    folded = text.translate(_table())
    for pattern in (_QUOTED, _SINGLE):
        folded = pattern.sub(lambda m: m[0][0] + HIDDEN * (len(m[0]) - 2) + m[0][-1], folded)
    if typos:
        head = _WORD.sub(lambda m: typos.get(m[0], m[0]), folded[:_TYPOS_WITHIN])
        folded = head + folded[_TYPOS_WITHIN:]
    return Line(text, folded)


def folded(text: str) -> str:
    """Return only the folded form, for the words and patterns of a grammar."""
    return text.translate(_table())


def unaccented(pattern: str) -> str:
    """Return a pattern whose letters are those of folded text; ASCII is left as it is."""
    return "".join(c if c.isascii() or c >= "\u2000" else folded(c) for c in pattern)


def unquoted(text: str) -> str:
    """Return the text without the quotation marks around the whole of it."""
    text = text.strip()
    pairs = {'"': '"', "“": "”", "«": "»", "„": "“", "「": "」", "『": "』", "'": "'", "‘": "’"}
    if len(text) > 1 and pairs.get(text[0]) == text[-1] and text[-1] not in text[1:-1]:
        return text[1:-1].strip()
    return text
