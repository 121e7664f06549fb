"""What may end a turn; the tree stands in `memory/errors.py`."""

from memory.errors import AtelierError


class TurnError(AtelierError):
    """The turn ends here and the person is told why."""


class Unclear(TurnError):
    """One question has to be asked first; `options` are answers to offer, if there are any."""

    def __init__(self, question: str, options: tuple[str, ...] = ()) -> None:
        super().__init__(question)
        self.options = options


class ModelDown(TurnError):
    """The chat model cannot answer; `lasting` when it will not answer the next one either."""

    def __init__(self, sentence: str, lasting: bool = True) -> None:
        super().__init__(sentence)
        self.lasting = lasting
