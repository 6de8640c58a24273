import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import save_tiles
from hypothesis import given
from hypothesis import strategies as st

from toolkit import export, photos
from toolkit.calibration import Calibration
from toolkit.errors import BadFolder
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    EncoderInfo,
    Gallery,
    empty_table,
)
from toolkit.tables import write_table

INFO = EncoderInfo("test", "ab" * 32, 1, "euclidean", Calibration(60.0, 0.55))


def gallery_of(folder: Path, who: dict[str, list[str]]) -> tuple[Gallery, list[str]]:
    """A gallery of the photos in a folder, with the people named for each."""
    photos_rows, sightings, names = [], [], []
    for path in photos.find(folder).photos:
        digest = photos.digest_of(path)
        new = digest not in {row[1] for row in photos_rows}
        photos_rows.append((str(path), digest, 64, 64, 0))
        for name in who.get(path.relative_to(folder).as_posix(), []) if new else []:
            sightings.append((digest, str(path), 0, 0, 9, 9, 1.0))
            names.append(name)
    return Gallery(
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
    gallery, names = gallery_of(
        folder, {"a.png": ["Ann"], "day 2/a.png": ["Ann", "Bob"], "c.png": ["Ann"]}
    )
    return gallery, names, tmp_path / "out"


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_plan_touches_nothing_and_says_everything(planned) -> None:
    gallery, names, out = planned
    table = export.plan(gallery, names, out)
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
    gallery, names, out = planned
    before = {path: Path(path).stat() for path in gallery.photos["path"]}
    table = export.plan(gallery, names, out)
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
    gallery, names, out = planned
    export.apply(export.plan(gallery, names, out), out)
    first = files_in(out)
    again = export.plan(gallery, names, out)
    assert set(again["state"]) == {export.THERE}
    export.apply(again, out)
    assert files_in(out) == first


def test_what_is_there_is_never_overwritten(planned) -> None:
    gallery, names, out = planned
    export.apply(export.plan(gallery, names, out), out)
    (out / "Ann" / "a.png").write_bytes(b"edited by hand")
    again = export.plan(gallery, names, out)
    export.apply(again, out, replace=True)
    assert (out / "Ann" / "a.png").read_bytes() == b"edited by hand"
    ours = again[(again["folder"] == "Ann") & (again["state"] == export.NEW)]
    assert len(ours) == 1
    assert (out / ours["destination"].iloc[0]).is_file()


def test_a_name_taken_meanwhile_is_reported_and_kept(planned) -> None:
    gallery, names, out = planned
    table = export.plan(gallery, names, out)
    (out / "Bob").mkdir(parents=True)
    (out / "Bob" / "a (2).png").write_bytes(b"somebody was quicker")
    ((source, reason),) = export.apply(table, out).not_copied
    assert source.endswith("a.png")
    assert "Bob/a (2).png" in reason
    assert (out / "Bob" / "a (2).png").read_bytes() == b"somebody was quicker"


def test_another_answer_leaves_nothing_behind_unasked_and_nothing_mixed(planned) -> None:
    gallery, names, out = planned
    export.apply(export.plan(gallery, names, out), out)
    other = export.plan(gallery, ["Ann", None, "Ann", "Bob"], out)
    left = other[other["state"] == export.LEFT_OVER]
    assert left["destination"].to_list() == ["Ann/c.png"]
    before = files_in(out)
    with pytest.raises(BadFolder, match=r"1 files of an earlier run.*--replace"):
        export.apply(other, out)
    assert files_in(out) == before
    export.apply(other, out, replace=True)
    assert "Ann/c.png" not in files_in(out)


def test_replacing_keeps_what_was_changed_by_hand(planned) -> None:
    gallery, names, out = planned
    export.apply(export.plan(gallery, names, out), out)
    (out / "Ann" / "c.png").write_bytes(b"edited")
    other = export.plan(gallery, ["Ann", None, "Ann", "Bob"], out)
    ((path, reason),) = export.apply(other, out, replace=True).kept
    assert path.endswith("c.png")
    assert "changed" in reason
    assert (out / "Ann" / "c.png").read_bytes() == b"edited"


def test_a_record_made_by_somebody_else_cannot_delete_outside(planned, tmp_path) -> None:
    gallery, names, out = planned
    victim = save_tiles(tmp_path / "victim.png", "eve")
    out.mkdir()
    digest = photos.digest_of(victim)
    places = ["../victim.png", str(victim), "a/../../victim.png", "a\\..\\victim.png", "victim.png"]
    export.write_record(out, dict.fromkeys(places, digest), {})
    assert export.read_record(out) == {}
    export.apply(export.plan(gallery, names, out), out, replace=True)
    assert victim.is_file()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"program": "sightings"}', "\x00", '{"files": 3}']
)
def test_a_damaged_record_is_no_record(tmp_path, text) -> None:
    (tmp_path / "run.json").write_text(text)
    assert export.read_record(tmp_path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_point_to_the_originals(planned) -> None:
    gallery, names, out = planned
    table = export.plan(gallery, names, out)
    export.apply(table, out, link=True)
    for row in table.itertuples():
        assert (out / row.destination).is_symlink()
        assert (out / row.destination).resolve() == Path(row.source).resolve()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_folder_that_is_a_link_is_refused(planned, tmp_path) -> None:
    gallery, names, out = planned
    out.mkdir()
    (out / "Ann").symlink_to(tmp_path / "photos")
    with pytest.raises(BadFolder, match="is a link"):
        export.apply(export.plan(gallery, names, out), out)
    assert len(photos.find(tmp_path / "photos").photos) == 3


def test_an_interrupted_run_can_be_taken_up(planned) -> None:
    gallery, names, out = planned

    def stop(done, total, item):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export.apply(export.plan(gallery, names, out), out, progress=stop)
    assert json.loads((out / "run.json").read_text())["finished"] is False
    export.check_out(out, photos=out.parent / "photos")
    again = export.plan(gallery, names, out)
    assert sorted(again["state"]) == [export.NEW] * 2 + [export.THERE] * 2
    export.apply(again, out)
    assert json.loads((out / "run.json").read_text())["finished"] is True
    assert len(files_in(out)) == 5


def test_too_small_a_disk_is_said_before_the_first_copy(planned, monkeypatch) -> None:
    gallery, names, out = planned
    monkeypatch.setattr(export.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(BadFolder, match="MB free"):
        export.apply(export.plan(gallery, names, out), out)
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
            export.check_out(tmp_path / out, photos=tmp_path / "photos", people=tmp_path / "people")

    def test_inside_the_photos_is_allowed(self, tmp_path) -> None:
        (tmp_path / "photos").mkdir()
        export.check_out(tmp_path / "photos" / "sorted", photos=tmp_path / "photos")

    def test_a_file_is_refused(self, tmp_path) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "out").write_text("x")
        with pytest.raises(BadFolder, match="is a file"):
            export.check_out(tmp_path / "out", photos=tmp_path / "photos")


names_of_people = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["Ann", "ann", "ANN", "run.json", "..", "a/b", "a:b", "a?b", "con"]
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
    gallery = Gallery(
        pd.DataFrame(rows, columns=list(PHOTO_COLUMNS)),
        pd.DataFrame(sightings, columns=list(SIGHTING_COLUMNS)),
        np.zeros((len(sightings), 1), np.float32),
        INFO,
        empty_table(PROBLEM_COLUMNS),
    )
    table = export.plan(gallery, names, tmp_path / "out")
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
    gallery, names = gallery_of(tmp_path / "photos", {Path(odd).name: ["Ann"]})
    out = tmp_path / "out"
    assert export.apply(export.plan(gallery, names, out), out).finished
    assert [os.fsencode(path.name) for path in (out / "Ann").iterdir()] == [b"caf\xe9.png"]
    write_table(gallery.photos, out / "photos.csv")
    assert "caf\\udce9.png" in (out / "photos.csv").read_text(encoding="utf-8")
