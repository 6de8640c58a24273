"""What is said beside the people of an album: what to do next, and where corrections are kept."""

from __future__ import annotations

import os
from collections import Counter

from toolkit.curation import decisions
from toolkit.names import counted
from toolkit.session import Session
from toolkit.widgets.background_work import safe

# By `PeopleView.place`.
GUIDANCE = {
    "nothing": "",
    "people": "Type a name below the faces and press Enter, or open a person to see all photos. "
    "One person twice? Press “Same person as …” on both cards.",
    "merging": "Now press “Same person as …” on the other card that shows {name}; on {name} again "
    "to leave them apart.",
    "person": "All photos of {name}, the face boxed. Is it somebody else in one of them? Press "
    "“Not this person” there.",
    "photo": "One photo of {name}, the face boxed.",
    "split": "Is {name} two people? These are the two parts that are least alike.",
}
LOOK_ONLY = {"people": "Open a person to see all photos.", "person": "All photos of {name}."}


def kept_in(session: Session) -> str:
    """Say where corrections are kept, as HTML."""
    out = session.corrections.out
    if out is None:
        return (
            "Corrections are kept with the sorted folders once you export; until then they last "
            "as long as this page's Python runs."
        )
    path = safe(os.path.abspath(out / decisions.FILE))  # noqa: PTH100 - without "..", links kept
    return (
        f"Corrections are kept at once in <code style='overflow-wrap: anywhere'>{path}</code>, "
        "and hold in the next run."
    )


def not_this_person(session: Session, face: int) -> str:
    """
    Take a face out of its group, and say how many others went along.

    Parameters
    ----------
    sorting : Session
        The album.
    face : int
        A row of ``sorting.looked.album``.
    """
    before = session.everybody
    said = session.not_this_person(session.row_of(face))
    now = Counter(
        after
        for row, (name, after) in enumerate(zip(before, session.everybody, strict=True))
        if name == before[face] and row != face
    )
    gone = now.total() - max(now.values(), default=0)
    if not gone:
        return said
    return f"{said}; {counted(gone, 'other face')} most like it went along. Undo takes it all back"
