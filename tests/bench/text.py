"""Words a second of the built-in text model: through the pool, and by transformers alone."""

import asyncio
from importlib import import_module
from typing import Any

from bot.settings import read
from tests.bench.report import Fact, alternate, compared, note, silent, table
from tools.catalogue import Catalogue, Model
from tools.compute.devices import Machine, plan
from tools.compute.pool import Pool
from tools.files import locate
from tools.jobs import Artifact, Job, TextSpec

REPEATS, TOKENS = 5, 40
ASKED = (("user", "Tell me a long story about a lighthouse."),)


class Plain:
    """The same weights in transformers, asked with `generate` as its documentation does."""

    def __init__(self, model: Model, threads: int) -> None:
        self._torch, transformers = import_module("torch"), import_module("transformers")
        self._torch.set_num_threads(threads)
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        folder = import_module("tools.engines.gguf").weights_folder(
            locate(model, read().models), model.dtype
        )
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self._network = transformers.AutoModelForCausalLM.from_pretrained(folder)
        turns = [{"role": role, "content": text} for role, text in ASKED]
        self._inputs = self._tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )

    def write(self) -> Any:
        self._torch.manual_seed(1)
        written = self._network.generate(
            **self._inputs, do_sample=True, min_new_tokens=TOKENS, max_new_tokens=TOKENS
        )
        return self._tokenizer.decode(written[0])


async def through(pool: Pool, model: Model) -> Artifact:
    spec = TextSpec(ASKED, TOKENS, seed=1)
    return (await pool.run(Job(model.name, (spec,), "bench"), silent))[0]


async def compare() -> list[Fact]:
    known = Catalogue.read()
    model = known.find("write")
    workers = tuple(w for w in plan(Machine.here(), "cpu") if w.name == "words")
    plain = Plain(model, workers[0].threads)
    async with Pool(known, read().models, workers) as pool:
        count = int(str((await through(pool, model)).facts["tokens"]))
        times = await alternate(
            {"Atelier": lambda: through(pool, model), "transformers alone": plain.write}, REPEATS
        )
    table(
        f"Text: {model.name} writes {TOKENS} tokens, {workers[0].threads} threads",
        compared(times, "transformers alone"),
    )
    speed = count / times["Atelier"].median
    other = TOKENS / times["transformers alone"].median
    note(f"{speed:.1f} tokens/s through the pool ({count} tokens), {other:.1f} by transformers")
    return [Fact("text", f"{speed:.0f} tokens/s", f"transformers alone {other:.0f}")]


def main() -> list[Fact]:
    return asyncio.run(compare())


if __name__ == "__main__":
    main()
