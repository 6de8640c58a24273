"""Clips: the frames at which something changes, and what becomes of them in a result."""

import io
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from drawn_clips import save_clip, tiles_of, turn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tiles import save_tiles

from toolkit import memory, modes
from toolkit.errors import BadSetting, UnreadablePhoto
from toolkit.photos import clips, listing, opening, thumbnails
from toolkit.records import NOTE, SECONDS
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

    @pytest.mark.parametrize(
        ("name", "rate", "expected"),
        [
            ("a.mkv", Fraction(1, 2), (0.0, 2.0, 4.0)),
            ("a.mp4", 1, (0.0, 1.0, 2.0)),
            ("a.mkv", Fraction(30000, 1001), (0.0, 0.5, 1.0)),
            ("a.mp4", 240, (0.0, 0.5, 1.0)),
        ],
    )
    def test_at_any_pace_a_clip_is_whole(self, tmp_path, name, rate, expected) -> None:
        """A frame may be shown for seconds, the last one too."""
        each = max(1, round(rate * 0.5))
        path = save_clip(tmp_path / name, [NOBODY, ANN, BOB], each=each, rate=rate)
        found = clips.frames_of(path)
        assert found.seconds == pytest.approx(expected, abs=0.03)
        assert found.note == ""

    def test_a_clock_that_goes_on_from_another_clip_cuts_none_short(self, tmp_path) -> None:
        at = [10.0, 10.5, 11.0, 11.5, 12.0]
        path = save_clip(tmp_path / "a.mkv", [NOBODY] * 2 + [ANN] * 3, each=1, frame_at=at)
        found = clips.frames_of(path)
        assert found.seconds == (0.0, 1.0)
        assert found.note == ""

    @pytest.mark.parametrize("lead", [b"\0\0\0\x08free", b"\0\0\0\x10skip" + bytes(8)])
    def test_free_space_may_come_first(self, tmp_path, lead) -> None:
        how = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
        path = save_clip(tmp_path / "a.mp4", [NOBODY, ANN], how=how)
        path.write_bytes(lead + path.read_bytes())
        assert clips.frames_of(path).seconds == (0.0, 1.0)

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
        "content", [b"x", b"#EXTM3U\nhttp://localhost/a.ts\n", b"ffconcat version 1.0\nfile x"]
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


# Of what is stored at the upper left, where it is shown, as shares of width and height.
TURNED = {
    "as it is": ((1, 0, 0, 1), (64, 128), (0.25, 0.25)),
    "a quarter to the right": ((0, 1, -1, 0), (128, 64), (0.75, 0.25)),
    "upside down": ((-1, 0, 0, -1), (64, 128), (0.75, 0.75)),
    "a quarter to the left": ((0, -1, 1, 0), (128, 64), (0.25, 0.75)),
}


class TestAsItWasFilmed:
    @pytest.mark.parametrize(("matrix", "shape", "place"), TURNED.values(), ids=TURNED)
    def test_a_phone_held_upright_is_shown_upright(self, tmp_path, matrix, shape, place) -> None:
        scene = np.zeros((64, 128, 3), np.uint8)
        scene[:32, :64] = 200, 30, 30
        found = clips.frames_of(turn(save_clip(tmp_path / "a.mp4", [scene]), matrix))
        assert found.strip.shape[:2] == shape
        rows, columns = np.nonzero(found.strip[..., 0] > 120)
        middle = ((columns.mean() + 0.5) / shape[1], (rows.mean() + 0.5) / shape[0])
        assert middle == pytest.approx(place, abs=0.02)

    def test_one_held_upright_is_searched_upright(self, tmp_path, colours) -> None:
        sideways = np.rot90(tiles_of("ann"), 1)
        path = save_clip(tmp_path / "photos" / "a.mp4", [np.ascontiguousarray(sideways)])
        turn(path, (0, 1, -1, 0))
        album = modes.autopilot(tmp_path / "photos", subject=colours, settings=WITH).album
        assert (album.photos["width"].item(), album.photos["height"].item()) == (128, 64)
        assert len(album.sightings) == 1

    def test_px_that_are_wider_than_tall_are_shown_so(self, tmp_path) -> None:
        av = pytest.importorskip("av")
        with av.open(str(tmp_path / "a.mp4"), "w") as container:
            stream = container.add_stream("mpeg4", rate=10)
            stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
            stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 90, np.uint8), format="rgb24")
            container.mux([*stream.encode(frame), *stream.encode(None)])
        assert clips.frames_of(tmp_path / "a.mp4").strip.shape == (64, 128, 3)

    def test_frames_at_an_uneven_pace_have_their_own_time(self, tmp_path) -> None:
        times = [0.0, 0.1, 2.5, 2.6, 9.0]
        scenes = [NOBODY, NOBODY, ANN, ANN, BOB]
        path = save_clip(tmp_path / "a.mp4", scenes, each=1, frame_at=times)
        assert clips.frames_of(path).seconds == (0.0, 2.5, 9.0)

    def test_a_clock_that_does_not_begin_at_0_is_none_of_the_clip(self, tmp_path) -> None:
        late = {"output_ts_offset": "4000"}
        found = clips.frames_of(save_clip(tmp_path / "a.mts", [NOBODY, ANN, BOB], how=late))
        assert found.seconds == pytest.approx((0, 1, 2), abs=0.15)

    def test_hdr_is_shown_as_bright_as_a_page(self, tmp_path) -> None:
        # Three quarters of the signal are a page's white in HLG (ITU-R BT.2408).
        white = np.full((64, 64, 3), 191, np.uint8)
        about = {"color_primaries": 9, "color_trc": 18, "colorspace": 9}
        made = save_clip(
            tmp_path / "a.mp4", [white], codec="libx264", pixels="yuv420p10le", coded=about
        )
        assert clips.frames_of(made).strip[32, 32].min() > 215
        plain = save_clip(tmp_path / "b.mp4", [white], codec="libx264", pixels="yuv420p10le")
        assert clips.frames_of(plain).strip[32, 32].max() < 200


def wholly(path, share):
    """Leave a share of a file's bytes."""
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path


class TestDamaged:
    # Scenes that take up about as many bytes each.
    SCENES = tuple(
        np.random.default_rng(k).integers(0, 255, (64, 128, 3), dtype=np.uint8) for k in range(8)
    )

    @pytest.mark.parametrize(
        ("ending", "unit"), [("mp4", "seconds"), ("mkv", "seconds"), ("avi", "bytes")]
    )
    def test_what_is_cut_short_is_read_as_far_as_it_goes(self, tmp_path, ending, unit) -> None:
        how = {"movflags": "+faststart"} if ending == "mp4" else {}
        path = save_clip(tmp_path / f"a.{ending}", self.SCENES, each=2, rate=2, how=how)
        assert clips.frames_of(path).note == ""
        found = clips.frames_of(wholly(path, 0.6))
        assert 2 <= len(found.seconds) < 8
        share = int(found.note.removeprefix("cut short: ").partition("%")[0])
        assert unit in found.note
        assert 40 <= share <= 65

    def test_a_clip_whose_table_of_contents_is_missing_is_a_problem(self, tmp_path) -> None:
        path = wholly(save_clip(tmp_path / "a.mp4", self.SCENES), 0.6)
        with pytest.raises(UnreadablePhoto, match="its end, which says what is in it, is missing"):
            clips.frames_of(path)

    def test_what_comes_after_a_damage_is_read(self, tmp_path) -> None:
        path = save_clip(tmp_path / "a.avi", self.SCENES, each=2, rate=2)
        content = bytearray(path.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 2000] = bytes(2000)
        path.write_bytes(content)
        found = clips.frames_of(path)
        assert found.note == "damaged: not all of its frames were read"
        assert found.seconds[-1] == 7.0

    def test_the_note_stands_in_the_table_and_the_summary(self, tmp_path, colours) -> None:
        how = {"movflags": "+faststart"}
        path = save_clip(tmp_path / "photos" / "a.mp4", self.SCENES, each=2, rate=2, how=how)
        wholly(path, 0.6)
        result = modes.autopilot(tmp_path / "photos", subject=colours, settings=WITH)
        assert result.album.photos[NOTE].item().startswith("cut short: ")
        assert result.problems.empty
        assert "cut short" in str(result)
        assert opening.open_shrunk(path, long_edge=100).note.startswith("cut short: ")

    def test_sound_alone_and_nothing_at_all_are_problems(self, tmp_path) -> None:
        av = pytest.importorskip("av")
        with av.open(str(tmp_path / "sound.mp4"), "w") as container:
            stream = container.add_stream("aac", rate=8000)
            silence = np.zeros((1, 8000), np.float32)
            frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
            frame.rate = 8000
            container.mux([*stream.encode(frame), *stream.encode(None)])
        with pytest.raises(UnreadablePhoto, match="only sound"):
            clips.frames_of(tmp_path / "sound.mp4")
        (tmp_path / "none.mp4").touch()
        with pytest.raises(UnreadablePhoto, match="empty"):
            clips.frames_of(tmp_path / "none.mp4")


class TestMemory:
    def test_what_decoding_takes_is_told_before_and_reserved(self, tmp_path, monkeypatch) -> None:
        path = save_clip(tmp_path / "a.mp4", [ANN, BOB])
        wanted = clips.demand_of(path)
        assert wanted.what == "a clip of 128 x 64 px"
        assert opening.demand_of(path, long_edge=64).small == (64, 32)
        reserved = []
        budget = memory.budget()
        before = budget.reserve

        def reserve(need, *rest, **more):
            reserved.append(need)
            return before(need, *rest, **more)

        monkeypatch.setattr(budget, "reserve", reserve)
        clips.frames_of(path)
        assert reserved == [wanted.upright]

    def test_one_that_does_not_fit_is_a_problem_with_the_figures(self, tmp_path, colours) -> None:
        scene = np.zeros((1080, 1920, 3), np.uint8)
        save_clip(tmp_path / "photos" / "a.mp4", [scene], each=1)
        save_clip(tmp_path / "photos" / "b.mp4", [ANN])
        narrow = replace(WITH, memory=0.1, jobs=1)
        result = modes.autopilot(tmp_path / "photos", subject=colours, settings=narrow)
        (reason,) = result.problems["reason"]
        assert "a clip of 1,920 x 1,080 px" in reason
        assert "100 MB can be had" in reason
        assert len(result.individuals) == 1

    def test_more_bits_and_colours_take_more(self, tmp_path) -> None:
        scene = np.zeros((480, 640, 3), np.uint8)
        plain, deep, full = (
            clips.demand_of(
                save_clip(tmp_path / f"{name}.mp4", [scene], each=1, codec="libx264", pixels=name)
            ).upright
            for name in ("yuv420p", "yuv420p10le", "yuv444p10le")
        )
        px = 640 * 480 * 20
        assert deep - plain == px * 1.5
        assert full - deep == px * 3


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

    def test_what_lies_beside_a_clip_goes_along(self, album, tmp_path, colours) -> None:
        trap = album / "trap"
        along = {"c.xmp", "c.mp4.json", "c.THM", "c.mp4.xmp", "c.srt"}
        for name in along:
            (trap / name).write_text(name)
        (trap / "other.THM").write_text("of nothing")
        out = tmp_path / "out"
        result = modes.autopilot(album, out, subject=colours, settings=WITH)
        assert {each.name for each in (out / "person_002").iterdir()} == {"c.mp4", *along}
        assert (out / "person_001" / "c.THM").read_text() == "c.THM"
        assert list(result.problems["path"].str.split("/").str[-1]) == ["other.THM"]
        again = modes.autopilot(album, out, subject=colours, settings=WITH)
        assert again.names == result.names
        assert len(list((out / "person_002").iterdir())) == 6

    def test_a_sidecar_belongs_to_the_photo_of_its_name_before_a_clip(self, album) -> None:
        save_clip(album / "a.avi", [BOB])
        for name in ("a.xmp", "a.thm"):
            (album / name).write_text(name)
        found = listing.find(album, videos=True)
        assert [path.name for path in found.companions[album / "a.png"]] == ["a.xmp"]
        assert [path.name for path in found.companions[album / "a.avi"]] == ["a.thm"]
        along = listing.companions_of([album / "a.png", album / "a.avi"])
        assert along == {
            str(photo): tuple(map(str, found.companions[photo]))
            for photo in (album / "a.png", album / "a.avi")
        }

    def test_a_clip_among_examples_is_one(self, album, tmp_path, colours) -> None:
        save_clip(tmp_path / "known" / "Bob" / "b.mp4", [BOB, NOBODY, BOB])
        save_clip(tmp_path / "known" / "Both" / "b.mp4", [tiles_of("ann", "bob")])
        save_tiles(tmp_path / "known" / "Ann" / "a.png", "ann")
        how = PointAndShootSettings(videos=True)
        known = modes.read_known(tmp_path / "known", album, settings=how, subject=colours)
        assert sorted(path.split("/")[-2] for path in known.paths) == ["Ann", "Bob"]
        (reason,) = known.problems["reason"]
        assert reason.startswith("2 faces found")
        found = modes.point_and_shoot(album, tmp_path / "known", subject=colours, settings=how)
        assert "Bob" in set(found.names)
        without = modes.read_known(
            *(tmp_path / "known", album), settings=PointAndShootSettings(), subject=colours
        )
        assert without.names == ("Ann",)
        said = "not a photo format that is read here: .mp4; videos are looked at with --videos"
        assert set(without.problems["reason"]) == {said}

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
    monkeypatch.setattr(clips, "_opened", never)
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
