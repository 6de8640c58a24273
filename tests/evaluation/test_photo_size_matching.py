"""Faces of two looks paired, and how sure the share is that is lost."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from toolkit.errors import SightingsError
from toolkit.evaluation import photo_size_matching
from toolkit.evaluation.photo_size_matching import consensus, pair_boxes, share_interval
from toolkit.evaluation.scores import score_grouping


def frame(*boxes: tuple[int, int, int, int], path: str = "a") -> pd.DataFrame:
    return pd.DataFrame(
        [(path, *box) for box in boxes], columns=["path", *photo_size_matching.PLACE]
    )


A, B, C, D, E, F = ((left, 0, left + 100, 100) for left in range(0, 1200, 200))


def test_a_face_is_what_two_see_or_the_judge_at_full_size() -> None:
    seen = {
        ("cnn", 0): frame(A),
        ("cnn", 1200): frame(B, C, E),
        ("cnn", 600): frame(C),
        ("hog", 0): frame(B, D, F),
        ("hog", 600): frame(D),
    }
    faces = consensus(seen, "cnn")
    # A: alone, but the judge at full size. B: by both. C, D: by one, at two sizes. E: by the judge,
    # at one smaller size. F: at full size, but by the other.
    assert sorted(faces[photo_size_matching.PLACE].itertuples(index=False, name=None)) == [
        A,
        B,
        C,
        D,
    ]
    alone = {way: table for way, table in seen.items() if way[0] == "hog"}
    found = consensus(alone, "hog")[photo_size_matching.PLACE]
    assert sorted(found.itertuples(index=False, name=None)) == [B, D, F]
    assert len(consensus({("cnn", 0): frame()}, "cnn")) == 0


def test_the_place_of_a_face_is_where_the_judge_sees_it_largest() -> None:
    moved = (5, 5, 105, 105)
    seen = {("hog", 0): frame(moved), ("cnn", 600): frame(moved), ("cnn", 1200): frame(A)}
    assert consensus(seen, "cnn")[photo_size_matching.PLACE].to_numpy().tolist() == [list(A)]


def test_boxes_of_two_photos_are_never_one_face() -> None:
    seen = {("cnn", 0): frame(A), ("cnn", 600): frame(A, path="b"), ("hog", 0): frame(A)}
    assert consensus(seen, "cnn")["path"].to_list() == ["a"]


def test_boxes_pair_with_the_nearest_and_only_once() -> None:
    one = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], float)
    # The first overlaps with 8 of 12 px, the second with 9 of 11; the third with 1 of 19.
    other = np.array([[2, 0, 12, 10], [1, 0, 11, 10], [29, 0, 39, 10]], float)
    first, second = pair_boxes(one, other)
    assert list(zip(first, second, strict=True)) == [(0, 1)]
    assert [len(side) for side in pair_boxes(one[:0], other)] == [0, 0]


places = st.lists(
    st.tuples(*[st.integers(0, 60)] * 2, *[st.integers(1, 40)] * 2), min_size=0, max_size=7
).map(lambda rows: np.array([(x, y, x + w, y + h) for x, y, w, h in rows], float).reshape(-1, 4))


@given(places, places)
def test_pairs_overlap_enough_each_box_once_and_either_way_round(one, other) -> None:
    first, second = pair_boxes(one, other)
    assert len(set(first)) == len(first) == len(second) == len(set(second))

    def share(a, b):
        grids = [np.zeros((101, 101), bool) for _ in range(2)]
        for grid, (left, top, right, bottom) in zip(grids, (a, b), strict=True):
            grid[int(top) : int(bottom), int(left) : int(right)] = True
        return (grids[0] & grids[1]).sum() / (grids[0] | grids[1]).sum()

    shares = [share(one[i], other[j]) for i, j in zip(first, second, strict=True)]
    assert all(value >= photo_size_matching.OVERLAP for value in shares)
    back = pair_boxes(other, one)
    again = [share(one[i], other[j]) for j, i in zip(*back, strict=True)]
    assert sum(shares) == pytest.approx(sum(again))
    assert len(pair_boxes(one, one)[0]) == len(one)


@pytest.mark.parametrize("count", [1, 5, 100])
def test_where_nothing_is_lost_the_bound_is_exact_over_photos(count: int) -> None:
    none, faces = np.zeros(count, np.int64), np.full(count, 4)
    low, high = share_interval(none, faces)
    exact = stats.binomtest(0, count).proportion_ci(0.95, method="exact").high
    assert (low, high) == (0, pytest.approx(exact))
    assert share_interval(faces, faces) == (pytest.approx(1 - exact), 1)
    # Photos without a face say nothing.
    padded = share_interval(np.append(none, 0), np.append(faces, 0))
    assert padded == pytest.approx((low, high))


def test_many_photos_give_the_percentile_bootstrap() -> None:
    draw = np.random.default_rng(3)
    whole = draw.integers(1, 8, 300)
    part = draw.binomial(whole, 0.3)
    found = share_interval(part, whole, seed=1)
    reference = stats.bootstrap(
        (part, whole),
        lambda p, w, axis: p.sum(axis=axis) / w.sum(axis=axis),
        paired=True,
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert found == pytest.approx((reference.low, reference.high), abs=0.004)
    assert found == share_interval(part, whole, seed=1)
    assert found != share_interval(part, whole, seed=2)


def test_faces_lost_together_leave_more_doubt_than_faces_lost_one_by_one() -> None:
    whole = np.full(100, 10)
    together = np.where(np.arange(100) < 10, 10, 0)
    apart = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [30, 40, 30]))
    assert apart.sum() == together.sum()
    wide, narrow = share_interval(together, whole), share_interval(apart, whole)
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """A photo in 50 loses half of its faces: few cases, where the plain bootstrap is too narrow."""
    draw = np.random.default_rng(0)
    held = plain = 0
    for _ in range(200):
        whole = draw.choice([2, 4, 6], 100)
        part = np.where(draw.random(100) < 0.02, whole // 2, 0)
        low, high = share_interval(part, whole)
        held += low <= 0.01 <= high
        rows = draw.integers(0, 100, (400, 100))
        plain += np.quantile(part[rows].sum(1) / whole[rows].sum(1), 0.975) >= 0.01
    assert held >= 190 > plain


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_an_interval_holds_its_share(cases) -> None:
    part = np.array([min(pair) for pair in cases], np.int64)
    whole = np.array([max(pair) for pair in cases], np.int64)
    low, high = share_interval(part, whole)
    if not whole.sum():
        assert math.isnan(low)
        assert math.isnan(high)
        return
    assert 0 <= low <= part.sum() / whole.sum() <= high <= 1
    assert low < high


def test_photos_that_all_lose_the_same_share_still_leave_doubt() -> None:
    exact = stats.binomtest(5, 10).proportion_ci(0.95, method="exact")
    assert share_interval(np.full(10, 2), np.full(10, 4)) == pytest.approx((exact.low, exact.high))
    low, high = share_interval(np.array([2]), np.array([4]))
    assert low < 0.05
    assert high > 0.95


@pytest.mark.parametrize(
    "box",
    [
        ("abc", "1", "2", "3"),
        ("9", "9", "-5", "-5"),
        ("9", "9", "0", "0"),
        ("inf", "1", "2", "3"),
        ("1e300", "1", "2", "3"),
        ("9", "9", "20", ""),
    ],
)
def test_a_box_that_is_none_is_refused_with_its_row(box) -> None:
    rows = [("a.jpg", "1", "2", "3", "4"), ("b.jpg", *box)]
    table = pd.DataFrame(rows, columns=["photo", "left", "top", "width", "height"])
    with pytest.raises(SightingsError, match="row 3 has the box"):
        photo_size_matching.checked_labels(table, ["a.jpg", "b.jpg"])


def test_labels_are_read_as_evaluate_reads_them() -> None:
    rows = [
        ("sub\\A.JPG", "Grace", "1", "2", "11", "22"),
        ("sub/a.jpg", "grace", "1", "2", "11", "22"),
        ("b.jpg", "NA", "", "", "", ""),
    ]
    table = pd.DataFrame(rows, columns=["photo", "person", "left", "top", "right", "bottom"])
    found = photo_size_matching.checked_labels(table, ["b.jpg", "sub/a.jpg"])
    assert found["photo"].tolist() == ["sub/a.jpg", "b.jpg"]
    assert found["person"].tolist() == ["Grace", "NA"]
    assert found[["left", "top", "width", "height"]].iloc[0].tolist() == [1, 2, 10, 20]
    assert found["width"].isna().tolist() == [False, True]


def look(*labels: int) -> np.ndarray:
    return np.array(labels, np.int64)


def test_agreement_is_the_b_cubed_f_over_the_faces_that_both_have() -> None:
    here, full = look(0, 0, 0, 1), look(0, 0, 1, 1, 7)
    at, everyone = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 2, 3, 4])
    found = np.array([0, 1, 2, 3, -1])
    agreed, low, high = photo_size_matching.agreement(here, full, found, everyone, at, 0)
    # Precision (2/3 + 2/3 + 1/3 + 1) / 4, recall (1 + 1 + 1/2 + 1/2) / 4.
    assert agreed == pytest.approx(12 / 17)
    assert 0 <= low < agreed < high <= 1
    # Rows may stand in another order.
    found = np.array([3, 2, 1, 0, -1])
    turned = photo_size_matching.agreement(look(1, 0, 0, 0), full, found, everyone, at, 0)
    assert turned == pytest.approx((agreed, low, high))


def test_full_agreement_has_an_exact_bound_and_no_common_face_has_none() -> None:
    full, at = look(0, 0, 1), np.array([0, 1, 2])
    agreed = photo_size_matching.agreement(full, full, at, at, at, 0)
    exact = stats.binomtest(0, 3).proportion_ci(0.95, method="exact").high
    assert agreed == (1.0, pytest.approx(1 - exact), 1.0)
    nobody = np.full(3, -1)
    assert all(math.isnan(v) for v in photo_size_matching.agreement(full, full, nobody, at, at, 0))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=9))
def test_agreement_brackets_what_the_scores_say(pairs) -> None:
    ones, others = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    at = np.arange(len(pairs)) // 2
    rows = np.arange(len(pairs))
    agreed, low, high = photo_size_matching.agreement(look(*ones), look(*others), rows, rows, at, 0)
    assert agreed == pytest.approx(score_grouping(others, ones).bcubed_f)
    assert 0 <= low <= high <= 1 + 1e-9
