"""Train Atelier's built-in picture model: `python deploy/starter-model/train.py cpu --work FOLDER`.

Stages: data, autoencoder, words, text encoder, denoiser, export. Each goes on where it stopped, and
is skipped when it is through. With `--minutes` it stops in time and exports what there is.
"""

import argparse
import logging
import math
import time
from pathlib import Path

import torch

from recipe import autoencoder, denoiser, start, text
from recipe.captions import Captions
from recipe.export import export
from recipe.prepare import Dataset, prepare
from recipe.settings import Configuration, configuration, device
from recipe.vocabulary import Vocabulary, learn

ROOT = Path(__file__).parent.parent.parent
log = logging.getLogger("starter-model")


def latents(data: Dataset, model: torch.nn.Module, size: int, work: Path) -> torch.Tensor:
    """The latents of every picture, computed once."""
    file = work / "latents.pt"
    if not file.exists():
        torch.save(autoencoder.encode(model, data, size), file)
    found: torch.Tensor = torch.load(file, weights_only=True)
    return found


def material(
    data: Dataset, found: torch.Tensor, settings: Configuration, work: Path
) -> text.Material:
    """Captions and their tokenizer, which is learnt first."""
    captions, words = Captions(data.concepts), work / "tokenizer"
    if not (words / "tokenizer_config.json").exists():
        learn(captions.corpus(), settings.vocabulary, words)
    found = found.to(device())
    return text.Material(data, found, captions, Vocabulary(words), text.weights(data, settings))


def train(
    settings: Configuration,
    work: Path,
    stages: set[str],
    stop_at: float = math.inf,
    old_autoencoder: bool = False,
) -> Path:
    """Run the stages named (of autoencoder, text, joint) and export; the model's folder.

    `old_autoencoder` exports that of the start, while the new one is not trained well.
    """
    data = prepare(work, settings)
    origin = start.load(ROOT / settings.start) if settings.start else None
    stop = {
        stage: stop_at if stage in stages else 0.0 for stage in ("autoencoder", "text", "joint")
    }
    if origin is not None:
        kept = latents(data, origin.autoencoder, origin.pixels, work)
        vae = autoencoder.train(data, settings, kept, work, stop["autoencoder"])
    else:
        vae = autoencoder.train(data, settings, None, work, stop["autoencoder"])
        kept = latents(data, vae, settings.pixels, work)
    learnt = material(data, kept, settings, work)
    encoder = text.train(learnt, settings, origin, work, stop["text"])
    unet = (origin.unet if origin is not None else denoiser.new(settings)).to(device())
    drawer = denoiser.train(learnt, settings, encoder, unet, work, stop["joint"])
    shown = origin.autoencoder if origin is not None and old_autoencoder else vae
    size = export(work / "model", shown, drawer, learnt.vocabulary, work / "tokenizer")
    log.info("exported %.1f MB", size / 1e6)
    return work / "model"


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configuration", choices=["tiny", "cpu", "full"])
    parser.add_argument("--work", type=Path, required=True, help="where data and checkpoints stay")
    parser.add_argument("--stages", default="autoencoder,text,joint", help="train only these")
    parser.add_argument("--old-autoencoder", action="store_true", help="export the start's")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop and export after")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = configuration(options.configuration)
    torch.set_num_threads(settings.threads)
    work = options.work / settings.name
    stop_at = time.time() + 60 * options.minutes
    train(settings, work, set(options.stages.split(",")), stop_at, options.old_autoencoder)


if __name__ == "__main__":
    main()
