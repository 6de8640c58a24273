"""What marks in common say: fitted on known individuals, and the same whoever is named first."""

import numpy as np
import pytest

from toolkit.errors import BadSetting
from toolkit.evaluation.reliability import reliability
from toolkit.records import LabelledPairs, PairScores
from toolkit.subjects.animal.subject import SHIPPED
from toolkit.subjects.matching import calibration
from toolkit.subjects.matching.calibration import (
    FARTHEST,
    PatternCalibration,
    features_of,
    fit,
    of_most,
    through_others,
)

SIFT = ("upright", "turned")
FITTED = PatternCalibration(SIFT, -0.8, (0.1, 0.9), (0.6, 0.2), "drawn ones")


def drawn(seed: int, individuals: int = 12, each: int = 5) -> LabelledPairs:
    """An album in which two of one individual have more in common than two of others, mostly."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(individuals), each)
    first, second = np.triu_indices(len(who), k=1)
    same = who[first] == who[second]
    upright = rng.poisson(np.where(same, 14, 5)) * rng.choice([1, 1, 2], len(first))
    turned = rng.poisson(np.where(same, 9, 4))
    values = np.stack([upright, turned], axis=1).astype(np.float32)
    return LabelledPairs(PairScores((len(who), len(who)), first, second, values), who)


def test_distances_fall_with_what_two_have_in_common_and_end_somewhere() -> None:
    first, second = np.triu_indices(12, k=1)
    values = np.random.default_rng(0).integers(0, 6, (len(first), 2)).astype(np.float32)
    values[3], values[20] = 400, 60
    away = FITTED.distances(PairScores((12, 12), first, second, values), SIFT)
    assert away.dtype == np.float32
    assert ((away >= 0) & (away <= FARTHEST)).all()
    assert away[3] < away[20] < np.median(away)


def test_what_stands_out_is_by_either_of_the_two_the_same() -> None:
    first, second = np.triu_indices(6, k=1)
    values = np.random.default_rng(1).integers(0, 30, (len(first), 2)).astype(np.float32)
    one = features_of(PairScores((6, 6), first, second, values), SIFT)
    other = features_of(PairScores((6, 6), second, first, values), SIFT)
    np.testing.assert_allclose(one, other)
    # Against a double loop.
    tens = values[:, 0].astype(float) / 10
    for pair, (i, j) in enumerate(zip(first, second, strict=True)):
        of_both = []
        for end in (i, j):
            own = tens[(first == end) | (second == end)]
            of_both.append((tens[pair] - own.mean()) / np.hypot(own.std(), 0.1))
        assert one[pair, 0] == pytest.approx(tens[pair])
        assert one[pair, 2] == pytest.approx(np.mean(of_both))


def shortlisted(found: PairScores, cohort: list[int], nearest: int) -> PairScores:
    """Return the pairs with some sightings, and those with the most in common."""
    own = np.isin(found.first, cohort) | np.isin(found.second, cohort)
    for row in range(found.shape[0]):
        mine = np.flatnonzero((found.first == row) | (found.second == row))
        own[mine[np.argsort(-found.values[mine, 0], kind="stable")[:nearest]]] = True
    return PairScores(
        found.shape, found.first[own], found.second[own], found.values[own], listed=True
    )


def test_of_a_shortlist_those_that_all_are_compared_with_say_what_is_usual() -> None:
    found = drawn(5, individuals=30, each=2).found
    some = shortlisted(found, cohort=list(range(12)), nearest=5)
    assert len(some) < 0.6 * len(found)
    told = features_of(some, SIFT)
    # Against a double loop.
    tens = np.minimum(some.values[:, 1].astype(float), 40) / 10
    for pair in range(0, len(some), 17):
        of_both = []
        for end in (some.first[pair], some.second[pair]):
            other = np.where(some.first == end, some.second, some.first)
            mine = ((some.first == end) | (some.second == end)) & (other < 12)
            own = tens[mine]
            of_both.append((tens[pair] - own.mean()) / np.hypot(own.std(), 0.1))
        assert told[pair, 3] == pytest.approx(np.mean(of_both))


def test_what_a_shortlist_says_is_close_to_what_all_pairs_say() -> None:
    fitted = fit([drawn(1), drawn(2)], SIFT, "drawn ones", choose=False)
    found = drawn(6, individuals=40, each=3).found
    cohort = np.random.default_rng(1).choice(120, 40, replace=False).tolist()
    some = shortlisted(found, cohort=cohort, nearest=10)
    place = {pair: row for row, pair in enumerate(zip(found.first, found.second, strict=True))}
    rows = [place[pair] for pair in zip(some.first, some.second, strict=True)]
    chosen = ~np.isin(some.first, cohort) & ~np.isin(some.second, cohort)
    plain = PairScores(some.shape, some.first, some.second, some.values)
    every = fitted.evidence(found, SIFT)[rows][chosen]
    told, wrong = (fitted.evidence(each, SIFT)[chosen] for each in (some, plain))
    assert abs((told - every).mean()) < 0.3 * abs((wrong - every).mean())


def test_where_too_few_stand_for_all_those_that_are_there_do() -> None:
    found = drawn(7).found
    some = shortlisted(found, cohort=[], nearest=5)
    plain = PairScores(some.shape, some.first, some.second, some.values)
    np.testing.assert_array_equal(features_of(some, SIFT), features_of(plain, SIFT))


def test_what_was_fitted_tells_others_and_says_how_sure_it_is() -> None:
    found = fit([drawn(1), drawn(2)], SIFT, "drawn ones")
    assert found.fitted_on == "drawn ones"
    tried = [drawn(seed) for seed in range(3, 9)]
    same = np.concatenate([each.same for each in tried])
    evidence = np.concatenate([found.evidence(each.found, SIFT) for each in tried])
    assert evidence[same].mean() > evidence[~same].mean() + 2
    # Evidence, and the odds before it, are how often it is so.
    share = same.mean()
    sure = 1 / (1 + np.exp(-(evidence + np.log(share / (1 - share)))))
    assert sure.sum() == pytest.approx(same.sum(), rel=0.15)
    told = reliability(sure, same)
    assert told.error < 0.08
    assert told.sure_right / told.sure > 0.93


def test_every_album_counts_as_much_however_large() -> None:
    small, large = drawn(1, individuals=6), drawn(2, individuals=16)
    once, often = (
        fit(each, SIFT, "", choose=False) for each in ([small, large], [small, large] * 2)
    )
    assert once.weights == pytest.approx(often.weights, rel=0.02)
    alone = fit([large], SIFT, "", choose=False)
    assert once.start != pytest.approx(alone.start, abs=1e-3)


@pytest.mark.parametrize("who", [np.zeros(3), np.arange(3)])
def test_without_pairs_of_both_kinds_nothing_can_be_fitted(who) -> None:
    scores = PairScores((3, 3), np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones((3, 2), "f4"))
    with pytest.raises(BadSetting, match="two or more individuals"):
        fit([LabelledPairs(scores, who)], SIFT, "")


def with_score(known: LabelledPairs, values: np.ndarray) -> LabelledPairs:
    found = known.found
    columns = np.column_stack([found.values, values]).astype(np.float32)
    return LabelledPairs(
        PairScores(found.shape, found.first, found.second, columns), known.individuals
    )


def weight_of(found: calibration.PatternCalibration, name: str) -> float:
    """How much a score counts, as a share of all."""
    every = np.array(found.weights) + np.array(found.stands_out)
    return float(every[found.scores.index(name)] / every.sum()) if name in found.scores else 0.0


def test_a_score_counts_where_it_helps_on_other_individuals_and_only_there() -> None:
    rng = np.random.default_rng(0)
    albums = [drawn(1, 15), drawn(2, 15)]
    noise = [with_score(each, rng.uniform(0, 1, len(each.found))) for each in albums]
    assert weight_of(fit(noise, (*SIFT, "cosine"), ""), "cosine") < 0.05
    telling = [with_score(each, rng.normal(np.where(each.same, 0.7, 0.4), 0.1)) for each in albums]
    found = fit(telling, (*SIFT, "cosine"), "")
    assert weight_of(found, "cosine") > 0.2


def test_a_score_that_misleads_on_other_individuals_is_left_out(monkeypatch) -> None:
    """It tells those that are fitted on, whoever they are, and nobody else."""
    albums = [drawn(1, 15)]
    rng = np.random.default_rng(0)
    (known,) = [with_score(each, rng.uniform(0, 1, len(each.found))) for each in albums]
    whole = calibration._fitted

    def misled(parts, scores, chosen, of):
        seen = [with_score(drawn_again(e), np.where(e.same, 1.0, 0.0)) for e in parts]
        return whole(seen, scores, chosen, of)

    def drawn_again(each: LabelledPairs) -> LabelledPairs:
        found = each.found
        return LabelledPairs(
            PairScores(found.shape, found.first, found.second, found.values[:, :2]),
            each.individuals,
        )

    monkeypatch.setattr(calibration, "_fitted", misled)
    assert "cosine" not in fit([known], (*SIFT, "cosine"), "").scores


def test_scores_are_found_by_their_names() -> None:
    rng = np.random.default_rng(0)
    telling = [with_score(drawn(1), rng.uniform(0, 1, len(drawn(1).found)))]
    found = fit(telling, (*SIFT, "cosine"), "")
    # The columns are found by their names.
    turned = PairScores(
        telling[0].found.shape,
        telling[0].found.first,
        telling[0].found.second,
        telling[0].found.values[:, ::-1],
    )
    np.testing.assert_allclose(
        found.evidence(telling[0].found, (*SIFT, "cosine")),
        found.evidence(turned, ("cosine", *SIFT[::-1])),
    )


def test_a_calibration_is_read_as_it_was_saved(tmp_path) -> None:
    path = tmp_path / "own.json"
    FITTED.save(path)
    assert calibration.read(path) == FITTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "sightings pattern calibration 2"}',
        '{"format": "sightings pattern calibration 1", "scores": ["a"], "start": 0, '
        '"weights": [1], "stands_out": [], "fitted_on": ""}',
        '{"format": "sightings pattern calibration 1", "scores": ["a"], "start": NaN, '
        '"weights": [1], "stands_out": [1], "fitted_on": ""}',
        '{"format": "sightings pattern calibration 1", "scores": ["a"], "start": 0, '
        '"weights": [-1], "stands_out": [1], "fitted_on": ""}',
        "[" * 100_000,
    ],
)
def test_what_is_no_calibration_is_told(text, tmp_path) -> None:
    path = tmp_path / "own.json"
    path.write_text(text)
    with pytest.raises(BadSetting, match="cannot be read as a calibration") as caught:
        calibration.read(path)
    assert "\n" not in str(caught.value)


def test_what_is_shipped_is_of_the_most_scores_that_are_there() -> None:
    every = ("upright", "turned")
    for scores in (every, (*every, "disk"), (*every, "disk", "lite2"), (*every, "lite2")):
        found = of_most(SHIPPED, (*scores, "nothing known"))
        assert set(found.scores) <= set(scores)
        assert ("disk" in scores) == ("disk" in found.scores)
        assert ("lite2" in scores) == ("lite2" in found.scores)
    with pytest.raises(BadSetting, match="sightings calibrate KNOWN"):
        of_most(SHIPPED, ("nothing known",))


def paired(n: int, seed: int, left_out: float = 0.0) -> tuple[PairScores, np.ndarray]:
    """Pairs of n sightings, some of which were not compared, and evidence of each."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(n, k=1)
    kept = rng.random(len(first)) >= left_out
    first, second = first[kept], second[kept]
    values = np.zeros((len(first), 1), dtype=np.float32)
    return PairScores((n, n), first, second, values), rng.normal(-2, 3, len(first))


@pytest.mark.parametrize("left_out", [0.0, 0.5])
def test_what_others_say_of_a_pair_is_as_a_loop_has_it(left_out) -> None:
    found, evidence = paired(9, 4, left_out)
    share = 0.5 / len(evidence)
    for _ in range(calibration.ROUNDS):
        likely = 1 / (1 + (1 - share) / share * np.exp(-evidence))
        share = (likely.sum() + 0.5) / (len(evidence) + 1)
    of, one = {}, {}
    for i, j, said, sure in zip(found.first, found.second, evidence, likely, strict=True):
        of[i, j] = of[j, i] = said
        one[i, j] = one[j, i] = sure if sure >= calibration.FAINT else 0.0
    # The likelier others there are, the less one counts.
    heard = {
        (i, k): sure * np.exp(-(1 + sum(of[i, x] > of[i, k] for x in range(9) if (i, x) in of)) / 4)
        for (i, k), sure in one.items()
    }
    expected = []
    for pair in zip(found.first, found.second, strict=True):
        means = []
        for i, j in (pair, pair[::-1]):
            third = [k for k in range(9) if (i, k) in one and (k, j) in of]
            total = of[i, j] + sum(heard[i, k] * of[k, j] for k in third)
            means.append(total / (1 + sum(heard[i, k] for k in third)))
        expected.append(np.mean(means))
    np.testing.assert_allclose(through_others(found, evidence), expected)


def test_who_is_named_first_is_nothing_to_others_and_blocks_are_no_borders(monkeypatch) -> None:
    found, evidence = paired(30, 5, 0.3)
    once = through_others(found, evidence)
    order = np.random.default_rng(1).permutation(len(evidence))
    swapped = PairScores((30, 30), found.second[order], found.first[order], found.values[order])
    monkeypatch.setattr(calibration, "TOGETHER", 7)
    np.testing.assert_allclose(through_others(swapped, evidence[order]), once[order])


def test_equals_share_a_place_whatever_their_order() -> None:
    ends = np.array([0, 1, 0, 0, 1, 0])
    evidence = np.array([2.0, 5.0, 3.0, 2.0, 5.0, 1.0])
    assert calibration._places(ends, evidence).tolist() == [2, 1, 1, 2, 1, 4]


def test_without_others_the_pair_speaks_alone() -> None:
    found, evidence = paired(2, 1)
    assert through_others(found, evidence).tolist() == evidence.tolist()
    beside = PairScores((3, 2), found.first, found.second, found.values, within=False)
    assert through_others(beside, evidence) is evidence
    none = PairScores((0, 0), found.first[:0], found.second[:0], found.values[:0])
    assert len(through_others(none, evidence[:0])) == 0


def chained(seed: int, individuals: int = 12, each: int = 8) -> LabelledPairs:
    """Photos along a way: those next to each other have much in common, the ends have nothing."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(individuals), each)
    first, second = np.triu_indices(len(who), k=1)
    same = who[first] == who[second]
    apart = np.abs(first - second)
    alike = rng.poisson(np.where(same, np.maximum(16 - 3.5 * apart, 3), 3))
    values = np.stack([alike, rng.poisson(3, len(first))], axis=1).astype(np.float32)
    return LabelledPairs(PairScores((len(who), len(who)), first, second, values), who)


def test_others_count_where_they_join_what_has_little_in_common(tmp_path) -> None:
    found = fit([chained(1), chained(2)], SIFT, "")
    assert len(found.others) == 3
    assert found.others[2] > 0
    tried = chained(3)
    alone = fit([chained(1), chained(2)], SIFT, "", choose=False)
    assert alone.others == ()
    ends = tried.same & (tried.found.second - tried.found.first >= 5)
    ranks = []
    for each in (alone, found):
        evidence = each.evidence(tried.found, SIFT)
        ranks.append((evidence[ends][:, None] > evidence[~tried.same]).mean())
    assert ranks[1] > ranks[0] + 0.03
    found.save(tmp_path / "c.json")
    assert calibration.read(tmp_path / "c.json") == found


def test_others_that_say_nothing_do_not_count(monkeypatch) -> None:
    def nothing(found, evidence):
        return np.random.default_rng(len(evidence)).normal(0, 3, len(evidence))

    monkeypatch.setattr(calibration, "through_others", nothing)
    assert fit([chained(1), chained(2)], SIFT, "").others == ()
