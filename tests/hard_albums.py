"""
How well the threshold sets itself in easy and in hard albums: python tests/hard_albums.py [DRAWS].

SIGHTINGS_EVAL_DATA names the folder that holds `faces/lfw`. Albums are drawn from one half of its
people at a time: any people, and those whose own photos are near to each other or far, with people
of one photo beside them. Each row says, in the mean over the draws, B-cubed F at the threshold that
the calibration alone sets, at the one that follows the spread, and at the best of fixed ones.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from toolkit import modes
from toolkit.evaluation import scores
from toolkit.grouping import linkage, thresholds
from toolkit.grouping.neighbours import VectorDistances
from toolkit.photos import opening
from toolkit.scanning import scan
from toolkit.settings import AutopilotSettings

FIXED = np.arange(0.42, 0.66, 0.01)


def encoded(folder: Path) -> tuple[np.ndarray, np.ndarray, object]:
    """Encode the face nearest to the middle of each photo of 250 x 250 px."""
    settings = AutopilotSettings()
    subject = modes.subject_for(settings)
    rows, who = [], []
    for found in scan.scan(
        opening.find(folder).photos,
        subject,
        long_edge=settings.long_edge,
        min_sharpness=settings.min_sharpness,
        jobs=settings.threads,
    ):
        if found.detections:
            boxes = [each.box for each in found.detections]
            away = [np.hypot(b.left + b.right - 250, b.top + b.bottom - 250) for b in boxes]
            rows.append(found.encodings[int(np.argmin(away))])
            who.append(found.path.parent.name)
    return np.stack(rows), np.array(who), subject.encoder.info


def drawn(rows, who, half: int, rng, draws: int) -> dict[str, list[np.ndarray]]:
    """Draw albums, as rows."""
    own = {name: np.flatnonzero(who == name) for name in np.unique(who)}
    people = [n for n in own if hashlib.sha256(n.encode()).digest()[1] % 2 == half]
    photos = Counter(who)
    several = [name for name in people if photos[name] >= 4]
    alone = [name for name in people if photos[name] == 1]

    def mean(name: str) -> float:
        some = rows[own[name]]
        table = np.linalg.norm(some[:, None] - some[None], axis=-1)
        return float(table[np.triu_indices(len(some), 1)].mean())

    by_spread = sorted(several, key=mean)
    third = len(by_spread) // 3
    kinds = {
        "easy": by_spread[:third],
        "usual": by_spread[third : 2 * third],
        "hard": by_spread[2 * third :],
        "hardest": by_spread[-max(third // 3, 12) :],
    }
    albums: dict[str, list[np.ndarray]] = {}
    for size in (20, 100, 400, 1500):
        albums[f"any people, {size} faces"] = [
            np.concatenate([own[name] for name in rng.permutation(people)])[:size]
            for _ in range(max(draws // 2, min(10 * draws, 3200 // size)))
        ]
    for count, strangers in ((5, 40), (12, 60), (40, 80)):
        for kind, pool in kinds.items():
            albums[f"{count} {kind}, {strangers} strangers"] = [
                np.concatenate(
                    [rng.permutation(own[name])[:60] for name in rng.permutation(pool)[:count]]
                    + [own[name] for name in rng.permutation(alone)[:strangers]]
                )
                for _ in range(draws)
            ]
    return albums


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(draws: int) -> None:
    """Print a table for each half of the people."""
    rows, who, info = encoded(Path(os.environ["SIGHTINGS_EVAL_DATA"]) / "faces/lfw")
    for half in (0, 1):
        rng = np.random.default_rng(0)
        say(f"\n{('chosen on', 'held out')[half]} half\n")
        say("| album | calibration alone | follows the spread | best fixed |\n|---|---|---|---|")
        for kind, albums in drawn(rows, who, half, rng, draws).items():
            found = []
            for album in albums:
                tree = linkage.tree(VectorDistances(rows[album], info.metric, info.linkage))

                def f(value: float, tree=tree, album=album) -> float:
                    return scores.score_grouping(who[album], tree.cut(value).labels).bcubed_f

                alone = thresholds.of_tree(tree, info.calibration).value
                follows = thresholds.of_tree(tree, info.calibration, info.linkage).value
                found.append((f(alone), f(follows), max(map(f, FIXED))))
            said = " | ".join(f"{each:.4f}" for each in np.mean(found, axis=0))
            say(f"| {kind} | {said} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
