import os
import subprocess
import sys

import numpy as np
import pytest

from tools import sound
from tools.engines.speech import Speech
from tools.errors import EngineFailed, JobCancelled, Refused
from tools.files import locate
from tools.jobs import SpeechSpec


def ignore(done, total, preview):
    pass


@pytest.fixture(scope="module")
def speech(catalogue, models_dir):
    model = catalogue.find("speak")
    engine = Speech(model, locate(model, models_dir), "cpu")
    engine.load()
    return engine


def speak(speech, text, **more):
    return speech.generate([SpeechSpec(text, **more)], ignore)[0]


def test_a_voice_note_has_sound_seconds_and_a_waveform(speech):
    note = speak(speech, "Good morning, team.")
    samples = sound.decode(note.data, 48_000)
    assert note.media_type == "audio/ogg"
    assert note.facts["voice"] == "heart"
    assert note.facts["rate"] == 48_000
    assert 1.0 < note.facts["seconds"] < 4.0
    assert samples.size / 48_000 == pytest.approx(note.facts["seconds"], abs=0.05)
    assert np.abs(samples).max() > 0.1
    assert 0 < len(note.facts["waveform"]) <= 256
    assert max(note.facts["waveform"]) > 25


def test_the_same_words_give_the_same_sound(speech):
    assert speak(speech, "Once more.") == speak(speech, "Once more.")


def test_twice_the_speed_takes_half_the_time(speech):
    text = "The quick brown fox jumps over the lazy dog."
    slow, fast = (speak(speech, text, speed=s).facts["seconds"] for s in (1.0, 2.0))
    assert fast == pytest.approx(slow / 2, rel=0.25)


def test_progress_counts_the_sentences_of_all_specs(speech):
    seen = []
    specs = [SpeechSpec("One. Two. Three."), SpeechSpec("Four.")]
    assert len(speech.generate(specs, lambda *at: seen.append(at[:2]))) == 2
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_words_without_any_punctuation_are_spoken_in_pieces(speech):
    seen = []
    specs = [SpeechSpec("word " * 200, speed=2.0)]
    note = speech.generate(specs, lambda *at: seen.append(at[0]))[0]
    assert len(seen) > 3
    assert note.facts["seconds"] > 20


def test_cancelling_stops_between_sentences_and_leaves_it_usable(speech):
    def cancel(done, total, preview):
        if done == 1:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        speech.generate([SpeechSpec("One. Two. Three.")], cancel)
    assert speak(speech, "Still here.").data


@pytest.mark.parametrize("text", ["", "  \n ", "...", "🎉🎉 !!", "---", "*_*"])
def test_nothing_to_speak_is_refused(speech, text):
    with pytest.raises(Refused, match="nothing in that text"):
        speak(speech, text)


@pytest.mark.parametrize(
    ("text", "named"), [("你好，世界", "你好世界"), ("Say 你好 now", "你好"), ("привет", "привет")]
)
def test_other_scripts_are_refused_by_name(speech, text, named):
    with pytest.raises(Refused, match=f"speaks only English and cannot read “{named}”"):
        speak(speech, text)


def test_accents_digits_and_emoji_are_no_other_script(speech):
    assert speak(speech, "Café naïve: 3½ km², the 1º of May 🎉").facts["seconds"] > 2


def test_an_unknown_voice_is_refused_with_the_voices_there_are(speech):
    with pytest.raises(Refused, match=r"no voice 'bob'; there are: heart\.$"):
        speak(speech, "Hello.", voice="bob")


def test_a_voice_that_cannot_be_fetched_is_one_sentence(
    catalogue, models_dir, tmp_path, monkeypatch
):
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "voices"))
    monkeypatch.setattr("hibari.voices.BASE_URL", (tmp_path / "nowhere").as_uri() + "/")
    model = catalogue.find("speak").model_copy(update={"voices": ("heart", "emma")})
    engine = Speech(model, locate(model, models_dir), "cpu")
    engine.load()
    with pytest.raises(EngineFailed, match=r"^The voice emma could not be .*try heart\.$"):
        speak(engine, "Hello.", voice="emma")
    assert speak(engine, "Hello.").data


@pytest.mark.parametrize("speed", [0.0, 0.49, 2.01, float("nan")])
def test_a_speed_out_of_bounds_is_refused(speech, speed):
    with pytest.raises(Refused, match=r"not between 0\.5 and 2"):
        speak(speech, "Hello.", speed=speed)


def test_a_text_too_long_is_refused_with_its_length(speech):
    with pytest.raises(Refused, match="20001 characters; at most 20000"):
        speak(speech, "a" * 20_001)


def test_a_bad_spec_is_refused_before_anything_is_spoken(speech):
    seen = []
    with pytest.raises(Refused):
        speech.generate([SpeechSpec("Hello."), SpeechSpec("")], lambda *at: seen.append(at))
    assert not seen


def test_it_writes_nothing_to_the_terminal():
    code = (
        "from pathlib import Path\n"
        "from tools.catalogue import Catalogue\n"
        "from tools.engines.speech import Speech\n"
        "from tools.jobs import SpeechSpec\n"
        "engine = Speech(Catalogue.read().find('speak'), Path(), 'cpu')\n"
        "engine.load()\n"
        "engine.generate([SpeechSpec('Hello there.')], lambda *_: None)\n"
    )
    env = os.environ | {"PYTHONWARNINGS": "default"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, check=True)
    assert (run.stdout, run.stderr) == (b"", b"")
