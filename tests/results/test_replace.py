"""What taking an earlier result away must never take: everything that is not a copy of ours."""

import json
import os
import shutil
import sys

import pytest
from files_seen import files_in
from tiles import save_tiles

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.photos import opening
from toolkit.results import export
from toolkit.results.results_folder import ResultsFolder
from toolkit.settings import AutopilotSettings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")


@pytest.fixture
def sorted_once(tmp_path, colours):
    """Photos of three people, sorted into tmp_path/out."""
    for name in ("ann", "bob", "cem"):
        save_tiles(tmp_path / "photos" / f"{name}.png", name)
    modes.autopilot(tmp_path / "photos", tmp_path / "out", subject=colours)
    return tmp_path


def again(folder, colours, **settings):
    return modes.autopilot(
        folder / "photos",
        folder / "out",
        subject=colours,
        replace=True,
        settings=AutopilotSettings(**settings),
    )


def copies(folder) -> list[str]:
    return [name for name in files_in(folder / "out") if name.endswith(".png")]


def test_other_photos_in_the_same_folders(sorted_once, colours) -> None:
    for name in ("ann", "bob", "cem"):
        (sorted_once / "photos" / f"{name}.png").unlink()
        save_tiles(sorted_once / "photos" / f"new_{name}.png", name, shade=9)
    result = again(sorted_once, colours)
    assert copies(sorted_once) == [
        f"person_00{i}/{new}{n}.png"
        for i, n in enumerate(("ann", "bob", "cem"), 1)
        for new in ("", "new_")
    ]
    assert len(result.problems) == 0
    assert result.as_dict()["copies"] == 3
    assert result.removed == ()
    assert [place for place, _ in result.kept] == [
        "person_001/ann.png",
        "person_002/bob.png",
        "person_003/cem.png",
    ]
    assert "3 files of an earlier run kept (its photo is not among the photos looked at)" in str(
        result
    )


def test_what_lies_behind_a_linked_folder(sorted_once, colours) -> None:
    keep = sorted_once / "keep"
    shutil.move(sorted_once / "out" / "person_003", keep)
    (sorted_once / "out" / "person_003").symlink_to(keep)
    (sorted_once / "photos" / "cem.png").unlink()
    result = again(sorted_once, colours)
    assert (keep / "cem.png").is_file()
    assert "is a link" in dict(result.kept)["person_003/cem.png"]


def test_a_photo_that_now_lives_in_the_results(sorted_once, colours) -> None:
    (sorted_once / "photos" / "ann.png").unlink()
    (sorted_once / "photos" / "0moved.png").symlink_to(sorted_once / "out/person_001/ann.png")
    again(sorted_once, colours)
    assert (sorted_once / "photos" / "0moved.png").read_bytes()
    # It stays on record, and goes with the next run that does not read from it.
    assert "person_001/ann.png" in ResultsFolder(sorted_once / "out").files()
    (sorted_once / "photos" / "0moved.png").unlink()
    # By then it is the last copy.
    result = again(sorted_once, colours)
    assert "not among the photos" in dict(result.kept)["person_001/ann.png"]
    assert (sorted_once / "out" / "person_001" / "ann.png").is_file()
    shutil.copy(sorted_once / "out" / "person_001" / "ann.png", sorted_once / "photos")
    again(sorted_once, colours)
    assert "person_001/ann.png" in copies(sorted_once)


@pytest.mark.parametrize(
    "alias", ["person_001//ann.png", "./person_001/ann.png", "person_001/./ann.png"]
)
def test_a_file_that_is_wanted_under_another_spelling(sorted_once, colours, alias) -> None:
    record = sorted_once / "out" / "run.json"
    content = json.loads(record.read_text())
    content["files"][alias] = content["files"].pop("person_001/ann.png")
    record.write_text(json.dumps(content))
    again(sorted_once, colours)
    assert "person_001/ann.png" in copies(sorted_once)


def test_a_link_of_the_users(sorted_once, colours) -> None:
    copy = sorted_once / "out" / "person_003" / "cem.png"
    copy.unlink()
    copy.symlink_to(sorted_once / "photos" / "ann.png")
    (sorted_once / "photos" / "cem.png").unlink()
    again(sorted_once, colours)
    assert copy.is_symlink()


def test_links_become_copies_when_copies_are_asked_for(tmp_path, colours) -> None:
    save_tiles(tmp_path / "photos" / "ann.png", "ann")
    again(tmp_path, colours, link=True)
    assert (tmp_path / "out/person_001/ann.png").is_symlink()
    with pytest.raises(BadFolder, match="--replace"):
        modes.autopilot(tmp_path / "photos", tmp_path / "out", subject=colours)
    again(tmp_path, colours)
    (copy,) = (tmp_path / "out/person_001").iterdir()
    assert not copy.is_symlink()
    assert copy.read_bytes() == (tmp_path / "photos" / "ann.png").read_bytes()


def test_a_photo_keeps_its_name_when_another_of_that_name_comes_first(sorted_once, colours) -> None:
    save_tiles(sorted_once / "photos" / "0" / "zoe.png", "dee")
    save_tiles(sorted_once / "photos" / "a" / "ann.png", "ann", shade=3)
    result = modes.autopilot(sorted_once / "photos", sorted_once / "out", subject=colours)
    assert set(result.plan["state"]) == {"new", "there already"}


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000])
def test_a_deeply_nested_record_is_no_record(tmp_path, text) -> None:
    (tmp_path / "run.json").write_text(text)
    assert ResultsFolder(tmp_path).files() is None


def test_a_record_that_is_a_pipe_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "run.json")
    assert ResultsFolder(tmp_path).files() is None


def test_a_run_cut_off_before_the_first_copy_can_be_done_again(sorted_once, colours, monkeypatch):
    out = sorted_once / "other"
    monkeypatch.setattr(export, "_put", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        modes.autopilot(sorted_once / "photos", out, subject=colours)
    monkeypatch.undo()
    (out / "run.json").unlink()  # and even if the record was not there yet
    (out / ".DS_Store").touch()
    result = modes.autopilot(sorted_once / "photos", out, subject=colours)
    assert result.as_dict()["copies"] == 3


def test_a_photo_that_changes_or_goes_away_during_the_run_is_reported(sorted_once, colours):
    first, second = sorted_once / "photos" / "ann.png", sorted_once / "photos" / "bob.png"

    def meddle(work, done, total, item) -> None:
        if (work, done) == ("photos", total):
            first.unlink(missing_ok=True)
            save_tiles(second, "eve")

    result = modes.autopilot(
        sorted_once / "photos", sorted_once / "new", subject=colours, progress=meddle
    )
    reasons = result.problems.set_index("path")["reason"]
    assert "No such file" in reasons[str(first)]
    assert "changed since it was looked at" in reasons[str(second)]
    assert result.as_dict()["copies"] == 1
    assert "1 copy (" in str(result)


def test_results_of_an_earlier_run_are_not_taken_for_photos(sorted_once, colours) -> None:
    shutil.move(sorted_once / "out", sorted_once / "photos" / "sorted last year")
    listing = opening.find(sorted_once / "photos")
    assert len(listing.photos) == 3
    assert "results" in listing.skipped[0][1]


def test_links_that_lead_nowhere_do_not_end_the_run(sorted_once) -> None:
    folder = sorted_once / "photos"
    (folder / "self.jpg").symlink_to(folder / "self.jpg")
    (folder / "n.jpg").symlink_to(folder / "ann.png" / "x.jpg")
    (folder / "long.jpg").symlink_to("x" * 300)
    listing = opening.find(folder)
    assert len(listing.photos) == 3
    assert len(listing.skipped) == 3


def test_names_with_control_characters_stay_in_their_cell(sorted_once, colours) -> None:
    import pandas as pd

    save_tiles(sorted_once / "photos" / "cr\r\n\x1b[31m.png")
    modes.autopilot(sorted_once / "photos", sorted_once / "out", subject=colours)
    table = pd.read_csv(sorted_once / "out" / "nobody.csv")
    assert len(table) == 1
    assert table["path"][0].endswith("cr\\r\\n\\x1b[31m.png")
