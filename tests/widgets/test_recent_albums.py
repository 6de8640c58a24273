"""The list of recent albums in the panels."""

import pytest

from toolkit.results import recent
from toolkit.results.recent import Recent
from toolkit.widgets.recent_albums import RecentAlbums, label


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv(recent.VARIABLE, str(tmp_path / "recent.json"))


def remembered(tmp_path, name, mode="autopilot"):
    out = tmp_path / f"{name} sorted"
    out.mkdir()
    recent.remember(Recent(mode, str(tmp_path / name), str(out), "", "6 photos, 3 people"))
    return out


def test_without_any_there_is_no_list() -> None:
    made = RecentAlbums("autopilot", lambda album: None)
    assert made.layout.display == "none"
    assert len(made.options) == 1


def test_one_that_is_chosen_is_gone_on_with_and_can_be_chosen_again(tmp_path) -> None:
    taken = []
    remembered(tmp_path, "Norway")
    out = remembered(tmp_path, "Wedding")
    remembered(tmp_path, "People", "point-and-shoot")
    made = RecentAlbums("autopilot", taken.append)
    assert made.layout.display is None
    labels = [text for text, _ in made.options[1:]]
    assert [text.split(" · ")[0] for text in labels] == ["Wedding", "Norway"]
    assert "6 photos, 3 people" in labels[0]
    assert labels[0].endswith(f"in {out}")
    for _ in range(2):
        made.value = 0
        assert made.value == -1
    assert [each.out for each in taken] == [str(out)] * 2


def test_one_that_is_gone_goes_from_the_list_and_new_ones_come(tmp_path) -> None:
    out = remembered(tmp_path, "Norway")
    made = RecentAlbums("autopilot", lambda album: None)
    out.rmdir()
    remembered(tmp_path, "Wedding")
    made.renew()
    assert [text.split(" · ")[0] for text, _ in made.options[1:]] == ["Wedding"]


def test_names_of_folders_are_text_whatever_they_hold() -> None:
    said = label(Recent("autopilot", "/a\n<b>", "/o\x1b[0m", "", "1 photo", 1e300))
    assert "\n" not in said
    assert "\x1b" not in said
    assert "<b>" in said  # an option is set as text, never as HTML
