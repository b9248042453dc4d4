"""A page made lighter for axe-core, which walks through every element, and looks below each text.

The contrast of a text is that of its colours, its size, and the backgrounds below it. Of the
tokens of code that are seen and agree in all of these, some are judged, and the others hidden;
so are those of a single letter, on which axe never decides. The picture of a formula, which axe
shall leave out, becomes an empty box of its size.
"""

from contextlib import contextmanager

SOME = 4  # of the tokens that look alike
LIGHTEN = """SOME => {
    const boxes = [...document.querySelectorAll('.katex-html')].map(picture => {
        const {width, height} = picture.getBoundingClientRect();
        const inline = getComputedStyle(picture).display === 'inline';
        return [picture, inline, Math.max(width, picture.scrollWidth), height];
    });

    const looks = new Map(), known = new Map([[null, 0]]);
    const look = element => {
        if (!known.has(element)) {
            const style = getComputedStyle(element);
            const all = [
                look(element.parentElement), style.color, style.fontSize, style.fontWeight,
                style.backgroundColor, style.backgroundImage, style.opacity, style.textShadow,
                style.filter, style.mixBlendMode, style.visibility,
            ].join();
            looks.set(all, looks.get(all) ?? looks.size + 1);
            known.set(element, looks.get(all));
        }
        return known.get(element);
    };
    const times = new Map(), tokens = [...document.querySelectorAll('pre span:not(:has(*))')];
    const alike = tokens.filter(token => token.checkVisibility()).filter(token => {
        if (token.textContent.trim().length < 2) return true;
        times.set(look(token), (times.get(look(token)) ?? 0) + 1);
        return times.get(look(token)) > SOME;
    });

    const undo = [...boxes.map(([picture]) => picture), ...alike].map(element => {
        const parts = [...element.childNodes], style = element.getAttribute('style');
        return () => {
            element.replaceChildren(...parts);
            element.removeAttribute('style');
            if (style !== null) element.setAttribute('style', style);
        };
    });
    for (const [picture, inline, width, height] of boxes) {
        picture.replaceChildren();
        picture.style.cssText += `; width: ${width}px; height: ${height}px; vertical-align: middle`;
        if (inline) picture.style.display = 'inline-block';
    }
    for (const token of alike) token.style.visibility = 'hidden';
    window.restorePage = () => undo.forEach(restore => restore());
}"""


@contextmanager
def lightened(tab):
    """Make the page of a tab lighter for a while."""
    tab.evaluate(LIGHTEN, SOME)
    try:
        yield
    finally:
        tab.evaluate("restorePage()")
