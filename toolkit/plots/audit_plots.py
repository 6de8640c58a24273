"""
Figures of an audit: how often a grouping is wrong, and the pairs of sightings it is least sure of.

Tables of `toolkit.evaluation.audit.Audit` in, a `Figure` out; nothing is shown, and matplotlib's
settings stay as they are. Text may be untrusted: it is drawn letter by letter, never read as a
formula. The photos are only read, and may be gone: an output folder can outlive them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toolkit.errors import UnreadablePhoto
from toolkit.names import printable
from toolkit.photos import crops, opening
from toolkit.plots.tuning_plots import BLUE, GREY, LINES, interval_curve, plain
from toolkit.records import GENERIC_WORDS, Album, Words, turns_of

Rgb = npt.NDArray[np.uint8]

TILE_PX, TILE_INCHES = 160, 1.28
ACROSS, GAP = 3, 0.35  # Pairs in a row, and the space between two of them, in tiles.
# Room above a pair for two lines of text and below it for one, in tiles.
ABOVE, BELOW = 0.42, 0.24
LONGEST_FILE, LONGEST_NAME = 23, 34
MISSING, UNREADABLE = "photo is missing", "not readable"


@dataclass(frozen=True)
class _Shown:
    """A pair of sightings as it is drawn: a title, a line of facts, and the two."""

    title: str
    facts: str
    first: int
    second: int


def rates(table: pd.DataFrame, *, threshold: float, words: Words = GENERIC_WORDS) -> Figure:
    """
    Draw what an audit measured against the threshold, and beside it what the calibration expects.

    The measured rates are shares of pairs of individuals; the expected one is a share of the joins.
    They answer different questions, and have a scale each.

    Parameters
    ----------
    table : pandas.DataFrame
        `Audit.rates`.
    threshold : float
        Encoder distance of the grouping; gets a line.
    words : Words
        What individuals are called.
    """
    figure = plt.figure(figsize=(10.5, 3.9), layout="constrained")
    match, merge, expected = figure.subplots(1, 3)
    for ax, kind, title in (
        (match, "match", "false match: near, in one photo"),
        (merge, "merge", "false merge: joined, in one photo"),
    ):
        interval_curve(
            table,
            y=f"false_{kind}",
            low=f"{kind}_low",
            high=f"{kind}_high",
            ylabel=f"share of pairs of {words.individuals} (0 to 1)",
            threshold=threshold,
            ax=ax,
        )
        ax.set_title(title, size=10, loc="left")
    # One scale for what has one unit.
    merge.sharey(match)
    top = float(table[["match_high", "merge_high"]].to_numpy(dtype=np.float64).max(initial=0.0))
    match.set_ylim(0.0, 1.05 * (top or 1.0))
    rows = table.sort_values("threshold")
    marker, dash = LINES[1][1:]
    style: dict[str, Any] = {"color": BLUE, "marker": marker, "linestyle": dash, "markersize": 4.5}
    share = pd.to_numeric(rows["expected_wrong"])
    expected.plot(rows["threshold"], share, label="expected", **style)
    expected.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.3g}")
    expected.set(xlabel=match.get_xlabel(), ylabel="share of joins (0 to 1)")
    expected.set_ylim(bottom=0, top=None if share.max() > 0.01 else 0.01)
    expected.set_title("expected wrong, by distances", size=10, loc="left")
    for ax in (match, merge, expected):
        _legend(ax, threshold)
    return figure


def weakest_links(table: pd.DataFrame, album: Album, *, most: int = 6) -> Figure:
    """
    Show where groups hold together least: the nearest two sightings across each group's last join.

    Parameters
    ----------
    table : pandas.DataFrame
        `Audit.suspicious`, or rows of it.
    album : Album
        What was audited.
    most : int
        So many groups, the first of the table.
    """
    shown = [
        _Shown(
            title=plain(str(row.name), longest=LONGEST_NAME),
            facts=f"{row.sightings:,} {album.words.plural}, {_sure(row.probability)} sure "
            f"to be one, {row.distance:.2f} apart",
            first=int(row.first),
            second=int(row.second),
        )
        for row in table.head(most).itertuples(index=False)
    ]
    return _pairs(shown, album)


def may_be_one(table: pd.DataFrame, album: Album, *, most: int = 6) -> Figure:
    """
    Show groups that may be one individual: the nearest two sightings of each pair of groups.

    Parameters
    ----------
    table : pandas.DataFrame
        `Audit.alike`, or rows of it.
    album, most
        As for `weakest_links`.
    """
    half = LONGEST_NAME // 2 - 2
    shown = [
        _Shown(
            title=f"{plain(str(row.name), longest=half)} | "
            f"{plain(str(row.other_name), longest=half)}",
            facts=f"{_sure(row.probability)} sure to be one, groups {row.distance:.2f} apart",
            first=int(row.first),
            second=int(row.second),
        )
        for row in table.head(most).itertuples(index=False)
    ]
    return _pairs(shown, album)


def seen_twice(table: pd.DataFrame, album: Album, *, most: int = 6) -> Figure:
    """
    Show the pairs within one photo that look like one individual.

    Parameters
    ----------
    table : pandas.DataFrame
        `Audit.pictures`, or rows of it.
    album, most
        As for `weakest_links`.
    """
    shown = [
        _Shown(
            title=_file_name(str(row.path), longest=LONGEST_NAME),
            facts=f"{_sure(row.probability)} sure to be one, {row.distance:.2f} apart",
            first=int(row.first),
            second=int(row.second),
        )
        for row in table.head(most).itertuples(index=False)
    ]
    return _pairs(shown, album)


def _pairs(shown: Sequence[_Shown], album: Album) -> Figure:
    """Draw pairs of sightings; tile k of a row of pairs is a unit square."""
    across, down = min(ACROSS, max(1, len(shown))), max(1, -(-len(shown) // ACROSS))
    wide, high = across * (2 + GAP), down * (1 + ABOVE + BELOW) if shown else 0.5
    figure = plt.figure(figsize=(wide * TILE_INCHES, high * TILE_INCHES))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    ax.set(xlim=(-GAP / 2, wide - GAP / 2), ylim=(high, 0.0))
    if not shown:
        ax.text(0.5, 0.5, "none", ha="center", va="center", transform=ax.transAxes)
        return figure
    tiles = _tiles(album, [row for pair in shown for row in (pair.first, pair.second)])
    for number, pair in enumerate(shown):
        left = (number % ACROSS) * (2 + GAP)
        top = (number // ACROSS) * (1 + ABOVE + BELOW) + ABOVE
        _text(ax, left + 0.02, top - 0.3, pair.title, size=9.5, weight="bold", va="center")
        _text(ax, left + 0.02, top - 0.12, pair.facts, size=9, va="center")
        for place, row in enumerate((pair.first, pair.second)):
            path = str(album.sightings["path"].iloc[row])
            _tile(ax, tiles[row], left + place, top)
            name = _file_name(path, longest=LONGEST_FILE)
            _text(ax, left + place + 0.02, top + 1.09, name, size=7.5, va="center")
    return figure


def _tile(ax: Axes, tile: Rgb | str, left: float, top: float) -> None:
    """Draw a tile into the unit square right of and below a corner, or say why there is none."""
    if not isinstance(tile, str):
        edges = (left + 0.02, left + 0.98, top + 0.98, top + 0.02)
        ax.imshow(tile, extent=edges, aspect="auto")
        return
    style: dict[str, Any] = {"fill": False, "edgecolor": GREY, "linestyle": "--", "linewidth": 1}
    ax.add_patch(Rectangle((left + 0.02, top + 0.02), 0.96, 0.96, **style))
    _text(ax, left + 0.5, top + 0.5, tile, size=8, ha="center", va="center")


def _tiles(album: Album, rows: Sequence[int]) -> dict[int, Rgb | str]:
    """Cut out squares of `TILE_PX`, each photo opened once, or say why there is none."""
    table = album.sightings
    rows_of: dict[str, list[int]] = {}
    for row in dict.fromkeys(rows):
        rows_of.setdefault(str(table["path"].iloc[row]), []).append(row)
    tiles: dict[int, Rgb | str] = {}
    turns = turns_of(table)
    for path, some in rows_of.items():
        try:
            image = opening.open_upright(Path(path))
        except UnreadablePhoto as error:
            gone = isinstance(error.__cause__, FileNotFoundError)
            tiles.update(dict.fromkeys(some, MISSING if gone else UNREADABLE))
            continue
        for row in some:
            edges = pd.to_numeric(
                table[["left", "top", "right", "bottom"]].iloc[row], errors="coerce"
            )
            # None for a table edited by hand, or a photo replaced by a smaller one.
            place = edges.to_numpy(dtype=np.float64)
            cut = crops.tile(image, place, side=TILE_PX, turn=turns[row])
            tiles[row] = UNREADABLE if cut is None else cut
    return tiles


def _sure(probability: float) -> str:
    """Say a probability in whole percent, but never that something is certain."""
    if probability < 0.01:
        return "<1%"
    return ">99%" if probability > 0.99 else f"{probability:.0%}"


def _file_name(path: str, *, longest: int) -> str:
    """Return an untrusted path's file and its folder in print; what is too long loses its start."""
    parts = path.replace("\\", "/").rstrip("/").split("/")
    name = printable("/".join(parts[-2:]))
    return name if len(name) <= longest else "\N{HORIZONTAL ELLIPSIS}" + name[1 - longest :]


def _text(ax: Axes, x: float, y: float, text: str, **style: Any) -> None:
    ax.text(x, y, text, parse_math=False, **style)


def _legend(ax: Axes, threshold: float) -> None:
    """Put the legend below, where it covers no band, with the threshold in three digits."""
    for line in ax.lines:
        if str(line.get_label()).startswith("threshold"):
            line.set_label(f"threshold {threshold:.3g}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, frameon=False, fontsize=8)
