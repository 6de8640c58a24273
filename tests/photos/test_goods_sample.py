"""Drawn goods: the same every time, each product its own, two of a maker alike but not the same."""

import csv

import numpy as np
import pytest
from PIL import Image

from toolkit.errors import BadFolder, BadSetting
from toolkit.photos import goods_sample


def rows(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_photos_a_catalogue_and_the_truth_are_saved_and_the_same_again(tmp_path) -> None:
    made = goods_sample.save(tmp_path / "goods", products=4)
    assert len(made) == 4 * goods_sample.PHOTOS
    truth = {row["photo"]: row["product"] for row in rows(tmp_path / "goods" / "truth.csv")}
    assert sorted(truth) == [path.name for path in sorted(made)]
    products = [each.name for each in goods_sample.goods(products=4)]
    assert sorted(set(truth.values())) == sorted(products)
    catalogue = rows(tmp_path / "goods" / "catalogue" / "catalogue.csv")
    # The last two are not known.
    assert [row["product"] for row in catalogue] == products[:2]
    for row in catalogue:
        folder = tmp_path / "goods" / "catalogue" / row["product"]
        assert len(list(folder.glob("*.jpg"))) == goods_sample.EXAMPLES
        assert float(row["price"]) > 0
    before = {path: path.read_bytes() for path in made}
    goods_sample.save(tmp_path / "goods", products=4)
    assert before == {path: path.read_bytes() for path in made}
    other = goods_sample.save(tmp_path / "other", products=4, seed=1)
    assert other[0].read_bytes() != before[made[0]]


def test_two_of_a_maker_share_the_upper_part_and_differ_below() -> None:
    one, two, third = goods_sample.goods(products=4)[:3]
    first, second, other = (goods_sample.label(each).astype(int) for each in (one, two, third))
    assert (one.maker, one.kind) == (two.maker, two.kind) != (third.maker, third.kind)
    np.testing.assert_array_equal(first[:140], second[:140])
    assert np.abs(first[150:300] - second[150:300]).mean() > 5
    assert np.abs(first[:140] - other[:140]).mean() > 20


@pytest.mark.parametrize("seed", [0, 1])
def test_no_two_makers_have_nearly_the_same_colours(seed: int) -> None:
    firsts = goods_sample.goods(products=16, seed=seed)[::2]
    tops = [goods_sample.label(each, seed=seed)[:60].mean(axis=(0, 1)) for each in firsts]
    apart = [np.abs(a - b).max() for i, a in enumerate(tops) for b in tops[:i]]
    assert len(apart) == 28
    assert min(apart) > 20


def test_a_photo_shows_the_label_somewhere_else_each_time() -> None:
    front = goods_sample.label(goods_sample.goods()[0])
    one, other = (goods_sample.photo(front, np.random.default_rng(seed)) for seed in (1, 2))
    assert one.shape == other.shape == (480, 480, 3)
    assert one.dtype == np.uint8
    assert np.abs(one.astype(int) - other).mean() > 10


@pytest.mark.parametrize(("products", "seed"), [(3, 0), (17, 0), (8, -1)])
def test_what_cannot_be_drawn_is_refused(tmp_path, products: int, seed: int) -> None:
    with pytest.raises(BadSetting, match="expected"):
        goods_sample.save(tmp_path / "goods", products=products, seed=seed)
    assert not (tmp_path / "goods").exists()


def test_a_folder_with_other_things_is_left_alone(tmp_path) -> None:
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(BadFolder):
        goods_sample.save(tmp_path, products=4)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.jpg"]


def test_the_photos_are_pictures(tmp_path) -> None:
    made = goods_sample.save(tmp_path / "goods", products=4)
    with Image.open(made[0]) as image:
        assert image.size == (480, 480)
