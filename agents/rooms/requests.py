"""What is asked for a piece in words that can be put into a language: a template's and people's.

What is asked is kept as the English that models are told; people see this instead.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from agents.rooms.templates import Part, load
from memory.sentences import joined, say

_SLOT = re.compile(r"\{(\w+)\}")


def request_told(request: str) -> str:
    """Return what is asked for a piece, what the built-in templates say of it as sentences."""
    forms, angles = _known()
    for form, pattern in forms:
        if found := pattern.fullmatch(request):
            return say(form, **found.groupdict())
    said, comma, angle = request.rpartition(", ")
    return joined(", ", [said, say(angle)]) if comma and angle in angles else request


@cache
def _known() -> tuple[list[tuple[str, re.Pattern[str]]], frozenset[str]]:
    parts = [part for template in load().values() for part in template.pieces]
    return list(worded(parts)), frozenset(angle for part in parts for angle in part.angles)


def worded(parts: Sequence[Part]) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the requests that have words between their slots, with a pattern that finds those."""
    for form in (part.request for part in parts):
        texts = _SLOT.split(form)
        if any(letter.isalpha() for text in texts[::2] for letter in text):
            found = (f"(?P<{t}>.+)" if at % 2 else re.escape(t) for at, t in enumerate(texts))
            yield form, re.compile("".join(found), re.DOTALL)
