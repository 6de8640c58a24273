"""Small pictures of sightings and photos, made when they are asked for and kept in memory."""

from __future__ import annotations

import base64
import contextlib
import io
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageDraw

from toolkit import memory
from toolkit.errors import UnreadablePhoto
from toolkit.names import counted
from toolkit.photos import clips, crops, opening
from toolkit.photos.crops import GREY
from toolkit.photos.demand import Demand
from toolkit.records import Album, turns_of

LARGEST = 200
QUALITY = 85
# Longer side, in px, below which no photo is opened for want of memory.
ENOUGH = 1000
# Small pictures show less of what is around a sighting than large ones.
MARGIN = 0.25
LANCZOS = Image.Resampling.LANCZOS
# Why a picture is grey: no file of the photo is there; none is what was looked at.
GONE, CHANGED = "gone", "changed"


class Thumbnails:
    """
    Small JPEGs of an album's sightings and photos.

    They hold no metadata: where a photo was taken, and with what camera, stays in the photo. A
    photo that is gone, cannot be read, or has another size than the album says, gives a plain
    grey picture, never an error; where it is there twice, its copy is taken. The methods may be
    called from several threads.

    Parameters
    ----------
    album : Album
        n sightings.
    size : int
        Side of a sighting's picture in px, if none is asked for; at most `LARGEST`.
    keep : int
        Bytes of JPEG that are kept for the next time; what was not used for longest goes first.
    threads : int
        Photos that `crops` opens at a time.
    """

    def __init__(
        self, album: Album, *, size: int = 160, keep: int = 64 << 20, threads: int = 2
    ) -> None:
        self.album = album
        self.size = _side(size)
        self.threads = max(1, threads)
        # Photos that gave grey pictures, by digest (or path where there is none), and why.
        self._grey: dict[str, str] = {}
        self._kept = _Kept(keep)
        table = album.sightings
        edges = table[["left", "top", "right", "bottom"]]
        self._boxes = edges.to_numpy(dtype=np.float64).reshape(-1, 4)
        self._turns = turns_of(table)
        self._scores = table["score"].to_numpy(dtype=np.float64)
        self._digests = _texts(table["photo_digest"])
        self._files: dict[str, list[str]] = {}
        seen = album.photos
        paths, digests = (_texts(seen[name]) for name in ("path", "photo_digest"))
        sizes = seen[["width", "height"]].to_numpy(dtype=np.int64).reshape(-1, 2).tolist()
        for path, digest in zip(paths, digests, strict=True):
            self._files.setdefault(digest, []).append(path)
        self._digest_of = dict(zip(paths, digests, strict=True))
        self._sizes = {
            digest: (width, height) for digest, (width, height) in zip(digests, sizes, strict=True)
        }
        for path, digest in zip(_texts(table["path"]), self._digests, strict=True):
            if digest not in self._files:
                self._files[digest] = [path]

    @property
    def grey(self) -> str:
        """Why pictures of some photos are grey, and what to do, in sentences; "" if none is."""
        reasons = list(self._grey.values())
        gone, changed = reasons.count(GONE), reasons.count(CHANGED)
        said = []
        if gone:
            were = counted(gone, "photo is not where it was", "photos are not where they were")
            said.append(f"{were}, so pictures are grey: tell where the photos are now.")
        if changed:
            are = counted(
                changed,
                "photo cannot be read, or was changed",
                "photos cannot be read, or were changed",
            )
            said.append(f"{are}, so pictures are grey: look at the photos again.")
        return " ".join(said)

    def crop(self, row: int, size: int | None = None) -> bytes:
        """
        Return a JPEG of one sighting; see `crops`.

        Parameters
        ----------
        row : int
            The sighting.
        size : int, optional
            Side in px, at most `LARGEST`.
        """
        return self.crops([row], size)[0]

    def crops(self, rows: Sequence[int], size: int | None = None) -> list[bytes]:
        """
        Return square JPEGs of sightings, each photo opened once.

        A sighting is upright and in the middle, with a quarter of its box around it, or nearer to
        the edge of the picture where it is near the photo's own; see `toolkit.photos.crops.around`.
        A photo is decoded no larger than its smallest sighting needs.

        Parameters
        ----------
        rows : sequence of int
            Sightings, from 0 to n - 1.
        size : int, optional
            Side in px, at most `LARGEST`.

        Returns
        -------
        list of bytes
            One JPEG a row, in the order of `rows`.

        Raises
        ------
        IndexError
            If there is no such sighting.
        """
        side = self.size if size is None else _side(size)
        wanted = [self._row(row) for row in rows]
        made: dict[int, bytes] = {}
        missing: dict[str, list[int]] = {}
        for row in dict.fromkeys(wanted):
            kept = self._kept.get((row, side))
            if kept is None:
                missing.setdefault(self._digests[row], []).append(row)
            else:
                made[row] = kept
        if len(missing) < 2 or self.threads < 2:
            for digest, group in missing.items():
                made |= self._cut(digest, group, side)
        else:
            with ThreadPoolExecutor(self.threads, thread_name_prefix="thumbnails") as pool:
                parts = [
                    pool.submit(self._cut, digest, group, side) for digest, group in missing.items()
                ]
                for part in parts:
                    made |= part.result()
        return [made[row] for row in wanted]

    def photo(
        self,
        path_or_row: str | Path | int,
        rows: Sequence[int] = (),
        size: int | None = None,
        largest: int = 1000,
    ) -> bytes:
        """
        Return a JPEG of a whole photo, with boxes around some of its sightings.

        Parameters
        ----------
        path_or_row : path or int
            The photo, or a sighting in it. A path need not be in the album.
        rows : sequence of int
            Sightings that get a box: white on black, to be seen on any photo. Those of other
            photos are passed over.
        size : int, optional
            Longer side in px; `largest` if not given. A smaller photo is not enlarged.
        largest : int
            Most that `size` can be.

        Raises
        ------
        IndexError
            If there is no such sighting.
        """
        long_edge = max(16, min(largest if size is None else size, largest))
        if isinstance(path_or_row, str | Path):
            path = str(path_or_row)
            digest = self._digest_of.get(path, "")
            files = [path, *(file for file in self._files.get(digest, ()) if file != path)]
        else:
            digest = self._digests[self._row(path_or_row)]
            files = self._files[digest]
        boxed = [row for row in map(self._row, rows) if digest == self._digests[row]]
        key = (files[0], tuple(boxed), long_edge)
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        with self._open(digest, files, lambda _: long_edge) as opened:
            if opened is None:
                return placeholder(opening.fit(*self._sizes.get(digest, (4000, 3000)), long_edge))
            frame = self._frame(files, boxed)
            if frame is None or opened.full is None:
                shown, above = opened.small, 0
            else:
                shown, above = (
                    opening.shrink(opened.full[slice(*frame)], long_edge=long_edge),
                    frame[0],
                )
            picture = Image.fromarray(shown)
            scale = picture.width / opened.width
        for row in boxed:
            _draw_box(picture, (self._boxes[row] - [0, above, 0, above]) * scale)
        return self._kept.put(key, jpeg_of(picture))

    def _frame(self, files: Sequence[str], rows: Sequence[int]) -> tuple[int, int] | None:
        """Return where the frame of a clip is that sightings are seen in; None for a photo."""
        there = next((Path(file) for file in files if Path(file).is_file()), None)
        if there is None or not rows or not clips.is_clip(there):
            return None
        return clips.frame_around(there, self._boxes[list(rows)])

    def best(self, rows: Sequence[int], count: int) -> list[int]:
        """
        Choose the sightings that show an individual most clearly: large ones, surely detected.

        No photo is opened. A second sighting of one photo comes after the first of every other. A
        sighting of `LARGEST` px is as large as any.

        Parameters
        ----------
        rows : sequence of int
            Sightings of one individual.
        count : int
            At most so many.

        Returns
        -------
        list of int
            The clearest first; the same whatever the order of `rows`.

        Raises
        ------
        IndexError
            If there is no such sighting.
        """
        ordered = sorted({self._row(row) for row in rows}, key=lambda row: (-self._clear(row), row))
        taken: dict[str, int] = {}
        turns = []
        for place, row in enumerate(ordered):
            turn = taken[self._digests[row]] = taken.get(self._digests[row], 0) + 1
            turns.append((turn, place, row))
        return [row for *_, row in sorted(turns)[: max(0, count)]]

    def _clear(self, row: int) -> float:
        left, top, right, bottom = self._boxes[row]
        side = min(right - left, bottom - top, LARGEST)
        return float(side * max(self._scores[row], 0.0))

    def _row(self, row: int) -> int:
        if not 0 <= row < len(self._digests):
            raise IndexError(f"there is no sighting {row}; there are {len(self._digests)}")
        return int(row)

    @contextlib.contextmanager
    def _open(
        self, digest: str, files: Sequence[str], long_edge: Callable[[int], int]
    ) -> Iterator[opening.Opened | None]:
        """Open the first of a photo's files that still is what the album says."""
        size, why = self._sizes.get(digest), GONE
        # Without its size, the whole photo is decoded.
        edge = long_edge(1 << 16 if size is None else max(size))
        for file in files:
            try:
                if not Path(file).is_file():
                    continue
                why = CHANGED
                affordable, wanted = _affordable(Path(file), edge)
                with contextlib.ExitStack() as held:
                    held.enter_context(memory.budget().reserve(wanted.shrunk, wanted.what))
                    opened = opening.open_shrunk(Path(file), long_edge=affordable)
                    # Until its pictures are cut, it goes on taking room.
                    held = held.pop_all()
            except (UnreadablePhoto, OSError, ValueError, MemoryError):
                continue
            with held:
                if size in (None, (opened.width, opened.height)):
                    self._grey.pop(digest or files[0], None)
                    yield opened
                    return
        self._grey[digest or files[0]] = why
        yield None

    def _cut(self, digest: str, rows: Sequence[int], side: int) -> dict[int, bytes]:
        """Make the pictures of sightings of one photo."""
        finest = side / min(self._extent(row) for row in rows)

        def long_edge(full: int) -> int:
            # Above a half, nothing is saved by decoding less, and the crop is sharper from it all.
            return full if finest > 0.5 else max(1, math.ceil(full * finest))

        made = {}
        with self._open(digest, self._files[digest], long_edge) as opened:
            for row in rows:
                cut = None
                if opened is not None:
                    image = opened.small if opened.full is None else opened.full
                    box = self._boxes[row] * (image.shape[1] / opened.width)
                    turn = self._turns[row]
                    cut = crops.tile(
                        image, box, side=side, margin=MARGIN, resample=LANCZOS, turn=turn
                    )
                if cut is None:
                    made[row] = placeholder((side, side))
                else:
                    made[row] = self._kept.put((row, side), jpeg_of(Image.fromarray(cut)))
        return made

    def _extent(self, row: int) -> float:
        """Return how long, in px of the photo, what is shown of a sighting is."""
        box = self._boxes[row]
        width, height = self._sizes.get(self._digests[row], (0, 0))
        crop = crops.around(box, width=width, height=height, margin=MARGIN)
        if crop is not None:
            return max(crop.right - crop.left, crop.bottom - crop.top)
        return max(float((box[2:] - box[:2]).max()), 1.0) * (1 + 2 * MARGIN)


def _affordable(path: Path, long_edge: int) -> tuple[int, Demand]:
    """
    Return the longer side at which there is memory to open a photo, and what it takes then.

    A JPEG of 200 megapixels is shown less sharply rather than grey; of other formats, less px take
    as much.
    """
    wanted = opening.demand_of(path, long_edge=long_edge)
    had = memory.room()
    while wanted.shrunk > had and long_edge > ENOUGH:
        long_edge = max(ENOUGH, long_edge // 2)
        wanted = opening.demand_of(path, long_edge=long_edge)
    return long_edge, wanted


def _texts(column: pd.Series) -> list[str]:
    """Return a column as texts: quicker than to go through it, where there are very many."""
    return list(map(str, column.to_numpy(dtype=object).tolist()))


def count_gone(album: Album) -> int:
    """Count the photos of an album none of whose files is there; a copy counts with its photo."""
    there = pd.Series(list(map(os.path.isfile, _texts(album.photos["path"]))), dtype=bool)
    return int((~there.groupby(_texts(album.photos["photo_digest"])).any().astype(bool)).sum())


def data_uri(jpeg: bytes) -> str:
    """Return a JPEG as a data URI, for HTML."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


class _Kept:
    """JPEGs by what they show; those not used for longest are forgotten first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        self._made: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> bytes | None:
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def put(self, key: Hashable, jpeg: bytes) -> bytes:
        with self._lock:
            self.bytes += len(jpeg) - len(self._made.pop(key, b""))
            self._made[key] = jpeg
            while self.bytes > self.most:
                self.bytes -= len(self._made.popitem(last=False)[1])
        return jpeg


def _side(size: int) -> int:
    return max(8, min(int(size), LARGEST))


def _draw_box(picture: Image.Image, box: npt.NDArray[np.float64]) -> None:
    """Draw a rectangle as a white line between black ones, around what the box holds."""
    line = max(2, round(max(picture.size) / 300))
    far = 2 * max(picture.size)
    left, top, right, bottom = (int(np.clip(round(edge), -far, far)) for edge in box)
    left, top = min(max(left, 0), picture.width - 4), min(max(top, 0), picture.height - 4)
    right = max(left + 3, min(right, picture.width) - 1)
    bottom = max(top + 3, min(bottom, picture.height) - 1)
    draw = ImageDraw.Draw(picture)
    for outset, colour in ((1, "black"), (0, "white"), (-line, "black")):
        edges = (left - outset, top - outset, right + outset, bottom + outset)
        if edges[0] <= edges[2] and edges[1] <= edges[3]:
            draw.rectangle(edges, outline=colour, width=line if colour == "white" else 1)


def jpeg_of(picture: Image.Image) -> bytes:
    """Encode pixels, and nothing else."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def placeholder(size: tuple[int, int]) -> bytes:
    """Return what stands for a picture that cannot be made: plain grey, width and height in px."""
    return jpeg_of(Image.new("RGB", size, GREY))
