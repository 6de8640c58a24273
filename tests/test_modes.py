import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest
from files_seen import files_in, without_changes
from stopping import after
from tiles import ColourEncoder, TileDetector, save_tiles

from toolkit import modes
from toolkit.curation.decisions import Decision, write
from toolkit.errors import BadFolder, BadSetting
from toolkit.grouping import cluster, linkage
from toolkit.grouping.sighting_finder import key_of
from toolkit.locks import InUse, held
from toolkit.records import Box, Detection
from toolkit.results import results_folder
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject


@pytest.fixture
def three_people(tmp_path):
    folder = tmp_path / "people"
    save_tiles(folder / "Ann" / "one.png", "ann")
    save_tiles(folder / "Ann" / "old" / "two.png", "ann", shade=30)
    save_tiles(folder / "Bob" / "bob.png", "bob")
    save_tiles(folder / "Eve" / "eve.png", "eve")
    return folder


class TestAutopilot:
    def test_a_folder_a_person_and_a_photo_of_three_in_three(self, album_folder, tmp_path, colours):
        result = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        assert result.individuals.to_numpy().tolist() == [
            ["person_001", 5, 5],
            ["person_002", 2, 2],
            ["person_003", 1, 1],
        ]
        found = [name for name in files_in(tmp_path / "out") if name.endswith(".png")]
        assert found == [
            "person_001/a1 (2).png",
            "person_001/a1.png",
            "person_001/a2.png",
            "person_001/a3.png",
            "person_001/three.png",
            "person_002/a3.png",
            "person_002/three.png",
            "person_003/three.png",
        ]

    def test_every_new_face_gets_a_folder_of_its_own(self, tmp_path, colours) -> None:
        for name in ("ann", "bob", "cem", "dee", "eve"):
            save_tiles(tmp_path / "photos" / f"{name}.png", name)
        result = modes.autopilot(tmp_path / "photos", tmp_path / "out", subject=colours)
        assert len(result.individuals) == 5

    def test_photos_with_nobody_are_listed_not_copied(
        self, album_folder, tmp_path, colours
    ) -> None:
        result = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        table = pd.read_csv(tmp_path / "out" / "nobody.csv")
        table = table[["path", "reason"]]
        assert table.to_numpy().tolist() == [["empty.png", "no face found"]]
        assert result.unsorted["path"].to_list() == [str(album_folder / "empty.png")]

    def test_what_is_written_says_where_every_face_is(
        self, album_folder, tmp_path, colours
    ) -> None:
        (album_folder / "bad.jpg").write_bytes(b"no picture")
        result = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        sightings = pd.read_csv(tmp_path / "out" / "sightings.csv")
        assert len(sightings) == len(result.album) == 8
        assert {"name", "path", "left", "top", "right", "bottom", "score"} <= set(sightings)
        problems = pd.read_csv(tmp_path / "out" / "problems.csv")
        assert problems["path"].to_list() == ["bad.jpg"]
        about = json.loads((tmp_path / "out" / "run.json").read_text())
        assert about["threshold"] == result.threshold == result.chosen.value
        assert about["settings"]["method"] == "average"
        assert about["finished"] is True

    def test_without_a_folder_for_results_nothing_is_written(self, album_folder, tmp_path, colours):
        before = files_in(tmp_path)
        result = modes.autopilot(album_folder, subject=colours)
        assert files_in(tmp_path) == before
        assert len(result.individuals) == 3
        assert len(result.plan) == 0

    def test_a_dry_run_plans_and_writes_nothing(self, album_folder, tmp_path, colours) -> None:
        before = files_in(tmp_path)
        result = modes.autopilot(album_folder, tmp_path / "out", subject=colours, dry_run=True)
        assert files_in(tmp_path) == before
        assert not (tmp_path / "out").exists()
        assert len(result.plan) == 8
        assert "would make 8 copies" in str(result)

    def test_results_inside_the_photos_are_not_read_again(self, album_folder, colours) -> None:
        first = modes.autopilot(album_folder, album_folder / "sorted", subject=colours)
        again = modes.autopilot(album_folder, album_folder / "sorted", subject=colours)
        assert len(again.album.photos) == len(first.album.photos)
        assert set(again.plan["state"]) == {"there already"}

    def test_a_copy_of_a_photo_goes_where_the_photo_goes(
        self, album_folder, tmp_path, colours
    ) -> None:
        shutil.copy(album_folder / "three.png", album_folder / "again.png")
        result = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        assert result.individuals["photos"].to_list() == [6, 3, 2]
        assert result.individuals["sightings"].to_list() == [5, 2, 1]
        assert (tmp_path / "out" / "person_003" / "again.png").is_file()

    def test_two_alike_in_a_photo_are_two_people(self, tmp_path, colours) -> None:
        # In three photos together: twins. In one it would be a mirror, see grouping/collages.
        for number in range(3):
            save_tiles(tmp_path / "photos" / f"twins{number}.png", "ann", "ann", shade=number)
        apart = modes.autopilot(tmp_path / "photos", subject=colours)
        assert len(apart.individuals) == 2
        settings = AutopilotSettings(one_per_photo=False)
        together = modes.autopilot(tmp_path / "photos", subject=colours, settings=settings)
        assert len(together.individuals) == 1

    def test_a_lower_threshold_finds_more_people(self, album_folder, colours) -> None:
        settings = AutopilotSettings(threshold=0.01)
        found = modes.autopilot(album_folder, subject=colours, settings=settings)
        assert len(found.individuals) > 3

    def test_a_folder_without_photos_says_what_it_holds(self, tmp_path, colours) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "film.mp4").write_bytes(b"x")
        with pytest.raises(BadFolder, match=r"holds no photo \(1 other files\)"):
            modes.autopilot(tmp_path / "photos", subject=colours)

    def test_nobody_found_is_a_result_and_no_error(self, tmp_path, colours) -> None:
        save_tiles(tmp_path / "photos" / "empty.png")
        result = modes.autopilot(tmp_path / "photos", tmp_path / "out", subject=colours)
        assert len(result.individuals) == 0
        assert "1 photo, 0 faces, 0 people" in str(result)
        assert "<table>" in result._repr_html_()

    def test_progress_names_the_work(self, album_folder, tmp_path, colours) -> None:
        told = []
        modes.autopilot(
            album_folder,
            tmp_path / "out",
            subject=colours,
            progress=lambda *call: told.append(call),
        )
        assert [call[:3] for call in told if call[0] == "photos"][-1] == ("photos", 6, 6)
        assert [call[:3] for call in told if call[0] == "copies"][-1] == ("copies", 8, 8)


class TestPointAndShoot:
    def test_each_photo_of_a_known_person_is_gathered(
        self, album_folder, three_people, tmp_path, colours
    ):
        result = modes.point_and_shoot(
            album_folder, three_people, tmp_path / "out", subject=colours
        )
        found = [name for name in files_in(tmp_path / "out") if name.endswith(".png")]
        assert found == [
            "Ann/a1 (2).png",
            "Ann/a1.png",
            "Ann/a2.png",
            "Ann/a3.png",
            "Ann/three.png",
            "Bob/a3.png",
            "Bob/three.png",
        ]
        assert "in no photo: Eve" in str(result)

    def test_a_stranger_stays_unknown_with_a_reason(
        self, album_folder, three_people, colours
    ) -> None:
        result = modes.point_and_shoot(album_folder, three_people, subject=colours)
        unknown = result.sightings[result.sightings["name"].isna()]
        assert len(unknown) == 1
        assert unknown["path"].iloc[0].endswith("three.png")
        assert "none of the known" in unknown["reason"].iloc[0]
        assert unknown["distance"].iloc[0] > result.threshold

    def test_references_that_cannot_serve_are_named(
        self, album_folder, three_people, tmp_path, colours
    ):
        save_tiles(three_people / "Eve" / "nobody.png")
        save_tiles(three_people / "Eve" / "two.png", "eve", "bob")
        (three_people / "Eve" / "bad.png").write_bytes(b"x")
        save_tiles(three_people / "beside.png", "ann")
        modes.point_and_shoot(album_folder, three_people, tmp_path / "out", subject=colours)
        problems = pd.read_csv(tmp_path / "out" / "problems.csv").set_index("path")["reason"]
        by_name = {path.rsplit("/")[-1]: reason for path, reason in problems.items()}
        assert set(by_name) == {"nobody.png", "two.png", "bad.png", "beside.png"}
        assert "no face" in by_name["nobody.png"]
        assert "2 faces" in by_name["two.png"]
        assert "beside the folders of examples" in by_name["beside.png"]

    def test_of_several_faces_the_largest_serves_only_if_asked(
        self, album_folder, tmp_path, colours
    ):
        people = tmp_path / "people"
        save_tiles(people / "Ann" / "two.png", "bob", "ann")
        with pytest.raises(BadFolder, match="2 faces found"):
            modes.point_and_shoot(album_folder, people, subject=colours)
        settings = PointAndShootSettings(largest=True)
        result = modes.point_and_shoot(album_folder, people, subject=colours, settings=settings)
        assert len(result.references.names) == 1

    def test_people_inside_the_photos_are_not_sorted(
        self, album_folder, three_people, colours
    ) -> None:
        shutil.move(three_people, album_folder / "people")
        result = modes.point_and_shoot(album_folder, album_folder / "people", subject=colours)
        assert len(result.album.photos) == 6

    def test_photos_inside_the_people_are_no_reference(
        self, album_folder, three_people, colours
    ) -> None:
        shutil.move(album_folder, three_people / "photos")
        result = modes.point_and_shoot(three_people / "photos", three_people, subject=colours)
        assert result.references.names == ("Ann", "Bob", "Eve")

    @pytest.mark.parametrize("method", ["nearest", "mean"])
    def test_both_rules_find_the_same_here(
        self, album_folder, three_people, colours, method
    ) -> None:
        settings = PointAndShootSettings(method=method)
        result = modes.point_and_shoot(
            album_folder, three_people, subject=colours, settings=settings
        )
        assert result.individuals["photos"].to_list() == [5, 2]

    def test_folders_are_named_safely_and_two_never_share_one(
        self, album_folder, tmp_path, colours
    ):
        people = tmp_path / "people"
        save_tiles(people / "Ann?" / "a.png", "ann")
        save_tiles(people / "Ann_" / "b.png", "bob")
        modes.point_and_shoot(album_folder, people, tmp_path / "out", subject=colours)
        folders = sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir())
        assert folders == ["Ann_", "Ann_ (2)"]

    def test_who_has_no_example_that_serves_is_never_said_to_be_in_no_photo(
        self, album_folder, three_people, tmp_path, colours
    ):
        (three_people / "Bob" / "bob.png").unlink()
        save_tiles(three_people / "Bob" / "two.png", "ann", "bob")
        result = modes.point_and_shoot(
            album_folder, three_people, tmp_path / "out", subject=colours
        )
        said = str(result)
        assert (
            "could not be searched for (no example photo of a person of that name serves): Bob\n"
        ) in said
        assert "in no photo: Eve\n" in said
        about = result.as_dict()
        assert (about["not_searched"], about["not_found"]) == (["Bob"], ["Eve"])
        assert json.loads((tmp_path / "out" / "run.json").read_text())["not_searched"] == ["Bob"]

    def test_an_example_of_somebody_else_takes_nobody_along(
        self, album_folder, three_people, tmp_path, colours
    ):
        for k in range(2):
            save_tiles(three_people / "Ann" / f"{k}.png", "ann", shade=k)
        save_tiles(three_people / "Ann" / "wrong.png", "cem")
        result = modes.point_and_shoot(
            album_folder, three_people, tmp_path / "out", subject=colours
        )
        assert set(result.individuals["name"]) == {"Ann", "Bob"}
        assert dict(zip(*result.individuals[["name", "sightings"]].to_numpy().T, strict=True)) == {
            "Ann": 5,
            "Bob": 2,
        }
        assert "1 remark on the example photos:" in str(result)
        assert "Ann/wrong.png: unlike the 4 other examples of Ann: not used" in str(result)
        assert "could not be used" not in str(result)
        problems = pd.read_csv(tmp_path / "out" / "problems.csv")
        assert problems["stage"].to_list() == ["reference"]
        assert problems["reason"].iloc[0].startswith("unlike the 4 other examples")
        (doubt,) = result.as_dict()["examples_doubted"]
        assert (doubt["name"], doubt["used"], doubt["nearest"]) == ("Ann", False, None)
        assert json.loads(json.dumps(result.as_dict())) == result.as_dict()

    def test_whom_an_example_in_doubt_names_is_counted(self, album_folder, tmp_path, colours):
        people = tmp_path / "people"
        save_tiles(people / "Ann" / "1.png", "ann")
        save_tiles(people / "Ann" / "2.png", "bob")
        said = str(modes.point_and_shoot(album_folder, people, subject=colours))
        assert "Ann/2.png: unlike other examples of Ann, such as 1.png" in said
        assert "all are used (" in said
        assert "named Ann by it, 5 by others)" in said

    def test_a_folder_of_folders_of_people_is_taken_for_that(self, album_folder, tmp_path, colours):
        people = tmp_path / "people"
        for place in ("Family/Ann", "Family/Bob", "Friends/Cem"):
            save_tiles(people / place / "1.png", place[-3:].lower())
        out = tmp_path / "out"
        result = modes.point_and_shoot(album_folder, people, out, subject=colours)
        assert set(result.individuals["name"]) == {"Ann", "Bob", "Cem"}
        taken = [
            "Family is taken for a folder of people: Ann, Bob",
            "Friends is taken for a folder of people: Cem",
        ]
        assert all(f"{each}\n" in str(result) for each in taken)
        assert result.as_dict()["examples_taken"] == taken
        assert json.loads((out / "run.json").read_text())["examples_taken"] == taken

    def test_a_sorted_folder_serves_as_people_photos_of_several_too(
        self, album_folder, tmp_path, colours
    ):
        sorted_folder = tmp_path / "sorted"
        modes.autopilot(album_folder, sorted_folder, subject=colours)
        # Cem is in one photo only, between two others.
        cem = "Cem" if os.name == "nt" else "Cem C."
        (sorted_folder / "person_003").rename(sorted_folder / cem)
        result = modes.point_and_shoot(
            album_folder, sorted_folder, tmp_path / "out", subject=colours
        )
        assert result.as_dict()["people"] == {"person_001": 5, "person_002": 2, cem: 1}
        assert [path.name for path in (tmp_path / "out" / cem).iterdir()] == ["three.png"]
        assert "sorted is the result of an earlier run" in str(result)
        assert f"({cem} was person_003)" in str(result)
        assert len(result.problems) == 0
        assert len(result.references) == 8

    def test_one_folder_for_both_is_refused(self, album_folder, colours) -> None:
        with pytest.raises(BadFolder, match="same folder"):
            modes.point_and_shoot(album_folder, album_folder, subject=colours)

    def test_people_without_folders_are_refused(self, album_folder, tmp_path, colours) -> None:
        (tmp_path / "people").mkdir()
        with pytest.raises(BadFolder, match="no folder with photos"):
            modes.point_and_shoot(album_folder, tmp_path / "people", subject=colours)


def test_order_of_threads_changes_nothing(album_folder, colours) -> None:
    one = modes.autopilot(album_folder, subject=colours, settings=AutopilotSettings(jobs=1))
    many = modes.autopilot(album_folder, subject=colours, settings=AutopilotSettings(jobs=4))
    assert one.names == many.names
    np.testing.assert_array_equal(one.album.encodings, many.album.encodings)


class TwoSizes(TileDetector):
    """Finds a small face first, and then one that is larger."""

    def detect(self, image, path=None):
        found = super().detect(image, path)
        small = [Detection(Box(d.box.left, 0, d.box.left + 20, 20), d.score) for d in found[:1]]
        return [*small, *found[1:]]


def test_the_largest_face_of_an_example_is_taken_wherever_it_is(tmp_path) -> None:
    subject = Subject("two", TwoSizes(), ColourEncoder())
    save_tiles(tmp_path / "people" / "Bob" / "1.png", "ann", "bob")
    settings = PointAndShootSettings(largest=True)
    found = modes.read_known(tmp_path / "people", settings=settings, subject=subject)
    # Bob's tile is green.
    assert found.encodings[0].argmax() == 1


class TestIgnored:
    def test_ignored_faces_are_counted_as_such(self, album_folder, tmp_path, colours) -> None:
        save_tiles(album_folder / "both.png", "ann", "bob", shade=7)
        looked = modes.look(album_folder, settings=AutopilotSettings(), subject=colours)
        rows = looked.album.sightings["path"].str.contains("a2|both")
        made = [Decision("ignore", key_of(looked.album, row)) for row in np.flatnonzero(rows)]
        result = modes.autopilot_of(looked, settings=AutopilotSettings(), decided=made)
        assert (result.decided, result.undecided) == (3, 0)
        reasons = {path.rsplit("/")[-1]: why for path, why in result.unsorted.to_numpy()}
        assert reasons == {
            "a2.png": "only faces that you ignored",
            "both.png": "only faces that you ignored",
            "empty.png": "no face found",
        }
        assert result.as_dict()["left_out"] == 0
        assert result.as_dict()["ignored"] == 3
        assert "3 faces ignored, as you decided" in str(result)
        assert "2 photos with only faces that you ignored" in str(result)
        assert "too small" not in str(result)
        assert len(looked.album) == len(result.album) == result.count + 3
        assert not looked.album.ignored.any()

    def test_ignored_and_blurred_faces_are_told_apart(self, tmp_path, colours) -> None:
        save_tiles(tmp_path / "photos" / "a.png", "ann", "bob")
        looked = modes.look(tmp_path / "photos", settings=AutopilotSettings(), subject=colours)
        looked.album.photos["left_out"] = 1
        one, other = (Decision("ignore", key_of(looked.album, row)) for row in (0, 1))
        both = modes.autopilot_of(looked, settings=AutopilotSettings(), decided=[one, other])
        assert both.unsorted["reason"].to_list() == [
            "only faces that you ignored, or too small or too blurred"
        ]
        assert "1 face too small or too blurred" in str(both)
        assert "2 faces ignored, as you decided" in str(both)
        found = modes.autopilot_of(looked, settings=AutopilotSettings(), decided=[one])
        assert len(found.unsorted) == 0

    def test_ignoring_what_is_not_there_counts_as_not_here(self, album_folder, colours) -> None:
        looked = modes.look(album_folder, settings=AutopilotSettings(), subject=colours)
        face = key_of(looked.album, 0)
        away = Decision("ignore", type(face)("gone.jpg", "ab" * 32, 0, 0, 9, 9))
        result = modes.autopilot_of(looked, settings=AutopilotSettings(), decided=[away])
        assert (result.decided, result.undecided) == (1, 1)
        assert "ignored" not in str(result)


def test_autopilot_falls_back_to_online_and_everything_is_written(
    tmp_path, album_folder, colours, scarce, roomy_photos
) -> None:
    out, told = tmp_path / "out", []
    result = modes.autopilot(album_folder, out, subject=colours, tell=told.append)
    assert len(told) == 1
    assert "needs about" in told[0]
    assert len(result.album) == 8
    assert len(result.individuals) == 3
    assert result.clustering.method == "online"
    said = str(result)
    assert "grouped by online, not average: average linkage of 8 sightings needs about" in said
    assert "can be had here" in said
    assert result.as_dict()["grouped_by"] == "online"
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "Grouped by online, not average" in report
    assert "was not measured: average linkage of 8 sightings needs about" in report


@pytest.mark.parametrize("method", ["average", "linked", "dbscan", "hdbscan"])
def test_a_method_that_runs_out_of_memory_falls_back(
    album_folder, colours, monkeypatch, method
) -> None:
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(linkage, "tree", fail)
    monkeypatch.setattr(cluster, f"_{method}", fail, raising=False)
    result = modes.autopilot(
        album_folder, subject=colours, settings=AutopilotSettings(method=method)
    )
    assert len(result.individuals) == 3
    assert result.clustering.method == "online"
    assert f"not {method}: there is no memory for 8 faces" in str(result)


AUTO, AIMED = AutopilotSettings(), PointAndShootSettings()


def test_the_result_of_an_earlier_run_serves_as_photos_each_once(
    album_folder, tmp_path, colours
) -> None:
    first = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    (tmp_path / "out" / "person_001").rename(tmp_path / "out" / "Ann")
    again = modes.autopilot(tmp_path / "out", tmp_path / "again", subject=colours)
    # All photos but the one of nobody, the two that show several people once; no table among them.
    assert len(again.album.photos) == 5
    assert len(again.problems) == 0
    assert again.as_dict()["people"] == first.as_dict()["people"]
    said = "out is the result of an earlier run: its 8 copies of 5 photos are taken for the photos"
    assert f"{said}, each once\n" in str(again)
    assert again.as_dict()["taken"] == [f"{said}, each once"]
    assert (
        json.loads((tmp_path / "again" / "run.json").read_text())["taken"]
        == again.as_dict()["taken"]
    )
    assert first.as_dict()["taken"] == []


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
            def detect(self, image, path=None):
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

    @pytest.mark.parametrize("why", ["decisions", "in use"])
    def test_a_folder_of_results_is_refused_before_a_photo_is_looked_at(
        self, album_folder, people, tmp_path, colours, why
    ) -> None:
        out, told = tmp_path / "out", []
        modes.autopilot(album_folder, out, subject=colours)
        how = {"subject": colours, "progress": lambda *said: told.append(said)}
        for run in (
            lambda: modes.autopilot(album_folder, out, **how),
            lambda: modes.point_and_shoot(album_folder, people, out, **how),
        ):
            if why == "decisions":
                (out / "decisions.csv").write_text("decision\nguess\n")
                with pytest.raises(BadSetting):
                    run()
            else:
                with held(out, "another run"), pytest.raises(InUse, match="another run"):
                    run()
        assert told == []

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
        assert without_changes(files_in(out)) == without_changes(before)
        assert set(result.plan["state"]) == {"there already"}
        # And in a new folder, from the photos where they are.
        modes.export_result(again, tmp_path / "other")
        assert without_changes(files_in(tmp_path / "other")) == without_changes(before)

    def test_so_they_are_with_references(self, odd, people, tmp_path, colours) -> None:
        out = tmp_path / "out"
        modes.point_and_shoot(odd, people, out, subject=colours)
        before = files_in(out)
        looked, run = modes.taken_up(out)
        settings = PointAndShootSettings(**run.settings)
        references = modes.read_known(people, settings=settings, subject=colours)
        modes.export_result(modes.point_and_shoot_of(looked, references, settings=settings), out)
        assert without_changes(files_in(out)) == without_changes(before)
        assert b"reference" in before["problems.csv"]

    def test_so_they_are_with_ignored_faces(self, odd, tmp_path, colours) -> None:
        out = tmp_path / "out"
        first = modes.autopilot(odd, out, subject=colours)
        made = [Decision("ignore", key_of(first.album, row)) for row in range(4)]
        write(out, made)
        whole = modes.autopilot(odd, out, subject=colours)
        before = files_in(out)
        looked, _ = modes.taken_up(out)
        again = modes.autopilot_of(looked, settings=AUTO, decided=made)
        assert (again.decided, again.undecided) == (whole.decided, whole.undecided) == (4, 0)
        assert again.as_dict()["ignored"] == 4
        modes.export_result(again, out)
        before, after = without_changes(before), without_changes(files_in(out))
        # What that run removed, this one found removed.
        assert "of an earlier run removed" in before.pop("report.html").decode()
        assert "of an earlier run" not in after.pop("report.html").decode()
        # And so the record of the two tells of two reports.
        records = [json.loads(each.pop("run.json")) for each in (before, after)]
        for record in records:
            record.pop("tables")
        assert records[0] == records[1]
        assert after == before

    def test_what_was_ignored_comes_back_where_no_decision_says_so_any_more(
        self, odd, tmp_path, colours
    ) -> None:
        out = tmp_path / "out"
        first = modes.autopilot(odd, out, subject=colours)
        write(out, [Decision("ignore", key_of(first.album, 2))])
        assert modes.autopilot(odd, out, subject=colours).names[2] is None
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
