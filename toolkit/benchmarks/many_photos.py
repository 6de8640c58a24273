"""Folders of very many photos, made in minutes: links to photos, or drawn photos that are known."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from toolkit.benchmarks import drawn_encodings
from toolkit.errors import BadFolder, BadSetting
from toolkit.files import disk_errors
from toolkit.photos import opening
from toolkit.photos.identity import identify
from toolkit.records import Box, Detection
from toolkit.scanning.store import RACY, Kept, Look, Store, recall_in
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject, look_key
from toolkit.subjects.registry import subject_for

Log = Callable[[str], None]

# Photos in a folder, and how many are kept in the store together.
EACH, TOGETHER = 1000, 5000
# Px of a drawn photo, and where its face is.
SIDE, FACE = 96, Box(20, 20, 76, 76)
# Drawn photos look so many ways.
LOOKS = 64
# What a photo's number is written with: a quantization table of a JPEG that no colour has.
_TABLE = b"\xff\xdb\x00\x43\x03"


def make(
    folder: Path,
    count: int,
    *,
    of: Path | None = None,
    hard: bool = False,
    seed: int = 0,
    subject: Subject | None = None,
    log: Log,
) -> pd.DataFrame:
    """
    Make a folder of many photos, `EACH` in a subfolder.

    Links lead to the photos of another folder in turn. Drawn photos are all different, and what a
    look with the default settings would see in each is in a store beside the folder: one face, with
    an encoding of `toolkit.benchmarks.drawn_encodings`. So a run over either takes what it takes
    with as many photos that were looked at before.

    Parameters
    ----------
    folder : Path
        Where; missing or empty.
    count : int
        How many, 1 or more.
    of : Path, optional
        A folder of photos that links lead to; without it photos are drawn.
    hard : bool
        Hard links; symbolic ones otherwise.
    seed : int
        Which encodings are drawn.
    subject : Subject, optional
        What is looked for in drawn photos; faces, by the default settings, if not given.
    log : callable
        Told how far it is, a sentence each.

    Returns
    -------
    pandas.DataFrame
        One row: photos, folders, seconds, store (its file, "" for links).

    Raises
    ------
    BadSetting
        If none are asked for, or hard links to none.
    BadFolder
        If `folder` holds something, `of` holds no photo, or the disk takes no more.
    """
    if count < 1:
        raise BadSetting(f"{count} photos were asked for; expected 1 or more")
    if hard and of is None:
        raise BadSetting("hard links lead to photos, and none are named: --hard goes with --of")
    store = folder.with_name(f"{folder.name}.sqlite3")
    for path in (folder, store):
        if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
            raise BadFolder(f"{path} is there already; expected a new folder. Choose another name.")
    started = time.perf_counter()
    with disk_errors(folder):
        if of is None:
            settings = AutopilotSettings()
            _draw(folder, count, seed, settings, subject or subject_for(settings), store, log)
        else:
            _link(folder, count, of, hard=hard, log=log)
    row = {
        "photos": count,
        "folders": -(-count // EACH),
        "seconds": time.perf_counter() - started,
        "store": str(store) if of is None else "",
    }
    return pd.DataFrame([row])


def _places(folder: Path, count: int, log: Log) -> Iterator[tuple[int, Path]]:
    """Yield the number of each photo and its place, whose folder is there."""
    digits = max(4, len(str((count - 1) // EACH)))
    for number in range(count):
        if number % EACH == 0:
            inside = folder / f"{number // EACH:0{digits}d}"
            inside.mkdir(parents=True)
            if number and number % (100 * EACH) == 0:
                log(f"{number:,} photos made")
        yield number, inside / f"{number:0{digits + 3}d}.jpg"


def _link(folder: Path, count: int, of: Path, *, hard: bool, log: Log) -> None:
    photos = [os.path.realpath(path) for path in opening.find(of).photos]
    if not photos:
        raise BadFolder(f"{of} holds no photo; expected the photos that links are to lead to.")
    lead = os.link if hard else os.symlink
    for number, place in _places(folder, count, log):
        lead(photos[number % len(photos)], place)


def _draw(
    folder: Path,
    count: int,
    seed: int,
    settings: AutopilotSettings,
    subject: Subject,
    place: Path,
    log: Log,
) -> None:
    drawn = drawn_encodings.draw(count, seed=seed)
    pictures = [_picture(look) for look in range(LOOKS)]
    seen: list[Kept] = []
    with Store(place) as store:
        recall = recall_in(store, subject, settings)
        for number, path in _places(folder, count, log):
            content = numbered(pictures[int(drawn.people[number]) % LOOKS], number)
            path.write_bytes(content)
            who = identify(path)
            what = (SIDE, SIDE, 0, (Detection(FACE, 1.0),), drawn.encodings[number : number + 1])
            # The file is as old as it would be had it been looked at later.
            read = time.time_ns() + RACY
            key = look_key(subject.detector, path)
            seen.append(Kept(path, who, who.photo, Look(*what), read, key))
            if len(seen) == TOGETHER or number == count - 1:
                recall.keep(seen, ())
                seen = []
    if recall.trouble:
        raise BadFolder(recall.trouble)


def _picture(look: int) -> bytes:
    """Return a JPEG of a disc on a plain ground, in colours of its own."""
    colours = np.random.default_rng(look).integers(40, 216, size=(2, 3))
    down, across = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    inside = (down**2 + across**2 < (FACE.width / 2) ** 2)[..., None]
    stream = io.BytesIO()
    picture = np.where(inside, colours[0], colours[1]).astype(np.uint8)
    Image.fromarray(picture).save(stream, "JPEG", quality=60)
    return stream.getvalue()


def numbered(content: bytes, number: int) -> bytes:
    """Return a JPEG that looks as before and is another picture, by a table with a number."""
    digits = np.base_repr(number, 36).zfill(64).encode()
    return content[:2] + _TABLE + digits + content[2:]
