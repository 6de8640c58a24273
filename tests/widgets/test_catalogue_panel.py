"""The panel of the catalogue, pressed without a browser: what is unsure, sure and new."""

import functools

import pandas as pd
import pytest
from known_folders import known_folders
from tiles import save_tiles

from toolkit.curation import decisions
from toolkit.errors import BadSetting
from toolkit.widgets.catalogue_panel import CataloguePanel
from toolkit.widgets.point_and_shoot import look_for


@pytest.fixture
def folders(tmp_path):
    made = known_folders(tmp_path)
    # Two products that look alike: what is one of them is unsure.
    save_tiles(made[1] / "ann too" / "example.png", "ann", shade=2)
    (made[1] / "catalogue.csv").write_text("product,colour,price\nann,red,1\nbob,blue,2\n")
    return made


@pytest.fixture
def panel(folders, colours):
    made = CataloguePanel(*folders, look=functools.partial(look_for, subject=colours))
    yield made
    assert made.wait(30)
    for chooser in (made.folder, made.examples):
        chooser.settle()


@pytest.fixture
def done(panel):
    panel.start()
    assert panel.wait(30)
    assert panel.work.message.plain == ""
    assert panel.state == "done"
    return panel


def table(folders, name="listings.csv"):
    return pd.read_csv(folders[2] / name, dtype=str, keep_default_na=False)


def cards(panel, view):
    panel.show(view)
    return {card.title: card for card in panel.sheet.all_cards}


def test_the_tables_are_written_and_no_photo_is_copied(done, folders) -> None:
    listed = table(folders)
    assert set(listed["product"]) == {"bob"}
    assert set(listed["colour"]) == {"blue"}
    assert {"abc.png", "ab.png"} == set(listed["photo"])
    assert not list(folders[2].glob("*/*.png"))
    assert [text for text, _ in done.views.options] == ["unsure (5)", "sure (2)", "new (1)"]
    assert "no row for 2 folders" in done.told.value


def test_one_of_the_three_is_chosen_kept_and_listed(done, folders) -> None:
    card = cards(done, "unsure")["a1.png"]
    assert [action.label[:3] for action in card.actions] == ["1: ", "2: ", "3: ", "Non"]
    first = next(action for action in card.actions if action.label.endswith(": ann"))
    done.sheet.act(card.key, first.key)
    assert done.sheet.trouble == ""
    row = table(folders).set_index("photo").loc["a1.png"]
    assert (row["product"], row["by"], row["colour"], row["price"]) == ("ann", "you", "red", "")
    assert [each.name for each in decisions.read(folders[2])] == ["ann"]
    assert "a1.png" not in cards(done, "unsure")
    assert cards(done, "sure")["ann"].note == "a1.png, as you said"


def test_a_choice_is_taken_back(done, folders) -> None:
    card = cards(done, "unsure")["a1.png"]
    done.sheet.act(card.key, "0")
    done.undo()
    assert "a1.png" in cards(done, "unsure")
    assert "a1.png" not in set(table(folders)["photo"])
    assert decisions.read(folders[2]) == ()


def test_none_of_the_three_is_a_new_product_and_can_be_named(done, folders) -> None:
    card = cards(done, "unsure")["a1.png"]
    done.sheet.act(card.key, "none")
    assert "a1.png" in set(table(folders, "new_products.csv")["photo"])
    key = next(
        card.key for card in cards(done, "new").values() if "a1" in card.strips[0].pictures[0].label
    )
    done.sheet.rename(key, "Red cup")
    assert done.sheet.trouble == ""
    new = table(folders, "new_products.csv").set_index("photo")["product"]
    assert new["a1.png"] == "Red cup"
    # Who names new ones goes on with new ones.
    assert done.views.value == "new"
    assert {card.title: card for card in done.sheet.all_cards}["Red cup"].name == "Red cup"


def test_what_was_found_wrongly_is_refused(done, folders) -> None:
    card = next(card for card in cards(done, "sure").values() if "ab.png" in card.note)
    done.sheet.act(card.key, "none")
    assert "ab.png" not in set(table(folders)["photo"])


def test_a_rerun_holds_to_what_was_clicked(done, folders, colours) -> None:
    done.sheet.act(cards(done, "unsure")["a1.png"].key, "0")
    chosen = table(folders).set_index("photo").loc["a1.png", "product"]
    again = CataloguePanel(*folders, look=functools.partial(look_for, subject=colours))
    again.start()
    assert again.wait(30)
    assert table(folders).set_index("photo").loc["a1.png", "product"] == chosen
    for chooser in (again.folder, again.examples):
        chooser.settle()


def test_the_photos_are_sorted_when_asked(done, folders) -> None:
    done.sort()
    assert done.wait(30)
    assert done.later.plain.endswith(str(folders[2]))
    assert (folders[2] / "bob" / "ab.png").is_file()


def test_what_was_written_meanwhile_stays(done, folders) -> None:
    listed = table(folders)
    listed["price"] = "7"
    listed.to_csv(folders[2] / "listings.csv", index=False)
    done.sheet.act(cards(done, "unsure")["a1.png"].key, "0")
    assert table(folders).set_index("photo").loc["ab.png", "price"] == "7"


def test_every_picture_can_be_made(done) -> None:
    for view in ("unsure", "sure", "new"):
        tokens = [
            picture.token
            for card in cards(done, view).values()
            for strip in card.strips
            for picture in strip.pictures
        ]
        assert all(jpeg[:2] == b"\xff\xd8" for jpeg in done.sheet._pictures(tokens))


def test_pictures_of_the_catalogue_stand_beside(done, folders) -> None:
    card = cards(done, "unsure")["a1.png"]
    labels = [picture.label for strip in card.strips[1:] for picture in strip.pictures]
    assert sorted(labels[:2]) == ["ann too/example.png", "ann/example.png"]


@pytest.mark.parametrize("missing", ["folder", "examples"])
def test_without_folders_it_says_which_is_missing(panel, missing) -> None:
    getattr(panel, missing).choose("")
    panel.start()
    assert panel.wait(30)
    assert panel.state == "failed"
    assert "no folder is named for the" in panel.work.message.plain


def test_a_bad_table_is_said_before_the_long_work(panel, folders) -> None:
    (folders[1] / "catalogue.csv").write_text("name\nx\n")
    panel.start()
    assert panel.wait(30)
    assert "expected one called product" in panel.work.message.plain


def test_nothing_can_be_chosen_before_something_is_found(panel) -> None:
    with pytest.raises(BadSetting, match="press Start"):
        panel.choose(0, 0)


def test_what_files_are_called_is_never_taken_for_html(folders, colours) -> None:
    name = "<b>x"
    (folders[1] / "ann").rename(folders[1] / name)
    made = CataloguePanel(*folders, look=functools.partial(look_for, subject=colours))
    made.start()
    assert made.wait(30)
    assert made.state == "done"
    assert "<b>x" not in made.told.value
    for chooser in (made.folder, made.examples):
        chooser.settle()
