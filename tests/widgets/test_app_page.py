"""The page of the app: its tabs and its words."""

from toolkit.widgets.app_page import page


def test_for_faces_the_page_says_what_it_always_said() -> None:
    shown = page()
    introduction, tabs = shown.children
    assert tabs.titles == ("Everybody", "People I know", "Review", "Threshold", "Photo size")
    assert introduction.value == (
        "<h1>Sightings</h1><p><b>Everybody</b> finds all people in a folder of photos. <b>People I "
        "know</b> finds those you have example photos of. <b>Review</b> asks about doubtful cases "
        "of a folder that <b>Everybody</b> exported. <b>Threshold</b> and <b>Photo size</b> are "
        "for tuning. Photos are only ever read, and nothing leaves this computer.</p>"
    )
