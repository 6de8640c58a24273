"""What stands on a figure."""

import numpy as np
from matplotlib.figure import Figure


def texts(owner):
    """Every text of a figure or axes, drawn: drawing fails where one is taken for a formula."""
    figure, axes = (owner, owner.axes) if isinstance(owner, Figure) else (owner.figure, [owner])
    figure.canvas.draw()
    return [text.get_text() for ax in axes for text in ax.texts]


def legend_of(owner):
    """Every word in the legend of a figure or of axes."""
    legend = owner.legends[0] if isinstance(owner, Figure) else owner.get_legend()
    return [text.get_text() for text in legend.get_texts()]


HOSTILE = r"$\frac{1}{0}$"


def groups_of(count, *, seed=0, dimensions=8):
    """Encodings of `count` people, the first with most sightings."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(count), np.arange(count, 0, -1))
    centres = rng.normal(size=(count, dimensions))
    return centres[labels] + rng.normal(size=(len(labels), dimensions)) * 0.01, labels
