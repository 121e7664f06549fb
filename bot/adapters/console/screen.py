"""The screen and the first words on it, there before anything heavy is loaded."""

import sys

from rich.console import Console

WELCOME = (
    "[bold]Atelier[/]: I am a program; what I make is made by AI. Say what you would like, "
    "or /help.\n"
    "[dim]Ctrl-C stops what is running, at the prompt it leaves. "
    "Send a picture or sound as @path.[/]"
)


def screen() -> Console:
    """Return what rich draws on, with a welcome on it."""
    person = sys.stdout is not None and sys.stdout.isatty()
    console = Console(highlight=False, soft_wrap=not person)
    console.print(WELCOME)
    return console
