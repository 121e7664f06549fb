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
    """Look at newer things only from now on.

    What was loaded is not looked at a last time: a tenth of a second, to find nothing to speak of.
    """
    gc.freeze()
    gc.set_threshold(*_USUAL)
