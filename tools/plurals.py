"""English plurals as singulars, for models that know things one at a time.

A small table and not a library: inflect (MIT) takes over a second to import and makes "bu" of
"bus" and "tenni" of "tennis".
"""

import re

_ODD = {
    **{"men": "man", "women": "woman", "people": "person", "children": "child", "mice": "mouse"},
    **{"geese": "goose", "feet": "foot", "teeth": "tooth", "oxen": "ox", "dice": "die"},
    **{"wolves": "wolf", "leaves": "leaf", "knives": "knife", "elves": "elf", "calves": "calf"},
    **{"shoes": "shoe", "toes": "toe", "canoes": "canoe", "cookies": "cookie", "pies": "pie"},
    **{"movies": "movie", "zombies": "zombie", "cacti": "cactus", "loaves": "loaf"},
}
_SAME = frozenset(
    (
        *("gas", "atlas", "lens", "christmas", "canvas", "news", "series", "species", "scissors"),
        *("pants", "jeans", "trousers", "shorts", "glasses", "sunglasses", "headphones"),
        *("fireworks", "physics", "mathematics", "always", "perhaps", "paris", "lets", "does"),
    )
)
_WORD = re.compile(r"[A-Za-z]+")


def singular(text: str) -> str:
    """Return a text with its English plurals in the singular; other words stay as they are."""
    return _WORD.sub(lambda found: _one(found[0]), text)


def _one(word: str) -> str:
    low = word.lower()
    if low in _ODD:
        return _ODD[low]
    if len(low) <= 3 or low in _SAME or not low.endswith("s") or low.endswith(("ss", "us", "is")):
        return word
    if low.endswith("ies"):
        return word[:-3] + "y"
    if low.endswith(("ches", "shes", "xes", "sses", "zzes", "oes")):
        return word[:-2]
    return word[:-1]
