"""The pack of a project room, read back: complete, safe, in order, the same each time."""

import hashlib
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pptx
import pypdf
import pytest
from PIL import Image

from tests.pieces import SUBJECTS, piece
from tools.errors import Refused, ToolError
from tools.pack import Contents, Event, Original, Piece, Share
from tools.pack.archive import Entry, parted
from tools.pack.contents import slug
from tools.pack.fonts import CHINESE, JAPANESE, KOREAN, LATIN, runs
from tools.pack.writing import write

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EVIL = '<script>alert(1)</script> & "quotes"'
TITLES = ("Poster", "Ночь джаза", "爵士之夜", "Νύχτα της τζαζ", "../../etc/passwd", EVIL)
VOICE = b"OggS" + bytes(range(256)) * 8
MOST = 10_000_000


def contents() -> Contents:
    pieces = [
        Piece(
            title,
            "poster",
            text=f"Doors open at eight.\n{EVIL} 🎷 日本語と한국어 {'word ' * 30}",
            caption=f"A blue {subject}",
            picture=Original.of(piece("blue", subject), "image/png"),
            alt=f"a blue {subject} on white",
            recipe={"prompt": f"a blue {subject}", "seed": 7, "model": "starter"},
            shares=(
                Share("picture", "starter", ("Ana",), 1),
                Share("text", "smollm2", ("Ben", "Zoë"), 3),
            ),
        )
        for title, subject in zip(TITLES, SUBJECTS, strict=True)
    ]
    pieces[0] = replace(pieces[0], voice=Original.of(VOICE, "audio/ogg; codecs=opus"))
    pieces.append(
        Piece("Slogan", "text", text="Blue notes.", shares=(Share("text", people=("Ana",)),))
    )
    story = (
        Event("Ana", "opened *the* room", NOON),
        Event("[Ben](http://evil)", f"voted {EVIL}", NOON),
    )
    brief = {"Audience": "students", "Colours": "blue & white"}
    return Contents("Jazz Night", NOON, brief, tuple(pieces), story)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    written = write(contents(), tmp_path_factory.mktemp("pack"), MOST)
    assert written.left_out == ()
    assert [file.name for file in written.files] == ["jazz-night.zip"]
    return unpacked(written.files[0])


def unpacked(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert len(set(archive.namelist())) == len(archive.namelist())
        return {name: archive.read(name) for name in archive.namelist()}


def test_everything_is_there_under_safe_names(packed: dict[str, bytes]) -> None:
    whole = {"index.html", "pack.pdf", "slides.pptx", "contact-sheet.jpg", "captions.txt"}
    assert whole | {"captions.json", "story.md", "manifest.json"} <= packed.keys()
    assert packed["originals/01-poster.png"] == piece("blue", "apple")
    assert packed["voice/01-poster.ogg"] == VOICE
    assert packed["texts/07-slogan.txt"] == b"Blue notes."
    assert sum(name.startswith("originals/") for name in packed) == 6
    for name in packed:
        assert not name.startswith("/")
        assert ".." not in name
        assert not set(name) & set('\\:*?"<>|')


def test_the_manifest_has_hashes_recipes_and_participation(packed: dict[str, bytes]) -> None:
    manifest = json.loads(packed["manifest.json"])
    listed = {entry["path"]: entry for entry in manifest["files"]}
    assert listed.keys() == packed.keys() - {"manifest.json", "SHA256SUMS"}
    for name, entry in listed.items():
        assert hashlib.sha256(packed[name]).hexdigest() == entry["sha256"]
        assert len(packed[name]) == entry["size"]
    first = manifest["pieces"][0]
    assert first["recipe"] == {"prompt": "a blue apple", "seed": 7, "model": "starter"}
    assert first["participation"]["human_edits"] == 4
    assert first["participation"]["statement"] == (
        "Picture: drawn by AI (starter), edited once by Ana. "
        "Text: written by AI (smollm2), edited 3 times by Ben and Zoë."
    )
    assert first["files"]["voice"] in packed
    assert manifest["pieces"][6]["participation"]["statement"] == "Text: written by Ana."


class Page(HTMLParser):
    """Notes every tag with its attributes, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_and_runs_nothing(packed: dict[str, bytes]) -> None:
    html = packed["index.html"].decode()
    page = Page()
    page.feed(html)
    names = {name for name, _ in page.tags}
    assert not names & {"script", "iframe", "link", "object", "embed", "form"}
    assert not any(key.startswith("on") for _, given in page.tags for key in given)
    sources = [given["src"] or "" for _, given in page.tags if "src" in given]
    assert len(sources) == 7
    assert all(
        source.startswith(("data:image/jpeg;base64,", "data:audio/ogg;")) for source in sources
    )
    links = [given["href"] or "" for name, given in page.tags if name == "a"]
    assert all(link.startswith("#") for link in links)
    assert {link[1:] for link in links} <= {given.get("id") for _, given in page.tags}
    alts = [given["alt"] for name, given in page.tags if name == "img"]
    assert alts[0] == "a blue apple on white"
    assert all(alts)
    for said in (*TITLES, "voted <script>", "Who decided what", "edited 3 times by Ben and Zoë"):
        assert said in page.text
    assert "default-src 'none'" in html
    assert html.startswith('<!doctype html>\n<html lang="en">')


def test_the_pdf_reads_back_in_every_script(packed: dict[str, bytes]) -> None:
    pdf = pypdf.PdfReader(io.BytesIO(packed["pack.pdf"]))
    text = "\n".join(page.extract_text() for page in pdf.pages)
    assert len(pdf.pages) == 8
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Jazz Night"
    marks = [str(mark["/Title"]) for mark in pdf.outline if isinstance(mark, dict)]
    assert marks[:3] == ["Brief", "1. Poster", "2. Ночь джаза"]
    assert marks[-1] == "Who decided what"
    assert str(pdf.root_object["/Lang"]) == "en"
    for said in ("Jazz Night", "Ночь джаза", "Νύχτα", "<script>", "blue & white", "A blue apple"):
        assert said in text
    assert sum(len(page.images) for page in pdf.pages) == 7  # the cover's sheet and six pictures


def test_each_letter_gets_a_font_that_has_it() -> None:
    assert runs("Été ночь") == [(LATIN, "Été ночь")]
    assert runs("爵士 ok") == [(CHINESE, "爵士"), (LATIN, " ok")]
    assert [font for font, _ in runs("夜のjazz")] == [JAPANESE, LATIN]
    assert runs("한국")[0][0] == KOREAN
    assert len(runs("a🎷b")) == 1


def test_sums_are_what_sha256sum_reads_and_a_version_is_named(tmp_path: Path) -> None:
    one = replace(contents(), version=3, pieces=contents().pieces[-1:])
    (file,) = write(one, tmp_path, MOST).files
    assert file.name == "jazz-night-v3.zip"
    files = unpacked(file)
    rows = [row.split("  ") for row in files["SHA256SUMS"].decode().splitlines()]
    assert {name for _, name in rows} == files.keys() - {"SHA256SUMS", "manifest.json"}
    assert all(hashlib.sha256(files[name]).hexdigest() == sum for sum, name in rows)
    manifest = json.loads(files["manifest.json"])
    assert (manifest["version"], manifest["language"]) == (3, "en")
    assert manifest["decisions"][0]["what"] == "opened *the* room"
    assert "version 3" in files["index.html"].decode()


def test_the_slides_carry_words_pictures_and_alt_texts(packed: dict[str, bytes]) -> None:
    deck = pptx.Presentation(io.BytesIO(packed["slides.pptx"]))
    slides = list(deck.slides)
    assert len(slides) == 9
    titles = [slide.shapes.title.text_frame.text for slide in slides]
    assert titles[:4] == ["Jazz Night", "Brief", "1. Poster", "2. Ночь джаза"]
    picture = next(shape for shape in slides[2].shapes if shape.name == "Picture")
    assert picture._element.nvPicPr.cNvPr.get("descr") == "a blue apple on white"
    assert "edited once by Ana" in slides[2].notes_slide.notes_text_frame.text


def test_what_people_wrote_is_no_markdown(packed: dict[str, bytes]) -> None:
    story = packed["story.md"].decode()
    assert r"**Ana**: opened \*the\* room" in story
    assert r"**\[Ben\](http://evil)**" in story
    assert "<script>" not in story


def test_captions_are_there_for_people_and_programs(packed: dict[str, bytes]) -> None:
    first = json.loads(packed["captions.json"])[0]
    assert (first["caption"], first["alt"]) == ("A blue apple", "a blue apple on white")
    assert "Picture in words: a blue apple on white" in packed["captions.txt"].decode()


def test_the_sheet_shows_all_pictures(packed: dict[str, bytes]) -> None:
    with Image.open(io.BytesIO(packed["contact-sheet.jpg"])) as sheet:
        assert sheet.width > 3 * 200
        assert sheet.height > 2 * 200


def test_a_large_pack_becomes_several_that_open_alone_and_are_the_same_each_time(
    tmp_path: Path,
) -> None:
    most = 400_000
    written, again = (write(contents(), tmp_path / name, most) for name in ("one", "two"))
    assert len(written.files) > 1
    found: dict[str, bytes] = {}
    for number, file in enumerate(written.files, 1):
        assert re.fullmatch(rf"jazz-night-{number}-of-{len(written.files)}\.zip", file.name)
        assert file.stat().st_size <= most
        part = unpacked(file)
        manifest = json.loads(part.pop("manifest.json"))
        assert (manifest["part"], manifest["parts"]) == (number, len(written.files))
        part.pop("SHA256SUMS")
        here = {entry["path"] for entry in manifest["files"] if entry["part"] == number}
        assert here == part.keys()
        assert not found.keys() & part.keys()
        found |= part
    assert sum(name.startswith("originals/") for name in found) == 6
    assert written.left_out == ()
    assert [f.read_bytes() for f in written.files] == [f.read_bytes() for f in again.files]


def test_what_fits_nowhere_is_left_out_and_said(tmp_path: Path) -> None:
    voice = Original.of(bytes(range(256)) * 2000, "audio/ogg")
    one = replace(contents(), pieces=(Piece("Song", "voice", text="La la.", voice=voice),))
    written = write(one, tmp_path, 400_000)
    assert len(written.left_out) == 1
    assert "voice/01-song.ogg" in written.left_out[0]
    files = unpacked(written.files[0])
    assert json.loads(files["manifest.json"])["left_out"] == list(written.left_out)
    assert b"<audio" not in files["index.html"]


def test_a_picture_that_fits_nowhere_is_there_smaller(tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.effect_noise((900, 900), 90).save(data, "PNG")
    one = replace(
        contents().pieces[0], picture=Original.of(data.getvalue(), "image/png"), voice=None
    )
    written = write(replace(contents(), pieces=(one,)), tmp_path, 500_000)
    assert "01-poster.png has 0.8 MB" in written.left_out[0]
    assert written.left_out[0].endswith("so a smaller picture is in its place.")
    parts = [unpacked(file) for file in written.files]
    (named,) = json.loads(parts[0]["manifest.json"])["pieces"]
    (small,) = [part[path] for part in parts if (path := named["files"]["picture"]) in part]
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.format == "JPEG"
        assert picture.width >= 600


def test_a_file_that_changed_on_disk_is_not_packed(tmp_path: Path) -> None:
    picture = replace(Original.of(piece("blue", "hat"), "image/png"), sha256="0" * 64)
    one = replace(contents(), pieces=(Piece("Hat", "poster", picture=picture),))
    with pytest.raises(ToolError, match="changed"):
        write(one, tmp_path, MOST)
    assert not list(tmp_path.glob("*.zip"))


def test_far_too_small_a_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="7 pieces"):
        write(contents(), tmp_path, 5_000)


def test_an_empty_room_has_a_pack(tmp_path: Path) -> None:
    written = write(Contents("", NOON), tmp_path, MOST)
    assert written.files[0].name == "pack.zip"
    assert "contact-sheet.jpg" not in unpacked(written.files[0])


def test_parts_never_exceed_their_size() -> None:
    entries = [Entry(f"{n:02}", bytes(1000 * n)) for n in range(1, 20)]
    parts = parted(entries, 25_000, 2_000)
    assert [entry for part in parts for entry in part] == entries
    assert all(sum(entry.most for entry in part) <= 23_000 for part in parts)


@pytest.mark.parametrize(
    ("title", "safe"),
    [
        ("Hello, World!", "hello-world"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\CON", "c-con"),
        ("爵士 夜", "爵士-夜"),
        ("\u202e\x00??", "piece"),
        ("x" * 300, "x" * 60),
    ],
)
def test_file_names_are_words_only(title: str, safe: str) -> None:
    assert slug(title) == safe
