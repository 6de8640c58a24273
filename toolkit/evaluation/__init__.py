"""How right a grouping is, how sure, and what it would be with other settings."""

__all__ = [
    "audit",
    "calibrating",
    "comparison",
    "evaluate",
    "exploring",
    "folders",
    "labelled",
    "rates",
    "recall",
    "resizing",
    "resizing_costs",
    "resizing_faces",
    "resizing_study",
    "sizing",
    "truth",
    "verification",
]
