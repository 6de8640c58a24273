"""Which files belong to which photo, by their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.photos.companions import RAW, belonging, renamed


@pytest.mark.parametrize(
    ("photo", "other"),
    [
        # Live Photos, edits of Apple's, sidecars of Lightroom, digiKam and darktable.
        ("IMG_0001.HEIC", "IMG_0001.MOV"),
        ("IMG_0001.jpg", "IMG_0001.mp4"),
        ("IMG_0001.jpg", "IMG_0001.AAE"),
        # As programs for iCloud name them.
        ("IMG_0001.HEIC", "IMG_0001_HEVC.MOV"),
        ("IMG_0001.HEIC", "IMG_O0001.AAE"),
        ("IMG_0001.jpg", "img_0001.xmp"),
        ("IMG_0001.jpg", "IMG_0001.JPG.xmp"),
        # Google Takeout, whose names have room for 46 letters.
        ("IMG_0001.jpg", "IMG_0001.jpg.json"),
        ("IMG_0001.jpg", "IMG_0001.json"),
        ("IMG_0001.jpg", "IMG_0001.jpg.supplemental-metadata.json"),
        ("IMG_0001.jpg", "IMG_0001.jpg.supplemental-me.json"),
        ("IMG_0001.jpg", "IMG_0001.jpg.s.json"),
        ("IMG_0001.jpg", "IMG_0001.jpg..json"),
        ("IMG_0001(1).jpg", "IMG_0001.jpg(1).json"),
        ("IMG_0001(2).jpg", "IMG_0001.jpg.supplemental-metadata(2).json"),
        ("IMG_0001(1).jpg", "IMG_0001(1).json"),
        (f"{'x' * 60}.jpg", f"{'x' * 46}.json"),
        *(("DSC_1.JPG", f"DSC_1{ending}") for ending in sorted(RAW)),
        ("DSC_1.JPG", "DSC_1.CR2.xmp"),
    ],
)
def test_a_file_belongs_to_its_photo_alone(photo, other) -> None:
    # Others that are called alike have none of it.
    photos = ["IMG_000.jpg", "IMG_0001x.jpg", "IMG_0001(3).jpg", "DSC_.JPG", photo]
    assert belonging(photos, [other]) == {other: photo}


@pytest.mark.parametrize(
    "other",
    [
        *("IMG_0002.MOV", "IMG_0001.txt", "IMG_0001.jpg.mov", "IMG_0001", "metadata.json"),
        *("IMG_0001.jpg.supplementary.json", "IMG_0001.jpg.suppl-x.json", "IMG_0001.jpg(1).json"),
        *("IMG_0001.png.json", "IMG_0001.png.xmp", ".json", "x.CR2.xmp", "IMG_0001 copy.AAE"),
        f"{'y' * 46}.json",
    ],
)
def test_other_files_belong_to_nobody(other) -> None:
    assert belonging(["IMG_0001.jpg", f"{'y' * 46}1.jpg", f"{'y' * 46}2.jpg"], [other]) == {}


def test_of_two_photos_of_one_name_one_has_it() -> None:
    assert belonging(["a.jpg", "a.HEIC", "a.png"], ["a.MOV"]) == {"a.MOV": "a.HEIC"}
    assert belonging(["a.png", "a.jpg"], ["a.CR2"]) == {"a.CR2": "a.jpg"}
    both = belonging(["a.jpg", "a.png"], ["a.png.json", "a.jpg.json", "a.png.xmp"])
    assert both == {"a.png.json": "a.png", "a.jpg.json": "a.jpg", "a.png.xmp": "a.png"}


@pytest.mark.parametrize(
    ("companion", "expected"),
    [
        ("a.MOV", "a (2).MOV"),
        ("A.aae", "a (2).aae"),
        ("a.jpg.json", "a (2).jpg.json"),
        ("a.JPG.xmp", "a (2).jpg.xmp"),
        ("a.jpg.supplemental-metadata.json", "a (2).jpg.supplemental-metadata.json"),
    ],
)
def test_it_goes_by_the_other_name_of_its_photo(companion, expected) -> None:
    assert renamed(companion, "a.jpg", "a (2).jpg") == expected
    assert renamed(companion, "a.jpg", "a.jpg") == companion
    assert belonging(["a.jpg", "a (2).jpg"], [expected]) == {expected: "a (2).jpg"}


def test_what_is_called_otherwise_gets_the_name_of_its_photo() -> None:
    assert renamed("a.jpg(1).json", "a(1).jpg", "b.jpg") == "b.jpg.json"


@given(st.lists(st.text(max_size=12), max_size=6), st.lists(st.text(max_size=12), max_size=6))
def test_whatever_the_names_each_belongs_to_one_that_is_there(photos, others) -> None:
    found = belonging(photos, others)
    assert set(found) <= set(others)
    assert set(found.values()) <= set(photos)
