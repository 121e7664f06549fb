"""The collector of reference cycles, kept out of the way of whoever waits.

It stops every thread while it looks. Python looks again and again while libraries are loaded, of
which nothing ever goes, and afterwards a full look at them takes most of a tenth of a second.
"""

import gc

_SELDOM = (100_000, 50, 1000)
"""Objects made between two looks at the youngest, and how many of those make an older one."""
_USUAL = gc.get_threshold()


def put_off() -> None:
    """Look seldom, and never at everything; for programs that load libraries or end soon."""
    gc.set_threshold(*_SELDOM)


def settle() -> None:
    """Look at everything once (stops the program for that long), then at newer things only."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_USUAL)
