import io

import numpy as np
import pytest
from PIL import Image

from toolkit.photos import formats, listing

PICTURE = Image.fromarray(np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3))


def saved(kind: str) -> bytes:
    stream = io.BytesIO()
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    if kind == "JXL":
        pytest.importorskip("pillow_jxl")
    PICTURE.save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "JXL"]
)
def test_a_format_is_told_by_its_first_bytes(kind) -> None:
    if not formats.is_there(kind):
        pytest.skip(f"{kind} cannot be written here")
    assert formats.kind_of(saved(kind)[: formats.HEAD]) == kind


@pytest.mark.parametrize(
    ("head", "suffix", "kind"),
    [
        (b"II*\0\x10\0\0\0CR\x02\0", "", "RAW"),  # Canon's says so
        (b"MM\0*" + bytes(20), ".nef", "RAW"),  # Nikon's looks like any TIFF
        (b"MM\0*" + bytes(20), ".tif", "TIFF"),
        (b"FUJIFILMCCD-RAW 0201", "", "RAW"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "", "RAW"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avif", "", "AVIF"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1heic", "", "HEIF"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "", ""),  # a film
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "", ""),
        (b"BM and then some text, not a picture", "", ""),
        (b"", "", ""),
        (b"\xff\xd8", "", ""),
    ],
)
def test_what_begins_alike_is_told_apart(head, suffix, kind) -> None:
    assert formats.kind_of(head, suffix) == kind


class TestListed:
    @pytest.mark.parametrize(
        "name", ["none", "a.jpg_large", "a.jpg.download", "a.jpg-1", "b.jpg~", "IMG_1.photo"]
    )
    def test_a_photo_of_any_name_is_found(self, tmp_path, name) -> None:
        (tmp_path / name).write_bytes(saved("JPEG"))
        assert listing.find(tmp_path).photos == (tmp_path / name,)

    @pytest.mark.parametrize("name", ["none", "a.jpg_large", "a.unheard", "a.nef"])
    def test_what_is_none_by_its_content_is_not(self, tmp_path, name) -> None:
        (tmp_path / name).write_bytes(b"some text")
        found = listing.find(tmp_path)
        assert found.photos == ()
        assert [path.name for path, _ in found.skipped] == [name]

    def test_files_that_are_no_photos_by_their_names_are_not_opened(
        self, tmp_path, monkeypatch
    ) -> None:
        for name in ("a.mp4", "b.txt", "c.xmp", "d.zip", "e.jpg", "f.heic"):
            (tmp_path / name).write_bytes(saved("JPEG"))
        monkeypatch.setattr(formats, "open_regular", lambda path: pytest.fail("opened"))
        assert [path.name for path in listing.find(tmp_path).photos] == ["e.jpg", "f.heic"]

    def test_a_raw_file_is_a_photo_unless_it_belongs_to_one(self, tmp_path) -> None:
        raw = b"II*\0\x10\0\0\0CR\x02\0" + bytes(60)
        for name in ("a.cr2", "b.cr2", "c.cr2"):
            (tmp_path / name).write_bytes(raw)
        (tmp_path / "b.jpg").write_bytes(saved("JPEG"))
        (tmp_path / "c.jpg").write_bytes(b"")  # the bad copy of a good twin
        found = listing.find(tmp_path)
        assert [path.name for path in found.photos] == ["a.cr2", "b.jpg", "c.cr2", "c.jpg"]
        assert found.companions == {tmp_path / "b.jpg": (tmp_path / "b.cr2",)}

    def test_a_film_goes_with_the_twin_that_could_be_read(self, tmp_path) -> None:
        for name in ("a.heic", "a.jpg", "a.mov"):
            (tmp_path / name).write_bytes(saved("JPEG"))
        both, one = [tmp_path / "a.heic", tmp_path / "a.jpg"], [tmp_path / "a.jpg"]
        film = (str(tmp_path / "a.mov"),)
        assert listing.companions_of(both) == {str(tmp_path / "a.heic"): film}
        assert listing.companions_of(one) == {str(tmp_path / "a.jpg"): film}


def test_names_of_a_record_say_what_is_a_photo() -> None:
    photos = ["x/a.jpg", "x/a.jpg_large", "x/none", "x/a.avif"]
    assert [formats.named_as_photo(name) for name in photos] == [True] * 4
    others = ["x/a.mov", "x/a.xmp", "x/a.CR2", "x/a.MP", "x/a.json"]
    assert [formats.named_as_photo(name) for name in others] == [False] * 5


class TestLacking:
    def test_it_says_how_many_photos_need_what(self, tmp_path, monkeypatch) -> None:
        heif = b"\0\0\0\x18ftypheic" + bytes(40)
        for name, content in {
            "a.heic": heif,
            "b.jpg": heif,
            "c.nef": b"MM\0*" + bytes(60),
            "d.jpg": b"\xff\xd8\xff" + bytes(60),
        }.items():
            (tmp_path / name).write_bytes(content)
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        assert formats.lacking(sorted(tmp_path.iterdir())) == [
            "2 photos cannot be read: HEIC needs one more package: "
            'pip install "sightings[formats]"',
            '1 photo cannot be read: RAW needs one more package: pip install "sightings[raw]"',
        ]

    def test_where_nothing_is_missing_no_file_is_opened(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(formats, "is_there", lambda kind: True)
        assert formats.lacking([tmp_path / "gone.jpg"]) == []
