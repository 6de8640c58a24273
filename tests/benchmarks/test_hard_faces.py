"""Strangers that are put together, faces that are not found, and albums are counted rightly."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image
from toys import LAMP, SIDE, cut

from toolkit.benchmarks import hard_faces
from toolkit.benchmarks.degraded_faces import STRENGTHS
from toolkit.benchmarks.hard_faces import KINDS, measure, sort
from toolkit.calibration import Calibration, Linkage
from toolkit.errors import BadFolder, BadSetting
from toolkit.names import SubjectInfo
from toolkit.records import Box, Detection, EncoderInfo
from toolkit.scanning.scan import gather, scan
from toolkit.settings import settings_for
from toolkit.subjects.base import Subject
from toolkit.subjects.settings import ScanSettings, Switch, again, setting

# Photos have a white bar at their top, which says which way is up, and bars of a person's own.
BAR = 8
PEOPLE = 12


class Upright:
    """Finds a face that fills the photo where its white bar is at the top; if told to, anywhere."""

    name = "upright"

    def __init__(self, turned: bool) -> None:
        self.turned = turned

    def detect(self, image: np.ndarray, path: Path | None = None) -> list[Detection]:
        for turn in (0, 90, 180, 270) if self.turned else (0,):
            bar = np.rot90(image, -turn // 90)[: BAR // 2]
            # What covers a corner of it does not hide it.
            if (bar > 240).mean() > 0.7:
                return [Detection(Box(0, 0, SIDE, SIDE), 1.0, turn=turn)]
        return []


class Bars:
    """Describes a face by the light along its rows; one with no contrast says little."""

    info = EncoderInfo(
        "bars",
        "3" * 64,
        SIDE,
        "euclidean",
        Calibration(slope=40.0, even=0.5),
        linkage=Linkage(lost=0.9),
    )

    def chips(self, image: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
        return cut(image, boxes)

    def encode(self, chips: np.ndarray) -> np.ndarray:
        rows: np.ndarray = chips.astype(np.float32).mean(axis=(2, 3)) / 255
        return rows

    def weighed(self, chips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = self.encode(chips)
        return rows, np.where(np.ptp(rows[:, 16:], axis=1) > 0.3, 1.0, 0.01)


@dataclass(frozen=True, kw_only=True)
class BarSettings(ScanSettings):
    """Settings of faces of bars."""

    subject: ClassVar[SubjectInfo] = LAMP
    unsure: ClassVar[str] = "unsure"
    unsure_by_worth: ClassVar[bool] = True
    turned: bool = setting(
        True, takes=Switch(), changes="subject", explained="take faces for upright", label="turned"
    )
    min_size: int = again(ScanSettings, "min_size", default=8)
    min_sharpness: float = again(ScanSettings, "min_sharpness", default=0.0)

    def make_subject(self) -> Subject:
        return Subject(LAMP.name, Upright(self.turned), Bars(), LAMP.words)


SETTINGS = settings_for("autopilot", BarSettings)(jobs=1)


def points(image: np.ndarray, box: Box) -> np.ndarray:
    """Eyes at (20, 24) and (44, 24)."""
    return np.array([(48, 24), (40, 24), (16, 24), (24, 24), (32, 40)])


def picture(person: int, number: int) -> np.ndarray:
    bars = np.random.default_rng(person).choice([30, 220], SIDE // BAR)
    bars[0], bars[2:4] = 255, (30, 220)
    noise = np.random.default_rng(1000 * person + number).integers(-5, 6, (SIDE, SIDE, 3))
    rows = np.repeat(bars, BAR)[:, None, None]
    return np.clip(rows + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("people")
    for person in range(PEOPLE):
        own = root / f"person {person}"
        own.mkdir()
        for number in range(4 if person < 5 else 1):
            Image.fromarray(picture(person, number)).save(own / f"{number}.png")
    return root


def measured(folder: Path, **more):
    how = {"people": 6, "log": lambda line: None, "points": points, **more}
    return measure(folder, SETTINGS, **how)


def test_turned_faces_are_found_now_and_were_not_before(folder) -> None:
    table = measured(folder, kinds=["turn"])["strangers"].set_index("strength")
    assert list(table.index) == [0, 90, 180, 270]
    assert table["not_found"].tolist() == [0, 0, 0, 0]
    assert table["not_found_before"].tolist() == [0, 100, 100, 100]
    assert table["joined"].tolist() == [0, 0, 0, 0]


def test_a_photo_without_its_face_counts_as_alone_in_an_album(folder) -> None:
    table = measured(folder, kinds=["turn"])["album"].set_index(["kind", "strength"])
    assert (table.loc[("turn", 0.0), ["f", "f_before"]] == 100).all()
    assert table.loc[("turn", 180.0), "f"] == 100
    assert table.loc[("turn", 180.0), "precision_before"] == 100
    assert table.loc[("turn", 180.0), "recall_before"] < 100


def test_two_answers_that_need_no_look_stand_beside(folder) -> None:
    table = measured(folder, kinds=["turn"])["album"].set_index("kind")
    # Two people with four photos each.
    assert table.loc["each alone", ["precision", "recall"]].tolist() == [100, 25]
    assert table.loc["all in one group", ["precision", "recall"]].tolist() == [50, 100]


def test_strangers_that_say_little_were_put_together_and_are_unsure(folder, monkeypatch) -> None:
    def grey(image, face, kind, strength, *, seed):
        level = np.random.default_rng(seed).integers(100, 104)
        return np.concatenate([image[:BAR], np.full_like(image[BAR:], level)])

    monkeypatch.setattr(hard_faces, "degrade", grey)
    table = measured(folder, kinds=["mask"])["strangers"]
    assert table["joined_before"].tolist() == [100, 100]
    assert table["joined"].tolist() == [0, 0]
    assert table["unsure"].tolist() == [100, 100]


def test_the_same_seed_draws_the_same_and_the_folder_is_left_as_it_was(folder, monkeypatch) -> None:
    drawn = []
    made = hard_faces._made

    def told(photos, *rest):
        drawn.append([(str(each.result.path), each.seed) for each in photos])
        return made(photos, *rest)

    monkeypatch.setattr(hard_faces, "_made", told)
    before = {path: path.read_bytes() for path in folder.rglob("*.png")}
    for seed in (3, 3, 4):
        measured(folder, kinds=["glasses"], seed=seed)
    one, again, other = drawn[0], drawn[2], drawn[4]
    assert one == again
    assert one != other
    assert {path: path.read_bytes() for path in folder.rglob("*.png")} == before


def test_strangers_are_of_different_people_and_none_of_them_is_in_the_album(
    folder, monkeypatch
) -> None:
    seen = []
    monkeypatch.setattr(
        hard_faces, "sort", lambda album, paths, how: seen.append(paths) or sort(album, paths, how)
    )
    drawn = []
    found = hard_faces._with_face
    monkeypatch.setattr(
        hard_faces, "_with_face", lambda *a, **k: drawn.append(found(*a, **k)) or drawn[-1]
    )
    measured(folder, kinds=["cap"])
    strangers, album = ([each.person for each in part] for part in drawn)
    assert len(set(strangers)) == len(strangers) == 6
    assert len(set(album)) == 2
    assert not set(strangers) & set(album)
    # One in three of the eight photos of the album is another one.
    inside = [path for path in seen[2] if folder in path.parents]
    assert (len(seen[2]), len(inside)) == (8, 6)


def test_only_the_photos_asked_for_are_grouped(folder) -> None:
    subject = SETTINGS.make_subject()
    paths = sorted(folder.rglob("*.png"))
    results = scan(paths, subject, long_edge=SETTINGS.long_edge)
    album = gather(results, subject.encoder.info, subject=subject.info)
    own = [path for path in paths if path.parent.name in ("person 0", "person 1")]
    found = sort(album, [*own, folder / "none.png"], SETTINGS)
    assert found.not_found == 1
    assert len(np.unique(found.labels)) == 3
    assert sort(replace(album, ignored=np.ones(len(album), bool)), own, SETTINGS).not_found == 8


@pytest.mark.parametrize("wrong", [{"people": 1}, {"seed": -1}, {"kinds": ["hat"]}])
def test_what_cannot_be_is_refused_before_the_work(tmp_path, wrong) -> None:
    with pytest.raises(BadSetting, match="expected"):
        measured(tmp_path / "none", **wrong)


def test_too_few_people_are_refused(folder) -> None:
    with pytest.raises(BadFolder, match="smaller --people"):
        measured(folder, people=11)
    with pytest.raises(BadFolder, match="with 3 photos or more"):
        measured(folder, people=30)


def test_all_kinds_of_degradation_are_measured() -> None:
    assert set(KINDS) == {"turn", *STRENGTHS}


def test_the_command_says_what_it_found_and_writes_it(
    folder, tmp_path, monkeypatch, capsys
) -> None:
    from toolkit import cli

    def told(place, settings, **more):
        assert settings.subject.name == "face"
        assert (more["people"], more["seed"]) == (6, 2)
        return measured(place, kinds=["turn"], seed=2)

    monkeypatch.setattr(hard_faces, "measure", told)
    output = tmp_path / "figures.json"
    command = ["bench", "hard-faces", str(folder), "--people", "6", "--seed", "2"]
    assert cli.main([*command, "--json", str(output)]) == 0
    assert "not_found_before" in capsys.readouterr().out
    content = json.loads(output.read_text())
    assert len(content["strangers"]) == 4
    assert len(content["album"]) == 6
