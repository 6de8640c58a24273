"""What individuals are called: by their numbers, by references, and first of all by decision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from toolkit.grouping.constraints import Decided, Lasting
from toolkit.grouping.links import components
from toolkit.grouping.numbering import Earlier
from toolkit.grouping.sighting_finder import SightingKey


def name_groups(
    labels: npt.NDArray[np.int64], numbered: Sequence[str | None], names: dict[int, str]
) -> tuple[str | None, ...]:
    """
    Give each group with a named sighting that name; the others keep their numbers.

    Parameters
    ----------
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting; -1 for none, which has no name.
    numbered : sequence of str or None
        The name that each sighting has by its group's number.
    names : dict of int to str
        Names that sightings were given.
    """
    chosen = {int(labels[row]): name for row, name in names.items()}
    taken = set(chosen.values())
    called: list[str | None] = []
    for label, name in zip(labels.tolist(), numbered, strict=True):
        if label < 0 or name is None:
            called.append(None)
            continue
        # Somebody may have called another group by this very number.
        while label not in chosen and name in taken:
            name += "b"
        called.append(chosen.get(label, name))
    return tuple(called)


def names_away(
    labels: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.int64],
    decided: Decided,
    absent: Earlier,
) -> tuple[dict[int, str], tuple[Lasting, ...]]:
    """
    Return the names that individuals keep while the sightings that were named are away.

    A sighting that is away has the number that it had: whoever has that number now has the name,
    unless a sighting that is here says otherwise, or somebody else is called so.

    Parameters
    ----------
    labels, numbers : numpy.ndarray
        Shape (n,), int64: the group and the number of each sighting.
    decided : Decided
        What was decided.
    absent : Earlier
        The numbers of those that are away.

    Returns
    -------
    (dict of int to str, tuple of Lasting)
        A sighting of each such individual, and the name; and the decisions that say so.
    """
    asked = [
        (each, each.whom)
        for each in decided.lasting
        if each.kind in ("name", "not") and isinstance(each.whom, SightingKey)
    ]
    if not asked:
        return {}, ()
    said: dict[int, Lasting] = {}
    places = absent.places_of([key for _, key in asked])
    for (each, _), place in zip(asked, places, strict=True):
        if place is None:
            continue
        if each.kind == "name" or (place in said and said[place].name == each.name):
            said.pop(place, None)
        if each.kind == "name":
            said[place] = each
    here = np.flatnonzero(labels >= 0)
    heads = dict(zip(numbers[here[::-1]].tolist(), here[::-1].tolist(), strict=True))
    settled = {int(numbers[row]) for row in decided.names if labels[row] >= 0}
    taken = set(decided.names.values())
    lent: dict[int, str] = {}
    for place in reversed(said):
        number, name = int(absent.numbers[place]), said[place].name
        if number in heads and number not in settled and name not in taken:
            lent[heads[number]] = name
            settled.add(number)
            taken.add(name)
    used = tuple(
        each
        for place, each in said.items()
        if lent.get(heads.get(int(absent.numbers[place]), -1)) == each.name
    )
    return lent, used


def hold_names(names: Sequence[str | None], decided: Decided) -> tuple[str | None, ...]:
    """
    Return names found by comparing with references, as the user corrected them.

    Of sightings that were said to be one individual, all get what was said of one of them; or else
    the name that was found for some, if it is only one. Who was said to be somebody else than a
    named sighting does not get that name.
    """
    family = components(len(names), decided.must)
    said = {int(family[row]): name for row, name in decided.names.items()}
    refused = {(int(family[row]), name) for row, name in decided.refused}
    for one, other in family[decided.cannot].tolist():
        refused |= {(one, said[other])} if other in said else set()
        refused |= {(other, said[one])} if one in said else set()
    found: dict[int, set[str]] = {}
    for group, name in zip(family.tolist(), names, strict=True):
        if name is not None and (group, name) not in refused:
            found.setdefault(group, set()).add(name)
    held = []
    for group, name in zip(family.tolist(), names, strict=True):
        those = found.get(group, set())
        own = next(iter(those)) if len(those) == 1 else name
        held.append(said.get(group, own if own in those else None))
    return tuple(held)
