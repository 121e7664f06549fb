"""The gate for texts: what a brief asks for, checked in code. Pure, without numpy."""

from collections.abc import Container

from memory.sentences import say
from tools.constraints import MEASURES, Constraints, broken
from tools.gate.card import LIMIT, Fault, Piece, Reading

_BROKEN = 3 * LIMIT


def check(number: int, text: str, rules: Constraints, only: Container[str] = MEASURES) -> Piece:
    """Return what a text keeps and breaks; `number` is the piece's, and begins at 1."""
    found = [(measure, why) for measure, why in broken(text, rules) if measure in only]
    wrong = {measure for measure, _ in found}
    readings = tuple(
        Reading(name, float(name in wrong), 0.0, _BROKEN * (name in wrong))
        for name in rules.asked
        if name in only
    )
    faults = tuple(
        Fault(number, name, say("{piece}: {why}.", piece=f"#{number}", why=why), "rewrite")
        for name, why in found
    )
    return Piece(number, readings, faults)
