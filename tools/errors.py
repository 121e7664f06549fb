"""What may go wrong in a tool or a model; the tree stands in `memory/errors.py`."""

from memory.errors import AtelierError


class ToolError(AtelierError):
    """A tool could not do what was asked."""


class Refused(ToolError):
    """The request is against the rules or the bounds; other words are needed."""


class QueueFull(ToolError):
    """Too much is waiting already."""


class ModelUnavailable(ToolError):
    """A model is unknown, not accepted by the operator, or not fetched yet."""


class EngineFailed(ToolError):
    """A model broke while it was loaded or run."""


class OutOfMemory(EngineFailed):
    """The work did not fit into the device's memory."""


class JobCancelled(Exception):
    """Somebody asked to stop; raised by `progress` and passed through by engines."""
