"""Figures of a resize study: table in, `Axes` out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import UnreadablePhoto
from toolkit.evaluation.photo_size_costs import Way
from toolkit.evaluation.photo_size_preview import measured
from toolkit.evaluation.photo_size_study import edge_text
from toolkit.photos import crops, opening
from toolkit.records import GENERIC_WORDS, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TILE_PX, TILE_INCHES, LABEL_TILES = 144, 0.95, 1.9
Places = tuple[str, int, int, int, int]


def speed_and_loss(
    table: pd.DataFrame, *, words: Words = GENERIC_WORDS, ax: Axes | None = None
) -> Axes:
    """
    Draw seconds a photo against the share of sightings lost, the front as a line.

    Parameters
    ----------
    table : pandas.DataFrame
        As in `ResizeStudy`; rows without a share or a time are left out.
    words : Words
        What sightings are called.
    ax : matplotlib.axes.Axes, optional
        Where; a new figure's if not given.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    from toolkit.plots import album_plots

    ax = ax or plt.subplots(figsize=(8.0, 4.6), layout="constrained")[1]
    rows = table.dropna(subset=["lost_share", "seconds"])
    if not len(rows):
        return _nothing(ax, words)
    front = rows[rows["front"]].sort_values("seconds")
    style: dict[str, Any] = {
        "color": album_plots.BLACK,
        "linewidth": 1.2,
        "label": "front",
        "zorder": 1,
    }
    ax.plot(front["seconds"], 100 * front["lost_share"], **style)
    for (detector, group), (color, marker, _) in zip(
        rows.groupby("detector", sort=False), album_plots.LINES, strict=False
    ):
        share = 100 * group["lost_share"].to_numpy(dtype=np.float64)
        low = share - 100 * group["lost_low"].to_numpy(dtype=np.float64)
        high = 100 * group["lost_high"].to_numpy(dtype=np.float64) - share
        reach = np.stack([low, high]).clip(min=0)
        marks: dict[str, Any] = {"fmt": marker, "color": color, "capsize": 3, "elinewidth": 0.8}
        ax.errorbar(group["seconds"], share, yerr=reach, label=str(detector), **marks)
        for seconds, lost, size in zip(group["seconds"], share, group["long_edge"], strict=True):
            beside: dict[str, Any] = {"textcoords": "offset points", "xytext": (5, 4), "size": 8}
            ax.annotate(edge_text(size), (seconds, lost), color=color, **beside)
    ax.set_xscale("log")
    seconds = rows["seconds"].to_numpy(dtype=np.float64)
    # Room for the labels, and plain numbers where matplotlib would write powers of ten.
    ax.set_xlim(0.8 * float(seconds.min()), 1.4 * float(seconds.max()))
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set(
        xlabel="CPU seconds a photo (logarithmic)",
        ylabel=f"{words.plural} lost (%)",
        ylim=(-3, 103),
    )
    ax.legend(frameon=False, fontsize=9, title="with 95% intervals", title_fontsize=9)
    return ax


def plot(table: pd.DataFrame, way: Way, *, words: Words = GENERIC_WORDS) -> bytes:
    """
    Draw a study as `speed_and_loss` does, one row ringed, as a PNG.

    Parameters
    ----------
    table : pandas.DataFrame
        As in `ResizeStudy`.
    way : (str, int)
        The row; nothing is ringed where it was not measured.
    words : Words
        What sightings are called.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, 4.2), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    ax = speed_and_loss(table, words=words, ax=figure.add_subplot())
    row = measured(table, way)
    if row is not None:
        seconds, share = table["seconds"].iloc[row], 100 * table["lost_share"].iloc[row]
        if np.isfinite([seconds, share]).all():
            look: dict[str, Any] = {"fillstyle": "none", "color": "black", "clip_on": False}
            ax.plot([seconds], [share], "o", markersize=17, markeredgewidth=1.8, **look)
            # Towards the middle of the figure, where there is room.
            up = share < 50
            word: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "size": 10}
            word |= {"xytext": (0, 17 if up else -17), "va": "bottom" if up else "top"}
            ax.annotate("this size", (seconds, share), weight="bold", **word)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def loss_by_size(
    by_size: pd.DataFrame,
    *,
    detector: str,
    words: Words = GENERIC_WORDS,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw the share of sightings lost for each size, one cell a long edge.

    Parameters
    ----------
    by_size : pandas.DataFrame
        As in `ResizeStudy`.
    detector : str
        Whose rows to draw.
    words : Words
        What sightings are called.
    ax : matplotlib.axes.Axes, optional
        Where; a new figure's if not given.
    """
    import matplotlib.pyplot as plt

    ax = ax or plt.subplots(figsize=(8.0, 4.2), layout="constrained")[1]
    rows = by_size[by_size["detector"] == detector]
    if not len(rows):
        return _nothing(ax, words)
    bins, edges = list(dict.fromkeys(rows["bin"])), list(dict.fromkeys(rows["long_edge"]))
    shares = np.full((len(edges), len(bins)), np.nan)
    for row in rows.to_dict("records"):
        at = edges.index(row["long_edge"]), bins.index(row["bin"])
        shares[at] = 100 * row["lost_share"]
        text = f"{row['lost']}/{row['sightings']}\n{100 * row['lost_low']:.0f}-"
        text += f"{100 * row['lost_high']:.0f}%"
        color = "white" if shares[at] < 50 else "black"
        ax.text(at[1], at[0], text, ha="center", va="center", size=8, color=color)
    drawn = ax.imshow(shares, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    ax.set_xticks(range(len(bins)), bins)
    ax.set_yticks(range(len(edges)), [edge_text(size) for size in edges])
    ax.set(xlabel=f"shorter side of the {words.singular} (px of the full-size photo)")
    ax.set(ylabel="long edge (px)")
    ax.set_title(f"{detector}: lost/{words.plural}, 95% interval", size=10, loc="left")
    ax.figure.colorbar(drawn, ax=ax, label=f"{words.plural} lost (%)")
    return ax


def lost_sightings(
    lost: pd.DataFrame,
    *,
    detector: str,
    across: int = 7,
    rows: int = 10,
    words: Words = GENERIC_WORDS,
) -> Figure:
    """
    Draw the sightings that a detector lost, one row a long edge, the largest first.

    The photos are opened again. What is drawn is cut from the photo at full size, so that it shows
    who was lost, not what the detector saw.

    Parameters
    ----------
    lost : pandas.DataFrame
        As in `ResizeStudy`.
    detector : str
        Whose rows to draw.
    across, rows : int
        Most sightings in a row, and most rows. A number at a row's end says how many more were
        lost.
    words : Words
        What sightings are called.
    """
    import matplotlib.pyplot as plt

    ours = lost[lost["detector"] == detector]
    groups = [(size, rest) for size, rest in ours.groupby("long_edge", sort=False)][:rows]
    most = min(across, max((len(rest) for _, rest in groups), default=4))
    wide, down = LABEL_TILES + most + 0.6, 1.28 * max(1, len(groups)) + 0.1
    figure = plt.figure(figsize=(wide * TILE_INCHES, down * TILE_INCHES))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    if not groups:
        ax.text(
            0.5, 0.5, f"{detector} loses no {words.singular}", ha="center", transform=ax.transAxes
        )
        return figure
    shown = [
        rest.sort_values(["size", "path", "left"], ascending=[False, True, True]).head(most)
        for _, rest in groups
    ]
    tiles = _tiles([_place(row) for part in shown for row in part.to_dict("records")])
    # Tile k of row r is the unit square right of k and below 1.28 r; its size stands under it.
    for number, ((size, rest), part) in enumerate(zip(groups, shown, strict=True)):
        top = 1.28 * number + 0.05
        edge = f"{detector}, {f'{size} px' if size else 'full size'}"
        count = f"{words.count(len(rest))} lost"
        ax.text(0.1 - LABEL_TILES, top + 0.4, edge, va="center", size=10, weight="bold")
        ax.text(0.1 - LABEL_TILES, top + 0.65, count, va="center", size=9)
        for column, row in enumerate(part.to_dict("records")):
            if (tile := tiles.get(_place(row))) is None:
                ax.text(column + 0.05, top + 0.5, "not readable", size=8)
            else:
                edges = (column + 0.02, column + 0.98, top + 0.98, top + 0.02)
                ax.imshow(tile, extent=edges, aspect="auto")
            ax.text(
                column + 0.5, top + 1.12, f"{row['size']:.0f} px", ha="center", size=9, va="center"
            )
        if len(rest) > most:
            ax.text(most + 0.05, top + 0.5, f"+{len(rest) - most:,}", va="center", size=9)
    ax.set(xlim=(-LABEL_TILES, most + 0.6), ylim=(down, 0))
    return figure


def _place(row: dict[Any, Any]) -> Places:
    left, top, right, bottom = (int(row[name]) for name in ("left", "top", "right", "bottom"))
    return str(row["path"]), left, top, right, bottom


def _tiles(places: Sequence[Places]) -> dict[Places, npt.NDArray[np.uint8]]:
    """Cut sightings out as squares of `TILE_PX`, opening each photo once; unreadable ones miss."""
    tiles = {}
    for path in dict.fromkeys(place[0] for place in places):
        try:
            image = opening.open_upright(Path(path))
        except UnreadablePhoto:
            continue
        for place in places:
            if place[0] == path:
                cut = crops.tile(image, place[1:], side=TILE_PX)
                if cut is not None:
                    tiles[place] = cut
    return tiles


def _nothing(ax: Axes, words: Words) -> Axes:
    ax.set_axis_off()
    ax.text(
        0.5, 0.5, f"no {words.plural} to compare", ha="center", va="center", transform=ax.transAxes
    )
    return ax
