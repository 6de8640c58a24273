"""The page that the app shows: all panels, one a tab."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import ipywidgets

from toolkit.records import Words
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets.autopilot import AutopilotPanel
from toolkit.widgets.background_work import in_html, safe
from toolkit.widgets.box_editor import BoxEditor
from toolkit.widgets.point_and_shoot import PointAndShootPanel
from toolkit.widgets.review import ReviewPanel
from toolkit.widgets.size_explorer import SizePanel
from toolkit.widgets.threshold_explorer import Choice, ThresholdPanel

# With the words of the subject; the introduction as HTML.
TABS = ("{everybody}", "{individuals} I know", "Review", "Threshold", "Photo size")
# Where boxes can be drawn by hand.
BOXES = "Boxes"
INTRODUCTION = (
    "<h1>Sightings</h1><p><b>{0}</b> finds all {words.individuals} in a folder of photos. "
    "<b>{1}</b> finds those you have example photos of. <b>Review</b> asks about doubtful cases of "
    "a folder that <b>{0}</b> exported. <b>Threshold</b> and <b>Photo size</b> are for tuning. "
    "Photos are only ever read, and nothing leaves this computer.</p>"
)


def tabs_for(words: Words) -> tuple[str, ...]:
    """Return what the tabs are called."""
    everybody, individuals = words.everybody.capitalize(), words.individuals.capitalize()
    return tuple(each.format(everybody=everybody, individuals=individuals) for each in TABS)


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
            description=f"Try thresholds on these {autopilot.words.individuals}",
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
        self.told.value = f"<p role='status'>{self._tab} now uses {safe(str(choice))}.</p>"

    @property
    def _tab(self) -> str:
        return tabs_for(in_html(self.autopilot.words))[0]

    def _changed(self, _: dict[str, Any]) -> None:
        found, words = self.autopilot.session is not None, in_html(self.autopilot.words)
        self.told.value = (
            f"<p>{words.individuals.capitalize()} of the tab {self._tab}; begin again here when "
            "they have changed.</p>"
            if found
            else f"<p>First find {words.individuals} in the tab {self._tab}.</p>"
        )
        self.begin_button.disabled = not found
        panel = () if self.panel is None else (self.panel,)
        self.children = (self.told, self.begin_button, *panel)


def page(
    photos: str | None = None,
    examples: str | None = None,
    out: str | None = None,
    *,
    subject: Subject | None = None,
) -> ipywidgets.VBox:
    """
    Return the page.

    Parameters
    ----------
    photos, examples, out : str, optional
        Folders that its fields hold at the start.
    subject : Subject, optional
        What to look for; what the settings are about by default, if not given.
    """
    words = registry.words_for(subject)
    titles = tabs_for(words)
    introduction = INTRODUCTION.format(*map(safe, titles), words=in_html(words))
    autopilot = AutopilotPanel(photos or "", out or "", subject=subject)
    draws = subject is not None and registry.draws(subject.name)
    tabs = ipywidgets.Tab(
        children=[
            autopilot,
            PointAndShootPanel(photos or "", examples or "", subject=subject),
            ReviewPanel(out or "", subject=subject),
            ThresholdTab(autopilot),
            SizePanel(photos or "", subject=subject),
            *([BoxEditor(out or "")] if draws else []),
        ],
        titles=(*titles, *([BOXES] if draws else [])),
        selected_index=1 if examples else 0,
    )
    box = ipywidgets.VBox([ipywidgets.HTML(introduction), tabs])
    box.add_class("sightings-page")
    return box


@cache
def shown(
    photos: str | None = None, examples: str | None = None, out: str | None = None
) -> ipywidgets.VBox:
    """
    Return the page of this kernel, the same at each call: reloaded, it is as it was.

    Parameters
    ----------
    photos, examples, out : str, optional
        Folders that its fields hold at the start.
    """
    return page(photos, examples, out)
