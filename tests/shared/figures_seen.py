"""What stands on a figure."""

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
