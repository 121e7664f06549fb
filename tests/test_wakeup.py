"""The turns of the processor that the event loop asks for."""

import ctypes
import os
import platform
import struct
import sys
import threading

import pytest

from bot import wakeup

GET = {"x86_64": 315, "aarch64": 275}


def attributes() -> tuple[int, ...]:
    """Return policy, flags, nice and slice of this thread."""
    data = ctypes.create_string_buffer(48)
    if ctypes.CDLL(None).syscall(GET[platform.machine()], 0, data, 48, 0):
        pytest.skip("this kernel does not say how its threads are scheduled")
    _, policy, flags, nice, _, runtime, _, _ = struct.unpack("IIQiIQQQ", data.raw)
    return policy, flags, nice, runtime


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in GET,
    reason="needs Linux on a usual machine",
)
def test_only_the_thread_that_asks_has_short_turns() -> None:
    found: list[tuple[int, ...]] = []

    def ask() -> None:
        wakeup.soon()
        found.append(attributes())
        child = threading.Thread(target=lambda: found.append(attributes()))
        child.start()
        child.join()

    usual = attributes()
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    asked, child = found
    assert asked[0] == os.SCHED_OTHER
    assert asked[2] == usual[2]
    assert child == usual == attributes()
    release = tuple(int(part) for part in platform.release().split(".")[:2])
    assert asked[3] == (100_000 if release >= (6, 12) else usual[3])
