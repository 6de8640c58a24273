"""The people of an album, one of them, one photo: look, name and correct, with a way back."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import ipywidgets
import traitlets

from toolkit.errors import BadSetting
from toolkit.names import printable
from toolkit.photos.thumbnails import Thumbnails
from toolkit.session import Session
from toolkit.widgets.background_work import Message, Work, safe
from toolkit.widgets.contact_sheet import Action, Card, ContactSheet, Strip
from toolkit.widgets.individual_cards import (
    FacePictures,
    counts,
    face_picture,
    people_cards,
    photo_cards,
    whole_card,
)
from toolkit.widgets.individuals_words import GUIDANCE, LOOK_ONLY, kept_in, not_this_person

PERSON_ACTIONS = (
    Action("merge", "Same person as …", "m"),
    Action("split", "Two people?", "s"),
)
FACE_ACTIONS = (
    Action("not", "Not this person", "n"),
    Action("ignore", "Leave this face out", "i"),
)
SPLIT_ACTIONS = (
    Action("two", "Two people", "d"),
    Action("one", "One person", "s"),
)
# Faces of either side that a split shows, and sets of sightings whose cards are remembered.
SIDE, MOST_KEPT = 30, 30_000


class PeopleView(ipywidgets.VBox):
    """
    A contact sheet of people that can be opened, named and corrected.

    Gestures are methods: `open`, `back`, `rename`, `act`, `merge`, `answer`, `undo`. A card of a
    person has the name as its key; that of a face, its row in ``sorting.looked.album``, which no
    correction changes.

    Attributes
    ----------
    place : str
        What is shown: "nothing", "people", "merging", "person", "photo" or "split"; can be
        observed.
    person : str or None
        Who is open.

    Parameters
    ----------
    work : Work
        Where corrections run; one at a time.
    changed : callable, optional
        Called after each correction, in a thread.
    correct : bool
        Whether people can be named and corrected here.
    empty : str
        What to say where there is nobody.
    """

    place = traitlets.Unicode("nothing")

    def __init__(
        self,
        work: Work | None = None,
        *,
        changed: Callable[[], None] | None = None,
        correct: bool = True,
        empty: str = "Nobody was found.",
    ) -> None:
        self.session: Session | None = None
        self.thumbnails: Thumbnails | None = None
        self.person: str | None = None
        self.row: int | None = None
        self._changed, self._correct = changed, correct
        self._asked: tuple[str, str] | None = None
        # Those of the person who is open: after a correction the name may be another's.
        self._faces: list[int] = []
        self._page = self._photo_page = 0
        self._kept: dict[bytes, tuple[int, Strip]] = {}
        # A correction ends in another thread than that of the buttons.
        self._lock = threading.RLock()
        own = work is None
        self.work = work or Work()
        self.guidance = ipywidgets.HTML()
        self.kept_in = ipywidgets.HTML()
        self.back_button = _button("Back", icon="arrow-left")
        self.undo_button = _button("Undo", icon="undo", tooltip="Take the last correction back")
        self.yes = _button("Yes, one person")
        self.no = _button("No, two people")
        self.question = ipywidgets.HTML()
        self.message = Message()
        # Room for a line, so that cards do not jump under the pointer when something is said.
        self.message.layout.min_height = "2.6em"
        self.tools = _row(self.back_button, self.undo_button, self.message)
        self.ask = _row(self.question, self.yes, self.no)
        self.sheet = ContactSheet(
            lambda tokens: [b""] * len(tokens),
            opened=self.open,
            renamed=self.rename,
            acted=self.act,
            label="People",
            empty=empty,
        )
        parts = [self.guidance, self.kept_in, self.tools, self.ask, self.sheet]
        super().__init__([*parts[:4], *([self.work] if own else []), self.sheet])
        self.add_class("sightings-people")
        self.back_button.on_click(lambda _: self.back())
        self.undo_button.on_click(lambda _: self.undo())
        self.yes.on_click(lambda _: self.answer(yes=True))
        self.no.on_click(lambda _: self.answer(yes=False))
        self._show_tools()

    def show(self, session: Session | None) -> None:
        """Show the people of an album; None for none."""
        with self._lock:
            self.session = session
            self.thumbnails = None if session is None else Thumbnails(session.looked.album)
            self._kept = {}
            self._leave()
            self._page = 0
            self.place = "nothing"
            self.message.clear()
            self.refresh()

    def refresh(self) -> None:
        """Show what is true now, where one was."""
        with self._lock:
            session, self._asked = self.session, None
            if session is None:
                self._put("nothing", [])
                return
            self._mark_page()
            self.sheet.known = sorted({name for name in session.names if name})
            self.person = self._followed(session) if self.place in ("person", "photo") else None
            if self.person is None:
                self._people()
            elif self.row is not None and session.everybody[self.row] == self.person:
                self._photo(self.row)
            else:
                self._person(self.person)

    def open(self, key: str | None = None) -> None:
        """Open a person; or, when one is open, a photo; without a key, as every widget does."""
        if key is None:
            super().open()
            return
        if self.session is None:
            return
        if self.place in ("people", "merging"):
            self._guarded(lambda: self._person(key))
        elif self.place == "person":
            self._guarded(lambda: self._photo(int(key)))

    def back(self) -> None:
        """Go back: from a photo to its person, from a person to everybody."""

        def step() -> None:
            self.row = None
            if self.place != "photo":
                self._leave()
            self.refresh()

        self._guarded(step)

    def rename(self, key: str, text: str) -> None:
        """Give a person a name; where somebody has it, ask whether the two are one."""
        session = self.session
        if session is None or not self._correct:
            return
        if text.strip() in ("", key):
            self.sheet.untype()
            return

        def begin() -> None:
            other = session.taken(key, text)
            if other is None:
                self._correct_by(lambda: session.rename(key, text))
                return
            self._asked = (key, other)
            self.question.value = safe(
                f"Somebody is called {other} already. Are {key} and {other} one person?"
            )
            self._show_tools()

        self._guarded(begin)

    def answer(self, *, yes: bool) -> None:
        """Answer the question that was asked."""
        asked, self._asked = self._asked, None
        self._show_tools()
        session = self.session
        if asked is None or session is None:
            return
        if yes:
            key, other = asked
            self._correct_by(lambda: session.merge(other, key))
        else:
            self.sheet.untype()
            self.message.remark(f"{asked[0]} keeps the name: two people need two names.")

    def act(self, key: str, action: str) -> None:
        """Press a button of a card."""
        session = self.session
        if session is None or not self._correct:
            return
        if action == "merge":
            self.merge(key)
        elif action == "split":
            self._guarded(lambda: self._split(key))
        elif action == "not":
            self._correct_by(lambda: not_this_person(session, int(key)))
        elif action == "ignore":
            self._correct_by(lambda: session.ignore(session.row_of(int(key))))
        elif action == "two":
            self._correct_by(lambda: session.split(key))
        elif action == "one":
            self._correct_by(lambda: session.keep_together(key))

    def merge(self, key: str) -> None:
        """Choose a person to be merged; the second one chosen is merged with the first."""
        first, session = self.person, self.session
        if session is None:
            return
        if self.place != "merging" or first is None:
            self._guarded(lambda: self._people(merging=key))
        elif key == first:
            self._guarded(self._people)
        else:
            self._correct_by(lambda: session.merge(first, key))

    def undo(self) -> None:
        """Take the last correction back."""
        session = self.session
        if session is not None:

            def job() -> str:
                said = session.undo()
                return f"Taken back: {said}" if said else "There is nothing to take back"

            self._correct_by(job)

    def _correct_by(self, job: Callable[[], str]) -> None:
        """Run a correction, then show what came of it."""

        def attempt(*_: object) -> tuple[str, Exception | None]:
            self.message.remark("Sorting anew …")
            try:
                return job(), None
            except Exception as error:  # noqa: BLE001 - shown where the user is looking
                return "", error

        def then(made: tuple[str, Exception | None]) -> None:
            said, error = made
            with self._lock:
                self.refresh()
                # What was typed and not taken.
                self.sheet.untype()
                if error is None:
                    self.message.remark(f"{said}.")
                else:
                    self.message.failed(error)
            if error is None and self._changed is not None:
                self._changed()

        if not self.work.run(attempt, then, title="sorting anew", quiet=True):
            self.sheet.untype()
            self.message.mend(BadSetting("other work is under way; press again when it is done"))

    def _guarded(self, step: Callable[[], None]) -> None:
        with self._lock:
            self.message.clear()
            try:
                step()
            except Exception as error:  # noqa: BLE001 - shown where the user is looking
                self.message.failed(error)

    def _leave(self) -> None:
        self.person = self.row = self._asked = None
        self._faces = []

    def _mark_page(self) -> None:
        if self.place in ("people", "merging"):
            self._page = self.sheet.page
        elif self.place == "person":
            self._photo_page = self.sheet.page

    def _followed(self, session: Session) -> str | None:
        """Return what the person who is open is called now: as most of those faces are."""
        everybody = session.everybody
        now = Counter(name for face in self._faces if (name := everybody[face]) is not None)
        return now.most_common(1)[0][0] if now else None

    def _here(self) -> Session:
        if self.session is None:
            raise BadSetting("there is nobody to look at yet; press Start")
        return self.session

    def _people(self, merging: str | None = None) -> None:
        session, thumbnails = self._here(), self.thumbnails
        if thumbnails is None:
            return
        if len(self._kept) > MOST_KEPT:
            self._kept.clear()
        self._mark_page()
        cards = people_cards(
            session.looked.album,
            session.everybody,
            thumbnails,
            named=self._correct,
            actions=PERSON_ACTIONS if self._correct else (),
            badge=lambda name: "chosen" if name == merging else "",
            kept=self._kept,
        )
        self._leave()
        self.person = merging
        self._put("people" if merging is None else "merging", cards, page=self._page)

    def _person(self, name: str) -> None:
        session = self._here()
        rows = session.scanned_rows[session.rows(name)]
        self._mark_page()
        page = self._photo_page if self.place in ("person", "photo") else 0
        self.person, self.row, self._faces = name, None, rows.tolist()
        actions = FACE_ACTIONS if self._correct else ()
        cards = photo_cards(session.looked.album, rows, actions=actions)
        self._put("person", cards, page=page)

    def _photo(self, face: int) -> None:
        self._mark_page()
        self.row = face
        actions = FACE_ACTIONS if self._correct else ()
        self._put("photo", [whole_card(self._here().looked.album, face, actions)])

    def _split(self, name: str) -> None:
        session = self._here()
        sides = session.sides(name)
        if sides is None:
            raise BadSetting(f"{name} cannot be split: there is one face, or you said they are one")
        self._mark_page()
        self.person = name
        album = session.looked.album
        strips = []
        for word, side in zip(("one part", "the other"), sides, strict=True):
            rows = session.scanned_rows[side].tolist()
            photos = len({album.sightings["photo_digest"].iat[row] for row in rows})
            faces = tuple(face_picture(album, row) for row in rows[:SIDE])
            strips.append(Strip(faces, f"{word}: {counts(photos, len(rows))}"))
        card = Card(key=name, title=name, strips=tuple(strips), actions=SPLIT_ACTIONS)
        self._put("split", [card])

    def _put(self, place: str, cards: list[Card], *, page: int = 0) -> None:
        self.place = place
        guidance = GUIDANCE[place] if self._correct else LOOK_ONLY.get(place, GUIDANCE[place])
        self.guidance.value = safe(guidance.format(name=self.person or ""))
        self.sheet.size = {"person": 160, "photo": 600, "split": 112}.get(place, 96)
        self.sheet.label = "People" if self.person is None else f"Photos of {self.person}"
        pictures = None if self.thumbnails is None else FacePictures(self.thumbnails)
        self.sheet.show(cards, page=page, pictures=pictures)
        self._show_tools()

    def _show_tools(self) -> None:
        self.ask.layout.display = "none" if self._asked is None else "flex"
        away = self.place in ("person", "photo", "split")
        self.back_button.layout.display = None if away else "none"
        whom = printable(self.person or "")[:40] if self.place == "photo" else "everybody"
        self.back_button.description = f"Back to {whom}"
        self.undo_button.layout.display = None if self._correct and self._can_undo() else "none"
        self.kept_in.value = kept_in(self.session) if self._correct and self.session else ""

    def _can_undo(self) -> bool:
        return self.session is not None and self.session.corrections.can_undo


# A layout for each: what is hidden by its layout hides all that share it.
def _button(text: str, **about: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=text, layout=ipywidgets.Layout(width="auto"), **about)


def _row(*parts: ipywidgets.Widget) -> ipywidgets.HBox:
    return ipywidgets.HBox(
        parts, layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center")
    )
