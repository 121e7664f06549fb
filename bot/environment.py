"""Names in the environment that look like settings and are none."""

from collections.abc import Mapping

from bot.settings import Settings


def unknown(environment: Mapping[str, str]) -> dict[str, str]:
    """Return such names with what was probably meant: ATELIER_DISCORD__TOKEN for
    ATELIER_DISCORD_TOKEN, "" for those that are like none.
    """
    known = [f"ATELIER_{field}".upper() for field in Settings.model_fields]
    names = sorted(n for n in environment if n.startswith("ATELIER_"))
    return {n: _meant(n, known) for n in names if n.partition("__")[0] not in known}


def told(name: str, meant: str) -> str:
    """Return one sentence that says what to do about such a name."""
    hint = f"write {meant}, with two underscores" if meant else "check how it is spelt"
    return f"{name} is no setting; {hint}."


def _meant(name: str, known: list[str]) -> str:
    near = [f"{one}__{name[len(one) :].strip('_')}" for one in known if name.startswith(f"{one}_")]
    return near[0] if near else ""
