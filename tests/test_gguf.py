from typing import Any

import gguf
import numpy as np
import pytest
from tokenizers.pre_tokenizers import ByteLevel
from transformers import AutoModelForCausalLM, AutoTokenizer

from tools.engines.gguf import STAMP, weights_folder
from tools.errors import EngineFailed

WIDTH, DEEP, WORDS = 32, 64, 259


def write_gguf(path, seed=0):
    """A real but tiny model: one layer, one token for each byte."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(DEEP)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(WORDS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(["<|im_start|>", "<|im_end|>", *sorted(ByteLevel.alphabet()), "hi"])
    writer.add_token_types([3, 3] + [1] * 257)
    writer.add_token_merges(["h i"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template("{{ messages[0]['content'] }}")
    shapes = {
        "token_embd": (WORDS, WIDTH),
        "output_norm": (WIDTH,),
        "blk.0.attn_norm": (WIDTH,),
        "blk.0.ffn_norm": (WIDTH,),
        "blk.0.attn_q": (WIDTH, WIDTH),
        "blk.0.attn_k": (WIDTH // 2, WIDTH),
        "blk.0.attn_v": (WIDTH // 2, WIDTH),
        "blk.0.attn_output": (WIDTH, WIDTH),
        "blk.0.ffn_gate": (DEEP, WIDTH),
        "blk.0.ffn_up": (DEEP, WIDTH),
        "blk.0.ffn_down": (WIDTH, DEEP),
    }
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", random.standard_normal(shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return random


@pytest.fixture
def folder(tmp_path):
    write_gguf(tmp_path / "tiny.gguf")
    return tmp_path


def state(folder):
    return {path.name: path.stat().st_ino for path in folder.iterdir()}


def test_it_is_unpacked_into_a_folder_that_transformers_reads(folder):
    made = weights_folder(folder, "float32")
    tokenizer = AutoTokenizer.from_pretrained(made)
    model: Any = AutoModelForCausalLM.from_pretrained(made)
    assert made.parent == folder
    assert tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False) == "x"
    assert tokenizer.eos_token == "<|im_end|>"
    first = np.random.default_rng(0).standard_normal((WORDS, WIDTH)).astype(np.float32)
    assert np.allclose(model.get_input_embeddings().weight.detach().numpy(), first)


def test_the_second_time_nothing_is_written(folder):
    made = weights_folder(folder, "float32")
    before = state(made)
    assert weights_folder(folder, "float32") == made
    assert state(made) == before


def test_each_number_format_has_its_own_folder(folder):
    made = weights_folder(folder, "bfloat16")
    assert made != weights_folder(folder, "float32")
    assert AutoModelForCausalLM.from_pretrained(made, dtype="auto").dtype.itemsize == 2


def test_a_changed_source_is_unpacked_again(folder):
    made = weights_folder(folder, "float32")
    before = (made / "model.safetensors").read_bytes()
    write_gguf(folder / "tiny.gguf", seed=1)
    assert weights_folder(folder, "float32") == made
    assert (made / "model.safetensors").read_bytes() != before


@pytest.mark.parametrize("damage", ["cut", "stamp", "gone"])
def test_a_damaged_result_is_made_again(folder, damage):
    made = weights_folder(folder, "float32")
    weights = made / "model.safetensors"
    whole = weights.read_bytes()
    if damage == "cut":
        weights.write_bytes(whole[:-100])
    elif damage == "stamp":
        (made / STAMP).write_text("{")
    else:
        weights.unlink()
    assert weights_folder(folder, "float32") == made
    assert weights.read_bytes() == whole


def test_nothing_half_made_is_left_when_it_fails(folder):
    (folder / "tiny.gguf").write_bytes((folder / "tiny.gguf").read_bytes()[:3000])
    with pytest.raises(Exception, match=r".+"):
        weights_folder(folder, "float32")
    assert [path.name for path in folder.iterdir()] == ["tiny.gguf"]


def test_a_transformers_folder_is_used_as_it_is(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert weights_folder(tmp_path, "float32") == tmp_path


def test_the_gguf_itself_may_be_named(folder):
    assert weights_folder(folder / "tiny.gguf", "float32").parent == folder


def test_two_ggufs_are_one_sentence(folder):
    (folder / "other.gguf").write_bytes(b"")
    with pytest.raises(EngineFailed, match=r"^A language model needs .* one GGUF file\.$"):
        weights_folder(folder, "float32")
