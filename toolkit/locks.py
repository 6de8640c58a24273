"""One at a time in a folder of results: a lock that says who holds it, and ends with its holder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import filelock

from toolkit.errors import BadFolder
from toolkit.files import PRIVATE, disk_errors, is_temporary, read_regular, reason_of, write_text
from toolkit.names import printable

# Held by whoever sorts into a folder, from before the photos are looked at until all is written.
RUN = ".sightings.lock"
# Held for a moment, while decisions are read, changed and written: a long run keeps nobody from
# deciding.
DECISIONS = ".sightings.decisions.lock"
HOLDER = ".sightings.holder.json"
_OURS = (RUN, DECISIONS, HOLDER)
# Seconds between two tries, and for which a decision waits.
EVERY, PATIENCE = 0.005, 60.0


class InUse(BadFolder):
    """A folder of results that somebody else is writing into."""


@contextlib.contextmanager
def held(out: Path, work: str) -> Iterator[None]:
    """
    Keep everybody else from writing results into a folder, for as long as a block takes.

    The lock is the system's own on a file in the folder, so it ends with the process that holds it,
    however that ends. The folder is made where it is missing, and taken away again if the block
    leaves nothing in it.

    Parameters
    ----------
    out : Path
        The folder of results.
    work : str
        What is done, such as "autopilot": told to those who come meanwhile.

    Raises
    ------
    InUse
        If somebody else holds it, who that is and since when.
    BadFolder
        If the folder cannot be made or locked.
    """
    made = _make(out)
    lock = filelock.FileLock(out / RUN, timeout=0, mode=PRIVATE)
    try:
        with _acquired(lock, out):
            try:
                _sign(out, work)
                yield
            finally:
                with contextlib.suppress(OSError):
                    (out / HOLDER).unlink()
                if made:
                    _forget(out)
    except filelock.Timeout as error:
        raise InUse(
            f"{out} is in use: {_who(out)}. Wait until it is done, or choose another folder."
        ) from error


@contextlib.contextmanager
def deciding(out: Path) -> Iterator[None]:
    """
    Keep other sessions from changing the decisions in a folder while a block reads and writes them.

    Raises
    ------
    BadFolder
        If the folder cannot be made or locked, or another session does not end within a minute.
    """
    _make(out)
    lock = filelock.FileLock(out / DECISIONS, timeout=PATIENCE, poll_interval=EVERY, mode=PRIVATE)
    try:
        with _acquired(lock, out):
            yield
    except filelock.Timeout as error:
        raise InUse(
            f"{out} is in use: another session has been changing its decisions for "
            f"{PATIENCE:.0f} s. Nothing was changed; end that session, then try again."
        ) from error


def _who(out: Path) -> str:
    """Say who holds a folder; whoever has just taken it needs a moment to sign."""
    for _ in range(20):
        if text := holder(out):
            return text
        time.sleep(0.05)
    return "another run is writing there"


def holder(out: Path) -> str:
    """Say who writes results into a folder: what, which process, since when; "" if unknown."""
    try:
        content = json.loads(read_regular(out / HOLDER, most=4096))
        since = datetime.fromtimestamp(float(content["since"])).astimezone()
        return printable(
            f"{str(content['work'])[:40]}, process {int(content['process'])} on "
            f"{str(content['computer'])[:80]}, since {since:%Y-%m-%d %H:%M:%S}"
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return ""


def is_lock(name: str) -> bool:
    """Whether a file's name is that of a lock, or of what says who holds it."""
    return name in _OURS


@contextlib.contextmanager
def _acquired(lock: filelock.BaseFileLock, out: Path) -> Iterator[None]:
    try:
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        if isinstance(error, filelock.Timeout):
            raise
        raise BadFolder(
            f"{out} cannot be locked, so that no other run gets into it: {reason_of(error)}. "
            "Choose another folder."
        ) from error
    try:
        yield
    finally:
        # While it is held: whoever waits with the file open sees that it has no name any more, and
        # makes a new one.
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def _make(out: Path) -> bool:
    """Make a folder where it is missing; return whether it was."""
    with disk_errors(out):
        if out.is_dir():
            return False
        out.mkdir(parents=True, exist_ok=True)
        return True


def _sign(out: Path, work: str) -> None:
    now = datetime.now().timestamp()
    about = {"work": work, "process": os.getpid(), "computer": socket.gethostname(), "since": now}
    write_text(out / HOLDER, json.dumps(about) + "\n")


def _forget(out: Path) -> None:
    """Take a folder away again that we made and put nothing into."""
    with contextlib.suppress(OSError):
        inside = list(out.iterdir())
        # Where decisions are locked, somebody is about to put one here.
        if all(path.name in (RUN, HOLDER) or is_temporary(path.name) for path in inside):
            for path in inside:
                path.unlink()
            out.rmdir()
