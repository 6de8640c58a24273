"""What sightings are compared by comes back, from memory or from a file, in bounded memory."""

import copy
import gc
import pickle
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from toolkit.errors import BadFolder
from toolkit.records import FeatureRows
from toolkit.scanning.feature_file import FeatureFile

KINDS = st.sampled_from(["uint8", "float32", ">f8", "int64", "bool"])
ARRAY = KINDS.flatmap(
    lambda kind: arrays.arrays(
        kind, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    )
)
FEATURES = st.dictionaries(st.text(max_size=4), ARRAY, max_size=3)


def same(one, other) -> None:
    assert list(one) == list(other)
    for name in one:
        assert one[name].dtype == other[name].dtype
        np.testing.assert_array_equal(one[name], other[name])


def numbered(number: int, size: int = 1000):
    return {"number": np.full(size, number, dtype=np.float32)}


@given(
    st.lists(FEATURES, max_size=6),
    st.sampled_from([0, 60, 1 << 20]),
    st.sampled_from([0, 1 << 20]),
    st.data(),
)
def test_what_was_added_comes_back_in_any_order(every, held, read, data) -> None:
    found = FeatureFile(held, read)
    found.add(every[:2])
    found.add(every[2:])
    assert len(found) == len(every)
    order = (
        data.draw(st.lists(st.integers(-len(every), len(every) - 1), max_size=9)) if every else []
    )
    for at in order:
        same(found[at], every[at])
    for one, other in zip(found, every, strict=True):
        same(one, other)
    for one, other in zip(found[1:-1], every[1:-1], strict=True):
        same(one, other)
    with pytest.raises(IndexError):
        found[len(every)]


@given(st.lists(st.integers(0, 9), max_size=12), st.lists(st.booleans(), min_size=10, max_size=10))
def test_rows_are_looked_up_where_they_are(order, chosen) -> None:
    every = [numbered(number, 3) for number in range(10)]
    there = FeatureFile(held=30, read=0)
    there.add(every[:6])
    joined = FeatureRows.joined([there, tuple(every[6:])])
    numbers = [int(each["number"][0]) for each in joined]
    assert numbers == list(range(10))
    some = joined.take(np.array(order, dtype=np.int64))
    assert [int(each["number"][0]) for each in some] == order
    kept = FeatureRows.of(joined).take(np.array(chosen))
    assert [int(each["number"][0]) for each in kept] == list(np.flatnonzero(chosen))
    assert joined.at_once is not None
    assert FeatureRows.of(every).at_once is None


def test_memory_holds_what_it_may_and_no_more() -> None:
    tracemalloc.start()
    try:
        found = FeatureFile(held=1_000_000, read=500_000)
        found.add(numbered(number) for number in range(2_000))
        total = 0.0
        for _ in range(2):
            total += sum(float(each["number"][0]) for each in found)
        gc.collect()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == 2 * sum(range(2_000))
    # Of 8 MB.
    assert held < peak < 2_200_000
    assert found.at_once == 124


def test_threads_read_what_they_ask_for() -> None:
    found = FeatureFile(held=0, read=40_000)
    found.add(numbered(number) for number in range(200))
    order = np.random.default_rng(0).integers(200, size=4000).tolist()
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda at: float(found[at]["number"][-1]), order))
    assert read == order


def test_copies_and_what_is_sent_elsewhere_have_all() -> None:
    found = FeatureFile(held=4_000, read=0)
    found.add(numbered(number) for number in range(5))
    for made in (pickle.loads(pickle.dumps(found)), copy.deepcopy(FeatureRows.of(found))):
        assert [int(each["number"][0]) for each in made] == list(range(5))


def test_objects_are_refused() -> None:
    found = FeatureFile(held=0)
    with pytest.raises(TypeError, match="numbers"):
        found.add([{"what": np.array([object()])}])


def test_a_folder_that_takes_no_file_is_one_line(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    found = FeatureFile(held=0)
    with pytest.raises(BadFolder, match=r"temporary files .* TMPDIR"):
        found.add([numbered(1)])
