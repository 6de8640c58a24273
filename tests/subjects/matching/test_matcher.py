"""Animals told apart by their marks: drawn coats, the same again, moved, turned, before others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from toolkit.records import Box, Mask, PairScores
from toolkit.subjects.animal import ANIMAL
from toolkit.subjects.animal.subject import SHIPPED
from toolkit.subjects.matching import matcher as matching
from toolkit.subjects.matching.matcher import PatternMatcher
from toolkit.subjects.matching.sift import SiftMarks

UPRIGHT, TURNED = 0, 1


def coat(seed: int, side: int = 300) -> np.ndarray:
    """Return a coat of blotches, no two alike."""
    rng = np.random.default_rng(seed)
    rough = Image.fromarray(rng.integers(0, 256, (24, 24), dtype=np.uint8))
    grey = np.asarray(rough.resize((side, side), Image.Resampling.BICUBIC), dtype=np.int16)
    noise = np.random.default_rng(seed + 1000).integers(-8, 8, (side, side))
    return np.repeat(np.clip(grey + noise, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def placed(picture: np.ndarray, left: int, top: int, ground: int, angle: float = 0) -> np.ndarray:
    """Return a photo of a coat somewhere, before a ground of its own."""
    photo = np.ascontiguousarray(coat(ground, 500) // 2 + 60)
    turned = np.asarray(Image.fromarray(picture).rotate(angle, Image.Resampling.BICUBIC))
    photo[top : top + len(picture), left : left + len(picture)] = turned
    return photo


class SquareMask:
    """Knows where the coat is: from so many px on, on both sides."""

    def __init__(self, share: float = 0.1) -> None:
        self.share = share

    def of_size(self, image, width, height):
        inside = np.zeros((height, width), dtype=bool)
        x, y = round(width * self.share), round(height * self.share)
        inside[y : height - y, x : width - x] = True
        return inside


def marks(matcher, picture, box=None):
    box = box or Box(0, 0, picture.shape[1], picture.shape[0])
    return matcher.features(matcher.chips(picture, [box]))[0]


@pytest.fixture(scope="module")
def plain():
    return PatternMatcher(None, ANIMAL, SHIPPED)


def test_the_same_coat_has_far_more_in_common_than_another(plain) -> None:
    first = marks(plain, coat(1))
    again = marks(plain, np.clip(coat(1).astype(int) * 0.8 + 20, 0, 255).astype(np.uint8))
    other = marks(plain, coat(2))
    assert plain.compare(first, again)[UPRIGHT] > 50
    assert plain.compare(first, other).max() < 15


def test_a_coat_that_is_turned_is_known_by_marks_that_turn(plain) -> None:
    first = marks(plain, coat(1))
    turned = marks(plain, np.asarray(Image.fromarray(coat(1)).rotate(90)))
    found = plain.compare(first, turned)
    assert found[TURNED] > 50
    assert found[UPRIGHT] < 15


@settings(max_examples=8)
@given(st.integers(0, 50), st.integers(0, 50))
def test_whichever_is_named_first_they_have_the_same_in_common(plain, one, other) -> None:
    first, second = marks(plain, coat(one)), marks(plain, coat(other))
    assert plain.compare(first, second).tolist() == plain.compare(second, first).tolist()


def test_only_what_the_mask_holds_is_compared() -> None:
    ground, box = 77, Box(75, 75, 425, 425)
    one, other = (placed(coat(seed, 280), 110, 110, ground) for seed in (1, 2))
    within, whole = (
        PatternMatcher(SquareMask(0.15), ANIMAL, SHIPPED),
        PatternMatcher(None, ANIMAL, SHIPPED),
    )
    # The ground is the same: without a mask it is what they have in common.
    assert whole.compare(marks(whole, one, box), marks(whole, other, box))[UPRIGHT] > 30
    assert within.compare(marks(within, one, box), marks(within, other, box))[UPRIGHT] < 15


def test_a_chip_holds_the_animal_at_its_own_shape_and_its_mask() -> None:
    photo = np.full((240, 440, 3), 90, np.uint8)
    (chip,) = PatternMatcher(SquareMask(0.25), ANIMAL, SHIPPED).chips(
        photo, [Box(20, 20, 420, 220)]
    )
    assert chip.shape == (matching.SIDE, matching.SIDE, 4)
    assert (chip[:160, :, :3] == 90).all()
    assert not chip[160:].any()
    assert chip[80, 160, 3] == 255
    assert chip[10, 10, 3] == 0


def test_a_box_that_is_the_whole_photo_has_no_mask() -> None:
    photo = np.full((200, 400, 3), 90, np.uint8)
    (chip,) = PatternMatcher(SquareMask(0.25), ANIMAL, SHIPPED).chips(photo, [Box(0, 0, 399, 200)])
    assert (chip[:160, :, 3] == 255).all()


class Colour:
    """Compares pictures by their mean."""

    scores = ("colour",)
    name = "colour"

    def features(self, image, inside):
        return {"colour": image[inside].mean(axis=0, dtype=float)[None]}

    def compare(self, one, other):
        return [float(np.abs(one["colour"] - other["colour"]).max())]

    def common(self, one, other):
        return []


def test_what_each_part_says_stands_in_the_order_of_the_parts() -> None:
    both = PatternMatcher(None, ANIMAL, SHIPPED, parts=[SiftMarks(), Colour()])
    assert both.scores == ("upright", "turned", "colour")
    one, other = marks(both, coat(1)), marks(both, coat(2))
    alone = PatternMatcher(None, ANIMAL, SHIPPED)
    expected = [*alone.compare(one, other).tolist(), Colour().compare(one, other)[0]]
    assert both.compare(one, other).tolist() == pytest.approx(expected)
    assert both.info.weights_digest != alone.info.weights_digest
    # The distance is by the scores that the calibration is of.
    first, second = np.triu_indices(4, k=1)
    values = np.random.default_rng(0).integers(0, 30, (6, 3)).astype(np.float32)
    found = PairScores((4, 4), first, second, values)
    own = PairScores((4, 4), first, second, values[:, :2])
    np.testing.assert_allclose(both.distances(found), alone.distances(own))


def test_where_nothing_stands_out_the_whole_box_is_the_animal() -> None:
    class Nothing:
        def of_size(self, image, width, height):
            return np.zeros((height, width), dtype=bool)

    (chip,) = PatternMatcher(Nothing(), ANIMAL, SHIPPED).chips(coat(3), [Box(10, 10, 200, 200)])
    assert (chip[..., 3] == 255).all()


@pytest.mark.parametrize("box", [Box(-20, -20, 30, 30), Box(280, 290, 400, 400), Box(5, 5, 6, 6)])
def test_a_box_over_the_edge_or_tiny_has_a_chip(plain, box) -> None:
    (chip,) = plain.chips(coat(3), [box])
    assert chip[..., :3].any()
    assert set(plain.features(chip[None])[0]) == {"upright", "upright_at", "turned", "turned_at"}


def test_a_picture_without_marks_has_nothing_in_common_with_any(plain) -> None:
    blank = marks(plain, np.full((100, 100, 3), 128, np.uint8))
    assert blank["upright"].shape == (0, 128)
    assert plain.compare(blank, marks(plain, coat(1))).tolist() == [0, 0]
    assert plain.compare(blank, blank).tolist() == [0, 0]


def scene(animal: int, ground: int) -> np.ndarray:
    """Return a photo of a coat in the middle of a ground, each of its own kind or shared."""
    photo = np.ascontiguousarray(coat(ground, 320))
    photo[80:240, 80:240] = coat(animal, 160)
    return photo


def test_what_is_around_animals_is_known_again_apart_from_them() -> None:
    matcher = PatternMatcher(SquareMask(0.25), ANIMAL, SHIPPED)
    box = Box(5, 5, 315, 315)

    def seen(animal, ground):
        chips = matcher.chips(scene(animal, ground), [box])
        return {**matcher.features(chips)[0], **matcher.background_features(chips)[0]}

    one, same_ground, same_animal = seen(1, 8), seen(2, 8), seen(1, 9)
    assert matcher.background(one, same_ground) > 20 > matcher.compare(one, same_ground).max()
    assert matcher.background(one, same_animal) < 10 < matcher.compare(one, same_animal)[UPRIGHT]
    # No mark of the surroundings sees the animal.
    inside = ((one["behind_at"] > 80) & (one["behind_at"] < 240)).all(axis=1)
    assert len(one["behind"]) > 50
    assert not inside.any()


def test_without_a_mask_or_in_an_older_look_nothing_is_known_of_the_background(plain) -> None:
    chips = plain.chips(coat(1), [Box(0, 0, 300, 300)])
    own = plain.features(chips)[0]
    assert np.isnan(plain.background(own, own))
    assert len(plain.background_features(chips)[0]["behind"]) == 0


def test_what_two_have_in_common_lies_where_the_coat_was_moved_to(plain) -> None:
    first = marks(plain, placed(coat(1), 40, 60, 7))
    second = marks(plain, placed(coat(1), 90, 80, 8))
    here, there = plain.common(first, second)
    assert 0 < len(here) == len(there) <= plain.compare(first, second).max()
    assert len(np.unique(here, axis=0)) > 20
    moved = (there - here) / (matching.SIDE / 500)
    assert np.abs(np.median(moved, axis=0) - [50, 20]).max() < 3
    back = plain.common(second, first)
    assert {*map(tuple, np.hstack(back[::-1]).tolist())} == {
        *map(tuple, np.hstack([here, there]).tolist())
    }


def test_what_was_painted_counts_in_place_of_what_stands_out() -> None:
    matcher = PatternMatcher(SquareMask(0.25), ANIMAL, SHIPPED)
    photo, box = coat(3, 400), Box(100, 100, 300, 300)
    left = Mask.of(np.array([[True, False], [True, False]]))
    (own,), (chip,) = matcher.chips(photo, [box]), matcher.chips(photo, [box], [left])
    np.testing.assert_array_equal(own[..., :3], chip[..., :3])
    # 200 px and a margin of 10 on either side are 320: the left half, and nothing of the margin.
    scale = matching.SIDE / 220
    inside = np.zeros((matching.SIDE, matching.SIDE), dtype=bool)
    inside[round(10 * scale) : round(210 * scale), round(10 * scale) : round(110 * scale)] = True
    assert (chip[..., 3] > 0).sum() == pytest.approx(inside.sum(), rel=0.02)
    assert ((chip[..., 3] > 0) != inside).mean() < 0.01
    # No mask, and one in which nothing is left, are no other than before.
    np.testing.assert_array_equal(matcher.chips(photo, [box], [None])[0], own)
    (empty,) = matcher.chips(photo, [box], [Mask(3, 1, (3,))])
    assert (empty[..., 3] == 255).all()
    # A box that is the whole photo has what was painted, too.
    (whole,) = matcher.chips(photo, [Box(0, 0, 400, 400)], [left])
    assert set(np.unique(whole[:, :150, 3])) == {255}
    assert not whole[:, 170:, 3].any()


def test_what_stands_out_is_told_of_the_box_alone() -> None:
    matcher = PatternMatcher(SquareMask(0.25), ANIMAL, SHIPPED)
    photo = coat(3, 400)
    found = matcher.outline(photo, Box(100, 100, 300, 300))
    # A quarter of 220 px is left out on each side, 10 px of which are the margin.
    assert found.shape == (200, 200)
    assert np.flatnonzero(found.any(axis=0))[[0, -1]].tolist() == [45, 154]
    assert matcher.outline(photo, Box(0, 0, 400, 400)) is None
    assert PatternMatcher(None, ANIMAL, SHIPPED).outline(photo, Box(100, 100, 300, 300)) is None
