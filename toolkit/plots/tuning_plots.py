"""
Figures for choosing a threshold and a way of grouping: tables and arrays in, `Axes` out.

Nothing is computed here beyond layout, nothing is shown, and matplotlib's settings stay as they
are. Everywhere, `ax` is the `matplotlib.axes.Axes` to draw into, a new figure's if not given, and
thresholds are encoder distances. Text may be untrusted: it is never read as a formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from toolkit.names import printable
from toolkit.records import GENERIC_WORDS, Words

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating]

# Okabe and Ito's colours, which any kind of colour vision tells apart, but for their
# yellow, which is too pale for a line: grey instead. Lines differ in mark and dash, too.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, BLACK, GREY = "#CC79A7", "#56B4E9", "#000000", "#767676"
COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY)
LINES = tuple(zip(COLOURS, "os^DvPX*", ("-", "--", "-.", ":") * 2, strict=True))
DISTANCE, THRESHOLD = "encoder distance", "threshold (encoder distance)"
SCORES = {
    "bcubed_f": "B-cubed F (0 to 1)",
    "bcubed_precision": "B-cubed precision (0 to 1)",
    "bcubed_recall": "B-cubed recall (0 to 1)",
    "pairwise_f": "pairwise F (0 to 1)",
    "adjusted_rand": "adjusted Rand index",
    "agreement_bcubed_f": "agreement with average, B-cubed F (0 to 1)",
    "agreement_rand": "agreement with average, adjusted Rand index",
    "share_largest": "share of {plural} in the largest group (0 to 1)",
    "groups": "{individuals} found",
}
BETTER = frozenset(SCORES) - {"share_largest", "groups"}  # in which more is better
LONGEST_TEXT = 28
LABEL_GAP = 0.062  # Least distance of two labels beside a figure, as a share of its height.


def distances_with_threshold(
    same: Floats,
    different: Floats,
    threshold: float,
    *,
    words: Words = GENERIC_WORDS,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw how far apart sightings of one individual and of two are, each as a share of its own kind.

    So the few pairs of one individual are seen beside the many of two, which
    `album_plots.same_and_different` shows as counts. The legend says how many of each lie on the
    wrong side of the threshold.

    Parameters
    ----------
    same, different : numpy.ndarray
        Shapes (k,) and (m,), float: encoder distances of the pairs of either kind.
    threshold : float
        Gets a line; a pair at the threshold is within it.
    words : Words
        What individuals are called.
    """
    ax = ax or new_axes(8.0, 3.8)
    longest = max(float(same.max(initial=0.0)), float(different.max(initial=0.0)), threshold)
    # A bar ends at the threshold, so that none stands on both sides of it; a pair that is just as
    # far apart is within.
    edges = np.arange(0.0, 1.05 * longest / threshold, 0.04) * threshold
    for distances, text, wrong, color, hatch in (
        (same, f"one {words.individual}", "{} beyond", SKY, "///"),
        (different, f"two {words.individuals}", "{} within", ORANGE, "..."),
    ):
        if not len(distances):
            continue
        count = len(distances)
        share = 100 * np.histogram(distances, np.nextafter(edges, np.inf))[0] / count
        beyond = int((distances > threshold).sum())
        part = (beyond if distances is same else count - beyond) / count
        label = f"{text}: {count:,} {'pair' if count == 1 else 'pairs'}, "
        label += wrong.format(f"{100 * part:.2g}%")
        style: dict[str, Any] = {"color": color, "hatch": hatch, "edgecolor": BLACK, "alpha": 0.75}
        ax.bar(edges[:-1], share, np.diff(edges), align="edge", linewidth=0.6, label=label, **style)
    _mark_threshold(ax, threshold)
    ax.set(xlabel=DISTANCE, ylabel="pairs of that kind (%)")
    ax.legend(frameon=False, fontsize=9)
    return ax


def score_against_threshold(
    table: pd.DataFrame,
    score: str = "bcubed_f",
    *,
    threshold: float | None = None,
    words: Words = GENERIC_WORDS,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw a score against the threshold, one line a method, its name at the line's end.

    A ring marks where each method is best, the middle one of several equally good thresholds, as
    `method_comparison.best` takes it. A column in which more is no better, or all is equal, has
    none.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `toolkit.evaluation.method_comparison.compare`: method, threshold and the score.
    score : str
        The column.
    threshold : float, optional
        The chosen one gets a line.
    words : Words
        What sightings and individuals are called.
    """
    ax = ax or new_axes(8.6, 4.4)
    ends: list[tuple[float, float, str, str]] = []
    known = table.dropna(subset=[score]).sort_values("threshold", kind="stable")
    methods = [name for name in pd.unique(table["method"]) if (known["method"] == name).any()]
    for name, (color, marker, dash) in zip(methods, cycle(LINES), strict=False):
        rows = known[known["method"] == name]
        x = rows["threshold"].to_numpy(dtype=np.float64)
        y = rows[score].to_numpy(dtype=np.float64)
        style: dict[str, Any] = {"color": color, "linestyle": dash, "marker": marker}
        ax.plot(x, y, label=plain(str(name)), markersize=4.5, linewidth=1.8, **style)
        ends.append((float(x[-1]), float(y[-1]), plain(str(name)), color))
        good = np.flatnonzero(y >= y.max() - 1e-9)
        if score in BETTER and len(good) < len(y):
            best = good[(len(good) - 1) // 2]
            ring: dict[str, Any] = {"facecolors": "none", "edgecolors": color, "linewidths": 2}
            ax.scatter(x[best], y[best], s=110, zorder=4, **ring)
    ax.set(xlabel=THRESHOLD, ylabel=_called(score, words))
    if not score.endswith("_rand"):
        ax.set_ylim(0, max(1.06 * ax.dataLim.ymax, 1e-9))  # rings are not cut off
    if threshold is not None:
        _mark_threshold(ax, threshold)
        above: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "ha": "center", "size": 9}
        write_text(ax, threshold, 1.02, f"threshold {threshold:.3g}", **above)
    _label_ends(ax, ends)
    return ax


def roc(
    table: pd.DataFrame,
    *,
    marks: Sequence[float] = (0.001, 0.01, 0.1),
    words: Words = GENERIC_WORDS,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw how many pairs of one individual are accepted for how many of two.

    Each mark is the row with the largest false_accept that does not exceed it: nothing is read
    between rows. Rows without any false accept have no place on the logarithmic axis.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a threshold: threshold, false_accept and true_accept (0 to 1).
    marks : sequence of float
        False-accept rates, above 0.
    words : Words
        What individuals are called.
    """
    ax = ax or new_axes(6.4, 4.4)
    rows = table.sort_values(["false_accept", "true_accept"], kind="stable")
    shown = rows[rows["false_accept"] > 0]
    ax.plot(shown["false_accept"], shown["true_accept"], color=BLUE, linewidth=2, label="pairs")
    ax.set_xscale("log")
    for rate, (color, marker, _) in zip(marks, LINES[1:], strict=False):
        within = rows[rows["false_accept"] <= rate]
        if within.empty:
            continue
        row = within.iloc[-1]
        label = f"at most {100 * rate:g}% of strangers: {100 * row['true_accept']:.1f}% of one "
        label += f"{words.individual} (threshold {row['threshold']:.3g})"
        ax.axvline(rate, color=color, linestyle=":", linewidth=1)
        style: dict[str, Any] = {"color": color, "marker": marker, "s": 64, "zorder": 3}
        ax.scatter(rate, row["true_accept"], label=label, **style)
    ax.set(
        xlabel=f"false accepts: pairs of two {words.individuals} within the threshold (%)",
        ylabel=f"true accepts: pairs of one {words.individual} within it (%)",
    )
    percent = FuncFormatter(lambda value, _: f"{100 * value:g}")
    ax.xaxis.set_major_formatter(percent)
    ax.yaxis.set_major_formatter(percent)
    handles, texts = ax.get_legend_handles_labels()
    ax.legend(handles[1:], texts[1:], loc="lower right", fontsize=9, framealpha=0.9)
    return ax


def interval_curve(
    table: pd.DataFrame,
    x: str = "threshold",
    *,
    y: str = "rate",
    low: str = "low",
    high: str = "high",
    xlabel: str = THRESHOLD,
    ylabel: str = "rate (0 to 1)",
    log: bool = False,
    threshold: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw a curve and the band that it lies in.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a point.
    x, y, low, high, xlabel, ylabel : str
        Columns: where, the value, the ends of its interval; and what x and y are, with their unit.
    log : bool
        Draw y on a logarithmic axis. There, a band that reaches 0 ends at the lower edge, and a
        value of 0 has no mark.
    threshold : float, optional
        Gets a line.
    """
    ax = ax or new_axes(8.0, 3.8)
    rows = table.sort_values(x)
    where, value, below, above = rows[[x, y, low, high]].to_numpy(dtype=np.float64).T
    floor = 0.0
    if log:
        positive = np.concatenate([part[part > 0] for part in (value, below, above)])
        floor = float(positive.min(initial=1.0)) / 2
        below, above = np.maximum(below, floor), np.maximum(above, floor)
        value = np.where(value > 0, value, np.nan)
        ax.set_yscale("log")
    ax.fill_between(where, below, above, color=SKY, alpha=0.4, linewidth=0, label="interval")
    ax.plot(where, value, color=BLUE, marker="o", markersize=4.5, linewidth=1.8, label="estimate")
    ax.set_ylim(bottom=floor)
    if threshold is not None:
        _mark_threshold(ax, threshold)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False, fontsize=9)
    return ax


def plain(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return untrusted text as one printable line of at most `longest` letters."""
    line = printable(text)
    return line if len(line) <= longest else line[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _called(score: str, words: Words) -> str:
    text = SCORES.get(score)
    return score if text is None else text.format(**asdict(words))


def _label_ends(ax: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Write a name beside the end of each line, moved apart, with a hairline that leads there."""
    bottom, top = ax.get_ylim()
    wanted = np.array([(y - bottom) / (top - bottom) for _, y, _, _ in ends])
    for (x, y, name, color), height in zip(ends, _spread(wanted, LABEL_GAP), strict=True):
        style: dict[str, Any] = {"textcoords": "axes fraction", "va": "center", "size": 9}
        arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.9, "relpos": (0, 0.5)}
        style |= {"annotation_clip": False, "arrowprops": arrow}
        ax.annotate(name, (x, y), (1.03, height), **style).set_parse_math(False)


def _spread(wanted: Floats, gap: float) -> Floats:
    """Move heights from 0 to 1 as little as need be, so that none is nearer than `gap`."""
    if not len(wanted):
        return wanted
    order = np.argsort(wanted, kind="stable")
    steps = np.arange(len(wanted)) * gap
    # Heights without their steps must not fall: the least-squares answer pools neighbours.
    blocks: list[list[float]] = []
    for value in (wanted[order] - steps).tolist():
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    level = np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])
    spread = np.empty(len(wanted))
    spread[order] = np.clip(level, 0.0, max(0.0, 1.0 - steps[-1])) + steps
    return spread


def new_axes(width: float, height: float) -> Axes:
    """Return the axes of a new figure, its size in inches."""
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def write_text(
    ax: Axes, x: float, y: float, text: str, *, longest: int = LONGEST_TEXT, **style: Any
) -> None:
    """Write untrusted text into a figure, as one line that is never read as a formula."""
    ax.text(x, y, plain(text, longest=longest), parse_math=False, **style)


def _mark_threshold(ax: Axes, threshold: float) -> None:
    ax.axvline(threshold, color=BLACK, linestyle="--", label=f"threshold {threshold:.3g}")
