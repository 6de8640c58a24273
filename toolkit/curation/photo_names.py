"""
Names that photos have already, as decisions: of regions with names in their XMP.

A sighting that a region overlaps gets its name, unless the user decided about it. Such a decision
says where it comes from; what cannot be taken without contradicting another one is named, and left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import numpy as np

from toolkit import boxes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.curation.edits import cleaned
from toolkit.errors import BadSetting, UnreadablePhoto
from toolkit.grouping.constraints import Decided
from toolkit.grouping.sighting_finder import key_of
from toolkit.locks import deciding
from toolkit.names import folded, printable
from toolkit.photos import face_regions
from toolkit.photos.face_regions import FaceRegion, PhotoRegions
from toolkit.records import Album
from toolkit.results.result import NamesTaken
from toolkit.settings import Settings

# The note that says where a decision comes from.
FROM = "from"
# Share of their union that a region and a sighting have in common, from which on they are of one
# individual, if the centre of one lies in the other: people draw larger boxes than detectors do,
# and each detector has its own.
OVERLAP = 0.2

Regions = Mapping[str, PhotoRegions]
_BOX = ["left", "top", "right", "bottom"]


@dataclass(frozen=True)
class Found:
    """
    What the names in photos come to.

    Attributes
    ----------
    decisions : tuple of Decision
        Those that were not there yet, to be added to the others; together they do not contradict
        each other.
    taken : NamesTaken
        What is to be said of all of them.
    """

    decisions: tuple[Decision, ...]
    taken: NamesTaken


def read_all(
    album: Album,
    *,
    progress: Callable[[int, int, str], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> dict[str, PhotoRegions]:
    """
    Read the regions with names of the photos of an album.

    Parameters
    ----------
    album : Album
        Its photos are read; nothing is written.
    progress : callable, optional
        Called with the number of photos read, how many there are, and the one just read.
    stop : callable, optional
        Asked before each photo whether to stop; those that were read are returned then.

    Returns
    -------
    dict of str to PhotoRegions
        By path: photos with regions, or with something that could not be read.
    """
    found: dict[str, PhotoRegions] = {}
    table = album.photos[["path", "width", "height"]]
    for done, (path, width, height) in enumerate(table.itertuples(index=False, name=None), start=1):
        if stop is not None and stop():
            break
        try:
            read = face_regions.read(Path(path), width=int(width), height=int(height))
        except UnreadablePhoto as error:
            read = PhotoRegions(problems=((PurePath(path).name, str(error)),))
        if read.regions or read.problems:
            found[str(path)] = read
        if progress is not None:
            progress(done, len(table), str(path))
    return found


def once(album: Album, settings: Settings) -> bool:
    """Whether nobody is in one photo twice: by the subject, and as the user says."""
    return settings.one_per_photo and album.subject.exclusive_in_photo


def found(
    album: Album,
    regions: Regions,
    made: Sequence[Decision],
    *,
    once: bool = True,
    known: Iterable[str] = (),
) -> Found:
    """
    Turn the names of regions into decisions.

    Each region is of one sighting at most, and each sighting of one region: the two that overlap
    most. What the user decided about a sighting stays; where a name was taken from a photo before,
    and the photo has another one now, that one counts.

    Parameters
    ----------
    album : Album
        n sightings.
    regions : mapping of str to PhotoRegions
        What `read_all` returned.
    made : sequence of Decision
        All decisions that there are, in their order.
    once : bool
        Nobody is in one photo twice: of two sightings that have one name there, the one whose
        region fits better gets it.
    known : iterable of str
        Names of individuals that are known already. A name that differs from one of these, or from
        one that was decided, by its case alone is taken for that one.

    Raises
    ------
    BadSetting
        If the decisions that there are contradict each other.
    """
    album = decisions.masked(album, made)
    before = decisions.apply(made, album)
    own = decisions.apply([each for each in made if not _is_taken(each)], album)
    matched, alone = _matched(album, regions)
    spelled = {folded(name): name for name in [*before.names.values(), *known, *own.names.values()]}
    number = re.compile(rf"{re.escape(album.words.individual)}_\d{{3,}}b*")
    wanted: list[tuple[int, str, FaceRegion]] = []
    left = [
        (path, name, reason) for path, read in regions.items() for name, reason in read.problems
    ]
    yours = 0
    refused = {(row, folded(text)) for row, text in own.refused}
    paths = album.sightings["path"].to_list()
    for row, region in matched:
        if number.fullmatch(region.name):
            # It says that nobody was named, and another run may number them otherwise.
            continue
        try:
            name = cleaned(region.name)
        except BadSetting as error:
            left.append((paths[row], region.name, str(error)))
            continue
        name = spelled.setdefault(folded(name), name)
        if row in own.names or (row, folded(name)) in refused:
            yours += own.names.get(row) != name
        else:
            wanted.append((row, name, region))
    for replace in (True, False):
        new, kept, refusals = _fitting(album, wanted, before, own, once=once, replace=replace)
        try:
            decisions.apply([*made, *new], album)
            break
        except BadSetting:
            # One in place of an older name was taken, and another one was not, and could not stay.
            if not replace:
                raise
    left += [(paths[row], name, reason) for row, name, reason in refusals]
    return Found(tuple(new), NamesTaken(len(new), kept, yours, alone, tuple(left)))


def add_to(
    out: Path, album: Album, regions: Regions, *, once: bool = True, known: Iterable[str] = ()
) -> Found:
    """
    Add the names of regions to the decisions in a folder of results, whoever else decides there.

    Parameters are those of `found`; when this returns they are on the disk.

    Raises
    ------
    BadSetting
        If the decisions that are there cannot be read, or contradict each other.
    BadFolder
        If they cannot be written.
    """
    with deciding(out):
        made = decisions.read(out)
        taken = found(album, regions, made, once=once, known=known)
        if taken.decisions:
            decisions.write(out, (*made, *taken.decisions))
    return taken


def _is_taken(each: Decision) -> bool:
    """Whether a decision was taken from a photo, and is nobody's own."""
    return each.kind == "name" and " region in " in dict(each.notes).get(FROM, "")


def _matched(album: Album, regions: Regions) -> tuple[list[tuple[int, FaceRegion]], int]:
    """Return which sighting each region is of, photo by photo, best first; and how many of none."""
    of_photo: dict[str, list[FaceRegion]] = {}
    for path, digest in zip(album.photos["path"], album.photos["photo_digest"], strict=True):
        there = of_photo.setdefault(digest, [])
        # Files of one picture may each have the regions.
        mine = regions.get(path, PhotoRegions()).regions
        there += [each for each in mine if not any(_one(each, other) for other in there)]
    rows_of: dict[str, list[int]] = {}
    digests = album.sightings["photo_digest"].to_list()
    for row in album.kept.tolist():
        rows_of.setdefault(digests[row], []).append(row)
    places = album.sightings[_BOX].to_numpy(dtype=np.float64).reshape(-1, 4)
    pairs: list[tuple[int, FaceRegion]] = []
    alone = 0
    for digest, there in of_photo.items():
        if not there:
            continue
        rows = rows_of.get(digest, [])
        seen = places[rows]
        drawn = np.array([_edges(each) for each in there], dtype=np.float64)
        shared = boxes.overlap(seen, drawn)
        fits = boxes.either_centred(seen, drawn) & (shared >= OVERLAP)
        best = boxes.best_first(shared, fits)
        pairs += [(rows[row], there[place]) for row, place in best]
        alone += len(there) - len(best)
    return pairs, alone


def _one(region: FaceRegion, other: FaceRegion) -> bool:
    return (region.name, region.box) == (other.name, other.box)


def _edges(region: FaceRegion) -> tuple[int, int, int, int]:
    return region.box.left, region.box.top, region.box.right, region.box.bottom


def _fitting(
    album: Album,
    wanted: Sequence[tuple[int, str, FaceRegion]],
    decided: Decided,
    own: Decided,
    *,
    once: bool,
    replace: bool,
) -> tuple[list[Decision], int, list[tuple[int, str, str]]]:
    """Return what goes together, how many are there already, and what was left and why."""
    words, before = album.words, decided.names
    renamed = {row for row, name, _ in wanted if replace and before.get(row, name) != name}
    families = _Families(own)
    in_photo: dict[tuple[str, str], int] = {}
    digests = album.sightings["photo_digest"].to_list()
    for row, name in before.items():
        if row not in renamed:
            families.name(row, name)
            in_photo.setdefault((digests[row], name), row)
    new: list[Decision] = []
    kept = 0
    left: list[tuple[int, str, str]] = []
    for row, name, region in wanted:
        reason = ""
        if row in before and row not in renamed:
            kept += before[row] == name
            if before[row] != name:
                reason = f"it is called {printable(before[row])} by what is decided about others"
        elif once and in_photo.get((digests[row], name), row) != row:
            reason = (
                f"another {words.singular} in this photo has that name, and {words.nobody} is in "
                "one photo twice"
            )
        elif not families.name(row, name):
            reason = "it contradicts what you decided"
        else:
            in_photo[digests[row], name] = row
            note = ((FROM, region.source),)
            new.append(Decision("name", key_of(album, row), name=name, notes=note))
        if reason:
            left.append((row, name, reason))
    return new, kept, left


@dataclass
class _Families:
    """
    Sightings that are one individual by decision, each with at most one name.

    They begin with the user's own decisions, and are what `toolkit.curation.decisions.apply` would
    make of these and the names that were given since, asked one by one.
    """

    own: Decided
    _above: dict[int, int] = field(default_factory=dict)
    _foes: dict[int, set[int]] = field(default_factory=dict)
    _refused: dict[int, set[str]] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _heads: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one, other in self.own.must.tolist():
            self._join(self._top(one), self._top(other))
        for row, name in self.own.refused:
            self._refused.setdefault(self._top(row), set()).add(name)
        # Two that have two names are kept apart by their names.
        cannot, given = self.own.cannot, self.own.names
        names = {name: place for place, name in enumerate(dict.fromkeys(given.values()))}
        called = np.full(int(max(cannot.max(initial=0), *given, 0)) + 1, -1, dtype=np.int64)
        for row, name in given.items():
            called[row] = names[name]
        one, other = called[cannot[:, 0]], called[cannot[:, 1]]
        for first, second in cannot[(one < 0) | (other < 0) | (one == other)].tolist():
            self._foes.setdefault(self._top(first), set()).add(second)
            self._foes.setdefault(self._top(second), set()).add(first)

    def name(self, row: int, name: str) -> bool:
        """Give a sighting a name, unless that contradicts something; say whether it has it."""
        top = self._top(row)
        if self._names.get(top, name) != name or name in self._refused.get(top, ()):
            return False
        head = self._top(self._heads.get(name, row))
        if head != top:
            if self._apart(top, head):
                return False
            top = self._join(top, head)
        self._names[top] = name
        self._heads.setdefault(name, row)
        return True

    def _apart(self, one: int, other: int) -> bool:
        names = self._names.get(one), self._names.get(other)
        if None not in names and names[0] != names[1]:
            return True
        if names[1] in self._refused.get(one, ()) or names[0] in self._refused.get(other, ()):
            return True
        here, there = self._foes.get(one, set()), self._foes.get(other, set())
        few, root = (here, other) if len(here) <= len(there) else (there, one)
        return any(self._top(foe) == root for foe in few)

    def _join(self, one: int, other: int) -> int:
        if one == other:
            return one
        few, many = sorted((one, other), key=lambda top: len(self._foes.get(top, ())))
        self._above[few] = many
        self._foes.setdefault(many, set()).update(self._foes.pop(few, ()))
        self._refused.setdefault(many, set()).update(self._refused.pop(few, ()))
        if few in self._names:
            self._names[many] = self._names.pop(few)
        return many

    def _top(self, row: int) -> int:
        while (up := self._above.setdefault(row, row)) != row:
            self._above[row] = self._above[up]
            row = up
        return row
