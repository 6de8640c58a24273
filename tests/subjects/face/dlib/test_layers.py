"""dlib's layers, one at a time: read to their last byte, or refused."""

import numpy as np
import pytest
import synthetic_network as write

from toolkit.errors import BadNetworkFile
from toolkit.subjects.face.dlib import layers
from toolkit.subjects.face.dlib.stream import Stream


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def read_whole(data: bytes, read, *args, **named):
    reader = Stream(data, "one.dat")
    found = read(reader, "layer", *args, **named)
    reader.end()
    return found


@pytest.mark.parametrize("version", ["con_4", "con_5", "con_6"])
@pytest.mark.parametrize("innermost", [False, True])
def test_a_convolution_has_its_filters_first_and_then_its_biases(version, innermost) -> None:
    data = write.convolution(rng(), 3, 4, 5, 2, 1, version=version, innermost=innermost)
    found = read_whole(
        data, layers.read_convolution, 3, 4, (5, 2, 1), innermost=3 if innermost else None
    )
    weights = rng().standard_normal(4 * 3 * 25 + 4) / np.sqrt(75)
    assert found.filters.shape == (4, 3, 5, 5)
    np.testing.assert_array_equal(found.filters.ravel(), weights[:-4].astype(np.float32))
    np.testing.assert_array_equal(found.biases, weights[-4:].astype(np.float32))
    assert (found.stride, found.padding) == (2, 1)


def test_any_number_of_filters_is_read_where_none_is_asked_for() -> None:
    data = write.convolution(rng(), 2, 7, 3, 1, 1)
    assert len(read_whole(data, layers.read_convolution, 2, None, (3, 1, 1)).biases) == 7


def test_a_convolution_without_biases_has_zeros() -> None:
    data = write.convolution(rng(), 2, 3, 3, 1, 1, version="con_5")
    size = 3 * 2 * 9
    values = rng().standard_normal(size + 3) / np.sqrt(18)
    whole = write.tensor(size + 3, values=values)
    assert whole in data
    end = write.layer_end()
    assert data.endswith(b"1" + end)
    bare = data.replace(whole, write.tensor(size, values=values[:size]))
    bare = bare[: -len(end) - 1] + b"0" + end
    found = read_whole(bare, layers.read_convolution, 2, 3, (3, 1, 1))
    np.testing.assert_array_equal(found.biases, np.zeros(3, np.float32))


@pytest.mark.parametrize(
    ("channels", "filters", "shape", "field"),
    [
        (2, 4, (5, 2, 1), "shape of the filters"),
        (3, 5, (5, 2, 1), "filters"),
        (3, 4, (3, 2, 1), "rows"),
        (3, 4, (5, 1, 1), "row stride"),
        (3, 4, (5, 2, 0), "row padding"),
    ],
)
def test_a_convolution_of_another_shape_is_refused(channels, filters, shape, field) -> None:
    data = write.convolution(rng(), 3, 4, 5, 2, 1)
    with pytest.raises(BadNetworkFile, match=rf"layer \({field}"):
        read_whole(data, layers.read_convolution, channels, filters, shape)


@pytest.mark.parametrize("kind", ["affine_", "affine_2"])
def test_an_affine_layer_is_a_scale_and_a_shift_a_channel(kind) -> None:
    data = write.convolution(rng(), 1, 2, 1, 1, 0) + write.affine(rng(), 2, kind=kind)
    _, found = read_whole(data, layers.read_convolution_with_affine, 1, 2, (1, 1, 0))
    drawn = rng()
    np.testing.assert_array_equal(found.scale, drawn.uniform(0.8, 1.2, 2).astype(np.float32))
    np.testing.assert_array_equal(found.shift, drawn.uniform(-0.05, 0.05, 2).astype(np.float32))


def test_a_matrix_has_a_row_an_input() -> None:
    values = np.arange(6, dtype=np.float32)
    data = write.text("fc_2") + write.integer(3) + write.integer(2)
    data += write.tensor(2, 3, values=values) + write.alias(2, 3, 1, 1) + write.alias(0, 0, 0, 0)
    data += write.integer(1) + write.RATES + write.layer_end()
    found = read_whole(data, layers.read_fully_connected, 2, 3)
    np.testing.assert_array_equal(found.weights, [[0, 1, 2], [3, 4, 5]])
    with pytest.raises(BadNetworkFile, match=r"layer \(outputs\)"):
        read_whole(data, layers.read_fully_connected, 3, 2)


def test_a_relu_that_is_switched_off_is_refused() -> None:
    read_whole(write.relu(), layers.read_relu)
    read_whole(write.text("relu_2") + b"0" + write.layer_end(), layers.read_relu)
    with pytest.raises(BadNetworkFile, match="a ReLU in use, found a disabled one"):
        read_whole(write.text("relu_2") + b"1" + write.layer_end(), layers.read_relu)


def test_a_pool_is_of_the_kind_window_and_step_that_is_asked_for() -> None:
    data = write.pool("max_pool_2", 3, 2)
    read_whole(data, layers.read_pool, "max_pool_2", window=3, stride=2)
    for name, window, stride in [("avg_pool_2", 3, 2), ("max_pool_2", 2, 2), ("max_pool_2", 3, 1)]:
        with pytest.raises(BadNetworkFile):
            read_whole(data, layers.read_pool, name, window=window, stride=stride)
