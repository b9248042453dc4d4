"""Operations on whole registers, written in LLVM's intermediate representation.

A processor multiplies and adds registers of several numbers at a time. numba's own code reaches
them only where LLVM vectorizes a loop by itself; here loads, stores, masks and shuffles of whole
registers are written out. Offsets and steps count numbers, in the order of memory.

Chapter: book/fast.md.
"""

from inspect import Parameter, Signature, signature

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target

from dlcore.kernels.machine.jit import intrinsic_with_fallback

FEATURES = cpu_target.target_context.codegen().magic_tuple()[2].split(",")

WIDTH = 64 if "+avx512f" in FEATURES else 32 if "+avx" in FEATURES else 16  # bytes a register

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
