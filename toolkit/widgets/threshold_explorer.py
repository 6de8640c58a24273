"""The threshold explorer: a slider that regroups at once, and shows what it changed."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal

import ipywidgets
import traitlets

from toolkit.evaluation.threshold_sweep import Change, Explorer, Kind, Position, changes
from toolkit.grouping.constraints import Decided
from toolkit.grouping.linkage import Tree
from toolkit.grouping.thresholds import Threshold
from toolkit.names import printable
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import Album, Words
from toolkit.settings import AutopilotSettings, GroupingSettings
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.subjects.settings import as_options
from toolkit.widgets.background_work import Newest, Stopped, Tell, Work, in_html, safe
from toolkit.widgets.contact_sheet import Card, ContactSheet, Strip
from toolkit.widgets.individuals_view import (
    IndividualsBrowser,
    Rows,
    SightingPictures,
    sighting_picture,
)

# From one place of the slider to the next, in encoder distance.
STEP = 0.001


def place_of(threshold: float) -> float:
    """Return the slider's place for a threshold: the nearest thousandth."""
    return round(round(threshold / STEP) * STEP, 3)


def ends(explorer: Explorer) -> tuple[float, float]:
    """Return the first and the last place: `Explorer.range`, on the slider's places."""
    low, high = explorer.range()
    return place_of(math.floor(round(low / STEP, 6)) * STEP), place_of(
        math.ceil(round(high / STEP, 6)) * STEP
    )


def threshold_at(explorer: Explorer, place: float) -> float:
    """
    Return the threshold that a place means.

    That is the place itself, but where the automatic threshold or that of the settings is shown:
    there it is that one, unrounded, so that the slider shows what a run would do.
    """
    asked = explorer.settings.threshold
    for exact in (explorer.automatic.value, *(() if asked == "auto" else (asked,))):
        if place_of(exact) == place_of(place):
            return exact
    return place_of(place)


def next_place(explorer: Explorer, place: float, *, up: bool) -> float | None:
    """
    Return the nearest place at which other joins are made.

    Parameters
    ----------
    explorer : Explorer
        With a tree of joins; without one it is not known where something changes.
    place : float
        From where.
    up : bool
        Towards more joins; otherwise towards fewer.

    Returns
    -------
    float or None
        None where nothing changes any more between here and the slider's end.
    """
    if explorer.tree is None:
        return None
    tree, (low, high) = explorer.tree, ends(explorer)
    made = tree.made_at(threshold_at(explorer, place))
    if made == (len(tree) if up else 0):
        return None
    # The first place that can make the next join, or the last one that can be without the last: a
    # place that stands for an exact threshold may be half a step from it.
    height = float(tree.height[made if up else made - 1]) / STEP
    edge = math.floor(height) if up else math.ceil(height)
    here = round(place / STEP)
    at = max(here + 1, edge) if up else min(here - 1, edge)
    while low <= place_of(at * STEP) <= high:
        if tree.made_at(threshold_at(explorer, at * STEP)) != made:
            return place_of(at * STEP)
        at += 1 if up else -1
    return None


def curve(explorer: Explorer, points: int = 120) -> list[tuple[float, int]]:
    """Return thresholds over the slider's range, and the individuals each makes; [] if unknown."""
    if explorer.tree is None:
        return []
    tree, (low, high) = explorer.tree, ends(explorer)
    at = [low + (high - low) * each / points for each in range(points + 1)]
    return [(value, tree.start - tree.made_at(value)) for value in at]


# Changes that are shown, groups on each side of one, sightings of each; earlier names on a card.
CHANGES, PARTS, SHOWN, EARLIER = 6, 4, 5, 3
KINDS: dict[Kind, str] = {"merged": "merged", "split": "split", "moved": "regrouped"}
# The curve's size and margins, in px.
WIDE, HIGH, LEFT, RIGHT, TOP, BOTTOM = 280, 110, 50, 12, 18, 20


def paragraph(html: str, *, role: str = "") -> str:
    """Return HTML as a paragraph that takes little room; with the role "status" it is read out."""
    said = f" role='{role}'" if role else ""
    return f"<p{said} style='margin: .3em 0'>{html}</p>"


def summary_html(position: Position, automatic: float) -> str:
    """Return what a position does, as HTML: its lines, the number of individuals in bold."""
    individuals, *rest = position.summary
    own = " (automatic)" if position.threshold == automatic else ""
    lines = "".join(f"<li>{safe(line)}</li>" for line in rest)
    return (
        f"<div role='status' style='margin-right: 1em'>"
        f"{paragraph(f'At {position.threshold:.3f}{own}: <b>{safe(individuals)}</b>')}"
        f"<ul style='margin: 0; padding-left: 1.5em'>{lines}</ul></div>"
    )


def use_html(position: Position, settings: GroupingSettings, automatic: float) -> str:
    """Say how to sort the photos with this threshold, as HTML."""
    own = position.threshold == automatic
    said = '"auto"' if own else f"{position.threshold:.10g}"
    chosen: dict[str, object] = {} if own else {"threshold": position.threshold}
    if settings.method != "average":
        chosen["method"] = settings.method
    chosen["one_per_photo"] = settings.one_per_photo
    about = settings.subject.name
    usual = about == registry.DEFAULT
    subject = "" if usual else f"--subject {about} "
    options = f"{subject}{as_options(type(settings), chosen)}"
    given = f"sightings autopilot PHOTOS OUT {options}".rstrip()
    why = "A run takes this threshold by itself" if own else "To sort with it"
    code = "code style='white-space: nowrap'"
    notebook = f"<{code}>THRESHOLD = {said}</code> in the notebook 31_run_autopilot, or "
    return paragraph(f"{why}: {notebook if usual else ''}<{code}>{given}</code>.")


def changed_html(found: Sequence[Change], before: Position | None, words: Words) -> str:
    """Say what changed, and since when, as HTML."""
    if before is None:
        return paragraph("<b>What changed</b>: move the slider to see it.")
    head = f"<b>What changed</b>, compared with {before.threshold:.3f}:"
    if not found:
        return paragraph(
            f"{head} nothing. The {safe(words.individuals)} are the same.", role="status"
        )
    told = Counter(change.kind for change in found)
    parts = [f"{told[kind]:,} {word}" for kind, word in KINDS.items() if told[kind]]
    more = ""
    if len(found) > CHANGES:
        more = (
            f" The {CHANGES} that concern most {safe(words.plural)} are shown; Next merge and Next "
            "split show them one after the other."
        )
    return paragraph(f"{head} {', '.join(parts)}.{more}", role="status")


def change_cards(
    found: Sequence[Change],
    before: Position,
    after: Position,
    album: Album,
    thumbnails: Thumbnails,
) -> list[Card]:
    """Return one card a change: what each group before held, and each group after."""
    return [
        Card(
            key=str(number),
            title=change.sentence(before.names, words=before.words),
            badge=KINDS[change.kind],
            strips=(
                *_strips("before", change.before, before.names, album, thumbnails),
                *_strips("now", change.after, after.names, album, thumbnails),
            ),
        )
        for number, change in enumerate(found)
    ]


def _strips(
    when: str,
    groups: Sequence[Rows],
    names: Sequence[str | None],
    album: Album,
    thumbnails: Thumbnails,
) -> list[Strip]:
    strips = []
    for rows in groups[:PARTS]:
        label = f"{when}: {printable(str(names[int(rows[0])]))}, {album.words.count(len(rows))}"
        best = thumbnails.best(rows.tolist(), SHOWN)
        strips.append(Strip(tuple(sighting_picture(album, row) for row in best), label))
    if len(groups) > PARTS:
        strips.append(Strip((), f"{when}: {len(groups) - PARTS:,} more"))
    return strips


def earlier(names: Sequence[str | None], rows: Rows) -> str:
    """Say what sightings have been called so far: ", so far Ann and Bob"."""
    told = Counter(name for name in (names[row] for row in rows.tolist()) if name is not None)
    who = [printable(name) for name, _ in told.most_common()]
    if not who:
        return ""
    if len(who) > EARLIER:
        who = [*who[: EARLIER - 1], f"{len(who) - EARLIER + 1:,} more"]
    said = " and ".join([", ".join(who[:-1]), who[-1]] if len(who) > 1 else who)
    return f", so far {said}"


def chart_html(
    curve: Sequence[tuple[float, int]], position: Position, automatic: float, words: Words
) -> str:
    """
    Draw how many individuals each threshold makes, where the slider is, and the automatic one.

    Parameters
    ----------
    curve : sequence of (float, int)
        Thresholds, ascending, and individuals; nothing is drawn without any.
    position : Position
        Where the slider is.
    automatic : float
        Encoder distance.
    words : Words
        What is told apart.
    """
    if not curve:
        return ""
    low, high = curve[0][0], curve[-1][0]
    most = max(number for _, number in curve)

    def across(value: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * (min(max(value, low), high) - low) / (high - low)

    def down(number: int) -> float:
        return HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * number / most

    points = [f"{across(curve[0][0]):.1f},{down(curve[0][1]):.1f}"]
    for (_, last), (value, number) in pairwise(curve):
        points += [
            f"{across(value):.1f},{down(last):.1f}",
            f"{across(value):.1f},{down(number):.1f}",
        ]
    floor, here, own = HIGH - BOTTOM, across(position.threshold), across(automatic)

    def text(x: float, y: float, said: str, anchor: str = "middle") -> str:
        return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{said}</text>"

    return (
        f"<svg width='{WIDE}' height='{HIGH}' viewBox='0 0 {WIDE} {HIGH}' role='img' "
        "style='font: 11px sans-serif; fill: currentColor' "
        f"aria-label='{safe(words.individuals.capitalize())} found against the "
        f"threshold: {curve[0][1]:,} at {low:.2f}, {position.individuals:,} at "
        f"{position.threshold:.3f}, {curve[-1][1]:,} at {high:.2f}'>"
        f"<path d='M{LEFT},{TOP}V{floor}H{WIDE - RIGHT}' fill='none' stroke='currentColor' "
        "opacity='.4'/>"
        f"<line x1='{own:.1f}' x2='{own:.1f}' y1='{TOP}' y2='{floor}' stroke='currentColor' "
        "stroke-dasharray='3 3' opacity='.7'/>"
        f"<polyline points='{' '.join(points)}' fill='none' stroke='currentColor' "
        "stroke-width='1.5'/>"
        f"<circle cx='{here:.1f}' cy='{down(position.individuals):.1f}' r='5' fill='#0b5cad' "
        "stroke='#fff' stroke-width='1.5'/>"
        + text(LEFT - 5, TOP + 4, f"{most:,}", "end")
        + text(LEFT - 5, floor + 3, "0", "end")
        # From the edge on: a longer word than there is room for beside the axis is not cut off.
        + text(0, 9, safe(words.individuals), "start")
        + text(LEFT, HIGH - 5, f"{low:.2f}")
        + text(WIDE - RIGHT - 10, HIGH - 5, f"{high:.2f}")
        + text(min(max(own, LEFT + 45), WIDE - 35), 12, "automatic")
        + "</svg>"
    )


# The ends, in encoder distance.
LEAST, MOST = 0.05, 1.0

# A threshold, or "auto".
Choice = float | Literal["auto"]


class ThresholdLine(ipywidgets.VBox):
    """
    Where the threshold is and why, and how it is moved.

    Parameters
    ----------
    moved : callable
        Called with a threshold, or "auto", when the user moves it.
    """

    def __init__(self, moved: Callable[[Choice], None]) -> None:
        self._moved = moved
        self.slider = ipywidgets.FloatSlider(
            description="threshold (encoder distance)",
            min=LEAST,
            max=MOST,
            value=0.5,
            step=STEP,
            readout_format=".3f",
            # While it is dragged, a slider of the browser also tells of each place that it is put
            # at, and of the one before when its ends move: those would be taken for the user's.
            continuous_update=False,
            style={"description_width": "16em"},
            layout=ipywidgets.Layout(width="min(42em, 100%)"),
        )
        # Where it stands by the last that was shown, or chosen.
        self._place = self.slider.value
        self.automatic = ipywidgets.Button(
            description="Back to automatic",
            tooltip="Let the threshold set itself",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.why = ipywidgets.HTML()
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        super().__init__([ipywidgets.HBox([self.slider, self.automatic], layout=row), self.why])
        self.slider.observe(self._dragged, names="value")
        self.automatic.on_click(lambda _: self._moved("auto"))

    def move(self, threshold: float) -> None:
        """Move it, to the nearest place that there is."""
        self._moved(min(max(place_of(threshold), self.slider.min), self.slider.max))

    def show(self, chosen: Threshold, automatic: float, *, follow: bool = True) -> None:
        """
        Show what is true.

        Parameters
        ----------
        chosen : Threshold
            The threshold in use.
        automatic : float
            The one that sets itself.
        follow : bool
            Whether the slider goes there; not while it is being dragged on.
        """
        self.automatic.description = f"Back to automatic ({automatic:.3f})"
        self.automatic.disabled = chosen.automatic
        why = chosen.why if chosen.automatic else "as you set it; decisions of yours stay"
        self.why.value = f"<p>Threshold {chosen.value:.3f}: {safe(why)}.</p>"
        if follow and not math.isclose(self.slider.value, chosen.value, abs_tol=STEP * 0.6):
            self._put(chosen.value, automatic)

    def _put(self, threshold: float, automatic: float) -> None:
        """Put the slider somewhere, which is no choice of the user, whenever it is told of."""
        place = self._place = place_of(threshold)
        # Of a subject whose distances are others, the ends move along.
        low = min(LEAST, automatic / 2, threshold, place)
        high = max(MOST, automatic * 2, threshold, place)
        slider = self.slider
        # An end never passes the slider, which it would push along.
        slider.min, slider.max = min(low, slider.min), max(high, slider.max)
        slider.value = place
        slider.min, slider.max = low, high

    def _dragged(self, change: dict[str, Any]) -> None:
        # The browser may say a place again, at times a rounding away.
        if abs(change["new"] - self._place) > STEP / 10:
            self._place = float(change["new"])
            self.move(self._place)


# Seconds without a move after which the next one counts as another change.
REST = 0.5
# By state, with the words of the subject, as HTML.
GUIDE = {
    "empty": "No {words.singular} was found in these photos, so there is nothing to group. "
    "Name another folder of photos.",
    "running": "Every {words.singular} is compared with every other, once. Then each position of "
    "the slider shows at once.",
    "cancelled": "Cancelled. Press <b>Prepare</b> to begin again.",
    "failed": "The reason stands below. Press <b>Prepare</b> to try again.",
    "done": "Drag the slider: to the left {words.individuals} fall apart, to the right they are "
    "put together. Nothing is written.",
    "no answer": "The reason stands below. Move the slider to another position.",
}


class ThresholdPanel(ipywidgets.VBox):
    """
    Try thresholds on an album, and look at the individuals that each makes.

    Attributes
    ----------
    state : str
        "empty" (nothing seen), "running" (preparing), "cancelled", "failed", "done"; can be
        observed.
    threshold : float or None
        Encoder distance of what is shown; can be observed. None before something is.
    position : Position or None
        What is shown.
    compared : Position or None
        What it is compared with: where the slider rested before.

    Parameters
    ----------
    album : Album
        n sightings; those that decisions say to leave out are ignored.
    settings : GroupingSettings, optional
        Method, and the threshold to begin with.
    decided : Decided, optional
        What was decided about these sightings.
    tree : Tree, optional
        Joins made already, such as `AutopilotResult.tree`; one that does not fit is left out.
    names : sequence of str or None, optional
        What the sightings have been called so far, such as `AutopilotResult.names`; a card then
        says whose sightings it holds.
    thumbnails : Thumbnails, optional
        What makes pictures of the album.
    on_chosen : callable, optional
        Called with `choice` when the button "Use ..." is pressed, which is there only then.
    make : callable
        Makes the explorer, in a thread.
    subject : Subject, optional
        What is told apart, where the album does not say so.
    clock : callable
        Seconds, for telling one move from the next.
    """

    state = traitlets.Unicode("empty")
    threshold = traitlets.Float(None, allow_none=True)

    def __init__(
        self,
        album: Album,
        settings: GroupingSettings | None = None,
        *,
        decided: Decided | None = None,
        tree: Tree | None = None,
        names: Sequence[str | None] | None = None,
        thumbnails: Thumbnails | None = None,
        on_chosen: Callable[[Choice], None] | None = None,
        make: Callable[..., Explorer] = Explorer.of,
        subject: Subject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if subject is not None:
            album = replace(album, subject=subject.info)
        self.album, self.settings = album, settings or AutopilotSettings()
        self._decided, self._tree, self._names = decided, tree, names
        self._make, self._on_chosen, self._clock = make, on_chosen, clock
        self.thumbnails = thumbnails or Thumbnails(album)
        self.explorer: Explorer | None = None
        self.position: Position | None = None
        self.compared: Position | None = None
        self._curve: list[tuple[float, int]] = []
        self._asked, self._moved_at = math.nan, -math.inf
        self.newest: Newest[tuple[float, Position | None]] = Newest(
            self._go, failed=self._not_shown
        )
        # What takes long with many sightings, and is shown once it is there.
        self.measuring: Newest[Explorer] = Newest(self._measure, failed=self._not_measured)
        super().__init__(self._controls())
        self.add_class("sightings-threshold")
        self.work.observe(self._worked, names="state")
        self._arrange()
        self.start()

    def start(self) -> None:
        """Prepare: what takes seconds, once. Nothing if it is under way, or nothing was seen."""
        if len(self.album.kept):
            self.work.run(
                self._prepare,
                self._prepared,
                title=f"preparing: comparing the {self.album.words.plural}",
            )

    def cancel(self) -> None:
        """Stop preparing."""
        self.work.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the newest position is shown; return whether it is."""
        parts = self.work, self.measuring, self.newest
        return all(part.wait(timeout) for part in parts)

    def move(self, place: float) -> None:
        """Put the slider somewhere, and compare with where it is now."""
        if self.position is None:
            return
        place = min(max(place_of(place), self.slider.min), self.slider.max)
        # A change of its own, however soon it comes after the last.
        self._moved_at = -math.inf
        if place == place_of(self.slider.value):
            self._ask(place)
        else:
            self.slider.value = place

    def step(self, *, up: bool) -> None:
        """Go to the nearest position that joins more (`up`), or less."""
        if self.explorer is not None and self.position is not None:
            place = next_place(self.explorer, self.slider.value, up=up)
            if place is not None:
                self.move(place)

    def to_automatic(self) -> None:
        """Go back to the threshold that sets itself."""
        if self.explorer is not None:
            self.move(self.explorer.automatic.value)

    @property
    def choice(self) -> Choice:
        """The threshold that is shown; "auto" where it is the automatic one."""
        if self.explorer is None or self.threshold in (None, self.explorer.automatic.value):
            return "auto"
        return float(self.threshold)

    def choose(self) -> None:
        """Hand the threshold on."""
        if self._on_chosen is None or self.position is None:
            return
        try:
            self._on_chosen(self.choice)
        except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
            self.work.message.failed(error)

    def _controls(self) -> list[Any]:
        who = self.album.words.somebody
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        self.guide, self.summary, self.chart = (ipywidgets.HTML() for _ in range(3))
        self.summary.layout.flex = "1 1 24em"
        self.use, self.changed = ipywidgets.HTML(), ipywidgets.HTML()
        self.work = Work()
        self.prepare = ipywidgets.Button(
            description="Prepare", layout=ipywidgets.Layout(width="auto")
        )
        self.slider = _slider(0.0, 2.0, 0.5)
        self.fewer, self.more, self.automatic, self.take = (
            ipywidgets.Button(description=text, tooltip=tip, layout=ipywidgets.Layout(width="auto"))
            for text, tip in (
                ("‹ Next split", f"The nearest position to the left where {who} falls apart"),
                ("Next merge ›", f"The nearest position to the right where {who} is joined"),
                ("Back to automatic", "The threshold that sets itself"),
                ("Use this threshold", "Take it over"),
            )
        )
        self.prepare.on_click(lambda _: self.start())
        self.fewer.on_click(lambda _: self.step(up=False))
        self.more.on_click(lambda _: self.step(up=True))
        self.automatic.on_click(lambda _: self.to_automatic())
        self.take.on_click(lambda _: self.choose())
        names = self._names
        self.individuals = IndividualsBrowser(
            self.album,
            self.thumbnails,
            note=None if names is None else lambda rows: earlier(names, rows),
        )
        self.differences = ContactSheet(
            SightingPictures(self.thumbnails),
            label="What changed",
            empty="Nothing changed.",
            size=72,
        )
        buttons = [self.fewer, self.more, self.automatic, self.take]
        self.shown = ipywidgets.VBox(
            [
                self.slider,
                ipywidgets.HBox(buttons, layout=row),
                ipywidgets.HBox([self.summary, self.chart], layout=row),
                self.use,
                self.changed,
                self.differences,
                self.individuals,
            ]
        )
        return [self.guide, self.work, self.prepare, self.shown]

    def _prepare(self, _: Tell, stopped: Stopped) -> tuple[Explorer, bool]:
        if self.explorer is None:
            try:
                self.explorer = self._make(
                    self.album,
                    self.settings,
                    decided=self._decided,
                    tree=self._tree,
                    measure=False,
                )
            except ValueError:
                if self._tree is None:
                    raise
                # Joins that were made for other decisions are of no use; new ones take seconds.
                self.explorer = self._make(
                    self.album, self.settings, decided=self._decided, measure=False
                )
        return self.explorer, stopped()

    def _prepared(self, made: tuple[Explorer, bool]) -> None:
        explorer, stopped = made
        if stopped:
            return
        self._curve = curve(explorer)
        low, high = ends(explorer)
        begin = self.settings.threshold
        begin = place_of(explorer.automatic.value if begin == "auto" else float(begin))
        self._asked = begin
        # Another slider: told of another range, one that is shown answers with its old value.
        self.slider = _slider(low, max(high, low + STEP), begin)
        self.slider.observe(self._dragged, names="value")
        self.shown.children = [self.slider, *self.shown.children[1:]]
        self.automatic.description = f"Back to automatic ({explorer.automatic.value:.3f})"
        self._go((begin, None))
        if not explorer.is_measured:
            self.measuring.ask(explorer)

    def _dragged(self, change: dict[str, Any]) -> None:
        place = place_of(float(change["new"]))
        # The browser says a place again as it draws the slider, at times a rounding away.
        if place != self._asked:
            self._ask(place)

    def _ask(self, place: float) -> None:
        """Show a place as soon as can be; compared with what stood there before the move began."""
        now = self._clock()
        if now - self._moved_at > REST:
            self.compared = self.position
        self._moved_at, self._asked = now, place
        if self.settings.method != "average":
            self.summary.value = paragraph(f"Grouping at {place:.3f} …", role="status")
        self.newest.ask((place, self.compared))

    def _go(
        self, asked: tuple[float, Position | None], overtaken: threading.Event | None = None
    ) -> None:
        """Work out a place and show it: the numbers first, which are there at once."""
        place, before = asked
        if self.explorer is None:
            return
        position = self.explorer.at(threshold_at(self.explorer, place))
        following = [next_place(self.explorer, place, up=up) is not None for up in (False, True)]
        self.position = position
        self.fewer.disabled, self.more.disabled = (not there for there in following)
        automatic = self.explorer.automatic.value
        self.automatic.disabled = position.threshold == automatic
        self.summary.value = summary_html(position, automatic)
        self.chart.value = chart_html(self._curve, position, automatic, self.album.words)
        self.use.value = use_html(position, self.settings, automatic)
        self.take.description = f"Use {position.threshold:.3f}"
        if overtaken is not None and overtaken.is_set():
            # The slider is elsewhere already; what takes longer is shown where it rests.
            return
        found = () if before is None else changes(before.labels, position.labels, most=None)
        self._show_changes(found, before, position)
        badges = {
            str(position.names[int(rows[0])]): KINDS[change.kind]
            for change in found
            for rows in change.after
        }
        self.individuals.show(position.names, at=f"at {position.threshold:.3f}", badges=badges)
        self.work.message.clear()
        self.threshold, self.state = position.threshold, "done"
        self._arrange()

    def _measure(self, explorer: Explorer, *_: object) -> None:
        """Say more of where the slider is, and from then on of every place."""
        measured = explorer.measured()
        if self.explorer is not explorer:
            return
        self.explorer = measured
        if self.position is not None:
            self.newest.ask((place_of(self.slider.value), self.compared))

    def _not_measured(self, error: Exception) -> None:
        self.work.message.failed(error)

    def _not_shown(self, error: Exception) -> None:
        self._asked = math.nan
        self.work.message.failed(error)
        self.guide.value = paragraph(GUIDE["no answer"])
        self.state = "failed"

    def _worked(self, change: dict[str, Any]) -> None:
        """Follow the state of the preparation."""
        if change["new"] in ("running", "cancelled", "failed"):
            self.state = change["new"]
        self._arrange()

    def _show_changes(
        self, found: tuple[Change, ...], before: Position | None, after: Position
    ) -> None:
        self.changed.value = changed_html(found, before, self.album.words)
        self.differences.layout.display = None if found else "none"
        self.differences.show(
            []
            if before is None
            else change_cards(found[:CHANGES], before, after, self.album, self.thumbnails)
        )

    def _arrange(self) -> None:
        """Show what the state has use for."""
        state = self.state
        words = in_html(self.album.words)
        self.guide.value = paragraph(GUIDE.get(state, "").format(words=words))
        ready = self.position is not None
        self.shown.layout.display = None if ready else "none"
        again = state in ("cancelled", "failed") and not self.work.busy and not ready
        self.prepare.layout.display = None if again else "none"
        self.take.layout.display = None if self._on_chosen is not None else "none"
        has_tree = self.explorer is not None and self.explorer.tree is not None
        for button in (self.fewer, self.more):
            button.layout.display = None if has_tree else "none"


def _slider(low: float, high: float, value: float) -> ipywidgets.FloatSlider:
    return ipywidgets.FloatSlider(
        description="threshold (encoder distance)",
        min=low,
        max=high,
        value=value,
        step=STEP,
        readout_format=".3f",
        continuous_update=True,
        style={"description_width": "16em"},
        layout=ipywidgets.Layout(width="min(56em, 100%)"),
    )
