"""What comes back from a device, of all boxes at once → what the CPU has of each.

Of a table that is mostly empty come the places that are not 0, ascending through all boxes (`where`), and what stands
there (`counts`). The parts of a box are rows of such tables, one after the other.
"""

import numpy as np

from voxmill_kernels.count.sums import FEW
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Counts, Ints


@njit
def collect_cells(where: Ints, counts: Array, starts: Ints, shapes: Ints, first: int, cells: Ints) -> Ints:
    """The cells of matrices of level by size, (4, cells): matrix, level, size, count; gives where those of a box end.

    shapes: (boxes, 3) matrices, levels and sizes; starts: where the parts of the boxes begin. The first column is size
    `first`.
    """
    ends = np.empty(starts.shape[0], dtype=np.int64)
    place = 0
    for box in range(starts.shape[0]):
        levels, sizes = shapes[box, 1], shapes[box, 2]
        matrix, level, row = 0, 0, starts[box]
        end = row + shapes[box, 0] * levels * sizes
        while place < where.shape[0] and where[place] < end:
            while where[place] >= row + sizes:
                row += sizes
                level += 1
                if level == levels:
                    matrix, level = matrix + 1, 0
            cells[0, place], cells[1, place] = matrix, level
            cells[2, place], cells[3, place] = where[place] - row + first, counts[place]
            place += 1
        ends[box] = place
    return ends


@njit
def add_large(small: Ints, ends: Ints, large: Ints, starts: Ints, listed: Array, cells: Ints) -> Ints:
    """The cells of small zones and, after those of each box, the ones of its large zones; gives where they end.

    large: level (from 1) << 32 | size of large zones; those of a box begin at one of `starts`, so many are `listed`.
    """
    moved = np.empty_like(ends)
    begin, place = 0, 0
    for box in range(ends.shape[0]):
        for row in range(4):
            for cell in range(begin, ends[box]):
                cells[row, place + cell - begin] = small[row, cell]
        place += ends[box] - begin
        begin = ends[box]
        before = np.int64(0)
        zones = large[starts[box] : starts[box] + np.int64(listed[box])].copy()
        zones.sort()
        for zone in zones:
            if zone == before:
                cells[3, place - 1] += 1
                continue
            cells[0, place], cells[1, place] = 0, (zone >> 32) - 1
            cells[2, place], cells[3, place] = zone & 0xFFFFFFFF, 1
            before = zone
            place += 1
        moved[box] = place
    return moved


@njit
def spread_few(where: Ints, counts: Counts, offsets: int, starts: Ints, widths: Ints, few: Counts) -> None:
    """How often counts occur, one table (offsets, width) for each box, out of rows of FEW; `few` is all 0 before.

    widths, starts: (boxes,) how wide the tables are, and where they begin.
    """
    place = 0
    for row in range(starts.shape[0] * offsets):
        box, first = row // offsets, row * FEW
        start = starts[box] + row % offsets * widths[box] - first
        while place < where.shape[0] and where[place] < first + FEW:
            few[start + where[place]] = counts[place]
            place += 1
