"""The size explorer: one photo at a size, what is found and lost in it, and what an album says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import traitlets

from toolkit.evaluation import photo_size_preview
from toolkit.evaluation.photo_size import LONG_EDGES
from toolkit.evaluation.photo_size_costs import Way
from toolkit.evaluation.photo_size_preview import Comparison, Looks
from toolkit.evaluation.photo_size_study import ResizeStudy
from toolkit.photos import sample
from toolkit.settings import AutopilotSettings
from toolkit.widgets.background_work import safe
from toolkit.widgets.debounce import Newest
from toolkit.widgets.folder_field import REST, FolderChooser
from toolkit.widgets.size_controls import SizeControls
from toolkit.widgets.size_study import Compare, StudyBox
from toolkit.widgets.size_words import (
    edge_label,
    paragraph,
    photo_html,
    sentence,
    unshrunk_text,
    use_html,
    way_text,
    where_html,
)

STATES = ("empty", "running", "cancelled", "failed", "done", "nobody found")
GUIDE = {
    "empty": "<b>Choose a folder with photos.</b> Its first photo is shown at once. Photos are "
    "only read; nothing is written.",
    "running": "<b>Looking.</b> The full size takes longest, once for each photo and detector.",
    "cancelled": "<b>Cancelled.</b> Move the slider, or press <b>Look again</b>.",
    "failed": "<b>That did not work:</b> the reason stands below. Choose another photo, size or "
    "folder, or press <b>Look again</b>.",
    "done": "<b>Move the long edge</b> to the left until faces are lost that you want to keep; try "
    "other photos. Then press <b>Use</b>.",
    "nobody found": "<b>No face is found at full size</b> with this detector, so nothing can be "
    "lost. Press <b>Next photo</b>, or take the other detector.",
}
COMPARING = "<b>The sizes are being compared.</b> The photo rests meanwhile, for the seconds' sake."


@dataclass(frozen=True)
class _Asked:
    """What is to be shown; `over` is set when another photo or detector was asked for."""

    folder: str
    number: int
    detector: str
    long_edge: int
    over: threading.Event
    rest: float = 0.0

    @property
    def way(self) -> Way:
        return self.detector, self.long_edge


class SizePanel(SizeControls):
    """
    Try sizes and detectors on photos, one by one, and on a sample of them all.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    chosen : tuple of (int, str) or None
        Long edge in px (0 for the full size) and detector, once the user takes one; can be
        observed. `toolkit.evaluation.photo_size_preview.settings_at` has the settings.
    comparison : Comparison or None
        What is shown.

    Parameters
    ----------
    photos : path
        The folder to begin with.
    settings : AutopilotSettings, optional
        How photos are searched; long edge and detector are where the controls begin.
    long_edges : sequence of int
        Long edges in px that a study compares; the slider has them, too.
    study : ResizeStudy, optional
        A study of these photos made already.
    photos_compared : int
        Most photos of a study made here.
    look : Looks, optional
        Looks at photos.
    compare : callable, optional
        Makes a study: `toolkit.evaluation.photo_size_preview.study_of`.
    on_chosen : callable, optional
        Called with long edge and detector when the user takes them.
    sample_folder : path, optional
        Where the button "Use the sample album" makes it; no button without one.
    rest : float
        Seconds without a key until a folder that is typed is looked into.
    """

    state = traitlets.Enum(STATES, default_value="empty")
    chosen = traitlets.Tuple(default_value=None, allow_none=True)

    def __init__(
        self,
        photos: str | Path = "",
        *,
        settings: AutopilotSettings | None = None,
        long_edges: Sequence[int] = LONG_EDGES,
        study: ResizeStudy | None = None,
        photos_compared: int = 20,
        look: Looks | None = None,
        compare: Compare = photo_size_preview.study_of,
        on_chosen: Callable[[int, str], None] | None = None,
        sample_folder: str | Path | None = None,
        rest: float = REST,
    ) -> None:
        self.settings = settings or AutopilotSettings()
        self.looks = look or Looks(self.settings)
        self._on_chosen, self._rest = on_chosen, rest
        self.comparison: Comparison | None = None
        self.paths: tuple[Path, ...] = ()
        self._listed: str | None = None
        self._longest, self._extra = 0, set[int]()
        self._lock = threading.RLock()
        self._asked = _Asked(
            "", 0, self.settings.detector, self.settings.long_edge, threading.Event()
        )
        suggested = {}
        if sample_folder is not None:
            suggested["Use the sample album"] = lambda: sample.at(sample_folder)
        folder = FolderChooser("Photos", str(photos), suggested=suggested, rest=rest)
        album_study = StudyBox(
            lambda: self.folder.value,
            settings=self.settings,
            long_edges=long_edges,
            photos=photos_compared,
            way=self._asked.way,
            compare=compare,
        )
        super().__init__(folder, album_study, self.settings.detector)
        self._near = Newest(self._look_here, failed=self.message.failed)
        self._far = Newest(self._look_at_full, failed=self.message.failed)
        for button, gesture in (
            (self.before, self.previous),
            (self.after, self.next),
            (self.take, self.choose),
            (self.stop, self.cancel),
            (self.retry, self.again),
        ):
            button.on_click(lambda _, gesture=gesture: gesture())
        self.album_study.work.observe(lambda _: self._show(), names="state")
        self.folder.observe(self._folder_changed, names="value")
        self.detector.observe(self._detector_changed, names="value")
        if self.folder.value.strip():
            self._ask(folder=self.folder.value)
        if study is not None:
            self.show_study(study)
        self._show()

    def show_photo(self, number: int) -> None:
        """Show a photo, by its place in the folder, from 0."""
        if 0 <= number < len(self.paths):
            self._ask(number=number)

    def next(self) -> None:
        """Show the next photo."""
        self.show_photo(self._number() + 1)

    def previous(self) -> None:
        """Show the photo before."""
        self.show_photo(self._number() - 1)

    def set_edge(self, long_edge: int) -> None:
        """Look at a long edge, in px; 0 is the full size."""
        with self._lock:
            self._extra.add(long_edge)
            self._ask(long_edge=long_edge)
            self._place_slider()

    def set_detector(self, detector: str) -> None:
        """Look with another detector."""
        self.detector.value = detector

    def again(self) -> None:
        """Look again, after it was cancelled or failed; the folder is listed anew."""
        self._listed = None
        self._ask()

    def cancel(self) -> None:
        """Stop looking at the photo."""
        with self._lock:
            if self.state == "running":
                self._asked.over.set()
                self._near.forget()
                self._far.forget()
                self.state = "cancelled"
                self.said.value = paragraph("Not looked at to the end.", role="status")

    def choose(self) -> None:
        """Take the size and the detector."""
        detector, long_edge = self._asked.way
        self.use.value = use_html((detector, long_edge))
        self.chosen = (long_edge, detector)
        if self._on_chosen is not None:
            try:
                self._on_chosen(long_edge, detector)
            except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
                self.message.failed(error)

    def start(self) -> None:
        """Compare the sizes on a sample of the folder."""
        self.album_study.start()

    def cancel_study(self) -> None:
        """Stop comparing sizes; nothing comes of it."""
        self.album_study.cancel()

    def show_study(self, study: ResizeStudy) -> None:
        """Show a study made elsewhere."""
        with self._lock:
            self.album_study.show(study)
            self._place_slider()
            self._show()

    @property
    def study(self) -> ResizeStudy | None:
        """The study that is shown."""
        return self.album_study.study

    def wait(self, timeout: float | None = 60.0) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        # What is found at full size is shown by the first.
        parts = (self._near, self._far, self._near, self.album_study)
        return all(part.wait(timeout) for part in parts)

    def _folder_changed(self, change: dict[str, Any]) -> None:
        self._ask(folder=change["new"], number=0, rest=self._rest)

    def _detector_changed(self, change: dict[str, Any]) -> None:
        self._ask(detector=change["new"])

    def _dragged(self, change: dict[str, Any]) -> None:
        # Not where the slider was put to follow what is shown.
        if change["new"] != self._place():
            self._ask(long_edge=change["new"])

    def _number(self) -> int:
        """Return the place of the photo that is shown, or is to be."""
        return min(self._asked.number, len(self.paths) - 1)

    def _place(self) -> int:
        """Return the place of the slider: what shrinks no photo is at its end."""
        edge = self._asked.long_edge
        return edge if edge < self._longest else 0

    def _ask(self, *, rest: float = 0.0, **new: Any) -> None:
        """Show something else as soon as can be."""
        with self._lock:
            old = self._asked
            kept = {name: getattr(old, name) for name in ("folder", "number", "detector")}
            kept["long_edge"] = old.long_edge
            wanted = {**kept, **new}
            over = old.over
            same = all(wanted[name] == kept[name] for name in ("folder", "number", "detector"))
            # What is sought at full size serves for every long edge.
            if not same or over.is_set():
                over.set()
                over = threading.Event()
            self._asked = _Asked(**wanted, over=over, rest=rest)
            if wanted["folder"].strip():
                self.state = "running"
            self._near.ask(self._asked)
            if "folder" in new and self.study is not None:
                self.album_study.forget()
            self.album_study.mark(self._asked.way)

    def _look_here(self, asked: _Asked) -> None:
        """List the folder if need be, look at the photo at the size, and show what is known."""
        try:
            if asked.over.wait(asked.rest) if asked.rest else asked.over.is_set():
                return
            if asked.folder != self._listed:
                self.paths, self._listed = (), None
                if asked.folder.strip():
                    self.paths = photo_size_preview.photos_in(asked.folder)
                self._listed = asked.folder
            if self.paths:
                self._show_photo(asked, self.paths[min(asked.number, len(self.paths) - 1)])
            else:
                self._end(asked, "empty")
        except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
            self._end(asked, "failed", error)

    def _show_photo(self, asked: _Asked, path: Path) -> None:
        shown = photo_size_preview.picture(path, asked.long_edge)
        longest = max(shown.width, shown.height)
        edge = asked.long_edge if asked.long_edge < longest else 0
        here = full = self.looks.known(path, (asked.detector, 0))
        if edge:
            here = self.looks.at(path, (asked.detector, edge), stop=asked.over.is_set)
        comparison = None if here is None else photo_size_preview.compare(here, full)
        told = [] if comparison is None else [sentence(comparison)]
        if full is None:
            told.append("Looking at full size …")
        if asked.long_edge >= longest:
            again = photo_size_preview.doubled(longest, asked.long_edge, self.settings.upsample)
            told.append(unshrunk_text(asked.long_edge, longest, doubled=again))
        with self._lock:
            if asked.over.is_set():
                return
            self.comparison, self._longest = comparison, longest
            if asked is self._asked:
                self._place_slider()
            self.where.value = where_html(self.paths, self.paths.index(path))
            self.photo.value = photo_html(shown, path.name, edge, comparison)
            self.said.value = paragraph(f"<b>{safe(' '.join(told))}</b>", role="status")
            self.message.clear()
            if full is None:
                self._far.ask((path, asked))
            elif asked is self._asked:
                self.state = "done" if len(full.boxes) else "nobody found"
            self._show()

    def _look_at_full(self, wanted: tuple[Path, _Asked]) -> None:
        path, asked = wanted
        try:
            self.looks.at(path, (asked.detector, 0), stop=asked.over.is_set)
        except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
            self._end(asked, "failed", error, keep=True)
            return
        with self._lock:
            if not asked.over.is_set():
                self._near.ask(self._asked)

    def _end(
        self, asked: _Asked, state: str, error: Exception | None = None, *, keep: bool = False
    ) -> None:
        """Show that there is nothing to show, or no more than there is already."""
        with self._lock:
            if asked.over.is_set():
                return
            self.said.value = ""
            self.message.clear()
            if error is not None:
                self.message.failed(error)
            if not keep:
                self.comparison, self.photo.value = None, ""
                number = min(asked.number, len(self.paths) - 1)
                self.where.value = where_html(self.paths, number)
            self.state = state
            self._show()

    def _place_slider(self) -> None:
        """Give the slider the places of the photo, and put it where it belongs."""
        if not self._longest:
            return
        edges = photo_size_preview.edges_for(
            self._longest, (*self.album_study.long_edges, *self._extra)
        )
        places = tuple((edge_label(edge, self._longest), edge) for edge in edges)
        if tuple(self.size.options) != places:
            # Another slider: one that is shown, told of other places, answers with its old one.
            self.put_slider(places, self._place())
            self.size.observe(self._dragged, names="value")
        elif self.size.value != self._place():
            self.size.value = self._place()

    @traitlets.observe("state")
    def _state_changed(self, _: object) -> None:
        self._show()

    def _show(self) -> None:
        """Show what the state has use for."""
        state, busy = self.state, self.album_study.work.busy
        self.guide.value = paragraph(COMPARING if busy else GUIDE[state])
        there = bool(self.paths)
        self.shown.layout.display = None if there or state != "empty" else "none"
        self.both.layout.display = None if there or self.study is not None else "none"
        number = self._number()
        self.before.disabled = busy or number <= 0
        self.after.disabled = busy or number >= len(self.paths) - 1
        self.size.disabled = self.detector.disabled = busy
        self.retry.disabled = busy or state not in ("cancelled", "failed")
        self.stop.disabled = busy or state != "running"
        self.take.description = f"Use {way_text(self._asked.way)}"
        self.take.disabled = not there
