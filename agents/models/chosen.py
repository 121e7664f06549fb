"""The chat model of a setting, with the rules in its place while it is down."""

from collections.abc import Sequence
from typing import Literal

from agents.models.local import LocalModel
from agents.models.rules import RulesModel
from agents.models.server import server_model
from agents.models.steady import SteadyModel
from tools.tool import Tool


def chosen(
    model: Literal["local", "server"],
    name: str,
    url: str,
    key: str,
    tokens: int,
    tools: Sequence[Tool],
) -> SteadyModel:
    """Return the model `name` of the catalogue, or of the server at `url`; loads nothing yet."""
    if model == "local":
        return SteadyModel(main=LocalModel(name=name, tools=tuple(tools)), spare=RulesModel())
    return SteadyModel(main=server_model(url, name, key, tokens=tokens), spare=RulesModel())
