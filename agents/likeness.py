"""Whether words fit what a picture was made from: "rote" fits "einen roten Apfel"."""

import re

_TOKEN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_\u3040-\u30ff\u4e00-\u9fff]+")
_LATIN = r"(?<=[a-zß-ÿ]{3})(?:e[nmrs]|[ao]s|[eaon]|(?<!s)s)"
_CYRILLIC = (
    r"(?<=[а-яё]{3})(?:[оеы][йегм]о?|[иы]х|[иы]ми?|[ая]ми?|[ая]я|[ую]ю|[ое]е|[иы]й|ому|ему|ах|ях"
    r"|ов|[аяоеуюиыь])"
)
_ENDING = re.compile(rf"(?:{_LATIN}|{_CYRILLIC})$")
_EMPTY = frozenset(
    "the a an one of with and in on at it this that picture image photo 的 色 那 这 张 幅 の い っ".split()  # noqa: E501, SIM905
)


def tokens(words: str) -> frozenset[str]:
    """Return lower-case words without endings of number, gender and case, and CJK characters."""
    found = (w for w in _TOKEN.findall(words.lower()) if w not in _EMPTY)
    return frozenset(_ENDING.sub("", word) for word in found)
