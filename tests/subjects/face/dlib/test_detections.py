"""From scores to boxes."""

from __future__ import annotations

import numpy as np

from toolkit.subjects.face.dlib.detections import find_boxes
from toolkit.subjects.face.dlib.network import read_detector
from toolkit.subjects.face.dlib.pyramid import tile_levels


def test_equal_scores_keep_the_order_of_the_cells():
    import synthetic_network

    network = read_detector(synthetic_network.detector(windows=((20, 20),)))
    tiling = tile_levels(400, 400)
    scores = np.full((1, 60, 50), -1, dtype=np.float32)
    scores[0, [10, 10, 20], [10, 30, 20]] = 0.5
    scores[0, 30, 10] = 0.75
    found = find_boxes(scores, tiling, network)
    assert [box.confidence for box in found] == [0.75, 0.5, 0.5, 0.5]
    assert found[1].top == found[2].top < found[3].top
    assert found[1].left < found[2].left
    # cell 10 stands at 10 * 8 + 14 = 94 px, 83 px inside the border of 11 px.
    assert found[1][:4] == (74, 74, 94, 94)
    assert find_boxes(scores, tiling, network, threshold=0.5) == found[:1]
