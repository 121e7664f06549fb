"""The turns of the processor that the event loop asks for."""

import ctypes
import os
import platform
import resource
import struct
import sys
import threading

import pytest

from bot import wakeup

GET = {"x86_64": 315, "aarch64": 275}
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in GET,
    reason="needs Linux on a usual machine",
)


def attributes() -> tuple[int, ...]:
    """Return policy, nice, priority and slice of this thread."""
    data = ctypes.create_string_buffer(48)
    if ctypes.CDLL(None).syscall(GET[platform.machine()], 0, data, 48, 0):
        pytest.skip("this kernel does not say how its threads are scheduled")
    _, policy, _, nice, priority, runtime, _, _ = struct.unpack("IIQiIQQQ", data.raw)
    return policy, nice, priority, runtime


def asked() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what a thread has that asked for it, and what one has that it began."""
    found: list[tuple[int, ...]] = []

    def ask() -> None:
        wakeup.soon()
        found.append(attributes())
        child = threading.Thread(target=lambda: found.append(attributes()))
        child.start()
        child.join()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    mine, child = found
    return mine, child


def test_where_it_is_allowed_only_the_thread_that_asks_runs_before_all_others() -> None:
    if os.geteuid() and not resource.getrlimit(resource.RLIMIT_RTPRIO)[0]:
        pytest.skip("only root may, or whom an rlimit allows it")
    usual = attributes()
    mine, child = asked()
    if mine[0] == os.SCHED_OTHER:
        pytest.skip("this machine allows it to nobody")
    assert mine[0] == os.SCHED_RR
    assert mine[2] == 1
    assert child == usual == attributes()


def test_elsewhere_only_the_thread_that_asks_has_short_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refused)
    usual = attributes()
    mine, child = asked()
    assert mine[:2] == usual[:2]
    assert child == usual == attributes()
    release = tuple(int(part) for part in platform.release().split(".")[:2])
    assert mine[3] == (100_000 if release >= (6, 12) else usual[3])
