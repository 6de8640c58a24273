"""Which sighting is which at two sizes, what counts as one, and intervals over photos."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.boxes import overlap
from toolkit.errors import SightingsError
from toolkit.evaluation import intervals
from toolkit.evaluation.label_table import Label, find_photos, name_key
from toolkit.evaluation.scores import score_grouping

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# A detector, and a long edge in px; 0 is the full size.
Way = tuple[str, int]
PLACE = ["left", "top", "right", "bottom"]
SIDES = ["left", "top", "width", "height"]  # of a box in the labels
LARGEST_PX = 1e7  # beyond what a photo can have
OVERLAP = 0.3  # Least intersection over union of two boxes that are one sighting.
DRAWS, CONFIDENCE = 2000, 0.95


def pair_boxes(one: Floats, other: Floats) -> tuple[Ints, Ints]:
    """
    Pair boxes that overlap, each with one at most, so that the overlaps sum to the most.

    Parameters
    ----------
    one, other : numpy.ndarray
        Shapes (k, 4) and (m, 4): left, top, right, bottom in px, right and bottom exclusive.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray)
        Shapes (p,), int64: rows of `one` and of `other` whose intersection over union is at least
        `OVERLAP`.
    """
    from scipy.optimize import linear_sum_assignment

    share = overlap(one, other)
    share[share < OVERLAP] = 0
    first, second = linear_sum_assignment(share, maximize=True)
    near = share[first, second] > 0
    return first[near].astype(np.int64), second[near].astype(np.int64)


def consensus(boxes: Mapping[Way, pd.DataFrame], judge: str) -> pd.DataFrame:
    """
    Return the sightings that two configurations find, or `judge` at full size alone.

    Parameters
    ----------
    boxes : mapping of (detector, long edge) to pandas.DataFrame
        path, left, top, right, bottom (px of the full-size photo) of what each configuration finds.
    judge : str
        The detector whose word at full size is enough.

    Returns
    -------
    pandas.DataFrame
        One row a sighting: the same columns, the box from the largest size at which it is found, by
        `judge` if it finds it at all.
    """
    order = sorted(boxes, key=lambda way: (way[0] != judge, way[1] != 0, -way[1]))
    agreed = []
    for path in dict.fromkeys(path for way in order for path in boxes[way]["path"]):
        known, votes = np.zeros((0, 4)), np.zeros(0)
        for way in order:
            table = boxes[way]
            seen = table.loc[table["path"] == path, PLACE].to_numpy(dtype=np.float64)
            first, second = pair_boxes(known, seen)
            votes[first] += 1
            new = np.delete(seen, second, axis=0)
            known = np.concatenate([known, new])
            votes = np.append(votes, np.full(len(new), 2.0 if way == (judge, 0) else 1.0))
        agreed += [(path, *box) for box in known[votes >= 2].astype(np.int64).tolist()]
    return pd.DataFrame(agreed, columns=["path", *PLACE])


def match_sightings(known: pd.DataFrame, boxes: pd.DataFrame) -> Ints:
    """Shape (known,), int64: the row of `boxes` that shows each known sighting, or -1."""
    found = np.full(len(known), -1, dtype=np.int64)
    for path in known["path"].unique():
        ours = np.flatnonzero(known["path"] == path)
        theirs = np.flatnonzero(boxes["path"] == path)
        places = (t[PLACE].to_numpy(np.float64)[r] for t, r in ((known, ours), (boxes, theirs)))
        first, second = pair_boxes(*places)
        found[ours[first]] = theirs[second]
    return found


def checked_labels(labels: pd.DataFrame, there: Sequence[str]) -> pd.DataFrame:
    """
    Return a user's labels with photos as paths from the folder, and boxes as numbers.

    Parameters
    ----------
    labels : pandas.DataFrame
        photo, and person or left, top and (width, height or right, bottom), or all of them. A row
        whose box is empty says that the photo shows none.
    there : sequence of str
        The photos, as paths from their folder.

    Raises
    ------
    SightingsError
        If a column is missing, a box is none, or a photo is not in the folder.
    """
    table = labels.rename(columns=lambda name: str(name).strip().casefold())
    ends = [name for name in ("right", "bottom") if name in table]
    columns = set(table.columns)
    boxed = {"left", "top"} <= columns and ({"width", "height"} <= columns or len(ends) == 2)
    if "photo" not in columns or not ("person" in columns or boxed):
        raise SightingsError(
            f"the labels have the columns {', '.join(map(str, labels.columns))}; expected photo "
            f"and person, or photo, {', '.join(SIDES)}, or all of them."
        )
    table = table.assign(photo=table["photo"].astype(str))
    if "person" in table:
        names = table["person"].where(table["person"].notna(), "").astype(str).str.strip()
        keys = names.map(name_key)
        first = names.groupby(keys).transform("first")
        table["person"] = first.where(names != "", None)
    if boxed:
        edges = ["left", "top", *(ends if len(ends) == 2 else ("width", "height"))]
        cells = table[edges].replace("", np.nan)
        sides = cells.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
        if len(ends) == 2:
            sides = np.concatenate([sides[:, :2], sides[:, 2:] - sides[:, :2]], axis=1)
        empty = cells.isna().all(axis=1).to_numpy()
        good = (np.abs(np.nan_to_num(sides, nan=np.inf)) < LARGEST_PX).all(axis=1)
        good &= (np.nan_to_num(sides[:, 2:]) >= 1).all(axis=1)
        if (bad := np.flatnonzero(~good & ~empty)).size:
            shown = ", ".join(str(value) for value in table[edges].iloc[bad[0]])
            raise SightingsError(
                f"the labels' row {bad[0] + 2} has the box {shown}, which is none; expected "
                f"{', '.join(edges)} in px, all four or none."
            )
        table[SIDES] = sides
    rows = [Label(row, text, "", None) for row, text in enumerate(table["photo"], start=2)]
    table["photo"] = table["photo"].map(
        find_photos(rows, dict(zip(there, there, strict=True)), source=Path("the labels"))
    )
    return table.drop_duplicates(ignore_index=True)


def sizes_of(sightings: pd.DataFrame) -> Floats:
    """Return the shorter side of each sighting, in px of the full-size photo: shape (n,)."""
    ends, starts = sightings[["right", "bottom"]], sightings[["left", "top"]]
    sides = ends.to_numpy(np.float64) - starts.to_numpy()
    return sides.min(axis=1, initial=math.inf)


def share_interval(part: Ints, whole: Ints, *, seed: int = 0) -> tuple[float, float]:
    """
    Return the 95% interval of a share whose cases come in photos.

    The percentile bootstrap over photos. Where few photos hold such a case it is too narrow, so the
    upper end is at least Clopper and Pearson's upper bound (1934) for the share of photos that hold
    one, times the cases in such a photo over those in any photo; the lower end follows from the
    complement. Where all photos have the same share, such as 0, the bootstrap has no width: then
    each photo counts as a single case, and the interval is Clopper and Pearson's.

    Parameters
    ----------
    part, whole : numpy.ndarray
        Shape (n,), int64: of the `whole` cases in a photo, `part` count.
    seed : int
        Draws the photos.

    Returns
    -------
    (float, float)
        Both nan where no photo holds a case.
    """
    part, whole = part[whole > 0], whole[whole > 0]
    if not len(whole):
        return math.nan, math.nan
    if (part * whole.sum() == whole * part.sum()).all():
        cases = len(whole) * float(part.sum() / whole.sum())
        return intervals.exact(cases, len(whole), level=CONFIDENCE)
    draws = _draws(len(whole), seed)
    low, high = np.quantile((draws @ part) / (draws @ whole), _tails())
    return min(float(low), 1 - _bound(whole - part, whole)), max(float(high), _bound(part, whole))


def _bound(part: Ints, whole: Ints) -> float:
    photos_with = int((part > 0).sum())
    per_photo = part.sum() / photos_with / whole.mean() if photos_with else 1.0
    highest = intervals.exact(photos_with, len(part), level=CONFIDENCE)[1]
    return min(1.0, highest * float(per_photo))


def tallies(chosen: npt.NDArray[np.bool_], at: Ints, count: int) -> tuple[Ints, Ints]:
    """Count, for each photo, the chosen sightings and all; `at` is the photo of each."""
    return np.bincount(at[chosen], minlength=count), np.bincount(at, minlength=count)


def _draws(count: int, seed: int) -> Floats:
    """Shape (DRAWS, count): how often each photo is in each draw of as many photos."""
    even = np.full(count, 1 / count)
    return np.random.default_rng(seed).multinomial(count, even, size=DRAWS).astype(np.float64)


def _tails() -> tuple[float, float]:
    return (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2


def agreement(
    labels: Ints, full: Ints, found: Ints, found_full: Ints, at: Ints, seed: int
) -> tuple[float, float, float]:
    """B-cubed F of two groupings over what both have found, and its interval over photos."""
    both = (found >= 0) & (found_full >= 0)
    if not both.any():
        return math.nan, math.nan, math.nan
    ones, others = labels[found[both]], full[found_full[both]]
    same, same_full = ones[:, None] == ones, others[:, None] == others
    shared = (same & same_full).sum(axis=1)
    parts = np.stack([shared / same.sum(axis=1), shared / same_full.sum(axis=1)], axis=1)
    _, where = np.unique(at[both], return_inverse=True)
    count = int(where.max()) + 1
    wrong, of = tallies(np.asarray(parts.min(axis=1) < 1), where, count)
    if not wrong.any():
        return 1.0, 1 - _bound(wrong, of), 1.0
    sums = np.zeros((count, 2))
    np.add.at(sums, where, parts)
    precision, recall = (_draws(count, seed) @ sums / (_draws(count, seed) @ of)[:, None]).T
    low, high = np.quantile(2 * precision * recall / (precision + recall), _tails())
    return score_grouping(others, ones).bcubed_f, float(low), float(high)
