"""What a run leaves in its output folder beside the copies, and how to take it up again."""

from __future__ import annotations

import io
import lzma
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import __version__
from toolkit.calibration import Calibration
from toolkit.errors import BadFolder
from toolkit.files import open_regular, read_regular, reason_of, write_bytes
from toolkit.locks import holder
from toolkit.names import printable
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Album,
    EncoderInfo,
    SubjectInfo,
    Words,
    empty_table,
)
from toolkit.results.record import LARGEST, RECORD, parsed
from toolkit.results.result import AutopilotResult, PointAndShootResult, Result
from toolkit.subjects import registry
from toolkit.tables import BadTable, read_table, write_table

ENCODINGS = "encodings.npz"
SIGHTINGS = "sightings.csv"
PHOTOS = "photos.csv"
NOBODY = "nobody.csv"
PROBLEMS = "problems.csv"
BOX = ("left", "top", "right", "bottom")
# Numbers that an encoding may have, so that a damaged file cannot ask for all memory.
MOST_DIMENSIONS = 4096
LARGEST_NUMBER = 1e6
# Letters of a word that a subject is called by.
LONGEST_WORD = 60
# The column, and the array, that say which run a table or file is of.
RUN = "run"
# Bytes that a table may have (a row is a few hundred), and the encodings.
LARGEST_TABLE, LARGEST_ARRAYS = 1 << 30, 1 << 34
# What a damaged, encrypted or forged archive, or an array in it, raises.
UNREADABLE = (
    *(OSError, ValueError, KeyError, EOFError, RuntimeError, NotImplementedError, MemoryError),
    *(SyntaxError, TypeError, OverflowError, struct.error, zipfile.BadZipFile, zlib.error),
    lzma.LZMAError,
)
# Stages of problems that are not the album's: references are read anew, copies made anew.
NOT_THE_ALBUM = ("reference", "copying")


@dataclass(frozen=True)
class Run:
    """
    An earlier run, as its output folder tells it.

    Attributes
    ----------
    out : Path
        The folder.
    album : Album
        Its sightings and their encodings, and, if `lacking` is empty, all its photos and problems;
        otherwise `photos` has a row for each photo with a sighting, and `problems` none.
    names : tuple of str or None
        The individual of each sighting; None for nobody known.
    mode : str
        "autopilot" or "point-and-shoot".
    threshold : float
        Encoder distance that was used.
    settings : dict
        What the run was told.
    not_seen : int
        Photos that it listed and did not look at, because it was stopped.
    grouped_by : str
        The method that made the groups; "" for point-and-shoot. It is not the one of the settings
        where that did not fit into memory.
    lacking : str
        Why the tables of photos and problems could not be read; empty if they could.
    """

    out: Path
    album: Album
    names: tuple[str | None, ...]
    mode: str
    threshold: float
    settings: dict[str, Any]
    not_seen: int = 0
    lacking: str = ""
    grouped_by: str = ""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Shape (n,), int64: a number for the individual of each sighting, -1 for nobody known."""
        return pd.factorize(pd.Series(self.names, dtype=object))[0].astype(np.int64)


def save(result: Result, out: Path) -> None:
    """
    Write the tables of a run, and the encodings of its sightings, into its output folder.

    ``encodings.npz`` has, for each row of ``sightings.csv``, the encoding, and the box, the photo's
    digest and its size, by which a row is known again. It is as private as the photos: faces can be
    told by it. Every table has the run's own mark in its last column, and so has that file.
    """
    for name, rows in (
        (SIGHTINGS, result.sightings),
        (PHOTOS, result.album.photos),
        (NOBODY, result.nobody),
        (PROBLEMS, result.problems),
    ):
        write_table(rows.assign(**{RUN: result.run}), out / name)
    table = result.album.sightings
    photos = result.album.photos.drop_duplicates("photo_digest").set_index("photo_digest")
    sizes = photos.loc[table["photo_digest"], ["width", "height"]]
    stream = io.BytesIO()
    np.savez(
        stream,
        encodings=result.album.encodings,
        boxes=table[list(BOX)].to_numpy(dtype=np.int64).reshape(-1, 4),
        photos=table["photo_digest"].to_numpy(dtype="S64"),
        sizes=sizes.to_numpy(dtype=np.int64).reshape(-1, 2),
        run=np.array(result.run, dtype="S32"),
    )
    write_bytes(out / ENCODINGS, stream.getvalue())


def about_subject(subject: SubjectInfo) -> dict[str, Any]:
    """Return what ``run.json`` says of what was looked for."""
    return {"subject": asdict(subject)}


def subject_of(about: dict[str, Any]) -> SubjectInfo:
    """Return what was looked for; a version that does not say knew of faces only."""
    told = about.get("subject")
    if told is None:
        return registry.info()
    words = told["words"]
    texts = [told["name"], *(words[each.name] for each in fields(Words))]
    if not all(isinstance(text, str) and 0 < len(text) <= LONGEST_WORD for text in texts):
        raise ValueError("its subject is described by something else than words")
    name, *spoken = (printable(text) for text in texts)
    return SubjectInfo(name, Words(*spoken), bool(told["exclusive_in_photo"]))


def about_encoder(encoder: EncoderInfo) -> dict[str, Any]:
    """Return what ``run.json`` says of an encoder, so that `load` can make it again."""
    return {
        "encoder": encoder.name,
        "encoder_weights": encoder.weights_digest,
        "encoder_variant": encoder.variant,
        "encoder_metric": encoder.metric,
        "calibration": {
            "slope": encoder.calibration.slope,
            "even": encoder.calibration.even,
        },
    }


def about(result: Result) -> dict[str, Any]:
    """Return what ``run.json`` says of a run, beside its files."""
    return {
        "version": __version__,
        "mode": result.mode,
        "threshold": result.threshold,
        "threshold_automatic": result.chosen.automatic,
        "expected_wrong": result.chosen.expected_wrong,
        **about_subject(result.album.subject),
        **about_encoder(result.album.encoder),
        "settings": result.settings.as_dict(),
        "not_seen": result.not_seen,
        **({"grouped_by": result.clustering.method} if isinstance(result, AutopilotResult) else {}),
        **(
            {"people": list(result.references.names)}
            if isinstance(result, PointAndShootResult)
            else {}
        ),
    }


def load(out: str | Path) -> Run:
    """
    Take up an earlier run.

    Text that has control characters, or is no Unicode, stays as its tables write it: as escapes.

    Parameters
    ----------
    out : path
        The folder that its results went to.

    Raises
    ------
    BadFolder
        If it is no such folder, or a file of it is missing, damaged, or does not fit the others.
    """
    folder = Path(out)
    about = read_about(folder)
    sightings, names = _sightings(folder, about)
    arrays = _arrays(folder, len(sightings), about)
    same = (arrays["photos"] == sightings["photo_digest"].to_numpy(dtype="S64")).all() and (
        arrays["boxes"] == sightings[list(BOX)].to_numpy(dtype=np.int64).reshape(-1, 4)
    ).all()
    if not same:
        raise _damaged(
            folder, SIGHTINGS, f"its rows are not those of {ENCODINGS}, in the same order"
        )
    try:
        if about["encoder_metric"] not in ("euclidean", "cosine"):
            raise ValueError(f"encoder_metric is {about['encoder_metric']!r}")
        encoder = EncoderInfo(
            name=str(about["encoder"]),
            weights_digest=str(about["encoder_weights"]),
            dimensions=int(arrays["encodings"].shape[1]),
            metric=about["encoder_metric"],
            calibration=Calibration(
                float(about["calibration"]["slope"]), float(about["calibration"]["even"])
            ),
            variant=str(about["encoder_variant"]),
        )
        if not isinstance(about["settings"], dict):
            raise TypeError("settings is no object")
        if max(encoder.calibration.slope, encoder.calibration.even) > LARGEST_NUMBER:
            raise ValueError("calibration holds numbers that none has")
        threshold, mode = float(about["threshold"]), str(about["mode"])
        if not 0 < threshold < np.inf:
            raise ValueError(f"threshold is {threshold}")
        settings = dict(about["settings"])
        subject = subject_of(about)
        not_seen = int(about.get("not_seen", 0))
        if not_seen < 0:
            raise ValueError(f"not_seen is {not_seen}")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _damaged(folder, RECORD, printable(f"{type(error).__name__}: {error}")) from error
    photos, problems, lacking = (
        _photos(sightings, arrays["sizes"]),
        empty_table(PROBLEM_COLUMNS),
        "",
    )
    try:
        photos, problems = _all_photos(folder, photos, about), _problems(folder, about)
    except BadFolder as error:
        lacking = str(error)
    try:
        album = Album(
            photos=photos,
            sightings=sightings,
            encodings=arrays["encodings"],
            encoder=encoder,
            problems=problems,
            subject=subject,
        )
    except ValueError as error:
        raise _damaged(folder, ENCODINGS, str(error)) from error
    grouped_by = str(about.get("grouped_by") or settings.get("method", ""))
    if mode != "autopilot":
        grouped_by = ""
    return Run(folder, album, names, mode, threshold, settings, not_seen, lacking, grouped_by)


def _all_photos(folder: Path, seen: pd.DataFrame, about: dict[str, Any]) -> pd.DataFrame:
    """Read the table of photos; those in `seen`, which have sightings, must be in it unchanged."""
    table = read_part(folder, PHOTOS, PHOTO_COLUMNS, about)
    numbers = ["width", "height", "left_out", *(["ignored"] if "ignored" in table else [])]
    try:
        table = table[["path", "photo_digest", *numbers]].astype(dict.fromkeys(numbers, "int64"))
        if (table[numbers] < [1, 1, *[0] * (len(numbers) - 2)]).any(axis=None):
            raise ValueError("a size or a count is too small")
        if not table["photo_digest"].str.fullmatch("[0-9a-f]{64}").all():
            raise ValueError("a photo's digest is none")
        alike = ["photo_digest", "width", "height"]
        if len(table[alike].drop_duplicates()) != table["photo_digest"].nunique():
            raise ValueError("copies of one photo differ in size")
        known = seen.merge(table, on=["path", *alike]).drop_duplicates("photo_digest")
        if len(known) != len(seen):
            raise ValueError(
                f"it lacks photos that are in {SIGHTINGS}, or has other sizes for them"
            )
    except (ValueError, OverflowError) as error:
        raise _damaged(folder, PHOTOS, str(error)) from error
    return table


def _problems(folder: Path, about: dict[str, Any]) -> pd.DataFrame:
    table = read_part(folder, PROBLEMS, PROBLEM_COLUMNS, about)[list(PROBLEM_COLUMNS)]
    return table[~table["stage"].isin(NOT_THE_ALBUM)].reset_index(drop=True)


def read_part(
    folder: Path, file: str, columns: Sequence[str], about: dict[str, Any]
) -> pd.DataFrame:
    """
    Read a table of a run as text, with at least these columns, and without the run's mark.

    Parameters
    ----------
    folder : Path
        The folder of results.
    file : str
        One of its tables.
    columns : sequence of str
        What it must have.
    about : dict
        What `read_about` returned.

    Raises
    ------
    BadFolder
        If it is missing or damaged, or is another run's.
    """
    try:
        table = read_table(folder / file, columns, most=LARGEST_TABLE)
    except BadTable as error:
        raise _damaged(folder, file, printable(str(error))) from error
    marks = set(table.pop(RUN)) if RUN in table else {""} if len(table) else set()
    if marks - {str(about.get(RUN, ""))}:
        raise mixture(folder, file)
    return table.reset_index(drop=True)


def mixture(folder: Path, file: str) -> BadFolder:
    """Return the error that says that a folder holds parts of two runs."""
    now = holder(folder)
    busy = f" {now[0].upper()}{now[1:]}, is writing there: wait until it is done." if now else ""
    return BadFolder(
        f"{folder} holds parts of two runs: {file} is not of the run that {RECORD} tells of, which "
        f"was cut off before it was done.{busy} Run autopilot or point-and-shoot into that folder "
        "again: that mends it."
    )


def require_one_run(folder: Path, about: dict[str, Any]) -> None:
    """Raise `BadFolder` if ``encodings.npz`` is there and is of another run than the record."""
    if os.path.lexists(folder / ENCODINGS):
        _require_mark(folder, about)


def _require_mark(folder: Path, about: dict[str, Any]) -> None:
    try:
        with _archive(folder) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            if sizes.get(f"{RUN}.npy", 0) > 1024:
                raise ValueError("the mark of its run is too long")
            mark = b""
            if f"{RUN}.npy" in sizes:
                array = np.load(io.BytesIO(archive.read(f"{RUN}.npy")), allow_pickle=False)
                mark = bytes(array) if array.dtype.kind == "S" and array.ndim == 0 else b"?"
    except UNREADABLE as error:
        raise _damaged(folder, ENCODINGS, printable(str(error))) from error
    if mark.rstrip(b"\0").decode("ascii", "replace") != str(about.get(RUN, "")):
        raise mixture(folder, ENCODINGS)


@contextmanager
def _archive(folder: Path) -> Iterator[zipfile.ZipFile]:
    stream = open_regular(folder / ENCODINGS, most=LARGEST_ARRAYS)
    with stream, zipfile.ZipFile(stream) as archive:
        yield archive


def _sightings(folder: Path, about: dict[str, Any]) -> tuple[pd.DataFrame, tuple[str | None, ...]]:
    """Read the table of sightings, and the names apart: a person may be called "NA" or "007"."""
    table = read_part(folder, SIGHTINGS, ("name", *SIGHTING_COLUMNS), about)
    try:
        if not table["photo_digest"].map(str.isascii).all():
            raise ValueError("a photo's digest holds letters that none has")
        names = tuple(name or None for name in table["name"])
        table = table[list(SIGHTING_COLUMNS)].astype(
            {**dict.fromkeys(BOX, "int64"), "score": "float64"}
        )
    except (ValueError, OverflowError) as error:
        raise _damaged(folder, SIGHTINGS, str(error)) from error
    return table, names


def _arrays(folder: Path, count: int, about: dict[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays that go with the sightings, once their sizes are seen to be possible."""
    if not os.path.lexists(folder / ENCODINGS):
        raise _damaged(folder, ENCODINGS, "it is missing: the run is an older one, or was cut off")
    _require_mark(folder, about)
    kinds: dict[str, np.dtype[Any]] = {
        "encodings": np.dtype(np.float32),
        "boxes": np.dtype(np.int64),
        "photos": np.dtype("S64"),
        "sizes": np.dtype(np.int64),
    }
    arrays: dict[str, npt.NDArray[Any]] = {}
    try:
        with _archive(folder) as archive:
            for name in kinds:
                entry = archive.getinfo(f"{name}.npy")
                if entry.file_size > count * MOST_DIMENSIONS * 4 + 4096:
                    raise ValueError("it holds more than its sightings can have")
                content = archive.read(entry)
                # What the header asks for is what is there: a shape alone must not take memory.
                if _bytes_of(content) != len(content):
                    raise ValueError(f"{name} does not have the size that it claims")
                arrays[name] = np.load(io.BytesIO(content), allow_pickle=False)
    except UNREADABLE as error:
        raise _damaged(folder, ENCODINGS, printable(str(error))) from error
    shapes = {"boxes": (count, 4), "photos": (count,), "sizes": (count, 2)}
    for name, array in arrays.items():
        expected = shapes.get(name, (count, max(array.shape[-1] if array.ndim == 2 else 0, 1)))
        if array.shape != expected or array.dtype != kinds[name]:
            raise _damaged(
                folder,
                ENCODINGS,
                f"{name} has the shape {array.shape} and type {array.dtype}; expected {expected} "
                f"and {kinds[name]}, a row for each row of {SIGHTINGS}",
            )
    if not (np.abs(arrays["encodings"]) < LARGEST_NUMBER).all():
        raise _damaged(folder, ENCODINGS, "it holds numbers that no encoding has")
    return arrays


def _bytes_of(content: bytes) -> int:
    """Return how many bytes an array in numpy's format has, by its header."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"it is in version {version[0]}.{version[1]} of numpy's format")
    shape, _, dtype = read(stream)
    return stream.tell() + math.prod(shape) * dtype.itemsize


def read_about(folder: Path) -> dict[str, Any]:
    """
    Return what the record in a folder of results says of its run, its files too.

    Raises
    ------
    BadFolder
        If there is none, or it cannot be read.
    """
    path = folder / RECORD
    if not folder.is_dir():
        raise BadFolder(f"{folder} is no folder; expected the output folder of an earlier run.")
    if not os.path.lexists(path):
        raise BadFolder(
            f"{folder} holds no {RECORD}; expected the output folder of an earlier autopilot or "
            "point-and-shoot run."
        )
    try:
        return parsed(read_regular(path, most=LARGEST))
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise BadFolder(
            f"{path} cannot be used: {printable(reason_of(error))}. Bring back the file as it was, "
            "or run autopilot or point-and-shoot into a new folder."
        ) from error


def _photos(sightings: pd.DataFrame, sizes: npt.NDArray[np.int64]) -> pd.DataFrame:
    photos = sightings[["path", "photo_digest"]].assign(
        width=sizes[:, 0], height=sizes[:, 1], left_out=0
    )
    photos = photos.drop_duplicates("photo_digest", ignore_index=True)
    return photos[list(PHOTO_COLUMNS)]


def _damaged(folder: Path, file: str, reason: str) -> BadFolder:
    return BadFolder(
        f"{folder / file} cannot be used: {reason}. Run autopilot or point-and-shoot into that "
        "folder again."
    )
