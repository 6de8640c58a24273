import pytest

from toolkit.settings import AutopilotSettings
from toolkit.subjects.settings import ScanSettings


@pytest.mark.parametrize(
    ("longest", "long_edge", "upsample", "expected"),
    [(300, 400, None, False), (280, 400, None, True), (300, 400, 1, True), (280, 400, 0, False)],
)
def test_says_whether_a_run_doubles_the_photo(longest, long_edge, upsample, expected):
    assert AutopilotSettings(long_edge=long_edge, upsample=upsample).enlarges(longest) is expected


def test_other_subjects_search_photos_as_they_are() -> None:
    assert not ScanSettings(long_edge=400).enlarges(100)
