"""
How many individuals an album holds, from strips drawn at random.

Groups count too many individuals, since one that was not recognised counts again; sums of
probabilities count too few. So photos are drawn at random, each is shown with those nearest to it
(a strip), and a person ticks those of the same individual. An individual with `s` photos is drawn
`s` times as often as one with a single photo, hence the number of individuals is the sum over all
photos of ``1 / s``.

What a strip does not say by itself is `s`: it shows only some of the others. How many it shows was
measured with known individuals (`Recall`). What is left open goes into the interval: photos that
were not drawn, others that were not shown, and the recall itself.

A photo may stand for whatever is drawn and shown: one of a flank, or an encounter of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolkit.errors import BadSetting
from toolkit.names import counted

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# How many of the nearest a strip shows.
SHOWN = 20
# The sizes of sets of photos that are reckoned with: up to this many photos of one individual.
LARGEST = 300
# Numbers of photos of an individual that are tried: means, and shapes of the distribution (the
# smaller, the more uneven).
MEANS, SHAPES = np.geomspace(0.1, 40, 40), np.geomspace(0.15, 100, 16)
# Individuals that may be unlike all that were seen, as a standard error.
UNSEEN = 1.5
# By how much of ``share (1 - share)`` the recall of photos that strips join may be off.
EASIER = 0.15
# By how much more photos an individual is taken to have where its photo looks like more others: in
# natural logarithms, for a photo that is a standard deviation above the middle.
SLOPES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Photos are put into so many parts by that; steps of the means that are added at either end.
PARTS, BEYOND = 8, 12


@dataclass(frozen=True)
class Recall:
    """
    How many of an individual's other photos a strip shows.

    Attributes
    ----------
    share : float
        Above 0 and up to 1: of the others, as many as a strip has room for.
    spread : float
        How much photos differ in it, 0 up to (not including) 1: the correlation between two others
        of one photo, both to be shown.
    error : float
        Standard error of the share.

    Raises
    ------
    BadSetting
        If a number is outside of its range.
    """

    share: float
    spread: float = 0.05
    error: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise BadSetting(f"recall is {self.share!r}; expected a share above 0, up to 1")
        if not 0 <= self.spread < 1:
            raise BadSetting(f"spread is {self.spread!r}; expected 0 up to, not including, 1")
        if not 0 <= self.error < np.inf:
            raise BadSetting(f"error is {self.error!r}; expected 0 or more")


# Stands in where no individuals are known: the share that was seen with nyala; the spread is that
# of simulated albums, the error a guess.
STATED = Recall(share=0.55, spread=0.06, error=0.05)


@dataclass(frozen=True)
class Strip:
    """
    One photo with its nearest, and what a person ticked.

    Attributes
    ----------
    photo : int
        Row of the photo that was drawn.
    shown : tuple of int
        Rows of those shown with it.
    same : tuple of int
        Those of them that show the same individual.
    unsure : tuple of int
        Those where nobody can tell; they count as not ticked.

    Raises
    ------
    BadSetting
        If what was ticked was not shown, or the photo was shown with itself.
    """

    photo: int
    shown: tuple[int, ...]
    same: tuple[int, ...] = ()
    unsure: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        seen = set(self.shown)
        if self.photo in seen or len(seen) < len(self.shown):
            raise BadSetting(f"the strip of photo {self.photo} shows a photo twice")
        for ticked in (self.same, self.unsure):
            if not set(ticked) <= seen or len(set(ticked)) < len(ticked):
                raise BadSetting(f"of the strip of photo {self.photo}, {ticked} was not all shown")
        if set(self.same) & set(self.unsure):
            raise BadSetting(f"of the strip of photo {self.photo}, some is both same and unsure")


@dataclass(frozen=True)
class Estimate:
    """
    How many individuals there are.

    Attributes
    ----------
    k : float
        The estimate.
    low, high : float
        Its interval.
    photos, strips : int
        In the album, and of them drawn.
    ticked : int
        What was ticked in all strips.
    recall : Recall
        What the estimate rests on.
    level : float
        Of the interval.
    """

    k: float
    low: float
    high: float
    photos: int
    strips: int
    ticked: int
    recall: Recall
    level: float = 0.95

    def __str__(self) -> str:
        return (
            f"About {self.k:.0f} individuals, {self.low:.0f} to {self.high:.0f} "
            f"({self.level:.0%} interval), from "
            f"{counted(self.strips, 'strip')} of {counted(self.photos, 'photo')}"
        )

    @property
    def assumes(self) -> tuple[str, ...]:
        """What must hold for it, a sentence each."""
        return (
            "The photos were drawn at random.",
            "Each tick is right, and none was forgotten.",
            f"A strip shows {self.recall.share:.0%} of an individual's other photos.",
            "Numbers of photos vary as counts of visits do (negative binomial, without its zero).",
        )


@dataclass(frozen=True)
class Ghost:
    """
    Two groups that a tick says are one individual.

    Attributes
    ----------
    groups : tuple of int
        The two, the lower first.
    pairs : tuple of (int, int)
        Photos that were ticked, one in each group: the one that was drawn, and the other.
    """

    groups: tuple[int, int]
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Lump:
    """
    A group that may hold two individuals, by a strip where one of its photos was not ticked.

    Attributes
    ----------
    group : int
        Which.
    pairs : tuple of (int, int)
        Photos in it: the one that was drawn, and the one that was shown with it and not ticked.
    """

    group: int
    pairs: tuple[tuple[int, int], ...]


def draw(n: int, count: int, *, seed: int = 0) -> Ints:
    """
    Draw photos at random, each at most once.

    Of one seed, a longer draw begins with the shorter one: strips that are done stay.

    Parameters
    ----------
    n : int
        Photos in the album.
    count : int
        How many to draw; all where there are fewer.
    seed : int
        Of the draw.

    Raises
    ------
    BadSetting
        If there is nothing to draw from, or nothing to draw.
    """
    if n < 1 or count < 1:
        raise BadSetting(f"cannot draw {count} of {n} photos; both must be at least 1")
    return np.random.default_rng(seed).permutation(n)[:count].astype(np.int64)


def nearest(distances: npt.ArrayLike, *, shown: int = SHOWN) -> Ints:
    """
    Return the nearest others of each photo, nearest first: a row a photo.

    Parameters
    ----------
    distances : array_like
        Between all photos, square; what is on the diagonal does not matter.
    shown : int
        How many; all others where there are fewer.

    Raises
    ------
    BadSetting
        If the distances are not square.
    """
    table = np.array(distances, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise BadSetting(
            f"distances have the shape {table.shape}; expected as many rows as columns"
        )
    n = len(table)
    others = ~np.eye(n, dtype=bool)
    # Each photo comes last in its own row, behind others that are without end away.
    order = np.lexsort((table, ~others), axis=1)
    return order[:, : max(0, min(shown, n - 1))].astype(np.int64)


def recall_of(individuals: Sequence[object], neighbours: npt.ArrayLike) -> Recall:
    """
    Measure the recall of strips on known individuals.

    Take as many photos as the album has that is to be counted: among more, fewer are shown.

    Parameters
    ----------
    individuals : sequence
        Who is in each photo.
    neighbours : array_like of int
        What the strip of each photo would show (`nearest`).

    Raises
    ------
    BadSetting
        If no individual has two photos, or none of them would be shown.
    """
    _, who = np.unique(np.asarray(individuals), return_inverse=True)
    near = np.asarray(neighbours, dtype=np.int64)
    found = (who[near] == who[:, None]).sum(axis=1).astype(np.float64)
    others = np.minimum(np.bincount(who)[who] - 1, near.shape[1]).astype(np.float64)
    if not found.sum():
        raise BadSetting("no strip of these individuals shows another photo of the same one")
    share = float(found.sum() / others.sum())
    # By moments: how far counts vary beyond what chance makes of one share.
    chance = share * (1 - share)
    excess = float(((found - others * share) ** 2 - others * chance).sum())
    most = float((others * (others - 1)).sum()) * chance
    spread = min(max(excess / most, 0.0), 0.9) if most > 0 else 0.0
    return Recall(share, spread, _error(who, found, others, share))


def _error(who: Ints, found: Floats, others: Floats, share: float) -> float:
    """
    Return the standard error of a share that was seen: of the others of photos, so many.

    An individual's photos resemble each other, so it is individuals that were sampled. Where none
    of n is unlike the others, 3 / n may be (rule of three): half of that, of which nothing is
    shown, is taken for a standard error.

    References
    ----------
    .. [1] J. Hanley, A. Lippman-Hand, If nothing goes wrong, is everything all right?, 1983.
    """
    off = np.bincount(who, found - share * others)
    unseen = UNSEEN * float(others.sum()) / int((np.bincount(who, others) > 0).sum())
    squares = float((off**2).sum()) + (share * unseen) ** 2
    return float(np.sqrt(squares) / (others.sum() + unseen))


def estimate(
    strips: Sequence[Strip],
    n: int,
    *,
    recall: Recall = STATED,
    level: float = 0.95,
    alike: npt.ArrayLike | None = None,
) -> Estimate:
    """
    Estimate how many individuals an album holds.

    The number of photos of an individual is taken to follow a negative binomial distribution of
    unknown mean and dispersion without its zero, as counts of visits do; of the others of a photo,
    a strip shows a beta-binomial number. What the strips say of mean and dispersion weighs each
    pair of them, and each says what ``1 / s`` is for the photos that were drawn, given their ticks,
    and for those that were not. Where a strip shows all others, and all photos were drawn, nothing
    is left to assume: the number is counted.

    How many others strips show is not told by known individuals alone: of those that other strips
    join with a photo, its own shows a share, too. Both shares count, the surer one more.

    A photo that looks like many others is likely of an individual with many photos. How much of
    that is true, the strips say: the mean is taken to grow with it, by nothing or by more.

    Parameters
    ----------
    strips : sequence of Strip
        Of photos drawn at random.
    n : int
        Photos in the album.
    recall : Recall
        Of strips, on known individuals; else what is stated. Without an error it is taken as it is.
    level : float
        Of the interval, above 0 and below 1.
    alike : array_like, optional
        Shape (n,): how many others each photo looks like; their order alone counts.

    Raises
    ------
    BadSetting
        If there are no strips, a photo was drawn twice or is not in the album, the level cannot be
        used, or `alike` is not of each photo.
    """
    _checked(strips, n)
    if not 0 < level < 1:
        raise BadSetting(f"level is {level!r}; expected a number above 0 and below 1, such as 0.95")
    shown = max(len(strip.shown) for strip in strips)
    if shown >= n - 1:
        recall = Recall(1.0, 0.0)
    elif recall.error:
        recall = _with_these(recall, strips)
    ticks = np.array([len(strip.same) for strip in strips])
    part_of, above = _parts(alike, n)
    drawn = part_of[[strip.photo for strip in strips]]
    times = np.zeros((len(above), shown + 1), dtype=np.int64)
    np.add.at(times, (drawn, ticks), 1)
    rest = np.bincount(part_of, minlength=len(above)) - times.sum(axis=1)
    sizes = np.arange(1, max(min(n, LARGEST), shown + 1) + 1)
    means, weights, variances = [], [], []
    prior = _size_biased(sizes)
    for share, weight in _shares(recall):
        likely = _ticks(shown, sizes - 1, share, recall.spread)
        mean, evidence, variance = _by_prior(times, rest, above, prior, likely)
        means.append(mean)
        weights.append(evidence + np.log(weight))
        variances.append(variance)
    log = np.concatenate(weights)
    chance = np.exp(log - log.max())
    chance /= chance.sum()
    mean, deviation = np.concatenate(means), np.sqrt(np.concatenate(variances))
    low, middle, high = _quantiles(mean, deviation, chance, ((1 - level) / 2, 0.5, (1 + level) / 2))
    # Photos that ticks join are one individual; there are no more individuals than what is left.
    most = n - _joins(strips)
    return Estimate(
        k=float(np.clip(middle, 1, most)),
        low=float(np.clip(low, 1, most)),
        high=float(np.clip(high, 1, most)),
        photos=n,
        strips=len(strips),
        ticked=int(ticks.sum()),
        recall=recall,
        level=level,
    )


def ghosts(strips: Sequence[Strip], groups: Sequence[int]) -> tuple[Ghost, ...]:
    """
    List groups that may be one individual, those with most ticks between them first.

    Parameters
    ----------
    strips : sequence of Strip
        As they were answered.
    groups : sequence of int
        Of each photo; below 0 it is in none.
    """
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for strip in strips:
        own = int(groups[strip.photo])
        for other in strip.same:
            its = int(groups[other])
            if own >= 0 and its >= 0 and own != its:
                found.setdefault((min(own, its), max(own, its)), []).append((strip.photo, other))
    made = [Ghost(two, tuple(pairs)) for two, pairs in found.items()]
    return tuple(sorted(made, key=lambda ghost: (-len(ghost.pairs), ghost.groups)))


def lumps(strips: Sequence[Strip], groups: Sequence[int]) -> tuple[Lump, ...]:
    """
    List groups that may hold two individuals, those with most photos not ticked first.

    Photos that ticks in other strips join are left out, as are those where nobody could tell.

    Parameters
    ----------
    strips : sequence of Strip
        As they were answered.
    groups : sequence of int
        Of each photo; below 0 it is in none.
    """
    root = _families(strips)
    found: dict[int, list[tuple[int, int]]] = {}
    for strip in strips:
        own = int(groups[strip.photo])
        rest = [row for row in strip.shown if row not in {*strip.same, *strip.unsure}]
        for other in rest:
            joined = root.get(strip.photo, strip.photo) == root.get(other, other)
            if own >= 0 and own == int(groups[other]) and not joined:
                found.setdefault(own, []).append((strip.photo, other))
    made = [Lump(group, tuple(pairs)) for group, pairs in found.items()]
    return tuple(sorted(made, key=lambda lump: (-len(lump.pairs), lump.group)))


def _checked(strips: Sequence[Strip], n: int) -> None:
    if not strips:
        raise BadSetting("no strip is done yet; a few say little, 20 say something")
    drawn = [strip.photo for strip in strips]
    if len(set(drawn)) < len(drawn):
        raise BadSetting("a photo was drawn twice; each strip counts once")
    rows = {row for strip in strips for row in (strip.photo, *strip.shown)}
    if min(rows) < 0 or max(rows) >= n:
        raise BadSetting(f"strips name photos {min(rows)} to {max(rows)}; there are {n} from 0 on")


def _with_these(recall: Recall, strips: Sequence[Strip]) -> Recall:
    """Return the recall with what the strips themselves say of it, by how sure either is."""
    rows = []
    for at, strip in enumerate(strips):
        # By other strips alone: what a strip ticks itself was shown.
        family = _families([*strips[:at], *strips[at + 1 :]])
        if strip.photo in family:
            own = family[strip.photo]
            joined = {row for row, top in family.items() if top == own} - {strip.photo}
            room = min(len(joined), len(strip.shown))
            rows.append((strip.photo, min(len(joined & set(strip.same)), room), room))
    if not rows or not sum(found for _, found, _ in rows):
        return recall
    every = _families(strips)
    _, who = np.unique([every[photo] for photo, _, _ in rows], return_inverse=True)
    found, others = np.array([row[1:] for row in rows], dtype=np.float64).T
    share = float(found.sum() / others.sum())
    # Photos that are joined are easier ones: of all, somewhat fewer are shown.
    error = np.hypot(_error(who, found, others, share), EASIER * share * (1 - share))
    sure = np.array([1 / recall.error**2, 1 / float(error) ** 2])
    both = float(sure @ [recall.share, share] / sure.sum())
    return Recall(both, recall.spread, float(1 / np.sqrt(sure.sum())))


def _shares(recall: Recall) -> list[tuple[float, float]]:
    """Shares within two standard errors of the recall, and their weights."""
    if not recall.error:
        return [(recall.share, 1.0)]
    steps = np.linspace(-2, 2, 9)
    shares = recall.share + steps * recall.error
    return [
        (float(share), float(np.exp(-step * step / 2)))
        for share, step in zip(shares, steps, strict=True)
        if 0.02 <= share <= 1
    ] or [(recall.share, 1.0)]


def _parts(alike: npt.ArrayLike | None, n: int) -> tuple[Ints, Floats]:
    """
    Return the part that each photo is in, and how far above the middle the photos of each part are.

    The parts are as large as each other; how far is in standard deviations of a normal distribution
    of the same order.
    """
    from scipy.special import ndtri

    if alike is None:
        return np.zeros(n, dtype=np.int64), np.zeros(1)
    values = np.asarray(alike, dtype=np.float64)
    if values.shape != (n,) or not np.isfinite(values).all():
        raise BadSetting(f"alike has the shape {values.shape}; expected ({n},), numbers")
    # Of those that are as much alike, the middle one stands for all.
    order = np.searchsorted(np.sort(values), values) + np.searchsorted(
        np.sort(values), values, side="right"
    )
    place = order / (2 * n)
    part_of = np.minimum((place * PARTS).astype(np.int64), PARTS - 1)
    count = np.bincount(part_of, minlength=PARTS)
    return part_of, np.bincount(part_of, ndtri(place), PARTS) / np.maximum(count, 1)


def _by_prior(
    times: Ints, rest: Ints, above: Floats, prior: Floats, likely: Floats
) -> tuple[Floats, Floats, Floats]:
    """
    Return the number of individuals, log-likelihood and variance for each distribution of sizes.

    For each part (rows), `times` says how many strips have 0, 1, 2 ... ticks, and `rest` how many
    photos were not drawn; `prior` is of `_size_biased`, `likely` of `_ticks`.
    """
    inverse = 1 / np.arange(1, prior.shape[-1] + 1)
    # Of each distribution: the chance of each number of ticks, and what 1/s is given it.
    of_ticks = prior @ likely.T + 1e-300
    first = (prior * inverse) @ likely.T / of_ticks
    second = (prior * inverse**2) @ likely.T / of_ticks
    own, own_square = prior @ inverse, prior @ inverse**2
    log, varied = np.log(of_ticks), np.maximum(second - first**2, 0)
    own_varied = np.maximum(own_square - own**2, 0)
    step = float(np.log(MEANS[1] / MEANS[0]))
    found = []
    for slope in SLOPES if len(above) > 1 else SLOPES[:1]:
        mean, evidence, variance = (np.zeros((len(MEANS), len(SHAPES))) for _ in range(3))
        for part, height in enumerate(above):
            # A mean that is larger by a factor is one that is some steps further on.
            by = int(np.clip(round(slope * float(height) / step), -BEYOND, BEYOND))
            here = slice(BEYOND + by, BEYOND + by + len(MEANS))
            mean += first[here] @ times[part] + rest[part] * own[here]
            evidence += log[here] @ times[part]
            variance += varied[here] @ times[part] + rest[part] * own_varied[here]
        found.append((mean.ravel(), evidence.ravel(), variance.ravel()))
    means, evidences, variances = (np.concatenate(each) for each in zip(*found, strict=True))
    return means, evidences, variances


def _ticks(shown: int, others: Ints, share: float, spread: float) -> Floats:
    """Chance of each number of ticks (rows) for each number of other photos (columns)."""
    from scipy.special import betaln, gammaln

    chances = np.zeros((shown + 1, len(others)))
    if share > 1 - 1e-9:
        chances[np.minimum(others, shown), np.arange(len(others))] = 1
        return chances
    strength = 1 / max(spread, 1e-3) - 1
    yes, no = share * strength, (1 - share) * strength
    for column, count in enumerate(others):
        # A strip has no room for more: of many others, it shows as if there were so many.
        room = min(int(count), shown)
        hit = np.arange(room + 1)
        ways = gammaln(room + 1) - gammaln(hit + 1) - gammaln(room - hit + 1)
        chances[: room + 1, column] = np.exp(
            ways + betaln(hit + yes, room - hit + no) - betaln(yes, no)
        )
    return chances


def _size_biased(sizes: Ints) -> Floats:
    """
    Distributions of how many photos the individual in a photo has.

    Shape (means, shapes, sizes), the means with `BEYOND` steps more at either end.
    """
    from scipy.special import gammaln

    steps = np.arange(-BEYOND, len(MEANS) + BEYOND)
    mean = (MEANS[0] * (MEANS[1] / MEANS[0]) ** steps)[:, None, None]
    shape = SHAPES[None, :, None]
    log = gammaln(sizes + shape) - gammaln(shape) - gammaln(sizes + 1.0)
    log = log + shape * np.log(shape / (shape + mean)) + sizes * np.log(mean / (shape + mean))
    # An individual is in as many photos as it has.
    log = log + np.log(sizes)
    chances = np.exp(log - log.max(axis=-1, keepdims=True))
    made: Floats = chances / chances.sum(axis=-1, keepdims=True)
    return made


def _quantiles(
    mean: Floats, deviation: Floats, chance: Floats, levels: tuple[float, ...]
) -> list[float]:
    """Quantiles of a mixture of normal distributions."""
    from scipy.special import ndtri

    heard = chance > 1e-9
    middle = (np.arange(25) + 0.5) / 25
    values = (mean[heard, None] + deviation[heard, None] * ndtri(middle)).ravel()
    weights = np.repeat(chance[heard], len(middle))
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    reached = (reached - weights[order] / 2) / reached[-1]
    return [float(np.interp(level, reached, values[order])) for level in levels]


def _families(strips: Sequence[Strip]) -> dict[int, int]:
    """Photos that ticks join, each with one that stands for them all."""
    above: dict[int, int] = {}

    def top(row: int) -> int:
        above.setdefault(row, row)
        while above[row] != row:
            above[row] = above[above[row]]
            row = above[row]
        return row

    for strip in strips:
        for other in strip.same:
            above[top(other)] = top(strip.photo)
    return {row: top(row) for row in list(above)}


def _joins(strips: Sequence[Strip]) -> int:
    families = _families(strips)
    return len(families) - len(set(families.values()))
