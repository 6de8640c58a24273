"""The page that the app shows: all panels, one a tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import ipywidgets

from toolkit.photos.camera_trap import STATION, TAKEN_AT
from toolkit.records import Words
from toolkit.results import recent
from toolkit.settings import AutopilotSettings
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets import tags_panel
from toolkit.widgets.autopilot import AutopilotPanel
from toolkit.widgets.background_work import in_html, safe
from toolkit.widgets.box_editor import BoxEditor
from toolkit.widgets.calibrate_box import CalibrateBox
from toolkit.widgets.captures_box import CapturesBox
from toolkit.widgets.catalogue_panel import CataloguePanel
from toolkit.widgets.missed_box import MissedBox
from toolkit.widgets.point_and_shoot import PointAndShootPanel
from toolkit.widgets.review import ReviewPanel
from toolkit.widgets.settings_form import SettingsForm
from toolkit.widgets.size_explorer import SizePanel
from toolkit.widgets.sorting_panel import SortingPanel
from toolkit.widgets.tags_panel import TagsPanel
from toolkit.widgets.threshold_explorer import Choice, ThresholdPanel

# With the words of the subject; the introduction as HTML.
TABS = ("{everybody}", "{individuals} I know", "Review", "Threshold", "Photo size")
# Where boxes can be drawn by hand; where it is known when and where photos were taken.
BOXES, HISTORY = "Boxes", "Capture history"
# Where they are found by a detector alone, and boxes say what it missed.
MISSED = "Missed"
# Where labelled folders are checked.
TAGS = "Tags"
# Where individuals are products.
CATALOGUE = "Catalogue"
# Where known individuals teach; the setting that names what they taught.
LEARNING, CALIBRATION = "Calibration", "calibration"
HEADING = "<h1>Sightings</h1>"
INTRODUCTION = (
    "<p><b>{0}</b> finds all {words.individuals} in a folder of photos. "
    "<b>{1}</b> finds those you have example photos of. <b>Review</b> asks about doubtful cases of "
    "a folder that <b>{0}</b> exported. {more}"
    "Photos are only ever read, and nothing leaves this computer.</p>"
)
SIZES = "<b>{3}</b> and <b>{4}</b> are for tuning. "
NO_SIZES = "<b>{3}</b> is for tuning. "
DRAWN = "<b>Boxes</b> shows where {words.plural} were found. "
MISSED_ONES = "<b>Missed</b> takes {words.plural} that were not found. "
LEARNED = "<b>Calibration</b> learns from known {words.individuals} how sure matches are. "
CHECKED = (
    "<b>Tags</b> finds photos in the wrong folder, where there is one for each {words.individual}. "
)
LISTED = "<b>Catalogue</b> turns photos into listings of {words.individuals} you have. "
STUDIED = "<b>Capture history</b> writes what a study reads. "


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
    about: str = registry.DEFAULT,
) -> ipywidgets.VBox:
    """
    Return the page of one subject.

    Parameters
    ----------
    photos, examples, out : str, optional
        Folders that its fields hold at the start.
    subject : Subject, optional
        What to look for; what the settings are about, if not given.
    about : str
        The subject of the settings.
    """
    words = registry.info(about).words if subject is None else subject.words
    titles = tabs_for(words)
    told: dict[str, Any] = {"subject": subject, "about": about}
    autopilot = AutopilotPanel(photos or "", out or "", **told)
    known = PointAndShootPanel(photos or "", examples or "", **told)
    review = ReviewPanel(out or "", **told)
    panels: dict[str, ipywidgets.Widget] = {
        titles[0]: autopilot,
        titles[1]: known,
        titles[2]: review,
    }
    fields, more = [review.folder.path], []
    forms: list[SettingsForm[Any]] = [autopilot.form, known.form]
    if registry.lists(about if subject is None else subject.name):
        panels[CATALOGUE] = shop = CataloguePanel(photos or "", examples or "", **told)
        forms.append(shop.form)
        more.append(LISTED)
    if is_studied(about):
        panels[HISTORY] = history = CapturesBox(out or "")
        fields.append(history.folder.path)
        more.append(STUDIED)
    panels[TAGS] = TagsPanel(
        autopilot.form.settings, words=words, check=partial(tags_panel.check, subject=subject)
    )
    more.append(CHECKED)
    # Of vectors it is known how sure they are.
    if CALIBRATION in autopilot.form.fields:
        panels[LEARNING] = CalibrateBox(
            autopilot.form.settings, partial(_calibrated, forms), words=words
        )
        more.append(LEARNED)
    panels[titles[3]] = ThresholdTab(autopilot)
    # Sizes are tried with the detectors that these settings have.
    if issubclass(AutopilotSettings, registry.settings_of(about)):
        panels[titles[4]] = SizePanel(photos or "", subject=subject)
        more.append(SIZES)
    else:
        more.append(NO_SIZES)
    if registry.draws(about if subject is None else subject.name):
        panels[BOXES] = boxes = BoxEditor(out or "")
        fields.append(boxes.out)
        more.append(DRAWN)
    else:
        sorting: dict[str, SortingPanel[Any]] = {titles[0]: autopilot, titles[1]: known}
        panels[MISSED] = missed = MissedBox(
            out or "", words=words, changed=partial(_boxes_taken, sorting)
        )
        fields.append(missed.out)
        more.append(MISSED_ONES)
    tabs = ipywidgets.Tab(
        children=list(panels.values()), titles=tuple(panels), selected_index=1 if examples else 0
    )
    Following(autopilot, fields)
    shown = in_html(words)
    also = "".join(each.format(*map(safe, titles), words=shown) for each in more)
    text = INTRODUCTION.format(*map(safe, titles), words=shown, more=also)
    return ipywidgets.VBox([ipywidgets.HTML(text), tabs])


def _boxes_taken(panels: Mapping[str, SortingPanel[Any]], out: Path) -> str:
    """Have the tab that has a result in hand take in its boxes; say where that is seen."""
    for title, panel in panels.items():
        if panel.take_boxes(out):
            return f"see whom it joins in the tab {title}"
    return ""


def _calibrated(forms: Sequence[SettingsForm[Any]], path: str) -> None:
    """Have all tabs go by what was learned, from the next Start on."""
    for form in forms:
        form.fields[CALIBRATION].value = path


class Page(ipywidgets.VBox):
    """
    The pages of all subjects, one of which is shown.

    A page is made when it is shown first, and stays as it is while another one is.

    Attributes
    ----------
    subject : ipywidgets.ToggleButtons
        Which one is shown.
    pages : dict of str to Widget
        Those that were made, by subject.

    Parameters
    ----------
    photos, examples, out : str, optional
        Folders that the fields of the first one hold at the start.
    subject : str, optional
        The one that is shown first; that of the last album, if not given.
    """

    def __init__(
        self,
        photos: str | None = None,
        examples: str | None = None,
        out: str | None = None,
        *,
        subject: str | None = None,
    ) -> None:
        if not subject:
            last = recent.albums()
            named = last[0].subject if last and not (photos or out) else ""
            subject = named if named in registry.SUBJECTS else registry.DEFAULT
        self._given = (photos, examples, out)
        self.pages: dict[str, ipywidgets.VBox] = {}
        self.subject = ipywidgets.ToggleButtons(
            description="The photos show",
            options=[(registry.info(name).words.plural, name) for name in registry.SUBJECTS],
            value=subject,
            style={"description_width": "initial", "button_width": "auto"},
        )
        super().__init__()
        self.add_class("sightings-page")
        self.subject.observe(lambda _: self._show(), names="value")
        self._show()

    def _show(self) -> None:
        name = self.subject.value
        if name not in self.pages:
            given, self._given = self._given, (None, None, None)
            self.pages[name] = page(*given, about=name)
        self.children = (ipywidgets.HTML(HEADING), self.subject, self.pages[name])


class Following:
    """
    Keeps fields for a folder of results at that of autopilot, until somebody types into them.

    Parameters
    ----------
    autopilot : AutopilotPanel
        Whose results they are.
    fields : sequence of Widget
        With a text as `value`.
    """

    def __init__(self, autopilot: AutopilotPanel, fields: Sequence[Any]) -> None:
        self._autopilot, self._fields = autopilot, [[each, each.value] for each in fields]
        autopilot.observe(lambda _: self._follow(), names="state")

    def _follow(self) -> None:
        session = self._autopilot.session
        out = None if session is None else session.corrections.out
        if out is None:
            return
        for place in self._fields:
            field, own = place
            if field.value == own:
                place[1] = field.value = str(out)


def is_studied(name: str) -> bool:
    """Whether it is known of a subject when and where it was seen, as studies ask."""
    return {TAKEN_AT, STATION} <= set(registry.notes_of(name))


@cache
def shown(
    photos: str | None = None,
    examples: str | None = None,
    out: str | None = None,
    subject: str | None = None,
) -> Page:
    """
    Return the page of this kernel, the same at each call: reloaded, it is as it was.

    Parameters
    ----------
    photos, examples, out, subject : str, optional
        As `Page` takes them.
    """
    return Page(photos, examples, out, subject=subject)
