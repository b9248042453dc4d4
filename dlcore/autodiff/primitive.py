"""A primitive: a function together with its two derivative rules.

For y = f(x₁, …, xₖ) the rules are

    jvp:  ẏ  = Σᵢ (∂y/∂xᵢ) ẋᵢ          the change of y for small changes of the x
    vjp:  x̄ᵢ = (∂y/∂xᵢ)ᵀ ȳ             the gradient of a loss by xᵢ, from that by y

Rules are written in NumPy's own syntax, so they can be differentiated again.

Chapter: book/linear.md.
"""

from functools import partial, update_wrapper
from inspect import Parameter, signature

from dlcore.autodiff.dispatch import implements, top_trace
from dlcore.shapes import Booleans, Integers, checked

registry = []  # every primitive, in the order of definition


class Primitive:
    """A function with its rules; calls are checked against the shapes of its signature.

    ===========  ==================================================================
    options      keyword options and the values that its lemmas should try
    domain       for an argument: "real" (if absent), "positive", "nonzero", "inside"
                 for (-1, 1), "outside" for x > 1, or "definite" for x xᵀ + 1
    shapes       the axes that its lemmas should try, where the signature says "..."
    ===========  ==================================================================

    A call raises ShapeError where arrays disagree with the signature, and TypeError where they
    hold numbers of another kind; the result has the dtype of its arguments.

    >>> from dlcore.ops.linear import linear
    >>> linear, linear.differentiable
    (<primitive linear>, [0, 1, 2])
    """

    def __init__(self, function, *, numpy=(), options=None, domain=None, shapes=()):
        update_wrapper(self, function)
        self.function = checked(function)
        self.options, self.domain, self.shapes = options or {}, domain or {}, shapes
        parameters = signature(function).parameters.values()
        self.arguments = [p for p in parameters if p.kind is not Parameter.KEYWORD_ONLY]
        self.many = self.arguments[-1].kind is Parameter.VAR_POSITIONAL
        annotations = [parameter.annotation for parameter in self.arguments]
        self.differentiable = [i for i, each in enumerate(annotations) if has_derivative(each)]
        self.ranks = {position: i for i, position in enumerate(self.differentiable)}
        self.layout_rule = None
        registry.append(self)
        implements(*numpy)(self)

    def __repr__(self):
        return f"<primitive {self.__name__}>"

    def __call__(self, *args, **options):
        """Compute y = f(x₁, …, xₖ), or let the top_trace trace among the arguments record it."""
        if len(args) < len(self.arguments):
            args, options = self.by_position(args, options)
        trace = top_trace(args)
        if trace is None:
            return self.function(*args, **options)
        return trace.record(self, args, options)

    def by_position(self, args, options):
        """Bring arguments that were passed by name to their positions."""
        named = [p.name for p in self.arguments[len(args) :] if p.name in options]
        rest = {name: value for name, value in options.items() if name not in named}
        return (*args, *(options[name] for name in named)), rest

    def positions(self, args):
        """Name the positions of `args` that have a derivative."""
        return range(len(args)) if self.many else self.differentiable

    def deflayout(self, rule):
        """Declare the memory order: ``rule(*xs)``, the same values as both passes read them."""
        self.layout_rule = rule
        return rule

    def laid_out(self, xs):
        """Return the arguments in the memory order that forward and backward pass read."""
        return xs if self.layout_rule is None else self.layout_rule(*xs)

    def defjvp(self, rule):
        """Declare ẏ: ``rule(y, *xs, *x_dots)``, a tangent for every argument that has one."""
        self.jvp_rule = rule
        return rule

    def defvjp(self, rule):
        """Declare x̄: ``rule(y, *xs, y_bar)``, per argument an array or a function that makes it."""
        self.vjp_rule = rule
        return rule

    def jvp(self, y, *xs_and_dots, **options):
        """Push tangents forwards:  ẏ = Σᵢ (∂y/∂xᵢ) ẋᵢ."""
        try:
            rule = self.jvp_rule
        except AttributeError:
            raise TypeError(f"{self.__name__}: has no jvp rule, declare it with defjvp") from None
        return rule(y, *xs_and_dots, **options)

    def vjp(self, y, *xs_and_bar, argnums=None, **options):
        """Pull a cotangent back:  x̄ᵢ = (∂y/∂xᵢ)ᵀ ȳ, for every argument or the `argnums` ones."""
        try:
            rule = self.vjp_rule
        except AttributeError:
            raise TypeError(f"{self.__name__}: has no vjp rule, declare it with defvjp") from None
        bars = rule(y, *xs_and_bar, **options)
        if argnums is not None:
            bars = [bars[self.ranks.get(position, position)] for position in argnums]
        return tuple(bar() if callable(bar) else bar for bar in bars)


def has_derivative(annotation):
    """Tell whether an argument has a derivative: labels, indices and masks have none.

    >>> from dlcore.shapes import Features, Labels
    >>> has_derivative(Features), has_derivative(Labels)
    (True, False)
    """
    return getattr(annotation, "__origin__", None) not in (Integers, Booleans)


def primitive(function=None, **declarations):
    """Make a primitive of `function`; use it as a decorator, with or without declarations.

    The declarations are those of `Primitive`, and `numpy`, the functions of NumPy that it takes
    the place of. The signature must name the shapes; every primitive is listed in `registry`.

    >>> from dlcore.shapes import Tensor
    >>> @primitive
    ... def double(x: Tensor) -> Tensor:
    ...     return 2 * x
    >>> rule = double.defvjp(lambda y, x, y_bar: (2 * y_bar,))
    >>> registry.pop()
    <primitive double>
    """
    if function is None:
        return partial(primitive, **declarations)
    return Primitive(function, **declarations)
