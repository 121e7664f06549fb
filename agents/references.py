"""Which picture or sound is meant: decided in code, never invented by a model.

A reference is a short expression: "last", "previous", "mine", "reply", "attached", "all",
"other" (than the one worked on), an ordinal "2", several "1,3", "#<id>", or words that describe it
("red", "the cat"). An empty one means what the person is obviously looking at: what was sent
along, the message replied to, otherwise the last set. ":2", ":1,3", ":-1" (the last) or ":all"
behind one counts in its set.
"v:2" is the second version of what is looked at (`versions`), "by:bob red" and "when:yesterday"
look at what bob asked for, or what is from then, only (`narrowing`).
"""

import re
from collections.abc import Callable, Sequence

from agents import questions
from agents.errors import Nobody, Unclear, Unseen
from agents.likeness import tokens
from agents.narrowing import narrow
from agents.scene import Scene, Set
from agents.versions import POINTER, version
from memory.records import Asset
from memory.sentences import count, say

_COUNTED = r"-1|all|\d{1,2}(?:\s*,\s*\d{1,2})*"
_FORM = re.compile(rf"(?P<alone>{_COUNTED})|(?P<base>.*?)(?::(?P<nth>{_COUNTED}))?", re.DOTALL)
_MOST_SHOWN = 10
"""Pictures one message can show everywhere."""
_SHAS = re.compile(rf"(?P<ids>[0-9a-f]{{64}}(?:,[0-9a-f]{{64}})*)(?::(?P<nth>{_COUNTED}))?")


def find(expression: str, scene: Scene, kind: str = "image") -> tuple[Asset, ...]:
    """Return what an expression points at, one asset or (for several ordinals, "all") more.

    Raises Unclear with one question when nothing fits or more than one thing does.
    """
    words = expression.strip().lower()
    if words.startswith("#"):
        return tuple(_by_id(scene, kind, id) for id in words.removeprefix("#").split(","))
    if ids := _SHAS.fullmatch(words):
        named = tuple(_by_id(scene, kind, id) for id in ids["ids"].split(","))
        return _counted(Set("", named, None, ()), kind, ids["nth"]) if ids["nth"] else named
    try:
        narrowed = narrow(words, scene)
    except Nobody as nobody:
        return _called(nobody, scene, kind)
    if narrowed is not None:
        return find(*narrowed, kind)
    if kind == "image" and (numbered := POINTER.fullmatch(words)):
        return _version(scene, int(numbered["number"]), numbered["nth"] or "")
    return _shown(words, scene, kind)


def _called(nobody: Nobody, scene: Scene, kind: str) -> tuple[Asset, ...]:
    """Return what the words describe that are nobody's name; raises `nobody` when that is nothing.

    "Вторую кошку" (the second cat) reads like "вторую Ани" (the second of Anya's).
    """
    try:
        return _shown(nobody.words, scene, kind)
    except Unseen:
        raise nobody from None


def _shown(words: str, scene: Scene, kind: str) -> tuple[Asset, ...]:
    form = _FORM.fullmatch(words)
    assert form is not None  # its second half fits anything
    if form["alone"]:
        return _counted(_looked_at(scene, kind, form["alone"]), kind, form["alone"])
    base = form["base"].strip()
    shown = _SETS[base](scene, kind) if base in _SETS else _described(scene, kind, base)
    if form["nth"]:
        return _counted(
            _several(scene, shown, kind) if base == "mine" else shown, kind, form["nth"]
        )
    if base not in _SETS:
        return (_fitting(shown, kind, base),)
    if base == "reply" and (picked := _picked(scene, kind)):
        return picked
    if shown.message_id == scene.message.id and shown.of(kind):
        return shown.of(kind)  # of what was sent along, all is meant
    return (_only(shown, kind),)


def counted(expression: str, nth: str) -> str:
    """Return the expression that counts in what another one points at."""
    form = POINTER.fullmatch(expression)
    if form is not None:
        return f"v:{form['number']}:{nth}"
    base = re.sub(rf"(?:^|:)(?:{_COUNTED})$", "", expression)
    return f"{base}:{nth}" if base else nth


def _version(scene: Scene, number: int, nth: str) -> tuple[Asset, ...]:
    found = version(scene, _obvious(scene, "image").of("image"), number)
    shown = Set("", found, None, ())
    return _counted(shown, "image", nth) if nth else (_only(shown, "image"),)


def _obvious(scene: Scene, kind: str) -> Set:
    for found in (scene.attached, scene.replied):
        if found is not None and found.of(kind):
            return found
    return _last(scene, kind)


def _last(scene: Scene, kind: str) -> Set:
    return _sets(scene, kind)[0]


def _previous(scene: Scene, kind: str) -> Set:
    sets = _sets(scene, kind)
    if len(sets) < 2:
        raise Unclear(questions.about(questions.ONE_SET, kind))
    return sets[1]


def _mine(scene: Scene, kind: str) -> Set:
    own = [s for s in scene.sets if s.of(kind) and s.user == scene.message.author]
    if not own:
        raise Unclear(questions.about(questions.NONE_YOURS, kind))
    return own[0]


def _several(scene: Scene, mine: Set, kind: str) -> Set:
    """Return the author's newest set of more than one, the newest one when there is none."""
    own = (s for s in scene.sets if s.user == mine.user and len(s.of(kind)) > 1)
    return mine if len(mine.of(kind)) > 1 else next(own, mine)


def _replied(scene: Scene, kind: str) -> Set:
    replied = scene.replied
    return replied if replied is not None and replied.of(kind) else _obvious(scene, kind)


def _picked(scene: Scene, kind: str) -> tuple[Asset, ...]:
    """Return what came along of the message replied to: of an album, the one picture meant."""
    shown = scene.replied.of(kind) if scene.replied is not None else ()
    return tuple(asset for asset in scene.attached.of(kind) if asset in shown)


def _other(scene: Scene, kind: str) -> Set:
    """Return what lies beside the one its author's last request was about."""
    author = scene.message.author
    worked = next((s for s in reversed(scene.steps) if s.parents and s.user == author), None)
    sets = _sets(scene, kind)
    if worked is None:
        return sets[0]
    gone = {*worked.parents, *(a.sha256 for a in worked.assets)}
    beside = [
        s for s in sets if gone.intersection(a.sha256 for a in s.assets) and len(s.of(kind)) > 1
    ]
    every = {a.sha256: a for s in beside[:1] or sets for a in s.of(kind)}
    rest = tuple(a for sha, a in every.items() if sha not in gone)[:_MOST_SHOWN]
    if not rest:
        raise Unclear(questions.about(questions.NO_OTHER, kind))
    return Set("", rest, None, ())


_SETS: dict[str, Callable[[Scene, str], Set]] = {
    "": _obvious,
    "last": _last,
    "previous": _previous,
    "mine": _mine,
    "reply": _replied,
    "attached": _obvious,
    "other": _other,
}


def _sets(scene: Scene, kind: str) -> list[Set]:
    """Return the sets of a kind, newest first: the author's own before those of others.

    Of sounds, those that somebody sent come first: nobody asks what we said ourselves.
    """
    sets = [s for s in scene.sets if s.of(kind)]
    if kind == "audio":
        sets.sort(key=lambda s: s.message_id != s.turn)
    else:
        sets.sort(key=lambda s: s.user != scene.message.author)
    if not sets:
        raise Unclear(questions.about(questions.NONE, kind))
    return sets


def _looked_at(scene: Scene, kind: str, ordinals: str) -> Set:
    """Return the set a bare number counts in; single pictures in a row are one, oldest first."""
    for found in (scene.replied, scene.attached):
        if found is not None and found.of(kind):
            return found
    sets = _sets(scene, kind)
    if ordinals == "all":
        return sets[0]
    singles = Set("", tuple(s.of(kind)[0] for s in reversed(sets)), None, ())
    return next((s for s in sets if len(s.of(kind)) > 1), singles)


def _counted(found: Set, kind: str, ordinals: str) -> tuple[Asset, ...]:
    if ordinals == "all":
        return found.of(kind)
    return tuple(_nth(found.of(kind), kind, int(n)) for n in ordinals.split(","))


def _nth(assets: tuple[Asset, ...], kind: str, n: int) -> Asset:
    if n == -1:
        return assets[-1]
    if 1 <= n <= len(assets):
        return assets[n - 1]
    one, many = questions.NO_NUMBER[kind != "image"]
    raise _asking(count(len(assets), one, many, number=n), assets)


def _only(found: Set, kind: str) -> Asset:
    assets = found.of(kind)
    if len(assets) > 1:
        raise _asking(questions.about(questions.SEVERAL, kind, many=len(assets)), assets)
    return assets[0]


def _asking(question: str, assets: tuple[Asset, ...], numbers: tuple[str, ...] = ()) -> Unclear:
    """Return a question about some of these; pictures are shown with it, as they are numbered."""
    shown = tuple(a for a in assets if a.media_type.startswith("image/"))
    return Unclear(question, numbers or _numbers(assets), shown)


def _numbers(assets: tuple[Asset, ...]) -> tuple[str, ...]:
    return tuple(str(n) for n in range(1, len(assets) + 1))


def _by_id(scene: Scene, kind: str, prefix: str) -> Asset:
    named = Set("", scene.named, None, ())
    every = [s for s in (scene.attached, scene.replied, *scene.sets, named) if s is not None]
    for found in every:
        if found.message_id == prefix and found.of(kind):
            return _only(found, kind)
    hits = {a.sha256: a for s in every for a in s.of(kind) if a.sha256.startswith(prefix)}
    if len(hits) == 1 and len(prefix) >= 4:
        return next(iter(hits.values()))
    raise Unclear(
        questions.about(
            questions.MANY_IDS if len(hits) > 1 else questions.NO_ID, kind, id=f"#{prefix[:12]}"
        )
    )


def _described(scene: Scene, kind: str, words: str) -> Set:
    """Return the newest set that has something made from all of these words.

    Of several people's, when the author has none, all that fits is returned as one to choose from.
    What was made from none of them may look like it (`sight`).
    """
    replied = scene.replied
    sets = [replied] if replied is not None and replied.of(kind) else _sets(scene, kind)
    fitting = [s for s in sets if _fits(s, kind, words)]
    if not fitting:
        return _looking(scene, sets, kind, words)
    mine = fitting[0].user == scene.message.author
    newest = list({s.user: s for s in reversed(fitting)}.values())
    return fitting[0] if mine or len(newest) == 1 else _together(newest, kind, words)


def _looking(scene: Scene, sets: Sequence[Set], kind: str, words: str) -> Set:
    """Return what looks like these words, as far as that was found out; raises Unseen."""
    every = {a.sha256: a for s in sets for a in s.of(kind)}
    if found := tuple(every[sha] for sha in scene.looks.get(words, ()) if sha in every):
        return Set("", found, None, (words,) * len(found))
    among = tuple(every.values()) if kind == "image" and tokens(words) else ()
    raise Unseen(questions.about(questions.UNSEEN, kind, what=words[:60]), words, among)


def _together(sets: Sequence[Set], kind: str, words: str) -> Set:
    found = {a.sha256: (a, words) for s in sets for a in _fits(s, kind, words)}
    assets, made = zip(*list(found.values())[:_MOST_SHOWN], strict=True)
    return Set("", assets, None, made)


def _fitting(shown: Set, kind: str, words: str) -> Asset:
    assets, fits = shown.of(kind), _fits(shown, kind, words)
    if len(fits) > 1:
        numbers = tuple(n for n, a in zip(_numbers(assets), assets, strict=True) if a in fits)
        if len(fits) == len(assets):
            return _only(shown, kind)
        which = say("{some} and {last}", some=", ".join(numbers[:-1]), last=numbers[-1])
        question = questions.about(questions.FITS, kind, what=words[:60], which=which)
        raise _asking(question, assets, numbers)
    return fits[0]


def _fits(shown: Set, kind: str, words: str) -> list[Asset]:
    wanted = tokens(words)
    pairs = zip(shown.assets, shown.words, strict=False)  # what was sent along has no words
    good = {a.sha256 for a, made in pairs if wanted and wanted <= tokens(made)}
    return [a for a in shown.of(kind) if a.sha256 in good]
