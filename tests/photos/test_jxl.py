import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from toolkit.errors import UnreadablePhoto
from toolkit.photos import jxl, opening

pytest.importorskip("pillow_jxl")
COARSE = Image.fromarray(np.random.default_rng(5).integers(0, 255, (6, 8, 3)).astype(np.uint8))


@pytest.mark.parametrize(
    "size", [(64, 48), (333, 77), (1600, 900), (1, 1), (700, 2000), (256, 256)]
)
def test_the_size_is_known_from_the_header(tmp_path, size) -> None:
    COARSE.resize(size).save(tmp_path / "a.jxl")
    assert jxl.size_of((tmp_path / "a.jxl").read_bytes()) == size
    assert opening.size_of(tmp_path / "a.jxl") == size


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_picture_comes_back(tmp_path, mode) -> None:
    picture = COARSE.resize((120, 80), Image.Resampling.BICUBIC)
    picture.convert(mode).save(tmp_path / "a.jxl", quality=95)
    got = opening.open_upright(tmp_path / "a.jxl").astype(int)
    wanted = np.asarray(picture.convert(mode).convert("RGB")).astype(int)
    assert np.abs(got - wanted).mean() < 4


def test_nothing_is_decoded_for_its_header(tmp_path, monkeypatch) -> None:
    COARSE.save(tmp_path / "a.jxl")
    monkeypatch.setattr("pillow_jxl.Decoder", lambda **_: pytest.fail("decoded"))
    assert opening.demand_of(tmp_path / "a.jxl", long_edge=1200).whole


@pytest.mark.filterwarnings("ignore:Using JPEG reconstruction")
def test_one_that_was_a_jpeg_is_turned_as_that_was(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    COARSE.resize((120, 80)).save(tmp_path / "a.jpg", exif=exif)
    with Image.open(tmp_path / "a.jpg") as picture:
        picture.save(tmp_path / "a.jxl")
    one, other = (opening.open_upright(tmp_path / name) for name in ("a.jpg", "a.jxl"))
    assert one.shape == other.shape
    assert np.abs(one.astype(int) - other).mean() < 2


@pytest.mark.filterwarnings("ignore:Using JPEG reconstruction")
def test_each_of_several_is_opened_by_its_header_and_shown_in_its_colours(
    tmp_path, monkeypatch
) -> None:
    given = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {bytes(given[n : n + 4]): n for n in range(128, 300, 4)}
    red, green = at[b"rXYZ"] + 4, at[b"gXYZ"] + 4
    given[red : red + 8], given[green : green + 8] = given[green : green + 8], given[red : red + 8]
    Image.new("RGB", (64, 48), (220, 40, 60)).save(
        tmp_path / "a.jpg", icc_profile=bytes(given), quality=95
    )
    with Image.open(tmp_path / "a.jpg") as picture:
        picture.save(tmp_path / "a.jxl")
    for _ in range(2):
        with opening.decoding(tmp_path / "a.jxl") as picture:
            assert isinstance(picture, jxl.JxlPicture)
        for image in (
            opening.open_upright(tmp_path / "a.jxl"),
            opening.open_shrunk(tmp_path / "a.jxl", long_edge=30).small,
        ):
            assert np.abs(image[9, 9].astype(int) - (40, 220, 60)).max() <= 4


@given(st.binary(max_size=60), st.integers(0, 200))
def test_damaged_bytes_are_a_picture_or_a_problem(tmp_path_factory, junk, place) -> None:
    path = tmp_path_factory.mktemp("a") / "a.jxl"
    COARSE.save(path)
    whole = bytearray(path.read_bytes())
    whole[place : place + len(junk)] = junk
    path.write_bytes(bytes(whole))
    try:
        assert opening.open_upright(path).ndim == 3
    except UnreadablePhoto as error:
        assert str(error)
