"""Transposed convolutions, linear layers without a bias, networks from a list of sizes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcore.autodiff import check_gradients
from dlcore.nn import ConvTranspose2d, Linear, named_parameters, named_weights
from dlcore.nn.models import MLP
from dlcore.ops import conv2d, conv_transpose2d, gelu, relu


def spread(x, w, stride, dilation):
    """Add every pixel times the filter to the place where it lies, without padding."""
    (N, F, P, Q), (_, C, U, V) = x.shape, w.shape
    y = np.zeros((N, C, (P - 1) * stride + dilation * (U - 1) + 1,
                  (Q - 1) * stride + dilation * (V - 1) + 1))  # fmt: skip
    for n, f, p, q, c, u, v in np.ndindex(N, F, P, Q, C, U, V):
        y[n, c, p * stride + u * dilation, q * stride + v * dilation] += (
            x[n, f, p, q] * w[f, c, u, v]
        )
    return y


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (3, 2), (1, 2)])
def test_a_transposed_convolution_spreads_every_pixel(stride, dilation, rng):
    """y[n, c, p s + u a, q s + v a] += x[n, f, p, q] w[f, c, u, v], with a bias for every map."""
    x, w, b = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 6, 3, 2)), rng.normal(size=6)
    wanted = spread(x, w, stride, dilation) + b[:, None, None]
    y = conv_transpose2d(x, w, b, stride=stride, dilation=dilation)
    assert_allclose(y, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("stride", "extra"), [(2, 0), (2, 1), (3, 2)])
def test_padding_is_cut_off_and_more_rows_are_added(stride, extra, rng):
    """Padding takes rows away on all sides; `output_padding` gives back some at the end."""
    x, w = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 6, 3, 3))
    y = conv_transpose2d(x, w, stride=stride, padding=1, output_padding=extra)
    whole = np.pad(spread(x, w, stride, 1), ((0, 0), (0, 0), (0, extra), (0, extra)))
    assert_allclose(y, whole[:, :, 1:-1, 1:-1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("padding", "groups"), [(0, 1), (0, 3), (1, 1), (1, 3)])
def test_it_is_the_transpose_of_convolution(padding, groups, rng):
    """⟨conv(z), x⟩ = ⟨z, conv_transpose(x)⟩ for all x and z."""
    x, w = rng.normal(size=(2, 6, 4, 5)), rng.normal(size=(6, 2, 3, 2))
    options = {"stride": 2, "padding": padding, "groups": groups}
    y = conv_transpose2d(x, w, **options)
    z = rng.normal(size=y.shape)
    assert_allclose(np.vdot(conv2d(z, w, **options), x), np.vdot(z, y))


def test_its_layer_has_derivatives(rng):
    """Forwards and backwards, by differences."""
    layer = ConvTranspose2d(4, 6, (3, 2), stride=2, padding=1, groups=2, rng=rng)
    w, b = layer.params["w"], rng.normal(size=6)
    f = lambda x, w, b: conv_transpose2d(x, w, b, **layer.options)
    check_gradients(f, rng.normal(size=(2, 4, 3, 5)), w, b, rng=rng)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"stride": 2, "output_padding": 2}, r"output_padding is \(2, 2\), it must be less"),
        ({"padding": 4}, r"maps of \(-2, -1\) are left, pad less"),
        ({"stride": 0}, "conv_transpose2d: stride is 0, pass a whole number"),
        ({"padding": -1}, "conv_transpose2d: padding is -1, pass a whole number"),
        ({"output_padding": -1}, "conv_transpose2d: output_padding is -1, pass a whole number"),
    ],
)
def test_what_cannot_be_spread_is_refused(options, told):
    """By name, with both values."""
    with pytest.raises(ValueError, match=told):
        conv_transpose2d(np.ones((1, 1, 4, 5)), np.ones((1, 1, 3, 3)), **options)


def test_a_map_of_one_pixel_may_be_left():
    """Three rows and columns, of which the padding takes all but the middle ones."""
    y = conv_transpose2d(np.full((1, 1, 1, 1), 2.0), np.arange(9.0).reshape(1, 1, 3, 3), padding=1)
    assert y.tolist() == [[[[8.0]]]]


def test_a_linear_layer_may_have_no_bias(rng):
    """Then it has one parameter, and the by-hand backward pass agrees with x̄ = ȳ wᵀ, w̄ = xᵀ ȳ."""
    layer, x, y_bar = (
        Linear(5, 3, rng=rng, bias=False),
        *map(rng.normal, [0, 0], [1, 1], [(4, 5), (4, 3)]),
    )
    assert list(layer.params) == ["w"]
    assert_allclose(layer.forward(x), x @ layer.params["w"])
    assert_allclose(layer.backward(y_bar), y_bar @ layer.params["w"].T)
    assert_allclose(layer.grads["w"], x.T @ y_bar)


def test_a_perceptron_has_a_linear_layer_for_every_pair_of_sizes(rng):
    """With the ReLU between them and none at the end."""
    model, x = MLP(7, (6, 5), 4, rng=rng), rng.normal(size=(3, 7))
    w = list(named_weights(model).values())
    assert [each.shape for each in w] == [(7, 6), (6, 5), (5, 4)]
    assert list(named_parameters(model))[:3] == ["layers.0.w", "layers.0.b", "layers.1.w"]
    assert_allclose(model(x), relu(relu(x @ w[0]) @ w[1]) @ w[2])


def test_a_perceptron_without_hidden_layers_is_linear(rng):
    """And a hidden layer without units is refused."""
    model = MLP(7, (), 4, rng=rng)
    assert_allclose(model(np.eye(7)), model.layers[0].params["w"])
    with pytest.raises(ValueError, match=r"hidden is \(3, 0\)"):
        MLP(7, (3, 0), 4, rng=rng)


def test_the_tanh_form_of_gelu_is_near_the_other():
    """Nowhere more than 0.0005 apart, and not the same."""
    x = np.linspace(-6, 6, 1001)
    gap = np.abs(gelu(x, approximate="tanh") - gelu(x)).max()
    assert 1e-4 < gap < 5e-4
