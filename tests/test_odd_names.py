"""Names that people, phones and old disks give: sorted, opened again, sorted again, exported."""

import shutil
import sys
import unicodedata
from pathlib import Path

import pytest
from tiles import save_tiles

from toolkit import modes
from toolkit.curation import decisions
from toolkit.grouping.sighting_finder import key_of
from toolkit.results import results_folder
from toolkit.results.export import THERE

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems take fewer names")
NAMES = {
    "line break": "two\nlines.png",
    "dash": "-rf.png",
    "blank": " first.png",
    "soft hyphen": "Schnee\N{SOFT HYPHEN}mann.png",
    "flag": "\U0001f1f3\U0001f1f4 Oslo.png",
    "family": "\U0001f468\N{ZERO WIDTH JOINER}\U0001f469.png",
    "right to left": "\N{RIGHT-TO-LEFT MARK}שלום\N{RIGHT-TO-LEFT OVERRIDE}gpj.png",
    "Latin-1": "caf\udce9.png",
    "240 letters": "x" * 236 + ".png",
    "240 bytes of marks": "é" * 118 + ".png",
    "formula": "=1+1.png",
    "apostrophe": "'@a.png",
    "backslash": "a\\nb.png",
    "NFD": unicodedata.normalize("NFD", "Zoë.png"),
}


@linux
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_photo_of_any_name_is_sorted_opened_and_sorted_again(tmp_path, colours, name) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    save_tiles(folder / "first.png", "ann")
    save_tiles(folder / "x.png", "ann", shade=10).rename(folder / name)
    result = modes.autopilot(folder, out, subject=colours)
    assert result.not_copied == ()
    run = results_folder.load(out)
    assert (run.missing, len(run.album)) == (0, 2)
    assert {Path(path).name for path in run.album.photos["path"]} == {"first.png", name}
    copies = sorted(path.read_bytes() for path in (out / "person_001").iterdir())
    assert copies == sorted(path.read_bytes() for path in folder.iterdir())
    again = modes.autopilot(folder, out, subject=colours)
    assert set(again.plan["state"]) == {THERE}
    looked, _ = modes.taken_up(out)
    fresh = modes.autopilot_of(looked, settings=again.settings)
    written = modes.export_result(fresh, tmp_path / "second")
    assert written.not_copied == ()
    assert len(list((tmp_path / "second" / "person_001").iterdir())) == 2


@linux
@pytest.mark.parametrize("name", ["two\nlines", "-rf", "caf\udce9", "\U0001f1f3\U0001f1f4", "=1+1"])
def test_a_folder_of_any_name_is_sorted_and_opened(tmp_path, colours, name) -> None:
    folder, out = tmp_path / name, tmp_path / "out"
    save_tiles(folder / name / "a.png", "ann")
    modes.autopilot(folder, out, subject=colours)
    assert results_folder.load(out).missing == 0


def test_a_result_is_whole_from_any_working_folder(
    album_folder, tmp_path, colours, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    modes.autopilot("photos", "out", subject=colours)
    elsewhere = tmp_path / "else" / "where"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    for named in ("../../out", tmp_path / "out"):
        looked, run = modes.taken_up(named)
        assert (run.missing, len(looked.album)) == (0, 8)
        assert all(Path(path).exists() for path in looked.album.photos["path"])
    found = modes.autopilot_of(looked, settings=results_folder.settings_told(run))
    written = modes.export_result(found, "new")
    assert written.not_copied == ()
    assert len(list((elsewhere / "new" / "person_001").iterdir())) == 5


class TestOneNameInTwoForms:
    """Zoë, as macOS parts its letters and as a keyboard writes it."""

    nfc, nfd = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))

    def test_example_folders_are_one_person(self, album_folder, tmp_path, colours) -> None:
        save_tiles(tmp_path / "known" / self.nfd / "a.png", "ann")
        save_tiles(tmp_path / "known" / "Bob" / "b.png", "bob")
        out = tmp_path / "out"
        result = modes.point_and_shoot(album_folder, tmp_path / "known", out, subject=colours)
        assert set(result.individuals["name"]) == {self.nfc, "Bob"}
        assert (out / self.nfc).is_dir()

    @linux
    def test_two_folders_of_examples_are_one_person(self, album_folder, tmp_path, colours) -> None:
        save_tiles(tmp_path / "known" / self.nfd / "a.png", "ann")
        save_tiles(tmp_path / "known" / self.nfc / "b.png", "ann", shade=10)
        result = modes.point_and_shoot(album_folder, tmp_path / "known", subject=colours)
        assert set(result.individuals["name"]) == {self.nfc}
        assert len(result.references.names) == 1

    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    def test_decisions_name_them(self, album_folder, tmp_path, colours, form) -> None:
        save_tiles(tmp_path / "known" / self.nfd / "a.png", "ann")
        out = tmp_path / "out"
        first = modes.point_and_shoot(album_folder, tmp_path / "known", out, subject=colours)
        row = next(row for row, name in enumerate(first.names) if name is None)
        key = key_of(first.album, row)
        name = unicodedata.normalize(form, "Zoë")
        decisions.write(out, [decisions.Decision("name", key, name=name)])
        again = modes.point_and_shoot(album_folder, tmp_path / "known", out, subject=colours)
        assert {each for each in again.names if each} == {self.nfc}
        assert again.names[row] == self.nfc

    def test_an_earlier_result_with_a_renamed_folder(self, album_folder, tmp_path, colours) -> None:
        out = tmp_path / "out"
        modes.autopilot(album_folder, out, subject=colours)
        shutil.move(out / "person_001", out / self.nfd)
        again = modes.autopilot(album_folder, out, subject=colours)
        assert self.nfc in set(again.individuals["name"])
        assert self.nfd not in set(again.individuals["name"])
