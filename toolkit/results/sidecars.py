"""
Sidecars: beside each copy, who is where in it, for programs that read XMP.

Nothing is ever written into a photo, beside a photo of the user's, or over a sidecar that is there
and is not ours. The record of the results names those that are, so that a later run can bring them
up to date and take them away, as long as nobody changed them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit.errors import UnreadablePhoto
from toolkit.files import create, digest_of, disk_errors, temporary_in, write_bytes
from toolkit.names import counted
from toolkit.photos import face_regions, opening, xmp
from toolkit.records import Box
from toolkit.results import export
from toolkit.results.result import Result
from toolkit.results.results_folder import BOX, ResultsFolder, real_folder

# What the record calls them, and how a sidecar's name ends: digiKam's way, after the whole name.
SIDECARS = "sidecars"
END = ".xmp"


@dataclass
class Outcome:
    """
    What became of sidecars.

    Attributes
    ----------
    files : dict of str to str
        Those of ours that are there now: place to sha256.
    written, same, removed : int
        How many were written, were there as they should be, and were taken away.
    left : int
        How many were not written, as there is another one.
    """

    files: dict[str, str] = field(default_factory=dict)
    written: int = 0
    same: int = 0
    removed: int = 0
    left: int = 0

    @property
    def told(self) -> str:
        """Say it in one line, "" where there is nothing to say."""
        parts = [f"{counted(self.written, 'sidecar')} written"] if self.written else []
        parts += [f"{self.same:,} there already"] if self.same else []
        parts += [f"{self.removed:,} taken away"] if self.removed else []
        parts += [f"{self.left:,} not written, as there is another one"] if self.left else []
        text = ", ".join(parts)
        return text if self.written or not text else f"sidecars: {text}"


def recorded(out: Path) -> dict[str, Any]:
    """Return what the record of an earlier run says of sidecars: for `about` of the next one."""
    earlier = _recorded(out)
    return {SIDECARS: earlier} if earlier else {}


def _recorded(out: Path) -> dict[str, str]:
    # Nothing else is ever taken away here, whatever somebody wrote into the record.
    found = ResultsFolder(out).files(SIDECARS) or {}
    return {place: marks for place, marks in found.items() if place.endswith(END)}


def write(
    result: Result,
    out: Path,
    plan: pd.DataFrame,
    copies: dict[str, str],
    about: dict[str, Any],
    *,
    stopped: bool = False,
) -> Outcome:
    """
    Write the sidecars of a run beside its copies, and take away those that have none any more.

    Without the setting `write_sidecars` no new ones are written; those that are there are kept up
    to date. The record is written before they are, so that those of a run that was cut off are
    known.

    Parameters
    ----------
    result : Result
        What was found.
    out : Path
        The folder of results, held by this run.
    plan : pandas.DataFrame
        Which photo went where.
    copies : dict of str to str
        What is there of it: the files of the record.
    about : dict
        What else the record says, with `recorded`; what it says of sidecars is brought up to date.
    stopped : bool
        Whether more copies are to come: then nothing is taken away.

    Raises
    ------
    BadFolder
        If one cannot be written.
    """
    earlier: dict[str, str] = dict(about.get(SIDECARS, {}))
    done = Outcome()
    if not (result.settings.write_sidecars or earlier):
        return done
    wanted: dict[str, bytes] = {}
    there: dict[str, str] = {}
    known = _marks(earlier)
    # What belongs to a photo has none; a sidecar of the user's among it stays the one.
    plan = plan[plan["kind"] == export.PHOTO]
    for place, content in _contents(result, out, plan, copies, known).items():
        mark, path = hashlib.sha256(content).hexdigest(), out / place
        ours = _digest(path) in known
        if ours and export.holds(path, mark):
            there[place] = mark
            done.same += 1
        elif ours or not (os.path.lexists(path) or xmp.sidecars(out / place[: -len(END)])):
            wanted[place] = content
        else:
            done.left += 1
    marks = {place: hashlib.sha256(content).hexdigest() for place, content in wanted.items()}
    stale = {place: earlier[place] for place in earlier if place not in {**there, **marks}}
    if wanted or stale:
        # Either may be there, if this run ends here.
        both = {place: f"{_digest(out / place)} {mark}".strip() for place, mark in marks.items()}
        _announce(out, {**stale, **there, **both})
    for place, content in wanted.items():
        if _digest(out / place) in known:
            write_bytes(out / place, content)
        else:
            _put(out / place, content)
        done.written += 1
    left_over = stale if stopped else _take_away(out, stale, done)
    done.files = {**there, **marks, **left_over}
    _tell(about, done.files)
    return done


def take_alone(out: Path, about: dict[str, Any]) -> Outcome:
    """
    Take away the sidecars of ours whose copies are not there any more.

    Parameters
    ----------
    out : Path
        The folder of results, held by whoever took the copies away.
    about : dict
        What its record says; what it says of sidecars is brought up to date.
    """
    earlier = _recorded(out)
    stale = {
        place: marks
        for place, marks in earlier.items()
        if not os.path.lexists(out / place[: -len(END)])
    }
    done = Outcome()
    kept = _take_away(out, stale, done)
    done.files = {place: marks for place, marks in earlier.items() if place not in stale} | kept
    _tell(about, done.files)
    return done


def _tell(about: dict[str, Any], files: dict[str, str]) -> None:
    about.pop(SIDECARS, None)
    if files:
        about[SIDECARS] = files


def _announce(out: Path, files: dict[str, str]) -> None:
    """Write into the record which sidecars are about to be there; the rest of it stays."""
    folder = ResultsFolder(out)
    record = folder.record()
    told = {key: value for key, value in record.items() if key not in ("files", SIDECARS)}
    folder.write_record(record.get("files", {}), {**told, SIDECARS: files})


def _contents(
    result: Result,
    out: Path,
    plan: pd.DataFrame,
    copies: dict[str, str],
    known: set[str],
) -> dict[str, bytes]:
    """Return what each sidecar holds, by its place."""
    photos = result.album.photos.drop_duplicates("path").set_index("path")
    regions = _regions(result)
    made: dict[str, bytes] = {}
    found: dict[str, bytes] = {}
    rows = plan[plan["state"].isin([export.NEW, export.THERE])]
    for source, place in zip(rows["source"], rows["destination"], strict=True):
        if place not in copies:
            continue
        beside = f"{place}{END}"
        if not result.settings.write_sidecars and _digest(out / beside) not in known:
            continue
        digest, width, height = photos.loc[source, ["photo_digest", "width", "height"]]
        if str(digest) not in regions:
            # Nothing would be in it.
            continue
        if source not in made:
            text = face_regions.sidecar(
                regions[str(digest)],
                width=int(width),
                height=int(height),
                orientation=_orientation(out / place),
            )
            made[source] = text.encode("utf-8")
        found[beside] = made[source]
    return found


def _regions(result: Result) -> dict[str, list[tuple[str, Box]]]:
    """Return who is where in each photo, by its digest."""
    table = result.album.sightings
    edges = table[list(BOX)].to_numpy(dtype=np.int64).reshape(-1, 4).tolist()
    found: dict[str, list[tuple[str, Box]]] = {}
    for digest, name, box in zip(table["photo_digest"], result.names, edges, strict=True):
        if name is not None:
            found.setdefault(str(digest), []).append((name, Box(*box)))
    return found


def _orientation(copy: Path) -> int:
    """Return how a copy is turned; a link may lead to a photo that went away since."""
    try:
        return opening.metadata_of(copy).orientation
    except UnreadablePhoto:
        return 1


def _marks(files: dict[str, str]) -> set[str]:
    """
    Return the digests of all sidecars of ours, wherever they were put.

    Who renames a person's folder, or moves a photo with its sidecar, has not changed it.
    """
    return {mark for marks in files.values() for mark in marks.split()}


def _digest(path: Path) -> str:
    """Return the digest of a file, "" for what is none."""
    try:
        return "" if path.is_symlink() or not path.is_file() else digest_of(path)
    except OSError:
        return ""


def _put(path: Path, content: bytes) -> None:
    """Write a new file, unless something has its name by now."""
    temporary = temporary_in(path.parent)
    with disk_errors(path.parent):
        try:
            with create(temporary) as stream:
                stream.write(content)
            with contextlib.suppress(FileExistsError):
                export.rename_new(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _take_away(out: Path, stale: dict[str, str], done: Outcome) -> dict[str, str]:
    """Remove sidecars that are as we wrote them; return those that could not be removed."""
    kept: dict[str, str] = {}
    for place, marks in stale.items():
        path = out / place
        if not (real_folder(out, place) and _digest(path) in marks.split()):
            continue
        try:
            path.unlink()
            done.removed += 1
        except OSError:
            kept[place] = marks
            continue
        with contextlib.suppress(OSError):
            path.parent.rmdir()
    return kept
