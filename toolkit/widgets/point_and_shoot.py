"""Point-and-shoot without code: examples of known people, their photos, yes or no, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd
import traitlets

from toolkit import earlier, looking, sample
from toolkit.correcting import Corrections
from toolkit.errors import BadSetting
from toolkit.looking import Looked, Progress
from toolkit.search import References
from toolkit.settings import PointAndShootSettings
from toolkit.sorting import Sorting
from toolkit.subjects.base import Subject
from toolkit.widgets.export_box import ExportBox
from toolkit.widgets.folders import FolderChooser
from toolkit.widgets.form import SettingsForm
from toolkit.widgets.matches_view import MatchesView
from toolkit.widgets.people_folder import PeopleChooser
from toolkit.widgets.point_and_shoot_words import (
    GUIDANCE,
    LATER,
    NO_FACE,
    NOTHING_KEPT,
    STATES,
    WORDS,
    problems_html,
    summary,
)
from toolkit.widgets.threshold_line import LEAST, STEP, Choice
from toolkit.widgets.work import Message, Stopped, Tell, Work, safe

Found = tuple[References, Looked]
Look = Callable[..., Found | None]
Sort = Callable[..., Sorting]


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
    subject = subject or looking.face_subject(settings)
    doing: dict[str, Any] = {"progress": progress, "stop": stop}
    references = looking.read_people(
        people, listed.folder, settings=settings, subject=subject, **doing
    )
    if references is None:
        return None
    return references, looking.look_at(listed, settings, subject, **doing)


class PointAndShootPanel(ipywidgets.VBox):
    """
    The whole way of point-and-shoot.

    Gestures are methods: `start`, `cancel`, and those of its parts: `folder.choose`,
    `people.choose`, `form.fields`, `matches` (`open`, `back`, `show_doubtful`, `act`, `undo`,
    `move`, `to_automatic`), `export` (`show_plan`, `export`).

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    sorting : Sorting or None
        The album, once it was looked at.

    Parameters
    ----------
    photos, people, out : path
        The folders to begin with; nothing is read or written before a button is pressed, but a look
        at how many photos there are, and of whom.
    settings : PointAndShootSettings, optional
        What the form begins with.
    look, sort : callable, optional
        What does the work: `look_for` and `toolkit.sorting.Sorting`.
    sample_folder : path, optional
        Where the button "Use the sample album" makes it; no button without one.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    def __init__(
        self,
        photos: str | Path = "",
        people: str | Path = "",
        out: str | Path = "",
        *,
        settings: PointAndShootSettings | None = None,
        look: Look = look_for,
        sort: Sort = Sorting,
        sample_folder: str | Path | None = None,
    ) -> None:
        self._look, self._sort = look, sort
        self._sample = sample_folder
        self.sorting: Sorting | None = None
        # Whose matches these are: the two folders as they were named.
        self._of = ("", "")
        self._looking = self._nothing_kept = False
        self._planned: tuple[object, ...] = ()
        self.guidance, self.problems, self.summary = (ipywidgets.HTML() for _ in range(3))
        suggested = {} if sample_folder is None else {"Use the sample album": self._make_sample}
        self.folder = FolderChooser("Photos", str(photos), suggested=suggested)
        self.people = PeopleChooser(str(people))
        self.form: SettingsForm[PointAndShootSettings] = SettingsForm(
            settings or PointAndShootSettings()
        )
        # The places of the slider by the line.
        self.form.threshold.step = STEP
        self.form.threshold.min = min(LEAST, self.form.threshold.min)
        self.start_button = ipywidgets.Button(
            description="Start", button_style="primary", icon="play"
        )
        self.work, self.later = Work(), Message()
        self.matches = MatchesView(
            changed=self._corrected, chosen=self._chosen, hindered=self._hindered
        )
        self.export = ExportBox(self._plan, self._exported, out=str(out))
        self.results = ipywidgets.VBox([self.summary, self.matches])
        self.last = ipywidgets.VBox([ipywidgets.HTML("<h3>Export</h3>"), self.export])
        super().__init__(
            [
                self.guidance,
                self.folder,
                self.people,
                # The same field stands in the export: answers are kept there from the start.
                self.export.out,
                self.form,
                self.start_button,
                self.work,
                self.later,
                self.problems,
                self.results,
                self.last,
            ]
        )
        self.add_class("sightings-point-and-shoot")
        self.start_button.on_click(lambda _: self.start())
        self.work.observe(self._worked, names="state")
        self.export.work.observe(self._export_worked, names="state")
        self.form.observe(lambda _: self.regroup(), names="changed")
        for chooser in (self.folder, self.people):
            chooser.observe(lambda _: self._show(), names="value")
        self._show()

    def start(self) -> None:
        """Read the examples and look at the photos, unless other work is under way."""
        if self.state == "running" or self.export.work.busy:
            self.later.mend("other work is under way; press Start when it is done")
            return
        of = self.folder.value, self.people.value
        out = self.export.out.value.strip() or None
        before, carried = self.sorting, self._carried(of[0], out)

        def job(tell: Tell, stopped: Stopped) -> Sorting | None:
            self.matches.wait()
            settings = self.form.settings()
            # What is wrong with the decisions is said before the long work, not after it.
            earlier.require_decisions(out)
            found = self._look(*of, out, settings=settings, progress=_named(tell), stop=stopped)
            if found is None:
                return None
            references, looked = found
            tell("matching", 0, 1, "")
            if before is not None and of == self._of and before.looked.not_seen < looked.not_seen:
                return before
            return self._sort(looked, settings, references=references, out=out, earlier=carried)

        def then(found: Sorting | None) -> None:
            self._nothing_kept = found is None and before is None
            if found is not None:
                self._take(found, of)
            if before is not None and found in (None, before):
                self.work.message.remark("Cancelled: what was found before is still there.")

        self._looking, self._nothing_kept = True, False
        self.later.clear()
        if self.work.run(job, then, title="reading the folders"):
            self.export.clear()
        else:
            self._looking = False

    def cancel(self) -> None:
        """Stop looking; the photos looked at are kept."""
        self.work.cancel()

    def wait(self, timeout: float | None = 60.0) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        done = self.work.wait(timeout)
        self.matches.wait(timeout)
        return done

    def regroup(self) -> None:
        """Move the line to where the form says, without looking at photos again."""
        album = self.sorting
        # What the form says later is taken up when the other work is done.
        if album is None or self._hindered():
            return
        try:
            asked = self.form.settings()
        except Exception as error:  # noqa: BLE001 - shown where the user is looking
            self.later.failed(error)
            return
        self.later.clear()
        if album.needs_another_look(asked):
            self.later.remark(LATER)
        self.matches.take(album.grouped_as(asked))  # type: ignore[arg-type]

    def _make_sample(self) -> str:
        photos = sample.at(str(self._sample))
        self.people.choose(str(Path(photos).parent / "people"))
        return photos

    def _chosen(self, choice: Choice) -> None:
        """Set the form's threshold, which moves the line."""
        if choice != "auto":
            self.form.threshold.value = choice
        self.form.automatic.value = choice == "auto"

    def _hindered(self) -> str:
        """Say why nothing can be answered now; "" if it can."""
        if self._looking:
            return "the photos are being looked at; press again when that is done"
        if self.export.work.busy:
            return "the export is under way; press again when that is done"
        return ""

    def _carried(self, folder: str, out: str | None) -> Corrections | None:
        """Return the answers about these photos, where the next look would not find them."""
        made = None if self.sorting is None else self.sorting.corrections
        if made is None or folder != self._of[0] or not made.decisions:
            return None
        return made if out is None or made.out != looking.folder_at(out) else None

    def _take(self, found: Sorting, of: tuple[str, str]) -> None:
        fresh = found is not self.sorting
        self.sorting, self._of = found, of
        if fresh:
            self.matches.show(found)
        self._corrected()

    def _corrected(self) -> None:
        """Show what came of a change; called in a thread."""
        self.export.clear()
        if self.state in ("done", "nobody found"):
            self.state = self._found()
        self._show()

    def _plan(self, out: Path) -> pd.DataFrame:
        self.matches.wait()
        album = self._here()
        self._planned = _version(album)
        return album.plan(out)

    def _exported(
        self, out: Path, replace: bool, tell: Tell, stopped: Stopped
    ) -> list[tuple[str, str]]:
        self.matches.wait()
        album = self._here()
        if self._planned != _version(album):
            raise BadSetting("the matches have changed since the plan was made; show it again")
        problems = album.export(out, replace=replace, progress=tell, stop=stopped)
        # Decisions of that folder may have come in.
        self.matches.refresh()
        return problems

    def _here(self) -> Sorting:
        if self.sorting is None:
            raise BadSetting("there is nothing to export yet; press Start")
        return self.sorting

    def _worked(self, change: dict[str, Any]) -> None:
        if not self._looking:
            return
        self._looking = self.work.busy
        state = change["new"]
        if self._looking:
            self.state = "running"
        else:
            self.state = state if state in ("failed", "cancelled") else self._found()
        self._show()
        # What was set meanwhile.
        self.regroup()

    def _export_worked(self, _: Any) -> None:
        self.start_button.disabled = self._looking or self.export.work.busy
        if self.export.work.state == "done":
            self._show()
        self.regroup()

    def _found(self) -> str:
        album = self.sorting
        there = album is not None and any(name is not None for name in album.names)
        return "done" if there else "nobody found"

    def _show(self) -> None:
        album = self.sorting
        said = GUIDANCE[self.state]
        if self.state == "cancelled" and self._nothing_kept:
            said = NOTHING_KEPT
        if self.state == "nobody found" and album is not None and not len(album.gallery):
            said = NO_FACE
        self.guidance.value = f"<p role='status'>{said}</p>"
        self.start_button.disabled = self._looking or self.export.work.busy
        faces = album is not None and len(album.gallery) > 0
        self.matches.layout.display = self.last.layout.display = None if faces else "none"
        self.results.layout.display = None if album is not None else "none"
        if album is None:
            return
        if album.references is not None:
            self.problems.value = problems_html(album.references)
        chosen = self.folder.value, self.people.value
        other = (
            "<p><b>Not of the folders that are chosen now:</b> press Start to look at those.</p>"
            if chosen != self._of
            else ""
        )
        self.summary.value = (
            f"<h3>The people in {safe(self._of[0])}</h3><p role='status'>{safe(summary(album))}</p>"
            f"<details><summary>more about this result</summary>{album.result._repr_html_()}"
            f"</details>{other}"
        )


def _version(album: Sorting) -> tuple[object, ...]:
    return album, album.corrections.decisions, album.settings


def _named(tell: Tell) -> Tell:
    """Tell of work in the words of the panel."""
    return lambda work, done, total, item: tell(WORDS.get(work, work), done, total, item)
