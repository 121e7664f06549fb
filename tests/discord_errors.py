"""How Discord says no: the JSON error codes its documentation lists, and form errors by field."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

REASONS = {
    "unauthorized": (401, 0, "401: Unauthorized"),
    "not found": (404, 0, "404: Not Found"),
    "unknown channel": (404, 10003, "Unknown Channel"),
    "unknown guild": (404, 10004, "Unknown Guild"),
    "unknown member": (404, 10007, "Unknown Member"),
    "unknown message": (404, 10008, "Unknown Message"),
    "unknown user": (404, 10013, "Unknown User"),
    "unknown emoji": (400, 10014, "Unknown Emoji"),
    "unknown webhook": (404, 10015, "Unknown Webhook"),
    "unknown interaction": (404, 10062, "Unknown interaction"),
    "unknown command": (404, 10063, "Unknown application command"),
    "wrong application": (
        403,
        20012,
        "You are not authorized to perform this action on this application",
    ),
    "too many attachments": (
        400,
        30015,
        "Maximum number of attachments in a message reached (10)",
    ),
    "too many commands": (400, 30032, "Maximum number of application commands reached (100)"),
    "too many creates": (
        429,
        30034,
        "Maximum number of daily application command creates has been reached (200)",
    ),
    "too large": (413, 40005, "Request entity too large"),
    "acknowledged": (400, 40060, "Interaction has already been acknowledged."),
    "too many follow-ups": (
        400,
        40094,
        "This interaction has hit the maximum number of follow up messages",
    ),
    "missing access": (403, 50001, "Missing Access"),
    "not the author": (403, 50005, "Cannot edit a message authored by another user"),
    "empty": (400, 50006, "Cannot send an empty message"),
    "blocked": (403, 50007, "Cannot send messages to this user"),
    "missing permissions": (403, 50013, "Missing Permissions"),
    "webhook token": (401, 50027, "Invalid Webhook Token"),
    "form": (400, 50035, "Invalid Form Body"),
    "archived": (400, 50083, "Thread is archived"),
    "json": (400, 50109, "The request body contains invalid JSON."),
    "voice content": (400, 50159, "Voice messages do not support additional content."),
    "voice file": (400, 50160, "Voice messages must have a single audio attachment."),
    "voice metadata": (400, 50161, "Voice messages must have supporting metadata."),
    "voice edit": (400, 50162, "Voice messages cannot be edited."),
    "no voice here": (403, 50173, "You cannot send voice messages in this channel."),
    "thread exists": (400, 160004, "A thread has already been created for this message"),
    "locked": (403, 160005, "Thread is locked"),
    "too many threads": (400, 160006, "Maximum number of active threads reached"),
}
CIRCUMSTANCES = frozenset(
    {
        "unknown channel",
        "unknown guild",
        "unknown member",
        "unknown message",
        "unknown user",
        "missing access",
        "missing permissions",
        "blocked",
        "archived",
        "locked",
        "no voice here",
        "too many threads",
    }
)
"""Refusals that the state of the world brings about; all others are the client's mistakes."""


class Refusal(Exception):
    """An answer with an error body."""

    def __init__(self, reason: str, errors: Json | None = None) -> None:
        self.reason = reason
        self.status, self.code, self.message = REASONS[reason]
        self.errors = errors
        super().__init__(f"{self.code} {self.message}{'' if errors is None else f' {errors}'}")

    @property
    def body(self) -> Json:
        body: Json = {"message": self.message, "code": self.code}
        return body if self.errors is None else {**body, "errors": self.errors}


@dataclass
class Form:
    """The form errors of a body, nested by the place of each, as Discord nests them."""

    errors: Json = field(default_factory=dict)

    def wrong(self, place: tuple[str | int, ...], code: str, message: str) -> None:
        node = self.errors
        for part in place:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def required(self, place: tuple[str | int, ...]) -> None:
        self.wrong(place, "BASE_TYPE_REQUIRED", "This field is required")

    def length(self, place: tuple[str | int, ...], value: Any, most: int, least: int = 0) -> None:
        """Complain about a text or list whose length lies outside of least to most."""
        size = 0 if value is None else len(value)
        if not least <= size <= most:
            code = "BASE_TYPE_BAD_LENGTH" if least else "BASE_TYPE_MAX_LENGTH"
            told = f"between {least} and {most}" if least else f"{most} or fewer"
            self.wrong(place, code, f"Must be {told} in length.")

    def check(self) -> None:
        """Raise the refusal if anything was wrong."""
        if self.errors:
            raise Refusal("form", self.errors)
