"""Photos to a gallery, one result a photo, in the order given whatever the number of threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import photos
from toolkit.errors import UnreadablePhoto
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Detection,
    EncoderInfo,
    Gallery,
    Photo,
    empty_table,
)
from toolkit.subjects.base import Subject

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class PhotoResult:
    """
    What became of one file.

    Attributes
    ----------
    path : Path
        The file.
    photo : Photo or None
        None where it could not be read.
    detections : tuple of Detection
        Subjects, boxes in px of the full-size photo, best score first.
    encodings : numpy.ndarray
        Shape (len(detections), d), float32.
    problem : tuple of (str, str) or None
        Stage and reason, where something went wrong.
    seconds : dict of str to float
        CPU seconds by stage: read, decode, detect, encode.
    copy_of : Path or None
        The first file with the same bytes, whose subjects these are.
    """

    path: Path
    photo: Photo | None
    detections: tuple[Detection, ...]
    encodings: npt.NDArray[np.float32]
    problem: tuple[str, str] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    copy_of: Path | None = None


def scan(
    paths: Iterable[Path],
    subject: Subject,
    *,
    long_edge: int,
    min_face: int = 0,
    jobs: int = 1,
) -> Generator[PhotoResult, None, None]:
    """
    Find and describe the subjects of each photo.

    Stop iterating to cancel: what is under way is finished, nothing more is begun.

    Parameters
    ----------
    paths : iterable of Path
        Photos.
    subject : Subject
        What to look for.
    long_edge : int
        Longer side, in px, to which photos are shrunk for detection.
    min_face : int
        Shorter side of a box, in px of the full-size photo, below which it is left out.
    jobs : int
        Threads. The results, and their order, are the same for any number.

    Yields
    ------
    PhotoResult
        One a path, in the order given. Byte-identical files are described once.
    """
    first_with: dict[str, tuple[Path, Future[PhotoResult]]] = {}
    waiting: deque[tuple[Path, Path | None, Future[PhotoResult]]] = deque()
    pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="scan")
    try:
        for path in paths:
            waiting.append(_submit(pool, path, first_with, subject, long_edge, min_face))
            # No more than this many decoded photos are in memory, however many there are to do.
            while len(waiting) > jobs + 1:
                yield _finished(*waiting.popleft())
        while waiting:
            yield _finished(*waiting.popleft())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _submit(
    pool: ThreadPoolExecutor,
    path: Path,
    first_with: dict[str, tuple[Path, Future[PhotoResult]]],
    subject: Subject,
    long_edge: int,
    min_face: int,
) -> tuple[Path, Path | None, Future[PhotoResult]]:
    started = time.thread_time()
    try:
        digest = photos.digest_of(path)
    except UnreadablePhoto as error:
        failed: Future[PhotoResult] = Future()
        failed.set_result(_problem(path, subject, "reading", error))
        return path, None, failed
    seconds = {"read": time.thread_time() - started}
    if digest in first_with:
        first, future = first_with[digest]
        return path, first, future
    future = pool.submit(_examine, path, digest, subject, long_edge, min_face, seconds)
    first_with[digest] = (path, future)
    return path, None, future


def _finished(path: Path, copy_of: Path | None, future: Future[PhotoResult]) -> PhotoResult:
    result = future.result()
    if copy_of is None:
        return result
    photo = result.photo
    if photo is not None:
        photo = Photo(path, photo.digest, photo.width, photo.height)
    return PhotoResult(
        path, photo, result.detections, result.encodings, result.problem, {}, copy_of
    )


def _examine(
    path: Path,
    digest: str,
    subject: Subject,
    long_edge: int,
    min_face: int,
    seconds: dict[str, float],
) -> PhotoResult:
    try:
        with _timed(seconds, "decode"):
            opened = photos.open_shrunk(path, long_edge=long_edge)
    except UnreadablePhoto as error:
        return _problem(path, subject, "decoding", error)
    with _timed(seconds, "detect"):
        found = subject.detector.detect(opened.small)
    across = opened.width / opened.small.shape[1]
    down = opened.height / opened.small.shape[0]
    detections = [Detection(d.box.scaled(across, down), d.score) for d in found]
    detections = [d for d in detections if min(d.box.width, d.box.height) >= min_face]
    encodings = _nothing(subject)
    if detections:
        full = opened.full
        try:
            with _timed(seconds, "decode"):
                full = photos.open_upright(path) if full is None else full
        except UnreadablePhoto as error:
            return _problem(path, subject, "decoding", error)
        with _timed(seconds, "encode"):
            chips = subject.encoder.chips(full, [d.box for d in detections])
            encodings = subject.encoder.encode(chips)
    photo = Photo(path, digest, opened.width, opened.height)
    return PhotoResult(path, photo, tuple(detections), encodings, None, seconds)


def _nothing(subject: Subject) -> npt.NDArray[np.float32]:
    return np.zeros((0, subject.encoder.info.dimensions), dtype=np.float32)


def _problem(path: Path, subject: Subject, stage: str, error: Exception) -> PhotoResult:
    return PhotoResult(path, None, (), _nothing(subject), (stage, str(error)))


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    started = time.thread_time()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + time.thread_time() - started


def gather(
    results: Iterable[PhotoResult],
    encoder: EncoderInfo,
    *,
    skipped: Iterable[tuple[Path, str]] = (),
) -> Gallery:
    """
    Put the results of a scan into one gallery.

    Parameters
    ----------
    results : iterable of PhotoResult
        What `scan` yields; taken one by one.
    encoder : EncoderInfo
        What made the encodings.
    skipped : iterable of (Path, str)
        Files that were not tried, with the reason: they join the problems.

    Returns
    -------
    Gallery
        Rows in the order of the results; a byte-identical copy adds a photo, and no sighting.
    """
    rows: list[tuple[object, ...]] = []
    sightings: list[tuple[object, ...]] = []
    problems: list[tuple[object, ...]] = []
    encodings: list[npt.NDArray[np.float32]] = []
    for result in results:
        if result.problem is not None:
            problems.append((str(result.path), *result.problem))
        if result.photo is None:
            continue
        photo = result.photo
        rows.append((str(photo.path), photo.digest, photo.width, photo.height))
        if result.copy_of is not None:
            continue
        for detection in result.detections:
            box = detection.box
            place = (box.left, box.top, box.right, box.bottom)
            sightings.append((photo.digest, str(photo.path), *place, detection.score))
        encodings.append(result.encodings)
    problems.extend((str(path), "listing", reason) for path, reason in skipped)
    empty = np.zeros((0, encoder.dimensions), dtype=np.float32)
    return Gallery(
        photos=_table(rows, PHOTO_COLUMNS),
        sightings=_table(sightings, SIGHTING_COLUMNS),
        encodings=np.concatenate([empty, *encodings]),
        encoder=encoder,
        problems=_table(problems, PROBLEM_COLUMNS),
    )


def _table(rows: list[tuple[object, ...]], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)) if rows else empty_table(columns)


def watched(
    results: Iterable[PhotoResult], total: int, progress: Progress | None
) -> Iterator[PhotoResult]:
    """
    Pass results on, telling `progress` after each.

    Parameters
    ----------
    results : iterable of PhotoResult
        What `scan` yields.
    total : int
        How many there will be.
    progress : callable or None
        Called with the number done, the total, and the path of the photo just done.
    """
    for done, result in enumerate(results, start=1):
        if progress is not None:
            progress(done, total, str(result.path))
        yield result
