"""The C library's heap, made to give back what large things leave."""

import ctypes
import sys
from contextlib import suppress

_TRIM, _MAP, _ARENAS = -1, -3, -8
"""glibc's M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_ARENA_MAX (mallopt(3))."""
_LARGE = 128 * 1024
"""Bytes from which on something has pages of its own."""


def tidy() -> None:
    """Keep large things apart from small ones, and few heaps, where there is glibc.

    Without that glibc raises the size of what counts as large with every picture that goes, keeps
    pictures among small things that stay, and a heap for each thread: the process grows for hours
    although what it holds does not.
    """
    if sys.platform != "linux":
        return
    with suppress(AttributeError, OSError):  # another C library
        library = ctypes.CDLL(None)
        for option, value in ((_MAP, _LARGE), (_TRIM, _LARGE), (_ARENAS, 2)):
            library.mallopt(option, value)
