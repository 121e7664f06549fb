"""Numbers as people write them: digits, words of the language, "a dozen", 两."""

from collections.abc import Mapping

MOST = 10
"""The most pictures or ideas one request gives."""

DIGITS = r"\d{1,4}(?![0-9a-z:×%]|[.,]\d)"


def pattern(words: Mapping[str, int]) -> str:
    """Return a regular expression for the language's number words and plain digits."""
    said = "|".join(sorted(words, key=len, reverse=True)).replace(" ", r"\s+")
    return f"(?:{DIGITS}|(?:{said})(?![a-zа-я]))"


def read(words: Mapping[str, int], said: str) -> int | None:
    """Return the number said (folded text), None when it is none."""
    said = " ".join(said.split())
    if said.isascii() and said.isdigit():
        return int(said)
    return words.get(said)
