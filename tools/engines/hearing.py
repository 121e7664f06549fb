"""Writing down what is said, through faster-whisper (CTranslate2)."""

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tools.catalogue import Model
from tools.engines import ENGINES
from tools.errors import EngineFailed, JobCancelled, OutOfMemory, Refused, ToolError
from tools.jobs import Artifact, HearingSpec, Progress, Spec
from tools.sound import Samples, decode

RATE = 16_000


@ENGINES.register("hearing")
class Hearing:
    """A Whisper model in CTranslate2's format.

    The catalogue's `options`: `threads` (up to 4), `beam` (1: on clear speech as good as 5),
    `minutes` of the longest sound (30). Where nobody speaks the text is empty. Artifacts' facts:
    `language` (code), `only_language` (code, if the model knows no other), `seconds` of sound.
    """

    def __init__(self, model: Model, files: Path, device: str) -> None:
        self._name, self._files, self._device = model.name, files, device
        options = model.options
        cores = min(4, os.cpu_count() or 1)
        self._threads = int(str(options.get("threads", cores)))
        self._beam = int(str(options.get("beam", 1)))
        self._longest = 60 * float(str(options.get("minutes", 30)))
        self._whisper: Any = None

    def load(self) -> None:
        """Load the weights (blocks for about a second)."""
        from faster_whisper import WhisperModel

        if self._whisper is not None:
            return
        device, _, number = self._device.partition(":")
        cuda = device == "cuda"
        try:
            self._whisper = WhisperModel(
                str(_folder(self._files)),
                device=device if cuda else "cpu",
                device_index=int(number or 0) if cuda else 0,
                compute_type="float16" if cuda else "int8",
                cpu_threads=self._threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise _sentence(self._name, error) from error

    def unload(self) -> None:
        """Drop the weights."""
        self._whisper = None

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        """Write down each sound; `progress` counts its seconds, previews are the text in UTF-8.

        Raises Refused when a sound cannot be decoded, is too long or in a language the model
        does not know.
        """
        heard = [spec for spec in specs if isinstance(spec, HearingSpec)]
        sounds = [decode(spec.audio, RATE, self._longest) for spec in heard]
        total, done = sum(map(_seconds, sounds)), 0
        made = []
        for spec, sound in zip(heard, sounds, strict=True):
            progress(done, total, None)
            made.append(self._hear(spec, sound, _shifted(progress, done, total)))
            done += _seconds(sound)
        progress(total, total, made[0].data if made else None)
        return made

    def _hear(self, spec: HearingSpec, sound: Samples, progress: Progress) -> Artifact:
        language = self._language(spec.language)
        try:
            segments, info = self._whisper.transcribe(
                sound,
                language=language,
                beam_size=self._beam,
                temperature=[
                    0.0,
                    0.4,
                ],  # one second try; six make repetitive speech 15 times slower
                vad_filter=True,  # else a hum becomes a word
                condition_on_previous_text=False,  # keeps one slip from being repeated to the end
            )
            text = _text(segments, _seconds(sound), progress)
        except (ToolError, JobCancelled):
            raise
        except (RuntimeError, ValueError) as error:
            raise _sentence(self._name, error) from error
        facts: dict[str, object] = {"language": info.language, "seconds": sound.size / RATE}
        if not self._whisper.model.is_multilingual:
            facts["only_language"] = "en"
        return Artifact(text.encode(), "text/plain", facts)

    def _language(self, wanted: str) -> str | None:
        """Return the code to listen for, None to find out."""
        known: list[str] = self._whisper.supported_languages
        code = wanted.lower().partition("-")[0]
        if code and code not in known:
            able = ", ".join(known) if len(known) <= 10 else f"{len(known)} others"
            raise Refused(f"The model {self._name} does not know {wanted!r}; it knows: {able}.")
        return code or (known[0] if len(known) == 1 else None)


def _text(segments: Iterable[Any], seconds: int, progress: Progress) -> str:
    text = ""
    for segment in segments:
        text = f"{text} {segment.text.strip()}".strip()
        progress(min(int(segment.end), seconds), seconds, text.encode())
    return text


def _folder(files: Path) -> Path:
    """Return the folder that holds the weights: the one given, or the one inside it."""
    if files.is_file():
        return files.parent
    found = sorted(files.rglob("model.bin"))
    if len(found) != 1:
        raise EngineFailed("A hearing model needs a folder with one model.bin of CTranslate2.")
    return found[0].parent


def _seconds(sound: Samples) -> int:
    return max(1, math.ceil(sound.size / RATE))


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _, preview: progress(before + done, total, preview)


def _sentence(name: str, error: Exception) -> EngineFailed:
    if "out of memory" in str(error).lower():
        return OutOfMemory("The model {name} did not fit into the device's memory.", name=name)
    return EngineFailed("The model {name} failed: {kind}.", name=name, kind=type(error).__name__)
