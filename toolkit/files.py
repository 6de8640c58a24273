"""Files read and written as a whole: only regular ones, private, on the disk before it is said."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import re
import secrets
import sqlite3
import stat
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from toolkit.errors import BadFolder
from toolkit.names import printable

# A file under way has such a name: the first is today's, the others are those of earlier versions.
_TEMPORARY = re.compile(r"\.sightings-([0-9a-f]{16}\.part|[0-9a-f]{12}|[0-9a-z_]{8})")
PRIVATE = 0o600
# What asks Linux for a clone of a file (linux/fs.h).
FICLONE = 0x40049409
# What on Windows separates folders, or begins another drive or stream; elsewhere they are letters.
_LEADS_AWAY = "\0\\:" if os.name == "nt" else "\0"
# What people put around a path, or programs that copy it do.
_QUOTES = {"\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}", "<": ">"}
_QUOTES |= {"\N{LEFT SINGLE QUOTATION MARK}": "\N{RIGHT SINGLE QUOTATION MARK}"}
_QUOTES |= {"\N{DOUBLE LOW-9 QUOTATION MARK}": "\N{LEFT DOUBLE QUOTATION MARK}", "\u00ab": "\u00bb"}
_QUOTES |= {"\u00bb": "\u00ab"} | {mark: mark for mark in "\"'`"}
# Around a pasted path: blanks, and marks that show nothing, of which Windows puts one before it.
_AROUND = " \t\r\n\N{NO-BREAK SPACE}\ufeff\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069"
# What a path to another computer begins with, which no system opens as a folder.
_NETWORK = re.compile(r"(smb|cifs|afp|nfs|https?|s?ftp|webdavs?|davs?|mtp|ptp|gphoto2):/", re.I)
# An address of object storage, such as s3://bucket/trip; a drive of Windows has one letter.
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.DOTALL)
CACHE_VARIABLE = "SIGHTINGS_CACHE"
# The folder in the cache folder whose files stand for objects.
OBJECTS = "object-storage"
# What say where the bytes of a file are that only stands for another one.
_FETCHING: list[Callable[[Path], Path | None]] = []
NOT_REGULAR = "it is not a regular file (a folder, a pipe or a device)"


def reason_of(error: BaseException) -> str:
    """Return what an error says, without the path: "No space left on device"."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def fetch_by(fetch: Callable[[Path], Path | None]) -> None:
    """
    Have files read from elsewhere.

    Parameters
    ----------
    fetch : callable
        Returns the file that has the bytes of another one; None for that one itself.
    """
    _FETCHING.append(fetch)


def local(path: Path) -> Path:
    """
    Return the file that has the bytes of this one, on this computer; most often itself.

    Raises
    ------
    OSError
        If it cannot be fetched from where it is.
    """
    for fetch in _FETCHING:
        if (found := fetch(path)) is not None:
            return found
    return path


def cache_folder() -> Path:
    """
    Return where models made from the model files are kept, and what was seen.

    The folder that the environment variable SIGHTINGS_CACHE names, or the user's cache folder.
    """
    from platformdirs import user_cache_path

    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("sightings", appauthor=False)


def is_below(place: object, *, deeper: bool = False) -> bool:
    """
    Whether a text names a file in a folder of another folder, such as "person_001/a.jpg".

    Parameters
    ----------
    place : object
        Untrusted, from a record.
    deeper : bool
        Whether it may be in folders of that folder.
    """
    if not isinstance(place, str) or any(character in place for character in _LEADS_AWAY):
        return False
    try:
        os.fsencode(place)
    except UnicodeError:
        return False
    parts = place.split("/")
    fits = len(parts) >= 2 if deeper else len(parts) == 2
    return fits and not {"", ".", ".."} & set(parts)


def open_regular(path: Path, *, most: int | None = None) -> BinaryIO:
    """
    Open a file to be read, unless it is none: a pipe or a device could keep a reader for ever.

    Parameters
    ----------
    path : Path
        A file, or a link to one.
    most : int, optional
        Bytes that it may have.

    Raises
    ------
    OSError
        If it cannot be opened, is not a regular file, or is larger than `most`.
    """
    path = local(path)
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, NOT_REGULAR, str(path))
    # Whatever took its place since is not waited for.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, NOT_REGULAR, str(path))
        if most is not None and status.st_size > most:
            text = f"it has {status.st_size:,} bytes; expected at most {most:,}"
            raise OSError(errno.EFBIG, text, str(path))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: Path, *, most: int) -> bytes:
    """
    Return what a file holds, `most` bytes at most.

    Raises
    ------
    OSError
        As `open_regular`.
    """
    with open_regular(path, most=most) as stream:
        # As much as there is, not as much as there may be: room for it is made at once.
        content = stream.read(min(os.fstat(stream.fileno()).st_size, most) + 1)
    if len(content) > most:
        text = f"it grows while it is read; expected at most {most:,} bytes"
        raise OSError(errno.EFBIG, text, str(path))
    return content


def digest_of(path: Path) -> str:
    """
    Return the hexadecimal sha256 of a file's bytes, of which there may be none.

    Raises
    ------
    OSError
        As `open_regular`.
    """
    digest = hashlib.sha256()
    with open_regular(path) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def temporary_in(folder: Path) -> Path:
    """Return a name for a file under way, which `sweep` knows again."""
    return folder / f".sightings-{secrets.token_hex(8)}.part"


def create(path: Path) -> BinaryIO:
    """Make a new file that its owner alone can read, whatever the umask."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags | getattr(os, "O_CLOEXEC", 0), PRIVATE), "wb")


def write_bytes(path: Path, content: bytes) -> None:
    """
    Write a file as a whole, in the place of one that is there; its owner alone can read it.

    It is written under a temporary name, brought to the disk, and renamed: whoever reads sees the
    old file or the new one, also after the power went.

    Raises
    ------
    BadFolder
        If it cannot be written; what was there is as it was.
    """
    with new_file(path) as stream:
        stream.write(content)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """
    Write a file piece by piece, as `write_bytes` does as a whole.

    It has its name once the block is done; if that fails, what was there is as it was.

    Raises
    ------
    BadFolder
        If it cannot be written.
    """
    with disk_errors(path.parent):
        temporary = temporary_in(path.parent)
        try:
            with create(temporary) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
            settle(path.parent)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file as `write_bytes` does: UTF-8, what is no text as escapes."""
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def clone(source: Path, target: Path) -> bool:
    """
    Make a new file that shares the bytes of another one on the disk, until either is changed.

    Parameters
    ----------
    source : Path
        What to clone.
    target : Path
        The new file.

    Returns
    -------
    bool
        False where the file system, or the system, has no such way; then there is no new file.
    """
    try:
        if sys.platform == "darwin":
            library = ctypes.CDLL(None, use_errno=True)
            made = library.clonefile(os.fsencode(source), os.fsencode(target), 0) == 0
        elif sys.platform == "linux":
            made = _clone_on_linux(source, target)
        else:
            made = False
    except (OSError, AttributeError):
        made = False
    if not made:
        with contextlib.suppress(OSError):
            target.unlink(missing_ok=True)
    return made


def _clone_on_linux(source: Path, target: Path) -> bool:
    import fcntl

    with open_regular(source) as original, create(target) as stream:
        fcntl.ioctl(stream.fileno(), FICLONE, original.fileno())
    return True


def settle(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk, where the system has a way to."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep(folder: Path, *, also: re.Pattern[str] | None = None) -> int:
    """
    Remove the files under way that a run which died left in a folder; return how many.

    Nothing may be under way there. `also` is for names beside those of `temporary_in`.
    """
    swept = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not (is_temporary(entry.name) or (also and also.fullmatch(entry.name))):
                continue
            with contextlib.suppress(OSError):
                if entry.is_file(follow_symlinks=False):
                    Path(entry.path).unlink()
                    swept += 1
    return swept


def is_temporary(name: str) -> bool:
    """Whether a file's name is that of a file under way, or left by a run that died."""
    return _TEMPORARY.fullmatch(name) is not None


@contextlib.contextmanager
def disk_errors(out: Path) -> Iterator[None]:
    """Turn what goes wrong while a folder is written into `BadFolder`, in words."""
    try:
        yield
    except OSError as error:
        raise BadFolder(
            f"{out} cannot be written: {reason_of(error)}. Choose another folder."
        ) from error


@contextlib.contextmanager
def temporary_errors() -> Iterator[None]:
    """Turn what goes wrong with temporary files into `BadFolder`, in words."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise BadFolder(
            f"temporary files cannot be written or read: {printable(reason_of(error))}. Make room, "
            "or name another folder in TMPDIR, and run it again: what was seen is kept."
        ) from error


def folder_at(path: str | Path) -> Path:
    r"""
    Return the path that is meant by one that was typed or pasted; nothing is made of one that is.

    What is there under exactly these letters is meant. Otherwise "~", quotes around it, blanks and
    line breaks at its ends, an address such as ``file:///home/a%20b``, and blanks as a shell writes
    them (``\ ``) are understood. An empty one (a variable that is not set) is refused. An address
    of object storage (``s3://bucket/trip``) means the folder that stands for it.
    """
    text = str(path)
    if isinstance(path, Path) and not text.startswith(("~", "file:")):
        return _of_no_nul(path)
    if not text.strip():
        raise BadFolder("a folder's path is empty; expected the path of a folder.")
    _of_no_nul(text)
    if os.path.lexists(text):
        return Path(text)
    meant = _unquoted(re.sub(f"\\A[{_AROUND}]+|[{_AROUND}]+\\Z", "", text))
    if not meant.strip():
        raise BadFolder("a folder's path is empty; expected the path of a folder.")
    _of_no_nul(meant)
    if _NETWORK.match(meant):
        raise BadFolder(
            f"{printable(meant)} is an address in the network; expected the path of a folder. "
            "Connect to it in the file manager, and give the path at which it is there then."
        )
    if (address := _ADDRESS.fullmatch(meant)) is not None:
        return _standing_for(meant, *address.groups())
    try:
        return Path(meant).expanduser() if meant.startswith("~") else Path(meant)
    except RuntimeError as error:
        raise BadFolder(f"{meant}: {str(error).rstrip('.')}. Write the path in full.") from error


def _standing_for(address: str, scheme: str, place: str) -> Path:
    """Return the folder that stands for an address of object storage."""
    parts = [part for part in place.split("/") if part]
    if not parts or {".", ".."} & set(parts) or "\\" in place or "::" in place:
        raise BadFolder(
            f"{printable(address)} is no address of a folder; expected one such as s3://bucket/trip"
        )
    if "@" in parts[0]:
        raise BadFolder(
            f"{scheme}: leave name and password out of the address, for it is kept; the "
            "configuration of fsspec, or the environment, holds them"
        )
    return whole_path(cache_folder() / OBJECTS / scheme).joinpath(*parts)


def _of_no_nul(path: str | Path) -> Path:
    if "\x00" in str(path):
        raise BadFolder(f"{printable(str(path))} is no path: it holds a NUL. Write it new.")
    return Path(path)


def _unquoted(text: str) -> str:
    """Return what is meant by a pasted path: without quotes, not an address, not for a shell."""
    for opening, closing in _QUOTES.items():
        if len(text) > 1 and text.startswith(opening) and text.endswith(closing):
            text = text[1:-1].strip()
            break
    else:
        # A shell's way of writing what it would take for its own, outside of quotes.
        if os.name != "nt" and "\\" in text and not os.path.lexists(text):
            text = re.sub(r"\\(.)", r"\1", text)
    if text[:5].casefold() == "file:":
        address = urllib.parse.urlsplit(text)
        if address.netloc in ("", "localhost"):
            # What is not UTF-8 stands for a byte of a name, as everywhere in Python.
            path = urllib.parse.unquote(address.path, errors="surrogateescape")
            # Some programs put a path behind it as it is, with what has a meaning in addresses.
            bare = text[5:].removeprefix("//").removeprefix("localhost")
            text = bare if not os.path.lexists(path) and os.path.lexists(bare) else path
            if os.name == "nt":
                text = text.lstrip("/")
    return text


def whole_path(path: str | Path) -> Path:
    """Return a path from the root on, without "..", whatever links are on the way."""
    # `Path.resolve` would follow them, and `Path.absolute` leaves "..".
    return Path(os.path.abspath(path))  # noqa: PTH100


def shipped(name: str) -> Path:
    """
    Return the path of a file or folder that comes with the project.

    In a checkout it stands in the top-level folders; in an installed wheel, inside the package.

    Parameters
    ----------
    name : str
        Such as "models/MANIFEST.toml".

    Raises
    ------
    FileNotFoundError
        If the installation lacks it.
    """
    here = Path(__file__).resolve().parent
    for base in (here / "shipped", here.parent):
        if (base / name).exists():
            return base / name
    raise FileNotFoundError(f"{name} is missing from this installation of sightings")
