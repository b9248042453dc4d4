"""Take exceptions across, as names of classes and a message that is cut and cleaned."""

import builtins
import traceback

from dlcore.course.sandbox.limits import WireError

MESSAGE, FRAMES, NAMES = 2000, 3, 64
LINES, NAME = 10**7, 80  # the largest number of a line, the letters of a name

KNOWN = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception)
}
for odd in ("StopIteration", "StopAsyncIteration", "ExceptionGroup", "UnicodeDecodeError",
            "UnicodeEncodeError", "UnicodeTranslateError"):  # fmt: skip
    del KNOWN[odd]


def rebuild(names, message):
    """Make an exception by the first of the names that is known; a name of its own it keeps.

    >>> rebuild(["AxisError", "ValueError", "Exception"], "axis 1 is out of bounds")
    AxisError('axis 1 is out of bounds')
    """
    if not 0 < len(names) <= NAMES or not all(type(name) is str for name in (*names, message)):
        raise WireError("read: an exception has names and a message")
    kind = next((KNOWN[name] for name in names if name in KNOWN), RuntimeError)
    own = clean(names[0][:NAME])
    if own != kind.__name__ and own.isidentifier():
        kind = type(own, (kind,), {"__module__": "submission"})
    return kind(clean(message[:MESSAGE])[:MESSAGE])


def spots(place):
    """Check lines of a submission: each has a small number, and the name of a function.

    >>> spots([(3, "softmax")])
    ((3, 'softmax'),)
    """
    pairs = [pair for pair in place[: FRAMES + 1] if type(pair) is tuple and len(pair) == 2]
    typed = [type(line) is int and type(name) is str for line, name in pairs]
    if len(place) > FRAMES or len(pairs) < len(place) or not all(typed):
        raise WireError(f"read: at most {FRAMES} lines have a number and a function")
    if not all(0 <= line <= LINES for line, _ in pairs):
        raise WireError(f"read: the number of a line is at most {LINES}")
    return tuple((line, clean(name[:NAME])) for line, name in pairs)


def message_of(error):
    """Return what an exception says, whatever it takes."""
    try:
        alone = len(error.args) == 1 and isinstance(error.args[0], str)
        return str(error.args[0] if alone else error)[:MESSAGE]
    except Exception:
        return "an exception that cannot be printed"


def frames_in(error, path):
    """List line and function of the last frames of a traceback that lie in a file."""
    walked = traceback.walk_tb(error.__traceback__)
    codes = [(line, frame.f_code) for frame, line in walked]
    return [(line, code.co_name) for line, code in codes if code.co_filename == path][-FRAMES:]


def clean(text):
    r"""Keep the letters that can be printed, spaces and ends of lines.

    >>> clean("\x1b[31mred\x07")
    '�[31mred�'
    """
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text.expandtabs())
