"""Photos of white squares, looked at at other sizes by a detector that can be held up."""

import threading

import numpy as np
from PIL import Image
from squares import MeanEncoder, bright_squares

from toolkit.evaluation import photo_size
from toolkit.evaluation.photo_size_preview import PhotoLook
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject

SECONDS = 20
LEAST = {"cnn": 20, "hog": 40}
SETTINGS = AutopilotSettings(min_sharpness=0, min_size=0, threshold=0.5, jobs=1, long_edge=400)


class Squares:
    """Finds bright squares whose sides are long enough."""

    def __init__(self, name):
        self.name, self.least, self.asked = name, LEAST[name], []
        self.began, self.let = threading.Event(), threading.Event()
        self.let.set()

    def detect(self, image, path=None):
        if max(image.shape) > 100:
            self.asked.append(max(image.shape))
            self.began.set()
            assert self.let.wait(SECONDS)
        return bright_squares(image, self.least)


class Maker:
    def __init__(self):
        self.detectors, self.settings = {}, []

    def __call__(self, settings):
        self.settings.append(settings)
        detector = self.detectors.setdefault(settings.detector, Squares(settings.detector))
        return Subject("square", detector, MeanEncoder())


def save(path, *squares, size=(800, 600)):
    """Save a black photo with a white square for each left, top and side."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for left, top, side in squares:
        image[top : top + side, left : left + side] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def white_squares(at):
    """Save three photos: of three squares, of one, and of none."""
    save(at / "a.png", (40, 40, 100), (300, 100, 60), (560, 400, 30))
    save(at / "b.png", (40, 40, 100), size=(200, 300))
    save(at / "c.png")
    return at


def study_of(folder, make):
    return photo_size.resize(folder, long_edges=(0, 400), settings=SETTINGS, subject=make)


def look_of(folder, edge, boxes):
    rows = np.array(boxes, dtype=np.int64).reshape(-1, 4)
    return PhotoLook(folder, ("cnn", edge), 100, 100, rows, 0.5)
