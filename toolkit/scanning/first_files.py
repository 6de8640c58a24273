"""Which file was the first with a picture, and what was said of it: on the disk, not in memory."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from toolkit.files import temporary_errors
from toolkit.records import Photo

# Pages of the table that are held in memory, in KiB.
HELD = 16_384
_TABLES = """
CREATE TABLE names (digest BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID;
CREATE TABLE said (number INTEGER PRIMARY KEY, told TEXT);
"""


@dataclass(frozen=True)
class Said:
    """
    What further files of a picture are told of the first one.

    Attributes
    ----------
    path : Path
        The first file that could be read, or that could not where none could.
    photo : Photo or None
        None where it could not be read.
    left_out : int
        Detections that were too small or too blurred.
    shows : str
        What the photo shows.
    note : str
        How it was read.
    problem : tuple of (str, str) or None
        Stage and reason, where something went wrong.
    known : bool
        Whether it was in the store.
    """

    path: Path
    photo: Photo | None
    left_out: int = 0
    shows: str = ""
    note: str = ""
    problem: tuple[str, str] | None = None
    known: bool = False


class FirstFiles:
    """
    The first file of each picture of a scan, by the digests that tell the picture.

    A private temporary database of SQLite holds them: in memory while they are few, on the disk as
    they become many (in the folder that TMPDIR names, else in /var/tmp or where the system has such
    files), and nowhere after `close`. About .6 GB are written there for a million pictures.

    Raises
    ------
    BadFolder
        From each method, if the disk takes no more.
    """

    def __init__(self) -> None:
        # The scan goes on in whatever thread asks for its results, one at a time.
        self._base = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._base.execute(f"PRAGMA cache_size = -{HELD}")
        # There is nothing to roll back to, and nobody to read it after a crash.
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA synchronous = OFF")
        for statement in filter(str.strip, _TABLES.split(";")):
            self._base.execute(statement)
        self._base.execute("BEGIN")
        self._count = 0

    def close(self) -> None:
        """Forget all."""
        self._base.close()

    def find(self, *digests: str) -> int | None:
        """Return the number of the first file with one of these digests; None if there is none."""
        with temporary_errors():
            for digest in filter(None, digests):
                row = self._base.execute(
                    "SELECT number FROM names WHERE digest = ?", (_short(digest),)
                ).fetchone()
                if row is not None:
                    return int(row[0])
        return None

    def add(self, *digests: str) -> int:
        """Return a number for a file whose picture these digests tell, from now on."""
        self._count += 1
        with temporary_errors():
            for digest in filter(None, digests):
                self._base.execute(
                    "INSERT OR REPLACE INTO names VALUES (?, ?)", (_short(digest), self._count)
                )
        return self._count

    def say(self, number: int, said: Said) -> None:
        """Keep what is known of the file with a number, in the place of what was."""
        photo = said.photo
        about = None
        if photo is not None:
            about = [
                *(os.fspath(photo.path), photo.digest, photo.width, photo.height),
                *(photo.file_digest, photo.image_digest, photo.orientation),
            ]
        rest = (said.left_out, said.shows, said.note, said.problem, said.known)
        told = [os.fspath(said.path), about, *rest]
        with temporary_errors():
            self._base.execute(
                "INSERT OR REPLACE INTO said VALUES (?, ?)", (number, json.dumps(told))
            )

    def said(self, number: int) -> Said:
        """Return what is known of the file with a number; `KeyError` where nothing is, yet."""
        with temporary_errors():
            row = self._base.execute("SELECT told FROM said WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise KeyError(number)
        path, about, left_out, shows, note, problem, known = json.loads(row[0])
        photo = None if about is None else Photo(Path(about[0]), *about[1:])
        wrong = None if problem is None else (problem[0], problem[1])
        return Said(Path(path), photo, left_out, shows, note, wrong, known)


def _short(digest: str) -> bytes:
    """Return a digest in half its length, where it is one; two differ as the digests do."""
    with contextlib.suppress(ValueError):
        if (packed := bytes.fromhex(digest)).hex() == digest:
            return packed
    return b"." + digest.encode("utf-8", "surrogatepass")
