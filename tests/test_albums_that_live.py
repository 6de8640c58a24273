"""
Any order of adding, removing, correcting, sorting by hand and running keeps what a person did.

A small album of coloured tiles, told apart by a fake subject; the numbers of people are compared
with who is really in the photos.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tiles import PEOPLE, ColourEncoder, TileDetector, save_tiles

from toolkit import modes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadFolder
from toolkit.grouping.sighting_finder import key_of
from toolkit.results import exporting, results_folder
from toolkit.session import taken_up
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE

SETTINGS = AutopilotSettings(threshold=0.3, jobs=1)
WHO = st.sampled_from(sorted(PEOPLE))
PICK = st.integers(0, 10**6)


def subject() -> Subject:
    return Subject("tile", TileDetector(), ColourEncoder(), FACE.words)


class Album(RuleBasedStateMachine):
    """A folder of photos, the folder of results, and somebody who works in both."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.photos, self.out = self.folder / "photos", self.folder / "out"
        self.mine: dict[Path, bytes] = {}
        self.made = 0
        # Who each number was given to: the colours of the tiles.
        self.meaning: dict[int, set[str]] = {}
        self.by_hand = False
        self._add("ann")
        self._add("bob")
        self.run()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def _add(self, *who: str) -> None:
        self.made += 1
        path = save_tiles(self.photos / f"{self.made}-{'-'.join(who)}.png", *who, shade=self.made)
        self.mine[path] = path.read_bytes()

    def _picked(self, pick: int, paths: list[Path]) -> Path | None:
        return paths[pick % len(paths)] if paths else None

    def _copies(self) -> list[Path]:
        return sorted(path for path in self.out.glob("*/*.png"))

    def _folders(self) -> list[Path]:
        return sorted(path for path in self.out.iterdir() if path.is_dir())

    @rule(one=WHO, other=WHO)
    def add(self, one: str, other: str) -> None:
        self._add(*dict.fromkeys((one, other)))

    @precondition(lambda self: len(self.mine) > 2)
    @rule(pick=PICK)
    def remove(self, pick: int) -> None:
        path = self._picked(pick, sorted(self.mine))
        path.unlink()
        del self.mine[path]

    @rule(pick=PICK)
    def rename_a_folder(self, pick: int) -> None:
        folder = self._picked(pick, self._folders())
        if folder is not None:
            self.made += 1
            folder.rename(folder.with_name(f"Name {self.made}"))

    @rule(pick=PICK, to=PICK)
    def move_a_copy(self, pick: int, to: int) -> None:
        path, folder = self._picked(pick, self._copies()), self._picked(to, self._folders())
        if path is not None and folder is not None and not (folder / path.name).exists():
            path.rename(folder / path.name)
            self.by_hand = True

    @rule(pick=PICK)
    def delete_a_copy(self, pick: int) -> None:
        path = self._picked(pick, self._copies())
        if path is not None:
            path.unlink()
            self.by_hand = True

    @rule(pick=PICK)
    def delete_a_folder(self, pick: int) -> None:
        folder = self._picked(pick, self._folders())
        if folder is not None:
            shutil.rmtree(folder)

    @rule(pick=PICK)
    def correct(self, pick: int) -> None:
        run = results_folder.load(self.out)
        row = pick % len(run.album) if len(run.album) else None
        if row is not None:
            self.made += 1
            key = key_of(run.album, row)
            decisions.add(self.out, [Decision("name", key, name=f"Given {self.made}")])

    @rule()
    def undo(self) -> None:
        seen = results_folder.load(self.out).album.photos["path"]
        if any(Path(path).is_file() for path in seen):
            taken_up(self.out).undo()
        else:
            # It is said, and nothing is shown: there is no picture to show.
            with pytest.raises(BadFolder, match="not where they were"):
                taken_up(self.out)

    @rule()
    def sync(self) -> None:
        with exporting.alone_in(self.out, "a test"):
            modes.synced(self.out, SETTINGS, subject())

    @rule()
    def run(self) -> None:
        result = modes.autopilot(self.photos, self.out, settings=SETTINGS, subject=subject())
        in_force = result.decided - result.undecided
        assert result.decided == len(decisions.read(self.out))
        assert in_force >= 0
        assert result.finished
        # Twice changes nothing.
        before = {path: path.read_bytes() for path in self._copies()}
        again = modes.autopilot(self.photos, self.out, settings=SETTINGS, subject=subject())
        assert again.synced == ()
        assert again.names == result.names
        assert len(again.changes) == 0
        assert {path: path.read_bytes() for path in self._copies()} == before
        if not self.by_hand:
            self._numbers_mean_what_they_meant(again)

    def _numbers_mean_what_they_meant(self, result) -> None:
        """A number is never given to somebody else; two that were put together are one."""
        table = result.album.sightings
        for number in set(result.numbers.tolist()) - {0}:
            rows = (result.numbers == number).nonzero()[0]
            who = {
                Path(table["path"].iloc[row]).stem.split("-")[1:][table["left"].iloc[row] // 64]
                for row in rows
            }
            assert self.meaning.setdefault(number, who) & who

    @invariant()
    def photos_are_only_read(self) -> None:
        assert {path: path.read_bytes() for path in sorted(self.photos.rglob("*.png"))} == dict(
            sorted(self.mine.items())
        )


TestAlbums = Album.TestCase
TestAlbums.settings = settings(max_examples=12, stateful_step_count=10, deadline=None)
