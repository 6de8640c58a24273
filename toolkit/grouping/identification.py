"""References to matches: which known individual a sighting is, or that none is near."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadSetting
from toolkit.grouping import collages
from toolkit.grouping.linkage import reach
from toolkit.grouping.neighbours import Distances, VectorDistances, of
from toolkit.records import SIGHTING_ID, Album, EncoderInfo, FeatureRows, Features, empty_table
from toolkit.settings import RULES

WITHIN = "within the threshold"
TOO_FAR = "none of the known is within the threshold"
SECOND = "another one in the photo is nearer"
IGNORED = "ignored, as you decided"
DOUBT_COLUMNS = ("path", "name", "kind", "nearest", "distance", "beside", "used", "said")


@dataclass(frozen=True)
class References:
    """
    Known individuals, by examples.

    Attributes
    ----------
    names : tuple of str
        The individuals, in listing order.
    encodings : numpy.ndarray
        Shape (m, d), float32: one row a reference.
    individual_of : numpy.ndarray
        Shape (m,), int64: index into `names` of each reference.
    paths : tuple of str
        The photo of each reference.
    encoder : EncoderInfo
        What made the encodings.
    problems : pandas.DataFrame
        Reference photos that could not serve: path, stage, reason.
    features : sequence of Features, or None
        What a matcher compares each reference by; None for vectors. The encodings have no numbers
        then, shape (m, 0).
    compared : Compared or None
        How far the sightings of an album are from the references, where a matcher says it.
    doubts : pandas.DataFrame
        What was found when the examples were looked over (see `toolkit.grouping.examples`), one
        row a finding: path, name (whose example it is), kind, nearest (another individual whom it
        is about, or None), distance, beside (the example to look at beside it, or None), used
        (whether it is a reference), said (a sentence without a full stop).
    taken : tuple of str
        Sentences, without a full stop, that say what folders of examples were taken for, where
        they were not simply a folder an individual.
    among : Distances or None
        How far they are from each other, m in all; None where that is not known.
    boxed : frozenset of str
        Digests of example photos in which somebody drew a box.
    """

    names: tuple[str, ...]
    encodings: npt.NDArray[np.float32]
    individual_of: npt.NDArray[np.int64]
    paths: tuple[str, ...]
    encoder: EncoderInfo
    problems: pd.DataFrame
    features: Sequence[Features] | None = None
    compared: Compared | None = None
    doubts: pd.DataFrame = field(default_factory=lambda: empty_table(DOUBT_COLUMNS))
    taken: tuple[str, ...] = ()
    among: Distances | None = None
    boxed: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def not_searched(self) -> tuple[str, ...]:
        """Individuals none of whose examples serves: nobody can be found to be one of them."""
        served = set(self.individual_of.tolist())
        return tuple(name for k, name in enumerate(self.names) if k not in served)

    def with_sightings(self, album: Album, named: Mapping[int, str]) -> References:
        """
        Return the same with sightings of an album as further examples.

        Parameters
        ----------
        album : Album
            Encoded by the same encoder.
        named : mapping of int to str
            Rows of it, and whom each shows; who is not known yet is from then on.
        """
        if not named:
            return self
        rows = np.array(list(named), dtype=np.int64)
        names = tuple(dict.fromkeys([*self.names, *named.values()]))
        paths = album.sightings["path"].to_numpy(dtype=object)[rows]
        features, compared = self.features, self.compared
        if features is not None and album.features is not None:
            features = FeatureRows.joined([features, FeatureRows.of(album.features).take(rows)])
        if compared is not None:
            distances = of(album)
            away = distances.table(np.arange(len(album)), rows).astype(np.float32)
            if (telling := distances.telling()) is not None:
                away[~telling.table(None, rows)] = np.nan
            compared = replace(
                compared,
                table=np.concatenate([compared.table, away], axis=1),
                beyond=None
                if compared.beyond is None
                else np.concatenate([compared.beyond, away], axis=1),
            )
        return replace(
            self,
            names=names,
            encodings=np.concatenate([self.encodings, album.encodings[rows]]),
            individual_of=np.concatenate(
                [self.individual_of, [names.index(name) for name in named.values()]]
            ).astype(np.int64),
            paths=(*self.paths, *map(str, paths)),
            features=features,
            compared=compared,
            among=None,
        )


@dataclass(frozen=True)
class Compared:
    """
    Distances of an album's sightings to references, as a matcher gave them.

    Attributes
    ----------
    sightings : tuple of str
        The sighting_id of each: which album it was.
    table : numpy.ndarray
        Shape (n, m), float32; NaN where the two cannot be compared.
    farthest : float
        What counts where a sighting could be compared with none of an individual's references.
    beyond : numpy.ndarray or None
        The same table without an end at 0, where the evidence goes on: how sure the surest are is
        told by it. None where nothing says it.
    """

    sightings: tuple[str, ...]
    table: npt.NDArray[np.float32]
    farthest: float = 2.0
    beyond: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Matches:
    """
    Who each sighting is.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a sighting, in the album's order: name (None where none is near enough),
        nearest (the nearest individual, whoever it is), distance (to that individual), runner_up
        (the next individual, None where only one is known), margin (how much further the next
        individual is, in encoder distance; infinite where there is none), reference (the photo
        compared with, None for a mean of several), reason.
    threshold : float
        Encoder distance up to which a sighting is somebody.
    method : {"blend", "nearest", "mean"}
        What a sighting was compared with.
    """

    table: pd.DataFrame
    threshold: float
    method: str


def match(
    album: Album,
    references: References,
    *,
    threshold: float,
    method: str = "blend",
    one_per_photo: bool = True,
) -> Matches:
    """
    Give each sighting the name of the nearest known individual within a threshold.

    Parameters
    ----------
    album : Album
        n sightings; those that are ignored get no name, and stand in nobody's way.
    references : References
        Known individuals, encoded by the same encoder.
    threshold : float
        Largest distance at which a sighting is somebody, inclusive.
    method : {"blend", "nearest", "mean"}
        Compare by the distance to each individual's nearest reference; by the mean distance to all
        of them, which counts less the more there are, as in `toolkit.grouping.linkage.tree`; or by
        the mean of these two. With one reference an individual, all are the same.
    one_per_photo : bool
        Of several sightings in a photo that are nearest to one individual, only the nearest gets
        the name; the others stay unknown. Not for a subject of which two in a photo may be one,
        and not in photos that show pictures (`toolkit.grouping.collages`).

    Returns
    -------
    Matches
        With the distance and the margin to the next individual, which tell how sure each is.

    Raises
    ------
    IncomparableEncodings
        If the two were encoded by different encoders.
    BadSetting
        If there is no such method, or a matcher has not compared these with each other yet.
    """
    album.encoder.require_same(references.encoder)
    away, reference = to_individuals(album, references, method)
    count, individuals = away.shape
    rows = np.arange(count)
    order = np.argsort(away, axis=1, kind="stable")
    nearest = order[:, 0] if individuals else np.zeros(count, dtype=np.int64)
    distance = away[rows, nearest] if individuals else np.full(count, np.inf)
    accepted = distance <= threshold
    reason = np.where(accepted, WITHIN, TOO_FAR).astype(object)
    accepted &= ~album.ignored
    reason[album.ignored] = IGNORED
    if one_per_photo and album.subject.exclusive_in_photo:
        second = accepted & ~_first_of_each(album.photo_of, nearest, distance, accepted)
        # In a picture of pictures somebody can be twice.
        second &= ~np.isin(album.photo_of, collages.photos(album))
        accepted &= ~second
        reason[second] = SECOND
    names = np.array([*references.names, None], dtype=object)
    runner_up = order[:, 1] if individuals > 1 else np.full(count, individuals)
    margin = away[rows, runner_up] - distance if individuals > 1 else np.full(count, np.inf)
    paths = np.array([*references.paths, None], dtype=object)
    table = pd.DataFrame(
        {
            "name": pd.Series(names[np.where(accepted, nearest, individuals)], dtype=object),
            "nearest": pd.Series(names[nearest], dtype=object),
            "distance": distance,
            "runner_up": pd.Series(names[runner_up], dtype=object),
            "margin": margin,
            "reference": pd.Series(
                paths[reference[rows, nearest]] if individuals else [None] * count, dtype=object
            ),
            "reason": pd.Series(reason, dtype=object),
        }
    )
    return Matches(table, threshold, method)


def to_individuals(
    album: Album, references: References, method: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """
    Return how far each sighting is from each individual, and the reference behind it.

    Parameters
    ----------
    album, references, method
        As for `match`.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray)
        Shape (n, individuals) both: distances, float64, infinite where an individual has no
        reference; and the reference, int64, -1 for a mean of several.
    """
    count, individuals = len(album), len(references.names)
    away = np.full((count, individuals), np.inf)
    behind = np.full((count, individuals), -1, dtype=np.int64)
    if method not in RULES:
        raise BadSetting(f"method is {method!r}; expected one of {', '.join(RULES)}")
    if not count:
        return away, behind
    across = _across(album, references)
    farthest = np.inf if references.compared is None else references.compared.farthest
    for individual in range(individuals):
        own = np.flatnonzero(references.individual_of == individual)
        if not len(own):
            continue
        each = across(own)
        told = ~np.isnan(each)
        each = np.where(told, each, farthest)
        best = each.argmin(axis=1)
        nearest = each[np.arange(count), best]
        several = told.sum(axis=1)
        mean = np.where(told, each, 0.0).sum(axis=1) / np.maximum(several, 1)
        mean = np.where(several > 0, mean, farthest) * reach(
            len(own), album.encoder.linkage.discount
        )
        by_rule = {"nearest": nearest, "mean": mean, "blend": (nearest + mean) / 2}
        away[:, individual] = by_rule[method]
        if method != "mean" or len(own) == 1:
            behind[:, individual] = own[best]
    return away, behind


def _across(
    album: Album, references: References
) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]]:
    """Return what says how far each sighting is from some of the references."""
    if album.encoder.metric != "pairs":
        metric = album.encoder.metric
        ours = VectorDistances(album.encodings, metric)
        theirs = VectorDistances(references.encodings, metric)
        return lambda rows: ours.to(theirs[rows])
    compared = references.compared
    if compared is None or list(compared.sightings) != album.sightings[SIGHTING_ID].to_list():
        raise BadSetting(
            "the references were not compared with these sightings yet; expected what "
            "toolkit.scanning.comparing.compare_with returns"
        )
    table = compared.table
    return lambda rows: table[:, rows].astype(np.float64)


def _first_of_each(
    photo_of: npt.NDArray[np.int64],
    nearest: npt.NDArray[np.int64],
    distance: npt.NDArray[np.float64],
    accepted: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Mark the nearest accepted sighting of each individual in each photo."""
    first = np.zeros(len(nearest), dtype=np.bool_)
    seen: set[tuple[int, int]] = set()
    for row in np.argsort(distance, kind="stable"):
        key = (int(photo_of[row]), int(nearest[row]))
        if accepted[row] and key not in seen:
            seen.add(key)
            first[row] = True
    return first
