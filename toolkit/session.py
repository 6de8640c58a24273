"""An album in hand: what was seen, what the user decided, and who is who by that."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from dataclasses import replace as changed
from pathlib import Path
from typing import Literal, cast

import numpy as np
import pandas as pd

from toolkit import modes
from toolkit.curation import decisions, drawn_boxes, edits, history, photo_names, questions
from toolkit.curation.decisions import Decision
from toolkit.curation.history import Corrections, Gesture
from toolkit.curation.questions import Queue
from toolkit.errors import BadFolder, BadSetting
from toolkit.evaluation.audit import numbered
from toolkit.files import folder_at
from toolkit.grouping import uncertainty
from toolkit.grouping.assigners import Assigner, GroupingAssigner, links_of
from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import Labels
from toolkit.grouping.sighting_finder import SightingKey, finder_of, key_of
from toolkit.grouping.uncertainty import Sides
from toolkit.locks import InUse
from toolkit.modes import Looked
from toolkit.names import counted, printable
from toolkit.progress import Progress
from toolkit.records import SIGHTING_ID, Album
from toolkit.results import earlier as earlier_results
from toolkit.results import export, exporting, results_folder
from toolkit.results.result import LITTLE, NOT_SURE, AnyResult, NamesTaken
from toolkit.results.undo import Undone, undo
from toolkit.settings import GroupingSettings, Settings
from toolkit.subjects.base import Subject
from toolkit.subjects.settings import declared

# Steps that can be taken back without sorting.
REMEMBERED = 2


class Session:
    """
    An album that is being sorted, corrected and exported; each correction sorts it anew.

    It is for one user at a time: while one method sorts, plans or copies, another that would is
    refused (`BadSetting`), so that nothing is copied otherwise than it was planned.

    Parameters
    ----------
    looked : Looked
        What was seen.
    assigner : Assigner
        Who gives each sighting a name: `toolkit.grouping.assigners.GroupingAssigner`, which finds
        the individuals, or `toolkit.grouping.assigners.ReferenceAssigner`, which knows some.
    out : path, optional
        The folder of results that decisions are read from and kept in; without one they last as
        long as this object.
    earlier : Corrections, optional
        Those of an earlier look, to go on with.

    Attributes
    ----------
    looked, assigner : as given
    corrections : Corrections
        What was decided so far.
    result : AutopilotResult or PointAndShootResult
        Who is who, by all that.

    Raises
    ------
    BadFolder, BadSetting
        If decisions cannot be read, or results cannot go to `out`.
    """

    def __init__(
        self,
        looked: Looked,
        assigner: Assigner,
        *,
        out: str | Path | None = None,
        earlier: Corrections | None = None,
    ) -> None:
        self.looked, self.assigner = looked, assigner
        self._lock = threading.Lock()
        # A copy: where this fails, those of the earlier look are as they were.
        self.corrections = copy.copy(earlier) if earlier else Corrections(looked.album)
        self.corrections.album = looked.album
        if out is not None:
            self.corrections.keep_in(self._target(out))
            self.assigner = self._following(self._target(out))
        self._names_taken = self._take_names()
        self._around: dict[frozenset[str], tuple[float, float]] | None = None
        self._done: tuple[str, ...] = ()
        # What was found by the decisions before.
        self._before: tuple[tuple[tuple[Decision, ...], Assigner, AnyResult], ...] = ()
        # Whether the folder of the decisions has what was found, and no copies.
        self._kept = False
        self.result = self._sorted(self.corrections.decisions)
        # The boxes that count in the album.
        self._boxed = drawn_boxes.found(self.corrections.decisions, looked.album)

    def say_done(self, said: Sequence[str]) -> None:
        """Have results say what was done in the folders since the run, until the next export."""
        if said:
            self._done = (*self._done, *said)
            self.result = changed(self.result, synced=self._done)

    @property
    def album(self) -> Album:
        """
        What was looked at, with the sightings ignored that decisions leave out.

        No decision changes its rows: rows of cards, names and labels are rows of it.
        """
        return self.result.album

    @property
    def settings(self) -> Settings:
        """How it is sorted."""
        return self.assigner.settings

    @property
    def names(self) -> tuple[str | None, ...]:
        """Who each of these sightings is; None for none that is known, or one that is ignored."""
        return self.result.names

    @property
    def labels(self) -> Labels:
        """Shape (n,), int64: a number for the name of each sighting, -1 for none."""
        return numbered(self.names)

    @property
    def decided(self) -> Decided:
        """What was decided about these sightings."""
        return decisions.apply(self.corrections.decisions, self.album)

    def around(self, first: int, second: int) -> str:
        """
        Say how many marks two sightings have in common, and what is around them; "" if unknown.

        Where there are more around them, it may be the background that is known again.
        """
        if self._around is None:
            table = self.looked.context
            rows = [] if table is None else list(table.itertuples(index=False, name=None))
            self._around = {frozenset(row[:2]): row[2:] for row in rows}
        ids = self.looked.album.sightings[SIGHTING_ID]
        marks, behind = self._around.get(
            frozenset((ids.iloc[first], ids.iloc[second])), (math.nan, math.nan)
        )
        if math.isnan(marks) or math.isnan(behind):
            return ""
        more = ", more than their own" if behind > marks else ""
        return f"{counted(int(marks), 'mark')} in common; {behind:,.0f} around them{more}"

    @property
    def linked(self) -> Decided:
        """What was decided, and what else makes sightings one individual: nobody asks about it."""
        decided = self.decided
        if not self.assigner.by_group:
            return decided
        settings = cast(GroupingSettings, self.settings)
        return replace(decided, must=links_of(self.album, settings, decided)[0])

    def rows(self, name: str) -> Labels:
        """Return the sightings with a name; `BadSetting` if none has it any more."""
        found: Labels = np.flatnonzero([each == name for each in self.names])
        if not len(found):
            raise BadSetting(
                f"{self.album.words.nobody} is called {name!r} any more; look at the page again"
            )
        return found

    def set(self, settings: Settings, *, keep: bool = True) -> None:
        """
        Sort with other settings.

        Parameters
        ----------
        settings : Settings
            Of the same mode.
        keep : bool
            Whether the folder says so when this returns, which takes a while with many sightings;
            otherwise `keep_anew` is for the caller.

        Raises
        ------
        BadSetting
            If they ask for another look at the photos.
        """
        if self.needs_another_look(settings):
            raise BadSetting(
                f"these settings change which {self.album.words.plural} are found; look at "
                "the photos again (Start)"
            )
        if settings == self.settings:
            return
        with self._alone():
            before, self.assigner = self.assigner, self.assigner.with_settings(settings)
            try:
                found = self.assigner.recut(self.result.assigned, self.album, self.decided)
                self.result = (
                    self.result.holding(found, self.decided)
                    if found is not None
                    else self._sorted(self.corrections.decisions)
                )
            except Exception:
                self.assigner = before
                raise
            if keep:
                self._keep_anew()

    def keep_anew(self) -> None:
        """Have the folder in which the result is kept say what is found now."""
        with self._alone():
            self._keep_anew()

    def needs_another_look(self, settings: Settings) -> bool:
        """Whether settings differ from these in what is seen, not only in how it is grouped."""
        return self.grouped_as(settings) != settings

    def grouped_as(self, settings: Settings) -> Settings:
        """Return the settings with what others say of the grouping: fit for `set`."""
        known = {
            each.name: getattr(settings, each.name)
            for each in declared(type(self.settings))
            if not each.needs_new_look
        }
        return replace(self.settings, **known)

    def keep_in(self, out: str | Path) -> None:
        """Read the decisions of a folder of results, sort by them, and keep new ones there."""
        with self._alone():
            self._move_to(self._target(out))

    def rename(self, name: str, text: str) -> str:
        """Name an individual; with the name of another, the two become one. Say what was done."""
        rows = self.rows(name)
        # A name found by references is each sighting's own; a group has one by any sighting of it.
        whom = int(self.labels[rows[0]]) if self.assigner.by_group else rows
        return self.do(
            history.name(self.album, self.labels, self.names, whom, text, decided=self.decided)
        )

    def taken(self, name: str, text: str) -> str | None:
        """Return who else has that name already, so that a panel can ask before it joins them."""
        group = history.called(self.labels, self.names, text)
        if group is None:
            return None
        other = self.names[int(np.flatnonzero(self.labels == group)[0])]
        return None if other == name else other

    def merge(self, name: str, other: str) -> str:
        """Make two individuals one; the name of the first stays where both have one."""
        if not self.assigner.by_group:
            return self.rename(other, name)
        one, two = (int(self.labels[self.rows(each)[0]]) for each in (name, other))
        return self.do(
            history.merge(self.album, self.labels, self.names, one, two, decided=self.decided)
        )

    def hide(self, name: str) -> str:
        """Give an individual no folder, also as the album grows; `show` takes it back."""
        return self._hidden("hide", name, f"{name} is hidden: no folder in the next export")

    def show(self, name: str) -> str:
        """Give an individual that was hidden a folder again."""
        return self._hidden("show", name, f"{name} has a folder again")

    def _hidden(self, kind: Literal["hide", "show"], name: str, said: str) -> str:
        rows = self.rows(name)
        lasting = self.result.lasting_name(int(rows[0]))
        # About the very sightings that were hidden: wherever others go, it takes that back.
        keys = [
            each.sighting
            for each in self.corrections.decisions
            if kind == "show" and each.kind == "hide" and each.name in (name, lasting)
        ] or [key_of(self.album, edits.central(self.album, rows))]
        made = tuple(Decision(kind, key, name=lasting) for key in dict.fromkeys(keys))
        return self.do(Gesture(made, said))

    def sides(self, name: str) -> tuple[Labels, Labels] | None:
        """Propose the two sides of one that may be two; None where nothing can be split."""
        found = self._sides(name)
        return (found.first[0], found.second[0]) if len(found.group) else None

    def split(self, name: str) -> str:
        """Make an individual two, as `sides` proposes."""
        found = self._two_sides(name)
        group = int(found.group[0])
        return self.do(history.split(self.album, self.labels, self.names, found, group))

    def keep_together(self, name: str) -> str:
        """Say that the two sides that `sides` proposes are one individual after all."""
        found = self._two_sides(name)
        one, other, _ = uncertainty.nearest_pair(self.album, found.first[0], found.second[0])
        return self.do(history.same(self.album, self.names, one, other))

    def not_this_individual(self, row: int) -> str:
        """Take a sighting out of its group, for good; say how many others went along, too."""
        self._require_kept(row)
        before, known = self.names, self.assigner.known
        said = self.do(
            history.not_this_individual(
                self.album, self.labels, self.names, row, decided=self.decided, known=known
            )
        )
        along = edits.taken_along(before, self.names, row)
        if not along:
            return said
        others = counted(
            along, f"other {self.album.words.singular}", f"other {self.album.words.plural}"
        )
        return f"{said}; {others} most like it went along. Undo takes it all back"

    def ignore(self, row: int) -> str:
        """Leave a sighting out."""
        self._require_kept(row)
        return self.do(
            history.ignore(self.album, self.labels, self.names, row, decided=self.decided)
        )

    def _require_kept(self, row: int) -> None:
        if self.album.ignored[row]:
            raise BadSetting(
                f"that {self.album.words.singular} is left out already; press Undo to have it back"
            )

    @property
    def boxes(self) -> tuple[SightingKey, ...]:
        """The boxes that somebody drew around what was not found."""
        return drawn_boxes.keys(self.corrections.decisions)

    def add_box(self, key: SightingKey, name: str = "") -> str:
        """
        Draw a box around a sighting that was not found; say what was done.

        It counts after `look_anew`, or in the next run.
        """
        known = [each for each in set(self.names) - self.result.not_sure if each]
        return self.do(drawn_boxes.drawing(key, self.album.words, name=name, known=known))

    def remove_box(self, key: SightingKey) -> str:
        """Take a box out, with what was said of it; say what was done."""
        return self.do(drawn_boxes.taking_out(self.corrections.decisions, key))

    @property
    def looks_anew(self) -> bool:
        """Whether boxes can count without a run: pairs of sightings would have to be compared."""
        return self.looked.album.encoder.metric != "pairs"

    def shows(self, key: SightingKey) -> bool:
        """Whether the photo of a box is one of the album, and no example."""
        return bool((self.album.photos["photo_digest"] == key.photo).any())

    def joined(self, key: SightingKey) -> str:
        """Say who the sighting in a box is now, without a full stop."""
        words, file = self.album.words, printable(Path(key.path).name)
        row = finder_of(self.album)(key)
        if row is None:
            return f"the box in {file} holds nothing that could be looked at"
        who = f"The {words.singular} in {file}"
        name = self.names[row]
        if row in self.result.too_little:
            return f"{who} says {LITTLE}: {NOT_SURE}"
        if name is None:
            return f"{who} is {words.nobody} known"
        photos = self.album.sightings["photo_digest"].iloc[self.rows(name)].nunique()
        if photos == 1:
            return f"{who} is {name}, in no other photo"
        return f"{who} is {name}, with {counted(photos - 1, 'other photo')}"

    @property
    def due(self) -> frozenset[str]:
        """
        Digests of the photos in which boxes were drawn, or taken out, since they were looked at.

        None where sightings are compared in pairs: that takes a run.
        """
        if not self.looks_anew:
            return frozenset()
        return drawn_boxes.due(self.corrections.decisions, self._boxed, self.looked.album)

    def look_anew(self, subject: Subject | None = None) -> Session:
        """
        Look again at the photos that are `due`, and at no other.

        Parameters
        ----------
        subject : Subject, optional
            What to look for; as the settings say, if not given.

        Returns
        -------
        Session
            The album with what is in those photos now; its rows have other numbers. Steps can be
            taken back there as here.

        Raises
        ------
        BadSetting
            If a photo is gone, or another picture now.
        """
        with self._alone():
            made = self.corrections.decisions
            looked = modes.look_anew(
                self.looked, self.due, self.settings, subject=subject, decided=made
            )
            found = Session(
                looked, self.assigner, out=self.corrections.out, earlier=self.corrections
            )
            # What was looked for and is not there is not looked for again.
            found._boxed = frozenset(drawn_boxes.keys(made))
            found._kept = self._kept
            found.say_done(self._done)
        found._keep_anew()
        return found

    def do(self, gesture: Gesture) -> str:
        """
        Take a gesture in, keep it, and sort by it; say what was done, without a full stop.

        Where it cannot be sorted by, nothing has changed.
        """
        with self._alone():
            before = self.corrections.decisions, self.assigner, self.result
            self._change(self.corrections.tried(gesture), lambda: self.corrections.add(gesture))
            # To take it back takes no sorting.
            self._before = (*self._before, before)[-REMEMBERED:]
            return self.corrections.last

    def undo(self) -> str:
        """Take the last correction back; return what it was, "" where there was none."""
        with self._alone():
            said = ""

            def take_back() -> None:
                nonlocal said
                said = self.corrections.undo()

            self._change(self.corrections.undone(), take_back)
            return said

    def _change(self, wanted: Sequence[Decision], keep: Callable[[], object]) -> None:
        """Sort by decisions, and only where that succeeds keep them; then both hold."""
        result = self._sorted(wanted, self.result)
        keep()
        if self.corrections.decisions != tuple(wanted):
            # Somebody else decided in this very moment.
            result = self._sorted(self.corrections.decisions, self.result)
        self.result = result

    def queue(self, *, goal: float = 0.99, leave_out: Sequence[tuple[int, int]] = ()) -> Queue:
        """Return the questions that settle the most, best first: `toolkit.curation.questions`."""
        return questions.queue(
            self.album,
            self.labels,
            names=self.names,
            decided=self.linked,
            goal=goal,
            leave_out=leave_out,
            no_folder=self.result.not_sure,
        )

    def plan(self, out: str | Path) -> pd.DataFrame:
        """
        Say which photo would go where; nothing is copied.

        Decisions that `out` holds are joined with those made here, as `export` would do; what
        somebody did in its folders since the run is among them.
        """
        with self._alone():
            target = self._target(out)
            if (target / results_folder.RECORD).is_file():
                # Whoever is writing there reads what was done in the folders, too.
                with suppress(InUse), exporting.alone_in(target, "a plan from a panel"):
                    self._read_folders(target)
            made, assigner = self.corrections.joined_with(target), self._following(target)
            since = self.result
            return modes.assigned_by(self.looked, assigner, target, decided=made, since=since).plan

    def export(
        self,
        out: str | Path,
        *,
        keep_all: bool = False,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> AnyResult:
        """
        Copy the photos into a folder for each individual, and keep the decisions there from now on.

        Returns
        -------
        AutopilotResult or PointAndShootResult
            What was written: `not_copied` are photos that should have been copied and were not,
            `removed` and `kept` files of an earlier run, `not_reached` how many are to come.

        Raises
        ------
        BadFolder
            If results cannot go there; `toolkit.locks.InUse` if another run is writing there.
        """
        with self._alone():
            target = self._target(out)
            with exporting.alone_in(target, "an export from a panel"):
                self._read_folders(target)
                self._move_to(target)
                self._done = ()
                self.result = exporting.write_result(
                    self.result, target, keep_all=keep_all, progress=progress, stop=stop
                )
                # From now on, everybody has the number of now.
                self.assigner = self.assigner.following(getattr(self.result, "numbering", None))
            return self.result

    def _read_folders(self, target: Path) -> None:
        """Take what somebody did in the folders of results, which are held, for decisions."""
        _, said = modes.synced(target)
        if said and self.corrections.out == target:
            self._move_to(target)
        self.say_done(said)

    def _move_to(self, target: Path) -> None:
        """Go on with the decisions and the numbers of a folder of results."""
        before, self.assigner = self.assigner, self._following(target)
        try:
            self._change(
                self.corrections.joined_with(target), lambda: self.corrections.keep_in(target)
            )
        except Exception:
            self.assigner = before
            raise

    def _following(self, target: Path) -> Assigner:
        """Return the assigner, with the numbers of a folder of results where it holds any."""
        found = earlier_results.numbering(target) if self.assigner.by_group else None
        return self.assigner if found is None else self.assigner.following(found)

    def keep(self) -> bool:
        """
        Write what was found into the folder of the decisions, which is held already, and no copy.

        From then on everybody keeps the number of now; see
        `toolkit.results.exporting.keep_result`. Returns whether it was written.
        """
        out = self.corrections.out
        if out is None or not exporting.keep_result(self.result, out):
            return False
        self._kept = True
        self.assigner = self.assigner.following(getattr(self.result, "numbering", None))
        return True

    def kept_in(self, out: Path) -> None:
        """Say that a folder of results has what was found; of one with copies it is not kept up."""
        self._kept = self.corrections.out == out and not results_folder.ResultsFolder(out).files()

    def _keep_anew(self) -> None:
        """Have a folder in which a result is only kept say what is found now, with its settings."""
        out = self.corrections.out
        if not self._kept or out is None:
            return
        # Who writes there now has a result of its own, or exports this one.
        with suppress(BadFolder), exporting.alone_in(out, "a panel"):
            exporting.keep_result(self.result, out)

    def undo_export(
        self,
        out: str | Path,
        *,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Undone:
        """
        Take away what the last export, or run, put into a folder; decisions stay.

        What somebody did in its folders since is decided first.

        Raises
        ------
        BadFolder
            If there is nothing to undo; `toolkit.locks.InUse` if a run is writing there.
        """
        with self._alone():
            target = self._target(out)
            if (target / results_folder.RECORD).is_file():
                # What cannot be undone is refused below.
                with suppress(BadFolder), exporting.alone_in(target, "an undo from a panel"):
                    self._read_folders(target)
            undone = undo(target, photos=self.looked.folder, progress=progress, stop=stop)
            if self.result.out is not None and self.result.out == target:
                self.result = replace(self.result, out=None, run="", removed=(), kept=())
            return undone

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise BadSetting(
                "this album is being sorted or copied just now; press again when that is done"
            )
        try:
            yield
        finally:
            self._lock.release()

    def _target(self, out: str | Path) -> Path:
        """Return a folder for results; one that the photos are in is refused."""
        target = folder_at(out)
        if self.looked.folder is not None:
            export.check_out(target, photos=self.looked.folder, known=self.looked.known)
        return target

    def _two_sides(self, name: str) -> Sides:
        found = self._sides(name)
        if not len(found.group):
            raise BadSetting(
                f"{name} cannot be split here: open the photos, and take single "
                f"{self.album.words.plural} out"
            )
        return found

    def _sides(self, name: str) -> Sides:
        labels = self.labels
        # Individuals of references are no groups that could fall apart.
        group = labels[self.rows(name)[0]] if self.assigner.by_group else -1
        return uncertainty.sides(
            self.album,
            np.where((labels == group) & (labels >= 0), labels, -1),
            must_link=self.linked.must,
        )

    def _take_names(self) -> NamesTaken | None:
        """Take over the names that the photos have, as one step; None where they are not wanted."""
        regions, album = self.looked.regions, self.looked.album
        if regions is None:
            return None
        once = photo_names.once(album, self.settings)
        found = photo_names.found(
            album, regions, self.corrections.decisions, once=once, known=self.assigner.known
        )
        if found.decisions:
            number = album.words.count(len(found.decisions))
            self.corrections.add(Gesture(found.decisions, f"{number} named as in the photos"))
        return found.taken

    def _sorted(self, made: Sequence[Decision], since: AnyResult | None = None) -> AnyResult:
        for decided, assigner, result in reversed(self._before):
            if assigner is self.assigner and decided == tuple(made):
                return replace(result, names_taken=self._names_taken, synced=self._done)
        found = modes.assigned_by(self.looked, self.assigner, decided=made, since=since)
        return replace(found, names_taken=self._names_taken, synced=self._done)


def taken_up(out: str | Path, *, photos: str | Path | None = None) -> Session:
    """
    Go on with the folder of an earlier autopilot run, without looking at its photos again.

    Parameters
    ----------
    out : path
        The folder of results.
    photos : path, optional
        Where the photos are now, if they moved.

    Raises
    ------
    BadFolder
        If it is no such folder, or its files do not fit each other; or if none of its photos is
        where they were, or where `photos` says.
    BadSetting
        If it is of the other mode, or of a version whose settings are not known here.
    """
    folder = folder_at(out)
    # Whoever writes there reads what was done in the folders, too.
    said: tuple[str, ...] = ()
    with suppress(InUse), exporting.alone_in(folder, "opening a result"):
        _, said = modes.synced(folder)
    looked, run = modes.taken_up(out, photos=photos)
    session = Session(looked, GroupingAssigner(results_folder.settings_of(run)), out=out)
    session.say_done(said)
    session.kept_in(folder)
    return session
