"""What a mode found, written into a folder: as a whole, stopped, gone on with."""

import json
import shutil

import pandas as pd
import pytest
from files_seen import files_in, without_changes
from stopping import after
from tiles import save_tiles

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.results import export, exporting, results_folder
from toolkit.results.export import THERE
from toolkit.settings import AutopilotSettings, PointAndShootSettings

AUTO, AIMED = AutopilotSettings(), PointAndShootSettings()


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_what_a_mark_is_made_of_is_the_same_in_pieces(monkeypatch, count) -> None:
    """A run that finds the same again has the mark that the version before gave it."""
    monkeypatch.setattr(exporting, "TOGETHER", 3)
    table = pd.DataFrame(
        {
            "path": ["a/b", 'ü"x', "c\\", "", "e\u2028", "=1", "g"],
            "width": range(7),
            'o/"x': [1.5, None, 3e20, 1 / 3, 0, 1, 2],
        }
    ).iloc[:count]
    assert b"".join(exporting._json_pieces(table)).decode() == table.to_json()
    names = [None, "a", "ü", None, 'b"', "c", "d"][:count]
    digests = list("0123456")[:count]
    made = b"".join(exporting._json_of((names, digests))).decode()
    assert made == json.dumps([names, digests])


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
        assert without_changes(files_in(out)) == without_changes(files_in(tmp_path / "at once"))

    def test_stopped_nothing_of_an_earlier_run_is_taken_away(self, album_folder, tmp_path, colours):
        out = tmp_path / "out"
        looked = modes.look(album_folder, settings=AUTO, subject=colours)
        modes.export_result(modes.autopilot_of(looked, settings=AUTO), out)
        settings = AutopilotSettings(threshold=0.001)
        other = modes.autopilot_of(looked, settings=settings)
        _, how = after(1)
        before = {name for name in files_in(out) if name.endswith(".png")}
        modes.export_result(other, out, **how)
        assert before < {name for name in files_in(out) if name.endswith(".png")}
        modes.export_result(other, out)
        modes.export_result(other, tmp_path / "new")
        found = without_changes(files_in(out))
        expected = without_changes(files_in(tmp_path / "new"))
        assert "of an earlier run removed" in found.pop("report.html").decode()
        assert "of an earlier run" not in expected.pop("report.html").decode()
        # Of them, the record tells more: what each run put there, and what is in the report.
        records = [json.loads(each.pop("run.json")) for each in (found, expected)]
        for record in records:
            del record["added"], record["tables"], record["files"]
        assert records[0] == records[1]
        assert sorted(found.values()) == sorted(expected.values())

    def test_photos_not_looked_at_are_not_taken_away(self, album_folder, tmp_path, colours) -> None:
        out = tmp_path / "out"
        modes.autopilot(album_folder, out, subject=colours)
        _, how = after(2)
        looked = modes.look(album_folder, out, settings=AUTO, subject=colours, **how)
        result = modes.autopilot_of(looked, settings=AUTO)
        before = {place for place in files_in(out) if place.endswith(".png")}
        written = modes.export_result(result, out)
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


class TestAnotherAlbum:
    """A folder of results that holds another album is refused, before the photos are looked at."""

    @pytest.fixture
    def sorted_once(self, album_folder, tmp_path, colours):
        modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        return tmp_path / "out"

    @pytest.fixture
    def other(self, tmp_path):
        # Cameras number alike: names say little.
        for name in ("a1.png", "a2.png", "deep/a3.png", "more.png"):
            save_tiles(tmp_path / "other" / name, "dee", shade=7)
        return tmp_path / "other"

    def test_it_is_refused_in_a_line_that_names_both(
        self, sorted_once, other, album_folder, people, colours
    ) -> None:
        before, told = files_in(sorted_once), []
        how = {"subject": colours, "progress": lambda *said: told.append(said)}
        for run in (
            lambda **more: modes.autopilot(other, sorted_once, **how, **more),
            lambda **more: modes.point_and_shoot(other, people, sorted_once, **how, **more),
            lambda **more: modes.autopilot(other, sorted_once, dry_run=True, **how),
        ):
            with pytest.raises(BadFolder, match="holds the result of other photos") as refused:
                run()
            assert str(album_folder) in str(refused.value)
            assert str(other) in str(refused.value)
            assert "--keep-all" in str(refused.value)
        assert (told, files_in(sorted_once)) == ([], before)
        found = modes.autopilot_of(modes.look(other, settings=AUTO, subject=colours), settings=AUTO)
        with pytest.raises(BadFolder, match="other photos"):
            modes.export_result(found, sorted_once)

    def test_both_lie_there_when_all_is_to_be_kept(self, sorted_once, other, colours) -> None:
        before = {place for place in files_in(sorted_once) if place.endswith(".png")}
        result = modes.autopilot(other, sorted_once, subject=colours, keep_all=True)
        after = {place for place in files_in(sorted_once) if place.endswith(".png")}
        assert before < after
        assert {reason for _, reason in result.kept} == {export.ASKED}
        assert set(json.loads((sorted_once / "run.json").read_text())["files"]) == after

    @pytest.mark.parametrize("how", ["within", "around", "moved", "renamed", "moved together"])
    def test_the_same_photos_in_another_folder_are_no_other_album(
        self, sorted_once, album_folder, tmp_path, colours, how
    ) -> None:
        out = sorted_once
        if how == "within":
            place = album_folder / "deep"
        elif how == "around":
            place = tmp_path
        elif how == "moved together":
            (tmp_path / "disk").mkdir()
            shutil.move(album_folder, tmp_path / "disk" / "photos")
            out = shutil.move(out, tmp_path / "disk" / "out")
            place = tmp_path / "disk" / "photos"
        else:
            place = shutil.move(album_folder, tmp_path / "elsewhere")
            if how == "renamed":
                shutil.move(place / "deep", place / "2024")
        exporting.require_same_album(out, place, modes.list_photos(place, out).listing.photos)

    def test_a_result_that_cannot_be_read_is_mended_not_refused(
        self, sorted_once, other, colours
    ) -> None:
        (sorted_once / "photos.csv").unlink()
        modes.autopilot(other, sorted_once, subject=colours)


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
        assert without_changes(files_in(out)) == without_changes(files_in(tmp_path / "whole"))

    def test_a_folder_of_copies_is_left_as_it_is(self, album_folder, tmp_path, colours) -> None:
        result = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        before = files_in(tmp_path)
        assert not exporting.keep_result(result, tmp_path / "out")
        assert files_in(tmp_path) == before

    def test_photos_are_no_place_for_results(self, album_folder, colours) -> None:
        result = modes.autopilot(album_folder, subject=colours)
        with pytest.raises(BadFolder, match="the photos are in it"):
            exporting.keep_result(result, album_folder)
