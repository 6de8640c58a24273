import numpy as np
import pytest

from toolkit.benchmarks.degraded_faces import STRENGTHS, Frame, degrade
from toolkit.errors import BadSetting

# Eyes at (40, 50) and (80, 50): corners of the right one, of the left one, and the nose.
LANDMARKS = np.array([(86, 50), (74, 50), (34, 50), (46, 50), (60, 82)], dtype=np.float64)
ALL = [(kind, strength) for kind, tried in STRENGTHS.items() for strength in tried]


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.integers(60, 220, (15, 15, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((9, 9, 1), dtype=np.uint8))[:130, :120]


def test_places_are_told_by_the_eyes() -> None:
    face = Frame(LANDMARKS)
    assert face.unit == 40
    assert face.at((0.5, 0), (-0.5, 0), (0, 1)) == [(80, 50), (40, 50), (60, 90)]


@pytest.mark.parametrize(("kind", "strength"), ALL)
def test_the_same_seed_gives_the_same_picture_and_the_photo_stays(image, kind, strength) -> None:
    before = image.copy()
    one, again = (degrade(image, LANDMARKS, kind, strength, seed=3) for _ in range(2))
    assert np.array_equal(one, again)
    assert (one.shape, one.dtype) == (image.shape, np.uint8)
    assert np.array_equal(image, before)
    assert not np.array_equal(one, image)


# Where a head is turned away, all that was seen of it is drawn out: no more of it changes.
@pytest.mark.parametrize("kind", [kind for kind in STRENGTHS if kind != "yaw"])
def test_more_changes_more(image, kind) -> None:
    tried = STRENGTHS[kind]
    away = [
        np.mean(
            [
                np.abs(
                    degrade(image, LANDMARKS, kind, each, seed=seed).astype(float) - image
                ).mean()
                for seed in range(5)
            ]
        )
        for each in (tried[0], tried[-1])
    ]
    assert away[0] < away[1]


def test_a_mask_covers_the_mouth_and_leaves_the_eyes(image) -> None:
    made = degrade(image, LANDMARKS, "mask", 0.6, seed=1)
    assert np.array_equal(made[40:60, 30:90], image[40:60, 30:90])
    assert np.ptp(made[88:92, 55:65].reshape(-1, 3), axis=0).max() < 3


def test_another_kind_is_refused(image) -> None:
    with pytest.raises(BadSetting, match="expected one of mask"):
        degrade(image, LANDMARKS, "beard", 1.0, seed=0)
