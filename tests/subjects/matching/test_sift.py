"""SIFT's marks: inside what is animal, upright each place once, at most so many."""

import numpy as np
import pytest
from PIL import Image

from toolkit.subjects.matching import sift
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


def test_a_place_with_two_directions_is_upright_once(coat, monkeypatch) -> None:
    inside = np.ones(coat.shape[:2], bool)
    found = SiftMarks().features(coat, inside)
    places = [tuple(place) for place in found["upright_at"].tolist()]
    assert len(found["turned"]) > len(places) >= len(set(places))
    monkeypatch.setattr(sift, "MOST", 15)
    few = SiftMarks().features(coat, inside)
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
