"""Pixels made in bands are those that whole pictures gave, to the last bit."""

import numpy as np
import pytest
from deep_files import write_deep_png, write_deep_tiff
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from toolkit.photos import opening, pixels

MODES = ("1", "L", "P", "RGB", "RGBA", "LA", "PA", "La", "RGBa", "CMYK", "YCbCr", "HSV", "LAB")
DEEP = ("I", "F", "I;16", "I;16B")


def whole(picture):
    """The picture as RGB in one piece: how it was done before there were bands."""
    mode = picture.mode
    if mode.startswith("I;16") or mode in ("I", "F"):
        return Image.fromarray(eight_bits(np.asarray(picture))).convert("RGB")
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        flat = Image.new("RGB", layer.size, "white")
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return picture.convert("RGB")


def eight_bits(values):
    if values.dtype.kind == "f":
        finite = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
        top = max(float(finite.max(initial=0.0)), 0.0)
        full = 1.0 if top <= 1.0 else top if top >= 65536 else 2.0 ** bits_of(top) - 1
        return (finite.clip(0.0, full) * (255.0 / full) + 0.5).astype(np.uint8)
    wide = values.astype(np.int64).clip(0, 65535)
    return (wide >> bits_of(wide.max(initial=0)) - 8).astype(np.uint8)


def bits_of(top):
    return next(bits for bits in (8, 10, 12, 14, 16) if top < 2**bits)


def turned(picture, orientation):
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return picture if method is None else picture.transpose(method)


def noise(draw, mode, width, height):
    """Draw a picture of a mode, with transparency in its information for some."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    if mode == "F":
        top = draw(st.sampled_from([0.5, 1.0, 200.0, 70000.0]))
        values = rng.uniform(-top, top, (height, width)).astype(np.float32)
        values.flat[:: draw(st.integers(3, 50))] = draw(
            st.sampled_from([np.nan, np.inf, -np.inf, 0.0])
        )
        return Image.fromarray(values)
    if mode == "I":
        top = draw(st.sampled_from([200, 70000]))
        return Image.fromarray(rng.integers(-top, top, (height, width)).astype(np.int32))
    if mode.startswith("I;16"):
        data = rng.integers(0, 256, (height, width, 2), dtype=np.uint8).tobytes()
        return Image.frombytes(mode, (width, height), data)
    if mode in ("1", "L", "P", "RGB", "LAB"):
        shape = (height, width, 3) if mode in ("RGB", "LAB") else (height, width)
        data = rng.integers(0, 256, shape, dtype=np.uint8)
        if mode == "LAB":
            return Image.frombytes("LAB", (width, height), data.tobytes())
        picture = Image.fromarray(data)
        if mode == "P":
            picture = Image.frombytes("P", (width, height), data.tobytes())
            picture.putpalette(rng.integers(0, 256, 768, dtype=np.uint8).tobytes())
        picture = picture.convert("1") if mode == "1" else picture
        if draw(st.booleans()):
            picture.info["transparency"] = {"RGB": (1, 2, 3)}.get(mode, 7)
        return picture
    rgba = Image.fromarray(rng.integers(0, 256, (height, width, 4), dtype=np.uint8))
    if mode == "PA":
        picture = Image.new("PA", (width, height))
        picture.putpalette(rng.integers(0, 256, 768, dtype=np.uint8).tobytes())
        return picture
    if mode == "La":
        return rgba.convert("LA").convert("La")
    return (rgba if mode in ("LA", "RGBA", "RGBa") else rgba.convert("RGB")).convert(mode)


@given(st.data())
def test_bands_give_the_pixels_of_the_whole_picture(monkeypatch, data) -> None:
    monkeypatch.setattr(pixels, "BAND", data.draw(st.integers(1, 4000)))
    width, height = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 70))
    picture = noise(data.draw, data.draw(st.sampled_from(MODES + DEEP)), width, height)
    orientation = data.draw(st.integers(0, 9))
    picture.getexif()[0x0112] = orientation
    try:
        before = np.asarray(turned(whole(picture), orientation))
    except ValueError as error:
        # What Pillow cannot convert, it cannot convert in bands either.
        with pytest.raises(ValueError, match=str(error)[:20]):
            pixels.upright(picture)
        return
    after = pixels.upright(picture)
    np.testing.assert_array_equal(after, before)
    assert after.flags.c_contiguous


@given(st.data())
def test_shrinking_in_bands_is_what_pillow_does_at_once(monkeypatch, data) -> None:
    monkeypatch.setattr(pixels, "BAND", data.draw(st.integers(1, 4000)))
    width, height = data.draw(st.integers(1, 400)), data.draw(st.integers(1, 400))
    long_edge = data.draw(st.integers(1, 120))
    seed = data.draw(st.integers(0, 99))
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    target = opening.fit(width, height, long_edge)
    before = Image.fromarray(image)
    if target != (width, height):
        before = before.resize(target, Image.Resampling.BILINEAR, reducing_gap=2.0)
    after = opening.shrink(image, long_edge=long_edge)
    np.testing.assert_array_equal(after, np.asarray(before))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tiff", "a.webp", "p.gif", "cmyk.jpg"])
def test_files_give_the_same_pixels_in_bands(tmp_path, monkeypatch, name, orientation) -> None:
    noisy = np.random.default_rng(3).integers(0, 256, (301, 217, 3), dtype=np.uint8)
    picture, path = Image.fromarray(noisy), tmp_path / name
    if path.stem == "p":
        picture = picture.quantize(60)
    elif path.stem == "cmyk":
        picture = picture.convert("CMYK")
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(path, **({} if name == "p.gif" else {"exif": exif}))
    with Image.open(path) as opened:
        flat = whole(opened)
        before = np.asarray(turned(flat, opened.getexif().get(0x0112, 1)))
    with Image.open(path) as opened:
        opened.draft(None, (54, 75))
        drafted = path.suffix == ".jpg"
        flat = whole(opened)
        if drafted:
            flat = flat.resize(opening.fit(217, 301, 75), Image.Resampling.BILINEAR)
        small = turned(flat, opened.getexif().get(0x0112, 1))
        if not drafted:
            size = opening.fit(*small.size, 75)
            small = small.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    monkeypatch.setattr(pixels, "BAND", 5000)
    np.testing.assert_array_equal(opening.open_upright(path), before)
    found = opening.open_shrunk(path, long_edge=75)
    np.testing.assert_array_equal(found.small, np.asarray(small))
    assert (found.height, found.width) == before.shape[:2]


@pytest.mark.parametrize("turn", range(1, 9))
def test_sides_are_swapped_by_turns_of_a_quarter(tmp_path, turn) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.new("RGB", (8, 4)).save(tmp_path / "a.jpg", exif=exif)
    with Image.open(tmp_path / "a.jpg") as picture:
        assert pixels.is_sideways(picture) == (pixels.upright(picture).shape[0] == 8)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["grey.png", "grey.tif", "float.tif", "colour.png"])
def test_as_many_bits_as_are_filled_become_eight(tmp_path, bits, kind) -> None:
    eight = np.arange(256, dtype=np.uint16).repeat(3).reshape(16, 48)
    deep = eight << (bits - 8)
    path = tmp_path / kind
    if kind == "colour.png":
        write_deep_png(path, np.stack([deep, deep[:, ::-1], deep // 2], axis=-1))
        got = opening.open_upright(path)
        np.testing.assert_array_equal(got[..., 1], eight[:, ::-1])
        np.testing.assert_array_equal(got[..., 2], eight // 2)
    else:
        Image.fromarray(deep.astype(np.float32) if kind == "float.tif" else deep).save(path)
        got = opening.open_upright(path)
    assert np.abs(got[..., 0].astype(int) - eight).max() <= (kind == "float.tif")


def test_bits_of_a_colour_tiff_are_read_as_those_of_a_png(tmp_path) -> None:
    deep = np.random.default_rng(2).integers(0, 4096, (40, 30, 3)).astype(np.uint16)
    write_deep_png(tmp_path / "a.png", deep)
    write_deep_tiff(tmp_path / "a.tif", deep)
    wanted = (deep >> 4).astype(np.uint8)
    for name in ("a.png", "a.tif"):
        np.testing.assert_array_equal(opening.open_upright(tmp_path / name), wanted)


class TestDeep:
    """Of 10, 12, 14 or 16 bits in 16, white is the largest value of as many, however stored."""

    RNG = np.random.default_rng(5)

    def values(self, bits, parts):
        found = self.RNG.integers(0, 1 << bits, (40, 30, parts)).astype(np.uint16)
        found[0, 0] = (1 << bits) - 1
        return found

    @pytest.mark.parametrize("bits", [10, 12, 14, 16])
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("how", [{}, {"packed": True}, {"apart": True}], ids=str)
    def test_colours_in_a_tiff(self, tmp_path, bits, order, how) -> None:
        deep = self.values(bits, 3)
        write_deep_tiff(tmp_path / "a.tif", deep, order=order, **how)
        wanted = (deep >> (bits - 8)).astype(np.uint8)
        np.testing.assert_array_equal(opening.open_upright(tmp_path / "a.tif"), wanted)

    @pytest.mark.parametrize("bits", [10, 12, 14, 16])
    @pytest.mark.parametrize("full", [True, False])
    @pytest.mark.parametrize("kind", ["png", "tif", "packed"])
    def test_colours_that_are_more_or_less_clear(self, tmp_path, bits, full, kind) -> None:
        """How clear they are may fill all 16 bits, or as many as they do."""
        deep = self.values(bits, 4)
        deep[..., 3] = (1 << (16 if full else bits)) - 1
        deep[:10, :, 3] = 0
        path = tmp_path / "a.png"
        if kind == "png":
            write_deep_png(path, deep)
        else:
            write_deep_tiff(path, deep, packed=kind == "packed")
        wanted = (deep[..., :3] >> (bits - 8)).astype(np.uint8)
        wanted[:10] = 255
        found = opening.open_upright(path)
        assert np.abs(found.astype(int) - wanted).max() <= 1

    @pytest.mark.parametrize("bits", [12, 16])
    def test_grey_of_which_zero_is_white(self, tmp_path, bits) -> None:
        deep = self.values(bits, 1)[..., 0]
        write_deep_tiff(tmp_path / "a.tif", deep, white_is_zero=True)
        wanted = 255 - (deep >> (bits - 8)).astype(np.uint8)
        np.testing.assert_array_equal(opening.open_upright(tmp_path / "a.tif")[..., 0], wanted)
