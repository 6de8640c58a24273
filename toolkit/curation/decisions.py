"""What the user decided about sightings: a table beside the results, held to by later runs."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from toolkit.errors import BadFolder, BadSetting
from toolkit.files import folder_at, reason_of
from toolkit.grouping.constraints import Decided, Lasting
from toolkit.grouping.links import Pairs, components
from toolkit.grouping.sighting_finder import SightingKey, finder_of
from toolkit.locks import deciding
from toolkit.names import printable
from toolkit.records import Album, Box, Words
from toolkit.results.changes import MOVED, Reason
from toolkit.scanning.missed import SMALLEST, Missed, fits
from toolkit.tables import BadTable, read_table, write_table

FILE = "decisions.csv"
KINDS = ("same", "different", "unclear", "name", "not", "ignore", "hide", "show", "box")
# Kinds that are about two sightings.
OF_TWO = ("same", "different", "unclear")
# Kinds that have a name.
NAMED = ("name", "not", "hide", "show")
LARGEST = 64 << 20
# px of an edge; bytes of a name, which file systems have as well.
FARTHEST, LONGEST_NAME = 1 << 31, 255

# The note of what was read from the folders: the column, and what it says.
FROM_FOLDERS = ("from", "folders")
DELETED = "deleted"

# How a table writes what cannot be seen; see `_spelled`.
_ESCAPE = re.compile(r"\\(\\|[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U00(?:0[0-9a-f]|10)[0-9a-f]{4})")

Kind = Literal["same", "different", "unclear", "name", "not", "ignore", "hide", "show", "box"]


@dataclass(frozen=True)
class Decision:
    """
    One decision.

    Attributes
    ----------
    kind : {"same", "different", "unclear", "name", "not", "ignore", "hide", "show", "box"}
        Two sightings are one individual, or two, or it cannot be told; a sighting has a name, or
        has not; a sighting is left out; the individual of a sighting, as long as it has that name
        or number, gets no folder, or has it again, whichever of the two it was hidden by; here is
        a sighting that was not found.
    sighting : SightingKey
        The sighting.
    other : SightingKey or None
        The other one, for "same", "different" and "unclear".
    name : str
        For "name", "not", "hide" and "show".
    notes : tuple of (str, str)
        What somebody wrote into columns of their own: the column, and the cell where it says
        anything. It decides nothing, and stays with the line.
    """

    kind: Kind
    sighting: SightingKey
    other: SightingKey | None = None
    name: str = ""
    notes: tuple[tuple[str, str], ...] = ()


_KEY = tuple(field.name for field in fields(SightingKey))
COLUMNS = ("decision", "name", *_KEY, *(f"other_{name}" for name in _KEY))


def read(out: Path) -> tuple[Decision, ...]:
    """
    Read the decisions in a folder of results; none where there is no such table.

    Raises
    ------
    BadSetting
        If it cannot be read, or a line cannot be understood, which it names.
    """
    path = out / FILE
    try:
        if not os.path.lexists(path):
            return ()
        table = read_table(path, COLUMNS, most=LARGEST)
    except (BadTable, OSError, ValueError) as error:
        raise BadSetting(
            f"{path} cannot be read as a table of decisions: {printable(reason_of(error))}. Mend "
            "it, or take it away."
        ) from error
    rows = table[list(COLUMNS)].to_numpy(dtype=object).tolist()
    own = [str(column) for column in table.columns if column not in COLUMNS]
    noted = table[own].to_numpy(dtype=object).tolist()
    made: list[Decision] = []
    for line, row, cells in zip(table.index.tolist(), rows, noted, strict=True):
        # A note alone decides nothing.
        if any(map(str.strip, row)):
            notes = tuple((column, cell) for column, cell in zip(own, cells, strict=True) if cell)
            each = replace(_decision(row, f"{path} line {line}"), notes=notes)
            made += _one_by_one(each)
    return tuple(made)


def _one_by_one(each: Decision) -> list[Decision]:
    """Return a box and the name in its line as two decisions: either can be taken back alone."""
    if each.kind != "box" or not each.name:
        return [each]
    return [replace(each, name=""), Decision("name", each.sighting, name=each.name)]


def require_decisions(out: str | None) -> None:
    """
    Raise `BadSetting` where the decisions in a folder of results cannot be read.

    Asked before a long look at photos, so that it is not in vain.
    """
    if out:
        # A folder that cannot be is refused elsewhere.
        with suppress(BadFolder):
            read(folder_at(out))


def write(out: Path, decisions: Iterable[Decision]) -> None:
    """
    Write all decisions into a folder of results, in the place of those that are there.

    Whoever changes decisions reads and writes them in one go, under `toolkit.locks.deciding`; to
    add some, `add` does that.

    Raises
    ------
    BadFolder
        If they cannot be written. When this returns they are on the disk.
    BadSetting
        If a name is longer than a folder's can be.
    """
    made = tuple(decisions)
    for each in made:
        _require_length(each.name, "a decision")
    blank = ("",) * len(_KEY)
    pairs = ((each, astuple(each.other) if each.other else blank) for each in made)
    rows = [(x.kind, _spelled(x.name), *astuple(x.sighting), *other) for x, other in pairs]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(object)
    for column in dict.fromkeys(column for each in made for column, _ in each.notes):
        table[column] = [dict(each.notes).get(column, "") for each in made]
    write_table(table, out / FILE)


def add(out: Path, decisions: Iterable[Decision]) -> None:
    """
    Add decisions to those in a folder of results, whoever else does so at the same time.

    Raises
    ------
    BadSetting
        If those that are there cannot be read.
    BadFolder
        If they cannot be written. When this returns they are on the disk.
    """
    with deciding(out):
        write(out, (*read(out), *decisions))


def _spelled(name: str) -> str:
    """Write a name so that it is read back as it is; `write_table` escapes what cannot be seen."""
    whole = name.replace("\\", r"\\")
    return re.sub(r"\A[ \t\r\n]+|[ \t\r\n]+\Z", lambda ends: _numbered(ends[0]), whole)


def _numbered(text: str) -> str:
    return "".join(f"\\x{ord(letter):02x}" for letter in text)


def _meant(escape: re.Match[str]) -> str:
    return "\\" if escape[1] == "\\" else escape[0].encode().decode("unicode_escape")


def _decision(row: Sequence[str], where: str) -> Decision:
    # Around a name, only what a spreadsheet or a typist adds: a folder's name may end with a blank
    # of another script, and is that folder's only as a whole.
    kind, written = row[0].strip().casefold(), _ESCAPE.sub(_meant, row[1].strip(" \t\r\n"))
    # A keyboard types one form of "é", a folder of macOS has the other: both are one name.
    name = unicodedata.normalize("NFC", written)
    if kind not in KINDS:
        raise BadSetting(f"{where}: decision is {row[0]!r}; expected one of {', '.join(KINDS)}")
    if kind in NAMED and not name:
        raise BadSetting(f"{where}: the name is empty; write it, or take the line out")
    _require_length(name, where)
    size = len(_KEY)
    sighting = _key(row[2 : 2 + size], where)
    other = _key(row[2 + size :], where) if kind in OF_TWO else None
    if (
        kind == "box"
        and (small := min(sighting.right - sighting.left, _height(sighting))) < SMALLEST
    ):
        raise BadSetting(
            f"{where}: the box has a side of {small} px; expected at least {SMALLEST}: draw it "
            "larger, or take the line out"
        )
    return Decision(cast(Kind, kind), sighting, other, name if kind in (*NAMED, "box") else "")


def _height(sighting: SightingKey) -> int:
    return sighting.bottom - sighting.top


def _require_length(name: str, where: str) -> None:
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > LONGEST_NAME:
        raise BadSetting(
            f"{where}: the name has {size:,} bytes; expected at most {LONGEST_NAME}: shorten it"
        )


def _key(cells: Sequence[str], where: str) -> SightingKey:
    path, photo, *edges = cells
    try:
        left, top, right, bottom = (int(float(edge)) for edge in edges)
        if max(map(abs, (left, top, right, bottom))) > FARTHEST:
            raise ValueError("an edge is too far away")
        Box(left, top, right, bottom)
        if not photo:
            raise ValueError("the photo's digest is empty")
    except (ValueError, OverflowError) as error:
        raise BadSetting(
            f"{where}: not a box ({printable(str(error))}); mend or remove it"
        ) from error
    return SightingKey(path, photo.strip().casefold(), left, top, right, bottom)


def apply(
    decisions: Sequence[Decision], album: Album, *, elsewhere: frozenset[str] = frozenset()
) -> Decided:
    """
    Find the sightings of decisions among the sightings of an album.

    Of several decisions about the same two sightings, or the name of one, the last counts.
    Sightings with one name are one individual, sightings with two names are two, and a sighting
    that has not a name is none of those that have. That two cannot be told has no effect but that
    it is not asked again.

    Parameters
    ----------
    decisions : sequence of Decision
        In the order in which they were made.
    album : Album
        n sightings, among which `toolkit.grouping.sighting_finder.SightingFinder` finds those of
        decisions. What the album ignores is found by decisions to ignore it alone: others about it
        have no effect.
    elsewhere : frozenset of str
        Digests of photos beside the album, such as examples, that were looked at by decisions about
        them: these are not missed here.

    Raises
    ------
    BadSetting
        If decisions contradict each other.
    """
    find, anywhere = finder_of(album), finder_of(album, ignored=True)
    gone = _gone(album)
    pairs: dict[tuple[int, int], tuple[str, Decision]] = {}
    names: dict[int, str] = {}
    refused: set[tuple[int, str]] = set()
    ignored: set[int] = set()
    lasting: list[Lasting] = []
    unmatched: list[str] = []
    away = 0
    for each in decisions:
        sightings = [sighting for sighting in (each.sighting, each.other) if sighting is not None]
        seek = anywhere if each.kind in ("ignore", "box") else find
        found = [seek(sighting) for sighting in sightings]
        if found == [None] and each.sighting.photo in elsewhere:
            continue
        if each.kind in ("hide", "show") or (each.kind in NAMED and found == [None]):
            whom = each.sighting if found[0] is None else found[0]
            lasting.append(Lasting(cast(Any, each.kind), whom, each.name))
        if each.kind == "ignore" and found == [None] and each.sighting.photo in gone:
            continue
        if None in found or (len(found) == 2 and found[0] == found[1]):
            unmatched.extend(f.path for f, row in zip(sightings, found, strict=True) if row is None)
            away += 1
        elif each.kind == "ignore":
            ignored.add(cast(int, found[0]))
        elif each.kind == "name":
            names[cast(int, found[0])] = each.name
            refused.discard((cast(int, found[0]), each.name))
        elif each.kind == "not":
            refused.add((cast(int, found[0]), each.name))
            if names.get(cast(int, found[0])) == each.name:
                del names[cast(int, found[0])]
        elif each.other is not None:
            one, other = sorted(cast(list[int], found))
            pairs[one, other] = (each.kind, each)
    must = [pair for pair, (kind, _) in pairs.items() if kind == "same"]
    cannot = [pair for pair, (kind, _) in pairs.items() if kind == "different"]
    unclear = [pair for pair, (kind, _) in pairs.items() if kind == "unclear"]
    firsts: dict[str, int] = {}
    for row, name in sorted(names.items()):
        if name in firsts:
            must.append((firsts[name], row))
        firsts.setdefault(name, row)
    cannot += [(row, firsts[name]) for row, name in sorted(refused) if name in firsts]
    # Thousands of names make millions of pairs: no list of tuples.
    heads = np.array(list(firsts.values()), dtype=np.int64)
    first, second = np.triu_indices(len(heads), k=1)
    apart_by_name = np.stack([heads[first], heads[second]], axis=1)
    decided = Decided(
        must=_pairs(must),
        cannot=np.concatenate([_pairs(cannot), apart_by_name]),
        names=names,
        refused=frozenset(refused),
        ignored=np.array(sorted(ignored), dtype=np.int64),
        unmatched=away,
        away=tuple(unmatched),
        lasting=tuple(lasting),
        unclear=_pairs(unclear),
    )
    _require_consistent(decided, album)
    return decided


def _require_consistent(decided: Decided, album: Album) -> None:
    together = components(len(album), decided.must)
    broken = decided.cannot[together[decided.cannot[:, 0]] == together[decided.cannot[:, 1]]]
    if len(broken):
        paths = album.sightings["path"].to_numpy(dtype=object)
        one, other = (printable(str(paths[row])) for row in broken[0])
        raise BadSetting(
            f"{FILE}: by some decisions a {album.words.singular} in {one} and one in {other} are "
            f"the same {album.words.individual}, by others they are different; take one of those "
            "decisions out"
        )


def missed(decisions: Sequence[Decision]) -> Missed:
    """Return the boxes around sightings that were not found, for a scan."""
    return Missed([(each.sighting.photo, Box(*each.sighting.box)) for each in _boxes(decisions)])


def misplaced(decisions: Sequence[Decision], album: Album) -> tuple[str, ...]:
    """Say which boxes lie outside their photos, a sentence each without a full stop."""
    if not _boxes(decisions):
        return ()
    columns = album.photos[["photo_digest", "width", "height"]]
    sizes = {str(row[0]): (int(row[1]), int(row[2])) for row in columns.itertuples(index=False)}
    return tuple(
        f"{FILE}: the box {', '.join(map(str, key.box))} is not in {_called(key)}, which has "
        f"{sizes[key.photo][0]} x {sizes[key.photo][1]} px; it is left out"
        for key in dict.fromkeys(each.sighting for each in _boxes(decisions))
        if key.photo in sizes and not fits(Box(*key.box), *sizes[key.photo])
    )


def _boxes(decisions: Sequence[Decision]) -> list[Decision]:
    return [each for each in decisions if each.kind == "box"]


def _called(key: SightingKey) -> str:
    return printable(Path(key.path).name) or "its photo"


def masked(album: Album, decisions: Sequence[Decision]) -> Album:
    """
    Return the album with those sightings ignored that decisions say to leave out.

    What it ignores already stays so. Rows keep their numbers.
    """
    wanted = [each for each in decisions if each.kind == "ignore"]
    if not wanted:
        return album
    found = apply(wanted, album).ignored
    if album.ignored[found].all():
        # The very same: what was worked out about it is known by that.
        return album
    ignored = album.ignored.copy()
    ignored[found] = True
    return replace(album, ignored=ignored)


def _gone(album: Album) -> set[str]:
    """
    Return the photos of which an earlier version took ignored sightings out of its tables.

    Which ones it took is not known, only how many: what was decided about them was held to.
    """
    photos = album.photos
    if "ignored" not in photos:
        return set()
    return set(photos["photo_digest"][photos["ignored"] > 0])


def _pairs(pairs: Sequence[tuple[int, int]]) -> Pairs:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def plain(each: Decision) -> Decision:
    """Return a decision without what is to be read: the paths, and notes."""
    other = replace(each.other, path="") if each.other else None
    return replace(each, sighting=replace(each.sighting, path=""), other=other, notes=())


def told(each: Decision, words: Words) -> str:
    """Say a decision, to be read."""
    photo, name = printable(Path(each.sighting.path).name), printable(each.name)
    if each.other is not None:
        number = f"one {words.individual}" if each.kind == "same" else f"two {words.individuals}"
        other = printable(Path(each.other.path).name)
        if each.kind == "unclear":
            one = f"one {words.individual}"
            return f"it cannot be told whether the {words.plural} in {photo} and {other} are {one}"
        return f"the {words.plural} in {photo} and {other} are {number}"
    if each.kind == "ignore":
        return f"the {words.singular} in {photo} is left out"
    if each.kind == "box":
        return f"a {words.singular} in {photo} that was not found"
    if each.kind in ("hide", "show"):
        return f"{name} {'is hidden' if each.kind == 'hide' else 'has a folder again'}"
    return f"the {words.singular} in {photo} is {'not ' if each.kind == 'not' else ''}{name}"


def mark_of(each: Decision) -> str:
    """Return what a decision is known by in the record of a run."""
    return hashlib.sha256(repr(plain(each)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def reasons(decisions: Sequence[Decision], album: Album) -> tuple[Reason, ...]:
    """
    Return decisions as what changed by them names them: with the sightings they are about.

    One that a later one replaced is the reason for nothing, and about none.
    """
    find = finder_of(album, ignored=True)
    done = _done_by_hand(decisions)
    found = []
    # The last decision about one pair, or the name of one sighting.
    last: dict[object, int] = {}
    for place, each in enumerate(decisions):
        keys = [key for key in (each.sighting, each.other) if key is not None]
        first, *rest = map(find, keys)
        rows = tuple(row for row in (first, *rest) if row is not None)
        said, by_hand = told(each, album.words), ""
        verb = done.get(each.sighting) if FROM_FOLDERS in each.notes else None
        if verb and each.kind != "hide" and first is not None:
            photo = printable(Path(each.sighting.path).name)
            said, by_hand = f"you moved {photo}", "you moved it"
            if verb == DELETED:
                said, by_hand = f"you deleted the copy of {photo}", "you deleted its copy"
        found.append(Reason(mark_of(each), said, rows, by_hand))
        for about in _about(each, rows):
            if (before := last.get(about)) is not None:
                found[before] = replace(found[before], rows=())
            last[about] = place
    return tuple(found)


def _about(each: Decision, rows: tuple[int, ...]) -> list[object]:
    """Return what a decision settles until a later one does; nothing where a sighting is away."""
    if len(rows) != (2 if each.other else 1):
        return []
    if each.other is not None:
        return [frozenset(rows)]
    if each.kind == "name":
        return [("name", *rows), ("which", *rows, each.name)]
    if each.kind == "not":
        return [("which", *rows, each.name)]
    return []


def _done_by_hand(decisions: Sequence[Decision]) -> dict[SightingKey, str]:
    """Return what was done in the folders with the photo of a sighting; nothing where unknown."""
    made = [each for each in decisions if FROM_FOLDERS in each.notes]
    # Those who stay in a folder that others left are held together with one of them.
    stay = {each.other for each in made if each.kind == "different"}
    left = {each.sighting for each in made if each.kind in ("different", "not")}
    found = dict.fromkeys(left, DELETED)
    for each in made:
        with_others = each.kind == "same" and each.other not in stay
        if with_others or (each.kind in ("same", "name") and each.sighting in left):
            found[each.sighting] = MOVED
    return found
