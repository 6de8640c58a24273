"""Animals all the way: drawn ones sorted, sought among known ones, and looked at once."""

import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from made_once import animals_made_once

from toolkit import modes
from toolkit.errors import MissingPackage
from toolkit.evaluation.scores import score_grouping
from toolkit.records import EncoderInfo
from toolkit.settings import settings_for
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.matching import matcher

SETTINGS = settings_for("autopilot", AnimalSettings)


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """Photos of two drawn animals from both sides and of an empty scene, and who is in which."""
    drawn = animals_made_once(tmp_path_factory)
    truth = pd.read_csv(drawn / "truth.csv")
    # One at a time; the network looks twice at each, which takes a second: no more empty ones.
    alone = truth.groupby("photo").filter(lambda rows: len(rows) == 1)
    empty = alone[alone["individual"].isna()].head(1)
    truth = pd.concat([alone.dropna(subset=["individual"]), empty])
    folder = tmp_path_factory.mktemp("animals") / "photos"
    for photo in truth["photo"]:
        (folder / photo).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(drawn / "photos" / photo, folder / photo)
    return folder, truth.dropna(subset=["individual"])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store") / "seen.sqlite3"


@pytest.fixture(scope="module")
def result(album, store):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTINGS_STORE", str(store))
        return modes.autopilot(album[0], settings=SETTINGS())


def test_photos_of_one_animal_are_together_far_more_than_by_chance(album, result) -> None:
    folder, truth = album
    who = dict(zip(truth["photo"], truth["individual"] + truth["flank"], strict=True))
    places = [str(path)[len(str(folder)) + 1 :] for path in result.album.sightings["path"]]
    rows = [row for row, place in enumerate(places) if place in who]
    assert len(who) == 11
    assert len(rows) > 0.6 * len(who)
    names = np.array([who[places[row]] for row in rows])
    found = score_grouping(names, pd.factorize(np.array(result.names)[rows])[0])
    assert found.pairwise_precision > 0.9
    assert found.pairwise_recall > 0.5


def test_it_speaks_of_animals(result) -> None:
    assert "animals" in str(result)
    assert "individuals" in str(result)
    assert result.names[0].startswith("individual_")


def test_what_was_seen_and_compared_is_known_in_the_next_run(
    album, result, store, monkeypatch
) -> None:
    monkeypatch.setenv("SIGHTINGS_STORE", str(store))
    asked = []
    usual = matcher.PatternMatcher.compare

    def compare(self, one, other):
        asked.append(1)
        return usual(self, one, other)

    monkeypatch.setattr(matcher.PatternMatcher, "compare", compare)
    again = modes.autopilot(album[0], settings=SETTINGS())
    assert asked == []
    assert again.names == result.names
    assert again.recognised == len(again.album.photos)


def test_without_its_package_it_is_one_line(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingPackage, match=r"pip install \"sightings\[animals\]\""):
        AnimalSettings().make_subject()


def test_the_settings_make_what_they_say() -> None:
    info = AnimalSettings(detector="whole").make_subject()
    assert info.detector.name == "whole"
    assert isinstance(info.encoder.info, EncoderInfo)
    assert info.exclusive_in_photo
