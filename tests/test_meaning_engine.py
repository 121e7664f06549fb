"""The sentence encoder itself: what means the same in another language is near."""

from pathlib import Path

import numpy as np

from memory.meaning import Meaning
from tests.fakes import model
from tools.engines.meaning import Meaning as Encoder
from tools.jobs import MeaningSpec


def test_the_same_in_other_languages_is_nearer_than_anything_else() -> None:
    encoder = Encoder(model("use", "remember", family="meaning"), Path(), "cpu")
    encoder.load()
    same = (
        "draw a red bicycle",
        "画一辆红色的自行车",
        "Нарисуй красный велосипед",
        "un vélo rouge",
    )
    specs = [MeaningSpec((*same, "the meeting is on Friday")), MeaningSpec(("when do we meet?",))]
    told: list[tuple[int, int]] = []
    many, one = encoder.generate(specs, lambda done, total, _: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]
    vectors = np.frombuffer(many.data, np.float16).reshape(5, 512).astype(np.float32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=0.01)
    near = vectors @ vectors[0]
    assert near[1:4].min() > 0.5 > 0.3 > near[4]
    asked = np.frombuffer(one.data, np.float16).astype(np.float32)
    assert int(np.argmax(vectors @ asked)) == 4
    assert many.facts == {"signs": np.packbits(vectors > 0, axis=1).tobytes(), "width": 512}
    assert Meaning(one.data, b"").vector
    encoder.unload()
