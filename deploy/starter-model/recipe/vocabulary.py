"""The tokenizer: a byte-level BPE in CLIP's format, learnt from the captions' words."""

import json
from collections import Counter
from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPTokenizer

POSITIONS = 32
"""Tokens of a prompt, with what is padded."""
DRAFT = 16
"""From here on padded positions carry a draft of the picture, a grid of 4 x 4."""
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
WORD = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def learn(corpus: Counter[str], size: int, folder: Path) -> None:
    """Write vocab.json, merges.txt and settings; every byte is in, alone and as an end."""
    from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner = Tokenizer(BPE(end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORD), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    base = [*alphabet, *(letter + "</w>" for letter in alphabet)]
    trainer = BpeTrainer(
        vocab_size=size - 258,
        min_frequency=2,
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    texts = [text for text, times in sorted(corpus.items()) for _ in range(times)]
    learner.train_from_iterator(texts, trainer)
    merges = json.loads(learner.to_str())["model"]["merges"]
    entries = list(dict.fromkeys([*base, *("".join(pair) for pair in merges)]))
    _write(folder, [*entries, BEGIN, END], merges)


def _write(folder: Path, entries: list[str], merges: list[list[str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {entry: number for number, entry in enumerate(entries)}
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges), ""]
    (folder / "vocab.json").write_text(json.dumps(numbers, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    special = {"bos_token": BEGIN, "eos_token": END, "unk_token": END, "pad_token": END}
    about = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": POSITIONS,
        "do_lower_case": True,
    }
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=1))
    (folder / "tokenizer_config.json").write_text(json.dumps(about | special, indent=1))


class Vocabulary:
    """The tokenizer of a folder, with a memory of what it has seen."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = CLIPTokenizer.from_pretrained(str(folder))
        self.begin, self.end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        self._seen: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.tokenizer)

    def __call__(self, texts: list[str]) -> Tensor:
        """Token numbers (N, POSITIONS), padded with the end."""
        new = [text for text in dict.fromkeys(texts) if text not in self._seen]
        if new:
            options = {"padding": "max_length", "truncation": True, "max_length": POSITIONS}
            found = self.tokenizer(new, **options)["input_ids"]
            self._seen.update(zip(new, found, strict=True))
        return torch.tensor([self._seen[text] for text in texts])

    def ends(self, tokens: Tensor) -> Tensor:
        """Where each prompt ends."""
        found: Tensor = (tokens == self.end).int().argmax(1)
        return found
