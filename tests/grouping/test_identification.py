import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_albums import album
from sklearn.neighbors import KNeighborsClassifier

from toolkit.calibration import Calibration, Linkage
from toolkit.errors import BadSetting, IncomparableEncodings
from toolkit.grouping import identification
from toolkit.grouping.identification import References
from toolkit.records import (
    PROBLEM_COLUMNS,
    Album,
    EncoderInfo,
    empty_table,
)

CALIBRATION = Calibration(slope=60.0, even=0.55)
INFO = EncoderInfo("test", "ab" * 32, 2, "euclidean", CALIBRATION, linkage=Linkage(0.06))


def seen(rows, photo_of=None) -> Album:
    return album(rows, photo_of, encoder=INFO)


def references(rows, individual_of, names=("ann", "bob"), info=INFO) -> References:
    rows = np.asarray(rows, np.float32).reshape(-1, 2)
    paths = tuple(f"ref{i}.jpg" for i in range(len(rows)))
    return References(
        names, rows, np.asarray(individual_of, np.int64), paths, info, empty_table(PROBLEM_COLUMNS)
    )


KNOWN = references([[0, 0], [1, 0], [5, 0]], [0, 0, 1])


def test_the_nearest_reference_within_the_threshold_gives_the_name() -> None:
    found = identification.match(
        seen([[1.2, 0], [4.8, 0], [3, 0]]), KNOWN, threshold=0.5, method="nearest"
    ).table
    assert found["name"].to_list() == ["ann", "bob", None]
    assert found["nearest"].to_list() == ["ann", "bob", "ann"]
    assert found["runner_up"].to_list() == ["bob", "ann", "bob"]
    assert found["reference"].to_list() == ["ref1.jpg", "ref2.jpg", "ref1.jpg"]
    np.testing.assert_allclose(found["distance"], [0.2, 0.2, 2.0], atol=1e-6)
    np.testing.assert_allclose(found["margin"], [3.6, 3.6, 0.0], atol=1e-6)
    assert found["reason"].to_list() == [
        identification.WITHIN,
        identification.WITHIN,
        identification.TOO_FAR,
    ]


def test_the_mean_is_over_the_distances_and_counts_less_the_more_there_are() -> None:
    found = identification.match(
        seen([[0.5, 0], [1.5, 0]]), KNOWN, threshold=0.5, method="mean"
    ).table
    assert found["name"].to_list() == ["ann", None]
    discount = 1 - 0.06 * (1 - 1 / np.sqrt(2))
    np.testing.assert_allclose(found["distance"], [0.5 * discount, 1.0 * discount], atol=1e-6)
    assert found["reference"].to_list() == [None, None]


def test_the_blend_lies_between_the_nearest_and_the_mean() -> None:
    faces = seen([[0.5, 0], [1.5, 0], [4.0, 1.0]])
    nearest, blend, mean = (
        identification.match(faces, KNOWN, threshold=2, method=rule).table
        for rule in ("nearest", "blend", "mean")
    )
    np.testing.assert_allclose(blend["distance"], (nearest["distance"] + mean["distance"]) / 2)
    assert blend["reference"].to_list() == nearest["reference"].to_list()


@pytest.mark.parametrize("rule", ["blend", "nearest", "mean"])
def test_with_one_reference_each_all_rules_are_one(rule) -> None:
    few = references([[0, 0], [5, 0]], [0, 1])
    found = identification.match(seen([[0.3, 0.4], [4, 0]]), few, threshold=2, method=rule).table
    np.testing.assert_allclose(found["distance"], [0.5, 1.0], atol=1e-6)


def test_the_threshold_is_inclusive() -> None:
    assert (
        identification.match(seen([[1.5, 0]]), KNOWN, threshold=0.5, method="nearest").table[
            "name"
        ][0]
        == "ann"
    )


def test_in_a_picture_of_pictures_somebody_may_be_twice() -> None:
    faces = seen([[1.3, 0], [1.1, 0], [5, 0]], photo_of=[0, 0, 0])
    found = identification.match(faces, KNOWN, threshold=0.5, method="nearest").table
    assert found["name"].to_list() == ["ann", "ann", "bob"]


def test_of_two_faces_in_a_photo_only_the_nearer_is_somebody() -> None:
    faces = seen([[0.55, 0], [1.1, 0], [5, 0]], photo_of=[0, 0, 0])
    found = identification.match(faces, KNOWN, threshold=0.5, method="nearest").table
    assert found["name"].to_list() == [None, "ann", "bob"]
    assert found["reason"][0] == identification.SECOND
    both = identification.match(
        faces, KNOWN, threshold=0.5, method="nearest", one_per_photo=False
    ).table
    assert both["name"].to_list() == ["ann", "ann", "bob"]


def test_one_known_person_has_no_runner_up() -> None:
    alone = references([[0, 0]], [0], names=("ann",))
    found = identification.match(seen([[0.1, 0]]), alone, threshold=0.5).table
    assert found["runner_up"].to_list() == [None]
    assert np.isinf(found["margin"][0])


def test_a_person_without_a_usable_reference_is_never_matched() -> None:
    found = identification.match(seen([[0, 0]]), references([[9, 9]], [1]), threshold=0.5).table
    assert found["nearest"].to_list() == ["bob"]
    assert found["name"].to_list() == [None]


def test_no_sightings_give_an_empty_table() -> None:
    assert len(identification.match(seen([]), KNOWN, threshold=0.5).table) == 0


def test_another_encoder_is_refused() -> None:
    other = references([[0, 0]], [0], info=EncoderInfo("x", "cd" * 32, 2, "euclidean", CALIBRATION))
    with pytest.raises(IncomparableEncodings):
        identification.match(seen([[0, 0]]), other, threshold=0.5)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(BadSetting, match="expected one of blend, nearest, mean"):
        identification.match(seen([[0, 0]]), KNOWN, threshold=0.5, method="median")


@given(st.integers(0, 1000))
def test_nearest_is_scikit_learns_nearest_neighbour(seed) -> None:
    rng = np.random.default_rng(seed)
    known = references(rng.normal(size=(12, 2)), np.arange(12) % 4, names=tuple("abcd"))
    faces = seen(rng.normal(size=(20, 2)))
    expected = KNeighborsClassifier(1).fit(known.encodings, known.individual_of)
    found = identification.match(
        faces, known, threshold=9, method="nearest", one_per_photo=False
    ).table
    assert [known.names.index(n) for n in found["name"]] == expected.predict(
        faces.encodings
    ).tolist()


def test_a_sighting_can_be_one_more_example_of_somebody_known_or_new() -> None:
    faces = seen([[9, 0], [9.1, 0], [0, 7], [0, 7.1]])
    more = KNOWN.with_sightings(faces, {0: "bob", 2: "cem"})
    assert (more.names, len(more)) == (("ann", "bob", "cem"), 5)
    found = identification.match(faces, more, threshold=0.5, method="nearest").table
    assert found["name"].to_list() == ["bob", "bob", "cem", "cem"]
    assert found["reference"].to_list()[1] == faces.sightings["path"][0]
    assert KNOWN.with_sightings(faces, {}) is KNOWN
