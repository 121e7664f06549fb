import io
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tools import sound
from tools.errors import Refused


def tone(seconds: float, rate: int = 24_000, hertz: float = 440.0, loud: float = 0.5) -> np.ndarray:
    return (loud * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )


def pitch(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(spectrum.argmax() * rate / samples.size)


def file(samples: np.ndarray, rate: int, container: str, codec: str, layout: str) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout=layout)
        packed = samples.T.reshape(1, -1) if samples.ndim == 2 else samples[None]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(packed), "flt", layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.format, layout, rate, frame_size=stream.frame_size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return target.getvalue()


def test_a_voice_note_is_opus_48_khz_mono():
    note = sound.voice_note(tone(2.0), 24_000)
    with av.open(io.BytesIO(note.data), "r") as container:
        stream = container.streams.audio[0]
        assert (container.format.name, stream.codec_context.name) == ("ogg", "opus")
        assert (stream.codec_context.sample_rate, stream.codec_context.channels) == (48_000, 1)
    assert note.seconds == 2.0
    assert len(note.data) < 2 * 32_000 / 8 * 1.7


def test_what_was_encoded_comes_back_at_its_pitch_loudness_and_length():
    samples = sound.decode(sound.voice_note(tone(2.0), 24_000).data)
    assert samples.dtype == np.float32
    assert samples.size == pytest.approx(32_000, abs=320)
    assert pitch(samples[8000:24000], 16_000) == pytest.approx(440, abs=2)
    assert np.abs(samples[8000:24000]).max() == pytest.approx(0.5, abs=0.1)


def test_the_same_samples_give_the_same_bytes():
    assert sound.voice_note(tone(1.0), 24_000) == sound.voice_note(tone(1.0), 24_000)


def test_the_waveform_has_ten_values_a_second_and_follows_the_loudness():
    note = sound.voice_note(np.concatenate([tone(1, loud=1.0), tone(1, loud=0.2)]), 24_000)
    assert len(note.waveform) == 20
    assert set(note.waveform[:10]) == {255}
    assert set(note.waveform[10:]) == {51}


def test_the_waveform_of_a_long_sound_has_256_values():
    assert len(sound.waveform(np.zeros(24_000 * 60, np.float32), 24_000)) == 256


def test_a_sound_shorter_than_a_window_has_one_value():
    assert len(sound.voice_note(np.full(10, 1.0, np.float32), 24_000).waveform) == 1


def test_too_loud_and_broken_samples_are_clipped():
    wild = np.array([np.nan, np.inf, -9.0] * 8000, np.float32)
    assert np.isfinite(sound.decode(sound.voice_note(wild, 24_000).data)).all()


def test_no_samples_make_no_voice_note():
    with pytest.raises(ValueError, match="samples"):
        sound.voice_note(np.zeros(0, np.float32), 24_000)


@pytest.mark.parametrize(
    ("container", "codec", "layout"),
    [("wav", "pcm_s16le", "stereo"), ("mp3", "libmp3lame", "stereo"), ("ipod", "aac", "mono")],
)
def test_other_containers_rates_and_layouts_are_read(container, codec, layout):
    one = tone(1.5, 44_100)
    data = file(
        np.stack([one, one]) if layout == "stereo" else one, 44_100, container, codec, layout
    )
    samples = sound.decode(data)
    assert samples.ndim == 1
    assert samples.size == pytest.approx(24_000, abs=1600)
    assert pitch(samples[4000:20000], 16_000) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(("container", "codec"), [("mp3", "libmp3lame"), ("flac", "flac")])
def test_a_file_with_a_hole_is_read_around_it(container, codec):
    noise = 0.3 * np.random.default_rng(0).standard_normal(44_100 * 3).astype(np.float32)
    data = bytearray(file(noise, 44_100, container, codec, "mono"))
    middle = len(data) // 2
    data[middle : middle + 1500] = b"\xff" * 1500
    assert sound.decode(bytes(data)).size > 32_000


def picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (32, 32)).save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize("data", [b"", b"hello " * 500, bytes(5000), picture()])
def test_what_is_no_sound_is_refused_in_one_sentence(data):
    with pytest.raises(Refused, match=r"^That file holds no sound that can be read; .*\.$"):
        sound.decode(data)


def test_a_track_without_sound_is_refused():
    empty = file(np.zeros(1, np.float32), 16_000, "wav", "pcm_s16le", "mono")[:-2]
    with pytest.raises(Refused):
        sound.decode(empty)


def test_a_sound_longer_than_allowed_is_refused():
    data = sound.voice_note(tone(61.0), 24_000).data
    with pytest.raises(Refused, match="longer than 1 minutes"):
        sound.decode(data, longest=60)
