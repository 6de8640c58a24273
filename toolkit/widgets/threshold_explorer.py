"""The threshold explorer: a slider that regroups at once, and shows what it changed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import traitlets

from toolkit.evaluation.threshold_sweep import Change, Explorer, Position, changes
from toolkit.grouping.constraints import Decided
from toolkit.grouping.linkage import Tree
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import Album
from toolkit.settings import AutopilotSettings
from toolkit.widgets import threshold_steps
from toolkit.widgets.background_work import Stopped, Tell, Work
from toolkit.widgets.browsing import PeopleBrowser
from toolkit.widgets.contact_sheet import ContactSheet
from toolkit.widgets.debounce import Newest
from toolkit.widgets.individual_cards import FacePictures
from toolkit.widgets.threshold_words import (
    CHANGES,
    KINDS,
    change_cards,
    changed_html,
    chart_html,
    earlier,
    paragraph,
    summary_html,
    use_html,
)

# Seconds without a move after which the next one counts as another change.
REST = 0.5
GUIDE = {
    "empty": "No face was found in these photos, so there is nothing to group. "
    "Name another folder of photos.",
    "running": "Every face is compared with every other, once. Then each position of the slider "
    "shows at once.",
    "cancelled": "Cancelled. Press <b>Prepare</b> to begin again.",
    "failed": "The reason stands below. Press <b>Prepare</b> to try again.",
    "done": "Drag the slider: to the left people fall apart, to the right they are put together. "
    "Nothing is written.",
    "no answer": "The reason stands below. Move the slider to another position.",
}

# What is handed on as the threshold: a number, or "auto" where the slider is at the automatic one.
Choice = float | str


class ThresholdPanel(ipywidgets.VBox):
    """
    Try thresholds on an album, and look at the people that each makes.

    Attributes
    ----------
    state : str
        "empty" (no faces), "running" (preparing), "cancelled", "failed", "done"; can be observed.
    threshold : float or None
        Encoder distance of what is shown; can be observed. None before something is.
    position : Position or None
        What is shown.
    compared : Position or None
        What it is compared with: where the slider rested before.

    Parameters
    ----------
    album : Album
        n sightings, without those that decisions say to leave out.
    settings : AutopilotSettings, optional
        Method, and the threshold to begin with.
    decided : Decided, optional
        What a person decided about these sightings.
    tree : Tree, optional
        Joins made already, such as `AutopilotResult.tree`; one that does not fit is left out.
    names : sequence of str or None, optional
        What the sightings have been called so far, such as `AutopilotResult.names`; a person's card
        then says whose faces it holds.
    thumbnails : Thumbnails, optional
        What makes pictures of the album.
    on_chosen : callable, optional
        Called with `choice` when the button "Use ..." is pressed, which is there only then.
    make : callable
        Makes the explorer, in a thread.
    clock : callable
        Seconds, for telling one move from the next.
    """

    state = traitlets.Unicode("empty")
    threshold = traitlets.Float(None, allow_none=True)

    def __init__(
        self,
        album: Album,
        settings: AutopilotSettings | None = None,
        *,
        decided: Decided | None = None,
        tree: Tree | None = None,
        names: Sequence[str | None] | None = None,
        thumbnails: Thumbnails | None = None,
        on_chosen: Callable[[Choice], None] | None = None,
        make: Callable[..., Explorer] = Explorer.of,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.album, self.settings = album, settings or AutopilotSettings()
        self._decided, self._tree, self._names = decided, tree, names
        self._make, self._on_chosen, self._clock = make, on_chosen, clock
        self.thumbnails = thumbnails or Thumbnails(album)
        self.explorer: Explorer | None = None
        self.position: Position | None = None
        self.compared: Position | None = None
        self._curve: list[tuple[float, int]] = []
        self._asked, self._moved_at = math.nan, -math.inf
        self.newest: Newest[tuple[float, Position | None]] = Newest(
            self._go, failed=self._not_shown
        )
        super().__init__(self._controls())
        self.add_class("sightings-threshold")
        self.work.observe(self._worked, names="state")
        self._arrange()
        self.start()

    def start(self) -> None:
        """Prepare: what takes seconds, once. Nothing if it is under way, or there are no faces."""
        if len(self.album):
            self.work.run(self._prepare, self._prepared, title="preparing: comparing the faces")

    def cancel(self) -> None:
        """Stop preparing."""
        self.work.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the newest position is shown; return whether it is."""
        return self.work.wait(timeout) and self.newest.wait(timeout)

    def move(self, place: float) -> None:
        """Put the slider somewhere, and compare with where it is now."""
        if self.position is None:
            return
        place = min(max(threshold_steps.place_of(place), self.slider.min), self.slider.max)
        # A change of its own, however soon it comes after the last.
        self._moved_at = -math.inf
        if place == threshold_steps.place_of(self.slider.value):
            self._ask(place)
        else:
            self.slider.value = place

    def step(self, *, up: bool) -> None:
        """Go to the nearest position that joins more (`up`), or less."""
        if self.explorer is not None and self.position is not None:
            place = threshold_steps.next_place(self.explorer, self.slider.value, up=up)
            if place is not None:
                self.move(place)

    def to_automatic(self) -> None:
        """Go back to the threshold that sets itself."""
        if self.explorer is not None:
            self.move(self.explorer.automatic.value)

    @property
    def choice(self) -> Choice:
        """The threshold that is shown; "auto" where it is the automatic one."""
        if self.explorer is None or self.threshold in (None, self.explorer.automatic.value):
            return "auto"
        return float(self.threshold)

    def choose(self) -> None:
        """Hand the threshold on."""
        if self._on_chosen is None or self.position is None:
            return
        try:
            self._on_chosen(self.choice)
        except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
            self.work.message.failed(error)

    def _controls(self) -> list[Any]:
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        self.guide, self.summary, self.chart = (ipywidgets.HTML() for _ in range(3))
        self.summary.layout.flex = "1 1 24em"
        self.use, self.changed = ipywidgets.HTML(), ipywidgets.HTML()
        self.work = Work()
        self.prepare = ipywidgets.Button(
            description="Prepare", layout=ipywidgets.Layout(width="auto")
        )
        self.slider = _slider(0.0, 2.0, 0.5)
        self.fewer, self.more, self.automatic, self.take = (
            ipywidgets.Button(description=text, tooltip=tip, layout=ipywidgets.Layout(width="auto"))
            for text, tip in (
                ("‹ Next split", "The nearest position to the left where somebody falls apart"),
                ("Next merge ›", "The nearest position to the right where somebody is joined"),
                ("Back to automatic", "The threshold that sets itself"),
                ("Use this threshold", "Take it over"),
            )
        )
        self.prepare.on_click(lambda _: self.start())
        self.fewer.on_click(lambda _: self.step(up=False))
        self.more.on_click(lambda _: self.step(up=True))
        self.automatic.on_click(lambda _: self.to_automatic())
        self.take.on_click(lambda _: self.choose())
        names = self._names
        self.people = PeopleBrowser(
            self.album,
            self.thumbnails,
            note=None if names is None else lambda rows: earlier(names, rows),
        )
        self.differences = ContactSheet(
            FacePictures(self.thumbnails),
            label="What changed",
            empty="Nothing changed.",
            size=72,
        )
        buttons = [self.fewer, self.more, self.automatic, self.take]
        self.shown = ipywidgets.VBox(
            [
                self.slider,
                ipywidgets.HBox(buttons, layout=row),
                ipywidgets.HBox([self.summary, self.chart], layout=row),
                self.use,
                self.changed,
                self.differences,
                self.people,
            ]
        )
        return [self.guide, self.work, self.prepare, self.shown]

    def _prepare(self, _: Tell, stopped: Stopped) -> tuple[Explorer, bool]:
        if self.explorer is None:
            try:
                self.explorer = self._make(
                    self.album, self.settings, decided=self._decided, tree=self._tree
                )
            except ValueError:
                if self._tree is None:
                    raise
                # Joins that were made for other decisions are of no use; new ones take seconds.
                self.explorer = self._make(self.album, self.settings, decided=self._decided)
        return self.explorer, stopped()

    def _prepared(self, made: tuple[Explorer, bool]) -> None:
        explorer, stopped = made
        if stopped:
            return
        self._curve = threshold_steps.curve(explorer)
        low, high = threshold_steps.ends(explorer)
        begin = self.settings.threshold
        begin = threshold_steps.place_of(
            explorer.automatic.value if begin == "auto" else float(begin)
        )
        self._asked = begin
        # Another slider: told of another range, one that is shown answers with its old value.
        self.slider = _slider(low, max(high, low + threshold_steps.STEP), begin)
        self.slider.observe(self._dragged, names="value")
        self.shown.children = [self.slider, *self.shown.children[1:]]
        self.automatic.description = f"Back to automatic ({explorer.automatic.value:.3f})"
        self._go((begin, None))

    def _dragged(self, change: dict[str, Any]) -> None:
        place = threshold_steps.place_of(float(change["new"]))
        # The browser says a place again as it draws the slider, at times a rounding away.
        if place != self._asked:
            self._ask(place)

    def _ask(self, place: float) -> None:
        """Show a place as soon as can be; compared with what stood there before the move began."""
        now = self._clock()
        if now - self._moved_at > REST:
            self.compared = self.position
        self._moved_at, self._asked = now, place
        if self.settings.method != "average":
            self.summary.value = paragraph(f"Grouping at {place:.3f} …", role="status")
        self.newest.ask((place, self.compared))

    def _go(self, asked: tuple[float, Position | None]) -> None:
        """Work out a place and show it."""
        place, before = asked
        if self.explorer is None:
            return
        position = self.explorer.at(threshold_steps.threshold_at(self.explorer, place))
        found = () if before is None else changes(before.labels, position.labels, most=None)
        following = [
            threshold_steps.next_place(self.explorer, place, up=up) is not None
            for up in (False, True)
        ]
        self.position = position
        self.fewer.disabled, self.more.disabled = (not there for there in following)
        automatic = self.explorer.automatic.value
        self.automatic.disabled = position.threshold == automatic
        self.summary.value = summary_html(position, automatic)
        self.chart.value = chart_html(self._curve, position, automatic)
        self.use.value = use_html(position, self.settings, automatic)
        self.take.description = f"Use {position.threshold:.3f}"
        self._show_changes(found, before, position)
        badges = {
            position.names[int(rows[0])]: KINDS[change.kind]
            for change in found
            for rows in change.after
        }
        self.people.show(position.names, at=f"at {position.threshold:.3f}", badges=badges)
        self.work.message.clear()
        self.threshold, self.state = position.threshold, "done"
        self._arrange()

    def _not_shown(self, error: Exception) -> None:
        self._asked = math.nan
        self.work.message.failed(error)
        self.guide.value = paragraph(GUIDE["no answer"])
        self.state = "failed"

    def _worked(self, change: dict[str, Any]) -> None:
        """Follow the state of the preparation."""
        if change["new"] in ("running", "cancelled", "failed"):
            self.state = change["new"]
        self._arrange()

    def _show_changes(
        self, found: tuple[Change, ...], before: Position | None, after: Position
    ) -> None:
        self.changed.value = changed_html(found, before)
        self.differences.layout.display = None if found else "none"
        self.differences.show(
            []
            if before is None
            else change_cards(found[:CHANGES], before, after, self.album, self.thumbnails)
        )

    def _arrange(self) -> None:
        """Show what the state has use for."""
        state = self.state
        self.guide.value = paragraph(GUIDE.get(state, ""))
        ready = self.position is not None
        self.shown.layout.display = None if ready else "none"
        again = state in ("cancelled", "failed") and not self.work.busy and not ready
        self.prepare.layout.display = None if again else "none"
        self.take.layout.display = None if self._on_chosen is not None else "none"
        has_tree = self.explorer is not None and self.explorer.tree is not None
        for button in (self.fewer, self.more):
            button.layout.display = None if has_tree else "none"


def _slider(low: float, high: float, value: float) -> ipywidgets.FloatSlider:
    return ipywidgets.FloatSlider(
        description="threshold (encoder distance)",
        min=low,
        max=high,
        value=value,
        step=threshold_steps.STEP,
        readout_format=".3f",
        continuous_update=True,
        style={"description_width": "16em"},
        layout=ipywidgets.Layout(width="min(56em, 100%)"),
    )
