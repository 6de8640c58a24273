"""The two modes, one call each, and the steps that they are made of."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace as changed
from pathlib import Path
from typing import TypeVar, cast

import pandas as pd

from toolkit import decisions, export, kept, naming, report, search, thresholds
from toolkit.decisions import Decided, Decision
from toolkit.errors import BadFolder
from toolkit.grouping import group_people, person_names, search_threshold
from toolkit.looking import (
    Looked,
    Progress,
    face_subject,
    folder_at,
    list_photos,
    look,
    look_at,
    read_people,
    stopwatch,
    taken_up,
)
from toolkit.records import Gallery, empty_table
from toolkit.results import AutopilotResult, PointAndShootResult, Result
from toolkit.search import References
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject

__all__ = [
    "Looked",
    "Progress",
    "autopilot",
    "autopilot_of",
    "export_result",
    "face_subject",
    "folder_at",
    "look",
    "point_and_shoot",
    "point_and_shoot_of",
    "read_people",
    "taken_up",
]

AnyResult = TypeVar("AnyResult", bound=Result)


def autopilot(
    photos_folder: str | Path,
    out: str | Path | None = None,
    *,
    settings: AutopilotSettings | None = None,
    dry_run: bool = False,
    replace: bool = False,
    faces: bool = True,
    progress: Progress | None = None,
    subject: Subject | None = None,
    decided: Sequence[Decision] | None = None,
) -> AutopilotResult:
    """
    Learn every new face in a folder, and copy each photo into one folder for each person in it.

    Parameters
    ----------
    photos_folder : path
        Photos, in subfolders too.
    out : path, optional
        Where the sorted folders go: missing, empty, or of an earlier run. Without it, nothing is
        written.
    settings : AutopilotSettings, optional
        How; the defaults serve.
    dry_run : bool
        Plan, and write nothing.
    replace : bool
        Take away what an earlier run put into `out` and this one sorts otherwise.
    faces : bool
        Put pictures of faces into ``report.html``.
    progress : callable, optional
        Called with a word for the work, the number done, the total, and the item just done.
    subject : Subject, optional
        What to look for; faces, as `settings` says, if not given.
    decided : sequence of Decision, optional
        What a person decided about faces; if not given, what ``decisions.csv`` in `out` says.

    Returns
    -------
    AutopilotResult
        `person_001` is the one in most sightings. Photos without a face are in `.nobody`, files
        that could not be read in `.problems`.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, or holds no photo.
    """
    settings = settings or AutopilotSettings()
    listed = list_photos(photos_folder, out)
    made = _decided(decided, listed.out)
    started = time.perf_counter()
    subject = subject or face_subject(settings)
    looked = _since(started, look_at(listed, settings, subject, progress=progress))
    planned = listed.out if dry_run else None
    result = autopilot_of(looked, planned, settings=settings, decided=made)
    if listed.out is None or dry_run:
        return result
    return export_result(result, listed.out, replace=replace, faces=faces, progress=progress)


def autopilot_of(
    looked: Looked,
    out: str | Path | None = None,
    *,
    settings: AutopilotSettings,
    decided: Sequence[Decision] = (),
) -> AutopilotResult:
    """
    Group what was seen into people; nothing is written, and it takes a moment.

    Parameters
    ----------
    looked : Looked
        What `look` or `taken_up` returned.
    out : path, optional
        Where the sorted folders would go, for the plan.
    settings : AutopilotSettings
        How to group.
    decided : sequence of Decision
        What a person decided about faces.

    Returns
    -------
    AutopilotResult
        For `export_result` to write.

    Raises
    ------
    BadFolder
        If results cannot go to `out`.
    """
    started = time.perf_counter()
    seconds = dict(looked.seconds)
    with stopwatch(seconds, "group"):
        gallery, held, away = _held(looked, decided)
        grouped = group_people(gallery, settings, decided=held)
    labels = grouped.clustering.labels
    result = AutopilotResult(
        settings=settings,
        chosen=grouped.threshold,
        gallery=gallery,
        names=naming.name_groups(labels, person_names(grouped.clustering), held.names),
        plan=empty_table(export.PLAN_COLUMNS),
        seconds=seconds,
        clustering=grouped.clustering,
        tree=grouped.tree,
        decided=len(decided),
        undecided=away,
        not_seen=looked.not_seen,
        photos_folder=looked.folder,
        people_folder=looked.people,
    )
    return _planned(result, out, started)


def point_and_shoot(
    photos_folder: str | Path,
    people: str | Path,
    out: str | Path | None = None,
    *,
    settings: PointAndShootSettings | None = None,
    dry_run: bool = False,
    replace: bool = False,
    faces: bool = True,
    progress: Progress | None = None,
    subject: Subject | None = None,
    decided: Sequence[Decision] | None = None,
) -> PointAndShootResult:
    """
    Find the photos that show known people, and copy each into a folder for each of them.

    Parameters
    ----------
    photos_folder : path
        Photos, in subfolders too.
    people : path
        One folder a person, named as the results should be, with one or more photos of that person
        (in subfolders too).
    out, settings, dry_run, replace, faces, progress, subject, decided
        As for `autopilot`.

    Returns
    -------
    PointAndShootResult
        A face near nobody's reference has no name. A reference photo with no face, or with several,
        is in `.problems` and not used.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, or nobody has a reference that serves.
    """
    settings = settings or PointAndShootSettings()
    listed = list_photos(photos_folder, out, people)
    made = _decided(decided, listed.out)
    started = time.perf_counter()
    subject = subject or face_subject(settings)
    # It is None only where it can be stopped.
    references = cast(
        References,
        read_people(people, listed.folder, settings=settings, progress=progress, subject=subject),
    )
    looked = _since(started, look_at(listed, settings, subject, progress=progress))
    planned = listed.out if dry_run else None
    result = point_and_shoot_of(looked, references, planned, settings=settings, decided=made)
    if listed.out is None or dry_run:
        return result
    return export_result(result, listed.out, replace=replace, faces=faces, progress=progress)


def point_and_shoot_of(
    looked: Looked,
    references: References,
    out: str | Path | None = None,
    *,
    settings: PointAndShootSettings,
    decided: Sequence[Decision] = (),
) -> PointAndShootResult:
    """
    Find known people in what was seen; nothing is written, and it takes a moment.

    Parameters
    ----------
    looked : Looked
        What `look` or `taken_up` returned.
    references : References
        What `read_people` returned.
    out, settings, decided
        As for `autopilot_of`.

    Returns
    -------
    PointAndShootResult
        For `export_result` to write.

    Raises
    ------
    BadFolder
        If results cannot go to `out`.
    IncomparableEncodings
        If photos and references were encoded by different encoders.
    """
    started = time.perf_counter()
    seconds = dict(looked.seconds)
    with stopwatch(seconds, "search"):
        gallery, held, away = _held(looked, decided)
        chosen = search_threshold(references, settings)
        matches = search.match(
            gallery,
            references,
            threshold=chosen.value,
            method=settings.method,
            one_per_photo=settings.one_per_photo,
        )
        chosen = thresholds.with_expected(chosen, matches, references)
    found = [None if pd.isna(name) else str(name) for name in matches.table["name"]]
    result = PointAndShootResult(
        settings=settings,
        chosen=chosen,
        gallery=gallery,
        names=naming.hold_names(found, held),
        plan=empty_table(export.PLAN_COLUMNS),
        seconds=seconds,
        matches=matches,
        references=references,
        decided=len(decided),
        undecided=away,
        not_seen=looked.not_seen,
        photos_folder=looked.folder,
        people_folder=looked.people,
    )
    return _planned(result, out, started)


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


def _decided(given: Sequence[Decision] | None, target: Path | None) -> tuple[Decision, ...]:
    """Return what a person decided: as given, or as the folder of results keeps it."""
    if given is None:
        return () if target is None else decisions.read(target)
    return tuple(given)


def _held(looked: Looked, decided: Sequence[Decision]) -> tuple[Gallery, Decided, int]:
    """Hold to decisions: the gallery without ignored faces, the rest, and how many found none."""
    gallery = decisions.without_ignored(looked.gallery, decided)
    held = decisions.apply([each for each in decided if each.kind != "ignore"], gallery)
    table = looked.gallery.photos
    # Of an earlier run, only the number of those that it ignored is known.
    before = set(table["photo_digest"][table["ignored"] > 0]) if "ignored" in table else set()
    ignored = [x for x in decided if x.kind == "ignore" and x.face.photo not in before]
    return gallery, held, held.unmatched + decisions.apply(ignored, looked.gallery).unmatched


def _since(started: float, looked: Looked) -> Looked:
    return changed(looked, seconds={**looked.seconds, "wall": time.perf_counter() - started})


def _planned(result: AnyResult, out: str | Path | None, started: float) -> AnyResult:
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
