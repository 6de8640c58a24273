"""The benches measure what they say; no test asserts a time."""

import pandas as pd
import pytest
import synthetic_network as write

from toolkit import files, modes
from toolkit.benchmarks import speed
from toolkit.errors import SightingsError
from toolkit.subjects import weights
from toolkit.subjects.face.detectors import CNN
from toolkit.subjects.face.subject import ENCODER


@pytest.fixture
def tiles(monkeypatch, colours):
    monkeypatch.setattr(modes, "subject_for", lambda settings: colours)


def test_groups_count_as_the_person_they_fit_best() -> None:
    expected = {("1.jpg", "ann"), ("2.jpg", "ann"), ("2.jpg", "bob"), ("3.jpg", "bob")}
    perfect = [("1.jpg", 7), ("2.jpg", 7), ("2.jpg", 3), ("3.jpg", 3)]
    assert speed._against(perfect, expected) == (4, 0)
    # One group for everybody is ann or bob, not both; its third photo is wrong.
    assert speed._against([("1.jpg", 0), ("2.jpg", 0), ("3.jpg", 0)], expected) == (2, 1)
    # A person split in two: one part is right, the other is wrong.
    split = [("1.jpg", 0), ("2.jpg", 1), ("2.jpg", 2), ("3.jpg", 2)]
    assert speed._against(split, expected) == (3, 1)
    assert speed._against([], expected) == (0, 0)


def test_the_shares_of_the_stages_make_a_whole(album_folder, tiles) -> None:
    table = speed.pipeline(album_folder, jobs=(1, 2))
    assert table["jobs"].to_list() == [1, 2]
    assert table["photos"].to_list() == [6, 6]
    shares = table[[column for column in table if column.startswith("share_")]]
    assert shares.sum(axis=1).to_list() == pytest.approx([1.0, 1.0])
    assert (table["peak_mb"] > 10).all()


def test_the_engine_and_dlib_are_timed_in_turn(sample_album, tmp_path, monkeypatch) -> None:
    # A detector of few filters that finds nothing: the table is looked at here, not the speed.
    (tmp_path / "detector.dat").write_bytes(write.detector(bias=-1e6))
    (tmp_path / "encoder.dat").write_bytes(write.encoder())
    kinds = {CNN: tmp_path / "detector.dat", ENCODER: tmp_path / "encoder.dat"}
    monkeypatch.setattr(weights, "find", kinds.__getitem__)
    monkeypatch.setenv(files.CACHE_VARIABLE, str(tmp_path / "networks"))
    table = speed.engine(sample_album / "photos/day 1/IMG_0002.jpg", rounds=1)
    assert len(table) == 4
    assert (table["seconds"] > 0).all()
    assert table["dlib_seconds"].notna().to_list() == [True, True, True, False]
    assert table["times_faster"][0] == pytest.approx(table["dlib_seconds"][0] / table["seconds"][0])


def test_peers_say_what_is_missing(album_folder, tiles, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "face_recognition", None)
    truth = pd.DataFrame({"photo": ["a1.png"], "person": ["ann"]})
    with pytest.raises(SightingsError, match="pip install --no-deps face_recognition"):
        speed.peers(album_folder, truth)


def test_copies_and_photos_of_one_name_in_two_folders_count_each(
    album_folder, tiles, monkeypatch
) -> None:
    (album_folder / "zz").mkdir()
    (album_folder / "zz" / "a1.png").write_bytes((album_folder / "a1.png").read_bytes())
    monkeypatch.setattr(speed, "_face_recognition", lambda paths: [])
    monkeypatch.setattr(speed, "_dlib_way", lambda paths: [])
    names = ["a1.png", "zz/a1.png", "deep/a1.png", "a2.png", "deep/a3.png", "three.png"]
    truth = pd.DataFrame({"photo": names, "person": "ann"})
    table = speed.peers(album_folder, truth)
    assert table["right"].to_list()[:2] == [6, 6]
    assert table["missed"].to_list() == [0, 0, 6, 6]
    with pytest.raises(SightingsError, match="no photo of the truth"):
        speed.peers(album_folder, truth.assign(photo="x.jpg"))
