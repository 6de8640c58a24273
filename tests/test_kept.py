import json

import numpy as np
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


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        (lambda out: (out / "encodings.npy").unlink(), "encodings.npy"),
        (lambda out: (out / "encodings.npy").write_bytes(b"\x93NUMPY"), "encodings.npy"),
        (lambda out: np.save(out / "encodings.npy", np.zeros((2, 3), np.float32)), "encodings.npy"),
        (lambda out: np.save(out / "encodings.npy", np.array([{}] * 8)), "encodings.npy"),
        (lambda out: (out / "sightings.csv").write_text("a,b\n1,2\n"), "sightings.csv"),
        (lambda out: (out / "sightings.csv").unlink(), "sightings.csv"),
        (lambda out: (out / "run.json").write_text("{"), "run.json"),
        (lambda out: (out / "run.json").write_text("[]"), "run.json"),
        (lambda out: change(out, calibration={"slope": -1, "even": 1}), "run.json"),
        (lambda out: change(out, calibration=7), "run.json"),
        (lambda out: change(out, settings=7), "run.json"),
    ],
)
def test_a_damaged_file_is_named(run, damage, file) -> None:
    damage(run.out)
    with pytest.raises(BadFolder) as complaint:
        kept.load(run.out)
    assert file in str(complaint.value)
    assert "\n" not in str(complaint.value)


def test_numbers_that_are_none_are_refused(run) -> None:
    encodings = np.full(run.gallery.encodings.shape, np.nan, np.float32)
    np.save(run.out / "encodings.npy", encodings)
    with pytest.raises(BadFolder, match="not finite"):
        kept.load(run.out)
