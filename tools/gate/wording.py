"""Why a picture falls out of its set, in one plain sentence each."""

from collections.abc import Callable, Sequence
from statistics import median

from tools.colours import named
from tools.gate.card import Reading
from tools.gate.colour import Palette
from tools.gate.signature import Signature


def why(number: int, reading: Reading, signatures: Sequence[Signature], much: bool) -> str:
    """Return the sentence, such as "#3 is much darker than the others: 31 against 68." """
    own = signatures[number - 1]
    others = [one for n, one in enumerate(signatures, 1) if n != number]
    say = _SAYINGS.get(reading.measure)
    if say is None:
        return _SAID[reading.measure].format(number, reading.distance, reading.usual)
    return f"#{number} {say(own, others, 'much ' if much else '')}."


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
    "ground": _ground,
    "texture": _texture,
    "edges": _edges,
    "grain": _grain,
}
_SAID = {
    "sharpness": "#{0} is drawn with other sharpness than the others.",
    "pattern": "#{0} has another fine pattern than the others: {1:.2f} apart, {2:.2f} is usual.",
    "card": "#{0} leaves the colours of the style card: {1:.0f} away, {2:.0f} is usual.",
    "content": "#{0} looks like something else: {1:.2f} apart in meaning, {2:.2f} is usual.",
    "reference": "#{0} is further from the reference: {1:.0f} against {2:.0f}.",
}
