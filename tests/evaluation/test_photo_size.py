"""What shrinking costs, with subjects whose losses can be worked out by hand."""

import json
import math
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import stats
from squares import MeanEncoder, bright_squares

from toolkit import memory
from toolkit.errors import BadFolder, BadSetting, SightingsError
from toolkit.evaluation import photo_size, photo_size_costs, photo_size_matching, photo_size_study
from toolkit.evaluation.photo_size import resize
from toolkit.evaluation.photo_size_matching import consensus, pair_boxes, share_interval
from toolkit.evaluation.scores import score_grouping
from toolkit.plots import photo_size_plots
from toolkit.records import Detection
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE

COLOURS = {"ann": (255, 0, 0), "bob": (0, 255, 0), "cem": (0, 0, 255)}
PLAIN = AutopilotSettings(min_sharpness=0, min_size=0, threshold=0.5, jobs=1)
LEAST = {"cnn": 10, "hog": 20}


@pytest.fixture(autouse=True)
def _one_round(monkeypatch):
    monkeypatch.setattr(photo_size, "ROUNDS", 1)


class SquareDetector:
    """Finds bright squares whose sides are long enough; counts how often it is asked."""

    def __init__(self, name: str, least: float) -> None:
        self.name, self.least, self.asked = name, least, []

    def detect(self, image: np.ndarray) -> list[Detection]:
        self.asked.append(max(image.shape))
        return bright_squares(image, self.least)


def squares(settings: AutopilotSettings) -> Subject:
    return Subject(
        "square",
        SquareDetector(settings.detector, LEAST[settings.detector]),
        MeanEncoder(),
        FACE.words,
    )


def save(path: Path, *faces: tuple[str, int, int, int], size: tuple[int, int] = (400, 600)) -> None:
    """Save a black photo with a square for each name, left, top and side."""
    image = np.zeros((*size, 3), np.uint8)
    for name, left, top, side in faces:
        image[top : top + side, left : left + side] = COLOURS[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six faces: of 20, 30, 30, 60, 60 and 120 px."""
    folder = tmp_path / "photos"
    save(folder / "one.png", ("ann", 0, 0, 120), ("bob", 300, 60, 60), ("cem", 480, 300, 30))
    save(folder / "two.png", ("ann", 30, 30, 60), ("bob", 300, 300, 30), ("cem", 400, 60, 20))
    save(folder / "none.png")
    return folder


def study(folder: Path, **more):
    told = {"long_edges": (0, 300, 120), "settings": PLAIN, "subject": squares, **more}
    return resize(folder, **told)


def row(result, detector: str, long_edge: int) -> pd.Series:
    table = result.table.set_index(["detector", "long_edge"])
    return table.loc[(detector, long_edge)]


def test_what_is_lost_at_each_size_is_what_gets_too_small(folder: Path) -> None:
    result = study(folder)
    # 600 px to 300 halves and to 120 fifths: cnn needs 10 px then, hog 20.
    lost = {
        key: int(n) for key, n in result.table.set_index(["detector", "long_edge"])["lost"].items()
    }
    assert lost == {
        ("cnn", 0): 0,
        ("cnn", 300): 0,
        ("cnn", 120): 3,
        ("hog", 0): 0,
        ("hog", 300): 3,
        ("hog", 120): 5,
    }  # fmt: skip
    assert result.table["sightings"].eq(6).all()
    assert result.table["photos"].eq(3).all()
    assert (result.table["found"] + result.table["lost"]).eq(6).all()
    assert result.table["extra"].eq(0).all()
    assert result.table["peak_mb"].isna().all()
    assert (result.table[["seconds", "wall_seconds"]] > 0).all(axis=None)
    gone = result.lost.query("detector == 'hog' and long_edge == 300")
    assert sorted(gone["size"]) == [20, 30, 30]
    assert {Path(path).name for path in gone["path"]} == {"one.png", "two.png"}
    counted = result.by_size.query("detector == 'hog' and long_edge == 120")
    assert counted[["bin", "sightings", "lost"]].to_numpy().tolist() == [
        ["<40", 3, 3],
        ["60-100", 2, 2],
        ["100-200", 1, 0],
    ]
    assert (result.by_size.groupby(["detector", "long_edge"])["lost"].sum()).to_dict() == lost


def test_a_detector_that_finds_nothing_has_lost_everything(folder, monkeypatch) -> None:
    monkeypatch.setitem(LEAST, "hog", 10_000)
    result = study(folder)
    assert row(result, "hog", 0)["lost_share"] == 1.0
    assert row(result, "hog", 0)["lost_high"] == 1.0
    assert math.isnan(row(result, "hog", 0)["agreement"])
    assert result.recommendation.count("cnn")


def test_the_full_size_is_always_tried_and_sizes_that_shrink_nothing_are_not(folder) -> None:
    result = study(folder, long_edges=(2400, 600, 599, 300), detectors=["cnn"])
    assert result.table["long_edge"].to_list() == [0, 599, 300]


def test_nothing_is_shrunk_or_doubled_at_full_size(folder) -> None:
    asked = {}

    def make(settings):
        asked[settings.detector, settings.long_edge, settings.upsample] = made = squares(settings)
        return made

    study(folder, subject=make, long_edges=(300,), detectors=["cnn"])
    full = [made for (_, _, upsample), made in asked.items() if upsample == 0]
    assert [set(made.detector.asked) for made in full] == [{600}]
    assert set(asked["cnn", 300, None].detector.asked) == {300}


def test_true_boxes_are_the_faces_and_what_is_none_of_them_is_extra(folder) -> None:
    labels = pd.DataFrame(
        [
            ("one.png", "ann", 0, 0, 120, 120),
            ("one.png", "bob", 302, 62, 56, 56),
            ("one.png", "ann", 100, 300, 50, 50),  # which nothing finds
            ("none.png", None, None, None, None, None),
        ],
        columns=["photo", "person", "left", "top", "width", "height"],
    )
    result = study(folder, labels=labels)
    assert row(result, "cnn", 0)[["photos", "sightings", "found", "extra"]].to_list() == [
        2,
        3,
        2,
        1,
    ]
    assert row(result, "hog", 120)[["found", "extra"]].to_list() == [1, 0]
    assert row(result, "cnn", 0)[["right", "wrong", "missed"]].to_list() == [2, 1, 0]
    assert row(result, "cnn", 0)["bcubed_f"] == 1.0
    assert "labels" in result.reference
    # All rows lose that face; what counts for the choice is what they lose beyond the best.
    assert row(result, "cnn", 0)["lost"] == 1
    assert row(result, "cnn", 0)["more_lost"] == 0
    assert row(result, "hog", 120)["more_lost"] == pytest.approx(1 / 3)


def test_people_without_boxes_are_compared_photo_by_photo(folder) -> None:
    labels = pd.DataFrame(
        {"photo": ["one.png"] * 3 + ["two.png"] * 2, "person": ["ann", "bob", "cem", "ann", "bob"]}
    )
    result = study(folder, labels=labels)
    assert row(result, "cnn", 0)[["right", "wrong", "missed"]].to_list() == [5, 1, 0]
    assert row(result, "cnn", 120)[["right", "wrong", "missed"]].to_list() == [3, 0, 2]
    assert "bcubed_f" not in result.table
    assert "two configurations" in result.reference
    for_one = study(folder, labels=labels[labels["photo"] == "one.png"])
    assert row(for_one, "cnn", 0)[["photos", "right", "wrong", "missed"]].to_list() == [3, 3, 0, 0]


def test_people_and_groups_fit_as_in_a_hand_worked_case() -> None:
    boxes = pd.DataFrame({"path": ["/a", "/a", "/b", "/c"]})
    labels = pd.DataFrame(
        {"photo": ["a", "a", "b", "c", "c"], "person": ["ann", "bob", "ann", "bob", "cem"]}
    )
    names = {"/a": "a", "/b": "b", "/c": "c"}
    faces = pd.DataFrame({"path": []})
    look = photo_size._Look(None, np.array([0, 1, 0, 0]), boxes)
    # Group 0 is ann in a and b; group 1 is bob in a; 0 in c is wrong; bob and cem in c are missed.
    found = photo_size._scores(look, np.zeros(0, np.int64), faces, labels, names)
    assert found == {"right": 3, "wrong": 1, "missed": 2}


def frame(*boxes: tuple[int, int, int, int], path: str = "a") -> pd.DataFrame:
    return pd.DataFrame(
        [(path, *box) for box in boxes], columns=["path", *photo_size_matching.PLACE]
    )


A, B, C, D, E, F = ((left, 0, left + 100, 100) for left in range(0, 1200, 200))


def test_a_face_is_what_two_see_or_the_judge_at_full_size() -> None:
    seen = {
        ("cnn", 0): frame(A),
        ("cnn", 1200): frame(B, C, E),
        ("cnn", 600): frame(C),
        ("hog", 0): frame(B, D, F),
        ("hog", 600): frame(D),
    }
    faces = consensus(seen, "cnn")
    # A: alone, but the judge at full size. B: by both. C, D: by one, at two sizes. E: by the judge,
    # at one smaller size. F: at full size, but by the other.
    assert sorted(faces[photo_size_matching.PLACE].itertuples(index=False, name=None)) == [
        A,
        B,
        C,
        D,
    ]
    alone = {way: table for way, table in seen.items() if way[0] == "hog"}
    found = consensus(alone, "hog")[photo_size_matching.PLACE]
    assert sorted(found.itertuples(index=False, name=None)) == [B, D, F]
    assert len(consensus({("cnn", 0): frame()}, "cnn")) == 0


def test_the_place_of_a_face_is_where_the_judge_sees_it_largest() -> None:
    moved = (5, 5, 105, 105)
    seen = {("hog", 0): frame(moved), ("cnn", 600): frame(moved), ("cnn", 1200): frame(A)}
    assert consensus(seen, "cnn")[photo_size_matching.PLACE].to_numpy().tolist() == [list(A)]


def test_boxes_of_two_photos_are_never_one_face() -> None:
    seen = {("cnn", 0): frame(A), ("cnn", 600): frame(A, path="b"), ("hog", 0): frame(A)}
    assert consensus(seen, "cnn")["path"].to_list() == ["a"]


def test_boxes_pair_with_the_nearest_and_only_once() -> None:
    one = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], float)
    # The first overlaps with 8 of 12 px, the second with 9 of 11; the third with 1 of 19.
    other = np.array([[2, 0, 12, 10], [1, 0, 11, 10], [29, 0, 39, 10]], float)
    first, second = pair_boxes(one, other)
    assert list(zip(first, second, strict=True)) == [(0, 1)]
    assert [len(side) for side in pair_boxes(one[:0], other)] == [0, 0]


places = st.lists(
    st.tuples(*[st.integers(0, 60)] * 2, *[st.integers(1, 40)] * 2), min_size=0, max_size=7
).map(lambda rows: np.array([(x, y, x + w, y + h) for x, y, w, h in rows], float).reshape(-1, 4))


@given(places, places)
def test_pairs_overlap_enough_each_box_once_and_either_way_round(one, other) -> None:
    first, second = pair_boxes(one, other)
    assert len(set(first)) == len(first) == len(second) == len(set(second))

    def share(a, b):
        grids = [np.zeros((101, 101), bool) for _ in range(2)]
        for grid, (left, top, right, bottom) in zip(grids, (a, b), strict=True):
            grid[int(top) : int(bottom), int(left) : int(right)] = True
        return (grids[0] & grids[1]).sum() / (grids[0] | grids[1]).sum()

    shares = [share(one[i], other[j]) for i, j in zip(first, second, strict=True)]
    assert all(value >= photo_size_matching.OVERLAP for value in shares)
    back = pair_boxes(other, one)
    again = [share(one[i], other[j]) for j, i in zip(*back, strict=True)]
    assert sum(shares) == pytest.approx(sum(again))
    assert len(pair_boxes(one, one)[0]) == len(one)


@pytest.mark.parametrize("count", [1, 5, 100])
def test_where_nothing_is_lost_the_bound_is_exact_over_photos(count: int) -> None:
    none, faces = np.zeros(count, np.int64), np.full(count, 4)
    low, high = share_interval(none, faces)
    exact = stats.binomtest(0, count).proportion_ci(0.95, method="exact").high
    assert (low, high) == (0, pytest.approx(exact))
    assert share_interval(faces, faces) == (pytest.approx(1 - exact), 1)
    # Photos without a face say nothing.
    padded = share_interval(np.append(none, 0), np.append(faces, 0))
    assert padded == pytest.approx((low, high))


def test_many_photos_give_the_percentile_bootstrap() -> None:
    draw = np.random.default_rng(3)
    whole = draw.integers(1, 8, 300)
    part = draw.binomial(whole, 0.3)
    found = share_interval(part, whole, seed=1)
    reference = stats.bootstrap(
        (part, whole),
        lambda p, w, axis: p.sum(axis=axis) / w.sum(axis=axis),
        paired=True,
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert found == pytest.approx((reference.low, reference.high), abs=0.004)
    assert found == share_interval(part, whole, seed=1)
    assert found != share_interval(part, whole, seed=2)


def test_faces_lost_together_leave_more_doubt_than_faces_lost_one_by_one() -> None:
    whole = np.full(100, 10)
    together = np.where(np.arange(100) < 10, 10, 0)
    apart = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [30, 40, 30]))
    assert apart.sum() == together.sum()
    wide, narrow = share_interval(together, whole), share_interval(apart, whole)
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """A photo in 50 loses half of its faces: few cases, where the plain bootstrap is too narrow."""
    draw = np.random.default_rng(0)
    held = plain = 0
    for _ in range(200):
        whole = draw.choice([2, 4, 6], 100)
        part = np.where(draw.random(100) < 0.02, whole // 2, 0)
        low, high = share_interval(part, whole)
        held += low <= 0.01 <= high
        rows = draw.integers(0, 100, (400, 100))
        plain += np.quantile(part[rows].sum(1) / whole[rows].sum(1), 0.975) >= 0.01
    assert held >= 190 > plain


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_an_interval_holds_its_share(cases) -> None:
    part = np.array([min(pair) for pair in cases], np.int64)
    whole = np.array([max(pair) for pair in cases], np.int64)
    low, high = share_interval(part, whole)
    if not whole.sum():
        assert math.isnan(low)
        assert math.isnan(high)
        return
    assert 0 <= low <= part.sum() / whole.sum() <= high <= 1
    assert low < high


def look(*labels: int) -> np.ndarray:
    return np.array(labels, np.int64)


def test_agreement_is_the_b_cubed_f_over_the_faces_that_both_have() -> None:
    here, full = look(0, 0, 0, 1), look(0, 0, 1, 1, 7)
    at, everyone = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 2, 3, 4])
    found = np.array([0, 1, 2, 3, -1])
    agreed, low, high = photo_size_matching.agreement(here, full, found, everyone, at, 0)
    # Precision (2/3 + 2/3 + 1/3 + 1) / 4, recall (1 + 1 + 1/2 + 1/2) / 4.
    assert agreed == pytest.approx(12 / 17)
    assert 0 <= low < agreed < high <= 1
    # Rows may stand in another order.
    found = np.array([3, 2, 1, 0, -1])
    turned = photo_size_matching.agreement(look(1, 0, 0, 0), full, found, everyone, at, 0)
    assert turned == pytest.approx((agreed, low, high))


def test_full_agreement_has_an_exact_bound_and_no_common_face_has_none() -> None:
    full, at = look(0, 0, 1), np.array([0, 1, 2])
    agreed = photo_size_matching.agreement(full, full, at, at, at, 0)
    exact = stats.binomtest(0, 3).proportion_ci(0.95, method="exact").high
    assert agreed == (1.0, pytest.approx(1 - exact), 1.0)
    nobody = np.full(3, -1)
    assert all(math.isnan(v) for v in photo_size_matching.agreement(full, full, nobody, at, at, 0))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=9))
def test_agreement_brackets_what_the_scores_say(pairs) -> None:
    ones, others = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    at = np.arange(len(pairs)) // 2
    rows = np.arange(len(pairs))
    agreed, low, high = photo_size_matching.agreement(look(*ones), look(*others), rows, rows, at, 0)
    assert agreed == pytest.approx(score_grouping(others, ones).bcubed_f)
    assert 0 <= low <= high <= 1 + 1e-9


costs = st.tuples(st.integers(1, 5), st.integers(0, 5))


@given(st.lists(costs, min_size=1, max_size=8))
def test_the_front_is_what_no_other_row_beats(rows) -> None:
    lost = np.array([[face < gone for face in range(5)] for _, gone in rows])
    table = pd.DataFrame(rows, columns=["seconds", "lost"])
    judged = photo_size._judged(table, lost, np.arange(5), 5, 0)
    for (seconds, gone), front, more in zip(
        rows, judged["front"], judged["more_lost"], strict=True
    ):
        beaten = [s <= seconds and g <= gone and (s, g) != (seconds, gone) for s, g in rows]
        assert front == (not any(beaten))
        assert more == pytest.approx((gone - min(g for _, g in rows)) / 5)


def rated(*rows: tuple[int, float, int, float, float, bool]) -> pd.DataFrame:
    columns = ["long_edge", "seconds", "lost", "lost_high", "more_lost_high", "front"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(
        detector="cnn", photos=60, sightings=200, lost_low=0.0, lost_share=table["lost"] / 200
    )


GONE = pd.DataFrame({"detector": "cnn", "long_edge": [1200, 1200], "size": [41.0, 59.5]})


def test_the_fastest_row_that_surely_loses_little_is_recommended() -> None:
    table = rated(
        (0, 4.0, 0, 0.06, 0.06, False),
        (1600, 1.0, 0, 0.06, 0.06, True),
        (1200, 0.5, 2, 0.018, 0.018, True),
        (600, 0.2, 9, 0.09, 0.09, True),
    )
    assert photo_size_study.recommend(table, GONE, shown_in=50, words=FACE.words) == (
        "cnn, long edge 1200: 8.0 times faster than cnn at full size, 1.0% of the faces lost "
        "(95% interval 0.0% to 1.8%), none larger than 60 px."
    )


def test_where_nothing_is_sure_the_row_that_loses_fewest_is_recommended() -> None:
    table = rated((0, 4.0, 0, 0.06, 0.06, False), (1600, 1.0, 0, 0.06, 0.06, True))
    said = photo_size_study.recommend(table, GONE[:0], shown_in=5, words=FACE.words)
    assert said.startswith("5 photos with faces are too few to be sure; on them, cnn, long edge 16")
    assert "4.0 times faster" in said
    assert "none of 200 faces lost (95% bound: at most 6.0%)" in said
    assert "fewest" in said
    alone = photo_size_study.recommend(
        table[:1].assign(front=True), GONE[:0], shown_in=50, words=FACE.words
    )
    assert alone.startswith("cnn, full size: no other row is better")
    slow = rated((0, 1.0, 1, 0.06, 0.06, True), (1200, 2.0, 0, 0.06, 0.06, True))
    assert "2.0 times slower" in photo_size_study.recommend(
        slow, GONE[:0], shown_in=50, words=FACE.words
    )


def test_photos_take_turns_after_one_to_warm_up(folder) -> None:
    made = []

    def make(settings):
        made.append(squares(settings))
        return made[-1]

    told = []
    paths = [folder / "one.png", folder / "two.png"]
    table = photo_size_costs.time_ways(
        paths,
        [("cnn", 0), ("hog", 300)],
        settings=PLAIN,
        rounds=3,
        make=make,
        progress=lambda *what: told.append(what),
    )
    assert [len(subject.detector.asked) for subject in made] == [7, 7]
    assert table[["detector", "long_edge"]].to_numpy().tolist() == [["cnn", 0], ["hog", 300]]
    assert [done for _, done, _, _ in told] == [1, 2, 3]


def test_a_size_too_large_for_the_memory_has_no_time(folder) -> None:
    class Full(SquareDetector):
        def detect(self, image):
            raise MemoryError

    def make(settings):
        return Subject("square", Full("cnn", 1), MeanEncoder())

    table = photo_size_costs.time_ways(
        [folder / "one.png"], [("cnn", 0)], settings=PLAIN, make=make
    )
    assert table["seconds"].isna().all()


def test_a_size_too_large_for_the_memory_loses_its_faces(folder) -> None:
    class Half(SquareDetector):
        def detect(self, image):
            if max(image.shape) > 500:
                raise MemoryError
            return super().detect(image)

    def make(settings):
        return Subject("square", Half("cnn", 10), MeanEncoder())

    result = study(folder, subject=make, detectors=["cnn"], long_edges=(500, 300))
    table = result.table[["long_edge", "sightings", "lost"]]
    assert table.to_numpy().tolist() == [[0, 6, 6], [500, 6, 0], [300, 6, 0]]
    assert "too large for the memory" in result.recommendation


def test_photos_that_all_lose_the_same_share_still_leave_doubt() -> None:
    exact = stats.binomtest(5, 10).proportion_ci(0.95, method="exact")
    assert share_interval(np.full(10, 2), np.full(10, 4)) == pytest.approx((exact.low, exact.high))
    low, high = share_interval(np.array([2]), np.array([4]))
    assert low < 0.05
    assert high > 0.95


def test_memory_is_that_of_a_process_of_its_own(folder) -> None:
    told = []
    photo = folder / "one.png"
    grown = photo_size_costs.memory_of(
        photo, [("hog", 300)], PLAIN, lambda *what: told.append(what)
    )
    assert told == [("memory", 1, 1, "hog, long edge 300")]
    if sys.platform == "linux":
        # At least the photo's own 0.72 MB; at most what no photo of that size needs.
        assert 0.5 < grown[0] < 500
    else:
        assert math.isnan(grown[0])
    assert math.isnan(
        photo_size_costs.memory_of(photo, [("no such detector", 300)], PLAIN, None)[0]
    )


def test_memory_is_measured_on_the_largest_photo_with_a_face() -> None:
    class Seen:
        photos = pd.DataFrame({"path": ["a", "b", "c"], "width": [10, 90, 20], "height": 50})

    def looks(*paths):
        boxes = pd.DataFrame({"path": list(paths)})
        return {("cnn", 0): photo_size._Look(Seen(), np.zeros(len(paths), np.int64), boxes)}

    assert photo_size._largest(looks("a", "c")) == Path("c")
    assert photo_size._largest(looks()) == Path("b")


def test_memory_that_the_system_does_not_tell_is_none(folder, monkeypatch) -> None:
    monkeypatch.setattr(memory, "_status", lambda name: float("nan"))
    monkeypatch.setattr(photo_size_costs.registry, "subject_for", squares)
    path = str(folder / "one.png")
    assert photo_size_costs.memory_growth(path, "cnn", 300, PLAIN.as_dict()) is None


def test_a_folder_without_photos_is_an_error(tmp_path) -> None:
    with pytest.raises(BadFolder, match="holds no photo"):
        study(tmp_path)
    with pytest.raises(BadFolder):
        study(tmp_path / "missing")


def test_unreadable_photos_are_reported_and_only_they_are_an_error(folder) -> None:
    (folder / "bad.jpg").write_bytes(b"no photo")
    result = study(folder)
    assert [Path(path).name for path in result.problems["path"]] == ["bad.jpg"]
    assert result.table["photos"].eq(3).all()
    assert "1 not readable" in str(result)
    for name in ("one", "two", "none"):
        (folder / f"{name}.png").unlink()
    with pytest.raises(BadFolder, match=r"none of the 1 files .* can be read; the first, bad\.jpg"):
        study(folder)


def test_photos_without_faces_compare_nothing(folder) -> None:
    (folder / "one.png").unlink()
    (folder / "two.png").unlink()
    result = study(folder)
    assert result.recommendation == "No face was found in 1 photo: nothing to compare."
    assert result.table["sightings"].eq(0).all()
    assert result.table[["lost_share", "lost_low", "lost_high", "agreement"]].isna().all(axis=None)
    assert len(result.by_size) == len(result.lost) == 0
    assert result.as_dict()["table"][0]["lost_share"] is None
    assert str(result)
    assert (
        photo_size_plots.speed_and_loss(result.table, words=FACE.words).texts[0].get_text()
        == "no faces to compare"
    )
    plt.close("all")


def test_one_photo_says_little_and_says_so(folder) -> None:
    (folder / "two.png").unlink()
    (folder / "none.png").unlink()
    result = study(folder)
    assert "1 photo with faces are too few" not in result.recommendation
    assert result.recommendation.startswith("1 photo with faces is too few to be sure")
    assert row(result, "cnn", 300)["lost_high"] == pytest.approx(0.975)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample": 0},
        {"seed": -1},
        {"detectors": []},
        {"detectors": ["other"]},
        {"long_edges": (0, 50)},
        {"long_edges": (-5,)},
    ],
)
def test_what_cannot_be_used_is_refused(folder, wrong) -> None:
    with pytest.raises(BadSetting):
        study(folder, **wrong)


@pytest.mark.parametrize(
    "columns", [["photo"], ["person"], ["photo", "left", "top", "width"], ["left", "person"]]
)
def test_labels_that_lack_a_column_are_refused(folder, columns) -> None:
    with pytest.raises(SightingsError, match="expected photo and person, or"):
        study(folder, labels=pd.DataFrame({name: ["one.png"] for name in columns}))


def test_labels_of_other_photos_are_refused(folder) -> None:
    labels = pd.DataFrame({"photo": ["photos/one.png"], "person": ["ann"]})
    with pytest.raises(SightingsError, match=r"are not among the 3 files .* photos/one\.png"):
        study(folder, labels=labels)


def test_the_sample_follows_from_the_seed_and_copies_count_once(folder) -> None:
    for number in range(6):
        save(folder / f"more{number}.png", ("ann", 10 * number, 0, 60))
    (folder / "copy.png").write_bytes((folder / "one.png").read_bytes())
    drawn = [photo_size._drawn(folder, None, 3, seed) for seed in (0, 0, 1, 2)]
    assert drawn[0] == drawn[1]
    assert len({tuple(paths) for paths, _ in drawn}) > 1
    assert all(len(paths) == 3 and count == 10 for paths, count in drawn)
    result = study(folder, detectors=["cnn"], long_edges=())
    assert row(result, "cnn", 0)[["photos", "sightings"]].to_list() == [9, 12]


def test_two_studies_differ_in_their_times_alone(folder) -> None:
    one, other = study(folder), study(folder)
    measured = ["seconds", "wall_seconds", "front", "more_lost", "more_lost_high"]
    pd.testing.assert_frame_equal(
        one.table.drop(columns=measured), other.table.drop(columns=measured)
    )
    pd.testing.assert_frame_equal(one.by_size, other.by_size)
    pd.testing.assert_frame_equal(one.lost, other.lost)


def test_progress_names_what_is_done(folder) -> None:
    told = []
    study(folder, detectors=["cnn"], progress=lambda *what: told.append(what))
    work = list(dict.fromkeys(word for word, *_ in told))
    assert work == ["cnn, full size", "cnn, long edge 300", "cnn, long edge 120", "timing"]
    assert all(1 <= done <= total for _, done, total, _ in told)


def test_the_text_fits_a_terminal_and_the_rest_is_plain(folder) -> None:
    people = pd.DataFrame({"photo": ["one.png"], "person": ["<b>ann</b>"]})
    result = study(folder, labels=people)
    wide = result.table.assign(
        sightings=12345, lost=12345, extra=1234, seconds=12.345, peak_mb=1234.5
    )
    shown = photo_size_study.ResizeStudy(
        wide,
        result.by_size,
        result.lost,
        "a < b",
        result.reference,
        result.problems,
        result.photos_in_folder,
        result.seed,
        result.words,
    )
    assert max(len(line) for line in str(shown).splitlines()) <= 80
    assert repr(shown) == str(shown)
    page = shown._repr_html_()
    assert "a &lt; b" in page
    assert "12345/12345" in page
    plain = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert plain["table"][0]["detector"] == "cnn"
    assert plain["table"][0]["peak_mb"] is None
    assert plain["recommendation"] == result.recommendation
    assert len(plain["lost"]) == len(result.lost)


def test_speed_and_loss_shows_each_row_and_the_front(folder) -> None:
    table = study(folder).table.assign(seconds=[4.0, 2.0, 1.0, 3.0, 1.5, 0.5])
    table["front"] = [False, True, False, False, False, True]
    ax = photo_size_plots.speed_and_loss(table, words=FACE.words)
    front = next(line for line in ax.lines if line.get_label() == "front")
    assert front.get_xdata().tolist() == [0.5, 2.0]
    assert front.get_ydata().tolist() == pytest.approx([500 / 6, 0.0])
    assert [text.get_text() for text in ax.texts] == ["full", "300", "120"] * 2
    ax.figure.canvas.draw()
    ticks = [tick.get_text() for tick in ax.get_xticklabels(which="both") if tick.get_text()]
    assert {"0.5", "1", "2", "5"} <= set(ticks)
    assert not [text for text in ticks if "10^" in text]
    bars = [bar for box in ax.containers for bar in box.lines[2][0].get_segments()]
    assert [bar[0][0] for bar in bars] == table["seconds"].to_list()
    assert [bar[0][1] for bar in bars] == pytest.approx((100 * table["lost_low"]).to_list())
    assert [bar[1][1] for bar in bars] == pytest.approx((100 * table["lost_high"]).to_list())
    plt.close("all")


def test_loss_by_size_shows_each_bin(folder) -> None:
    by_size = study(folder).by_size
    own = plt.subplots()[1]
    ax = photo_size_plots.loss_by_size(by_size, detector="hog", words=FACE.words, ax=own)
    assert ax is own
    assert ax.images[0].get_array().tolist() == [[0, 0, 0], [100, 0, 0], [100, 100, 0]]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["<40", "60-100", "100-200"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["full", "300", "120"]
    assert ax.texts[0].get_text().startswith("0/3")
    nothing = photo_size_plots.loss_by_size(by_size, detector="other", words=FACE.words)
    assert nothing.texts[0].get_text() == "no faces to compare"
    plt.close("all")


def test_lost_faces_shows_who_was_lost_the_largest_first(folder) -> None:
    lost = study(folder).lost
    figure = photo_size_plots.lost_sightings(lost, detector="hog", across=3, words=FACE.words)
    ax = figure.axes[0]
    texts = [text.get_text() for text in ax.texts]
    assert texts == [
        *("hog, 300 px", "3 faces lost", "30 px", "30 px", "20 px"),
        *("hog, 120 px", "5 faces lost", "60 px", "60 px", "30 px", "+2"),
    ]
    middles = [tuple(image.get_array()[72, 72]) for image in ax.images]
    # Cem and bob measure 30 px, and cem 20; bob and ann measure 60, and the first photo's cem 30.
    names = ["cem", "bob", "cem", "bob", "ann", "cem"]
    assert middles == [COLOURS[name] for name in names]
    tops = [image.get_extent()[3] for image in ax.images]
    assert tops == sorted(tops)
    assert [round(image.get_extent()[0]) for image in ax.images] == [0, 1, 2] * 2
    plt.close("all")


def test_lost_faces_goes_on_where_a_photo_is_gone_or_nothing_is_lost(folder) -> None:
    lost = study(folder).lost
    (folder / "two.png").unlink()
    ax = photo_size_plots.lost_sightings(lost, detector="hog", rows=1).axes[0]
    assert [text.get_text() for text in ax.texts].count("not readable") == 2
    assert len(ax.images) == 1
    nothing = photo_size_plots.lost_sightings(lost[:0], detector="cnn", words=FACE.words).axes[0]
    assert [text.get_text() for text in nothing.texts] == ["cnn loses no face"]
    plt.close("all")


def test_importing_the_studies_loads_no_figures() -> None:
    import subprocess

    code = (
        "import sys; from toolkit.evaluation import photo_size; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "box",
    [
        ("abc", "1", "2", "3"),
        ("9", "9", "-5", "-5"),
        ("9", "9", "0", "0"),
        ("inf", "1", "2", "3"),
        ("1e300", "1", "2", "3"),
        ("9", "9", "20", ""),
    ],
)
def test_a_box_that_is_none_is_refused_with_its_row(box) -> None:
    rows = [("a.jpg", "1", "2", "3", "4"), ("b.jpg", *box)]
    table = pd.DataFrame(rows, columns=["photo", "left", "top", "width", "height"])
    with pytest.raises(SightingsError, match="row 3 has the box"):
        photo_size_matching.checked_labels(table, ["a.jpg", "b.jpg"])


def test_labels_are_read_as_evaluate_reads_them() -> None:
    rows = [
        ("sub\\A.JPG", "Grace", "1", "2", "11", "22"),
        ("sub/a.jpg", "grace", "1", "2", "11", "22"),
        ("b.jpg", "NA", "", "", "", ""),
    ]
    table = pd.DataFrame(rows, columns=["photo", "person", "left", "top", "right", "bottom"])
    found = photo_size_matching.checked_labels(table, ["b.jpg", "sub/a.jpg"])
    assert found["photo"].tolist() == ["sub/a.jpg", "b.jpg"]
    assert found["person"].tolist() == ["Grace", "NA"]
    assert found[["left", "top", "width", "height"]].iloc[0].tolist() == [1, 2, 10, 20]
    assert found["width"].isna().tolist() == [False, True]
