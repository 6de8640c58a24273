"""Faces that say too little, made from good ones: covered, turned away, blurred, small or dark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from toolkit.errors import BadSetting

Rgb = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

# How wide a detector's box is, in distances between the eyes.
BOX = 2.2
# Half of the width of a head at the eyes, in distances between the eyes, and how far round it a
# photo from the front shows it.
HEAD, SEEN = 1.3, np.radians(75)


class Frame:
    """
    Places in a face: the middle between the eyes is (0, 0), the right eye in the picture (0.5, 0).

    Parameters
    ----------
    landmarks : numpy.ndarray
        Shape (5, 2), px: the corners of the eye on the right of the picture, of that on the left,
        and the nose, as dlib's 5 landmarks are.

    Attributes
    ----------
    unit : float
        Distance between the eyes, px.
    """

    def __init__(self, landmarks: Points) -> None:
        right, left = landmarks[0:2].mean(axis=0), landmarks[2:4].mean(axis=0)
        self.middle = (right + left) / 2
        self.across = right - left
        self.unit = max(float(np.hypot(*self.across)), 1e-6)

    def at(self, *places: tuple[float, float]) -> list[tuple[float, float]]:
        """Return places in the face, such as (0, 1.2) for the mouth, in px of the picture."""
        along = np.array([-self.across[1], self.across[0]])
        points = [self.middle + x * self.across + y * along for x, y in places]
        return [(float(x), float(y)) for x, y in points]


def _round(x: float, y: float, wide: float, high: float) -> list[tuple[float, float]]:
    """Return the outline of an ellipse."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return [(x + wide * float(np.cos(a)), y + high * float(np.sin(a))) for a in angles]


def _painted(
    image: Rgb, shapes: list[list[tuple[float, float]]], colour: Points, solid: float = 1.0
) -> Rgb:
    """Cover polygons, in px, with a colour; `solid` is how much of what is below it hides."""
    over = Image.new("L", (image.shape[1], image.shape[0]))
    draw = ImageDraw.Draw(over)
    for shape in shapes:
        draw.polygon(shape, fill=round(255 * solid))
    tone = tuple(int(np.clip(part, 0, 255)) for part in colour)
    picture = Image.fromarray(image)
    picture.paste(tone, mask=over.filter(ImageFilter.GaussianBlur(0.7)))
    return np.asarray(picture)


def _mask(image: Rgb, face: Frame, strength: float, draw: np.random.Generator) -> Rgb:
    """Cover the lower face, up to so far below the eyes; a fold and a shade as cloth has them."""
    top, colour = strength, draw.uniform(30, 245, 3)
    places = [
        *((-1.1, top + 0.2), (-0.5, top + 0.1), (0, top), (0.5, top + 0.1), (1.1, top + 0.2)),
        *((1.1, 1.2), (0.6, 1.85), (0, 2.1), (-0.6, 1.85), (-1.1, 1.2)),
    ]
    covered = _painted(image, [face.at(*places)], colour)
    fold = float(draw.uniform(1.0, 1.3))
    stripe = [face.at((-0.9, fold), (0.9, fold), (0.9, fold + 0.08), (-0.9, fold + 0.08))]
    return _painted(covered, stripe, colour * 0.8, 0.6)


def _glasses(image: Rgb, face: Frame, strength: float, draw: np.random.Generator) -> Rgb:
    """Put dark glasses on, so solid."""
    wide, high = float(draw.uniform(0.38, 0.5)), float(draw.uniform(0.28, 0.42))
    down = float(draw.uniform(0.0, 0.1))
    shapes = [_round(x, down, wide, high) for x in (-0.5, 0.5)]
    bridge = [(-1.1, down - 0.12), (1.1, down - 0.12), (1.1, down - 0.03), (-1.1, down - 0.03)]
    colour = draw.uniform(5, 60, 3)
    return _painted(image, [face.at(*shape) for shape in (*shapes, bridge)], colour, strength)


def _bar(image: Rgb, face: Frame, strength: float, draw: np.random.Generator) -> Rgb:
    """Put a bar over the eyes, so high."""
    tone = np.full(3, draw.choice([0, 255, 128]), dtype=np.float64)
    edge = strength / 2
    places = [(-1.2, -edge), (1.2, -edge), (1.2, edge), (-1.2, edge)]
    return _painted(image, [face.at(*places)], tone)


def _hand(image: Rgb, face: Frame, strength: float, draw: np.random.Generator) -> Rgb:
    """Hold four fingers and a palm before the face, so large."""
    x, y = face.at((0.0, 0.55))[0]
    row = int(np.clip(y, 0, image.shape[0] - 1))
    column = int(np.clip(x, 0, image.shape[1] - 1))
    skin = image[row, column].astype(np.float64) * draw.uniform(0.75, 1.15)
    right, down = float(draw.uniform(-0.5, 0.5)), float(draw.uniform(0.5, 1.3))
    turn = float(draw.uniform(0, 2 * np.pi))
    cos, sin = np.cos(turn), np.sin(turn)

    def turned(shape: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return face.at(*((right + cos * a - sin * b, down + sin * a + cos * b) for a, b in shape))

    covered = _painted(image, [turned(_round(0, 0.7 * strength, strength * 0.7, strength))], skin)
    for finger in range(4):
        place = (finger - 1.5) * 0.34 * strength
        shade = skin * (0.92 if finger % 2 else 1.06)
        shape = turned(_round(place, -0.4 * strength, 0.17 * strength, 0.75 * strength))
        covered = _painted(covered, [shape], shade)
    return covered


def _cap(image: Rgb, face: Frame, strength: float, draw: np.random.Generator) -> Rgb:
    """Pull a cap down to so far above the middle of the eyes, with a shadow below its brim."""
    colour, edge = draw.uniform(10, 220, 3), -strength
    crown = [(-1.4, edge), (-1.3, -1.2), (-0.7, -1.9), (0.7, -1.9), (1.3, -1.2), (1.4, edge)]
    shadow = [(-1.2, edge), (1.2, edge), (1.1, edge + 0.5), (-1.1, edge + 0.5)]
    shaded = _painted(image, [face.at(*shadow)], np.zeros(3), 0.5)
    return _painted(shaded, [face.at(*crown)], colour)


def _yaw(image: Rgb, face: Frame, strength: float, draw: np.random.Generator) -> Rgb:
    """
    Turn the head away by so many degrees, as far as a picture from the front can show it.

    The head is taken for an upright cylinder. What the picture does not show of it, behind
    `SEEN`, is drawn out from what it shows last.
    """
    turn = np.radians(strength) * draw.choice([-1.0, 1.0])
    angle = float(np.arctan2(face.across[1], face.across[0]))
    cos, sin = np.cos(angle), np.sin(angle)
    height, width = image.shape[:2]
    down, right = np.mgrid[0:height, 0:width].astype(np.float64)
    right, down = right - face.middle[0], down - face.middle[1]
    x, y = (cos * right + sin * down) / face.unit, (cos * down - sin * right) / face.unit
    # The middle of the face moves sideways as the head turns; the box goes with the head.
    inside = np.abs(x) < HEAD
    round_it = np.arcsin(np.clip(x / HEAD, -1, 1)) - turn
    source = np.where(inside, HEAD * np.sin(np.clip(round_it, -SEEN, SEEN)), x)
    # The neck and what is above the head stay.
    fade = np.clip((2.4 - np.abs(y - 0.4)) / 0.4, 0, 1)
    source = fade * source + (1 - fade) * x
    columns = face.middle[0] + face.unit * (cos * source - sin * y)
    rows = face.middle[1] + face.unit * (sin * source + cos * y)
    columns = np.clip(np.rint(columns), 0, width - 1).astype(np.int64)
    rows = np.clip(np.rint(rows), 0, height - 1).astype(np.int64)
    turned: Rgb = image[rows, columns]
    return turned


def _blur(image: Rgb, face: Frame, strength: float, draw: np.random.Generator) -> Rgb:
    """Blur by a Gaussian, its radius as a share of the distance between the eyes."""
    radius = strength * face.unit
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def _small(image: Rgb, face: Frame, strength: float, draw: np.random.Generator) -> Rgb:
    """Shrink until a box of the face has so many px, and enlarge again."""
    picture = Image.fromarray(image)
    share = min(1.0, strength / (BOX * face.unit))
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    shrunk = picture.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(shrunk.resize(picture.size, Image.Resampling.BICUBIC))


def _dark(image: Rgb, face: Frame, strength: float, draw: np.random.Generator) -> Rgb:
    """Leave so much of the light, with the noise that a camera then has."""
    noisy = image * strength + draw.normal(0, 9, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


Change = Callable[[Rgb, Frame, float, np.random.Generator], Rgb]
_KINDS: dict[str, tuple[Change, tuple[float, ...]]] = {
    "mask": (_mask, (0.6, 0.35)),
    "glasses": (_glasses, (0.8, 1.0)),
    "bar": (_bar, (0.5, 0.8)),
    "hand": (_hand, (0.6, 0.9)),
    "cap": (_cap, (0.35, 0.15)),
    "yaw": (_yaw, (30.0, 60.0, 90.0)),
    "blur": (_blur, (0.05, 0.1, 0.2)),
    "small": (_small, (40.0, 25.0, 16.0)),
    "dark": (_dark, (0.15, 0.07)),
}
# What can be done to a face, and how much of it is tried, the least first.
STRENGTHS: dict[str, tuple[float, ...]] = {kind: tried for kind, (_, tried) in _KINDS.items()}


def degrade(image: Rgb, landmarks: Points, kind: str, strength: float, *, seed: int) -> Rgb:
    """
    Make a face say less.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (h, w, 3), uint8, RGB.
    landmarks : numpy.ndarray
        Shape (5, 2), px: as for `Frame`.
    kind : str
        One of `STRENGTHS`. "mask", "glasses", "bar", "hand" and "cap" cover some of it, "yaw" turns
        the head, "blur", "small" and "dark" leave less to see.
    strength : float
        How much: for "mask" and "cap" how far below or above the eyes it ends, and for "bar" and
        "hand" how large it is, in distances between the eyes; how solid "glasses" are, 0 to 1;
        degrees of "yaw"; the radius of "blur", in distances between the eyes; px of the box for
        "small"; how much light "dark" leaves, 0 to 1.
    seed : int
        What is drawn (colours, places) follows from it.

    Returns
    -------
    numpy.ndarray
        Shape (h, w, 3), uint8.

    Raises
    ------
    BadSetting
        If there is no such kind.
    """
    if kind not in _KINDS:
        raise BadSetting(f"the kind is {kind!r}; expected one of {', '.join(_KINDS)}")
    change, _ = _KINDS[kind]
    return change(image, Frame(landmarks), strength, np.random.default_rng(seed))
