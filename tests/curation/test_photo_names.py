"""Names that photos have already, as decisions."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_albums import album as made_album
from tiles import TILE, save_tiles
from xmp_files import digikam, picasa

from toolkit import cli, modes
from toolkit.curation import decisions, photo_names
from toolkit.curation.decisions import Decision
from toolkit.errors import BadSetting
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.grouping.sighting_finder import SightingKey, key_of
from toolkit.photos.face_regions import FaceRegion, PhotoRegions
from toolkit.records import Box
from toolkit.session import Session
from toolkit.settings import AutopilotSettings, PointAndShootSettings

TAKING = AutopilotSettings(names_from_photos=True)
SOURCE = "digiKam face region in a.jpg.xmp"


def tile(place: int, of: int) -> tuple[float, float, float, float]:
    """Return a region about a tile, drawn larger than it is: shares of the photo."""
    return (place - 0.1) / of, -0.1, 1.2 / of, 1.2


@pytest.fixture
def named(tmp_path):
    """Photos of ann (two), and of ann and bob; ann has a name in one, bob in the other."""
    photos = tmp_path / "photos"
    save_tiles(photos / "a1.png", "ann")
    save_tiles(photos / "a2.png", "ann", shade=8)
    save_tiles(photos / "ab.png", "ann", "bob")
    text = digikam([("Anna Lund", tile(0, 1))])
    (photos / "a1.png.xmp").write_text(text, encoding="utf-8")
    text = picasa([("Bob", tile(1, 2))], (2 * TILE, TILE))
    (photos / "ab.xmp").write_text(text, encoding="utf-8")
    return photos


def region(name: str, box: tuple[int, int, int, int]) -> FaceRegion:
    return FaceRegion(name, Box(*box), SOURCE)


@pytest.fixture
def seen(tmp_path, colours):
    """An album: ann and bob in one photo, ann in the next, cem in the last."""
    photos = tmp_path / "seen"
    save_tiles(photos / "ab.png", "ann", "bob")
    save_tiles(photos / "b.png", "ann", shade=8)
    save_tiles(photos / "c.png", "cem")
    return modes.look(photos, settings=AutopilotSettings(), subject=colours).album


def about(album, **names) -> dict[str, PhotoRegions]:
    """Return regions: by photo, the names of its tiles from the left, None for none."""
    paths = {path.rsplit("/", 1)[-1].split(".")[0]: path for path in album.photos["path"]}
    return {
        paths[photo]: PhotoRegions(
            tuple(
                region(name, (place * TILE - 4, -4, (place + 1) * TILE + 4, TILE + 4))
                for place, name in enumerate(given)
                if name is not None
            )
        )
        for photo, given in names.items()
    }


def taken(found) -> list[str]:
    return [each.name for each in found.decisions]


class TestWhichSighting:
    @pytest.mark.parametrize(
        ("box", "takes"),
        [
            ((0, 0, 64, 64), True),
            # Twice as wide and high about the same centre; four times.
            ((-32, -32, 96, 96), True),
            ((-96, -96, 160, 160), False),
            # A small one within; one whose centre is elsewhere, as is that of the face.
            ((20, 20, 50, 50), True),
            ((28, 28, 36, 36), False),
            ((34, 34, 98, 98), False),
            ((200, 0, 264, 64), False),
        ],
    )
    def test_a_region_names_the_sighting_that_it_overlaps(self, seen, box, takes) -> None:
        path = seen.photos["path"].iloc[1]
        found = photo_names.found(seen, {path: PhotoRegions((region("Ann", box),))}, ())
        assert taken(found) == (["Ann"] if takes else [])
        assert found.taken.alone == (0 if takes else 1)

    def test_each_region_is_of_one_and_each_sighting_has_one(self, seen) -> None:
        path = seen.photos["path"].iloc[0]
        # Both reach over bob; the second fits him better, and the first has ann left.
        regions = (region("Ann", (0, 0, 90, 64)), region("Bob", (60, 0, 128, 64)))
        found = photo_names.found(seen, {path: PhotoRegions(regions)}, ())
        lefts = {each.name: each.sighting.left for each in found.decisions}
        assert lefts == {"Ann": 0, "Bob": TILE}

    def test_a_decision_says_where_it_comes_from(self, seen, tmp_path) -> None:
        found = photo_names.found(seen, about(seen, b=["Ann"]), ())
        assert found.decisions == (
            Decision("name", key_of(seen, 2), name="Ann", notes=(("from", SOURCE),)),
        )
        decisions.write(tmp_path, found.decisions)
        assert dict(decisions.read(tmp_path)[0].notes) == {"from": SOURCE}

    def test_a_number_is_no_name(self, seen) -> None:
        names = about(seen, ab=["person_001", "person_1234b"], b=["personal_001"])
        assert taken(photo_names.found(seen, names, ())) == ["personal_001"]

    def test_what_differs_by_case_alone_is_one_name_as_it_was_decided(self, seen) -> None:
        names = about(seen, b=["ann"], c=["CEM"])
        mine = Decision("name", key_of(seen, 0), name="Ann")
        assert taken(photo_names.found(seen, names, (mine,), known=["Cem"])) == ["Ann", "Cem"]
        names = about(seen, ab=["Ann"], b=["ANN"])
        assert taken(photo_names.found(seen, names, ())) == ["Ann", "Ann"]

    @pytest.mark.parametrize("name", ["a\x07b", "x" * 200, " \u200b"])
    def test_a_name_that_cannot_be_one_is_said(self, seen, name) -> None:
        found = photo_names.found(seen, about(seen, b=[name]), ())
        assert not found.decisions
        ((path, said, why),) = found.taken.left
        assert path.endswith("b.png")
        assert said == name
        assert "the name" in why


class TestWhatTheUserDecided:
    @pytest.mark.parametrize(
        ("kind", "name"), [("name", "Zoe"), ("not", "Ann"), ("not", "ANN"), ("ignore", "")]
    )
    def test_about_that_sighting_stays(self, seen, kind, name) -> None:
        mine = Decision(kind, key_of(seen, 2), name=name)
        found = photo_names.found(seen, about(seen, b=["Ann"]), (mine,))
        assert not found.decisions
        assert not found.taken.left
        assert found.taken.yours == (kind != "ignore")

    def test_what_would_contradict_it_is_named_and_left(self, seen) -> None:
        mine = (Decision("different", key_of(seen, 0), key_of(seen, 2)),)
        found = photo_names.found(seen, about(seen, ab=["Ann"], b=["Ann"], c=["Cem"]), mine)
        assert taken(found) == ["Ann", "Cem"]
        ((path, name, why),) = found.taken.left
        assert (path, name) == (seen.photos["path"].iloc[1], "Ann")
        assert why == "it contradicts what you decided"
        decisions.apply([*mine, *found.decisions], seen)

    def test_two_names_for_those_who_are_one(self, seen) -> None:
        mine = (Decision("same", key_of(seen, 0), key_of(seen, 2)),)
        found = photo_names.found(seen, about(seen, ab=["Ann"], b=["Eve"]), mine)
        assert taken(found) == ["Ann"]
        assert [name for _, name, _ in found.taken.left] == ["Eve"]

    def test_nobody_gets_a_name_that_one_of_his_own_has_not(self, seen) -> None:
        mine = (
            Decision("same", key_of(seen, 0), key_of(seen, 2)),
            Decision("not", key_of(seen, 0), name="Ann"),
        )
        found = photo_names.found(seen, about(seen, b=["Ann"]), mine)
        assert [name for _, name, _ in found.taken.left] == ["Ann"]
        decisions.apply([*mine, *found.decisions], seen)

    def test_contradictions_of_the_user_are_told_as_ever(self, seen) -> None:
        keys = key_of(seen, 0), key_of(seen, 2)
        made = [Decision("name", key, name="Ann") for key in keys] + [Decision("different", *keys)]
        with pytest.raises(BadSetting):
            photo_names.found(seen, about(seen, c=["Cem"]), made)


class TestOneNameTwiceInAPhoto:
    def test_the_better_fit_gets_it(self, seen) -> None:
        path = seen.photos["path"].iloc[0]
        regions = (region("Ann", (-9, -9, 70, 70)), region("Ann", (TILE, 0, 2 * TILE, TILE)))
        found = photo_names.found(seen, {path: PhotoRegions(regions)}, ())
        assert [each.sighting.left for each in found.decisions] == [TILE]
        ((_, name, why),) = found.taken.left
        assert name == "Ann"
        assert why == ("another face in this photo has that name, and nobody is in one photo twice")

    def test_both_where_that_may_be(self, seen) -> None:
        names = about(seen, ab=["Ann", "Ann"])
        assert taken(photo_names.found(seen, names, (), once=False)) == ["Ann", "Ann"]
        assert photo_names.once(seen, AutopilotSettings())
        assert not photo_names.once(seen, AutopilotSettings(one_per_photo=False))
        several = replace(seen, subject=replace(seen.subject, exclusive_in_photo=False))
        assert not photo_names.once(several, AutopilotSettings())


class TestAgain:
    def test_nothing_is_added_twice(self, seen) -> None:
        names = about(seen, ab=["Ann", "Bob"], c=["Cem"])
        first = photo_names.found(seen, names, ())
        again = photo_names.found(seen, names, first.decisions)
        assert not again.decisions
        assert (first.taken.new, again.taken.new, again.taken.before) == (3, 0, 3)

    def test_a_name_that_was_changed_in_the_photo_counts(self, seen) -> None:
        first = photo_names.found(seen, about(seen, b=["An"]), ()).decisions
        found = photo_names.found(seen, about(seen, b=["Ann"]), first)
        assert taken(found) == ["Ann"]
        assert decisions.apply([*first, *found.decisions], seen).names == {2: "Ann"}

    def test_but_not_over_one_that_the_user_gave_since(self, seen) -> None:
        first = photo_names.found(seen, about(seen, b=["An"]), ()).decisions
        mine = Decision("name", key_of(seen, 2), name="Anna")
        assert not photo_names.found(seen, about(seen, b=["Ann"]), [*first, mine]).decisions


@given(st.data())
def test_no_names_of_photos_contradict_anything_that_was_decided(data) -> None:
    album = made_album(np.arange(12), np.repeat(np.arange(6), 2))
    keys = [key_of(album, row) for row in range(len(album))]
    who = st.sampled_from(["Ann", "Bob", "Cem"])
    key = st.sampled_from(keys)
    kinds = st.one_of(
        st.builds(Decision, st.sampled_from(["same", "different"]), key, key),
        st.builds(Decision, st.sampled_from(["name", "not"]), key, st.none(), who),
        st.builds(Decision, st.just("name"), key, st.none(), who, st.just((("from", SOURCE),))),
        st.builds(Decision, st.just("ignore"), key),
    )
    made = data.draw(st.lists(kinds, max_size=8))
    try:
        decisions.apply(made, decisions.masked(album, made))
    except BadSetting:
        return
    given_names = data.draw(st.lists(st.none() | who, min_size=len(keys), max_size=len(keys)))
    regions: dict[str, PhotoRegions] = {}
    for place, name in zip(keys, given_names, strict=True):
        if name is not None:
            box = (place.left, place.top, place.right, place.bottom)
            there = regions.get(place.path, PhotoRegions()).regions
            regions[place.path] = PhotoRegions((*there, region(name, box)))
    found = photo_names.found(album, regions, made, once=data.draw(st.booleans()))
    decisions.apply([*made, *found.decisions], decisions.masked(album, made))
    again = photo_names.found(album, regions, [*made, *found.decisions])
    assert not {each.sighting for each in again.decisions} & {
        each.sighting for each in found.decisions
    }


class TestModes:
    def test_off_by_default(self, named, tmp_path, colours) -> None:
        result = modes.autopilot(named, tmp_path / "out", subject=colours)
        assert set(result.names) == {"person_001", "person_002"}
        assert result.names_taken is None
        assert not (tmp_path / "out" / "decisions.csv").exists()

    def test_autopilot_takes_them_over_and_keeps_them(self, named, tmp_path, colours) -> None:
        out = tmp_path / "out"
        result = modes.autopilot(named, out, settings=TAKING, subject=colours)
        assert set(result.names) == {"Anna Lund", "Bob"}
        assert {path.name for path in out.iterdir() if path.is_dir()} == {"Anna Lund", "Bob"}
        kept = decisions.read(out)
        assert [(each.name, dict(each.notes)) for each in kept] == [
            ("Anna Lund", {"from": "digiKam face region in a1.png.xmp"}),
            ("Bob", {"from": "face region in ab.xmp"}),
        ]
        assert "names from the photos: 2 faces" in str(result)
        assert result.as_dict()["names_taken"]["new"] == 2
        again = modes.autopilot(named, out, settings=TAKING, subject=colours)
        assert decisions.read(out) == kept
        assert (again.names_taken.new, again.names_taken.before) == (0, 2)
        # Kept, they hold without being asked for.
        assert modes.autopilot(named, out, subject=colours).names == result.names

    def test_a_dry_run_uses_them_and_writes_nothing(self, named, tmp_path, colours) -> None:
        out = tmp_path / "out"
        result = modes.autopilot(named, out, settings=TAKING, subject=colours, dry_run=True)
        assert set(result.names) == {"Anna Lund", "Bob"}
        assert not out.exists()

    def test_decisions_that_are_given_are_not_written(self, named, tmp_path, colours) -> None:
        how = {"settings": TAKING, "subject": colours, "decided": ()}
        result = modes.autopilot(named, tmp_path / "out", **how)
        assert set(result.names) == {"Anna Lund", "Bob"}
        assert not (tmp_path / "out" / "decisions.csv").exists()

    def test_point_and_shoot_takes_them_over(self, named, tmp_path, colours) -> None:
        save_tiles(tmp_path / "known" / "BOB" / "b.png", "bob")
        how = PointAndShootSettings(names_from_photos=True)
        out = tmp_path / "out"
        result = modes.point_and_shoot(
            named, tmp_path / "known", out, settings=how, subject=colours
        )
        # Who is known is called as the examples say.
        assert set(result.names) == {"Anna Lund", "BOB", None}
        assert [each.name for each in decisions.read(out)] == ["Anna Lund", "BOB"]

    def test_photos_are_only_read(self, named, tmp_path, colours) -> None:
        before = {path: path.read_bytes() for path in named.iterdir()}
        modes.autopilot(named, tmp_path / "out", settings=TAKING, subject=colours)
        assert {path: path.read_bytes() for path in named.iterdir()} == before

    def test_a_sidecar_that_cannot_be_read_stops_nothing(self, named, tmp_path, colours) -> None:
        (named / "a2.png.xmp").write_text("<cut", encoding="utf-8")
        result = modes.autopilot(named, tmp_path / "out", settings=TAKING, subject=colours)
        assert "a2.png: a2.png.xmp: it is no XML that can be read" in str(result)
        assert set(result.names) == {"Anna Lund", "Bob"}

    def test_what_the_user_decides_during_the_look_counts(
        self, named, tmp_path, colours, monkeypatch
    ) -> None:
        out = tmp_path / "out"
        read_all = photo_names.read_all

        def meanwhile(album, **how):
            decisions.add(out, [Decision("name", key_of(album, 0), name="Mine")])
            return read_all(album, **how)

        monkeypatch.setattr(photo_names, "read_all", meanwhile)
        result = modes.autopilot(named, out, settings=TAKING, subject=colours)
        assert set(result.names) == {"Mine", "Bob"}
        assert result.names_taken.yours == 1

    def test_they_are_read_with_progress_and_can_be_stopped(self, seen) -> None:
        told = []
        photo_names.read_all(seen, progress=lambda *what: told.append(what[:2]))
        assert told == [(1, 3), (2, 3), (3, 3)]
        assert photo_names.read_all(seen, stop=lambda: True) == {}

    def test_the_summary_names_what_was_not_taken(self, named, tmp_path, colours) -> None:
        text = digikam([(f"p{place}", (0.0, 0.0, 0.0, 1.0)) for place in range(7)])
        (named / "a2.png.xmp").write_text(text, encoding="utf-8")
        said = str(modes.autopilot(named, settings=TAKING, subject=colours))
        assert "7 names not taken:" in said
        assert "a2.png: p0: its region is no part of the photo" in said
        assert "and 2 more" in said

    def test_regions_without_a_face_are_counted(self, named, colours) -> None:
        text = digikam([("Nobody", (0.9, 0.9, 0.1, 0.1))])
        (named / "a2.png.xmp").write_text(text, encoding="utf-8")
        result = modes.autopilot(named, settings=TAKING, subject=colours)
        assert "1 region without a face that was found" in str(result)

    def test_copies_of_a_photo_name_it_together(self, named, colours) -> None:
        (named / "copy.png").write_bytes((named / "ab.png").read_bytes())
        text = digikam([("Anna Lund", tile(0, 2)), ("Bob", tile(1, 2))])
        (named / "copy.png.xmp").write_text(text, encoding="utf-8")
        result = modes.autopilot(named, settings=TAKING, subject=colours)
        assert result.names_taken.new == 3
        assert not result.names_taken.left


class TestSession:
    def test_they_are_one_step_that_can_be_undone(self, named, tmp_path, colours) -> None:
        out = tmp_path / "out"
        looked = modes.look(named, settings=TAKING, subject=colours)
        session = Session(looked, GroupingAssigner(TAKING), out=out)
        assert set(session.names) == {"Anna Lund", "Bob"}
        assert session.result.names_taken.new == 2
        assert [each.name for each in decisions.read(out)] == ["Anna Lund", "Bob"]
        assert session.undo() == "2 faces named as in the photos"
        assert set(session.names) == {"person_001", "person_002"}
        assert not decisions.read(out)

    def test_a_setting_that_asks_for_another_look(self, named, colours) -> None:
        looked = modes.look(named, settings=AutopilotSettings(), subject=colours)
        session = Session(looked, GroupingAssigner(AutopilotSettings()))
        assert looked.regions is None
        assert session.needs_another_look(TAKING)

    def test_a_result_that_is_opened_again_reads_no_photo_for_names(
        self, named, tmp_path, colours
    ) -> None:
        out = tmp_path / "out"
        modes.autopilot(named, out, settings=TAKING, subject=colours)
        looked, _ = modes.taken_up(out)
        assert looked.regions is None


def test_the_option_of_the_command_line(named, tmp_path, colours, monkeypatch, capsys) -> None:
    monkeypatch.setattr(modes, "subject_for", lambda settings: colours)
    out = tmp_path / "out"
    assert cli.main(["autopilot", str(named), str(out), "--names-from-photos", "--quiet"]) == 0
    assert (out / "Anna Lund").is_dir()
    assert json.loads((out / "run.json").read_text())["settings"]["names_from_photos"] is True


def test_a_key_of_no_photo_here_is_no_hindrance(seen) -> None:
    away = Decision("name", SightingKey("x.jpg", "0" * 64, 0, 0, 9, 9), name="Ann")
    assert taken(photo_names.found(seen, about(seen, b=["Ann"]), (away,))) == ["Ann"]
