"""What runs on the nodes of a Ray cluster (and knows nothing of Ray)."""

import logging
import os
import pickle
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from tools.compute.child import threading
from tools.compute.devices import Machine
from tools.compute.messages import News, Setup
from tools.compute.process import ToParent
from tools.compute.worker import Worker

log = logging.getLogger("atelier.worker")


class Actor:
    """A worker in a process of Ray's; what it says waits until it is asked for.

    Its models are where ATELIER_MODELS says on the node, else where they are for the bot.
    """

    def __init__(self, setup: Setup) -> None:
        os.environ.update(threading(setup.plan.threads))
        self._news: SimpleQueue[bytes | None] = SimpleQueue()
        logging.basicConfig(level=setup.log_level, handlers=[ToParent(self._say)], force=True)
        logging.captureWarnings(True)
        models = Path(os.environ.get("ATELIER_MODELS") or setup.models)
        self._worker = Worker(replace(setup, models=models), self._say)
        Thread(target=self._serve, name="worker", daemon=True).start()

    def pid(self) -> int:
        """Return the process id."""
        return os.getpid()

    def obey(self, order: bytes) -> None:
        """Hand a pickled order to the worker."""
        self._worker.obey(pickle.loads(order))

    def hear(self) -> list[bytes | None]:
        """Return all that was said since the last call, pickled; waits for it (blocks).

        None stands for the end of the worker.
        """
        news = [self._news.get()]
        while True:
            try:
                news.append(self._news.get_nowait())
            except Empty:
                return news

    def _say(self, news: News) -> None:
        self._news.put(pickle.dumps(news, pickle.HIGHEST_PROTOCOL))

    def _serve(self) -> None:
        try:
            self._worker.serve()
        except Exception:
            log.exception("the worker broke")
        self._news.put(None)


def look() -> Machine:
    """Look at a node, at all of its GPUs; for a process of its own, which then knows them."""
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)  # Ray shows none to who asks for none
    return Machine.here()
