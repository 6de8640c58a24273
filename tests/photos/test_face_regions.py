"""Regions with names: as digiKam, Lightroom and Picasa write them, turned as the photo is."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from xmp_files import digikam, exiftool, lightroom, packet, picasa

from toolkit.photos import face_regions, identity, opening
from toolkit.photos.face_regions import read, sidecar
from toolkit.records import Box

SIZE = (400, 300)
# Shares of the stored picture, and the same in px.
ANN, ANN_PX = (0.1, 0.2, 0.25, 0.3), Box(40, 60, 140, 150)
BOB, BOB_PX = (0.5, 0.5, 0.2, 0.2), Box(200, 150, 280, 210)


def photo(folder, *, orientation: int = 1, name: str = "IMG.jpg", xmp: str = "", size=SIZE):
    """Save a photo whose stored picture has this size; return it, and its size as it stands."""
    about = Image.Exif()
    about[0x0112] = orientation
    how = {"xmp": xmp.encode()} if xmp else {}
    Image.new("RGB", size).save(folder / name, exif=about, **how)
    width, height = size if orientation < 5 else size[::-1]
    return folder / name, {"width": width, "height": height}


def boxes(found) -> dict[str, Box]:
    return {each.name: each.box for each in found.regions}


@pytest.mark.parametrize("place", ["embedded", "IMG.jpg.xmp", "IMG.xmp"])
@pytest.mark.parametrize(
    ("write", "maker"), [(digikam, "digiKam "), (lightroom, "Lightroom "), (picasa, "")]
)
def test_each_program_is_understood_wherever_it_writes(tmp_path, write, maker, place) -> None:
    text = write([("Ann", ANN), ("Bob", BOB)], SIZE)
    path, size = photo(tmp_path, xmp=text if place == "embedded" else "")
    if place != "embedded":
        (tmp_path / place).write_text(text, encoding="utf-8")
    found = read(path, **size)
    assert boxes(found) == {"Ann": ANN_PX, "Bob": BOB_PX}
    where = "IMG.jpg" if place == "embedded" else place
    assert {each.source for each in found.regions} == {f"{maker}face region in {where}"}
    assert not found.problems


def test_microsofts_regions_are_read_where_there_are_no_others(tmp_path) -> None:
    text = digikam([("Ann", ANN)]).replace("mwg-rs:Regions", "mwg-rs:Otherwise")
    path, size = photo(tmp_path, xmp=text)
    assert boxes(read(path, **size)) == {"Ann": ANN_PX}


def test_what_two_files_say_alike_is_one_region(tmp_path) -> None:
    path, size = photo(tmp_path, xmp=picasa([("Ann", ANN), ("Bob", BOB)], SIZE))
    (tmp_path / "IMG.jpg.xmp").write_text(digikam([("Ann", ANN)]), encoding="utf-8")
    assert [(each.name, each.source) for each in read(path, **size).regions] == [
        ("Ann", "digiKam face region in IMG.jpg.xmp"),
        ("Bob", "face region in IMG.jpg"),
    ]


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("write", [digikam, lightroom, picasa])
    def test_regions_are_of_the_stored_picture(self, tmp_path, orientation, write) -> None:
        path, size = photo(tmp_path, orientation=orientation, xmp=write([("Ann", ANN)], SIZE))
        # What was drawn there, seen as the photo stands.
        marked = Image.new("RGB", SIZE)
        marked.paste("white", (ANN_PX.left, ANN_PX.top, ANN_PX.right, ANN_PX.bottom))
        about = Image.Exif()
        about[0x0112] = orientation
        marked.save(tmp_path / "marked.png", exif=about)
        upright = Image.fromarray(opening.open_upright(tmp_path / "marked.png"))
        box = boxes(read(path, **size))["Ann"]
        assert (box.left, box.top, box.right, box.bottom) == upright.getbbox()

    @pytest.mark.parametrize("orientation", [5, 6, 7, 8])
    def test_those_of_a_picture_that_stood_upright_are_taken_as_they_are(
        self, tmp_path, orientation
    ) -> None:
        text = picasa([("Ann", ANN)], (300, 400))
        path, size = photo(tmp_path, orientation=orientation, xmp=text)
        assert boxes(read(path, **size)) == {"Ann": Box(30, 80, 105, 200)}

    @pytest.mark.parametrize("orientation", [1, 6])
    def test_those_of_another_shape_are_not_used_and_named(self, tmp_path, orientation) -> None:
        path, size = photo(
            tmp_path, orientation=orientation, xmp=picasa([("Ann", ANN)], (400, 400))
        )
        found = read(path, **size)
        assert not found.regions
        ((name, why),) = found.problems
        assert name == "Ann"
        assert "another shape (400 x 400 px; this one has" in why

    def test_those_of_a_larger_picture_of_that_shape_fit(self, tmp_path) -> None:
        path, size = photo(tmp_path, xmp=picasa([("Ann", ANN)], (4032, 3024)))
        assert boxes(read(path, **size)) == {"Ann": ANN_PX}


@pytest.mark.parametrize(
    ("area", "why"),
    [
        ((0.9, 0.9, 0.9, 0.9), "no part"),
        ((0.5, 0.5, 0.0, 0.2), "no part"),
        ((0.5, 0.5, -0.2, 0.2), "no part"),
        ((float("nan"), 0.5, 0.2, 0.2), "no part"),
        ((0.5, 0.5, float("inf"), 0.2), "no part"),
        ((1e300, 0.5, 1e300, 0.2), "no part"),
    ],
)
def test_a_region_that_is_none_is_named(tmp_path, area, why) -> None:
    path, size = photo(tmp_path, xmp=picasa([("Ann", area)], SIZE))
    found = read(path, **size)
    assert not found.regions
    assert [name for name, _ in found.problems] == ["Ann"]
    assert why in found.problems[0][1]


@pytest.mark.parametrize(
    "text",
    [
        picasa([("", ANN)], SIZE),
        picasa([("Ann", ANN)], SIZE).replace(">Face<", ">BarCode<"),
        picasa([("Ann", ANN)], SIZE).replace("stArea:w>", "stArea:d>"),
        digikam([("Ann", ANN)]).replace("mwg-rs:Regions", "mwg-rs:O").replace(", ", "; "),
        packet("<mwg-rs:Regions>text</mwg-rs:Regions>"),
        packet("<mwg-rs:Regions><mwg-rs:RegionList/></mwg-rs:Regions>"),
    ],
)
def test_what_is_no_named_face_is_passed_over(tmp_path, text) -> None:
    path, size = photo(tmp_path, xmp=text)
    assert read(path, **size) == face_regions.PhotoRegions()


def test_only_so_many_regions_are_read(tmp_path) -> None:
    many = [(f"n{place}", ANN) for place in range(face_regions.MOST + 5)]
    path, size = photo(tmp_path)
    (tmp_path / "IMG.xmp").write_text(picasa(many, SIZE), encoding="utf-8")
    assert len(read(path, **size).regions) == face_regions.MOST


class TestSidecar:
    @given(
        st.integers(1, 8),
        st.integers(0, 3990),
        st.integers(0, 2990),
        st.integers(1, 4000),
        st.integers(1, 3000),
    )
    def test_what_is_written_is_read_within_a_pixel(
        self, tmp_path_factory, orientation, left, top, wide, high
    ) -> None:
        folder = tmp_path_factory.mktemp("photos")
        path, _ = photo(folder, orientation=orientation)
        full = (4000, 3000) if orientation < 5 else (3000, 4000)
        box = Box(left, top, min(left + wide, full[0]), top + high) if left < full[0] else None
        if box is None or box.right <= box.left or box.bottom > full[1]:
            return
        about = {"width": full[0], "height": full[1]}
        text = sidecar([("Zoë", box)], **about, orientation=orientation)
        (folder / "IMG.jpg.xmp").write_text(text, encoding="utf-8")
        back = boxes(read(path, **about))["Zoë"]
        for edge in ("left", "top", "right", "bottom"):
            assert abs(getattr(back, edge) - getattr(box, edge)) <= 1

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exiftool_finds_it_under_the_names_of_the_working_group(
        self, tmp_path, orientation
    ) -> None:
        name = 'Zoë "O\'Neill" <&> 山田'
        _, size = photo(tmp_path, orientation=orientation)
        box = Box(11, 20, 102, 133)
        beside = tmp_path / "IMG.jpg.xmp"
        text = sidecar([(name, box)], **size, orientation=orientation)
        beside.write_text(text, encoding="utf-8")
        said = subprocess.run(
            [exiftool(), "-json", "-struct", "-n", "-G1", "-charset", "filename=utf8", str(beside)],
            check=True,
            capture_output=True,
        )
        (about,) = json.loads(said.stdout)
        info = about["XMP-mwg-rs:RegionInfo"]
        assert info["AppliedToDimensions"] == {"W": SIZE[0], "H": SIZE[1], "Unit": "pixel"}
        (region,) = info["RegionList"]
        assert (region["Name"], region["Type"]) == (name, "Face")
        assert about["XMP-iptcExt:PersonInImage"] == [name]
        assert about.get("XMP-tiff:Orientation", 1) == orientation
        area = region["Area"]
        assert area["Unit"] == "normalized"
        # In px of the stored picture, as exiftool says, turned as the photo is.
        wide, high = area["W"] * SIZE[0], area["H"] * SIZE[1]
        left, top = area["X"] * SIZE[0] - wide / 2, area["Y"] * SIZE[1] - high / 2
        stored = (left, top, left + wide, top + high)
        upright = identity.turned_box(stored, (size["width"], size["height"]), 1, orientation)
        assert upright == pytest.approx((11, 20, 102, 133), abs=1)

    @pytest.mark.parametrize("orientation", [1, 6])
    def test_what_exiftool_wrote_into_a_photo_is_read_back(self, tmp_path, orientation) -> None:
        path, size = photo(tmp_path, orientation=orientation)
        beside = tmp_path / "apart" / "IMG.xmp"
        beside.parent.mkdir()
        box = Box(11, 20, 102, 133)
        text = sidecar([("Ann", box)], **size, orientation=orientation)
        beside.write_text(text, encoding="utf-8")
        command = [exiftool(), "-q", "-tagsfromfile", str(beside), "-xmp:all", str(path)]
        subprocess.run(command, check=True)
        assert boxes(read(path, **size)) == {"Ann": box}

    def test_what_reaches_over_the_edge_is_cut_there(self, tmp_path) -> None:
        path, size = photo(tmp_path)
        text = sidecar([("Ann", Box(-9, -9, 50, 60)), ("Bob", Box(500, 0, 510, 9))], **size)
        (tmp_path / "IMG.jpg.xmp").write_text(text, encoding="utf-8")
        assert boxes(read(path, **size)) == {"Ann": Box(0, 0, 50, 60)}

    @pytest.mark.parametrize("name", ["a\x00b", "a\nb", "]]>", "&amp;", "\ud800", "\ufffe", "'\""])
    def test_any_name_can_be_written(self, tmp_path, name) -> None:
        path, size = photo(tmp_path)
        text = sidecar([(name, Box(1, 1, 50, 60))], **size)
        (tmp_path / "IMG.jpg.xmp").write_text(text, encoding="utf-8")
        found = read(path, **size)
        assert len(found.regions) == 1
        if name.isprintable():
            assert found.regions[0].name == name

    def test_the_same_again_is_the_same_text(self) -> None:
        about = {"width": 40, "height": 30}
        assert sidecar([("Ann", Box(1, 1, 5, 6))], **about) == sidecar(
            [("Ann", Box(1, 1, 5, 6))], **about
        )
