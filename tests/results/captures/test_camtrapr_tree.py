"""Read back as camtrapR's recordTableIndividual documents it: Species/Station/Individual/photo."""

from camera_traps import save_photos, seen

from toolkit.photos.capture_time import time_of
from toolkit.results.captures import camtrapr_tree


def read_tree(root):
    return {
        (*path.relative_to(root).parts[:3], path.name): time_of(path)
        for path in root.rglob("*")
        if path.is_file()
    }


def test_the_same_identities_and_times_are_read_back(tmp_path) -> None:
    photos = save_photos(tmp_path / "photos")
    rows = [
        seen("ann", station="S1", path=str(photos / "S1/a_left.jpg")),
        seen("ann", station="S_2", path=str(photos / "S_2/two.jpg")),
        seen("bob", station="S_2", path=str(photos / "S_2/two.jpg")),
    ]
    planned = camtrapr_tree.plan(rows, "Panthera uncia")
    assert camtrapr_tree.copy(planned, tmp_path / "tree") == []
    taken = time_of(photos / "S_2/two.jpg")
    assert taken is not None
    assert read_tree(tmp_path / "tree") == {
        ("Panthera uncia", "S1", "ann", "a_left.jpg"): time_of(photos / "S1/a_left.jpg"),
        ("Panthera uncia", "S_2", "ann", "two.jpg"): taken,
        ("Panthera uncia", "S_2", "bob", "two.jpg"): taken,
    }


def test_names_that_no_folder_can_have_and_files_of_one_name() -> None:
    rows = [
        seen("../up", path="/photos/S1/a/x.jpg"),
        seen("../up", path="/photos/S1/b/X.jpg"),
        seen("..?up", path="/photos/S1/b/X.jpg"),
    ]
    planned = camtrapr_tree.plan(rows, "a/b")
    places = planned["destination"].tolist()
    assert len({place.casefold() for place in places}) == 3
    assert all(len(place.split("/")) == 4 and ".." not in place.split("/") for place in places)
    assert planned["individual"].tolist() == ["../up", "../up", "..?up"]


def test_a_photo_that_is_gone_is_named_and_leaves_nothing(tmp_path) -> None:
    planned = camtrapr_tree.plan([seen(path=str(tmp_path / "gone.jpg"))], "leopard")
    failed = camtrapr_tree.copy(planned, tmp_path / "tree")
    assert [path for path, _ in failed] == [str(tmp_path / "gone.jpg")]
    assert read_tree(tmp_path / "tree") == {}
