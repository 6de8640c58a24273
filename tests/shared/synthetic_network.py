"""Writes small networks in dlib's file format, for tests of its reader."""

from __future__ import annotations

import math

import numpy as np

from toolkit.subjects.face.dlib.network import DETECTOR_SHAPE, ENCODER_STAGES


def integer(value: int) -> bytes:
    magnitude = abs(value)
    count = max((magnitude.bit_length() + 7) // 8, 1)
    return bytes([count | (0x80 if value < 0 else 0)]) + magnitude.to_bytes(count, "little")


def text(value: str) -> bytes:
    return integer(len(value)) + value.encode("ascii")


def real(value: float) -> bytes:
    mantissa, exponent = math.frexp(value)
    return integer(int(mantissa * 2**53)) + integer(exponent - 53)


def tensor(*shape: int, values: np.ndarray | None = None) -> bytes:
    sizes = (*shape, 1, 1, 1, 1)[:4] if shape else (0, 0, 0, 0)
    data = b"" if values is None else values.astype("<f4").tobytes()
    return integer(2) + b"".join(map(integer, sizes)) + data


def alias(*shape: int) -> bytes:
    return integer(1) + b"".join(map(integer, shape))


def layer_end(version: int = 2) -> bytes:
    return b"110" + tensor() * 3 + (integer(1) if version == 3 else b"")


RATES = real(1.0) * 4


def convolution(
    rng: np.random.Generator,
    channels: int,
    filters: int,
    kernel: int,
    stride: int,
    padding: int,
    *,
    innermost: bool = False,
    version: str = "con_4",
    bias: float | None = None,
) -> bytes:
    size = filters * channels * kernel * kernel + filters
    scale = 1 / math.sqrt(channels * kernel * kernel)
    weights = rng.standard_normal(size) * scale
    if bias is not None:
        weights[-filters:] = bias
    out = text(version) + tensor(size, values=weights)
    out += b"".join(map(integer, (filters, kernel, kernel, stride, stride, padding, padding)))
    out += alias(filters, channels, kernel, kernel) + alias(1, filters, 1, 1) + RATES
    out += {"con_4": b"", "con_5": b"1", "con_6": b"10"}[version]
    return out + layer_end(3 if innermost else 2)


def affine(
    rng: np.random.Generator, channels: int, *, kind: str = "affine_", gain: float = 1.0
) -> bytes:
    # Little shift: what comes out is what the picture put in, not the layers' own constants.
    scale = rng.uniform(0.8, 1.2, channels) * gain
    values = np.concatenate([scale, rng.uniform(-0.05, 0.05, channels)])
    out = text(kind) + tensor(2 * channels, values=values)
    out += alias(1, channels, 1, 1) * 2
    if kind == "bn_con2":
        for lowest, highest in ((-1, 1), (0.5, 1.5), (-0.05, 0.05), (0.8, 1.2)):
            statistics = rng.uniform(lowest, highest, channels)
            out += tensor(1, channels, values=statistics)
        out += integer(100) + integer(1000) + RATES + real(1e-4)
    else:
        out += integer(0) + (b"0" if kind == "affine_2" else b"")
    return out + layer_end()


def relu() -> bytes:
    return text("relu_") + layer_end()


def pool(name: str, window: int, stride: int) -> bytes:
    sizes = (window, window, stride, stride, 0, 0)
    return text(name) + b"".join(map(integer, sizes)) + layer_end()


def means() -> bytes:
    return real(122.782) + real(117.001) + real(104.298)


def detector(
    seed: int = 0,
    *,
    filters: tuple[int, ...] = (2, 3, 2, 3, 2, 3),
    windows: tuple[tuple[int, int], ...] = ((80, 80),),
    options: int = 2,
    affine_kind: str = "bn_con2",
    convolution_version: str = "con_4",
    regression: bool = False,
    bias: float = -1.0,
) -> bytes:
    rng = np.random.default_rng(seed)
    out = integer(1) + text("loss_mmod_") + integer(options)
    if options == 1:
        out += integer(windows[0][0]) + integer(windows[0][1])
    else:
        out += integer(len(windows))
        for width, height in windows:
            out += integer(2) + integer(width) + integer(height) + text("face")
    out += real(1.0) + real(1.0) + real(0.5) + real(0.3) + real(0.9) + real(0.5) + real(0.95)
    if options >= 3:
        out += b"\x01"
    if options >= 4:
        out += (b"1" if regression else b"0") + real(100.0)
    out += integer(2) * 18 + integer(3)
    out += text("input_rgb_image_pyramid2") + means() + integer(10) + integer(11)
    channels = 3
    for number, (shape, count) in enumerate(zip(DETECTOR_SHAPE[:-1], filters, strict=True)):
        out += convolution(
            rng, channels, count, *shape, innermost=number == 0, version=convolution_version
        )
        out += affine(rng, count, kind=affine_kind, gain=2.5) + relu()
        channels = count
    return out + convolution(rng, channels, len(windows), *DETECTOR_SHAPE[-1], bias=bias)


def encoder(seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    body = text("input_rgb_image_sized") + means() + integer(150) * 2
    body += convolution(rng, 3, 32, 7, 2, 0, innermost=True) + affine(rng, 32) + relu()
    body += pool("max_pool_2", 3, 2)
    versions = [3, 2, 2, 2]
    channels = 32
    for filters, blocks, halves in ENCODER_STAGES:
        for block in range(blocks):
            down = halves and block == 0
            body += convolution(rng, channels, filters, 3, 2 if down else 1, 0 if down else 1)
            body += affine(rng, filters) + relu()
            body += convolution(rng, filters, filters, 3, 1, 1) + affine(rng, filters)
            body += pool("avg_pool_2", 2, 2) if down else b""
            body += text("add_prev_") + layer_end() + relu()
            versions += [1, 2, 2, 2, 2, 2] + ([1, 1, 2] if down else []) + [2, 2]
            channels = filters
    versions += [2, 2]
    body += pool("avg_pool_2", 0, 1)
    matrix = rng.standard_normal(256 * 128) / 16
    body += text("fc_2") + integer(128) + integer(256)
    body += tensor(256, 128, values=matrix) + alias(256, 128, 1, 1) + alias(0, 0, 0, 0)
    body += integer(1) + RATES + layer_end()
    head = integer(1) + text("loss_metric_2") + real(0.04) + real(0.6)
    return head + b"".join(map(integer, reversed(versions))) + body
