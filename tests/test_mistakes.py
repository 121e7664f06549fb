"""Templates of one's own: what is wrong with a file is said, and it hides no other."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from agents.rooms.templates import (
    SLOTS,
    Checks,
    Ideas,
    Part,
    Template,
    Usual,
    Vote,
    faults,
    load,
)
from bot import doctor
from bot.settings import Settings
from tests.rooms import room

GOOD = """
name = "podcast-episode"
title = "Podcast episode"
about = "a cover and an intro that is spoken"
counted = ["cover", "絵"]
words = ["podcast"]

[brief]
aspect = "1:1"
count = 2
languages = ["fr", "日本語", "Italian"]

[ideas]
ask = "an episode about {subject}"

[vote]
quorum = 1

[[pieces]]
kind = "picture"
title = "Cover"
each = true
request = "{subject}, {idea}"

[[pieces]]
kind = "text"
title = "Intro"
request = "Write what a host says first in a podcast about {subject}."

[[pieces]]
kind = "voice"
title = "Spoken intro"
reads = "Intro"
"""
PIECE = '[[pieces]]\nkind = "text"\ntitle = "T{0}"\nrequest = "x"\n'


def test_a_template_is_read_as_windows_saves_it_and_languages_by_any_name(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert faults([tmp_path]) == {}
    one = load([tmp_path])["podcast-episode"]
    assert one.brief.languages == ("French", "Japanese", "Italian")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("counted =", "coutned =", "coutned is not known; is it “counted”"),
        ('reads = "Intro"', 'read = "Intro"', "read of piece 3 is not known; is it “reads”"),
        ("[vote]", '[vote]\nwords = ["x"]', "words under [vote] belongs above the first line"),
        ("[vote]", "[vote]\nzzz = 1", "zzz under [vote] is not known; there are quorum, hours"),
        ('"voice"', '"video"', "kind of piece 3 must be 'text', 'picture' or 'voice', not 'video'"),
        ('"1:1"', '"5:7"', "aspect under [brief] must be '1:1', '16:9', '9:16'"),
        ("count = 2", 'count = "two"', "count under [brief] must be a whole number, not 'two'"),
        ("quorum = 1", "quorum = 0", "quorum under [vote] must be at least 1, not 0"),
        ("each = true", 'each = "sure"', "each of piece 1 must be true or false, not 'sure'"),
        ('["podcast"]', '"podcast"', "words must be a list in square brackets, not 'podcast'"),
        ('["podcast"]', '[""]', "words must not be empty"),
        ('"podcast-episode"', '"../My Pod"', "name must be small letters, digits and hyphens"),
        ('title = "Podcast episode"\n', "", "title is missing"),
        ('"Cover"', '"Intro"', "piece 2 (“Intro”) has the title of another piece"),
        ('reads = "Intro"', 'reads = "Cover"', "reads with the title of a text above it (Intro)"),
        ('request = "{subject}, {idea}"', "", "piece 1 (“Cover”) needs a request"),
        ("{subject}, {idea}", "{topic}", "request of piece 1: {topic} stands for nothing"),
        ("[vote]", '[vote]\nhours = 1\n[checks]\n"pictures" = 3', "pictures under [checks]"),
        ("count = 2", 'never = ["podcast"]', "piece 2 (“Intro”) asks for “podcast”, which never"),
        ("count = 2", 'never = ["beer"]\nmust = ["beer"]', "“beer” is in must and in never"),
        ("[[pieces]]", "".join(map(PIECE.format, range(60))) + "[[pieces]]", "it has 64 pieces"),
        ('= "Podcast episode"', "= Podcast", "(at line 3, column 9); texts stand in quotation"),
        (GOOD[GOOD.index("[[pieces]]") :], "", "it has no pieces; each begins with a line [[pie"),
        (
            "count = 2",
            'terms = ["gig"]',
            "“gig” must be such as “gig → concert”",
        ),
        ("Cover", "\udcdc", "it is not in UTF-8; save it in that encoding"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    (tmp_path / "mine.toml").write_bytes(text.encode(errors="surrogateescape"))
    (said,) = faults([tmp_path]).values()
    assert said.startswith("templates/mine.toml is left out: ")
    assert why in said
    assert said.endswith(".")
    assert "\n" not in said
    assert load([tmp_path]) == load()


def test_two_files_of_one_name_and_what_is_no_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "folder.toml").mkdir()
    found = faults([tmp_path])
    assert set(found) == {"b", "folder"}
    assert "a.toml has the name “podcast-episode” too" in found["b"]
    assert "cannot be read" in found["folder"]
    assert "podcast-episode" in load([tmp_path])


async def test_a_wrong_file_stops_nothing_and_is_named_where_templates_are(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "mine.toml").write_text(GOOD.replace('"Cover"', "Cover"), encoding="utf-8")
    (folder / "yours.toml").write_text(GOOD, encoding="utf-8")
    async with room(tmp_path) as here:
        here.studio.folders = (folder,)
        told = await here.told("/project templates")
        assert "podcast-episode: a cover" in told
        assert "templates/mine.toml is left out" in told
        assert "(at line" in (await here.say("/project new mine for tea")).message.text
        opened = await here.say("let's make a podcast about tea")
        assert "Podcast episode" in opened.message.text
        (folder / "yours.toml").write_text(GOOD.replace("{idea}", "{thing}"), encoding="utf-8")
        assert "families" in (await here.say("audience is families")).message.text


def test_the_doctor_looks_at_them(tmp_path: Path, models_dir: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "mine.toml").write_text(GOOD, encoding="utf-8")
    (folder / "wrong.toml").write_text("name = 3", encoding="utf-8")
    found = [*doctor._templates(Settings(data=tmp_path, models=models_dir).data / "templates")]
    assert [f.state for f in found] == ["warn", "ok"]
    assert "name must be text, not 3" in found[0].found
    assert found[1].found.startswith("1 of your own")


def test_the_example_is_sound_and_has_every_key(tmp_path: Path) -> None:
    example = Path(__file__).parents[1] / "deploy" / "template.example.toml"
    shutil.copy(example, tmp_path)
    assert faults([tmp_path]) == {}
    table = tomllib.loads(example.read_text(encoding="utf-8"))
    parts = {key for piece in table["pieces"] for key in piece}
    assert table.keys() == Template.model_fields.keys()
    assert parts == Part.model_fields.keys()
    for name, model in (("brief", Usual), ("ideas", Ideas), ("vote", Vote), ("checks", Checks)):
        assert table[name].keys() == model.model_fields.keys()
    assert set(re.findall(r"\{(\w+)\}", example.read_text("utf-8"))) == set(SLOTS)
