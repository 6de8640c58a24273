"""
Photos of packed goods, drawn by code, as a seller would take them.

Each product has a label of its own. Products come in pairs of one maker, which share colours and
drawing and differ by a word and a picture, so that what compares colours alone takes one for the
other.
"""

from __future__ import annotations

import colorsys
import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from toolkit.errors import BadSetting
from toolkit.photos.sample import put, refuse_others

SIDE = 480
TRUTH, CATALOGUE = "truth.csv", "catalogue.csv"
CATALOGUE_COLUMNS = ("product", "maker", "kind", "flavour", "content", "price", "shipping")
TRUTH_COLUMNS = ("photo", "product")

MAKERS = ("Alba", "Brisa", "Cedro", "Duna", "Estela", "Faro", "Globo", "Halma")
KINDS = ("tea", "soap", "biscuits", "juice", "rice", "cocoa", "honey", "salt")
FLAVOURS = (("plain", "lemon"), ("mild", "strong"), ("apple", "cherry"), ("small", "large"))
CONTENTS = ("250 g", "500 g", "1 kg", "0.5 l")
# Example photos of each product in the catalogue, and photos of each to be sorted.
EXAMPLES, PHOTOS = 4, 4
# Photos of products that the catalogue does not have: of each, and how many products.
UNKNOWN = 2

_WIDE, _HIGH = 300, 400
_LABEL, _PHOTO = range(2)

Rgb = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Product:
    """
    One product.

    Attributes
    ----------
    name : str
        Maker, kind and flavour: what its folder is called.
    maker, kind, flavour, content : str
        What is printed on it.
    pair : int
        Which two it is one of.
    """

    name: str
    maker: str
    kind: str
    flavour: str
    content: str
    pair: int


def save(folder: str | Path, *, products: int = 8, seed: int = 0) -> list[Path]:
    """
    Draw photos of goods, a catalogue of most of them, and who is what.

    The same call always makes the same files.

    Parameters
    ----------
    folder : str or Path
        A folder that does not exist or is empty, or holds the same photos.
    products : int
        At least 4, at most 16. The last two are not in the catalogue.
    seed : int
        Of the labels and photos; not negative.

    Returns
    -------
    list of Path
        The photos to be sorted, under ``folder/photos``. ``folder/catalogue`` has a folder of
        example photos for each product but the last two, and ``catalogue.csv``;
        ``folder/truth.csv`` says which product each photo shows.

    Raises
    ------
    BadFolder
        If the folder holds anything else, or cannot be written.
    BadSetting
        If the number of products cannot be, or the seed is negative.
    """
    out = Path(folder)
    every = goods(products=products, seed=seed)
    known = every[:-UNKNOWN]
    names = {f"catalogue/{CATALOGUE}", TRUTH}
    shots = [(f"photos/IMG_{n:04}.jpg", each) for n, each in _order(every, seed)]
    examples = [
        (f"catalogue/{each.name}/{number}.jpg", each)
        for each in known
        for number in range(EXAMPLES)
    ]
    refuse_others(out, names | {name for name, _ in [*shots, *examples]})
    labels = {each.name: label(each, seed=seed) for each in every}
    content: dict[str, bytes] = {}
    for number, (name, each) in enumerate([*shots, *examples]):
        rng = np.random.default_rng([seed, _PHOTO, number])
        content[name] = _jpeg(photo(labels[each.name], rng))
    content[TRUTH] = _table(
        TRUTH_COLUMNS, [(name.removeprefix("photos/"), each.name) for name, each in shots]
    )
    rng = np.random.default_rng([seed, _PHOTO])
    content[f"catalogue/{CATALOGUE}"] = _table(
        CATALOGUE_COLUMNS,
        [
            (*(x.name, x.maker, x.kind, x.flavour, x.content), f"{rng.uniform(2, 20):.2f}", "3.90")
            for x in known
        ],
    )
    put(out, content)
    return [out / name for name, _ in shots]


def goods(*, products: int = 8, seed: int = 0) -> tuple[Product, ...]:
    """
    Return what is drawn; parameters and errors as of `save`.

    Two of a pair follow each other. Where the number is odd, the last is alone.
    """
    if not 4 <= products <= 2 * len(MAKERS):
        raise BadSetting(f"products is {products}; expected 4 to {2 * len(MAKERS)}")
    if seed < 0:
        raise BadSetting(f"seed is {seed}; expected 0 or more")
    found = []
    for number in range(products):
        pair, second = divmod(number, 2)
        maker, kind = MAKERS[pair], KINDS[(pair + seed) % len(KINDS)]
        flavour = FLAVOURS[pair % len(FLAVOURS)][second]
        content = CONTENTS[pair % len(CONTENTS)]
        found.append(Product(f"{maker} {kind} {flavour}", maker, kind, flavour, content, pair))
    return tuple(found)


def label(product: Product, *, seed: int = 0) -> Rgb:
    """
    Draw the front of a product.

    Returns
    -------
    numpy.ndarray
        Shape (400, 300, 3), uint8, RGB.
    """
    own = [seed, _LABEL, product.pair]
    rng = np.random.default_rng(own)
    # Makers are as far apart in colour and pattern as shops have them.
    hue = (product.pair / len(MAKERS) + rng.uniform(0, 0.06)) % 1
    ground = np.array(colorsys.hsv_to_rgb(hue, rng.uniform(0.45, 0.9), rng.uniform(0.6, 0.95)))
    ground = (ground * 255).astype(int)
    dark = (ground * 0.35).astype(int)
    picture = Image.new("RGB", (_WIDE, _HIGH), tuple(ground.tolist()))
    draw = ImageDraw.Draw(picture)
    # What the two of a maker share: a pattern behind, a band, the maker's name.
    for _ in range(28):
        x, y, size = rng.uniform(0, _WIDE), rng.uniform(0, _HIGH), rng.uniform(4, 26)
        tone = tuple(int(v) for v in np.clip(ground + rng.integers(-45, 45, 3), 0, 255))
        pattern = product.pair % 4
        if pattern == 0:
            turns = np.sort(rng.uniform(0, 2 * np.pi, 5))
            draw.polygon([(x + size * np.cos(a), y + size * np.sin(a)) for a in turns], tone)
        elif pattern == 1:
            draw.rectangle((x - size / 3, 0, x + size / 3, _HIGH), tone)
        elif pattern == 2:
            draw.ellipse((x - size, y - size, x + size, y + size), outline=tone, width=5)
        else:
            draw.line((0, y, _WIDE, y + 10 * size - 150), tone, 1 + round(size / 3))
    draw.rectangle((0, 60, _WIDE, 128), tuple(dark.tolist()))
    _text(draw, product.maker, 94, 46, (250, 245, 230))
    # And what each has of its own: a drawing, the words.
    rng = np.random.default_rng([*own, *product.flavour.encode()])
    light = tuple(int(v) for v in rng.integers(120, 256, 3))
    draw.ellipse((60, 145, 240, 305), (248, 244, 232))
    for _ in range(9):
        x, y, size = rng.uniform(90, 210), rng.uniform(175, 275), rng.uniform(8, 34)
        tone = tuple(int(v) for v in rng.integers(0, 220, 3))
        shape = rng.integers(3)
        if shape == 0:
            draw.ellipse((x - size, y - size / 2, x + size, y + size / 2), tone)
        elif shape == 1:
            draw.regular_polygon((x, y, size * 0.8), int(rng.integers(3, 8)), fill=tone)
        else:
            draw.line((x - size, y, x + size, y + rng.uniform(-size, size)), tone, 5)
    draw.rectangle((20, 312, _WIDE - 20, 350), light)
    _text(draw, product.flavour, 331, 30, tuple(dark.tolist()))
    _text(draw, f"{product.kind}  {product.content}", 374, 26, (250, 245, 230))
    return np.asarray(picture)


def photo(front: Rgb, rng: np.random.Generator) -> Rgb:
    """
    Photograph the front of a product: somewhere, from somewhere, in some light.

    Parameters
    ----------
    front : numpy.ndarray
        Shape (h, w, 3), uint8, RGB.
    rng : numpy.random.Generator
        What chance decides by.

    Returns
    -------
    numpy.ndarray
        Shape (480, 480, 3), uint8, RGB.
    """
    scene = _ground(rng)
    scale = rng.uniform(0.85, 1.1)
    wide, high = _WIDE * scale, _HIGH * scale
    left, top = (SIDE - wide) / 2 + rng.uniform(-45, 45), (SIDE - high) / 2 + rng.uniform(-15, 15)
    turn = np.deg2rad(rng.uniform(-9, 9))
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]])
    corners = corners + rng.uniform(-0.05, 0.05, (4, 2)) * wide
    middle = np.array([wide, high]) / 2
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = (corners - middle) @ spin.T + middle + [left, top]
    drawn = np.array([[0, 0], [_WIDE, 0], [_WIDE, _HIGH], [0, _HIGH]], dtype=np.float64)
    size, way = (SIDE, SIDE), Image.Transform.PERSPECTIVE
    how = _perspective(corners, drawn)
    shown = Image.fromarray(front).transform(size, way, how, Image.Resampling.BICUBIC)
    whole = Image.new("L", front.shape[1::-1], 255)
    mask = whole.transform(size, way, how, Image.Resampling.BILINEAR)
    shadow = mask.filter(ImageFilter.GaussianBlur(12))
    dark = Image.fromarray((np.asarray(scene) * 0.45).astype(np.uint8))
    scene.paste(dark, (10, 14), shadow)
    scene.paste(shown, (0, 0), mask)
    pixels = np.asarray(scene, dtype=np.float64)
    # Light from one side, its colour, and the sensor's noise.
    slope = np.linspace(-1, 1, SIDE)[None, :, None] * rng.uniform(-0.2, 0.2)
    pixels = pixels * (rng.uniform(0.75, 1.15) + slope) * rng.uniform(0.94, 1.06, 3)
    pixels = pixels + rng.normal(0, 4, pixels.shape)
    found = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return np.asarray(found.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.1))))


def _ground(rng: np.random.Generator) -> Image.Image:
    """Draw a table, a cloth or a shelf."""
    tone = rng.integers(90, 225) + rng.integers(-22, 23, 3)
    pixels = np.ones((SIDE, SIDE, 3)) * tone
    way = rng.integers(3)
    if way == 0:
        grain = np.repeat(rng.normal(0, 14, (SIDE, 1, 1)), SIDE, axis=1)
        pixels = pixels + grain + rng.normal(0, 5, (SIDE, SIDE, 1))
    elif way == 1:
        squares = (np.indices((SIDE, SIDE)) // int(rng.integers(20, 60))).sum(axis=0) % 2
        pixels = pixels + squares[:, :, None] * (rng.uniform(-40, 40) + rng.uniform(-15, 15, 3))
    else:
        pixels[int(rng.uniform(300, 440)) :] *= rng.uniform(0.5, 0.9)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _perspective(seen: npt.NDArray[np.float64], drawn: npt.NDArray[np.float64]) -> list[float]:
    """Return the eight numbers by which Pillow finds what of the drawing is seen where."""
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, drawn, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    found: list[float] = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    return found


def _text(
    draw: ImageDraw.ImageDraw, text: str, middle: float, size: int, colour: tuple[int, ...]
) -> None:
    font = ImageFont.load_default(size)
    draw.text((_WIDE / 2, middle), text, colour, font, anchor="mm")


def _order(every: tuple[Product, ...], seed: int) -> list[tuple[int, Product]]:
    """Return the products as they are photographed, several times each, in any order."""
    several = [each for each in every for _ in range(PHOTOS)]
    order = np.random.default_rng([seed, _PHOTO, len(several)]).permutation(len(several))
    return [(number + 1, several[place]) for number, place in enumerate(order)]


def _jpeg(picture: Rgb) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8")
