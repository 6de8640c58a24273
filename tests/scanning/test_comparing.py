"""Pairs of sightings compared: the shortlist, each pair once, stopped and gone on with."""

import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_albums import album
from toys import DotMatcher, HueEncoder

from toolkit.errors import BadSetting
from toolkit.grouping import neighbours
from toolkit.grouping.identification import References, match
from toolkit.records import ID_DIGITS, PAINTED, PROBLEM_COLUMNS, SIGHTING_ID, empty_table
from toolkit.scanning import comparing, feature_file
from toolkit.scanning import store as stored
from toolkit.scanning.comparing import compare, compare_pairs, compare_silent, compare_with
from toolkit.scanning.feature_file import FeatureFile


class Numbers(DotMatcher):
    """Compares numbers; says itself which pairs are worth it."""

    def __init__(self, pairs) -> None:
        super().__init__()
        self.pairs, self.asked = np.array(pairs, np.int64).reshape(-1, 2), []

    def shortlist(self, features, known=None):
        return self.pairs

    def compare(self, one, other):
        self.asked.append((int(one["at"]), int(other["at"])))
        return np.array([abs(float(one["at"]) - float(other["at"])) / 100], np.float32)


def features(*numbers):
    return tuple({"at": np.array(number)} for number in numbers)


def numbers(*those):
    rows = np.zeros((len(those), 0), np.float32)
    given = {"encoder": DotMatcher.info, "features": features(*those)}
    return replace(album([0.0] * len(those)), encodings=rows, **given)


def known(*those) -> References:
    return References(
        names=("a", "b"),
        encodings=np.zeros((len(those), 0), np.float32),
        individual_of=np.arange(len(those)) % 2,
        paths=tuple(f"{k}.png" for k in range(len(those))),
        encoder=DotMatcher.info,
        problems=empty_table(PROBLEM_COLUMNS),
        features=features(*those),
    )


def table_of(full):
    rows = np.arange(len(full))
    return neighbours.of(full).table(rows, rows)


def test_pairs_of_the_shortlist_have_their_distance_and_others_are_as_far_as_can_be() -> None:
    found = compare(numbers(0, 10, 30), Numbers([(0, 1), (1, 2)]))
    far = DotMatcher.farthest
    assert table_of(found) == pytest.approx(np.array([[0, 0.1, far], [0.1, 0, 0.2], [far, 0.2, 0]]))
    assert found.compared.left == 0


def test_a_pair_is_compared_once_whichever_way_round_and_none_with_itself() -> None:
    matcher = Numbers([(1, 0), (0, 1), (2, 2), (0, 1)])
    compare(numbers(0, 10, 30), matcher)
    assert matcher.asked == [(0, 10)]


def test_features_alone_are_compared_as_those_of_an_album_are() -> None:
    matcher = Numbers([(0, 1), (2, 1)])
    found, full = compare_pairs(matcher, features(0, 10, 30)), compare(numbers(0, 10, 30), matcher)
    np.testing.assert_array_equal(found.distance, full.compared.distance)
    assert (found.count, found.left) == (3, 0)
    stopped = compare_pairs(matcher, features(0, 10, 30), stop=lambda: True)
    assert (len(stopped.distance), stopped.left) == (0, 2)


@given(st.integers(1, 4), st.integers(1, 5))
def test_any_number_of_threads_says_the_same(jobs, batch) -> None:
    pairs = [(one, other) for one in range(9) for other in range(one)]
    full = numbers(*(k * k for k in range(9)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(comparing, "BATCH", batch)
        found = compare(full, Numbers(pairs), jobs=jobs)
    np.testing.assert_array_equal(table_of(found), table_of(compare(full, Numbers(pairs))))


def test_stopped_the_rest_is_counted_and_is_far_apart(monkeypatch) -> None:
    monkeypatch.setattr(comparing, "BATCH", 1)
    told = []
    found = compare(
        numbers(0, 1, 2),
        Numbers([(0, 1), (0, 2), (1, 2)]),
        progress=lambda *what: told.append(what),
        stop=lambda: len(told) > 0,
    )
    assert told[0] == (1, 3, "")
    assert 0 < found.compared.left < 3
    assert table_of(found)[1, 2] == DotMatcher.farthest


def test_vectors_are_left_as_they_are() -> None:
    full, references = album([0.0, 1.0]), known(1)
    assert compare(full, HueEncoder()) is full
    assert compare_with(full, references, HueEncoder()) is references


def test_references_have_a_distance_to_each_sighting_by_its_identifier() -> None:
    full = numbers(0, 10)
    found = compare_with(full, known(0, 40), Numbers([(0, 0), (1, 1), (1, 1)]))
    assert found.compared.sightings == tuple(full.sightings[SIGHTING_ID])
    assert found.compared.table == pytest.approx(np.array([[0, 1.0], [1.0, 0.3]]))


def test_references_that_were_compared_in_part_are_none(monkeypatch) -> None:
    monkeypatch.setattr(comparing, "BATCH", 1)
    matcher = Numbers([(0, 0), (1, 0)])
    assert compare_with(numbers(0, 10), known(0), matcher, stop=lambda: True) is None
    assert matcher.asked == []


@pytest.mark.parametrize("pair", [(0, 2), (-1, 0)])
def test_a_shortlist_of_what_is_not_there_is_a_fault_of_the_matcher(pair) -> None:
    with pytest.raises(ValueError, match="not there"):
        compare(numbers(0, 10), Numbers([pair]))


def test_what_was_not_kept_is_asked_for_in_one_line() -> None:
    bare = replace(numbers(0, 10), features=None)
    with pytest.raises(BadSetting, match="look at the photos again"):
        compare(bare, Numbers([(0, 1)]))
    with pytest.raises(BadSetting, match="look at the photos again"):
        compare_with(bare, known(0), Numbers([(0, 0)]))


class Silent(Numbers):
    """Says nothing of numbers that are 20 apart, and has two scores a pair."""

    scores = ("apart", "which")

    def compare(self, one, other):
        return np.array([*super().compare(one, other), 7], np.float32)

    def distances(self, found):
        self.found = found
        apart = found.values[:, 0]
        return np.where(np.isclose(apart, 0.2), np.nan, apart)


def test_what_all_pairs_have_in_common_says_how_far_they_are() -> None:
    matcher = Silent([(0, 1), (1, 2), (0, 2)])
    found = compare(numbers(0, 10, 30), matcher)
    assert matcher.found.shape == (3, 3)
    assert matcher.found.within
    assert matcher.found.values == pytest.approx(np.array([[0.1, 7], [0.3, 7], [0.2, 7]]))
    away = neighbours.of(found)
    assert away.table()[0].tolist() == pytest.approx([0, 0.1, 0.3])
    # A pair of which nothing is said is as far as can be, and known to say nothing.
    assert away.table()[1, 2] == DotMatcher.farthest
    assert away.telling().table().tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 1]]


def test_a_reference_that_cannot_be_compared_says_nothing_about_its_individual() -> None:
    ours, theirs = numbers(0, 50), known(20, 90, 10)
    matcher = Silent([(r, c) for r in range(2) for c in range(3)])
    found = compare_with(ours, theirs, matcher)
    assert np.isnan(found.compared.table).tolist() == [[True, False, False], [False] * 3]
    table = match(ours, found, threshold=0.5, method="mean").table
    # Of "a" there is 20, which says nothing, and 10.
    assert table["nearest"].tolist() == ["a", "a"]
    assert table["distance"].tolist() == pytest.approx([0.1, 0.35])


@pytest.fixture
def store(tmp_path):
    with stored.Store(tmp_path / "seen.sqlite3") as kept:
        yield kept


def recalled(store, key="a matcher"):
    return stored.Recall(store, "a look", DotMatcher.info, key)


def all_pairs(count):
    return Numbers(np.stack(np.triu_indices(count, k=1), axis=1))


def test_pairs_are_compared_once_and_those_of_new_sightings_when_they_come(store) -> None:
    matcher = all_pairs(4)
    first = compare(numbers(0, 10, 30, 60), matcher, recall=recalled(store))
    assert len(matcher.asked) == 6
    again = all_pairs(4)
    same = compare(numbers(0, 10, 30, 60), again, recall=recalled(store))
    assert again.asked == []
    np.testing.assert_array_equal(same.compared.distance, first.compared.distance)
    more = all_pairs(5)
    found = compare(numbers(0, 10, 30, 60, 90), more, recall=recalled(store))
    assert sorted(more.asked) == [(0, 90), (10, 90), (30, 90), (60, 90)]
    np.testing.assert_array_equal(
        found.compared.distance, compare(numbers(0, 10, 30, 60, 90), all_pairs(5)).compared.distance
    )
    # Another matcher knows nothing of it.
    other = all_pairs(4)
    compare(numbers(0, 10, 30, 60), other, recall=recalled(store, "another"))
    assert len(other.asked) == 6


def test_pairs_with_references_are_compared_once_and_those_of_new_ones_when_they_come(
    store,
) -> None:
    def crossed(rows, columns):
        return Numbers([(row, column) for row in range(rows) for column in range(columns)])

    first = crossed(2, 2)
    before = compare_with(numbers(0, 10), known(0, 40), first, recall=recalled(store))
    assert len(first.asked) == 4
    again = crossed(2, 2)
    same = compare_with(numbers(0, 10), known(0, 40), again, recall=recalled(store))
    assert again.asked == []
    np.testing.assert_array_equal(same.compared.table, before.compared.table)
    # Examples in another order, with one more of either.
    more = crossed(3, 3)
    found = compare_with(numbers(0, 10, 70), known(20, 40, 0), more, recall=recalled(store))
    assert set(more.asked) == {(10, 20), (70, 20), (70, 40), (70, 0), (0, 20)}
    expected = compare_with(numbers(0, 10, 70), known(20, 40, 0), crossed(3, 3))
    np.testing.assert_array_equal(found.compared.table, expected.compared.table)


def test_what_was_compared_before_a_stop_is_kept(store, monkeypatch) -> None:
    monkeypatch.setattr(comparing, "BATCH", 1)
    monkeypatch.setattr(comparing, "KEEP", 2)
    matcher = all_pairs(4)
    stopped = compare(
        numbers(0, 10, 30, 60),
        matcher,
        stop=lambda: len(matcher.asked) >= 3,
        recall=recalled(store),
    )
    done = 6 - stopped.compared.left
    assert 0 < done < 6
    rest = all_pairs(4)
    whole = compare(numbers(0, 10, 30, 60), rest, recall=recalled(store))
    assert len(rest.asked) == 6 - done
    assert whole.compared.left == 0


@pytest.mark.parametrize("damage", ["others = x'00'", "scores = x'00'", "scores = x'0000c07f'"])
def test_pairs_that_are_damaged_are_compared_again(store, tmp_path, damage) -> None:
    first = compare(numbers(0, 10), all_pairs(2), recall=recalled(store))
    with sqlite3.connect(tmp_path / "seen.sqlite3") as base:
        base.execute(f"UPDATE pairs SET {damage}")
    again = all_pairs(2)
    found = compare(numbers(0, 10), again, recall=recalled(store))
    assert len(again.asked) == 1
    np.testing.assert_array_equal(found.compared.distance, first.compared.distance)


@pytest.mark.parametrize("rid", [lambda kept: kept.purge(), lambda kept: kept.bound(0)])
def test_who_is_rid_of_the_store_is_rid_of_pairs(store, rid) -> None:
    compare(numbers(0, 10), all_pairs(2), recall=recalled(store))
    rid(store)
    again = all_pairs(2)
    compare(numbers(0, 10), again, recall=recalled(store))
    assert len(again.asked) == 1


def test_a_store_of_before_takes_pairs_and_loses_nothing(tmp_path) -> None:
    path = tmp_path / "seen.sqlite3"
    with stored.Store(path), sqlite3.connect(path) as base:
        base.execute("DROP TABLE pairs")
        base.execute("INSERT INTO looks (photo, how) VALUES ('a', 'b')")
    with stored.Store(path) as kept:
        compare(numbers(0, 10), all_pairs(2), recall=recalled(kept))
        assert kept.content().looks == 1
        again = all_pairs(2)
        compare(numbers(0, 10), again, recall=recalled(kept))
        assert again.asked == []


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60),
    st.none() | st.integers(1, 20),
    st.none() | st.integers(1, 20),
)
def test_pairs_are_compared_each_once_whatever_is_in_memory(pairs, ours, theirs) -> None:
    wanted = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    order = comparing._by_tiles(wanted, ours, theirs)
    assert sorted(order.tolist()) == list(range(len(pairs)))
    if ours is None and theirs is None:
        assert order.tolist() == list(range(len(pairs)))


def test_features_in_a_file_are_read_a_few_times_each(monkeypatch) -> None:
    there = FeatureFile(held=0, read=30 * 400)
    there.add({"at": np.full(80, number, dtype=np.float32)} for number in range(60))
    read, real = [], feature_file._unpacked
    monkeypatch.setattr(feature_file, "_unpacked", lambda content: read.append(1) or real(content))
    matcher = Numbers([(one, other) for one in range(60) for other in range(one + 1, 60)])
    monkeypatch.setattr(
        matcher, "compare", lambda one, other: abs(one["at"] - other["at"])[:1] / 100
    )
    found = compare_pairs(matcher, there, jobs=2)
    assert len(found.distance) == 60 * 59 // 2
    # Row by row, each would be read anew for nearly each of 1,770 pairs.
    assert len(read) < 700


class Table:
    """Says which pairs say nothing by a table."""

    def __init__(self, table) -> None:
        self.table = np.asarray(table)

    def of_pairs(self, first, second):
        return self.table[first, second]

    def within(self):
        return np.argwhere(np.triu(self.table, k=1))


class Halves:
    """Says that the first k sightings say nothing of the others."""

    def __init__(self, k) -> None:
        self.k = k

    def silent(self, ours, theirs):
        first, second = (np.arange(len(each)) < self.k for each in (ours, theirs))
        return Table(first[:, None] != second)


def test_pairs_that_say_nothing_are_not_compared_and_have_no_distance() -> None:
    matcher = Numbers([(0, 1), (1, 2), (2, 3)])
    found = compare(numbers(0, 10, 30, 40), matcher, evidence=Halves(2)).compared
    assert matcher.asked == [(0, 10), (30, 40)]
    mute = np.isnan(found.distance)
    pairs = list(zip(found.first[mute].tolist(), found.second[mute].tolist(), strict=True))
    # Those that were not worth comparing, too.
    assert pairs == [(0, 2), (0, 3), (1, 2), (1, 3)]
    assert found.left == 0


def test_references_that_say_nothing_of_a_sighting_have_no_distance_to_it() -> None:
    matcher = Numbers([(0, 0), (0, 1), (1, 1)])
    silent = np.array([[True, False], [True, False]])
    found = compare_with(numbers(0, 10), known(1, 2), matcher, silent=Table(silent))
    assert matcher.asked == [(0, 2), (10, 2)]
    assert np.isnan(found.compared.table).tolist() == silent.tolist()


def test_silent_pairs_are_compared_on_trial_beside_the_others_and_kept(store) -> None:
    class Standing(Numbers):
        """How far two are follows from all pairs: each is put beside the farthest."""

        def distances(self, found):
            return found.values[:, 0] / found.values[:, 0].max()

    matcher = Standing([(0, 1), (2, 3)])
    full = compare(numbers(0, 10, 30, 40), matcher, evidence=Halves(2), recall=recalled(store))
    assert full.compared.distance[0] == 1.0
    matcher.asked.clear()
    pairs = np.array([[0, 2], [1, 3], [0, 2]])
    tried = compare_silent(full, pairs, matcher, recall=recalled(store))
    assert matcher.asked == [(0, 30), (10, 40)]
    assert tried.to_numpy().tolist() == [[0, 2, 1.0], [1, 3, 1.0]]
    again = compare_silent(full, pairs, matcher, recall=recalled(store))
    assert len(matcher.asked) == 2
    assert again.equals(tried)
    assert len(compare_silent(full, pairs, matcher, stop=lambda: True)) == 0
    assert len(compare_silent(album([0.0, 1.0]), pairs, HueEncoder())) == 0


def test_a_sighting_with_another_mask_is_another_one_to_compare() -> None:
    full = numbers(0, 10, 30)
    ids = full.sightings[SIGHTING_ID].to_list()
    assert comparing.ids_of(full) == ids

    def with_mask(digest):
        table = full.sightings.assign(**{PAINTED: ["", digest, ""]})
        return comparing.ids_of(replace(full, sightings=table))

    one, other = with_mask("12"), with_mask("34")
    assert (one[0], one[2]) == (other[0], other[2]) == (ids[0], ids[2])
    assert len({ids[1], one[1], other[1]}) == 3
    assert {len(each) for each in (one[1], other[1])} == {ID_DIGITS}
