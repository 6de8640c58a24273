"""What holds a group together: as few pairs as can be, the surest ones."""

from dataclasses import replace

import numpy as np
from made_albums import album
from toys import DotMatcher

from toolkit.grouping.joins import ALIKE, DECIDED, KNOWN, joins
from toolkit.records import ComparedPairs

NONE = np.zeros((0, 2), np.int64)


def compared(*pairs, count=5):
    """An album in which these (first, second, distance) were compared."""
    first, second, away = (np.array(each) for each in zip(*pairs, strict=True))
    found = ComparedPairs.of(count, first, second, away.astype(np.float32), 1.0)
    rows = np.zeros((count, 0), np.float32)
    return replace(album([0.0] * count), encodings=rows, encoder=DotMatcher.info, compared=found)


def told(table):
    rows = table.fillna({"distance": -1}).itertuples(index=False, name=None)
    return [(g, a, b, why, round(d, 3)) for g, a, b, why, d in rows]


def test_each_group_is_held_by_its_nearest_pairs() -> None:
    seen = compared((0, 1, 0.3), (0, 2, 0.1), (1, 2, 0.2), (3, 4, 0.4), (2, 3, 0.05))
    found = joins(seen, np.array([0, 0, 0, 1, 1]), NONE, NONE)
    assert told(found) == [
        *((0, 0, 2, ALIKE, 0.1), (0, 1, 2, ALIKE, 0.2)),
        (1, 3, 4, ALIKE, 0.4),
    ]


def test_what_is_certain_goes_before_what_looks_alike() -> None:
    seen = compared((0, 1, 0.3), (0, 2, 0.1), (1, 2, np.nan))
    must = np.array([[1, 2], [0, 1]])
    found = joins(seen, np.array([0, 0, 0, -1, 1]), must, must[1:])
    assert sorted(told(found)) == [(0, 0, 1, DECIDED, 0.3), (0, 1, 2, KNOWN, -1)]


def test_a_group_of_one_and_nothing_at_all_have_no_joins() -> None:
    seen = compared((0, 1, 0.3))
    assert len(joins(seen, np.array([0, 1, 2, 3, -1]), NONE, NONE)) == 0
