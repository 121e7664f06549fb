"""Fetching what the recipe learns from: npm tarballs, pinned and checked."""

import hashlib
import logging
import shutil
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent.parent
log = logging.getLogger("starter-model")


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned npm package; `style` names the style of its pictures, "" if it has none."""

    file: str
    package: str
    version: str
    sha256: str
    licence: str
    author: str
    style: str = ""


def pinned() -> list[Package]:
    """Every package of packages.toml, in its order."""
    table = tomllib.loads((HERE / "packages.toml").read_text(encoding="utf-8"))
    return [Package(file=name, **fields) for name, fields in table.items()]


def fetch(package: Package, folder: Path) -> Path:
    """The unpacked package; npm is asked only for what is not in the folder yet.

    Raises:
        ValueError: The tarball is not the one that was pinned.
    """
    tarball = folder / f"{package.file}-{package.version}.tgz"
    unpacked = folder / f"{package.file}-{package.version}"
    if not tarball.exists():
        log.info("fetching %s %s", package.package, package.version)
        folder.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm") or "npm"
        name = f"{package.package}@{package.version}"
        subprocess.run([npm, "pack", "--silent", name], cwd=folder, check=True, capture_output=True)
    found = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if found != package.sha256:
        raise ValueError(f"{tarball.name} has SHA-256 {found}, pinned is {package.sha256}.")
    if not unpacked.exists():
        with tarfile.open(tarball) as archive:
            archive.extractall(unpacked, filter="data")
    return unpacked / "package"
