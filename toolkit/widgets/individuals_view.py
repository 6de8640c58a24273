"""The individuals of an album, one of them, one photo: look, name and correct, with a way back."""

from __future__ import annotations

import os
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import ipywidgets
import numpy as np
import numpy.typing as npt
import pandas as pd
import traitlets

from toolkit.curation import decisions
from toolkit.errors import BadSetting
from toolkit.names import counted, printable
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import SIGHTING_ID, Album, Words
from toolkit.results.result import LITTLE, NOT_SURE
from toolkit.session import Session
from toolkit.subjects import registry
from toolkit.widgets.background_work import Message, Work, safe
from toolkit.widgets.contact_sheet import (
    Action,
    Card,
    Cards,
    ContactSheet,
    Picture,
    Question,
    Strip,
)

Rows = npt.NDArray[np.int64]

# Sightings on a card; px of a sighting and a photo, and of a photo that is looked at alone.
SHOWN, SIGHTING_SIZE, PHOTO_SIZE, WHOLE_SIZE = 6, 120, 200, 1000


class SightingPictures:
    """
    Makes the pictures of an album for a contact sheet.

    Tokens are "sighting:ROW", "photo:ROW" (its photo with the sighting boxed, small) and
    "whole:ROW" (the same, large).

    Parameters
    ----------
    thumbnails : Thumbnails
        What makes and keeps them.
    """

    def __init__(self, thumbnails: Thumbnails) -> None:
        self.thumbnails = thumbnails

    def __eq__(self, other: object) -> bool:
        """Whether the other makes the same pictures of the same tokens."""
        return isinstance(other, SightingPictures) and other.thumbnails is self.thumbnails

    def __hash__(self) -> int:
        return hash(id(self.thumbnails))

    @property
    def grey(self) -> str:
        """Why pictures are grey, and what to do; "" if none is."""
        return self.thumbnails.grey

    def __call__(self, tokens: Sequence[str]) -> list[bytes]:
        """Return a JPEG for each token."""
        parts = [token.partition(":") for token in tokens]
        rows = [int(row) for kind, _, row in parts if kind == "sighting"]
        cut = iter(self.thumbnails.crops(rows, SIGHTING_SIZE))
        sizes = {"photo": PHOTO_SIZE, "whole": WHOLE_SIZE}
        return [
            next(cut)
            if kind == "sighting"
            else self.thumbnails.photo(int(row), [int(row)], size=sizes[kind])
            for kind, _, row in parts
        ]


def rows_of(names: Sequence[str | None]) -> dict[str, Rows]:
    """Return the sightings of each name, in the order in which names first appear."""
    labels, called = _numbered(names)
    order, starts = _by_label(labels)
    return dict(zip(called, np.split(order, starts[1:]), strict=True)) if called else {}


def _numbered(names: Sequence[str | None]) -> tuple[Rows, list[str]]:
    """Return a number for the name of each, -1 for none, and the names, the first one first."""
    labels, called = pd.factorize(pd.Series(list(names), dtype=object))
    return labels.astype(np.int64), called.tolist()


def _by_label(labels: Rows) -> tuple[Rows, Rows]:
    """Return the rows that have a label, by label, and where each label begins."""
    order = np.argsort(labels, kind="stable")
    order = order[np.searchsorted(labels[order], 0) :]
    return order, np.flatnonzero(np.diff(labels[order], prepend=-1))


def individual_cards(
    album: Album,
    names: Sequence[str | None],
    thumbnails: Thumbnails,
    *,
    named: bool = True,
    opens: bool = True,
    actions: tuple[Action, ...] | Callable[[str], tuple[Action, ...]] = (),
    badge: Callable[[str], str] | None = None,
    note: Callable[[Rows], str] | None = None,
    shown: int = SHOWN,
    given: Container[str] | None = None,
    asked: Mapping[str, Question] | None = None,
) -> Cards:
    """
    Return one card an individual, those in most photos first; its key is the name.

    They are made when they are looked at: of tens of thousands, those of one page.

    Parameters
    ----------
    album : Album
        n sightings.
    names : sequence of str or None
        What each is called; the unnamed are left out.
    thumbnails : Thumbnails
        Chooses the clearest sightings.
    named : bool
        Whether there is a field for another name.
    opens : bool
        Whether the card opens.
    actions : tuple of Action, or callable
        Its buttons, for all or by name.
    badge : callable, optional
        A word that marks an individual, or "".
    note : callable, optional
        More to say of the individual that has these sightings.
    shown : int
        How many sightings of each are shown, at most.
    given : container of str, optional
        The names that somebody gave; the others are none yet. All, if not given.
    asked : mapping of str to Question, optional
        What the cards ask, by name.
    """
    labels, called = _numbered(names)
    order, starts = _by_label(labels)
    sizes = np.diff(starts, append=len(order))
    of_photo, counted_files = _files_of(album)
    # Each photo of an individual once.
    photo = of_photo[order]
    seen = np.unique(labels[order] * (len(of_photo) + 1) + photo)
    whose, photo = np.divmod(seen, len(of_photo) + 1)
    photos = np.bincount(whose, minlength=len(called))
    files = np.bincount(whose, weights=counted_files[photo], minlength=len(called)).astype(np.int64)
    # Who gets a name stays where they are.
    ranked = np.lexsort((order[starts], -sizes, -files)).tolist()
    paths, words = album.sightings["path"].to_numpy(dtype=object), album.words
    asked = asked or {}

    def made(place: int) -> Card:
        which = ranked[place]
        name, start = called[which], starts[which]
        rows = order[start : start + sizes[which]]
        best = thumbnails.best(rows.tolist(), shown) if len(rows) > 1 else rows.tolist()[:shown]
        number = int(photos[which])
        said = counts(number, len(rows), words, files=int(files[which]))
        return Card(
            key=name,
            title=name,
            note=said if note is None else said + note(rows),
            badge=badge(name) if badge else "",
            strips=(Strip(tuple(_picture(row, paths[row], words) for row in best)),),
            actions=actions(name) if callable(actions) else actions,
            name=name if named else None,
            unnamed=named and given is not None and name not in given,
            asks=asked.get(name),
            opens=f"all {number:,} photos"
            if opens and number > 1
            else "the photo"
            if opens
            else "",
        )

    keys = [called[which] for which in ranked]
    pictures = np.minimum(sizes[ranked], shown)
    for place, name in enumerate(keys) if asked else ():
        if name in asked:
            pictures[place] += sum(len(strip.pictures) for strip in asked[name].strips)
    unnamed = frozenset[int]()
    if named and given is not None:
        unnamed = frozenset(place for place, key in enumerate(keys) if key not in given)
    return Cards(
        keys,
        made,
        titles=keys,
        pictures=pictures.tolist(),
        unnamed=unnamed,
    )


def _files_of(album: Album) -> tuple[Rows, Rows]:
    """Return a number for the photo of each sighting, and how many files each photo is."""
    # Whatever frames of a clip show somebody, it is one file.
    photo_of, digests = pd.factorize(album.sightings["photo_digest"])
    # A photo that is there twice is two files in the individual's folder.
    copies = album.photos["photo_digest"].value_counts()
    files = pd.Series(digests).map(copies).fillna(0)
    return photo_of.astype(np.int64), files.to_numpy(dtype=np.int64)


def photo_cards(
    album: Album,
    rows: Sequence[int] | Rows,
    *,
    actions: tuple[Action, ...] = (),
    opens: bool = True,
) -> list[Card]:
    """
    Return one card a sighting: its photo, boxed; its key is the sighting's identifier.

    Parameters
    ----------
    album : Album
        n sightings.
    rows : sequence of int
        Which of them, in the order of the cards.
    actions : tuple of Action
        Their buttons.
    opens : bool
        Whether a card opens (to be looked at large).
    """
    return [
        Card(
            key=card_key(album, int(row)),
            title=file_of(album, int(row)),
            strips=(Strip((photo_picture(album, int(row)),)),),
            actions=actions,
            opens="larger" if opens else "",
        )
        for row in rows
    ]


def whole_card(album: Album, row: int, actions: tuple[Action, ...] = ()) -> Card:
    """Return the card that shows one photo large, the sighting boxed."""
    label = f"{file_of(album, row)}, with the {album.words.singular} boxed"
    return Card(
        key=card_key(album, row),
        title=file_of(album, row),
        note=str(album.sightings["path"].iloc[row]),
        strips=(Strip((Picture(f"whole:{row}", label),)),),
        actions=actions,
    )


def card_key(album: Album, row: int) -> str:
    """Return the key of a sighting's card: a press that comes late, on another album, misses."""
    return str(album.sightings[SIGHTING_ID].iat[row])


def row_of_card(album: Album, key: str) -> int:
    """Return the sighting whose card has a key; `BadSetting` where the album has none."""
    found = np.flatnonzero(album.sightings[SIGHTING_ID] == key)
    if not len(found):
        raise BadSetting(f"that {album.words.singular} is not there any more; look at the others")
    return int(found[0])


def sighting_picture(album: Album, row: int) -> Picture:
    """Return the picture of a sighting."""
    return _picture(int(row), album.sightings["path"].iat[int(row)], album.words)


def _picture(row: int, path: object, words: Words) -> Picture:
    return Picture(f"sighting:{row}", f"{words.singular} in {_file(str(path))}")


def photo_picture(album: Album, row: int) -> Picture:
    """Return the picture of a sighting's photo, the sighting boxed."""
    label = f"{file_of(album, row)}, with the {album.words.singular} boxed"
    return Picture(f"photo:{int(row)}", label)


def file_of(album: Album, row: int) -> str:
    """Return the name of the file that a sighting is in."""
    return _file(str(album.sightings["path"].iat[int(row)]))


# What parts a day and a time.
_TIME = re.compile(r"(?<=\d-\d\d)T(?=\d\d:)")


def where_and_when(album: Album, row: int) -> str:
    """Say where a sighting was taken, and when, as far as the album says it; "" where not."""
    table = album.sightings
    known = [table[name].iloc[row] for name in ("station", "taken_at") if name in table]
    texts = [printable(str(each)) for each in known if not pd.isna(each) and str(each)]
    # A time with a letter in its middle is hard to read.
    return _TIME.sub(" ", ", ".join(texts))


@lru_cache(maxsize=1 << 16)
def _file(path: str) -> str:
    return Path(path).name


def counts(photos: int, sightings: int, words: Words, *, files: int | None = None) -> str:
    """
    Say how many photos and sightings, such as "12 photos, 14 birds".

    Parameters
    ----------
    photos, sightings : int
        How many; a photo that is there twice counts once.
    words : Words
        What is told apart.
    files : int, optional
        How many files the photos are, which is said where it is more: "12 photos in 13 files".
    """
    said = counted(photos, "photo")
    if files is not None and files > photos:
        said += f" in {files:,} files"
    return said if photos == sightings else f"{said}, {words.count(sightings)}"


# By `IndividualsView.place`, with the words of the subject and who is open.
GUIDANCE = {
    "nothing": "",
    "individuals": "Type a name below the {words.plural} and press Enter, or open "
    "{words.an_individual} to see all photos. One {words.individual} twice? Press "
    "“Same {words.individual} as …” on both cards.",
    "merging": "Now press “Same {words.individual} as …” on the other card that shows {name}; on "
    "{name} again to leave them apart.",
    "individual": "All photos of {name}, the {words.singular} boxed. Is it {words.somebody_else} "
    "in one of them? Press “Not this {words.individual}” there.",
    "photo": "One photo of {name}, the {words.singular} boxed.",
    "split": "Is {name} two {words.individuals}? These are the two parts that are least alike.",
}
LOOK_ONLY = {
    "individuals": "Open {words.an_individual} to see all photos.",
    "individual": "All photos of {name}.",
}


def kept_in(session: Session) -> str:
    """Say where corrections are kept, as HTML."""
    out = session.corrections.out
    if out is None:
        return (
            "Corrections are kept with the sorted folders once you export; until then they last "
            "as long as this page's Python runs."
        )
    path = safe(os.path.abspath(out / decisions.FILE))  # noqa: PTH100 - without "..", links kept
    return (
        f"Corrections are kept at once in <code style='overflow-wrap: anywhere'>{path}</code>, "
        "and hold in the next run."
    )


# Names that are offered while one is typed, at most.
MOST_KNOWN = 1000
# How high pictures are shown, in px.
SIZES = {"individuals": 96, "individual": 150, "photo": 480}


class IndividualsBrowser(ipywidgets.VBox):
    """
    A contact sheet of individuals that opens.

    Attributes
    ----------
    view : str
        "individuals", "individual" or "photo"; can be observed.

    Parameters
    ----------
    album : Album
        n sightings.
    thumbnails : Thumbnails
        What makes its pictures.
    note : callable, optional
        More to say on the card of the individual that has these sightings.
    """

    view = traitlets.Unicode("individuals")

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
        self._at = ""
        self._page = self._row = self._photo = 0
        self._lock = threading.RLock()
        self.sheet = ContactSheet(
            SightingPictures(thumbnails),
            opened=self._opened,
            label=album.words.individuals.capitalize(),
            empty=f"{album.words.nobody.capitalize()} is shown yet.",
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
        Show other individuals of the same album; the page and what is open stay where they can.

        Parameters
        ----------
        names : sequence of str or None
            What each sighting is called; None for the unnamed.
        at : str
            What they belong to, such as "at 0.512".
        badges : mapping of str to str, optional
            A word that marks some of them.
        """
        with self._lock:
            page = self.sheet.page if self.view == "individuals" else 0
            self._names, self._at, self._badges = names, at, badges or {}
            if self.view != "individuals" and names[self._row] is None:
                self.view = "individuals"
            self._draw(page)

    def open_individual(self, name: str) -> None:
        """Show all photos of an individual, boxed."""
        with self._lock:
            rows = rows_of(self._names).get(name)
            if rows is None:
                return
            self._page = self.sheet.page if self.view == "individuals" else self._page
            # The clearest stands for all: at the next `show` the name may be another's.
            self._row = self._thumbnails.best(rows.tolist(), 1)[0]
            self.view = "individual"
            self._draw(0)

    def open_photo(self, row: int) -> None:
        """Show one photo large."""
        with self._lock:
            if self.view != "individuals":
                self._photo, self.view = row, "photo"
                self._draw(0)

    def back(self) -> None:
        """Go back from a photo to its individual, and from that to all."""
        with self._lock:
            if self.view == "photo":
                self.view = "individual"
                self._draw(0)
                self.sheet.return_to(card_key(self._album, self._photo))
            elif self.view == "individual":
                self.view = "individuals"
                self._draw(self._page)
                self.sheet.return_to(str(self._names[self._row]))

    def _opened(self, key: str) -> None:
        if self.view == "individuals":
            self.open_individual(key)
        else:
            self.open_photo(row_of_card(self._album, key))

    def _draw(self, page: int) -> None:
        words = self._album.words
        self.back_button.layout.display = "none" if self.view == "individuals" else None
        name = "" if self.view == "individuals" else str(self._names[self._row])
        if self.view == "individuals":
            self.heading.value = (
                f"<b>The {safe(words.individuals)}</b> {safe(self._at)}, those in most photos first"
            )
            cards: Sequence[Card] = self._individuals()
        elif self.view == "individual":
            rows = rows_of(self._names)[name]
            said = counts(len(set(self._photo_of[rows].tolist())), len(rows), words)
            self.back_button.description = f"‹ Back to all {words.individuals}"
            self.heading.value = f"<b>{safe(name)}</b> {safe(self._at)}: {said}"
            cards = photo_cards(self._album, rows)
        else:
            self.back_button.description = f"‹ Back to {printable(name)}"
            self.heading.value = f"A photo of <b>{safe(name)}</b> {safe(self._at)}"
            cards = [whole_card(self._album, self._photo)]
        with self.sheet.hold_sync():
            self.sheet.size = SIZES[self.view]
            self.sheet.finds = self.view == "individuals"
            self.sheet.show(cards, page=page)

    def _individuals(self) -> Cards:
        return individual_cards(
            self._album,
            self._names,
            self._thumbnails,
            named=False,
            badge=lambda name: self._badges.get(name, ""),
            note=self._note,
        )


def individual_actions(words: Words, *, hidden: bool = False) -> tuple[Action, ...]:
    """Return the buttons of an individual's card, of one that gets no folder too."""
    return (
        Action("merge", f"Same {words.individual} as …", "m"),
        Action("split", f"Two {words.individuals}?", "s"),
        Action("hide", "Folder again" if hidden else "No folder", "h"),
    )


def unsure_actions(words: Words) -> tuple[Action, ...]:
    """Return the buttons of the card of a sighting that says too little."""
    return (
        Action("merge", f"Same {words.individual} as …", "m"),
        Action("leave out", f"Leave this {words.singular} out", "i"),
    )


def sighting_actions(words: Words) -> tuple[Action, ...]:
    """Return the buttons of a sighting's card."""
    return (
        Action("not", f"Not this {words.individual}", "n"),
        Action("ignore", f"Leave this {words.singular} out", "i"),
    )


def missed_action(words: Words) -> Action:
    """Return the button that leads to drawing a box in a photo."""
    return Action("missed", f"Missed {words.a_sighting}?", "f")


def split_actions(words: Words) -> tuple[Action, ...]:
    """Return the buttons of a card that shows the two sides of an individual."""
    return (
        Action("two", f"Two {words.individuals}", "d"),
        Action("one", f"One {words.individual}", "s"),
    )


def name_actions(words: Words) -> tuple[Action, ...]:
    """Return the answers to the question whether two with one name are one individual."""
    return (
        Action("one name", f"Yes, one {words.individual}"),
        Action("two names", f"No, two {words.individuals}"),
    )


# Sightings of either side that a split shows, and of either one that may be one with the other.
SIDE, BESIDE = 30, 2


@dataclass(frozen=True)
class _Asked:
    """Whether one who is to get a name is another who has it: each by the clearest sighting."""

    row: int
    other_row: int
    other: str
    typed: str


class IndividualsView(ipywidgets.VBox):
    """
    A contact sheet of individuals that can be opened, named and corrected.

    Gestures are methods: `open`, `back`, `show_unsure`, `draw_missed`, `rename`, `act`, `merge`,
    `answer`, `undo`.
    Corrections are worked off one after the other, none is lost. A name that somebody has already
    asks on the card, and goes on asking until it is answered. Those of whom it is not sure who they
    are stand last, below a line. A card of an individual has the name as its key; that of a
    sighting, its identifier, by which it is known whatever is corrected, or looked at anew.

    Attributes
    ----------
    place : str
        What is shown: "nothing", "individuals", "merging", "individual", "photo" or "split"; can
        be observed.
    individual : str or None
        What the one who is open is called.

    Parameters
    ----------
    work : Work
        Where corrections run; one at a time.
    changed : callable, optional
        Called after each correction, in a thread.
    correct : bool
        Whether individuals can be named and corrected here.
    missed : callable, optional
        Called with the path of a photo, or "", to draw a box around what was not found there;
        without it there is no button for that.
    words : Words, optional
        What is told apart, until there is an album that says so; those of the default
        subject, if not given.
    """

    place = traitlets.Unicode("nothing")

    def __init__(
        self,
        work: Work | None = None,
        *,
        changed: Callable[[], None] | None = None,
        correct: bool = True,
        missed: Callable[[str], None] | None = None,
        words: Words | None = None,
    ) -> None:
        self._default = words or registry.words_for()
        self._missed = missed
        self.session: Session | None = None
        self.thumbnails: Thumbnails | None = None
        self.individual: str | None = None
        self.row: int | None = None
        self._changed, self._correct = changed, correct
        self._asked: list[_Asked] = []
        # Corrections to be worked off, and whether that is under way.
        self._queue: deque[Callable[[], str]] = deque()
        self._correcting = False
        # Of the one who is open: after a correction the name may be another's.
        self._rows: list[int] = []
        self._page = self._photo_page = 0
        # A correction ends in another thread than that of the buttons.
        self._lock = threading.RLock()
        own = work is None
        self.work = work or Work()
        self.guidance = ipywidgets.HTML()
        self.kept_in = ipywidgets.HTML()
        self.back_button = _button("Back", icon="arrow-left")
        self.undo_button = _button("Undo", icon="undo", tooltip="Take the last correction back")
        self.unsure_button = _button(tooltip=f"Go to those that say {LITTLE}")
        self.missed_button = _button(tooltip="Draw a box around what was not found in a photo")
        self.message = Message()
        # Room for a line, so that cards do not jump under the pointer when something is said.
        self.message.layout.min_height = "2.6em"
        buttons = self.back_button, self.unsure_button, self.missed_button, self.undo_button
        self.tools = _row(*buttons, self.message)
        self.tools.add_class("sightings-tools")
        self.sheet = ContactSheet(
            lambda tokens: [b""] * len(tokens),
            opened=self.open,
            renamed=self.rename,
            acted=self.act,
            undone=self.undo,
        )
        self.sheet.follow(self.message)
        parts = [self.guidance, self.kept_in, self.tools, *([self.work] if own else [])]
        super().__init__([*parts, self.sheet])
        self.add_class("sightings-individuals").add_class("sightings-said")
        self.back_button.on_click(lambda _: self.back())
        self.undo_button.on_click(lambda _: self.undo())
        self.unsure_button.on_click(lambda _: self.show_unsure())
        self.missed_button.on_click(lambda _: self.draw_missed())
        self.work.observe(lambda _: self._worked(), names="state")
        self._show_tools()

    def show(self, session: Session | None) -> None:
        """Show the individuals of an album; None for none."""
        with self._lock:
            self.session = session
            self.thumbnails = None if session is None else Thumbnails(session.looked.album)
            self._asked = []
            self.sheet.sought = ""
            self._leave()
            self._page = 0
            self.place = "nothing"
            self.message.clear()
            self.refresh()

    def refresh(self) -> None:
        """Show what is true now, where one was."""
        with self._lock:
            session = self.session
            if session is None:
                self._put("nothing", [])
                return
            self._mark_page()
            self.individual = (
                self._followed(session) if self.place in ("individual", "photo") else None
            )
            if self.individual is None:
                self._everybody()
            elif self.row is not None and session.names[self.row] == self.individual:
                self._photo(self.row)
            else:
                self._one(self.individual)
            # Who looks at cards does not type yet.
            self.sheet.known = self._offered(session)

    def open(self, key: str | None = None) -> None:
        """Open an individual, or then a photo; without a key, do as every widget's `open`."""
        if key is None:
            super().open()
            return
        if self.session is None:
            return
        if self.place in ("individuals", "merging"):
            self._guarded(lambda: self._one(key))
        elif self.place == "individual":
            self._guarded(lambda: self._photo(row_of_card(self._here().album, key)))

    def draw_missed(self, key: str | None = None) -> None:
        """Draw a box around what was not found, in the photo of a card, or any."""
        if self._missed is None or self.session is None:
            return
        album = self.session.album
        path = "" if key is None else album.sightings["path"].iat[row_of_card(album, key)]
        self._missed(str(path))

    def show_unsure(self) -> None:
        """Go to the first of those of whom it is not sure who they are."""
        session = self.session
        if session is not None:
            unsure = session.result.not_sure
            first = (key for key in self.sheet.all_cards.keys if key in unsure)
            self._guarded(lambda: self.sheet.return_to(next(first, "")))

    def back(self) -> None:
        """Go back to the card it was opened by: a photo, to its individual; that, to all."""

        def step() -> None:
            whence, row = self.individual, self.row
            self.row = None
            if self.place != "photo":
                self._leave()
            self.refresh()
            if self.place == "individual" and row is not None:
                self.sheet.return_to(card_key(self._here().album, row))
            elif self.place == "individuals" and whence is not None:
                self.sheet.return_to(whence)

        self._guarded(step)

    def rename(self, key: str, text: str) -> None:
        """Give an individual a name; where another has it, ask whether the two are one."""
        session = self.session
        if session is None or not self._correct:
            return
        if text.strip() in ("", key):
            self.sheet.untype()
            return

        whom = self._whom(session, key)

        def job() -> str:
            other = session.taken(whom(), text)
            if other is None:
                return session.rename(whom(), text)
            return self._ask(session, whom(), other, text)

        self._correct_by(job)

    def answer(self, *, yes: bool, key: str | None = None) -> None:
        """Answer what a card asks; without its key, what was asked last."""
        session = self.session
        if session is None:
            return
        with self._lock:
            names = session.names
            asked = [each for each in self._asked if key in (None, names[each.row])]
        if not asked:
            return
        about = asked[-1]

        def job() -> str:
            one, other = session.names[about.row], session.names[about.other_row]
            said = ""
            if yes and one is not None and other is not None and one != other:
                said = session.merge(other, one)
            elif not yes:
                said = (
                    f"{other} keeps the name: two {self._words.individuals} need two names; "
                    f"{one} is as before"
                )
            # Only now: what could not be done is still asked.
            self._asked = [each for each in self._asked if each is not about]
            return said

        self._correct_by(job)

    def _ask(self, session: Session, key: str, other: str, typed: str) -> str:
        """Ask on a card whether it is the one who has that name."""
        rows = rows_of(session.names)
        if key not in rows or other not in rows or self.thumbnails is None:
            session.rows(key)
            return ""
        one, two = (self.thumbnails.best(rows[each].tolist(), 1)[0] for each in (key, other))
        self._asked = [each for each in self._asked if each.row != one]
        self._asked.append(_Asked(one, two, other, typed.strip()))
        return f"{self._question(key, other)} The card of {self._called(key)} asks"

    def _question(self, key: str, other: str) -> str:
        return (
            f"{self._words.somebody.capitalize()} is called {other} already. "
            f"Are {self._called(key)} and {other} one {self._words.individual}?"
        )

    def _called(self, name: str) -> str:
        """Say who one is, to be read: one of whom it is not sure has no name."""
        session = self.session
        if session is None or name not in session.result.not_sure:
            return name
        file = file_of(session.album, int(session.rows(name)[0]))
        return f"the {self._words.singular} in {file}"

    def _questions(self, session: Session) -> dict[str, Question]:
        """Return what cards ask now; what was settled by the way is asked no more."""
        names, found, thumbnails = session.names, {}, self.thumbnails
        self._asked = [
            each
            for each in self._asked
            if names[each.row] not in (None, each.other) and names[each.other_row] == each.other
        ]
        if not self._asked or thumbnails is None:
            return {}
        rows = rows_of(names)
        for each in self._asked:
            key = str(names[each.row])
            strips = []
            for name in (key, each.other):
                best = thumbnails.best(rows[name].tolist(), BESIDE)
                pictures = tuple(sighting_picture(session.album, row) for row in best)
                strips.append(Strip(pictures, name))
            found[key] = Question(
                self._question(key, each.other),
                tuple(strips),
                name_actions(self._words),
                typed=each.typed,
            )
        return found

    def act(self, key: str, action: str) -> None:
        """Press a button of a card."""
        session = self.session
        if session is None or not self._correct:
            return
        if action == "merge":
            self.merge(key)
        elif action == "missed":
            self._guarded(lambda: self.draw_missed(key))
        elif action == "split":
            self._guarded(lambda: self._split(key))
        elif action == "not":
            self._correct_by(lambda: session.not_this_individual(row_of_card(session.album, key)))
        elif action == "ignore":
            self._correct_by(lambda: session.ignore(row_of_card(session.album, key)))
        elif action == "leave out":
            whom = self._whom(session, key)
            self._correct_by(lambda: session.ignore(int(session.rows(whom())[0])))
        elif action == "two":
            whom = self._whom(session, key)
            self._correct_by(lambda: session.split(whom()))
        elif action == "one":
            whom = self._whom(session, key)
            self._correct_by(lambda: session.keep_together(whom()))
        elif action == "hide":
            whom = self._whom(session, key)

            def toggle() -> str:
                name = whom()
                return (session.show if name in session.result.hidden else session.hide)(name)

            self._correct_by(toggle)
        elif action in ("one name", "two names"):
            self.answer(yes=action == "one name", key=key)

    def merge(self, key: str) -> None:
        """Choose an individual to be merged; the second one chosen is merged with the first."""
        first, session = self.individual, self.session
        if session is None:
            return
        if self.place != "merging" or first is None:
            self._guarded(lambda: self._everybody(merging=key))
        elif key == first:
            self._guarded(self._everybody)
        else:
            one, other = self._whom(session, first), self._whom(session, key)
            self._correct_by(lambda: session.merge(one(), other()))

    def undo(self) -> None:
        """Take the last correction back."""
        session = self.session
        if session is not None:

            def job() -> str:
                said = session.undo()
                return f"Taken back: {said}" if said else "There is nothing to take back"

            self._correct_by(job)

    def _whom(self, session: Session, key: str) -> Callable[[], str]:
        """Say who is meant by a name now, when corrections before may have given it to another."""
        rows = [row for row, name in enumerate(session.names) if name == key]
        row = self.thumbnails.best(rows, 1)[0] if rows and self.thumbnails else None
        return lambda: key if row is None else session.names[row] or key

    def correct_by(self, job: Callable[[], str]) -> None:
        """Run a correction of somebody else's, which says what it did, in its turn."""
        self._correct_by(job)

    def _correct_by(self, job: Callable[[], str]) -> None:
        """Run a correction, after those that are under way, and show what came of it."""
        with self._lock:
            self._queue.append(job)
            if self._correcting:
                return
            self._correcting = True
        self._begin()

    def _begin(self) -> None:
        if self.work.run(lambda *_: self._work_off(), title="sorting anew", quiet=True):
            return
        with self._lock:
            self._queue.clear()
            self._correcting = False
        self.sheet.untype()
        self.message.mend(BadSetting("other work is under way; press again when it is done"))

    def _work_off(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    return
                job = self._queue.popleft()
            self._correction(job)

    def _correction(self, job: Callable[[], str]) -> None:
        self.message.remark("Sorting anew …")
        said, error = "", None
        try:
            said = job()
        except Exception as raised:  # noqa: BLE001 - shown where the user is looking
            error = raised
        with self._lock:
            self.refresh()
            # What was typed and not taken.
            self.sheet.untype()
            if error is not None:
                self.message.failed(error)
            elif said:
                self.message.remark(f"{said}.")
            else:
                self.message.clear()
        if error is None and self._changed is not None:
            self._changed()

    def _worked(self) -> None:
        """Work off what came in the last moment of the work before."""
        if self.work.busy:
            return
        with self._lock:
            self._correcting = self._correcting and bool(self._queue)
        if self._correcting:
            self._begin()

    def _guarded(self, step: Callable[[], None]) -> None:
        with self._lock:
            self.message.clear()
            try:
                step()
            except Exception as error:  # noqa: BLE001 - shown where the user is looking
                self.message.failed(error)

    def _leave(self) -> None:
        self.individual = self.row = None
        self._rows = []

    def _mark_page(self) -> None:
        if self.place in ("individuals", "merging"):
            self._page = self.sheet.page
        elif self.place == "individual":
            self._photo_page = self.sheet.page

    def _offered(self, session: Session) -> list[str]:
        """Return the names to offer: where they are many, those that somebody gave go first."""
        there = {*filter(None, session.names)} - session.result.not_sure
        if len(there) > MOST_KNOWN:
            given = sorted(_given(session) & there)
            larger = session.result.individuals["name"].head(2 * MOST_KNOWN)
            there = {*[*dict.fromkeys([*given, *filter(there.__contains__, larger)])][:MOST_KNOWN]}
        return sorted(there)

    def _followed(self, session: Session) -> str | None:
        """Return what the one who is open is called now: as most of those sightings are."""
        names = session.names
        now = Counter(name for row in self._rows if (name := names[row]) is not None)
        return now.most_common(1)[0][0] if now else None

    def _here(self) -> Session:
        if self.session is None:
            raise BadSetting(f"there is {self._words.nobody} to look at yet; press Start")
        return self.session

    def _everybody(self, merging: str | None = None) -> None:
        session, thumbnails = self._here(), self.thumbnails
        if thumbnails is None:
            return
        self._mark_page()
        words, hidden = self._words, session.result.hidden
        usual, back = individual_actions(words), individual_actions(words, hidden=True)
        cards = individual_cards(
            session.album,
            session.names,
            thumbnails,
            named=self._correct,
            actions=(lambda name: back if name in hidden else usual) if self._correct else (),
            badge=lambda name: "chosen" if name == merging else "hidden" if name in hidden else "",
            given=_given(session),
            asked=self._questions(session) if self._correct else None,
        )
        cards = self._unsure_last(session, cards)
        self._leave()
        self.individual = merging
        self._put("individuals" if merging is None else "merging", cards, page=self._page)

    def _unsure_last(self, session: Session, cards: Cards) -> Cards:
        """Put those of whom it is not sure who they are after the others, below a line."""
        unsure, words = session.result.not_sure, self._words
        if not unsure:
            return cards
        actions = unsure_actions(words) if self._correct else ()
        others = [place for place, key in enumerate(cards.keys) if key not in unsure]
        apart = [place for place, key in enumerate(cards.keys) if key in unsure]
        row_of: dict[str | None, int] = {}
        for row in sorted(session.result.too_little):
            row_of.setdefault(session.names[row], row)
        titles = [file_of(session.album, row_of[cards.keys[place]]) for place in apart]
        say = "says" if len(apart) == 1 else "say"
        said = f"{NOT_SURE.capitalize()}: {words.count(len(apart))} {say} {LITTLE}"
        line = Card("not sure", f"{said}.", line=True)

        def made(place: int) -> Card:
            if place < len(others):
                return cards[others[place]]
            if place == len(others):
                return line
            which = place - len(others) - 1
            return replace(
                cards[apart[which]],
                title=titles[which],
                note="",
                name="" if self._correct else None,
                actions=actions,
            )

        before = cards.some(others)
        return Cards(
            [*before.keys, "", *(cards.keys[place] for place in apart)],
            made,
            titles=[*before.titles, "", *titles],
            pictures=[*before.pictures, 0, *(cards.pictures[place] for place in apart)],
            unnamed=before.unnamed
            | {len(others) + 1 + n for n, each in enumerate(apart) if each in cards.unnamed},
        )

    def _one(self, name: str) -> None:
        session = self._here()
        rows = session.rows(name)
        self._mark_page()
        page = self._photo_page if self.place in ("individual", "photo") else 0
        self.individual, self.row, self._rows = name, None, rows.tolist()
        actions = sighting_actions(self._words) if self._correct else ()
        cards = photo_cards(session.album, rows, actions=actions)
        self._put("individual", cards, page=page)

    def _photo(self, row: int) -> None:
        self._mark_page()
        self.row = row
        actions = sighting_actions(self._words) if self._correct else ()
        if self._missed is not None:
            actions = (*actions, missed_action(self._words))
        self._put("photo", [whole_card(self._here().album, row, actions)])

    def _split(self, name: str) -> None:
        session = self._here()
        sides = session.sides(name)
        if sides is None:
            raise BadSetting(
                f"{name} cannot be split: there is one {self._words.singular}, or you said they "
                "are one"
            )
        self._mark_page()
        self.individual = name
        album = session.album
        strips = []
        for word, side in zip(("one part", "the other"), sides, strict=True):
            rows = side.tolist()
            photos = len({album.sightings["photo_digest"].iat[row] for row in rows})
            pictures = tuple(sighting_picture(album, row) for row in rows[:SIDE])
            strips.append(Strip(pictures, f"{word}: {counts(photos, len(rows), album.words)}"))
        card = Card(key=name, title=name, strips=tuple(strips), actions=split_actions(self._words))
        self._put("split", [card])

    def _put(self, place: str, cards: Sequence[Card], *, page: int = 0) -> None:
        self.place = place
        guidance = GUIDANCE[place] if self._correct else LOOK_ONLY.get(place, GUIDANCE[place])
        whom = "" if self.individual is None else self._called(self.individual)
        self.guidance.value = safe(guidance.format(name=whom, words=self._words))
        self.sheet.size = {"individual": 160, "photo": 600, "split": 112}.get(place, 96)
        everybody = self._words.individuals.capitalize()
        self.sheet.label = everybody if self.individual is None else f"Photos of {whom}"
        self.sheet.empty = f"{self._words.nobody.capitalize()} was found."
        pictures = None if self.thumbnails is None else SightingPictures(self.thumbnails)
        self.sheet.finds = place in ("individuals", "merging")
        self.sheet.show(cards, page=page, pictures=pictures)
        self._show_tools()

    @property
    def _words(self) -> Words:
        return self._default if self.session is None else self.session.album.words

    def _show_tools(self) -> None:
        away = self.place in ("individual", "photo", "split")
        self.back_button.layout.display = None if away else "none"
        whom = (
            printable("" if self.individual is None else self._called(self.individual))[:40]
            if self.place == "photo"
            else self._words.everybody
        )
        self.back_button.description = f"Back to {whom}"
        unsure = 0 if self.session is None else len(self.session.result.not_sure)
        draws = self._missed is not None and self.place == "individuals"
        self.missed_button.layout.display = None if draws else "none"
        self.missed_button.description = missed_action(self._words).label
        there = self.place in ("individuals", "merging") and unsure
        self.unsure_button.layout.display = None if there else "none"
        self.unsure_button.description = f"{NOT_SURE.capitalize()} ({unsure:,})"
        can_undo = self._correct and self._can_undo()
        self.undo_button.layout.display = None if can_undo else "none"
        self.sheet.can_undo = can_undo
        self.kept_in.value = kept_in(self.session) if self._correct and self.session else ""

    def _can_undo(self) -> bool:
        return self.session is not None and self.session.corrections.can_undo


def _given(session: Session) -> set[str]:
    """Return the names that somebody gave."""
    return {each.name for each in session.corrections.decisions if each.kind == "name"}


# A layout for each: what is hidden by its layout hides all that share it.
def _button(text: str = "", **about: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=text, layout=ipywidgets.Layout(width="auto"), **about)


def _row(*parts: ipywidgets.Widget) -> ipywidgets.HBox:
    return ipywidgets.HBox(
        parts, layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center")
    )
