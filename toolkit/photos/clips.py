"""
Clips of trail cameras and phones, as photos: a few of their frames, one below the other.

A frame is what a sighting is seen in, a clip is what is copied. As one tall picture of its frames,
a clip is opened, cut and shown like any photo; `frames_of` says where each begins.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit import memory
from toolkit.errors import BadSetting, UnreadablePhoto
from toolkit.files import local, open_regular, reason_of
from toolkit.photos import colours, cut_short
from toolkit.photos.demand import RGB, Demand
from toolkit.photos.pixels import Rgb, fit, shrunk

SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".3gp", ".mts", ".m2ts"})
# Frames of a clip, at most, and px of their longer side.
MOST, LONG_EDGE = 8, 1920
# Clips that are remembered, some 50 MB each.
REMEMBERED = 4
# Seconds between two frames that are kept; of 255, what has to change in some part of the picture.
APART, CHANGED = 0.5, 24.0
# Parts of the picture that are compared: across, down.
PARTS = (16, 9)
# What is decoded of a clip: seconds, frames, and px of one.
LONGEST, MOST_DECODED, LARGEST = 600.0, 36_000, 40_000_000
# Px that decoders hold at once beside the frame under way: what the highest levels of H.264 and
# H.265 allow, 16 frames at most (ITU-T H.265, A.4.2), and those few that wait to be shown.
HELD, HELD_FRAMES, WAITING = 178_000_000, 16, 4
# Packets in a row of which none can be decoded, after which nothing more is tried.
HOPELESS = 300
# Shares of the frames and of the seconds that a clip says it has, below which it is cut short.
FRAMES_THERE, SECONDS_THERE = 0.98, 0.95
# By how much a px may be wider than tall, or taller than wide.
WIDEST = 4.0
# How files begin, from which byte on, and what they are to be read as. Nothing else is tried: some
# of FFmpeg's formats are lists of other files, or of addresses.
SIGNATURES = (
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (4, b"free", "mov"),
    (4, b"skip", "mov"),
    (4, b"pnot", "mov"),
    (4, b"styp", "mov"),
    (8, b"AVI ", "avi"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"G", "mpegts"),
    (4, b"G", "mpegts"),
)


@dataclass(frozen=True)
class Frames:
    """
    The frames of a clip at which something changed.

    Attributes
    ----------
    strip : numpy.ndarray
        Shape (k * h, w, 3), uint8, RGB, upright: k frames, one below the other.
    seconds : tuple of float
        The time of each in the clip, ascending.
    note : str
        How the clip was read, where not as it should have been; "" else.
    """

    strip: Rgb
    seconds: tuple[float, ...]
    note: str = ""

    @property
    def height(self) -> int:
        """Px of one frame."""
        return len(self.strip) // len(self.seconds)

    @property
    def parts(self) -> list[tuple[float, int, Rgb]]:
        """Of each frame its time, the row of the strip at which it begins, and its picture."""
        tall = self.height
        starts = [at * tall for at in range(len(self.seconds))]
        return [
            (when, at, self.strip[at : at + tall])
            for when, at in zip(self.seconds, starts, strict=True)
        ]


def frame_around(path: Path, rows: npt.NDArray[np.float64]) -> tuple[int, int] | None:
    """
    Return where the one frame of a clip begins and ends that boxes are in.

    Parameters
    ----------
    path : Path
        A clip.
    rows : numpy.ndarray
        Shape (k, 4): left, top, right, bottom of the boxes, px of all frames as one picture.

    Returns
    -------
    (int, int) or None
        Rows of that picture; None where there is no box, or they are in several frames.
    """
    tall = frames_of(path).height
    found = {int(top) // tall for top in rows[:, 1]}
    return (min(found) * tall, (min(found) + 1) * tall) if len(found) == 1 else None


def is_clip(path: Path) -> bool:
    """Whether a file is a clip, by its name."""
    return path.suffix.lower() in SUFFIXES


def require_decoder() -> None:
    """Raise `BadSetting` where the package is missing that decodes clips."""
    if importlib.util.find_spec("av") is None:
        raise BadSetting(
            'videos need one more package: pip install "sightings[video]", or run without --videos'
        )


def picture_of(path: Path) -> Image.Image:
    """
    Return the frames of a clip as one picture; for the rest, see `frames_of`.

    Its `info` holds `cut_short.NOTE`.
    """
    frames = frames_of(path)
    picture = Image.fromarray(frames.strip)
    picture.info[cut_short.NOTE] = frames.note
    return picture


def frames_of(path: Path) -> Frames:
    """
    Decode a clip, and return the frames at which something changed: the first, and `MOST` at most.

    Of more, those are taken at which most changed. The first ten minutes are looked at. The clips
    decoded last are remembered, as showing a sighting asks for them again.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the file is no clip that can be read, or needs more memory than there is.
    """
    try:
        about = local(path).stat()
    except OSError as error:
        raise UnreadablePhoto(f"the file cannot be read: {reason_of(error)}") from error
    return _frames(path, about.st_mtime_ns, about.st_size)


def tags_of(path: Path) -> dict[str, str]:
    """
    Return what the container of a clip says beside its pictures, such as "creation_time".

    Of what both it and its pictures say, it counts. For what it raises, see `frames_of`.
    """
    with _opened(path) as (container, video, _):
        told = {**(video.metadata or {}), **(container.metadata or {})}
        return {str(name): str(text) for name, text in told.items()}


def demand_of(path: Path) -> Demand:
    """
    Estimate what a clip takes in memory, from its header; for what it raises, see `frames_of`.

    Of `small`, one frame is told: they are searched one by one.
    """
    with _opened(path) as (_, video, _):
        return _demand(video)


@functools.lru_cache(maxsize=REMEMBERED)
def _frames(path: Path, changed: int, size: int) -> Frames:
    with _opened(path) as (container, video, there):
        wanted = _demand(video)
        with memory.budget().reserve(wanted.upright, wanted.what):
            return _Sampling(container, video, there).frames()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any, float]]:
    """
    Open a clip, and turn whatever goes wrong while it is open into one cause.

    Yields the container, its first stream of pictures, and what share of its bytes is there.
    """
    try:
        require_decoder()
    except BadSetting as error:
        raise UnreadablePhoto(str(error)) from error
    import av

    try:
        with open_regular(path) as stream:
            start = stream.read(12)
            kinds = [kind for at, mark, kind in SIGNATURES if start[at : at + len(mark)] == mark]
            if not start:
                raise UnreadablePhoto("the file is empty (0 bytes)")
            if not kinds:
                raise UnreadablePhoto("the content is of no video format that is read here")
            stream.seek(0)
            with av.open(stream, format=kinds[0]) as container:
                if not container.streams.video:
                    raise UnreadablePhoto("the clip holds no picture, only sound or data")
                video = container.streams.video[0]
                if video.codec_context.width * video.codec_context.height > LARGEST:
                    raise UnreadablePhoto(f"the clip is larger than {LARGEST // 10**6} megapixels")
                # Clips are decoded side by side; threads in each would hold frames of their own.
                video.codec_context.thread_count = 1
                there = _bytes_there(start, os.fstat(stream.fileno()).st_size)
                yield container, video, there
    except UnreadablePhoto:
        raise
    except OSError as error:
        if isinstance(error, av.FFmpegError):
            raise UnreadablePhoto(_damage(error)) from error
        raise UnreadablePhoto(f"the file cannot be read: {reason_of(error)}") from error
    # A decoder fed with damaged bytes raises nearly anything.
    except Exception as error:
        raise UnreadablePhoto(_damage(error)) from error


def _damage(error: Exception) -> str:
    said = str(getattr(error, "strerror", None) or error).strip()[:200]
    return f"the clip is damaged, or its end, which says what is in it, is missing ({said})"


def _demand(video: Any) -> Demand:
    about = video.codec_context
    width, height = about.width, about.height
    pixels = max(1, width * height)
    depth = max((part.bits for part in about.format.components), default=8) if about.format else 8
    # Of colours there is a value for 4 px, or for 1.
    native = 3 * (2 if depth > 8 else 1) / (1 if about.format and "444" in about.format.name else 2)
    held = min(HELD_FRAMES, HELD // pixels) + WAITING
    wide, high = fit(max(1, width), max(1, height), LONG_EDGE)
    kept = RGB * wide * high * MOST
    # What is kept, one below the other, and the frames themselves until then.
    need = int(held * native * pixels) + 2 * kept + 8 * RGB * wide * high
    what = f"a clip of {width:,} x {height:,} px"
    return Demand(need, need, kept, (wide, high), True, what)


class _Sampling:
    """Takes those frames of a clip at which something changes."""

    def __init__(self, container: Any, video: Any, there: float) -> None:
        self._container, self._video, self._bytes = container, video, there
        # How much changed, when, and the frame, of each that is kept.
        self._kept: list[tuple[float, float, Rgb]] = []
        self._before: npt.NDArray[np.float32] | None = None
        self._number, self._packets, self._last, self._pause = 0, 0, 0.0, 0.0
        self._damaged = self._whole = False

    def frames(self) -> Frames:
        """Decode the clip as far as it goes."""
        import av

        failed, error = 0, None
        packets = self._container.demux(self._video)
        while failed < HOPELESS:
            try:
                packet = next(packets)
                self._packets += packet.size > 0
                self._damaged |= bool(packet.is_corrupt)
                for frame in packet.decode():
                    failed = 0
                    if not self._take(frame):
                        self._whole = True
                        return self._made()
            except StopIteration:
                break
            except av.FFmpegError as damage:
                # What comes before and after the damage is as good as ever.
                self._damaged, failed, error = True, failed + 1, damage
        if not self._kept:
            if error is not None:
                raise error
            raise UnreadablePhoto("the clip holds no picture that can be decoded")
        return self._made()

    def _take(self, frame: Any) -> bool:
        """Look at a frame; return whether to go on after it."""
        when = self._time(frame)
        self._number += 1
        if when > LONGEST or self._number > MOST_DECODED:
            return False
        self._pause = max(self._pause, when - self._last)
        self._last = max(self._last, when)
        if frame.is_corrupt:
            self._damaged = True
            # Better than nothing, but not in the place of a whole one.
            if self._kept or self._number < HOPELESS:
                return True
        if self._kept and when < self._kept[-1][1] + APART:
            return True
        parts = _parts(frame)
        change = np.inf if self._before is None else float(np.abs(parts - self._before).max())
        if change >= CHANGED:
            self._before = parts
            self._kept.append((change, when, self._upright(frame)))
            if len(self._kept) > MOST:
                # Not the last, which the next one is compared with.
                self._kept.remove(min(self._kept[:-1], key=lambda each: each[0]))
        return True

    def _time(self, frame: Any) -> float:
        """Return when a frame is shown, in seconds from the clip's beginning."""
        video = self._video
        if frame.time is None:
            rate = float(video.average_rate or video.guessed_rate or 0)
            return self._number / rate if rate > 0 else self._last
        return max(0.0, float(frame.time) - self._begun())

    def _begun(self) -> float:
        """Return when a clip begins: of a stream that is cut into several, the clock goes on."""
        return float((self._video.start_time or 0) * (self._video.time_base or 0))

    def _upright(self, frame: Any) -> Rgb:
        """Return a frame as the camera was held, its longer side at most `LONG_EDGE` px."""
        shape = self._video.sample_aspect_ratio
        wider = float(shape) if shape and 1 / WIDEST <= shape <= WIDEST else 1.0
        wide, tall = fit(max(1, round(frame.width * wider)), frame.height, LONG_EDGE)
        found = frame.reformat(width=wide, height=tall, format="rgb24").to_ndarray()
        change = _change(frame)
        if change is not None:
            found = np.asarray(change(Image.fromarray(found)))
        # Counterclockwise, in degrees, as the file says it is to be turned.
        return np.ascontiguousarray(np.rot90(found, round(getattr(frame, "rotation", 0) / 90) % 4))

    def _made(self) -> Frames:
        # A clip whose frames change their size is shown at that of the first.
        wide, tall = self._kept[0][2].shape[1], self._kept[0][2].shape[0]
        every = [each for *_, each in self._kept]
        rows = [
            each if each.shape[:2] == (tall, wide) else shrunk(each, (wide, tall)) for each in every
        ]
        times = tuple(when for _, when, _ in self._kept)
        return Frames(np.concatenate(rows), times, self._note())

    def _note(self) -> str:
        """Say how far the clip goes, where that is not to its end, and whether it is damaged."""
        if not self._whole:
            if self._bytes < 1:
                return f"cut short: {self._bytes:.0%} of its bytes are there"
            share = self._share()
            if share < 1:
                return f"cut short: {share:.0%} of its seconds were read"
        return "damaged: not all of its frames were read" if self._damaged else ""

    def _share(self) -> float:
        """Return how much of its seconds a clip went on for, as far as it says how many it has."""
        video = self._video
        lasts = float((video.duration or 0) * (video.time_base or 0))
        lasts = lasts or float(self._container.duration or 0) / 1e6
        if lasts <= 0:
            return 1.0
        share = min(1.0, self._last / lasts)
        if video.frames:
            # One frame may stay to the end, and a part may be left out on purpose: what is cut
            # short lacks seconds as well as frames.
            few = self._packets < FRAMES_THERE * video.frames
            return share if few and share < SECONDS_THERE else 1.0
        # The last one stays for as long as others do; of one that begins late, some count from 0.
        shown = self._last + max(APART, self._pause) + self._begun()
        return share if shown < SECONDS_THERE * lasts else 1.0


def _bytes_there(start: bytes, size: int) -> float:
    """Return how much of its bytes an AVI has of which the first ones say how many (RIFF)."""
    told = int.from_bytes(start[4:8], "little") + 8
    return min(1.0, size / told) if start[:4] == b"RIFF" else 1.0


def _change(frame: Any) -> colours.Change | None:
    """Return what brings a frame's colours to sRGB, if it says that they are HDR or wide."""
    primaries, transfer = (
        int(getattr(frame, name, 0) or 0) for name in ("color_primaries", "color_trc")
    )
    return colours.by_number(primaries, transfer)


def _parts(frame: Any) -> npt.NDArray[np.float32]:
    across, down = PARTS
    grey = frame.reformat(width=across * 8, height=down * 8, format="gray").to_ndarray()
    return np.asarray(grey.reshape(down, 8, across, 8).mean(axis=(1, 3)), dtype=np.float32)
