"""What individuals are called: by their numbers, by references, and first of all by decision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import components


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
