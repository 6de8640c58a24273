"""What a report says, part by part: plain values, which the templates lay out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit import __version__
from toolkit.errors import BadFolder
from toolkit.evaluation.audit import Audit
from toolkit.grouping.assigners import is_number
from toolkit.grouping.identification import SECOND
from toolkit.names import counted, printable, shown_of
from toolkit.photos.thumbnails import Thumbnails, data_uri
from toolkit.results.changes import details, headline
from toolkit.results.export import NEW, PHOTO, THERE, told
from toolkit.results.folder_changes import owners_of, theirs_of
from toolkit.results.report import further_pages
from toolkit.results.report.cases import Doubt, measured
from toolkit.results.report.markup import href, in_words, shared_folder
from toolkit.results.result import (
    NOT_SURE,
    TWO_MAY_BE_ONE,
    AutopilotResult,
    PointAndShootResult,
    Result,
)
from toolkit.results.results_folder import LINK, ResultsFolder, digest_in

# Side of a picture in px.
SIDE = 96
# Pictures of one individual (the first number with which all fit), of all, and individuals who
# have any.
STEPS, PICTURES, CARDS = (12, 8, 4, 2, 1), 1500, 200
# Photos without a name, problems and missing individuals that are named.
NAMED = 50
# Characters for file names; folders hold the rest.
ROOM = 4_000_000
# Individuals without pictures who are in the report itself; more are on pages beside it.
LISTED = 2000


class Page:
    """
    The parts of a report.

    `thumbnails` is None for one without pictures; `beside` says whether there may be pages beside
    it, for those who are too many for one file.
    """

    def __init__(
        self,
        result: Result,
        doubts: Sequence[Doubt],
        thumbnails: Thumbnails | None,
        *,
        beside: bool = False,
    ) -> None:
        self.result, self.thumbnails = result, thumbnails
        self.words = result.album.words
        self.table = result.individuals
        self.paged = beside and len(self.table) - CARDS > LISTED
        self._lists: list[list[int]] = []
        if self.paged:
            self._lists = further_pages.name_lists(self._names, self._numbers())
        seen = result.album
        self.common = shared_folder(map(str, [*seen.photos["path"], *seen.problems["path"]]))
        self.room = ROOM
        self.rows_of: dict[str, list[int]] = {}
        for row, name in enumerate(result.names):
            if name is not None:
                self.rows_of.setdefault(name, []).append(row)
        self.files_of, self.folder_of = self._files()
        # Of whom it is not sure who they are, those that have no number either.
        little = [row for row in sorted(result.too_little) if result.names[row] is None]
        self.unnamed = little[:CARDS]
        self.best: dict[str, list[int]] = {}
        self.pictures: dict[int | str, str] = {}
        self.each = 0
        if thumbnails is not None:
            self._take(thumbnails, doubts)

    def _take(self, thumbnails: Thumbnails, doubts: Sequence[Doubt]) -> None:
        wanted = [key for each in doubts for case in each.cases for key, _ in case.pictures]
        wanted += self.unnamed
        names = [str(name) for name in self.table["name"].head(CARDS)]
        sizes = np.array([len(self.rows_of[name]) for name in names], dtype=np.int64)
        # Whole rows of a card, and fewer for everybody rather than none for the last.
        fit = (n for n in STEPS if np.minimum(sizes, n).sum() + len(wanted) <= PICTURES)
        self.each = next(fit, STEPS[-1])
        self.best = {name: thumbnails.best(self.rows_of[name], self.each) for name in names}
        rows = [key for key in wanted if isinstance(key, int)]
        rows = list(dict.fromkeys(rows + [row for best in self.best.values() for row in best]))
        for row, jpeg in zip(rows, thumbnails.crops(rows, SIDE), strict=True):
            self.pictures[row] = data_uri(jpeg)
        for key in wanted:
            if isinstance(key, str) and key not in self.pictures:
                jpeg = thumbnails.photo(key, size=round(SIDE * 1.5))
                self.pictures[key] = data_uri(jpeg)

    @property
    def _names(self) -> list[str]:
        return list(map(str, self.table["name"]))

    def _numbers(self) -> dict[str, int]:
        """Return the number of each who has no other name."""
        return {
            name: int(name.rpartition("_")[2])
            for name in self._names
            if is_number(name, self.words)
        }

    def beside(self, style: str) -> dict[str, str]:
        """Return the pages beside the report, by file name; none where it holds everybody."""
        if not self.paged:
            return {}
        rest = self.table.iloc[CARDS:]
        self.room = sys.maxsize
        entries = (self._about(*row) for row in rest.itertuples(index=False, name=None))
        about = {"style": style, "headline": self.headline(), "words": self.words}
        return {
            **further_pages.pages_of(entries, len(rest), CARDS, about),
            **further_pages.lists_of(self._names, self._lists, CARDS, about),
        }

    def _files(self) -> tuple[dict[str, list[tuple[str, str | None]]], dict[str, str]]:
        """Return the photos of each name, with the places of their copies, and the folders."""
        result = self.result
        files: dict[str, list[tuple[str, str | None]]] = {}
        folders: dict[str, str] = {}
        plan = result.plan[result.plan["state"].isin([NEW, THERE]) & result.plan["name"].notna()]
        plan = plan[plan["kind"] == PHOTO]
        known = result.sightings[["name", "photo_digest"]].dropna().drop_duplicates()
        failed = {path for path, _ in result.not_copied}
        for name, folder, source, place in zip(
            plan["name"], plan["folder"], plan["source"], plan["destination"], strict=True
        ):
            made = result.out is not None and source not in failed
            files.setdefault(str(name), []).append((str(source), str(place) if made else None))
            if made:
                folders[str(name)] = f"{folder}/"
        # Those without a folder of their own, and photos that the user put there, or edited there.
        planned, theirs = set(zip(plan["name"], plan["source"], strict=True)), self._theirs(folders)
        digest_of = dict(zip(result.album.photos["path"], result.album.file_digests, strict=True))
        for name, path in known.merge(
            result.album.photos[["path", "photo_digest"]], on="photo_digest"
        )[["name", "path"]].itertuples(index=False, name=None):
            if (name, path) not in planned:
                places = theirs.get(str(name), {})
                lead = f"{LINK}{os.path.realpath(path)}" if places else ""
                place = places.get(digest_of[path], places.get(lead))
                files.setdefault(str(name), []).append((str(path), place))
        return files, folders

    def _theirs(self, folders: dict[str, str]) -> dict[str, dict[str, str]]:
        """Return where the user's own files are: by name, then by the digest of the photo."""
        out, found = self.result.out, dict[str, dict[str, str]]()
        try:
            about = {} if out is None else ResultsFolder(out).record()
        except BadFolder:
            about = {}
        owners = owners_of(about)
        for place, mark in theirs_of(about).items():
            top = place.partition("/")[0]
            if out is None or top not in owners or not (out / place).is_file():
                continue
            name = owners[top].name
            folders.setdefault(name, f"{top}/")
            found.setdefault(name, {})[digest_in(mark) or mark] = place
        return found

    def headline(self) -> str:
        """Return what was counted, in a few words."""
        return (
            f"{counted(len(self.result.album.photos), 'photo')}, "
            f"{self.words.count(self.result.count)}, "
            f"{self.words.count_individuals(len(self.table))}"
        )

    def head(self) -> dict[str, Any]:
        """Return how it was done, what was counted, and what went wrong."""
        result, words = self.result, self.words
        how = (
            f"Every {words.singular} was compared with every other; those of one "
            f"{words.individual} are put together."
        )
        if isinstance(result, PointAndShootResult):
            known = words.count_individuals(len(result.references.names))
            how = f"Every {words.singular} was compared with the example photos of {known}."
            how = " ".join([how, *(f"{each}." for each in result.references.taken)])
        how = " ".join([*(f"{each}." for each in result.taken), how])
        if result.seen_twice:
            how += f" {result.seen_twice[:1].upper()}{result.seen_twice[1:]} {TWO_MAY_BE_ONE}."
        care = (
            f"This file shows {words.plural} and names photos: pass it on with the care they need."
        )
        if self.thumbnails is None:
            care = (
                f"This report was made without pictures of {words.plural}; it names "
                f"{words.individuals} and photos."
            )
        lacking, shown = len(result.not_copied), result.shows.items()
        return {
            "headline": self.headline(),
            "how": how,
            "care": care,
            "lacking": counted(lacking, "photo") if lacking else "",
            "facts": [
                ("photos", len(result.album.photos)),
                (words.plural, result.count),
                (words.individuals, len(self.table) - len(result.not_sure)),
                *(((NOT_SURE, len(result.too_little)),) if result.too_little else ()),
                (f"photos of {self.words.nobody}", len(result.unsorted)),
                *((f"photos: {kind}", n) for kind, n in shown if kind != result.album.subject.name),
                ("files with problems", len(result.unusable)),
            ],
        }

    def individuals(self) -> dict[str, Any]:
        """Return a card for each individual; those without pictures in a list."""
        counts = list(self.table.itertuples(index=False, name=None))
        cards = [
            {
                **self._about(*row),
                "pictures": [self._image(each, row[0]) for each in self.best.get(row[0], ())],
                "not_sure": row[0] in self.result.not_sure,
                "place": place if self.paged else None,
            }
            for place, row in enumerate(counts[:CARDS])
        ]
        each = ""
        if self.thumbnails is not None and 0 < self.each < STEPS[0]:
            each = self.words.count(self.each)
        rest, without = counts[CARDS:], "" if self.thumbnails is None else ", without pictures"
        more = counted(len(rest), f"more {self.words.individual}", f"more {self.words.individuals}")
        missing: Sequence[str] = ()
        not_searched: Sequence[str] = ()
        listed = [self._about(*row) for row in rest if self.room > 0 and not self.paged]
        if isinstance(self.result, PointAndShootResult):
            missing = self.result.not_found
            not_searched = self.result.references.not_searched
        return {
            "each": each,
            "cards": [card for card in cards if not card["not_sure"]],
            "not_sure": [
                *(card for card in cards if card["not_sure"]),
                *map(self._unnamed, self.unnamed),
            ],
            "not_sure_title": NOT_SURE.capitalize(),
            "rest_title": more + without if rest else "",
            "rest": listed,
            "first_page": further_pages.first_page() if self.paged else "",
            "lists": further_pages.lists_in_short(self._names, self._lists),
            "cut": self.room <= 0,
            "missing": _named(missing, NAMED),
            "not_searched": _named(not_searched, NAMED),
        }

    def _about(self, name: str, photos: int, sightings: int) -> dict[str, Any]:
        """Return an individual's name with a link, and the photos' file names."""
        folder = href(self.folder_of.get(name))
        files, shown, more = self.files_of.get(name, []), [], 0
        for done, (path, place) in enumerate(files):
            if self.room <= 0:
                more = len(files) - done
                break
            file, link = self._short(path), href(place)
            self.room -= _length(file, link)
            shown.append({"name": file, "href": link})
        # Names without files take room too.
        self.room -= _length(name, folder) + 150
        return {
            "name": name,
            "href": folder,
            "no_folder": self.result.why_no_folder(name),
            "counts": f"{counted(photos, 'photo')}, {self.words.count(sightings)}",
            "files": shown,
            "more": more,
        }

    def _unnamed(self, row: int) -> dict[str, Any]:
        """Return what a card shows of a sighting that has neither a name nor a number."""
        file = self._short(self._path(row))
        pictures = [self._image(row, NOT_SURE)] if self.pictures else []
        nothing: dict[str, Any] = {
            "href": None,
            "no_folder": "",
            "counts": "",
            "files": [],
            "more": 0,
            "place": None,
        }
        return {"name": file, "pictures": pictures, **nothing}

    def _image(self, key: int | str, of: str) -> dict[str, Any]:
        about = f"{of}, {Path(self._path(key)).name}"
        return {"source": self.pictures[key], "side": SIDE, "about": about}

    def _short(self, path: str) -> str:
        start = self.common
        if start and path.startswith(start):
            return path[len(start) :].lstrip("/\\") or Path(path).name
        return Path(path).name

    def doubtful(self, doubts: Sequence[Doubt]) -> dict[str, Any]:
        """Return the cases of each kind, and the kinds without any."""
        none = [each.title for each in doubts if not each.cases]
        return {
            "some": [self._doubt(each) for each in doubts if each.cases],
            "none": "; ".join([*none[:1], *map(str.lower, none[1:])]),
        }

    def _doubt(self, doubt: Doubt) -> dict[str, Any]:
        about = doubt.about
        if doubt.total > len(doubt.cases):
            about += f" The {len(doubt.cases)} most doubtful of {doubt.total:,}."
        cases = [
            {
                "text": case.text,
                "pictures": [
                    {
                        "image": self._image(key, caption) if self.pictures else None,
                        "caption": caption,
                        "file": self._short(self._path(key)),
                    }
                    for key, caption in case.pictures
                ],
            }
            for case in doubt.cases
        ]
        return {"title": doubt.title, "about": about, "cases": cases}

    def _path(self, key: int | str) -> str:
        return str(self.result.album.sightings["path"].iat[key]) if isinstance(key, int) else key

    def trust(self, audited: Audit | None, decided: int) -> dict[str, Any]:
        """Return where the threshold came from, and what was measured."""
        result, words = self.result, self.words
        chosen = result.chosen
        origin = "worked out" if chosen.automatic else "given"
        instead = isinstance(result, AutopilotResult) and result.clustering.instead
        said = [f"{instead.capitalize()}."] if instead else []
        said += [f"Threshold {result.threshold:.3f} ({origin}): {chosen.why}."]
        what = "names" if isinstance(result, PointAndShootResult) else "joins"
        if chosen.expected_wrong is not None:
            share = "fewer than 1 in 1,000"
            if chosen.expected_wrong >= 0.001:
                share = f"{chosen.expected_wrong:.1%}"
            said.append(f"By their distances, {share} of the {what} are expected to be wrong.")
        if audited is not None:
            said += measured(audited, words=words)
        if isinstance(result, PointAndShootResult):
            second = int((result.matches.table["reason"] == SECOND).sum())
            if second:
                said.append(
                    f"{words.count(second)} within the threshold of a {words.individual} got no "
                    f"name, as another {words.singular} in the photo is nearer: as many strangers, "
                    f"at least, resemble {words.somebody} known."
                )
        said.append(
            f"{counted(decided, 'decision')} kept, {result.undecided:,} of them about "
            f"{words.plural} that are not here."
            if decided
            else f"No {words.singular} was decided about by you."
        )
        paths: list[str] = []
        if audited is not None and len(audited.pictures):
            paths = list(dict.fromkeys(map(str, audited.pictures["path"])))
        return {"said": said, "pictures": _named([self._short(path) for path in paths], 10)}

    def changes(self) -> dict[str, Any]:
        """Return what is otherwise than in the run before; nothing where there was none."""
        table, words = self.result.changes, self.words
        if table is None:
            return {}
        lines = [*self.result.synced, *details(table, NAMED)]
        photos = table[table["path"] != ""]
        columns = ("path", "change", "before", "name", "why")
        heads = ("photo", "change", "before", "now", "why")
        return {
            "headline": headline(table, words.individual, words.individuals),
            "lines": lines,
            "photos": self._rows(photos, columns, counted(len(photos), "photo"), heads=heads),
        }

    def aside(self) -> dict[str, Any]:
        """Return unnamed photos, files with problems, and what became of an earlier run's."""
        unsorted, problems = self.result.unsorted, self.result.unusable
        kinds = unsorted["reason"].value_counts()
        removed, kept, out = self.result.removed, self.result.kept, self.result.left_out
        gone = pd.DataFrame([(place,) for place in removed], columns=["path"])
        left = pd.DataFrame(list(kept), columns=["path", "reason"])
        return {
            "kinds": [(reason, counted(int(n), "photo")) for reason, n in kinds.items()],
            "unsorted": self._rows(unsorted, ("path", "reason"), "Their names"),
            "problems": self._rows(
                problems, ("path", "stage", "reason"), counted(len(problems), "file")
            ),
            "left_out": self._rows(
                out, ("path", "reason"), counted(len(out), "folder or file", "folders and files")
            ),
            "told": told(removed, kept) if removed or kept else [],
            "removed": self._rows(gone, ("path",), "Removed", whole=True),
            "kept": self._rows(left, ("path", "reason"), "Kept", whole=True),
            "nothing": not (len(unsorted) or len(problems) or len(out) or removed or kept),
        }

    def _rows(
        self,
        table: pd.DataFrame,
        columns: tuple[str, ...],
        title: str,
        *,
        whole: bool = False,
        heads: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Return rows of a table, under `heads`; `whole` leaves paths as they are."""
        count = shown_of(len(table), NAMED)
        shown = table[list(columns)].head(count).itertuples(index=False, name=None)
        return {
            "title": title,
            "heads": heads,
            "rows": [
                (str(path) if whole else self._short(str(path)), *map(str, rest))
                for path, *rest in shown
            ],
            "more": len(table) - count,
        }

    def settings(self) -> list[tuple[str, object]]:
        """Return everything that shaped the result."""
        encoder = self.result.album.encoder
        rows = {
            "mode": self.result.mode,
            "threshold used": f"{self.result.threshold:.6g}",
            **self.result.settings.as_dict(),
            "encoder": f"{encoder.name} ({encoder.variant or 'plain'})",
            "encoder weights (sha256)": encoder.weights_digest,
            "program": f"sightings {__version__}",
            **({"run": self.result.run} if self.result.run else {}),
        }
        return [(key, in_words(value)) for key, value in rows.items()]


def _named(names: Sequence[str], most: int) -> dict[str, Any]:
    shown = shown_of(len(names), most)
    return {"shown": names[:shown], "more": len(names) - shown}


def _length(name: str, href: str | None) -> int:
    """Return about how many characters a name with its link takes in the file."""
    return len(escape(printable(name))) + len(href or "") + 35
