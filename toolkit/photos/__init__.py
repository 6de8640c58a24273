"""Photos: listed, opened, shrunk, measured, and shown small."""

__all__ = [
    "crops",
    "demand",
    "folder_suggestions",
    "listing",
    "opening",
    "pixels",
    "quality",
    "sample",
    "thumbnails",
]
