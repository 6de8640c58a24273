"""HEIC and AVIF that say how they are to be turned and mirrored (ISO 23008-12: irot, imir)."""

import struct
from collections.abc import Sequence


def _boxes(content: bytes, start: int, end: int) -> dict[bytes, bytes]:
    found, at = {}, start
    while at < end:
        size = int.from_bytes(content[at : at + 4], "big")
        found[content[at + 4 : at + 8]] = content[at : at + size]
        at += size
    return found


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def turned(content: bytes, changes: Sequence[tuple[bytes, int]]) -> bytes:
    """
    Have a picture turned and mirrored where it is shown.

    Parameters
    ----------
    content : bytes
        A file of one picture, as Pillow and libheif write it.
    changes : sequence of (bytes, int)
        "irot" and quarters to the left, "imir" and what is swapped: 0 top and bottom, 1 left and
        right; in the order in which they are done.
    """
    tops = _boxes(content, 0, len(content))
    meta = tops[b"meta"]
    inside = _boxes(meta, 12, len(meta))
    about = _boxes(inside[b"iprp"], 8, len(inside[b"iprp"]))
    known, told = about[b"ipco"], bytearray(about[b"ipma"])
    count, at = 0, 8
    while at < len(known):
        count, at = count + 1, at + int.from_bytes(known[at : at + 4], "big")
    more = b"".join(_box(name, bytes([number])) for name, number in changes)
    # The first entry is of the picture itself: a number of 2 bytes, and one byte for each of what
    # is known of it.
    assert (told[8], told[11] & 1) == (0, 0)
    first = 18
    place = first + 1 + told[first]
    told[place:place] = bytes(0x80 | (count + 1 + number) for number in range(len(changes)))
    told[first] += len(changes)
    pieces = {b"ipco": _box(b"ipco", known[8:] + more), b"ipma": _box(b"ipma", bytes(told[8:]))}
    inside[b"iprp"] = _box(b"iprp", b"".join((about | pieces).values()))
    moved = len(b"".join(inside.values())) + 12 - len(meta)
    inside[b"iloc"] = _moved(inside[b"iloc"], moved)
    tops[b"meta"] = _box(b"meta", meta[8:12] + b"".join(inside.values()))
    return b"".join(tops.values())


def _moved(table: bytes, by: int) -> bytes:
    """Return a table of where things are, which are so many bytes further on."""
    made = bytearray(table)
    version, sizes, more = made[8], made[12], made[13]
    offset, length, base = sizes >> 4, sizes & 15, more >> 4
    index = more & 15 if version else 0
    at = 16
    for _ in range(int.from_bytes(made[14:16], "big")):
        inside = version and int.from_bytes(made[at + 2 : at + 4], "big") & 15
        at += 6 if version else 4
        first, at = at, at + base
        extents, at = int.from_bytes(made[at : at + 2], "big"), at + 2
        for _ in range(extents):
            at += index
            where, size = (first, base) if base else (at, offset)
            if not inside:
                there = int.from_bytes(made[where : where + size], "big") + by
                made[where : where + size] = there.to_bytes(size, "big")
            at += offset + length
    return bytes(made)
