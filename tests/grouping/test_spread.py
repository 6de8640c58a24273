import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_albums import INFO, drawn

from toolkit.calibration import Calibration, Linkage, Spread
from toolkit.evaluation import scores
from toolkit.grouping import linkage, neighbours, spread, thresholds
from toolkit.subjects.face.calibration import LINKAGE

CALIBRATION = Calibration(slope=60.0, even=0.6)
IN_GROUPS = spread.of_groups(CALIBRATION, LINKAGE)
USUAL = Spread(low=0.678, high=0.703, most=0.069, few=2.0)
# Noise in 64 directions that makes the mean distance within an individual usual, small and large.
BY_NOISE = {"usual": 0.0365, "near": 0.032, "far": 0.0435}


def distances_of(rows) -> neighbours.VectorDistances:
    return neighbours.VectorDistances(rows, "euclidean", LINKAGE)


def by_hand(rows, labels) -> list[float]:
    means = []
    for group in range(labels.max() + 1):
        own = rows[labels == group].astype(np.float64)
        if len(own) >= 3:
            table = np.linalg.norm(own[:, None] - own[None], axis=-1)
            means.append(table[np.triu_indices(len(own), 1)].mean())
    return means


@given(st.lists(st.floats(0.05, 1.2), min_size=1, max_size=30))
def test_even_odds_follow_the_mean_and_no_further_than_most(means) -> None:
    moved = spread.followed(CALIBRATION, LINKAGE, np.array(means)).even - 0.6 + LINKAGE.lower
    beyond = np.mean(means)
    low, high = USUAL.low * 0.6, USUAL.high * 0.6
    expected = 0.0 if low <= beyond <= high else beyond - (high if beyond > high else low)
    expected = min(max(expected, -0.069 * 0.6), 0.069 * 0.6) * len(means) / (len(means) + 2)
    assert moved == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("linkage_of", [Linkage(), Linkage(discount=0.06)])
def test_nothing_moves_where_no_spread_was_fitted(linkage_of) -> None:
    assert spread.followed(CALIBRATION, linkage_of, np.array([0.9, 0.9])) == CALIBRATION
    rows, _, _ = drawn(0, 8, 6, spread=BY_NOISE["far"])
    tree = linkage.tree(distances_of(rows))
    assert spread.to_tree(CALIBRATION, linkage_of, tree) == CALIBRATION
    chosen = thresholds.of_tree(tree, CALIBRATION)
    assert chosen == thresholds.of_tree(tree, CALIBRATION, linkage_of)
    assert "usual" not in chosen.why


def test_no_group_of_three_moves_nothing() -> None:
    rows, truth, _ = drawn(1, 10, 2)
    assert spread.to_groups(CALIBRATION, distances_of(rows), truth) == IN_GROUPS
    assert spread.to_tree(CALIBRATION, LINKAGE, linkage.tree(rows[:0])) == IN_GROUPS


@pytest.mark.parametrize("noise", BY_NOISE.values())
def test_joins_and_groups_say_the_same_as_the_pairs_by_hand(noise) -> None:
    rows, truth, _ = drawn(2, 12, 7, spread=noise)
    expected = spread.followed(CALIBRATION, LINKAGE, np.array(by_hand(rows, truth)))
    labelled = spread.to_groups(CALIBRATION, distances_of(rows), truth)
    assert labelled.even == pytest.approx(expected.even, abs=1e-6)
    tree = linkage.tree(distances_of(rows))
    # The groups here are those of the people, so that the joins tell the same pairs, but for those
    # that were nearer than the join that they waited for.
    assert scores.score_grouping(truth, tree.labels_after(len(truth) - 12)).pairwise_f == 1
    means = spread._means_of_tree(tree, len(truth) - 12, LINKAGE)
    assert sorted(means) == pytest.approx(sorted(by_hand(rows, truth)), abs=5e-3)


def test_even_odds_of_groups_are_lower_by_what_was_fitted() -> None:
    assert spread.of_groups(CALIBRATION, Linkage()) is CALIBRATION
    fitted = Linkage(uneven=0.01, lower=0.02)
    assert spread.of_groups(CALIBRATION, fitted).even == pytest.approx(0.58)
    rows, _, _ = drawn(5, 4, 5)
    tree = linkage.tree(rows)
    assert spread.to_tree(CALIBRATION, fitted, tree).even == pytest.approx(0.58)
    # Two sightings are compared as before, whatever groups do; so low is no even odds.
    assert spread.of_groups(CALIBRATION, Linkage(lower=2.0)).even == pytest.approx(0.06)


def test_a_large_group_is_looked_at_in_part(monkeypatch) -> None:
    rows, truth, _ = drawn(3, 3, 40)
    whole = spread.to_groups(CALIBRATION, distances_of(rows), truth)
    monkeypatch.setattr(spread, "LOOKED_AT", 10)
    part = spread.to_groups(CALIBRATION, distances_of(rows), truth)
    assert part.even == pytest.approx(whole.even, abs=0.01)


def test_hard_photos_raise_the_threshold_and_easy_ones_lower_it() -> None:
    said = {}
    for kind, noise in BY_NOISE.items():
        rows, _, _ = drawn(4, 30, 6, spread=noise)
        tree = linkage.tree(distances_of(rows))
        plain = thresholds.of_tree(tree, IN_GROUPS)
        chosen = thresholds.of_tree(tree, CALIBRATION, LINKAGE)
        moved = spread.to_tree(CALIBRATION, LINKAGE, tree).even - IN_GROUPS.even
        said[kind] = (chosen.value - plain.value, moved, chosen.why)
    assert said["usual"][0] == 0
    assert "usual" not in said["usual"][2]
    assert said["far"][1] > 0.02
    assert said["far"][0] >= 0
    assert "differ more here than usual (+0.0" in said["far"][2]
    assert said["near"][1] < -0.01
    assert "differ less here than usual (-0.0" in said["near"][2]


def test_people_whose_photos_differ_are_found_whole() -> None:
    """Of half of the photos of each, the noise is large: without the spread, they are apart."""
    plain, followed = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        rows, truth, _ = drawn(seed, 12, 10, spread=0.036)
        hard = rng.random(len(rows)) < 0.5
        rows[hard] += rng.normal(size=(hard.sum(), 64)).astype(np.float32) * 0.04
        tree = linkage.tree(distances_of(rows))
        for found, how in ((plain, None), (followed, LINKAGE)):
            chosen = thresholds.of_tree(tree, INFO.calibration, how)
            labels = tree.cut(chosen.value).labels
            found.append(scores.score_grouping(truth, labels).bcubed_f)
    assert np.mean(followed) > np.mean(plain) + 0.01


@pytest.mark.parametrize("bad", [(0, 1, 0.1, 1), (0.7, 0.6, 0.1, 1), (0.6, 0.7, 1, 1)])
def test_a_spread_that_is_none_is_refused(bad) -> None:
    with pytest.raises(ValueError, match="low"):
        Spread(*bad)
