"""The map of the packages in CONTRIBUTING is what the code says today."""

import package_map
import pytest


def test_contributing_shows_the_packages_as_they_are():
    text = package_map.CONTRIBUTING.read_text(encoding="utf-8")
    assert package_map.renewed(text) == text, (
        f"the map of the packages in CONTRIBUTING.md is not of this code: run `{package_map.RENEW}`"
    )


def test_every_name_on_the_map_has_a_sentence():
    rows = [line for line in package_map.made().splitlines() if line.startswith("| `")]
    assert len(rows) > len(package_map.imports())
    for row in rows:
        name, said = row.strip("| ").split(" | ")
        assert said, name


def test_an_arrow_that_a_longer_way_replaces_is_left_out():
    arrows = {"cli": {"modes", "files", "errors"}, "modes": {"files"}, "files": {"errors"}}
    arrows |= {"errors": set(), "alone": set()}
    assert package_map.reduced(arrows) == {
        "cli": {"modes"},
        "modes": {"files"},
        "files": {"errors"},
        "errors": set(),
        "alone": set(),
    }
    assert package_map.by_depth(arrows) == ["alone", "errors", "files", "modes", "cli"]


def test_a_circle_is_named():
    with pytest.raises(ValueError, match="each other: one, two"):
        package_map.by_depth({"one": {"two"}, "two": {"one"}, "three": set()})


def test_without_its_place_the_map_is_not_written():
    with pytest.raises(ValueError, match="lacks the line"):
        package_map.renewed("# Contributing\n")
