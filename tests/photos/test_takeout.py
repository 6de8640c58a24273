"""Google Takeout: edited doubles go along, copies for albums are left out."""

import shutil

import pytest
from tiles import save_tiles

from toolkit.photos import listing


@pytest.fixture
def takeout(tmp_path):
    """Two photos of a year, one of them edited, one in an album, too."""
    year, album = tmp_path / "Photos from 2019", tmp_path / "Norway"
    for name in ("a.png", "b.png"):
        save_tiles(year / name, "ann", shade=ord(name[0]) % 7)
        (year / f"{name}.supplemental-metadata.json").write_text("{}")
    save_tiles(year / "a-edited.png", "bob")
    album.mkdir()
    shutil.copy(year / "b.png", album)
    (album / "b.png.json").write_text("{}")
    save_tiles(album / "own.png", "cem")
    return tmp_path


def test_each_photo_counts_once_and_the_rest_is_named(takeout) -> None:
    found = listing.find(takeout)
    assert [path.name for path in found.photos] == ["own.png", "a.png", "b.png"]
    assert {path.name: why for path, why in found.left_out} == {
        "a-edited.png": "the edited double of a.png, which it goes along with",
        "b.png": "the copy of Photos from 2019/b.png for an album, by Google Takeout",
    }
    assert found.skipped == ()


def test_the_edited_double_goes_along_with_its_photo(takeout) -> None:
    photo = takeout / "Photos from 2019" / "a.png"
    beside = listing.find(takeout).companions[photo]
    assert [path.name for path in beside] == ["a.png.supplemental-metadata.json", "a-edited.png"]
    assert listing.companions_of([photo])[str(photo)] == tuple(map(str, beside))


@pytest.mark.parametrize("word", ["edited", "bearbeitet", "modifié", "EDITED"])
def test_it_is_known_in_the_languages_of_accounts(tmp_path, word) -> None:
    save_tiles(tmp_path / "x(1).png", "ann")
    save_tiles(tmp_path / f"x-{word}(1).png", "ann")
    (tmp_path / "x.png(1).json").write_text("{}")
    assert [path.name for path in listing.find(tmp_path).photos] == ["x(1).png"]


def test_elsewhere_edited_photos_are_photos(tmp_path) -> None:
    save_tiles(tmp_path / "a.png", "ann")
    save_tiles(tmp_path / "a-edited.png", "ann")
    assert len(listing.find(tmp_path).photos) == 2


def test_a_photo_of_the_same_name_with_other_bytes_is_another(takeout) -> None:
    save_tiles(takeout / "Norway" / "b.png", "dee")
    assert len(listing.find(takeout).photos) == 4


def test_folders_by_year_without_takeout_are_left_alone(tmp_path) -> None:
    save_tiles(tmp_path / "Holidays 2019" / "a.png", "ann")
    (tmp_path / "Best").mkdir()
    shutil.copy(tmp_path / "Holidays 2019" / "a.png", tmp_path / "Best")
    assert len(listing.find(tmp_path).photos) == 2
