"""Photos: listed, opened, shrunk, measured, and shown small."""

__all__ = [
    "animal_sample",
    "camera_trap",
    "crops",
    "demand",
    "duplicates",
    "face_regions",
    "folder_suggestions",
    "goods_sample",
    "listing",
    "opening",
    "pixels",
    "quality",
    "sample",
    "side_by_side",
    "stations",
    "thumbnails",
    "xmp",
]
