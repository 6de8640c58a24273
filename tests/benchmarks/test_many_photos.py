import numpy as np
import pytest

from toolkit import modes
from toolkit.benchmarks import drawn_encodings, many_photos
from toolkit.errors import BadFolder, BadSetting
from toolkit.photos import opening
from toolkit.photos.identity import identify
from toolkit.results import export
from toolkit.scanning import store
from toolkit.settings import AutopilotSettings
from toolkit.subjects.registry import subject_for
from toolkit.tables import read_table

SAID: list[str] = []
SETTINGS = AutopilotSettings(link="symbolic")


@pytest.fixture(scope="module")
def subject():
    return subject_for(AutopilotSettings())


def test_drawn_photos_are_all_different_and_known(tmp_path, monkeypatch, subject) -> None:
    folder = tmp_path / "many"
    monkeypatch.setattr(many_photos, "EACH", 100)
    table = many_photos.make(folder, 250, seed=3, subject=subject, log=SAID.append)
    assert table[["photos", "folders"]].to_numpy().tolist() == [[250, 3]]
    monkeypatch.setenv(store.VARIABLE, table["store"].iat[0])
    looked = modes.look(folder, settings=AutopilotSettings(), subject=subject)
    assert looked.recognised == 250
    assert looked.album.photos["photo_digest"].is_unique
    assert sorted(each.name for each in folder.iterdir()) == ["0000", "0001", "0002"]
    drawn = drawn_encodings.draw(250, seed=3)
    assert looked.album.encodings.tobytes() == drawn.encodings.tobytes()
    # They are what the store says that they are, and can be shown.
    path = folder / "0002" / "0000201.jpg"
    assert identify(path).photo == looked.album.photos["photo_digest"].iat[201]
    assert opening.open_upright(path).shape == (many_photos.SIDE, many_photos.SIDE, 3)


def test_hard_links_need_what_they_lead_to(tmp_path, subject) -> None:
    with pytest.raises(BadSetting, match="--hard goes with --of"):
        many_photos.make(tmp_path / "many", 3, hard=True, subject=subject, log=SAID.append)
    assert not (tmp_path / "many").exists()


@pytest.mark.parametrize("hard", [False, True])
def test_links_lead_to_the_photos_in_turn(tmp_path, hard) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (photos / name).write_bytes(many_photos.numbered(many_photos._picture(1), ord(name[0])))
    folder = tmp_path / "links"
    table = many_photos.make(folder, 7, of=photos, hard=hard, log=SAID.append)
    assert table["store"].iat[0] == ""
    there = sorted(folder.rglob("*.jpg"))
    assert [path.is_symlink() for path in there] == [not hard] * 7
    names = [next(each.name for each in photos.iterdir() if each.samefile(path)) for path in there]
    assert names == ["a.jpg", "b.jpg", "c.jpg", "a.jpg", "b.jpg", "c.jpg", "a.jpg"]


def test_links_to_known_photos_are_sorted_as_the_photos_are(tmp_path, monkeypatch, subject) -> None:
    photos, folder, out = tmp_path / "photos", tmp_path / "links", tmp_path / "out"
    table = many_photos.make(photos, 40, subject=subject, log=SAID.append)
    monkeypatch.setenv(store.VARIABLE, table["store"].iat[0])
    monkeypatch.setattr(many_photos, "EACH", 50)
    many_photos.make(folder, 320, of=photos, log=SAID.append)
    alone = modes.autopilot(photos, settings=SETTINGS, subject=subject)
    found = modes.autopilot(folder, out, settings=SETTINGS, subject=subject)
    assert (found.recognised, found.count, len(found.album.photos)) == (320, 40, 320)
    assert found.names == alone.names
    expected = alone.individuals.assign(photos=alone.individuals["photos"] * 8)
    assert found.individuals.to_numpy().tolist() == expected.to_numpy().tolist()
    assert len(read_table(out / "photos.csv")) == 320
    assert len(read_table(out / "sightings.csv")) == 40
    planned = modes.autopilot(folder, out, settings=SETTINGS, subject=subject, dry_run=True)
    assert set(planned.plan["state"]) == {export.THERE}
    assert len(planned.plan) == 320


def test_what_cannot_be_made_is_refused(tmp_path) -> None:
    with pytest.raises(BadSetting, match="expected 1 or more"):
        many_photos.make(tmp_path / "many", 0, log=SAID.append)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("mine")
    with pytest.raises(BadFolder, match="expected a new folder"):
        many_photos.make(tmp_path / "full", 2, log=SAID.append)
    with pytest.raises(BadFolder, match="holds no photo"):
        many_photos.make(tmp_path / "many", 2, of=tmp_path / "full", log=SAID.append)
    assert not np.any([path.suffix == ".sqlite3" for path in tmp_path.iterdir()])
