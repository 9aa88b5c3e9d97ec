"""Where voxels lie: Window and Grid.

Anything in mm (spacing, origin, direction, points) is x, y, z in LPS, as in DICOM and SimpleITK;
anything indexed (arrays, shapes, windows) is z, y, x.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from operator import le

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voxmill.errors import InputError

Index = tuple[int, int, int]
Point = tuple[float, float, float]
Affine = tuple[tuple[float, float, float, float], ...]
Given = tuple[Point, tuple[Point, Point, Point]]

MAX_SHEAR = 1e-3
"""How far axes may be from right angles (see Grid.shear) where something is measured."""
ROUNDING = 1e-15
"""A unit vector whose length is this near to 1 is taken as it is, so that affines are ITK's to the bit."""
IDENTITY: tuple[Point, Point, Point] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(frozen=True)
class Window:
    """Index ranges z, y, x: `start` is inside, `stop` is the first index outside."""

    start: Index
    stop: Index

    def __post_init__(self) -> None:
        if any(a > b for a, b in zip(self.start, self.stop, strict=True)):
            raise ValueError(f"a window ends before it starts: {self.start} to {self.stop}")

    @classmethod
    def whole(cls, shape: Index) -> "Window":
        """The window of a whole array of this shape."""
        return cls((0, 0, 0), shape)

    @property
    def shape(self) -> Index:
        """The number of indices along z, y, x."""
        return (self.stop[0] - self.start[0], self.stop[1] - self.start[1], self.stop[2] - self.start[2])

    @property
    def size(self) -> int:
        """The number of voxels."""
        return math.prod(self.shape)

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """What to index an array with."""
        return (
            slice(self.start[0], self.stop[0]),
            slice(self.start[1], self.stop[1]),
            slice(self.start[2], self.stop[2]),
        )

    def grow(self, halo: Index) -> "Window":
        """This window with `halo` more indices at both ends of each axis; it may leave the image."""
        return Window(_add(self.start, halo, -1), _add(self.stop, halo, 1))

    def clip(self, shape: Index) -> "Window":
        """The part of this window that lies in an image of this shape."""
        return self.intersect(Window.whole(shape))

    def intersect(self, other: "Window") -> "Window":
        """What both windows share; empty (size 0) where they share nothing."""
        start = tuple(max(a, b) for a, b in zip(self.start, other.start, strict=True))
        stop = tuple(max(s, min(a, b)) for s, a, b in zip(start, self.stop, other.stop, strict=True))
        return Window((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def join(self, other: "Window") -> "Window":
        """The smallest window that holds both windows."""
        start = tuple(map(min, self.start, other.start))
        stop = tuple(map(max, self.stop, other.stop))
        return Window((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def lies_in(self, shape: Index) -> bool:
        """Whether both ends of this window, empty or not, lie in an image of this shape."""
        return min(self.start) >= 0 and all(stop <= size for stop, size in zip(self.stop, shape, strict=True))

    def contains(self, other: "Window") -> bool:
        """Whether `other`, empty or not, lies in this window."""
        return all(map(le, self.start, other.start)) and all(map(le, other.stop, self.stop))

    def moved(self, step: Index) -> "Window":
        """This window, so many indices further along each axis."""
        return Window(_add(self.start, step, 1), _add(self.stop, step, 1))

    def within(self, outer: "Window") -> "Window":
        """This window counted from the start of `outer`."""
        return Window(_add(self.start, outer.start, -1), _add(self.stop, outer.start, -1))


def _add(index: Index, other: Index, sign: int) -> Index:
    return (index[0] + sign * other[0], index[1] + sign * other[1], index[2] + sign * other[2])


@dataclass(frozen=True)
class Grid:
    """Where voxels lie: a shape and the affine from index (z, y, x) to LPS in mm.

    `affine` is 4 x 4: its columns are the step along z, along y, along x, and the position of voxel (0, 0, 0).
    Oblique and sheared grids are kept as they are. `dimensions` is 2 for a flat image, which is held as one slice.
    `given` is the spacing and the direction that the affine was made of, where it was: dividing would not give them
    back to the last bit.
    """

    shape: Index
    affine: Affine
    dimensions: int = 3
    given: Given | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        given = np.asarray(self.affine, dtype=np.float64)
        matrix = given.tolist()
        if given.shape != (4, 4) or not all(map(math.isfinite, chain(*matrix))) or matrix[3] != [0, 0, 0, 1]:
            raise InputError(f"an affine is 4 x 4, finite, with the last row 0 0 0 1; found {matrix}")
        sizes: Sequence[int] = self.shape
        if len(sizes) != 3 or min(sizes) < 1:
            raise InputError(f"a grid has three positive sizes z, y, x; found {tuple(self.shape)}")
        if not abs(_determinant(*(row[:3] for row in matrix[:3]))) > 0:  # NaN, of steps too large, is refused too
            raise InputError(f"the axes of a grid must span space, with steps other than 0; found {matrix}")
        if self.dimensions not in (2, 3) or (self.dimensions == 2 and sizes[0] != 1):
            raise InputError(
                "a grid has 3 dimensions, or 2 when it is one slice deep; "
                f"found {self.dimensions} with {tuple(self.shape)} (z, y, x)"
            )
        object.__setattr__(self, "affine", tuple(tuple(v + 0.0 for v in row) for row in matrix))
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @classmethod
    def from_spacing(
        cls,
        shape: Index,
        spacing: Sequence[float],
        *,
        origin: Sequence[float] = (0.0, 0.0, 0.0),
        direction: ArrayLike = IDENTITY,
        dimensions: int = 3,
    ) -> "Grid":
        """A grid as SimpleITK describes it: spacing and origin x, y, z in mm; direction 3 x 3, a unit vector a column.

        Lengths a little off 1, as in files, are set to 1, so that the grid has this spacing; others are refused.
        """
        steps, start, axes = (np.asarray(one, dtype=np.float64) for one in (spacing, origin, direction))
        if steps.shape != (3,) or not all(0 < step < math.inf for step in steps.tolist()):
            raise InputError(f"spacing is three positive numbers x, y, z in mm; found {steps.tolist()}")
        if start.shape != (3,) or axes.size != 9:
            raise InputError(f"origin is three numbers, direction nine; found {start.tolist()} and {axes.tolist()}")
        matrix = np.eye(4)
        matrix[:3, :3] = (_unit_columns(axes.reshape(3, 3)) * steps)[:, ::-1]
        matrix[:3, 3] = start
        given = (tuple(steps.tolist()), tuple(map(tuple, _unit_columns(axes.reshape(3, 3)).tolist())))
        return cls(shape, matrix, dimensions, given)  # type: ignore[arg-type]

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """The affine as an array, 4 x 4, read-only."""
        matrix = np.asarray(self.affine)
        matrix.flags.writeable = False
        return matrix

    @cached_property
    def spacing(self) -> Point:
        """Distance from voxel to voxel along x, y, z in mm."""
        if self.given is not None:
            return self.given[0]
        x, y, z = (math.hypot(*column) for column in self.matrix[:3, 2::-1].T)
        return (x, y, z)

    @property
    def origin(self) -> Point:
        """Position of voxel (0, 0, 0): x, y, z in mm."""
        x, y, z = self.matrix[:3, 3].tolist()
        return (x, y, z)

    @property
    def direction(self) -> NDArray[np.float64]:
        """Unit vectors of the axes x, y, z as the columns of a 3 x 3 matrix, as in SimpleITK."""
        if self.given is not None:
            return np.array(self.given[1])
        axes: NDArray[np.float64] = self.matrix[:3, 2::-1] / np.asarray(self.spacing)
        return axes

    @property
    def shear(self) -> float:
        """How far the axes are from right angles: the largest cosine between two of them, 0 when they are square."""
        x, y, z = self.direction.T.tolist()
        return max(abs(_dot(x, y)), abs(_dot(x, z)), abs(_dot(y, z)))

    def points(self, indices: ArrayLike) -> NDArray[np.float64]:
        """Positions x, y, z in mm of indices z, y, x; shape (..., 3) to (..., 3)."""
        return np.asarray(indices, dtype=np.float64) @ self.matrix[:3, :3].T + self.matrix[:3, 3]

    def indices(self, points: ArrayLike) -> NDArray[np.float64]:
        """Indices z, y, x (fractions of a voxel included) of positions x, y, z in mm; shape (..., 3) to (..., 3)."""
        inverse = np.linalg.inv(self.matrix[:3, :3])
        return (np.asarray(points, dtype=np.float64) - self.matrix[:3, 3]) @ inverse.T

    def crop(self, window: Window) -> "Grid":
        """The grid of a window of this one."""
        matrix = self.matrix.copy()
        matrix[:3, 3] = self.points(window.start)
        return Grid(window.shape, matrix, self.dimensions, self.given)  # type: ignore[arg-type]

    def matches(self, other: "Grid", *, tolerance: float = 1e-6) -> bool:
        """Whether voxels lie in the same places, as ITK compares: to `tolerance` of a voxel and of the direction."""
        if self.shape != other.shape or self.dimensions != other.dimensions:
            return False
        if self.affine == other.affine:
            return True
        near = tolerance * self.spacing[0]
        return (
            np.allclose(self.origin, other.origin, rtol=0, atol=near)
            and np.allclose(self.spacing, other.spacing, rtol=0, atol=near)
            and np.allclose(self.direction, other.direction, rtol=0, atol=tolerance)
        )

    def difference(self, other: "Grid") -> str:
        """What differs most plainly between two grids, and by how much, in a few words."""
        if self.shape != other.shape:
            return f"sizes {self.shape[::-1]} and {other.shape[::-1]}"
        for name, unit in (("origin", " mm"), ("spacing", " mm"), ("direction", "")):
            gap = float(np.abs(np.subtract(getattr(self, name), getattr(other, name))).max())
            if gap > 0:
                return f"their {name} differs by up to {gap:.3g}{unit}"
        return "they are alike"

    def __getstate__(self) -> dict[str, object]:
        """What is pickled: the fields, nothing that was computed from them."""
        return {"shape": self.shape, "affine": self.affine, "dimensions": self.dimensions, "given": self.given}

    def __repr__(self) -> str:
        return f"<Grid: {self}>"

    def __str__(self) -> str:
        """Size, spacing, origin and direction, x, y, z, in mm, for messages."""
        size = " x ".join(str(n) for n in self.shape[::-1])
        axes = " ".join(_list(row) for row in self.direction)
        return f"size {size}, spacing {_list(self.spacing)} mm, origin {_list(self.origin)} mm, direction {axes}"


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _determinant(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> float:
    return _dot(a, (b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]))


def _unit_columns(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = [math.hypot(*column) for column in axes.T.tolist()]
    if not all(abs(length - 1) <= 1e-3 for length in lengths):
        raise InputError(f"the columns of a direction are unit vectors; found lengths {_list(lengths)}")
    rounded = [1.0 if abs(length - 1) <= ROUNDING else length for length in lengths]
    unit: NDArray[np.float64] = axes / rounded
    return unit


def _list(numbers: ArrayLike) -> str:
    return "(" + ", ".join(f"{number:.6g}" for number in np.asarray(numbers).tolist()) + ")"
