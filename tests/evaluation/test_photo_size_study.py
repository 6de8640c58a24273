"""What a study of photo sizes recommends, in words."""

import pandas as pd

from toolkit.evaluation import photo_size_study
from toolkit.subjects.face import FACE


def rated(*rows: tuple[int, float, int, float, float, bool]) -> pd.DataFrame:
    columns = ["long_edge", "seconds", "lost", "lost_high", "more_lost_high", "front"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(
        detector="cnn", photos=60, sightings=200, lost_low=0.0, lost_share=table["lost"] / 200
    )


GONE = pd.DataFrame({"detector": "cnn", "long_edge": [1200, 1200], "size": [41.0, 59.5]})


def test_the_fastest_row_that_surely_loses_little_is_recommended() -> None:
    table = rated(
        (0, 4.0, 0, 0.06, 0.06, False),
        (1600, 1.0, 0, 0.06, 0.06, True),
        (1200, 0.5, 2, 0.018, 0.018, True),
        (600, 0.2, 9, 0.09, 0.09, True),
    )
    assert photo_size_study.recommend(table, GONE, shown_in=50, words=FACE.words) == (
        "cnn, long edge 1200: 8.0 times faster than cnn at full size, 1.0% of the faces lost "
        "(95% interval 0.0% to 1.8%), none larger than 60 px."
    )


def test_where_nothing_is_sure_the_row_that_loses_fewest_is_recommended() -> None:
    table = rated((0, 4.0, 0, 0.06, 0.06, False), (1600, 1.0, 0, 0.06, 0.06, True))
    said = photo_size_study.recommend(table, GONE[:0], shown_in=5, words=FACE.words)
    assert said.startswith("5 photos with faces are too few to be sure; on them, cnn, long edge 16")
    assert "4.0 times faster" in said
    assert "none of 200 faces lost (95% bound: at most 6.0%)" in said
    assert "fewest" in said
    alone = photo_size_study.recommend(
        table[:1].assign(front=True), GONE[:0], shown_in=50, words=FACE.words
    )
    assert alone.startswith("cnn, full size: no other row is better")
    slow = rated((0, 1.0, 1, 0.06, 0.06, True), (1200, 2.0, 0, 0.06, 0.06, True))
    assert "2.0 times slower" in photo_size_study.recommend(
        slow, GONE[:0], shown_in=50, words=FACE.words
    )
