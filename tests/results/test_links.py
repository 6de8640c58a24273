"""What holds individuals together, as a table and in words."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_albums import album
from toys import DotMatcher

from toolkit.grouping.constraints import Decided
from toolkit.records import SIGHTING_ID, ComparedPairs
from toolkit.results.links import links, remark
from toolkit.settings import settings_for
from toolkit.subjects.animal.settings import AnimalSettings

KIND = settings_for("autopilot", AnimalSettings)
PAIRS = [(0, 1, 0.1), (1, 2, 0.15), (0, 2, 0.3), (3, 4, np.nan)]


@pytest.fixture
def seen():
    first, second, away = (np.array(each) for each in zip(*PAIRS, strict=True))
    made = album([0.0] * 5)
    table = made.sightings.assign(
        station=pd.Series(["S1", "S1", "S2", "S3", "S3"], dtype=object),
        event=pd.Series(["", "", "", "e", "e"], dtype=object),
    )
    return replace(
        made,
        sightings=table,
        encodings=np.zeros((5, 0), np.float32),
        encoder=DotMatcher.info,
        compared=ComparedPairs.of(5, first, second, away, 1.0),
    )


def made_of(seen, context=None, held=None, **values):
    labels, names = np.array([0, 0, 0, 1, 1]), ["a", "a", "a", "b", "b"]
    return links(seen, labels, names, KIND(**values), held, context)


def in_common(seen, *those):
    ids = seen.sightings[SIGHTING_ID]
    rows = [(ids[a], ids[b], marks, behind) for a, b, marks, behind in those]
    return pd.DataFrame(rows, columns=[SIGHTING_ID, f"other_{SIGHTING_ID}", "marks", "background"])


def test_each_join_says_who_where_why_and_how_sure(seen) -> None:
    found = made_of(seen, burst=True)
    assert found["individual"].tolist() == ["a", "a", "b"]
    assert found["why"].tolist() == ["alike", "alike", "known"]
    # The least sure first, and what is certain last.
    assert found[["first", "second"]].to_numpy().tolist() == [[1, 2], [0, 1], [3, 4]]
    assert found["other_station"].tolist() == ["S2", "S1", "S3"]
    assert found["probability"][0] < found["probability"][1]
    assert np.isnan(found["distance"][2])
    assert found[["marks", "background"]].isna().all(axis=None)


def test_a_join_whose_background_says_more_comes_first_and_is_said(seen) -> None:
    found = made_of(seen, in_common(seen, (0, 1, 5.0, 31.0), (1, 2, 9.0, 9.0)))
    assert found["rests_on"].tolist()[:2] == ["background", ""]
    assert found[["first", "second"]].to_numpy().tolist()[0] == [0, 1]
    assert remark(found) == (
        "1 join rests on the background, which is more alike than what is before it: look at it "
        "first (links.csv)"
    )
    both = in_common(seen, (0, 1, 5.0, 31.0), (1, 2, 8.0, 9.0))
    assert remark(made_of(seen, both)).startswith("2 joins rest on the background")


def test_what_the_user_decided_rests_on_that(seen) -> None:
    none = np.zeros((0, 2), np.int64)
    held = Decided(np.array([[0, 1]]), none, {}, frozenset(), np.zeros(0, np.int64), 0)
    found = made_of(seen, in_common(seen, (0, 1, 5.0, 31.0)), held)
    assert found.set_index(["first", "second"])["why"][0, 1] == "decided"
    assert remark(found) == ""
