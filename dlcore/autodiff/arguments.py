"""Which arguments of a function are differentiated: `argnums`, one position or several.

Chapter: book/reverse.md.
"""

from functools import partial


def positions(function, argnums, many):
    """List the positions among `many` arguments that `argnums` names, an int or a tuple.

    Negative ones count from the end. Raises TypeError for another kind of `argnums`, ValueError
    for a position that there is not, or that is named twice.

    >>> positions("grad", (0, -1), many=3)
    [0, 2]
    """
    named = argnums if isinstance(argnums, tuple | list) else (argnums,)
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in named):
        raise TypeError(f"{function}: argnums is {argnums!r}, use a position or a tuple of them")
    for each in named:
        if not -many <= each < many:
            raise ValueError(f"{function}: argnums is {argnums!r} but f has {many} arguments")
    found = [each % many for each in named]
    if len({*found}) < len(found):
        raise ValueError(f"{function}: argnums is {argnums!r}, name every position once")
    return found


def at_places(f, places, args):
    """Return f as a function of the arguments at some places, the others as in `args`.

    >>> at_places(lambda x, z: x - z, [1], (5.0, 3.0))(1.0)
    4.0
    """

    def f_of_chosen(*chosen):
        filled = list(args)
        for place, x in zip(places, chosen, strict=True):
            filled[place] = x
        return f(*filled)

    return f_of_chosen


def choose(function, f, argnums, args, options):
    """Return the arguments at `argnums`, and f as a function of these alone.

    Raises TypeError or ValueError where `argnums` names no positions of `args`.

    >>> chosen, f = choose("grad", lambda x, z: x - z, 1, (5.0, 3.0), {})
    >>> chosen, f(1.0)
    ([3.0], 4.0)
    """
    places = positions(function, argnums, len(args))
    return [args[i] for i in places], at_places(partial(f, **options), places, args)
