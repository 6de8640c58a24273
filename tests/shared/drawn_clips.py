"""Clips made from pictures, with the package that reads them."""

import struct
from collections.abc import Mapping, Sequence
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
    rate: int | Fraction = 10,
    codec: str = "mpeg4",
    pixels: str = "yuv420p",
    how: Mapping[str, str] | None = None,
    coded: Mapping[str, int] | None = None,
    frame_at: Sequence[float] = (),
    told: Mapping[str, str] | None = None,
) -> Path:
    """
    Write each scene as so many frames of a clip.

    `how` are options of the container, `coded` what the codec says of colours, `frame_at` the
    seconds at which frames are shown, where that is not at an even pace, and `told` what the
    container says beside them, such as when the clip was taken.
    """
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=dict(how or {})) as container:
        container.metadata.update(told or {})
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = scenes[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = pixels, 4_000_000
        stream.time_base = 1 / Fraction(rate)
        for name, number in (coded or {}).items():
            setattr(stream.codec_context, name, number)
        if frame_at:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        written = 0
        for scene in scenes:
            for _ in range(each):
                frame = av.VideoFrame.from_ndarray(scene, format="rgb24")
                if frame_at:
                    frame.pts, frame.time_base = round(1000 * frame_at[written]), Fraction(1, 1000)
                written += 1
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turn(path: Path, matrix: Sequence[int]) -> Path:
    """
    Let an MP4 say how it is to be turned, as phones do that are held upright.

    `matrix` has four numbers: what of a stored x goes into x and y, and what of a stored y
    (ISO 14496-12, "tkhd").
    """
    content = bytearray(path.read_bytes())
    # After its name stand the version, five numbers of 4 bytes, 8 reserved bytes and four of 2.
    at = content.index(b"tkhd") + 44
    across, up, right, down = (number << 16 for number in matrix)
    content[at : at + 36] = struct.pack(">9i", across, up, 0, right, down, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path
