"""A study in small: stations with photos of tiles, each at its time, and the stations' table."""

from datetime import datetime
from pathlib import Path

from PIL import Image
from tiles import ColourEncoder, TileDetector, save_tiles

from toolkit import modes
from toolkit.photos.stations import Deployment, Stations
from toolkit.results.captures.observed import Observed
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE

# Station, file, time, who: ann is at both stations, dee has no time.
PHOTOS = (
    ("S1", "a_left.jpg", "2024:05:02 10:00:00", ("ann",)),
    ("S1", "a_right.jpg", "2024:05:02 10:00:20", ("ann",)),
    ("S1", "b_left.jpg", "2024:05:03 11:30:00", ("bob",)),
    ("S_2", "a_left.jpg", "2024:05:09 23:59:58", ("ann",)),
    ("S_2", "two.jpg", "2024:05:12 04:00:00", ("ann", "bob")),
    ("S_2", "dee.jpg", "", ("dee",)),
)
TABLE = """\
Station,Latitude,Longitude,Setup_date,Retrieval_date,clock_offset,habitat
S1,41.7064,74.5213,2024-05-01,2024-05-20,,ridge
S_2,41.7301,74.4987,2024-05-01,2024-05-20,+00:00:05,river bed
"""


def save_photos(folder: Path) -> Path:
    """Save the photos of the study below a folder, each as its camera would."""
    for number, (station, name, time, who) in enumerate(PHOTOS):
        path = save_tiles(folder / station / name, *who, shade=3 * number)
        exif = Image.Exif()
        if time:
            exif.get_ifd(0x8769)[0x9003] = time
        with Image.open(path) as picture:
            picture.load()
        picture.save(path, exif=exif, quality=95, subsampling=0)
    return folder


def sorted_study(folder: Path) -> Path:
    """Sort the photos of the study, and return the folder of results."""
    subject = Subject("tile", TileDetector(), ColourEncoder(), FACE.words)
    photos = save_photos(folder / "photos")
    modes.autopilot(photos, folder / "out", subject=subject)
    (folder / "stations.csv").write_text(TABLE)
    return folder / "out"


def seen(individual="ann", time="2024-05-02 10:00:00", station="S1", **more) -> Observed:
    """Make a sighting."""
    number = more.pop("number", 0)
    told = {
        "sighting_id": f"{number:016x}",
        "photo_digest": f"{number:064x}",
        "path": f"/photos/{station}/p{number}.jpg",
        "place": f"{station}/p{number}.jpg",
        "individual": individual,
        "time": datetime.fromisoformat(time) if time else None,
        "station": station,
        "size": (200, 100),
        "box": (20, 10, 120, 60),
    }
    return Observed(**{**told, **more})


def two_stations(**more) -> Stations:
    """Return two stations that worked from the 1st to the 20th of May."""
    about = {
        "setup": datetime(2024, 5, 1),
        "retrieval": datetime(2024, 5, 20, 23, 59, 59),
        **more,
    }
    return Stations(
        (
            Deployment("S1", latitude=41.7064, longitude=74.5213, line=2, **about),
            Deployment("S_2", latitude=41.7301, longitude=74.4987, line=3, **about),
        )
    )
