"""Ways of grouping side by side, against scikit-learn, scipy and cases worked by hand."""

import itertools
import math
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist
from sklearn.cluster import DBSCAN
from sklearn.metrics import adjusted_rand_score

from toolkit.errors import BadSetting
from toolkit.evaluation import method_comparison, scores
from toolkit.grouping import cluster
from toolkit.records import Clustering

FEW = (0.3, 0.5, 0.7)


def people(seed: int, count: int = 60, individuals: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Encodings around centres, the first and the last row of nobody else, and who they are."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(individuals, 16)) * 0.2
    who = rng.integers(0, individuals, count)
    rows = centres[who] + rng.normal(size=(count, 16)) * 0.06
    return rows.astype(np.float32), np.array([f"person {number}" for number in who])


def on_a_line(*places: float) -> np.ndarray:
    return np.array(places, dtype=np.float32)[:, None]


@pytest.fixture(scope="module")
def drawn():
    return people(3)


@pytest.fixture(scope="module")
def table(drawn):
    return method_comparison.compare(*drawn, thresholds=FEW)


def test_one_row_a_method_and_threshold_in_order(table):
    assert list(zip(table["method"], table["threshold"], strict=True)) == list(
        itertools.product(method_comparison.WAYS, FEW)
    )
    assert set(cluster.METHODS) == {name.partition(",")[0] for name in method_comparison.WAYS}


LINKS = {"must_link": np.array([[0, 1], [5, 9]]), "cannot_link": np.array([[2, 3], [40, 7]])}


@pytest.fixture(scope="module", params=[{}, LINKS], ids=["free", "linked"])
def settings(request):
    return request.param


@pytest.fixture(scope="module")
def found(drawn, settings):
    return method_comparison.compare(*drawn, thresholds=FEW, seed=None, **settings)


@pytest.mark.parametrize("name", method_comparison.WAYS)
def test_each_row_says_what_the_method_alone_gives(name, drawn, settings, found):
    rows, truth = drawn
    for _, row in found[found["method"] == name].iterrows():
        alone = method_comparison.WAYS[name](rows, threshold=row["threshold"], **settings)
        sizes = pd.Series(alone.labels).value_counts()
        expected = scores.score_grouping(truth, alone.labels)
        assert row["groups"] == len(sizes)
        assert row["largest"] == sizes.max()
        assert row["share_largest"] == pytest.approx(sizes.max() / len(rows))
        assert row["alone"] == (sizes == 1).sum()
        assert row["noise"] == alone.noise.sum()
        assert row["bcubed_f"] == pytest.approx(expected.bcubed_f)
        assert row["adjusted_rand"] == pytest.approx(adjusted_rand_score(truth, alone.labels))
        assert row["individuals"] == len(set(truth))
        assert row["individuals_in_largest"] in {
            len(set(truth[alone.labels == label])) for label in sizes.index[sizes == sizes.max()]
        }


def test_dbscan_with_two_makes_the_groups_of_linked(table):
    by_name = {name: part.reset_index() for name, part in table.groupby("method")}
    same = ["groups", "largest", "alone", "bcubed_f"]
    pd.testing.assert_frame_equal(
        by_name["linked"][same], by_name["dbscan, min_samples 2"][same], check_exact=False
    )
    assert (by_name["linked"]["noise"] == 0).all()


def test_agreement_is_with_average_at_the_same_threshold(drawn, table):
    rows, _ = drawn
    ours = table[table["method"] == "average"]
    assert (ours["agreement_bcubed_f"] == 1).all()
    row = method_comparison.at(table, 0.5).set_index("method").loc["whispers"]
    labels = {n: cluster.group(rows, n, threshold=0.5).labels for n in ("average", "whispers")}
    assert row["agreement_rand"] == pytest.approx(adjusted_rand_score(*labels.values()))
    without = method_comparison.compare(rows, methods={"linked": cluster.linked}, thresholds=FEW)
    assert without["agreement_rand"].isna().all()


def test_without_a_truth_there_are_no_scores_but_what_tells_of_chaining(drawn):
    found = method_comparison.compare(
        drawn[0], methods={"linked": cluster.linked}, thresholds=[0.3, 9.0]
    )
    assert "bcubed_f" not in found
    assert found["share_largest"].iloc[1] == 1
    assert found["share_largest"].iloc[0] < 1


@given(st.integers(0, 1000), st.integers(0, 1000))
@examples(max_examples=8)
def test_the_order_of_the_rows_matters_to_online_alone(seed, shuffle):
    rows, truth = people(seed, 40, 6)
    columns = ["groups", "largest", "alone", "noise", "bcubed_f", "agreement_rand"]
    one = method_comparison.compare(rows, truth, thresholds=[0.5], seed=None)
    other = method_comparison.compare(rows, truth, thresholds=[0.5], seed=shuffle)
    kept = one["method"] != "online"
    pd.testing.assert_frame_equal(one.loc[kept, columns], other.loc[kept, columns])


def test_a_seed_shows_online_the_rows_in_another_order():
    rows = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    counts = {}
    for seed in (None, *range(6)):
        rng = np.random.default_rng(seed)
        order = np.arange(60) if seed is None else rng.permutation(60)
        online = {"online": cluster.online}
        found = method_comparison.compare(rows, methods=online, thresholds=[0.7], seed=seed)
        counts[seed] = found["groups"].item()
        assert counts[seed] == len(cluster.online(rows[order], threshold=0.7))
    assert len(set(counts.values())) > 1


def test_links_follow_their_rows_through_the_shuffle():
    rows = on_a_line(0.0, 0.1, 0.2, 3.0)
    for seed in range(5):
        found = method_comparison.compare(
            rows,
            np.array(["a", "b", "a", "a"]),
            must_link=np.array([[2, 3]]),
            cannot_link=np.array([[0, 1], [1, 2]]),
            methods={"average": cluster.average, "linked": cluster.linked},
            thresholds=[9.0],
            seed=seed,
        )
        assert (found["bcubed_f"] == 1).all()


def test_sightings_of_nobody_known_are_grouped_but_not_scored():
    truth = np.array(["ann", "ann", "bob", None, None], dtype=object)
    rows = on_a_line(0.0, 0.1, 5.0, 0.2, 9.0)
    row = method_comparison.compare(
        rows, truth, methods={"linked": cluster.linked}, thresholds=[0.5]
    )
    assert row[["sightings", "groups", "largest", "individuals"]].iloc[0].tolist() == [5, 3, 3, 2]
    assert row["bcubed_f"].item() == 1


def test_the_tree_and_hdbscan_are_made_once(drawn, monkeypatch):
    calls = []
    plant, settle = method_comparison.linkage.tree, cluster.hdbscan
    monkeypatch.setattr(
        method_comparison.linkage, "tree", lambda *a, **k: calls.append("tree") or plant(*a, **k)
    )

    def counted(*a, **k):
        calls.append("hdbscan")
        return settle(*a, **k)

    monkeypatch.setattr(cluster, "hdbscan", counted)
    methods = {"average": cluster.average, "hdbscan": partial(counted, min_cluster_size=3)}
    found = method_comparison.compare(drawn[0], methods=methods, thresholds=FEW)
    assert sorted(calls) == ["hdbscan", "tree"]
    assert found.groupby("method")["groups"].nunique()["hdbscan"] == 1


def test_progress_counts_to_the_end(drawn):
    seen = []
    method_comparison.compare(
        drawn[0],
        methods={"average": cluster.average, "linked": cluster.linked},
        thresholds=FEW,
        progress=lambda done, all_of_them: seen.append((done, all_of_them)),
    )
    assert seen == [(done, 6) for done in range(1, 7)]


@pytest.mark.parametrize(
    ("rows", "truth", "thresholds", "said"),
    [
        (on_a_line(), None, FEW, "0 sightings"),
        (on_a_line(1, 2), None, (), "0 thresholds"),
        (on_a_line(1, 2), np.array(["a"]), FEW, "has 1 rows"),
        (on_a_line(1, 2), np.array([None, None]), FEW, "name 0"),
    ],
)
def test_what_cannot_be_compared_is_refused(rows, truth, thresholds, said):
    with pytest.raises(BadSetting, match=said):
        method_comparison.compare(rows, truth, thresholds=thresholds)


def scored(*rows):
    return pd.DataFrame(rows, columns=["method", "threshold", "bcubed_f"])


def test_best_is_the_middle_of_equally_good_thresholds():
    table = scored(
        ("b", 0.4, 0.9), ("b", 0.5, 0.9 - 1e-14), ("b", 0.6, 0.9), ("b", 0.7, 0.1),
        ("a", 0.4, 0.1), ("a", 0.5, 0.8), ("a", 0.6, 0.8), ("a", 0.7, 0.3),
    )  # fmt: skip
    best = method_comparison.best(table)
    assert best["method"].tolist() == ["b", "a"]
    assert best["threshold"].tolist() == [0.5, 0.5]
    assert method_comparison.best(table.assign(groups=-table["threshold"]), by="groups")[
        "threshold"
    ].tolist() == [0.4, 0.4]


def test_best_needs_a_score():
    with pytest.raises(BadSetting, match="no values in 'bcubed_f'"):
        method_comparison.best(pd.DataFrame({"method": ["a"], "threshold": [0.5]}))


def test_at_takes_thresholds_that_are_sums():
    table = scored(("a", 0.5, 1.0), ("a", 0.6, 0.5), ("b", 0.5, 0.7))
    assert method_comparison.at(table, 0.1 + 0.4 + 1e-12)["method"].tolist() == ["a", "b"]
    with pytest.raises(BadSetting, match=r"expected one of the table's: 0\.5, 0\.6"):
        method_comparison.at(table, 0.55)


@given(st.lists(st.sampled_from([*"abcdefg", None]), max_size=30), st.integers(0, 100))
def test_the_two_parts_share_nobody_and_leave_nobody_out(names, seed):
    truth = np.array(names, dtype=object)
    first, second = method_comparison.split_by_individual(truth, seed)
    known = np.array([name is not None for name in names], dtype=bool)
    assert (first ^ second == known).all()
    assert not (first & second).any()
    assert set(truth[first]).isdisjoint(truth[second])
    assert abs(len(set(truth[first])) - len(set(truth[second]))) <= 1
    again = method_comparison.split_by_individual(truth, seed)
    assert (again[0] == first).all()


def test_the_two_parts_hold_individuals_of_the_same_sizes():
    truth = np.repeat(np.arange(20), np.repeat([1, 2, 3, 5, 8], 4))
    splits = [method_comparison.split_by_individual(truth, seed) for seed in range(10)]
    for first, second in splits:
        sizes = [sorted(np.unique(truth[part], return_counts=True)[1]) for part in (first, second)]
        assert sizes[0] == sizes[1]
    assert len({tuple(first) for first, _ in splits}) > 1


def test_the_threshold_is_chosen_on_one_half_and_scored_on_the_other(drawn):
    rows, truth = drawn
    methods = {name: method_comparison.WAYS[name] for name in ("average", "linked")}
    table = method_comparison.chosen_and_reported(rows, truth, 4, methods=methods, thresholds=FEW)
    here, there = method_comparison.split_by_individual(truth, 4)
    assert table["method"].tolist() == ["average", "linked", "all in one group", "each alone"]
    for _, row in table.iloc[:2].iterrows():
        method = methods[row["method"]]
        known = {
            threshold: scores.score_grouping(
                truth[here], method(rows[here], threshold=threshold).labels
            ).bcubed_f
            for threshold in FEW
        }
        assert row["chosen_by"] == pytest.approx(max(known.values()))
        assert known[row["threshold"]] == pytest.approx(max(known.values()))
        labels = method(rows[there], threshold=row["threshold"]).labels
        assert row["bcubed_f"] == pytest.approx(
            scores.score_grouping(truth[there], labels).bcubed_f
        )
        assert row["groups"] == labels.max() + 1
    one, alone = table.iloc[2], table.iloc[3]
    assert (one["groups"], alone["groups"]) == (1, there.sum())
    assert one["bcubed_recall"] == alone["bcubed_precision"] == 1
    assert table["threshold"].isna().tolist() == [False, False, True, True]
    assert (table["sightings"] == there.sum()).all()
    assert (table["individuals"] == len(set(truth[there]))).all()


def test_links_between_the_halves_are_left_out_and_others_kept(drawn):
    rows, truth = drawn
    here, there = method_comparison.split_by_individual(truth, 0)
    inside = np.flatnonzero(there)[:2]
    across = np.array([[np.flatnonzero(here)[0], np.flatnonzero(there)[0]]])
    settings = {"methods": {"linked": cluster.linked}, "thresholds": [9.0]}
    free = method_comparison.chosen_and_reported(rows, truth, cannot_link=across, **settings)
    held = method_comparison.chosen_and_reported(rows, truth, cannot_link=inside[None], **settings)
    assert free["groups"].iloc[0] == 1
    assert held["groups"].iloc[0] == 2


def test_one_individual_cannot_be_halved():
    with pytest.raises(BadSetting, match="fewer than two individuals"):
        method_comparison.chosen_and_reported(on_a_line(0, 1), np.array(["a", "a"]))


def takes_30_mb(encodings, *, threshold, must_link=None, cannot_link=None):
    """Hold 30 MB for a moment, as a method would."""
    if len(encodings) > 16:
        assert np.ones(30_000_000, dtype=np.uint8).sum() == 30_000_000
    return Clustering(np.zeros(len(encodings), dtype=np.int64), "hungry", threshold)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell")
def test_memory_is_what_the_grouping_takes(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setattr(takes_30_mb, "__module__", Path(__file__).stem)
    monkeypatch.setitem(sys.modules, Path(__file__).stem, sys.modules[__name__])
    rows = np.zeros((40, 2), dtype=np.float32)
    found = method_comparison.compare(
        rows, methods={"hungry": takes_30_mb}, thresholds=FEW, memory=True
    )
    assert (found["peak_mb"] == found["peak_mb"].iloc[0]).all()
    assert 29 < found["peak_mb"].iloc[0] < 45


def test_memory_is_not_measured_unless_asked(table):
    assert table["peak_mb"].isna().all()
    assert (table[["cpu_seconds", "wall_seconds"]] >= 0).all(axis=None)


@given(st.integers(0, 10_000), st.floats(0.1, 0.9), st.integers(1, 6))
@examples(max_examples=50)
def test_core_points_are_those_of_dbscan(seed, threshold, min_samples):
    rows, _ = people(seed, 50, 10)
    kinds = method_comparison.core_points(rows, threshold, min_samples)
    theirs = DBSCAN(eps=threshold, min_samples=min_samples).fit(rows.astype(np.float64))
    assert np.flatnonzero(kinds == "core").tolist() == theirs.core_sample_indices_.tolist()
    assert (kinds == "noise").tolist() == (theirs.labels_ == -1).tolist()
    assert set(kinds) <= {"core", "border", "noise"}


def test_a_border_point_is_in_reach_of_a_core_point_only():
    kinds = method_comparison.core_points(on_a_line(0.0, 0.1, 0.2, 0.55, 2.0), 0.4, 3)
    assert kinds.tolist() == ["core", "core", "core", "border", "noise"]


def test_a_chain_of_fewest_hops_and_of_these_the_shortest():
    # From row 0 to row 3: over row 2 in two hops of 1.0. Over row 1 it is as few, but farther.
    rows = np.array([[0, 0], [1, 0.4], [1, 0], [2, 0], [0.5, 0], [1.5, 0]], dtype=np.float32)
    chain = method_comparison.chain_between(rows, 0, 3, 1.2)
    assert chain["row"].tolist() == [0, 2, 3]
    assert math.isnan(chain["hop"][0])
    assert chain["hop"][1:].tolist() == [1.0, 1.0]
    assert method_comparison.chain_between(rows, 0, 3, 0.6)["row"].tolist() == [0, 4, 2, 5, 3]
    assert method_comparison.chain_between(rows, 0, 3, 0.49) is None


def test_a_chain_to_itself_and_to_its_double():
    rows = on_a_line(1.0, 1.0, 5.0)
    assert method_comparison.chain_between(rows, 2, 2, 0.5)["row"].tolist() == [2]
    assert method_comparison.chain_between(rows, 0, 1, 0.0)["hop"].tolist()[1:] == [0.0]
    with pytest.raises(BadSetting, match="expected two from 0 to 2"):
        method_comparison.chain_between(rows, 0, 3, 0.5)


def test_without_thresholds_an_album_says_which_and_plain_rows_cannot():
    # Here, because the process that measures memory takes this module up alone.
    from made_albums import album as album_of

    rows = on_a_line(0, 0.01, 0.5, 0.51)
    methods = {"linked": cluster.linked}
    album = album_of(rows)
    found = method_comparison.compare(album, methods=methods)
    assert tuple(found["threshold"]) == album.encoder.calibration.steps
    truth = np.array(["a", "a", "b", "b"])
    assert len(method_comparison.chosen_and_reported(album, truth, methods=methods))
    for call in (
        lambda: method_comparison.compare(rows, methods=methods),
        lambda: method_comparison.chosen_and_reported(rows, truth, methods=methods),
    ):
        with pytest.raises(BadSetting, match="no thresholds came"):
            call()


@given(st.integers(0, 10_000), st.floats(0.2, 0.9))
def test_a_chain_is_there_just_where_linked_joins_and_no_shorter_one_is(seed, threshold):
    rows, _ = people(seed, 30, 8)
    table = cdist(rows.astype(np.float64), rows.astype(np.float64))
    _, groups = connected_components(csr_array(table <= threshold), directed=False)
    # Hops to every row from row 0, ring by ring.
    hops = np.where(np.arange(30) == 0, 0, -1)
    for ring in range(30):
        new = (table[hops == ring] <= threshold).any(axis=0) & (hops < 0)
        hops[new] = ring + 1
    for second in (1, 7, 29):
        chain = method_comparison.chain_between(rows, 0, second, threshold)
        assert (chain is not None) == (groups[0] == groups[second])
        if chain is not None:
            way = chain["row"].tolist()
            assert (way[0], way[-1], len(way)) == (0, second, hops[second] + 1)
            assert chain["hop"].tolist()[1:] == pytest.approx(
                [table[pair] for pair in itertools.pairwise(way)]
            )
            assert (chain["hop"][1:] <= threshold).all()
