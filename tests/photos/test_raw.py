import numpy as np
import pytest
from PIL import Image
from raw_files import write_dng
from tiles import save_tiles

from toolkit import modes
from toolkit.errors import UnreadablePhoto
from toolkit.photos import listing, opening

pytest.importorskip("rawpy")
# Four quarters: what is where is seen at a glance.
QUARTERS = Image.new("RGB", (640, 480), (40, 40, 40))
QUARTERS.paste((230, 60, 60), (0, 0, 320, 240))
QUARTERS.paste((60, 60, 230), (320, 240, 640, 480))


def brightest(image):
    """Which quarter of a picture is the reddest: left or right, upper or lower."""
    red = image[..., 0].astype(int) - image[..., 2]
    height, width = red.shape
    row, column = np.unravel_index(
        np.argmax(red.reshape(2, height // 2, 2, width // 2).mean(axis=(1, 3))), (2, 2)
    )
    return ("upper", "lower")[row] + " " + ("left", "right")[column]


TURNED = {1: "upper left", 3: "lower right", 6: "upper right", 8: "lower left"}


@pytest.mark.parametrize("orientation", TURNED)
def test_what_the_sensor_saw_is_made_at_half_size_and_upright(tmp_path, orientation) -> None:
    write_dng(tmp_path / "a.dng", QUARTERS, orientation=orientation)
    image = opening.open_upright(tmp_path / "a.dng")
    assert sorted(image.shape[:2]) == pytest.approx([240, 320], abs=8)
    assert (image.shape[0] > image.shape[1]) == (orientation in (6, 8))
    assert brightest(image) == TURNED[orientation]
    size = opening.size_of(tmp_path / "a.dng")
    assert size == image.shape[1::-1]


@pytest.mark.parametrize("orientation", TURNED)
def test_a_picture_inside_that_is_large_enough_is_taken(tmp_path, orientation) -> None:
    green = Image.new("RGB", (640, 480), (20, 140, 20))
    green.paste((230, 140, 60), (0, 0, 320, 240))
    write_dng(tmp_path / "a.dng", QUARTERS, orientation=orientation, preview=green)
    image = opening.open_upright(tmp_path / "a.dng")
    assert sorted(image.shape[:2]) == [480, 640]
    assert image[..., 1].mean() > 120  # the picture inside, not the sensor's
    assert brightest(image) == TURNED[orientation]


def test_a_small_one_is_not(tmp_path) -> None:
    write_dng(tmp_path / "a.dng", QUARTERS, preview=Image.new("RGB", (160, 120), "green"))
    assert brightest(opening.open_upright(tmp_path / "a.dng")) == "upper left"


def test_one_of_half_the_sensors_sides_is_enough(tmp_path) -> None:
    for side, taken in ((320, True), (316, False)):
        green = Image.new("RGB", (side, side * 3 // 4), (20, 140, 20))
        write_dng(tmp_path / "a.dng", QUARTERS, preview=green)
        image = opening.open_upright(tmp_path / "a.dng")
        assert (image[..., 1].mean() > 120) == taken, side


def test_a_picture_inside_that_the_camera_turned_is_not_turned_again(tmp_path) -> None:
    upright = Image.new("RGB", (480, 640), (20, 140, 20))
    upright.paste((230, 140, 60), (240, 0, 480, 320))
    write_dng(tmp_path / "a.dng", QUARTERS, orientation=6, preview=upright)
    image = opening.open_upright(tmp_path / "a.dng")
    assert image.shape[:2] == (640, 480)
    assert brightest(image) == "upper right"


def test_a_raw_file_beside_its_jpeg_is_one_photo_with_it(tmp_path, colours) -> None:
    tile = tmp_path / "photos" / "IMG_1.JPG"
    save_tiles(tile.with_suffix(".png"), "ann")
    with Image.open(tile.with_suffix(".png")) as picture:
        picture.save(tile, quality=95)
        write_dng(tile.with_suffix(".dng"), picture, preview=picture)
    tile.with_suffix(".png").unlink()
    out = tmp_path / "out"
    result = modes.autopilot(tmp_path / "photos", out, subject=colours)
    assert list(result.album.photos["path"]) == [str(tile)]
    assert len(result.album.sightings) == 1
    assert result.problems.empty
    assert {path.name for path in (out / "person_001").iterdir()} == {"IMG_1.JPG", "IMG_1.dng"}
    assert "1 file beside" in str(result) or "goes along" in str(result)


def test_it_is_found_and_opened_for_detection(tmp_path) -> None:
    write_dng(tmp_path / "a.dng", QUARTERS)
    assert [path.name for path in listing.find(tmp_path).photos] == ["a.dng"]
    opened = opening.open_shrunk(tmp_path / "a.dng", long_edge=100, tell=True)
    assert max(opened.small.shape) == 100
    # Known by its bytes, which no program changes to give a star.
    assert opened.digest == ""


def test_what_is_damaged_is_a_problem(tmp_path) -> None:
    write_dng(tmp_path / "a.dng", QUARTERS)
    whole = (tmp_path / "a.dng").read_bytes()
    for content in (whole[:1000], whole[:8] + bytes(3000), whole[: len(whole) // 2]):
        (tmp_path / "a.dng").write_bytes(content)
        with pytest.raises(UnreadablePhoto):
            opening.open_upright(tmp_path / "a.dng")


def test_a_size_that_the_file_cannot_hold_is_not_believed(tmp_path) -> None:
    write_dng(tmp_path / "a.dng", QUARTERS)
    whole = bytearray((tmp_path / "a.dng").read_bytes())
    for tag in (256, 257):
        at = whole.rindex(tag.to_bytes(2, "little") + b"\4\0\1\0\0\0")
        whole[at + 8 : at + 12] = (60_000).to_bytes(4, "little")
    (tmp_path / "a.dng").write_bytes(bytes(whole))
    with pytest.raises(UnreadablePhoto):
        opening.open_upright(tmp_path / "a.dng")
