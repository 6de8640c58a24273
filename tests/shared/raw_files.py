"""Raw files of a sensor, as small as they can be: DNG (Adobe's specification 1.4), uncompressed."""

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

SHORT, LONG, BYTE, ASCII, RATIONAL, SIGNED = 3, 4, 1, 2, 5, 10
_PACKED = {SHORT: "H", LONG: "I", BYTE: "B", ASCII: "B"}


def _entry(tag, kind, values, heap, at):
    if kind in (RATIONAL, SIGNED):
        content = b"".join(struct.pack("<iI", int(v * 10_000), 10_000) for v in values)
    else:
        content = struct.pack(f"<{len(values)}{_PACKED[kind]}", *values)
    if len(content) <= 4:
        return struct.pack("<HHI", tag, kind, len(values)) + content.ljust(4, b"\0")
    place = at + len(heap)
    heap += content + b"\0" * (len(content) % 2)
    return struct.pack("<HHII", tag, kind, len(values), place)


def _directory(tags, at):
    size = 2 + 12 * len(tags) + 4
    heap = bytearray()
    entries = b"".join(_entry(tag, *what, heap, at + size) for tag, what in sorted(tags.items()))
    return struct.pack("<H", len(tags)) + entries + bytes(4) + bytes(heap)


def write_dng(path: Path, picture: Image.Image, *, orientation=1, preview=None, taken="") -> None:
    """
    Write what a sensor behind red, green, green and blue would have seen of a picture.

    `preview`, another picture, lies in it as a JPEG; `taken` is when that was, as EXIF writes it.
    """
    rgb = np.asarray(picture.convert("RGB")).astype(np.uint16)
    height, width = rgb.shape[:2]
    sensor = rgb[..., 1].copy()
    sensor[0::2, 0::2], sensor[1::2, 1::2] = rgb[0::2, 0::2, 0], rgb[1::2, 1::2, 2]
    light = ((sensor / 255.0) ** 2.2 * 4095).astype("<u2").tobytes()
    small = b""
    if preview is not None:
        stream = io.BytesIO()
        preview.save(stream, "JPEG", quality=92)
        small = stream.getvalue() + b"\0" * (len(stream.getvalue()) % 2)
    data = 8 + len(light) + len(small)
    whole = {
        254: (LONG, [0]), 256: (LONG, [width]), 257: (LONG, [height]), 258: (SHORT, [16]),
        259: (SHORT, [1]), 262: (SHORT, [32803]), 273: (LONG, [8]), 277: (SHORT, [1]),
        278: (LONG, [height]), 279: (LONG, [len(light)]), 33421: (SHORT, [2, 2]),
        33422: (BYTE, [0, 1, 1, 2]), 50714: (SHORT, [0]), 50717: (LONG, [4095]),
    }  # fmt: skip
    about = {
        271: (ASCII, list(b"Maker\0")), 272: (ASCII, list(b"Camera\0")),
        274: (SHORT, [orientation]), 50706: (BYTE, [1, 4, 0, 0]),
        50708: (ASCII, list(b"Maker Camera\0")),
        50721: (SIGNED, [3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.204, 1.057]),
        50728: (RATIONAL, [1.0, 1.0, 1.0]), 50778: (SHORT, [21]),
    }  # fmt: skip
    exif = _directory({36867: (ASCII, list(taken.encode() + b"\0"))}, data) if taken else b""
    if exif:
        about[34665] = (LONG, [data])
        data += len(exif)
    if preview is None:
        first, second = {**whole, **about}, b""
    else:
        second = _directory(whole, data)
        first = {
            254: (LONG, [1]), 256: (LONG, [preview.width]), 257: (LONG, [preview.height]),
            258: (SHORT, [8, 8, 8]), 259: (SHORT, [7]), 262: (SHORT, [6]),
            273: (LONG, [8 + len(light)]), 277: (SHORT, [3]), 278: (LONG, [preview.height]),
            279: (LONG, [len(small)]), 330: (LONG, [data]), **about,
        }  # fmt: skip
    start = data + len(second)
    path.write_bytes(
        b"II*\0"
        + struct.pack("<I", start)
        + light
        + small
        + exif
        + second
        + _directory(first, start)
    )
