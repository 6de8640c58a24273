import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from toolkit import kept, modes
from toolkit.errors import BadFolder


@pytest.fixture
def run(album, tmp_path, colours):
    return modes.autopilot(album, tmp_path / "out", subject=colours)


def test_what_is_taken_up_again_is_what_was_left(run) -> None:
    found = kept.load(run.out)
    np.testing.assert_array_equal(found.gallery.encodings, run.gallery.encodings)
    assert found.names == run.names
    assert found.gallery.encoder == run.gallery.encoder
    assert found.threshold == run.threshold
    assert found.mode == "autopilot"
    assert found.settings["method"] == "average"
    columns = list(run.gallery.sightings.columns)
    assert found.gallery.sightings[columns].equals(run.gallery.sightings[columns])
    np.testing.assert_array_equal(found.gallery.photo_of, run.gallery.photo_of)


def test_unknown_faces_stay_unknown(album, tmp_path, colours) -> None:
    people = tmp_path / "people"
    (people / "ann").mkdir(parents=True)
    (people / "ann" / "a1.png").write_bytes((album / "a1.png").read_bytes())
    result = modes.point_and_shoot(album, people, tmp_path / "out", subject=colours)
    found = kept.load(result.out)
    assert None in found.names
    assert found.names == result.names
    assert (found.labels == -1).sum() == found.names.count(None)


def test_another_folder_is_refused(tmp_path) -> None:
    with pytest.raises(BadFolder, match=r"holds no run\.json; expected the output folder"):
        kept.load(tmp_path)


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
        (lambda out: change(out, threshold=10**400), "run.json"),
        (lambda out: edit(out, "left", "9" * 23), "sightings.csv"),
        (lambda out: edit(out, "photo_digest", "é"), "sightings.csv"),
    ],
)
def test_a_damaged_file_is_named(run, damage, file) -> None:
    damage(run.out)
    with pytest.raises(BadFolder) as complaint:
        kept.load(run.out)
    assert file in str(complaint.value)
    assert "\n" not in str(complaint.value)


def test_numbers_that_are_none_are_refused(run) -> None:
    rewrite(run.out, encodings=np.full(run.gallery.encodings.shape, np.nan, np.float32))
    with pytest.raises(BadFolder, match="no encoding has"):
        kept.load(run.out)


@pytest.mark.parametrize("name", ["NA", "null", "007", "None", "1e5"])
def test_a_name_is_text_whatever_it_looks_like(name, album, tmp_path, colours) -> None:
    (tmp_path / "people" / name).mkdir(parents=True)
    (tmp_path / "people" / name / "a.png").write_bytes((album / "a1.png").read_bytes())
    result = modes.point_and_shoot(album, tmp_path / "people", tmp_path / "out", subject=colours)
    assert name in result.names
    assert kept.load(result.out).names == result.names


def test_a_kept_gallery_knows_the_sizes_of_its_photos(run) -> None:
    photos = kept.load(run.out).gallery.photos.set_index("photo_digest")
    expected = run.gallery.photos.set_index("photo_digest").loc[photos.index]
    assert photos[["width", "height"]].equals(expected[["width", "height"]])
