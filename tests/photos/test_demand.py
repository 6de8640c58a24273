"""What a header says a photo will take is not less than it takes."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from toolkit import memory
from toolkit.errors import UnreadablePhoto
from toolkit.photos import opening
from toolkit.scanning.scan import gather, scan

# 24 megapixels. What any photo takes, and what the measurement adds, beside the estimate.
WIDTH, HEIGHT, ANYWAY = 6000, 4000, 25_000_000

MEASURE = """
import sys
from pathlib import Path
from toolkit.photos import opening

def most():
    (line,) = (x for x in open("/proc/self/status") if x.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

path, kind = Path(sys.argv[1]), sys.argv[2]
opening.open_upright(Path(sys.argv[3]))
before = most()
wanted = opening.demand_of(path, long_edge=1200)
if kind == "upright":
    opening.open_upright(path)
else:
    opening.open_shrunk(path, long_edge=1200)
print(most() - before, getattr(wanted, kind))
"""


def gradient(mode):
    across = np.linspace(0, 255, WIDTH).astype(np.uint8)
    image = Image.fromarray(np.broadcast_to(across, (HEIGHT, WIDTH)))
    if mode == "F":
        return Image.fromarray(np.asarray(image).astype(np.float32) / 255)
    if mode == "I;16":
        return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    return image.convert(mode)


CASES = {
    "plain.jpg": ("RGB", {}),
    "progressive.jpg": ("RGB", {"progressive": True, "subsampling": 0}),
    "rgba.png": ("RGBA", {"compress_level": 1}),
    "deep.png": ("I;16", {"compress_level": 1}),
    "palette.gif": ("P", {}),
    "float.tif": ("F", {"compression": "tiff_adobe_deflate"}),
    "strip.tif": ("RGB", {"compression": "tiff_adobe_deflate", "tiffinfo": {278: HEIGHT}}),
    "a.webp": ("RGB", {"method": 0}),
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize("name", CASES)
def test_the_estimate_is_not_below_the_peak(tmp_path, name) -> None:
    mode, how = CASES[name]
    gradient(mode).save(tmp_path / name, **how)
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    for kind in ("upright", "shrunk"):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, tmp_path / name, kind, tmp_path / "small.png"],
            capture_output=True,
            text=True,
            check=True,
        )
        peak, estimate = map(int, done.stdout.split())
        assert peak <= estimate + ANYWAY, (kind, peak, estimate)
        # Nor is it so far above that photos wait for nothing.
        assert estimate <= 2 * peak + 3 * ANYWAY, (kind, peak, estimate)


def gif(path, width, height):
    """A GIF of a few bytes that claims to be large."""
    path.write_bytes(
        b"GIF89a"
        + width.to_bytes(2, "little")
        + height.to_bytes(2, "little")
        + b"\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0"
        + (1).to_bytes(2, "little") * 2
        + b"\0\x02\x02D\x01\0;"
    )
    return path


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_photo_that_never_fits_is_a_problem_with_the_figures(
    tmp_path, colours, monkeypatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 300_000_000)
    opened = []
    monkeypatch.setattr("toolkit.photos.pixels.upright", lambda picture: opened.append(picture))
    large = gif(tmp_path / "large.gif", 65535, 2700)
    # As it is, its header is not believed; with so many bytes more it is.
    with pytest.raises(UnreadablePhoto, match="claims to hold 177 megapixels in a small file"):
        opening.open_upright(large)
    large.write_bytes(large.read_bytes() + bytes(200_000))
    found = gather(scan([large], colours, long_edge=1200, jobs=4), colours.encoder.info)
    (problem,) = found.problems.to_numpy().tolist()
    assert problem[1] == "decoding"
    assert problem[2].startswith("needs about 7")
    assert "MB of memory (65,535 x 2,700 px); 200 MB can be had here" in problem[2]
    with pytest.raises(UnreadablePhoto, match="can be had here"):
        opening.open_upright(large)
    assert not opened


@pytest.mark.parametrize(("gigabytes", "together"), [(0.01, 1), (0.0, 4)])
def test_large_photos_wait_for_each_other(
    tmp_path, colours, monkeypatch, gigabytes, together
) -> None:
    import threading

    paths = [gif(tmp_path / f"{n}.gif", 2000, 1000 + n) for n in range(8)]
    under_way, most, lock = [0], [0], threading.Lock()
    gate = threading.Event()
    real = opening.open_shrunk

    def watched(path, **how):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
            if most[0] >= together:
                gate.set()
        gate.wait(5)
        try:
            return real(path, **how)
        finally:
            with lock:
                under_way[0] -= 1

    monkeypatch.setattr(opening, "open_shrunk", watched)
    # A band may take as much as one of these photos.
    monkeypatch.setattr("toolkit.photos.demand.BANDS", 0)
    results = list(scan(paths, colours, long_edge=300, jobs=4, gigabytes=gigabytes))
    assert [result.problem for result in results] == [None] * 8
    assert most[0] == together


def test_a_detector_that_needs_too_much_says_so(tmp_path, colours, monkeypatch) -> None:
    path = gif(tmp_path / "a.gif", 100, 100)
    monkeypatch.setattr(type(colours.detector), "needs", lambda *_: 10**15, raising=False)
    (result,) = scan([path], colours, long_edge=300)
    assert result.problem is not None
    assert result.problem[0] == "detecting"
    assert "--long-edge" in result.problem[1]
