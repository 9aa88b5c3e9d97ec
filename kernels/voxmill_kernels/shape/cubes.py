"""The surface within one cube of eight voxel centres, for each of its 256 codes (marching cubes at the half level).

Bit 4 dz + 2 dy + dx of a code says whether corner (dz, dy, dx) is in the region. Surface vertices are the midpoints of
the cube's edges between a corner inside and one outside. Where a code leaves a choice, it is the one that PyRadiomics'
mesh makes:

- a code whose corner (1, 1, 0) is inside takes the surface of its complement, turned around;
- on a face with two opposite corners inside, each of these is cut off by itself;
- a polygon of up to six vertices is cut into the triangles that have the largest area, then the least volume about the
  centre of the cube; one of seven is the fan from the vertex that lies on its plane of symmetry.
"""

from functools import cache
from itertools import combinations, pairwise

import numpy as np

from voxmill_kernels.types import Ints

Vertex = tuple[int, int, int]
Triangle = tuple[Vertex, Vertex, Vertex]

# corners at even places, so that the midpoint of an edge is a place of whole numbers: units of half a voxel
CORNERS: tuple[Vertex, ...] = tuple((2 * (c >> 2), 2 * (c >> 1 & 1), 2 * (c & 1)) for c in range(8))
FACES = tuple(tuple(c for c in range(8) if CORNERS[c][axis] == side) for axis in range(3) for side in (0, 2))
TURNED_CORNER = CORNERS.index((2, 2, 0))


@cache
def surface(code: int) -> tuple[Triangle, ...]:
    """The triangles of a code, vertices z, y, x in half voxels from corner (0, 0, 0), normals out of the region."""
    if code >> TURNED_CORNER & 1:
        return tuple((a, c, b) for a, b, c in surface(code ^ 0xFF))
    return tuple(triangle for polygon in _polygons(code) for triangle in _cut(polygon))


@cache
def surface_vectors() -> tuple[Ints, Ints, Ints]:
    """What area and volume need of every triangle of every code: its code, edge cross product, determinant.

    Shapes (n,), (n, 3), (n,); cross products in quarters, determinants in eighths of a voxel.
    """
    triangles = [(code, np.array(triangle)) for code in range(256) for triangle in surface(code)]
    codes = np.array([code for code, _ in triangles])
    crosses = np.array([np.cross(t[1] - t[0], t[2] - t[0]) for _, t in triangles])
    determinants = np.array([np.dot(np.cross(t[0], t[1]), t[2]) for _, t in triangles])
    return codes, crosses, determinants


def _inside(code: int, corner: int) -> bool:
    return bool(code >> corner & 1)


def _midpoint(a: int, b: int) -> Vertex:
    z, y, x = (p + q for p, q in zip(CORNERS[a], CORNERS[b], strict=True))
    return (z // 2, y // 2, x // 2)


def _edges(corners: tuple[int, ...]) -> list[tuple[int, int]]:
    """The pairs of these corners that an edge of the cube joins."""
    return [(a, b) for a, b in combinations(corners, 2) if (a ^ b) in (1, 2, 4)]


def _segments(code: int) -> list[tuple[Vertex, Vertex]]:
    """Where the surface meets the six faces."""
    segments = []
    for face in FACES:
        crossed = [edge for edge in _edges(face) if _inside(code, edge[0]) != _inside(code, edge[1])]
        if len(crossed) == 2:
            segments.append((_midpoint(*crossed[0]), _midpoint(*crossed[1])))
        elif len(crossed) == 4:
            for corner in (c for c in face if _inside(code, c)):
                one, other = (edge for edge in crossed if corner in edge)
                segments.append((_midpoint(*one), _midpoint(*other)))
    return segments


def _polygons(code: int) -> list[list[Vertex]]:
    """The segments joined end to end, each polygon turned so that its normal leaves the region."""
    neighbours: dict[Vertex, list[Vertex]] = {}
    for a, b in _segments(code):
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    polygons = []
    left = set(neighbours)
    while left:
        polygon = [min(left)]
        while ahead := [v for v in neighbours[polygon[-1]] if v in left and v not in polygon]:
            polygon.append(ahead[0])
        left -= set(polygon)
        polygons.append(_turned_out(code, polygon))
    return polygons


def _turned_out(code: int, polygon: list[Vertex]) -> list[Vertex]:
    points = np.array(polygon)
    normal = np.cross(points, np.roll(points, -1, axis=0)).sum(axis=0)
    outward = np.zeros(3)
    for a, b in _edges(tuple(range(8))):
        if _inside(code, a) != _inside(code, b) and _midpoint(a, b) in polygon:
            step = np.array(CORNERS[b]) - np.array(CORNERS[a])
            outward += step if _inside(code, a) else -step
    return polygon if normal @ outward > 0 else polygon[::-1]


def _cut(polygon: list[Vertex]) -> list[Triangle]:
    if len(polygon) == 7:
        return _symmetric_fan(polygon)
    return max(_triangulations(polygon), key=lambda triangles: (_area(triangles), -abs(_volume(triangles))))


def _symmetric_fan(polygon: list[Vertex]) -> list[Triangle]:
    """The triangles that share the one vertex whose fan has no mirror image, so an area of its own."""
    turns = [polygon[k:] + polygon[:k] for k in range(len(polygon))]
    fans = [[(turn[0], b, c) for b, c in pairwise(turn[1:])] for turn in turns]
    areas = [_area(fan) for fan in fans]
    return next(fan for fan, area in zip(fans, areas, strict=True) if areas.count(area) == 1)


def _triangulations(polygon: list[Vertex]) -> list[list[Triangle]]:
    """Every way to cut a polygon into triangles: the one at its closing edge, times the ways to cut what is left."""
    if len(polygon) < 3:
        return [[]]
    return [
        [*before, (polygon[0], polygon[k], polygon[-1]), *after]
        for k in range(1, len(polygon) - 1)
        for before in _triangulations(polygon[: k + 1])
        for after in _triangulations(polygon[k:])
    ]


def _area(triangles: list[Triangle]) -> float:
    """Area for voxels of equal sides, rounded so that equal areas compare equal."""
    t = np.array(triangles)
    return round(float(np.linalg.norm(np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]), axis=1).sum()), 6)


def _volume(triangles: list[Triangle]) -> int:
    """Six times the volume between the triangles and the centre of the cube, in eighths of a voxel."""
    t = np.array(triangles) - 1
    return int((np.cross(t[:, 0], t[:, 1]) * t[:, 2]).sum())
