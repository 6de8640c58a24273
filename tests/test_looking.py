"""What both modes begin with: looked at, stopped, gone on with, taken up again."""

import shutil

import pandas as pd
import pytest
from files_seen import files_in
from stopping import after
from tiles import TileDetector

from toolkit import modes
from toolkit.curation.decisions import Decision, key_of, write
from toolkit.errors import BadFolder
from toolkit.results import results_folder
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject

AUTO, AIMED = AutopilotSettings(), PointAndShootSettings()


class TestLook:
    def test_the_steps_are_what_the_modes_do(self, odd, people, colours) -> None:
        looked = modes.look(odd, settings=AUTO, subject=colours)
        whole, steps = modes.autopilot(odd, subject=colours), None
        steps = modes.autopilot_of(looked, settings=AUTO)
        assert (steps.names, steps.threshold) == (whole.names, whole.threshold)
        assert steps.album.problems.equals(whole.album.problems)
        assert str(steps).splitlines()[1:] == str(whole).splitlines()[1:]
        looked = modes.look(odd, known=people, settings=AIMED, subject=colours)
        references = modes.read_known(people, odd, settings=AIMED, subject=colours)
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
            ((album_folder, people / "out", people), "inside the folder of examples"),
            ((album_folder, None, album_folder), "same folder"),
            ((album_folder, None, tmp_path / "away"), "known: .* does not exist"),
        ]:
            out, refs = (*arguments, None, None)[1:3]
            with pytest.raises(BadFolder, match=complaint):
                modes.look(arguments[0], out, known=refs, settings=AUTO, subject=subject)

    def test_references_and_results_inside_the_photos_are_left_out(
        self, album_folder, people, colours
    ):
        shutil.move(people, album_folder / "people")
        looked = modes.look(
            album_folder, known=album_folder / "people", settings=AIMED, subject=colours
        )
        assert looked.listed == 6


class TestReadPeople:
    def test_stopped_there_are_no_references(self, people, colours) -> None:
        told, how = after(2)
        assert modes.read_known(people, settings=AIMED, subject=colours, **how) is None
        assert [call[:3] for call in told] == [("references", 1, 3), ("references", 2, 3)]

    def test_not_stopped_they_are_whole(self, people, colours) -> None:
        told, how = after(4)
        found = modes.read_known(people, settings=AIMED, subject=colours, **how)
        assert found.names == ("Ann", "Bob")
        assert len(found.problems) == 1
        assert told[-1][:3] == ("references", 3, 3)

    def test_the_photos_themselves_are_refused(self, album_folder, colours) -> None:
        with pytest.raises(BadFolder, match="same folder"):
            modes.read_known(album_folder, album_folder, settings=AIMED, subject=colours)


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
        references = modes.read_known(people, settings=settings, subject=colours)
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

    def test_what_was_ignored_comes_back_where_no_decision_says_so_any_more(
        self, odd, tmp_path, colours
    ) -> None:
        out = tmp_path / "out"
        first = modes.autopilot(odd, out, subject=colours)
        write(out, [Decision("ignore", key_of(first.album, 2))])
        assert modes.autopilot(odd, out, subject=colours, replace=True).names[2] is None
        looked, run = modes.taken_up(out)
        assert run.album.ignored.sum() == 1
        assert not looked.album.ignored.any()
        assert modes.autopilot_of(looked, settings=AUTO).names == first.names

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
