"""The frozen types that pass between the modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.calibration import Calibration, Linkage
from toolkit.errors import IncomparableEncodings
from toolkit.names import GENERIC_WORDS as GENERIC_WORDS
from toolkit.names import SubjectInfo as SubjectInfo
from toolkit.names import Words as Words

PHOTO_COLUMNS = ("path", "photo_digest", "width", "height", "left_out")
# What a scan tells of each file beside them; an album may lack it.
FILE_COLUMNS = ("file_digest", "image_digest", "orientation")
SIGHTING_COLUMNS = ("photo_digest", "path", "left", "top", "right", "bottom", "score")
PROBLEM_COLUMNS = ("path", "stage", "reason")


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
    """

    box: Box
    score: float


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
    """

    name: str
    weights_digest: str
    dimensions: int
    metric: Literal["euclidean", "cosine", "pairs"]
    calibration: Calibration
    variant: str = ""
    linkage: Linkage = field(default_factory=Linkage)

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
        Shape (m,), float32, 0 or more, up to `farthest`.
    farthest : float
        Distance of all pairs that were not compared: finite, far above any threshold.
    left : int
        Pairs that were to be compared and were not, because it was stopped.

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

    def __post_init__(self) -> None:
        if not 0 < self.farthest < np.inf:
            raise ValueError(f"farthest is {self.farthest}; expected a number above 0")
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
        if not ((self.distance >= 0) & (self.distance <= self.farthest)).all():
            raise ValueError(f"distances of pairs must be 0 to {self.farthest}")

    @classmethod
    def of(
        cls,
        count: int,
        first: npt.NDArray[np.int64],
        second: npt.NDArray[np.int64],
        distance: npt.NDArray[np.floating],
        farthest: float,
    ) -> ComparedPairs:
        """Put pairs in any order, either row first, into one; distances end at `farthest`."""
        low, high = np.minimum(first, second), np.maximum(first, second)
        order = np.lexsort((high, low))
        away = np.minimum(np.asarray(distance, dtype=np.float32), np.float32(farthest))
        return cls(count, low[order], high[order], away[order], farthest)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> ComparedPairs:
        """Return the pairs among some of the sightings (rows, or a bool for each), renumbered."""
        rows = np.arange(self.count)[rows]
        place = np.full(self.count, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        first, second = place[self.first], place[self.second]
        both = (first >= 0) & (second >= 0)
        return ComparedPairs.of(
            len(rows), first[both], second[both], self.distance[both], self.farthest
        )


def empty_table(columns: tuple[str, ...]) -> pd.DataFrame:
    """Return a table without rows that has these columns, all of dtype object."""
    return pd.DataFrame({column: pd.Series(dtype=object) for column in columns})


@dataclass(frozen=True)
class Album:
    """
    Everything that was seen in a set of photos.

    Attributes
    ----------
    photos : pandas.DataFrame
        One row a readable file, in listing order: path, photo_digest (of the picture, whatever
        metadata there is), width, height (px, upright), left_out (detections too small or too
        blurred to be sightings); from a scan also file_digest (sha256 of the bytes), image_digest
        and orientation (see `toolkit.photos.identity`). Files of one picture have a row each and
        share their photo_digest.
    sightings : pandas.DataFrame
        One row a subject found, in photo order: photo_digest, path (of the first file with that
        digest), left, top, right, bottom (px of the upright full-size photo, right and bottom
        exclusive), score. A photo that is there twice is counted once.
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
    features : tuple of Features, or None
        What the matcher compares each sighting by; None for vectors, and where it was not kept.

    Raises
    ------
    ValueError
        If the shapes, dtypes or columns do not fit each other, or a number is not finite.
    """

    photos: pd.DataFrame
    sightings: pd.DataFrame
    encodings: npt.NDArray[np.float32]
    encoder: EncoderInfo
    problems: pd.DataFrame
    subject: SubjectInfo = field(default_factory=SubjectInfo)
    compared: ComparedPairs | None = None
    features: tuple[Features, ...] | None = None

    def __post_init__(self) -> None:
        for what in (self.compared and self.compared.count, self.features and len(self.features)):
            if what is not None and what != len(self.sightings):
                raise ValueError(f"pairs or features are of {what}, not {len(self.sightings)}")
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

    def __len__(self) -> int:
        return len(self.sightings)

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
        """Shape (n,), int64: a number for the photo of each sighting, 0 for the first photo."""
        return pd.factorize(self.sightings["photo_digest"])[0].astype(np.int64)


@dataclass(frozen=True)
class Clustering:
    """
    Sightings put together into individuals.

    Attributes
    ----------
    labels : numpy.ndarray
        Shape (n,), int64: the individual of each sighting. 0 has the most sightings; of two with
        as many, the lower number has the one that comes first.
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
