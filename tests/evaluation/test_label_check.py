"""Which photos look more like another folder: on vectors whose folders are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.calibration import Calibration
from toolkit.errors import BadFolder
from toolkit.evaluation import label_check
from toolkit.evaluation.label_check import (
    ALONE,
    FINE,
    NOTHING,
    OTHER,
    OUTSIDE,
    UNLIKE,
    check,
    labelled,
)
from toolkit.records import PROBLEM_COLUMNS, Album, ComparedPairs, EncoderInfo, empty_table

ROOT = Path("/labelled")
INFO = EncoderInfo("made", "0" * 64, 8, "euclidean", Calibration(slope=20.0, even=1.0))


def album(photos, encoder=INFO):
    """Return an album of photos: place to the vectors of what is in it, the largest first."""
    paths = [str(ROOT / place) for place in photos]
    digests = [f"{number:064x}" for number in range(len(paths))]
    seen = [
        (digest, path, 0, 0, 90 - k, 90 - k, 1.0, vector)
        for digest, path, vectors in zip(digests, paths, photos.values(), strict=True)
        for k, vector in enumerate(vectors)
    ]
    columns = ["photo_digest", "path", "left", "top", "right", "bottom", "score", "vector"]
    sightings = pd.DataFrame(seen, columns=columns)
    vectors = np.array(sightings.pop("vector").to_list(), np.float32).reshape(-1, 8)
    size = {"width": 100, "height": 100, "left_out": 0}
    table = pd.DataFrame({"path": paths, "photo_digest": digests, **size})
    return Album(table, sightings, vectors, encoder, empty_table(PROBLEM_COLUMNS))


def of(who, seed, spread=0.15):
    """Return a vector of an individual: far from all others, near to itself."""
    return 2 * np.eye(8)[who] + spread * np.random.default_rng(seed).standard_normal(8)


@pytest.fixture
def photos():
    """Four folders of six photos, one of each individual."""
    return {
        f"{name}/{k}.jpg": [of(who, 10 * who + k)]
        for who, name in enumerate(("ann", "bob", "cem", "dee"))
        for k in range(6)
    }


def checked(photos, **how):
    table = check(labelled(album(photos), ROOT), **how)
    table["path"] = [Path(path).relative_to(ROOT).as_posix() for path in table["path"]]
    return table.set_index("path")


def test_a_photo_in_a_wrong_folder_is_found_with_a_photo_of_either(photos) -> None:
    photos["ann/wrong.jpg"] = [of(1, 99)]
    table = checked(photos)
    found = table.loc["ann/wrong.jpg"]
    assert (found["kind"], found["folder"], found["suggested"]) == (OTHER, "ann", "bob")
    assert found["sure"] > 0.99
    assert Path(found["evidence"]).parent.name == "bob"
    assert Path(found["own_evidence"]).parent.name == "ann"
    assert (table["kind"].drop("ann/wrong.jpg") == FINE).all()
    assert table["odds"].idxmax() == "ann/wrong.jpg"


def test_the_evidence_is_the_nearest_photo_of_a_folder(photos) -> None:
    photos["ann/wrong.jpg"] = [photos["bob/3.jpg"][0] + 0.01]
    assert Path(checked(photos).loc["ann/wrong.jpg", "evidence"]) == ROOT / "bob" / "3.jpg"


def test_photos_that_are_right_are_not_drawn_to_a_wrong_one_that_is_like_them(photos) -> None:
    # Nearly the same picture as another one of bob's.
    photos["ann/wrong.jpg"] = [photos["bob/0.jpg"][0] + 0.001]
    table = checked(photos)
    assert list(table.index[table["kind"] == OTHER]) == ["ann/wrong.jpg"]


def test_two_wrong_photos_that_are_alike_do_not_hold_each_other(photos) -> None:
    photos["ann/1 wrong.jpg"], photos["ann/2 wrong.jpg"] = [of(1, 98)], [of(1, 99)]
    table = checked(photos)
    wrong = ["ann/1 wrong.jpg", "ann/2 wrong.jpg"]
    assert list(table.index[table["kind"] == OTHER]) == wrong
    assert (table.loc[wrong, "suggested"] == "bob").all()


def test_a_copy_says_nothing_of_the_folder_that_it_was_put_into_as_well(photos) -> None:
    one = of(1, 99)
    photos |= {f"ann/copy {k}.jpg": [one + 0.001 * k] for k in range(4)}
    for name in [name for name in photos if name.startswith("ann/") and "copy" not in name][2:]:
        del photos[name]
    known = labelled(album(photos), ROOT)
    paths = [path for path in known.paths if "copy" in path]
    pairs = pd.DataFrame({"path": paths[:-1], "other": paths[1:]})
    kinds = check(known, copies=pairs).set_index("path").loc[paths, "kind"]
    assert (kinds == OTHER).all()
    assert (check(known).set_index("path").loc[paths, "kind"] != OTHER).all()


def test_what_looks_like_no_folder_is_new_and_not_in_another(photos) -> None:
    photos["ann/new.jpg"] = [of(7, 99)]
    assert checked(photos).loc["ann/new.jpg", "kind"] == UNLIKE


def test_one_alone_is_told_apart_and_the_folder_it_is_like_is_named(photos) -> None:
    photos |= {"eve/0.jpg": [of(5, 99)], "eva/0.jpg": [of(2, 98)]}
    table = checked(photos)
    assert table.loc["eve/0.jpg", "kind"] == ALONE
    assert (table.loc["eva/0.jpg", "kind"], table.loc["eva/0.jpg", "suggested"]) == (OTHER, "cem")


def test_a_photo_beside_the_folders_is_in_none_and_its_folder_is_suggested(photos) -> None:
    photos |= {"loose.jpg": [of(3, 99)], "strange.jpg": [of(7, 98)]}
    table = checked(photos)
    assert (table.loc["loose.jpg", "kind"], table.loc["loose.jpg", "folder"]) == (OUTSIDE, "")
    assert table.loc["loose.jpg", "suggested"] == "dee"
    assert table.loc["loose.jpg", "sure"] > 0.9 > 0.5 > table.loc["strange.jpg", "sure"]


def test_a_photo_in_which_nothing_was_found_says_nothing(photos) -> None:
    photos["ann/empty.jpg"] = []
    found = checked(photos).loc["ann/empty.jpg"]
    assert (found["kind"], found["suggested"], found["sure"]) == (NOTHING, "", 0.0)


def test_who_stands_beside_the_one_who_is_meant_speaks_for_no_photo(photos) -> None:
    # A larger face of bob in two photos of ann.
    photos |= {f"ann/beside {k}.jpg": [of(1, 90 + k), of(0, 80 + k)] for k in range(2)}
    # In none of them is who the folder says: the largest speaks.
    photos["ann/wrong.jpg"] = [of(2, 77), of(7, 78)]
    table = checked(photos)
    assert list(table.index[table["kind"] == OTHER]) == ["ann/wrong.jpg"]
    assert table.loc["ann/wrong.jpg", "suggested"] == "cem"


def test_a_picture_that_is_in_two_folders_counts_for_neither(photos) -> None:
    known = labelled(album(photos | {"bob/ann's.jpg": photos["ann/0.jpg"]}), ROOT)
    known.album.photos.loc[known.album.photos["path"].str.endswith("ann's.jpg"), "photo_digest"] = (
        known.album.photos["photo_digest"].iloc[0]
    )
    table = check(known)
    kinds = dict(zip(table["path"], table["kind"], strict=True))
    assert kinds[str(ROOT / "bob/ann's.jpg")] == OTHER
    assert kinds[str(ROOT / "ann/0.jpg")] == FINE


def test_pairs_that_say_nothing_are_left_out() -> None:
    """Left and right sides are not compared: neither speaks for the other."""
    places = [f"{who}/{side}{k}.jpg" for who in "ab" for side in "lr" for k in range(3)]
    made = album({place: [np.zeros(8)] for place in places})
    first, second = np.triu_indices(12, k=1)
    name, side = np.array([p[0] for p in places]), np.array([p[2] for p in places])
    away = np.where(name[first] == name[second], 0.1, 1.9).astype(np.float32)
    # Wrong: the first left photo of a looks like those of b.
    of_first = (first == 0) & (side[first] == side[second])
    away[of_first] = np.where(name[second[of_first]] == "b", 0.1, 1.9)
    away[side[first] != side[second]] = np.nan
    pairs = ComparedPairs.of(12, first, second, away, 2.0)
    info = EncoderInfo("pairs", "1" * 64, 0, "pairs", Calibration(slope=10.0, even=1.0))
    made = replace(made, encodings=np.zeros((12, 0), np.float32), encoder=info, compared=pairs)
    table = check(labelled(made, ROOT))
    assert list(table.index[table["kind"] == OTHER]) == [0]
    assert Path(table["evidence"].iloc[0]).name.startswith("l")


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_photos_changes_nothing(random) -> None:
    photos = {
        f"{n}/{k}.jpg": [of(w, 10 * w + k, 0.5)] for w, n in enumerate("abc") for k in range(4)
    }
    photos["a/wrong.jpg"] = [of(1, 99, 0.5)]
    places = list(photos)
    random.shuffle(places)
    # Folders keep their order, by which others are drawn.
    places.sort(key=lambda place: place[0])
    one, other = checked(photos), checked({place: photos[place] for place in places})
    other = other.loc[one.index]
    assert list(one["kind"]) == list(other["kind"])
    assert list(one["suggested"]) == list(other["suggested"])
    assert np.allclose(one[["alike", "own_alike"]], other[["alike", "own_alike"]])


def test_how_sure_it_is_holds_where_photos_are_hard_to_tell() -> None:
    """As many are wrong as is said, though the pairs' own calibration knows nothing of them."""
    rng = np.random.default_rng(5)
    middles = rng.standard_normal((6, 8))
    photos, wrong = {}, set()
    for k in range(360):
        who = k % 6
        shown = (who + int(rng.integers(1, 6))) % 6 if rng.random() < 0.05 else who
        wrong |= {f"{who}/{k}.jpg"} if shown != who else set()
        photos[f"{who}/{k}.jpg"] = [middles[shown] + 0.55 * rng.standard_normal(8)]
    unsure = replace(INFO, calibration=Calibration(slope=1.0, even=2.0))
    known = labelled(album(photos, unsure), ROOT)
    table = check(known)
    found = np.array([Path(path).relative_to(ROOT).as_posix() in wrong for path in table["path"]])
    expected = table["sure"].sum()
    assert abs(expected - found.sum()) < 0.5 * found.sum()
    listed = table["kind"] == OTHER
    assert found[listed].mean() > 0.75


def test_folders_of_folders_are_taken_apart_by_who_is_in_them(photos) -> None:
    deep = {(f"people/{place}" if place[0] in "ab" else place): v for place, v in photos.items()}
    known = labelled(album(deep), ROOT)
    assert known.folders == ("people/ann", "people/bob", "cem", "dee")
    assert len(known.said) == 1


@pytest.mark.parametrize("places", [["a/1.jpg", "a/2.jpg"], ["1.jpg"]])
def test_fewer_than_two_folders_are_refused(places) -> None:
    with pytest.raises(BadFolder, match="expected two or more"):
        labelled(album({place: [of(0, 1)] for place in places}), ROOT)


def test_progress_is_told(photos) -> None:
    told = []
    check(labelled(album(photos), ROOT), progress=lambda *a: told.append(a))
    assert told[-1] == (24, 24, "")


def test_no_photo_is_known_by_an_ignored_sighting(photos) -> None:
    made = album(photos)
    ignored = np.zeros(len(made), dtype=np.bool_)
    ignored[0] = True
    rows = label_check.rows_by_photo(replace(made, ignored=ignored))
    assert made.photos["photo_digest"].iloc[0] not in rows
    assert len(rows) == 23
