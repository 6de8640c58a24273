"""What a user does with sightings and groups, as decisions."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath

import numpy as np

from toolkit.curation.decisions import Decision
from toolkit.errors import BadSetting
from toolkit.grouping import linkage, neighbours, uncertainty
from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import Labels, pairs_within
from toolkit.grouping.neighbours import Distances, Sightings
from toolkit.grouping.sighting_finder import SightingKey, key_of
from toolkit.grouping.uncertainty import Sides
from toolkit.names import MAX_BYTES, folded, printable
from toolkit.records import Album

Names = Sequence[str | None]

# Left-to-right, right-to-left and Arabic letter mark, and a byte-order mark.
DIRECTION = dict.fromkeys(map(ord, "\u200e\u200f\u061c\ufeff"))
# Not printable by themselves, and ordinary in names: between Japanese family and given names,
# within Persian words and emoji.
JOINING = dict.fromkeys(map(ord, "\u3000\u200c\u200d"))


@dataclass(frozen=True)
class Gesture:
    """
    What one press of a button decides.

    Attributes
    ----------
    decisions : tuple of Decision
        The decisions.
    said : str
        The same to be read, without a full stop.
    whole : tuple of SightingKey
        Sightings that are to be one group afterwards, whatever was decided before.
    gone : tuple of Decision
        Earlier decisions that it takes out.
    """

    decisions: tuple[Decision, ...]
    said: str
    whole: tuple[SightingKey, ...] = ()
    gone: tuple[Decision, ...] = ()


def central(sightings: Sightings, rows: Labels) -> int:
    """Return the row, of these, with the least mean distance to the others; of equals the first."""
    if not len(rows):
        raise BadSetting("an empty group has no centre; choose another group")
    distances = neighbours.of(sightings)
    sums = [distances.table(rows[part], rows).sum(axis=1) for part in neighbours.slices(len(rows))]
    return int(rows[np.concatenate(sums).argmin()])


def merge(
    album: Album,
    labels: Labels,
    names: Names,
    group: int,
    other: int,
    *,
    decided: Decided | None = None,
) -> Gesture:
    """
    Make two groups one individual: by their most central sightings.

    Where both have a name by decision, that of `group` is kept. Where they were seen in one photo
    (a mirror, a photo of a photo), the two sightings in it are decided to be one individual as
    well. Where something kept the two apart that lie so near that each could lose sightings to a
    third one in the new order of joins, all of their sightings are tied.

    Parameters
    ----------
    album : Album
        n sightings.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting.
    names : sequence of str or None
        What each sighting's group is called.
    group, other : int
        Two groups.
    decided : Decided, optional
        What was decided about these sightings; needed where a group has its name by decision.

    Raises
    ------
    BadSetting
        If they are one group, or one is none.
    """
    if group == other:
        raise BadSetting(f"group {group} cannot be merged with itself; choose two groups")
    one, two = _rows(labels, group), _rows(labels, other)
    both = np.concatenate([one, two])
    middle = central(album, one), central(album, two)
    doubled = both[pairs_within(album.photo_of[both])]
    pairs = [middle, *((int(a), int(b)) for a, b in doubled)]
    blocked = len(doubled) or (decided is not None and np.isin(decided.cannot, both).all(1).any())
    if blocked and _entangled(neighbours.of(album), one, two):
        pairs += [(middle[0], row) for row in both.tolist() if row != middle[0]]
    made = [Decision("same", *_two(album, *pair)) for pair in dict.fromkeys(pairs)]
    given = {} if decided is None else decided.names
    kept = next((given[row] for row in one.tolist() if row in given), None)
    if kept is not None:
        # Every sighting with the other name gets this one, so that they stay one individual.
        renamed = [row for row in two.tolist() if given.get(row, kept) != kept]
        made += [Decision("name", key_of(album, row), name=kept) for row in renamed]
    elif away := [row for row in middle if _away(decided, names[row])]:
        # Its number may go: the name must hang on a sighting that is here.
        kept = str(names[away[0]])
        named = [row for row in two.tolist() if given.get(row, kept) != kept]
        made += [
            Decision("name", key_of(album, row), name=kept)
            for row in dict.fromkeys([away[0], *named])
        ]
    if kept is not None and names[two[0]] != kept:
        made += [Decision("name", key, name=kept) for key in _away(decided, names[two[0]])]
    said = f"{_called(names, one[0])} and {_called(names, two[0])} are one {album.words.individual}"
    return Gesture(tuple(made), said, _keys(album, both))


def split(album: Album, labels: Labels, names: Names, sides: Sides, group: int) -> Gesture:
    """
    Make the two sides of a group two individuals: by the nearest pair across them.

    Parameters
    ----------
    album, labels, names
        As for `merge`.
    sides : Sides
        Of `toolkit.grouping.uncertainty.sides`, for these labels.
    group : int
        Of those in `sides`.

    Raises
    ------
    BadSetting
        If the group has no two sides.
    """
    place = np.flatnonzero(sides.group == group)
    if not len(place):
        raise BadSetting(
            f"group {group} has no two sides to split: it is one {album.words.singular}, or decided"
        )
    one, other = sides.first[place[0]], sides.second[place[0]]
    first, second, _ = uncertainty.nearest_pair(album, one, other)
    pair = _two(album, first, second)
    size = f"{len(one)} and {album.words.count(len(other))}"
    return Gesture((Decision("different", *pair),), f"{_called(names, one[0])} is two: {size}")


def same(album: Album, names: Names, one: int, other: int) -> Gesture:
    """Decide that two sightings (rows of the album) are one individual."""
    both = f"{_seen(album, names, one)} and {_seen(album, names, other)}"
    said = f"{both} are one {album.words.individual}"
    return Gesture((Decision("same", *_two(album, one, other)),), said)


def different(album: Album, names: Names, one: int, other: int) -> Gesture:
    """Decide that two sightings (rows of the album) are two individuals."""
    both = f"{_seen(album, names, one)} and {_seen(album, names, other)}"
    said = f"{both} are two {album.words.individuals}"
    return Gesture((Decision("different", *_two(album, one, other)),), said)


def unclear(album: Album, names: Names, one: int, other: int) -> Gesture:
    """Decide that of two sightings (rows of the album) it cannot be told if they are one."""
    both = f"{_seen(album, names, one)} and {_seen(album, names, other)}"
    said = f"it cannot be told whether {both} are one {album.words.individual}"
    return Gesture((Decision("unclear", *_two(album, one, other)),), said)


def not_this_individual(
    album: Album,
    labels: Labels,
    names: Names,
    row: int,
    *,
    decided: Decided | None = None,
    known: Collection[str] = (),
) -> Gesture:
    """
    Take a sighting out of its group: it has not that name, or is not the most central other one.

    Parameters
    ----------
    album, labels, names, decided
        As for `merge`.
    row : int
        The sighting.
    known : collection of str
        Names that come from references (point and shoot), not from decisions.

    Raises
    ------
    BadSetting
        If the sighting is alone in a group that has no name.
    """
    members, name, given = _rows(labels, int(labels[row])), names[row], _given(decided)
    others = members[members != row]
    sighting = key_of(album, row)
    said = f"{_photo(album, row)} does not show {_called(names, row)}"
    if name is not None and (name in known or name in (given.get(m) for m in members.tolist())):
        made = [Decision("not", sighting, name=name)]
        if len(others) and [r for r, text in given.items() if text == name] == [row]:
            # The name was this sighting's own; the group keeps it.
            heir = key_of(album, central(album, others))
            made.insert(0, Decision("name", heir, name=name))
        return Gesture(tuple(made), said)
    if not len(others):
        raise BadSetting(
            f"{said} cannot be decided: it is the only {album.words.singular} of that "
            f"{album.words.individual}"
        )
    middle = key_of(album, central(album, others))
    return Gesture((Decision("different", sighting, middle),), said)


def ignore(
    album: Album, labels: Labels, names: Names, row: int, *, decided: Decided | None = None
) -> Gesture:
    """
    Leave a sighting out. What it held together, and the name it gave, go over to others of its
    group.

    Parameters are those of `not_this_individual`.
    """
    made = [Decision("ignore", key_of(album, row))]
    given = _given(decided)
    pairs = np.zeros((0, 2), dtype=np.int64) if decided is None else decided.must
    tied = sorted({int(r) for pair in pairs if row in pair for r in pair} - {row})
    name = given.get(row)
    ties = [r for r in tied if name is None or given.get(r) != name]
    if name is not None and name in (text for r, text in given.items() if r != row):
        ties += [r for r in tied if r not in ties][:1]
    elif name is not None:
        others = np.setdiff1d(_rows(labels, int(labels[row])), row)
        heirs = ties[:1] or ([central(album, others)] if len(others) else [])
        made += [Decision("name", key_of(album, heir), name=name) for heir in heirs]
    made += [Decision("same", *_two(album, *pair)) for pair in pairwise(ties)]
    return Gesture(tuple(made), f"{_seen(album, names, row)} is left out")


def cleaned(text: str) -> str:
    """
    Return a name as it is kept: composed Unicode, without blanks around it, or marks of direction,
    which come along with a name in Hebrew or Arabic that was pasted and show nothing.

    Raises
    ------
    BadSetting
        If it is empty, longer than a folder's name may be, or holds control characters.
    """
    name = unicodedata.normalize("NFC", text).translate(DIRECTION)
    name = name.replace("\N{NO-BREAK SPACE}", " ").strip()
    plain = name.translate(JOINING).strip()
    if not plain:
        raise BadSetting("the name is empty; write one")
    if not plain.isprintable():
        raise BadSetting(
            f"the name {printable(name)[:40]!r} holds control characters; write it new"
        )
    size = len(name.encode("utf-8"))
    if size > MAX_BYTES:
        raise BadSetting(f"the name has {size} bytes; expected at most {MAX_BYTES}: shorten it")
    return name


def called(labels: Labels, names: Names, text: str) -> int | None:
    """Return the group that has a name, whatever its case: who gives it to another merges both."""
    wanted = folded(cleaned(text))
    found = (int(g) for g, n in zip(labels, names, strict=True) if n and folded(n) == wanted)
    return next(found, None)


def name(
    album: Album,
    labels: Labels,
    names: Names,
    group: int | Labels,
    text: str,
    *,
    decided: Decided | None = None,
) -> Gesture:
    """
    Give a group a name, in place of the one that it has: by its most central sighting.

    A name that another group has makes them one, in that one's spelling: ask first, with `called`.

    Parameters
    ----------
    album, labels, names, decided
        As for `merge`.
    group : int or numpy.ndarray
        The group; or sightings, shape (k,), int64, each of which gets the name.
    text : str
        Untrusted; see `cleaned` for what it raises.
    """
    text, given = cleaned(text), _given(decided)
    there = called(labels, names, text)
    made: list[Decision] = []
    if isinstance(group, np.ndarray):
        rows = chosen = group
        if not len(rows):
            raise BadSetting(f"no {album.words.singular} is chosen to be named; choose one")
        whole = _keys(album, rows)
        if there is not None:
            text = str(names[_rows(labels, there)[0]])
        if there is not None and text not in given.values():
            # That group has this name by its number only: a sighting of its own must have it, too.
            heir = central(album, _rows(labels, there))
            made.append(Decision("name", key_of(album, heir), name=text))
    else:
        rows = _rows(labels, group)
        whole = _keys(album, rows)
        if there is not None and there != group:
            text = str(names[_rows(labels, there)[0]])
            merged = merge(album, labels, names, there, group, decided=decided)
            made = [each for each in merged.decisions if each.kind == "same"]
            whole = merged.whole
        # What ties the group together by its old name, the new one ties again.
        renamed = [row for row in rows.tolist() if given.get(row, text) != text]
        chosen = np.union1d(renamed, [central(album, rows)]).astype(np.int64)
    made += [Decision("name", key_of(album, int(row)), name=text) for row in chosen]
    if not isinstance(group, np.ndarray) and names[rows[0]] != text:
        # Should those come back that the old name was given by, they are the same individual.
        made += [Decision("name", key, name=text) for key in _away(decided, names[rows[0]])]
    return Gesture(tuple(made), f"{_called(names, rows[0])} is {printable(text)}", whole)


def _entangled(distances: Distances, one: Labels, two: Labels) -> bool:
    """Say whether parts of two groups could join before each group is complete."""
    near = uncertainty.nearest_pair(distances, one, two)[2]
    heights = [linkage.tree(distances[rows]).height.max(initial=0.0) for rows in (one, two)]
    # No two parts are nearer than their nearest pair, discounted for their sizes.
    least = near * (1 - distances.linkage.discount) ** 2
    least -= float(linkage.nearer(max(len(one), len(two)), 1, distances.linkage.uneven))
    return least <= max(heights)


def _rows(labels: Labels, group: int) -> Labels:
    rows: Labels = np.flatnonzero(labels == group)
    if group < 0 or not len(rows):
        raise BadSetting(
            f"there is no group {group}; expected one from 0 to {labels.max(initial=0)}"
        )
    return rows


def _keys(album: Album, rows: Labels) -> tuple[SightingKey, ...]:
    return tuple(key_of(album, int(row)) for row in rows)


def _two(album: Album, one: int, other: int) -> tuple[SightingKey, SightingKey]:
    if one == other:
        raise BadSetting(f"sighting {one} was chosen twice; choose two {album.words.plural}")
    return key_of(album, one), key_of(album, other)


def _given(decided: Decided | None) -> dict[int, str]:
    return {} if decided is None else decided.names


def _away(decided: Decided | None, name: str | None) -> list[SightingKey]:
    """Return the sightings that have a name by decision and are not in the album."""
    said: dict[SightingKey, str] = {}
    for each in () if decided is None else decided.lasting:
        if isinstance(each.whom, SightingKey):
            if each.kind == "name":
                said[each.whom] = each.name
            elif each.kind == "not" and said.get(each.whom) == each.name:
                del said[each.whom]
    return [key for key, text in said.items() if text == name]


def _called(names: Names, row: int) -> str:
    return printable(names[row] or "unknown")


def _photo(album: Album, row: int) -> str:
    return printable(PurePath(str(album.sightings["path"].iloc[row])).name)


def _seen(album: Album, names: Names, row: int) -> str:
    """Name a sighting to be read: its group, and its photo."""
    return f"{_called(names, row)} in {_photo(album, row)}"


def taken_along(before: Names, after: Names, row: int) -> int:
    """
    Count the sightings that left a group together with one that was taken out of it.

    Parameters
    ----------
    before, after : sequence of str or None
        Shape (n,): what each sighting was called, and what it is called now.
    row : int
        The one that was taken out.

    Returns
    -------
    int
        Of the others of its group, those that are not where most of them are now.
    """
    now = Counter(
        new
        for each, (old, new) in enumerate(zip(before, after, strict=True))
        if old == before[row] and each != row
    )
    return now.total() - max(now.values(), default=0)
