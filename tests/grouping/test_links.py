"""Pairs that must, or must never, be one: found, chained, numbered, held to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.grouping import links, neighbours


@given(st.lists(st.integers(0, 8), max_size=40))
def test_pairs_within_are_all_pairs_that_share_a_photo(photo_of) -> None:
    found = links.pairs_within(np.array(photo_of, dtype=np.int64))
    expected = {
        (i, j)
        for i in range(len(photo_of))
        for j in range(i + 1, len(photo_of))
        if photo_of[i] == photo_of[j]
    }
    assert {tuple(pair) for pair in found.tolist()} == expected
    assert len(found) == len(expected)


def as_set(pairs) -> set[tuple[int, int]]:
    return {tuple(sorted(pair)) for pair in pairs.tolist()}


@given(st.lists(st.integers(0, 4), min_size=1, max_size=15))
def test_a_chain_connects_each_group_with_as_few_pairs_as_can_be(labels) -> None:
    labels = np.array(labels, np.int64)
    pairs = links.chain(labels)
    assert len(pairs) == len(labels) - len(set(labels.tolist()))
    found = links.components(len(labels), pairs)
    assert ((found[:, None] == found) == (labels[:, None] == labels)).all()


def test_components_join_pairs_of_all_lists_and_leave_the_others_alone() -> None:
    found = links.components(6, np.array([[0, 3], [5, 4]]), np.array([[3, 1]]))
    assert found[0] == found[1] == found[3]
    assert found[4] == found[5]
    assert len({found[0], found[2], found[4]}) == 3


def test_groups_are_numbered_by_size_and_equals_by_their_first_row() -> None:
    assert links.by_size(np.array([7, 2, 2, 9, 9, 2])).tolist() == [2, 0, 0, 1, 1, 0]
    assert links.by_size(np.array([5, 3, 4])).tolist() == [0, 1, 2]


def test_a_pair_that_a_chain_of_others_joins_is_refused_by_its_rows() -> None:
    must = links.components(4, np.array([[0, 1], [1, 2]]))
    links.require_consistent(must, np.array([[0, 3], [2, 3]]))
    with pytest.raises(BadSetting, match="sightings 2 and 0 must be one individual and must not"):
        links.require_consistent(must, np.array([[0, 3], [2, 0]]))


def test_the_nearest_are_joined_first_and_nobody_with_whom_a_group_is_never() -> None:
    near = neighbours.of(np.array([[0.0], [1.0], [2.1], [3.3]], np.float32)).within(1.5)
    alone, none = np.arange(4), np.zeros((0, 2), np.int64)
    assert len(set(links.kruskal(near, alone, none).tolist())) == 1
    # 0 and 1 come together before 2 can join 1, which then is with 0, from whom 2 is apart.
    held = links.kruskal(near, alone, np.array([[0, 2]]))
    assert held[0] == held[1]
    assert held[2] == held[3]
    assert held[0] != held[2]
