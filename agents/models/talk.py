"""Plain conversation with the profile's text model, streamed."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from tools.catalogue import Catalogue
from tools.jobs import Job, Note, Runner, TextSpec

PERSONA = (
    "You are Atelier, a friendly creative assistant. Answer in one or two short sentences. "
    "You can draw pictures, write texts and speak when people ask for it."
)
_TURNS = 6


async def talk(
    said: Sequence[tuple[str, str]], runner: Runner, catalogue: Catalogue, user: str
) -> AsyncIterator[str]:
    """Yield the answer to a conversation piece by piece.

    `said` is (role, text), oldest first. Raises EngineFailed or ModelUnavailable.
    """
    model = catalogue.find("write")
    messages = (("system", PERSONA), *said[-_TURNS:])
    spec = TextSpec(messages, max_tokens=120, temperature=0.3)
    job = Job(model.name, (spec,), user)
    pieces: asyncio.Queue[str | None] = asyncio.Queue()

    def report(note: Note) -> None:
        if note.preview:
            pieces.put_nowait(note.preview.decode("utf-8", "ignore"))

    task = asyncio.create_task(runner.run(job, report))
    task.add_done_callback(lambda _: pieces.put_nowait(None))
    shown = ""
    try:
        while (text := await pieces.get()) is not None:
            if text.startswith(shown) and text != shown:
                yield text[len(shown) :]
                shown = text
        whole = (await task)[0].data.decode("utf-8")
    finally:
        task.cancel()
    if whole.startswith(shown):
        yield whole[len(shown) :]
