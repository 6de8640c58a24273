"""What surroundings have in common, beside what is before them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_albums import album
from toys import DotMatcher

from toolkit.records import SIGHTING_ID, ComparedPairs
from toolkit.scanning import store as stored
from toolkit.scanning.comparing import compare
from toolkit.scanning.context import ASKED, context, likely_pairs
from toolkit.settings import settings_for
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.base import describe

SETTINGS = settings_for("autopilot", AnimalSettings)()


class Scenes(DotMatcher):
    """Compares numbers, and the numbers behind them: as many in common as they are below 100."""

    scores = ("few", "more", "of another kind")
    background_scores = ("few", "more")

    def __init__(self) -> None:
        super().__init__()
        self.asked = self.around = 0

    def shortlist(self, features, known=None):
        return np.stack(np.triu_indices(len(features), k=1), axis=1)

    def compare(self, one, other):
        self.asked += 1
        alike = 100 - abs(float(one["at"]) - float(other["at"]))
        return np.array([alike / 2, alike, 1000], np.float32)

    def distances(self, found):
        return (1 - found.values[:, 1] / 100).astype(np.float32)

    def background_features(self, chips):
        return [{"behind": chip.max()} for chip in chips]

    def background(self, one, other):
        self.around += 1
        return 100 - abs(float(one["behind"]) - float(other["behind"]))


def seen(*those):
    """An album of (number, number behind it)."""
    rows = np.zeros((len(those), 0), np.float32)
    features = tuple({"at": np.array(at), "behind": np.array(b)} for at, b in those)
    return replace(
        album([0.0] * len(those)), encodings=rows, encoder=DotMatcher.info, features=features
    )


def rows(*pairs):
    return pd.DataFrame(pairs, columns=["first", "second"])


def test_a_pair_has_its_largest_score_and_that_of_its_surroundings() -> None:
    full = seen((0, 0), (10, 90), (60, 5))
    found = context(full, rows((0, 1), (2, 0)), Scenes())
    ids = full.sightings[SIGHTING_ID].to_list()
    assert found["sighting_id"].tolist() == [ids[0], ids[0]]
    assert found["other_sighting_id"].tolist() == ids[1:]
    assert found[["marks", "background"]].to_numpy().tolist() == [[90, 10], [40, 95]]


def test_what_was_compared_before_is_not_again() -> None:
    matcher = Scenes()
    full = compare(seen((0, 0), (10, 90), (60, 5)), matcher)
    matcher.asked = 0
    found = context(full, rows((0, 1), (1, 2)), matcher, jobs=2)
    assert (matcher.asked, found["marks"].tolist()) == (0, [90.0, 50.0])


def test_what_is_around_is_kept_in_the_store_apart_from_what_two_have_themselves(tmp_path) -> None:
    with stored.Store(tmp_path / "seen.sqlite3") as store:
        recall = stored.Recall(store, "how", Scenes.info, "key")
        full = compare(seen((0, 0), (10, 90), (60, 5)), Scenes(), recall=recall)
        first, again = Scenes(), Scenes()
        found = context(full, rows((1, 0), (1, 2), (0, 1)), first, recall=recall)
        assert first.around == 2
        assert context(full, rows((0, 1), (1, 2)), again, recall=recall).equals(found)
        assert again.around == 0
        assert len(context(full, rows((0, 2), (1, 2)), again, recall=recall)) == 2
        assert again.around == 1


def test_a_background_that_is_not_known_is_not_asked_for_again(tmp_path) -> None:
    class Blank(Scenes):
        def background(self, one, other):
            super().background(one, other)
            return float("nan")

    with stored.Store(tmp_path / "seen.sqlite3") as store:
        recall, matcher = stored.Recall(store, "how", Scenes.info, "key"), Blank()
        full = compare(seen((0, 0), (10, 90)), matcher)
        for _ in range(2):
            found = context(full, rows((0, 1)), matcher, recall=recall)
            assert np.isnan(found["background"][0])
        assert matcher.around == 1


def test_where_nothing_compares_surroundings_there_is_nothing() -> None:
    full = seen((0, 0), (1, 1))
    assert len(context(full, rows((0, 1)), DotMatcher())) == 0
    assert len(context(replace(full, features=None), rows((0, 1)), Scenes())) == 0
    assert len(context(full, rows((0, 1)), Scenes(), stop=lambda: True)) == 0


def test_pairs_that_join_and_the_nearest_others_are_worth_a_look() -> None:
    pairs = [(0, 1, 0.05), (1, 2, 0.06), (0, 2, 0.07), (2, 3, 0.8), (3, 4, 1.0), (0, 4, np.nan)]
    first, second, away = (np.array(each) for each in zip(*pairs, strict=True))
    full = replace(seen(*[(0, 0)] * 5), compared=ComparedPairs.of(5, first, second, away, 1.0))
    found = likely_pairs(full, SETTINGS)
    assert found.to_numpy().tolist() == [[0, 1], [1, 2], [2, 3]]
    assert ASKED > 0


def test_surroundings_are_described_with_the_subject() -> None:
    class Described(Scenes):
        def features(self, chips):
            return [{"at": chip.min()} for chip in chips]

    _, features, _ = describe(Described(), np.array([[[1, 9]], [[2, 8]]], np.uint8))
    assert features == ({"at": 1, "behind": 9}, {"at": 2, "behind": 8})


def test_an_album_of_vectors_has_no_such_pairs() -> None:
    assert len(likely_pairs(album([0.0, 1.0]), SETTINGS)) == 0
    one = np.zeros(1, np.int64)
    with pytest.raises(ValueError, match="values and distance"):
        ComparedPairs(2, one, one + 1, np.zeros(1, np.float32), 1.0, values=np.zeros((2, 1)))
