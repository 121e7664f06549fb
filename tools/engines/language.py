"""Chat models through transformers: safetensors folders, hub repositories and GGUF files."""

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tools.catalogue import Model
from tools.engines import ENGINES
from tools.engines.choosing import chances
from tools.engines.dialogue import Dialogue, is_begun
from tools.engines.forms import Form
from tools.engines.gguf import weights_folder
from tools.engines.grammar import Grammars
from tools.engines.prefixes import Reader
from tools.engines.residence import Residence, release
from tools.engines.sampling import Due, Sampler, Watch
from tools.errors import EngineFailed, JobCancelled, OutOfMemory, ToolError
from tools.jobs import Artifact, Progress, Spec, TextSpec

if TYPE_CHECKING:
    import torch


@ENGINES.register("language")
class Language:
    """A causal language model with a chat template.

    The catalogue's `options`: `context` most tokens of prompt and answer together (2048), `batch`
    most texts at a time (8), `top_k` candidates for each token (50), `template` extra variables
    of the chat template (such as enable_thinking), `tools = "template"` if it takes tools and
    calls are JSON in it, `thoughts` what begins and ends the model's thinking (<think>, </think>),
    `load` extra keywords of from_pretrained. Artifacts' facts: `tokens` written, `finished`:
    whether the text ended by itself and was not cut at `max_tokens`, and `kept`: tokens of the
    prompt that did not have to be read again, if any.
    """

    def __init__(self, model: Model, files: Path, device: str) -> None:
        self._model, self._files, self._device = model, files, device
        options = model.options
        self._batch = int(cast(int, options.get("batch", 8)))
        self._top_k = int(cast(int, options.get("top_k", 50)))
        self._extra = cast(dict[str, Any], options.get("load", {}))
        self._network: Any = None
        self._offloaded = False
        self._residence = Residence(device)
        self._tokenizer: Any = None
        self._dialogue: Any = None  # a Dialogue once the tokenizer is there
        self._ends: list[int] = []
        self._grammars: Grammars | None = None
        self._reader: Any = None  # a Reader, as soon as there are weights

    def load(self) -> None:
        """Load the weights; the first time a GGUF is unpacked as well (blocks for seconds)."""
        if self._network is None:
            with _sentences(self._model.name):
                self._load()

    def _load(self) -> None:
        import torch
        from transformers import MODEL_FOR_CAUSAL_LM_MAPPING as PLAIN
        from transformers import (
            AutoConfig,
            AutoModelForCausalLM,
            AutoModelForImageTextToText,
            AutoTokenizer,
        )

        _quiet()
        folder = weights_folder(self._files, self._model.dtype)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        config = AutoConfig.from_pretrained(folder)
        window = getattr(config.get_text_config(), "max_position_embeddings", 2**31)
        self._dialogue = Dialogue(self._model, self._tokenizer, window)
        kind = AutoModelForCausalLM if type(config) in PLAIN else AutoModelForImageTextToText
        network = kind.from_pretrained(
            folder, dtype=getattr(torch, self._model.dtype), **self._extra
        )
        self._network = network.train(False)
        self._reader = Reader(self._network, self._device)
        self._place()
        self._ends = _ends(self._network, self._tokenizer)

    def unload(self) -> None:
        """Drop the weights and give the device's memory back."""
        self._network = self._tokenizer = self._reader = self._grammars = None
        release(self._device)

    def park(self) -> None:
        """Move the weights to host memory; raises TypeError where they have to stay."""
        if self._offloaded:
            raise TypeError("offloaded weights are in host memory already")
        self._reader.forget()
        self._residence.park([self._network])
        release(self._device)

    def wake(self) -> None:
        """Move the weights back to the device. Raises OutOfMemory."""
        self._residence.wake([self._network])

    def offload(self) -> bool:
        """Keep the weights in host memory except while a layer is used; False on a CPU."""
        if self._offloaded or self._device == "cpu":
            return False
        self._offloaded = True
        if self._network is not None:
            self._place()
        return True

    def _place(self) -> None:
        """Put the weights on the device, or where they wait for being used."""
        if self._offloaded:
            from accelerate import cpu_offload

            cpu_offload(self._network.to("cpu"), self._device)
        else:
            self._network.to(self._device)

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        """Write one text per spec; `progress` counts tokens, previews are the text in UTF-8.

        Raises Refused when a prompt leaves no room for the answer, EngineFailed or OutOfMemory.
        """
        import torch

        texts = [spec for spec in specs if isinstance(spec, TextSpec)]
        batches = _batches(texts, self._batch)
        total = sum(_longest(batch) for batch in batches)
        made: list[Artifact] = []
        done = 0
        with _sentences(self._model.name), torch.inference_mode():
            for batch in batches:
                watched = _shifted(progress, done, total)
                made += self._make(batch, watched)
                done += _longest(batch)
        progress(total, total, made[0].data if made else None)
        return made

    def _make(self, specs: list[TextSpec], progress: Progress) -> list[Artifact]:
        if specs[0].choices:
            return [self._choose(specs[0])]
        if specs[0].schema:
            return [self._fill(specs[0], progress)]
        return self._write(specs, progress)

    def _write(self, specs: list[TextSpec], progress: Progress) -> list[Artifact]:
        from transformers import LogitsProcessorList, StoppingCriteriaList

        prompts = [self._dialogue.prompt(spec) for spec in specs]
        beginning = self._dialogue.beginning(specs[0]) if len(specs) == 1 else []
        cache, known = self._reader.known(prompts[0], beginning)
        inputs = self._tokenizer.pad({"input_ids": prompts}, return_tensors="pt")
        inputs = inputs.to(self._device)
        start = inputs["input_ids"].shape[1]
        begun = [is_begun(spec) for spec in specs]
        sampler = Sampler(specs, start, self._top_k)
        watch = Watch(specs, start, lambda ids: self._dialogue.text(ids, begun[0]), progress)
        output = self._network.generate(
            **inputs,
            **({"past_key_values": cache} if known else {}),
            max_new_tokens=_longest(specs),
            do_sample=False,
            eos_token_id=self._ends,
            pad_token_id=self._tokenizer.pad_token_id,
            logits_processor=LogitsProcessorList([sampler]),
            stopping_criteria=StoppingCriteriaList([watch]),
        )
        facts: dict[str, object] = {"kept": known} if known else {}
        return [
            self._artifact(output[row, start : start + spec.max_tokens], begun[row], facts)
            for row, spec in enumerate(specs)
        ]

    def _artifact(self, ids: "torch.Tensor", begun: bool, more: dict[str, object]) -> Artifact:
        written = ids.tolist()
        length = next((i for i, token in enumerate(written) if token in self._ends), len(written))
        text = self._dialogue.text(ids[:length], begun)
        facts: dict[str, object] = {"tokens": length, "finished": length < len(written)}
        return Artifact(text.encode(), "text/plain", facts | more)

    def _choose(self, spec: TextSpec) -> Artifact:
        """Return how likely each choice is, having read the prompt once."""
        ids: list[int] = self._dialogue.prompt(spec)
        reader: Reader = self._reader
        cache, known = reader.known(ids, self._dialogue.beginning(spec))
        first, cache = reader.read(ids[known:], cache)
        reader.keep(ids, cache)  # what is chosen will be written on

        def logits(more: Sequence[int]) -> "torch.Tensor":
            return reader.read(more, copy.deepcopy(cache))[0] if more else first

        found = chances(self._dialogue.choices(spec), logits)
        facts: dict[str, object] = {"tokens": 0, "finished": True, "kept": known}
        return Artifact(json.dumps(found).encode(), "text/plain", facts)

    def _fill(self, spec: TextSpec, progress: Progress) -> Artifact:
        """Write one text that follows its schema."""
        if self._grammars is None:
            size = self._network.get_output_embeddings().weight.shape[0]
            self._grammars = Grammars(self._tokenizer, size, self._ends)
        sampler = Sampler([spec], 0, self._top_k)
        code = self._tokenizer
        ends = [code.encode(end, add_special_tokens=False) for end in ('"}', '"', "}", "]")]
        closing = [end[0] for end in ends if len(end) == 1]
        form = Form(self._grammars.follow(spec.schema), sampler, spec.max_tokens, closing)
        ids = self._dialogue.prompt(spec)
        cache, known = self._reader.known(ids, self._dialogue.beginning(spec))
        due = Due()

        def tell(tokens: list[int]) -> None:
            if due():
                text = self._dialogue.text(tokens, begun=True)
                progress(len(tokens), spec.max_tokens, text.encode())

        whole = form.fill(self._reader, ids[known:], cache, tell)
        written = [token for token in form.tokens if token not in self._ends]
        facts = {"tokens": len(written), "finished": whole, "kept": known, "asked": form.asked}
        text = self._dialogue.text(written, begun=True)
        return Artifact(text.encode(), "text/plain", facts)


def _quiet() -> None:
    """Keep transformers' progress bars and advice off the terminal."""
    from transformers.utils import logging

    log: Any = logging  # has no annotations
    log.set_verbosity_error()
    log.disable_progress_bar()


def _batches(specs: Sequence[TextSpec], most: int) -> list[list[TextSpec]]:
    """Return neighbours that are written together; what has a form stays by itself."""
    batches: list[list[TextSpec]] = []
    alone = True
    for spec in specs:
        formed = bool(spec.choices or spec.schema)
        if alone or formed or len(batches[-1]) == most:
            batches.append([])
        batches[-1].append(spec)
        alone = formed
    return batches


def _longest(specs: Sequence[TextSpec]) -> int:
    return max(spec.max_tokens for spec in specs)


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _, preview: progress(before + done, total, preview)


def _ends(network: Any, tokenizer: Any) -> list[int]:
    """Return the ids that end a turn: the model's own and the tokenizer's may differ."""
    ends = network.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    return sorted({int(end) for end in (*ends, tokenizer.eos_token_id) if end is not None})


@contextmanager
def _sentences(name: str) -> Iterator[None]:
    """Turn what the libraries raise into one sentence a person can be shown."""
    import torch

    try:
        yield
    except (ToolError, JobCancelled):
        raise
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(
            "The model {name} did not fit into the device's memory.", name=name
        ) from error
    except Exception as error:
        kind = type(error).__name__
        raise EngineFailed("The model {name} failed: {kind}.", name=name, kind=kind) from error
