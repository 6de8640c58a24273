"""What a plan of copies comes to, for somebody who decides whether to make them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from toolkit.export import LEFT_OVER, NEW, THERE
from toolkit.names import counted


@dataclass(frozen=True)
class Summary:
    """
    A plan in numbers.

    Attributes
    ----------
    folders : pandas.DataFrame
        One row a folder, those of most files first: folder, files, new, there, left_over.
    new, there, left_over : int
        Files that would be made, that are there already, and that an earlier run put there and this
        one sorts otherwise.
    bytes : int
        Of the new ones.
    """

    folders: pd.DataFrame
    new: int
    there: int
    left_over: int
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
        return ", ".join([": ".join(parts[:2]), *parts[2:]])


def summarise(plan: pd.DataFrame) -> Summary:
    """
    Count a plan.

    Parameters
    ----------
    plan : pandas.DataFrame
        What `toolkit.export.plan` returned.
    """
    states = pd.get_dummies(plan["state"]).reindex(columns=[NEW, THERE, LEFT_OVER], fill_value=0)
    table = states.astype("int64").groupby(plan["folder"].astype(object)).sum()
    table.columns = pd.Index(["new", "there", "left_over"])
    table.insert(0, "files", table["new"] + table["there"])
    table = table.rename_axis("folder").reset_index()
    table = table.sort_values(["files", "folder"], ascending=[False, True], ignore_index=True)
    new = plan[plan["state"] == NEW]
    return Summary(
        table,
        len(new),
        int(table["there"].sum()),
        int(table["left_over"].sum()),
        int(new["bytes"].sum()),
    )
