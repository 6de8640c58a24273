import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.calibration import Calibration
from toolkit.errors import IncomparableEncodings
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Album,
    Box,
    Clustering,
    EncoderInfo,
    empty_table,
)

CALIBRATION = Calibration(slope=60.0, even=0.55)
INFO = EncoderInfo("test", "ab" * 32, 4, "euclidean", CALIBRATION)


def album(encodings: np.ndarray, rows: int = 2) -> Album:
    sightings = pd.DataFrame([("d", "p", 0, 0, 1, 1, 0.5)] * rows, columns=list(SIGHTING_COLUMNS))
    return Album(
        empty_table(PHOTO_COLUMNS), sightings, encodings, INFO, empty_table(PROBLEM_COLUMNS)
    )


@pytest.mark.parametrize(
    ("encodings", "complaint"),
    [
        (np.zeros((3, 4), np.float32), "shape"),  # a row too many
        (np.zeros((2, 5), np.float32), "shape"),  # of another encoder
        (np.zeros((2, 4), np.float64), "float32"),
        (np.full((2, 4), np.nan, np.float32), "finite"),
    ],
)
def test_a_album_refuses_encodings_that_do_not_fit(encodings, complaint) -> None:
    with pytest.raises(ValueError, match=complaint):
        album(encodings)


def test_a_album_refuses_tables_without_their_columns() -> None:
    with pytest.raises(ValueError, match="photo_digest"):
        Album(
            pd.DataFrame({"path": []}),
            empty_table(SIGHTING_COLUMNS),
            np.zeros((0, 4), np.float32),
            INFO,
            empty_table(PROBLEM_COLUMNS),
        )


def test_encodings_of_two_encoders_are_named_and_refused() -> None:
    other = EncoderInfo("other", "cd" * 32, 4, "euclidean", CALIBRATION)
    with pytest.raises(IncomparableEncodings, match=r"test .* other"):
        INFO.require_same(other)
    INFO.require_same(EncoderInfo("test", "ab" * 32, 4, "euclidean", Calibration(9.0, 0.9)))


def test_the_same_network_with_other_landmarks_is_another_encoder() -> None:
    other = EncoderInfo("test", "ab" * 32, 4, "euclidean", CALIBRATION, variant="68 landmarks")
    with pytest.raises(IncomparableEncodings):
        INFO.require_same(other)


def test_a_box_without_an_area_is_refused() -> None:
    with pytest.raises(ValueError, match="area"):
        Box(3, 3, 3, 5)


edge = st.integers(-50, 500)
side = st.integers(1, 500)


@given(edge, edge, side, side, st.integers(300, 6000), st.integers(100, 2000))
def test_a_box_survives_resizing_within_a_pixel_of_the_scale(
    left, top, width, height, full, small
) -> None:
    box = Box(left, top, left + width, top + height)
    scale = full / small
    back = box.scaled(scale, scale).scaled(1 / scale, 1 / scale)
    # Rounding moves an edge by half a px in the scaled photo, and again by half on the way back.
    tolerance = 0.5 + 0.5 / scale + max(0.0, 1 / scale)
    for one, other in (
        (box.left, back.left),
        (box.top, back.top),
        (box.right, back.right),
        (box.bottom, back.bottom),
    ):
        assert abs(one - other) <= tolerance


def test_a_clustering_counts_its_groups() -> None:
    assert len(Clustering(np.array([0, 0, 1, 2]), "average", 0.5)) == 3
    assert len(Clustering(np.zeros(0, np.int64), "average", 0.5)) == 0
