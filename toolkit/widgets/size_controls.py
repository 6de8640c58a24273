"""The controls of the size explorer, laid out; what they do is told elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets

from toolkit.settings import AutopilotSettings
from toolkit.subjects.settings import declared_as
from toolkit.widgets.background_work import Message
from toolkit.widgets.folder_field import FolderChooser
from toolkit.widgets.settings_form import choices_of
from toolkit.widgets.size_study import StudyBox
from toolkit.widgets.size_words import legend_html

STYLE = {"description_width": "11em"}
ROW = ipywidgets.Layout(flex_flow="row wrap", align_items="center")


class SizeControls(ipywidgets.VBox):
    """
    A folder, a slider for the long edge, a list of detectors, a photo, and a study beside it.

    Parameters
    ----------
    folder : FolderChooser
        Where the photos are.
    album_study : StudyBox
        Stands beside the photo.
    detector : str
        What is chosen at first.
    """

    def __init__(self, folder: FolderChooser, album_study: StudyBox, detector: str) -> None:
        self.folder, self.album_study = folder, album_study
        self.guide, self.where, self.said, self.use, self.photo = (
            ipywidgets.HTML() for _ in range(5)
        )
        self.message = Message()
        self.before, self.after, self.take, self.stop, self.retry = (
            ipywidgets.Button(description=text, tooltip=tip, layout=ipywidgets.Layout(width="auto"))
            for text, tip in (
                ("‹ Previous photo", "By name"),
                ("Next photo ›", "By name"),
                ("Use", "Take this size and this detector"),
                ("Cancel", "Stop looking at this photo"),
                ("Look again", "At this photo; the folder is read anew"),
            )
        )
        self.where.layout = ipywidgets.Layout(margin="0 .8em")
        self.take.button_style = "primary"
        seekers = declared_as(AutopilotSettings, "detector")
        self.detector = ipywidgets.Dropdown(
            description=seekers.label,
            options=choices_of(seekers),
            value=detector,
            style=STYLE,
            layout=ipywidgets.Layout(width="min(34em, 100%)"),
        )
        self.sizes = ipywidgets.VBox()
        self.put_slider([("full size", 0)], 0)
        self.one = ipywidgets.VBox(
            [
                ipywidgets.HBox([self.before, self.after, self.where], layout=ROW),
                self.photo,
                ipywidgets.HTML(legend_html()),
            ],
            layout=ipywidgets.Layout(flex="1 1 390px", min_width="280px", max_width="800px"),
        )
        album_study.layout = ipywidgets.Layout(
            flex="1 1 390px", min_width="280px", max_width="660px"
        )
        self.shown = ipywidgets.VBox(
            [
                self.sizes,
                self.detector,
                ipywidgets.HBox([self.take, self.stop, self.retry], layout=ROW),
                self.use,
                self.said,
            ]
        )
        self.both = ipywidgets.HBox(
            [self.one, album_study],
            layout=ipywidgets.Layout(
                flex_flow="row wrap", align_items="flex-start", grid_gap="0 1.5em"
            ),
        )
        super().__init__([folder, self.guide, self.shown, self.message, self.both])
        self.add_class("sightings-size")

    def put_slider(self, places: Sequence[tuple[str, int]], at: int) -> None:
        """Show a slider with these places: what each is called, and its long edge in px."""
        self.size = ipywidgets.SelectionSlider(
            description="long edge",
            options=list(places),
            value=at,
            continuous_update=True,
            style=STYLE,
            layout=ipywidgets.Layout(width="min(48em, 100%)"),
        )
        self.sizes.children = [self.size]
