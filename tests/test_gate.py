"""The consistency gate: colours measured as published, outliers found and mended."""

import io
import random

import numpy as np
import pytest
from PIL import Image

from memory.sentences import say
from tests.bench import gate as bench
from tests.bench import planting
from tests.bench.gallery import SUBJECTS as THINGS
from tests.bench.gallery import every
from tests.bench.planting import PLANTS, Gallery
from tests.pieces import SUBJECTS, piece, series
from tools.colours import lab, srgb
from tools.errors import Refused
from tools.gate.card import LIMIT, Fault, Piece, Reading, ScoreCard, joined
from tools.gate.colour import apart, ciede2000, of_card, palette, strays
from tools.gate.outliers import by_pairs
from tools.gate.pictures import Style, compare, judge
from tools.gate.repair import ROUNDS, Redraw, repair
from tools.gate.signature import Signature, measure
from tools.pictures import open_picture, png
from tools.pixels import Operation, apply

# Sharma, Wu, Dalal (2005), table 1
SHARMA = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "other", "published"), SHARMA)
def test_ciede2000_gives_the_published_differences(
    one: tuple[float, ...], other: tuple[float, ...], published: float
) -> None:
    there = ciede2000(np.array(one, float), np.array(other, float))
    back = ciede2000(np.array(other, float), np.array(one, float))
    assert float(there) == pytest.approx(published, abs=1e-4)
    assert float(back) == pytest.approx(published, abs=1e-4)


def test_lab_goes_there_and_back() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (200, 3), dtype=np.uint8)
    again = srgb(lab(pixels).astype(np.float64)) * 255
    assert np.abs(again - pixels).max() < 0.6


def test_palettes_are_as_far_apart_as_their_colours() -> None:
    red, blue = (np.full((50, 3), rgb, np.uint8) for rgb in ((220, 30, 30), (30, 30, 220)))
    both = palette(np.concatenate([red, blue]))
    assert both.shares.sum() == pytest.approx(1)
    assert apart(both, both) == 0
    whole = apart(palette(red), palette(blue))
    assert apart(both, palette(red)) == pytest.approx(whole / 2, rel=0.05)
    assert strays(palette(red), of_card(("#dc1e1e", "#1e1edc"))).mean < 1


def test_one_far_away_stands_out_and_a_tight_set_has_none() -> None:
    values = np.array([1.0, 1.1, 0.9, 1.0, 9.0])
    readings = by_pairs("light", np.abs(values[:, None] - values[None, :]), 0.5)
    assert [r.z > LIMIT for r in readings] == [False, False, False, False, True]
    readings = by_pairs("light", np.abs(values[:4, None] - values[None, :4]), 0.5)
    assert max(r.z for r in readings) < 1


@pytest.fixture(scope="module")
def blues() -> list[Signature]:
    return [measure(data) for data in series("blue")]


def test_a_set_that_hangs_together_has_no_outlier(blues: list[Signature]) -> None:
    card = compare(blues)
    assert card.outliers == ()
    assert card.score > 80


@pytest.mark.parametrize("kind", list(PLANTS))
def test_each_kind_of_outlier_is_found_where_it_is(kind: str, blues: list[Signature]) -> None:
    gallery = small_gallery()
    look = next(one for one in gallery if (one.colour, one.style) == ("blue", "3d"))
    planted = measure(PLANTS[kind](look, gallery, random.Random(2)))
    signatures = [*blues[:2], planted, *blues[2:5]]
    card = compare(signatures)
    assert card.outliers == (3,)
    assert card.score < compare([*blues[:5]]).score
    assert all(fault.why.startswith("#3 ") for fault in card.faults)
    turned = compare(signatures[::-1])
    assert turned.outliers == (4,)
    assert turned.score == pytest.approx(card.score)


def test_a_fault_says_in_numbers_what_is_wrong() -> None:
    pictures = series("yellow")
    pictures[2] = png(apply(open_picture(pictures[2]), Operation("brightness", percent=-65)))
    why = [fault.why for fault in judge(pictures).faults if fault.measure == "light"]
    assert len(why) == 1
    assert why[0].startswith("#3 is darker than the others: ")
    dark, usual = (int(word) for word in why[0].rstrip(".").split() if word.isdigit())
    assert dark + 20 < usual


def test_two_pictures_have_no_outlier_but_may_leave_the_card() -> None:
    two = [piece("blue", "hat"), piece("orange", "hat")]
    assert judge(two).outliers == ()
    card = judge(two, Style(colours=("#1e78ff", "#50c8ff")))
    assert card.outliers == (2,)
    assert card.faults[0].why.startswith("#2 is yellow (")
    assert "the palette's nearest" in card.faults[0].why


def test_the_brief_is_kept_by_the_colours_a_thing_has_and_not_by_its_ground() -> None:
    blue = Style(colours=("#2257c4",))
    assert judge(series("blue"), blue).faults == ()
    wrong = judge(series("orange"), blue)  # all of them, so that none is unlike the others
    assert [fault.measure for fault in wrong.faults] == ["card"] * 6
    assert wrong.score < judge(series("orange")).score
    both = Style(colours=("#2257c4", "#f08019"))
    mixed = judge([*series("blue")[:3], *series("orange")[:3]], both)
    assert not [fault for fault in mixed.faults if fault.measure == "card"]


async def test_a_picture_of_other_colours_is_moved_to_the_palette() -> None:
    pictures, style = series("orange")[:2], Style(colours=("#2257c4",))
    mended = await repair(pictures, never, style)
    assert mended.before.outliers == (1, 2)
    assert mended.after.outliers == ()
    assert mended.after.score > mended.before.score + 20
    assert {change.number for change in mended.changes if change.kept} == {1, 2}
    corner = open_picture(mended.pictures[0]).getpixel((1, 1))
    assert isinstance(corner, tuple)
    assert min(corner) > 245  # the ground stays white


async def test_a_set_is_held_to_its_reference_whatever_most_of_it_is() -> None:
    green = series("green")
    pictures = [*series("orange")[:3], *green[:2]]
    style = Style(reference=measure(green[4]))
    card = judge(pictures, style)
    assert card.outliers == (1, 2, 3)
    assert all("the reference" in fault.why for fault in card.faults)
    mended = await repair(pictures, never, style)
    assert mended.after.score > card.score + 10


def test_a_reference_and_embeddings_are_heard(blues: list[Signature]) -> None:
    assert compare(blues, Style(reference=blues[0])).outliers == ()
    vectors = (*((1.0, 0.1 * n, 0.0) for n in range(5)), (0.0, 0.0, 1.0))
    card = compare(blues, Style(vectors=vectors))
    assert card.outliers == (6,)
    assert card.faults[0].measure == "content"
    with pytest.raises(ValueError, match="embeddings"):
        compare(blues, Style(vectors=vectors[:2]))


def test_a_broken_picture_is_refused() -> None:
    with pytest.raises(Refused):
        judge([*series("blue")[:3], b"no picture"])


def test_nothing_is_judged_in_an_empty_set() -> None:
    assert compare([]).score == 100


async def never(wish: Redraw) -> bytes | None:
    raise AssertionError(f"#{wish.number} should not be drawn again")


async def test_wrong_colours_are_mended_by_a_table() -> None:
    pictures = series("blue")
    pictures[3] = piece("orange", SUBJECTS[3])
    mended = await repair(pictures, never)
    assert mended.before.outliers == (4,)
    assert mended.after.score > mended.before.score + 10
    assert [change.remedy for change in mended.changes if change.kept] == ["recolour"]
    assert [n for n in range(6) if mended.pictures[n] != pictures[n]] == [3]
    corner = open_picture(mended.pictures[3]).getpixel((1, 1))
    assert isinstance(corner, tuple)
    assert min(corner) > 245  # the ground stays white


async def test_a_foreign_surface_is_drawn_again_with_the_cards_words() -> None:
    pictures = series("green")
    right = pictures[1]
    wishes: list[Redraw] = []
    pictures[1] = planting.hatched(right)

    async def redraw(wish: Redraw) -> bytes:
        wishes.append(wish)
        return right

    mended = await repair(pictures, redraw, words="3d, green")
    assert mended.after.outliers == ()
    assert mended.pictures[1] == right
    assert [(wish.number, wish.words) for wish in wishes] == [(2, "3d, green")]


def noisy() -> bytes:
    look = next(one for one in every((1,)) if (one.colour, one.style) == ("green", "3d"))
    return PLANTS["photo noise"](look, small_gallery(), random.Random(1))


async def test_what_makes_it_no_better_is_not_kept_and_tried_twice_at_most() -> None:
    pictures = series("green")
    pictures[1] = planting.mosaic(pictures[1])
    wishes: list[int] = []

    async def redraw(wish: Redraw) -> bytes | None:
        wishes.append(wish.seed)
        return noisy() if len(wishes) == 1 else None

    mended = await repair(pictures, redraw)
    assert list(mended.pictures) == pictures
    assert len(wishes) == ROUNDS == len(set(wishes))
    assert not any(change.kept for change in mended.changes)


async def test_noise_is_taken_out_without_drawing_again() -> None:
    pictures = series("green")
    pictures[1] = noisy()
    mended = await repair(pictures, never)
    assert mended.before.outliers == (2,)
    assert mended.after.outliers == ()
    assert [change.remedy for change in mended.changes if change.kept] == ["smooth"]


async def test_only_what_was_asked_for_is_mended() -> None:
    pictures = series("blue")
    pictures[0] = piece("orange", SUBJECTS[0])
    mended = await repair(pictures, never, only={4})
    assert list(mended.pictures) == pictures


async def test_transparency_survives_the_repair() -> None:
    pictures = series("blue")
    clear = open_picture(piece("orange", SUBJECTS[3])).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").point(lambda level: max(200, level)))
    file = io.BytesIO()
    clear.save(file, "PNG")
    pictures[3] = file.getvalue()
    mended = await repair(pictures, never)
    assert open_picture(mended.pictures[3]).getchannel("A").getextrema()[0] == 200


def test_cards_of_pictures_words_and_voices_become_one() -> None:
    why = say("{piece} lacks “{term}”.", piece="#1", term="jazz")
    fault = Fault(1, "must", why, "rewrite")
    words = Piece(1, (Reading("must", 1, 0, 3 * LIMIT),), (fault,))
    card = joined(Piece(1, (Reading("light", 0, 0, 0),)), Piece(2, ()), words)
    assert [len(one.readings) for one in card.pieces] == [2, 0]
    assert card.outliers == (1,)
    assert card.score < ScoreCard((Piece(1, ()), Piece(2, ()))).score == 100


def small_gallery() -> Gallery:
    """Return a gallery of the few real pictures there are here, each for several things."""
    return {
        look: piece(look.colour, SUBJECTS[(THINGS.index(look.subject) + look.seed) % len(SUBJECTS)])
        for look in every((1, 2))
    }


async def test_the_figures_come_from_trials() -> None:
    pictures = small_gallery()
    alone, reference, _ = bench.CASES
    found = await bench.measured(pictures, alone, 2, 1)
    assert [one.alarm for one in found] == [False, False]
    assert [one.kind for one in found] == list(PLANTS)[:2]
    assert all(one.marked and one.better for one in found)
    assert bench.rows(alone, found)[0][:4] == ("each other", "2", "100.0 %", "0.0 %")
    (held,) = await bench.measured(pictures, reference, 1, 1)
    assert not held.alarm
