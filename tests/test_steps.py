"""The steps that the two modes are made of: stopped, gone on with, taken up."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from files_seen import files_in
from tiles import TileDetector, save_tiles

from toolkit import modes
from toolkit.curation.decisions import Decision, key_of, write
from toolkit.errors import BadFolder
from toolkit.results import export, results_folder
from toolkit.results.export import THERE
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject

AUTO, AIMED = AutopilotSettings(), PointAndShootSettings()
TABLES = ("sightings.csv", "photos.csv", "nobody.csv", "problems.csv", "encodings.npz")


@pytest.fixture
def people(tmp_path):
    folder = tmp_path / "people"
    save_tiles(folder / "Ann" / "one.png", "ann", shade=3)
    save_tiles(folder / "Ann" / "two.png", "ann", "bob", shade=3)
    save_tiles(folder / "Bob" / "bob.png", "bob", shade=3)
    return folder


@pytest.fixture
def odd(album_folder):
    """The album, with all that can happen to a photo."""
    (album_folder / "bad.jpg").write_bytes(b"not a picture")
    (album_folder / "none.jpg").touch()
    (album_folder / "film.mp4").write_bytes(b"x")
    shutil.copy(album_folder / "three.png", album_folder / "again, 'and' \"again\".png")
    shutil.copy(album_folder / "empty.png", album_folder / "NA.png")
    return album_folder


def after(count: int):
    """A stop that says yes once `count` photos or copies were told of, and what was told."""
    told = []
    return told, {"progress": lambda *call: told.append(call), "stop": lambda: len(told) >= count}


def tables(out) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


class TestLook:
    def test_the_steps_are_what_the_modes_do(self, odd, people, colours) -> None:
        looked = modes.look(odd, settings=AUTO, subject=colours)
        whole, steps = modes.autopilot(odd, subject=colours), None
        steps = modes.autopilot_of(looked, settings=AUTO)
        assert (steps.names, steps.threshold) == (whole.names, whole.threshold)
        assert steps.album.problems.equals(whole.album.problems)
        assert str(steps).splitlines()[1:] == str(whole).splitlines()[1:]
        looked = modes.look(odd, people=people, settings=AIMED, subject=colours)
        references = modes.read_people(people, odd, settings=AIMED, subject=colours)
        aimed = modes.point_and_shoot_of(looked, references, settings=AIMED)
        whole = modes.point_and_shoot(odd, people, subject=colours)
        assert aimed.names == whole.names
        assert aimed.sightings.equals(whole.sightings)

    def test_complete_says_whether_all_photos_were_looked_at(self, odd, colours) -> None:
        looked = modes.look(odd, settings=AUTO, subject=colours)
        assert looked.complete
        assert looked.listed == 10
        assert len(looked.album.photos) == 8
        assert looked.seconds["wall"] > 0

    @pytest.mark.parametrize("jobs", [1, 4])
    @pytest.mark.parametrize("count", [0, 1, 4, 9])
    def test_stopped_it_has_seen_what_progress_told(self, odd, colours, jobs, count) -> None:
        told, how = after(count)
        settings = AutopilotSettings(jobs=jobs)
        looked = modes.look(odd, settings=settings, subject=colours, **how)
        assert not looked.complete
        assert looked.not_seen == 10 - count
        assert [call[:3] for call in told] == [("photos", i + 1, 10) for i in range(count)]
        problems = looked.album.problems.query("stage != 'listing'")["path"]
        seen = {*looked.album.photos["path"], *problems}
        assert seen == {path for *_, path in told}
        result = modes.autopilot_of(looked, settings=settings)
        assert f"stopped: {10 - count} photo" in str(result)
        assert result.as_dict()["not_seen"] == 10 - count

    def test_folders_are_checked_before_a_photo_is_read(
        self, album_folder, people, tmp_path
    ) -> None:
        class Never(TileDetector):
            def detect(self, image):
                raise AssertionError

        subject = Subject("tile", Never(), None)
        for arguments, complaint in [
            ((tmp_path / "away",), "does not exist"),
            ((album_folder, album_folder.parent), "the photos are in it"),
            ((album_folder, people / "out", people), "inside the people's folder"),
            ((album_folder, None, album_folder), "same folder"),
            ((album_folder, None, tmp_path / "away"), "people: .* does not exist"),
        ]:
            out, refs = (*arguments, None, None)[1:3]
            with pytest.raises(BadFolder, match=complaint):
                modes.look(arguments[0], out, people=refs, settings=AUTO, subject=subject)

    def test_references_and_results_inside_the_photos_are_left_out(
        self, album_folder, people, colours
    ):
        shutil.move(people, album_folder / "people")
        looked = modes.look(
            album_folder, people=album_folder / "people", settings=AIMED, subject=colours
        )
        assert looked.listed == 6


class TestReadPeople:
    def test_stopped_there_are_no_references(self, people, colours) -> None:
        told, how = after(2)
        assert modes.read_people(people, settings=AIMED, subject=colours, **how) is None
        assert [call[:3] for call in told] == [("references", 1, 3), ("references", 2, 3)]

    def test_not_stopped_they_are_whole(self, people, colours) -> None:
        told, how = after(4)
        found = modes.read_people(people, settings=AIMED, subject=colours, **how)
        assert found.names == ("Ann", "Bob")
        assert len(found.problems) == 1
        assert told[-1][:3] == ("references", 3, 3)

    def test_the_photos_themselves_are_refused(self, album_folder, colours) -> None:
        with pytest.raises(BadFolder, match="same folder"):
            modes.read_people(album_folder, album_folder, settings=AIMED, subject=colours)


class TestExport:
    def test_it_writes_what_the_mode_writes(self, odd, tmp_path, colours) -> None:
        modes.autopilot(odd, tmp_path / "whole", subject=colours)
        looked = modes.look(odd, settings=AUTO, subject=colours)
        before = files_in(tmp_path)
        planned = modes.autopilot_of(looked, tmp_path / "steps", settings=AUTO)
        assert files_in(tmp_path) == before
        result = modes.export_result(planned, tmp_path / "steps")
        assert files_in(tmp_path / "steps") == files_in(tmp_path / "whole")
        assert result.plan.equals(planned.plan)
        assert (planned.out, result.out) == (None, tmp_path / "steps")

    def test_it_plans_anew_for_another_folder(self, album_folder, tmp_path, colours) -> None:
        looked = modes.look(album_folder, settings=AUTO, subject=colours)
        first = modes.export_result(modes.autopilot_of(looked, settings=AUTO), tmp_path / "one")
        modes.export_result(first, tmp_path / "two")
        assert files_in(tmp_path / "one") == files_in(tmp_path / "two")
        assert set(modes.export_result(first, tmp_path / "one").plan["state"]) == {"there already"}

    @pytest.mark.parametrize("count", [0, 3, 7])
    def test_stopped_what_was_copied_stays_and_again_goes_on(
        self, album_folder, tmp_path, colours, count
    ) -> None:
        out = tmp_path / "out"
        result = modes.autopilot_of(
            modes.look(album_folder, settings=AUTO, subject=colours), settings=AUTO
        )
        told, how = after(count)
        stopped = modes.export_result(result, out, **how)
        copies = {name for name in files_in(out) if name.endswith(".png")}
        about = json.loads((out / "run.json").read_text())
        assert about["finished"] is False
        assert set(about["files"]) == copies == {place for *_, place in told}
        assert len(copies) == count == stopped.as_dict()["copies"]
        assert stopped.not_reached == 8 - count
        assert f"stopped: {8 - count} file" in str(stopped)
        assert not stopped.not_copied
        done = modes.export_result(result, out)
        assert (done.plan["state"] == "there already").sum() == count
        assert done.not_reached == 0
        assert "stopped:" not in str(done)
        assert json.loads((out / "run.json").read_text())["finished"] is True
        modes.export_result(result, tmp_path / "at once")
        assert files_in(out) == files_in(tmp_path / "at once")

    def test_stopped_nothing_of_an_earlier_run_is_taken_away(self, album_folder, tmp_path, colours):
        out = tmp_path / "out"
        looked = modes.look(album_folder, settings=AUTO, subject=colours)
        modes.export_result(modes.autopilot_of(looked, settings=AUTO), out)
        settings = AutopilotSettings(threshold=0.001)
        other = modes.autopilot_of(looked, settings=settings)
        _, how = after(1)
        before = {name for name in files_in(out) if name.endswith(".png")}
        modes.export_result(other, out, replace=True, **how)
        assert before < {name for name in files_in(out) if name.endswith(".png")}
        modes.export_result(other, out, replace=True)
        modes.export_result(other, tmp_path / "new")
        found, expected = files_in(out), files_in(tmp_path / "new")
        assert "of an earlier run removed" in found.pop("report.html").decode()
        assert "of an earlier run" not in expected.pop("report.html").decode()
        assert sorted(found.values()) == sorted(expected.values())

    def test_photos_not_looked_at_are_not_taken_away(self, album_folder, tmp_path, colours) -> None:
        out = tmp_path / "out"
        modes.autopilot(album_folder, out, subject=colours)
        _, how = after(2)
        looked = modes.look(album_folder, out, settings=AUTO, subject=colours, **how)
        result = modes.autopilot_of(looked, settings=AUTO)
        before = {place for place in files_in(out) if place.endswith(".png")}
        written = modes.export_result(result, out, replace=True)
        assert before <= set(files_in(out))
        assert len(written.kept) == len(before) - int((written.plan["state"] == THERE).sum())
        assert {reason for _, reason in written.kept} == {export.NOT_HERE}

    def test_results_never_go_where_photos_or_references_are(
        self, album_folder, people, tmp_path, colours
    ) -> None:
        looked = modes.look(album_folder, people=people, settings=AIMED, subject=colours)
        references = modes.read_people(people, settings=AIMED, subject=colours)
        result = modes.point_and_shoot_of(looked, references, settings=AIMED)
        before = files_in(tmp_path)
        for out in (album_folder, tmp_path, people, people / "out", ""):
            with pytest.raises(BadFolder):
                modes.export_result(result, out)
            with pytest.raises(BadFolder):
                modes.point_and_shoot_of(looked, references, out, settings=AIMED)
        assert files_in(tmp_path) == before


class TestTakenUp:
    def test_exported_again_all_tables_are_the_same_to_the_byte(self, odd, tmp_path, colours):
        out = tmp_path / "out"
        modes.autopilot(odd, out, subject=colours)
        before = files_in(out)
        assert len(pd.read_csv(out / "nobody.csv")) == 2
        assert len(pd.read_csv(out / "problems.csv")) == 3
        looked, run = modes.taken_up(out)
        assert looked.complete
        again = modes.autopilot_of(looked, settings=AutopilotSettings(**run.settings))
        result = modes.export_result(again, out)
        assert files_in(out) == before
        assert set(result.plan["state"]) == {"there already"}
        # And in a new folder, from the photos where they are.
        modes.export_result(again, tmp_path / "other")
        assert files_in(tmp_path / "other") == before

    def test_so_they_are_with_references(self, odd, people, tmp_path, colours) -> None:
        out = tmp_path / "out"
        modes.point_and_shoot(odd, people, out, subject=colours)
        before = files_in(out)
        looked, run = modes.taken_up(out)
        settings = PointAndShootSettings(**run.settings)
        references = modes.read_people(people, settings=settings, subject=colours)
        modes.export_result(modes.point_and_shoot_of(looked, references, settings=settings), out)
        assert files_in(out) == before
        assert b"reference" in before["problems.csv"]

    def test_so_they_are_with_ignored_faces(self, odd, tmp_path, colours) -> None:
        out = tmp_path / "out"
        first = modes.autopilot(odd, out, subject=colours)
        made = [Decision("ignore", key_of(first.album, row)) for row in range(4)]
        write(out, made)
        whole = modes.autopilot(odd, out, subject=colours, replace=True)
        before = files_in(out)
        looked, _ = modes.taken_up(out)
        again = modes.autopilot_of(looked, settings=AUTO, decided=made)
        assert (again.decided, again.undecided) == (whole.decided, whole.undecided) == (4, 0)
        assert again.as_dict()["ignored"] == 4
        modes.export_result(again, out)
        after = files_in(out)
        # What that run removed, this one found removed.
        assert "of an earlier run removed" in before.pop("report.html").decode()
        assert "of an earlier run" not in after.pop("report.html").decode()
        assert after == before

    def test_a_run_of_a_stopped_look_is_known_as_one(self, odd, tmp_path, colours) -> None:
        _, how = after(5)
        looked = modes.look(odd, settings=AUTO, subject=colours, **how)
        modes.export_result(modes.autopilot_of(looked, settings=AUTO), tmp_path / "out")
        again, run = modes.taken_up(tmp_path / "out")
        assert (again.not_seen, again.listed, again.complete) == (5, 10, False)
        assert run.not_seen == 5

    def test_results_of_it_do_not_go_where_the_photos_are(
        self, album_folder, tmp_path, colours
    ) -> None:
        modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        looked, _ = modes.taken_up(tmp_path / "out")
        result = modes.autopilot_of(looked, settings=AUTO)
        for out in (album_folder, tmp_path):
            with pytest.raises(BadFolder, match="the photos are in it"):
                modes.export_result(result, out)

    @pytest.mark.parametrize(
        ("file", "text"),
        [
            ("photos.csv", None),
            ("problems.csv", None),
            ("photos.csv", ""),
            ("photos.csv", "a,b\n1,2\n"),
            ("photos.csv", "path,photo_digest,width,height,left_out\n"),
            ("problems.csv", "path,stage\na,b\n"),
            ("problems.csv", '"'),
        ],
    )
    def test_without_its_tables_it_is_not_taken_up_but_may_be_read(
        self, album_folder, tmp_path, colours, file, text
    ) -> None:
        out = tmp_path / "out"
        whole = modes.autopilot(album_folder, out, subject=colours)
        if text is None:
            (out / file).unlink()
        else:
            (out / file).write_text(text)
        with pytest.raises(BadFolder, match=file) as complaint:
            modes.taken_up(out)
        assert "\n" not in str(complaint.value)
        run = results_folder.load(out)
        assert run.names == whole.names
        assert len(run.album.photos) == 5
        assert len(run.album.problems) == 0

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("width", "-64"),
            ("width", "65"),
            ("width", "1e9"),
            ("width", "9" * 30),
            ("width", ""),
            ("height", "nan"),
            ("left_out", "-1"),
            ("left_out", "\x1b]0;x\x07"),
            ("photo_digest", "é"),
            ("photo_digest", "0" * 64),
            ("path", "elsewhere.png"),
        ],
    )
    def test_a_table_of_photos_that_does_not_fit_is_named(
        self, album_folder, tmp_path, colours, column, value
    ) -> None:
        out = tmp_path / "out"
        modes.autopilot(album_folder, out, subject=colours)
        table = pd.read_csv(out / "photos.csv", dtype=str)
        table.loc[0, column] = value
        table.to_csv(out / "photos.csv", index=False)
        with pytest.raises(BadFolder, match=r"photos\.csv") as complaint:
            modes.taken_up(out)
        assert str(complaint.value).isprintable()

    def test_a_table_larger_than_it_can_be_is_not_read(
        self, album_folder, tmp_path, colours, monkeypatch
    ) -> None:
        modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        monkeypatch.setattr(results_folder, "LARGEST_TABLE", 100)
        with pytest.raises(BadFolder, match=r"sightings\.csv.* at most 100"):
            results_folder.load(tmp_path / "out")


class TestIgnored:
    def test_ignored_faces_are_counted_as_such(self, album_folder, tmp_path, colours) -> None:
        save_tiles(album_folder / "both.png", "ann", "bob", shade=7)
        looked = modes.look(album_folder, settings=AUTO, subject=colours)
        rows = looked.album.sightings["path"].str.contains("a2|both")
        made = [Decision("ignore", key_of(looked.album, row)) for row in np.flatnonzero(rows)]
        result = modes.autopilot_of(looked, settings=AUTO, decided=made)
        assert (result.decided, result.undecided) == (3, 0)
        reasons = {path.rsplit("/")[-1]: why for path, why in result.nobody.to_numpy()}
        assert reasons == {
            "a2.png": "only faces that you ignored",
            "both.png": "only faces that you ignored",
            "empty.png": "no face found",
        }
        assert result.as_dict()["left_out"] == 0
        assert result.as_dict()["ignored"] == 3
        assert "3 faces ignored, as you decided" in str(result)
        assert "2 photos with no other faces than those" in str(result)
        assert "too small" not in str(result)
        assert len(looked.album) == len(result.album) + 3

    def test_ignored_and_blurred_faces_are_told_apart(self, tmp_path, colours) -> None:
        save_tiles(tmp_path / "photos" / "a.png", "ann", "bob")
        looked = modes.look(tmp_path / "photos", settings=AUTO, subject=colours)
        looked.album.photos["left_out"] = 1
        one, other = (Decision("ignore", key_of(looked.album, row)) for row in (0, 1))
        both = modes.autopilot_of(looked, settings=AUTO, decided=[one, other])
        assert both.nobody["reason"].to_list() == [
            "only faces that you ignored, or too small or too blurred"
        ]
        assert "1 face too small or too blurred" in str(both)
        assert "2 faces ignored, as you decided" in str(both)
        assert len(modes.autopilot_of(looked, settings=AUTO, decided=[one]).nobody) == 0

    def test_ignoring_what_is_not_there_counts_as_not_here(self, album_folder, colours) -> None:
        looked = modes.look(album_folder, settings=AUTO, subject=colours)
        face = key_of(looked.album, 0)
        away = Decision("ignore", type(face)("gone.jpg", "ab" * 32, 0, 0, 9, 9))
        result = modes.autopilot_of(looked, settings=AUTO, decided=[away])
        assert (result.decided, result.undecided) == (1, 1)
        assert "ignored" not in str(result)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [("a\x00b", "holds a NUL"), ("~no-such-user-here/x", r"directory\. Write")],
)
def test_a_path_that_cannot_be_is_refused_in_one_line(path, complaint) -> None:
    with pytest.raises(BadFolder, match=complaint):
        modes.folder_at(path)
