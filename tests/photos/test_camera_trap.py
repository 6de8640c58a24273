"""What is known of a camera-trap photo: time, station, camera, flank, event."""

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from toolkit.errors import BadSetting, UnreadablePhoto
from toolkit.photos import camera_trap
from toolkit.photos.camera_trap import Camera, camera_of, describe, flank_of, read_details
from toolkit.photos.stations import Deployment, Stations

TABLE = Stations(
    (
        Deployment("S1", "c1", clock_offset=timedelta(hours=1), line=2),
        Deployment("S1", "c2", clock_offset=-timedelta(minutes=2), line=3),
        Deployment("S_2", line=4),
    )
)
FOLDER = Path("/photos")


def seen(*places):
    return pd.DataFrame({"path": [f"/photos/{place}" for place in places]})


def at(times):
    """Return what reads the time of a photo: by the photo's name."""

    def time_of(path):
        text = times.get(path.stem, "")
        if text == "bad":
            raise UnreadablePhoto("gone")
        return datetime.fromisoformat(text) if text else None

    return time_of


@pytest.mark.parametrize(
    ("place", "flank"),
    [
        *(("a/x_leftphoto.jpg", "left"), ("a/IMG-Right-3.jpg", "right"), ("Left/x.jpg", "left")),
        *(("a/cleft.jpg", ""), ("a/left_right.jpg", ""), ("a/left flank/x.jpg", "left")),
        *(("right/x_left.jpg", "left"), ("a/left-hand rock/x.jpg", ""), ("a/both/x.jpg", "both")),
        *(("left/right/x.jpg", "right"), ("right side/a/x.jpg", "right"), ("bright/x.jpg", "")),
        ("/home/left/x.jpg", ""),
    ],
)
def test_the_flank_is_in_the_name_of_the_file_else_of_a_folder(place, flank) -> None:
    assert flank_of(place) == flank


@pytest.mark.parametrize(
    ("place", "camera"),
    [
        *(("2024/s1/x.jpg", Camera("S1")), ("S1/C2/x.jpg", Camera("S1", "c2"))),
        *(("elsewhere/c1/x.jpg", Camera("elsewhere")), ("x.jpg", Camera(""))),
        *(("../S1/x.jpg", Camera("")), ("/S1/x.jpg", Camera(""))),
    ],
)
def test_a_station_of_the_table_goes_before_the_first_folder(place, camera) -> None:
    assert camera_of(place, TABLE) == camera


def test_the_folder_of_photos_itself_may_be_a_station() -> None:
    assert camera_of("x.jpg", TABLE, folder="S_2") == Camera("S_2")
    assert camera_of("x.jpg", TABLE, folder="Norway") == Camera("")


def test_times_are_set_by_the_clock_of_the_camera() -> None:
    times = {"a": "2024-05-02T10:00:00", "b": "2024-05-02T10:00:00", "d": "bad"}
    found = describe(
        seen("S1/c1/a.jpg", "S1/c2/b.jpg", "S_2/c.jpg", "S_2/d.jpg"),
        FOLDER,
        stations=TABLE,
        time_of=at(times),
    )
    assert list(found["taken_at"]) == ["2024-05-02T11:00:00", "2024-05-02T09:58:00", "", ""]
    assert list(found["clock_offset"]) == ["3600", "-120", "", ""]
    assert list(found["camera"]) == ["c1", "c2", "", ""]


def test_the_time_is_the_one_in_exif(tmp_path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2024:05:02 10:00:00"
    (tmp_path / "S1").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "S1" / "a.jpg", exif=exif)
    (tmp_path / "S1" / "b.jpg").write_bytes(b"no photo")
    table = pd.DataFrame({"path": [str(tmp_path / "S1" / name) for name in ("a.jpg", "b.jpg")]})
    found = describe(table, tmp_path, stations=TABLE)
    assert list(found["taken_at"]) == ["2024-05-02T11:00:00", ""]
    assert list(found["station"]) == ["S1", "S1"]


def test_a_photo_is_asked_once_for_its_time() -> None:
    asked = []
    describe(seen("S1/a.jpg", "S1/a.jpg"), FOLDER, time_of=lambda path: asked.append(path))
    assert len(asked) == 1


def test_photos_of_one_camera_soon_after_each_other_are_an_event() -> None:
    times = {
        **{"a": "2024-05-02T10:00:00", "b": "2024-05-02T10:00:50", "c": "2024-05-02T10:01:45"},
        **{"d": "2024-05-02T10:02:46", "e": "2024-05-02T10:00:10"},
    }
    found = describe(
        seen("S1/b.jpg", "S1/a.jpg", "S1/c.jpg", "S1/d.jpg", "S2/e.jpg", "S1/f.jpg", "g.jpg"),
        FOLDER,
        gap=1,
        time_of=at(times),
    )
    events = list(found["event"])
    assert events[0] == events[1] == events[2] == "S1 2024-05-02T10:00:00"
    assert len({*events[2:5]}) == 3
    assert events[5:] == ["", ""]


@pytest.mark.parametrize(("how", "flank"), [("auto", "left"), ("off", ""), ("both", "both")])
def test_flanks_can_be_taken_from_names_or_not_or_be_one(how, flank) -> None:
    found = describe(seen("S1/a_left.jpg"), FOLDER, flank=how, time_of=at({}))
    assert list(found["flank"]) == [flank]


def test_a_table_of_the_users_goes_before_all_else(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "path,taken_at,station,flank\n"
        "S1/a_left.jpg,2024-06-01 08:00,S_2,Right\n"
        "b.jpg,,,unknown\n"
        "S1/c.jpg,,,\n"
    )
    times = {"a_left": "2024-05-02T10:00:00", "b": "2024-05-02T10:00:00"}
    found = describe(
        seen("S1/a_left.jpg", "S1/left/b.jpg", "S1/c.jpg"),
        FOLDER,
        stations=TABLE,
        details=read_details(path),
        time_of=at(times),
    )
    assert list(found["taken_at"]) == ["2024-06-01T08:00:00", "2024-05-02T11:00:00", ""]
    assert list(found["station"]) == ["S_2", "S1", "S1"]
    assert list(found["flank"]) == ["right", "left", ""]


def test_a_corrected_table_of_sightings_is_about_each_sighting(tmp_path) -> None:
    path = tmp_path / "sightings.csv"
    path.write_text("name,sighting_id,path,flank\nann,aa,S1/a.jpg,left\nbob,bb,S1/a.jpg,both\n")
    table = seen("S1/a.jpg", "S1/a.jpg").assign(sighting_id=["bb", "aa"])
    found = describe(table, FOLDER, details=read_details(path), time_of=at({}))
    assert list(found["flank"]) == ["both", "left"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,flank\na.jpg,front\n", r'line 2: flank is "front"; expected left, right, both'),
        ("path,taken_at\na.jpg,noon\n", r'line 2: taken_at is "noon"; expected a time such as'),
        ("path,colour\na.jpg,red\n", "none of the columns taken_at, station"),
        ("photo,flank\na.jpg,left\n", "lacks the columns path"),
    ],
)
def test_a_table_that_says_nothing_is_refused(tmp_path, text, said) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(BadSetting, match=said):
        read_details(path)


def test_cells_that_are_no_text_say_nothing() -> None:
    table = pd.DataFrame(
        {"station": ["S1", None], "taken_at": [float("nan"), "x"], "flank": [1, "UP"]}
    )
    assert camera_trap.cameras_and_times(table) == ([Camera("s1"), None], [None, None])
    assert camera_trap.flanks_of(table) == ["", ""]
