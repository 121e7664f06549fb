"""Roles, bounds and devices as an operator writes them."""

from pathlib import Path

import pytest

from bot.settings import read
from bot.sharing import ComputeSettings, Crew, QueueSettings, seconds_of
from tools.compute.admission import Admission, Role
from tools.compute.devices import Machine
from tools.errors import ToolError


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (90, 90.0),
        (0.5, 0.5),
        ("2 hours", 7200.0),
        ("30 minutes", 1800.0),
        ("1 h 30 min", 5400.0),
        ("1 hour, 5 seconds", 3605.0),
        ("1.5 days", 129_600.0),
        (" 10S ", 10.0),
    ],
)
def test_a_time_is_read_as_people_write_it(given: object, seconds: float) -> None:
    assert seconds_of(given) == seconds


@pytest.mark.parametrize("given", ["", "soon", "2", "2 hours or so", "-1 h", -1, True, [], None])
def test_what_is_no_time_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="30 minutes"):
        seconds_of(given)


def test_members_have_their_role_and_all_others_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "atelier.toml").write_text(
        """
        [roles]
        default = { budget = "30 minutes" }
        [roles.designers]
        weight = 3
        members = ["discord:123", "terminal:ana"]
        """
    )
    role = Crew(read().roles)
    assert role("discord:123") == role("terminal:ana") == Role(3.0, None)
    assert role("") == Role()
    assert role("discord:124") == role("telegram:123") == Role(1.0, 1800.0)


def test_without_roles_all_are_equal() -> None:
    assert Crew({})("anybody") == Role()


def test_the_defaults_are_those_of_the_scheduler() -> None:
    assert QueueSettings().admission() == Admission()


def test_memory_and_threads_hold_for_every_worker_and_a_missing_device_is_told() -> None:
    machine = Machine(8, 32_000)
    plans = ComputeSettings(memory=500, threads=2).workers(machine)
    assert {(p.memory, p.threads) for p in plans} == {(500, 2)}
    assert ComputeSettings().workers(machine)[0].threads == 8
    with pytest.raises(ToolError, match="set the device to cpu or auto"):
        ComputeSettings(device="cuda").workers(machine)
