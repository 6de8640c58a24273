"""Which earlier decisions a new one contradicts, also by way of other sightings."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadSetting
from toolkit.grouping import neighbours
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.records import Album

# What it costs to take a "same" back: as few as can be; of as many, the pair that is further apart
# (up to LEEWAY less). A name is taken back only where nothing else can be.
PRICE, LEEWAY, NAME = 10_000, 100, 100_000_000

Node = int | str
Edge = tuple[Node, Node, int]


def settled(
    old: Sequence[Decision],
    new: Sequence[Decision],
    album: Album,
    *,
    whole: Sequence[SightingKey] = (),
) -> tuple[Decision, ...]:
    """
    Return the old decisions but for those that new ones contradict, as few as needed.

    A decision is contradicted by another one about the same two sightings or the same name, or by
    way of others: sightings that a chain of "same" and of one name connects are one individual.
    Where such a chain has to be broken, the fewest links are taken out (a minimum cut, found by
    augmenting paths: Edmonds and Karp 1972); of as many, those between the sightings that are
    furthest apart, and names last of all.

    Parameters
    ----------
    old, new : sequence of Decision
        In the order in which they were made.
    album : Album
        The sightings by which sightings are known again; a decision about others contradicts
        nothing.
    whole : sequence of SightingKey
        Sightings that are to be one group as well.

    Raises
    ------
    BadSetting
        If the new decisions contradict each other.
    """
    row_of = _rows_of([*old, *new], whole, album)
    one_group = [row for sighting in whole if (row := row_of[sighting]) is not None]
    dated = [place for place, each in enumerate(old) if _replaced(each, new, row_of)]
    out: list[int] = []
    while True:
        kept = [place for place in range(len(old)) if place not in dated and place not in out]
        graph = _Graph([*(old[place] for place in kept), *new], row_of, one_group)
        if graph.broken is None:
            break
        which, one, other = graph.broken
        if which is not None and which < len(kept):
            taken = {which}
        else:
            taken = _cut(graph.edges, one, other, graph.prices(album, len(kept)))
        if not taken:
            raise BadSetting(
                f"these decisions contradict each other: two {album.words.plural} are said to be "
                f"one {album.words.individual}, and two; make one of them"
            )
        out += [kept[place] for place in taken]
    # What is harmless again, now that others are out, stays.
    for place in sorted(out, reverse=True):
        without = {*dated, *out} - {place}
        rest = [each for at, each in enumerate(old) if at not in without]
        if _Graph([*rest, *new], row_of, one_group).broken is None:
            out.remove(place)
    return tuple(each for at, each in enumerate(old) if at not in {*dated, *out})


class _Graph:
    """Sightings and names, the decisions that connect them, and those that keep some apart."""

    def __init__(
        self, made: Sequence[Decision], row_of: dict[SightingKey, int | None], whole: Sequence[int]
    ) -> None:
        pairs: dict[tuple[int, int], int] = {}
        names: dict[int, int] = {}
        refused: dict[tuple[int, str], int] = {}
        # As `toolkit.curation.decisions.apply` reads them: of several about one thing, the last.
        for place, each in enumerate(made):
            row, other = row_of[each.sighting], row_of[each.other] if each.other else None
            if row is None or (each.other and (other is None or other == row)):
                continue
            if each.kind == "name":
                names[row] = place
                refused.pop((row, each.name), None)
            elif each.kind == "not":
                refused[row, each.name] = place
                if row in names and made[names[row]].name == each.name:
                    del names[row]
            elif other is not None:
                pairs[min(row, other), max(row, other)] = place
        self.edges: list[Edge] = [(one, other, -1) for one, other in pairwise(whole)]
        self.edges += [(*pair, at) for pair, at in pairs.items() if made[at].kind == "same"]
        self.edges += [(row, made[at].name, at) for row, at in names.items()]
        self.names = set(names.values())
        self.broken = self._broken(
            [(at, *pair) for pair, at in pairs.items() if made[at].kind == "different"]
            + [(at, *ends) for ends, at in refused.items()]
        )

    def _broken(
        self, barriers: list[tuple[int, int, Node]]
    ) -> tuple[int | None, Node, Node] | None:
        above: dict[Node, Node] = {}

        def top(node: Node) -> Node:
            while (up := above.setdefault(node, node)) != node:
                above[node] = above[up]
                node = up
            return node

        for one, other, _ in self.edges:
            above[top(one)] = top(other)
        for which, one, other in barriers:
            if top(one) == top(other):
                return which, one, other
        first: dict[Node, str] = {}
        for text in dict.fromkeys(end for edge in self.edges for end in edge[:2]):
            if isinstance(text, str) and first.setdefault(top(text), text) != text:
                return None, first[top(text)], text
        return None

    def prices(self, album: Album, old: int) -> list[float]:
        """Return what each edge costs to take out; infinite where it may not be."""
        found: list[float] = []
        distances, even = neighbours.of(album), album.encoder.calibration.even
        for one, other, place in self.edges:
            if not 0 <= place < old:
                found.append(np.inf)
            elif isinstance(one, int) and isinstance(other, int):
                pair = np.array([one]), np.array([other])
                away = float(distances.of_pairs(*pair)[0])
                found.append(PRICE + round(LEEWAY * even / (even + away)))
            else:
                found.append(NAME)
        return found


def _cut(edges: Sequence[Edge], start: Node, end: Node, prices: Sequence[float]) -> set[int]:
    """Return the decisions of the cheapest edges that part two nodes; none where nothing can."""
    room: dict[Node, dict[Node, float]] = {start: {}}
    for (one, other, _), price in zip(edges, prices, strict=True):
        for here, there in ((one, other), (other, one)):
            room.setdefault(here, {})[there] = room.get(here, {}).get(there, 0.0) + price
    while True:
        came: dict[Node, Node] = {start: start}
        todo = deque([start])
        while todo and end not in came:
            node = todo.popleft()
            for there, space in room[node].items():
                if space > 0 and there not in came:
                    came[there] = node
                    todo.append(there)
        if end not in came:
            break
        path = [end]
        while path[-1] != start:
            path.append(came[path[-1]])
        steps = [(here, there) for there, here in pairwise(path)]
        flow = min(room[here][there] for here, there in steps)
        if flow == np.inf:
            return set()
        for here, there in steps:
            room[here][there] -= flow
            room[there][here] += flow
    return {place for one, other, place in edges if (one in came) != (other in came)}


def _replaced(
    each: Decision, new: Iterable[Decision], row_of: dict[SightingKey, int | None]
) -> bool:
    """Say whether a new decision is about the very same thing, and says otherwise."""
    row = row_of[each.sighting]
    ends = {row, row_of[each.other]} if each.other else {row}
    if None in ends:
        return False
    for late in new:
        sightings = (
            {row_of[late.sighting], row_of[late.other]} if late.other else {row_of[late.sighting]}
        )
        if each.kind == "ignore":
            found = late.kind != "ignore" and row in sightings
        elif each.kind == "name" and late.kind == "name":
            found = sightings == ends and late.name != each.name
        elif {each.kind, late.kind} == {"name", "not"}:
            found = sightings == ends and late.name == each.name
        else:
            # Of two sightings one thing is said: that it cannot be told, too.
            both_of_two = {each.kind, late.kind} <= {*decisions.OF_TWO}
            found = sightings == ends and both_of_two and each.kind != late.kind
        if found:
            return True
    return False


def _rows_of(
    made: Sequence[Decision], more: Sequence[SightingKey], album: Album
) -> dict[SightingKey, int | None]:
    """Find the sighting of each sighting, as `toolkit.curation.decisions.apply` does."""
    sightings = list(dict.fromkeys([*(f for d in made for f in (d.sighting, d.other) if f), *more]))
    # One refusal a sighting, of a name of its own, tells which sighting is whose.
    asked = [Decision("not", sighting, name=str(place)) for place, sighting in enumerate(sightings)]
    found = {int(text): row for row, text in decisions.apply(asked, album).refused}
    return {sighting: found.get(place) for place, sighting in enumerate(sightings)}
