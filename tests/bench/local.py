"""A local chat model: is every call valid, how fast is it, and what does keeping a prefix save.

`ATELIER_BENCH_CALLS` says how many calls are filled in (100).
"""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from statistics import median

import jsonschema

from agents.commands import COMMANDS
from agents.models.asking import TALK, Asking
from agents.models.shaping import checked
from bot.settings import read
from tests.bench.report import Fact
from tests.understanding_cases import LANGUAGES, PARTS, singles
from tools.builtin import every_tool
from tools.catalogue import Catalogue
from tools.engines.language import Language
from tools.files import locate
from tools.jobs import Artifact, Job, Report, TextSpec

TOOLS = {tool.name: tool for tool in (*every_tool(), *COMMANDS)}


class Engine:
    """Runs jobs at once in this process and keeps what was asked and how long it took."""

    def __init__(self) -> None:
        self.model = Catalogue.read().find("chat")
        self.engine = Language(self.model, locate(self.model, read().models), "cpu")
        self.engine.load()
        self.done: list[tuple[TextSpec, Artifact, float]] = []

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        began = time.perf_counter()
        (made,) = self.engine.generate(job.specs, lambda *_: None)
        (spec,) = job.specs
        assert isinstance(spec, TextSpec)
        self.done.append((spec, made, time.perf_counter() - began))
        return [made]

    def asking(self, text: str) -> Asking:
        return Asking(self.model, TOOLS, (("user", text),), self, "bench")


def valid(spec: TextSpec, text: str, tool: str) -> bool:
    """Say whether a call follows the schema it was made under, and its tool's own bounds."""
    try:
        jsonschema.validate(json.loads(text), json.loads(spec.schema))
        checked(TOOLS[tool], text)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


async def filled(engine: Engine, count: int) -> tuple[int, list[str]]:
    """Fill in `count` calls: every message of the understanding set with every tool in turn."""
    texts = [case.text for part in PARTS for case in singles(part, LANGUAGES)]
    good, bad = 0, []
    for number in range(count):
        text = texts[number % len(texts)]
        tool = list(TOOLS)[(number + number // len(texts)) % len(TOOLS)]
        made = await engine.asking(text).fill(TOOLS[tool], ())
        if valid(engine.done[-1][0], made, tool):
            good += 1
        else:
            bad.append(f"{tool} {made!r} for {text!r}")
    return good, bad


async def routed(engine: Engine, texts: Sequence[str], stable: bool) -> list[float]:
    """Return the seconds of choosing what to do with each message."""
    took = []
    for text in texts:
        asking = engine.asking(text)
        await asking.choose([*TOOLS, TALK], ())
        spec = engine.done[-1][0]
        began = time.perf_counter()
        again = TextSpec(spec.messages, 1, choices=spec.choices, tools=spec.tools)
        if not stable:
            engine.engine.generate([again], lambda *_: None)
        took.append(engine.done[-1][2] if stable else time.perf_counter() - began)
    return took


def free(engine: Engine, spec: TextSpec) -> tuple[int, float]:
    """Write without a schema after the same prompt; return tokens and seconds."""
    began = time.perf_counter()
    more = TextSpec(spec.messages, 40, 0.0, tools=spec.tools, stable=spec.stable)
    (made,) = engine.engine.generate([more], lambda *_: None)
    return int(str(made.facts["tokens"])), time.perf_counter() - began


async def measured(count: int) -> list[Fact]:
    engine = Engine()
    texts = [case.text for case in singles("set", LANGUAGES)[::40]]
    await engine.asking("hi").choose([*TOOLS, TALK], ())  # reads and keeps the beginning
    kept = median(await routed(engine, texts, stable=True))
    anew = median(await routed(engine, texts, stable=False))
    engine.done.clear()
    good, bad = await filled(engine, count)
    for line in bad[:20]:
        print(f"  not valid: {line}")
    rates = [int(str(a.facts["tokens"])) / s for _, a, s in engine.done if a.facts["tokens"]]
    asked = sum(int(str(a.facts["asked"])) for _, a, _ in engine.done)
    tokens = sum(int(str(a.facts["tokens"])) for _, a, _ in engine.done)
    wild = [free(engine, spec) for spec, _, _ in engine.done[:20]]
    loose = median(n / s for n, s in wild if n)
    prompt = len(engine.engine._dialogue.prompt(engine.done[-1][0]))
    return [
        Fact(f"calls of {engine.model.name} valid under their schema", f"{good} of {count}", ""),
        Fact("tokens a second under a schema", f"{median(rates):.1f}", f"free: {loose:.1f}"),
        Fact("passes for each token of a call", f"{asked / tokens:.2f}", "free: 1"),
        Fact(
            f"choosing what to do, prompt of {prompt} tokens",
            f"{kept * 1e3:.0f} ms",
            f"without the kept beginning: {anew * 1e3:.0f} ms",
        ),
    ]


def main() -> list[Fact]:
    facts = asyncio.run(measured(int(os.environ.get("ATELIER_BENCH_CALLS", "100"))))
    for fact in facts:
        print(f"{fact.what}: {fact.ours} ({fact.beside})")
    return facts
