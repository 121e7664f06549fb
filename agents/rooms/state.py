"""What a project room is: plain data, which `fold` makes of the room's events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from agents.rooms.brief import Brief
from memory.records import User

Stage = Literal["brief", "ideas", "choice", "outline", "making", "review", "check", "pack"]
STAGES: tuple[Stage, ...] = get_args(Stage)

PieceKind = Literal["text", "picture", "voice"]
KINDS: tuple[PieceKind, ...] = get_args(PieceKind)
MEDIA: Mapping[PieceKind, str] = {"text": "text/", "picture": "image/", "voice": "audio/"}
"""What the media type of a file for a piece begins with."""


@dataclass(frozen=True, slots=True)
class Idea:
    """What the set could be about; `author` is None when a model had it, `parents` are numbers.

    `replaced` says that another came of it that stands in its place.
    """

    number: int
    title: str
    description: str = ""
    tags: tuple[str, ...] = ()
    picture: str = ""
    author: User | None = None
    parents: tuple[int, ...] = ()
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote among ideas: who chose which; `until` is when it ends at the latest.

    `last` says that a tie is now the owner's to decide.
    """

    among: tuple[int, ...]
    until: datetime | None = None
    votes: Mapping[User, int] = field(default_factory=dict)
    last: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One form of a piece: an asset's SHA-256 or a text, and the step that made it.

    `author` is who sent it, None when it was made; `faults` are the rules it does not keep.
    """

    number: int
    asset: str = ""
    text: str = ""
    step: str = ""
    author: User | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a piece; `change` when it asked for something else."""

    author: User | None
    text: str
    change: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of the set: what it shall be, and the versions of it there are.

    `request` is what is asked of the model: a picture's prompt, what a text is about, the line to
    be spoken (empty: the text of piece `reads`). With `must` a text says what the brief wants
    said. `kept` is the number of the version that counts.
    """

    number: int
    kind: PieceKind
    title: str
    request: str
    form: str = "other"
    words: int = 60
    reads: int = 0
    language: str = ""
    must: bool = True
    carer: User | None = None
    seed: int = 0
    versions: tuple[Version, ...] = ()
    kept: int = 0
    approved: tuple[User, ...] = ()
    comments: tuple[Comment, ...] = ()
    overruled: User | None = None

    @property
    def now(self) -> Version | None:
        """The version that counts, None while there is none."""
        return next((v for v in self.versions if v.number == self.kept), None)


@dataclass(frozen=True, slots=True)
class Reference:
    """The picture that all others shall look like: an asset's SHA-256, what it is, who said so."""

    asset: str
    name: str
    author: User | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Two people want something different of the brief: `was` counts until somebody decides."""

    name: str
    was: object
    was_by: User | None
    new: object
    new_by: User | None


@dataclass(frozen=True, slots=True)
class Room:
    """A room as it stands after event `number`; `stage_at` is the event that brought its stage.

    `template` is a name and `kind` all of it, as JSON, so that a file may change or go,
    `by` names who last set each part of the brief, `members` everybody who contributed,
    `card` what the last check found (nothing once a piece is changed), after so many `rounds` of
    repair.
    """

    id: str = ""
    title: str = ""
    template: str = ""
    stage: Stage = "brief"
    stage_at: int = 0
    stage_since: datetime | None = None
    number: int = 0
    owner: User | None = None
    brief: Brief = field(default_factory=Brief)
    by: Mapping[str, User | None] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    ideas: tuple[Idea, ...] = ()
    ballot: Ballot | None = None
    chosen: int = 0
    reference: Reference | None = None
    pieces: tuple[Piece, ...] = ()
    members: tuple[User, ...] = ()
    card: Mapping[str, object] = field(default_factory=dict)
    rounds: int = 0
    packs: tuple[str, ...] = ()
    language: str = ""
    """That of who opened it."""
    kind: str = ""

    def idea(self, number: int) -> Idea | None:
        """Return an idea by its number."""
        return next((one for one in self.ideas if one.number == number), None)

    def piece(self, number: int) -> Piece | None:
        """Return a piece by its number."""
        return next((one for one in self.pieces if one.number == number), None)

    def after(self, stage: Stage) -> bool:
        """Tell whether the room is past a stage."""
        return STAGES.index(self.stage) > STAGES.index(stage)
