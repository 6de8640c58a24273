import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from files_seen import files_in
from hypothesis import given
from hypothesis import strategies as st
from tiles import save_tiles

from toolkit import modes
from toolkit.calibration import Calibration
from toolkit.errors import BadFolder
from toolkit.photos import opening
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Album,
    EncoderInfo,
    empty_table,
)
from toolkit.results import export
from toolkit.results.export import COMPANION, LEFT_OVER, NEW, THERE, counted, summarise
from toolkit.results.results_folder import ResultsFolder
from toolkit.results.undo import undo
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.tables import write_table

INFO = EncoderInfo("test", "ab" * 32, 1, "euclidean", Calibration(60.0, 0.55))


def album_of(folder: Path, who: dict[str, list[str]]) -> tuple[Album, list[str]]:
    """An album of the photos in a folder, with the people named for each."""
    photos_rows, sightings, names = [], [], []
    for path in opening.find(folder).photos:
        digest = opening.digest_of(path)
        new = digest not in {row[1] for row in photos_rows}
        photos_rows.append((str(path), digest, 64, 64, 0))
        for name in who.get(path.relative_to(folder).as_posix(), []) if new else []:
            sightings.append((digest, str(path), 0, 0, 9, 9, 1.0))
            names.append(name)
    return Album(
        pd.DataFrame(photos_rows, columns=list(PHOTO_COLUMNS)),
        pd.DataFrame(sightings, columns=list(SIGHTING_COLUMNS)),
        np.zeros((len(sightings), 1), np.float32),
        INFO,
        empty_table(PROBLEM_COLUMNS),
    ), names


@pytest.fixture
def planned(tmp_path):
    folder = tmp_path / "photos"
    save_tiles(folder / "a.png", "ann")
    save_tiles(folder / "day 2" / "a.png", "ann", "bob")
    save_tiles(folder / "c.png", "cem")
    album, names = album_of(
        folder, {"a.png": ["Ann"], "day 2/a.png": ["Ann", "Bob"], "c.png": ["Ann"]}
    )
    return album, names, tmp_path / "out"


def test_a_plan_touches_nothing_and_says_everything(planned) -> None:
    album, names, out = planned
    table = export.plan(album, names, out)
    assert not out.exists()
    assert table["destination"].to_list() == [
        "Ann/a.png",
        "Ann/c.png",
        "Ann/a (2).png",
        "Bob/a (2).png",
    ]
    assert set(table["state"]) == {export.NEW}
    assert table["bytes"].to_list() == [Path(source).stat().st_size for source in table["source"]]


def test_copies_are_whole_and_originals_untouched(planned) -> None:
    album, names, out = planned
    before = {path: Path(path).stat() for path in album.photos["path"]}
    table = export.plan(album, names, out)
    assert export.apply(table, out).finished
    for row in table.itertuples():
        assert (out / row.destination).read_bytes() == Path(row.source).read_bytes()
        assert (out / row.destination).stat().st_mtime == Path(row.source).stat().st_mtime
    for path, stat in before.items():
        now = Path(path).stat()
        assert (now.st_mtime_ns, now.st_size, now.st_nlink) == (
            stat.st_mtime_ns,
            stat.st_size,
            stat.st_nlink,
        )
    assert not list(out.rglob(".sightings-*"))


def test_a_second_run_copies_nothing_again(planned) -> None:
    album, names, out = planned
    export.apply(export.plan(album, names, out), out)
    first = files_in(out)
    again = export.plan(album, names, out)
    assert set(again["state"]) == {export.THERE}
    export.apply(again, out)
    assert files_in(out) == first


def test_what_is_there_is_never_overwritten(planned) -> None:
    album, names, out = planned
    export.apply(export.plan(album, names, out), out)
    (out / "Ann" / "a.png").write_bytes(b"edited by hand")
    again = export.plan(album, names, out)
    export.apply(again, out)
    assert (out / "Ann" / "a.png").read_bytes() == b"edited by hand"
    ours = again[(again["folder"] == "Ann") & (again["state"] == export.NEW)]
    assert len(ours) == 1
    assert (out / ours["destination"].iloc[0]).is_file()


def test_a_name_taken_meanwhile_is_reported_and_kept(planned) -> None:
    album, names, out = planned
    table = export.plan(album, names, out)
    (out / "Bob").mkdir(parents=True)
    (out / "Bob" / "a (2).png").write_bytes(b"somebody was quicker")
    ((source, reason),) = export.apply(table, out).not_copied
    assert source.endswith("a.png")
    assert "Bob/a (2).png" in reason
    assert (out / "Bob" / "a (2).png").read_bytes() == b"somebody was quicker"


def test_another_answer_leaves_nothing_behind_and_nothing_mixed(planned) -> None:
    album, names, out = planned
    export.apply(export.plan(album, names, out), out)
    other = export.plan(album, ["Ann", None, "Ann", "Bob"], out)
    left = other[other["state"] == export.LEFT_OVER]
    assert left["destination"].to_list() == ["Ann/c.png"]
    outcome = export.apply(other, out)
    assert outcome.removed == ("Ann/c.png",)
    assert "Ann/c.png" not in files_in(out)
    assert set(ResultsFolder(out).files()) == set(files_in(out)) - {"run.json"}


def test_all_is_kept_when_that_is_asked_for_and_goes_with_a_later_run(planned) -> None:
    album, names, out = planned
    export.apply(export.plan(album, names, out), out)
    sorted_otherwise = ["Ann", None, "Ann", "Bob"]
    before = files_in(out)
    outcome = export.apply(export.plan(album, sorted_otherwise, out), out, keep_all=True)
    assert outcome.kept == (("Ann/c.png", export.ASKED),)
    assert {**before, "run.json": b""} == {**files_in(out), "run.json": b""}
    assert export.apply(export.plan(album, sorted_otherwise, out), out).removed == ("Ann/c.png",)


def test_replacing_keeps_what_was_changed_by_hand(planned) -> None:
    album, names, out = planned
    export.apply(export.plan(album, names, out), out)
    (out / "Ann" / "c.png").write_bytes(b"edited")
    other = export.plan(album, ["Ann", None, "Ann", "Bob"], out)
    ((path, reason),) = export.apply(other, out).kept
    assert path.endswith("c.png")
    assert "changed" in reason
    assert (out / "Ann" / "c.png").read_bytes() == b"edited"


def test_a_record_made_by_somebody_else_cannot_delete_outside(planned, tmp_path) -> None:
    album, names, out = planned
    victim = save_tiles(tmp_path / "victim.png", "eve")
    out.mkdir()
    digest = opening.digest_of(victim)
    places = ["../victim.png", str(victim), "a/../../victim.png", "a\\..\\victim.png", "victim.png"]
    ResultsFolder(out).write_record(dict.fromkeys(places, digest), {})
    assert ResultsFolder(out).files() == {}
    export.apply(export.plan(album, names, out), out)
    assert victim.is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_point_to_the_originals(planned) -> None:
    album, names, out = planned
    table = export.plan(album, names, out)
    export.apply(table, out, link="symbolic")
    for row in table.itertuples():
        assert (out / row.destination).is_symlink()
        assert (out / row.destination).resolve() == Path(row.source).resolve()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_folder_that_is_a_link_is_refused(planned, tmp_path) -> None:
    album, names, out = planned
    out.mkdir()
    (out / "Ann").symlink_to(tmp_path / "photos")
    with pytest.raises(BadFolder, match="is a link"):
        export.apply(export.plan(album, names, out), out)
    assert len(opening.find(tmp_path / "photos").photos) == 3


def test_an_interrupted_run_can_be_taken_up(planned) -> None:
    album, names, out = planned

    def stop(done, total, item):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export.apply(export.plan(album, names, out), out, progress=stop)
    assert json.loads((out / "run.json").read_text())["finished"] is False
    export.check_out(out, photos=out.parent / "photos")
    again = export.plan(album, names, out)
    assert sorted(again["state"]) == [export.NEW] * 2 + [export.THERE] * 2
    export.apply(again, out)
    assert json.loads((out / "run.json").read_text())["finished"] is True
    assert len(files_in(out)) == 5


def test_too_small_a_disk_is_said_before_the_first_copy(planned, monkeypatch) -> None:
    album, names, out = planned
    monkeypatch.setattr(export.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(BadFolder, match="MB free"):
        export.apply(export.plan(album, names, out), out)
    assert not [path for path in files_in(out) if path.endswith(".png")]


class TestCheckOut:
    def test_a_folder_with_anything_else_in_it_is_refused(self, tmp_path) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "out").mkdir()
        export.check_out(tmp_path / "out", photos=tmp_path / "photos")
        (tmp_path / "out" / "diary.txt").write_text("mine")
        with pytest.raises(BadFolder, match="not empty"):
            export.check_out(tmp_path / "out", photos=tmp_path / "photos")

    @pytest.mark.parametrize("out", ["photos", ".", "people", "people/out"])
    def test_places_that_would_mix_results_with_sources(self, tmp_path, out) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "people").mkdir()
        with pytest.raises(BadFolder, match="results cannot go"):
            export.check_out(tmp_path / out, photos=tmp_path / "photos", known=tmp_path / "people")

    def test_inside_the_photos_is_allowed(self, tmp_path) -> None:
        (tmp_path / "photos").mkdir()
        export.check_out(tmp_path / "photos" / "sorted", photos=tmp_path / "photos")

    def test_a_file_is_refused(self, tmp_path) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "out").write_text("x")
        with pytest.raises(BadFolder, match="is a file"):
            export.check_out(tmp_path / "out", photos=tmp_path / "photos")


names_of_people = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["Ann", "ann", "ANN", "run.json", "captures", "..", "a/b", "a:b", "a?b", "con"]
)


@given(st.lists(names_of_people, min_size=1, max_size=12), st.integers(1, 4))
def test_a_plan_has_no_destination_twice(tmp_path, people, each) -> None:
    rows, sightings, names = [], [], []
    source = tmp_path / "x.jpg"
    source.touch()
    for number, name in enumerate(people):
        for _ in range(each):
            digest = f"{len(rows):064x}"
            rows.append((str(source), digest, 9, 9, 0))
            sightings.append((digest, str(source), 0, 0, 9, 9, 1.0))
            names.append(name if number % 5 else people[0])
    album = Album(
        pd.DataFrame(rows, columns=list(PHOTO_COLUMNS)),
        pd.DataFrame(sightings, columns=list(SIGHTING_COLUMNS)),
        np.zeros((len(sightings), 1), np.float32),
        INFO,
        empty_table(PROBLEM_COLUMNS),
    )
    table = export.plan(album, names, tmp_path / "out")
    folded = [place.casefold() for place in table["destination"]]
    assert len(set(folded)) == len(folded) == len(names)
    for place in table["destination"]:
        assert (tmp_path / "out" / place).resolve().parent.parent == (tmp_path / "out").resolve()
        assert place.split("/")[0].casefold() not in export.RESERVED


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows any bytes in a name")
def test_a_name_that_is_no_text_is_copied_and_written(tmp_path) -> None:
    odd = os.fsdecode(bytes(tmp_path) + b"/photos/caf\xe9.png")
    (tmp_path / "photos").mkdir()
    save_tiles(tmp_path / "a.png", "ann").rename(odd)
    album, names = album_of(tmp_path / "photos", {Path(odd).name: ["Ann"]})
    out = tmp_path / "out"
    assert export.apply(export.plan(album, names, out), out).finished
    assert [os.fsencode(path.name) for path in (out / "Ann").iterdir()] == [b"caf\xe9.png"]
    write_table(album.photos, out / "photos.csv")
    assert "caf\\u{dce9}.png" in (out / "photos.csv").read_text(encoding="utf-8")


class TestWhatIsNotCopied:
    """A photo that should have been copied and was not is named, and nothing is called finished."""

    def meddled(self, planned, how, **settings):
        album, names, out = planned
        table = export.plan(album, names, out, link=settings.get("link"))
        source = Path(table["source"].iloc[0])
        how(source)
        return source, export.apply(table, out, **settings)

    @pytest.mark.skipif(sys.platform == "win32", reason="pipes and links are other on Windows")
    @pytest.mark.parametrize("link", [None, "symbolic", "hard", "clone"])
    @pytest.mark.parametrize(
        ("how", "why"),
        [
            (lambda path: path.unlink(), "No such file"),
            (lambda path: path.write_bytes(b"another"), "changed since it was looked at"),
            (lambda path: (path.unlink(), os.mkfifo(path)), "not a regular file"),
            (lambda path: (path.unlink(), path.mkdir()), "not a regular file"),
            (lambda path: (path.unlink(), path.symlink_to("/dev/zero")), "not a regular file"),
            (lambda path: (path.unlink(), path.symlink_to(path)), "symbolic links"),
        ],
    )
    def test_it_is_named_with_the_reason(self, planned, link, how, why) -> None:
        source, outcome = self.meddled(planned, how, link=link)
        assert {path for path, _ in outcome.not_copied} == {str(source)}
        assert all(why in reason for _, reason in outcome.not_copied)
        assert not outcome.finished
        record = json.loads((planned[2] / "run.json").read_text())
        assert record["finished"] is False
        assert not [place for place in record["files"] if not (planned[2] / place).is_file()]

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
    def test_a_link_that_was_there_leads_to_the_photo_that_was_seen(self, planned) -> None:
        album, names, out = planned
        export.apply(export.plan(album, names, out, link="symbolic"), out, link="symbolic")
        table = export.plan(album, names, out, link="symbolic")
        assert set(table["state"]) == {export.THERE}
        Path(table["source"].iloc[0]).write_bytes(b"another")
        outcome = export.apply(table, out, link="symbolic")
        assert "changed since" in outcome.not_copied[0][1]
        assert not outcome.finished

    def test_a_file_larger_than_is_allowed(self, planned, monkeypatch) -> None:
        def too_large(path):
            raise OSError(27, "File too large")

        monkeypatch.setattr(export, "create", too_large)
        _, outcome = self.meddled(planned, lambda path: None)
        assert len(outcome.not_copied) == 4
        assert "File too large" in outcome.not_copied[0][1]


class TestTheLastCopy:
    """A file of an earlier run goes only while the same bytes can be read elsewhere."""

    @pytest.fixture
    def sorted_otherwise(self, planned):
        album, names, out = planned
        export.apply(export.plan(album, names, out), out)
        return album, ["Ann", None, "Ann", "Bob"], out

    def test_it_goes_while_the_photo_is_there(self, sorted_otherwise) -> None:
        album, names, out = sorted_otherwise
        outcome = export.apply(export.plan(album, names, out), out)
        assert (outcome.removed, outcome.kept) == (("Ann/c.png",), ())
        assert not (out / "Ann" / "c.png").exists()

    @pytest.mark.skipif(sys.platform == "win32", reason="links are other on Windows")
    @pytest.mark.parametrize(
        "how",
        [
            lambda path, copy: path.unlink(),
            lambda path, copy: path.write_bytes(b"damaged"),
            lambda path, copy: (path.unlink(), os.mkfifo(path)),
            lambda path, copy: (path.unlink(), path.symlink_to(copy)),
            lambda path, copy: (path.unlink(), path.symlink_to(path)),
        ],
    )
    def test_it_stays_when_the_photo_went_between_plan_and_copies(
        self, sorted_otherwise, how
    ) -> None:
        album, names, out = sorted_otherwise
        table = export.plan(album, names, out)
        copy = out / "Ann" / "c.png"
        before = copy.read_bytes()
        # Somebody else may have put its file in the place of the photo that is sorted.
        source = Path(table["source"][table["state"] == export.LEFT_OVER].iloc[0])
        how(source, copy)
        outcome = export.apply(table, out)
        assert [place for place, _ in outcome.kept] == ["Ann/c.png"]
        assert copy.read_bytes() == before
        assert ResultsFolder(out).files()["Ann/c.png"]
        assert export.told(outcome.removed, outcome.kept) == [
            f"1 file of an earlier run kept ({export.NOT_HERE}): Ann (1)"
        ]

    def test_it_goes_when_the_bytes_are_elsewhere_in_the_results(self, planned) -> None:
        album, names, out = planned
        export.apply(export.plan(album, names, out), out)
        # c.png is Bob's now, copied, and then the photo goes.
        table = export.plan(album, ["Ann", "Bob", "Ann", "Bob"], out)
        source = Path(table["source"][table["state"] == export.LEFT_OVER].iloc[0])

        def gone(done, total, place) -> None:
            source.unlink(missing_ok=True)

        outcome = export.apply(table, out, progress=gone)
        assert "Bob/c.png" in outcome.files
        assert outcome.removed == ("Ann/c.png",)

    def test_it_stays_when_its_new_copy_fails(self, planned, monkeypatch) -> None:
        album, names, out = planned
        export.apply(export.plan(album, names, out), out)
        table = export.plan(album, ["Ann", "Bob", "Ann", "Bob"], out)

        def broken(*_: object, **__: object) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(export, "put", broken)
        outcome = export.apply(table, out)
        assert dict(outcome.kept) == {"Ann/c.png": "its new copy could not be made"}
        assert (out / "Ann" / "c.png").is_file()

    def test_a_hard_link_of_it_among_the_photos_is_no_second_file_only_if_it_is_one(
        self, sorted_otherwise
    ) -> None:
        album, names, out = sorted_otherwise
        table = export.plan(album, names, out)
        source = Path(table["source"][table["state"] == export.LEFT_OVER].iloc[0])
        source.unlink()
        os.link(out / "Ann" / "c.png", source)
        outcome = export.apply(table, out)
        assert outcome.removed == ("Ann/c.png",)
        assert source.is_file()

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
    def test_what_a_photo_is_a_link_to_stays_however_many_names_it_has(
        self, sorted_otherwise
    ) -> None:
        album, names, out = sorted_otherwise
        copy = out / "Ann" / "c.png"
        table = export.plan(album, names, out)
        source = Path(table["source"][table["state"] == export.LEFT_OVER].iloc[0])
        source.unlink()
        source.symlink_to(copy)
        os.link(copy, out.parent / "a third name.png")
        seen = album.photos["path"]
        outcome = export.apply(table, out, seen=seen)
        assert dict(outcome.kept) == {"Ann/c.png": "a photo of this run was read from it"}
        assert source.read_bytes()

    def test_many_copies_of_one_photo_are_taken_away_one_by_one(self, tmp_path, monkeypatch):
        count, read = 300, []
        for number in range(count):
            save_tiles(tmp_path / "photos" / f"{number:03d}.png", "ann")
        album, names = album_of(tmp_path / "photos", {"000.png": ["Ann"]})
        out = tmp_path / "out"
        export.apply(export.plan(album, names, out), out)
        real = export.digest_of
        monkeypatch.setattr(export, "digest_of", lambda path: (read.append(path), real(path))[1])
        table = export.plan(album, ["Anna"], out)
        outcome = export.apply(table, out)
        assert len(outcome.removed) == count
        # Each once to see that it is unchanged, and its photo.
        assert len(read) <= 3 * count

    @given(
        st.lists(st.sampled_from(["Ann", "Bob", None]), min_size=4, max_size=4),
        st.lists(st.sampled_from(["Ann", "Bob", None]), min_size=4, max_size=4),
        st.sets(st.integers(0, 2)),
        st.booleans(),
    )
    def test_whatever_goes_nothing_is_lost(
        self, tmp_path_factory, first, second, gone, between
    ) -> None:
        folder = tmp_path_factory.mktemp("last")
        for name, who in (("a", "ann"), ("b", "bob"), ("c", "cem")):
            save_tiles(folder / "photos" / f"{name}.png", who)
        people = {"a.png": ["x"], "b.png": ["x", "y"], "c.png": ["x"]}
        album, _ = album_of(folder / "photos", people)
        out = folder / "out"
        export.apply(export.plan(album, first, out), out)
        before = set(files_in(folder).values())
        paths = sorted((folder / "photos").iterdir())
        again, names = album, second
        if between:
            table = export.plan(album, second, out)
        for number in gone:
            paths[number].unlink()
        if not between:
            again, _ = album_of(folder / "photos", people)
            names = (second * 4)[: len(again)]
            table = export.plan(again, names, out)
        kept_before = {
            content for place, content in files_in(out).items() if place.endswith(".png")
        }
        export.apply(table, out)
        there = set(files_in(folder).values())
        # What was in the results can still be read somewhere: in the results, or as a photo.
        assert kept_before <= there
        assert before - there <= {path for path in before if path not in kept_before}


def test_twenty_thousand_copies_of_one_photo_are_planned_one_by_one(tmp_path, monkeypatch) -> None:
    count, looked = 2_000, []
    paths = [str(tmp_path / f"{number}.jpg") for number in range(count)]
    album = Album(
        pd.DataFrame([(path, "d" * 64, 9, 9, 0) for path in paths], columns=list(PHOTO_COLUMNS)),
        pd.DataFrame([("d" * 64, paths[0], 0, 0, 9, 9, 1.0)], columns=list(SIGHTING_COLUMNS)),
        np.zeros((1, 1), np.float32),
        INFO,
        empty_table(PROBLEM_COLUMNS),
    )
    record = {f"Ann/{number}.jpg": "d" * 64 for number in range(count)}
    ResultsFolder(tmp_path).write_record(record, {})
    monkeypatch.setattr(
        export._Earlier, "_holds", lambda self, place, mark: looked.append(place) or True
    )
    table = export.plan(album, ["Ann"], tmp_path)
    assert set(table["state"]) == {export.THERE}
    assert len(looked) == count


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
class TestPrivate:
    @pytest.fixture(autouse=True)
    def open_umask(self):
        before = os.umask(0)
        yield
        os.umask(before)

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
    def test_a_copy_is_as_open_as_its_photo(self, planned, mode) -> None:
        album, names, out = planned
        for path in album.photos["path"]:
            Path(path).chmod(mode)
        export.apply(export.plan(album, names, out), out)
        assert {path.stat().st_mode & 0o777 for path in out.rglob("*.png")} == {mode}

    def test_a_folder_is_as_open_as_those_of_its_photos(self, planned) -> None:
        album, names, out = planned
        Path(album.photos["path"].iloc[1]).parent.chmod(0o750)
        (out.parent / "photos").chmod(0o750)
        (out.parent / "photos" / "day 2").chmod(0o700)
        export.apply(export.plan(album, names, out), out)
        assert {
            path.name: path.stat().st_mode & 0o777 for path in out.iterdir() if path.is_dir()
        } == {
            "Ann": 0o700,
            "Bob": 0o700,
        }


# What taking an earlier result away must never take: everything that is not a copy of ours.


@pytest.fixture
def sorted_once(tmp_path, colours):
    """Photos of three people, sorted into tmp_path/out."""
    for name in ("ann", "bob", "cem"):
        save_tiles(tmp_path / "photos" / f"{name}.png", name)
    modes.autopilot(tmp_path / "photos", tmp_path / "out", subject=colours)
    return tmp_path


def again(folder, colours, **settings):
    return modes.autopilot(
        folder / "photos",
        folder / "out",
        subject=colours,
        settings=AutopilotSettings(**settings),
    )


def copies(folder) -> list[str]:
    return [name for name in files_in(folder / "out") if name.endswith(".png")]


def test_other_photos_in_the_same_folders(sorted_once, colours) -> None:
    for name in ("ann", "bob", "cem"):
        (sorted_once / "photos" / f"{name}.png").unlink()
        save_tiles(sorted_once / "photos" / f"new_{name}.png", name, shade=9)
    result = again(sorted_once, colours)
    # Who was in the photos before is not known to be in these.
    names = list(enumerate(("ann", "bob", "cem"), 1))
    assert copies(sorted_once) == [
        *(f"person_00{number}/{name}.png" for number, name in names),
        *(f"person_00{3 + number}/new_{name}.png" for number, name in names),
    ]
    assert len(result.problems) == 0
    assert result.as_dict()["copies"] == 3
    assert result.removed == ()
    assert [place for place, _ in result.kept] == [
        "person_001/ann.png",
        "person_002/bob.png",
        "person_003/cem.png",
    ]
    assert "3 files of an earlier run kept (its photo is not among the photos looked at)" in str(
        result
    )


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_what_lies_behind_a_linked_folder(sorted_once, colours) -> None:
    keep = sorted_once / "keep"
    shutil.move(sorted_once / "out" / "person_003", keep)
    (sorted_once / "out" / "person_003").symlink_to(keep)
    (sorted_once / "photos" / "cem.png").unlink()
    result = again(sorted_once, colours)
    assert (keep / "cem.png").is_file()
    assert "is a link" in dict(result.kept)["person_003/cem.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_photo_that_now_lives_in_the_results(sorted_once, colours) -> None:
    (sorted_once / "photos" / "ann.png").unlink()
    (sorted_once / "photos" / "0moved.png").symlink_to(sorted_once / "out/person_001/ann.png")
    again(sorted_once, colours)
    assert (sorted_once / "photos" / "0moved.png").read_bytes()
    # It stays on record, and goes with the next run that does not read from it.
    assert "person_001/ann.png" in ResultsFolder(sorted_once / "out").files()
    (sorted_once / "photos" / "0moved.png").unlink()
    # By then it is the last copy.
    result = again(sorted_once, colours)
    assert "not among the photos" in dict(result.kept)["person_001/ann.png"]
    assert (sorted_once / "out" / "person_001" / "ann.png").is_file()
    shutil.copy(sorted_once / "out" / "person_001" / "ann.png", sorted_once / "photos")
    again(sorted_once, colours)
    assert "person_001/ann.png" in copies(sorted_once)


@pytest.mark.parametrize(
    "alias", ["person_001//ann.png", "./person_001/ann.png", "person_001/./ann.png"]
)
def test_a_file_that_is_wanted_under_another_spelling(sorted_once, colours, alias) -> None:
    record = sorted_once / "out" / "run.json"
    content = json.loads(record.read_text())
    content["files"][alias] = content["files"].pop("person_001/ann.png")
    record.write_text(json.dumps(content))
    again(sorted_once, colours)
    assert "person_001/ann.png" in copies(sorted_once)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_of_the_users(sorted_once, colours) -> None:
    copy = sorted_once / "out" / "person_003" / "cem.png"
    copy.unlink()
    copy.symlink_to(sorted_once / "photos" / "ann.png")
    (sorted_once / "photos" / "cem.png").unlink()
    again(sorted_once, colours)
    assert copy.is_symlink()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_become_copies_when_copies_are_asked_for(tmp_path, colours) -> None:
    save_tiles(tmp_path / "photos" / "ann.png", "ann")
    again(tmp_path, colours, link="symbolic")
    assert (tmp_path / "out/person_001/ann.png").is_symlink()
    again(tmp_path, colours)
    (copy,) = (tmp_path / "out/person_001").iterdir()
    assert not copy.is_symlink()
    assert copy.read_bytes() == (tmp_path / "photos" / "ann.png").read_bytes()


def test_a_photo_keeps_its_name_when_another_of_that_name_comes_first(sorted_once, colours) -> None:
    save_tiles(sorted_once / "photos" / "0" / "zoe.png", "dee")
    save_tiles(sorted_once / "photos" / "a" / "ann.png", "ann", shade=3)
    result = modes.autopilot(sorted_once / "photos", sorted_once / "out", subject=colours)
    assert set(result.plan["state"]) == {"new", "there already"}


def test_a_run_cut_off_before_the_first_copy_can_be_done_again(sorted_once, colours, monkeypatch):
    out = sorted_once / "other"
    monkeypatch.setattr(export, "put", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        modes.autopilot(sorted_once / "photos", out, subject=colours)
    monkeypatch.undo()
    # And even if there was nothing but the folder yet: the record comes first.
    for path in [each for each in out.iterdir() if each.is_file()]:
        path.unlink()
    (out / ".DS_Store").touch()
    result = modes.autopilot(sorted_once / "photos", out, subject=colours)
    assert result.as_dict()["copies"] == 3


def test_a_photo_that_changes_or_goes_away_during_the_run_is_reported(sorted_once, colours):
    first, second = sorted_once / "photos" / "ann.png", sorted_once / "photos" / "bob.png"

    def meddle(work, done, total, item) -> None:
        if (work, done) == ("photos", total):
            first.unlink(missing_ok=True)
            save_tiles(second, "eve")

    result = modes.autopilot(
        sorted_once / "photos", sorted_once / "new", subject=colours, progress=meddle
    )
    reasons = result.problems.set_index("path")["reason"]
    assert "No such file" in reasons[str(first)]
    assert "changed since it was looked at" in reasons[str(second)]
    assert result.as_dict()["copies"] == 1
    assert "1 copy (" in str(result)


def test_names_with_control_characters_stay_in_their_cell(sorted_once, colours) -> None:
    import pandas as pd

    save_tiles(sorted_once / "photos" / "cr\r\n\x1b[31m.png")
    modes.autopilot(sorted_once / "photos", sorted_once / "out", subject=colours)
    table = pd.read_csv(sorted_once / "out" / "nobody.csv")
    assert len(table) == 1
    assert table["path"][0].endswith("cr\\u{d}\\u{a}\\u{1b}[31m.png")


STATES = st.sampled_from([NEW, THERE, LEFT_OVER])


@given(st.lists(st.tuples(STATES, st.sampled_from("abc"), st.integers(0, 9)), max_size=30))
def test_a_plan_in_numbers(rows):
    plan = pd.DataFrame(rows, columns=["state", "folder", "bytes"]).assign(kind="photo")
    summary = summarise(plan)
    states = [state for state, *_ in rows]
    assert summary.new == states.count(NEW)
    assert summary.there == states.count(THERE)
    assert summary.left_over == states.count(LEFT_OVER)
    assert summary.bytes == sum(size for state, _, size in rows if state == NEW)
    assert set(summary.folders["folder"]) == {folder for _, folder, _ in rows}
    for row in summary.folders.itertuples():
        own = [state for state, folder, _ in rows if folder == row.folder]
        assert (row.new, row.there, row.left_over) == tuple(
            own.count(state) for state in (NEW, THERE, LEFT_OVER)
        )
        assert row.files == row.new + row.there
    assert summary.folders["files"].is_monotonic_decreasing
    assert f"{summary.new:,} new" in summary.text


def test_a_plan_in_words():
    rows = [(NEW, "a", 1_500_000), (THERE, "a", 1), (NEW, "b", 500_000), (LEFT_OVER, "c", 1)]
    plan = pd.DataFrame(rows, columns=["state", "folder", "bytes"]).assign(kind="photo")
    summary = summarise(plan)
    assert summary.text == (
        "2 folders with 3 files: 2 new (2.0 MB), 1 there already, "
        "1 of an earlier run that are sorted otherwise, and go"
    )
    assert counted(1, "file") == "1 file"
    assert counted(1200, "file") == "1,200 files"


@pytest.mark.skipif(sys.platform == "win32", reason="links are other on Windows")
class TestHardLinks:
    """A hard link is the photo under a second name: to take it away is to take a name away."""

    @pytest.fixture
    def linked(self, planned):
        album, names, out = planned
        outcome = export.apply(export.plan(album, names, out, link="hard"), out, link="hard")
        assert outcome.finished
        return album, names, out

    def test_they_are_the_photos(self, linked) -> None:
        album, names, out = linked
        for row in export.plan(album, names, out, link="hard").itertuples():
            assert row.state == export.THERE
            assert (out / row.destination).samefile(row.source)
            assert not (out / row.destination).is_symlink()
            mark = ResultsFolder(out).files()[row.destination]
            assert mark == f"hard:{row.digest}"

    def test_of_a_photo_that_is_a_link_the_file_gets_the_name(self, tmp_path) -> None:
        real = save_tiles(tmp_path / "elsewhere" / "a.png", "ann")
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "a.png").symlink_to(real)
        album, names = album_of(tmp_path / "photos", {"a.png": ["Ann"]})
        out = tmp_path / "out"
        export.apply(export.plan(album, names, out, link="hard"), out, link="hard")
        assert not (out / "Ann" / "a.png").is_symlink()
        assert (out / "Ann" / "a.png").samefile(real)

    @pytest.mark.parametrize("edited", [False, True])
    def test_they_go_whatever_is_done_to_the_photo(self, linked, edited) -> None:
        album, _, out = linked
        source = Path(album.photos["path"].iloc[1])
        assert source.name == "c.png"
        if edited:
            save_tiles(source, "dee")
            album, _ = album_of(out.parent / "photos", {"a.png": ["Ann"]})
        before = source.read_bytes()
        otherwise = export.plan(album, ["Ann", None, "Ann", "Bob"][: len(album)], out, link="hard")
        outcome = export.apply(otherwise, out, link="hard")
        assert "Ann/c.png" in outcome.removed
        assert source.read_bytes() == before

    def test_the_last_name_stays(self, linked) -> None:
        album, _, out = linked
        otherwise = export.plan(album, ["Ann", None, "Ann", "Bob"], out, link="hard")
        Path(album.photos["path"].iloc[1]).unlink()
        outcome = export.apply(otherwise, out, link="hard")
        assert outcome.kept == (("Ann/c.png", export.NOT_HERE),)
        assert (out / "Ann" / "c.png").is_file()

    @pytest.mark.parametrize(("first", "then"), [("hard", None), (None, "hard"), ("hard", "clone")])
    def test_a_link_is_no_copy_and_a_copy_no_link(self, planned, first, then) -> None:
        album, names, out = planned
        export.apply(export.plan(album, names, out, link=first), out, link=first)
        outcome = export.apply(export.plan(album, names, out, link=then), out, link=then)
        assert len(outcome.removed) == 4
        for path in out.rglob("*.png"):
            assert (path.stat().st_nlink > 1) == (then == "hard")

    @pytest.mark.parametrize("write", [False, True])
    def test_another_disk_is_refused_before_the_long_work(
        self, album_folder, tmp_path, colours, monkeypatch, write
    ) -> None:
        def elsewhere(*_: object, **__: object) -> None:
            raise OSError(18, "Invalid cross-device link")

        told: list[object] = []
        if write:
            monkeypatch.setattr(os, "link", elsewhere)
            out = tmp_path / "out"
        else:
            out = Path("/dev/shm/nothing-of-ours/out")
            if not out.parent.parent.is_dir() or (
                out.parent.parent.stat().st_dev == tmp_path.stat().st_dev
            ):
                pytest.skip("there is no other file system here")
        with pytest.raises(
            BadFolder, match=r"no hard links.*cross-device link\. Choose a folder on"
        ):
            modes.autopilot(
                album_folder,
                out,
                subject=colours,
                settings=AutopilotSettings(link="hard"),
                dry_run=not write,
                progress=lambda *said: told.append(said),
            )
        assert not told
        assert not out.exists()

    def test_the_summary_says_what_they_are(self, album_folder, tmp_path, colours) -> None:
        settings = AutopilotSettings(link="hard")
        result = modes.autopilot(album_folder, tmp_path / "out", subject=colours, settings=settings)
        assert "8 hard links made" in str(result)


class TestClones:
    """Copies that share their bytes with the photo, where the file system can."""

    def some(self, monkeypatch, *but: str) -> None:
        def clone(source, target) -> bool:
            if source.name in but:
                return False
            shutil.copyfile(source, target)
            return True

        monkeypatch.setattr(export, "clone", clone)

    def test_they_are_counted_apart_from_copies(
        self, album_folder, tmp_path, colours, monkeypatch
    ) -> None:
        self.some(monkeypatch, "three.png")
        settings, out = AutopilotSettings(link="clone"), tmp_path / "out"
        result = modes.autopilot(album_folder, out, subject=colours, settings=settings)
        assert "5 clones, 3 copies (0.0 MB) made" in str(result)
        assert result.as_dict()["clones"] == 5
        assert len(result.clones) == 5
        # A clone is a file of its own: with copies asked for, it is there.
        again = modes.autopilot(album_folder, out, subject=colours)
        assert set(again.plan["state"]) == {THERE}

    def test_without_them_there_are_copies(
        self, album_folder, tmp_path, colours, monkeypatch
    ) -> None:
        monkeypatch.setattr(export, "clone", lambda *_: False)
        settings, out = AutopilotSettings(link="clone"), tmp_path / "out"
        result = modes.autopilot(album_folder, out, subject=colours, settings=settings)
        assert "0 clones, 8 copies" in str(result)
        assert result.finished
        modes.autopilot(album_folder, tmp_path / "copies", subject=colours)
        assert {k: v for k, v in files_in(out).items() if k.endswith(".png")} == {
            k: v for k, v in files_in(tmp_path / "copies").items() if k.endswith(".png")
        }

    def test_a_clone_of_what_has_changed_is_not_kept(self, planned, monkeypatch) -> None:
        self.some(monkeypatch)
        album, names, out = planned
        table = export.plan(album, names, out, link="clone")
        Path(table["source"].iloc[0]).write_bytes(b"another")
        outcome = export.apply(table, out, link="clone")
        assert "changed since" in outcome.not_copied[0][1]
        assert not (out / table["destination"].iloc[0]).exists()

    def test_they_need_no_room_and_copies_in_their_place_do(self, planned, monkeypatch) -> None:
        album, names, out = planned
        monkeypatch.setattr(export.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
        monkeypatch.setattr(export, "clone", lambda *_: False)
        with pytest.raises(BadFolder, match="MB free"):
            export.apply(export.plan(album, names, out, link="clone"), out, link="clone")
        self.some(monkeypatch)
        assert export.apply(
            export.plan(album, names, out, link="clone"), out, link="clone"
        ).finished


class TestStrangers:
    """Who is in few photos, or hidden, gets no folder, and is in the tables all the same."""

    @pytest.fixture
    def crowd(self, album_folder):
        # One more look at cem that is none: the same file again.
        shutil.copy(album_folder / "three.png", album_folder / "again.png")
        save_tiles(album_folder / "stranger.png", "dee")
        return album_folder

    def sort(self, folder, out, colours, **settings):
        how = AutopilotSettings(**settings)
        return modes.autopilot(folder, out, subject=colours, settings=how)

    def folders(self, out) -> dict[str, list[str]]:
        return {
            path.name: sorted(each.name for each in path.iterdir())
            for path in sorted(out.iterdir())
            if path.is_dir()
        }

    @pytest.mark.parametrize(
        ("least", "left"), [(1, (5, 2, 1, 1)), (2, (5, 2)), (3, (5,)), (6, ())]
    )
    def test_who_is_in_few_photos_has_no_folder(
        self, crowd, tmp_path, colours, least, left
    ) -> None:
        result = self.sort(crowd, tmp_path / "out", colours, min_photos=least)
        found = self.folders(tmp_path / "out")
        # "three.png" is there twice, and counts once.
        pictures = [len(set(names) - {"again.png"}) for names in found.values()]
        assert tuple(sorted(pictures, reverse=True)) == left
        table = pd.read_csv(tmp_path / "out" / "sightings.csv")
        assert table["name"].notna().all()
        assert table["name"].nunique() == 4
        few = 4 - len(left)
        assert len(result.as_dict()["without_folder"]) == few
        people = "1 person" if few == 1 else f"{few} people"
        said = f"{people} in fewer than {least} photos have no folder"
        assert (said in str(result)) == bool(few)

    def test_one_alone_is_said_as_one(self, album_folder, tmp_path, colours) -> None:
        result = self.sort(album_folder, tmp_path / "out", colours, min_photos=2)
        assert "1 person in fewer than 2 photos has no folder" in str(result)
        assert "person_003" not in str(result)

    def test_their_photos_are_listed_as_in_no_folder(self, crowd, tmp_path, colours) -> None:
        result = self.sort(crowd, tmp_path / "out", colours, min_photos=2)
        reasons = {Path(path).name: why for path, why in result.unsorted.itertuples(index=False)}
        assert reasons == {
            "stranger.png": "only people in fewer than 2 photos",
            "empty.png": "no face found",
        }
        # The photos of strangers are not told of as photos with nobody known.
        assert "photo with only" not in str(result)
        assert "no face was found in 1 photo" in str(result)

    def test_with_fewer_asked_for_they_are_back_and_with_more_they_go(
        self, crowd, tmp_path, colours
    ) -> None:
        out = tmp_path / "out"
        self.sort(crowd, out, colours)
        whole = self.folders(out)
        result = self.sort(crowd, out, colours, min_photos=2)
        assert len(self.folders(out)) == 2
        assert len(result.removed) == 3
        self.sort(crowd, out, colours)
        assert self.folders(out) == whole

    def test_a_dry_run_lists_what_would_leave_and_takes_nothing(
        self, crowd, tmp_path, colours
    ) -> None:
        out = tmp_path / "out"
        self.sort(crowd, out, colours)
        before = self.folders(out)
        how = AutopilotSettings(min_photos=2)
        planned = modes.autopilot(crowd, out, subject=colours, settings=how, dry_run=True)
        assert "3 files of an earlier run would be removed: person_0" in str(planned)
        assert self.folders(out) == before

    def test_the_hidden_have_no_folder(self, planned) -> None:
        album, names, out = planned
        table = export.plan(album, names, out, hidden={"Bob", "nobody of that name"})
        assert set(table["name"]) == {"Ann"}

    def test_a_result_says_who_is_hidden(self, crowd, tmp_path, colours) -> None:
        looked = modes.look(crowd, settings=AutopilotSettings(), subject=colours)
        found = modes.autopilot_of(looked, settings=AutopilotSettings())
        stranger = next(
            name
            for name, path in zip(found.names, found.album.sightings["path"], strict=True)
            if path.endswith("stranger.png")
        )
        hidden = replace(found, hidden=frozenset({stranger, "nobody of that name"}))
        written = modes.export_result(hidden, tmp_path / "out")
        assert stranger not in self.folders(tmp_path / "out")
        assert "1 person that you hid has no folder" in str(written)
        assert "only people that you hid" in set(written.unsorted["reason"])

    @pytest.mark.parametrize("least", [1, 2])
    def test_what_is_in_no_folder_can_have_one(self, crowd, tmp_path, colours, least) -> None:
        out = tmp_path / "out"
        result = self.sort(crowd, out, colours, unsorted="the rest", min_photos=least)
        rest = ["empty.png", "stranger.png"] if least == 2 else ["empty.png"]
        assert self.folders(out)["the rest"] == rest
        photos = "1 photo" if least == 1 else "2 photos"
        assert f"{photos} in nobody's folder: the rest" in str(result)
        # The copies of the others are as they are without it.
        found = self.folders(out)
        del found["the rest"]
        self.sort(crowd, tmp_path / "without", colours, min_photos=least)
        assert self.folders(tmp_path / "without") == found
        # And go when nobody asks for it any more.
        self.sort(crowd, out, colours, min_photos=least)
        assert self.folders(out) == found

    def test_strangers_of_point_and_shoot_are_unsorted(self, crowd, people, tmp_path, colours):
        out = tmp_path / "out"
        how = PointAndShootSettings(unsorted="rest")
        modes.point_and_shoot(crowd, people, out, subject=colours, settings=how)
        assert self.folders(out)["rest"] == ["empty.png", "stranger.png"]

    @pytest.mark.parametrize(
        ("asked", "name"),
        [
            ("person_001", "person_001 (2)"),
            ("PERSON_001", "PERSON_001 (2)"),
            ("run.json", "run (2).json"),
            ("decisions.csv", "decisions (2).csv"),
            (".hidden", "hidden"),
        ],
    )
    def test_its_name_is_safe_and_nobodys(self, crowd, tmp_path, colours, asked, name) -> None:
        out = tmp_path / "out"
        self.sort(crowd, out, colours, unsorted=asked)
        found = self.folders(out)
        assert len(found) == 5
        (folder,) = [each for each in found if "empty.png" in found[each]]
        assert folder == name
        assert found["person_001"][0] == "a1 (2).png"


class TestCompanions:
    """What lies beside a photo and belongs to it goes where the photo goes, under its name."""

    ONE, TWO = ("a1.MOV", "a1.AAE", "a1.png.json"), ("deep/a1.xmp",)

    @pytest.fixture
    def lived_in(self, album_folder):
        for name in (*self.ONE, *self.TWO, "empty.mov", "lonely.CR2", "film.mp4"):
            (album_folder / name).write_bytes(name.encode())
        return album_folder

    def sort(self, folder, out, colours, **settings):
        how = AutopilotSettings(**settings)
        return modes.autopilot(folder, out, subject=colours, settings=how)

    def beside(self, out) -> set[str]:
        """What lies in the folders and is no photo."""
        return {name for name in files_in(out) if "/" in name and not name.endswith(".png")}

    @pytest.mark.parametrize("link", [None, "symbolic", "hard", "clone"])
    def test_it_goes_along(self, lived_in, tmp_path, colours, link) -> None:
        out = tmp_path / "out"
        result = self.sort(lived_in, out, colours, link=link)
        names = {path.name for path in (out / "person_001").iterdir()}
        owner = {"a1 (2).png": "deep/a1.png", "a1.png": "a1.png"}
        if (out / "person_001/a1.png").read_bytes() != (lived_in / "a1.png").read_bytes():
            owner = {"a1 (2).png": "a1.png", "a1.png": "deep/a1.png"}
        for name, photo in owner.items():
            stem = name.removesuffix(".png")
            its = [each for each in (*self.ONE, *self.TWO) if each.startswith(photo[:-4])]
            for each in its:
                assert stem + each.removeprefix(photo[:-4]) in names
        assert len(self.beside(out)) == 4
        for name in self.beside(out):
            assert (out / name).is_symlink() == (link == "symbolic")
            assert ((out / name).stat().st_nlink > 1) == (link == "hard")
        assert set(ResultsFolder(out).files()) >= self.beside(out)
        assert set(self.sort(lived_in, out, colours, link=link).plan["state"]) == {THERE}
        assert result.finished

    def test_one_with_the_bytes_of_a_photo_is_no_place_of_that_photo(
        self, tmp_path, colours
    ) -> None:
        photos, out = tmp_path / "photos", tmp_path / "out"
        save_tiles(photos / "b.png", "ann")
        save_tiles(photos / "x.png", "ann", shade=9)
        (photos / "b.AAE").write_bytes((photos / "x.png").read_bytes())
        self.sort(photos, out, colours)
        (photos / "b.png").rename(tmp_path / "b.png")
        (photos / "b.AAE").unlink()
        self.sort(photos, out, colours)
        assert "person_001/x.png" in files_in(out)

    def test_it_is_counted_apart_and_is_no_problem(self, lived_in, tmp_path, colours) -> None:
        result = self.sort(lived_in, tmp_path / "out", colours)
        assert "8 copies" in str(result)
        assert "4 files beside them go along: AAE (1), JSON (1), MOV (1), XMP (1)" in str(result)
        assert (result.as_dict()["copies"], result.as_dict()["companions"]) == (8, 4)
        # A raw file without its photo, and a film of its own, are told of with their reasons.
        skipped = {Path(path).name for path in result.problems["path"]}
        assert skipped == {"lonely.CR2", "film.mp4"}
        assert "4 of them go along with photos" in summarise(result.plan).text
        along = result.plan["kind"] == COMPANION
        few = result.plan.drop(result.plan.index[along][1:])
        assert summarise(few).text.endswith("1 of them goes along with a photo")

    def test_it_goes_with_its_photo_and_is_undone_with_it(
        self, lived_in, tmp_path, colours
    ) -> None:
        out = tmp_path / "out"
        self.sort(lived_in, out, colours)
        result = self.sort(lived_in, out, colours, min_photos=9)
        assert self.beside(out) == set()
        assert len(result.removed) == 12
        self.sort(lived_in, out, colours)
        assert len(self.beside(out)) == 4
        before = files_in(lived_in)
        assert undo(out).kept == ()
        assert list(out.iterdir()) == []
        assert files_in(lived_in) == before

    @pytest.mark.parametrize("link", [None, "symbolic", "hard", "clone"])
    def test_an_empty_one_goes_along_and_is_undone(
        self, album_folder, tmp_path, colours, link
    ) -> None:
        out = tmp_path / "out"
        self.sort(album_folder, out, colours, link=link)
        (album_folder / "a2.mov").touch()
        (album_folder / "a2.png.xmp").touch()
        for expected in (NEW, THERE):
            result = self.sort(album_folder, out, colours, link=link)
            assert (result.finished, result.not_copied) == (True, ())
            assert self.beside(out) == {"person_001/a2.mov", "person_001/a2.png.xmp"}
            beside = result.plan[result.plan["kind"] == export.COMPANION]
            assert set(beside["state"]) == {expected}
        assert undo(out).kept == ()
        assert self.beside(out) == set()

    def test_where_nothing_new_can_be_made_it_is_said(
        self, album_folder, tmp_path, colours, monkeypatch
    ) -> None:
        out = tmp_path / "out"
        self.sort(album_folder, out, colours)
        (album_folder / "a2.mov").write_bytes(b"film")

        def broken(*_: object, **__: object) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(export, "put", broken)
        result = self.sort(album_folder, out, colours)
        assert "0 copies (0.0 MB) made; 8 there already; 1 FAILED" in str(result)
        assert (result.as_dict()["copies"], result.finished) == (0, False)

    @pytest.mark.parametrize("link", [None, "symbolic", "hard", "clone"])
    def test_another_one_takes_the_place_of_a_copy_that_nobody_changed(
        self, album_folder, tmp_path, colours, link
    ) -> None:
        out, sidecar = tmp_path / "out", album_folder / "a2.png.xmp"
        self.sort(album_folder, out, colours, link=link)
        for content in ("1", "2", "3"):
            # As programs save a file: another one under the same name.
            sidecar.unlink(missing_ok=True)
            sidecar.write_text(content)
            result = self.sort(album_folder, out, colours, link=link)
            assert (result.finished, result.kept, result.removed) == (True, (), ())
            assert self.beside(out) == {"person_001/a2.png.xmp"}
            assert (out / "person_001/a2.png.xmp").read_text() == content
        # It is of the run that put the first one there.
        assert undo(out).removed[:1] == ("person_001/a2.png.xmp",)
        assert len([name for name in files_in(out) if name.endswith(".png")]) == 8

    def test_what_the_user_changed_stays_and_is_said(self, album_folder, tmp_path, colours) -> None:
        out, sidecar = tmp_path / "out", album_folder / "a2.png.xmp"
        sidecar.write_text("1")
        self.sort(album_folder, out, colours)
        (out / "person_001/a2.png.xmp").write_text("mine")
        assert self.sort(album_folder, out, colours).kept == ()
        sidecar.write_text("2")
        for _ in range(2):
            result = self.sort(album_folder, out, colours)
            assert result.kept == (("person_001/a2.png.xmp", export.CHANGED_THERE),)
            assert "kept (changed since the earlier run): person_001 (1)" in str(result)
            assert self.beside(out) == {"person_001/a2.png.xmp"}
            assert (out / "person_001/a2.png.xmp").read_text() == "mine"

    def test_an_older_copy_stays_on_record_where_the_new_one_cannot_be_made(
        self, album_folder, tmp_path, colours, monkeypatch
    ) -> None:
        out, sidecar = tmp_path / "out", album_folder / "a2.png.xmp"
        sidecar.write_text("1")
        self.sort(album_folder, out, colours)
        sidecar.write_text("2")

        def broken(*_: object, **__: object) -> None:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(export, "_replace", broken)
            assert not self.sort(album_folder, out, colours).finished
        assert (out / "person_001/a2.png.xmp").read_text() == "1"
        self.sort(album_folder, out, colours)
        assert (out / "person_001/a2.png.xmp").read_text() == "2"
        assert self.beside(out) == {"person_001/a2.png.xmp"}

    def test_a_run_cut_off_after_the_new_one_changed_nothing_by_hand(
        self, album_folder, tmp_path, colours, monkeypatch
    ) -> None:
        out, sidecar = tmp_path / "out", album_folder / "a2.png.xmp"
        sidecar.write_text("1")
        self.sort(album_folder, out, colours)
        sidecar.write_text("2")

        def cut_off(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(export, "_take_away", cut_off)
            with pytest.raises(KeyboardInterrupt):
                self.sort(album_folder, out, colours)
        for content in ("2", "3"):
            sidecar.write_text(content)
            assert self.sort(album_folder, out, colours).kept == ()
            assert (out / "person_001/a2.png.xmp").read_text() == content
            assert self.beside(out) == {"person_001/a2.png.xmp"}

    def test_those_of_the_same_bytes_stay_with_their_photos(
        self, album_folder, tmp_path, colours
    ) -> None:
        out = tmp_path / "out"
        save_tiles(album_folder / "b1.png", "bob", shade=7)
        for name in ("a2.AAE", "b1.AAE"):
            (album_folder / name).write_text("same")
        self.sort(album_folder, out, colours)
        (out / "person_001/a2.png").rename(out / "person_002/a2.png")
        for _ in range(2):
            self.sort(album_folder, out, colours)
            assert self.beside(out) == {"person_002/a2.AAE", "person_002/b1.AAE"}

    def test_unsorted_photos_take_theirs_along(self, lived_in, tmp_path, colours) -> None:
        self.sort(lived_in, tmp_path / "out", colours, unsorted="rest")
        rest = {path.name for path in (tmp_path / "out" / "rest").iterdir()}
        assert rest == {"empty.png", "empty.mov"}

    def test_what_is_new_beside_a_photo_that_is_there_is_added(
        self, lived_in, tmp_path, colours
    ) -> None:
        out = tmp_path / "out"
        self.sort(lived_in, out, colours)
        (lived_in / "a2.xmp").write_text("<x/>")
        result = self.sort(lived_in, out, colours)
        assert (out / "person_001" / "a2.xmp").read_text() == "<x/>"
        assert result.as_dict()["copies"] == 0

    def test_its_last_copy_stays(self, lived_in, tmp_path, colours) -> None:
        out = tmp_path / "out"
        self.sort(lived_in, out, colours)
        (lived_in / "a1.MOV").unlink()
        result = self.sort(lived_in, out, colours)
        ((place, why),) = result.kept
        assert (Path(place).suffix, why) == (".MOV", export.NOT_HERE)
        assert (out / place).read_bytes() == b"a1.MOV"

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
    def test_one_that_cannot_be_read_is_named(
        self, lived_in, tmp_path, colours, monkeypatch
    ) -> None:
        real = export.open_regular

        def refused(path, **how):
            if path.suffix == ".MOV":
                raise OSError(13, "Permission denied")
            return real(path, **how)

        monkeypatch.setattr(export, "open_regular", refused)
        result = self.sort(lived_in, tmp_path / "out", colours)
        ((path, why),) = result.not_copied
        assert (Path(path).name, "Permission denied" in why) == ("a1.MOV", True)
        assert not result.finished
