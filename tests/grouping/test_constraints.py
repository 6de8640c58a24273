"""What the user decided, as grouping needs it."""

import numpy as np

from toolkit.grouping.constraints import Decided, apart, with_sets
from toolkit.grouping.links import components


def pairs(*rows) -> np.ndarray:
    return np.array(rows, np.int64).reshape(-1, 2)


def decided(must=(), cannot=()) -> Decided:
    return Decided(pairs(*must), pairs(*cannot), {}, frozenset(), np.zeros(0, np.int64), 0)


def test_who_shares_a_photo_and_who_was_said_to_be_different_is_apart() -> None:
    found = apart(decided(cannot=[(2, 3)]), pairs((0, 1)), 4)
    assert found.tolist() == [[0, 1], [2, 3]]


def test_a_decision_goes_before_the_photo_and_by_way_of_others_too() -> None:
    within = pairs((0, 1), (0, 2), (4, 5))
    assert apart(decided(must=[(0, 1)]), within, 6).tolist() == [[0, 2], [4, 5]]
    by_way = decided(must=[(0, 3), (3, 2)])
    assert apart(by_way, within, 6).tolist() == [[0, 1], [4, 5]]


def test_nothing_decided_leaves_the_photos_alone_to_say_it() -> None:
    within = pairs((0, 1), (2, 3))
    np.testing.assert_array_equal(apart(decided(), within, 4), within)
    assert apart(decided(), pairs(), 0).shape == (0, 2)


def sets(*those):
    return [np.array(each, np.int64) for each in those]


def together(must, count):
    family = components(count, must)
    return [[a for a in range(count) if family[a] == f] for f in np.unique(family)]


def test_a_set_joins_its_own_and_whom_they_are_one_with() -> None:
    found = with_sets(pairs((0, 3)), pairs(), sets([3, 1], [2]), 5)
    assert together(found, 5) == [[0, 1, 3], [2], [4]]


def test_a_set_of_two_that_never_are_one_is_left_out_by_way_of_others_too() -> None:
    # 0 and 1 are one by decision, and 1 is never 2: the set of 0 and 2 cannot be.
    found = with_sets(pairs((0, 1)), pairs((1, 2)), sets([0, 2], [2, 3]), 4)
    assert together(found, 4) == [[0, 1], [2, 3]]
    # The second of two sets joins what the first one made: neither alone is against it.
    found = with_sets(pairs(), pairs((0, 2)), sets([0, 1], [1, 2], [2, 3]), 4)
    assert together(found, 4) == [[0, 1], [2, 3]]
