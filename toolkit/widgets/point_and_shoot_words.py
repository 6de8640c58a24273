"""What the panel of point-and-shoot says."""

from __future__ import annotations

from pathlib import Path

from toolkit.grouping.identification import References
from toolkit.names import counted
from toolkit.session import Session
from toolkit.widgets.background_work import safe
from toolkit.widgets.sorting_panel import SAID

GUIDANCE = {
    "empty": "<b>Choose the folder with your photos and the folder of people, then press Start.</b>"
    " Photos are only ever read, and nothing is copied before you export.",
    "running": "<b>Reading the example photos, then looking at the photos.</b> You may cancel: "
    "the photos looked at by then are kept.",
    "done": "<b>Done.</b> Look at the doubtful matches below, accept or refuse; then export the "
    "photos into folders, at the end.",
    "nobody found": "<b>None of these people was found.</b> Open a person to see the nearest "
    "faces, accept them one by one, or move the threshold up.",
    **SAID,
}
NOTHING_KEPT = (
    "<b>Cancelled while the example photos were read,</b> so no photo was looked at and there is "
    "nothing to keep. Press Start to begin again."
)
NO_FACE = (
    "<b>No face was found in the photos.</b> Choose another folder, or open the settings and "
    "search at more px; then press Start."
)
SEVERAL = (
    "For photos with several faces you may also open the settings, tick “of several faces in an "
    "example photo, take the largest”, and press Start."
)
# Example photos with a problem that are listed.
SHOWN = 20
WORDS = {"references": "example photos"}


def problems_html(references: References) -> str:
    """Return the example photos that cannot be used, why, and what to do, as HTML."""
    table = references.problems
    if not len(table):
        return ""
    lines = "".join(
        f"<li>{safe('/'.join(Path(str(path)).parts[-2:]))}: {safe(str(reason))}</li>"
        for path, reason in zip(table["path"].head(SHOWN), table["reason"], strict=False)
    )
    more = len(table) - SHOWN
    also = f"<li>and {more:,} more</li>" if more > 0 else ""
    several = table["reason"].str.contains("faces found").any()
    head = f"{counted(len(table), 'example photo')} cannot be used"
    return (
        f"<p role='status'><b>{head}:</b></p><ul style='overflow-wrap: anywhere'>{lines}{also}</ul>"
        + (f"<p>{SEVERAL}</p>" if several else "")
    )


def summary(album: Session) -> str:
    """Say what was looked at and found, in a line."""
    looked, result = album.looked, album.result
    seen = looked.listed - looked.not_seen
    photos = (
        counted(seen, "photo")
        if looked.complete
        else f"{seen:,} of {looked.listed:,} photos so far"
    )
    known = () if album.references is None else album.references.names
    found = set(album.names) - {None}
    parts = [photos, counted(len(album.names), "face")]
    parts.append(f"{len(found):,} of {len(set(known) | found):,} people found")
    if nobody := len(result.nobody):
        parts.append(f"{counted(nobody, 'photo')} of nobody known")
    if bad := len(looked.album.problems):
        parts.append(f"{counted(bad, 'file')} that could not be used")
    return ", ".join(parts)
