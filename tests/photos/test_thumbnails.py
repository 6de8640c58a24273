"""Small pictures of faces and photos: what they show, what they keep to themselves, what fails."""

import io
import random
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tiles import ColourEncoder

from toolkit.photos import opening
from toolkit.photos.crops import GREY
from toolkit.photos.thumbnails import LARGEST, Thumbnails, count_gone, data_uri
from toolkit.records import PROBLEM_COLUMNS, TURN, Album, empty_table

Boxes = Sequence[tuple[int, int, int, int]]


def album_of(
    *seen: tuple[str, tuple[int, int], Boxes], scores: Sequence[float] | None = None
) -> Album:
    """An album of photos (path, size upright, boxes)."""
    rows = [
        (f"{number:064x}", path, *box)
        for number, (path, _, boxes) in enumerate(seen)
        for box in boxes
    ]
    sightings = pd.DataFrame(
        rows, columns=["photo_digest", "path", "left", "top", "right", "bottom"]
    )
    return Album(
        photos=pd.DataFrame(
            {
                "path": [path for path, *_ in seen],
                "photo_digest": [f"{number:064x}" for number in range(len(seen))],
                "width": [size[0] for _, size, _ in seen],
                "height": [size[1] for _, size, _ in seen],
                "left_out": 0,
            }
        ),
        sightings=sightings.assign(score=1.0 if scores is None else scores),
        encodings=np.zeros((len(rows), 3), np.float32),
        encoder=ColourEncoder.info,
        problems=empty_table(PROBLEM_COLUMNS),
    )


def opened(jpeg: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(jpeg))
    assert picture.format == "JPEG"
    return picture


def pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(opened(jpeg), dtype=np.int16)


def light(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"), dtype=np.float64)


def is_grey(jpeg: bytes) -> bool:
    return bool((np.abs(pixels(jpeg) - GREY[0]) <= 2).all())


def scene(width: int, height: int) -> Image.Image:
    """A smooth picture in which every place looks different."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = 255 * x / width, 255 * y / height
    blue = 127 + 100 * np.sin(x / width * 40) * np.cos(y / height * 40)
    return Image.fromarray(np.stack([red, green, blue], axis=-1).astype(np.uint8))


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("side", [40, 100, 240, 900])
def test_a_face_is_the_box_with_a_quarter_around_it(tmp_path: Path, suffix: str, side: int) -> None:
    path = tmp_path / f"photo{suffix}"
    scene(1600, 1500).save(path, quality=95)
    left, top = 400, 300
    album = album_of((str(path), (1600, 1500), [(left, top, left + side, top + side)]))
    jpeg = Thumbnails(album).crop(0, 120)
    quarter = side // 4
    place = (left - quarter, top - quarter, left + side + quarter, top + side + quarter)
    # The reference: all decoded, cut, and brought to size at once.
    whole = Image.fromarray(opening.open_upright(path))
    expected = light(whole.crop(place).resize((120, 120), Image.Resampling.LANCZOS))
    shown = light(opened(jpeg))
    assert shown.shape == (120, 120)
    away = np.abs(shown - expected).mean()
    assert away < 2
    # It is that place, and not one a little to the side.
    for axis in (0, 1):
        for step in (-2, 2):
            assert away < np.abs(shown - np.roll(expected, step, axis))[2:-2, 2:-2].mean()


def test_a_face_decoded_small_is_as_sharp_as_one_decoded_whole(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 300), np.uint8)
    path = tmp_path / "photo.jpg"
    Image.fromarray(noise).resize((3000, 2000), Image.Resampling.BICUBIC).save(path, quality=95)
    box = (1000, 600, 1400, 1000)
    album = album_of((str(path), (3000, 2000), [box]))
    shown = pixels(Thumbnails(album).crop(0, 150)).mean(axis=2)
    whole = Image.open(path).crop((900, 500, 1500, 1100))
    expected = np.asarray(whole.resize((150, 150), Image.Resampling.LANCZOS), np.float64)
    assert np.diff(shown).std() > 0.8 * np.diff(expected).std()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_photo_is_applied(tmp_path: Path, orientation: int) -> None:
    stored = Image.new("RGB", (640, 400), "black")
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    # Orientation is worked out by hand: where is the red square when seen upright?
    stored.paste("red", (480, 80, 560, 160))
    stored.save(path, exif=exif, quality=95)
    x, y, w, h = 480, 80, 640, 400
    upright = {
        1: (x, y, w, h),
        2: (w - x - 80, y, w, h),
        3: (w - x - 80, h - y - 80, w, h),
        4: (x, h - y - 80, w, h),
        5: (y, x, h, w),
        6: (h - y - 80, x, h, w),
        7: (h - y - 80, w - x - 80, h, w),
        8: (y, w - x - 80, h, w),
    }
    left, top, width, height = upright[orientation]
    album = album_of((str(path), (width, height), [(left, top, left + 80, top + 80)]))
    for size in (24, 100):
        shown = pixels(Thumbnails(album).crop(0, size))
        edge, middle = shown[1, 1], shown[size // 2, size // 2]
        assert edge.max() < 40
        assert middle[0] > 200
    assert opened(Thumbnails(album).photo(0)).size == (width, height)


def test_nothing_of_the_metadata_is_copied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[2] = (47.0, 22.0, 11.0)
    path = tmp_path / "photo.jpg"
    scene(600, 400).save(
        path, exif=exif, comment=b"SECRETCOMMENT", icc_profile=b"SECRETPROFILE" * 10
    )
    assert b"SECRET" in path.read_bytes()
    thumbnails = Thumbnails(album_of((str(path), (600, 400), [(100, 100, 200, 200)])))
    for jpeg in (thumbnails.crop(0), thumbnails.photo(0), thumbnails.photo(path, rows=[0])):
        assert b"SECRET" not in jpeg
        picture = opened(jpeg)
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    "box", [(-60, -60, 40, 40), (560, 360, 660, 460), (-10, 150, 90, 250), (250, -90, 350, 10)]
)
def test_over_the_edge_a_face_is_shown_with_what_is_beside_it(
    tmp_path: Path, box: tuple[int, int, int, int]
) -> None:
    path = tmp_path / "photo.png"
    scene(600, 400).save(path)
    shown = light(opened(Thumbnails(album_of((str(path), (600, 400), [box]))).crop(0, 150)))
    left = min(max(box[0] - 25, 0), 600 - 150)
    top = min(max(box[1] - 25, 0), 400 - 150)
    expected = light(Image.open(path).crop((left, top, left + 150, top + 150)))
    assert np.abs(shown - expected).mean() < 2


def test_a_face_longer_than_the_photo_is_high_has_bars_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (600, 100), "red").save(path)
    album = album_of((str(path), (600, 100), [(100, 0, 400, 100)]))
    shown = pixels(Thumbnails(album).crop(0, 150))
    assert np.abs(shown[:40] - GREY[0]).max() < 12
    assert np.abs(shown[-40:] - GREY[0]).max() < 12
    assert shown[75, :, 0].min() > 230
    assert shown[75, :, 1].max() < 30


def test_a_photo_that_is_gone_changed_or_damaged_is_grey(tmp_path: Path) -> None:
    good, changed, damaged = (tmp_path / f"{name}.jpg" for name in ("good", "changed", "damaged"))
    scene(600, 400).save(good)
    scene(400, 600).save(changed)
    damaged.write_bytes(good.read_bytes()[:300])
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    box = [(100, 100, 200, 200)]
    paths = (good, changed, damaged, folder, tmp_path / "gone.jpg", tmp_path / "nul\0.jpg")
    thumbnails = Thumbnails(album_of(*((str(path), (600, 400), box) for path in paths)))
    faces = thumbnails.crops(range(6), 64)
    assert [is_grey(jpeg) for jpeg in faces] == [False, True, True, True, True, True]
    whole = [thumbnails.photo(row, rows=[row]) for row in range(6)]
    assert [is_grey(jpeg) for jpeg in whole] == [False, True, True, True, True, True]
    assert {opened(jpeg).size for jpeg in faces} == {(64, 64)}
    assert is_grey(thumbnails.photo(tmp_path / "never seen.jpg"))


def test_a_photo_that_comes_back_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    thumbnails = Thumbnails(album_of((str(path), (600, 400), [(100, 100, 200, 200)])))
    assert is_grey(thumbnails.crop(0))
    scene(600, 400).save(path)
    assert not is_grey(thumbnails.crop(0))


def test_a_copy_serves_where_the_first_file_is_gone(tmp_path: Path) -> None:
    copy = tmp_path / "copy.jpg"
    scene(600, 400).save(copy)
    album = album_of((str(tmp_path / "gone.jpg"), (600, 400), [(100, 100, 200, 200)]))
    twice = pd.concat([album.photos, album.photos.assign(path=str(copy))], ignore_index=True)
    thumbnails = Thumbnails(replace(album, photos=twice))
    assert not is_grey(thumbnails.crop(0))
    assert not is_grey(thumbnails.photo(tmp_path / "gone.jpg"))


def test_each_photo_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = [(10, 10, 60, 60), (100, 100, 300, 300), (400, 100, 500, 200)]
    paths = [tmp_path / f"{number}.jpg" for number in range(4)]
    for path in paths:
        scene(600, 400).save(path)
    thumbnails = Thumbnails(album_of(*((str(path), (600, 400), boxes) for path in paths)))
    calls: list[Path] = []
    open_shrunk = opening.open_shrunk

    def counting(path: Path, *, long_edge: int) -> opening.Opened:
        calls.append(path)
        return open_shrunk(path, long_edge=long_edge)

    monkeypatch.setattr(opening, "open_shrunk", counting)
    rows = [11, 0, 5, 3, 0, 7, 1, 2]
    first = thumbnails.crops(rows)
    assert sorted(calls) == sorted(paths)
    assert thumbnails.crops(rows) == first
    assert [thumbnails.crop(row) for row in rows] == first
    assert len(calls) == 4
    assert first[1] == first[4]
    one_by_one = Thumbnails(thumbnails.album, threads=1)
    assert [pixels(a).shape for a in one_by_one.crops(rows)] == [(160, 160, 3)] * 8


def test_pictures_are_forgotten_when_there_are_too_many(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    scene(600, 400).save(path)
    boxes = [(x, 100, x + 80, 180) for x in range(0, 500, 50)]
    album = album_of((str(path), (600, 400), boxes))
    everything = Thumbnails(album)
    faces = everything.crops(range(10))
    assert everything._kept.bytes == sum(map(len, faces))
    few = Thumbnails(album, keep=2 * max(map(len, faces)))
    assert few.crops(range(10)) == faces
    assert 0 < few._kept.bytes <= few._kept.most
    assert few._kept.get((9, 160)) == faces[9]
    assert few._kept.get((0, 160)) is None
    assert Thumbnails(album, keep=0).crops([3, 3]) == [faces[3]] * 2


def test_a_picture_that_is_used_again_is_kept_longer(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (600, 400), "red").save(path)
    album = album_of((str(path), (600, 400), [(x, 100, x + 80, 180) for x in (100, 200, 300)]))
    one = len(Thumbnails(album).crop(0))
    two = Thumbnails(album, keep=2 * one)
    for row in (0, 1, 0, 2):
        assert len(two.crop(row)) == one
    assert [two._kept.get((row, 160)) is not None for row in range(3)] == [True, False, True]


def test_threads_get_the_same_pictures(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(6)]
    for path in paths:
        scene(600, 400).save(path)
    boxes = [(10, 10, 60, 60), (100, 100, 300, 300)]
    album = album_of(*((str(path), (600, 400), boxes) for path in paths))
    expected = [Thumbnails(album).crop(row) for row in range(12)]
    shared = Thumbnails(album, keep=30_000)
    wrong: list[int] = []

    def press(seed: int) -> None:
        rows = random.Random(seed).sample(range(12), 12)
        wrong.extend(row for row in rows if shared.crop(row) != expected[row])

    threads = [threading.Thread(target=press, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert shared._kept.bytes == sum(map(len, shared._kept._made.values()))


def test_a_size_is_held_to_its_limits(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    scene(900, 600).save(path)
    thumbnails = Thumbnails(album_of((str(path), (900, 600), [(100, 100, 300, 300)])), size=5000)
    assert opened(thumbnails.crop(0)).size == (LARGEST, LARGEST)
    assert opened(thumbnails.crop(0, 96)).size == (96, 96)
    assert opened(thumbnails.photo(0)).size == (900, 600)
    assert opened(thumbnails.photo(path, largest=300)).size == (300, 200)
    assert opened(thumbnails.photo(path, size=450)).size == (450, 300)
    assert opened(thumbnails.photo(path, size=450, largest=90)).size == (90, 60)


@pytest.mark.parametrize("colour", ["white", "black", "red", "grey"])
def test_a_box_can_be_seen_on_any_photo(tmp_path: Path, colour: str) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (900, 600), colour).save(path)
    thumbnails = Thumbnails(
        album_of(
            (str(path), (900, 600), [(300, 200, 500, 400), (-50, -50, 1000, 700)]),
            ("other.png", (900, 600), [(0, 0, 50, 50)]),
        )
    )
    plain = pixels(thumbnails.photo(0)).mean(axis=2)
    boxed = pixels(thumbnails.photo(0, rows=[0])).mean(axis=2)
    across = boxed[300, 280:320]
    assert across.max() > 225
    assert across.min() < 60
    # Away from its line, the photo is as it was.
    assert np.abs(boxed - plain)[240:360, 340:460].max() < 6
    assert np.abs(boxed - plain)[:150].max() < 6
    assert thumbnails.photo(0, rows=[2]) == thumbnails.photo(0)
    over_the_edge = pixels(thumbnails.photo(0, rows=[1])).mean(axis=2)
    assert over_the_edge[300, :8].max() > 225
    assert over_the_edge[300, -8:].max() > 225


def test_absurd_boxes_give_pictures(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    scene(60, 40).save(path)
    far = 10**12
    boxes = [(-far, -far, far, far), (far, far, far + 10, far + 10), (5, 5, 6, 6), (5, 5, 5, 5)]
    thumbnails = Thumbnails(album_of((str(path), (60, 40), boxes)))
    faces = thumbnails.crops(range(4), 32)
    assert [is_grey(jpeg) for jpeg in faces] == [True, True, False, False]
    assert opened(thumbnails.photo(0, rows=range(4))).size == (60, 40)


@pytest.mark.parametrize("row", [-1, 1, 99])
def test_a_sighting_that_does_not_exist_is_an_error(row: int) -> None:
    thumbnails = Thumbnails(album_of(("a.png", (60, 40), [(1, 1, 20, 20)])))
    for call in (thumbnails.crop, thumbnails.photo, lambda row: thumbnails.best([row], 1)):
        with pytest.raises(IndexError, match="no sighting"):
            call(row)


def test_the_best_faces_are_large_sure_and_from_many_photos() -> None:
    small, large, huge = (0, 0, 40, 40), (0, 0, 150, 150), (0, 0, 900, 900)
    album = album_of(
        ("a.jpg", (1000, 1000), [large, small, large]),
        ("b.jpg", (1000, 1000), [small]),
        ("c.jpg", (1000, 1000), [huge, huge]),
        scores=[1.0, 1.0, 0.9, 1.0, 0.5, 1.0],
    )
    best = Thumbnails(album).best
    # By clearness 5 (200), 0 (150), 2 (135), 4 (100), 1 and 3 (40); a photo's second comes later.
    assert best(range(6), 6) == [5, 0, 3, 2, 4, 1]
    assert best(range(6), 2) == [5, 0]
    assert best([4, 1, 1], 5) == [4, 1]
    assert best([], 3) == []
    assert best(range(6), 0) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(1, 300), st.sampled_from([-1.0, 0.2, 1.0])),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 14),
    st.randoms(use_true_random=False),
)
def test_best_does_not_depend_on_the_order_of_rows(
    faces: list[tuple[int, int, float]], count: int, chance: random.Random
) -> None:
    album = album_of(
        *((f"{n}.jpg", (500, 500), [(0, 0, side, side)]) for n, (_, side, _) in enumerate(faces)),
        scores=[score for *_, score in faces],
    )
    digests = [f"{photo:064x}" for photo, *_ in faces]
    album = replace(album, sightings=album.sightings.assign(photo_digest=digests))
    rows = list(range(len(faces)))
    best = Thumbnails(album).best(rows, count)
    chance.shuffle(rows)
    assert Thumbnails(album).best(rows, count) == best
    assert len(best) == len(set(best)) == min(count, len(faces))
    # No photo gives a second face while another has given none.
    photo_of = [faces[row][0] for row in best]
    firsts = len(dict.fromkeys(photo_of))
    assert len(set(photo_of[:firsts])) == firsts


def test_an_empty_album_has_no_pictures() -> None:
    assert Thumbnails(album_of()).crops([]) == []


def test_a_data_uri_holds_the_picture() -> None:
    assert data_uri(b"\xff\xd8\xff") == "data:image/jpeg;base64,/9j/"


def test_why_pictures_are_grey_is_said_until_they_are_not(tmp_path: Path) -> None:
    there, gone, also = (tmp_path / name for name in ("there.png", "gone.png", "also.png"))
    Image.new("RGB", (90, 60), "red").save(there)
    boxes = [(10, 10, 40, 40), (50, 10, 80, 40)]
    album = album_of(*((str(path), (90, 60), boxes) for path in (there, gone, also)))
    thumbnails = Thumbnails(album)
    thumbnails.crops([0, 1])
    assert (thumbnails.grey, count_gone(album)) == ("", 2)
    thumbnails.crops([2, 3])
    assert thumbnails.grey == (
        "1 photo is not where it was, so pictures are grey: tell where the photos are now."
    )
    thumbnails.photo(4)
    assert thumbnails.grey.startswith("2 photos are not where they were, so pictures are grey")
    Image.new("RGB", (90, 60), "red").save(gone)
    also.write_bytes(b"no photo")
    thumbnails.crops([2, 4])
    assert thumbnails.grey == (
        "1 photo cannot be read, or was changed, so pictures are grey: look at the photos again."
    )
    assert count_gone(album) == 0
    Image.new("RGB", (90, 60), "red").save(also)
    thumbnails.crops([4])
    assert thumbnails.grey == ""


def test_a_photo_with_a_copy_that_is_there_is_not_gone(tmp_path: Path) -> None:
    copy = tmp_path / "copy.png"
    Image.new("RGB", (90, 60), "red").save(copy)
    album = album_of((str(tmp_path / "gone.png"), (90, 60), [(10, 10, 40, 40)]))
    twice = pd.concat([album.photos, album.photos.assign(path=str(copy))], ignore_index=True)
    assert count_gone(album) == 1
    assert count_gone(replace(album, photos=twice)) == 0


def test_a_photo_too_large_for_the_memory_is_shown_less_sharply(tmp_path, monkeypatch) -> None:
    Image.new("RGB", (9000, 6000), (200, 30, 30)).save(tmp_path / "a.jpg", quality=40)
    path = str(tmp_path / "a.jpg")
    shown = Thumbnails(album_of((path, (9000, 6000), [(4000, 3000, 4100, 3100)])))
    monkeypatch.setattr("toolkit.memory.available", lambda: 100_000_000)
    picture = pixels(shown.crops([0])[0])
    assert np.abs(picture.mean(axis=(0, 1)) - (200, 30, 30)).max() < 6
    assert shown.grey == ""


def test_a_sighting_that_lies_is_shown_upright(tmp_path: Path) -> None:
    # Bright above, dark below, and the photo lies: its left is up.
    lying = np.zeros((60, 60, 3), dtype=np.uint8)
    lying[:, :30] = 250
    Image.fromarray(lying).save(tmp_path / "a.png")
    album = album_of((str(tmp_path / "a.png"), (60, 60), [(15, 15, 45, 45)]))
    turned = replace(album, sightings=album.sightings.assign(**{TURN: [90]}))
    shown = pixels(Thumbnails(turned).crop(0))
    side = len(shown)
    assert shown[: side // 3].min() > 200
    assert shown[-side // 3 :].max() < 50
