"""How many of the faces that are there a detector finds."""

import pandas as pd
import pytest
from tiles import save_tiles

from toolkit.errors import SightingsError
from toolkit.evaluation import detection_recall
from toolkit.subjects import registry


def test_recall_counts_faces_by_size_and_what_is_no_face(tmp_path, colours, monkeypatch) -> None:
    save_tiles(tmp_path / "a.png", "ann", "bob", "cem")
    monkeypatch.setattr(registry, "subject_for", lambda settings: colours)
    boxes = pd.DataFrame(
        [("a.png", 0, 0, 64, 64), ("a.png", 64, 0, 64, 64)],
        columns=["photo", "left", "top", "width", "height"],
    )
    table = detection_recall.recall(tmp_path, boxes, enlarge=0, ways=[("cnn", 0, 1000)])
    assert table[["found", "of", "false"]].to_numpy().tolist() == [[2, 2, 1]]
    assert table["above 12%"][0] == "2/2"
    assert table["0% to 5%"][0] == "0/0"


def test_a_table_of_faces_without_its_columns_is_refused(tmp_path) -> None:
    with pytest.raises(SightingsError, match="lacks the columns height"):
        detection_recall.recall(tmp_path, pd.DataFrame(columns=["photo", "left", "top", "width"]))
