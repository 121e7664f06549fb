"""Every tool there is: ours, those of plug-ins, and any file somebody drops into this folder."""

from tools.tool import TOOLS, Tool

ORDER = (
    "draw",
    "edit",
    "vary",
    "upscale",
    "compare",
    "describe",
    "write",
    "brainstorm",
    "speak",
    "transcribe",
    "recall",
)
"""The built-in tools in the order in which people and language models read about them."""


def every_tool() -> tuple[Tool, ...]:
    """Return all tools, the built-in ones first and the others by name.

    Imports the files that hold them. Raises ToolError when one of those files is broken.
    """
    names = TOOLS.names()
    others = [name for name in names if name not in ORDER]
    return tuple(TOOLS.load(name) for name in (*ORDER, *others))
