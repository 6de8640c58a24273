"""
Duplicates among photos: copies, and pictures saved anew, resized, cropped a little or mirrored.

Small grey pictures say which pairs may be one picture (`_candidates`), a wide net that loses none.
Each of those is laid upon the other, scale and place fitted (`_Laid`), and what is left between the
two is held against what saving a picture anew can leave (`_limit`). A photo of the same thing taken
a second later leaves more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from toolkit.errors import UnreadablePhoto
from toolkit.photos import identity, opening
from toolkit.progress import Progress, for_work

Floats = npt.NDArray[np.float32]
Rgb = npt.NDArray[np.uint8]

SAME_FILE, SAME_PICTURE, RE_ENCODED = "same file", "same picture", "re-encoded"
RESIZED, CROPPED, MIRRORED = "resized", "cropped", "mirrored"
KINDS = (SAME_FILE, SAME_PICTURE, RE_ENCODED, RESIZED, CROPPED, MIRRORED)
COLUMNS = ("path", "other", "kind", "alike")

# px: the longer side at which photos are kept, and at which those that may be one are compared.
SMALL, FINE = 96, 384
# Shorter sides than this, in px, say too little: such photos are told by their pixels alone.
LEAST = 24

# The middle of a photo is sought in others: without this share at each side, whose ends lie this
# much further in or out there, as a crop of up to a tenth places them. In so many cells each way.
INSET, SHIFT, CELLS, SQUARE = 0.1, 0.06, 8, 48
# Grey levels: pictures of less contrast than this, cell by cell, have nothing to be sought by.
FLAT = 2.0
# Correlation of cells that a duplicate keeps at least, and of the small pictures laid upon each
# other; one of which no other start of a fit makes a better one.
MAYBE, LIKELY, SURELY = 0.92, 0.95, 0.98
# How many of the windows a fit starts from; px of a move after which it is done.
STARTS, SETTLED = 3, 0.02
# Share of a side that must be in both; how far, beside a px, the sides may be stretched unequally.
SHARED, STRETCHED = 0.77, 0.006
# A part of a side that is smaller than this, or than a px and a half, was not cropped.
SLIGHT = 0.008

# What is left between two is averaged over a block of a JPEG, and may be so many grey levels, and
# this share of the contrast around: a limit of 1. Of brightness, and of the largest of red, green
# and blue, as colours are saved more coarsely.
BLOCK, LEVELS, CONTRAST = 8, 4.0, 0.25
# The block of the small pictures: those that differ so much there are looked at no further.
SMALL_BLOCK = 6
COLOURS = 2.8
# The limit of files that were saved finely, how it grows with the coarseness of the coarser, and
# where it ends.
FINELY, GROWS, COARSELY = 0.34, 0.035, 1.0
LOSSLESS = ("PNG", "BMP", "TIFF")
# The first coefficients of a JPEG's table, in the order of its zigzag.
LOW = 10


@dataclass(frozen=True)
class Duplicates:
    """
    Photos that hold the same picture.

    Attributes
    ----------
    pairs : pandas.DataFrame
        One row a pair, each pair once, by path: path and other (str, path before other), kind (of
        `KINDS`: the first that holds of mirrored, cropped, resized, re-encoded, unless the file or
        its decoded picture is the same) and alike: the correlation of their brightness, 0 to 1,
        where they are laid upon each other, at the size of the smaller or at most `FINE` px; 1 for
        the same file and the same picture.
    problems : pandas.DataFrame
        path and reason: photos that could not be read, and were left out.
    """

    pairs: pd.DataFrame
    problems: pd.DataFrame


@dataclass(frozen=True)
class _Look:
    """What is kept of a photo while others are read: grey, shape (h, w), uint8; size in px."""

    path: str
    identity: identity.Identity
    digest: str
    grey: Rgb
    size: tuple[int, int]
    coarseness: float


def find(
    paths: Iterable[str | Path],
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Duplicates:
    """
    Find the photos that hold the same picture.

    Found is what was saved anew (JPEG from quality 30 on, PNG, WebP), resized, cropped by up to a
    tenth at each side, mirrored left to right, or several of these. Not found is what was turned,
    toned, written on, or saved coarsely first and finely afterwards; pictures of nearly one colour,
    and those of less than `LEAST` px, are known by their pixels alone. Two frames in which nothing
    moved, saved coarsely, are taken for one picture.

    Parameters
    ----------
    paths : iterable of path
        Photos, in any order.
    progress : callable, optional
        Told what is being done, how many are done, how many there are, and the last one's path.
    stop : callable, optional
        Asked whether to stop: what was found until then is returned.

    Returns
    -------
    Duplicates
        The same for any order of `paths`.
    """
    chosen = sorted({str(path) for path in paths})
    asked = stop or (lambda: False)
    looks, problems = _looked_at(chosen, for_work(progress, "reading photos"), asked)
    copies, rows = _copies(looks)
    rows += _compared(copies, for_work(progress, "comparing photos"), asked)
    pairs = pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(
        ["path", "other"], ignore_index=True
    )
    return Duplicates(
        pairs.astype({"alike": "float64"}), pd.DataFrame(problems, columns=["path", "reason"])
    )


def groups(pairs: pd.DataFrame) -> pd.DataFrame:
    """
    Return which photos are one picture by a chain of pairs, and which of them to keep.

    Parameters
    ----------
    pairs : pandas.DataFrame
        As of `Duplicates`.

    Returns
    -------
    pandas.DataFrame
        One row a photo that has a duplicate: set (int, from 1, by its first path), path, width and
        height (px, as stored; 0 where the photo is gone or cannot be read), bytes (of the file) and
        keep: True for one of each set, the one of the most px, of these the largest file.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    paths = sorted({*map(str, pairs["path"]), *map(str, pairs["other"])})
    row = {path: at for at, path in enumerate(paths)}
    ends = [[row[str(path)] for path in pairs[side]] for side in ("path", "other")]
    joined = coo_array((np.ones(len(pairs)), (ends[0], ends[1])), shape=(len(paths), len(paths)))
    label = connected_components(joined, directed=False)[1] if paths else np.zeros(0, np.int64)
    # By the first path of each, which is where its label first stands.
    number = {int(each): at + 1 for at, each in enumerate(dict.fromkeys(label.tolist()))}
    table = pd.DataFrame(
        {"set": [number[int(each)] for each in label], "path": paths},
    ).astype({"set": "int64", "path": "object"})
    sizes = [_size_of(Path(path)) for path in paths]
    for at, name in enumerate(("width", "height", "bytes")):
        table[name] = np.array([size[at] for size in sizes], dtype=np.int64)
    by_worth = table.assign(px=table["width"] * table["height"]).sort_values(
        ["set", "px", "bytes", "path"], ascending=[True, False, False, True]
    )
    table["keep"] = table.index.isin(by_worth.drop_duplicates("set").index)
    return table.sort_values(["set", "path"], ignore_index=True)


def _size_of(path: Path) -> tuple[int, int, int]:
    try:
        with opening.decoding(path) as picture:
            return (*picture.size, path.stat().st_size)
    except UnreadablePhoto:
        return 0, 0, 0


def _looked_at(
    paths: Sequence[str], tell: Callable[[int, int, str], None] | None, stop: Callable[[], bool]
) -> tuple[list[_Look], list[tuple[str, str]]]:
    """Read each photo once; those that cannot be read, with the reason."""
    found: list[_Look] = []
    problems: list[tuple[str, str]] = []

    def look(path: str) -> _Look | UnreadablePhoto | None:
        if stop():
            return None
        try:
            return _look(path)
        except UnreadablePhoto as error:
            return error

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as threads:
        for done, (path, seen) in enumerate(
            zip(paths, threads.map(look, paths), strict=True), start=1
        ):
            if isinstance(seen, _Look):
                found.append(seen)
            elif seen is not None:
                problems.append((path, str(seen)))
            if tell is not None:
                tell(done, len(paths), path)
    return found, problems


def _look(path: str) -> _Look:
    known = identity.identify(Path(path))
    with opening.decoding(Path(path)) as picture:
        coarseness = _coarseness(picture)
    opened = opening.open_shrunk(Path(path), long_edge=SMALL)
    digest = known.photo
    if not digest and opened.full is not None:
        digest = identity.of_pixels(opened.full)
    grey = np.asarray(Image.fromarray(opened.small).convert("L"))
    return _Look(path, known, digest, grey, (opened.width, opened.height), coarseness)


def _coarseness(picture: Image.Image) -> float:
    """
    Return how many grey levels the steps of a file are apart, on average, in its low frequencies.

    0 of what is saved as it is, infinite where the header does not say it.
    """
    if picture.format in LOSSLESS:
        return 0.0
    tables: Any = getattr(picture, "quantization", None)
    if not tables or len(tables[min(tables)]) < LOW:
        return np.inf
    return float(np.mean(tables[min(tables)][:LOW]))


def _limit(one: _Look, other: _Look) -> float:
    """Return how much may be left between two pictures that are one, by how they were saved."""
    return min(COARSELY, FINELY + GROWS * max(one.coarseness, other.coarseness))


def _copies(looks: Sequence[_Look]) -> tuple[list[list[_Look]], list[tuple[str, str, str, float]]]:
    """Return the photos by their picture, and the pairs within each."""
    by_file: dict[str, str] = {}
    pictures: dict[str, list[_Look]] = {}
    for look in looks:
        # Not every copy of a file tells its picture's digest: the first one's stands for all.
        digest = by_file.setdefault(look.identity.file, look.digest or look.identity.file)
        pictures.setdefault(digest, []).append(look)
    rows = []
    for same in pictures.values():
        for at, one in enumerate(same):
            for other in same[at + 1 :]:
                kind = SAME_FILE if one.identity.file == other.identity.file else SAME_PICTURE
                rows.append((one.path, other.path, kind, 1.0))
    return list(pictures.values()), rows


def _compared(
    copies: Sequence[Sequence[_Look]],
    tell: Callable[[int, int, str], None] | None,
    stop: Callable[[], bool],
) -> Iterator[tuple[str, str, str, float]]:
    """Yield the pairs of photos whose pictures are one, though not the same px by px."""
    seen = [each for each in copies if min(each[0].size) >= LEAST]
    fine = lru_cache(maxsize=128)(_opened)
    known: set[tuple[int, int]] = set()
    for done, (at, found) in enumerate(_candidates([each[0].grey for each in seen]), start=1):
        if stop():
            return
        for other, mirrored, windows in found:
            one, two = seen[at], seen[other]
            # Mirrored comes after as it is: a picture that is its own mirror image is not mirrored.
            if (at, other) in known:
                continue
            pair = _one_picture(one[0], two[0], windows, mirrored=mirrored, fine=fine)
            if pair is None:
                continue
            known.add((at, other))
            for first in one:
                for second in two:
                    path, last = sorted((first.path, second.path))
                    yield path, last, *pair
        if tell is not None:
            tell(done, len(seen), seen[at][0].path)


def _opened(path: str) -> Image.Image | None:
    """Return a photo at the size at which it is compared; None where it is gone since."""
    try:
        return Image.fromarray(opening.open_shrunk(Path(path), long_edge=FINE).small)
    except UnreadablePhoto:
        return None


def _windows() -> Floats:
    """
    Return what averages the cells of each window along one side.

    Returns
    -------
    numpy.ndarray
        Shape (9, CELLS, SQUARE), float32: weights of px, for each way to move the two ends. Cells
        overlap by half, so that a window that lies between two is like both.
    """
    middle = (np.arange(SQUARE) + 0.5) / SQUARE
    found = []
    for start, end in _ends():
        size = (end - start) / CELLS
        cells = start + size * (np.arange(CELLS) + 0.5)
        weights = np.clip(1 - np.abs(middle[None] - cells[:, None]) / size, 0, None)
        found.append(weights / weights.sum(axis=1, keepdims=True))
    return np.array(found, dtype=np.float32)


def _ends() -> list[tuple[float, float]]:
    """Return where each window begins and ends, as shares of a side; the middle one unmoved."""
    moves = (-SHIFT, 0.0, SHIFT)
    return [(INSET + first, 1 - INSET + last) for first in moves for last in moves]


_UNMOVED = 40


def _cells(squares: Floats, weights: Floats) -> Floats:
    """
    Return the windows of pictures in cells, comparable by their products.

    Parameters
    ----------
    squares : numpy.ndarray
        Shape (n, SQUARE, SQUARE), float32: grey, 0 to 255.
    weights : numpy.ndarray
        As of `_windows`.

    Returns
    -------
    numpy.ndarray
        Shape (n, 81, CELLS * CELLS), float32, of length 1, or less where there is little contrast.
    """
    down = np.einsum("pay,nyx->npax", weights, squares, optimize=True)
    cells = np.einsum("npax,qbx->npqab", down, weights, optimize=True)
    flat = cells.reshape(len(squares), -1, CELLS * CELLS)
    flat = flat - flat.mean(axis=2, keepdims=True)
    length = np.linalg.norm(flat, axis=2, keepdims=True)
    return (flat / np.maximum(length, CELLS * FLAT)).astype(np.float32)


def _candidates(
    greys: Sequence[Rgb],
) -> Iterator[tuple[int, list[tuple[int, bool, list[int]]]]]:
    """
    Yield, photo by photo, those after it that may hold the same picture.

    With each comes whether it is mirrored, and the windows of this photo that are most like its
    middle, the best first.
    """
    if not greys:
        return
    weights = _windows()
    squares = np.stack(
        [
            np.asarray(Image.fromarray(grey).resize((SQUARE, SQUARE), Image.Resampling.BOX))
            for grey in greys
        ]
    )
    middle = weights[_UNMOVED // 9 : _UNMOVED // 9 + 1]
    upright = _cells(squares.astype(np.float32), middle)[:, 0]
    mirrored = _cells(squares[:, :, ::-1].astype(np.float32), middle)[:, 0]
    # 16 photos and 5,000 others take 26 MB.
    count = max(1, min(16, 80_000 // len(greys)))
    for start in range(0, len(greys), count):
        moved = _cells(squares[start : start + count].astype(np.float32), weights)
        rows = moved.reshape(-1, CELLS * CELLS)
        likeness = [
            (rows @ cells[start:].T).reshape(len(moved), -1, len(greys) - start)
            for cells in (upright, mirrored)
        ]
        best = [each.max(axis=1) for each in likeness]
        for row in range(len(moved)):
            found = []
            for turned in (0, 1):
                for other in np.flatnonzero(best[turned][row, row + 1 :] >= MAYBE) + row + 1:
                    order = np.argsort(-likeness[turned][row, :, other], kind="stable")[:STARTS]
                    found.append((start + int(other), bool(turned), order.tolist()))
            yield start + row, found


@dataclass(frozen=True)
class _Laid:
    """
    How one picture lies upon another: place in the one = scale * place in the other + shift.

    Attributes
    ----------
    across, down : tuple of (float, float)
        Scale and shift, in shares of the sides.
    """

    across: tuple[float, float]
    down: tuple[float, float]

    @classmethod
    def window(cls, number: int) -> _Laid:
        """Return where the middle of the other lies in a window of the one."""
        ends = _ends()
        found = []
        for first, last in (ends[number % 9], ends[number // 9]):
            scale = (last - first) / (1 - 2 * INSET)
            found.append((scale, first - scale * INSET))
        return cls(*found)

    def common(self, margin: float = 0.0) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return what both show: start and end across, and down, in shares of the other."""
        found = []
        for scale, shift in (self.across, self.down):
            start, end = max(0.0, -shift / scale), min(1.0, (1 - shift) / scale)
            inset = margin * (end - start)
            found.append((start + inset, end - inset))
        return found[0], found[1]

    @property
    def shared(self) -> float:
        """The least share of a side that both show, of the one's or the other's."""
        across, down = (end - start for start, end in self.common())
        return min(across, down, across * self.across[0], down * self.down[0])

    @property
    def sensible(self) -> bool:
        """Whether it can be of two that show nearly the same."""
        return all(
            0.6 < scale < 1.7 and abs(shift) < 0.4 for scale, shift in (self.across, self.down)
        )

    def cut(
        self, one: Image.Image, other: Image.Image, size: tuple[int, int]
    ) -> tuple[Floats, Floats]:
        """Return what both show, of each, at a size (width, height in px), but for the edge."""
        across, down = self.common(margin=0.01)
        here = [self.across[0] * each + self.across[1] for each in across]
        there = [self.down[0] * each + self.down[1] for each in down]
        return _part(one, (here[0], here[1]), (there[0], there[1]), size), _part(
            other, across, down, size
        )

    def moved(self, ends: Sequence[float]) -> _Laid:
        """Move the ends of what both show in the one: left, right, top, bottom, in its shares."""
        found = []
        for (scale, shift), (start, end), (first, last) in zip(
            (self.across, self.down), self.common(), (ends[:2], ends[2:]), strict=True
        ):
            begin, finish = scale * start + shift + first, scale * end + shift + last
            longer = (finish - begin) / (end - start)
            found.append((longer, begin - longer * start))
        return _Laid(*found)

    def fitted(
        self, one: Image.Image, other: Image.Image, size: tuple[int, int], *, rounds: int
    ) -> _Laid:
        """
        Return how they lie upon each other best, from here on.

        Gauss and Newton's way: the ends are moved by what the slopes of the one say about what is
        left (Lucas and Kanade 1981).
        """
        laid = self
        width, height = size
        right = ((np.arange(width) + 0.5) / width)[None, :]
        low = ((np.arange(height) + 0.5) / height)[:, None]
        for _ in range(rounds):
            here, there = laid.cut(one, other, size)
            down, across = np.gradient(here)
            slopes = np.stack(
                [across * (1 - right), across * right, down * (1 - low), down * low]
            ).reshape(4, -1)
            squared = slopes @ slopes.T
            damped = squared + np.eye(4) * (1e-3 * np.trace(squared) / 4 + 1e-6)
            px = np.linalg.solve(damped, slopes @ (there - here).ravel())
            shares = np.clip(px, -2, 2) / [width, width, height, height]
            # Of what both show, in shares of the one.
            (start, end), (top, bottom) = laid.common()
            sides = [(end - start) * laid.across[0]] * 2 + [(bottom - top) * laid.down[0]] * 2
            following = laid.moved((shares * sides).tolist())
            if not following.sensible:
                return laid
            laid = following
            if np.abs(px).max() < SETTLED:
                break
        return laid


def _part(
    picture: Image.Image,
    across: tuple[float, float],
    down: tuple[float, float],
    size: tuple[int, int],
) -> Floats:
    width, height = picture.size
    box = (
        max(0.0, across[0] * width),
        max(0.0, down[0] * height),
        min(float(width), across[1] * width),
        min(float(height), down[1] * height),
    )
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=box), dtype=np.float32)


def _correlation(one: Floats, other: Floats) -> float:
    """Return how far two grey pictures go together; noise of one grey level is nothing."""
    here, there = one - one.mean(), other - other.mean()
    lengths = ((each**2).sum() + each.size for each in (here, there))
    return float((here * there).sum() / np.sqrt(np.prod(list(lengths), dtype=np.float64)))


def _one_picture(
    one: _Look,
    other: _Look,
    windows: Sequence[int],
    *,
    mirrored: bool,
    fine: Callable[[str], Image.Image | None],
) -> tuple[str, float] | None:
    """Return the kind of a duplicate, and how alike the two are; None where they are none."""
    laid = _roughly(one.grey, other.grey[:, ::-1] if mirrored else other.grey, windows)
    if laid is None:
        return None
    here, there = fine(one.path), fine(other.path)
    if here is None or there is None:
        return None
    if mirrored:
        there = there.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    laid, left, alike = _left(laid, here, there)
    if left > _limit(one, other) or not _plausible(laid, one.size, other.size):
        return None
    kind = _kind(laid, one.size, other.size, mirrored=mirrored)
    if kind == RE_ENCODED and left < 0.1 and _equal(one.path, other.path):
        return SAME_PICTURE, 1.0
    return kind, min(1.0, max(0.0, alike))


def _roughly(one: Rgb, other: Rgb, windows: Sequence[int]) -> _Laid | None:
    """Lay two small pictures upon each other; None where they are not alike."""
    here, there = Image.fromarray(one), Image.fromarray(np.ascontiguousarray(other))
    size = min(here.width, there.width), min(here.height, there.height)
    found: tuple[float, _Laid | None] = (LIKELY, None)
    for number in windows:
        laid = _Laid.window(number)
        for side, rounds in ((16, 4), (32, 3)):
            laid = laid.fitted(here, there, (side, side), rounds=rounds)
        if _correlation(*laid.cut(here, there, (32, 32))) < LIKELY - 0.1:
            continue
        laid = laid.fitted(here, there, size, rounds=2)
        likeness = _correlation(*laid.cut(here, there, size))
        if likeness >= found[0]:
            found = likeness, laid
        if likeness >= SURELY:
            break
    laid_best = found[1]
    if laid_best is None:
        return None
    first, second = laid_best.cut(here, there, size)
    rest = _share(first - second, _allowed(second, SMALL_BLOCK), SMALL_BLOCK)
    return laid_best if rest.max() <= COARSELY else None


def _allowed(grey: Floats, block: int) -> Floats:
    """Return what may be left at each px of a picture, in grey levels, by the contrast around."""
    from scipy.ndimage import uniform_filter

    around = uniform_filter(grey**2, 2 * block) - uniform_filter(grey, 2 * block) ** 2
    return np.asarray(LEVELS + CONTRAST * np.sqrt(np.maximum(around, 0)), dtype=np.float32)


def _share(rest: Floats, allowed: Floats, block: int) -> Floats:
    """Return what is left in the block around each px, as a share of what is allowed."""
    from scipy.ndimage import uniform_filter

    inside = (slice(block // 2, -(block // 2)),) * 2
    return np.asarray((np.abs(uniform_filter(rest, block)) / allowed)[inside])


def _left(laid: _Laid, one: Image.Image, other: Image.Image) -> tuple[_Laid, float, float]:
    """
    Lay two pictures upon each other, and say what is left between them.

    Returns
    -------
    (_Laid, float, float)
        How they lie; the most that is left anywhere, 1 where it is as much as coarse saving leaves;
        and the correlation of their brightness.
    """
    across, down = (end - start for start, end in laid.common())
    there = (other.width * across, other.height * down)
    here = (one.width * across * laid.across[0], one.height * down * laid.down[0])
    width, height = min(here, there, key=lambda each: each[0] * each[1])
    size = max(BLOCK + 2, round(width)), max(BLOCK + 2, round(height))
    laid = laid.fitted(one.convert("L"), other.convert("L"), size, rounds=3)
    first, second = laid.cut(one, other, size)
    rest = first - second
    allowed = np.max([_allowed(second[..., c], BLOCK) for c in range(3)], axis=0)
    brightness = _share(rest.mean(axis=2), allowed, BLOCK)
    colours = [_share(rest[..., c], allowed, BLOCK) / COLOURS for c in range(3)]
    left = float(max(brightness.max(), *(each.max() for each in colours)))
    return laid, left, _correlation(first.mean(axis=2), second.mean(axis=2))


def _plausible(laid: _Laid, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two lie upon each other as a picture that was resized or cropped a little."""
    across, down = laid.across[0] * one[0] / other[0], laid.down[0] * one[1] / other[1]
    # Sides are rounded to whole px.
    px = 1 / min(*one, *other)
    return laid.shared >= SHARED and abs(np.log(across / down)) <= STRETCHED + px


def _kind(laid: _Laid, one: tuple[int, int], other: tuple[int, int], *, mirrored: bool) -> str:
    if mirrored:
        return MIRRORED
    if 1 - laid.shared > max(SLIGHT, 1.5 / min(*one, *other)):
        return CROPPED
    if max(abs(here - there) for here, there in zip(one, other, strict=True)) > 1:
        return RESIZED
    # One line less is a crop, if a slight one.
    return RE_ENCODED if one == other else CROPPED


def _equal(one: str, other: str) -> bool:
    """Whether two photos are the same px by px, upright."""
    try:
        return np.array_equal(opening.open_upright(Path(one)), opening.open_upright(Path(other)))
    except UnreadablePhoto:
        return False
