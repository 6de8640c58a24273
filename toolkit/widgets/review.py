"""Corrections by hand over the results of an earlier run: questions, individuals, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd
import traitlets

from toolkit.curation.question_deck import Deck, deal
from toolkit.errors import BadFolder, BadSetting
from toolkit.names import counted, printable
from toolkit.photos.folder_suggestions import Preview
from toolkit.photos.thumbnails import count_gone
from toolkit.records import Words
from toolkit.results.recent import Recent
from toolkit.results.result import Result
from toolkit.results.results_folder import earlier_run
from toolkit.results.undo import Undone
from toolkit.scanning import pair_views
from toolkit.scanning.pair_views import PairViews
from toolkit.session import Session
from toolkit.session import taken_up as take_up_session
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets.background_work import Stopped, Tell, Work, in_html
from toolkit.widgets.disclosure import Fold
from toolkit.widgets.export_box import ExportBox, folder_of
from toolkit.widgets.folder_field import GONE, MOVED, FolderChooser, MovedPhotos
from toolkit.widgets.individuals_view import IndividualsView, kept_in
from toolkit.widgets.question_view import QuestionView
from toolkit.widgets.recent_albums import RecentAlbums
from toolkit.widgets.strip_view import StripView

STATES = (
    "empty",
    "running",
    "cancelled",
    "failed",
    "done",
    "no questions",
    "none found",
)
QUESTIONS, INDIVIDUALS, EXPORT, STRIPS, COUNT = range(5)
# By state, with the words of the subject, as HTML.
GUIDANCE = {
    "empty": "<b>Name the folder of results of autopilot, then press Open.</b> Its "
    "photos are not looked at again, and nothing is written before you answer.",
    "running": "<b>Reading the results.</b> You may cancel: nothing is written.",
    "cancelled": "<b>Cancelled:</b> nothing was opened. Press Open to read the results.",
    "failed": "<b>That did not work:</b> the reason stands below. Mend it, then press Open again.",
    "done": "<b>Answer questions, look through the {words.individuals}, then export:</b> a tab for "
    "each. Stop whenever you like: every answer is kept.",
    "no questions": "<b>No questions are left.</b> Look through the {words.individuals} in the "
    "second tab, then export in the third.",
    "none found": "<b>That run found no {words.singular}:</b> there is {words.nobody} to correct. "
    "Open another folder.",
}
COPYING = "photos are being copied; open other results when that is done"
NO_FOLDER = "this album is in no folder of results yet; export it, and open that folder"
BUSY = {
    True: "The photos are being copied; {words.individuals} can be corrected again when that is "
    "done.",
    False: "Sorting anew with your last answers; the {words.individuals} are shown when that is "
    "done.",
}
ABOUT_EXPORT = (
    "<p>Your answers are kept already, and hold in every later run. The copies in the folders "
    "still lie as the last export left them: show the plan, and export into the same folder. A "
    "copy that is now with {words.somebody_else} is <b>sorted otherwise</b>: it is taken away, and "
    "copied to where it belongs, unless you tick the box that then appears. Files of your own, and "
    "copies that you changed, stay.</p>"
)

# Reads a folder of results, with `photos` for where the photos are now.
TakeUp = Callable[..., Session]
_Opened = tuple[Session, Deck, int, PairViews | None]


class ReviewPanel(ipywidgets.VBox):
    """
    The results of an autopilot run, to be corrected: the most useful question first.

    Gestures are methods: `open_results`, `cancel`, and those of its parts: `folder.choose`,
    `questions` (`answer`, `skip`, `leave_out`, `undo`), `individuals` (`open`, `rename`, `act`,
    `merge`, `undo`), `export` (`show_plan`, `export`), `moved.folder.choose`; and, of an album
    that is compared in pairs, `strips` and `count` (`begin`, `tick`, `done`, `skip`, `undo`).

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    session : Session or None
        The album, once it was opened.

    Parameters
    ----------
    out : path
        The folder of results to begin with; that of the last album, if not given. Nothing is read
        before a button is pressed, but what kind of folder it is.
    session : Session, optional
        An album that is in hand already, with a folder of results: it is opened at once.
    take_up : callable, optional
        What reads a folder of results: `toolkit.session.taken_up`.
    subject : Subject, optional
        What is told apart, until a result is opened that says so; the default, if not given.
    about : str
        The subject whose recent albums are listed; "" for all.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    def __init__(
        self,
        out: str | Path = "",
        *,
        session: Session | None = None,
        take_up: TakeUp = take_up_session,
        subject: Subject | None = None,
        about: str = "",
    ) -> None:
        self._take_up = take_up
        self._subject = subject
        words = registry.words_for(subject)
        self._default = registry.info(about).words if about and subject is None else words
        self.session: Session | None = None
        self._stale = False
        self.guidance = ipywidgets.HTML()
        if session is not None and not str(out):
            out = session.corrections.out or ""
        self.recent = RecentAlbums("autopilot", self.go_on_with, about)
        if not str(out) and self.recent.albums:
            out = self.recent.albums[0].out
        self.folder = FolderChooser("Results", str(out), look=glance)
        self.open_button = ipywidgets.Button(
            description="Open", button_style="primary", icon="folder-open"
        )
        inside = [self.recent, self.folder, self.open_button]
        self.chooser = Fold("The results", inside, opened=True)
        self.work = Work()
        self.moved = MovedPhotos(lambda photos: self.open_results(photos=photos))
        self.questions = QuestionView(
            answered=lambda: self.export.clear(), sorted_anew=self._sorted_anew
        )
        # A correction waits for its turn: it sorts, and it writes.
        self.turns = Work(locks=(self.questions.alone, self.questions.writing))
        words = self._default
        self.individuals = IndividualsView(self.turns, changed=self._corrected, words=words)
        changed = self._decided_by_strip
        self.strips = StripView(self.turns, changed=changed)
        self.count = StripView(self.turns, counting_by=True, changed=changed)
        self.export = ExportBox(self._plan, self._exported, undo=self._undone, out=str(out))
        self.kept_in, self.not_yet = ipywidgets.HTML(), ipywidgets.HTML()
        self.about_export = ipywidgets.HTML()
        parts = {
            QUESTIONS: [self.questions, self.kept_in],
            INDIVIDUALS: [self.not_yet, self.individuals, self.turns],
            EXPORT: [self.about_export, self.export],
        }
        self._always = [ipywidgets.VBox(part) for part in parts.values()]
        self.tabs = ipywidgets.Tab(children=self._always)
        super().__init__([self.guidance, self.chooser, self.work, self.moved, self.tabs])
        self.add_class("sightings-review")
        self.open_button.on_click(lambda _: self.open_results())
        self.work.observe(self._worked, names="state")
        self.questions.observe(lambda _: self._asked(), names="state")
        self.questions.observe(lambda _: self._show_individuals(), names="pending")
        self.export.work.observe(lambda _: self._show_individuals(), names="state")
        self.tabs.observe(lambda _: self._show_individuals(), names="selected_index")
        self.tabs.observe(lambda _: self._begin_strips(), names="selected_index")
        self._show()
        if session is not None:
            self._begin(lambda: session)

    def open_results(self, *, photos: str = "") -> None:
        """Read the folder of results that is named; `photos` is where its photos are now."""
        named = self.folder.value.strip()
        about: dict[str, Any] = {"photos": folder_of(photos)} if photos else {}

        def read() -> Session:
            # What was answered in the last folder is on disk before the next is read.
            self.questions.wait()
            return self._take_up(folder_of(named), **about)

        if self.export.work.busy:
            self.work.message.mend(COPYING)
        else:
            self._begin(read)

    def go_on_with(self, album: Recent) -> None:
        """Open the results of an album of the list."""
        self.folder.choose(album.out)
        self.open_results()

    def cancel(self) -> None:
        """Open nothing after all."""
        self.work.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way: reading, answers, corrections, copies."""
        parts = self.work, self.questions, self.turns, self.questions, self.export
        return all(part.wait(timeout) for part in parts)

    def _begin(self, read: Callable[[], Session]) -> None:
        def job(_: Tell, stopped: Stopped) -> _Opened | None:
            try:
                session = read()
            except BadFolder:
                # It may be for the photos' sake: then the field below helps.
                if earlier_run(self.folder.value):
                    self.moved.ask(MOVED)
                raise
            if session.corrections.out is None:
                raise BadSetting(NO_FOLDER)
            deck = None if stopped() else deal(session)
            if deck is None or stopped():
                return None
            seen = session.looked.album
            return session, deck, count_gone(seen), self._views(session)

        def then(made: _Opened | None) -> None:
            if made is not None:
                self._opened(*made)

        self.moved.clear()
        self.work.run(job, then, title="reading the results")

    def _views(self, session: Session) -> PairViews | None:
        where = {"out": session.corrections.out, "folder": session.looked.folder}
        return pair_views.views_of(session.looked.album, session.settings, self._subject, **where)

    def _opened(self, session: Session, deck: Deck, gone: int, views: PairViews | None) -> None:
        self.session, self._stale = session, False
        self.individuals.show(session)
        if self.individuals.thumbnails is not None:
            self.questions.show(session, deck, self.individuals.thumbnails, views)
            for view in (self.strips, self.count):
                view.show(session, self.individuals.thumbnails)
        # What is compared in pairs is seldom sure: it is worth a look at twenty at a time.
        more = [self.strips, self.count] if session.looked.album.compared is not None else []
        self.tabs.children = [*self._always, *more]
        self.kept_in.value = kept_in(session)
        self.chooser.title = f"The results: {printable(str(session.corrections.out))}"
        self.chooser.opened = False
        self.recent.renew()
        self.export.out.value = str(session.corrections.out)
        self.export.clear()
        self.tabs.selected_index = QUESTIONS
        if gone:
            photos = counted(gone, "photo is", "photos are")
            self.moved.ask(GONE.format(photos=photos))

    def _corrected(self) -> None:
        """Look for questions anew after a correction among the individuals, in its thread."""
        self.questions.renew(sorted_already=True)
        self.export.clear()

    def _decided_by_strip(self) -> None:
        """Show everywhere what a strip decided; in the thread of corrections."""
        self._corrected()
        self._sorted_anew()

    def _begin_strips(self) -> None:
        """Look for the first strip when its tab is opened."""
        view = {STRIPS: self.strips, COUNT: self.count}.get(self.tabs.selected_index or 0)
        if view is not None and view.state == "empty":
            view.begin()

    def _sorted_anew(self) -> None:
        """Note that the individuals are others now; in a thread."""
        self._stale = True
        self._show_individuals()

    def _show_individuals(self) -> None:
        """Show the individuals as they are now; not while the next press would mean another."""
        copying = self.export.work.busy
        busy = copying or self.questions.pending
        said = BUSY[copying].format(words=in_html(self._words))
        # A correction among them keeps the view: it shows its own result.
        own = self.turns.busy and not copying
        self.not_yet.value = f"<p role='status'>{said}</p>" if busy and not own else ""
        if self._stale and not busy and self.tabs.selected_index == INDIVIDUALS:
            self._stale = False
            with self.questions.writing:
                self.individuals.refresh()
        self.individuals.layout.display = "none" if busy and not own else None

    def _plan(self, out: Path) -> pd.DataFrame:
        with self.questions.alone:
            session = self._here()
            before = session.result
            planned = session.plan(out)
        if session.result is not before:
            # What was done in the folders counts from now on.
            self.questions.renew(sorted_already=True)
            self._sorted_anew()
        return planned

    def _undone(self, out: Path, tell: Tell, stopped: Stopped) -> Undone:
        with self.questions.alone:
            return self._here().undo_export(out, progress=tell, stop=stopped)

    def _exported(self, out: Path, keep_all: bool, tell: Tell, stopped: Stopped) -> Result:
        with self.questions.alone:
            session = self._here()
            written = session.export(out, keep_all=keep_all, progress=tell, stop=stopped)
        self.kept_in.value = kept_in(session)
        return written

    def _here(self) -> Session:
        if self.session is None:
            raise RuntimeError("the export is shown before there is anything to export")
        return self.session

    @property
    def _words(self) -> Words:
        return self._default if self.session is None else self.session.album.words

    def _worked(self, change: dict[str, Any]) -> None:
        state = change["new"]
        if state == "done":
            self.state = "done"
            self._asked()
        elif state in ("running", "cancelled", "failed"):
            self.state = state
            self.chooser.opened = True
        self._show()

    def _asked(self) -> None:
        if self.session is None or self.state not in ("done", "no questions"):
            return
        if not len(self.session.looked.album):
            self.state = "none found"
        else:
            self.state = "no questions" if self.questions.state == "none left" else "done"
        self._show()

    def _show(self) -> None:
        words, shown = self._words, in_html(self._words)
        self.guidance.value = f"<p role='status'>{GUIDANCE[self.state].format(words=shown)}</p>"
        self.about_export.value = ABOUT_EXPORT.format(words=shown)
        titles = ("Questions", words.individuals.capitalize(), "Export", "Strips", "How many")
        self.tabs.titles = titles[: len(self.tabs.children)]
        self.open_button.disabled = self.work.busy
        there = self.session is not None and self.state in ("done", "no questions")
        self.tabs.layout.display = None if there else "none"


def glance(folder: str) -> Preview:
    """Say of a folder whether there are results to open."""
    if not folder.strip():
        return Preview(problem="no folder is named yet")
    found = earlier_run(folder)
    if found:
        return Preview(problem=f"here is {found}: press Open")
    return Preview(
        problem="no result of autopilot here: choose the folder that a run exported into"
    )
