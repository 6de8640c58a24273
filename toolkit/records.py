"""The frozen types that pass between the modules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.calibration import Calibration, Linkage
from toolkit.errors import BadSetting, IncomparableEncodings
from toolkit.names import GENERIC_WORDS as GENERIC_WORDS
from toolkit.names import SubjectInfo as SubjectInfo
from toolkit.names import Words as Words

# Where pyarrow is installed, pandas would hold texts so that bytes which are no text, as names of
# files may have, have no place in them.
pd.set_option("mode.string_storage", "python")

PHOTO_COLUMNS = ("path", "photo_digest", "width", "height", "left_out")
# What a scan tells of each file beside them; an album may lack it.
FILE_COLUMNS = ("file_digest", "image_digest", "orientation")
# What a photo shows, where the detector can say it; an album may lack it.
SHOWS = "shows"
# How a photo was read, where not as it should have been; an album may lack it.
NOTE = "note"
# Between several things that one photo shows.
AND = "+"
SIGHTING_COLUMNS = ("photo_digest", "path", "left", "top", "right", "bottom", "score")
# What every album has beside them; it follows from the others.
SIGHTING_ID = "sighting_id"
PROBLEM_COLUMNS = ("path", "stage", "reason")
# Hexadecimal digits of a sighting's identifier.
ID_DIGITS = 16
# The digest of the mask that somebody painted, "" where none was; an album without any lacks it.
PAINTED = "painted"
# When a sighting is seen in a clip, in seconds, "" in a photo; an album without clips lacks it.
SECONDS = "clip_seconds"
# How a sighting stands in its photo, see `Detection.turn`; an album whose sightings are all upright
# may lack it.
TURN = "turn"
TURNS = (0, 90, 180, 270)
# How much a sighting says, 0 to 1: how likely it is as good a look as one in plain sight; an album
# of an encoder that does not say it lacks it.
WORTH = "worth"
# Longest side, in cells, of a mask.
LONGEST_MASK = 1024
# What columns that an album may lack hold, where it is joined with one that has them.
_ABSENT: dict[str, str | int] = {
    "file_digest": "",
    "image_digest": "",
    "orientation": 1,
    "ignored": 0,
    PAINTED: "",
    SECONDS: "",
    NOTE: "",
    TURN: 0,
    WORTH: 1,
}


@dataclass(frozen=True)
class Photo:
    """
    A photo as it is on disk.

    Attributes
    ----------
    path : Path
        Where the file is.
    digest : str
        Digest of the upright picture: the photo's identity, whatever the file is called, and
        whatever metadata is written into it; see `toolkit.photos.identity`.
    width, height : int
        Size in px after the EXIF orientation is applied.
    file_digest : str
        Hexadecimal sha256 of the file's bytes.
    image_digest : str
        Digest of the picture as it is stored; "" where that is the upright one.
    orientation : int
        How the stored picture is turned to be upright, 1 to 8, as EXIF numbers it.
    """

    path: Path
    digest: str
    width: int
    height: int
    file_digest: str = ""
    image_digest: str = ""
    orientation: int = 1


@dataclass(frozen=True)
class Box:
    """
    A rectangle in px of the upright, full-size photo.

    `right` and `bottom` are exclusive, as in slicing: ``image[box.top:box.bottom]``. (dlib's are
    inclusive.) A box may reach over the photo's edge where a sighting does.
    """

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError(f"a box must have an area; got {self}")

    @property
    def width(self) -> int:
        """Width in px."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in px."""
        return self.bottom - self.top

    def scaled(self, x: float, y: float) -> Box:
        """
        Return the same box in an image `x` times as wide and `y` times as high.

        Each edge is rounded to the nearest px, and the box keeps at least one px a side.
        """
        left, top = round(self.left * x), round(self.top * y)
        return Box(
            left,
            top,
            max(left + 1, round(self.right * x)),
            max(top + 1, round(self.bottom * y)),
        )


@dataclass(frozen=True)
class Mask:
    """
    Which part of a box shows the subject, cell by cell, as COCO counts it [1]_.

    Attributes
    ----------
    width, height : int
        Cells, 1 to `LONGEST_MASK`; together they are the whole box, whatever its size in px.
    counts : tuple of int
        How many cells in a row are outside, then inside, then outside, and so on: column by
        column, each from the top down. The first may be 0.

    Raises
    ------
    ValueError
        If there can be no such mask; the text says why.

    References
    ----------
    .. [1] T.-Y. Lin et al., Microsoft COCO: common objects in context, ECCV 2014; its masks are
       run-length encoded, "uncompressed RLE" where the counts are numbers.
    """

    width: int
    height: int
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if not _is_whole_number(side) or not 1 <= side <= LONGEST_MASK:
                raise ValueError(f"a side of {str(side)[:20]}; expected 1 to {LONGEST_MASK} cells")
        if len(self.counts) > self.width * self.height + 1:
            raise ValueError(f"{len(self.counts):,} counts, which are more than its cells")
        if not all(_is_whole_number(each) and each >= 0 for each in self.counts):
            raise ValueError("a count that is no whole number, 0 or more")
        if sum(self.counts) != self.width * self.height:
            raise ValueError(
                f"counts for {str(sum(self.counts))[:20]} cells; expected "
                f"{self.width} x {self.height}"
            )

    @classmethod
    def of(cls, inside: npt.NDArray[np.bool_]) -> Mask:
        """Return the mask of cells, shape (h, w), that are inside or not."""
        height, width = inside.shape
        flat = inside.ravel(order="F")
        ends = [*(np.flatnonzero(flat[1:] != flat[:-1]) + 1).tolist(), flat.size]
        first = [0] if flat[0] else []
        lengths = np.diff(np.array([0, *ends]))
        return cls(width, height, (*first, *map(int, lengths)))

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Shape (height, width), bool: which cells are inside."""
        inside = np.arange(len(self.counts)) % 2 == 1
        flat = np.repeat(inside, np.array(self.counts, dtype=np.int64))
        return flat.reshape((self.height, self.width), order="F")

    @property
    def digest(self) -> str:
        """What tells it from others: `ID_DIGITS` hexadecimal digits."""
        told = f"{self.width} {self.height} {self.counts}"
        return hashlib.sha256(told.encode()).hexdigest()[:ID_DIGITS]

    def at(
        self, across: npt.NDArray[np.float64], down: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """
        Return which points of a grid are inside.

        Parameters
        ----------
        across, down : numpy.ndarray
            Shapes (w,) and (h,), float64: columns and rows as shares of the box. What is below 0 or
            not below 1 is outside.

        Returns
        -------
        numpy.ndarray
            Shape (h, w), bool.
        """
        columns, rows = np.floor(across * self.width), np.floor(down * self.height)
        here = (columns >= 0) & (columns < self.width)
        there = (rows >= 0) & (rows < self.height)
        found: npt.NDArray[np.bool_] = self.inside[
            np.ix_(np.where(there, rows, 0).astype(int), np.where(here, columns, 0).astype(int))
        ]
        return found & there[:, None] & here[None, :]


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class Detection:
    """
    A subject found in a photo.

    Attributes
    ----------
    box : Box
        Where, in px.
    score : float
        The detector's own confidence: above 0, larger is surer. Scores of two detectors do not
        compare.
    kind : str
        What it is, where it is not the subject: it is no sighting, and the photo is said to show
        it.
    mask : Mask or None
        What of the box shows it, where somebody painted that.
    seconds : float or None
        When in a clip; None in a photo.
    turn : {0, 90, 180, 270}
        Degrees, clockwise, by which the photo has to be turned for it to stand upright.
    worth : float
        How much it says, 0 to 1, as an encoder knows when it has described it; see `WORTH`.
    aligned : Box or None
        From where it is cut out, in the px of `box`, where that is drawn and does not fit as well;
        known until it is described.
    """

    box: Box
    score: float
    kind: str = ""
    mask: Mask | None = None
    seconds: float | None = None
    turn: int = 0
    worth: float = 1.0
    aligned: Box | None = None


@dataclass(frozen=True)
class EncoderInfo:
    """
    What made an encoding, and how two of them compare.

    Attributes
    ----------
    name : str
        Such as "dlib_resnet_v1".
    weights_digest : str
        Hexadecimal sha256 of the model file.
    dimensions : int
        Numbers in one encoding; 0 for "pairs".
    metric : {"euclidean", "cosine", "pairs"}
        The distance that the encoder was trained for; or "pairs", where there are no vectors, and
        a matcher gives a distance to pairs.
    calibration : Calibration
        What its distances say. It belongs to the encoder: no threshold holds for all.
    variant : str
        What else shapes the numbers: landmarks, jitter.
    linkage : Linkage
        How groups of sightings count, where that was fitted with the calibration.
    caveat : str
        A sentence, without its full stop, on why the calibration may not hold for what was sought,
        such as that it was fitted on other animals; "" where nothing is to be said.
    """

    name: str
    weights_digest: str
    dimensions: int
    metric: Literal["euclidean", "cosine", "pairs"]
    calibration: Calibration
    variant: str = ""
    linkage: Linkage = field(default_factory=Linkage)
    caveat: str = ""

    def require_same(self, other: EncoderInfo) -> None:
        """Raise `IncomparableEncodings` unless `other` makes encodings that compare with these."""
        ours = (self.name, self.weights_digest, self.dimensions, self.metric, self.variant)
        theirs = (other.name, other.weights_digest, other.dimensions, other.metric, other.variant)
        if ours != theirs:
            raise IncomparableEncodings(
                f"encodings of {self.label} and of {other.label} cannot be compared; "
                "encode both sets of photos with the same encoder and settings"
            )

    @property
    def label(self) -> str:
        """Name, variant and the start of the weights' digest, to be read."""
        return f"{self.name} ({self.variant or 'plain'}, weights {self.weights_digest[:8]})"


# What a matcher compares one sighting by: arrays by name, such as keypoints and descriptors.
Features = Mapping[str, npt.NDArray[np.generic]]


class FeatureRows(Sequence[Features]):
    """
    Features of some sightings, each looked up where it is when it is asked for.

    Parameters
    ----------
    sources : sequence of sequence of Features
        Where they are: in memory, or in files as `toolkit.scanning.feature_file` has them.
    source, row : numpy.ndarray
        Shape (n,), int64: in which of these each is, and which of its rows.
    """

    def __init__(
        self,
        sources: Sequence[Sequence[Features]],
        source: npt.NDArray[np.int64],
        row: npt.NDArray[np.int64],
    ) -> None:
        self._sources, self._source, self._row = tuple(sources), source, row

    @classmethod
    def of(cls, features: Sequence[Features]) -> FeatureRows:
        """Return all of a sequence."""
        if isinstance(features, FeatureRows):
            return features
        count = len(features)
        return cls([features], np.zeros(count, dtype=np.int64), np.arange(count))

    @classmethod
    def joined(cls, parts: Iterable[Sequence[Features]]) -> FeatureRows:
        """Return several sequences as one."""
        sources: list[Sequence[Features]] = []
        source, row = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for part in map(cls.of, parts):
            source.append(part._source + len(sources))
            row.append(part._row)
            sources += part._sources
        return cls(sources, np.concatenate(source), np.concatenate(row))

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> FeatureRows:
        """Return some, in the order in which they are wanted."""
        return FeatureRows(self._sources, self._source[rows], self._row[rows])

    @property
    def at_once(self) -> int | None:
        """How many are in memory at once, about; None where all are."""
        known = [getattr(each, "at_once", None) for each in self._sources]
        return min((each for each in known if each is not None), default=None)

    def __len__(self) -> int:
        return len(self._row)

    @overload
    def __getitem__(self, at: int) -> Features: ...

    @overload
    def __getitem__(self, at: slice) -> list[Features]: ...

    def __getitem__(self, at: int | slice) -> Features | list[Features]:
        """Return those of one sighting, or of several."""
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        return self._sources[self._source[at]][int(self._row[at])]


@dataclass(frozen=True)
class PairScores:
    """
    What a matcher saw in pairs of sightings, before it says how far they are from each other.

    Attributes
    ----------
    shape : (int, int)
        Sightings n, and references m; n twice for pairs within one album.
    first, second : numpy.ndarray
        Shape (p,), int64: a sighting, and a sighting or reference.
    values : numpy.ndarray
        Shape (p, c), float32: c scores a pair, as the matcher's `scores` names them.
    within : bool
        Whether both are sightings of one album.
    listed : bool
        Whether a matcher named the pairs because comparing all takes too long: of each sighting,
        the most alike are among them, and those with some sightings that all are compared with.

    Raises
    ------
    ValueError
        If the arrays are not as long as each other.
    """

    shape: tuple[int, int]
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    within: bool = True
    listed: bool = False

    def __post_init__(self) -> None:
        if not len(self.first) == len(self.second) == len(self.values) or self.values.ndim != 2:
            raise ValueError("first, second and values of pairs must be as long as each other")

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class LabelledPairs:
    """
    Pairs of sightings of known individuals.

    Attributes
    ----------
    found : PairScores
        p pairs of n sightings.
    individuals : numpy.ndarray
        Shape (n,): who each sighting is.
    """

    found: PairScores
    individuals: npt.NDArray[Any]

    @property
    def same(self) -> npt.NDArray[np.bool_]:
        """Shape (p,), bool: whether the two of each pair are one individual."""
        who = self.individuals
        both: npt.NDArray[np.bool_] = who[self.found.first] == who[self.found.second]
        return both

    @property
    def serves(self) -> bool:
        """Whether there are pairs of one individual, and of two."""
        return bool(self.same.any() and not self.same.all())

    def of(self, individuals: npt.NDArray[Any]) -> LabelledPairs:
        """Return the same of some of the individuals alone."""
        return self.take(np.flatnonzero(np.isin(self.individuals, individuals)))

    def take(self, rows: npt.NDArray[np.int64]) -> LabelledPairs:
        """Return the pairs among some of the sightings, renumbered."""
        place = np.full(len(self.individuals), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        first, second = place[self.found.first], place[self.found.second]
        both = (first >= 0) & (second >= 0)
        found = PairScores(
            *((len(rows), len(rows)), first[both], second[both], self.found.values[both]),
            listed=self.found.listed,
        )
        return LabelledPairs(found, self.individuals[rows])


@dataclass(frozen=True)
class ComparedPairs:
    """
    Pairs of sightings to which a matcher gave a distance.

    Attributes
    ----------
    count : int
        Sightings, n.
    first, second : numpy.ndarray
        Shape (m,), int64: rows, first < second, sorted by first, then second, none twice.
    distance : numpy.ndarray
        Shape (m,), float32, 0 or more, up to `farthest`. NaN where the two cannot be compared, such
        as the two flanks of an animal: the pair speaks neither for one individual nor for two.
    farthest : float
        Distance of all pairs that were not compared: far above any threshold, at most 2.
    left : int
        Pairs that were to be compared and were not, because it was stopped; of some of the
        sightings, at most so many.
    values : numpy.ndarray or None
        Shape (m, c), float32: what the matcher saw in each, as its `scores` names it, NaN where it
        saw nothing; None where that is not at hand, as after a result was read again.

    Raises
    ------
    ValueError
        If that does not hold.
    """

    count: int
    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    distance: npt.NDArray[np.float32]
    farthest: float
    left: int = 0
    values: npt.NDArray[np.float32] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.values is not None and len(self.values) != len(self.distance):
            raise ValueError("values and distance of pairs must be as long as each other")
        if not 0 < self.farthest <= 2:
            raise ValueError(f"farthest is {self.farthest}; expected a number above 0, up to 2")
        if not self.first.shape == self.second.shape == self.distance.shape:
            raise ValueError("first, second and distance of pairs must be as long as each other")
        if not len(self.distance):
            return
        keys = self.first * self.count + self.second
        if (
            self.first.min() < 0
            or self.second.max() >= self.count
            or (self.first >= self.second).any()
            or (np.diff(keys) <= 0).any()
        ):
            raise ValueError("pairs must be rows of the sightings, in order, none twice")
        told = self.distance[~np.isnan(self.distance)]
        if not ((told >= 0) & (told <= self.farthest)).all():
            raise ValueError(f"distances of pairs must be 0 to {self.farthest}, or NaN")

    @classmethod
    def of(
        cls,
        count: int,
        first: npt.NDArray[np.int64],
        second: npt.NDArray[np.int64],
        distance: npt.NDArray[np.floating],
        farthest: float,
        left: int = 0,
        values: npt.NDArray[np.float32] | None = None,
    ) -> ComparedPairs:
        """Put pairs in any order, either row first, into one; distances end at `farthest`."""
        low, high = np.minimum(first, second), np.maximum(first, second)
        order = np.lexsort((high, low))
        away = np.minimum(np.asarray(distance, dtype=np.float32), np.float32(farthest))
        seen = None if values is None else values[order]
        return cls(count, low[order], high[order], away[order], farthest, left, seen)

    @classmethod
    def joined(cls, parts: Sequence[ComparedPairs | None]) -> ComparedPairs | None:
        """Put those of several albums one after the other; None where one has none."""
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        starts = np.cumsum([0, *(part.count for part in known)])
        pairs = list(zip(known, starts.tolist(), strict=False))
        values = [part.values for part in known if part.values is not None]
        return cls(
            int(starts[-1]),
            np.concatenate([part.first + start for part, start in pairs]),
            np.concatenate([part.second + start for part, start in pairs]),
            np.concatenate([part.distance for part in known]),
            max(part.farthest for part in known),
            sum(part.left for part in known),
            np.concatenate(values) if values and len(values) == len(known) else None,
        )

    @property
    def listed(self) -> bool:
        """Whether only some pairs were to be compared; see `PairScores.listed`."""
        return len(self.distance) + self.left < self.count * (self.count - 1) // 2

    def scores(self) -> PairScores:
        """
        Return what the matcher saw in the pairs in which it saw something.

        Raises
        ------
        ValueError
            If that is not at hand.
        """
        if self.values is None:
            raise ValueError("what was seen in these pairs is not at hand")
        told = ~np.isnan(self.values).any(axis=1)
        shape = (self.count, self.count)
        rows = (self.first[told], self.second[told], self.values[told])
        return PairScores(shape, *rows, listed=self.listed)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> ComparedPairs:
        """Return the pairs among some of the sightings (rows, or a bool for each), renumbered."""
        rows = np.arange(self.count)[rows]
        place = np.full(self.count, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        first, second = place[self.first], place[self.second]
        both = (first >= 0) & (second >= 0)
        values = None if self.values is None else self.values[both]
        told = (first[both], second[both], self.distance[both], self.farthest, self.left)
        return ComparedPairs.of(len(rows), *told, values)


def empty_table(columns: tuple[str, ...]) -> pd.DataFrame:
    """Return a table without rows that has these columns, all of dtype object."""
    return pd.DataFrame({column: pd.Series(dtype=object) for column in columns})


def sighting_ids(sightings: pd.DataFrame) -> list[str]:
    """
    Return the identifiers of sightings, which follow from the photo's digest and the box alone.

    Parameters
    ----------
    sightings : pandas.DataFrame
        n rows with the columns photo_digest, left, top, right, bottom.

    Returns
    -------
    list of str
        n texts, all different: the first `ID_DIGITS` hexadecimal digits of the sha256 of
        ``digest:left,top,right,bottom``. Of boxes that are the same in one photo, the first has
        that, the second has "-2" behind it, and so on, in the order of the rows.
    """
    columns = ["photo_digest", "left", "top", "right", "bottom"]
    times: dict[str, int] = {}
    found = []
    for digest, *box in sightings[columns].itertuples(index=False, name=None):
        place = f"{digest}:{','.join(map(_edge, box))}"
        name = hashlib.sha256(place.encode("utf-8", "backslashreplace")).hexdigest()[:ID_DIGITS]
        times[name] = times.get(name, 0) + 1
        found.append(name if times[name] == 1 else f"{name}-{times[name]}")
    return found


def turns_of(sightings: pd.DataFrame) -> list[int]:
    """
    Return by how many degrees, clockwise, the photo of each sighting is turned for it to stand.

    Parameters
    ----------
    sightings : pandas.DataFrame
        n rows; one that says nothing, or something that is none of `TURNS`, is upright.
    """
    if TURN not in sightings:
        return [0] * len(sightings)
    known = {str(turn): turn for turn in TURNS}
    return [known.get(str(told).strip(), 0) for told in sightings[TURN]]


def worth_of(sightings: pd.DataFrame) -> npt.NDArray[np.float64]:
    """
    Return how much each sighting says, shape (n,), 0 to 1; see `WORTH`.

    What is not told, or is none, is 1: nothing is known against it.
    """
    if WORTH not in sightings:
        return np.ones(len(sightings))
    told = pd.to_numeric(sightings[WORTH], errors="coerce").to_numpy(dtype=np.float64)
    return np.where((told >= 0) & (told <= 1), told, 1.0)


def _edge(edge: object) -> str:
    try:
        return str(int(edge))  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        # A table that was edited by hand may hold what is no edge.
        return str(edge)


@dataclass(frozen=True)
class Album:
    """
    Everything that was seen in a set of photos.

    Columns that are not named here (a station, a date, what a user noted) stay with their rows
    whatever is done with an album.

    Attributes
    ----------
    photos : pandas.DataFrame
        One row a readable file, in listing order: path, photo_digest (of the picture, whatever
        metadata there is), width, height (px, upright), left_out (detections too small or too
        blurred to be sightings); from a scan also file_digest (sha256 of the bytes), image_digest
        and orientation (see `toolkit.photos.identity`), and, where the detector says it, shows: the
        subject's name, other kinds of things, or that there is nothing, joined by `AND`. Files of
        one picture have a row each and share their photo_digest. `ignored` is there where an
        earlier version took ignored sightings out: how many are gone for good.
    sightings : pandas.DataFrame
        One row a subject found, in photo order: sighting_id (see `sighting_ids`; filled in where it
        is missing), photo_digest, path (of the first file with that digest), left, top, right,
        bottom (px of the upright full-size photo, right and bottom exclusive), score. A photo that
        is there twice is counted once.
    encodings : numpy.ndarray
        Shape (n, d), float32, finite; row i describes ``sightings.iloc[i]``.
    encoder : EncoderInfo
        What made the encodings.
    problems : pandas.DataFrame
        One row a file that could not be used: path, stage, reason.
    subject : SubjectInfo
        What was looked for.
    compared : ComparedPairs or None
        How far pairs of sightings are from each other, where a matcher says it; the encodings have
        no numbers then, shape (n, 0).
    features : sequence of Features, or None
        What the matcher compares each sighting by; None for vectors, and where it was not kept.
    ignored : numpy.ndarray
        Shape (n,), bool: sightings that are left out of everything. They keep their rows, so that
        a row number means the same sighting whatever is ignored, and is taken back. None, if not
        given.

    Raises
    ------
    ValueError
        If the shapes, dtypes or columns do not fit each other, a number is not finite, or two
        sightings have one identifier.
    """

    photos: pd.DataFrame
    sightings: pd.DataFrame
    encodings: npt.NDArray[np.float32]
    encoder: EncoderInfo
    problems: pd.DataFrame
    subject: SubjectInfo = field(default_factory=SubjectInfo)
    compared: ComparedPairs | None = None
    features: Sequence[Features] | None = None
    ignored: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def __post_init__(self) -> None:
        pairs, features = self.compared, self.features
        for name, known in (
            ("pairs", None if pairs is None else pairs.count),
            ("features", None if features is None else len(features)),
        ):
            if known is not None and known != len(self.sightings):
                raise ValueError(f"{name} are of {known} sightings, not {len(self.sightings)}")
        expected = (len(self.sightings), self.encoder.dimensions)
        if self.encodings.shape != expected:
            raise ValueError(f"encodings have shape {self.encodings.shape}; expected {expected}")
        if self.encodings.dtype != np.float32:
            raise ValueError(f"encodings are {self.encodings.dtype}; expected float32")
        if not np.isfinite(self.encodings).all():
            raise ValueError("encodings hold a number that is not finite")
        for table, columns in (
            (self.photos, PHOTO_COLUMNS),
            (self.sightings, SIGHTING_COLUMNS),
            (self.problems, PROBLEM_COLUMNS),
        ):
            missing = set(columns) - set(table.columns)
            if missing:
                raise ValueError(f"a table of the album lacks the columns {sorted(missing)}")
        self._fill_in()

    def _fill_in(self) -> None:
        """Put in what may be left away: the mask, and the identifiers."""
        count = len(self.sightings)
        if self.ignored.dtype != np.bool_:
            raise ValueError(f"ignored is {self.ignored.dtype}; expected bool")
        if self.ignored.shape != (count,):
            # A mask that leaves nothing out fits every album.
            if self.ignored.any():
                raise ValueError(f"ignored has shape {self.ignored.shape}; expected {(count,)}")
            object.__setattr__(self, "ignored", np.zeros(count, dtype=np.bool_))
        if SIGHTING_ID not in self.sightings:
            table = self.sightings.copy()
            table.insert(0, SIGHTING_ID, pd.Series(sighting_ids(table), table.index, dtype=object))
            object.__setattr__(self, "sightings", table)
        elif not self.sightings[SIGHTING_ID].is_unique:
            raise ValueError("two sightings of the album have one sighting_id")

    def __len__(self) -> int:
        return len(self.sightings)

    @property
    def kept(self) -> npt.NDArray[np.int64]:
        """Shape (k,), int64: the rows of the sightings that are not ignored, ascending."""
        return np.flatnonzero(~self.ignored)

    @property
    def words(self) -> Words:
        """What its sightings and individuals are called."""
        return self.subject.words

    @property
    def file_digests(self) -> list[str]:
        """Sha256 of each file in `photos`; the digest of its photo where that is not known."""
        table = self.photos
        known = table["file_digest"] if "file_digest" in table else [""] * len(table)
        pairs = zip(known, table["photo_digest"], strict=True)
        return [str(file) or str(photo) for file, photo in pairs]

    @property
    def photo_of(self) -> npt.NDArray[np.int64]:
        """
        Shape (n,), int64: a number for the photo of each sighting, 0 for the first photo.

        Each frame of a clip has one of its own: the same individual is in several of them.
        """
        seen_in = self.sightings["photo_digest"].astype(object)
        if SECONDS in self.sightings:
            seen_in = seen_in + " " + self.sightings[SECONDS].astype(str)
        return pd.factorize(seen_in)[0].astype(np.int64)

    def take(self, rows: npt.NDArray[np.int64] | Sequence[int]) -> Album:
        """
        Return an album of some of the sightings, and of the photos that show them.

        Problems are not among them: a file that could not be used shows no sighting.

        Parameters
        ----------
        rows : numpy.ndarray or sequence of int
            Shape (k,): which, in the order in which they are wanted, each once.

        Raises
        ------
        ValueError
            If a row is wanted twice.
        IndexError
            If there is no such row.
        """
        chosen = np.asarray(rows, dtype=np.int64).reshape(-1)
        sightings = self.sightings.iloc[chosen].reset_index(drop=True)
        shown = self.photos["photo_digest"].isin(list(sightings["photo_digest"].unique()))
        return replace(
            self,
            photos=self.photos[shown].reset_index(drop=True),
            sightings=sightings,
            encodings=self.encodings[chosen],
            problems=self.problems.iloc[:0],
            compared=None if self.compared is None else self.compared.take(chosen),
            features=self.features and FeatureRows.of(self.features).take(chosen),
            ignored=self.ignored[chosen],
        )

    def merge(self, other: Album) -> Album:
        """Return this album and another one as one; see `merged`."""
        return Album.merged([self, other])

    @staticmethod
    def merged(albums: Sequence[Album]) -> Album:
        """
        Return several albums as one, their rows one after the other.

        A photo that is in several of them (by its photo_digest) is counted once: the first album
        that has it says which files and sightings there are of it. Columns of any of them are kept;
        where an album lacks one, its cells are empty, or NaN in a column of numbers. Pairs that a
        matcher compared stay so; those of two albums are not compared yet.

        Parameters
        ----------
        albums : sequence of Album
            One or more, by the same encoder; the subject is that of the first.

        Raises
        ------
        IncomparableEncodings
            If they were encoded by different encoders.
        BadSetting
            If two of them have different pictures under one path.
        ValueError
            If there is none.
        """
        if not albums:
            raise ValueError("there is no album to merge; expected one or more")
        first, *others = albums
        for each in others:
            first.encoder.require_same(each.encoder)
        photos, sightings, rows = [], [], []
        known: set[str] = set()
        for each in albums:
            new = ~each.photos["photo_digest"].isin(known)
            own = ~each.sightings["photo_digest"].isin(known)
            photos.append(each.photos[new])
            sightings.append(each.sightings[own])
            rows.append(own.to_numpy(dtype=np.bool_))
            known |= {*each.photos["photo_digest"], *each.sightings["photo_digest"]}
        files = _stacked(photos)
        twice = files["path"][files["path"].duplicated()]
        if len(twice):
            raise BadSetting(
                f"two albums have different pictures under the path {twice.iloc[0]}; expected "
                "whole paths, of photos that did not change between the looks: look at them again"
            )
        problems = _stacked([each.problems for each in albums]).drop_duplicates("path")
        problems = problems[~problems["path"].isin(list(files["path"]))]
        return replace(
            first,
            photos=files,
            sightings=_stacked(sightings),
            encodings=np.concatenate(
                [each.encodings[own] for each, own in zip(albums, rows, strict=True)]
            ),
            problems=problems.reset_index(drop=True),
            compared=ComparedPairs.joined(
                [
                    each.compared and each.compared.take(own)
                    for each, own in zip(albums, rows, strict=True)
                ]
            ),
            features=_joined_features(albums, rows),
            ignored=np.concatenate(
                [each.ignored[own] for each, own in zip(albums, rows, strict=True)]
            ),
        )


def _joined_features(
    albums: Sequence[Album], rows: Sequence[npt.NDArray[np.bool_]]
) -> FeatureRows | None:
    """Put what is compared one after the other; None where an album has not kept it."""
    found = []
    for each, own in zip(albums, rows, strict=True):
        if each.features is None:
            return None
        found.append(FeatureRows.of(each.features).take(own))
    return FeatureRows.joined(found)


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables below each other; what one lacks is empty among texts, else NaN (or NaT)."""
    columns = list(dict.fromkeys(name for table in tables for name in table.columns))
    some = [table for table in tables if len(table)]
    if not some:
        return tables[0].reindex(columns=columns).reset_index(drop=True)
    usual = [name for name in columns if name in _ABSENT]
    whole = pd.concat(
        [
            table.assign(**{name: _ABSENT[name] for name in usual if name not in table})
            for table in some
        ],
        ignore_index=True,
    ).reindex(columns=columns)
    for name in columns:
        lacking = np.concatenate([np.full(len(table), name not in table) for table in some])
        text = pd.api.types.is_object_dtype(whole[name]) or pd.api.types.is_string_dtype(
            whole[name]
        )
        if text and name not in usual and lacking.any():
            whole[name] = whole[name].mask(lacking, "")
    return whole


@dataclass(frozen=True)
class Clustering:
    """
    Sightings put together into individuals.

    Attributes
    ----------
    labels : numpy.ndarray
        Shape (n,), int64: the individual of each sighting. 0 has the most sightings; of two with
        as many, the lower number has the one that comes first. -1 for a sighting that was not
        grouped, as it is ignored.
    method : str
        The way of grouping.
    threshold : float
        Encoder distance that it was given.
    noise : numpy.ndarray
        Shape (n,), bool: sightings that the method left out (DBSCAN's noise). Each is an
        individual of its own in `labels`.
    instead : str
        Why this is not the way of grouping that was asked for; empty where it is.
    """

    labels: npt.NDArray[np.int64]
    method: str
    threshold: float
    noise: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    instead: str = ""

    def __post_init__(self) -> None:
        if len(self.noise) != len(self.labels):
            object.__setattr__(self, "noise", np.zeros(len(self.labels), dtype=np.bool_))

    def __len__(self) -> int:
        return int(self.labels.max()) + 1 if len(self.labels) else 0

    def at(self, rows: npt.NDArray[np.int64], count: int) -> Clustering:
        """
        Return the same groups by other row numbers.

        Parameters
        ----------
        rows : numpy.ndarray
            Shape (n,), int64, ascending: the row that each sighting has among all.
        count : int
            How many there are in all; those not in `rows` are in no group.
        """
        labels = np.full(count, -1, dtype=np.int64)
        labels[rows] = self.labels
        noise = np.zeros(count, dtype=np.bool_)
        noise[rows] = self.noise
        return replace(self, labels=labels, noise=noise)
