"""How many wrong tags a check finds: labels of known photos are swapped, and sought."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import modes
from toolkit.errors import BadSetting
from toolkit.evaluation import label_check
from toolkit.evaluation.label_check import OTHER, Labelled
from toolkit.names import counted
from toolkit.progress import Progress
from toolkit.settings import GroupingSettings
from toolkit.subjects.base import Subject

Log = Callable[[str], None]
# Share of the labels that are swapped, the share of the list that is looked through, and the seeds
# of the draws.
SWAPPED, FIRST, SEEDS = 0.03, 0.05, (0, 1, 2, 3, 4)
CHECKED, NEAREST, CHANCE = "check-tags", "nearest photo", "by chance"


def measure(
    folders: Path,
    settings: GroupingSettings,
    *,
    share: float = SWAPPED,
    seeds: Sequence[int] = SEEDS,
    log: Log,
    progress: Progress | None = None,
    subject: Subject | None = None,
) -> pd.DataFrame:
    """
    Swap labels of a tree of labelled folders, and see how many are found first.

    Parameters
    ----------
    folders : Path
        A folder for each individual, or folders of such folders. What is wrong in it already counts
        as right here.
    settings : GroupingSettings
        Of the subject.
    share : float
        Of the photos whose label is swapped, above 0 and below 0.5.
    seeds : sequence of int
        Of the draws: which are swapped, and for what.
    log : callable
        Told what folders were taken for, a sentence each.
    progress : callable, optional
        As of `toolkit.modes.look`.
    subject : Subject, optional
        What to look for; as the settings say, if not given.

    Returns
    -------
    pandas.DataFrame
        As `found_after_swaps` returns it.

    Raises
    ------
    BadSetting
        If the share cannot be, or there is nothing to swap.
    BadFolder
        If there are not two labelled folders.
    """
    _require_share(share)
    how: dict[str, Any] = {"progress": progress, "of_individuals": True, "subject": subject}
    album = modes.look(folders, settings=settings, **how).album
    known = label_check.labelled(album, folders)
    for each in known.said:
        log(f"{each}.")
    return found_after_swaps(known, share=share, seeds=seeds)


def found_after_swaps(
    known: Labelled, *, share: float = SWAPPED, seeds: Sequence[int] = SEEDS
) -> pd.DataFrame:
    """
    Swap labels, and see how many are found first.

    Parameters
    ----------
    known : Labelled
        n photos.
    share, seeds
        As of `measure`.

    Returns
    -------
    pandas.DataFrame
        One row for each way and seed, and the mean over the seeds (seed "mean"): way ("check-tags";
        "nearest photo", which asks the nearest photo of each folder alone; "by chance"), seed,
        photos, swapped, found (per cent of the swapped among the first 5% of the photos, by how
        sure), listed (photos of the kind "another folder"), right (per cent of these that were
        swapped), caught (per cent of the swapped that are listed), renamed (per cent of these whose
        suggested folder is the one that they came from).
    """
    _require_share(share)
    inside = np.flatnonzero(known.folder_of >= 0)
    count = round(share * len(inside))
    if count < 1:
        raise BadSetting(
            f"{share:g} of {counted(len(inside), 'photo')} is less than one; expected a larger "
            "share, or more photos"
        )
    rows: list[dict[str, object]] = []
    for way, most_alike in ((CHECKED, label_check.MOST_ALIKE), (NEAREST, 1)):
        figures = []
        for seed in seeds:
            swapped, which = swap(known, count, seed)
            table = label_check.check(swapped, most_alike=most_alike)
            figures.append(_figures(known, table, which))
            rows.append({"way": way, "seed": str(seed), **figures[-1]})
        mean = pd.DataFrame(figures).mean().to_dict()
        rows.append({"way": way, "seed": "mean", **mean})
    by_chance = {"photos": len(known), "swapped": count, "found": 100 * FIRST}
    rows.append({"way": CHANCE, "seed": "", **by_chance})
    return pd.DataFrame(rows)


def swap(known: Labelled, count: int, seed: int) -> tuple[Labelled, npt.NDArray[np.int64]]:
    """
    Give some photos the label of another folder, drawn evenly.

    Returns
    -------
    (Labelled, numpy.ndarray)
        The same photos with other labels, and which have one; shape (count,), int64.
    """
    draw = np.random.default_rng(seed)
    inside = np.flatnonzero(known.folder_of >= 0)
    which = np.sort(draw.choice(inside, count, replace=False))
    folder_of = known.folder_of.copy()
    other = draw.integers(0, len(known.folders) - 1, count)
    folder_of[which] = other + (other >= folder_of[which])
    return replace(known, folder_of=folder_of), which


def _figures(
    known: Labelled, table: pd.DataFrame, which: npt.NDArray[np.int64]
) -> dict[str, float]:
    first = np.argsort(-table["odds"].to_numpy(dtype=np.float64), kind="stable")
    first = first[: round(FIRST * len(known))]
    listed = np.flatnonzero(table["kind"] == OTHER)
    caught = np.intersect1d(which, listed)
    named = table["suggested"].to_numpy(dtype=object)[caught]
    came = np.array(known.folders, dtype=object)[known.folder_of[caught]]
    return {
        "photos": len(known),
        "swapped": len(which),
        "found": 100 * float(np.isin(which, first).mean()),
        "listed": len(listed),
        "right": 100 * len(caught) / max(len(listed), 1),
        "caught": 100 * len(caught) / len(which),
        "renamed": 100 * float((named == came).mean()) if len(caught) else float("nan"),
    }


def _require_share(share: float) -> None:
    if not 0 < share < 0.5:
        raise BadSetting(f"share is {share!r}; expected a number above 0 and below 0.5")
