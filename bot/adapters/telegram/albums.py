"""Albums that people send: Telegram tells each picture by itself, and never how many there are."""

import asyncio
from collections.abc import Sequence

from telegram import Message

_MOST = 10
"""Things in an album."""


class Album:
    """What came together; `settled` is set when all of it is taken care of."""

    def __init__(self, first: Message) -> None:
        self.posts = [first]
        self.settled = asyncio.Event()
        self._more = asyncio.Event()
        self.complete = first.media_group_id is None

    def add(self, post: Message) -> None:
        """Take one more."""
        self.posts.append(post)
        self._more.set()

    def close(self) -> None:
        """Wait for no more, for its author went on to something else."""
        self.complete = True
        self._more.set()

    async def whole(self, quiet: float) -> Sequence[Message]:
        """Return all of it, once nothing more came for so many seconds."""
        while not self.complete and len(self.posts) < _MOST:
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), quiet)
            except TimeoutError:
                break
        self.complete = True
        return self.posts


class Albums:
    """The albums that are still coming in, one for each person in each chat."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], Album] = {}

    def join(self, post: Message) -> Album:
        """Return the album that a message belongs to; its first one takes care of it."""
        key = post.chat.id, post.from_user.id if post.from_user else 0
        known = self._open.pop(key, None)
        if known is not None and not known.complete:
            if known.posts[0].media_group_id == post.media_group_id:
                known.add(post)
                self._open[key] = known
                return known
            known.close()
        album = Album(post)
        if not album.complete:
            self._open[key] = album
        return album
