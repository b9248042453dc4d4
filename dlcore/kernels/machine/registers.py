"""Operations on whole registers, written in LLVM's intermediate representation.

A processor multiplies and adds registers of several numbers at a time. numba's own code reaches
them only where LLVM vectorizes a loop by itself; here loads, stores, masks and shuffles of whole
registers are written out. Offsets and steps count numbers, in the order of memory.

Chapter: book/fast.md.
"""

from inspect import Parameter, Signature, signature
from itertools import combinations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target

from dlcore.kernels.machine.jit import intrinsic_with_fallback

TRIPLE, PROCESSOR, FEATURES = cpu_target.target_context.codegen().magic_tuple()
FEATURES = FEATURES.split(",")

WIDTH = 64 if "+avx512f" in FEATURES else 32 if "+avx" in FEATURES else 16  # bytes a register
REGISTERS = 32 if WIDTH == 64 or TRIPLE.startswith(("aarch64", "arm64")) else 16
MASKED = WIDTH > 16  # whether an instruction can read some lanes only; else each is a branch

LONG, SHORT, VOID = ir.IntType(64), ir.IntType(32), ir.VoidType()


def unwrapped(context, builder, kind, value):
    """Replace an array by a pointer to its first entry, an integer by one of 64 bits.

    A record of such values becomes the same record of what they are replaced by.
    """
    if isinstance(kind, types.Array):
        return context.make_array(kind)(context, builder, value).data
    if isinstance(kind, types.Integer):
        return context.cast(builder, value, kind, types.int64)
    if isinstance(kind, types.BaseTuple):
        parts = enumerate(kind)
        fields = [unwrapped(context, builder, k, builder.extract_value(value, i)) for i, k in parts]
        return kind.instance_class(*fields)
    return value


def entry_type(kinds):
    """Return the type of the entries of the first array, which may be in a record."""
    first = kinds[0]
    while isinstance(first, types.BaseTuple):
        first = first[0]
    return first.dtype


def intrinsic_from_ir(plain, result, emit):
    """Make a function of the code that ``emit(registers, *arguments)`` writes.

    `plain` is the same function in Python: it names the arguments, and it runs where nothing is
    compiled. The first argument is an array, or a record that begins with one.
    """

    def typed(context, *kinds):
        kinds = [types.int64 if isinstance(kind, types.Integer) else kind for kind in kinds]

        def code(context, builder, signature, args):
            values = [
                unwrapped(context, builder, kind, arg)
                for kind, arg in zip(kinds, args, strict=True)
            ]
            return emit(Registers(builder, entry_type(kinds)), *values)

        return result(*kinds), code

    context = Parameter("context", Parameter.POSITIONAL_ONLY)
    typed.__signature__ = Signature([context, *signature(plain).parameters.values()])
    return intrinsic_with_fallback(plain)(typed)


class Registers:
    """Operations on whole registers, as LLVM code that a builder collects."""

    def __init__(self, builder, dtype):
        self.builder, self.bits = builder, dtype.bitwidth
        self.lanes = WIDTH * 8 // self.bits
        number = ir.FloatType() if self.bits == 32 else ir.DoubleType()
        self.type = ir.VectorType(number, self.lanes)
        self.zero = ir.Constant(self.type, None)

    def call(self, name, result, *args):
        """Call one of LLVM's own functions on registers."""
        kind = ir.FunctionType(result, [arg.type for arg in args])
        full_name = f"llvm.{name}.v{self.lanes}f{self.bits}"
        function = cgutils.get_or_insert_function(self.builder.module, kind, full_name)
        return self.builder.call(function, args)

    def at(self, pointer, start, v=0):
        """Point at the v-th register from `start` numbers behind `pointer`."""
        place = self.builder.gep(pointer, [self.builder.add(start, LONG(v * self.lanes))])
        return self.builder.bitcast(place, self.type.as_pointer())

    def load(self, place, mask=None):
        """Read a register; only the lanes that `mask` allows, if there is one."""
        if mask is None:
            return self.builder.load(place, align=self.bits // 8)
        return self.call("masked.load", self.type, place, SHORT(self.bits // 8), mask, self.zero)

    def store(self, value, place, mask=None):
        """Write a register; only the lanes that `mask` allows, if there is one."""
        if mask is None:
            return self.builder.store(value, place, align=self.bits // 8)
        return self.call("masked.store", VOID, value, place, SHORT(self.bits // 8), mask)

    def every(self, start, step, count):
        """Compute  start, start + step, …,  `count` of them."""
        return [self.builder.add(start, self.builder.mul(LONG(i), step)) for i in range(count)]

    def entry(self, pointer, index):
        """Read one number."""
        return self.builder.load(self.builder.gep(pointer, [index]))

    def rows(self, matrix, rows, columns):
        """Point at the first register of every row of a block, with masks for its columns.

        As many rows are listed as a register has lanes; beyond `rows` masks allow nothing.
        """
        starts = self.every(matrix.start, matrix.row_step, self.lanes)
        for i, start in enumerate(starts):
            inside = self.builder.icmp_signed("<", LONG(i), rows)
            mask = self.mask(self.builder.select(inside, columns, LONG(0)))
            yield self.at(matrix.array, start), mask

    def entries(self, square, lane, count, n=None):
        """Point at a register of every entry of a square, with masks for n numbers.

        Where an offset is negative, the mask allows nothing. Without n no offset may be negative
        and registers are full: there are no masks.
        """
        start = self.builder.add(square.start, lane)
        for k in range(count):
            offset = self.entry(square.offsets, LONG(k))
            mask = None
            if n is not None:
                inside = self.builder.icmp_signed(">=", offset, LONG(0))
                mask = self.mask(self.builder.select(inside, n, LONG(0)))
            yield self.at(square.array, self.builder.add(start, offset)), mask

    def are_full(self, squares, n):
        """Tell whether no entry of (square, count) pairs lies outside, and n fills registers."""
        rest = self.builder.srem(n, LONG(self.lanes))
        full = self.builder.icmp_signed("==", rest, LONG(0))
        for square, count in squares:
            for k in range(count):
                offset = self.entry(square.offsets, LONG(k))
                inside = self.builder.icmp_signed(">=", offset, LONG(0))
                full = self.builder.and_(full, inside)
        return full

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
        pairs = [(a, x) for a, x in zip(weights, values, strict=True) if a]
        pairs.sort(key=lambda pair: pair[0] != 1)  # a weight of one is no multiplication
        weight, total = pairs[0]
        if weight != 1:
            total = self.builder.fmul(self.constant(weight), total)
        for weight, x in pairs[1:]:
            total = self.call("fmuladd", self.type, self.constant(weight), x, total)
        return total

    def constant(self, number):
        """Fill a register with an exact number."""
        return ir.Constant(self.type, [float(number)] * self.lanes)

    def transform(self, matrix, values):
        """Multiply a matrix with a column of registers; terms that rows share are added once.

        Where two columns differ in signs only, their values are replaced by sum and difference.
        Where two rows do, both are made of the terms with equal signs and of the others.
        """
        columns, values = [list(column) for column in zip(*matrix, strict=True)], [*values]
        for j, k in alike(columns):
            x, y = values[j], values[k]
            values[j], values[k] = self.builder.fadd(x, y), self.builder.fsub(x, y)
            columns[j], columns[k] = parts(columns[j], columns[k])
        rows = [*zip(*columns, strict=True)]
        made = {}
        for i, k in alike(rows):
            same, other = (self.mix(part, values) for part in parts(rows[i], rows[k]))
            made[i], made[k] = self.builder.fadd(same, other), self.builder.fsub(same, other)
        return [made[i] if i in made else self.mix(row, values) for i, row in enumerate(rows)]


def alike(lines):
    """List pairs of lines that agree in some entries and differ in the sign of others.

    >>> alike([(1, 0, 0), (0, 2, 1), (0, -2, 1), (0, 2, 1)])
    [(1, 2)]
    """
    found, free = [], set(range(len(lines)))
    for i, k in combinations(range(len(lines)), 2):
        if {i, k} <= free and all(any(part) for part in parts(lines[i], lines[k]) or ((),)):
            found.append((i, k))
            free -= {i, k}
    return found


def parts(line, other):
    """Split a line into entries that are equal in another and entries of opposite sign.

    Where there are entries of neither kind there is no such pair: the result is None.

    >>> parts((0, 2, 1), (0, -2, 1))
    ([0, 0, 1], [0, 2, 0])
    """
    pairs = [*zip(line, other, strict=True)]
    if any(abs(a) != abs(b) for a, b in pairs):
        return None
    return [a if a == b else 0 for a, b in pairs], [a if a != b else 0 for a, b in pairs]
