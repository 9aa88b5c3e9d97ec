"""Sums of weighted pairs of rows, written down in LLVM's own words: vectors that stay in registers over all pairs.

The compiler vectorises along a row, and would store the sums and load them again for every few pairs: six times slower.
A product and its sum are rounded once (fused), on every processor: where one has no such instruction, LLVM's library
does it.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 8
"""Numbers in a vector: 64 bytes, of which some processors make two or four."""
VECTORS = 4
"""Vectors whose sums are under way at a time."""
LANES = WIDTH * VECTORS
"""Numbers in a row."""
ALIGNMENT = 64
"""Bytes that the address of a row is a multiple of."""

_INDEX = ir.IntType(64)
_LANE = ir.IntType(32)
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)


@intrinsic  # type: ignore[untyped-decorator]
def add_pairs(typing: Any, tile: Any, row: Any, weights: Any, sums: Any, to: Any) -> Any:  # noqa: ANN401, ARG001
    """sums[to] += weights[0] * tile[row] + Σ_k weights[k] * (tile[row - k] + tile[row + k]), k from 1 on, in this order.

    `tile` and `sums` are float64, flat, rows of LANES numbers, and begin at a multiple of ALIGNMENT; `weights` (n,).
    Nothing is checked: `tile` has n - 1 rows before and after `row`.
    """
    index = types.int64
    return types.void(tile, index, weights, sums, index), _generate


def _generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Constant:  # noqa: ANN401
    """The code of `add_pairs`."""
    tile, weights, sums = (
        context.make_array(signature.args[place])(context, builder, arguments[place]) for place in (0, 2, 3)
    )
    middle, target = (builder.mul(arguments[place], ir.Constant(_INDEX, LANES)) for place in (1, 4))
    block = _Block(builder)
    totals = [cgutils.alloca_once(builder, _VECTOR) for _ in range(VECTORS)]
    weight = block.weight(weights, ir.Constant(_INDEX, 0))
    for number, total in enumerate(totals):
        own, before = block.load(tile, middle, number), block.load(sums, target, number)
        builder.store(block.fused(weight, own, before), total)
    count = builder.extract_value(weights.shape, 0)
    one = ir.Constant(_INDEX, 1)
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

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.builder = builder
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        self.fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{WIDTH}f64")

    def address(self, array: Any, place: ir.Value, number: int) -> ir.Value:  # noqa: ANN401
        """Where the vector of a number lies, in the row that begins at a place."""
        index = self.builder.add(place, ir.Constant(_INDEX, number * WIDTH))
        return self.builder.bitcast(self.builder.gep(array.data, [index]), _VECTOR.as_pointer())

    def load(self, array: Any, place: ir.Value, number: int) -> ir.Value:  # noqa: ANN401
        return self.builder.load(self.address(array, place, number), align=ALIGNMENT)

    def weight(self, weights: Any, place: ir.Value) -> ir.Value:  # noqa: ANN401
        """A vector of one weight, many times."""
        value = self.builder.load(self.builder.gep(weights.data, [place]))
        undefined, first = ir.Constant(_VECTOR, ir.Undefined), ir.Constant(_LANE, 0)
        single = self.builder.insert_element(undefined, value, first)
        everywhere = ir.Constant(ir.VectorType(_LANE, WIDTH), [0] * WIDTH)
        return self.builder.shuffle_vector(single, undefined, everywhere)

    def fused(self, factor: ir.Value, other: ir.Value, summand: ir.Value) -> ir.Value:
        """factor * other + summand, rounded once."""
        return self.builder.call(self.fma, [factor, other, summand])
