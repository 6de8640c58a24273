"""Which questions there are about an album, and what an answer decides."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import NamedTuple

from toolkit.curation import decisions, history
from toolkit.curation.decisions import Decision
from toolkit.curation.history import Gesture
from toolkit.curation.questions import Queue
from toolkit.evaluation.audit import numbered
from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import components
from toolkit.session import Session
from toolkit.widgets.question_words import DIFFERENT, FIRST, SAME, SECOND, Asked, asked_of


class Deck(NamedTuple):
    """Questions as they were found at one moment: `queue` has the same ones as `asked`."""

    queue: Queue
    asked: tuple[Asked, ...]
    # Who everybody is, by rows that no correction changes.
    who: tuple[str | None, ...]
    decided: Decided
    place: dict[int, int]

    def without(self, asked: Asked, *, settled: bool = True) -> Deck:
        """Return it without a question, and all others about the same two faces."""
        queue = self.queue
        for each in self.asked:
            if each.pair == asked.pair:
                queue = queue.without(each.question, settled=settled)
        rest = tuple(each for each in self.asked if each.pair != asked.pair)
        return self._replace(queue=queue, asked=rest)

    def beginning_with(self, asked: Asked, *, settled: bool) -> Deck:
        """Return it with a question before all others; `settled`: its doubt was taken out."""
        rest = self.without(asked, settled=False)
        doubt = rest.queue.doubt + (asked.question.doubt if settled else 0.0)
        made = (asked.question, *rest.queue.questions)
        queue = replace(rest.queue, questions=made, doubt=doubt)
        return rest._replace(queue=queue, asked=(asked, *rest.asked))

    def settles(self, asked: Asked) -> bool:
        """Whether what was decided leaves nothing to ask of a question."""
        rows = [self.place.get(face) for face in (asked.first, asked.second)]
        one_now = self.who[asked.first] == self.who[asked.second]
        if None in rows or one_now != (asked.question.kind == "together"):
            return True
        family = components(len(self.place), self.decided.must)
        ends = {int(family[row]) for row in rows if row is not None}
        never = (set(pair) for pair in family[self.decided.cannot].tolist())
        return len(ends) == 1 or ends in never


@dataclass(frozen=True, eq=False)
class Step:
    """What was pressed, and all decisions after it."""

    asked: Asked
    what: str
    after: tuple[Decision, ...]

    @property
    def moved(self) -> int:
        """Photos that change their person by it."""
        kept = {"together": SAME, "apart": DIFFERENT}[self.asked.question.kind]
        return self.asked.question.photos if self.what in {SAME, DIFFERENT} - {kept} else 0

    @property
    def left_out(self) -> tuple[int, ...]:
        """Faces that were left out by it."""
        faces = {FIRST: (self.asked.first,), SECOND: (self.asked.second,)}
        return faces.get(self.what, ())


def deal(
    session: Session,
    *,
    skipped: list[frozenset[int]] | None = None,
    writing: threading.RLock | None = None,
    since: tuple[Decision, ...] | None = None,
) -> Deck | None:
    """
    Find the questions about an album as it is sorted now.

    Parameters
    ----------
    sorting : Session
        The album.
    skipped : list of frozenset of int, optional
        Pairs of rows of ``sorting.looked.album`` that are not asked.
    writing : lock, optional
        Held while what changes with a decision is read.
    since : tuple of Decision, optional
        What it was sorted by.

    Returns
    -------
    Deck or None
        None where faces were left out, or taken back in, since it was sorted.
    """
    with writing or threading.RLock():
        made = session.corrections.decisions
        faces = session.scanned_rows.tolist()
        if len(faces) != len(session.album) or _ignored(since or made) != _ignored(made):
            return None
        who, decided = session.everybody, session.decided
    place = {face: row for row, face in enumerate(faces)}
    open_pairs = [tuple(pair) for pair in skipped or [] if pair <= place.keys()]
    queue = session.queue(leave_out=[(place[one], place[two]) for one, two in open_pairs])
    asked = tuple(asked_of(question, faces, who) for question in queue)
    return Deck(queue, asked, who, decided, place)


def _ignored(made: tuple[Decision, ...]) -> list[Decision]:
    return [each for each in made if each.kind == "ignore"]


def gesture(session: Session, asked: Asked, what: str) -> Gesture:
    """Return what an answer decides, by rows of everything that was looked at."""
    album = session.looked.album
    if what in (SAME, DIFFERENT):
        made = history.same if what == SAME else history.different
        return made(album, asked.who, asked.first, asked.second)
    row = asked.first if what == FIRST else asked.second
    kept = [each for each in session.corrections.decisions if each.kind != "ignore"]
    decided = decisions.apply(kept, album)
    return history.ignore(album, numbered(asked.who), asked.who, row, decided=decided)
