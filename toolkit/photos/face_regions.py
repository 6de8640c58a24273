"""
Regions with names that programs keep in the XMP of photos, and the sidecar that holds some.

The scheme is that of the Metadata Working Group ("Guidelines for Handling Image Metadata" 2.0,
5.9): a centre and a size as shares of the picture *as it is stored*, whatever its orientation, and
the size of the picture that they were made on. digiKam, Lightroom and Picasa write it; Windows, and
digiKam beside it, write Microsoft's own, with the upper left corner in place of the centre.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from toolkit import boxes
from toolkit.names import printable
from toolkit.photos import xmp
from toolkit.photos.identity import UPRIGHT, turned_box
from toolkit.photos.xmp import Fields, Packet, Value
from toolkit.records import Box

MWG = "http://www.metadataworkinggroup.com/schemas/regions/"
AREA = "http://ns.adobe.com/xmp/sType/Area#"
SIZE = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
MICROSOFT = "http://ns.microsoft.com/photo/1.2/"
BASIC, TIFF = "http://ns.adobe.com/xap/1.0/", "http://ns.adobe.com/tiff/1.0/"
EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

# Who wrote a packet: by what it says of its maker, or whose properties are in it.
PROGRAMS = {
    "digiKam": "http://www.digikam.org/ns/",
    "Lightroom": "http://ns.adobe.com/lightroom/",
    "Picasa": "http://picasa.google.com/",
    "Sightings": "",
}
CAMERA_RAW = "http://ns.adobe.com/camera-raw-settings/"
# Regions in one photo.
MOST = 1000
# Share by which the sides of two pictures of one shape may differ: shrunk ones are rounded.
SHAPE = 0.02
# Share of their union from which on two regions of one name are the same one, written twice.
SAME = 0.5


@dataclass(frozen=True)
class FaceRegion:
    """
    A region of a photo that somebody gave a name.

    Attributes
    ----------
    name : str
        As it was written.
    box : Box
        Where, px of the upright full-size photo; it may reach over the photo's edge.
    source : str
        Where it was found, such as "digiKam face region in IMG.jpg.xmp".
    """

    name: str
    box: Box
    source: str


@dataclass(frozen=True)
class PhotoRegions:
    """
    The regions of a photo.

    Attributes
    ----------
    regions : tuple of FaceRegion
        In the order of the files that have them, sidecars first; none twice.
    problems : tuple of (str, str)
        What could not be used: a name, or that of a file, and why.
    """

    regions: tuple[FaceRegion, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


def read(photo: Path, *, width: int, height: int) -> PhotoRegions:
    """
    Read the regions with names in a photo, and in the sidecars beside it.

    They are turned as the photo is. Where the size of the picture that they were made on says that
    it stood upright already, they are taken as they are; where it is of neither shape (the photo
    was cropped, or turned, by a program that does not know of them), they cannot be used.

    Parameters
    ----------
    photo : Path
        The photo.
    width, height : int
        Its size, px, upright.

    Raises
    ------
    UnreadablePhoto
        If the file is no photo that can be read.
    """
    found = xmp.find(photo)
    regions: list[FaceRegion] = []
    problems = list(found.problems)
    for packet in found.packets:
        maker = _maker(packet.fields)
        source = f"{f'{maker} ' if maker else ''}face region in {printable(packet.file)}"
        for name, area, made_on in _areas(packet):
            turn = _turn_of(made_on, (width, height), found.orientation)
            if turn is None:
                size = f"{made_on[0]:g} x {made_on[1]:g}" if made_on else ""
                reason = (
                    f"its region was made on a picture of another shape ({size} px; this one has "
                    f"{width} x {height} px)"
                )
                problems.append((name, reason))
                continue
            box = _box_of(area, (width, height), turn)
            if box is None:
                problems.append((name, "its region is no part of the photo"))
            elif not any(_same(each, name, box) for each in regions):
                regions.append(FaceRegion(name, box, source))
    return PhotoRegions(tuple(regions), tuple(problems))


Area = tuple[float, float, float, float]
Size = tuple[float, float]


def _areas(packet: Packet) -> Iterator[tuple[str, Area, Size | None]]:
    """Yield names, left, top, width, height (shares of the picture), and what it was made on."""
    mwg = list(_by_mwg(packet.fields))
    yield from mwg[:MOST]
    # Who writes both means the same by them.
    names = {name for name, *_ in mwg}
    yield from [each for each in _by_microsoft(packet.fields) if each[0] not in names][:MOST]


def _by_mwg(fields: Fields) -> Iterator[tuple[str, Area, Size | None]]:
    info = xmp.fields(fields.get(f"{MWG}}}Regions") or fields.get(f"{MWG}}}RegionInfo"))
    size = xmp.fields(info.get(f"{MWG}}}AppliedToDimensions"))
    wide, high = (xmp.number(size.get(f"{SIZE}}}{side}")) for side in ("w", "h"))
    made_on = (wide, high) if wide and high and min(wide, high) > 0 else None
    for item in xmp.items(info.get(f"{MWG}}}RegionList")):
        region = xmp.fields(item)
        name = xmp.text(region.get(f"{MWG}}}Name"))
        kind = xmp.text(region.get(f"{MWG}}}Type")).casefold()
        area = xmp.fields(region.get(f"{MWG}}}Area"))
        numbers = [xmp.number(area.get(f"{AREA}}}{each}")) for each in ("x", "y", "w", "h")]
        known = [each for each in numbers if each is not None]
        if not name or kind not in ("face", "") or len(known) < 4:
            continue
        x, y, w, h = known
        if xmp.text(area.get(f"{AREA}}}unit")) == "pixel":
            if made_on is None:
                continue
            x, y, w, h = x / made_on[0], y / made_on[1], w / made_on[0], h / made_on[1]
        yield name, (x - w / 2, y - h / 2, w, h), made_on


def _by_microsoft(fields: Fields) -> Iterator[tuple[str, Area, Size | None]]:
    info = xmp.fields(fields.get(f"{MICROSOFT}}}RegionInfo"))
    for item in xmp.items(info.get(f"{MICROSOFT}t/RegionInfo#}}Regions")):
        region = xmp.fields(item)
        name = xmp.text(region.get(f"{MICROSOFT}t/Region#}}PersonDisplayName"))
        numbers = _four(region.get(f"{MICROSOFT}t/Region#}}Rectangle"))
        if name and numbers is not None:
            yield name, numbers, None


def _four(value: Value | None) -> Area | None:
    try:
        left, top, wide, high = map(float, xmp.text(value).split(","))
    except ValueError:
        return None
    return left, top, wide, high


def _maker(fields: Fields) -> str:
    """Return the program that wrote a packet, where it is one that is known."""
    tool = xmp.text(fields.get(f"{BASIC}}}CreatorTool")).casefold()
    for program in PROGRAMS:
        if program.casefold() in tool:
            return program
    for program, namespace in PROGRAMS.items():
        if namespace and any(name.startswith(namespace) for name in fields):
            return program
    return "Lightroom" if any(name.startswith(CAMERA_RAW) for name in fields) else ""


def _turn_of(made_on: Size | None, upright: tuple[int, int], orientation: int) -> int | None:
    """Return how regions are to be turned with the photo; None where they do not belong to it."""
    stored = upright if orientation < 5 else (upright[1], upright[0])
    if made_on is None or _one_shape(made_on, stored):
        return orientation
    return UPRIGHT if _one_shape(made_on, upright) else None


def _one_shape(one: Size, other: Size) -> bool:
    across, down = one[0] * other[1], one[1] * other[0]
    return abs(across - down) <= SHAPE * max(across, down)


def _box_of(area: Area, upright: tuple[int, int], turn: int) -> Box | None:
    """Return a region's box in px; None where it has none, or its centre is not in the photo."""
    left, top, wide, high = area
    centre = (left + wide / 2, top + high / 2)
    if not (all(map(math.isfinite, area)) and 0 < wide <= 2 and 0 < high <= 2):
        return None
    if not (0 <= centre[0] <= 1 and 0 <= centre[1] <= 1):
        return None
    width, height = upright if turn < 5 else (upright[1], upright[0])
    stored = (left * width, top * height, (left + wide) * width, (top + high) * height)
    edges = [round(edge) for edge in turned_box(stored, upright, UPRIGHT, turn)]
    if edges[2] <= edges[0] or edges[3] <= edges[1]:
        return None
    return Box(*edges)


def _same(region: FaceRegion, name: str, box: Box) -> bool:
    rows = (np.array([[b.left, b.top, b.right, b.bottom]]) for b in (region.box, box))
    return region.name == name and bool(boxes.overlap(*rows)[0, 0] >= SAME)


def sidecar(
    regions: Sequence[tuple[str, Box]], *, width: int, height: int, orientation: int = UPRIGHT
) -> str:
    """
    Return the text of a sidecar: the regions of a photo as the Metadata Working Group writes them.

    Who is in the photo is said once more without a place, as the IPTC does (PersonInImage), for
    programs that know no regions.

    Parameters
    ----------
    regions : sequence of (str, Box)
        Names, and boxes in px of the upright full-size photo; what reaches over its edge is cut.
    width, height : int
        Size of the photo, px, upright.
    orientation : int
        How the stored picture is turned to be upright, 1 to 8; see
        `toolkit.photos.opening.Metadata`.
    """
    stored = (width, height) if orientation < 5 else (height, width)
    lines = [
        _region(name, turned_box(cut, stored, orientation, UPRIGHT), stored)
        for name, box in regions
        if (cut := _cut(box, width, height)) is not None
    ]
    who = _listed(f"<rdf:li>{escape(_legal(name))}</rdf:li>" for name, _ in regions)
    turned = "" if orientation == UPRIGHT else f'\n   tiff:Orientation="{orientation}"'
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about=""
   xmlns:xmp="{BASIC}" xmlns:tiff="{TIFF}" xmlns:mwg-rs="{MWG}"
   xmlns:stDim="{SIZE}" xmlns:stArea="{AREA}" xmlns:Iptc4xmpExt="{EXTENSION}"
   xmp:CreatorTool="Sightings"{turned}>
   <Iptc4xmpExt:PersonInImage>
    <rdf:Bag>
{who}
    </rdf:Bag>
   </Iptc4xmpExt:PersonInImage>
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions stDim:w="{stored[0]}" stDim:h="{stored[1]}" stDim:unit="pixel"/>
    <mwg-rs:RegionList>
     <rdf:Bag>
{chr(10).join(lines)}
     </rdf:Bag>
    </mwg-rs:RegionList>
   </mwg-rs:Regions>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"     {line}" for line in dict.fromkeys(lines))


def _cut(box: Box, width: int, height: int) -> Area | None:
    left, top = max(box.left, 0), max(box.top, 0)
    right, bottom = min(box.right, width), min(box.bottom, height)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _region(name: str, box: Area, size: tuple[int, int]) -> str:
    left, top, right, bottom = box
    shares = {
        "x": (left + right) / 2 / size[0],
        "y": (top + bottom) / 2 / size[1],
        "w": (right - left) / size[0],
        "h": (bottom - top) / size[1],
    }
    area = " ".join(f'stArea:{each}="{share:.9f}"' for each, share in shares.items())
    return f"""      <rdf:li>
       <rdf:Description mwg-rs:Name={quoteattr(_legal(name))} mwg-rs:Type="Face">
        <mwg-rs:Area {area} stArea:unit="normalized"/>
       </rdf:Description>
      </rdf:li>"""


def _legal(name: str) -> str:
    """Return a name without what XML cannot hold."""
    return printable(name)
