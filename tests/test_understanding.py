"""Messages and the wishes they must give; the messages stand in tests/understanding/*.toml."""

import ast
import subprocess
import sys
import time
import tomllib

import pytest

from agents.understanding.folding import fold, unquoted
from agents.understanding.lexicon import NAMES, language
from agents.understanding.slots import READERS
from agents.understanding.understand import understand
from agents.understanding.wishes import Hints, Wish
from tests.understanding_cases import FOLDER, KNOWN

TUNED = (
    "en",
    "zh",
    "es",
    "fr",
    "de",
    "ja",
    "pt",
    "ru",
    "everyday",
    "mixed",
    "shown",
    "second",
    "fresh",
)


def wishes(written: str) -> tuple[Wish, ...]:
    """`draw(prompt="a cat"), undo()` as wishes."""
    calls = ast.parse(f"({written},)", mode="eval").body
    assert isinstance(calls, ast.Tuple)
    return tuple(
        Wish(call.func.id, {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg})
        for call in calls.elts
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    )


def requests(name: str) -> list[tuple[str, str, str]]:
    tables = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    return [
        (known, text, want)
        for known, cases in tables.items()
        if known != "chat"
        for text, want in cases.items()
    ]


def chats(name: str) -> list[tuple[str, str]]:
    tables = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    return [(known, text) for known, texts in tables["chat"].items() for text in texts]


@pytest.mark.parametrize(
    ("known", "text", "want"), [case for name in TUNED for case in requests(name)]
)
def test_a_request_gives_exactly_these_wishes(known: str, text: str, want: str) -> None:
    assert understand(text, KNOWN[known]) == wishes(want)


@pytest.mark.parametrize(("known", "text"), [case for name in TUNED for case in chats(name)])
def test_chat_asks_for_nothing(known: str, text: str) -> None:
    assert understand(text, KNOWN[known]) == (Wish("chat", {"text": text}),)


def test_the_untouched_part_is_understood_too() -> None:
    cases = requests("held_out")
    right = sum(understand(text, KNOWN[known]) == wishes(want) for known, text, want in cases)
    quiet = [understand(text, KNOWN[known])[0].tool for known, text in chats("held_out")]
    assert right / len(cases) >= 0.95
    assert quiet == ["chat"] * len(quiet)


MOST = 0.002
"""Seconds of a processor that understanding any message may take."""


def test_understanding_a_message_takes_less_than_two_milliseconds() -> None:
    texts = [(text, KNOWN[known]) for name in TUNED for known, text, _ in requests(name)]
    took = []
    for text, hints in texts:
        tries: list[float] = []
        while len(tries) < 3 or (min(tries) >= MOST and len(tries) < 20):  # others work here, too
            began = time.thread_time()
            understand(text, hints)
            tries.append(time.thread_time() - began)
        took.append(min(tries))
    took.sort()
    micros = [round(took[int(len(took) * part)] * 1e6) for part in (0.5, 0.95)]
    print(f"understanding: {micros[0]} us per message, {micros[1]} us at the 95th percentile")
    assert took[-1] < MOST


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "draw a cat, " * 9_000,
        "make the second one darker and " * 4_000,
        "," * 100_000,
        "draw" + " " * 100_000 + "x",
        "画一只猫，" * 20_000,
        '"' * 100_000,
        "draw a cat in a in a style of " * 4_000,
        "--ar --no " * 12_000,
        "the first and the " * 6_000,
        "".join(map(chr, range(256))) * 400,
        "\n".join(["draw a cat"] * 9_000),
        "1 " * 50_000,
        "@a " * 33_000,
    ],
)
def test_any_long_text_is_read_quickly(text: str) -> None:
    understand(text, KNOWN["pictures"])  # compiles what it needs
    began = time.thread_time()
    assert understand(text, KNOWN["pictures"])
    assert time.thread_time() - began < 1.0


def test_what_is_longer_than_is_analysed_still_belongs_to_the_wish() -> None:
    text = "word " * 4_000
    (wish,) = understand(f"read aloud: {text}")
    assert wish.tool == "speak"
    assert len(str(wish.args["text"])) > 15_000


def test_a_long_text_that_mentions_drawing_is_chat() -> None:
    story = "We met on a rainy day and talked about many things. " * 6
    text = f"{story}Draw near, said the king. Paint me a picture of the sea."
    assert [wish.tool for wish in understand(text)] == ["chat"]


def test_nothing_said_means_what_was_attached() -> None:
    both = Hints(attached_images=1, attached_sounds=1)
    assert understand(" ", both) == wishes(
        'describe(image="attached"), transcribe(audio="attached")'
    )
    assert understand("") == (Wish("chat", {"text": ""}),)


def test_folding_keeps_every_place() -> None:
    text = "Écris “Ça va” à １６：９ ﬁne İx ẞ 画"
    assert len(fold(text).fold) == len(text)
    assert unquoted("“hi”") == "hi"
    assert unquoted('"a" and "b"') == '"a" and "b"'


@pytest.mark.parametrize("name", NAMES)
def test_each_grammar_has_the_same_parts(name: str) -> None:
    here, english = language(name), language("en")
    assert set(here.marks) == set(english.marks)
    assert set(here.tables) == set(english.tables)
    for rule in here.rules:
        top = {slot.rstrip("_") for slot in rule.pattern.groupindex}
        inner = {"nth", "ntha", "nthb", "num", "kind", "medium", "what", "more"}
        assert top - inner <= set(READERS), rule.pattern.pattern


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, agents.understanding.understand;"
        "print([m for m in ('pydantic', 'langchain', 'torch', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
