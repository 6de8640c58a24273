"""A photo of three faces."""

import numpy as np
import pytest

from toolkit.photos import opening


@pytest.fixture(scope="module")
def three(sample_album) -> np.ndarray:
    return opening.open_shrunk(sample_album / "photos/day 1/IMG_0005.jpg", long_edge=1000).small
