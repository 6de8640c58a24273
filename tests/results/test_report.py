"""The report: one file, whole and well-formed, that holds only what it should."""

import io
import json
import os
import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiles import ColourEncoder, save_tiles

from toolkit import modes
from toolkit.curation.decisions import FILE as DECISIONS
from toolkit.curation.decisions import Decision, add, apply
from toolkit.errors import BadFolder
from toolkit.evaluation.audit import Audit, audit
from toolkit.grouping.numbering import earlier_of
from toolkit.grouping.sighting_finder import key_of
from toolkit.grouping.thresholds import Threshold
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import PROBLEM_COLUMNS, Album, Clustering, empty_table
from toolkit.results import export, report
from toolkit.results.report import further_pages, page
from toolkit.results.result import AutopilotResult, Result
from toolkit.session import taken_up
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE

ATTACK = "<img src=x onerror=alert(1)>"
NASTY = (
    ATTACK,
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "two\nlines\r\x00\x1b[31m",
    "\u202egnp.exe\u202c\u2066",
    "lone \udcff and \ud800 surrogates",
    "&lt;b&gt; &amp; </style></title>",
    "javascript:alert(1)",
    "http://example.org/x",
    "data:text/html,<b>",
    "-->",
)
VOID = {"meta", "img", "br", "link", "input", "hr"}
TAGS = frozenset(
    re.split(
        r"\s+",
        "html head meta title style body header h1 h2 h3 p dl div dt dd nav ul li a main section "
        "article img details summary bdi figure figcaption br table tr td th",
    )
)
ATTRIBUTES = frozenset(
    re.split(
        r"\s+",
        "lang charset http-equiv content name href id class src width height alt title scope",
    )
)


class Checker(HTMLParser):
    """Reads a document strictly: every tag closed in turn, and none that is not meant."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.meta: list[dict[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.stack, f"left open: {self.stack}"

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        found = dict(attrs)
        assert len(found) == len(attrs)
        assert set(found) <= ATTRIBUTES, attrs
        assert all(value is not None for value in found.values()), attrs
        values = {key: value or "" for key, value in found.items()}
        if tag not in VOID:
            self.stack.append(tag)
        if tag == "a":
            self.links.append(values["href"])
        if tag == "img":
            self.images.append(values)
        if tag == "meta":
            self.meta.append(values)
        if "id" in values:
            self.ids.append(values["id"])

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise AssertionError(f"<{tag}/>")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        assert "<" not in data or self.stack[-1] != "style"
        if self.stack and self.stack[-1] != "style":
            self.words.append(data)


def checked(text: str, *, beside: bool = False) -> Checker:
    """Check what every report must be."""
    text.encode("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    for character in text:
        assert character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
    found = Checker(text)
    assert {"charset": "utf-8"} in found.meta
    policy = {each.get("http-equiv"): each["content"] for each in found.meta if "content" in each}
    assert policy["Content-Security-Policy"] == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    )
    assert "url(" not in text
    assert "@import" not in text
    assert len(found.ids) == len(set(found.ids))
    for link in found.links:
        # A page beside the report lies in a folder of its own.
        assert re.fullmatch(r"#[a-z-]+|\.?\./[A-Za-z0-9_.~%/-]+(#i\d+)?", link), link
        assert beside or not link.startswith("..")
        assert not link.startswith("#") or link[1:] in found.ids
    for image in found.images:
        head, _, data = image["src"].partition(",")
        assert head == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(b64decode(data, validate=True))) as picture:
            picture.load()
        assert image["alt"]
    return found


def made(
    names: list[str | None],
    *,
    paths: list[str] | None = None,
    size: tuple[int, int] = (64, 64),
    out: Path | None = None,
    plan: pd.DataFrame | None = None,
) -> AutopilotResult:
    """A result of one face a photo, whose groups are the names."""
    count = len(names)
    paths = paths or [f"/photos/{number}.png" for number in range(count)]
    digests = [f"{number:064x}" for number in range(count)]
    labels = pd.factorize(pd.Series(names, dtype=object))[0].astype(np.int64)
    random = np.random.default_rng(0)
    encodings = np.stack([labels % 7, labels % 11, labels % 13], axis=1) * 2.0
    encodings = encodings + random.normal(0, 0.05, (count, 3)) if count else np.zeros((0, 3))
    album = Album(
        photos=pd.DataFrame(
            {
                "path": paths,
                "photo_digest": digests,
                "width": size[0],
                "height": size[1],
                "left_out": 0,
            }
        ),
        sightings=pd.DataFrame(
            {
                "photo_digest": digests,
                "path": paths,
                "left": 10,
                "top": 10,
                "right": 50,
                "bottom": 50,
                "score": 1.0,
            }
        ),
        encodings=encodings.astype(np.float32),
        encoder=ColourEncoder.info,
        problems=empty_table(PROBLEM_COLUMNS),
        subject=FACE,
    )
    return AutopilotResult(
        settings=AutopilotSettings(),
        chosen=Threshold(0.5, True, "as a test wants it", 0.02),
        album=album,
        names=tuple(names),
        plan=empty_table(export.PLAN_COLUMNS) if plan is None else plan,
        out=out,
        clustering=Clustering(labels, "average", 0.5),
        numbers=labels + 1,
        numbering=earlier_of(album, labels + 1),
    )


@pytest.fixture
def sorted_album(album_folder: Path, colours: Subject, tmp_path: Path) -> AutopilotResult:
    return modes.autopilot(album_folder, tmp_path / "out", subject=colours)


@pytest.fixture
def known(album_folder: Path, colours: Subject, tmp_path: Path) -> Callable[..., Result]:
    """Point-and-shoot on the album, with examples of four people."""

    def run(**changes: object) -> Result:
        people = tmp_path / "people"
        for name in ("ann", "bob", "dee"):
            save_tiles(people / name / f"{name}.png", name, shade=3)
        return modes.point_and_shoot(
            album_folder,
            people,
            tmp_path / "found",
            subject=colours,
            settings=PointAndShootSettings(**changes),  # type: ignore[arg-type]
        )

    return run


def test_people_have_their_faces_counts_and_folders(sorted_album: AutopilotResult) -> None:
    found = checked(report.html_of(sorted_album))
    people = sorted_album.individuals
    assert len(people) == 3
    for name, photos, faces in people.itertuples(index=False):
        nouns = "photo" if photos == 1 else "photos", "face" if faces == 1 else "faces"
        assert f"{name} {photos} {nouns[0]}, {faces} {nouns[1]}" in found.text
        assert f"./{name}/" in found.links
    pictured = [image["alt"].split(",")[0] for image in found.images[: len(sorted_album.album)]]
    assert sorted(pictured) == sorted(str(name) for name in sorted_album.names)


def test_every_link_leads_to_what_the_run_made(sorted_album: AutopilotResult) -> None:
    out = sorted_album.out
    assert out is not None
    found = checked(report.write(sorted_album, out).read_text(encoding="utf-8"))
    places = [link for link in found.links if link.startswith("./")]
    assert all((out / unquote_to_bytes(link).decode()).exists() for link in places)
    files = {(out / unquote_to_bytes(link).decode()).resolve() for link in places}
    assert {path.resolve() for path in out.glob("*/*")} <= files


def test_a_face_in_the_report_is_that_persons(sorted_album: AutopilotResult) -> None:
    encoding_of = dict(zip(sorted_album.names, sorted_album.album.encodings, strict=True))
    for image in checked(report.html_of(sorted_album)).images:
        data = b64decode(image["src"].partition(",")[2])
        assert len(data) < 15_000
        shown = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.float64)
        middle = shown[30:66, 30:66].mean(axis=(0, 1)) / 255
        assert np.abs(middle - encoding_of[image["alt"].split(",")[0]]).max() < 0.15


def test_without_faces_there_is_no_picture(
    sorted_album: AutopilotResult, known: Callable[..., Result], tmp_path: Path
) -> None:
    for result in (sorted_album, known()):
        text = report.html_of(result, pictures=False)
        found = checked(text)
        assert not found.images
        assert "base64" not in text
        assert "without pictures of faces" in found.text
        assert all(str(name) in found.text for name in result.individuals["name"])
    assert not checked(report.write(sorted_album, tmp_path, pictures=False).read_text()).images


def test_the_same_run_gives_the_same_bytes(
    sorted_album: AutopilotResult, album_folder: Path, colours: Subject, tmp_path: Path
) -> None:
    out = sorted_album.out
    assert out is not None
    first = report.write(sorted_album, out).read_bytes()
    again = modes.autopilot(album_folder, out, subject=colours)
    assert again.seconds != sorted_album.seconds
    assert "nothing changed" in (out / "report.html").read_text()
    assert report.write(replace(again, changes=None), out).read_bytes() == first
    # What a reader cannot use is not given away: where on this computer the photos are.
    assert str(tmp_path).encode() not in first


def test_nasty_names_stay_text(tmp_path: Path) -> None:
    names = [name for name in NASTY for _ in range(2)]
    paths = [f"/photos/{number} {name}.jpg" for number, name in enumerate(names)]
    # Worse than any that `export.plan` makes.
    rows = [
        (n, n, path, f"{n}/{path}", "", 0, export.NEW, export.PHOTO)
        for n, path in zip(names, paths, strict=True)
    ]
    plan = pd.DataFrame(rows, columns=list(export.PLAN_COLUMNS))
    result = made([*names], paths=paths, out=tmp_path, plan=plan)
    problems = pd.DataFrame(
        [(f"/photos/{n}", n, n) for n in NASTY], columns=["path", "stage", "reason"]
    )
    result = replace(
        result,
        album=replace(result.album, problems=problems),
        chosen=Threshold(0.5, False, ATTACK),
    )
    for faces in (True, False):
        found = checked(report.html_of(result, pictures=faces))
        assert ATTACK in found.text
        assert "</style></title>" in found.text
        assert "\ufffdgnp.exe" in found.text
    alts = {image["alt"] for image in checked(report.html_of(result)).images}
    assert any(alt.startswith(f"{ATTACK}, ") for alt in alts)
    assert not [link for link in found.links if "javascript:" in link or "http:" in link]
    written = report.write(result, tmp_path).read_text(encoding="utf-8")
    assert checked(written).links == found.links


def test_nasty_names_of_known_people_stay_text(known: Callable[..., Result]) -> None:
    result = known(threshold=0.02)
    renamed = dict(zip(("ann", "bob", "dee"), NASTY, strict=False))
    table = result.matches.table  # type: ignore[attr-defined]
    table = table.assign(
        **{c: [renamed.get(n) for n in table[c]] for c in ("name", "nearest", "runner_up")}
    )
    result = replace(
        result,
        names=tuple(renamed.get(str(name)) for name in result.names),
        matches=replace(result.matches, table=table),  # type: ignore[attr-defined]
        references=replace(
            result.references,  # type: ignore[attr-defined]
            names=NASTY[:3],
            paths=(f"/x/{ATTACK}",) * 3,
        ),
        plan=empty_table(export.PLAN_COLUMNS),
    )
    found = checked(report.html_of(result))
    assert f"example of {ATTACK}" in found.text
    assert [link for link in found.links if not link.startswith("#")] == []


def test_a_result_without_a_plan_has_no_links_but_names_its_files(
    album_folder: Path, colours: Subject
) -> None:
    (album_folder / "twin.png").write_bytes((album_folder / "a1.png").read_bytes())
    result = modes.autopilot(album_folder, subject=colours)
    found = checked(report.html_of(result))
    assert all(link.startswith("#") for link in found.links)
    for file in ("a1.png", "a2.png", "deep/a3.png", "deep/a1.png", "three.png", "twin.png"):
        assert file.replace("/", str(Path("/"))) in found.text


def test_a_dry_run_has_no_links(album_folder: Path, colours: Subject, tmp_path: Path) -> None:
    result = modes.autopilot(album_folder, tmp_path / "out", subject=colours, dry_run=True)
    assert len(result.plan)
    found = checked(report.html_of(result))
    assert all(link.startswith("#") for link in found.links)
    assert "three.png" in found.text


def test_what_is_left_aside_is_counted_and_named(
    album_folder: Path, colours: Subject, tmp_path: Path
) -> None:
    (album_folder / "broken.jpg").write_bytes(b"no photo")
    result = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    text = checked(report.html_of(result)).text
    assert "no face found: 1 photo" in text
    assert "empty.png" in text
    assert "broken.jpg" in text
    assert result.problems["reason"].iloc[0] in text


def test_many_problems_are_cut(tmp_path: Path) -> None:
    rows = [(f"/photos/bad {n:03}.jpg", "decoding", "damaged") for n in range(60)]
    result = made(["ann", "ann"])
    album = replace(result.album, problems=pd.DataFrame(rows, columns=["path", "stage", "reason"]))
    text = checked(report.html_of(replace(result, album=album))).text
    assert "bad 049.jpg" in text
    assert "bad 050.jpg" not in text
    assert "and 10 more" in text


def test_the_rates_of_the_audit_are_told(sorted_album: AutopilotResult) -> None:
    found = audit(
        sorted_album.album, sorted_album.names, threshold=sorted_album.threshold, thresholds=()
    )
    text = checked(report.html_of(sorted_album)).text
    here = found.here
    assert here["pairs"] == 3
    assert "3 pairs of people were seen in one photo" in text
    assert f"95% interval: {here['merge_low']:.2%} to {here['merge_high']:.2%}" in text
    assert f"Threshold {sorted_album.threshold:.3f} (worked out): " in text
    assert sorted_album.chosen.why in text
    assert "Expected purity 100.0%: the share of the faces that are with their own person" in text
    assert "Hardly any folder is expected to be a second one of a person who has a larger" in text
    many = replace(found, purity=0.935, second_groups=59.2)
    shown = checked(report.html_of(sorted_album, audited=many)).text
    assert "Expected purity 93.5%" in shown
    assert "About 59 folders are expected to be a second one of a person who has" in shown
    given = replace(found, level=0.5)
    assert "50% interval" in checked(report.html_of(sorted_album, audited=given)).text


def test_doubtful_groups_are_shown_side_by_side() -> None:
    # ann's two halves are far from each other, bob and cem are near.
    result = made(["ann"] * 4 + ["bob"] * 3 + ["cem"] * 3)
    encodings = np.zeros((10, 3), np.float32)
    encodings[2:4, 0] = 0.62
    encodings[4:7, 1] = 5.0
    encodings[7:, 1] = 5.55
    result = replace(result, album=replace(result.album, encodings=encodings))
    found = checked(report.html_of(result))
    audited = audit(result.album, result.names, threshold=0.5, thresholds=())
    mixed, alike = audited.suspicious.iloc[0], audited.alike.iloc[0]
    assert (mixed["name"], {alike["name"], alike["other_name"]}) == ("ann", {"bob", "cem"})
    assert (
        f"ann, 4 faces: one person with a probability of {mixed['probability']:.0%}" in found.text
    )
    assert f"one person with a probability of {alike['probability']:.0%}" in found.text
    doubtful = [image["alt"] for image in found.images[10:]]
    assert doubtful[:2] == [f"ann, {mixed['first']}.png", f"ann, {mixed['second']}.png"]
    assert {alt.split(",")[0] for alt in doubtful[2:4]} == {"bob", "cem"}


def test_what_is_doubtful_about_the_examples_is_shown_first_and_who_was_not_searched_for(
    known: Callable[..., Result], tmp_path: Path
) -> None:
    known()
    people = tmp_path / "people"
    for k in range(2):
        save_tiles(people / "ann" / f"{k}.png", "ann", shade=k)
    save_tiles(people / "ann" / f"{ATTACK[:8]}wrong.png", "cem")
    save_tiles(people / "eve" / "both.png", "ann", "bob")
    found = checked(report.html_of(known()))
    assert "Could not be searched for, as no example photo serves: eve" in found.text
    assert "In no photo: dee" in found.text
    assert "ann: unlike the 3 other examples of ann: not used" in found.text
    assert found.text.index("Example photos that may be wrong") < found.text.index("nearly named")
    assert f"example of ann, {ATTACK[:8]}wrong.png" in [image["alt"] for image in found.images]
    # It is not among the files that could not be used.
    assert found.text.count("wrong.png") == 1


def test_what_folders_were_taken_for_is_said_at_the_top(
    known: Callable[..., Result], tmp_path: Path
) -> None:
    known()
    (tmp_path / "people" / "Family").mkdir()
    for name in ("ann", "bob"):
        (tmp_path / "people" / name).rename(tmp_path / "people" / "Family" / name)
    # The folders are made anew, too.
    for name in ("ann", "bob"):
        (tmp_path / "people" / "Family" / name).rename(tmp_path / "people" / "Family" / f"{name} F")
    found = checked(report.html_of(replace(known(), taken=("it was sorted",))))
    assert "it was sorted. Every face was compared with" in found.text
    assert "Family is taken for a folder of people: ann F, bob F." in found.text


def test_names_near_the_threshold_are_shown_on_both_sides(known: Callable[..., Result]) -> None:
    sure = known()
    assert (
        "Only just named; nearly named; nearly somebody else: none."
        in checked(report.html_of(sure)).text
    )
    distances = sure.matches.table["distance"]  # type: ignore[attr-defined]
    # Cem is nobody known; ann and bob are found, some of them barely.
    near = distances[distances < 0.5].sort_values()
    threshold = float((near.iloc[-2] + near.iloc[-1]) / 2)
    barely = known(threshold=threshold)
    found = checked(report.html_of(barely))
    first = near.index[-2]
    assert f"at {near.iloc[-2]:.3f}; the threshold is {threshold:.3f}" in found.text
    assert f"at {near.iloc[-1]:.3f}; the threshold is {threshold:.3f}" in found.text
    assert found.text.index("Only just named") < found.text.index("Nearly named")
    images = [image["alt"] for image in found.images]
    about = f"{barely.names[first]}, {Path(barely.album.sightings['path'][first]).name}"
    place = len(images) - 1 - images[::-1].index(about)
    assert images[place + 1].startswith(f"example of {barely.names[first]}, ")
    assert "In no photo: dee" in found.text


def test_the_next_person_almost_as_near_is_shown(known: Callable[..., Result]) -> None:
    result = known()
    table = result.matches.table.copy()  # type: ignore[attr-defined]
    row = table.index[table["name"] == "ann"][0]
    table.loc[row, ["runner_up", "margin"]] = ["bob", 0.01]
    result = replace(result, matches=replace(result.matches, table=table))  # type: ignore[attr-defined]
    found = checked(report.html_of(result))
    assert "bob 0.010 further away" in found.text
    assert [i["alt"].split(",")[0] for i in found.images[-3:]] == [
        "ann",
        "example of ann",
        "example of bob",
    ]
    # A name given by hand is in no doubt.
    by_hand = replace(result, names=tuple("dee" if n == "ann" else n for n in result.names))
    assert "further away" not in checked(report.html_of(by_hand)).text


def test_decisions_are_counted(
    sorted_album: AutopilotResult, album_folder: Path, colours: Subject, tmp_path: Path
) -> None:
    assert "No face was decided about" in checked(report.html_of(sorted_album)).text
    face = key_of(sorted_album.album, 0)
    result = modes.autopilot(
        album_folder, subject=colours, decided=[Decision("name", face, None, "Zoe")]
    )
    found = checked(report.html_of(result))
    assert "1 decision kept" in found.text
    assert "Zoe" in found.text
    assert "7 decisions kept" in checked(report.html_of(result, decided_count=7)).text
    assert DECISIONS not in [path.name for path in tmp_path.iterdir()]


def test_settings_and_versions_are_told(sorted_album: AutopilotResult) -> None:
    text = checked(report.html_of(sorted_album)).text
    for key in sorted_album.settings.as_dict():
        assert key in text
    assert ColourEncoder.info.weights_digest in text
    assert ColourEncoder.info.name in text
    assert "sightings 0." in text


def test_many_people_share_the_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), "red").save(picture)
    monkeypatch.setattr(page, "PICTURES", 40)
    monkeypatch.setattr(page, "CARDS", 5)
    # Seven people, of 13, 12, ..., 7 faces.
    names = [f"p{person}" for person in range(7) for _ in range(13 - person)]
    result = made([*names], paths=[str(picture)] * len(names))
    found = checked(report.html_of(result, audited=audit(result.album, names, threshold=0.5)))
    shown = [image["alt"].split(",")[0] for image in found.images]
    assert len(shown) <= 40
    # 8 a person would be 40 with none left for doubts, and is the most that fits.
    assert {name: shown.count(name) for name in shown} == {f"p{n}": 8 for n in range(5)}
    assert "Of each person, 8 faces at most." in found.text
    assert "2 more people, without pictures" in found.text
    assert all(name in found.text for name in names)


def test_a_list_of_files_that_is_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "ROOM", 2000)
    names: list[str | None] = [f"p{number // 50}" for number in range(500)]
    result = made(names)
    text = report.html_of(result, pictures=False)
    found = checked(text)
    assert re.search(r"and \d+ more", found.text)
    assert "Not everything is named here" in found.text
    assert found.text.count(".png") < 100


def test_nobody_and_nothing_can_be_reported(tmp_path: Path) -> None:
    for result in (made([]), made([None]), made([None, "ann"])):
        for faces in (True, False):
            checked(report.html_of(result, pictures=faces))
    assert "Nobody." in checked(report.html_of(made([None]))).text


def test_photos_that_are_gone_leave_grey_pictures() -> None:
    found = checked(report.html_of(made(["ann", "ann", "bob"])))
    assert len(found.images) >= 3


def test_thumbnails_that_are_there_are_used(sorted_album: AutopilotResult) -> None:
    class Asked(Thumbnails):
        def crops(self, rows: list[int], size: int | None = None) -> list[bytes]:  # type: ignore[override]
            asked.append(list(rows))
            return super().crops(rows, size)

    asked: list[list[int]] = []
    report.html_of(sorted_album, thumbnails=Asked(sorted_album.album))
    # All in one call, so that no photo is opened twice.
    assert len(asked) == 1
    assert sorted(asked[0]) == list(range(len(sorted_album.album)))


def test_a_report_takes_the_place_of_the_last_one(
    sorted_album: AutopilotResult, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "folder"
    path = report.write(sorted_album, out)
    assert path == out / "report.html"
    path.write_text("old")
    assert report.write(sorted_album, out).read_text(encoding="utf-8") != "old"
    assert [each.name for each in out.iterdir()] == ["report.html"]
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(BadFolder, match="cannot be written"):
        report.write(sorted_album, blocked)


def test_a_folder_in_the_report_s_place_is_named_and_kept(
    sorted_album: AutopilotResult, tmp_path: Path
) -> None:
    kept = tmp_path / "results" / "report.html" / "mine.txt"
    kept.parent.mkdir(parents=True)
    kept.touch()
    with pytest.raises(BadFolder, match=r"report\.html is a folder; .* Move it away"):
        report.write(sorted_album, tmp_path / "results")
    assert kept.exists()


def test_what_is_ignored_is_in_no_part_of_the_report(sorted_album: AutopilotResult) -> None:
    out = sorted_album.out
    assert out is not None
    row = sorted_album.names.index("person_003")
    add(out, [Decision("ignore", key_of(sorted_album.album, row))])
    session = taken_up(out)
    found = checked(report.html_of(session.result))
    assert "6 photos, 7 faces, 2 people" in found.text
    assert "person_003" not in found.text
    assert f"person_003, {Path(sorted_album.album.sightings['path'][row]).name}" not in {
        image["alt"] for image in found.images
    }
    assert "1 decision kept" in found.text


def _card(result: Result, name: str) -> str:
    """The text of somebody's card."""
    text = report.html_of(result)
    (card,) = re.findall(
        rf"<article>(?:(?!</article>).)*<bdi>{name}</bdi>.*?</article>", text, re.S
    )
    return str(card)


def test_photos_that_the_user_put_elsewhere_are_listed(
    album_folder: Path, sorted_album: AutopilotResult, colours: Subject, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / "person_001" / "best").mkdir()
    (out / "person_001" / "a2.png").rename(out / "person_001" / "best" / "a2.png")
    save_tiles(out / "person_002" / "own.png", "bob", shade=9)
    result = modes.autopilot(album_folder, out, subject=colours)
    for name, place in (("person_001", "best/a2.png"), ("person_002", "own.png")):
        card = _card(result, name)
        (photos,) = result.individuals.set_index("name").loc[[name], "photos"]
        assert card.count("<li>") == photos
        assert f'href="./{name}/{place}"' in card


def test_who_is_hidden_is_said_to_be(sorted_album: AutopilotResult) -> None:
    result = replace(sorted_album, hidden=frozenset(["person_002"]))
    assert "(hidden: no folder)" in _card(result, "person_002")
    assert "no folder" not in _card(result, "person_001")
    few = replace(result, settings=AutopilotSettings(min_photos=2))
    assert "(in fewer than 2 photos: no folder)" in _card(few, "person_003")


def test_what_decisions_settle_is_in_no_doubt() -> None:
    result = made(["ann"] * 4 + ["bob"] * 3 + ["cem"] * 3)
    encodings = np.zeros((10, 3), np.float32)
    encodings[2:4, 0] = 0.62
    encodings[4:7, 1] = 5.0
    encodings[7:, 1] = 5.55
    album = replace(result.album, encodings=encodings)
    result = replace(result, album=album)
    one, two = "ann, 4 faces: one person", "one person with a probability of"
    assert report.html_of(result).count(two) == 2

    def said(*decisions: Decision) -> str:
        return report.html_of(replace(result, held=apply(decisions, album)))

    key = [key_of(album, row) for row in range(10)]
    text = said(Decision("different", key[5], key[8]))
    assert one in text
    assert text.count(two) == 1
    named = [Decision("name", key[row], name=name) for row, name in ((4, "Bob"), (9, "Cem"))]
    assert said(*named).count(two) == 1
    assert one not in said(Decision("same", key[0], key[3]))
    # Within one of the two parts it says nothing about both.
    assert one in said(Decision("same", key[0], key[1]))


def test_the_menu_has_the_order_of_the_page(
    album_folder: Path, sorted_album: AutopilotResult, colours: Subject
) -> None:
    save_tiles(album_folder / "new.png", "dee")
    result = modes.autopilot(album_folder, sorted_album.out, subject=colours)
    text = report.html_of(result)
    found = checked(text)
    menu = [link.removeprefix("#") for link in found.links if link.startswith("#")]
    assert menu[0] == "changes"
    assert menu == found.ids
    heads = re.findall('<th scope="col">(.*?)</th>', text)
    assert heads == ["photo", "change", "before", "now", "why"]


def many(monkeypatch: pytest.MonkeyPatch) -> AutopilotResult:
    """Nine people and their photos, of whom two are on the report and two are on a page."""
    monkeypatch.setattr(page, "CARDS", 2)
    monkeypatch.setattr(page, "LISTED", 3)
    monkeypatch.setattr(further_pages, "ON_PAGE", 2)
    monkeypatch.setattr(further_pages, "IN_LIST", 5)
    names = [name for number, name in enumerate("edcba") for _ in range(9 - number)]
    names += [f"person_{number:03d}" for number in (2, 1000, 30)] + [ATTACK]
    return made([*names])


def audited(result: AutopilotResult) -> Audit:
    return audit(result.album, [*result.names], threshold=0.5)


def test_those_who_are_too_many_for_one_file_are_on_pages_that_names_lead_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = many(monkeypatch)
    report.write(result, tmp_path, pictures=False, audited=audited(result))
    folder = tmp_path / "report_pages"
    texts = {path.name: path.read_text() for path in sorted(folder.glob("*.html"))}
    # Two each: seven beside those in the report.
    assert [*texts] == [
        *("names-0001.html", "names-0002.html"),
        *("page-0002.html", "page-0003.html", "page-0004.html", "page-0005.html"),
    ]
    for text in texts.values():
        checked(text, beside=True)
    report_text = (tmp_path / report.FILE).read_text()
    assert "7 more people" in checked(report_text).text
    assert "Not everything is named here" not in report_text
    # By name, numbers last and by their number; each leads to where that one is.
    listed = [
        re.findall(r'<li><a href="([^"]+)"><bdi>([^<]*)</bdi></a></li>', texts[name])
        for name in ("names-0001.html", "names-0002.html")
    ]
    names = [name for part in listed for _, name in part]
    assert names == [
        *(escape(ATTACK), "a", "b", "c", "d"),
        *("e", "person_002", "person_030", "person_1000"),
    ]
    for href, name in (pair for part in listed for pair in part):
        file, _, place = href.partition("#")
        text = (folder / file).read_text()
        found = re.search(rf'id="{place}".*?<bdi>(.*?)</bdi>', text, re.DOTALL)
        assert found is not None
        assert found[1] == name
    # Every page leads to the next, from the report on.
    assert 'href="./report_pages/page-0002.html"' in report_text
    assert 'href="./page-0003.html"' in texts["page-0002.html"]
    assert 'href="./page-0006.html"' not in texts["page-0005.html"]


def test_pages_lead_to_the_folders_beside_them(
    sorted_album: AutopilotResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "CARDS", 1)
    monkeypatch.setattr(page, "LISTED", 0)
    out = sorted_album.out
    assert out is not None
    report.write(sorted_album, out, pictures=False)
    folder = out / "report_pages"
    links = checked((folder / "page-0002.html").read_text(), beside=True).links
    copies = [link for link in links if link.count("/") > 1]
    assert copies
    for link in copies:
        assert (folder / os.fsdecode(unquote_to_bytes(link))).exists()


def test_pages_of_an_earlier_report_go_and_what_somebody_changed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, folder = many(monkeypatch), tmp_path / "report_pages"
    report.write(result, tmp_path, pictures=False, audited=audited(result))
    (folder / "page-0005.html").write_text("mine")
    (folder / "notes.txt").write_text("mine")
    monkeypatch.setattr(further_pages, "ON_PAGE", 4)
    report.write(result, tmp_path, pictures=False, audited=audited(result))
    assert sorted(path.name for path in folder.glob("page-*")) == [
        *("page-0002.html", "page-0003.html", "page-0005.html"),
    ]
    monkeypatch.setattr(page, "LISTED", 100)
    report.write(result, tmp_path, pictures=False, audited=audited(result))
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "page-0005.html"]


def test_in_a_folder_of_somebody_who_is_called_so_no_pages_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, folder = many(monkeypatch), tmp_path / "report_pages"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(b"photo")
    report.write(result, tmp_path, pictures=False, audited=audited(result))
    assert [path.name for path in folder.iterdir()] == ["photo.jpg"]
    text = checked((tmp_path / report.FILE).read_text()).text
    assert "7 more people" in text
    assert all(name in text for name in {*filter(None, result.names)})


def test_the_list_of_pages_names_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, folder = many(monkeypatch), tmp_path / "report_pages"
    report.write(result, tmp_path, pictures=False, audited=audited(result))
    (tmp_path / "precious.html").write_text("mine")
    mark = json.loads((folder / "pages.json").read_text())
    mark["files"] = {"../precious.html": "", **mark["files"]}
    (folder / "pages.json").write_text(json.dumps(mark))
    further_pages.take_pages(tmp_path)
    assert (tmp_path / "precious.html").read_text() == "mine"
    assert not folder.exists()
