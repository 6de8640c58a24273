import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from toolkit.grouping import neighbours


@given(st.integers(0, 60), st.floats(0.0, 2.0), st.integers(0, 1000))
def test_pairs_are_those_of_a_double_loop(count, radius, seed) -> None:
    rng = np.random.default_rng(seed)
    rows = (rng.normal(size=(count, 16)) * 0.25).astype(np.float32)
    if count > 3:
        rows[1] = rows[0]  # a distance of exactly 0
    near = neighbours.of(rows).within(radius)
    table = squareform(pdist(rows.astype(np.float64))) if count else np.zeros((0, 0))
    first, second = np.nonzero(np.triu(table <= radius, k=1))
    assert near.first.tolist() == first.tolist()
    assert near.second.tolist() == second.tolist()
    np.testing.assert_allclose(near.distance, table[first, second], atol=1e-12)


def test_blocks_join_without_a_seam(monkeypatch) -> None:
    rows = np.random.default_rng(3).normal(size=(50, 8)).astype(np.float32)
    whole = neighbours.of(rows).within(3.5)
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    parts = neighbours.of(rows).within(3.5)
    assert len(whole) > 100
    for name in ("first", "second", "distance"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


@pytest.mark.parametrize(("one", "other"), [(0, 3), (3, 0), (4, 2)])
def test_distances_have_a_row_a_query_and_a_column_a_reference(one, other) -> None:
    rng = np.random.default_rng(1)
    queries = rng.normal(size=(one, 5)).astype(np.float32)
    references = rng.normal(size=(other, 5)).astype(np.float32)
    table = neighbours.VectorDistances(queries).to(neighbours.VectorDistances(references))
    assert table.shape == (one, other)
    for i in range(one):
        for j in range(other):
            apart = np.linalg.norm(queries[i].astype(float) - references[j])
            assert table[i, j] == pytest.approx(apart)
