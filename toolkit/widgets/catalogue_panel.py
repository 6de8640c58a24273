"""Match photos with a catalogue without code: what is sure, unsure (to click), and new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import ipywidgets
import numpy as np
import traitlets

from toolkit.curation.decisions import Decision
from toolkit.curation.edits import Gesture
from toolkit.errors import BadSetting
from toolkit.files import folder_at
from toolkit.grouping.catalogue_matching import SURE, UNSURE, CatalogueMatches
from toolkit.grouping.sighting_finder import key_of
from toolkit.modes import catalogue
from toolkit.modes.catalogue import Catalogue, Wishes
from toolkit.names import counted, printable
from toolkit.photos.catalogue_table import LEFT
from toolkit.photos.thumbnails import Thumbnails
from toolkit.results import exporting, listings
from toolkit.results.result import PointAndShootResult
from toolkit.session import Session
from toolkit.settings import ComparingSettings, settings_for
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets.background_work import Message, Stopped, Tell, Work, in_html, safe
from toolkit.widgets.contact_sheet import Action, Card, ContactSheet, Picture, Strip
from toolkit.widgets.export_box import folder_of, link_to
from toolkit.widgets.folder_field import SHORT, WIDE, ExamplesChooser, FolderChooser
from toolkit.widgets.individuals_view import (
    PHOTO_SIZE,
    SightingPictures,
    file_of,
    sighting_picture,
)
from toolkit.widgets.point_and_shoot import Look, doubts_html, look_for, problems_html
from toolkit.widgets.settings_form import SettingsForm

STATES = ("empty", "running", "done", "cancelled", "failed")
# What the sheet shows.
VIEWS = ("unsure", "sure", "new")
# Beside the photos, where no folder is named.
BESIDE = "listed"
# With the words of the subject, as HTML.
GUIDANCE = {
    "empty": "<b>Choose the folder with your photos and the catalogue, a folder for each "
    "{words.individual}, then press Start.</b> With <code>catalogue.csv</code> in it, listings get "
    "what it says of the {words.individual}. Photos are only ever read.",
    "running": "<b>Reading the catalogue, then looking at the photos.</b> You may cancel: what was "
    "looked at is known the next time.",
    "done": "<b>Done.</b> Say of the unsure ones what they show, and name the new "
    "{words.individuals}: the tables follow at once. Then sort the photos into folders, at the "
    "end.",
    "cancelled": "<b>Cancelled.</b> Press Start to go on: what was looked at is known.",
    "failed": "<b>Not done.</b> Mend what is said below, then press Start.",
}
NONE_OF_THEM = "none"
TOLD = {"references": "photos of the catalogue"}


@dataclass(frozen=True)
class _Made:
    """What was found, as it is shown."""

    session: Session
    catalogue: Catalogue
    wishes: Wishes
    out: Path
    thumbnails: Thumbnails

    @property
    def result(self) -> PointAndShootResult:
        return cast(PointAndShootResult, self.session.result)

    @property
    def matches(self) -> CatalogueMatches:
        return cast(CatalogueMatches, self.result.matches)


class CataloguePictures(SightingPictures):
    """
    Makes pictures of sightings, and of photos of the catalogue ("beside:ROW:K", of the K-th best).

    Parameters
    ----------
    thumbnails : Thumbnails
        What makes and keeps them.
    matches : CatalogueMatches
        Beside which photo each sighting is.
    """

    def __init__(self, thumbnails: Thumbnails, matches: CatalogueMatches) -> None:
        super().__init__(thumbnails)
        self._beside = matches.beside

    def __call__(self, tokens: Sequence[str]) -> list[bytes]:
        """Return a JPEG for each token."""
        others = iter(super().__call__([each for each in tokens if not each.startswith("beside:")]))
        return [
            self._photo(token) if token.startswith("beside:") else next(others) for token in tokens
        ]

    def _photo(self, token: str) -> bytes:
        _, row, place = token.split(":")
        return self.thumbnails.photo(str(self._beside[int(row), int(place)]), size=PHOTO_SIZE)


class CataloguePanel(ipywidgets.VBox):
    """
    The whole way of ``sightings match-catalogue``, with a click for what is unsure.

    Gestures are methods: `start`, `cancel`, `show`, `choose`, `refuse`, `name`, `undo`, `sort`.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.

    Parameters
    ----------
    photos, examples, out : path
        The folders to begin with; without one for results, they go beside the photos.
    look : callable, optional
        What does the work: `toolkit.widgets.point_and_shoot.look_for`.
    subject : Subject, optional
        What to look for; what the settings are about by default, if not given.
    about : str
        The subject of the settings.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    def __init__(
        self,
        photos: str | Path = "",
        examples: str | Path = "",
        out: str | Path = "",
        *,
        look: Look = look_for,
        subject: Subject | None = None,
        about: str = registry.DEFAULT,
        settings: ComparingSettings | None = None,
    ) -> None:
        begun = settings or settings_for("point-and-shoot", registry.settings_of(about))()
        self._look, self._subject = look, subject
        self.words = registry.words_for(subject, begun)
        self._made: _Made | None = None
        wide: dict[str, Any] = {"layout": WIDE, "style": SHORT}
        self.folder = FolderChooser("Photos", str(photos))
        self.examples = ExamplesChooser(str(examples), words=self.words)
        self.examples.path.description = "Catalogue"
        self.table = ipywidgets.Text(
            description="Table", placeholder="catalogue.csv in the catalogue", **wide
        )
        self.out = ipywidgets.Text(
            str(out),
            description="Results",
            placeholder=f"a folder {BESIDE!r} beside the photos",
            **wide,
        )
        self.leave = ipywidgets.Text(", ".join(LEFT), description="Left for you", **wide)
        self.leave.tooltip = "Columns of the table that are not copied into listings"
        self.sure = ipywidgets.BoundedFloatText(
            100 * SURE,
            min=51,
            max=99.99,
            step=0.5,
            description="Sure from (%)",
            layout=ipywidgets.Layout(width="16em"),
            style=SHORT,
        )
        self.form = SettingsForm(begun)
        # What is sure is said by the probability, and by no distance.
        self.form.automatic.layout.display = self.form.threshold.layout.display = "none"
        self.start_button = ipywidgets.Button(
            description="Start", button_style="primary", icon="play"
        )
        self.work, self.guidance, self.told = Work(), ipywidgets.HTML(), ipywidgets.HTML()
        self.problems, self.later = ipywidgets.HTML(), Message()
        self.views = ipywidgets.ToggleButtons(
            options=[(view, view) for view in VIEWS],
            value=VIEWS[0],
            style={"button_width": "auto"},
        )
        self.sheet = ContactSheet(
            lambda tokens: [],
            renamed=self.name,
            acted=self._act,
            undone=self.undo,
            label=f"{self.words.plural.capitalize()} and the catalogue",
            size=120,
        )
        self.undo_button = ipywidgets.Button(description="Undo", icon="undo")
        self.sort_button = ipywidgets.Button(
            description="Sort the photos into folders", layout=ipywidgets.Layout(width="auto")
        )
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        self.found = ipywidgets.VBox(
            [
                ipywidgets.HBox([self.views, self.undo_button, self.sort_button], layout=row),
                self.sheet,
            ]
        )
        super().__init__(
            [
                self.guidance,
                self.folder,
                self.examples,
                self.table,
                self.out,
                self.leave,
                self.sure,
                self.form,
                self.start_button,
                self.work,
                self.later,
                self.problems,
                self.told,
                self.found,
            ]
        )
        self.add_class("sightings-catalogue")
        self.start_button.on_click(lambda _: self.start())
        self.undo_button.on_click(lambda _: self.undo())
        self.sort_button.on_click(lambda _: self.sort())
        self.views.observe(self._viewed, names="value")
        self.work.observe(self._worked, names="state")
        self._show()

    @property
    def session(self) -> Session | None:
        """What was found; None before."""
        return None if self._made is None else self._made.session

    def wishes(self) -> Wishes:
        """Return what the fields ask of the listings; `BadSetting` if a value cannot be."""
        left = tuple(each.strip() for each in self.leave.value.split(",") if each.strip())
        return Wishes(self.table.value.strip() or None, left, self.sure.value / 100)

    def start(self) -> None:
        """Read the catalogue and look at the photos, unless other work is under way."""
        if self.work.busy:
            return
        self.later.clear()
        photos, known = self.folder.value.strip(), self.examples.value.strip()
        named = self.out.value.strip()

        def job(tell: Tell, stopped: Stopped) -> _Made | None:
            if not photos or not known:
                missing = "photos" if not photos else "catalogue"
                raise BadSetting(f"no folder is named for the {missing}: choose one above")
            wishes, settings = self.wishes(), self.form.settings()
            which: dict[str, Any] = {"exclude": settings.exclude, "videos": settings.videos}
            opened = catalogue.open_catalogue(known, wishes.table, **which)
            out = folder_of(named) if named else folder_at(photos).resolve().with_name(BESIDE)
            # What would be written over is looked at before the long work.
            listings.read_earlier(out)
            about: dict[str, Any] = {} if self._subject is None else {"subject": self._subject}
            found = self._look(
                *(photos, known, out),
                settings=settings,
                progress=_named(tell),
                stop=stopped,
                **about,
            )
            if found is None or stopped():
                return None
            references, looked = found
            assigner = catalogue.assigner_for(opened, wishes, settings)(references, settings)
            session = Session(looked, assigner, out=out)
            with exporting.alone_in(out, "a panel"):
                session.keep()
            return _Made(session, opened, wishes, out, Thumbnails(session.album))

        self.work.run(job, self._take, title="reading the folders")

    def cancel(self) -> None:
        """Stop; what was looked at is known the next time."""
        self.work.cancel()

    def wait(self, timeout: float | None = 60.0) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        return self.work.wait(timeout)

    def show(self, view: str) -> None:
        """Show the "unsure", "sure" or "new" ones."""
        self.views.value = view

    def choose(self, row: int, place: int) -> None:
        """Say that a sighting is the K-th of its three best, from 0."""
        made = self._required()
        best = int(made.matches.best[row, place])
        name = made.result.references.names[best]
        self._do(row, [Decision("name", key_of(made.session.album, row), name=name)], f"is {name}")

    def refuse(self, row: int) -> None:
        """Say that a sighting is not the product that it was found to be, or none of its best."""
        made = self._required()
        key, names = key_of(made.session.album, row), made.result.references.names
        found = made.result.names[row]
        best = [names[k] for k in made.matches.best[row] if k >= 0]
        wrong = best if found is None else [found]
        said = "is none of the likeliest" if found is None else f"is not {found}"
        self._do(row, [Decision("not", key, name=name) for name in wrong], said)

    def name(self, key: str, text: str) -> None:
        """Name a new product, by its card's key."""
        made = self._required()
        row, name = int(key.partition(":")[2]), text.strip()
        if not name:
            raise BadSetting(f"type a name for the new {self.words.individual}")
        key_of_it = key_of(made.session.album, row)
        self._do(row, [Decision("name", key_of_it, name=name)], f"is {name}")

    def undo(self) -> None:
        """Take the last answer back."""
        made = self._required()
        said = made.session.undo()
        self._write()
        self.later.remark(f"taken back: {said}" if said else "there is nothing to take back")

    def sort(self) -> None:
        """Copy the photos into a folder for each product, beside the tables."""
        made = self._required()

        def job(tell: Tell, stopped: Stopped) -> Any:
            return made.session.export(made.out, progress=tell, stop=stopped)

        def then(result: Any) -> None:
            self._write()
            self.later.remark(
                f"{counted(len(result.plan), 'copy', 'copies')} in the folders of {made.out}"
            )

        self.work.run(job, then, title="copying")

    def _required(self) -> _Made:
        if self._made is None:
            raise BadSetting("nothing is found yet: press Start")
        if self.work.busy:
            raise BadSetting("other work is under way: wait until it is done")
        return self._made

    def _do(self, row: int, made: Sequence[Decision], said: str) -> None:
        found = self._required()
        photo = printable(file_of(found.session.album, row))
        found.session.do(Gesture(tuple(made), f"the {self.words.singular} in {photo} {said}"))
        self._write()
        self.later.remark(found.session.corrections.last)

    def _act(self, key: str, action: str) -> None:
        row = int(key.partition(":")[2])
        if action == NONE_OF_THEM:
            self.refuse(row)
        else:
            self.choose(row, int(action))

    def _take(self, made: _Made | None) -> None:
        self._made = made or self._made
        if made is not None:
            self._write()

    def _write(self) -> None:
        """Write the tables by what is found and decided now, and show it."""
        made = self._made
        if made is None:
            return
        with exporting.alone_in(made.out, "listings from a panel"):
            # The seller may have written something meanwhile.
            tables = listings.make(
                made.result,
                made.catalogue.table,
                left=made.wishes.leave,
                before=listings.read_earlier(made.out),
            )
            listings.write(tables, made.out)
        said = "".join(f"<li>{safe(each)}</li>" for each in made.catalogue.said)
        lines = "".join(f"<li>{safe(each)}</li>" for each in str(tables).splitlines())
        address, place = link_to(made.out), f"<code>{safe(str(made.out.resolve()))}</code>"
        if address is not None:
            place = f"<a href='{safe(address)}' target='_blank' rel='noopener'>{place}</a>"
        self.told.value = f"<p role='status'>The tables are in {place}:</p><ul>{lines}{said}</ul>"
        references = made.result.references
        self.problems.value = doubts_html(references) + problems_html(
            references.problems, self.words
        )
        counts = tables.counts
        many = {"unsure": counts["unsure"], "sure": counts["listed"], "new": counts["new_products"]}
        chosen = self.views.value
        # New options choose the first one, which nobody asked for.
        self.views.unobserve(self._viewed, names="value")
        self.views.options = [(f"{view} ({many[view]:,})", view) for view in VIEWS]
        self.views.value = chosen
        self.views.observe(self._viewed, names="value")
        self._draw()

    def _viewed(self, _: dict[str, Any]) -> None:
        self._draw()

    def _draw(self) -> None:
        made = self._made
        if made is None:
            return
        cards = {"unsure": _unsure, "sure": _sure, "new": _new}[self.views.value](made)
        self.sheet.empty = f"none is {self.views.value}"
        self.sheet.known = [*made.result.references.names]
        self.sheet.show(
            cards,
            page=self.sheet.page,
            pictures=CataloguePictures(made.thumbnails, made.matches),
        )

    def _worked(self, change: dict[str, Any]) -> None:
        state = {"cancelling": "running"}.get(change["new"], change["new"])
        if state == "cancelled" and self._made is not None:
            state = "done"
        self.state = state
        self._show()

    def _show(self) -> None:
        self.guidance.value = f"<p>{GUIDANCE[self.state].format(words=in_html(self.words))}</p>"
        self.start_button.disabled = self.sort_button.disabled = self.work.busy
        self.undo_button.disabled = self.work.busy
        self.found.layout.display = None if self._made is not None else "none"


def _rows(made: _Made, wanted: Callable[[int, str | None], bool]) -> list[int]:
    return [row for row, name in enumerate(made.result.names) if wanted(row, name)]


def _beside(made: _Made, row: int, place: int) -> tuple[Picture, ...]:
    path = made.matches.beside[row, place]
    if path is None:
        return ()
    return (Picture(f"beside:{row}:{place}", "/".join(Path(str(path)).parts[-2:])),)


def _unsure(made: _Made) -> list[Card]:
    """Return a card for each sighting that is unsure, the surest first."""
    matches, names = made.matches, made.result.references.names
    rows = _rows(
        made,
        lambda row, name: (
            name is None and matches.state[row] != "ignored" and matches.best[row, 0] >= 0
        ),
    )
    cards = []
    for row in sorted(rows, key=lambda row: -matches.probability[row, 0]):
        places = [k for k in range(matches.best.shape[1]) if matches.best[row, k] >= 0]
        best = [
            (k, names[matches.best[row, k]], _per_cent(matches.probability[row, k])) for k in places
        ]
        cards.append(
            Card(
                f"unsure:{row}",
                title=file_of(made.session.album, row),
                note="" if matches.state[row] == UNSURE else "another one in the photo is nearer",
                strips=(
                    Strip((sighting_picture(made.session.album, row),), "photo"),
                    *(
                        Strip(_beside(made, row, k), f"{k + 1}: {name}, {sure}")
                        for k, name, sure in best
                    ),
                ),
                actions=(
                    *(Action(str(k), f"{k + 1}: {name}", str(k + 1)) for k, name, _ in best),
                    Action(NONE_OF_THEM, "None of these", "n"),
                ),
            )
        )
    return cards


def _sure(made: _Made) -> list[Card]:
    """Return a card for each sighting that is surely a product, the least sure first."""
    matches, known = made.matches, made.result.references.names
    rows = _rows(made, lambda row, name: name in known)
    cards = []
    for row in sorted(rows, key=lambda row: matches.probability[row, 0]):
        name = str(made.result.names[row])
        best = [known[k] if k >= 0 else "" for k in matches.best[row]]
        place = best.index(name) if name in best else -1
        matched = place == 0 and matches.table["name"].iat[row] == name
        strips = [Strip((sighting_picture(made.session.album, row),), "photo")]
        if place >= 0:
            strips.append(Strip(_beside(made, row, place), "catalogue"))
        cards.append(
            Card(
                f"sure:{row}",
                title=name,
                note=f"{file_of(made.session.album, row)}, "
                + (_per_cent(matches.probability[row, 0]) if matched else "as you said"),
                strips=tuple(strips),
                actions=(Action(NONE_OF_THEM, "Wrong", "n"),),
            )
        )
    return cards


def _new(made: _Made) -> list[Card]:
    """Return a card for each new product, with a field for its name."""
    known = made.result.references.names
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(made.result.names):
        if name is not None and name not in known:
            rows.setdefault(str(name), []).append(row)
    word = made.result.words.individual
    return [
        Card(
            f"new:{those[0]}",
            title=name,
            note=counted(len({made.session.album.photo_of[row] for row in those}), "photo"),
            strips=(Strip(tuple(sighting_picture(made.session.album, row) for row in those[:6])),),
            name="" if name.startswith(f"{word}_") else name,
            unnamed=name.startswith(f"{word}_"),
        )
        for name, those in sorted(rows.items())
    ]


def _per_cent(share: float) -> str:
    """Say a probability: never 100%, which only you are."""
    shown = np.floor(1000 * share) / 10
    return f"{shown:g}%" if shown >= 1 else "below 1%"


def _named(tell: Tell) -> Tell:
    """Tell of work in the words of the panel."""
    return lambda work, done, total, item: tell(TOLD.get(work, work), done, total, item)
