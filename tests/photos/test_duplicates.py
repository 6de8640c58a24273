"""Duplicates: what is found however it was saved, and what only looks alike."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from toolkit.photos import duplicates
from toolkit.photos.duplicates import Duplicates, find, groups


def scene(seed: int, size: tuple[int, int] = (320, 240), *, moved: int = 0) -> Image.Image:
    """A drawn picture: a shaded ground, and shapes; of another moment, one of them elsewhere."""
    rng = np.random.default_rng(seed)
    width, height = size
    ground = np.linspace(rng.uniform(30, 120, 3), rng.uniform(120, 220, 3), height)
    picture = Image.fromarray(
        np.repeat(ground[:, None], width, axis=1).astype(np.uint8).reshape(height, width, 3)
    )
    draw = ImageDraw.Draw(picture)
    for number in range(25):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        across, down = rng.uniform(0.03, 0.2, 2) * width
        ink = tuple(rng.integers(0, 256, 3).tolist())
        x += moved if number == 24 else 0
        (draw.ellipse if number % 2 else draw.rectangle)((x, y, x + across, y + down), fill=ink)
    return picture


def pairs_of(*paths: Path) -> list[tuple[str, str, str]]:
    found = find(paths).pairs
    return [
        (Path(row.path).name, Path(row.other).name, row.kind)
        for row in found.itertuples(index=False)
    ]


def test_the_same_file_and_the_same_picture_under_other_metadata(tmp_path: Path) -> None:
    scene(0).save(tmp_path / "a.jpg")
    shutil.copy(tmp_path / "a.jpg", tmp_path / "b.jpg")
    exif = Image.Exif()
    exif[0x010E] = "a caption"
    content = (tmp_path / "a.jpg").read_bytes()
    segment = exif.tobytes()
    head = b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    (tmp_path / "c.jpg").write_bytes(content[:2] + head + content[2:])
    assert pairs_of(*tmp_path.iterdir()) == [
        ("a.jpg", "b.jpg", "same file"),
        ("a.jpg", "c.jpg", "same picture"),
        ("b.jpg", "c.jpg", "same picture"),
    ]


def test_a_picture_saved_without_loss_in_another_format_is_the_same(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.jpg")
    Image.open(tmp_path / "a.jpg").save(tmp_path / "b.png")
    Image.open(tmp_path / "a.jpg").save(tmp_path / "c.bmp")
    assert {kind for *_, kind in pairs_of(*tmp_path.iterdir())} == {"same picture"}


def test_a_turned_copy_that_says_so_is_the_same(tmp_path: Path) -> None:
    scene(2).save(tmp_path / "a.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    scene(2).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "b.png", exif=exif)
    assert pairs_of(*tmp_path.iterdir()) == [("a.png", "b.png", "same picture")]


@pytest.mark.parametrize(
    ("name", "quality"),
    [("b.jpg", 30), ("b.jpg", 60), ("b.jpg", 95), ("b.webp", 50), ("b.webp", 90)],
)
def test_saved_anew(tmp_path: Path, name: str, quality: int) -> None:
    scene(3).save(tmp_path / "a.png")
    scene(3).save(tmp_path / name, quality=quality)
    assert pairs_of(*tmp_path.iterdir()) == [("a.png", name, "re-encoded")]


@pytest.mark.parametrize("scale", [1 / 3, 0.5, 2 / 3, 2])
def test_resized(tmp_path: Path, scale: float) -> None:
    picture = scene(4)
    picture.save(tmp_path / "a.png")
    size = (round(picture.width * scale), round(picture.height * scale))
    picture.resize(size, Image.Resampling.BICUBIC).save(tmp_path / "b.jpg", quality=85)
    assert pairs_of(*tmp_path.iterdir()) == [("a.png", "b.jpg", "resized")]


@pytest.mark.parametrize(
    "sides", [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (1,) * 4]
)
@pytest.mark.parametrize("part", [0.05, 0.1])
def test_cropped(tmp_path: Path, sides: tuple[int, ...], part: float) -> None:
    picture = scene(5)
    picture.save(tmp_path / "a.png")
    left, top, right, bottom = (
        part * on * side for on, side in zip(sides, picture.size * 2, strict=True)
    )
    box = (round(left), round(top), round(320 - right), round(240 - bottom))
    picture.crop(box).save(tmp_path / "b.png")
    assert pairs_of(*tmp_path.iterdir()) == [("a.png", "b.png", "cropped")]


def test_mirrored_alone_and_smaller(tmp_path: Path) -> None:
    mirrored = scene(6).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scene(6).save(tmp_path / "a.png")
    mirrored.save(tmp_path / "b.png")
    mirrored.resize((160, 120)).save(tmp_path / "c.jpg", quality=50)
    assert pairs_of(*tmp_path.iterdir()) == [
        ("a.png", "b.png", "mirrored"),
        ("a.png", "c.jpg", "mirrored"),
        ("b.png", "c.jpg", "resized"),
    ]


def test_a_picture_that_is_its_own_mirror_image_is_not_called_mirrored(tmp_path: Path) -> None:
    half = scene(7, (160, 240))
    whole = Image.new("RGB", (320, 240))
    whole.paste(half, (0, 0))
    whole.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (160, 0))
    whole.save(tmp_path / "a.png")
    whole.save(tmp_path / "b.jpg", quality=80)
    assert pairs_of(*tmp_path.iterdir()) == [("a.png", "b.jpg", "re-encoded")]


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10_000),
    parts=st.tuples(*[st.floats(0, 0.1)] * 4),
    scale=st.sampled_from([0.5, 2 / 3, 1.0, 2.0]),
    quality=st.integers(30, 95),
    mirrored=st.booleans(),
)
def test_any_of_these_together(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    parts: tuple[float, ...],
    scale: float,
    quality: int,
    mirrored: bool,
) -> None:
    place = tmp_path_factory.mktemp("drawn")
    picture = scene(seed)
    picture.save(place / "a.png")
    left, top, right, bottom = (
        round(part * side) for part, side in zip(parts, picture.size * 2, strict=True)
    )
    changed = picture.crop((left, top, 320 - right, 240 - bottom))
    changed = changed.resize((round(changed.width * scale), round(changed.height * scale)))
    if mirrored:
        changed = changed.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    changed.save(place / "b.jpg", quality=quality)
    scene(seed + 1).save(place / "c.png")
    found = find([place / "a.png", place / "b.jpg", place / "c.png"]).pairs
    assert [(Path(a).name, Path(b).name) for a, b in found[["path", "other"]].to_numpy()] == [
        ("a.png", "b.jpg")
    ]
    assert 0.9 < found["alike"][0] <= 1
    if mirrored:
        assert found["kind"][0] == "mirrored"


@pytest.mark.parametrize("moved", [8, 40])
def test_a_frame_in_which_something_moved_is_another_photo(tmp_path: Path, moved: int) -> None:
    scene(8).save(tmp_path / "a.jpg", quality=95)
    scene(8, moved=moved).save(tmp_path / "b.jpg", quality=95)
    assert pairs_of(*tmp_path.iterdir()) == []


def test_another_colour_of_the_same_brightness_is_another_photo(tmp_path: Path) -> None:
    for name, ink in (("a.png", (200, 60, 60)), ("b.png", (40, 140, 60))):
        picture = scene(9)
        ImageDraw.Draw(picture).rectangle((100, 60, 220, 180), fill=ink)
        picture.save(tmp_path / name)
    assert pairs_of(*tmp_path.iterdir()) == []


def test_another_text_on_the_same_package_is_another_photo(tmp_path: Path) -> None:
    for name, text in (("a.png", "500 g"), ("b.png", "1 kg")):
        picture = scene(10)
        ImageDraw.Draw(picture).text((130, 100), text, fill="white", font_size=32)
        picture.save(tmp_path / name)
    assert pairs_of(*tmp_path.iterdir()) == []


def test_pictures_of_one_colour_are_the_same_by_their_pixels_alone(tmp_path: Path) -> None:
    for name, grey in (("a.png", 100), ("b.png", 100), ("c.png", 101), ("d.jpg", 100)):
        Image.new("RGB", (64, 64), (grey,) * 3).save(
            tmp_path / name, compress_level=ord(name[0]) % 9
        )
    found = pairs_of(*tmp_path.iterdir())
    assert ("a.png", "b.png", "same picture") in found
    assert not [pair for pair in found if "c.png" in pair]


def test_more_than_a_tenth_cropped_is_not_sought(tmp_path: Path) -> None:
    scene(11).save(tmp_path / "a.png")
    scene(11).crop((0, 0, 200, 240)).save(tmp_path / "b.png")
    assert pairs_of(*tmp_path.iterdir()) == []


def test_the_order_of_photos_and_a_path_twice_change_nothing(tmp_path: Path) -> None:
    for number in range(3):
        scene(number).save(tmp_path / f"{number}.png")
        scene(number).resize((160, 120)).save(tmp_path / f"small{number}.jpg")
    paths = sorted(tmp_path.iterdir())
    found = find(paths)
    again = find([*reversed(paths), str(paths[0])])
    pd.testing.assert_frame_equal(found.pairs, again.pairs)
    assert len(found.pairs) == 3
    assert (found.pairs["path"] < found.pairs["other"]).all()


def test_copies_of_a_copy_each_have_their_pairs(tmp_path: Path) -> None:
    scene(12).save(tmp_path / "a.jpg")
    shutil.copy(tmp_path / "a.jpg", tmp_path / "b.jpg")
    scene(12).resize((160, 120)).save(tmp_path / "c.jpg")
    assert pairs_of(*tmp_path.iterdir()) == [
        ("a.jpg", "b.jpg", "same file"),
        ("a.jpg", "c.jpg", "resized"),
        ("b.jpg", "c.jpg", "resized"),
    ]


def test_damaged_photos_are_left_out_and_said(tmp_path: Path) -> None:
    scene(13).save(tmp_path / "a.jpg")
    scene(13).save(tmp_path / "b.png")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:900])
    (tmp_path / "empty.jpg").touch()
    found = find([*tmp_path.iterdir(), tmp_path / "gone.jpg"])
    assert len(found.pairs) == 1
    assert [Path(path).name for path in found.problems["path"]] == [
        "cut.jpg",
        "empty.jpg",
        "gone.jpg",
    ]
    assert found.problems["reason"].str.len().min() > 10


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_compare(tmp_path: Path, count: int) -> None:
    scene(14).save(tmp_path / "a.jpg")
    found = find([tmp_path / "a.jpg"][:count])
    assert isinstance(found, Duplicates)
    assert list(found.pairs.columns) == ["path", "other", "kind", "alike"]
    assert list(found.problems.columns) == ["path", "reason"]
    assert not len(found.pairs)
    assert list(groups(found.pairs).columns) == ["set", "path", "width", "height", "bytes", "keep"]


def test_tiny_photos_are_told_by_their_pixels(tmp_path: Path) -> None:
    scene(15, (20, 16)).save(tmp_path / "a.png")
    scene(15, (20, 16)).save(tmp_path / "b.bmp")
    scene(15, (20, 16)).save(tmp_path / "c.jpg", quality=40)
    assert pairs_of(*tmp_path.iterdir()) == [("a.png", "b.bmp", "same picture")]


def test_progress_is_told_and_a_stop_is_heeded(tmp_path: Path) -> None:
    for number in range(3):
        scene(16).save(tmp_path / f"{number}.jpg", quality=70 + number)
    told: list[tuple[str, int, int]] = []
    paths = list(tmp_path.iterdir())
    find(paths, progress=lambda work, done, total, item: told.append((work, done, total)))
    assert ("reading photos", 3, 3) in told
    assert ("comparing photos", 3, 3) in told
    assert not len(find(paths, stop=lambda: True).pairs)


def test_what_lies_under_a_photo_is_not_written(tmp_path: Path) -> None:
    scene(17).save(tmp_path / "a.jpg")
    before = (tmp_path / "a.jpg").stat()
    find([tmp_path / "a.jpg"])
    assert (tmp_path / "a.jpg").stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_of_each_set_the_largest_and_least_compressed_is_kept(tmp_path: Path) -> None:
    scene(18).save(tmp_path / "coarse.jpg", quality=40)
    scene(18).save(tmp_path / "fine.jpg", quality=95)
    scene(18).resize((160, 120)).save(tmp_path / "small.png")
    scene(19).save(tmp_path / "other.png")
    scene(20).save(tmp_path / "x.png")
    shutil.copy(tmp_path / "x.png", tmp_path / "y.png")
    found = groups(find(tmp_path.iterdir()).pairs)
    assert [Path(path).name for path in found["path"]] == [
        "coarse.jpg",
        "fine.jpg",
        "small.png",
        "x.png",
        "y.png",
    ]
    assert list(found["set"]) == [1, 1, 1, 2, 2]
    assert [Path(path).name for path in found["path"][found["keep"]]] == ["fine.jpg", "x.png"]


def test_a_set_whose_photos_are_gone_still_keeps_one() -> None:
    pairs = pd.DataFrame({"path": ["a", "b"], "other": ["b", "c"], "kind": "resized", "alike": 1.0})
    found = groups(pairs)
    assert list(found["set"]) == [1, 1, 1]
    assert list(found["keep"]) == [True, False, False]


def test_windows_average_the_part_that_they_are_of() -> None:
    """Of a slope, each cell is the brightness at its middle."""
    slope = np.arange(duplicates.SQUARE, dtype=np.float32)
    for (start, end), weights in zip(duplicates._ends(), duplicates._windows(), strict=True):
        middles = start + (end - start) * (np.arange(duplicates.CELLS) + 0.5) / duplicates.CELLS
        inside = (middles > 0.07) & (middles < 0.93)
        expected = middles * duplicates.SQUARE - 0.5
        np.testing.assert_allclose((weights @ slope)[inside], expected[inside], atol=0.2)
