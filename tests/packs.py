"""What is in a room's pack, read from its files: whether the brief is kept in every piece."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import av
from PIL import Image
from pypdf import PdfReader

from tools.prose import count_words
from tools.terms import has, mentions

_OFF = 0.1
_ABOUT = ("manifest.json", "SHA256SUMS")
_DOCUMENTS = ("index.html", "pack.pdf", "slides.pptx", "captions.txt", "captions.json", "story.md")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pack is held to: `words` are the most of a text, by the title of its piece."""

    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    aspect: str = ""
    words: Mapping[str, int] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    """The titles of texts that need not say what must be said."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was looked at, and what of it is wrong, in sentences."""

    pieces: int
    files: int
    checked: int
    wrong: tuple[str, ...]


def read(zips: Sequence[bytes], wanted: Wanted) -> Found:
    """Open the parts of a pack and look at every file in them."""
    files: dict[str, bytes] = {}
    wrong: list[str] = []
    for number, data in enumerate(zips, 1):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            there = {name: archive.read(name) for name in archive.namelist()}
        files |= {name: data for name, data in there.items() if name not in _ABOUT}
        wrong += _sums(there["SHA256SUMS"].decode(), there)
        if (manifest["part"], manifest["parts"]) != (number, len(zips)):
            wrong.append(f"part {number} calls itself {manifest['part']} of {manifest['parts']}")
    checks = [*_listed(manifest, files), *_documents(manifest, files)]
    for piece in manifest["pieces"]:
        checks += _piece(piece, files, wanted)
    wrong += [why for why in checks if why]
    return Found(len(manifest["pieces"]), len(files), len(checks), tuple(wrong))


def _sums(sums: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the files of a part that are not what its sums say, as `sha256sum` reads them."""
    said = {path: sum for sum, _, path in (row.partition("  ") for row in sums.splitlines())}
    for path in files.keys() - _ABOUT:
        same = hashlib.sha256(files[path]).hexdigest() == said.get(path)
        yield from () if same else [f"{path} is not in SHA256SUMS as it is"]


def _listed(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[str]:
    named = {row["path"]: row["sha256"] for row in manifest["files"]}
    yield (
        "" if set(named) == set(files) else f"the manifest names {sorted(set(named) ^ set(files))}"
    )
    for path, data in files.items():
        same = hashlib.sha256(data).hexdigest() == named.get(path)
        yield "" if same else f"{path} has another hash than the manifest says"


def _documents(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[str]:
    yield from ("" if name in files else f"{name} is missing" for name in _DOCUMENTS)
    page = files.get("index.html", b"").decode()
    pdf = "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(files["pack.pdf"])).pages)
    for piece in manifest["pieces"]:
        title = piece["title"]
        yield "" if title in page else f"the page does not show {title}"
        yield "" if title in pdf else f"the PDF does not show {title}"
        told = piece["participation"]["statement"]
        yield "" if "AI" in told or "by " in told else f"nobody is named for {title}: {told}"


def _piece(piece: Mapping[str, Any], files: Mapping[str, bytes], wanted: Wanted) -> Iterable[str]:
    """Return what is wrong with the files of a piece, "" for each check that it passes."""
    if not piece["files"]:
        return [f"{piece['title']} has no file"]
    missing = [path for path in piece["files"].values() if path not in files]
    if missing:
        return [f"{path} is missing" for path in missing]
    found: list[str] = []
    for part, path in piece["files"].items():
        data = files[path]
        if part == "text" and piece["kind"] == "text":
            found += _text(path, data.decode(), piece["title"], wanted)
        elif part == "picture":
            found.append(_picture(path, data, wanted.aspect))
        elif part == "voice":
            found.append(_voice(path, data))
    return found


def _text(path: str, text: str, title: str, wanted: Wanted) -> list[str]:
    must = () if title in wanted.free else wanted.must
    most, many = wanted.words.get(title, 0), count_words(text)
    return [
        *("" if has(text, word) else f"{path} lacks {word}: {text}" for word in must),
        *(f"{path} says {word}: {text}" if mentions(text, word) else "" for word in wanted.never),
        f"{path} has {many} words, more than {most}" if most and many > most else "",
        "" if text.strip() else f"{path} is empty",
    ]


def _picture(path: str, data: bytes, aspect: str) -> str:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        there = picture.width / picture.height
        plain = len(picture.convert("L").getcolors(256) or ()) < 2
    if plain:
        return f"{path} is of one colour"
    wide, high = map(int, aspect.split(":")) if aspect else picture.size
    off = max(there * high / wide, wide / high / there) - 1
    return f"{path} is {picture.size}, not {aspect}" if off > _OFF else ""


def _voice(path: str, data: bytes) -> str:
    with av.open(io.BytesIO(data), "r") as sound:
        seconds = sum(f.samples / f.sample_rate for f in sound.decode(audio=0))
    return "" if seconds > 0.2 else f"{path} is {seconds:.1f} s long"
