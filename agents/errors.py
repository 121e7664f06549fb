"""What may end a turn; the tree stands in `memory/errors.py`."""

from memory.errors import AtelierError
from memory.records import Asset


class TurnError(AtelierError):
    """The turn ends here and the person is told why."""


class Unclear(TurnError):
    """One question has to be asked first.

    `options` are answers to offer, if there are any; `shown` is what a number among them counts in.
    """

    def __init__(
        self, question: str, options: tuple[str, ...] = (), shown: tuple[Asset, ...] = ()
    ) -> None:
        super().__init__(question)
        self.options, self.shown = options, shown


class Nobody(Unclear):
    """Nobody here is called that; `words` are what was said, which may not have been a name."""

    def __init__(self, question: str, words: str) -> None:
        super().__init__(question)
        self.words = words


class Unseen(Unclear):
    """Nothing was made from those words; `among` may hold what looks like it."""

    def __init__(self, question: str, words: str, among: tuple[Asset, ...]) -> None:
        super().__init__(question)
        self.words, self.among = words, among


class ModelDown(TurnError):
    """The chat model cannot answer; `lasting` when it will not answer the next one either."""

    def __init__(self, sentence: str, lasting: bool = True) -> None:
        super().__init__(sentence)
        self.lasting = lasting


class Proposed(TurnError):
    """The steps wait for approval; the sentences are the plan that is shown."""
