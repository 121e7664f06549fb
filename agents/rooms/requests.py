"""What is asked for a piece in words that can be put into a language: its template's and people's.

What is asked is kept as the English that models are told; people see this instead.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from agents.rooms.templates import Template
from memory.sentences import joined, say

_SLOT = re.compile(r"\{(\w+)\}")


def request_told(request: str, template: Template) -> str:
    """Return what is asked for a piece, the template's own words as sentences."""
    for form, pattern in _forms(tuple(part.request for part in template.pieces)):
        if found := pattern.fullmatch(request):
            return say(form, **found.groupdict())
    for angle in (angle for part in template.pieces for angle in part.angles):
        if request.endswith(f", {angle}"):
            return joined(", ", [request.removesuffix(f", {angle}"), say(angle)])
    return request


@lru_cache(maxsize=64)
def _forms(requests: tuple[str, ...]) -> list[tuple[str, re.Pattern[str]]]:
    return list(_worded(requests))


def _worded(requests: tuple[str, ...]) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield what has words of its own between its slots, with a pattern that finds those."""
    for form in requests:
        texts = _SLOT.split(form)
        if any(letter.isalpha() for text in texts[::2] for letter in text):
            parts = (f"(?P<{t}>.+)" if at % 2 else re.escape(t) for at, t in enumerate(texts))
            yield form, re.compile("".join(parts), re.DOTALL)
