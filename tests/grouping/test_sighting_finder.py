"""Sightings are known again by picture and place."""

from dataclasses import replace

import numpy as np
from made_albums import album

from toolkit.grouping.sighting_finder import SightingFinder, key_of, keys_of


def test_each_sighting_is_found_by_its_key_and_no_other() -> None:
    seen = album([0, 1, 2, 3], photo_of=[0, 0, 1, 2])
    find = SightingFinder(seen, np.arange(4))
    assert [find(key) for key in keys_of(seen, np.arange(4))] == [0, 1, 2, 3]
    assert find(replace(key_of(seen, 0), photo="f" * 64)) is None


def test_a_box_that_moved_a_little_is_the_same_and_one_elsewhere_is_not() -> None:
    seen = album([0, 1], photo_of=[0, 0])
    find = SightingFinder(seen, np.arange(2))
    key = key_of(seen, 1)
    assert find(replace(key, left=key.left + 2, right=key.right + 2)) == 1
    assert find(replace(key, left=key.left + 8, right=key.right + 8)) is None


def test_what_is_not_among_the_rows_is_not_found() -> None:
    seen = album([0, 1])
    assert SightingFinder(seen, np.array([1]))(key_of(seen, 0)) is None


def test_an_album_is_made_ready_only_when_something_is_sought() -> None:
    """Of a million sightings it takes seconds, and most albums have no decisions."""
    seen = album([0, 1])
    find = SightingFinder(seen, np.arange(2))
    made = {"_rows", "_exactly", "_of_file", "_boxes"}
    assert not made & set(vars(find))
    assert find(replace(key_of(seen, 0), photo="f" * 64)) is None
    assert {"_rows", "_exactly", "_of_file"} <= set(vars(find))
