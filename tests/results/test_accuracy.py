import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from files_seen import write
from tiles import save_tiles

from toolkit import modes, tables
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadFolder, BadSetting
from toolkit.evaluation.intervals import wilson
from toolkit.grouping.sighting_finder import key_of
from toolkit.results.accuracy import evaluate_folder
from toolkit.results.results_folder import ResultsFolder

COLUMNS = ["name", "photo_digest", "path", "left", "top", "right", "bottom", "score"]
MORE = [*COLUMNS, "nearest", "runner_up"]


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


@pytest.mark.parametrize("link", [None, "symbolic", "hard"])
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
    modes.autopilot(tmp_path / "photos", out, subject=colours)
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
