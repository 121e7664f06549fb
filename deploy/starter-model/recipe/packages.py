"""Fetching what the recipe learns from: packages of npm and Debian, pinned and checked."""

import hashlib
import io
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
    """One pinned package, of npm or of Debian; `style` names that of its pictures, "" for none."""

    file: str
    package: str
    version: str
    sha256: str
    licence: str
    author: str
    style: str = ""
    origin: str = "npm"


def pinned() -> list[Package]:
    """Every package of packages.toml, in its order."""
    table = tomllib.loads((HERE / "packages.toml").read_text(encoding="utf-8"))
    return [Package(file=name, **fields) for name, fields in table.items()]


def fetch(package: Package, folder: Path) -> Path:
    """The unpacked package; npm or apt is asked only for what is not in the folder yet.

    Raises:
        ValueError: The archive is not the one that was pinned.
    """
    unpacked = folder / f"{package.file}-{package.version.replace(':', '_')}"
    archive = unpacked.with_name(unpacked.name + (".tgz" if package.origin == "npm" else ".deb"))
    if not archive.exists():
        log.info("fetching %s %s", package.package, package.version)
        folder.mkdir(parents=True, exist_ok=True)
        (_from_npm if package.origin == "npm" else _from_debian)(package, archive)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise ValueError(f"{archive.name} has SHA-256 {found}, pinned is {package.sha256}.")
    if not unpacked.exists():
        data = archive.read_bytes() if package.origin == "npm" else _member(archive)
        with tarfile.open(fileobj=io.BytesIO(data)) as files:
            files.extractall(unpacked, filter="data")
    return unpacked / ("package" if package.origin == "npm" else "usr/share")


def _from_npm(package: Package, archive: Path) -> None:
    npm, name = shutil.which("npm") or "npm", f"{package.package}@{package.version}"
    command = [npm, "pack", "--silent", name]
    subprocess.run(command, cwd=archive.parent, check=True, capture_output=True)


def _from_debian(package: Package, archive: Path) -> None:
    apt, name = shutil.which("apt-get") or "apt-get", f"{package.package}={package.version}"
    command = [apt, "download", "-qq", name]
    subprocess.run(command, cwd=archive.parent, check=True, capture_output=True)
    next(archive.parent.glob(f"{package.package}_*.deb")).rename(archive)


def _member(archive: Path) -> bytes:
    """The data of a Debian package, deb(5): an ar archive whose third member they are."""
    content, at = archive.read_bytes(), len(b"!<arch>\n")
    while not content[at : at + 16].startswith(b"data.tar"):
        length = int(content[at + 48 : at + 58])
        at += 60 + length + length % 2
    return content[at + 60 : at + 60 + int(content[at + 48 : at + 58])]
