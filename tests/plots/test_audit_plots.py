"""Figures of an audit, checked by the values on their axes and the pixels of their faces."""

import numpy as np
import pandas as pd
import pytest
from figures_seen import texts
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.patches import Rectangle
from PIL import Image

from toolkit import modes
from toolkit.calibration import Calibration
from toolkit.evaluation import audit
from toolkit.grouping.uncertainty import ALIKE_COLUMNS, SUSPICIOUS_COLUMNS
from toolkit.photos import crops
from toolkit.plots import audit_plots
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Album,
    EncoderInfo,
    empty_table,
)
from toolkit.results import results_folder
from toolkit.subjects.face import FACE

HOSTILE = "$x^{$\x1b[31m\u202e"
INFO = EncoderInfo("made_up", "0" * 64, 2, "euclidean", Calibration(slope=60.0, even=0.6))


def album_of(*rows) -> Album:
    """Rows of (path, left, top, right, bottom), a photo each."""
    table = pd.DataFrame(
        [(f"d{number}", *row, 1.0) for number, row in enumerate(rows)],
        columns=list(SIGHTING_COLUMNS),
    )
    encodings = np.zeros((len(rows), 2), np.float32)
    nothing = empty_table(PHOTO_COLUMNS), empty_table(PROBLEM_COLUMNS)
    return Album(nothing[0], table, encodings, INFO, nothing[1], FACE)


def links(*pairs, name="person_001", probability=0.4) -> pd.DataFrame:
    rows = [
        (number, name, 7, probability, 0.6, first, second, 0.512, "", "", 1)
        for number, (first, second) in enumerate(pairs)
    ]
    return pd.DataFrame(rows, columns=list(SUSPICIOUS_COLUMNS))


def frames(figure):
    return [patch for ax in figure.axes for patch in ax.patches if isinstance(patch, Rectangle)]


def faces(figure):
    return [image.get_array() for ax in figure.axes for image in ax.get_images()]


@pytest.fixture
def photo(tmp_path):
    """A black photo, 200 px wide and 100 high, with a red and a blue face."""
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:60, 40:60, 0] = image[40:60, 140:160, 2] = 255
    path = tmp_path / "a folder" / "IMG_0001.png"
    path.parent.mkdir()
    Image.fromarray(image).save(path)
    return str(path)


def test_a_link_is_its_two_faces_side_by_side(photo):
    both = album_of((photo, 40, 40, 60, 60), (photo, 140, 40, 160, 60))
    figure = audit_plots.weakest_links(links((0, 1)), both)
    one, other = (image.get_extent() for image in figure.axes[0].get_images())
    assert one[1] < other[0]
    assert (one[2], one[3]) == (other[2], other[3])
    red, blue = faces(figure)
    # The face in the middle, its margin around it, and nothing of the other face.
    edge = round(audit_plots.TILE_PX * crops.MARGIN / (1 + 2 * crops.MARGIN))
    for tile, channel in ((red, 0), (blue, 2)):
        assert tile.shape == (audit_plots.TILE_PX, audit_plots.TILE_PX, 3)
        assert (tile[edge + 8 : -edge - 8, edge + 8 : -edge - 8, channel] == 255).all()
        assert (tile[: edge - 8] == 0).all()
        assert (tile[:, -edge + 8 :] == 0).all()
        assert (np.delete(tile, channel, axis=2) == 0).all()
    assert texts(figure) == [
        "person_001",
        "7 faces, 40% sure to be one, 0.51 apart",
        "a folder/IMG_0001.png",
        "a folder/IMG_0001.png",
    ]


def test_a_face_over_the_edge_of_the_photo_is_shown_with_what_is_beside_it(photo):
    figure = audit_plots.weakest_links(links((0, 0)), album_of((photo, -20, 30, 60, 70)), most=1)
    assert len(faces(figure)) == 2
    tile = faces(figure)[0]
    whole = Image.open(photo).crop((0, 0, 100, 100)).resize(tile.shape[:2], Image.BILINEAR)
    np.testing.assert_array_equal(tile, np.asarray(whole))


def test_so_many_are_shown_and_no_more_none_over_another(photo):
    both = album_of((photo, 40, 40, 60, 60), (photo, 140, 40, 160, 60))
    figure = audit_plots.weakest_links(links(*[(0, 1)] * 9), both, most=5)
    extents = [image.get_extent() for image in figure.axes[0].get_images()]
    assert len(extents) == 10
    for place, (left, right, bottom, top) in enumerate(extents):
        for other_left, other_right, other_bottom, other_top in extents[:place]:
            apart_across = left >= other_right or other_left >= right
            apart_down = top >= other_bottom or other_top >= bottom
            assert apart_across or apart_down
    (left, right), (bottom, top) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    for extent in extents:
        assert left <= extent[0] < extent[1] <= right
        assert top <= extent[3] < extent[2] <= bottom


@pytest.mark.parametrize("most", [0, 6])
def test_nothing_to_show_says_so(most):
    figure = audit_plots.weakest_links(links().head(most), album_of())
    assert texts(figure) == ["none"]
    assert not faces(figure)


def test_a_missing_photo_and_a_broken_one_are_empty_frames_with_their_names(photo, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no photo")
    gone = str(tmp_path / "gone" / "away.jpg")
    some = album_of((gone, 0, 0, 9, 9), (str(broken), 0, 0, 9, 9), (photo, 40, 40, 60, 60))
    figure = audit_plots.weakest_links(links((0, 1), (0, 2)), some)
    said = texts(figure)
    assert said.count(audit_plots.MISSING) == 2
    assert said.count(audit_plots.UNREADABLE) == 1
    assert said.count("gone/away.jpg") == 2
    assert sum(text.endswith("broken.jpg") for text in said) == 1
    assert len(frames(figure)) == 3
    assert len(faces(figure)) == 1


@pytest.mark.parametrize(
    "edges",
    [
        (900, 900, 950, 950),
        (-50, 0, -10, 40),
        (60, 40, 40, 60),
        (0, 0, 10**18, 10**18),
        (float("nan"), 0, 9, 9),
        (float("-inf"), 0, 9, 9),
        ("a", "b", "c", None),
    ],
)
def test_a_box_that_cannot_be_is_an_empty_frame(photo, edges):
    some = album_of((photo, *edges), (photo, 40, 40, 60, 60))
    figure = audit_plots.weakest_links(links((0, 1)), some)
    assert len(faces(figure)) == 1
    assert audit_plots.UNREADABLE in texts(figure)


def test_text_from_outside_is_printed_letter_by_letter(tmp_path):
    some = album_of((str(tmp_path / f"{HOSTILE}.jpg"), 0, 0, 9, 9))
    pair = pd.DataFrame(
        [(0, 1, HOSTILE, HOSTILE * 9, 0.5, 0.3, 0, 0, "", "")], columns=list(ALIKE_COLUMNS)
    )
    twice = pd.DataFrame([(f"{HOSTILE}.jpg", 0.1, 0.99, 0, 0)], columns=list(audit.PICTURE_COLUMNS))
    for figure in (
        audit_plots.weakest_links(links((0, 0), name=HOSTILE), some),
        audit_plots.may_be_one(pair, some),
        audit_plots.seen_twice(twice, some),
    ):
        said = texts(figure)
        assert len(said) == 6
        assert all(text.isprintable() for text in said)
        assert any("$x^{$" in text for text in said)
        assert max(map(len, said)) <= 48


def test_two_groups_that_may_be_one_have_both_names_and_how_far_they_are(photo):
    both = album_of((photo, 40, 40, 60, 60), (photo, 140, 40, 160, 60))
    row = (3, 4, "person_004", "person_005", 0.534, 0.998, 0, 1, photo, photo)
    figure = audit_plots.may_be_one(pd.DataFrame([row], columns=list(ALIKE_COLUMNS)), both)
    assert texts(figure)[:2] == [
        "person_004 | person_005",
        ">99% sure to be one, groups 0.53 apart",
    ]
    assert len(faces(figure)) == 2


@given(st.floats(0, 1))
def test_nothing_is_certain(probability):
    said = audit_plots._sure(probability)
    assert said not in ("0%", "100%")
    assert abs(float(said.strip("<>%")) / 100 - probability) <= 0.01 + 1e-9


def test_a_long_file_name_keeps_its_end(tmp_path):
    path = str(tmp_path / f"holiday {'x' * 60} 0042.jpg")
    said = texts(audit_plots.weakest_links(links((0, 0)), album_of((path, 0, 0, 9, 9))))
    assert said[-1].endswith("x 0042.jpg")
    assert len(said[-1]) == audit_plots.LONGEST_FILE


def test_the_rates_are_curves_within_their_bands(album_folder, colours):
    result = modes.autopilot(album_folder, subject=colours)
    found = audit.audit(result.album, result.names, threshold=result.threshold)
    figure = audit_plots.rates(found.rates, threshold=found.threshold)
    match, merge, expected = figure.axes
    for ax, column, low, high in (
        (match, "false_match", "match_low", "match_high"),
        (merge, "false_merge", "merge_low", "merge_high"),
    ):
        (line,) = [line for line in ax.lines if line.get_label() == "estimate"]
        assert line.get_xdata().tolist() == found.rates["threshold"].tolist()
        assert line.get_ydata().tolist() == found.rates[column].tolist()
        (band,) = ax.collections
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.max() == pytest.approx(found.rates[high].max())
        assert heights.min() == pytest.approx(found.rates[low].min())
        assert ax.get_ylim()[1] >= found.rates[high].max()
    assert match.get_ylim() == merge.get_ylim()
    (line,) = [line for line in expected.lines if line.get_label() == "expected"]
    known = found.rates["expected_wrong"].notna().to_numpy()
    np.testing.assert_array_equal(
        line.get_ydata()[known], found.rates["expected_wrong"].dropna().astype(float)
    )
    for ax in figure.axes:
        assert f"threshold {found.threshold:.3g}" in [
            text.get_text() for text in ax.get_legend().get_texts()
        ]
        assert [float(x[0]) for x in (line.get_xdata() for line in ax.lines) if len(x) == 2] == [
            found.threshold
        ]


def test_without_photos_of_two_the_band_is_everything():
    found = audit.audit(album_of(("a.jpg", 0, 0, 9, 9)), ["ann"], threshold=0.5)
    figure = audit_plots.rates(found.rates, threshold=0.5)
    figure.canvas.draw()
    (band,) = figure.axes[0].collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0, 1)


def test_a_run_taken_up_again_is_drawn_though_it_knows_no_photo_sizes(
    album_folder, tmp_path, colours
):
    out = tmp_path / "out"
    result = modes.autopilot(album_folder, out, subject=colours)
    run = results_folder.load(out)
    found = audit.audit(run.album, run.names, threshold=run.threshold)
    assert len(found.suspicious)
    before = audit.audit(result.album, result.names, threshold=result.threshold)
    now = faces(audit_plots.weakest_links(found.suspicious, run.album))
    then = faces(audit_plots.weakest_links(before.suspicious, result.album))
    assert len(now) == 2 * len(found.suspicious)
    for one, other in zip(now, then, strict=True):
        np.testing.assert_array_equal(one, other)
