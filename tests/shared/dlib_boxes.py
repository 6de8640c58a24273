"""Boxes as dlib has them; what imports this is skipped where there is no dlib."""

import pytest

from toolkit.records import Box

dlib = pytest.importorskip("dlib")


def inclusive(box: Box) -> dlib.rectangle:
    return dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1)
