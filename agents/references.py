"""Which picture or sound is meant: decided in code, never invented by a model.

A reference is a short expression: "last", "previous", an ordinal "2", several "1,3", "all",
"mine", "mine:2", "#<id>", "reply", "attached", or words that describe it ("red", "the cat").
An empty one means what the person is obviously looking at: the picture sent along, the message
replied to, otherwise the last set.
"""

import re
from collections.abc import Callable

from agents.errors import Unclear
from agents.scene import Scene, Set
from memory.records import Asset

_NOUN = {"image": ("picture", "pictures"), "audio": ("recording", "recordings")}
_ORDINALS = re.compile(r"\d{1,2}(?:\s*,\s*\d{1,2})*$")


def find(expression: str, scene: Scene, kind: str = "image") -> tuple[Asset, ...]:
    """Return what an expression points at, one asset or (for several ordinals, "all") more.

    Raises Unclear with one question when nothing fits or more than one thing does.
    """
    words = expression.strip().lower()
    head, _, rest = words.partition(":")
    special = _SPECIAL.get(head)
    if special is not None:
        return special(scene, kind, rest)
    if _ORDINALS.match(words):
        return tuple(_ordinal(scene, kind, int(n)) for n in words.split(","))
    if words.startswith("#"):
        return (_by_id(scene, kind, words[1:]),)
    if re.fullmatch(r"[0-9a-f]{64}", words):
        return (_by_id(scene, kind, words),)
    return (_described(scene, kind, words),)


def _obvious(scene: Scene, kind: str, _: str = "") -> tuple[Asset, ...]:
    for found in (scene.attached, scene.replied):
        if found is not None and found.of(kind):
            return (_only(found, kind),)
    return _last(scene, kind)


def _last(scene: Scene, kind: str, _: str = "") -> tuple[Asset, ...]:
    return (_only(_sets(scene, kind)[0], kind),)


def _previous(scene: Scene, kind: str, _: str = "") -> tuple[Asset, ...]:
    sets = _sets(scene, kind)
    if len(sets) < 2:
        raise Unclear(f"There is only one set of {_NOUN[kind][1]} here; nothing came before it.")
    return (_only(sets[1], kind),)


def _all(scene: Scene, kind: str, _: str = "") -> tuple[Asset, ...]:
    return _sets(scene, kind)[0].of(kind)


def _mine(scene: Scene, kind: str, ordinal: str = "") -> tuple[Asset, ...]:
    own = [s for s in scene.sets if s.of(kind) and s.user == scene.message.author]
    if not own:
        raise Unclear(f"You have no {_NOUN[kind][1]} here yet; which one do you mean?")
    return (_nth(own[0], kind, int(ordinal)) if ordinal.isdigit() else _only(own[0], kind),)


def _replied(scene: Scene, kind: str, ordinal: str = "") -> tuple[Asset, ...]:
    if scene.replied is None or not scene.replied.of(kind):
        return _obvious(scene, kind)
    if ordinal.isdigit():
        return (_nth(scene.replied, kind, int(ordinal)),)
    return (_only(scene.replied, kind),)


def _attached(scene: Scene, kind: str, _: str = "") -> tuple[Asset, ...]:
    found = scene.attached.of(kind)
    if not found:
        return _obvious(scene, kind)
    return found


_SPECIAL: dict[str, Callable[[Scene, str, str], tuple[Asset, ...]]] = {
    "": _obvious,
    "last": _last,
    "previous": _previous,
    "all": _all,
    "mine": _mine,
    "reply": _replied,
    "attached": _attached,
}


def _sets(scene: Scene, kind: str) -> list[Set]:
    """Return the sets of a kind: the author's own first, newest first within each half."""
    sets = [s for s in scene.sets if s.of(kind)]
    sets.sort(key=lambda s: s.user != scene.message.author)
    if not sets:
        one, many = _NOUN[kind]
        raise Unclear(f"There are no {many} here yet; send one, reply to one, or ask for a {one}.")
    return sets


def _only(found: Set, kind: str) -> Asset:
    assets = found.of(kind)
    if len(assets) > 1:
        numbers = tuple(str(n) for n in range(1, len(assets) + 1))
        raise Unclear(f"There are {len(assets)} {_NOUN[kind][1]}; which one?", numbers)
    return assets[0]


def _nth(found: Set, kind: str, n: int) -> Asset:
    assets = found.of(kind)
    if 1 <= n <= len(assets):
        return assets[n - 1]
    numbers = tuple(str(i) for i in range(1, len(assets) + 1))
    are = "is 1" if len(assets) == 1 else f"are {len(assets)}"
    noun = _NOUN[kind][len(assets) != 1]
    raise Unclear(f"There {are} {noun}, no number {n}; which one?", numbers)


def _ordinal(scene: Scene, kind: str, n: int) -> Asset:
    """Count in the set being looked at; single pictures in a row count as one set, oldest first."""
    for found in (scene.replied, scene.attached):
        if found is not None and found.of(kind):
            return _nth(found, kind, n)
    sets = _sets(scene, kind)
    several = next((s for s in sets if len(s.of(kind)) > 1), None)
    if several is not None:
        return _nth(several, kind, n)
    singles = tuple(s.of(kind)[0] for s in reversed(sets))
    return _nth(Set("", singles, None, ()), kind, n)


def _by_id(scene: Scene, kind: str, prefix: str) -> Asset:
    every = [s for s in (scene.attached, scene.replied, *scene.sets) if s is not None]
    for found in every:
        if found.message_id == prefix and found.of(kind):
            return _only(found, kind)
    hits = {a.sha256: a for s in every for a in s.of(kind) if a.sha256.startswith(prefix)}
    if len(hits) == 1 and len(prefix) >= 4:
        return next(iter(hits.values()))
    state = "more than one" if len(hits) > 1 else "no"
    raise Unclear(f"There is {state} {_NOUN[kind][0]} with the id #{prefix[:12]} here; which one?")


def _described(scene: Scene, kind: str, words: str) -> Asset:
    wanted = _tokens(words)
    sets = _sets(scene, kind)
    scored = [
        (_score(wanted, set_.words[set_.assets.index(a)] if set_.words else ""), a, set_)
        for set_ in ([scene.replied] if scene.replied and scene.replied.of(kind) else sets)
        for a in set_.of(kind)
    ]
    best = max(score for score, _, _ in scored)
    if best == 0:
        raise Unclear(f"I find no {_NOUN[kind][0]} of “{words[:60]}” here; which one do you mean?")
    top = [(a, s) for score, a, s in scored if score == best]
    newest = [a for a, s in top if s is top[0][1]]
    if len(newest) > 1:
        return _only(Set("", tuple(newest), None, ()), kind)
    return newest[0]


def _score(wanted: frozenset[str], words: str) -> float:
    have = _tokens(words)
    return len(wanted & have) / len(wanted) if wanted else 0.0


def _tokens(words: str) -> frozenset[str]:
    """Return lower-case words without a plural s, and single CJK characters."""
    found = re.findall(r"[a-z0-9à-öø-ÿа-я]+|[\u3040-\u30ff\u4e00-\u9fff]", words.lower())
    return frozenset(w.removesuffix("s") if len(w) > 3 else w for w in found) - _EMPTY


_EMPTY = frozenset("the a an one of with and in on at it this that picture image photo".split())  # noqa: SIM905
