"""Example photos read into references: which serve, and why the others do not."""

import numpy as np
import pytest
import toys
from stopping import after
from tiles import TILE, save_tiles

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.records import Box
from toolkit.scanning import comparing
from toolkit.scanning.references import Meant, read_references
from toolkit.settings import PointAndShootSettings, settings_for

SETTINGS = PointAndShootSettings()


def test_one_folder_is_one_individual_and_each_photo_a_reference(tmp_path, colours) -> None:
    for name in ("Ann/1.png", "Ann/deep/2.png"):
        save_tiles(tmp_path / name, "ann")
    save_tiles(tmp_path / "Bob/1.png", "bob")
    found = read_references(tmp_path, colours, SETTINGS)
    assert found.names == ("Ann", "Bob")
    assert [found.names[k] for k in found.individual_of] == ["Ann", "Ann", "Bob"]
    assert len(found.encodings) == len(found.paths) == 3
    assert found.encoder == colours.encoder.info
    assert len(found.problems) == 0
    assert found.features is None


def test_each_photo_that_cannot_serve_has_its_reason(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/1.png", "ann")
    save_tiles(tmp_path / "Ann/both.png", "ann", "bob")
    save_tiles(tmp_path / "Bob/nobody.png")
    (tmp_path / "Bob" / "bad.png").write_bytes(b"no picture")
    found = read_references(tmp_path, colours, SETTINGS)
    reasons = {path.rpartition("/")[2]: why for path, _, why in found.problems.to_numpy()}
    assert sorted(reasons) == ["bad.png", "both.png", "nobody.png"]
    assert "2 faces found, and which one is meant is unknown" in reasons["both.png"]
    assert "--largest-face" in reasons["both.png"]
    assert "no face found" in reasons["nobody.png"]
    # Bob is known all the same, though nobody can be compared with him.
    assert found.names == ("Ann", "Bob")
    assert found.individual_of.tolist() == [0]


def test_the_table_of_a_catalogue_is_no_photo_that_cannot_serve(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/1.png", "ann")
    for name in ("catalogue.csv", "Ann/catalogue.csv"):
        (tmp_path / name).write_text("product,price\nAnn,1\n")
    found = read_references(tmp_path, colours, SETTINGS)
    assert found.problems["path"].to_list() == [str(tmp_path / "Ann" / "catalogue.csv")]


def test_where_no_photo_serves_the_reason_is_that_of_a_photo(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/nobody.png")
    (tmp_path / "notes.txt").write_text("of mine")
    with pytest.raises(BadFolder, match=r"nobody\.png: no face found"):
        read_references(tmp_path, colours, SETTINGS)


def test_the_largest_is_taken_where_that_is_asked_for(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/both.png", "ann", "bob")
    found = read_references(tmp_path, colours, PointAndShootSettings(largest=True))
    assert len(found.encodings) == 1
    assert len(found.problems) == 0


def test_progress_counts_each_photo_and_a_stop_leaves_nothing(tmp_path, colours) -> None:
    for k in range(4):
        save_tiles(tmp_path / f"Ann/{k}.png", "ann", shade=k)
    told = []
    read_references(tmp_path, colours, SETTINGS, progress=lambda *what: told.append(what))
    assert [(done, total) for done, total, _ in told] == [(k, 4) for k in range(1, 5)]
    _, asked = after(1)
    assert read_references(tmp_path, colours, SETTINGS, **asked) is None


def test_folders_that_hold_no_examples_are_left_out(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/1.png", "ann")
    save_tiles(tmp_path / "found/1.png", "bob")
    found = read_references(tmp_path, colours, SETTINGS, leave_out=[tmp_path / "found"])
    assert found.names == ("Ann",)
    np.testing.assert_array_equal(found.individual_of, [0])


def test_nobody_to_compare_with_is_refused_and_the_first_reason_is_said(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/nobody.png")
    with pytest.raises(BadFolder, match=r"none of the 1 photos .* nobody\.png: no face found"):
        read_references(tmp_path, colours, SETTINGS)


def test_an_example_unlike_the_others_is_named_and_not_used(tmp_path, colours) -> None:
    for k in range(3):
        save_tiles(tmp_path / f"Ann/{k}.png", "ann", shade=k)
    save_tiles(tmp_path / "Ann/wrong.png", "bob")
    save_tiles(tmp_path / "Bob/b.png", "bob", shade=9)
    found = read_references(tmp_path, colours, SETTINGS)
    assert sorted(path.rpartition("/")[2] for path in found.paths) == [
        "0.png",
        "1.png",
        "2.png",
        "b.png",
    ]
    assert len(found.encodings) == len(found.individual_of) == 4
    (doubt,) = found.doubts.to_dict("records")
    assert doubt["path"].endswith("wrong.png")
    assert (doubt["name"], doubt["kind"], doubt["nearest"]) == ("Ann", "far", "Bob")
    assert doubt["said"] == "unlike the 3 other examples of Ann and like Bob: not used"
    assert not doubt["used"]
    assert doubt["distance"] == pytest.approx(1.27, abs=0.05)
    assert len(found.problems) == 0


def test_examples_of_which_half_are_wrong_are_named_and_all_are_used(tmp_path, colours) -> None:
    for k, who in enumerate(("ann", "ann", "bob", "bob")):
        save_tiles(tmp_path / f"Ann/{k}.png", who, shade=k)
    found = read_references(tmp_path, colours, SETTINGS)
    assert len(found) == 4
    assert found.doubts["used"].all()
    assert [path.rpartition("/")[2] for path in found.doubts["path"]] == ["2.png", "3.png"]
    assert "which of them are right is unknown, so all are used" in found.doubts["said"].iloc[0]


def test_a_photo_of_several_speaks_for_the_one_who_is_in_it(tmp_path, colours) -> None:
    for k, who in enumerate(("ann", "bob", "bob")):
        save_tiles(tmp_path / f"Ann/{k}.png", who, shade=k)
    found = read_references(tmp_path, colours, SETTINGS)
    assert found.doubts["kind"].to_list() == ["far"]
    save_tiles(tmp_path / "Ann/several.png", "ann", "cem", shade=5)
    found = read_references(tmp_path, colours, SETTINGS)
    assert found.doubts["kind"].to_list() == ["parts"]
    assert len(found) == 3
    assert len(found.problems) == 1


def test_two_who_look_like_one_and_one_photo_under_two_are_named(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/1.png", "ann")
    save_tiles(tmp_path / "Anna/1.png", "ann")
    found = read_references(tmp_path, colours, SETTINGS)
    said = dict(zip(found.doubts["kind"], found.doubts["said"], strict=True))
    assert said["shared"] == "the same face is an example of two people, Anna and Ann"
    assert said["alike"].startswith("Ann and Anna look like one person by their examples")
    assert len(found) == 2


def test_one_without_an_example_that_serves_is_not_searched_for(tmp_path, colours) -> None:
    save_tiles(tmp_path / "Ann/1.png", "ann")
    save_tiles(tmp_path / "Bob/nobody.png")
    found = read_references(tmp_path, colours, SETTINGS)
    assert found.names == ("Ann", "Bob")
    assert found.not_searched == ("Bob",)


def test_folders_of_folders_are_told_by_who_is_in_them(tmp_path, colours) -> None:
    for place, who in {"Family/Ann": "ann", "Family/Bob": "bob", "Cem/school": "cem"}.items():
        save_tiles(tmp_path / place / "1.png", who)
    save_tiles(tmp_path / "Cem/beach/1.png", "cem", shade=9)
    found = read_references(tmp_path, colours, SETTINGS)
    assert found.names == ("Cem", "Ann", "Bob")
    assert found.taken == (
        "Cem is taken for one person, alike in beach, school",
        "Family is taken for a folder of people: Ann, Bob",
    )


def test_who_is_meant_in_a_photo_of_several_is_where_an_earlier_result_saw_them(
    tmp_path, colours
) -> None:
    save_tiles(tmp_path / "Bob/both.png", "ann", "bob")
    save_tiles(tmp_path / "Ann/1.png", "ann")
    save_tiles(tmp_path / "nobody/1.png", "cem")
    digest = modes.look(tmp_path, settings=SETTINGS, subject=colours).album.photos
    digest = digest.set_index("path")["photo_digest"][str(tmp_path / "Bob/both.png")]
    # Seen by other settings, a little to the side.
    box = Box(TILE + 5, 0, 2 * TILE + 5, TILE)
    meant = Meant(
        {"Bob/both.png": "person_002"},
        {("person_002", digest): (box,)},
        frozenset({"nobody"}),
        ("it was sorted",),
    )
    found = read_references(tmp_path, colours, SETTINGS, meant=meant)
    assert (found.names, found.individual_of.tolist()) == (("Ann", "Bob"), [0, 1])
    assert found.encodings[1].argmax() == 1
    assert len(found.problems) == 0
    assert found.taken == ("it was sorted",)
    # Another picture by that name, or a box where nobody is: it is as unknown as ever.
    for boxes in (
        {("person_002", "0" * 64): (box,)},
        {("person_002", digest): (Box(900, 0, 950, 9),)},
    ):
        meant = Meant({"Bob/both.png": "person_002"}, boxes)
        found = read_references(tmp_path, colours, SETTINGS, meant=meant)
        assert "2 faces found" in found.problems["reason"].iloc[0]


def test_what_is_compared_pair_by_pair_is_looked_over_too(tmp_path, monkeypatch) -> None:
    settings = settings_for("point-and-shoot", toys.CardSettings)()
    subject = settings.make_subject()
    for k, make in enumerate((7, 7, 7, 11)):
        toys.save(tmp_path / f"seven/{k}.png", toys.card(make, 1, k))
    toys.save(tmp_path / "eleven/1.png", toys.card(11, 1, 9))
    found = read_references(tmp_path, subject, settings)
    assert [path.rpartition("/")[2] for path in found.doubts["path"]] == ["3.png"]
    assert found.doubts["said"].iloc[0].startswith("unlike the 3 other examples of seven")
    assert len(found) == len(found.features) == 4
    assert found.encodings.shape == (4, 0)
    # Stopped while they are compared, there is nothing, as with photos.
    monkeypatch.setattr(comparing, "BATCH", 1)
    before = subject.encoder.compared
    stop = lambda: subject.encoder.compared > before  # noqa: E731
    assert read_references(tmp_path, subject, settings, stop=stop) is None
