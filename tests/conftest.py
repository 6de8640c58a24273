"""What the tests share: a subject that needs no model, small photos, the labelled photos."""

import os
import shutil
from pathlib import Path

import one_thread  # noqa: F401 - before anything imports numpy
import pytest
from hypothesis import HealthCheck, settings
from made_once import sample_made_once
from tiles import ColourEncoder, TileDetector, save_tiles

from toolkit import memory
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE

SHARES_FIXTURES = [HealthCheck.function_scoped_fixture]
# Each run draws other examples. For four times as many in one: pytest --hypothesis-profile=thorough
settings.register_profile(
    "sightings", deadline=None, max_examples=50, suppress_health_check=SHARES_FIXTURES
)
settings.register_profile(
    "thorough", deadline=None, max_examples=200, suppress_health_check=SHARES_FIXTURES
)
settings.load_profile("sightings")

pytest_plugins = ["browser_fixtures", "spread"]

EVALUATION = "SIGHTINGS_EVAL_DATA"
# What one test sees is no other's to know: tests of the store and of recent albums name files of
# their own.
os.environ["SIGHTINGS_STORE"] = "off"
os.environ["SIGHTINGS_RECENT"] = "off"
# What a test writes need not outlast the power, and the disk would take a minute to make sure of
# it. The processes that tests start do.
os.fsync = lambda handle: None


@pytest.fixture
def colours() -> Subject:
    """A subject that tells people apart by the colour of their tile."""
    return Subject("tile", TileDetector(), ColourEncoder(), FACE.words)


@pytest.fixture
def album_folder(tmp_path: Path) -> Path:
    """Photos of tiles: five of ann, two of bob, one of cem; one with three, one with nobody."""
    folder = tmp_path / "photos"
    save_tiles(folder / "a1.png", "ann")
    save_tiles(folder / "a2.png", "ann", shade=10)
    save_tiles(folder / "deep" / "a3.png", "ann", "bob")
    save_tiles(folder / "deep" / "a1.png", "ann", shade=20)
    save_tiles(folder / "three.png", "ann", "bob", "cem", shade=5)
    save_tiles(folder / "empty.png")
    return folder


@pytest.fixture
def odd(album_folder: Path) -> Path:
    """The album, with all that can happen to a photo."""
    (album_folder / "bad.jpg").write_bytes(b"not a picture")
    (album_folder / "none.jpg").touch()
    (album_folder / "film.mp4").write_bytes(b"x")
    shutil.copy(album_folder / "three.png", album_folder / "again, 'and' \"again\".png")
    shutil.copy(album_folder / "empty.png", album_folder / "NA.png")
    return album_folder


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Examples: two photos of Ann, one with Bob beside her, and one of Bob."""
    folder = tmp_path / "people"
    save_tiles(folder / "Ann" / "one.png", "ann", shade=3)
    save_tiles(folder / "Ann" / "two.png", "ann", "bob", shade=3)
    save_tiles(folder / "Bob" / "bob.png", "bob", shade=3)
    return folder


@pytest.fixture(scope="session")
def sample_album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample album: a copy for this process of one that is made once."""
    return shutil.copytree(
        sample_made_once(tmp_path_factory), tmp_path_factory.mktemp("album") / "sample"
    )


@pytest.fixture(scope="session")
def evaluation() -> Path:
    """The folder of labelled photos; tests that need it are skipped where it is not named."""
    folder = os.environ.get(EVALUATION)
    if not folder:
        pytest.skip(f"{EVALUATION} is not set: it names the folder of labelled photos")
    path = Path(folder).resolve()
    if not (path / "faces").is_dir():
        pytest.fail(f"{EVALUATION} is {folder}, which holds no folder `faces`")
    return path


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer in which no table fits."""
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.setattr(memory, "SMALL", 0)


@pytest.fixture
def roomy_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos have room, whatever there is for tables."""
    monkeypatch.setattr(memory.budget(), "limits", lambda: (10**9, 10**9))
