"""Logging, set up once: lines on standard error that say which turn they belong to."""

import logging
import logging.config
from contextvars import ContextVar

turn: ContextVar[str] = ContextVar("turn", default="-")
"""The id of the request being worked on."""


_LINE = "%(asctime)s %(levelname)s %(name)s %(turn)s %(message)s"
_OURS = ("atelier", "bot", "agents", "tools", "memory")


class _Turn(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.turn = turn.get()
        return True


def set_up(level: str) -> None:
    """Send logs of `level` and above to standard error; libraries stay quiet below warnings."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"turn": {"()": _Turn}},
            "formatters": {"line": {"format": _LINE}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "line",
                    "filters": ["turn"],
                }
            },
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {name: {"level": level.upper()} for name in _OURS}
            # Telegram's token stands in the URLs that httpx logs at INFO.
            | {"httpx": {"level": "WARNING"}},
        }
    )
