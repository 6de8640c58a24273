"""Figures of two sightings: what both have in common, and how alike pairs of a kind are."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.photos.side_by_side import side_by_side
from toolkit.plots.tuning_plots import BLACK, LINES, new_axes, plain
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


def alike_by_kind(
    values: npt.NDArray[np.floating],
    kinds: Sequence[str],
    *,
    scores: Sequence[str],
    words: Words = GENERIC_WORDS,
) -> Figure:
    """
    Draw how alike pairs of each kind are, score by score: a point for each, a bar for the median.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (m, c), float: what each pair has by each score; what is NaN is not drawn.
    kinds : sequence of str
        What kind of pair each is, m in all. The first that is named stands at the top.
    scores : sequence of str
        What the scores are called, c in all.
    words : Words
        What the two are called.
    """
    names, of = list(dict.fromkeys(kinds)), np.array(kinds, dtype=object)
    wide, high = 4.2 * len(scores), 1.1 + 0.6 * len(names)
    figure = plt.figure(figsize=(wide, high), layout="constrained")
    row = figure.subplots(1, len(scores), sharey=True, squeeze=False)[0]
    # Points of a kind lie above each other, in the order in which they come, so that none hides.
    for ax, score, column in zip(row, scores, values.T, strict=True):
        for place, name in enumerate(names):
            own = column[of == name]
            own = own[~np.isnan(own)]
            if not len(own):
                continue
            colour, mark, _ = LINES[place % len(LINES)]
            heights = place + 0.3 * np.linspace(-1, 1, len(own))
            ax.scatter(own, heights, s=10, color=colour, marker=mark, alpha=0.4)
            median = np.median(own)
            ax.plot([median, median], [place - 0.4, place + 0.4], color=BLACK, linewidth=2)
        ax.set_xlabel(f"{plain(score)} in common", parse_math=False)
    told = [f"{plain(name)} ({int((of == name).sum()):,})" for name in names]
    row[0].set_yticks(range(len(names)), told, parse_math=False)
    row[0].set_ylim(len(names) - 0.45, -0.55)
    row[0].set_ylabel(f"pairs of {words.plural}")
    return figure
