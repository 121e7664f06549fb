"""Names as people say them: in a case ("Анны", "Bens"), in another alphabet ("Anna" for Анна)."""

import re
import unicodedata
from functools import lru_cache

_RUSSIAN = r"(?:[аяйьуюеыио]|ой|ей|ою|ём|ем|ом|ин[аоуы]?|иной)?(?!\w)"
"""Endings of a Russian name."""

_HONORIFIC = r"(?:-(?:san|kun|chan|sama|sensei))?"

_LETTERS = str.maketrans("абвгґдезиіклмнопрстуўфыэ", "abvggdeziiklmnoprstuufye") | str.maketrans(
    "αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstifo"
)
_PAIRS = {"є": "ie", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "iu"}
_PAIRS |= {"я": "ia", "ъ": "", "ь": "", "θ": "th", "χ": "ch", "ψ": "ps"}
_LATIN = _LETTERS | str.maketrans(_PAIRS)
"""Cyrillic and Greek letters with Latin ones, in one of the usual ways."""

_ALIKE = (
    ("ou", "u"),
    ("shch|schtsch|sch|sh", "s"),
    ("tsch|tch|ch|kh", "h"),
    ("zh", "z"),
    ("tz", "ts"),
    ("ph", "f"),
    ("th", "t"),
    ("x", "ks"),
    ("[ckq]", "k"),
    ("[yj]", "i"),
    ("w", "v"),
    ("([aou])e", r"\1"),
    (r"(\w)\1+", r"\1"),
)
"""What is written in several ways, and the one that stands for all of them; in this order."""

_CASES = (
    (r"(.+)a", "[aieu]?|[oe]iu?|in[aou]?"),
    (r"(.+[aeou])i", "i|ia|iu|em|e"),
    (r"(.+[^aeiou])", "|a|u|e|om|em|ia|iu"),
)
"""How a name ends, what is left of it, and how it may end in Russian then."""


def begins(text: str, name: str) -> int:
    """Return how long a name, or a case of it ("Bens", "Бена", "Ани"), stands at the beginning."""
    russian = re.fullmatch(r"(?P<stem>[а-яё]{2,}?)[аяйь]?", name)
    stem = re.escape(russian["stem"]) if russian else re.escape(name)
    ends = _RUSSIAN if russian else rf"{_HONORIFIC}(?:['’]?s|['’])?(?!\w)"
    said = re.match(stem + ends, text)
    return said.end() if said else 0


def sounds(text: str, name: str) -> int:
    """Return how long a name stands at the beginning in any alphabet, or without its accents."""
    names = name.split()
    said = re.match(rf"(?:[^\s:]+\s+){{{len(names) - 1}}}[^\s:]+", text)
    pairs = list(zip(said[0].split(), names, strict=True)) if said else []
    return said.end() if said and all(_same(*pair) for pair in pairs) else 0


def _same(said: str, name: str) -> bool:
    heard, right = _latin(said), _latin(name)
    if not heard or not right:
        return False
    return heard in (right, f"{right}s") or ("а" <= said[0] <= "я" and _is_case(heard, right))


def _is_case(heard: str, name: str) -> bool:
    for form, ends in _CASES:
        if stem := re.fullmatch(form, name):
            return bool(re.fullmatch(f"{stem[1]}(?:{ends})", heard))
    return False


@lru_cache(maxsize=512)
def _latin(name: str) -> str:
    """Return a name as it is however it is written; "" when its letters have no such form."""
    plain = unicodedata.normalize("NFKD", name.lower())
    plain = "".join(c for c in plain if c.isalpha() and not unicodedata.combining(c))
    made = plain.translate(_LATIN)
    for written, same in _ALIKE:
        made = re.sub(written, same, made)
    return made if re.fullmatch("[a-z]{2,}", made) else ""
