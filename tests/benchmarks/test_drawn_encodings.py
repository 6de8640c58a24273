import numpy as np
import pytest
from scipy.spatial.distance import cdist

from toolkit.benchmarks.drawn_encodings import draw
from toolkit.errors import BadSetting


def test_distances_are_as_large_as_those_of_faces() -> None:
    drawn = draw(3000, seed=1)
    away = cdist(drawn.encodings, drawn.encodings)
    first, second = np.triu_indices(3000, k=1)
    same = drawn.people[first] == drawn.people[second]
    within, between = away[first, second][same], away[first, second][~same]
    # Labeled Faces in the Wild: .41 in the middle, a tenth above .51; strangers .80, 1 in 100 below
    # .60, 1 in 1,000 below .54.
    assert np.median(within) == pytest.approx(0.42, abs=0.03)
    assert np.quantile(within, 0.9) == pytest.approx(0.53, abs=0.04)
    assert np.median(between) == pytest.approx(0.80, abs=0.03)
    assert np.quantile(between, 0.01) == pytest.approx(0.59, abs=0.03)
    assert np.quantile(between, 0.001) == pytest.approx(0.53, abs=0.03)


def test_many_have_one_photo_and_few_have_many() -> None:
    sizes = np.bincount(draw(20_000, seed=2).people)
    assert 0.5 < (sizes == 1).mean() < 0.75
    assert 3 < sizes.mean() < 7
    assert sizes.max() > 200


def test_a_seed_draws_the_same_and_another_draws_others() -> None:
    one, again, other = draw(500, seed=3), draw(500, seed=3), draw(500, seed=4)
    np.testing.assert_array_equal(one.encodings, again.encodings)
    np.testing.assert_array_equal(one.people, again.people)
    assert (one.encodings != other.encodings).any()
    assert one.encodings.shape == (500, 128)
    assert one.encodings.dtype == np.float32


def test_none_are_not_drawn() -> None:
    with pytest.raises(BadSetting, match="0 encodings were asked for; expected 1 or more"):
        draw(0)
