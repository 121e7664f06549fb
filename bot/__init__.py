"""Where Atelier meets people: settings, desk, outbox and the platform adapters."""

__version__ = "0.1.0"
