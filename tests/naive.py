"""Slow, obvious oracles: each matrix and measure of a region by its definition.

Plain loops; arrays are containers only. Nothing is taken from fast code. Definitions are
those of IBSI 1 (reference manual, arXiv:1612.07003; sections and codes in the
docstrings) and, where the two differ, of PyRadiomics 3.0.1 (pages "Radiomic Features"
and "Image Processing" of its documentation), whose values are the ones to reproduce.
Features computed from the matrices are in `naive_features`.

`levels` is always a 3D integer array indexed (z, y, x): 0 is outside of the region and
1..Ng are grey levels, of which some may be missing. Ng is the highest that occurs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, groupby, product
from math import fsum, hypot
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Voxel: TypeAlias = tuple[int, int, int]
Offset: TypeAlias = tuple[int, int, int]
Box: TypeAlias = tuple[Voxel, Voxel, int]
Spacing: TypeAlias = Sequence[float]
Integers: TypeAlias = NDArray[np.integer[Any]]
Numbers: TypeAlias = NDArray[np.integer[Any] | np.floating[Any]]
Mask: TypeAlias = NDArray[np.bool_ | np.integer[Any]]
Counts: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


# Neighbourhoods


def directions(*distances: int, across: int | None = None) -> tuple[Offset, ...]:
    """Half of the offsets (dz, dy, dx) of those Chebyshev lengths, in descending order.

    `across` is an axis (0, 1, 2 for z, y, x) that none of them moves along.
    PyRadiomics calls them angles (`generate_angles`), and the axis force2Ddimension.
    """
    steps = range(max(distances), -max(distances) - 1, -1)
    cube = product(steps, steps, steps)
    offsets = [offset for offset in cube if max(map(abs, offset)) in distances]
    flat = [offset for offset in offsets if across is None or offset[across] == 0]
    return tuple(flat[: len(flat) // 2])


DIRECTIONS = directions(1)


def length(offset: Offset, spacing_zyx: Spacing, norm: str) -> float:
    """How far an offset leads in mm: the manhattan, euclidean or infinity norm."""
    sides = [abs(step) * size for step, size in zip(offset, spacing_zyx, strict=True)]
    return {"manhattan": fsum(sides), "euclidean": hypot(*sides), "infinity": max(sides)}[norm]


def _opposite(offset: Offset) -> Offset:
    return (-offset[0], -offset[1], -offset[2])


def _both_ways(half: Sequence[Offset]) -> list[Offset]:
    return [*half, *map(_opposite, half)]


def _step(voxel: Voxel, offset: Offset) -> Voxel:
    return (voxel[0] + offset[0], voxel[1] + offset[1], voxel[2] + offset[2])


def _voxels(shape: Sequence[int]) -> Iterator[Voxel]:
    depth, height, width = shape
    return product(range(depth), range(height), range(width))


def _region(levels: Mask) -> dict[Voxel, int]:
    """The level of each voxel of the region; what is no key lies outside."""
    return {voxel: int(levels[voxel]) for voxel in _voxels(levels.shape) if levels[voxel]}


def _neighbours(region: dict[Voxel, int], voxel: Voxel, offsets: Sequence[Offset]) -> list[int]:
    """Levels of the region's voxels at those offsets from `voxel`."""
    around = [_step(voxel, offset) for offset in offsets]
    return [region[neighbour] for neighbour in around if neighbour in region]


# Texture matrices


def glcm(levels: Integers, *, offsets: Sequence[Offset] = DIRECTIONS) -> Counts:
    """Grey level co-occurrences, counted one way (IBSI 3.6, LFYI; PyRadiomics: glcm).

    Shape (offsets, Ng, Ng): [a, i-1, j-1] voxels of level i have a voxel of level j at
    offsets[a] from them.
    """
    region = _region(levels)
    matrix = np.zeros((len(offsets), levels.max(), levels.max()), np.int64)
    for direction, offset in enumerate(offsets):
        for voxel, level in region.items():
            neighbour = _step(voxel, offset)
            if neighbour in region:
                matrix[direction, level - 1, region[neighbour] - 1] += 1
    return matrix


def _lines(levels: Integers, offset: Offset) -> Iterator[list[int]]:
    """The levels along each line of the box.

    A line starts at a voxel that has none before it and goes on to the border.
    """
    box = set(_voxels(levels.shape))
    for start in box:
        if _step(start, _opposite(offset)) not in box:
            line, voxel = [], start
            while voxel in box:
                line.append(int(levels[voxel]))
                voxel = _step(voxel, offset)
            yield line


def glrlm(levels: Integers, *, offsets: Sequence[Offset] = DIRECTIONS) -> Counts:
    """Grey level run lengths (IBSI 3.7, TP0I; PyRadiomics: glrlm).

    Shape (offsets, Ng, longest side of the box): [a, i-1, r-1] maximal runs of r voxels
    of level i along offsets[a].

    PyRadiomics' rule (not IBSI's): a direction of which no line holds two voxels of the
    region is all zeros. The two may have any levels and lie anywhere on the line, with
    or without voxels outside of the region between them.
    """
    matrix = np.zeros((len(offsets), levels.max(), max(levels.shape)), np.int64)
    for direction, offset in enumerate(offsets):
        lines = list(_lines(levels, offset))
        if all(sum(level > 0 for level in line) < 2 for line in lines):
            continue
        for level, run in (found for line in lines for found in groupby(line)):
            if level > 0:
                matrix[direction, level - 1, len(list(run)) - 1] += 1
    return matrix


def _zones(levels: Integers, offsets: Sequence[Offset]) -> Iterator[tuple[int, int]]:
    """(level, voxels) of each zone of one level that those neighbours connect, by flood fill."""
    unseen = _region(levels)
    while unseen:
        start, level = unseen.popitem()
        zone = [start]
        for voxel in zone:  # the list grows while it is walked
            for neighbour in [_step(voxel, offset) for offset in _both_ways(offsets)]:
                if unseen.get(neighbour) == level:
                    del unseen[neighbour]
                    zone.append(neighbour)
        yield level, len(zone)


def glszm(levels: Integers, *, offsets: Sequence[Offset] = DIRECTIONS) -> Counts:
    """Grey level zone sizes (IBSI 3.8, 9SAK; PyRadiomics: glszm).

    Shape (Ng, voxels of the largest zone): [i-1, s-1] zones of s voxels of level i.
    26-connected with all directions, 8-connected with the four in a plane.
    """
    zones = list(_zones(levels, offsets))
    largest = max((size for _, size in zones), default=0)
    matrix = np.zeros((levels.max(), largest), np.int64)
    for level, size in zones:
        matrix[level - 1, size - 1] += 1
    return matrix


def gldm(levels: Integers, *, alpha: int = 0, offsets: Sequence[Offset] = DIRECTIONS) -> Counts:
    """Grey level dependences (IBSI 3.11, NGLDM, REK0; PyRadiomics: gldm).

    Shape (Ng, 1 + number of neighbours; 27 for distance 1): [i-1, k] voxels of level i
    have k neighbours, at those offsets or opposite to them and in the region, that differ
    from them by at most `alpha`. IBSI counts the voxel itself too: its dependence is k + 1.
    PyRadiomics' own array has more columns (53 around a whole cube), never filled.
    """
    region, around = _region(levels), _both_ways(offsets)
    matrix = np.zeros((levels.max(), 1 + len(around)), np.int64)
    for voxel, level in region.items():
        near = _neighbours(region, voxel, around)
        matrix[level - 1, sum(abs(other - level) <= alpha for other in near)] += 1
    return matrix


def ngtdm_fractions(levels: Integers, *, offsets: Sequence[Offset] = DIRECTIONS) -> list[Fraction]:
    """The exact s_i of each level 1..Ng (IBSI 3.10, IPET; PyRadiomics: ngtdm).

    s_i sums |i - mean level of the neighbours| over the voxels of level i; a voxel
    without neighbours adds nothing.
    """
    region, around = _region(levels), _both_ways(offsets)
    sums = [Fraction(0)] * int(levels.max())
    for voxel, level in region.items():
        near = _neighbours(region, voxel, around)
        if near:
            sums[level - 1] += abs(level - Fraction(sum(near), len(near)))
    return sums


def ngtdm(levels: Integers, *, offsets: Sequence[Offset] = DIRECTIONS) -> Floats:
    """Neighbourhood grey tone differences (IBSI 3.10, IPET; PyRadiomics: ngtdm).

    Shape (Ng, 3): columns n_i, s_i, i. PyRadiomics' rule (not IBSI's): n_i counts the
    voxels without neighbours too.
    """
    voxels = Counter(_region(levels).values())
    sums = ngtdm_fractions(levels, offsets=offsets)
    rows = [(voxels[level], float(s), level) for level, s in enumerate(sums, start=1)]
    return np.array(rows, np.float64).reshape(-1, 3)


# Levels, boxes and shape


def discretise(values: Numbers, edges: Sequence[float] | Numbers) -> Counts:
    """The level of each value: how many of the ascending edges are not above it.

    Shape of `values` (IBSI 2.7; PyRadiomics: imageoperations.binImage).
    """
    levels = [sum(float(edge) <= float(value) for edge in edges) for value in values.flat]
    return np.array(levels, np.int64).reshape(values.shape)


def boxes(labels: Integers) -> dict[int, Box]:
    """Bounding box of each label but 0: (start, stop, voxels).

    Start is inclusive, stop exclusive, both (z, y, x).
    """
    region = _region(labels)
    found: dict[int, Box] = {}
    for label in set(region.values()):
        members = [voxel for voxel, other in region.items() if other == label]
        z, y, x = zip(*members, strict=True)
        start, stop = (min(z), min(y), min(x)), (max(z) + 1, max(y) + 1, max(x) + 1)
        found[label] = (start, stop, len(members))
    return found


def center(mask: Mask) -> tuple[Fraction, Fraction, Fraction]:
    """The mean of the indices z, y, x of what is not 0."""
    members = list(_region(mask))
    z, y, x = (Fraction(sum(indices), len(members)) for indices in zip(*members, strict=True))
    return z, y, x


def components(mask: Mask, connectivity: int) -> list[list[Voxel]]:
    """The voxels of each connected component, in order; the largest first, equal ones by their first voxel.

    Neighbours share a face (6), an edge (18) or a corner (26): their steps have one, two or three parts.
    """
    parts = {6: 1, 18: 2, 26: 3}[connectivity]
    offsets = [offset for offset in _both_ways(DIRECTIONS) if sum(map(abs, offset)) <= parts]
    left = set(_region(mask))
    found = []
    while left:
        seed = min(left)
        left.remove(seed)
        members, waiting = [seed], [seed]
        while waiting:
            voxel = waiting.pop()
            near = {_step(voxel, offset) for offset in offsets} & left
            left -= near
            members += near
            waiting += near
        found.append(sorted(members))
    return sorted(found, key=lambda members: (-len(members), members[0]))


def _vertices(mask: Mask) -> set[Voxel]:
    """Middle of each grid edge from a voxel inside to one outside, in half voxels.

    What lies beyond the array is outside.
    """
    region = _region(mask)
    faces = [offset for offset in _both_ways(DIRECTIONS) if sum(map(abs, offset)) == 1]
    return {
        _step((2 * voxel[0], 2 * voxel[1], 2 * voxel[2]), face)
        for voxel, face in product(region, faces)
        if _step(voxel, face) not in region
    }


def diameters(mask: Mask, spacing_zyx: Spacing) -> tuple[float, float, float, float]:
    """Largest distances in mm between mesh vertices: slice, column, row, 3D.

    Slice, column and row take the pairs of equal z, equal y and equal x
    (IBSI 3.1.11, L0JK, for the 3D one; PyRadiomics: shape).
    """
    longest = [0.0, 0.0, 0.0, 0.0]
    for one, other in combinations(_vertices(mask), 2):
        halves = [a - b for a, b in zip(one, other, strict=True)]
        length = hypot(*(n / 2 * size for n, size in zip(halves, spacing_zyx, strict=True)))
        for kind, half in enumerate([*halves, 0]):
            if half == 0:
                longest[kind] = max(longest[kind], length)
    return (longest[0], longest[1], longest[2], longest[3])


def outline(mask: Mask, spacing_yx: Spacing) -> tuple[float, float]:
    """Area in mm^2 and perimeter in mm of the outline of a mask (y, x).

    In each square of four pixel centres a line cuts off each run of corners inside, from
    the middle of the side where the run begins to that where it ends. The area is the sum
    of the signed triangles of each line and the origin (PyRadiomics: shape2D).
    """
    inside = {(y, x) for y, x in np.argwhere(mask).tolist()}
    height, width = mask.shape
    triangles, lengths = [], []
    for y, x in product(range(-1, height), range(-1, width)):
        corners = [(y, x), (y, x + 1), (y + 1, x + 1), (y + 1, x)]
        sides = list(zip(corners, corners[1:] + corners[:1], strict=True))
        starts = [k for k, (one, other) in enumerate(sides) if one not in inside and other in inside]
        for start in starts:
            turns = [(start + k) % 4 for k in range(1, 4)]
            end = next(k for k in turns if sides[k][0] in inside and sides[k][1] not in inside)
            (ay, ax), (by, bx) = (
                [(p + q) / 2 * size for p, q, size in zip(*sides[k], spacing_yx, strict=True)] for k in (start, end)
            )
            triangles.append((ay * bx - ax * by) / 2)
            lengths.append(hypot(by - ay, bx - ax))
    return abs(fsum(triangles)), fsum(lengths)


def covariance(mask: Mask, spacing_zyx: Spacing) -> Floats:
    """Population covariance in mm^2 of the voxel centres, (3, 3) in the order z, y, x.

    Its eigenvalues give the axes (IBSI 3.1.12, TDIC; PyRadiomics: shape).
    Dividing by the number of voxels is PyRadiomics' rule: the axis lengths that IBSI
    publishes for its digital phantom come of dividing by one less.
    """
    voxels = list(_region(mask))
    axes = []
    for indices, size in zip(zip(*voxels, strict=True), spacing_zyx, strict=True):
        mean = fsum(index * size for index in indices) / len(voxels)
        axes.append([index * size - mean for index in indices])
    return np.array(
        [[fsum(a * b for a, b in zip(one, other, strict=True)) / len(voxels) for other in axes] for one in axes]
    )
