"""The subject "face": where faces are, and what tells one from another."""

__all__ = ["detectors", "dlib", "subject"]
