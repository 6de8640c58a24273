"""Decisions about tags: what a line says, and what it cannot say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.results import tag_decisions
from toolkit.results.tag_decisions import TagDecision, folders_of, moves, read

PHOTOS = ["ann/1.jpg", "more/bob/2.jpg", "loose.jpg", "keep/3.jpg"]


def made(path, *lines, head="path,suggested,decision"):
    path.write_text("\n".join([head, *lines]))
    return read(path, PHOTOS, folders_of(PHOTOS))


def test_keep_move_and_another_folder(tmp_path) -> None:
    found = made(
        tmp_path / "d.csv",
        "ann/1.jpg,more/bob,move",
        "more/bob/2.jpg,ann,KEEP",
        "loose.jpg,,New one",
        "keep/3.jpg,ann,",
    )
    assert found == [
        TagDecision("ann/1.jpg", "more/bob", False),
        TagDecision("more/bob/2.jpg", "more/bob", True),
        TagDecision("loose.jpg", "New one", False),
    ]
    assert moves(found) == {"ann/1.jpg": "more/bob", "loose.jpg": "New one"}


@pytest.mark.parametrize(
    ("decision", "folder"), [("keep/", "keep"), ("ANN", "ann"), ("More/Bob", "more/bob")]
)
def test_folders_that_are_there_are_found_however_they_are_written(
    tmp_path, decision, folder
) -> None:
    assert made(tmp_path / "d.csv", f"loose.jpg,,{decision}")[0].folder == folder


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gone.jpg,,keep", "no photo 'gone.jpg'"),
        ("ann/1.jpg,,move", "no folder is suggested"),
        ("ann/1.jpg,,../up", "cannot be a folder's name"),
        ("ann/1.jpg,,/root", "cannot be a folder's name"),
        ("ann/1.jpg,,a//b", "cannot be a folder's name"),
        ("ann/1.jpg,,CON", "cannot be a folder's name"),
        ("ann/1.jpg,../x,move", "cannot be a folder's name"),
        ("loose.jpg,,ann", "line 2 says something else"),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path, line, said) -> None:
    with pytest.raises(BadSetting, match="line 3") as caught:
        made(tmp_path / "d.csv", "loose.jpg,,keep", line)
    assert said in str(caught.value)


@pytest.mark.parametrize("head", ["path,suggested", "decision", ""])
def test_a_table_without_its_columns_is_refused(tmp_path, head) -> None:
    with pytest.raises(BadSetting, match="a copy of tags"):
        made(tmp_path / "d.csv", head=head)


def test_what_is_written_is_read_again(tmp_path) -> None:
    path = tmp_path / "decisions.csv"
    tag_decisions.write(path, [("ann/1.jpg", "ann", "more/bob", "move")])
    found = read(path, PHOTOS, folders_of(PHOTOS))
    assert found == [TagDecision("ann/1.jpg", "more/bob", False)]


def test_names_that_tables_write_with_escapes_are_known(tmp_path) -> None:
    photo = "ann/line\nbreak.jpg"
    path = tmp_path / "decisions.csv"
    tag_decisions.write(path, [(photo, "ann", "", "keep")])
    assert read(path, [photo], ["ann"]) == [TagDecision(photo, "ann", True)]


@given(st.text(max_size=30))
def test_no_decision_leads_out_of_the_tree(text) -> None:
    try:
        tag_decisions.require("ann/1.jpg", "", text or "keep", ["ann"])
    except BadSetting:
        return
    parts = text.removesuffix("/").split("/")
    assert not {"..", "."} & set(parts)
    assert text.casefold() in ("keep", "ann") or all(parts) or not text


def test_folders_are_those_of_photos_and_above_them() -> None:
    assert folders_of(PHOTOS) == ["ann", "more", "more/bob", "keep"]
