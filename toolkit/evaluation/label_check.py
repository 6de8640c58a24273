"""
Which photos of labelled folders look more like another folder than their own.

Of each photo and each folder it is asked how alike they are, by the few photos of the folder that
the photo is most alike. The photo itself and its copies do not count, and neither do photos that
look like another folder themselves: a wrong photo speaks for no folder.

How sure that is follows from the folders themselves. Most photos are where they belong: how much
more like their own folder than any other they are is what right looks like; how much more like
another folder they would be, had they been put into one drawn by chance, is what wrong looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadFolder
from toolkit.grouping import examples, neighbours
from toolkit.grouping.links import components
from toolkit.grouping.neighbours import BLOCK, Distances
from toolkit.names import counted
from toolkit.photos import example_folders
from toolkit.records import Album

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Progress = Callable[[int, int, str], None]

# Photos of a folder that speak for it, to a photo: more, and a product from behind has nobody; one,
# and a single wrong photo in the folder draws all its like there.
MOST_ALIKE = 3
# Shares of the photos that are in a wrong folder, or of none that is there, before they are seen.
WRONG, NEW = 0.03, 0.01
# Rounds in which it is seen who speaks for a folder.
ROUNDS = 3
# Folders drawn for each photo, to see what it would look like there; how many photos the pairs'
# own calibration counts as beside those of the folders.
DRAWN, BEFORE = 8, 2.0
# Share of the photos that seem to be where they belong, and are not, that it can stand.
MISTAKEN = 0.1

# What may be said of a photo.
OTHER, UNLIKE, ALONE, OUTSIDE, NOTHING, FINE = (
    "another folder",
    "like no folder",
    "alone in its folder",
    "in no folder",
    "nothing found",
    "",
)
COLUMNS = (
    *("path", "folder", "suggested", "sure", "kind", "evidence", "own_evidence"),
    *("alike", "own_alike", "odds"),
)


@dataclass(frozen=True)
class Labelled:
    """
    Photos in labelled folders.

    Attributes
    ----------
    album : Album
        What was seen in them, compared.
    root : Path
        The folder of the folders.
    paths : tuple of str
        The file of each photo, n; two files of one picture are two.
    folders : tuple of str
        The labels: the path of each folder below `root`, with forward slashes; k.
    folder_of : numpy.ndarray
        Shape (n,), int64: whose folder each is in; -1 for none.
    said : tuple of str
        What folders were taken for, where that is not plain; sentences without a full stop.
    """

    album: Album
    root: Path
    paths: tuple[str, ...]
    folders: tuple[str, ...]
    folder_of: Rows
    said: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)


def labelled(album: Album, root: Path) -> Labelled:
    """
    Say in whose folder each photo is.

    A folder with photos in it is a label; one with folders alone is a label, too, if these look
    like one individual (`toolkit.photos.example_folders.take`), else each of these is.

    Parameters
    ----------
    album : Album
        What was seen in the photos below `root`, compared.
    root : Path
        The folder of the folders.

    Raises
    ------
    BadFolder
        If there are fewer than two labels.
    """
    paths = [Path(str(path)) for path in album.photos["path"]]
    below = root if all(path.is_relative_to(root) for path in paths) else root.resolve()
    rows = rows_by_photo(album)
    digests = dict(zip(map(str, album.photos["path"]), album.photos["photo_digest"], strict=True))
    distances, calibration = neighbours.of(album), album.encoder.calibration
    areas = _areas(album)

    def largest(photos: Sequence[Path]) -> Rows:
        seen = (rows.get(str(digests[str(path)])) for path in photos)
        found = [int(own[areas[own].argmax()]) for own in seen if own is not None]
        return np.unique(np.array(found, dtype=np.int64))

    def one_individual(parts: Sequence[Sequence[Path]]) -> bool | None:
        return examples.one_individual(distances, [largest(part) for part in parts], calibration)

    branch = example_folders.branches(below, paths)
    taken = example_folders.take(branch, one_individual, album.words)
    if len(taken.names) < 2:
        found = (
            counted(len(taken.names), "labelled folder") if taken.names else "no labelled folder"
        )
        raise BadFolder(
            f"{root} holds {found} with photos; expected two or more, one for each "
            f"{album.words.individual}."
        )
    folders = [taken.place_of[name] for name in taken.names]
    number = {name: k for k, name in enumerate(taken.names)}
    whose = [number.get(taken.name_of.get(path, ""), -1) for path in paths]
    return Labelled(
        *(album, root, tuple(map(str, paths)), tuple(folders), np.array(whose, dtype=np.int64)),
        said=taken.said,
    )


def check(
    known: Labelled,
    *,
    copies: pd.DataFrame | None = None,
    most_alike: int = MOST_ALIKE,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """
    Say of each photo which folder it looks like.

    Parameters
    ----------
    known : Labelled
        n photos in k folders.
    copies : pandas.DataFrame, optional
        Pairs of files that show one picture (path, other), such as `toolkit.photos.duplicates.find`
        returns: of a folder that a photo and its copy were put into, the copy says nothing.
    most_alike : int
        Photos of a folder that speak for it, to each photo.
    progress : callable, optional
        Called with photos done, how many there are, and "".

    Returns
    -------
    pandas.DataFrame
        One row a photo, in the order of `known`: path; folder ("" for none); suggested (the folder
        other than its own that it is most like; "" where nothing is known); sure (how likely it is
        of that one, and not of its own, another or none; 0 to 1); kind: "another folder" (likelier
        of the suggested than of its own), "like no folder" (likelier of none that is there than of
        its own or the suggested), "alone in its folder" (no other photo there says anything of it),
        "in no folder" (it lies beside the folders), "nothing found", or "" where nothing is wrong;
        evidence, own_evidence (the photos of the suggested and of its own folder that it is most
        alike, "" for none); alike, own_alike (log-odds that it is one with these folders, at even
        odds before); odds (log-odds of `sure`, to rank by, however sure).
    """
    return _Check(known, copies, most_alike, progress).table()


def rows_by_photo(album: Album) -> dict[str, Rows]:
    """Return the sightings in each photo, by its digest; those that are ignored are left out."""
    kept = album.kept
    digests = album.sightings["photo_digest"].to_numpy(dtype=object)[kept]
    found: dict[str, list[int]] = {}
    for row, digest in zip(kept.tolist(), digests, strict=True):
        found.setdefault(str(digest), []).append(row)
    return {digest: np.array(rows, dtype=np.int64) for digest, rows in found.items()}


def _pictures(known: Labelled, digests: pd.Series, copies: pd.DataFrame | None) -> Rows:
    """Number the pictures: files of one picture, and copies of them, have one number."""
    numbers = pd.factorize(digests)[0].astype(np.int64)
    if copies is None or not len(copies):
        return numbers
    number_of = dict(zip(known.paths, numbers.tolist(), strict=True))
    pairs = [
        (number_of[str(one)], number_of[str(other)])
        for one, other in zip(copies["path"], copies["other"], strict=True)
        if str(one) in number_of and str(other) in number_of
    ]
    edges = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return components(int(numbers.max(initial=-1)) + 1, edges)[numbers]


def _areas(album: Album) -> Floats:
    table = album.sightings
    area = (table["right"] - table["left"]) * (table["bottom"] - table["top"])
    return area.to_numpy(dtype=np.float64)


@dataclass(frozen=True)
class _Fit:
    """
    How like each folder each photo is, and which photo of it is most alike, both of shape (n, k).

    `voices`, shape (k,), is how many photos speak for each.
    """

    alike: Floats
    nearest: Rows
    voices: Rows


class _Check:
    def __init__(
        self,
        known: Labelled,
        copies: pd.DataFrame | None,
        most_alike: int,
        progress: Progress | None,
    ) -> None:
        self.known, self.most_alike, self.progress = known, most_alike, progress
        album = known.album
        self.distances: Distances = neighbours.of(album)
        self.calibration = album.encoder.calibration
        self.folder_of, self.count = known.folder_of, len(known.folders)
        digests = album.photos["photo_digest"].map(str)
        self.picture = _pictures(known, digests, copies)
        rows = rows_by_photo(album)
        none = np.zeros(0, dtype=np.int64)
        self.sightings = [rows.get(digest, none) for digest in digests]
        self.telling = self.distances.telling()
        self.row = self._speakers()
        self.seen = np.flatnonzero(self.row >= 0)

    def _speakers(self) -> Rows:
        """
        Return the sighting that speaks for each photo; -1 for none.

        Of several, the one that is most like the others of its folder, if it is like them; else
        the largest: somebody who stands beside the one who is meant says nothing of the folder.
        """
        areas = _areas(self.known.album)
        chosen = np.array(
            [int(own[areas[own].argmax()]) if len(own) else -1 for own in self.sightings],
            dtype=np.int64,
        )
        several = np.array([len(own) > 1 for own in self.sightings], dtype=np.bool_)
        for folder in np.unique(self.folder_of[several]):
            if folder < 0:
                continue
            own = np.flatnonzero((self.folder_of == folder) & (chosen >= 0))
            every = np.concatenate([self.sightings[item] for item in own])
            pictures = np.repeat(self.picture[own], [len(self.sightings[item]) for item in own])
            for item in own[several[own]]:
                mine = self.sightings[item]
                odds = self._odds(mine, every, pictures == self.picture[item])
                # Of a photo with several, the one that is most alike.
                order = np.argsort(pictures, kind="stable")
                starts = np.flatnonzero(np.diff(pictures[order], prepend=-1))
                best = np.maximum.reduceat(odds[:, order], starts, axis=1)
                value = _mean_of_most(best, self.most_alike)
                if value.max() > 0:
                    chosen[item] = mine[int(value.argmax())]
        return chosen

    def _odds(self, rows: Rows, others: Rows, left_out: npt.NDArray[np.bool_]) -> Floats:
        """Return the log-odds of pairs at even odds before; -inf where a pair says nothing."""
        odds = self.calibration.log_odds(self.distances.table(rows, others))
        if self.telling is not None:
            odds[~self.telling.table(rows, others)] = -np.inf
        odds[:, left_out] = -np.inf
        return odds

    def _fit(self, speaks: npt.NDArray[np.bool_]) -> _Fit:
        """Ask how like each folder each photo is, by the photos that speak for it."""
        alike = np.full((len(self.known), self.count), -np.inf)
        nearest = np.full((len(self.known), self.count), -1, dtype=np.int64)
        voices = self.seen[speaks[self.seen] & (self.folder_of[self.seen] >= 0)]
        voices = voices[np.argsort(self.folder_of[voices], kind="stable")]
        folders, starts = np.unique(self.folder_of[voices], return_index=True)
        ends = [*starts[1:].tolist(), len(voices)]
        none = np.zeros(len(voices), dtype=np.bool_)
        for start in range(0, len(self.seen), BLOCK):
            items = self.seen[start : start + BLOCK]
            odds = self._odds(self.row[items], self.row[voices], none)
            odds[self.picture[items][:, None] == self.picture[voices]] = -np.inf
            for folder, first, last in zip(folders.tolist(), starts.tolist(), ends, strict=True):
                part = odds[:, first:last]
                best = part.argmax(axis=1)
                alike[items, folder] = _mean_of_most(part, self.most_alike)
                there = np.isfinite(part[np.arange(len(items)), best])
                nearest[items[there], folder] = voices[first + best[there]]
            if self.progress is not None:
                self.progress(min(start + BLOCK, len(self.seen)), len(self.seen), "")
        return _Fit(alike, nearest, np.bincount(self.folder_of[voices], minlength=self.count))

    def _judged(self, fit: _Fit, speaks: npt.NDArray[np.bool_]) -> _Judged:
        """Say which other folder each photo is most like, and how likely it is of that, or none."""
        items, inside = np.arange(len(self.known)), self.folder_of >= 0
        whose = np.where(inside, self.folder_of, 0)
        own = np.where(inside, fit.alike[items, whose], -np.inf)
        others = fit.alike.copy()
        others[items[inside], whose[inside]] = -np.inf
        best = others.argmax(axis=1)
        other = others[items, best]
        right = np.flatnonzero(speaks & inside & np.isfinite(own))
        # A photo alone in a folder may be one of another: it teaches nothing.
        wrong, strange = self._learned(np.where(fit.voices > 1, fit.alike, -np.inf), right)
        there = np.isfinite(other)
        none = _log_odds(NEW) - strange(np.maximum(own, other))
        # Where the own folder says nothing, all there is to go by is how like the other it is.
        lonely = inside & ~np.isfinite(own)
        odds = _log_odds(WRONG) + wrong(_above(other, own))
        odds[lonely] = _log_odds(WRONG) + strange(other[lonely])
        # Who is in no folder is in the one or the other, or in none.
        second = others.copy()
        second[items, best] = -np.inf
        next_best = second.max(axis=1)
        odds[~inside] = wrong(_above(other, next_best))[~inside]
        odds[~there] = -np.inf
        none[~(there | np.isfinite(own)) | lonely] = -np.inf
        return _Judged(best, own, other, odds, none)

    def _learned(self, alike: Floats, right: Rows) -> tuple[_Line, _Line]:
        """Learn from photos that are where they belong what wrong looks like, and what known."""
        whose = self.folder_of[right]
        others = alike[right].copy()
        own = others[np.arange(len(right)), whose].copy()
        others[np.arange(len(right)), whose] = -np.inf
        other = others.max(axis=1, initial=-np.inf)
        told = np.isfinite(own) & np.isfinite(other)
        own, other, others, whose = own[told], other[told], others[told], whose[told]
        draw = np.random.default_rng(0)
        drawn = draw.integers(0, max(self.count - 1, 1), (len(own), DRAWN))
        drawn = np.minimum(drawn + (drawn >= whose[:, None]), self.count - 1)
        # In a folder drawn by chance the own one would be the other, or one that is more like it.
        there = others[np.arange(len(own))[:, None], drawn]
        wrong = (np.maximum(own, other)[:, None] - there)[np.isfinite(there)]
        # One of none of the folders is as like them as others are to folders that are not theirs.
        return _fitted(other - own, wrong), _fitted(other, own)

    def table(self) -> pd.DataFrame:
        """Return what `check` does."""
        speaks = np.ones(len(self.known), dtype=np.bool_)
        for _ in range(ROUNDS):
            fit = self._fit(speaks)
            judged = self._judged(fit, speaks)
            now = (self.folder_of < 0) | (np.maximum(judged.odds, judged.none) < 0)
            if (now == speaks).all():
                break
            speaks = now
        return self._said(fit, judged)

    def _said(self, fit: _Fit, judged: _Judged) -> pd.DataFrame:
        items = np.arange(len(self.known))
        inside, seen = self.folder_of >= 0, self.row >= 0
        whose = np.where(inside, self.folder_of, 0)
        # How likely each of the three is: as the folders say, of the other, and of none.
        of_other, of_none = judged.odds, judged.none
        rest = np.logaddexp(0.0, of_none)
        odds = np.where(np.isfinite(of_other), of_other - rest, -np.inf)
        kinds = np.full(len(items), FINE, dtype=object)
        kinds[inside & ~np.isfinite(judged.own)] = ALONE
        kinds[(of_none > 0) & (of_none > of_other)] = UNLIKE
        kinds[(of_other > 0) & (of_other >= of_none)] = OTHER
        kinds[~inside] = OUTSIDE
        kinds[~seen] = NOTHING
        there = np.isfinite(odds) & seen
        folders = np.array([*self.known.folders, ""], dtype=object)
        paths = np.array([*self.known.paths, ""], dtype=object)
        return pd.DataFrame(
            {
                "path": self.known.paths,
                "folder": folders[np.where(inside, self.folder_of, -1)],
                "suggested": folders[np.where(there, judged.best, -1)],
                "sure": np.where(there, 1 / (1 + np.exp(-np.clip(odds, -700, 700))), 0.0),
                "kind": kinds,
                "evidence": paths[np.where(there, fit.nearest[items, judged.best], -1)],
                "own_evidence": paths[np.where(inside, fit.nearest[items, whose], -1)],
                "alike": np.where(there, judged.other, -np.inf),
                "own_alike": judged.own,
                "odds": np.where(there, odds, -np.inf),
            }
        )[list(COLUMNS)]


@dataclass(frozen=True)
class _Judged:
    """The best other folder of each photo, how like it and its own it is, and the log-odds."""

    best: Rows
    own: Floats
    other: Floats
    odds: Floats
    none: Floats


@dataclass(frozen=True)
class _Line:
    """Log-odds, at even odds before, that rise with a value."""

    start: float
    slope: float

    def __call__(self, values: Floats) -> Floats:
        found: Floats = self.start + self.slope * values
        return found


def _above(one: Floats, other: Floats) -> Floats:
    """Return by how much one is above the other; -inf where nothing is known of the one."""
    known = np.isfinite(one)
    found: Floats = np.where(known, np.where(known, one, 0.0) - other, -np.inf)
    return found


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _fitted(low: Floats, high: Floats) -> _Line:
    """
    Fit a logistic that tells high values from low ones, either as many.

    Some of the low ones are taken for high by mistake (`MISTAKEN`). Few values say little: then
    they are what they are, log-odds themselves.
    """
    from scipy.optimize import minimize

    if not len(low) or not len(high):
        return _Line(0.0, 1.0)
    pull = BEFORE / len(low)

    def cost(model: Floats) -> tuple[float, Floats]:
        is_low, is_high = (
            1 / (1 + np.exp(np.clip(sign * (model[0] + model[1] * values), -500, 500)))
            for sign, values in ((1, low), (-1, high))
        )
        likely = MISTAKEN + (1 - MISTAKEN) * is_low
        of_low = (1 - MISTAKEN) * is_low * (1 - is_low) / likely / len(low)
        of_high = (is_high - 1) / len(high)
        away = model - [0.0, 1.0]
        value = -np.log(likely).mean() - np.log(np.maximum(is_high, 1e-300)).mean()
        slope = np.array([of_low.sum() + of_high.sum(), of_low @ low + of_high @ high])
        return float(value) / 2 + pull * float(away @ away), slope / 2 + 2 * pull * away

    bounds = [(None, None), (0.01, None)]
    found = minimize(cost, np.array([0.0, 1.0]), jac=True, bounds=bounds, method="L-BFGS-B").x
    return _Line(float(found[0]), float(found[1]))


def _mean_of_most(odds: Floats, most: int) -> Floats:
    """Return the mean of the largest of each row that say anything; -inf where none does."""
    wide = odds.shape[1]
    if wide > most:
        odds = np.partition(odds, wide - most, axis=1)[:, wide - most :]
    told = np.isfinite(odds)
    total = np.where(told, odds, 0.0).sum(axis=1)
    several = told.sum(axis=1)
    return np.where(several > 0, total / np.maximum(several, 1), -np.inf)
