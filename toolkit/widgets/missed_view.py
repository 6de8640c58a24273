"""Photos in which boxes are drawn around what was not found, and taken out again."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import ipywidgets
import pandas as pd
from PIL import Image

from toolkit.errors import SightingsError
from toolkit.grouping.sighting_finder import SightingKey, same_sighting
from toolkit.names import counted, printable
from toolkit.photos import clips
from toolkit.photos.identity import identify
from toolkit.photos.opening import open_shrunk, shrink, size_of
from toolkit.photos.pixels import Rgb
from toolkit.records import Album, Words, empty_table
from toolkit.results import results_folder
from toolkit.results.results_folder import BOX
from toolkit.widgets.background_work import Message
from toolkit.widgets.box_canvas import BoxCanvas, Edges, Place, Shown

# Longer side of the picture, in px.
SIDE = 1200
# A new box begins in the middle, as shares of the photo.
NEW = (0.4, 0.35, 0.6, 0.65)
COLUMNS = ("path", "photo_digest", "width", "height")
# What an example is called, by its folder and name; whose it is, the folder says.
EXAMPLE = "example {}"
WIDE = ipywidgets.Layout(width="min(46em, calc(100% - 4px))")
STYLE = {"description_width": "9em"}


class MissedView(ipywidgets.VBox):
    """
    Photos with what was found in them; boxes can be drawn around what was not.

    It decides nothing itself. Gestures are methods: `choose`, `go`, `add`, `keep`, `take_out`,
    `undo`, and those of `canvas`.

    Attributes
    ----------
    canvas : BoxCanvas
        The photo that is shown: what was found stays as it is.
    photo : ipywidgets.Dropdown
        Which one; its value is a place in the list of photos, None where there is none.
    frame : ipywidgets.Dropdown
        Which frame of a clip; its value is the row at which it begins. Not shown with a photo.
    alone : ipywidgets.Checkbox
        Whether only photos without anything found are listed.
    name : ipywidgets.Combobox
        Who it is; nothing where that is not known.
    message : Message
        What came of it.

    Parameters
    ----------
    words : Words
        What is looked for.
    kept : callable
        Called with where a box was drawn, and a name or "".
    taken_out : callable
        Called with the box that is to go.
    undone : callable
        Called when the last of these is to be taken back.
    """

    def __init__(
        self,
        words: Words,
        *,
        kept: Callable[[SightingKey, str], None],
        taken_out: Callable[[SightingKey], None],
        undone: Callable[[], None],
    ) -> None:
        self._words = words
        self._kept, self._taken_out, self._undone = kept, taken_out, undone
        self._album: Album | None = None
        # Photos: their rows in the table, and what they are called.
        self._rows: list[tuple[int, str]] = []
        self._table = empty_table(COLUMNS)
        # Examples come first: how many there are, and what was read of each.
        self._examples = 0
        self._read: dict[str, tuple[str, str, int, int]] = {}
        self._names: Sequence[str | None] = ()
        self._boxes: Sequence[SightingKey] = ()
        self._edges: Edges | None = None
        # What is on the picture: what was found, then drawn boxes by their keys.
        self._found: list[Shown] = []
        self._drawn_here: list[SightingKey] = []
        self._chosen = -1
        self._listing = False
        # Rows of what is shown, of a photo or of all frames of a clip as one picture.
        self._rows_shown = (0, 0)
        self.photo = ipywidgets.Dropdown(description="Photo", options=[], layout=WIDE, style=STYLE)
        self.frame = ipywidgets.Dropdown(
            description="Frame", options=[], layout=ipywidgets.Layout(display="none"), style=STYLE
        )
        self.alone = ipywidgets.Checkbox(indent=False, layout=ipywidgets.Layout(width="auto"))
        self.back_button = _button("Previous", lambda: self.go(-1))
        self.next_button = _button("Next", lambda: self.go(1))
        self.name = ipywidgets.Combobox(
            description="Name",
            placeholder="nothing if not known",
            layout=WIDE,
            style=STYLE,
        )
        self.add_button = _button("Add a box", self.add)
        self.keep_button = _button(
            f"{_begun(words.a_sighting)} was missed here", self.keep, button_style="primary"
        )
        self.out_button = _button("Take this box out", self.take_out)
        self.undo_button = _button("Undo", self.undo, icon="undo")
        self.message = Message()
        self.canvas = BoxCanvas(
            drawn=self._drawn,
            reshaped=self._reshaped,
            picked=self._picked,
            removed=self._removed,
            stroked=_nothing,
        )
        self.drawing = ipywidgets.VBox(
            [
                self.canvas,
                self.name,
                _row(self.add_button, self.keep_button, self.out_button, self.undo_button),
            ]
        )
        self.undo_button.layout.display = "none"
        choosing = _row(self.back_button, self.next_button, self.alone)
        super().__init__([self.photo, self.frame, choosing, self.message, self.drawing])
        self.add_class("sightings-missed")
        self.photo.observe(lambda _: self._turned(), names="value")
        self.frame.observe(lambda _: self._turned(), names="value")
        self.alone.observe(lambda _: self._list(""), names="value")

    def show(
        self,
        album: Album | None,
        folder: Path | None,
        *,
        names: Sequence[str | None] = (),
        boxes: Sequence[SightingKey] = (),
        can_undo: bool = False,
        examples: Sequence[str] = (),
    ) -> None:
        """
        Show the photos of an album; the same photo as before where that is among them.

        Parameters
        ----------
        album : Album or None
            n sightings; None for none.
        folder : Path or None
            The folder of photos, from which on they are called.
        names : sequence of str or None
            Who each sighting is; numbers stand in their place, if not given.
        boxes : sequence of SightingKey
            Those that were drawn.
        can_undo : bool
            Whether there is anything to take back.
        examples : sequence of str
            Paths of examples in which nobody could be told: they come first.
        """
        place = self._place()
        self._album, self._names, self._boxes = album, names, boxes
        self._rows, self._table = [], empty_table(COLUMNS)
        if album is not None:
            own = album.photos[list(COLUMNS)].drop_duplicates("photo_digest")
            others = self._beside(examples, {*own["photo_digest"]}, {*map(str, own["path"])})
            self._table = pd.concat([others, own], ignore_index=True)
            places = [EXAMPLE.format("/".join(Path(path).parts[-2:])) for path in others["path"]]
            places += results_folder.relative(own["path"], folder)
            self._rows = list(enumerate(places))
            self._examples = len(others)
        self.name.options = sorted({name for name in names if name})
        self.undo_button.layout.display = None if can_undo else "none"
        self._list(place)

    def _beside(self, examples: Sequence[str], digests: set[str], paths: set[str]) -> pd.DataFrame:
        """
        Return the photos that are not the album's: examples, and where somebody drew in one.

        What an example is called by is its picture where that is known without decoding it, else
        its bytes.
        """
        drawn = {each.path: each.photo for each in self._boxes if each.photo not in digests}
        for path in dict.fromkeys((*examples, *drawn)):
            if path in self._read or path in paths or not Path(path).is_file():
                continue
            with suppress(SightingsError):
                who = identify(Path(path))
                # What a box was drawn in is that picture, and not what is there now.
                if path in examples or drawn[path] in (who.photo, who.file):
                    self._read[path] = (path, who.photo or who.file, *_size(Path(path)))
        shown = [path for path in dict.fromkeys((*examples, *drawn)) if path in self._read]
        rows = [self._read[path] for path in shown]
        return pd.DataFrame(rows, columns=list(COLUMNS)) if rows else empty_table(COLUMNS)

    def choose(self, path: str) -> None:
        """Show a photo, by its path, or from the folder of photos on."""
        if self._album is None:
            return
        paths = self._table["path"].to_list()
        for at, (row, place) in enumerate(self._rows):
            if path in (place, str(paths[row])):
                if at not in self._listed():
                    self.alone.value = False
                self.photo.value = at
                return

    def go(self, step: int) -> None:
        """Show the photo so many further in the list, as far as there are any."""
        listed = self._listed()
        if self.photo.value in listed:
            at = listed.index(self.photo.value) + step
            self.photo.value = listed[min(max(at, 0), len(listed) - 1)]

    def add(self) -> None:
        """Put a new box into the middle of the photo, to be moved and sized."""
        if self.photo.value is not None and self.canvas.picture:
            self._drawn(NEW)

    def keep(self) -> None:
        """Keep the box that was drawn, and the name."""
        key = self._key()
        if key is None:
            self.message.remark("Draw a box first.")
            return
        try:
            self._kept(key, "" if self._is_example() else self.name.value.strip())
        except SightingsError as error:
            self.message.failed(error)

    def take_out(self) -> None:
        """Take the chosen box out, one that was drawn."""
        row = self._chosen - len(self._found)
        if 0 <= row < len(self._drawn_here):
            self._take_out(self._drawn_here[row])
        elif self._edges is not None:
            self._edges = None
            self._show_boxes()
        else:
            self.message.remark("Choose a box that was drawn: click it in the photo.")

    def undo(self) -> None:
        """Take the last box back that was kept or taken out."""
        try:
            self._undone()
        except SightingsError as error:
            self.message.failed(error)

    def _take_out(self, key: SightingKey) -> None:
        try:
            self._taken_out(key)
        except SightingsError as error:
            self.message.failed(error)

    def _place(self) -> str:
        return "" if self.photo.value is None else self._rows[self.photo.value][1]

    def _listed(self) -> list[int]:
        return [at for _, at in self.photo.options]

    def _list(self, place: str | None = None) -> None:
        """List the photos, and show the one of that place, or the first."""
        place = self._place() if place is None and self._album is not None else place
        seen: set[str] = set()
        digests = self._table["photo_digest"]
        if self._album is not None:
            seen = set(map(str, self._album.sightings["photo_digest"]))
        empty = {at for at, (row, _) in enumerate(self._rows) if digests.iat[row] not in seen}
        self.alone.description = f"only those without {self._words.a_sighting} ({len(empty):,})"
        wanted = [
            (printable(each), at)
            for at, (_, each) in enumerate(self._rows)
            # The one that is looked at stays, whatever was drawn in it.
            if not self.alone.value or at in empty or each == place
        ]
        here = [at for _, at in wanted if self._rows[at][1] == place]
        self._listing = True
        try:
            self.photo.options = wanted
            self.photo.value = next(iter([*here, *(at for _, at in wanted)]), None)
        finally:
            self._listing = False
        self._show_photo()

    def _turned(self) -> None:
        if not self._listing:
            self.message.clear()
            self._show_photo()

    def _photo(self) -> pd.Series | None:
        if self._album is None or self.photo.value is None:
            return None
        row: pd.Series = self._table.iloc[self._rows[self.photo.value][0]]
        return row

    def _is_example(self) -> bool:
        return self.photo.value is not None and self.photo.value < self._examples

    def _key(self) -> SightingKey | None:
        """Return where the new box is, in px; None where there is none."""
        row = self._photo()
        if row is None or self._edges is None:
            return None
        top, bottom = self._rows_shown
        size = (int(row["width"]), bottom - top) * 2
        left, up, right, down = (
            round(share * px) for share, px in zip(self._edges, size, strict=True)
        )
        edges = (left, up + top, right, down + top)
        return SightingKey(str(row["path"]), str(row["photo_digest"]), *edges)

    def _picture(self, path: Path, height: int) -> Rgb:
        """
        Return what is to be shown of a photo, and have it known which rows of it that is.

        Of a clip it is the frame that is chosen; the first, when the clip was another one.
        """
        if not clips.is_clip(path):
            self._offer([])
            self._rows_shown = (0, height)
            return open_shrunk(path, long_edge=SIDE).small
        parts = clips.frames_of(path).parts
        self._offer([(f"{when:.1f} s", at) for when, at, _ in parts])
        at, frame = next((at, frame) for _, at, frame in parts if at == self.frame.value)
        self._rows_shown = (at, at + len(frame))
        return shrink(frame, long_edge=SIDE)

    def _offer(self, frames: list[tuple[str, int]]) -> None:
        """Have one of these frames chosen; none where there are none."""
        if list(self.frame.options) == frames:
            return
        self._listing = True
        try:
            self.frame.options = frames
            self.frame.value = next((at for _, at in frames), None)
        finally:
            self._listing = False
        self.frame.layout.display = None if frames else "none"

    def _show_photo(self) -> None:
        row, album, self._edges = self._photo(), self._album, None
        self._found, self._drawn_here, self._chosen = [], [], -1
        self.drawing.layout.display = None if row is not None else "none"
        # Whose an example is, its folder says.
        self.name.layout.display = "none" if self._is_example() else None
        listed = self._listed()
        self.back_button.disabled = row is None or self.photo.value == listed[0]
        self.next_button.disabled = row is None or self.photo.value == listed[-1]
        if row is None or album is None:
            self.canvas.show([], -1)
            self._offer([])
            return
        try:
            picture = self._picture(Path(str(row["path"])), int(row["height"]))
        except (SightingsError, OSError, MemoryError) as error:
            self._offer([])
            self.canvas.picture = b""
            self.canvas.show([], -1)
            self.message.mend(f"{self._place()}: {error}")
            return
        top, bottom = self._rows_shown
        self._drawn_here = [
            key
            for key in self._boxes
            if key.photo == row["photo_digest"] and top <= (key.top + key.bottom) // 2 < bottom
        ]
        table = album.sightings
        here = (table["photo_digest"] == row["photo_digest"]).to_numpy()
        if len(self.frame.options):
            middle = (table["top"] + table["bottom"]).to_numpy() // 2
            here = here & (top <= middle) & (middle < bottom)
        mine = here.nonzero()[0]
        edges = table[list(BOX)].iloc[mine].to_numpy(dtype=float).tolist()
        # Which of those found is in a drawn box: it is shown once, and can be taken out.
        called = [self._named(int(each)) for each in mine]
        labels = {}
        for key in self._drawn_here:
            at = same_sighting(edges, key.box) if len(edges) else None
            if at is not None and tuple(edges[at]) == key.box:
                labels[at] = called[at]
        size = (int(row["width"]), bottom - top)
        self._found = [
            Shown(_shares(edges[at], size, top), who or str(at + 1), f"found, {who or 'not known'}")
            for at, who in enumerate(called)
            if at not in labels
        ]
        by_box = {tuple(edges[at]): who for at, who in labels.items()}
        self._labels = [by_box.get(key.box, "") for key in self._drawn_here]
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "JPEG", quality=85)
        self.canvas.size = [*size]
        self.canvas.label = f"{self._place()}, {counted(len(called), 'box', 'boxes')}"
        self.canvas.picture = stream.getvalue()
        self._show_boxes()

    def _named(self, row: int) -> str:
        return (self._names[row] or "") if self._names else ""

    def _show_boxes(self, chosen: int | None = None) -> None:
        size = (self.canvas.size[0], self.canvas.size[1])
        drawn = [
            Shown(
                _shares(key.box, size, self._rows_shown[0]),
                who or "drawn",
                f"drawn, {who}" if who else "drawn",
                True,
            )
            for key, who in zip(self._drawn_here, self._labels, strict=True)
        ]
        new = [] if self._edges is None else [Shown(self._edges, "new", "new, not kept yet")]
        every = [*self._found, *drawn, *new]
        self._chosen = (
            len(every) - 1 if chosen is None and new else -1 if chosen is None else chosen
        )
        self.canvas.show(every, self._chosen)
        mine = len(self._found) <= self._chosen
        self.out_button.layout.display = None if mine else "none"
        self.keep_button.disabled = self._edges is None

    def _drawn(self, edges: Edges) -> None:
        self._edges = edges
        self.message.clear()
        self._show_boxes()

    def _reshaped(self, row: int, edges: Edges) -> None:
        # What was found, or kept, stays where it is.
        if row == len(self._found) + len(self._drawn_here):
            self._edges = edges
            self._show_boxes()
        else:
            self._show_boxes(row)

    def _picked(self, row: int) -> None:
        self._show_boxes(row)

    def _removed(self, row: int) -> None:
        at = row - len(self._found)
        if 0 <= at < len(self._drawn_here):
            self._take_out(self._drawn_here[at])
        elif at == len(self._drawn_here):
            self._edges = None
            self._show_boxes()
        else:
            self._show_boxes(row)


def _size(path: Path) -> tuple[int, int]:
    """Return width and height in px of a photo, or of all frames of a clip as one picture."""
    if not clips.is_clip(path):
        return size_of(path)
    height, width = clips.frames_of(path).strip.shape[:2]
    return width, height


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shares(box: Sequence[float], size: tuple[int, int], first: int) -> Edges:
    """Return a box in px as shares of a picture of this size, inside it, from a first row on."""
    from_there = (box[0], box[1] - first, box[2], box[3] - first)
    left, top, right, bottom = (
        min(max(px / side, 0.0), 1.0) for px, side in zip(from_there, size * 2, strict=True)
    )
    return left, top, right, bottom


def _nothing(_: Sequence[Place], __: float, ___: bool) -> None:
    """Do nothing: in a box of this panel nothing is painted."""


def _button(text: str, press: Callable[[], None], **about: str) -> ipywidgets.Button:
    made = ipywidgets.Button(description=text, layout=ipywidgets.Layout(width="auto"), **about)
    made.on_click(lambda _: press())
    return made


def _row(*parts: ipywidgets.Widget) -> ipywidgets.HBox:
    layout = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
    return ipywidgets.HBox(parts, layout=layout)
