"""Making a model's raw text fit to be shown: no preamble, whole sentences, within a length."""

import re
import tomllib
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools.languages import small_words

PROMPTS = Path(__file__).with_name("prompts.toml")
ALIKE = 0.72
"""Similarity (difflib's ratio) from which on two ideas count as one."""

_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*(?=\s|$)|[。！？][”’」』]*")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['’-][^\W_]+)*")
_BULLET = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,2}[.):])\s*")
_HERE = re.compile(r"^here(?:'s|’s| is| are)\b[^\n:]{0,120}:\s*", re.IGNORECASE)
_OFFER = re.compile(
    r"\s*(?:I hope (?:this|that|you)|Let me know|Feel free to|Please let me know)[^\n]*$",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "“": "”", "'": "'", "«": "»", "「": "」"}


@lru_cache(maxsize=1)
def prompts() -> dict[str, Any]:
    """Return the table of `prompts.toml`."""
    return tomllib.loads(PROMPTS.read_text(encoding="utf-8"))


def clean(text: str) -> str:
    """Return a text without the polite words before and after it, and without outer quotes."""
    text = _HERE.sub("", _yes().sub("", text.strip()))
    text = _OFFER.sub("", text).strip()
    closing = _QUOTES.get(text[:1])
    if closing and len(text) > 2 and text.endswith(closing) and closing not in text[1:-1]:
        text = text[1:-1].strip()
    elif closing and closing not in text[1:] and text[0] != "'":  # the end was cut off
        text = text[1:].strip()
    return text


@lru_cache(maxsize=1)
def _yes() -> re.Pattern[str]:
    words = "|".join(map(re.escape, prompts()["preamble"]))
    # "Sure-footed goats" and "Yes, the sea is calm." are no preamble.
    offer = r"(?:[^\n]{0,80}\b(?:help|happy|glad)\b[^\n]{0,80}[.!:])?"
    return re.compile(
        rf"^(?:{words})(?:[,!.:]?\s+(?=here\b)|[,!.:]{offer}\s*(?:\n|$))", re.IGNORECASE
    )


_CLAUSE = re.compile(r"\s*[:;,–—](?=\s)")


def whole(text: str) -> str:
    """Return a text that was cut off, up to its last full sentence, else its last full line."""
    ends = [match.end() for match in _END.finditer(text)]
    # "1." at the start of a line ends no sentence.
    ends = [end for end in ends if not re.search(r"(?:^|\n)\s*\d{1,2}\.$", text[:end])]
    if ends:
        return text[: ends[-1]].rstrip()
    return (text.rpartition("\n")[0] or text).rstrip()


def within(text: str, words: int) -> str:
    """Return at most that many words, ending with a sentence where possible.

    A Chinese, Japanese or Korean character counts as one word.
    """
    found = list(_WORD.finditer(text))
    if len(found) <= words:
        return text
    end = found[words - 1].end()
    tail = re.match(r"[^\w\s]+", text[end:])
    cut = text[: end + (tail.end() if tail else 0)].rstrip()
    sentence = whole(cut)
    if sentence != cut or _END.search(cut[-2:]):
        return sentence
    return f"{cut.rstrip(',;:-– ')}…"


def count_words(text: str) -> int:
    """Return how many words a text has; see `within`."""
    return len(_WORD.findall(text))


def ideas(text: str, finished: bool = True) -> list[str]:
    """Return the items of a list as a model wrote it; the last is dropped if it was cut off."""
    lines = [line for line in text.splitlines() if line.strip()]
    listed = [line for line in lines if _BULLET.match(line)]
    chosen = listed if len(listed) > 1 else lines
    items = [_item(line) for line in (chosen if finished else chosen[:-1])]
    return [item for item in items if count_words(item) >= 2 or len(item) >= 4]


def _item(line: str) -> str:
    text = _BULLET.sub("", line).replace("**", "").replace("__", "").strip()
    return clean(within(text, 30)).rstrip(":").strip()


def different(items: list[str], known: list[str]) -> list[str]:
    """Return the items that are neither the same nor nearly the same as a known or earlier one."""
    kept: list[str] = []
    for item in items:
        if not any(_alike(item, other) for other in (*known, *kept)):
            kept.append(item)
    return kept


def _alike(one: str, other: str) -> bool:
    a, b = (" ".join(_WORD.findall(text.casefold())) for text in (one, other))
    titles = [text.casefold().partition(":")[0].strip() for text in (one, other)]
    same_title = titles[0] == titles[1] and ":" in one and ":" in other
    return a == b or same_title or SequenceMatcher(None, a, b).ratio() >= ALIKE


def headline(text: str, words: int = 6) -> str:
    """Return the first words of a text as a title, which does not end in "of the"."""
    small = small_words(text) | {"at", "on", "by", "a"}
    kept = text.strip().rstrip(".!?").split()[:words]
    while len(kept) > 2 and kept[-1].casefold().strip(",;:") in small:
        kept.pop()
    return " ".join(kept).rstrip(",;:")


def uncut(text: str) -> str:
    """Return a sentence that was cut off ("...") up to its last clause, without a loose end."""
    kept = text.rstrip("… ")
    clauses = [m.start() for m in _CLAUSE.finditer(kept) if count_words(kept[: m.start()]) > 1]
    return headline(kept[: clauses[-1]] if clauses else kept, len(kept))
