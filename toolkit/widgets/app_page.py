"""The page that the app shows: all panels, one a tab."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import ipywidgets

from toolkit.widgets.autopilot import AutopilotPanel
from toolkit.widgets.background_work import safe
from toolkit.widgets.point_and_shoot import PointAndShootPanel
from toolkit.widgets.review import ReviewPanel
from toolkit.widgets.size_explorer import SizePanel
from toolkit.widgets.threshold_explorer import Choice, ThresholdPanel

TABS = ("Everybody", "People I know", "Review", "Threshold", "Photo size")
INTRODUCTION = (
    "<h1>Sightings</h1><p><b>Everybody</b> finds all people in a folder of photos. <b>People I "
    "know</b> finds those you have example photos of. <b>Review</b> asks about doubtful cases of a "
    "folder that <b>Everybody</b> exported. <b>Threshold</b> and <b>Photo size</b> are for tuning. "
    "Photos are only ever read, and nothing leaves this computer.</p>"
)


class ThresholdTab(ipywidgets.VBox):
    """
    The threshold explorer over whatever the panel of autopilot has found.

    Parameters
    ----------
    autopilot : AutopilotPanel
        Whose finds are looked at, and whose settings take the threshold that is chosen.
    """

    def __init__(self, autopilot: AutopilotPanel) -> None:
        self.autopilot = autopilot
        self.panel: ThresholdPanel | None = None
        self.told = ipywidgets.HTML()
        self.begin_button = ipywidgets.Button(
            description="Try thresholds on these people",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self.begin_button.on_click(lambda _: self.begin())
        super().__init__()
        autopilot.observe(self._changed, names="state")
        self._changed({})

    def begin(self) -> None:
        """Take what autopilot has found now."""
        session = self.autopilot.session
        if session is None:
            return
        self.panel = ThresholdPanel(
            session.album,
            self.autopilot.form.settings(),
            decided=session.decided,
            names=session.names,
            on_chosen=self._chosen,
        )
        self._changed({})

    def _chosen(self, choice: Choice) -> None:
        form = self.autopilot.form
        form.take(replace(form.settings(), threshold=choice))
        self.autopilot.regroup()
        self.told.value = f"<p role='status'>{TABS[0]} now uses {safe(str(choice))}.</p>"

    def _changed(self, _: dict[str, Any]) -> None:
        found = self.autopilot.session is not None
        self.told.value = (
            "<p>People of the tab Everybody; begin again here when they have changed.</p>"
            if found
            else "<p>First find people in the tab Everybody.</p>"
        )
        self.begin_button.disabled = not found
        panel = () if self.panel is None else (self.panel,)
        self.children = (self.told, self.begin_button, *panel)


def page(
    photos: str | None = None, people: str | None = None, out: str | None = None
) -> ipywidgets.VBox:
    """
    Return the page.

    Parameters
    ----------
    photos, people, out : str, optional
        Folders that its fields hold at the start.
    """
    autopilot = AutopilotPanel(photos or "", out or "")
    tabs = ipywidgets.Tab(
        children=[
            autopilot,
            PointAndShootPanel(photos or "", people or ""),
            ReviewPanel(out or ""),
            ThresholdTab(autopilot),
            SizePanel(photos or ""),
        ],
        titles=TABS,
        selected_index=1 if people else 0,
    )
    box = ipywidgets.VBox([ipywidgets.HTML(INTRODUCTION), tabs])
    box.add_class("sightings-page")
    return box


@cache
def shown(
    photos: str | None = None, people: str | None = None, out: str | None = None
) -> ipywidgets.VBox:
    """
    Return the page of this kernel, the same at each call: reloaded, it is as it was.

    Parameters
    ----------
    photos, people, out : str, optional
        Folders that its fields hold at the start.
    """
    return page(photos, people, out)
