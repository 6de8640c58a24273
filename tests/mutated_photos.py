"""
Photos damaged at random: each ends as a photo or as a problem, and takes little memory.

``python tests/mutated_photos.py [TIMES] [SEED]`` damages a photo of each format so many times and
prints a table; each format has a process of its own, so that a crash is seen. The ordinary tests do
a few of each (`tests/photos/test_opening.py`).
"""

import io
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
HOW: dict[str, tuple[str, dict[str, object]]] = {
    "JPEG": ("JPEG", {"quality": 85}),
    "JPEG, progressive": ("JPEG", {"quality": 85, "progressive": True}),
    "PNG": ("PNG", {}),
    "PNG, 16 bits": ("PNG", {}),
    "WebP": ("WEBP", {}),
    "TIFF": ("TIFF", {}),
    "TIFF, LZW": ("TIFF", {"compression": "tiff_lzw"}),
    "TIFF, 16 bits": ("16 BITS", {}),
    "BMP": ("BMP", {}),
    "GIF": ("GIF", {}),
    "HEIC": ("HEIF", {"quality": 60}),
    "AVIF": ("AVIF", {"quality": 60, "speed": 10}),
    "JPEG XL": ("JXL", {"effort": 1}),
    "RAW": ("DNG", {}),
    "MP4": ("MP4", {"codec": "mpeg4"}),
    "MOV": ("MOV", {"codec": "libx264"}),
    "AVI": ("AVI", {"codec": "mjpeg", "pixels": "yuvj420p"}),
}
ENDINGS = {"JPEG": "jpg", "HEIF": "heic", "TIFF": "tif", "16 BITS": "tif"}
CLIPS = ("MP4", "MOV", "AVI")


def whole(name: str) -> bytes:
    """Return a photo of a format, with EXIF and a profile where it can have them."""
    from PIL import ImageCms

    kind, how = HOW[name]
    coarse = np.random.default_rng(1).integers(0, 255, (30, 40, 3)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
    if kind == "DNG":
        from raw_files import write_dng

        with tempfile.TemporaryDirectory() as folder:
            write_dng(Path(folder) / "a.dng", picture, preview=picture)
            return (Path(folder) / "a.dng").read_bytes()
    if kind in CLIPS:
        from drawn_clips import save_clip

        scenes = [np.roll(np.asarray(picture), 160 * k, axis=1) for k in range(3)]
        with tempfile.TemporaryDirectory() as folder:
            made = save_clip(Path(folder) / f"a.{kind.lower()}", scenes, each=3, rate=3, **how)
            return made.read_bytes()
    if kind == "16 BITS":
        from deep_files import write_deep_tiff

        with tempfile.TemporaryDirectory() as folder:
            write_deep_tiff(Path(folder) / "a.tif", np.asarray(picture).astype(np.uint16) * 257)
            return (Path(folder) / "a.tif").read_bytes()
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    if kind == "JXL":
        import pillow_jxl  # noqa: F401
    if name == "PNG, 16 bits":
        picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 16)
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    also: dict[str, object] = {} if kind in ("BMP", "GIF") else {"exif": exif}
    if kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        also["icc_profile"] = profile
    if kind in ("AVIF", "HEIF", "JXL"):
        also = {"exif": exif.tobytes()}
    stream = io.BytesIO()
    picture.save(stream, kind, **how, **also)
    return stream.getvalue()


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Return a photo with one to four things done to its bytes, more often near its start."""
    made = bytearray(content)

    def place() -> int:
        end = len(made) if draw.random() < 0.5 else min(len(made), 600)
        return draw.randrange(max(1, end))

    def bits() -> None:
        for _ in range(draw.choice((1, 3, 20))):
            made[place()] ^= 1 << draw.randrange(8)

    def number() -> None:
        at, size = place(), draw.choice((1, 2, 4))
        value = draw.choice(
            (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 65535, 16383)
        )
        made[at : at + size] = (value % 256**size).to_bytes(size, draw.choice(("big", "little")))

    def block() -> None:
        at = place()
        made[at : at + draw.randrange(1, 400)] = draw.randbytes(draw.randrange(1, 400))

    def cut() -> None:
        del made[max(2, place()) :]

    def hole() -> None:
        at = place()
        del made[at : at + draw.randrange(1, 2000)]

    def again() -> None:
        at = place()
        made[at:at] = made[at : at + draw.randrange(1, 2000)]

    ways: list[Callable[[], None]] = [bits, bits, number, number, block, cut, hole, again]
    for _ in range(draw.randrange(1, 5)):
        if len(made) > 4:
            draw.choice(ways)()
    return bytes(made)


def tried(name: str, times: int, seed: int) -> dict[str, float]:
    """Damage a photo so many times; count what became of them, and say the peak of memory, MB."""
    from tiles import ColourEncoder, TileDetector

    from toolkit import memory
    from toolkit.photos import opening
    from toolkit.scanning.scan import scan
    from toolkit.subjects.base import Subject

    content, draw = whole(name), random.Random(f"{name} {seed}")
    ending = ENDINGS.get(HOW[name][0], HOW[name][0].lower())
    counts = {"photos": 0, "noted": 0, "problems": 0}
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number:04}.{ending}" for number in range(times)]
        for path in paths:
            path.write_bytes(mutated(content, draw))
        listing = opening.find(Path(folder), videos=HOW[name][0] in CLIPS)
        found = [*listing.photos, *(path for path, _ in listing.skipped)]
        assert sorted(found) == paths, "a file is lost"
        counts["problems"] += len(listing.skipped)
        subject = Subject("tile", TileDetector(), ColourEncoder())
        for result in scan(listing.photos, subject, long_edge=300, jobs=1):
            assert (result.photo is None) == (result.problem is not None)
            counts["photos" if result.problem is None else "problems"] += 1
            counts["noted"] += bool(result.note)
        for path in listing.photos:
            for ask in (opening.metadata_of, opening.size_of):
                try:
                    ask(path)
                except opening.UnreadablePhoto as error:
                    assert str(error)
    return {**counts, "peak": memory.peak() / 1e6}


def in_a_process(name: str, times: int, seed: int) -> dict[str, float]:
    """Do the same in a process of its own; `RuntimeError` with what it said if it crashed."""
    call = (
        f"import json, mutated_photos as m; print(json.dumps(m.tried({name!r}, {times}, {seed})))"
    )
    places = [HERE.parent, HERE, HERE / "shared"]
    code = f"import sys; sys.path[:0] = {[str(each) for each in places]!r}; {call}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name}: ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    often, first = (int(given) for given in (*sys.argv[1:], "500", "0")[:2])
    rows = [
        "| format | photos | of these with a note | problems | peak of memory |",
        "|---" * 5 + "|",
    ]
    for each in HOW:
        got = in_a_process(each, often, first)
        counts = f"{got['photos']} | {got['noted']} | {got['problems']}"
        rows.append(f"| {each} | {counts} | {got['peak']:.0f} MB |")
    sys.stdout.write("\n".join(rows) + "\n")
