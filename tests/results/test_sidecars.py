"""Sidecars beside the copies: written, brought up to date, taken away, and never over another."""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from files_seen import files_in
from PIL import Image
from stopping import after
from tiles import TILE, save_tiles
from xmp_files import exiftool

from toolkit import cli, modes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadFolder
from toolkit.grouping.sighting_finder import key_of
from toolkit.photos.face_regions import read
from toolkit.records import Box
from toolkit.results import export, sidecars
from toolkit.settings import AutopilotSettings

WRITING = AutopilotSettings(write_sidecars=True)


@pytest.fixture
def photos(tmp_path):
    save_tiles(tmp_path / "photos" / "a1.png", "ann")
    save_tiles(tmp_path / "photos" / "a2.png", "ann", shade=8)
    save_tiles(tmp_path / "photos" / "ab.png", "ann", "bob")
    return tmp_path / "photos"


def run(photos, colours, *, settings=WRITING, call=(), **how):
    """Sort photos; `call` has decisions: row, and name."""
    out = photos.parent / "out"
    looked = modes.look(photos, settings=settings, subject=colours)
    made = [Decision("name", key_of(looked.album, row), name=name) for row, name in call]
    planned = modes.autopilot_of(looked, settings=settings, decided=made)
    return modes.export_result(planned, out, **how)


def beside(out) -> set[str]:
    return {name for name in files_in(out) if name.endswith(".xmp")}


def names_in(path, width: int) -> dict[str, Box]:
    found = read(path, width=width, height=TILE)
    return {each.name: each.box for each in found.regions}


def test_off_by_default(photos, colours, tmp_path) -> None:
    result = run(photos, colours, settings=AutopilotSettings())
    assert not beside(tmp_path / "out")
    assert result.sidecars == ""
    assert "sidecars" not in json.loads((tmp_path / "out" / "run.json").read_text())


def test_each_copy_gets_one_with_everybody_in_the_photo(photos, colours, tmp_path) -> None:
    out = tmp_path / "out"
    before = files_in(photos)
    result = run(photos, colours, call=[(0, "Anna Lund"), (3, "Bob")])
    places = {"Anna Lund/a1.png.xmp", "Anna Lund/a2.png.xmp", "Anna Lund/ab.png.xmp"}
    assert beside(out) == places | {"Bob/ab.png.xmp"}
    assert result.sidecars == "4 sidecars written"
    assert "4 sidecars written" in str(result)
    both = {"Anna Lund": Box(0, 0, TILE, TILE), "Bob": Box(TILE, 0, 2 * TILE, TILE)}
    assert names_in(out / "Anna Lund" / "ab.png", 2 * TILE) == both
    assert names_in(out / "Bob" / "ab.png", 2 * TILE) == both
    assert set(json.loads((out / "run.json").read_text())["sidecars"]) == beside(out)
    # Nothing is written into a photo, or beside one of the user's.
    assert files_in(photos) == before
    for place in places:
        copy = out / place.removesuffix(".xmp")
        assert copy.read_bytes() == (photos / copy.name).read_bytes()


def test_exiftool_finds_them_beside_turned_photos(tmp_path, colours) -> None:
    stored = Image.open(save_tiles(tmp_path / "made.png", "ann", "bob"))
    about = Image.Exif()
    about[0x0112] = 6
    (tmp_path / "photos").mkdir()
    turned = stored.transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "photos" / "ab.png", exif=about)
    run(tmp_path / "photos", colours, call=[(0, "Ann"), (1, "Bob")])
    said = subprocess.run(
        [exiftool(), "-json", "-struct", "-G1", str(tmp_path / "out" / "Bob" / "ab.png.xmp")],
        check=True,
        capture_output=True,
    )
    info = json.loads(said.stdout)[0]["XMP-mwg-rs:RegionInfo"]
    # The stored picture lies on its side: ann, who is left, is below there.
    assert info["AppliedToDimensions"] == {"W": TILE, "H": 2 * TILE, "Unit": "pixel"}
    places = {each["Name"]: each["Area"]["Y"] for each in info["RegionList"]}
    assert places == {"Ann": 0.75, "Bob": 0.25}


def test_a_round_trip_names_everybody_again(photos, colours, tmp_path) -> None:
    run(photos, colours, call=[(0, "Anna Lund"), (3, "Bob")])
    again = tmp_path / "again"
    again.mkdir()
    for path in (tmp_path / "out" / "Anna Lund").iterdir():
        shutil.copy(path, again)
    taking = AutopilotSettings(names_from_photos=True)
    result = modes.autopilot(again, settings=taking, subject=colours)
    assert result.names_taken.new == 4
    assert list(result.names) == ["Anna Lund", "Anna Lund", "Anna Lund", "Bob"]


def test_the_same_again_writes_nothing(photos, colours, tmp_path) -> None:
    run(photos, colours)
    first = files_in(tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.xmp")}
    result = run(photos, colours)
    assert result.sidecars == "sidecars: 4 there already"
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert beside(tmp_path / "out") == {name for name in first if name.endswith(".xmp")}


def test_names_that_changed_are_written_anew(photos, colours, tmp_path) -> None:
    out = tmp_path / "out"
    run(photos, colours, call=[(0, "Ann"), (3, "Bob")])
    result = run(photos, colours, call=[(0, "Ann"), (3, "Robert")])
    # That beside Bob's copy went with it.
    assert "Bob" not in {path.name for path in out.iterdir()}
    assert set(names_in(out / "Ann" / "ab.png", 2 * TILE)) == {"Ann", "Robert"}
    assert result.sidecars == "2 sidecars written, 2 there already, 1 taken away"


def test_a_photo_of_nobody_has_none(photos, colours, tmp_path) -> None:
    save_tiles(photos / "empty.png")
    run(photos, colours, settings=replace(WRITING, unsorted="others"))
    assert (tmp_path / "out" / "others" / "empty.png").is_file()
    assert not any("empty.png" in name for name in beside(tmp_path / "out"))


def test_without_the_setting_those_that_are_there_follow_and_no_new_ones_come(
    photos, colours, tmp_path
) -> None:
    out = tmp_path / "out"
    run(photos, colours, call=[(0, "Ann"), (3, "Bob")])
    (out / "Ann" / "a1.png.xmp").unlink()
    plain = AutopilotSettings()
    run(photos, colours, settings=plain, call=[(0, "Ann"), (3, "Robert")])
    assert beside(out) == {"Ann/a2.png.xmp", "Ann/ab.png.xmp"}
    assert set(names_in(out / "Ann" / "ab.png", 2 * TILE)) == {"Ann", "Robert"}


@pytest.mark.parametrize("name", ["ab.png.xmp", "ab.png.XMP", "ab.xmp"])
def test_none_is_written_where_there_is_another(photos, colours, tmp_path, name) -> None:
    out = tmp_path / "out"
    run(photos, colours, settings=AutopilotSettings(), call=[(3, "Bob")])
    (out / "Bob" / name).write_text("mine", encoding="utf-8")
    result = run(photos, colours, call=[(3, "Bob")])
    assert (out / "Bob" / name).read_text(encoding="utf-8") == "mine"
    assert {path.name for path in (out / "Bob").iterdir()} == {"ab.png", name}
    assert result.sidecars == "3 sidecars written, 1 not written, as there is another one"


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_no_file_is_left_too(photos, colours, tmp_path, kind) -> None:
    out = tmp_path / "out"
    run(photos, colours, settings=AutopilotSettings(), call=[(3, "Bob")])
    mine, path = tmp_path / "mine", out / "Bob" / "ab.png.xmp"
    mine.write_text("mine", encoding="utf-8")
    path.symlink_to(mine) if kind == "link" else path.mkdir()
    run(photos, colours, call=[(3, "Bob")])
    assert mine.read_text(encoding="utf-8") == "mine"
    assert path.is_symlink() if kind == "link" else path.is_dir()


def test_one_that_comes_meanwhile_is_left_too(photos, colours, tmp_path, monkeypatch) -> None:
    beside_bob, put = tmp_path / "out" / "Bob" / "ab.png.xmp", sidecars._put

    def meanwhile(path, content) -> None:
        if path == beside_bob:
            path.write_text("mine", encoding="utf-8")
        put(path, content)

    monkeypatch.setattr(sidecars, "_put", meanwhile)
    run(photos, colours, call=[(3, "Bob")])
    assert beside_bob.read_text(encoding="utf-8") == "mine"
    assert {path.name for path in beside_bob.parent.iterdir()} == {"ab.png", "ab.png.xmp"}


def test_one_that_was_changed_is_the_users_from_then_on(photos, colours, tmp_path) -> None:
    out = tmp_path / "out"
    run(photos, colours, call=[(0, "Ann"), (3, "Bob")])
    changed = out / "Ann" / "ab.png.xmp"
    changed.write_text("mine", encoding="utf-8")
    run(photos, colours, call=[(0, "Ann"), (3, "Robert")])
    assert changed.read_text(encoding="utf-8") == "mine"
    run(photos, colours, call=[(0, "Anna"), (3, "Robert")])
    assert changed.read_text(encoding="utf-8") == "mine"
    assert "Ann/ab.png.xmp" not in json.loads((out / "run.json").read_text())["sidecars"]


def test_stopped_nothing_is_taken_away_and_again_goes_on(photos, colours, tmp_path) -> None:
    out = tmp_path / "out"
    run(photos, colours, call=[(0, "Ann"), (3, "Bob")])
    before = beside(out)
    _, how = after(1)
    run(photos, colours, call=[(0, "Eve"), (3, "Bob")], **how)
    assert before <= beside(out)
    run(photos, colours, call=[(0, "Eve"), (3, "Bob")])
    assert beside(out) == {"Eve/a1.png.xmp", "Eve/a2.png.xmp", "Eve/ab.png.xmp", "Bob/ab.png.xmp"}
    assert not (out / "Ann").exists()


@pytest.mark.parametrize("count", range(5))
def test_cut_off_between_two_the_next_run_knows_its_own(
    photos, colours, tmp_path, monkeypatch, count
) -> None:
    out = tmp_path / "out"
    run(photos, colours, call=[(0, "Ann"), (3, "Bob")])
    for name in ("_put", "write_bytes"):
        whole = getattr(sidecars, name)

        def one(path, content, *, whole=whole, left=[count]) -> None:  # noqa: B006
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            whole(path, content)

        monkeypatch.setattr(sidecars, name, one)
    try:
        run(photos, colours, call=[(0, "Ann"), (2, "Cem"), (3, "Robert")])
    except KeyboardInterrupt:
        assert json.loads((out / "run.json").read_text())["finished"] is False
    monkeypatch.undo()
    run(photos, colours, call=[(0, "Anna"), (3, "Bob")])
    assert beside(out) == {
        "Anna/a1.png.xmp", "Anna/a2.png.xmp", "Anna/ab.png.xmp", "Bob/ab.png.xmp"
    }  # fmt: skip
    assert set(names_in(out / "Bob" / "ab.png", 2 * TILE)) == {"Anna", "Bob"}


def test_one_that_was_moved_with_its_photo_is_ours_still(photos, colours, tmp_path) -> None:
    out = tmp_path / "out"
    run(photos, colours, call=[(0, "Ann"), (3, "Bob")])
    (out / "Bob").rename(out / "Robert")
    run(photos, colours, call=[(0, "Ann"), (3, "Robert")])
    assert set(names_in(out / "Robert" / "ab.png", 2 * TILE)) == {"Ann", "Robert"}


def test_those_of_copies_that_went_are_taken_away(photos, colours, tmp_path) -> None:
    out = tmp_path / "out"
    run(photos, colours, call=[(0, "Ann"), (3, "Bob")])
    for place in ("Ann/a1.png", "Ann/a2.png", "Bob/ab.png"):
        (out / place).unlink()
    (out / "Ann" / "a2.png.xmp").write_text("mine", encoding="utf-8")
    about = json.loads((out / "run.json").read_text())
    assert sidecars.take_alone(out, about).removed == 2
    assert beside(out) == {"Ann/a2.png.xmp", "Ann/ab.png.xmp"}
    assert not (out / "Bob").exists()
    assert set(about["sidecars"]) == {"Ann/ab.png.xmp"}


def test_the_rest_of_the_record_stays_while_they_are_written(
    photos, colours, tmp_path, monkeypatch
) -> None:
    def cut_off(path, content):
        raise KeyboardInterrupt

    monkeypatch.setattr(sidecars, "_put", cut_off)
    with pytest.raises(KeyboardInterrupt):
        run(photos, colours, call=[(0, "Ann"), (3, "Bob")])
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert len(record["files"]) == len(record["sidecars"]) == 4
    assert (record["finished"], record["mode"]) == (False, "autopilot")


def test_links_have_them_beside_the_link(photos, colours, tmp_path) -> None:
    before = files_in(photos)
    run(photos, colours, settings=replace(WRITING, link="symbolic"), call=[(3, "Bob")])
    assert "Bob/ab.png.xmp" in beside(tmp_path / "out")
    assert files_in(photos) == before


def test_a_record_that_names_other_files_takes_none_away(photos, colours, tmp_path) -> None:
    out = tmp_path / "out"
    run(photos, colours, call=[(3, "Bob")])
    mine = tmp_path / "mine.xmp"
    mine.write_text("mine", encoding="utf-8")
    record = json.loads((out / "run.json").read_text())
    digest = export.digest_of(mine)
    record["sidecars"] |= {"../mine.xmp": digest, "../../mine.xmp": digest, str(mine): digest}
    record["sidecars"]["Bob/ab.png.xmp"] = ["no", "text"]
    # A copy is no sidecar.
    shutil.copy(mine, out / "Bob" / "mine.png")
    record["sidecars"]["Bob/mine.png"] = digest
    (out / "run.json").write_text(json.dumps(record), encoding="utf-8")
    run(photos, colours, call=[(3, "Bob")])
    assert mine.read_text(encoding="utf-8") == "mine"
    assert (out / "Bob" / "mine.png").is_file()


def test_a_full_disk_is_said_in_one_line(photos, colours, tmp_path, monkeypatch) -> None:
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sidecars, "create", full)
    with pytest.raises(BadFolder, match="No space left"):
        run(photos, colours)


def test_the_option_of_the_command_line(photos, colours, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(modes, "subject_for", lambda settings: colours)
    out = tmp_path / "out"
    assert cli.main(["autopilot", str(photos), str(out), "--write-sidecars", "--quiet"]) == 0
    assert len(beside(out)) == 4
    # A number is no name: nothing comes of it when it is read.
    again = ["autopilot", str(out / "person_001"), str(tmp_path / "again"), "--names-from-photos"]
    assert cli.main([*again, "--quiet"]) == 0
    assert not decisions.read(tmp_path / "again")
