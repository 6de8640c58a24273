"""Photos of 16 bits a colour, which Pillow cannot write."""

import struct
import zlib

import numpy as np


def write_deep_png(path, values):
    """Write RGB of 16 bits, shape (h, w, 3), which Pillow cannot."""
    height, width = values.shape[:2]
    rows = values.astype(">u2").reshape(height, -1).view(np.uint8).reshape(height, -1)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))]
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


def write_deep_tiff(path, values):
    """Write the same as an uncompressed TIFF."""
    height, width = values.shape[:2]
    content = values.astype("<u2").tobytes()
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 8 + len(content)), (259, 3, 1, 1),
        (262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, 3), (278, 4, 1, height),
        (279, 4, 1, len(content)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    start = 8 + len(content) + 6
    path.write_bytes(
        b"II*\0"
        + struct.pack("<I", start)
        + content
        + struct.pack("<3H", 16, 16, 16)
        + directory
        + bytes(4)
    )
