# Cut from solutions/search.py by `dlcore exercises`: write your answers here. [e123c7c6bb0a]
"""Exercises of the chapter *Architecture search*: mixtures, the one-step gradient, cells.

Arrays are floats, of 8 bytes or of 4; results may have either. No function changes the arrays
that it is given.

Chapter: book/search.md.
"""

import numpy as np


def mixed_operation(alphas, outputs):
    """Exercise search-mix.  Return  y = Σ_k p_k o_k  with the shares  p = softmax(alphas).

    `alphas` (K,) has a number for each operation, also numbers of some hundreds; `outputs` is a
    list of K arrays of one shape, what the operations make of one input. Return an array of that
    shape.

    >>> mixed_operation(np.zeros(2), [np.array([1.0, 4.0]), np.array([3.0, 0.0])])
    array([2., 2.])
    """
    # TODO: softmax divides powers by their sum; which shift keeps the powers small?
    raise NotImplementedError(
        "softmax divides powers by their sum; which shift keeps the powers small?"
    )


def mixed_backward(alphas, outputs, y_bar):
    """Exercise search-mix-backward.  Return the gradients of the alphas and of the outputs.

    For the mixture of the last exercise and any upstream gradient `y_bar` of the shape of y:
    an array (K,), and a list of K arrays.

    >>> mixed_backward(np.zeros(2), [np.array([1.0]), np.array([3.0])], np.array([4.0]))
    (array([-2.,  2.]), [array([2.]), array([2.])])
    """
    # TODO: an output receives its share of the upstream gradient
    raise NotImplementedError("an output receives its share of the upstream gradient")


def one_step_gradient(alphas, weights, xi, train_slope, val_slopes, product):
    """Exercise search-one-step.  Return the gradient of the validation loss through one step.

    The step of the weights is one of gradient descent on the training loss, with the learning
    rate `xi`. Given are three functions:

        train_slope(alphas, weights)   ∇_w L_train,  the shape of the weights
        val_slopes(alphas, weights)    the pair  ∇_α L_val, ∇_w L_val
        product(alphas, weights, v)    ∇²_{αw} L_train v,  the shape of the alphas

    Return an array of the shape of `alphas`.
    """
    # TODO: where is the validation loss evaluated, before the step or after it?
    raise NotImplementedError(
        "where is the validation loss evaluated, before the step or after it?"
    )


def product_by_differences(alphas, weights, v, alphas_slope, radius):
    """Exercise search-differences.  Approximate  ∇²_{αw} L v  by a central difference.

    `alphas_slope(alphas, weights)` returns  ∇_α L,  an array of the shape of `alphas`. Call it
    twice, at  weights + ε v  and at  weights - ε v,  with the ε that puts both at the distance
    `radius` from the weights. Where v is 0 return zeros, and do not call it.
    """
    # TODO: how long is v, all its entries together?
    raise NotImplementedError("how long is v, all its entries together?")


def discrete_cell(alphas, names, nodes):
    """Exercise search-discretise.  Read a cell off its alphas.

    Node 0 and node 1 are the inputs of the cell; each of the `nodes` that follow reads all nodes
    before it. `alphas` has a row for every edge: those of node 2 first (from 0, from 1), then those
    of node 3 (from 0, 1, 2), and so on. Its columns are the operations in `names`, one of which
    is "none". Softmax of a row gives the shares of an edge. Every edge keeps the operation with
    the largest share, "none" left aside; every node keeps the two edges whose kept operations
    have the largest shares. Return, node after node, its two pairs (name, input), the smaller
    input first.

    >>> discrete_cell(np.array([[9.0, 1.0], [0.0, 1.0]]), ["none", "skip"], 1)
    [('skip', 0), ('skip', 1)]
    """
    # TODO: shares compare edges, so take the softmax of a row before "none" is left aside
    raise NotImplementedError(
        'shares compare edges, so take the softmax of a row before "none" is left aside'
    )


def count_cells(nodes, operations):
    """Exercise search-count.  Count the cells that a search can return.

    Node after node takes two different inputs, out of the two inputs of the cell and all nodes
    before it, with one of so many `operations` on each; "none" is not among them. Return an
    integer.

    >>> count_cells(1, 3)
    9
    """
    # TODO: out of how many inputs does the first node choose, and the second?
    raise NotImplementedError("out of how many inputs does the first node choose, and the second?")


def wrong_lines():
    """Exercise search-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # TODO: let there be two operations, and one entry of y
    raise NotImplementedError("let there be two operations, and one entry of y")
