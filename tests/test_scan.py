import shutil
import threading
from typing import ClassVar

import numpy as np
import pytest
from conftest import TILE, TileDetector, save_tiles

from toolkit import photos
from toolkit.records import Box
from toolkit.scan import BATCH, gather, scan, watched
from toolkit.subjects.base import Subject


def gallery_of(album, colours, **settings):
    listing = photos.find(album)
    settings = {"long_edge": 1000, **settings}
    return gather(
        scan(listing.photos, colours, **settings), colours.encoder.info, skipped=listing.skipped
    )


def test_one_result_a_photo_in_the_order_given(album, colours) -> None:
    paths = photos.find(album).photos
    results = list(scan(paths, colours, long_edge=1000, jobs=3))
    assert [result.path for result in results] == list(paths)
    assert [len(result.detections) for result in results] == [1, 1, 0, 3, 1, 2]
    assert {"read", "decode", "detect", "encode"} <= set(results[0].seconds)


@pytest.mark.parametrize("jobs", [2, 5])
def test_the_gallery_and_its_batches_are_the_same_for_any_number_of_threads(
    tmp_path, colours, jobs
) -> None:
    for number in range(60):
        who = ["ann", "bob", "cem"][: number % 4]
        save_tiles(tmp_path / f"{number:02}.png", *who, shade=number)
    batches: dict[int, list[int]] = {}

    def counting(threads: int) -> Subject:
        class Counting:
            info = colours.encoder.info
            chips = colours.encoder.chips

            def encode(self, chips):
                batches.setdefault(threads, []).append(len(chips))
                return colours.encoder.encode(chips)

        return Subject("tile", colours.detector, Counting())

    one, many = (gallery_of(tmp_path, counting(n), jobs=n) for n in (1, jobs))
    assert one.sightings.equals(many.sightings)
    np.testing.assert_array_equal(one.encodings, many.encodings)
    assert len(batches[1]) > 3
    assert sorted(batches[1]) == sorted(batches[jobs])


def test_byte_identical_photos_are_encoded_once_and_both_listed(album, colours) -> None:
    before = gallery_of(album, colours)
    counted = colours.encoder.encoded
    (album / "zz").mkdir()
    shutil.copy(album / "three.png", album / "zz" / "copy.png")
    after = gallery_of(album, colours, jobs=2)
    assert colours.encoder.encoded == 2 * counted
    assert len(after.photos) == len(before.photos) + 1
    assert len(after) == len(before)
    assert after.photos["photo_digest"].duplicated().sum() == 1


def test_an_unreadable_photo_and_its_copy_are_reported_not_dropped(album, colours) -> None:
    (album / "bad.jpg").write_bytes(b"not a picture")
    (album / "bad copy.jpg").write_bytes(b"not a picture")
    (album / "empty.jpg").touch()
    (album / "film.mp4").write_bytes(b"x")
    problems = gallery_of(album, colours).problems
    by_name = {path.rsplit("/")[-1]: tuple(rest) for path, *rest in problems.to_numpy()}
    assert set(by_name) == {"bad.jpg", "bad copy.jpg", "empty.jpg", "film.mp4"}
    assert by_name["bad.jpg"] == by_name["bad copy.jpg"]
    assert by_name["bad.jpg"][0] == "decoding"
    assert "empty" in by_name["empty.jpg"][1]
    assert by_name["film.mp4"][0] == "listing"


def test_boxes_are_in_px_of_the_full_size_photo(tmp_path, colours) -> None:
    save_tiles(tmp_path / "wide.png", "ann", "bob", "cem", "ann")
    small = gallery_of(tmp_path, colours, long_edge=100)
    full = gallery_of(tmp_path, colours, long_edge=1000)
    columns = ["left", "top", "right", "bottom"]
    assert np.abs(small.sightings[columns] - full.sightings[columns]).to_numpy().max() <= 3
    assert full.sightings[columns].iloc[1].to_list() == [TILE, 0, 2 * TILE, TILE]


def test_what_is_encoded_is_cut_from_the_full_size_photo(tmp_path, colours) -> None:
    class Watching:
        info = colours.encoder.info
        shapes: ClassVar[list] = []

        def chips(self, image, boxes):
            self.shapes.append(image.shape)
            return colours.encoder.chips(image, boxes)

        encode = colours.encoder.encode

    save_tiles(tmp_path / "a.png", *["ann"] * 20)
    subject = Subject("tile", colours.detector, Watching())
    gather(scan([tmp_path / "a.png"], subject, long_edge=640), subject.encoder.info)
    assert Watching.shapes == [(TILE, 20 * TILE, 3)]


def test_small_boxes_are_left_out(tmp_path, colours) -> None:
    save_tiles(tmp_path / "a.png", "ann")
    assert len(gallery_of(tmp_path, colours, min_face=TILE)) == 1
    assert len(gallery_of(tmp_path, colours, min_face=TILE + 1)) == 0


def test_no_more_photos_are_in_memory_than_threads_need(tmp_path, colours) -> None:
    """A slow reader of the results holds the scan back, however many photos there are."""
    started = []

    class Counting(TileDetector):
        def detect(self, image):
            started.append(threading.get_ident())
            return super().detect(image)

    paths = [save_tiles(tmp_path / f"{i:02}.png", "ann", shade=i) for i in range(120)]
    results = scan(paths, Subject("tile", Counting(), colours.encoder), long_edge=500, jobs=2)
    next(results)
    results.close()
    assert len(started) <= 2 * BATCH + 2 * 3
    assert threading.active_count() < 10


def test_stopping_cancels_and_leaves_no_threads(album, colours) -> None:
    results = scan(photos.find(album).photos, colours, long_edge=500, jobs=2)
    next(results)
    results.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("scan")]


def test_progress_is_told_after_each_photo(album, colours) -> None:
    paths = photos.find(album).photos
    told = []
    results = scan(paths, colours, long_edge=500)
    list(watched(results, len(paths), lambda done, total, item: told.append((done, total, item))))
    assert [done for done, _, _ in told] == list(range(1, len(paths) + 1))
    assert {total for _, total, _ in told} == {len(paths)}
    assert told[0][2].endswith("a1.png")


def test_an_error_that_is_no_fault_of_the_photo_is_not_hidden(album, colours) -> None:
    class Broken:
        name = "broken"

        def detect(self, image):
            raise RuntimeError("a bug")

    subject = Subject("tile", Broken(), colours.encoder)
    with pytest.raises(RuntimeError, match="a bug"):
        list(scan(photos.find(album).photos, subject, long_edge=500))


def test_a_box_over_the_edge_stays_as_it_was_found(tmp_path, colours) -> None:
    assert Box(-5, -5, 10, 10).scaled(2, 2) == Box(-10, -10, 20, 20)
