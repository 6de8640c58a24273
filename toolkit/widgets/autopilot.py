"""Autopilot without code: choose a folder, look, see the people, name and correct them, export."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd
import traitlets

from toolkit import earlier, looking, sample, sorting
from toolkit.correcting import Corrections
from toolkit.errors import BadSetting
from toolkit.looking import Looked
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.sorting import Sorting
from toolkit.widgets.export_box import ExportBox
from toolkit.widgets.folders import FolderChooser
from toolkit.widgets.form import SettingsForm
from toolkit.widgets.newest import Newest
from toolkit.widgets.people_view import PeopleView
from toolkit.widgets.work import Message, Stopped, Tell, Work, safe

STATES = ("empty", "running", "cancelled", "failed", "done", "nobody found")

GUIDANCE = {
    "empty": "<b>Choose the folder with your photos, then press Start.</b> Photos are only ever "
    "read, and nothing is copied before you export.",
    "running": "<b>Looking at the photos.</b> You may cancel at any time: what is done is kept.",
    "cancelled": "<b>Cancelled.</b> Below is who was found so far; press Start to look at all "
    "photos.",
    "failed": "<b>That did not work:</b> the reason stands below. Mend it, then press Start again.",
    "done": "<b>Done.</b> Name the people below and correct what is wrong; then export them into "
    "folders, at the end.",
    "nobody found": "<b>No face was found.</b> Choose another folder, or open the settings and "
    "search at more px; then press Start.",
}
LATER = "The other settings that you changed take effect with the next Start."

AnySettings = AutopilotSettings | PointAndShootSettings
Look = Callable[..., Looked]
Sort = Callable[..., Sorting]


class AutopilotPanel(ipywidgets.VBox):
    """
    The whole way of autopilot.

    Gestures are methods: `start`, `cancel`, `open_earlier`, and those of its parts:
    `folder.choose`, `form.fields`, `people` (`rename`, `open`, `act`, `undo`), `export`
    (`show_plan`, `export`).

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    sorting : Sorting or None
        The album, once it was looked at.

    Parameters
    ----------
    photos, out : path
        The folders to begin with; nothing is read or written before a button is pressed, but a look
        at how many photos there are, and whether there is an earlier result.
    settings : AutopilotSettings, optional
        What the form begins with.
    look, sort, take_up, find_earlier : callable, optional
        What does the work: `toolkit.looking.look`, `toolkit.sorting.Sorting`,
        `toolkit.sorting.taken_up`, `toolkit.earlier.earlier_run`.
    sample_folder : path, optional
        Where the button "Use the sample album" makes it; no button without one.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    def __init__(
        self,
        photos: str | Path = "",
        out: str | Path = "",
        *,
        settings: AutopilotSettings | None = None,
        look: Look = looking.look,
        sort: Sort = Sorting,
        take_up: Callable[[str], Sorting] = sorting.taken_up,
        find_earlier: Callable[[str], str] = earlier.earlier_run,
        sample_folder: str | Path | None = None,
    ) -> None:
        self._look, self._sort = look, sort
        self._take_up, self._find_earlier = take_up, find_earlier
        self.sorting: Sorting | None = None
        # Of whom the people are: the folder as it was named; "" for those of an earlier result.
        self._of = ""
        self._planned: tuple[object, ...] = ()
        self._looking = False
        self.guidance = ipywidgets.HTML()
        suggested = {}
        if sample_folder is not None:
            suggested["Use the sample album"] = lambda: sample.at(sample_folder)
        self.folder = FolderChooser("Photos", str(photos), suggested=suggested)
        self.form: SettingsForm[AutopilotSettings] = SettingsForm(settings or AutopilotSettings())
        auto = ipywidgets.Layout(width="auto")
        self.start_button = ipywidgets.Button(
            description="Start", button_style="primary", icon="play"
        )
        self.earlier_button = ipywidgets.Button(
            description="Open the earlier result",
            tooltip="Go on with it, without looking at the photos again",
            layout=auto,
        )
        self.earlier_about = ipywidgets.HTML()
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        self.earlier_box = ipywidgets.HBox([self.earlier_button, self.earlier_about], layout=row)
        self.work = Work()
        self.later = Message()
        self.summary = ipywidgets.HTML()
        self.people = PeopleView(self.work, changed=self._corrected)
        self.export = ExportBox(self._plan, self._exported, out=str(out))
        for field in (self.folder.path, self.folder.step, self.export.out):
            field.style.description_width = "11em"
        self.results = ipywidgets.VBox([self.summary, self.people])
        self.last = ipywidgets.VBox([ipywidgets.HTML("<h3>Export</h3>"), self.export])
        super().__init__(
            [
                self.guidance,
                self.folder,
                # The same field stands in the export: decisions are read from there at the start.
                self.export.out,
                self.earlier_box,
                self.form,
                self.later,
                self.start_button,
                self.work,
                self.results,
                self.last,
            ]
        )
        self.add_class("sightings-autopilot")
        self._grouping = Newest(self._regroup, failed=self.later.failed)
        self._earlier = Newest(self._seek_earlier, failed=self.later.failed)
        self.start_button.on_click(lambda _: self.start())
        self.earlier_button.on_click(lambda _: self.open_earlier())
        self.work.observe(self._worked, names="state")
        self.form.observe(self._form_moved, names="changed")
        self.folder.observe(lambda _: self._show(), names="value")
        self.export.out.observe(lambda _: self._out_changed(), names="value")
        self.export.observe(lambda _: self._out_changed(), names="state")
        self._out_changed()
        self._show()

    def start(self) -> None:
        """Look at the photos, and group the faces."""
        folder = self.folder.value
        out = self._out()
        before, carried = self.sorting, self._carried(folder, out)

        def job(tell: Tell, stopped: Stopped) -> Sorting:
            settings = self.form.settings()
            # What is wrong with the decisions is said before the long work, not after it.
            earlier.require_decisions(out)
            looked = self._look(folder, out, settings=settings, progress=tell, stop=stopped)
            tell("grouping", 0, 1, "")
            if before is not None and stopped() and self._shows_more(before, folder, looked):
                return before
            return self._sort(looked, settings, out=out, earlier=carried)

        def then(found: Sorting) -> None:
            self._take(found, folder)
            if found is before:
                self.later.remark("Cancelled: the people of the look before are still there.")

        self._begin(job, then, "reading the folder")

    def open_earlier(self) -> None:
        """Go on with what an earlier run left in the folder of results."""
        out = self._out()
        if out is None:
            return
        self._begin(
            lambda *_: self._take_up(out), lambda found: self._take(found, ""), "reading the result"
        )

    def cancel(self) -> None:
        """Stop looking; what is done is kept."""
        self.work.cancel()

    def wait(self, timeout: float | None = 60.0) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        return (
            self._earlier.wait(timeout) and self._grouping.wait(timeout) and self.work.wait(timeout)
        )

    def regroup(self) -> None:
        """Group anew with the settings of the form, without looking at photos again."""
        self._grouping.ask(self.form.changed)

    def _begin(
        self, job: Callable[[Tell, Stopped], Sorting], then: Callable[[Sorting], None], title: str
    ) -> None:
        if self.state == "running":
            return
        self._looking = True
        self.later.clear()
        if not self.work.run(job, then, title=title):
            self._looking = False
            self.later.mend("other work is under way; press again when it is done")
            return
        self.export.clear()

    def _out(self) -> str | None:
        return self.export.out.value.strip() or None

    def _carried(self, folder: str, out: str | None) -> Corrections | None:
        """Return the corrections of these photos, where the next look would not find them."""
        made = None if self.sorting is None else self.sorting.corrections
        if made is None or folder != self._of or not made.decisions:
            return None
        return made if out is None or made.out != looking.folder_at(out) else None

    def _shows_more(self, before: Sorting, folder: str, looked: Looked) -> bool:
        return folder == self._of and before.looked.not_seen < looked.not_seen

    def _take(self, found: Sorting, folder: str) -> None:
        fresh = found is not self.sorting
        self.sorting, self._of = found, folder
        if not folder:
            self.form.take(found.settings)  # type: ignore[arg-type]
        self._summarise()
        if fresh:
            self.people.show(found)
        self.export.clear()

    def _regroup(self, _: int) -> None:
        """Group as the form says, once nothing else is under way; called in a thread."""
        while True:
            self.work.wait()
            album = self.sorting
            if album is None:
                return
            asked = self.form.settings()
            settings = album.grouped_as(asked)
            if settings != album.settings:
                failed: list[Exception] = []
                job = partial(self._set, album, settings, failed)
                if not self.work.run(job, self._regrouped, title="grouping anew", quiet=True):
                    continue
                self.work.wait()
                if failed:
                    raise failed[0]
            if album.needs_another_look(asked):
                self.later.remark(LATER)
            else:
                self.later.clear()
            return

    def _set(
        self, album: Sorting, settings: AnySettings, failed: list[Exception], *_: object
    ) -> None:
        self.people.message.remark("Grouping anew …")
        try:
            album.set(settings)
        except Exception as error:  # noqa: BLE001 - raised again where it is shown
            failed.append(error)

    def _regrouped(self, _: object) -> None:
        self.people.message.clear()
        self.people.refresh()
        self._corrected()

    def _corrected(self) -> None:
        self._summarise()
        self.export.clear()

    def _form_moved(self, _: Any) -> None:
        self.regroup()

    def _plan(self, out: Path) -> pd.DataFrame:
        album = self._here()
        self._planned = _version(album)
        return album.plan(out)

    def _exported(
        self, out: Path, replace: bool, tell: Tell, stopped: Stopped
    ) -> list[tuple[str, str]]:
        album = self._here()
        if self._planned != _version(album):
            raise BadSetting("the people have changed since the plan was made; show it again")
        problems = album.export(out, replace=replace, progress=tell, stop=stopped)
        # Decisions of that folder may have come in.
        self._summarise()
        self.people.refresh()
        return problems

    def _here(self) -> Sorting:
        if self.sorting is None:
            raise BadSetting("there is nothing to export yet; press Start")
        return self.sorting

    def _worked(self, change: dict[str, Any]) -> None:
        if self._looking:
            self._looking = self.work.busy
            self.state = self._state(change["new"])
        self._show()

    def _state(self, work: str) -> str:
        if self.work.busy:
            return "running"
        if work in ("failed", "cancelled"):
            return work
        album = self.sorting
        return "done" if album is not None and len(album.names) else "nobody found"

    def _out_changed(self) -> None:
        self._earlier.ask(self.export.out.value)

    def _seek_earlier(self, out: str) -> None:
        found = self._find_earlier(out)
        self.earlier_about.value = safe(found)
        self.earlier_box.layout.display = None if found else "none"

    def _summarise(self) -> None:
        album = self.sorting
        if album is None:
            return
        whose = f"in {self._of}" if self._of else f"of the result in {album.corrections.out}"
        number = album.looked.not_seen
        left = (
            ""
            if not number
            else f". <b>{_count(number, 'photo was', 'photos were')} not looked at.</b>"
        )
        self._headline = (
            f"<h3>The people {safe(whose)}</h3><p role='status'>{safe(summary(album))}{left}</p>"
            f"<details><summary>more about this result</summary>{album.result._repr_html_()}"
            "</details>"
        )
        self._show()

    def _show(self) -> None:
        self.guidance.value = f"<p role='status'>{GUIDANCE[self.state]}</p>"
        busy = self.state == "running"
        self.start_button.disabled = self.earlier_button.disabled = busy
        there = self.sorting is not None and len(self.sorting.names) > 0
        self.people.layout.display = self.last.layout.display = None if there else "none"
        self.results.layout.display = None if self.sorting is not None else "none"
        if self.sorting is not None:
            other = self._of and self.folder.value != self._of
            note = (
                f"<p><b>Not of the folder that is chosen now:</b> press Start to look at "
                f"{safe(self.folder.value)}.</p>"
            )
            self.summary.value = self._headline + (note if other else "")


def _version(album: Sorting) -> tuple[object, ...]:
    return album, album.corrections.decisions, album.settings


def summary(album: Sorting) -> str:
    """Say what was seen and found, in a line."""
    looked, result = album.looked, album.result
    seen, listed = looked.listed - looked.not_seen, looked.listed
    photos = _count(seen, "photo") if looked.complete else f"{seen:,} of {listed:,} photos"
    people = len({name for name in album.names if name is not None})
    parts = [photos, _count(len(album.names), "face"), _count(people, "person", "people")]
    if alone := len(result.nobody):
        parts.append(f"{_count(alone, 'photo')} in no folder")
    if bad := len(result.problems):
        parts.append(f"{_count(bad, 'file')} that could not be used")
    return ", ".join(parts)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
