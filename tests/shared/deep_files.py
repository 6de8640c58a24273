"""Photos of 16 bits a colour, which Pillow cannot write."""

import struct
import zlib

import numpy as np


def write_deep_png(path, values):
    """Write RGB of 16 bits, shape (h, w, 3), or with how clear it is, (h, w, 4)."""
    kind = 2 if values.shape[2] == 3 else 6
    height, width = values.shape[:2]
    rows = values.astype(">u2").reshape(height, -1).view(np.uint8).reshape(height, -1)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))]
    chunks += [(b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
            for name, content in chunks
        )
    )


def write_deep_tiff(path, values, *, order="<", packed=False, apart=False, white_is_zero=False):
    """
    Write the same, or grey, shape (h, w), as a TIFF.

    `order` is that of bytes, "<" or ">"; `packed` by deflate; each colour `apart` from the others.
    """
    height, width = values.shape[:2]
    count = 1 if values.ndim == 2 else values.shape[2]
    stored = values.astype(f"{order}u2")
    planes = [stored[..., part] for part in range(count)] if apart else [stored]
    parts = [zlib.compress(each.tobytes()) if packed else each.tobytes() for each in planes]
    starts = [8 + sum(map(len, parts[:number])) for number in range(len(parts))]
    heap, at = bytearray(), 8 + sum(map(len, parts))

    def entry(tag, letter, *numbers):
        content = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
        kind = 3 if letter == "H" else 4
        if len(content) > 4:
            place = at + len(heap)
            heap.extend(content)
            content = struct.pack(f"{order}I", place)
        return struct.pack(f"{order}HHI", tag, kind, len(numbers)) + content.ljust(4, b"\0")

    tags = [
        entry(256, "I", width), entry(257, "I", height), entry(258, "H", *[16] * count),
        entry(259, "H", 8 if packed else 1),
        entry(262, "H", 2 if count > 1 else 0 if white_is_zero else 1), entry(273, "I", *starts),
        entry(277, "H", count), entry(278, "I", height), entry(279, "I", *map(len, parts)),
        entry(284, "H", 2 if apart else 1),
    ]  # fmt: skip
    tags += [entry(338, "H", 2)] if count == 4 else []
    path.write_bytes(
        (b"II" if order == "<" else b"MM")
        + struct.pack(f"{order}HI", 42, at + len(heap))
        + b"".join(parts)
        + bytes(heap)
        + struct.pack(f"{order}H", len(tags))
        + b"".join(tags)
        + bytes(4)
    )
