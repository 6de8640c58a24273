"""Names by a catalogue: known products, new ones by number, none where it is unsure."""

import numpy as np
import pytest
from catalogue_line import album, catalogue

from toolkit.grouping.catalogue_assigner import CatalogueAssigner
from toolkit.grouping.constraints import Decided
from toolkit.settings import AutopilotSettings, PointAndShootSettings

NOTHING = np.zeros((0, 2), dtype=np.int64)
CUPS = catalogue(
    one=[(0, 0), (0, 0.02)],
    other=[(9, 0), (9, 0.1)],
    # Most products of a shop look like no other one.
    **{f"p{k}": [(20 + 5 * k, 0), (20 + 5 * k, 0.1)] for k in range(20)},
)
# Between what is surely one and what surely is not.
UNSURE = (0, -0.6)


def assigned(at, *, names=None, refused=(), references=CUPS, **settings):
    decided = Decided(NOTHING, NOTHING, names or {}, frozenset(refused), np.zeros(0, np.int64), 0)
    how = PointAndShootSettings(one_per_photo=False, **settings)
    grouping = AutopilotSettings(one_per_photo=False)
    return CatalogueAssigner(references, how, grouping=grouping).assign(at, decided)


def test_known_unsure_and_new_ones_each_have_what_they_are_called() -> None:
    found = assigned(album((9, 0.01), UNSURE, (40, 40), (40.01, 40), (80, 80)))
    assert found.names == ("other", None, "individual_001", "individual_001", "individual_002")


def test_numbers_go_on_after_those_that_products_have() -> None:
    numbered = catalogue(individual_004=[(0, 0)], other=[(9, 0)])
    assert assigned(album((40, 40)), references=numbered).names == ("individual_005",)
    assert (
        assigned(album((40, 40), (0, 9)), names={1: "individual_011"}).names[0] == "individual_012"
    )


def test_a_new_product_has_the_name_that_one_of_its_photos_was_given() -> None:
    found = assigned(album((40, 40), (40.01, 40), (80, 80)), names={0: "Red cup"})
    assert found.names == ("Red cup", "Red cup", "individual_002")


def test_what_was_decided_holds_whatever_is_likely() -> None:
    at = album((9, 0.01), UNSURE)
    assert assigned(at, names={1: "p3"}).names == ("other", "p3")
    assert assigned(at, names={0: "one"}).names == ("one", None)


def test_what_is_none_of_those_it_could_be_is_new() -> None:
    refused = [(0, name) for name in CUPS.names]
    assert assigned(album((0, 0)), refused=refused).names == ("individual_001",)


def test_the_unsure_are_doubtful_where_they_have_a_folder() -> None:
    at = album((9, 0.01), UNSURE)
    assert assigned(at).doubts == frozenset()


def test_it_says_from_what_on_something_is_sure() -> None:
    several = catalogue(one=[(0, 0), (0.1, 0)], other=[(9, 0), (9.1, 0)])
    found = assigned(album((0, 0)), references=several)
    assert "99% or more; of 4 sightings of the catalogue" in found.chosen.why
    assert found.chosen.value == pytest.approx(0.9, abs=0.2)
    assert found.chosen.expected_wrong == pytest.approx(0.0, abs=0.01)
