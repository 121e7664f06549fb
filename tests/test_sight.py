"""Pictures found by what they show: the encoders themselves, the choice, and a whole chat."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot.keeping import Keeper
from memory.records import Message
from memory.sights import put, seen
from tests.fakes import FakeRunner, catalogue, model
from tests.rooms import ANA, CHAT, room
from tools.engines.sight import Sight
from tools.errors import EngineFailed
from tools.jobs import Artifact, Job, Report, SightSpec
from tools.sight import Question, fitting, rows

EYES = model("eyes", "see", family="sight")


def picture(colour: str) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 32), colour).save(data, "PNG")
    return data.getvalue()


def save_clip(folder: Path) -> None:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={word: n for n, word in enumerate(words)}, merges=[])
    tokenizer.model_max_length = 64
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    small |= {"num_attention_heads": 2}
    text: dict[str, Any] = {**small, "vocab_size": len(words), "max_position_embeddings": 64}
    text |= {"bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1}
    seen = {**small, "image_size": 32, "patch_size": 16}
    config = CLIPConfig(text_config=text, vision_config=seen, projection_dim=8)
    CLIPModel(config).save_pretrained(folder)
    sizes: dict[str, Any] = {"size": {"shortest_edge": 32}}
    sizes["crop_size"] = {"height": 32, "width": 32}
    CLIPProcessor(CLIPImageProcessor(**sizes), tokenizer).save_pretrained(folder)


def save_siglip(folder: Path) -> None:
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    from tests.tiny_models import qwen

    tokenizer = qwen()["tokenizer"]
    tokenizer.model_max_length = 64
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    small |= {"num_attention_heads": 2}
    text = {**small, "vocab_size": 300, "max_position_embeddings": 64, "projection_size": 16}
    seen = {**small, "image_size": 32, "patch_size": 16}
    SiglipModel(SiglipConfig(text_config=text, vision_config=seen)).save_pretrained(folder)
    images = SiglipImageProcessor(size={"height": 32, "width": 32})
    SiglipProcessor(images, tokenizer).save_pretrained(folder)


@pytest.mark.parametrize("save", [save_clip, save_siglip])
def test_an_encoder_puts_pictures_and_words_in_one_space(save: Any, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModel

    torch.manual_seed(1)
    save(tmp_path)
    engine = Sight(EYES, tmp_path, "cpu")
    spec = SightSpec((picture("red"), b"no picture", picture("blue")), ("red", "A much longer one"))
    (made,) = engine.generate([spec], lambda *_: None)
    vectors = np.stack([np.frombuffer(row, np.float16) for row in rows(made, 5)]).astype(np.float32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1, 1], atol=0.01)
    assert not np.allclose(vectors[0], vectors[2], atol=1e-3)
    assert not np.allclose(vectors[3], vectors[4], atol=1e-3)
    (alone,) = engine.generate([SightSpec(texts=("red",))], lambda *_: None)
    assert np.allclose(np.frombuffer(alone.data, np.float16), vectors[3], atol=2e-3)
    scale = AutoModel.from_pretrained(tmp_path).logit_scale.exp().item()
    assert made.facts["scale"] == pytest.approx(scale)
    engine.unload()


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="could not be loaded"):
        Sight(EYES, tmp_path, "cpu").load()


def f16(*numbers: float) -> bytes:
    return np.array(numbers, np.float16).tobytes()


@pytest.mark.parametrize(
    ("pictures", "found"),
    [
        ({"red": (0.4, 0.9), "blue": (0.1, 0.99)}, ("red",)),
        ({"red": (0.4, 0.9), "pink": (0.395, 0.9), "blue": (0.1, 0.99)}, ("red", "pink")),
        ({"green": (0.01, 0.99), "blue": (-0.1, 0.99)}, ()),
        ({"broken": (0.0, 0.0), "red": (0.4, 0.9)}, ("red",)),
        ({"of another encoder": (0.4,)}, ()),
        ({}, ()),
    ],
)
def test_words_fit_one_picture_some_or_none(
    pictures: dict[str, tuple[float, ...]], found: tuple[str, ...]
) -> None:
    asked = Question(f16(1, 0.1), f16(0.9, 0.1), 100)
    assert fitting(asked, {name: f16(*vector) for name, vector in pictures.items()}) == found


class Eyes(FakeRunner):
    """Sees the colours of pictures in the order they come, and reads those words."""

    def __init__(self, *colours: str) -> None:
        super().__init__()
        self.colours = list(colours)

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        spec = job.specs[0]
        if not isinstance(spec, SightSpec):
            return await super().run(job, report)
        self.jobs.append(job)
        space = ("red", "blue")
        told = [self.colours.pop(0) for _ in spec.pictures]
        vectors = [[float(word == colour) for word in space] for colour in told]
        vectors += [[float(word in text) for word in space] for text in spec.texts]
        data = np.array(vectors, np.float16).tobytes()
        return [Artifact(data, "", {"width": 2, "scale": 100.0})]


async def test_the_red_one_is_found_by_what_it_shows(tmp_path: Path) -> None:
    runner = Eyes("blue", "red", "blue", "blue")
    async with room(tmp_path, runner) as here:
        studio, keeper = here.studio, Keeper(here.studio)
        studio.catalogue = catalogue(model(), EYES)
        drawn = await here.say("draw four balls")
        keeper.spoke(CHAT)
        await keeper.catch_up()
        shas = [asset.sha256 for asset in drawn.message.assets]
        known = await seen(studio.store.database, "eyes", shas)
        assert len(known) == 4
        red = next(sha for sha, vector in known.items() if vector == f16(1, 0))
        await here.say("make the red one darker")
        darker = (await studio.store.recent(CHAT)).steps[-1]
        assert darker.parents == (red,)
        asked = await here.say("make the blue one darker")
        assert "which one" in asked.message.text
        assert len(asked.message.assets) == 3
        none = await here.say("make the green one darker")
        assert "no picture of “green”" in none.message.text


async def test_what_was_seen_goes_with_the_picture(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        store = here.studio.store
        asset = await here.studio.assets.put(picture("red"), "image/png")
        await store.add(Message(CHAT, ANA, "look", (asset,)))
        await put(store.database, "eyes", {asset.sha256: b"12", "gone": b"34"})
        assert await seen(store.database, "eyes", [asset.sha256, "gone"]) == {asset.sha256: b"12"}
        assert await seen(store.database, "other", [asset.sha256]) == {}
        await store.forget(CHAT, None)
        left = await store.database(lambda db: db.execute("SELECT * FROM sights").fetchall())
        assert left == []
