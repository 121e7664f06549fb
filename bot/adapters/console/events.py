"""What a script hears: one JSON object a line, written at once."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO


class Events:
    """Writes events to a binary stream; when nobody reads them any more, says so by `gone`."""

    def __init__(self, out: BinaryIO, gone: Callable[[int], None]) -> None:
        self._out, self._gone = out, gone
        self.open = True

    def write(self, event: str, number: int | None, **fields: object) -> None:
        """Write an event about the input's line `number` (None: about an earlier run's)."""
        if not self.open:
            return
        line = json.dumps({"event": event, "message": number, **fields}, ensure_ascii=False)
        try:
            self._out.write(line.encode("utf-8", "replace") + b"\n")
            self._out.flush()
        except OSError:
            self.open = False
            _drop(self._out)
            self._gone(signal.SIGPIPE)

    def told(self, event: str, number: int | None, text: str) -> None:
        """Write an event that is only words; it has the same fields as a reply."""
        self.write(event, number, id=None, text=text, assets=[], steps=[], actions=[])


def _drop(out: BinaryIO) -> None:
    """Send what is still buffered nowhere, or the interpreter complains when it flushes it."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)
