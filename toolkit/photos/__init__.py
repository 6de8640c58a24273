"""Photos: listed, opened, shrunk, measured, and shown small."""

__all__ = ["choosing", "demand", "listing", "opening", "pixels", "quality", "sample", "thumbnails"]
