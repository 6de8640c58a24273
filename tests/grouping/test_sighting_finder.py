"""Sightings are known again by picture and place."""

from dataclasses import replace

import numpy as np
from made_albums import album

from toolkit.grouping import sighting_finder
from toolkit.grouping.sighting_finder import SightingFinder, finder_of, key_of, keys_of


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


def test_what_finds_sightings_is_made_once_for_an_album_and_knows_what_is_ignored() -> None:
    full = album(range(4))
    assert finder_of(full) is finder_of(full) is finder_of(full, ignored=True)
    some = replace(full, ignored=np.array([True, False, False, False]))
    assert finder_of(some)(key_of(full, 0)) is None
    assert finder_of(some, ignored=True)(key_of(full, 0)) == 0
    assert finder_of(some)(key_of(full, 1)) == 1


def test_keys_of_many_are_those_of_each(monkeypatch) -> None:
    full = album(range(6))
    each = [key_of(full, row) for row in (4, 1, 1)]
    monkeypatch.setattr(sighting_finder, "MANY", 2)
    assert [*keys_of(full, np.array([4, 1, 1]))] == each
    assert [*keys_of(album(range(100, 106)), np.array([4, 1, 1]))] == each


def test_an_album_is_made_ready_only_when_something_is_sought() -> None:
    """Of a million sightings it takes seconds, and most albums have no decisions."""
    seen = album([0, 1])
    find = SightingFinder(seen, np.arange(2))
    made = {"_rows", "_exactly", "_of_file", "_boxes"}
    assert not made & set(vars(find))
    assert find(replace(key_of(seen, 0), photo="f" * 64)) is None
    assert {"_rows", "_exactly", "_of_file"} <= set(vars(find))
