"""Tiny chat models with random weights: plain attention, and linear attention in between."""

from pathlib import Path
from typing import Any

from tools.catalogue import Model, Source
from tools.engines.language import Language

TEMPLATE = (
    "{% if tools %}<|s|>tools\n{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}<|e|>"
    "{% endif %}{% for m in messages %}<|s|>{{ m.role }}\n{{ m.content }}<|e|>{% endfor %}"
    "{% if add_generation_prompt %}<|s|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking %}<think>\n{% endif %}{% endif %}"
)


def tokenizer() -> Any:
    from transformers import Qwen2Tokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = {letter: place for place, letter in enumerate(bytes_to_unicode().values())}
    found = Qwen2Tokenizer(vocab=letters, merges=[])
    found.add_special_tokens({"additional_special_tokens": ["<|s|>", "<|e|>"]})
    found.add_tokens(["<think>", "</think>"])
    found.eos_token = "<|e|>"
    found.pad_token = "<|e|>"
    found.chat_template = TEMPLATE
    return found


def attention() -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=4096,
    )
    return Qwen3ForCausalLM(config)


def linear() -> Any:
    from transformers import Qwen3_5ForCausalLM, Qwen3_5TextConfig

    config = Qwen3_5TextConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        linear_key_head_dim=16,
        linear_value_head_dim=16,
        linear_num_key_heads=2,
        linear_num_value_heads=2,
        max_position_embeddings=4096,
        layer_types=["linear_attention", "full_attention"] * 2,
    )
    return Qwen3_5ForCausalLM(config)


def loaded(folder: Path, network: Any, **options: object) -> Language:
    """Save a network as the hub's are and load it as the worker does."""
    import torch

    torch.manual_seed(3)
    made, code = network(), tokenizer()
    for weights in made.parameters():  # sharp enough that a wrong cache shows
        torch.nn.init.normal_(weights, std=0.3)
    made.generation_config.eos_token_id = code.eos_token_id
    made.save_pretrained(folder)
    code.save_pretrained(folder)
    model = Model(
        name="tiny",
        family="language",
        tasks=("chat", "write"),
        source=Source(folder=folder),
        licence="MIT",
        options={"context": 4096, **options},
    )
    engine = Language(model, folder, "cpu")
    engine.load()
    return engine
