"""What goes into understanding beside the text, and what comes out of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known beside the text: what came with the message and what happened before it.

    `replied_*` describe the message this one answers; `last_tool` is the tool of the last step
    in this chat ("" if none); `pictures_here` says whether the chat has any picture yet.
    """

    attached_images: int = 0
    attached_sounds: int = 0
    replied_images: int = 0
    replied_text: str = ""
    last_tool: str = ""
    pictures_here: bool = False

    @property
    def focus(self) -> bool:
        """Whether the message points at a picture by itself: attached to it or replied to."""
        return bool(self.attached_images or self.replied_images)


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing asked for: a tool, or again, undo, cancel, help, chat; only named arguments.

    `image` and `audio` hold reference expressions ("last", "2", "step:1:2", "red", ...); a
    `text` or `prompt` of "step:k" is the text made by this message's k-th wish, "step:0" the
    last text made before it.
    """

    tool: str
    args: dict[str, object]
