"""Figures, checked by the values on their axes."""

import subprocess
import sys
import warnings
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figures_seen import legend_of, texts
from PIL import Image

from toolkit.calibration import Calibration
from toolkit.grouping.identification import IGNORED
from toolkit.plots import album_plots
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Album,
    Box,
    EncoderInfo,
    empty_table,
)
from toolkit.subjects.face import FACE

HOSTILE = r"$\frac{1}{0}$"
ENCODER = EncoderInfo("made_up", "0" * 64, 2, "euclidean", Calibration(60.0, 0.55))


def lines_at(ax, *, upright):
    data = [line.get_xdata() if upright else line.get_ydata() for line in ax.lines]
    return [float(values[0]) for values in data if len(values) == 2 and values[0] == values[1]]


@pytest.fixture
def image():
    return np.full((120, 200, 3), 90, dtype=np.uint8)


def album_of(folder, faces, *, copies=()):
    """An album with one photo for each (digest, number of faces) and a second file for copies."""
    photos, sightings = [], []
    for digest, count in faces:
        path = folder / f"{digest}.png"
        Image.new("RGB", (300, 200), (40 * len(photos) % 255, 99, 99)).save(path)
        photos.append((str(path), digest, 300, 200))
        sightings += [
            (digest, str(path), 10 + 60 * k, 20, 60 + 60 * k, 70, 1.0) for k in range(count)
        ]
    photos += [(str(folder / f"copy of {digest}.png"), digest, 300, 200) for digest in copies]
    columns = ["path", "photo_digest", "width", "height"]
    return Album(
        photos=pd.DataFrame(photos, columns=columns).reindex(columns=PHOTO_COLUMNS, fill_value=0),
        sightings=pd.DataFrame(sightings, columns=list(SIGHTING_COLUMNS)),
        encodings=np.zeros((len(sightings), 2), dtype=np.float32),
        encoder=ENCODER,
        problems=empty_table(PROBLEM_COLUMNS),
        subject=FACE,
    )


def test_importing_the_package_and_the_modes_loads_no_matplotlib():
    code = "import sys, toolkit.modes; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_photo_has_a_box_and_a_text_for_each_face(image):
    ax = album_plots.photo(
        image, [Box(10, 20, 60, 70), Box(100, 20, 150, 70)], labels=["Ada", HOSTILE]
    )
    assert texts(ax.figure) == ["Ada", HOSTILE]
    corners = {(patch.get_x(), patch.get_y(), patch.get_width()) for patch in ax.patches}
    assert corners == {(9.5, 19.5, 50), (99.5, 19.5, 50)}


def test_photo_numbers_its_boxes_and_takes_a_title_as_it_is(image):
    ax = album_plots.photo(image, [Box(10, 20, 60, 70)], title=HOSTILE)
    assert texts(ax.figure) == ["1"]
    assert ax.get_title(loc="left") == HOSTILE


def test_photo_draws_into_the_axes_given(image):
    given = plt.figure().add_subplot()
    assert album_plots.photo(image, ax=given) is given


def test_photo_wants_a_label_a_box(image):
    with pytest.raises(ValueError):
        album_plots.photo(image, [Box(10, 20, 60, 70)], labels=[])


@pytest.mark.parametrize(("points", "numbers"), [(5, list("01234")), (68, [])])
def test_landmarks_are_where_they_were_found(image, points, numbers):
    found = np.stack([np.arange(points) + 40, np.arange(points) + 30], axis=1)
    ax = album_plots.landmarks(image, found, box=Box(35, 25, 115, 105))
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), found)
    assert texts(ax.figure) == numbers
    assert ax.get_xlim() == (11.0, 139.0)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_encodings_have_a_row_a_face_and_colours_centred_on_zero():
    rows = np.array([[0.1, -0.4, 0.2], [0.0, 0.1, 0.3]])
    ax = album_plots.encodings(rows, labels=["Ada", HOSTILE])
    ax.figure.canvas.draw()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["Ada", HOSTILE]
    np.testing.assert_array_equal(ax.images[0].get_array(), rows)
    assert ax.images[0].get_clim() == (-0.4, 0.4)


def test_histogram_counts_every_pair_and_has_the_threshold_as_a_line():
    same, different = np.array([0.1, 0.2, 0.3]), np.array([0.7, 0.8])
    ax = album_plots.same_and_different(same, different, threshold=0.55, words=FACE.words)
    heights = [sum(bar.get_height() for bar in bars) for bars in ax.containers]
    assert heights == [3, 2]
    assert lines_at(ax, upright=True) == [0.55]
    edges = np.array([bar.get_x() for bar in ax.containers[0]])
    assert np.isclose(edges, 0.55).any()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("encoder distance", "pairs of faces")
    assert {"one person (3 pairs)", "two people (2 pairs)"} < set(legend_of(ax))


def test_histogram_of_no_pairs_is_empty():
    ax = album_plots.same_and_different(np.array([]), np.array([]), threshold=0.5)
    assert sum(bar.get_height() for bars in ax.containers for bar in bars) == 0


def test_matrix_has_a_tick_a_person_and_lines_between_people():
    table = np.arange(16.0).reshape(4, 4)
    ax = album_plots.distance_matrix(table, ["Ada", "Ada", "Ada", HOSTILE])
    ax.figure.canvas.draw()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["Ada", HOSTILE]
    assert list(ax.get_yticks()) == [1.0, 3.0]
    assert lines_at(ax, upright=True) == [2.5]
    np.testing.assert_array_equal(ax.images[0].get_array(), table)
    assert ax.figure.axes[-1].get_ylabel() == "encoder distance"


def test_matrix_of_nobody_says_so():
    assert texts(album_plots.distance_matrix(np.zeros((0, 0)), [], words=FACE.words).figure) == [
        "no faces"
    ]


def test_curves_differ_in_more_than_colour():
    table = pd.DataFrame({"threshold": [0.4, 0.5, 0.6], "people": [5, 3, 2], "score": [0, 1, 1]})
    columns = {"people": "people", "score": "score"}
    ax = album_plots.against_threshold(table, columns, ylabel="people found", threshold=0.55)
    first, second, line = ax.lines
    np.testing.assert_array_equal(first.get_xydata(), [[0.4, 5], [0.5, 3], [0.6, 2]])
    assert first.get_marker() != second.get_marker()
    assert first.get_linestyle() != second.get_linestyle()
    assert line.get_xdata()[0] == 0.55
    assert ax.get_xlabel() == "threshold (encoder distance)"
    assert legend_of(ax) == ["people", "score", "threshold 0.55"]


def test_matches_are_ordered_by_distance_named_and_unnamed_apart():
    table = pd.DataFrame(
        {"name": ["Ada", None, "Ben"], "distance": [0.3, 0.7, 0.2], "margin": [0.5, 0.1, np.inf]}
    )
    ax = album_plots.matches(table, threshold=0.57, words=FACE.words)
    ax.figure.canvas.draw()
    drawn = {item.get_label(): item.get_offsets().tolist() for item in ax.collections[1:]}
    assert drawn == {
        "nearest person: named": [[1.0, 0.2], [2.0, 0.3]],
        "nearest person: not named": [[3.0, 0.7]],
        "next person": [[2.0, 0.8], [3.0, pytest.approx(0.8)]],
    }
    assert lines_at(ax, upright=False) == [0.57]
    assert ax.get_ylabel() == "encoder distance"
    assert legend_of(ax.figure)[-1] == "threshold 0.57"


def test_contact_sheet_has_a_row_a_person_with_photos_counted_as_files(tmp_path):
    album = album_of(tmp_path, [("a", 2), ("b", 1), ("c", 1)], copies=["b"])
    figure = album_plots.contact_sheet(album, ["Ada", None, HOSTILE, HOSTILE])
    assert texts(figure) == [
        HOSTILE,
        "3 photos, 2 faces",
        "Ada",
        "1 photo, 1 face",
        "unknown",
        "1 photo, 1 face",
    ]
    tiles = [tuple(int(edge) for edge in tile.get_extent()[::3]) for tile in figure.axes[0].images]
    assert tiles == [(0, 0), (1, 0), (0, 1), (0, 2)]


def test_what_is_ignored_is_not_drawn(tmp_path):
    album = album_of(tmp_path, [("a", 2), ("b", 1)])
    album = replace(album, ignored=np.array([False, True, True]))
    figure = album_plots.contact_sheet(album, ["Ada", None, None])
    assert texts(figure) == ["Ada", "1 photo, 1 face"]
    assert len(figure.axes[0].images) == 1
    table = pd.DataFrame(
        {
            "name": ["Ada", None],
            "distance": [0.3, 0.2],
            "margin": [0.5, 0.1],
            "reason": ["within", IGNORED],
        }
    )
    ax = album_plots.matches(table, threshold=0.57, words=FACE.words)
    drawn = {item.get_label(): item.get_offsets().tolist() for item in ax.collections[1:]}
    assert drawn == {"nearest person: named": [[1.0, 0.3]], "next person": [[1.0, 0.8]]}


def test_contact_sheet_tells_how_many_faces_it_leaves_out(tmp_path):
    figure = album_plots.contact_sheet(album_of(tmp_path, [("a", 4)]), ["Ada"] * 4, across=3)
    assert len(figure.axes[0].images) == 3
    assert texts(figure)[-1] == "+1"


@pytest.mark.parametrize(
    ("page", "shown"),
    [(1, ["p0", "p1"]), (2, ["p2"]), (3, [])],
    ids=["full page", "last page", "after the last"],
)
def test_contact_sheet_has_pages(tmp_path, page, shown):
    album = album_of(tmp_path, [("a", 3)])
    figure = album_plots.contact_sheet(album, ["p0", "p1", "p2"], rows=2, page=page)
    found = texts(figure)
    assert [text for text in found if text.startswith("p") and text[1:].isdigit()] == shown
    assert (f"page {page} of 2" in found) == bool(shown)


def test_contact_sheet_of_nobody_says_so(tmp_path):
    assert texts(album_plots.contact_sheet(album_of(tmp_path, []), [])) == ["no faces to show"]


def test_contact_sheet_says_which_photo_is_gone(tmp_path):
    album = album_of(tmp_path, [("a", 1), ("b", 1)])
    (tmp_path / "a.png").unlink()
    figure = album_plots.contact_sheet(album, ["Ada", "Ada"])
    assert texts(figure)[2:] == ["not readable"]
    assert len(figure.axes[0].images) == 1


def test_contact_sheet_cuts_the_face_out_of_the_photo(tmp_path):
    album = album_of(tmp_path, [("a", 2)])
    picture = Image.new("RGB", (300, 200), "black")
    picture.paste((255, 0, 0), (10, 20, 60, 70))
    picture.paste((0, 0, 255), (70, 20, 120, 70))
    picture.save(tmp_path / "a.png")
    red, blue = (tile.get_array() for tile in _tiles_of(album, ["Ada", "Ada"]))
    middle = album_plots.TILE_PX // 2
    assert red[middle, middle].tolist() == [255, 0, 0]
    assert blue[middle, middle].tolist() == [0, 0, 255]
    assert red.shape == blue.shape == (album_plots.TILE_PX, album_plots.TILE_PX, 3)


def _tiles_of(album, names):
    return album_plots.contact_sheet(album, names).axes[0].images


@pytest.mark.parametrize(
    "box",
    [Box(-40, -40, 10, 10), Box(290, 190, 340, 240), Box(-50, -50, 400, 300)],
    ids=["top left", "bottom right", "larger than the photo"],
)
def test_contact_sheet_shows_a_face_that_reaches_over_the_edge(tmp_path, box):
    album = album_of(tmp_path, [("a", 1)])
    for edge in ("left", "top", "right", "bottom"):
        album.sightings[edge] = getattr(box, edge)
    assert _tiles_of(album, ["Ada"])[0].get_array().shape == (
        album_plots.TILE_PX,
        album_plots.TILE_PX,
        3,
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ada", "Ada"),
        ("a\nb\x00", "a\ufffdb\ufffd"),
        ("\udcff", "\\udcff"),
        ("x" * 25, "x" * 23 + "…"),
        ("$x$", "$x$"),
    ],
    ids=["as it is", "control characters", "no text", "too long", "no formula"],
)
def test_text_is_made_printable_and_short(text, shown):
    assert album_plots.plain(text) == shown


def test_nothing_is_shown(image):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        album_plots.photo(image)
    assert len(plt.get_fignums()) == 1
