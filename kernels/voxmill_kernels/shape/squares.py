"""The outline of a region of one slice: the histogram of its square codes, times a table (marching squares).

Bit 2 dy + dx of a code says whether corner (dy, dx) of a square of four pixel centres is in the region. The outline
goes through the midpoints of the square's sides between a corner inside and one outside; two opposite corners inside
are each cut off by itself.
"""

import math
from functools import cache

import numpy as np

from voxmill_kernels.types import Ints

CODES = 16
OPPOSITE = (0b0110, 0b1001)
ALONG_X, ALONG_Y = (0b0011, 0b1100), (0b0101, 0b1010)


def area_and_perimeter(codes: Ints, spacing: tuple[float, float]) -> tuple[float, float]:
    """Area in mm² within the outline and its length in mm, from how often each code occurs, (16,).

    `spacing` is y, x in mm. All is in whole numbers until it is scaled.
    """
    y, x = spacing
    eighths, slopes, along_y, along_x = (codes @ _by_code()).tolist()
    return eighths / 8 * (y * x), slopes * (math.hypot(y, x) / 2) + along_y * y + along_x * x


@cache
def _by_code() -> Ints:
    """Eighths of the square that are inside, slopes across a corner, lines along y, lines along x: (16, 4)."""
    return np.array([(_eighths(c), _slopes(c), int(c in ALONG_Y), int(c in ALONG_X)) for c in range(CODES)])


def _eighths(code: int) -> int:
    """A slope takes an eighth to its own side, where the corner that it cuts off has a quarter."""
    corners = code.bit_count()
    return 2 * corners + (1 if corners == 3 else -_slopes(code))


def _slopes(code: int) -> int:
    """One around a corner that is unlike its two neighbours, inside or outside."""
    return 2 if code in OPPOSITE else code.bit_count() % 2
