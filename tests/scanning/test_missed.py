import os
import shutil

import numpy as np
import pytest
from drawn_clips import save_clip, tiles_of
from PIL import Image
from tiles import TILE, ColourEncoder, TileDetector, save_tiles

from toolkit import modes
from toolkit.curation.decisions import COLUMNS, Decision, apply, read, write
from toolkit.errors import BadSetting
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.photos.identity import identify
from toolkit.records import Box, Detection
from toolkit.scanning.missed import Marks, Missed, fits, joined
from toolkit.scanning.scan import scan
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject

FIRST = Box(0, 0, TILE, TILE)


class HalfBlind(TileDetector):
    """Finds no tile at the left edge of a photo of two."""

    def detect(self, image, path=None):
        found = super().detect(image, path)
        return [each for each in found if each.box.left > 0 or image.shape[1] == image.shape[0]]


@pytest.fixture
def half_blind() -> Subject:
    return Subject("tile", HalfBlind(), ColourEncoder(), key="half blind tiles")


@pytest.fixture
def photos(tmp_path):
    """Ann and Bob alone, and both of them together: there, Ann is not found."""
    folder = tmp_path / "photos"
    save_tiles(folder / "ann.png", "ann")
    save_tiles(folder / "bob.png", "bob")
    save_tiles(folder / "two.png", "ann", "bob")
    return folder


def box_in(path, box=FIRST, kind="box", name="") -> Decision:
    photo = identify(path).photo or next(iter(scanned(path))).photo.digest
    edges = (box.left, box.top, box.right, box.bottom)
    return Decision(kind, SightingKey(path.name, photo, *edges), name=name)


def scanned(path, **how):
    subject = Subject("tile", HalfBlind(), ColourEncoder())
    return list(scan([path], subject, long_edge=1000, **how))


def names_in(result, photo):
    table = result.sightings
    own = table["name"][[str(path).endswith(photo) for path in table["path"]]]
    return sorted(str(name or "") for name in own)


def rows_in(result, photo):
    return [
        tuple(row)
        for path, *row in result.sightings[
            ["path", "left", "top", "right", "bottom", "score"]
        ].to_numpy()
        if str(path).endswith(photo)
    ]


class TestRuns:
    def test_a_drawn_box_is_found_joins_in_and_goes_with_its_line(
        self, photos, tmp_path, half_blind, monkeypatch
    ) -> None:
        monkeypatch.setenv("SIGHTINGS_STORE", str(tmp_path / "seen.sqlite"))
        out = tmp_path / "out"
        before = modes.autopilot(photos, out, subject=half_blind)
        assert len(rows_in(before, "two.png")) == 1
        write(out, [box_in(photos / "two.png")])
        after = modes.autopilot(photos, out, subject=half_blind)
        assert (0, 0, TILE, TILE, 1.0) in rows_in(after, "two.png")
        (ann,) = names_in(after, "ann.png")
        assert ann in names_in(after, "two.png")
        assert (out / ann / "two.png").is_file()
        encoded = half_blind.encoder.encoded
        again = modes.autopilot(photos, out, subject=half_blind)
        assert rows_in(again, "two.png") == rows_in(after, "two.png")
        # The photo is known with its box, and the next time without it.
        assert half_blind.encoder.encoded == encoded
        write(out, [])
        gone = modes.autopilot(photos, out, subject=half_blind)
        assert rows_in(gone, "two.png") == rows_in(before, "two.png")

    def test_a_photo_that_was_known_is_kept_with_what_was_seen_anew(
        self, photos, tmp_path, half_blind, monkeypatch
    ) -> None:
        """Its file, not changed for long, is not even read then."""
        monkeypatch.setenv("SIGHTINGS_STORE", str(tmp_path / "seen.sqlite"))
        for path in photos.iterdir():
            os.utime(path, (1, 1))
        out, drawn = tmp_path / "out", [box_in(photos / "two.png")]
        modes.autopilot(photos, out, subject=half_blind)
        for settings in (AutopilotSettings(), AutopilotSettings(long_edge=900)):
            write(out, drawn)
            modes.autopilot(photos, out, settings=settings, subject=half_blind)
            encoded = half_blind.encoder.encoded
            again = modes.autopilot(photos, out, settings=settings, subject=half_blind)
            assert half_blind.encoder.encoded == encoded
            assert again.recognised == 3

    def test_it_takes_its_name_and_can_be_left_out(self, photos, tmp_path, half_blind) -> None:
        out, drawn = tmp_path / "out", box_in(photos / "two.png", name="Anna")
        out.mkdir()
        write(out, [drawn])
        result = modes.autopilot(photos, out, subject=half_blind)
        assert names_in(result, "ann.png") == ["Anna"]
        assert result.undecided == 0
        write(out, [drawn, Decision("ignore", drawn.sighting)])
        left = modes.autopilot(photos, out, subject=half_blind)
        assert "Anna" not in names_in(left, "two.png")
        assert left.album.ignored.sum() == 1

    def test_known_individuals_are_found_in_it(self, photos, tmp_path, half_blind) -> None:
        save_tiles(tmp_path / "known" / "Anna" / "a.png", "ann", shade=5)
        out = tmp_path / "out"
        out.mkdir()
        write(out, [box_in(photos / "two.png")])
        settings = PointAndShootSettings()
        found = modes.point_and_shoot(
            photos, tmp_path / "known", out, settings=settings, subject=half_blind
        )
        assert "Anna" in names_in(found, "two.png")

    def test_a_box_in_an_example_says_who_is_meant_in_it(
        self, photos, tmp_path, half_blind
    ) -> None:
        """One with nobody found, one with several, and one that is drawn beside the photo."""
        known, out = tmp_path / "known", tmp_path / "out"
        save_tiles(known / "Anna" / "none.png", "ann", "bob")
        save_tiles(known / "Cem" / "both.png", "cem", "bob", "bob")
        save_tiles(known / "Dee" / "out.png", "dee", "bob", "eve")
        save_tiles(photos / "cem.png", "cem")
        boxes = [
            box_in(known / "Anna" / "none.png"),
            # By its bytes, as anybody can tell them.
            Decision(
                "box",
                SightingKey("", identify(known / "Cem" / "both.png").file, 0, 0, TILE, TILE),
                name="Cem",
            ),
            box_in(known / "Dee" / "out.png", Box(5000, 0, 5100, 100)),
        ]
        out.mkdir()
        write(out, boxes)
        found = modes.point_and_shoot(photos, known, out, subject=half_blind)
        assert names_in(found, "/ann.png") == ["Anna"]
        assert names_in(found, "/cem.png") == ["Cem"]
        assert found.undecided == 0
        (said,) = found.references.problems["reason"]
        assert said == f"the box that was drawn is not in it: it has {3 * TILE} x {TILE} px"

    def test_a_box_outside_its_photo_is_left_out_and_said(
        self, photos, tmp_path, half_blind
    ) -> None:
        out = tmp_path / "out"
        out.mkdir()
        write(out, [box_in(photos / "two.png", Box(5000, 0, 5100, 100))])
        result = modes.autopilot(photos, out, settings=AutopilotSettings(), subject=half_blind)
        assert len(rows_in(result, "two.png")) == 1
        (said,) = [each for each in result.taken if "decisions.csv" in each]
        assert "5000, 0, 5100, 100" in said
        assert "two.png" in said
        assert "128 x 64" in said


class TestClips:
    """A box in a frame counts from the first frame on, as the table of sightings does."""

    BOX = Box(0, TILE, TILE, 2 * TILE)

    @pytest.fixture
    def clip(self, tmp_path):
        """One frame of nobody, and one of Ann and Bob; Ann is not found."""
        scenes = [tiles_of("", ""), tiles_of("ann", "bob")]
        return save_clip(tmp_path / "photos" / "a.mp4", scenes, each=20)

    def test_what_is_in_it_is_found_at_its_time_and_goes_with_its_line(
        self, clip, tmp_path, half_blind, monkeypatch
    ) -> None:
        monkeypatch.setenv("SIGHTINGS_STORE", str(tmp_path / "seen.sqlite"))
        out, settings = tmp_path / "out", AutopilotSettings(videos=True)
        save_tiles(clip.parent / "ann.png", "ann")
        before = modes.autopilot(clip.parent, out, settings=settings, subject=half_blind)
        assert len(rows_in(before, "a.mp4")) == 1
        digest = identify(clip).file
        write(out, [Decision("box", SightingKey("a.mp4", digest, 0, TILE, TILE, 2 * TILE))])
        for _ in range(2):
            after = modes.autopilot(clip.parent, out, settings=settings, subject=half_blind)
            assert rows_in(after, "a.mp4")[1] == (0, TILE, TILE, 2 * TILE, 1.0)
            table = after.sightings[after.sightings["path"].str.endswith("a.mp4")]
            assert table["clip_seconds"].to_list() == ["2.00", "2.00"]
            (ann,) = names_in(after, "ann.png")
            assert ann in names_in(after, "a.mp4")
            assert (out / ann / "a.mp4").is_file()
        write(out, [])
        gone = modes.autopilot(clip.parent, out, settings=settings, subject=half_blind)
        assert rows_in(gone, "a.mp4") == rows_in(before, "a.mp4")

    def test_one_that_is_found_is_that_one_and_none_reaches_into_another_frame(self, clip) -> None:
        (plain,) = scanned(clip)
        there = plain.detections[0].box
        off = Box(there.left, there.top, there.right, there.bottom - 8)
        over = Box(0, 10, TILE, TILE + 20)
        missed = Missed([(plain.photo.digest, off), (plain.photo.digest, over)])
        (found,) = scanned(clip, missed=missed)
        assert [each.box for each in found.detections] == [there, Box(0, 10, TILE, TILE)]
        assert [each.seconds for each in found.detections] == [2.0, 0.0]


class TestScan:
    def test_neither_size_nor_sharpness_leaves_a_drawn_one_out(self, tmp_path) -> None:
        path = save_tiles(tmp_path / "two.png", "ann", "bob")
        how = {"min_size": TILE + 1, "min_sharpness": 1e9}
        (without,) = scanned(path, **how)
        assert (len(without.detections), without.left_out) == (0, 1)
        (result,) = scanned(path, missed=Missed([(without.photo.digest, FIRST)]), **how)
        assert [each.box for each in result.detections] == [FIRST]
        assert result.left_out == 1

    def test_it_stays_where_it_was_drawn_once_the_photo_is_turned(self, tmp_path) -> None:
        path, turned = tmp_path / "a.jpg", tmp_path / "b.jpg"
        image = Image.open(save_tiles(tmp_path / "two.png", "ann", "bob"))
        image.save(path, quality=95)
        shutil.copy(path, turned)
        exif = Image.Exif()
        exif[0x0112] = 3
        image.save(turned, quality=95, exif=exif)
        box = Box(4, 8, 44, 58)
        missed = Missed([(identify(path).photo, box)])
        (result,) = scanned(turned, missed=missed)
        assert identify(turned).photo != identify(path).photo
        there = Box(2 * TILE - 44, TILE - 58, 2 * TILE - 4, TILE - 8)
        assert there in [each.box for each in result.detections]


class TestJoined:
    def test_one_that_overlaps_by_more_than_half_is_the_found_one(self) -> None:
        found = [Detection(Box(0, 0, 100, 100), 0.4)]
        small = np.zeros((50, 100, 3), np.uint8)
        same, far = Box(0, 0, 100, 60), Box(0, 0, 100, 50)
        assert joined(found, [same], TileDetector(), small, 0.5) == (found, [True])
        every, drawn = joined(found, [far, far], TileDetector(), small, 0.5)
        assert every == [*found, Detection(far, 1.0)]
        assert drawn == [False, True]

    def test_a_detector_that_can_says_how_it_stands(self) -> None:
        class Turning(TileDetector):
            def standing(self, image, found):
                assert found.box == Box(5, 5, 10, 10)
                return Detection(found.box, found.score, turn=90)

        small = np.zeros((50, 100, 3), np.uint8)
        every, _ = joined([], [Box(10, 10, 20, 20)], Turning(), small, 0.5)
        assert every == [Detection(Box(10, 10, 20, 20), 1.0, turn=90)]


def test_half_of_a_box_has_to_lie_in_the_photo() -> None:
    assert fits(Box(-10, 0, 10, 10), 50, 50)
    assert not fits(Box(-11, 0, 9, 10), 50, 50)
    assert not fits(Box(-(1 << 31), -(1 << 31), 1 << 31, 1 << 31), 50, 50)


def test_the_key_is_that_of_the_boxes_in_any_order() -> None:
    one, other = Box(0, 0, 9, 9), Box(5, 5, 20, 20)
    assert Marks((one, other)).key == Marks((other, one)).key != Marks((one,)).key
    assert Marks().key == ""


class TestTable:
    HEAD = f"{','.join(COLUMNS)}\n"

    @pytest.mark.parametrize(
        ("cells", "said"),
        [
            ("nan,0,9,9", "not a box"),
            ("0,0,0,20", "not a box"),
            ("0,0,1e12,20", "too far away"),
            ("inf,0,9,9", "not a box"),
            ("0,0,400,3", "a side of 3 px"),
        ],
    )
    def test_an_absurd_box_is_one_line_with_its_number(self, tmp_path, cells, said) -> None:
        text = f"{self.HEAD}ignore,,a.jpg,ab,0,0,9,9,,,,,,\nbox,,a.jpg,ab,{cells},,,,,,\n"
        (tmp_path / "decisions.csv").write_text(text)
        with pytest.raises(BadSetting, match=f"line 3: .*{said}") as caught:
            read(tmp_path)
        assert "\n" not in str(caught.value)

    def test_a_name_in_its_line_is_a_decision_of_its_own(self, tmp_path) -> None:
        (tmp_path / "decisions.csv").write_text(f"{self.HEAD}box,Anna,a.jpg,ab,0,0,20,20,,,,,,\n")
        key = SightingKey("a.jpg", "ab", 0, 0, 20, 20)
        both = (Decision("box", key), Decision("name", key, name="Anna"))
        assert read(tmp_path) == both
        write(tmp_path, both)
        assert read(tmp_path) == both

    def test_one_that_is_no_longer_there_is_counted(self, photos, half_blind) -> None:
        album = modes.autopilot(photos, subject=half_blind).album
        away = Decision("box", SightingKey("x.jpg", "ab", 0, 0, 20, 20))
        assert apply([away], album).unmatched == 1
