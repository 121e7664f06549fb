import re

import numpy as np
import pytest

from tools import sound
from tools.engines.hearing import Hearing
from tools.engines.speech import Speech
from tools.errors import EngineFailed, JobCancelled, Refused
from tools.files import locate
from tools.jobs import HearingSpec, SpeechSpec

TALE = (
    "The lighthouse keeper climbed the stairs every evening and lit the lamp. "
    "On Monday the fog came early, so he rang the bell until midnight. "
    "Nobody knew that a small cat had followed him up the tower. "
    "It slept beside the warm lamp and woke when the ships answered. "
    "By morning the sea was calm again, and they shared a breakfast of bread and fish. "
)


def ignore(done, total, preview):
    pass


def words(text):
    return re.findall(r"[a-z']+", text.lower())


@pytest.fixture(scope="module")
def say(catalogue, models_dir):
    model = catalogue.find("speak")
    engine = Speech(model, locate(model, models_dir), "cpu")
    engine.load()
    return lambda text: engine.generate([SpeechSpec(text)], ignore)[0].data


@pytest.fixture(scope="module")
def hearing(catalogue, models_dir):
    model = catalogue.find("transcribe")
    engine = Hearing(model, locate(model, models_dir), "cpu")
    engine.load()
    return engine


def hear(hearing, audio, language=""):
    return hearing.generate([HearingSpec(audio, language)], ignore)[0]


@pytest.fixture(scope="module")
def good_morning(say):
    return say("good morning team")


def test_what_was_spoken_is_heard(hearing, good_morning):
    heard = hear(hearing, good_morning)
    assert words(heard.data.decode()) == ["good", "morning", "team"]
    assert heard.media_type == "text/plain"
    assert heard.facts["language"] == heard.facts["only_language"] == "en"
    assert 1.0 < heard.facts["seconds"] < 3.0


def test_a_longer_tale_is_heard_with_progress_in_seconds(hearing, say):
    seen = []
    audio = say(TALE * 2)
    heard = hearing.generate([HearingSpec(audio)], lambda *at: seen.append(at))[0]
    expected, got = words(TALE * 2), words(heard.data.decode())
    assert sum(a != b for a, b in zip(expected, got, strict=True)) <= 2
    done = [at[0] for at in seen]
    assert done == sorted(done)
    assert done[0] == 0
    assert len(set(done)) > 2
    assert done[-1] == seen[-1][1] >= int(heard.facts["seconds"])
    assert seen[-1][2] == heard.data
    assert heard.data.startswith(seen[1][2])


@pytest.mark.parametrize("kind", ["silence", "noise", "hum", "tone", "blink"])
def test_where_nobody_speaks_nothing_is_heard(hearing, kind):
    at = np.arange(16_000 * 5)
    samples = {
        "silence": np.zeros(at.size),
        "noise": 0.1 * np.random.default_rng(0).standard_normal(at.size),
        "hum": 0.2 * np.sign(np.sin(at * 2 * np.pi * 100 / 16_000)),
        "tone": 0.4 * np.sin(at * 0.17),
        "blink": np.zeros(800),
    }[kind].astype(np.float32)
    heard = hear(hearing, sound.voice_note(samples, 16_000).data)
    assert heard.data == b""
    assert heard.facts["seconds"] == pytest.approx(samples.size / 16_000, abs=0.02)


def test_several_sounds_come_back_in_order(hearing, say, good_morning):
    specs = [HearingSpec(say("The second breakfast is ready.")), HearingSpec(good_morning)]
    first, second = (words(a.data.decode()) for a in hearing.generate(specs, ignore))
    assert first == ["the", "second", "breakfast", "is", "ready"]
    assert second == ["good", "morning", "team"]


def test_cancelling_leaves_it_usable(hearing, good_morning):
    def cancel(done, total, preview):
        if preview:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        hearing.generate([HearingSpec(good_morning)], cancel)
    assert hear(hearing, good_morning).data


@pytest.mark.parametrize("data", [b"", b"not a sound" * 300])
def test_what_is_no_sound_is_refused(hearing, data):
    with pytest.raises(Refused, match="holds no sound"):
        hear(hearing, data)


def test_a_language_it_does_not_know_is_refused_by_name(hearing, good_morning):
    with pytest.raises(Refused, match=r"does not know 'de'; it knows: en\.$"):
        hear(hearing, good_morning, "de")
    assert hear(hearing, good_morning, "en-GB").data


def test_a_sound_longer_than_the_catalogue_allows_is_refused(catalogue, models_dir, good_morning):
    model = catalogue.find("transcribe").model_copy(update={"options": {"minutes": 0.01}})
    engine = Hearing(model, locate(model, models_dir), "cpu")
    with pytest.raises(Refused, match=r"longer than 0\.01 minutes"):
        hear(engine, good_morning)


def test_a_folder_without_a_model_is_one_sentence(catalogue, tmp_path):
    with pytest.raises(EngineFailed, match=r"needs a folder with one model\.bin"):
        Hearing(catalogue.find("transcribe"), tmp_path, "cpu").load()


def test_a_broken_model_is_one_sentence_without_paths(catalogue, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"nonsense")
    with pytest.raises(EngineFailed, match=r"^The model whisper-tiny-en failed: \w+\.$"):
        Hearing(catalogue.find("transcribe"), tmp_path, "cpu").load()
