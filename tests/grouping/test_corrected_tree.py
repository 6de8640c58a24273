"""A tree that decisions change is the one joined anew, as far as they forbid nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.grouping import linkage
from toolkit.grouping.corrected_tree import corrected

NONE = np.zeros((0, 2), dtype=np.int64)
COUNT = 14
NOBODY = np.zeros(COUNT, dtype=np.bool_)

pairs = st.lists(
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda p: p[0] != p[1]),
    max_size=4,
).map(lambda found: np.array(found, dtype=np.int64).reshape(-1, 2))


def rows(seed):
    return np.random.default_rng(seed).normal(size=(COUNT, 4)).astype(np.float32)


def together(labels):
    """Which two are one, of those that are not left out."""
    return (labels[:, None] == labels) & (labels >= 0) & (labels[:, None] >= 0)


@given(seed=st.integers(0, 999), must=pairs, more=pairs)
def test_who_is_said_to_be_one_is_so_at_every_threshold_and_nothing_else_changes(seed, must, more):
    both = np.concatenate([must, more])
    made = corrected(linkage.tree(rows(seed), must_link=must), (must, NONE), (both, NONE), NOBODY)
    anew = linkage.tree(rows(seed), must_link=both)
    assert made.must.tolist() == anew.must.tolist()
    assert np.allclose(made.height, anew.height)
    for joins in range(len(anew) + 1):
        assert made.labels_after(joins).tolist() == anew.labels_after(joins).tolist()
    assert made.sizes.tolist() == anew.sizes.tolist()


@given(seed=st.integers(0, 999), cannot=pairs)
def test_below_the_first_join_that_is_forbidden_it_is_as_joined_anew(seed, cannot):
    tree = linkage.tree(rows(seed))
    made = corrected(tree, (NONE, NONE), (NONE, cannot), NOBODY)
    anew = linkage.tree(rows(seed), cannot_link=cannot)
    ends = [tree.labels_after(joins) for joins in range(len(tree) + 1)]
    broken = [(each[cannot[:, 0]] == each[cannot[:, 1]]).any() for each in ends]
    legal = broken.index(True) - 1 if any(broken) else len(tree)
    assert made.labels_after(legal).tolist() == anew.labels_after(legal).tolist()
    last = made.labels_after(len(made))
    assert not (last[cannot[:, 0]] == last[cannot[:, 1]]).any()


@given(seed=st.integers(0, 999), out=st.sets(st.integers(0, COUNT - 1), max_size=5), must=pairs)
def test_of_those_that_are_left_out_no_join_tells_and_the_rest_stay_together(seed, out, must):
    tree = linkage.tree(rows(seed), must_link=must)
    ignored = NOBODY.copy()
    ignored[list(out)] = True
    kept = np.flatnonzero(~ignored)
    made = corrected(tree, (must, NONE), (must, NONE), ignored)
    if made is None:
        # Two were one by way of one that is left out now.
        assert len(must) > 1
        return
    assert (made.must[ignored] == -1).all()
    assert not np.isin([made.first, made.second], list(out)).any()
    threshold = float(np.median(tree.height)) if len(tree) else 1.0
    before, after = (each.cut(threshold).labels[kept] for each in (tree, made))
    if not len(must):
        assert (together(before) == together(after)).all()
    assert made.sizes.sum(axis=1).max(initial=0) <= len(kept)


def test_what_is_taken_back_can_only_be_joined_anew():
    tree = linkage.tree(rows(1), cannot_link=np.array([[0, 1]]))
    assert corrected(tree, (NONE, np.array([[0, 1]])), (NONE, NONE), NOBODY) is None
    tree = linkage.tree(rows(1), must_link=np.array([[0, 1]]))
    assert corrected(tree, (np.array([[0, 1]]), NONE), (NONE, NONE), NOBODY) is None
    left_out = NOBODY.copy()
    left_out[3] = True
    without = corrected(tree, (NONE, NONE), (NONE, NONE), left_out)
    assert corrected(without, (NONE, NONE), (NONE, NONE), NOBODY) is None


def test_two_who_were_kept_apart_may_be_said_to_be_one():
    apart = np.array([[0, 1]])
    tree = linkage.tree(rows(1), cannot_link=apart)
    made = corrected(tree, (NONE, apart), (apart, NONE), NOBODY)
    assert made.must[0] == made.must[1]


def test_decisions_that_contradict_each_other_are_refused():
    both = np.array([[0, 1]])
    with pytest.raises(BadSetting, match="must be one individual and must not be"):
        corrected(linkage.tree(rows(1)), (NONE, NONE), (both, both), NOBODY)
