"""What several test files share: the built-in catalogue and the real starter models."""

import os
from pathlib import Path

import pytest

from tools.catalogue import Catalogue
from tools.files import fetch

# Threads of torch that wait for each other by spinning bring two busy cores nearly to a stop
# (1 instead of 16 tokens a second); read once, when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

REPOSITORY = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Pass over what libraries use that will be gone one day: discord.py, torch, diffusers."""
    for start in ("'audioop' is deprecated", "`torch.jit", "__array__ implementation"):
        config.addinivalue_line("filterwarnings", f"ignore:{start}:DeprecationWarning")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.read()


@pytest.fixture(scope="session")
def models_dir(catalogue: Catalogue) -> Path:
    """The folder of the starter models, which are fetched when they are not there."""
    folder = Path(os.environ.get("ATELIER_MODELS") or REPOSITORY / ".models")
    for name in set(catalogue.profiles["starter"].values()):
        fetch(catalogue.models[name], folder, lambda line: None)
    return folder
