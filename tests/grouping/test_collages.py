from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_albums import album, drawn, pair_album

from toolkit.calibration import Calibration
from toolkit.curation import questions
from toolkit.evaluation import audit
from toolkit.grouping import collages
from toolkit.grouping.assigners import group_album
from toolkit.grouping.links import pairs_within
from toolkit.settings import GroupingSettings

# On a line: three people, 0.1 apart within, 2 from each other; the fifth photo shows pictures.
PLACES = [0.0, 0.1, 0.05, 2.0, 2.1, 0.02, 0.09, 2.05]
PHOTOS = [0, 1, 2, 0, 1, 4, 4, 4]


def as_set(pairs) -> set[tuple[int, int]]:
    return {(min(pair), max(pair)) for pair in pairs.tolist()}


def grouped(full, **options) -> np.ndarray:
    return group_album(full, GroupingSettings(**options)).clustering.labels


def test_two_in_one_photo_are_never_one_unless_the_subject_allows_it_or_one_is_ignored() -> None:
    full = album([0.0, 1.0, 2.0, 3.0], [0, 0, 0, 1])
    assert as_set(collages.apart(full)) == {(0, 1), (0, 2), (1, 2)}
    ignored = replace(full, ignored=np.array([False, True, False, False]))
    assert as_set(collages.apart(ignored)) == {(0, 2)}
    free = replace(full, subject=replace(full.subject, exclusive_in_photo=False))
    assert collages.apart(free).shape == (0, 2)


def test_a_photo_that_shows_somebody_twice_shows_pictures() -> None:
    full = album(PLACES, PHOTOS)
    pictures = collages.photos(full)
    assert [full.sightings["path"][full.photo_of == each].iloc[0] for each in pictures] == [
        "p4.jpg"
    ]
    # Photos 0 and 1 keep their rule; none of the pairs of the collage is known to be two.
    assert as_set(collages.apart(full)) == {(0, 3), (1, 4)}
    labels = grouped(full)
    assert labels.tolist() == [0, 0, 0, 1, 1, 0, 0, 1]


def test_who_is_ignored_makes_no_picture() -> None:
    full = album(PLACES, PHOTOS)
    ignored = np.zeros(len(full), dtype=np.bool_)
    ignored[5] = True
    assert not len(collages.photos(replace(full, ignored=ignored)))


def test_where_nothing_was_fitted_no_photo_is_said_to_show_pictures() -> None:
    full = album(PLACES, PHOTOS)
    unsure = replace(full, encoder=replace(full.encoder, caveat="uncalibrated"))
    assert not len(collages.photos(unsure))
    assert as_set(collages.apart(unsure)) == as_set(pairs_within(full.photo_of))


def test_twins_who_are_seen_together_often_are_two() -> None:
    twins = [0.0, 0.1] * 4
    together = album([*twins, 3.0, 3.1], [0, 0, 1, 1, 2, 2, 3, 3, 4, 5])
    assert not len(collages.photos(together))
    assert len(np.unique(grouped(together)[[0, 1]])) == 2
    # Three mirrors among a dozen photos of somebody are mirrors.
    alone = [0.05] * 9
    mirrors = album([*twins[:6], *alone], [0, 0, 1, 1, 2, 2, *range(3, 12)])
    assert len(collages.photos(mirrors)) == 3
    assert len(np.unique(grouped(mirrors))) == 1


@given(seed=st.integers(0, 1000))
def test_strangers_in_one_photo_stay_two(seed) -> None:
    rows, _, photo_of = drawn(seed, 12, 4)
    full = album(rows, photo_of)
    assert not len(collages.photos(full))
    assert as_set(collages.apart(full)) == as_set(pairs_within(full.photo_of))


def test_what_is_compared_pair_by_pair_is_told_the_same_way() -> None:
    table = np.abs(np.subtract.outer(PLACES, PLACES)).astype(np.float32)
    full = pair_album(table, PHOTOS)
    sure = replace(full.encoder, calibration=Calibration(60.0, 0.6), caveat="")
    assert len(collages.photos(replace(full, encoder=sure))) == 1


def test_the_rule_holds_no_more_than_it_was_asked_for() -> None:
    full = album(PLACES, PHOTOS)
    assert len(np.unique(grouped(full, one_per_photo=False))) == 2


def test_the_review_asks_about_the_farthest_two_of_a_picture() -> None:
    full = album(PLACES, PHOTOS)
    labels = grouped(full)
    found = questions.queue(full, labels, names=[str(each) for each in labels])
    asked = [each for each in found if each.photos == 1 and {each.first, each.second} == {5, 6}]
    assert len(asked) == 1
    assert asked[0].kind == "together"
    assert asked[0].sides[1].tolist() == [6]
    assert asked[0].probability > 0.99


def test_the_audit_leaves_all_pairs_of_a_picture_out() -> None:
    full = album(PLACES, PHOTOS)
    labels = grouped(full)
    known = audit.ask(full)
    assert as_set(known.asked.inside) == {(0, 3), (1, 4)}
    said = audit.audit(full, [str(each) for each in labels], threshold=0.5)
    assert set(said.pictures["path"]) == {"p4.jpg"}


@pytest.mark.parametrize("count", [0, 1])
def test_an_album_of_next_to_nothing_shows_none(count) -> None:
    full = album(np.zeros((count, 2)), [0] * count)
    assert not len(collages.photos(full))
    assert collages.apart(full).shape == (0, 2)
