"""What both modes begin with: look at photos, read references, or take up what a run saw."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import BadFolder
from toolkit.files import folder_at
from toolkit.grouping.assigners import forewarning
from toolkit.grouping.identification import References
from toolkit.names import counted, printable
from toolkit.photos import opening
from toolkit.progress import Progress, for_work
from toolkit.records import Album
from toolkit.results import export, results_folder
from toolkit.scanning.references import read_references
from toolkit.scanning.scan import PhotoResult, gather, scan
from toolkit.settings import ComparingSettings, Settings
from toolkit.subjects.base import Subject
from toolkit.subjects.registry import subject_for


@dataclass(frozen=True)
class Looked:
    """
    What was seen in a folder of photos, before anybody is told apart.

    Attributes
    ----------
    album : Album
        Every sighting of the photos looked at, those that a person said to ignore too.
    seconds : dict of str to float
        "wall" is what looking took; the other entries are CPU seconds by stage, summed over
        threads.
    listed : int
        Photos that were listed.
    folder, people : Path or None
        Where the photos are, and the references that were left out; None if unknown.
    """

    album: Album
    seconds: dict[str, float]
    listed: int
    folder: Path | None = None
    people: Path | None = None

    @property
    def not_seen(self) -> int:
        """Photos that were listed and not looked at, because it was stopped."""
        tried = self.album.problems["stage"] != "listing"
        return self.listed - len(self.album.photos) - int(tried.sum())

    @property
    def complete(self) -> bool:
        """Whether every listed photo was looked at; False where it was stopped before the end."""
        return self.not_seen == 0


def look(
    photos_folder: str | Path,
    out: str | Path | None = None,
    *,
    people: str | Path | None = None,
    settings: Settings,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    tell: Callable[[str], None] | None = None,
    subject: Subject | None = None,
) -> Looked:
    """
    Find and describe every sighting in a folder of photos; nothing is written.

    Parameters
    ----------
    photos_folder : path
        Photos, in subfolders too.
    out : path, optional
        Where results will go: checked, and left out where it lies inside the photos.
    people : path, optional
        Folder of references: left out where it lies inside the photos.
    settings : Settings
        Of either mode.
    progress : callable, optional
        Called with "photos", the number looked at, the total, and the photo just done, photo by
        photo.
    stop : callable, optional
        Asked whether to stop, from several threads, and several times a second. After a yes, what
        was seen so far is returned within about a second; see `toolkit.scanning.scan.scan`.
    tell : callable, optional
        Told in one sentence, before the long work, what grouping will not be able to do after it.
    subject : Subject, optional
        What to look for; sightings, as `settings` says, if not given.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, or holds no photo.
    """
    listed = list_photos(photos_folder, out, people)
    subject = subject or subject_for(settings)
    return look_at(listed, settings, subject, progress=progress, stop=stop, tell=tell)


@dataclass(frozen=True)
class Listed:
    """The photos of a folder, and the folders themselves, checked."""

    listing: opening.Listing
    folder: Path
    people: Path | None
    out: Path | None


def list_photos(
    photos_folder: str | Path, out: str | Path | None = None, people: str | Path | None = None
) -> Listed:
    """
    List the photos to look at, and check all folders before the long work begins.

    Parameters
    ----------
    photos_folder, out, people
        As for `look`.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, or holds no photo.
    """
    folder = folder_at(photos_folder)
    references = None if people is None else folder_at(people)
    if references is not None:
        _require_two(folder, references)
    opening.require_folder(folder, "photos")
    target = None if out is None else folder_at(out)
    if target is not None:
        export.check_out(target, photos=folder, people=references)
    apart = [path for path in (target, references) if path is not None]
    listing = opening.find(folder, leave_out=apart)
    if not listing.photos:
        also = f" ({len(listing.skipped)} other files)" if listing.skipped else ""
        raise BadFolder(
            f"photos: {folder} holds no photo{also}; expected JPEG, PNG, WebP, TIFF, BMP, GIF or "
            "HEIC files, in subfolders or not."
        )
    return Listed(listing, folder, references, target)


def look_at(
    listed: Listed,
    settings: Settings,
    subject: Subject,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Looked:
    """
    Look at the photos of a list; for the parameters, see `look`.

    `tell` is told, before the long work, what grouping will not be able to do after it.
    """
    if tell is not None and (said := forewarning(len(listed.listing.photos), settings)):
        tell(said)
    started = time.perf_counter()
    seconds: dict[str, float] = {}
    total = len(listed.listing.photos)
    done = 0

    def timed(results: Iterator[PhotoResult]) -> Iterator[PhotoResult]:
        for result in results:
            for stage, value in result.seconds.items():
                seconds[stage] = seconds.get(stage, 0.0) + value
            yield result

    def seen(path: Path) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress("photos", done, total, str(path))

    results = scan(
        listed.listing.photos,
        subject,
        long_edge=settings.long_edge,
        min_size=settings.min_size,
        min_sharpness=settings.min_sharpness,
        jobs=settings.threads,
        gigabytes=settings.memory,
        stop=stop,
        seen=seen,
    )
    album = gather(
        timed(results),
        subject.encoder.info,
        subject=subject.info,
        skipped=listed.listing.skipped,
    )
    seconds["wall"] = time.perf_counter() - started
    return Looked(album, seconds, total, listed.folder, listed.people)


def read_people(
    people: str | Path,
    photos_folder: str | Path | None = None,
    *,
    settings: ComparingSettings,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    subject: Subject | None = None,
) -> References | None:
    """
    Read the example photos of known people.

    Parameters
    ----------
    people : path
        One folder a person, named as the results should be, with one or more photos of that person
        (in subfolders too).
    photos_folder : path, optional
        The photos to be sorted: left out where they lie inside `people`.
    settings : ComparingSettings
        How.
    progress : callable, optional
        Called with "references", the number read, the total, and the photo just done.
    stop, subject
        As for `look`.

    Returns
    -------
    toolkit.grouping.identification.References or None
        None if it was stopped, and only then: with some of the people nothing can be matched, as
        sightings of the others would be taken for them, or for nobody.

    Raises
    ------
    BadFolder
        If the folder is missing, or nobody has a reference that serves.
    """
    folder = folder_at(people)
    opening.require_folder(folder, "people")
    apart = None if photos_folder is None else folder_at(photos_folder)
    if apart is not None:
        _require_two(apart, folder)
    return read_references(
        folder,
        subject or subject_for(settings),
        settings,
        progress=for_work(progress, "references"),
        stop=stop,
        leave_out=[] if apart is None else [apart],
    )


def taken_up(
    out: str | Path, *, photos: str | Path | None = None
) -> tuple[Looked, results_folder.Run]:
    """
    Go on from the folder of an earlier run, without looking at its photos again.

    Sightings that were ignored in that run are not in its tables: to have them back, look again.

    Parameters
    ----------
    out : path
        The folder of results.
    photos : path, optional
        Where the photos are now, if they moved.

    Returns
    -------
    (Looked, toolkit.results.results_folder.Run)
        What that run saw, for `autopilot_of` and `point_and_shoot_of`; and the run, for its mode,
        settings and names.

    Raises
    ------
    BadFolder
        If it is no such folder, or a file of it is missing, damaged, or does not fit the others; or
        if none of its photos is where they were, or where `photos` says.
    """
    run = results_folder.load(folder_at(out), photos=photos)
    if run.lacking:
        raise BadFolder(run.lacking)
    count = len(run.album.photos)
    if count and run.missing == count:
        was = run.album.photos["path"].iloc[0] if run.photos_folder is None else run.photos_folder
        raise BadFolder(
            f"the photos of {out} are not where they were ({printable(str(was))}): none of "
            f"{counted(count, 'photo')} is there. Say where they are now: --photos FOLDER "
            '(photos="FOLDER"), or the field in the panel.'
        )
    tried = run.album.problems["stage"] != "listing"
    listed = len(run.album.photos) + int(tried.sum()) + run.not_seen
    return Looked(run.album, {}, listed, run.photos_folder), run


def _require_two(folder: Path, people: Path) -> None:
    opening.require_folder(people, "people")
    if folder.resolve() == people.resolve():
        raise BadFolder(
            f"the photos and the people are the same folder, {folder}; expected a second folder "
            "with one subfolder of example photos for each person."
        )
