"""The text encoder: CLIP's, small, whose padded positions carry a draft of the picture.

Padded positions see the whole prompt. A head that is thrown away later reads a cell of the latents,
1 of 4 x 4, off each of the last 16; a second one names the concept. So the denoiser finds layout
and colour already there. Where a training starts from a model that is there, its words are only a
first guess, and captions of all kinds learn to say what its encoder says to the plainest one.
"""

import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from recipe.captions import Captions
from recipe.prepare import Dataset
from recipe.settings import Configuration
from recipe.start import Start
from recipe.training import Losses, Training
from recipe.vocabulary import DRAFT, POSITIONS, Vocabulary

GRID = 4
HEADS = 4
NEUTRAL = 25.0
"""How much oftener a concept is seen that stands for many words: peoples, countries."""


@dataclass(frozen=True, slots=True)
class Material:
    """What text and denoiser learn from; `latents` (N, 4, S, S) of every picture."""

    data: Dataset
    latents: Tensor
    captions: Captions
    vocabulary: Vocabulary
    weights: list[float]

    def choose(self, pick: random.Random, count: int) -> list[int]:
        """Numbers of pictures to learn from next."""
        return pick.choices(range(len(self.weights)), self.weights, k=count)

    def tokens(self, rows: list[int], pick: random.Random) -> Tensor:
        """A caption of each picture."""
        shown = self.data.shown
        tokens = self.vocabulary([self.captions.draw(shown[row], pick) for row in rows])
        return tokens.to(self.latents.device)

    def concepts(self) -> Tensor:
        """The number of each picture's concept."""
        numbers = [shown.concept for shown in self.data.shown]
        return torch.tensor(numbers, device=self.latents.device)

    def cells(self) -> Tensor:
        """The latents as 16 cells: (N, 16, values)."""
        centred = self.latents - self.latents.mean((0, 2, 3), keepdim=True)
        scaled = centred / centred.std((0, 2, 3), keepdim=True)
        small = F.adaptive_avg_pool2d(scaled, min(16, scaled.shape[-1]))
        return F.pixel_unshuffle(small, small.shape[-1] // GRID).flatten(2).transpose(1, 2)


def weights(data: Dataset, settings: Configuration) -> list[float]:
    """How often each picture is seen: style, common things more, recoloured copies less."""
    found = []
    for shown in data.shown:
        concept = data.concepts[shown.concept]
        weight = settings.styles[shown.style] * (settings.common if concept.aliases else 1.0)
        weight *= NEUTRAL if concept.others else 1.0
        found.append(weight * (0.08 if shown.colour else 1.0))
    return found


def new(settings: Configuration, vocabulary: Vocabulary) -> CLIPTextModel:
    """An untrained encoder."""
    width = settings.text_width
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        intermediate_size=width * 10 // 3 // 8 * 8,
        num_hidden_layers=settings.text_layers,
        num_attention_heads=HEADS,
        max_position_embeddings=POSITIONS,
        hidden_act="gelu",
        projection_dim=width,
        bos_token_id=vocabulary.begin,
        eos_token_id=vocabulary.end,
        pad_token_id=vocabulary.end,
    )
    return CLIPTextModel(config)


class TextLearner(nn.Module):
    """The encoder with the heads that only training needs."""

    def __init__(self, encoder: CLIPTextModel, material: Material) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.draft = nn.Linear(width, material.cells().shape[-1])
        self.concept = nn.Linear(width, len(material.data.concepts))

    def losses(
        self,
        hidden: Tensor,
        tokens: Tensor,
        cells: Tensor,
        concepts: Tensor,
        vocabulary: Vocabulary,
    ) -> Losses:
        """What the heads miss: the draft and the concept."""
        ends = hidden[torch.arange(len(tokens)), vocabulary.ends(tokens)]
        named = F.cross_entropy(self.concept(ends), concepts, label_smoothing=0.05)
        drawn = F.mse_loss(self.draft(hidden[:, DRAFT:]).float(), cells)
        return {"draft": drawn, "concept": 0.05 * named}


class TextLoss:
    """One step of the text stage; `said` is what the start's encoder says to each plain caption."""

    def __init__(
        self, learner: TextLearner, material: Material, said: Tensor | None, batch: int
    ) -> None:
        self.learner, self.material, self.batch = learner, material, batch
        self.said = said
        self.cells, self.concepts = material.cells(), material.concepts()

    def __call__(self, pick: random.Random, generator: torch.Generator) -> Losses:
        """Draft and concept, and the start's hidden states where there are any."""
        rows = self.material.choose(pick, self.batch)
        tokens = self.material.tokens(rows, pick)
        hidden = self.learner.encoder(input_ids=tokens).last_hidden_state
        vocabulary = self.material.vocabulary
        losses = self.learner.losses(
            hidden, tokens, self.cells[rows], self.concepts[rows], vocabulary
        )
        if self.said is not None:
            known = [not self.material.data.shown[row].colour for row in rows]
            ends = vocabulary.ends(tokens)[:, None]
            after = torch.arange(POSITIONS, device=ends.device)[None] >= ends
            after = after & torch.tensor(known, device=ends.device)[:, None]
            missed = (hidden - self.said[rows].float()).square().mean(-1)
            losses["said"] = 0.5 * missed[after].mean()
        return losses


def train(
    material: Material, settings: Configuration, start: Start | None, work: Path, stop_at: float
) -> TextLearner:
    """The trained encoder with its heads, as far as time allowed."""
    torch.manual_seed(settings.text.seed)
    learner = TextLearner(new(settings, material.vocabulary), material)
    said = None
    if start is not None and stop_at > time.time():
        said = start.say([material.captions.plain(shown) for shown in material.data.shown])
        if not (work / "text.pt").exists():
            start.give_words(learner.encoder, material.vocabulary)
            start.fit(learner.draft, said[:, DRAFT:], material.cells().cpu())
        said = said.to(material.latents.device)
    learner = learner.to(material.latents.device)
    training = Training(learner, settings.text, work / "text.pt", {})
    training.run(TextLoss(learner, material, said, settings.text.batch), stop_at)
    return learner
