"""What goes into a pack, as plain data: the room, its pieces, who made them and who decided."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from memory.sentences import Sentence, count, listed, say

Part = Literal["picture", "text", "voice"]

SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/flac": "flac",
}
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it was made: `read` fetches its bytes (blocks), so that a pack is never in memory.

    `sha256` and `size` (bytes) are those of what `read` returns.
    """

    media_type: str
    sha256: str
    size: int
    read: Callable[[], bytes] = field(compare=False, repr=False)

    @classmethod
    def of(cls, data: bytes, media_type: str) -> "Original":
        """Return an original that is in memory anyway."""
        return cls(media_type, hashlib.sha256(data).hexdigest(), len(data), lambda: data)

    @property
    def suffix(self) -> str:
        """What its file name ends with; never taken from a stranger's name."""
        return SUFFIXES.get(self.media_type.partition(";")[0].strip().lower(), "bin")


@dataclass(frozen=True, slots=True)
class Share:
    """Who made one part of a piece: a model or a person first, and how often people edited it.

    `model` is empty when a person made it; `people` are the names of all who had a hand in it,
    `sent` says that they sent a file, which stands in place of the model's if there was one.
    """

    part: Part
    model: str = ""
    people: tuple[str, ...] = ()
    edits: int = 0
    sent: bool = False

    @property
    def statement(self) -> str:
        """One sentence, such as "Picture: drawn by AI (starter), edited twice by Ana." """
        part, made = _MADE[self.part]
        people = listed(" ".join(plain(name).split()) for name in self.people or ("",))
        who = people or (say("people") if self.model else say("a person"))
        form = say("{part}: {made} by AI ({model}), not edited by people.")
        if self.sent:
            form = say("{part}: sent by {people}.")
            if self.model:
                form = say("{part}: sent by {people} in place of what AI ({model}) had made.")
        elif not self.model:
            form = say("{part}: {made} by {people}.")
            if self.edits:
                form = say("{part}: {made} by {people}, edited {times}.")
        elif self.edits:
            form = say("{part}: {made} by AI ({model}), edited {times} by {people}.")
        said = {"part": part, "made": made, "people": who, "model": self.model}
        said["times"] = _times(self.edits)
        return Sentence(form, {name: said[name] for name in _NAMED.findall(form)})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was decided, said or done; `at` carries its time zone."""

    who: str
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of the result; texts are untrusted. `recipe` is how its picture was made."""

    title: str
    kind: str
    text: str = ""
    caption: str = ""
    picture: Original | None = None
    alt: str = ""
    voice: Original | None = None
    recipe: Mapping[str, object] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """All of a room that is packed; `brief` and `story` are shown in their order.

    `made` is written into every file in place of the clock: equal contents are equal bytes. A
    `version` after the first is named in the files' names.
    """

    title: str
    made: datetime
    brief: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[Piece, ...] = ()
    story: tuple[Event, ...] = ()
    language: str = "en"
    version: int = 1
    put: Callable[[str], str] = field(default=str, compare=False, repr=False)
    """Puts what the documents say of themselves into the language."""


def plain(text: str) -> str:
    """Return a text without control characters (line breaks stay), which XML and PDF refuse."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in whole if c == "\n" or unicodedata.category(c) not in _UNSEEN)


def slug(title: str, spare: str = "piece") -> str:
    """Return a title as a safe file name without a suffix: words of any script, joined by "-"."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", title).casefold())
    return "-".join(words)[:_LONGEST].encode()[: 2 * _LONGEST].decode(errors="ignore") or spare


_MADE: dict[Part, tuple[str, str]] = {
    "picture": (say("Picture"), say("drawn")),
    "text": (say("Text"), say("written")),
    "voice": (say("Voice"), say("spoken")),
}
_NAMED = re.compile(r"\{(\w+)\}")
_UNSEEN = ("Cc", "Cs", "Co", "Cn")


def _times(number: int) -> str:
    return say("twice") if number == 2 else count(number, "once", "{n} times")
