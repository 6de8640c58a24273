"""
The folder of results: its record, tables and encodings, read and written in one place.

Anybody can edit what lies there, so nothing of it is believed: sizes are checked before memory is
asked for, places are only ever folders of the results, and parts of two runs are known as such.
What is missing or damaged is named (`BadFolder`), and so is what a newer version wrote.
"""

from __future__ import annotations

import io
import json
import lzma
import math
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.calibration import Calibration, Cohesion, Linkage, Spread
from toolkit.errors import BadFolder, BadSetting
from toolkit.files import (
    digest_of,
    disk_errors,
    folder_at,
    is_below,
    is_temporary,
    new_file,
    open_regular,
    read_regular,
    reason_of,
    whole_path,
    write_bytes,
)
from toolkit.grouping.assigners import numbered_names
from toolkit.locks import holder, is_lock
from toolkit.names import printable
from toolkit.photos import object_storage
from toolkit.records import (
    FILE_COLUMNS,
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    SIGHTING_ID,
    TURN,
    WORTH,
    Album,
    ComparedPairs,
    EncoderInfo,
    SubjectInfo,
    Words,
    empty_table,
    turns_of,
    worth_of,
)
from toolkit.results import parquet
from toolkit.settings import GroupingSettings, Mode, Settings, from_record, settings_for
from toolkit.subjects import registry
from toolkit.tables import BadTable, read_table, write_table

RECORD = "run.json"
ENCODINGS = "encodings.npz"
SIGHTINGS = "sightings.csv"
PHOTOS = "photos.csv"
NOBODY = "nobody.csv"
PROBLEMS = "problems.csv"
CHANGES = "changes.csv"
NUMBERS = "numbers.csv"
LINKS = "links.csv"
# What was ticked to count individuals: the user's, as decisions are; see `curation.counting`.
STRIPS = "strips.csv"
# What a shop lists, and what is unsure, and new: see `results.listings`. The seller writes into it.
LISTINGS, UNSURE_LISTINGS, NEW_PRODUCTS = "listings.csv", "unsure.csv", "new_products.csv"
LISTED_BEFORE = "listings_before.csv"
LONGEST_CAVEAT = 500
# Tables that are there as Parquet as well, where they are large; see `toolkit.results.parquet`.
TYPED = {SIGHTINGS: "sightings.parquet", PHOTOS: "photos.parquet"}
# What a run writes beside the copies and its record.
WRITTEN = (
    *(SIGHTINGS, PHOTOS, NOBODY, PROBLEMS, CHANGES, NUMBERS, LINKS),
    *(ENCODINGS, "report.html", *TYPED.values()),
)
# The folder of what a study of captures reads, and the file in it that says what was written there.
CAPTURES, MARK_OF_CAPTURES = "captures", "captures.json"
# The folder of the pages beside a report of very many individuals, and the file in it that says
# what was written there.
PAGES, MARK_OF_PAGES = "report_pages", "pages.json"
PROGRAM = "sightings"
# The version of what is written here. 1, which has no number in its record, has the paths as they
# were given, and knows a photo by the bytes of its file.
FORMAT = 2
LINK, HARD = "link:", "hard:"
BOX = ("left", "top", "right", "bottom")
# Columns of sightings.csv that say what was found out about a sighting.
UNSURE = "unsure"
FOUND = ("name", "number", "nearest", "distance", "runner_up", "margin", "reason", UNSURE)
# The metric of what is compared pair by pair.
PAIRS = "pairs"
PAIR_ARRAYS: dict[str, np.dtype[Any]] = {
    "pairs": np.dtype(np.int64),
    "pair_distances": np.dtype(np.float32),
    "pair_limits": np.dtype(np.float64),
}
# The column of sightings.csv that says which are left out; in that of photos, by a version before
# this one, how many were, whose rows are gone.
IGNORED = "ignored"
# The column, and the array, that say which run a table or file is of.
RUN = "run"

# Numbers that an encoding may have, so that a damaged file cannot ask for all memory.
MOST_DIMENSIONS = 4096
LARGEST_NUMBER = 1e6
# Letters of a word that a subject is called by.
LONGEST_WORD = 60
# Bytes that the record (200 a file), a table (some hundred a row) and the encodings may have.
LARGEST, LARGEST_TABLE, LARGEST_ARRAYS = 1 << 29, 1 << 30, 1 << 34
# Photos by which it is told whether a folder is the one that they were in.
TRIED = 200
# Folders around the results that are tried for paths of the version before.
NEAR = 3
# What a damaged, encrypted or forged archive, or an array in it, raises.
UNREADABLE = (
    *(OSError, ValueError, KeyError, EOFError, RuntimeError, NotImplementedError, MemoryError),
    *(SyntaxError, TypeError, OverflowError, struct.error, zipfile.BadZipFile, zlib.error),
    lzma.LZMAError,
)
# Stages of problems that are not the album's: references are read anew, copies made anew.
EXAMPLE = "reference"
NOT_THE_ALBUM = (EXAMPLE, "copying")
# Left by file managers: a folder that holds nothing else is empty.
# Decisions, strips, and boxes that were drawn, may be there before the first run: panels keep them;
# what the seller wrote into listings is still there when a run was undone.
JUNK = frozenset(
    {
        *(".ds_store", "thumbs.db", "desktop.ini", "decisions.csv", "boxes.json", STRIPS),
        *(LISTINGS, LISTED_BEFORE, UNSURE_LISTINGS, NEW_PRODUCTS),
    }
)


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
        The individual of each sighting; None for none that is known, or one that is ignored.
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
    photos_folder : Path or None
        Where the photos are now; None where that was not recorded.
    doubts : frozenset of int
        Sightings of which it was unsure who they are.
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
    photos_folder: Path | None = None
    doubts: frozenset[int] = frozenset()

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Shape (n,), int64: a number for the individual of each sighting, -1 for none."""
        return pd.factorize(pd.Series(self.names, dtype=object))[0].astype(np.int64)

    @property
    def missing(self) -> int:
        """Photos that are not where this run had them."""
        return sum(not Path(path).is_file() for path in self.album.photos["path"])


class ResultsFolder:
    """
    A folder of results.

    Parameters
    ----------
    path : path
        Where it is; it need not be there before something is written.

    Attributes
    ----------
    path : Path
        The same.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def record(self) -> dict[str, Any]:
        """
        Return what the record says of the run, its files too.

        Raises
        ------
        BadFolder
            If there is none, it cannot be read, or a newer version wrote it.
        """
        path = self.path / RECORD
        if not self.path.is_dir():
            raise BadFolder(
                f"{self.path} is no folder; expected the output folder of an earlier run."
            )
        if not os.path.lexists(path):
            raise BadFolder(
                f"{self.path} holds no {RECORD}; expected the output folder of an earlier "
                "autopilot or point-and-shoot run."
            )
        try:
            content = parsed(read_regular(path, most=LARGEST))
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            raise BadFolder(
                f"{path} cannot be used: {printable(reason_of(error))}. Bring back the file as it "
                "was, or run autopilot or point-and-shoot into a new folder."
            ) from error
        written = content.get("format", 1)
        if not isinstance(written, int) or written > FORMAT:
            raise BadFolder(
                f"{path} is of format {printable(str(written))[:20]}, by a newer version of this "
                f"program; this one reads up to {FORMAT}. Install the newer version, or run "
                "autopilot or point-and-shoot into a new folder."
            )
        return content

    def files(self, which: str = "files") -> dict[str, str] | None:
        """
        Return what an earlier run put here, or None where there was none that can be read.

        Parameters
        ----------
        which : str
            "files" are the copies; "sidecars" what stands beside them.

        Returns
        -------
        dict of str to str, or None
            Place (folder/file, relative to this folder) to the sha256 of the copy, to "hard:" and
            that of a hard link, or to "link:" and the target of a symbolic one. Entries that do not
            name a place in a folder of this one are left out.
        """
        try:
            content = parsed(read_regular(self.path / RECORD, most=LARGEST))
        except (OSError, ValueError, RecursionError, MemoryError):
            return None
        files = content.get(which)
        if content.get("program") != PROGRAM or not isinstance(files, dict):
            return None
        return {
            place: mark
            for place, mark in files.items()
            if isinstance(mark, str) and is_below(place)
        }

    def goes_on(self) -> bool:
        """Whether the next run goes on with the last one, which was cut off or could not do all."""
        about = self.told()
        return bool(about) and about.get("finished") is not True and not about.get("undone")

    def added(self, files: Mapping[str, str]) -> list[list[str]]:
        """
        Return what runs after the first put here and is among some files: places, run by run.

        Parameters
        ----------
        files : mapping of str to str
            What `files` returned, or what is here of it now.
        """
        told = self.told().get("added")
        runs = [run for run in told if isinstance(run, list)] if isinstance(told, list) else []
        return _runs([[place for place in run if isinstance(place, str)] for run in runs], files)

    def write_record(self, files: dict[str, str], about: Mapping[str, Any]) -> None:
        """
        Write the record: what is in the folder, and what is known of the run.

        Raises
        ------
        BadFolder
            If it cannot be written.
        """
        told = {"files": files, "times": self._times(files)}
        content = {"program": PROGRAM, "format": FORMAT, **about, **told}
        text = json.dumps(content, indent=1, ensure_ascii=True, default=str) + "\n"
        write_bytes(self.path / RECORD, text.encode("utf-8", errors="backslashreplace"))

    def _times(self, files: Mapping[str, str]) -> dict[str, list[int]]:
        """Return the stamps of copies; of one that somebody changed, that of before."""
        before = self.told()
        marks, known = before.get("files"), before.get("times")
        marks = marks if isinstance(marks, dict) else {}
        known = known if isinstance(known, dict) else {}
        times = {}
        for place, mark in files.items():
            if (stamp := self._stamp(place)) is None:
                continue
            was = known.get(place) if marks.get(place) == mark else None
            if was is None or self.untouched(place, mark, before):
                times[place] = stamp
            else:
                times[place] = was
        return times

    def told(self) -> dict[str, Any]:
        """Return what the record says, of whatever version; nothing where it cannot be read."""
        try:
            return parsed(read_regular(self.path / RECORD, most=LARGEST))
        except (OSError, ValueError, RecursionError, MemoryError):
            return {}

    def _stamp(self, place: str) -> list[int] | None:
        """Return size (bytes) and time of change (microseconds) of a file; None for none."""
        try:
            found = (self.path / place).lstat()
        except (OSError, ValueError):
            return None
        return [found.st_size, found.st_mtime_ns // 1000] if stat.S_ISREG(found.st_mode) else None

    def untouched(self, place: str, mark: str, about: Mapping[str, Any]) -> bool:
        """
        Say whether a copy is as the run left it: by size and time, else by its bytes.

        Parameters
        ----------
        place, mark : str
            Of `files`.
        about : mapping
            What `record` returned.
        """
        times = about.get("times")
        stamp = self._stamp(place)
        if stamp is not None and isinstance(times, dict) and times.get(place) == stamp:
            return True
        try:
            return digest_of(self.path / place) == digest_in(mark)
        except OSError:
            return False

    def earlier(self) -> str:
        """
        Say which autopilot result is here, such as "the result of 2024-05-31, 17:20".

        Returns
        -------
        str
            Empty where there is none that could be taken up. Its tables are not read.
        """
        try:
            record = self.path.expanduser() / RECORD
            if not (record.parent / ENCODINGS).is_file():
                return ""
            if parsed(read_regular(record, most=LARGEST)).get("mode") != "autopilot":
                return ""
            when = datetime.fromtimestamp(record.stat().st_mtime).astimezone()
        except (OSError, ValueError, RuntimeError, OverflowError, RecursionError):
            return ""
        return f"the result of {when:%Y-%m-%d, %H:%M}"

    def another(self, photos: str | Path, mode: str, subject: str = "") -> str:
        """
        Say what else is here than a result of a mode for a folder of photos, "" for nothing.

        Parameters
        ----------
        photos : path
            Where the photos are.
        mode : str
            "autopilot" or "point-and-shoot".
        subject : str
            What its settings are about; "" for any.
        """
        try:
            about = parsed(read_regular(self.path / RECORD, most=LARGEST))
            told = about.get("photos_folder")
            told = told if isinstance(told, dict) else {}
            whole, from_here = str(told.get("path") or ""), str(told.get("from_results") or "")
            places = [Path(whole)] if whole else []
            places += [whole_path(self.path / from_here)] if from_here else []
            if places and Path(photos).resolve() not in [place.resolve() for place in places]:
                return f"the album of {printable(whole or str(places[0]))}"
            other = str(about.get("mode", mode))
        except (OSError, ValueError, RuntimeError, RecursionError, MemoryError):
            return ""
        if other != mode:
            return f"a result of {printable(other)[:40]}"
        told = about.get("subject")
        name = _registered(told.get("name") if isinstance(told, dict) else None)
        another = subject not in ("", name)
        return f"a result about {registry.info(name).words.plural}" if another else ""

    def save(
        self,
        album: Album,
        tables: Mapping[str, pd.DataFrame],
        *,
        run: str,
        photos_folder: Path | None,
    ) -> None:
        """
        Write the tables of a run, and the encodings of its sightings.

        ``encodings.npz`` has, for each row of ``sightings.csv``, the encoding, and the box, the
        photo's digest and its size, by which a row is known again. It is as private as the photos:
        individuals can be told by it. Every table has the run's own mark in its last column, and so
        has that file.

        Parameters
        ----------
        album : Album
            What was seen.
        tables : mapping of str to pandas.DataFrame
            A table for each file name. Paths in the folder of photos are written relative to it,
            with forward slashes.
        run : str
            The mark.
        photos_folder : Path or None
            Where the photos are.

        Raises
        ------
        BadFolder
            If they cannot be written.
        """
        for name, rows in tables.items():
            paths = {
                column: relative(rows[column], photos_folder)
                for column in ("path", "other_path")
                if column in rows
            }
            named = rows.assign(**paths, **{RUN: run})
            write_table(named, self.path / name)
            self._write_typed(name, named)
        table = album.sightings
        photos = album.photos.drop_duplicates("photo_digest").set_index("photo_digest")
        sizes = photos.loc[table["photo_digest"], ["width", "height"]]
        arrays: dict[str, Any] = {
            "encodings": album.encodings,
            "boxes": table[list(BOX)].to_numpy(dtype=np.int64).reshape(-1, 4),
            "photos": table["photo_digest"].to_numpy(dtype="S64"),
            "sizes": sizes.to_numpy(dtype=np.int64).reshape(-1, 2),
            "run": np.array(run, dtype="S32"),
        }
        arrays |= _pairs_to_arrays(album.compared)
        with new_file(self.path / ENCODINGS) as stream:
            np.savez(stream, **arrays)

    def _write_typed(self, name: str, table: pd.DataFrame) -> None:
        """Write a large table as Parquet, too; that of an earlier run goes."""
        if name not in TYPED:
            return
        if len(table) >= parquet.MANY and parquet.is_there():
            parquet.write(table, self.path / TYPED[name])
        elif os.path.lexists(self.path / TYPED[name]):
            with disk_errors(self.path):
                (self.path / TYPED[name]).unlink()

    def read(self, file: str, columns: Sequence[str], about: Mapping[str, Any]) -> pd.DataFrame:
        """
        Read a table as text, with at least these columns; parameters are those of `table`.

        From Parquet, where it is there and neither file was changed since the run wrote both: what
        somebody wrote into the CSV counts.

        Raises
        ------
        BadTable
            If it is missing or damaged.
        """
        tables = about.get("tables")
        known = tables if isinstance(tables, dict) else {}
        typed = TYPED.get(file, "")
        if known.get(typed) and parquet.is_there():
            with suppress(OSError, BadTable):
                if all(digest_of(self.path / name) == known.get(name) for name in (file, typed)):
                    return parquet.read(self.path / typed, columns, most=LARGEST_TABLE)
        return read_table(self.path / file, columns, most=LARGEST_TABLE)

    def table(self, file: str, columns: Sequence[str], about: Mapping[str, Any]) -> pd.DataFrame:
        """
        Read a table of a run as text, with at least these columns, and without the run's mark.

        Parameters
        ----------
        file : str
            Its name.
        columns : sequence of str
            What it must have.
        about : mapping
            What `record` returned.

        Raises
        ------
        BadFolder
            If it is missing or damaged, or is another run's.
        """
        try:
            table = self.read(file, columns, about)
        except BadTable as error:
            raise _damaged(self.path, file, printable(str(error))) from error
        marks = set(table.pop(RUN)) if RUN in table else {""} if len(table) else set()
        if marks - {str(about.get(RUN, ""))}:
            raise mixture(self.path, file)
        return table.reset_index(drop=True)

    def require_one_run(self, about: Mapping[str, Any]) -> None:
        """Raise `BadFolder` if the encodings are here, and of another run than the record."""
        if os.path.lexists(self.path / ENCODINGS):
            _require_mark(self.path, about)

    def load(self, *, photos: str | Path | None = None) -> Run:
        """
        Take up what a run found.

        Text that has control characters, or is no Unicode, stays as its tables write it: as
        escapes.

        Parameters
        ----------
        photos : path, optional
            Where the photos are now. Without it they are looked for where they were, seen from this
            folder (which may have moved together with them), then by their whole path.

        Raises
        ------
        BadFolder
            If it is no such folder, or a file of it is missing, damaged, or does not fit the
            others; or if none of the photos is in the folder that was named.
        """
        folder = self.path
        about = self.record()
        sightings, names, ignored, doubts = self._sightings(about)
        arrays = _arrays(folder, len(sightings), about)
        same = (arrays["photos"] == sightings["photo_digest"].to_numpy(dtype="S64")).all() and (
            arrays["boxes"] == sightings[list(BOX)].to_numpy(dtype=np.int64).reshape(-1, 4)
        ).all()
        if not same:
            raise _damaged(
                folder, SIGHTINGS, f"its rows are not those of {ENCODINGS}, in the same order"
            )
        try:
            if about["encoder_metric"] not in ("euclidean", "cosine", PAIRS):
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
                linkage=_linkage_of(about),
                caveat=printable(str(about.get("encoder_caveat", "")))[:LONGEST_CAVEAT],
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
        table, problems, lacking = (
            _photos(sightings, arrays["sizes"]),
            empty_table(PROBLEM_COLUMNS),
            "",
        )
        try:
            table, problems = self._all_photos(table, about), self._problems(about)
        except BadFolder as error:
            lacking = str(error)
        place, root = self._photos_folder(about, table["path"].to_list(), photos)
        try:
            album = Album(
                photos=_in_folder(table, place, root),
                sightings=_in_folder(sightings, place, root),
                encodings=arrays["encodings"],
                encoder=encoder,
                problems=_in_folder(problems, place, root),
                subject=subject,
                compared=_pairs_of(arrays, encoder, len(sightings)),
                ignored=ignored,
            )
        except ValueError as error:
            raise _damaged(folder, ENCODINGS, str(error)) from error
        grouped_by = str(about.get("grouped_by") or settings.get("method", ""))
        if mode != "autopilot":
            grouped_by = ""
        told = (not_seen, lacking, grouped_by, place, doubts)
        return Run(folder, album, names, mode, threshold, settings, *told)

    def _sightings(
        self, about: Mapping[str, Any]
    ) -> tuple[pd.DataFrame, tuple[str | None, ...], npt.NDArray[np.bool_], frozenset[int]]:
        """
        Read the table of sightings; apart from it the names, which are ignored, which doubtful.

        One may be called "NA" or "007".
        """
        table = self.table(SIGHTINGS, ("name", *SIGHTING_COLUMNS), about)
        try:
            if not table["photo_digest"].map(str.isascii).all():
                raise ValueError("a photo's digest holds letters that none has")
            ignored = ignored_in(table)
            names = names_in(table, subject_of(dict(about)).words)
            doubts = doubtful_in(table)
            # The identifiers follow from the rest.
            made = (*FOUND, SIGHTING_ID, IGNORED)
            own = [column for column in table.columns if column not in made]
            table = table[own].astype({**dict.fromkeys(BOX, "int64"), "score": "float64"})
            if TURN in table:
                table[TURN] = turns_of(table)
            if WORTH in table:
                table[WORTH] = worth_of(table)
        except (ValueError, OverflowError) as error:
            raise _damaged(self.path, SIGHTINGS, str(error)) from error
        return table, names, ignored, doubts

    def about_photos(self, photos_folder: Path | None) -> dict[str, Any]:
        """Return what the record says of where the photos are: whole, and seen from here."""
        if photos_folder is None:
            return {}
        whole = whole_path(photos_folder)
        try:
            from_here = Path(os.path.relpath(whole, whole_path(self.path))).as_posix()
        except ValueError:  # another drive
            from_here = ""
        return {"photos_folder": {"path": str(whole), "from_results": from_here}}

    def photos_before(self, about: Mapping[str, Any]) -> list[Path]:
        """Return where a record says that the photos are: their whole path, and seen from here."""
        told = about.get("photos_folder")
        told = told if isinstance(told, dict) else {}
        places = [str(told.get("path") or ""), str(told.get("from_results") or "")]
        return [whole_path(self.path / place) for place in places if place and "\0" not in place]

    def _photos_folder(
        self, about: Mapping[str, Any], paths: Sequence[str], given: str | Path | None
    ) -> tuple[Path | None, str]:
        """
        Say where the photos of a run are now, and what their paths begin with.

        Only where a version before this one wrote them do they begin with anything.
        """
        told = about.get("photos_folder")
        told = told if isinstance(told, dict) else {}
        whole, from_here = str(told.get("path") or ""), str(told.get("from_results") or "")
        if given is not None:
            place = whole_path(folder_at(given))
            root = "" if told else _root(paths)
            inside = [os.path.relpath(path, root) if root else path for path in paths]
            if paths and not _here(place, inside):
                raise BadFolder(
                    f"the photos of {self.path} are not in {place}: none of its {len(paths):,} "
                    f"photos is there, such as {printable(paths[0])}. Name the folder that they "
                    "were moved to, with its subfolders as they were."
                )
            return place, root
        if not told and paths and not _here(Path(), paths):
            # Relative to where somebody stood then: most likely beside the results.
            around = [*whole_path(self.path).parents][:NEAR]
            return next((place for place in around if _here(place, paths)), None), ""
        places = []
        if from_here and "\0" not in from_here:
            places.append(whole_path(self.path / from_here))
        if whole and "\0" not in whole:
            places.append(Path(whole))
        return max(places, key=lambda place: _here(place, paths), default=None), ""

    def _all_photos(self, seen: pd.DataFrame, about: Mapping[str, Any]) -> pd.DataFrame:
        """Read the table of photos; those in `seen`, with sightings, must be in it unchanged."""
        table = self.table(PHOTOS, PHOTO_COLUMNS, about)
        numbers = ["width", "height", "left_out", *([IGNORED] if IGNORED in table else [])]
        try:
            table = table.astype(dict.fromkeys(numbers, "int64"))
            if (table[numbers] < [1, 1, *[0] * (len(numbers) - 2)]).any(axis=None):
                raise ValueError("a size or a count is too small")
            if not table["photo_digest"].str.fullmatch("[0-9a-f]{64}").all():
                raise ValueError("a photo's digest is none")
            if set(FILE_COLUMNS) <= set(table.columns):
                table = table.astype({"orientation": "int64"})
                if not table["orientation"].between(1, 8).all():
                    raise ValueError("an orientation is none")
                if not table[["file_digest", "image_digest"]].map(_is_digest).all(axis=None):
                    raise ValueError("a file's digest is none")
            alike = ["photo_digest", "width", "height"]
            if len(table[alike].drop_duplicates()) != table["photo_digest"].nunique():
                raise ValueError("copies of one photo differ in size")
            known = seen.merge(table, on=["path", *alike]).drop_duplicates("photo_digest")
            if len(known) != len(seen):
                raise ValueError(
                    f"it lacks photos that are in {SIGHTINGS}, or has other sizes for them"
                )
        except (ValueError, OverflowError) as error:
            raise _damaged(self.path, PHOTOS, str(error)) from error
        return table

    def _problems(self, about: Mapping[str, Any]) -> pd.DataFrame:
        table = self.table(PROBLEMS, PROBLEM_COLUMNS, about)
        return table[~table["stage"].isin(NOT_THE_ALBUM)].reset_index(drop=True)


def unfit_examples(run: Run) -> list[str]:
    """Return the paths of the examples that could not serve in a run, as far as it says it."""
    try:
        folder = ResultsFolder(run.out)
        table = folder.table(PROBLEMS, PROBLEM_COLUMNS, folder.record())
    except BadFolder:
        return []
    paths = table["path"][table["stage"] == EXAMPLE]
    # Those inside the folder of photos are said from there on.
    return [str((run.photos_folder or run.out) / path) for path in paths]


def names_in(table: pd.DataFrame, words: Words) -> tuple[str | None, ...]:
    """
    Return the names in a table of sightings; whoever is ignored has none, whatever it says.

    Where it is not sure who it is, the table says no name: it is the number's.

    Parameters
    ----------
    table : pandas.DataFrame
        n rows, as `ResultsFolder.table` reads it.
    words : Words
        What its individuals are called.

    Returns
    -------
    tuple of (str or None)
        n names.

    Raises
    ------
    ValueError
        If a cell does not say whether its sighting is ignored.
    """
    names = [
        None if out else name or None
        for name, out in zip(table["name"], ignored_in(table), strict=True)
    ]
    if "number" in table:
        for row in doubtful_in(table):
            number = str(table["number"].iat[row]).strip()
            if names[row] is None and number.isascii() and number.isdigit() and len(number) < 10:
                names[row] = numbered_names(np.array([int(number)]), words)[0]
    return tuple(names)


def doubtful_in(table: pd.DataFrame) -> frozenset[int]:
    """Say which rows of a table of sightings are doubtful; none where it does not say it."""
    if UNSURE not in table:
        return frozenset()
    return frozenset(np.flatnonzero(table[UNSURE].str.strip() == "1").tolist())


def ignored_in(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """
    Say which rows of a table of sightings are ignored; none where an earlier version wrote it.

    Parameters
    ----------
    table : pandas.DataFrame
        n rows, as `ResultsFolder.table` reads it.

    Returns
    -------
    numpy.ndarray
        Shape (n,), bool.

    Raises
    ------
    ValueError
        If a cell is neither 0, 1, nor empty.
    """
    if IGNORED not in table:
        return np.zeros(len(table), dtype=np.bool_)
    cells = table[IGNORED].str.strip()
    if not cells.isin(["0", "1", ""]).all():
        raise ValueError(f"the column {IGNORED} holds something else than 0 and 1")
    return (cells == "1").to_numpy(dtype=np.bool_)


def load(out: str | Path, *, photos: str | Path | None = None) -> Run:
    """Take up an earlier run; see `ResultsFolder.load`."""
    return ResultsFolder(out).load(photos=photos)


def earlier_run(out: str) -> str:
    """Say which autopilot result a folder holds, "" for none; see `ResultsFolder.earlier`."""
    return ResultsFolder(out).earlier() if out.strip() else ""


def settings_of(run: Run) -> GroupingSettings:
    """
    Return the settings of an autopilot run.

    Raises
    ------
    BadSetting
        If it is of the other mode, or of a version whose settings are not known here.
    """
    if run.mode != "autopilot":
        raise BadSetting(
            f"{run.out} holds a {run.mode} result; expected one of autopilot. Correct it in the "
            "panel of point-and-shoot, where the example photos are"
        )
    return cast(GroupingSettings, settings_told(run))


def settings_told(run: Run) -> Settings:
    """
    Return the settings of a run of either mode.

    Raises
    ------
    BadSetting
        If it is of a version whose settings or modes are not known here.
    """
    if run.mode not in get_args(Mode):
        raise BadSetting(
            f"{run.out} holds a result of {printable(run.mode)!r}; expected one of "
            f"{', '.join(get_args(Mode))}"
        )
    own = registry.settings_of(_registered(run.album.subject.name))
    return from_record(settings_for(cast(Mode, run.mode), own), run.settings, of=str(run.out))


def _registered(name: object) -> str:
    """Return whose settings a result about a subject has."""
    # One that is not registered was handed over, with the settings of the default.
    return name if isinstance(name, str) and name in registry.SUBJECTS else registry.DEFAULT


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
        "linkage": asdict(encoder.linkage),
        **({"encoder_caveat": encoder.caveat} if encoder.caveat else {}),
    }


def _linkage_of(about: Mapping[str, Any]) -> Linkage:
    """Return how groups count, from what `about_encoder` wrote."""
    if "linkage" not in about:
        return registry.linkage_before()
    fitted = dict(about["linkage"])
    cohesion = fitted["cohesion"]
    if cohesion is not None:
        weights = {each.name: float(cohesion[each.name]) for each in fields(Cohesion)}
        if max(map(abs, weights.values())) > LARGEST_NUMBER:
            raise ValueError("linkage holds numbers that none has")
        cohesion = Cohesion(**weights)
    # Results of earlier versions have none.
    usual = fitted.get("spread")
    if usual is not None:
        usual = Spread(**{each.name: float(usual[each.name]) for each in fields(Spread)})
    rest = {name: float(fitted.get(name, 0.0)) for name in ("lost", "uneven", "lower")}
    if max(rest.values()) > LARGEST_NUMBER:
        raise ValueError("linkage holds numbers that none has")
    return Linkage(float(fitted["discount"]), cohesion, usual, **rest)


def mixture(folder: Path, file: str) -> BadFolder:
    """Return the error that says that a folder holds parts of two runs."""
    now = holder(folder)
    busy = f" {now[0].upper()}{now[1:]}, is writing there: wait until it is done." if now else ""
    return BadFolder(
        f"{folder} holds parts of two runs: {file} is not of the run that {RECORD} tells of, which "
        f"was cut off before it was done.{busy} Run autopilot or point-and-shoot into that folder "
        "again: that mends it."
    )


def _require_mark(folder: Path, about: Mapping[str, Any]) -> None:
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


def relative(paths: Iterable[str], folder: Path | None) -> list[str]:
    """
    Return paths as tables name them: from a folder on, with forward slashes, where they are in it.

    Parameters
    ----------
    paths : iterable of str
        As they were given.
    folder : Path or None
        The folder of photos; without one, paths stay as they are.
    """
    if folder is None:
        return [str(path) for path in paths]
    root = whole_path(folder)
    start = str(root).rstrip(os.sep) + os.sep
    found = []
    for path in paths:
        if not path:
            found.append("")
            continue
        whole = os.path.abspath(path)  # noqa: PTH100
        if whole.startswith(start):
            # As nearly all are; the rest takes ten times as long.
            found.append(whole[len(start) :].replace(os.sep, "/"))
            continue
        try:
            inside = os.path.relpath(whole_path(path), root)
        except ValueError:  # another drive
            inside = os.pardir
        outside = inside == os.pardir or inside.startswith(os.pardir + os.sep)
        found.append(str(path) if outside else PurePosixPath(*Path(inside).parts).as_posix())
    return found


def _in_folder(table: pd.DataFrame, folder: Path | None, root: str) -> pd.DataFrame:
    """Return a table whose paths are whole, where it is known which folder they are in."""
    if folder is None:
        return table
    paths = (os.path.relpath(path, root) if root else path for path in table["path"])
    return table.assign(path=[str(folder / path) for path in paths])


def _here(folder: Path, paths: Sequence[str]) -> int:
    """Count how many of some of the photos are in a folder."""
    some = paths[:: max(1, len(paths) // TRIED)]
    return sum((folder / path).is_file() for path in some)


def _root(paths: Sequence[str]) -> str:
    """Return the folder that all of some whole paths are in."""
    try:
        return os.path.commonpath([Path(path).parent for path in paths])
    except ValueError:  # none, several drives, or some of them relative
        return ""


def _is_digest(text: str) -> bool:
    return not text or (len(text) == 64 and set(text) <= set("0123456789abcdef"))


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
    paired = about.get("encoder_metric") == PAIRS
    if paired:
        kinds |= PAIR_ARRAYS
    arrays: dict[str, npt.NDArray[Any]] = {}
    try:
        with _archive(folder) as archive:
            for name in kinds:
                entry = archive.getinfo(f"{name}.npy")
                each = 8 * max(count, 1) if name in PAIR_ARRAYS else MOST_DIMENSIONS * 4
                if entry.file_size > count * each + 4096:
                    raise ValueError("it holds more than its sightings can have")
                content = archive.read(entry)
                # What the header asks for is what is there: a shape alone must not take memory.
                if _bytes_of(content) != len(content):
                    raise ValueError(f"{name} does not have the size that it claims")
                arrays[name] = np.load(io.BytesIO(content), allow_pickle=False)
    except UNREADABLE as error:
        raise _damaged(folder, ENCODINGS, printable(str(error))) from error
    shapes = {"boxes": (count, 4), "photos": (count,), "sizes": (count, 2)}
    shapes["encodings"] = (count, 0 if paired else max(arrays["encodings"].shape[-1:] or (0,)) or 1)
    if paired:
        many = len(arrays["pair_distances"]) if arrays["pair_distances"].ndim else 0
        shapes |= {"pairs": (many, 2), "pair_distances": (many,), "pair_limits": (2,)}
    for name, array in arrays.items():
        expected = shapes[name]
        if array.shape != expected or array.dtype != kinds[name]:
            raise _damaged(
                folder,
                ENCODINGS,
                f"{name} has the shape {array.shape} and type {array.dtype}; expected {expected} "
                f"and {kinds[name]}, to fit {SIGHTINGS}",
            )
    if not (np.abs(arrays["encodings"]) < LARGEST_NUMBER).all():
        raise _damaged(folder, ENCODINGS, "it holds numbers that no encoding has")
    return arrays


def _pairs_to_arrays(compared: ComparedPairs | None) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays that keep compared pairs; none for vectors."""
    if compared is None:
        return {}
    return {
        "pairs": np.stack([compared.first, compared.second], axis=1),
        "pair_distances": compared.distance,
        "pair_limits": np.array([compared.farthest, compared.left], dtype=np.float64),
    }


def _pairs_of(
    arrays: Mapping[str, npt.NDArray[Any]], encoder: EncoderInfo, count: int
) -> ComparedPairs | None:
    """Return what `_pairs_to_arrays` kept; `ValueError` if it cannot be."""
    if encoder.metric != PAIRS:
        return None
    farthest, left = map(float, arrays["pair_limits"])
    if not (farthest < LARGEST_NUMBER and 0 <= left < count * max(count, 1) + 1):
        raise ValueError("limits of pairs are numbers that none has")
    first, second = arrays["pairs"].T
    return ComparedPairs(count, first, second, arrays["pair_distances"], farthest, int(left))


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


def parsed(content: bytes) -> dict[str, Any]:
    """
    Return what a record says; of its numbers, each is finite and has at most 15 digits or so.

    Raises
    ------
    ValueError
        If it is no JSON object, or holds a number that cannot be worked with.
    RecursionError, MemoryError
        If it is nested deeper, or is larger, than can be read.
    """
    found = json.loads(
        content.decode("utf-8"), parse_int=_whole, parse_float=_real, parse_constant=_real
    )
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def _whole(text: str) -> int:
    if len(text) > 18:
        raise ValueError(f"it holds a number of {len(text)} digits")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"it holds {text[:20]}, which is no number")
    return value


def _runs(added: Iterable[Sequence[str]], files: Mapping[str, str]) -> list[list[str]]:
    """Leave out what is not among some files; the first run that has any is not told apart."""
    left = dict.fromkeys(files)
    runs = []
    for run in added:
        here = [place for place in dict.fromkeys(run) if place in left]
        for place in here:
            del left[place]
        if here:
            runs.append(here)
    return runs if left else runs[1:]


def with_run(
    before: Iterable[Sequence[str]], new: Sequence[str], files: Mapping[str, str], *, goes_on: bool
) -> list[list[str]]:
    """
    Return what each run after the first put into a folder, when one more has put something there.

    Parameters
    ----------
    before : iterable of sequence of str
        What `ResultsFolder.added` returned before it.
    new : sequence of str
        The places of what it put there.
    files : mapping of str to str
        All that is there now.
    goes_on : bool
        Whether it goes on with the one before, which was not finished.
    """
    runs = [list(run) for run in before]
    if not goes_on:
        runs.append(list(new))
    elif runs:
        runs[-1] += new
    return _runs(runs, files)


def digest_in(mark: str) -> str:
    """Return the sha256 that the record has of a copy or a hard link; "" of a symbolic link."""
    return "" if mark.startswith(LINK) else mark.removeprefix(HARD)


def real_folder(out: Path, place: str) -> bool:
    """Whether the folder of a recorded place is a folder of `out` itself, and no link elsewhere."""
    try:
        return stat.S_ISDIR((out / place).parent.lstat().st_mode)
    except (OSError, ValueError):
        return False


def is_junk(name: str) -> bool:
    """Whether a file is one that file managers, interrupted runs or decisions leave."""
    return name.casefold() in JUNK or is_temporary(name) or is_lock(name)


def is_unused(out: Path) -> bool:
    """Whether a folder is empty, but for what file managers and interrupted runs leave."""
    with os.scandir(out) as entries:
        return all(
            is_junk(entry.name)
            or (entry.is_dir(follow_symlinks=False) and is_unused(Path(entry.path)))
            for entry in entries
        )


def tables_of(about: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """
    Return what runs wrote beside the copies, with its sha256, "" where that is not recorded.

    Parameters
    ----------
    about : mapping
        What a record says. A version that kept no list may have written any.
    names : iterable of str
        What a run may write.
    """
    told = about.get("tables")
    if not isinstance(told, dict):
        return dict.fromkeys(names, "")
    return {name: str(told[name] or "") for name in names if name in told}


def check_out(out: Path, *, photos: Path, known: Path | None = None) -> None:
    """
    Raise `BadFolder` unless results can go to `out` without touching anything of the user's.

    It may be missing, empty, or hold an earlier result. It may lie inside the folder of photos,
    where it is left out of the listing.

    Parameters
    ----------
    out : Path
        Where results go.
    photos : Path
        The photos.
    known : Path, optional
        The references.
    """
    if (address := object_storage.address_of(out)) is not None:
        raise BadFolder(
            f"results cannot go to {address}: they are written to this computer. Choose a folder "
            "here, and copy it there afterwards."
        )
    try:
        here = out.resolve()
        for what, folder in (("photos", photos), ("known", known)):
            if folder is None:
                continue
            there = folder.resolve()
            if here == there or here in there.parents:
                raise BadFolder(
                    f"results cannot go to {out}: the {what} are in it ({folder}). "
                    "Choose a new folder."
                )
            if what == "known" and there in here.parents:
                raise BadFolder(
                    f"results cannot go to {out}: it lies inside the folder of examples, {folder}, "
                    "where it would be taken for one of them. Choose a folder outside."
                )
        if os.path.lexists(out) and not out.is_dir():
            raise BadFolder(
                f"results cannot go to {out}: it is a file, or a link to nowhere. "
                "Choose a new folder."
            )
        before = ResultsFolder(out).files() if out.is_dir() else None
        if before is not None:
            # What a newer version wrote is not written over.
            ResultsFolder(out).record()
        elif out.is_dir() and not is_unused(out):
            raise BadFolder(
                f"results cannot go to {out}: it is not empty, and holds no earlier result of this "
                "program that can be read (run.json). Choose a new folder."
            )
        about = ResultsFolder(out).told()
        ours = tables_of(about, WRITTEN)
        for name in WRITTEN if about else ():
            if name not in ours and os.path.lexists(out / name):
                raise BadFolder(
                    f"results cannot go to {out}: {name} there is of no run, and a run writes a "
                    "file of that name. Give yours another name, or choose a new folder."
                )
    except (OSError, RuntimeError) as error:
        raise BadFolder(f"results cannot go to {out}: {reason_of(error)}") from error
