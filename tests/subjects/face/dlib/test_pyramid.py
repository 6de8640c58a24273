from __future__ import annotations

import numpy as np
import pytest
from engine_models import blocks

from toolkit.subjects.face.dlib.pyramid import Tile, shrink, tile_levels, tile_photo, upsample

dlib = pytest.importorskip("dlib")

SIZES = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 5), (7, 8), (40, 31), (203, 517), (3, 10_000)]


@pytest.mark.parametrize("size", [*SIZES, (300, 1366)])
@pytest.mark.parametrize("picture", ["noise", "white", "grey"])
def test_doubling_gives_dlibs_bytes(size, picture):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    if picture != "noise":
        image[:] = {"white": 255, "grey": 77}[picture]
    expected = dlib.resize_image(image, rows=2 * size[0] + 1, cols=2 * size[1] + 2)
    assert np.array_equal(upsample(image), expected)


@pytest.mark.parametrize("size", [*SIZES, (60, 4000)])
def test_levels_are_sampled_where_dlib_samples(size):
    # At 4000 columns dlib's places have drifted by a tenth of a pixel; noise shows any other place.
    level = np.random.default_rng(1).random((3, *size), dtype=np.float32)
    rows, columns = max(size[0] * 5 // 6, 1), max(size[1] * 5 // 6, 1)
    out = np.empty((3, rows, columns), dtype=np.float32)
    shrink(level, out)
    for found, channel in zip(out, level, strict=True):
        expected = dlib.resize_image(channel, rows=rows, cols=columns)
        np.testing.assert_allclose(found, expected, atol=5e-7)


def test_the_layout_of_a_known_size():
    tiling = tile_levels(768, 1366)
    assert (tiling.height, tiling.width) == (2817, 1388)
    assert tiling.tiles[:2] == (Tile(11, 11, 1366, 768), Tile(11, 789, 1138, 640))
    # The second column stands at the right, its lowest level level with the first column's.
    assert {tile.right for tile in tiling.tiles[5:]} == {1377}
    assert tiling.tiles[5].bottom == tiling.tiles[4].bottom


@pytest.mark.parametrize("size", [(0, 0), (0, 7), (7, 0), (5, 5), (300, 9)])
def test_what_dlib_does_not_search_has_no_tiles(size):
    assert tile_levels(*size).tiles == ()


@pytest.mark.parametrize("size", [(60, 60), (1000, 61), (61, 1000), (333, 777), (2000, 1500)])
def test_levels_never_overlap_from_60_px_on(size):
    tiling = tile_levels(*size)
    covered = np.zeros((tiling.height, tiling.width), dtype=int)
    for tile in tiling.tiles:
        covered[tile.top : tile.bottom, tile.left : tile.right] += 1
    assert covered.max() == 1
    assert covered.sum() == sum(tile.width * tile.height for tile in tiling.tiles)


def test_the_first_level_is_the_photo_normalised_and_the_rest_is_zero():
    image = blocks(np.random.default_rng(0), 90, 120)
    tiling = tile_levels(90, 120)
    tiled = tile_photo(image, tiling, (100.0, 110.0, 120.0))
    expected = (image.astype(np.float32) - np.float32([100, 110, 120])) / 256
    assert np.array_equal(tiled[0, :, 11:101, 11:131], expected.transpose(2, 0, 1))
    for tile in tiling.tiles:
        tiled[0, :, tile.top : tile.bottom, tile.left : tile.right] = 0
    assert not tiled.any()
