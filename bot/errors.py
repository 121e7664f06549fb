"""What may go wrong at the edge; the tree stands in `memory/errors.py`."""

from memory.errors import AtelierError


class SettingsError(AtelierError):
    """A setting is missing, misspelt or out of bounds."""
