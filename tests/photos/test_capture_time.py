from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from toolkit.errors import UnreadablePhoto
from toolkit.photos import capture_time

DIRECTORY = 0x8769


def save(path, **tags):
    exif = Image.Exif()
    exif[0x0110] = "camera"
    own = exif.get_ifd(DIRECTORY)
    for tag, value in tags.items():
        own[int(tag[1:], 16)] = value
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def test_the_time_of_the_picture_with_its_fraction(tmp_path) -> None:
    path = save(tmp_path / "a.jpg", x9003="2024:05:31 17:20:05", x9291="25", x9004="2020:01:01 0:0")
    assert capture_time.time_of(path) == datetime(2024, 5, 31, 17, 20, 5, 250_000)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_else_the_time_when_it_was_digitised(tmp_path, ending) -> None:
    path = save(tmp_path / f"a.{ending}", x9003="0000:00:00 00:00:00", x9004="2024:05:31 17:20:05")
    assert capture_time.time_of(path) == datetime(2024, 5, 31, 17, 20, 5)


@pytest.mark.parametrize(
    "told",
    [
        *("", "0000:00:00 00:00:00", "    :  :     :  :  ", "2024:02:30 10:00:00"),
        *("2024:13:01 10:00:00", "2024:05:31 25:00:00", "1970:01:01 00:00:00"),
        *("2999:01:01 00:00:00", "2024:05:31", "yesterday", "\0" * 20),
    ],
)
def test_what_no_camera_can_have_meant_is_no_time(tmp_path, told) -> None:
    assert capture_time.time_of(save(tmp_path / "a.jpg", x9003=told)) is None


def test_a_photo_without_exif_has_no_time(tmp_path) -> None:
    for name in ("a.jpg", "a.png", "a.bmp"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
        assert capture_time.time_of(tmp_path / name) is None


def test_a_file_that_is_no_photo_is_named_as_such(tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    with pytest.raises(UnreadablePhoto):
        capture_time.time_of(tmp_path / "a.jpg")
    with pytest.raises(UnreadablePhoto):
        capture_time.time_of(tmp_path / "none.jpg")


@given(st.data())
def test_any_bytes_give_a_time_none_or_a_cause(tmp_path, data) -> None:
    whole = save(tmp_path / "whole.jpg", x9003="2024:05:31 17:20:05").read_bytes()
    at = data.draw(st.integers(2, len(whole) - 1))
    put = data.draw(st.binary(max_size=12))
    (tmp_path / "a.jpg").write_bytes(whole[:at] + put + whole[at + len(put) :])
    try:
        found = capture_time.time_of(tmp_path / "a.jpg")
    except UnreadablePhoto:
        return
    assert found is None or capture_time.is_sane(found)


@given(st.one_of(st.text(), st.binary(), st.integers(), st.none()), st.text())
def test_any_value_is_read_or_none(told, fraction) -> None:
    found = capture_time.parsed(told, fraction)
    assert found is None or capture_time.is_sane(found)


def test_bytes_and_other_marks_are_read() -> None:
    assert capture_time.parsed(b"2024:05:31 17:20:05\0") == datetime(2024, 5, 31, 17, 20, 5)
    assert capture_time.parsed("2024-05-31T17:20:05.5") == datetime(2024, 5, 31, 17, 20, 5, 500_000)
