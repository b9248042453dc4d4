"""The register tile: a small product of matrices whose sums never leave the registers.

A processor multiplies and adds registers of many numbers,
but only where they are: so a tile of rows × registers holds sums, all terms run past it, and
memory sees each sum once. Offsets and steps count numbers, as they lie in memory.

Chapter: book/fast.md.
"""

from functools import partial
from itertools import product

import numpy as np
from numba import types
from numba.core import cgutils

from dlcore.kernels.machine.registers import LONG, SHORT, VOID, WIDTH, intrinsic_from_ir

ROWS = 6, 4, 1  # the heights of a tile
WIDTHS = (4, 3, 2, 1) if WIDTH == 64 else (2, 1)  # its registers a row, all sizes up to the first


def tile_naive(R, y, at, y_row, w, w_at, w_step, w_row, ws, x, x_at, x_step, xs, terms, K, n, new):
    """Add a list of products to a tile:  y[r, i] += Σₜ Σₖ w[wsₜ + k, r] · x[xsₜ + k, i].

    Steps lead from row to row of y, w and x, and in w from term to term. Last come the entries,
    the terms of each, and the numbers a row, which fill registers of WIDTHS; `new` y is not read.
    """
    y, w, x = y.reshape(-1), w.reshape(-1), x.reshape(-1)
    for r in range(R):
        sums = y[at + r * y_row :][:n]
        if new:
            sums[:] = 0
        for t, k in product(range(terms), range(K)):
            start = x_at + xs[t] + k * x_step
            sums += w[w_at + ws[t] + k * w_step + r * w_row] * x[start : start + n]


@partial(intrinsic_from_ir, tile_naive, types.void)
def tile(reg, rows, y, at, y_row, w, w_at, w_step, w_row, ws, x, x_at, x_step, xs, *size):
    """Do the same in registers, by the tile that just fits."""
    builder, done = reg.builder, reg.builder.append_basic_block("done")
    sizes = builder.switch(builder.add(builder.mul(rows, LONG(8)), reg.count(size[2])), done)
    for R, V in product(ROWS, WIDTHS):
        with builder.goto_block(builder.append_basic_block(f"tile.{R}.{V}")):
            sizes.add_case(LONG(8 * R + V), builder.block)
            emit(reg, R, V, y, at, y_row, w, w_at, w_step, w_row, ws, x, x_at, x_step, xs, *size)
            builder.branch(done)
    builder.position_at_end(done)


def emit(reg, R, V, y, at, y_row, w, w_at, w_step, w_row, ws, x, x_at, x_step, xs, *size):
    """Spell the tile of R rows and V registers."""
    (terms, K, n, new), builder, rows = size, reg.builder, enumerate(reg.every(at, y_row, R))
    left = builder.sub(n, LONG((V - 1) * reg.lanes))
    masks = [reg.mask(LONG(reg.lanes))] * (V - 1) + [reg.mask(left)]
    places = {(r, v): reg.at(y, at, v) for r, at in rows for v in range(V)}
    for place in places.values():  # memory needs time until it can be written
        reg.call("prefetch", VOID, place, SHORT(1), SHORT(3), SHORT(1))
    sums = {place: cgutils.alloca_once_value(builder, reg.zero) for place in places}
    with builder.if_then(builder.not_(new)):
        for (r, v), place in places.items():
            builder.store(reg.load(place, masks[v]), sums[r, v])
    with cgutils.for_range(builder, terms) as term:
        x_here = builder.add(x_at, builder.load(builder.gep(xs, [term.index])))
        w_here = builder.add(w_at, builder.load(builder.gep(ws, [term.index])))
        factors = [builder.gep(w, [start]) for start in reg.every(w_here, w_row, R)]
        with cgutils.for_range(builder, K) as loop:
            start = builder.add(x_here, builder.mul(loop.index, x_step))
            row = [reg.load(reg.at(x, start, v), masks[v]) for v in range(V)]
            step = builder.mul(loop.index, w_step)
            for r in range(R):
                factor = reg.fill(builder.load(builder.gep(factors[r], [step])))
                for v in range(V):
                    more = factor, row[v], builder.load(sums[r, v])
                    builder.store(reg.call("fmuladd", reg.type, *more), sums[r, v])
    for (r, v), place in places.items():
        reg.store(builder.load(sums[r, v]), place, masks[v])


def transpose_block_naive(y, y_at, y_row, x, x_at, x_row, rows, columns):
    """Transpose a block, no side longer than a register:  y[j, i] = x[i, j]."""
    y, x = y.reshape(-1), x.reshape(-1)
    for i, j in product(range(rows), range(columns)):
        y[y_at + j * y_row + i] = x[x_at + i * x_row + j]


@partial(intrinsic_from_ir, transpose_block_naive, types.void)
def transpose_block(reg, y, y_at, y_row, x, x_at, x_row, *sides):
    """Do the same in registers: swap halves, then quarters, down to single numbers."""
    lanes, step = range(reg.lanes), reg.lanes // 2
    block = [reg.load(*place) for place in reg.rows(x, x_at, x_row, *sides)]
    while step:
        low = [j if not j & step else j - step + reg.lanes for j in lanes]
        high = [j + step if not j & step else j + reg.lanes for j in lanes]
        for i in (i for i in lanes if not i & step):
            pair = block[i], block[i + step]
            block[i], block[i + step] = reg.shuffle(*pair, low), reg.shuffle(*pair, high)
        step //= 2
    for value, place in zip(block, reg.rows(y, y_at, y_row, *sides[::-1]), strict=True):
        reg.store(value, *place)


def congruence(matrices):
    """Make a function that multiplies squares from both sides:  y = M x Mᵀ,  M = matrices[m].

    Entry k of x is the run of n numbers at ``x_at + xs[k]``, entry k of y that at
    ``y_at + ys[k]``. An offset below zero is nowhere: nought is read, nothing written.
    """

    def plain(m, y, y_at, ys, x, x_at, xs, n):
        (b, a), y, x = matrices[m].shape, y.reshape(-1), x.reshape(-1)
        entries = [x[x_at + at :][:n] if at >= 0 else np.zeros(n) for at in xs[: a * a]]
        M, square = matrices[m].astype(x.dtype), np.reshape(entries, (a, a, n)).astype(x.dtype)
        made = np.einsum("ik,kln,jl->ijn", M, square, M).reshape(b * b, n)
        for at, entry in zip(ys, made, strict=False):
            if at >= 0:
                y[y_at + at :][:n] = entry

    def compiled(reg, m, y, y_at, ys, x, x_at, xs, n):
        builder = reg.builder
        for size, M in matrices.items():
            (b, a), this = M.shape, builder.icmp_signed("==", m, LONG(size))
            with builder.if_then(this), cgutils.for_range(builder, reg.count(n)) as loop:
                lane = builder.mul(loop.index, LONG(reg.lanes))
                start, left = builder.add(x_at, lane), builder.sub(n, lane)
                square = [reg.load(*at) for at in reg.entries(x, start, xs, a * a, left)]
                half = [[reg.mix(row, square[j::a]) for j in range(a)] for row in M]
                made = [reg.mix(row, line) for line in half for row in M]
                places = reg.entries(y, builder.add(y_at, lane), ys, b * b, left)
                for value, place in zip(made, places, strict=True):
                    reg.store(value, *place)

    return intrinsic_from_ir(plain, types.void, compiled)
