"""The two modes, one call each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace as changed
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from toolkit import __version__, decisions, export, kept, photos, search, thresholds
from toolkit.decisions import Decision
from toolkit.errors import BadFolder
from toolkit.grouping import group_people, person_names, search_threshold
from toolkit.records import Gallery, empty_table
from toolkit.references import read_references
from toolkit.results import AutopilotResult, PointAndShootResult, Result
from toolkit.scan import PhotoResult, gather, scan, watched
from toolkit.settings import AutopilotSettings, PointAndShootSettings, Settings
from toolkit.subjects.base import Subject

AnyResult = TypeVar("AnyResult", bound=Result)

# Called with what is being done, how many are done, how many there are, and the one just done.
Progress = Callable[[str, int, int, str], None]


def autopilot(
    photos_folder: str | Path,
    out: str | Path | None = None,
    *,
    settings: AutopilotSettings | None = None,
    dry_run: bool = False,
    replace: bool = False,
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
    folder = folder_at(photos_folder)
    target = _target(out)
    listing = _listing(folder, target)
    made = _decided(decided, target)
    started = time.perf_counter()
    subject = subject or face_subject(settings)
    gallery, seconds = _scanned(listing, subject, settings, progress)
    with _stopwatch(seconds, "group"):
        gallery = decisions.without_ignored(gallery, made)
        held = decisions.apply(made, gallery)
        grouped = group_people(gallery, settings, decided=held)
    labels = grouped.clustering.labels
    names = decisions.name_groups(labels, person_names(grouped.clustering), held.names)
    result = AutopilotResult(
        settings=settings,
        chosen=grouped.threshold,
        gallery=gallery,
        names=names,
        plan=_planned(gallery, names, target, settings),
        seconds=seconds,
        clustering=grouped.clustering,
        tree=grouped.tree,
        decided=len(made),
        undecided=held.unmatched,
    )
    return _exported(result, target, dry_run, replace, progress, started)


def point_and_shoot(
    photos_folder: str | Path,
    people: str | Path,
    out: str | Path | None = None,
    *,
    settings: PointAndShootSettings | None = None,
    dry_run: bool = False,
    replace: bool = False,
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
    out, settings, dry_run, replace, progress, subject, decided
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
    folder, people_folder = folder_at(photos_folder), folder_at(people)
    photos.require_folder(people_folder, "people")
    if folder.resolve() == people_folder.resolve():
        raise BadFolder(
            f"the photos and the people are the same folder, {folder}; expected a second folder "
            "with one subfolder of example photos for each person."
        )
    target = _target(out)
    listing = _listing(folder, target, people_folder)
    made = _decided(decided, target)
    started = time.perf_counter()
    subject = subject or face_subject(settings)
    references = read_references(
        people_folder,
        subject,
        settings,
        progress=_for(progress, "references"),
        leave_out=[folder],
    )
    gallery, seconds = _scanned(listing, subject, settings, progress)
    with _stopwatch(seconds, "search"):
        gallery = decisions.without_ignored(gallery, made)
        held = decisions.apply(made, gallery)
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
    names = decisions.hold_names(found, held)
    result = PointAndShootResult(
        settings=settings,
        chosen=chosen,
        gallery=gallery,
        names=names,
        plan=_planned(gallery, names, target, settings),
        seconds=seconds,
        matches=matches,
        references=references,
        decided=len(made),
        undecided=held.unmatched,
    )
    return _exported(result, target, dry_run, replace, progress, started)


def face_subject(settings: Settings) -> Subject:
    """Return the subject "face" as the settings want it."""
    from toolkit.subjects.face import face

    return face(settings)


def folder_at(path: str | Path) -> Path:
    """Return a path with "~" replaced; an empty one (a variable that is not set) is refused."""
    if not str(path):
        raise BadFolder("a folder's path is empty; expected the path of a folder.")
    try:
        return Path(path).expanduser() if str(path).startswith("~") else Path(path)
    except RuntimeError as error:
        raise BadFolder(f"{path}: {error}. Write the path in full.") from error


def _decided(given: Sequence[Decision] | None, target: Path | None) -> tuple[Decision, ...]:
    """Return what a person decided: as given, or as the folder of results keeps it."""
    if given is not None:
        return tuple(given)
    return () if target is None else decisions.read(target)


def _target(out: str | Path | None) -> Path | None:
    return None if out is None else folder_at(out)


def _listing(folder: Path, out: Path | None, people: Path | None = None) -> photos.Listing:
    photos.require_folder(folder, "photos")
    if out is not None:
        export.check_out(out, photos=folder, people=people)
    apart = [path for path in (out, people) if path is not None]
    listing = photos.find(folder, leave_out=apart)
    if not listing.photos:
        also = f" ({len(listing.skipped)} other files)" if listing.skipped else ""
        raise BadFolder(
            f"photos: {folder} holds no photo{also}; expected JPEG, PNG, WebP, TIFF, BMP, GIF or "
            "HEIC files, in subfolders or not."
        )
    return listing


def _scanned(
    listing: photos.Listing, subject: Subject, settings: Settings, progress: Progress | None
) -> tuple[Gallery, dict[str, float]]:
    seconds: dict[str, float] = {}

    def timed(results: Iterator[PhotoResult]) -> Iterator[PhotoResult]:
        for result in results:
            for stage, value in result.seconds.items():
                seconds[stage] = seconds.get(stage, 0.0) + value
            yield result

    results = scan(
        listing.photos,
        subject,
        long_edge=settings.long_edge,
        min_face=settings.min_face,
        min_sharpness=settings.min_sharpness,
        jobs=settings.threads,
    )
    shown = watched(timed(results), len(listing.photos), _for(progress, "photos"))
    return gather(shown, subject.encoder.info, skipped=listing.skipped), seconds


def _planned(
    gallery: Gallery, names: Sequence[str | None], out: Path | None, settings: Settings
) -> pd.DataFrame:
    if out is None:
        return empty_table(export.PLAN_COLUMNS)
    return export.plan(gallery, names, out, link=settings.link)


def _exported(
    result: AnyResult,
    out: Path | None,
    dry_run: bool,
    replace: bool,
    progress: Progress | None,
    started: float,
) -> AnyResult:
    seconds = result.seconds
    not_copied: list[tuple[str, str]] = []
    if out is not None and not dry_run:
        with _stopwatch(seconds, "copy"):
            not_copied = export.apply(
                result.plan,
                out,
                link=result.settings.link,
                replace=replace,
                about=about(result),
                progress=_for(progress, "copies"),
            )
    seconds["wall"] = time.perf_counter() - started
    result = changed(
        result,
        out=None if dry_run else out,
        seconds=seconds,
        not_copied=tuple(not_copied),
    )
    if result.out is not None:
        kept.save(result, result.out)
    return result


def about(result: Result) -> dict[str, Any]:
    """Return what ``run.json`` says of a run, beside its files."""
    return {
        "version": __version__,
        "mode": result.mode,
        "threshold": result.threshold,
        "threshold_automatic": result.chosen.automatic,
        "expected_wrong": result.chosen.expected_wrong,
        **kept.about_encoder(result.gallery.encoder),
        "settings": result.settings.as_dict(),
        **(
            {"people": list(result.references.names)}
            if isinstance(result, PointAndShootResult)
            else {}
        ),
    }


class _stopwatch:  # noqa: N801
    """Add the CPU seconds that a block takes in this thread to `seconds`."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self.seconds, self.stage = seconds, stage

    def __enter__(self) -> None:
        self.started = time.thread_time()

    def __exit__(self, *_: object) -> None:
        spent = time.thread_time() - self.started
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + spent


def _for(progress: Progress | None, work: str) -> Callable[[int, int, str], None] | None:
    if progress is None:
        return None
    return lambda done, total, item: progress(work, done, total, item)
