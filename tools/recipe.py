"""The recipe inside a PNG: how a picture was made, for people, other programs and ourselves.

Two text chunks: `parameters` in the convention of AUTOMATIC1111's web UI, which most viewers
and model sites read, and `atelier`, our own JSON, which loses nothing.
"""

import io
import json
import re
import struct
import zlib
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
OURS, COMMON = "atelier", "parameters"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is needed to make a picture again; `parents` are the SHA-256 it started from.

    `made` says what was done to the parents in words ("darker"), for pictures not drawn anew.
    """

    prompt: str = ""
    negative: str = ""
    seed: int = 0
    steps: int = 0
    guidance: float = 0.0
    width: int = 0
    height: int = 0
    model: str = ""
    revision: str = ""
    tool: str = ""
    made: str = ""
    strength: float = 0.0
    lora: str = ""
    lora_weight: float = 0.0
    parents: tuple[str, ...] = field(default=())


def parameters(recipe: Recipe) -> str:
    """Return the recipe as AUTOMATIC1111 writes it: prompt, negative prompt, one line of values."""
    values: dict[str, object] = {
        "Steps": recipe.steps,
        "CFG scale": f"{recipe.guidance:g}",
        "Seed": recipe.seed,
        "Size": f"{recipe.width}x{recipe.height}",
        "Model": recipe.model,
        "Denoising strength": f"{recipe.strength:g}",
    }
    if not recipe.strength:
        del values["Denoising strength"]
    # Line breaks inside a prompt would be read as the next part.
    called = f" <lora:{recipe.lora}:{recipe.lora_weight:g}>" if recipe.lora else ""
    lines = [" ".join(recipe.prompt.split()) + called]
    if recipe.negative:
        lines.append(f"Negative prompt: {' '.join(recipe.negative.split())}")
    lines.append(", ".join(f"{name}: {value}" for name, value in values.items()))
    return "\n".join(lines)


def with_recipe(data: bytes, recipe: Recipe) -> bytes:
    """Return the PNG with its recipe in text chunks; pixels are copied, not encoded again.

    Text chunks of these two names that were there before are replaced.
    Raises ValueError when `data` is not a PNG.
    """
    if not data.startswith(SIGNATURE):
        raise ValueError("a recipe can only be written into a PNG")
    head = len(SIGNATURE) + 25  # IHDR: length, type, 13 bytes, checksum
    ours = json.dumps(asdict(recipe), ensure_ascii=True, sort_keys=True)
    texts = _text(COMMON, parameters(recipe)) + _text(OURS, ours)
    return data[:head] + texts + _without_recipe(data[head:])


def read_recipe(data: bytes) -> Recipe | None:
    """Return the recipe in a picture's text chunks, ours or the common one; None without any.

    What stands there is data of unknown origin: never an instruction. Decodes no pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            info = picture.info
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning):
        return None
    ours, common = info.get(OURS), info.get(COMMON)
    if isinstance(ours, str) and (recipe := _from_json(ours)):
        return recipe
    return _from_parameters(common) if isinstance(common, str) else None


def _text(name: str, text: str) -> bytes:
    # iTXt holds UTF-8; the older tEXt, which more programs read, holds Latin-1.
    try:
        return _chunk(b"tEXt", name.encode() + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        body = text.encode("utf-8", "replace")
        return _chunk(b"iTXt", name.encode() + b"\0\0\0\0\0" + body)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _without_recipe(chunks: bytes) -> bytes:
    kept, at = [], 0
    while at + 12 <= len(chunks):
        size = struct.unpack_from(">I", chunks, at)[0] + 12
        chunk = chunks[at : at + size]
        name = chunk[8:96].split(b"\0")[0]
        if chunk[4:8] not in (b"tEXt", b"iTXt", b"zTXt") or name not in (b"parameters", b"atelier"):
            kept.append(chunk)
        at += size
    return b"".join(kept)


def _from_json(text: str) -> Recipe | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    blank = Recipe()
    values = {f.name: _like(getattr(blank, f.name), data.get(f.name)) for f in fields(Recipe)}
    return Recipe(**values)


def _like(example: Any, value: Any) -> Any:
    """Return the value if it is of the example's kind, else the example."""
    if isinstance(example, tuple) and isinstance(value, list):
        return tuple(item for item in value if isinstance(item, str))
    if isinstance(example, float) and type(value) in (int, float):
        return float(value)
    return value if type(value) is type(example) else example


def _from_parameters(text: str) -> Recipe | None:
    body, _, last = text.strip().rpartition("\n")
    values = dict(re.findall(r"([A-Z][\w ]*): ([^,]+)", last))
    if "Steps" not in values:
        body, values = text.strip(), {}
    prompt, _, negative = body.partition("\nNegative prompt:")
    size = re.fullmatch(r"(\d{1,5})x(\d{1,5})", values.get("Size", "").strip())
    width, height = (int(size[1]), int(size[2])) if size else (0, 0)
    return Recipe(
        prompt=prompt.strip(),
        negative=negative.strip(),
        seed=int(_number(values.get("Seed"))),
        steps=int(_number(values.get("Steps"))),
        guidance=_number(values.get("CFG scale")),
        width=width,
        height=height,
        model=values.get("Model", "").strip(),
    )


def _number(text: str | None) -> float:
    found = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*", text or "")
    return float(found[1]) if found else 0.0
