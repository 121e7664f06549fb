"""What a lane holds of a worker, wherever that runs: orders go in, news comes out."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from tools.compute.messages import News, Order, Setup


class Link(Protocol):
    """A running worker: a child process, an actor on another machine, or a server's client."""

    @property
    def pid(self) -> int | None:
        """The process id on its machine, if it is a process of ours."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing can be expected from it any more."""
        ...

    def send(self, order: Order) -> None:
        """Hand an order over; never blocks, and is lost when the worker has ended."""
        ...

    async def hear(self) -> News:
        """Return what the worker says next; raises EOFError when it has ended."""
        ...

    def kill(self) -> None:
        """End it now; `hear` raises EOFError soon after."""
        ...

    async def close(self) -> None:
        """End it, at once unless it does not notice, and wait until it is gone."""
        ...


Connect = Callable[[Setup], Awaitable[Link]]
"""Start a worker; it says Ready when it listens. Raises OSError when that is not possible."""
