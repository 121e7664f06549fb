"""The terminal, for people (`terminal`) and for scripts (`lines`)."""

from memory.records import Chat

CHAT = Chat("terminal", "main")
"""The one conversation of a data folder's terminal."""
