"""Many words as one regular expression that reads what they share only once."""

import re
from collections.abc import Iterable

Tree = dict[str, "Tree"]
"""The words' characters one after another; "" where a word may end."""

_TOKEN = re.compile(r"\\s[+*]|\\.|.", re.DOTALL)
_SPECIAL = re.compile(r"[()\[\]{}|?.^$]|\\(?![s'-])|(?<!\\s)[+*]")


def alternation(words: Iterable[str]) -> str:
    """Return an expression for any of the words, longer ones before those that begin them.

    Words that hold more than letters and blanks (`\\s+`) come first, as they are.
    """
    tree: Tree = {}
    said = sorted(set(words), key=len, reverse=True)
    forms = [word for word in said if _SPECIAL.search(word)]
    for word in said:
        if not _SPECIAL.search(word):
            _add(tree, word)
    return "|".join([*forms, *_branches(tree)])


def _add(tree: Tree, word: str) -> None:
    for token in _TOKEN.findall(word):
        tree = tree.setdefault(token, {})
    tree[""] = {}


def _branches(tree: Tree) -> list[str]:
    return [token + _rest(below) for token, below in tree.items() if token]


def _rest(tree: Tree) -> str:
    branches = _branches(tree)
    if not branches:
        return ""
    if len(branches) == 1 and "" not in tree:
        return branches[0]
    if all(len(branch) == 1 for branch in branches):
        return f"[{''.join(branches)}]{'?' if '' in tree else ''}"
    return f"(?:{'|'.join(branches)}){'?' if '' in tree else ''}"
