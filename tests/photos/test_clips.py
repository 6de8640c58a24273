"""Clips: the frames at which something changes, and what becomes of them in a result."""

import io
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from drawn_clips import save_clip, tiles_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tiles import save_tiles

from toolkit import modes
from toolkit.errors import BadSetting, UnreadablePhoto
from toolkit.photos import clips, listing, opening, thumbnails
from toolkit.records import SECONDS
from toolkit.results import results_folder
from toolkit.settings import AutopilotSettings, PointAndShootSettings

NOBODY, ANN, BOB = tiles_of("", ""), tiles_of("ann"), tiles_of("", "bob")
WITH = AutopilotSettings(videos=True)


@pytest.fixture(autouse=True)
def none_remembered():
    clips._frames.cache_clear()


class TestFrames:
    def test_the_first_and_each_change_is_taken_with_its_time(self, tmp_path) -> None:
        found = clips.frames_of(save_clip(tmp_path / "a.mp4", [NOBODY, ANN, ANN, BOB]))
        assert found.seconds == (0.0, 1.0, 3.0)
        assert found.strip.shape == (3 * 64, 128, 3)
        assert [at for _, at, _ in found.parts] == [0, 64, 128]
        for (_, _, frame), scene in zip(found.parts, [NOBODY, ANN, BOB], strict=True):
            assert np.abs(frame.astype(int) - scene).mean() < 12

    def test_where_nothing_changes_one_frame_is_enough(self, tmp_path) -> None:
        noise = np.random.default_rng(0).integers(0, 12, (6, *ANN.shape), dtype=np.uint8)
        scenes = [np.clip(ANN.astype(int) - each, 0, 255).astype(np.uint8) for each in noise]
        assert clips.frames_of(save_clip(tmp_path / "a.mp4", scenes)).seconds == (0.0,)

    def test_of_many_changes_the_greatest_are_taken(self, tmp_path) -> None:
        scenes = [np.full((64, 128, 3), 40 * (k % 2), np.uint8) for k in range(30)]
        scenes[17][:] = 255
        found = clips.frames_of(save_clip(tmp_path / "a.mp4", scenes))
        assert len(found.seconds) == clips.MOST
        assert found.seconds[0] == 0.0
        assert 17.0 in found.seconds
        assert found.seconds == tuple(sorted(found.seconds))

    def test_large_frames_are_shrunk_and_long_clips_are_cut(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(clips, "LONG_EDGE", 64)
        monkeypatch.setattr(clips, "LONGEST", 1.5)
        found = clips.frames_of(save_clip(tmp_path / "a.mp4", [NOBODY, ANN, BOB]))
        assert found.seconds == (0.0, 1.0)
        assert found.strip.shape == (2 * 32, 64, 3)

    def test_a_frame_that_is_too_large_is_not_decoded(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(clips, "LARGEST", 1000)
        with pytest.raises(UnreadablePhoto, match="megapixels"):
            clips.frames_of(save_clip(tmp_path / "a.mp4", [ANN]))

    @pytest.mark.parametrize("ending", ["mp4", "mov", "avi", "mkv", "m4v", "3gp"])
    def test_the_kinds_of_cameras_and_phones_are_read(self, tmp_path, ending) -> None:
        path = save_clip(tmp_path / f"a.{ending}", [ANN, BOB])
        assert len(clips.frames_of(path).seconds) == 2
        assert clips.is_clip(path)

    @pytest.mark.parametrize(
        "content", [b"", b"x", b"#EXTM3U\nhttp://localhost/a.ts\n", b"ffconcat version 1.0\nfile x"]
    )
    def test_lists_of_other_files_are_not_followed(self, tmp_path, content) -> None:
        (tmp_path / "a.mp4").write_bytes(content)
        with pytest.raises(UnreadablePhoto, match="no video format"):
            clips.frames_of(tmp_path / "a.mp4")

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.data())
    def test_a_damaged_clip_is_a_clip_or_a_problem(self, tmp_path, data) -> None:
        whole = tmp_path / "whole.mp4"
        if not whole.exists():
            save_clip(whole, [ANN, BOB], each=3)
        content = bytearray(whole.read_bytes())
        for _ in range(data.draw(st.integers(0, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(0, len(content)))
        (tmp_path / "a.mp4").write_bytes(content[:cut])
        clips._frames.cache_clear()
        try:
            assert 1 <= len(clips.frames_of(tmp_path / "a.mp4").seconds) <= clips.MOST
        except UnreadablePhoto as error:
            assert "\n" not in str(error)

    def test_it_opens_like_a_photo(self, tmp_path) -> None:
        path = save_clip(tmp_path / "a.mp4", [NOBODY, ANN])
        assert opening.open_upright(path).shape == (128, 128, 3)
        assert opening.size_of(path) == (128, 128)


class TestInResults:
    @pytest.fixture
    def album(self, tmp_path):
        save_tiles(tmp_path / "photos" / "a.png", "ann")
        save_clip(tmp_path / "photos" / "trap" / "c.mp4", [NOBODY, ANN, NOBODY, ANN, BOB])
        return tmp_path / "photos"

    def test_one_clip_is_copied_once_to_each_who_is_in_it(self, album, tmp_path, colours) -> None:
        out = tmp_path / "out"
        result = modes.autopilot(album, out, subject=colours, settings=WITH)
        assert result.problems.empty
        assert {each.name for each in (out / "person_001").iterdir()} == {"a.png", "c.mp4"}
        assert {each.name for each in (out / "person_002").iterdir()} == {"c.mp4"}
        copy = (out / "person_002" / "c.mp4").read_bytes()
        assert copy == (album / "trap" / "c.mp4").read_bytes()
        table = pd.read_csv(out / "sightings.csv", dtype=str, keep_default_na=False)
        assert dict(table.groupby("path")[SECONDS].agg(list)) == {
            "a.png": [""],
            "trap/c.mp4": ["1.00", "3.00", "4.00"],
        }
        assert (out / "report.html").read_text().count("data:image/jpeg") >= 2

    def test_it_opens_again_and_the_frames_are_still_apart(self, album, tmp_path, colours) -> None:
        out = tmp_path / "out"
        first = modes.autopilot(album, out, subject=colours, settings=WITH)
        looked, run = modes.taken_up(out)
        assert results_folder.settings_told(run) == WITH
        assert modes.autopilot_of(looked, settings=WITH).names == first.names
        assert len(set(looked.album.photo_of)) == 4

    def test_two_in_one_frame_are_two(self, tmp_path, colours) -> None:
        save_clip(tmp_path / "c.mp4", [tiles_of("ann", "bob"), NOBODY])
        result = modes.autopilot(tmp_path, subject=colours, settings=WITH)
        assert len(result.individuals) == 2

    def test_examples_find_somebody_in_a_clip(self, album, tmp_path, colours) -> None:
        save_tiles(tmp_path / "known" / "Bob" / "b.png", "bob")
        out = tmp_path / "out"
        how = PointAndShootSettings(videos=True)
        modes.point_and_shoot(album, tmp_path / "known", out, subject=colours, settings=how)
        assert [path.name for path in (out / "Bob").iterdir()] == ["c.mp4"]

    def test_without_the_option_it_is_named_as_no_photo(self, album, colours) -> None:
        result = modes.autopilot(album, subject=colours)
        assert "not a photo format that is read here: .mp4" in str(result)

    def test_a_broken_clip_is_a_problem(self, album, colours) -> None:
        (album / "bad.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 100)
        (album / "none.mov").touch()
        result = modes.autopilot(album, subject=colours, settings=WITH)
        assert {path.split("/")[-1] for path in result.problems["path"]} == {"bad.mp4", "none.mov"}
        assert len(result.individuals) == 2

    def test_the_film_of_a_live_photo_is_none_of_its_own(self, album, colours) -> None:
        save_clip(album / "a.MOV", [BOB])
        found = listing.find(album, videos=True)
        assert [path.name for path in found.photos] == ["a.png", "c.mp4"]
        assert [path.name for path in found.companions[album / "a.png"]] == ["a.MOV"]

    def test_without_the_package_it_is_said_before_the_work(self, album, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "av", None)
        monkeypatch.setattr(clips.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(BadSetting, match=r"pip install .*video"):
            modes.list_photos(album, videos=True)


def test_a_second_run_decodes_nothing(tmp_path, colours, monkeypatch) -> None:
    monkeypatch.setenv("SIGHTINGS_STORE", str(tmp_path / "store"))
    subject = replace(colours, key="tiles")
    folder = tmp_path / "photos"
    save_clip(folder / "c.mp4", [NOBODY, ANN, BOB])
    first = modes.autopilot(folder, subject=subject, settings=WITH)

    def never(*_: object) -> None:
        raise AssertionError("it is decoded again")

    clips._frames.cache_clear()
    monkeypatch.setattr(clips, "_sampled", never)
    again = modes.autopilot(folder, subject=subject, settings=WITH)
    assert again.recognised == 1
    assert list(again.album.sightings[SECONDS]) == ["1.00", "2.00"]
    assert again.names == first.names


def test_a_sighting_is_shown_in_its_frame(tmp_path, colours) -> None:
    save_clip(tmp_path / "c.mp4", [NOBODY, ANN, BOB])
    album = modes.autopilot(tmp_path, subject=colours, settings=WITH).album
    pictures = thumbnails.Thumbnails(album)
    shown = Image.open(io.BytesIO(pictures.photo(1, rows=[1], size=128)))
    assert shown.size == (128, 64)
    # Bob, on the right side of the last frame, and nothing of the frame before.
    seen = np.asarray(shown).astype(int)
    assert seen[32, 100].argmax() == 1
    assert seen[32, 20].max() < 60
    both = Image.open(io.BytesIO(pictures.photo(1, rows=[0, 1], size=192)))
    assert both.size == (128, 192)
