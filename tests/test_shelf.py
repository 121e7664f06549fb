"""The models on the shelf: listed, fetched, verified."""

from pathlib import Path

import pytest

from bot import shelf
from bot.settings import ModelServer, Settings
from tools.errors import ModelUnavailable


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings with a profile of two models: one in a folder, one whose licence is special."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "own.toml").write_text(
        """
        [models.here]
        family = "diffusion"
        tasks = ["draw", "vary"]
        source = { folder = "folder" }
        licence = "MIT"

        [models.strict]
        family = "diffusion"
        tasks = ["edit"]
        source = { folder = "missing" }
        licence = "Not for sale"
        accept = true

        [loras.oil]
        base = ["here"]
        source = { folder = "folder", files = { "oil.safetensors" = "" } }
        licence = "Not for sale either"
        accept = true

        [profiles.own]
        draw = "here"
        vary = "here"

        [profiles.strict]
        edit = "strict"
        """
    )
    return Settings(models=tmp_path / "models", catalogue=tmp_path / "own.toml", profile="own")


def test_the_list_says_what_each_model_is_for_and_where_it_stands(
    own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shelf.listing(own) == 0
    parts = capsys.readouterr().out.split("\n\n")
    drawing = next(p for p in parts if p.startswith("Pictures from words"))
    editing = next(p for p in parts if p.startswith("Changes of a picture"))
    rows = {line[2:].split()[0]: line for line in drawing.splitlines()[1:]}
    assert rows["here"].startswith("* here ")
    assert "is here" in rows["here"]
    assert rows["z-image-turbo"].startswith("  z-image-turbo ")
    strict = next(line for line in editing.splitlines() if "strict" in line)
    assert strict.endswith("Not for sale; you must accept it first")


def test_an_accepted_licence_is_shown_as_such(
    own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.listing(own.model_copy(update={"accept": frozenset({"strict"})}))
    assert "Not for sale; you accepted it" in capsys.readouterr().out


def test_what_is_here_is_not_fetched_and_verifies(
    own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shelf.fetch(own) == 0
    shelf.ensure(own)
    assert shelf.verify(own) == 0
    assert capsys.readouterr().out == "here  whole\n"


def test_what_is_missing_says_how_to_get_it(
    own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shelf.verify(own, ["here", "whisper-tiny-en"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "here             whole"
    assert "run: atelier models fetch whisper-tiny-en" in lines[1]


def test_loras_are_on_the_shelf_too(
    own: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.listing(own)
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("  oil "))
    assert row.endswith("for here  Not for sale either; you must accept it first")
    with pytest.raises(ModelUnavailable, match="oil has the licence Not for sale either"):
        shelf.fetch(own, ["oil"])
    accepted = own.model_copy(update={"accept": frozenset({"oil"})})
    with pytest.raises(ModelUnavailable, match=r"The file oil.safetensors is not in the folder"):
        shelf.fetch(accepted, ["oil"])
    (tmp_path / "folder" / "oil.safetensors").touch()
    assert shelf.fetch(accepted, ["oil"]) == 0
    assert shelf.verify(accepted, ["oil"]) == 0


def test_a_licence_that_is_not_accepted_or_a_model_nobody_knows_is_refused(own: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="Not for sale"):
        shelf.ensure(own.model_copy(update={"profile": "strict"}))
    with pytest.raises(ModelUnavailable, match="no model 'moon'"):
        shelf.fetch(own, ["moon"])
    with pytest.raises(ModelUnavailable, match="no profile 'moon'"):
        shelf.ensure(own.model_copy(update={"profile": "moon"}))


@pytest.fixture
def served(tmp_path: Path) -> Settings:
    """Settings with a profile of one model, which runs on a server."""
    (tmp_path / "served.toml").write_text(
        """
        [models.far]
        family = "server"
        tasks = ["draw"]
        source = { server = "gpu1" }
        licence = "MIT"

        [profiles.own]
        draw = "far"
        """
    )
    servers = {"gpu1": ModelServer(url="http://gpu1:8000/v1")}
    return Settings(catalogue=tmp_path / "served.toml", profile="own", servers=servers)


def test_what_a_server_runs_is_listed_and_never_fetched(
    served: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.ensure(served)
    shelf.listing(served)
    shelf.listing(served.model_copy(update={"servers": {}}))
    there, gone = (line for line in capsys.readouterr().out.splitlines() if " far " in line)
    assert there.split() == ["*", "far", "served", "MIT"]
    assert gone.split() == ["*", "far", "-", "MIT"]
    assert shelf.verify(served, ["far"]) == 0
    with pytest.raises(ModelUnavailable, match="far runs on the server gpu1; it has no files"):
        shelf.fetch(served, ["far"])
