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
    """Ask for short turns of the processor for this thread, where Linux has them (from 6.12).

    Whoever wants little at a time is let in before whoever wants much has used up its own turn: it
    takes nothing from anybody. Threads and processes that this one begins have usual turns.
    """
    number = _NUMBERS.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    size, nice = struct.calcsize(_ATTRIBUTES), os.getpriority(os.PRIO_PROCESS, 0)
    wanted = struct.pack(_ATTRIBUTES, size, os.SCHED_OTHER, _RESET_ON_FORK, nice, 0, _SLICE, 0, 0)
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).syscall(number, 0, wanted, 0)  # an older kernel says no, and that is all
