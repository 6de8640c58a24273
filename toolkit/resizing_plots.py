"""Figures of a resize study: table in, `Axes` out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.resizing_study import edge_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def speed_and_loss(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """
    Draw seconds a photo against the share of faces lost, the front as a line.

    Parameters
    ----------
    table : pandas.DataFrame
        As in `ResizeStudy`; rows without a share or a time are left out.
    ax : matplotlib.axes.Axes, optional
        Where; a new figure's if not given.
    """
    import matplotlib.pyplot as plt

    from toolkit import plots

    ax = ax or plt.subplots(figsize=(8.0, 4.6), layout="constrained")[1]
    rows = table.dropna(subset=["lost_share", "seconds"])
    if not len(rows):
        return _nothing(ax)
    front = rows[rows["front"]].sort_values("seconds")
    style: dict[str, Any] = {"color": plots.BLACK, "linewidth": 1.2, "label": "front", "zorder": 1}
    ax.plot(front["seconds"], 100 * front["lost_share"], **style)
    for (detector, group), (color, marker, _) in zip(
        rows.groupby("detector", sort=False), plots.LINES, strict=False
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
    ax.set(xlabel="CPU seconds a photo (logarithmic)", ylabel="faces lost (%)", ylim=(-3, 103))
    ax.legend(frameon=False, fontsize=9, title="with 95% intervals", title_fontsize=9)
    return ax


def loss_by_size(by_size: pd.DataFrame, *, detector: str, ax: Axes | None = None) -> Axes:
    """
    Draw the share of faces lost for each size of face, one cell a long edge.

    Parameters
    ----------
    by_size : pandas.DataFrame
        As in `ResizeStudy`.
    detector : str
        Whose rows to draw.
    ax : matplotlib.axes.Axes, optional
        Where; a new figure's if not given.
    """
    import matplotlib.pyplot as plt

    ax = ax or plt.subplots(figsize=(8.0, 4.2), layout="constrained")[1]
    rows = by_size[by_size["detector"] == detector]
    if not len(rows):
        return _nothing(ax)
    bins, edges = list(dict.fromkeys(rows["bin"])), list(dict.fromkeys(rows["long_edge"]))
    shares = np.full((len(edges), len(bins)), np.nan)
    for row in rows.to_dict("records"):
        at = edges.index(row["long_edge"]), bins.index(row["bin"])
        shares[at] = 100 * row["lost_share"]
        text = f"{row['lost']}/{row['faces']}\n{100 * row['lost_low']:.0f}-"
        text += f"{100 * row['lost_high']:.0f}%"
        color = "white" if shares[at] < 50 else "black"
        ax.text(at[1], at[0], text, ha="center", va="center", size=8, color=color)
    drawn = ax.imshow(shares, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    ax.set_xticks(range(len(bins)), bins)
    ax.set_yticks(range(len(edges)), [edge_text(size) for size in edges])
    ax.set(xlabel="shorter side of the face (px of the full-size photo)", ylabel="long edge (px)")
    ax.set_title(f"{detector}: lost/faces, 95% interval", size=10, loc="left")
    ax.figure.colorbar(drawn, ax=ax, label="faces lost (%)")
    return ax


def _nothing(ax: Axes) -> Axes:
    ax.set_axis_off()
    ax.text(0.5, 0.5, "no faces to compare", ha="center", va="center", transform=ax.transAxes)
    return ax
