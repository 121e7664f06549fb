"""Tokens of interactions: by them alone an answer is shown where we may not write, or no more."""

import asyncio
import time

from memory.store import Store

_NAME = "discord token "
_LIFE = 15 * 60.0
"""Seconds in which Discord takes a token."""
_EVERY = 60.0


class Tokens:
    """The token behind each answer to an interaction, kept over a restart.

    Each is a secret, so it is forgotten as soon as it is of no more use.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, post: str, token: str) -> None:
        """Keep the token of the interaction that is answered by a post."""
        await self._store.keep(_NAME + post, {"token": token, "until": time.time() + _LIFE})

    async def of(self, post: str) -> str:
        """Return the token behind a post; "" when there is none or its time is over."""
        kept = await self._store.kept(_NAME + post)
        return str(kept.get("token", "")) if _is_fresh(kept) else ""

    async def expire(self) -> None:
        """Forget tokens when their time is over, until cancelled."""
        while True:
            for name, kept in (await self._store.facts(_NAME.rstrip())).items():
                if not _is_fresh(kept):
                    await self._store.drop(name)
            await asyncio.sleep(_EVERY)


def _is_fresh(kept: dict[str, object]) -> bool:
    until = kept.get("until")
    return isinstance(until, float) and until > time.time()
