"""The cosine of two vectors, whichever is named first."""

import numpy as np
import pytest

from toolkit.subjects.matching.likeness import Likeness


class Means:
    """Describes a picture by its mean colour."""

    def of(self, image):
        mean = image.reshape(-1, 3).mean(axis=0)
        return (mean / np.linalg.norm(mean)).astype(np.float32)


def test_the_score_is_the_cosine() -> None:
    part = Likeness(Means(), "own", "means")
    inside = np.zeros((4, 4), bool)
    one, other = (
        part.features(np.full((4, 4, 3), colour, np.uint8), inside)
        for colour in ([200, 100, 0], [0, 100, 200])
    )
    assert part.scores == ("own",)
    assert one["own"].shape == (1, 3)
    assert part.compare(one, other) == pytest.approx([10000 / 50000], abs=1e-3)
    assert part.compare(one, other) == part.compare(other, one)
    assert part.common(one, other) == []
