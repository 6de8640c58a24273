"""Point-and-shoot without code: examples of known people, their photos, yes or no, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets

from toolkit import looking
from toolkit.grouping.identification import References
from toolkit.looking import Looked
from toolkit.progress import Progress
from toolkit.session import Session
from toolkit.settings import PointAndShootSettings
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets.background_work import Stopped, Tell, safe
from toolkit.widgets.examples_folder import PeopleChooser
from toolkit.widgets.matches_view import MatchesView
from toolkit.widgets.point_and_shoot_words import (
    GUIDANCE,
    NO_FACE,
    NOTHING_KEPT,
    WORDS,
    problems_html,
    summary,
)
from toolkit.widgets.settings_form import SettingsForm
from toolkit.widgets.sorting_panel import Folders, Sort, SortingPanel
from toolkit.widgets.threshold_line import LEAST, Choice
from toolkit.widgets.threshold_steps import STEP

Found = tuple[References, Looked]
Look = Callable[..., Found | None]


def look_for(
    photos_folder: str | Path,
    people: str | Path,
    out: str | Path | None = None,
    *,
    settings: PointAndShootSettings,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    subject: Subject | None = None,
) -> Found | None:
    """
    Read the examples of people, then look at photos; see `toolkit.looking`.

    Returns
    -------
    (References, Looked) or None
        None if it was stopped before all examples were read.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, holds no photo, or no example serves.
    """
    listed = looking.list_photos(photos_folder, out, people)
    subject = subject or registry.subject_for(settings)
    doing: dict[str, Any] = {"progress": progress, "stop": stop}
    references = looking.read_people(
        people, listed.folder, settings=settings, subject=subject, **doing
    )
    if references is None:
        return None
    return references, looking.look_at(listed, settings, subject, **doing)


class PointAndShootPanel(SortingPanel[PointAndShootSettings]):
    """
    The whole way of point-and-shoot.

    Gestures are methods: `start`, `cancel`, and those of its parts: `folder.choose`,
    `people.choose`, `form.fields`, `matches` (`open`, `back`, `show_doubtful`, `act`, `undo`,
    `move`, `to_automatic`), `export` (`show_plan`, `export`).

    Parameters
    ----------
    photos, people, out : path
        The folders to begin with; nothing is read or written before a button is pressed, but a look
        at how many photos there are, and of whom.
    settings : PointAndShootSettings, optional
        What the form begins with.
    look, sort : callable, optional
        What does the work: `look_for` and `toolkit.session.Session`.
    sample_folder : path, optional
        Where the button "Use the sample album" makes it; no button without one.
    """

    GUIDANCE = GUIDANCE
    SHOWN, SORTING, READING = "matches", "matching", "reading the folders"

    def __init__(
        self,
        photos: str | Path = "",
        people: str | Path = "",
        out: str | Path = "",
        *,
        settings: PointAndShootSettings | None = None,
        look: Look = look_for,
        sort: Sort = Session,
        sample_folder: str | Path | None = None,
    ) -> None:
        self._look = look
        form = SettingsForm(settings or PointAndShootSettings())
        # The places of the slider by the line.
        form.threshold.step = STEP
        form.threshold.min = min(LEAST, form.threshold.min)
        super().__init__(photos, out, form, sort=sort, sample_folder=sample_folder)
        self.people = PeopleChooser(str(people))
        self.problems = ipywidgets.HTML()
        self.matches = MatchesView(
            changed=self._corrected, chosen=self._line_moved, hindered=self._hindered
        )
        self.people.observe(lambda _: self._show(), names="value")
        self.export.work.observe(self._export_worked, names="state")
        self._lay_out(
            self.matches,
            self.folder,
            self.people,
            # The same field stands in the export: answers are kept there from the start.
            self.export.out,
            self.form,
            self.start_button,
            self.work,
            self.later,
            self.problems,
            css_class="sightings-point-and-shoot",
        )

    def start(self) -> None:
        """Read the examples and look at the photos, unless other work is under way."""
        if self.state == "running" or self.export.work.busy:
            self.later.mend("other work is under way; press Start when it is done")
        else:
            super().start()

    def wait(self, timeout: float | None = 60.0) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        done = self.work.wait(timeout)
        self.matches.wait(timeout)
        return done

    def regroup(self) -> None:
        """Move the line to where the form says, without looking at photos again."""
        session = self.session
        # What the form says later is taken up when the other work is done.
        if session is None or self._hindered():
            return
        try:
            asked = self.form.settings()
        except Exception as error:  # noqa: BLE001 - shown where the user is looking
            self.later.failed(error)
            return
        self._say_later(session, asked)
        self.matches.take(session.grouped_as(asked))  # type: ignore[arg-type]

    def _look_at(
        self,
        of: Folders,
        out: str | None,
        settings: PointAndShootSettings,
        tell: Tell,
        stopped: Stopped,
    ) -> tuple[Looked, References | None] | None:
        found = self._look(*of, out, settings=settings, progress=_named(tell), stop=stopped)
        return None if found is None else (found[1], found[0])

    def _chosen(self) -> Folders:
        return self.folder.value, self.people.value

    def _settle(self) -> None:
        self.matches.wait()

    def _busy(self) -> bool:
        return self._looking or self.export.work.busy

    def _hindered(self) -> str:
        """Say why nothing can be answered now; "" if it can."""
        if self._looking:
            return "the photos are being looked at; press again when that is done"
        if self.export.work.busy:
            return "the export is under way; press again when that is done"
        return ""

    def _make_sample(self) -> str:
        photos = super()._make_sample()
        self.people.choose(str(Path(photos).parent / "people"))
        return photos

    def _line_moved(self, choice: Choice) -> None:
        """Set the form's threshold, which moves the line."""
        if choice != "auto":
            self.form.threshold.value = choice
        self.form.automatic.value = choice == "auto"

    def _say_kept(self) -> None:
        self.work.message.remark("Cancelled: what was found before is still there.")

    def _corrected(self) -> None:
        if self.state in ("done", "nobody found"):
            self.state = self._found()
        super()._corrected()

    def _worked(self, change: dict[str, Any]) -> None:
        if self._looking:
            super()._worked(change)
            # What was set meanwhile.
            self.regroup()

    def _export_worked(self, _: Any) -> None:
        self.start_button.disabled = self._busy()
        self.regroup()

    def _guidance(self) -> str:
        session = self.session
        if self.state == "cancelled" and session is None:
            return NOTHING_KEPT
        if self.state == "nobody found" and session is not None and not len(session.album):
            return NO_FACE
        return super()._guidance()

    def _found_html(self, session: Session) -> str:
        return safe(summary(session))

    def _other_html(self) -> str:
        return "<p><b>Not of the folders that are chosen now:</b> press Start to look at those.</p>"

    def _show(self) -> None:
        super()._show()
        if self.session is not None and self.session.references is not None:
            self.problems.value = problems_html(self.session.references)


def _named(tell: Tell) -> Tell:
    """Tell of work in the words of the panel."""
    return lambda work, done, total, item: tell(WORDS.get(work, work), done, total, item)
