"""Which product of a catalogue a sighting is: by hand where it is few, by what must hold else."""

from dataclasses import replace

import numpy as np
import pytest
from catalogue_line import album, catalogue
from hypothesis import given
from hypothesis import strategies as st

from toolkit.grouping import catalogue_matching
from toolkit.grouping.catalogue_matching import KNOWN, NEW, UNSURE, Trust, match, trust_in

MUGS = catalogue(blue=[(0, 0), (0.1, 0)], red=[(5, 0)], pale=[(0, 0.6)])


def test_all_products_and_none_of_them_share_one_probability() -> None:
    found = match(album((0.2, 0.1)), MUGS, trust=Trust())
    # Each of the products: its blended distance, by hand.
    blue = [np.hypot(0.2, 0.1), np.hypot(0.1, 0.1)]
    away = np.array(
        [(min(blue) + np.mean(blue)) / 2, np.hypot(4.8, 0.1), np.hypot(0.2, 0.5)], dtype=float
    )
    # 3 products with 4 photos: the prior odds of each are those of the threshold's.
    odds = np.exp(10 * (1 - away)) / (3 * np.sqrt(4 / 3))
    expected = odds / (1 + odds.sum())
    order = np.argsort(-expected)
    assert found.probability[0] == pytest.approx(expected[order], rel=1e-5)
    assert found.best[0].tolist() == order.tolist() == [0, 2, 1]
    assert found.beside[0].tolist() == ["blue/1.jpg", "pale/0.jpg", "red/0.jpg"]


def test_what_may_be_either_of_two_is_unsure_however_near_both_are() -> None:
    twins = catalogue(one=[(0, 0)], other=[(0.02, 0)], third=[(9, 9)])
    found = match(album((0, 0), (9, 9), (30, 30)), twins, trust=Trust())
    assert found.state.tolist() == [UNSURE, KNOWN, NEW]
    assert found.table["name"].to_list() == [None, "third", None]
    assert 0.3 < found.probability[0, 1] < found.probability[0, 0] < 0.7


def test_the_same_nearness_is_less_sure_among_more_products() -> None:
    few = catalogue(one=[(0, 0)], **{f"p{k}": [(50 + 9 * k, 9)] for k in range(3)})
    many = catalogue(one=[(0, 0)], **{f"p{k}": [(50 + 9 * k, 9)] for k in range(300)})
    at = album((0.3, 0))
    assert match(at, few, trust=Trust()).state[0] == KNOWN
    assert match(at, many, trust=Trust()).state[0] == UNSURE


def test_what_the_user_refused_is_not_named_any_more() -> None:
    at = album((0, 0), (0, 0))
    found = match(at, MUGS, trust=Trust(), refused={(1, "blue"), (1, "pale"), (1, "red")})
    assert found.state.tolist() == [KNOWN, NEW]
    assert found.best[1].tolist() == [-1, -1, -1]


def test_an_ignored_sighting_is_nothing() -> None:
    at = replace(album((0, 0)), ignored=np.ones(1, dtype=bool))
    found = match(at, MUGS)
    assert found.state.tolist() == ["ignored"]
    assert found.table["name"].to_list() == [None]


def test_products_that_cannot_be_told_apart_are_trusted_less() -> None:
    rng = np.random.default_rng(0)
    apart = catalogue(**{f"p{k}": rng.normal((9 * k, 0), 0.1, (4, 2)) for k in range(8)})
    mixed = catalogue(**{f"p{k}": rng.normal((0, 0), 0.3, (4, 2)) for k in range(8)})
    good, bad = trust_in(apart), trust_in(mixed)
    assert good.right == good.found == good.others == 32
    assert bad.right < 16
    at = 3.0
    assert bad.probability(at) < Trust().probability(at) < good.probability(at)


def test_photos_of_a_catalogue_are_sought_without_themselves() -> None:
    # Each is nearest to a photo of another product but for itself.
    swapped = catalogue(one=[(0, 0), (9, 0)], other=[(0, 0.1), (9, 0.1)])
    assert trust_in(swapped).right == 0
    assert match(album((0, 0.05)), swapped).state[0] != KNOWN


def test_without_distances_among_the_photos_the_calibration_alone_counts() -> None:
    assert trust_in(replace(MUGS, among=None)) == Trust()


@given(st.integers(0, 1000), st.integers(1, 4))
def test_probabilities_are_shares_and_nobody_depends_on_the_order(seed, each) -> None:
    rng = np.random.default_rng(seed)
    places = {f"p{k}": rng.normal(rng.normal(0, 2, 2), 0.4, (each, 2)) for k in range(4)}
    at = album(*rng.normal(0, 2, (5, 2)))
    found = match(at, catalogue(**places))
    assert ((found.probability >= 0) & (found.probability <= 1)).all()
    assert (np.diff(found.probability, axis=1) <= 1e-12).all()
    turned = match(at, catalogue(**dict(reversed(places.items()))))
    assert turned.probability == pytest.approx(found.probability, abs=1e-6)
    assert turned.state.tolist() == found.state.tolist()


def test_of_those_called_sure_nearly_all_are_right_and_of_strangers_nearly_none() -> None:
    rng = np.random.default_rng(1)
    centres = rng.uniform(0, 30, (60, 2))
    known, strangers = centres[:40], centres[40:]
    folders = {f"p{k}": rng.normal(at, 0.25, (4, 2)) for k, at in enumerate(known)}
    sought = np.concatenate([rng.normal(at, 0.25, (4, 2)) for at in (*known, *strangers)])
    found = match(album(*sought), catalogue(**folders))
    truth = np.array([f"p{k}" for k in range(60) for _ in range(4)])
    sure = found.state == KNOWN
    right = found.table["name"].to_numpy() == truth
    assert sure[:160].mean() > 0.2
    assert right[sure].mean() >= 0.97
    assert sure[160:].mean() <= 0.02


def test_log_odds_against_all_others_are_those_of_the_probability() -> None:
    odds = np.array([[800.0, 1.0, -3.0], [-np.inf, -np.inf, -np.inf], [0.0, 0.0, 0.0]])
    found = catalogue_matching.Trust().probability(catalogue_matching._against_others(odds))
    assert found[0] == pytest.approx([1, 0, 0])
    assert found[1] == pytest.approx([0, 0, 0])
    assert found[2] == pytest.approx([0.25, 0.25, 0.25])


def test_what_is_one_of_two_that_look_alike_is_no_new_product() -> None:
    # Among so few, all that was seen of strangers is that they look like another product.
    twins = catalogue(one=[(0, 0)], other=[(0.02, 0)], far=[(9, 9)])
    assert match(album((0.01, 0)), twins).state.tolist() == [UNSURE]
