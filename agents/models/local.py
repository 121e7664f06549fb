"""A transformers chat model of the catalogue, run by a worker: it chooses, then fills in a form.

First it is asked how likely each tool is, or just talk; when nothing is likely enough the person
is asked. Then it fills in the chosen tool's arguments under a small JSON schema, and is asked
what is next. All calls of a request are made before the first runs, so that nothing a tool reads
or finds ever reaches the model.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langgraph.runtime import get_runtime

from agents.bridge import REQUEST, Turn
from agents.commands import COMMANDS
from agents.errors import ModelDown, Unclear
from agents.expand import POINTERS
from agents.models.asking import DONE, TALK, Asking, words
from agents.models.chunks import calls_chunk, text_chunk
from agents.models.shaping import checked, clamped
from agents.models.streaming import StreamingModel
from agents.models.talk import talk
from agents.scene import Scene
from agents.understanding.wishes import Wish
from agents.work import Work
from tools.errors import EngineFailed, ModelUnavailable
from tools.tool import Tool

MOST_CALLS = 4
"""Calls of one request; each costs a small model up to three answers."""
SURE = 0.4
"""Probability from which a model is believed, unless its catalogue entry has `sure`."""
_OFFERED = 3
_PAST = 600


class LocalModel(StreamingModel):
    """Understands requests with the model `name` of the catalogue ("": the profile's `chat`)."""

    name: str | None = ""
    tools: tuple[Any, ...]

    @property
    def _llm_type(self) -> str:
        return "atelier-local"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        if not isinstance(messages[-1], HumanMessage):
            yield text_chunk("")  # the tools have run; what they made is told by code
            return
        work = get_runtime(Turn).context.work
        asking, first = self._asking(messages, work)
        calls = await _decide(asking, first)
        if calls:
            yield calls_chunk([_pointed(call, work.scene) for call in calls])
            return
        try:
            async for piece in _talk(asking, work):
                yield text_chunk(piece)
        except (EngineFailed, ModelUnavailable) as error:
            raise ModelDown(str(error)) from error

    def _asking(self, messages: Sequence[BaseMessage], work: Work) -> tuple[Asking, str]:
        """Return what the model is asked, and the tool that was picked by a button, if one was."""
        context = work.context
        try:
            model = context.catalogue.find("chat", self.name or "")
        except ModelUnavailable as error:
            raise ModelDown(str(error)) from error
        if model.family != "language":
            raise ModelDown(f"{model.name} does not run here; set chat.model to server for it.")
        original, picked = _picked(work.scene)
        past = [m for m in messages[1:-1] if isinstance(m, HumanMessage | AIMessage)]
        past = past[len(past) - min(model.turns, len(past)) :]
        while past and not isinstance(past[0], HumanMessage):
            past = past[1:]
        request = original or _request(messages[-1])
        said = (*((_role(m), str(m.text)[:_PAST]) for m in past), ("user", request))
        tools: Mapping[str, Tool] = {tool.name: tool for tool in (*self.tools, *COMMANDS)}
        return Asking(model, tools, said, context.runner, context.asker), picked


async def _decide(asking: Asking, picked: str = "") -> list[Wish]:
    """Return the calls a request comes to, none for talk; raises Unclear."""
    calls: list[Wish] = []
    while len(calls) < MOST_CALLS:
        name = picked if picked and not calls else await _route(asking, calls)
        if name in (TALK, DONE):
            break
        made = await _fill(asking, asking.tools[name], calls)
        if made in calls:
            break  # it goes round in circles
        calls.append(made)
    return calls


async def _route(asking: Asking, calls: Sequence[Wish]) -> str:
    """Return what the model does next; raises Unclear with buttons when it is not sure at first."""
    found = await asking.choose([*asking.tools, DONE if calls else TALK], calls)
    best = max(found, key=lambda name: found[name])
    sure = float(str(asking.model.options.get("sure", SURE)))
    if found[best] >= sure:
        return best
    if calls:
        return DONE  # what was clear is done; a guess is not added to it
    labels = words()["labels"]
    likely = sorted(found, key=lambda name: -found[name])[:_OFFERED]
    raise Unclear(words()["question"], tuple(labels.get(name, name) for name in likely))


async def _fill(asking: Asking, tool: Tool, calls: Sequence[Wish]) -> Wish:
    """Return a call whose arguments are allowed: filled in, repaired once, or clamped."""
    text = await asking.fill(tool, calls)
    try:
        return Wish(tool.name, checked(tool, text))
    except ValueError as error:
        fault = str(error)
    text = await asking.fill(tool, calls, fault, text)
    try:
        return Wish(tool.name, checked(tool, text))
    except ValueError:
        return Wish(tool.name, clamped(tool, text, asking.said[-1][1]))


def _pointed(call: Wish, scene: Scene) -> Wish:
    """Return a call whose "last" is what the person sent along or replied to, if they did."""
    args = dict(call.args)
    for name, kind in POINTERS.items():
        for meant, shown in (("attached", scene.attached), ("reply", scene.replied)):
            if args.get(name) == "last" and shown is not None and shown.of(kind):
                args[name] = meant
    return Wish(call.tool, args)


async def _talk(asking: Asking, work: Work) -> AsyncIterator[str]:
    context = work.context
    system = words()["talk"] if asking.model.turns else ""
    said = talk(
        asking.said, context.runner, context.catalogue, context.asker, asking.model.name, system
    )
    async for piece in said:
        yield piece


def _picked(scene: Scene) -> tuple[str, str]:
    """Return the request our own question was about and the tool that was picked for it."""
    asked = next((m for m in reversed(scene.past) if m.author is None), None)
    if asked is None or not asked.text.endswith(words()["question"]):
        return "", ""
    request = next((m for m in scene.past if m.id == asked.reply_to), None)
    if request is None or request.author != scene.message.author:
        return "", ""
    labels: Mapping[str, str] = words()["labels"]
    said = scene.message.text.strip().casefold()
    name = next((name for name, label in labels.items() if label.casefold() == said), "")
    return (request.text, name) if name else ("", "")


def _request(message: BaseMessage) -> str:
    """Return a request with the note of what was sent along, but not of who speaks."""
    whole = str(message.text)
    words, _ = message.additional_kwargs.get(REQUEST, (whole, None))
    _, note, kinds = whole.removesuffix(words).partition("[sent along")
    return f"{note}{kinds}{words}"


def _role(message: BaseMessage) -> str:
    return "user" if isinstance(message, HumanMessage) else "assistant"
