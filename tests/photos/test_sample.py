import csv

import pytest
from made_once import store_of_the_run

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.photos import opening, sample
from toolkit.scanning import store


@pytest.fixture
def looked_at_once(monkeypatch, tmp_path_factory) -> None:
    """What is found in the album's photos is kept for all tests that look at them."""
    monkeypatch.setenv(store.VARIABLE, str(store_of_the_run(tmp_path_factory)))


def pairs_of(result, folder) -> set[tuple[str, str]]:
    """(photo, person) of every file that a result puts into a folder."""
    copies = result.album.photos.merge(
        result.sightings.dropna(subset=["name"])[["photo_digest", "name"]], on="photo_digest"
    )
    return {
        (path.removeprefix(f"{folder}/"), name)
        for path, name in zip(copies["path"], copies["name"], strict=True)
    }


def test_the_truth_is_in_a_table(sample_album) -> None:
    with (sample_album / "truth.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["photo"], row["person"]) for row in rows] == sample.truth_of_album()
    for row in rows:
        assert (sample_album / "photos" / row["photo"]).is_file()


def test_the_same_call_makes_the_same_files(sample_album, tmp_path) -> None:
    sample.make_album(tmp_path)
    for made in opening.find(sample_album).photos:
        again = tmp_path / made.relative_to(sample_album)
        assert again.read_bytes() == made.read_bytes()
    sample.make_album(tmp_path)  # once more over itself


def test_it_goes_nowhere_where_something_else_is(tmp_path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(BadFolder, match=r"mine\.txt is there"):
        sample.make_album(tmp_path)


def test_autopilot_finds_its_three_people_in_the_right_photos(sample_album, looked_at_once) -> None:
    result = modes.autopilot(sample_album / "photos")
    found = pairs_of(result, sample_album / "photos")
    truth = set(sample.truth_of_album())
    name_of: dict[str, set[str]] = {}
    of_name: dict[str, set[str]] = {}
    for photo, name in found:
        of_name.setdefault(name, set()).add(photo)
    for photo, person in truth:
        name_of.setdefault(person, set()).add(photo)
    assert sorted(map(sorted, of_name.values())) == sorted(map(sorted, name_of.values()))
    assert [path.rsplit("/")[-1] for path in result.unsorted["path"]] == ["landscape.jpg"]


def test_point_and_shoot_finds_everybody_by_name(sample_album, looked_at_once) -> None:
    result = modes.point_and_shoot(sample_album / "photos", sample_album / "people")
    assert pairs_of(result, sample_album / "photos") == set(sample.truth_of_album())
    assert len(result.problems) == 0


def test_nothing_is_overwritten_and_an_interrupted_call_is_taken_up(tmp_path) -> None:
    sample.make_album(tmp_path)
    one = tmp_path / "photos/day 1/IMG_0001.jpg"
    whole = one.read_bytes()
    one.write_bytes(whole[:1000])
    sample.make_album(tmp_path)
    assert one.read_bytes() == whole
    one.write_bytes(b"my own photo")
    with pytest.raises(BadFolder, match=r"IMG_0001\.jpg is there"):
        sample.make_album(tmp_path)
    assert one.read_bytes() == b"my own photo"
