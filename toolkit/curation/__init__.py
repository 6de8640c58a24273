"""What the user decides about a grouping: asked for, kept, undone, held to."""

__all__ = [
    "conflicts",
    "counting",
    "decisions",
    "edits",
    "history",
    "match_list",
    "photo_names",
    "question_deck",
    "questions",
    "strips",
]
