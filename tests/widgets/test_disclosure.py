"""A fold opens and closes by its button."""

import ipywidgets

from toolkit.widgets.disclosure import Fold


def test_a_fold_opens_and_closes_by_its_button():
    inside = ipywidgets.Text()
    fold = Fold("Settings: as recommended", [inside])
    assert (fold.opened, fold.inside.layout.display) == (False, "none")
    assert fold.button.description == "▸ Settings: as recommended"
    fold.button.value = True
    assert (fold.opened, fold.inside.layout.display) == (True, None)
    fold.title = "Settings: 800 px"
    assert fold.button.description == "▾ Settings: 800 px"
    fold.opened = False
    assert (fold.button.value, fold.inside.layout.display) == (False, "none")
