"""The limits of a turn, as LangChain middleware."""

from collections.abc import Awaitable, Callable
from typing import Any

import openai
from langchain.agents.middleware import AgentMiddleware, AgentState, ModelCallLimitMiddleware
from langchain.agents.middleware.types import ModelRequest, ModelResponse

from agents.bridge import Steps, Turn
from agents.errors import TurnError

MOST_MODEL_CALLS = 8


class Server(AgentMiddleware[AgentState[Any], Turn, Any]):
    """Turns a chat server's failures into one sentence."""

    async def awrap_model_call(
        self,
        request: ModelRequest[Turn],
        handler: Callable[[ModelRequest[Turn]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Ask the model; raises TurnError when the server is down, refuses or is too slow."""
        try:
            return await handler(request)
        except openai.APITimeoutError as error:
            raise TurnError("The chat server took too long; try again in a moment.") from error
        except openai.APIConnectionError as error:
            raise TurnError(
                "The chat server does not answer; start it, or set chat.model to rules."
            ) from error
        except openai.APIStatusError as error:
            raise TurnError(
                f"The chat server refused the request (HTTP {error.status_code}); check its log."
            ) from error


def middleware() -> list[AgentMiddleware[Any, Any, Any]]:
    """Return the middleware of the agent, outermost first."""
    limit = ModelCallLimitMiddleware(run_limit=MOST_MODEL_CALLS, exit_behavior="error")
    return [limit, Server(), Steps()]
