"""How long it takes to understand a message, without a language model."""

import subprocess
import sys
import time
from statistics import median

from agents.understanding.understand import understand
from tests.bench.report import HEAD, Fact, Times, child_environment, table

ROUNDS, STARTS = 200, 5
MESSAGES = {
    "draw": "draw four smiling cats, wide, no text",
    "two wishes": "draw four smiling cats and read aloud: breakfast is ready",
    "flags": "a lighthouse at dusk --ar 16:9 --seed 7 --no people",
    "edit": "the second one, but darker",
    "chat": "good morning, how was your weekend?",
    "Chinese": "画四只微笑的猫，竖图，不要文字",
    "Spanish": "dibuja tres gatos y léeme: buenos días",
    "French": "dessine un chat rouge en format paysage",
    "German": "zeichne drei Katzen, aber ohne Text",
    "Japanese": "猫を4匹描いて、縦長で文字なしで",
    "Portuguese": "desenha três gatos e lê em voz alta: bom dia",
    "Russian": "нарисуй трёх котов акварелью, без текста",
    "2,000 letters": "write a story about " + "a dog who met a cat in the garden, " * 56,
}
FIRST = """
import time
start = time.perf_counter()
from agents.understanding.understand import understand
understand({!r})
print(time.perf_counter() - start)
"""


def timed(text: str) -> Times:
    """Return single times; caches of the grammar are warm, a message's own are not kept."""
    seconds = []
    understand(text)
    for _ in range(ROUNDS):
        start = time.perf_counter()
        understand(text)
        seconds.append(time.perf_counter() - start)
    return Times(tuple(seconds))


def first(text: str) -> Times:
    """Return the seconds of the first message of a process, with the import and the grammar."""
    code = [sys.executable, "-c", FIRST.format(text)]
    run = [
        subprocess.run(code, check=True, env=child_environment(), stdout=subprocess.PIPE)
        for _ in range(STARTS + 1)
    ]
    return Times(tuple(float(done.stdout) for done in run[1:]))


def main() -> list[Fact]:
    found = {name: timed(text) for name, text in MESSAGES.items()}
    rows = [
        (name, t.show("us"), t.range("us"), str(ROUNDS), str(len(MESSAGES[name])))
        for name, t in found.items()
    ]
    table("Understanding a message by rules", rows, (*HEAD[:-1], "letters"))
    early = first(MESSAGES["draw"])
    start = ("first message of a process", early.show("ms"), early.range("ms"), str(STARTS))
    table("Understanding: the grammar read and compiled", [start], HEAD[:-1])
    usual = median(t.median for t in found.values())
    return [Fact("understanding a message by rules", f"{usual * 1e6:,.0f} us", "no model")]


if __name__ == "__main__":
    main()
