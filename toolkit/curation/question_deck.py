"""
Which questions there are about an album, and what an answer decides.

No correction changes the rows of sightings: so an answer that comes while others are worked in
means what it meant on the screen.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from toolkit.curation import decisions, history
from toolkit.curation.decisions import Decision
from toolkit.curation.history import Corrections, Gesture
from toolkit.curation.questions import Question, Queue
from toolkit.evaluation.audit import numbered
from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import components
from toolkit.records import Album

# What can be answered: of the two sightings, and of either one that it is left out.
SAME, DIFFERENT, UNCLEAR, FIRST, SECOND = "same", "different", "unclear", "first", "second"


class Sorted(Protocol):
    """What is asked of an album in hand: `toolkit.session.Session`."""

    @property
    def album(self) -> Album:
        """What was seen; those that are left out are ignored."""

    @property
    def corrections(self) -> Corrections:
        """What was decided so far."""

    @property
    def names(self) -> tuple[str | None, ...]:
        """What each sighting is called."""

    @property
    def decided(self) -> Decided:
        """What was decided about the sightings of `album`."""

    def queue(self) -> Queue:
        """Return the questions."""


@dataclass(frozen=True, eq=False)
class Asked:
    """
    A question, with what everybody was called when it was asked.

    Attributes
    ----------
    question : Question
        As the queue has it.
    first, second : int
        The two sightings.
    sides : tuple of two tuples of int
        The sightings that go with the first one, and with the second one.
    names : tuple of two str
        Who they are now.
    who : tuple of str or None
        What each sighting was called when it was asked.
    """

    question: Question
    first: int
    second: int
    sides: tuple[tuple[int, ...], tuple[int, ...]]
    names: tuple[str, str]
    who: tuple[str | None, ...]

    @property
    def pair(self) -> frozenset[int]:
        """The two sightings, in no order."""
        return frozenset((self.first, self.second))


def asked_of(question: Question, who: tuple[str | None, ...]) -> Asked:
    """
    Return a question, the sides in the order of its two sightings.

    Parameters
    ----------
    question : Question
        Of the queue.
    who : tuple of str or None
        What each sighting is called.
    """
    first, second = question.first, question.second
    one, other = (tuple(side.tolist()) for side in question.sides)
    sides = (one, other) if first in one else (other, one)
    return Asked(question, first, second, sides, (str(who[first]), str(who[second])), who)


class Deck(NamedTuple):
    """Questions as they were found at one moment: `queue` has the same ones as `asked`."""

    queue: Queue
    asked: tuple[Asked, ...]
    # What each sighting is called, what was decided about them, and which are ignored.
    who: tuple[str | None, ...]
    decided: Decided
    ignored: npt.NDArray[np.bool_]

    def without(self, asked: Asked, *, settled: bool = True) -> Deck:
        """Return it without a question, and all others about the same two sightings."""
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
        rows = [asked.first, asked.second]
        one_now = self.who[asked.first] == self.who[asked.second]
        if self.ignored[rows].any() or one_now != (asked.question.kind == "together"):
            return True
        if sorted(rows) in self.decided.unclear.tolist():
            return True
        family = components(len(self.who), self.decided.must)
        ends = set(family[rows].tolist())
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
        """Photos that change their individual by it."""
        kept = {"together": SAME, "apart": DIFFERENT}[self.asked.question.kind]
        return self.asked.question.photos if self.what in {SAME, DIFFERENT} - {kept} else 0

    @property
    def left_out(self) -> tuple[int, ...]:
        """Sightings that were left out by it."""
        out = {FIRST: (self.asked.first,), SECOND: (self.asked.second,)}
        return out.get(self.what, ())


def deal(
    session: Sorted,
    *,
    writing: threading.RLock | None = None,
) -> Deck | None:
    """
    Find the questions about an album as it is sorted now.

    Parameters
    ----------
    session : Session
        The album.
    writing : lock, optional
        Held while what changes with a decision is read.

    Returns
    -------
    Deck or None
        None where sightings were left out, or taken back in, since it was sorted.
    """
    with writing or threading.RLock():
        album, corrections = session.album, session.corrections
        now = decisions.masked(corrections.album, corrections.decisions)
        if not np.array_equal(now.ignored, album.ignored):
            return None
        who, decided = session.names, session.decided
    queue = session.queue()
    asked = tuple(asked_of(question, who) for question in queue)
    return Deck(queue, asked, who, decided, album.ignored)


def gesture(album: Album, made: Sequence[Decision], asked: Asked, what: str) -> Gesture:
    """
    Return what an answer decides.

    Parameters
    ----------
    album : Album
        Everything that was looked at.
    made : sequence of Decision
        What was decided before.
    asked : Asked
        The question.
    what : str
        `SAME`, `DIFFERENT`, `UNCLEAR`, `FIRST` or `SECOND`.
    """
    edits = {SAME: history.same, DIFFERENT: history.different, UNCLEAR: history.unclear}
    if what in edits:
        return edits[what](album, asked.who, asked.first, asked.second)
    row = asked.first if what == FIRST else asked.second
    decided = decisions.apply([each for each in made if each.kind != "ignore"], album)
    return history.ignore(album, numbered(asked.who), asked.who, row, decided=decided)
