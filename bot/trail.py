"""What of a message stands on its platform already, noted piece by piece as it is sent."""

from contextlib import suppress
from typing import Self

from memory.errors import NotFound
from memory.records import Post
from memory.store import Store


class Trail:
    """The pieces of one message: a row before it is sent, and the platform's id behind it.

    A piece that was begun and has no id was under way when the process ended: only the platform
    knows whether it arrived. Where the chat was forgotten meanwhile nothing is noted.
    """

    def __init__(self, store: Store, message_id: str, posts: dict[int, Post]) -> None:
        self._store, self._id, self._posts = store, message_id, posts

    @classmethod
    async def of(cls, store: Store, message_id: str) -> Self:
        """Return the trail of a message as it was left."""
        return cls(store, message_id, await store.posts(message_id))

    def __getitem__(self, part: int) -> Post | None:
        """Return how a piece stands; None when it was never begun."""
        return self._posts.get(part)

    async def begin(self, part: int) -> None:
        """Note that a piece is under way from now on."""
        await self._note(Post(part))

    async def end(self, part: int, id: str, asset: str = "") -> None:
        """Note the platform's id of a piece, and the SHA-256 of the one asset it shows."""
        await self._note(Post(part, id, asset))

    async def _note(self, post: Post) -> None:
        self._posts[post.part] = post
        with suppress(NotFound):
            await self._store.posted(self._id, post)
