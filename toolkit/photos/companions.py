"""What belongs to a photo and lies beside it: a Live Photo's film, edits, sidecars, a raw file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePath

from toolkit.names import folded

FILMS = frozenset({".mov", ".mp4"})
# The film of a motion photo beside it, as Google Takeout gives it: "a.MP" of "a.MP.jpg".
MOTION = ".mp"
RAW = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".nef"}
    | {
        ".dcr",
        ".mrw",
        ".nrw",
        ".orf",
        ".pef",
        ".raf",
        ".raw",
        ".rw2",
        ".rwl",
        ".sr2",
        ".srf",
        ".srw",
        ".x3f",
    }
)
# Of Apple's edits, and of everybody's descriptions.
EDITS, SIDECAR, TAKEOUT = ".aae", ".xmp", ".json"
# What Google Takeout puts before ".json", as much of it as there is room for; and how many letters
# it leaves a name.
SUPPLEMENT, ROOM = "supplemental-metadata", 46
# What cameras write beside a clip: the picture that they list it by, a small clip, and subtitles
# that say where it was taken.
OF_CLIPS = frozenset({".thm", ".lrv", ".srt"})
# Of several photos of one name, which a file belongs to that has it too: those that phones take.
FIRST = ({".heic", ".heif", ".hif"}, {".jpg", ".jpeg"})
_AGAIN = re.compile(r"(.*)(\(\d+\))")


def belonging(
    photos: Sequence[str],
    others: Iterable[str],
    *,
    first: Collection[str] = (),
    along: Collection[str] = (),
) -> dict[str, str]:
    """
    Say which files of a folder belong to which of its photos, by their names.

    Parameters
    ----------
    photos : sequence of str
        The names of the photos in a folder.
    others : iterable of str
        The names of the other files there.
    first : collection of str
        Photos that come before others which have the same name but for the ending: those that could
        be read.
    along : collection of str
        Other endings, in small letters, of what has the name of a photo but for the ending and
        belongs to it; `OF_CLIPS` where the photos are clips.

    Returns
    -------
    dict of str to str
        For each of the others that belongs to a photo, that photo, one only. Case is ignored. A
        film, a raw file and Apple's edits have the name of the photo with another ending; a sidecar
        has that, or the whole name and ".xmp"; what Google Takeout says of a photo has the whole
        name and ".json" or ".supplemental-metadata.json", which may be cut off.
    """
    names = _Names(photos, first, along)
    found = {other: names.photo_of(folded(other)) for other in others}
    return {other: photo for other, photo in found.items() if photo is not None}


def renamed(companion: str, photo: str, now: str) -> str:
    """
    Return what a companion is called beside its photo, when the photo has got another name.

    Parameters
    ----------
    companion, photo, now : str
        Names of files: what belongs to a photo, the photo, and the photo's other name.
    """
    if now == photo:
        return companion
    for old, given in ((photo, now), (PurePath(photo).stem, PurePath(now).stem)):
        if companion[: len(old)].casefold() == old.casefold():
            return given + companion[len(old) :]
    return now + PurePath(companion).suffix


class _Names:
    """The photos of a folder, by name and by the name without its ending."""

    def __init__(
        self, photos: Sequence[str], first: Collection[str], along: Collection[str]
    ) -> None:
        self.by_stem_alone = FILMS | RAW | {EDITS} | set(along)
        self.by_name = {folded(photo): photo for photo in photos}
        self.by_stem: dict[str, str] = {}
        for name in sorted(
            self.by_name, key=lambda name: (self.by_name[name] not in first, _place(name))
        ):
            self.by_stem.setdefault(PurePath(name).stem, self.by_name[name])

    def photo_of(self, other: str) -> str | None:
        """Return the photo that a file belongs to."""
        stem, ending = PurePath(other).stem, PurePath(other).suffix
        if ending in self.by_stem_alone:
            return self.by_stem.get(stem) or self.by_stem.get(_of_apple(stem, ending))
        if ending == MOTION:
            return self.by_stem.get(other) or self.by_stem.get(stem)
        if ending == SIDECAR:
            raw = PurePath(stem)
            return self._called(stem) or (self.by_stem.get(raw.stem) if raw.suffix in RAW else None)
        return self._described(stem) if ending == TAKEOUT else None

    def _called(self, name: str) -> str | None:
        return self.by_name.get(name) or self.by_stem.get(name)

    def _described(self, name: str) -> str | None:
        """Return the photo that Takeout describes under a name."""
        again = _AGAIN.fullmatch(name)
        # Of the second photo of a name, "a(1).jpg", it writes "a.jpg(1).json".
        for text, number in ((name, ""), *([(again[1], again[2])] if again else [])):
            whole, _, cut = text.rpartition(".")
            supplemented = [whole] if whole and SUPPLEMENT.startswith(cut) else []
            for each in (text, *supplemented):
                name_of = PurePath(each)
                photo = self.by_name.get(f"{name_of.stem}{number}{name_of.suffix}")
                if photo is not None:
                    return photo
        if (photo := self.by_stem.get(name)) is not None:
            return photo
        longer = [photo for each, photo in self.by_name.items() if each.startswith(name)]
        return longer[0] if len(name) == ROOM and len(longer) == 1 else None


def _of_apple(stem: str, ending: str) -> str:
    """Return the photo's name, but for the ending, where programs for iCloud write another."""
    if ending in FILMS:
        return stem.removesuffix("_hevc")
    # Of a photo that was edited, "IMG_O1234.AAE" holds how; it is shown as "IMG_E1234".
    return re.sub(r"\Aimg_o(?=\d)", "img_", stem) if ending == EDITS else stem


def _place(name: str) -> tuple[int, str]:
    ending = PurePath(name).suffix
    return next((at for at, some in enumerate(FIRST) if ending in some), len(FIRST)), name
