"""How soon something is found in a chat, by words and by meaning: `python -m tests.bench.recall`.

Chats of 10, 1 000 and 100 000 messages of twenty words, each with a random meaning of 512 numbers.
"By meaning" is the search for one that is known; what the encoder takes to understand the question
comes on top, in the worker (measured with the starter profile's encoder, alone).
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from memory import meaning
from memory.database import Database
from memory.meaning import Meaning
from memory.recall import search
from memory.records import Message
from tests.bench.memory import ANA, CHAT, TEXTS, Ours
from tests.bench.report import Fact, Times, alternate, compared, note, silent, table
from tools.catalogue import Catalogue
from tools.jobs import MeaningSpec

if TYPE_CHECKING:
    import sqlite_utils

SIZES = (10, 1_000, 100_000)
REPEATS = 25
RARE, COMMON = TEXTS[7].split()[3], TEXTS[7].split()[0]


def meanings(count: int) -> tuple[Meaning, list[bytes]]:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(count, 512)).astype(np.float32)
    asked = vectors[count // 2] + 0.8 * random.normal(size=512)
    signs = np.packbits(vectors > 0, axis=1)
    one = Meaning(asked.astype(np.float16).tobytes(), np.packbits(asked > 0).tobytes())
    return one, [row.tobytes() for row in signs]


async def filled(database: Database, size: int) -> tuple[Ours, Meaning]:
    ours = Ours(database)
    await ours.fill(size)
    asked, signs = meanings(size)

    def write(db: sqlite_utils.Database) -> None:
        seqs = [seq for (seq,) in db.execute("SELECT seq FROM messages ORDER BY seq")]
        for start in range(0, len(seqs), meaning.BLOCK):
            part = slice(start, start + meaning.BLOCK)
            block = dict(zip(seqs[part], signs[part], strict=True))
            meaning._append(db.conn, 1, block)

    await database(write)
    return ours, asked


async def one_size(folder: Path, size: int) -> dict[str, Times]:
    async with Database(folder / f"{size}.db") as database:
        ours, asked = await filled(database, size)
        store = ours._store

        async def by(words: str, wanted: Meaning | None) -> None:
            await search(database, CHAT, words, meaning=wanted, meanings=store.meanings)

        async def anew() -> None:
            """Search as it is after a restart: nothing of the chat is in memory."""
            store.meanings._known.clear()
            await by(RARE, asked)

        async def after_one_more() -> None:
            """Search just after something was said and its meaning worked out."""
            await store.add(Message(CHAT, ANA, TEXTS[3]))
            new = await store.meanings.pending("", 100)
            await store.meanings.put(new, dict.fromkeys(new.texts, asked.signs))
            start = time.perf_counter()
            await by(RARE, asked)
            late.append(time.perf_counter() - start)

        late: list[float] = []
        peers = {
            "a rare word": lambda: by(RARE, None),
            "a common word": lambda: by(COMMON, None),
            "both words and meaning": lambda: by(f"{RARE} {COMMON}", asked),
            "the same, first after a start": anew,
        }
        times = await alternate(peers, REPEATS)
        for _ in range(REPEATS):
            await after_one_more()
        return {**times, "the same, after a new message": Times(tuple(late))}


def encoding() -> Times:
    from tools.engines.meaning import Meaning as Encoder

    encoder = Encoder(Catalogue.read().find("remember"), Path(), "cpu")
    encoder.load()
    seconds = []
    for text in TEXTS[:100]:
        start = time.perf_counter()
        encoder.generate([MeaningSpec((" ".join(text.split()[:8]),))], silent)
        seconds.append(time.perf_counter() - start)
    return Times(tuple(seconds))


async def measured(folder: Path) -> list[Fact]:
    facts = []
    for size in SIZES:
        times = await one_size(folder, size)
        table(f"Recall in a chat of {size:,} messages", compared(times, "a rare word", "ms"))
        both = times["both words and meaning"].show("ms")
        words = f"by one word {times['a rare word'].show('ms')}"
        facts.append(
            Fact(f"recall in a chat of {size:,} messages by words and meaning", both, words)
        )
    asked = encoding()
    note(f"the encoder reads a question of eight words in {asked.show('ms')} ({asked.range('ms')})")
    return [*facts, Fact("reading a question for its meaning, in the worker", asked.show("ms"))]


def main() -> list[Fact]:
    with TemporaryDirectory() as folder:
        return asyncio.run(measured(Path(folder)))


if __name__ == "__main__":
    main()
