"""What a mode found, written into a folder: as a whole, stopped, gone on with."""

import json

import pytest
from files_seen import files_in
from stopping import after

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.results import export, exporting, results_folder
from toolkit.results.export import THERE
from toolkit.settings import AutopilotSettings, PointAndShootSettings

AUTO, AIMED = AutopilotSettings(), PointAndShootSettings()


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
        looked = modes.look(album_folder, known=people, settings=AIMED, subject=colours)
        references = modes.read_known(people, settings=AIMED, subject=colours)
        result = modes.point_and_shoot_of(looked, references, settings=AIMED)
        before = files_in(tmp_path)
        for out in (album_folder, tmp_path, people, people / "out", ""):
            with pytest.raises(BadFolder):
                modes.export_result(result, out)
            with pytest.raises(BadFolder):
                modes.point_and_shoot_of(looked, references, out, settings=AIMED)
        assert files_in(tmp_path) == before


class TestKeep:
    def test_it_writes_all_but_the_copies_and_is_taken_up_as_an_export_is(
        self, odd, tmp_path, colours
    ) -> None:
        looked = modes.look(odd, settings=AUTO, subject=colours)
        result = modes.autopilot_of(looked, settings=AUTO)
        out = tmp_path / "out"
        with exporting.alone_in(out, "a test"):
            assert exporting.keep_result(result, out)
        assert {path.name for path in out.iterdir()} == {
            *("run.json", "encodings.npz", "sightings.csv"),
            *("photos.csv", "nobody.csv", "problems.csv"),
        }
        modes.export_result(result, tmp_path / "whole")
        kept, whole = results_folder.load(out), results_folder.load(tmp_path / "whole")
        assert kept.names == whole.names == result.names
        assert kept.album.photos.equals(whole.album.photos)
        assert kept.album.sightings.equals(whole.album.sightings)
        assert kept.photos_folder == odd
        assert json.loads((out / "run.json").read_text())["finished"] is False
        # An export goes on from there, as into a new folder.
        modes.export_result(result, out)
        assert files_in(out) == files_in(tmp_path / "whole")

    def test_a_folder_of_copies_is_left_as_it_is(self, album_folder, tmp_path, colours) -> None:
        result = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        before = files_in(tmp_path)
        assert not exporting.keep_result(result, tmp_path / "out")
        assert files_in(tmp_path) == before

    def test_photos_are_no_place_for_results(self, album_folder, colours) -> None:
        result = modes.autopilot(album_folder, subject=colours)
        with pytest.raises(BadFolder, match="the photos are in it"):
            exporting.keep_result(result, album_folder)
