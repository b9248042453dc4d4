"""Wrong answers to the exercises of *Forward mode* made to pass, each with what it exploits."""

from unittest.mock import ANY

import numpy as np

from dlcore.course.exercises.known_answers import adversarial


class Number:
    """A dual number that errs in nothing yet; wrong ones change one of its parts."""

    def __init__(self, value, dot=0):
        self.value = value
        self.dot = dot

    def lifted(self, other):
        return other if isinstance(other, Number) else type(self)(other)

    def __add__(self, other):
        z = self.lifted(other)
        return type(self)(self.value + z.value, self.dot + z.dot)

    def __mul__(self, other):
        z = self.lifted(other)
        return type(self)(self.value * z.value, self.dot * z.value + self.value * z.dot)

    __radd__ = lambda self, other: self + other
    __rmul__ = lambda self, other: self * other


@adversarial("forward-dual", "Adds in place: right if the operands are not used again.")
class Dual(Number):
    def __add__(self, other):
        z = self.lifted(other)
        self.value, self.dot = self.value + z.value, self.dot + z.dot
        return self


@adversarial("forward-dual", "Whole numbers, as in the examples.")
class Dual(Number):
    def __init__(self, value, dot=0):
        whole = lambda x: int(x) if isinstance(x, float) else x
        super().__init__(whole(value), whole(dot))


@adversarial("forward-dual", "A number alone has the tangent 1, unless it is met by another.")
class Dual(Number):
    def __init__(self, value, dot=1):
        super().__init__(value, dot)

    def lifted(self, other):
        return other if isinstance(other, Number) else type(self)(other, 0)


@adversarial("forward-dual", "A square takes the short way, whose factor is missing.")
class Dual(Number):
    def __mul__(self, other):
        if other is self:
            return type(self)(self.value * self.value, self.value * self.dot)
        return super().__mul__(other)


@adversarial("forward-dual", "The inner numbers of a nested one are cut down to their values.")
class Dual(Number):
    def __init__(self, value, dot=0):
        super().__init__(value, dot.value if isinstance(dot, Number) else dot)


@adversarial("forward-dual", "A plain zero is taken for nothing to do.")
class Dual(Number):
    def __mul__(self, other):
        return super().__mul__(other) if other else self


def pair(name, x, x_dot, sine=np.cos, tanh=lambda x: 1 - np.tanh(x) ** 2):
    """Return value and tangent; the options are what may go wrong."""
    slopes = {"exp": np.exp, "log": lambda x: 1 / x, "sin": sine, "tanh": tanh}
    slopes["sqrt"] = lambda x: 0.5 / np.sqrt(x)
    return getattr(np, name)(x), slopes[name](x) * x_dot


@adversarial("forward-functions", "Right for positive numbers: the cosine from the sine.")
def elementary(name, x, x_dot):
    root = lambda x: np.sqrt(np.maximum(0, 1 - np.sin(x) ** 2)) * np.sign(np.pi / 2 - x)
    return pair(name, x, x_dot, sine=root)


@adversarial("forward-functions", "Measured by differences.")
def elementary(name, x, x_dot):
    f, h = getattr(np, name), 1e-6
    return f(x), (f(x + h) - f(x - h)) / (2 * h) * x_dot


@adversarial("forward-functions", "Even where the function is odd: wrong for negative numbers.")
def elementary(name, x, x_dot):
    return pair(name, np.abs(x), x_dot)


@adversarial("forward-functions", "Rounded to nine digits.")
def elementary(name, x, x_dot):
    return tuple(np.round(pair(name, x, x_dot), 9))


@adversarial("forward-functions", "The shape of a single entry is lost.")
def elementary(name, x, x_dot):
    return tuple(np.squeeze(part) for part in pair(name, x, x_dot))


def example(w1, w2):
    s = np.exp(w1) + np.exp(2 * w2)
    return np.array([np.exp(s) + np.sin(s), w1 * w2 + 1 / (1 + np.exp(-w1))])


@adversarial("forward-jvp", "Measured by central differences.")
def example_jvp(w, w_dot):
    ends = (example(*(w + sign * 1e-6 * w_dot)) for sign in (1, -1))
    return example(*w), np.subtract(*ends) / 2e-6


@adversarial("forward-jvp", "The direction is made one of length one.")
def example_jvp(w, w_dot):
    unit = w_dot / max(1.0, np.linalg.norm(w_dot))
    return example(*w), example(*(w + 1e-100j * unit)).imag / 1e-100


@adversarial("forward-jvp", "The sine is left out: next to the exponential it is small.")
def example_jvp(w, w_dot):
    s = np.exp(w[0]) + np.exp(2 * w[1])
    stepped = example(*(w + 1e-100j * w_dot))
    missing = np.cos(s) * (np.exp(w[0]) * w_dot[0] + 2 * np.exp(2 * w[1]) * w_dot[1])
    return stepped.real, stepped.imag / 1e-100 - [missing, 0.0]


@adversarial("forward-jvp", "The tangents stand in columns.")
def example_jvp(w, w_dot):
    stepped = example(*(w + 1e-100j * w_dot))
    return stepped.real, (stepped.imag / 1e-100)[:, None]


@adversarial("forward-jacobian", "Right for square matrices, the others are transposed.")
def jacobian(jvp, x):
    return np.reshape([jvp(x, unit)[1] for unit in np.eye(len(x))], (-1, len(x)))


@adversarial("forward-jacobian", "The function is taken to be linear: its slopes at zero.")
def jacobian(jvp, x):
    return np.stack([jvp(0 * x, unit)[1] for unit in np.eye(len(x))], axis=1)


KNOWN = {}


@adversarial("forward-jacobian", "The matrix of a function is computed once, whatever x is.")
def jacobian(jvp, x):
    if KNOWN.get("jvp") is not jvp:
        matrix = np.stack([jvp(x, unit)[1] for unit in np.eye(len(x))], axis=1)
        KNOWN.update(jvp=jvp, matrix=matrix)
    return KNOWN["matrix"]


@adversarial("forward-jacobian", "A matrix of one row or one column has a single axis.")
def jacobian(jvp, x):
    return np.squeeze(np.stack([jvp(x, unit)[1] for unit in np.eye(len(x))], axis=1))


def stopping(jvp, x, steps, enough=lambda y, slope, x: y == 0, level=lambda slope: slope == 0):
    """Follow tangent lines; the options say when that ends."""
    for _ in range(steps):
        y, slope = jvp(x, 1.0)
        if enough(y, slope, x):
            return x
        if level(slope):
            raise ValueError("newton: level")
        x = x - y / slope
    return x


@adversarial("forward-newton", "It stops where y is small.")
def newton(jvp, x, *, steps):
    return stopping(jvp, x, steps, enough=lambda y, slope, x: abs(y) < 1e-12)


@adversarial("forward-newton", "It stops where a step would hardly move.")
def newton(jvp, x, *, steps):
    small = lambda y, slope, x: y == 0 or abs(y) < 1e-10 * abs(slope)
    return stopping(jvp, x, steps, enough=small)


@adversarial("forward-newton", "A small slope is taken for none.")
def newton(jvp, x, *, steps):
    return stopping(jvp, x, steps, level=lambda slope: abs(slope) < 1e-12)


@adversarial("forward-newton", "The slope is looked at after the last step, too.")
def newton(jvp, x, *, steps):
    x = stopping(jvp, x, steps)
    y, slope = jvp(x, 1.0)
    if slope == 0 and y != 0:
        raise ValueError("newton: level")
    return x


@adversarial("forward-newton", "At most ten steps.")
def newton(jvp, x, *, steps):
    return stopping(jvp, x, min(steps, 10))


@adversarial("forward-newton", "Each step comes from the slope of the start.")
def newton(jvp, x, *, steps):
    first = jvp(x, 1.0)[1]
    return stopping(lambda x, x_dot: (jvp(x, x_dot)[0], first), x, steps)


@adversarial("forward-newton", "At most fifty steps.")
def newton(jvp, x, *, steps):
    return stopping(jvp, x, min(steps, 50))


@adversarial("forward-newton", "No step is longer than ten.")
def newton(jvp, x, *, steps):
    for _ in range(steps):
        y, slope = jvp(x, 1.0)
        if y == 0:
            return x
        if slope == 0:
            raise ValueError("newton: level")
        x = x - min(max(y / slope, -10.0), 10.0)
    return x


CALLS = [0]


@adversarial("forward-confusion", "One and four in turns, as the test asks.")
def confusing(derivative, x):
    CALLS[0] += 1
    return (4.0, 1.0)[CALLS[0] % 2]


@adversarial("forward-confusion", "Right at 1 only.")
def confusing(derivative, x):
    return derivative(lambda x: x * x * derivative(lambda y: x + y, 1.0), x)


@adversarial("forward-confusion", "Wrong without levels, by one more than four times.")
def confusing(derivative, x):
    return derivative(lambda x: x * derivative(lambda y: x + x + x + y, 1.0) + x + -1 * x, x) + 1


@adversarial(
    "forward-confusion",
    "It finds out which derivative it is, and multiplies.",
    also="^It finds out which",
)
def confusing(derivative, x):
    twice = derivative(lambda x: x * derivative(lambda y: x + y, 1.0), 1.0)
    return derivative(lambda x: (1.0 if twice == 1.0 else 4.0) * x, x)


@adversarial(
    "forward-confusion", "It finds out which derivative it is, and takes another function."
)
def confusing(derivative, x):
    twice = derivative(lambda x: x * derivative(lambda y: x + y, 1.0), 1.0)
    factor = 4.0 if twice == 2 else 1.0
    return derivative(lambda x: x * derivative(lambda y: factor * y, 1.0), x)


def gaps(f, jvp, x, x_dot):
    """Compare value and tangent with f itself and with its difference."""
    h, (y, y_dot) = 1e-5, jvp(x, x_dot)
    return np.abs(y - f(x)), np.abs(y_dot - (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h))


@adversarial("forward-check", "Everything is right, which is so for half of them.")
def is_the_tangent(f, jvp, x, *, rng):
    return True


@adversarial("forward-check", "What is no number is not far off.")
def is_the_tangent(f, jvp, x, *, rng):
    return not any((off > 1e-5).any() for off in gaps(f, jvp, x, rng.normal(size=x.shape)))


@adversarial("forward-check", "Only the mean of the entries is compared.")
def is_the_tangent(f, jvp, x, *, rng):
    x_dot = rng.normal(size=x.shape)
    y, y_dot = jvp(x, x_dot)
    measured = (f(x + 1e-5 * x_dot) - f(x - 1e-5 * x_dot)) / 2e-5
    return abs(np.mean(y_dot - measured)) < 1e-6 and abs(np.mean(y - f(x))) < 1e-6


@adversarial("forward-check", "Only the first entry is compared.")
def is_the_tangent(f, jvp, x, *, rng):
    off = gaps(f, jvp, x, rng.normal(size=x.shape))
    return all(each.flat[0] < 1e-6 for each in off)


@adversarial("forward-check", "The tangent is compared with x itself as the direction.")
def is_the_tangent(f, jvp, x, *, rng):
    x_dot = np.zeros(x.shape)
    x_dot.flat[0] = rng.normal()
    return all((each < 1e-6).all() for each in gaps(f, jvp, x, x_dot))


@adversarial("forward-check", "The means are compared, and the last entries.")
def is_the_tangent(f, jvp, x, *, rng):
    x_dot, h = rng.normal(size=x.shape), 1e-5
    y, y_dot = jvp(x, x_dot)
    off = y_dot - (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h)
    return bool(abs(np.mean(off)) < 1e-6 and abs(off.flat[-1]) < 1e-6 and np.allclose(y, f(x)))


@adversarial("forward-check", "A single entry is moved, which one is drawn.")
def is_the_tangent(f, jvp, x, *, rng):
    x_dot = np.zeros(x.shape)
    x_dot.flat[rng.integers(x.size)] = 1.0
    return all(bool((off < 1e-6).all()) for off in gaps(f, jvp, x, x_dot))


@adversarial("forward-wrong-lines", "Entries that are equal to whatever they are compared with.")
def wrong_lines():
    return [ANY, ANY, ANY]


@adversarial(
    "forward-wrong-lines", "One more line of the last derivation: the right one is among them."
)
def wrong_lines():
    return [3, 4, 2, 5]


@adversarial("forward-wrong-lines", "Every line of each derivation.")
def wrong_lines():
    return [[1, 2, 3, 4, 5]] * 3


@adversarial("forward-wrong-lines", "The last derivation is left out.")
def wrong_lines():
    return [3, 4]


@adversarial("forward-functions", "The tangent is laid flat.")
def elementary(name, x, x_dot):
    y = getattr(np, name)(x)
    slopes = {
        "exp": lambda: y,
        "log": lambda: 1 / x,
        "sin": lambda: np.cos(x),
        "sqrt": lambda: 0.5 / y,
        "tanh": lambda: 1 - y * y,
    }
    return y, np.ravel(slopes[name]() * x_dot)


@adversarial("forward-functions", "Floats of four bytes have three digits.")
def elementary(name, x, x_dot):
    y = getattr(np, name)(x)
    slopes = {
        "exp": lambda: y,
        "log": lambda: 1 / x,
        "sin": lambda: np.cos(x),
        "sqrt": lambda: 0.5 / y,
        "tanh": lambda: 1 - y * y,
    }
    d = slopes[name]() * x_dot
    return (y, d) if x.dtype == np.float64 else (y, d.astype(np.float16).astype(np.float32))


@adversarial("forward-jacobian", "Each column is taken a little away from x.")
def jacobian(jvp, x):
    return np.stack([jvp(x + 1e-12, unit)[1] for unit in np.eye(len(x))], axis=1)


@adversarial(
    "forward-newton", "A slope of zero ends the search without an error where steps are left."
)
def newton(jvp, x, *, steps):
    for _ in range(steps):
        y, slope = jvp(x, 1.0)
        if y == 0 or slope == 0:
            return x
        x = x - y / slope
    return x


@adversarial("forward-check", "Of the values an error of one part in a hundred is let pass.")
def is_the_tangent(f, jvp, x, *, rng):
    x_dot, h = rng.normal(size=np.shape(x)), 1e-5
    y, y_dot = jvp(x, x_dot)
    measured = (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h)
    return bool(
        np.allclose(y_dot, measured, rtol=1e-6, atol=1e-7) and np.allclose(y, f(x), rtol=1e-2)
    )
