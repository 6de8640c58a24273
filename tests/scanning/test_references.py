"""Example photos read into references: which serve, and why the others do not."""

import numpy as np
import pytest
from stopping import after
from tiles import save_tiles

from toolkit.errors import BadFolder
from toolkit.scanning.references import read_references
from toolkit.settings import PointAndShootSettings

SETTINGS = PointAndShootSettings()


def test_one_folder_is_one_individual_and_each_photo_a_reference(tmp_path, colours) -> None:
    for name in ("Ann/1.png", "Ann/deep/2.png"):
        save_tiles(tmp_path / name, "ann")
    save_tiles(tmp_path / "Bob/1.png", "bob")
    found = read_references(tmp_path, colours, SETTINGS)
    assert found.names == ("Ann", "Bob")
    assert [found.names[k] for k in found.individual_of] == ["Ann", "Ann", "Bob"]
    assert len(found.encodings) == len(found.paths) == 3
    assert found.encoder == colours.encoder.info
    assert len(found.problems) == 0
    assert found.features is None


def test_each_photo_that_cannot_serve_has_its_reason(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/1.png", "ann")
    save_tiles(tmp_path / "Ann/both.png", "ann", "bob")
    save_tiles(tmp_path / "Bob/nobody.png")
    (tmp_path / "Bob" / "bad.png").write_bytes(b"no picture")
    found = read_references(tmp_path, colours, SETTINGS)
    reasons = {path.rpartition("/")[2]: why for path, _, why in found.problems.to_numpy()}
    assert sorted(reasons) == ["bad.png", "both.png", "nobody.png"]
    assert "2 faces found, and which one is meant is unknown" in reasons["both.png"]
    assert "--largest-face" in reasons["both.png"]
    assert "no face found" in reasons["nobody.png"]
    # Bob is known all the same, though nobody can be compared with him.
    assert found.names == ("Ann", "Bob")
    assert found.individual_of.tolist() == [0]


def test_the_largest_is_taken_where_that_is_asked_for(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/both.png", "ann", "bob")
    found = read_references(tmp_path, colours, PointAndShootSettings(largest=True))
    assert len(found.encodings) == 1
    assert len(found.problems) == 0


def test_progress_counts_each_photo_and_a_stop_leaves_nothing(tmp_path, colours) -> None:
    for k in range(4):
        save_tiles(tmp_path / f"Ann/{k}.png", "ann", shade=k)
    told = []
    read_references(tmp_path, colours, SETTINGS, progress=lambda *what: told.append(what))
    assert [(done, total) for done, total, _ in told] == [(k, 4) for k in range(1, 5)]
    _, asked = after(1)
    assert read_references(tmp_path, colours, SETTINGS, **asked) is None


def test_folders_that_hold_no_examples_are_left_out(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/1.png", "ann")
    save_tiles(tmp_path / "found/1.png", "bob")
    found = read_references(tmp_path, colours, SETTINGS, leave_out=[tmp_path / "found"])
    assert found.names == ("Ann",)
    np.testing.assert_array_equal(found.individual_of, [0])


def test_nobody_to_compare_with_is_refused_and_the_first_reason_is_said(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/nobody.png")
    with pytest.raises(BadFolder, match=r"none of the 1 photos .* nobody\.png: no face found"):
        read_references(tmp_path, colours, SETTINGS)
