from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import synthetic_network as write
from engine_models import DETECTOR_FILE, ENCODER_FILE, model_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.errors import BadNetworkFile
from toolkit.subjects.face.dlib.network import (
    DetectorNetwork,
    DetectorWindow,
    read_detector,
    read_encoder,
)

SMALL = write.detector()
SMALL_NETWORK = read_detector(SMALL)


def test_the_published_encoder_is_read_whole():
    network = read_encoder(model_file(ENCODER_FILE))
    assert network.mean == pytest.approx((122.782, 117.001, 104.298), abs=1e-4)
    assert len(network.layers) == 29
    assert network.last.weights.shape == (256, 128)


def test_the_published_detector_is_read_whole():
    network = read_detector(model_file(DETECTOR_FILE))
    assert network.windows == (DetectorWindow(80, 80, ""),)
    assert [len(pair[0].biases) for pair in network.layers] == [16, 32, 32, 45, 45, 45]
    assert (network.gap, network.border) == (10, 11)
    assert network.overlap == pytest.approx(0.33828, abs=1e-5)
    assert network.covered == 1.0


@pytest.mark.parametrize("options", [1, 2, 3, 4])
@pytest.mark.parametrize("affine_kind", ["affine_", "affine_2", "bn_con2"])
@pytest.mark.parametrize("convolution_version", ["con_4", "con_5", "con_6"])
def test_every_version_dlib_reads_is_read(options, affine_kind, convolution_version):
    data = write.detector(
        options=options, affine_kind=affine_kind, convolution_version=convolution_version
    )
    assert len(read_detector(data).windows) == 1


def test_several_windows_give_as_many_last_filters():
    network = read_detector(write.detector(windows=((80, 80), (60, 90), (30, 30))))
    assert [(window.width, window.height) for window in network.windows] == [
        (80, 80),
        (60, 90),
        (30, 30),
    ]
    assert len(network.last.biases) == 3


def test_batch_normalisation_becomes_scale_and_shift():
    data = write.detector(seed=3, filters=(4, 2, 2, 2, 2, 2))
    network = read_detector(data)
    scale, shift = network.layers[0][1].scale, network.layers[0][1].shift
    rng = np.random.default_rng(3)
    rng.standard_normal(4 * 3 * 25 + 4)
    gamma = (2.5 * rng.uniform(0.8, 1.2, 4)).astype(np.float32)
    beta = rng.uniform(-0.05, 0.05, 4).astype(np.float32)
    rng.uniform(size=8)
    mean = rng.uniform(-0.05, 0.05, 4).astype(np.float32)
    variance = rng.uniform(0.8, 1.2, 4).astype(np.float32)
    np.testing.assert_allclose(scale, gamma / np.sqrt(variance + 1e-4), rtol=1e-6)
    np.testing.assert_allclose(shift, beta - mean * scale, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [str, bytes, bytearray, memoryview])
def test_a_path_and_its_content_read_alike(tmp_path, kind):
    path = tmp_path / "detector.dat"
    path.write_bytes(SMALL)
    source = str(path) if kind is str else kind(SMALL)
    found, expected = read_detector(source), read_detector(SMALL)
    assert np.array_equal(found.last.filters, expected.last.filters)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["network version", "byte 0", "end of the file"]),
        (SMALL[:-1], ["convolution 7"]),
        (SMALL + b"\0", ["the end of the file", "1 more bytes"]),
        (SMALL.replace(b"loss_mmod_", b"loss_mmox_"), ["loss layer", "byte 2", "'loss_mmox_'"]),
        (SMALL.replace(b"bn_con2", b"bn_fc_2"), ["affine after convolution 1", "'bn_fc_2'"]),
        (SMALL.replace(b"relu_", b"prelu"), ["ReLU 1"]),
        (SMALL.replace(b"con_4", b"con_3"), ["convolution 1", "'con_3'"]),
        (write.detector(options=4, regression=True), ["box regression"]),
        (SMALL[:17], ["mmod options"]),
    ],
)
def test_an_error_names_the_layer_the_byte_and_both_sides(data, words):
    with pytest.raises(BadNetworkFile) as caught:
        read_detector(data, name="models/one.dat")
    for word in ["models/one.dat", "expected", "found", *words]:
        assert word in str(caught.value)


def test_one_network_is_not_read_as_the_other():
    with pytest.raises(BadNetworkFile, match="loss layer"):
        read_encoder(SMALL)
    with pytest.raises(BadNetworkFile, match="loss layer"):
        read_detector(write.integer(1) + write.text("loss_metric_2"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(bad):
    weights = np.zeros(2 * 3 * 25 + 2)
    weights[7] = bad
    good = write.tensor(
        len(weights), values=np.random.default_rng(0).standard_normal(152) / 75**0.5
    )
    assert good in SMALL
    broken = SMALL.replace(good, write.tensor(len(weights), values=weights))
    with pytest.raises(BadNetworkFile, match="finite"):
        read_detector(broken)


@pytest.mark.parametrize("size", [2**20, 2**31, 2**31 - 1])
def test_a_length_in_the_file_allocates_nothing_beyond_it(size):
    good = write.tensor(152, values=np.random.default_rng(0).standard_normal(152) / 75**0.5)
    huge = write.integer(2) + write.integer(size) * 4
    data = SMALL.replace(good, huge + good[10:])
    tracemalloc.start()
    try:
        with pytest.raises(BadNetworkFile, match="bytes left"):
            read_detector(data)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_file_far_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.dat"
    with path.open("wb") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(BadNetworkFile, match="at most"):
        read_encoder(path)


def refuses_or_reads_the_same(read, data: bytes, whole) -> None:
    try:
        found = read(data)
    except BadNetworkFile:
        return
    pairs = zip(found.layers, whole.layers, strict=True)
    for (convolution, affine), (other, _) in pairs:
        assert convolution.filters.shape == other.filters.shape
        assert np.isfinite(convolution.filters).all()
        assert np.isfinite(affine.scale).all()
        assert np.isfinite(affine.shift).all()
    if isinstance(whole, DetectorNetwork):
        assert found.last.filters.shape == whole.last.filters.shape
        assert len(found.windows) == len(whole.windows)


@st.composite
def damage(draw, length: int):
    """Choose where to cut a file and which of its bits to turn."""
    cut = draw(st.one_of(st.none(), st.integers(0, length)))
    bits = draw(st.lists(st.integers(0, 8 * length - 1), max_size=6))
    return cut, bits


def damaged(data: bytes, cut: int | None, bits: list[int]) -> bytes:
    out = bytearray(data)
    for bit in bits:
        out[bit // 8] ^= 1 << bit % 8
    return bytes(out[:cut])


@settings(max_examples=400, deadline=None)
@given(damage(len(SMALL)))
def test_a_damaged_small_file_is_refused_or_read_as_the_same_architecture(how):
    tracemalloc.start()
    try:
        refuses_or_reads_the_same(read_detector, damaged(SMALL, *how), SMALL_NETWORK)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_every_cut_of_a_small_file_is_refused():
    # All cuts in the first and the last layers; between, where most bytes are weights, each fifth.
    fields = [*range(400), *range(len(SMALL) - 400, len(SMALL))]
    for length in [*fields, *range(400, len(SMALL) - 400, 5)]:
        with pytest.raises(BadNetworkFile):
            read_detector(SMALL[:length])


def test_every_byte_between_the_weights_may_be_any_byte():
    whole = read_detector(SMALL)
    # Bytes of weights make up most of the file; the first and last 150 hold the fields.
    for at in [*range(150), *range(len(SMALL) - 150, len(SMALL))]:
        for value in (0x00, 0x01, 0x08, 0x31, 0x7F, 0x80, 0x81, 0x88, 0xFF):
            data = bytearray(SMALL)
            data[at] = value
            refuses_or_reads_the_same(read_detector, bytes(data), whole)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_the_published_detector_damaged(data, request):
    path = model_file(DETECTOR_FILE)
    content = path.read_bytes()
    how = data.draw(damage(len(content)))
    refuses_or_reads_the_same(read_detector, damaged(content, *how), read_detector(content))


def test_the_encoder_damaged_between_its_layers():
    content = write.encoder()
    whole = read_encoder(content)
    rng = np.random.default_rng(0)
    for name in (
        b"con_4",
        b"affine_",
        b"relu_",
        b"add_prev_",
        b"avg_pool_2",
        b"max_pool_2",
        b"fc_2",
    ):
        for _ in range(3):
            at = content.index(name) + int(rng.integers(-30, 30))
            broken = bytearray(content)
            broken[at] ^= 1 << int(rng.integers(8))
            refuses_or_reads_the_same(read_encoder, bytes(broken), whole)
    for length in (0, 1, 300, 20_000, len(content) // 2, len(content) - 1):
        with pytest.raises(BadNetworkFile):
            read_encoder(content[:length])
