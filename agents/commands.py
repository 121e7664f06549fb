"""The tools "again", "undo" and "show", for any chat model to ask for; never run as such."""

from pydantic import Field

from tools.errors import ToolError
from tools.image import PICTURE, SPOILER
from tools.tool import Args, Context, Result, Tool


class Changes(Args):
    """What shall be different this time; what is left out stays as it was."""

    prompt: str | None = Field(None, description='new words, or "+ words" to add some')
    request: str | None = Field(None, description='like prompt, for a text: "+ shorter"')
    text: str | None = Field(None, description="other words to read aloud")
    count: int | None = Field(None, ge=1, le=10, description="how many")
    aspect: str | None = Field(None, description="width:height such as 16:9")
    style: str | None = Field(None, description="style in a few words")
    negative: str | None = Field(None, description="what must not be in it")
    seed: int | None = Field(None, ge=0, description="seed of the first picture")
    steps: int | None = Field(None, ge=1, description="denoising steps")
    model: str | None = Field(None, description="name of another model")
    strength: float | None = Field(None, description="how different from the picture, 0.1 to 1")
    instruction: str | None = Field(None, description="another change of the picture")
    factor: int | None = Field(None, description="times larger: 2 or 4")
    max_words: int | None = Field(None, ge=1, description="the most words of a text")
    language: str | None = Field(None, description="language of a text")
    voice: str | None = Field(None, description="another voice")
    speed: float | None = Field(None, description="pace of the voice; 1 is its own")


class Again(Args):
    """Arguments of `again`."""

    changes: Changes = Field(default_factory=Changes, description="what shall be different")
    image: str = Field("", description="which picture's recipe; empty: the last request")


class Undo(Args):
    """Arguments of `undo`: none."""


class Show(Args):
    """Arguments of `show`."""

    image: str = Field("", description=f"{PICTURE}; v:2 is version 2 of what is looked at")
    spoiler: bool = Field(False, description=SPOILER)


async def _never(_: object, __: Context) -> Result:
    raise ToolError("This is expanded into stored steps before anything runs.")


COMMANDS = (
    Tool(
        "again",
        "Do the last request again with new seeds, with some arguments changed.",
        Again,
        _never,
    ),
    Tool("undo", "Take back the last result and go back to the one before.", Undo, _never),
    Tool("show", "Show an earlier picture or version again and go on from there.", Show, _never),
)
