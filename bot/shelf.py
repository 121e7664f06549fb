"""The models on this machine's shelf: listed, fetched, verified."""

import sys
from collections.abc import Sequence

from bot.app import catalogue
from bot.notices import models_notice
from bot.settings import Settings
from tools import files
from tools.catalogue import Catalogue, Model
from tools.errors import ModelUnavailable


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _chosen(known: Catalogue, names: Sequence[str]) -> list[Model]:
    """Return the named models, or the profile's defaults."""
    wanted = names or list(dict.fromkeys(known.profiles[known.profile].values()))
    for name in wanted:
        if name not in known.models:
            raise ModelUnavailable(f"There is no model {name!r}; `atelier models` lists them.")
    return [known.models[name] for name in wanted]


def listing(settings: Settings) -> int:
    """Print every model."""
    sys.stdout.write(models_notice(catalogue(settings)) + "\n")
    return 0


def fetch(settings: Settings, names: Sequence[str] = ()) -> int:
    """Fetch what is missing or broken; raises ModelUnavailable or StorageFull."""
    for model in _chosen(catalogue(settings), names):
        files.fetch(model, settings.models, _say)
    return 0


def ensure(settings: Settings) -> None:
    """Fetch the profile's models unless they are all here (quick when they are)."""
    known = catalogue(settings)
    for model in _chosen(known, ()):
        try:
            files.locate(model, settings.models)
        except ModelUnavailable:
            files.fetch(model, settings.models, _say)


def verify(settings: Settings, names: Sequence[str] = ()) -> int:
    """Hash every file of the models and print what was found; 1 if something is broken."""
    known = catalogue(settings)
    whole = {m.name: files.verify(m, settings.models) for m in _chosen(known, names)}
    for name, good in whole.items():
        sys.stdout.write(f"{name}: {'whole' if good else 'missing or broken; fetch it again'}\n")
    return 0 if all(whole.values()) else 1
