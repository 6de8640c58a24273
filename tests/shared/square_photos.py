"""Photos of squares, and a subject whose losses at each size can be worked out by hand."""

from pathlib import Path

import numpy as np
from PIL import Image
from squares import MeanEncoder, bright_squares

from toolkit.evaluation.photo_size import resize
from toolkit.records import Detection
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE

COLOURS = {"ann": (255, 0, 0), "bob": (0, 255, 0), "cem": (0, 0, 255)}
PLAIN = AutopilotSettings(min_sharpness=0, min_size=0, threshold=0.5, jobs=1)
LEAST = {"cnn": 10, "hog": 20}


class SquareDetector:
    """Finds bright squares whose sides are long enough; counts how often it is asked."""

    def __init__(self, name: str, least: float) -> None:
        self.name, self.least, self.asked = name, least, []

    def detect(self, image: np.ndarray, path: Path | None = None) -> list[Detection]:
        self.asked.append(max(image.shape))
        return bright_squares(image, self.least)


def squares(settings: AutopilotSettings) -> Subject:
    return Subject(
        "square",
        SquareDetector(settings.detector, LEAST[settings.detector]),
        MeanEncoder(),
        FACE.words,
    )


def save(path: Path, *faces: tuple[str, int, int, int], size: tuple[int, int] = (400, 600)) -> None:
    """Save a black photo with a square for each name, left, top and side."""
    image = np.zeros((*size, 3), np.uint8)
    for name, left, top, side in faces:
        image[top : top + side, left : left + side] = COLOURS[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def six_faces(folder: Path) -> Path:
    """Save photos with six faces: of 20, 30, 30, 60, 60 and 120 px."""
    save(folder / "one.png", ("ann", 0, 0, 120), ("bob", 300, 60, 60), ("cem", 480, 300, 30))
    save(folder / "two.png", ("ann", 30, 30, 60), ("bob", 300, 300, 30), ("cem", 400, 60, 20))
    save(folder / "none.png")
    return folder


def study(folder: Path, **more):
    told = {"long_edges": (0, 300, 120), "settings": PLAIN, "subject": squares, **more}
    return resize(folder, **told)
