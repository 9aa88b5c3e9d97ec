"""Formulas that run lengths, zones and dependences share: features of a matrix of grey level i by size j."""

import numpy as np

from voxmill_kernels.count.cells import Cells
from voxmill_kernels.count.sums import SizeSums
from voxmill_kernels.features.entropy import tallied_entropy
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Counts, Floats, Ints, Sums

# name → definition; c is the count of a cell, N the number of runs, zones or dependences (the sum of c)
DEFINITIONS = {
    "SmallEmphasis": "Σ c / j² / N",
    "LargeEmphasis": "Σ c j² / N",
    "GrayLevelNonUniformity": "Σ_i (Σ_j c)² / N",
    "GrayLevelNonUniformityNormalized": "Σ_i (Σ_j c)² / N²",
    "SizeNonUniformity": "Σ_j (Σ_i c)² / N",
    "SizeNonUniformityNormalized": "Σ_j (Σ_i c)² / N²",
    "Percentage": "N / Σ c j",
    "GrayLevelVariance": "Σ c (i - mean i)² / N",
    "SizeVariance": "Σ c (j - mean j)² / N",
    "Entropy": "-Σ (c / N) log2 (c / N)",
    "LowGrayLevelEmphasis": "Σ c / i² / N",
    "HighGrayLevelEmphasis": "Σ c i² / N",
    "SmallLowGrayLevelEmphasis": "Σ c / (i² j²) / N",
    "SmallHighGrayLevelEmphasis": "Σ c i² / j² / N",
    "LargeLowGrayLevelEmphasis": "Σ c j² / i² / N",
    "LargeHighGrayLevelEmphasis": "Σ c i² j² / N",
}
NAMES = tuple(DEFINITIONS)


def size_features(cells: Cells, sums: SizeSums, numbers: Ints) -> Floats:
    """The values of NAMES, in its order, one row per matrix; all NaN for an empty one. `numbers` are the levels i."""
    values = np.full((cells.matrices, len(NAMES)), np.nan)
    given = (cells.matrix, cells.level, cells.size, cells.count)
    tables = (sums.by_level, sums.by_size, sums.few, sums.many)
    _every(given, tables, numbers, sums.total, sums.voxels, values)
    return values


@njit
def _every(
    cells: tuple[Sums, ...], tables: tuple[Sums, ...], numbers: Ints, total: Sums, voxels: Sums, values: Floats
) -> None:
    by_level, by_size, few, many = tables
    small_low = _small_low(cells, numbers, values.shape[0])
    for a in range(values.shape[0]):
        if total[a] == 0:
            continue
        row = _sizes(by_level[a], by_size[a], few[a], many[a], numbers, total[a], voxels[a], small_low[a])
        for place in range(len(row)):
            values[a, place] = row[place]


@njit
def _sizes(
    by_level: Sums, by_size: Sums, few: Counts, many: Sums, numbers: Ints, total: float, voxels: float, small_low: float
) -> tuple[float, ...]:
    level = _by_level(by_level, numbers, total)
    size = _by_size(by_size, total)
    return (
        size[0] / total,
        size[1] / total,
        level[0] / total,
        level[0] / total / total,
        size[2] / total,
        size[2] / total / total,
        total / voxels,
        level[1] / total,
        size[3] / total,
        tallied_entropy(few, many, total),
        level[2] / total,
        level[3] / total,
        small_low / total,
        size[4] / total,
        level[4] / total,
        level[5] / total,
    )


@njit
def _by_level(by_level: Sums, numbers: Ints, total: float) -> tuple[float, ...]:
    """Sums over i: squares, spread, low, high, low of large sizes, high of large sizes."""
    mean = 0.0
    for i in range(numbers.shape[0]):
        mean += by_level[i, 0] * numbers[i] / total
    squares = spread = low = high = large_low = large_high = 0.0
    for i in range(numbers.shape[0]):
        count, large = float(by_level[i, 0]), float(by_level[i, 1])
        number = float(numbers[i]) * numbers[i]
        squares += count * count
        spread += count * (numbers[i] - mean) ** 2
        low += count / number
        high += count * number
        large_low += large / number
        large_high += large * number
    return squares, spread, low, high, large_low, large_high


@njit
def _by_size(by_size: Sums, total: float) -> tuple[float, ...]:
    """Sums over j: small, large, squares, spread, high levels of small sizes."""
    mean = 0.0
    for j in range(1, by_size.shape[0]):
        mean += by_size[j, 0] * j / total
    small = large = squares = spread = small_high = 0.0
    for j in range(1, by_size.shape[0]):
        count = float(by_size[j, 0])
        if count == 0.0:
            continue
        square = float(j) * j
        small += count / square
        large += count * square
        squares += count * count
        spread += count * (j - mean) ** 2
        small_high += by_size[j, 1] / square
    return small, large, squares, spread, small_high


@njit
def _small_low(cells: tuple[Sums, ...], numbers: Ints, matrices: int) -> Floats:
    """The one sum that needs single cells, by matrix: Σ c / (i² j²)."""
    matrix, level, size, count = cells
    totals = np.zeros(matrices)
    for cell in range(level.shape[0]):
        number = float(numbers[level[cell]])
        totals[matrix[cell]] += count[cell] / (number * number * (float(size[cell]) * size[cell]))
    return totals
