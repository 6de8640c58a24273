"""Photos as the camera's sensor saw them (CR2, NEF, ARW, DNG, ...), by the package rawpy."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from toolkit.files import local

# A picture inside is taken for the photo if its longer side is this share of the sensor's. What is
# made from the sensor is half of it as well.
ENOUGH = 0.5
# How LibRaw numbers what turns a picture upright, and as EXIF does.
_EXIF = {0: 1, 3: 3, 5: 8, 6: 6}
_ORIENTATION = 0x0112
# Bytes that LibRaw takes for a px of the sensor, and for one that it makes.
SENSOR, MADE = 4, 14
# Px of the sensor that a byte of a file can hold.
PACKED = 16


def open_raw(path: Path) -> Image.Image:
    """
    Open a raw file, as the picture in it or, where that is small, by what the sensor saw.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    PIL.Image.Image
        A JPEG, or an RGB picture of half the sensor's sides that is made when it is asked for. Its
        EXIF says how it is turned.

    Raises
    ------
    OSError
        If LibRaw cannot read it.
    """
    import rawpy

    path = local(path)
    try:
        with rawpy.imread(str(path)) as raw:
            about = raw.sizes
            sensor = (about.raw_width, about.raw_height)
            if sensor[0] * sensor[1] > PACKED * path.stat().st_size:
                raise OSError(
                    f"it claims {sensor[0]:,} x {sensor[1]:,} px, and is too small for it"
                )
            seen = _preview(raw)
    except rawpy.LibRawError as error:
        raise OSError(f"LibRaw says: {_said(error)}") from error
    if seen is not None and max(seen.size) >= ENOUGH * max(about.width, about.height):
        return _turned(seen, about.flip, sideways=about.width < about.height)
    if seen is not None:
        seen.close()
    return RawPicture(path, sensor, (about.width, about.height), about.flip)


def _preview(raw: Any) -> Image.Image | None:
    """Return the largest picture in a raw file, opened; None where there is none."""
    import rawpy

    try:
        found = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if found.format == rawpy.ThumbFormat.JPEG:
        try:
            return Image.open(io.BytesIO(found.data), formats=["JPEG"])
        except (OSError, SyntaxError, ValueError):
            return None
    return Image.fromarray(np.ascontiguousarray(found.data)) if found.data.ndim == 3 else None


def _turned(picture: Image.Image, flip: int, *, sideways: bool) -> Image.Image:
    """Let a picture's EXIF say how it is turned: as its shape, itself, or the raw file says."""
    exif = picture.getexif()
    # One that stands as the photo will was turned by the camera; LibRaw writes EXIF into it all the
    # same that says it is still to be turned.
    if flip in (5, 6) and (picture.width < picture.height) != sideways:
        exif[_ORIENTATION] = 1
    elif _ORIENTATION not in exif:
        exif[_ORIENTATION] = _EXIF.get(flip, 1)
    return picture


class RawPicture(ImageFile.ImageFile):
    """What a sensor saw, at half its size; made when its px are asked for, upright already."""

    format = "RAW"
    format_description = "camera raw"

    def __init__(
        self, path: Path, sensor: tuple[int, int], size: tuple[int, int], flip: int
    ) -> None:
        self.path, self.sensor = path, sensor
        width, height = (max(1, side // 2) for side in size)
        self._half = (height, width) if flip in (5, 6) else (width, height)
        self._made = False
        super().__init__(io.BytesIO(), str(path))

    def _open(self) -> None:
        self._size, self._mode = self._half, "RGB"
        self.tile = []

    def load(self) -> Any:
        """Make the picture from what the sensor saw."""
        if not self._made:
            import rawpy

            self._made = True
            try:
                with rawpy.imread(str(self.path)) as raw:
                    made = raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8)
            except rawpy.LibRawError as error:
                raise OSError(f"LibRaw says: {_said(error)}") from error
            picture = Image.fromarray(made)
            self._size = picture.size
            self.im = picture.im
        return super().load()


def _said(error: Exception) -> str:
    text = error.args[0] if error.args else error
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
