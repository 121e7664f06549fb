"""The models on this machine's shelf: listed, fetched, verified."""

import sys
from collections.abc import Sequence
from typing import get_args

from bot.settings import Settings
from tools import files
from tools.catalogue import Catalogue, Item, Lora, Model, Task
from tools.errors import ModelUnavailable


def catalogue(settings: Settings) -> Catalogue:
    """Read the built-in catalogue and the operator's own; raises ModelUnavailable."""
    more = (settings.catalogue,) if settings.catalogue else ()
    return Catalogue.read(
        *more, profile=settings.profile, accepted=settings.accept, root=settings.models
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _chosen(known: Catalogue, names: Sequence[str]) -> list[Item]:
    """Return the named models and LoRAs, or the profile's defaults that have files.

    Raises ModelUnavailable, also when the operator has not accepted the licence of one of them.
    """
    if not names:
        found = [known.find(task) for task in known.profiles[known.profile]]
        return list({model.name: model for model in found if not model.source.server}.values())
    items: dict[str, Item] = {**known.models, **known.loras}
    for name in names:
        if name not in items:
            raise ModelUnavailable(f"There is no model {name!r}; `atelier models` lists them.")
        known.licensed(items[name])
    return [items[name] for name in names]


def listing(settings: Settings) -> int:
    """Print every model under what it is for."""
    known = catalogue(settings)
    sys.stdout.write(f"Profile {known.profile}; * marks what it uses.\n")
    here = {model.name: _here(model, settings) for model in known.models.values()}
    for task in get_args(Task):
        able = [m for m in known.models.values() if task in m.tasks]
        if able:
            sys.stdout.write(f"\n{_TASKS[task]}\n")
        for model in able:
            used = known.profiles[known.profile].get(task) == model.name
            sys.stdout.write(_row(model, here[model.name], used, settings))
    if known.loras:
        sys.stdout.write("\nStyles and things for some of them (lora)\n")
    for lora in known.loras.values():
        sys.stdout.write(_lora_row(lora, settings))
    sys.stdout.write("\nTo fetch one: atelier models fetch NAME. To accept a licence: accept in\n")
    sys.stdout.write('atelier.toml, such as accept = ["sdxl"].\n')
    return 0


_TASKS: dict[Task, str] = {
    "draw": "Pictures from words (draw)",
    "vary": "Variations of a picture (vary)",
    "inpaint": "Parts of a picture (inpaint)",
    "edit": "Changes of a picture by words (edit)",
    "write": "Texts (write)",
    "chat": "Understanding requests, with chat.model = local (chat)",
    "speak": "Speech (speak)",
    "transcribe": "Hearing (transcribe)",
    "remember": "Finding by meaning (remember)",
    "see": "Finding pictures by what they show (see)",
}


def _row(model: Model, here: str, used: bool, settings: Settings) -> str:
    size = "" if model.source.server else f"{model.memory / 1024:.1f} GiB"
    terms = _terms(model, settings)
    return f"{'*' if used else ' '} {model.name:24} {here:8} {size:>9}  {terms}\n"


def _lora_row(lora: Lora, settings: Settings) -> str:
    base, terms = ", ".join(lora.base), _terms(lora, settings)
    return f"  {lora.name:24} {_here(lora, settings):8} for {base}  {terms}\n"


def _terms(item: Item, settings: Settings) -> str:
    if not item.accept:
        return item.licence
    done = item.name in settings.accept
    return item.licence + ("; you accepted it" if done else "; you must accept it first")


def _here(model: Item, settings: Settings) -> str:
    if model.source.server:
        return "served" if model.source.server in settings.servers else "-"
    try:
        files.locate(model, settings.models)
    except ModelUnavailable:
        return "-"
    return "is here"


def fetch(settings: Settings, names: Sequence[str] = ()) -> int:
    """Fetch what is missing or broken; raises ModelUnavailable or StorageFull."""
    for model in _chosen(catalogue(settings), names):
        files.fetch(model, settings.models, _say)
    return 0


def ensure(settings: Settings) -> None:
    """Fetch the profile's models unless they are all here (quick when they are).

    With a cluster elsewhere they are needed on its nodes only.
    """
    if not settings.cluster.address:
        fetch(settings)


def verify(settings: Settings, names: Sequence[str] = ()) -> int:
    """Hash every file of the models and print what was found; 1 if something is broken."""
    whole = {
        model.name: files.verify(model, settings.models)
        for model in _chosen(catalogue(settings), names)
    }
    wide = max(map(len, whole), default=0)
    for name, good in whole.items():
        hint = "whole" if good else f"missing or broken; run: atelier models fetch {name}"
        sys.stdout.write(f"{name:{wide}}  {hint}\n")
    return 0 if all(whole.values()) else 1
