"""What the size explorer says: the photo with its boxes, sentences, the study's table."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolkit.evaluation.photo_size_costs import Way
from toolkit.evaluation.photo_size_preview import Comparison, Kind, Shown, measured, settings_at
from toolkit.evaluation.photo_size_study import ResizeStudy, edge_text
from toolkit.names import counted
from toolkit.settings import AutopilotSettings
from toolkit.subjects.settings import as_options
from toolkit.widgets.background_work import safe

NAMES = {"cnn": "CNN", "hog": "HOG"}
# Sizes of faces that are told one by one; of more, the smallest and the largest are.
TOLD = 4
# The most that a photo is shown at, in px of the screen, and the longest side that is shown as
# squares: a browser that shrinks a picture so leaves out lines of it.
HIGH, SQUARES = 560, 400
LINES: dict[Kind, str] = {
    "found": "solid #00d084",
    "new": "dotted #5ac8ff",
    "lost": "dashed #ff8a1f",
}
WORDS: dict[Kind, str] = {"found": "", "new": "only here", "lost": "lost"}
COLUMNS = ("detector", "edge", "lost", "95%", "CPU s", "front")
MARK = "◀ this size"


def paragraph(said: str, *, role: str = "") -> str:
    """Return HTML as a paragraph that takes little room; with the role "status" it is read out."""
    told = f" role='{role}'" if role else ""
    return f"<p{told} style='margin: .3em 0; line-height: 1.4'>{said}</p>"


def size_text(long_edge: int) -> str:
    """Say a long edge: "1,200 px", or "full size"."""
    return f"{long_edge:,} px" if long_edge else "full size"


def way_text(way: Way) -> str:
    """Say a way, such as "1,200 px with the CNN"."""
    return f"{size_text(way[1])} with the {NAMES.get(way[0], way[0])}"


def sentence(comparison: Comparison) -> str:
    """Say what is found and lost, and the seconds it takes."""
    here, full = comparison.here, comparison.full
    if full is None:
        return f"{counted(len(here.boxes), 'face')} found here, in {here.seconds:.2f} s (CPU)."
    name = NAMES.get(here.way[0], here.way[0])
    if here.way == full.way:
        told = counted(len(full.boxes), "face") if len(full.boxes) else "No face"
        return f"{told} found at full size with the {name}, in {full.seconds:.2f} s (CPU)."
    parts = []
    if not len(full.boxes):
        parts.append(f"No face found at full size with the {name}")
    else:
        parts.append(f"{len(comparison.found):,} of {counted(len(full.boxes), 'face')} found")
        sizes = comparison.lost_sizes
        if len(sizes):
            there, shrunk = _px(sizes), _px(sizes * here.scale)
            parts.append(f"{len(sizes):,} lost: {there} at full size, {shrunk} here")
        else:
            parts.append("none lost")
    if len(comparison.new):
        parts.append(f"{counted(len(comparison.new), 'face')} found only here")
    elif not len(full.boxes):
        parts.append("none here")
    parts.append(f"{here.seconds:.2f} s instead of {full.seconds:.2f} s (CPU)")
    return "; ".join(parts) + "."


def _px(sizes: npt.NDArray[np.float64]) -> str:
    """Say sizes, given the largest first: "62, 40 and 38 px"; of many, the ends."""
    told = [f"{size:.0f}" for size in sizes]
    if len(told) > TOLD:
        return f"{told[-1]} to {told[0]} px"
    return f"{', '.join(told[:-1])} and {told[-1]} px" if len(told) > 1 else f"{told[0]} px"


def photo_html(shown: Shown, name: str, long_edge: int, comparison: Comparison | None) -> str:
    """
    Return a photo, always equally large on the screen, with its boxes as HTML.

    Parameters
    ----------
    shown : Shown
        The photo at the size.
    name : str
        Of the file; untrusted.
    long_edge : int
        In px; 0 is the full size.
    comparison : Comparison or None
        What to draw.
    """
    squares = "; image-rendering: pixelated" if 0 < long_edge <= SQUARES else ""
    boxes, told = [], f"{safe(name)} at {size_text(long_edge)}"
    for mark in () if comparison is None else comparison.marks:
        place = (
            f"left: {mark.left:.2%}; top: {mark.top:.2%}; "
            f"width: {mark.width:.2%}; height: {mark.height:.2%}"
        )
        # Beside the edge of the photo a word above the box would be cut off.
        side = "bottom: 100%" if mark.top > 0.06 else "top: 0"
        word = WORDS[mark.kind] and (
            f"<span style='position: absolute; left: -3px; {side}; background: #000c; color: #fff; "
            f"font: bold 12px/16px sans-serif; padding: 0 4px; white-space: nowrap'>"
            f"{WORDS[mark.kind]}</span>"
        )
        boxes.append(
            f"<div class='sightings-{mark.kind}' style='position: absolute; box-sizing: border-box;"
            f" border: 3px {LINES[mark.kind]}; outline: 1px solid #000a; {place}'>{word}</div>"
        )
    if comparison is not None:
        told += f": {sentence(comparison)}"
    wide = round(HIGH * shown.width / shown.height)
    return (
        f"<div class='sightings-photo' style='position: relative; overflow: hidden; line-height: 0;"
        f" width: min(100%, {wide}px, 800px); aspect-ratio: {shown.width} / {shown.height}'>"
        f"<img alt='{told}' style='width: 100%; height: 100%; max-width: none{squares}' "
        f"src='{_uri('jpeg', shown.jpeg)}'>{''.join(boxes)}</div>"
    )


def legend_html() -> str:
    """Say what the lines mean."""

    def line(kind: Kind) -> str:
        return (
            f"<span aria-hidden='true' style='display: inline-block; width: 2em; height: 0; "
            f"vertical-align: middle; border-top: 3px {LINES[kind]}'></span>"
        )

    said = (
        f"{line('found')} solid: found · {line('lost')} dashed, “lost”: found at full size only · "
        f"{line('new')} dotted, “only here”: not found at full size"
    )
    return paragraph(f"<small>{said}</small>")


def unshrunk_text(long_edge: int, longest: int, *, doubled: bool) -> str:
    """Say what a long edge does to a photo that is no longer; "" for the full size."""
    if not long_edge:
        return ""
    more = " (a run doubles it before the search)" if doubled else ""
    return f"{size_text(long_edge)} does not shrink this photo, which is {longest:,} px long{more}."


def use_html(way: Way) -> str:
    """Say how to use a choice elsewhere, as HTML."""
    settings = settings_at(way)
    given = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    told = as_options(AutopilotSettings, settings)
    size = f"search photos at {settings['long_edge']} px, faces are found by {NAMES[way[0]]}"
    size += ", enlarge: never" if "upsample" in settings else ""
    code = "code style='overflow-wrap: anywhere'"
    return paragraph(
        f"<b>Chosen: {safe(way_text(way))}.</b> In the panels of both modes, open the settings: "
        f"{size}. In a notebook: <{code}>AutopilotSettings({html.escape(given)})</code>. On the "
        f"command line: <{code}>sightings autopilot PHOTOS OUT {html.escape(told)}</code>.",
        role="status",
    )


def study_html(study: ResizeStudy, way: Way, drawn: bytes) -> str:
    """Return a study's figure and table as HTML, one row marked."""
    table = study.shown()
    at = measured(study.table, way)
    rows = []
    for number, row in enumerate(table[list(COLUMNS)].astype(str).to_numpy().tolist()):
        here = number == at
        style = " style='font-weight: bold; outline: 2px solid; outline-offset: -1px'" * here
        cells = [*row[:-1], "front" if row[-1].strip() else "", MARK if here else ""]
        rows.append(
            f"<tr{' aria-current=true' * here}{style}>"
            + "".join(f"<td style='padding: 0 .3em'>{safe(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    head = "".join(
        f"<th scope='col' style='padding: 0 .3em'>{name}</th>" for name in (*COLUMNS, "")
    )
    none = ""
    if at is None:
        none = f"{way_text(way)} was not measured: no row is marked. "
    said = f"seconds against faces lost; {way_text(way)} is {'not ' * (at is None)}marked"
    return (
        paragraph(f"<b>{safe(study.recommendation)}</b>")
        + f"<img alt='Figure: {safe(said)}' style='width: 100%; max-width: 620px' "
        f"src='{_uri('png', drawn)}'>"
        + "<div style='overflow-x: auto'><table style='border-collapse: collapse; "
        "text-align: right; font-size: 12px; "
        f"white-space: nowrap; line-height: 1.5'><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        + paragraph(
            f"<small>{safe(none)}{safe(study.headline)} “edge”: the long edge in px; “95%”: the "
            "interval of the share lost, in %; “front”: no other row is as fast, loses as few, and "
            "is better in one of the two.</small>"
        )
    )


def where_html(paths: Sequence[Path], number: int) -> str:
    """Say which photo of a folder is shown; "" for none."""
    if not paths:
        return ""
    # The subfolder, too, where there are several: cameras give the same names again and again.
    name = os.path.relpath(paths[number], os.path.commonpath([path.parent for path in paths]))
    return f"<span>photo {number + 1:,} of {len(paths):,}: {safe(name)}</span>"


def edge_label(long_edge: int, longest: int) -> str:
    """Say a place of the slider."""
    return f"{edge_text(long_edge)} px" if long_edge else f"full size, {longest} px"


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
