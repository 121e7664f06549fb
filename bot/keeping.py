"""What is done for the memory while nobody waits: summing up, meanings, looking at pictures."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from agents.past import due, since
from agents.scene import WINDOW
from bot.studio import Studio
from memory.errors import AtelierError, NotFound
from memory.records import Asset, Chat
from memory.sights import put, seen
from memory.summaries import Summary, keep, kept
from tools.meaning import meanings
from tools.sight import encoder, vectors

log = logging.getLogger(__name__)

BATCH = 128
"""Messages whose meaning is worked out at once."""
PICTURES = 8
"""Pictures that are looked at at once."""
FEW = 16
"""With fewer than so many new messages nothing is begun: those are still on everybody's screen."""


@dataclass(slots=True)
class Keeper:
    """Works in the background, one thing at a time; what fails is tried again later."""

    studio: Studio
    few: int = FEW
    _spoken: set[Chat] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def spoke(self, chat: Chat) -> None:
        """Take in that something was said in a chat."""
        self._spoken.add(chat)
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.catch_up()

    async def catch_up(self) -> None:
        """Do what has to be done now."""
        try:
            while self._spoken:
                chat = self._spoken.pop()
                await self.summarise(chat)
                await self.see(chat)
            await self.understand()
        except AtelierError as error:
            log.info("the memory is tidied up later: %s", error)
        except Exception:  # nobody waits for this, and the next turn begins it again
            log.exception("the memory could not be tidied up")

    async def summarise(self, chat: Chat) -> None:
        """Sum up what of a chat no model is shown any more, if there is enough of it."""
        store = self.studio.store
        before = await kept(store.database, chat)
        recent = await store.recent(chat, limit=WINDOW)
        older = due(since(recent.messages, before))
        if not older:
            return
        thinker = await self.studio.assistant()
        text = await thinker.summarise(before.text, older)
        covered = [message.id for message in older]
        await keep(store.database, chat, Summary(text, covered[-1]), before, covered)

    async def understand(self) -> None:
        """Work out what new messages mean, if there is an encoder."""
        studio, known = self.studio, self.studio.store.meanings
        name = studio.catalogue.profiles[studio.catalogue.profile].get("remember")
        while name:
            new = await known.pending(name, BATCH)
            if new.count < self.few:
                return
            texts = list(new.texts.values())
            found = await meanings(texts, studio.runner, studio.catalogue) if texts else []
            signs = (meaning.signs for meaning in found)
            await known.put(new, dict(zip(new.texts, signs, strict=True)))

    async def see(self, chat: Chat) -> None:
        """Look at the pictures that may be pointed at in a chat, if there is an encoder."""
        studio, name = self.studio, encoder(self.studio.catalogue)
        if not name:
            return
        recent = await studio.store.recent(chat, limit=WINDOW)
        groups = [m.assets for m in recent.messages] + [s.assets for s in recent.steps]
        every = {asset.sha256: asset for group in groups for asset in group}
        pictures = {s: a for s, a in every.items() if a.media_type.startswith("image/")}
        database = studio.store.database
        known = await seen(database, name, list(pictures))
        new = [sha for sha in pictures if sha not in known]
        for some in (new[n : n + PICTURES] for n in range(0, len(new), PICTURES)):
            data = [await self._read(pictures[sha]) for sha in some]
            found = await vectors(data, studio.runner, studio.catalogue)
            await put(database, name, dict(zip(some, found, strict=True)))

    async def _read(self, picture: Asset) -> bytes:
        try:
            return await self.studio.assets.read(picture)
        except NotFound:
            return b""  # is seen as nothing, and not looked at again


@asynccontextmanager
async def keeping(studio: Studio) -> AsyncIterator[Keeper]:
    """Let a keeper work meanwhile."""
    keeper = studio.keeper = Keeper(studio)
    task = asyncio.create_task(keeper.run(), name="keeper")
    try:
        yield keeper
    finally:
        studio.keeper = None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
