"""Intervals of shares: how far a count of cases can be from the truth."""

from __future__ import annotations

import math

from toolkit.errors import BadSetting


def exact(count: float, of: float, *, level: float = 0.95) -> tuple[float, float]:
    """
    Return the exact interval of a share (Clopper and Pearson 1934).

    Where counts are whole, it is that of ``scipy.stats.binomtest(...).proportion_ci`` with
    ``method="exact"``. Ours need not be: pairs that say the same thing weigh less than 1 each. The
    quantiles of the beta distribution, which the interval is made of, are defined for these too,
    and `binomtest` refuses them.

    Parameters
    ----------
    count, of : float
        Successes and trials, ``0 <= count <= of``; trials below 1 tell nothing: 0 to 1.
    level : float
        Confidence, between 0 and 1.

    Examples
    --------
    >>> exact(0, 0)
    (0.0, 1.0)
    >>> low, high = exact(0, 100)
    >>> low, round(high, 4)
    (0.0, 0.0362)
    """
    # Of the beta distribution; scipy.stats has the same, and takes half a second to import.
    from scipy.special import betaincinv

    if of < 1:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = float(betaincinv(count, of - count + 1, tail)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - tail)) if count < of else 1.0
    return low, high


def wilson(successes: int, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """
    Return Wilson's score interval (1927) for a share.

    Parameters
    ----------
    successes, trials : int
        ``0 <= successes <= trials``; of no trials nothing is known, and the interval is (0, 1).
    level : float
        Above 0 and below 1.

    Raises
    ------
    BadSetting
        If the level cannot be used.
    """
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise BadSetting(f"level is {level!r}; expected a number above 0 and below 1, such as 0.95")
    if not trials:
        return 0.0, 1.0
    square = float(ndtri((1 + level) / 2)) ** 2
    share = successes / trials
    middle = share + square / (2 * trials)
    half = math.sqrt(square * (share * (1 - share) + square / (4 * trials)) / trials)
    low, high = ((middle + end) / (1 + square / trials) for end in (-half, half))
    # At the ends, where rounding would miss them by a little.
    return (low if successes else 0.0), (high if successes < trials else 1.0)
