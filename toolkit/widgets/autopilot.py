"""Autopilot without code: choose a folder, look, name and correct who is found, export."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import ipywidgets

from toolkit import files, modes, session
from toolkit.errors import BadFolder, BadSetting
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.modes import Looked
from toolkit.names import counted
from toolkit.photos.thumbnails import count_gone
from toolkit.results import recent, results_folder
from toolkit.results.recent import Recent
from toolkit.session import Session
from toolkit.settings import GroupingSettings, Settings, settings_for
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets.background_work import Newest, Stopped, Tell, safe
from toolkit.widgets.export_box import folder_of
from toolkit.widgets.folder_field import GONE, MOVED, MovedPhotos
from toolkit.widgets.individuals_view import IndividualsView
from toolkit.widgets.recent_albums import names_of
from toolkit.widgets.settings_form import SettingsForm
from toolkit.widgets.sorting_panel import SAID, Folders, Sort, SortingPanel

# By state, with the words of the subject, as HTML.
GUIDANCE = {
    "empty": "<b>Choose the folder with your photos, then press Start.</b> Photos are only ever "
    "read. What is found is kept in the folder for results; nothing is copied before you export.",
    "running": "<b>Looking at the photos.</b> You may cancel at any time: what is done is kept.",
    "done": "<b>Done.</b> Name the {words.individuals} below and correct what is wrong; then "
    "export them into folders, at the end.",
    "none found": "<b>No {words.singular} was found.</b> Choose another folder, or open the "
    "settings and search at more px; then press Start. {others}",
    **SAID,
}

Look = Callable[..., Looked]


class AutopilotPanel(SortingPanel[GroupingSettings]):
    """
    The whole way of autopilot.

    Gestures are methods: `start`, `cancel`, `open_earlier`, `go_on_with`, `draw_missed`,
    `close_missed`, and those of its parts: `folder.choose`, `form.fields`, `individuals` (`rename`,
    `open`, `act`, `undo`), `missed`, `export` (`show_plan`, `export`).

    Parameters
    ----------
    photos, out : path
        The folders to begin with; without one for results, they go beside the photos. The last
        album that was in hand in these folders (of all, where none is named) is opened again; or
        else nothing is read or written before a button is pressed, but a look at how many photos
        there are, and whether there is an earlier result.
    settings : GroupingSettings, optional
        What the form begins with, and keeps when the last album is opened again.
    look, sort, take_up, find_earlier : callable, optional
        What does the work: `toolkit.modes.look`, `toolkit.session.Session`,
        `toolkit.session.taken_up`, `toolkit.results.results_folder.earlier_run`.
    sample_folder : path, optional
        Where the button "Use the sample album" makes it; no button without one.
    subject : Subject, optional
        What to look for; what the settings are about by default, if not given.
    about : str
        The subject of the settings, where none are given.
    """

    GUIDANCE = GUIDANCE
    MODE, BESIDE = "autopilot", "sorted"
    SORTING, READING = "grouping", "reading the folder"

    def __init__(
        self,
        photos: str | Path = "",
        out: str | Path = "",
        *,
        settings: GroupingSettings | None = None,
        look: Look = modes.look,
        sort: Sort = Session,
        take_up: Callable[..., Session] = session.taken_up,
        find_earlier: Callable[[str], str] = results_folder.earlier_run,
        sample_folder: str | Path | None = None,
        subject: Subject | None = None,
        about: str = registry.DEFAULT,
    ) -> None:
        self._look, self._take_up, self._find_earlier = look, take_up, find_earlier
        self._own_settings = settings is not None
        begun = settings or settings_for("autopilot", registry.settings_of(about))()
        self._subject, words = subject, registry.words_for(subject, begun)
        form = SettingsForm(begun)
        super().__init__(photos, out, form, sort=sort, sample_folder=sample_folder, words=words)
        self.earlier_button = ipywidgets.Button(
            description="Open the earlier result",
            tooltip="Go on with it, without looking at the photos again",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.earlier_about = ipywidgets.HTML()
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        self.earlier_box = ipywidgets.HBox([self.earlier_button, self.earlier_about], layout=row)
        self.moved = MovedPhotos(lambda photos: self.open_earlier(photos=photos))
        self.individuals = IndividualsView(
            self.work, changed=self._corrected, missed=self.draw_missed, words=words
        )
        self._grouping: Newest[int] = Newest(self._regroup, failed=self.later.failed)
        self._earlier: Newest[str] = Newest(self._seek_earlier, failed=self.later.failed)
        self.earlier_button.on_click(lambda _: self.open_earlier())
        self.export.out.observe(lambda _: self._out_changed(), names="value")
        self.export.observe(lambda _: self._out_changed(), names="state")
        self._out_changed()
        self._lay_out(
            self.individuals,
            self.recent,
            self.folder,
            # The same field stands in the export: decisions are read from there at the start.
            self.export.out,
            self.earlier_box,
            self.moved,
            self.form,
            self.later,
            self.another,
            self.start_button,
            self.work,
            css_class="sightings-autopilot",
        )
        subjects = names_of(self._about)
        if last := recent.find(self.MODE, photos=str(photos), out=str(out), subjects=subjects):
            self._take_folders(last)
            if self._find_earlier(last.out):
                self.open_earlier(again=True)

    def go_on_with(self, album: Recent) -> None:
        """Take up an album of the list, without looking at its photos again."""
        if self.state == "running":
            self.later.mend("other work is under way; choose again when it is done")
            return
        self._take_folders(album)
        self.open_earlier()

    def open_earlier(self, *, photos: str = "", again: bool = False) -> None:
        """
        Go on with what an earlier run left in the folder of results.

        Parameters
        ----------
        photos : str
            Where its photos are now, if they are not where they were.
        again : bool
            It is the one that was in hand last: settings of the panel's own hold.
        """
        out = self._out()
        if out is None:
            return
        about = {"photos": folder_of(photos)} if photos else {}
        self.moved.clear()

        def job(*_: object) -> Session:
            try:
                found = self._take_up(out, **about)
            except BadFolder:
                self.moved.ask(MOVED)
                raise
            if (other := type(found.settings).subject).name != self._about:
                words = other.words
                raise BadSetting(
                    f"{out} holds a result about {words.plural}; choose {words.plural} at the top "
                    "of the page, or name another folder"
                )
            return found

        def then(found: Session | None) -> None:
            if found is not None:
                self._take(found, self._restored(found), opened=True)
                # Every photo is looked for: what was found is there before.
                if gone := count_gone(found.looked.album):
                    self.moved.ask(GONE.format(photos=counted(gone, "photo is", "photos are")))
                if again and self._own_settings:
                    self.regroup()
                elif type(found.settings) is self.form.kind:
                    self.form.take(found.settings)
                self._remember(found, self._of)

        self._begin(job, then, "reading the result")

    def _restored(self, found: Session) -> Folders:
        """Show the folder of a result's photos in its field; return what is chosen then."""
        folder = found.looked.folder
        if folder is None:
            return ()
        try:
            same = files.folder_at(self.folder.value).resolve() == folder.resolve()
        except (BadFolder, OSError, RuntimeError):
            same = False
        if not same:
            self._following = False
            try:
                self.folder.choose(str(folder))
            finally:
                self._following = True
        return self._chosen()

    def wait(self, timeout: float | None = 60.0) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        # Work may ask for another grouping, and that is work again.
        parts = self._earlier, self.work, self._grouping, self.work
        return all(part.wait(timeout) for part in parts)

    def regroup(self) -> None:
        """Group anew with the settings of the form, without looking at photos again."""
        self._grouping.ask(self.form.changed)

    def _look_at(
        self,
        of: Folders,
        out: str | None,
        settings: GroupingSettings,
        tell: Tell,
        stopped: Stopped,
    ) -> tuple[Looked, GroupingAssigner]:
        about = {} if self._subject is None else {"subject": self._subject}
        seen = self._look(
            *of,
            out,
            settings=settings,
            progress=tell,
            stop=stopped,
            tell=self.later.remark,
            **about,
        )
        return seen, GroupingAssigner(settings)

    def _by_turn(self, job: Callable[[], str]) -> None:
        self.individuals.correct_by(job)

    def _chosen(self) -> Folders:
        return (self.folder.value,)

    def _say_kept(self) -> None:
        self.later.remark(
            f"Cancelled: the {self.words.individuals} of the look before are still there."
        )

    def _take(self, found: Session, of: Folders, *, opened: bool = False) -> None:
        if not opened:
            self.moved.clear()
        super()._take(found, of, opened=opened)

    def _regroup(self, *_: object) -> None:
        """Group as the form says, once nothing else is under way; called in a thread."""
        while True:
            self.work.wait()
            album = self.session
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
            self._say_later(album, asked)
            return

    def _set(self, album: Session, settings: Settings, failed: list[Exception], *_: object) -> None:
        self.individuals.message.remark("Grouping anew …")
        try:
            album.set(settings, keep=False)
        except Exception as error:  # noqa: BLE001 - raised again where it is shown
            failed.append(error)

    def _regrouped(self, _: object) -> None:
        self.individuals.message.clear()
        self.individuals.refresh()
        self._corrected()
        if self.session is not None:
            # What was found is seen before all of it is written.
            self.session.keep_anew()

    def _out_changed(self) -> None:
        self._earlier.ask(self.export.out.value)

    def _seek_earlier(self, out: str, _: threading.Event) -> None:
        found = self._find_earlier(out)
        self.earlier_about.value = safe(found)
        self.earlier_box.layout.display = None if found else "none"

    def _found_html(self, album: Session) -> str:
        number = album.looked.not_seen
        left = f"{counted(number, 'photo was', 'photos were')} not looked at."
        return safe(summary(album)) + (f". <b>{left}</b>" if number else "")

    def _other_html(self) -> str:
        return (
            "<p><b>Not of the folder that is chosen now:</b> press Start to look at "
            f"{safe(self.folder.value)}.</p>"
        )

    def _show(self) -> None:
        super()._show()
        self.earlier_button.disabled = self._busy()


def summary(album: Session) -> str:
    """Say what was seen and found, in a line."""
    looked, result = album.looked, album.result
    # Those that could be used, as everywhere else; the others are said apart.
    seen, listed = len(looked.album.photos), looked.listed
    photos = counted(seen, "photo") if looked.complete else f"{seen:,} of {listed:,} photos"
    named = set(album.names) - {None} - result.not_sure
    words, individuals = album.album.words, len(named)
    parts = [photos, words.count(result.count), words.count_individuals(individuals)]
    if alone := result.in_no_folder:
        parts.append(f"{counted(alone, 'photo')} in no folder")
    parts += result.in_brief
    if bad := len(result.problems):
        parts.append(f"{counted(bad, 'file')} that could not be used")
    return ", ".join(parts)
