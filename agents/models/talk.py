"""Plain conversation with the profile's text model, streamed."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from tools.catalogue import Catalogue
from tools.jobs import Job, Note, Runner, TextSpec

OPENING = (
    ("user", "Hi!"),
    ("assistant", "Hi! It's good to see you. How can I help?"),
    ("user", "I had a long day."),
    ("assistant", "I'm sorry to hear that. I hope you get some rest soon!"),
)
"""Two warm exchanges in place of a system message: with one, a very small model answers worse."""
_LONGEST = 600
"""Characters of each past message a small model is given."""


async def talk(
    said: Sequence[tuple[str, str]],
    runner: Runner,
    catalogue: Catalogue,
    user: str,
    name: str = "",
    system: str = "",
) -> AsyncIterator[str]:
    """Yield the answer to a conversation piece by piece.

    `said` is (role, text), oldest first. `name` is a chat model other than the profile's text
    model, `system` what it is told about itself. Raises EngineFailed or ModelUnavailable.
    """
    model = catalogue.find("chat", name) if name else catalogue.find("write")
    past = ((role, text[:_LONGEST]) for role, text in said[:-1][-model.turns or len(said) :])
    opening = (("system", system),) if system else OPENING
    messages = (*opening, *past, *((role, _sentence(text)) for role, text in said[-1:]))
    spec = TextSpec(messages, max_tokens=100, temperature=0.2, stable=len(opening))
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
        await asyncio.wait([task])  # the job is out of the queue before anything else begins
    if whole.startswith(shown):
        yield whole[len(shown) :]


def _sentence(text: str) -> str:
    """Return the text with a capital and an end: a small model minds."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?。！？" else ".")
