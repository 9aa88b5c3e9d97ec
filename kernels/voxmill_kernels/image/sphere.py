"""Points of an icosphere, and the real spherical harmonics in which PyRadiomics' LBP3D takes patterns on it apart."""

from functools import lru_cache
from itertools import pairwise
from math import factorial, pi, sqrt

import numpy as np

from voxmill_kernels.types import Floats, Ints

SHORT, LONG = 0.5257311121191336, 0.85065080835204
"""Coordinates of the corners of an icosahedron of radius 1, but for rounding."""
FACES = (
    (0, 11, 5), (0, 5, 1), (0, 1, 7), (0, 7, 10), (0, 10, 11), (1, 5, 9), (5, 11, 4), (11, 10, 2), (10, 7, 6),
    (7, 1, 8), (3, 9, 4), (3, 4, 2), (3, 2, 6), (3, 6, 8), (3, 8, 9), (4, 9, 5), (2, 4, 11), (6, 2, 10), (8, 6, 7),
    (9, 8, 1),
)  # fmt: skip
"""Corners of the faces of an icosahedron."""


@lru_cache
def icosphere(subdivision: int, radius: float) -> Floats:
    """The points of an icosahedron whose edges are halved so many times and brought onto the sphere: (points, 3).

    Points, order and rounding are those of trimesh.creation.icosphere: a halving puts the midpoints behind the points,
    by the higher and then the lower number of an edge's ends.
    """
    points, faces = _corners(), np.array(FACES)
    if subdivision == 0:
        points = _onto_sphere(points, radius)
    for _ in range(subdivision):
        points, faces = _halved(points, faces)
        points = _onto_sphere(points, radius)
    points.flags.writeable = False
    return points


def _corners() -> Floats:
    """Four on each plane between two axes: (±SHORT, ±LONG, 0), then these turned."""
    signs = [(-1, 1), (1, 1), (-1, -1), (1, -1)]
    first = [(s * SHORT, t * LONG, 0.0) for s, t in signs]
    second = [(0.0, s * SHORT, t * LONG) for s, t in signs]
    third = [(t * LONG, 0.0, s * SHORT) for s, t in signs]
    return np.array([*first, *second, *third])


def _halved(points: Floats, faces: Ints) -> tuple[Floats, Ints]:
    """Every face as four, with the midpoints of its edges."""
    around = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    edges = sorted({(max(edge), min(edge)) for edge in around.tolist()})
    number = {edge: len(points) + n for n, edge in enumerate(edges)}
    middles = [(points[a] + points[b]) / 2 for a, b in edges]
    made = []
    for a, b, c in faces.tolist():
        ab, bc, ca = (number[max(p, q), min(p, q)] for p, q in pairwise((a, b, c, a)))
        made += [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return np.vstack([points, middles]), np.array(made)


def _onto_sphere(points: Floats, radius: float) -> Floats:
    x, y, z = (points * points).T
    lengths = np.sqrt(x + y + z)[:, None]
    return points + points / lengths * (radius - lengths)


def harmonics(points: Floats, level: int) -> tuple[Floats, Floats]:
    """The parts of a level's kernel Σ_m Y_m(u) Y_m(v), -level ≤ m ≤ level: (points, 2 level + 1), and their signs.

    The kernel is Σ_j sign_j part_j(u) part_j(v). PyRadiomics gives scipy.special.sph_harm the angle from z as the
    azimuth and that in the plane of x and y as the polar angle, which may be negative, and takes no conjugates: as
    Y_-m = (-1)^m Y_m*, each pair ±m adds 2 Re Y_m(u) Y_m(v), a product of cosines less one of sines.
    """
    x, y, z = points.T
    flat, length = np.sqrt(x * x + y * y), np.sqrt(x * x + y * y + z * z)
    polar = _ratio(x, flat, at_pole=1), _ratio(np.abs(y), flat, at_pole=0)
    azimuth = z / length, flat / length
    parts, signs = [_scale(level, 0) * _legendre(level, 0, *polar)], [1.0]
    for m in range(1, level + 1):
        along = np.sqrt(2.0) * _scale(level, m) * _legendre(level, m, *polar)
        cosine, sine = _turned(*azimuth, m)
        parts += [along * cosine, along * sine]
        signs += [1.0, -1.0]
    return np.stack(parts, axis=1), np.array(signs)


def _ratio(part: Floats, whole: Floats, *, at_pole: float) -> Floats:
    return np.divide(part, whole, out=np.full_like(whole, at_pole), where=whole > 0)


def _scale(level: int, m: int) -> float:
    return sqrt((2 * level + 1) / (4 * pi) * (factorial(level - m) / factorial(level + m)))


def _turned(cosine: Floats, sine: Floats, times: int) -> tuple[Floats, Floats]:
    """Cosine and sine of so many times the angle."""
    c, s = cosine, sine
    for _ in range(times - 1):
        c, s = c * cosine - s * sine, s * cosine + c * sine
    return c, s


def _legendre(degree: int, order: int, cosine: Floats, sine: Floats) -> Floats:
    """The associated Legendre function of the cosine, its sign as without Condon and Shortley's phase."""
    before, made = np.zeros_like(cosine), np.ones_like(cosine)
    for k in range(order):
        made = made * ((2 * k + 1) * sine)
    for n in range(order, degree):
        before, made = made, ((2 * n + 1) * cosine * made - (n + order) * before) / (n - order + 1)
    return made
