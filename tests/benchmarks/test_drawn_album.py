"""A drawn album is one that a scan could have left."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toolkit.benchmarks import drawn_album, drawn_encodings
from toolkit.errors import BadSetting
from toolkit.photos.thumbnails import Thumbnails, count_gone
from toolkit.records import worth_of


def test_every_photo_is_there_and_shows_its_sightings_side_by_side(tmp_path: Path) -> None:
    looked = drawn_album.draw(300, tmp_path, seed=4)
    album = looked.album
    assert len(album) == 300
    assert looked.complete
    assert count_gone(album) == 0
    assert album.photos["path"].is_unique
    boxes = album.sightings[["left", "top", "right", "bottom"]].to_numpy()
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= [drawn_album.WIDE, drawn_album.HIGH]).all()
    seen = album.sightings.groupby("photo_digest")
    assert sorted(seen.size().unique()) == [1, 2]
    # No two boxes of a photo overlap.
    assert (seen["left"].last() >= seen["right"].first())[seen.size() == 2].all()
    assert 0 < (worth_of(album.sightings) < 0.1).sum() < 30
    thumbnails = Thumbnails(album)
    assert all(Image.open(io.BytesIO(jpeg)) for jpeg in thumbnails.crops([0, 1], 40))
    assert thumbnails.grey == ""


def test_nobody_is_twice_in_a_photo_and_the_encodings_are_those_that_are_drawn(
    tmp_path: Path,
) -> None:
    album = drawn_album.draw(2000, tmp_path, seed=4).album
    drawn = drawn_encodings.draw(2000, seed=4)
    assert np.array_equal(album.encodings, drawn.encodings)
    pairs = album.sightings.assign(person=drawn.people).groupby("photo_digest")["person"]
    assert (pairs.nunique() == pairs.size()).all()


def test_the_same_seed_draws_the_same(tmp_path: Path) -> None:
    one, two, other = (
        drawn_album.draw(60, tmp_path / name, seed=seed).album
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    boxes = [each.sightings.drop(columns=["path"]) for each in (one, two, other)]
    assert boxes[0].equals(boxes[1])
    assert not boxes[0].equals(boxes[2])
    drawn = [Path(each.photos["path"].iloc[5]).read_bytes() for each in (one, two)]
    assert drawn[0] == drawn[1]


def test_no_sightings_are_no_album(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="0 encodings"):
        drawn_album.draw(0, tmp_path)
