from contextlib import suppress
from datetime import datetime

import pytest
from drawn_clips import save_clip, tiles_of
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from raw_files import write_dng

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


class TestClips:
    THEN = datetime(2024, 5, 31, 17, 20, 5)

    @pytest.mark.parametrize(
        ("ending", "told", "expected"),
        [
            ("mp4", {"creation_time": "2024-05-31T17:20:05.000000Z"}, THEN),
            # A clip of an iPhone says both, and its own clock counts, whatever zone it is in.
            (
                "mov",
                {
                    "creation_time": "2024-05-31T15:20:05.000000Z",
                    "com.apple.quicktime.creationdate": "2024-05-31T17:20:05+0200",
                },
                THEN,
            ),
            # What the time was in Greenwich, and nobody knows where the phone was.
            (
                "mp4",
                {"creation_time": "2024-05-31T15:20:05.000000Z", "com.android.version": "14"},
                None,
            ),
            ("avi", {"date": "2024-05-31 17:20:05"}, THEN),
            ("mkv", {"creation_time": "2024-05-31T17:20:05.000000Z"}, THEN),
            ("mp4", {"creation_time": "1970-01-01T00:00:00.000000Z"}, None),
            ("avi", {"date": "yesterday"}, None),
            ("mp4", {}, None),
        ],
    )
    def test_a_clip_was_taken_when_its_container_says(
        self, tmp_path, ending, told, expected
    ) -> None:
        how = {"movflags": "use_metadata_tags"} if ending in ("mp4", "mov") else {}
        path = save_clip(tmp_path / f"a.{ending}", [tiles_of("ann")], each=2, how=how, told=told)
        assert capture_time.time_of(path) == expected

    def test_a_camera_that_writes_it_in_words_is_understood(self, tmp_path) -> None:
        path = save_clip(tmp_path / "a.avi", [tiles_of("ann")], each=2)
        content = bytearray(path.read_bytes())
        # A chunk "IDIT" in the list of headers (RIFF).
        chunk = b"IDIT\x1a\0\0\0Fri May 31 17:20:05 2024\n\0"
        at = content.index(b"avih") + 8 + 56
        content[at:at] = chunk
        for place in (4, 16):
            size = int.from_bytes(content[place : place + 4], "little") + len(chunk)
            content[place : place + 4] = size.to_bytes(4, "little")
        path.write_bytes(content)
        assert capture_time.time_of(path) == self.THEN

    def test_the_small_picture_beside_it_comes_first(self, tmp_path) -> None:
        told = {"creation_time": "2024-05-31T15:20:05.000000Z"}
        path = save_clip(tmp_path / "MVI_1.avi", [tiles_of("ann")], each=2, told=told)
        save(tmp_path / "a.jpg", x9003="2024:05:31 17:20:05").rename(tmp_path / "MVI_1.THM")
        assert capture_time.time_of(path) == self.THEN
        (tmp_path / "MVI_1.THM").write_bytes(b"no picture")
        assert capture_time.time_of(path) is None

    def test_one_that_cannot_be_read_is_named_as_such(self, tmp_path) -> None:
        (tmp_path / "a.mp4").write_bytes(b"no clip")
        with pytest.raises(UnreadablePhoto):
            capture_time.time_of(tmp_path / "a.mp4")


class TestRaw:
    """Raw files say it themselves: no package has to be there, and no preview is asked."""

    THEN = datetime(2024, 5, 31, 17, 20, 5)

    def dng(self, path):
        write_dng(path, Image.new("RGB", (16, 16), "red"), taken="2024:05:31 17:20:05")
        return path

    @pytest.mark.parametrize(
        ("ending", "start"), [("dng", b"II*\0"), ("orf", b"IIRO"), ("rw2", b"IIU\0"), ("nef", b"")]
    )
    def test_those_that_are_like_a_tiff(self, tmp_path, ending, start) -> None:
        path = self.dng(tmp_path / f"a.{ending}")
        content = path.read_bytes()
        path.write_bytes(start + content[len(start) :])
        assert capture_time.time_of(path) == self.THEN

    def test_those_of_fuji_and_canon(self, tmp_path) -> None:
        content = save(tmp_path / "a.jpg", x9003="2024:05:31 17:20:05").read_bytes()
        fuji = b"FUJIFILMCCD-RAW".ljust(84, b"\0") + (100).to_bytes(4, "big")
        (tmp_path / "a.raf").write_bytes(fuji.ljust(100, b"\0") + content)
        assert capture_time.time_of(tmp_path / "a.raf") == self.THEN
        exif = Image.Exif()
        exif[0x9003] = "2024:05:31 17:20:05"
        start = b"\0\0\0\x18ftypcrx ".ljust(200, b"\0") + b"CMT2"
        (tmp_path / "a.cr3").write_bytes(start + exif.tobytes()[6:])
        assert capture_time.time_of(tmp_path / "a.cr3") == self.THEN

    @given(st.binary(max_size=300), st.integers(0, 200))
    def test_a_damaged_one_says_nothing_and_raises_nothing_else(
        self, tmp_path_factory, damage, at
    ) -> None:
        path = self.dng(tmp_path_factory.mktemp("raw") / "a.dng")
        content = bytearray(path.read_bytes())
        content[at : at + len(damage)] = damage
        path.write_bytes(content)
        with suppress(UnreadablePhoto):
            found = capture_time.time_of(path)
            assert found is None or found.year > 1989
