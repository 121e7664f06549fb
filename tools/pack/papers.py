"""The pack's small files: captions, texts, the story, and the manifest. Pure text."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from memory.sentences import say
from tools.pack.archive import Entry, sha256
from tools.pack.contents import Contents, Piece, plain
from tools.pack.wording import (
    BRIEF,
    DECIDED,
    PARTICIPATION,
    alt,
    brief,
    day,
    kind,
    statements,
    told,
)

_NOTHING = say("Nothing was noted.")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def captions(contents: Contents) -> str:
    """Return all captions, alt texts and texts for people, piece by piece."""
    blocks = []
    for number, piece in enumerate(contents.pieces, 1):
        lines = [f"{number}. {told(piece.title)} ({kind(contents, piece)})"]
        caption = say("Caption: {words}", words=told(piece.caption))
        lines += [contents.put(caption)] if piece.caption else []
        lines += [alt(contents, piece)] if piece.alt else []
        lines += ["", plain(piece.text)] if piece.text else []
        blocks.append("\n".join(lines))
    return "\n\n\n".join(blocks) + "\n"


def story(contents: Contents) -> str:
    """Return who decided what as Markdown; what people wrote is escaped in it."""
    put = contents.put
    lines = [f"# {_mark(contents.title)}", "", day(contents.made), ""]
    if contents.brief:
        lines += [f"## {put(BRIEF)}", ""]
        lines += [f"- **{_mark(name)}**: {_mark(value)}" for name, value in brief(contents)]
        lines += [""]
    lines += [f"## {put(DECIDED)}", ""]
    lines += [
        f"- {event.at:%Y-%m-%d %H:%M %Z}: **{_mark(event.who)}**: {_mark(event.what)}"
        for event in contents.story
    ] or [put(_NOTHING)]
    lines += ["", f"## {put(PARTICIPATION)}", ""]
    for number, piece in enumerate(contents.pieces, 1):
        how = " ".join(statements(contents, piece))
        lines.append(f"{number}. **{_mark(piece.title)}**: {_mark(how)}")
    return "\n".join(lines) + "\n"


def words(contents: Contents, files: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return titles, captions, alt texts and texts for JSON; `files` are each piece's paths."""
    return [
        {
            "number": number,
            "title": piece.title,
            "kind": piece.kind,
            "caption": piece.caption,
            "alt": piece.alt,
            "text": piece.text,
            "files": dict(names),
        }
        for number, (piece, names) in enumerate(zip(contents.pieces, files, strict=True), 1)
    ]


def origins(contents: Contents, files: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return how each piece was made, and by whom, for the manifest."""
    return [
        {
            "number": number,
            "title": piece.title,
            "kind": piece.kind,
            "files": dict(names),
            "recipe": dict(sorted(piece.recipe.items())),
            "participation": _participation(contents, piece),
        }
        for number, (piece, names) in enumerate(zip(contents.pieces, files, strict=True), 1)
    ]


def decisions(contents: Contents) -> list[dict[str, str]]:
    """Return who decided what, for the manifest."""
    return [
        {"at": event.at.isoformat(), "who": event.who, "what": event.what}
        for event in contents.story
    ]


def sums(entries: Iterable[Entry]) -> bytes:
    """Return the hashes of files as `sha256sum -c` reads them."""
    return "".join(f"{sha256(one)}  {one.path}\n" for one in entries).encode()


def as_json(value: object) -> bytes:
    """Return JSON that is the same for the same value, readable, in UTF-8."""
    return (json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n").encode(
        errors="replace"
    )


def _participation(contents: Contents, piece: Piece) -> dict[str, Any]:
    shares = [
        {
            "part": share.part,
            "ai": bool(share.model),
            "model": share.model,
            "people": list(share.people),
            "human_edits": share.edits,
        }
        for share in piece.shares
    ]
    return {
        "statement": " ".join(statements(contents, piece)),
        "human_edits": sum(share.edits for share in piece.shares),
        "parts": shares,
    }


def _mark(text: str) -> str:
    """Return an untrusted text as one line of Markdown that means only itself."""
    return _SPECIAL.sub(r"\\\1", told(text))
