"""
A picture with boxes on it, in the browser: drawn, moved and sized there, and painted in.

It knows nothing of what the boxes are of: whoever shows something gives it a picture, boxes and
what is marked in one of them, and is told what was done. It is a small anywidget.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import numpy.typing as npt
import traitlets
from PIL import Image

from toolkit.errors import SightingsError
from toolkit.names import printable

HERE = Path(__file__).parent
# What the pointer does: it draws, moves and sizes boxes, or adds to or takes from what counts.
BOX, PAINT, ERASE = "box", "paint", "erase"
# What is marked, as painted in the browser, too (red, green, blue).
MARKED = (255, 60, 160)
# Shorter side, in px of the photo, of a box that can be drawn.
SMALLEST = 4
# Places that a stroke may have.
MOST_PLACES = 20_000

# Left, top, right and bottom as shares of the photo; across and down.
Edges = tuple[float, float, float, float]
Place = tuple[float, float]


@dataclass(frozen=True)
class Shown:
    """
    A box on the picture.

    Attributes
    ----------
    edges : tuple of float
        Left, top, right and bottom, as shares of the photo.
    label : str
        What stands at it; short, as it covers the picture.
    name : str
        What it is called below the picture.
    aside : bool
        Whether it is of something else than what is sought.
    """

    edges: Edges
    label: str
    name: str
    aside: bool = False


class BoxCanvas(anywidget.AnyWidget):
    """
    A photo, or a part of it, with boxes.

    Gestures are methods: `draw`, `reshape`, `choose`, `remove`, `stroke`; what is done in the
    browser calls the same. What a gesture raises is said below the picture.

    Attributes
    ----------
    picture : bytes
        A JPEG of what is in view.
    view : list of float
        What is in view: left, top, width and height, as shares of the photo.
    size : list of int
        Width and height of the photo, in px.
    boxes : list of dict
        As `Shown`.
    chosen : int
        The box that keys and brushes are about; -1 for none.
    marked : bytes
        A PNG of what counts inside the chosen box, clear elsewhere; empty where that is not shown.
    tool : {"box", "paint", "erase"}
        What the pointer does.
    brush : float
        Radius of the brush, in px of the photo.
    label : str
        What the picture shows, for those who cannot see it.
    trouble : str
        What went wrong last; "" for nothing.

    Parameters
    ----------
    drawn : callable
        Called with the edges of a box that was drawn.
    reshaped : callable
        Called with a box's place in the list, and its new edges.
    picked : callable
        Called with the place of a box that was chosen.
    removed : callable
        Called with the place of a box that is to go.
    stroked : callable
        Called with the places of a brush in the photo, its radius in px of the photo, and whether
        it adds.
    """

    _esm = HERE / "box_canvas.js"
    _css = HERE / "box_canvas.css"

    picture = traitlets.Bytes(b"").tag(sync=True)
    view = traitlets.List(traitlets.Float(), [0.0, 0.0, 1.0, 1.0]).tag(sync=True)
    size = traitlets.List(traitlets.Int(), [1, 1]).tag(sync=True)
    boxes = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.Int(-1).tag(sync=True)
    marked = traitlets.Bytes(b"").tag(sync=True)
    tool = traitlets.Enum((BOX, PAINT, ERASE), BOX).tag(sync=True)
    brush = traitlets.Float(10.0).tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    trouble = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        *,
        drawn: Callable[[Edges], None],
        reshaped: Callable[[int, Edges], None],
        picked: Callable[[int], None],
        removed: Callable[[int], None],
        stroked: Callable[[Sequence[Place], float, bool], None],
    ) -> None:
        super().__init__()
        self._drawn, self._reshaped, self._picked = drawn, reshaped, picked
        self._removed, self._stroked = removed, stroked
        self.on_msg(self._heard)

    def show(self, boxes: Sequence[Shown], chosen: int) -> None:
        """Show other boxes, one of them chosen."""
        with self.hold_sync():
            self.boxes = [
                {
                    **asdict(each),
                    "edges": [*each.edges],
                    "label": printable(each.label),
                    "name": printable(each.name),
                }
                for each in boxes
            ]
            self.chosen = chosen if 0 <= chosen < len(boxes) else -1

    def draw(self, one: Place, other: Place) -> None:
        """Draw a box between two corners, in any order; one that is too small is none."""
        edges = between(one, other)
        across, down = (edges[2] - edges[0]) * self.size[0], (edges[3] - edges[1]) * self.size[1]
        if min(across, down) >= SMALLEST:
            self._drawn(edges)

    def reshape(self, row: int, one: Place, other: Place) -> None:
        """Give a box other corners, in any order; they stay in the photo."""
        if self._has(row):
            self._reshaped(row, large_enough(between(one, other), *self.size))

    def choose(self, row: int) -> None:
        """Choose a box."""
        if self._has(row):
            self._picked(row)

    def remove(self, row: int) -> None:
        """Take a box away."""
        if self._has(row):
            self._removed(row)

    def stroke(self, places: Sequence[Place], *, adds: bool) -> None:
        """Paint in the chosen box along a way, or take from what is painted."""
        if self._has(self.chosen) and places:
            self._stroked(places, self.brush, adds)

    def _has(self, row: int) -> bool:
        return 0 <= row < len(self.boxes)

    def _heard(self, _: Any, content: object, __: object) -> None:
        """Take a message of the browser for the gesture it tells of."""
        if not isinstance(content, dict):
            return
        kind, row = content.get("kind"), content.get("row")
        places = places_of(content.get("places"))
        self.trouble = ""
        try:
            if kind == "draw" and len(places) == 2:
                self.draw(*places)
            elif kind == "stroke":
                self.stroke(places, adds=content.get("adds") is True)
            elif not isinstance(row, int):
                return
            elif kind == "reshape" and len(places) == 2:
                self.reshape(row, *places)
            elif kind == "choose":
                self.choose(row)
            elif kind == "remove":
                self.remove(row)
        except Exception as error:
            mend = isinstance(error, SightingsError)
            said = f"Not done: {error}" if mend else f"A bug: {type(error).__name__}: {error}"
            self.trouble = printable(said)
            # One that the user can mend is said; a bug goes to Jupyter's log as well.
            if not mend:
                raise
        finally:
            self.send({"kind": "heard", "of": kind})


def places_of(told: object) -> list[Place]:
    """Return the places that the browser tells of, as shares of the photo; none if one is none."""
    if not isinstance(told, list) or len(told) > MOST_PLACES:
        return []
    found = []
    for each in told:
        if not isinstance(each, list) or len(each) != 2 or not all(map(_is_number, each)):
            return []
        found.append((float(each[0]), float(each[1])))
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def between(one: Place, other: Place) -> Edges:
    """Return the box that has two places as opposite corners, cut off at the edges of the photo."""
    (left, right), (top, bottom) = (
        sorted(min(max(each[side], 0.0), 1.0) for each in (one, other)) for side in (0, 1)
    )
    return left, top, right, bottom


def large_enough(edges: Edges, width: int, height: int) -> Edges:
    """Return a box of at least `SMALLEST` px a side, inside a photo of this size in px."""
    (left, right), (top, bottom) = (
        _widened(edges[side], edges[side + 2], min(1.0, SMALLEST / max(length, 1)))
        for side, length in ((0, width), (1, height))
    )
    return left, top, right, bottom


def _widened(start: float, end: float, least: float) -> tuple[float, float]:
    if end - start >= least:
        return start, end
    start = min(max((start + end - least) / 2, 0.0), 1.0 - least)
    return start, start + least


def marked_png(inside: npt.NDArray[np.bool_]) -> bytes:
    """Return a PNG in which px, shape (h, w), have the colour of what is marked, or are clear."""
    pixels = np.zeros((*inside.shape, 4), dtype=np.uint8)
    pixels[inside] = (*MARKED, 255)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    return stream.getvalue()
