"""What was answered by a sentence alone: it is not stored, and must not be heard a second time."""

from memory.store import Store

_KNOWN = 500
"""Posts that are remembered of a platform; it tells nothing older again."""


class Told:
    """The posts of a platform that needed no storing, kept over a restart."""

    def __init__(self, store: Store, platform: str) -> None:
        self._store, self._name = store, f"{platform} told"
        self._posts: list[str] | None = None

    async def note(self, post: str) -> None:
        """Note that a post was answered."""
        known = await self._read()
        if post not in known:
            known.append(post)
            del known[:-_KNOWN]
            await self._store.keep(self._name, {"posts": known})

    async def knows(self, post: str) -> bool:
        """Tell whether a post was answered, in this run or before it."""
        return post in await self._read()

    async def _read(self) -> list[str]:
        if self._posts is None:
            kept = (await self._store.kept(self._name)).get("posts")
            read = [str(post) for post in kept] if isinstance(kept, list) else []
            if self._posts is None:  # somebody else may have read it meanwhile
                self._posts = read
        return self._posts
