"""Tables of who is in which photo: read, their photos found, and matched to what a run found."""

from pathlib import Path

import numpy as np
import pytest
from files_seen import write
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import SightingsError
from toolkit.evaluation.label_table import Label, find_photos, match_labels, name_key, read_labels


def test_the_best_overlap_is_taken_first_and_each_box_once() -> None:
    boxes = np.array([[0, 0, 100, 100], [20, 0, 120, 100]], dtype=float)
    labels = [
        Label(2, "p", "bob", (0.0, 0.0, 110.0, 100.0)),
        Label(3, "p", "ann", (20.0, 0.0, 120.0, 100.0)),
    ]
    matching = match_labels(labels, {"p": "p"}, ["p", "p"], boxes)
    assert matching.individual.tolist() == ["bob", "ann"]
    matching = match_labels(labels[:1] * 2, {"p": "p"}, ["p", "p"], boxes)
    assert matching.individual.tolist() == ["bob", None]
    assert (matching.labels, matching.missed, matching.surplus) == (1, 0, 1)


def test_a_box_beside_a_face_is_not_its_own() -> None:
    label = Label(2, "p", "ann", (60.0, 0.0, 160.0, 100.0))
    matching = match_labels([label], {"p": "p"}, ["p"], np.array([[0.0, 0.0, 100.0, 100.0]]))
    assert matching.individual.tolist() == [None]
    assert (matching.missed, matching.surplus) == (1, 1)


@pytest.mark.parametrize("box", [(5.0, 5.0, 20.0, 20.0), (-300.0, 0.0, 160.0, 100.0)])
def test_a_box_much_smaller_or_larger_than_a_face_can_be_its_own(box) -> None:
    label = Label(2, "p", "ann", box)
    matching = match_labels([label], {"p": "p"}, ["p"], np.array([[0.0, 0.0, 100.0, 100.0]]))
    assert matching.individual.tolist() == ["ann"]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=12),
    st.lists(st.integers(0, 3), max_size=12),
)
def test_every_sighting_and_every_label_is_counted_once(drawn, photos) -> None:
    labels = [Label(2, f"p{photo}", f"someone {who}", None) for photo, who in drawn]
    where = [f"p{photo}" for photo in photos]
    boxes = np.tile([0.0, 0.0, 9.0, 9.0], (len(where), 1))
    matching = match_labels(labels, {f"p{n}": f"p{n}" for n in range(4)}, where, boxes)
    assert matching.labels == len(set(drawn)) == len(matching.shown)
    labelled = {f"p{photo}" for photo, _ in drawn}
    known = np.array([person is not None for person in matching.individual], dtype=bool)
    assert not (known & matching.undetermined).any()
    for row, photo in enumerate(where):
        assert (known[row] or matching.undetermined[row]) == (photo in labelled)
    inside = sum(photo in labelled for photo in where)
    assert matching.labels - matching.missed == inside - matching.surplus


def found_in(paths: list[str], *photos: str, names: dict[str, str] | None = None) -> list[str]:
    labels = [Label(line, photo, "ann", None) for line, photo in enumerate(photos, start=2)]
    known = {path: path for path in paths}
    found = find_photos(labels, known, names=names, source=Path("l.csv"))
    return [found[photo] for photo in photos]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/photos/deep/a.jpg", "a.jpg"),
        ("/photos/deep/a.jpg", "  a.jpg "),
        ("/photos/deep/a.jpg", "deep/a.jpg"),
        ("/photos/deep/a.jpg", "./deep//a.jpg"),
        ("/photos/deep/a.jpg", "deep\\a.jpg"),
        ("/photos/deep/a.jpg", "/photos/deep/a.jpg"),
        ("/photos/deep/a.jpg", "A.JPG"),
        ("C:\\photos\\deep\\a.jpg", "deep/a.jpg"),
        ("C:\\photos\\deep\\a.jpg", "c:/photos/deep/a.jpg"),
        ("photos/deep/a.jpg", "/home/me/photos/deep/a.jpg"),
        ("../photos/a.jpg", "photos/a.jpg"),
        ("/photos/caf\u00e9.jpg", "cafe\u0301.jpg"),
        ("/photos/cafe\u0301.jpg", "caf\u00e9.jpg"),
        ("/photos/9\u202fPM.png", "9\u202fPM.png"),
        # As the run's table holds a character that cannot be printed.
        ("/photos/tab\\there.png", "tab\there.png"),
    ],
)
def test_one_photo_can_be_written_in_many_ways(path, text) -> None:
    assert found_in([path, "/photos/other/b.jpg"], text) == [path]


@pytest.mark.parametrize(
    "text",
    ["b.jpg", "eep/a.jpg", "other/a.jpg", "/deep/a.jpg", "/else/photos/deep/a.jpg", "/", "."],
)
def test_another_photo_is_not_taken_for_it(text) -> None:
    with pytest.raises(SightingsError, match=r"1 of 1 photos with labels .* \(line 2\)"):
        found_in(["/photos/deep/a.jpg"], text)


def test_case_is_ignored_only_where_nothing_fits_with_it() -> None:
    both = ["/p/a.jpg", "/p/A.jpg"]
    assert found_in(both, "a.jpg", "A.jpg") == both
    with pytest.raises(SightingsError, match="could be"):
        found_in(both, "a.JPG")


def test_a_name_of_two_photos_is_refused_and_both_are_named() -> None:
    paths = ["/p/a.jpg", "/p/deep/a.jpg"]
    with pytest.raises(SightingsError, match=r"a.jpg \(line 2\) could be /p/a.jpg or /p/deep/a"):
        found_in(paths, "a.jpg")
    # Who writes folders means the photo that is in none.
    assert found_in(paths, "a.jpg", "deep/a.jpg") == paths
    with pytest.raises(SightingsError, match="could be"):
        found_in(["/p/one/a.jpg", "/p/two/a.jpg"], "a.jpg", "one/a.jpg")


def test_many_unknown_photos_are_counted_and_the_first_are_named() -> None:
    with pytest.raises(SightingsError) as raised:
        found_in(["/p/a.jpg"], *(f"x{number}.jpg" for number in range(9)))
    text = str(raised.value)
    assert "9 of 9 photos" in text
    assert "x0.jpg (line 2)" in text
    assert "and 4 more" in text
    assert "x7.jpg" not in text


def test_a_copy_is_found_by_the_name_that_it_was_copied_under() -> None:
    names = {"copy.jpg": "/p/a.jpg", "b.jpg": "/p/a.jpg"}
    assert found_in(["/p/a.jpg"], "deep/copy.jpg", names=names) == ["/p/a.jpg"]
    with pytest.raises(SightingsError, match="1 of 1"):
        found_in(["/p/a.jpg", "/p/deep/b.jpg"], "else/b.jpg", names=names)


def test_spellings_of_a_person_are_one() -> None:
    assert name_key(" Ren\u00e9 ") == name_key("RENE\u0301")
    assert name_key("ann") != name_key("anna")


def test_labels_are_read_as_spreadsheets_write_them(tmp_path) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes(
        '\ufeff Photo ;PERSON;note\r\n a.jpg ; Ann;x\r\n;;\r\n\r\nb.jpg;"Lee; Jo"\r\n'.encode()
    )
    assert [(label.line, label.photo, label.individual) for label in read_labels(path)] == [
        (2, "a.jpg", "Ann"),
        (5, "b.jpg", "Lee; Jo"),
    ]
    write(path, "photo\tperson\na.jpg\tNA\nb.jpg\tna\n")
    assert [label.individual for label in read_labels(path)] == ["NA", "NA"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("photo,person\n", "no labels"),
        ("file,person\na.jpg,ann\n", r"lacks the column photo \(its header is file, person\)"),
        ("a.jpg,ann\n", "lacks the column photo and person"),
        ("photo,person\na.jpg,\n", "line 2, names no person"),
        ("photo,person\na.jpg,ann\n,bob\n", "line 3, names no photo"),
        ("photo,person\na.jpg\n", "line 2, names no person"),
        ("photo,person\na.jpg,Lee, Jo\n", "line 2, has 3 values for 2 columns"),
        ("photo,person,left,top\na.jpg,ann,1,2\n", "has the columns left, top"),
        ("photo,person,left,top,right,bottom\na.jpg,ann,1,2,3,\n", "line 2: 1, 2, 3,  is no box"),
        ("photo,person,left,top,right,bottom\na.jpg,ann,5,0,5,9\n", "is no box"),
        ("photo,person,left,top,right,bottom\na.jpg,ann,0,0,nan,9\n", "is no box"),
        ("photo,person,left,top,right,bottom\na.jpg,ann,0,0,1e300,9\n", "is no box"),
        ("photo,person,left,top,width,height\na.jpg,ann,0,0,-5,9\n", "is no box"),
        ("photo,person,left,top,width,height\na.jpg,ann,0,0,wide,9\n", "is no box"),
        ('photo,person\n"a.jpg,ann\n', "is no CSV table"),
    ],
)
def test_a_file_that_is_no_table_of_labels_is_refused(text, message, tmp_path) -> None:
    with pytest.raises(SightingsError, match=message):
        read_labels(write(tmp_path / "l.csv", text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path) -> None:
    with pytest.raises(SightingsError, match="it is missing"):
        read_labels(tmp_path / "missing.csv")
    with pytest.raises(SightingsError, match="cannot be read"):
        read_labels(tmp_path)
    (tmp_path / "l.csv").write_bytes("photo,person\na.jpg,Ren\u00e9\n".encode("latin-1"))
    with pytest.raises(SightingsError, match="is not UTF-8 text"):
        read_labels(tmp_path / "l.csv")
