"""What it means when a server does not answer as it should: wait, ask otherwise, or a sentence."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from tools.errors import EngineFailed, ModelUnavailable, Refused, ToolError

LONGEST_WAIT = 60.0
"""Seconds a server may ask us to wait; beyond that the person is told instead."""
TRIES = 3
"""How often a server that has too much to do is asked."""

_BUSY = (429, 503)
_MODERATED = re.compile(r"moderat|content[_ ](?:policy|filter)|safety system", re.IGNORECASE)
_TOO_LONG = re.compile(r"context[_ ]length|max_model_len", re.IGNORECASE)
_OTHER_MODEL = re.compile(r"model mismatch|model[^.]{0,200} does not exist", re.IGNORECASE)
_UNKNOWN = re.compile(
    r"unknown|unexpected|unrecogni[sz]ed|unsupported|not (?:permitted|supported)", re.I
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A failed answer: its HTTP status, its body, and its Retry-After header as it came."""

    status: int
    body: str
    after: str = ""


def wait(answer: Answer, tries: int, pause: float) -> float | None:
    """Return the seconds after which to try once more; None when that is no use.

    `tries` is how often it was tried, `pause` what to wait where the server does not say. A busy
    server is asked TRIES times, a broken one twice.
    """
    if answer.status in _BUSY:
        seconds = float(answer.after) if answer.after.isdecimal() else pause * 2**tries
        return seconds if tries < TRIES and seconds <= LONGEST_WAIT else None
    return pause if answer.status >= 500 and tries < 2 else None


def unknown(answer: Answer, fields: Collection[str]) -> frozenset[str]:
    """Return which of the fields of a request the server says it does not know."""
    if answer.status not in (400, 422) or not _UNKNOWN.search(answer.body):
        return frozenset()
    return frozenset(f for f in fields if re.search(rf"\b{re.escape(f)}\b", answer.body))


def refusal(answer: Answer, server: str, model: str) -> ToolError:
    """Return what a person is told; the server's own words may hold anything and are not."""
    status = answer.status
    if status in (400, 403, 422) and _MODERATED.search(answer.body):
        form = "The server {server} refuses to do that; ask for something else."
        return Refused(form, server=server)
    if status in (400, 413, 422) and _TOO_LONG.search(answer.body):
        return Refused("That is too long for the model {model}; shorten it.", model=model)
    if status == 400 and _OTHER_MODEL.search(answer.body):
        status = 404
    kind, sentence = _SENTENCES.get(status, (EngineFailed, _BROKEN))
    return kind(sentence, server=server, model=model, status=status)


_BROKEN = "The server {server} failed (HTTP {status}); its log says why."
_KEY = "The server {server} wants another key; the operator must set servers.{server}.key."
_BUSY_NOW = "The server {server} has too much to do; try again in a moment."
_REQUEST = "The server {server} does not take such a request (HTTP {status}); its log says why."
_SENTENCES: dict[int, tuple[type[ToolError], str]] = {
    400: (EngineFailed, _REQUEST),
    401: (ModelUnavailable, _KEY),
    403: (ModelUnavailable, _KEY),
    404: (ModelUnavailable, "The server {server} has no {model} for this; see `atelier doctor`."),
    413: (Refused, "That is too large for the server {server}; send less."),
    422: (EngineFailed, _REQUEST),
    429: (EngineFailed, _BUSY_NOW),
    503: (EngineFailed, _BUSY_NOW),
}
