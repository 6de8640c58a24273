"""An album that is sorted, corrected and exported: what is decided holds, and can be taken back."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tiles import save_tiles

from toolkit import modes
from toolkit.benchmarks import drawn_album
from toolkit.curation import decisions
from toolkit.curation.decisions import require_decisions
from toolkit.errors import BadFolder, BadSetting
from toolkit.grouping import sparse_linkage
from toolkit.grouping.assigners import GroupingAssigner, ReferenceAssigner
from toolkit.grouping.neighbours import VectorDistances
from toolkit.photos import sample
from toolkit.results import exporting, results_folder
from toolkit.results.results_folder import earlier_run
from toolkit.session import Session, taken_up
from toolkit.settings import AutopilotSettings, PointAndShootSettings

SETTINGS = AutopilotSettings(threshold=0.3, jobs=1)
# Every tile is alone; all tiles that no photo and no decision keeps apart are together.
APART, TOGETHER = 0.001, 1.9


@pytest.fixture
def looked(album_folder, colours):
    return modes.look(album_folder, settings=SETTINGS, subject=colours)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def sorted_album(looked, out):
    return Session(looked, GroupingAssigner(SETTINGS), out=out)


def people(session: Session) -> dict[str, int]:
    return dict(Counter(name for name in session.names if name is not None))


def groups(session: Session) -> set[frozenset[int]]:
    """Who is with whom, by the rows of what was looked at."""
    found: dict[str, set[int]] = {}
    for face, name in enumerate(session.names):
        if name is not None:
            found.setdefault(name, set()).add(face)
    return {frozenset(each) for each in found.values()}


def faces_of(session: Session, name: str) -> list[int]:
    return [face for face, each in enumerate(session.names) if each == name]


def test_it_begins_with_who_was_found(sorted_album, out) -> None:
    assert people(sorted_album) == {"person_001": 5, "person_002": 2, "person_003": 1}
    assert len(sorted_album.labels) == len(sorted_album.album) == 8
    assert not sorted_album.album.ignored.any()
    assert not out.exists()


def rename(session):
    session.rename("person_001", "Ann")


def merge(session):
    session.merge("person_002", "person_003")


def split(session):
    session.split("person_001")


def keep_together(session):
    session.keep_together("person_001")


def not_this_individual(session):
    session.not_this_individual(int(session.rows("person_001")[2]))


def ignore(session):
    session.ignore(int(session.rows("person_001")[2]))


GESTURES = [rename, merge, split, keep_together, not_this_individual, ignore]


def holds(gesture, before: Session, session: Session) -> bool:
    """Whether what a gesture said of an album is so in another of the same photos."""
    first, second, third = (faces_of(before, f"person_00{k}") for k in (1, 2, 3))
    who = session.names
    if gesture is rename:
        return who.count("Ann") >= 1 and set(faces_of(session, "Ann")) & set(first) != set()
    if gesture is merge:
        return any(who[a] == who[b] for a in second for b in third)
    if gesture is split:
        return len({who[face] for face in first}) >= 2
    if gesture is keep_together:
        return any(who[a] == who[b] for a in first for b in first if a < b)
    if gesture is not_this_individual:
        return any(who[face] != who[first[2]] for face in first if face != first[2])
    return who[first[2]] is None


@pytest.mark.parametrize("gesture", GESTURES)
def test_each_gesture_holds_after_it_in_the_next_run_and_after_it_is_taken_up(
    gesture, looked, sorted_album, album_folder, out, colours
) -> None:
    before = Session(looked, GroupingAssigner(SETTINGS))
    gesture(sorted_album)
    assert holds(gesture, before, sorted_album)
    assert decisions.read(out) == sorted_album.corrections.decisions != ()
    again = Session(looked, GroupingAssigner(SETTINGS), out=out)
    assert again.names == sorted_album.names
    run = modes.autopilot(album_folder, out, settings=SETTINGS, subject=colours)
    assert run.names == sorted_album.names
    up = taken_up(out)
    assert up.names == sorted_album.names
    assert up.settings == SETTINGS


@pytest.mark.parametrize("threshold", [APART, TOGETHER])
@pytest.mark.parametrize("gesture", GESTURES)
def test_each_gesture_holds_with_other_settings(
    gesture, threshold, looked, sorted_album, out
) -> None:
    gesture(sorted_album)
    other = Session(looked, GroupingAssigner(replace(SETTINGS, threshold=threshold)), out=out)
    assert holds(gesture, Session(looked, GroupingAssigner(SETTINGS)), other)


@pytest.mark.parametrize("gesture", GESTURES)
def test_undo_restores_what_was(gesture, sorted_album, out) -> None:
    rename(sorted_album)
    names, made = sorted_album.names, sorted_album.corrections.decisions
    if gesture is rename:
        sorted_album.rename("Ann", "Anna")
    else:
        sorted_album.rename("Ann", "person_001")
        names, made = sorted_album.names, sorted_album.corrections.decisions
        gesture(sorted_album)
    assert sorted_album.corrections.decisions != made
    said = sorted_album.undo()
    assert said
    assert sorted_album.names == names
    assert sorted_album.corrections.decisions == made == decisions.read(out)


def test_undo_with_nothing_to_take_back_says_so(sorted_album) -> None:
    assert sorted_album.undo() == ""


def test_a_name_that_somebody_has_is_told_and_makes_the_two_one(sorted_album) -> None:
    sorted_album.rename("person_001", "Ann")
    assert sorted_album.taken("person_002", " ann ") == "Ann"
    assert sorted_album.taken("person_002", "Bob") is None
    assert sorted_album.taken("Ann", "ANN") is None
    with pytest.raises(BadSetting, match="empty"):
        sorted_album.taken("person_002", "  ")
    sorted_album.rename("person_002", "ann")
    # The two of person_002 that are in one photo with others are of Ann nevertheless.
    assert people(sorted_album) == {"Ann": 7, "person_002": 1}


def test_a_name_given_to_a_group_does_not_tie_all_its_faces(sorted_album) -> None:
    sorted_album.rename("person_001", "Ann")
    assert [each.kind for each in sorted_album.corrections.decisions] == ["name"]


def test_nobody_of_that_name_and_a_face_left_out_are_said(sorted_album) -> None:
    with pytest.raises(BadSetting, match="nobody is called 'Zoe'"):
        sorted_album.rename("Zoe", "Ann")
    face = faces_of(sorted_album, "person_001")[0]
    before = sorted_album.names
    sorted_album.ignore(face)
    for again in (sorted_album.ignore, sorted_album.not_this_individual):
        with pytest.raises(BadSetting, match="left out already"):
            again(face)
    # Nobody else has another row by it.
    assert sorted_album.names == (*before[:face], None, *before[face + 1 :])
    assert np.flatnonzero(sorted_album.album.ignored).tolist() == [face]
    assert len(sorted_album.album.kept) == sorted_album.result.count == 7
    assert sorted_album.labels[face] == sorted_album.result.clustering.labels[face] == -1


def test_an_ignored_face_comes_back_with_its_columns(looked, out) -> None:
    album = looked.album
    own = replace(album, sightings=album.sightings.assign(flank=[f"0{n}" for n in range(8)]))
    session = Session(replace(looked, album=own), GroupingAssigner(SETTINGS), out=out)
    before = session.result.sightings
    session.ignore(2)
    assert session.album.sightings["flank"].to_list() == own.sightings["flank"].to_list()
    assert session.result.sightings["ignored"].to_list() == [0, 0, 1, 0, 0, 0, 0, 0]
    session.undo()
    pd.testing.assert_frame_equal(session.result.sightings, before)


@pytest.mark.parametrize("again", ["opened", "looked at"])
def test_ignoring_is_undone_after_the_results_were_opened_again(
    again, looked, sorted_album, album_folder, out, colours
) -> None:
    before = sorted_album.export(out)
    sorted_album.ignore(3)
    sorted_album.export(out)
    if again == "opened":
        later = taken_up(out)
    else:
        looked = modes.look(album_folder, out, settings=SETTINGS, subject=colours)
        later = Session(looked, GroupingAssigner(SETTINGS), out=out)
    assert np.flatnonzero(later.album.ignored).tolist() == [3]
    assert later.names[3] is None
    assert (later.result.decided, later.result.undecided) == (1, 0)
    assert later.undo() == "the face in three.png is left out"
    assert later.names == before.names
    assert not later.album.ignored.any()
    np.testing.assert_array_equal(later.album.encodings[3], before.album.encodings[3])
    assert later.export(out).individuals.equals(before.individuals)
    assert not results_folder.load(out).album.ignored.any()


def test_what_an_album_ignores_by_itself_stays_so(looked, out) -> None:
    mask = np.arange(8) == 5
    album = replace(looked.album, ignored=mask)
    session = Session(replace(looked, album=album), GroupingAssigner(SETTINGS), out=out)
    session.ignore(2)
    assert np.flatnonzero(session.album.ignored).tolist() == [2, 5]
    session.undo()
    assert np.flatnonzero(session.album.ignored).tolist() == [5]
    assert session.names[5] is None


def test_nothing_of_an_ignored_face_is_asked_counted_or_split(sorted_album) -> None:
    rows = sorted_album.rows("person_001")
    ignored = int(rows[0])
    sorted_album.ignore(ignored)
    assert ignored not in sorted_album.rows("person_001")
    assert all(ignored not in side for side in sorted_album.sides("person_001"))
    for question in sorted_album.queue():
        assert ignored not in (question.first, question.second)
        assert not any(ignored in side for side in question.sides)
    assert sorted_album.queue().sightings == 7
    assert sorted_album.result.individuals["sightings"].sum() == 7


def test_a_split_is_proposed_made_and_not_proposed_again(sorted_album) -> None:
    one, other = sorted_album.sides("person_001")
    assert len(one) >= len(other)
    rows = sorted_album.rows("person_001").tolist()
    assert sorted([*one.tolist(), *other.tolist()]) == rows
    sorted_album.split("person_001")
    assert len(people(sorted_album)) == 4
    alone = next(name for name, count in people(sorted_album).items() if count == 1)
    assert sorted_album.sides(alone) is None
    with pytest.raises(BadSetting, match="cannot be split"):
        sorted_album.split(alone)


def test_other_settings_sort_anew_and_those_of_the_look_are_refused(sorted_album) -> None:
    before = sorted_album.names
    sorted_album.set(replace(SETTINGS, threshold=APART))
    assert len(people(sorted_album)) == 7  # two tiles are the same to the last bit
    sorted_album.set(SETTINGS)
    assert sorted_album.names == before
    asked = replace(SETTINGS, threshold=APART, long_edge=800)
    assert sorted_album.needs_another_look(asked)
    with pytest.raises(BadSetting, match="look at the photos again"):
        sorted_album.set(asked)
    assert sorted_album.settings == SETTINGS
    assert sorted_album.grouped_as(asked) == replace(SETTINGS, threshold=APART)


@pytest.mark.parametrize("threshold", ["auto", APART, 0.05, 0.3, 1.0, TOGETHER])
def test_another_threshold_alone_sorts_as_a_new_run_does(
    threshold, looked, sorted_album, out
) -> None:
    sorted_album.rename("person_002", "Bob")
    sorted_album.not_this_individual(int(sorted_album.rows("person_001")[2]))
    asked = replace(SETTINGS, threshold=threshold)
    sorted_album.set(asked)
    anew = Session(looked, GroupingAssigner(asked), out=out).result
    assert sorted_album.names == anew.names
    assert sorted_album.result.chosen == anew.chosen
    assert sorted_album.result.settings == asked
    assert sorted_album.result.clustering.labels.tolist() == anew.clustering.labels.tolist()


def files(folder) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.parent != folder)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def test_export_writes_what_the_plan_said(sorted_album, out) -> None:
    sorted_album.rename("person_001", "Ann")
    plan = sorted_album.plan(out)
    assert files(out) == []
    told = []
    assert sorted_album.export(out, progress=lambda *args: told.append(args)).finished
    assert files(out) == sorted(plan["destination"])
    assert told[-1][:3] == ("copies", len(plan), len(plan))
    assert set(sorted_album.plan(out)["state"]) == {"there already"}


def test_a_plan_for_a_folder_with_decisions_of_its_own_is_what_is_exported(
    looked, sorted_album, tmp_path
) -> None:
    other = tmp_path / "other"
    Session(looked, GroupingAssigner(SETTINGS), out=other).rename("person_002", "Bob")
    kept = decisions.read(other)
    sorted_album.rename("person_001", "Ann")
    before = sorted_album.names
    plan = sorted_album.plan(other)
    assert set(plan["folder"]) == {"Ann", "Bob", "person_003"}
    assert sorted_album.names == before
    assert decisions.read(other) == kept
    sorted_album.export(other)
    assert files(other) == sorted(plan["destination"])
    assert people(sorted_album) == {"Ann": 5, "Bob": 2, "person_003": 1}
    assert len(decisions.read(other)) == 2
    sorted_album.rename("person_003", "Cem")
    assert len(decisions.read(other)) == 3


def test_nothing_goes_where_the_photos_are(looked, album_folder) -> None:
    with pytest.raises(BadFolder, match="the photos are in it"):
        Session(looked, GroupingAssigner(SETTINGS), out=album_folder)
    free = Session(looked, GroupingAssigner(SETTINGS))
    free.rename("person_001", "Ann")
    for write in (free.plan, free.export, free.keep_in):
        with pytest.raises(BadFolder, match="the photos are in it"):
            write(album_folder)
    assert not (album_folder / decisions.FILE).exists()


def test_corrections_made_without_a_folder_come_along_to_the_next_look(looked, out) -> None:
    first = Session(looked, GroupingAssigner(SETTINGS))
    first.rename("person_001", "Ann")
    second = Session(looked, GroupingAssigner(SETTINGS), out=out, earlier=first.corrections)
    assert people(second)["Ann"] == 5
    assert len(decisions.read(out)) == 1
    assert first.corrections.out is None
    assert second.undo()
    assert decisions.read(out) == ()


def test_while_it_copies_it_is_neither_sorted_nor_corrected(sorted_album, out) -> None:
    refused = []

    def correct(*_: object) -> None:
        for gesture in (
            rename,
            lambda session: session.undo(),
            lambda session: session.plan(out),
        ):
            with pytest.raises(BadSetting, match="copied just now"):
                gesture(sorted_album)
        refused.append(True)

    sorted_album.export(out, progress=correct)
    assert refused
    rename(sorted_album)


def test_a_stopped_export_goes_on(sorted_album, out) -> None:
    count = len(sorted_album.plan(out))
    sorted_album.export(out, stop=lambda: len(files(out)) >= 2)
    assert sorted_album.result.not_reached == count - 2
    assert set(sorted_album.plan(out)["state"]) == {"new", "there already"}
    sorted_album.export(out)
    assert set(sorted_album.plan(out)["state"]) == {"there already"}


def test_decisions_that_cannot_be_read_are_refused(looked, out) -> None:
    out.mkdir()
    (out / decisions.FILE).write_text("no table of decisions\n1\n")
    with pytest.raises(BadSetting, match="lacks the columns"):
        Session(looked, GroupingAssigner(SETTINGS), out=out)
    with pytest.raises(BadSetting, match="lacks the columns"):
        require_decisions(str(out))
    require_decisions(None)
    require_decisions(str(out / "none"))


def test_settings_of_the_other_mode_are_refused() -> None:
    with pytest.raises(BadSetting, match="settings of point-and-shoot; expected those of autop"):
        GroupingAssigner(PointAndShootSettings())


def test_known_people_are_renamed_and_joined_face_by_face(
    album_folder, tmp_path, colours, out
) -> None:
    known = tmp_path / "people"
    save_tiles(known / "Ann" / "1.png", "ann")
    save_tiles(known / "Bob" / "1.png", "bob")
    settings = PointAndShootSettings(threshold=0.3, jobs=1)
    references = modes.read_known(known, settings=settings, subject=colours)
    looked = modes.look(album_folder, known=known, settings=settings, subject=colours)
    sorted_album = Session(looked, ReferenceAssigner(references, settings), out=out)
    assert people(sorted_album) == {"Ann": 5, "Bob": 2}
    assert sorted_album.sides("Ann") is None
    sorted_album.not_this_individual(int(sorted_album.rows("Ann")[0]))
    assert people(sorted_album) == {"Ann": 4, "Bob": 2}
    sorted_album.merge("Ann", "Bob")
    assert people(sorted_album) == {"Ann": 6}
    again = Session(looked, ReferenceAssigner(references, settings), out=out)
    assert again.names == sorted_album.names
    sorted_album.undo()
    assert people(sorted_album) == {"Ann": 4, "Bob": 2}


def test_an_earlier_run_is_found_and_one_of_the_other_mode_is_not(
    sorted_album, out, tmp_path
) -> None:
    for nothing in ("", str(out), str(tmp_path), "~nobody-of-this-name/x", "a\0b"):
        assert earlier_run(nothing) == ""
    sorted_album.export(out)
    assert earlier_run(str(out)).startswith("the result of 20")
    record = out / "run.json"
    text = record.read_text()
    record.write_text(text.replace('"autopilot"', '"point-and-shoot"'))
    assert earlier_run(str(out)) == ""
    with pytest.raises(BadSetting, match="point-and-shoot result"):
        taken_up(out)
    record.write_text(text.replace('"long_edge"', '"long_side"'))
    with pytest.raises(BadSetting, match="not known here: long_side"):
        taken_up(out)
    record.write_text("{")
    assert earlier_run(str(out)) == ""


def test_the_sample_album_is_made_once(tmp_path) -> None:
    photos = sample.at(tmp_path / "sample")
    assert photos == str(tmp_path / "sample" / "photos")
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "sample").rglob("*")}
    assert sample.at(str(tmp_path / "sample")) == photos
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "sample").rglob("*")} == made
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    with pytest.raises(BadFolder, match=r"letter\.txt is there"):
        sample.at(tmp_path / "mine")


@pytest.mark.parametrize("change", ["do", "undo", "keep in another folder"])
def test_a_change_that_cannot_be_sorted_by_has_not_happened(
    sorted_album, out, tmp_path, monkeypatch, change
) -> None:
    sorted_album.keep_in(out)
    sorted_album.rename("person_001", "Ann")
    before = (out / "decisions.csv").read_bytes()
    made, names, result = (
        sorted_album.corrections.decisions,
        sorted_album.names,
        sorted_album.result,
    )

    def fails(*_: object) -> None:
        raise BadSetting("it cannot be sorted")

    monkeypatch.setattr(sorted_album, "_sorted", fails)
    attempt = {
        "do": lambda: sorted_album.rename("Ann", "Bea"),
        "undo": lambda: sorted_album.undo(),
        "keep in another folder": lambda: sorted_album.keep_in(tmp_path / "elsewhere"),
    }[change]
    with pytest.raises(BadSetting, match="cannot be sorted"):
        attempt()
    assert (out / "decisions.csv").read_bytes() == before
    assert not (tmp_path / "elsewhere").exists()
    assert sorted_album.corrections.out == out
    assert (sorted_album.corrections.decisions, sorted_album.names) == (made, names)
    assert sorted_album.result is result
    monkeypatch.undo()
    assert sorted_album.undo()


def test_an_export_is_undone_and_what_was_decided_stays(sorted_album, out):
    sorted_album.rename("person_001", "Ann")
    sorted_album.export(out)
    undone = sorted_album.undo_export(out)
    assert undone.kept == ()
    assert [path.name for path in out.iterdir()] == ["decisions.csv"]
    assert sorted_album.result.out is None
    assert "Ann" in sorted_album.names
    with pytest.raises(BadFolder, match="nothing to undo"):
        sorted_album.undo_export(out)


def test_a_folder_that_holds_another_album_is_exported_into_only_if_all_is_kept(
    sorted_album, out, tmp_path, colours
):
    save_tiles(tmp_path / "other" / "x.png", "eve")
    modes.autopilot(tmp_path / "other", out, subject=colours)
    assert set(sorted_album.plan(out)["state"]) == {"new", "kept"}
    with pytest.raises(BadFolder, match="holds the result of other photos"):
        sorted_album.export(out)
    written = sorted_album.export(out, keep_all=True)
    assert [place for place, _ in written.kept] == ["person_001/x.png"]
    assert written.finished


def test_once_results_are_kept_no_correction_numbers_anybody_anew(sorted_album, out) -> None:
    with exporting.alone_in(out, "a test"):
        assert sorted_album.keep()
    second = faces_of(sorted_album, "person_002")
    for _ in range(4):
        sorted_album.ignore(faces_of(sorted_album, "person_001")[0])
    # Now it is seen most.
    assert faces_of(sorted_album, "person_002") == second
    plan = sorted_album.plan(out)
    assert set(plan["name"].dropna()) == set(people(sorted_album))


def test_a_result_that_is_only_kept_follows_the_settings_that_were_tried(sorted_album, out) -> None:
    with exporting.alone_in(out, "a test"):
        sorted_album.keep()
    sorted_album.set(replace(sorted_album.settings, threshold=0.01))
    again = taken_up(out)
    assert again.settings.threshold == 0.01
    assert results_folder.load(out).names == again.names == sorted_album.names
    again.set(replace(again.settings, threshold="auto"))
    assert taken_up(out).settings.threshold == "auto"
    # Of copies, the tables say where they are.
    again.export(out)
    before = (out / "run.json").read_bytes()
    again.set(replace(again.settings, threshold=0.02))
    taken_up(out).set(replace(again.settings, threshold=0.03))
    assert (out / "run.json").read_bytes() == before


def test_what_is_found_is_not_kept_over_another_run_that_writes(sorted_album, out) -> None:
    with exporting.alone_in(out, "a test"):
        sorted_album.keep()
        before = (out / "run.json").read_bytes()
        sorted_album.set(replace(sorted_album.settings, threshold=0.01))
    assert (out / "run.json").read_bytes() == before


def test_somebody_is_hidden_by_number_whatever_the_name_and_shown_again(sorted_album, out) -> None:
    said = sorted_album.hide("person_002")
    assert said == "person_002 is hidden: no folder in the next export"
    assert sorted_album.result.hidden == {"person_002"}
    sorted_album.rename("person_002", "Bob")
    assert sorted_album.result.hidden == {"Bob"}
    assert "Bob" not in set(sorted_album.plan(out)["name"])
    assert "Bob" in sorted_album.names
    sorted_album.show("Bob")
    assert sorted_album.result.hidden == frozenset()
    sorted_album.undo()
    assert sorted_album.result.hidden == {"Bob"}


def test_a_plan_takes_what_was_done_in_the_folders_for_decisions(
    album_folder, out, colours
) -> None:
    modes.autopilot(album_folder, out, subject=colours)
    session = taken_up(out)
    (out / "person_002").rename(out / "Bob")
    planned = session.plan(out)
    assert set(planned["state"]) == {"there already"}
    assert "Bob" in session.names
    written = session.export(out)
    assert any("Bob" in each for each in written.synced)
    assert sorted(each.name for each in out.iterdir() if each.is_dir()) == [
        "Bob",
        "person_001",
        "person_003",
    ]


@pytest.fixture
def many(tmp_path, monkeypatch):
    """An album that is grouped by near pairs; `joined` tells how often all of it was."""
    monkeypatch.setattr(sparse_linkage, "MOST", 50)
    joined, tree = [], sparse_linkage.tree

    def counting(*given, **more):
        joined.append("tree")
        return tree(*given, **more)

    nearest = VectorDistances.nearest
    monkeypatch.setattr(sparse_linkage, "tree", counting)
    monkeypatch.setattr(
        VectorDistances, "nearest", lambda *given: joined.append("near") or nearest(*given)
    )
    looked = drawn_album.draw(400, tmp_path / "photos", seed=3)
    settings = AutopilotSettings(threshold=0.5)
    session = Session(looked, GroupingAssigner(settings), out=tmp_path / "out")
    session.joined = joined
    return session


def test_in_a_large_album_the_threshold_that_set_itself_stays(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sparse_linkage, "MOST", 50)
    looked = drawn_album.draw(400, tmp_path / "photos", seed=3)
    session = Session(looked, GroupingAssigner(AutopilotSettings()))
    threshold, before = session.result.threshold, groups(session)
    largest = [name for name, _ in Counter(people(session)).most_common(6)]
    one = frozenset(row for name in largest for row in session.rows(name).tolist())
    row, *rows = [int(session.rows(name)[0]) for name in largest]
    for other in rows:
        session.merge(session.names[row], session.names[other])
    # Cut elsewhere, as it would be with these made one, the tree would part others.
    assert session.result.threshold == threshold
    assert groups(session) == {each for each in before if not each & one} | {one}
    assert (
        GroupingAssigner(AutopilotSettings()).assign(session.album, session.decided).chosen.value
        != threshold
    )


def test_in_a_large_album_a_correction_changes_what_it_is_about_and_is_there_at_once(many) -> None:
    (first, _), (second, _) = Counter(people(many)).most_common(2)
    before, rows, others = groups(many), many.rows(first), many.rows(second)
    one, other = frozenset(rows.tolist()), frozenset(others.tolist())
    many.rename(first, "Ann")
    assert groups(many) == before
    assert {many.names[row] for row in one} == {"Ann"}
    many.merge("Ann", many.names[others[0]])
    assert groups(many) == before - {one, other} | {one | other}
    many.not_this_individual(int(rows[0]))
    left = frozenset(faces_of(many, "Ann"))
    assert rows[0] not in left
    assert left > other
    # Those most like it may have gone along.
    rest = before - {one, other} | {left}
    assert groups(many) >= rest
    assert frozenset().union(*(groups(many) - rest)) == (one | other) - left
    many.ignore(min(left))
    assert left - {min(left)} in groups(many)
    assert groups(many) >= rest - {left}
    # Near pairs were sought once, and nothing was joined anew.
    assert many.joined == ["near", "tree"]


def test_in_a_large_album_what_is_taken_back_is_as_it_was(many) -> None:
    first, second = list(people(many))[:2]
    before = many.names
    many.merge(first, second)
    merged = many.names
    many.rename(first, "Ann")
    many.undo()
    assert many.names == merged
    many.undo()
    assert many.names == before
    assert many.corrections.decisions == ()
    assert many.joined == ["near", "tree"]


def test_in_a_large_album_what_is_planned_and_exported_is_what_is_shown(many) -> None:
    first, second = list(people(many))[:2]
    many.merge(first, second)
    many.not_this_individual(int(many.rows(first)[0]))
    shown = many.names
    out = many.corrections.out
    planned = many.plan(out)
    written = many.export(out)
    assert many.names == written.names == shown
    assert planned["destination"].tolist() == written.plan["destination"].tolist()
    # A new run has the same decisions, and may find others for who was parted.
    again = Session(many.looked, many.assigner, out=out)
    assert again.names.count(first) >= shown.count(first) - 2


def test_in_a_large_album_what_is_taken_back_after_others_came_is_joined_anew(many) -> None:
    first, second, third = list(people(many))[:3]
    many.merge(first, second)
    many.rename(third, "Ann")
    many.hide(first)
    for _ in range(3):
        many.undo()
    assert many.corrections.decisions == ()
    anew = Session(many.looked, many.assigner)
    assert many.names == anew.names
    assert many.joined.count("tree") > 1
