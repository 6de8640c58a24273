"""Photos cut short in formats that are decoded as a whole are read as far as they go."""

import functools
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from turned_heif import turned as mirrored

from toolkit.errors import UnreadablePhoto
from toolkit.photos import cut_short, filled_up, formats, opening

WIDTH, HEIGHT = 768, 1024


def photo() -> Image.Image:
    """Return a picture of which all parts take about as many bytes."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(60, 190, (32, 24, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).astype(int)
    return Image.fromarray((smooth + rng.integers(-20, 20, smooth.shape)).clip(1, 255).astype("u1"))


@functools.cache
def saved(kind: str, **how: object) -> bytes:
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    if not formats.is_there(kind):
        pytest.skip(f"{kind} needs a package")
    stream = io.BytesIO()
    photo().save(stream, kind, **how)
    return stream.getvalue()


def in_tiles(monkeypatch) -> bytes:
    """Return a HEIC of tiles of 512 px, as phones write it."""
    heif = pytest.importorskip("pillow_heif")
    monkeypatch.setattr(heif.options, "GRID_TILE_SIZE", 512)
    return saved("HEIF", quality=61)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved("HEIF", quality=60, exif=exif.tobytes())


WAYS = {
    "webp": lambda: saved("WEBP", quality=80),
    "webp, lossless": lambda: saved("WEBP", lossless=True, method=0),
    "webp, of more": lambda: saved("WEBP", quality=80, xmp=b"<x/>", icc_profile=b"none"),
    "heic": lambda: saved("HEIF", quality=60),
    "heic, turned": turned,
    "heic, mirrored": lambda: mirrored(saved("HEIF", quality=60), [(b"imir", 1)]),
    "heic, both": lambda: mirrored(saved("HEIF", quality=60), [(b"irot", 3), (b"imir", 0)]),
    "avif": lambda: saved("AVIF", quality=70, speed=9),
}


def opened(path, content: bytes) -> opening.Opened:
    path.write_bytes(content)
    return opening.open_shrunk(path, long_edge=2000)


@pytest.mark.parametrize("make", WAYS.values(), ids=WAYS)
def test_nearly_all_is_read_and_the_rest_is_grey(tmp_path, make) -> None:
    whole = make()
    before = opened(tmp_path / "a", whole)
    assert before.note == ""
    found = opened(tmp_path / "a", whole[: int(0.99 * len(whole))])
    grey = (found.small == 128).all(axis=-1)
    wrong = (found.small != before.small).any(axis=-1) & ~grey
    assert found.small.shape == before.small.shape
    assert wrong.mean() < 0.001
    assert 0.001 < grey.mean() <= 0.1
    assert found.note == f"cut short: {1 - grey.mean():.0%} of it was read"
    assert opening.demand_of(tmp_path / "a", long_edge=2000).upright > 0
    np.testing.assert_array_equal(opening.open_upright(tmp_path / "a"), found.small)


@pytest.mark.parametrize("make", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("share", [0.85, 0.4, 0.02])
def test_with_less_it_is_a_problem(tmp_path, make, share) -> None:
    whole = make()
    with pytest.raises(UnreadablePhoto, match=r"cut short|damaged"):
        opened(tmp_path / "a", whole[: int(share * len(whole))])


@pytest.mark.parametrize("make", WAYS.values(), ids=WAYS)
def test_what_is_zeros_from_some_byte_on_is_cut_there(tmp_path, make) -> None:
    """So a copy ends that was broken off, and whose place on the disk was taken before."""
    whole = make()
    cut = whole[: int(0.99 * len(whole))].rstrip(b"\0")
    expected = opened(tmp_path / "a", cut)
    found = opened(tmp_path / "a", cut.ljust(len(whole), b"\0"))
    assert found.note == expected.note != ""
    np.testing.assert_array_equal(found.small, expected.small)
    with pytest.raises(UnreadablePhoto, match=r"cut short|damaged"):
        opened(tmp_path / "a", whole[: len(whole) // 2].ljust(len(whole), b"\0"))


@pytest.mark.parametrize("make", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "behind",
    [bytes(5000), b"SEFH\x6b\0\0\0" + bytes(range(256)) + b"SEFT", b"\0\0\x10\0mpvd" + b"x" * 4088],
    ids=["zeros", "what some phones write there", "a film"],
)
def test_what_stands_behind_a_photo_is_none_of_it(tmp_path, make, behind) -> None:
    whole = make()
    before = opened(tmp_path / "a", whole)
    found = opened(tmp_path / "a", whole + behind)
    assert found.note == ""
    np.testing.assert_array_equal(found.small, before.small)
    # A film that is cut costs the photo nothing.
    assert opened(tmp_path / "a", (whole + behind)[:-30]).note == ""


def test_a_tile_that_is_missing_is_none_of_a_photo(tmp_path, monkeypatch) -> None:
    whole = in_tiles(monkeypatch)
    assert opened(tmp_path / "a", whole).note == ""
    # Of the four tiles the last one is missing, which libheif shows as green.
    with pytest.raises(UnreadablePhoto, match="cut short"):
        opened(tmp_path / "a", whole[: int(0.8 * len(whole))])
    found = opened(tmp_path / "a", whole[: len(whole) - 300])
    assert found.note.startswith("cut short: 9")


def test_tiles_beside_the_one_that_is_cut_are_there() -> None:
    first = np.full((1024, 1536, 3), 90, np.uint8)
    first[512:, 1024:] = 0, 136, 0
    share = filled_up._without_the_rest(first, first.copy(), (0, None), "HEIF")
    assert share == pytest.approx(5 / 6)
    assert (first[512:, 1024:] == 128).all()
    assert (first[512:, :1024] == 90).all()


def test_what_is_the_same_below_the_first_difference_is_not_believed() -> None:
    first = np.full((100, 40, 3), 90, np.uint8)
    second = first.copy()
    second[60, 20] = 91
    assert filled_up._without_the_rest(first, second, (0, None), "WEBP") == 0.6
    assert (first[60:] == 128).all()
    assert (first[:60] == 90).all()


def test_metadata_that_is_missing_behind_the_picture_costs_nothing(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "x" * 5000
    whole = saved("WEBP", quality=80, exif=exif.tobytes())
    before = opened(tmp_path / "a", whole)
    found = opened(tmp_path / "a", whole[:-4000])
    assert found.note == ""
    np.testing.assert_array_equal(found.small, before.small)


def test_a_picture_is_the_same_in_the_search_and_in_the_store(tmp_path) -> None:
    whole = saved("WEBP", quality=80)
    (tmp_path / "a.webp").write_bytes(whole[: int(0.99 * len(whole))])
    with opening.decoding(tmp_path / "a.webp", sparing=True) as picture:
        assert cut_short.load(picture).startswith("cut short")
        assert picture.format == "WEBP"


@given(st.sampled_from(filled_up.KINDS), st.binary(max_size=200), st.binary(max_size=40))
def test_any_bytes_say_how_much_is_missing(kind, start, more) -> None:
    head = {"WEBP": b"RIFF", "HEIF": b"\0\0\0\x18ftypheic", "AVIF": b"\0\0\0\x18ftypavif"}[kind]
    for content in (start, head + start + more):
        stream = io.BytesIO(content)
        assert filled_up.missing(content, len(content), kind, stream) >= 0


@given(st.binary(max_size=80))
def test_a_webp_of_any_bytes_is_taken_apart(content) -> None:
    made, lacking = filled_up._image_alone(b"RIFF\0\0\0\0WEBP" + content, 7)
    assert lacking >= 0
    assert len(made) <= len(content) + 12
