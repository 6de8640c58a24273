import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiles import save_tiles

from toolkit import modes, tables
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision, key_of
from toolkit.errors import BadFolder, BadSetting, SightingsError
from toolkit.evaluation.intervals import wilson
from toolkit.evaluation.label_table import Label, find_photos, match_labels, name_key, read_labels
from toolkit.results.accuracy import evaluate_folder
from toolkit.results.results_folder import ResultsFolder

COLUMNS = ["name", "photo_digest", "path", "left", "top", "right", "bottom", "score"]
MORE = [*COLUMNS, "nearest", "runner_up"]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def save_run(
    out: Path,
    sightings: list[tuple],
    *,
    mode: str = "autopilot",
    nobody: list[tuple[str, str]] | None = None,
    problems: list[tuple[str, str, str]] | None = None,
    files: dict[str, str] | None = None,
    **about,
) -> Path:
    """Write what a run leaves; a sighting is (name, path, left) or with nearest and runner-up."""
    out.mkdir()
    rows = [
        (name, f"digest of {path}", path, left, 0, left + 50, 50, 1.0, *more)
        for name, path, left, *more in sightings
    ]
    columns = MORE if rows and len(rows[0]) == len(MORE) else COLUMNS
    tables.write_table(pd.DataFrame(rows, columns=columns), out / "sightings.csv")
    tables.write_table(pd.DataFrame(nobody or [], columns=["path", "reason"]), out / "nobody.csv")
    tables.write_table(
        pd.DataFrame(problems or [], columns=["path", "stage", "reason"]), out / "problems.csv"
    )
    settings = {"long_edge": 1200, "method": "average"}
    about = {"mode": mode, "threshold": 0.55, "encoder": "colour", "settings": settings, **about}
    ResultsFolder(out).write_record(files or {}, about)
    return out


@pytest.fixture
def portraits(tmp_path: Path) -> Path:
    """A run on six portraits: one of bob's is in ann's folder, cem's two are in two folders."""
    return save_run(
        tmp_path / "out",
        [
            ("person_001", "/photos/a1.jpg", 0),
            ("person_001", "/photos/a2.jpg", 0),
            ("person_001", "/photos/b1.jpg", 0),
            ("person_002", "/photos/b2.jpg", 0),
            ("person_003", "/photos/c1.jpg", 0),
            ("person_004", "/photos/c2.jpg", 0),
        ],
    )


PORTRAITS = "photo,person\na1.jpg,ann\na2.jpg,ann\nb1.jpg,bob\nb2.jpg,bob\nc1.jpg,cem\nc2.jpg,cem\n"


def test_portraits_are_matched_without_boxes(portraits, tmp_path) -> None:
    found = evaluate_folder(portraits, write(tmp_path / "l.csv", PORTRAITS), draws=50, seed=7)
    assert (found.mode, found.photos, found.individuals, found.labels) == ("autopilot", 6, 3, 6)
    assert (found.sightings, found.labelled, found.undetermined) == (6, 6, 0)
    assert (found.missed, found.unlabelled, found.surplus) == (0, 0, 0)
    run = found.table.loc["this run"]
    assert run["pairwise_precision"] == pytest.approx(1 / 3)
    assert run["pairwise_recall"] == pytest.approx(1 / 3)
    assert run["groups"] == 4
    assert (run["wrong"], run["missing"], run["in_fragment"], run["fragments"]) == (1, 2, 1, 1)
    # b1 out, b1 to b2, c1 to c2.
    assert run["answers"] == 3
    assert run["bcubed_f_low"] <= run["bcubed_f"] <= run["bcubed_f_high"]
    assert found.table.index.to_list() == ["this run", "all in one group", "each alone"]
    assert found.table.loc["all in one group", "wrong"] == 4
    assert found.table.loc["each alone", ["wrong", "missing"]].to_list() == [0, 3]
    assert found.identification is None


def test_the_text_fits_a_terminal_and_says_how_it_was_measured(portraits, tmp_path) -> None:
    found = evaluate_folder(portraits, write(tmp_path / "l.csv", PORTRAITS), draws=50, seed=7)
    text = str(found)
    assert max(len(line) for line in text.splitlines()) < 80
    for part in (
        "6 photos",
        "3 people",
        "15 pairs",
        "50 draws",
        "seed 7",
        "threshold 0.55",
        "long_edge 1200",
        "all in one",
        "each alone",
        "too few for an interval",
    ):
        assert part in text
    assert text == repr(found)


def test_the_dictionary_is_plain(portraits, tmp_path) -> None:
    labels = write(tmp_path / "l.csv", "photo,person\na1.jpg,ann\na2.jpg,ann\n")
    found = json.loads(json.dumps(evaluate_folder(portraits, labels).as_dict(), allow_nan=False))
    # One individual has no interval.
    assert found["scores"]["this run"]["bcubed_f_low"] is None
    assert found["scores"]["this run"]["bcubed_f"] == 1.0
    assert found["run"]["settings"]["method"] == "average"
    assert (found["labelled"], found["unlabelled"], found["seed"]) == (2, 4, 0)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A run on two photos of two people each, with one further face in the second."""
    return save_run(
        tmp_path / "out",
        [
            ("person_001", "/photos/one.jpg", 0),
            ("person_002", "/photos/one.jpg", 100),
            ("person_001", "/photos/two.jpg", 0),
            ("person_003", "/photos/two.jpg", 100),
            ("person_004", "/photos/two.jpg", 200),
        ],
    )


def test_several_people_in_a_photo_are_not_guessed(pair, tmp_path) -> None:
    text = "photo,person\none.jpg,ann\none.jpg,bob\ntwo.jpg,ann\ntwo.jpg,bob\n"
    found = evaluate_folder(pair, write(tmp_path / "l.csv", text))
    assert (found.labelled, found.undetermined, found.missed, found.surplus) == (0, 5, 0, 1)
    assert found.scores.empty
    assert found.table.loc["this run", ["files", "wrong", "shown"]].to_list() == [5, 0, 4]
    assert "no scores of single sightings" in str(found)


def test_boxes_say_who_is_who(pair, tmp_path) -> None:
    text = (
        "photo,person,left,top,width,height\n"
        "one.jpg,ann,0,0,50,50\n"
        "one.jpg,bob,110,5,40,40\n"  # overlaps by 40 x 40 of 50 x 50
        "two.jpg,ann,10,10,20,20\n"  # too small to overlap enough, but in the middle
        "two.jpg,bob,100,0,50,50\n"
        "two.jpg,cem,400,0,50,50\n"  # not found
    )
    found = evaluate_folder(pair, write(tmp_path / "l.csv", text))
    assert (found.labels, found.missed, found.labelled, found.undetermined) == (5, 1, 4, 0)
    assert (found.unlabelled, found.surplus) == (1, 1)
    assert found.found == pytest.approx(0.8)
    run = found.table.loc["this run"]
    assert (run["groups"], run["answers"]) == (3, 1)
    # cem's photo is missing; the folder of the face without a label stands for nobody.
    assert (run["files"], run["wrong"], run["missing"], run["in_fragment"]) == (4, 0, 2, 1)


def test_labels_with_and_without_boxes_go_together(pair, tmp_path) -> None:
    text = "photo,person,left,top,right,bottom\none.jpg,ann,0,0,50,50\none.jpg,bob,,,,\n"
    found = evaluate_folder(pair, write(tmp_path / "l.csv", text))
    assert (found.labelled, found.undetermined, found.unlabelled, found.surplus) == (2, 0, 3, 0)


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


def test_people_who_are_always_together_each_get_a_folder_of_their_own(tmp_path) -> None:
    rows = [(f"person_00{n}", f"/p/{photo}.jpg", 100 * n) for photo in "ab" for n in (1, 2)]
    out = save_run(tmp_path / "out", [*rows, ("person_003", "/p/b.jpg", 300)])
    text = "photo,person\na.jpg,x\na.jpg,y\nb.jpg,x\nb.jpg,y\nb.jpg,z\n"
    found = evaluate_folder(out, write(tmp_path / "l.csv", text))
    assert found.table.loc["this run", ["wrong", "missing", "main"]].to_list() == [0, 0, 3]


def test_one_certain_sighting_does_not_outvote_many_photos(tmp_path) -> None:
    # Bob's portrait strayed into the folder whose photos are all of ann and cem.
    rows = [("person_001", f"/p/{photo}.jpg", 0) for photo in "abce"]
    rows += [("person_002", f"/p/{photo}.jpg", 100) for photo in "abc"]
    out = save_run(tmp_path / "out", rows)
    text = "photo,person\n" + "".join(f"{photo}.jpg,ann\n{photo}.jpg,cem\n" for photo in "abc")
    found = evaluate_folder(out, write(tmp_path / "l.csv", text + "e.jpg,bob\n"))
    assert (found.labelled, found.undetermined) == (1, 6)
    run = found.table.loc["this run"]
    assert (run["wrong"], run["missing"]) == (1, 1)


def test_photos_are_in_wrong_folders_without_boxes_too(tmp_path) -> None:
    rows = [("person_001", f"/p/{photo}.jpg", 0) for photo in "abc"]
    rows += [("person_002", f"/p/{photo}.jpg", 100) for photo in "abd"]
    out = save_run(tmp_path / "out", rows)
    # d shows x and w, and its one sighting is in y's folder.
    text = "photo,person\n" + "".join(f"{photo}.jpg,x\n{photo}.jpg,y\n" for photo in "abc")
    found = evaluate_folder(out, write(tmp_path / "l.csv", text + "d.jpg,x\nd.jpg,w\n"))
    run = found.table.loc["this run"]
    assert found.undetermined == 6
    assert (found.labels, found.missed) == (8, 2)
    # The second folder is x's by its photos, the first one y's: nothing contradicts that.
    assert (run["files"], run["wrong"]) == (6, 0)
    found = evaluate_folder(out, write(tmp_path / "m.csv", text + "d.jpg,v\nd.jpg,w\n"))
    assert found.table.loc["this run", "wrong"] == 1


def test_a_photo_of_which_nothing_was_found_counts_as_missed(tmp_path) -> None:
    out = save_run(
        tmp_path / "out",
        [("person_001", "/p/a.jpg", 0)],
        nobody=[("/p/empty.jpg", "no face found")],
        problems=[("/p/broken.jpg", "decoding", "it is cut off")],
    )
    text = "photo,person\na.jpg,ann\nempty.jpg,ann\nbroken.jpg,bob\n"
    found = evaluate_folder(out, write(tmp_path / "l.csv", text))
    assert (found.photos, found.labels, found.missed, found.labelled) == (3, 3, 2, 1)
    assert found.table.loc["this run", "missing"] == 2


def test_labels_of_photos_without_any_sighting_make_no_scores(tmp_path) -> None:
    out = save_run(tmp_path / "out", [], nobody=[("/p/empty.jpg", "no face found")])
    found = evaluate_folder(out, write(tmp_path / "l.csv", "photo,person\nempty.jpg,ann\n"))
    assert (found.missed, found.found, found.sightings) == (1, 0.0, 0)
    assert "no scores of single sightings" in str(found)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A point-and-shoot run with ann and bob: one face each right, wrong and unnamed."""
    return save_run(
        tmp_path / "out",
        [
            ("ann", "/p/1.jpg", 0, "ann", "bob"),
            ("ann", "/p/2.jpg", 0, "ann", "bob"),
            (None, "/p/3.jpg", 0, "bob", "ann"),
            ("bob", "/p/4.jpg", 0, "bob", "ann"),
            (None, "/p/5.jpg", 0, "bob", "ann"),
            (None, "/p/6.jpg", 0, "bob", "ann"),
        ],
        mode="point-and-shoot",
        nobody=[("/p/3.jpg", "nobody known"), ("/p/5.jpg", "nobody known")],
    )


KNOWN = "photo,person\n1.jpg,Ann\n2.jpg,bob\n3.jpg,ann\n4.jpg,zoe\n5.jpg,zoe\n6.jpg,zoe\n"


def test_names_are_compared_where_they_are_real(known, tmp_path) -> None:
    found = evaluate_folder(known, write(tmp_path / "l.csv", KNOWN))
    assert found.identification == {
        "known": 3,
        "right": 1,
        "wrong": 1,
        "unnamed": 1,
        "strangers": 3,
        "strangers_named": 1,
    }
    run = found.table.loc["this run"]
    # Strangers have no scores of grouping: Ann's two, one of them named, and Bob's one.
    assert (found.labelled, run["individuals"], run["groups"]) == (6, 2, 2)
    # 2.jpg is in ann's folder and 4.jpg in bob's; ann's third, and bob's, are in none.
    assert (run["files"], run["wrong"], run["shown"], run["missing"]) == (3, 2, 3, 2)
    assert "1 rightly named, 1 wrongly named, 1 not named" in str(found)


def test_the_record_may_name_people_who_were_near_nobody(tmp_path) -> None:
    out = save_run(
        tmp_path / "out",
        [("ann", "/p/1.jpg", 0, "ann", "bob"), (None, "/p/2.jpg", 0, "ann", "bob")],
        mode="point-and-shoot",
        people=["ann", "bob", "cem"],
    )
    labels = write(tmp_path / "l.csv", "photo,person\n1.jpg,ann\n2.jpg,cem\n")
    count = evaluate_folder(out, labels).identification
    assert (count["known"], count["unnamed"], count["strangers"]) == (2, 1, 0)


def test_a_run_of_autopilot_is_evaluated(album_folder, colours, tmp_path) -> None:
    out = tmp_path / "out"
    save_tiles(album_folder / "z copy.png", "ann")  # the same bytes as a1.png
    result = modes.autopilot(album_folder, out, subject=colours)
    assert (len(result.album.photos), len(result.album)) == (7, 8)
    labels = write(
        tmp_path / "l.csv",
        "photo;person;left;top;right;bottom\n"
        "a1.png;ann;;;;\na2.png;ann;;;;\nz copy.png;ann;;;;\n"
        "deep/a3.png;ann;0;0;64;64\ndeep\\a3.png;bob;64;0;128;64\ndeep/a1.png;ann;;;;\n"
        "three.png;ann;0;0;64;64\nthree.png;bob;64;0;128;64\nthree.png;cem;128;0;192;64\n"
        "empty.png;dee;;;;\n",
    )
    found = evaluate_folder(out, labels)
    assert (found.photos, found.labels, found.missed, found.labelled) == (6, 9, 1, 8)
    assert found.table.loc["this run", ["bcubed_f", "wrong", "answers"]].to_list() == [1, 0, 0]
    assert found.run["settings"] == json.loads(json.dumps(result.settings.as_dict()))


def test_pairs_of_labelled_faces_are_scored_whatever_the_grouping(colours, tmp_path) -> None:
    folder = tmp_path / "photos"
    rows = ["photo,person"]
    for shade in range(0, 60, 10):
        for name in ("ann", "bob", "cem", "dee"):
            save_tiles(folder / f"{name}{shade}.png", name, shade=shade)
            rows.append(f"{name}{shade}.png,{name}")
    result = modes.autopilot(folder, tmp_path / "out", subject=colours)
    found = evaluate_folder(tmp_path / "out", write(tmp_path / "l.csv", "\n".join(rows)))
    said = found.verification
    assert (said["pairs_of_one"], said["pairs_of_two"]) == (4 * 15, 24 * 23 // 2 - 4 * 15)
    assert said["accuracy"] == 1
    assert said["true_accept_at_0.01"] == 1
    assert said["true_accept_at_0.01_low"] == pytest.approx(wilson(60, 60)[0])
    assert "true_accept_at_0.001" not in said  # too few pairs of two to ask for one in a thousand
    assert "60 pairs of one person and 216 of two: 100.0% told apart" in " ".join(
        str(found).split()
    )
    # The same people, but colours of other people behind the names.
    encodings = result.album.encodings
    with np.load(tmp_path / "out" / "encodings.npz") as archive:
        arrays = dict(archive)
    arrays["encodings"] = np.roll(encodings, 3, axis=0)
    np.savez(tmp_path / "out" / "encodings.npz", **arrays)
    assert evaluate_folder(tmp_path / "out", tmp_path / "l.csv").verification["accuracy"] < 1
    (tmp_path / "out" / "encodings.npz").unlink()
    assert evaluate_folder(tmp_path / "out", tmp_path / "l.csv").verification is None


@pytest.mark.parametrize("link", [False, True])
def test_labels_may_name_any_copy_of_a_photo(link, colours, tmp_path) -> None:
    folder = tmp_path / "photos"
    save_tiles(folder / "a" / "x.png", "ann")
    save_tiles(folder / "b" / "x.png", "ann")
    save_tiles(folder / "b" / "other name.png", "ann")
    save_tiles(folder / "y.png", "bob")
    settings = modes.AutopilotSettings(link=link)
    modes.autopilot(folder, tmp_path / "out", subject=colours, settings=settings)
    rows = "photo,person\na/x.png,ann\nb/x.png,ann\nb/other name.png,ann\ny.png,bob\n"
    found = evaluate_folder(tmp_path / "out", write(tmp_path / "l.csv", rows))
    assert (found.photos, found.labels, found.missed, found.labelled) == (2, 2, 0, 2)


def test_a_run_of_point_and_shoot_is_evaluated(album_folder, colours, tmp_path) -> None:
    save_tiles(tmp_path / "people" / "Ann" / "a.png", "ann", shade=15)
    save_tiles(tmp_path / "people" / "Bob" / "b.png", "bob", shade=15)
    out = tmp_path / "out"
    modes.point_and_shoot(album_folder, tmp_path / "people", out, subject=colours)
    labels = write(
        tmp_path / "l.csv",
        "photo,person,left,top,width,height\n"
        "a1.png,ann,,,,\na2.png,ann,,,,\ndeep/a1.png,bob,,,,\n"
        "three.png,ann,0,0,64,64\nthree.png,bob,64,0,64,64\nthree.png,cem,128,0,64,64\n",
    )
    count = evaluate_folder(out, labels).identification
    assert count == {
        "known": 5,
        "right": 4,
        "wrong": 1,
        "unnamed": 0,
        "strangers": 1,
        "strangers_named": 0,
    }


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


def test_a_folder_that_holds_no_run_is_refused(portraits, tmp_path) -> None:
    labels = write(tmp_path / "l.csv", PORTRAITS)
    with pytest.raises(BadFolder, match="is no folder"):
        evaluate_folder(tmp_path / "nothing", labels)
    with pytest.raises(BadSetting, match="draws"):
        evaluate_folder(portraits, labels, draws=0)
    table = portraits / "sightings.csv"
    text = table.read_text(encoding="utf-8")
    write(table, text.replace("photo_digest", "digest"))
    with pytest.raises(BadFolder, match="lacks the columns photo_digest"):
        evaluate_folder(portraits, labels)
    for edge in ("x", "-9", "inf"):
        write(table, text.replace(",50,50,", f",50,{edge},", 1))
        with pytest.raises(BadFolder, match="a box that is none"):
            evaluate_folder(portraits, labels)
    table.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFolder, match="is not UTF-8 text"):
        evaluate_folder(portraits, labels)
    write(table, "")
    with pytest.raises(BadFolder, match="it is empty"):
        evaluate_folder(portraits, labels)
    table.unlink()
    with pytest.raises(BadFolder, match="it is missing"):
        evaluate_folder(portraits, labels)
    ResultsFolder(portraits).write_record({}, {"mode": "other"})
    with pytest.raises(BadFolder, match="names the mode 'other'"):
        evaluate_folder(portraits, labels)


def test_what_is_ignored_is_in_no_score(tmp_path, colours) -> None:
    lines = ["photo,person"]
    for number in range(10):
        for who in ("ann", "bob"):
            save_tiles(tmp_path / "photos" / f"{who}{number}.png", who, shade=number)
            lines.append(f"{who}{number}.png,{who}")
    save_tiles(tmp_path / "photos" / "more.png", "cem", "ann")
    labels = write(tmp_path / "labels.csv", "\n".join([*lines, "more.png,ann"]) + "\n")
    out = tmp_path / "out"
    run = modes.autopilot(tmp_path / "photos", out, subject=colours)
    # Who is no label's, and one who is.
    away = [3, run.names.index("person_003")]
    decisions.add(out, [Decision("ignore", key_of(run.album, row)) for row in away])
    modes.autopilot(tmp_path / "photos", out, subject=colours, replace=True)
    found = evaluate_folder(out, labels, draws=5)
    assert found.sightings == len(run.album) - 2
    assert found.missed == 1
    # The same as where its rows are not there at all.
    kept = np.setdiff1d(np.arange(len(run.album)), away)
    table = pd.read_csv(out / "sightings.csv", dtype=str, keep_default_na=False)
    assert table["ignored"].to_list().count("1") == 2
    table.iloc[kept].drop(columns=["ignored", "sighting_id"]).to_csv(
        out / "sightings.csv", index=False
    )
    with np.load(out / "encodings.npz") as archive:
        arrays = {name: each if each.ndim == 0 else each[kept] for name, each in archive.items()}
    np.savez(out / "encodings.npz", **arrays)
    alone = evaluate_folder(out, labels, draws=5)
    assert found.verification is not None
    assert found.as_dict() == alone.as_dict()
