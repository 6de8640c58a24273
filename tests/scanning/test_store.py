"""What was seen is kept, and never looked at again while nothing that shapes it changed."""

import io
import os
import shutil
import sqlite3
import stat
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import toys
from hypothesis import given
from hypothesis import strategies as st
from tiles import save_tiles

from toolkit import cli, modes
from toolkit.calibration import Calibration
from toolkit.grouping import neighbours
from toolkit.photos.identity import Identity
from toolkit.records import Box, Detection, EncoderInfo, Mask
from toolkit.scanning import store
from toolkit.scanning.store import BadStore, Kept, Look, Store
from toolkit.settings import AutopilotSettings, settings_for
from toolkit.subjects import registry

INFO = toys.HueEncoder.info
YEAR_2001 = 1_000_000_000


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where the user's store is."""
    path = tmp_path / "cache" / store.NAME
    monkeypatch.setenv(store.VARIABLE, str(path))
    return path


@pytest.fixture(params=[toys.LAMPS, toys.CARDS], ids=lambda toy: toy.info.name)
def toy(request, monkeypatch):
    monkeypatch.setitem(registry.SUBJECTS, request.param.info.name, request.param.settings)
    return request.param


@pytest.fixture
def photos(toy, tmp_path):
    return old(toy.save_photos(tmp_path / "photos"))


def old(folder):
    """Make all files there older than what could still change unnoticed."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (YEAR_2001, YEAR_2001))
    return folder


def settings_of(toy, **values):
    return settings_for("autopilot", toy.settings)(jobs=1, **values)


def look_at(number: int = 3, seed: int = 0) -> Look:
    rng = np.random.default_rng(seed)
    found = tuple(
        Detection(Box(int(x), int(y), int(x) + 9, int(y) + 7), float(score))
        for x, y, score in rng.integers(-5, 90, (number, 3))
    )
    return Look(100, 80, number % 2, found, rng.random((number, 3)).astype(np.float32))


def kept_of(path, look, photo="p" * 64, read=None) -> Kept:
    read = time.time_ns() if read is None else read
    return Kept(path, Identity("f" * 64, "i" * 64, 6), photo, look, read)


def same(one: Look, other: Look) -> bool:
    return (
        replace(one, encodings=None, features=()) == replace(other, encodings=None, features=())
        and one.encodings.tobytes() == other.encodings.tobytes()
        and len(one.features) == len(other.features)
        and all(
            mine.keys() == its.keys() and all((mine[k] == its[k]).all() for k in mine)
            for mine, its in zip(one.features, other.features, strict=True)
        )
    )


class TestRuns:
    def test_a_second_run_looks_at_nothing_and_finds_the_same(self, toy, photos, place) -> None:
        first = modes.autopilot(photos, settings=settings_of(toy))
        again = modes.autopilot(photos, settings=settings_of(toy))
        assert first.looks == {"known": 0, "looked_at": 7}
        assert again.looks == {"known": 7, "looked_at": 0}
        assert again.names == first.names
        assert again.album.sightings.equals(first.album.sightings)
        assert again.album.photos.equals(first.album.photos)
        np.testing.assert_array_equal(
            neighbours.of(again.album).matrix(), neighbours.of(first.album).matrix()
        )
        assert "7 photos known, 0 looked at" in str(again)

    def test_only_what_is_new_is_looked_at(self, toy, photos, place, tmp_path) -> None:
        modes.autopilot(photos, settings=settings_of(toy))
        who = toy.known[0]
        toys.save(photos / "new.png", toy.square(who, 77))
        shutil.copy(photos / "1.png", photos / "copy of 1.png")
        old(photos)
        out = tmp_path / "out"
        again = modes.autopilot(photos, out, settings=settings_of(toy))
        assert again.looks == {"known": 8, "looked_at": 1}
        fresh = modes.autopilot(photos, settings=settings_of(toy, store=False))
        assert fresh.looks == {"known": 0, "looked_at": 9}
        assert fresh.names == again.names

    def test_other_settings_look_anew_and_the_same_ones_are_still_known(
        self, toy, photos, place
    ) -> None:
        modes.autopilot(photos, settings=settings_of(toy))
        other = modes.autopilot(photos, settings=settings_of(toy, min_size=100))
        assert other.looks == {"known": 0, "looked_at": 7}
        assert len(other.album) == 0
        threshold = modes.autopilot(photos, settings=settings_of(toy, threshold=0.01))
        assert threshold.looks["looked_at"] == 0

    def test_all_that_shapes_a_look_is_in_its_key(self, toy, place) -> None:
        one = replace(settings_of(toy).make_subject(), key="one")
        others = ({}, {"long_edge": 500}, {"min_size": 99}, {"min_sharpness": 0.5})
        found = set()
        for subject, values in [(one, each) for each in others] + [(replace(one, key="two"), {})]:
            with store.recalled(subject, settings_of(toy, **values)) as recall:
                found.add(recall._how)
        assert len(found) == 5

    def test_the_same_bytes_written_anew_or_elsewhere_are_known(
        self, toy, photos, place, tmp_path
    ) -> None:
        modes.autopilot(photos, settings=settings_of(toy))
        shutil.copytree(photos, tmp_path / "again")
        assert modes.autopilot(tmp_path / "again", settings=settings_of(toy)).looks == {
            "known": 7,
            "looked_at": 0,
        }

    def test_a_file_that_was_moved_and_renamed_is_known(self, toy, photos, place) -> None:
        modes.autopilot(photos, settings=settings_of(toy))
        (photos / "in").rename(photos / "elsewhere")
        (photos / "1.png").rename(photos / "elsewhere" / "first.png")
        assert modes.autopilot(photos, settings=settings_of(toy)).looks["looked_at"] == 0

    def test_a_file_that_was_changed_is_looked_at(self, toy, photos, place) -> None:
        modes.autopilot(photos, settings=settings_of(toy))
        toys.save(photos / "1.png", toy.square(toy.known[1], 5))
        assert modes.autopilot(photos, settings=settings_of(toy)).looks["looked_at"] == 1

    def test_what_is_known_is_not_even_read(self, toy, photos, place, monkeypatch) -> None:
        modes.autopilot(photos, settings=settings_of(toy))

        def read(path):
            raise AssertionError(f"{path} was read")

        monkeypatch.setattr("toolkit.scanning.scan.identify", read)
        monkeypatch.setattr("toolkit.scanning.scan.examine", read)
        assert modes.autopilot(photos, settings=settings_of(toy)).looks["known"] == 7

    def test_links_to_what_is_known_are_known(self, toy, photos, place, tmp_path, monkeypatch):
        modes.autopilot(photos, settings=settings_of(toy))
        links = tmp_path / "links"
        links.mkdir()
        for number, path in enumerate(sorted(photos.rglob("*.png"))):
            (links / f"{number}.png").symlink_to(path)
            (links / f"hard {number}.png").hardlink_to(path)
        found = modes.autopilot(links, settings=settings_of(toy))
        assert found.looks == {"known": 14, "looked_at": 0}

    def test_examples_are_known_too(self, toy, photos, place, tmp_path, monkeypatch) -> None:
        known = old(toy.save_known(tmp_path / "known"))
        settings = settings_for("point-and-shoot", toy.settings)(jobs=1)
        first = modes.point_and_shoot(photos, known, settings=settings)
        monkeypatch.setattr(
            "toolkit.scanning.scan.examine", lambda *_: pytest.fail("a photo was looked at")
        )
        assert modes.point_and_shoot(photos, known, settings=settings).names == first.names

    def test_stopped_it_goes_on_where_it_was(self, toy, photos, place) -> None:
        told = []
        modes.look(
            photos,
            settings=settings_of(toy),
            progress=lambda *news: told.append(news),
            stop=lambda: len(told) >= 3,
        )
        again = modes.autopilot(photos, settings=settings_of(toy))
        assert again.looks == {"known": 3, "looked_at": 4}

    def test_a_subject_that_was_handed_over_is_not_kept(self, toy, photos, place) -> None:
        subject = settings_of(toy).make_subject()
        for _ in range(2):
            found = modes.autopilot(photos, settings=settings_of(toy), subject=subject)
            assert found.looks["known"] == 0
        assert not place.exists()

    def test_a_store_that_cannot_be_used_costs_a_look_and_is_told(self, toy, photos, place):
        place.parent.mkdir()
        place.write_bytes(b"no database at all, and long enough to be taken for one" * 100)
        told = []
        found = modes.autopilot(photos, settings=settings_of(toy), tell=told.append)
        assert found.looks == {"known": 0, "looked_at": 7}
        assert len(told) == 1
        assert "cannot be used" in told[0]
        assert "--no-store" in told[0]


class TestStore:
    @given(st.integers(0, 6), st.integers(0, 1000))
    def test_what_is_kept_comes_back_to_the_bit(self, number, seed) -> None:
        look = look_at(number, seed)
        content = store._to_bytes(look)
        found = store._from_bytes(content, INFO)
        assert same(Look(100, 80, number % 2, *found), look)
        # What was read is not held with it.
        assert found[1].base is None

    def test_what_the_version_before_kept_is_read(self) -> None:
        found = tuple(
            Detection(
                Box(k, 1, k + 9, 8), 0.5, mask=mask, seconds=when, turn=90 * k, worth=0.25 * k
            )
            for k, (mask, when) in enumerate([(Mask(3, 2, (1, 2, 3)), 1.5), (None, 2.5)])
        )
        rows = np.arange(6, dtype=np.float32).reshape(2, 3)
        stream = io.BytesIO()
        np.savez(
            stream,
            detections=np.array([[0, 1, 9, 8, 0.5], [1, 1, 10, 8, 0.5]]),
            encodings=rows,
            masks=np.array(b"[[3, 2, 1, 2, 3], null]"),
            seconds=np.array([1.5, 2.5]),
            turns=np.array([0, 90]),
            worth=np.array([0.0, 0.25]),
            shows=np.array(b"animal"),
            note=np.array("häßlich".encode()),
        )
        read = store._from_bytes(stream.getvalue(), INFO)
        assert read[0] == found
        assert read[1].tobytes() == rows.tobytes()
        assert read[2:] == ((), "animal", "häßlich")

    def test_a_file_of_many_names_is_sought_once(self, place, tmp_path) -> None:
        photo = tmp_path / "a.png"
        photo.write_bytes(b"x")
        names = [tmp_path / f"{number}.png" for number in range(300)]
        for name in names:
            name.hardlink_to(photo)
        old(tmp_path)
        with Store(place) as kept:
            kept.keep([kept_of(name, None) for name in names], "how")
            steps = 0

            def count() -> int:
                nonlocal steps
                steps += 1
                return 0

            kept._base.set_progress_handler(count, 20)
            for name in (*names, photo):
                assert kept.identity(name) is not None
            # Steps of SQLite's machine, 20 at a time: not all the rows of all the names.
            assert steps < 5 * len(names)

    def test_what_a_photo_shows_is_kept_and_its_own_key_tells_looks_apart(self, place) -> None:
        seen = replace(look_at(), shows="animal+person", note="cut short: 97% is there")
        encoder = EncoderInfo("e", "0" * 64, 3, "euclidean", Calibration(1.0, 1.0))
        with Store(place) as kept:
            recall = store.Recall(kept, "how", encoder)
            recall.keep([replace(kept_of(place, seen), key="boxes")], [("q" * 64, "boxes")])
            assert same(recall.look("p" * 64, "boxes"), seen)
            assert recall.look("p" * 64) is None
            assert recall.look("p" * 64, "others") is None

    def test_it_is_readable_by_its_owner_only(self, place) -> None:
        with Store(place) as kept:
            kept.keep([kept_of(place, look_at())], "how")
            for path in place.parent.iterdir():
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        assert stat.S_IMODE(place.parent.stat().st_mode) & 0o077 == 0

    def test_a_file_written_just_before_it_was_read_is_not_believed(self, place, tmp_path):
        photo = tmp_path / "a.png"
        photo.write_bytes(b"x")
        with Store(place) as kept:
            kept.keep([kept_of(photo, look_at(), read=photo.stat().st_mtime_ns + 1)], "how")
            assert kept.identity(photo) is None
            kept.keep([kept_of(photo, None, read=photo.stat().st_mtime_ns + store.RACY)], "how")
            assert kept.identity(photo) == (Identity("f" * 64, "i" * 64, 6), "p" * 64)
            os.utime(photo, (YEAR_2001, YEAR_2001))
            assert kept.identity(photo) is None
            # Another size under the same time.
            kept.keep([kept_of(photo, None)], "how")
            assert kept.identity(photo) is not None
            photo.write_bytes(b"xy")
            os.utime(photo, (YEAR_2001, YEAR_2001))
            assert kept.identity(photo) is None
            assert kept.identity(tmp_path / "missing") is None

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"PK\x03\x04 no archive",
            store._to_bytes(look_at())[:-40],
            store._to_bytes(look_at())[:9],
            store._BEGINS + store._COUNTS.pack(1 << 31, 1 << 31, 0),
            store._BEGINS + store._COUNTS.pack(0, 3, 2) + b"7 ",
            store._BEGINS + store._COUNTS.pack(0, 3, 9) + b'{"turns":',
            store._to_bytes(replace(look_at(), encodings=np.zeros((3, 7), np.float32))),
            store._to_bytes(replace(look_at(), encodings=np.full((3, 3), np.nan, np.float32))),
            store._to_bytes(replace(look_at(), encodings=np.zeros((2, 3), np.float32))),
        ],
    )
    def test_a_damaged_entry_is_none(self, place, content) -> None:
        with Store(place) as kept:
            kept.keep([kept_of(place, look_at())], "how")
            assert kept.look("p" * 64, "how", INFO) is not None
            kept._base.execute("UPDATE looks SET arrays = ?", (content,))
            assert kept.look("p" * 64, "how", INFO) is None

    def test_another_version_is_begun_anew(self, place) -> None:
        with Store(place) as kept:
            kept.keep([kept_of(place, look_at())], "how")
            kept._base.execute(f"PRAGMA user_version = {store.FORMAT + 1}")
        with Store(place) as kept:
            assert kept.content().looks == 0
            kept.keep([kept_of(place, look_at())], "how")
            assert kept.content().looks == 1

    def test_purged_it_is_empty_and_small(self, place) -> None:
        with Store(place) as kept:
            for number in range(200):
                kept.keep([kept_of(place, look_at(60, number), photo=f"{number:064x}")], "how")
            large = kept.content()
            kept.purge()
            small = kept.content()
        assert (large.photos, large.looks, large.files) == (200, 200, 1)
        assert (small.photos, small.looks, small.files) == (0, 0, 0)
        assert small.size < large.size / 4

    def test_bounded_it_keeps_what_was_used_last(self, place, monkeypatch) -> None:
        clock = iter(range(10_000))
        monkeypatch.setattr(store.time, "time", lambda: next(clock))
        with Store(place) as kept:
            for number in range(100):
                kept.keep([kept_of(place, look_at(60, number), f"{number:064x}", 1)], "how")
            kept.used([(f"{number:064x}", "") for number in range(10)], "how")
            gone = kept.bound(kept.content().size // 2)
            left = {n for n in range(100) if kept.look(f"{n:064x}", "how", INFO) is not None}
        assert 10 <= gone < 90
        assert len(left) == 100 - gone
        assert set(range(10)) < left
        assert 99 in left
        assert 10 not in left

    def test_two_share_one(self, place, tmp_path) -> None:
        errors = []

        def write(first: int) -> None:
            try:
                with Store(place) as kept:
                    for number in range(first, first + 40):
                        kept.keep([kept_of(place, look_at(2, number), f"{number:064x}")], "how")
            except Exception as error:  # noqa: BLE001 - of a thread
                errors.append(error)

        threads = [threading.Thread(target=write, args=(1000 * k,)) for k in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert not errors
        with Store(place) as kept:
            assert kept.content().looks == 120

    def test_a_new_one_that_another_is_making_is_waited_for(self, place, monkeypatch) -> None:
        place.parent.mkdir()
        other = sqlite3.connect(place, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE one (a)")
        waited = []

        def end(seconds: float) -> None:
            waited.append(seconds)
            if other.in_transaction:
                other.rollback()

        monkeypatch.setattr(store.time, "sleep", end)
        with Store(place) as kept:
            assert kept.content().looks == 0
        assert waited == [store.PAUSE]
        other.close()

    def test_one_that_stays_locked_is_told(self, place, monkeypatch) -> None:
        monkeypatch.setattr(store, "PATIENCE", 0.0)
        place.parent.mkdir()
        other = sqlite3.connect(place, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BadStore, match="locked"):
            Store(place)
        other.close()

    def test_many_open_a_new_one_at_once(self, place) -> None:
        errors = []
        ready = threading.Barrier(6)

        def begin() -> None:
            ready.wait(60)
            try:
                Store(place).close()
            except Exception as error:  # noqa: BLE001 - of a thread
                errors.append(error)

        threads = [threading.Thread(target=begin) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert not errors

    def test_a_change_happens_whole_or_not_at_all(self, place, monkeypatch) -> None:
        with Store(place) as kept:
            broken = replace(look_at(), width="wide" * 10**6)
            monkeypatch.setattr(store, "_to_bytes", lambda look: object())
            with pytest.raises(BadStore):
                kept.keep([kept_of(place, broken)], "how")
            monkeypatch.undo()
            assert kept.content().files == 0
            kept.keep([kept_of(place, look_at())], "how")
            assert kept.content().files == 1

    def test_no_place_for_it_is_told(self, tmp_path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(BadStore, match="--no-store"):
            Store(tmp_path / "file" / "store")


class TestCommand:
    def run(self, *words: str) -> int:
        return cli.main(["store", *words])

    def test_it_shows_bounds_and_purges(self, place, capsys) -> None:
        assert self.run() == 0
        assert "nothing is kept yet" in capsys.readouterr().out
        with Store(place) as kept:
            kept.keep([kept_of(place, look_at())], "one")
            kept.keep([kept_of(place, look_at())], "two")
        assert self.run() == 0
        assert "1 photo, 2 looks at them, 1 file known" in capsys.readouterr().out
        assert self.run("--keep", "0B") == 0
        assert "2 looks taken out" in capsys.readouterr().out
        assert self.run("--purge") == 0
        assert str(place) in capsys.readouterr().out
        with Store(place) as kept:
            assert kept.content().looks == 0

    @pytest.mark.parametrize("word", ["much", "=-5GB", "5 elephants", "1e3", ""])
    def test_a_size_that_is_none_is_refused_in_a_line(self, place, word, capsys) -> None:
        assert self.run(f"--keep={word}") == 2
        assert "such as 5GB" in capsys.readouterr().err

    def test_a_store_that_is_none_is_refused_in_a_line(self, place, capsys) -> None:
        place.parent.mkdir()
        place.write_bytes(b"no database at all, and long enough to be taken for one" * 100)
        assert self.run() == 2
        assert "cannot be used" in capsys.readouterr().err


def test_it_is_a_database_that_others_can_read(place) -> None:
    with Store(place) as kept:
        kept.keep([kept_of(place, look_at())], "how")
    with sqlite3.connect(place) as base:
        assert base.execute("SELECT photo, how FROM looks").fetchall() == [("p" * 64, "how")]
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_it_lies_in_the_cache_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv(store.VARIABLE)
    monkeypatch.setenv("SIGHTINGS_CACHE", str(tmp_path))
    assert store.place() == tmp_path / "seen.sqlite3"
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "another"))
    assert store.place() == tmp_path / "another"


def test_photos_of_tiles_are_the_album_folders_own(place, tmp_path, colours) -> None:
    save_tiles(tmp_path / "photos" / "a.png", "ann")
    modes.look(tmp_path / "photos", settings=AutopilotSettings(jobs=1), subject=colours)
    assert not place.exists()


def test_a_painted_mask_is_kept_with_its_box_and_a_damaged_one_makes_no_entry() -> None:
    mask = Mask(3, 2, (1, 2, 3))
    found = tuple(
        Detection(Box(k, 0, k + 9, 9), 0.5, mask=each) for k, each in enumerate((mask, None))
    )
    rows = np.zeros((2, INFO.dimensions), np.float32)
    assert store._from_bytes(store._to_bytes(Look(9, 9, 0, found, rows)), INFO)[0] == found
    plain = tuple(replace(each, mask=None) for each in found)
    assert b"masks" not in store._to_bytes(Look(9, 9, 0, plain, rows))
    for odd in (7, [7], [{}, None], [[3, 2, 7], None]):
        with pytest.raises((ValueError, TypeError, KeyError)):
            store._masks_from(odd)
