"""A tool: a name, a description, bounded arguments and one async function.

Four callers share it: the agent, commands, buttons and stored plans.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError

from memory.assets import Assets
from memory.records import Asset, Chat, User
from memory.sentences import joined, say
from memory.store import Store
from tools.catalogue import Catalogue
from tools.jobs import Report, Runner
from tools.registry import Registry


class Args(BaseModel):
    """The base of every tool's arguments: unknown names are refused, values cannot change.

    Texts lose the white space around them, so that blank ones count as empty.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, str_strip_whitespace=True
    )


@dataclass(frozen=True, slots=True)
class Context:
    """The one object a tool may touch: who asks, where, and what there is to work with."""

    user: User
    chat: Chat
    store: Store
    assets: Assets
    catalogue: Catalogue
    runner: Runner
    report: Report
    turn: str = ""
    """The id of the message that asks."""

    @property
    def asker(self) -> str:
        """Whose turn in the queue a job takes."""
        return self.user.key


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool made: one honest sentence, the assets, and what was resolved on the way.

    `resolved` completes the step's arguments (seed, model, size), so that the step is a recipe.
    """

    text: str
    assets: tuple[Asset, ...] = ()
    resolved: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """Something the assistant can do; `run` raises ToolError with a sentence when it cannot."""

    name: str
    description: str
    args: type[Args]
    run: Callable[[Any, Context], Awaitable[Result]]


TOOLS: Registry[Tool] = Registry("tool", "tools", "atelier.tool", mark="tool")

A = TypeVar("A", bound=Args)


def tool(run: Callable[[A, Context], Awaitable[Result]]) -> Tool:
    """Turn `async def name(args: SomeArgs, context: Context) -> Result` into a Tool and file it.

    The function's name is the tool's name, its docstring is what the assistant reads.
    Raises TypeError when a docstring or a field's description is missing.
    """
    args = get_type_hints(run)["args"]
    name, description = getattr(run, "__name__", ""), inspect.getdoc(run)
    if not description:
        raise TypeError(f"tool {name} needs a docstring: the assistant reads it")
    for field_name, info in args.model_fields.items():
        if not info.description:
            raise TypeError(f"tool {name}: field {field_name} needs a description")
    return TOOLS.register(name)(Tool(name, description, args, run))


def sentence(error: ValidationError) -> str:
    """Say what is wrong with a tool's arguments, for a person: the field, the bound, the value.

    >>> Draw(prompt="a cat", count=50)  # "count must be at most 10, not 50."
    """
    return joined(" ", [fault(details) for details in error.errors(include_url=False)])


_FAULTS: dict[str, str] = {
    "missing": "{field} is missing.",
    "extra_forbidden": "{field} is not something this tool knows.",
    "greater_than_equal": "{field} must be at least {ge}, not {value}.",
    "less_than_equal": "{field} must be at most {le}, not {value}.",
    "string_too_short": "{field} must not be empty.",
    "string_too_long": "{field} must have at most {max_length} characters, not {length}.",
    "literal_error": "{field} must be {expected}, not {value}.",
    "string_type": "{field} must be text, not {value}.",
    "int_type": "{field} must be a whole number, not {value}.",
    "int_from_float": "{field} must be a whole number, not {value}.",
    "int_parsing": "{field} must be a whole number, not {value}.",
    "float_type": "{field} must be a number, not {value}.",
    "float_parsing": "{field} must be a number, not {value}.",
}


def fault(details: Any, where: str = "") -> str:
    """Say one thing that pydantic found wrong; `where` names it, else its place does."""
    field = where or ".".join(map(str, details["loc"])) or "The input"
    value = details["input"]
    shown = repr(value) if isinstance(value, str) else str(value)
    facts = {
        "field": field,
        "value": shown if len(shown) <= 60 else f"{shown[:57]}...",
        "length": len(value) if isinstance(value, str) else 0,
        **details.get("ctx", {}),
    }
    if form := _FAULTS.get(details["type"]):
        return say(form, **{name: str(fact) for name, fact in facts.items()})
    return joined(": ", [field, details["msg"].rstrip(".") + "."])
