"""The command line as a program: what it prints, how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import run
from memory.folder import DataFolder

ROOT = Path(__file__).parent.parent


@pytest.fixture
def environment(tmp_path: Path, models_dir: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ATELIER_")}
    models = str(models_dir.absolute())
    return kept | {"ATELIER_MODELS": models, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}


def start(environment: dict[str, str], tmp_path: Path, *words: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=tmp_path, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(process: "subprocess.Popen[bytes]", given: bytes = b"") -> tuple[int, str, str]:
    out, err = process.communicate(given, timeout=60)
    return process.returncode, (out or b"").decode(), err.decode()


def test_importing_it_loads_next_to_nothing() -> None:
    code = (
        "import sys, bot.cli; print(*{'pydantic', 'numpy', 'rich', 'asyncio'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == ""


def test_run_without_anybody_ends_at_once(environment: dict[str, str], tmp_path: Path) -> None:
    status, shown, errors = ended(start(environment, tmp_path, "run"))
    assert (status, errors) == (0, "")
    assert shown.startswith("Atelier: I am a program; what I make is made by AI.")


def test_lines_in_events_out(environment: dict[str, str], tmp_path: Path) -> None:
    process = start(environment, tmp_path, "chat", "--json", "--dry-run")
    plan = b"write a haiku about rain, illustrate it and read it aloud\n"
    status, out, err = ended(process, b"draw two cats\nmake the second one darker\n\n" + plan)
    assert (status, err) == (0, "")
    events = [json.loads(line) for line in out.splitlines()]
    answers = {e["message"]: e for e in events if e["event"] != "progress"}
    second = answers[1]["assets"][1]["sha256"]
    assert answers[2]["steps"][0]["args"]["image"] == second
    assert answers[2]["steps"][0]["status"] == "planned"
    assert answers[3]["event"] == "error"
    assert answers[4]["text"].startswith("Plan: 3 steps, about ")  # as it would be held up


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_in_good_order(
    environment: dict[str, str], tmp_path: Path, number: int, status: int
) -> None:
    with start(environment, tmp_path, "chat", "--json") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"/help\n")
        process.stdin.flush()
        while b'"notice"' not in process.stdout.readline():
            pass
        process.send_signal(number)
        assert ended(process) == (status, "", "")
    with DataFolder.claim(tmp_path / ".local/share/atelier"):
        pass


def test_a_reader_that_went_away_ends_it_quietly(
    environment: dict[str, str], tmp_path: Path
) -> None:
    process = start(environment, tmp_path, "chat", "--json", "--dry-run")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    status, _, err = ended(process, b"/help\n" * 10)
    assert (status, err) == (141, "")


@pytest.mark.parametrize("mode", [["chat", "--json"], ["chat"], ["run"]])
def test_a_second_process_on_one_folder_is_refused(
    environment: dict[str, str], tmp_path: Path, mode: list[str]
) -> None:
    with DataFolder.claim(tmp_path / "data"):
        process = start(environment, tmp_path, *mode, "--data", "data")
        status, out, err = ended(process, b"hello\n")
    assert status == 1
    assert err.startswith("Another Atelier is working on this data folder;")
    assert err.count("\n") == 1
    assert ("Another Atelier" in out) == ("--json" in mode)


def limited(tmp_path: Path, environment: dict[str, str], size: int) -> tuple[int, str, str]:
    """Run with files that cannot grow beyond `size` bytes, as on a full disk."""
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}));"
        "import sys; from bot.cli import main; sys.argv = ['atelier', 'chat', '--json']; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    return ended(process, b"make it darker\n")


def test_a_full_disk_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    status, out, err = limited(tmp_path, environment, 4096)
    assert status == 1
    assert err.count("\n") == 1
    assert "disk" in err
    assert json.loads(out.splitlines()[-1])["event"] == "error"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "discord"], "Discord needs a token"),
        (["chat", "--profile", "nonsense"], "no profile 'nonsense'"),
        (["models", "fetch", "nonsense"], "no model 'nonsense'"),
        (["chat", "--data", "file"], "data folder cannot be written"),
        (["chat", "--json", "--data", "file/x"], "data folder cannot be written"),
    ],
)
def test_what_is_refused_is_one_sentence(
    tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str], words: list[str], says: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("ATELIER_MODELS", str(models_dir.absolute()))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert run(words) == 1
    err = capfd.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_a_broken_settings_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "atelier.toml").write_text("x =")
    assert run(["doctor"]) == 1
    assert capsys.readouterr().err.startswith("The settings file atelier.toml cannot be read")


def test_a_word_that_is_no_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["nonsense"])
    assert ended.value.code == 2
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err


def test_the_understanding_is_measured_in_a_checkout(capsys: pytest.CaptureFixture[str]) -> None:
    words = "--only singles --language fr --limit 20 --show".split()  # noqa: SIM905
    assert run(["bench", "understanding", *words]) == 0
    shown = capsys.readouterr().out
    assert "milliseconds a message" in shown
    assert "fr untouched" not in shown


def test_without_a_checkout_there_is_nothing_to_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.cli.__file__", str(tmp_path / "bot" / "cli.py"))
    assert run(["bench", "understanding"]) == 1
    assert capsys.readouterr().err.startswith("Measuring needs a checkout")
