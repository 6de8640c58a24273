"""What marks in common say: fitted on known individuals, and the same whoever is named first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.records import PairScores
from toolkit.subjects.animal.calibration import FARTHEST, FITTED, features_of, fit


def drawn(seed: int, individuals: int = 12, each: int = 5) -> tuple[PairScores, np.ndarray]:
    """An album in which two of one individual have more in common than two of others, mostly."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(individuals), each)
    first, second = np.triu_indices(len(who), k=1)
    same = who[first] == who[second]
    upright = rng.poisson(np.where(same, 14, 5)) * rng.choice([1, 1, 2], len(first))
    turned = rng.poisson(np.where(same, 9, 4))
    values = np.stack([upright, turned], axis=1).astype(np.float32)
    return PairScores((len(who), len(who)), first, second, values), same


def test_distances_fall_with_what_two_have_in_common_and_end_somewhere() -> None:
    first, second = np.triu_indices(12, k=1)
    values = np.random.default_rng(0).integers(0, 6, (len(first), 2)).astype(np.float32)
    values[3], values[20] = 400, 60
    away = FITTED.distances(PairScores((12, 12), first, second, values))
    assert away.dtype == np.float32
    assert ((away >= 0) & (away <= FARTHEST)).all()
    assert away[3] < away[20] < np.median(away)


def test_what_stands_out_is_by_either_of_the_two_the_same() -> None:
    first, second = np.triu_indices(6, k=1)
    values = np.random.default_rng(1).integers(0, 30, (len(first), 2)).astype(np.float32)
    one = features_of(PairScores((6, 6), first, second, values))
    other = features_of(PairScores((6, 6), second, first, values))
    np.testing.assert_allclose(one, other)
    # Against a double loop.
    tens = values[:, 0].astype(float) / 10
    for pair, (i, j) in enumerate(zip(first, second, strict=True)):
        of_both = []
        for end in (i, j):
            own = tens[(first == end) | (second == end)]
            of_both.append((tens[pair] - own.mean()) / np.hypot(own.std(), 0.1))
        assert one[pair, 0] == pytest.approx(tens[pair])
        assert one[pair, 2] == pytest.approx(np.mean(of_both))


def test_what_was_fitted_tells_others_and_says_how_sure_it_is() -> None:
    found = fit([drawn(1), drawn(2)], "drawn ones")
    assert found.fitted_on == "drawn ones"
    scores, same = drawn(3)
    evidence = found.evidence(scores)
    assert evidence[same].mean() > evidence[~same].mean() + 2
    # Evidence, and the odds before it, are how often it is so.
    share = same.mean()
    sure = 1 / (1 + np.exp(-(evidence + np.log(share / (1 - share)))))
    assert sure.sum() == pytest.approx(same.sum(), rel=0.15)
    for low, high in ((0.05, 0.3), (0.3, 0.7), (0.7, 1.0)):
        some = (sure >= low) & (sure < high)
        assert same[some].mean() == pytest.approx(sure[some].mean(), abs=0.12)


def test_every_album_counts_as_much_however_large() -> None:
    small, large = drawn(1, individuals=6), drawn(2, individuals=16)
    once, often = fit([small, large], ""), fit([small, large, small, large], "")
    assert once.weights == pytest.approx(often.weights, rel=0.02)
    alone = fit([large], "")
    assert once.start != pytest.approx(alone.start, abs=1e-3)


@pytest.mark.parametrize("same", [np.ones(3, bool), np.zeros(3, bool)])
def test_without_pairs_of_both_kinds_nothing_can_be_fitted(same) -> None:
    scores = PairScores((3, 3), np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones((3, 2), "f4"))
    with pytest.raises(BadSetting, match="two or more individuals"):
        fit([(scores, same)], "")


@given(st.integers(0, 500))
def test_more_in_common_is_never_further(seed) -> None:
    scores, _ = drawn(seed, individuals=4, each=3)
    more = scores.values.copy()
    more[5] += 10
    before, after = (
        FITTED.distances(PairScores(scores.shape, scores.first, scores.second, values))[5]
        for values in (scores.values, more)
    )
    assert after <= before + 1e-6
