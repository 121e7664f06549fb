"""How soon the kernel lets the event loop run when something has come for it."""

import ctypes
import os
import platform
import struct
import sys
from contextlib import suppress

_NUMBERS = {"x86_64": 314, "aarch64": 274}
"""sched_setattr(2), which few C libraries offer, by machine."""
_ATTRIBUTES = "IIQiIQQQ"
"""struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period."""
_RESET_ON_FORK = 1
_SLICE = 100_000
"""Nanoseconds we want to run for at a time, the least there is."""


def soon() -> None:
    """Ask Linux to let this thread run as soon as there is something for it to do.

    It needs little, but at once: a model that takes all processors otherwise keeps it waiting for
    the next tick of the kernel's clock. Threads and processes that this one begins have usual
    turns.
    """
    if sys.platform == "linux" and not _first():
        _short()


def _first() -> bool:
    """Run before all usual threads, which root may and whom an rlimit for it (rtprio) allows.

    The lowest of the real-time priorities will do. The kernel leaves the others 5 % even of a
    thread that would never end, sched(7).
    """
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(os.sched_get_priority_min(os.SCHED_RR)))
    except OSError:
        return False
    return True


def _short() -> None:
    """Ask for short turns, which come sooner (from Linux 6.12) and take nothing from anybody."""
    number = _NUMBERS.get(platform.machine())
    if number is None:
        return
    size, nice = struct.calcsize(_ATTRIBUTES), os.getpriority(os.PRIO_PROCESS, 0)
    wanted = struct.pack(_ATTRIBUTES, size, os.SCHED_OTHER, _RESET_ON_FORK, nice, 0, _SLICE, 0, 0)
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).syscall(number, 0, wanted, 0)  # an older kernel says no, and that is all
