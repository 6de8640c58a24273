"""
The albums that somebody had in hand lately: where their photos and results are.

They are kept in one small file in the user's cache folder, readable by its owner only. Nothing
depends on it: what cannot be read or written is as if there were none.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import filelock

from toolkit.errors import BadFolder
from toolkit.files import PRIVATE, folder_at, read_regular, whole_path, write_text
from toolkit.subjects.weights import cache_folder

NAME = "recent.json"
# Names another file than that in the cache folder, or OFF for none.
VARIABLE, OFF = "SIGHTINGS_RECENT", "off"
# Albums that are kept, bytes that the file may have, letters of a path and of what was found.
MOST, LARGEST, LONGEST, LINE = 20, 1 << 20, 4096, 200
# Seconds that a panel waits for another one that writes.
PATIENCE = 2.0


@dataclass(frozen=True)
class Recent:
    """
    An album that was in hand.

    Attributes
    ----------
    mode : str
        "autopilot" or "point-and-shoot".
    photos, out : str
        The whole paths of the photos and of the folder of results.
    known : str
        That of the examples; "" for none.
    said : str
        What was found, in a few words.
    when : float
        When it was in hand last, in seconds since 1970.
    subject : str
        What was told apart; "" where that was not said: the default then.
    """

    mode: str
    photos: str
    out: str
    known: str = ""
    said: str = ""
    when: float = 0.0
    subject: str = ""


def place() -> Path | None:
    """Return where the list is kept; None where SIGHTINGS_RECENT says that it is not."""
    named = os.environ.get(VARIABLE)
    if named == OFF:
        return None
    return Path(named) if named else cache_folder() / NAME


def albums(mode: str = "", subjects: Collection[str] = ()) -> tuple[Recent, ...]:
    """
    Return the albums, the last one first; those whose folder of results is gone are left out.

    Parameters
    ----------
    mode : str
        Only those of one mode; "" for all.
    subjects : collection of str
        Only those of these subjects; empty for all.
    """
    return tuple(
        each
        for each in _read()
        if mode in ("", each.mode)
        and (not subjects or each.subject in subjects)
        and _is_folder(each.out)
    )


def find(
    mode: str,
    *,
    photos: str = "",
    known: str = "",
    out: str = "",
    subjects: Collection[str] = (),
) -> Recent | None:
    """
    Return the last album of a mode that is in these folders.

    Parameters
    ----------
    mode : str
        "autopilot" or "point-and-shoot".
    photos, known, out : str
        As they were typed; "" for any.
    subjects : collection of str
        As `albums` takes them.
    """
    asked = {"photos": photos, "known": known, "out": out}
    whole = {name: _whole(path) for name, path in asked.items() if path.strip()}
    return next(
        (
            each
            for each in albums(mode, subjects)
            if all(getattr(each, name) == path for name, path in whole.items())
        ),
        None,
    )


def remember(album: Recent) -> None:
    """
    Put an album before all others; the oldest beyond `MOST` are forgotten.

    Parameters
    ----------
    album : Recent
        Its paths may be relative; `when` is now.
    """
    path = place()
    if path is None:
        return
    paths = {name: _whole(getattr(album, name)) for name in ("photos", "out", "known")}
    album = replace(album, **paths, said=album.said[:LINE], when=time.time())
    with contextlib.suppress(OSError, BadFolder, filelock.Timeout, NotImplementedError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(path):
            others = [each for each in _read() if (each.mode, each.out) != (album.mode, album.out)]
            kept = [asdict(each) for each in (album, *others)[:MOST]]
            write_text(path, json.dumps(kept, indent=1) + "\n")


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = filelock.FileLock(path.with_name(f"{path.name}.lock"), timeout=PATIENCE, mode=PRIVATE)
    with lock:
        yield


def _read() -> tuple[Recent, ...]:
    path = place()
    if path is None:
        return ()
    try:
        found = json.loads(read_regular(path, most=LARGEST))
    except (OSError, ValueError, RecursionError, MemoryError):
        return ()
    read = map(_recent, found if isinstance(found, list) else [])
    return tuple(each for each in read if each is not None)[:MOST]


def _recent(found: Any) -> Recent | None:
    """Return an entry that is believed, None for any other."""
    if not isinstance(found, dict):
        return None
    mode, photos, out, known, said = (
        text if isinstance(text, str) and len(text) <= LONGEST and "\0" not in text else None
        for text in (found.get(name) for name in ("mode", "photos", "out", "known", "said"))
    )
    when, subject = found.get("when"), found.get("subject", "")
    subject = subject if isinstance(subject, str) and len(subject) <= LINE else ""
    if mode is None or known is None or said is None or not isinstance(when, int | float):
        return None
    kept = Recent(mode, photos or "", out or "", known, said, float(when), subject)
    return kept if photos and out else None


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def _whole(path: str) -> str:
    """Return a path from the root on; one that is none as it is."""
    if not path.strip():
        return ""
    try:
        return str(whole_path(folder_at(path)))
    except (BadFolder, OSError, ValueError):
        return path
