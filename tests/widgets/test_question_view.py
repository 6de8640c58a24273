"""A question in words: how likely, how far, and what the answer moves."""

import numpy as np
import pytest

from toolkit.curation import questions
from toolkit.curation.question_deck import asked_of
from toolkit.subjects.face import FACE
from toolkit.widgets import question_view as words


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (1.0, "almost surely one person (100% that they are one)"),
        (0.999, "almost surely one person (more than 99% that they are one)"),
        (0.8, "probably one person (80% that they are one)"),
        (0.5, "could be either (50% that they are one)"),
        (0.1, "probably two people (10% that they are one)"),
        (0.001, "almost surely two people (less than 1% that they are one)"),
        (0.0, "almost surely two people (0% that they are one)"),
    ],
)
def test_the_probability_in_words(probability, said):
    assert words.likely(probability, FACE.words) == f"by the numbers: {said}"


def queue_of(doubt, count, goal=0.99, sightings=100):
    made = []
    for k in range(count):
        sides = np.array([0]), np.array([1])
        made.append(
            questions.Question("together", 0, 1, k, k, "a", "a", sides, 1 - doubt / count, 1, 0.1)
        )
    return questions.Queue(tuple(made), sightings, doubt, goal)


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        (queue_of(4.0, 4), "Expected purity 96.0%; 3 questions to 99%."),
        (queue_of(2.0, 2), "Expected purity 98.0%; 1 question to 99%."),
        (queue_of(1.04, 3), "Expected purity 98.9%; 1 question to 99%."),
        (queue_of(0.5, 3), "99% is reached: what follows is for the careful"),
        (queue_of(5.0, 0), "Expected purity 95.0%; no questions left."),
        (questions.Queue((), 0, 0.0, 0.99), "Expected purity 100.0%; no questions left."),
    ],
)
def test_progress_in_words(queue, said):
    assert said in words.progress(queue)


def test_each_of_the_two_faces_stands_with_its_own_side():
    sides = np.array([12, 13, 14]), np.array([10, 11])
    question = questions.Question("apart", 10, 13, 1, 0, "b", "a", sides, 0.5, 2, 1.0)
    asked = asked_of(question, (None,) * 10 + ("b",) * 2 + ("a",) * 3)
    assert (asked.first, asked.second) == (10, 13)
    assert asked.sides == ((10, 11), (12, 13, 14))
    assert asked.names == ("b", "a")
    said = words.why(asked, [0] * 10 + [0, 1, 2, 2, 3], FACE.words)
    assert said == (
        "They are two people now. If they are one, 2 photos move, and 4 photos come together."
    )
