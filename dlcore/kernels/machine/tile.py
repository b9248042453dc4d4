"""The register tile: a small product of matrices whose sums never leave the registers.

The only file that speaks to LLVM. A processor multiplies and adds registers of many numbers,
but only where they are: so a tile of rows × registers holds sums, all terms run past it, and
memory sees each sum once. Offsets and steps count numbers, as they lie in memory.

Chapter: book/fast.md.
"""

from functools import partial
from inspect import Parameter, Signature, signature
from itertools import product

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target

from dlcore.kernels.machine.jit import intrinsic_with_fallback

FEATURES = cpu_target.target_context.codegen().magic_tuple()[2].split(",")
WIDTH = 64 if "+avx512f" in FEATURES else 32 if "+avx" in FEATURES else 16  # bytes a register
ROWS = 6, 4, 1  # the heights of a tile
WIDTHS = (4, 3, 2, 1) if WIDTH == 64 else (2, 1)  # its registers a row, all sizes up to the first
LONG, SHORT, VOID = ir.IntType(64), ir.IntType(32), ir.VoidType()


def intrinsic_from_ir(plain, result, spell):
    """Make a function of what `spell` says to LLVM; all integers are long, arrays are places."""

    def kinds(context, *given):
        given = [types.int64 if isinstance(kind, types.Integer) else kind for kind in given]
        arrays = [kind for kind in given if isinstance(kind, types.Array)]

        def code(context, builder, signature, args):
            args = [
                context.make_array(kind)(context, builder, arg).data if kind in arrays else arg
                for kind, arg in zip(given, args, strict=True)
            ]
            return spell(Registers(builder, arrays[0].dtype), *args)

        return result(*given), code

    context = Parameter("context", Parameter.POSITIONAL_ONLY)
    kinds.__signature__ = Signature([context, *signature(plain).parameters.values()])
    return intrinsic_with_fallback(plain)(kinds)


class Registers:
    """Operations on whole registers, spelled for LLVM."""

    def __init__(self, builder, dtype):
        self.builder, self.bits = builder, dtype.bitwidth
        self.lanes = WIDTH * 8 // self.bits
        number = ir.FloatType() if self.bits == 32 else ir.DoubleType()
        self.type = ir.VectorType(number, self.lanes)
        self.zero = ir.Constant(self.type, None)

    def call(self, name, result, *args):
        """Call one of LLVM's own functions on registers."""
        kind = ir.FunctionType(result, [arg.type for arg in args])
        spelled = self.builder.module, kind, f"llvm.{name}.v{self.lanes}f{self.bits}"
        return self.builder.call(cgutils.get_or_insert_function(*spelled), args)

    def at(self, pointer, start, v=0):
        """Point at the v-th register from `start` numbers behind `pointer`."""
        place = self.builder.gep(pointer, [self.builder.add(start, LONG(v * self.lanes))])
        return self.builder.bitcast(place, self.type.as_pointer())

    def load(self, place, mask):
        """Read a register; only the lanes that `mask` allows."""
        return self.call("masked.load", self.type, place, SHORT(self.bits // 8), mask, self.zero)

    def store(self, value, place, mask):
        """Write a register; only the lanes that `mask` allows."""
        return self.call("masked.store", VOID, value, place, SHORT(self.bits // 8), mask)

    def every(self, start, step, count):
        """Spell  start, start + step, …,  `count` of them."""
        return [self.builder.add(start, self.builder.mul(LONG(i), step)) for i in range(count)]

    def rows(self, pointer, start, step, count, n):
        """Point at registers `step` apart, with masks that allow n lanes of the first `count`."""
        for i, at in enumerate(self.every(start, step, self.lanes)):
            allowed = self.builder.icmp_signed("<", LONG(i), count)
            yield self.at(pointer, at), self.mask(self.builder.select(allowed, n, LONG(0)))

    def entries(self, pointer, start, offsets, count, n):
        """Point at registers by a list of offsets; below zero, the mask allows nothing."""
        for k in range(count):
            offset = self.builder.load(self.builder.gep(offsets, [LONG(k)]))
            allowed = self.builder.icmp_signed(">=", offset, LONG(0))
            mask = self.mask(self.builder.select(allowed, n, LONG(0)))
            yield self.at(pointer, self.builder.add(start, offset)), mask

    def count(self, n):
        """Count the registers that hold n numbers."""
        return self.builder.sdiv(self.builder.add(n, LONG(self.lanes - 1)), LONG(self.lanes))

    def mask(self, n):
        """Allow the first n lanes."""
        lanes = ir.Constant(ir.VectorType(SHORT, self.lanes), [*range(self.lanes)])
        return self.builder.icmp_signed("<", lanes, self.fill(self.builder.trunc(n, SHORT)))

    def fill(self, number):
        """Repeat a number in every lane."""
        nothing = ir.Constant(ir.VectorType(number.type, self.lanes), ir.Undefined)
        one = self.builder.insert_element(nothing, number, SHORT(0))
        return self.shuffle(one, nothing, [0] * self.lanes)

    def shuffle(self, a, b, lanes):
        """Pick lanes of a, and beyond its last, of b."""
        lanes = ir.Constant(ir.VectorType(SHORT, self.lanes), lanes)
        return self.builder.shuffle_vector(a, b, lanes)

    def mix(self, weights, values):
        """Add up registers with exact weights; what weighs nothing is left out."""
        pairs = zip(weights, values, strict=True)
        pairs = [(ir.Constant(self.type, [float(a)] * self.lanes), x) for a, x in pairs if a]
        total = self.builder.fmul(*pairs[0])
        for pair in pairs[1:]:
            total = self.call("fmuladd", self.type, *pair, total)
        return total


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


def atomic_add_naive(counters, i, more):
    """Add to a counter, and return what it was."""
    counters[i] += more
    return counters[i] - more


@partial(intrinsic_from_ir, atomic_add_naive, types.int64)
def atomic_add(reg, counters, i, more):
    """Do the same in one step, which no other thread can divide."""
    return reg.builder.atomic_rmw("add", reg.builder.gep(counters, [i]), more, "seq_cst")


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
