"""Subjects that were not found: a box around one in a photo of a result, with a name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets

from toolkit import files
from toolkit.curation import drawn_boxes
from toolkit.curation.history import Corrections, Gesture
from toolkit.errors import SightingsError
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.records import Words
from toolkit.results import results_folder
from toolkit.results.results_folder import Run
from toolkit.widgets.background_work import Message
from toolkit.widgets.missed_view import STYLE, WIDE, MissedView

LATER = "it joins in with the next Start"


class MissedBox(ipywidgets.VBox):
    """
    The photos of a result, in which boxes can be drawn around what was not found.

    Gestures are methods: `read`, and those of `view`.

    Attributes
    ----------
    view : MissedView
        The photos.

    Parameters
    ----------
    out : path
        The folder of results; opened at once where it is named.
    words : Words
        What is looked for.
    changed : callable, optional
        Called with the folder of results when a box was drawn or taken out; says what comes of it,
        without a full stop, or "" where that is a matter of the next Start.
    """

    def __init__(
        self,
        out: str | Path = "",
        *,
        words: Words,
        changed: Callable[[Path], str] = lambda _: "",
    ) -> None:
        self.run: Run | None = None
        self._changed = changed
        self._made: Corrections | None = None
        # Steps of this panel: only these are taken back here.
        self._steps = 0
        self.out = ipywidgets.Text(
            description="Results", value=str(out), layout=WIDE, style=STYLE, continuous_update=False
        )
        self.open_button = ipywidgets.Button(description="Show the photos")
        self.message = Message()
        self.view = MissedView(words, kept=self._keep, taken_out=self._take_out, undone=self._undo)
        guidance = ipywidgets.HTML(
            f"<p><b>Draw a box around {words.a_sighting} that was not found,</b> as closely as "
            "round the others, and write a name if you know it. "
            f"{LATER[:1].upper()}{LATER[1:]}.</p>"
        )
        super().__init__([guidance, self.out, self.open_button, self.message, self.view])
        self.add_class("sightings-missed-box")
        self.view.layout.display = "none"
        self.open_button.on_click(lambda _: self.read())
        self.out.observe(lambda _: self._other(), names="value")
        if str(out):
            self.read()

    def read(self) -> None:
        """Read the result."""
        try:
            self.run = results_folder.load(files.folder_at(self.out.value.strip()))
            self._made, self._steps = Corrections(self.run.album, self.run.out), 0
        except SightingsError as error:
            self.message.failed(error)
            return
        self.message.clear()
        self.view.message.clear()
        self._show()

    def _other(self) -> None:
        """Forget a result whose folder is not named any more."""
        if self.run is not None:
            self.run = self._made = None
            self.view.layout.display = "none"

    def _show(self) -> None:
        run, made = self.run, self._made
        if run is None or made is None:
            return
        self.view.layout.display = None
        self.view.show(
            run.album,
            run.photos_folder,
            names=run.names,
            boxes=drawn_boxes.keys(made.decisions),
            can_undo=self._steps > 0,
            examples=results_folder.unfit_examples(run),
        )

    def _keep(self, key: SightingKey, name: str) -> None:
        run = self.run
        if run is not None:
            known = [each for each in run.names if each]
            self._do(drawn_boxes.drawing(key, run.album.words, name=name, known=known), key)
            self.view.name.value = ""

    def _take_out(self, key: SightingKey) -> None:
        if self._made is not None:
            self._do(drawn_boxes.taking_out(self._made.decisions, key), key)

    def _do(self, gesture: Gesture, key: SightingKey) -> None:
        if self._made is not None and self.run is not None:
            self._made.add(gesture)
            self._steps += 1
            own = (self.run.album.photos["photo_digest"] == key.photo).any()
            self._done(self._made.last, example=not own)

    def _undo(self) -> None:
        if self._made is not None and self._steps:
            said = self._made.undo()
            self._steps -= 1
            self._done(f"Taken back: {said}")

    def _done(self, said: str, *, example: bool = False) -> None:
        """Show what is true now, and say what comes of it."""
        self._show()
        if self.run is not None:
            # Who has the album in hand takes it in all the same, and looks at no example again.
            then = self._changed(self.run.out) or LATER
            then = LATER if example else then
            self.view.message.remark(f"{said[:1].upper()}{said[1:]}: {then}.")
