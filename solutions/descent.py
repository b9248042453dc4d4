"""Exercises of the chapter *Descent*: steps, bounds, and what is best.

Points and slopes are float64 arrays (D,). No function changes the arrays that it is given.

Chapter: book/descent.md.
"""

import numpy as np


def step(w, g, curvature):
    """Exercise descent-step.  Return the minimum of a quadratic model of f at w.

        f(w) + ⟨g, z - w⟩ + 1/2 Σ_d curvature_d (z_d - w_d)²,   least in z

    The gradient of f at w is g. The curvature is a positive number, or one for each entry of w. The
    point is an array (D,), right up to rounding.

    >>> step(np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.array([1.0, 4.0]))
    array([-1. ,  0.5])
    """
    # BEGIN SOLUTION
    # HINT: at the minimum every derivative by an entry of z is zero
    # HINT: the derivative by z_d is g_d + curvature_d (z_d - w_d)
    # HINT: return w - g / curvature
    return w - g / curvature
    # END SOLUTION


def both_sides(points, slopes, u, rate):
    """Exercise descent-bound.  Return both sides of the bound for T steps from any start.

        Σₜ ⟨wₜ - u, vₜ⟩   ≤   ‖w₁ - u‖² / (2 rate) + rate / 2 Σₜ ‖vₜ‖²

    There are T + 1 points, (T + 1, D), and T directions, (T, D), each of which led from its point
    to the next with the learning rate; u is any point, (D,). The sides are two numbers, the left
    one first.

    >>> points, slopes = np.array([[0.0], [2.0], [3.0]]), np.array([[-4.0], [-2.0]])
    >>> both_sides(points, slopes, np.array([4.0]), 0.5)
    (20.0, 21.0)
    """
    # BEGIN SOLUTION
    # HINT: which of the points has no slope beside it?
    # HINT: np.sum(a * b) adds up the inner products of the rows of a and b
    # HINT: left is np.sum((points[:-1] - u) * slopes); ‖w₁ - u‖² is np.sum((points[0] - u) ** 2)
    left = np.sum((points[:-1] - u) * slopes)
    right = np.sum((points[0] - u) ** 2) / (2 * rate) + rate / 2 * np.sum(slopes**2)
    return float(left), float(right)
    # END SOLUTION


def plan(accuracy, distance, rho):
    """Exercise descent-rate.  Return the fewest steps that guarantee an accuracy, and a rate.

    The average of T points is above the minimum by

        distance² / (2 rate T) + rate rho² / 2

    at most. The rate is the one at which this is least. T is one at least, and where a whole
    number gives the accuracy exactly it is that number.

    >>> plan(0.5, 2.0, 4.0)
    (256, 0.03125)
    """
    # BEGIN SOLUTION
    # HINT: for a given T, at which rate are the two terms equal, and what is their sum?
    # HINT: the sum is distance · rho / √T; how large must T be?
    # HINT: T = math.ceil((distance * rho / accuracy) ** 2), rate = distance / (rho * √T)
    steps = int(np.ceil((distance * rho / accuracy) ** 2))
    return steps, float(distance / (rho * np.sqrt(steps)))
    # END SOLUTION


def averaged(slope, w, rates):
    """Exercise descent-average.  Descend from w and return the average of the points.

    One slope is taken for every learning rate, and the points at which it was taken are averaged;
    the last point is not one of them. There is at least one rate. The rates may be a generator,
    which is read to its end, and too many to keep all points: hold a few of them at a time.

    >>> averaged(lambda w: w - 4, np.array([0.0]), (0.5 for _ in range(2))).tolist()
    [1.0]
    """
    # BEGIN SOLUTION
    # HINT: a sum of points and a count of them are all that has to be remembered
    # HINT: add the point to the sum before the step, not after it
    # HINT: w = w - rate * slope(w) makes a new array; w -= … would change the reader's
    total, count = np.zeros(w.shape), 0
    for rate in rates:
        total, count = total + w, count + 1
        w = w - rate * slope(w)
    return total / count
    # END SOLUTION


def targets(w, rate, distance):
    """Exercise descent-leave.  Choose examples with which a step must leave the minimum.

    Examples x₁ … x_N make the function  1/(2N) Σₙ (w - xₙ)². A step with one example goes
    against its gradient alone,  w - xₙ. Return examples, an array (N,), whose function has its
    minimum at `w`, and of which each leads from there to a point `distance` away. The minimum is
    any number; rate and distance are positive.

    >>> examples = np.array(targets(0.5, 0.25, 1.0))
    >>> float(examples.mean()), bool(np.allclose(np.abs(0.25 * (0.5 - examples)), 1.0))
    (0.5, True)
    """
    # BEGIN SOLUTION
    # HINT: where is the minimum of a mean of such parabolas?
    # HINT: two examples will do, one on either side of w
    # HINT: a step has the length rate · |w - x|; how far off is x?
    return np.array([w - distance / rate, w + distance / rate])
    # END SOLUTION


def heavy_ball(curvature1, curvature2):
    """Exercise descent-momentum.  Return the best learning rate and momentum for a quadratic.

    Its curvatures lie between the two, 0 < curvature1 ≤ curvature2, and momentum follows
    v ← momentum v - rate g,  w ← w + v. In the long run, no other pair has a smaller factor
    per step for the slowest of them. Both are right to seven digits.

    >>> heavy_ball(1.0, 9.0)
    (0.25, 0.25)
    """
    # BEGIN SOLUTION
    # HINT: the factor is √momentum while both curvatures are where the roots are conjugate
    # HINT: this range ends where rate · curvature is (1 - √momentum)² or (1 + √momentum)²
    # HINT: put a curvature at either end: √rate = 2 / (√curvature1 + √curvature2)
    low, high = np.sqrt(curvature1), np.sqrt(curvature2)
    return float((2 / (low + high)) ** 2), float(((high - low) / (high + low)) ** 2)
    # END SOLUTION


def wrong_lines():
    """Exercise descent-wrong-lines.  Return which line of each derivation does not follow.

    Three numbers: for the first derivation, the second and the third.
    """
    # BEGIN SOLUTION
    # HINT: try one dimension, one step, and numbers for which little vanishes
    # HINT: what does each reason allow to change, and what has changed besides?
    # HINT: one counts something twice, one loses a sign, one forgets where it began
    return [3, 2, 4]
    # END SOLUTION
