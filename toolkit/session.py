"""An album in hand: what was seen, what the user decided, and who is who by that."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from toolkit import modes
from toolkit.curation import decisions, edits, history, questions
from toolkit.curation.decisions import Decision
from toolkit.curation.history import Corrections, Gesture
from toolkit.curation.questions import Queue
from toolkit.errors import BadSetting
from toolkit.evaluation.audit import numbered
from toolkit.files import folder_at
from toolkit.grouping import naming, thresholds, uncertainty
from toolkit.grouping.assigners import numbered_names
from toolkit.grouping.constraints import Decided
from toolkit.grouping.identification import References
from toolkit.grouping.links import Labels
from toolkit.grouping.uncertainty import Sides
from toolkit.modes import Looked
from toolkit.names import counted
from toolkit.progress import Progress
from toolkit.records import Album
from toolkit.results import export, exporting
from toolkit.results.result import AutopilotResult, PointAndShootResult
from toolkit.results.results_folder import settings_of
from toolkit.settings import ComparingSettings, GroupingSettings
from toolkit.subjects.settings import declared

AnySettings = GroupingSettings | ComparingSettings


class Session:
    """
    An album that is being sorted, corrected and exported; each correction sorts it anew.

    It is for one user at a time: while one method sorts, plans or copies, another that would is
    refused (`BadSetting`), so that nothing is copied otherwise than it was planned.

    Parameters
    ----------
    looked : Looked
        What was seen.
    settings : GroupingSettings or ComparingSettings
        How to sort.
    references : References, optional
        The known individuals; without them, the individuals are found by grouping.
    out : path, optional
        The folder of results that decisions are read from and kept in; without one they last as
        long as this object.
    earlier : Corrections, optional
        Those of an earlier look, to go on with.

    Attributes
    ----------
    looked, settings, references : as given
    corrections : Corrections
        What was decided so far.
    result : AutopilotResult or PointAndShootResult
        Who is who, by all that.

    Raises
    ------
    BadFolder, BadSetting
        If decisions cannot be read, results cannot go to `out`, or the mode is the other one.
    """

    def __init__(
        self,
        looked: Looked,
        settings: AnySettings,
        *,
        references: References | None = None,
        out: str | Path | None = None,
        earlier: Corrections | None = None,
    ) -> None:
        if isinstance(settings, ComparingSettings) != (references is not None):
            raise BadSetting(
                "settings and references are of two modes; expected those of point-and-shoot "
                "with references, or those of autopilot without"
            )
        self.looked, self.settings, self.references = looked, settings, references
        self._lock = threading.Lock()
        # A copy: where this fails, those of the earlier look are as they were.
        self.corrections = copy.copy(earlier) if earlier else Corrections(looked.album)
        self.corrections.album = looked.album
        if out is not None:
            self.corrections.keep_in(self._target(out))
        self.result = self._sorted(self.corrections.decisions)

    @property
    def album(self) -> Album:
        """The sightings that were not ignored; rows of cards and labels are rows of it."""
        return self.result.album

    @property
    def names(self) -> tuple[str | None, ...]:
        """Who each of these sightings is."""
        return self.result.names

    @property
    def labels(self) -> Labels:
        """Shape (n,), int64: a number for the name of each sighting, -1 for none that is known."""
        return numbered(self.names)

    @property
    def decided(self) -> Decided:
        """What was decided about these sightings."""
        made = [each for each in self.corrections.decisions if each.kind != "ignore"]
        return decisions.apply(made, self.album)

    @property
    def everybody(self) -> tuple[str | None, ...]:
        """Who each sighting of ``looked.album`` is; its rows no correction changes."""
        who: list[str | None] = [None] * len(self.looked.album)
        for row, name in zip(self.scanned_rows.tolist(), self.names, strict=True):
            who[row] = name
        return tuple(who)

    @property
    def scanned_rows(self) -> Labels:
        """Shape (n,), int64: the row in ``looked.album`` of each sighting of `album`."""
        count = len(self.looked.album)
        if len(self.album) == count:
            return np.arange(count)
        made = [each for each in self.corrections.decisions if each.kind == "ignore"]
        ignored = decisions.apply(made, self.looked.album).ignored
        found: Labels = np.setdiff1d(np.arange(count), ignored)
        return found

    def row_of(self, sighting: int) -> int:
        """Return the row in `album` of one of ``looked.album``, unless it is ignored."""
        row = int(np.searchsorted(self.scanned_rows, sighting))
        if row == len(self.album) or self.scanned_rows[row] != sighting:
            raise BadSetting(
                f"that {self.album.words.singular} is left out already; press Undo to have it back"
            )
        return row

    def rows(self, name: str) -> Labels:
        """Return the sightings with a name; `BadSetting` if none has it any more."""
        found: Labels = np.flatnonzero([each == name for each in self.names])
        if not len(found):
            raise BadSetting(
                f"{self.album.words.nobody} is called {name!r} any more; look at the page again"
            )
        return found

    def set(self, settings: AnySettings) -> None:
        """Sort with other settings; `BadSetting` if they ask for another look at the photos."""
        if self.needs_another_look(settings):
            raise BadSetting(
                f"these settings change which {self.album.words.plural} are found; look at "
                "the photos again (Start)"
            )
        if settings == self.settings:
            return
        with self._alone():
            before, self.settings = self.settings, settings
            try:
                self.result = self._cut(before) or self._sorted(self.corrections.decisions)
            except Exception:
                self.settings = before
                raise

    def needs_another_look(self, settings: AnySettings) -> bool:
        """Whether settings differ from these in what is seen, not only in how it is grouped."""
        return self.grouped_as(settings) != settings

    def grouped_as(self, settings: AnySettings) -> AnySettings:
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
            target = self._target(out)
            self._change(
                self.corrections.joined_with(target), lambda: self.corrections.keep_in(target)
            )

    def rename(self, name: str, text: str) -> str:
        """Name an individual; with the name of another, the two become one. Say what was done."""
        rows = self.rows(name)
        # A name found by references is each sighting's own; a group has one by any sighting of it.
        whom = int(self.labels[rows[0]]) if self.references is None else rows
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
        if self.references is not None:
            return self.rename(other, name)
        one, two = (int(self.labels[self.rows(each)[0]]) for each in (name, other))
        return self.do(
            history.merge(self.album, self.labels, self.names, one, two, decided=self.decided)
        )

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
        known = () if self.references is None else self.references.names
        before, place = self.everybody, int(self.scanned_rows[row])
        said = self.do(
            history.not_this_individual(
                self.album, self.labels, self.names, row, decided=self.decided, known=known
            )
        )
        along = edits.taken_along(before, self.everybody, place)
        if not along:
            return said
        others = counted(
            along, f"other {self.album.words.singular}", f"other {self.album.words.plural}"
        )
        return f"{said}; {others} most like it went along. Undo takes it all back"

    def ignore(self, row: int) -> str:
        """Leave a sighting out."""
        return self.do(
            history.ignore(self.album, self.labels, self.names, row, decided=self.decided)
        )

    def do(self, gesture: Gesture) -> str:
        """
        Take a gesture in, keep it, and sort by it; say what was done, without a full stop.

        Where it cannot be sorted by, nothing has changed.
        """
        with self._alone():
            self._change(self.corrections.tried(gesture), lambda: self.corrections.add(gesture))
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
        result = self._sorted(wanted)
        keep()
        if self.corrections.decisions != tuple(wanted):
            # Somebody else decided in this very moment.
            result = self._sorted(self.corrections.decisions)
        self.result = result

    def queue(self, *, goal: float = 0.99, leave_out: Sequence[tuple[int, int]] = ()) -> Queue:
        """Return the questions that settle the most, best first: `toolkit.curation.questions`."""
        return questions.queue(
            self.album,
            self.labels,
            names=self.names,
            decided=self.decided,
            goal=goal,
            leave_out=leave_out,
        )

    def plan(self, out: str | Path) -> pd.DataFrame:
        """
        Say which photo would go where; nothing is written.

        Decisions that `out` holds are joined with those made here, as `export` would do.
        """
        with self._alone():
            target = self._target(out)
            return self._sorted(self.corrections.joined_with(target), target).plan

    def export(
        self,
        out: str | Path,
        *,
        replace: bool = False,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> AutopilotResult | PointAndShootResult:
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
                self._change(
                    self.corrections.joined_with(target), lambda: self.corrections.keep_in(target)
                )
                self.result = exporting.write_result(
                    self.result, target, replace=replace, progress=progress, stop=stop
                )
            return self.result

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
        group = -1 if self.references is not None else labels[self.rows(name)[0]]
        return uncertainty.sides(
            self.album,
            np.where((labels == group) & (labels >= 0), labels, -1),
            must_link=self.decided.must,
        )

    def _cut(self, before: AnySettings) -> AutopilotResult | None:
        """Sort by another threshold alone: the joins are known, and each is made or not."""
        result, asked = self.result, self.settings
        if not isinstance(result, AutopilotResult) or result.tree is None:
            return None
        if replace(before, threshold=asked.threshold) != asked:
            return None
        calibration = self.album.encoder.calibration
        chosen = (
            thresholds.of_tree(result.tree, calibration, words=self.album.words)
            if asked.threshold == "auto"
            else thresholds.given(asked.threshold, result.tree, calibration)
        )
        found = result.tree.cut(chosen.value)
        names = naming.name_groups(
            found.labels, numbered_names(found, self.album.words), self.decided.names
        )
        settings = cast(GroupingSettings, asked)
        return replace(result, settings=settings, chosen=chosen, clustering=found, names=names)

    def _sorted(
        self, made: Sequence[Decision], out: Path | None = None
    ) -> AutopilotResult | PointAndShootResult:
        if self.references is not None:
            settings = cast(ComparingSettings, self.settings)
            return modes.point_and_shoot_of(
                self.looked, self.references, out, settings=settings, decided=made
            )
        grouping = cast(GroupingSettings, self.settings)
        return modes.autopilot_of(self.looked, out, settings=grouping, decided=made)


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
    looked, run = modes.taken_up(out, photos=photos)
    return Session(looked, settings_of(run), out=out)
