"""What a mode found, in words, for machines and for a notebook."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from raw_files import write_dng
from tiles import save_tiles

from toolkit import modes
from toolkit.results import earlier
from toolkit.results import result as result_module
from toolkit.results.report import html_of
from toolkit.results.results_folder import ResultsFolder
from toolkit.settings import AutopilotSettings, GroupingSettings
from toolkit.tables import read_table


def test_what_shows_in_a_notebook_is_escaped(album_folder, tmp_path, colours) -> None:
    name = "<img src=x onerror=alert(1)>"
    people = tmp_path / "people"
    save_tiles(people / name / "a.png", "ann")
    (album_folder / f"{name}.jpg").write_bytes(b"no picture")
    result = modes.point_and_shoot(album_folder, people, subject=colours)
    shown = result._repr_html_()
    assert "<img" not in shown
    assert "&lt;img src=x" in shown


def test_a_name_with_control_characters_prints_on_one_line(album_folder, tmp_path, colours) -> None:
    people = tmp_path / "people"
    save_tiles(people / "An\x1b[31mn" / "a.png", "ann")
    text = str(modes.point_and_shoot(album_folder, people, subject=colours))
    assert "\x1b" not in text


def test_the_result_counts_for_machines(album_folder, tmp_path, colours) -> None:
    found = modes.autopilot(album_folder, tmp_path / "out", subject=colours).as_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["photos"] == 6
    assert found["people"] == {"person_001": 5, "person_002": 2, "person_003": 1}
    assert found["photos_with_nobody"] == 1
    assert found["copies"] == 8
    assert {"wall", "decode", "detect", "encode", "group", "copy"} <= set(found["seconds"])


def test_who_has_no_folder_is_worked_out_once(album_folder, tmp_path, colours, monkeypatch) -> None:
    """Not for each individual anew, of whom there may be half a million."""
    asked = []
    real = result_module.in_few

    def counting(*what):
        asked.append(what)
        return real(*what)

    monkeypatch.setattr(result_module, "in_few", counting)
    settings = AutopilotSettings(min_photos=2)
    found = modes.autopilot(album_folder, settings=settings, subject=colours)
    html_of(found)
    reasons = [found.why_no_folder(str(name)) for name in found.individuals["name"]]
    assert reasons == ["", "", "in fewer than 2 photos"]
    # Of the plan's own, and of the result before and after it is timed.
    assert len(asked) <= 3


def test_photos_that_were_read_in_part_are_named(album_folder, tmp_path, colours) -> None:
    whole = save_tiles(album_folder / "part.bmp", "ann", "bob").read_bytes()
    (album_folder / "part.bmp").write_bytes(whole[:-1300])
    result = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    assert "1 photo could be read in part only:" in str(result)
    assert "part.bmp: cut short: 9" in str(result)
    assert "cut short: 9" in (tmp_path / "out" / "photos.csv").read_text(encoding="utf-8-sig")


def test_the_raw_file_of_a_photo_that_is_damaged_is_looked_at(tmp_path, colours) -> None:
    pytest.importorskip("rawpy")
    photos = tmp_path / "photos"
    with Image.open(save_tiles(photos / "a.png", "ann", "bob")) as picture:
        large = picture.resize((512, 256))
    write_dng(photos / "a.dng", large, preview=large)
    (photos / "a.png").write_bytes((photos / "a.png").read_bytes()[:120])
    result = modes.autopilot(photos, tmp_path / "out", subject=colours)
    assert [Path(path).name for path in result.album.photos["path"]] == ["a.dng"]
    assert [Path(path).name for path in result.problems["path"]] == ["a.png"]
    assert (tmp_path / "out" / "person_001" / "a.dng").is_file()


def test_a_missing_package_is_said_before_the_long_work(album_folder, colours, monkeypatch) -> None:
    (album_folder / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    monkeypatch.setattr("toolkit.photos.formats.is_there", lambda kind: kind != "HEIF")
    told = []
    how = {"settings": GroupingSettings(), "subject": colours}
    result = modes.look(album_folder, tell=told.append, **how)
    (said,) = [each for each in told if "HEIC" in each]
    assert said.startswith("1 photo cannot be read: HEIC needs one more package")
    assert [Path(path).name for path in result.album.problems["path"]].count("a.heic") == 1


def test_of_whom_it_is_not_sure_who_they_are_stand_apart(album_folder, colours) -> None:
    found = modes.autopilot(album_folder, subject=colours)
    assert found.not_sure == frozenset()
    assert "not sure who" not in str(found) + html_of(found)
    counts = found.individuals.set_index("name")["sightings"]
    alone = str(counts.index[counts == 1][0])
    unsure = replace(found, doubts=frozenset({found.names.index(alone)}))
    assert unsure.not_sure == {alone}
    assert unsure.why_no_folder(alone) == "not sure who"
    text = str(unsure)
    assert f"{len(counts) - 1} people" in text.splitlines()[0]
    assert "1 face says too little (covered, turned away, dark or blurred): not sure who" in text
    page = html_of(unsure)
    before, after = page.split("Not sure who", 1)
    assert alone not in before[before.index('id="individuals"') :]
    assert alone in after
    assert after.count("(not sure who: no folder)") == 1
    assert alone in found._repr_html_()
    assert alone not in unsure._repr_html_()
    # One that is among others of its own is with them.
    several = str(counts.index[counts > 1][0])
    assert replace(found, doubts=frozenset({found.names.index(several)})).not_sure == frozenset()


def test_of_whom_it_is_not_sure_who_they_are_has_no_name_in_the_table(
    album_folder, colours, tmp_path
) -> None:
    found = modes.autopilot(album_folder, subject=colours)
    counts = found.individuals.set_index("name")["sightings"]
    row = found.names.index(str(counts.index[counts == 1][0]))
    unsure = replace(found, doubts=frozenset({row}))
    out = tmp_path / "sorted"
    modes.export_result(unsure, out)
    table = read_table(out / "sightings.csv")
    folders = {path.name for path in out.iterdir() if path.is_dir()} - {"unsure"}
    assert {*table["name"]} - {""} == folders
    assert table["name"].iat[row] == ""
    assert table["number"].iat[row] == str(found.numbers[row])
    # A later run and a reopened result know the individual by its number.
    assert ResultsFolder(out).load().names == found.names
    assert earlier.read(out).names == found.names


def test_the_unsure_among_those_that_nobody_known_is_stand_apart_in_the_report(
    album_folder, tmp_path, colours
) -> None:
    people = tmp_path / "people"
    save_tiles(people / "Ann" / "a.png", "ann")
    save_tiles(album_folder / "alone.png", "cem")
    found = modes.point_and_shoot(album_folder, people, subject=colours)
    # Alone in a photo.
    seen_in = found.album.photo_of.tolist()
    row = next(
        row
        for row, name in enumerate(found.names)
        if name is None and seen_in.count(seen_in[row]) == 1
    )
    unsure = replace(found, doubts=frozenset({row}))
    assert (unsure.too_little, unsure.not_sure) == ({row}, frozenset())
    assert unsure.in_brief == ["not sure who: 1 face"]
    assert unsure.in_no_folder == len(unsure.unsorted) - 1
    assert "not sure who" not in html_of(found)
    shown = html_of(unsure)
    assert "<dt>not sure who</dt><dd>1</dd>" in shown
    part = shown[shown.index('id="not-sure"') : shown.index('id="doubts"')]
    file = Path(found.album.sightings["path"].iloc[row]).name
    assert part.count("<article>") == part.count("<img") == part.count(f"<bdi>{file}</bdi>") == 1


def test_a_run_says_how_many_folders_are_likely_second_ones(
    album_folder, tmp_path, colours
) -> None:
    found = modes.autopilot(album_folder, subject=colours)
    assert found.second_folders is None
    written = modes.export_result(found, tmp_path / "out")
    assert written.second_folders == pytest.approx(0.0, abs=0.4)
    assert "second one" not in str(written)
    several = replace(written, second_folders=59.2)
    said = "about 59 folders are likely second ones of a person who has a larger one: Review asks"
    assert said in str(several)
