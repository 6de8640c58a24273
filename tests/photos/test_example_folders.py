"""Folders of examples: one an individual, folders of folders, one name in two of them."""

from pathlib import Path

import pytest

from toolkit.photos.example_folders import DEEPEST, branches, take
from toolkit.subjects.face import FACE

KNOWN = Path("known")


def taken(*photos, unknown=()):
    """Take folders whose photos are called after who is in them: "Family/Hans/hans 1.jpg"."""

    def one_individual(parts):
        who = [{p.name.split()[0] for p in part if p not in hidden} for part in parts]
        who = [each for each in who if each]
        return None if len(who) < 2 else len(set.union(*who)) == 1

    hidden = {KNOWN / name for name in unknown}
    root = branches(KNOWN, [KNOWN / name for name in photos])
    found = take(root, one_individual, FACE.words)
    places = {path.relative_to(KNOWN).as_posix(): name for path, name in found.name_of.items()}
    assert list(found.names) == list(dict.fromkeys(places.values()))
    return places, found.said


def test_a_folder_is_one_individual_and_its_subfolders_too():
    photos = ("Hans/hans 1", "Hans/2023/hans 2", "Hans/2023/May/hans 3", "Ida/ida 1")
    places, said = taken(*photos)
    assert places == dict.fromkeys(photos[:3], "Hans") | {"Ida/ida 1": "Ida"}
    assert said == ()


def test_each_individual_has_the_place_of_its_folder_below_the_others():
    photos = [KNOWN / name for name in ("Family/Hans/h 1", "Family/Ida/i 1", "Ole/2023/o 1")]
    found = take(branches(KNOWN, photos), lambda parts: False, FACE.words)
    assert found.place_of == {"Hans": "Family/Hans", "Ida": "Family/Ida", "Ole": "Ole"}


def test_a_folder_of_folders_of_several_is_no_individual():
    photos = ("Family/Hans/hans 1", "Family/Ida/ida 1", "Friends/Ole/ole 1", "Friends/Eva/eva 1")
    places, said = taken(*photos)
    assert list(places.values()) == ["Hans", "Ida", "Ole", "Eva"]
    assert said == (
        "Family is taken for a folder of people: Hans, Ida",
        "Friends is taken for a folder of people: Ole, Eva",
    )


def test_a_folder_of_years_of_one_is_that_individual():
    places, said = taken("Hans/school/hans 1", "Hans/beach/hans 2", "Ida/ida 1")
    assert set(places.values()) == {"Hans", "Ida"}
    assert said == ("Hans is taken for one person, alike in school, beach",)


def test_years_are_nobodys_names_whoever_is_in_them():
    places, said = taken("Hans/1998/child 1", "Hans/2024-05/grown 1", "Ida/2023/ida 1")
    assert list(places.values()) == ["Hans", "Hans", "Ida"]
    assert said == ()


def test_one_subfolder_alone_is_what_is_beside_it_or_one_individual_and_asked_about():
    places, said = taken("Family/Hans/hans 1", "Friends/Ole/ole 1", "Friends/Eva/eva 1")
    assert list(places.values()) == ["Hans", "Ole", "Eva"]
    assert said[0] == "Family is taken for a folder of people: Hans"
    places, said = taken("Family/Hans/hans 1", "Ida/ida 1")
    assert list(places.values()) == ["Family", "Ida"]
    assert said == (
        "Family holds no photo but 1 folder (Hans) and is taken for one person, Family; if a "
        "person has the name of a folder in it, move that one up",
    )


def test_subfolders_of_which_too_few_say_anything_are_asked_about():
    photos = ("Family/Hans/hans 1", "Family/Ida/ida 1")
    places, said = taken(*photos, unknown=photos[1:])
    assert set(places.values()) == {"Family"}
    assert "holds no photo but 2 folders (Hans, Ida)" in said[0]


def test_groups_in_groups_are_gone_into():
    places, _ = taken("All/Family/Hans/hans 1", "All/Family/Ida/ida 1", "All/Ole/ole 1")
    assert list(places.values()) == ["Hans", "Ida", "Ole"]


@pytest.mark.parametrize(
    ("second", "names", "said"),
    [
        ("hans 2", ["Hans", "Hans"], "Family/Hans and Work/Hans look like one person"),
        (
            "other 2",
            ["Hans (Family)", "Hans (Work)"],
            "Family/Hans and Work/Hans are taken for 2 people: Hans (Family), Hans (Work)",
        ),
    ],
)
def test_one_name_in_two_groups_is_one_where_they_look_like_it(second, names, said):
    others = ("Family/Ida/ida 1", "Work/Ole/ole 1")
    places, sentences = taken("Family/Hans/hans 1", f"Work/Hans/{second}", *others)
    assert [places["Family/Hans/hans 1"], places[f"Work/Hans/{second}"]] == names
    assert sentences[-1].startswith(said)


def test_the_one_that_is_in_no_group_keeps_the_name():
    places, _ = taken("Hans/hans 1", "Work/Hans/other 1", "Work/Ole/ole 1")
    assert list(places.values()) == ["Hans", "Hans (Work)", "Ole"]


def test_folders_without_end_do_not_end_the_program():
    deep = "/".join(["a"] * 2000)
    places, _ = taken(f"{deep}/hans 1", f"{deep}/b/hans 2")
    assert set(places.values()) == {"a"}
    assert DEEPEST < 100
