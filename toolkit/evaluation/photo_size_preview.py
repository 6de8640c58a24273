"""One photo at one size beside itself at full size, for somebody who chooses a size."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from toolkit.errors import UnreadablePhoto
from toolkit.evaluation import photo_size
from toolkit.evaluation.photo_size_costs import UNSHRUNK, SubjectMaker, Way, settings_for
from toolkit.evaluation.photo_size_matching import PLACE, pair_boxes, sizes_of
from toolkit.evaluation.photo_size_study import ResizeStudy
from toolkit.files import folder_at
from toolkit.photos import opening
from toolkit.progress import Progress
from toolkit.scanning.scan import scan
from toolkit.settings import AutopilotSettings
from toolkit.subjects import registry
from toolkit.subjects.base import Subject

Ints = npt.NDArray[np.int64]
Kind = Literal["found", "lost", "new"]
# Long edges that are offered, in px, and the longer side of a picture of a photo.
STEPS = (300, 400, 500, 600, 800, 1000, 1200, 1600, 2000, 2400, 3200, 4800, 6400)
WIDEST = 800
QUALITY = 90
# What the settings take for "not shrunk".
NOT_SHRUNK = 20_000


@dataclass(frozen=True)
class PhotoLook:
    """
    What was found in one photo at one size.

    Attributes
    ----------
    path : Path
        The photo.
    way : (str, int)
        Detector, and long edge in px; 0 is the full size.
    width, height : int
        Of the photo at full size, in px.
    boxes : numpy.ndarray
        Shape (n, 4), int64: left, top, right, bottom in px of the full-size photo, right and bottom
        exclusive, best score first. Those that a run would leave out are left out.
    seconds : float
        CPU seconds in one thread, from the file to the encodings.
    """

    path: Path
    way: Way
    width: int
    height: int
    boxes: Ints
    seconds: float

    @property
    def scale(self) -> float:
        """How many px here one px of the full-size photo is, at most 1."""
        longest = max(self.width, self.height)
        return min(1.0, (self.way[1] or longest) / longest)


class Looks:
    """
    Looks at photos, each at each size and with each detector once.

    Threads may share one.

    Parameters
    ----------
    settings : AutopilotSettings, optional
        How else photos are searched.
    make : callable, optional
        Makes what to look for from settings; the default subject if not given.
    """

    def __init__(
        self,
        settings: AutopilotSettings | None = None,
        *,
        make: SubjectMaker = registry.subject_for,
    ) -> None:
        self.settings = settings or AutopilotSettings()
        self._make = make
        self._subjects: dict[str, Subject] = {}
        self._made: dict[tuple[object, ...], PhotoLook] = {}
        self._lock = threading.Lock()

    def at(
        self, path: Path, way: Way, *, stop: Callable[[], bool] | None = None
    ) -> PhotoLook | None:
        """
        Look at a photo, unless that was done already and the file is the same.

        Parameters
        ----------
        path : Path
            The photo.
        way : (str, int)
            Detector, and long edge in px, less than the photo's own; 0 is the full size.
        stop : callable, optional
            Asked several times a second; after its first yes, None is returned.

        Raises
        ------
        UnreadablePhoto
            With the photo's name, if it cannot be read or searched.
        """
        key = (path, _state(path), way)
        if (known := self._made.get(key)) is not None:
            return known
        subject = self._subject(way[0])
        settings = self.settings
        with closing(
            scan(
                [path],
                subject,
                long_edge=way[1] or UNSHRUNK,
                min_size=settings.min_size,
                min_sharpness=settings.min_sharpness,
                stop=stop,
            )
        ) as results:
            result = next(iter(results), None)
        if result is None:
            return None
        if result.problem is not None or result.photo is None:
            reason = "" if result.problem is None else result.problem[1]
            raise UnreadablePhoto(f"{path.name}: {reason}")
        edges = [[getattr(one.box, edge) for edge in PLACE] for one in result.detections]
        look = PhotoLook(
            path,
            way,
            result.photo.width,
            result.photo.height,
            np.array(edges, dtype=np.int64).reshape(-1, 4),
            sum(result.seconds.values()),
        )
        self._made[key] = look
        return look

    def known(self, path: Path, way: Way) -> PhotoLook | None:
        """Return what `at` would without looking; None if it had to look."""
        return self._made.get((path, _state(path), way))

    def _subject(self, detector: str) -> Subject:
        with self._lock:
            if detector not in self._subjects:
                # What is shrunk is never doubled by itself: one subject serves for all sizes.
                made = self._make(settings_for(self.settings, (detector, 0)))
                # The first search takes longer than any other.
                made.detector.detect(np.zeros((100, 100, 3), dtype=np.uint8))
                self._subjects[detector] = made
            return self._subjects[detector]


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


class Mark(NamedTuple):
    """A box in a photo: what became of the sighting, and where it is, as shares of the photo."""

    kind: Kind
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Comparison:
    """
    One photo at one size, and what the same detector finds at full size.

    Attributes
    ----------
    here : PhotoLook
        At this size.
    full : PhotoLook or None
        At full size; None as long as that is not known.
    found, new : numpy.ndarray
        int64, rows of `here.boxes`: sightings that are found at both sizes, and here only. Without
        `full`, all count as found.
    lost : numpy.ndarray
        int64, rows of `full.boxes`: sightings that are found at full size only.
    """

    here: PhotoLook
    full: PhotoLook | None
    found: Ints
    new: Ints
    lost: Ints

    @property
    def lost_sizes(self) -> npt.NDArray[np.float64]:
        """Shorter sides of the sightings lost, in px of the full-size photo, largest first."""
        boxes = np.zeros((0, 4)) if self.full is None else self.full.boxes[self.lost]
        return np.sort(sizes_of(pd.DataFrame(boxes, columns=PLACE)))[::-1]

    @property
    def marks(self) -> list[Mark]:
        """The boxes to draw, those found first."""
        parts: list[tuple[Kind, Ints]] = [
            ("found", self.here.boxes[self.found]),
            ("new", self.here.boxes[self.new]),
        ]
        if self.full is not None:
            parts.append(("lost", self.full.boxes[self.lost]))
        size = np.array([self.here.width, self.here.height] * 2)
        return [
            Mark(kind, left, top, right - left, bottom - top)
            for kind, boxes in parts
            for left, top, right, bottom in (boxes / size).clip(0, 1).tolist()
        ]


def compare(here: PhotoLook, full: PhotoLook | None) -> Comparison:
    """
    Say which sightings of the full size are found, by `photo_size_matching.pair_boxes`.

    Parameters
    ----------
    here, full : PhotoLook
        Of the same photo and with the same detector; `full` None where it is not known yet.
    """
    rows = np.arange(len(here.boxes), dtype=np.int64)
    none = rows[:0]
    if full is None:
        return Comparison(here, None, rows, none, none)
    first, second = pair_boxes(full.boxes.astype(np.float64), here.boxes.astype(np.float64))
    every = np.arange(len(full.boxes), dtype=np.int64)
    return Comparison(
        here, full, np.sort(second), np.setdiff1d(rows, second), np.setdiff1d(every, first)
    )


def photos_in(folder: str | Path) -> tuple[Path, ...]:
    """
    Return the photos of a folder and of its subfolders, by name.

    Raises
    ------
    BadFolder
        If there is no such folder.
    """
    return tuple(opening.find(folder_at(folder)).photos)


class Shown(NamedTuple):
    """A JPEG of a photo, whose longer side is at most `WIDEST` px, and the photo's size in px."""

    jpeg: bytes
    width: int
    height: int


def picture(path: Path, long_edge: int) -> Shown:
    """
    Return a photo as it is at a long edge in px; 0 is the full size.

    Raises
    ------
    UnreadablePhoto
        With the photo's name, if it cannot be read.
    """
    try:
        opened = opening.open_shrunk(path, long_edge=min(long_edge or WIDEST, WIDEST))
    except UnreadablePhoto as error:
        raise UnreadablePhoto(f"{path.name}: {error}") from error
    stream = io.BytesIO()
    Image.fromarray(opened.small).save(stream, "JPEG", quality=QUALITY)
    return Shown(stream.getvalue(), opened.width, opened.height)


def edges_for(longest: int, also: Iterable[int] = ()) -> tuple[int, ...]:
    """
    Return the long edges to offer for a photo: steps that shrink it, ascending, then 0.

    Parameters
    ----------
    longest : int
        The photo's longer side, in px.
    also : iterable of int
        Other long edges in px to offer.
    """
    return (*sorted(edge for edge in {*STEPS, *also} if 0 < edge < longest), 0)


def settings_at(way: Way) -> dict[str, Any]:
    """Return the settings that search photos in this way, at full size without doubling them."""
    if way[1]:
        return {"long_edge": way[1], "detector": way[0]}
    return {"long_edge": NOT_SHRUNK, "upsample": 0, "detector": way[0]}


class _Cancelled(Exception):
    """Ends a study from inside its progress."""


def study_of(
    folder: str,
    *,
    long_edges: Sequence[int],
    detectors: Sequence[str],
    sample: int,
    settings: AutopilotSettings,
    progress: Progress,
    stopped: Callable[[], bool],
    study: Callable[..., ResizeStudy] = photo_size.resize,
    subject: Subject | None = None,
) -> ResizeStudy | None:
    """
    Compare sizes and detectors on a sample of a folder; memory is not measured.

    Parameters
    ----------
    folder, long_edges, detectors, sample, settings
        As for `toolkit.evaluation.photo_size.resize`.
    progress : callable
        Called with a word for the work, the number done, the total, and the item just done.
    stopped : callable
        Asked after each photo; after its first yes, None is returned.
    study : callable, optional
        What does it.
    subject : Subject, optional
        What is sought, by all detectors; what the settings say, if not given.
    """

    def tell(work: str, done: int, total: int, item: str) -> None:
        if stopped():
            raise _Cancelled
        progress(work, done, total, item)

    try:
        return study(
            folder,
            long_edges=long_edges,
            detectors=detectors,
            sample=sample,
            settings=settings,
            progress=tell,
            # With a subject that is given, no photo is searched once more for the memory it takes.
            subject=registry.subject_for if subject is None else lambda _: subject,
        )
    except _Cancelled:
        return None


def measured(table: pd.DataFrame, way: Way) -> int | None:
    """Return the row of a study's table that is this way; None where it was not measured."""
    rows = np.flatnonzero((table["detector"] == way[0]) & (table["long_edge"] == way[1]))
    return int(rows[0]) if len(rows) else None
