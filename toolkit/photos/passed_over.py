"""What of a folder is no photo in use: bins, snapshots, previews, and what the user excludes."""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from toolkit.errors import BadSetting
from toolkit.files import read_regular, reason_of
from toolkit.names import counted, printable

# The stage of the problems that are none: what was passed over on purpose.
LEFT_OUT = "left out"
IGNORE = ".sightingsignore"
BIN, SNAPSHOT, PREVIEWS, SYSTEM = (
    "a recycle bin",
    "snapshots: older states of the photos",
    "previews, not the photos themselves",
    "a folder of the system",
)
# Names of folders, in small letters, as patterns of the shell.
FOLDERS: dict[str, str] = {
    **dict.fromkeys(
        ("#recycle", "@recycle", ".recycle", "$recycle.bin", "recycler", "recycled"), BIN
    ),
    **dict.fromkeys((".trash*", ".dtrash", "recently deleted", "recycle bin", "trashbox"), BIN),
    **dict.fromkeys(("network trash folder", "files_trashbin"), BIN),
    **dict.fromkeys(
        (".snapshot", ".snapshots", "#snapshot", "~snapshot", "@snapshot", ".zfs", ".ckpt"),
        SNAPSHOT,
    ),
    **dict.fromkeys(("@recently-snapshot", "@gmt-*", ".stversions", "#versions"), SNAPSHOT),
    **dict.fromkeys(("files_versions", "backups.backupdb", ".mobilebackups"), SNAPSHOT),
    **dict.fromkeys(
        ("@eadir", ".@__thumb", ".thumbnails", "thumbnails", ".thumbs", "thumbs", "*.lrdata"),
        PREVIEWS,
    ),
    **dict.fromkeys(
        ("*.lrcat-data", ".xvpics", ".pics", "zbthumbnail.info", ".comments"), PREVIEWS
    ),
    # Of Nextcloud and ownCloud: "appdata_" and letters of the installation.
    **dict.fromkeys(("appdata_*",), PREVIEWS),
    **dict.fromkeys(
        ("__macosx", "lost+found", "system volume information", ".spotlight-v100", ".appledouble"),
        SYSTEM,
    ),
    **dict.fromkeys(("found.[0-9][0-9][0-9]", "lost.dir", "temporary items", "@tmp"), SYSTEM),
}
# Names that say something in some folders only: a pattern of the folder they are in, and they.
INSIDE: tuple[tuple[str, frozenset[str], str], ...] = (
    ("captureone", frozenset({"cache"}), PREVIEWS),
    # The bin of Google Photos in Takeout, in the language of the account.
    (
        "google *",
        frozenset(
            {"trash", "bin", "papierkorb", "corbeille", "papelera", "cestino", "prullenbak"}
            | {"lixeira", "lixo", "kosz", "papperskorg", "papirkurv", "koš", "корзина", "ゴミ箱"}
        ),
        BIN,
    ),
)
# A library of Lightroom that holds folders, each with photos, previews and proxies.
_NESTED, _MADE = ".lrlibrary", frozenset({"previews", "proxies", "thumbnails"})
# Libraries that Apple's programs and Capture One show as one file, and the folders in them that
# hold the photos.
LIBRARIES: tuple[str, ...] = (".photoslibrary", ".photolibrary", ".migratedphotolibrary")
LIBRARIES += (".aplibrary", ".cocatalog")
ORIGINALS = frozenset({"originals", "masters"})
IN_LIBRARY = "the inside of a photo library beside its originals"
HIDDEN_FOLDER, HIDDEN_FILES = "a hidden folder", "hidden files"
# What stands for a photo that is in iCloud, and not on this disk: ".a.heic.icloud".
_PLACEHOLDER = re.compile(r"\.(.+)\.icloud", re.DOTALL)
AWAY = "in iCloud only, not on this disk: download them first"
# What systems leave beside photos, and is none.
NEVER_PHOTOS = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})
# Files and folders that are looked through to say how much was left out.
ENOUGH = 50_000
# How many of them are opened, because their names do not say what they are.
MOST_OPENED = 1_000
# Of a pattern: letters, and what stands for any letters, in one name and in all. A regular
# expression takes long over many of them.
LONGEST, STARS, ALL_STARS, DEEP = 500, 3, 8, 2
MOST_PATTERNS, LARGEST = 1000, 1 << 18

_COUNTED = re.compile(r" \((?:more than )?([\d,]+) photos?\)$")


@dataclass(frozen=True)
class Pattern:
    """
    One line as git would read it in a ``.gitignore``.

    Attributes
    ----------
    text : str
        As it was written.
    of : str
        Where, such as "--exclude".
    """

    text: str
    of: str

    @property
    def why(self) -> str:
        """What is said of that which it leaves out."""
        return f"excluded by {printable(self.text)} ({self.of})"


def check_pattern(text: str) -> None:
    """
    Raise `BadSetting` unless a text can be a pattern as git reads it.

    It says what is wrong with it, without where it stands.
    """
    import pathspec

    shown = printable(text[:60])
    stars = [len(re.findall(r"\*+", part)) for part in text.split("/")]
    if not text.strip():
        raise BadSetting("a pattern is empty; expected one as in .gitignore, such as *.png or old/")
    if len(text) > LONGEST or "\x00" in text or "\n" in text:
        raise BadSetting(f"the pattern {shown} is no line of at most {LONGEST} letters")
    if max(stars) > STARS or sum(stars) > ALL_STARS or text.count("**") > DEEP:
        raise BadSetting(
            f"the pattern {shown} has too many *; expected at most {STARS} in one name and "
            f"{DEEP} of **. Write two patterns"
        )
    try:
        pathspec.GitIgnoreSpec.from_lines([text])
    except (ValueError, re.error) as error:
        raise BadSetting(
            f"the pattern {shown} is none; expected one as in .gitignore, such as *.png or old/"
        ) from error


class Rules:
    """
    Which files and folders of a folder are passed over, and why.

    What the user wrote comes first: the last pattern that fits decides, those of deeper folders
    after those of upper ones and those of a command after all, and one with "!" before it takes
    what is passed over otherwise.

    Parameters
    ----------
    root : Path
        The folder of photos.
    exclude : sequence of str
        Patterns, relative to `root`.

    Raises
    ------
    BadSetting
        If one of `exclude` is no pattern.
    """

    def __init__(self, root: Path, exclude: Sequence[str] = ()) -> None:
        self._root = root
        self._counted = self._opened = 0
        self._own = _Spec([Pattern(text, "--exclude") for text in exclude])
        self._files: dict[Path, _Spec] = {}

    def enter(self, folder: Path) -> list[tuple[Path, str]]:
        """
        Read the patterns that lie in a folder; return files that could not be read, and why.

        Those of a line that is no pattern are named, the other lines count.
        """
        path = folder / IGNORE
        if not os.path.lexists(path):
            return []
        try:
            content = read_regular(path, most=LARGEST)
        except OSError as error:
            return [(path, f"cannot be read: {reason_of(error)}")]
        lines = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf")).splitlines()
        good, bad = [], []
        of = (path.relative_to(self._root)).as_posix()
        for number, line in enumerate(lines[:MOST_PATTERNS], start=1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                check_pattern(line)
                good.append(Pattern(line, printable(of)))
            except BadSetting as error:
                bad.append((path, f"line {number}: {error}"))
        if lines[MOST_PATTERNS:]:
            bad.append(
                (path, f"has {len(lines):,} lines; those after {MOST_PATTERNS:,} are unread")
            )
        self._files[folder] = _Spec(good)
        return bad[:5]

    def why(self, path: Path, *, folder: bool, hidden: bool = False) -> str:
        """
        Say why a file or folder is passed over; "" where it is not.

        Parameters
        ----------
        path : Path
            Below the folder of photos; those it lies in are not passed over.
        folder : bool
            Whether it is a folder.
        hidden : bool
            Whether the system hides it.
        """
        told = self._own.decides(path, self._root, folder=folder)
        if told is None and self._files:
            for above in path.relative_to(self._root).parents:
                base = self._root / above
                if base in self._files:
                    told = self._files[base].decides(path, base, folder=folder)
                if told is not None:
                    break
        if told is not None:
            return told
        if folder and (why := of_system(path)):
            return why
        if hidden or path.name.startswith("."):
            return HIDDEN_FOLDER if folder else HIDDEN_FILES
        return ""

    def counted(
        self,
        folder: Path,
        why: str,
        by_name: Callable[[str], bool | None],
        by_content: Callable[[Path], bool],
    ) -> str:
        """
        Return why a folder is passed over, with how many photos are in it; "" for none.

        Parameters
        ----------
        folder : Path
            Which.
        why : str
            What `why` returned.
        by_name : callable
            Whether a file is a photo, as its name says it; None where it does not.
        by_content : callable
            Whether one of these is; asked for some of them.
        """
        photos, whole = 0, True
        for inside, folders, files in os.walk(folder):
            self._counted += len(folders) + len(files)
            for name in files:
                told = by_name(name)
                if told is None and self._opened < MOST_OPENED:
                    self._opened += 1
                    told = by_content(Path(inside, name))
                photos += bool(told)
            if self._counted > ENOUGH:
                whole = False
                break
        return said(why, photos, whole=whole) if photos or not whole else ""


def standing_for(name: str) -> str:
    """Return the file in iCloud that one stands for, by its name; "" for none."""
    found = _PLACEHOLDER.fullmatch(name)
    return found[1] if found else ""


def said(why: str, photos: int, *, whole: bool = True) -> str:
    """Return why something was left out, with the photos in it, for `photos_of`."""
    return f"{why} ({'' if whole else 'more than '}{counted(photos, 'photo')})"


def photos_of(reason: str) -> int:
    """Return how many photos were left out by what `said` returned; 1 for one alone."""
    found = _COUNTED.search(reason)
    return int(found[1].replace(",", "")) if found else 1


def of_system(folder: PurePath) -> str:
    """Say what a folder is, by its name, if no photo in use is in it; "" otherwise."""
    name = unicodedata.normalize("NFC", folder.name).casefold()
    inside = folder.parent.name.casefold()
    if inside.endswith(LIBRARIES) and name not in ORIGINALS:
        return IN_LIBRARY
    if name in _MADE and any(above.name.casefold().endswith(_NESTED) for above in folder.parents):
        return IN_LIBRARY
    for parent, names, why in INSIDE:
        if name in names and fnmatch.fnmatchcase(inside, parent):
            return why
    return next((why for each, why in FOLDERS.items() if fnmatch.fnmatchcase(name, each)), "")


class _Spec:
    """Patterns of one place, as git reads them; letters with marks in either form are alike."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        import pathspec

        for each in patterns:
            check_pattern(each.text)
        self._patterns = patterns
        lines = [unicodedata.normalize("NFC", each.text) for each in patterns]
        self._spec = pathspec.GitIgnoreSpec.from_lines(lines) if lines else None

    def decides(self, path: Path, base: Path, *, folder: bool) -> str | None:
        """Return why a path is left out, "" if it is to be taken, None if no pattern fits."""
        if self._spec is None:
            return None
        place = unicodedata.normalize("NFC", path.relative_to(base).as_posix())
        found = self._spec.check_file(f"{place}/" if folder else place)
        if found.include is None or found.index is None:
            return None
        return self._patterns[found.index].why if found.include else ""
