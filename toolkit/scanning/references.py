"""Example photos of known individuals, read into references."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.boxes import overlap
from toolkit.errors import BadFolder
from toolkit.grouping import examples
from toolkit.grouping.examples import Finding
from toolkit.grouping.identification import DOUBT_COLUMNS, References
from toolkit.grouping.neighbours import Distances, PairDistances, VectorDistances
from toolkit.photos import catalogue_table, example_folders, opening
from toolkit.records import PROBLEM_COLUMNS, Box, FeatureRows, Words, empty_table
from toolkit.scanning import comparing, store
from toolkit.scanning.feature_file import FeatureFile
from toolkit.scanning.missed import Missed
from toolkit.scanning.scan import PhotoResult, scan, with_subjects
from toolkit.scanning.workers import hired
from toolkit.settings import ComparingSettings
from toolkit.subjects.base import Subject, matcher_of
from toolkit.subjects.settings import declared_as

if TYPE_CHECKING:
    from toolkit.scanning.cluster import Machines

# How much two boxes overlap that are of one sighting: less than half where it was found anew.
SAME = 0.5


def read_references(
    known: Path,
    subject: Subject,
    settings: ComparingSettings,
    *,
    progress: Callable[[int, int, str], None] | None = None,
    stop: Callable[[], bool] | None = None,
    leave_out: Sequence[Path] = (),
    meant: Meant | None = None,
    missed: Missed | None = None,
) -> References | None:
    """
    Read the example photos of known individuals, and look them over.

    Clips are examples, too, where `settings.videos` says so: of each, the largest sighting. Whose
    example a photo is, its folder says; see `toolkit.photos.example_folders` for folders of
    such folders, and `toolkit.grouping.examples` for examples that may be wrong.

    Parameters
    ----------
    known : Path
        One folder an individual.
    subject : Subject
        What finds and describes them; the same as for the photos.
    settings : ComparingSettings
        `largest` decides about example photos with several sightings.
    progress : callable, optional
        Called with the number done, the total, and the photo just done.
    stop : callable, optional
        Asked whether to stop, as `toolkit.scanning.scan.scan` asks.
    leave_out : sequence of Path
        Folders that hold no examples.
    meant : Meant, optional
        Where `known` is the result of an earlier run: who is meant in a photo of several.
    missed : Missed, optional
        Boxes that somebody drew: in an example, around the one that is meant.

    Returns
    -------
    toolkit.grouping.identification.References or None
        With a problem for each photo that could not serve. None if it was stopped: with some of the
        only, sightings of the others would be taken for them, or for strangers.

    Raises
    ------
    BadFolder
        If `known` holds no folders, or none with a photo that serves.
    """
    taken: dict[str, Any] = {"exclude": settings.exclude, "videos": settings.videos}
    listing = opening.find(known, leave_out=leave_out, **taken)
    # What a shop says of its products lies among them, and is no photo that cannot serve.
    of_products = Path(known) / catalogue_table.TABLE
    problems = [
        (str(path), "reference", reason) for path, reason in listing.skipped if path != of_products
    ]
    root = example_folders.branches(known, listing.photos)
    for path in root.photos:
        reason = "beside the folders of examples: put it into one, named after whom it shows"
        problems.append((str(path), "reference", reason))
    meant, missed = meant or Meant(), missed or Missed()
    root.inside = {name: each for name, each in root.inside.items() if name not in meant.nobody}
    photos = [path for each in root.inside.values() for path in each.all]
    if not photos:
        raise BadFolder(
            f"known: {known} holds no folder with photos; expected one folder for each "
            f"{subject.words.individual}, named after them, with at least one photo in it."
        )
    done = 0
    read = _Read(subject)
    boxed: set[str] = set()

    def seen(path: Path) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, len(photos), str(path))

    with (
        hired(settings.cluster, photos) as machines,
        store.recalled(subject, settings) as recall,
    ):
        looking = scan(
            photos,
            subject,
            long_edge=settings.long_edge,
            min_size=settings.min_size,
            min_sharpness=settings.min_sharpness,
            jobs=settings.threads,
            gigabytes=settings.memory,
            stop=stop,
            seen=seen,
            recall=recall,
            missed=missed,
            machines=machines,
        )
        with contextlib.closing(looking) as looked_at:
            for result in with_subjects(looked_at):
                which = _boxed(result, missed)
                if which is None:
                    which = meant.which(result, known)
                unfit = (
                    None if which is not None else _unfit(result, settings, subject.words, missed)
                )
                if unfit is not None:
                    problems.append((str(result.path), "reference", unfit))
                    read.witness(result)
                else:
                    read.add(result, _largest(result) if which is None else which)
                if result.photo is not None:
                    boxed |= missed.about(result.photo)
    if done < len(photos):
        return None
    if not read.paths:
        tried = {str(path) for path in photos}
        first = next(each for each in problems if each[0] in tried)
        raise BadFolder(
            f"known: none of the {len(photos)} photos in {known} can serve as a reference; "
            f"{Path(first[0]).name}: {first[2]}"
        )
    with hired(settings.cluster) as machines, store.recalled(subject, settings) as recall:
        distances = read.distances(known, settings.threads, stop, recall, machines)
    if distances is None:
        return None
    table = (
        pd.DataFrame(problems, columns=list(PROBLEM_COLUMNS))
        if problems
        else empty_table(PROBLEM_COLUMNS)
    )
    found = read.looked_over(root, distances, table, meant.said)
    return replace(found, boxed=frozenset(boxed))


@dataclass(frozen=True)
class Meant:
    """
    What an earlier result that serves as examples says of its files.

    Attributes
    ----------
    name_of : mapping of str to str
        The individual whose copy each file is, by its place: folder/file.
    boxes : mapping of (str, str) to tuple of Box
        Where an individual is in a photo, by name and the photo's digest.
    nobody : frozenset of str
        Folders of the result that are no individual's.
    said : tuple of str
        Sentences that say so, without a full stop.
    """

    name_of: Mapping[str, str] = field(default_factory=dict)
    boxes: Mapping[tuple[str, str], tuple[Box, ...]] = field(default_factory=dict)
    nobody: frozenset[str] = frozenset()
    said: tuple[str, ...] = ()

    def which(self, result: PhotoResult, known: Path) -> int | None:
        """Return which detection in a photo is the individual of its folder, None if unknown."""
        name = self.name_of.get(result.path.relative_to(known).as_posix())
        if name is None or result.photo is None or not result.detections:
            return None
        there = self.boxes.get((name, result.photo.digest), ())
        if not there:
            return None
        shared = overlap(_rows([each.box for each in result.detections]), _rows(there))
        best = int(shared.max(axis=1).argmax())
        return best if shared[best].max() >= SAME else None


class _Read:
    """The examples that serve, in the order in which they were read."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.encodings: list[npt.NDArray[np.float32]] = []
        self.features = FeatureFile()
        self.paths: list[Path] = []
        self.places: list[tuple[str, Box]] = []
        # Photos of several: no examples, but what tells which of the examples are right.
        self.seen_in: list[tuple[Path, int]] = []
        # The photo of each of the others.
        self.other_paths: list[Path] = []
        self.others: list[npt.NDArray[np.float32]] = []
        self.other_features = FeatureFile()

    def add(self, result: PhotoResult, which: int) -> None:
        """Take a detection of a photo."""
        self.encodings.append(result.encodings[which])
        self.features.add(result.features[which : which + 1])
        self.paths.append(result.path)
        digest = str(result.path) if result.photo is None else result.photo.digest
        self.places.append((digest, result.detections[which].box))

    def witness(self, result: PhotoResult) -> None:
        """Take all that is in a photo, where it is unknown which of them is meant."""
        if result.problem is None and result.detections:
            self.others += list(result.encodings)
            self.other_features.add(result.features)
            self.seen_in.append((result.path, len(result.detections)))
            self.other_paths += [result.path] * len(result.detections)

    def distances(
        self,
        known: Path,
        jobs: int,
        stop: Callable[[], bool] | None,
        recall: store.Recall,
        machines: Machines | None,
    ) -> Distances | None:
        """Return how far they are from each other; None if it was stopped."""
        encoder = self.subject.encoder
        matcher = matcher_of(encoder)
        if matcher is None:
            info = encoder.info
            every = np.stack(self.encodings + self.others)
            return VectorDistances(every, info.metric, info.linkage)
        features = FeatureRows.joined([self.features, self.other_features])
        silent, evidence = None, self.subject.evidence
        if evidence is not None:
            table = pd.DataFrame({"path": [str(path) for path in self.paths + self.other_paths]})
            notes = evidence.notes(table, known, of_individuals=True)
            silent = evidence.silent(notes, notes)
        pairs = comparing.compare_pairs(
            *(matcher, features),
            jobs=jobs,
            stop=stop,
            kept=comparing.kept_of(features, recall),
            silent=silent,
            machines=machines,
        )
        return None if pairs.left else PairDistances(pairs, encoder.info.linkage)

    def looked_over(
        self,
        root: example_folders.Branch,
        distances: Distances,
        problems: pd.DataFrame,
        said: tuple[str, ...],
    ) -> References:
        """Say whose examples they are, and leave out those that are not."""
        info, words = self.subject.encoder.info, self.subject.words
        row_of = {path: row for row, path in enumerate(self.paths)}

        def one_individual(parts: Sequence[Sequence[Path]]) -> bool | None:
            rows = [np.array([row_of[p] for p in part if p in row_of], np.int64) for part in parts]
            return examples.one_individual(distances, rows, info.calibration)

        taken = example_folders.take(root, one_individual, words)
        names = taken.names
        individual_of = np.array(
            [names.index(taken.name_of[path]) for path in self.paths], dtype=np.int64
        )
        witnesses, start = [], len(self.paths)
        for path, count in self.seen_in:
            whose = names.index(taken.name_of[path])
            witnesses.append((whose, np.arange(start, start + count)))
            start += count
        found = examples.look_over(
            distances,
            individual_of,
            info.calibration,
            places=self.places,
            witnesses=witnesses,
        )
        used = np.ones(len(self.paths), dtype=np.bool_)
        used[[each.row for each in found if not each.used]] = False
        of = [names[k] for k in individual_of]
        doubts = [_in_words(each, found, self.paths, of, names, words) for each in found]
        rows = np.flatnonzero(used)
        pairs = info.metric == "pairs"
        return References(
            names=names,
            encodings=np.stack(self.encodings)[rows],
            individual_of=individual_of[rows],
            paths=tuple(str(self.paths[row]) for row in rows),
            encoder=info,
            problems=problems,
            features=FeatureRows.of(self.features).take(rows) if pairs else None,
            doubts=pd.DataFrame(doubts, columns=list(DOUBT_COLUMNS))
            if doubts
            else empty_table(DOUBT_COLUMNS),
            taken=said + taken.said,
            among=comparing.among(distances[rows], self.subject.encoder),
        )


def _in_words(
    finding: Finding,
    found: Sequence[Finding],
    paths: Sequence[Path],
    of: Sequence[str],
    names: Sequence[str],
    words: Words,
) -> tuple[object, ...]:
    """Return a row of `References.doubts`."""
    whose = of[finding.row]
    other = None if finding.other < 0 else names[finding.other]
    beside = paths[finding.beside]
    like = "" if other is None else f" and like {other}"
    if finding.kind == examples.ALIKE:
        said = (
            f"{whose} and {other} look like one {words.individual} by their examples, such as "
            f"this one and {beside.name}"
        )
    elif finding.kind == examples.SHARED:
        said = (
            f"the same {words.singular} is an example of two {words.individuals}, {whose} and "
            f"{other}"
        )
    elif finding.kind == examples.FAR:
        out = {each.row for each in found if each.kind == examples.FAR}
        rest = sum(name == whose for row, name in enumerate(of) if row not in out)
        others = f"the {rest} other examples" if rest > 1 else "the other example"
        said = f"unlike {others} of {whose}{like}: not used"
    elif finding.used:
        said = (
            f"unlike other examples of {whose}, such as {beside.name}{like}: which of them are "
            "right is unknown, so all are used"
        )
    else:
        said = f"unlike {beside.name}, another example of {whose},{like}: not used"
    path = str(paths[finding.row])
    return path, whose, finding.kind, other, finding.distance, str(beside), finding.used, said


def _rows(boxes: Sequence[Box]) -> npt.NDArray[np.float64]:
    return np.array([(b.left, b.top, b.right, b.bottom) for b in boxes], dtype=np.float64)


def _largest(result: PhotoResult) -> int:
    areas = [each.box.width * each.box.height for each in result.detections]
    return areas.index(max(areas))


def _boxed(result: PhotoResult, missed: Missed) -> int | None:
    """Return which detection in a photo somebody drew a box around, None if not just one."""
    boxes = [] if result.photo is None else missed.drawn_in(result.photo)
    if not boxes or not result.detections:
        return None
    shared = overlap(_rows([each.box for each in result.detections]), _rows(boxes))
    found = np.flatnonzero(shared.max(axis=1) > SAME)
    return int(found[0]) if len(found) == 1 else None


def _unfit(
    result: PhotoResult, settings: ComparingSettings, words: Words, missed: Missed
) -> str | None:
    """Say why a reference photo cannot serve, if it cannot."""
    if result.problem is not None:
        return result.problem[1]
    photo = result.photo
    if photo is not None and missed.any_in(photo) and not missed.drawn_in(photo):
        return f"the box that was drawn is not in it: it has {photo.width} x {photo.height} px"
    if not result.detections:
        return (
            f"no {words.singular} found: use a photo that shows the {words.singular} larger, or "
            f"from the front, or draw a box around it (Missed {words.a_sighting}?)"
        )
    # In several frames of a clip, there may be one.
    together = max(Counter(each.seconds for each in result.detections).values())
    if together > 1 and not settings.largest:
        option = declared_as(type(settings), "largest").option
        return (
            f"{words.count(together)} found, and which one is meant is unknown: cut "
            f"the photo to one {words.singular}, draw a box around the one (Missed "
            f"{words.a_sighting}?), or take the largest with {option} (largest=True)"
        )
    return None
