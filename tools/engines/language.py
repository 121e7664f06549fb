"""Chat models through transformers: safetensors folders, hub repositories and GGUF files."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tools.catalogue import Model
from tools.engines import ENGINES
from tools.engines.gguf import weights_folder
from tools.engines.residence import Residence, release
from tools.engines.sampling import Sampler, Watch
from tools.errors import EngineFailed, JobCancelled, OutOfMemory, Refused, ToolError
from tools.jobs import Artifact, Progress, Spec, TextSpec

if TYPE_CHECKING:
    import torch

Turn = dict[str, str]


@ENGINES.register("language")
class Language:
    """A causal language model with a chat template.

    The catalogue's `options`: `context` most tokens of prompt and answer together (2048), `batch`
    most texts at a time (8), `top_k` candidates for each token (50), `template` extra variables
    of the chat template, `load` extra keywords of from_pretrained. Artifacts' facts: `tokens`
    written, and `finished`: whether the text ended by itself and was not cut at `max_tokens`.
    """

    def __init__(self, model: Model, files: Path, device: str) -> None:
        self._model, self._files, self._device = model, files, device
        options = model.options
        self._context = int(cast(int, options.get("context", 2048)))
        self._batch = int(cast(int, options.get("batch", 8)))
        self._top_k = int(cast(int, options.get("top_k", 50)))
        self._template = cast(dict[str, Any], options.get("template", {}))
        self._extra = cast(dict[str, Any], options.get("load", {}))
        self._network: Any = None
        self._offloaded = False
        self._residence = Residence(device)
        self._tokenizer: Any = None
        self._ends: list[int] = []
        self._marks = re.compile(r"(?!)")

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
        if not self._tokenizer.chat_template:
            raise EngineFailed(
                f"The model {self._model.name} has no chat template; choose one that can chat."
            )
        config = AutoConfig.from_pretrained(folder)
        kind = AutoModelForCausalLM if type(config) in PLAIN else AutoModelForImageTextToText
        network = kind.from_pretrained(
            folder, dtype=getattr(torch, self._model.dtype), **self._extra
        )
        self._network = network.train(False)
        self._place()
        self._ends = _ends(self._network, self._tokenizer)
        self._marks = _marks(self._tokenizer)
        window = getattr(config.get_text_config(), "max_position_embeddings", self._context)
        self._context = min(self._context, window)

    def unload(self) -> None:
        """Drop the weights and give the device's memory back."""
        self._network = self._tokenizer = None
        release(self._device)

    def park(self) -> None:
        """Move the weights to host memory; raises TypeError where they have to stay."""
        if self._offloaded:
            raise TypeError("offloaded weights are in host memory already")
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
        texts = [spec for spec in specs if isinstance(spec, TextSpec)]
        batches = [texts[i : i + self._batch] for i in range(0, len(texts), self._batch)]
        total = sum(_longest(batch) for batch in batches)
        made: list[Artifact] = []
        done = 0
        with _sentences(self._model.name):
            for batch in batches:
                watched = _shifted(progress, done, total)
                made += self._write(batch, watched)
                done += _longest(batch)
        progress(total, total, made[0].data if made else None)
        return made

    def _write(self, specs: list[TextSpec], progress: Progress) -> list[Artifact]:
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList

        prompts = [self._prompt(spec) for spec in specs]
        inputs = self._tokenizer.pad({"input_ids": prompts}, return_tensors="pt")
        inputs = inputs.to(self._device)
        start = inputs["input_ids"].shape[1]
        sampler = Sampler(specs, start, self._top_k)
        watch = Watch(specs, start, self._text, progress)
        with torch.inference_mode():
            output = self._network.generate(
                **inputs,
                max_new_tokens=_longest(specs),
                do_sample=False,
                eos_token_id=self._ends,
                pad_token_id=self._tokenizer.pad_token_id,
                logits_processor=LogitsProcessorList([sampler]),
                stopping_criteria=StoppingCriteriaList([watch]),
            )
        return [
            self._artifact(output[row, start : start + spec.max_tokens])
            for row, spec in enumerate(specs)
        ]

    def _artifact(self, ids: "torch.Tensor") -> Artifact:
        written = ids.tolist()
        length = next((i for i, token in enumerate(written) if token in self._ends), len(written))
        text = self._text(ids[:length])
        facts: dict[str, object] = {"tokens": length, "finished": length < len(written)}
        return Artifact(text.encode(), "text/plain", facts)

    def _text(self, ids: "torch.Tensor") -> str:
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        text = text.rpartition("</think>")[2]  # thoughts are not part of the answer
        # a character of several tokens may still be incomplete
        return text.rstrip("\ufffd").strip()

    def _prompt(self, spec: TextSpec) -> list[int]:
        """Return the prompt's tokens, without the oldest turns that leave no room to answer."""
        turns = [
            {"role": role, "content": self._marks.sub(" ", content)}
            for role, content in spec.messages
        ]
        room = self._context - spec.max_tokens
        while True:
            ids = self._encode(turns)
            if len(ids) <= room:
                return ids
            shorter = _without_oldest(turns)
            if not shorter:
                raise Refused(
                    f"That is too long for the model {self._model.name}: {len(ids)} tokens where "
                    f"{max(room, 0)} fit; shorten it."
                )
            turns = shorter

    def _encode(self, turns: list[Turn]) -> list[int]:
        begun = bool(turns) and turns[-1]["role"] == "assistant"  # then its words are continued
        coded = self._tokenizer.apply_chat_template(
            turns,
            add_generation_prompt=not begun,
            continue_final_message=begun,
            return_dict=True,
            **self._template,
        )
        return list(coded["input_ids"])


def _quiet() -> None:
    """Keep transformers' progress bars and advice off the terminal."""
    from transformers.utils import logging

    log: Any = logging  # has no annotations
    log.set_verbosity_error()
    log.disable_progress_bar()


def _longest(specs: Sequence[TextSpec]) -> int:
    return max(spec.max_tokens for spec in specs)


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _, preview: progress(before + done, total, preview)


def _without_oldest(turns: list[Turn]) -> list[Turn]:
    """Drop the oldest exchange, keeping what the system says; empty when only one turn is left."""
    system = [turn for turn in turns if turn["role"] == "system"]
    rest = [turn for turn in turns if turn["role"] != "system"][1:]
    while rest and rest[0]["role"] == "assistant":  # templates want a person to speak first
        rest = rest[1:]
    return system + rest if rest else []


def _ends(network: Any, tokenizer: Any) -> list[int]:
    """Return the ids that end a turn: the model's own and the tokenizer's may differ."""
    ends = network.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    return sorted({int(end) for end in (*ends, tokenizer.eos_token_id) if end is not None})


def _marks(tokenizer: Any) -> re.Pattern[str]:
    """Match the tokens that mark turns, which must not come out of what somebody wrote."""
    marks = [str(t) for t in tokenizer.added_tokens_decoder.values() if t.special and str(t)]
    return re.compile("|".join(map(re.escape, marks)) or r"(?!)")


@contextmanager
def _sentences(name: str) -> Iterator[None]:
    """Turn what the libraries raise into one sentence a person can be shown."""
    import torch

    try:
        yield
    except (ToolError, JobCancelled):
        raise
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(f"The model {name} did not fit into the device's memory.") from error
    except Exception as error:
        raise EngineFailed(f"The model {name} failed: {type(error).__name__}.") from error
