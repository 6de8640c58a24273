"""XMP of photos: where it is found, which forms are read, and what is refused."""

import os

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from xmp_files import packet

from toolkit.photos import xmp
from toolkit.photos.xmp import BadXmp, parsed, sidecars

TOOL = "http://ns.adobe.com/xap/1.0/}CreatorTool"
SAID = packet("<xmp:CreatorTool>a &amp; b</xmp:CreatorTool>")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_it_is_found_in_photos_of_all_kinds(tmp_path, kind) -> None:
    how = {"xmp": SAID.encode()}
    if kind == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", SAID)
        how = {"pnginfo": text}
    if kind == "TIFF":
        how = {"tiffinfo": {700: SAID.encode()}}
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path = tmp_path / f"a.{kind.lower()}"
    Image.new("RGB", (40, 30)).save(path, kind, **how)
    found = xmp.find(path)
    assert [(each.file, each.fields[TOOL].text) for each in found.packets] == [(path.name, "a & b")]
    assert not found.problems


def test_what_did_not_fit_into_one_segment_is_put_together(tmp_path) -> None:
    path, name = tmp_path / "a.jpg", b"0123456789ABCDEF" * 2
    rest = packet(f"<xmp:CreatorTool>{'long ' * 30_000}</xmp:CreatorTool>").encode()
    first = packet(f"<xmp:Label>{name.decode()}</xmp:Label>").encode()
    Image.new("RGB", (40, 30)).save(path, xmp=first)
    content = path.read_bytes()

    def more(of: bytes, places: list[int], size: int) -> bytes:
        made = b""
        for place in places:
            part = rest[place : place + 60_000]
            body = b"http://ns.adobe.com/xmp/extension/\0" + of
            body += size.to_bytes(4, "big") + place.to_bytes(4, "big") + part
            made += b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
        return made

    places = list(range(0, len(rest), 60_000))[::-1]
    path.write_bytes(content[:2] + more(name, places, len(rest)) + content[2:])
    found = xmp.find(path)
    assert len(found.packets) == 2
    assert found.packets[1].fields[TOOL].text.startswith("long long")
    # A piece is missing; another picture's.
    for segments in (more(name, places[1:], len(rest)), more(b"F" * 32, places, len(rest))):
        path.write_bytes(content[:2] + segments + content[2:])
        assert len(xmp.find(path).packets) == 1


def test_sidecars_come_first_as_digikam_and_lightroom_call_them(tmp_path) -> None:
    path = tmp_path / "IMG.jpg"
    Image.new("RGB", (40, 30)).save(path, xmp=SAID.encode())
    for name in ("IMG.xmp", "IMG.jpg.XMP", "other.xmp"):
        (tmp_path / name).write_text(SAID, encoding="utf-8")
    assert [each.name for each in sidecars(path)] == ["IMG.jpg.XMP", "IMG.xmp"]
    assert [each.file for each in xmp.find(path).packets] == ["IMG.jpg.XMP", "IMG.xmp", "IMG.jpg"]


def test_a_sidecar_that_cannot_be_read_is_named_and_the_rest_is_read(tmp_path) -> None:
    path = tmp_path / "IMG.jpg"
    Image.new("RGB", (40, 30)).save(path, xmp=SAID.encode())
    (tmp_path / "IMG.jpg.xmp").write_text("<cut", encoding="utf-8")
    (tmp_path / "IMG.xmp").mkdir()
    found = xmp.find(path)
    assert [each.file for each in found.packets] == ["IMG.jpg"]
    (name, why), (folder, other) = found.problems
    assert (name, folder) == ("IMG.jpg.xmp", "IMG.xmp")
    assert why.startswith("it is no XML that can be read")
    assert "not a regular file" in other


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_the_place_of_a_sidecar_is_not_waited_for(tmp_path) -> None:
    path = tmp_path / "IMG.jpg"
    Image.new("RGB", (40, 30)).save(path)
    os.mkfifo(tmp_path / "IMG.jpg.xmp")
    assert xmp.find(path).problems


@pytest.mark.parametrize(
    ("content", "why"),
    [
        # Ten to the ninth laughs, a file of this computer, one of another.
        (
            '<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;">]><a>&m;</a>',
            "a document type",
        ),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "a document type"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>', "a document type"),
        ("<a>&x;</a>", "no XML"),
        ("<a>" * 200 + "</a>" * 200, "more elements"),
        (f"<a>{'<b/>' * 200_001}</a>", "more elements"),
        ("", "no XML"),
        ("\0\0", "no XML"),
        ("<a", "no XML"),
        ('<?xml version="1.0" encoding="none"?><a/>', "no XML"),
        (" " * (16 << 20) + "<a/>", "bytes"),
    ],
)
def test_what_would_open_or_swell_anything_is_refused(content, why) -> None:
    with pytest.raises(BadXmp, match=why):
        parsed(content.encode())


def test_a_long_text_is_not_gathered_without_end() -> None:
    found = parsed(packet(f"<xmp:CreatorTool>{'x' * (4 << 20)}</xmp:CreatorTool>").encode())
    assert len(found[TOOL].text) < 1 << 18


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_it_is_read_in_the_encodings_that_xmp_has(encoding) -> None:
    text = packet("<xmp:CreatorTool>Zoë</xmp:CreatorTool>").replace("\ufeff", "")
    assert parsed(text.encode(encoding))[TOOL].text == "Zoë"


def test_properties_are_attributes_or_elements() -> None:
    text = packet("").replace('rdf:about=""', 'rdf:about="" xmp:CreatorTool=" one "')
    assert xmp.text(parsed(text.encode())[TOOL]) == "one"
    array = "<xmp:CreatorTool><rdf:Seq><rdf:li>first</rdf:li><rdf:li>b</rdf:li></rdf:Seq>"
    assert xmp.text(parsed(packet(f"{array}</xmp:CreatorTool>").encode())[TOOL]) == "first"


@pytest.mark.parametrize(
    ("text", "number"), [("0.5", 0.5), ("0,5", 0.5), ("", None), ("1/2", None), (None, None)]
)
def test_numbers(text, number) -> None:
    assert xmp.number(text) == number
