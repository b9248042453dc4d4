"""Right answers to the exercises of *Forward mode* that look unusual, each with what is unusual."""

import math

import numpy as np

from dlcore.course.exercises.known_answers import right


@right("forward-dual", "Slots; whatever has a tangent is a dual number.")
class Dual:
    __slots__ = ("dot", "value")

    def __init__(self, value, dot=0):
        self.value, self.dot = value, dot

    @staticmethod
    def parts(x):
        return (x.value, x.dot) if hasattr(x, "dot") else (x, 0)

    def __add__(self, other):
        z, z_dot = self.parts(other)
        return type(self)(z + self.value, z_dot + self.dot)

    def __radd__(self, other):
        return self + other

    def __mul__(self, other):
        z, z_dot = self.parts(other)
        return type(self)(z * self.value, self.value * z_dot + z * self.dot)

    def __rmul__(self, other):
        return self * other


@right("forward-dual", "Plain numbers have a rule of their own.")
class Dual:
    def __init__(self, value, dot=0):
        self.value = value
        self.dot = dot

    def __add__(self, other):
        if not isinstance(other, type(self)):
            return type(self)(self.value + other, self.dot)
        return type(self)(self.value + other.value, other.dot + self.dot)

    def __mul__(self, other):
        if not isinstance(other, type(self)):
            return type(self)(self.value * other, self.dot * other)
        return type(self)(other.value * self.value, other.value * self.dot + other.dot * self.value)

    __radd__ = __add__
    __rmul__ = __mul__


@right("forward-functions", "A step into the complex plane.")
def elementary(name, x, x_dot):
    z = getattr(np, name)(np.asarray(x, float) + 1e-150j * np.asarray(x_dot, float))
    return [z.real, z.imag / 1e-150]


@right("forward-functions", "Number by number, with the functions of Python.")
def elementary(name, x, x_dot):
    slope = {
        "exp": math.exp,
        "log": lambda x: x**-1,
        "sin": lambda x: math.sin(x + math.pi / 2),
        "sqrt": lambda x: 1 / (math.sqrt(x) * 2),
        "tanh": lambda x: math.cosh(x) ** -2,
    }[name]
    y = [getattr(math, name)(each) for each in np.ravel(x)]
    slopes = [slope(each) for each in np.ravel(x)]
    return np.reshape(y, np.shape(x)), np.reshape(slopes, np.shape(x)) * x_dot


@right("forward-jvp", "The matrix of all slopes, times the direction; lists come back.")
def example_jvp(w, w_dot):
    w1, w2 = map(float, w)
    s = math.exp(w1) + math.exp(2 * w2)
    outer = math.exp(s) + math.cos(s)
    squash = 0.5 * (1 + math.tanh(w1 / 2))
    J = [[outer * math.exp(w1), 2 * outer * math.exp(w2) ** 2], [w2 + squash - squash**2, w1]]
    return [math.exp(s) + math.sin(s), w1 * w2 + squash], list(np.dot(J, w_dot))


@right("forward-jvp", "A step into the complex plane.")
def example_jvp(w, w_dot):
    w1, w2 = np.asarray(w) + 1e-120j * np.asarray(w_dot)
    s = np.exp(w1) + np.exp(w2) ** 2
    y = np.array([np.exp(s) + np.sin(s), w1 * w2 + np.exp(w1) / (1 + np.exp(w1))])
    return y.real, y.imag / 1e-120


@right("forward-jacobian", "From the last column to the first, in lists, with names of arguments.")
def jacobian(jvp, x):
    columns = []
    for d in reversed(range(x.size)):
        unit = np.zeros(x.size)
        unit[d] = 1.0
        columns.insert(0, jvp(x=x, x_dot=unit)[1].tolist())
    return [list(row) for row in zip(*columns, strict=True)]


@right("forward-jacobian", "Longer directions, and a view of the transposed matrix.")
def jacobian(jvp, x):
    return (np.array([jvp(x, 2.0 * unit)[1] for unit in np.identity(len(x))]) / 2.0).T


@right("forward-newton", "By recursion; the error has no message.")
def newton(jvp, x, *, steps):
    if steps == 0:
        return x
    y, slope = jvp(x, 1)
    if not y:
        return x
    if not slope:
        raise ValueError
    return newton(jvp, x - y / slope, steps=steps - 1)


@right("forward-newton", "A division by zero is caught.")
def newton(jvp, x, *, steps):
    taken = 0
    while taken < steps:
        y, slope = (float(part) for part in jvp(x, np.float64(2.0)))
        if y == 0.0:
            break
        try:
            x = np.float64(x - 2.0 * y / slope)
        except ZeroDivisionError:
            raise ValueError(f"no zero from {x}") from None
        taken += 1
    return x


@right("forward-confusion", "Whole multiples of x instead of sums.")
def confusing(derivative, x):
    def outer(x):
        def inner(y):
            return y + 3 * x

        return 5.0 * x * derivative(inner, 0.0)

    return derivative(outer, x)


@right("forward-confusion", "Confused twice, by two each time.")
def confusing(derivative, x):
    inner = lambda x: derivative(lambda y: x + y, 2.0)
    return derivative(lambda x: x * inner(x) * inner(x), x)


@right("forward-confusion", "Inside and outside of a product, with plain numbers.")
def confusing(derivative, x):
    return derivative(lambda z: derivative(lambda y: z * 3.0 + y * 1.0, 2.0) * (5.0 * z), x)


@right("forward-check", "The whole matrix of slopes by central differences, at every unit vector.")
def is_the_tangent(f, jvp, x, *, rng):
    for entry in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[entry] = 1.0
        y, y_dot = jvp(x, unit)
        slope = (f(x + 1e-6 * unit) - f(x - 1e-6 * unit)) / 2e-6
        if not (np.max(np.abs(y - f(x))) < 1e-9 and np.max(np.abs(y_dot - slope)) < 1e-5):
            return np.False_
    return np.True_


@right(
    "forward-check", "Five directions of length one, differences of four points, sums of squares."
)
def is_the_tangent(f, jvp, x, *, rng):
    def far(one, other):
        return not np.sum((np.asarray(one) - other) ** 2) < 1e-10

    for _ in range(5):
        u = rng.uniform(-1, 1, size=x.shape)
        u /= np.sqrt(np.sum(u**2))
        y, y_dot = jvp(x_dot=u, x=x)
        near, wide = ((f(x + h * u) - f(x - h * u)) / (2 * h) for h in (1e-3, 2e-3))
        if far(y, f(x)) or far(y_dot, (4 * near - wide) / 3):
            return 0
    return 1


@right("forward-check", "Differences of two step sizes, extrapolated; the verdict is a number.")
def is_the_tangent(f, jvp, x, *, rng):
    x_dot = rng.standard_normal(x.shape)
    y, y_dot = map(np.asarray, jvp(x, x_dot))
    slope = lambda h: (f(x + h * x_dot) - f(x - h * x_dot)) / (2 * h)
    off = np.abs(y_dot - (4 * slope(1e-3) - slope(2e-3)) / 3)
    right_value = np.abs(y - f(x)) <= 1e-10 * (1 + np.abs(y))
    return int(right_value.all() and (off < 2e-6 * (1 + np.abs(y_dot))).all())
