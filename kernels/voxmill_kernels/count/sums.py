"""Counts → integer sums: all that the formulas need of a matrix, but the few features that see single cells.

Whole numbers added up in any order give the same sums, so threads and devices cannot change them. An entropy needs the
sum of c * log2(c) over the cells; its exact, order-free form is how often each count c occurs: `few` for the counts
below FEW (no more of them than there can be), the larger ones in ascending order in `many` (after zeros, where
there is room to spare).
"""

from dataclasses import dataclass

import numpy as np

from voxmill_kernels.count.cells import Cells
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Counts, Ints

FEW = 1024


@dataclass(frozen=True)
class GlcmSums:
    """Sums of symmetric co-occurrence matrices, one row per offset; c is the count of a cell, i and j level numbers.

    total (n,): sum of c. marginal (n, levels): by i. plus (n, 2 * largest level + 1): by i + j.
    minus (n, largest level): by |i - j|. product (n,): sum of i * j * c. squares (n,): sum of c * c.
    largest (n,): the largest c. few (n, up to FEW) and many (n, …): occurrences of counts, see the module.
    """

    total: Ints
    marginal: Ints
    plus: Ints
    minus: Ints
    product: Ints
    squares: Ints
    largest: Ints
    few: Ints
    many: Ints


def sum_glcm(matrix: Counts, numbers: Ints) -> GlcmSums:
    """Sums of co-occurrence matrices (offsets, levels, levels), made symmetric by adding the transpose."""
    offsets, levels, _ = matrix.shape
    top = int(numbers[-1])
    most = 2 * int(matrix.max(initial=0))
    room = 0 if most < FEW else min(levels * levels, 2 * int(matrix.sum(axis=(1, 2), dtype=np.int64).max()) // FEW)
    sums = GlcmSums(
        total=np.zeros(offsets, dtype=np.int64),
        marginal=np.zeros((offsets, levels), dtype=np.int64),
        plus=np.zeros((offsets, 2 * top + 1), dtype=np.int64),
        minus=np.zeros((offsets, top), dtype=np.int64),
        product=np.zeros(offsets, dtype=np.int64),
        squares=np.zeros(offsets, dtype=np.int64),
        largest=np.zeros(offsets, dtype=np.int64),
        few=np.zeros((offsets, min(FEW, most + 1)), dtype=np.int64),
        many=np.zeros((offsets, room), dtype=np.int64),
    )
    scalars = (sums.total, sums.product, sums.squares, sums.largest)
    _sum_glcm(matrix, numbers, scalars, (sums.marginal, sums.plus, sums.minus), sums.few, sums.many)
    sums.many.sort(axis=1)
    return sums


@njit
def _sum_glcm(
    matrix: Counts, numbers: Ints, scalars: tuple[Ints, ...], rows: tuple[Ints, ...], few: Ints, many: Ints
) -> None:
    """One pass over the upper triangle: a cell off the diagonal stands for itself and its mirror image."""
    total, product, squares, largest = scalars
    marginal, plus, minus = rows
    for a in range(matrix.shape[0]):
        listed = 0
        for i in range(matrix.shape[1]):
            for j in range(i, matrix.shape[1]):
                count = np.int64(matrix[a, i, j]) + np.int64(matrix[a, j, i])
                if count == 0:
                    continue
                copies = 1 if i == j else 2
                low, high = numbers[i], numbers[j]
                total[a] += copies * count
                marginal[a, i] += count
                if i != j:
                    marginal[a, j] += count
                plus[a, low + high] += copies * count
                minus[a, high - low] += copies * count
                product[a] += copies * count * low * high
                squares[a] += copies * count * count
                largest[a] = max(largest[a], count)
                for _ in range(copies):
                    listed = tally(count, few[a], many[a], listed)


@dataclass(frozen=True)
class SizeSums:
    """Sums of matrices of grey level i by size j (run length, zone, dependence); c is the count of a cell.

    total (n,): sum of c. voxels (n,): sum of c * j. by_level (n, levels, 2): sums of c and of c * j * j.
    by_size (n, largest size + 1, 2): sums of c and of c * i * i, row j for size j.
    few (n, up to FEW) and many (n, …): occurrences of counts, see the module.
    """

    total: Ints
    voxels: Ints
    by_level: Ints
    by_size: Ints
    few: Ints
    many: Ints


def sum_sizes(cells: Cells, numbers: Ints) -> SizeSums:
    """Sums of the cells of matrices of grey level by size; `numbers` are the level numbers i."""
    n, most = cells.matrices, int(cells.count.max(initial=0))
    room = 0 if most < FEW else min(len(cells.count), int(cells.count.sum()) // FEW)
    sums = SizeSums(
        total=np.zeros(n, dtype=np.int64),
        voxels=np.zeros(n, dtype=np.int64),
        by_level=np.zeros((n, len(numbers), 2), dtype=np.int64),
        by_size=np.zeros((n, int(cells.size.max(initial=0)) + 1, 2), dtype=np.int64),
        few=np.zeros((n, min(FEW, most + 1)), dtype=np.int64),
        many=np.zeros((n, room), dtype=np.int64),
    )
    given = (cells.matrix, cells.level, cells.size, cells.count)
    _sum_sizes(given, numbers, (sums.total, sums.voxels), (sums.by_level, sums.by_size), sums.few, sums.many)
    sums.many.sort(axis=1)
    return sums


@njit
def _sum_sizes(
    cells: tuple[Ints, ...], numbers: Ints, scalars: tuple[Ints, Ints], rows: tuple[Ints, Ints], few: Ints, many: Ints
) -> None:
    matrices, levels, sizes, counts = cells
    total, voxels = scalars
    by_level, by_size = rows
    listed = np.zeros(few.shape[0], dtype=np.int64)
    for cell in range(levels.shape[0]):
        a, level, size, count = matrices[cell], levels[cell], sizes[cell], counts[cell]
        total[a] += count
        voxels[a] += count * size
        by_level[a, level, 0] += count
        by_level[a, level, 1] += count * size * size
        by_size[a, size, 0] += count
        by_size[a, size, 1] += count * numbers[level] * numbers[level]
        listed[a] = tally(count, few[a], many[a], listed[a])


@njit
def tally(count: int | np.int64, few: Ints, many: Ints, listed: int) -> int:
    """Note that `count` occurs once more; gives how many large counts are listed by now, in no order yet."""
    if count < few.shape[0]:
        few[count] += 1
        return listed
    many[listed] = count
    return listed + 1
