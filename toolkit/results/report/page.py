"""The parts of a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit import __version__
from toolkit.evaluation.audit import Audit
from toolkit.grouping.identification import SECOND
from toolkit.names import counted
from toolkit.photos.thumbnails import Thumbnails, data_uri
from toolkit.results.export import NEW, THERE, told
from toolkit.results.report.cases import Doubt, measured
from toolkit.results.report.markup import NONE, escaped, in_words, isolated, link, shared_folder
from toolkit.results.result import AutopilotResult, PointAndShootResult, Result

# Side of a face in px.
SIDE = 96
# Pictures of one person (the first number with which all fit), of all, and people who have any.
STEPS, PICTURES, CARDS = (12, 8, 4, 2, 1), 1500, 200
# Photos of nobody, problems and missing people that are named.
NAMED = 50
# Characters for file names; folders hold the rest.
ROOM = 4_000_000


class Page:
    """The parts of a report, as HTML. `thumbnails` is None for one without pictures."""

    def __init__(
        self, result: Result, doubts: Sequence[Doubt], thumbnails: Thumbnails | None
    ) -> None:
        self.result, self.thumbnails = result, thumbnails
        self.table = result.people
        seen = result.album
        self.common = shared_folder(map(str, [*seen.photos["path"], *seen.problems["path"]]))
        self.room = ROOM
        self.rows_of: dict[str, list[int]] = {}
        for row, name in enumerate(result.names):
            if name is not None:
                self.rows_of.setdefault(name, []).append(row)
        self.files_of, self.folder_of = self._files()
        self.best: dict[str, list[int]] = {}
        self.pictures: dict[int | str, str] = {}
        self.each = 0
        if thumbnails is not None:
            self._take(thumbnails, doubts)

    def _take(self, thumbnails: Thumbnails, doubts: Sequence[Doubt]) -> None:
        wanted = [key for each in doubts for case in each.cases for key, _ in case.pictures]
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
                self.pictures[key] = data_uri(thumbnails.photo(key, size=round(SIDE * 1.5)))

    def _files(self) -> tuple[dict[str, list[tuple[str, str | None]]], dict[str, str]]:
        """Return the photos of each person, with the places of their copies, and the folders."""
        result = self.result
        files: dict[str, list[tuple[str, str | None]]] = {}
        folders: dict[str, str] = {}
        plan = result.plan[result.plan["state"].isin([NEW, THERE])]
        if not len(plan):
            known = result.sightings[["name", "photo_digest"]].dropna().drop_duplicates()
            for name, path in known.merge(
                result.album.photos[["path", "photo_digest"]], on="photo_digest"
            )[["name", "path"]].itertuples(index=False, name=None):
                files.setdefault(str(name), []).append((str(path), None))
            return files, folders
        failed = {path for path, _ in result.not_copied}
        for name, folder, source, place in zip(
            plan["name"], plan["folder"], plan["source"], plan["destination"], strict=True
        ):
            made = result.out is not None and source not in failed
            files.setdefault(str(name), []).append((str(source), str(place) if made else None))
            if made:
                folders[str(name)] = f"{folder}/"
        return files, folders

    def head(self) -> str:
        """Return the title, and what was counted."""
        result = self.result
        facts = {
            "photos": len(result.album.photos),
            "faces": len(result.album),
            "people": len(self.table),
            "photos of nobody": len(result.nobody),
            "files with problems": len(result.problems),
        }
        shown = "".join(f"<div><dt>{key}</dt><dd>{n:,}</dd></div>" for key, n in facts.items())
        how = "Every face was compared with every other; those of one person are put together."
        if isinstance(result, PointAndShootResult):
            known = counted(len(result.references.names), "person", "people")
            how = f"Every face was compared with the example photos of {known}."
        care = "This file shows faces and names photos: pass it on with the care they need."
        if self.thumbnails is None:
            care = "This report was made without pictures of faces; it names people and photos."
        lacking = len(result.not_copied)
        alarm = (
            f"<p><strong>{counted(lacking, 'photo')} could not be copied</strong>: "
            '<a href="#aside">which, and why</a>. Run it again once that is mended.</p>'
            if lacking
            else ""
        )
        return f"<h1>Who is in these photos</h1>{alarm}<p>{how} {care}</p><dl>{shown}</dl>"

    def people(self) -> str:
        """Return a card for each person; those without pictures in a list."""
        counts = list(self.table.itertuples(index=False, name=None))
        cards = "".join(self._card(*row) for row in counts[:CARDS])
        parts = [f'<div class="cards">{cards}</div>' if counts else "<p>Nobody.</p>"]
        if self.thumbnails is not None and 0 < self.each < STEPS[0]:
            parts.insert(0, f"<p>Of each person, {counted(self.each, 'face')} at most.</p>")
        if rest := counts[CARDS:]:
            items = "".join(f"<li>{self._about(*row)}</li>" for row in rest if self.room > 0)
            without = "" if self.thumbnails is None else ", without pictures"
            parts.append(
                f"<h3>{counted(len(rest), 'more person', 'more people')}{without}</h3>"
                f'<ul class="rest">{items}</ul>'
            )
        if self.room <= 0:
            parts.append("<p>Not everything is named here, to keep this file small.</p>")
        if isinstance(self.result, PointAndShootResult):
            missing = [n for n in self.result.references.names if n not in self.rows_of]
            if missing:
                also = f" and {len(missing) - NAMED:,} more" if missing[NAMED:] else ""
                parts.append(
                    f"<p>In no photo: {', '.join(map(isolated, missing[:NAMED]))}{also}.</p>"
                )
        return "\n".join(parts)

    def _card(self, name: str, photos: int, sightings: int) -> str:
        images = "".join(self._image(row, name) for row in self.best.get(name, ()))
        shown = f'<div class="faces">{images}</div>' if images else ""
        return f"<article>{shown}{self._about(name, photos, sightings)}</article>"

    def _about(self, name: str, photos: int, sightings: int) -> str:
        """Return a person's name with a link, and the photos' file names."""
        called = link(isolated(name), self.folder_of.get(name))
        text = (
            f'<p class="name">{called}</p><details><summary>'
            f"{counted(photos, 'photo')}, {counted(sightings, 'face')}</summary><ul>"
        )
        files = self.files_of.get(name, [])
        for done, (path, place) in enumerate(files):
            if self.room <= 0:
                text += f"<li>and {len(files) - done:,} more</li>"
                break
            item = f"<li>{link(isolated(self._short(path)), place)}</li>"
            self.room -= len(item)
            text += item
        # Names without files take room too.
        self.room -= len(called) + 150
        return text + "</ul></details>"

    def _image(self, key: int | str, of: str) -> str:
        about = escaped(f"{of}, {Path(self._path(key)).name}")
        return (
            f'<img src="{self.pictures[key]}" width="{SIDE}" height="{SIDE}" '
            f'alt="{about}" title="{about}">'
        )

    def _short(self, path: str) -> str:
        start = self.common
        if start and path.startswith(start):
            return path[len(start) :].lstrip("/\\") or Path(path).name
        return Path(path).name

    def doubtful(self, doubts: Sequence[Doubt]) -> str:
        """Return the cases of each kind; kinds without any in one line."""
        some = [each for each in doubts if each.cases]
        text = "".join(self._doubt(each) for each in some)
        if none := [each.title for each in doubts if not each.cases]:
            first, *rest = none
            text += f"<p>{'; '.join([first, *map(str.lower, rest)])}: none.</p>"
        return text or NONE

    def _doubt(self, doubt: Doubt) -> str:
        """Return cases of one kind, their pictures side by side."""
        cases = []
        for case in doubt.cases:
            pictures = "".join(
                "<figure>"
                + (self._image(key, caption) if self.pictures else "")
                + f"<figcaption>{isolated(caption)}<br>{isolated(self._short(self._path(key)))}"
                "</figcaption></figure>"
                for key, caption in case.pictures
            )
            cases.append(
                f'<article><p>{escaped(case.text)}</p><div class="pair">{pictures}</div></article>'
            )
        found = f'<div class="cards">{"".join(cases)}</div>'
        about = doubt.about
        if doubt.total > len(doubt.cases):
            about += f" The {len(doubt.cases)} most doubtful of {doubt.total:,}."
        return f"<h3>{doubt.title}</h3><p>{about}</p>{found}"

    def _path(self, key: int | str) -> str:
        return str(self.result.album.sightings["path"].iat[key]) if isinstance(key, int) else key

    def trust(self, audited: Audit | None, decided: int) -> str:
        """Return where the threshold came from, and what was measured."""
        result = self.result
        chosen = result.chosen
        origin = "worked out" if chosen.automatic else "given"
        instead = isinstance(result, AutopilotResult) and result.clustering.instead
        said = [f"{escaped(instead).capitalize()}."] if instead else []
        said += [f"Threshold {result.threshold:.3f} ({origin}): {escaped(chosen.why)}."]
        what = "names" if isinstance(result, PointAndShootResult) else "joins"
        if chosen.expected_wrong is not None:
            share = "fewer than 1 in 1,000"
            if chosen.expected_wrong >= 0.001:
                share = f"{chosen.expected_wrong:.1%}"
            said.append(f"By their distances, {share} of the {what} are expected to be wrong.")
        if audited is not None:
            said += [escaped(each) for each in measured(audited)]
        if isinstance(result, PointAndShootResult):
            second = int((result.matches.table["reason"] == SECOND).sum())
            if second:
                said.append(
                    f"{counted(second, 'face')} within the threshold of a person got no name, as "
                    "another face in the photo is nearer: as many strangers, at least, resemble "
                    "somebody known."
                )
        said.append(
            f"{counted(decided, 'decision')} of yours kept, {result.undecided:,} of them about "
            "faces that are not here."
            if decided
            else "No face was decided about by you."
        )
        text = "".join(f"<li>{each}</li>" for each in said)
        if audited is not None and len(audited.pictures):
            paths = list(dict.fromkeys(map(str, audited.pictures["path"])))
            shown = ", ".join(isolated(self._short(path)) for path in paths[:10])
            also = f" and {len(paths) - 10:,} more" if paths[10:] else ""
            text += (
                "<li>Left out of these rates: photos that show one face twice (a mirror, a "
                f"collage, a photo of a photo, twins): {shown}{also}.</li>"
            )
        return f"<ul>{text}</ul>"

    def aside(self) -> str:
        """Return photos of nobody, files with problems, and what became of an earlier run's."""
        nobody, problems = self.result.nobody, self.result.problems
        kinds = nobody["reason"].value_counts()
        parts = [
            f"<li>{escaped(reason)}: {counted(int(n), 'photo')}</li>" for reason, n in kinds.items()
        ]
        text = f"<h3>Photos of nobody</h3><ul>{''.join(parts)}</ul>" if parts else ""
        text += self._rows(nobody, ("path", "reason"), "Their names")
        if len(problems):
            text += "<h3>Files that could not be used</h3>"
            text += self._rows(
                problems, ("path", "stage", "reason"), counted(len(problems), "file")
            )
        removed, kept = self.result.removed, self.result.kept
        if removed or kept:
            said = "".join(f"<li>{escaped(each)}</li>" for each in told(removed, kept))
            text += f"<h3>Files of an earlier run</h3><ul>{said}</ul>"
            for rows, columns, title in (
                ([(place,) for place in removed], ("path",), "Removed"),
                (kept, ("path", "reason"), "Kept"),
            ):
                table = pd.DataFrame(rows, columns=list(columns))
                text += self._rows(table, columns, title, whole=True)
        return text or "<p>Nothing: every photo shows somebody, and every file could be read.</p>"

    def _rows(
        self, table: pd.DataFrame, columns: tuple[str, ...], title: str, *, whole: bool = False
    ) -> str:
        """Return rows of a table, folded up; `whole` leaves paths as they are."""
        if not len(table):
            return ""
        shown = table[list(columns)].head(NAMED).itertuples(index=False, name=None)
        body = "".join(
            f"<tr><td>{isolated(str(path) if whole else self._short(str(path)))}</td>"
            + "".join(f"<td>{escaped(cell)}</td>" for cell in rest)
            + "</tr>"
            for path, *rest in shown
        )
        more = len(table) - NAMED
        also = f"<p>and {more:,} more, in the tables beside this file</p>" if more > 0 else ""
        return f"<details><summary>{title}</summary><table>{body}</table>{also}</details>"

    def settings(self) -> str:
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
        body = "".join(
            f'<tr><th scope="row">{escaped(key)}</th><td>{escaped(in_words(value))}</td></tr>'
            for key, value in rows.items()
        )
        return f"<table>{body}</table>\n"
