"""One sighting with those nearest to it: tick the same individual."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import ipywidgets
import traitlets

from toolkit.curation import counting, strips
from toolkit.curation.counting import Count, Done
from toolkit.curation.decisions import Decision
from toolkit.curation.strips import Strip
from toolkit.errors import BadSetting
from toolkit.names import counted, printable
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import GENERIC_WORDS, SIGHTING_ID, Album, Words
from toolkit.session import Session
from toolkit.widgets.background_work import Message, Work, in_html, safe
from toolkit.widgets.contact_sheet import Card, ContactSheet, Picture
from toolkit.widgets.contact_sheet import Strip as Pictures
from toolkit.widgets.individuals_view import (
    file_of,
    sighting_picture,
    where_and_when,
)
from toolkit.widgets.question_view import QuestionPictures

Made = tuple[Decision, ...]
STATES = ("empty", "asking", "none left")
ASKED = "asked"

NOTHING = "Nothing new was decided"
HOW = (
    "Tick those that are the same {words.individual} as the first one: click on a picture, or on "
    "Tick below it."
)
ABOUT = {
    False: "Say of the others that they are not, or nothing. The {words.singular} that is expected "
    "to settle the most comes first.",
    True: "The {words.plural} are drawn at random, and the draw goes on where you left it. What "
    "you do not tick counts as not seen: tick all that are the same, and no others.",
}
NONE_LEFT = {
    False: "<b>No strip is left.</b> Begin again after a few more answers, or look through the "
    "{words.individuals}.",
    True: "<b>Every {words.singular} was drawn.</b> The number below is as sure as it gets.",
}


def strip_cards(album: Album, strip: Strip, ticked: Sequence[int]) -> list[Card]:
    """
    Return the cards of a strip: the sighting, and those beside it, by their identifiers.

    Parameters
    ----------
    album : Album
        n sightings.
    strip : Strip
        What is shown.
    ticked : sequence of int
        Those that are ticked.
    """
    words, ids = album.words, album.sightings[SIGHTING_ID]
    first = _picture(album, strip.row)
    cards = [
        Card(
            key=ASKED,
            title=f"Which show this {words.individual}?",
            note=_about(album, strip.row),
            strips=(Pictures((first,)),),
        ),
        Card(key="line", title=f"The nearest {len(strip.shown)}, the most alike first", line=True),
    ]
    for row in strip.shown:
        on = row in ticked
        cards.append(
            Card(
                key=str(ids.iat[row]),
                title=_about(album, row),
                badge=f"the same {words.individual}" if on else "",
                strips=(Pictures((_picture(album, row),)),),
                opens="Untick" if on else "Tick",
            )
        )
    return cards


def _picture(album: Album, row: int) -> Picture:
    """Return the picture of a sighting, as large as it can be had."""
    return Picture(f"large:{row}", sighting_picture(album, row).label)


def _about(album: Album, row: int) -> str:
    taken = where_and_when(album, row)
    return f"{file_of(album, row)}, {taken}" if taken else file_of(album, row)


class StripView(ipywidgets.VBox):
    """
    Strips, one after another: those that settle most, or those drawn at random to count by.

    Gestures are methods: `begin`, `tick`, `done`, `skip`, `undo`.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    strip : Strip or None
        What is on the screen.
    ticked : set of int
        Those of it that are ticked.
    count : Count or None
        How many individuals there are by the strips so far; None where strips are not drawn.

    Parameters
    ----------
    work : Work
        What answers are kept and sorted by in.
    counting_by : bool
        Whether strips are drawn at random.
    changed : callable, optional
        Called after each answer by which something was decided, in the thread of the work.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    def __init__(
        self,
        work: Work,
        *,
        counting_by: bool = False,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self._work, self._counting, self._changed = work, counting_by, changed
        self._lock = threading.RLock()
        self.session: Session | None = None
        self.thumbnails: Thumbnails | None = None
        self.strip: Strip | None = None
        self.count: Count | None = None
        self.ticked: set[int] = set()
        # Whose strip was answered or passed over; and, of each answer here, its sighting, what it
        # decided, and all decisions after it.
        self._passed: list[int] = []
        self._history: list[tuple[int, Made, Made]] = []
        self.about, self.status = ipywidgets.HTML(), ipywidgets.HTML()
        self.message = Message()
        self.sheet = ContactSheet(
            lambda tokens: [b""] * len(tokens),
            opened=self._opened,
            undone=self.undo,
            label="Strip",
            size=150,
        )
        self.sheet.follow(self.message)
        self.done_button = _button("Ticked are the same", "primary")
        self.differ_button = _button("Ticked are the same, the others are not")
        self.skip_button = _button("Pass over")
        self.undo_button = _button("Undo")
        self.begin_button = _button("Look again")
        self.done_button.on_click(lambda _: self.done())
        self.differ_button.on_click(lambda _: self.done(others_differ=True))
        self.skip_button.on_click(lambda _: self.skip())
        self.undo_button.on_click(lambda _: self.undo())
        self.begin_button.on_click(lambda _: self.begin())
        row = ipywidgets.Layout(flex_flow="row wrap")
        self.buttons = ipywidgets.HBox(
            [self.done_button, self.differ_button, self.skip_button, self.undo_button],
            layout=row,
        )
        self.number = ipywidgets.HTML()
        self.doubts = ContactSheet(
            lambda tokens: [b""] * len(tokens), label="Groups that may count wrong", size=110
        )
        parts = [self.about, self.message, self.status, self.begin_button, self.buttons, self.sheet]
        if counting_by:
            parts = [self.number, *parts, self.doubts]
        super().__init__(parts)
        self.add_class("sightings-strip-view").add_class("sightings-said")
        self._draw()

    def show(self, session: Session, thumbnails: Thumbnails) -> None:
        """Take an album in hand; `begin` looks for its first strip."""
        with self._lock:
            self.session, self.thumbnails = session, thumbnails
            self.strip, self.count, self.ticked = None, None, set()
            self._passed, self._history = [], []
            self.state = "empty"
            self.message.clear()
            self._draw()

    def begin(self) -> None:
        """Look for the strip that is asked next."""
        session = self.session
        if session is not None:
            self._run(lambda: self._find(session))

    def tick(self, row: int) -> None:
        """Tick one of those shown, or untick it."""
        with self._lock:
            if self.strip is None or row not in self.strip.shown:
                raise BadSetting(
                    f"that {self._words.singular} is not shown; look at the page again"
                )
            self.ticked ^= {row}
            self._draw()

    def done(self, *, others_differ: bool = False) -> None:
        """Say that those ticked are the same individual, and, if asked, that the others are not."""
        with self._lock:
            session, strip, ticked = self.session, self.strip, set(self.ticked)
        if session is None or strip is None:
            return

        def job() -> None:
            found = strips.answer(
                session.album, strip, ticked, others_differ=others_differ, decided=session.linked
            )
            nothing = "Counted: nothing new was decided" if self._counting else NOTHING
            said = nothing if found is None else f"Kept: {session.do(found)}"
            self._keep(session, strip, ticked, counting.DONE)
            with self._lock:
                made = () if found is None else found.decisions
                self._history.append((strip.row, made, session.corrections.decisions))
            self._find(session)
            self.message.remark(f"{said}.")
            if found is not None and self._changed is not None:
                self._changed()

        self._run(job)

    def skip(self) -> None:
        """Pass a strip over: nothing is decided, and it does not count."""
        with self._lock:
            session, strip = self.session, self.strip
        if session is None or strip is None:
            return

        def job() -> None:
            self._keep(session, strip, set(), counting.PASSED)
            with self._lock:
                self._history.append((strip.row, (), session.corrections.decisions))
            self._find(session)
            self.message.remark("Passed over.")

        self._run(job)

    def undo(self) -> None:
        """Take the last answer back, and show its strip again."""
        session = self.session
        if session is None:
            return

        def job() -> None:
            if not self._history:
                self.message.remark("There is nothing to take back here.")
                return
            row, made, after = self._history[-1]
            there = session.corrections.decisions
            # What was taken back elsewhere, as among the questions, is gone already.
            left = bool(set(made) & set(there))
            if left and after != there:
                self.message.mend("something else was decided since; take that back first")
                return
            said = session.undo() if left else "a strip by which nothing is decided"
            if self._counting and session.corrections.out is not None:
                counting.take_back(session.corrections.out, _id(session.album, row))
            with self._lock:
                self._history.pop()
                self._passed = [each for each in self._passed if each != row]
            self._find(session, row)
            self.message.remark(f"Taken back: {said}. Here is that strip again.")
            if left and self._changed is not None:
                self._changed()

        self._run(job)

    def _keep(self, session: Session, strip: Strip, ticked: set[int], status: str) -> None:
        """Note that a strip is answered; where strips are drawn, beside the results."""
        if self._counting:
            out = session.corrections.out
            if out is None:
                raise BadSetting("this album is in no folder of results yet; export it first")
            shown, same = (
                tuple(_id(session.album, row) for row in strip.shown if row in which)
                for which in (strip.shown, ticked)
            )
            counting.keep(out, Done(_id(session.album, strip.row), shown, same, status))
        with self._lock:
            self._passed.append(strip.row)

    def _find(self, session: Session, row: int | None = None) -> None:
        """Find the next strip, or that of a sighting; called in the thread of the work."""
        album, decided = session.album, session.linked
        found: Strip | None = None
        number: Count | None = None
        if self._counting:
            out = session.corrections.out
            draw = counting.Draw() if out is None else counting.read(out)
            units = counting.units_of(album, session.names, seed=draw.seed)
            number = counting.count(album, session.names, draw, decided=decided)
            row = draw.next_of(album, units) if row is None else row
            if row is not None:
                found = strips.strip_of(album, row, decided=decided, among=units.rows)
        else:
            left = strips.strips(album, session.labels, decided=decided, leave_out=self._passed)
            best = left[0] if left else None
            found = next((each for each in left if each.row == row), best)
        with self._lock:
            self.strip, self.count = found, number
            self.ticked = set(found.ticked) if found is not None else set()
            self.state = "none left" if found is None else "asking"
            self._draw()

    def _opened(self, key: str) -> None:
        session = self.session
        if session is None or key == ASKED:
            return
        ids = session.album.sightings[SIGHTING_ID]
        rows = [row for row in (self.strip.shown if self.strip else ()) if ids.iat[row] == key]
        if rows:
            self.tick(rows[0])

    def _run(self, job: Callable[[], None]) -> None:
        def attempt(*_: object) -> None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - shown where the user is looking
                self.message.failed(error)

        if not self._work.run(attempt, title="sorting anew", quiet=True):
            self.message.mend("other work is under way; press again when it is done")

    def _draw(self) -> None:
        session, thumbnails, strip = self.session, self.thumbnails, self.strip
        shown = in_html(self._words)
        cards: list[Card] = []
        if session is not None and strip is not None:
            cards = strip_cards(session.album, strip, sorted(self.ticked))
        pictures = None if thumbnails is None else QuestionPictures(thumbnails)
        self.sheet.show(cards, pictures=pictures)
        self.sheet.can_undo = bool(self._history)
        about = f"{HOW} {ABOUT[self._counting]}".format(words=shown)
        self.about.value = f"<p>{about}</p>"
        none = self.state == "none left"
        self.status.value = (
            f"<p role='status'>{NONE_LEFT[self._counting].format(words=shown)}</p>" if none else ""
        )
        self.begin_button.description = "Begin" if self.state == "empty" else "Look again"
        self.begin_button.layout.display = "none" if strip is not None else None
        for button in (self.done_button, self.skip_button):
            button.layout.display = None if strip is not None else "none"
        differ = strip is not None and not self._counting
        self.differ_button.layout.display = None if differ else "none"
        self.undo_button.layout.display = None if self._history else "none"
        if self._counting:
            self.number.value = "" if self.count is None else number_html(self.count)
            doubts: list[Card] = []
            if session is not None and self.count is not None:
                doubts = doubt_cards(session.album, self.count)
            self.doubts.show(doubts, pictures=pictures)
            self.doubts.layout.display = None if self.doubts.all_cards else "none"

    @property
    def _words(self) -> Words:
        return GENERIC_WORDS if self.session is None else self.session.album.words


def number_html(count: Count) -> str:
    """Return how many individuals there are, and what that assumes, as HTML."""
    words = in_html(count.words)
    groups = safe(count.words.count_individuals(count.groups))
    assumes = "".join(f"<li>{safe(each)}</li>" for each in count.assumes)
    text = f"<p role='status'><b>{safe(count.headline())}</b> The groups say {groups}.</p>"
    if assumes:
        text += f"<details><summary>What it assumes</summary><ul>{assumes}</ul></details>"
    if cases := len(count.ghosts) + len(count.lumps):
        text += f"<p>{counted(cases, 'doubt')} about {words.individuals}: below the strip.</p>"
    return text


def doubt_cards(album: Album, count: Count) -> list[Card]:
    """Return a card for each two groups that may be one, and for each group that may be two."""
    cards = []
    for kind, doubts, badge in (
        ("ghost", count.ghosts, f"may be one {count.words.individual}"),
        ("lump", count.lumps, f"may be two {count.words.individuals}"),
    ):
        for place, each in enumerate(doubts):
            cards.append(
                Card(
                    key=f"{kind}-{place}",
                    title=printable(" and ".join(each.names)),
                    badge=badge,
                    note=each.sure,
                    strips=(Pictures(tuple(sighting_picture(album, row) for row in each.rows)),),
                )
            )
    return cards


def _id(album: Album, row: int) -> str:
    return str(album.sightings[SIGHTING_ID].iat[row])


def _button(text: str, style: str = "") -> ipywidgets.Button:
    return ipywidgets.Button(
        description=text, button_style=style, layout=ipywidgets.Layout(width="auto")
    )
