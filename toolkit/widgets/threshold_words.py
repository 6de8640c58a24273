"""What the threshold explorer says: sentences as HTML, changes as cards, people as a curve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from toolkit.evaluation.threshold_sweep import Change, Kind, Position
from toolkit.names import printable
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import Album
from toolkit.settings import AutopilotSettings
from toolkit.subjects.settings import as_options
from toolkit.widgets.background_work import safe
from toolkit.widgets.contact_sheet import Card, Strip
from toolkit.widgets.individual_cards import Rows, face_picture

# Changes that are shown, groups on each side of one, faces of each; earlier names on a card.
CHANGES, PARTS, FACES, EARLIER = 6, 4, 5, 3
KINDS: dict[Kind, str] = {"merged": "merged", "split": "split", "moved": "regrouped"}
# The curve's size and margins, in px.
WIDE, HIGH, LEFT, RIGHT, TOP, BOTTOM = 280, 110, 50, 12, 18, 20


def paragraph(html: str, *, role: str = "") -> str:
    """Return HTML as a paragraph that takes little room; with the role "status" it is read out."""
    said = f" role='{role}'" if role else ""
    return f"<p{said} style='margin: .3em 0'>{html}</p>"


def summary_html(position: Position, automatic: float) -> str:
    """Return what a position does, as HTML: its lines, the number of people in bold."""
    people, *rest = position.summary
    own = " (automatic)" if position.threshold == automatic else ""
    lines = "".join(f"<li>{safe(line)}</li>" for line in rest)
    return (
        f"<div role='status' style='margin-right: 1em'>"
        f"{paragraph(f'At {position.threshold:.3f}{own}: <b>{safe(people)}</b>')}"
        f"<ul style='margin: 0; padding-left: 1.5em'>{lines}</ul></div>"
    )


def use_html(position: Position, settings: AutopilotSettings, automatic: float) -> str:
    """Say how to sort the photos with this threshold, as HTML."""
    own = position.threshold == automatic
    said = '"auto"' if own else f"{position.threshold:.10g}"
    chosen: dict[str, object] = {} if own else {"threshold": position.threshold}
    if settings.method != "average":
        chosen["method"] = settings.method
    chosen["one_per_photo"] = settings.one_per_photo
    given = f"sightings autopilot PHOTOS OUT {as_options(type(settings), chosen)}".rstrip()
    why = "A run takes this threshold by itself" if own else "To sort with it"
    code = "code style='white-space: nowrap'"
    return paragraph(
        f"{why}: <{code}>THRESHOLD = {said}</code> in the notebook "
        f"31_run_autopilot, or <{code}>{given}</code>."
    )


def changed_html(found: Sequence[Change], before: Position | None) -> str:
    """Say what changed, and since when, as HTML."""
    if before is None:
        return paragraph("<b>What changed</b>: move the slider to see it.")
    head = f"<b>What changed</b>, compared with {before.threshold:.3f}:"
    if not found:
        return paragraph(f"{head} nothing. The people are the same.", role="status")
    told = Counter(change.kind for change in found)
    parts = [f"{told[kind]:,} {word}" for kind, word in KINDS.items() if told[kind]]
    more = ""
    if len(found) > CHANGES:
        more = (
            f" The {CHANGES} that concern most faces are shown; Next merge and Next split show "
            "them one after the other."
        )
    return paragraph(f"{head} {', '.join(parts)}.{more}", role="status")


def change_cards(
    found: Sequence[Change],
    before: Position,
    after: Position,
    album: Album,
    thumbnails: Thumbnails,
) -> list[Card]:
    """Return one card a change: the faces of each group before, and of each group after."""
    return [
        Card(
            key=str(number),
            title=change.sentence(before.names, words=before.words),
            badge=KINDS[change.kind],
            strips=(
                *_strips("before", change.before, before.names, album, thumbnails),
                *_strips("now", change.after, after.names, album, thumbnails),
            ),
        )
        for number, change in enumerate(found)
    ]


def _strips(
    when: str,
    groups: Sequence[Rows],
    names: Sequence[str],
    album: Album,
    thumbnails: Thumbnails,
) -> list[Strip]:
    strips = []
    for rows in groups[:PARTS]:
        faces = "1 face" if len(rows) == 1 else f"{len(rows):,} faces"
        label = f"{when}: {printable(names[int(rows[0])])}, {faces}"
        best = thumbnails.best(rows.tolist(), FACES)
        strips.append(Strip(tuple(face_picture(album, row) for row in best), label))
    if len(groups) > PARTS:
        strips.append(Strip((), f"{when}: {len(groups) - PARTS:,} more"))
    return strips


def earlier(names: Sequence[str | None], rows: Rows) -> str:
    """Say what sightings have been called so far: ", so far Ann and Bob"."""
    told = Counter(name for name in (names[row] for row in rows.tolist()) if name is not None)
    who = [printable(name) for name, _ in told.most_common()]
    if not who:
        return ""
    if len(who) > EARLIER:
        who = [*who[: EARLIER - 1], f"{len(who) - EARLIER + 1:,} more"]
    said = " and ".join([", ".join(who[:-1]), who[-1]] if len(who) > 1 else who)
    return f", so far {said}"


def chart_html(curve: Sequence[tuple[float, int]], position: Position, automatic: float) -> str:
    """
    Draw how many people each threshold makes, where the slider is, and the automatic threshold.

    Parameters
    ----------
    curve : sequence of (float, int)
        Thresholds, ascending, and people; nothing is drawn without any.
    position : Position
        Where the slider is.
    automatic : float
        Encoder distance.
    """
    if not curve:
        return ""
    low, high = curve[0][0], curve[-1][0]
    most = max(people for _, people in curve)

    def across(value: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * (min(max(value, low), high) - low) / (high - low)

    def down(people: int) -> float:
        return HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * people / most

    points = [f"{across(curve[0][0]):.1f},{down(curve[0][1]):.1f}"]
    for (_, last), (value, people) in pairwise(curve):
        points += [
            f"{across(value):.1f},{down(last):.1f}",
            f"{across(value):.1f},{down(people):.1f}",
        ]
    floor, here, own = HIGH - BOTTOM, across(position.threshold), across(automatic)

    def text(x: float, y: float, said: str, anchor: str = "middle") -> str:
        return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{said}</text>"

    return (
        f"<svg width='{WIDE}' height='{HIGH}' viewBox='0 0 {WIDE} {HIGH}' role='img' "
        "style='font: 11px sans-serif; fill: currentColor' aria-label='People found against the "
        f"threshold: {curve[0][1]:,} at {low:.2f}, {position.individuals:,} at "
        f"{position.threshold:.3f}, {curve[-1][1]:,} at {high:.2f}'>"
        f"<path d='M{LEFT},{TOP}V{floor}H{WIDE - RIGHT}' fill='none' stroke='currentColor' "
        "opacity='.4'/>"
        f"<line x1='{own:.1f}' x2='{own:.1f}' y1='{TOP}' y2='{floor}' stroke='currentColor' "
        "stroke-dasharray='3 3' opacity='.7'/>"
        f"<polyline points='{' '.join(points)}' fill='none' stroke='currentColor' "
        "stroke-width='1.5'/>"
        f"<circle cx='{here:.1f}' cy='{down(position.individuals):.1f}' r='5' fill='#0b5cad' "
        "stroke='#fff' stroke-width='1.5'/>"
        + text(LEFT - 5, TOP + 4, f"{most:,}", "end")
        + text(LEFT - 5, floor + 3, "0", "end")
        + text(LEFT - 5, 9, "people", "end")
        + text(LEFT, HIGH - 5, f"{low:.2f}")
        + text(WIDE - RIGHT - 10, HIGH - 5, f"{high:.2f}")
        + text(min(max(own, LEFT + 25), WIDE - 35), 12, "automatic")
        + "</svg>"
    )
