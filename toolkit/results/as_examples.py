"""A folder of results read as examples: whose each folder is, and who is meant in a photo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from toolkit.errors import BadFolder
from toolkit.names import folded, safe_name
from toolkit.photos.listing import is_result
from toolkit.records import Box, Words
from toolkit.results.results_folder import BOX, PHOTOS, SIGHTINGS, ResultsFolder
from toolkit.scanning.references import Meant

# Renamed folders in one sentence.
NAMED = 6
# Characters of the edge of a box.
LONGEST = 9


def meant_in(known: Path, photos: Sequence[Path], words: Words) -> Meant | None:
    """
    Say who is meant in the photos of an earlier result, whose folders may have other names by now.

    A file belongs to the individual into whose folder that run put it: where it is not there any
    more, it is known by its name in the folder that the user made of it.

    Parameters
    ----------
    known : Path
        The folder.
    photos : sequence of Path
        The photos in it.
    words : Words
        What sightings and individuals are called.

    Returns
    -------
    Meant or None
        None where it holds no result. Where its tables cannot be read, nobody is meant in
        particular, and that is said.
    """
    if not is_result(known):
        return None
    said = f"{known.name} is the result of an earlier run"
    takes = f"its folders are taken for {words.individuals}"
    try:
        folder = ResultsFolder(known)
        about = folder.record()
        folder.require_one_run(about)
        table = folder.table(SIGHTINGS, ("name", "photo_digest", *BOX), about)
        photos_of = folder.table(PHOTOS, ("path", "photo_digest"), about)
        placed = sorted(folder.files() or {})
        boxes: dict[tuple[str, str], tuple[Box, ...]] = {}
        columns = table[["name", "photo_digest", *BOX]].itertuples(index=False, name=None)
        for name, digest, *edges in columns:
            if name:
                box = Box(*(_edge(edge) for edge in edges))
                boxes[name, digest] = (*boxes.get((name, digest), ()), box)
    except (BadFolder, ValueError):
        reason = f"who is meant in a photo of several {words.plural} is unknown"
        return Meant(said=(f"{said}: {takes}; its tables cannot be read, so {reason}",))
    shown: dict[str, set[str]] = {}
    for name, digest in boxes:
        shown.setdefault(digest, set()).add(name)
    in_file: dict[str, set[str]] = {}
    for path, digest in zip(photos_of["path"], photos_of["photo_digest"], strict=True):
        file = folded(safe_name(PurePosixPath(path).name))
        in_file.setdefault(file, set()).update(shown.get(digest, ()))
    name_of_folder = _names(placed, {name for name, _ in boxes}, in_file, about)
    inside = [path.relative_to(known).as_posix() for path in photos]
    inside = [place for place in inside if place.count("/") == 1]
    from_folder = _origin(inside, placed)
    here = list(dict.fromkeys(place.partition("/")[0] for place in inside))
    origins: dict[str, Counter[str]] = {folder: Counter() for folder in here}
    for place, origin in from_folder.items():
        origins[place.partition("/")[0]][origin] += 1
    # A file that is new there shows whom the others in its folder show, if that run saw them in it.
    mostly = {folder: counts.most_common(1)[0][0] for folder, counts in origins.items() if counts}
    name_of = {}
    for place in inside:
        origin = from_folder.get(place) or mostly.get(place.partition("/")[0], "")
        if origin in name_of_folder:
            name_of[place] = name_of_folder[origin]
    nobody = frozenset(
        each
        for each in here
        if each in {place.partition("/")[0] for place in placed} and each not in name_of_folder
    )
    sentences = [f"{said}: {takes}"]
    called = [
        f"{folder} was {origin}"
        for folder, origin in mostly.items()
        if folded(origin) != folded(folder) and origin in name_of_folder
    ]
    if called:
        more = f" and {len(called) - NAMED} more" if called[NAMED:] else ""
        sentences[0] += f" ({', '.join(called[:NAMED])}{more})"
    if nobody:
        which = ", ".join(sorted(nobody))
        sentences.append(f"{which} holds photos of {words.nobody} known, and no examples")
    return Meant(name_of, boxes, nobody, tuple(sentences))


def _edge(text: str) -> int:
    """Return an edge of a box, in px; `ValueError` if it is none."""
    if len(text) > LONGEST:
        raise ValueError("an edge that no photo has")
    return int(text)


def _names(
    placed: Sequence[str],
    names: set[str],
    in_file: Mapping[str, set[str]],
    about: Mapping[str, Any],
) -> dict[str, str]:
    """
    Return whose each folder of a run is.

    Its record may say so; else it was named after them, as every system allows; else it is of whom
    at least half of its photos show.
    """
    told, settings = about.get("folders"), about.get("settings")
    told = told if isinstance(told, dict) else {}
    unsorted = settings.get("unsorted") if isinstance(settings, dict) else None
    nobodys = about.get("nobodys")
    nobodys = nobodys if isinstance(nobodys, list) else []
    safe: dict[str, str] = {}
    for name in sorted(names):
        safe.setdefault(folded(safe_name(name)), name)
    files: dict[str, list[str]] = {}
    for place in placed:
        folder, _, file = place.partition("/")
        files.setdefault(folder, []).append(folded(file))
    found: dict[str, str] = {}
    for folder, inside in files.items():
        owner = told.get(folder)
        said = owner.get("name") if isinstance(owner, dict) else None
        stems = (folded(folder.rstrip(".")), folded(folder.rpartition(" (")[0].rstrip(".")))
        called = next((safe[each] for each in stems if each in safe), None)
        if isinstance(said, str) and said in names:
            found[folder] = said
        elif called is not None:
            found[folder] = called
        elif folder in nobodys:
            continue
        elif not (isinstance(unsorted, str) and unsorted and safe_name(unsorted) == folder):
            seen = Counter(sorted(name for file in inside for name in in_file.get(file, ())))
            for name, count in seen.most_common(1):
                if 2 * count >= len(inside):
                    found[folder] = name
    return found


def _origin(inside: Sequence[str], placed: Sequence[str]) -> dict[str, str]:
    """Return into which folder of a run each file was put, where that can be told."""
    here, there = {folded(place) for place in inside}, {folded(each): each for each in placed}
    gone: dict[str, list[str]] = {}
    for each in placed:
        if folded(each) not in here:
            folder, _, file = each.partition("/")
            gone.setdefault(folded(file), []).append(folder)
    by_folder: dict[str, Counter[str]] = {}
    for place in inside:
        folder, _, file = place.partition("/")
        by_folder.setdefault(folder, Counter()).update(
            gone.get(folded(file), ()) if folded(place) not in there else ()
        )
    found = {}
    for place in inside:
        folder, _, file = place.partition("/")
        if folded(place) in there:
            found[place] = there[folded(place)].partition("/")[0]
        elif could := gone.get(folded(file)):
            found[place] = max(could, key=lambda each: (by_folder[folder][each], each))
    return found
