"""Sound in and out: voice notes as OGG/Opus, and any container as samples for listening."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tools.errors import Refused

if TYPE_CHECKING:
    from av.container import InputContainer

VOICE_TYPE = "audio/ogg"
VOICE_RATE = 48_000
VOICE_BITS = 32_000
WAVEFORM = 256
"""Most loudness values of a voice note; there are ten a second until then."""

Samples = NDArray[np.float32]
"""Mono sound, one value from -1 to 1 for each sample."""


@dataclass(frozen=True, slots=True)
class VoiceNote:
    """A voice note as platforms want it: OGG/Opus, its length, and its loudness (0-255)."""

    data: bytes
    seconds: float
    waveform: bytes


def voice_note(samples: Samples, rate: int) -> VoiceNote:
    """Encode mono samples as OGG/Opus, 48 kHz, 32 kbit/s (blocks about 7 ms a second of sound).

    Raises ValueError when there are no samples.
    """
    if not samples.size:
        raise ValueError("a voice note needs samples")
    samples = np.clip(np.nan_to_num(samples), -1.0, 1.0).astype(np.float32)
    return VoiceNote(_encode(samples, rate), samples.size / rate, waveform(samples, rate))


def waveform(samples: Samples, rate: int) -> bytes:
    """Return the peak loudness of equal windows, 0-255, at most 256 of them."""
    count = int(min(WAVEFORM, samples.size, max(1, 10 * samples.size // rate)))
    if not count:
        return b""
    peaks = [float(np.abs(window).max()) for window in np.array_split(samples, count)]
    return bytes(round(255 * min(peak, 1.0)) for peak in peaks)


def decode(data: bytes, rate: int = 16_000, longest: float = 1800.0) -> Samples:
    """Return the first sound track of any container as mono samples (blocks).

    Raises Refused when there is none, or when it is longer than `longest` seconds; no more than
    that is ever decoded.
    """
    import av

    try:
        with av.open(BytesIO(data), "r", metadata_errors="ignore") as container:
            return _mono(container, rate, int(longest * rate))
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise Refused(
            "That file holds no sound that can be read; send a voice note, MP3, WAV, OGG or M4A."
        ) from error


def _mono(container: "InputContainer", rate: int, most: int) -> Samples:
    parts: list[Samples] = []
    total = 0
    for part in _parts(container, rate):
        parts.append(part)
        total += part.size
        if total > most:
            raise Refused(
                "That sound is longer than {minutes:g} minutes; cut it first.",
                minutes=most / rate / 60,
            )
    if not total:
        raise Refused("That file holds a sound track without any sound.")
    return np.concatenate(parts)


def _parts(container: "InputContainer", rate: int) -> Iterator[Samples]:
    import av

    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    for packet in container.demux(audio=0):
        try:
            frames: list[Any] = list(packet.decode())
        except av.FFmpegError:
            continue  # players skip such packets too
        for frame in frames:
            for piece in resampler.resample(frame):
                yield piece.to_ndarray()[0]
    for piece in resampler.resample(None):
        yield piece.to_ndarray()[0]


def _encode(samples: Samples, rate: int) -> bytes:
    import av

    target = BytesIO()
    exact = {"fflags": "+bitexact"}  # else each file gets a random number, and its own hash
    with av.open(target, "w", format="ogg", options=exact) as container:
        stream: Any = container.add_stream("libopus", rate=VOICE_RATE, layout="mono")
        stream.bit_rate = VOICE_BITS
        stream.options = {"application": "voip"}
        resampler = av.AudioResampler(format="flt", layout="mono", rate=VOICE_RATE)
        for start in range(0, samples.size, rate):
            frame = _frame(samples[start : start + rate], rate, start)
            for piece in resampler.resample(frame):
                container.mux(stream.encode(piece))
        for piece in resampler.resample(None):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return target.getvalue()


def _frame(samples: Samples, rate: int, start: int) -> Any:
    from fractions import Fraction

    import av

    frame = av.AudioFrame.from_ndarray(samples[None, :], format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame
