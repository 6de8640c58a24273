"""SIFT's marks: inside what is animal, upright each place once, at most so many."""

import numpy as np
import pytest
from PIL import Image

from toolkit.subjects.matching.sift import SiftMarks


@pytest.fixture
def coat() -> np.ndarray:
    rough = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 24), dtype=np.uint8))
    grey = np.asarray(rough.resize((240, 200), Image.Resampling.BICUBIC))
    return np.repeat(grey[:, :, None], 3, axis=2)


def test_marks_lie_where_the_animal_is(coat) -> None:
    inside = np.zeros(coat.shape[:2], bool)
    inside[50:120, 30:200] = True
    found = SiftMarks().features(coat, inside)
    for kind in ("upright", "turned"):
        places = found[f"{kind}_at"]
        assert len(places) == len(found[kind]) > 20
        assert found[kind].dtype == np.uint8
        assert ((places >= [29, 49]) & (places <= [201, 121])).all()


def test_a_place_with_two_directions_is_upright_once(coat) -> None:
    inside = np.ones(coat.shape[:2], bool)
    found = SiftMarks().features(coat, inside)
    places = [tuple(place) for place in found["upright_at"].tolist()]
    assert len(found["turned"]) > len(places) >= len(set(places))
    few = SiftMarks(most=15).features(coat, inside)
    assert len(few["turned"]) == len(few["upright"]) == 15
    # The clearest go first.
    np.testing.assert_array_equal(few["upright_at"], found["upright_at"][:15])


def test_it_counts_what_lies_alike_upright_and_turned(coat) -> None:
    part = SiftMarks()
    inside = np.ones(coat.shape[:2], bool)
    one = part.features(coat, inside)
    turned = part.features(np.ascontiguousarray(np.rot90(coat)), inside.T)
    upright, any_way = part.compare(one, turned)
    assert upright < 20 < 100 < any_way
    assert [len(here) for here, _ in part.common(one, one)] == part.compare(one, one)


def test_what_is_printed_is_described_as_what_is_turned_and_nothing_else_is(coat) -> None:
    inside = np.ones(coat.shape[:2], bool)
    both, printed = SiftMarks().features(coat, inside), SiftMarks(("printed",))
    found = printed.features(coat, inside)
    assert set(found) == {"printed", "printed_at"}
    np.testing.assert_array_equal(found["printed"], both["turned"])
    assert printed.compare(found, found)[0] > 20
    assert printed.name != SiftMarks().name


def test_where_nothing_is_inside_there_are_no_marks(coat) -> None:
    found = SiftMarks().features(coat, np.zeros(coat.shape[:2], bool))
    assert {name: value.shape for name, value in found.items()} == {
        "upright": (0, 128),
        "upright_at": (0, 2),
        "turned": (0, 128),
        "turned_at": (0, 2),
    }
    assert SiftMarks().compare(found, found) == [0.0, 0.0]
