"""Two pictures side by side, with lines between what both show."""

from __future__ import annotations

from math import ceil

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from toolkit.photos.crops import GREY

Rgb = npt.NDArray[np.uint8]
Places = npt.NDArray[np.floating]

# px between the two, and around a point; lines of more than so many hide the animal.
GAP, RADIUS, MOST_LINES = 8, 3, 60
# px of the line of text below.
LINE = 24
# Okabe and Ito's, on black, so that they are seen on any coat.
LINES = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")


def side_by_side(
    one: Rgb,
    other: Rgb,
    here: Places,
    there: Places,
    *,
    height: int = 320,
    caption: str = "",
    warning: bool = False,
) -> Image.Image:
    """
    Draw two pictures side by side, and a line from each place in the one to that in the other.

    Parameters
    ----------
    one, other : numpy.ndarray
        Shape (h, w, 3), uint8, RGB.
    here, there : numpy.ndarray
        Shape (m, 2), float, px across and down: of more than `MOST_LINES`, some all over are drawn.
    height : int
        Of both, in px: smaller ones are enlarged.
    caption : str
        A line to write below; none, if empty.
    warning : bool
        Whether it stands out.
    """
    pictures = [Image.fromarray(each) for each in (one, other)]
    scales = [height / each.height for each in pictures]
    pictures = [
        each.resize((max(1, round(each.width * scale)), height), Image.Resampling.BILINEAR)
        for each, scale in zip(pictures, scales, strict=True)
    ]
    left, right = pictures
    drawn = Image.new("RGB", (left.width + GAP + right.width, height), GREY)
    if caption:
        font, wide = ImageFont.load_default(LINE - 8), drawn.width
        # Two narrow pictures are no reason to cut it off.
        size = (max(wide, ceil(font.getlength(caption)) + 4), height + LINE)
        drawn = Image.new("RGB", size, "white")
        drawn.paste(GREY, (0, 0, wide, height))
        ink = "#B00020" if warning else "black"
        ImageDraw.Draw(drawn).text((2, height + 2), caption, fill=ink, font=font)
    drawn.paste(left, (0, 0))
    drawn.paste(right, (left.width + GAP, 0))
    starts = np.asarray(here, dtype=np.float64).reshape(-1, 2) * scales[0]
    ends = np.asarray(there, dtype=np.float64).reshape(-1, 2) * scales[1] + [left.width + GAP, 0]
    # From top to bottom, so that those left out are missing everywhere alike.
    order = np.lexsort((starts[:, 0], starts[:, 1]))
    if len(order) > MOST_LINES:
        order = order[np.linspace(0, len(order) - 1, MOST_LINES).round().astype(np.int64)]
    draw = ImageDraw.Draw(drawn)
    lines = [(*starts[k].tolist(), *ends[k].tolist()) for k in order.tolist()]
    for place, line in enumerate(lines):
        draw.line(line, fill="black", width=3)
        draw.line(line, fill=LINES[place % len(LINES)], width=1)
    for place, (x, y, to_x, to_y) in enumerate(lines):
        for across, down in ((x, y), (to_x, to_y)):
            edges = (across - RADIUS, down - RADIUS, across + RADIUS, down + RADIUS)
            draw.ellipse(edges, fill=LINES[place % len(LINES)], outline="black")
    return drawn
