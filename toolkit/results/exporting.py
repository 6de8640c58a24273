"""What a mode found, written into a folder: the copies, the tables, the report."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace as changed
from pathlib import Path
from typing import TypeVar, cast

import numpy as np

from toolkit import locks
from toolkit.files import folder_at
from toolkit.progress import Progress
from toolkit.results import export, report, results_folder
from toolkit.results.result import Result
from toolkit.results.results_folder import ResultsFolder, relative

AnyResult = TypeVar("AnyResult", bound=Result)


def export_result(
    result: AnyResult,
    out: str | Path,
    *,
    replace: bool = False,
    pictures: bool = True,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> AnyResult:
    """
    Copy each photo into the folders of the individuals in it, and write the tables.

    Parameters
    ----------
    result : Result
        Of either mode; what goes where is planned anew.
    out : path
        Where the sorted folders go: missing, empty, or of an earlier run.
    replace : bool
        Take away what an earlier run put into `out` and this one sorts otherwise, where the photo
        is still among the photos. What is the last copy stays.
    pictures : bool
        Put pictures of sightings into ``report.html``.
    progress : callable, optional
        Called with "copies", the number made, the total, and the file just made.
    stop : callable, optional
        Asked before each copy whether to stop. After a yes, what was copied stays, and to export
        again goes on: `not_reached` of what is returned says how many are to come.

    Returns
    -------
    Result
        The same, with `out`, the plan, what could not be copied, what was taken away, and what was
        kept.

    Raises
    ------
    BadFolder
        If `out` cannot be used.
    toolkit.locks.InUse
        If another run is writing into it.
    """
    target = _checked(out, result)
    with alone_in(target, "an export"):
        return write_result(
            result, target, replace=replace, pictures=pictures, progress=progress, stop=stop
        )


@contextlib.contextmanager
def alone_in(out: Path, work: str) -> Iterator[None]:
    """
    Keep every other run out of a folder of results, and sweep up what one that died left there.

    Raises
    ------
    toolkit.locks.InUse
        If another run is writing into it: `work` is what it will be told of this one.
    BadFolder
        If the folder cannot be made or locked.
    """
    with locks.held(out, work):
        # A decision may be under way, whatever run is.
        with locks.deciding(out):
            export.sweep_results(out)
        yield


def write_result(
    result: AnyResult,
    target: Path,
    *,
    replace: bool = False,
    pictures: bool = True,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> AnyResult:
    """Do what `export_result` does, in a folder that is held already (`alone_in`)."""
    started = time.perf_counter()
    _checked(target, result)
    run, folder, photos = _mark_of(result), ResultsFolder(target), _photos_folder(result)
    seconds = dict(result.seconds)
    wall = seconds.get("wall", 0.0)
    written: AnyResult | None = None

    def tell(done: int, total: int, item: str) -> None:
        if progress is not None:
            progress("copies", done, total, item)

    def complete(outcome: export.Outcome) -> None:
        nonlocal written
        seconds["copy"] = seconds.get("copy", 0.0) + time.thread_time() - begun
        seconds["wall"] = wall + time.perf_counter() - started
        written = changed(
            result,
            plan=plan,
            out=target,
            run=run,
            seconds=seconds,
            not_copied=outcome.not_copied,
            removed=outcome.removed,
            kept=outcome.kept,
            not_reached=outcome.not_reached,
        )
        folder.save(
            written.album,
            {
                results_folder.SIGHTINGS: written.sightings,
                results_folder.PHOTOS: written.album.photos,
                results_folder.NOBODY: written.unsorted,
                results_folder.PROBLEMS: written.problems,
            },
            run=run,
            photos_folder=photos,
        )
        report.write(written, target, pictures=pictures)

    begun = time.thread_time()
    plan = export.plan(result.album, result.names, target, link=result.settings.link)
    export.apply(
        plan,
        target,
        link=result.settings.link,
        replace=replace,
        about={"run": run, **result.about(), "looks": result.looks, **folder.about_photos(photos)},
        progress=tell,
        stop=stop,
        complete=complete,
        seen=result.album.photos["path"],
    )
    return cast(AnyResult, written)


def keep_result(result: Result, target: Path) -> bool:
    """
    Write what was found into a folder that is held already (`alone_in`), and no copy of a photo.

    So an album is found again before it was exported. A folder that holds copies is left as it is:
    its tables say where these are.

    Parameters
    ----------
    result : Result
        Of either mode.
    target : Path
        Where its sorted folders will go.

    Returns
    -------
    bool
        Whether it was written.

    Raises
    ------
    BadFolder
        If `target` cannot be used.
    """
    _checked(target, result)
    folder = ResultsFolder(target)
    if folder.files():
        return False
    run, photos = _mark_of(result), _photos_folder(result)
    about = {"run": run, **result.about(), "looks": result.looks, **folder.about_photos(photos)}
    folder.write_record({}, {**about, "finished": False})
    tables = {
        results_folder.SIGHTINGS: result.sightings,
        results_folder.PHOTOS: result.album.photos,
        results_folder.NOBODY: result.unsorted,
        results_folder.PROBLEMS: result.problems,
    }
    folder.save(result.album, tables, run=run, photos_folder=photos)
    return True


def _mark_of(result: Result) -> str:
    """
    Return what everything of one run carries, so that a mixture of two is known as one.

    It follows from what was found: the same again is the same run.
    """
    table = result.album.sightings
    paths = relative(result.album.photos["path"], _photos_folder(result))
    photos = result.album.photos.assign(path=paths)
    boxes, pairs = table[list(results_folder.BOX)].to_numpy(dtype=np.int64), result.album.compared
    found = hashlib.sha256(json.dumps(result.about(), default=str).encode())
    for part in (
        json.dumps([result.names, table["photo_digest"].to_list()]).encode(),
        photos.to_json().encode("utf-8", "backslashreplace"),
        boxes.tobytes(),
        result.album.encodings.tobytes(),
        *(() if pairs is None else (pairs.first, pairs.second, pairs.distance)),
        result.album.ignored.tobytes(),
    ):
        found.update(part)
    return found.hexdigest()[:16]


def planned_for(result: AnyResult, out: str | Path | None, started: float) -> AnyResult:
    """Return a result that took until now, with the plan for a folder where one is given."""
    if out is not None:
        target, link = _checked(out, result), result.settings.link
        result = changed(result, plan=export.plan(result.album, result.names, target, link=link))
    wall = result.seconds.get("wall", 0.0) + time.perf_counter() - started
    return changed(result, seconds={**result.seconds, "wall": wall})


def _checked(out: str | Path, result: Result) -> Path:
    """Return the folder for results, unless photos or references are in it."""
    target = folder_at(out)
    photos = _photos_folder(result)
    export.check_out(target, photos=photos or target.parent, known=result.known_folder)
    return target


def _photos_folder(result: Result) -> Path | None:
    """Return the folder that the photos of a result are in, None where it has none."""
    if result.photos_folder is not None:
        return result.photos_folder
    inside = [Path(path).absolute().parent for path in result.album.photos["path"]]
    return Path(os.path.commonpath(inside)) if inside else None
