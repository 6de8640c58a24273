"""One question after another: answers are kept at once, all sorted anew meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import ipywidgets
import traitlets

from toolkit.curation.decisions import Decision
from toolkit.curation.question_deck import (
    DIFFERENT,
    FIRST,
    SAME,
    SECOND,
    UNCLEAR,
    Asked,
    Deck,
    Step,
    deal,
    gesture,
)
from toolkit.curation.questions import Queue
from toolkit.errors import BadSetting
from toolkit.evaluation.audit import floored
from toolkit.names import counted, printable
from toolkit.photos.side_by_side import side_by_side
from toolkit.photos.thumbnails import LARGEST, Thumbnails, jpeg_of, placeholder
from toolkit.records import GENERIC_WORDS, Album, Words
from toolkit.scanning.pair_views import PairViews
from toolkit.session import Session
from toolkit.widgets.background_work import InOrder, Message, Newest, safe
from toolkit.widgets.contact_sheet import Action, Card, ContactSheet, Picture, Strip
from toolkit.widgets.individuals_view import (
    SightingPictures,
    counts,
    file_of,
    sighting_picture,
    where_and_when,
)

# Further sightings of either side; px of the screen of them, and of whole photos.
FURTHER, SMALL, WHOLE = 6, 60, 420
# px of the height of two sightings with lines between what they have in common.
IN_COMMON = 300

TAKE_BACK = Action("undo", "Undo", "u")

WAITING = "Sorting anew with your last answers; there may be more to ask."


class QuestionPictures(SightingPictures):
    """
    As `SightingPictures`; the token "large:ROW" is a sighting as large as it can be had, and
    "common:ROW:ROW" two of them with lines between what they have in common.

    Parameters
    ----------
    thumbnails : Thumbnails
        What makes and keeps the others.
    views : PairViews, optional
        What shows pairs; without it there are no such tokens.
    """

    def __init__(self, thumbnails: Thumbnails, views: PairViews | None = None) -> None:
        super().__init__(thumbnails)
        self._views = views

    def __call__(self, tokens: Sequence[str]) -> list[bytes]:
        """Return a JPEG for each token."""
        drawn = {each: self._in_common(each) for each in tokens if each.startswith("common:")}
        if drawn:
            rest = iter(self([token for token in tokens if token not in drawn]))
            return [drawn[token] if token in drawn else next(rest) for token in tokens]
        rows = [int(token[6:]) for token in tokens if token.startswith("large:")]
        large = iter(self.thumbnails.crops(rows, LARGEST))
        others = iter(super().__call__([x for x in tokens if not x.startswith("large:")]))
        return [next(large if token.startswith("large:") else others) for token in tokens]

    def slow(self, token: str) -> bool:
        """Whether the picture takes so long that others go before it."""
        return token.startswith("common:")

    def _in_common(self, token: str) -> bytes:
        first, second = (int(row) for row in token.split(":")[1:])
        view = None if self._views is None else self._views.of(first, second)
        if view is None:
            return placeholder((2 * IN_COMMON, IN_COMMON))
        told = view.told(self.thumbnails.album.words)
        parts = (*view.chips, *view.places)
        return jpeg_of(
            side_by_side(*parts, height=IN_COMMON, caption=told, warning=view.on_background)
        )


def actions_for(words: Words) -> tuple[Action, ...]:
    """Return the buttons of a question."""
    return (
        Action(SAME, f"Same {words.individual}", "s"),
        Action(DIFFERENT, f"Different {words.individuals}", "d"),
        Action(UNCLEAR, "Cannot tell", "x"),
        Action(FIRST, f"Leave the first {words.singular} out", "1"),
        Action(SECOND, f"Leave the second {words.singular} out", "2"),
    )


def question_card(
    asked: Asked,
    key: str,
    album: Album,
    photo_of: Sequence[int],
    thumbnails: Thumbnails,
    *,
    whole: bool = False,
    undo: bool = False,
    common: bool = False,
    around: str = "",
) -> Card:
    """
    Return the card of a question.

    Parameters
    ----------
    asked : Asked
        The question.
    key : str
        The card's.
    album : Album
        Everything that was looked at.
    photo_of : sequence of int
        A number for the photo of each sighting of it.
    thumbnails : Thumbnails
        Of the same; chooses the clearest sightings.
    whole : bool
        Show the two photos in place of the sightings.
    undo : bool
        Whether there is an answer to be taken back.
    common : bool
        Show what the two have in common, too.
    around : str
        How much that is, and what is around them; "" where it is not known.
    """
    words, strips = album.words, []
    for place, row in enumerate((asked.first, asked.second)):
        side, which = asked.sides[place], ("first", "second")[place]
        file = file_of(album, row)
        large = Picture(
            f"{'whole' if whole else 'large'}:{row}",
            f"{file}, with the {which} {words.singular} boxed"
            if whole
            else f"the {which} {words.singular}, in {file}",
            WHOLE if whole else LARGEST,
        )
        best = [each for each in thumbnails.best(side, FURTHER + 1) if each != row][:FURTHER]
        small = [replace(sighting_picture(album, each), size=SMALL) for each in best]
        label = _label(asked, place, photo_of, words)
        if taken := where_and_when(album, row):
            label = f"{label}; {taken}"
        strips.append(Strip((large, *small), label))
    if common:
        token = f"common:{asked.first}:{asked.second}"
        what = f"the two {words.plural}, with lines between what they have in common"
        strips.append(
            Strip((Picture(token, what, IN_COMMON),), around or "What they have in common")
        )
    return Card(
        key=key,
        title=f"Are these two one {words.individual}?",
        badge=likely(asked.question.probability, words),
        note=why(asked, photo_of, words),
        strips=tuple(strips),
        actions=(*actions_for(words), *([TAKE_BACK] if undo else [])),
        opens=f"See the {words.plural}" if whole else "See the photos",
    )


def _label(asked: Asked, place: int, photo_of: Sequence[int], words: Words) -> str:
    side = asked.sides[place]
    size = counts(len({photo_of[row] for row in side}), len(side), words)
    word = ("First", "Second")[place]
    name = printable(asked.names[place])
    if asked.question.kind == "together":
        return f"{word}: {name}, a part of {size}"
    return f"{word}: {name}, {size}"


def why(asked: Asked, photo_of: Sequence[int], words: Words) -> str:
    """Say why a question is asked: what the answer that the grouping does not have would move."""
    both = len({photo_of[row] for side in asked.sides for row in side})
    moved = asked.question.photos
    verb = "moves" if moved == 1 else "move"
    if asked.question.kind == "together":
        return (
            f"They are one {words.individual} now, in {counted(both, 'photo')}. If they are two, "
            f"{counted(moved, 'photo')} {verb}."
        )
    return (
        f"They are two {words.individuals} now. If they are one, "
        f"{counted(moved, 'photo')} {verb}, and {counted(both, 'photo')} come together."
    )


def likely(probability: float, words: Words) -> str:
    """Say how likely it is that two sightings are one individual."""
    one, two = f"one {words.individual}", f"two {words.individuals}"
    texts = (
        (0.95, f"almost surely {one}"),
        (0.7, f"probably {one}"),
        (0.3, "could be either"),
        (0.05, f"probably {two}"),
    )
    word = next((text for least, text in texts if probability >= least), f"almost surely {two}")
    percent = f"{probability:.0%}"
    if 0 < probability < 0.005:
        percent = "less than 1%"
    elif 0.995 <= probability < 1:
        percent = "more than 99%"
    return f"by the numbers: {word} ({percent} that they are one)"


def progress(queue: Queue) -> str:
    """Say how pure the groups are expected to be, and how many questions that goal is away."""
    goal = f"{queue.goal:.0%}"
    share = f"Expected purity {floored(queue.purity)}"
    if seconds := round(queue.seconds):
        share += f", about {counted(seconds, 'second folder')}"
    if not len(queue):
        return f"{share}; no questions left."
    if queue.left == 0:
        return f"{share}; {goal} is reached: what follows is for the careful."
    if queue.left is None:
        return f"{share}; these {counted(len(queue), 'question')} do not reach {goal}; more follow."
    return f"{share}; {counted(queue.left, 'question')} to {goal}."


def meaning(queue: Queue, words: Words) -> str:
    """Say what the expected purity means."""
    wrong = round((1 - queue.purity) * queue.sightings)
    number = "hardly any" if wrong == 0 else f"about {wrong:,}"
    verb = "is" if wrong == 1 else "are"
    return (
        f"Of {words.count(queue.sightings)}, {number} {verb} expected to be with "
        f"{words.somebody_else}: by what the distances of the {words.plural} say, not counted. "
        f"A second folder is one of {words.an_individual} who has another. "
        "The question that settles the most comes first."
    )


def tally(answers: int, moved: int) -> str:
    """Say what was answered so far."""
    return f"{counted(answers, 'answer')}, {counted(moved, 'photo')} moved"


def standing(said: str, words: Words, *, looking: bool, left: bool) -> str:
    """
    Say what goes on beside the questions, or what comes after the last one, as HTML.

    Parameters
    ----------
    said : str
        What was answered so far; "" for nothing.
    words : Words
        What is told apart.
    looking : bool
        Whether the album is being sorted anew, and questions looked for.
    left : bool
        Whether a question is on the screen, or none was looked for yet.
    """
    if looking:
        return f"<p role='status'>{safe(WAITING)}</p>"
    if left:
        return ""
    also = f"{said}. " if said else ""
    return (
        f"<p role='status'><b>No questions left.</b> {safe(also)}Look through the "
        f"{safe(words.individuals)}, then export: only that moves the copies.</p>"
    )


STATES = ("empty", "asking", "waiting", "none left")
# Questions whose pictures are made ahead, and seconds until that begins: those on the screen first.
AHEAD, SOON = 2, 0.4

VOID = "The question that stood here is settled by your other answers."
HELP = (
    "Click on the card once, and its keys work: s, d, x; 1 and 2; u to undo. “Cannot tell” is "
    "kept, too: it changes nothing, and is not asked again."
)


class QuestionView(ipywidgets.VBox):
    """
    The question that settles the most, its answers, and the way to the next one.

    An answer is written in a thread before the next question is shown; all are sorted anew in
    another, once for all answers that came meanwhile. The question on the screen stays until it is
    answered, or settled by others.

    Gestures are methods: `answer`, `skip`, `leave_out`, `undo`, `look`.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    pending : bool
        Whether answers were given by which nothing is sorted yet; can be observed.
    alone : threading.RLock
        Held while the album is sorted anew: whoever else sorts takes it, too.
    writing : threading.RLock
        Held while a decision is written; taken after `alone` where both are.

    Parameters
    ----------
    answered : callable, optional
        Called after each answer that is kept, in a thread.
    sorted_anew : callable, optional
        Called when the album was sorted anew, in a thread.
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
        self._views: PairViews | None = None
        self._photo_of: list[int] = []
        self._deck: Deck | None = None
        self._asked: Asked | None = None
        self._taken = self._whole = self._looking = False
        self._number = self._undone = 0
        self._history: list[Step] = []
        self._by: tuple[Decision, ...] | None = None
        self._pressed_so_far = InOrder("answers")
        self._newest: Newest[Session] = Newest(self._renew, failed=self._failed)
        self._warm: Newest[Asked | None] = Newest(self._ahead, failed=lambda _: None)
        self.progress, self.meaning, self.status = (ipywidgets.HTML() for _ in range(3))
        self.message = Message()
        self.message.layout.min_height = "2.6em"
        self.sheet = ContactSheet(
            lambda tokens: [b""] * len(tokens),
            opened=lambda _: self.look(),
            acted=self._pressed,
            undone=self.undo,
            label="Question",
            empty="",
        )
        self.sheet.follow(self.message)
        self.message.add_class("sightings-tools")
        self.sheet.add_class("sightings-question")
        auto = ipywidgets.Layout(width="auto")
        self.undo_button = ipywidgets.Button(description="Undo", icon="undo", layout=auto)
        self.undo_button.on_click(lambda _: self.undo())
        self.help = ipywidgets.HTML(f"<p>{safe(HELP)}</p>")
        parts = [self.progress, self.meaning, self.message, self.status, self.sheet]
        super().__init__([*parts, self.undo_button, self.help])
        self.add_class("sightings-questions").add_class("sightings-said")
        self._draw()

    @property
    def asked(self) -> Asked | None:
        """The question on the screen."""
        return self._asked

    @property
    def queue(self) -> Queue | None:
        """It and those after it."""
        return None if self._deck is None else self._deck.queue

    def show(
        self,
        session: Session,
        deck: Deck,
        thumbnails: Thumbnails,
        views: PairViews | None = None,
    ) -> None:
        """
        Begin with an album, its questions, and what makes pictures of all that was looked at.

        `views` shows what two have in common, where that can be shown.
        """
        with self._lock:
            self.session, self.thumbnails, self._views = session, thumbnails, views
            self._photo_of = session.looked.album.photo_of.tolist()
            self._history, self._by = [], session.corrections.decisions
            self._deck, self._asked = deck, None
            self.pending = self._looking = False
            self.message.clear()
            self._next()

    def answer(self, *, one: bool) -> None:
        """Say whether the two are one individual."""
        self._press(SAME if one else DIFFERENT)

    def skip(self) -> None:
        """Say that it cannot be told: that is kept, and not asked again."""
        self._press(UNCLEAR)

    def leave_out(self, *, second: bool = False) -> None:
        """Leave one of the two sightings out of everything."""
        self._press(SECOND if second else FIRST)

    def look(self) -> None:
        """Show the photos in place of the sightings, or these again."""
        with self._lock:
            self._whole = not self._whole
            self._draw()

    def undo(self) -> None:
        """Take the last answer back, and show its question again."""
        session = self.session
        if session is not None:
            self._in_turn(lambda: self._take_back(session))

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
        self._pressed_so_far.wait(timeout)
        return self._newest.wait(timeout)

    def _pressed(self, key: str, action: str) -> None:
        # A key that was pressed for a question that is gone means nothing for the next one.
        if key == f"question-{self._number}":
            if action == TAKE_BACK.key:
                self.undo()
            else:
                self._press(action)

    def _press(self, what: str) -> None:
        with self._lock:
            asked, session = self._asked, self.session
            if asked is None or session is None or self._taken:
                return
            self._taken = True
            self._in_turn(lambda: self._take(session, asked, what))

    def _in_turn(self, step: Callable[[], None]) -> None:
        """Do something in the thread of answers, after all that was pressed before."""

        def attempt() -> None:
            try:
                step()
            except Exception as error:  # noqa: BLE001 - shown where the user is looking
                with self._lock:
                    self._taken = False
                    self.message.failed(error)

        self._pressed_so_far.do(attempt)

    def _take(self, session: Session, asked: Asked, what: str) -> None:
        """Keep an answer, then show the next question."""
        with self.writing:
            made = session.corrections.decisions
            session.corrections.add(gesture(session.looked.album, made, asked, what))
            after = session.corrections.decisions
        with self._lock:
            self._history.append(Step(asked, what, after))
            self.message.remark(f"Kept: {session.corrections.last}.")
            self._drop(asked, settled=what != UNCLEAR)
            self.pending = True
            self._next()
        self._ask(session)
        if self._answered is not None:
            self._answered()

    def _take_back(self, session: Session) -> None:
        with self.writing:
            made = session.corrections.decisions
            found = [at for at, step in enumerate(self._history) if step.after == made]
            step = self._history[found[-1]] if found else None
            said = session.corrections.undo()
            if said:
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
                self._bring_back(step.asked, settled=step.what != UNCLEAR)
                self.message.remark(f"Taken back: {said}. Here is that question again.")
            self.pending = True
            self._draw()
        self._ask(session)
        if self._answered is not None:
            self._answered()

    def _ask(self, session: Session) -> None:
        """Have questions looked for; answers that come meanwhile ask once more, for all of them."""
        with self._lock:
            self._looking = True
            self._draw_words()
        self._newest.ask(session)

    def _renew(self, session: Session, _: threading.Event) -> None:
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
            found = deal(session, writing=self.writing)
            with self._lock:
                if found is None or undone != self._undone:
                    # Left out since, or an answer taken back: that asks for another sorting.
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
            self._drop(step.asked, settled=step.what != UNCLEAR)
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
        gone = {row for step in self._history for row in step.left_out}
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
                    common=self._views is not None,
                    around=session.around(asked.first, asked.second),
                )
            ]
        pictures = None if thumbnails is None else QuestionPictures(thumbnails, self._views)
        self.sheet.show(cards, pictures=pictures)
        self._draw_words()
        self._warm.ask(asked)

    def _draw_words(self) -> None:
        queue, words = self.queue, self._words
        if queue is None:
            self.state = "empty"
        elif self._asked is not None:
            self.state = "asking"
        else:
            self.state = "waiting" if self._looking else "none left"
        done = len(self._history)
        moved = sum(step.moved for step in self._history)
        so_far = f" So far: {tally(done, moved)}." if done else ""
        self.progress.value = (
            f"<p role='status' style='margin: 0'><b>{safe(progress(queue))}</b>{safe(so_far)}</p>"
            if queue is not None
            else ""
        )
        self.meaning.value = (
            f"<p style='margin: 0'>{safe(meaning(queue, words))}</p>" if queue is not None else ""
        )
        self.status.value = standing(
            tally(done, moved) if done else "",
            words,
            looking=self._looking,
            left=queue is None or self._asked is not None,
        )
        asking = self.state == "asking"
        undo = not asking and self._can_undo()
        self.undo_button.layout.display = None if undo else "none"
        self.sheet.can_undo = self._can_undo()
        self.help.layout.display = None if asking else "none"

    def _can_undo(self) -> bool:
        return bool(self._history) or (
            self.session is not None and self.session.corrections.can_undo
        )

    @property
    def _words(self) -> Words:
        return GENERIC_WORDS if self.session is None else self.session.album.words

    def _ahead(self, asked: Asked | None, overtaken: threading.Event) -> None:
        """Make the pictures of the next questions, so that they are there at once."""
        if overtaken.wait(SOON):
            return
        deck, thumbnails, session = self._deck, self.thumbnails, self.session
        if deck is None or thumbnails is None or session is None:
            return
        if asked is None or asked is not self._asked:
            return
        for each in [x for x in deck.asked if x is not asked][:AHEAD]:
            about = session.looked.album, self._photo_of, thumbnails
            card = question_card(each, "", *about, common=self._views is not None)
            tokens = [picture.token for strip in card.strips for picture in strip.pictures]
            QuestionPictures(thumbnails, self._views)(tokens)
