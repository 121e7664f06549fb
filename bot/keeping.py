"""What is done for the memory while nobody waits: summing up, and working out meanings."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from agents.past import due, since
from agents.scene import WINDOW
from bot.studio import Studio
from memory.errors import AtelierError
from memory.records import Chat
from memory.summaries import Summary, keep, kept
from tools.meaning import meanings

log = logging.getLogger(__name__)

BATCH = 128
"""Messages whose meaning is worked out at once."""
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
                await self.summarise(self._spoken.pop())
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
