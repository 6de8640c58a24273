"""The subject "thing": goods, told apart by what is printed on them and by how they look."""

from toolkit.names import SubjectInfo, Words

__all__ = ["THING", "settings", "subject"]

THING = SubjectInfo(
    "thing", Words("thing", "things", "product", "products"), exclusive_in_photo=False
)
