"""Tables of what a shop lists, read as they are found."""

import pandas as pd
import pytest

from toolkit.errors import BadSetting
from toolkit.results import listings
from toolkit.results.listings import Listings, read_earlier, write


def tables(before):
    listed = pd.DataFrame([["a.jpg", "mug", 0.995, "mug/1.jpg", "match", "=1"]])
    listed.columns = [*listings.OWN, "colour"]
    unsure = pd.DataFrame(columns=["photo", "product_1"])
    new = pd.DataFrame([["product_001", "b.jpg"]], columns=["product", "photo"])
    return Listings(listed, unsure, new, before)


NONE = pd.DataFrame(columns=[*listings.OWN, "price"])
WROTE = pd.DataFrame(
    [["c.jpg", "cup", "0.99", "cup/1.jpg", "match", "3"]], columns=[*listings.OWN, "price"]
)


def test_what_is_written_is_read_again(tmp_path) -> None:
    write(tables(NONE), tmp_path)
    found = read_earlier(tmp_path)
    assert found.columns == ("colour",)
    assert found.rows == {("a.jpg", "mug"): {"colour": "=1"}}
    assert not (tmp_path / "listings_before.csv").exists()


def test_nothing_is_there_at_first(tmp_path) -> None:
    assert read_earlier(tmp_path).rows == {}
    assert read_earlier(tmp_path / "missing").rows == {}


def test_rows_that_are_listed_no_more_are_gathered(tmp_path) -> None:
    write(tables(WROTE), tmp_path)
    write(tables(WROTE.assign(photo="d.jpg")), tmp_path)
    found = pd.read_csv(tmp_path / "listings_before.csv", dtype=str)
    assert found["photo"].to_list() == ["c.jpg", "d.jpg"]
    assert found["price"].to_list() == ["3", "3"]


@pytest.mark.parametrize("name", ["listings.csv", "unsure.csv", "new_products.csv"])
def test_a_table_of_the_users_own_is_not_written_over(tmp_path, name) -> None:
    (tmp_path / name).write_text("mine,too\n1,2\n")
    with pytest.raises(BadSetting, match="move it away, or choose another folder"):
        read_earlier(tmp_path)


def test_it_says_how_many_of_each() -> None:
    assert str(tables(WROTE)).splitlines() == [
        "1 photo of 1 product in listings.csv",
        "0 photos unsure, with the three best, in unsure.csv",
        "1 photo of 1 new product in new_products.csv",
        "1 row in which you wrote something, and which is listed no more, in listings_before.csv",
    ]
