"""How fast work goes, and how long it will take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.progress import SECONDS, Pace


def paced(*marks: tuple[float, int]) -> Pace:
    pace = Pace(0.0)
    for now, done in marks:
        pace.mark(now, done)
    return pace


@pytest.mark.parametrize(
    ("marks", "total", "said"),
    [
        ([], 9, ""),
        ([(0.3, 5)], 9, ""),
        ([(9.0, 0)], 9, ""),
        ([(2.0, 10)], 100, "5.0 a second, about 20 s left"),
        ([(2.0, 10)], 10, "5.0 a second"),
        ([(2.0, 10)], 40, "5.0 a second, a few seconds left"),
        ([(10.0, 5)], 49, "2.0 s each, about 90 s left"),
        ([(10.0, 5)], 305, "2.0 s each, about 10 min left"),
        ([(10.0, 5)], 9005, "2.0 s each, about 5.0 h left"),
        ([(1.0, 2500)], 2500, "2,500.0 a second"),
    ],
)
def test_the_pace_in_words(marks, total, said):
    assert paced(*marks).text(total) == said


def test_a_pace_follows_the_last_half_minute():
    # 10 a second for a minute, then one every 2 s: after half a minute, only that is left.
    marks = [(float(k), 10 * k) for k in range(61)]
    slow = [(60.0 + 2 * k, 600 + k) for k in range(1, 17)]
    assert paced(*marks).rate == pytest.approx(10)
    assert paced(*marks, *slow).rate == pytest.approx(0.5)


def test_a_count_that_falls_begins_anew():
    assert paced((5.0, 50), (6.0, 1)).rate is None
    assert paced((5.0, 50), (6.0, 1), (8.0, 5)).rate == pytest.approx(2)


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 50)), min_size=1, max_size=60))
def test_a_pace_is_that_of_work_done_in_its_time(steps):
    now, done, marks = 0.0, 0, []
    for seconds, more in steps:
        now, done = now + seconds, done + more
        marks.append((now, done))
    pace = paced(*marks)
    whole = [(0.0, 0), *marks]
    if pace.rate is not None:
        kept = len(pace._marks)
        (before, first), (after, last) = whole[-kept], whole[-1]
        assert pace.rate == pytest.approx((last - first) / (after - before))
        assert kept <= 3 or after - before <= SECONDS
    assert isinstance(pace.text(done + 5), str)
