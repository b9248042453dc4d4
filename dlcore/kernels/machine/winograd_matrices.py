"""Short algorithms of convolution, derived from points, and what they do to rounding.

A polynomial with n coefficients is known by its values at n points, one of which may lie at
infinity. At a point, a product of polynomials is a product of numbers. That is an algorithm
for multiplying polynomials with n multiplications; transposed, it is one for correlation.

Chapter: book/fast.md.
"""

from fractions import Fraction

import numpy as np

POINTS = 0, 1, -1, 2, -2


def polynomial(roots, length):
    """Multiply out  Π (x - root);  return `length` coefficients, the constant first.

    >>> print(*polynomial([1, -1], 4))
    -1 0 1 0
    """
    coefficients = [Fraction(1)]
    for root in roots:
        shifted, scaled = [0, *coefficients], [*(root * c for c in coefficients), 0]
        coefficients = [a - b for a, b in zip(shifted, scaled, strict=True)]
    return coefficients + [Fraction(0)] * (length - len(coefficients))


def winograd_matrices(m, r):
    """Derive A, B, G with  y = Aᵀ [(G w) ⊙ (B x)]  for m outputs of a filter with r taps.

    Row i of A and of G holds the powers of point i; at infinity, the last, only the highest
    counts. B interpolates, transposed: row i is the polynomial that vanishes at all other
    points. Its value at point i divides row i of G, so that B is whole.
    """
    points, n = [Fraction(point) for point in POINTS[: m + r - 2]], m + r - 1
    B = [polynomial([b for b in points if b != a], n) for a in points] + [polynomial(points, n)]
    values = [
        sum(c * a**k for k, c in enumerate(row)) for a, row in zip(points, B[:-1], strict=True)
    ]
    A = [[a**k for k in range(m)] for a in points] + [[0] * (m - 1) + [1]]
    G = [[a**k / value for k in range(r)] for a, value in zip(points, values, strict=True)]
    return tuple(np.array(rows, object) for rows in (A, B, [*G, [0] * (r - 1) + [1]]))


def growth(m, r):
    """Bound the growth of rounding errors:  how much larger terms are than in the definition.

    If no pixel and no tap exceeds one, the definition adds up r² numbers of at most one.
    The algorithm adds up |A|ᵀ [(|G| |w| |G|ᵀ) ⊙ (|B| |x| |B|ᵀ)] |A|; returned is the quotient.

    >>> [round(growth(m, 3)) for m in (2, 4)]
    [7, 256]
    """
    A, B, G = (np.abs(matrix).astype(float) for matrix in winograd_matrices(m, r))
    return np.max(A.T @ (B.sum(axis=1) * G.sum(axis=1)) / r) ** 2
