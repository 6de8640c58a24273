"""Boxes and masks of a result: seen, moved, drawn, and kept for its later runs."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import ipywidgets
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from toolkit import files
from toolkit.errors import BadFolder, SightingsError
from toolkit.locks import deciding
from toolkit.names import counted, printable
from toolkit.photos.opening import open_shrunk
from toolkit.records import SHOWS
from toolkit.results import results_folder
from toolkit.results.export import DRAWN
from toolkit.results.results_folder import BOX, Run
from toolkit.subjects import base
from toolkit.subjects.base import Detector
from toolkit.subjects.detection import detections_file
from toolkit.subjects.detection.detections_file import Found
from toolkit.subjects.detection.kinds import OTHER, PERSON, VEHICLE
from toolkit.widgets.background_work import Message, safe

# Longer side of the picture, and of what the mask is shown of, in px.
SIDE = 900
CHOSEN, REST, OUTLINE = (255, 210, 0), (80, 200, 255), (255, 60, 160)
# A new box begins in the middle, as shares of the photo.
NEW = (0.35, 0.35, 0.3, 0.3)
WIDE = ipywidgets.Layout(width="min(46em, 100%)")
STYLE = {"description_width": "9em"}

Bbox = tuple[float, float, float, float]


@dataclass
class Drawn:
    """
    A photo, and what is in it.

    Attributes
    ----------
    place : str
        Its path from the folder of photos on.
    path : Path
        The file.
    width, height : int
        Px, upright.
    shows : str
        What it was said to show.
    boxes : list
        Kind ("" for the subject), confidence, and left, top, width, height as shares.
    """

    place: str
    path: Path
    width: int
    height: int
    shows: str = ""
    boxes: list[tuple[str, float, Bbox]] = field(default_factory=list)


class BoxEditor(ipywidgets.VBox):
    """
    The photos of a result with their boxes, which can be moved, drawn and taken away.

    Gestures are methods: `read`, `go`, `choose`, `add`, `delete`, `save`; sliders move the box.

    Parameters
    ----------
    out : path
        The folder of results; opened at once where it is named.
    detector : callable, optional
        Makes what tells the subject from its surroundings; by default that of the run.
    """

    def __init__(
        self, out: str | Path = "", *, detector: Callable[[], Detector] | None = None
    ) -> None:
        self._make = detector
        self._detector: Detector | None = None
        self.run: Run | None = None
        self.photos: list[Drawn] = []
        self.changed: set[str] = set()
        self._kept: dict[str, Found] = {}
        self._moving = False
        self.out = ipywidgets.Text(
            description="Results", value=str(out), layout=WIDE, style=STYLE, continuous_update=False
        )
        self.open_button = _button("Show the photos", self.read)
        self.open_button.layout.align_self = "flex-start"
        self.photo = ipywidgets.Dropdown(description="Photo", options=[], layout=WIDE, style=STYLE)
        self.back_button = _button("Previous", lambda: self.go(-1))
        self.next_button = _button("Next", lambda: self.go(1))
        self.box = ipywidgets.Dropdown(description="Box", options=[], layout=WIDE, style=STYLE)
        self.kind = ipywidgets.Dropdown(description="shows", options=[], layout=WIDE, style=STYLE)
        self.across = _slider("from left to right")
        self.down = _slider("from top to bottom")
        self.mask = ipywidgets.Checkbox(description="show what counts inside the box", indent=False)
        self.add_button = _button("Add a box", self.add)
        self.delete_button = _button("Delete this box", self.delete)
        self.save_button = _button("Save boxes", self.save, button_style="primary")
        self.picture = ipywidgets.Image(format="jpeg", layout=ipywidgets.Layout(max_width="100%"))
        self.about, self.message = ipywidgets.HTML(), Message()
        self.parts = ipywidgets.VBox(
            [
                *(self.photo, _row(self.back_button, self.next_button), self.about, self.picture),
                *(self.box, self.kind, self.across, self.down, self.mask),
                _row(self.add_button, self.delete_button, self.save_button),
            ]
        )
        super().__init__([self.out, self.open_button, self.message, self.parts])
        self.parts.layout.display = "none"
        self.photo.observe(lambda _: self._show_photo(), names="value")
        self.box.observe(lambda _: self._show_box(), names="value")
        self.mask.observe(lambda _: self._draw(), names="value")
        for each in (self.kind, self.across, self.down):
            each.observe(lambda _: self._moved(), names="value")
        if str(out):
            self.read()

    def read(self) -> None:
        """Read the result, and the boxes that were drawn before."""
        try:
            out = files.folder_at(self.out.value.strip())
            self.run = results_folder.load(out)
            self._kept = self._before(out)
        except SightingsError as error:
            self.message.failed(error)
            return
        self.message.clear()
        self.changed, self._detector = set(), None
        self.photos = _photos_of(self.run, self._kept)
        kinds = ("", PERSON, VEHICLE, OTHER)
        self.kind.options = [(kind or self.run.album.words.singular, kind) for kind in kinds]
        self.photo.options = [(printable(each.place), row) for row, each in enumerate(self.photos)]
        self.photo.value = 0 if self.photos else None
        self.parts.layout.display = None if self.photos else "none"
        self._show_photo()

    def go(self, step: int) -> None:
        """Show the photo so many further, as far as there are any."""
        if self.photos:
            self.photo.value = min(max((self.photo.value or 0) + step, 0), len(self.photos) - 1)

    def choose(self, place: str) -> None:
        """Show a photo, by its path from the folder of photos on."""
        self.photo.value = [each.place for each in self.photos].index(place)

    def add(self) -> None:
        """Put a new box into the middle of the photo, and choose it."""
        here = self._here
        if here is None:
            return
        here.boxes.append(("", 1.0, NEW))
        self._changed(len(here.boxes) - 1)

    def delete(self) -> None:
        """Take the box away that is chosen; a photo without any is empty."""
        here, row = self._here, self.box.value
        if here is None or row is None:
            return
        del here.boxes[row]
        self._changed(min(row, len(here.boxes) - 1))

    def save(self) -> None:
        """Keep the photos whose boxes were changed in the folder of results, for its later runs."""
        if self.run is None or not self.changed:
            self.message.remark("No box was changed.")
            return
        path = self.run.out / DRAWN
        new = {
            each.place: Found(each.place, tuple(each.boxes))
            for each in self.photos
            if each.place in self.changed
        }
        try:
            with deciding(self.run.out):
                # Another panel may have kept boxes meanwhile.
                kept = self._before(self.run.out) | new
                detections_file.write(path, list(kept.values()))
        except (SightingsError, OSError) as error:
            self.message.failed(error)
            return
        self._kept, self.changed = kept, set()
        self.message.remark(
            f"{counted(len(kept), 'photo')} with boxes of yours in {path}: the next run into that "
            "folder takes them, and looks at these photos alone."
        )
        self._show_about()

    @staticmethod
    def _before(out: Path) -> dict[str, Found]:
        """Return the boxes that were drawn before, by photo."""
        path = out / DRAWN
        found = detections_file.read(path) if path.is_file() else ()
        return {PurePosixPath(one.file).as_posix(): one for one in found}

    @property
    def _here(self) -> Drawn | None:
        row = self.photo.value
        return None if row is None or not self.photos else self.photos[row]

    def _changed(self, row: int) -> None:
        here = self._here
        if here is not None:
            self.changed.add(here.place)
            self._list_boxes(row)

    def _show_photo(self) -> None:
        self._list_boxes(0)

    def _list_boxes(self, row: int) -> None:
        here = self._here
        if here is None:
            return
        self._moving = True
        try:
            names = {kind: name for name, kind in self.kind.options}
            self.box.options = [
                (f"{number + 1}: {names[kind]} ({conf:.2f})", number)
                for number, (kind, conf, _) in enumerate(here.boxes)
            ]
            self.box.value = row if 0 <= row < len(here.boxes) else None
        finally:
            self._moving = False
        self._show_box()

    def _show_box(self) -> None:
        here, row = self._here, self.box.value
        if here is None or self._moving:
            return
        there = row is not None
        for each in (self.kind, self.across, self.down, self.delete_button):
            each.disabled = not there
        if there:
            kind, _, (left, top, width, height) = here.boxes[row]
            self._moving = True
            try:
                self.kind.value = kind
                _put(self.across, here.width, left, width)
                _put(self.down, here.height, top, height)
            finally:
                self._moving = False
        self._show_about()
        self._draw()

    def _moved(self) -> None:
        here, row = self._here, self.box.value
        if here is None or row is None or self._moving:
            return
        (left, right), (top, bottom) = self.across.value, self.down.value
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        place = (
            *(left / here.width, top / here.height),
            *((right - left) / here.width, (bottom - top) / here.height),
        )
        here.boxes[row] = (self.kind.value, 1.0, place)
        self._changed(row)

    def _show_about(self) -> None:
        here = self._here
        if here is None:
            return
        state = "not saved yet" if here.place in self.changed else "yours"
        own = here.place in self.changed or here.place in self._kept
        shows = f"; it was said to show: {safe(here.shows)}" if here.shows else ""
        self.about.value = (
            f"<p role='status'>{counted(len(here.boxes), 'box', 'boxes')}"
            f"{f' ({state})' if own else ''}{shows}</p>"
        )

    def _draw(self) -> None:
        here = self._here
        if here is None:
            return
        try:
            small = open_shrunk(here.path, long_edge=SIDE).small
        except (SightingsError, OSError, MemoryError) as error:
            self.picture.value = b""
            self.message.failed(error)
            return
        drawn = small.copy()
        height, width = small.shape[:2]
        edges = [
            (
                *(round(left * width), round(top * height)),
                *(round((left + across) * width), round((top + down) * height)),
            )
            for _, _, (left, top, across, down) in here.boxes
        ]
        chosen = self.box.value
        if self.mask.value and chosen is not None:
            self._draw_outline(small, drawn, edges[chosen])
        image = Image.fromarray(drawn)
        pen = ImageDraw.Draw(image)
        for row, box in enumerate(edges):
            mine = row == chosen
            pen.rectangle(box, outline=CHOSEN if mine else REST, width=4 if mine else 2)
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=85)
        self.picture.value = stream.getvalue()

    def _draw_outline(
        self,
        small: npt.NDArray[np.uint8],
        drawn: npt.NDArray[np.uint8],
        box: tuple[int, int, int, int],
    ) -> None:
        """Draw the edge of what counts inside a box, where the detector can tell."""
        from scipy import ndimage

        left, top, right, bottom = (max(edge, 0) for edge in box)
        part = small[top:bottom, left:right]
        if not part.size:
            return
        try:
            if self._detector is None:
                self._detector = (self._make or self._of_run)()
            inside = base.outline(self._detector, np.ascontiguousarray(part))
        except SightingsError as error:
            self.message.failed(error)
            return
        if inside is not None:
            edge = inside & ~ndimage.binary_erosion(inside, iterations=2)
            drawn[top:bottom, left:right][edge] = OUTLINE

    def _of_run(self) -> Detector:
        if self.run is None:
            raise BadFolder("there is no result yet; press the button above")
        return results_folder.settings_told(self.run).make_subject().detector


def _photos_of(run: Run, kept: dict[str, Found]) -> list[Drawn]:
    """Return the photos of a result with their boxes: those that were drawn, else those found."""
    album = run.album
    table = album.photos.drop_duplicates("photo_digest")
    places = results_folder.relative(table["path"], run.photos_folder)
    told = table[SHOWS].astype(str) if SHOWS in table else [""] * len(table)
    found: dict[str, Drawn] = {}
    for digest, path, place, width, height, shows in zip(
        table["photo_digest"],
        *(table["path"], places, table["width"], table["height"], told),
        strict=True,
    ):
        found[digest] = Drawn(place, Path(path), int(width), int(height), shows)
    columns = ["photo_digest", "score", *BOX]
    for digest, score, *box in album.sightings[columns].itertuples(index=False, name=None):
        here = found[digest]
        left, top, right, bottom = map(float, box)
        place_in = (
            *(left / here.width, top / here.height),
            *((right - left) / here.width, (bottom - top) / here.height),
        )
        here.boxes.append(("", min(max(float(score), 0.0), 1.0), place_in))
    others = _others(run, [each.path for each in found.values()])
    for each in found.values():
        each.boxes += others.get(each.path, [])
        if each.place in kept:
            each.boxes = [*kept[each.place].boxes]
    return list(found.values())


def _others(run: Run, paths: list[Path]) -> dict[Path, list[tuple[str, float, Bbox]]]:
    """Return the boxes of other kinds, which are no sightings, where the run had a file of them."""
    named, least = run.settings.get("boxes"), run.settings.get("min_confidence")
    found: dict[Path, list[tuple[str, float, Bbox]]] = {}
    with contextlib.suppress(SightingsError):
        if isinstance(named, str) and named and isinstance(least, int | float):
            names = detections_file.Names(detections_file.read(files.folder_at(named)))
            for path, one in names.of(paths, run.photos_folder)[0].items():
                boxes = () if one is None else one.boxes
                found[path] = [each for each in boxes if each[0] and each[1] >= least]
    return found


def _put(slider: Any, size: int, start: float, length: float) -> None:
    """Show a side of a box, in px of a photo."""
    first = min(max(round(start * size), 0), size - 1)
    last = min(max(round((start + length) * size), first + 1), size)
    # Its ends never cross on the way.
    slider.max = max(size, slider.max)
    slider.value = (first, last)
    slider.max = size


def _slider(label: str) -> Any:
    return ipywidgets.IntRangeSlider(
        description=label,
        value=(0, 1),
        min=0,
        max=1,
        continuous_update=False,
        layout=WIDE,
        style=STYLE,
    )


def _button(text: str, pressed: Callable[[], None], **how: Any) -> ipywidgets.Button:
    made = ipywidgets.Button(description=text, layout=ipywidgets.Layout(width="auto"), **how)
    made.on_click(lambda _: pressed())
    return made


def _row(*parts: ipywidgets.Widget) -> ipywidgets.HBox:
    return ipywidgets.HBox(parts, layout=ipywidgets.Layout(flex_flow="row wrap"))
