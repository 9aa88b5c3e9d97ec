"""The surface of every cube code is PyRadiomics' surface, and closes with its neighbours."""

from collections import Counter
from itertools import pairwise, product
from types import ModuleType

import numpy as np
import pytest

from kernel_cases import read_only
from voxmill_kernels.shape.cubes import CORNERS, surface, surface_vectors
from voxmill_kernels.shape.mesh import area_and_volume
from voxmill_kernels.types import Binary, Ints

SPACING = (2.1, 0.7, 1.3)


def cube(code: int) -> Binary:
    return read_only(np.array([code >> corner & 1 for corner in range(8)], dtype=np.int8).reshape(2, 2, 2))


def one(code: int) -> tuple[Ints, Ints]:
    """A single cube of this code at the corner of the box."""
    counts = np.zeros(256, dtype=np.int64)
    counts[code] = 1
    return counts, np.zeros((256, 3), dtype=np.int64)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), SPACING])
def test_area_and_volume_of_every_code_are_pyradiomics(
    radiomics: ModuleType, spacing: tuple[float, float, float]
) -> None:
    for code in range(1, 255):
        area, volume, _ = radiomics.cShape.calculate_coefficients(cube(code).astype(bool), np.array(spacing))
        assert area_and_volume(*one(code), spacing) == pytest.approx((area, volume), rel=1e-12, abs=1e-12), code


def test_empty_and_full_cubes_have_no_surface() -> None:
    assert surface(0) == surface(255) == ()


@pytest.mark.parametrize("code", range(256))
def test_vertices_are_where_the_code_changes(code: int) -> None:
    """Each edge of the cube from inside to outside has its midpoint in the surface; no other point is."""
    expected = set()
    for a, b in product(range(8), repeat=2):
        if a ^ b in (1, 2, 4) and (code >> a & 1) and not (code >> b & 1):
            expected.add(tuple((p + q) // 2 for p, q in zip(CORNERS[a], CORNERS[b], strict=True)))
    assert {vertex for triangle in surface(code) for vertex in triangle} == expected


@pytest.mark.parametrize("code", range(256))
def test_surfaces_end_on_the_faces_only(code: int) -> None:
    """An edge within the cube has a triangle on either side, run through both ways; any other lies on a face."""
    edges = Counter(edge for t in surface(code) for edge in pairwise((*t, t[0])))
    for (start, end), count in edges.items():
        assert count == 1
        on_a_face = any(p == q and p in (0, 2) for p, q in zip(start, end, strict=True))
        assert on_a_face or edges[end, start] == 1


def test_vectors_are_those_of_the_triangles() -> None:
    codes, crosses, determinants = surface_vectors()
    assert np.bincount(codes, minlength=256).tolist() == [len(surface(code)) for code in range(256)]
    assert crosses.shape == (len(codes), 3)
    assert determinants.shape == codes.shape
