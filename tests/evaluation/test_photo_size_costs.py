"""What a way to search costs: its seconds, and its memory."""

import math
import sys

import pytest
from square_photos import PLAIN, SquareDetector, six_faces, squares
from squares import MeanEncoder

from toolkit import memory
from toolkit.evaluation import photo_size_costs
from toolkit.subjects.base import Subject


@pytest.fixture
def folder(tmp_path):
    return six_faces(tmp_path / "photos")


def test_photos_take_turns_after_one_to_warm_up(folder) -> None:
    made = []

    def make(settings):
        made.append(squares(settings))
        return made[-1]

    told = []
    paths = [folder / "one.png", folder / "two.png"]
    table = photo_size_costs.time_ways(
        paths,
        [("cnn", 0), ("hog", 300)],
        settings=PLAIN,
        rounds=3,
        make=make,
        progress=lambda *what: told.append(what),
    )
    assert [len(subject.detector.asked) for subject in made] == [7, 7]
    assert table[["detector", "long_edge"]].to_numpy().tolist() == [["cnn", 0], ["hog", 300]]
    assert [done for _, done, _, _ in told] == [1, 2, 3]


def test_a_size_too_large_for_the_memory_has_no_time(folder) -> None:
    class Full(SquareDetector):
        def detect(self, image, path=None):
            raise MemoryError

    def make(settings):
        return Subject("square", Full("cnn", 1), MeanEncoder())

    table = photo_size_costs.time_ways(
        [folder / "one.png"], [("cnn", 0)], settings=PLAIN, make=make
    )
    assert table["seconds"].isna().all()


def test_memory_is_that_of_a_process_of_its_own(folder) -> None:
    told = []
    photo = folder / "one.png"
    grown = photo_size_costs.memory_of(
        photo, [("hog", 300)], PLAIN, lambda *what: told.append(what)
    )
    assert told == [("memory", 1, 1, "hog, long edge 300")]
    if sys.platform == "linux":
        # At least the photo's own 0.72 MB; at most what no photo of that size needs.
        assert 0.5 < grown[0] < 500
    else:
        assert math.isnan(grown[0])
    assert math.isnan(
        photo_size_costs.memory_of(photo, [("no such detector", 300)], PLAIN, None)[0]
    )


def test_memory_that_the_system_does_not_tell_is_none(folder, monkeypatch) -> None:
    monkeypatch.setattr(memory, "_status", lambda name: float("nan"))
    monkeypatch.setattr(photo_size_costs.registry, "subject_for", squares)
    path = str(folder / "one.png")
    assert photo_size_costs.memory_growth(path, "cnn", 300, PLAIN.as_dict()) is None
