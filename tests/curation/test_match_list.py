"""Whose match each face is, in which order, and which are worth a look."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import modes
from toolkit.calibration import Calibration
from toolkit.curation import decisions, match_list
from toolkit.curation.decisions import Decision
from toolkit.curation.match_list import ACCEPTED, BEYOND, REFUSED, SAID
from toolkit.errors import BadSetting
from toolkit.grouping.identification import IGNORED, SECOND, TOO_FAR, References
from toolkit.grouping.sighting_finder import key_of
from toolkit.modes import Looked
from toolkit.records import PROBLEM_COLUMNS, Album, EncoderInfo, empty_table
from toolkit.settings import PointAndShootSettings

ENCODER = EncoderInfo("line", "0" * 64, 1, "euclidean", Calibration(slope=60.0, even=0.55))
THRESHOLD = 0.5


def album_of(places, photos=None):
    """Return faces whose encoding is a place on a line; each in a photo of its own if not said."""
    photos = list(range(len(places))) if photos is None else photos
    digests = [f"{photo:064x}" for photo in photos]
    table = {"photo_digest": digests, "path": [f"/photos/{photo}.jpg" for photo in photos]}
    boxes = {"left": [100 * row for row in range(len(places))], "top": 0}
    boxes |= {"right": [100 * row + 50 for row in range(len(places))], "bottom": 50, "score": 1.0}
    seen = pd.DataFrame(table | {"width": 9000, "height": 100, "left_out": 0})
    return Album(
        seen.drop_duplicates("path", ignore_index=True),
        pd.DataFrame(table | boxes),
        np.array(places, dtype=np.float32).reshape(-1, 1),
        ENCODER,
        empty_table(PROBLEM_COLUMNS),
    )


def references_of(**places):
    names = tuple(places)
    return References(
        names=names,
        encodings=np.array(
            [place for own in places.values() for place in own], dtype=np.float32
        ).reshape(-1, 1),
        individual_of=np.array(
            [names.index(name) for name in names for _ in places[name]], dtype=np.int64
        ),
        paths=tuple(f"/people/{name}/{k}.jpg" for name in names for k in range(len(places[name]))),
        encoder=ENCODER,
        problems=empty_table(PROBLEM_COLUMNS),
    )


def matched(album, references, *made, threshold=THRESHOLD, **more):
    looked = Looked(album, {}, len(album.photos))
    settings = PointAndShootSettings(threshold=threshold, **more)
    result = modes.point_and_shoot_of(looked, references, settings=settings, decided=made)
    kept = [each for each in made if each.kind != "ignore"]
    return result, decisions.apply(kept, result.album)


def says(album, kind, row, name):
    return Decision(kind, key_of(album, row), name=name)


def test_faces_come_in_order_and_the_line_parts_them():
    album = album_of([0.3, 0.1, 0.7, 0.52, 3.0])
    result, decided = matched(album, references_of(ann=[0.0], ben=[3.0]))
    table = match_list.ranked(result, decided, "ann")
    assert table["row"].to_list() == [1, 0, 3, 2]
    assert table["distance"].to_numpy() == pytest.approx([0.1, 0.3, 0.52, 0.7])
    assert table["margin"].to_numpy() == pytest.approx([2.8, 2.4, 1.96, 1.6])
    assert set(table["next"]) == {"ben"}
    assert table["state"].to_list() == [ACCEPTED, ACCEPTED, BEYOND, BEYOND]
    assert table["doubtful"].to_list() == [False, False, True, False]
    assert table["reason"].to_list()[2:] == [TOO_FAR, TOO_FAR]
    assert match_list.ranked(result, decided, "ben")["row"].to_list() == [4]


def test_doubtful_is_near_the_line_on_both_sides_and_near_the_next_person():
    album = album_of([0.46, 0.54, 0.2, 0.39, 0.6, 1.2])
    result, decided = matched(album, references_of(ann=[0.0], ben=[0.8]), threshold=0.5)
    table = match_list.judged(result, decided)
    # 0.46 is 0.34 from Ben, and 0.54 0.26: far from the line, and clearly his.
    assert table["individual"].to_list() == ["ben", "ben", "ann", "ann", "ben", "ben"]
    assert table["doubtful"].to_list() == [False, False, False, True, False, False]
    assert table["edge"][3] == pytest.approx(0.02, abs=1e-6)
    near, decided = matched(album, references_of(ann=[0.0]), threshold=0.5)
    assert match_list.doubtful(near, decided)["row"].to_list() == [0, 1]
    assert match_list.judged(near, decided)["margin"].to_list() == [np.inf] * 6
    assert match_list.judged(near, decided)["next"].to_list() == [None] * 6


def test_the_doubtful_come_with_the_one_nearest_to_another_answer_first():
    album = album_of([0.46, 0.51, 0.47, 0.3])
    result, decided = matched(album, references_of(ann=[0.0], ben=[9.0]))
    table = match_list.doubtful(result, decided)
    assert table["row"].to_list() == [1, 2, 0]
    assert table["edge"].to_numpy() == pytest.approx([0.01, 0.03, 0.04])


def test_who_is_left_out_for_another_face_in_the_photo_is_doubtful():
    album = album_of([0.1, -0.4], photos=[7, 7])
    result, decided = matched(album, references_of(ann=[0.0], ben=[9.0]))
    table = match_list.ranked(result, decided, "ann")
    assert table["state"].to_list() == [ACCEPTED, BEYOND]
    assert table["reason"][1] == SECOND
    assert table["doubtful"].to_list() == [False, True]
    both, decided = matched(album, references_of(ann=[0.0], ben=[9.0]), one_per_photo=False)
    assert match_list.ranked(both, decided, "ann")["state"].to_list() == [ACCEPTED, ACCEPTED]


def test_what_a_person_said_goes_before_the_line_and_is_doubtful_no_more():
    album = album_of([0.48, 0.52, 0.1])
    references = references_of(ann=[0.0], ben=[9.0])
    made = says(album, "not", 0, "ann"), says(album, "name", 1, "ann")
    result, decided = matched(album, references, *made)
    table = match_list.ranked(result, decided, "ann")
    assert table["row"].to_list() == [2, 0, 1]
    assert table["state"].to_list() == [ACCEPTED, REFUSED, SAID]
    assert not table["doubtful"].any()
    # Wherever the line goes.
    for threshold in (0.05, 1.0):
        result, decided = matched(album, references, *made, threshold=threshold)
        state = match_list.judged(result, decided)["state"]
        assert state.to_list()[:2] == [REFUSED, SAID]


def test_a_face_said_to_be_another_person_is_that_ones_match():
    album = album_of([0.2, 0.2])
    references = references_of(ann=[0.0], ben=[1.0], cem=[5.0])
    result, decided = matched(album, references, says(album, "name", 0, "ben"))
    assert match_list.ranked(result, decided, "ann")["row"].to_list() == [1]
    (row,) = match_list.ranked(result, decided, "ben").to_dict("records")
    # The next nearest: the distance is known, and how much nearer Ann is.
    assert (row["row"], row["state"], row["next"]) == (0, SAID, "ann")
    assert (row["distance"], row["margin"]) == pytest.approx((0.8, -0.6))
    result, decided = matched(album, references, says(album, "name", 0, "cem"))
    (row,) = match_list.ranked(result, decided, "cem").to_dict("records")
    assert np.isnan(row["distance"])
    assert np.isnan(row["margin"])
    assert not row["doubtful"]
    # Without a distance, one comes before the others.
    album = album_of([4.9, 0.2])
    result, decided = matched(album, references, says(album, "name", 1, "cem"))
    assert match_list.ranked(result, decided, "cem")["row"].to_list() == [1, 0]


def test_somebody_without_examples_can_be_named_and_others_cannot_be_asked_for():
    album = album_of([0.2, 0.3])
    result, decided = matched(album, references_of(ann=[0.0]), says(album, "name", 1, "Zoë"))
    assert match_list.ranked(result, decided, "Zoë")["row"].to_list() == [1]
    people = match_list.individuals(result, decided).set_index("individual")
    assert people.index.to_list() == ["ann", "Zoë"]
    assert people.loc["Zoë"].to_list() == [0, 1, 1, 0]
    with pytest.raises(BadSetting, match="'Ben' is not among them"):
        match_list.ranked(result, decided, "Ben")


def test_far_faces_are_cut_and_decided_ones_are_not():
    album = album_of([0.1, 0.6, 0.7, 0.8, 0.9])
    made = (says(album, "not", 4, "ann"),)
    result, decided = matched(album, references_of(ann=[0.0]), *made)
    table = match_list.ranked(result, decided, "ann", beyond=2)
    assert table["row"].to_list() == [0, 1, 2, 4]
    assert match_list.ranked(result, decided, "ann", beyond=0)["row"].to_list() == [0, 4]


def test_people_are_counted_with_their_photos_and_those_in_no_photo():
    album = album_of([0.1, 0.2, 0.48, 5.0], photos=[0, 0, 1, 2])
    references = references_of(ann=[0.0, 0.0], ben=[5.0], cem=[9.0])
    result, decided = matched(album, references, one_per_photo=False)
    table = match_list.individuals(result, decided)
    assert table.to_numpy().tolist() == [
        ["ann", 2, 2, 3, 1],
        ["ben", 1, 1, 1, 0],
        ["cem", 1, 0, 0, 0],
    ]


def test_without_faces_there_are_people_and_no_matches():
    result, decided = matched(album_of([]), references_of(ann=[0.0]))
    assert len(match_list.judged(result, decided)) == 0
    assert len(match_list.ranked(result, decided, "ann")) == 0
    assert len(match_list.doubtful(result, decided)) == 0
    assert match_list.individuals(result, decided).to_numpy().tolist() == [["ann", 1, 0, 0, 0]]


@given(
    st.lists(st.floats(0, 3), max_size=12),
    st.lists(st.floats(0, 3), min_size=1, max_size=4),
    st.floats(0.05, 1.5),
    st.data(),
)
def test_every_face_is_listed_once_and_agrees_with_the_names(places, people, threshold, data):
    album = album_of(places, photos=[row // 2 for row in range(len(places))])
    references = references_of(**{f"p{k}": [place] for k, place in enumerate(people)})
    rows = range(len(places))
    names = st.sampled_from(references.names)
    made = [
        says(album, data.draw(st.sampled_from(["name", "not"])), row, data.draw(names))
        for row in rows
        if data.draw(st.booleans())
    ]
    result, decided = matched(album, references, *made, threshold=threshold)
    listed = [match_list.ranked(result, decided, name, beyond=99) for name in references.names]
    assert sorted(row for table in listed for row in table["row"]) == list(rows)
    for name, table in zip(references.names, listed, strict=True):
        held = table["state"].isin([ACCEPTED, SAID])
        assert [result.names[row] == name for row in table["row"]] == held.to_list()
        known = table["distance"].dropna()
        assert known.is_monotonic_increasing
        # The distance, worked out by hand.
        place = people[references.names.index(name)]
        for row in table.dropna(subset=["distance"]).itertuples():
            assert row.distance == pytest.approx(abs(places[row.row] - place), abs=1e-5)
        decided_rows = {row for row, _ in decided.refused} | set(decided.names)
        assert not table[table["row"].isin(decided_rows) & table["state"].isin([SAID, REFUSED])][
            "doubtful"
        ].any()
        far = (table["distance"] - threshold).abs() > match_list.doubt_of(result) + 1e-9
        sure = far & (table["state"] == BEYOND) & (table["distance"] > threshold)
        assert not table.loc[sure, "doubtful"].any()
    counted = match_list.individuals(result, decided).set_index("individual")
    for name, table in zip(references.names, listed, strict=True):
        assert counted.loc[name, "sightings"] == sum(each == name for each in result.names)
        assert counted.loc[name, "doubtful"] == table["doubtful"].sum()


def test_what_is_ignored_is_no_match_and_nobody_has_another_row_by_it():
    album = album_of([0.1, -0.4, 0.3], photos=[0, 0, 1])
    references = references_of(ann=[0.0])
    whole, decided = matched(album, references)
    before = match_list.judged(whole, decided)
    result, decided = matched(album, references, Decision("ignore", key_of(album, 0)))
    table = match_list.judged(result, decided)
    assert table["row"].to_list() == [1, 2]
    assert result.matches.table["reason"].to_list()[0] == IGNORED
    # Nor does it stand in the way of another one in its photo.
    assert before["state"].to_list() == [ACCEPTED, BEYOND, ACCEPTED]
    assert table["state"].to_list() == [ACCEPTED, ACCEPTED]
    assert match_list.individuals(result, decided)["sightings"].to_list() == [2]
    assert 0 not in match_list.ranked(result, decided, "ann")["row"].to_list()


@pytest.mark.parametrize(
    ("what", "kind", "name", "said"),
    [
        (match_list.ACCEPT, "name", "ann", "1.jpg shows ann"),
        (match_list.REFUSE, "not", "ann", "1.jpg does not show ann"),
        (match_list.IGNORE, "ignore", "", "the sighting in 1.jpg is left out"),
    ],
)
def test_an_answer_is_one_line_about_one_sighting(what, kind, name, said):
    album = album_of([0.1, 0.2, 0.3])
    gesture = match_list.answer(album, 1, "ann", what)
    (made,) = gesture.decisions
    assert (made.kind, made.name or "", made.sighting) == (kind, name, key_of(album, 1))
    assert gesture.said == said


def test_no_other_answer_is_taken():
    with pytest.raises(BadSetting, match="there is no answer 'maybe'"):
        match_list.answer(album_of([0.1]), 0, "ann", "maybe")
