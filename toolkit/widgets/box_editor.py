"""Boxes and masks of a result: seen, moved, drawn and painted, and kept for its later runs."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import ipywidgets
import numpy as np
from PIL import Image

from toolkit import files
from toolkit.errors import BadFolder, SightingsError
from toolkit.locks import deciding
from toolkit.names import counted, printable
from toolkit.photos.opening import open_shrunk, open_upright, shrink
from toolkit.records import SHOWS, Box, Mask
from toolkit.results import results_folder
from toolkit.results.export import DRAWN
from toolkit.results.results_folder import BOX, Run
from toolkit.subjects.base import Rgb, Subject, masking
from toolkit.subjects.detection import detections_file, mask_painting
from toolkit.subjects.detection.detections_file import Found
from toolkit.subjects.detection.kinds import OTHER, PERSON, VEHICLE
from toolkit.subjects.detection.mask_painting import Bbox
from toolkit.widgets.background_work import Message, safe
from toolkit.widgets.box_canvas import BOX as BOXES
from toolkit.widgets.box_canvas import ERASE, PAINT, BoxCanvas, Edges, Place, Shown, marked_png

# Longer side of the picture, in px.
SIDE = 1200
# A new box begins in the middle, as shares of the photo.
NEW = (0.35, 0.35, 0.3, 0.3)
# What is around a box that is looked at closely, as a share of its sides.
AROUND = 0.25
# Boxes of which it is remembered what stands out in them.
REMEMBERED = 64
# Less the margins of a field, which are beyond its width.
WIDE = ipywidgets.Layout(width="min(46em, calc(100% - 4px))")
STYLE = {"description_width": "9em"}
TOOLS = (("Boxes", BOXES), ("Paint what counts", PAINT), ("Erase", ERASE))
GUIDANCE = (
    "<p><b>Name the folder of a result, then press Show the photos.</b> Boxes that you draw or "
    "move count from the next Start on.</p>"
)
NO_MASK = "All of a box counts here: nothing is to be painted."


@dataclass(frozen=True)
class Marked:
    """
    A box in a photo.

    Attributes
    ----------
    kind : str
        What it is of; "" for the subject.
    confidence : float
        0 to 1.
    place : tuple of float
        Left, top, width and height, as shares of the photo.
    mask : Mask or None
        What of it counts, where that was painted.
    """

    kind: str
    confidence: float
    place: Bbox
    mask: Mask | None = None

    @property
    def edges(self) -> Edges:
        """Left, top, right and bottom, as shares of the photo."""
        left, top, width, height = self.place
        return left, top, left + width, top + height


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
    boxes : list of Marked
        What is in it.
    misfit : bool
        Whether something was painted in it when it had another size.
    """

    place: str
    path: Path
    width: int
    height: int
    shows: str = ""
    boxes: list[Marked] = field(default_factory=list)
    misfit: bool = False

    def size_of(self, place: Bbox) -> tuple[float, float]:
        """Return the width and height of a box in px."""
        return place[2] * self.width, place[3] * self.height

    @property
    def found(self) -> Found:
        """What is in it, for the file of boxes."""
        boxes = tuple((each.kind, each.confidence, each.place) for each in self.boxes)
        masks = tuple(each.mask for each in self.boxes)
        if all(mask is None for mask in masks):
            return Found(self.place, boxes)
        return Found(self.place, boxes, masks=masks, size=(self.width, self.height))


class BoxEditor(ipywidgets.VBox):
    """
    The photos of a result with their boxes, which can be moved, drawn, taken away and painted in.

    Gestures are methods: `read`, `go`, `choose`, `add`, `delete`, `unpaint`, `save`, and those of
    `canvas`.

    Attributes
    ----------
    canvas : BoxCanvas
        The photo that is shown.

    Parameters
    ----------
    out : path
        The folder of results; opened at once where it is named.
    subject : callable, optional
        Makes what tells what of a box counts; by default that of the run.
    """

    def __init__(
        self, out: str | Path = "", *, subject: Callable[[], Subject] | None = None
    ) -> None:
        self._make = subject
        self._subject: Subject | None = None
        self.run: Run | None = None
        self.photos: list[Drawn] = []
        self.changed: set[str] = set()
        self._kept: dict[str, Found] = {}
        self._listing = False
        # The photo at full size, while it is looked at closely; what stands out in boxes.
        self._full: tuple[Path, Rgb] | None = None
        self._outlines: dict[tuple[str, Bbox], Mask | None] = {}
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
        self.tool = ipywidgets.ToggleButtons(
            options=TOOLS, value=BOXES, style={"button_width": "auto"}
        )
        self.mask = ipywidgets.Checkbox(
            description="show what counts",
            indent=False,
            layout=ipywidgets.Layout(width="auto"),
        )
        self.closer = ipywidgets.Checkbox(
            description="look closely",
            indent=False,
            layout=ipywidgets.Layout(width="auto"),
        )
        self.brush = ipywidgets.IntSlider(
            description="brush (%)",
            value=5,
            min=1,
            max=30,
            layout=ipywidgets.Layout(width="min(46em, calc(100% - 4px))"),
            style={"description_width": "initial"},
        )
        self.add_button = _button("Add a box", self.add)
        self.delete_button = _button("Delete this box", self.delete)
        self.unpaint_button = _button("What counts: as found", self.unpaint)
        self.save_button = _button("Save boxes", self.save, button_style="primary")
        self.canvas = BoxCanvas(
            drawn=self._drawn,
            reshaped=self._reshaped,
            picked=self._picked,
            removed=self._removed,
            stroked=self._stroked,
        )
        self.about, self.message = ipywidgets.HTML(), Message()
        self.parts = ipywidgets.VBox(
            [
                *(self.photo, _row(self.back_button, self.next_button), self.about, self.tool),
                *(self.brush, _row(self.mask, self.closer), self.canvas, self.box, self.kind),
                _row(self.add_button, self.delete_button, self.unpaint_button, self.save_button),
            ]
        )
        self.guidance = ipywidgets.HTML(GUIDANCE)
        top = [self.guidance, self.out, self.open_button, self.message]
        super().__init__([*top, self.parts])
        self.add_class("sightings-box-editor")
        self.parts.layout.display = "none"
        self.photo.observe(lambda _: self._show_photo(), names="value")
        self.box.observe(lambda _: self._show_box(), names="value")
        self.kind.observe(lambda _: self._called(), names="value")
        self.mask.observe(lambda _: self._mark(), names="value")
        self.closer.observe(lambda _: self._look(), names="value")
        self.tool.observe(lambda _: self._take_tool(), names="value")
        self.brush.observe(lambda _: self._take_tool(), names="value")
        self._take_tool()
        if str(out):
            self.read()

    def read(self) -> None:
        """Read the result, and what was drawn before."""
        try:
            out = files.folder_at(self.out.value.strip())
            self.run = results_folder.load(out)
            self._kept = self._before(out)
        except SightingsError as error:
            self.message.failed(error)
            return
        self.message.clear()
        self.changed, self._subject, self._full, self._outlines = set(), None, None, {}
        self.photos = _photos_of(self.run, self._kept)
        kinds = ("", PERSON, VEHICLE, OTHER)
        self.kind.options = [(kind or self.run.album.words.singular, kind) for kind in kinds]
        self.photo.options = [(printable(each.place), row) for row, each in enumerate(self.photos)]
        self.photo.value = 0 if self.photos else None
        self.parts.layout.display = None if self.photos else "none"
        self.guidance.layout.display = "none" if self.photos else None
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
        if self._here is not None:
            self._add(NEW)

    def delete(self) -> None:
        """Take the box away that is chosen; a photo without any is empty."""
        here, row = self._here, self.box.value
        if here is None or row is None:
            return
        del here.boxes[row]
        self._changed(min(row, len(here.boxes) - 1))

    def unpaint(self) -> None:
        """Let count in the chosen box what was found, in place of what was painted."""
        here, row = self._here, self.box.value
        if here is None or row is None or here.boxes[row].mask is None:
            return
        here.boxes[row] = replace(here.boxes[row], mask=None)
        self._changed(row)

    def save(self) -> None:
        """Keep the photos that were changed in the folder of results, for its later runs."""
        if self.run is None or not self.changed:
            self.message.remark("No box was changed.")
            return
        path = self.run.out / DRAWN
        new = {each.place: each.found for each in self.photos if each.place in self.changed}
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

    def _drawn(self, edges: Edges) -> None:
        self._add(_place_of(edges))

    def _add(self, place: Bbox) -> None:
        here = self._here
        if here is not None:
            here.boxes.append(Marked("", 1.0, place))
            self._changed(len(here.boxes) - 1)

    def _reshaped(self, row: int, edges: Edges) -> None:
        here = self._here
        if here is None or row >= len(here.boxes):
            return
        before, place = here.boxes[row], _place_of(edges)
        mask = before.mask
        if mask is not None:
            # What was painted stays where it is in the photo.
            cells = mask_painting.cells_for(*here.size_of(place))
            mask = mask_painting.onto(mask, before.place, place, cells)
        here.boxes[row] = replace(before, confidence=1.0, place=place, mask=mask)
        self._changed(row)

    def _picked(self, row: int) -> None:
        self.box.value = row

    def _removed(self, row: int) -> None:
        self.box.value = row
        self.delete()

    def _called(self) -> None:
        here, row = self._here, self.box.value
        if here is None or row is None or self._listing:
            return
        mask = None if self.kind.value else here.boxes[row].mask
        here.boxes[row] = replace(here.boxes[row], kind=self.kind.value, confidence=1.0, mask=mask)
        self._changed(row)

    def _stroked(self, places: Sequence[Place], radius: float, adds: bool) -> None:
        here, row = self._here, self.box.value
        if here is None or row is None or here.boxes[row].kind:
            return
        one = here.boxes[row]
        mask = self._mask_of(here, one)
        if mask is None:
            self.message.remark(NO_MASK)
            return
        left, top, width, height = one.place
        way = [((x - left) / width, (y - top) / height) for x, y in places]
        new = mask_painting.stroked(mask, way, radius, here.size_of(one.place), adds=adds)
        if new != mask:
            here.boxes[row] = replace(one, confidence=1.0, mask=new)
            self._changed(row)

    def _take_tool(self) -> None:
        tool = self.tool.value
        self.brush.layout.display = "none" if tool == BOXES else None
        self.canvas.tool = tool
        here = self._here
        if here is not None:
            self.canvas.brush = self.brush.value / 200 * self.canvas.view[2] * here.width
        if tool != BOXES:
            # Whoever paints sees what is painted.
            self.mask.value = True

    def _changed(self, row: int) -> None:
        here = self._here
        if here is not None:
            self.changed.add(here.place)
            self._list_boxes(row)

    def _show_photo(self) -> None:
        self._full = None
        here = self._here
        if here is not None:
            self.canvas.label = printable(here.place)
            self.canvas.size = [here.width, here.height]
        self._list_boxes(0)
        self._look()

    def _list_boxes(self, row: int) -> None:
        here = self._here
        if here is None:
            return
        self._listing = True
        try:
            self.box.options = [
                (self._label(number, each), number) for number, each in enumerate(here.boxes)
            ]
            self.box.value = row if 0 <= row < len(here.boxes) else None
        finally:
            self._listing = False
        self._show_box()

    def _label(self, number: int, one: Marked) -> str:
        names = {kind: name for name, kind in self.kind.options}
        painted = "" if one.mask is None else ", painted"
        return f"{number + 1}: {names[one.kind]} ({one.confidence:.2f}{painted})"

    def _show_box(self) -> None:
        here, row = self._here, self.box.value
        if here is None or self._listing:
            return
        for each in (self.kind, self.delete_button):
            each.disabled = row is None
        self.unpaint_button.disabled = row is None or here.boxes[row].mask is None
        if row is not None:
            self._listing = True
            try:
                self.kind.value = here.boxes[row].kind
            finally:
                self._listing = False
        shown = [
            Shown(each.edges, str(number + 1), self._label(number, each), bool(each.kind))
            for number, each in enumerate(here.boxes)
        ]
        again = self.canvas.chosen == (-1 if row is None else row)
        self.canvas.show(shown, -1 if row is None else row)
        self._show_about()
        if self.closer.value and not again:
            self._look()
        self._mark()

    def _show_about(self) -> None:
        here = self._here
        if here is None:
            return
        state = "not saved yet" if here.place in self.changed else "yours"
        own = here.place in self.changed or here.place in self._kept
        shows = f"; it was said to show: {safe(here.shows)}" if here.shows else ""
        if here.misfit:
            shows += "; what was painted does not count, as the photo has another size now"
        self.about.value = (
            f"<p role='status'>{counted(len(here.boxes), 'box', 'boxes')}"
            f"{f' ({state})' if own else ''}{shows}</p>"
        )

    def _look(self) -> None:
        """Show the photo, or closely the box that is chosen."""
        here, row = self._here, self.box.value
        if here is None:
            return
        view = (0.0, 0.0, 1.0, 1.0)
        try:
            if self.closer.value and row is not None:
                picture, view = _part(self._photo(here), here.boxes[row].place)
            else:
                picture = open_shrunk(here.path, long_edge=SIDE).small
        except (SightingsError, OSError, MemoryError) as error:
            self.canvas.picture = b""
            self.message.failed(error)
            return
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "JPEG", quality=85)
        with self.canvas.hold_sync():
            self.canvas.view, self.canvas.picture = [*view], stream.getvalue()
        self._take_tool()

    def _photo(self, here: Drawn) -> Rgb:
        """Return a photo at full size; the last one is kept."""
        if self._full is None or self._full[0] != here.path:
            self._full = here.path, open_upright(here.path)
        return self._full[1]

    def _mark(self) -> None:
        """Show what counts inside the chosen box."""
        here, row = self._here, self.box.value
        if here is None:
            return
        mask = None
        if self.mask.value and row is not None and not here.boxes[row].kind:
            mask = self._mask_of(here, here.boxes[row])
            if mask is None and not self.message.value:
                self.message.remark(NO_MASK)
        self.canvas.marked = b"" if mask is None else marked_png(mask.inside)

    def _mask_of(self, here: Drawn, one: Marked) -> Mask | None:
        """Return what counts in a box, as painted or as found; None where nothing can be told."""
        if one.mask is not None:
            return one.mask
        key = here.place, one.place
        if key not in self._outlines:
            try:
                self._outlines[key] = self._found_in(here, one)
            except (SightingsError, OSError, MemoryError) as error:
                self.message.failed(error)
                return None
            while len(self._outlines) > REMEMBERED:
                del self._outlines[next(iter(self._outlines))]
        return self._outlines[key]

    def _found_in(self, here: Drawn, one: Marked) -> Mask | None:
        if self._subject is None:
            self._subject = (self._make or self._of_run)()
        marks = masking(self._subject.encoder)
        if marks is None:
            return None
        photo = self._photo(here)
        height, width = photo.shape[:2]
        left, top, right, bottom = (
            min(max(round(edge * side), 0), side)
            for edge, side in zip(one.edges, (width, height) * 2, strict=True)
        )
        box = Box(left, top, max(right, left + 1), max(bottom, top + 1))
        found = marks.outline(photo, box)
        return mask_painting.begun(found, mask_painting.cells_for(*here.size_of(one.place)))

    def _of_run(self) -> Subject:
        if self.run is None:
            raise BadFolder("there is no result yet; press the button above")
        return results_folder.settings_told(self.run).make_subject()


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
        here.boxes.append(Marked("", min(max(float(score), 0.0), 1.0), place_in))
    others = _others(run, [each.path for each in found.values()])
    for each in found.values():
        each.boxes += others.get(each.path, [])
        if each.place in kept:
            one = kept[each.place]
            each.misfit = one.size not in (None, (each.width, each.height))
            masks = one.masks if one.masks and not each.misfit else (None,) * len(one.boxes)
            each.boxes = [Marked(*box, mask) for box, mask in zip(one.boxes, masks, strict=True)]
    return list(found.values())


def _others(run: Run, paths: list[Path]) -> dict[Path, list[Marked]]:
    """Return the boxes of other kinds, which are no sightings, where the run had a file of them."""
    named, least = run.settings.get("boxes"), run.settings.get("min_confidence")
    found: dict[Path, list[Marked]] = {}
    with contextlib.suppress(SightingsError):
        if isinstance(named, str) and named and isinstance(least, int | float):
            names = detections_file.Names(detections_file.read(files.folder_at(named)))
            for path, one in names.of(paths, run.photos_folder)[0].items():
                boxes = () if one is None else one.boxes
                found[path] = [Marked(*each) for each in boxes if each[0] and each[1] >= least]
    return found


def _place_of(edges: Edges) -> Bbox:
    """Return left, top, width and height of a box."""
    left, top, right, bottom = edges
    return left, top, right - left, bottom - top


def _part(photo: Rgb, place: Bbox) -> tuple[Rgb, Bbox]:
    """Return what is in and around a box, and which part of the photo that is, as shares."""
    height, width = photo.shape[:2]
    left, top, across, down = place
    start = (
        max(0, int((left - AROUND * across) * width)),
        max(0, int((top - AROUND * down) * height)),
    )
    end = (
        min(width, max(start[0] + 1, round((left + (1 + AROUND) * across) * width))),
        min(height, max(start[1] + 1, round((top + (1 + AROUND) * down) * height))),
    )
    part = np.ascontiguousarray(photo[start[1] : end[1], start[0] : end[0]])
    scale = SIDE / max(part.shape[:2])
    if scale > 1:
        size = round(part.shape[1] * scale), round(part.shape[0] * scale)
        part = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BICUBIC))
    view = (
        *(start[0] / width, start[1] / height),
        *((end[0] - start[0]) / width, (end[1] - start[1]) / height),
    )
    return shrink(part, long_edge=SIDE), view


def _button(text: str, pressed: Callable[[], None], **how: Any) -> ipywidgets.Button:
    made = ipywidgets.Button(description=text, layout=ipywidgets.Layout(width="auto"), **how)
    made.on_click(lambda _: pressed())
    return made


def _row(*parts: ipywidgets.Widget) -> ipywidgets.HBox:
    return ipywidgets.HBox(parts, layout=ipywidgets.Layout(flex_flow="row wrap"))
