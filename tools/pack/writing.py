"""The pack put together: documents first, then everything into one ZIP or several."""

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from memory.sentences import say
from tools.errors import Refused
from tools.pack import archive, document, page, papers, slides
from tools.pack.archive import END, Entry
from tools.pack.contents import Contents, Original, Piece, slug
from tools.pack.previews import preview
from tools.sheet import CELL, LIGHT, fit, sheet

MOST = 25_000_000
"""Bytes of a document, at most, however much a platform takes; previews are made to fit."""
LONGEST = (1600, 1000, 640, 400, 240, 160)
"""Pixels of a preview's longer side, tried in this order."""
SHEET = 4096
"""Pixels of a side of the contact sheet, about, at most."""
COVER = 900
"""Pixels of a side of the sheet on the first page, about."""
_BASE64 = 1.4
_SMALLER = "-smaller.jpg"
_TOO_LARGE = (
    "{name} has {size:.1f} MB and does not fit into a file of {most:.0f} MB, so it was left out."
)
_SHRUNK = (
    "{name} has {size:.1f} MB and does not fit into a file of {most:.0f} MB, so a smaller picture"
    " is in its place."
)
_MANIFEST, _SUMS = "manifest.json", "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Packed:
    """The ZIPs of a pack in their order; `left_out` are sentences on what was too large for one."""

    files: tuple[Path, ...]
    left_out: tuple[str, ...] = ()


def write(contents: Contents, folder: Path, most: int) -> Packed:
    """Write the pack into a folder, in ZIPs of at most `most` bytes that open alone (blocks).

    In memory are at most one original and the previews, which share `most` or 25 MB. Equal
    contents give equal bytes. Raises Refused for a broken picture or far too small a `most`,
    ToolError for a file that changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        names = [_names(number, piece) for number, piece in enumerate(contents.pieces, 1)]
        spare = _spare(contents, names)
        room = most - spare - END
        if room < 0:
            form = "A pack of {pieces} pieces needs more than {size:.1f} MB a file."
            raise Refused(form, pieces=len(names), size=most / 1e6)
        told = [*_shrunk(contents, names, room, most)]
        entries = [*_documents(contents, names, Path(place), min(room, MOST))]
        entries += _originals(contents, names, room)
        kept = [entry for entry in entries if entry.most <= room]
        left_out = (*told, *(_said(_TOO_LARGE, e, most) for e in entries if e.most > room))
        parts = archive.parted(kept, most, spare)
        files = _written(contents, names, parts, left_out, Path(place))
        return Packed(tuple(file.replace(folder / file.name) for file in files), left_out)


def _written(
    contents: Contents,
    names: Sequence[dict[str, str]],
    parts: list[list[Entry]],
    left_out: tuple[str, ...],
    folder: Path,
) -> tuple[Path, ...]:
    files = []
    base = slug(contents.title, "pack")
    base += f"-v{contents.version}" if contents.version > 1 else ""
    sums = Entry(_SUMS, papers.sums(entry for part in parts for entry in part))
    whole = _manifest(contents, names, parts, left_out)
    for number, part in enumerate(parts, 1):
        end = f"-{number}-of-{len(parts)}" if len(parts) > 1 else ""
        file = folder / f"{base}{end}.zip"
        about = papers.as_json({"part": number, **whole})
        archive.write(file, [Entry(_MANIFEST, about), sums, *part])
        files.append(file)
    return tuple(files)


def _manifest(
    contents: Contents,
    names: Sequence[dict[str, str]],
    parts: list[list[Entry]],
    left_out: tuple[str, ...],
) -> dict[str, object]:
    return {
        "parts": len(parts),
        "title": contents.title,
        "version": contents.version,
        "language": contents.language,
        "made": contents.made.isoformat(),
        "brief": dict(contents.brief),
        "pieces": papers.origins(contents, names),
        "decisions": papers.decisions(contents),
        "files": [
            {"path": e.path, "sha256": archive.sha256(e), "size": e.size, "part": number}
            for number, part in enumerate(parts, 1)
            for e in part
        ],
        "left_out": list(left_out),
    }


def _names(number: int, piece: Piece) -> dict[str, str]:
    """Return the paths of a piece's files: our number and letters, never a stranger's path."""
    base = f"{number:02}-{slug(piece.title)}"
    names = {"text": f"texts/{base}.txt"} if piece.text else {}
    if piece.picture:
        names["picture"] = f"originals/{base}.{piece.picture.suffix}"
    if piece.voice:
        names["voice"] = f"voice/{base}.{piece.voice.suffix}"
    return names


def _shrunk(
    contents: Contents, names: Sequence[dict[str, str]], room: int, most: int
) -> Iterator[str]:
    """Name pictures that fit into no file for the smaller ones in their place; yield sentences."""
    for piece, paths in zip(contents.pieces, names, strict=True):
        if piece.picture and (one := Entry(paths["picture"], piece.picture)).most > room:
            paths["picture"] = f"{one.path.rpartition('.')[0]}{_SMALLER}"
            yield _said(_SHRUNK, one, most)


def _originals(contents: Contents, names: Sequence[dict[str, str]], room: int) -> Iterator[Entry]:
    for piece, paths in zip(contents.pieces, names, strict=True):
        sources = {"picture": piece.picture, "text": piece.text.encode(errors="replace")}
        for part, source in {**sources, "voice": piece.voice}.items():
            if isinstance(source, Original) and paths[part].endswith(_SMALLER):
                source = fit(source.read(), room - 2000)[0]
            if source and part in paths:
                yield Entry(paths[part], source)


def _documents(
    contents: Contents, names: Sequence[dict[str, str]], place: Path, room: int
) -> Iterator[Entry]:
    """Write the documents and yield them, what people open first before all."""
    voices = sum(piece.voice.size for piece in contents.pieces if piece.voice) * _BASE64
    sounds = voices < 0.6 * room
    pictures = _previews(contents, (room - (voices if sounds else 0)) / _BASE64)
    html, pdf, deck = place / "index.html", place / "pack.pdf", place / "slides.pptx"
    page.write(html, contents, pictures, sounds=sounds)
    shown = {str(n): picture for n, picture in enumerate(pictures, 1) if picture}
    cover = _sheet(shown, COVER) if len(shown) > 1 else next(iter(shown.values()), None)
    document.write(pdf, contents, pictures, cover)
    slides.write(deck, contents, pictures, cover)
    yield from (Entry(file.name, file) for file in (html, pdf, deck))
    if shown:
        yield Entry("contact-sheet.jpg", fit(_sheet(shown, SHEET), room)[0])
    yield Entry("captions.txt", papers.captions(contents).encode(errors="replace"))
    yield Entry("captions.json", papers.as_json(papers.words(contents, names)))
    yield Entry("story.md", papers.story(contents).encode(errors="replace"))


def _previews(contents: Contents, room: float) -> list[bytes | None]:
    """Return a JPEG for each piece with a picture, as large as all of them together may be."""
    text = sum(4 * len(p.text + p.caption + p.alt + p.title) + 2000 for p in contents.pieces)
    left = 0.9 * room - text - 100_000
    for longest in LONGEST:
        made = [preview(p.picture, longest) if p.picture else None for p in contents.pieces]
        if sum(len(data) for data in made if data) <= left:
            break
    return made


def _spare(contents: Contents, names: Sequence[dict[str, str]]) -> int:
    """Return the bytes that a manifest has at most, before it is known which files go where."""
    files = 3 * len(names) + 8
    return len(papers.as_json(_manifest(contents, names, [], ()))) + 600 * files


def _sheet(pictures: Mapping[str, bytes], side: int) -> bytes:
    columns = math.ceil(math.sqrt(len(pictures)))
    cell = max(64, min(CELL, side // columns))
    return sheet(list(pictures.values()), cell, list(pictures), LIGHT)


def _said(form: str, entry: Entry, most: int) -> str:
    return say(form, name=entry.path, size=entry.size / 1e6, most=most / 1e6)
