"""What a person decides about a grouping: asked for, kept, undone, held to."""

__all__ = ["contradictions", "correcting", "decisions", "gestures", "matching", "questions"]
