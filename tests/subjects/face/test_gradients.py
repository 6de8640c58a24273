import numpy as np

from toolkit.subjects.face.gradients import CELLS, DIRECTIONS, gradients


def test_a_slope_has_one_direction_in_every_cell() -> None:
    slope = (
        np.zeros((1, 40, 40, 3), dtype=np.uint8) + np.arange(40, dtype=np.uint8)[:, None, None] * 5
    )
    found = gradients(np.stack([slope[0], slope[0].transpose(1, 0, 2)]))
    cells = found.reshape(2, CELLS, CELLS, DIRECTIONS).argmax(axis=-1)
    # Brighter downwards is a quarter on from brighter to the right.
    assert (cells[0] == 2).all()
    assert (cells[1] == 0).all()
    assert np.allclose(np.linalg.norm(found, axis=1), 1)


def test_a_flat_chip_has_none() -> None:
    assert not gradients(np.full((1, 40, 40, 3), 9, dtype=np.uint8)).any()


def test_light_and_contrast_do_not_count() -> None:
    chip = np.random.default_rng(0).integers(0, 100, (1, 50, 50, 3)).astype(np.uint8)
    assert np.allclose(gradients(chip), gradients(chip * 2 + 30))
