"""
Figures: tables and arrays in, `Axes` out, or a `Figure` for a whole sheet.

Nothing is computed here beyond layout, nothing is shown, and matplotlib's settings stay as they
are. Everywhere, `ax` is the `matplotlib.axes.Axes` to draw into, a new figure's if not given; boxes
and points are in px, `Box` as in `toolkit.records`; and text may be untrusted: it is drawn letter
by letter, never read as a formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from toolkit.errors import UnreadablePhoto
from toolkit.grouping.identification import IGNORED
from toolkit.names import printable
from toolkit.photos import crops, opening
from toolkit.records import GENERIC_WORDS, Album, Box, Words, turns_of

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating]

# Okabe and Ito's colours, which any kind of colour vision tells apart.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, BLACK, GREY = "#CC79A7", "#56B4E9", "#000000", "#767676"
# Lines differ in colour, mark and dash at once.
LINES = ((BLUE, "o", "-"), (RED, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"))

DISTANCE, UNNAMED = "encoder distance", "unknown"
LONGEST_TEXT = 24
TILE_PX, TILE_INCHES, LABEL_TILES = 144, 0.95, 2.1


def photo(
    image: Rgb,
    boxes: Sequence[Box] = (),
    *,
    labels: Sequence[str] | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """
    Draw a photo with a box around each sighting.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (h, w, 3), uint8, RGB.
    boxes : sequence of Box
        k boxes in px of `image`.
    labels : sequence of str, optional
        k texts, one above each box; numbers from 1 if not given.
    title : str
        Above the photo.
    """
    height, width = image.shape[:2]
    across = min(8.0, max(3.0, width / 100))
    ax = ax or _axes(across, min(6.0, across * height / width))
    ax.imshow(image)
    texts = [str(number) for number in range(1, len(boxes) + 1)] if labels is None else labels
    behind = {"facecolor": BLACK, "edgecolor": "none", "pad": 2}
    for box, text in zip(boxes, texts, strict=True):
        _outline(ax, box)
        _text(ax, box.left, box.top, text, size=9, color="white", bbox=behind, clip_on=True)
    ax.set_axis_off()
    ax.set_title(plain(title, longest=80), size=10, loc="left", parse_math=False)
    return ax


def landmarks(
    image: Rgb, points: npt.NDArray[np.int64], *, box: Box, ax: Axes | None = None
) -> Axes:
    """
    Draw the landmarks of one sighting, the picture cut to it and its surroundings.

    `image` has shape (h, w, 3), uint8, RGB; `points`, shape (k, 2), int64, are x and y in px of it,
    and up to five of them carry their place in dlib's order, counted from 0; `box` is the sighting.
    """
    ax = ax or _axes(4.2, 4.4)
    ax.imshow(image)
    _outline(ax, box)
    few = len(points) <= 5
    style: dict[str, Any] = {"s": 60 if few else 22, "edgecolors": BLACK, "linewidths": 1}
    ax.scatter(points[:, 0], points[:, 1], color=SKY, zorder=3, **style)
    margin = crops.MARGIN * max(box.width, box.height)
    behind = {"facecolor": BLACK, "edgecolor": "none", "pad": 1.5}
    for number, (x, y) in enumerate(points if few else points[:0]):
        _text(ax, x, y - margin / 5, str(number), size=9, color="white", bbox=behind, ha="center")
    height, width = image.shape[:2]
    ax.set_xlim(max(-0.5, box.left - margin), min(width - 0.5, box.right + margin))
    ax.set_ylim(min(height - 0.5, box.bottom + margin), max(-0.5, box.top - margin))
    ax.set_axis_off()
    ax.set_title(f"{len(points)} landmarks", size=10, loc="left")
    return ax


def encodings(rows: Floats, *, labels: Sequence[str], ax: Axes | None = None) -> Axes:
    """
    Draw encodings as rows of coloured cells, light where a number is near 0.

    `rows` has shape (k, d), float; `labels` are k texts, from top to bottom.
    """
    ax = ax or _axes(9.0, 1.1 + 0.32 * len(rows))
    far = float(np.abs(rows).max(initial=0.0)) or 1.0
    drawn = ax.imshow(rows, cmap="PuOr", vmin=-far, vmax=far, aspect="auto")
    ax.set_yticks(range(len(rows)), [plain(label) for label in labels], parse_math=False)
    ax.set_xlabel("place in the encoding, counted from 0")
    ax.figure.colorbar(drawn, ax=ax, label="value (no unit)")
    return ax


def same_and_different(
    same: Floats,
    different: Floats,
    *,
    threshold: float,
    words: Words = GENERIC_WORDS,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw how far apart pairs of sightings are: of one individual, and of two.

    Parameters
    ----------
    same, different : numpy.ndarray
        Shapes (k,) and (m,), float: encoder distances of the pairs of either kind.
    threshold : float
        Encoder distance that gets a line.
    words : Words
        What sightings and individuals are called.
    """
    ax = ax or _axes(8.0, 3.6)
    longest = max(float(same.max(initial=0.0)), float(different.max(initial=0.0)), threshold)
    # A bar ends at the threshold, so that none stands on both sides of it.
    edges = (np.arange(0.0, 1.05 * longest / threshold, 0.05) * threshold).tolist()
    for distances, text, color, hatch in (
        (same, f"one {words.individual} ({_counted(len(same), 'pair')})", SKY, "///"),
        (different, f"two {words.individuals} ({_counted(len(different), 'pair')})", ORANGE, "..."),
    ):
        style: dict[str, Any] = {"edgecolor": BLACK, "linewidth": 0.6, "alpha": 0.75}
        ax.hist(distances, bins=edges, color=color, hatch=hatch, label=text, **style)
    return _finished(ax, DISTANCE, f"pairs of {words.plural}", threshold)


def distance_matrix(
    distances: Floats,
    labels: Sequence[str],
    *,
    words: Words = GENERIC_WORDS,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw the distance of every sighting to every other, dark where they are near.

    Parameters
    ----------
    distances : numpy.ndarray
        Shape (n, n), float: encoder distances.
    labels : sequence of str
        n names, one a row. Rows of one name that follow each other share a tick, and a line parts
        them from the next.
    words : Words
        What sightings are called.
    """
    ax = ax or _axes(6.8, 5.2)
    if not len(labels):
        return _say(ax, f"no {words.plural}")
    drawn = ax.imshow(distances, cmap="cividis", vmin=0.0, interpolation="nearest")
    runs = pd.factorize(np.array(labels, dtype=object))[0]
    starts = np.flatnonzero(np.diff(runs, prepend=-1))
    for start in starts[1:]:
        ax.axvline(start - 0.5, color="white", linewidth=2)
        ax.axhline(start - 0.5, color="white", linewidth=2)
    middles = (starts + np.append(starts[1:], len(runs)) - 1) / 2
    texts = [plain(labels[int(start)]) for start in starts]
    slanted: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    ax.set_yticks(middles, texts, parse_math=False)
    ax.set_xticks(middles, texts, parse_math=False, **slanted)
    ax.figure.colorbar(drawn, ax=ax, label=DISTANCE)
    return ax


def against_threshold(
    table: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    ylabel: str,
    threshold: float,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw columns of a table against the threshold, one line each.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a threshold: threshold (encoder distance), and the columns named.
    columns : mapping of str to str
        Up to four columns, each with the text for the legend.
    ylabel : str
        What the columns hold, with its unit.
    threshold : float
        Encoder distance that gets a line.
    """
    ax = ax or _axes(8.0, 3.6)
    for (column, text), (color, marker, dash) in zip(columns.items(), LINES, strict=False):
        style: dict[str, Any] = {"color": color, "marker": marker, "linestyle": dash}
        ax.plot(table["threshold"], table[column], label=text, markersize=5, **style)
    return _finished(ax, f"threshold ({DISTANCE})", ylabel, threshold)


def matches(
    table: pd.DataFrame,
    *,
    threshold: float,
    words: Words = GENERIC_WORDS,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw the distance of each sighting to the nearest known individual and to the next.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a sighting, as in `toolkit.grouping.identification.Matches`: name, distance, margin,
        and, if it is there, reason: those that are ignored are not drawn.
    threshold : float
        Encoder distance that gets a line.
    words : Words
        What sightings and individuals are called.
    """
    ax = ax or _axes(8.0, 3.8)
    rows = table.sort_values("distance", kind="stable")
    if "reason" in rows:
        rows = rows[rows["reason"] != IGNORED]
    place = np.arange(1, len(rows) + 1)
    distance = rows["distance"].to_numpy(dtype=np.float64)
    after = distance + rows["margin"].to_numpy(dtype=np.float64)
    named, known = rows["name"].notna().to_numpy(dtype=np.bool_), np.isfinite(after)
    ax.vlines(place[known], distance[known], after[known], color=GREY, linewidth=0.8)
    for where, values, text, marker, color in (
        (named, distance, f"nearest {words.individual}: named", "o", BLUE),
        (~named, distance, f"nearest {words.individual}: not named", "X", RED),
        (known, after, f"next {words.individual}", "_", GREY),
    ):
        if where.any():
            ax.scatter(place[where], values[where], marker=marker, color=color, s=42, label=text)
    ax.axhline(threshold, color=BLACK, linestyle="--", label=f"threshold {threshold:g}")
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel=f"{words.plural}, nearest first (rank)", ylabel=DISTANCE)
    ax.figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    return ax


def contact_sheet(
    album: Album,
    names: Sequence[str | None],
    *,
    across: int = 7,
    rows: int = 12,
    page: int = 1,
) -> Figure:
    """
    Draw the sightings of each individual in a row, those in most photos first, unnamed ones last.

    What is ignored is not drawn. The photos of this page are opened again, no larger than needed.

    Parameters
    ----------
    album : Album
        n sightings.
    names : sequence of str or None
        The individual of each sighting, n in all; None where it is not known.
    across, rows, page : int
        Most sightings in a row (the first of that individual, in the album's order), most rows on a
        page, and which page, counted from 1.
    """
    words, everybody = album.words, _rows(album, names)
    shown = everybody[(page - 1) * rows : page * rows]
    tiles_across = min(across, max((len(indices) for *_, indices in shown), default=3))
    top = -0.3 if len(everybody) > rows else -0.05
    wide, down = LABEL_TILES + tiles_across + 0.5, max(1, len(shown)) + 0.05 - top
    figure = plt.figure(figsize=(wide * TILE_INCHES, down * TILE_INCHES))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    if not shown:
        _say(ax, f"no {words.plural} to show")
        return figure
    tiles = _tiles(album, [index for *_, indices in shown for index in indices[:tiles_across]])
    # Tile k of row r is the unit square right of and below (k, r).
    for row, (name, count, indices) in enumerate(shown):
        counts = f"{_counted(count, 'photo')}, {words.count(len(indices))}"
        _text(ax, 0.1 - LABEL_TILES, row + 0.4, name, va="center", size=10, weight="bold")
        _text(ax, 0.1 - LABEL_TILES, row + 0.6, counts, va="center", size=9)
        for column, index in enumerate(indices[:tiles_across]):
            if (tile := tiles.get(index)) is None:
                _text(ax, column, row + 0.5, "not readable", size=8)
            else:
                edges = (column + 0.02, column + 0.98, row + 0.98, row + 0.02)
                ax.imshow(tile, extent=edges, aspect="auto")
        if len(indices) > tiles_across:
            _text(
                ax,
                tiles_across + 0.05,
                row + 0.5,
                f"+{len(indices) - tiles_across}",
                va="center",
                size=9,
            )
    ax.set(xlim=(-LABEL_TILES, tiles_across + 0.5), ylim=(len(shown) + 0.05, top))
    if len(everybody) > rows:
        _text(ax, 0.1 - LABEL_TILES, -0.1, f"page {page} of {-(-len(everybody) // rows)}", size=9)
    return figure


def _rows(album: Album, names: Sequence[str | None]) -> list[tuple[str, int, list[int]]]:
    """Name, photos (files, so that a copy counts) and sightings of each row of the sheet."""
    digests = album.sightings["photo_digest"].to_list()
    files = album.photos["photo_digest"].value_counts()
    of_name: dict[str | None, list[int]] = {}
    for index, (name, ignored) in enumerate(zip(names, album.ignored, strict=True)):
        if not ignored:
            of_name.setdefault(name, []).append(index)
    rows = []
    for name, indices in of_name.items():
        count = int(files[list({digests[index] for index in indices})].sum())
        rows.append((UNNAMED if name is None else name, count, indices))
    return sorted(rows, key=lambda row: (names[row[2][0]] is None, -row[1], row[0]))


def _tiles(album: Album, indices: Sequence[int]) -> dict[int, Rgb]:
    """Cut sightings out as squares of `TILE_PX`, opening each photo once; unreadable ones miss."""
    sizes = album.photos.drop_duplicates("path").set_index("path")
    columns = ["path", "left", "top", "right", "bottom"]
    boxes_of: dict[str, dict[int, tuple[float, ...]]] = {}
    for index in indices:
        path, *edges = album.sightings[columns].iloc[index]
        boxes_of.setdefault(path, {})[index] = tuple(float(edge) for edge in edges)
    tiles, turns = {}, turns_of(album.sightings)
    for path, boxes in boxes_of.items():
        width, height = int(sizes.loc[path, "width"]), int(sizes.loc[path, "height"])
        smallest = min(right - left for left, _, right, _ in boxes.values())
        long_edge = round(max(width, height) * min(1.0, TILE_PX / smallest))
        try:
            image = opening.open_shrunk(Path(path), long_edge=max(1, long_edge)).small
        except UnreadablePhoto:
            continue
        scale = image.shape[1] / width
        for index, box in boxes.items():
            place = [edge * scale for edge in box]
            cut = crops.tile(image, place, side=TILE_PX, turn=turns[index])
            if cut is not None:
                tiles[index] = cut
    return tiles


def plain(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return untrusted text as one printable line of at most `longest` letters."""
    line = printable(text)
    return line if len(line) <= longest else line[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _axes(width: float, height: float) -> Axes:
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _text(ax: Axes, x: float, y: float, text: str, **style: Any) -> None:
    ax.text(x, y, plain(text), parse_math=False, **style)


def _say(ax: Axes, text: str) -> Axes:
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes)
    return ax


def _finished(ax: Axes, xlabel: str, ylabel: str, threshold: float) -> Axes:
    ax.axvline(threshold, color=BLACK, linestyle="--", label=f"threshold {threshold:g}")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=9)
    return ax


def _outline(ax: Axes, box: Box) -> None:
    # Black under orange stands out from any photo. Pixels are centred on whole numbers.
    for color, linewidth in ((BLACK, 4.5), (ORANGE, 2.0)):
        style: dict[str, Any] = {"fill": False, "color": color, "linewidth": linewidth}
        ax.add_patch(Rectangle((box.left - 0.5, box.top - 0.5), box.width, box.height, **style))


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
