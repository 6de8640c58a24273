"""What is written on a panel, and whether it speaks of faces and people."""

import re

import ipywidgets

from toolkit.widgets.contact_sheet import ContactSheet
from toolkit.widgets.settings_form import SettingsForm

OTHERS = re.compile(r"\b(faces?|persons?|people|nobody|somebody|everybody)\b", re.IGNORECASE)
# What other packages say: the result itself, what was decided, the lines of a position.
NOT_OURS = re.compile(r"<details>.*?</details>", re.DOTALL)


def texts_of(widget, *leave_out):
    """Everything that is written on a widget and in it, but on its settings."""
    if widget in leave_out or isinstance(widget, SettingsForm):
        return
    traits = ["description", "tooltip", "placeholder", "label", "empty"]
    # What is in a field is the user's.
    if not isinstance(widget, ipywidgets.Combobox | ipywidgets.Text):
        traits.append("value")
    for trait in traits:
        text = getattr(widget, trait, None)
        if isinstance(text, str):
            yield text
    if isinstance(widget, ipywidgets.Tab):
        yield from widget.titles
    if isinstance(widget, ContactSheet):
        for card in widget.all_cards:
            yield from (card.title, card.note, card.badge, card.opens)
            yield from (action.label for action in card.actions)
            for strip in card.strips:
                yield strip.label
                yield from (picture.label for picture in strip.pictures)
    for child in getattr(widget, "children", ()):
        yield from texts_of(child, *leave_out)


def said(widget, *leave_out):
    """Return what stands there; nothing of it may be about faces and people."""
    text = NOT_OURS.sub("", "\n".join(texts_of(widget, *leave_out)))
    found = [line for line in text.splitlines() if OTHERS.search(line)]
    assert found == []
    return text
