"""How often the gate is right about texts: planted faults found, and false alarms, by language.

The texts are in `texts.toml`: for each language some that keep to a brief, and one for each rule
that breaks it. A false alarm is a fault in a text that keeps the rules, or another than planted.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.report import Fact, note, table
from tools.constraints import Constraints
from tools.gate.texts import check

TEXTS = Path(__file__).with_name("texts.toml")
FAULTS = ("must", "never", "terms", "length", "language", "tone")


def rules(language: str, given: dict[str, Any]) -> Constraints:
    """Return what a brief of the table asks for."""
    return Constraints(
        must=tuple(given["must"]),
        never=tuple(given["never"]),
        terms=dict(given["terms"]),
        max_words=given["most"],
        languages=(language,),
        tones=tuple(given["tones"]),
    )


def wrong() -> tuple[list[tuple[str, str]], list[tuple[str, str, str]], int, int]:
    """Return missed faults, false alarms with their text, and how many there could be of each."""
    missed, alarms, planted, texts = [], [], 0, 0
    for language, row in tomllib.loads(TEXTS.read_text(encoding="utf-8")).items():
        asked = rules(language, row["rules"])
        for fault, text in [*(("", one) for one in row["good"]), *((f, row[f]) for f in FAULTS)]:
            found = {one.measure for one in check(1, text, asked).faults}
            planted, texts = planted + bool(fault), texts + 1
            missed += [(language, fault)] if fault and fault not in found else []
            alarms += [(language, one, text) for one in sorted(found - {fault})]
    return missed, alarms, planted, texts


def main() -> list[Fact]:
    missed, alarms, planted, texts = wrong()
    languages = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
    lines = [_row(name, missed, alarms, len(languages)) for name in FAULTS]
    head = ("", "planted", "found", "false alarms")
    table(f"The gate for texts: {len(languages)} languages, {texts} texts", lines, head)
    found = f"{planted - len(missed)} of {planted}"
    clean = f"{len({text for *_, text in alarms})} of {texts}"
    note(f"found {found}; texts with a false alarm {clean}")
    note(f"missed: {', '.join(' '.join(one) for one in missed) or 'none'}")
    return [
        Fact("planted faults of texts found by the gate", found),
        Fact("texts with a false alarm", clean),
    ]


def _row(
    fault: str, missed: Sequence[tuple[str, str]], alarms: Sequence[tuple[str, str, str]], many: int
) -> tuple[str, ...]:
    lost = sum(name == fault for _, name in missed)
    return (fault, str(many), str(many - lost), str(sum(name == fault for _, name, _ in alarms)))
