"""XMP, the metadata that programs write into photos and beside them: found, and read with care."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from toolkit.files import read_regular, reason_of
from toolkit.names import printable
from toolkit.photos import opening

# Bytes of a packet, elements in it, how deep they may lie in each other, and letters of a text from
# which on the rest is left: names and numbers are shorter.
LARGEST, MOST, DEEPEST, LONG = 16 << 20, 200_000, 100, 1 << 16

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


class BadXmp(Exception):
    """What is no XMP that can be read."""


@dataclass
class Node:
    """
    An element.

    Attributes
    ----------
    name : str
        Namespace, "}", and local name; so are the keys of `attributes`.
    attributes : dict of str to str
        Its attributes.
    children : list of Node
        The elements in it.
    text : str
        The text in it, that of its children left out.
    """

    name: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    text: str = ""


Value = Node | str
Fields = dict[str, Value]


@dataclass(frozen=True)
class Packet:
    """
    What one program says of a photo.

    Attributes
    ----------
    file : str
        Name of the file that it is in: the photo's own, or that of a sidecar.
    fields : dict of str to Node or str
        Its properties, by namespace, "}", and name.
    """

    file: str
    fields: Fields


@dataclass(frozen=True)
class Found:
    """
    The XMP of a photo.

    Attributes
    ----------
    packets : tuple of Packet
        Those of sidecars first, as programs that write them read them first.
    orientation : int
        How the photo is turned to be upright, 1 to 8, as EXIF numbers it; see
        `toolkit.photos.opening.Metadata`.
    problems : tuple of (str, str)
        Names of files that could not be read, and why.
    """

    packets: tuple[Packet, ...]
    orientation: int
    problems: tuple[tuple[str, str], ...] = ()


def sidecars(photo: Path) -> tuple[Path, ...]:
    """
    Return the sidecars of a photo that are there.

    digiKam calls that of IMG.jpg ``IMG.jpg.xmp``, Lightroom ``IMG.xmp``.
    """
    ends = (".xmp", ".XMP")
    tried = [photo.with_name(photo.name + end) for end in ends]
    tried += [photo.with_suffix(end) for end in ends]
    there: dict[tuple[int, int], Path] = {}
    for path in tried:
        try:
            status = path.stat()
        except (OSError, ValueError):
            continue
        # Where case is ignored, both endings are of one file.
        there.setdefault((status.st_dev, status.st_ino), path)
    return tuple(there.values())


def find(photo: Path) -> Found:
    """
    Read the XMP of a photo: of its sidecars, and what is in the file itself.

    What cannot be read is named, and is no reason to give up the rest.

    Raises
    ------
        If the file is no photo that can be read.
    """
    own = opening.metadata_of(photo)
    packets: list[Packet] = []
    problems: list[tuple[str, str]] = []
    for path in sidecars(photo):
        try:
            packets.append(Packet(path.name, parsed(read_regular(path, most=LARGEST))))
        except (BadXmp, OSError) as error:
            problems.append((path.name, printable(reason_of(error))))
    for content in own.xmp:
        try:
            packets.append(Packet(photo.name, parsed(content)))
        except BadXmp as error:
            problems.append((photo.name, printable(reason_of(error))))
    return Found(tuple(packets), own.orientation, tuple(problems))


def parsed(content: bytes) -> Fields:
    """
    Read a packet.

    Parameters
    ----------
    content : bytes
        RDF in XML, as XMP has it. Neither a DTD nor an entity of its own is taken, so that nothing
        else is opened and nothing grows.

    Returns
    -------
    dict of str to Node or str
        Its properties.

    Raises
    ------
    BadXmp
        If it is none, or is too large.
    """
    if len(content) > LARGEST:
        raise BadXmp(f"it has {len(content):,} bytes; expected at most {LARGEST:,}")
    root = Node("", {})
    path, count = [root], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST or len(path) > DEEPEST:
            raise BadXmp("it has more elements than metadata has")
        path.append(Node(name, attributes))
        path[-2].children.append(path[-1])

    def end(_: str) -> None:
        path.pop()

    def take(part: str) -> None:
        if len(path[-1].text) < LONG:
            path[-1].text += part[:LONG]

    def refuse(*_: object) -> None:
        raise BadXmp("it has a document type, which XMP does not have")

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = take
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        # Some programs close what is in a photo with a NUL; in UTF-16, it is half a letter.
        wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        parser.Parse(content if wide else content.rstrip(b"\x00"), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadXmp(f"it is no XML that can be read: {printable(str(error))}") from error
    found: Fields = {}
    for description in _descriptions(root):
        for name, value in _own(description).items():
            found.setdefault(name, value)
    return found


def _descriptions(root: Node) -> Iterator[Node]:
    """Yield what describes the photo: it is in ``rdf:RDF``, in ``x:xmpmeta`` or not."""
    for top in root.children:
        for place in (top, *top.children):
            if place.name == f"{RDF}RDF":
                yield from (each for each in place.children if each.name == f"{RDF}Description")


def fields(value: Value | None) -> Fields:
    """
    Return the fields of a structure, however it is written; none of what is no structure.

    RDF has three ways: an element with ``rdf:parseType="Resource"``, one with an
    ``rdf:Description`` in it, and attributes.
    """
    if not isinstance(value, Node):
        return {}
    found = _own(value)
    for child in value.children:
        if child.name == f"{RDF}Description":
            found |= _own(child)
    return found


def _own(node: Node) -> Fields:
    found: Fields = {k: v for k, v in node.attributes.items() if not k.startswith(RDF)}
    return found | {each.name: each for each in node.children if not each.name.startswith(RDF)}


def items(value: Value | None) -> Sequence[Node]:
    """Return what is in a bag, a sequence or a choice; nothing of what is none."""
    if not isinstance(value, Node):
        return ()
    arrays = (f"{RDF}Bag", f"{RDF}Seq", f"{RDF}Alt")
    inner = (each for array in value.children if array.name in arrays for each in array.children)
    return [each for each in inner if each.name == f"{RDF}li"]


def text(value: Value | None) -> str:
    """Return a text, the first of several, without blanks around it; "" for none."""
    if value is None or isinstance(value, str):
        return (value or "").strip()
    first = [*items(value), *(each for each in value.children if each.name == f"{RDF}value")][:1]
    return text(first[0]) if first else value.text.strip()


def number(value: Value | None) -> float | None:
    """Return a number, None for what is none; programs have written a comma in it."""
    try:
        return float(text(value).replace(",", "."))
    except ValueError:
        return None
