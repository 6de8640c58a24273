"""
What somebody sorted by hand in the folders of a result, as decisions.

A folder that was renamed, a photo that was moved, deleted or put there says something about a
sighting; `propose` reads it, `keep` writes it down, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from toolkit.curation import decisions, edits
from toolkit.curation.decisions import Decision, plain
from toolkit.curation.history import Corrections
from toolkit.errors import BadFolder, BadSetting, UnreadablePhoto
from toolkit.files import whole_path
from toolkit.grouping import neighbours
from toolkit.grouping.assigners import GroupingAssigner, numbered_names
from toolkit.grouping.links import Labels
from toolkit.grouping.sighting_finder import key_of
from toolkit.locks import deciding
from toolkit.names import as_text, counted, folded, printable, safe_name, shows
from toolkit.photos.identity import identify
from toolkit.photos.opening import digest_of
from toolkit.records import SECONDS, Album
from toolkit.results import folder_changes, results_folder
from toolkit.results.folder_changes import FolderChanges, Owner
from toolkit.results.results_folder import LINK, ResultsFolder, Run, digest_in

# Says in a decision's own column where it came from.
FROM = decisions.FROM_FOLDERS

Look = Callable[[Sequence[Path]], Album]


@dataclass(frozen=True)
class Sync:
    """
    What was read from the folders.

    Attributes
    ----------
    made : tuple of Decision
        All decisions that are in force with it.
    said : tuple of str
        What somebody did, and what is made of it, a line each.
    changes : FolderChanges
        The files.
    examples : dict of str to str
        Photos of the user's own in somebody's folder, which are looked at with the others: the
        place, and the file's sha256.
    folders : dict of str to Owner
        Whose each folder is now.
    """

    made: tuple[Decision, ...]
    said: tuple[str, ...]
    changes: FolderChanges
    examples: Mapping[str, str]
    folders: Mapping[str, Owner]


class TablesUnreadable(BadFolder):
    """
    Something was done in the folders, and the tables that say who is in them cannot be read.

    Attributes
    ----------
    changes : FolderChanges
        What was done: folders renamed or deleted, and what can wait. What is lost is refused.
    """

    def __init__(self, changes: FolderChanges, reason: str) -> None:
        super().__init__(reason)
        self.changes = changes


def examples_in(out: Path) -> tuple[Path, ...]:
    """Return the photos of the user's own in somebody's folder that are still there."""
    try:
        told = ResultsFolder(out).record().get("examples")
    except BadFolder:
        return ()
    return paths_of(out, told if isinstance(told, dict) else {})


def paths_of(out: Path, examples: Iterable[object]) -> tuple[Path, ...]:
    """Return where the examples in a folder of results are, of those that are there."""
    places = [place for place in examples if isinstance(place, str)]
    theirs = folder_changes.theirs_of({"theirs": dict.fromkeys(places, "")})
    # From the root on: results are opened from any working folder.
    folder = whole_path(out)
    return tuple(path for place in theirs if (path := folder / place).is_file())


def propose(
    out: Path, look: Look | None = None, *, photos: str | Path | None = None
) -> Sync | None:
    """
    Read what somebody did in the folders since the last run; nothing is written.

    Parameters
    ----------
    out : Path
        The folder of results.
    look : callable, optional
        Looks at photos from elsewhere that were put into folders; without it they are left for
        later.
    photos : path, optional
        Where the album's photos are now, if they moved.

    Returns
    -------
    Sync or None
        None where nothing was done.

    Raises
    ------
    TablesUnreadable
        If its tables are damaged, or do not fit each other: `propose_anew` reads what can be read.
    BadFolder
        If it is no folder of results; or if its tables are damaged, and somebody moved or deleted
        copies since, which would be lost.
    BadSetting
        If its decisions cannot be read.
    """
    changes = folder_changes.read(out)
    if not (changes or changes.differs):
        return None
    try:
        run = results_folder.load(out, photos=photos)
    except BadFolder as error:
        _require_nothing_lost(out, changes)
        raise TablesUnreadable(changes, str(error)) from error
    return _Reading(out, changes, run, look).sync()


def _require_nothing_lost(out: Path, changes: FolderChanges) -> None:
    """Raise `BadFolder` where somebody did what says nothing without the tables."""
    lost = [*(place for place, _ in changes.moved), *changes.deleted]
    lost += [place for place in changes.followed if _top(place) in changes.merged]
    if lost:
        were = "1 copy was" if len(lost) == 1 else f"{len(lost):,} copies were"
        raise BadFolder(
            f"what was done in the folders of {out} would be lost: {were} moved or deleted there "
            f"({_shown(lost[0])}{' first' if lost[1:] else ''}), and the tables of the last run "
            "cannot be read. Bring back sightings.csv, photos.csv and encodings.npz as they were, "
            "or put the copies back, or sort into a new folder."
        )


def propose_anew(
    out: Path,
    changes: FolderChanges,
    run: Run,
    numbers: Labels | None,
) -> Sync:
    """
    Read what was done in the folders where the tables of the last run cannot be read.

    Whose a folder was is told by the photos that its files are copies of: who is in most of them
    now, and in fewest others.

    Parameters
    ----------
    out : Path
        The folder of results.
    changes : FolderChanges
        Of `TablesUnreadable`.
    run : Run
        What was found in the photos now, before what was done in the folders counts.
    numbers : numpy.ndarray or None
        Shape (n,), int64: the number of each sighting's individual; None where they have none.

    Raises
    ------
    BadFolder
        If it cannot be told whose a folder was.
    """
    recorded = ResultsFolder(out).files() or {}
    file_of = dict(
        zip(map(str, run.album.photos["photo_digest"]), run.album.file_digests, strict=True)
    )
    path_of = dict(
        zip(map(str, run.album.photos["photo_digest"]), run.album.photos["path"], strict=True)
    )
    photos_of: dict[str, set[str]] = {}
    number_of: dict[str, int] = {}
    for row, (name, photo) in enumerate(
        zip(run.names, run.album.sightings["photo_digest"], strict=True)
    ):
        if name is not None:
            photos_of.setdefault(name, set()).add(str(photo))
            number_of[name] = 0 if numbers is None else int(numbers[row])
    owners = dict(changes.owners)
    for top in (*changes.renamed, *changes.emptied):
        marks = {digest_in(mark) or mark for place, mark in recorded.items() if _top(place) == top}
        here = {
            photo
            for photo, file in file_of.items()
            if file in marks or f"{LINK}{whole_path(path_of[photo])}" in marks
        }
        known = {
            name: (len(photos & here), -len(photos - here))
            for name, photos in photos_of.items()
            if photos & here
        }
        best = max(known.values(), default=None)
        those = [name for name, value in known.items() if value == best]
        if len(those) > 1:
            raise BadFolder(
                f"whose the folder {_shown(top)} of {out} was cannot be told, as the tables of the "
                "last run cannot be read. Bring back sightings.csv, photos.csv and encodings.npz "
                "as they were, or the folder, or sort into a new one."
            )
        owners.pop(top, None)
        if those:
            owners[top] = Owner(those[0], number_of[those[0]])
    told = replace(changes, owners=owners, added=())
    found = _Reading(out, told, run, None).sync()
    if not changes.added:
        return found
    count = counted(len(changes.added), "photo", "photos")
    waits = f"{count} put into the folders: looked at in the next run"
    return replace(found, said=(*found.said, waits))


def keep(sync: Sync, out: Path) -> None:
    """
    Write down what `propose` read: the decisions, and that the folders are as they are.

    Raises
    ------
    BadFolder
        If it cannot be written.
    """
    with deciding(out):
        if sync.made != decisions.read(out):
            decisions.write(out, sync.made)
    folder = ResultsFolder(out)
    about = folder.record()
    changes = sync.changes
    about["folders"] = {
        top: {"name": owner.name, "number": owner.number} for top, owner in sync.folders.items()
    }
    about["added"] = [
        [changes.followed.get(place, place) for place in run]
        for run in folder.added(folder.files() or {})
    ]
    about["theirs"] = dict(changes.theirs)
    told = about.get("examples")
    before = folder_changes.theirs_of({"theirs": told if isinstance(told, dict) else {}})
    still = {place: mark for place, mark in before.items() if (out / place).is_file()}
    about["examples"] = {**still, **sync.examples}
    for own in ("program", "format", "files", "times"):
        about.pop(own, None)
    folder.write_record(changes.files, about)


class _Reading:
    def __init__(self, out: Path, changes: FolderChanges, run: Run, look: Look | None) -> None:
        self.out, self.changes, self.run, self.look = out, changes, run, look
        self.album = run.album
        self.words = self.album.words
        self.names = [*run.names]
        self.labels = run.labels
        self.by_group = run.mode == "autopilot"
        self.photo_of = dict(
            zip(self.album.file_digests, map(str, self.album.photos["photo_digest"]), strict=True)
        )
        self.digests = self.album.sightings["photo_digest"].to_numpy(dtype=object)
        self.corrections = Corrections(self.album)
        self.corrections.decisions = decisions.read(out)
        self.known = set(map(plain, self.corrections.decisions))
        self.said: list[str] = []
        self.examples: dict[str, str] = {}
        self.theirs = dict(changes.theirs)
        # Versions before this one did not say whose a folder is: the name says it.
        named = {safe_name(name): Owner(name) for name in run.names if name is not None}
        self.owners = dict(changes.owners or named)
        # Folders that are new, and those two of whom are one by their names.
        self.new: dict[str, Owner] = {}
        self.one: set[str] = set()
        # Folders that are no individual's, whatever is put there.
        self.nobodys = _nobodys(run) - set(self.owners)
        # Sightings that leave a folder: no other is said to be or not to be with one of them.
        self.leaving: dict[str, set[int]] = {}

    def sync(self) -> Sync:
        changes = self.changes
        # Who is gone, and whose folder's name is another's now, is not that other.
        replaced = [top for top in changes.emptied if top in changes.renamed.values()]
        for top in replaced:
            rows = self._rows(self.owners[top]) if top in self.owners else ()
            self._hide(top)
            for row in rows:
                self.names[row] = None
        self._rename_all()
        for top, other in changes.merged.items():
            self._merge(top, other)
        meant = [
            (place, now, self._meant(place, self._owner_of(now)))
            for place, now in (*changes.moved, *((place, "") for place in changes.deleted))
        ]
        for place, _, stands_for in meant:
            self.leaving.setdefault(_top(place), set()).update(stands_for)
        for place, now, stands_for in meant:
            self._leave(place, now, stands_for)
        for top in changes.emptied:
            if top not in replaced:
                self._hide(top)
        for place in changes.blocked:
            self.said.append(
                f"{_shown(place)} is no file now: its copy is not there, nothing is decided"
            )
        self._add()
        self._hold_together()
        kept = replace(changes, owners=self.owners, theirs=self.theirs)
        made, said = self.corrections.decisions, tuple(self.said)
        return Sync(made, said, kept, self.examples, self._folders())

    def _folders(self) -> dict[str, Owner]:
        """Return whose each folder is now."""
        gone = {*self.changes.merged, *self.changes.emptied, *self.one}
        taken = {*self.changes.renamed.values()}
        found = {
            self.changes.renamed.get(top, top): owner
            for top, owner in self.owners.items()
            if top not in gone and (top in self.changes.renamed or top not in taken)
        }
        return {**self.new, **found}

    # What is said

    def _decide(self, made: Sequence[Decision], said: str) -> None:
        """Take decisions in that are not in force yet; say what was done, in any case."""
        noted = [replace(each, notes=(FROM,)) for each in made if plain(each) not in self.known]
        if noted:
            self.corrections.add(edits.Gesture(tuple(noted), said))
            self.known |= set(map(plain, noted))
        self.said.append(said)

    def _rename_all(self) -> None:
        """Folders have other names: at once, as one may have the name that another had."""
        rows_of = {
            top: self._rows(self.owners[top]) for top in self.changes.renamed if top in self.owners
        }
        for top, name in self.changes.renamed.items():
            waiting = {
                row for other, rows in rows_of.items() if other != top for row in rows.tolist()
            }
            self._rename(top, name, rows_of.pop(top, np.zeros(0, dtype=np.int64)), waiting)

    def _rename(self, top: str, name: str, rows: Labels, waiting: set[int]) -> None:
        owner = self.owners.get(top)
        if owner is None:
            self.said.append(f"{_shown(top)} is called {_shown(name)} now")
            return
        if not self.by_group:
            # Who somebody is follows from the examples: the folder alone has another name.
            self.said.append(f"the folder of {_shown(owner.name)} is {_shown(name)}")
            return
        if name.startswith("."):
            self.said.append(
                f"the folder of {_shown(owner.name)} is {_shown(name)}, which is hidden: that is "
                "no name, nothing is decided"
            )
            return
        text = self._text(name)
        if not len(rows):
            self.owners[top] = Owner(text, owner.number)
            return
        names = [None if row in waiting else each for row, each in enumerate(self.names)]
        group = int(self.labels[rows[0]])
        there = edits.called(self.labels, names, text)
        gesture = edits.name(
            *(self.album, self.labels, names, group, text),
            decided=decisions.apply(self.corrections.decisions, self.album),
        )
        said = f"{_shown(owner.name)} is {_shown(text)}"
        if there is not None and there != group:
            # Of one name but for case: as if it was typed.
            text = str(names[int(np.flatnonzero(self.labels == there)[0])])
            said = (
                f"{_shown(owner.name)} is {_shown(text)}: the two are one {self.words.individual}"
            )
            self.one.add(top)
        self._decide(gesture.decisions, said)
        for row in rows.tolist():
            self.names[row] = text
        self.owners[top] = Owner(text, owner.number)

    def _text(self, top: str) -> str:
        """Return what the name of a folder calls somebody; where it cannot, the nearest."""
        try:
            return edits.cleaned(top)
        except BadSetting as error:
            text = _as_name(top)
            self.said.append(
                f"the folder {_shown(top)} cannot be a name ({error}): {_shown(text)} is taken"
            )
            return text

    def _merge(self, top: str, other: str) -> None:
        one, two = self.owners.get(other), self.owners.get(top)
        if one is None or two is None:
            return
        rows, more = self._rows(one), self._rows(two)
        if not len(rows) or not len(more):
            return
        said = f"{_shown(one.name)} and {_shown(two.name)} are one {self.words.individual}"
        if self.by_group:
            gesture = edits.merge(
                *(self.album, self.labels, self.names),
                *(int(self.labels[rows[0]]), int(self.labels[more[0]])),
                decided=decisions.apply(self.corrections.decisions, self.album),
            )
            self._decide(gesture.decisions, said)
        else:
            self._decide([self._named(row, one.name) for row in more.tolist()], said)

    def _leave(self, place: str, now: str, rows: Sequence[int]) -> None:
        """
        A photo was moved out of somebody's folder into another's, or deleted there.

        `rows` are the sightings that it stands for: one, but in several frames of a clip.
        """
        owner, to = self.owners.get(_top(place)), self._owner_of(now)
        photo = _shown(PurePosixPath(place).name)
        where = f"moved to {_shown(_top(now))}" if now else "deleted"
        if to is None and _top(now) in self.nobodys:
            # It is taken away from somebody, as if it was deleted there.
            now = ""
        if not rows or (owner is None and not now):
            if owner is not None or to is not None:
                self.said.append(
                    f"{photo} in {_shown(_top(place))} was {where}: no {self.words.singular} in "
                    "it is meant, nothing is decided"
                )
            return
        made, parts = [], []
        if owner is not None:
            both = [self._not(row, owner, _top(place)) for row in rows]
            apart, alone = [each for found, _ in both for each in found], both[0][1]
            made += apart
            if alone and not now:
                made.append(Decision("hide", key_of(self.album, rows[0]), name=self._call(owner)))
                parts.append(f"{_shown(owner.name)} is hidden: it was the only photo")
            elif apart:
                parts.append(f"not {_shown(owner.name)}")
        if now:
            made += [each for row in rows for each in self._is(row, to, _top(now))]
            parts.append(f"{_shown(to.name if to else _top(now))}")
        if not now and owner is not None and apart and not alone:
            parts = [
                f"its {self.words.singular} is not {_shown(owner.name)}, and may get a folder of "
                "its own"
            ]
        several = len(np.flatnonzero(self.digests == self.digests[rows[0]])) > len(rows)
        which = f" (of several, the {self.words.singular} that is nearest)" if several else ""
        if len(rows) > 1:
            which = f" (in all {len(rows)} frames of the clip that show it)"
        made = [*dict.fromkeys(made)]
        self._decide(made, f"{photo} was {where}: {', '.join(parts)}{which}")

    def _not(self, row: int, owner: Owner, top: str) -> tuple[list[Decision], bool]:
        """Return what says that a sighting is not somebody, and whether nobody else is left."""
        rest = np.array(
            [each for each in self._rows(owner) if each not in self.leaving.get(top, ())],
            dtype=np.int64,
        )
        sighting = key_of(self.album, row)
        if not len(rest):
            # Nobody is left to be apart from, unless the name is known from elsewhere.
            return ([] if self.by_group else [Decision("not", sighting, name=owner.name)]), True
        if not self.by_group:
            return [Decision("not", sighting, name=owner.name)], False
        middle = key_of(self.album, edits.central(self.album, rest))
        made = [Decision("different", sighting, middle)]
        if len(self.leaving.get(top, ())) >= len(rest) and owner.number:
            # The number stays with those who are left, though more may leave.
            made.append(Decision("not", sighting, name=self._call(owner)))
        held = decisions.apply(self.corrections.decisions, self.album).names
        if held.get(row) == owner.name:
            # The name was this sighting's: the others keep it.
            made[0] = Decision("name", middle, name=owner.name)
            made.append(Decision("not", sighting, name=owner.name))
        return made, False

    def _is(self, row: int, to: Owner | None, top: str) -> list[Decision]:
        """Return what says that a sighting is somebody, or somebody new."""
        if to is None:
            return [self._named(row, self._newcomer(top).name)]
        rows = self._rows(to)
        stays = np.array([r for r in rows if r not in self.leaving.get(top, ())], dtype=np.int64)
        if not self.by_group or not len(stays):
            return [self._named(row, to.name)]
        middle = edits.central(self.album, stays)
        sighting = key_of(self.album, row)
        made = [Decision("same", sighting, key_of(self.album, middle))]
        # A number is no name that a later decision could replace.
        before = plain(Decision("not", sighting, name=self._call(to)))
        self.corrections.decisions = tuple(
            each for each in self.corrections.decisions if plain(each) != before
        )
        self.known.discard(before)
        own = decisions.apply(self.corrections.decisions, self.album).names.get(row)
        if own is not None and own != to.name:
            # The name that it had elsewhere is not taken along.
            made.insert(0, Decision("not", sighting, name=own))
        return made

    def _newcomer(self, top: str) -> Owner:
        """Return who has a folder that is new."""
        if top not in self.new:
            self.new[top] = Owner(self._text(top))
        return self.new[top]

    def _hide(self, top: str) -> None:
        owner = self.owners.pop(top, None)
        rows = self._rows(owner) if owner is not None else np.zeros(0, dtype=np.int64)
        if owner is None or not len(rows):
            self.said.append(f"the folder {_shown(top)} was deleted: nothing is decided")
            return
        middle = key_of(self.album, edits.central(self.album, rows))
        hidden = Decision("hide", middle, name=self._call(owner))
        self._decide([hidden], f"the folder {_shown(top)} was deleted: it is hidden")

    def _add(self) -> None:
        """Photos were put into folders: of the album, or from elsewhere."""
        here: list[tuple[str, str]] = []
        elsewhere: list[tuple[str, str]] = []
        for place, mark in self.changes.added:
            photo = self._photo(mark, place)
            (here if photo else elsewhere).append((place, mark))
        for place, mark in here:
            self.theirs[place] = mark
            if self._owner_of(place) is None and _top(place) in self.nobodys:
                continue
            rows = np.flatnonzero(self.digests == self._photo(mark, place))
            free = np.array([row for row in rows if self.names[row] is None], dtype=np.int64)
            to, name = self._owner_of(place), _shown(PurePosixPath(place).name)
            where = _shown(_top(place))
            if not len(free):
                self.said.append(
                    f"{name} was put into {where}: each {self.words.singular} in it has a folder, "
                    "nothing is decided"
                )
                continue
            row = self._nearest(free, to)
            self._decide(self._is(row, to, _top(place)), f"{name} was put into {where}: is {where}")
        if not elsewhere:
            return
        if self.look is None:
            count = counted(len(elsewhere), "photo from elsewhere", "photos from elsewhere")
            self.said.append(f"{count} in the folders: looked at in the next run")
            return
        self._examples(elsewhere, self.look([self.out / place for place, _ in elsewhere]))

    def _examples(self, places: Sequence[tuple[str, str]], seen: Album) -> None:
        paths = seen.photos["path"].map(lambda path: str(whole_path(path))).to_list()
        digest_at = dict(zip(paths, seen.photos["photo_digest"], strict=True))
        digests = seen.sightings["photo_digest"].to_numpy(dtype=object)
        for place, mark in places:
            name, top = _shown(PurePosixPath(place).name), _top(place)
            photo = digest_at.get(str(whole_path(self.out / place)))
            if photo is None:
                continue
            self.theirs[place] = self.examples[place] = mark
            if self._owner_of(place) is None and top in self.nobodys:
                continue
            rows = np.flatnonzero(digests == photo)
            if not len(rows):
                self.said.append(
                    f"{name} was put into {_shown(top)}: no {self.words.singular} found"
                )
                continue
            to = self._owner_of(place)
            row = self._nearest_of(seen, rows, to)
            if to is None:
                to = self._newcomer(top)
            made = [Decision("name", key_of(seen, row), name=to.name)]
            mine = self._rows(to)
            if len(mine) and self.by_group:
                # Two of one name are one: the others need the name by decision, too.
                middle = key_of(self.album, edits.central(self.album, mine))
                made.insert(0, Decision("name", middle, name=to.name))
            self._decide(made, f"{name} was put into {_shown(top)}: an example of {_shown(top)}")

    def _hold_together(self) -> None:
        """Where others would leave a folder together with one that was taken out, hold them."""
        if not self.by_group or not self.leaving:
            return
        assigner = GroupingAssigner(results_folder.settings_of(self.run))
        # Held, one lets another go: until none does, or all are held.
        for _ in range(len(self.album)):
            made = self.corrections.decisions
            album = decisions.masked(self.album, made)
            held = decisions.apply(made, album)
            found = assigner.assign(album, held).details["clustering"].labels
            ties = [tie for top in self.leaving for tie in self._ties(top, found)]
            if not ties:
                return
            self.corrections.add(edits.Gesture(tuple(ties), "the others stay together"))

    def _ties(self, top: str, found: Labels) -> list[Decision]:
        """Return what holds those together who stay in a folder, by what they are in now."""
        owner = self.owners.get(top)
        if owner is None:
            return []
        rest = [row for row in self._rows(owner) if row not in self.leaving[top]]
        if not rest:
            return []
        middle = edits.central(self.album, np.array(rest, dtype=np.int64))
        key = key_of(self.album, middle)
        return [
            Decision("same", key_of(self.album, row), key, notes=(FROM,))
            for row in rest
            if found[row] >= 0 and found[row] != found[middle]
        ]

    # Who is meant

    def _owner_of(self, place: str) -> Owner | None:
        """Return whose folder a file is in now; None for a new one, or for no file."""
        top = _top(place)
        before = {now: was for was, now in self.changes.renamed.items()}
        if top in before:
            return self.owners.get(before[top])
        if top in self.owners and top not in self.changes.renamed:
            return self.owners[top]
        # A name that is somebody's but for case is that one's, as if it was typed.
        every = (*self.owners.values(), *self.new.values())
        return next((each for each in every if folded(each.name) == folded(top)), None)

    def _rows(self, owner: Owner) -> Labels:
        """Return the sightings of somebody, without those left out."""
        rows: Labels = np.flatnonzero([name == owner.name for name in self.names])
        return rows

    def _photo(self, mark: str, place: str) -> str:
        """Return the digest of the album's photo that a file is; empty for none."""
        if mark.startswith(LINK):
            target = str(whole_path((self.out / place).parent / mark[len(LINK) :]))
            for path, digest in zip(
                self.album.photos["path"], self.album.photos["photo_digest"], strict=True
            ):
                if str(whole_path(path)) == target:
                    return str(digest)
        try:
            digest = digest_in(mark) or digest_of(self.out / place)
            if digest in self.photo_of:
                return self.photo_of[digest]
            photo = identify(self.out / place).photo
        except UnreadablePhoto:
            return ""
        return photo if photo in set(self.digests) else ""

    def _meant(self, place: str, to: Owner | None) -> tuple[int, ...]:
        """
        Return the sighting that a photo in somebody's folder stands for; none where it is unknown.

        A clip stands for all in it that are that individual.
        """
        owner = self.owners.get(_top(place))
        mark = ResultsFolder(self.out).files() or {}
        photo = self._photo(mark.get(place, ""), place)
        here = np.flatnonzero(self.digests == photo)
        if owner is not None:
            rows = [row for row in here if self.names[row] == owner.name]
        else:
            doubts = self.run.doubts
            rows = [row for row in here if self.names[row] is None or row in doubts]
        if rows and owner is not None and self._in_clip(int(rows[0])):
            return tuple(map(int, rows))
        return (self._nearest(np.array(rows, dtype=np.int64), to or owner),) if rows else ()

    def _in_clip(self, row: int) -> bool:
        table = self.album.sightings
        return SECONDS in table and bool(table[SECONDS].iloc[row])

    def _nearest(self, rows: Labels, to: Owner | None) -> int:
        return self._nearest_of(self.album, rows, to)

    def _nearest_of(self, album: Album, rows: Labels, to: Owner | None) -> int:
        """Return the sighting, of some, that is nearest to somebody's; the largest for nobody's."""
        mine = self._rows(to) if to is not None else np.zeros(0, dtype=np.int64)
        if len(mine) and len(rows) > 1 and album.encoder.metric != "pairs":
            if album is self.album:
                table = neighbours.of(album).table(rows, mine)
            else:
                both = np.concatenate([album.encodings[rows], self.album.encodings[mine]])
                far = neighbours.VectorDistances(both, album.encoder.metric, album.encoder.linkage)
                first = np.arange(len(rows))
                table = far.table(first, len(rows) + np.arange(len(mine)))
            return int(rows[table.mean(axis=1).argmin()])
        box = album.sightings[["left", "top", "right", "bottom"]].to_numpy()[rows]
        area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
        return int(rows[area.argmax()])

    def _named(self, row: int, name: str) -> Decision:
        return Decision("name", key_of(self.album, row), name=name)

    def _call(self, owner: Owner) -> str:
        """Return what somebody is known by for good: the number where there is one."""
        if not self.by_group or not owner.number:
            return owner.name
        return str(numbered_names(np.array([owner.number]), self.words)[0])


def _nobodys(run: Run) -> set[str]:
    """Return what the folders that are no individual's are called, where there may be several."""
    try:
        settings = results_folder.settings_told(run)
    except BadSetting:
        return set()
    if settings.unsure_by_worth and not settings.unsorted:
        return {safe_name(settings.unsure)}
    if not settings.unsorted or not (settings.aside or settings.unsure):
        return set()
    return {safe_name(name) for name in (settings.unsorted, settings.unsure, *settings.aside)}


def _as_name(top: str) -> str:
    """Return what is nearest to the name of a folder that cannot be a person's."""
    text = "".join(letter if shows(letter) else "_" for letter in as_text(top))
    return edits.cleaned(safe_name(text))


def _top(place: str) -> str:
    return place.partition("/")[0]


def _shown(text: str) -> str:
    return printable(text)
