"""A worker in a child process: orders come in on what was standard input, news goes out on what
was standard output. When the orders end, so does the process, at once.

Started as `python -m tools.compute.process`.
"""

import faulthandler
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tools.compute.answers import Send
from tools.compute.messages import Logged, Setup, pack, read_order
from tools.compute.worker import Worker

_YIELDING = 5
"""How far we stand back, in steps of `nice`."""


class ToParent(logging.Handler):
    """Sends log records, tracebacks included, to the parent's log."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._say = send
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        self._say(Logged(record.levelno, self.format(record)))


def sender(news: BinaryIO) -> Callable[[object], None]:
    """Return what writes messages to the parent, from any thread; ends the process without one."""
    lock = threading.Lock()

    def send(message: object) -> None:
        frame = pack(message)
        try:
            with lock:
                news.write(frame)
                news.flush()
        except OSError:
            os._exit(0)

    return send


def _listen(orders: BinaryIO, worker: Worker) -> None:
    """Pass orders on until the parent is gone, then end the process, whatever it does."""
    try:
        while True:
            worker.obey(read_order(orders))
    except EOFError:
        os._exit(0)


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the two pipes; what prints from now on, prints to standard error."""
    orders, news = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return orders, news


def be_a_child() -> None:
    """Leave it to the parent when to end, and let the kernel prefer the bot to us.

    The bot needs little of a processor but needs it at once; under a model that takes all of it,
    acknowledging a message takes ten times as long. Where memory ends, we are ended first.
    """
    # Ctrl-C and a service's stop signal reach us as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable()
    if sys.platform == "linux":
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
        with suppress(OSError):
            os.nice(_YIELDING)
            # where sessions share the processor between them, only this counts between sessions
            Path("/proc/self/autogroup").write_text(str(_YIELDING), encoding="ascii")


def main() -> None:
    """Set the process up, then serve."""
    orders, news = take_pipes()
    be_a_child()
    setup = read_order(orders)
    assert isinstance(setup, Setup)
    send = sender(news)
    logging.basicConfig(level=setup.log_level, handlers=[ToParent(send)])
    logging.captureWarnings(True)
    worker = Worker(setup, send)
    threading.Thread(target=_listen, args=(orders, worker), name="orders", daemon=True).start()
    worker.serve()


if __name__ == "__main__":
    main()
