"""Something folded away behind a button: ipywidgets' own accordion is out of Tab's reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets
import traitlets

CLOSED, OPEN = "▸", "▾"


class Fold(ipywidgets.VBox):
    """
    A button with a title, and what stands below it once it is pressed.

    Attributes
    ----------
    title : str
        What is said on the button; can be set.
    opened : bool
        Whether the rest is shown; can be set and observed.

    Parameters
    ----------
    title : str
        As above.
    inside : sequence of Widget
        What is folded away.
    opened : bool
        As above, at the start.
    """

    title = traitlets.Unicode("")
    opened = traitlets.Bool(False)

    def __init__(self, title: str, inside: Sequence[Any], *, opened: bool = False) -> None:
        self.button = ipywidgets.ToggleButton(
            layout=ipywidgets.Layout(width="auto", max_width="100%", align_self="flex-start")
        )
        self.inside = ipywidgets.VBox(list(inside), layout=ipywidgets.Layout(padding="0 0 0 1em"))
        super().__init__([self.button, self.inside])
        self.button.observe(self._pressed, names="value")
        self.title, self.opened = title, opened
        self._show()

    def _pressed(self, change: dict[str, Any]) -> None:
        self.opened = change["new"]

    @traitlets.observe("title", "opened")
    def _changed(self, _: object) -> None:
        self._show()

    def _show(self) -> None:
        self.button.description = f"{OPEN if self.opened else CLOSED} {self.title}"
        self.button.value = self.opened
        self.inside.layout.display = None if self.opened else "none"
