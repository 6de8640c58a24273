"""Photos to an album, one result a photo, in the order given whatever the number of threads."""

from __future__ import annotations

import sys
import time
from array import array
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import memory
from toolkit.errors import UnreadablePhoto
from toolkit.photos import clips, opening
from toolkit.photos.demand import LARGE, SCALES
from toolkit.photos.identity import Identity, identify
from toolkit.photos.passed_over import LEFT_OUT
from toolkit.photos.quality import sharpness
from toolkit.progress import stopwatch
from toolkit.records import (
    AND,
    FILE_COLUMNS,
    NOTE,
    PAINTED,
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SECONDS,
    SHOWS,
    SIGHTING_COLUMNS,
    TURN,
    WORTH,
    Album,
    Box,
    Detection,
    EncoderInfo,
    Features,
    Photo,
    SubjectInfo,
    empty_table,
)
from toolkit.scanning.feature_file import FeatureFile
from toolkit.scanning.first_files import FirstFiles, Said
from toolkit.scanning.missed import Missed, joined
from toolkit.scanning.searching import needed, search, size_for
from toolkit.scanning.store import Kept, Look, Recall
from toolkit.scanning.workers import SPAN, Crew, Read, Threads
from toolkit.subjects.base import Subject, chips_of, describe, look_key, needs, silence

if TYPE_CHECKING:
    from toolkit.scanning.cluster import Machines

Progress = Callable[[int, int, str], None]
T = TypeVar("T")

# Subjects, or photos without any, that are encoded together.
BATCH = 16
# Seconds between two questions whether to stop, while a photo is under way.
PAUSE = 0.1
# Px of a subject's shorter side that are more than any chip shows; and what share of the memory
# that can be had is there a moment later as well.
FINE, SURELY = 1000, 0.9
# How columns of numbers are held: whole ones and others, 8 bytes each.
WHOLE, REAL = "q", "d"
NUMBERS = dict.fromkeys(("width", "height", "left_out", "orientation"), WHOLE)
NUMBERS |= dict.fromkeys(("left", "top", "right", "bottom"), WHOLE) | {"score": REAL}
# Where the digests are among the columns of photos.
DIGESTS = tuple(
    (*PHOTO_COLUMNS, *FILE_COLUMNS).index(name)
    for name in ("photo_digest", "file_digest", "image_digest")
)
# What a note says of a photo that more memory would have shown more sharply.
WANT = "for want of memory (--memory)"
SMALLER = "use a smaller --long-edge or --upsample"


class Stop:
    """A question, whether to stop, that any thread may ask; once answered yes, it stays so."""

    def __init__(self, ask: Callable[[], bool] | None) -> None:
        self.ask, self.said = ask, False

    def __call__(self) -> bool:
        """Whether to stop."""
        if not self.said and self.ask is not None and self.ask():
            self.said = True
        return self.said


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
    features : tuple of Features
        What a matcher compares each of them by; empty for vectors.
    known : bool
        Whether it was in the store and not looked at.
    problem : tuple of (str, str) or None
        Stage and reason, where something went wrong.
    seconds : dict of str to float
        CPU seconds by stage: read, decode, detect, align, encode.
    copy_of : Path or None
        The first file with the same picture, which has its subjects: this one has none.
    left_out : int
        Detections that were too small or too blurred.
    shows : str
        What the photo shows; "" where the detector does not say it.
    note : str
        How it was read, where not as it should have been; "" else.
    """

    path: Path
    photo: Photo | None
    detections: tuple[Detection, ...]
    encodings: npt.NDArray[np.float32]
    problem: tuple[str, str] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    copy_of: Path | None = None
    left_out: int = 0
    features: tuple[Features, ...] = ()
    known: bool = False
    shows: str = ""
    note: str = ""


def scan(
    paths: Iterable[Path],
    subject: Subject,
    *,
    long_edge: int,
    min_size: int = 0,
    min_sharpness: float = 0.0,
    jobs: int = 1,
    gigabytes: float = 0.0,
    stop: Callable[[], bool] | None = None,
    seen: Callable[[Path], None] | None = None,
    recall: Recall | None = None,
    missed: Missed | None = None,
    machines: Machines | None = None,
) -> Generator[PhotoResult, None, None]:
    """
    Find and describe the subjects of each photo.

    Photos are decoded and searched in threads; the subjects of several are encoded together, which
    is quicker. Close the generator to cancel: what is under way is finished, nothing more is begun.
    `stop` does not wait for that: a photo under way is dropped, and its thread ends with it. A
    program that ends meanwhile waits for it: a thread cut off inside a network can crash.

    Parameters
    ----------
    paths : iterable of Path
        Photos.
    subject : Subject
        What to look for.
    long_edge : int
        Longer side, in px, to which photos are shrunk for detection.
    min_size : int
        Shorter side of a box, in px of the full-size photo, below which it is left out.
    min_sharpness : float
        Sharpness of a chip (see `toolkit.photos.quality`) below which it is left out.
    jobs : int
        Threads. The results, and their order, are the same for any number.
    gigabytes : float
        What all photos under way may take in memory, in GB; 0 for what this computer can give. A
        photo waits until it fits beside the others; one that never will is a problem.
    stop : callable, optional
        Asked, from several threads, before each photo is begun and taken, and while one is waited
        for. After its first yes, the results are those of the photos that `seen` was told of.
    seen : callable, optional
        Told of each photo, in the order given and in the caller's thread, as soon as it is decoded
        and searched; the results, which need encodings, come in batches.
    recall : Recall, optional
        Where what was seen earlier is, and where it is kept, batch by batch.
    missed : Missed, optional
        Boxes around subjects that were not found: they are found whatever their size and sharpness.
    machines : Machines, optional
        Who looks at the photos in place of threads: `toolkit.scanning.workers.hired`. The results
        are the same.

    Yields
    ------
    PhotoResult
        One a path, in the order given. Files that are known to hold one picture before they are
        decoded are described once: the first has its subjects, the others name it, and have none
        (`with_subjects` gives them to each). Nothing is held in memory of a photo that is done.
    """
    asked = Stop(stop)
    waiting: deque[tuple[int, Seen | Future[Seen]]] = deque()
    batch: list[Seen] = []
    encoding: deque[tuple[list[Seen], Future[Encoded]]] = deque()
    recall = recall or Recall(None, "", subject.encoder.info)
    missed = missed or Missed()
    how = How(subject, long_edge, min_size, min_sharpness, asked, recall, missed)
    ordinary = memory.EACH // 2 + needs(subject.detector, long_edge, long_edge)
    memory.use(gigabytes, threads=jobs, each=ordinary)
    crew: Crew = (
        Threads(jobs, how, read=read_file, examine=examine, encode=encode)
        if machines is None
        else machines.crew(how, gigabytes)
    )
    taken = 0

    def begin_encoding() -> None:
        now = list(batch)
        # Where all is known there is nothing to encode, and nobody to wait for.
        some = any(len(each.chips) for each in now)
        encoding.append((now, crew.encode(now) if some else _done(encode(how, now))))
        batch.clear()

    def take_one() -> None:
        nonlocal taken
        number, seen_now = waiting.popleft()
        batch.append(replace(_taken(seen_now, asked), number=number))
        if seen is not None:
            seen(batch[-1].path)
        taken += 1
        if is_full(batch) or taken % SPAN == 0:
            begin_encoding()

    first = FirstFiles()
    try:
        try:
            for file in crew.read(paths):
                waiting.append(_submit(crew, file, first, how))
                while len(waiting) > crew.ahead:
                    take_one()
                while len(encoding) > 1:
                    taken_from(encoding[0][1], asked)
                    yield from _finished(*encoding.popleft(), how, first)
            while waiting:
                take_one()
            begin_encoding()
        except CancelledError:
            if not asked.said:
                raise
            crew.leave(wait=False)
            # Not left to the crew, whose threads may be busy with photos for long.
            encoding.append((batch, Future()))
            encoding[-1][1].cancel()
        while encoding:
            yield from _finished(*encoding.popleft(), how, first)
    finally:
        crew.leave(wait=not asked.said)
        first.close()


def is_full(batch: Sequence[Seen]) -> bool:
    """
    Whether the subjects of some photos are encoded together, without waiting for more.

    That follows from the photos alone, so that neither the number of threads nor who does it can
    change a result by as much as the last bit.
    """
    return len(batch) >= BATCH or sum(len(each.chips) for each in batch) >= BATCH


@dataclass(frozen=True)
class How:
    """What to look for, and what to leave out."""

    subject: Subject
    long_edge: int
    min_size: int
    min_sharpness: float
    stop: Stop
    recall: Recall
    missed: Missed

    @cached_property
    def no_encodings(self) -> npt.NDArray[np.float32]:
        """Shape (0, d), float32."""
        return np.zeros((0, self.subject.encoder.info.dimensions), dtype=np.float32)

    def key(self, path: Path, who: Identity, photo: str) -> str:
        """Return what shapes what is found in this photo alone."""
        drawn = self.missed.of(who, photo).key
        other = look_key(self.subject.detector, path)
        return f"{other}:drawn {drawn}" if drawn else other

    def size(self, width: int, height: int, long_edge: int) -> tuple[int, int]:
        """Return at which size, in px, a photo is searched."""
        return size_for(self.subject.detector, width, height, long_edge)


@dataclass(frozen=True)
class Seen:
    """A photo of which only the encodings are missing."""

    path: Path
    photo: Photo | None
    detections: tuple[Detection, ...]
    chips: npt.NDArray[np.uint8]
    problem: tuple[str, str] | None
    seconds: dict[str, float]
    left_out: int = 0
    # Its number among the first files of pictures; whether it is another file of that picture.
    number: int = 0
    again: bool = False
    who: Identity | None = None
    look: Look | None = None
    # When its reading began, in ns; 0 where it was not read.
    read: int = 0
    shows: str = ""
    # What else shapes what is found in it: see `How.key`.
    key: str = ""
    # How it was read, where not as it should have been.
    note: str = ""
    # What its chips were encoded to, where that was done elsewhere, and they stayed there.
    made: Encoded | None = None


# The encodings of a batch, or its features, one after the other, how much each says, and the CPU
# seconds they took.
Encoded = tuple[npt.NDArray[np.float32], tuple[Features, ...], npt.NDArray[np.float64], float]
NO_CHIPS = np.zeros((0, 0, 0, 3), dtype=np.uint8)


def read_file(path: Path, how: How) -> Read:
    """Say which file it is and which picture it holds, without reading it where that is known."""
    if how.stop():
        raise CancelledError
    seconds: dict[str, float] = {}
    with stopwatch(seconds, "read"):
        known = how.recall.identity(path)
        if known is not None:
            return Read(path, known[0], known[1], seconds=seconds)
        at = time.time_ns()
        try:
            return Read(path, identify(path), "", at, seconds)
        except UnreadablePhoto as error:
            return Read(path, None, "", at, seconds, str(error))


def _submit(crew: Crew, file: Read, first: FirstFiles, how: How) -> tuple[int, Seen | Future[Seen]]:
    """Have a photo looked at; what is known of it already is returned at once."""
    if how.stop():
        raise CancelledError
    path, who, seconds, read = file.path, file.who, file.seconds, file.at
    if who is None:
        return 0, _problem(path, "reading", UnreadablePhoto(file.problem))
    with stopwatch(seconds, "read"):
        # Where pixels say which picture it is, the same bytes are the same pixels.
        digest = file.photo or who.photo or how.recall.picture(who.file)
        number = first.find(digest, who.file)
    if number is not None:
        return number, Seen(path, None, (), NO_CHIPS, None, {}, again=True, who=who, read=read)
    number = first.add(digest, who.file)
    with stopwatch(seconds, "read"):
        key = how.key(path, who, digest)
        look = how.recall.look(digest, key)
    if look is not None:
        photo = Photo(path, digest, look.width, look.height, who.file, who.image, who.orientation)
        return number, Seen(
            *(path, photo, look.detections, NO_CHIPS, None, seconds, look.left_out),
            who=who,
            look=look,
            read=read,
            key=key,
        )
    return number, crew.examine(file, who)


def examine(file: Read, who: Identity, how: How) -> Seen:
    """Decode a photo, find its subjects and cut them out; it gets the time by stage."""
    if how.stop():
        raise CancelledError
    path, seconds, read = file.path, file.seconds, file.at
    stage, mend = "decoding", memory.MEND
    try:
        with stopwatch(seconds, "decode"):
            wanted = opening.demand_of(path, long_edge=how.long_edge, fit_to=how.size)
        need = wanted.opening
        if need > (most := int(memory.room() * SURELY)):
            # A JPEG goes without its last bit of sharpness before it goes without being read.
            need = max(wanted.least, min(need, most))
        chips = need
        searching = wanted.kept + needed(how.subject.detector, wanted.small, how.long_edge)
        if searching > need:
            need, stage, mend = searching, "detecting", SMALLER
        with memory.budget().reserve(need, wanted.what, mend=mend, stop=how.stop) as held:
            if not held:
                raise CancelledError
            stage = "decoding"
            seen = _described(path, who, how, seconds, divisor=wanted.divisor(chips))
            # Only now the digest is known for sure.
            digest = seen.photo.digest if seen.photo is not None else who.photo
            return replace(seen, who=who, read=read, key=how.key(path, who, digest))
    except UnreadablePhoto as error:
        return _problem(path, stage, error)
    except MemoryError:
        reason = f"too large for the memory of this computer: {SMALLER}"
        return _problem(path, "detecting", UnreadablePhoto(reason))


def _described(
    path: Path, who: Identity, how: How, seconds: dict[str, float], *, divisor: int
) -> Seen:
    """
    Look for subjects in a photo for which there is room, and cut them out.

    `divisor` is what the sides of a large JPEG have to be divided by for that room.
    """
    clip = clips.is_clip(path)
    with stopwatch(seconds, "decode"):
        unnamed = not who.photo
        frames = clips.frames_of(path) if clip else None
        opened = (
            opening.open_shrunk(path, long_edge=how.long_edge, fit_to=how.size, tell=unnamed)
            if frames is None
            else opening.as_opened(frames)
        )
    with stopwatch(seconds, "detect"):
        every = (
            _in_clip(path, frames, how)
            if frames is not None
            else search(
                how.subject.detector, opened.small, path, long_edge=how.long_edge, stop=how.stop
            )
        )
    found = [each for each in every if not each.kind]
    across, down = opened.width / opened.small.shape[1], opened.height / opened.small.shape[0]
    detections = [replace(d, box=d.box.scaled(across, down)) for d in found]
    # Where decoding makes the whole picture anyway, and nothing else tells which it is.
    digest = who.photo or (who.file if clip else opened.digest or who.file)
    boxes = how.missed.of(who, digest).upright(opened.width, opened.height, who.orientation)
    with stopwatch(seconds, "detect"):
        every_one, drawn = (
            joined(detections, boxes, how.subject.detector, opened.small, 1 / across)
            if frames is None
            else _joined_in_clip(frames, detections, boxes, how)
        )
    told = [
        (d, own)
        for d, own in zip(every_one, drawn, strict=True)
        if own or min(d.box.width, d.box.height) >= how.min_size
    ]
    detections = [d for d, _ in told]
    chips, note = NO_CHIPS, opened.note
    if detections:
        with stopwatch(seconds, "decode"):
            if opened.full is None:
                enough = _enough(opened.width * opened.height, detections)
                part = _around(detections, opened.width, opened.height)
                full = opening.open_upright(path, divisor=max(divisor, enough), part=part)
                if divisor > enough:
                    small = f"read at 1/{divisor} of its sides, {WANT}"
                    note = f"{note}; {small}" if note else small
            else:
                full = opened.full
        with stopwatch(seconds, "align"):
            by = (full.shape[1] / opened.width, full.shape[0] / opened.height)
            as_cut = [replace(d, box=d.aligned or d.box, aligned=None) for d in detections]
            if by != (1, 1):
                as_cut = [replace(d, box=d.box.scaled(*by)) for d in as_cut]
            chips = chips_of(how.subject.encoder, full, as_cut)
            detections = [replace(d, aligned=None) for d in detections]
            by_hand = np.array([own for _, own in told], dtype=np.bool_)
            sharp = (sharpness(chips) >= how.min_sharpness) | by_hand
            detections = [d for d, keep in zip(detections, sharp, strict=True) if keep]
            chips = chips[sharp]
    size = (opened.width, opened.height)
    photo = Photo(path, digest, *size, who.file, who.image, who.orientation)
    out = len(every_one) - len(detections)
    shows = _shown([*every, *every_one[len(found) :]], how.subject, path)
    what = (path, photo, tuple(detections), chips, None, seconds)
    return Seen(*what, left_out=out, shows=shows, note=note)


def _around(found: Sequence[Detection], width: int, height: int) -> opening.Part:
    """Return the part of a photo in which detections are, each with its own size around it."""
    edges = [(each.box, each.box.width, each.box.height) for each in found]
    return (
        max(0.0, min(box.left - wide for box, wide, _ in edges) / width),
        max(0.0, min(box.top - high for box, _, high in edges) / height),
        min(1.0, max(box.right + wide for box, wide, _ in edges) / width),
        min(1.0, max(box.bottom + high for box, _, high in edges) / height),
    )


def _enough(pixels: int, found: Sequence[Detection]) -> int:
    """
    Return by what the sides of a photo can be divided and its chips still be as sharp.

    Only very large photos are decoded smaller for that; the px of all others stay what they were.
    """
    if pixels <= LARGE:
        return 1
    finest = min(min(each.box.width, each.box.height) for each in found)
    return next(scale for scale in reversed(SCALES) if scale == 1 or finest >= scale * FINE)


def _in_clip(path: Path, frames: clips.Frames, how: How) -> list[Detection]:
    """Look for subjects in each frame of a clip; boxes are in px of all frames as one picture."""
    found = []
    for when, at, frame in frames.parts:
        if how.stop():
            raise CancelledError
        small = opening.shrink(frame, long_edge=how.long_edge)
        across, down = frame.shape[1] / small.shape[1], frame.shape[0] / small.shape[0]
        for each in how.subject.detector.detect(small, path):
            box = each.box.scaled(across, down)
            # What reaches out of the frame would reach into the next one.
            top, bottom = at + max(0, box.top), at + min(len(frame), box.bottom)
            placed = replace(box, top=top, bottom=bottom)
            found.append(replace(each, box=placed, seconds=when))
    return found


def _joined_in_clip(
    frames: clips.Frames, found: Sequence[Detection], boxes: Sequence[Box], how: How
) -> tuple[list[Detection], list[bool]]:
    """Add what is in drawn boxes to what was found in a clip: each in the frame of its middle."""
    every, drawn = list(found), [False] * len(found)
    for when, at, frame in frames.parts:
        tall = len(frame)
        here = [box for box in boxes if (box.top + box.bottom) // 2 // tall == at // tall]
        if not here:
            continue
        mine = [row for row, each in enumerate(found) if each.seconds == when]
        small = opening.shrink(frame, long_edge=how.long_edge)
        joint, own = joined(
            [replace(found[row], box=_further_down(found[row].box, -at)) for row in mine],
            # What reaches out of the frame would reach into another one.
            [
                replace(box, top=max(0, box.top - at), bottom=min(tall, box.bottom - at))
                for box in here
            ],
            *(how.subject.detector, small, small.shape[1] / frame.shape[1]),
        )
        for row, by_hand in zip(mine, own[: len(mine)], strict=True):
            drawn[row] = by_hand
        for each in joint[len(mine) :]:
            aligned = each.aligned and _further_down(each.aligned, at)
            every.append(
                replace(each, box=_further_down(each.box, at), aligned=aligned, seconds=when)
            )
            drawn.append(True)
    return every, drawn


def _further_down(box: Box, by: int) -> Box:
    """Return a box so many px further down."""
    return replace(box, top=box.top + by, bottom=box.bottom + by)


def _shown(found: list[Detection], subject: Subject, path: Path) -> str:
    """Say what a photo shows, where the detector can tell: the subject first, or nothing."""
    nothing = silence(subject.detector, path)
    kinds = dict.fromkeys(each.kind or subject.name for each in found)
    if not nothing or not kinds:
        return nothing
    return AND.join(sorted(kinds, key=lambda kind: (kind != subject.name, kind)))


def taken_from(future: Future[T], stop: Stop) -> T:
    """Return what somebody made; raise `CancelledError` if `stop` says yes before it is taken."""
    while not stop():
        if wait([future], None if stop.ask is None else PAUSE).done and not stop():
            return future.result()
    raise CancelledError


def _taken(seen: Seen | Future[Seen], stop: Stop) -> Seen:
    """Return what is known, or what somebody made, as `taken_from` does."""
    if isinstance(seen, Future):
        return taken_from(seen, stop)
    if stop():
        raise CancelledError
    return seen


def _done(encoded: Encoded) -> Future[Encoded]:
    made: Future[Encoded] = Future()
    made.set_result(encoded)
    return made


def encode(how: How, batch: Sequence[Seen]) -> Encoded:
    """Describe the subjects of some photos together, or put together what is described."""
    seconds: dict[str, float] = {}
    subject = how.subject
    none = np.zeros((0, subject.encoder.info.dimensions), dtype=np.float32)
    if elsewhere := [each.made for each in batch if each.made is not None]:
        encodings, features, worth, spent = zip(*elsewhere, strict=True)
        every = tuple(each for some in features for each in some)
        return np.concatenate([none, *encodings]), every, np.concatenate(worth), sum(spent)
    with stopwatch(seconds, "encode"):
        chips = [each.chips for each in batch if len(each.chips)]
        made = describe(subject.encoder, np.concatenate(chips)) if chips else (none, (), np.ones(0))
    return *made, seconds["encode"]


def _finished(
    batch: list[Seen], encoded: Future[Encoded], how: How, first: FirstFiles
) -> Iterator[PhotoResult]:
    """
    Give each photo of a batch its encodings, and keep them in the store.

    `first` is told of each what its copies may ask.
    """
    made = list(_described_all(batch, encoded, how, first))
    fresh: list[Kept] = []
    of_use: list[tuple[str, str]] = []
    for seen, result in zip(batch, made, strict=True):
        if result.photo is None or result.problem is not None or seen.who is None:
            continue
        look = None
        # What was seen for want of memory is not kept: there may be more the next time.
        if seen.look is None and not seen.again and WANT not in result.note:
            photo = result.photo
            size = (photo.width, photo.height, result.left_out)
            look = Look(
                *size,
                result.detections,
                result.encodings,
                result.features,
                result.shows,
                result.note,
            )
        elif seen.look is not None:
            of_use.append((result.photo.digest, seen.key))
        # One whose file was known may have been looked at anew, in another way.
        if seen.read or look is not None:
            fresh.append(Kept(seen.path, seen.who, result.photo.digest, look, seen.read, seen.key))
    how.recall.keep(fresh, of_use)
    yield from made


def _described_all(
    batch: list[Seen],
    encoded: Future[Encoded],
    how: How,
    first: FirstFiles,
) -> Iterator[PhotoResult]:
    try:
        encodings, features, worth, spent = encoded.result()
    except CancelledError:
        encodings, features, worth, spent = encode(how, batch)
    place = 0
    for seen in batch:
        if seen.again:
            said = first.said(seen.number)
            if said.photo is None and not how.stop():
                # One that cannot be read says nothing of another file with the same picture.
                yield _by_itself(seen, how, first)
                continue
            yield _again(seen, said, how)
            continue
        if (look := seen.look) is not None:
            what = (seen.path, seen.photo, look.detections, look.encodings, None, seen.seconds)
            result = PhotoResult(
                *what,
                left_out=look.left_out,
                features=look.features,
                known=True,
                shows=look.shows,
                note=look.note,
            )
            first.say(seen.number, _said(result))
            yield result
            continue
        count = len(seen.chips)
        seconds = dict(seen.seconds)
        if count:
            seconds["encode"] = spent * count / len(encodings)
        own, of_own = encodings[place : place + count], features[place : place + count]
        says = worth[place : place + count].round(4).tolist()
        place += count
        found = tuple(replace(d, worth=w) for d, w in zip(seen.detections, says, strict=True))
        made = (seen.path, seen.photo, found, own, seen.problem, seconds, None)
        result = PhotoResult(*made, seen.left_out, of_own, shows=seen.shows, note=seen.note)
        if seen.number:
            first.say(seen.number, _said(result))
        yield result


def _said(result: PhotoResult) -> Said:
    """Return what further files of a picture are told of this one."""
    about = (result.left_out, result.shows, result.note, result.problem, result.known)
    return Said(result.path, result.photo, *about)


def _again(seen: Seen, said: Said, how: How) -> PhotoResult:
    """Return what is to be said of another file of a picture that was looked at."""
    photo = said.photo
    if photo is not None:
        # One text for all files with the same bytes, however many there are.
        file = photo.file_digest if seen.who is None else seen.who.file
        file = photo.file_digest if file == photo.file_digest else file
        photo = replace(photo, path=seen.path, file_digest=file)
    return PhotoResult(
        *(seen.path, photo, (), how.no_encodings, said.problem),
        copy_of=said.path,
        known=said.known,
        left_out=said.left_out,
        shows=said.shows,
        note=said.note,
    )


def _by_itself(seen: Seen, how: How, first: FirstFiles) -> PhotoResult:
    """Look at a file whose copy could not be read; the copies after it are copies of this one."""
    try:
        who = seen.who or identify(seen.path)
    except UnreadablePhoto as error:
        alone = _problem(seen.path, "reading", error)
    else:
        alone = examine(Read(seen.path, who, at=seen.read), who, how)
    (result,) = _described_all([alone], _done(encode(how, [alone])), how, first)
    if result.photo is not None:
        first.say(seen.number, _said(result))
    return result


def with_subjects(results: Iterable[PhotoResult]) -> Iterator[PhotoResult]:
    """
    Give further files of a picture its subjects, as `PhotoResult.copy_of` says.

    Parameters
    ----------
    results : iterable of PhotoResult
        What `scan` yields. Encodings are held, and features as `FeatureFile` does.

    Yields
    ------
    PhotoResult
        One a file.
    """
    held: dict[Path, tuple[PhotoResult, slice]] = {}
    every = FeatureFile()
    for result in results:
        if (known := held.get(result.copy_of or Path())) is not None:
            first, own = known
            yield replace(
                result,
                detections=first.detections,
                encodings=first.encodings,
                features=tuple(every[own]),
            )
            continue
        if result.detections:
            own = slice(len(every), len(every) + len(result.features))
            every.add(result.features)
            held[result.path] = replace(result, features=()), own
        yield result


def _problem(path: Path, stage: str, error: Exception) -> Seen:
    return Seen(path, None, (), NO_CHIPS, (stage, str(error)), {})


def gather(
    results: Iterable[PhotoResult],
    encoder: EncoderInfo,
    *,
    subject: SubjectInfo | None = None,
    skipped: Iterable[tuple[Path, str]] = (),
    left_out: Iterable[tuple[Path, str]] = (),
) -> Album:
    """
    Put the results of a scan into one album.

    Parameters
    ----------
    results : iterable of PhotoResult
        What `scan` yields; taken one by one.
    encoder : EncoderInfo
        What made the encodings.
    subject : SubjectInfo, optional
        What was looked for.
    skipped : iterable of (Path, str)
        Files that were not tried, with the reason: they join the problems.
    left_out : iterable of (Path, str)
        What was passed over on purpose, and why: beside the problems, at a stage of its own.

    Returns
    -------
    Album
        Rows in the order of the results; another file of a picture adds a photo, and no sighting.
    """
    # The row of the first photo of each picture.
    pictures: dict[str, int] = {}
    # Column by column, numbers as they are in the tables: rows would take several times as much.
    rows = _columns((*PHOTO_COLUMNS, *FILE_COLUMNS))
    sightings = _columns(SIGHTING_COLUMNS)
    problems: list[tuple[object, ...]] = []
    encodings = _Rows(encoder.dimensions)
    features = FeatureFile()
    shows: list[str] = []
    notes: list[str] = []
    painted: list[str] = []
    times: list[str] = []
    turns: array[int] = array(WHOLE)
    worth: array[float] = array(REAL)
    for result in results:
        if result.problem is not None:
            problems.append((str(result.path), *result.problem))
        if result.photo is None:
            continue
        photo, path = result.photo, str(result.photo.path)
        first = pictures.get(photo.digest)
        digests: Sequence[str] = (photo.digest, photo.file_digest, photo.image_digest)
        if first is not None:
            digests = _as_before(digests, [rows[column][first] for column in DIGESTS])
        digest, file, image = _as_before(digests, digests[:1])
        size = (photo.width, photo.height)
        _add(rows, (path, digest, *size, result.left_out, file, image, photo.orientation))
        shows.append(sys.intern(result.shows))
        notes.append(sys.intern(result.note))
        if result.copy_of is not None or first is not None:
            continue
        pictures[digest] = len(shows) - 1
        for detection in result.detections:
            box = detection.box
            place = (box.left, box.top, box.right, box.bottom)
            _add(sightings, (digest, path, *place, detection.score))
            painted.append("" if detection.mask is None else detection.mask.digest)
            times.append("" if detection.seconds is None else f"{detection.seconds:.2f}")
            turns.append(detection.turn)
            worth.append(detection.worth)
        encodings.add(result.encodings)
        features.add(result.features)
    problems.extend((str(path), "listing", reason) for path, reason in skipped)
    problems.extend((str(path), LEFT_OUT, reason) for path, reason in left_out)
    photos = _table(rows, (*PHOTO_COLUMNS, *FILE_COLUMNS))
    if any(shows):
        photos[SHOWS] = pd.Series(shows, dtype=object)
    if any(notes):
        photos[NOTE] = pd.Series(notes, dtype=object)
    seen = _table(sightings, SIGHTING_COLUMNS)
    if any(painted):
        seen[PAINTED] = pd.Series(painted, dtype=object)
    if any(times):
        seen[SECONDS] = pd.Series(times, dtype=object)
    if any(turns):
        seen[TURN] = np.array(turns)
    if any(each < 1 for each in worth):
        seen[WORTH] = np.array(worth)
    return Album(
        photos=photos,
        sightings=seen,
        encodings=encodings.all(),
        encoder=encoder,
        problems=_table(list(map(list, zip(*problems, strict=True))), PROBLEM_COLUMNS),
        subject=subject or SubjectInfo(),
        features=features if encoder.metric == "pairs" else None,
    )


class _Rows:
    """
    Encodings one after the other, in an array that grows.

    Parameters
    ----------
    dimensions : int
        Numbers of one.
    """

    def __init__(self, dimensions: int) -> None:
        self._held = np.zeros((0, dimensions), dtype=np.float32)
        self._count = 0

    def add(self, more: npt.NDArray[np.float32]) -> None:
        """Take some more, shape (k, dimensions)."""
        end = self._count + len(more)
        if end > len(self._held):
            # In place where there is room behind it, as with large arrays there mostly is.
            self._held.resize((end + max(end // 8, 1024), self._held.shape[1]), refcheck=False)
        self._held[self._count : end] = more
        self._count = end

    def all(self) -> npt.NDArray[np.float32]:
        """Return them, shape (n, dimensions); no more can be taken then."""
        self._held.resize((self._count, self._held.shape[1]), refcheck=False)
        return self._held


def _columns(names: Iterable[str]) -> list[list[object] | array[Any]]:
    """Return a place for the cells of each column."""
    return [array(NUMBERS[name]) if name in NUMBERS else [] for name in names]


def _as_before(texts: Sequence[str], known: Sequence[Any]) -> Sequence[str]:
    """Return texts, and for one that is known that very text: it is held once."""
    same = {each: each for each in known}
    return [same.get(text, text) for text in texts]


def _add(columns: Sequence[list[object] | array[Any]], row: Sequence[Any]) -> None:
    for column, cell in zip(columns, row, strict=True):
        column.append(cell)


def _table(
    cells: Sequence[Sequence[object] | array[Any]], columns: tuple[str, ...]
) -> pd.DataFrame:
    """Return a table of columns, each with as many cells; without any it is empty."""
    if not cells or not cells[0]:
        return empty_table(columns)
    named = zip(columns, cells, strict=True)
    return pd.DataFrame(
        {name: np.array(each) if isinstance(each, array) else each for name, each in named}
    )


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
