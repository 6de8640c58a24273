"""Numbers stay with those who have them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made_albums import album

from toolkit.grouping.numbering import Earlier, earlier_of, number_groups
from toolkit.grouping.sighting_finder import keys_of


def of(*values):
    return np.array(values, dtype=np.int64)


def canonical(labels):
    """Number groups as `Clustering` does: in order of size, then of the first sighting."""
    labels = np.asarray(labels, dtype=np.int64)
    kept = [label for label in dict.fromkeys(labels.tolist()) if label >= 0]
    kept.sort(key=lambda label: -int((labels == label).sum()))
    order = {label: place for place, label in enumerate(kept)}
    return np.array([order.get(label, -1) for label in labels.tolist()], dtype=np.int64)


def test_the_first_time_the_group_with_most_is_number_1() -> None:
    assert number_groups(of(0, 0, 1, -1), of(0, 0, 0, 0), 0).tolist() == [1, 1, 2, 0]


def test_groups_keep_their_numbers_and_new_ones_get_the_next() -> None:
    # Two of number 4 and one of 2; a larger group is new.
    numbers = number_groups(of(1, 1, 2, 0, 0, 0), of(4, 4, 2, 0, 0, 0), 7)
    assert numbers.tolist() == [4, 4, 2, 8, 8, 8]


def test_of_two_that_become_one_the_larger_part_keeps_the_number() -> None:
    assert number_groups(of(0, 0, 0), of(3, 5, 5), 5).tolist() == [5, 5, 5]


def test_of_one_that_becomes_two_the_larger_part_keeps_the_number() -> None:
    assert number_groups(of(1, 0, 0), of(2, 2, 2), 2).tolist() == [3, 2, 2]


def test_one_that_is_left_out_keeps_its_number_for_later() -> None:
    out = number_groups(of(0, -1), of(1, 2), 2)
    assert out.tolist() == [1, 2]
    assert number_groups(of(0, 1), out, 2).tolist() == [1, 2]


def test_numbers_of_those_who_are_gone_are_given_to_nobody() -> None:
    seen = album([0, 1, 2])
    before = Earlier(keys_of(seen, of(0)), of(1), last=9)
    assert number_groups(of(0, 1, 2), before.within(seen)[0], before.last).tolist() == [1, 10, 11]


def test_who_is_away_is_carried_over_and_known_again() -> None:
    whole, part = album([0, 1, 2]), album([0, 1])
    before = earlier_of(whole, of(2, 2, 7))
    numbers, absent = before.within(part)
    assert numbers.tolist() == [2, 2]
    assert absent.numbers.tolist() == [7]
    again = earlier_of(part, number_groups(of(0, 0), numbers, absent.last), absent)
    assert again.last == 7
    assert again.within(whole)[0].tolist() == [2, 2, 7]
    assert again.within(whole)[1].sightings == ()


GROUPS = st.lists(st.integers(-1, 5), min_size=1, max_size=30)


@given(GROUPS, GROUPS, st.integers(0, 50))
def test_any_regrouping_gives_each_group_one_number_of_its_own(now, then, last) -> None:
    size = min(len(now), len(then))
    labels = canonical(now[:size])
    first = number_groups(canonical(then[:size]), np.zeros(size, dtype=np.int64), last)
    highest = max(last, int(first.max(initial=0)))
    numbers = number_groups(labels, first, highest)
    for label in set(labels[labels >= 0].tolist()):
        (number,) = set(numbers[labels == label].tolist())
        assert number > 0
        # An old number is that of somebody in it; a new one was never given.
        assert number in first[labels == label] or number > highest
        assert (numbers[labels >= 0] == number).sum() == (labels == label).sum()
    again = number_groups(labels, numbers, max(highest, int(numbers.max(initial=0))))
    assert again[labels >= 0].tolist() == numbers[labels >= 0].tolist()
