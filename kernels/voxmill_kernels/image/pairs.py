"""Sums of weighted pairs of rows, written down in LLVM's own words: vectors that stay in registers over all pairs.

The compiler vectorises along a row, and would store the sums and load them again for every few pairs: six times slower.
A product and its sum are rounded once (fused), on every processor: where one has no such instruction, LLVM's library
does it.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from voxmill_kernels.types import Floats

WIDTH = 8
"""Numbers in a vector: 64 bytes, of which some processors make two or four."""
VECTORS = 4
"""Vectors whose sums are under way at a time."""
LANES = WIDTH * VECTORS
"""Numbers in a row."""
ALIGNMENT = 64
"""Bytes that the address of a row is a multiple of."""

Untyped: TypeAlias = Any
"""What Numba hands to an intrinsic: types, arrays by their parts."""

_INDEX = ir.IntType(64)
_LANE = ir.IntType(32)
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)


def _typed(
    typing: Untyped, tile: Untyped, row: Untyped, weights: Untyped, sums: Untyped, to: Untyped
) -> tuple[Untyped, Untyped]:
    """What `weigh_pairs` takes, and its code."""
    del typing, row, to
    return types.void(tile, types.int64, weights, sums, types.int64), _generate


weigh_pairs: Callable[[Floats, int, Floats, Floats, int], None] = cast(Any, intrinsic(_typed))
"""(tile, row, weights, sums, to): row `to` of sums becomes what is weighted about a row of the tile.

That is weights[0] * tile[row] + Σ_k weights[k] * (tile[row - k] + tile[row + k]), k from 1 on. `tile` and `sums` are
flat, rows of LANES numbers, and begin at a multiple of ALIGNMENT; `weights` is (n,), contiguous. Nothing is
checked: the tile has n - 1 rows before and after `row`.
"""


def _generate(context: Untyped, builder: ir.IRBuilder, signature: Untyped, arguments: Untyped) -> ir.Constant:
    """The code of `weigh_pairs`."""
    block = _Block(context, builder)
    tile, middle, weights, sums, target = (
        block.array(kind, value) if isinstance(kind, types.Array) else builder.mul(value, ir.Constant(_INDEX, LANES))
        for kind, value in zip(signature.args, arguments, strict=True)
    )
    totals = [cgutils.alloca_once(builder, _VECTOR) for _ in range(VECTORS)]
    weight = block.weight(weights, ir.Constant(_INDEX, 0))
    for number, total in enumerate(totals):
        builder.store(builder.fmul(weight, block.load(tile, middle, number)), total)
    count, one = builder.extract_value(weights.shape, 0), ir.Constant(_INDEX, 1)
    with cgutils.for_range_slice(builder, one, count, one) as (away, _):
        weight, distance = block.weight(weights, away), builder.mul(away, ir.Constant(_INDEX, LANES))
        near, far = builder.sub(middle, distance), builder.add(middle, distance)
        for number, total in enumerate(totals):
            pair = builder.fadd(block.load(tile, near, number), block.load(tile, far, number))
            builder.store(block.fused(weight, pair, builder.load(total)), total)
    for number, total in enumerate(totals):
        builder.store(builder.load(total), block.address(sums, target, number), align=ALIGNMENT)
    return context.get_dummy_value()


class _Block:
    """What is said to LLVM again and again."""

    def __init__(self, context: Untyped, builder: ir.IRBuilder) -> None:
        self.context, self.builder = context, builder
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        self.fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{WIDTH}f64")

    def array(self, kind: Untyped, value: ir.Value) -> Untyped:
        """An array by its parts."""
        return self.context.make_array(kind)(self.context, self.builder, value)

    def address(self, array: Untyped, place: ir.Value, number: int) -> ir.Value:
        """Where the vector of a number lies, in the row that begins at a place."""
        index = self.builder.add(place, ir.Constant(_INDEX, number * WIDTH))
        return self.builder.bitcast(self.builder.gep(array.data, [index]), _VECTOR.as_pointer())

    def load(self, array: Untyped, place: ir.Value, number: int) -> ir.Value:
        """The vector of a number, in the row that begins at a place."""
        return self.builder.load(self.address(array, place, number), align=ALIGNMENT)

    def weight(self, weights: Untyped, place: ir.Value) -> ir.Value:
        """A vector of one weight, many times."""
        value = self.builder.load(self.builder.gep(weights.data, [place]))
        undefined, first = ir.Constant(_VECTOR, ir.Undefined), ir.Constant(_LANE, 0)
        single = self.builder.insert_element(undefined, value, first)
        everywhere = ir.Constant(ir.VectorType(_LANE, WIDTH), [0] * WIDTH)
        return self.builder.shuffle_vector(single, undefined, everywhere)

    def fused(self, factor: ir.Value, other: ir.Value, summand: ir.Value) -> ir.Value:
        """The product plus the summand, rounded once."""
        return self.builder.call(self.fma, [factor, other, summand])
