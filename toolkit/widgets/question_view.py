"""One question after another: answers are kept at once, the faces sorted anew meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import ipywidgets
import traitlets

from toolkit.curation.decisions import Decision
from toolkit.curation.questions import Queue
from toolkit.errors import BadSetting
from toolkit.photos.thumbnails import Thumbnails
from toolkit.session import Session
from toolkit.widgets.background_work import Message, safe
from toolkit.widgets.contact_sheet import ContactSheet
from toolkit.widgets.debounce import Newest
from toolkit.widgets.question_deck import Deck, Step, deal, gesture
from toolkit.widgets.question_words import (
    DIFFERENT,
    FIRST,
    SAME,
    SECOND,
    UNDO,
    UNKNOWN,
    Asked,
    QuestionPictures,
    meaning,
    progress,
    question_card,
    standing,
    tally,
)

STATES = ("empty", "asking", "waiting", "none left")
# Questions whose pictures are made ahead, and seconds until that begins: those on the screen first.
AHEAD, SOON = 2, 0.4

VOID = "The question that stood here is settled by your other answers."
HELP = (
    "Click on the card once, and its keys work: s, d, x; 1 and 2; u to undo. “Cannot tell” is not "
    "kept: it is asked again another day."
)


class QuestionView(ipywidgets.VBox):
    """
    The question that settles the most, its answers, and the way to the next one.

    An answer is written in a thread before the next question is shown; the faces are sorted anew in
    another, once for all answers that came meanwhile. The question on the screen stays until it is
    answered, or settled by others.

    Gestures are methods: `answer`, `skip`, `leave_out`, `undo`, `look`.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    pending : bool
        Whether answers were given by which nobody is sorted yet; can be observed.
    alone : threading.RLock
        Held while the faces are sorted anew: whoever else sorts takes it, too.
    writing : threading.RLock
        Held while a decision is written; taken after `alone` where both are.

    Parameters
    ----------
    answered : callable, optional
        Called after each answer that is kept, in a thread.
    sorted_anew : callable, optional
        Called when the faces were sorted anew, in a thread.
    """

    state = traitlets.Enum(STATES, default_value="empty")
    pending = traitlets.Bool(False)

    def __init__(
        self,
        *,
        answered: Callable[[], None] | None = None,
        sorted_anew: Callable[[], None] | None = None,
    ) -> None:
        self.alone, self.writing = threading.RLock(), threading.RLock()
        self._lock = threading.RLock()
        self._answered, self._sorted_anew = answered, sorted_anew
        self.session: Session | None = None
        self.thumbnails: Thumbnails | None = None
        self._photo_of: list[int] = []
        self._deck: Deck | None = None
        self._asked: Asked | None = None
        self._taken = self._whole = self._looking = False
        self._number = self._undone = 0
        self._history: list[Step] = []
        self._by: tuple[Decision, ...] | None = None
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answers")
        self._last: Future[None] | None = None
        self._newest: Newest[Session] = Newest(self._renew, failed=self._failed)
        self._warm: Newest[Asked | None] = Newest(self._ahead, failed=lambda _: None)
        self.progress, self.meaning, self.status = (ipywidgets.HTML() for _ in range(3))
        self.message = Message()
        self.message.layout.min_height = "2.6em"
        self.sheet = ContactSheet(
            lambda tokens: [b""] * len(tokens),
            opened=lambda _: self.look(),
            acted=self._pressed,
            label="Question",
            empty="",
        )
        self.sheet.add_class("sightings-question")
        auto = ipywidgets.Layout(width="auto")
        self.undo_button = ipywidgets.Button(description="Undo", icon="undo", layout=auto)
        self.undo_button.on_click(lambda _: self.undo())
        self.help = ipywidgets.HTML(f"<p>{safe(HELP)}</p>")
        parts = [self.progress, self.meaning, self.message, self.status, self.sheet]
        super().__init__([*parts, self.undo_button, self.help])
        self.add_class("sightings-questions")
        self._draw()

    @property
    def asked(self) -> Asked | None:
        """The question on the screen."""
        return self._asked

    @property
    def queue(self) -> Queue | None:
        """It and those after it."""
        return None if self._deck is None else self._deck.queue

    def show(self, session: Session, deck: Deck, thumbnails: Thumbnails) -> None:
        """Begin with an album, its questions, and what makes pictures of all that was looked at."""
        with self._lock:
            self.session, self.thumbnails = session, thumbnails
            self._photo_of = session.looked.album.photo_of.tolist()
            self._history, self._by = [], session.corrections.decisions
            self._deck, self._asked = deck, None
            self.pending = self._looking = False
            self.message.clear()
            self._next()

    def answer(self, *, one: bool) -> None:
        """Say whether the two are one person."""
        self._press(SAME if one else DIFFERENT)

    def skip(self) -> None:
        """Leave the question open."""
        self._press(UNKNOWN)

    def leave_out(self, *, second: bool = False) -> None:
        """Leave one of the two faces out of everything."""
        self._press(SECOND if second else FIRST)

    def look(self) -> None:
        """Show the photos in place of the faces, or the faces again."""
        with self._lock:
            self._whole = not self._whole
            self._draw()

    def undo(self) -> None:
        """Take the last answer back, and show its question again."""
        session = self.session
        if session is not None:
            self._last = self._pool.submit(self._guarded, lambda: self._take_back(session))

    def renew(self, *, sorted_already: bool = False) -> None:
        """Look for questions anew; sort first unless somebody just did, by all decisions."""
        session = self.session
        if session is None:
            return
        if sorted_already:
            self._by = session.corrections.decisions
        else:
            self.pending = True
        self._ask(session)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all answers are kept and taken in; return whether that is so."""
        if self._last is not None:
            self._last.result(timeout)
        return self._newest.wait(timeout)

    def _pressed(self, key: str, action: str) -> None:
        # A key that was pressed for a question that is gone means nothing for the next one.
        if key == f"question-{self._number}":
            if action == UNDO:
                self.undo()
            else:
                self._press(action)

    def _press(self, what: str) -> None:
        with self._lock:
            asked, session = self._asked, self.session
            if asked is None or session is None or self._taken:
                return
            self._taken = True
            self._last = self._pool.submit(self._guarded, lambda: self._take(session, asked, what))

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - shown where the user is looking
            with self._lock:
                self._taken = False
                self.message.failed(error)

    def _take(self, session: Session, asked: Asked, what: str) -> None:
        """Keep an answer, then show the next question."""
        with self.writing:
            if what != UNKNOWN:
                session.corrections.add(gesture(session, asked, what))
            after = session.corrections.decisions
        with self._lock:
            self._history.append(Step(asked, what, after))
            said = f"Kept: {session.corrections.last}." if what != UNKNOWN else "Left open."
            self.message.remark(said)
            self._drop(asked, settled=what != UNKNOWN)
            self.pending = self.pending or what != UNKNOWN
            self._next()
        if what != UNKNOWN:
            self._ask(session)
            if self._answered is not None:
                self._answered()

    def _take_back(self, session: Session) -> None:
        with self.writing:
            made = session.corrections.decisions
            found = [at for at, step in enumerate(self._history) if step.after == made]
            step = self._history[found[-1]] if found else None
            open_again = step is not None and step.what == UNKNOWN
            said = "that it cannot be told" if open_again else session.corrections.undo()
            if said and not open_again:
                # It may have been sorted by what is gone now.
                self._undone, self._by = self._undone + 1, None
        with self._lock:
            if not said:
                self.message.remark("There is nothing to take back.")
                return
            if step is None:
                self.message.remark(f"Taken back: {said}.")
            else:
                # Later ones were taken back elsewhere.
                del self._history[found[-1] :]
                self._bring_back(step.asked, settled=not open_again)
                self.message.remark(f"Taken back: {said}. Here is that question again.")
            self.pending = self.pending or not open_again
            self._draw()
        if not open_again:
            self._ask(session)
            if self._answered is not None:
                self._answered()

    def _ask(self, session: Session) -> None:
        """Have questions looked for; answers that come meanwhile ask once more, for all of them."""
        with self._lock:
            self._looking = True
            self._draw_words()
        self._newest.ask(session)

    def _renew(self, session: Session) -> None:
        """Sort by all answers, and find the questions that are left; in a thread."""
        with self.alone:
            if session is not self.session:
                return
            undone, made = self._undone, session.corrections.decisions
            if anew := made != self._by:
                if session.corrections.out is None:
                    raise BadSetting("this album has no folder of results; export it first")
                # The same folder: what it does is to sort by all that was decided.
                session.keep_in(session.corrections.out)
                self._by = made
            skipped = [step.asked.pair for step in self._history if step.what == UNKNOWN]
            found = deal(session, skipped=skipped, writing=self.writing, since=made)
            with self._lock:
                if found is None or undone != self._undone:
                    # A face was left out, or an answer taken back: that asks for another sorting.
                    self._by = None
                    return
                self._adopt(found)
                self.pending = self._looking = session.corrections.decisions != self._by
                self._draw_words()
        if anew and self._sorted_anew is not None:
            self._sorted_anew()

    def _adopt(self, deck: Deck) -> None:
        """Take new questions for those that come after the one on the screen."""
        self._deck = deck
        for step in self._history:
            self._drop(step.asked, settled=step.what != UNKNOWN)
        asked = self._asked
        if self._taken:
            # It is being written, and makes room for the next by itself.
            return
        if asked is None:
            self._next()
        elif deck.settles(asked):
            self.message.remark(VOID)
            self._drop(asked)
            self._next()
        elif not any(each.pair == asked.pair for each in deck.asked):
            self._bring_back(asked, settled=False)

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self.message.failed(error)
            self.pending = self._looking = False
            self._draw_words()

    def _drop(self, asked: Asked, *, settled: bool = True) -> None:
        if self._deck is not None:
            self._deck = self._deck.without(asked, settled=settled)

    def _bring_back(self, asked: Asked, *, settled: bool) -> None:
        """Ask a question again, before all others."""
        if self._deck is not None:
            self._deck = self._deck.beginning_with(asked, settled=settled)
        if self._asked is not asked:
            self._asked, self._taken, self._whole = asked, False, False
            self._number += 1

    def _next(self) -> None:
        """Show the first question that is left."""
        gone = {face for step in self._history for face in step.left_out}
        deck = self._deck
        while deck is not None and deck.asked and gone & deck.asked[0].pair:
            self._drop(deck.asked[0])
            deck = self._deck
        self._asked = deck.asked[0] if deck is not None and deck.asked else None
        self._taken = self._whole = False
        self._number += 1
        self._draw()

    def _draw(self) -> None:
        session, thumbnails, asked = self.session, self.thumbnails, self._asked
        cards = []
        if session is not None and thumbnails is not None and asked is not None:
            cards = [
                question_card(
                    asked,
                    f"question-{self._number}",
                    session.looked.album,
                    self._photo_of,
                    thumbnails,
                    whole=self._whole,
                    undo=self._can_undo(),
                )
            ]
        pictures = None if thumbnails is None else QuestionPictures(thumbnails)
        self.sheet.show(cards, pictures=pictures)
        self._draw_words()
        self._warm.ask(asked)

    def _draw_words(self) -> None:
        queue = self.queue
        if queue is None:
            self.state = "empty"
        elif self._asked is not None:
            self.state = "asking"
        else:
            self.state = "waiting" if self._looking else "none left"
        done = sum(step.what != UNKNOWN for step in self._history)
        moved = sum(step.moved for step in self._history)
        so_far = f" So far: {tally(done, moved)}." if done else ""
        self.progress.value = (
            f"<p role='status' style='margin: 0'><b>{safe(progress(queue))}</b>{safe(so_far)}</p>"
            if queue is not None
            else ""
        )
        self.meaning.value = (
            f"<p style='margin: 0'>{safe(meaning(queue))}</p>" if queue is not None else ""
        )
        self.status.value = standing(
            tally(done, moved) if done else "",
            looking=self._looking,
            left=queue is None or self._asked is not None,
        )
        asking = self.state == "asking"
        undo = not asking and self._can_undo()
        self.undo_button.layout.display = None if undo else "none"
        self.help.layout.display = None if asking else "none"

    def _can_undo(self) -> bool:
        return bool(self._history) or (
            self.session is not None and self.session.corrections.can_undo
        )

    def _ahead(self, asked: Asked | None) -> None:
        """Make the pictures of the next questions, so that they are there at once."""
        threading.Event().wait(SOON)
        deck, thumbnails, session = self._deck, self.thumbnails, self.session
        if deck is None or thumbnails is None or session is None:
            return
        if asked is None or asked is not self._asked:
            return
        for each in [x for x in deck.asked if x is not asked][:AHEAD]:
            card = question_card(each, "", session.looked.album, self._photo_of, thumbnails)
            tokens = [picture.token for strip in card.strips for picture in strip.pictures]
            QuestionPictures(thumbnails)(tokens)
