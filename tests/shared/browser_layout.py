"""What is wrong with the layout of a page: text cut off, hidden, or written over other text."""

from __future__ import annotations

from playwright.sync_api import Page

# Faults of layout under one element. Boxes are px of the window; a px of rounding is let pass.
_FAULTS = r"""
(panel, allowed) => {
    const SLACK = 1.5;
    const faults = [];
    const name = e => {
        const kind = e.tagName.toLowerCase() + (typeof e.className === 'string' && e.className
            ? '.' + e.className.trim().split(/\s+/).join('.') : '');
        const text = (e.textContent || '').trim().replace(/\s+/g, ' ').slice(0, 40);
        return text ? `${kind} "${text}"` : kind;
    };
    const excused = e => allowed && e.closest(allowed) && panel.contains(e.closest(allowed));
    const unseen = e => !e.checkVisibility({visibilityProperty: true, opacityProperty: true});
    // Text for screen readers alone is made 1 px large on purpose.
    const forReaders = e => {
        for (let at = e; at && at !== panel.parentElement; at = at.parentElement) {
            const style = getComputedStyle(at);
            if (style.position === 'absolute' && (at.clientWidth <= 1 || at.clientHeight <= 1)
                && style.overflow !== 'visible') return true;
        }
        return false;
    };
    // ipywidgets fills labels without text with a space of no width.
    const written = text => text.replace(/[\u200b\u200c\u200d\ufeff]/g, '').trim();
    const silent = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'TITLE', 'OPTION', 'OPTGROUP']);
    const hides = value => value === 'hidden' || value === 'clip';
    const scrolls = value => value === 'auto' || value === 'scroll';
    const area = panel.closest('.jp-OutputArea-output') || panel.closest('.jp-OutputArea')
        || document.documentElement;
    const seen = area.getBoundingClientRect();
    const right = Math.min(seen.left + area.clientLeft + area.clientWidth, window.innerWidth);
    const lines = [];
    for (const e of [panel, ...panel.querySelectorAll('*')]) {
        if (silent.has(e.tagName) || e.closest('svg') !== null && e.tagName !== 'svg') continue;
        if (unseen(e) || excused(e) || forReaders(e)) continue;
        const style = getComputedStyle(e);
        const box = e.getBoundingClientRect();
        let scrolled = false;
        for (let at = e.parentElement; at && at !== area; at = at.parentElement)
            if (scrolls(getComputedStyle(at).overflowX)) scrolled = true;
        if (!scrolled && box.width && box.right > right + SLACK)
            faults.push(`${name(e)} ends ${Math.round(box.right - right)} px right of the output`);
        const typed = e.tagName === 'INPUT' || e.tagName === 'TEXTAREA';
        if (!typed && e.clientWidth && hides(style.overflowX)
            && e.scrollWidth > e.clientWidth + SLACK)
            faults.push(`${name(e)} hides ${e.scrollWidth - e.clientWidth} px of its width`);
        if (!typed && e.clientHeight && hides(style.overflowY)
            && e.scrollHeight > e.clientHeight + SLACK)
            faults.push(`${name(e)} hides ${e.scrollHeight - e.clientHeight} px of its height`);
        for (const node of e.childNodes) {
            if (node.nodeType !== Node.TEXT_NODE || !written(node.data)) continue;
            const range = document.createRange();
            range.selectNodeContents(node);
            const rects = [...range.getClientRects()].filter(r => r.width > 0 && r.height > 0);
            if (!rects.length || !box.width || !box.height) {
                if (style.display !== 'inline' || !rects.length)
                    faults.push(`${name(e)} has text and no size`);
                continue;
            }
            let inside = false;
            for (let at = e; at && at !== panel.parentElement; at = at.parentElement) {
                const outer = getComputedStyle(at);
                const frame = at.getBoundingClientRect();
                if (scrolls(outer.overflowX) || scrolls(outer.overflowY)) inside = true;
                if (inside || at === e) continue;
                const beyond = Math.max(...rects.map(r => r.right)) - frame.right;
                const below = Math.max(...rects.map(r => r.bottom)) - frame.bottom;
                if (hides(outer.overflowX) && beyond > SLACK)
                    faults.push(`${name(e)} is cut ${Math.round(beyond)} px by ${name(at)}`);
                if (hides(outer.overflowY) && below > 3)
                    faults.push(`${name(e)} is cut ${Math.round(below)} px by ${name(at)}`);
            }
            if (!inside) for (const rect of rects) lines.push([e, rect]);
        }
    }
    lines.sort((a, b) => a[1].top - b[1].top);
    for (let i = 0; i < lines.length; i++) {
        const [one, a] = lines[i];
        for (let j = i + 1; j < lines.length && lines[j][1].top < a.bottom; j++) {
            const [two, b] = lines[j];
            if (one === two) continue;
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - b.top;
            // The boxes of two lines of text touch where lines stand close: a third is too much.
            if (wide > 2 && high > Math.min(a.height, b.height) / 3)
                faults.push(`${name(one)} and ${name(two)} are written over each other`);
        }
    }
    return [...new Set(faults)];
}
"""


def layout_faults(page: Page, selector: str, *, allow: str | None = None) -> list[str]:
    """
    Return what is cut off, hidden, without size, or written over other text in a panel.

    Parameters
    ----------
    page : Page
    selector : str
        Of the panel; every visible element that fits is looked at. None fitting is a fault.
    allow : str, optional
        Selector of elements that are cut on purpose, such as long names that end in an ellipsis.
    """
    panels = [each for each in page.locator(selector).all() if each.is_visible()]
    if not panels:
        return [f"nothing visible fits {selector}"]
    return [
        fault
        for panel in panels
        for fault in panel.evaluate(f"(panel, allowed) => ({_FAULTS})(panel, allowed)", allow)
    ]
