"""Assets: kept once under their hash, whole or not at all."""

import asyncio
import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memory.assets import Assets
from memory.errors import AtelierError, NotFound, StorageFull
from memory.records import Asset

ROOT = Path(__file__).parent.parent
PICTURE = b"\x89PNG not quite" * 1000


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    return Assets(tmp_path)


def files(root: Path) -> list[Path]:
    return sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())


async def test_bytes_come_back_and_lie_under_their_hash(assets: Assets, tmp_path: Path) -> None:
    asset = await assets.put(PICTURE, "image/png", width=8, height=4)
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    assert asset == Asset(sha256, "image/png", len(PICTURE), 8, 4)
    assert assets.path(asset) == tmp_path / sha256[:2] / f"{sha256}.png"
    assert await assets.read(asset) == await assets.read(sha256) == PICTURE


async def test_a_sound_keeps_its_length_and_waveform(assets: Assets) -> None:
    asset = await assets.put(b"OggS", "audio/ogg", seconds=1.5, waveform=b"\x01\xff")
    assert (asset.seconds, asset.waveform) == (1.5, b"\x01\xff")
    assert assets.path(asset).suffix == ".ogg"


@pytest.mark.parametrize(
    ("media_type", "ending"),
    [("image/JPEG", ".jpg"), ("text/plain; charset=utf-8", ".txt"), ("x/../../etc", ".bin")],
)
async def test_the_ending_is_one_of_ours(assets: Assets, media_type: str, ending: str) -> None:
    assert assets.path(await assets.put(b"x", media_type)).suffix == ending


async def test_the_same_bytes_are_kept_once(assets: Assets, tmp_path: Path) -> None:
    first = await assets.put(PICTURE, "image/png")
    made = assets.path(first).stat().st_mtime_ns
    many = await asyncio.gather(*(assets.put(PICTURE, "image/png") for _ in range(8)))
    assert set(many) == {first}
    assert len(files(tmp_path)) == 1
    assert assets.path(first).stat().st_mtime_ns == made


async def test_a_missing_picture_is_one_sentence(assets: Assets) -> None:
    asset = await assets.put(PICTURE, "image/png")
    assets.path(asset).unlink()
    with pytest.raises(NotFound) as missing:
        await assets.read(asset)
    assert str(missing.value) == "That picture is no longer here; make it or send it again."
    with pytest.raises(NotFound, match="That file is no longer here"):
        await assets.read(asset.sha256)


@pytest.mark.parametrize("name", ["", "*", "../../etc/passwd", "a" * 63, "A" * 64])
async def test_only_a_hash_is_looked_for(assets: Assets, name: str) -> None:
    await assets.put(PICTURE, "image/png")
    with pytest.raises(NotFound):
        await assets.read(name)


async def test_damage_is_noticed_and_putting_it_again_repairs_it(assets: Assets) -> None:
    asset = await assets.put(PICTURE, "image/png")
    assets.path(asset).write_bytes(PICTURE[:-1] + b"X")
    with pytest.raises(NotFound, match="That picture was damaged on disk"):
        await assets.read(asset)
    await assets.put(PICTURE, "image/png")
    assert await assets.read(asset) == PICTURE


async def test_the_file_and_its_name_are_forced_to_the_disk_in_order(
    assets: Assets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []
    real = os.fsync

    def fsync(file: int) -> None:
        name = Path(f"/proc/self/fd/{file}").readlink().relative_to(tmp_path).as_posix()
        seen.append((name, len(list(tmp_path.rglob("*.png")))))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    asset = await assets.put(PICTURE, "image/png")
    root, part, folder = seen
    assert root[0] == "."
    assert (part[0].endswith(".part"), part[1]) == (True, 0)  # before it has its name
    assert folder == (asset.sha256[:2], 1)  # after


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_leaves_nothing_behind(
    assets: Assets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(file: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageFull) as told:
            await assets.put(PICTURE, "image/png")
    assert str(told.value) == "The disk is full; free some room and send that again."
    assert files(tmp_path) == []
    assert await assets.read(await assets.put(PICTURE, "image/png")) == PICTURE


def test_a_limit_of_the_system_leaves_nothing_behind(tmp_path: Path) -> None:
    script = """
import asyncio, resource, sys
from pathlib import Path
from memory.assets import Assets
from memory.errors import StorageFull
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    asyncio.run(Assets(Path(sys.argv[1])).put(bytes(100_000), "image/png"))
except StorageFull:
    sys.exit(7)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=env, check=False)
    assert done.returncode == 7
    assert files(tmp_path) == []


async def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AtelierError, match="cannot be written") as told:
        await Assets(tmp_path / "file").put(PICTURE, "image/png")
    assert str(tmp_path) not in str(told.value)


async def test_erasing_removes_the_file_and_only_that(assets: Assets) -> None:
    gone, kept = await assets.put(b"gone", "image/png"), await assets.put(b"kept", "image/png")
    await assets.erase([gone.sha256, "0" * 64, "../kept"])
    with pytest.raises(NotFound):
        await assets.read(gone)
    assert await assets.read(kept) == b"kept"
