"""What shrinking photos costs in sightings and saves in time, on the user's own photos."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadFolder, BadSetting
from toolkit.evaluation.photo_size_costs import (
    SubjectMaker,
    Way,
    called,
    memory_of,
    scan_as,
    settings_for,
    time_ways,
)
from toolkit.evaluation.photo_size_matching import (
    PLACE,
    SIDES,
    agreement,
    checked_labels,
    consensus,
    match_sightings,
    share_interval,
    sizes_of,
    tallies,
)
from toolkit.evaluation.photo_size_study import ResizeStudy, recommend
from toolkit.evaluation.scores import score_grouping
from toolkit.files import folder_at
from toolkit.grouping.assigners import group_album
from toolkit.photos import opening
from toolkit.progress import Progress
from toolkit.records import Album
from toolkit.scanning.scan import gather, watched
from toolkit.settings import AutopilotSettings
from toolkit.subjects import registry

Ints = npt.NDArray[np.int64]
LONG_EDGES = (0, 2400, 1600, 1200, 1000, 800, 600, 450, 300)
BINS = (0, 40, 60, 100, 200, 400, 800, math.inf)  # px of the full-size photo
AGREEMENT = ("agreement", "agreement_low", "agreement_high")
SHARE = ["lost_share", "lost_low", "lost_high"]
BY_SIZE = ["detector", "long_edge", "bin", "sightings", "lost", *SHARE]
TIMED_PHOTOS, ROUNDS = 4, 5


def resize(
    folder: str | Path,
    *,
    long_edges: Sequence[int] = LONG_EDGES,
    detectors: Sequence[str] = ("cnn", "hog"),
    sample: int = 100,
    seed: int = 0,
    labels: pd.DataFrame | None = None,
    settings: AutopilotSettings | None = None,
    progress: Progress | None = None,
    subject: SubjectMaker | None = None,
) -> ResizeStudy:
    """
    Find out how far photos can be shrunk before sightings are lost, and what that saves.

    What counts as a sighting, unless `labels` has boxes: what two configurations find, whichever
    they are, and what the judge finds at full size alone. The judge is the CNN detector, or the
    first detector if the CNN is not among them. So a detector that finds nothing has lost
    everything, and what only the other one sees counts against either. Since the small ones that
    only the full size shows need no second witness, the judge's errors there count against
    shrinking. What no configuration finds is not known of; with boxes it is.

    Intervals are made by drawing photos, not sightings, because those in one photo share its light
    and distance; `share_interval` says how. Small photos are doubled as in any run (see
    `Settings.upsample`), but not at full size.

    Parameters
    ----------
    folder : path
        Photos, in subfolders too.
    long_edges : sequence of int
        Long edges in px to try, 100 to 20000; 0 is the full size, which is always tried, because
        the others are compared with it. Those that shrink no photo are left out.
    detectors : sequence of {"cnn", "hog"}
        Which to try.
    sample : int
        Most photos to use, 1 or more.
    seed : int
        Draws the sample and the intervals, 0 or more.
    labels : pandas.DataFrame, optional
        photo (path relative to `folder`, with forward slashes) and person, or left, top, width and
        height (px) of every sighting, or all of them. With boxes, those are what counts, and only
        photos that the labels name are used; a photo without any has a row without a box.
    settings : AutopilotSettings, optional
        How else photos are searched and sightings grouped.
    progress : callable, optional
        Called with a word for the work, the number done, the total, and the item just done.
    subject : callable, optional
        Makes what to look for from settings; the default subject if not given. Memory is not
        measured then.

    Raises
    ------
    BadFolder
        If the folder is missing, or holds no photo that can be read.
    BadSetting
        If a number or a name cannot be used.
    SightingsError
        If the labels lack a column or name no photo of the folder.
    """
    base = settings or AutopilotSettings()
    edges = sorted(set(long_edges) - {0}, reverse=True)
    if sample < 1 or seed < 0 or not detectors:
        raise BadSetting(
            f"sample is {sample}, seed {seed}, detectors {list(detectors)}; expected a sample of 1 "
            "or more, a seed of 0 or more, and at least one detector"
        )
    for detector in detectors:
        for size in (0, *edges):
            settings_for(base, (detector, size))
    folder = folder_at(folder)
    opening.require_folder(folder, "photos")
    labels = (
        None
        if labels is None
        else checked_labels(labels, [_within(path, folder) for path in opening.find(folder).photos])
    )
    paths, count = _drawn(folder, labels, sample, seed)
    make = subject or registry.subject_for
    detectors = sorted(dict.fromkeys(detectors), key=lambda name: name != "cnn")
    looks: dict[Way, _Look] = {}
    longest = 0
    for detector in detectors:
        for size in (0, *edges):
            if size and 0 < longest <= size:
                continue
            looks[detector, size] = _look(paths, base, (detector, size), make, progress)
            sizes = looks[detector, size].album.photos[["width", "height"]]
            longest = max(longest, int(sizes.to_numpy().max(initial=0)))
    names, problems = _readable(looks, folder)
    if labels is not None and set(SIDES) <= set(labels.columns):
        known, reference = _labelled(labels, names), "those of the labels"
    else:
        known = consensus({way: look.boxes for way, look in looks.items()}, detectors[0])
        reference = f"found by two configurations, or by {detectors[0]} at full size"
    found = {way: match_sightings(known, look.boxes) for way, look in looks.items()}
    costs = time_ways(
        _some(names, seed),
        list(looks),
        settings=base,
        rounds=ROUNDS,
        make=make,
        progress=progress,
    )
    costs["peak_mb"] = np.nan
    if subject is None:
        costs["peak_mb"] = memory_of(_largest(looks), list(looks), base, progress)
    at = pd.Index(names).get_indexer(pd.Index(known["path"])).astype(np.int64)
    lost = np.stack([found[way] < 0 for way in looks])
    rows = []
    for (way, look), gone in zip(looks.items(), lost, strict=True):
        low, high = share_interval(*tallies(gone, at, len(names)), seed=seed)
        full = way[0], 0
        groups = look.labels, looks[full].labels
        agreed = agreement(*groups, found[way], found[full], at, seed)
        rows.append(
            {
                "detector": way[0],
                "long_edge": way[1],
                "photos": len(names),
                "sightings": len(known),
                "found": int((~gone).sum()),
                "lost": int(gone.sum()),
                "lost_share": float(gone.mean()) if len(gone) else math.nan,
                "lost_low": low,
                "lost_high": high,
                "extra": len(look.boxes) - int((~gone).sum()),
                **dict(zip(AGREEMENT, agreed, strict=True)),
                **_scores(look, found[way], known, labels, names),
            }
        )
    table = _judged(pd.DataFrame(rows).merge(costs), lost, at, len(names), seed)
    missing = pd.concat(
        [_marked(way, known[gone]) for way, gone in zip(looks, lost, strict=True)],
        ignore_index=True,
    )
    by_size = _by_size(list(looks), known, lost, at, len(names), seed)
    words = next(iter(looks.values())).album.words
    sentence = recommend(table, missing, shown_in=len(np.unique(at)), words=words)
    return ResizeStudy(table, by_size, missing, sentence, reference, problems, count, seed, words)


def _some(names: Mapping[str, str], seed: int) -> list[Path]:
    order = np.random.default_rng(seed).permutation(len(names))[:TIMED_PHOTOS]
    return [Path(list(names)[number]) for number in order]


@dataclass(frozen=True)
class _Look:
    """What one configuration found: boxes has path and place, labels the group of each row."""

    album: Album
    labels: Ints
    boxes: pd.DataFrame


def _look(
    paths: Sequence[Path],
    settings: AutopilotSettings,
    way: Way,
    make: SubjectMaker,
    progress: Progress | None,
) -> _Look:
    chosen = settings_for(settings, way)
    subject = make(chosen)
    tell = None if progress is None else partial(progress, called(way))
    results = scan_as(paths, subject, chosen, way[1], chosen.threads)
    found = watched(results, len(paths), tell)
    album = gather(found, subject.encoder.info, subject=subject.info)
    boxes = album.sightings[["path", *PLACE]].astype(dict.fromkeys(PLACE, "int64"))
    return _Look(album, group_album(album, chosen).clustering.labels, boxes)


def _largest(looks: Mapping[Way, _Look]) -> Path:
    """Return the largest of the photos with a sighting, or of all where none has one."""
    every = pd.concat([look.album.photos for look in looks.values()], ignore_index=True)
    shown = {path for look in looks.values() for path in look.boxes["path"]}
    if shown:
        every = every[every["path"].isin(list(shown))]
    pixels = every["width"].to_numpy(np.float64) * every["height"].to_numpy(np.float64)
    return Path(every["path"].iloc[int(pixels.argmax())])


def _drawn(
    folder: Path, labels: pd.DataFrame | None, sample: int, seed: int
) -> tuple[list[Path], int]:
    """Return the sample in the order of the folder, and how many photos it was drawn from."""
    opening.require_folder(folder, "photos")
    paths = list(opening.find(folder).photos)
    if not paths:
        raise BadFolder(f"photos: {folder} holds no photo.")
    if labels is not None:
        there = set(labels.columns)
        wanted = set(labels["photo"])
        named = [path for path in paths if _within(path, folder) in wanted]
        paths = named if there.issuperset(SIDES) else paths
    order = np.random.default_rng(seed).permutation(len(paths))[:sample]
    return [paths[number] for number in sorted(order)], len(paths)


def _within(path: str | Path, folder: Path) -> str:
    return Path(path).relative_to(folder).as_posix()


def _readable(looks: Mapping[Way, _Look], folder: Path) -> tuple[dict[str, str], pd.DataFrame]:
    """Return path and name of each photo that could be read, copies once, and the other files."""
    tables = pd.concat([look.album.photos for look in looks.values()], ignore_index=True)
    problems = pd.concat([look.album.problems for look in looks.values()], ignore_index=True)
    problems = problems[~problems["path"].isin(list(tables["path"]))]
    problems = problems.drop_duplicates("path", ignore_index=True)
    if not len(tables):
        first = problems.iloc[0]
        raise BadFolder(
            f"photos: none of the {len(problems)} files tried in {folder} can be read; the first, "
            f"{Path(first['path']).name}: {first['reason']}."
        )
    paths = tables.drop_duplicates("photo_digest")["path"]
    return {path: _within(path, folder) for path in paths}, problems


def _labelled(labels: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    paths = {name: path for path, name in names.items()}
    known = labels[labels["photo"].isin(list(paths))].dropna(subset=SIDES)
    table = pd.DataFrame({"path": known["photo"].map(paths), "person": known.get("person")})
    corner, side = known[SIDES[:2]].to_numpy(np.float64), known[SIDES[2:]].to_numpy(np.float64)
    table[PLACE] = np.rint(np.concatenate([corner, corner + side], axis=1)).astype(np.int64)
    return table.reset_index(drop=True)


def _scores(
    look: _Look,
    found: Ints,
    known: pd.DataFrame,
    labels: pd.DataFrame | None,
    names: Mapping[str, str],
) -> dict[str, float]:
    """Compare photos and groups with photos and individuals, in the photos that the labels name."""
    from scipy.optimize import linear_sum_assignment

    if labels is None or "person" not in labels:
        return {}
    named = labels[labels["photo"].isin(list(names.values()))].dropna(subset=["person"])
    expected = named[["photo", "person"]].drop_duplicates()
    seen = pd.DataFrame({"photo": look.boxes["path"].map(names), "group": look.labels})
    seen = seen[seen["photo"].isin(list(labels["photo"]))].drop_duplicates()
    together = seen.merge(expected, on="photo")
    fit = pd.crosstab(together["group"], together["person"]).to_numpy()
    right = int(fit[linear_sum_assignment(fit, maximize=True)].sum()) if fit.size else 0
    scores: dict[str, float] = {
        "right": right,
        "wrong": len(seen) - right,
        "missed": len(expected) - right,
    }
    if "person" in known:
        both = (found >= 0) & known["person"].notna().to_numpy()
        truth, groups = known["person"].to_numpy()[both], look.labels[found[both]]
        scores["bcubed_f"] = score_grouping(truth, groups).bcubed_f if len(truth) else math.nan
    return scores


def _judged(
    table: pd.DataFrame, lost: npt.NDArray[np.bool_], at: Ints, count: int, seed: int
) -> pd.DataFrame:
    """Add what each row loses beyond the best one, and which rows no other one beats."""
    seconds = table["seconds"].fillna(math.inf).to_numpy()
    losses = table["lost"].to_numpy()
    best = lost[int(np.lexsort([seconds, losses])[0])]
    more: npt.NDArray[np.bool_] = lost & ~best[None, :]
    table["more_lost"] = more.mean(axis=1) if lost.shape[1] else math.nan
    table["more_lost_high"] = [
        share_interval(*tallies(more[row], at, count), seed=seed)[1] for row in range(len(more))
    ]
    table["front"] = [
        not (
            (seconds <= s) & (losses <= gone) & ((seconds < s) | (losses < gone))
        ).any()
        for s, gone in zip(seconds, losses, strict=True)
    ]  # fmt: skip
    return table


def _marked(way: Way, sightings: pd.DataFrame) -> pd.DataFrame:
    table = sightings[["path", *PLACE]].assign(size=sizes_of(sightings))
    table.insert(0, "long_edge", way[1])
    table.insert(0, "detector", way[0])
    return table


def _by_size(
    ways: Sequence[Way],
    known: pd.DataFrame,
    lost: npt.NDArray[np.bool_],
    at: Ints,
    count: int,
    seed: int,
) -> pd.DataFrame:
    rows = []
    sizes = sizes_of(known)
    for (detector, size), gone in zip(ways, lost, strict=True):
        for low, high in pairwise(BINS):
            inside = (sizes >= low) & (sizes < high)
            if not inside.any():
                continue
            name = f"{low:g}-{high:g}" if low and high < math.inf else ""
            name = name or (f"{low:g}+" if low else f"<{high:g}")
            part = tallies(gone[inside], at[inside], count)
            interval = share_interval(*part, seed=seed)
            missed = int(gone[inside].sum())
            rows.append((detector, size, name, int(inside.sum()), missed,
                         missed / int(inside.sum()), *interval))  # fmt: skip
    return pd.DataFrame(rows, columns=BY_SIZE)
