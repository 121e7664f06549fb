"""GGUF files, unpacked once into a folder that loads in a second or two."""

import json
import os
import shutil
import tempfile
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from tools.errors import EngineFailed

STAMP = "unpacked.json"
WEIGHTS = "*.safetensors"


def weights_folder(files: Path, dtype: str) -> Path:
    """Return a transformers folder for a model's files, unpacking a GGUF if there is no other.

    `files` is a transformers folder, a folder that holds one GGUF, or the GGUF itself. Unpacking
    blocks for seconds per 100 million weights and needs 4 bytes of disk for each (2 in the half
    precisions); it happens again only when the GGUF changes. Raises EngineFailed.
    """
    if files.is_dir() and (files / "config.json").is_file():
        return files
    gguf = _only_gguf(files)
    folder = gguf.with_name(f".{gguf.stem}.{dtype}")
    if not _fresh(gguf, folder):
        try:
            _unpack(gguf, folder, dtype)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise EngineFailed(f"The model file {gguf.name} was not unpacked: {reason}.") from error
    return folder


def _only_gguf(files: Path) -> Path:
    found = sorted(files.glob("*.gguf")) if files.is_dir() else [files]
    if len(found) != 1 or found[0].suffix != ".gguf" or not found[0].is_file():
        raise EngineFailed(
            "A language model needs a folder with config.json and safetensors, or one GGUF file."
        )
    return found[0]


def _fresh(gguf: Path, folder: Path) -> bool:
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stamp == _stamp(gguf, folder))


def _stamp(gguf: Path, folder: Path) -> dict[str, object]:
    """Return what tells whether the source changed or the result was cut short."""
    state = gguf.stat()
    sizes = {path.name: path.stat().st_size for path in sorted(folder.glob(WEIGHTS))}
    return {"source": [state.st_size, state.st_mtime_ns], "weights": sizes}


def _unpack(gguf: Path, folder: Path, dtype: str) -> None:
    """Write the folder under a temporary name first, so that it is there whole or not at all."""
    with tempfile.TemporaryDirectory(dir=gguf.parent, prefix=".unpack-") as place:
        made = Path(place) / "model"
        _convert(gguf, made, dtype)
        stamp = json.dumps(_stamp(gguf, made))
        (made / STAMP).write_text(stamp, encoding="utf-8")
        for path in made.iterdir():
            _to_disk(path)
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)


def _convert(gguf: Path, folder: Path, dtype: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where, name = str(gguf.parent), gguf.name
    with redirect_stderr(StringIO()):  # its progress bar heeds no setting
        tokenizer = AutoTokenizer.from_pretrained(where, gguf_file=name)
        model = AutoModelForCausalLM.from_pretrained(
            where,
            gguf_file=name,
            dtype=getattr(torch, dtype),
            quantization_config=GgufConfig(dequantize=True),
        )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
