"""Real-time factors of speech and hearing, and how many words survive the way there and back."""

import asyncio
import re
from importlib import import_module
from typing import Any

from bot.settings import read
from tests.bench.report import Fact, alternate, compared, note, silent, table
from tools.catalogue import Catalogue, Model
from tools.compute.devices import Machine, plan
from tools.compute.pool import Pool
from tools.files import locate
from tools.jobs import Artifact, HearingSpec, Job, Spec, SpeechSpec
from tools.sound import decode

REPEATS = 5
RATE = 16_000
TEXT = (
    "Please send the invoice to Maria before Thursday, and ask whether the printer in room twelve "
    "works again. Our new website went live this morning. Forty two people came to the opening, "
    "and most of them stayed for the soup. If the weather holds, we will walk along the river to "
    "the old mill and take some pictures there."
)


async def made(pool: Pool, model: Model, spec: Spec) -> Artifact:
    return (await pool.run(Job(model.name, (spec,), "bench"), silent))[0]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("42", "forty two"))


def wrong(said: list[str], heard: list[str]) -> int:
    """Return how many words must be changed, added or left out (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != other))
    return row[-1]


def hibari_alone() -> Any:
    """Return a call of the library itself: samples only, no voice note."""
    voice = import_module("hibari").Hibari(voice="heart", threads=1)
    return lambda: voice(TEXT, seed=0)


def whisper_alone(model: Model, audio: bytes) -> Any:
    """Return a call of the library itself with its own defaults (a beam of five)."""
    folder = str(locate(model, read().models))
    whisper = import_module("faster_whisper").WhisperModel(
        folder, device="cpu", compute_type="int8", cpu_threads=Machine.here().cores
    )
    sound = decode(audio, RATE)
    return lambda: [segment.text for segment in whisper.transcribe(sound)[0]]


async def compare() -> list[Fact]:
    known = Catalogue.read()
    speaker, hearer = known.find("speak"), known.find("transcribe")
    workers = tuple(w for w in plan(Machine.here(), "cpu") if w.name == "words")
    async with Pool(known, read().models, workers) as pool:
        voice = await made(pool, speaker, SpeechSpec(TEXT))
        spec = HearingSpec(voice.data)
        spoken = await alternate(
            {
                "Atelier": lambda: made(pool, speaker, SpeechSpec(TEXT)),
                "hibari alone": hibari_alone(),
            },
            REPEATS,
        )
        heard = await alternate(
            {
                "Atelier": lambda: made(pool, hearer, spec),
                "faster-whisper alone": whisper_alone(hearer, voice.data),
            },
            REPEATS,
        )
        text = (await made(pool, hearer, spec)).data.decode()
    seconds = float(str(voice.facts["seconds"]))
    lost = wrong(words(TEXT), words(text))
    table(f"Voice: speaking {seconds:.1f} s", compared(spoken, "hibari alone", "ms"))
    table(f"Voice: hearing {seconds:.1f} s", compared(heard, "faster-whisper alone", "ms"))
    speak, hear = (t["Atelier"].median / seconds for t in (spoken, heard))
    note(f"real-time factor: speaking {speak:.4f}, hearing {hear:.3f} (1 = as long as the sound)")
    note("ours includes the pool and Opus, and listens with a beam of one; faster-whisper's is 5")
    note(f"round trip: {lost} of {len(words(TEXT))} words wrong")
    return [
        Fact("speaking", f"{1 / speak:.0f} times as fast as real time", "Opus voice note included"),
        Fact("hearing", f"{1 / hear:.0f} times as fast as real time", f"{lost} words wrong"),
    ]


def main() -> list[Fact]:
    return asyncio.run(compare())


if __name__ == "__main__":
    main()
