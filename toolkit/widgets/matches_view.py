"""The matches of known people: everybody, one of them in order, the doubtful ones; yes or no."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import ipywidgets
import pandas as pd
import traitlets

from toolkit.curation import match_list
from toolkit.curation.decisions import Decision, key_of
from toolkit.curation.history import Gesture
from toolkit.errors import BadSetting
from toolkit.grouping import assigners
from toolkit.grouping.constraints import Decided
from toolkit.names import printable
from toolkit.results.result import PointAndShootResult
from toolkit.session import Session
from toolkit.settings import PointAndShootSettings
from toolkit.widgets.background_work import Message, safe
from toolkit.widgets.contact_sheet import ContactSheet
from toolkit.widgets.individual_cards import file_of
from toolkit.widgets.match_cards import (
    ACCEPT,
    IGNORE,
    REFUSE,
    MatchAlbum,
    MatchPictures,
    match_card,
    match_cards,
    person_cards,
)
from toolkit.widgets.threshold_line import Choice, ThresholdLine

# Doubtful matches that are listed at a time; those that follow come as these are answered.
MOST_DOUBTFUL = 300

GUIDANCE = {
    "nothing": "",
    "people": "Begin with <b>Doubtful first</b>, the matches that are worth a look; or open a "
    "person to see the matches in order.",
    "person": "<b>{name}</b>: the nearest faces first. Press <b>Accept</b> (key y) where it is "
    "{name}, <b>Refuse</b> (n) where it is not, <b>Leave out</b> (i) for a face that is to count "
    "for nobody.",
    "doubtful": "The faces that could as well be decided otherwise, the most doubtful first. Is it "
    "the person of the example? <b>Accept</b> (key y), <b>Refuse</b> (n) or <b>Leave out</b> (i).",
    "photo": "Is the face in the box the person named above the photo? The keys y, n and i answer "
    "here, too.",
}
NO_DOUBT = "No match is doubtful. Open a person to see the matches in order, or export below."
NONE_LEFT = "No match is doubtful any more. Go <b>back to everybody</b>, or on to the export below."


class MatchesView(ipywidgets.VBox):
    """
    The matches of an album that can be looked through and answered.

    Gestures are methods: `open`, `back`, `show_doubtful`, `act`, `undo`, `move`, `to_automatic`.
    What they change is worked out in one thread, in their order; `wait` waits for it.

    Attributes
    ----------
    place : str
        What is shown: "nothing", "people", "person", "doubtful" or "photo"; can be observed.
    person : str or None
        Whose matches are shown.

    Parameters
    ----------
    changed : callable, optional
        Called after each change, in the thread.
    chosen : callable, optional
        Called with a threshold, or "auto", when the slider is moved; it then calls `take`. Without
        it the view does so itself.
    hindered : callable, optional
        Says why nothing can be changed now; "" if it can.
    """

    place = traitlets.Unicode("nothing")

    def __init__(
        self,
        *,
        changed: Callable[[], None] | None = None,
        chosen: Callable[[Choice], None] | None = None,
        hindered: Callable[[], str] = lambda: "",
    ) -> None:
        self.session: Session | None = None
        self.person: str | None = None
        self._lock = threading.RLock()
        self._matched: MatchAlbum | None = None
        self._changed, self._chosen, self._hindered = changed, chosen, hindered
        self._decided: Decided | None = None
        self._people = pd.DataFrame(columns=list(match_list.PEOPLE_COLUMNS))
        self._key, self._from = "", "people"
        # The page that each place was left at, and the one to turn to now.
        self._pages: dict[str, int] = {}
        self._turn: int | None = None
        self._wanted: PointAndShootSettings | None = None
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="matches")
        self._last: Future[None] | None = None
        super().__init__(self._controls())
        self.add_class("sightings-matches")
        self._arrange()

    def show(self, session: Session | None) -> None:
        """Show everybody of an album; None for none."""
        if session is not None and session.references is None:
            raise BadSetting("matches are of known people; expected a sorting with references")
        with self._lock:
            self.session, self._wanted = session, None
            self._matched = None if session is None else MatchAlbum(session.looked.album)
            self.person, self._pages, self._turn = None, {}, 0
            self.place = "nothing" if session is None else "people"
            self.message.clear()
            self.refresh()

    def refresh(self) -> None:
        """Show what is true now, where one was."""
        with self._lock:
            session = self.session
            if session is None or self._matched is None:
                self.sheet.show([])
                self._arrange()
                return
            self._matched.turn_to(session.album)
            if self.place == "photo" and self._key not in self._matched.row_of:
                self.place = self._from
            self._decided = session.decided
            self._people = match_list.people(self._result, self._decided)
            if self.place == "person" and self.person not in self._people["person"].to_list():
                self.place = "people"
            self._put()
            self._arrange()

    def open(self, key: str | None = None) -> None:
        """Open a person, or the photo of a match; without a key, as every widget's `open`."""
        if key is None:
            super().open()
        elif self.place == "people":
            self._guarded(lambda: self._go("person", person=key))
        elif self.place in ("person", "doubtful"):
            self._guarded(lambda: self._look_at(key))

    def show_doubtful(self) -> None:
        """Show the doubtful matches of everybody."""
        if self.session is not None:
            self._guarded(lambda: self._go("doubtful"))

    def back(self) -> None:
        """Go back: from a photo to the matches, from these to everybody."""
        self._guarded(lambda: self._go(self._from if self.place == "photo" else "people"))

    def act(self, key: str, action: str) -> None:
        """
        Press a button of a match.

        Parameters
        ----------
        key : str
            Of the card.
        action : str
            "accept", "refuse" or "ignore".
        """
        self._change(lambda: self._answer(key, action), "One moment …")

    def undo(self) -> None:
        """Take the last answer back."""

        def step() -> str:
            said = "" if self.session is None else self.session.undo()
            return f"Taken back: {said}" if said else "There is nothing to take back."

        self._change(step, "One moment …")

    def move(self, threshold: float) -> None:
        """Move the line."""
        self.line.move(threshold)

    def to_automatic(self) -> None:
        """Let the threshold set itself."""
        self._choose("auto")

    def take(self, settings: PointAndShootSettings) -> None:
        """Sort with other settings, soon; where others follow before, with the last of them."""
        self._wanted = settings
        self._change(self._newest)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until what was pressed so far is done."""
        if self._last is not None:
            self._last.result(timeout)

    def close(self) -> None:
        """Take the view away."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        super().close()

    @property
    def _result(self) -> PointAndShootResult:
        if self.session is None or not isinstance(self.session.result, PointAndShootResult):
            raise BadSetting("there are no matches yet: press Start")
        return self.session.result

    def _controls(self) -> list[Any]:
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        self.guidance = ipywidgets.HTML()
        self.back_button, self.doubtful_button, self.undo_button = (
            ipywidgets.Button(
                description=text,
                icon=icon,
                tooltip=tip,
                # One each: whether it is shown is said there.
                layout=ipywidgets.Layout(width="auto"),
            )
            for text, icon, tip in (
                ("Back to everybody", "arrow-left", ""),
                ("Doubtful first", "", "The matches that are worth a look"),
                ("Undo", "undo", "Take the last answer back"),
            )
        )
        self.line = ThresholdLine(self._choose)
        self.message = Message()
        self.sheet = ContactSheet(
            lambda tokens: [b""] * len(tokens),
            opened=self.open,
            acted=self.act,
            label="People",
            empty="Nothing here.",
        )
        tools = [self.back_button, self.doubtful_button, self.undo_button]
        self.tools = ipywidgets.HBox(tools, layout=row)
        self.back_button.on_click(lambda _: self.back())
        self.doubtful_button.on_click(lambda _: self.show_doubtful())
        self.undo_button.on_click(lambda _: self.undo())
        return [self.guidance, self.tools, self.line, self.message, self.sheet]

    def _go(self, place: str, *, person: str | None = None) -> None:
        with self._lock:
            self._pages[self.place] = self.sheet.page
            if person is not None:
                if person not in self._people["person"].to_list():
                    raise BadSetting(f"nobody is called {person!r} any more; look at the others")
                self.person = person
                self._pages["person"] = 0
            self.place, self._turn = place, self._pages.get(place, 0)
            if place == "people":
                self.person = None
            self.message.clear()
            self.refresh()

    def _look_at(self, key: str) -> None:
        if self._matched is None or key not in self._matched.row_of:
            raise BadSetting("that face is not there any more; look at the others")
        self._from, self._key = self.place, key
        self._go("photo")

    def _answer(self, key: str, action: str) -> str:
        session, matched = self.session, self._matched
        if session is None or matched is None or key not in matched.row_of:
            raise BadSetting("that face is not there any more; look at the others")
        row = matched.row_of[key]
        table = match_list.judged(self._result, session.decided)
        person = str(table["person"].iloc[row])
        # One line about one face: gestures of groups would name others of the person, too.
        said = session.do(_gesture(session, row, person, action))
        if self.place == "photo":
            self.place, self._turn = self._from, self._pages.get(self._from, 0)
        return said

    def _newest(self) -> str | None:
        settings, self._wanted = self._wanted, None
        session = self.session
        if settings is None or session is None or settings == session.settings:
            return None
        session.set(settings)
        return ""

    def _choose(self, choice: Choice) -> None:
        if self._chosen is not None:
            self._guarded(lambda: self._chosen(choice))  # type: ignore[misc]
        elif self.session is not None:
            self.take(replace(self._result.settings, threshold=choice))  # type: ignore[arg-type]

    def _change(self, step: Callable[[], str | None], meanwhile: str = "") -> None:
        """Do something to the album, in the thread, and show what came of it; "" says nothing."""
        why = self._hindered()
        if why:
            self.message.mend(why)
        elif self.session is not None:
            if meanwhile:
                self.message.remark(meanwhile)
            self._last = self._pool.submit(self._do, step)

    def _do(self, step: Callable[[], str | None]) -> None:
        try:
            with self._lock:
                said = step()
                if said is None:
                    return
                self.message.clear()
                self.refresh()
                if said:
                    self.message.remark(f"{said}.".replace("..", "."))
            if self._changed is not None:
                self._changed()
        except Exception as error:  # noqa: BLE001 - shown where the user is looking
            self.message.failed(error)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - shown where the user is looking
            self.message.failed(error)

    def _put(self) -> None:
        """Give the sheet its cards."""
        matched, result, decided = self._matched, self._result, self._decided
        if matched is None or decided is None:
            return
        references, threshold = result.references, result.threshold
        if self.place == "people":
            table = match_list.judged(result, decided)
            cards = person_cards(self._people, table, matched, references)
        elif self.place == "person" and self.person is not None:
            table = match_list.ranked(result, decided, self.person)
            cards = match_cards(table, matched, references, self.person, threshold)
        elif self.place == "doubtful":
            table = match_list.doubtful(result, decided)
            matches = table.head(MOST_DOUBTFUL).itertuples(index=False)
            cards = [match_card(each, matched, references, beside=True) for each in matches]
        else:
            table = match_list.judged(result, decided)
            place = matched.row_of[self._key]
            match = next(table.iloc[place : place + 1].itertuples(index=False))
            cards = [match_card(match, matched, references, whole=True)]
        self.sheet.size = {"people": 96, "photo": 600}.get(self.place, 140)
        self.sheet.label = {"people": "People", "doubtful": "Doubtful matches"}.get(
            self.place, f"Matches of {printable(self.person or 'somebody')}"
        )
        self.sheet.empty = "No match is doubtful." if self.place == "doubtful" else "Nothing here."
        page, self._turn = self.sheet.page if self._turn is None else self._turn, None
        self.sheet.show(cards, page=page, pictures=MatchPictures(matched.thumbnails, references))

    def _arrange(self) -> None:
        """Show the controls that the place has use for, and what they say."""
        session, place = self.session, self.place
        there = session is not None
        for part in (self.tools, self.line, self.guidance):
            part.layout.display = None if there else "none"
        if session is None or session.references is None:
            return
        settings, chosen = session.settings, self._result.chosen
        doubtful = int(self._people["doubtful"].sum())
        kept = session.corrections.out
        where = (
            f"Answers are kept at once in {safe(str(kept / 'decisions.csv'))}, and hold for every "
            "later run."
            if kept is not None
            else "Answers are forgotten when this notebook stops: name a folder for the results "
            "below, and export."
        )
        said = GUIDANCE[place].format(name=safe(self.person or ""))
        if place == "doubtful" and doubtful > MOST_DOUBTFUL:
            said += f" Of {doubtful:,}, the first {MOST_DOUBTFUL:,} are shown."
        if not doubtful:
            said = {"doubtful": NONE_LEFT, "people": NO_DOUBT}.get(place, said)
        self.guidance.value = f"<p role='status'>{said}<br>{where}</p>"
        self.back_button.layout.display = "none" if place == "people" else None
        self.back_button.description = (
            "Back to the matches" if place == "photo" else "Back to everybody"
        )
        self.doubtful_button.layout.display = None if place in ("people", "person") else "none"
        self.doubtful_button.description = f"Doubtful first ({doubtful:,})"
        self.doubtful_button.disabled = not doubtful
        self.doubtful_button.button_style = "primary" if doubtful else ""
        self.undo_button.layout.display = None if session.corrections.can_undo else "none"
        self.line.layout.display = "none" if place == "photo" else None
        automatic = replace(settings, threshold="auto")
        usual = assigners.search_threshold(session.references, automatic, session.album.words)  # type: ignore[arg-type]
        self.line.show(chosen, usual.value, follow=self._wanted is None)


def _gesture(session: Session, row: int, person: str, action: str) -> Gesture:
    """Return what an answer decides: one line about one face."""
    album = session.album
    face, photo, name = key_of(album, row), printable(file_of(album, row)), printable(person)
    if action == ACCEPT.key:
        return Gesture((Decision("name", face, name=person),), f"{photo} shows {name}")
    if action == REFUSE.key:
        return Gesture((Decision("not", face, name=person),), f"{photo} does not show {name}")
    if action == IGNORE.key:
        return Gesture((Decision("ignore", face),), f"the face in {photo} is left out")
    raise BadSetting(f"there is no button {action!r}; expected accept, refuse or ignore")
