"""
Clips of trail cameras and phones, as photos: a few of their frames, one below the other.

A frame is what a sighting is seen in, a clip is what is copied. As one tall picture of its frames,
a clip is opened, cut and shown like any photo; `frames_of` says where each begins.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.errors import BadSetting, UnreadablePhoto
from toolkit.files import open_regular, reason_of
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
# How files begin, from which byte on, and what they are to be read as. Nothing else is tried: some
# of FFmpeg's formats are lists of other files, or of addresses.
SIGNATURES = (
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
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
    """

    strip: Rgb
    seconds: tuple[float, ...]

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
    """Return the frames of a clip as one picture; for the rest, see `frames_of`."""
    return Image.fromarray(frames_of(path).strip)


def frames_of(path: Path) -> Frames:
    """
    Decode a clip, and return the frames at which something changed: the first, and `MOST` at most.

    Of more, those are taken at which most changed. The first ten minutes are looked at. The clips
    decoded last are remembered, as showing a sighting asks for them again.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the file is no clip that can be read.
    """
    try:
        about = path.stat()
    except OSError as error:
        raise UnreadablePhoto(f"the file cannot be read: {reason_of(error)}") from error
    return _frames(path, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=REMEMBERED)
def _frames(path: Path, changed: int, size: int) -> Frames:
    try:
        require_decoder()
    except BadSetting as error:
        raise UnreadablePhoto(str(error)) from error
    try:
        kept = _sampled(path)
    except UnreadablePhoto:
        raise
    # A decoder fed with damaged bytes raises nearly anything.
    except Exception as error:
        raise UnreadablePhoto(f"the clip is damaged ({str(error).strip()[:200]})") from error
    if not kept:
        raise UnreadablePhoto("the clip holds no picture that can be decoded")
    # A clip whose frames change their size is shown at that of the first.
    wide, tall = kept[0][2].shape[1], kept[0][2].shape[0]
    every = [each for *_, each in kept]
    rows = [
        each if each.shape[:2] == (tall, wide) else shrunk(each, (wide, tall)) for each in every
    ]
    return Frames(np.concatenate(rows), tuple(when for _, when, _ in kept))


def _sampled(path: Path) -> list[tuple[float, float, Rgb]]:
    """Return how much changed, when, and the frame, of each that is kept."""
    import av

    kept: list[tuple[float, float, Rgb]] = []
    before: npt.NDArray[np.float32] | None = None
    with open_regular(path) as stream:
        start = stream.read(12)
        kinds = [kind for at, mark, kind in SIGNATURES if start[at : at + len(mark)] == mark]
        if not kinds:
            raise UnreadablePhoto("the content is of no video format that is read here")
        stream.seek(0)
        with av.open(stream, format=kinds[0]) as container:
            if not container.streams.video:
                raise UnreadablePhoto("the clip holds no picture, only sound or data")
            video = container.streams.video[0]
            if video.codec_context.width * video.codec_context.height > LARGEST:
                raise UnreadablePhoto(f"the clip is larger than {LARGEST // 10**6} megapixels")
            try:
                for number, frame in enumerate(container.decode(video)):
                    when = float(frame.time or 0.0)
                    if when > LONGEST or number >= MOST_DECODED:
                        break
                    if kept and when < kept[-1][1] + APART:
                        continue
                    parts = _parts(frame)
                    change = np.inf if before is None else float(np.abs(parts - before).max())
                    if change < CHANGED:
                        continue
                    before = parts
                    kept.append((change, when, _upright(frame)))
                    if len(kept) > MOST:
                        # Not the last, which the next one is compared with.
                        kept.remove(min(kept[:-1], key=lambda each: each[0]))
            except av.FFmpegError:
                # What comes before the damage is as good as ever.
                if not kept:
                    raise
    return kept


def _parts(frame: Any) -> npt.NDArray[np.float32]:
    across, down = PARTS
    grey = frame.reformat(width=across * 8, height=down * 8, format="gray").to_ndarray()
    return np.asarray(grey.reshape(down, 8, across, 8).mean(axis=(1, 3)), dtype=np.float32)


def _upright(frame: Any) -> Rgb:
    """Return a frame as the camera was held, its longer side at most `LONG_EDGE` px."""
    wide, tall = fit(frame.width, frame.height, LONG_EDGE)
    found = frame.reformat(width=wide, height=tall, format="rgb24").to_ndarray()
    # Counterclockwise, in degrees, as the file says it is to be turned.
    return np.ascontiguousarray(np.rot90(found, round(getattr(frame, "rotation", 0) / 90) % 4))
