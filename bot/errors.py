"""What may go wrong at the edge; the tree stands in `memory/errors.py`."""

from memory.errors import AtelierError


class SettingsError(AtelierError):
    """A setting is missing, misspelt or out of bounds."""


class Undeliverable(AtelierError):
    """A reply can never be shown: its channel is gone, or nobody there wants to hear from us."""


class Nowhere(Undeliverable):
    """Nothing can ever be shown there: the channel, thread or topic is no more."""
