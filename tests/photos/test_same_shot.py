from pathlib import Path

import pytest
from PIL import Image
from raw_files import write_dng
from tiles import save_tiles

from toolkit import modes
from toolkit.photos import listing, same_shot
from toolkit.settings import AutopilotSettings

THEN, LATER = "2024:05:31 17:20:05", "2024:05:31 17:20:06"


def jpeg(path: Path, taken: str = THEN, *who: str) -> Path:
    picture = Image.open(save_tiles(path.with_suffix(".png"), *(who or ("ann",))))
    path.with_suffix(".png").unlink()
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    picture.save(path, exif=exif, quality=95)
    return path


def dng(path: Path, taken: str = THEN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", (64, 64), "red")
    write_dng(path, picture, preview=picture, taken=taken)
    return path


def test_a_raw_file_is_of_the_photo_of_its_name_and_second(tmp_path) -> None:
    photos = [
        jpeg(tmp_path / "JPG" / "IMG_1.jpg", LATER),
        jpeg(tmp_path / "jpg 2" / "img_1.JPG"),
        jpeg(tmp_path / "JPG" / "IMG_2.jpg", LATER),
        jpeg(tmp_path / "JPG" / "IMG_3.jpg", ""),
    ]
    raw = [dng(tmp_path / "RAW" / f"IMG_{number}.DNG") for number in (1, 2, 3)]
    raw.append(dng(tmp_path / "RAW" / "IMG_4.DNG", ""))
    # Neither the name alone nor the time alone says it.
    assert same_shot.owners([*photos, *raw], raw) == {raw[0]: photos[1]}


def test_one_that_goes_along_is_said_and_takes_its_own_along(tmp_path) -> None:
    photo = jpeg(tmp_path / "JPG" / "IMG_1.jpg")
    raw = dng(tmp_path / "RAW" / "IMG_1.DNG")
    alone = dng(tmp_path / "RAW" / "IMG_2.DNG")
    settings = raw.with_suffix(".xmp")
    settings.write_text("<x/>")
    found = same_shot.once(listing.find(tmp_path))
    assert found.photos == (photo, alone)
    assert found.companions[photo] == (raw, settings)
    (said,) = found.left_out
    assert said == (raw, "the same shot as JPG/IMG_1.jpg, which it goes along with")


def test_in_a_result_it_is_one_photo_and_the_raw_file_lies_beside_its_copy(
    tmp_path, colours
) -> None:
    pytest.importorskip("rawpy")
    photos, out = tmp_path / "photos", tmp_path / "out"
    jpeg(photos / "JPG" / "IMG_1.jpg")
    jpeg(photos / "JPG" / "IMG_9.jpg", LATER)
    raw = dng(photos / "RAW" / "IMG_1.DNG")
    raw.with_suffix(".xmp").write_text("<x/>")
    settings = AutopilotSettings(jobs=1)
    for _ in range(2):
        result = modes.autopilot(photos, out, settings=settings, subject=colours)
        assert len(result.album.photos) == 2
        assert "the same shot as JPG/IMG_1.jpg" in str(result)
        inside = sorted(path.name for path in (out / "person_001").iterdir())
        assert inside == ["IMG_1.DNG", "IMG_1.jpg", "IMG_1.xmp", "IMG_9.jpg"]
    # Where the photo cannot be read, the raw file is.
    whole = (photos / "JPG" / "IMG_1.jpg").read_bytes()
    (photos / "JPG" / "IMG_1.jpg").write_bytes(whole[: len(whole) // 2])
    again = modes.autopilot(photos, tmp_path / "other", settings=settings, subject=colours)
    assert sorted(Path(path).name for path in again.album.photos["path"]) == [
        "IMG_1.DNG",
        "IMG_9.jpg",
    ]
