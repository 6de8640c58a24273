"""Face regions as other programs write them, and exiftool to read ours with."""

import os
import shutil

import pytest

Regions = list[tuple[str, tuple[float, float, float, float]]]

NAMESPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
    'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" '
    'xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" '
    'xmlns:MP="http://ns.microsoft.com/photo/1.2/" '
    'xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#" '
    'xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#" '
    'xmlns:digiKam="http://www.digikam.org/ns/1.0/" '
    'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"'
)


def packet(properties: str) -> str:
    """Put properties, as elements, into a packet."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMESPACES}>'
        f'<rdf:Description rdf:about="">{properties}</rdf:Description></rdf:RDF></x:xmpmeta>\n'
        '<?xpacket end="w"?>'
    )


def digikam(regions: Regions, size: tuple[int, int] | None = None) -> str:
    """
    Write as digiKam does, through Exiv2: both schemes, six digits, older versions without a size.

    Regions are names with left, top, width and height as shares of the stored picture.
    """
    applied = (
        f'<mwg-rs:AppliedToDimensions rdf:parseType="Resource"><stDim:w>{size[0]}</stDim:w>'
        f"<stDim:h>{size[1]}</stDim:h><stDim:unit>pixel</stDim:unit></mwg-rs:AppliedToDimensions>"
        if size
        else ""
    )
    mwg = "".join(
        f'<rdf:li><rdf:Description mwg-rs:Name="{name}" mwg-rs:Type="Face"><mwg-rs:Area '
        f'stArea:x="{x + w / 2:g}" stArea:y="{y + h / 2:g}" stArea:w="{w:g}" stArea:h="{h:g}" '
        'stArea:unit="normalized"/></rdf:Description></rdf:li>'
        for name, (x, y, w, h) in regions
    )
    microsoft = "".join(
        f'<rdf:li MPReg:Rectangle="{x:g}, {y:g}, {w:g}, {h:g}" MPReg:PersonDisplayName="{name}"/>'
        for name, (x, y, w, h) in regions
    )
    people = "".join(f"<rdf:li>People/{name}</rdf:li>" for name, _ in regions)
    return packet(
        "<xmp:CreatorTool>digiKam-7.9.0</xmp:CreatorTool>"
        f"<digiKam:TagsList><rdf:Seq>{people}</rdf:Seq></digiKam:TagsList>"
        f'<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>{microsoft}</rdf:Bag>'
        "</MPRI:Regions></MP:RegionInfo>"
        f'<mwg-rs:Regions rdf:parseType="Resource">{applied}<mwg-rs:RegionList><rdf:Bag>{mwg}'
        "</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
    )


def lightroom(regions: Regions, size: tuple[int, int]) -> str:
    """Write as Lightroom does: descriptions in descriptions, attributes, a focus region too."""
    focus = (
        '<rdf:li><rdf:Description mwg-rs:Type="Focus" mwg-rs:Name="where it is sharp"><mwg-rs:Area '
        'stArea:x="0.5" stArea:y="0.5" stArea:w="0.9" stArea:h="0.9"/></rdf:Description></rdf:li>'
    )
    mwg = "".join(
        f'<rdf:li><rdf:Description mwg-rs:Rotation="0.00000" mwg-rs:Name="{name}" '
        f'mwg-rs:Type="Face"><mwg-rs:Area stArea:h="{h:.5f}" stArea:w="{w:.5f}" '
        f'stArea:x="{x + w / 2:.5f}" stArea:y="{y + h / 2:.5f}"/></rdf:Description></rdf:li>'
        for name, (x, y, w, h) in regions
    )
    return packet(
        "<crs:Version>15.4</crs:Version><mwg-rs:Regions><rdf:Description>"
        f'<mwg-rs:AppliedToDimensions stDim:w="{size[0]}" stDim:h="{size[1]}" stDim:unit="pixel"/>'
        f"<mwg-rs:RegionList><rdf:Bag>{focus}{mwg}</rdf:Bag></mwg-rs:RegionList>"
        "</rdf:Description></mwg-rs:Regions>"
    )


def picasa(regions: Regions, size: tuple[int, int]) -> str:
    """Write as Picasa does: every field an element, every structure a resource."""
    mwg = "".join(
        '<rdf:li rdf:parseType="Resource"><mwg-rs:Area rdf:parseType="Resource">'
        f"<stArea:x>{x + w / 2:.6f}</stArea:x><stArea:y>{y + h / 2:.6f}</stArea:y>"
        f"<stArea:w>{w:.6f}</stArea:w><stArea:h>{h:.6f}</stArea:h>"
        "<stArea:unit>normalized</stArea:unit></mwg-rs:Area>"
        f"<mwg-rs:Name>{name}</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type></rdf:li>"
        for name, (x, y, w, h) in regions
    )
    return packet(
        '<mwg-rs:Regions rdf:parseType="Resource">'
        '<mwg-rs:AppliedToDimensions rdf:parseType="Resource">'
        f"<stDim:w>{size[0]}</stDim:w><stDim:h>{size[1]}</stDim:h><stDim:unit>pixel</stDim:unit>"
        f"</mwg-rs:AppliedToDimensions><mwg-rs:RegionList><rdf:Bag>{mwg}</rdf:Bag>"
        "</mwg-rs:RegionList></mwg-rs:Regions>"
    )


def exiftool() -> str:
    """Return exiftool's path; without it the test is skipped, or fails where CI is set."""
    found = shutil.which("exiftool")
    if found:
        return found
    reason = "no exiftool; install libimage-exiftool-perl"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)
