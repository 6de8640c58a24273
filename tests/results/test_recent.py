"""The list of recent albums: private, bounded, believed only where it makes sense."""

import json
import stat
import threading

import pytest

from toolkit.results import recent
from toolkit.results.recent import Recent


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of this test's own."""
    monkeypatch.delenv(recent.VARIABLE)
    monkeypatch.setenv("SIGHTINGS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def album(tmp_path):
    def made(name: str, mode: str = "autopilot", known: str = "") -> Recent:
        (tmp_path / f"{name} sorted").mkdir(exist_ok=True)
        out = str(tmp_path / f"{name} sorted")
        return Recent(mode, str(tmp_path / name), out, known, "6 photos")

    return made


def names(mode: str = "") -> list[str]:
    return [each.photos.rpartition("/")[2] for each in recent.albums(mode)]


def test_the_last_one_comes_first_and_none_twice(album) -> None:
    for name in ("Norway", "Wedding", "Norway"):
        recent.remember(album(name))
    assert names() == ["Norway", "Wedding"]
    assert recent.albums()[0].said == "6 photos"
    assert recent.albums()[0].when >= recent.albums()[1].when > 0


def test_it_lies_in_the_cache_folder_for_its_owner_alone(album, cache) -> None:
    recent.remember(album("Norway"))
    assert recent.place() == cache / "recent.json"
    assert stat.S_IMODE((cache / "recent.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_it_is_bounded(album) -> None:
    for number in range(recent.MOST + 5):
        recent.remember(album(f"a{number}"))
    assert len(recent.albums()) == recent.MOST
    assert names()[0] == f"a{recent.MOST + 4}"


def test_albums_whose_results_are_gone_are_not_shown(album, tmp_path) -> None:
    recent.remember(album("Norway"))
    recent.remember(album("Wedding"))
    (tmp_path / "Wedding sorted").rmdir()
    assert names() == ["Norway"]


def test_an_album_is_found_by_any_of_its_folders(album, tmp_path, monkeypatch) -> None:
    recent.remember(album("Norway"))
    recent.remember(album("Wedding", "point-and-shoot", str(tmp_path / "people")))
    recent.remember(album("Wedding"))
    find = recent.find
    assert find("autopilot").photos == str(tmp_path / "Wedding")
    assert find("autopilot", photos=f"{tmp_path / 'Norway'}/").out.endswith("Norway sorted")
    monkeypatch.chdir(tmp_path)
    assert find("autopilot", out="Norway sorted").photos == str(tmp_path / "Norway")
    assert find("point-and-shoot", known="people").photos == str(tmp_path / "Wedding")
    assert find("point-and-shoot", known="others") is None
    assert find("autopilot", photos="Norway", out="Wedding sorted") is None
    assert find("autopilot", photos="a\0b") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "{}",
        "[1, null, {}]",
        '[{"mode": "autopilot", "photos": 1, "out": "/", "known": "", "said": "", "when": 1}]',
        '[{"mode": "autopilot", "photos": "/p", "out": "/", "known": "", "said": "", "when": "x"}]',
        '[{"mode": "a", "photos": "/p", "out": "/\\u0000", "known": "", "said": "", "when": 1}]',
        "[" * 100_000,
    ],
)
def test_a_file_that_makes_no_sense_is_as_if_there_were_none(cache, album, content) -> None:
    cache.mkdir()
    (cache / "recent.json").write_text(content)
    assert recent.albums() == ()
    recent.remember(album("Norway"))
    assert names() == ["Norway"]


def test_where_nothing_can_be_written_nothing_is_raised(album, cache) -> None:
    cache.write_text("a file")
    recent.remember(album("Norway"))
    assert recent.albums() == ()


def test_it_can_be_turned_off(album, cache, monkeypatch) -> None:
    monkeypatch.setenv(recent.VARIABLE, recent.OFF)
    recent.remember(album("Norway"))
    assert recent.albums() == ()
    assert not cache.exists()


def test_panels_at_once_lose_none(album) -> None:
    made = [album(f"a{number}") for number in range(8)]
    threads = [threading.Thread(target=recent.remember, args=[each]) for each in made]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(names()) == sorted(f"a{number}" for number in range(8))
    json.loads(recent.place().read_text())
