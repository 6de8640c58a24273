from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import synthetic_network as write
from engine_models import blocks

import toolkit
from toolkit.errors import BadNetworkFile, MissingProvider
from toolkit.subjects.face.dlib.engine import OnnxEncoder, OnnxFaceDetector

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def encoder_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("encoder") / "encoder.dat"
    path.write_bytes(write.encoder())
    return path


@pytest.fixture(scope="module")
def detector_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("detector") / "detector.dat"
    path.write_bytes(write.detector(seed=1))
    return path


@pytest.fixture(scope="module")
def encoder(encoder_file, tmp_path_factory):
    return OnnxEncoder(encoder_file, cache_folder=tmp_path_factory.mktemp("cache"), threads=1)


@pytest.fixture(scope="module")
def detector(detector_file, tmp_path_factory):
    return OnnxFaceDetector(detector_file, cache_folder=tmp_path_factory.mktemp("c"), threads=1)


def chips(count: int) -> np.ndarray:
    images = [blocks(np.random.default_rng(i), 150, 150) for i in range(count)]
    return np.stack(images) if images else np.empty((0, 150, 150, 3), dtype=np.uint8)


@pytest.mark.parametrize("count", [0, 1, 5, 17, 33])
def test_batches_give_the_numbers_of_single_chips(encoder, count):
    images = chips(count)
    found = encoder.encode(images)
    assert found.shape == (count, 128)
    assert found.dtype == np.float32
    for row, image in zip(found, images, strict=True):
        single = encoder.encode(image[np.newaxis])[0]
        np.testing.assert_allclose(row, single, rtol=1e-4, atol=1e-4 * np.abs(single).max())


def test_arrays_need_not_be_contiguous(encoder, detector):
    image = blocks(np.random.default_rng(0), 200, 320)
    views = [image[::-1, ::-1], image.transpose(1, 0, 2), image[:, :, ::-1], image[10::2, 7::3]]
    for view in views:
        assert detector.detect(view, 1) == detector.detect(np.ascontiguousarray(view), 1)
    images = chips(3)[:, ::-1, :, ::-1]
    assert np.array_equal(encoder.encode(images), encoder.encode(np.ascontiguousarray(images)))


@pytest.mark.parametrize(
    "size", [(0, 0), (0, 5), (1, 1), (5, 5), (3, 10_000), (10_000, 3), (6, 30), (9, 9), (300, 9)]
)
@pytest.mark.parametrize("upsample", [0, 1])
def test_tiny_and_narrow_photos_are_searched_without_failing(detector, size, upsample):
    # dlib raises, or writes outside its memory, for most of these.
    found = detector.detect(np.full((*size, 3), 200, dtype=np.uint8), upsample)
    assert all(np.isfinite(box).all() for box in found)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((20, 20), dtype=np.uint8),
        np.zeros((20, 20, 4), dtype=np.uint8),
        np.zeros((20, 20, 3), dtype=np.float32),
        np.zeros((1, 20, 20, 3), dtype=np.uint8),
    ],
)
def test_other_arrays_are_refused_with_their_shape(detector, encoder, image):
    with pytest.raises(ValueError, match="expected \\(h, w, 3\\) uint8"):
        detector.detect(image)
    with pytest.raises(ValueError, match="expected \\(n, 150, 150, 3\\) uint8"):
        encoder.encode(image)


def test_settings_out_of_range_are_refused(detector, encoder_file, tmp_path):
    with pytest.raises(ValueError, match="upsample is -1"):
        detector.detect(np.zeros((20, 20, 3), dtype=np.uint8), -1)
    with pytest.raises(ValueError, match="batch is 0"):
        OnnxEncoder(encoder_file, cache_folder=tmp_path, batch=0)
    with pytest.raises(ValueError, match="device is 'tpu'"):
        OnnxEncoder(encoder_file, cache_folder=tmp_path, device="tpu")


def test_threads_share_one_session(encoder, detector):
    photos = [blocks(np.random.default_rng(i), 100 + 7 * i, 160) for i in range(12)]
    alone = [detector.detect(photo) for photo in photos]
    images = chips(12)
    encodings = [encoder.encode(images[i : i + 1]) for i in range(12)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(detector.detect, photos))
        encoded = list(pool.map(lambda i: encoder.encode(images[i : i + 1]), range(12)))
    assert together == alone
    assert all(np.array_equal(a, b) for a, b in zip(encoded, encodings, strict=True))


def test_an_absent_device_is_an_error_and_never_another_device(
    encoder_file, detector_file, tmp_path
):
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    for kind, path in ((OnnxEncoder, encoder_file), (OnnxFaceDetector, detector_file)):
        with pytest.raises(MissingProvider, match="onnxruntime-gpu"):
            kind(path, cache_folder=tmp_path, device="cuda")
    assert not list(tmp_path.iterdir())


def test_a_device_that_is_present_but_does_not_start_is_an_error(
    detector_file, tmp_path, monkeypatch
):
    class OnCpuAfterAll(onnxruntime.InferenceSession):
        def __init__(self, model, options, providers, provider_options):
            super().__init__(model, options, providers=["CPUExecutionProvider"])

    present = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: present)
    monkeypatch.setattr(onnxruntime, "InferenceSession", OnCpuAfterAll)
    with pytest.raises(MissingProvider, match="could not start"):
        OnnxFaceDetector(detector_file, cache_folder=tmp_path, device="cuda")


def test_models_are_made_once_and_named_after_the_file(detector_file, tmp_path, monkeypatch):
    folder = tmp_path / "new" / "folder"
    first = OnnxFaceDetector(detector_file, cache_folder=folder, threads=1)
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 4
    assert all(first.digest in name for name in names)
    monkeypatch.setattr("toolkit.subjects.face.dlib.onnx_graph.stem_model", None)
    monkeypatch.setattr("toolkit.subjects.face.dlib.onnx_graph.head_model", None)
    OnnxFaceDetector(detector_file, cache_folder=folder, threads=1)
    assert sorted(path.name for path in folder.iterdir()) == names


@pytest.mark.parametrize("harm", ["cut", "flip", "seal", "no seal", "empty"])
def test_a_damaged_model_is_made_again(detector_file, tmp_path, harm):
    image = blocks(np.random.default_rng(0), 200, 200)
    expected = OnnxFaceDetector(detector_file, cache_folder=tmp_path, threads=1).detect(image)
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for path, content in kept.items():
        if path.suffix == ".onnx" and harm in ("cut", "flip", "empty"):
            middle = len(content) // 2
            flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            path.write_bytes({"cut": content[:-1], "flip": flipped, "empty": b""}[harm])
        elif path.suffix == ".sha256" and harm == "seal":
            path.write_bytes(b"\xff\xfe nonsense")
        elif path.suffix == ".sha256" and harm == "no seal":
            path.unlink()
    found = OnnxFaceDetector(detector_file, cache_folder=tmp_path, threads=1).detect(image)
    assert found == expected
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_another_network_file_makes_another_model(tmp_path):
    cache = tmp_path / "cache"
    path = tmp_path / "detector.dat"
    for seed in (1, 2):
        path.write_bytes(write.detector(seed))
        OnnxFaceDetector(path, cache_folder=cache, threads=1)
    assert len(list(cache.glob("*.onnx"))) == 4


def test_a_file_of_another_kind_is_refused_and_leaves_no_model(
    encoder_file, detector_file, tmp_path
):
    with pytest.raises(BadNetworkFile, match="loss layer"):
        OnnxFaceDetector(encoder_file, cache_folder=tmp_path)
    with pytest.raises(BadNetworkFile, match=r"detector\.dat"):
        OnnxEncoder(detector_file, cache_folder=tmp_path)
    with pytest.raises(FileNotFoundError):
        OnnxEncoder(tmp_path / "missing.dat", cache_folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_onnx_is_imported_only_to_build(detector_file, tmp_path):
    OnnxFaceDetector(detector_file, cache_folder=tmp_path, threads=1)
    code = (
        "import sys\n"
        "from toolkit.subjects.face.dlib.engine import OnnxFaceDetector\n"
        "assert 'onnxruntime' not in sys.modules\n"
        f"OnnxFaceDetector({str(detector_file)!r}, cache_folder={str(tmp_path)!r}, threads=1)\n"
        "assert 'onnx' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(toolkit.__file__).parents[1])


def test_onnx_runtime_reports_nothing_to_its_maker(detector_file, tmp_path):
    for name in ("models", "home", "tmp"):
        (tmp_path / name).mkdir()
    code = (
        "from toolkit.subjects.face.dlib.engine import OnnxFaceDetector\n"
        f"OnnxFaceDetector({str(detector_file)!r}, cache_folder={str(tmp_path / 'models')!r}, "
        "threads=1)\n"
    )
    # Where tests run it may be off already; a user's computer has neither of these.
    quiet = {"CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS"}
    own = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    environment = {key: value for key, value in os.environ.items() if key not in quiet} | own
    folder = Path(toolkit.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=folder, env=environment)
    # What it would report is kept in files first: who this is, and what was done.
    assert not [*(tmp_path / "tmp").rglob("*"), *(tmp_path / "home").rglob("*")]


@pytest.mark.parametrize("garbage", [b"", b"garbage", "of the other network"])
def test_a_kept_model_that_cannot_be_loaded_is_built_anew(
    encoder_file, detector_file, tmp_path, garbage
):
    expected = OnnxEncoder(encoder_file, cache_folder=tmp_path, threads=1).encode(chips(2))
    (model,) = tmp_path.glob("encoder-*.onnx")
    whole = model.read_bytes()
    if isinstance(garbage, str):
        OnnxFaceDetector(detector_file, cache_folder=tmp_path / "other", threads=1)
        garbage = next((tmp_path / "other").glob("detector-head-*.onnx")).read_bytes()
    model.write_bytes(garbage)
    seal = model.with_suffix(".onnx.sha256")
    seal.write_text(hashlib.sha256(garbage).hexdigest())
    again = OnnxEncoder(encoder_file, cache_folder=tmp_path, threads=1).encode(chips(2))
    assert np.array_equal(again, expected)
    assert model.read_bytes() == whole
    assert seal.read_text().strip() == hashlib.sha256(whole).hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_kept_models_are_private_and_what_a_dead_process_left_is_swept(encoder_file, tmp_path):
    cache = tmp_path / "cache"
    before = os.umask(0)
    try:
        cache.mkdir()
        for name in (".sightings-0123456789abcdef.part", ".abcdefgh.part"):
            (cache / name).write_bytes(b"left")
        OnnxEncoder(encoder_file, cache_folder=cache, threads=1)
        OnnxEncoder(encoder_file, cache_folder=tmp_path / "made", threads=1)
    finally:
        os.umask(before)
    files = list(cache.iterdir())
    assert sorted(path.suffix for path in files) == [".onnx", ".sha256"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["encoder", "detector-stem", "detector-head"])
@pytest.mark.parametrize("how", ["another shape", "numbers that are none"])
def test_a_kept_model_of_the_right_names_and_wrong_numbers_is_built_anew(
    encoder_file, detector_file, tmp_path, kind, how
):
    import onnx
    from onnx import helper, numpy_helper

    def both():
        encoder = OnnxEncoder(encoder_file, cache_folder=tmp_path, threads=1)
        detector = OnnxFaceDetector(detector_file, cache_folder=tmp_path, threads=1)
        return encoder.encode(chips(1)), detector.detect(blocks(np.random.default_rng(0), 200, 320))

    encoded, found = both()
    (path,) = tmp_path.glob(f"{kind}-*.onnx")
    model = onnx.load_from_string(path.read_bytes())
    name = model.graph.output[0].name
    value = np.zeros((1, 3), np.float32)
    if how == "numbers that are none":
        value = np.full(
            {"encoder": (1, 128), "detector-stem": (1, 1, 1, 1)}.get(kind, (1, 1, 30, 32)),
            np.nan,
            np.float32,
        )
    del model.graph.node[:]
    model.graph.node.append(
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))
    )
    model.graph.output[0].type.tensor_type.ClearField("shape")
    content = model.SerializeToString()
    path.write_bytes(content)
    path.with_suffix(".onnx.sha256").write_text(hashlib.sha256(content).hexdigest())
    again = both()
    assert np.array_equal(again[0], encoded)
    assert again[1] == found
