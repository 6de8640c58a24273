"""Figures of two sightings: what both have in common, joined by lines. `Axes` out."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from toolkit.photos.side_by_side import side_by_side
from toolkit.plots.tuning_plots import new_axes
from toolkit.records import GENERIC_WORDS, Words
from toolkit.scanning.pair_views import PairView


def in_common(
    view: PairView,
    *,
    height: int = 480,
    words: Words = GENERIC_WORDS,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw two sightings side by side, with lines between the places that both have in common.

    Parameters
    ----------
    view : PairView
        Of `toolkit.scanning.pair_views.PairViews.of`.
    height : int
        Of the picture, in px.
    words : Words
        What the two are called.
    """
    picture = np.asarray(side_by_side(*view.chips, *view.places, height=height))
    ax = ax or new_axes(8.0, 8.0 * picture.shape[0] / picture.shape[1])
    ax.imshow(picture)
    ax.set_axis_off()
    places = "place" if len(view) == 1 else "places"
    told = view.told(words) or f"{len(view)} {places} in common"
    ax.set_title(told, size=10, loc="left")
    return ax
