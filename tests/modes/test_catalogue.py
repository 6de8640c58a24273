"""Photos matched with a catalogue, from folders to tables, by subjects that need no model."""

import pandas as pd
import pytest
from files_seen import files_in
from toys import CARDS, LAMPS

from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadFolder, BadSetting
from toolkit.grouping.sighting_finder import key_of
from toolkit.modes import catalogue
from toolkit.modes.catalogue import Wishes, match_catalogue, open_catalogue
from toolkit.settings import GroupingSettings, PointAndShootSettings, settings_for


@pytest.fixture(params=[LAMPS, CARDS], ids=["lamp", "card"])
def toy(request):
    return request.param


@pytest.fixture
def shop(toy, tmp_path):
    """Photos, and a catalogue of two products with a table."""
    toy.save_photos(tmp_path / "photos")
    toy.save_known(tmp_path / "known")
    one, other = (f"the {who}" for who in toy.known)
    table = f"product,colour,Price (EUR),gtin\n{one},=1+1,9,0012\n{other},dark,8,0013\n"
    (tmp_path / "known" / "catalogue.csv").write_text(table)
    return tmp_path


def matched(shop, toy, **how):
    settings = settings_for("point-and-shoot", toy.settings)()
    return match_catalogue(
        shop / "photos",
        shop / "known",
        shop / "out",
        settings=settings,
        subject=settings.make_subject(),
        **how,
    )


def table(shop, name):
    return pd.read_csv(shop / "out" / name, dtype=str, keep_default_na=False)


def test_each_photo_of_a_known_product_is_listed_with_its_features(shop, toy) -> None:
    made = matched(shop, toy)
    listed = table(shop, "listings.csv")
    truth = sorted(
        (photo, f"the {who}")
        for photo, those in toy.truth.items()
        for who in {*those} & {*toy.known}
    )
    assert sorted(zip(listed["photo"], listed["product"], strict=True)) == truth
    assert list(listed.columns) == [
        *("photo", "product", "sure", "catalogue_photo", "by"),
        *("colour", "Price (EUR)", "gtin", "shipping"),
    ]
    one = listed[listed["product"] == f"the {toy.known[0]}"]
    # No spreadsheet runs it, no zero is lost, and the seller's columns are empty.
    assert set(one["colour"]) == {"'=1+1"}
    assert set(one["gtin"]) == {"0012"}
    assert set(listed["Price (EUR)"]) == set(listed["shipping"]) == {""}
    assert (listed["sure"].astype(float) >= 0.99).all()
    for product, beside in zip(listed["product"], listed["catalogue_photo"], strict=True):
        assert (shop / "known" / beside).is_file()
        assert beside.startswith(f"{product}/")
    assert made.listings.counts["listed"] == listed["photo"].nunique()
    assert made.result.problems.empty


def test_unknown_products_are_numbered_and_have_folders(shop, toy) -> None:
    made = matched(shop, toy)
    new = table(shop, "new_products.csv")
    word = made.result.words.individual
    assert new["product"].to_list() == [f"{word}_001", f"{word}_002"]
    assert sorted(new["photo"]) == ["in/4.png", "in/5.png"]
    copies = [name for name in files_in(shop / "out") if name.endswith(".png")]
    assert f"{word}_001/4.png" in copies
    assert f"the {toy.known[0]}/1.png" in copies


def test_the_numbers_of_new_products_go_on_after_those_of_the_catalogue(shop, toy) -> None:
    word = toy.info.words.individual
    (shop / "known" / "catalogue.csv").unlink()
    (shop / "known" / f"the {toy.known[0]}").rename(shop / "known" / f"{word}_007")
    matched(shop, toy)
    assert set(table(shop, "new_products.csv")["product"]) == {f"{word}_008", f"{word}_009"}


def test_what_the_seller_wrote_stays_when_it_is_run_again(shop, toy) -> None:
    matched(shop, toy)
    listed = table(shop, "listings.csv")
    listed["shipping"] = "4.90"
    listed["colour"] = "mine"
    listed["my note"] = "=2"
    listed.to_csv(shop / "out" / "listings.csv", index=False)
    made = matched(shop, toy)
    again = table(shop, "listings.csv")
    assert set(again["shipping"]) == {"4.90"}
    assert set(again["my note"]) == {"'=2"}
    # Features are the catalogue's.
    assert set(again["colour"]) == {"'=1+1", "dark"}
    assert made.listings.before.empty


def test_a_row_of_the_seller_that_is_listed_no_more_is_kept_apart(shop, toy) -> None:
    made = matched(shop, toy)
    listed = table(shop, "listings.csv")
    listed["shipping"] = "4.90"
    listed.to_csv(shop / "out" / "listings.csv", index=False)
    album = made.result.album
    row = next(r for r in range(len(album)) if album.sightings["path"][r].endswith("6.png"))
    name = f"the {toy.known[0]}"
    refused = [Decision("not", key_of(album, row), name=f"the {who}") for who in toy.known]
    decisions.add(shop / "out", refused)
    matched(shop, toy)
    assert "6.png" not in set(table(shop, "listings.csv")["photo"])
    assert "6.png" in set(table(shop, "new_products.csv")["photo"])
    before = table(shop, "listings_before.csv")
    assert before[["photo", "product", "shipping"]].to_numpy().tolist() == [["6.png", name, "4.90"]]


def test_a_decision_puts_a_photo_into_the_listings(shop, toy) -> None:
    made = matched(shop, toy)
    album, name = made.result.album, f"the {toy.known[1]}"
    row = next(r for r in range(len(album)) if album.sightings["path"][r].endswith("6.png"))
    decisions.add(shop / "out", [Decision("name", key_of(album, row), name=name)])
    matched(shop, toy)
    listed = table(shop, "listings.csv").set_index("photo").loc["6.png"]
    assert (listed["product"], listed["by"], listed["sure"]) == (name, "you", "1.0")
    assert listed["colour"] == "dark"


def test_what_is_not_sure_enough_is_listed_apart_with_the_three_best(shop, toy) -> None:
    made = matched(shop, toy, wishes=Wishes(sure=0.9999999999))
    unsure = table(shop, "unsure.csv")
    assert table(shop, "listings.csv").empty
    assert sorted(set(unsure["photo"])) == sorted(
        photo for photo, who in toy.truth.items() if {*who} & {*toy.known}
    )
    assert set(unsure["product_1"]) <= {f"the {who}" for who in toy.known}
    assert (unsure["catalogue_photo_1"] != "").all()
    assert made.listings.counts["unsure"] == unsure["photo"].nunique()
    assert not list((shop / "out").glob("the *"))


def test_a_dry_run_writes_nothing(shop, toy) -> None:
    before = files_in(shop)
    made = matched(shop, toy, dry_run=True)
    assert made.listings.counts["listed"] == 6
    assert files_in(shop) == before


def test_without_a_table_the_rest_is_as_it_was(shop, toy) -> None:
    (shop / "known" / "catalogue.csv").unlink()
    matched(shop, toy)
    assert list(table(shop, "listings.csv").columns)[5:] == ["price", "shipping"]


def test_the_photos_and_the_catalogue_are_only_read(shop, toy) -> None:
    before = files_in(shop / "photos"), files_in(shop / "known")
    matched(shop, toy)
    assert (files_in(shop / "photos"), files_in(shop / "known")) == before


def test_columns_to_leave_can_be_chosen(shop, toy) -> None:
    matched(shop, toy, wishes=Wishes(leave=("gtin",)))
    listed = table(shop, "listings.csv")
    assert set(listed["gtin"]) == {""}
    assert set(listed["Price (EUR)"]) == {"8", "9"}


def test_what_is_excluded_is_no_product(shop, toy) -> None:
    gone = f"the {toy.known[0]}"
    settings = settings_for("point-and-shoot", toy.settings)(exclude=(f"{gone}/",))
    made = match_catalogue(
        *(shop / "photos", shop / "known", shop / "out"),
        settings=settings,
        subject=settings.make_subject(),
    )
    assert gone not in made.result.references.names
    assert gone not in set(table(shop, "listings.csv")["product"])
    assert any(gone in said for said in made.catalogue.said)
    (shop / "known" / ".sightingsignore").write_text(f"{gone}/\n")
    assert any(gone in said for said in open_catalogue(shop / "known").said)


def test_what_does_not_fit_is_said_before_the_long_work(shop, toy) -> None:
    (shop / "known" / "empty one").mkdir()
    path = shop / "known" / "catalogue.csv"
    path.write_text(f"product,a\nthe {toy.known[0]},1\nghost,2\n")
    said = []
    matched(shop, toy, tell=said.append)
    assert said == [
        "1 folder of the catalogue without a photo, not looked for: empty one",
        "catalogue.csv: 1 product without a folder of photos, not looked for: ghost",
        f"catalogue.csv: no row for 1 folder, whose listings have nothing to copy: "
        f"the {toy.known[1]}",
    ]


@pytest.mark.parametrize("lines", ["a,b\n1,2\n", "product,a\nx,1\nx,2\n", "product\nghost\n"])
def test_a_table_that_cannot_be_used_stops_it_before_the_long_work(
    shop, toy, lines, monkeypatch
) -> None:
    monkeypatch.setattr(catalogue.modes, "point_and_shoot", lambda *_, **__: pytest.fail("began"))
    (shop / "known" / "catalogue.csv").write_text(lines)
    with pytest.raises(BadSetting, match=r"catalogue\.csv"):
        matched(shop, toy)


def test_listings_of_somebody_else_are_not_written_over(shop, toy) -> None:
    (shop / "out").mkdir()
    (shop / "out" / "listings.csv").write_text("mine\n1\n")
    with pytest.raises(BadSetting, match=r"listings\.csv would be replaced"):
        matched(shop, toy)
    assert (shop / "out" / "listings.csv").read_text() == "mine\n1\n"


def test_a_catalogue_without_folders_is_refused(tmp_path) -> None:
    (tmp_path / "known").mkdir()
    with pytest.raises(BadFolder, match="holds no folder with photos"):
        open_catalogue(tmp_path / "known")


@pytest.mark.parametrize("sure", [0.5, 1.0, 99.0, float("nan")])
def test_sure_is_a_probability(sure) -> None:
    with pytest.raises(BadSetting, match=r"above 0\.5 and below 1"):
        Wishes(sure=sure)


def test_the_unknown_are_grouped_as_the_subject_is() -> None:
    settings = PointAndShootSettings(long_edge=777, threshold=0.4, method="mean")
    found = catalogue.grouping_as(settings)
    assert isinstance(found, GroupingSettings)
    assert (found.long_edge, found.threshold, found.method) == (777, "auto", "average")
