import csv
import json
import unicodedata
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from tiles import TileDetector, save_tiles

from toolkit import cli, modes
from toolkit.curation import decisions
from toolkit.curation.decisions import COLUMNS, Decision, add, apply, read, write
from toolkit.errors import BadSetting
from toolkit.grouping import constraints, naming
from toolkit.grouping.sighting_finder import SightingKey, key_of
from toolkit.records import Box, Detection
from toolkit.results.report import html_of
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE

letters = st.characters(exclude_categories=["C", "Z"]) | st.just(" ")
text = st.text(letters, max_size=12)
edges = st.integers(-50, 5000)
faces = st.builds(
    lambda path, photo, left, top, wide, high: SightingKey(
        path, photo, left, top, left + wide, top + high
    ),
    *(text, st.text("0123456789abcdef", min_size=1, max_size=64), edges, edges),
    *(st.integers(1, 900), st.integers(1, 900)),
)
made = st.one_of(
    st.builds(Decision, st.sampled_from(decisions.OF_TWO), faces, faces),
    st.builds(
        Decision,
        st.sampled_from(["name", "not"]),
        faces,
        st.none(),
        text.map(str.strip).filter(bool),
    ),
    st.builds(Decision, st.just("ignore"), faces),
)


@given(st.lists(made, max_size=8))
def test_what_is_read_is_what_was_written(tmp_path_factory, all_of_them) -> None:
    out = tmp_path_factory.mktemp("out")
    write(out, all_of_them)
    back = read(out)
    assert [each.kind for each in back] == [each.kind for each in all_of_them]
    composed = [unicodedata.normalize("NFC", each.name) for each in all_of_them]
    assert [each.name for each in back] == composed
    for one, other in zip(back, all_of_them, strict=True):
        assert (one.sighting.photo, one.sighting.left, one.sighting.bottom) == (
            *(other.sighting.photo, other.sighting.left, other.sighting.bottom),
        )
        assert (one.other is None) == (other.other is None)


def test_columns_of_ones_own_stay_with_their_lines(tmp_path) -> None:
    first, other = SightingKey("p", "d", 0, 0, 9, 9), SightingKey("q", "e", 0, 0, 9, 9)
    lines = [
        ["seen by", *decisions.COLUMNS, "note", ""],
        ["Zoë", "name", "Ann", "p", "d", *"0099", *[""] * 6, 'by her hat, "the red one"', ""],
        ["", "ignore", "", "q", "e", *"0099", *[""] * 6, r"a \n b", "=1+1"],
        ["", "ignore", "", "r", "f", *"0099", *[""] * 6, "", ""],
    ]
    path = tmp_path / "decisions.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)
    made = read(tmp_path)
    assert made[0] == Decision("name", first, name="Ann", notes=made[0].notes)
    assert dict(made[0].notes) == {"seen by": "Zoë", "note": 'by her hat, "the red one"'}
    assert [text for _, text in made[1].notes] == [r"a \n b", "=1+1"]
    assert made[1].sighting == other
    assert made[2].notes == ()
    write(tmp_path, made)
    assert read(tmp_path) == made
    write(tmp_path, made[2:])
    assert path.read_text().splitlines()[0] == ",".join(decisions.COLUMNS)


@given(st.text(min_size=1, max_size=12))
@example(" 山田\u3000太郎 ")
@example("new\nline\\n \udcff\u202e")
@example(r"C:\new\x41\U00110000")
@example("\tZoe\N{COMBINING DIAERESIS}\n")
def test_any_name_of_a_folder_is_read_back_composed(tmp_path_factory, name) -> None:
    out = tmp_path_factory.mktemp("out")
    kept = Decision("not", SightingKey("p", "d", 0, 0, 9, 9), name=name)
    write(out, [kept])
    assert read(out) == (replace(kept, name=unicodedata.normalize("NFC", name)),)


def test_without_a_table_nothing_was_decided(tmp_path) -> None:
    assert read(tmp_path) == ()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("maybe,,p,d,0,0,9,9,,,,,,", "line 2: decision is 'maybe'; expected one of same"),
        ("name,,p,d,0,0,9,9,,,,,,", "line 2: the name is empty"),
        ("ignore,,p,d,0,0,x,9,,,,,,", "line 2: not a box"),
        ("ignore,,p,d,5,5,5,9,,,,,,", "line 2: not a box"),
        ("ignore,,p,,0,0,9,9,,,,,,", "line 2: not a box"),
        ("ignore,,p,d,0,0,inf,9,,,,,,", "line 2: not a box"),
        ("same,,p,d,0,0,9,9,,,,,,", "line 2: not a box"),
        ("ignore,,p,d,0,0,1e300,9,,,,,,", "line 2: not a box .an edge is too far"),
        (f"name,{'n' * 256},p,d,0,0,9,9,,,,,,", "line 2: the name has 256 bytes"),
        ("name,Smith, Eve,p,d,0,0,9,9,,,,,,", "line 2 has 15 cells for 14 columns"),
        ("\n,,,,,,,,,,,,,\nmaybe,,p,d,0,0,9,9,,,,,,", "line 4: decision is 'maybe'"),
    ],
)
def test_a_line_that_cannot_be_understood_is_named(tmp_path, line, complaint) -> None:
    (tmp_path / "decisions.csv").write_text(",".join(decisions.COLUMNS) + f"\n{line}\n")
    with pytest.raises(BadSetting, match=complaint):
        read(tmp_path)


def test_a_table_of_something_else_is_refused(tmp_path) -> None:
    (tmp_path / "decisions.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadSetting, match="lacks the columns decision, name"):
        read(tmp_path)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path, mark, end, start) -> None:
    lines = [",".join(decisions.COLUMNS), "name,Zoë,p,d,0,0,9,9,,,,,,", "," * 13, ""]
    text = start + end.join(lines).replace(",", mark)
    (tmp_path / "decisions.csv").write_bytes(text.encode())
    assert read(tmp_path) == (Decision("name", SightingKey("p", "d", 0, 0, 9, 9), name="Zoë"),)


def test_a_table_in_another_encoding_is_refused_in_words(tmp_path) -> None:
    text = ",".join(decisions.COLUMNS) + "\nname,Zoë,p,d,0,0,9,9,,,,,,\n"
    (tmp_path / "decisions.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadSetting, match="not UTF-8"):
        read(tmp_path)


@pytest.mark.parametrize("target", ["/dev/zero", "nowhere", "decisions.csv", "."])
def test_a_link_to_no_table_is_refused_at_once(tmp_path, target) -> None:
    (tmp_path / "decisions.csv").symlink_to(target)
    with pytest.raises(BadSetting, match="cannot be read as a table of decisions"):
        read(tmp_path)


@pytest.fixture
def sorted_once(album_folder, tmp_path, colours):
    """Five faces of ann, two of bob, one of cem: person_001, person_002, person_003."""
    return modes.autopilot(album_folder, tmp_path / "out", subject=colours)


def rows_of(result, person: str) -> list[int]:
    return [row for row, name in enumerate(result.names) if name == person]


def again(result, album_folder, colours, *all_of_them, settings=None):
    write(result.out, all_of_them)
    return modes.autopilot(album_folder, result.out, subject=colours, settings=settings)


def faces_in(result, person: str) -> list[SightingKey]:
    return [key_of(result.album, row) for row in rows_of(result, person)]


def test_a_name_is_given_to_the_whole_group_and_its_folder(
    sorted_once, album_folder, colours
) -> None:
    ann = faces_in(sorted_once, "person_001")
    found = again(sorted_once, album_folder, colours, Decision("name", ann[2], name="Ann"))
    assert found.names.count("Ann") == 5
    assert len(list((found.out / "Ann").iterdir())) == 5
    assert not (found.out / "person_001").exists()
    assert found.decided == 1
    assert "1 decision kept" in str(found)


def test_two_people_said_to_be_one_are_one(sorted_once, album_folder, colours) -> None:
    bob, cem = faces_in(sorted_once, "person_002"), faces_in(sorted_once, "person_003")
    alone = next(face for face in bob if face.photo != cem[0].photo)
    found = again(sorted_once, album_folder, colours, Decision("same", alone, cem[0]))
    row = {key_of(found.album, row): row for row in range(len(found.album))}
    assert found.names[row[alone]] == found.names[row[cem[0]]]


def test_two_faces_said_to_be_two_people_are_two(sorted_once, album_folder, colours) -> None:
    ann = faces_in(sorted_once, "person_001")
    decision = Decision("different", ann[0], ann[1])
    found = again(sorted_once, album_folder, colours, decision)
    row = {key_of(found.album, row): row for row in range(len(found.album))}
    assert found.names[row[ann[0]]] != found.names[row[ann[1]]]
    # Whatever the settings of a later run.
    loose = again(
        found,
        album_folder,
        colours,
        decision,
        settings=AutopilotSettings(threshold=1.9, method="linked"),
    )
    assert loose.names[row[ann[0]]] != loose.names[row[ann[1]]]


def test_faces_of_one_name_are_one_and_of_two_names_two(sorted_once, album_folder, colours) -> None:
    ann, bob = faces_in(sorted_once, "person_001"), faces_in(sorted_once, "person_002")
    found = again(
        *(sorted_once, album_folder, colours),
        Decision("name", ann[0], name="Kim"),
        Decision("name", ann[1], name="Ann"),
        Decision("name", bob[0], name="Bob"),
    )
    row = {key_of(found.album, row): row for row in range(len(found.album))}
    assert [found.names[row[face]] for face in (ann[0], ann[1], bob[0])] == ["Kim", "Ann", "Bob"]


def test_an_ignored_face_is_in_no_folder(sorted_once, album_folder, colours) -> None:
    cem = faces_in(sorted_once, "person_003")[0]
    found = again(sorted_once, album_folder, colours, Decision("ignore", cem))
    assert (len(found.album), found.count) == (8, 7)
    assert len(found.individuals) == 2
    assert not (found.out / "person_003").exists()


def test_the_last_of_two_decisions_counts(sorted_once, album_folder, colours) -> None:
    ann = faces_in(sorted_once, "person_001")
    found = again(
        *(sorted_once, album_folder, colours),
        Decision("different", ann[0], ann[1]),
        Decision("same", ann[1], ann[0]),
        Decision("name", ann[0], name="Anne"),
        Decision("name", ann[0], name="Ann"),
    )
    assert found.names.count("Ann") == 5


def test_somebody_in_a_mirror_is_one_unless_it_is_said_that_they_are_two(tmp_path, colours) -> None:
    photos = tmp_path / "photos"
    save_tiles(photos / "mirror.png", "ann", "ann")
    result = modes.autopilot(photos, tmp_path / "out", subject=colours)
    assert len(result.individuals) == 1
    assert "1 photo shows one person twice (a collage, a mirror" in str(result)
    assert "1 photo shows one person twice" in result.in_brief
    assert "1 photo shows one person twice (a collage, a mirror" in html_of(result)
    assert result.as_dict()["photos_with_one_twice"] == 1
    both = [key_of(result.album, row) for row in (0, 1)]
    assert len(again(result, photos, colours, Decision("different", *both)).individuals) == 2


def test_decisions_that_contradict_each_other_are_refused_and_nothing_is_lost(
    sorted_once, album_folder, colours
) -> None:
    one, other, third, *_ = faces_in(sorted_once, "person_001")
    before = sorted(path.name for path in sorted_once.out.rglob("*"))
    with pytest.raises(BadSetting, match="take one of those decisions out"):
        again(
            *(sorted_once, album_folder, colours),
            Decision("same", one, other),
            Decision("same", other, third),
            Decision("different", one, third),
        )
    after = sorted(path.name for path in sorted_once.out.rglob("*"))
    assert after == sorted([*before, "decisions.csv"])
    assert len(read(sorted_once.out)) == 3


def test_a_box_that_moved_a_little_is_the_same_face(sorted_once) -> None:
    face = key_of(sorted_once.album, 0)
    moved = SightingKey(
        "", face.photo, face.left + 9, face.top - 7, face.right + 9, face.bottom - 7
    )
    far = SightingKey(
        "", face.photo, face.left + 40, face.top + 40, face.right + 40, face.bottom + 40
    )
    decided = apply(
        [Decision("name", moved, name="Ann"), Decision("name", far, name="Bob")],
        sorted_once.album,
    )
    assert decided.names == {0: "Ann"}
    assert decided.unmatched == 1


def test_decisions_about_photos_that_are_away_are_kept_and_counted(
    sorted_once, album_folder, colours
) -> None:
    away = Decision("name", SightingKey("gone.jpg", "ab" * 32, 0, 0, 9, 9), name="Zoe")
    found = again(sorted_once, album_folder, colours, away)
    assert (found.decided, found.undecided) == (1, 1)
    assert read(found.out) == (away,)
    assert found.as_dict()["decisions_not_here"] == 1


def test_a_name_that_another_group_has_as_its_number_joins_nobody(
    sorted_once, album_folder, colours
) -> None:
    cem = faces_in(sorted_once, "person_003")[0]
    found = again(sorted_once, album_folder, colours, Decision("name", cem, name="person_001"))
    assert found.names.count("person_001") == 1
    assert len(found.individuals) == 3


def test_point_and_shoot_holds_to_names_and_refusals(album_folder, tmp_path, colours) -> None:
    save_tiles(tmp_path / "people" / "Ann" / "a.png", "ann", shade=15)
    save_tiles(tmp_path / "people" / "Bob" / "b.png", "bob", shade=15)
    ask = (album_folder, tmp_path / "people", tmp_path / "out")
    first = modes.point_and_shoot(*ask, subject=colours)
    ann, cem = rows_of(first, "Ann")[0], rows_of(first, None)[0]
    refused, named = key_of(first.album, ann), key_of(first.album, cem)
    write(first.out, [Decision("not", refused, name="Ann"), Decision("name", named, name="Bob")])
    found = modes.point_and_shoot(*ask, subject=colours)
    assert found.names[ann] is None
    assert found.names[cem] == "Bob"
    changed = [row for row in range(len(first.names)) if first.names[row] != found.names[row]]
    assert changed == sorted([ann, cem])


def test_the_command_keeps_a_table_that_was_edited_by_hand(
    sorted_once, album_folder, tiles_in_commands, capsys
) -> None:
    face = faces_in(sorted_once, "person_001")[0]
    row = ["name", "Ann", face.path, face.photo, face.left, face.top, face.right, face.bottom]
    with (sorted_once.out / "decisions.csv").open("w", newline="", encoding="utf-8-sig") as stream:
        table = csv.writer(stream)
        table.writerow(decisions.COLUMNS)
        table.writerow([*row, *[""] * 6])
    arguments = ["autopilot", str(album_folder), str(sorted_once.out), "--json"]
    assert cli.main(arguments) == 0
    assert "Ann" in json.loads(capsys.readouterr().out)["people"]


@pytest.fixture
def tiles_in_commands(monkeypatch, colours):
    monkeypatch.setattr(modes, "subject_for", lambda settings: colours)


def test_no_decisions_change_nothing(sorted_once) -> None:
    decided = apply([], sorted_once.album)
    assert len(decided.must) == len(decided.cannot) == len(decided.ignored) == 0
    assert naming.hold_names(["a", None], decided) == ("a", None)
    assert not decisions.masked(sorted_once.album, []).ignored.any()


def decided_by(*, must=(), cannot=(), names=None, refused=()) -> constraints.Decided:
    def pairs(some):
        return np.array(some, dtype=np.int64).reshape(-1, 2)

    none = np.zeros(0, dtype=np.int64)
    return constraints.Decided(pairs(must), pairs(cannot), names or {}, frozenset(refused), none, 0)


@pytest.mark.parametrize(
    ("found", "decided", "held"),
    [
        (["a", None], decided_by(must=[(0, 1)]), ("a", "a")),
        (["a", "b"], decided_by(must=[(0, 1)]), ("a", "b")),
        ([None, "b"], decided_by(must=[(0, 1)], names={0: "c"}), ("c", "c")),
        (["a", "a"], decided_by(must=[(0, 1)], refused={(0, "a")}), (None, None)),
        (["a", "a"], decided_by(cannot=[(0, 1)], names={0: "a"}), ("a", None)),
        (
            ["a", "a", "a"],
            decided_by(cannot=[(0, 1)], must=[(1, 2)], names={0: "a"}),
            ("a", None, None),
        ),
        (["a", "b", None], decided_by(must=[(1, 2)], refused={(1, "b")}), ("a", None, None)),
        (["a", "a"], decided_by(cannot=[(0, 1)]), ("a", "a")),
    ],
)
def test_among_known_people_too_the_same_person_has_one_name(found, decided, held) -> None:
    assert naming.hold_names(found, decided) == held


def test_a_name_that_would_not_be_read_back_is_not_written(tmp_path) -> None:
    face = SightingKey("p", "d", 0, 0, 9, 9)
    decisions.add(tmp_path, [Decision("name", face, name="Ann")])
    with pytest.raises(BadSetting, match="the name has 300 bytes"):
        decisions.add(tmp_path, [Decision("name", face, name="é" * 150)])
    assert [each.name for each in read(tmp_path)] == ["Ann"]


JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/' Rating='5'/>"


def insert(path, content: bytes) -> None:
    """Write a segment of metadata into a JPEG, as photo managers do."""
    data = path.read_bytes()
    head = b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big")
    path.write_bytes(data[:2] + head + content + data[2:])


def as_jpeg(folder) -> None:
    for path in sorted(folder.rglob("*.png")):
        Image.open(path).save(path.with_suffix(".jpg"), quality=95)
        path.unlink()


@pytest.fixture
def named_once(album_folder, tmp_path, colours):
    """JPEGs sorted once; ann and bob of the photo with three are named, cem is ignored."""
    as_jpeg(album_folder)
    result = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    rows = [n for n, path in enumerate(result.album.sightings["path"]) if "three" in path]
    ann, bob, cem = (key_of(result.album, row) for row in rows)
    made = [Decision("name", ann, name="Ann"), Decision("name", bob, name="Bob")]
    add(result.out, [*made, Decision("ignore", cem)])
    return result


def names_in(result, part: str) -> list[str]:
    table = result.sightings.sort_values(["left", "top"]).query("ignored == 0")
    return [str(name) for name in table["name"][table["path"].str.contains(part)]]


@pytest.mark.parametrize("moved", [False, True])
def test_decisions_hold_after_stars_and_moves(named_once, album_folder, colours, moved) -> None:
    for path in sorted(album_folder.rglob("*.jpg")):
        insert(path, JPEG_XMP)
    if moved:
        (album_folder / "sub").mkdir()
        (album_folder / "three.jpg").rename(album_folder / "sub" / "renamed three.jpg")
    result = modes.autopilot(album_folder, named_once.out, subject=colours)
    assert result.undecided == 0
    assert names_in(result, "three") == ["Ann", "Bob"]


@pytest.mark.parametrize("orientation", range(2, 9))
def test_decisions_hold_after_a_photo_was_turned(
    named_once, album_folder, colours, orientation
) -> None:
    made = Image.Exif()
    made[0x0112] = orientation
    insert(album_folder / "three.jpg", b"Exif\0\0" + made.tobytes().removeprefix(b"Exif\0\0"))
    turned = Subject("tile", TurnedTiles(), colours.encoder, FACE.words)
    result = modes.autopilot(album_folder, named_once.out, subject=turned)
    assert result.undecided == 0
    # Mirrored or upside down, they stand the other way round.
    there = names_in(result, "three")
    assert there == (["Bob", "Ann"] if orientation in (2, 3, 7, 8) else ["Ann", "Bob"])


class TurnedTiles(TileDetector):
    """Finds tiles one above the other as well."""

    def detect(self, image, path=None):
        if image.shape[0] <= image.shape[1]:
            return super().detect(image, path)
        found = super().detect(image.transpose(1, 0, 2), path)
        boxes = [Box(d.box.top, d.box.left, d.box.bottom, d.box.right) for d in found]
        return [Detection(box, d.score) for box, d in zip(boxes, found, strict=True)]


def test_another_picture_is_named_and_its_decisions_kept_and_not_applied(
    named_once, album_folder, colours
) -> None:
    picture = Image.open(album_folder / "three.jpg")
    picture.putpixel((100, 5), (200, 200, 200))
    picture.save(album_folder / "three.jpg", quality=95)
    before = (named_once.out / "decisions.csv").read_bytes()
    result = modes.autopilot(album_folder, named_once.out, subject=colours)
    # The two people keep their names by their numbers; who was left out is there again.
    assert (result.decided, result.undecided) == (3, 1)
    assert names_in(result, "three") == ["Ann", "Bob", "person_004"]
    assert "three.jpg" in str(result)
    assert (named_once.out / "decisions.csv").read_bytes() == before


def test_a_row_of_sightings_copied_by_its_columns_names_that_face(
    named_once, album_folder, colours
) -> None:
    (named_once.out / "decisions.csv").unlink()
    table = pd.read_csv(named_once.out / "sightings.csv", dtype=str)
    row = table[table["path"] == "three.jpg"].iloc[1]
    columns = ["path", "photo_digest", "left", "top", "right", "bottom"]
    cells = ["name", "Bo", *(row[column] for column in columns)]
    lines = [",".join(COLUMNS), ",".join([*cells, *[""] * 6])]
    (named_once.out / "decisions.csv").write_text("\n".join(lines) + "\n")
    result = modes.autopilot(album_folder, named_once.out, subject=colours)
    assert names_in(result, "three")[1] == "Bo"


def test_what_is_ignored_is_found_by_decisions_to_ignore_it_alone(sorted_once) -> None:
    album = sorted_once.album
    one, other = key_of(album, 0), key_of(album, 1)
    masked = decisions.masked(album, [Decision("ignore", one)])
    assert np.flatnonzero(masked.ignored).tolist() == [0]
    # What changes nothing is the very same album, of which more is known.
    assert decisions.masked(album, []) is album
    assert decisions.masked(masked, [Decision("ignore", one)]) is masked
    pd.testing.assert_frame_equal(masked.sightings, album.sightings)
    made = [
        Decision("ignore", one),
        Decision("name", one, name="Ann"),
        Decision("same", other, one),
        Decision("name", other, name="Bob"),
    ]
    found = apply(made, masked)
    assert (found.names, len(found.must), found.ignored.tolist()) == ({1: "Bob"}, 0, [0])
    assert (found.unmatched, found.not_here) == (2, (one.path,))
    # To mask again changes nothing, and no other decision takes the mask away.
    again = decisions.masked(masked, [Decision("ignore", one), Decision("ignore", other)])
    assert np.flatnonzero(again.ignored).tolist() == [0, 1]


def test_only_a_decision_in_force_is_a_reason(sorted_once) -> None:
    album = sorted_once.album
    one, other = key_of(album, 0), key_of(album, 1)
    made = [
        Decision("same", one, other),
        Decision("name", one, name="Ann"),
        Decision("different", other, one),
        Decision("name", one, name="Bob"),
        Decision("not", one, name="Bob"),
    ]
    found = decisions.reasons(made, album)
    assert [each.rows for each in found] == [(), (), (1, 0), (), (0,)]
    # What was taken back is still told by the marks of all.
    assert len({each.mark for each in found}) == 5
