"""Colours to sRGB, where a photo says that they mean something else: profiles, and HDR."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Change = Callable[[Image.Image], Image.Image]

# Bytes of a profile that is believed; of a file's start in which its colours are described.
LARGEST, START = 4 << 20, 1 << 18
# What of `info` holds what `coded_in` found, for the formats of which Pillow does not tell it.
CODED = "coded"
# Entries in the table of contents of a profile that are looked at.
_TAGS = 100
# Steps of 255 by which colours may differ before a profile is worth applying.
ALIKE = 2
# Numbers of ITU-T H.273: primaries of BT.709, BT.2020 and Display P3; transfers of PQ and HLG.
BT709, BT2020, P3, PQ, HLG = 1, 9, 12, 16, 18
# To linear BT.709 from linear light of other primaries (ITU-R BT.2087 for BT.2020).
_TO_709 = {
    BT2020: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    P3: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}
# Candela a square metre that are the white of a page (ITU-R BT.2408), and PQ's largest.
_WHITE, _MOST = 203.0, 10_000.0
# What this many times as bright as white is shown as white; less is bent towards it.
_PEAK = 4.0


def of(picture: Image.Image) -> Change | None:
    """
    Return what brings the colours of a picture, as RGB, to sRGB.

    Parameters
    ----------
    picture : PIL.Image.Image
        As it was opened.

    Returns
    -------
    callable or None
        Takes and gives RGB. None where the colours are sRGB already, where nothing is known of
        them, and for a profile that is damaged: it must not cost the photo.
    """
    coded = picture.info.get(CODED)
    if coded is not None and coded[1] in (PQ, HLG):
        return by_number(*coded)
    profile = picture.info.get("icc_profile")
    if isinstance(profile, bytes) and profile and picture.mode in ("RGB", "RGBA", "P"):
        return _by_profile(profile)
    return None if coded is None else by_number(*coded)


def by_number(primaries: int, transfer: int) -> Change | None:
    """Return what brings colours to sRGB that are told by numbers of ITU-T H.273; else None."""
    if transfer in (PQ, HLG):
        return functools.partial(_from_hdr, primaries, transfer)
    if primaries in _TO_709:
        return functools.partial(_from_wide, primaries)
    return None


@functools.lru_cache(maxsize=32)
def _by_profile(profile: bytes) -> Change | None:
    from PIL import ImageCms

    if len(profile) > LARGEST:
        return None
    coded = _numbers_in(profile)
    if coded is not None and coded[1] in (PQ, HLG):
        return by_number(*coded)
    # Little CMS refuses damaged profiles in many ways; none of them is the photo's end.
    with contextlib.suppress(Exception):
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if given.profile.xcolor_space.strip() != "RGB":
            return None
        change = ImageCms.buildTransform(
            given,
            _srgb(),
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        steps = np.linspace(0, 255, 9).astype(np.uint8)
        colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
        moved = np.asarray(ImageCms.applyTransform(Image.fromarray(colours), change))
        if np.abs(moved.astype(int) - colours).max() > ALIKE:
            return functools.partial(_applied, change)
    return None


def _numbers_in(profile: bytes) -> tuple[int, int] | None:
    """Return primaries and transfer that a profile names by numbers (ICC.1:2022, 9.2.17)."""
    for at in range(132, 132 + 12 * min(_TAGS, int.from_bytes(profile[128:132], "big")), 12):
        if profile[at : at + 4] == b"cicp":
            start = int.from_bytes(profile[at + 4 : at + 8], "big") + 8
            told = profile[start : start + 2]
            return (told[0], told[1]) if len(told) == 2 else None
    return None


@functools.lru_cache(maxsize=1)
def _srgb() -> Any:
    from PIL import ImageCms

    return ImageCms.createProfile("sRGB")


def _applied(change: Any, band: Image.Image) -> Image.Image:
    from PIL import ImageCms

    made = ImageCms.applyTransform(band, change)
    return band if made is None else made


@functools.lru_cache(maxsize=1)
def _from_lab() -> Any:
    from PIL import ImageCms

    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), _srgb(), "LAB", "RGB")


def of_lab(band: Image.Image) -> Image.Image:
    """Return a picture of mode LAB, as TIFF has them, as RGB."""
    return _applied(_from_lab(), band)


def coded_in(start: bytes) -> tuple[int, int] | None:
    """
    Return which primaries and transfer the first bytes of a file name by numbers (ITU-T H.273).

    Parameters
    ----------
    start : bytes
        Of a HEIC or an AVIF, whose box ``colr`` says it, or of a PNG, whose chunk ``cICP`` does.

    Returns
    -------
    (int, int) or None
        None where they do not say it.
    """
    if start.startswith(b"\x89PNG"):
        at = start.find(b"cICP", 0, max(0, start.find(b"IDAT"))) + 4
        return (start[at], start[at + 1]) if at >= 4 else None
    at = start.find(b"colrnclx") + 8
    if at < 8 or at + 4 > len(start):
        return None
    return int.from_bytes(start[at : at + 2], "big"), int.from_bytes(start[at + 2 : at + 4], "big")


@functools.lru_cache(maxsize=2)
def _light(transfer: int) -> npt.NDArray[np.float32]:
    """Return how bright each of 256 values is, where 1 is the white of a page; shape (256,)."""
    value = np.arange(256) / 255.0
    if transfer == PQ:
        # SMPTE ST 2084.
        power = value ** (1 / 78.84375)
        linear = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
        light = linear ** (1 / 0.1593017578125) * _MOST / _WHITE
    else:
        # ARIB STD-B67; at 75% of the signal stands the white of a page.
        low = value**2 / 3
        high = (np.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
        light = np.where(value <= 0.5, low, high)
        light = (light / light[191]) ** 1.2
    return light.astype(np.float32)


def _from_hdr(primaries: int, transfer: int, band: Image.Image) -> Image.Image:
    """Return a band in PQ or HLG as sRGB: what is brighter than white is bent below it."""
    light = _light(transfer)[np.asarray(band)]
    if primaries in _TO_709:
        light = light @ np.array(_TO_709[primaries], dtype=np.float32).T
    # Reinhard's curve with a white point (Reinhard et al. 2002, equation 4), by the brightest of
    # the three, so that no hue moves.
    most = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
    bent = most * (1 + most / _PEAK**2) / (1 + most)
    # A page's white and what is darker stay about as bright as they were.
    return _as_srgb(light * (np.minimum(bent * 1.5, 1.0) / most))


def _from_wide(primaries: int, band: Image.Image) -> Image.Image:
    """Return a band with other primaries, and sRGB's curve, as sRGB."""
    value = np.arange(256) / 255.0
    curve = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    light = curve.astype(np.float32)[np.asarray(band)]
    return _as_srgb(light @ np.array(_TO_709[primaries], dtype=np.float32).T)


def _as_srgb(light: npt.NDArray[np.float32]) -> Image.Image:
    """Return linear BT.709, shape (h, w, 3), 0 to 1, as 8-bit sRGB (IEC 61966-2-1)."""
    steps = np.arange(4096) / 4095.0
    curve = np.where(steps <= 0.0031308, steps * 12.92, 1.055 * steps ** (1 / 2.4) - 0.055)
    table = (curve * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(table[(light.clip(0, 1) * 4095 + 0.5).astype(np.uint16)])
