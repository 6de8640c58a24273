import io
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from toolkit.errors import UnreadablePhoto
from toolkit.photos.identity import identify, of_pixels, turned_box, turned_digest
from toolkit.records import Box
from toolkit.scanning.scan import gather, scan

XMP = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + (len(content) + 2).to_bytes(2, "big") + content


def exif(orientation: int) -> bytes:
    made = Image.Exif()
    made[0x0112] = orientation
    return made.tobytes()


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 255, (40, 60, 3), np.uint8)).resize((240, 160))


@pytest.fixture(
    params=[{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"subsampling": 0}]
)
def jpeg(request, picture, tmp_path):
    picture.save(tmp_path / "a.jpg", quality=90, **request.param)
    return tmp_path / "a.jpg"


@pytest.mark.parametrize(
    "inserted",
    [
        segment(0xE1, XMP),
        segment(0xFE, b"a caption"),
        segment(0xED, b"Photoshop 3.0\x00keywords"),
        segment(0xE2, b"ICC_PROFILE\x00") + segment(0xEF, b"x"),
        b"\xff" + segment(0xFE, b"after a fill byte"),
    ],
)
def test_metadata_changes_the_file_and_not_the_picture(jpeg, inserted) -> None:
    before = identify(jpeg)
    content = jpeg.read_bytes()
    jpeg.write_bytes(content[:2] + inserted + content[2:] + b"what follows the end")
    after = identify(jpeg)
    assert after.file != before.file
    assert after.photo == before.photo != ""


def test_other_pixels_another_quality_and_half_a_file_are_other_pictures(jpeg, picture) -> None:
    whole = identify(jpeg).photo
    content = jpeg.read_bytes()
    jpeg.write_bytes(content[: len(content) // 2 + 200])
    seen = {whole, identify(jpeg).photo}
    picture.save(jpeg, quality=60)
    seen.add(identify(jpeg).photo)
    picture.putpixel((5, 5), (0, 0, 0))
    picture.save(jpeg, quality=90)
    seen.add(identify(jpeg).photo)
    assert len(seen) == 4
    assert "" not in seen


def test_a_turned_picture_is_the_same_image_and_another_photo(jpeg) -> None:
    straight = identify(jpeg)
    content = jpeg.read_bytes()
    for orientation in range(2, 9):
        jpeg.write_bytes(content[:2] + segment(0xE1, exif(orientation)) + content[2:])
        turned = identify(jpeg)
        assert turned.image == straight.image
        assert turned.orientation == orientation
        assert turned.photo == turned_digest(straight.image, orientation) != straight.photo


@pytest.mark.parametrize("rest", [b"", b"\xe0\xff\xff", b"xyz"])
def test_what_cannot_be_taken_apart_is_told_by_its_bytes(tmp_path, rest) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff" + rest)
    found = identify(tmp_path / "a.jpg")
    assert (found.image, found.photo) == ("", "")
    assert len(found.file) == 64


def test_an_empty_file_and_none_are_refused(tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    for name in ("a.jpg", "none.jpg"):
        with pytest.raises(UnreadablePhoto):
            identify(tmp_path / name)


@given(st.binary(max_size=400))
def test_no_bytes_end_in_an_error(tmp_path_factory, content) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.jpg"
    path.write_bytes(b"\xff\xd8\xff" + content)
    assert len(identify(path).file) == 64


def with_chunk(path, kind: bytes, content: bytes) -> None:
    """Put a chunk of metadata into a WebP file, by hand."""
    data = path.read_bytes()
    chunk = kind + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
    body = data[8:] + chunk
    path.write_bytes(b"RIFF" + len(body).to_bytes(4, "little") + body)


@pytest.mark.parametrize("kind", ["png", "webp", "webp lossless", "jpg"])
def test_a_scan_knows_a_picture_whose_metadata_was_written(
    tmp_path, picture, colours, kind
) -> None:
    suffix, lossless = kind.split()[0], "lossless" in kind
    path = tmp_path / f"a.{suffix}"
    picture.save(path, **({"lossless": True} if lossless else {}))
    copy = tmp_path / f"b.{suffix}"
    shutil.copy(path, copy)
    if suffix == "png":
        told = PngImagePlugin.PngInfo()
        told.add_text("Rating", "5")
        Image.open(path).save(copy, pnginfo=told, compress_level=1)
    elif lossless:
        Image.open(path).save(copy, lossless=True, exif=exif(1), method=0)
    elif suffix == "webp":
        with_chunk(copy, b"XMP ", XMP)
    else:
        content = copy.read_bytes()
        copy.write_bytes(content[:2] + segment(0xE1, XMP) + content[2:])
    assert path.read_bytes() != copy.read_bytes()
    other = tmp_path / f"c.{suffix}"
    picture.putpixel((3, 3), (9, 200, 9))
    picture.save(other, **({"lossless": True} if lossless else {}))
    album = gather(scan([path, copy, other], colours, long_edge=800), colours.encoder.info)
    one, two, three = album.photos["photo_digest"]
    assert one == two != three
    assert album.photos["file_digest"].nunique() == 3
    # Counted once, whatever there was to be found in it.
    assert not album.sightings.duplicated(["photo_digest", "left", "top"]).any()


@given(st.integers(1, 8), st.integers(1, 8), st.data())
def test_a_box_goes_where_its_pixels_go(before, now, data) -> None:
    stored = np.zeros((17, 29), np.uint8)
    left, top = data.draw(st.integers(0, 27)), data.draw(st.integers(0, 15))
    right, bottom = data.draw(st.integers(left + 1, 29)), data.draw(st.integers(top + 1, 17))
    stored[top:bottom, left:right] = 255

    def shown(orientation: int) -> np.ndarray:
        stream = io.BytesIO()
        Image.fromarray(stored).save(stream, "PNG", exif=exif(orientation))
        return np.asarray(ImageOps.exif_transpose(Image.open(stream)))

    def box_in(image: np.ndarray) -> tuple[float, ...]:
        rows, columns = np.nonzero(image)
        return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1

    after = shown(now)
    found = turned_box(box_in(shown(before)), (after.shape[1], after.shape[0]), before, now)
    assert found == box_in(after)
    assert Box(*map(int, found))


def test_pixels_of_another_shape_are_another_picture() -> None:
    flat = np.arange(36, dtype=np.uint8)
    assert of_pixels(flat.reshape(3, 4, 3)) != of_pixels(flat.reshape(4, 3, 3))
