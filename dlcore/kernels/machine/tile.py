"""The register tile: a small product of matrices whose sums stay in registers.

A processor multiplies and adds only what is in its registers. A tile of rows × registers holds
the sums while all terms are added, so that each sum is read from memory and written to it once.
Beside every function that is written in LLVM's representation stands its twin in Python.

Chapter: book/fast.md.
"""

from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
from numba import types
from numba.core import cgutils

from dlcore.kernels.machine.registers import (
    LONG,
    MASKED,
    REGISTERS,
    SHORT,
    VOID,
    intrinsic_from_ir,
)

ROWS = 6, 4, 1  # the heights of a tile
WIDTHS = (4, 3, 2, 1) if REGISTERS == 32 else (2, 1)  # its registers a row, all up to the first


class Matrix(NamedTuple):
    """A matrix that lies in an array, wherever it begins and however its entries follow.

    Entry (i, j) is number  start + i row_step + j column_step  of the array, in memory order.
    """

    array: np.ndarray
    start: int
    row_step: int
    column_step: int


class Terms(NamedTuple):
    """A sum of products of matrices:  term t begins at offsets from where w and x begin.

    There are `count` terms; `depth` is the number of columns of each w, and of rows of each x.
    """

    w_offsets: np.ndarray
    x_offsets: np.ndarray
    count: int
    depth: int


class Square(NamedTuple):
    """A square matrix whose entries are runs of numbers:  entry k at  start + offsets[k].

    Where an offset is negative the entry lies outside: it reads as zero, and is not written.
    """

    array: np.ndarray
    start: int
    offsets: np.ndarray


def tile_naive(y, w, x, terms, rows, columns, overwrite):
    """Add a sum of products to a tile:  y[r, i] += Σₜ Σₖ wₜ[r, k] · xₜ[k, i].

    y, w and x are matrices. The rows of y and x are contiguous: their `column_step` is 1. With
    `overwrite` y is not read, and the sum takes its place.
    """
    w_entries, x_entries = w.array.reshape(-1), x.array.reshape(-1)
    for r in range(rows):
        sums = y.array.reshape(-1)[y.start + r * y.row_step :][:columns]
        if overwrite:
            sums[:] = 0
        for t, k in product(range(terms.count), range(terms.depth)):
            w_at = w.start + terms.w_offsets[t] + r * w.row_step + k * w.column_step
            x_at = x.start + terms.x_offsets[t] + k * x.row_step
            sums += w_entries[w_at] * x_entries[x_at : x_at + columns]


@partial(intrinsic_from_ir, tile_naive, types.void)
def tile(reg, y, w, x, terms, rows, columns, overwrite):
    """Branch to the code for so many rows, and for as many registers as the columns fill."""
    builder, done = reg.builder, reg.builder.append_basic_block("done")
    size = builder.add(builder.mul(rows, LONG(8)), reg.count(columns))
    sizes = builder.switch(size, done)
    for R, V in product(ROWS, WIDTHS):
        with builder.goto_block(builder.append_basic_block(f"tile.{R}.{V}")):
            sizes.add_case(LONG(8 * R + V), builder.block)
            left = builder.sub(columns, LONG((V - 1) * reg.lanes))
            masks = [None] * (V - 1) + [reg.mask(left)]
            if MASKED:
                emit_tile(reg, y, w, x, terms, R, masks, overwrite)
            else:  # masks would be branches in the innermost loop
                full = builder.icmp_signed("==", left, LONG(reg.lanes))
                with builder.if_else(full) as (inside, at_edge):
                    with inside:
                        emit_tile(reg, y, w, x, terms, R, [None] * V, overwrite)
                    with at_edge:
                        emit_tile(reg, y, w, x, terms, R, masks, overwrite)
            builder.branch(done)
    builder.position_at_end(done)


def emit_tile(reg, y, w, x, terms, R, masks, overwrite):
    """Write the code of a tile: R rows, and a register in each of them for every mask."""
    builder, V = reg.builder, len(masks)
    starts = enumerate(reg.every(y.start, y.row_step, R))
    places = {(r, v): reg.at(y.array, start, v) for r, start in starts for v in range(V)}
    for place in places.values():  # a line of memory takes time until it can be written
        reg.call("prefetch", VOID, place, SHORT(1), SHORT(3), SHORT(1))
    sums = {place: cgutils.alloca_once_value(builder, reg.zero) for place in places}
    with builder.if_then(builder.not_(overwrite)):
        for (r, v), place in places.items():
            builder.store(reg.load(place, masks[v]), sums[r, v])

    with cgutils.for_range(builder, terms.count) as term:
        w_start = builder.add(w.start, reg.entry(terms.w_offsets, term.index))
        x_start = builder.add(x.start, reg.entry(terms.x_offsets, term.index))
        factors = [builder.gep(w.array, [start]) for start in reg.every(w_start, w.row_step, R)]
        with cgutils.for_range(builder, terms.depth) as k:
            start = builder.add(x_start, builder.mul(k.index, x.row_step))
            row = [reg.load(reg.at(x.array, start, v), masks[v]) for v in range(V)]
            step = builder.mul(k.index, w.column_step)
            for r in range(R):
                factor = reg.fill(reg.entry(factors[r], step))
                for v in range(V):
                    total = builder.load(sums[r, v])
                    total = reg.call("fmuladd", reg.type, factor, row[v], total)
                    builder.store(total, sums[r, v])

    for (r, v), place in places.items():
        reg.store(builder.load(sums[r, v]), place, masks[v])


def transpose_block_naive(y, x, rows, columns):
    """Transpose a block of x, no side longer than a register:  y[j, i] = x[i, j]."""
    into, given = y.array.reshape(-1), x.array.reshape(-1)
    for i, j in product(range(rows), range(columns)):
        into[y.start + j * y.row_step + i] = given[x.start + i * x.row_step + j]


@partial(intrinsic_from_ir, transpose_block_naive, types.void)
def transpose_block(reg, y, x, rows, columns):
    """Do the same in registers: swap halves, then quarters, down to single numbers."""
    lanes, step = range(reg.lanes), reg.lanes // 2
    block = [reg.load(*place) for place in reg.rows(x, rows, columns)]
    while step:
        low = [j if not j & step else j - step + reg.lanes for j in lanes]
        high = [j + step if not j & step else j + reg.lanes for j in lanes]
        for i in (i for i in lanes if not i & step):
            upper, lower = block[i], block[i + step]
            block[i] = reg.shuffle(upper, lower, low)
            block[i + step] = reg.shuffle(upper, lower, high)
        step //= 2
    for value, place in zip(block, reg.rows(y, columns, rows), strict=True):
        reg.store(value, *place)


def congruence(matrices):
    """Make a function that transforms squares:  y = M x Mᵀ,  with M = matrices[m].

    The function takes m, y, x and n: x and y are squares, each of their entries n numbers.
    """

    def congruence_naive(y, x, m, n):
        M = matrices[m].astype(x.array.dtype)
        b, a = M.shape
        given, into = x.array.reshape(-1), y.array.reshape(-1)
        entries = [
            given[x.start + offset :][:n] if offset >= 0 else np.zeros(n, given.dtype)
            for offset in x.offsets[: a * a]
        ]
        square = np.reshape(entries, (a, a, n))
        made = np.einsum("ik,kln,jl->ijn", M, square, M).reshape(b * b, n)
        for offset, entry in zip(y.offsets, made, strict=False):
            if offset >= 0:
                into[y.start + offset :][:n] = entry

    def emit(reg, y, x, m, n):
        builder = reg.builder
        for size, M in matrices.items():
            chosen = builder.icmp_signed("==", m, LONG(size))
            with builder.if_then(chosen):
                squares = [(square, side**2) for square, side in zip((y, x), M.shape, strict=True)]
                full = reg.are_full(squares, n)
                with builder.if_else(full) as (inside, at_edge):
                    with inside:
                        emit_congruence(reg, y, x, M, n, masked=False)
                    with at_edge:
                        emit_congruence(reg, y, x, M, n, masked=True)

    return intrinsic_from_ir(congruence_naive, types.void, emit)


def emit_congruence(reg, y, x, M, n, masked):
    """Write the loop that transforms a register of every entry at a time:  y = M x Mᵀ."""
    b, a = M.shape
    builder = reg.builder
    with cgutils.for_range(builder, reg.count(n)) as loop:
        lane = builder.mul(loop.index, LONG(reg.lanes))
        left = builder.sub(n, lane) if masked else None
        square = [reg.load(*place) for place in reg.entries(x, lane, a * a, left)]
        columns = [reg.transform(M, square[j::a]) for j in range(a)]
        made = [value for row in zip(*columns, strict=True) for value in reg.transform(M, row)]
        for value, place in zip(made, reg.entries(y, lane, b * b, left), strict=True):
            reg.store(value, *place)
