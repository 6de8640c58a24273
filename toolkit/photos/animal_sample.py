"""
Photos of striped and spotted animals, drawn by code, as motion cameras would take them.

Each individual has a pattern of its own on either flank. Stations have scenes that do not change,
so that whatever compares whole pictures finds the same rocks before it finds the same animal.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from toolkit.errors import BadSetting
from toolkit.photos.sample import put, refuse_others

Floats = npt.NDArray[np.float64]

WIDTH, HEIGHT = 900, 600
TRUTH, STATIONS, BOXES = "truth.csv", "stations.csv", "boxes.json"
TRUTH_COLUMNS = (
    "photo", "individual", "flank", "station", "taken_at", "left", "top", "right", "bottom",
)  # fmt: skip
STATION_COLUMNS = ("station", "latitude", "longitude", "setup_date", "retrieval_date")

# Where the cameras stand, and when they did.
PLACES = {
    "Gully": (43.182, 100.611),
    "Ridge": (43.215, 100.574),
    "Saddle": (43.247, 100.652),
    "Spring": (43.163, 100.702),
}
BEGAN = datetime(2024, 5, 1)
DAYS = 60

# The animal is drawn at this size, its head to the left, and then put into the scene.
_ACROSS, _DOWN = 640, 440
# Scenes go on for so many px beyond what a photo shows, on each side.
_SHAKE = 3
# What a seed is for, so that no two things are drawn from the same numbers.
_FLANK, _SCENE, _PHOTO, _VISITS, _COAT = range(5)


@dataclass(frozen=True)
class Animal:
    """
    One animal in one photo.

    Attributes
    ----------
    individual : str
        Whose photo it is.
    flank : str
        "left" or "right": the side that is seen. The head is on that side of the photo.
    place : float
        How far right of the middle it stands, in widths of the photo.
    size : float
        1 fills two thirds of the photo's width.
    """

    individual: str
    flank: str
    place: float = 0.0
    size: float = 1.0


@dataclass(frozen=True)
class Shot:
    """
    One photo.

    Attributes
    ----------
    photo : str
        Path from the folder of photos on: the station, then a name that ends in the flank.
    station : str
        Key of `PLACES`.
    taken_at : datetime
        By the camera's clock.
    animals : tuple of Animal
        Those in it; none in an empty scene.
    """

    photo: str
    station: str
    taken_at: datetime
    animals: tuple[Animal, ...]


def save(folder: str | Path, *, individuals: int = 8, seed: int = 0) -> list[Path]:
    """
    Draw photos of striped and spotted animals at four stations, and tables of what is in them.

    Visits are bursts of one to three photos of a flank; some show both flanks. One photo has two
    animals, one at each station has none. The same call always makes the same files.

    Parameters
    ----------
    folder : str or Path
        A folder that does not exist or is empty, or holds the same photos.
    individuals : int
        At least 2; every other one is striped.
    seed : int
        Of the patterns, scenes and visits; not negative.

    Returns
    -------
    list of Path
        The photos, under ``folder/photos``, in a folder for each station. ``folder/truth.csv`` says
        who is where in each (a row for each animal, and one without a name for an empty scene),
        ``folder/stations.csv`` where the stations are, and ``folder/boxes.json`` where the animals
        are, as MegaDetector says it.

    Raises
    ------
    BadFolder
        If the folder holds anything else, or cannot be written.
    BadSetting
        If there are too few individuals, or the seed is negative.
    """
    out = Path(folder)
    taken = shots(individuals=individuals, seed=seed)
    refuse_others(out, {STATIONS, TRUTH, BOXES, *(f"photos/{shot.photo}" for shot in taken)})
    content: dict[str, bytes] = {}
    rows: list[tuple[object, ...]] = []
    found: list[dict[str, object]] = []
    coats: dict[tuple[str, str], Floats] = {}
    scenes = {station: _scene(at, seed) for at, station in enumerate(PLACES)}
    for number, shot in enumerate(taken):
        for animal in shot.animals:
            key = (animal.individual, animal.flank)
            if key not in coats:
                coats[key] = coat(*key, seed=seed)
        rng = np.random.default_rng([seed, _PHOTO, number])
        picture, boxes = _photo(shot, scenes[shot.station], coats, rng)
        content[f"photos/{shot.photo}"] = _jpeg(picture, shot)
        at = (shot.station, shot.taken_at.isoformat(sep=" "))
        for animal, box in zip(shot.animals, boxes, strict=True):
            rows.append((shot.photo, animal.individual, animal.flank, *at, *box))
        found.append({"file": shot.photo, "detections": [_detection(box) for box in boxes]})
        if not shot.animals:
            rows.append((shot.photo, "", "", *at, "", "", "", ""))
    content[STATIONS] = _table(
        STATION_COLUMNS,
        [
            (name, *place, BEGAN.date(), (BEGAN + timedelta(days=DAYS)).date())
            for name, place in PLACES.items()
        ],
    )
    content[TRUTH] = _table(TRUTH_COLUMNS, rows)
    results = {
        "info": {"format_version": "1.4", "detector": "drawn"},
        "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
        "images": found,
    }
    content[BOXES] = (json.dumps(results, indent=1) + "\n").encode("ascii")
    put(out, content)
    return [out / name for name in content if name.startswith("photos/")]


def _detection(box: tuple[int, int, int, int]) -> dict[str, object]:
    left, top, right, bottom = box
    shares = (
        *(left / WIDTH, top / HEIGHT),
        *((right - left) / WIDTH, (bottom - top) / HEIGHT),
    )
    return {"category": "1", "conf": 0.95, "bbox": [round(each, 4) for each in shares]}


def shots(*, individuals: int = 8, seed: int = 0) -> tuple[Shot, ...]:
    """
    Return what is photographed, where and when, in the order of stations and times.

    Parameters
    ----------
    individuals, seed : int
        As `save` takes them.

    Raises
    ------
    BadSetting
        If there are too few individuals, or the seed is negative.
    """
    if individuals < 2:
        raise BadSetting(f"individuals is {individuals!r}; expected at least 2")
    if seed < 0:
        raise BadSetting(f"seed is {seed!r}; expected 0 or more")
    names = [f"{'Striped' if at % 2 == 0 else 'Spotted'} {at + 1:02d}" for at in range(individuals)]
    rng = np.random.default_rng([seed, _VISITS])
    stations = list(PLACES)
    taken: list[tuple[str, datetime, tuple[Animal, ...]]] = []

    def when() -> datetime:
        # In daylight.
        seconds = int(rng.integers(6 * 3600, 19 * 3600))
        return BEGAN + timedelta(days=int(rng.integers(1, DAYS - 1)), seconds=seconds)

    for at, name in enumerate(names):
        # Few individuals are seen often. The last one is seen once, and from one side.
        visits = 1 if at == len(names) - 1 and at > 1 else int(rng.integers(2, 5))
        places = rng.permutation(len(stations))
        for visit in range(visits):
            station, time = stations[places[visit % len(stations)]], when()
            both = visit == 0 and visits > 1
            flanks = ("left", "right") if both else (str(rng.choice(["left", "right"])),)
            for flank in flanks:
                place, size = float(rng.uniform(-0.1, 0.1)), float(rng.uniform(0.78, 1.05))
                for _ in range(int(rng.integers(1, 4))):
                    animal = Animal(name, flank, place, size)
                    taken.append((station, time, (animal,)))
                    time += timedelta(seconds=int(rng.integers(1, 4)))
                    place += float(rng.uniform(-0.03, 0.03))
                time += timedelta(seconds=int(rng.integers(15, 50)))
    pair = (Animal(names[0], "left", -0.25, 0.68), Animal(names[1], "left", 0.25, 0.66))
    taken.append((stations[0], when(), pair))
    taken += [(station, when(), ()) for station in stations]
    taken.sort(key=lambda each: each[:2])
    numbers = dict.fromkeys(stations, 0)
    made = []
    for station, time, animals in taken:
        numbers[station] += 1
        ending = f"_{animals[0].flank}" if animals else ""
        name = f"{station}/IMG_{numbers[station]:04d}{ending}.jpg"
        made.append(Shot(name, station, time, animals))
    return tuple(made)


def coat(individual: str, flank: str, *, seed: int = 0) -> Floats:
    """
    Return the pattern of a flank: 0 where it is light, 1 where it is dark, head to the left.

    White noise goes through what lets waves of one length pass, again and again, and is squashed
    in between: what is left are stripes that fork, or spots, as reaction and diffusion make them.

    Parameters
    ----------
    individual : str
        A name that begins with "Striped" has stripes, others spots.
    flank : str
        "left" or "right".
    seed : int
        Of all patterns.

    Raises
    ------
    BadSetting
        If the flank is neither.
    """
    if flank not in ("left", "right"):
        raise BadSetting(f"flank is {flank!r}; expected left or right")
    letters = [*individual.encode("utf-8"), flank == "left"]
    rng = np.random.default_rng([seed, _FLANK, *letters])
    # What both flanks share: how wide the pattern is.
    wave = np.random.default_rng([seed, _COAT, *letters[:-1]]).uniform(0.85, 1.15)
    down = np.fft.fftfreq(_DOWN)[:, None]
    across = np.fft.rfftfreq(_ACROSS)[None, :]
    length = np.hypot(down, across)
    striped = individual.startswith("Striped")
    wanted = 1 / ((34 if striped else 38) * wave)
    ring = np.exp(-(((length - wanted) / ((0.34 if striped else 0.22) * wanted)) ** 2))
    if striped:
        angle = np.arctan2(down, across)
        ring = ring * np.exp(-(((angle - rng.uniform(-0.2, 0.2)) / 0.7) ** 2))
    field = rng.normal(size=(_DOWN, _ACROSS))
    # Stripes that settle longer lose their forks.
    for _ in range(3 if striped else 12):
        field = np.fft.irfft2(np.fft.rfft2(field) * ring, s=field.shape)
        field = field / field.std()
        # The square makes one side of the waves win: spots on a light coat.
        field = np.tanh(1.4 * field if striped else 1.2 * field + 0.35 * (field**2 - 1))
    edge = np.fft.irfft2(np.fft.rfft2(field) * np.exp(-((length / 0.09) ** 2)), s=field.shape)
    level = np.quantile(edge, 0.56 if striped else 0.68)
    dark = 1 / (1 + np.exp(-(edge - level) * 9 / edge.std()))
    # Flecks within, smaller and fainter, are the individual's own as well.
    fleck = np.exp(-(((length - 3.2 * wanted) / (0.8 * wanted)) ** 2))
    fine = np.fft.irfft2(np.fft.rfft2(rng.normal(size=field.shape)) * fleck, s=field.shape)
    made: Floats = np.clip(dark + 0.11 * fine / fine.std(), 0, 1)
    return made


def _photo(
    shot: Shot, scene: Floats, coats: dict[tuple[str, str], Floats], rng: np.random.Generator
) -> tuple[Image.Image, list[tuple[int, int, int, int]]]:
    """Draw the animals into the scene, and take the photo."""
    # The wind moves the camera a little.
    down, right = rng.integers(0, 2 * _SHAKE + 1, size=2)
    pixels = scene[down : down + HEIGHT, right : right + WIDTH].copy()
    boxes = []
    for animal in shot.animals:
        body, mask, covered = _animal(animal, coats[animal.individual, animal.flank], rng)
        rows, columns = np.nonzero(mask[..., 0] > 0.5)
        left, top = covered[1].start, covered[0].start
        boxes.append(
            (
                left + int(columns.min()), top + int(rows.min()),
                left + int(columns.max()) + 1, top + int(rows.max()) + 1,
            )
        )  # fmt: skip
        # Its shadow lies on the ground where it stands.
        shadow, there = _shadow(boxes[-1])
        pixels[there] *= (1 - 0.45 * shadow)[..., None]
        pixels[covered] *= 1 - mask
        pixels[covered] += body * mask
    hour = shot.taken_at.hour + shot.taken_at.minute / 60
    low = abs(hour - 12.5) / 6.5
    light = np.array([1 + 0.06 * low, 1.0, 1 - 0.14 * low]) * (1.06 - 0.22 * low)
    pixels *= light
    pixels *= rng.uniform(0.88, 1.12)
    np.clip(pixels, 0, 255, out=pixels)
    pixels /= 255
    pixels **= rng.uniform(0.92, 1.1)
    pixels *= 255
    pixels += rng.normal(0, rng.uniform(1.5, 4), size=pixels.shape[:2])[..., None]
    picture = Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 0.9)))), boxes


def _animal(
    animal: Animal, pattern: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, tuple[slice, slice]]:
    """Return the animal's colours, how much each pixel is it, and which part of the photo it is."""
    shape, far = _shape(rng)
    down, across = np.mgrid[0:_DOWN, 0:_ACROSS]
    striped = animal.individual.startswith("Striped")
    light, dark = ((214, 184, 140), (58, 38, 26)) if striped else ((226, 204, 158), (64, 46, 34))
    # Legs and belly fade, as coats do.
    fade = np.clip((390 - down) / 120, 0.25, 1)
    amount = (pattern * fade)[..., None]
    coat_colour = np.array(light) * (1 - amount) + np.array(dark) * amount
    # Round bodies are darker below, and where they turn away from the light.
    sun = rng.uniform(-0.25, 0.25)
    shade = 1.08 - 0.42 * np.clip((down - 110) / 220, 0, 1) ** 1.6
    shade = shade + sun * (across / _ACROSS - 0.5)
    fur = rng.normal(0, 5, size=(_DOWN, _ACROSS))
    colour = coat_colour * shade[..., None] * (1 - 0.45 * far[..., None]) + fur[..., None]
    layers = np.dstack([np.clip(colour, 0, 255), 255 * shape]).astype(np.uint8)
    picture = Image.fromarray(layers)
    if animal.flank == "right":
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    # Turned a little, nearer or farther, seen a little from before or behind.
    turn = np.deg2rad(rng.uniform(-5, 5))
    wide = animal.size * rng.uniform(0.98, 1.02)
    narrow = wide * rng.uniform(0.86, 1.0)
    lean = rng.uniform(-0.06, 0.06)
    forward = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    forward = forward @ np.array([[narrow, lean], [0, wide]])
    back = np.linalg.inv(forward)
    # The feet stand on the ground, those of larger ones nearer to the camera.
    feet = np.array([_ACROSS / 2, 415.0])
    ground = np.array([WIDTH * (0.5 + animal.place), HEIGHT * (0.66 + 0.22 * animal.size)])
    shift = feet - back @ ground
    numbers = (*back[0], shift[0], *back[1], shift[1])
    placed = picture.transform(
        (WIDTH, HEIGHT), Image.Transform.AFFINE, numbers, Image.Resampling.BICUBIC
    )
    left, top, right, bottom = placed.getchannel(3).getbbox() or (0, 0, WIDTH, HEIGHT)
    covered = slice(top, bottom), slice(left, right)
    found = np.asarray(placed)[covered].astype(np.float64)
    # Bicubic edges mix with nothing: take the colour as it is, and soften the mask alone.
    return found[..., :3], found[..., 3:] / 255, covered


def _shape(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw an animal that stands or walks, head to the left: what it covers, and its far legs."""
    double = 2
    full = Image.new("L", (_ACROSS * double, _DOWN * double))
    far = Image.new("L", full.size)
    draw, behind = ImageDraw.Draw(full), ImageDraw.Draw(far)

    def ellipse(x: float, y: float, across: float, down: float) -> None:
        draw.ellipse(tuple(double * v for v in (x - across, y - down, x + across, y + down)), 255)

    def limb(canvas: ImageDraw.ImageDraw, points: list[tuple[float, float]], thick: float) -> None:
        scaled = [(double * x, double * y) for x, y in points]
        canvas.line(scaled, 255, round(double * thick), joint="curve")
        for x, y in scaled:
            reach = double * thick / 2
            canvas.ellipse((x - reach, y - reach, x + reach, y + reach), 255)

    step = rng.uniform(-24, 24, size=4)
    for at, (x, reach) in enumerate(((205.0, step[0]), (455.0, step[1]))):
        points = [(x + 18, 260.0), (x + 18 + reach * 0.4, 335.0), (x + 14 + reach, 410.0)]
        limb(behind, points, 30 if at else 27)
    for at, (x, reach) in enumerate(((185.0, step[2]), (480.0, step[3]))):
        points = [(x, 255.0), (x + reach * 0.4, 335.0), (x - 4 + reach, 415.0)]
        limb(draw, points, 36 if at else 32)
    ellipse(330, 215, 195, 98)
    ellipse(205, 212, 82, 92)
    ellipse(462, 212, 80, 88)
    nod = rng.uniform(-28, 28)
    limb(draw, [(190.0, 190.0), (105.0, 135.0 + nod * 0.6)], 92)
    ellipse(84, 118 + nod, 52, 42)
    ellipse(44, 132 + nod, 30, 24)
    ellipse(108, 78 + nod, 17, 22)
    wave = rng.uniform(-25, 25)
    limb(draw, [(530.0, 190.0), (585.0, 235.0), (604.0 + wave, 320.0)], 19)
    size = (_ACROSS, _DOWN)
    near = np.asarray(full.resize(size, Image.Resampling.BOX), dtype=np.float64) / 255
    rear = np.asarray(far.resize(size, Image.Resampling.BOX), dtype=np.float64) / 255
    return np.maximum(near, rear), rear * (1 - near)


def _shadow(box: tuple[int, int, int, int]) -> tuple[Floats, tuple[slice, slice]]:
    """Return how dark it is below an animal, and where: elsewhere it is not."""
    left, _, right, bottom = box
    middle, wide = (left + right) / 2, 0.5 * (right - left)
    reach = 1.2 * wide
    there = (
        slice(max(0, bottom - 4 - 26), bottom - 4 + 27),
        slice(max(0, int(middle - reach)), int(middle + reach) + 2),
    )
    down, across = np.arange(HEIGHT)[there[0], None], np.arange(WIDTH)[None, there[1]]
    away = ((across - middle) / wide) ** 2
    away = away + ((down - bottom + 4) / 22) ** 2
    made: Floats = np.clip(1.3 - away, 0, 1)
    return made, there


def _scene(station: int, seed: int) -> Floats:
    """Draw what a camera sees when nothing is there: hills, rocks, stones and grass."""
    rng = np.random.default_rng([seed, _SCENE, station])
    wide, high = WIDTH + 2 * _SHAKE, HEIGHT + 2 * _SHAKE
    down, across = np.mgrid[0:high, 0:wide]
    horizon = rng.uniform(90, 190) + 24 * np.sin(across / rng.uniform(70, 140) + station)
    sky = np.array([168, 190, 214]) + (down / high * 60)[..., None]
    soil = np.array([150, 128, 98]) + rng.uniform(-18, 18, size=3)
    ground = soil * (0.8 + 0.35 * down / high)[..., None]
    rough = sum(
        _noise(rng, size, wide, high) * weight for size, weight in ((4, 9), (12, 12), (45, 14))
    )
    ground = ground + np.asarray(rough)[..., None]
    pixels = np.where((down > horizon)[..., None], ground, sky)
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    # Far ones first, so that near ones lie before them.
    for middle in np.sort(rng.uniform(235, 575, size=34)):
        _rock(draw, rng, float(rng.uniform(0, wide)), float(middle), 10 + (middle / 600) ** 2 * 78)
    for _ in range(650):
        x, y = rng.uniform(0, wide), rng.uniform(200, high)
        tall, lean = rng.uniform(6, 26) * y / 400, rng.uniform(-9, 9)
        green = tuple(int(v) for v in np.array([112, 112, 62]) + rng.uniform(-40, 40))
        draw.line((x, y, x + lean, y - tall), green, int(rng.integers(1, 3)))
    return np.asarray(picture, dtype=np.float64)


def _rock(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float, size: float
) -> None:
    """Draw a rock with facets, cracks and lichen."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, size=9))
    reach = size * rng.uniform(0.6, 1.1, size=9)
    corners = [
        (x + 1.3 * r * np.cos(a), y + 0.8 * r * np.sin(a))
        for a, r in zip(angles, reach, strict=True)
    ]
    grey = rng.uniform(90, 165)
    middle = (x + rng.uniform(-0.3, 0.3) * size, y + rng.uniform(-0.3, 0.3) * size)
    for at, corner in enumerate(corners):
        # Facets that look up are bright.
        facing = -np.sin(angles[at])
        tone = grey * (1 + 0.32 * facing) + rng.uniform(-16, 16)
        fill = (int(tone * 1.02), int(tone * 0.97), int(tone * 0.9))
        draw.polygon([middle, corner, corners[(at + 1) % len(corners)]], fill)
    for _ in range(int(size / 6)):
        a, r = rng.uniform(0, 2 * np.pi), size * rng.uniform(0, 0.5)
        dot, spot = rng.uniform(1, 3.5), (x + r * np.cos(a), y + 0.6 * r * np.sin(a))
        tone = int(rng.choice([50, 205]) + rng.uniform(-20, 20))
        around = (spot[0] - dot, spot[1] - dot, spot[0] + dot, spot[1] + dot)
        draw.ellipse(around, (tone, tone, int(tone * 0.8)))


def _noise(rng: np.random.Generator, size: int, wide: int, high: int) -> Floats:
    """Smooth noise of about -1 to 1 whose lumps have a size in px."""
    few = rng.normal(0, 0.5, size=(high // size + 2, wide // size + 2)).astype(np.float32)
    picture = Image.fromarray(few).resize((wide, high), Image.Resampling.BICUBIC)
    return np.asarray(picture, dtype=np.float64)


def _jpeg(picture: Image.Image, shot: Shot) -> bytes:
    exif = Image.Exif()
    time = shot.taken_at.strftime("%Y:%m:%d %H:%M:%S")
    exif[0x0132] = time
    exif.get_ifd(0x8769)[0x9003] = time
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90, exif=exif)
    return stream.getvalue()


def _table(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8")
