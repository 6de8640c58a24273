"""What a mode found, written into a folder: the copies, the tables, the report."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace as changed
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from toolkit import locks
from toolkit.errors import BadFolder, UnreadablePhoto
from toolkit.files import folder_at, whole_path
from toolkit.photos import object_storage, opening
from toolkit.progress import Progress
from toolkit.results import (
    changes,
    earlier,
    export,
    folder_changes,
    report,
    results_folder,
    sidecars,
)
from toolkit.results.result import AutopilotResult, Result
from toolkit.results.results_folder import ResultsFolder, relative
from toolkit.tables import TOGETHER, escaped

# The part of one album's photos that are in another, from which on the two count as one; and how
# many of them are read to tell.
SHARED, TRIED = 0.1, 50

AnyResult = TypeVar("AnyResult", bound=Result)


def export_result(
    result: AnyResult,
    out: str | Path,
    *,
    keep_all: bool = False,
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
    keep_all : bool
        Take nothing away. Otherwise what an earlier run put into `out` and this one sorts otherwise
        goes, if nobody changed it and its photo is still among the photos; the last copy stays.
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
        If `out` cannot be used, or holds the result of other photos, and `keep_all` is off.
    toolkit.locks.InUse
        If another run is writing into it.
    """
    target = _checked(out, result)
    with alone_in(target, "an export"):
        return write_result(
            result, target, keep_all=keep_all, pictures=pictures, progress=progress, stop=stop
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
    keep_all: bool = False,
    pictures: bool = True,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> AnyResult:
    """Do what `export_result` does, in a folder that is held already (`alone_in`)."""
    started = time.perf_counter()
    _checked(target, result)
    run, folder, photos = _mark_of(result), ResultsFolder(target), _photos_folder(result)
    if not keep_all:
        require_same_album(target, photos, result.album.photos["path"])
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
        beside = sidecars.write(
            result, target, plan, outcome.files, about, stopped=bool(outcome.not_reached)
        )
        audited = report.audited_of(result)
        written = changed(
            result,
            plan=plan,
            second_folders=None if audited is None else audited.second_groups,
            out=target,
            run=run,
            seconds=seconds,
            not_copied=outcome.not_copied,
            removed=outcome.removed,
            kept=outcome.kept,
            not_reached=outcome.not_reached,
            changes=_changed_since(before, result),
            clones=outcome.clones,
            sidecars=beside.told,
        )
        folder.save(
            written.album,
            {
                **_of_earlier(written, target),
                results_folder.SIGHTINGS: written.written_sightings,
                results_folder.PHOTOS: written.album.photos,
                results_folder.NOBODY: written.unsorted,
                results_folder.PROBLEMS: written.problems,
            },
            run=run,
            photos_folder=photos,
        )
        report.write(written, target, pictures=pictures, audited=audited)

    begun = time.thread_time()
    # Read before anything is written.
    before = earlier.read(target)
    plan = _plan(result, target)
    about = {
        **_by_hand(target),
        "run": run,
        **result.about(),
        "looks": result.looks,
        "folders": _folders(plan, result, target),
        **_nobodys(plan),
        **folder.about_photos(photos),
        **sidecars.recorded(target),
    }
    under_way: dict[str, Any] = {}
    if before is None:
        # So that a first run that is cut off has its tables: who is who, and has which number.
        keep_result(result, target)
    elif isinstance(result, AutopilotResult):
        under_way = earlier.given(result.numbering, before)
    export.apply(
        plan,
        target,
        link=result.settings.link,
        keep_all=keep_all,
        about=about,
        under_way=under_way,
        progress=tell,
        stop=stop,
        complete=complete,
        seen=result.album.photos["path"],
    )
    return cast(AnyResult, written)


def _changed_since(before: earlier.EarlierRun | None, result: Result) -> pd.DataFrame | None:
    """Return what is otherwise than in an earlier run; None where there was none with copies."""
    if before is None or not changes.had_copies(before):
        return None
    return changes.compare(before, result.now)


def _of_earlier(result: Result, target: Path) -> dict[str, pd.DataFrame]:
    """Return the tables that a run has beside those of every run."""
    tables = {}
    if result.changes is not None:
        tables[results_folder.CHANGES] = result.changes
    if isinstance(result, AutopilotResult):
        away = earlier.absent_table(result.numbering, result.album)
        if len(away) or (target / results_folder.NUMBERS).exists():
            tables[results_folder.NUMBERS] = away
        if result.links is not None:
            tables[results_folder.LINKS] = result.links.drop(columns=["first", "second"])
    return tables


def _by_hand(target: Path) -> dict[str, Any]:
    """Return what the record keeps of files that the user put into folders."""
    try:
        about = ResultsFolder(target).record()
    except BadFolder:
        return {}
    return {name: about[name] for name in ("theirs", "examples") if name in about}


def _folders(plan: pd.DataFrame, result: Result, target: Path) -> dict[str, dict[str, Any]]:
    """Return whose each folder is: the name, and the number where there is one."""
    numbers = result.now.numbers
    numbered = [0] * len(result.names) if numbers is None else numbers.tolist()
    number_of = dict(zip(result.names, numbered, strict=True))
    rows = plan.dropna(subset=["name"]).drop_duplicates("folder")
    whose = dict(zip(rows["folder"], rows["name"], strict=True))
    with contextlib.suppress(BadFolder):
        # A folder in which all is the user's own has no row.
        for folder, owner in folder_changes.owners_of(ResultsFolder(target).record()).items():
            if owner.name in number_of and (target / folder).is_dir():
                whose.setdefault(folder, owner.name)
    return {
        str(folder): {"name": str(name), "number": int(number_of.get(name, 0))}
        for folder, name in whose.items()
        if name not in result.hidden
    }


def _nobodys(plan: pd.DataFrame) -> dict[str, list[str]]:
    """Return the folders that are no individual's."""
    wanted = plan["state"].isin([export.NEW, export.THERE]) & plan["name"].isna()
    folders = sorted(set(plan["folder"][wanted]))
    return {"nobodys": folders} if folders else {}


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
    about["finished"] = False
    folder.write_record({}, {**about, "tables": dict.fromkeys(results_folder.WRITTEN, "")})
    tables = {
        results_folder.SIGHTINGS: result.written_sightings,
        results_folder.PHOTOS: result.album.photos,
        results_folder.NOBODY: result.unsorted,
        results_folder.PROBLEMS: result.problems,
        **_of_earlier(changed(result, changes=None), target),
    }
    folder.save(result.album, tables, run=run, photos_folder=photos)
    folder.write_record({}, {**about, "tables": export.digests_in(target)})
    return True


def _mark_of(result: Result) -> str:
    """
    Return what everything of one run carries, so that a mixture of two is known as one.

    It follows from what was found: the same again is the same run.
    """
    table = result.album.sightings
    paths = relative(result.album.photos["path"], _photos_folder(result))
    # JSON has no way to write bytes that are no text.
    photos = result.album.photos.assign(path=[escaped(path) for path in paths])
    del paths
    boxes, pairs = table[list(results_folder.BOX)].to_numpy(dtype=np.int64), result.album.compared
    found = hashlib.sha256(json.dumps(result.about(), default=str).encode())
    for part in itertools.chain(
        _json_of((result.names, table["photo_digest"].to_list())),
        _json_pieces(photos),
        map(np.ascontiguousarray, (boxes, result.album.encodings)),
        () if pairs is None else (pairs.first, pairs.second, pairs.distance),
        (result.album.ignored,),
    ):
        found.update(cast(bytes, part))
    return found.hexdigest()[:16]


def _json_of(lists: Sequence[Sequence[object]]) -> Iterator[bytes]:
    """Yield lists as JSON, some thousands of entries at a time."""
    for number, each in enumerate(lists):
        yield b", [" if number else b"[["
        for start in range(0, len(each), TOGETHER):
            text = json.dumps(list(each[start : start + TOGETHER]))[1:-1]
            yield (f", {text}" if start else text).encode()
        yield b"]"
    yield b"]"


def _json_pieces(table: pd.DataFrame) -> Iterator[bytes]:
    """Yield what `pandas.DataFrame.to_json` makes of a table, some thousands of cells at a time."""
    for number, name in enumerate(table.columns):
        named = pd.DataFrame({name: []}).to_json()[1:-3]
        yield f"{',' if number else '{'}{named}{{".encode("utf-8", "backslashreplace")
        for start in range(0, len(table), TOGETHER):
            text = table[name].iloc[start : start + TOGETHER].to_json()[1:-1]
            yield (f",{text}" if start else text).encode("utf-8", "backslashreplace")
        yield b"}"
    yield b"}"


def require_same_album(out: Path, photos: Path | None, paths: Iterable[str | Path]) -> None:
    """
    Raise `BadFolder` if a folder holds the result of other photos than those that are to be sorted.

    They are the same where their folder is, where it lies in the other or around it, and where it
    moved: where at least a tenth of the photos of the smaller of the two albums are in the other.

    Parameters
    ----------
    out : Path
        The folder of results.
    photos : Path or None
        The folder of the photos that are to be sorted; where it is unknown, nothing is asked.
    paths : iterable of path
        These photos.
    """
    folder = ResultsFolder(out)
    if photos is None or not folder.files():
        return
    try:
        about = folder.record()
        known = folder.table(results_folder.PHOTOS, ("path", "file_digest"), about)
    except BadFolder:
        # What is damaged is mended by this run, and nothing is taken away that is not read before.
        return
    before = folder.photos_before(about)
    here = [whole_path(path) for path in paths]
    if not (before and here and len(known)) or whole_path(photos) in before:
        return
    fewer = min(len(known), len(here)) * SHARED
    listed = {str(path) for path in here}
    if any(sum(str(at / name) in listed for name in known["path"]) >= fewer for at in before):
        return
    called = {PurePosixPath(name).name for name in known["path"]}
    alike = [path for path in here if path.name in called]
    some = alike[:: max(1, len(alike) // TRIED)]
    digests = set(known["file_digest"])
    if len(alike) < fewer or sum(_digest(path) in digests for path in some) < len(some) * SHARED:
        raise BadFolder(
            f"{out} holds the result of other photos, those in {before[0]}; these are in {photos}. "
            "Choose another folder for them; or sort both into this one with --keep-all "
            "(keep_all=True, or the box in the panel)."
        )


def _digest(path: Path) -> str | None:
    try:
        return opening.digest_of(path)
    except (OSError, UnreadablePhoto):
        return None


def planned_for(result: AnyResult, out: str | Path | None, started: float) -> AnyResult:
    """Return a result that took until now, with the plan for a folder where one is given."""
    if out is not None:
        result = changed(result, plan=_plan(result, _checked(out, result)))
    wall = result.seconds.get("wall", 0.0) + time.perf_counter() - started
    return changed(result, seconds={**result.seconds, "wall": wall})


def _plan(result: Result, out: Path) -> pd.DataFrame:
    how = result.settings
    return export.plan(
        result.album,
        result.names,
        out,
        link=how.link,
        min_photos=how.min_photos,
        unsorted=how.unsorted,
        hidden=result.hidden,
        aside=result.aside,
        unsure=how.unsure,
        doubts=result.doubts,
    )


def _checked(out: str | Path, result: Result) -> Path:
    """Return the folder for results, unless photos or references are in it."""
    target = folder_at(out)
    photos = _photos_folder(result)
    object_storage.require_no_links(photos, result.settings.link)
    export.check_out(target, photos=photos or target.parent, known=result.known_folder)
    return target


def _photos_folder(result: Result) -> Path | None:
    """Return the folder that the photos of a result are in, None where it has none."""
    if result.photos_folder is not None:
        return result.photos_folder
    inside = [Path(path).absolute().parent for path in result.album.photos["path"]]
    return Path(os.path.commonpath(inside)) if inside else None
