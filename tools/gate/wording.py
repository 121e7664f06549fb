"""Why a picture falls out of its set, in one plain sentence each."""

from collections.abc import Callable, Sequence
from statistics import median

from tools.colours import named
from tools.gate.card import LIMIT, Reading
from tools.gate.colour import Palette, of_card, strays
from tools.gate.signature import Signature


def why(number: int, reading: Reading, own: Signature, others: Sequence[Signature]) -> str:
    """Return the sentence, such as "#3 is much darker than the others: 31 against 68." """
    say = _SAYINGS.get(reading.measure)
    if say is None:
        return _SAID[reading.measure].format(number, reading.distance, reading.usual)
    return f"#{number} {say(own, others, 'much ' if reading.z > 2 * LIMIT else '')}."


def off_card(number: int, own: Signature, codes: Sequence[str]) -> str:
    """Return which colour of a picture is not in the palette, and which one is nearest."""
    allowed = of_card(tuple(codes))
    found = strays(own.palette, allowed)
    worst = int((found.shares * found.distances).argmax())
    wrong, near = own.palette.colours[worst], allowed.colours[found.nearest[worst]]
    same = [n for n, one in enumerate(own.palette.colours) if named(one) == named(wrong)]
    share = 100 * float(found.shares[same].sum())
    far = float(found.distances[worst])
    told = f"{named(wrong)} ({share:.0f} % of its colours)"
    return f"#{number} is {told}, {far:.0f} away from {named(near)}, the palette's nearest."


def _against(own: float, theirs: Sequence[float]) -> str:
    return f"{own:.0f} against {median(theirs):.0f}"


def _light(own: Signature, others: Sequence[Signature], much: str) -> str:
    theirs = [one.light for one in others]
    way = "darker" if own.light < median(theirs) else "lighter"
    return f"is {much}{way} than the others: {_against(own.light, theirs)}"


def _contrast(own: Signature, others: Sequence[Signature], much: str) -> str:
    theirs = [one.contrast for one in others]
    way = "less" if own.contrast < median(theirs) else "more"
    return f"has {much}{way} contrast than the others: {_against(own.contrast, theirs)}"


def _chroma(own: Signature, others: Sequence[Signature], much: str) -> str:
    theirs = [one.chroma for one in others]
    way = "paler" if own.chroma < median(theirs) else "more colourful"
    return f"is {much}{way} than the others: {_against(own.chroma, theirs)}"


def _strength(own: Signature, others: Sequence[Signature], much: str) -> str:
    theirs = [one.strength for one in others]
    way = "fainter" if own.strength < median(theirs) else "stronger"
    return f"is {much}{way} than the others: {_against(own.strength, theirs)}"


def _edges(own: Signature, others: Sequence[Signature], much: str) -> str:
    theirs = [100 * one.edges for one in others]
    way = "fewer" if 100 * own.edges < median(theirs) else "more"
    much = much and "far "
    return f"has {much}{way} outlines than the others: {_against(100 * own.edges, theirs)} %"


def _grain(own: Signature, others: Sequence[Signature], much: str) -> str:
    theirs = [one.grain for one in others]
    way = "smoother" if own.grain < median(theirs) else "grainier"
    numbers = f"noise of {own.grain:.1f} against {median(theirs):.1f}"
    return f"is {much}{way} than the others: {numbers}"


def _texture(own: Signature, others: Sequence[Signature], much: str) -> str:
    theirs = [float(one.spectrum.mean()) for one in others]
    way = "smoother" if float(own.spectrum.mean()) < median(theirs) else "rougher"
    return f"has a {much}{way} surface than the others"


def _palette(own: Signature, others: Sequence[Signature], much: str) -> str:
    mine, theirs = _main(own.palette), sorted(_main(one.palette) for one in others)
    usual = max(theirs, key=theirs.count)
    if mine == usual:
        return f"mixes its colours otherwise than the others, though all are mainly {mine}"
    return f"is mainly {mine}, the others mainly {usual}"


def _ground(own: Signature, others: Sequence[Signature], much: str) -> str:
    mine, theirs = named(own.ground), sorted(named(one.ground) for one in others)
    usual = max(theirs, key=theirs.count)
    shade = f"another {mine}" if mine == usual else f"{mine}, the others {usual}"
    return f"has another background: {shade}"


def _main(palette: Palette) -> str:
    return named(palette.colours[int(palette.shares.argmax())])


_SAYINGS: dict[str, Callable[[Signature, Sequence[Signature], str], str]] = {
    "palette": _palette,
    "tint": _palette,
    "light": _light,
    "contrast": _contrast,
    "chroma": _chroma,
    "strength": _strength,
    "ground": _ground,
    "texture": _texture,
    "edges": _edges,
    "grain": _grain,
}
_SAID = {
    "sharpness": "#{0} is drawn with other sharpness than the others.",
    "pattern": "#{0} has another fine pattern than the others: {1:.2f} apart, {2:.2f} is usual.",
    "content": "#{0} looks like something else: {1:.2f} apart in meaning, {2:.2f} is usual.",
}
