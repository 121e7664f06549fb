"""From a conversation to a prompt's tokens, and from written tokens to the words meant."""

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from tools.catalogue import Model
from tools.engines.prefixes import common
from tools.errors import EngineFailed, Refused
from tools.jobs import TextSpec

Turn = dict[str, str]


class Dialogue:
    """The chat template of one model and what the catalogue says of it; see `Language`."""

    def __init__(self, model: Model, tokenizer: Any, window: int) -> None:
        options = model.options
        if not tokenizer.chat_template:
            raise EngineFailed(
                f"The model {model.name} has no chat template; choose one that can chat."
            )
        self._name, self._tokenizer = model.name, tokenizer
        self._context = min(int(cast(int, options.get("context", 2048))), window)
        self._template = cast(dict[str, Any], options.get("template", {}))
        self._takes_tools = options.get("tools") == "template"
        begin, end = cast(tuple[str, str], options.get("thoughts", ("<think>", "</think>")))
        self._begin, self._end = begin, end
        self._marks = _marks(tokenizer)
        self._thinks = tokenizer.decode(self._encode([_said("a")], ())).rstrip().endswith(begin)
        self._beginnings: dict[object, list[int]] = {}

    def prompt(self, spec: TextSpec) -> list[int]:
        """Return the prompt's tokens, without the oldest turns that leave no room to answer."""
        turns = self._turns(spec)
        room = self._context - spec.max_tokens
        while True:
            ids = self._encode(turns, spec.tools)
            if len(ids) <= room:
                return ids
            shorter = _without_oldest(turns)
            if not shorter:
                raise Refused(
                    f"That is too long for the model {self._name}: {len(ids)} tokens where "
                    f"{max(room, 0)} fit; shorten it."
                )
            turns = shorter

    def beginning(self, spec: TextSpec) -> list[int]:
        """Return the tokens with which every prompt begins that has the same stable messages."""
        if not spec.stable:
            return []
        stable = self._turns(spec)[: spec.stable]
        key = (spec.messages[: spec.stable], spec.tools)
        if key not in self._beginnings:
            one, other = (self._encode([*stable, _said(word)], spec.tools) for word in ("a", "Z"))
            self._beginnings = {key: common(one, other), **dict([*self._beginnings.items()][:3])}
        return self._beginnings[key]

    def choices(self, spec: TextSpec) -> list[list[int]]:
        """Return the tokens of what may come next."""
        code = self._tokenizer
        return [list(code.encode(text, add_special_tokens=False)) for text in spec.choices]

    def text(self, ids: Any, begun: bool = False) -> str:
        """Return written tokens as text, without what the model only thought.

        `begun` says that it went on with words of its own, which it does without thinking.
        """
        text: str = self._tokenizer.decode(ids, skip_special_tokens=False)
        thinks = (self._thinks and not begun) or text.lstrip().startswith(self._begin)
        if thinks and self._end not in text:
            return ""
        text = self._marks.sub("", text.rpartition(self._end)[2])
        # a character of several tokens may still be incomplete
        return text.rstrip("\ufffd").strip()

    def _turns(self, spec: TextSpec) -> list[Turn]:
        turns = [
            {"role": role, "content": self._marks.sub(" ", content)}
            for role, content in spec.messages
        ]
        if spec.tools and not self._takes_tools:
            return _listing(turns, spec.tools)
        return turns

    def _encode(self, turns: list[Turn], tools: Sequence[str]) -> list[int]:
        begun = bool(turns) and turns[-1]["role"] == "assistant"  # then its words are continued
        known = [json.loads(tool) for tool in tools] if self._takes_tools else None
        coded = self._tokenizer.apply_chat_template(
            turns,
            tools=known or None,
            add_generation_prompt=not begun,
            continue_final_message=begun,
            return_dict=True,
            **self._template,
        )
        return list(coded["input_ids"])


def is_begun(spec: TextSpec) -> bool:
    """Return whether the text goes on with words of the assistant."""
    return bool(spec.messages) and spec.messages[-1][0] == "assistant"


def _said(text: str) -> Turn:
    return {"role": "user", "content": text}


def _listing(turns: list[Turn], tools: Sequence[str]) -> list[Turn]:
    """Describe the tools in the first message, for templates that do not: a line each."""
    lines = ["", "Tools:"]
    for tool in map(json.loads, tools):
        function = tool["function"]
        names = ", ".join(function["parameters"].get("properties", ()))
        lines.append(f"- {function['name']}({names}): {function['description']}")
    first = {**turns[0], "content": "\n".join([turns[0]["content"], *lines])}
    return [first, *turns[1:]]


def _without_oldest(turns: list[Turn]) -> list[Turn]:
    """Drop the oldest exchange, keeping what the system says; empty when only one turn is left."""
    system = [turn for turn in turns if turn["role"] == "system"]
    rest = [turn for turn in turns if turn["role"] != "system"][1:]
    while rest and rest[0]["role"] == "assistant":  # templates want a person to speak first
        rest = rest[1:]
    return system + rest if rest else []


def _marks(tokenizer: Any) -> re.Pattern[str]:
    """Match the tokens that mark turns, which must not come out of what somebody wrote."""
    marks = [str(t) for t in tokenizer.added_tokens_decoder.values() if t.special and str(t)]
    return re.compile("|".join(map(re.escape, marks)) or r"(?!)")
