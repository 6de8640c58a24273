"""Which folder of examples is whom: a folder an individual, or folders of such folders."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.names import counted, folded
from toolkit.records import Words

# Says whether photos, in two parts or more, show one individual; None where that cannot be told.
OneIndividual = Callable[[Sequence[Sequence[Path]]], bool | None]
# A folder, by the names on the way to it.
Place = tuple[str, ...]
# Names in one sentence.
NAMED = 6
# Folders in folders that are told apart; what lies deeper counts as being in the last of them.
DEEPEST = 6


@dataclass
class Branch:
    """
    A folder with photos in it, or in folders of it.

    Attributes
    ----------
    name : str
        Of the folder, in Unicode's composed form.
    photos : list of Path
        Directly in it.
    inside : dict of str to Branch
        Its folders with photos, by name.
    place : str
        Its path below the folder of all, with forward slashes, as it is on the disk.
    """

    name: str
    photos: list[Path] = field(default_factory=list)
    inside: dict[str, Branch] = field(default_factory=dict)
    place: str = ""

    @property
    def all(self) -> list[Path]:
        """All photos in it and in its folders."""
        return self.photos + [path for each in self.inside.values() for path in each.all]

    @property
    def unclear(self) -> bool:
        """
        Whether it may hold folders of individuals: no photo itself, and folders that have names.

        "2023" and "05-17" are none.
        """
        named = any(letter.isalpha() for name in self.inside for letter in name)
        return named and not self.photos


@dataclass(frozen=True)
class Taken:
    """
    What folders were taken for.

    Attributes
    ----------
    names : tuple of str
        The individuals, in listing order.
    name_of : dict of Path to str
        The individual of each photo.
    said : tuple of str
        Sentences, without a full stop, where it was not a folder an individual.
    place_of : dict of str to str
        The folder of each individual, below that of all, with forward slashes; of several, the
        first.
    """

    names: tuple[str, ...]
    name_of: dict[Path, str]
    said: tuple[str, ...]
    place_of: dict[str, str] = field(default_factory=dict)


def branches(known: Path, photos: Iterable[Path]) -> Branch:
    """Put photos below a folder into the folders that they are in."""
    root = Branch(known.name)
    for path in photos:
        here = root
        parts = path.relative_to(known).parts[:-1][:DEEPEST]
        for depth, part in enumerate(parts, start=1):
            # macOS parts letters from their marks, keyboards do not: both are one name.
            name = unicodedata.normalize("NFC", part)
            here = here.inside.setdefault(name, Branch(name, place="/".join(parts[:depth])))
        here.photos.append(path)
    return root


def take(root: Branch, one_individual: OneIndividual, words: Words) -> Taken:
    """
    Say who the folders of a folder are.

    A folder with a photo in it is an individual, whose photos may be in subfolders, too, and so is
    one with a subfolder a year. One with other subfolders alone may be an individual, or hold a
    folder for each: that is decided by who is in them. Where that says nothing, as in one that
    holds a single subfolder, it is what the other unclear folders beside it are; else an
    individual.

    Two individuals with one name in two folders are one if they look like one; else each has the
    folder in its name.

    Parameters
    ----------
    root : Branch
        What `branches` returned; photos directly in it are nobody's.
    one_individual : callable
        Asked with the photos of each subfolder.
    words : Words
        What individuals are called.
    """
    said: list[str] = []
    found: list[tuple[Place, Branch]] = []
    _take(root, (), one_individual, words, found, said)
    by_name: dict[str, list[tuple[Place, Branch]]] = {}
    for place, each in found:
        by_name.setdefault(folded(each.name), []).append((place, each))
    called: dict[Place, str] = {}
    for several in by_name.values():
        name, places = several[0][1].name, [place for place, _ in several]
        if len(several) == 1:
            called[places[0]] = name
            continue
        where = " and ".join("/".join(place) for place in places)
        if one_individual([each.all for _, each in several]):
            said.append(f"{where} look like one {words.individual}, and are taken for one: {name}")
            called |= dict.fromkeys(places, name)
            continue
        for place in places:
            called[place] = f"{place[-1]} ({', '.join(place[:-1])})" if place[:-1] else place[-1]
        named = ", ".join(called[place] for place in places)
        said.append(f"{where} are taken for {words.count_individuals(len(places))}: {named}")
    name_of: dict[Path, str] = {}
    place_of: dict[str, str] = {}
    for place, each in found:
        name_of |= dict.fromkeys(each.all, called[place])
        place_of.setdefault(called[place], each.place)
    return Taken(tuple(dict.fromkeys(name_of.values())), name_of, tuple(said), place_of)


def _take(
    here: Branch,
    above: Place,
    one_individual: OneIndividual,
    words: Words,
    found: list[tuple[Place, Branch]],
    said: list[str],
) -> None:
    """Add the individuals in a folder of individuals, and what was not plain about them."""
    one: dict[str, bool | None] = {}
    for name, each in here.inside.items():
        parts = [inner.all for inner in each.inside.values()]
        one[name] = one_individual(parts) if each.unclear else True
    asked = {name for name, each in here.inside.items() if each.unclear}
    groups_beside = any(one[name] is False for name in asked)
    for name, each in here.inside.items():
        whole = (*above, name)
        place, inner = "/".join(whole), _listed(each.inside)
        if one[name] is False or (one[name] is None and groups_beside):
            said.append(f"{place} is taken for a folder of {words.individuals}: {inner}")
            _take(each, whole, one_individual, words, found, said)
            continue
        found.append((whole, each))
        if one[name] is None:
            folders = counted(len(each.inside), "folder")
            said.append(
                f"{place} holds no photo but {folders} ({inner}) and is taken for one "
                f"{words.individual}, {name}; if {words.an_individual} has the name of a folder in "
                "it, move that one up"
            )
        elif name in asked:
            said.append(f"{place} is taken for one {words.individual}, alike in {inner}")


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - NAMED} more" if names[NAMED:] else ""
    return ", ".join(names[:NAMED]) + more
