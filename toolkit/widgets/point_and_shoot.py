"""Point-and-shoot without code: examples of who is known, their photos, yes or no, export."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd

from toolkit import modes
from toolkit.curation import decisions
from toolkit.errors import SightingsError
from toolkit.grouping.assigners import ReferenceAssigner
from toolkit.grouping.identification import References
from toolkit.modes import Looked
from toolkit.names import counted, shown_of
from toolkit.photos import folder_suggestions
from toolkit.photos.thumbnails import data_uri
from toolkit.progress import Progress
from toolkit.records import Words
from toolkit.results import recent
from toolkit.results.recent import Recent
from toolkit.results.result import PointAndShootResult
from toolkit.results.results_folder import EXAMPLE, ResultsFolder
from toolkit.session import Session
from toolkit.settings import ComparingSettings, from_record, settings_for
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets.background_work import Stopped, Tell, in_html, safe
from toolkit.widgets.folder_field import ExamplesChooser
from toolkit.widgets.matches_view import MatchesView
from toolkit.widgets.recent_albums import names_of
from toolkit.widgets.settings_form import SettingsForm
from toolkit.widgets.sorting_panel import SAID, Folders, Sort, SortingPanel
from toolkit.widgets.threshold_explorer import LEAST, STEP, Choice

# By state, with the words of the subject, as HTML.
GUIDANCE = {
    "empty": "<b>Choose the folder with your photos and the folder of {words.individuals}, then "
    "press Start.</b> Photos are only ever read. What is found is kept in the folder for results; "
    "nothing is copied before you export.",
    "running": "<b>Reading the example photos, then looking at the photos.</b> You may cancel: "
    "the photos looked at by then are kept.",
    "done": "<b>Done.</b> Look at the doubtful matches below, accept or refuse; then export the "
    "photos into folders, at the end.",
    "none found": "<b>None of these {words.individuals} was found.</b> Open {words.an_individual} "
    "to see the nearest {words.plural}, accept them one by one, or move the threshold up.",
    **SAID,
}
NOTHING_KEPT = (
    "<b>Cancelled while the example photos were read,</b> so no photo was looked at and there is "
    "nothing to keep. Press Start to begin again."
)
NONE_SEEN = (
    "<b>No {words.singular} was found in the photos.</b> Choose another folder, or open the "
    "settings and search at more px; then press Start. {others}"
)
SEVERAL = (
    "For photos with several {words.plural} you may also open the settings, tick “in "
    "examples, take the largest {words.singular}”, and press Start."
)
# Example photos with a problem that are listed.
SHOWN = 20
# Side of their pictures, in px; individuals named in a line.
SIDE, FEW = 64, 5
TOLD = {"references": "example photos"}


def problems_html(table: pd.DataFrame, words: Words) -> str:
    """Return the example photos that cannot be used, why, and what to do, as HTML."""
    if not len(table):
        return ""
    shown = shown_of(len(table), SHOWN)
    lines = "".join(
        f"<li>{safe('/'.join(Path(str(path)).parts[-2:]))}: {safe(str(reason))}</li>"
        for path, reason in zip(table["path"].head(shown), table["reason"], strict=False)
    )
    more = len(table) - shown
    also = f"<li>and {more:,} more</li>" if more > 0 else ""
    several = table["reason"].str.contains(f"{words.plural} found", regex=False).any()
    head = f"{counted(len(table), 'example photo')} cannot be used"
    return (
        f"<p role='status'><b>{head}:</b></p><ul style='overflow-wrap: anywhere'>{lines}{also}</ul>"
        + (f"<p>{SEVERAL.format(words=in_html(words))}</p>" if several else "")
    )


def doubts_html(references: References) -> str:
    """Return what folders were taken for, and the examples that may be wrong, as HTML."""
    taken = "".join(f"<p role='status'>{safe(each)}.</p>" for each in references.taken)
    doubts = references.doubts
    if not len(doubts):
        return taken
    shown = shown_of(len(doubts), SHOWN)
    lines = "".join(
        f"<li>{_shown(path, whose)}{_shown(beside, other or whose)} "
        f"{safe('/'.join(Path(path).parts[-2:]))}: {safe(said)}</li>"
        for path, whose, beside, other, said in doubts[
            ["path", "name", "beside", "nearest", "said"]
        ]
        .head(shown)
        .itertuples(index=False, name=None)
    )
    more = len(doubts) - shown
    also = f"<li>and {more:,} more, in problems.csv</li>" if more > 0 else ""
    head = f"{counted(len(doubts), 'remark')} on the example photos"
    return (
        f"{taken}<p role='status'><b>{head}:</b></p>"
        f"<ul style='overflow-wrap: anywhere'>{lines}{also}</ul>"
    )


def _shown(path: str, whose: str) -> str:
    """Return a picture of an example, as HTML; "" where it cannot be read."""
    jpeg = folder_suggestions.picture_of(Path(path), SIDE)
    if jpeg is None:
        return ""
    about = safe(f"example of {whose}: {Path(path).name}")
    return (
        f"<img alt='{about}' title='{about}' src='{data_uri(jpeg)}' "
        f"style='height: {SIDE}px; display: inline-block; margin: 0 4px 0 0'>"
    )


def summary(album: Session) -> str:
    """Say what was looked at and found, in a line."""
    looked, result = album.looked, album.result
    # Those that could be used, as everywhere else; the others are said apart.
    seen = len(looked.album.photos)
    photos = (
        counted(seen, "photo")
        if looked.complete
        else f"{seen:,} of {looked.listed:,} photos so far"
    )
    known, found = album.assigner.known, set(album.names) - {None}
    words = album.album.words
    parts = [photos, words.count(result.count)]
    parts.append(f"{len(found):,} of {len(set(known) | found):,} {words.individuals} found")
    if isinstance(result, PointAndShootResult) and result.references.not_searched:
        away = result.references.not_searched
        more = f" and {len(away) - FEW} more" if away[FEW:] else ""
        parts.append(f"{', '.join(away[:FEW])}{more} could not be searched for")
    if unnamed := result.in_no_folder:
        parts.append(f"{counted(unnamed, 'photo')} of {words.nobody} known")
    parts += result.in_brief
    if bad := len(looked.album.problems):
        parts.append(f"{counted(bad, 'file')} that could not be used")
    return ", ".join(parts)


Found = tuple[References, Looked]
Look = Callable[..., Found | None]


def look_for(
    photos_folder: str | Path,
    examples: str | Path,
    out: str | Path | None = None,
    *,
    settings: ComparingSettings,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    subject: Subject | None = None,
) -> Found | None:
    """
    Read the examples of who is known, then look at photos; see `toolkit.modes`.

    Returns
    -------
    (References, Looked) or None
        None if it was stopped before all examples were read, or compared.

    Raises
    ------
    BadFolder
        If a folder is missing or cannot be used, holds no photo, or no example serves.
    """
    which: dict[str, Any] = {"exclude": settings.exclude, "videos": settings.videos}
    listed = modes.with_own(modes.list_photos(photos_folder, out, examples, **which))
    subject = subject or registry.subject_for(settings)
    listed, subject = modes.prepared(listed, subject, settings)
    doing: dict[str, Any] = {"progress": progress, "stop": stop}
    made = () if listed.out is None else decisions.read(listed.out)
    about: dict[str, Any] = {"settings": settings, "subject": subject, "decided": made}
    read = modes.read_known(examples, listed.folder, **about, **doing)
    if read is None:
        return None
    looked = modes.look_at(listed, settings, subject, **doing)
    known = modes.compare_known(looked, read, settings=settings, subject=subject, **doing)
    return None if known is None else (known, looked)


class PointAndShootPanel(SortingPanel[ComparingSettings]):
    """
    The whole way of point-and-shoot.

    Gestures are methods: `start`, `cancel`, `draw_missed`, `close_missed`, and those of its parts:
    `folder.choose`, `examples.choose`, `form.fields`, `matches` (`open`, `back`, `show_doubtful`,
    `act`, `undo`, `move`, `to_automatic`), `missed`, `export` (`show_plan`, `export`).

    Parameters
    ----------
    photos, examples, out : path
        The folders to begin with, or those of the last album in these (of all, where none is
        named); without one for results, they go beside the photos. Nothing is read or written
        before a button is pressed, but a look at how many photos there are, and of whom.
    settings : ComparingSettings, optional
        What the form begins with.
    look, sort : callable, optional
        What does the work: `look_for` and `toolkit.session.Session`.
    sample_folder : path, optional
        Where the button "Use the sample album" makes it; no button without one.
    subject : Subject, optional
        What to look for; what the settings are about by default, if not given.
    about : str
        The subject of the settings, where none are given.
    """

    GUIDANCE = GUIDANCE
    MODE, BESIDE = "point-and-shoot", "found"
    SHOWN, SORTING, READING = "matches", "matching", "reading the folders"

    def __init__(
        self,
        photos: str | Path = "",
        examples: str | Path = "",
        out: str | Path = "",
        *,
        settings: ComparingSettings | None = None,
        look: Look = look_for,
        sort: Sort = Session,
        sample_folder: str | Path | None = None,
        subject: Subject | None = None,
        about: str = registry.DEFAULT,
    ) -> None:
        begun = settings or settings_for("point-and-shoot", registry.settings_of(about))()
        self._look, self._subject, words = look, subject, registry.words_for(subject, begun)
        form = SettingsForm(begun)
        # The places of the slider by the line.
        form.threshold.step = STEP
        form.threshold.min = min(LEAST, form.threshold.min)
        super().__init__(photos, out, form, sort=sort, sample_folder=sample_folder, words=words)
        self.examples = ExamplesChooser(str(examples), words=words)
        self.problems = ipywidgets.HTML()
        self._doubts: tuple[pd.DataFrame, str] | None = None
        self.matches = MatchesView(
            changed=self._corrected,
            chosen=self._line_moved,
            hindered=self._hindered,
            missed=self.draw_missed,
            words=words,
        )
        self.examples.observe(lambda _: self._show(), names="value")
        self.export.work.observe(self._export_worked, names="state")
        self._lay_out(
            self.matches,
            self.recent,
            self.folder,
            self.examples,
            # The same field stands in the export: answers are kept there from the start.
            self.export.out,
            self.form,
            self.another,
            self.start_button,
            self.work,
            self.later,
            self.problems,
            css_class="sightings-point-and-shoot",
        )
        given = {"photos": str(photos), "known": str(examples), "out": str(out)}
        if last := recent.find(self.MODE, **given, subjects=names_of(self._about)):
            self._take_folders(last)
            if settings is None:
                self._take_settings(last)

    def go_on_with(self, album: Recent) -> None:
        """Take up an album of the list: its folders and settings; Start finds the photos known."""
        self._take_folders(album)
        self._take_settings(album)
        self.later.remark("Press Start: photos that were looked at are known, and answers hold.")

    def start(self, *, anyway: bool = False) -> None:
        """Read the examples and look at the photos, unless other work is under way."""
        if self.state == "running" or self.export.work.busy:
            self.later.mend("other work is under way; press Start when it is done")
        else:
            super().start(anyway=anyway)

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
        settings: ComparingSettings,
        tell: Tell,
        stopped: Stopped,
    ) -> tuple[Looked, ReferenceAssigner] | None:
        about = {} if self._subject is None else {"subject": self._subject}
        found = self._look(
            *of, out, settings=settings, progress=_named(tell), stop=stopped, **about
        )
        return None if found is None else (found[1], ReferenceAssigner(found[0], settings))

    def _take_folders(self, album: Recent) -> None:
        super()._take_folders(album)
        self.examples.choose(album.known)

    def _take_settings(self, album: Recent) -> None:
        """Show the settings of an earlier result in the form, where they are of its kind."""
        kind = self.form.kind
        with suppress(SightingsError):
            told = ResultsFolder(album.out).record().get("settings")
            if isinstance(told, dict):
                self.form.take(from_record(kind, told, of=album.out))

    def _examples(self) -> list[str]:
        album = self.session
        problems = None if album is None else album.assigner.problems
        if problems is None:
            return []
        return [str(path) for path in problems["path"][problems["stage"] == EXAMPLE]]

    def _by_turn(self, job: Callable[[], str]) -> None:
        self.matches.change_by(job)

    def _chosen(self) -> Folders:
        return self.folder.value, self.examples.value

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
        self.examples.choose(str(Path(photos).parent / "people"))
        return photos

    def _line_moved(self, choice: Choice) -> None:
        """Set the form's threshold, which moves the line."""
        if choice != "auto":
            self.form.threshold.value = choice
        self.form.automatic.value = choice == "auto"

    def _say_kept(self) -> None:
        self.work.message.remark("Cancelled: what was found before is still there.")

    def _corrected(self) -> None:
        if self.state in ("done", "none found"):
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
        if self.state == "none found" and session is not None and not len(session.album):
            others = safe(self.form.none_found)
            return NONE_SEEN.format(words=in_html(self.words), others=others).strip()
        return super()._guidance()

    def _found_html(self, session: Session) -> str:
        return safe(summary(session))

    def _other_html(self) -> str:
        return "<p><b>Not of the folders that are chosen now:</b> press Start to look at those.</p>"

    def _show(self) -> None:
        super()._show()
        if self.session is not None:
            assigner = self.session.assigner
            doubts = ""
            if isinstance(assigner, ReferenceAssigner):
                references = assigner.references
                if self._doubts is None or self._doubts[0] is not references.doubts:
                    # Pictures are made once, however often all is shown again.
                    self._doubts = references.doubts, doubts_html(references)
                doubts = self._doubts[1]
            self.problems.value = doubts + problems_html(assigner.problems, self.words)


def _named(tell: Tell) -> Tell:
    """Tell of work in the words of the panel."""
    return lambda work, done, total, item: tell(TOLD.get(work, work), done, total, item)
