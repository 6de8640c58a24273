"""Clips made from pictures, with the package that reads them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tiles import PEOPLE, TILE


def tiles_of(*people: str, shade: int = 0) -> np.ndarray:
    """Two tiles side by side, black where nobody is named."""
    picture = np.zeros((TILE, 2 * TILE, 3), np.uint8)
    for at, name in enumerate(people):
        if name:
            colour = np.clip(np.array(PEOPLE[name]) - shade, 0, 255)
            tile = picture[:, at * TILE : (at + 1) * TILE]
            tile[:] = colour
            # A pattern, as photos of tiles have, so that nobody is taken for out of focus.
            for first, second in ((0, 0), (1, 1)):
                tile[first::2, second::2] = colour * 0.7
    return picture


def save_clip(
    path: Path,
    scenes: Sequence[np.ndarray],
    *,
    each: int = 10,
    rate: int = 10,
    codec: str = "mpeg4",
) -> Path:
    """Write each scene as so many frames of a clip."""
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = scenes[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        stream.time_base = Fraction(1, rate)
        for scene in scenes:
            for _ in range(each):
                frame = av.VideoFrame.from_ndarray(scene, format="rgb24")
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
