"""Pictures of a class in plain SVG: the spread of scores, and shares.

They are drawn with attributes alone, so that a page which allows no foreign style can show them,
in the colour of its text, on a light ground as on a dark one.
"""

from html import escape

from dlcore.course.grading.results import BINS

WIDTH, GAP = 640, 8
GOOD = "#148f84"


def distribution(results, height=180):
    """Draw the number of submissions in each tenth of the possible points."""
    counts = results.histogram()
    step = WIDTH / BINS
    top = height - 44
    most = max(*counts, 1)
    marks = []
    for tenth, count in enumerate(counts):
        tall = top * count / most
        left = tenth * step + GAP / 2
        marks.append(box(left, 22 + top - tall, step - GAP, tall, GOOD))
        label = f"{10 * tenth}–{10 * tenth + 10}%"
        marks.append(text(left + (step - GAP) / 2, height - 4, label))
        if count:
            marks.append(text(left + (step - GAP) / 2, 16 + top - tall, count))
    return svg(height, "How many submissions have how many of the possible points", marks)


def share(part, width=96, height=10):
    """Draw a share as a bar in the line of a table."""
    frame = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true"'
    whole = box(0, 0, width, height, "currentColor", 0.12)
    return f"<svg {frame}>{whole}{box(0, 0, width * part, height, GOOD)}</svg>"


def svg(height, label, marks):
    """Frame marks as a picture, with a sentence for those who cannot see it."""
    frame = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img"'
    return f'<svg {frame} aria-label="{escape(label)}">{"".join(marks)}</svg>'


def box(x, y, width, height, fill, opacity=1):
    """Draw a rectangle."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} rx="2" fill="{fill}" fill-opacity="{opacity}"/>'


def text(x, y, words):
    """Write words, centred."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="13" fill="currentColor"'
    return f"<text {place}>{escape(str(words))}</text>"
