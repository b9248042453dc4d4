"""Two pictures of a class in plain SVG: the spread of scores, the difficulty of exercises.

They are drawn with attributes alone, so that a page which allows no script and no foreign style
can show them.
"""

from html import escape

from dlcore.course.grading.results import BINS

WIDTH, BAR, GAP = 640, 22, 8
INK, FAINT, GOOD, WEAK = "#1f2937", "#6b7280", "#0f766e", "#99d5cd"


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
        label = f"{10 * tenth}–{10 * tenth + 10}"
        marks.append(text(left + (step - GAP) / 2, height - 4, label, FAINT, "middle"))
        if count:
            marks.append(text(left + (step - GAP) / 2, 16 + top - tall, count, INK, "middle"))
    return svg(height, "How many submissions have how many of the possible points", marks)


def difficulty(results, left=210):
    """Draw the share of submissions that pass each exercise."""
    marks = []
    wide = WIDTH - left - 60
    for row, exercise in enumerate(results.exercises):
        share = results.share(exercise.name)
        top = row * (BAR + GAP)
        marks.append(text(left - 10, top + 16, exercise.name, INK, "end"))
        marks.append(box(left, top, wide, BAR, "#eef2f1"))
        marks.append(box(left, top, wide * share, BAR, GOOD if share >= 0.5 else WEAK))
        marks.append(text(left + wide + 10, top + 16, f"{share:.0%}", FAINT))
    height = len(results.exercises) * (BAR + GAP)
    return svg(height, "The share of submissions that pass each exercise", marks)


def svg(height, label, marks):
    """Frame marks as a picture, with a sentence for those who cannot see it."""
    frame = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img"'
    return f'<svg {frame} aria-label="{escape(label)}">{"".join(marks)}</svg>'


def box(x, y, width, height, fill):
    """Draw a rectangle."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} rx="2" fill="{fill}"/>'


def text(x, y, words, fill, anchor="start"):
    """Write words."""
    place = f'x="{x:.1f}" y="{y:.1f}" fill="{fill}" text-anchor="{anchor}" font-size="13"'
    return f"<text {place}>{escape(str(words))}</text>"
