"""People to look through: all of them, the photos of one, one photo large, and the way back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import ipywidgets
import traitlets

from toolkit.names import printable
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import Album
from toolkit.widgets.background_work import safe
from toolkit.widgets.contact_sheet import Card, ContactSheet, Strip
from toolkit.widgets.individual_cards import (
    FacePictures,
    Rows,
    counts,
    people_cards,
    photo_cards,
    rows_of,
    whole_card,
)

# Sets of sightings whose pictures are remembered, at most.
MOST_KEPT = 30_000
# How high pictures are shown, in px.
SIZES = {"people": 96, "person": 150, "photo": 480}


class PeopleBrowser(ipywidgets.VBox):
    """
    A contact sheet of people that opens.

    Attributes
    ----------
    view : str
        "people", "person" or "photo"; can be observed.

    Parameters
    ----------
    album : Album
        n sightings.
    thumbnails : Thumbnails
        What makes its pictures.
    note : callable, optional
        More to say on the card of the person who has these sightings.
    """

    view = traitlets.Unicode("people")

    def __init__(
        self,
        album: Album,
        thumbnails: Thumbnails,
        *,
        note: Callable[[Rows], str] | None = None,
    ) -> None:
        self._album, self._thumbnails, self._note = album, thumbnails, note
        self._photo_of = album.photo_of
        self._names: Sequence[str | None] = ()
        self._badges: Mapping[str, str] = {}
        self._kept: dict[bytes, tuple[int, Strip]] = {}
        self._at = ""
        self._page = self._face = self._photo = 0
        self._lock = threading.RLock()
        self.sheet = ContactSheet(
            FacePictures(thumbnails), opened=self._opened, empty="Nobody is shown yet."
        )
        self.back_button = ipywidgets.Button(layout=ipywidgets.Layout(width="auto"))
        self.back_button.on_click(lambda _: self.back())
        self.heading = ipywidgets.HTML()
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        super().__init__(
            [ipywidgets.HBox([self.back_button, self.heading], layout=row), self.sheet]
        )
        self.back_button.layout.display = "none"

    def show(
        self, names: Sequence[str | None], *, at: str = "", badges: Mapping[str, str] | None = None
    ) -> None:
        """
        Show other people of the same album; the page and what is open stay where they can.

        Parameters
        ----------
        names : sequence of str or None
            The individual of each sighting; None for nobody.
        at : str
            What they belong to, such as "at 0.512".
        badges : mapping of str to str, optional
            A word that marks some of them.
        """
        with self._lock:
            page = self.sheet.page if self.view == "people" else 0
            self._names, self._at, self._badges = names, at, badges or {}
            if self.view != "people" and names[self._face] is None:
                self.view = "people"
            self._draw(page)

    def open_person(self, name: str) -> None:
        """Show all photos of a person, the face boxed."""
        with self._lock:
            rows = rows_of(self._names).get(name)
            if rows is None:
                return
            self._page = self.sheet.page if self.view == "people" else self._page
            # Their clearest face stands for them: at the next `show` the name may be another's.
            self._face = self._thumbnails.best(rows.tolist(), 1)[0]
            self.view = "person"
            self._draw(0)

    def open_photo(self, row: int) -> None:
        """Show one photo large."""
        with self._lock:
            if self.view != "people":
                self._photo, self.view = row, "photo"
                self._draw(0)

    def back(self) -> None:
        """Go back from a photo to its person, and from a person to all people."""
        with self._lock:
            if self.view == "photo":
                self.view = "person"
                self._draw(0)
            elif self.view == "person":
                self.view = "people"
                self._draw(self._page)

    def _opened(self, key: str) -> None:
        if self.view == "people":
            self.open_person(key)
        else:
            self.open_photo(int(key))

    def _draw(self, page: int) -> None:
        self.back_button.layout.display = "none" if self.view == "people" else None
        name = "" if self.view == "people" else str(self._names[self._face])
        if self.view == "people":
            self.heading.value = f"<b>The people</b> {safe(self._at)}, those in most photos first"
            cards = self._people()
        elif self.view == "person":
            rows = rows_of(self._names)[name]
            said = counts(len(set(self._photo_of[rows].tolist())), len(rows))
            self.back_button.description = "‹ Back to all people"
            self.heading.value = f"<b>{safe(name)}</b> {safe(self._at)}: {said}"
            cards = photo_cards(self._album, rows)
        else:
            self.back_button.description = f"‹ Back to {printable(name)}"
            self.heading.value = f"A photo of <b>{safe(name)}</b> {safe(self._at)}"
            cards = [whole_card(self._album, self._photo)]
        with self.sheet.hold_sync():
            self.sheet.size = SIZES[self.view]
            self.sheet.show(cards, page=page)

    def _people(self) -> list[Card]:
        if len(self._kept) > MOST_KEPT:
            self._kept.clear()
        cards = people_cards(
            self._album,
            self._names,
            self._thumbnails,
            named=False,
            badge=lambda name: self._badges.get(name, ""),
            kept=self._kept,
        )
        if self._note is None:
            return cards
        rows = rows_of(self._names)
        return [replace(card, note=f"{card.note}{self._note(rows[card.key])}") for card in cards]
