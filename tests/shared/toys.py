"""
Two subjects that are no faces, each whole in itself: what a subject has to bring, and no more.

`HUE` are lamps, told apart by the direction of their colour, however bright (vectors, cosine).
`CARD` are cards with a pattern of dots, compared pair by pair with a shortlist; two cards in one
photo may be of one make.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from toolkit.calibration import Calibration
from toolkit.names import SubjectInfo, Words
from toolkit.records import Box, Detection, EncoderInfo, Features, PairScores
from toolkit.subjects.base import Subject
from toolkit.subjects.settings import ScanSettings, again

SIDE = 64
CELLS = 8

LAMP = SubjectInfo("lamp", Words("lamp", "lamps", "owner", "owners"))
CARD = SubjectInfo("card", Words("card", "cards", "make", "makes"), exclusive_in_photo=False)

HUES = {"red": (1, 0, 0), "lime": (0.6, 1, 0), "blue": (0, 0.2, 1), "pink": (1, 0, 0.8)}


class Squares:
    """Finds squares of `SIDE` px side by side that are not black."""

    name = "squares"

    def detect(self, image: np.ndarray, path: Path | None = None) -> list[Detection]:
        found = []
        for left in range(0, image.shape[1] - SIDE + 1, SIDE):
            if image[:SIDE, left : left + SIDE].max() > 20:
                found.append(Detection(Box(left, 0, left + SIDE, SIDE), 1.0))
        return found


def cut(image: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """Return the squares in these boxes."""
    parts = [image[box.top : box.bottom, box.left : box.right] for box in boxes]
    return np.stack(parts) if parts else np.zeros((0, SIDE, SIDE, 3), np.uint8)


class HueEncoder:
    """Describes a lamp by its mean colour: where that points to is its hue."""

    info = EncoderInfo("hue", "1" * 64, 3, "cosine", Calibration(slope=400.0, even=0.05))

    def chips(self, image: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
        return cut(image, boxes)

    def encode(self, chips: np.ndarray) -> np.ndarray:
        return (chips.reshape(len(chips), -1, 3).mean(axis=1) / 255).astype(np.float32)


class DotMatcher:
    """Compares cards dot by dot; only those with about as many dots are worth it."""

    info = EncoderInfo("dots", "2" * 64, 0, "pairs", Calibration(slope=60.0, even=0.2))
    farthest = 1.0
    scores = ("wrong dots",)

    def __init__(self) -> None:
        self.compared = 0

    def chips(self, image: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
        return cut(image, boxes)

    def features(self, chips: np.ndarray) -> list[Features]:
        step = SIDE // CELLS
        cells = chips[:, step // 2 :: step, step // 2 :: step, 0] > 128
        return [{"dots": each.astype(np.uint8)} for each in cells]

    def shortlist(
        self, features: Sequence[Features], known: Sequence[Features] | None = None
    ) -> np.ndarray:
        ours = np.array([each["dots"].sum() for each in features], dtype=np.int64)
        theirs = ours if known is None else np.array([x["dots"].sum() for x in known], np.int64)
        return np.argwhere(np.abs(ours[:, None] - theirs) <= 6)

    def compare(self, one: Features, other: Features) -> np.ndarray:
        self.compared += 1
        return np.array([(one["dots"] != other["dots"]).mean()], np.float32)

    def distances(self, found: PairScores) -> np.ndarray:
        return found.values[:, 0]


@dataclass(frozen=True, kw_only=True)
class LampSettings(ScanSettings):
    """Settings of lamps."""

    subject: ClassVar[SubjectInfo] = LAMP
    long_edge: int = again(ScanSettings, "long_edge", default=1000)

    def make_subject(self) -> Subject:
        return Subject(LAMP.name, Squares(), HueEncoder(), LAMP.words, LAMP.exclusive_in_photo)


@dataclass(frozen=True, kw_only=True)
class CardSettings(ScanSettings):
    """Settings of cards."""

    subject: ClassVar[SubjectInfo] = CARD
    long_edge: int = again(ScanSettings, "long_edge", default=1000)

    def make_subject(self) -> Subject:
        return Subject(CARD.name, Squares(), DotMatcher(), CARD.words, CARD.exclusive_in_photo)


def lamp(hue: str, brightness: float, seed: int) -> np.ndarray:
    """Return a picture of a lamp; a lamp of one hue is another picture each time."""
    noise = np.random.default_rng(seed).uniform(0.9, 1.0, (SIDE, SIDE, 1))
    return (255 * brightness * noise * np.array(HUES[hue])).astype(np.uint8)


def card(make: int, flips: int, seed: int) -> np.ndarray:
    """Return a picture of a card of a make, with some of its dots wrong."""
    cells = np.random.default_rng(make).random((CELLS, CELLS)) < 0.5
    rng = np.random.default_rng(1000 + seed)
    wrong = rng.choice(cells.size, flips, replace=False)
    cells.flat[wrong] ^= True
    picture = np.kron(np.where(cells, 230, 40), np.ones((SIDE // CELLS, SIDE // CELLS)))
    picture = picture + rng.integers(-10, 10, picture.shape)
    return np.repeat(picture[:, :, None], 3, axis=2).astype(np.uint8)


def save(path: Path, *squares: np.ndarray) -> Path:
    """Save a photo of squares side by side; of none, a black one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((SIDE, SIDE * max(1, len(squares)), 3), np.uint8)
    for place, square in enumerate(squares):
        image[:, place * SIDE : (place + 1) * SIDE] = square
    Image.fromarray(image).save(path)
    return path


@dataclass(frozen=True)
class Toy:
    """
    A subject, photos of it, and who is in them.

    Attributes
    ----------
    settings : type
        Its settings.
    truth : dict of str to tuple of str
        The individuals of each photo, from left to right.
    known : tuple of str
        Those of whom there are examples.
    """

    info: SubjectInfo
    settings: type[ScanSettings]
    truth: dict[str, tuple[str, ...]]
    known: tuple[str, ...]

    def square(self, who: str, seed: int) -> np.ndarray:
        if self.info is LAMP:
            return lamp(who, (1.0, 0.35, 0.6)[seed % 3], seed)
        return card(int(who), seed % 3, seed)

    def save_photos(self, folder: Path) -> Path:
        for number, (name, who) in enumerate(self.truth.items()):
            squares = [self.square(each, 10 * number + k) for k, each in enumerate(who)]
            save(folder / name, *squares)
        return folder

    def save_known(self, folder: Path) -> Path:
        for number, who in enumerate(self.known):
            for k in range(2):
                square = self.square(who, 500 + 10 * number + k)
                save(folder / f"the {who}" / f"{k}.png", square)
        return folder


LAMPS = Toy(
    LAMP,
    LampSettings,
    {
        "1.png": ("red",),
        "2.png": ("red", "blue"),
        "3.png": ("blue",),
        "in/4.png": ("red", "lime"),
        "in/5.png": ("blue", "pink"),
        "6.png": ("red",),
        "none.png": (),
    },
    ("red", "blue"),
)
CARDS = Toy(
    CARD,
    CardSettings,
    {
        "1.png": ("7",),
        "2.png": ("7", "11"),
        "3.png": ("11", "11"),
        "in/4.png": ("7", "13"),
        "in/5.png": ("11", "17"),
        "6.png": ("7",),
        "none.png": (),
    },
    ("7", "11"),
)
