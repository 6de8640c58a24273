import json
import os
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from files_seen import files_in, without_changes
from tiles import ColourEncoder, TileDetector, save_tiles

from toolkit import modes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadFolder
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.grouping.sighting_finder import key_of
from toolkit.results import accuracy, results_folder
from toolkit.results.results_folder import ResultsFolder
from toolkit.session import Session, taken_up
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE


@pytest.fixture
def run(album_folder, tmp_path, colours):
    return modes.autopilot(album_folder, tmp_path / "out", subject=colours)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The results of a run, beside its photos: for copies."""
    folder = tmp_path_factory.mktemp("made")
    save_tiles(folder / "photos" / "a1.png", "ann")
    save_tiles(folder / "photos" / "deep" / "three.png", "ann", "bob", "cem", shade=5)
    save_tiles(folder / "photos" / "deep" / "a3.png", "ann", "bob")
    save_tiles(folder / "photos" / "deep" / "b2.png", "bob", "cem", shade=10)
    subject = Subject("tile", TileDetector(), ColourEncoder(), FACE.words)
    modes.autopilot(folder / "photos", folder / "out", subject=subject)
    return folder


@pytest.fixture
def left(made, tmp_path):
    """A folder of results that a run left, to be damaged."""
    return shutil.copytree(made, tmp_path / "left") / "out"


def test_what_is_left_to_be_damaged_is_whole(left) -> None:
    found = results_folder.load(left)
    assert (len(found.album), found.missing, found.lacking) == (8, 0, "")


def test_what_is_taken_up_again_is_what_was_left(run) -> None:
    found = results_folder.load(run.out)
    np.testing.assert_array_equal(found.album.encodings, run.album.encodings)
    assert found.names == run.names
    assert found.album.encoder == run.album.encoder
    assert found.threshold == run.threshold
    assert found.mode == "autopilot"
    assert found.settings["method"] == "average"
    columns = list(run.album.sightings.columns)
    assert found.album.sightings[columns].equals(run.album.sightings[columns])
    np.testing.assert_array_equal(found.album.photo_of, run.album.photo_of)


def test_unknown_faces_stay_unknown(album_folder, tmp_path, colours) -> None:
    people = tmp_path / "people"
    (people / "ann").mkdir(parents=True)
    (people / "ann" / "a1.png").write_bytes((album_folder / "a1.png").read_bytes())
    result = modes.point_and_shoot(album_folder, people, tmp_path / "out", subject=colours)
    found = results_folder.load(result.out)
    assert None in found.names
    assert found.names == result.names
    assert (found.labels == -1).sum() == found.names.count(None)


def test_another_folder_is_refused(tmp_path) -> None:
    with pytest.raises(BadFolder, match=r"holds no run\.json; expected the output folder"):
        results_folder.load(tmp_path)


def change(out, **entries) -> None:
    about = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**about, **entries}))


def rewrite(out, **changed) -> None:
    with np.load(out / "encodings.npz") as archive:
        arrays = dict(archive)
    np.savez(out / "encodings.npz", **{**arrays, **changed})


def edit(out, column, value) -> None:
    table = pd.read_csv(out / "sightings.csv", dtype=str)
    table.loc[0, column] = value
    table.to_csv(out / "sightings.csv", index=False)


def reorder(out) -> None:
    first, *rows = (out / "sightings.csv").read_text().splitlines()
    (out / "sightings.csv").write_text("\n".join([first, *rows[::-1]]) + "\n")


def bomb(out) -> None:
    with zipfile.ZipFile(out / "encodings.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("encodings.npy", b"\0" * (1 << 20))


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        (lambda out: (out / "encodings.npz").unlink(), "encodings.npz"),
        (lambda out: (out / "encodings.npz").write_bytes(b"PK"), "encodings.npz"),
        (lambda out: rewrite(out, encodings=np.zeros((2, 3), np.float32)), "encodings.npz"),
        (lambda out: rewrite(out, encodings=np.zeros((8, 0), np.float32)), "encodings.npz"),
        (lambda out: rewrite(out, encodings=np.zeros((8, 3), np.float64)), "encodings.npz"),
        (lambda out: rewrite(out, encodings=np.array([{}] * 8)), "encodings.npz"),
        (lambda out: rewrite(out, sizes=np.zeros((8, 3), np.int64)), "encodings.npz"),
        (bomb, "encodings.npz"),
        (reorder, "sightings.csv"),
        (lambda out: (out / "sightings.csv").write_text("a,b\n1,2\n"), "sightings.csv"),
        (lambda out: (out / "sightings.csv").unlink(), "sightings.csv"),
        (lambda out: (out / "run.json").write_text("{"), "run.json"),
        (lambda out: (out / "run.json").write_text("[]"), "run.json"),
        (lambda out: change(out, calibration={"slope": -1, "even": 1}), "run.json"),
        (lambda out: change(out, calibration={"slope": 60, "even": float("inf")}), "run.json"),
        (lambda out: change(out, calibration=7), "run.json"),
        (lambda out: change(out, threshold=float("nan")), "run.json"),
        (lambda out: change(out, encoder_metric="cubic"), "run.json"),
        (lambda out: change(out, settings=7), "run.json"),
        (lambda out: change(out, settings=[["a", 1], [2, 3]]), "run.json"),
        (lambda out: change(out, calibration={"slope": 1e300, "even": 1e300}), "run.json"),
        (lambda out: change(out, threshold=10**400), "run.json"),
        (lambda out: edit(out, "left", "9" * 23), "sightings.csv"),
        (lambda out: edit(out, "photo_digest", "é"), "sightings.csv"),
    ],
)
def test_a_damaged_file_is_named(left, damage, file) -> None:
    damage(left)
    with pytest.raises(BadFolder) as complaint:
        results_folder.load(left)
    assert file in str(complaint.value)
    assert "\n" not in str(complaint.value)


def test_numbers_that_are_none_are_refused(run) -> None:
    rewrite(run.out, encodings=np.full(run.album.encodings.shape, np.nan, np.float32))
    with pytest.raises(BadFolder, match="no encoding has"):
        results_folder.load(run.out)


@pytest.mark.parametrize("name", ["NA", "null", "007", "None", "1e5"])
def test_a_name_is_text_whatever_it_looks_like(name, album_folder, tmp_path, colours) -> None:
    (tmp_path / "people" / name).mkdir(parents=True)
    (tmp_path / "people" / name / "a.png").write_bytes((album_folder / "a1.png").read_bytes())
    result = modes.point_and_shoot(
        album_folder, tmp_path / "people", tmp_path / "out", subject=colours
    )
    assert name in result.names
    assert results_folder.load(result.out).names == result.names


def test_a_kept_album_knows_the_sizes_of_its_photos(run) -> None:
    photos = results_folder.load(run.out).album.photos.set_index("photo_digest")
    expected = run.album.photos.set_index("photo_digest").loc[photos.index]
    assert photos[["width", "height"]].equals(expected[["width", "height"]])


def other_threshold(album_folder, run, colours):
    """The same album in a second folder, with another answer."""
    settings = AutopilotSettings(threshold=0.02)
    return modes.autopilot(album_folder, run.out.parent / "two", subject=colours, settings=settings)


@pytest.mark.parametrize(
    "file",
    [
        results_folder.SIGHTINGS,
        results_folder.PHOTOS,
        results_folder.PROBLEMS,
        results_folder.ENCODINGS,
    ],
)
def test_a_mixture_of_two_runs_is_recognised_and_said(run, album_folder, colours, file) -> None:
    (album_folder / "bad.jpg").write_bytes(b"none")
    run = modes.autopilot(album_folder, run.out, subject=colours)
    two = other_threshold(album_folder, run, colours)
    (run.out / file).write_bytes((two.out / file).read_bytes())
    found = None
    try:
        found = results_folder.load(run.out)
    except BadFolder as error:
        said = str(error)
    # Without the tables of photos and problems, the rest can be used, and what is lacking is said.
    said = said if found is None else found.lacking
    assert "parts of two runs" in said
    assert file in said
    if found is not None:
        with pytest.raises(BadFolder, match="parts of two runs"):
            modes.taken_up(run.out)


def test_a_run_that_dies_between_record_and_tables_is_recognised_and_mended(
    run, album_folder, colours, monkeypatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(results_folder.ResultsFolder, "save", dies)
    settings = AutopilotSettings(threshold=0.02)
    with pytest.raises(KeyboardInterrupt):
        modes.autopilot(album_folder, run.out, subject=colours, settings=settings)
    with pytest.raises(BadFolder, match="parts of two runs"):
        results_folder.load(run.out)
    (run.out.parent / "labels.csv").write_text("photo,person\na1.png,Ann\n")
    with pytest.raises(BadFolder, match="parts of two runs"):
        accuracy.evaluate_folder(run.out, run.out.parent / "labels.csv")
    monkeypatch.undo()
    again = modes.autopilot(album_folder, run.out, subject=colours, settings=settings)
    assert results_folder.load(run.out).names == again.names


def test_the_same_again_is_the_same_run(run, album_folder, colours) -> None:
    before = files_in(run.out)
    again = modes.autopilot(album_folder, run.out, subject=colours)
    assert again.run == run.run
    assert without_changes(files_in(run.out)) == without_changes(before)


def test_results_of_the_version_before_still_open(run) -> None:
    """Without marks of a run in any of its files."""
    for name in (
        results_folder.SIGHTINGS,
        results_folder.PHOTOS,
        results_folder.NOBODY,
        results_folder.PROBLEMS,
    ):
        table = pd.read_csv(run.out / name, dtype=str, keep_default_na=False)
        table.drop(columns="run").to_csv(run.out / name, index=False)
    with np.load(run.out / "encodings.npz") as archive:
        arrays = {name: archive[name] for name in archive.files if name != "run"}
    np.savez(run.out / "encodings.npz", **arrays)
    content = json.loads((run.out / "run.json").read_text())
    del content["run"]
    (run.out / "run.json").write_text(json.dumps(content))
    found = results_folder.load(run.out)
    assert (found.names, found.lacking) == (run.names, "")


@pytest.mark.parametrize("seed", range(60))
def test_damaged_encodings_end_in_one_line(left, seed) -> None:
    draw = np.random.default_rng(seed)
    path = left / "encodings.npz"
    content = bytearray(path.read_bytes())
    for _ in range(int(draw.integers(1, 4))):
        # Half of the damage is where the archive says what is in it.
        first = content.rfind(b"PK\x01\x02", 0, content.rfind(b"PK\x05\x06") - 200)
        start = 0 if draw.random() < 0.5 else max(first, 0)
        content[int(draw.integers(start, len(content)))] = int(draw.integers(0, 256))
    if draw.random() < 0.2:
        content = content[: int(draw.integers(0, len(content)))]
    path.write_bytes(content)
    try:
        results_folder.load(left)
    except BadFolder as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("local", "central", "value"),
    [(6, 8, 1), (8, 10, 99), (8, 10, 12), (8, 10, 14), (6, 8, 0x40)],
    ids=["encrypted", "unknown", "bzip2", "lzma", "strong encryption"],
)
def test_archives_that_claim_to_be_packed_otherwise(left, local, central, value) -> None:
    path = left / "encodings.npz"
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        start = data.find(mark)
        while start >= 0:
            data[start + at] = value
            start = data.find(mark, start + 4)
    path.write_bytes(data)
    with pytest.raises(BadFolder, match="encodings"):
        results_folder.load(left)


@pytest.mark.parametrize("shape", ["(8, 3000000000)", "(800000000000, 3)", "(-1, 3)", "(True, 3)"])
def test_a_shape_alone_takes_no_memory(left, shape) -> None:
    arrays = {}
    with zipfile.ZipFile(left / "encodings.npz") as archive:
        arrays = {name: archive.read(name) for name in archive.namelist()}
    arrays["encodings.npy"] = arrays["encodings.npy"].replace(
        b"(8, 3), }" + b" " * len(shape), f"{shape}, }}".encode() + b" " * len("(8, 3)"), 1
    )
    assert shape.encode() in arrays["encodings.npy"]
    with zipfile.ZipFile(left / "encodings.npz", "w") as archive:
        for name, content in arrays.items():
            archive.writestr(name, content)
    with pytest.raises(BadFolder, match=r"encodings\.npz"):
        results_folder.load(left)


@pytest.mark.parametrize(
    "text", ['"x": 1e400', f'"x": {"9" * 400}', '"x": NaN', f'"x": {"[" * 9999}']
)
def test_a_record_with_numbers_that_are_none(left, text) -> None:
    content = (left / "run.json").read_text()
    (left / "run.json").write_text("{" + text + "," + content.lstrip("{"))
    with pytest.raises(BadFolder, match=r"run\.json cannot be used"):
        results_folder.load(left)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes on Windows")
@pytest.mark.parametrize("file", ["run.json", "sightings.csv", "encodings.npz"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(left, file) -> None:
    (left / file).unlink()
    os.mkfifo(left / file)
    with pytest.raises(BadFolder, match="not a regular file"):
        results_folder.load(left)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_what_is_written_is_its_owners_alone(album_folder, tmp_path, colours) -> None:
    before = os.umask(0)
    try:
        run = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        decisions.add(run.out, [decisions.Decision("ignore", key_of(run.album, 0))])
    finally:
        os.umask(before)
    modes_of = {
        path.name: path.stat().st_mode & 0o777 for path in run.out.iterdir() if path.is_file()
    }
    assert len(modes_of) == 8
    assert set(modes_of.values()) == {0o600}


FORMAT_1 = Path(__file__).parent / "format_1"


@pytest.fixture
def format_1(tmp_path):
    """What the version before left: no format in its record, paths as they were given."""
    shutil.copytree(FORMAT_1, tmp_path / "old")
    return tmp_path / "old"


def test_results_of_format_1_open_and_their_decisions_hold(format_1, colours) -> None:
    found = results_folder.load(format_1 / "sorted")
    assert found.names == ("Ann", "person_002", "Ann", "person_002")
    assert [Path(path).is_file() for path in found.album.photos["path"]] == [True] * 4
    assert found.missing == 0
    assert found.album.subject.name == "face"
    again = modes.autopilot(format_1 / "photos", format_1 / "sorted", subject=colours)
    assert again.names == found.names
    assert (again.decided, again.undecided) == (1, 0)
    assert set(again.plan["state"]) == {"there already"}
    assert json.loads((format_1 / "sorted" / "run.json").read_text())["format"] == 2


def test_results_of_format_1_find_photos_that_moved(format_1, tmp_path) -> None:
    (format_1 / "photos").rename(tmp_path / "elsewhere")
    assert results_folder.load(format_1 / "sorted").missing == 4
    found = results_folder.load(format_1 / "sorted", photos=tmp_path / "elsewhere")
    assert found.missing == 0
    assert found.photos_folder == tmp_path / "elsewhere"


def test_a_newer_format_is_refused_and_named(run) -> None:
    for written in (3, "x", None, [2]):
        change(run.out, format=written)
        with pytest.raises(BadFolder, match="newer version"):
            results_folder.load(run.out)


@pytest.mark.parametrize("way", ["relative", "absolute", "through a link", "with dots"])
def test_tables_name_photos_from_their_folder_on(
    album_folder, tmp_path, colours, monkeypatch, way
) -> None:
    (album_folder / "bad.jpg").write_bytes(b"none")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("photos")
    given = {
        "relative": "photos",
        "absolute": album_folder,
        "through a link": "link",
        "with dots": "photos/deep/../../photos/./",
    }[way]
    modes.autopilot(given, "out", subject=colours)
    seen: set[str] = set()
    for table in ("sightings.csv", "photos.csv", "nobody.csv", "problems.csv"):
        seen |= set(pd.read_csv(tmp_path / "out" / table)["path"])
    assert seen == {
        *("a1.png", "a2.png", "deep/a3.png", "deep/a1.png", "three.png", "empty.png", "bad.jpg")
    }


def test_results_open_from_anywhere_and_after_all_moved(
    album_folder, tmp_path, colours, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    modes.autopilot("photos", "out", subject=colours)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert results_folder.load("../out").missing == 0
    # The project moved, and another folder of photos stands where it was.
    (tmp_path / "new").mkdir()
    (tmp_path / "out").rename(tmp_path / "new" / "out")
    (tmp_path / "photos").rename(tmp_path / "new" / "photos")
    found = results_folder.load(tmp_path / "new" / "out")
    assert found.missing == 0
    assert found.photos_folder == tmp_path / "new" / "photos"


def test_photos_that_moved_alone_are_found_where_they_are_said_to_be(run, tmp_path) -> None:
    moved = tmp_path / "disk" / "photos"
    moved.parent.mkdir()
    (tmp_path / "photos").rename(moved)
    assert results_folder.load(run.out).missing == len(run.album.photos)
    with pytest.raises(BadFolder, match=r"photos of .* are not where they were .*--photos"):
        taken_up(run.out)
    with pytest.raises(BadFolder, match="none of its 6 photos is there"):
        taken_up(run.out, photos=tmp_path / "disk")
    session = taken_up(run.out, photos=moved)
    assert session.names == run.names
    assert session.looked.folder == moved
    done = session.export(tmp_path / "new out")
    assert not done.not_copied
    assert len(done.plan) == len(run.plan)


def test_columns_of_ones_own_survive(run, tmp_path, colours) -> None:
    looked, _ = modes.taken_up(run.out)
    album = looked.album
    own = replace(
        album,
        photos=album.photos.assign(station="C 7", taken_at=[f"0{n}:00" for n in range(6)]),
        sightings=album.sightings.assign(flank="left", mine=[f"00{n}" for n in range(8)]),
    )
    session = Session(
        replace(looked, album=own), GroupingAssigner(AutopilotSettings()), out=tmp_path / "more"
    )
    session.ignore(2)
    session.undo()
    session.export(tmp_path / "more")
    found = results_folder.load(tmp_path / "more").album
    for column in ("station", "taken_at"):
        assert found.photos[column].to_list() == own.photos[column].to_list()
    for column in ("flank", "mine"):
        assert found.sightings[column].to_list() == own.sightings[column].to_list()


def test_a_table_larger_than_it_can_be_is_not_read(run, monkeypatch) -> None:
    monkeypatch.setattr(results_folder, "LARGEST_TABLE", 100)
    with pytest.raises(BadFolder, match=r"sightings\.csv.* at most 100"):
        results_folder.load(run.out)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"program": "sightings"}', "\x00", '{"files": 3}']
)
def test_a_damaged_record_is_no_record(tmp_path, text) -> None:
    (tmp_path / "run.json").write_text(text)
    assert results_folder.ResultsFolder(tmp_path).files() is None


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000])
def test_a_deeply_nested_record_is_no_record(tmp_path, text) -> None:
    (tmp_path / "run.json").write_text(text)
    assert results_folder.ResultsFolder(tmp_path).files() is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_record_that_is_a_pipe_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "run.json")
    assert results_folder.ResultsFolder(tmp_path).files() is None


def ignoring(run, *rows):
    """Leave sightings of a run out, and sort anew into the same folder."""
    decisions.add(run.out, [Decision("ignore", key_of(run.album, row)) for row in rows])
    return taken_up(run.out).export(run.out)


def test_ignored_sightings_keep_their_rows_and_have_no_name(run) -> None:
    before = results_folder.load(run.out).album.sightings["sighting_id"].to_list()
    ignoring(run, 1, 6)
    table = pd.read_csv(run.out / "sightings.csv", dtype=str, keep_default_na=False)
    assert [row for row, cell in enumerate(table["ignored"]) if cell == "1"] == [1, 6]
    assert set(table["ignored"]) == {"0", "1"}
    assert [row for row, name in enumerate(table["name"]) if not name] == [1, 6]
    assert table["sighting_id"].to_list() == before
    assert "ignored" not in pd.read_csv(run.out / "photos.csv")
    found = results_folder.load(run.out)
    assert np.flatnonzero(found.album.ignored).tolist() == [1, 6]
    assert (found.names[1], found.names[6]) == (None, None)
    np.testing.assert_array_equal(found.album.encodings, run.album.encodings)
    assert list(found.album.sightings.columns) == list(run.album.sightings.columns)


def test_who_is_ignored_has_no_name_whatever_somebody_wrote_there(run) -> None:
    edit(run.out, "ignored", "1")
    edit(run.out, "name", "Ann")
    found = results_folder.load(run.out)
    assert found.names[0] is None
    assert found.album.ignored.tolist() == [True, *[False] * 7]
    # Identifiers follow from the rest.
    edit(run.out, "sighting_id", "x")
    again = results_folder.load(run.out).album.sightings["sighting_id"]
    assert again.to_list() == found.album.sightings["sighting_id"].to_list()


@pytest.mark.parametrize("cell", ["yes", "2", "-1", "True"])
def test_a_mask_of_something_else_is_refused(run, cell, tmp_path) -> None:
    edit(run.out, "ignored", cell)
    with pytest.raises(BadFolder, match="ignored holds something else than 0 and 1"):
        results_folder.load(run.out)
    labels = tmp_path / "labels.csv"
    labels.write_text("photo,person\na1.png,ann\n")
    with pytest.raises(BadFolder, match="ignored holds something else than 0 and 1"):
        accuracy.evaluate_folder(run.out, labels, draws=5)


def as_before_the_mask(out: Path) -> None:
    """Make of a folder what the version before left: of what is ignored, the number alone."""
    table = pd.read_csv(out / "sightings.csv", dtype=str, keep_default_na=False)
    ignored = (table["ignored"] == "1").to_numpy()
    photos = pd.read_csv(out / "photos.csv", dtype=str, keep_default_na=False)
    counts = table["photo_digest"][ignored].value_counts()
    photos.insert(
        len(photos.columns) - 1, "ignored", photos["photo_digest"].map(counts).fillna(0).astype(int)
    )
    photos.to_csv(out / "photos.csv", index=False)
    table[~ignored].drop(columns=["ignored", "sighting_id"]).to_csv(
        out / "sightings.csv", index=False
    )
    with np.load(out / "encodings.npz") as archive:
        arrays = dict(archive)
    rewrite(out, **{k: v if v.ndim == 0 else v[~ignored] for k, v in arrays.items()})


def test_results_without_the_rows_of_ignored_sightings_have_their_counts(run, tmp_path) -> None:
    now = ignoring(run, 1, 6, 7)
    as_before_the_mask(run.out)
    session = taken_up(run.out)
    assert (len(session.album), session.result.count) == (5, 5)
    assert not session.album.ignored.any()
    told, expected = session.result.as_dict(), now.as_dict()
    for key in ("sightings", "ignored", "photos_with_nobody", "people", "decisions"):
        assert told[key] == expected[key]
    assert (told["ignored"], told["decisions_not_here"]) == (3, 0)
    assert "3 faces ignored, as you decided" in str(session.result)
    assert session.result.unsorted["reason"].to_list() == now.unsorted["reason"].to_list()
    # One more is counted with those, and survives an export and the next opening.
    session.ignore(0)
    assert session.result.as_dict()["ignored"] == 4
    session.export(tmp_path / "more")
    again = taken_up(tmp_path / "more")
    assert (again.result.as_dict()["ignored"], again.result.undecided) == (4, 0)
    while again.undo():
        pass
    assert (again.result.count, again.result.as_dict()["ignored"]) == (5, 3)


def test_results_of_format_1_have_their_counts_of_ignored_sightings(format_1) -> None:
    path = format_1 / "sorted" / "photos.csv"
    photos = pd.read_csv(path, dtype=str, keep_default_na=False)
    number = (photos["path"] == photos["path"].iloc[0]).astype(int) * 2
    photos.assign(ignored=number).to_csv(path, index=False)
    session = taken_up(format_1 / "sorted")
    assert (session.result.count, session.result.as_dict()["ignored"]) == (4, 2)
    session.ignore(1)
    assert (session.result.count, session.result.as_dict()["ignored"]) == (3, 3)


def test_columns_of_ones_own_survive_all_that_is_done_with_an_album(
    run, album_folder, tmp_path, colours
) -> None:
    save_tiles(tmp_path / "second" / "c.png", "cem", "ann", shade=7)
    looked, _ = modes.taken_up(run.out)
    other = modes.look(tmp_path / "second", settings=AutopilotSettings(), subject=colours).album

    def noted(album, station):
        photos = [f"{station} {n}" for n in range(len(album.photos))]
        mine = [f"{station} {n}" for n in range(len(album))]
        return replace(
            album,
            photos=album.photos.assign(station=photos, taken_at=station),
            sightings=album.sightings.assign(mine=mine),
        )

    first, second = noted(looked.album, "A"), noted(other, "B")
    second = replace(second, sightings=second.sightings.assign(flank="left"))
    # Merge, and filter.
    both = first.merge(second)
    some = both.take([row for row in range(len(both)) if row != 4])
    assert len(some) == len(first) + len(second) - 1
    mine = some.sightings["mine"].to_list()
    assert mine == ["A 0", "A 1", "A 2", "A 3", "A 5", "A 6", "A 7", "B 0", "B 1"]
    assert some.sightings["flank"].to_list() == [""] * 7 + ["left"] * 2
    stations = dict(zip(some.photos["path"], some.photos["station"], strict=True))
    # Ignore, save, load, undo.
    inside = replace(looked, album=some, folder=tmp_path, listed=len(some.photos))
    session = Session(inside, GroupingAssigner(AutopilotSettings()), out=tmp_path / "more")
    ids = session.album.sightings["sighting_id"].to_list()
    session.ignore(7)
    session.export(tmp_path / "more")
    again = taken_up(tmp_path / "more")
    assert np.flatnonzero(again.album.ignored).tolist() == [7]
    again.undo()
    for found in (session.album, results_folder.load(tmp_path / "more").album, again.album):
        assert found.sightings["mine"].to_list() == mine
        assert found.sightings["flank"].to_list() == [""] * 7 + ["left"] * 2
        assert found.sightings["sighting_id"].to_list() == ids
        assert dict(zip(found.photos["path"], found.photos["station"], strict=True)) == stations
        assert set(found.photos["taken_at"]) == {"A", "B"}
    assert again.names[7] is not None
    assert not again.album.ignored.any()


def test_another_album_in_a_folder_is_named(tmp_path, colours):
    photos = save_tiles(tmp_path / "photos" / "1.png", "ann").parent
    out, settings = tmp_path / "out", AutopilotSettings(threshold=0.3)
    folder = ResultsFolder(out)
    assert folder.another(photos, "autopilot") == ""
    modes.autopilot(photos, out, settings=settings, subject=colours)
    assert folder.another(photos, "autopilot") == ""
    assert folder.another(tmp_path / "photos" / ".." / "photos", "autopilot") == ""
    assert folder.another(photos, "point-and-shoot") == "a result of autopilot"
    assert folder.another(photos, "autopilot", "face") == ""
    assert folder.another(photos, "autopilot", "animal") == "a result about faces"
    assert folder.another(tmp_path / "more", "autopilot") == f"the album of {photos}"
    # Moved together, it is the same album.
    moved = tmp_path / "moved"
    moved.mkdir()
    photos.rename(moved / "photos")
    out.rename(moved / "out")
    assert ResultsFolder(moved / "out").another(moved / "photos", "autopilot") == ""
    (moved / "out" / "run.json").write_text("[")
    assert ResultsFolder(moved / "out").another(tmp_path / "more", "autopilot") == ""
