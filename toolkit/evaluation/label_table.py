"""What a user knows, from a table of theirs: who is in which photo, and which sighting is whose."""

from __future__ import annotations

import math
import posixpath
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolkit import boxes
from toolkit.errors import SightingsError
from toolkit.names import folded, printable, shows
from toolkit.tables import BadTable, read_rows

CORNERS = ("left", "top", "right", "bottom")
SIZES = ("left", "top", "width", "height")
# Overlap (intersection over union) from which a box is taken for a sighting's.
OVERLAP = 0.3
# No photo is as many px wide.
FARTHEST = 1e7
SHOWN = 5
# Bytes of a table of labels.
LARGEST = 64 << 20

# left, top, right, bottom in px of the upright, full-size photo.
Edges = tuple[float, float, float, float]


@dataclass(frozen=True)
class Label:
    """
    One row of a user's table.

    Attributes
    ----------
    line : int
        Where it stands in the file, from 1.
    photo : str
        As it is written there.
    individual : str
        As it is written first; names that differ in case alone are one individual.
    box : tuple of float or None
        left, top, right, bottom in px of the upright, full-size photo, where they are given.
    """

    line: int
    photo: str
    individual: str
    box: Edges | None


def name_key(name: str) -> str:
    """Return a name in the form in which two spellings of one individual are equal."""
    return folded(unicodedata.normalize("NFC", name.strip()))


def read_labels(path: Path) -> list[Label]:
    """
    Read who is in which photo.

    The file is CSV in UTF-8, separated by commas, semicolons or tabs, with the columns photo and
    person (whatever the subject), and if sightings are marked also left, top, right, bottom, or
    left, top, width, height, in px. A row may leave all four empty. Other columns are not looked
    at.

    Raises
    ------
    SightingsError
        If it cannot be read, has no rows, or lacks a column or a value.
    """
    rows = _rows(path)
    columns = [name.strip().casefold() for name in rows[0][1]] if rows else []
    wanted = "expected a header line with photo and person"
    if not columns:
        raise SightingsError(f"{path} is empty; {wanted}, then one line a person in a photo.")
    if missing := [name for name in ("photo", "person") if name not in columns]:
        raise SightingsError(
            f"{path} lacks the column {' and '.join(missing)} (its header is "
            f"{printable(', '.join(columns))[:200]}); {wanted}."
        )
    edges = _edge_columns(path, columns)
    labels: list[Label] = []
    spelled: dict[str, str] = {}
    for line, row in rows[1:]:
        if len(row) > len(columns) and any(cell.strip() for cell in row[len(columns) :]):
            raise SightingsError(
                f"{path}, line {line}, has {len(row)} values for {len(columns)} columns; put a "
                "name that holds a comma between double quotes."
            )
        cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False)}
        photo, name = cells.get("photo", ""), cells.get("person", "")
        if not photo or not name:
            raise SightingsError(
                f"{path}, line {line}, names no {'person' if photo else 'photo'}; expected both, "
                "or no such line."
            )
        first = spelled.setdefault(name_key(name), name)
        labels.append(Label(line, photo, first, _box(path, line, cells, edges)))
    if not labels:
        raise SightingsError(f"{path} has a header and no labels; expected one line a person.")
    return labels


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the lines that hold anything, with their numbers."""
    try:
        return list(read_rows(path, most=LARGEST))
    except BadTable as error:
        raise SightingsError(
            f"{path} cannot be read: {printable(str(error))}; expected a CSV table of labels."
        ) from error


def _edge_columns(path: Path, columns: Sequence[str]) -> tuple[str, ...]:
    for names in (CORNERS, SIZES):
        if set(names) <= set(columns):
            return names
    if some := [name for name in dict.fromkeys(CORNERS + SIZES) if name in columns]:
        raise SightingsError(
            f"{path} has the columns {', '.join(some)}; expected {', '.join(CORNERS)}, or "
            f"{', '.join(SIZES)}, or none of them."
        )
    return ()


def _box(path: Path, line: int, cells: Mapping[str, str], names: tuple[str, ...]) -> Edges | None:
    texts = [cells.get(name, "") for name in names]
    if not any(texts):
        return None
    try:
        left, top, right, bottom = (float(text) for text in texts)
    except ValueError:
        left = top = right = bottom = math.nan
    if names == SIZES:
        right, bottom = left + right, top + bottom
    inside = all(abs(edge) <= FARTHEST for edge in (left, top, right, bottom))
    if not inside or right <= left or bottom <= top:
        raise SightingsError(
            f"{path}, line {line}: {printable(', '.join(texts))} is no box; expected "
            f"{', '.join(names)} in px, with an area, or four empty cells."
        )
    return left, top, right, bottom


@dataclass(frozen=True)
class _Known:
    """A file of the run, as it is compared."""

    parts: tuple[str, ...]
    absolute: bool
    path: str
    photo: str


def find_photos(
    labels: Sequence[Label],
    paths: Mapping[str, str],
    *,
    names: Mapping[str, str] | None = None,
    source: Path,
) -> dict[str, str]:
    """
    Say which photo each label means.

    A label gives a file's name, its path from the photos' folder, or its whole path. Backslashes
    count as slashes, composed and decomposed letters as the same, and case is ignored where nothing
    fits with it. A name that several photos have is refused, unless other labels give folders: then
    a bare name is that of a photo which lies in no subfolder.

    Parameters
    ----------
    labels : sequence of Label
        What was read.
    paths : mapping of str to str
        Path of every file of the run, to the photo that it holds.
    names : mapping of str to str, optional
        File names that copies of photos have, tried where no path ends in that name.
    source : Path
        The file of labels, for messages.

    Returns
    -------
    dict of str to str
        What a label says, to the photo.

    Raises
    ------
    SightingsError
        If a label means no photo of the run, or could mean several.
    """
    # By name, and by name and the folder around it, as many photos may have one name.
    index: dict[str, list[_Known]] = {}
    inside: dict[tuple[str, str], list[_Known]] = {}
    for path, photo in paths.items():
        parts, absolute = _parts(path)
        if parts:
            known = _Known(parts, absolute, path, photo)
            index.setdefault(folded(parts[-1]), []).append(known)
            around = folded(parts[-2]) if len(parts) > 1 else ""
            inside.setdefault((around, folded(parts[-1])), []).append(known)
    copies = {folded(name): photo for name, photo in (names or {}).items()}
    every = [known.parts[:-1] for some in index.values() for known in some]
    root = tuple(posixpath.commonprefix(every)) if every else ()
    given = {label.photo: label.line for label in reversed(labels)}
    with_folders = any(len(_parts(text)[0]) > 1 for text in given)
    found: dict[str, str] = {}
    unknown, ambiguous = [], []
    for text in reversed(given):
        parts, absolute = _parts(text)
        name = folded(parts[-1]) if parts else ""
        near = index.get(name, [])
        if len(parts) > 1:
            # One without a folder can be meant by a whole path only.
            near = inside.get((folded(parts[-2]), name), []) + inside.get(("", name), [])
        fitting = _fitting(parts, absolute, near)
        if with_folders and len({known.photo for known in fitting}) > 1:
            fitting = [known for known in fitting if known.parts == root + parts] or fitting
        photos = {known.photo for known in fitting}
        if name not in index and name in copies:
            photos = {copies[name]}
        where = f"{printable(text)} (line {given[text]})"
        if len(photos) == 1:
            found[text] = photos.pop()
        elif photos:
            some = " or ".join(printable(known.path) for known in fitting[:3])
            ambiguous.append(f"{where} could be {some}")
        else:
            unknown.append(where)
    if ambiguous:
        raise SightingsError(
            f"{source}: {_some(ambiguous, '; ')}. Write the path from the photos' folder."
        )
    if unknown:
        raise SightingsError(
            f"{source}: {len(unknown)} of {len(given)} photos with labels are not among the "
            f"{len(paths)} files of the run: {_some(unknown, ', ')}. Write each as a file name, or "
            "as the path from the photos' folder; take out photos that were not sorted."
        )
    return found


def _some(texts: Sequence[str], between: str) -> str:
    more = f"{between}and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return between.join(texts[:SHOWN]) + more


def _parts(text: str) -> tuple[tuple[str, ...], bool]:
    """Split a path as it is compared, and say whether it is a whole one."""
    # Earlier tables of runs hold escapes of Python's for characters that cannot be printed.
    plain = "".join(c if shows(c) else c.encode("unicode_escape").decode() for c in text.strip())
    path = unicodedata.normalize("NFC", plain).replace("\\", "/")
    absolute = path.startswith("/") or re.match("[A-Za-z]:/", path) is not None
    parts = (part.strip() for part in posixpath.normpath(path).split("/"))
    return tuple(part for part in parts if part not in ("", ".", "..")), absolute


def _fitting(parts: tuple[str, ...], absolute: bool, near: Sequence[_Known]) -> list[_Known]:
    for ignoring_case in (False, True):
        fitting = []
        for known in near:
            theirs, ours = known.parts, parts
            if ignoring_case:
                theirs, ours = tuple(map(folded, theirs)), tuple(map(folded, ours))
            if absolute and known.absolute:
                fits = theirs == ours
            elif absolute:
                fits = ours[-len(theirs) :] == theirs
            else:
                fits = theirs[-len(ours) :] == ours
            if fits:
                fitting.append(known)
        if fitting:
            return fitting
    return []


@dataclass(frozen=True)
class Matching:
    """
    Which sighting is whose.

    Attributes
    ----------
    individual : numpy.ndarray
        Shape (n,), object: the key of the individual (see `name_key`), None where it is not known.
    undetermined : numpy.ndarray
        Shape (n,), bool: the sighting may be one of several individuals, or is one of several
        sightings that may be an individual.
    shown : tuple of (str, str)
        Photo, and key of an individual who is in it: every label, once.
    labels : int
        Labelled sightings.
    missed : int
        Of those, not found; where who is who is not known, as many as there are too few sightings.
    surplus : int
        Sightings beyond the labels in the photos that have labels.
    """

    individual: npt.NDArray[np.object_]
    undetermined: npt.NDArray[np.bool_]
    shown: tuple[tuple[str, str], ...]
    labels: int
    missed: int
    surplus: int


def match_labels(
    labels: Sequence[Label],
    photo_of: Mapping[str, str],
    photos: Sequence[str],
    places: npt.NDArray[np.float64],
) -> Matching:
    """
    Say which sighting is whose, as far as the labels tell; nothing is guessed.

    A label with a box is matched with the sighting that overlaps it most, one to one and best
    first, if the overlap (intersection over union) is 0.3 or more or the centre of either box is in
    the other. Of the rest of a photo, one label without a box and one sighting belong together. A
    photo with several of either does not tell who is who, and its sightings stay undetermined.

    Parameters
    ----------
    labels : sequence of Label
        What was read.
    photo_of : mapping of str to str
        What `find_photos` returned.
    photos : sequence of str
        The photo of each of n sightings.
    places : numpy.ndarray
        Shape (n, 4), float64: left, top, right, bottom of each, px.
    """
    of_photo: dict[str, list[tuple[str, Edges | None]]] = {}
    for label in labels:
        key = name_key(label.individual)
        some = of_photo.setdefault(photo_of[label.photo], [])
        if (key, label.box) not in some:
            some.append((key, label.box))
    rows_of: dict[str, list[int]] = {}
    for row, photo in enumerate(photos):
        rows_of.setdefault(photo, []).append(row)
    individual = np.full(len(photos), None, dtype=object)
    undetermined = np.zeros(len(photos), dtype=np.bool_)
    count = missed = surplus = 0
    for photo, some in of_photo.items():
        marked = [(key, box) for key, box in some if box is not None]
        there = {key for key, _ in marked}
        unmarked = [key for key, box in some if box is None and key not in there]
        rows = rows_of.get(photo, [])
        edges = np.array([box for _, box in marked], dtype=np.float64).reshape(-1, 4)
        overlaps = boxes.overlap(edges, places[rows])
        near = (overlaps >= OVERLAP) | boxes.either_centred(edges, places[rows])
        pairs = boxes.best_first(overlaps, near)
        for label_, place in pairs:
            individual[rows[place]] = marked[label_][0]
        taken = {place for _, place in pairs}
        rest = [row for place, row in enumerate(rows) if place not in taken]
        if len(unmarked) == len(rest) == 1:
            individual[rest[0]] = unmarked[0]
        elif unmarked:
            undetermined[rest] = True
        count += len(marked) + len(unmarked)
        missed += len(marked) - len(pairs) + max(0, len(unmarked) - len(rest))
        surplus += max(0, len(rest) - len(unmarked))
    shown = dict.fromkeys((photo, key) for photo, some in of_photo.items() for key, _ in some)
    return Matching(individual, undetermined, tuple(shown), count, missed, surplus)
