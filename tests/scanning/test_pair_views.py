"""What two sightings have in common, made anew from their photos."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toys
from PIL import Image

from toolkit import modes
from toolkit.records import PAINTED, Mask
from toolkit.scanning import pair_views, store
from toolkit.scanning.pair_views import PairViews
from toolkit.settings import settings_for
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.detection import detections_file
from toolkit.subjects.detection.detections_file import Found

SETTINGS = settings_for("autopilot", toys.CardSettings)(jobs=1, store=False)


class ShowingMatcher(toys.DotMatcher):
    """Shows the dots that two cards share."""

    def common(self, one, other):
        rows, columns = np.nonzero(one["dots"] & other["dots"])
        places = (np.stack([columns, rows], axis=1) * 8 + 4).astype(np.float32)
        return places, places


def subject_with(matcher):
    return replace(SETTINGS.make_subject(), encoder=matcher)


@pytest.fixture
def album(tmp_path):
    photos = toys.CARDS.save_photos(tmp_path / "photos")
    return modes.look(photos, settings=SETTINGS, subject=subject_with(ShowingMatcher())).album


def test_both_are_shown_as_they_were_compared_with_what_they_share(album) -> None:
    subject = subject_with(ShowingMatcher())
    first, second = (
        list(album.sightings["path"].map(lambda p: Path(p).name)).index(n)
        for n in ("1.png", "6.png")
    )
    view = PairViews(album, subject).of(first, second)
    assert view is not None
    assert [chip.shape for chip in view.chips] == [(64, 64, 3)] * 2
    assert len(view) == len(view.places[0]) > 10
    for chip, places in zip(view.chips, view.places, strict=True):
        columns, rows = places.astype(int).T
        assert (chip[rows, columns] > 128).all()
    assert view.marks == pytest.approx(0, abs=0.2)
    assert np.isnan(view.around)
    assert not view.on_background
    # A result that was opened again holds no features: they are made anew, and are the same.
    again = PairViews(replace(album, features=None), subject).of(first, second)
    assert np.array_equal(again.places, view.places)


def test_what_is_around_two_is_told_beside_them(album) -> None:
    class Around(ShowingMatcher):
        def compare(self, one, other):
            return np.array([3.0, 7.0], np.float32)

        def background_features(self, chips):
            return [{"behind": np.zeros(1)} for _ in chips]

        def background(self, one, other):
            return 9.0 if "behind" in one else float("nan")

    subject = subject_with(Around())
    view = PairViews(replace(album, features=None), subject).of(0, 1)
    assert (view.marks, view.around, view.on_background) == (7, 9, True)
    assert view.told(album.words).endswith(
        "9 around them: the background is more alike than the cards"
    )
    # Described by a version that did not look around.
    plain = PairViews(album, subject).of(0, 1)
    assert plain.told(album.words) == "7 marks alike"
    assert not plain.on_background


def test_what_the_store_has_is_not_described_anew(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "store"))
    photos = toys.CARDS.save_photos(tmp_path / "photos")
    kept = replace(SETTINGS, store=True)
    subject = replace(subject_with(ShowingMatcher()), key="cards")
    full = modes.look(photos, settings=kept, subject=subject).album
    again = replace(full, features=None)
    expected = PairViews(full, subject).of(0, 1)

    def describe(chips):
        raise AssertionError("described anew")

    monkeypatch.setattr(subject.encoder, "features", describe)
    view = PairViews(again, subject, kept).of(0, 1)
    assert np.array_equal(view.places, expected.places)
    with pytest.raises(AssertionError, match="anew"):
        PairViews(again, subject, replace(kept, long_edge=999)).of(0, 1)


def test_a_photo_that_is_gone_or_another_shows_nothing(album) -> None:
    views = PairViews(album, subject_with(ShowingMatcher()))
    path = Path(album.sightings["path"][0])
    Image.new("RGB", (8, 8)).save(path)
    assert views.of(0, 1) is None
    path.unlink()
    assert views.of(0, 1) is None


def test_only_what_compared_an_album_shows_its_pairs(album, monkeypatch) -> None:
    showing = subject_with(ShowingMatcher())
    assert isinstance(pair_views.views_of(album, SETTINGS, showing), PairViews)
    # A matcher that cannot show it; one that is another; vectors; settings of another subject.
    assert pair_views.views_of(album, SETTINGS, subject_with(toys.DotMatcher())) is None
    other = ShowingMatcher()
    other.info = replace(other.info, weights_digest="f" * 64)
    assert pair_views.views_of(album, SETTINGS, subject_with(other)) is None
    vectors = replace(album.encoder, metric="cosine")
    assert pair_views.views_of(replace(album, encoder=vectors), SETTINGS, showing) is None
    faces = settings_for("autopilot", toys.LampSettings)(jobs=1)
    assert pair_views.views_of(album, faces) is None


def test_a_painted_sighting_is_described_by_its_mask(album, tmp_path) -> None:
    mask = Mask.of(np.array([[True, False]]))
    asked = []

    class Masked(ShowingMatcher):
        def outline(self, image, box):
            return None

        def chips(self, image, boxes, masks=None):
            asked.append(masks)
            return super().chips(image, boxes)

    digests = [mask.digest, "", *[""] * (len(album) - 2)]
    painted = replace(album, features=None, sightings=album.sightings.assign(**{PAINTED: digests}))
    name = Path(album.sightings["path"][0]).name
    size = tuple(int(album.photos[side][0]) for side in ("width", "height"))
    one = Found(name, (("", 1.0, (0.0, 0.0, 1.0, 1.0)),), masks=(mask,), size=size)
    (tmp_path / "out").mkdir()
    detections_file.write(tmp_path / "out" / "boxes.json", [one])

    class Corrected(toys.CardSettings):
        corrected = AnimalSettings.corrected

    settings = Corrected(store=False)
    where = {"out": tmp_path / "out", "folder": tmp_path / "photos"}
    views = pair_views.views_of(painted, settings, subject_with(Masked()), **where)
    assert views.of(0, 1) is not None
    assert sorted(asked, key=str) == [None, [mask]]
    # Without the folder of results, or with another mask there, it is as it was found.
    asked.clear()
    pair_views.views_of(painted, settings, subject_with(Masked())).of(0, 1)
    assert asked == [None, None]
