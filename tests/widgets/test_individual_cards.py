"""Cards of individuals: their pictures in order, names and counts."""

from toolkit.widgets.individual_cards import FacePictures, counts, rows_of


class Faces:
    """Stands for thumbnails."""

    def faces(self, rows, size):
        return [f"face {row}".encode() for row in rows]

    def photo(self, row, rows, size):
        return f"photo {row} {rows} {size}".encode()


def test_pictures_come_in_the_order_of_their_tokens():
    made = FacePictures(Faces())(["photo:3", "face:5", "whole:3", "face:1"])
    assert made == [b"photo 3 [3] 200", b"face 5", b"photo 3 [3] 1000", b"face 1"]
    thumbnails = Faces()
    assert FacePictures(thumbnails) == FacePictures(thumbnails)
    assert hash(FacePictures(thumbnails)) == hash(FacePictures(thumbnails))
    assert FacePictures(thumbnails) != FacePictures(Faces())


def test_names_and_counts():
    rows = rows_of(["b", None, "a", "b"])
    assert list(rows) == ["b", "a"]
    assert rows["b"].tolist() == [0, 3]
    assert counts(1, 1) == "1 photo"
    assert counts(1200, 1201) == "1,200 photos, 1,201 faces"
