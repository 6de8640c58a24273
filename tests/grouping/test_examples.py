"""Examples looked over: each kind of finding, by hand on a line, and what is left alone."""

import numpy as np
import pytest

from toolkit.calibration import Calibration, Linkage
from toolkit.grouping.examples import ALIKE, FAR, PARTS, SHARED, look_over, one_individual
from toolkit.grouping.neighbours import PairDistances, VectorDistances
from toolkit.records import ComparedPairs

# Two that are less than 1 apart, as the tests count, are likelier one than two.
UNIT = 0.1
CALIBRATION = Calibration(slope=20.0 / UNIT, even=UNIT)


def on_a_line(*places, metric="vectors"):
    """Distances of examples on a line, as vectors or as pairs that a matcher compared."""
    rows = UNIT * np.array(places, np.float32)[:, None]
    if metric == "vectors":
        return VectorDistances(rows, linkage=Linkage())
    first, second = np.triu_indices(len(places), k=1)
    away = np.minimum(np.abs(rows[first, 0] - rows[second, 0]), 2)
    return PairDistances(ComparedPairs.of(len(places), first, second, away, 2.0))


def found(line, whose, **about):
    metric = about.pop("metric", "vectors")
    made = look_over(
        on_a_line(*line, metric=metric), np.array(whose, np.int64), CALIBRATION, **about
    )
    return [(each.kind, each.row, each.beside, each.other, each.used) for each in made]


@pytest.mark.parametrize("metric", ["vectors", "pairs"])
@pytest.mark.parametrize(
    ("places", "whose", "expected"),
    [
        # All agree; one alone has nobody to disagree with.
        ([0, 0.1, 0.2, 9], [0, 0, 0, 1], []),
        # One of four is far, and nobody else is like it.
        ([0, 0.1, 5, 0.2], [0, 0, 0, 0], [(FAR, 2, 3, -1, False)]),
        # It is like another one.
        ([0, 0.1, 5, 0.2, 5.1], [0, 0, 0, 0, 1], [(FAR, 2, 3, 1, False)]),
        # Two thirds of the others disagree with each of the two that are few, not of those three.
        ([0, 0.1, 0.2, 5, 5.1], [0] * 5, [(FAR, 3, 2, -1, False), (FAR, 4, 2, -1, False)]),
        # Three of the five others are no two thirds.
        ([0, 0.05, 0.1, 1.5, 0.75, 0.8], [0] * 6, []),
        # As many on either side: nobody can say which, and all are used.
        ([0, 0.1, 5, 5.1], [0] * 4, [(PARTS, 2, 1, -1, True), (PARTS, 3, 1, -1, True)]),
        ([0, 5], [0, 0], [(PARTS, 1, 0, -1, True)]),
        # But where one side is like another individual, it is that one's.
        ([5, 0, 5.1], [0, 0, 1], [(PARTS, 0, 1, 1, False)]),
        # All agree with their neighbours only: a chain, from a child to a grown man, is one.
        ([0, 0.9, 1.8, 2.7, 3.6, 4.5, 5.4, 6.3], [0] * 8, []),
        # Two who look like one.
        ([0, 0.1, 0.2, 0.3, 9], [0, 0, 1, 1, 2], [(ALIKE, 1, 2, 1, True)]),
        ([], [], []),
    ],
)
def test_what_is_found_in_examples_on_a_line(metric, places, whose, expected):
    assert found(places, whose, metric=metric) == expected


@pytest.mark.parametrize("wrong", [0, 1])
def test_thousands_of_one_are_looked_over_in_parts(wrong):
    line = np.linspace(0, 0.5, 2500).tolist() + [5.0] * wrong
    expected = [(FAR, 2500, 2499, -1, False)] * wrong
    assert found(line, [0] * len(line)) == expected


def test_how_far_it_is_is_said():
    far, *_ = look_over(on_a_line(0, 0.9, 6, 0.5), np.zeros(4, np.int64), CALIBRATION)
    assert far.distance == pytest.approx(UNIT * (6 + 5.1 + 5.5) / 3)
    (alike,) = look_over(on_a_line(0, 0.25), np.arange(2), CALIBRATION)
    assert alike.distance == pytest.approx(UNIT * 0.25)


def test_the_more_there_are_the_nearer_two_have_to_be_to_look_like_one():
    some = [0.0, 0.95, *range(5, 500, 5)]
    assert found(some[:2], range(2)) == [(ALIKE, 0, 1, 1, True)]
    assert found(some, range(len(some))) == []


def test_what_stands_under_two_is_named_unless_it_is_in_doubt_anyway():
    assert (SHARED, 1, 0, 0, True) in found([0, 0], [0, 1], places=["a", "a"])
    kinds = [each[0] for each in found([5, 0, 5], [0, 0, 1], places="aba")]
    assert kinds == [PARTS]


def test_an_example_that_is_there_twice_counts_once():
    # Else two copies of a wrong one would outvote the right one.
    places = [0, 0, 5]
    assert found(places, [0, 0, 0]) == [(FAR, 2, 0, -1, False)]
    assert found(places, [0, 0, 0], places="aab") == [(PARTS, 2, 0, -1, True)]


def test_a_photo_of_several_tells_which_of_the_examples_are_most():
    # 0 against 5 and 5.1; a photo of several shows one like 0, and somebody at 20.
    places, whose = [0, 5, 5.1, 0.1, 20], [0, 0, 0]
    assert found(places[:3], whose) == [(FAR, 0, 1, -1, False)]
    witnesses = [(0, np.array([3, 4]))]
    assert found(places, whose, witnesses=witnesses) == [(PARTS, 0, 1, -1, True)]
    # One in which nobody is like any of them says nothing, nor does one of somebody else.
    assert found(places, whose, witnesses=[(0, np.array([4]))]) == [(FAR, 0, 1, -1, False)]
    assert found(places, whose, witnesses=[(1, np.array([3]))]) == [(FAR, 0, 1, -1, False)]


@pytest.mark.parametrize("metric", ["vectors", "pairs"])
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([[0, 1], [2, 3]], True),
        ([[0, 1], [4, 5]], False),
        # One of three pairs of parts is alike.
        ([[0], [1], [4]], False),
        ([[0], [1], [2], [4]], False),
        ([[0], [1], [2], [3], [4]], True),
        ([[0], []], None),
        ([], None),
    ],
)
def test_parts_are_one_where_most_pairs_of_them_look_like_it(metric, parts, expected):
    distances = on_a_line(0, 0.1, 0.2, 0.3, 5, 5.1, metric=metric)
    rows = [np.array(part, np.int64) for part in parts]
    assert one_individual(distances, rows, CALIBRATION) is expected


def two_sides(*away):
    """Distances of two left examples and two right ones, which say nothing of each other."""
    first, second = np.triu_indices(4, k=1)
    told = np.where((first < 2) == (second < 2), UNIT * away[0], np.nan)
    return PairDistances(ComparedPairs.of(4, first, second, told, 2.0))


def test_examples_that_say_nothing_of_each_other_do_not_disagree() -> None:
    whose = np.zeros(4, np.int64)
    assert look_over(two_sides(0.1), whose, CALIBRATION) == ()
    # One of each side: nobody to agree or disagree with.
    assert look_over(two_sides(0.1)[np.array([0, 2])], whose[:2], CALIBRATION) == ()
    assert {each.kind for each in look_over(two_sides(5), whose, CALIBRATION)} == {PARTS}


def test_parts_that_say_nothing_of_each_other_are_not_told_apart() -> None:
    parts = [np.array([0, 1]), np.array([2, 3])]
    assert one_individual(two_sides(0.1), parts, CALIBRATION) is None
    mixed = [np.array([0]), np.array([1]), np.array([2, 3])]
    assert one_individual(two_sides(0.1), mixed, CALIBRATION) is True
