import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from toolkit.photos import colours, identity, opening

# Linear Display P3 to linear sRGB, from the primaries (not from the module that is tried).
PRIMARIES = {
    "p3": [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)],
    "709": [(0.640, 0.330), (0.300, 0.600), (0.150, 0.060)],
    "2020": [(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)],
}


def matrix(name):
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in PRIMARIES[name]]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    return columns * np.linalg.solve(columns, white)


def curve(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(("number", "name"), [(colours.P3, "p3"), (colours.BT2020, "2020")])
def test_primaries_are_those_of_the_standards(number, name) -> None:
    wanted = np.linalg.solve(matrix("709"), matrix(name))
    np.testing.assert_allclose(colours._TO_709[number], wanted, atol=2e-3)


def test_a_profile_changes_colours_to_srgb(tmp_path) -> None:
    # A profile with red and green swapped: what it calls red is green.
    given = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {bytes(given[n : n + 4]): n for n in range(128, 300, 4)}
    red, green = at[b"rXYZ"] + 4, at[b"gXYZ"] + 4
    given[red : red + 8], given[green : green + 8] = given[green : green + 8], given[red : red + 8]
    Image.new("RGB", (30, 20), (220, 40, 60)).save(tmp_path / "a.png", icc_profile=bytes(given))
    got = opening.open_upright(tmp_path / "a.png")[10, 10].astype(int)
    assert np.abs(got - (40, 220, 60)).max() <= 3
    # What tells the picture from others are its own px, as before profiles were read.
    opened = opening.open_shrunk(tmp_path / "a.png", long_edge=100, tell=True)
    plain = np.asarray(Image.new("RGB", (30, 20), (220, 40, 60)))
    assert opened.digest == identity.of_pixels(plain)
    assert np.abs(opened.small[10, 10].astype(int) - (40, 220, 60)).max() <= 3


@pytest.mark.parametrize("profile", [b"x", bytes(4000), b"\0" * 128 + b"\xff" * 200])
def test_a_damaged_profile_does_not_cost_the_photo(tmp_path, profile) -> None:
    Image.new("RGB", (30, 20), (220, 40, 60)).save(tmp_path / "a.png", icc_profile=profile)
    assert opening.open_upright(tmp_path / "a.png")[0, 0].tolist() == [220, 40, 60]


def test_srgb_stays_as_it_is_to_the_last_bit(tmp_path) -> None:
    given = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Image.effect_mandelbrot((60, 40), (-2, -1, 1, 1), 20).convert("RGB")
    picture.save(tmp_path / "a.png", icc_profile=given)
    np.testing.assert_array_equal(opening.open_upright(tmp_path / "a.png"), np.asarray(picture))


def coded(folder, primaries, transfer, value):
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), value).save(stream, "PNG")
    whole = stream.getvalue()
    from zlib import crc32

    chunk = b"cICP" + bytes([primaries, transfer, 0, 1])
    chunk = (4).to_bytes(4, "big") + chunk + crc32(chunk).to_bytes(4, "big")
    (folder / "a.png").write_bytes(whole[:33] + chunk + whole[33:])
    return opening.open_upright(folder / "a.png")[8, 8].astype(int)


def test_colours_that_are_named_by_numbers(tmp_path) -> None:
    got = coded(tmp_path, colours.P3, 13, (200, 120, 90))
    linear = ((np.array([200, 120, 90]) / 255 + 0.055) / 1.055) ** 2.4
    wanted = curve(np.linalg.solve(matrix("709"), matrix("p3")) @ linear) * 255
    assert np.abs(got - wanted).max() <= 2


@pytest.mark.parametrize(("transfer", "white"), [(colours.PQ, 148), (colours.HLG, 191)])
def test_hdr_is_neither_dark_nor_burnt(tmp_path, transfer, white) -> None:
    # BT.2408: the white of a page lies at 58% of PQ and 75% of HLG.
    page = coded(tmp_path, colours.BT2020, transfer, (white,) * 3)
    dark, light = (coded(tmp_path, colours.BT2020, transfer, (v,) * 3) for v in (40, 230))
    assert np.ptp(page) <= 3
    assert 190 <= page[0] <= 245
    assert dark[0] < 60 < page[0] <= light[0] <= 255


def test_a_profile_that_names_hdr_by_numbers_is_taken_at_its_word(tmp_path) -> None:
    given = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # In place of the last entry of its table of contents, one of BT.2020 and PQ at its end.
    last = 132 + 12 * (int.from_bytes(given[128:132], "big") - 1)
    given[last : last + 12] = b"cicp" + len(given).to_bytes(4, "big") + (12).to_bytes(4, "big")
    given += b"cicp" + bytes(4) + bytes([colours.BT2020, colours.PQ, 0, 1])
    given[:4] = len(given).to_bytes(4, "big")
    Image.new("RGB", (16, 16), (148,) * 3).save(tmp_path / "a.png", icc_profile=bytes(given))
    got = opening.open_upright(tmp_path / "a.png")[8, 8].astype(int)
    wanted = coded(tmp_path, colours.BT2020, colours.PQ, (148,) * 3)
    np.testing.assert_array_equal(got, wanted)


def test_what_a_heic_says_is_read_from_its_first_bytes() -> None:
    box = b"\0\0\0\x13colrnclx" + bytes([0, 9, 0, 16, 0, 9, 0x80])
    assert colours.coded_in(bytes(50) + box) == (9, 16)
    assert colours.coded_in(bytes(50) + box[:13]) is None
    assert colours.coded_in(b"") is None


def test_lab_is_shown_in_its_colours(tmp_path) -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    change = ImageCms.buildTransform(srgb, lab, "RGB", "LAB")
    made = ImageCms.applyTransform(Image.new("RGB", (20, 20), (200, 90, 40)), change)
    made.save(tmp_path / "a.tif")
    got = opening.open_upright(tmp_path / "a.tif")[5, 5].astype(int)
    assert np.abs(got - (200, 90, 40)).max() <= 4
