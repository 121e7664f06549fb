"""Large things get pages of their own, also after larger ones came and went."""

import subprocess
import sys

import pytest

_CODE = """
import ctypes
from bot import heap

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keep".split()]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Info
{tidy}
for _ in range(3):
    bytes(20_000_000)
before = library.mallinfo2().hblks
kept = [bytes(1_000_000) for _ in range(5)]
print(library.mallinfo2().hblks - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other heaps")
@pytest.mark.parametrize(("tidy", "apart"), [("", 0), ("heap.tidy()", 5)])
def test_large_things_are_kept_apart(tidy: str, apart: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE.format(tidy=tidy)], capture_output=True, text=True, check=False
    )
    if "mallinfo2" in done.stderr:
        pytest.skip("not glibc")
    assert int(done.stdout) == apart
