import io

import mutated_photos
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from turned_heif import turned

from toolkit import memory
from toolkit.errors import UnreadablePhoto
from toolkit.photos import formats, opening

GRADIENT = np.linspace(0, 255, 60 * 40).reshape(40, 60).astype(np.uint8)


def noisy(height: int = 48, width: int = 64, seed: int = 1) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


class TestOpen:
    @pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp"])
    def test_lossless_formats_come_back_as_they_went(self, tmp_path, suffix) -> None:
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(noisy()).save(path, **({"lossless": True} if suffix == "webp" else {}))
        np.testing.assert_array_equal(opening.open_upright(path), noisy())

    def test_the_first_frame_of_an_animation(self, tmp_path) -> None:
        red, blue = Image.new("RGB", (20, 10), "red"), Image.new("RGB", (20, 10), "blue")
        red.save(tmp_path / "a.gif", save_all=True, append_images=[blue])
        assert opening.open_upright(tmp_path / "a.gif")[5, 5].tolist() == [255, 0, 0]

    @pytest.mark.parametrize("suffix", ["gif", "webp", "tiff"])
    @pytest.mark.parametrize("plain", [1, 3])
    def test_one_that_fades_in_is_the_first_frame_that_shows_something(
        self, tmp_path, suffix, plain
    ) -> None:
        shown = Image.fromarray(noisy(96, 128))
        frames = [*[Image.new("RGB", shown.size, (n, n, n)) for n in range(plain)], shown, shown]
        frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
        got = opening.open_upright(tmp_path / f"a.{suffix}").astype(int)
        assert np.abs(got - noisy(96, 128)).mean() < 12
        opened = opening.open_shrunk(tmp_path / f"a.{suffix}", long_edge=64)
        assert np.ptp(opened.small) > 100

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
    def test_every_exif_orientation_shows_the_same_picture(
        self, tmp_path, orientation, suffix
    ) -> None:
        upright = Image.fromarray(noisy(480, 640))
        undo = {
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270,
        }
        stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"a.{suffix}"
        stored.save(path, exif=exif, quality=95)
        full = opening.open_upright(path)
        assert full.shape == (480, 640, 3)
        assert np.abs(full.astype(int) - noisy(480, 640)).mean() < 3
        opened = opening.open_shrunk(path, long_edge=160)
        assert (opened.width, opened.height) == (640, 480)
        assert opening.size_of(path) == (640, 480)
        assert opened.small.shape == (120, 160, 3)
        expected = np.asarray(upright.resize((160, 120), Image.Resampling.BOX)).astype(int)
        assert np.abs(opened.small - expected).mean() < 4

    @pytest.mark.parametrize("orientation", [0, 9, 65535])
    def test_an_invalid_orientation_changes_nothing(self, tmp_path, orientation) -> None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(noisy()).save(tmp_path / "a.png", exif=exif)
        np.testing.assert_array_equal(opening.open_upright(tmp_path / "a.png"), noisy())

    def test_sixteen_bits_become_eight_by_their_upper_byte(self, tmp_path) -> None:
        deep = GRADIENT.astype(np.uint16) * 257
        for suffix in ("png", "tiff"):
            path = tmp_path / f"a.{suffix}"
            Image.fromarray(deep).save(path)
            np.testing.assert_array_equal(opening.open_upright(path)[..., 1], GRADIENT)

    def test_floats_from_0_to_1_fill_the_range(self, tmp_path) -> None:
        Image.fromarray(GRADIENT.astype(np.float32) / 255).save(tmp_path / "a.tiff")
        np.testing.assert_array_equal(opening.open_upright(tmp_path / "a.tiff")[..., 0], GRADIENT)

    def test_transparency_lies_on_white(self, tmp_path) -> None:
        image = np.zeros((4, 4, 4), np.uint8)
        image[:2] = (255, 0, 0, 255)
        image[3] = (0, 0, 0, 128)
        Image.fromarray(image).save(tmp_path / "a.png")
        got = opening.open_upright(tmp_path / "a.png")
        assert got[0, 0].tolist() == [255, 0, 0]
        assert got[2, 0].tolist() == [255, 255, 255]
        assert got[3, 0].tolist() == [127, 127, 127]

    def test_palette_with_a_transparent_colour(self, tmp_path) -> None:
        picture = Image.new("P", (4, 4), 1)
        picture.putpalette([0, 0, 0, 10, 20, 30])
        picture.putpixel((0, 0), 0)
        picture.save(tmp_path / "a.png", transparency=0)
        got = opening.open_upright(tmp_path / "a.png")
        assert got[0, 0].tolist() == [255, 255, 255]
        assert got[1, 1].tolist() == [10, 20, 30]

    def test_cmyk_has_the_colours_of_the_rgb_original(self, tmp_path) -> None:
        original = Image.fromarray(noisy(96, 128))
        original.convert("CMYK").save(tmp_path / "a.jpg", quality=98)
        got = opening.open_upright(tmp_path / "a.jpg").astype(int)
        assert np.abs(got - np.asarray(original)).mean() < 4

    @pytest.mark.parametrize("mode", ["L", "1", "RGB", "P", "LA"])
    def test_every_mode_becomes_rgb_of_8_bits(self, tmp_path, mode) -> None:
        Image.fromarray(noisy()).convert(mode).save(tmp_path / "a.png")
        got = opening.open_upright(tmp_path / "a.png")
        assert got.shape == (48, 64, 3)
        assert got.dtype == np.uint8
        assert got.flags.c_contiguous

    def test_a_large_jpeg_is_decoded_at_reduced_scale(self, tmp_path) -> None:
        Image.fromarray(noisy(1200, 1600)).save(tmp_path / "a.jpg", quality=95)
        opened = opening.open_shrunk(tmp_path / "a.jpg", long_edge=400)
        assert opened.full is None  # nothing of full size was made
        assert (opened.width, opened.height) == (1600, 1200)
        whole = opening.shrink(opening.open_upright(tmp_path / "a.jpg"), long_edge=400)
        assert opened.small.shape == whole.shape == (300, 400, 3)
        assert np.abs(opened.small.astype(int) - whole).mean() < 2

    def test_a_small_photo_is_not_enlarged(self, tmp_path) -> None:
        Image.fromarray(noisy()).save(tmp_path / "a.png")
        opened = opening.open_shrunk(tmp_path / "a.png", long_edge=1000)
        assert opened.small.shape == (48, 64, 3)
        assert opened.full is not None

    @given(st.integers(1, 9000), st.integers(1, 9000), st.integers(100, 4000))
    def test_fitting_keeps_the_shape_and_the_limit(self, width, height, long_edge) -> None:
        wide, high = opening.fit(width, height, long_edge)
        assert max(wide, high) <= max(long_edge, 1)
        assert max(wide, high) == min(long_edge, max(width, height))
        assert abs(wide * height - high * width) <= max(width, height)


class TestContent:
    @pytest.mark.parametrize("name", ["a.jpg", "a", "a.png", "a.jpg.download"])
    @pytest.mark.parametrize("kind", ["HEIF", "AVIF", "JPEG", "PNG", "WEBP", "TIFF"])
    def test_what_is_in_a_file_counts_not_how_it_is_called(self, tmp_path, name, kind) -> None:
        if kind == "HEIF":
            pytest.importorskip("pillow_heif").register_heif_opener()
        if not formats.is_there(kind):
            pytest.skip("nothing here writes it")
        Image.fromarray(noisy(96, 128)).save(tmp_path / name, kind, quality=95)
        got = opening.open_upright(tmp_path / name).astype(int)
        assert np.abs(got - noisy(96, 128)).mean() < 6

    def test_a_motion_photo_is_its_still(self, tmp_path) -> None:
        Image.fromarray(noisy()).save(tmp_path / "a.jpg", quality=95)
        still = opening.open_upright(tmp_path / "a.jpg")
        whole = (tmp_path / "a.jpg").read_bytes()
        film = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(5000)
        (tmp_path / "MVIMG_1.jpg").write_bytes(whole + film)
        np.testing.assert_array_equal(opening.open_upright(tmp_path / "MVIMG_1.jpg"), still)


class TestLarge:
    def test_one_of_200_megapixels_is_read_within_little_memory(
        self, tmp_path, monkeypatch
    ) -> None:
        large = tmp_path / "a.jpg"
        Image.fromarray(noisy(1530, 2040)).resize((16320, 12240), Image.Resampling.NEAREST).save(
            large, quality=40
        )
        wanted = opening.demand_of(large, long_edge=1200)
        assert wanted.upright > 1.4e9
        assert [wanted.divisor(most) for most in (2 * 10**9, 5 * 10**8, 10**8, 1)] == [1, 2, 8, 8]
        monkeypatch.setattr(memory, "available", lambda: 150_000_000)
        opened = opening.open_shrunk(large, long_edge=1200)
        assert (opened.width, opened.height, opened.full) == (16320, 12240, None)
        assert opened.small.shape == (900, 1200, 3)
        monkeypatch.undo()
        image = opening.open_upright(large, divisor=8)
        assert image.shape == (1530, 2040, 3)
        assert np.abs(image.astype(int) - noisy(1530, 2040)).mean() < 4

    def test_an_ordinary_photo_is_never_decoded_smaller_than_it_is(self, tmp_path) -> None:
        Image.fromarray(noisy(1200, 1600)).save(tmp_path / "a.jpg")
        wanted = opening.demand_of(tmp_path / "a.jpg", long_edge=400)
        assert wanted.divisor(1) == 1
        assert wanted.least == wanted.opening


class TestUnreadable:
    @pytest.mark.parametrize(
        ("name", "content", "cause"),
        [
            ("text.jpg", b"this is text, not a picture", "no photo format"),
            ("half.png", b"\x89PNG\r\n\x1a\n\x00\x00", "PNG"),
            ("zip.png", b"PK\x03\x04" + b"\0" * 60, "no photo format"),
            ("note.jpg", b"not a photo\n", 'it starts with "not a photo"$'),
            ("odd.jpg", b"no\x1b[2Jphoto here", 'it starts with "no\ufffd\\[2Jphoto"$'),
            ("none.jpg", bytes(60), "it starts with zeros$"),
        ],
    )
    def test_the_cause_is_named(self, tmp_path, name, content, cause) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadablePhoto, match=cause):
            opening.open_upright(tmp_path / name)

    def test_a_file_that_is_cut_short(self, tmp_path) -> None:
        Image.fromarray(noisy(300, 400)).save(tmp_path / "a.jpg")
        whole = (tmp_path / "a.jpg").read_bytes()
        (tmp_path / "a.jpg").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UnreadablePhoto, match="cut short"):
            opening.open_upright(tmp_path / "a.jpg")

    def test_a_decompression_bomb_is_left_unopened(self, tmp_path) -> None:
        header = b"GIF89a" + (65000).to_bytes(2, "little") * 2 + b"\x80\0\0\0\0\0\xff\xff\xff"
        image = b"\x2c" + b"\0" * 4 + (65000).to_bytes(2, "little") * 2 + b"\0\x02\x02L\x01\0;"
        (tmp_path / "bomb.gif").write_bytes(header + image)
        with pytest.raises(UnreadablePhoto, match="megapixels"):
            opening.open_upright(tmp_path / "bomb.gif")

    def test_a_format_that_pillow_knows_and_nobody_photographs_in_is_not_decoded(
        self, tmp_path
    ) -> None:
        Image.fromarray(noisy()).save(tmp_path / "a.ppm")
        (tmp_path / "a.ppm").rename(tmp_path / "a.jpg")
        with pytest.raises(UnreadablePhoto, match="no photo format"):
            opening.open_upright(tmp_path / "a.jpg")

    def test_an_empty_file_is_called_empty(self, tmp_path) -> None:
        (tmp_path / "a.jpg").touch()
        with pytest.raises(UnreadablePhoto, match="empty"):
            opening.digest_of(tmp_path / "a.jpg")

    @given(st.binary(max_size=400), st.integers(0, 600))
    def test_damaged_bytes_give_a_picture_or_the_one_error(self, tmp_path, junk, place) -> None:
        path = tmp_path / "a.jpg"
        Image.fromarray(noisy()).save(path)
        whole = bytearray(path.read_bytes())
        whole[place : place + len(junk)] = junk
        path.write_bytes(bytes(whole))
        try:
            assert opening.open_upright(path).ndim == 3
        except UnreadablePhoto as error:
            assert str(error)

    def test_heic_says_what_to_install_where_its_package_is_missing(
        self, tmp_path, monkeypatch
    ) -> None:
        (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(20))
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(UnreadablePhoto, match=r"sightings\[formats\]"):
            opening.open_upright(tmp_path / "a.heic")

    def test_heic_opens_with_its_package(self, tmp_path) -> None:
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.from_pillow(Image.fromarray(noisy(480, 640))).save(
            tmp_path / "a.heic", quality=90
        )
        opened = opening.open_shrunk(tmp_path / "a.heic", long_edge=320)
        assert (opened.width, opened.height) == (640, 480)
        assert (
            np.abs(opening.open_upright(tmp_path / "a.heic").astype(int) - noisy(480, 640)).mean()
            < 5
        )


class TestMetadata:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
    def test_the_orientation_is_known_without_decoding(
        self, tmp_path, orientation, suffix, monkeypatch
    ) -> None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(noisy()).save(tmp_path / f"a.{suffix}", exif=exif)
        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))
        assert opening.metadata_of(tmp_path / f"a.{suffix}") == opening.Metadata(orientation)

    def test_of_a_png_without_any_nothing_is_decoded_either(self, tmp_path, monkeypatch) -> None:
        Image.fromarray(noisy()).save(tmp_path / "a.png")
        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))
        assert opening.metadata_of(tmp_path / "a.png") == opening.Metadata(1)

    def test_heic_is_turned_by_whoever_decodes_it(self, tmp_path) -> None:
        pytest.importorskip("pillow_heif").register_heif_opener()
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(noisy()).save(tmp_path / "a.heic", exif=exif)
        assert opening.metadata_of(tmp_path / "a.heic") == opening.Metadata(1)

    @given(st.binary(max_size=400), st.integers(0, 600))
    def test_damaged_bytes_give_metadata_or_the_one_error(
        self, tmp_path_factory, junk, place
    ) -> None:
        path = tmp_path_factory.mktemp("a") / "a.jpg"
        Image.fromarray(noisy()).save(path, xmp=b"<a/>")
        whole = bytearray(path.read_bytes())
        whole[place : place + len(junk)] = junk
        path.write_bytes(bytes(whole))
        try:
            assert opening.metadata_of(path).orientation in range(1, 9)
        except UnreadablePhoto as error:
            assert str(error)


@pytest.mark.parametrize("name", mutated_photos.HOW)
def test_damaged_photos_end_as_photos_or_problems(name) -> None:
    needs = {"HEIC": "pillow_heif", "JPEG XL": "pillow_jxl", "RAW": "rawpy"}
    needs |= dict.fromkeys(mutated_photos.CLIPS, "av")
    if name in needs:
        pytest.importorskip(needs[name])
    found = mutated_photos.in_a_process(name, 20, 7)
    assert found["photos"] + found["problems"] == 20
    assert not found["peak"] > 1500


class TestTurnedHeif:
    """What HEIC and AVIF say of how they are turned and mirrored is done, once."""

    PICTURE = np.zeros((64, 128, 3), np.uint8)
    PICTURE[:32, :64], PICTURE[:32, 64:], PICTURE[32:, :64] = (255, 0, 0), (0, 255, 0), (0, 0, 255)

    @pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
    @pytest.mark.parametrize("quarters", [0, 1, 2, 3])
    @pytest.mark.parametrize("mirrored", [None, 0, 1])
    def test_it_stands_as_it_says(self, tmp_path, kind, quarters, mirrored) -> None:
        path = tmp_path / f"a.{kind.lower()}"
        pytest.importorskip("pillow_heif").register_heif_opener()
        stream = io.BytesIO()
        Image.fromarray(self.PICTURE).save(stream, kind, quality=95)
        changes = [(b"irot", quarters)] if quarters else []
        expected = np.rot90(self.PICTURE, quarters)
        if mirrored is not None:
            changes.append((b"imir", mirrored))
            expected = expected[:, ::-1] if mirrored else expected[::-1]
        path.write_bytes(turned(stream.getvalue(), changes))
        found = opening.open_upright(path)
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected).mean() < 12
        height, width = expected.shape[:2]
        assert opening.size_of(path) == (width, height)
        small = opening.open_shrunk(path, long_edge=64)
        assert (small.width, small.height) == (width, height)
        half = expected[::2, ::2]
        assert np.abs(small.small.astype(int) - half).mean() < 16
