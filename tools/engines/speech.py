"""Reading aloud through hibari-tts: English voices, far faster than real time on one core."""

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tools.catalogue import Model
from tools.engines import ENGINES
from tools.errors import EngineFailed, Refused
from tools.jobs import Artifact, Progress, Spec, SpeechSpec
from tools.sound import VOICE_RATE, VOICE_TYPE, Samples, voice_note

LONGEST_TEXT = 20_000
LONGEST_PIECE = 400
"""Most phonemes spoken at once; hibari itself cuts only where there is punctuation."""

SLOWEST, FASTEST = 0.5, 2.0


@ENGINES.register("speech")
class Speech:
    """Turns text into voice notes (OGG/Opus, 48 kHz, mono), the same for the same spec.

    The voice is the spec's, else the first of the catalogue's `voices`; all but "heart" are
    fetched from the hub when they are first used. The catalogue's `options`: `threads` (1).
    Artifacts' facts: `seconds`, `waveform`, `voice`, `rate` (Hz).
    """

    def __init__(self, model: Model, files: Path, device: str) -> None:
        # the files lie inside the package, and it runs on the CPU only
        self._name, self._known = model.name, model.voices
        self._threads = int(str(model.options.get("threads", 1)))
        self._voices: dict[str, Any] = {}

    def load(self) -> None:
        """Load the default voice (blocks for about half a second)."""
        from hibari.voices import VOICES

        self._known = self._known or tuple(VOICES)
        self._voice(self._known[0]).g2p("Hello.")  # the first word loads the dictionaries

    def unload(self) -> None:
        """Drop every loaded voice."""
        self._voices.clear()

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        """Speak each spec's text; `progress` counts sentences.

        Raises Refused for an unknown voice, a speed out of bounds, and a text that is too long,
        has nothing to speak or letters the voice cannot read.
        """
        spoken = [spec for spec in specs if isinstance(spec, SpeechSpec)]
        plans = [(spec, self._plan(spec)) for spec in spoken]
        total, done = sum(len(pieces) for _, pieces in plans), 0
        made = []
        for spec, pieces in plans:
            parts: list[Samples] = []
            for part in self._speak(spec, pieces):
                progress(done, total, None)
                parts.append(part)
                done += 1
            made.append(self._artifact(spec, np.concatenate(parts)))
        progress(total, total, None)
        return made

    def _plan(self, spec: SpeechSpec) -> list[str]:
        """Check a spec and return its phonemes in pieces, a sentence or less each."""
        if not SLOWEST <= spec.speed <= FASTEST:
            raise Refused(
                "The speed {speed:g} is not between {slowest:g} and {fastest:g}.",
                speed=spec.speed,
                slowest=SLOWEST,
                fastest=FASTEST,
            )
        if len(spec.text) > LONGEST_TEXT:
            raise Refused(
                "That text has {many} characters; at most {most} can be spoken.",
                many=len(spec.text),
                most=LONGEST_TEXT,
            )
        name = spec.voice or self._known[0]
        if foreign := _foreign(spec.text):
            raise Refused(
                "The voice {name} speaks only English and cannot read “{words}”.",
                name=name,
                words=foreign,
            )
        voice = self._voice(name)
        sentences = voice.phonemize(spec.text) if re.search(r"[^\W_]", spec.text) else []
        pieces = [piece for sentence in sentences for piece in _wrap(sentence)]
        if not pieces:
            raise Refused("There is nothing in that text that can be spoken.")
        return pieces

    def _voice(self, name: str) -> Any:
        if name not in self._known:
            known = ", ".join(self._known)
            raise Refused("There is no voice {name!r}; there are: {known}.", name=name, known=known)
        if name not in self._voices:
            from hibari import Hibari

            try:
                self._voices[name] = Hibari(voice=name, threads=self._threads)
            except (RuntimeError, ValueError, OSError) as error:
                raise EngineFailed(
                    f"The voice {name} could not be loaded or fetched; try {self._known[0]}."
                ) from error
        return self._voices[name]

    def _speak(self, spec: SpeechSpec, pieces: list[str]) -> Iterator[Samples]:
        voice = self._voice(spec.voice or self._known[0])
        random = np.random.default_rng(0)
        for piece in pieces:
            try:
                yield voice.from_ids(voice.ids(piece), spec.speed, random)
            except RuntimeError as error:
                raise EngineFailed(
                    "The model {name} could not speak that.", name=self._name
                ) from error

    def _artifact(self, spec: SpeechSpec, samples: Samples) -> Artifact:
        from hibari import SAMPLE_RATE

        note = voice_note(samples, SAMPLE_RATE)
        facts: dict[str, object] = {
            "seconds": note.seconds,
            "waveform": note.waveform,
            "voice": spec.voice or self._known[0],
            "rate": VOICE_RATE,
        }
        return Artifact(note.data, VOICE_TYPE, facts)


def _foreign(text: str) -> str:
    """Return the first few letters that are not of the Latin alphabet, as they stand."""
    letters = (c for c in text if _is_letter(c) and "LATIN" not in unicodedata.name(c, ""))
    return "".join(c for c, _ in zip(letters, range(8), strict=False))


def _is_letter(character: str) -> bool:
    return character not in "ªºµ" and unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo")


def _wrap(phonemes: str) -> list[str]:
    return textwrap.wrap(phonemes, LONGEST_PIECE, break_on_hyphens=False)
