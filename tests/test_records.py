import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from toolkit.calibration import Calibration
from toolkit.errors import BadSetting, IncomparableEncodings
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Album,
    Box,
    Clustering,
    ComparedPairs,
    EncoderInfo,
    Mask,
    empty_table,
)

CALIBRATION = Calibration(slope=60.0, even=0.55)
INFO = EncoderInfo("test", "ab" * 32, 4, "euclidean", CALIBRATION)


def album(encodings: np.ndarray, rows: int = 2) -> Album:
    sightings = pd.DataFrame([("d", "p", 0, 0, 1, 1, 0.5)] * rows, columns=list(SIGHTING_COLUMNS))
    return Album(
        empty_table(PHOTO_COLUMNS), sightings, encodings, INFO, empty_table(PROBLEM_COLUMNS)
    )


@pytest.mark.parametrize(
    ("encodings", "complaint"),
    [
        (np.zeros((3, 4), np.float32), "shape"),  # a row too many
        (np.zeros((2, 5), np.float32), "shape"),  # of another encoder
        (np.zeros((2, 4), np.float64), "float32"),
        (np.full((2, 4), np.nan, np.float32), "finite"),
    ],
)
def test_a_album_refuses_encodings_that_do_not_fit(encodings, complaint) -> None:
    with pytest.raises(ValueError, match=complaint):
        album(encodings)


def test_a_album_refuses_tables_without_their_columns() -> None:
    with pytest.raises(ValueError, match="photo_digest"):
        Album(
            pd.DataFrame({"path": []}),
            empty_table(SIGHTING_COLUMNS),
            np.zeros((0, 4), np.float32),
            INFO,
            empty_table(PROBLEM_COLUMNS),
        )


def test_encodings_of_two_encoders_are_named_and_refused() -> None:
    other = EncoderInfo("other", "cd" * 32, 4, "euclidean", CALIBRATION)
    with pytest.raises(IncomparableEncodings, match=r"test .* other"):
        INFO.require_same(other)
    INFO.require_same(EncoderInfo("test", "ab" * 32, 4, "euclidean", Calibration(9.0, 0.9)))


def test_the_same_network_with_other_landmarks_is_another_encoder() -> None:
    other = EncoderInfo("test", "ab" * 32, 4, "euclidean", CALIBRATION, variant="68 landmarks")
    with pytest.raises(IncomparableEncodings):
        INFO.require_same(other)


def test_a_box_without_an_area_is_refused() -> None:
    with pytest.raises(ValueError, match="area"):
        Box(3, 3, 3, 5)


edge = st.integers(-50, 500)
side = st.integers(1, 500)


@given(edge, edge, side, side, st.integers(300, 6000), st.integers(100, 2000))
def test_a_box_survives_resizing_within_a_pixel_of_the_scale(
    left, top, width, height, full, small
) -> None:
    box = Box(left, top, left + width, top + height)
    scale = full / small
    back = box.scaled(scale, scale).scaled(1 / scale, 1 / scale)
    # Rounding moves an edge by half a px in the scaled photo, and again by half on the way back.
    tolerance = 0.5 + 0.5 / scale + max(0.0, 1 / scale)
    for one, other in (
        (box.left, back.left),
        (box.top, back.top),
        (box.right, back.right),
        (box.bottom, back.bottom),
    ):
        assert abs(one - other) <= tolerance


def test_a_clustering_counts_its_groups() -> None:
    assert len(Clustering(np.array([0, 0, 1, 2]), "average", 0.5)) == 3
    assert len(Clustering(np.zeros(0, np.int64), "average", 0.5)) == 0


def seen(*sightings: tuple[str, int], **own) -> Album:
    """An album of photos ("a" is a.jpg) with a box each, and of columns of one's own."""
    table = pd.DataFrame(
        [(digest, f"{digest}.jpg", left, 0, left + 9, 9, 0.5) for digest, left in sightings],
        columns=list(SIGHTING_COLUMNS),
    )
    photos = table.drop_duplicates("photo_digest", ignore_index=True)[["path", "photo_digest"]]
    photos = photos.assign(width=99, height=99, left_out=0)[list(PHOTO_COLUMNS)]
    rows = np.arange(4 * len(table), dtype=np.float32).reshape(-1, 4)
    problems = pd.DataFrame([("bad.jpg", "opening", "none")], columns=list(PROBLEM_COLUMNS))
    return Album(photos.assign(**own), table.assign(**own), rows, INFO, problems)


places = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 4)), unique=True, max_size=12)


@given(places, st.randoms())
def test_identifiers_follow_from_photo_and_box_whatever_the_order_of_rows(sightings, random):
    ids = dict(zip(sightings, seen(*sightings).sightings["sighting_id"], strict=True))
    random.shuffle(sightings)
    again = seen(*sightings).sightings["sighting_id"]
    assert dict(zip(sightings, again, strict=True)) == ids
    assert len(set(ids.values())) == len(sightings)
    assert all(len(each) == 16 and set(each) <= set("0123456789abcdef") for each in ids.values())


def test_an_identifier_is_the_start_of_a_digest() -> None:
    expected = hashlib.sha256(b"a:3,0,12,9").hexdigest()[:16]
    assert seen(("a", 3)).sightings["sighting_id"].to_list() == [expected]


def test_the_same_box_twice_in_a_photo_has_two_identifiers() -> None:
    one, two, other = seen(("a", 3), ("a", 3), ("b", 3)).sightings["sighting_id"]
    assert two == f"{one}-2"
    assert other not in (one, two)


def test_identifiers_that_are_there_stay_and_are_all_different() -> None:
    table = seen(("a", 3), ("b", 3)).sightings
    named = replace(seen(("a", 3), ("b", 3)), sightings=table.assign(sighting_id=["x", "y"]))
    assert named.sightings["sighting_id"].to_list() == ["x", "y"]
    with pytest.raises(ValueError, match="one sighting_id"):
        replace(named, sightings=table.assign(sighting_id="x"))


def test_nothing_is_ignored_unless_said_and_the_mask_fits() -> None:
    album = seen(("a", 1), ("b", 2), ("b", 3))
    assert album.ignored.tolist() == [False] * 3
    masked = replace(album, ignored=np.array([False, True, False]))
    assert masked.kept.tolist() == [0, 2]
    assert len(masked) == 3
    with pytest.raises(ValueError, match="ignored has shape"):
        replace(masked, sightings=album.sightings[:2], encodings=album.encodings[:2])
    with pytest.raises(ValueError, match="expected bool"):
        replace(album, ignored=np.zeros(3))


@given(places, st.data())
def test_some_rows_are_taken_from_every_table(sightings, data) -> None:
    album = seen(*sightings, station="C 7")
    rows = data.draw(
        st.lists(st.sampled_from(range(len(album))), unique=True) if album else st.just([])
    )
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(album), max_size=len(album))))
    album = replace(album, ignored=mask.astype(np.bool_))
    some = album.take(rows)
    pd.testing.assert_frame_equal(some.sightings, album.sightings.iloc[rows].reset_index(drop=True))
    np.testing.assert_array_equal(some.encodings, album.encodings[rows])
    np.testing.assert_array_equal(some.ignored, album.ignored[rows])
    assert set(some.photos["photo_digest"]) == set(some.sightings["photo_digest"])
    assert (
        some.photos["photo_digest"].is_monotonic_increasing
        == (
            album.photos["photo_digest"][
                album.photos["photo_digest"].isin(some.photos["photo_digest"])
            ]
        ).is_monotonic_increasing
    )
    assert some.problems.empty


@pytest.mark.parametrize(("rows", "error"), [([0, 0], ValueError), ([7], IndexError)])
def test_no_row_is_taken_twice_or_from_nowhere(rows, error) -> None:
    with pytest.raises(error):
        seen(("a", 1), ("b", 2)).take(rows)


@given(places, st.data())
def test_what_is_parted_by_photos_and_merged_is_as_it_was(sightings, data) -> None:
    album = seen(*sorted(sightings), station="C 7", number=7)
    digests = album.photos["photo_digest"].to_list()
    first = set(data.draw(st.lists(st.sampled_from(digests))) if digests else [])
    inside = album.sightings["photo_digest"].isin(first).to_numpy(dtype=bool)
    parts = [album.take(np.flatnonzero(rows)) for rows in (inside, ~inside)]
    whole = parts[0].merge(parts[1])
    order = np.argsort(np.concatenate([np.flatnonzero(inside), np.flatnonzero(~inside)]))
    same = whole.take(order)
    pd.testing.assert_frame_equal(same.sightings, album.sightings, check_dtype=bool(sightings))
    np.testing.assert_array_equal(same.encodings, album.encodings)
    assert set(map(tuple, whole.photos.to_numpy())) == set(map(tuple, album.photos.to_numpy()))
    # With itself it is itself, with all that is beside the sightings.
    again = Album.merged([album, album])
    pd.testing.assert_frame_equal(again.photos, album.photos)
    pd.testing.assert_frame_equal(again.sightings, album.sightings)
    pd.testing.assert_frame_equal(again.problems, album.problems)
    np.testing.assert_array_equal(again.encodings, album.encodings)


def test_the_first_of_two_looks_at_a_photo_counts() -> None:
    one, other = seen(("a", 1), ("b", 1), number=1), seen(("b", 2), ("b", 3), ("c", 1), number=2)
    one = replace(one, ignored=np.array([True, False]))
    other = replace(other, ignored=np.array([True, False, True]))
    both = one.merge(other)
    assert both.sightings["photo_digest"].to_list() == ["a", "b", "c"]
    assert both.sightings["left"].to_list() == [1, 1, 1]
    assert both.sightings["number"].to_list() == [1, 1, 2]
    assert both.photos["number"].to_list() == [1, 1, 2]
    assert both.ignored.tolist() == [True, False, True]
    assert len(both.problems) == 1
    np.testing.assert_array_equal(both.encodings[2], other.encodings[2])


def test_columns_that_only_one_album_has_are_empty_in_the_other() -> None:
    one = seen(("a", 1), station="C 7", light=3, taken_at=pd.Timestamp("2024-05-31"))
    other = seen(("b", 1), flank="left")
    one = replace(one, photos=one.photos.assign(orientation=6, image_digest="ab", file_digest="c"))
    both = one.merge(other)
    for table in (both.photos, both.sightings):
        assert table["station"].to_list() == ["C 7", ""]
        assert table["flank"].to_list() == ["", "left"]
        assert table["light"].fillna(-1).to_list() == [3, -1]
        assert table["taken_at"].dtype.kind == "M"
        assert table["taken_at"].isna().to_list() == [False, True]
    assert both.photos["orientation"].to_list() == [6, 1]
    assert both.photos["orientation"].dtype.kind == "i"
    assert both.file_digests == ["c", "b"]


def test_albums_that_do_not_go_together_are_refused() -> None:
    one, other = seen(("a", 1)), seen(("b", 1))
    strange = replace(other, encoder=replace(INFO, name="other"))
    with pytest.raises(IncomparableEncodings, match=r"test .* other"):
        one.merge(strange)
    moved = replace(other, photos=other.photos.assign(path="a.jpg"))
    with pytest.raises(BadSetting, match=r"different pictures under the path a\.jpg"):
        one.merge(moved)
    with pytest.raises(ValueError, match="no album"):
        Album.merged([])


def test_what_one_look_could_read_is_no_problem_of_both() -> None:
    one = seen(("a", 1))
    unread = pd.DataFrame([("a.jpg", "opening", "none")], columns=list(PROBLEM_COLUMNS))
    other = replace(seen(("b", 1)), problems=unread)
    assert one.merge(other).problems["path"].to_list() == ["bad.jpg"]


@given(st.lists(st.integers(0, 5)), st.data())
def test_groups_keep_their_members_by_other_row_numbers(labels, data) -> None:
    made = Clustering(np.array(labels, dtype=np.int64), "average", 0.5)
    count = len(labels) + data.draw(st.integers(0, 4))
    rows = sorted(data.draw(st.permutations(range(count)))[: len(labels)])
    found = made.at(np.array(rows, dtype=np.int64), count)
    assert found.labels[rows].tolist() == labels
    assert np.delete(found.labels, rows).tolist() == [-1] * (count - len(labels))
    assert len(found) == len(made)
    assert found.noise.tolist() == [False] * count


class TestComparedPairs:
    def test_pairs_in_any_order_are_put_in_order(self) -> None:
        pairs = ComparedPairs.of(
            4, np.array([3, 0, 2]), np.array([1, 2, 1]), np.array([0.5, 0.1, 9.0]), 2.0
        )
        assert pairs.first.tolist() == [0, 1, 1]
        assert pairs.second.tolist() == [2, 2, 3]
        np.testing.assert_allclose(pairs.distance, [0.1, 2.0, 0.5])

    def test_a_pair_may_say_nothing(self) -> None:
        pairs = ComparedPairs.of(
            3, np.array([2, 0]), np.array([0, 1]), np.array([0.4, np.nan]), 1.0
        )
        np.testing.assert_allclose(pairs.distance, [np.nan, 0.4], rtol=1e-6)

    @pytest.mark.parametrize(
        ("first", "second", "distance", "farthest"),
        [
            ([0], [0], [0.1], 1.0),
            ([1], [0], [0.1], 1.0),
            ([0], [3], [0.1], 1.0),
            ([-1], [1], [0.1], 1.0),
            ([0, 0], [1, 1], [0.1, 0.1], 1.0),
            ([0, 0], [2, 1], [0.1, 0.1], 1.0),
            ([0], [1], [1.5], 1.0),
            ([0], [1], [-0.1], 1.0),
            ([0], [1], [np.inf], 1.0),
            ([0], [1], [0.1], np.inf),
            ([0], [1], [0.1], 2.5),
            ([0], [1], [0.1, 0.2], 1.0),
        ],
    )
    def test_what_cannot_be_is_refused(self, first, second, distance, farthest) -> None:
        arrays = (np.array(first), np.array(second), np.array(distance, np.float32))
        with pytest.raises(ValueError, match=r"pairs|farthest|distance"):
            ComparedPairs(3, *arrays, farthest)

    @given(st.integers(0, 1000), st.integers(1, 12))
    def test_some_of_them_keep_their_distances(self, seed, count) -> None:
        rng = np.random.default_rng(seed)
        first, second = np.triu_indices(count, k=1)
        kept = rng.random(len(first)) < 0.6
        away = rng.random(int(kept.sum()))
        whole = ComparedPairs.of(count, first[kept], second[kept], away, 1.0, left=3)
        rows = rng.permutation(count)[: rng.integers(0, count + 1)]
        part = whole.take(rows)
        assert (part.count, part.left) == (len(rows), 3)
        found = dict(zip(zip(whole.first, whole.second, strict=True), whole.distance, strict=True))
        expected = {
            tuple(sorted((i, j))): found[tuple(sorted((rows[i], rows[j])))]
            for i in range(len(rows))
            for j in range(i + 1, len(rows))
            if tuple(sorted((rows[i], rows[j]))) in found
        }
        assert (
            dict(zip(zip(part.first, part.second, strict=True), part.distance, strict=True))
            == expected
        )

    def test_those_of_several_albums_lie_one_after_the_other(self) -> None:
        one = ComparedPairs.of(2, np.array([0]), np.array([1]), [0.5], 1.0, left=1)
        other = ComparedPairs.of(3, np.array([0, 1]), np.array([2, 2]), [0.1, 0.2], 1.5, left=2)
        both = ComparedPairs.joined([one, other])
        assert (both.count, both.farthest, both.left) == (5, 1.5, 3)
        assert both.first.tolist() == [0, 2, 3]
        assert both.second.tolist() == [1, 4, 4]
        assert ComparedPairs.joined([one, None]) is None


@pytest.mark.parametrize(
    ("cells", "counts"),
    # The examples of COCO's own description of the format (cocodataset/cocoapi, maskApi.h).
    [([0, 0, 1, 1, 1, 0, 1], (2, 3, 1, 1)), ([1, 1, 1, 1, 1, 1, 0], (0, 6, 1))],
)
def test_a_mask_is_counted_as_coco_counts_it(cells, counts) -> None:
    column = np.array(cells, dtype=bool)[:, None]
    assert Mask.of(column) == Mask(1, 7, counts)
    assert Mask.of(np.eye(2, dtype=bool)).counts == (0, 1, 2, 1)


CELLS = arrays.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


@given(CELLS)
def test_a_mask_gives_back_its_cells(cells) -> None:
    mask = Mask.of(cells)
    np.testing.assert_array_equal(mask.inside, cells)
    assert (mask.height, mask.width) == cells.shape
    assert (mask.digest == Mask.of(~cells).digest) is False


@given(CELLS, st.lists(st.floats(-0.5, 1.5), max_size=5), st.lists(st.floats(-0.5, 1.5)))
def test_points_of_a_mask_are_those_of_its_cells_and_none_around_it(cells, across, down) -> None:
    height, width = cells.shape
    found = Mask.of(cells).at(np.array(across), np.array(down))
    expected = [
        [0 <= y < 1 and 0 <= x < 1 and bool(cells[int(y * height), int(x * width)]) for x in across]
        for y in down
    ]
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("width", "height", "counts", "said"),
    [
        (0, 4, (), "a side of 0"),
        (4, 10**9, (4 * 10**9,), "a side of 1000000000"),
        (True, 1, (1,), "a side of True"),
        (2, 2, (3,), "counts for 3 cells; expected 2 x 2"),
        (2, 2, (2, 10**30), "expected 2 x 2"),
        (2, 2, (5, -1), "no whole number"),
        (2, 2, (4.0,), "no whole number"),
        (2, 2, (0, 0, 0, 0, 0, 4), "more than its cells"),
    ],
)
def test_what_is_no_mask_is_refused(width, height, counts, said) -> None:
    with pytest.raises(ValueError, match=said):
        Mask(width, height, counts)
