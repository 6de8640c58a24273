"""How faces that mislead are sorted: strangers and an album, degraded and turned on purpose."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from toolkit.benchmarks.degraded_faces import STRENGTHS, degrade
from toolkit.errors import BadFolder, BadSetting
from toolkit.evaluation.label_check import rows_by_photo
from toolkit.evaluation.scores import score_grouping, trivial_answers
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.grouping.constraints import Decided
from toolkit.names import counted
from toolkit.photos import opening
from toolkit.photos.turning import turned
from toolkit.progress import Progress
from toolkit.records import TURNS, WORTH, Album, Box
from toolkit.scanning.scan import PhotoResult, gather, scan, with_subjects
from toolkit.settings import GroupingSettings
from toolkit.subjects.base import Rgb, Subject

Rows = npt.NDArray[np.int64]
Log = Callable[[str], None]
# Finds dlib's 5 landmarks of a face in a photo, shape (5, 2), px.
FindPoints = Callable[[Rgb, Box], npt.NDArray[Any]]

# Photos turned by quarters, with nothing in the file that says so; by 0, they are as they were.
TURN = "turn"
KINDS: dict[str, tuple[float, ...]] = {TURN: tuple(map(float, TURNS)), **STRENGTHS}
# In the album there is one person for so many strangers; with so many photos, at least and at most.
FEWER, LEAST, MOST = 3, 3, 6
# One photo of so many is degraded in the album.
ONE_OF = 3
NO_PAIRS = np.zeros((0, 2), dtype=np.int64)
UNDECIDED = Decided(NO_PAIRS, NO_PAIRS, {}, frozenset(), np.zeros(0, dtype=np.int64), 0)


@dataclass(frozen=True)
class Drawn:
    """
    A photo with a face, and what is done to it.

    Attributes
    ----------
    result : PhotoResult
        What was seen in it as it is.
    person : str
        Whose face the largest one is.
    seed : int
        Of what is drawn over it; the same for each kind.
    """

    result: PhotoResult
    person: str
    seed: int


def measure(
    folder: Path,
    settings: GroupingSettings,
    *,
    people: int = 30,
    seed: int = 0,
    kinds: Sequence[str] = tuple(KINDS),
    log: Log,
    progress: Progress | None = None,
    subject_of: Callable[[GroupingSettings], Subject] | None = None,
    points: FindPoints | None = None,
) -> dict[str, pd.DataFrame]:
    """
    Degrade faces of labelled photos in each way, and sort them as autopilot does.

    "Before" is without what guards against such faces: whatever a face is worth is ignored, and
    where photos are turned, each face is taken for upright.

    Parameters
    ----------
    folder : Path
        A folder for each person. It is only read; degraded photos go to a temporary folder.
    settings : GroupingSettings
        Of faces.
    people : int
        Strangers, with one degraded photo each; an album of others has a third as many people, with
        3 to 6 photos each, of which one in three is degraded.
    seed : int
        Of all that is drawn.
    kinds : sequence of str
        Which of `KINDS`.
    log : callable
        Told what was drawn, a sentence each.
    progress : callable, optional
        As of `toolkit.modes.look`; of degraded photos.
    subject_of : callable, optional
        Makes what is looked for; as the settings say, if not given.
    points : callable, optional
        Finds the landmarks that say where to degrade a face; dlib's, if not given.

    Returns
    -------
    dict of str to pandas.DataFrame
        "strangers": kind, strength, and in per cent of the faces: joined (put with another one, all
        of them wrongly), unsure, not_found (no face was found, or it was left out as too small or
        too blurred). "album": kind, strength, B-cubed precision, recall and F, and unsure, per
        cent; a photo of which the face was not found counts as alone. The last rows are of the two
        answers that need no look. Columns that end in ``_before`` are the same, before.

    Raises
    ------
    BadSetting
        If `people`, `seed` or a kind cannot be.
    BadFolder
        If there are too few people, or too few with several photos.
    """
    _require(people, seed, kinds)
    rng = np.random.default_rng(seed)
    photos = _photos_of(folder, settings.exclude)
    chosen = _people_of_album(photos, max(2, people // FEWER), rng)
    others = sorted(set(photos) - set(chosen))
    rng.shuffle(others)
    one_each = {photos[name][int(rng.integers(len(photos[name])))]: name for name in others}
    if len(one_each) < people:
        raise BadFolder(
            f"{folder} holds photos of {counted(len(one_each), 'person', 'people')} beside the "
            f"{len(chosen)} of the album; expected {people} or more, or a smaller --people."
        )
    several = {path: name for name, own in chosen.items() for path in own}
    make = subject_of or (lambda each: each.make_subject())
    subject = make(settings)
    points = points or _landmarks()
    strangers = _with_face(one_each, subject, settings, rng, most=people)
    album = _with_face(several, subject, settings, rng, most=len(several))
    if len(strangers) < 2 or len(album) < 2:
        raise BadFolder(
            f"{folder}: hardly any face is found in its photos; expected labelled ones."
        )
    worse = rng.permutation(len(album))[: max(1, len(album) // ONE_OF)].tolist()
    log(
        f"{counted(len(strangers), 'stranger')}; an album of {len(chosen)} people and "
        f"{counted(len(album), 'photo')}, {len(worse)} of them degraded"
    )
    ways = [(kind, strength) for kind in kinds for strength in KINDS[kind]]
    hard = [*strangers, *(album[at] for at in worse)]
    with tempfile.TemporaryDirectory() as place:
        made = {way: _made(hard, *way, Path(place), points) for way in ways}
        every = [path for paths in made.values() for path in paths]
        lying = [path for (kind, _), paths in made.items() if kind == TURN for path in paths]
        told = _counting(progress, len(every) + len(lying))
        known = [each.result for each in album]
        after = _gathered(known, every, subject, settings, told)
        before = _unweighed(after)
        upright = before
        if lying:
            plain = replace(settings, turned=False)  # type: ignore[call-arg]
            upright = _unweighed(_gathered(known, lying, make(plain), plain, told))
    first: list[dict[str, object]] = []
    second: list[dict[str, object]] = []
    truth = np.array([each.person for each in album])
    for way, paths in made.items():
        kind, strength = way
        seen = {"": after, "_before": upright if kind == TURN else before}
        row: dict[str, object] = {"kind": kind, "strength": strength}
        alone, mixed = paths[: len(strangers)], [each.result.path for each in album]
        for at, path in zip(worse, paths[len(strangers) :], strict=True):
            mixed[at] = path
        sorted_alone = {end: sort(found, alone, settings) for end, found in seen.items()}
        sorted_mixed = {end: sort(found, mixed, settings) for end, found in seen.items()}
        first.append({**row, **_joined(sorted_alone)})
        second.append({**row, **_scored(sorted_mixed, truth)})
    for name, labels in trivial_answers(np.zeros(len(truth), dtype=np.int64)).items():
        if name != "this grouping":
            second.append({"kind": name, **_scored({"": Sorted(labels, 0, 0)}, truth)})
    return {"strangers": pd.DataFrame(first), "album": pd.DataFrame(second)}


@dataclass(frozen=True)
class Sorted:
    """Groups of n photos, shape (n,), int64; how many are unsure, and how many have no face."""

    labels: Rows
    unsure: int
    not_found: int


def sort(album: Album, paths: Sequence[Path], settings: GroupingSettings) -> Sorted:
    """
    Group the largest faces of some photos of an album as autopilot does, as if there were no other.

    Parameters
    ----------
    album : Album
        Of these photos, and others.
    paths : sequence of Path
        n photos of it. One without a face is in a group of its own.
    settings : GroupingSettings
        How to group.
    """
    digests = dict(zip(map(str, album.photos["path"]), album.photos["photo_digest"], strict=True))
    of_photo, boxes = rows_by_photo(album), album.sightings
    area = ((boxes["right"] - boxes["left"]) * (boxes["bottom"] - boxes["top"])).to_numpy()
    row_of = np.full(len(paths), -1, dtype=np.int64)
    for at, path in enumerate(paths):
        own = of_photo.get(str(digests.get(str(path))))
        if own is not None and len(own):
            row_of[at] = own[area[own].argmax()]
    seen = row_of >= 0
    labels = np.arange(len(paths), dtype=np.int64) + len(album)
    if not seen.any():
        return Sorted(labels, 0, len(paths))
    ignored = np.ones(len(album), dtype=np.bool_)
    ignored[row_of[seen]] = False
    assigned = GroupingAssigner(settings).assign(replace(album, ignored=ignored), UNDECIDED)
    labels[seen] = assigned.details["clustering"].labels[row_of[seen]]
    unsure = sum(int(row) in assigned.doubts for row in row_of[seen])
    return Sorted(labels, unsure, int((~seen).sum()))


def _joined(found: dict[str, Sorted]) -> dict[str, float]:
    """Return what became of strangers, per cent, by the end of the columns' names."""
    row = {}
    for end, each in found.items():
        _, group, size = np.unique(each.labels, return_inverse=True, return_counts=True)
        row[f"joined{end}"] = 100 * float((size[group] > 1).mean())
    for end, each in found.items():
        row[f"not_found{end}"] = 100 * each.not_found / len(each.labels)
    return row | {"unsure": 100 * found[""].unsure / len(found[""].labels)}


def _scored(found: dict[str, Sorted], truth: npt.NDArray[Any]) -> dict[str, float]:
    """Return how well an album is grouped, per cent, by the end of the columns' names."""
    row = {}
    for end, each in found.items():
        score = score_grouping(truth, each.labels)
        row[f"precision{end}"] = 100 * score.bcubed_precision
        row[f"recall{end}"] = 100 * score.bcubed_recall
        row[f"f{end}"] = 100 * score.bcubed_f
    return row | {"unsure": 100 * found[""].unsure / len(truth)}


def _require(people: int, seed: int, kinds: Sequence[str]) -> None:
    if people < 2 or seed < 0:
        raise BadSetting(
            f"people is {people}, seed {seed}; expected 2 people or more, a seed of 0 or more"
        )
    for kind in kinds:
        if kind not in KINDS:
            raise BadSetting(f"the kind is {kind!r}; expected one of {', '.join(KINDS)}")


def _photos_of(folder: Path, exclude: Sequence[str]) -> dict[str, list[Path]]:
    """Return the photos of each person, by the folder directly below the one of all."""
    photos: dict[str, list[Path]] = {}
    for path in opening.find(folder, exclude=exclude).photos:
        inside = path.relative_to(folder)
        if len(inside.parts) > 1:
            photos.setdefault(inside.parts[0], []).append(path)
    return photos


def _people_of_album(
    photos: dict[str, list[Path]], count: int, rng: np.random.Generator
) -> dict[str, list[Path]]:
    """Draw people with several photos, and these."""
    names = sorted(name for name, own in photos.items() if len(own) >= LEAST)
    if len(names) < count:
        raise BadFolder(
            f"{counted(len(names), 'person', 'people')} with {LEAST} photos or more; expected "
            f"{count} or more, in a folder each, or a smaller --people."
        )
    chosen = [names[at] for at in rng.permutation(len(names))[:count].tolist()]
    return {
        name: [photos[name][at] for at in rng.permutation(len(photos[name]))[:MOST].tolist()]
        for name in chosen
    }


def _looked_at(
    paths: Iterable[Path], subject: Subject, settings: GroupingSettings, **more: Any
) -> contextlib.closing[Generator[PhotoResult, None, None]]:
    """Look at photos as autopilot does, and remember nothing."""
    results = scan(
        paths,
        subject,
        long_edge=settings.long_edge,
        min_size=settings.min_size,
        min_sharpness=settings.min_sharpness,
        jobs=settings.threads,
        gigabytes=settings.memory,
        **more,
    )
    return contextlib.closing(results)


def _with_face(
    person_of: dict[Path, str],
    subject: Subject,
    settings: GroupingSettings,
    rng: np.random.Generator,
    *,
    most: int,
) -> list[Drawn]:
    """Return the first photos in which an upright face is found, so many at most."""
    drawn: list[Drawn] = []
    seeds = rng.integers(1 << 31, size=len(person_of)).tolist()
    with _looked_at(person_of, subject, settings) as results:
        every = with_subjects(results)
        for person, seed, result in zip(person_of.values(), seeds, every, strict=False):
            if result.detections and _largest(result).turn == 0:
                drawn.append(Drawn(result, person, seed))
            if len(drawn) == most:
                break
    return drawn


def _largest(result: PhotoResult) -> Any:
    return max(result.detections, key=lambda each: each.box.width * each.box.height)


def _made(
    photos: Sequence[Drawn], kind: str, strength: float, place: Path, points: FindPoints
) -> list[Path]:
    """Write photos anew, degraded; return where."""
    folder = place / f"{kind} {strength:g}"
    folder.mkdir()
    paths = []
    for number, each in enumerate(photos):
        image = opening.open_upright(each.result.path)
        if kind == TURN:
            worse = turned(image, int(strength))
        else:
            face = np.asarray(points(image, _largest(each.result).box), dtype=np.float64)
            worse = degrade(image, face, kind, strength, seed=each.seed)
        paths.append(folder / f"{number}.png")
        Image.fromarray(worse).save(paths[-1])
    return paths


def _gathered(
    known: Sequence[PhotoResult],
    paths: Sequence[Path],
    subject: Subject,
    settings: GroupingSettings,
    told: Callable[[Path], None],
) -> Album:
    """Return an album of photos that were looked at, and others that are looked at now."""
    with _looked_at(paths, subject, settings, seen=told) as results:
        return gather(chain(known, results), subject.encoder.info, subject=subject.info)


def _unweighed(album: Album) -> Album:
    """Return an album of which it is not known what each face is worth."""
    return replace(album, sightings=album.sightings.drop(columns=WORTH, errors="ignore"))


def _counting(progress: Progress | None, total: int) -> Callable[[Path], None]:
    done = 0

    def told(path: Path) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress("photos", done, total, str(path))

    return told


def _landmarks() -> FindPoints:
    from toolkit.subjects.face.subject import Landmarks

    return Landmarks(5).find
