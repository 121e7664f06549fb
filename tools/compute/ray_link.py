"""The bot's end of a worker on a node of a Ray cluster, by way of the gateway."""

import asyncio
import logging
import pickle
from contextlib import suppress

from tools.compute.child import Piped
from tools.compute.envelopes import End, Tell
from tools.compute.messages import Logged, News, Order, Setup

log = logging.getLogger("atelier.worker")

_GONE = 10.0  # seconds an actor has to end


class RayLink:
    """A running worker on a node of the cluster; its log goes to ours."""

    def __init__(self, number: int, setup: Setup, gateway: Piped) -> None:
        self._number, self._gateway = number, gateway
        self._log = log.getChild(setup.plan.name)
        self._news: asyncio.Queue[News | None] = asyncio.Queue()
        self._over, self._ending = asyncio.Event(), False
        self.began: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int | None:
        """The process id on its node."""
        return self.began.result() if self.began.done() else None

    @property
    def ended(self) -> bool:
        """Whether nothing can be expected from it any more."""
        return self._ending or self._over.is_set()

    def send(self, order: Order) -> None:
        """Hand an order over; never blocks, and is lost when the worker has ended."""
        self._gateway.send(Tell(self._number, pickle.dumps(order, pickle.HIGHEST_PROTOCOL)))

    async def hear(self) -> News:
        """Return what the worker says next; raises EOFError when it has ended."""
        news = await self._news.get()
        if news is None:
            raise EOFError
        return news

    def kill(self) -> None:
        """End the actor now; `hear` raises EOFError soon after."""
        if not self.ended:
            self._ending = True
            self._gateway.send(End(self._number))
            self._news.put_nowait(None)

    async def close(self) -> None:
        """End the actor and wait until it is gone, or has been given up."""
        self.kill()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), _GONE)

    def said(self, news: News) -> None:
        """Take in what the worker said."""
        if isinstance(news, Logged):
            self._log.log(news.level, "%s", news.text)
        else:
            self._news.put_nowait(news)

    def end(self, reason: str) -> None:
        """Take in that the actor is gone."""
        if reason and not self._ending:
            self._log.error("ended: %s", reason)
        if not self.began.done():
            self.began.set_exception(OSError(reason or "ended"))
        self._over.set()
        self._news.put_nowait(None)
