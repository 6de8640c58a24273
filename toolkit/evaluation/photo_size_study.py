"""What a resize study says: its tables, its sentence, text and HTML."""

from __future__ import annotations

import html
import math
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from toolkit.names import printable
from toolkit.records import GENERIC_WORDS, Words

TOLERATED = 0.02  # Sightings that a recommended size may lose beyond the best row, as a share.
FEW = 20  # Photos with sightings below which the recommendation says that they are few.


@dataclass(frozen=True, repr=False)
class ResizeStudy:
    """
    Sizes and detectors beside each other.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a configuration: detector, long_edge (px; 0 is the full size), photos, sightings (of
        the reference), found, lost, lost_share with its 95% interval lost_low and lost_high, extra
        (detections that are none of the reference), more_lost (share of the sightings that this row
        loses and the one that loses fewest finds) and its upper 95% bound more_lost_high, agreement
        (B-cubed F with the grouping at full size, over what both have found) with agreement_low
        and agreement_high; where individuals are known, right, wrong and missed (pairs of photo and
        individual, each group counting as the one it fits best), and with boxes bcubed_f too;
        seconds (CPU) and wall_seconds a photo, in one thread; peak_mb (nan where it cannot be
        measured); front (no other row is as fast, loses as few, and is better in one of the two).
    by_size : pandas.DataFrame
        detector, long_edge, bin (shorter side in px of the full-size photo), sightings, lost,
        lost_share, lost_low, lost_high. Bins without a sighting have no row.
    lost : pandas.DataFrame
        One row a sighting that a configuration lost: detector, long_edge, path, left, top, right,
        bottom, size (px of the full-size photo).
    recommendation : str
        One sentence. Of the rows on the front whose more_lost_high is at most 0.02, the fastest;
        where there is none, the one that loses fewest, the faster of equals.
    reference : str
        What counts as a sighting.
    problems : pandas.DataFrame
        Drawn files that could not be used: path, stage, reason.
    photos_in_folder, seed : int
        How many photos the sample was drawn from, and with what.
    words : Words
        What sightings and individuals are called in the text.
    """

    table: pd.DataFrame
    by_size: pd.DataFrame
    lost: pd.DataFrame
    recommendation: str
    reference: str
    problems: pd.DataFrame
    photos_in_folder: int
    seed: int
    words: Words = GENERIC_WORDS

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON; None where nothing was measured."""
        plain: dict[str, Any] = {
            name: [
                {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
                for row in getattr(self, name).to_dict("records")
            ]
            for name in ("table", "by_size", "lost", "problems")
        }
        for name in ("recommendation", "reference", "photos_in_folder", "seed"):
            plain[name] = getattr(self, name)
        return plain

    @property
    def headline(self) -> str:
        """How much was looked at, and against what."""
        row = self.table.iloc[0]
        bad = f", {len(self.problems)} not readable" if len(self.problems) else ""
        return (
            f"{row['photos']:,} of {self.photos_in_folder:,} photos (seed {self.seed}{bad}), "
            f"{row['sightings']:,} {self.words.plural}: {self.reference}."
        )

    def shown(self) -> pd.DataFrame:
        """Return the table as text, one row a configuration."""
        rows = self.table
        text = pd.DataFrame(
            {"detector": rows["detector"], "edge": rows["long_edge"].map(edge_text)}
        )
        text["lost"] = [
            f"{lost}/{of}" for lost, of in zip(rows["lost"], rows["sightings"], strict=True)
        ]
        text["share"] = [_text(v, "{:.1%}") for v in rows["lost_share"]]
        text["95%"] = [
            f"{_text(100 * low, '{:.1f}')}-{_text(100 * high, '{:.1f}')}"
            for low, high in zip(rows["lost_low"], rows["lost_high"], strict=True)
        ]
        for title, column, form in (
            ("extra", "extra", "{:.0f}"),
            ("agrees", "agreement", "{:.3f}"),
            ("CPU s", "seconds", "{:.2f}"),
            ("wall s", "wall_seconds", "{:.2f}"),
            ("MB", "peak_mb", "{:.0f}"),
        ):
            text[title] = [_text(v, form) for v in rows[column]]
        text["front"] = np.where(rows["front"], "*", "")
        return text

    def shown_by_size(self) -> pd.DataFrame:
        """Return the sightings lost as text, one row a configuration, one column a size in px."""
        cells: dict[tuple[str, int], dict[str, str]] = {}
        for row in self.by_size.to_dict("records"):
            line = cells.setdefault((row["detector"], row["long_edge"]), {})
            line[row["bin"]] = f"{row['lost']}/{row['sightings']}"
        ways = [{"detector": detector, "edge": edge_text(size)} for detector, size in cells]
        return pd.DataFrame([{**w, **c} for w, c in zip(ways, cells.values(), strict=True)])

    def shown_scores(self) -> pd.DataFrame:
        """Return the scores against the labels as text; without columns where none are known."""
        scores = [c for c in ("right", "wrong", "missed", "bcubed_f") if c in self.table]
        text = pd.DataFrame(
            {c: [_text(v, "{:.3f}" if c == "bcubed_f" else "{:.0f}") for v in self.table[c]]
             for c in scores}
        )  # fmt: skip
        if scores:
            text.insert(0, "edge", self.table["long_edge"].map(edge_text))
            text.insert(0, "detector", self.table["detector"])
        return text

    @property
    def _blocks(self) -> list[tuple[str, pd.DataFrame]]:
        lost = f"Lost of the {self.words.plural}, by size in px of the full-size photo:"
        right = f"Photos and {self.words.individuals}, and the grouping, against the labels:"
        named = [
            ("", self.shown()),
            (lost, self.shown_by_size()),
            (right, self.shown_scores()),
        ]
        return [(title, table) for title, table in named if len(table.columns)]

    def __str__(self) -> str:
        parts = [textwrap.fill(printable(self.headline), 80)]
        for title, table in self._blocks:
            parts.append("\n".join([title] * bool(title) + [table.to_string(index=False)]))
        return "\n\n".join([*parts, textwrap.fill(self.recommendation, 80)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [f"<p>{html.escape(printable(self.headline))}</p>"]
        for title, table in self._blocks:
            parts.append(
                f"<p>{html.escape(title)}</p>" * bool(title) + table.to_html(index=False, border=0)
            )
        return "".join([*parts, f"<p><b>{html.escape(self.recommendation)}</b></p>"])


def recommend(
    table: pd.DataFrame, lost: pd.DataFrame, *, shown_in: int, words: Words = GENERIC_WORDS
) -> str:
    """
    Choose a row, and say in one sentence what it saves and loses.

    Parameters
    ----------
    table, lost : pandas.DataFrame
        As in `ResizeStudy`. Times are compared with the first row's: the judge at full size.
    shown_in : int
        Photos with a sighting.
    words : Words
        What sightings are called.
    """
    first = table.iloc[0]
    if not first["sightings"]:
        looked_at = _counted(first["photos"], "photo")
        return f"No {words.singular} was found in {looked_at}: nothing to compare."
    front = table[table["front"]]
    good = front[front["more_lost_high"] <= TOLERATED]
    order = ["seconds"] if len(good) else ["lost", "seconds"]
    row = (good if len(good) else front).sort_values(order, kind="stable").iloc[0]
    times = first["seconds"] / row["seconds"]
    gone = lost[(lost["detector"] == row["detector"]) & (lost["long_edge"] == row["long_edge"])]
    bounds = f"{row['lost_low']:.1%} to {row['lost_high']:.1%}"
    if row.name == first.name:
        speed = "no other row is better"
    elif math.isnan(times):
        speed = f"{first['detector']} at full size is too large for the memory"
    elif times >= 1:
        speed = f"{times:.1f} times faster than {first['detector']} at full size"
    else:
        speed = f"{1 / times:.1f} times slower than {first['detector']} at full size"
    share = (
        f"{row['lost_share']:.1%} of the {words.plural} lost (95% interval {bounds}), none larger "
        f"than {gone['size'].max():.0f} px"
        if len(gone)
        else f"none of {words.count(row['sightings'])} lost (95% bound: at most "
        f"{row['lost_high']:.1%})"
    )
    where = f"long edge {row['long_edge']}" if row["long_edge"] else "full size"
    be = "is too few to be sure; on it, " if shown_in == 1 else "are too few to be sure; on them, "
    few = f"{_counted(shown_in, 'photo')} with {words.plural} {be}"
    why = "" if len(good) else "; chosen as what loses fewest, for no row is sure to lose few more"
    return f"{few if shown_in < FEW else ''}{row['detector']}, {where}: {speed}, {share}{why}."


def edge_text(size: int) -> str:
    """Say a long edge: px, or "full"."""
    return str(size) if size else "full"


def _text(value: float, form: str) -> str:
    return "-" if math.isnan(value) else form.format(value)


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
