"""What was seen in photos, kept in the user's cache so that none is looked at twice."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import os
import sqlite3
import struct
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.errors import SightingsError
from toolkit.files import PRIVATE, reason_of, whole_path
from toolkit.names import printable
from toolkit.photos.identity import Identity
from toolkit.records import ID_DIGITS, TURNS, Box, Detection, EncoderInfo, Features, Mask
from toolkit.subjects.base import Subject
from toolkit.subjects.settings import ScanSettings
from toolkit.subjects.weights import cache_folder

NAME = "seen.sqlite3"
# Names another file than that in the cache folder, or OFF for none.
VARIABLE, OFF = "SIGHTINGS_STORE", "off"
# The version of the tables; one by another version is put aside and begun anew.
FORMAT = 1
# Seconds that a run waits for another one that writes.
PATIENCE = 30.0
# Seconds between two tries of what SQLite does not wait for itself.
PAUSE = 0.02
# A file that was written so shortly before it was read (ns) could be written again unnoticed.
RACY = 2_000_000_000
# Entries that were of use and are noted together.
NOTED = 4096
# Bytes of one photo's entry, and subjects in one photo, beyond which it is not believed.
LARGEST, MOST = 1 << 30, 100_000

# What an entry that is damaged raises.
UNREADABLE = (
    *(ValueError, KeyError, IndexError, OSError, TypeError, EOFError, AttributeError),
    *(OverflowError, RecursionError, struct.error, zipfile.BadZipFile),
)

_TABLES = """
CREATE TABLE files (
    path TEXT PRIMARY KEY, device INTEGER, inode INTEGER, size INTEGER, changed INTEGER,
    read INTEGER, photo TEXT, file TEXT, image TEXT, orientation INTEGER
);
CREATE INDEX places ON files (device, inode);
CREATE INDEX contents ON files (file);
CREATE TABLE looks (
    photo TEXT, how TEXT, width INTEGER, height INTEGER, left_out INTEGER, arrays BLOB,
    used INTEGER, PRIMARY KEY (photo, how)
);
CREATE INDEX uses ON looks (used);
"""
# Came later; a store of before gets it, and keeps what it holds.
_PAIRS = """
CREATE TABLE IF NOT EXISTS pairs (
    how TEXT, sighting BLOB, others BLOB, scores BLOB, used INTEGER
);
CREATE INDEX IF NOT EXISTS pairs_of ON pairs (how, sighting);
CREATE INDEX IF NOT EXISTS pair_uses ON pairs (used);
"""
# A file by its path, then by its place on the disk: under how many names it is known is no matter.
_BY_PATH = "SELECT * FROM files WHERE path = ?"
_BY_PLACE = """
SELECT * FROM files
WHERE device = ? AND inode = ? AND size = ? AND changed = ? AND read >= ? LIMIT 1
"""


class BadStore(SightingsError):
    """The store cannot be used."""


@dataclass(frozen=True)
class Look:
    """
    What was seen in one picture.

    Attributes
    ----------
    width, height : int
        Size in px, upright.
    left_out : int
        Detections that were too small or too blurred.
    detections : tuple of Detection
        Boxes in px of the full-size photo.
    encodings : numpy.ndarray
        Shape (len(detections), d), float32.
    features : tuple of Features
        What a matcher compares each of them by; empty for vectors.
    shows : str
        What the picture shows; "" where the detector does not say it.
    note : str
        How it was read, where not as it should have been; "" else.
    """

    width: int
    height: int
    left_out: int
    detections: tuple[Detection, ...]
    encodings: npt.NDArray[np.float32]
    features: tuple[Features, ...] = ()
    shows: str = ""
    note: str = ""


@dataclass(frozen=True)
class Kept:
    """
    A file, and what was seen in its picture.

    Attributes
    ----------
    path : Path
        The file.
    who : Identity
        Which one it is.
    photo : str
        Digest of its upright picture.
    look : Look or None
        What was seen; None where that is kept already.
    read : int
        When its reading began, in ns since 1970; 0 where it was known without.
    key : str
        What else shapes what is seen: see `toolkit.subjects.base.look_key`.
    """

    path: Path
    who: Identity
    photo: str
    look: Look | None
    read: int
    key: str = ""


@dataclass(frozen=True)
class Content:
    """
    What a store holds.

    Attributes
    ----------
    photos : int
        Pictures, each counted once however it was looked at.
    looks : int
        Looks at them, by different settings or subjects.
    files : int
        Files whose picture is known.
    size : int
        Bytes on the disk.
    """

    photos: int
    looks: int
    files: int
    size: int


def place() -> Path:
    """
    Return where the store is.

    The file that SIGHTINGS_STORE names, or one in the folder that SIGHTINGS_CACHE names, or in the
    user's cache folder.
    """
    named = os.environ.get(VARIABLE)
    return Path(named) if named else cache_folder() / NAME


@dataclass(frozen=True)
class KnownPairs:
    """
    What pairs of sightings have in common.

    Attributes
    ----------
    first, second : numpy.ndarray
        Shape (p,), int64: two sightings, by their place among those that were asked for.
    values : numpy.ndarray
        Shape (p, c), float32.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]


class Store:
    """
    What was seen in photos; several processes and threads may share one.

    Parameters
    ----------
    path : Path
        The file; it is made where it is missing, readable by its owner only.

    Raises
    ------
    BadStore
        If it cannot be made or opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE))
            self._base = sqlite3.connect(
                path, timeout=PATIENCE, check_same_thread=False, isolation_level=None
            )
        except (OSError, sqlite3.Error) as error:
            raise _bad(path, error) from error
        try:
            self._share()
            self._base.execute("PRAGMA synchronous = NORMAL")
            self._prepare()
        except sqlite3.Error as error:
            self._base.close()
            raise _bad(path, error) from error

    def _share(self) -> None:
        """
        Let others read while one writes.

        Of several that open a new store at once, one makes that change; SQLite refuses it to the
        others there and then, whatever their timeout is.
        """
        since = time.monotonic()
        while True:
            try:
                self._base.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() - since > PATIENCE:
                    raise
            time.sleep(PAUSE)

    def _prepare(self) -> None:
        with self._writing() as base:
            written = base.execute("PRAGMA user_version").fetchone()[0]
            if written == FORMAT:
                self._add_pairs()
                return
            for (name,) in base.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall():
                base.execute(f"DROP TABLE {_quoted(name)}")
            for statement in filter(str.strip, _TABLES.split(";")):
                base.execute(statement)
            self._add_pairs()
            base.execute(f"PRAGMA user_version = {FORMAT}")

    def _add_pairs(self) -> None:
        for statement in filter(str.strip, _PAIRS.split(";")):
            self._base.execute(statement)

    def close(self) -> None:
        """Close the file; what was kept is there."""
        with self._lock:
            self._base.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def identity(self, path: Path) -> tuple[Identity, str] | None:
        """
        Say which picture a file holds without reading it.

        Parameters
        ----------
        path : Path
            The file, or a link to it.

        Returns
        -------
        (Identity, str) or None
            The file's identity and the digest of its upright picture; None where it is not known,
            or was changed since it was read, by its size or time.
        """
        try:
            about = path.stat()
        except OSError:
            return None
        now = (about.st_dev, _signed(about.st_ino), about.st_size, about.st_mtime_ns)
        for query, by in (
            (_BY_PATH, (_written(path),)),
            (_BY_PLACE, (*now, about.st_mtime_ns + RACY)),
        ):
            with self._lock, self._told():
                row = self._base.execute(query, by).fetchone()
            if row is None:
                continue
            _, *place, read, photo, file, image, orientation = row
            if tuple(place) == now and about.st_mtime_ns + RACY <= read:
                return Identity(str(file), str(image), int(orientation)), str(photo)
        return None

    def picture(self, file: str) -> str:
        """Return the digest of the picture in a file with this sha256; "" where it is not known."""
        with self._lock, self._told():
            row = self._base.execute("SELECT photo FROM files WHERE file = ?", (file,)).fetchone()
        return "" if row is None else str(row[0])

    def look(self, photo: str, how: str, encoder: EncoderInfo) -> Look | None:
        """
        Return what was seen in a picture.

        Parameters
        ----------
        photo : str
            The picture's digest.
        how : str
            What shaped the result: `Subject.key` and the settings of the scan.
        encoder : EncoderInfo
            Of the subject; an entry that does not fit it is none.
        """
        with self._lock, self._told():
            row = self._base.execute(
                "SELECT width, height, left_out, arrays FROM looks WHERE photo = ? AND how = ?",
                (photo, how),
            ).fetchone()
        if row is None:
            return None
        width, height, left_out, content = row
        try:
            made = _from_bytes(bytes(content), encoder)
            return Look(int(width), int(height), int(left_out), *made)
        except UNREADABLE:
            return None

    def keep(self, seen: Sequence[Kept], how: str) -> None:
        """Keep what was seen, all of it or nothing; `how` is as for `look`."""
        files, looks, now = [], [], int(time.time())
        for each in seen:
            # Of a file that was not read, all of that is known.
            if each.read:
                files += self._file(each)
            if (look := each.look) is not None:
                size = (look.width, look.height, look.left_out)
                looks.append((each.photo, _with_key(how, each.key), *size, _to_bytes(look), now))
        with self._told(), self._writing() as base:
            base.executemany("INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?,?,?,?)", files)
            base.executemany("INSERT OR REPLACE INTO looks VALUES (?,?,?,?,?,?,?)", looks)

    @staticmethod
    def _file(seen: Kept) -> list[tuple[object, ...]]:
        """Return the entry of a file that was read, if it is still there."""
        with contextlib.suppress(OSError):
            about = seen.path.stat()
            place = (about.st_dev, _signed(about.st_ino), about.st_size, about.st_mtime_ns)
            known = (seen.photo, seen.who.file, seen.who.image, seen.who.orientation)
            return [(_written(seen.path), *place, seen.read, *known)]
        return []

    def used(self, photos: Sequence[tuple[str, str]], how: str) -> None:
        """
        Note that entries were of use, so that `bound` takes away others first.

        Parameters
        ----------
        photos : sequence of (str, str)
            Digest and key of each, as of `Kept`.
        how : str
            As for `keep`.
        """
        now = int(time.time())
        with self._told(), self._writing() as base:
            base.executemany(
                "UPDATE looks SET used = ? WHERE photo = ? AND how = ?",
                [(now, photo, _with_key(how, key)) for photo, key in photos],
            )

    def pairs(self, ids: Sequence[str], how: str, scores: int) -> KnownPairs:
        """
        Return what is known that pairs of some sightings have in common.

        Parameters
        ----------
        ids : sequence of str
            Their `sighting_id`, n of them.
        how : str
            What shaped the scores: `Subject.key`.
        scores : int
            Scores of a pair, c.
        """
        keys = _keys_of(ids)
        order = np.argsort(keys)
        ordered = keys[order]
        rows: list[npt.NDArray[np.int64]] = []
        columns: list[npt.NDArray[np.int64]] = []
        values: list[npt.NDArray[np.float32]] = []
        with self._lock, self._told():
            for row, key in enumerate(keys.tolist()):
                if not key:
                    continue
                for others, content in self._base.execute(
                    "SELECT others, scores FROM pairs WHERE how = ? AND sighting = ?",
                    (how, key.to_bytes(8, "big")),
                ):
                    read = _pairs_from(bytes(others), bytes(content), scores)
                    if read is None:
                        continue
                    theirs, found = read
                    place = np.minimum(np.searchsorted(ordered, theirs), len(keys) - 1)
                    here = ordered[place] == theirs
                    columns.append(order[place[here]])
                    rows.append(np.full(int(here.sum()), row, dtype=np.int64))
                    values.append(found[here])
        return KnownPairs(
            np.concatenate([np.zeros(0, np.int64), *rows]),
            np.concatenate([np.zeros(0, np.int64), *columns]),
            np.concatenate([np.zeros((0, scores), np.float32), *values]),
        )

    def keep_pairs(self, ids: Sequence[str], how: str, found: KnownPairs) -> None:
        """Keep what pairs of sightings have in common, all of it or nothing; see `pairs`."""
        keys, now = _keys_of(ids), int(time.time())
        # Each with the one of the two that has more of them: what came new has nearly all.
        times = np.bincount(np.concatenate([found.first, found.second]), minlength=len(ids))
        other = times[found.second] > times[found.first]
        own = np.where(other, found.second, found.first)
        its = np.where(other, found.first, found.second)
        named = (keys[own] > 0) & (keys[its] > 0)
        own, its, values = own[named], its[named], found.values[named]
        order = np.argsort(own, kind="stable")
        own, its, values = own[order], its[order], values[order]
        starts = np.flatnonzero(np.diff(own, prepend=-1))
        written = []
        for start, end in zip(starts, [*starts[1:], len(own)], strict=True):
            some = slice(int(start), int(end))
            who = int(keys[own[start]]).to_bytes(8, "big")
            theirs = keys[its[some]].astype(">u8").tobytes()
            written.append((how, who, theirs, values[some].astype("<f4").tobytes(), now))
        with self._told(), self._writing() as base:
            base.executemany("INSERT INTO pairs VALUES (?,?,?,?,?)", written)

    def used_pairs(self, ids: Sequence[str], how: str) -> None:
        """Note that pairs were of use, so that `bound` takes away others first."""
        now = int(time.time())
        known = [int(key).to_bytes(8, "big") for key in _keys_of(ids).tolist() if key]
        with self._told(), self._writing() as base:
            base.executemany(
                "UPDATE pairs SET used = ? WHERE how = ? AND sighting = ?",
                [(now, how, key) for key in known],
            )

    def content(self) -> Content:
        """Return what there is."""
        with self._lock, self._told():
            looks, photos = self._base.execute(
                "SELECT COUNT(*), COUNT(DISTINCT photo) FROM looks"
            ).fetchone()
            (files,) = self._base.execute("SELECT COUNT(*) FROM files").fetchone()
        return Content(int(photos), int(looks), int(files), self._size())

    def purge(self) -> None:
        """Take everything out; the space is given back."""
        with self._told():
            with self._writing() as base:
                base.execute("DELETE FROM looks")
                base.execute("DELETE FROM files")
                base.execute("DELETE FROM pairs")
            self._shrink()

    def bound(self, size: int) -> int:
        """
        Take out what was used longest ago, until the file is no larger than this.

        Returns
        -------
        int
            How many looks were taken out.
        """
        gone = 0
        with self._told():
            while self._size() > size:
                with self._writing() as base:
                    (count,) = base.execute("SELECT COUNT(*) FROM looks").fetchone()
                    (pairs,) = base.execute("SELECT COUNT(*) FROM pairs").fetchone()
                    if not count and not pairs:
                        base.execute("DELETE FROM files")
                        break
                    base.execute(
                        "DELETE FROM pairs WHERE rowid IN "
                        "(SELECT rowid FROM pairs ORDER BY used, rowid LIMIT ?)",
                        (max(1, pairs // 10),),
                    )
                    share = max(1, count // 10)
                    base.execute(
                        "DELETE FROM looks WHERE rowid IN "
                        "(SELECT rowid FROM looks ORDER BY used, rowid LIMIT ?)",
                        (share,),
                    )
                    base.execute("DELETE FROM files WHERE photo NOT IN (SELECT photo FROM looks)")
                    gone += share
                self._shrink()
        return gone

    def _shrink(self) -> None:
        with self._lock:
            self._base.execute("VACUUM")
            self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _size(self) -> int:
        found = 0
        for ending in ("", "-wal"):
            with contextlib.suppress(OSError):
                found += Path(f"{self.path}{ending}").stat().st_size
        return found

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the store for a change that happens whole or not at all."""
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.rollback()
                raise
            self._base.commit()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _bad(self.path, error) from error


class Recall:
    """
    One scan's use of a store: what fails there costs a look, never the run.

    Parameters
    ----------
    store : Store or None
        The store; None for none.
    how : str
        What shapes the result; "" for a subject that cannot be known again, of which nothing is
        kept.
    encoder : EncoderInfo
        Of the subject.
    matched : str
        What shapes the scores of pairs: `Subject.key`.

    Attributes
    ----------
    trouble : str
        Why the store was given up; empty where it was not.
    """

    def __init__(
        self, store: Store | None, how: str, encoder: EncoderInfo, matched: str = ""
    ) -> None:
        self._store = store if how else None
        self._how, self._encoder, self.trouble = how, encoder, ""
        self._matched = matched
        self._of_use: list[tuple[str, str]] = []

    def beside(self, name: str) -> Recall:
        """Return one for other numbers of the same pairs, by a name of their own."""
        other = copy(self)
        other._matched = self._matched and f"{self._matched}:{name}"
        return other

    def identity(self, path: Path) -> tuple[Identity, str] | None:
        """Say which picture a file holds without reading it, or None; see `Store.identity`."""
        with self._careful() as store:
            return None if store is None else store.identity(path)
        return None

    def picture(self, file: str) -> str:
        """Return the digest of the picture in a file, or ""; see `Store.picture`."""
        with self._careful() as store:
            return "" if store is None else store.picture(file)
        return ""

    def look(self, photo: str, key: str = "") -> Look | None:
        """Return what was seen in a picture, or None; see `Store.look`, and `Kept` for the key."""
        with self._careful() as store:
            if store is None or not photo:
                return None
            return store.look(photo, _with_key(self._how, key), self._encoder)
        return None

    def keep(self, seen: Sequence[Kept], known: Sequence[tuple[str, str]]) -> None:
        """Keep what was seen; which entries were of use is noted some thousands at a time."""
        with self._careful() as store:
            if store is not None and seen:
                store.keep(seen, self._how)
        self._of_use += known
        if len(self._of_use) >= NOTED:
            self.note()

    def note(self) -> None:
        """Note the last entries that were of use."""
        with self._careful() as store:
            if store is not None and self._of_use:
                store.used(self._of_use, self._how)
        self._of_use = []

    def pairs(self, ids: Sequence[str], scores: int) -> KnownPairs:
        """Return what is known that pairs have in common; see `Store.pairs`."""
        none = np.zeros(0, dtype=np.int64)
        known = KnownPairs(none, none, np.zeros((0, scores), dtype=np.float32))
        with self._careful() as store:
            if store is not None and self._matched:
                known = store.pairs(ids, self._matched, scores)
                store.used_pairs(ids, self._matched)
        return known

    def keep_pairs(self, ids: Sequence[str], found: KnownPairs) -> None:
        """Keep what pairs have in common; see `Store.keep_pairs`."""
        with self._careful() as store:
            if store is not None and self._matched and len(found.values):
                store.keep_pairs(ids, self._matched, found)

    @contextlib.contextmanager
    def _careful(self) -> Iterator[Store | None]:
        try:
            yield self._store
        except BadStore as error:
            self._store, self.trouble = None, str(error)


@contextlib.contextmanager
def recalled(subject: Subject, settings: ScanSettings) -> Iterator[Recall]:
    """
    Open the user's store for a scan.

    Parameters
    ----------
    subject : Subject
        What is looked for.
    settings : ScanSettings
        How photos are looked at, and whether the store is to be used.

    Yields
    ------
    Recall
        Its `trouble` says why the store cannot be used, where it cannot.
    """
    recall = Recall(None, "", subject.encoder.info)
    if not settings.store or not subject.key or os.environ.get(VARIABLE, "").lower() == OFF:
        yield recall
        return
    try:
        store = Store(place())
    except BadStore as error:
        recall.trouble = str(error)
        yield recall
        return
    with store:
        recall = recall_in(store, subject, settings)
        try:
            yield recall
        finally:
            recall.note()


def recall_in(store: Store, subject: Subject, settings: ScanSettings) -> Recall:
    """Return the use of a store by a scan; see `recalled`, which opens the user's."""
    told = (subject.key, settings.long_edge, settings.min_size, settings.min_sharpness)
    how = hashlib.sha256(repr(told).encode()).hexdigest()
    return Recall(store, how, subject.encoder.info, subject.key)


def _with_key(how: str, key: str) -> str:
    """Return what shapes a look, with what shapes it in one photo alone."""
    return hashlib.sha256(f"{how}:{key}".encode()).hexdigest() if key else how


def _keys_of(ids: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return sighting ids as numbers; 0 for one that is none: boxes that are there twice."""
    numbers = [int(each, 16) if len(each) == ID_DIGITS else 0 for each in ids]
    return np.array(numbers, dtype=np.uint64)


def _pairs_from(
    others: bytes, content: bytes, scores: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float32]] | None:
    """Return a row of pairs; None where it is none."""
    if len(others) % 8 or len(content) != len(others) // 8 * scores * 4:
        return None
    theirs = np.frombuffer(others, dtype=">u8").astype(np.uint64)
    values = np.frombuffer(content, dtype="<f4").astype(np.float32).reshape(-1, scores)
    return (theirs, values) if np.isfinite(values).all() else None


def _bad(path: Path, error: Exception) -> BadStore:
    return BadStore(
        f"the store of what was seen, {path}, cannot be used: {printable(reason_of(error))}. "
        "Delete that file, or go without it: --no-store."
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _signed(number: int) -> int:
    """Return a number of 64 bits as SQLite holds it."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _written(path: Path) -> str:
    """Return a whole path as text that SQLite can hold, whatever bytes are in its name."""
    return os.fsencode(whole_path(path)).decode("utf-8", "backslashreplace")


# What an entry begins with; one of the version before is an archive of numpy's.
_BEGINS = b"seen 2\n"
# Detections, numbers of an encoding, and bytes of what else there is to say, as JSON.
_COUNTS = struct.Struct("<III")


def _to_bytes(look: Look) -> bytes:
    """
    Return an entry: a million of them are read in a minute, which archives are not.

    After `_BEGINS` and `_COUNTS` come the JSON, the boxes with their scores (float64), the
    encodings (float32), and, where sightings are compared in pairs, an archive of their features.
    """
    detections = look.detections
    about: dict[str, Any] = {"shows": look.shows, "note": look.note}
    masks = [d.mask and (d.mask.width, d.mask.height, *d.mask.counts) for d in detections]
    about |= {"masks": masks if any(masks) else []}
    about |= {"seconds": [d.seconds for d in detections]}
    about |= {"turns": [d.turn for d in detections], "worth": [d.worth for d in detections]}
    usual: dict[str, set[Any]] = {"seconds": {None}, "turns": {0}, "worth": {1.0}}
    said = {
        name: value
        for name, value in about.items()
        if value and not (name in usual and set(value) <= usual[name])
    }
    # Escapes stand for what is no text, as JSON has them.
    text = json.dumps(said).encode() if said else b""
    edges = [(d.box.left, d.box.top, d.box.right, d.box.bottom, d.score) for d in detections]
    boxes = np.array(edges, dtype="<f8").tobytes()
    counts = _COUNTS.pack(len(detections), look.encodings.shape[1], len(text))
    content = [_BEGINS, counts, text, boxes, look.encodings.astype("<f4", copy=False).tobytes()]
    if look.features:
        arrays: dict[str, Any] = {}
        for number, features in enumerate(look.features):
            arrays |= {f"{number}/{name}": array for name, array in features.items()}
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        content.append(stream.getvalue())
    return b"".join(content)


@dataclass(frozen=True)
class _Entry:
    """What an entry holds, as it was written; nothing of it is believed yet."""

    boxes: npt.NDArray[np.float64]
    encodings: npt.NDArray[np.float32]
    features: tuple[Features, ...]
    about: Mapping[str, Any]


def _from_bytes(
    content: bytes, encoder: EncoderInfo
) -> tuple[tuple[Detection, ...], npt.NDArray[np.float32], tuple[Features, ...], str, str]:
    if len(content) > LARGEST:
        raise ValueError("an entry is too large")
    entry = _entry(content) if content.startswith(_BEGINS) else _entry_before(content)
    boxes, encodings, about = entry.boxes, entry.encodings, entry.about
    count = len(boxes)
    if boxes.shape != (count, 5) or count > MOST or not np.isfinite(boxes).all():
        raise ValueError("detections are none")
    if encodings.shape != (count, encoder.dimensions) or encodings.dtype != np.float32:
        raise ValueError("encodings are not those of this encoder")
    if not np.isfinite(encodings).all():
        raise ValueError("encodings hold a number that is not finite")
    masks = _masks_from(about["masks"]) if "masks" in about else [None] * count
    times = about.get("seconds", [None] * count)
    turns = about.get("turns", [0] * count)
    if not set(turns) <= set(TURNS):
        raise ValueError("turns are none")
    worth = [float(each) for each in about.get("worth", [1.0] * count)]
    if len(worth) != count or not all(0 <= each <= 1 for each in worth):
        raise ValueError("worth is none")
    found = tuple(
        Detection(
            *(Box(*map(int, row[:4])), float(row[4])),
            mask=mask,
            seconds=when if when is None else float(when),
            turn=int(turn),
            worth=says,
        )
        for row, mask, when, turn, says in zip(
            boxes.tolist(), masks, times, turns, worth, strict=True
        )
    )
    own = entry.features if encoder.metric == "pairs" else ()
    return found, encodings, own, str(about.get("shows", "")), str(about.get("note", ""))


def _entry(content: bytes) -> _Entry:
    start = len(_BEGINS) + _COUNTS.size
    count, dimensions, letters = _COUNTS.unpack_from(content, len(_BEGINS))
    ends = np.cumsum([start, letters, count * 5 * 8, count * dimensions * 4]).tolist()
    if ends[-1] > len(content):
        raise ValueError("an entry is shorter than it says")
    text, boxes, encodings = (content[a:b] for a, b in itertools.pairwise(ends))
    about = json.loads(text) if text else {}
    if not isinstance(about, dict):
        raise ValueError("an entry says something else than it should")
    features: tuple[Features, ...] = ()
    if rest := content[ends[-1] :]:
        with np.load(io.BytesIO(rest), allow_pickle=False) as arrays:
            features = _features_in(arrays, count)
    return _Entry(
        np.frombuffer(boxes, dtype="<f8").reshape(count, 5),
        # Not a view of what was read: that would be held with it.
        np.frombuffer(encodings, dtype="<f4").reshape(count, dimensions).astype(np.float32),
        features or ({},) * count,
        about,
    )


def _entry_before(content: bytes) -> _Entry:
    """Read an entry of the version before."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        boxes, encodings = arrays["detections"], arrays["encodings"]
        if len(boxes) > MOST:
            raise ValueError("detections are none")
        about: dict[str, Any] = {
            name: bytes(arrays[name]).rstrip(b"\0").decode()
            for name in ("shows", "note")
            if name in arrays
        }
        about |= {
            name: arrays[name].tolist() for name in ("seconds", "turns", "worth") if name in arrays
        }
        if "masks" in arrays:
            about["masks"] = json.loads(bytes(arrays["masks"]).rstrip(b"\0"))
        return _Entry(boxes, encodings, _features_in(arrays, len(boxes)), about)


def _features_in(arrays: Mapping[str, npt.NDArray[Any]], count: int) -> tuple[Features, ...]:
    features: list[dict[str, npt.NDArray[np.generic]]] = [{} for _ in range(count)]
    for name in arrays:
        number, slash, own = name.partition("/")
        if slash:
            features[int(number)][own] = arrays[name]
    return tuple(features)


def _masks_from(told: Any) -> list[Mask | None]:
    """Return the masks of an entry; `ValueError` or `TypeError` where they are none."""
    return [None if each is None else Mask(each[0], each[1], tuple(each[2:])) for each in told]
