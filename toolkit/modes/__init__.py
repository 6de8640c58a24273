"""The two modes, one call each, and the steps that they are made of."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from toolkit.curation import decisions, photo_names, sync
from toolkit.curation.decisions import Decision
from toolkit.errors import BadFolder, BadSetting
from toolkit.evaluation import label_check
from toolkit.files import folder_at
from toolkit.grouping.assigners import (
    Assigner,
    Before,
    GroupingAssigner,
    ReferenceAssigner,
    forewarning,
)
from toolkit.grouping.identification import References
from toolkit.grouping.numbering import Earlier
from toolkit.names import counted, printable
from toolkit.photos import duplicates, object_storage, opening, same_shot
from toolkit.photos.companions import RAW
from toolkit.photos.copies import one_of_each
from toolkit.photos.formats import lacking
from toolkit.photos.passed_over import LEFT_OUT, photos_of
from toolkit.photos.path_list import PathList
from toolkit.progress import Progress, for_work, stopwatch
from toolkit.records import Album, empty_table
from toolkit.results import (
    as_examples,
    earlier,
    export,
    exporting,
    folder_changes,
    results_folder,
    tag_check,
)
from toolkit.results import undo as undoing
from toolkit.results.exporting import export_result, write_result
from toolkit.results.folder_changes import FolderChanges
from toolkit.results.result import (
    RESULTS,
    AnyResult,
    AutopilotResult,
    NamesTaken,
    PointAndShootResult,
    Result,
)
from toolkit.results.tag_check import TagCheck
from toolkit.results.undo import Undone
from toolkit.scanning import comparing, context, store
from toolkit.scanning.references import read_references
from toolkit.scanning.scan import PhotoResult, gather, scan
from toolkit.scanning.workers import hired
from toolkit.settings import (
    AutopilotSettings,
    ComparingSettings,
    GroupingSettings,
    PointAndShootSettings,
    Settings,
)
from toolkit.subjects.base import Evidence, Subject, prepare, surroundings_of
from toolkit.subjects.registry import subject_for

__all__ = [
    "Looked",
    "Progress",
    "assigned_by",
    "autopilot",
    "autopilot_of",
    "check_tags",
    "compare_known",
    "export_result",
    "folder_at",
    "look",
    "look_anew",
    "point_and_shoot",
    "point_and_shoot_of",
    "prepared",
    "read_known",
    "subject_for",
    "taken_up",
    "undo",
    "with_own",
]

# Pairs that are compared only to see how many look alike that should not.
TRIED = 300


@dataclass(frozen=True)
class Looked:
    """
    What was seen in a folder of photos, before anybody is told apart.

    Attributes
    ----------
    album : Album
        Every sighting of the photos looked at; what decisions leave out is not ignored here.
    seconds : dict of str to float
        "wall" is what looking took; the other entries are CPU seconds by stage, summed over
        threads.
    listed : int
        Photos that were listed.
    folder, known : Path or None
        Where the photos are, and the references that were left out; None if unknown.
    recognised : int
        Photos that were in the store, and not looked at again.
    earlier : Earlier or None
        The numbers that an earlier run gave, which individuals keep.
    regions : mapping of str to PhotoRegions, or None
        Regions with names that the photos have already, by path; None where they were not asked
        for.
    taken : tuple of str
        Sentences that say what the folder was taken for, where it is not simply one of photos.
    own : frozenset of str
        Paths of the photos that the user put into folders of results, as examples.
    context : pandas.DataFrame or None
        What pairs have in common with and without their surroundings, where that was looked at;
        see `toolkit.scanning.context.context`.
    tried : pandas.DataFrame or None
        Pairs that should not look alike: first, second, distance; see
        `toolkit.scanning.comparing.compare_silent`.
    """

    album: Album
    seconds: dict[str, float]
    listed: int
    folder: Path | None = None
    known: Path | None = None
    recognised: int = 0
    earlier: Earlier | None = None
    regions: photo_names.Regions | None = None
    taken: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    context: pd.DataFrame | None = None
    tried: pd.DataFrame | None = None

    @property
    def not_seen(self) -> int:
        """Photos that were listed and not looked at, because it was stopped."""
        tried = ~self.album.problems["stage"].isin(("listing", LEFT_OUT))
        return self.listed - len(self.album.photos) - int(tried.sum())

    @property
    def complete(self) -> bool:
        """Whether all was looked at and compared; False where it was stopped before the end."""
        compared = self.album.compared
        return self.not_seen == 0 and (compared is None or compared.left == 0)


def look(
    photos_folder: str | Path,
    out: str | Path | None = None,
    *,
    known: str | Path | None = None,
    settings: Settings,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    tell: Callable[[str], None] | None = None,
    subject: Subject | None = None,
    of_individuals: bool = False,
) -> Looked:
    """
    Find and describe every sighting in a folder of photos; nothing is written.

    Parameters
    ----------
    photos_folder : path
        Photos, in subfolders too.
    out : path, optional
        Where results will go: checked, and left out where it lies inside the photos. The user's own
        photos that an earlier run found in the folders there are looked at with the others.
    known : path, optional
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
    of_individuals : bool
        Whether the folders in `photos_folder` are known individuals, so that they say nothing of
        where a photo was taken.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, or holds no photo.
    """
    listed = with_own(
        list_photos(*(photos_folder, out, known), exclude=settings.exclude, videos=settings.videos)
    )
    subject = _ready(settings, subject)
    listed, subject = prepared(listed, subject, settings, tell)
    how: dict[str, Any] = {"progress": progress, "stop": stop, "tell": tell}
    return look_at(listed, settings, subject, of_individuals=of_individuals, **how)


@dataclass(frozen=True)
class Listed:
    """The photos of a folder, and the folders themselves, checked; the rest as of `Looked`."""

    listing: opening.Listing
    folder: Path
    known: Path | None
    out: Path | None
    taken: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()


def list_photos(
    photos_folder: str | Path,
    out: str | Path | None = None,
    known: str | Path | None = None,
    *,
    exclude: Sequence[str] = (),
    videos: bool = False,
) -> Listed:
    """
    List the photos to look at, and check all folders before the long work begins.

    Where the folder is the result of an earlier run, its copies are the photos, each once.

    Parameters
    ----------
    photos_folder, out, known
        As for `look`.
    exclude : sequence of str
        Patterns of what to pass over; see `toolkit.photos.listing.find`.
    videos : bool
        Whether clips are photos, too.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, or holds no photo.
    """
    folder = folder_at(photos_folder)
    examples = None if known is None else folder_at(known)
    taken = object_storage.bring_up_to_date(folder)
    if examples is not None:
        object_storage.bring_up_to_date(examples)
        _require_two(folder, examples)
    opening.require_folder(folder, "photos")
    target = None if out is None else folder_at(out)
    if target is not None:
        export.check_out(target, photos=folder, known=examples)
    apart = [path for path in (target, examples) if path is not None]
    listing = opening.find(folder, leave_out=apart, exclude=exclude, videos=videos)
    listing = same_shot.once(listing)
    if not listing.photos:
        other = [f"{len(listing.skipped)} other files"] if listing.skipped else []
        if listing.left_out:
            path, why = listing.left_out[0]
            count = sum(photos_of(reason) for _, reason in listing.left_out)
            other.append(
                f"{counted(count, 'photo')} left out: {printable(path.name)}: {why}"
                + (", and more" if listing.left_out[1:] else "")
            )
        also = f" ({'; '.join(other)})" if other else ""
        raise BadFolder(
            f"photos: {folder} holds no photo{also}; expected JPEG, PNG, WebP, TIFF, BMP, GIF, "
            "HEIC, AVIF, JPEG XL or raw files, in subfolders or not."
        )
    if listing.result:
        once = one_of_each(listing.photos)
        copies = counted(len(listing.photos), "copy", "copies")
        taken = (
            *taken,
            f"{folder.resolve().name} is the result of an earlier run: its {copies} of "
            f"{counted(len(once), 'photo')} are taken for the photos, each once",
        )
        listing = changed(listing, photos=once)
    return Listed(listing, folder, examples, target, taken)


def with_own(listed: Listed) -> Listed:
    """Add the photos that the user put into the folders of results, as an earlier run found."""
    return listed if listed.out is None else _with_examples(listed, sync.examples_in(listed.out))


def prepared(
    listed: Listed,
    subject: Subject,
    settings: Settings,
    tell: Callable[[str], None] | None = None,
) -> tuple[Listed, Subject]:
    """
    Let a subject's detector see the photos before the long work, and keep what it says of them.

    It holds to what the user said of single photos, in the folder of results.

    Parameters
    ----------
    listed : Listed
        The photos.
    subject : Subject
        What is looked for.
    settings : Settings
        How.
    tell : callable, optional
        Told the same.

    Raises
    ------
    BadSetting
        If what the detector was given is about other photos.
    """
    subject = settings.corrected(subject, listed.out)
    photos = listed.listing.photos
    said = (*lacking(photos), *prepare(subject.detector, photos, listed.folder))
    for each in said if tell is not None else ():
        cast(Callable[[str], None], tell)(f"{each}.")
    return changed(listed, taken=(*listed.taken, *said)), subject


def _listed(
    photos_folder: str | Path,
    out: str | Path | None,
    known: str | Path | None = None,
    *,
    settings: Settings,
    keep_all: bool,
) -> Listed:
    """List the photos, and refuse a folder of results that holds another album."""
    listed = list_photos(
        *(photos_folder, out, known), exclude=settings.exclude, videos=settings.videos
    )
    if listed.out is not None and not keep_all:
        exporting.require_same_album(listed.out, listed.folder, listed.listing.photos)
    return listed


def _require_links(listed: Listed, settings: Settings, *, write: bool) -> None:
    """Refuse links where there can be none, before the long work."""
    object_storage.require_no_links(listed.folder, settings.link)
    if settings.link == export.HARD_LINK and listed.out is not None:
        export.require_hard_links(listed.out, listed.listing.photos[0], write=write)


def look_at(
    listed: Listed,
    settings: Settings,
    subject: Subject,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    tell: Callable[[str], None] | None = None,
    of_individuals: bool = False,
    decided: Sequence[Decision] | None = None,
) -> Looked:
    """
    Look at the photos of a list; for the parameters, see `look`.

    Where sightings are that were not found is said by `decided`; if not given, by what
    ``decisions.csv`` in the folder of results says.

    `tell` is told, before the long work, what grouping will not be able to do after it.
    """
    if tell is not None and (said := forewarning(len(listed.listing.photos), settings)):
        tell(said)
    if decided is None:
        decided = () if listed.out is None else decisions.read(listed.out)
    started = time.perf_counter()
    seconds: dict[str, float] = {}
    total = len(listed.listing.photos)
    done = 0

    recognised = 0

    unread: list[Path] = []

    def timed(results: Iterator[PhotoResult]) -> Iterator[PhotoResult]:
        nonlocal recognised
        for result in results:
            recognised += result.known
            if result.photo is None:
                unread.append(result.path)
            for stage, value in result.seconds.items():
                seconds[stage] = seconds.get(stage, 0.0) + value
            yield result

    def seen(path: Path) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress("photos", done, total, str(path))

    with (
        hired(settings.cluster, listed.listing.photos, tell=tell) as machines,
        store.recalled(subject, settings) as recall,
        contextlib.ExitStack() as found,
    ):
        look_through: dict[str, Any] = {
            "long_edge": settings.long_edge,
            "min_size": settings.min_size,
            "min_sharpness": settings.min_sharpness,
            "jobs": settings.threads,
            "gigabytes": settings.memory,
            "stop": stop,
            "recall": recall,
            "missed": decisions.missed(decided),
            "machines": machines,
        }

        def every() -> Generator[PhotoResult, None, None]:
            with contextlib.closing(
                scan(listed.listing.photos, subject, seen=seen, **look_through)
            ) as looking:
                yield from timed(looking)
            # The raw file of a photo that is damaged is its good twin.
            beside = [each for path in unread for each in listed.listing.companions.get(path, ())]
            twins = [each for each in beside if each.suffix.lower() in RAW]
            if twins and not (stop is not None and stop()):
                with contextlib.closing(scan(twins, subject, **look_through)) as looking:
                    yield from timed(looking)

        album = gather(
            found.enter_context(contextlib.closing(every())),
            subject.encoder.info,
            subject=subject.info,
            skipped=listed.listing.skipped,
            left_out=listed.listing.left_out,
        )
        if subject.evidence is not None:
            with stopwatch(seconds, "notes"):
                album = noted(album, subject.evidence, listed.folder, of_individuals=of_individuals)
        album = comparing.compare(
            album,
            subject.encoder,
            jobs=settings.threads,
            progress=for_work(progress, "pairs"),
            stop=stop,
            recall=recall,
            evidence=subject.evidence,
            machines=machines,
        )
        tried = None
        if subject.evidence is not None:
            pairs = subject.evidence.trial(album.sightings, TRIED)
            how: dict[str, Any] = {"jobs": settings.threads, "stop": stop}
            tried = comparing.compare_silent(album, pairs, subject.encoder, recall=recall, **how)
        around = None
        if isinstance(settings, GroupingSettings) and surroundings_of(subject.encoder) is not None:
            with stopwatch(seconds, "context"):
                near = context.likely_pairs(album, settings)
                around = context.context(
                    *(album, near, subject.encoder),
                    jobs=settings.threads,
                    stop=stop,
                    recall=recall,
                )
    if tell is not None and recall.trouble:
        tell(f"{recall.trouble} Every photo was looked at anew.")
    regions = None
    if settings.names_from_photos:
        with stopwatch(seconds, "names"):
            told = for_work(progress, "names in the photos")
            regions = photo_names.read_all(album, progress=told, stop=stop)
    seconds["wall"] = time.perf_counter() - started
    return Looked(
        *(album, seconds, total, listed.folder, listed.known, recognised),
        regions=regions,
        taken=(*listed.taken, *decisions.misplaced(decided, album)),
        own=listed.own,
        context=around,
        tried=tried,
    )


def look_anew(
    looked: Looked,
    photos: Collection[str],
    settings: Settings,
    *,
    subject: Subject | None = None,
    decided: Sequence[Decision] = (),
) -> Looked:
    """
    Look again at some of the photos that were looked at, such as where a box was drawn in them.

    Parameters
    ----------
    looked : Looked
        What was seen; by vectors, as pairs would have to be compared.
    photos : collection of str
        The digests of the photos.
    settings : Settings
        As they were looked at.
    subject, decided
        As for `look_at`.

    Returns
    -------
    Looked
        With the photos in the order in which they were. Sightings of others are what they were, in
        rows with other numbers.

    Raises
    ------
    BadSetting
        If one of the photos cannot be read, or is another picture now.
    """
    album = looked.album
    again = album.photos["photo_digest"].isin(list(photos))
    paths = [Path(str(path)) for path in album.photos["path"][again]]
    listing = opening.Listing(tuple(paths), ())
    listed = Listed(listing, cast(Path, looked.folder), looked.known, None)
    seen = look_at(listed, settings, _ready(settings, subject), decided=decided).album
    read = dict(zip(seen.photos["path"], seen.photos["photo_digest"], strict=True))
    for path, digest in album.photos[["path", "photo_digest"]][again].itertuples(index=False):
        if read.get(path) != digest:
            why = "is another picture now" if path in read else "cannot be read any more"
            raise BadSetting(
                f"{printable(Path(path).name)} {why}; press Start to look at all again"
            )
    return changed(looked, album=_with_anew(album, seen))


def _with_anew(album: Album, seen: Album) -> Album:
    """Put what was seen in some photos in the place of what an album has of them."""
    again = list(seen.photos["photo_digest"])
    rest = ~album.sightings["photo_digest"].isin(again).to_numpy()
    others = changed(
        album,
        photos=album.photos[~album.photos["photo_digest"].isin(again)],
        sightings=album.sightings[rest],
        encodings=album.encodings[rest],
        ignored=album.ignored[rest],
        features=None,
    )
    both = others.merge(seen)
    place = {path: at for at, path in enumerate(album.photos["path"])}
    photos, rows = (
        np.argsort([place[path] for path in table["path"]], kind="stable")
        for table in (both.photos, both.sightings)
    )
    return changed(
        both,
        photos=both.photos.iloc[photos].reset_index(drop=True),
        sightings=both.sightings.iloc[rows].reset_index(drop=True),
        encodings=both.encodings[rows],
        ignored=both.ignored[rows],
        problems=album.problems,
    )


def _ready(settings: Settings, subject: Subject | None) -> Subject:
    """Return what to look for; what cannot be used for that is said before the long work."""
    subject = subject or subject_for(settings)
    if subject.evidence is not None:
        subject.evidence.ready()
    return subject


def noted(
    album: Album, evidence: Evidence, folder: Path | None, *, of_individuals: bool = False
) -> Album:
    """Return an album with what is known of its sightings beside how they look, in columns."""
    notes = evidence.notes(album.sightings, folder, of_individuals=of_individuals)
    columns = {str(name): notes[name].to_numpy(dtype=object) for name in notes}
    return changed(album, sightings=album.sightings.assign(**columns))


def read_known(
    known: str | Path,
    photos_folder: str | Path | None = None,
    *,
    settings: ComparingSettings,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    subject: Subject | None = None,
    decided: Sequence[Decision] = (),
) -> References | None:
    """
    Read the example photos of known individuals.

    Parameters
    ----------
    known : path
        One folder an individual, named as the results should be, with one or more of its photos (in
        subfolders too); folders of such folders; or the folder of results of an earlier run.
    photos_folder : path, optional
        The photos to be sorted: left out where they lie inside `known`.
    settings : ComparingSettings
        How.
    progress : callable, optional
        Called with "references", the number read, the total, and the photo just done.
    stop, subject
        As for `look`.
    decided : sequence of Decision
        Of boxes around whom an example shows.

    Returns
    -------
    toolkit.grouping.identification.References or None
        None if it was stopped, and only then: with some of them nothing can be matched, as
        sightings of the others would be taken for them, or for strangers.

    Raises
    ------
    BadFolder
        If the folder is missing, or none has a reference that serves.
    """
    folder = folder_at(known)
    object_storage.bring_up_to_date(folder)
    opening.require_folder(folder, "known")
    apart = None if photos_folder is None else folder_at(photos_folder)
    if apart is not None:
        _require_two(apart, folder)
    subject = _ready(settings, subject)
    leave_out = [] if apart is None else [apart]
    which: dict[str, Any] = {"exclude": settings.exclude, "videos": settings.videos}
    listing = opening.find(folder, leave_out=leave_out, **which)
    return read_references(
        folder,
        subject,
        settings,
        progress=for_work(progress, "references"),
        stop=stop,
        leave_out=leave_out,
        meant=as_examples.meant_in(folder, listing.photos, subject.words),
        missed=decisions.missed(decided),
    )


def compare_known(
    looked: Looked,
    references: References,
    *,
    settings: ComparingSettings,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    subject: Subject | None = None,
) -> References | None:
    """
    Compare what was seen with references, where a matcher does it pair by pair.

    For subjects that are described by vectors there is nothing to do: it takes no time.

    Parameters
    ----------
    looked : Looked
        What `look` returned.
    references : References
        What `read_known` returned.
    settings, progress, stop, subject
        As for `read_known`; the work is called "pairs".

    Returns
    -------
    toolkit.grouping.identification.References or None
        For `point_and_shoot_of`. None if it was stopped.
    """
    if looked.album.encoder.metric != "pairs":
        return references
    subject, silent = subject or subject_for(settings), None
    if subject.evidence is not None:
        theirs = pd.DataFrame({"path": list(references.paths)})
        theirs = subject.evidence.notes(theirs, looked.known, of_individuals=True)
        silent = subject.evidence.silent(looked.album.sightings, theirs)
    with hired(settings.cluster) as machines, store.recalled(subject, settings) as recall:
        return comparing.compare_with(
            looked.album,
            references,
            subject.encoder,
            jobs=settings.threads,
            progress=for_work(progress, "pairs"),
            stop=stop,
            silent=silent,
            recall=recall,
            machines=machines,
        )


def taken_up(
    out: str | Path, *, photos: str | Path | None = None
) -> tuple[Looked, results_folder.Run]:
    """
    Go on from the folder of an earlier run, without looking at its photos again.

    What that run ignored is ignored again where the decisions still say so: who takes one back has
    the sighting back.

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
    tried = ~run.album.problems["stage"].isin(("listing", LEFT_OUT))
    listed = len(run.album.photos) + int(tried.sum()) + run.not_seen
    every = changed(run.album, ignored=np.zeros(len(run.album), dtype=np.bool_))
    return _with_earlier(Looked(every, {}, listed, run.photos_folder), run.out), run


def _with_earlier(looked: Looked, out: Path) -> Looked:
    """Return it with the numbers that a folder's result gave, and what is to be said of them."""
    before = earlier.read(out)
    if before is None:
        return looked
    said = (before.trouble,) if before.trouble else ()
    return changed(looked, earlier=before.numbering, taken=(*looked.taken, *said))


def _require_two(folder: Path, known: Path) -> None:
    opening.require_folder(known, "known")
    if folder.resolve() == known.resolve():
        raise BadFolder(
            f"the photos and the examples are the same folder, {folder}; expected a second "
            "folder with one subfolder of example photos for each one to be found."
        )


def autopilot(
    photos_folder: str | Path,
    out: str | Path | None = None,
    *,
    settings: GroupingSettings | None = None,
    dry_run: bool = False,
    keep_all: bool = False,
    pictures: bool = True,
    progress: Progress | None = None,
    subject: Subject | None = None,
    decided: Sequence[Decision] | None = None,
    tell: Callable[[str], None] | None = None,
) -> AutopilotResult:
    """
    Learn every new sighting in a folder, and copy each photo into a folder for each individual.

    Parameters
    ----------
    photos_folder : path
        Photos, in subfolders too.
    out : path, optional
        Where the sorted folders go: missing, empty, or of an earlier run. Without it, nothing is
        written.
    settings : GroupingSettings, optional
        How; the defaults serve.
    dry_run : bool
        Plan, and write nothing.
    keep_all : bool
        Take nothing away. Otherwise what an earlier run put into `out` and this one sorts otherwise
        goes, if nobody changed it and its photo is still among the photos; the last copy stays.
    pictures : bool
        Put pictures of sightings into ``report.html``.
    progress : callable, optional
        Called with a word for the work, the number done, the total, and the item just done.
    subject : Subject, optional
        What to look for; as `settings` says, if not given.
    decided : sequence of Decision, optional
        What the user decided about sightings; if not given, what ``decisions.csv`` in `out` says.
    tell : callable, optional
        Told in a sentence, before the scan, if its photos may be too many for the way of grouping.

    Returns
    -------
    AutopilotResult
        `person_001` is the one in most sightings. Photos without a sighting are in `.unsorted`,
        files that could not be read in `.problems`.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, or holds no photo; if `out` holds the result of
        other photos, and `keep_all` is off; `toolkit.locks.InUse` if another run is writing into
        it.
    """
    settings = settings or AutopilotSettings()
    listed = _listed(photos_folder, out, settings=settings, keep_all=keep_all)
    target = None if dry_run else listed.out
    with (
        _alone_in(target, "autopilot"),
        hired(settings.cluster, listed.listing.photos, tell=tell),
    ):
        _require_links(listed, settings, write=target is not None)
        subject = _ready(settings, subject)
        listed, subject = prepared(listed, subject, settings, tell)
        made, synced, own, later = _decided(decided, listed.out, settings, subject, dry_run=dry_run)
        listed = _with_examples(listed, own)
        started = time.perf_counter()
        doing: dict[str, Any] = {"progress": progress, "tell": tell, "decided": made}
        looked = _since(started, look_at(listed, settings, subject, **doing))
        # The album names all photos: that they are listed as well takes memory for nothing.
        listed = changed(listed, listing=opening.Listing((), ()))
        planned = listed.out if dry_run else None
        made, taken = _named(
            looked, GroupingAssigner(settings), made, None if decided is not None else target
        )
        if listed.out is not None:
            looked = _with_earlier(looked, listed.out)
        found = autopilot_of(looked, planned, settings=settings, decided=made)
        if later is not None:
            made, synced = _decided_anew(found, listed.out, later, made, dry_run=dry_run)
            found = autopilot_of(looked, planned, settings=settings, decided=made)
        result = changed(found, synced=synced, names_taken=taken)
        if target is None:
            return result
        return write_result(result, target, keep_all=keep_all, pictures=pictures, progress=progress)


def autopilot_of(
    looked: Looked,
    out: str | Path | None = None,
    *,
    settings: GroupingSettings,
    decided: Sequence[Decision] = (),
) -> AutopilotResult:
    """
    Group what was seen into individuals; nothing is written, and it takes a moment.

    Parameters
    ----------
    looked : Looked
        What `look` or `taken_up` returned.
    out : path, optional
        Where the sorted folders would go, for the plan.
    settings : GroupingSettings
        How to group.
    decided : sequence of Decision
        What the user decided about sightings.

    Returns
    -------
    AutopilotResult
        For `export_result` to write.

    Raises
    ------
    BadFolder
        If results cannot go to `out`.
    """
    found = assigned_by(looked, GroupingAssigner(settings, looked.earlier), out, decided=decided)
    return cast(AutopilotResult, found)


def point_and_shoot(
    photos_folder: str | Path,
    known: str | Path,
    out: str | Path | None = None,
    *,
    settings: ComparingSettings | None = None,
    dry_run: bool = False,
    keep_all: bool = False,
    pictures: bool = True,
    progress: Progress | None = None,
    subject: Subject | None = None,
    decided: Sequence[Decision] | None = None,
    by: Callable[[References, ComparingSettings], Assigner] = ReferenceAssigner,
    tell: Callable[[str], None] | None = None,
) -> PointAndShootResult:
    """
    Find the photos that show known individuals, and copy each into a folder for each of them.

    Parameters
    ----------
    photos_folder : path
        Photos, in subfolders too.
    known : path
        One folder an individual, named as the results should be, with one or more of its photos (in
        subfolders too).
    out, settings, dry_run, keep_all, pictures, progress, subject, decided
        As for `autopilot`.
    by : callable
        Makes what gives the names, of the references and the settings.
    tell : callable, optional
        Told in a sentence, before the scan, where the work of several machines can be watched.

    Returns
    -------
    PointAndShootResult
        A sighting near no reference has no name. A reference photo with no sighting, or with
        several, is in `.problems` and not used.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, or none has a reference that serves.
    """
    settings = settings or PointAndShootSettings()
    listed = _listed(photos_folder, out, known, settings=settings, keep_all=keep_all)
    target = None if dry_run else listed.out
    with (
        _alone_in(target, "point-and-shoot"),
        hired(settings.cluster, listed.listing.photos, tell=tell),
    ):
        _require_links(listed, settings, write=target is not None)
        subject = _ready(settings, subject)
        listed, subject = prepared(listed, subject, settings)
        made, synced, own, later = _decided(decided, listed.out, settings, subject, dry_run=dry_run)
        listed = _with_examples(listed, own)
        started = time.perf_counter()
        how: dict[str, Any] = {"settings": settings, "progress": progress, "subject": subject}
        # It is None only where it can be stopped.
        references = cast(References, read_known(known, listed.folder, decided=made, **how))
        seen = look_at(listed, settings, subject, progress=progress, decided=made)
        looked = _since(started, seen)
        references = cast(References, compare_known(looked, references, **how))
        planned = listed.out if dry_run else None
        keeper = None if decided is not None else target
        assigner = by(references, settings)
        made, taken = _named(looked, assigner, made, keeper)
        found = cast(PointAndShootResult, assigned_by(looked, assigner, planned, decided=made))
        if later is not None:
            made, synced = _decided_anew(found, listed.out, later, made, dry_run=dry_run)
            found = cast(PointAndShootResult, assigned_by(looked, assigner, planned, decided=made))
        result = changed(found, synced=synced, names_taken=taken)
        if target is None:
            return result
        return write_result(result, target, keep_all=keep_all, pictures=pictures, progress=progress)


def point_and_shoot_of(
    looked: Looked,
    references: References,
    out: str | Path | None = None,
    *,
    settings: ComparingSettings,
    decided: Sequence[Decision] = (),
) -> PointAndShootResult:
    """
    Find known individuals in what was seen; nothing is written, and it takes a moment.

    Parameters
    ----------
    looked : Looked
        What `look` or `taken_up` returned.
    references : References
        What `read_known`, and for a matcher `compare_known`, returned.
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
    assigner = ReferenceAssigner(references, settings)
    return cast(PointAndShootResult, assigned_by(looked, assigner, out, decided=decided))


def assigned_by(
    looked: Looked,
    assigner: Assigner,
    out: str | Path | None = None,
    *,
    decided: Sequence[Decision] = (),
    since: AnyResult | None = None,
) -> AnyResult:
    """
    Say who is who in what was seen, by either way; nothing is written, and it takes a moment.

    Parameters
    ----------
    looked : Looked
        What `look` or `taken_up` returned.
    assigner : Assigner
        Who gives the names.
    out, decided
        As for `autopilot_of`.
    since : AutopilotResult or PointAndShootResult, optional
        What was found of the same before some of the decisions, to go on from where that is
        quicker.

    Returns
    -------
    AutopilotResult or PointAndShootResult
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
    with stopwatch(seconds, assigner.stage):
        album = decisions.masked(looked.album, decided)
        held = decisions.apply(decided, album, elsewhere=_boxed_examples(assigner))
        if looked.own:
            own = album.photos["photo_digest"][album.photos["path"].isin(list(looked.own))]
            rows = np.flatnonzero(album.sightings["photo_digest"].isin(list(own)) & ~album.ignored)
            held = changed(held, examples=frozenset(rows.tolist()))
        found = None
        if since is not None and since.held is not None:
            found = assigner.follow(Before(since.assigned, since.album, since.held), album, held)
        if found is None:
            found = assigner.assign(album, held)
        reasons = decisions.reasons(decided, album)
        left = found.answered(held, album.words)
    result = RESULTS[found.settings.mode](
        settings=found.settings,
        chosen=found.chosen,
        album=album,
        names=found.names,
        doubts=found.doubts,
        plan=empty_table(export.PLAN_COLUMNS),
        seconds=seconds,
        decided=len(decided),
        undecided=left.unmatched,
        undecided_photos=left.not_here,
        not_seen=looked.not_seen,
        recognised=looked.recognised,
        reasons=reasons,
        hidden=found.hidden(held, album.words),
        held=held,
        photos_folder=looked.folder,
        known_folder=looked.known,
        taken=(*looked.taken, *filter(None, [looked.album.encoder.caveat])),
        context=looked.context,
        tried=looked.tried,
        **found.details,
    )
    return exporting.planned_for(result, out, started)


def _boxed_examples(assigner: Assigner) -> frozenset[str]:
    """Return the digests of examples in which somebody drew."""
    return assigner.references.boxed if isinstance(assigner, ReferenceAssigner) else frozenset()


def _alone_in(out: Path | None, work: str) -> contextlib.AbstractContextManager[None]:
    """Hold a folder of results, where one is written to, from before the long work begins."""
    return contextlib.nullcontext() if out is None else exporting.alone_in(out, work)


def _decided(
    given: Sequence[Decision] | None,
    target: Path | None,
    settings: Settings,
    subject: Subject,
    *,
    dry_run: bool,
) -> tuple[tuple[Decision, ...], tuple[str, ...], tuple[Path, ...], FolderChanges | None]:
    """
    Return what the user decided: as given, or as the folder of results keeps it.

    In the folders of results, too: what was done there becomes decisions first, and is said; the
    user's own photos in them are to be looked at with the others. Where it needs tables that cannot
    be read, what was done comes last, for `_decided_anew`.
    """
    if given is not None:
        return tuple(given), (), () if target is None else sync.examples_in(target), None
    if target is None:
        return (), (), (), None
    try:
        return *_folders_read(target, settings, subject, dry_run=dry_run), None
    except sync.TablesUnreadable as unread:
        return decisions.read(target), (), sync.examples_in(target), unread.changes


def _decided_anew(
    found: Result,
    target: Path | None,
    later: FolderChanges,
    made: tuple[Decision, ...],
    *,
    dry_run: bool,
) -> tuple[tuple[Decision, ...], tuple[str, ...]]:
    """Return what the user decided, with what was done in folders, by what is found now."""
    out = cast(Path, target)
    settings = {"threshold": found.settings.threshold}
    run = results_folder.Run(out, found.album, found.names, found.mode, 0.0, settings)
    read = sync.propose_anew(out, later, run, found.now.numbers)
    if not dry_run:
        sync.keep(read, out)
    before = set(made)
    return (*made, *(each for each in read.made if each not in before)), read.said


def synced(
    out: Path,
    settings: Settings | None = None,
    subject: Subject | None = None,
    *,
    dry_run: bool = False,
) -> tuple[tuple[Decision, ...], tuple[str, ...]]:
    """
    Take what somebody did in the folders of a result for decisions, and keep them there.

    Parameters
    ----------
    out : Path
        The folder of results, held already (`toolkit.results.exporting.alone_in`).
    settings, subject
        How photos from elsewhere that were put into folders are looked at; without `settings` they
        are left for the next run.
    dry_run : bool
        Only say it.

    Returns
    -------
    (tuple of Decision, tuple of str)
        All decisions that are in force now; and what was done, a line each.

    Raises
    ------
    BadFolder
        If something was done in the folders, and the tables of the last run cannot be read.
    BadSetting
        If the decisions that are there cannot be read.
    """
    made, said, _ = _folders_read(out, settings, subject, dry_run=dry_run)
    return made, said


def check_tags(
    folders: str | Path,
    *,
    settings: GroupingSettings,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    tell: Callable[[str], None] | None = None,
    subject: Subject | None = None,
) -> TagCheck | None:
    """
    Find the photos of labelled folders that look more like another folder than their own.

    Parameters
    ----------
    folders : path
        A folder for each individual, or folders of such folders. Nothing is written there.
    settings : GroupingSettings
        Of the subject.
    progress, stop, tell, subject
        As for `look`.

    Returns
    -------
    TagCheck or None
        For `toolkit.results.tag_check.write`, with the files that show one picture. None if it was
        stopped: with some of the photos only, those of the others would look like strangers.

    Raises
    ------
    BadFolder
        If there are fewer than two labelled folders.
    """
    root = folder_at(folders)
    how: dict[str, Any] = {"stop": stop, "tell": tell, "subject": subject}
    looked = look(root, settings=settings, progress=progress, of_individuals=True, **how)
    if not looked.complete or (stop is not None and stop()):
        return None
    known = label_check.labelled(looked.album, root)
    twice = duplicates.find(known.paths, progress=progress, stop=stop)
    if stop is not None and stop():
        return None
    told = for_work(progress, "folders")
    table = label_check.check(known, copies=twice.pairs, progress=told)
    return tag_check.found(known, table, twice.pairs)


def undo(
    out: str | Path,
    *,
    photos: str | Path | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Undone:
    """
    Take away what the last run put into a folder; what was sorted by hand there is decided first.

    Parameters are those of `toolkit.results.undo.undo`, which says what goes and what stays.

    Raises
    ------
    BadFolder
        If there is nothing to undo, or the folder cannot be read.
    toolkit.locks.InUse
        If a run is writing into it.
    """
    target = folder_at(out)
    said: tuple[str, ...] = ()
    if (target / results_folder.RECORD).is_file():
        # Without its tables copies are found all the same; what cannot be undone is refused below.
        with contextlib.suppress(BadFolder), exporting.alone_in(target, "an undo"):
            if folder_changes.read(target):
                _, said = synced(target)
    return changed(undoing.undo(out, photos=photos, progress=progress, stop=stop), synced=said)


def _folders_read(
    out: Path, settings: Settings | None, subject: Subject | None, *, dry_run: bool
) -> tuple[tuple[Decision, ...], tuple[str, ...], tuple[Path, ...]]:
    """Do what `synced` does; return the photos of the user's own in the folders as well."""
    made = decisions.read(out)

    def look_into(paths: Sequence[Path]) -> Album:
        listing = opening.Listing(tuple(paths), ())
        wanted = cast(Settings, settings)
        return look_at(
            Listed(listing, out, None, None), wanted, subject or subject_for(wanted)
        ).album

    if not (out / results_folder.RECORD).is_file():
        return made, (), ()
    try:
        found = sync.propose(out, None if settings is None else look_into)
    except sync.TablesUnreadable as unread:
        if unread.changes:
            raise
        # Nobody did anything that is lost by it, and the run makes the tables anew.
        if not dry_run:
            owners = unread.changes.owners
            sync.keep(sync.Sync(made, (), unread.changes, {}, owners), out)
        return made, (), sync.examples_in(out)
    if found is None:
        return made, (), sync.examples_in(out)
    if not dry_run:
        sync.keep(found, out)
    more = (*sync.examples_in(out), *sync.paths_of(out, found.examples))
    return found.made, found.said, tuple(dict.fromkeys(more))


def _with_examples(listed: Listed, more: Sequence[Path]) -> Listed:
    """Add the photos that the user put into folders of results: they are looked at as well."""
    if not more:
        return listed
    photos = PathList((*listed.listing.photos, *more))
    listing = changed(listed.listing, photos=photos)
    return changed(listed, listing=listing, own=frozenset(map(str, more)))


def _named(
    looked: Looked, assigner: Assigner, made: tuple[Decision, ...], keeper: Path | None
) -> tuple[tuple[Decision, ...], NamesTaken | None]:
    """Take over the names that the photos have; they are kept in `keeper`, where there is one."""
    if looked.regions is None:
        return made, None
    about: dict[str, Any] = {"once": photo_names.once(looked.album, assigner.settings)}
    about["known"] = assigner.known
    if keeper is None:
        found = photo_names.found(looked.album, looked.regions, made, **about)
        return (*made, *found.decisions), found.taken
    found = photo_names.add_to(keeper, looked.album, looked.regions, **about)
    return decisions.read(keeper), found.taken


def _since(started: float, looked: Looked) -> Looked:
    return changed(looked, seconds={**looked.seconds, "wall": time.perf_counter() - started})
