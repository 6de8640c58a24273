"""What two sightings have in common, as a figure."""

import numpy as np

from toolkit.plots import pair_plots
from toolkit.scanning.pair_views import PairView


def test_two_sightings_stand_side_by_side_with_what_they_share_counted() -> None:
    chip = np.full((32, 32, 3), 50, np.uint8)
    places = np.array([[4.0, 4.0], [9.0, 20.0]], np.float32)
    ax = pair_plots.in_common(PairView((chip, chip), (places, places)), height=64)
    assert ax.get_images()[0].get_array().shape[:2] == (64, 64 + 8 + 64)
    assert ax.get_title(loc="left") == "2 places in common"
    assert pair_plots.in_common(PairView((chip, chip), (places[:1],) * 2), ax=ax) is ax
    assert ax.get_title(loc="left") == "1 place in common"
    told = PairView((chip, chip), (places, places), 2.0, 5.0)
    title = pair_plots.in_common(told, ax=ax).get_title(loc="left")
    assert title == (
        "2 marks alike, 5 around them: the background is more alike than the sightings"
    )
