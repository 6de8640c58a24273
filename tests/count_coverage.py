"""
Counts simulated albums of known numbers of individuals, and says how often the intervals hold them.

``python tests/count_coverage.py [ALBUMS]`` prints the table of docs/measurements.md. Each album is
counted with the recall that strips have on another one, of other individuals.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from toolkit.evaluation import population
from toolkit.evaluation.population import Estimate, Strip

Sizes = Callable[[np.random.Generator], np.ndarray]

# Photos of one flank, as they were of 84 nyala.
NYALA = np.repeat([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13], [27, 24, 7, 10, 2, 7, 2, 1, 1, 1, 1, 1])


def uneven(individuals: int, photos: float, spread: float) -> Sizes:
    """Numbers of photos whose logarithms are normal."""

    def sizes(rng: np.random.Generator) -> np.ndarray:
        drawn = rng.lognormal(np.log(photos) - spread**2 / 2, spread, individuals)
        return np.maximum(1, np.round(drawn)).astype(int)

    return sizes


# Each kind of album: the numbers of photos, and how far photos of one individual lie apart.
ALBUMS: dict[str, tuple[Sizes, float]] = {
    "46, photos as of nyala": (lambda rng: rng.choice(NYALA, 46), 1.3),
    "46, 4 photos each, uneven": (uneven(46, 4, 0.8), 1.23),
    "46, 5 photos each, less so": (uneven(46, 5, 0.5), 1.22),
    "100, 5 photos each, uneven": (uneven(100, 5, 0.8), 1.0),
    "30, 8 photos each, uneven": (uneven(30, 8, 0.8), 1.07),
    "30, 8 photos each, very": (uneven(30, 8, 1.2), 1.0),
}


def album(rng: np.random.Generator, sizes: np.ndarray, apart: float) -> tuple[np.ndarray, ...]:
    """Who is in each photo, and what its strip shows; some photos are worse than others."""
    who = np.repeat(np.arange(len(sizes)), sizes)
    worse = apart * rng.lognormal(0, 0.35, len(who))
    places = rng.normal(size=(len(sizes), 24))[who]
    places = places + rng.normal(size=places.shape) * worse[:, None]
    square = (places**2).sum(axis=1)
    return who, population.nearest(square[:, None] + square - 2 * places @ places.T)


def answered(who: np.ndarray, near: np.ndarray, drawn: np.ndarray) -> list[Strip]:
    """The strips as somebody answers them who is always right."""
    return [
        Strip(
            int(photo),
            tuple(map(int, near[photo])),
            tuple(int(row) for row in near[photo] if who[row] == who[photo]),
        )
        for photo in drawn
    ]


def counted(
    kind: str, strips: tuple[int, ...], seed: int
) -> tuple[int, population.Recall, list[Estimate]]:
    """How many individuals there are in an album, the recall, and what so many strips say."""
    rng = np.random.default_rng(seed)
    sizes, apart = ALBUMS[kind]
    recall = population.recall_of(*album(rng, sizes(rng), apart))
    who, near = album(rng, sizes(rng), apart)
    drawn = population.draw(len(who), max(strips), seed=seed)
    done = answered(who, near, drawn)
    found = [population.estimate(done[:count], len(who), recall=recall) for count in strips]
    return len(np.unique(who)), recall, found


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(albums: int = 200) -> None:
    """Print the table."""
    strips = (20, 50)
    say("| individuals | photos | recall | strips | mean estimate | coverage | width |")
    say("|---|---|---|---|---|---|---|")
    for kind in ALBUMS:
        runs = [counted(kind, strips, seed) for seed in range(albums)]
        recall = np.mean([recall.share for _, recall, _ in runs])
        photos = np.mean([found[0].photos for _, _, found in runs])
        for at, count in enumerate(strips):
            k = np.array([true for true, _, _ in runs])
            low, middle, high = np.array([(f[at].low, f[at].k, f[at].high) for _, _, f in runs]).T
            held = np.mean((low <= k) & (k <= high))
            say(
                f"| {kind} | {photos:.0f} | {recall:.2f} | {count} | {np.mean(middle / k):.2f} K "
                f"| {held:.0%} | {np.mean((high - low) / k):.2f} K |"
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
