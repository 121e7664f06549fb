"""What can be drawn: concepts with their words in several languages."""

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent
SHORT = re.compile(r"[a-z][a-z ]{2,24}")


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing to draw.

    `aliases` are the everyday words of common.toml, the first the plainest; `others` words that it
    stands for without being named by them.
    """

    code: str
    label: str
    aliases: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    tags: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The plainest English word for it."""
        return self.aliases[0] if self.aliases else self.label


def words() -> dict[str, Any]:
    """The tables of words.toml."""
    return tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))


def common(*but: str) -> dict[str, list[str]]:
    """The everyday words of each common concept, by code, without the sections named."""
    table = tomllib.loads((HERE / "common.toml").read_text(encoding="utf-8"))
    return {
        code: [word.strip() for word in names.split(",")]
        for section, names_of in table.items()
        for code, names in names_of.items()
        if section not in but
    }


def code_of(name: str) -> str:
    """A code point sequence in one form: lower case, without variation selectors."""
    return "-".join(part for part in name.lower().split("-") if part != "fe0f")


def plain(text: str) -> str:
    """A label in lower case with plain quotation marks."""
    return text.lower().replace("’", "'").replace("“", "").replace("”", "").strip()


def kept(entry: dict[str, Any], table: dict[str, Any]) -> bool:
    """Whether an emoji is learnt: see the reasons in words.toml."""
    code = code_of(entry["hexcode"])
    if entry.get("group") is None or entry["group"] in table["dropped_groups"]:
        return False
    if entry.get("subgroup") in table["dropped_subgroups"] or code in table["dropped"].split():
        return False
    if entry["group"] == 1 and "200d" in code:
        return False
    return not any(part in entry["label"].lower() for part in table["dropped_labels"])


def _entries(folder: Path, language: str) -> list[dict[str, Any]]:
    text = (folder / language / "data.json").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = json.loads(text)
    return entries


def _short_codes(folder: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in sorted((folder / "en" / "shortcodes").glob("*.json")):
        for code, names in json.loads(file.read_text(encoding="utf-8")).items():
            for name in [names] if isinstance(names, str) else names:
                text = re.sub(r"[_\-]+", " ", name).strip().lower()
                if SHORT.fullmatch(text):
                    found.setdefault(code_of(code), set()).add(text)
    return found


def read(folder: Path) -> list[Concept]:
    """Every concept that is kept, from emojibase's folder, in emojibase's order."""
    table, everyday, short = words(), common(), _short_codes(folder)
    foreign = [language for language in table["languages"] if language != "en"]
    told = {x: {code_of(e["hexcode"]): e for e in _entries(folder, x)} for x in foreign}
    concepts, stands_for = [], _neutral(folder, table)
    for entry in _entries(folder, "en"):
        if not kept(entry, table):
            continue
        code = code_of(entry["hexcode"])
        known = {"en": entry} | {x: told[x][code] for x in foreign if code in told[x]}
        tags = {x: [plain(tag) for tag in e.get("tags", [])] for x, e in known.items()}
        labels = {x: plain(e["label"]) for x, e in known.items()}
        names = sorted(short.get(code, set()) - {labels["en"]})
        others = stands_for.get(code, [])
        aliases = everyday.get(code, [])
        concepts.append(Concept(code, labels["en"], aliases, names, tags, labels, others))
    return concepts


def _neutral(folder: Path, table: dict[str, Any]) -> dict[str, list[str]]:
    neutral = table["neutral"]
    people = [plain(" ".join(word.split())) for word in neutral["people"].split(",")]
    return {neutral["person"]: people, neutral["place"]: countries(folder)}


def countries(folder: Path) -> list[str]:
    """Names of countries in every language, from the labels of their flags."""
    names = []
    for language in words()["languages"]:
        for entry in _entries(folder, language):
            if entry.get("subgroup") == 98 and ":" in entry["label"].replace("：", ":"):
                names.append(plain(entry["label"].replace("：", ":").split(":", 1)[1]))
    return sorted(set(names))
