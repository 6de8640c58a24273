"""What a question about two faces looks like: the card, its words, and how far the answers go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.curation.questions import Question, Queue
from toolkit.names import counted, printable
from toolkit.photos.thumbnails import LARGEST, Thumbnails
from toolkit.records import Album
from toolkit.widgets.background_work import safe
from toolkit.widgets.contact_sheet import Action, Card, Picture, Strip
from toolkit.widgets.individual_cards import FacePictures, counts, file_of

# Further faces of either side; px of the screen of them, of the two faces, and of whole photos.
FURTHER, SMALL, WHOLE = 6, 60, 420

SAME, DIFFERENT, UNKNOWN, FIRST, SECOND, UNDO = (
    "same",
    "different",
    "skip",
    "first",
    "second",
    "undo",
)
ACTIONS = (
    Action(SAME, "Same person", "s"),
    Action(DIFFERENT, "Different people", "d"),
    Action(UNKNOWN, "Cannot tell", "x"),
    Action(FIRST, "Leave the first face out", "1"),
    Action(SECOND, "Leave the second face out", "2"),
)
TAKE_BACK = Action(UNDO, "Undo", "u")

WAITING = "Sorting anew with your last answers; there may be more to ask."


@dataclass(frozen=True, eq=False)
class Asked:
    """
    A question, by rows that no correction changes.

    Attributes
    ----------
    question : Question
        As the queue has it.
    first, second : int
        The two faces: rows of everything that was looked at.
    sides : tuple of two tuples of int
        The faces that go with the first one, and with the second one.
    names : tuple of two str
        Who they are now.
    who : tuple of str or None
        Who everybody was when it was asked.
    """

    question: Question
    first: int
    second: int
    sides: tuple[tuple[int, ...], tuple[int, ...]]
    names: tuple[str, str]
    who: tuple[str | None, ...]

    @property
    def pair(self) -> frozenset[int]:
        """The two faces, in no order."""
        return frozenset((self.first, self.second))


class QuestionPictures(FacePictures):
    """As `FacePictures`; the token "large:ROW" is a face as large as it can be had."""

    def __call__(self, tokens: Sequence[str]) -> list[bytes]:
        """Return a JPEG for each token."""
        rows = [int(token[6:]) for token in tokens if token.startswith("large:")]
        large = iter(self.thumbnails.crops(rows, LARGEST))
        others = iter(super().__call__([x for x in tokens if not x.startswith("large:")]))
        return [next(large if token.startswith("large:") else others) for token in tokens]


def asked_of(question: Question, faces: Sequence[int], who: tuple[str | None, ...]) -> Asked:
    """
    Return a question by rows of everything that was looked at.

    Parameters
    ----------
    question : Question
        By rows of the album without ignored sightings.
    faces : sequence of int
        For each of these, the row that no correction changes.
    who : tuple of str or None
        The name of each of the latter.
    """
    first, second = faces[question.first], faces[question.second]
    one, other = (tuple(faces[row] for row in side.tolist()) for side in question.sides)
    sides = (one, other) if first in one else (other, one)
    return Asked(question, first, second, sides, (str(who[first]), str(who[second])), who)


def question_card(
    asked: Asked,
    key: str,
    album: Album,
    photo_of: Sequence[int],
    thumbnails: Thumbnails,
    *,
    whole: bool = False,
    undo: bool = False,
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
        Of the same; chooses the clearest faces.
    whole : bool
        Show the two photos in place of the faces.
    undo : bool
        Whether there is an answer to be taken back.
    """
    strips = []
    for place, face in enumerate((asked.first, asked.second)):
        side = asked.sides[place]
        file = file_of(album, face)
        large = Picture(
            f"{'whole' if whole else 'large'}:{face}",
            f"{file}, with the {('first', 'second')[place]} face boxed"
            if whole
            else f"the {('first', 'second')[place]} face, in {file}",
            WHOLE if whole else LARGEST,
        )
        best = [row for row in thumbnails.best(side, FURTHER + 1) if row != face][:FURTHER]
        small = [Picture(f"face:{row}", f"face in {file_of(album, row)}", SMALL) for row in best]
        strips.append(Strip((large, *small), _label(asked, place, photo_of)))
    return Card(
        key=key,
        title="Are these two one person?",
        badge=likely(asked.question.probability),
        note=why(asked, photo_of),
        strips=tuple(strips),
        actions=(*ACTIONS, TAKE_BACK) if undo else ACTIONS,
        opens="See the faces" if whole else "See the photos",
    )


def _label(asked: Asked, place: int, photo_of: Sequence[int]) -> str:
    side = asked.sides[place]
    size = counts(len({photo_of[row] for row in side}), len(side))
    word = ("First", "Second")[place]
    name = printable(asked.names[place])
    if asked.question.kind == "together":
        return f"{word}: {name}, a part of {size}"
    return f"{word}: {name}, {size}"


def why(asked: Asked, photo_of: Sequence[int]) -> str:
    """Say why a question is asked: what the answer that the grouping does not have would move."""
    both = len({photo_of[row] for side in asked.sides for row in side})
    moved = asked.question.photos
    verb = "moves" if moved == 1 else "move"
    if asked.question.kind == "together":
        return (
            f"They are one person now, in {counted(both, 'photo')}. If they are two, "
            f"{counted(moved, 'photo')} {verb}."
        )
    return (
        f"They are two people now. If they are one, {counted(moved, 'photo')} {verb}, and "
        f"{counted(both, 'photo')} come together."
    )


def likely(probability: float) -> str:
    """Say how likely it is that two faces are one person."""
    words = (
        (0.95, "almost surely one person"),
        (0.7, "probably one person"),
        (0.3, "could be either"),
        (0.05, "probably two people"),
    )
    word = next((text for least, text in words if probability >= least), "almost surely two people")
    percent = f"{probability:.0%}"
    if 0 < probability < 0.005:
        percent = "less than 1%"
    elif 0.995 <= probability < 1:
        percent = "more than 99%"
    return f"by the numbers: {word} ({percent} that they are one)"


def progress(queue: Queue) -> str:
    """Say how pure the groups are expected to be, and how many questions that goal is away."""
    goal = f"{queue.goal:.0%}"
    # Rounded down: 98.96% is not yet 99%.
    share = f"Expected purity {int(queue.purity * 1000 + 1e-9) / 10:.1f}%"
    if not len(queue):
        return f"{share}; no questions left."
    if queue.left == 0:
        return f"{share}; {goal} is reached: what follows is for the careful."
    if queue.left is None:
        return f"{share}; these {counted(len(queue), 'question')} do not reach {goal}; more follow."
    return f"{share}; {counted(queue.left, 'question')} to {goal}."


def meaning(queue: Queue) -> str:
    """Say what the expected purity means."""
    wrong = round((1 - queue.purity) * queue.sightings)
    number = "hardly any" if wrong == 0 else f"about {wrong:,}"
    verb = "is" if wrong == 1 else "are"
    return (
        f"Of {counted(queue.sightings, 'face')}, {number} {verb} expected to be with somebody "
        "else: by what the distances of the faces say, not counted. The question that settles the "
        "most comes first."
    )


def tally(answers: int, moved: int) -> str:
    """Say what was answered so far."""
    return f"{counted(answers, 'answer')}, {counted(moved, 'photo')} moved"


def standing(said: str, *, looking: bool, left: bool) -> str:
    """
    Say what goes on beside the questions, or what comes after the last one, as HTML.

    Parameters
    ----------
    said : str
        What was answered so far; "" for nothing.
    looking : bool
        Whether the faces are being sorted anew, and questions looked for.
    left : bool
        Whether a question is on the screen, or none was looked for yet.
    """
    if looking:
        return f"<p role='status'>{safe(WAITING)}</p>"
    if left:
        return ""
    also = f"{said}. " if said else ""
    return (
        f"<p role='status'><b>No questions left.</b> {safe(also)}Look through the people, then "
        "export: only that moves the copies.</p>"
    )
