"""Who gives the names: by grouping or by references, and always without what is ignored."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from made_albums import album, pairs_of

from toolkit import memory
from toolkit.benchmarks.drawn_encodings import draw
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadSetting
from toolkit.evaluation.scores import score_grouping
from toolkit.grouping import assigners, identification, linkage, neighbours, sparse_linkage
from toolkit.grouping.assigners import GroupingAssigner, ReferenceAssigner, forewarning, group_album
from toolkit.grouping.collages import apart, photos
from toolkit.grouping.identification import IGNORED, References
from toolkit.grouping.links import pairs_within
from toolkit.grouping.sighting_finder import key_of
from toolkit.records import PROBLEM_COLUMNS, Album
from toolkit.settings import METHODS, AutopilotSettings, PointAndShootSettings

AUTO = AutopilotSettings()


def drawn(seed: int, count: int, ignored: float = 0.3) -> Album:
    """Sightings around a few places, two or so a photo, some of them ignored."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(5, 8)) * 0.25
    rows = places[rng.integers(0, 5, count)] + rng.normal(size=(count, 8)) * 0.04
    made = album(rows, rng.integers(0, max(1, count // 2), count))
    return replace(made, ignored=rng.random(count) < ignored)


def decided_about(faces: Album, seed: int, links: int):
    """Draw decisions that can be held to, some of them about what is ignored."""
    rng = np.random.default_rng(seed)
    made: list[Decision] = []
    for one, other in rng.integers(0, len(faces), (links, 2)).tolist():
        kind = "same" if rng.random() < 0.5 else "different"
        more = Decision(kind, key_of(faces, one), key_of(faces, other))
        try:
            decisions.apply([*made, more], faces)
        except BadSetting:
            continue
        made.append(more)
    named = [
        Decision("name", key_of(faces, row), name="Ann") for row in rng.integers(0, len(faces), 1)
    ]
    try:
        decisions.apply([*made, *named], faces)
    except BadSetting:
        return made
    return [*made, *named]


def at(labels: np.ndarray, rows: np.ndarray, count: int) -> list[int]:
    found = np.full(count, -1)
    found[rows] = labels
    return found.tolist()


@profile(max_examples=30)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 24), links=st.integers(0, 6))
@pytest.mark.parametrize("method", [each for each in METHODS if each != "hdbscan"])
def test_what_is_kept_is_grouped_as_if_there_were_nothing_else(method, seed, count, links):
    faces, settings = drawn(seed, count), replace(AUTO, method=method, threshold=0.5)
    made = decided_about(faces, seed, links)
    some, rows = faces.take(faces.kept), faces.kept
    found = group_album(faces, settings, decided=decisions.apply(made, faces))
    alone = group_album(some, settings, decided=decisions.apply(made, some))
    assert found.clustering.labels.tolist() == at(alone.clustering.labels, rows, count)
    assert len(found.clustering) == len(alone.clustering)
    assert found.threshold == alone.threshold
    named = GroupingAssigner(settings).assign(faces, decisions.apply(made, faces)).names
    assert [named[row] for row in rows] == list(
        GroupingAssigner(settings).assign(some, decisions.apply(made, some)).names
    )
    assert {named[row] for row in np.flatnonzero(faces.ignored)} <= {None}


@profile(max_examples=60)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 24))
def test_a_tree_by_other_row_numbers_says_the_same_at_every_threshold(seed, count):
    faces = drawn(seed, count)
    rows = faces.kept
    tree = linkage.tree(neighbours.of(faces)[rows], cannot_link=pairs_within(faces.photo_of[rows]))
    moved = tree.at(rows, count)
    assert (moved.count, moved.start, len(moved)) == (count, tree.start, len(tree))
    np.testing.assert_array_equal(moved.groups_before, tree.groups_before)
    for joins in range(len(tree) + 1):
        assert moved.labels_after(joins).tolist() == at(tree.labels_after(joins), rows, count)
    for threshold in (0.1, 0.5, 2.0):
        cut, expected = moved.cut(threshold), tree.cut(threshold)
        assert cut.labels.tolist() == at(expected.labels, rows, count)
        assert len(cut) == len(expected)
    merges = tree.merges.assign(first=rows[tree.first], second=rows[tree.second])
    pd.testing.assert_frame_equal(moved.merges, merges)
    # The album's own joins are these.
    own = assigners.join_album(faces, cannot_link=pairs_within(faces.photo_of))
    np.testing.assert_array_equal(own.must, moved.must)
    np.testing.assert_array_equal(own.height, moved.height)
    inside = apart(faces)
    assert not faces.ignored[inside].any()
    pairs = rows[pairs_within(faces.photo_of[rows])]
    pairs = pairs[~np.isin(faces.photo_of[pairs[:, 0]], photos(faces))]
    np.testing.assert_array_equal(inside, pairs)


def test_an_album_of_which_all_is_ignored_has_no_groups() -> None:
    faces = replace(album([0.0, 0.1]), ignored=np.ones(2, dtype=np.bool_))
    for method in METHODS:
        found = group_album(faces, replace(AUTO, method=method))
        assert found.clustering.labels.tolist() == [-1, -1]
        assert len(found.clustering) == 0


def known(faces: Album, **places: float) -> References:
    rows = np.zeros((len(places), faces.encodings.shape[1]), dtype=np.float32)
    rows[:, 0] = list(places.values())
    names = tuple(places)
    return References(
        names,
        rows,
        np.arange(len(places)),
        tuple(f"{name}.jpg" for name in names),
        faces.encoder,
        pd.DataFrame([("bad.jpg", "reference", "none")], columns=list(PROBLEM_COLUMNS)),
    )


@given(seed=st.integers(0, 10_000), count=st.integers(0, 20))
def test_what_is_kept_is_matched_as_if_there_were_nothing_else(seed, count) -> None:
    faces = drawn(seed, count)
    references, rows = known(faces, ann=0.0, bob=0.3), faces.kept
    table = identification.match(faces, references, threshold=0.9).table
    alone = identification.match(faces.take(rows), references, threshold=0.9).table
    pd.testing.assert_frame_equal(table.iloc[rows].reset_index(drop=True), alone, check_dtype=False)
    out = table[faces.ignored]
    assert out["name"].isna().all()
    assert (out["reason"] == IGNORED).all()


def test_another_threshold_is_cut_at_once_and_is_what_a_new_grouping_says() -> None:
    faces = drawn(3, 40)
    decided = decisions.apply(decided_about(faces, 3, 4), faces)
    first = GroupingAssigner(AUTO).assign(faces, decided)
    for threshold in (0.2, 0.45, "auto"):
        other = GroupingAssigner(AUTO).with_settings(replace(AUTO, threshold=threshold))
        cut = other.recut(first, faces, decided)
        anew = other.assign(faces, decided)
        assert (cut.settings, cut.names, cut.chosen) == (anew.settings, anew.names, anew.chosen)
        np.testing.assert_array_equal(
            cut.details["clustering"].labels, anew.details["clustering"].labels
        )
        assert cut.details["tree"] is first.details["tree"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AUTO, replace(AUTO, one_per_photo=False, threshold=0.4)),
        (AUTO, replace(AUTO, method="linked")),
        (replace(AUTO, method="linked"), replace(AUTO, method="linked", threshold=0.4)),
    ],
)
def test_what_cannot_be_had_by_a_cut_is_grouped_anew(before, after) -> None:
    faces = drawn(3, 20)
    decided = decisions.apply([], faces)
    found = GroupingAssigner(before).assign(faces, decided)
    assert GroupingAssigner(after).recut(found, faces, decided) is None


def test_each_assigner_says_what_others_need_to_know_of_it() -> None:
    faces = album([0.0, 0.1, 5.0])
    decided = decisions.apply([], faces)
    grouping = GroupingAssigner(AUTO)
    assert (grouping.by_group, grouping.known, len(grouping.problems)) == (True, (), 0)
    assert grouping.automatic(faces) is None
    settings = PointAndShootSettings(threshold=0.3)
    naming = ReferenceAssigner(known(faces, ann=0.0), settings)
    assert (naming.by_group, naming.known, len(naming.problems)) == (False, ("ann",), 1)
    assert naming.assign(faces, decided).names == ("ann", "ann", None)
    nearer = naming.with_settings(replace(settings, threshold=0.05))
    assert nearer.assign(faces, decided).names == ("ann", None, None)
    assert naming.recut(nearer.assign(faces, decided), faces, decided) is None
    automatic = naming.automatic(faces)
    assert automatic.automatic
    assert automatic == naming.with_settings(PointAndShootSettings()).automatic(faces)


def test_settings_of_the_other_mode_are_refused() -> None:
    faces = album([0.0])
    with pytest.raises(BadSetting, match="of point-and-shoot; expected those of autopilot"):
        GroupingAssigner(PointAndShootSettings())
    with pytest.raises(BadSetting, match="of autopilot; expected those of point-and-shoot"):
        ReferenceAssigner(known(faces, ann=0.0), AUTO)


def test_too_many_are_counted_without_those_that_are_ignored(monkeypatch) -> None:
    def none_left(*_, **__):
        raise MemoryError

    monkeypatch.setattr(assigners, "_grouped", none_left)
    faces = replace(album([0.0, 0.1, 0.2]), ignored=np.array([True, False, False]))
    with pytest.raises(BadSetting, match="2 faces are too many"):
        group_album(faces, AUTO)


def test_links_with_what_is_ignored_are_passed_over() -> None:
    faces = replace(album([0.0, 0.1, 0.2]), ignored=np.array([False, True, False]))
    chain = np.array([[0, 1], [1, 2]])
    assert assigners.join_album(faces, must_link=chain).must.tolist() == [0, -1, 1]
    tied = assigners.join_album(faces, must_link=chain, cannot_link=np.array([[0, 2], [0, 1]]))
    assert len(tied) == 0


def test_before_a_scan_it_is_said_what_will_not_fit(monkeypatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 16_500_000_000)
    said = forewarning(3_000_000, AutopilotSettings())
    assert "method average, with one sighting in each of 3,000,000 photos, needs about 1" in said
    assert "11.0 GB can be had here; if there are so many, online will" in said
    assert not forewarning(1_000_000, AutopilotSettings())
    assert "1.0 GB can be had" in forewarning(300_000, AutopilotSettings(memory=1.0))
    assert not forewarning(3_000_000, AutopilotSettings(method="online"))


def many() -> tuple[Album, np.ndarray]:
    seen = draw(400, seed=1)
    return replace(album(seen.encodings, even=0.583), ignored=np.arange(400) % 40 == 3), seen.people


def test_many_are_grouped_by_near_pairs_and_that_is_said(monkeypatch) -> None:
    faces, people = many()
    usual = assigners.group_album(faces, AUTO)
    assert usual.clustering.instead == ""
    monkeypatch.setattr(sparse_linkage, "MOST", 100)
    found = assigners.group_album(faces, AUTO)
    assert found.clustering.instead == (
        "grouped by near pairs of 390 faces: each was compared with the 16 nearest, not with all"
    )
    assert found.threshold.value == pytest.approx(usual.threshold.value, abs=0.02)
    kept = faces.kept
    one, other = (
        score_grouping(people[kept], each.clustering.labels[kept]) for each in (usual, found)
    )
    assert other.bcubed_f == pytest.approx(one.bcubed_f, abs=0.01)
    assert (found.clustering.labels[faces.ignored] == -1).all()


def test_a_tree_of_near_pairs_is_cut_elsewhere_as_far_as_it_is_known(monkeypatch) -> None:
    monkeypatch.setattr(sparse_linkage, "MOST", 100)
    faces, _ = many()
    nothing = decisions.apply([], faces)
    first = assigners.GroupingAssigner(AUTO)
    made = first.assign(faces, nothing)
    for value, known in ((0.4, True), (0.58, True), (0.7, False)):
        asked = first.with_settings(replace(AUTO, threshold=value))
        again, anew = asked.recut(made, faces, nothing), asked.assign(faces, nothing)
        assert (again is not None) == known
        if again is not None:
            assert again.names == anew.names
            assert again.details["clustering"].instead == anew.details["clustering"].instead
    # What was asked for is looked at.
    assert anew.details["tree"].height.max() > 0.583


def test_pairs_that_were_compared_are_near_pairs(monkeypatch) -> None:
    pairs = pairs_of(np.arange(60) // 4)
    usual = assigners.group_album(pairs, AUTO)
    monkeypatch.setattr(sparse_linkage, "MOST", 50)
    found = assigners.group_album(pairs, AUTO)
    assert (
        found.clustering.instead
        == "grouped by near pairs of 60 faces: the pairs that were compared"
    )
    np.testing.assert_array_equal(found.clustering.labels, usual.clustering.labels)


def test_near_pairs_are_sought_once_whatever_is_ignored(monkeypatch) -> None:
    monkeypatch.setattr(sparse_linkage, "MOST", 100)
    faces, _ = many()
    faces = replace(faces, ignored=np.zeros(len(faces), dtype=np.bool_))
    sought, nearest = [], neighbours.VectorDistances.nearest
    monkeypatch.setattr(
        neighbours.VectorDistances, "nearest", lambda *a: sought.append(1) or nearest(*a)
    )
    assigners.group_album(faces, AUTO)
    ignored = np.arange(len(faces)) % 7 == 0
    fewer = replace(faces, ignored=ignored)
    near = assigners.group_album(fewer, AUTO).tree.near
    assert sought == [1]
    # Those that are left, as far apart as they are among themselves.
    whole = sparse_linkage.near_of(faces)
    left = ~ignored[np.stack([whole.first, whole.second])].any(axis=0)
    assert near.first.tolist() == whole.first[left].tolist()
    assert near.second.tolist() == whole.second[left].tolist()
    away = neighbours.of(fewer.take(fewer.kept)).of_pairs(
        *(np.searchsorted(fewer.kept, ends) for ends in (near.first, near.second))
    )
    assert np.allclose(near.distance, away)
    # Another table of sightings, which may say how much each is worth, is another album.
    assigners.group_album(replace(faces, sightings=faces.sightings.copy()), AUTO)
    assert sought == [1, 1]
