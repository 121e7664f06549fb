"""Measures Atelier and its peers in one run, from the root: `python -m tests.bench.run [PART ...]`.

`--readme` prints the table of the README, the measurements themselves then go to standard error.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from warnings import simplefilter

from memory.errors import AtelierError
from tests.bench.report import Fact, machine
from tools.compute.child import SPINS

PARTS = {
    "start": "import, start and time to first feedback",
    "pictures": "seconds per picture",
    "voice": "real-time factors of speech and hearing",
    "text": "tokens a second",
    "local": "a local chat model: valid calls, constrained against free, the kept prefix",
    "agent": "an agent turn without model time",
    "memory": "append and load at 10, 10 000 and 1 000 000 messages",
    "recall": "finding something by words and meaning in 10, 1 000 and 100 000 messages",
    "compute": "what a job costs beside its work",
    "cluster": "what a job costs in a Ray worker, and how long a dead node is missed",
    "understanding": "understanding a message by rules",
    "rooms": "project rooms in which everybody talks at once",
    "storm": "twenty rooms on both platforms in which everybody talks, votes and presses at once",
    "gate": "outliers found by the consistency gate, false alarms, and what repair brings",
    "gpu": "large picture models with random weights: passes, share of the peak, compiling",
    "stepping": "a burst of mixed pictures against diffusers one at a time and in batches",
    "busy": "how soon a message is acknowledged while 200 jobs run",
    "platforms": "how soon the bot is there and acknowledges on each platform",
    "scheduling": "the queue against other policies, in simulated time",
    "growth": "what more jobs in the queue, users and models cost",
}


def measure(names: Sequence[str]) -> list[Fact]:
    """Run the parts; one that lacks a library or a model is left out with one line."""
    facts: list[Fact] = []
    for name in names:
        if find_spec(f"tests.bench.{name}") is None:
            print(f"\n{name}: not there, left out")
            continue
        start = time.perf_counter()
        try:
            facts += import_module(f"tests.bench.{name}").main() or []
        except ImportError as error:
            print(f"\n{name}: left out, {error.name} is not installed (the extra `bench`)")
        except AtelierError as error:
            print(f"\n{name}: left out. {error}")
        print(f"  ({time.perf_counter() - start:.0f} s)", flush=True)
    return facts


def markdown(facts: Sequence[Fact], where: str) -> str:
    rows = [
        f"| {fact.what[0].upper()}{fact.what[1:]} | {fact.ours} | {fact.beside} |" for fact in facts
    ]
    head = ["| | Atelier | beside it, in the same run |", "|---|---|---|"]
    return "\n".join([*head, *rows, "", f"Medians, {date.today():%B %Y}: {where}."])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.run", description=__doc__)
    known = "; ".join(f"{name}: {what}" for name, what in PARTS.items())
    parser.add_argument("parts", nargs="*", metavar="PART", help=known)
    parser.add_argument("--readme", action="store_true", help="print the table for the README")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.parts if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
    simplefilter("ignore")  # libraries announce their ends
    # The peers wait for their threads as our workers do, or a busy machine slows them tenfold.
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    where = machine()
    with redirect_stdout(sys.stderr) if given.readme else nullcontext():
        print(f"Measured on {where}.")
        facts = measure(given.parts or list(PARTS))
        print(f"\nAt the end: {machine().partition('load average ')[2].partition(',')[0]} load.")
    if given.readme:
        print(markdown(facts, where))
    return 0


if __name__ == "__main__":
    sys.exit(main())
