import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import average as scipys
from scipy.spatial.distance import pdist

from toolkit.calibration import Linkage
from toolkit.errors import BadSetting
from toolkit.grouping import linkage, neighbours
from toolkit.grouping.links import components
from toolkit.records import ComparedPairs

EMPTY = np.zeros((0, 2), np.float32)


def links(seed: int, count: int, must: int, cannot: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs, must-links and cannot-links that do not contradict them."""
    rng = np.random.default_rng(seed)
    pairs = rng.integers(0, count, (must, 2))
    family = components(count, pairs)
    never = rng.integers(0, count, (cannot, 2))
    return pairs, never[family[never[:, 0]] != family[never[:, 1]]]


def people(seed: int, count: int = 40) -> np.ndarray:
    """Rows around eight places, as encodings of faces are."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, 16)) * 0.25
    return (centres[rng.integers(0, 8, count)] + rng.normal(size=(count, 16)) * 0.04).astype(
        np.float32
    )


def groups(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


@given(seed=st.integers(0, 10_000), count=st.integers(2, 60))
def test_without_a_discount_the_heights_are_scipys(seed, count) -> None:
    rows = people(seed, count)
    tree = linkage.tree(rows, discount=0)
    expected = scipys(pdist(rows.astype(np.float64)))
    np.testing.assert_allclose(tree.height, expected[:, 2], atol=2e-6)
    np.testing.assert_array_equal(np.sort(tree.sizes.sum(axis=1)), np.sort(expected[:, 3]))


def by_hand(
    rows: np.ndarray, discount: float, must=(), cannot=(), *, uneven: float = 0.0
) -> list[tuple]:
    """
    Join the nearest two groups, looking at all pairs of sightings each time.

    Returns the height and the families after each join of two families; at first, without any.
    """
    made = [frozenset([row]) for row in range(len(rows))]
    families = list(made)

    def joined(one: int, other: int) -> None:
        both = [family for family in families if one in family or other in family]
        families[:] = [f for f in families if f not in both] + [frozenset().union(*both)]

    def family(group: frozenset[int]) -> frozenset[int]:
        return next(family for family in families if group <= family)

    def far(one: frozenset[int], other: frozenset[int]) -> float:
        mine, its = family(one), family(other)
        if any((a in mine and b in its) or (a in its and b in mine) for a, b in cannot):
            return np.inf
        mean = np.mean([np.linalg.norm(rows[i] - rows[j]) for i in one for j in other])
        for group in (one, other):
            mean *= 1 - discount * (1 - 1 / np.sqrt(len(group)))
        return float(mean - uneven * abs(np.log(len(one) / len(other))))

    for one, other in must:
        joined(one, other)
    height = 0.0
    steps = [(height, set(families))]
    while len(made) > 1:
        away, one, other = min(
            ((far(a, b), a, b) for i, a in enumerate(made) for b in made[:i]), key=lambda t: t[0]
        )
        if away == np.inf:
            break
        height = max(height, away)
        two = family(one) != family(other)
        made = [group for group in made if group not in (one, other)] + [one | other]
        joined(min(one), min(other))
        if two:
            steps.append((height, set(families)))
    return steps


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.9])
def test_the_discount_lets_large_groups_reach_further(seed, threshold) -> None:
    rows = people(seed, 18).astype(np.float64)
    tree = linkage.tree(rows.astype(np.float32), discount=0.3)
    reached = [made for height, made in by_hand(rows, 0.3) if height <= threshold]
    assert groups(tree.cut(threshold).labels) == reached[-1]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.9])
def test_uneven_groups_are_nearer(seed, threshold) -> None:
    rows = people(seed, 18)
    fitted = Linkage(discount=0.1, uneven=0.1)
    tree = linkage.tree(neighbours.VectorDistances(rows, linkage=fitted))
    steps = by_hand(rows.astype(np.float64), 0.1, uneven=0.1)
    reached = [made for height, made in steps if height <= threshold]
    assert groups(tree.cut(threshold).labels) == reached[-1]
    # A discount that is given is all that sizes change.
    plain = linkage.tree(neighbours.VectorDistances(rows, linkage=fitted), discount=0)
    np.testing.assert_array_equal(plain.height, linkage.tree(rows).height)


def test_who_was_seen_often_takes_up_one_more_where_two_seen_once_stay_apart() -> None:
    # Ten of one person, one 0.62 from them; and two as far from each other, far from all these.
    rows = np.zeros((13, 12), dtype=np.float32)
    rows[np.arange(10), np.arange(10)] = 0.05
    rows[10, 10], rows[11, 11], rows[12, 11] = 0.62, 5.0, 5.62
    tree = linkage.tree(neighbours.VectorDistances(rows, linkage=Linkage(uneven=0.014)))
    labels = tree.cut(0.6).labels
    assert (labels[:11] == 0).all()
    assert labels[11] != labels[12]


@pytest.mark.parametrize("many", [False, True])
def test_groups_are_as_far_between_as_the_tree_joins_them(many) -> None:
    rows = people(3, 12)
    distances = neighbours.VectorDistances(rows, linkage=Linkage(discount=0.1, uneven=0.02))
    tree = linkage.tree(distances)
    last = tree.labels_after(len(tree) - 1)
    if many:
        ((_, table),) = linkage.between_some(distances, last)
    else:
        table = linkage.between(distances, last)
    assert table[0, 1] == pytest.approx(tree.height[-1], abs=1e-5)


def test_reach_is_one_for_a_single_sighting_and_falls_towards_the_discount() -> None:
    np.testing.assert_allclose(linkage.reach([1, 4, 10**12], 0.06), [1, 0.97, 0.94], atol=1e-6)


@given(seed=st.integers(0, 10_000))
def test_heights_never_fall_and_cuts_only_split(seed) -> None:
    tree = linkage.tree(people(seed), discount=0.5)
    assert (np.diff(tree.height) >= 0).all()
    fine, coarse = tree.cut(0.3).labels, tree.cut(0.6).labels
    for label in np.unique(fine):
        assert len(np.unique(coarse[fine == label])) == 1


@given(seed=st.integers(0, 10_000))
def test_a_cut_at_a_height_makes_that_join_and_just_below_does_not(seed) -> None:
    tree = linkage.tree(people(seed, 20))
    join = len(tree) // 2
    first, second = tree.first[join], tree.second[join]
    at = tree.cut(tree.height[join]).labels
    assert at[first] == at[second]
    below = tree.cut(np.nextafter(tree.height[join], 0)).labels
    assert below[first] != below[second]


def test_the_table_of_joins_counts_groups_and_knows_the_runner_up() -> None:
    rows = np.array([[0.0], [1.0], [3.0], [7.0]], np.float32)
    merges = linkage.tree(rows, discount=0).merges
    assert merges["groups_before"].tolist() == [4, 3, 2]
    np.testing.assert_allclose(merges["height"], [1.0, 2.5, (7 + 6 + 4) / 3], rtol=1e-6)
    np.testing.assert_allclose(merges["runner_up"], [2.0, 4.0, np.inf], rtol=1e-6)
    assert merges["size_first"].tolist() == [1, 2, 3]
    assert merges["size_second"].tolist() == [1, 1, 1]


def test_who_must_be_one_is_one_from_the_start_and_never_is_never() -> None:
    rows = np.array([[0.0], [10.0], [1.0], [3.0]], np.float32)
    tree = linkage.tree(rows, must_link=np.array([[0, 3]]), cannot_link=np.array([[0, 1]]))
    assert tree.start == 3
    assert len(tree) == 1  # 2 joins what is nearer; then nothing may be joined any more
    assert groups(tree.labels_after(0)) == {frozenset({0, 3}), frozenset({1}), frozenset({2})}
    assert groups(tree.labels_after(1)) == {frozenset({0, 2, 3}), frozenset({1})}


def test_a_must_link_joins_two_whole_groups_and_tears_neither_apart() -> None:
    # The two linked faces are the far ends of their groups: 1.1 from the middle of either group on
    # average, were they one group from the start.
    rows = np.array([[0.0], [0.1], [0.2], [2.0], [2.1], [2.2], [9.0]], np.float32)
    tree = linkage.tree(rows, must_link=np.array([[0, 5]]))
    assert groups(tree.cut(0.5).labels) == {frozenset(range(6)), frozenset({6})}
    # Below the distances within the two groups, only the two faces are one.
    assert frozenset({0, 5}) in groups(tree.cut(0.05).labels)


def test_joins_of_families_count_their_sightings_and_joins_within_one_are_not_told() -> None:
    rows = np.array([[0.0], [1.0], [3.0], [20.0]], np.float32)
    tree = linkage.tree(rows, must_link=np.array([[0, 3], [0, 1]]), discount=0)
    # 0 and 1 are joined at 1, told of to nobody; 2 is (3 + 2) / 2 away from them, and then 3 is
    # (20 + 19 + 17) / 3 away, but of their family.
    assert tree.merges.to_dict("records") == [
        {
            "first": 0,
            "second": 2,
            "height": 2.5,
            "size_first": 3,
            "size_second": 1,
            "runner_up": np.inf,
            "groups_before": 2,
        }
    ]


def test_the_larger_family_is_named_first_even_where_its_group_is_the_smaller() -> None:
    rows = np.array([[0.0], [0.1], [1.0], [30.0], [60.0], [1.5]], np.float32)
    tree = linkage.tree(rows, must_link=np.array([[2, 3], [3, 4]]), discount=0)
    assert tree.height.tolist() == pytest.approx([0.1, 0.5, 1.2])
    assert tree.sizes.tolist() == [[1, 1], [3, 1], [4, 2]]
    assert tree.first[2] in (2, 5)
    assert tree.second[2] in (0, 1)


def test_the_runner_up_is_of_a_third_family() -> None:
    rows = np.array([[0.0], [1.0], [1.5], [5.0]], np.float32)
    tree = linkage.tree(rows, must_link=np.array([[0, 2]]), discount=0)
    # 1 and 2 join at 0.5. 0 is 1 away from 1, but it is of the family of 2: the next is 3.
    assert tree.height[0] == 0.5
    assert tree.runner_up[0] == 3.5


@pytest.mark.parametrize("rival", [0, 4])
def test_who_is_apart_from_one_of_a_family_is_apart_from_all_of_it(rival) -> None:
    # 0 and 4 are one; 5 lies beside 4, and shares a photo with one of the two.
    rows = np.array([[0.0], [20.0], [21.0], [22.0], [8.0], [8.1]], np.float32)
    tree = linkage.tree(rows, must_link=np.array([[0, 4]]), cannot_link=np.array([[5, rival]]))
    labels = tree.labels_after(len(tree))
    assert labels[5] != labels[4] == labels[0]


@pytest.mark.parametrize(("place", "held"), [(0.3, True), (0.7, False)])
def test_a_family_takes_over_who_its_new_members_are_apart_from(place, held) -> None:
    # 0 and 2 are one; 1 is beside 0, and 3 beside 2; 1 and 3 share a photo. The nearer goes first.
    rows = np.array([[0.0], [place], [5.0], [5.5]], np.float32)
    tree = linkage.tree(rows, must_link=np.array([[0, 2]]), cannot_link=np.array([[1, 3]]))
    member, stranger = (1, 3) if held else (3, 1)
    assert groups(tree.labels_after(len(tree))) == {
        frozenset({0, 2, member}),
        frozenset({stranger}),
    }
    assert len(tree) == 1


def test_a_family_of_strangers_is_held_off_whole() -> None:
    # 0 and 2 are one, and 3 and 4 are. When 1 joins 0, its rival 3 takes 4 with it.
    rows = np.array([[0.0], [0.1], [5.0], [9.0], [5.2]], np.float32)
    tree = linkage.tree(
        rows, must_link=np.array([[0, 2], [3, 4]]), cannot_link=np.array([[1, 3]]), discount=0
    )
    assert groups(tree.labels_after(len(tree))) == {frozenset({0, 1, 2}), frozenset({3, 4})}


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("discount", [0.0, 0.3])
def test_joins_with_links_are_those_made_by_hand(seed, discount) -> None:
    rows = people(seed, 20)
    must, cannot = links(seed, 20, seed % 9, 3 * (seed % 5))
    tree = linkage.tree(rows, must_link=must, cannot_link=cannot, discount=discount)
    steps = by_hand(rows.astype(np.float64), discount, must.tolist(), cannot.tolist())
    assert tree.start == len(steps[0][1])
    np.testing.assert_allclose(tree.height, [height for height, _ in steps[1:]], atol=2e-6)
    for joins, (_, made) in enumerate(steps):
        assert groups(tree.labels_after(joins)) == made


@given(seed=st.integers(0, 10_000), must=st.integers(0, 15), cannot=st.integers(0, 60))
def test_every_threshold_holds_all_links_and_every_join_makes_one_less(seed, must, cannot) -> None:
    same, never = links(seed, 40, must, cannot)
    tree = linkage.tree(people(seed), must_link=same, cannot_link=never, discount=0.3)
    family = components(40, same)
    assert (np.diff(tree.height) >= 0).all()
    for joins in range(len(tree) + 1):
        labels = tree.labels_after(joins)
        assert (labels[same[:, 0]] == labels[same[:, 1]]).all()
        assert (labels[never[:, 0]] != labels[never[:, 1]]).all()
        assert len(np.unique(labels)) == len(np.unique(family)) - joins
        if joins < len(tree):
            ends = labels[[tree.first[joins], tree.second[joins]]]
            assert np.bincount(labels)[ends].tolist() == tree.sizes[joins].tolist()
            assert tree.sizes[joins, 0] >= tree.sizes[joins, 1]
            assert tree.groups_before[joins] == len(np.unique(labels))
    # In the end, no two individuals are left that nothing keeps apart.
    apart = {frozenset(pair) for pair in labels[never].tolist()}
    left = len(np.unique(labels))
    assert len(apart) == left * (left - 1) // 2


@given(seed=st.integers(0, 10_000), must=st.integers(1, 15), threshold=st.floats(0.1, 1.2))
def test_must_links_alone_join_whole_groups_and_do_nothing_else(seed, must, threshold) -> None:
    rows = people(seed)
    same, _ = links(seed, 40, must, 0)
    free = linkage.tree(rows, discount=0.3).cut(threshold).labels
    held = linkage.tree(rows, must_link=same, discount=0.3).cut(threshold).labels
    assert groups(held) == groups(components(40, free[same])[free])


@given(seed=st.integers(0, 10_000), cannot=st.integers(0, 60), threshold=st.floats(0.1, 1.2))
def test_a_must_link_within_a_group_changes_nothing_there(seed, cannot, threshold) -> None:
    rows = people(seed)
    _, never = links(seed, 40, 0, cannot)
    before = linkage.tree(rows, cannot_link=never, discount=0.3).cut(threshold).labels
    pairs = np.random.default_rng(seed).integers(0, 40, (200, 2))
    same = pairs[before[pairs[:, 0]] == before[pairs[:, 1]]]
    tree = linkage.tree(rows, must_link=same, cannot_link=never, discount=0.3)
    np.testing.assert_array_equal(tree.cut(threshold).labels, before)


def test_links_that_contradict_each_other_are_refused() -> None:
    pair = np.array([[0, 1]])
    with pytest.raises(BadSetting, match="0 and 1 must be one individual"):
        linkage.tree(np.zeros((2, 2), np.float32), must_link=pair, cannot_link=pair)


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one(count) -> None:
    tree = linkage.tree(np.zeros((count, 4), np.float32))
    assert len(tree) == 0
    assert tree.cut(0.5).labels.tolist() == [0] * count
    assert len(tree.merges) == 0


@given(seed=st.integers(0, 10_000), must=st.integers(0, 15), cannot=st.integers(0, 40))
def test_the_order_of_the_rows_changes_nothing(seed, must, cannot) -> None:
    rows = people(seed)
    order = np.random.default_rng(seed).permutation(len(rows))
    same, never = links(seed, len(rows), must, cannot)
    place = np.argsort(order)
    one = linkage.tree(rows, must_link=same, cannot_link=never)
    other = linkage.tree(rows[order], must_link=place[same][:, ::-1], cannot_link=place[never])
    np.testing.assert_array_equal(one.first, order[other.first])
    np.testing.assert_array_equal(one.second, order[other.second])
    for name in ("height", "sizes", "runner_up"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert groups(one.cut(0.5).labels[order]) == groups(other.cut(0.5).labels)


def compared(table):
    """Distances of a table, in which NaN says nothing."""
    first, second = np.triu_indices(len(table), k=1)
    pairs = ComparedPairs.of(len(table), first, second, np.asarray(table)[first, second], 2.0)
    return neighbours.PairDistances(pairs)


def joined_by_hand(table, threshold):
    """Join the nearest two groups by the mean of what is known, again and again."""
    groups = [[k] for k in range(len(table))]
    full = np.where(np.isnan(table), np.nan, table)
    while len(groups) > 1:
        best = None
        for i in range(len(groups)):
            for j in range(i):
                pairs = full[np.ix_(groups[i], groups[j])]
                away = 2.0 if np.isnan(pairs).all() else np.nanmean(pairs)
                if best is None or away < best[0]:
                    best = (away, i, j)
        if best[0] > threshold:
            break
        groups[best[2]] += groups.pop(best[1])
    return sorted(sorted(group) for group in groups)


@given(st.integers(0, 10_000), st.integers(2, 9), st.floats(0.2, 1.9))
def test_pairs_that_say_nothing_are_left_out_of_the_means(seed, count, threshold) -> None:
    rng = np.random.default_rng(seed)
    table = rng.uniform(0, 2, (count, count)).astype(np.float32)
    table[rng.random((count, count)) < 0.4] = np.nan
    table = np.triu(table, 1) + np.triu(table, 1).T
    labels = linkage.tree(compared(table), discount=0).cut(threshold).labels
    found = sorted(np.flatnonzero(labels == label).tolist() for label in set(labels.tolist()))
    assert found == joined_by_hand(np.where(np.eye(count), np.nan, table), threshold)


class Told(neighbours.PairDistances):
    """Says of every pair that it says something."""

    def __getitem__(self, rows):
        return Told(self.compared.take(rows), self.linkage)

    def telling(self):
        # A sighting and itself are no pair that anybody asks about.
        return neighbours.Telling(len(self), np.array([0]), self.compared.farthest)


def test_where_all_pairs_say_something_nothing_is_otherwise() -> None:
    rng = np.random.default_rng(4)
    table = rng.uniform(0, 2, (30, 30))
    table = ((table + table.T) / 2).astype(np.float32)
    whole = compared(table)
    one, other = linkage.tree(whole, discount=0.1), linkage.tree(Told(whole.compared), discount=0.1)
    np.testing.assert_allclose(one.height, other.height, rtol=1e-5)
    assert one.first.tolist() == other.first.tolist()


def test_the_distance_of_two_groups_is_that_of_the_pairs_that_are_known() -> None:
    nothing = np.nan
    table = np.array(
        [
            [0, 0.2, 0.6, nothing],
            [0.2, 0, nothing, 1.0],
            [0.6, nothing, 0, 0.2],
            [nothing, 1.0, 0.2, 0],
        ]
    )
    groups = np.array([0, 0, 1, 1])
    expected = np.array([[np.inf, 0.8], [0.8, np.inf]])
    assert linkage.between(compared(table), groups) == pytest.approx(expected)
    ((start, part),) = linkage.between_some(compared(table), groups)
    assert start == 0
    assert part == pytest.approx(expected)
    # Two of which no pair is known are as far apart as can be.
    table[0, 2] = table[2, 0] = table[1, 3] = table[3, 1] = nothing
    assert linkage.between(compared(table), groups)[0, 1] == 2.0


@given(st.integers(2, 14), st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_groups_some_at_a_time_are_as_far_apart_as_all_at_once(count, seed, block) -> None:
    rng = np.random.default_rng(seed)
    table = rng.random((count, count)).round(2)
    table[rng.random((count, count)) < 0.4] = np.nan
    table = np.triu(table, 1) + np.triu(table, 1).T
    labels = rng.integers(0, 4, count)
    expected = linkage.between(compared(table), labels)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(linkage, "_BLOCK", block)
        parts = list(linkage.between_some(compared(table), labels))
    assert [start for start, _ in parts] == np.cumsum(
        [0, *(len(part) for _, part in parts[:-1])]
    ).tolist()
    assert np.concatenate([part for _, part in parts]) == pytest.approx(expected, rel=1e-5)


def test_what_is_never_one_stays_so_where_nothing_is_known_of_the_pair() -> None:
    nothing = np.nan
    table = np.array([[0, nothing, 0.1], [nothing, 0, 0.1], [0.1, 0.1, 0]])
    found = linkage.tree(compared(table), cannot_link=np.array([[0, 1]]), discount=0).cut(1.9)
    assert found.labels[0] != found.labels[1]
