"""Encoded prompts are remembered."""

from typing import Any

import torch

from tools.engines.prompts import Prompts


class Pipe:
    """Encodes like diffusers' SDXL pipelines, and notes for what it was asked."""

    def __init__(self) -> None:
        self.text_encoder = object()
        self.asked: list[tuple[Any, bool]] = []

    def encode_prompt(
        self,
        prompt: list[str],
        device: Any = None,
        do_classifier_free_guidance: bool = True,
        negative_prompt: list[str] | None = None,
        prompt_embeds: Any = None,
    ) -> tuple[Any, ...]:
        self.asked.append((list(prompt), do_classifier_free_guidance))
        made = torch.full((1, 4), float(len(prompt[0])))
        if do_classifier_free_guidance:
            against = torch.full((1, 4), float(len((negative_prompt or [""])[0])))
            return made, against, made * 10, against * 10
        prompt[0] += " changed in place, as Z-Image does"
        return made, None, made * 10, None


def test_prompt_and_negative_are_remembered_apart() -> None:
    pipe = Pipe()
    encode = Prompts().remembered(pipe)
    words, against = ["a cat"], ["no"]
    first = encode(words, negative_prompt=against)
    assert [float(part[0, 0]) for part in first] == [5, 2, 50, 20]
    assert (words, against) == (["a cat"], ["no"])
    second = encode(["a tree!"], negative_prompt=["no"])
    assert [float(part[0, 0]) for part in second] == [7, 2, 70, 20]
    assert [asked for asked, _ in pipe.asked] == [["a cat"], ["no"], ["a tree!"]]
    encode(["a cat"], None, False, ["whatever"])
    assert len(pipe.asked) == 3


def test_what_is_given_as_tensors_is_not_remembered() -> None:
    pipe = Pipe()
    encode = Prompts().remembered(pipe)
    for _ in range(2):
        encode(["a"], do_classifier_free_guidance=False, prompt_embeds=torch.zeros(1))
    assert len(pipe.asked) == 2


def test_the_longest_unused_goes_when_there_are_too_many_bytes() -> None:
    pipe = Pipe()
    prompts = Prompts(limit=3 * 32)  # three times two tensors of four floats
    encode = prompts.remembered(pipe)
    for text in ("a", "b", "c", "a", "d", "a", "b"):
        encode([text], do_classifier_free_guidance=False)
    assert [asked for asked, _ in pipe.asked] == [["a"], ["b"], ["c"], ["d"], ["b"]]
    prompts.clear()
    encode(["a"], do_classifier_free_guidance=False)
    assert len(pipe.asked) == 6
