"""Where animals are, as MegaDetector's results say it (its batch output, format 1.6)."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from toolkit.errors import BadSetting, UnreadablePhoto
from toolkit.files import folder_at, read_regular, reason_of, write_bytes
from toolkit.names import counted, printable, shown_of
from toolkit.photos import opening
from toolkit.records import Box, Detection, Mask
from toolkit.subjects import base
from toolkit.subjects.base import Detector, Rgb
from toolkit.subjects.detection.kinds import EMPTY, OTHER, PERSON, VEHICLE

# Bytes that the file may have: some millions of photos.
LARGEST = 1 << 30
# Formats of another first number are not known here.
FORMAT = 1
# What is sought is called one of the first four.
KINDS = {
    **dict.fromkeys(("animal", "thing", "object", "product"), ""),
    **{"person": PERSON, "human": PERSON, "vehicle": VEHICLE},
}
# How far a box may reach over the edge of its picture, as a share: networks round.
OVER = 0.05
# What a detection has beside what MegaDetector writes, and what is in it; px of a photo's side.
PAINTED_MASK, MASK, LONGEST_SIDE = "painted_mask", ("size", "counts"), 1 << 24
# Files that are named in a sentence.
NAMED = 2

_DRIVE = re.compile(r"\A[A-Za-z]:")
Parts = tuple[str, ...]


def kind_of(category: str) -> str:
    """Return what a category of a detector is: "" for an animal, else person, vehicle or other."""
    return KINDS.get(category.strip().casefold(), OTHER)


@dataclass(frozen=True)
class Found:
    """
    What a detector found in one photo.

    Attributes
    ----------
    file : str
        The photo, as the file of results names it.
    boxes : tuple
        For each box its kind ("" for an animal), its confidence, 0 to 1, and left, top, width and
        height as shares of the picture.
    failure : str
        Why the photo could not be searched; "" if it was.
    masks : tuple of Mask or None
        For each box what somebody painted of it; empty where that is nothing.
    size : tuple of (int, int), optional
        Width and height of the photo in px, upright, when masks were painted in it.
    """

    file: str
    boxes: tuple[tuple[str, float, tuple[float, float, float, float]], ...] = ()
    failure: str = ""
    masks: tuple[Mask | None, ...] = ()
    size: tuple[int, int] | None = None


def read(path: Path) -> tuple[Found, ...]:
    """
    Read a file of results, and check all of it.

    Photos in which nothing was found have no boxes; a category that is not listed in a photo was
    not found there. Entries of a photo that is there twice must say the same. A detection may have
    a `PAINTED_MASK`, as `write` puts it in.

    Parameters
    ----------
    path : Path
        JSON as MegaDetector, and what is compatible with it, writes it.

    Raises
    ------
    BadSetting
        If it is no such file; the text says where in it, and what was expected.
    """
    try:
        content = json.loads(
            read_regular(path, most=LARGEST).decode("utf-8-sig"), parse_constant=_no_number
        )
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise _bad(path, f"it cannot be read: {printable(reason_of(error))}") from error
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise _bad(path, 'it has no list "images"')
    info = content.get("info")
    version = str(info.get("format_version", FORMAT)) if isinstance(info, dict) else str(FORMAT)
    if version.partition(".")[0] != str(FORMAT):
        raise _bad(path, f"its format_version is {printable(version)[:20]!r}; known is {FORMAT}.x")
    categories = content.get("detection_categories")
    if not isinstance(categories, dict) or not all(
        isinstance(name, str) for name in categories.values()
    ):
        raise _bad(path, 'it has no "detection_categories", such as {"1": "animal"}')
    kinds = {str(number): kind_of(name) for number, name in categories.items()}
    if "" not in kinds.values():
        named = printable(", ".join(categories.values()))[:200] or "none"
        raise _bad(path, f"none of its detection_categories is animal (or thing): {named}")
    found: dict[str, Found] = {}
    for number, entry in enumerate(content["images"]):
        try:
            one = _found(entry, kinds)
        except ValueError as error:
            raise _bad(path, f"images[{number}]: {printable(str(error))}") from None
        if found.setdefault(one.file, one) != one:
            said = f"images[{number}]: {printable(one.file)} is there twice, with other boxes"
            raise _bad(path, said)
    return tuple(found.values())


def _found(entry: Any, kinds: Mapping[str, str]) -> Found:
    """Return an entry of the list of images; `ValueError` says what is wrong with it."""
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str) or not entry["file"]:
        raise ValueError('it has no "file"')
    file, failure, detections = entry["file"], entry.get("failure"), entry.get("detections")
    if failure:
        return Found(file, failure=str(failure)[:200])
    if detections is None:
        return Found(file, failure="no detections")
    if not isinstance(detections, list):
        raise ValueError(f"the detections of {file} are no list")
    boxes: list[tuple[str, float, tuple[float, float, float, float], Mask | None]] = []
    for each in detections:
        if not isinstance(each, dict):
            raise ValueError(f"a detection of {file} is no object")
        category = str(each.get("category"))
        if category not in kinds:
            raise ValueError(
                f"a detection of {file} has the category {category[:20]!r}; expected one of "
                f"{', '.join(kinds)}, as detection_categories has them"
            )
        conf, bbox = _number(each.get("conf")), each.get("bbox")
        if not 0 <= conf <= 1:
            raise ValueError(f"a conf of {file} is {str(each.get('conf'))[:40]}; expected 0 to 1")
        numbers = [*map(_number, bbox)] if isinstance(bbox, list) else []
        left, top, width, height = numbers if len(numbers) == 4 else (math.nan,) * 4
        # What is no number fails each of these.
        fits = (left >= -OVER, top >= -OVER, width >= 0, height >= 0)
        if not (all(fits) and left + width <= 1 + OVER and top + height <= 1 + OVER):
            raise ValueError(
                f"a bbox of {file} is {str(bbox)[:80]}; expected [left, top, width, height] as "
                "shares of the picture, 0 to 1"
            )
        mask = _mask(file, each[PAINTED_MASK]) if PAINTED_MASK in each else None
        if width > 0 and height > 0:
            boxes.append((kinds[category], conf, (left, top, width, height), mask))
    boxes.sort(key=lambda box: (-box[1], box[:3]))
    places = tuple(box[:3] for box in boxes)
    masks = tuple(box[3] for box in boxes)
    if all(mask is None for mask in masks):
        return Found(file, places)
    width, height = (_number(entry.get(side)) for side in ("width", "height"))
    if not (1 <= width < LONGEST_SIDE and 1 <= height < LONGEST_SIDE):
        raise ValueError(f"a {PAINTED_MASK} of {file} needs the width and height of the photo")
    return Found(file, places, masks=masks, size=(int(width), int(height)))


def _mask(file: str, told: object) -> Mask:
    """Return a mask of the file; `ValueError` says what is wrong with it."""
    size, counts = (told.get(name) for name in MASK) if isinstance(told, dict) else (None, None)
    if not isinstance(size, list) or len(size) != 2 or not isinstance(counts, list):
        raise ValueError(f'a {PAINTED_MASK} of {file} is no {{"size": [h, w], "counts": [...]}}')
    try:
        return Mask(size[1], size[0], tuple(counts))
    except ValueError as error:
        raise ValueError(f"a {PAINTED_MASK} of {file} has {error}") from None


def _number(value: object) -> float:
    """Return a number of the file; NaN for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    # Whole numbers may be too large for a float.
    return float(value) if -1e9 < value < 1e9 else math.nan


def _no_number(text: str) -> float:
    raise ValueError(f"it holds {text}, which is no number")


def _bad(path: Path, reason: str) -> BadSetting:
    return BadSetting(
        f"boxes: {path} cannot be used: {reason}. Expected the results of MegaDetector (JSON, "
        "format 1.x)"
    )


class BoxesDetector:
    """
    Takes animals, people and vehicles from a file of results, and leaves other photos to another.

    Photos that the file does not have, or that could not be searched when it was made, are
    searched by `otherwise`.

    Parameters
    ----------
    found : sequence of Found
        What the file says.
    file : str
        What it is called, for what is said of it.
    min_confidence : float
        Boxes less sure than this are none.
    otherwise : Detector
        Searches the others.
    folder : Path, optional
        Where photos are that `prepare` was not told of.

    Raises
    ------
    BadSetting
        If the file has no photo.
    """

    name = "boxes"

    def __init__(
        self,
        found: Sequence[Found],
        file: str,
        min_confidence: float,
        otherwise: Detector,
        folder: Path | None = None,
    ) -> None:
        if not found:
            raise BadSetting(f"boxes: {file} has no photo; expected one entry for each")
        self._file, self._least, self._otherwise = file, min_confidence, otherwise
        self._names, self._folder = Names(found), folder
        # What `prepare` found of each photo; None for one that the file does not have.
        self._of: dict[Path, Found | None] = {}
        # Whether masks were painted in photos of this size.
        self._fit: dict[Path, bool] = {}

    def needs(self, width: int, height: int) -> int:
        """Return how many bytes it takes where a photo is left to the other detector."""
        return base.needs(self._otherwise, width, height)

    def prepare(self, photos: Sequence[Path], folder: Path) -> tuple[str, ...]:
        """
        Find each photo in the file: see `toolkit.subjects.base.prepare`.

        Raises
        ------
        BadSetting
            If it has none of them.
        """
        matched, unclear = self._names.of(photos, folder)
        self._of |= matched
        there = [path for path in photos if matched[path] is not None]
        if photos and not there:
            example = photos[0]
            if example.is_relative_to(folder):
                example = example.relative_to(folder)
            raise BadSetting(
                f"boxes: {self._file} has none of the {counted(len(photos), 'photo')} in {folder}, "
                f"such as {printable(str(example))}; its own are such as "
                f"{printable(self._names.example)}. Expected their paths from that folder on, or "
                "whole, or the ends of their paths"
            )
        failed = [path for path in there if (one := matched[path]) is not None and one.failure]
        away = [path for path in photos if matched[path] is None and path not in unclear]
        said = [f"{self._file} has {len(there):,} of {counted(len(photos), 'photo')}"]
        for several, one_is, many_are in (
            (away, "is not in it", "are not in it"),
            (unclear, "may be several in it", "may be several in it"),
            (failed, "failed there", "failed there"),
        ):
            if several:
                why = one_is if len(several) == 1 else many_are
                said.append(f"{len(several):,} {why} ({_some(several)})")
        if len(said) > 1:
            how = getattr(self._otherwise, "file", self._otherwise.name)
            said[-1] += f"; what it does not tell is searched by --detector {how}"
        return (", ".join(said), *self._said_of_masks(matched))

    def painted(self, path: Path, digest: str) -> Mask | None:
        """Return a mask that somebody painted in a photo, by its digest; None where it is gone."""
        one = self._about(path)
        masks = () if one is None else self._masks(path, one)
        return next((each for each in masks if each is not None and each.digest == digest), None)

    def _masks(self, path: Path, one: Found) -> tuple[Mask | None, ...]:
        """Return the masks of a photo's boxes; none where it has another size than it had then."""
        if one.size is not None and path not in self._fit:
            try:
                self._fit[path] = opening.size_of(path) == one.size
            except UnreadablePhoto:
                self._fit[path] = False
        return one.masks if self._fit.get(path) else (None,) * len(one.boxes)

    def _said_of_masks(self, matched: Mapping[Path, Found | None]) -> tuple[str, ...]:
        """Say in which photos masks do not fit any more."""
        there = [path for path, one in matched.items() if one is not None and one.masks]
        odd = [path for path in there if not any(self._masks(path, cast(Found, matched[path])))]
        if not odd:
            return ()
        are = "has" if len(odd) == 1 else "have"
        return (
            f"{self._file}: what was painted in {counted(len(odd), 'photo')} does not count "
            f"({_some(odd)}): {'it' if len(odd) == 1 else 'they'} {are} another size than then; "
            "paint it anew",
        )

    def look_key(self, path: Path) -> str:
        """Return what the file says of a photo, as a digest."""
        one = self._about(path)
        if one is None:
            return self._other_key(path)
        boxes = [each for each in one.boxes if each[1] >= self._least]
        told = repr(boxes)
        if any(masks := self._masks(path, one)):
            told += repr([mask and mask.digest for mask in masks[: len(boxes)]])
        return hashlib.sha256(told.encode()).hexdigest()

    def _other_key(self, path: Path) -> str:
        # The subject's key has the name of this detector alone.
        return f"{self._otherwise.name}: {base.look_key(self._otherwise, path)}"

    def silence(self, path: Path) -> str:
        """Return what a photo without any box shows."""
        one = self._about(path)
        return EMPTY if one is not None else base.silence(self._otherwise, path)

    def detect(self, image: Rgb, path: Path | None = None) -> list[Detection]:
        """Return what the file has of a photo, in px of `image` (shape (h, w, 3), uint8, RGB)."""
        one = None if path is None else self._about(path)
        if one is None:
            return self._otherwise.detect(image, path)
        height, width = image.shape[:2]
        found = []
        masks = (None,) * len(one.boxes) if path is None else self._masks(path, one)
        for (kind, conf, (left, top, across, down)), mask in zip(one.boxes, masks, strict=True):
            if conf < self._least:
                continue
            edges = (
                min(max(round(left * width), 0), width - 1),
                min(max(round(top * height), 0), height - 1),
                max(min(round((left + across) * width), width), 1),
                max(min(round((top + down) * height), height), 1),
            )
            box = Box(*edges[:2], max(edges[2], edges[0] + 1), max(edges[3], edges[1] + 1))
            found.append(Detection(box, conf, kind, mask))
        return found

    def _about(self, path: Path) -> Found | None:
        """Return what the file says of a photo; None where that is left to the other detector."""
        if path not in self._of:
            self._of |= self._names.of([path], self._folder)[0]
        one = self._of[path]
        return None if one is None or one.failure else one


class DrawnBoxes(BoxesDetector):
    """
    Takes what the user drew in single photos, and leaves all others to another detector.

    Parameters
    ----------
    found : sequence of Found
        The boxes.
    file : str
        What the file is called, for what is said of it.
    otherwise : Detector
        Searches the other photos.
    folder : Path, optional
        Where the photos are.
    """

    def __init__(
        self, found: Sequence[Found], file: str, otherwise: Detector, folder: Path | None = None
    ) -> None:
        super().__init__(found, file, 0.0, otherwise, folder)
        self.name = otherwise.name

    def _other_key(self, path: Path) -> str:
        # Other photos are as they were before anything was drawn.
        return base.look_key(self._otherwise, path)

    def prepare(self, photos: Sequence[Path], folder: Path) -> tuple[str, ...]:
        """Find the photos in the file; it is about single ones, and may be about none of these."""
        matched, _ = self._names.of(photos, folder)
        self._of |= matched
        drawn = sum(one is not None for one in matched.values())
        said = (f"{self._file}: your boxes in {counted(drawn, 'photo')}",) if drawn else ()
        other = base.prepare(self._otherwise, photos, folder)
        return (*other, *said, *self._said_of_masks(matched))


def write(path: Path, found: Sequence[Found]) -> None:
    """
    Write boxes as MegaDetector's results, for `read`, in the place of a file that is there.

    Masks stand beside their boxes as COCO writes them (see `Mask`), where other programs pass them
    over.

    Raises
    ------
    BadFolder
        If it cannot be written.
    """
    numbers = {"": "1", PERSON: "2", VEHICLE: "3", OTHER: "4"}
    categories = {number: kind or "animal" for kind, number in numbers.items()}
    images = []
    for one in found:
        detections: list[dict[str, Any]] = [
            {"category": numbers[kind], "conf": round(conf, 4), "bbox": [*bbox]}
            for kind, conf, bbox in one.boxes
        ]
        for detection, mask in zip(detections, one.masks, strict=False):
            if mask is not None:
                cells = [mask.height, mask.width], [*mask.counts]
                detection[PAINTED_MASK] = dict(zip(MASK, cells, strict=True))
        image: dict[str, Any] = {"file": one.file, "detections": detections}
        if one.size is not None:
            image["width"], image["height"] = one.size
        images.append(image)
    info = {"format_version": "1.6", "detector": "drawn by hand"}
    told = {"info": info, "detection_categories": categories, "images": images}
    write_bytes(path, f"{json.dumps(told, indent=1)}\n".encode())


class Names:
    """
    The photos of a file of results, by their names.

    Parameters
    ----------
    found : sequence of Found
        What the file says.
    """

    def __init__(self, found: Sequence[Found]) -> None:
        self.example = found[0].file if found else ""
        self._all = [(_parts(one.file), one) for one in found]
        # By the whole path, and by so many of its last parts.
        self._by_path = self._by_end(0)
        self._ends: dict[int, dict[Parts, list[tuple[Parts, Found]]]] = {}

    def _by_end(self, count: int) -> dict[Parts, list[tuple[Parts, Found]]]:
        made: dict[Parts, list[tuple[Parts, Found]]] = {}
        for exact, one in self._all:
            if len(exact) >= count:
                made.setdefault(_folded(exact[-count:]), []).append((exact, one))
        return made

    def of(
        self, photos: Sequence[Path], folder: Path | None
    ) -> tuple[dict[Path, Found | None], list[Path]]:
        """
        Return what there is of each photo, and the photos of which it is unclear.

        A photo is the one of the same path from the folder on, or of the same whole path; or the
        only one whose path ends as the photo's does, up to the folder or to its own beginning. One
        entry is never two photos. Without a folder, a file's name alone is none.
        """
        found: dict[Path, Found | None] = {}
        unclear: list[Path] = []
        claims: dict[str, list[Path]] = {}
        surely: set[Path] = set()
        root = () if folder is None else _parts(str(folder_at(folder).absolute()))
        for path in photos:
            whole = _parts(str(path.absolute()))
            inside = whole[len(root) :] if root and whole[: len(root)] == root else whole
            one, sure, several = self._one(inside, whole)
            found[path] = one
            if several:
                unclear.append(path)
            if sure:
                surely.add(path)
            if one is not None:
                claims.setdefault(one.file, []).append(path)
        for paths in claims.values():
            best = [path for path in paths if path in surely] or paths
            for path in paths:
                if len(best) > 1 or path != best[0]:
                    found[path] = None
                    unclear.append(path)
        return found, unclear

    def _one(self, inside: Parts, whole: Parts) -> tuple[Found | None, bool, bool]:
        """Return what there is of a photo, whether by its whole name, and whether of several."""
        for exact in (inside, whole):
            if here := self._by_path.get(_folded(exact)):
                same = [one for parts, one in here if parts == exact] or [one for _, one in here]
                return (same[0], True, False) if len(same) == 1 else (None, False, True)
        if len(inside) not in self._ends:
            self._ends[len(inside)] = self._by_end(len(inside))
        folded, least = _folded(whole), 1 if len(inside) < len(whole) else 2
        some = [*self._ends[len(inside)].get(_folded(inside), ())]
        for count in range(least, len(whole)):
            some += self._by_path.get(folded[-count:], ())
        common = [_common(folded, _folded(exact)) for exact, _ in some]
        best = {
            one.file: one
            for count, (_, one) in zip(common, some, strict=True)
            if count == max(common)
        }
        return (*best.values(), False, False) if len(best) == 1 else (None, False, len(best) > 1)


def _parts(file: str) -> Parts:
    """Return the parts of a path of whatever system, without what stands for a disk."""
    text = unicodedata.normalize("NFC", file).replace("\\", "/")
    return tuple(part for part in _DRIVE.sub("", text).split("/") if part not in ("", "."))


def _common(one: Parts, other: Parts) -> int:
    """Return how many parts two paths have in common at their ends."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _folded(parts: Parts) -> Parts:
    return tuple(part.casefold() for part in parts)


def _some(paths: Sequence[Path]) -> str:
    shown = shown_of(len(paths), NAMED)
    more = f" and {len(paths) - shown:,} more" if paths[shown:] else ""
    return printable(", ".join(path.name for path in paths[:shown])) + more
