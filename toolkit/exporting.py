"""What a mode found, written into a folder: the copies, the tables, the report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path
from typing import TypeVar

from toolkit import export, kept, report
from toolkit.errors import BadFolder
from toolkit.looking import Progress, folder_at, stopwatch
from toolkit.results import Result

AnyResult = TypeVar("AnyResult", bound=Result)


def export_result(
    result: AnyResult,
    out: str | Path,
    *,
    replace: bool = False,
    faces: bool = True,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> AnyResult:
    """
    Copy each photo into the folders of the people in it, and write the tables.

    Parameters
    ----------
    result : Result
        Of either mode; what goes where is planned anew.
    out : path
        Where the sorted folders go: missing, empty, or of an earlier run.
    replace : bool
        Take away what an earlier run put into `out` and this one sorts otherwise.
    faces : bool
        Put pictures of faces into ``report.html``.
    progress : callable, optional
        Called with "copies", the number made, the total, and the file just made.
    stop : callable, optional
        Asked before each copy whether to stop. After a yes, what was copied stays, and to export
        again goes on: `not_reached` of what is returned says how many are to come.

    Returns
    -------
    Result
        The same, with `out`, the plan, and what could not be copied.

    Raises
    ------
    BadFolder
        If `out` cannot be used, or `replace` would take away copies of photos not looked at.
    """
    started = time.perf_counter()
    target = _checked(out, result)
    seconds = dict(result.seconds)
    reached = 0

    def tell(done: int, total: int, item: str) -> None:
        nonlocal reached
        reached = done
        if progress is not None:
            progress("copies", done, total, item)

    with stopwatch(seconds, "copy"):
        plan = export.plan(result.gallery, result.names, target, link=result.settings.link)
        left_over = int((plan["state"] == export.LEFT_OVER).sum())
        if replace and left_over and result.not_seen:
            raise BadFolder(
                f"{target} holds {left_over} files of an earlier run that this one would take "
                f"away, but {result.not_seen} photos were not looked at, and those files may be "
                "copies of them. Look at all photos, or choose a new folder."
            )
        not_copied = export.apply(
            plan,
            target,
            link=result.settings.link,
            replace=replace,
            about=kept.about(result),
            progress=tell,
            stop=stop,
        )
    seconds["wall"] = seconds.get("wall", 0.0) + time.perf_counter() - started
    result = changed(
        result,
        plan=plan,
        out=target,
        seconds=seconds,
        not_copied=tuple(not_copied),
        not_reached=int((plan["state"] == export.NEW).sum()) - reached,
    )
    kept.save(result, target)
    report.write(result, target, faces=faces)
    return result


def planned_for(result: AnyResult, out: str | Path | None, started: float) -> AnyResult:
    """Return a result that took until now, with the plan for a folder where one is given."""
    if out is not None:
        target, link = _checked(out, result), result.settings.link
        result = changed(result, plan=export.plan(result.gallery, result.names, target, link=link))
    wall = result.seconds.get("wall", 0.0) + time.perf_counter() - started
    return changed(result, seconds={**result.seconds, "wall": wall})


def _checked(out: str | Path, result: Result) -> Path:
    """Return the folder for results, unless photos or references are in it."""
    target = folder_at(out)
    folder, paths = result.photos_folder, result.gallery.photos["path"]
    if folder is None:
        inside = [Path(path).absolute().parent for path in paths]
        folder = Path(os.path.commonpath(inside)) if inside else target.parent
    export.check_out(target, photos=folder, people=result.people_folder)
    return target
