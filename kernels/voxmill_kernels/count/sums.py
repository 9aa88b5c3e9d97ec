"""Counts → integer sums: all that the formulas need of a matrix, but the few features that see single cells.

Whole numbers added up in any order give the same sums, so threads and devices cannot change them. An entropy needs the
sum of c * log2(c) over the cells; its exact, order-free form is how often each count c occurs: `few` for the counts
below FEW (no more of them than there can be), the larger ones in ascending order in `many` (after zeros, where
there is room to spare).

Weighted matrices have real counts: their sums are real, and `many` lists every cell.
"""

from dataclasses import dataclass

import numpy as np

from voxmill_kernels.count.cells import Cells
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Ints, Sums

FEW = 1024


@dataclass(frozen=True)
class GlcmSums:
    """Sums of co-occurrence matrices, one row per offset; c is the count of a cell, i and j level numbers.

    total (n,): sum of c. marginals (n, 1 or 2, levels): by i, and by j where the two differ.
    plus (n, 2 * largest level + 1): by i + j. minus (n, largest level): by |i - j|. product (n,): sum of i * j * c.
    squares (n,): sum of c * c. largest (n,): the largest c. few (n, up to FEW) and many (n, …): occurrences of counts,
    see the module.
    """

    total: Sums
    marginals: Sums
    plus: Sums
    minus: Sums
    product: Sums
    squares: Sums
    largest: Sums
    few: Counts
    many: Sums


def sum_glcm(matrix: Counts, numbers: Ints) -> GlcmSums:
    """Sums of co-occurrence matrices (offsets, levels, levels), made symmetric by adding the transpose."""
    offsets, levels, _ = matrix.shape
    top = int(numbers[-1])
    most = 2 * int(matrix.max(initial=0))
    room = 0 if most < FEW else min(levels * levels, 2 * int(matrix.sum(axis=(1, 2), dtype=np.int64).max()) // FEW)
    sums = GlcmSums(
        total=np.zeros(offsets, dtype=np.int64),
        marginals=np.zeros((offsets, 1, levels), dtype=np.int64),
        plus=np.zeros((offsets, 2 * top + 1), dtype=np.int64),
        minus=np.zeros((offsets, top), dtype=np.int64),
        product=np.zeros(offsets, dtype=np.int64),
        squares=np.zeros(offsets, dtype=np.int64),
        largest=np.zeros(offsets, dtype=np.int64),
        few=np.zeros((offsets, min(FEW, most + 1)), dtype=np.uint32),
        many=np.zeros((offsets, room), dtype=np.int64),
    )
    scalars = (sums.total, sums.product, sums.squares, sums.largest)
    _sum_glcm(matrix, numbers, scalars, (sums.marginals[:, 0], sums.plus, sums.minus), sums.few, sums.many)
    sums.many.sort(axis=1)
    return sums


@njit
def _sum_glcm(
    matrix: Counts, numbers: Ints, scalars: tuple[Ints, ...], rows: tuple[Ints, ...], few: Counts, many: Ints
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


def sum_glcm_as_is(matrix: Array, numbers: Ints) -> GlcmSums:
    """Sums of co-occurrence matrices (offsets, levels, levels) as they are: counted one way, or weighted.

    Weighted ones become probabilities, and so do their marginals: the only level that occurs has exactly 1.
    """
    weighted = matrix.dtype.kind == "f"
    cells = _shares(matrix, (1, 2)) if weighted else matrix.astype(np.int64)
    marginals, total = np.stack([cells.sum(axis=2), cells.sum(axis=1)], axis=1), cells.sum(axis=(1, 2))
    if weighted:
        marginals, total = _shares(marginals, (2,)), np.sign(total)
    i, j = np.meshgrid(numbers, numbers, indexing="ij")
    return GlcmSums(
        total=total,
        marginals=marginals,
        plus=_gather(cells, i + j, 2 * int(numbers[-1]) + 1),
        minus=_gather(cells, abs(i - j), int(numbers[-1])),
        product=(cells * i * j).sum(axis=(1, 2)),
        squares=(cells * cells).sum(axis=(1, 2)),
        largest=cells.max(axis=(1, 2)),
        few=np.zeros((len(cells), 0), dtype=np.uint32),
        many=np.sort(cells.reshape(len(cells), len(numbers) ** 2), axis=1),
    )


def _shares(values: Array, axis: tuple[int, ...]) -> Array:
    """What part of their sum along some axes the values are; where that is 0, they stay 0."""
    total = values.sum(axis=axis, keepdims=True)
    return values / np.where(total == 0.0, 1.0, total)


def _gather(cells: Sums, keys: Ints, length: int) -> Sums:
    """The sums (n, length) of the cells of each matrix that have the same key."""
    by_key = np.zeros((len(cells), length), dtype=cells.dtype)
    for row, matrix in zip(by_key, cells, strict=True):
        np.add.at(row, keys, matrix)
    return by_key


@dataclass(frozen=True)
class SizeSums:
    """Sums of matrices of grey level i by size j (run length, zone, dependence); c is the count of a cell.

    total (n,): sum of c. voxels (n,): sum of c * j. by_level (n, levels, 2): sums of c and of c * j * j.
    by_size (n, largest size + 1, 2): sums of c and of c * i * i, row j for size j.
    few (n, up to FEW) and many (n, …): occurrences of counts, see the module.
    """

    total: Sums
    voxels: Sums
    by_level: Sums
    by_size: Sums
    few: Counts
    many: Sums


def sum_sizes(cells: Cells, numbers: Ints) -> SizeSums:
    """Sums of the cells of matrices of grey level by size; `numbers` are the level numbers i."""
    n, dtype = cells.matrices, cells.count.dtype
    largest, most, total = _most(cells.size, cells.count)
    few, room = (0, len(cells.count)) if dtype.kind == "f" else _room(len(cells.count), int(most), int(total))
    sums = SizeSums(
        total=np.zeros(n, dtype=dtype),
        voxels=np.zeros(n, dtype=dtype),
        by_level=np.zeros((n, len(numbers), 2), dtype=dtype),
        by_size=np.zeros((n, largest + 1, 2), dtype=dtype),
        few=np.zeros((n, few), dtype=np.uint32),
        many=np.zeros((n, room), dtype=dtype),
    )
    given = (cells.matrix, cells.level, cells.size, cells.count)
    _sum_sizes(given, numbers, (sums.total, sums.voxels), (sums.by_level, sums.by_size), sums.few, sums.many)
    if room:
        sums.many.sort(axis=1)
    return sums


@njit
def _most(sizes: Ints, counts: Sums) -> tuple[int, float, float]:
    """The largest size and the largest count of some cells, 0 where there are none, and the sum of their counts."""
    largest, most, total = 0, counts.dtype.type(0), counts.dtype.type(0)
    for cell in range(counts.shape[0]):
        largest, most, total = max(largest, sizes[cell]), max(most, counts[cell]), total + counts[cell]
    return largest, most, total


def _room(cells: int, most: int, total: int) -> tuple[int, int]:
    """How many small counts there are to tally in so many cells, and large ones to list."""
    return min(FEW, most + 1), 0 if most < FEW else min(cells, total // FEW)


@njit
def _sum_sizes(
    cells: tuple[Sums, ...], numbers: Ints, scalars: tuple[Sums, Sums], rows: tuple[Sums, Sums], few: Counts, many: Sums
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
def tally(count: float | np.int64, few: Counts, many: Sums, listed: int) -> int:
    """Note that `count` occurs once more; gives how many large counts are listed by now, in no order yet."""
    if count < few.shape[0]:
        few[int(count)] += 1
        return listed
    many[listed] = count
    return listed + 1
