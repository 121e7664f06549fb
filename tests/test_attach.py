"""Paths in a line of words."""

from pathlib import Path

import pytest

from bot.adapters.console.attach import split


@pytest.fixture
def cat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "my cat.png"
    path.write_bytes(b"x")
    (tmp_path / "dog").write_bytes(b"x")
    return path


@pytest.mark.parametrize(
    ("line", "words", "paths"),
    [
        ('@"my cat.png" darker', "darker", ("my cat.png",)),
        ("darker: @'my cat.png'", "darker:", ("my cat.png",)),
        (r"@my\ cat.png darker", "darker", ("my cat.png",)),
        ("look at @dog, please", "look at , please", ("dog",)),
        ("look at @nope.png", "look at", ("nope.png",)),
        ("/info @./nope", "/info", ("nope",)),
        ("thank you @ana, mail me: me@dog", "thank you @ana, mail me: me@dog", ()),
    ],
)
def test_what_is_a_path_and_what_is_a_name(
    cat: Path, line: str, words: str, paths: tuple[str, ...]
) -> None:
    assert split(line) == (words, paths)


def test_home_is_understood_also_in_quotes(cat: Path) -> None:
    assert split('@"~/my cat.png" @~/dog')[1] == (str(cat), str(cat.parent / "dog"))
