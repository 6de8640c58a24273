"""What a capture-recapture study reads: who was seen when and where, as its programs want it."""

__all__ = [
    "camtrap_dp",
    "camtrapr_tree",
    "history",
    "observed",
    "projection",
    "record_table",
    "secr",
    "study",
]
