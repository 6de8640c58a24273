"""Subjects that were not found: a box around one in a photo, with a name, for the next run."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import ipywidgets
from PIL import Image

from toolkit import files
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import SightingsError
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.names import printable
from toolkit.photos.opening import open_shrunk
from toolkit.records import Words
from toolkit.results import results_folder
from toolkit.results.results_folder import BOX, Run
from toolkit.scanning.missed import SMALLEST
from toolkit.widgets.background_work import Message
from toolkit.widgets.box_canvas import BoxCanvas, Edges, Place, Shown

# Longer side of the picture, in px.
SIDE = 1200
WIDE = ipywidgets.Layout(width="min(46em, calc(100% - 4px))")
STYLE = {"description_width": "9em"}


class MissedBox(ipywidgets.VBox):
    """
    The photos of a result, in which boxes can be drawn around what was not found.

    Gestures are methods: `read`, `choose`, `save`, and those of `canvas`.

    Attributes
    ----------
    canvas : BoxCanvas
        The photo that is shown: what was found stays as it is, one box more can be drawn.
    name : ipywidgets.Text
        Who it is; nothing where that is not known.

    Parameters
    ----------
    out : path
        The folder of results; opened at once where it is named.
    words : Words
        What is looked for.
    """

    def __init__(self, out: str | Path = "", *, words: Words) -> None:
        self.words = words
        self.run: Run | None = None
        self.edges: Edges | None = None
        self._rows: list[int] = []
        self._found: list[Shown] = []
        self.out = ipywidgets.Text(
            description="Results", value=str(out), layout=WIDE, style=STYLE, continuous_update=False
        )
        self.open_button = ipywidgets.Button(description="Show the photos")
        self.photo = ipywidgets.Dropdown(description="Photo", options=[], layout=WIDE, style=STYLE)
        self.name = ipywidgets.Text(
            description="Name", placeholder="nothing if not known", layout=WIDE, style=STYLE
        )
        self.save_button = ipywidgets.Button(
            description=f"A {words.singular} was missed here",
            button_style="primary",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.message = Message()
        self.canvas = BoxCanvas(
            drawn=self._drawn,
            reshaped=self._reshaped,
            picked=self._picked,
            removed=self._removed,
            stroked=_nothing,
        )
        self.parts = ipywidgets.VBox([self.photo, self.canvas, self.name, self.save_button])
        guidance = ipywidgets.HTML(
            f"<p><b>Draw a box around a {words.singular} that was not found.</b> It joins in with "
            "the next Start.</p>"
        )
        super().__init__([guidance, self.out, self.open_button, self.message, self.parts])
        self.add_class("sightings-missed-box")
        self.parts.layout.display = "none"
        self.open_button.on_click(lambda _: self.read())
        self.save_button.on_click(lambda _: self.save())
        self.photo.observe(lambda _: self._show_photo(), names="value")
        if str(out):
            self.read()

    def read(self) -> None:
        """Read the result."""
        try:
            self.run = results_folder.load(files.folder_at(self.out.value.strip()))
        except SightingsError as error:
            self.message.failed(error)
            return
        self.message.clear()
        table = self.run.album.photos.reset_index(drop=True).drop_duplicates("photo_digest")
        self._rows = table.index.to_list()
        places = results_folder.relative(table["path"], self.run.photos_folder)
        self.photo.options = [(printable(each), at) for at, each in enumerate(places)]
        self.photo.value = 0 if self._rows else None
        self.parts.layout.display = None if self._rows else "none"
        self._show_photo()

    def choose(self, place: str) -> None:
        """Show a photo, by its path from the folder of photos on."""
        self.photo.value = [each for each, _ in self.photo.options].index(place)

    def save(self) -> None:
        """Keep the box, and the name, among the decisions in the folder of results."""
        if self.run is None or self.photo.value is None or self.edges is None:
            self.message.remark("Draw a box first.")
            return
        row = self.run.album.photos.iloc[self._rows[self.photo.value]]
        size = (int(row["width"]), int(row["height"])) * 2
        box = (round(share * px) for share, px in zip(self.edges, size, strict=True))
        key = SightingKey(str(row["path"]), str(row["photo_digest"]), *box)
        made, name = [Decision("box", key)], self.name.value.strip()
        if name:
            made.append(Decision("name", key, name=name))
        try:
            if min(key.right - key.left, key.bottom - key.top) < SMALLEST:
                self.message.remark("The box is too small: draw it larger.")
                return
            decisions.add(self.run.out, made)
        except SightingsError as error:
            self.message.failed(error)
            return
        self._found.append(Shown(self.edges, "drawn", name or "drawn", aside=True))
        self.edges, self.name.value = None, ""
        self._show_boxes()
        kept = self.run.out / decisions.FILE
        self.message.remark(f"Kept in {kept}: it joins in with the next run.")

    def _show_photo(self) -> None:
        if self.run is None or self.photo.value is None:
            return
        album, self.edges = self.run.album, None
        row = album.photos.iloc[self._rows[self.photo.value]]
        size = (int(row["width"]), int(row["height"])) * 2
        own = album.sightings[album.sightings["photo_digest"] == row["photo_digest"]]
        edges = own[list(BOX)].to_numpy(dtype=float).tolist()
        places = [[px / side for px, side in zip(each, size, strict=True)] for each in edges]
        drawn = (
            [px / side for px, side in zip(each.sighting.box, size, strict=True)]
            for each in self._boxes()
            if each.kind == "box" and each.sighting.photo == row["photo_digest"]
        )
        self._found = [
            *(Shown(_edges(each), str(at + 1), "found") for at, each in enumerate(places)),
            *(Shown(_edges(each), "drawn", "drawn", aside=True) for each in drawn),
        ]
        stream = io.BytesIO()
        try:
            small = open_shrunk(Path(str(row["path"])), long_edge=SIDE).small
        except (SightingsError, OSError, MemoryError) as error:
            self.canvas.picture = b""
            self.message.failed(error)
            return
        Image.fromarray(small).save(stream, "JPEG", quality=85)
        self.canvas.size = [size[0], size[1]]
        self.canvas.picture = stream.getvalue()
        self._show_boxes()

    def _boxes(self) -> Sequence[Decision]:
        try:
            return () if self.run is None else decisions.read(self.run.out)
        except SightingsError as error:
            self.message.failed(error)
            return ()

    def _show_boxes(self) -> None:
        new = [] if self.edges is None else [Shown(self.edges, "new", "new")]
        self.canvas.show([*self._found, *new], len(self._found) if new else -1)

    def _drawn(self, edges: Edges) -> None:
        self.edges = edges
        self._show_boxes()

    def _reshaped(self, row: int, edges: Edges) -> None:
        # What was found stays where it is.
        if row == len(self._found):
            self.edges = edges
        self._show_boxes()

    def _picked(self, _: int) -> None:
        self._show_boxes()

    def _removed(self, row: int) -> None:
        if row == len(self._found):
            self.edges = None
        self._show_boxes()


def _edges(edges: Sequence[float]) -> Edges:
    left, top, right, bottom = (min(max(each, 0.0), 1.0) for each in edges)
    return left, top, right, bottom


def _nothing(_: Sequence[Place], __: float, ___: bool) -> None:
    """Do nothing: in a box of this panel nothing is painted."""
