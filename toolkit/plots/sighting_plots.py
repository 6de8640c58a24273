"""
Figures of sightings: a map of the individuals, and rows of sightings with a note to each.

`Axes` out. Text may be untrusted: it is never read as a formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from toolkit.plots.tuning_plots import BLACK, GREY, Floats, Rgb, new_axes, plain, write_text
from toolkit.records import GENERIC_WORDS, Words


def map_of_individuals(
    encodings: Floats,
    labels: npt.NDArray[np.int64],
    thumbnails: Mapping[int, Rgb],
    *,
    names: Mapping[int, str] | None = None,
    largest: int = 20,
    words: Words = GENERIC_WORDS,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw individuals on a map, a picture of each at its place: similar ones are near each other.

    The map shows the means of the groups along the two directions in which they differ most
    (principal components). It keeps only part of their distances; the title says how much. Pictures
    that would cover those of a larger group are moved, and a line leads to where they belong.

    Parameters
    ----------
    encodings : numpy.ndarray
        Shape (n, d), float.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting, the largest group 0, as in `Clustering`.
    thumbnails : mapping of int to numpy.ndarray
        A picture of each group, shape (h, w, 3), uint8, RGB; a group without one gets its name.
    names : mapping of int to str, optional
        What to write under a picture; a number from 1, such as "individual 1", if not given.
    largest : int
        How many groups are shown, those of most sightings.
    words : Words
        What sightings and individuals are called.
    """
    ax = ax or new_axes(9.0, 7.0)
    shown = min(largest, int(labels.max(initial=-1)) + 1)
    ax.set_axis_off()
    if not shown:
        write_text(ax, 0.5, 0.5, f"no {words.plural}", ha="center", transform=ax.transAxes)
        return ax
    means = np.stack([encodings[labels == label].mean(axis=0) for label in range(shown)])
    places, kept = _principal(means)
    moved = _apart(places, across=0.16, down=0.155)
    for place, (x, y) in zip(places, moved, strict=True):
        ax.plot((place[0], x), (place[1], y), color=GREY, linewidth=0.8, zorder=1)
    ax.scatter(places[:, 0], places[:, 1], color=GREY, s=9, zorder=1)
    for label, (x, y) in enumerate(moved):
        name = (names or {}).get(label, f"{words.individual} {label + 1}")
        if (picture := thumbnails.get(label)) is not None:
            image = OffsetImage(picture, zoom=46 / max(picture.shape[:2]))
            frame = {"edgecolor": BLACK, "linewidth": 0.8}
            ax.add_artist(AnnotationBbox(image, (x, y), pad=0.08, bboxprops=frame, zorder=2))
        count = int((labels == label).sum())
        style: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "top"}
        text = f"{plain(name, longest=13)} ({count})"
        style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}
        ax.annotate(text, (x, y), (0, -27), size=8, zorder=3, **style).set_parse_math(False)
    ax.set(xlim=(-0.1, 1.1), ylim=(-0.12, 1.1))
    title = f"the {shown} largest groups; the map shows {100 * kept:.0f}% of how they differ"
    ax.set_title(title, size=10, loc="left")
    return ax


def sightings_in_rows(
    rows: Mapping[str, Sequence[Rgb]], notes: Mapping[str, Sequence[str]], *, between: bool = False
) -> Axes:
    """
    Draw sightings in rows, the name of each row above it; a long one goes on in the next line.

    Parameters
    ----------
    rows : mapping of str to sequence of numpy.ndarray
        Pictures of shape (h, w, 3), uint8, RGB.
    notes : mapping of str to sequence of str
        What to write under each picture of a row; or, if `between`, between the one before and it.
    """
    gap, across = (0.55, 6) if between else (0.1, 8)
    step, down, y = 1 + gap, 1.05 if between else 1.3, 0.0
    heights = [0.4 + down * -(-len(pictures) // across) for pictures in rows.values()]
    widest = min(across, max((len(pictures) for pictures in rows.values()), default=0))
    ax = new_axes(max(3.2, 0.95 * step * widest), max(0.6, 0.95 * sum(heights)))
    for height, (name, pictures) in zip(heights, rows.items(), strict=True):
        write_text(ax, 0, y + 0.22, name, longest=70, size=10, weight="bold", va="center")
        for place, (picture, note) in enumerate(zip(pictures, notes[name], strict=True)):
            left, top = step * (place % across), y + 0.4 + down * (place // across)
            ax.imshow(picture, extent=(left, left + 1, top + 1, top))
            x, under = (left - gap / 2, top + 0.5) if between else (left + 0.5, top + 1.13)
            write_text(ax, x, under, note, size=9, ha="center", va="center")
        y += height
    ax.set(xlim=(-gap, max(step * widest, 3.4 - gap)), ylim=(max(y, 0.1), 0))
    ax.set_axis_off()
    return ax


def _principal(rows: Floats) -> tuple[npt.NDArray[np.float64], float]:
    """Place rows along two principal components, from 0 to 1; return the share these show, too."""
    centred = rows.astype(np.float64) - rows.mean(axis=0)
    left, strength, right = np.linalg.svd(centred, full_matrices=False)
    # A component's sign is anybody's choice: let its largest part be positive.
    sign = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    places = np.zeros((len(rows), 2))
    parts = (left * strength * np.where(sign == 0, 1, sign))[:, :2]
    places[:, : parts.shape[1]] = parts
    total = float((strength**2).sum())
    low, span = places.min(axis=0), np.ptp(places, axis=0)
    scaled = np.where(span > 1e-12, (places - low) / np.where(span > 1e-12, span, 1.0), 0.5)
    return scaled, float((strength[:2] ** 2).sum()) / total if total else 1.0


def _apart(places: Floats, *, across: float, down: float) -> npt.NDArray[np.float64]:
    """
    Move boxes of this size, centred in the unit square, so that none covers an earlier one.

    Each stays where it is, or goes to the nearest free spot; where none is free, it stays.
    """
    steps = np.linspace(0.0, 1.0, 81)
    lattice = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    moved = np.zeros((0, 2))
    for place in places.astype(np.float64):
        spots = np.concatenate([place[None], lattice])
        gaps = np.abs(spots[:, None] - moved[None])
        clear = np.any(gaps >= np.array([across - 1e-9, down - 1e-9]), axis=2)
        free = np.all(clear, axis=1)
        away = np.where(free, ((spots - place) ** 2).sum(axis=1), np.inf)
        moved = np.concatenate([moved, spots[[int(away.argmin())]]])
    return moved
