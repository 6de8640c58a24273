"""A slider for the threshold of known people, with the way back to the one that sets itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import ipywidgets

from toolkit.grouping.thresholds import Threshold
from toolkit.widgets.background_work import safe
from toolkit.widgets.threshold_steps import STEP, place_of

# The ends, in encoder distance.
LEAST, MOST = 0.05, 1.0

# A threshold, or "auto".
Choice = float | Literal["auto"]


class ThresholdLine(ipywidgets.VBox):
    """
    Where the threshold is and why, and how it is moved.

    Parameters
    ----------
    moved : callable
        Called with a threshold, or "auto", when the user moves it.
    """

    def __init__(self, moved: Callable[[Choice], None]) -> None:
        self._moved = moved
        self.slider = ipywidgets.FloatSlider(
            description="threshold (encoder distance)",
            min=LEAST,
            max=MOST,
            value=0.5,
            step=STEP,
            readout_format=".3f",
            style={"description_width": "16em"},
            layout=ipywidgets.Layout(width="min(42em, 100%)"),
        )
        self.automatic = ipywidgets.Button(
            description="Back to automatic",
            tooltip="Let the threshold set itself",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.why = ipywidgets.HTML()
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        super().__init__([ipywidgets.HBox([self.slider, self.automatic], layout=row), self.why])
        self.slider.observe(self._dragged, names="value")
        self.automatic.on_click(lambda _: self._moved("auto"))

    def move(self, threshold: float) -> None:
        """Move it, to the nearest place that there is."""
        self._moved(min(max(place_of(threshold), self.slider.min), self.slider.max))

    def show(self, chosen: Threshold, automatic: float, *, follow: bool = True) -> None:
        """
        Show what is true.

        Parameters
        ----------
        chosen : Threshold
            The threshold in use.
        automatic : float
            The one that sets itself.
        follow : bool
            Whether the slider goes there; not while it is being dragged on.
        """
        self.automatic.description = f"Back to automatic ({automatic:.3f})"
        self.automatic.disabled = chosen.automatic
        why = chosen.why if chosen.automatic else "as you set it; decisions of yours stay"
        self.why.value = f"<p>Threshold {chosen.value:.3f}: {safe(why)}.</p>"
        if follow and not math.isclose(self.slider.value, chosen.value, abs_tol=STEP * 0.6):
            self.slider.unobserve(self._dragged, names="value")
            try:
                self.slider.value = place_of(chosen.value)
            finally:
                self.slider.observe(self._dragged, names="value")

    def _dragged(self, change: dict[str, Any]) -> None:
        # The browser says a place again as it draws the slider, at times a rounding away.
        if abs(change["new"] - change["old"]) > STEP / 10:
            self.move(float(change["new"]))
