"""The data folder: one process at a time, and one sentence when it cannot be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from memory.errors import AtelierError, DataFolderBusy
from memory.folder import DataFolder

ROOT = Path(__file__).parent.parent
BUSY = "Another Atelier is working on this data folder; stop it or choose another with --data."


def test_it_is_made_for_this_user_only(tmp_path: Path) -> None:
    with DataFolder.claim(tmp_path / "deep" / "data") as folder:
        assert folder.database == tmp_path / "deep" / "data" / "atelier.db"
        assert folder.assets.is_dir()
        assert folder.root.stat().st_mode & 0o077 == 0


def test_a_second_claim_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    with DataFolder.claim(tmp_path):
        with pytest.raises(DataFolderBusy) as refused, DataFolder.claim(tmp_path):
            pass
        assert str(refused.value) == BUSY
    with DataFolder.claim(tmp_path):
        pass


def test_a_second_process_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from memory.folder import DataFolder
with DataFolder.claim(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"mine\n"
        with pytest.raises(DataFolderBusy), DataFolder.claim(tmp_path):
            pass
        process.kill()
    with DataFolder.claim(tmp_path):
        pass


def test_half_written_files_are_removed_and_others_are_not(tmp_path: Path) -> None:
    half, whole = tmp_path / "assets" / "1a2b.part", tmp_path / "assets" / "ab" / "abc.png"
    whole.parent.mkdir(parents=True)
    half.write_bytes(b"ha")
    whole.write_bytes(b"whole")
    with DataFolder.claim(tmp_path):
        assert not half.exists()
        assert whole.read_bytes() == b"whole"


def test_who_is_refused_removes_nothing(tmp_path: Path) -> None:
    with DataFolder.claim(tmp_path) as folder:
        being_written = folder.assets / "1a2b.part"
        being_written.write_bytes(b"ha")
        with pytest.raises(DataFolderBusy), DataFolder.claim(tmp_path):
            pass
        assert being_written.exists()


@pytest.mark.parametrize("below", [".", "data"])
def test_a_place_that_is_no_folder_is_one_sentence(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(AtelierError, match="cannot be written") as refused,
        DataFolder.claim(tmp_path / "file" / below),
    ):
        pass
    assert str(tmp_path) not in str(refused.value)
