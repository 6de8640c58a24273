"""What the panels of both modes have in common: look, see who is who, correct, export."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import ipywidgets
import pandas as pd
import traitlets

from toolkit import files, modes
from toolkit.curation import decisions, drawn_boxes
from toolkit.curation.history import Corrections
from toolkit.errors import BadFolder, BadSetting, SightingsError
from toolkit.grouping.assigners import Assigner
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.locks import InUse
from toolkit.modes import Looked
from toolkit.names import counted
from toolkit.photos import folder_suggestions, opening, sample
from toolkit.records import Words
from toolkit.results import exporting, recent, results_folder
from toolkit.results.recent import Recent
from toolkit.results.result import Result
from toolkit.results.results_folder import ResultsFolder
from toolkit.results.undo import Undone
from toolkit.session import Session
from toolkit.settings import ComparingSettings, GroupingSettings
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets.background_work import Message, Newest, Stopped, Tell, Work, in_html, safe
from toolkit.widgets.export_box import ExportBox
from toolkit.widgets.folder_field import FolderChooser
from toolkit.widgets.individuals_view import IndividualsView
from toolkit.widgets.matches_view import MatchesView
from toolkit.widgets.missed_view import MissedView
from toolkit.widgets.recent_albums import RecentAlbums
from toolkit.widgets.settings_form import SettingsForm

STATES = ("empty", "running", "cancelled", "failed", "done", "none found")

# What both modes say in the same words; the rest is each one's own.
SAID = {
    "cancelled": "<b>Cancelled.</b> Below is what was found so far; press Start to look at all "
    "photos.",
    "failed": "<b>That did not work:</b> the reason stands below. Mend it, then press Start again.",
}
LATER = "The other settings that you changed take effect with the next Start."
ANOTHER = (
    "<p role='alert' style='border-left: 4px solid; padding-left: .6em'>"
    "<b>{out} holds {other}.</b> "
    "What is found in {photos} would take its place there, and the decisions of both would count "
    "for both. Name another folder above, and press Start; or go on all the same.</p>"
)

# Seconds that Start waits for a look at the files beside the photos.
PATIENCE = 5.0
# So many things that were done in the folders are said one by one.
MOST_SAID = 5

Mode = TypeVar("Mode", GroupingSettings, ComparingSettings)
Sort = Callable[..., Session]
# The folders that are looked at, as they were named: that of the photos first.
Folders = tuple[str, ...]


class SortingPanel(ipywidgets.VBox, Generic[Mode]):
    """
    From folders to an export; a subclass is one mode, and says what differs.

    A subclass makes its view of who is who, calls `_lay_out`, and has the methods below that raise
    NotImplementedError. `_take`, `_corrected` and what `job` calls run in a thread.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    session : Session or None
        The album, once it was looked at.

    Parameters
    ----------
    photos, out : path
        The folders to begin with; without one for results, they go beside the photos.
    form : SettingsForm
        The settings of the mode.
    sort : callable
        Sorts what was looked at, called as `toolkit.session.Session`.
    sample_folder : path, optional
        Where the button "Use the sample album" makes it; no button without one.
    words : Words
        What is told apart, until there is an album that says so.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    # "autopilot" or "point-and-shoot".
    MODE: ClassVar[str]
    # What the folder of results is called by default, beside that of the photos.
    BESIDE: ClassVar[str]
    # What to do next, by `STATES`, with the words of the subject, as HTML.
    GUIDANCE: ClassVar[dict[str, str]]
    # What is shown, and may have changed; the work after the look; what comes before the look.
    SHOWN: ClassVar[str] = "{words.individuals}"
    SORTING: ClassVar[str]
    READING: ClassVar[str]

    # What to look for; as the settings say, if not given.
    _subject: Subject | None = None

    def __init__(
        self,
        photos: str | Path,
        out: str | Path,
        form: SettingsForm[Mode],
        *,
        sort: Sort,
        sample_folder: str | Path | None,
        words: Words,
    ) -> None:
        self._default = words
        self._sort, self._sample = sort, sample_folder
        self.session: Session | None = None
        # What `session` is of; no folders where that is not known.
        self._of: Folders = ()
        # Whether it is an earlier result that was opened.
        self._opened = False
        self._planned: tuple[object, ...] = ()
        self._files: Newest[str] = Newest(
            lambda photos, _: self.form.look_beside(photos),
            failed=lambda error: self.later.failed(error),
        )
        # Whether the work that is under way replaces the album.
        self._looking = False
        self._headline = ""
        self._view: IndividualsView | MatchesView | None = None
        self.guidance, self.summary = ipywidgets.HTML(), ipywidgets.HTML()
        suggested = {} if sample_folder is None else {"Use the sample album": self._make_sample}
        self.folder = FolderChooser("Photos", str(photos), suggested=suggested)
        self.form: SettingsForm[Mode] = form
        self.start_button = ipywidgets.Button(
            description="Start", button_style="primary", icon="play"
        )
        self.work, self.later = Work(), Message()
        # The folder of results that was named by nobody, but follows from that of the photos.
        self._beside = folder_suggestions.beside(str(photos), self._word)
        self._following = True
        self._given = str(photos), str(out)
        # What the field says as long as nobody types into it.
        out = self._proposed = str(out) or self._beside
        self.export = ExportBox(self._plan, self._exported, undo=self._undone, out=out)
        self.recent = RecentAlbums(self.MODE, self.go_on_with, self._about)
        self.another_about = ipywidgets.HTML()
        self.anyway_button = ipywidgets.Button(
            description="Sort into it all the same",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self.another = ipywidgets.VBox([self.another_about, self.anyway_button])
        self.another.layout.display = "none"
        self.missed = MissedView(
            words,
            kept=self._box_kept,
            taken_out=lambda key: self._change_boxes(lambda: self._album().remove_box(key)),
            undone=lambda: self._change_boxes(lambda: f"Taken back: {self._album().undo()}"),
        )
        # The box that was drawn last, until it is said whom it joins.
        self._boxed: SightingKey | None = None
        self.close_button = ipywidgets.Button(
            description="Close", layout=ipywidgets.Layout(width="auto", align_self="flex-start")
        )
        about = ipywidgets.HTML(
            f"<h4>Missed {safe(words.a_sighting)}?</h4><p>Draw a box around it, as closely as "
            "round the others, and write a name if you know it.</p>"
        )
        self.missed_part = ipywidgets.VBox([about, self.missed, self.close_button])
        self.missed_part.layout.display = "none"
        self.results = ipywidgets.VBox([self.summary])
        self.last = ipywidgets.VBox([ipywidgets.HTML("<h3>Export</h3>"), self.export])
        super().__init__()

    def _lay_out(
        self, view: IndividualsView | MatchesView, *parts: ipywidgets.Widget, css_class: str
    ) -> None:
        """Put the parts, in their order, between the guidance and the view; then begin."""
        self._view = view
        labelled = [self.export.out, self.recent]
        for part in parts:
            if isinstance(part, FolderChooser):
                labelled += [part.path, part.step]
        # In line, and wide enough for the longest.
        for each in labelled:
            each.style.description_width = "11em"
        self.results.children = (self.summary, self.missed_part, view)
        self.children = (self.guidance, *parts, self.results, self.last)
        self.add_class(css_class)
        self.start_button.on_click(lambda _: self.start())
        self.close_button.on_click(lambda _: self.close_missed())
        self.anyway_button.on_click(lambda _: self.start(anyway=True))
        self.export.out.observe(lambda _: self._ask_nothing(), names="value")
        self.work.observe(self._worked, names="state")
        self.form.observe(lambda _: self.regroup(), names="changed")
        self.folder.observe(lambda _: self._named(), names="value")
        self._look_beside()
        self._show()

    @property
    def _about(self) -> str:
        """The subject that the settings are about."""
        return self.form.kind.subject.name

    @property
    def _word(self) -> str:
        """What the name of the folder of results has more than that of the photos."""
        # What is found of two subjects in the same photos is two results.
        plural = self.form.kind.subject.words.plural
        return self.BESIDE if self._about == registry.DEFAULT else f"{plural} {self.BESIDE}"

    def start(self, *, anyway: bool = False) -> None:
        """
        Look at the photos, sort what is found, and keep it in the folder of results.

        Parameters
        ----------
        anyway : bool
            Also where that holds another album, which is said first.
        """
        of, named = self._chosen(), self._out()
        if self.state == "running":
            return
        if not anyway and (other := self._another(of, named)):
            self._ask_another(of, str(named), other)
            return
        self._ask_nothing()
        before, carried = self.session, self._carried(of, named)

        def job(tell: Tell, stopped: Stopped) -> Session | None:
            self._settle()
            self._files.wait(PATIENCE)
            settings = self.form.settings()
            # What is wrong with the decisions is said before the long work, not after it.
            decisions.require_decisions(named)
            with ExitStack() as held:
                out = self._hold(held, of, named)
                done = self._done_in(out, settings)
                found = self._look_at(of, out, settings, tell, stopped)
                if found is None:
                    return None
                looked, assigner = found
                tell(self.SORTING, 0, 1, "")
                # A look that was cancelled takes nothing away that an earlier one has seen.
                seen = None if before is None or of != self._of else before.looked.not_seen
                if seen is not None and seen < looked.not_seen:
                    return before
                sorted_now = self._sort(looked, assigner, out=out, earlier=carried)
                sorted_now.say_done(done)
                self._keep(sorted_now)
            self._remember(sorted_now, of)
            return sorted_now

        def then(found: Session | None) -> None:
            # Photos may have been put there since it was chosen.
            self.folder.renew()
            if found is not None:
                self._take(found, of)
                self._say_done(found)
            if before is not None and found in (None, before):
                self._say_kept()

        self._begin(job, then, self.READING)

    def go_on_with(self, album: Recent) -> None:
        """Take up an album of the list: its folders, and what else there is of it."""
        raise NotImplementedError

    def draw_missed(self, path: str = "") -> None:
        """
        Show the photos, to draw boxes around what was not found.

        Parameters
        ----------
        path : str
            The photo to begin with.
        """
        self.missed_part.layout.display = None
        self.missed.message.clear()
        self._show_missed()
        self.missed.choose(path)

    def close_missed(self) -> None:
        """Draw no more."""
        self.missed_part.layout.display = "none"

    def take_boxes(self, out: Path) -> bool:
        """
        Take in the boxes that were drawn elsewhere for a folder of results.

        Returns
        -------
        bool
            Whether its album is in hand here; a box waits for the next Start otherwise.
        """
        album = self.session
        if album is None or album.corrections.out != out or self._busy() or not album.looks_anew:
            return False

        def read() -> str:
            self._album().keep_in(out)
            return ""

        self._by_turn(read)
        return True

    def cancel(self) -> None:
        """Stop looking; the photos looked at are kept."""
        self.work.cancel()

    def wait(self, timeout: float | None = 60.0) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        raise NotImplementedError

    def regroup(self) -> None:
        """Sort anew with the settings of the form, without looking at photos again."""
        raise NotImplementedError

    def _look_at(
        self, of: Folders, out: str | None, settings: Mode, tell: Tell, stopped: Stopped
    ) -> tuple[Looked, Assigner] | None:
        """Look; None if it was cancelled before there was anything to keep."""
        raise NotImplementedError

    def _chosen(self) -> Folders:
        """Return the folders that are chosen now."""
        raise NotImplementedError

    def _settle(self) -> None:
        """Wait for what was pressed and is not worked off."""

    def _busy(self) -> bool:
        """Say whether Start is of no use now."""
        return self._looking

    def _guidance(self) -> str:
        """Say what to do next, as HTML."""
        others = safe(self.form.none_found)
        return self.GUIDANCE[self.state].format(words=in_html(self.words), others=others).strip()

    @property
    def words(self) -> Words:
        """What is told apart."""
        return self._default if self.session is None else self.session.album.words

    def _say_kept(self) -> None:
        """Say that a look that was cancelled took nothing away."""
        raise NotImplementedError

    def _found_html(self, album: Session) -> str:
        """Say what was looked at and found, as HTML."""
        raise NotImplementedError

    def _other_html(self) -> str:
        """Say that what is shown is not of what is chosen now, as HTML."""
        raise NotImplementedError

    def _make_sample(self) -> str:
        return sample.at(str(self._sample))

    def _begin(
        self,
        job: Callable[[Tell, Stopped], Session | None],
        then: Callable[[Session | None], None],
        title: str,
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

    def _another(self, of: Folders, out: str | None) -> str:
        """Say which other album the folder of results holds; "" for none."""
        if out is None or not of[0].strip():
            return ""
        try:
            photos = files.folder_at(of[0])
            return ResultsFolder(files.folder_at(out)).another(photos, self.MODE, self._about)
        except BadFolder:
            # It is said when it is looked at.
            return ""

    def _ask_another(self, of: Folders, out: str, other: str) -> None:
        said = {"out": safe(out), "other": safe(other), "photos": safe(of[0])}
        self.another_about.value = ANOTHER.format(**said)
        self.another.layout.display = None

    def _ask_nothing(self) -> None:
        self.another.layout.display = "none"
        self.another_about.value = ""

    def _hold(self, held: ExitStack, of: Folders, named: str | None) -> str | None:
        """
        Keep others out of the folder of results, from before the photos are looked at.

        Returns
        -------
        str or None
            The folder; None where nothing can be kept, which is said unless somebody named it.
        """
        if named is None:
            return None
        out, photos = files.folder_at(named), files.folder_at(of[0])
        opening.require_folder(photos, "photos")
        known = files.folder_at(of[1]) if of[1:] and of[1].strip() else None
        results_folder.check_out(out, photos=photos, known=known)
        try:
            held.enter_context(exporting.alone_in(out, f"{self.MODE} in a panel"))
        except InUse:
            raise
        except BadFolder as error:
            if named != self._beside:
                raise
            self.later.remark(f"Nothing is kept until you export: {error}")
            return None
        return named

    def _done_in(self, out: str | None, settings: Mode) -> tuple[str, ...]:
        """Take what somebody did in the folders of results, which are held, for decisions."""
        if out is None:
            return ()
        _, said = modes.synced(files.folder_at(out), settings, self._subject)
        return said

    def _keep(self, found: Session) -> None:
        """Write what was found into the folder of results, which is held; say where that fails."""
        if found.corrections.out is None:
            return
        try:
            found.keep()
        except SightingsError as error:
            self.later.remark(f"Nothing is kept until you export: {error}")

    def _say_done(self, found: Session) -> None:
        """Say what was done in the folders since the run before, where there is anything."""
        if done := found.result.synced:
            more = f"; and {counted(len(done) - MOST_SAID, 'more')}" if done[MOST_SAID:] else ""
            self.later.remark(
                f"Since the last run, in the folders: {'; '.join(done[:MOST_SAID])}{more}"
            )

    def _remember(self, found: Session, of: Folders) -> None:
        """Put an album into the list of recent ones."""
        out = found.corrections.out
        if out is None or not of:
            return
        album, names = found.album, set(found.names) - {None} - found.result.not_sure
        photos = counted(len(album.photos), "photo")
        said = f"{photos}, {album.words.count_individuals(len(names))}"
        known = of[1] if of[1:] else ""
        about = type(found.settings).subject.name
        recent.remember(Recent(self.MODE, of[0], str(out), known, said, subject=about))
        self.recent.renew()

    def _take_folders(self, album: Recent) -> None:
        """Show the folders of an album in the fields."""
        self._following = False
        try:
            self.folder.choose(album.photos)
            self.export.out.value = album.out
        finally:
            self._following = True

    def _carried(self, of: Folders, out: str | None) -> Corrections | None:
        """Return the corrections of these photos, where the next look would not find them."""
        made = None if self.session is None else self.session.corrections
        if made is None or of[:1] != self._of[:1] or not made.decisions:
            return None
        return made if out is None or made.out != files.folder_at(out) else None

    def _take(self, found: Session, of: Folders, *, opened: bool = False) -> None:
        fresh = found is not self.session
        self.session, self._of = found, of
        self._opened = opened or (self._opened and not fresh)
        if fresh and self._view is not None:
            self._view.show(found)
        self._corrected()

    def _album(self) -> Session:
        if self.session is None:
            raise BadSetting("there is no album yet; press Start")
        return self.session

    def _examples(self) -> list[str]:
        """Return the example photos in which nobody could be told."""
        return []

    def _by_turn(self, job: Callable[[], str]) -> None:
        """Change the album, after what is under way, and say what was done."""
        raise NotImplementedError

    def _box_kept(self, key: SightingKey, name: str) -> None:
        if self._busy():
            raise BadSetting("other work is under way; press again when it is done")
        known = [each for each in self._album().names if each]
        # What is no box, or no name, is said at once.
        drawn_boxes.drawing(key, self.words, name=name, known=known)
        self._boxed = key
        self._change_boxes(lambda: self._album().add_box(key, name))
        self.missed.name.value = ""

    def _change_boxes(self, job: Callable[[], str]) -> None:
        """Draw a box, or take one out, in its turn."""

        def told() -> str:
            try:
                return job()
            except Exception as error:
                self.missed.message.failed(error)
                raise

        self.missed.message.remark("One moment …")
        self._by_turn(told)

    def _look_anew(self) -> None:
        """Look again at photos whose boxes have changed; in the thread of changes."""
        album, boxed = self.session, self._boxed
        if album is None:
            return
        self._boxed = None
        if album.due:
            try:
                album = album.look_anew(self._subject)
            except SightingsError as error:
                self.missed.message.failed(error)
                return
            self.session = album
            if self._view is not None:
                said = self._view.message.value
                self._view.show(album)
                self._view.message.value = said
        self._show_missed()
        if self.missed_part.layout.display == "none":
            return
        if boxed is None:
            self.missed.message.value = "" if self._view is None else self._view.message.value
        elif album.looks_anew and album.shows(boxed):
            self.missed.message.remark(f"{album.joined(boxed)}.")
        else:
            self.missed.message.remark("Kept: it joins in with the next Start.")

    def _show_missed(self) -> None:
        """Show photos and boxes as they are now, where they are shown."""
        album = self.session
        if album is None or self.missed_part.layout.display == "none":
            return
        self.missed.show(
            album.album,
            album.looked.folder,
            names=album.names,
            boxes=album.boxes,
            can_undo=album.corrections.can_undo,
            examples=self._examples(),
        )

    def _corrected(self) -> None:
        """Show what came of a change."""
        self._look_anew()
        self.export.clear()
        self._summarise()

    def _say_later(self, album: Session, asked: Mode) -> None:
        """Say so where settings ask for another look."""
        if album.needs_another_look(asked):
            self.later.remark(LATER)
        else:
            self.later.clear()

    def _plan(self, out: Path) -> pd.DataFrame:
        album = self._here()
        before = album.result
        planned = album.plan(out)
        if album.result is not before:
            # What was done in the folders counts from now on.
            self._say_done(album)
            self._summarise()
            if self._view is not None:
                self._view.refresh()
        self._planned = _version(album)
        return planned

    def _undone(self, out: Path, tell: Tell, stopped: Stopped) -> Undone:
        return self._here().undo_export(out, progress=tell, stop=stopped)

    def _exported(self, out: Path, keep_all: bool, tell: Tell, stopped: Stopped) -> Result:
        album = self._here()
        if self._planned != _version(album):
            raise BadSetting(
                f"the {self.SHOWN.format(words=self.words)} have changed since the plan was made; "
                "show it again"
            )
        written = album.export(out, keep_all=keep_all, progress=tell, stop=stopped)
        self._remember(album, self._of)
        # Decisions of that folder may have come in.
        self._summarise()
        if self._view is not None:
            self._view.refresh()
        return written

    def _here(self) -> Session:
        self._settle()
        if self.session is None:
            raise BadSetting("there is nothing to export yet; press Start")
        return self.session

    def _named(self) -> None:
        """Forget what was wrong with the folder before, and let the results follow it."""
        self._ask_nothing()
        self._look_beside()
        beside = folder_suggestions.beside(self.folder.value, self._word)
        photos, out = self._given
        # A folder of results that was given with photos is for those.
        proposed = out if out and _same(photos, self.folder.value) else beside
        own = ("", self._beside, self._proposed)
        if self._following and self.export.out.value.strip() in own:
            self.export.out.value = proposed
        self._beside, self._proposed = beside, proposed
        if self.state == "failed" and not self.work.busy:
            self.work.message.clear()
            self.state = "empty" if self.session is None else self._found()
        self._show()

    def _look_beside(self) -> None:
        """Let the form see which files there are beside the photos, in a thread."""
        if self.form.seeks_files:
            self._files.ask(self.folder.value)

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

    def _found(self) -> str:
        album = self.session
        there = album is not None and any(name is not None for name in album.names)
        return "done" if there else "none found"

    def _summarise(self) -> None:
        album = self.session
        if album is None:
            return
        here = self._of and not self._opened
        whose = f"in {self._of[0]}" if here else f"of the result in {album.corrections.out}"
        caveat = album.album.encoder.caveat
        doubt = (
            "<p role='status' style='border-left: 4px solid; padding-left: .6em'>"
            f"{safe(caveat[:1].upper() + caveat[1:])}.</p>"
            if caveat
            else ""
        )
        self._headline = (
            f"<h3>The {safe(self.words.individuals)} {safe(whose)}</h3>"
            f"<p role='status'>{self._found_html(album)}</p>{doubt}"
            f"<details><summary>more about this result</summary>{album.result._repr_html_()}"
            "</details>"
        )
        self._show()

    def _show(self) -> None:
        self.guidance.value = f"<p role='status'>{self._guidance()}</p>"
        self.start_button.disabled = self._busy()
        album, sightings = self.session, 0
        self.results.layout.display = "none" if album is None else None
        if album is not None:
            sightings = len(album.album)
            other = bool(self._of) and self._chosen() != self._of
            self.summary.value = self._headline + (self._other_html() if other else "")
        for part in (self._view, self.last):
            if part is not None:
                part.layout.display = None if sightings else "none"


def _same(one: str, other: str) -> bool:
    """Whether two texts name one folder."""
    if one == other:
        return True
    try:
        return files.folder_at(one).resolve() == files.folder_at(other).resolve()
    except (BadFolder, OSError, ValueError):
        return False


def _version(album: Session) -> tuple[object, ...]:
    return album, album.corrections.decisions, album.settings
