"""What a plan of copies comes to, for somebody who decides whether to make them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from toolkit.names import counted
from toolkit.results.export import KEPT, LEFT_OVER, NEW, THERE


@dataclass(frozen=True)
class Summary:
    """
    A plan in numbers.

    Attributes
    ----------
    folders : pandas.DataFrame
        One row a folder, those of most files first: folder, files, new, there, left_over, kept.
    new, there, left_over, kept : int
        Files that would be made, and that are there already; files that an earlier run put there
        and this one sorts otherwise: those whose photo is among the photos, and those that are kept
        in any case, as it is not.
    bytes : int
        Of the new ones.
    """

    folders: pd.DataFrame
    new: int
    there: int
    left_over: int
    kept: int
    bytes: int

    @property
    def text(self) -> str:
        """One sentence."""
        people = int((self.folders["files"] > 0).sum())
        parts = [
            f"{counted(people, 'folder')} with {counted(self.new + self.there, 'file')}",
            f"{self.new:,} new ({self.bytes / 1e6:,.1f} MB)",
            f"{self.there:,} there already",
        ]
        if self.left_over:
            parts.append(f"{self.left_over:,} of an earlier run that are sorted otherwise now")
        if self.kept:
            parts.append(
                f"{self.kept:,} of an earlier run that stay, as their photos are not among these"
            )
        return ", ".join([": ".join(parts[:2]), *parts[2:]])


def summarise(plan: pd.DataFrame) -> Summary:
    """
    Count a plan.

    Parameters
    ----------
    plan : pandas.DataFrame
        What `toolkit.results.export.plan` returned.
    """
    states = pd.get_dummies(plan["state"]).reindex(
        columns=[NEW, THERE, LEFT_OVER, KEPT], fill_value=0
    )
    table = states.astype("int64").groupby(plan["folder"].astype(object)).sum()
    table.columns = pd.Index(["new", "there", "left_over", "kept"])
    table.insert(0, "files", table["new"] + table["there"])
    table = table.rename_axis("folder").reset_index()
    table = table.sort_values(["files", "folder"], ascending=[False, True], ignore_index=True)
    new = plan[plan["state"] == NEW]
    return Summary(
        table,
        len(new),
        int(table["there"].sum()),
        int(table["left_over"].sum()),
        int(table["kept"].sum()),
        int(new["bytes"].sum()),
    )
