import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toolkit.errors import UnreadablePhoto
from toolkit.photos import opening

NOISY = np.random.default_rng(3).integers(0, 255, (40, 60, 3)).astype(np.uint8)
PICTURE = Image.fromarray(NOISY).resize((600, 400), Image.Resampling.BICUBIC)
KINDS = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "BMP": {},
    "TIFF": {},
}


def cut(folder: Path, share: float, kind: str, picture: Image.Image = PICTURE, **how) -> Path:
    stream = io.BytesIO()
    picture.save(stream, kind, **how)
    whole = stream.getvalue()
    (folder / "a").write_bytes(whole[: int(len(whole) * share)])
    return folder / "a"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.98, 0.93])
def test_what_is_there_is_read_and_the_rest_is_grey(tmp_path, kind, share) -> None:
    opened = opening.open_shrunk(cut(tmp_path, share, kind, **KINDS[kind]), long_edge=2000)
    assert opened.note.startswith("cut short: 9")
    rows = int(opened.note.split(":")[1].split("%")[0]) * 4
    assert opened.full is not None
    off = np.abs(opened.full.astype(int) - np.asarray(PICTURE)).mean(axis=(1, 2))
    assert rows >= 360
    # Rows that are said to be there are, whichever end they are stored from.
    assert (off < 12).sum() >= rows - 20
    assert ((opened.full == 128).all(axis=(1, 2))).sum() == pytest.approx(400 - rows, abs=4)


@pytest.mark.parametrize("kind", [*KINDS, "WEBP", "AVIF"])
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_of_which_less_than_nine_tenths_are_there_is_a_problem(tmp_path, kind, share) -> None:
    with pytest.raises(UnreadablePhoto, match=r"cut short|damaged"):
        opening.open_upright(cut(tmp_path, share, kind, **KINDS.get(kind, {})))


def test_a_black_end_is_not_taken_for_a_missing_one(tmp_path) -> None:
    night = np.asarray(PICTURE).copy()
    night[200:] = 0
    path = cut(tmp_path, 1, "PNG", Image.fromarray(night))
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    opened = opening.open_shrunk(path, long_edge=2000)
    assert opened.full is not None
    np.testing.assert_array_equal(opened.full[:390], night[:390])


def test_a_progressive_one_is_read_less_sharply(tmp_path) -> None:
    path = cut(tmp_path, 0.95, "JPEG", progressive=True, quality=95)
    opened = opening.open_shrunk(path, long_edge=2000)
    assert opened.note == "cut short: read less sharply than it was"
    assert opened.full is not None
    assert np.abs(opened.full.astype(int) - np.asarray(PICTURE)).mean() < 6
    with pytest.raises(UnreadablePhoto, match="cut short"):
        opening.open_upright(cut(tmp_path, 0.2, "JPEG", progressive=True, quality=95))


def test_one_that_is_decoded_small_is_read_as_far_too(tmp_path) -> None:
    large = PICTURE.resize((2400, 1600), Image.Resampling.BICUBIC)
    opened = opening.open_shrunk(cut(tmp_path, 0.97, "JPEG", large), long_edge=600)
    assert opened.full is None
    assert opened.note.startswith("cut short: 9")
    assert opened.small.shape == (400, 600, 3)


def test_a_whole_one_has_no_note(tmp_path) -> None:
    assert opening.open_shrunk(cut(tmp_path, 1, "JPEG"), long_edge=2000).note == ""
