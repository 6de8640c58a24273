"""
Photos in object storage (S3, Google Cloud Storage, ...) by fsspec, read as they are asked for.

Each object has a stand-in: a file in the cache folder with its name, its size and its time, and
nothing in it, which takes next to no room. So photos are listed, told apart, planned and written of
as anywhere else. Who opens one (`toolkit.files.open_regular`) gets the bytes of the object: these
are fetched into a temporary file, and the last few stay, as a photo is opened some times.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from toolkit.errors import BadSetting, BadStorage, MissingPackage
from toolkit.files import OBJECTS, PRIVATE, cache_folder, fetch_by, reason_of, whole_path
from toolkit.names import counted, printable

# Objects whose bytes stay for a while, and the longest part of a name that a file can have (bytes).
STAY, LONGEST = 64, 255
# What storages call the time of an object, and what tells one version of it from another.
TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "created", "timeCreated")
VERSIONS = ("ETag", "etag", "md5Hash", "md5", "generation", "content_md5", "sha256", "crc32c")
# A time that no file system refuses, s.
LATEST = 1 << 33
# Folders of stand-ins on other machines: there are none here, and objects are read all the same.
_SERVED: set[Path] = set()


def root() -> Path:
    """Return the folder that stand-ins lie in, storage by storage."""
    return whole_path(cache_folder() / OBJECTS)


def serve(folder: Path) -> None:
    """Read what lies in another machine's `root` as well, whose stand-ins are not here."""
    if folder != root():
        _SERVED.add(folder)


def address_of(path: Path) -> str | None:
    """Return the address of what a path stands for; None where it stands for nothing."""
    found = _parts_of(path)
    return None if found is None else f"{found[0]}://{'/'.join(found[1:])}"


def _parts_of(path: Path) -> tuple[str, ...] | None:
    """Return the storage, the bucket and so on that a path stands for."""
    if OBJECTS not in path.parts:
        return None
    for folder in (root(), *_SERVED):
        if path.is_relative_to(folder):
            parts = path.relative_to(folder).parts
            return parts if len(parts) > 1 else None
    return None


def require_no_links(folder: Path | None, link: str | None) -> None:
    """Raise `BadSetting` where photos would be linked to that are in object storage."""
    if link is not None and folder is not None and (address := address_of(folder)) is not None:
        raise BadSetting(
            f"link is {link!r}, and the photos are in {address}, where nothing can be linked to: "
            "leave --link out, and they are copied"
        )


def bring_up_to_date(folder: Path) -> tuple[str, ...]:
    """
    List the objects that a folder stands for, and make its files stand for what is there now.

    Parameters
    ----------
    folder : Path
        As `toolkit.files.folder_at` returns it for an address; nothing is done with any other.

    Returns
    -------
    tuple of str
        Sentences about objects that no file can stand for, without a full stop.

    Raises
    ------
    BadStorage
        If it cannot be listed, or holds nothing.
    MissingPackage
        If a package is missing that reads it.
    """
    address = address_of(folder)
    if address is None:
        return ()
    with _told(address):
        system, place = _opened(folder)
        system.invalidate_cache()
        found: dict[str, dict[str, Any]] = system.find(place, detail=True)
    if not found:
        raise BadStorage(f"photos: {address} holds nothing, or does not exist; check its spelling")
    wanted: dict[Path, tuple[int, int]] = {}
    unfit: list[str] = []
    for name, about in found.items():
        below = name.removeprefix(place).strip("/")
        parts = below.split("/")
        fits = below and all(
            part not in ("", ".", "..")
            and "\0" not in part
            and "\\" not in part
            and len(os.fsencode(part)) <= LONGEST
            for part in parts
        )
        if not fits:
            unfit.append(name)
            continue
        wanted[folder.joinpath(*parts)] = max(0, int(about.get("size") or 0)), _time_of(about)
    _make(folder, wanted, unfit)
    if not unfit:
        return ()
    return (
        f"{counted(len(unfit), 'object')} in {address} cannot be read, such as "
        f"{printable(unfit[0])}: no file can have such a name",
    )


def _make(folder: Path, wanted: Mapping[Path, tuple[int, int]], unfit: list[str]) -> None:
    """Make, change and take away stand-ins, so that there are those that are wanted."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    there: dict[Path, tuple[int, int]] = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            status = path.stat()
            there[path] = status.st_size, status.st_mtime_ns
    for path in there.keys() - wanted.keys():
        path.unlink()
    for path in sorted((each for each in folder.rglob("*") if each.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    for path, (size, when) in wanted.items():
        if there.get(path) == (size, when):
            continue
        try:
            # An object, and others below it as if it were a folder, cannot both be there.
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT, PRIVATE)
        except OSError:
            unfit.append(str(path.relative_to(folder)))
            continue
        with os.fdopen(handle, "wb") as stream:
            stream.truncate(size)
        os.utime(path, ns=(when, when))


def _time_of(about: Mapping[str, Any]) -> int:
    """
    Return when an object was written, in ns since 1970.

    Below a second, it tells versions of an object from each other that have one size and one time.
    """
    found = next((about[name] for name in TIMES if about.get(name)), 0)
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found.replace("Z", "+00:00"))
        except ValueError:
            found = 0
    if isinstance(found, datetime):
        aware = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        found = aware.timestamp()
    version = "".join(str(about[name]) for name in VERSIONS if about.get(name))
    digest = hashlib.sha256(f"{found}:{version}".encode()).digest()
    return min(max(int(found), 0), LATEST) * 10**9 + int.from_bytes(digest[:8], "big") % 10**9


def fetch(path: Path) -> Path | None:
    """
    Return a file with the bytes of the object that a path stands for; None for any other path.

    Raises
    ------
    OSError
        If it cannot be fetched, or is another one than was listed.
    """
    address = address_of(path)
    return None if address is None else _FETCHED.of(path, address)


@dataclass
class _Fetched:
    """The objects that were fetched last."""

    files: OrderedDict[tuple[str, int, int], Path] = field(default_factory=OrderedDict)
    under_way: dict[tuple[str, int, int], threading.Lock] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    folder: Path | None = None
    number: int = 0

    def of(self, path: Path, address: str) -> Path:
        """Return the file of an object, fetched where it is not there."""
        expected: tuple[int, int] | None = None
        if not any(path.is_relative_to(folder) for folder in _SERVED):
            status = path.stat()
            expected = status.st_size, status.st_mtime_ns
        key = (address, *(expected or (0, 0)))
        with self.lock:
            turn = self.under_way.setdefault(key, threading.Lock())
        with turn:
            with self.lock:
                if key in self.files:
                    self.files.move_to_end(key)
                    return self.files[key]
                target = self._new(Path(address).suffix)
            try:
                self._fetch(address, target, expected, path)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
            with self.lock:
                self.files[key] = target
                self.under_way.pop(key, None)
                while len(self.files) > STAY:
                    # Who has it open goes on reading, where the system lets it be taken away.
                    with contextlib.suppress(OSError):
                        self.files.popitem(last=False)[1].unlink()
        return target

    def _new(self, suffix: str) -> Path:
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="sightings-"))
            atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.number += 1
        return self.folder / f"{self.number}{suffix[:20]}"

    @staticmethod
    def _fetch(address: str, target: Path, expected: tuple[int, int] | None, path: Path) -> None:
        try:
            with _told(address):
                system, place = _opened(path)
                system.get_file(place, str(target))
        except (BadStorage, MissingPackage) as error:
            raise OSError(errno.EIO, str(error), str(path)) from error
        if expected is not None and target.stat().st_size != expected[0]:
            raise OSError(errno.ESTALE, "it was changed since it was listed", str(path))


_FETCHED = _Fetched()
fetch_by(fetch)


def _opened(path: Path) -> tuple[Any, str]:
    """Return the file system of fsspec that something is in, and the place there."""
    import fsspec

    scheme, bucket, *rest = _parts_of(path) or ()
    # The names of objects are untrusted, and would mean more in an address ("::") than here.
    system, place = fsspec.core.url_to_fs(f"{scheme}://{bucket}")
    return system, "/".join([str(place).rstrip("/"), *rest])


@contextlib.contextmanager
def _told(address: str) -> Iterator[None]:
    """Turn whatever a storage raises into one line."""
    try:
        yield
    except (BadStorage, MissingPackage):
        raise
    except ImportError as error:
        if error.name == "fsspec":
            raise MissingPackage(
                f'{address} needs one more package: pip install "sightings[cluster]"'
            ) from error
        raise MissingPackage(
            f"{address} needs one more package: {printable(str(error).splitlines()[0])}"
        ) from error
    # Each storage has errors of its own, for a key that is wrong and a network that is not there.
    except Exception as error:
        why = printable((reason_of(error).splitlines() or [type(error).__name__])[0])
        raise BadStorage(
            f"{address} cannot be read: {why}. Check its spelling, and the keys that the "
            "environment or fsspec's configuration holds"
        ) from error
