"""Exercises of the chapter *DenseNet*: blocks forwards and backwards, and what they cost.

Maps have axes (N, C, H, W), and layers append channels. Arrays are floats of 8 bytes, or of 4, and
results may then have either; they are as exact as rounding lets them be. No function changes the
arrays that it is given.

Chapter: book/densenet.md.
"""

import numpy as np


def dense_block(x, layers):
    """Exercise densenet-forward.  Run a dense block; return all its maps, x first.

    Each layer is a function from all maps before it (N, c, H, W) to the maps that it adds
    (N, k, H, W); k may differ from layer to layer. Each is called once. With no layers the block
    returns the maps of x.
    """
    # BEGIN SOLUTION
    # HINT: what does the second layer read?
    # HINT: np.concatenate([z, layer(z)], axis=…) on the axis of channels
    z = x
    for layer in layers:
        z = np.concatenate([z, layer(z)], axis=1)
    return z
    # END SOLUTION


def channels(C, growth, blocks, compression=1.0):
    """Exercise densenet-channels.  List the channels behind every layer and every transition.

    C maps come from the first convolution. `blocks` says how many layers each block has. A layer
    adds `growth` maps. Between two blocks a transition keeps the part `compression` of the maps,
    rounded down. The list begins with C.

    >>> channels(10, 3, [2, 1], 0.5)
    [10, 13, 16, 8, 11]
    """
    # BEGIN SOLUTION
    # HINT: how many maps are there behind a layer, if there are c before it?
    # HINT: there is a transition before each block but the first
    # HINT: for number, layers in enumerate(blocks): if number: found.append(int(…))
    found = [C]
    for number, layers in enumerate(blocks):
        if number:
            found.append(int(compression * found[-1]))
        for _ in range(layers):
            found.append(found[-1] + growth)
    return found
    # END SOLUTION


def dense_block_backward(z_bar, pullbacks, growth):
    """Exercise densenet-backward.  Return the gradient of x, given that of all maps.

    ``pullbacks[i]`` takes the gradient of the `growth` maps that layer i added, and returns that
    of all maps that it read. z_bar has all maps of the block, those of x first. Call each
    pullback once.
    """
    # BEGIN SOLUTION
    # HINT: a map has as many users as there are layers after it, and the block's result besides
    # HINT: begin with the last layer: of its maps no layer reads any
    # HINT: bar = bar[:, :-growth] + pullback(bar[:, -growth:])
    bar = z_bar
    for pullback in reversed(pullbacks):
        bar = bar[:, :-growth] + pullback(bar[:, -growth:])
    return bar
    # END SOLUTION


def parameters(depth, growth, *, bottleneck=False, compression=1.0):
    """Exercise densenet-parameters.  Count the parameters of a DenseNet for CIFAR-10.

    The first convolution has 3 × 3 filters on 3 channels: 16 of them, or 2 growth with
    bottlenecks. Three blocks have n layers each: depth = 3 n + 4, or 6 n + 4 with bottlenecks. A
    layer that reads c maps is a batch norm of them and `growth` filters of 3 × 3. With a bottleneck
    it is a norm, 4 growth filters of 1 × 1, a norm, and `growth` filters of 3 × 3. Between blocks a
    transition is a norm and filters of 1 × 1, so many as maps are kept: the part `compression` of
    them, rounded down. At the end there are a norm and a linear layer with biases to 10 scores. No
    convolution has a bias; a norm has a scale and a shift for each map.

    >>> parameters(40, 12)
    1019722
    """
    # BEGIN SOLUTION
    # HINT: keep two numbers: how many maps there are, and how many parameters so far
    # HINT: what does a layer cost that reads c maps? 2 c for its norm, and its filters
    # HINT: c grows by `growth` with every layer, and a transition makes it int(compression * c)
    c = 2 * growth if bottleneck else 16
    n = (depth - 4) // (6 if bottleneck else 3)
    count = 27 * c
    for block in range(3):
        if block:
            kept = int(compression * c)
            count += 2 * c + c * kept
            c = kept
        for _ in range(n):
            if bottleneck:
                count += 2 * c + 4 * growth * c + 8 * growth + 36 * growth**2
            else:
                count += 2 * c + 9 * growth * c
            c += growth
    return count + 2 * c + 10 * (c + 1)
    # END SOLUTION


def memory(C, growth, layers):
    """Exercise densenet-memory.  Count the numbers that a block keeps for each pixel.

    Return two whole numbers. The first is for layers with arrays of their own: each keeps the
    normalised maps that it reads, the maps that it makes, and the concatenation of what it
    reads and makes. The second is for one buffer in which each map is stored once. The block
    reads C maps, which belong to the second number only. There may be 10⁹ layers.

    >>> memory(10, 3, 2)
    (58, 16)
    """
    # BEGIN SOLUTION
    # HINT: layer i, counted from 0, reads C + i growth maps; what does it keep?
    # HINT: the sum of 0, 1, …, n - 1 is n (n - 1)/2
    # HINT: each layer keeps 2 (C + i growth) + 2 growth
    copies = 2 * layers * C + growth * layers * (layers + 1)
    return copies, C + growth * layers
    # END SOLUTION


def shared_backward(x_hat, sigma, gammas, betas, z_bars):
    """Exercise densenet-statistics.  Return the gradient of maps that several layers normalise.

    Layer l has computed  max(0, γ_l x̂ + β_l)  and received the gradient z̄_l of it. Given are
    x̂ = (x - μ)/σ (N, C, H, W), with mean and deviation of each channel over the batch, σ (C,),
    and for each layer γ_l (C,), β_l (C,) and z̄_l (N, C, H, W), in three lists. Return x̄. ε is 0,
    and no γ_l x̂ + β_l is 0.
    """
    # BEGIN SOLUTION
    # HINT: what is the gradient of x̂, which all layers use?
    # HINT: add up γ_l z̄_l where the ReLU of layer l was positive
    # HINT: x̄ = (g - mean g - x̂ mean(g x̂))/σ, means over images and pixels
    along = (0, 2, 3)
    g = np.zeros(x_hat.shape)
    for gamma, beta, z_bar in zip(gammas, betas, z_bars, strict=True):
        scale, shift = gamma[:, None, None], beta[:, None, None]
        g += scale * z_bar * (scale * x_hat + shift > 0)
    mean = g.mean(axis=along, keepdims=True)
    share = (g * x_hat).mean(axis=along, keepdims=True)
    return (g - mean - x_hat * share) / sigma[:, None, None]
    # END SOLUTION


def wrong_lines():
    """Exercise densenet-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # BEGIN SOLUTION
    # HINT: put in numbers: a block of one layer that reads one map, with growth 1
    # HINT: in the second one, let i k be 0, and then 1
    # HINT: in the last one, let there be two layers and two pixels
    return [4, 3, 2]
    # END SOLUTION
