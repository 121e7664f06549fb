"""Why a picture falls out of its set, in one plain sentence each."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from statistics import median

from memory.sentences import Sentence, say
from tools.colours import named
from tools.gate.card import LIMIT, Reading
from tools.gate.colour import Palette, of_card, strays
from tools.gate.signature import Signature

OTHERS, REFERENCE = say("the others"), say("the reference")
"""What a picture is compared with."""
_Told = tuple[str, Mapping[str, object]]
"""A template, and the values in it that are its own."""
_Saying = Callable[[Signature, Sequence[Signature]], _Told]


def why(
    number: int,
    reading: Reading,
    own: Signature,
    others: Sequence[Signature],
    called: str = OTHERS,
) -> Sentence:
    """Return the sentence, such as "#3 is much darker than the others: 31 against 68."

    `called` is what the others are called in it.
    """
    told = _SAYINGS.get(reading.measure)
    if told is not None:
        form, said = told(own, others)
    else:
        form = _SAID[reading.measure]
        said = {"apart": reading.distance, "usual": reading.usual}
    much = say("much ") if reading.z > 2 * LIMIT else ""
    return Sentence(form, {"piece": f"#{number}", "others": called, "much": much, **said})


def off_card(number: int, own: Signature, codes: Sequence[str]) -> Sentence:
    """Return which colour of a picture is not in the palette, and which one is nearest."""
    allowed = of_card(tuple(codes))
    found = strays(own.palette, allowed)
    worst = int((found.shares * found.distances).argmax())
    wrong, near = own.palette.colours[worst], allowed.colours[found.nearest[worst]]
    same = [n for n, one in enumerate(own.palette.colours) if named(one) == named(wrong)]
    return say(
        "{piece} is {colour} ({share:.0f} % of its colours), {far:.0f} away from {near}, the"
        " palette's nearest.",
        piece=f"#{number}",
        colour=say(named(wrong)),
        share=100 * float(found.shares[same].sum()),
        far=float(found.distances[worst]),
        near=say(named(near)),
    )


def _level(value: Callable[[Signature], float], less: str, more: str) -> _Saying:
    """Return what says a number of a picture that is less or more than usual."""

    def told(own: Signature, others: Sequence[Signature]) -> _Told:
        mine, usual = float(value(own)), float(median(map(value, others)))
        return more if mine >= usual else less, {"own": mine, "usual": usual}

    return told


def _texture(own: Signature, others: Sequence[Signature]) -> _Told:
    theirs = [float(one.spectrum.mean()) for one in others]
    if float(own.spectrum.mean()) < median(theirs):
        return say("{piece} has a {much}smoother surface than {others}."), {}
    return say("{piece} has a {much}rougher surface than {others}."), {}


def _palette(own: Signature, others: Sequence[Signature]) -> _Told:
    mine, theirs = _main(own.palette), sorted(_main(one.palette) for one in others)
    usual = max(theirs, key=theirs.count)
    said = {"mine": say(mine), "usual": say(usual)}
    if mine == usual:
        form = "{piece} mixes its colours otherwise than {others}, though all are mainly {mine}."
        return say(form), said
    return say("{piece} is mainly {mine}, {others} mainly {usual}."), said


def _ground(own: Signature, others: Sequence[Signature]) -> _Told:
    mine, theirs = named(own.ground), sorted(named(one.ground) for one in others)
    usual = max(theirs, key=theirs.count)
    said = {"mine": say(mine), "usual": say(usual)}
    if mine == usual:
        return say("{piece} has another background: another {mine}."), said
    return say("{piece} has another background: {mine}, {others} {usual}."), said


def _main(palette: Palette) -> str:
    return named(palette.colours[int(palette.shares.argmax())])


_SAYINGS: dict[str, _Saying] = {
    "palette": _palette,
    "tint": _palette,
    "light": _level(
        attrgetter("light"),
        say("{piece} is {much}darker than {others}: {own:.0f} against {usual:.0f}."),
        say("{piece} is {much}lighter than {others}: {own:.0f} against {usual:.0f}."),
    ),
    "contrast": _level(
        attrgetter("contrast"),
        say("{piece} has {much}less contrast than {others}: {own:.0f} against {usual:.0f}."),
        say("{piece} has {much}more contrast than {others}: {own:.0f} against {usual:.0f}."),
    ),
    "chroma": _level(
        attrgetter("chroma"),
        say("{piece} is {much}paler than {others}: {own:.0f} against {usual:.0f}."),
        say("{piece} is {much}more colourful than {others}: {own:.0f} against {usual:.0f}."),
    ),
    "strength": _level(
        attrgetter("strength"),
        say("{piece} is {much}fainter than {others}: {own:.0f} against {usual:.0f}."),
        say("{piece} is {much}stronger than {others}: {own:.0f} against {usual:.0f}."),
    ),
    "ground": _ground,
    "texture": _texture,
    "edges": _level(
        lambda one: 100 * one.edges,
        say("{piece} has fewer outlines than {others}: {own:.0f} against {usual:.0f} %."),
        say("{piece} has more outlines than {others}: {own:.0f} against {usual:.0f} %."),
    ),
    "grain": _level(
        attrgetter("grain"),
        say("{piece} is {much}smoother than {others}: noise of {own:.1f} against {usual:.1f}."),
        say("{piece} is {much}grainier than {others}: noise of {own:.1f} against {usual:.1f}."),
    ),
}
_SAID = {
    "sharpness": say("{piece} is drawn with other sharpness than {others}."),
    "pattern": say(
        "{piece} has another fine pattern than {others}: {apart:.2f} apart, {usual:.2f} is usual."
    ),
    "content": say(
        "{piece} looks like something else: {apart:.2f} apart in meaning, {usual:.2f} is usual."
    ),
}
