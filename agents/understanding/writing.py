"""What a request to write says: which kind of text, how long, in which language."""

import re

from agents.understanding.compiler import Rule
from agents.understanding.drawing import tidy
from agents.understanding.folding import Line
from agents.understanding.lexicon import Language


def read(line: Line, language: Language) -> dict[str, object] | None:
    """Return the arguments of write, None when the words name nothing to write."""
    args: dict[str, object] = {}
    taken = True
    while taken:
        line, taken = _one_limit(line, args, language)
    line = tidy(line, language)
    if not line.text or language.marks["not_text"].match(line.fold):
        return None
    return {"kind": kind(line.fold, language) or "other", "request": line.text, **args}


def kind(fold: str, language: Language) -> str | None:
    """Return the kind of text whose noun comes first in the words, None without one."""
    found = language.marks["kind"].search(fold)
    return language.tables["kinds"].get(found["kind"]) if found else None


def topic(request: str, fold: str, language: Language) -> str:
    """Return what a text is about ("a haiku about rain" -> "rain"), the whole without "about"."""
    found = language.marks["topic"].search(fold)
    if not found:
        return request
    start, end = found.span("topic")
    return request[start:end].strip()


def _one_limit(line: Line, args: dict[str, object], language: Language) -> tuple[Line, bool]:
    for rule in language.limits:
        if found := rule.search(line.fold):
            args |= _meaning(rule, found, language)
            return line.without(*found.span()), True
    return line, False


def _meaning(rule: Rule, found: re.Match[str], language: Language) -> dict[str, object]:
    slots = found.groupdict()
    made: dict[str, object] = dict(rule.fixed)
    if limit := slots.get("limit"):
        made["max_words"] = int(limit)
    if said := slots.get("language"):
        name = language.tables["languages"].get(said)
        # A text is written in the language it is asked for in, unless another one is named.
        made |= {} if name == language.words["itself"] else {"language": name}
    return made
