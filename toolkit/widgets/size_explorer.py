"""The size explorer: one photo at a size, what is found and lost in it, and what an album says."""

from __future__ import annotations

import base64
import html
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import numpy.typing as npt
import traitlets

from toolkit.evaluation import photo_size_preview
from toolkit.evaluation.photo_size import LONG_EDGES
from toolkit.evaluation.photo_size_costs import Way
from toolkit.evaluation.photo_size_preview import (
    Comparison,
    Kind,
    Looks,
    Shown,
    measured,
    settings_at,
)
from toolkit.evaluation.photo_size_study import ResizeStudy, edge_text
from toolkit.photos import sample
from toolkit.plots import photo_size_plots
from toolkit.records import Words
from toolkit.settings import AutopilotSettings
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.subjects.settings import as_options, declared_as
from toolkit.widgets.background_work import (
    Message,
    Newest,
    Stopped,
    Tell,
    Work,
    in_html,
    safe,
)
from toolkit.widgets.folder_field import REST, FolderChooser
from toolkit.widgets.settings_form import choices_of

NAMES = {"cnn": "CNN", "hog": "HOG"}
# Sizes that are told one by one; of more, the smallest and the largest are.
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


def sentence(comparison: Comparison, words: Words) -> str:
    """Say what is found and lost, and the seconds it takes."""
    here, full = comparison.here, comparison.full
    if full is None:
        return f"{words.count(len(here.boxes))} found here, in {here.seconds:.2f} s (CPU)."
    name = NAMES.get(here.way[0], here.way[0])
    if here.way == full.way:
        told = words.count(len(full.boxes)) if len(full.boxes) else f"No {words.singular}"
        return f"{told} found at full size with the {name}, in {full.seconds:.2f} s (CPU)."
    parts = []
    if not len(full.boxes):
        parts.append(f"No {words.singular} found at full size with the {name}")
    else:
        parts.append(f"{len(comparison.found):,} of {words.count(len(full.boxes))} found")
        sizes = comparison.lost_sizes
        if len(sizes):
            there, shrunk = _px(sizes), _px(sizes * here.scale)
            parts.append(f"{len(sizes):,} lost: {there} at full size, {shrunk} here")
        else:
            parts.append("none lost")
    if len(comparison.new):
        parts.append(f"{words.count(len(comparison.new))} found only here")
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


def photo_html(
    shown: Shown, name: str, long_edge: int, comparison: Comparison | None, words: Words
) -> str:
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
    words : Words
        What is sought.
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
        told += f": {safe(sentence(comparison, words))}"
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


def use_html(way: Way, words: Words) -> str:
    """Say how to use a choice elsewhere, as HTML."""
    settings = settings_at(way)
    given = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    told = as_options(AutopilotSettings, settings)
    found = f"{safe(words.plural)} are found by {NAMES[way[0]]}"
    size = f"search photos at {settings['long_edge']} px, {found}"
    size += ", enlarge: never" if "upsample" in settings else ""
    code = "code style='overflow-wrap: anywhere'"
    return paragraph(
        f"<b>Chosen: {safe(way_text(way))}.</b> In the panels of both modes, open the settings: "
        f"{size}. In a notebook: <{code}>AutopilotSettings({html.escape(given)})</code>. On the "
        f"command line: <{code}>sightings autopilot PHOTOS OUT {html.escape(told)}</code>.",
        role="status",
    )


def study_html(study: ResizeStudy, way: Way, drawn: bytes, words: Words) -> str:
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
    said = f"seconds against {words.plural} lost; {way_text(way)} is {'not ' * (at is None)}marked"
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


Compare = Callable[..., "ResizeStudy | None"]


class StudyBox(ipywidgets.VBox):
    """
    What sizes and detectors save and lose on a sample of a folder.

    Attributes
    ----------
    study : ResizeStudy or None
        What is shown.
    work : Work
        Its state can be observed.

    Parameters
    ----------
    folder : callable
        Returns the folder, as it was named.
    settings : AutopilotSettings
        How photos are searched.
    long_edges : sequence of int
        Long edges in px to compare.
    photos : int
        Most photos, to begin with.
    way : (str, int)
        What is marked at first.
    words : Words
        What is sought.
    compare : callable
        Makes a study; called in a thread as `toolkit.evaluation.photo_size_preview.study_of`.
    """

    def __init__(
        self,
        folder: Callable[[], str],
        *,
        settings: AutopilotSettings,
        long_edges: Sequence[int],
        photos: int,
        way: Way,
        words: Words,
        compare: Compare,
    ) -> None:
        self._words = words
        self._folder, self._settings, self._make = folder, settings, compare
        self.long_edges, self._way = tuple(long_edges), way
        self.study: ResizeStudy | None = None
        self.work = Work(cancelling="cancelling: the photo under way is finished first")
        self.work.stop_button.tooltip = "Stop; nothing comes of it"
        self.go = ipywidgets.Button(
            description="Compare the sizes",
            tooltip="Each size and detector on the same photos: takes minutes",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.go.on_click(lambda _: self.start())
        self.count = ipywidgets.BoundedIntText(
            description="on at most so many photos",
            value=photos,
            min=1,
            max=100_000,
            style={"description_width": "15em"},
            layout=ipywidgets.Layout(width="21em"),
        )
        self.compared = ipywidgets.HTML()
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        super().__init__(
            [
                ipywidgets.HTML(f"<b>The album: seconds against {safe(words.plural)} lost</b>"),
                ipywidgets.HBox([self.go, self.count], layout=row),
                self.work,
                self.compared,
            ]
        )
        self._lock = threading.Lock()
        self._marks: Newest[Way] = Newest(self._draw, failed=self.work.message.failed)
        self.work.observe(self._worked, names="state")

    def start(self) -> None:
        """Compare the sizes on a sample of the folder."""
        folder, count = self._folder(), self.count.value
        if not folder.strip():
            self.work.message.mend("no folder is named yet: choose one above")
            return

        def job(tell: Tell, stopped: Stopped) -> ResizeStudy | None:
            return self._make(
                folder,
                long_edges=self.long_edges,
                detectors=("cnn", "hog"),
                sample=count,
                settings=self._settings,
                progress=tell,
                stopped=stopped,
            )

        self.work.run(job, lambda study: self._compared(folder, study), title="reading the folder")

    def cancel(self) -> None:
        """Stop; nothing comes of it."""
        self.work.cancel()

    def show(self, study: ResizeStudy) -> None:
        """Show a study; its long edges are those of the next one, too."""
        self.study = study
        measured = dict.fromkeys(int(edge) for edge in study.table["long_edge"])
        self.long_edges = tuple(dict.fromkeys([*self.long_edges, *measured]))
        self._marks.ask(self._way)

    def forget(self) -> None:
        """Show no study: that of another folder says nothing."""
        with self._lock:
            self.study, self.compared.value = None, ""

    def mark(self, way: Way) -> None:
        """Mark a detector and a long edge."""
        self._way = way
        if self.study is not None:
            self._marks.ask(way)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        return self.work.wait(timeout) and self._marks.wait(timeout)

    def _compared(self, folder: str, study: ResizeStudy | None) -> None:
        if study is None:
            self.work.message.remark(
                "Cancelled: nothing came of it, for sizes compare only when all are measured."
            )
        elif folder != self._folder():
            self.work.message.remark("Not shown: the folder was changed meanwhile.")
        else:
            self.show(study)

    def _draw(self, way: Way, _: threading.Event) -> None:
        if (study := self.study) is not None:
            plot = photo_size_plots.plot(study.table, way, words=study.words)
            drawn = study_html(study, way, plot, self._words)
            with self._lock:
                # Not when it was forgotten meanwhile.
                if self.study is study:
                    self.compared.value = drawn

    def _worked(self, _: dict[str, Any]) -> None:
        self.go.disabled = self.count.disabled = self.work.busy


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
    words : Words
        What is sought.
    """

    def __init__(
        self, folder: FolderChooser, album_study: StudyBox, detector: str, words: Words
    ) -> None:
        self.words, self.folder, self.album_study = words, folder, album_study
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


STATES = ("empty", "running", "cancelled", "failed", "done", "none found")
# By state, with the words of the subject, as HTML.
GUIDE = {
    "empty": "<b>Choose a folder with photos.</b> Its first photo is shown at once. Photos are "
    "only read; nothing is written.",
    "running": "<b>Looking.</b> The full size takes longest, once for each photo and detector.",
    "cancelled": "<b>Cancelled.</b> Move the slider, or press <b>Look again</b>.",
    "failed": "<b>That did not work:</b> the reason stands below. Choose another photo, size or "
    "folder, or press <b>Look again</b>.",
    "done": "<b>Move the long edge</b> to the left until {words.plural} are lost that you want to "
    "keep; try other photos. Then press <b>Use</b>.",
    "none found": "<b>No {words.singular} is found at full size</b> with this detector, so nothing "
    "can be lost. Press <b>Next photo</b>, or take the other detector.",
}
COMPARING = "<b>The sizes are being compared.</b> The photo rests meanwhile, for the seconds' sake."


@dataclass(frozen=True)
class _Asked:
    """What is to be shown; `over` is set when another photo or detector was asked for."""

    folder: str
    number: int
    detector: str
    long_edge: int
    over: threading.Event
    rest: float = 0.0

    @property
    def way(self) -> Way:
        return self.detector, self.long_edge


class SizePanel(SizeControls):
    """
    Try sizes and detectors on photos, one by one, and on a sample of them all.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    chosen : tuple of (int, str) or None
        Long edge in px (0 for the full size) and detector, once the user takes one; can be
        observed. `toolkit.evaluation.photo_size_preview.settings_at` has the settings.
    comparison : Comparison or None
        What is shown.

    Parameters
    ----------
    photos : path
        The folder to begin with.
    settings : AutopilotSettings, optional
        How photos are searched; long edge and detector are where the controls begin.
    long_edges : sequence of int
        Long edges in px that a study compares; the slider has them, too.
    study : ResizeStudy, optional
        A study of these photos made already.
    photos_compared : int
        Most photos of a study made here.
    look : Looks, optional
        Looks at photos.
    compare : callable, optional
        Makes a study: `toolkit.evaluation.photo_size_preview.study_of`.
    on_chosen : callable, optional
        Called with long edge and detector when the user takes them.
    sample_folder : path, optional
        Where the button "Use the sample album" makes it; no button without one.
    rest : float
        Seconds without a key until a folder that is typed is looked into.
    subject : Subject, optional
        What is sought, with whichever detector is chosen; what the settings are about by default,
        if not given.
    """

    state = traitlets.Enum(STATES, default_value="empty")
    chosen = traitlets.Tuple(default_value=None, allow_none=True)

    def __init__(
        self,
        photos: str | Path = "",
        *,
        settings: AutopilotSettings | None = None,
        long_edges: Sequence[int] = LONG_EDGES,
        study: ResizeStudy | None = None,
        photos_compared: int = 20,
        look: Looks | None = None,
        compare: Compare = photo_size_preview.study_of,
        on_chosen: Callable[[int, str], None] | None = None,
        sample_folder: str | Path | None = None,
        rest: float = REST,
        subject: Subject | None = None,
    ) -> None:
        self.settings, words = (
            settings or AutopilotSettings(),
            registry.words_for(subject, settings),
        )
        made = {} if subject is None else {"make": lambda _: subject}
        self.looks = look or Looks(self.settings, **made)
        if subject is not None:
            compare = partial(compare, subject=subject)
        self._on_chosen, self._rest = on_chosen, rest
        self.comparison: Comparison | None = None
        self.paths: tuple[Path, ...] = ()
        self._listed: str | None = None
        self._longest, self._extra = 0, set[int]()
        self._lock = threading.RLock()
        self._asked = _Asked(
            "", 0, self.settings.detector, self.settings.long_edge, threading.Event()
        )
        suggested = {}
        if sample_folder is not None:
            suggested["Use the sample album"] = lambda: sample.at(sample_folder)
        folder = FolderChooser("Photos", str(photos), suggested=suggested, rest=rest)
        album_study = StudyBox(
            lambda: self.folder.value,
            settings=self.settings,
            long_edges=long_edges,
            photos=photos_compared,
            way=self._asked.way,
            words=words,
            compare=compare,
        )
        super().__init__(folder, album_study, self.settings.detector, words)
        self._near: Newest[_Asked] = Newest(self._look_here, failed=self.message.failed)
        self._far: Newest[tuple[Path, _Asked]] = Newest(
            self._look_at_full, failed=self.message.failed
        )
        for button, gesture in (
            (self.before, self.previous),
            (self.after, self.next),
            (self.take, self.choose),
            (self.stop, self.cancel),
            (self.retry, self.again),
        ):
            button.on_click(lambda _, gesture=gesture: gesture())
        self.album_study.work.observe(lambda _: self._show(), names="state")
        self.folder.observe(self._folder_changed, names="value")
        self.detector.observe(self._detector_changed, names="value")
        if self.folder.value.strip():
            self._ask(folder=self.folder.value)
        if study is not None:
            self.show_study(study)
        self._show()

    def show_photo(self, number: int) -> None:
        """Show a photo, by its place in the folder, from 0."""
        if 0 <= number < len(self.paths):
            self._ask(number=number)

    def next(self) -> None:
        """Show the next photo."""
        self.show_photo(self._number() + 1)

    def previous(self) -> None:
        """Show the photo before."""
        self.show_photo(self._number() - 1)

    def set_edge(self, long_edge: int) -> None:
        """Look at a long edge, in px; 0 is the full size."""
        with self._lock:
            self._extra.add(long_edge)
            self._ask(long_edge=long_edge)
            self._place_slider()

    def set_detector(self, detector: str) -> None:
        """Look with another detector."""
        self.detector.value = detector

    def again(self) -> None:
        """Look again, after it was cancelled or failed; the folder is listed anew."""
        self._listed = None
        self._ask()

    def cancel(self) -> None:
        """Stop looking at the photo."""
        with self._lock:
            if self.state == "running":
                self._asked.over.set()
                self._near.forget()
                self._far.forget()
                self.state = "cancelled"
                self.said.value = paragraph("Not looked at to the end.", role="status")

    def choose(self) -> None:
        """Take the size and the detector."""
        detector, long_edge = self._asked.way
        self.use.value = use_html((detector, long_edge), self.words)
        self.chosen = (long_edge, detector)
        if self._on_chosen is not None:
            try:
                self._on_chosen(long_edge, detector)
            except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
                self.message.failed(error)

    def start(self) -> None:
        """Compare the sizes on a sample of the folder."""
        self.album_study.start()

    def cancel_study(self) -> None:
        """Stop comparing sizes; nothing comes of it."""
        self.album_study.cancel()

    def show_study(self, study: ResizeStudy) -> None:
        """Show a study made elsewhere."""
        with self._lock:
            self.album_study.show(study)
            self._place_slider()
            self._show()

    @property
    def study(self) -> ResizeStudy | None:
        """The study that is shown."""
        return self.album_study.study

    def wait(self, timeout: float | None = 60.0) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        # What is found at full size is shown by the first.
        parts = (self._near, self._far, self._near, self.album_study)
        return all(part.wait(timeout) for part in parts)

    def _folder_changed(self, change: dict[str, Any]) -> None:
        self._ask(folder=change["new"], number=0, rest=self._rest)

    def _detector_changed(self, change: dict[str, Any]) -> None:
        self._ask(detector=change["new"])

    def _dragged(self, change: dict[str, Any]) -> None:
        # Not where the slider was put to follow what is shown.
        if change["new"] != self._place():
            self._ask(long_edge=change["new"])

    def _number(self) -> int:
        """Return the place of the photo that is shown, or is to be."""
        return min(self._asked.number, len(self.paths) - 1)

    def _place(self) -> int:
        """Return the place of the slider: what shrinks no photo is at its end."""
        edge = self._asked.long_edge
        return edge if edge < self._longest else 0

    def _ask(self, *, rest: float = 0.0, **new: Any) -> None:
        """Show something else as soon as can be."""
        with self._lock:
            old = self._asked
            kept = {name: getattr(old, name) for name in ("folder", "number", "detector")}
            kept["long_edge"] = old.long_edge
            wanted = {**kept, **new}
            over = old.over
            same = all(wanted[name] == kept[name] for name in ("folder", "number", "detector"))
            # What is sought at full size serves for every long edge.
            if not same or over.is_set():
                over.set()
                over = threading.Event()
            self._asked = _Asked(**wanted, over=over, rest=rest)
            if wanted["folder"].strip():
                self.state = "running"
            self._near.ask(self._asked)
            if "folder" in new and self.study is not None:
                self.album_study.forget()
            self.album_study.mark(self._asked.way)

    def _look_here(self, asked: _Asked, _: threading.Event) -> None:
        """List the folder if need be, look at the photo at the size, and show what is known."""
        try:
            if asked.over.wait(asked.rest) if asked.rest else asked.over.is_set():
                return
            if asked.folder != self._listed:
                self.paths, self._listed = (), None
                if asked.folder.strip():
                    self.paths = photo_size_preview.photos_in(asked.folder)
                self._listed = asked.folder
            if self.paths:
                self._show_photo(asked, self.paths[min(asked.number, len(self.paths) - 1)])
            else:
                self._end(asked, "empty")
        except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
            self._end(asked, "failed", error)

    def _show_photo(self, asked: _Asked, path: Path) -> None:
        shown = photo_size_preview.picture(path, asked.long_edge)
        longest = max(shown.width, shown.height)
        edge = asked.long_edge if asked.long_edge < longest else 0
        here = full = self.looks.known(path, (asked.detector, 0))
        if edge:
            here = self.looks.at(path, (asked.detector, edge), stop=asked.over.is_set)
        comparison = None if here is None else photo_size_preview.compare(here, full)
        told = [] if comparison is None else [sentence(comparison, self.words)]
        if full is None:
            told.append("Looking at full size …")
        if asked.long_edge >= longest:
            again = replace(self.settings, long_edge=asked.long_edge).enlarges(longest)
            told.append(unshrunk_text(asked.long_edge, longest, doubled=again))
        with self._lock:
            if asked.over.is_set():
                return
            self.comparison, self._longest = comparison, longest
            if asked is self._asked:
                self._place_slider()
            self.where.value = where_html(self.paths, self.paths.index(path))
            self.photo.value = photo_html(shown, path.name, edge, comparison, self.words)
            self.said.value = paragraph(f"<b>{safe(' '.join(told))}</b>", role="status")
            self.message.clear()
            if full is None:
                self._far.ask((path, asked))
            elif asked is self._asked:
                self.state = "done" if len(full.boxes) else "none found"
            self._show()

    def _look_at_full(self, wanted: tuple[Path, _Asked], _: threading.Event) -> None:
        path, asked = wanted
        try:
            self.looks.at(path, (asked.detector, 0), stop=asked.over.is_set)
        except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
            self._end(asked, "failed", error, keep=True)
            return
        with self._lock:
            if not asked.over.is_set():
                self._near.ask(self._asked)

    def _end(
        self, asked: _Asked, state: str, error: Exception | None = None, *, keep: bool = False
    ) -> None:
        """Show that there is nothing to show, or no more than there is already."""
        with self._lock:
            if asked.over.is_set():
                return
            self.said.value = ""
            self.message.clear()
            if error is not None:
                self.message.failed(error)
            if not keep:
                self.comparison, self.photo.value = None, ""
                number = min(asked.number, len(self.paths) - 1)
                self.where.value = where_html(self.paths, number)
            self.state = state
            self._show()

    def _place_slider(self) -> None:
        """Give the slider the places of the photo, and put it where it belongs."""
        if not self._longest:
            return
        edges = photo_size_preview.edges_for(
            self._longest, (*self.album_study.long_edges, *self._extra)
        )
        places = tuple((edge_label(edge, self._longest), edge) for edge in edges)
        if tuple(self.size.options) != places:
            # Another slider: one that is shown, told of other places, answers with its old one.
            self.put_slider(places, self._place())
            self.size.observe(self._dragged, names="value")
        elif self.size.value != self._place():
            self.size.value = self._place()

    @traitlets.observe("state")
    def _state_changed(self, _: object) -> None:
        self._show()

    def _show(self) -> None:
        """Show what the state has use for."""
        state, busy = self.state, self.album_study.work.busy
        self.guide.value = paragraph(
            COMPARING if busy else GUIDE[state].format(words=in_html(self.words))
        )
        there = bool(self.paths)
        self.shown.layout.display = None if there or state != "empty" else "none"
        self.both.layout.display = None if there or self.study is not None else "none"
        number = self._number()
        self.before.disabled = busy or number <= 0
        self.after.disabled = busy or number >= len(self.paths) - 1
        self.size.disabled = self.detector.disabled = busy
        self.retry.disabled = busy or state not in ("cancelled", "failed")
        self.stop.disabled = busy or state != "running"
        self.take.description = f"Use {way_text(self._asked.way)}"
        self.take.disabled = not there
