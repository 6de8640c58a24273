import gc
import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import tiles
from PIL import Image, ImageCms
from tiles import TILE, ColourEncoder, TileDetector, save_tiles

from toolkit.errors import UnreadablePhoto
from toolkit.photos import opening
from toolkit.records import Box, Detection
from toolkit.scanning.scan import BATCH, gather, scan, watched, with_subjects
from toolkit.subjects.base import Subject


def album_of(album_folder, colours, **settings):
    listing = opening.find(album_folder)
    settings = {"long_edge": 1000, **settings}
    return gather(
        scan(listing.photos, colours, **settings), colours.encoder.info, skipped=listing.skipped
    )


def test_one_result_a_photo_in_the_order_given(album_folder, colours) -> None:
    paths = opening.find(album_folder).photos
    results = list(scan(paths, colours, long_edge=1000, jobs=3))
    assert [result.path for result in results] == list(paths)
    assert [len(result.detections) for result in results] == [1, 1, 0, 3, 1, 2]
    assert {"read", "decode", "detect", "encode"} <= set(results[0].seconds)


@pytest.mark.parametrize("jobs", [2, 5])
def test_the_album_and_its_batches_are_the_same_for_any_number_of_threads(
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

    one, many = (album_of(tmp_path, counting(n), jobs=n) for n in (1, jobs))
    assert one.sightings.equals(many.sightings)
    np.testing.assert_array_equal(one.encodings, many.encodings)
    assert len(batches[1]) > 3
    assert sorted(batches[1]) == sorted(batches[jobs])


def test_byte_identical_photos_are_encoded_once_and_both_listed(album_folder, colours) -> None:
    before = album_of(album_folder, colours)
    counted = colours.encoder.encoded
    (album_folder / "zz").mkdir()
    shutil.copy(album_folder / "three.png", album_folder / "zz" / "copy.png")
    after = album_of(album_folder, colours, jobs=2)
    assert colours.encoder.encoded == 2 * counted
    assert len(after.photos) == len(before.photos) + 1
    assert len(after) == len(before)
    assert after.photos["photo_digest"].duplicated().sum() == 1


def test_further_files_of_a_picture_name_the_first_which_has_its_subjects(
    album_folder, colours
) -> None:
    (album_folder / "zz").mkdir()
    for name in ("a1.png", "three.png"):
        shutil.copy(album_folder / name, album_folder / "zz" / name)
    paths = opening.find(album_folder).photos
    bare = list(scan(paths, colours, long_edge=1200))
    whole = list(with_subjects(bare))
    copies = [each for each in bare if each.copy_of is not None]
    assert [each.copy_of for each in copies] == [album_folder / each.path.name for each in copies]
    assert len(copies) == 2
    assert not any(each.detections or len(each.encodings) for each in copies)
    by_path = {each.path: each for each in whole}
    for each in copies:
        mine, first = by_path[each.path], by_path[each.copy_of]
        assert len(mine.detections) == len(mine.encodings) > 0
        assert mine.detections == first.detections
        np.testing.assert_array_equal(mine.encodings, first.encodings)
    one, other = (gather(found, colours.encoder.info) for found in (whole, bare))
    pd.testing.assert_frame_equal(one.photos, other.photos)
    pd.testing.assert_frame_equal(one.sightings, other.sightings)
    assert one.encodings.tobytes() == other.encodings.tobytes()


def test_a_digest_is_held_once_however_many_files_have_it(album_folder, colours) -> None:
    (album_folder / "zz").mkdir()
    for number in range(5):
        shutil.copy(album_folder / "three.png", album_folder / "zz" / f"{number}.png")
    photos = album_of(album_folder, colours).photos
    several = photos[photos["photo_digest"].duplicated(keep=False)]
    assert len(several) == 6
    for column in ("photo_digest", "file_digest", "image_digest"):
        assert len({id(each) for each in several[column].to_numpy(dtype=object)}) == 1


def test_subjects_are_not_held_while_others_are_looked_at(tmp_path, colours) -> None:
    """What they are is with whoever takes the results; the scan forgets them."""
    paths = many(tmp_path, 60)
    found = scan(paths, colours, long_edge=1200)
    held, seen = [], 0
    for result in found:
        seen += 1
        held.append(weakref.ref(result))
        del result
        if seen == 50:
            gc.collect()
            assert sum(each() is not None for each in held) <= 20
    assert seen == 60


def test_an_unreadable_photo_and_its_copy_are_reported_not_dropped(album_folder, colours) -> None:
    (album_folder / "bad.jpg").write_bytes(b"not a picture")
    (album_folder / "bad copy.jpg").write_bytes(b"not a picture")
    (album_folder / "empty.jpg").touch()
    (album_folder / "film.mp4").write_bytes(b"x")
    problems = album_of(album_folder, colours).problems
    by_name = {path.rsplit("/")[-1]: tuple(rest) for path, *rest in problems.to_numpy()}
    assert set(by_name) == {"bad.jpg", "bad copy.jpg", "empty.jpg", "film.mp4"}
    assert by_name["bad.jpg"] == by_name["bad copy.jpg"]
    assert by_name["bad.jpg"][0] == "decoding"
    assert "empty" in by_name["empty.jpg"][1]
    assert by_name["film.mp4"][0] == "listing"


def test_a_bad_copy_does_not_take_its_good_twins_along(tmp_path, colours, monkeypatch) -> None:
    for name in ("a.png", "b.png", "c.png"):
        save_tiles(tmp_path / name, "ann")
    real = opening.open_shrunk

    def once(path, **how):
        if path.name == "a.png":
            raise UnreadablePhoto("a bad sector")
        return real(path, **how)

    monkeypatch.setattr(opening, "open_shrunk", once)
    album = album_of(tmp_path, colours)
    assert [path.rsplit("/")[-1] for path in album.photos["path"]] == ["b.png", "c.png"]
    assert [path.rsplit("/")[-1] for path in album.problems["path"]] == ["a.png"]
    assert len(album) == 1


def test_a_photo_that_is_cut_short_is_seen_and_noted(tmp_path, colours) -> None:
    whole = save_tiles(tmp_path / "a.bmp", "ann").read_bytes()
    (tmp_path / "b.bmp").write_bytes(whole[:-700])
    save_tiles(tmp_path / "c.bmp", "bob")
    album = album_of(tmp_path, colours)
    assert album.photos["note"].tolist() == ["", "cut short: 94% of its rows were read", ""]
    assert len(album) == 3


class Corner(TileDetector):
    """Finds the upper left part of a photo."""

    def detect(self, image, path=None):
        return [Detection(Box(0, 0, image.shape[0] // 2, image.shape[0] // 2), 1.0)]


@pytest.mark.parametrize(("room", "note"), [(4e9, ""), (1.2e8, "for want of memory")])
def test_a_very_large_photo_is_read_within_the_bound(tmp_path, monkeypatch, room, note) -> None:
    picture = Image.new("RGB", (10_000, 7_000), (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, 3500, 3500))
    picture.save(tmp_path / "a.jpg", quality=50)
    monkeypatch.setattr("toolkit.memory.available", lambda: int(room * 1.5))
    seen = []
    real = opening.open_upright
    monkeypatch.setattr(
        opening,
        "open_upright",
        lambda path, **how: seen.append(how["divisor"]) or real(path, **how),
    )
    subject = Subject("tile", Corner(), ColourEncoder())
    (result,) = scan([tmp_path / "a.jpg"], subject, long_edge=1000)
    assert result.problem is None
    assert note in result.note
    assert result.photo is not None
    assert (result.photo.width, result.photo.height) == (10_000, 7_000)
    # Its box is of the full size, its chip from no more than is needed of it.
    assert result.detections[0].box == Box(0, 0, 3500, 3500)
    assert seen == [2 if note == "" else 4]
    np.testing.assert_allclose(result.encodings, [[1, 0, 0]], atol=0.02)


def test_what_is_encoded_has_its_colours_in_srgb(tmp_path) -> None:
    # A profile with red and green swapped.
    given = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {bytes(given[n : n + 4]): n + 4 for n in range(128, 300, 4)}
    red, green = at[b"rXYZ"], at[b"gXYZ"]
    given[red : red + 8], given[green : green + 8] = given[green : green + 8], given[red : red + 8]
    picture = Image.new("RGB", (900, 600), (250, 10, 10))
    for name in ("a.jpg", "b.png"):
        picture.save(tmp_path / name, icc_profile=bytes(given))
        subject = Subject("tile", Corner(), ColourEncoder())
        (result,) = scan([tmp_path / name], subject, long_edge=300)
        assert result.problem is None
        np.testing.assert_allclose(result.encodings, [[0.04, 0.98, 0.04]], atol=0.03)


def test_boxes_are_in_px_of_the_full_size_photo(tmp_path, colours) -> None:
    save_tiles(tmp_path / "wide.png", "ann", "bob", "cem", "ann")
    small = album_of(tmp_path, colours, long_edge=100)
    full = album_of(tmp_path, colours, long_edge=1000)
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
    assert len(album_of(tmp_path, colours, min_size=TILE)) == 1
    assert len(album_of(tmp_path, colours, min_size=TILE + 1)) == 0


def test_no_more_photos_are_in_memory_than_threads_need(tmp_path, colours) -> None:
    """A slow reader of the results holds the scan back, however many photos there are."""
    started = []

    class Counting(TileDetector):
        def detect(self, image, path=None):
            started.append(threading.get_ident())
            return super().detect(image, path)

    paths = [save_tiles(tmp_path / f"{i:02}.png", "ann", shade=i) for i in range(120)]
    results = scan(paths, Subject("tile", Counting(), colours.encoder), long_edge=500, jobs=2)
    next(results)
    results.close()
    assert len(started) <= 2 * BATCH + 2 * 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("scan")]


def test_stopping_cancels_and_leaves_no_threads(album_folder, colours) -> None:
    results = scan(opening.find(album_folder).photos, colours, long_edge=500, jobs=2)
    next(results)
    results.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("scan")]


def test_progress_is_told_after_each_photo(album_folder, colours) -> None:
    paths = opening.find(album_folder).photos
    told = []
    results = scan(paths, colours, long_edge=500)
    list(watched(results, len(paths), lambda done, total, item: told.append((done, total, item))))
    assert [done for done, _, _ in told] == list(range(1, len(paths) + 1))
    assert {total for _, total, _ in told} == {len(paths)}
    assert told[0][2].endswith("a1.png")


def test_an_error_that_is_no_fault_of_the_photo_is_not_hidden(album_folder, colours) -> None:
    class Broken:
        name = "broken"

        def detect(self, image, path=None):
            raise RuntimeError("a bug")

    subject = Subject("tile", Broken(), colours.encoder)
    with pytest.raises(RuntimeError, match="a bug"):
        list(scan(opening.find(album_folder).photos, subject, long_edge=500))


def test_a_box_over_the_edge_stays_as_it_was_found(tmp_path, colours) -> None:
    assert Box(-5, -5, 10, 10).scaled(2, 2) == Box(-10, -10, 20, 20)


class Counted(TileDetector):
    """Notes every search."""

    def __init__(self) -> None:
        self.begun = 0
        self._lock = threading.Lock()

    def detect(self, image, path=None):
        with self._lock:
            self.begun += 1
            number = self.begun
        self.search(number)
        return super().detect(image, path)

    def search(self, number: int) -> None:
        """What a search has to wait for; the first one is 1."""


class Blocked(Counted):
    """The search of photo `at` (its number in the order of searches) waits to be released."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at, self.reached, self.release = at, threading.Event(), threading.Event()

    def search(self, number: int) -> None:
        # By its own number: others may have begun by now.
        if number == self.at:
            self.reached.set()
            assert self.release.wait(60)


def many(folder, count: int) -> list:
    """Photos of different numbers of people, so that batches end at different places."""
    who = ["ann", "bob", "cem"]
    return [save_tiles(folder / f"{i:03}.png", *who[: i % 4], shade=i) for i in range(count)]


def scan_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("scan")]


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("count", [0, 1, 5, 16, 23, 40, 59, 60])
def test_stopped_after_some_photos_there_are_results_of_exactly_those(
    tmp_path, colours, jobs, count
) -> None:
    paths = many(tmp_path, 60)
    info, told = colours.encoder.info, []
    results = scan(
        paths,
        colours,
        long_edge=1000,
        jobs=jobs,
        stop=lambda: len(told) >= count,
        seen=told.append,
    )
    stopped = gather(results, info)
    assert told == paths[:count]
    assert stopped.photos["path"].to_list() == [str(path) for path in paths[:count]]
    expected = gather(scan(paths[:count], colours, long_edge=1000), info)
    assert stopped.sightings.equals(expected.sightings)
    np.testing.assert_array_equal(stopped.encodings, expected.encodings)


@pytest.mark.parametrize("jobs", [1, 4])
def test_photos_are_told_one_by_one_in_order_before_their_batch_is_encoded(
    album_folder, colours, jobs
) -> None:
    shutil.copy(album_folder / "three.png", album_folder / "zz.png")
    (album_folder / "bad.jpg").write_bytes(b"not a picture")
    (album_folder / "none.jpg").touch()
    paths, told, here = opening.find(album_folder).photos, [], threading.get_ident()
    subject = Subject("tile", colours.detector, colours.encoder)

    def seen(path) -> None:
        assert threading.get_ident() == here
        told.append((path, colours.encoder.encoded))

    results = list(scan(paths, subject, long_edge=500, jobs=jobs, seen=seen))
    assert [path for path, _ in told] == [result.path for result in results] == list(paths)
    assert {encoded for _, encoded in told} == {0}


@pytest.mark.parametrize("jobs", [1, 4])
def test_nothing_is_begun_after_a_stop(tmp_path, colours, jobs) -> None:
    paths, told, stopping = many(tmp_path, 60), [], threading.Event()
    detector, begun = Counted(), []

    def seen(path) -> None:
        told.append(path)
        if len(told) == 7:
            stopping.set()
            begun.append(detector.begun)

    subject = Subject("tile", detector, colours.encoder)
    results = scan(paths, subject, long_edge=500, jobs=jobs, stop=stopping.is_set, seen=seen)
    assert len(list(results)) == len(told) == 7
    for thread in scan_threads():
        thread.join(60)
    # A thread may have asked just before.
    assert detector.begun <= begun[0] + jobs
    assert detector.begun <= 7 + jobs + 2


def test_a_stop_asked_once_is_not_taken_back(tmp_path, colours) -> None:
    answers = iter([False] * 9 + [True])
    lock = threading.Lock()

    def stop() -> bool:
        with lock:
            return next(answers, False)

    assert len(list(scan(many(tmp_path, 60), colours, long_edge=500, stop=stop))) < 9


@pytest.mark.parametrize(("jobs", "at"), [(1, 3), (1, 20), (3, 5)])
def test_a_slow_photo_does_not_delay_a_stop(tmp_path, colours, jobs, at) -> None:
    """Even what waits to be encoded behind it is encoded and returned."""
    paths, told, detector = many(tmp_path, 60), [], Blocked(at)
    subject = Subject("tile", detector, colours.encoder)
    results = scan(
        paths,
        subject,
        long_edge=500,
        jobs=jobs,
        stop=detector.reached.is_set,
        seen=told.append,
    )
    try:
        found = list(results)
        assert not detector.release.is_set()
        assert [thread for thread in scan_threads() if thread.is_alive()]
    finally:
        detector.release.set()
    assert [result.path for result in found] == told == paths[: len(told)]
    # A copy is not searched again.
    assert len({path.read_bytes() for path in told}) < at
    assert [len(result.encodings) for result in found] == [i % 4 for i in range(len(told))]
    for thread in scan_threads():
        thread.join(60)
    assert not scan_threads()
    assert detector.begun <= at + jobs


def test_closing_waits_for_what_is_under_way_where_nobody_said_stop(tmp_path, colours) -> None:
    results = scan(many(tmp_path, 40), colours, long_edge=500, jobs=2, stop=lambda: False)
    next(results)
    results.close()
    assert not scan_threads()


def test_an_error_of_who_is_told_is_not_hidden(album_folder, colours) -> None:
    from concurrent.futures import CancelledError

    def seen(path) -> None:
        raise CancelledError("of somebody else")

    with pytest.raises(CancelledError, match="of somebody else"):
        list(scan(opening.find(album_folder).photos, colours, long_edge=500, seen=seen))
    assert not scan_threads()


def test_a_program_that_ends_after_a_stop_waits_for_the_photo_and_ends_well(tmp_path) -> None:
    """The thread is joined, not cut off: what it prints last is printed."""
    code = f"""
import sys, threading, time
sys.path.insert(0, {tiles.__file__.rpartition("/")[0]!r})
from pathlib import Path
from tiles import ColourEncoder, TileDetector, save_tiles
from toolkit.scanning.scan import scan
from toolkit.subjects.base import Subject
reached = threading.Event()
class Slow(TileDetector):
    def detect(self, image, path=None):
        reached.set()
        time.sleep(1)
        print("searched", flush=True)
        return super().detect(image, path)
paths = [save_tiles(Path({str(tmp_path)!r}) / f"{{i}}.png", "ann", shade=i) for i in range(5)]
subject = Subject("tile", Slow(), ColourEncoder())
print(len(list(scan(paths, subject, long_edge=500, stop=reached.is_set))), flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "searched"]
    assert done.stderr == ""


class Wide:
    """Finds one subject, three times as wide as high."""

    name = "wide"

    def detect(self, image: np.ndarray, path: Path | None = None) -> list[Detection]:
        return [Detection(Box(0, 0, 60, 20), 1.0)]


@pytest.mark.parametrize(("least", "found"), [(20, 1), (21, 0)])
def test_the_shorter_side_of_a_face_is_what_counts(tmp_path, least, found) -> None:
    path = save_tiles(tmp_path / "a.png", "ann")
    subject = Subject("wide", Wide(), ColourEncoder())
    (result,) = scan([path], subject, long_edge=64, min_size=least)
    assert (len(result.detections), result.left_out) == (found, 1 - found)
