"""What the doctor finds, and what to do about it."""

import json
import shutil
import threading
from collections import namedtuple
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from bot import doctor
from bot.settings import ChatModel, Cluster, ModelServer, Settings
from bot.sharing import ComputeSettings
from memory.folder import DataFolder
from tools.compute.devices import Machine


@pytest.fixture
def settings(tmp_path: Path, models_dir: Path) -> Settings:
    return Settings(data=tmp_path / "data", models=models_dir)


def found(settings: Settings) -> dict[str, doctor.Finding]:
    return {f.what: f for f in doctor.look(settings)}


def test_a_sound_machine_is_told_so(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {"PATH": ""})
    assert doctor.examine(settings) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "All is well."
    starts = {line[20] != " " for line in lines[:-2]}
    assert starts == {True}, "the findings stand in a column"


@pytest.mark.parametrize(
    ("change", "what", "hint"),
    [
        ({"data": "file"}, "data folder", "choose another with --data"),
        ({"models": "empty"}, "model", "atelier models fetch whisper-tiny-en"),
        ({"profile": "moon"}, "models", "there are: 24gb"),
    ],
)
def test_what_is_bad_says_what_to_do(
    settings: Settings, tmp_path: Path, change: dict[str, str], what: str, hint: str
) -> None:
    (tmp_path / "file").touch()
    (key, value), *_ = change.items()
    wrong = settings.model_copy(update={key: value if key == "profile" else tmp_path / value})
    finding = found(wrong)[what]
    assert finding.state == "bad"
    assert hint in finding.found


def test_a_device_that_is_not_there_is_bad(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Machine, "here", lambda: Machine(2, 1000))
    wrong = settings.model_copy(update={"compute": ComputeSettings(device="cuda")})
    finding = found(wrong)["device"]
    assert (finding.state, "set the device to cpu or auto" in finding.found) == ("bad", True)


def test_with_a_cluster_the_models_are_looked_for_on_its_nodes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"cluster": Cluster(address="auto"), "models": tmp_path / "empty"}
    clustered = settings.model_copy(update=there)
    assert "on the nodes" in found(clustered)["models"].found
    assert found(clustered)["cluster"].state == "ok"
    gone = {"cluster": Cluster(address="127.0.0.1:9")}
    silent = found(settings.model_copy(update=gone))["cluster"]
    assert (silent.state, "127.0.0.1:9 does not answer" in silent.found) == ("bad", True)
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert "pip install 'atelier[cluster]'" in found(clustered)["cluster"].found


def test_something_bad_is_a_status_of_one(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.examine(settings.model_copy(update={"profile": "moon"})) == 1
    assert "1 to be mended first" in capsys.readouterr().out


def test_a_running_atelier_is_no_fault(settings: Settings) -> None:
    with DataFolder.claim(settings.data):
        assert found(settings)["data folder"] == doctor.Finding(
            "ok", "data folder", "A running Atelier works on it."
        )


@pytest.mark.parametrize(("free", "state"), [(10**12, "ok"), (10**9, "warn"), (10**6, "bad")])
def test_little_room_is_noticed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 0, free))
    assert found(settings)["room: data"].state == state


def test_a_misspelt_variable_is_a_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATELIER_MODLES", "x")
    assert found(settings)["environment"].state == "warn"


@pytest.fixture
def server() -> Iterator[str]:
    class Models(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"data": [{"id": "qwen"}]}).encode()
            self.send_response({"/v1/models": 200, "/locked/models": 401}.get(self.path, 404))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Models) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/v1"
        running.shutdown()
        thread.join()


def test_an_answer_that_is_no_list_is_told_from_silence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(status: int, text: str) -> str:
        answer = httpx.Response(status, text=text, request=httpx.Request("GET", "http://x/v1"))
        monkeypatch.setattr(httpx, "get", lambda *_, **__: answer)
        servers = {"x": ModelServer(url="http://x/v1")}
        return found(settings.model_copy(update={"servers": servers}))["server x"].found

    assert said(200, "<html>").startswith("It sends something that is no list of models; ")
    assert said(200, '{"data": 5}').startswith("It sends something that is no list of models; ")
    assert said(500, "").startswith("It fails with HTTP 500; ")


@pytest.fixture
def drawn_by_servers(tmp_path: Path) -> Path:
    """A catalogue whose profile draws on the server gpu1."""
    path = tmp_path / "models.toml"
    block = "[models.{0}]\nfamily='server'\ntasks=['draw']\nlicence='MIT'\nsource={{{1}}}\n"
    text = block.format("painter", "server='gpu1', name='qwen'")
    text += block.format("other", "server='gpu2'")
    path.write_text(f"{text}[profiles.mine]\ndraw = 'painter'\n")
    return path


def test_each_server_is_asked_for_what_the_catalogue_wants(
    settings: Settings, drawn_by_servers: Path, server: str
) -> None:
    def asked(**servers: str) -> dict[str, doctor.Finding]:
        urls = {name: ModelServer(url=url) for name, url in servers.items()}
        changes = {"servers": urls, "catalogue": drawn_by_servers, "profile": "mine"}
        return found(settings.model_copy(update=changes))

    def state(finding: doctor.Finding) -> tuple[str, str]:
        return finding.state, finding.found

    here = asked(gpu1=server, gpu2=server, spare=server)
    assert state(here["server gpu1"]) == ("ok", "It answers and has painter.")
    assert state(here["server gpu2"]) == ("warn", "It has no other; it has: qwen.")
    assert here["server spare"].state == "warn"
    assert "model" not in here, "what a server runs has no files here"
    gone = asked(gpu1="http://127.0.0.1:9/v1")
    assert state(gone["server gpu1"])[0] == "bad"
    assert "does not answer; start it, or mend servers.gpu1.url" in gone["server gpu1"].found
    assert state(asked()["server gpu1"]) == (
        "bad",
        "painter needs it; add [servers.gpu1] to atelier.toml.",
    )
    unlisted = asked(gpu1=server.removesuffix("/v1"))["server gpu1"]
    assert (unlisted.state, unlisted.found[:30]) == ("warn", "It does not list its models; s")
    locked = asked(gpu1=server.replace("/v1", "/locked"))["server gpu1"]
    assert (locked.state, locked.found[:22]) == ("bad", "It wants another key; ")


def test_the_chat_server_is_asked_for_its_model(settings: Settings, server: str) -> None:
    def asked(url: str, name: str) -> doctor.Finding:
        chat = ChatModel(model="server", url=url, name=name)
        return found(settings.model_copy(update={"chat": chat}))["chat server"]

    assert asked(server, "qwen").state == "ok"
    assert "set chat.name to: qwen" in asked(server, "moon").found
    assert asked("http://127.0.0.1:9/v1", "qwen").state == "bad"


def test_a_local_chat_model_has_to_be_one_that_runs_here(settings: Settings) -> None:
    def said(name: str) -> tuple[str, str]:
        chat = ChatModel(model="local", name=name)
        one = found(settings.model_copy(update={"chat": chat}))["requests"]
        return one.state, one.found

    assert said("") == ("ok", "The text model smollm2-135m understands them.")
    assert said("qwen35-4b")[0] == "ok"
    assert said("hibari")[0] == "bad"
    assert "There is no model 'nobody'" in said("nobody")[1]
