"""How well duplicates are found: made from the photos of a folder, and sought among them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from toolkit.errors import BadFolder, BadSetting, UnreadablePhoto
from toolkit.photos import duplicates, opening
from toolkit.progress import Progress, spent

Log = Callable[[str], None]
Bits = npt.NDArray[np.float32]

# How duplicates are made, each with numbers drawn by the seed.
WAYS = ("JPEG", "PNG", "WebP", "resized", "cropped 5%", "cropped", "mirrored", "mixed")
SCALES = (1 / 3, 0.5, 2 / 3, 1.5, 2.0)
CROPPED, MOST_CROPPED = 0.05, 0.1
QUALITIES = {"JPEG": (30, 96), "WEBP": (50, 96)}
FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
# Side in px of what pHash looks at, the frequencies that it takes of it, and the bits of these in
# which two may differ, as imagededup has it.
PHASH_SIDE, PHASH_LOW, PHASH_BITS = 32, 8, 10
# The shortest side in px of photos of which duplicates are made.
LEAST = 64


def study(
    folder: Path, *, sample: int = 100, seed: int = 0, log: Log, progress: Progress | None = None
) -> dict[str, pd.DataFrame]:
    """
    Make duplicates of some photos of a folder, and seek them among all of it.

    Parameters
    ----------
    folder : Path
        Photos, also in subfolders. Nothing is written there.
    sample : int
        Photos of which one duplicate each of `WAYS` is made.
    seed : int
        Of the photos that are drawn, and of how duplicates are made.
    log : callable
        Told what was left out, a sentence each.
    progress : callable, optional
        As of `duplicates.find`.

    Returns
    -------
    dict of str to pandas.DataFrame
        "made": of each way, how many were made, how many found, and how many pHash finds.
        "different": pairs of different photos, made ones included, and how many of them each takes
        for one picture. "in the folder": duplicates among its own photos, to be looked at; they are
        counted as duplicates.

    Raises
    ------
    BadFolder
        If there are fewer than two photos, or none can be read.
    BadSetting
        If `sample` or `seed` cannot be.
    """
    if sample < 1 or seed < 0:
        raise BadSetting(
            f"sample is {sample}, seed {seed}; expected a sample of 1 or more, a seed of 0 or more"
        )
    photos = [str(path) for path in opening.find(folder).photos]
    if len(photos) < 2:
        raise BadFolder(f"{folder} holds {len(photos)} photos; expected two or more.")
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(photos))[:sample]
    with tempfile.TemporaryDirectory() as place:
        source = {path: path for path in photos}
        way_of: dict[str, str] = {}
        for number, at in enumerate(sorted(chosen.tolist())):
            try:
                picture = Image.fromarray(opening.open_upright(Path(photos[at])))
            except UnreadablePhoto:
                continue
            if min(picture.size) < LEAST:
                continue
            for way, path in _made(picture, Path(place), number, rng):
                source[path], way_of[path] = photos[at], way
        if not way_of:
            raise BadFolder(
                f"{folder} holds no photo of {LEAST} px or more that can be read; expected some."
            )
        with spent() as took:
            found = duplicates.find(source, progress=progress)
        log(f"{len(source):,} photos compared in {took.wall:.0f} s ({took.cpu:.0f} CPU s)")
        if len(found.problems):
            log(f"{len(found.problems):,} photos cannot be read, left out")
        readable = [path for path in source if path not in set(found.problems["path"])]
        alike = _by_phash(readable)
    return _tables(folder, found.pairs, source, way_of, readable, alike)


def _tables(
    folder: Path,
    pairs: pd.DataFrame,
    source: dict[str, str],
    way_of: dict[str, str],
    readable: list[str],
    alike: set[tuple[str, str]],
) -> dict[str, pd.DataFrame]:
    told = set(_both(pairs))
    here = pairs[[not {a, b} & way_of.keys() for a, b in _both(pairs)]]
    # Photos that are one picture in the folder have duplicates of each other's, too.
    sets = duplicates.groups(here)
    first = sets.groupby("set")["path"].transform("first")
    same = dict(zip(sets["path"], first, strict=True))
    of = {path: same.get(source[path], source[path]) for path in readable}
    made = []
    for way in WAYS:
        those = [path for path, each in way_of.items() if each == way]
        keys = [_key(path, source[path]) for path in those]
        ours, theirs = (sum(key in each for key in keys) for each in (told, alike))
        made.append({"way": way, "made": len(those), "found": ours, "pHash": theirs})
    sizes = pd.Series(list(of.values())).value_counts().to_numpy()
    among = len(readable) * (len(readable) - 1) // 2 - int((sizes * (sizes - 1) // 2).sum())
    different = [
        {"method": name, "pairs": among, "wrong": sum(of[a] != of[b] for a, b in each)}
        for name, each in (("duplicates", told), (f"pHash, {PHASH_BITS} bits", alike))
    ]
    shown = here.assign(
        **{side: [_short(path, folder) for path in here[side]] for side in ("path", "other")}
    )
    return {
        "made": pd.DataFrame(made),
        "different": pd.DataFrame(different),
        "in the folder": shown.reset_index(drop=True),
    }


def _both(pairs: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the two paths of each pair."""
    yield from zip(pairs["path"], pairs["other"], strict=True)


def _key(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _short(path: str, folder: Path) -> str:
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else path


def _made(
    picture: Image.Image, place: Path, number: int, rng: np.random.Generator
) -> Iterator[tuple[str, str]]:
    """Save one duplicate each way; yield the way, and the path."""
    for way in WAYS:
        changed, file_format = picture, str(rng.choice(["JPEG", "PNG", "WEBP"]))
        if way.startswith("cropped") or way == "mixed":
            changed = _cropped(changed, rng, exactly=way.endswith("%"))
        if way in ("resized", "mixed"):
            changed = _resized(changed, rng)
        if way == "mirrored" or (way == "mixed" and rng.random() < 0.5):
            changed = changed.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if way.upper() in ("JPEG", "PNG", "WEBP"):
            file_format = way.upper()
        path = place / f"{number:05d}_{WAYS.index(way)}.{file_format.lower()}"
        low, high = QUALITIES.get(file_format, (90, 91))
        quality = int(rng.integers(low, high))
        changed.save(path, file_format, **({} if file_format == "PNG" else {"quality": quality}))
        yield way, str(path)


def _cropped(picture: Image.Image, rng: np.random.Generator, *, exactly: bool) -> Image.Image:
    """Cut off a part at some sides: 5 % of one or of all, or up to a tenth of each."""
    if exactly:
        parts = np.zeros(4)
        parts[rng.integers(4) if rng.random() < 0.5 else slice(None)] = CROPPED
    else:
        parts = rng.uniform(0, MOST_CROPPED, 4) * (rng.random(4) < 0.6)
    width, height = picture.size
    left, top, right, bottom = (
        round(part * side) for part, side in zip(parts, (width, height) * 2, strict=True)
    )
    return picture.crop((left, top, width - right, height - bottom))


def _resized(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    scale = float(rng.choice(SCALES))
    size = [max(1, round(side * scale)) for side in picture.size]
    return picture.resize((size[0], size[1]), FILTERS[int(rng.integers(len(FILTERS)))])


def phash(grey: Image.Image) -> Bits:
    """
    Return pHash of a picture, as the packages imagehash and imagededup make it.

    Returns
    -------
    numpy.ndarray
        Shape (64,), float32: 1 where a low frequency of the cosine transform is above the median of
        them, -1 elsewhere.
    """
    from scipy.fft import dctn

    small = grey.resize((PHASH_SIDE, PHASH_SIDE), Image.Resampling.LANCZOS)
    low = dctn(np.asarray(small, dtype=np.float64))[:PHASH_LOW, :PHASH_LOW].ravel()
    return np.where(low > np.median(low), 1, -1).astype(np.float32)


def _by_phash(paths: list[str]) -> set[tuple[str, str]]:
    """Return the pairs whose pHashes differ in few bits."""
    bits = np.stack(
        [
            phash(
                Image.fromarray(opening.open_shrunk(Path(path), long_edge=256).small).convert("L")
            )
            for path in paths
        ]
    )
    found = set()
    # Of 64 bits, products of 1 and -1 sum up to 64 less twice those that differ.
    most = bits.shape[1] - 2 * PHASH_BITS
    for at in range(len(paths)):
        for other in np.flatnonzero(bits[at + 1 :] @ bits[at] >= most) + at + 1:
            found.add(_key(paths[at], paths[int(other)]))
    return found
