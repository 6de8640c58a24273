"""A folder of results as examples: whose each folder is, and who is meant in a photo of several."""

import json
import shutil

import pytest
from tiles import TILE, save_tiles

from toolkit import modes
from toolkit.photos.listing import find
from toolkit.results.as_examples import meant_in
from toolkit.subjects.face import FACE


@pytest.fixture
def out(tmp_path, colours):
    """Ann in three photos and bob in two, one of which shows both."""
    photos = tmp_path / "photos"
    for k in range(2):
        save_tiles(photos / f"a{k}.png", "ann", shade=k)
    save_tiles(photos / "both.png", "bob", "ann")
    save_tiles(photos / "b.png", "bob")
    modes.autopilot(photos, tmp_path / "out", subject=colours)
    return tmp_path / "out"


def meant(out):
    return meant_in(out, find(out).photos, FACE.words)


def whom(found):
    return {place: name.rpartition("_")[2] for place, name in sorted(found.name_of.items())}


def test_a_folder_that_holds_no_result_says_nothing(people):
    assert meant_in(people, find(people).photos, FACE.words) is None


def test_each_file_is_of_whom_its_folder_was_named_after(out):
    found = meant(out)
    assert whom(found) == {
        "person_001/a0.png": "001",
        "person_001/a1.png": "001",
        "person_001/both.png": "001",
        "person_002/b.png": "002",
        "person_002/both.png": "002",
    }
    assert found.said == ("out is the result of an earlier run: its folders are taken for people",)
    by_photo: dict[str, dict[str, int]] = {}
    for (name, digest), (box,) in found.boxes.items():
        by_photo.setdefault(digest, {})[name] = box.left
    assert {"person_001": TILE, "person_002": 0} in by_photo.values()
    assert found.nobody == frozenset()


def test_a_folder_with_another_name_is_known_by_its_files(out):
    (out / "person_002").rename(out / "Bob")
    (out / "person_001").rename(out / "Zoe")
    found = meant(out)
    assert whom(found)["Bob/both.png"] == "002"
    assert whom(found)["Zoe/both.png"] == "001"
    assert found.said[0].endswith("taken for people (Bob was person_002, Zoe was person_001)")


def test_folders_put_together_by_hand_keep_whose_each_file_was(out):
    (out / "person_002" / "both.png").unlink()
    (out / "person_002" / "b.png").rename(out / "person_001" / "b.png")
    (out / "person_001").rename(out / "Ann")
    found = whom(meant(out))
    assert found["Ann/b.png"] == "002"
    assert found["Ann/a0.png"] == "001"


def test_a_file_that_is_new_in_a_folder_shows_whom_the_others_show(out):
    shutil.copy(out / "person_002" / "both.png", out / "person_002" / "again.png")
    shutil.copy(out / "person_002" / "both.png", out / "person_001" / "again.png")
    found = whom(meant(out))
    assert (found["person_001/again.png"], found["person_002/again.png"]) == ("001", "002")


def test_a_folder_of_photos_of_nobody_is_no_individual(out):
    record = json.loads((out / "run.json").read_text())
    (out / "unsorted").mkdir()
    shutil.copy(out / "person_001" / "a0.png", out / "unsorted" / "x.png")
    record["files"]["unsorted/x.png"] = record["files"]["person_001/a0.png"]
    (out / "run.json").write_text(json.dumps(record))
    found = meant(out)
    assert found.nobody == {"unsorted"}
    assert found.said[1] == "unsorted holds photos of nobody known, and no examples"
    # By that name, whoever is in its photos.
    shutil.copy(out / "person_001" / "a0.png", out / "unsorted" / "a0.png")
    record["files"]["unsorted/a0.png"] = record["files"]["unsorted/x.png"]
    record["settings"]["unsorted"] = "unsorted"
    (out / "run.json").write_text(json.dumps(record))
    assert meant(out).nobody == {"unsorted"}


@pytest.mark.parametrize("told", [True, False])
def test_a_folder_called_otherwise_by_its_run_is_of_whom_the_record_says_or_most_photos_show(
    out, told
):
    record = json.loads((out / "run.json").read_text())
    record["files"] = {
        place.replace("person_002", "The boys"): mark for place, mark in record["files"].items()
    }
    if told:
        record["folders"] = {"The boys": {"name": "person_001", "number": 1}, "x": 3}
    else:
        record["folders"] = {"The boys": {"name": ["person_001"]}}
    (out / "run.json").write_text(json.dumps(record))
    (out / "person_002").rename(out / "The boys")
    found = meant(out)
    assert whom(found)["The boys/both.png"] == ("001" if told else "002")
    assert found.nobody == frozenset()


@pytest.mark.parametrize("damage", ["gone", "no box", "a huge edge", "another run"])
def test_tables_that_cannot_be_read_leave_photos_of_several_aside_and_say_so(out, damage):
    table = out / "sightings.csv"
    lines = table.read_text().splitlines()
    cells = lines[1].split(",")
    edge = lines[0].split(",").index("right")
    if damage == "gone":
        table.unlink()
    elif damage == "another run":
        table.write_text("\n".join(lines).replace(cells[-1], "0" * len(cells[-1])))
    else:
        cells[edge] = "0" if damage == "no box" else "9" * 400
        table.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]))
    found = meant(out)
    assert not found.name_of
    assert "its tables cannot be read" in found.said[0]
    assert "who is meant in a photo of several faces is unknown" in found.said[0]
