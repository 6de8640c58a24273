from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from made_albums import album

from toolkit import modes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadSetting
from toolkit.evaluation import audit, intervals, threshold_sweep
from toolkit.evaluation.error_rates import Rates
from toolkit.evaluation.threshold_sweep import Explorer, Position, changes
from toolkit.grouping import constraints, linkage, naming
from toolkit.grouping.assigners import group_album, numbered_names
from toolkit.grouping.sighting_finder import key_of
from toolkit.records import (
    Album,
)
from toolkit.settings import METHODS, AutopilotSettings
from toolkit.subjects.face import FACE

SETTINGS = AutopilotSettings()


def drawn(
    seed: int = 0,
    individuals: int = 12,
    each: int = 4,
    *,
    together: int = 2,
    spread: float = 0.05,
    size: float = 0.5,
) -> Album:
    """Faces of people, so many different people a photo."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(individuals, 16)) * size / 4
    who = np.tile(np.arange(individuals), each)
    rows = centres[who] + rng.normal(size=(len(who), 16)) * spread
    return album(rows, np.arange(len(who)) // together)


def mirrored() -> Album:
    """Photos with a face and its mirror image, beside others."""
    made = drawn(3, together=2)
    rows = np.concatenate([made.encodings, made.encodings[:5] + 0.01])
    return album(rows, [*range(len(made)), *range(5)])


GALLERIES = {
    "two a photo": drawn(0),
    "people who are alike": drawn(1, size=0.45),
    "one a photo": drawn(2, together=1),
    "mirrors": mirrored(),
    "all in one photo": drawn(4, each=1, together=12),
    "one person": album(np.random.default_rng(0).normal(size=(6, 8)) * 0.01, range(6)),
    "one face": album(np.zeros((1, 8)), [0]),
    "two faces": album(np.eye(2, 8), [0, 0]),
    "no face": album(np.zeros((0, 8)), []),
}
every_album = pytest.mark.parametrize("faces", GALLERIES.values(), ids=GALLERIES.keys())


def groups(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


@every_album
def test_a_position_is_what_a_run_and_its_audit_say(faces) -> None:
    explorer = Explorer.of(faces, SETTINGS)
    thresholds = [0.05, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.9, 3.0, explorer.automatic.value]
    for threshold in thresholds:
        found = explorer.at(threshold)
        np.testing.assert_array_equal(found.labels, explorer.tree.cut(threshold).labels)
        assert found.individuals == len(explorer.tree.cut(threshold))
        assert found.singles == sum(len(group) == 1 for group in groups(found.labels))
        row = audit.audit(faces, found.names, threshold=threshold, thresholds=[]).here
        for name, value in found.estimate._asdict().items():
            np.testing.assert_array_equal(value, row[name], err_msg=name)
        if threshold < 2:
            run = group_album(faces, replace(SETTINGS, threshold=threshold))
            np.testing.assert_array_equal(found.labels, run.clustering.labels)
            assert found.names == numbered_names(run.clustering.labels + 1, FACE.words)
            assert found.expected_wrong == run.threshold.expected_wrong


@pytest.mark.parametrize("name", ["two a photo", "one a photo", "all in one photo"])
def test_wrong_joins_are_the_audits_where_no_photo_shows_a_mirror(name) -> None:
    explorer = Explorer.of(GALLERIES[name], SETTINGS)
    assert not len(audit.ask(explorer.album).pictures)
    wanted = np.linspace(*explorer.range(), 12).tolist()
    found = audit.audit(
        explorer.album, explorer.at(0.5).names, threshold=0.5, thresholds=wanted
    ).rates.set_index("threshold")
    for threshold in wanted:
        expected = found.loc[threshold, "expected_wrong"]
        assert explorer.at(threshold).expected_wrong == (None if pd.isna(expected) else expected)


def test_the_albums_ask_something() -> None:
    asked = {name: Explorer.of(faces, SETTINGS).at(0.55) for name, faces in GALLERIES.items()}
    assert asked["two a photo"].estimate.pairs == 6
    assert 0 < asked["people who are alike"].estimate.false_merge < 1
    assert asked["mirrors"].estimate.pairs == 0 < len(audit.ask(mirrored()).pictures)
    for name in ("one a photo", "one face", "no face"):
        assert asked[name].estimate.pairs == 0
        assert np.isnan(asked[name].estimate.false_match)


@pytest.mark.parametrize("one_per_photo", [True, False])
def test_a_tree_that_is_there_is_taken(one_per_photo) -> None:
    settings = replace(SETTINGS, one_per_photo=one_per_photo)
    faces = GALLERIES["people who are alike"]
    made = group_album(faces, settings)
    fresh = Explorer.of(faces, settings)
    reused = Explorer.of(faces, settings, tree=made.tree)
    assert reused.tree is made.tree
    assert reused.automatic == fresh.automatic == made.threshold
    for threshold in (0.3, 0.5, 0.7):
        one, other = fresh.at(threshold), reused.at(threshold)
        np.testing.assert_array_equal(one.labels, other.labels)
        assert (one.names, one.expected_wrong) == (other.names, other.expected_wrong)
        assert one.estimate == other.estimate
    if not one_per_photo:
        assert len(groups(fresh.at(0.6).labels)) < len(Explorer.of(faces, SETTINGS).at(0.6).labels)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("one a photo", False, 1),  # the grouping's
        ("one a photo", True, 0),
        ("two a photo", False, 2),  # and one that does not know of the photos
        ("two a photo", True, 1),
        ("mirrors", True, 0),
    ],
)
def test_no_tree_is_made_twice_and_none_by_a_position(name, given, expected, monkeypatch) -> None:
    faces = GALLERIES[name]
    tree = group_album(faces, SETTINGS).tree if given else None
    made = []
    real = linkage.tree
    monkeypatch.setattr(linkage, "tree", lambda *a, **k: made.append(1) or real(*a, **k))
    explorer = Explorer.of(faces, SETTINGS, tree=tree)
    assert len(made) == expected
    for threshold in (0.2, 0.5, 0.9):
        explorer.at(threshold)
    assert len(made) == expected


def held(faces: Album, *made: tuple) -> constraints.Decided:
    """Decisions by the rows they are about."""
    return decisions.apply(
        [
            Decision(
                kind,
                key_of(faces, row),
                key_of(faces, other) if isinstance(other, int) else None,
                "" if isinstance(other, int) else other,
            )
            for kind, row, other in made
        ],
        faces,
    )


def test_decisions_hold_at_every_position() -> None:
    faces = drawn(5, size=0.4)
    decided = held(
        faces,
        ("same", 0, 1),
        ("different", 2, 14),
        ("name", 5, "Ann"),
        ("name", 17, "Ann"),
        ("name", 7, "person_001"),
    )
    explorer = Explorer.of(faces, SETTINGS, decided=decided)
    again = Explorer.of(faces, SETTINGS, decided=decided, tree=explorer.tree)
    for threshold in np.linspace(*explorer.range(), 15):
        found = explorer.at(threshold)
        assert found.labels[0] == found.labels[1]
        assert found.labels[2] != found.labels[14]
        assert found.names[5] == found.names[17] == "Ann"
        assert found.names[7] == "person_001"
        assert len(set(found.names)) == found.individuals
        run = group_album(faces, replace(SETTINGS, threshold=float(threshold)), decided=decided)
        called = naming.name_groups(
            run.clustering.labels,
            numbered_names(run.clustering.labels + 1, FACE.words),
            decided.names,
        )
        assert found.names == called == again.at(threshold).names
        assert found.expected_wrong == run.threshold.expected_wrong
        row = audit.audit(faces, found.names, threshold=float(threshold)).here
        assert found.estimate == tuple(row[name] for name in Rates._fields)


def test_what_was_decided_does_not_answer_what_photos_ask() -> None:
    """Two faces of a photo that somebody says are one are still no mistake of the threshold."""
    faces, settings = drawn(0), replace(SETTINGS, one_per_photo=False)
    explorer = Explorer.of(faces, settings, decided=held(faces, ("same", 0, 1)))
    low = explorer.at(0.02)
    assert low.labels[0] == low.labels[1]
    assert (low.estimate.pairs, low.estimate.joined) == (6, 0)


def test_decisions_hold_for_other_methods_too() -> None:
    faces, settings = drawn(0), replace(SETTINGS, method="linked")
    decided = held(faces, ("same", 0, 3), ("different", 5, 17), ("name", 7, "Ann"))
    explorer = Explorer.of(faces, settings, decided=decided)
    for threshold in (0.02, 0.6):
        found = explorer.at(threshold)
        assert found.labels[0] == found.labels[3]
        assert found.labels[5] != found.labels[17]
        assert found.names[7] == "Ann"


def test_a_pair_exactly_at_the_threshold_is_near() -> None:
    explorer = Explorer.of(album(np.eye(2, 8), [0, 0]), SETTINGS)
    exactly = float(np.sqrt(2.0))
    assert explorer.at(exactly).estimate.near == 1
    assert explorer.at(np.nextafter(exactly, 0)).estimate.near == 0


def test_a_tree_of_something_else_is_refused() -> None:
    faces = drawn(5)
    tree = group_album(faces, SETTINGS).tree
    with pytest.raises(ValueError, match="48 sightings; expected 52"):
        Explorer.of(drawn(5, individuals=13), SETTINGS, tree=tree)
    same, different = held(faces, ("same", 0, 12)), held(faces, ("different", 0, 12))
    for decided in (same, different):
        with pytest.raises(ValueError, match="other decisions"):
            Explorer.of(faces, SETTINGS, tree=tree, decided=decided)
    free = group_album(faces, replace(SETTINGS, one_per_photo=False)).tree
    with pytest.raises(ValueError, match="other decisions or settings"):
        Explorer.of(faces, SETTINGS, tree=free)


def test_sightings_to_leave_out_are_left_out_first() -> None:
    faces = drawn(5)
    with pytest.raises(ValueError, match="masked"):
        Explorer.of(faces, SETTINGS, decided=held(faces, ("ignore", 3, "")))


@pytest.mark.parametrize("threshold", [0, -0.5, float("nan"), float("inf")])
def test_what_is_no_distance_is_refused(threshold) -> None:
    explorer = Explorer.of(GALLERIES["one face"], SETTINGS)
    with pytest.raises(BadSetting, match="threshold is"):
        explorer.at(threshold)


def test_too_many_faces_are_said_in_one_line(monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    faces = GALLERIES["two a photo"]
    monkeypatch.setattr(linkage, "tree", full)
    for settings in (SETTINGS, replace(SETTINGS, method="linked")):
        with pytest.raises(BadSetting, match="48 faces are too many"):
            Explorer.of(faces, settings)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "average"])
def test_other_methods_group_anew(method) -> None:
    faces, settings = GALLERIES["people who are alike"], replace(SETTINGS, method=method)
    explorer = Explorer.of(faces, settings)
    assert explorer.tree is None
    assert explorer.automatic == group_album(faces, settings).threshold
    low, high = explorer.range()
    assert 0 < low < explorer.automatic.value < high
    for threshold in (low, 0.4, high):
        found = explorer.at(threshold)
        run = group_album(faces, replace(settings, threshold=threshold))
        np.testing.assert_array_equal(found.labels, run.clustering.labels)
        assert found.expected_wrong is None
        row = audit.audit(faces, found.names, threshold=threshold, thresholds=[]).here
        assert found.estimate == tuple(row[name] for name in Rates._fields)
        assert "average linkage would have joined" in str(found)


@every_album
@pytest.mark.parametrize("threshold", ["auto", 0.02, 1.97])
def test_the_slider_reaches_from_apart_to_together(faces, threshold) -> None:
    explorer = Explorer.of(faces, replace(SETTINGS, threshold=threshold))
    low, high = explorer.range()
    assert 0 < low < high <= 1.99
    assert low < explorer.automatic.value < high
    assert threshold == "auto" or low < threshold < high
    assert (round(low, 2), round(high, 2)) == (low, high)
    joins = len(explorer.tree)
    assert explorer.at(high).individuals <= explorer.tree.start - 0.98 * joins
    if joins and explorer.tree.height[0] > 0.01:
        assert explorer.at(low).individuals >= explorer.tree.start - 0.02 * joins


def test_automatic_is_what_auto_chooses_whatever_was_asked_for() -> None:
    faces = GALLERIES["two a photo"]
    asked = Explorer.of(faces, replace(SETTINGS, threshold=0.31))
    assert asked.automatic.automatic
    assert asked.automatic == group_album(faces, SETTINGS).threshold


def test_several_threads_may_ask() -> None:
    explorer = Explorer.of(GALLERIES["people who are alike"], SETTINGS)
    wanted = np.linspace(*explorer.range(), 40)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(explorer.at, wanted))
    for threshold, position in zip(wanted, found, strict=True):
        alone = explorer.at(threshold)
        assert position.names == alone.names
        assert str(position) == str(alone)


def test_a_run_can_be_explored(album_folder, colours) -> None:
    settings = modes.AutopilotSettings(threshold=0.3)
    result = modes.autopilot(album_folder, subject=colours, settings=settings)
    explorer = Explorer.of(result.album, settings, tree=result.tree)
    here = explorer.at(result.threshold)
    assert here.names == result.names
    assert here.expected_wrong == result.chosen.expected_wrong
    assert here.individuals == 3
    low, high = explorer.range()
    assert explorer.at(low).individuals > here.individuals >= explorer.at(high).individuals


# How groups differ.


labellings = st.integers(0, 14).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 5), min_size=n, max_size=n)] * 2)
)


def by_hand(before: np.ndarray, after: np.ndarray) -> list[tuple]:
    """Follow every shared sighting from group to group."""
    left, found = groups(before) | groups(after), []
    while left:
        rows = set(left.pop())
        while near := {group for group in left if group & rows}:
            rows = rows.union(*near)
            left -= near
        old = [g for g in groups(before) if g <= rows]
        new = [g for g in groups(after) if g <= rows]
        if len(old) + len(new) == 2:
            continue
        kind = "merged" if len(new) == 1 else "split" if len(old) == 1 else "moved"
        cells = [(len(o & n), -min(o & n), o, n) for o in old for n in new if o & n]
        stay = sum(
            cell[0]
            for cell in cells
            if cell == max(c for c in cells if c[2] == cell[2])
            and cell == max(c for c in cells if c[3] == cell[3])
        )
        ordered = [
            [sorted(g) for g in sorted(side, key=lambda g: (-len(g), min(g)))]
            for side in (old, new)
        ]
        found.append((kind, *ordered, len(rows) - stay))
    return sorted(found, key=lambda each: (-each[3], min(map(min, each[1]))))


@given(labellings)
@profile(max_examples=300)
def test_changes_are_those_found_by_hand(pair) -> None:
    before, after = (np.array(labels, dtype=np.int64) for labels in pair)
    found = changes(before, after, most=None)
    told = [
        (
            each.kind,
            [rows.tolist() for rows in each.before],
            [rows.tolist() for rows in each.after],
            each.concerned,
        )
        for each in found
    ]
    assert told == by_hand(before, after)
    assert len(changes(before, after, most=2)) == min(2, len(found))


@given(labellings)
def test_every_changed_sighting_is_in_one_change(pair) -> None:
    before, after = (np.array(labels, dtype=np.int64) for labels in pair)
    found = changes(before, after, most=None)
    same = groups(before) & groups(after)
    seen = Counter(row for each in found for rows in each.before for row in rows.tolist())
    assert set(seen) == set(range(len(before))) - set().union(*same)
    assert set(seen.values()) <= {1}
    for each in found:
        assert Counter(np.concatenate(each.before)) == Counter(np.concatenate(each.after))
        assert (len(each.after) == 1 < len(each.before)) == (each.kind == "merged")
        assert (len(each.before) == 1 < len(each.after)) == (each.kind == "split")
        assert each.concerned > 0
        assert {rows.dtype for rows in (*each.before, *each.after)} == {np.dtype(np.int64)}


@given(labellings, st.permutations(range(6)))
def test_how_groups_are_numbered_does_not_matter(pair, other) -> None:
    before, after = (np.array(labels, dtype=np.int64) for labels in pair)
    anew = np.array(other, dtype=np.int64)[before] * 7 - 9
    assert changes(before, anew) == ()
    one, two = changes(before, after), changes(anew, after)
    assert [each.concerned for each in one] == [each.concerned for each in two]
    assert [each.kind for each in one] == [each.kind for each in two]


def test_a_lower_threshold_only_splits() -> None:
    explorer = Explorer.of(GALLERIES["people who are alike"], SETTINGS)
    high, low = explorer.at(0.5).labels, explorer.at(0.3).labels
    down, up = changes(high, low, most=None), changes(low, high, most=None)
    assert {each.kind for each in down} == {"split"}
    assert {each.kind for each in up} == {"merged"}
    assert [each.concerned for each in down] == [each.concerned for each in up]
    assert sum(len(each.after) - 1 for each in down) == len(set(low)) - len(set(high))


def test_one_sighting_that_changes_sides_is_a_small_change() -> None:
    before = np.repeat([0, 1, 2, 3], [50, 60, 4, 3])
    after = before.copy()
    after[49] = 1  # one of 50 goes to the 60
    after[after == 3] = 2  # three join four
    first, second = changes(before, after)
    assert (first.kind, first.concerned) == ("merged", 3)
    assert (second.kind, second.concerned) == ("moved", 1)
    assert [len(rows) for rows in second.before] == [60, 50]
    assert [len(rows) for rows in second.after] == [61, 49]


def test_labels_of_two_albums_are_refused() -> None:
    with pytest.raises(ValueError, match="2 labels before and 3 after"):
        changes(np.zeros(2, np.int64), np.zeros(3, np.int64))


# What people read.


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("aab", "aaa", "ann and bob become one"),
        ("aabc", "aaaa", "ann, bob and cem become one"),
        ("aabcdef", "aaaaaaa", "ann, bob, cem and 3 more become one"),
        ("abcd", "aaaa", "ann, bob, cem and dee become one"),
        ("aaa", "aab", "ann becomes 2, of 2 and 1 faces"),
        ("aaaaaaaa", "aaaabbcd", "ann becomes 4, of 4, 2, 1 and 1 more faces"),
        ("aabb", "abba", "ann and bob are grouped anew, into 2"),
    ],
)
def test_a_change_in_words(before, after, said) -> None:
    names = {"a": "ann", "b": "bob", "c": "cem", "d": "dee", "e": "eve", "f": "fay"}
    labels = [np.array([ord(c) for c in text], dtype=np.int64) for text in (before, after)]
    (change,) = changes(*labels)
    assert change.sentence([names[c] for c in before], words=FACE.words) == said


def test_control_characters_of_a_name_are_not_said() -> None:
    (change,) = changes(np.array([0, 1]), np.array([0, 0]))
    assert change.sentence(["a\x1b[31m", "b\nc"]) == "a�[31m and b�c become one"


def position(people, singles, wrong, pairs=0.0, joined=0.0, method="average") -> Position:
    merge = (
        joined,
        joined / pairs if pairs else np.nan,
        *intervals.exact(joined, pairs),
    )
    known = Rates(0.5, pairs, 0.0, np.nan, 0.0, 1.0, *merge)
    none = np.zeros(0, np.int64)
    return Position(0.5, method, none, (), people, singles, wrong, known, FACE.words)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            position(41, 12, 0.011, 230.0, 3.0),
            "41 people (12 seen once); of 100 joins 1 expected to be wrong; of 230 pairs "
            "photographed together 3 would have been joined (0.3% to 3.8%)",
        ),
        (
            position(1, 0, 0.004, 1.0, 0.0),
            "1 person (0 seen once); of 1,000 joins 4 expected to be wrong; of 1 pair "
            "photographed together 0 would have been joined (0.0% to 97.5%)",
        ),
        (
            position(2345, 1200, 0.0002),
            "2,345 people (1,200 seen once); of 1,000 joins fewer than 1 expected to be wrong; "
            "no photo shows two different faces, so nothing was measured",
        ),
        (
            position(4, 1, None, 10.0, 2.5, "linked"),
            "4 people (1 seen once); of 10 pairs photographed together average linkage would have "
            "joined 2.5 (4.4% to 60.6%)",
        ),
    ],
)
def test_a_position_in_words(made, said) -> None:
    assert str(made) == said
    assert "; ".join(made.summary) == said


def test_a_position_and_an_explorer_are_short_to_look_at() -> None:
    explorer = Explorer.of(GALLERIES["two a photo"], SETTINGS)
    assert len(repr(explorer)) < 1500
    assert len(repr(explorer.at(0.5))) < 500


@given(
    count=st.integers(0, 8),
    seed=st.integers(0, 1000),
    threshold=st.floats(0.01, 1.5),
    together=st.integers(1, 3),
)
@profile(max_examples=60)
def test_any_small_album_agrees_with_its_audit(count, seed, threshold, together) -> None:
    rows = np.random.default_rng(seed).normal(size=(count, 4)) * 0.2
    faces = album(rows, np.arange(count) // together)
    explorer = threshold_sweep.Explorer.of(faces, SETTINGS)
    found = explorer.at(threshold)
    row = audit.audit(faces, found.names, threshold=threshold, thresholds=[]).here
    for name, value in found.estimate._asdict().items():
        np.testing.assert_array_equal(value, row[name], err_msg=name)
    low, high = explorer.range()
    assert low <= explorer.automatic.value <= high


@profile(max_examples=30)
@given(st.integers(0, 1000), st.lists(st.booleans(), min_size=24, max_size=24))
@pytest.mark.parametrize("method", ["average", "online"])
def test_ignored_sightings_change_nothing_at_any_threshold(method, seed, ignored) -> None:
    faces = drawn(seed, 6, 4)
    faces = replace(faces, ignored=np.array(ignored))
    settings, rows = replace(SETTINGS, method=method), faces.kept
    made = group_album(faces, settings)
    decided = decisions.apply([], faces)
    whole = Explorer.of(faces, settings, tree=made.tree, decided=decided)
    alone = Explorer.of(faces.take(rows), settings)
    assert whole.automatic == alone.automatic
    assert whole.range() == alone.range()
    before = None
    for threshold in (0.2, 0.4, 0.7):
        found, expected = whole.at(threshold), alone.at(threshold)
        assert found.summary == expected.summary
        assert found.labels[rows].tolist() == expected.labels.tolist()
        assert [found.names[row] for row in rows] == list(expected.names)
        assert (found.labels[faces.ignored] == -1).all()
        assert {name for name, out in zip(found.names, ignored, strict=True) if out} <= {None}
        if before is not None:
            told = changes(before[0].labels, found.labels)
            apart = changes(before[1].labels, expected.labels)
            assert [(x.kind, x.concerned) for x in told] == [(x.kind, x.concerned) for x in apart]
        before = found, expected


def test_a_tree_with_what_is_now_ignored_is_refused() -> None:
    faces = drawn(5)
    tree = group_album(faces, SETTINGS).tree
    masked = replace(faces, ignored=np.arange(len(faces)) == 3)
    with pytest.raises(ValueError, match="other decisions"):
        Explorer.of(masked, SETTINGS, tree=tree)
    decided = decisions.apply([Decision("ignore", key_of(faces, 3))], masked)
    assert len(set(Explorer.of(masked, SETTINGS, decided=decided).at(0.5).labels[[3]])) == 1
