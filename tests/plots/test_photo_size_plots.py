"""Figures of a study of photo sizes."""

import matplotlib.pyplot as plt
import pytest
from square_photos import COLOURS, six_faces, study
from white_squares import Maker, study_of, white_squares

from toolkit.evaluation import photo_size, photo_size_preview
from toolkit.plots import photo_size_plots
from toolkit.subjects.face import FACE


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_size, "ROUNDS", 1)
    return six_faces(tmp_path / "photos")


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


def test_the_ring_is_drawn_where_the_way_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_size, "ROUNDS", 1)
    table = study_of(white_squares(tmp_path / "photos"), Maker()).table
    pictures = {
        photo_size_plots.plot(table, way) for way in (("cnn", 0), ("cnn", 400), ("cnn", 777))
    }
    assert len(pictures) == 3
    assert photo_size_plots.plot(table, ("hog", 777)) in pictures
    assert photo_size_preview.measured(table, ("cnn", 777)) is None
