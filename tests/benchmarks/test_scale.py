import math

import numpy as np
import pandas as pd
import pytest

from toolkit.benchmarks import drawn_encodings, scale
from toolkit.errors import BadSetting
from toolkit.evaluation.scores import score_grouping
from toolkit.grouping import near_pairs, sparse_linkage
from toolkit.grouping.neighbours import VectorDistances
from toolkit.subjects.face.calibration import CALIBRATION, LINKAGE


@pytest.fixture(scope="module")
def found():
    said = []
    return scale.study([300, 900], seed=5, log=said.append), said


def test_both_ways_are_measured_beside_the_trivial_answers(found) -> None:
    table = found[0]["grouping"]
    assert table[["sightings", "way"]].to_numpy().tolist() == [
        [count, way] for count in (300, 900) for way in (scale.ALL, scale.NEAR)
    ]
    drawn = drawn_encodings.draw(900, seed=5)
    row = table.iloc[3]
    assert row["individuals"] == len(np.unique(drawn.people))
    distances = VectorDistances(drawn.encodings, "euclidean", LINKAGE)
    labels = sparse_linkage.tree(distances, farthest=CALIBRATION.even).cut(row["threshold"]).labels
    assert row["groups"] == len(np.unique(labels))
    assert row["bcubed_f"] == pytest.approx(score_grouping(drawn.people, labels).bcubed_f)
    alone = score_grouping(drawn.people, np.arange(900)).bcubed_f
    together = score_grouping(drawn.people, np.zeros(900, dtype=np.int64)).bcubed_f
    assert row["trivial"] == pytest.approx(max(alone, together))
    assert (table[["wall", "cpu", "peak"]] > 0).all(axis=None)


def test_one_size_has_no_growth() -> None:
    assert scale._growth(pd.DataFrame([{"sightings": 5}])).empty
    assert list(scale.study([60], log=print)) == ["grouping"]


def test_growth_is_the_slope_of_the_logarithms(found) -> None:
    table, growth = found[0]["grouping"], found[0]["growth"]
    near = table[table["way"] == scale.NEAR].set_index("sightings")
    assert growth[["from", "to"]].to_numpy().tolist() == [["300", "900"]]
    for name in ("wall", "cpu", "peak"):
        ratio = near.loc[900, name] / near.loc[300, name]
        assert growth[name].iat[0] == pytest.approx(math.log(ratio) / math.log(3))


def test_how_far_it_is_is_told(found) -> None:
    assert [line.split(":")[0] for line in found[1]] == [
        f"{count} sightings, {way}" for count in (300, 900) for way in (scale.ALL, scale.NEAR)
    ]


def test_without_the_index_that_is_said(monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(near_pairs, "PACKAGE", "a_package_that_is_not_there")
    monkeypatch.setattr(near_pairs, "FEW", 100)
    monkeypatch.setattr(scale, "_alone", lambda count, way, seed: scale.measure(count, way, seed))
    scale.study([150], log=said.append)
    assert "is not installed (extra: scale): all pairs are looked at" in said[0]


@pytest.mark.parametrize("sizes", [[], [1], [100, 0]])
def test_sizes_of_which_nothing_can_be_grouped_are_refused(sizes) -> None:
    with pytest.raises(BadSetting, match="expected 2 or more, each"):
        scale.study(sizes, log=print)
