"""The table of a catalogue: read as sellers write it, and what does not fit named in one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.names import safe_name
from toolkit.photos import catalogue_table
from toolkit.photos.catalogue_table import is_left, key_of


def read(tmp_path, text):
    path = tmp_path / "catalogue.csv"
    path.write_text(text, encoding="utf-8")
    return catalogue_table.read(path)


def test_a_row_a_product_with_all_of_its_columns(tmp_path) -> None:
    found = read(tmp_path, "Product;name;price\nBlue mug;The blue one;3,50\nRed mug;;4\n")
    assert found.columns == ("name", "price")
    assert found.of("blue MUG") == {"name": "The blue one", "price": "3,50"}
    assert found.of("Red mug") == {"name": "", "price": "4"}
    assert found.of("Green mug") == {}


def test_a_product_is_found_by_what_its_folder_can_be_called(tmp_path) -> None:
    found = read(tmp_path, "product,size\nCup 1/2 l,0.5\n")
    assert found.of(safe_name("Cup 1/2 l")) == {"size": "0.5"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("name,price\na,1\n", "has the columns name, price; expected one called product"),
        ("product,name\na,1\nb,2\nA,3\n", "line 4: A is there already, in line 2"),
        ("product,name\n,1\n", "line 2: the product is empty"),
        ("product,name\n", "has no rows"),
        ("product,name\na,1,2\n", "line 2 has 3 cells for 2 columns"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(tmp_path, text, said) -> None:
    with pytest.raises(BadSetting, match=said) as raised:
        read(tmp_path, text)
    assert "\n" not in str(raised.value)
    assert "catalogue.csv" in str(raised.value)


def test_a_missing_table_is_named(tmp_path) -> None:
    with pytest.raises(BadSetting, match=r"nowhere\.csv cannot be read .* it is missing"):
        catalogue_table.read(tmp_path / "nowhere.csv")


def test_products_without_folder_and_folders_without_row_are_named(tmp_path) -> None:
    found = read(tmp_path, "product\na\nb\nc\n")
    assert found.said(["a", "d"]) == [
        "catalogue.csv: 2 products without a folder of photos, not looked for: b, c",
        "catalogue.csv: no row for 1 folder, whose listings have nothing to copy: d",
    ]
    assert found.said(["a", "b", "c"]) == []


def test_a_table_of_other_products_is_refused(tmp_path) -> None:
    with pytest.raises(BadSetting, match="none of its 1 product, such as a, has a folder"):
        read(tmp_path, "product\na\n").said(["d"])


def test_many_names_are_not_all_said(tmp_path) -> None:
    rows = "\n".join(f"p{number}" for number in range(50))
    (said,) = read(tmp_path, f"product\n{rows}\n").said(["p0"])
    assert said.endswith("p1, p2, p3, p4, p5 and 44 more")


@pytest.mark.parametrize("name", ["price", "Price (EUR)", "price_eur", "SHIPPING cost", "stock"])
def test_what_differs_from_offer_to_offer_is_left(name) -> None:
    assert is_left(name)


@pytest.mark.parametrize("name", ["brand", "colour", "gtin", "sku", "priceless", "material"])
def test_features_are_copied(name) -> None:
    assert not is_left(name)


def test_columns_can_be_named() -> None:
    assert is_left("Lagerplatz 1", ("lagerplatz 1",))
    assert not is_left("price", ("colour",))
    assert not is_left("price", ())


@given(st.text(min_size=1, max_size=40))
def test_a_folder_made_for_a_product_has_its_key(name) -> None:
    assert key_of(safe_name(name, full_stop=True)) == key_of(name)
