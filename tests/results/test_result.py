"""What a mode found, in words, for machines and for a notebook."""

import json

from tiles import save_tiles

from toolkit import modes


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
