"""How many individuals there are: beside the truth of albums that are known."""

import numpy as np
import pytest
from count_coverage import ALBUMS, album, answered, counted
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.evaluation import population
from toolkit.evaluation.population import Recall, Strip

sizes_of_albums = st.lists(st.integers(1, 6), min_size=2, max_size=8)


def whole_strips(sizes: list[int]) -> tuple[list[Strip], int]:
    """Strips that show all others, of all photos."""
    who = np.repeat(np.arange(len(sizes)), sizes)
    everybody = range(len(who))
    return [
        Strip(
            row,
            tuple(other for other in everybody if other != row),
            tuple(other for other in everybody if other != row and who[other] == who[row]),
        )
        for row in everybody
    ], len(who)


@given(sizes_of_albums)
@settings(max_examples=25, deadline=None)
def test_where_everything_is_seen_the_number_is_counted(sizes) -> None:
    strips, n = whole_strips(sizes)
    found = population.estimate(strips, n)
    assert found.k == pytest.approx(len(sizes), abs=1e-6)
    assert (found.low, found.high) == (pytest.approx(len(sizes)), pytest.approx(len(sizes)))
    assert found.recall.share == 1  # a strip that shows all others misses none


def test_a_recall_of_one_counts_what_strips_have_room_for() -> None:
    rng = np.random.default_rng(3)
    who, _ = album(rng, np.full(40, 3), 0.1)
    near = np.array([np.argsort(who != who[row], kind="stable")[:21] for row in range(len(who))])
    near = np.array([row[row != at][:20] for at, row in enumerate(near)])
    strips = answered(who, near, np.arange(len(who)))
    found = population.estimate(strips, len(who), recall=Recall(1.0, 0.0))
    assert (found.low, found.k, found.high) == pytest.approx((40, 40, 40))


@pytest.mark.parametrize("kind", ["46, photos as of nyala", "46, 5 photos each, less so"])
def test_intervals_hold_the_number_of_simulated_albums(kind) -> None:
    runs = [counted(kind, (20, 50), seed) for seed in range(14)]
    for at, widest in ((0, 0.95), (1, 0.65)):
        held = [found[at].low <= k <= found[at].high for k, _, found in runs]
        assert np.mean(held) >= 0.85
        width = np.mean([(found[at].high - found[at].low) / k for k, _, found in runs])
        assert width <= widest
        assert 0.85 <= np.mean([found[at].k / k for k, _, found in runs]) <= 1.2


@given(st.integers(2, 60), st.data())
@settings(max_examples=12, deadline=None)
def test_an_estimate_is_within_its_interval_and_within_the_album(n, data) -> None:
    drawn = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=8, unique=True))
    strips = []
    for photo in drawn:
        others = [row for row in range(n) if row != photo]
        shown = data.draw(st.permutations(others))[: min(20, n - 1)]
        ticked = data.draw(st.integers(0, len(shown)))
        strips.append(Strip(photo, tuple(shown), tuple(shown[:ticked])))
    share = data.draw(st.floats(0.05, 1))
    found = population.estimate(strips, n, recall=Recall(share, 0.1, 0.05))
    assert 1 <= found.low <= found.k <= found.high <= n
    assert population.estimate(strips[::-1], n, recall=Recall(share, 0.1, 0.05)) == found
    wider = population.estimate(strips, n, recall=Recall(share, 0.1, 0.05), level=0.99)
    assert wider.low <= found.low + 1e-9
    assert wider.high >= found.high - 1e-9


def test_more_of_the_others_means_fewer_individuals() -> None:
    shown = tuple(range(1, 21))
    found = [
        population.estimate(
            [Strip(0, shown, shown[:ticks]), Strip(50, shown, shown[:ticks])], 100
        ).k
        for ticks in range(0, 20, 4)
    ]
    assert found == sorted(found, reverse=True)
    # What strips miss is reckoned with: the more they miss, the fewer individuals there are.
    less, more = (
        population.estimate([Strip(0, shown, shown[:4])], 100, recall=Recall(share)).k
        for share in (0.4, 0.8)
    )
    assert less < more


@given(st.integers(1, 200), st.integers(1, 50), st.integers(1, 50), st.integers(0, 5))
def test_a_longer_draw_begins_with_the_shorter_one(n, one, other, seed) -> None:
    short, long = sorted((one, other))
    whole = population.draw(n, long, seed=seed)
    assert list(population.draw(n, short, seed=seed)) == list(whole[:short])
    assert len(set(whole)) == len(whole) == min(long, n)


def test_the_nearest_are_those_of_the_distances_and_never_the_photo_itself() -> None:
    table = np.random.default_rng(0).random((30, 30))
    table[4, 9] = table[4, 2] = np.inf
    np.fill_diagonal(table, -1)
    near = population.nearest(table, shown=29)
    for row, others in enumerate(near):
        assert sorted([row, *others]) == list(range(30))
        assert list(table[row, others]) == sorted(np.delete(table[row], row))
    assert population.nearest(table, shown=5).tolist() == near[:, :5].tolist()
    assert population.nearest([[0.0]]).shape == (1, 0)
    with pytest.raises(BadSetting, match="as many rows as columns"):
        population.nearest(np.zeros((2, 3)))


def test_the_recall_of_strips_is_measured_on_known_individuals() -> None:
    # Of a's two others each strip shows one; b's are all shown; c is alone and says nothing.
    individuals = ["a", "a", "a", "b", "b", "c"]
    near = [[1, 3], [2, 3], [0, 3], [4, 0], [3, 0], [0, 1]]
    assert population.recall_of(individuals, near).share == pytest.approx(5 / 8)
    # A strip has no room for more than it shows.
    assert population.recall_of([0] * 9, np.tile([3], (9, 1)) * 0 + 1).share == 1
    with pytest.raises(BadSetting, match="no strip"):
        population.recall_of([0, 1], [[1], [0]])


def test_uneven_recall_is_told_from_even_recall() -> None:
    rng = np.random.default_rng(5)
    who = np.repeat(np.arange(60), 6)
    spreads = []
    for uneven in (0.0, 0.35):
        near = []
        for row, mine in enumerate(who):
            share = 0.5 + uneven * (1 if row % 2 else -1)
            same = [x for x in np.flatnonzero(who == mine) if x != row and rng.random() < share]
            near.append((same + list(np.flatnonzero(who != mine)))[:20])
        spreads.append(population.recall_of(who, near).spread)
    assert spreads[0] < 0.06 < 0.3 < spreads[1]


def test_few_individuals_that_are_alike_are_not_taken_for_all() -> None:
    """Of strips that show everything, so many: the fewer, the less is known of others."""
    errors = []
    for individuals in (5, 10, 40):
        who = np.repeat(np.arange(individuals), 3)
        near = [
            [x for x in np.flatnonzero(who == mine) if x != row] for row, mine in enumerate(who)
        ]
        recall = population.recall_of(who, near)
        assert recall.share == 1
        errors.append(recall.error)
    # Rule of three: 3 / n may be otherwise, which is two standard errors.
    for individuals, error in zip((5, 10, 40), errors, strict=True):
        assert error == pytest.approx(1.5 / (individuals + 1.5))


def test_strips_say_themselves_that_they_show_less_than_known_individuals_did() -> None:
    rng = np.random.default_rng(2)
    who = np.repeat(np.arange(10), 12)
    near = []
    for row, mine in enumerate(who):
        same = [x for x in np.flatnonzero(who == mine) if x != row and rng.random() < 0.6]
        near.append((same + list(rng.permutation(np.flatnonzero(who != mine))))[:20])
    strips = answered(who, np.array(near), population.draw(len(who), 50, seed=1))
    known = Recall(0.95, 0.05, 0.2)
    found = population.estimate(strips, len(who), recall=known)
    assert 0.5 < found.recall.share < 0.75
    assert found.recall.error < known.error
    assert found.low <= 10 <= found.high
    # What is stated without an error is held to.
    held = population.estimate(strips, len(who), recall=Recall(0.95, 0.05))
    assert held.recall.share == 0.95
    assert held.low > found.low + 0.5
    # Two strips of one photo each join nothing: there is nothing to see of it.
    alone = [Strip(0, tuple(range(1, 21))), Strip(50, tuple(range(51, 71)))]
    assert population.estimate(alone, len(who), recall=known).recall == known


def test_photos_that_look_like_many_narrow_the_number_as_far_as_it_is_true() -> None:
    widths = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        sizes, apart = ALBUMS["46, photos as of nyala"]
        who, near = album(rng, sizes(rng), apart)
        done = answered(who, near, population.draw(len(who), 50, seed=seed))
        times = np.log(np.bincount(who)[who])
        row = []
        for told in (None, rng.random(len(who)), times):
            found = population.estimate(done, len(who), alike=told)
            row.append((found.high - found.low) / found.k)
        widths.append(row)
    without, by_chance, true = np.mean(widths, axis=0)
    assert by_chance == pytest.approx(without, rel=0.05)
    assert true < 0.9 * without


def test_only_the_order_of_what_looks_alike_counts() -> None:
    shown = tuple(range(1, 21))
    strips = [Strip(0, shown, shown[:5]), Strip(50, shown), Strip(70, shown, shown[:2])]
    told = np.random.default_rng(0).permutation(100).astype(float)
    one, other = (population.estimate(strips, 100, alike=x) for x in (told, np.exp(told / 9)))
    assert one == other
    even = population.estimate(strips, 100, alike=np.ones(100))
    assert even.k == pytest.approx(population.estimate(strips, 100).k, rel=1e-3)


def test_ghosts_and_lumps_are_listed_with_their_photos() -> None:
    groups = [0, 0, 1, 1, 2, 2, -1]
    strips = [
        Strip(0, (1, 2, 3, 6), same=(2, 3, 6)),  # 0 and 2, 3 are one; 1 is another
        Strip(4, (5, 1), unsure=(5,)),
        Strip(3, (2, 0), same=(0, 2)),
    ]
    ghost = population.Ghost((0, 1), ((0, 2), (0, 3), (3, 0)))
    assert population.ghosts(strips, groups) == (ghost,)
    assert population.lumps(strips, groups) == (population.Lump(0, ((0, 1),)),)
    # What another strip joins is no lump.
    assert population.lumps([*strips, Strip(1, (2,), same=(2,))], groups) == ()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Strip(0, (1, 2), (3,)), "not all shown"),
        (lambda: Strip(0, (1, 0)), "twice"),
        (lambda: Strip(0, (1,), (1,), (1,)), "both same and unsure"),
        (lambda: Recall(0), "above 0, up to 1"),
        (lambda: Recall(0.5, 1), "not including, 1"),
        (lambda: Recall(0.5, 0, -1), "0 or more"),
        (lambda: population.draw(0, 1), "at least 1"),
        (lambda: population.estimate([], 5), "no strip is done yet"),
        (lambda: population.estimate([Strip(0, (1,))] * 2, 5), "drawn twice"),
        (lambda: population.estimate([Strip(0, (7,))], 5), "there are 5 from 0 on"),
        (lambda: population.estimate([Strip(0, (1,))], 5, level=95), "above 0 and below 1"),
        (lambda: population.estimate([Strip(0, (1,))], 5, alike=[1, 2]), r"expected \(5,\)"),
    ],
)
def test_what_cannot_be_is_refused(make, said) -> None:
    with pytest.raises(BadSetting, match=said):
        make()


def test_it_says_what_it_assumes() -> None:
    found = population.estimate([Strip(0, tuple(range(1, 21)), (1,))], 90)
    assert str(found).startswith("About ")
    assert "from 1 strips of 90 photos" not in str(found)
    assert "A strip shows 55% of an individual's other photos." in found.assumes


def test_the_albums_that_are_simulated_have_the_recall_that_was_measured() -> None:
    _, recall, _ = counted(next(iter(ALBUMS)), (20,), 0)
    assert 0.45 < recall.share < 0.7
