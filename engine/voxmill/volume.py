"""What everything else goes through: Grid, Window, Source, Volume, Mask.

Anything in mm (spacing, origin, direction, points) is x, y, z in LPS, as in DICOM and SimpleITK;
anything indexed (arrays, shapes, windows) is z, y, x.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voxmill.errors import InputError, nearest

Index = tuple[int, int, int]
Box = tuple[int, Index, Index, int]  # label, start, stop, voxels
Point = tuple[float, float, float]
Affine = tuple[tuple[float, float, float, float], ...]
Names = Mapping[int, str] | Mapping[tuple[int, int], str] | Mapping[int | tuple[int, int], str]

MAX_LABEL = 65_535
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

    def contains(self, other: "Window") -> bool:
        """Whether every voxel of `other` lies in this window."""
        return self.intersect(other) == other

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
    """

    shape: Index
    affine: Affine
    dimensions: int = 3

    def __post_init__(self) -> None:
        matrix = np.asarray(self.affine, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or tuple(matrix[3]) != (0, 0, 0, 1):
            raise InputError(f"an affine is 4 x 4, finite, with the last row 0 0 0 1; found {matrix.tolist()}")
        sizes: Sequence[int] = self.shape
        if len(sizes) != 3 or min(sizes) < 1:
            raise InputError(f"a grid has three positive sizes z, y, x; found {tuple(self.shape)}")
        if not abs(np.linalg.det(matrix[:3, :3])) > 0:
            raise InputError(f"the axes of a grid must span space, with steps other than 0; found {matrix.tolist()}")
        object.__setattr__(self, "affine", tuple(tuple(float(v) + 0.0 for v in row) for row in matrix))
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

        Lengths that rounding took from 1 are set to 1, so that the grid's spacing is this one; others are refused.
        """
        steps, start, axes = (np.asarray(one, dtype=np.float64) for one in (spacing, origin, direction))
        if steps.shape != (3,) or not (np.isfinite(steps).all() and (steps > 0).all()):
            raise InputError(f"spacing is three positive numbers x, y, z in mm; found {steps.tolist()}")
        if start.shape != (3,) or axes.size != 9:
            raise InputError(f"origin is three numbers, direction nine; found {start.tolist()} and {axes.tolist()}")
        matrix = np.eye(4)
        matrix[:3, :3] = (_unit_columns(axes.reshape(3, 3)) * steps)[:, ::-1]
        matrix[:3, 3] = start
        return cls(shape, matrix, dimensions)  # type: ignore[arg-type]

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """The affine as an array, 4 x 4, read-only."""
        matrix = np.asarray(self.affine)
        matrix.flags.writeable = False
        return matrix

    @cached_property
    def spacing(self) -> Point:
        """Distance from voxel to voxel along x, y, z in mm."""
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
        axes: NDArray[np.float64] = self.matrix[:3, 2::-1] / np.asarray(self.spacing)
        return axes

    @property
    def shear(self) -> float:
        """How far the axes are from right angles: the largest cosine between two of them, 0 when they are square."""
        cosines = self.direction.T @ self.direction
        return float(np.abs(cosines - np.diag(np.diag(cosines))).max())

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
        return Grid(window.shape, matrix, self.dimensions)  # type: ignore[arg-type]

    def matches(self, other: "Grid", *, tolerance: float = 1e-6) -> bool:
        """Whether voxels lie in the same places, as ITK compares: to `tolerance` of a voxel and of the direction."""
        if self.shape != other.shape or self.dimensions != other.dimensions:
            return False
        near = tolerance * self.spacing[0]
        return (
            np.allclose(self.origin, other.origin, rtol=0, atol=near)
            and np.allclose(self.spacing, other.spacing, rtol=0, atol=near)
            and np.allclose(self.direction, other.direction, rtol=0, atol=tolerance)
        )

    def __str__(self) -> str:
        """Size, spacing, origin and direction, x, y, z, in mm, for messages."""
        size = " x ".join(str(n) for n in self.shape[::-1])
        axes = " ".join(_list(row) for row in self.direction)
        return f"size {size}, spacing {_list(self.spacing)} mm, origin {_list(self.origin)} mm, direction {axes}"


def _unit_columns(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(axes, axis=0)
    if not np.allclose(lengths, 1, rtol=0, atol=1e-3):
        raise InputError(f"the columns of a direction are unit vectors; found lengths {_list(lengths)}")
    unit: NDArray[np.float64] = axes / lengths
    return unit


def _list(numbers: ArrayLike) -> str:
    return "(" + ", ".join(f"{number:.6g}" for number in np.asarray(numbers).tolist()) + ")"


class Source(Protocol):
    """Anything that can be read by window: a volume in memory, an array of a store."""

    @property
    def grid(self) -> Grid:
        """Where its voxels lie."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its voxels."""

    @property
    def digest(self) -> str:
        """SHA-256 of grid, type and voxels: equal for equal content."""

    def read(self, window: Window) -> NDArray[Any]:
        """The voxels of a window, indexed z, y, x; never to be written to."""


@dataclass(frozen=True, init=False, eq=False)
class Volume:
    """An image in memory, a Source.

    `array` is indexed z, y, x (y, x for a flat image). Its place is a `grid`, or `spacing` (x, y, z in mm) with
    `origin` and `direction` as in SimpleITK. `name` becomes the case of a row. The array is kept, not copied,
    unless it is not C-contiguous or in foreign byte order; it must not be written to afterwards.

    Raises InputError for arrays that are not 2D or 3D numbers, and for places that make no sense.
    """

    array: NDArray[Any]
    grid: Grid
    name: str

    def __init__(
        self,
        array: ArrayLike,
        grid: Grid | None = None,
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        direction: ArrayLike | None = None,
        name: str = "image",
    ) -> None:
        voxels, dimensions = _voxels(np.asarray(array), name)
        object.__setattr__(self, "array", _frozen(voxels))
        object.__setattr__(self, "grid", _placed(voxels.shape, dimensions, name, grid, spacing, origin, direction))
        object.__setattr__(self, "name", name)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the voxels."""
        return self.array.dtype

    @cached_property
    def digest(self) -> str:
        """SHA-256 of grid, type and voxels."""
        return _digest(self.grid, [self.array])

    def read(self, window: Window) -> NDArray[Any]:
        """The voxels of a window: a read-only view."""
        return self.array[window.slices]


@dataclass(frozen=True)
class Segment:
    """One label of a mask: its number, its name if it has one, the layer it is in, its box, its size in voxels."""

    label: int
    name: str | None
    layer: int
    box: Window
    voxels: int

    def __str__(self) -> str:
        """The name, or else the number."""
        return self.name or str(self.label)


@dataclass(frozen=True, init=False, eq=False)
class Mask:
    """Labels on a grid: 0 is outside, every other number is a segment.

    `array` holds whole numbers 0 to 65,535, indexed z, y, x; segments that overlap lie in several layers (a sequence
    of arrays). `names` maps a label (or a pair layer, label) to the segment's name. The box of every segment is found
    here, once. Place and `name` are as for Volume.

    Raises InputError for numbers that are no labels, and when nothing is segmented.
    """

    layers: tuple[NDArray[Any], ...]
    grid: Grid
    segments: tuple[Segment, ...]
    name: str = field(default="mask")

    def __init__(
        self,
        array: ArrayLike | Sequence[ArrayLike],
        grid: Grid | None = None,
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        direction: ArrayLike | None = None,
        names: Names | None = None,
        name: str = "mask",
    ) -> None:
        arrays = list(array) if isinstance(array, list | tuple) else [array]
        shaped = [_voxels(np.asarray(layer), name) for layer in arrays]
        found = [_labels(voxels, name) for voxels, _ in shaped]
        boxes = [_boxes(labels, name) for labels in found]
        layers = tuple(_frozen(_unsigned(labels)) for labels in found)
        place = _placed(layers[0].shape, shaped[0][1], name, grid, spacing, origin, direction)
        if any(layer.shape != place.shape for layer in layers):
            raise InputError(f"{name}: all layers must have one shape; found {[layer.shape for layer in layers]}")
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "grid", place)
        object.__setattr__(self, "segments", _segments(boxes, names or {}, name))
        object.__setattr__(self, "name", name)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of grid, type and labels of every layer."""
        return _digest(self.grid, self.layers)

    def select(self, wanted: Sequence[int | str] | None = None) -> tuple[Segment, ...]:
        """The segments of these labels (numbers or names), in this order; all of them for None.

        Raises InputError when one is not there, listing those that are.
        """
        if wanted is None:
            return self.segments
        return tuple(segment for one in wanted for segment in self._find(one))

    def _find(self, wanted: int | str) -> list[Segment]:
        text = str(wanted)
        numbered = [s for s in self.segments if str(s.label) == text]
        named = [s for s in self.segments if s.name == text]
        found = numbered or named if isinstance(wanted, int) else named or numbered
        if not found:
            present = ", ".join(f"{s.label} ({s.name})" if s.name else str(s.label) for s in self.segments)
            names = [s.name for s in self.segments if s.name]
            hint = nearest(text, names).split("; known")[0] if names else ""
            raise InputError(f"{self.name}: label {text} is not in the mask; labels present: {present}{hint}")
        return found


def require_same_grid(image: Volume, mask: Mask, *, tolerance: float = 1e-6) -> None:
    """Raise InputError, with both grids, unless a mask lies on the grid of an image: to `tolerance`, as Grid.matches."""
    if image.grid.dimensions != mask.grid.dimensions:
        raise InputError(
            f"{mask.name}: the mask has {mask.grid.dimensions} dimensions, {image.name} has {image.grid.dimensions}; "
            "save both with the same"
        )
    if not image.grid.matches(mask.grid, tolerance=tolerance):
        raise InputError(
            f"{mask.name}: the mask does not lie on the grid of {image.name}; image: {image.grid}; mask: {mask.grid}; "
            "resample the mask onto the image's grid, or give the image that it was drawn on"
        )


def _voxels(array: NDArray[Any], name: str) -> tuple[NDArray[Any], int]:
    """The array as z, y, x in native byte order, C-contiguous; and whether the image is flat (2) or not (3)."""
    if array.ndim not in (2, 3) or array.size == 0:
        raise InputError(f"{name}: an image has 2 or 3 dimensions and at least one voxel; found shape {array.shape}")
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name}: voxels must be real numbers; found {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        array = array.astype(np.float32 if array.dtype.itemsize < 4 else np.float64)
    native = array.astype(np.uint8 if array.dtype.kind == "b" else array.dtype.newbyteorder("="), copy=False)
    return np.ascontiguousarray(native if native.ndim == 3 else native[np.newaxis]), array.ndim


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _placed(
    shape: tuple[int, ...],
    dimensions: int,
    name: str,
    grid: Grid | None,
    spacing: Sequence[float] | None,
    origin: Sequence[float] | None,
    direction: ArrayLike | None,
) -> Grid:
    if grid is not None:
        if spacing is not None or origin is not None or direction is not None:
            raise InputError(f"{name}: give a grid, or spacing with origin and direction, not both")
        if grid.shape != shape:
            raise InputError(f"{name}: the array has shape {shape} (z, y, x), its grid {grid.shape}")
        return grid
    if spacing is None:
        raise InputError(f"{name}: where its voxels lie is not known; give spacing=(x, y, z) in mm, or a grid")
    depth, height, width = shape
    flat = dimensions == 2
    try:
        return Grid.from_spacing(
            (depth, height, width),
            (*spacing, 1.0) if flat and np.size(spacing) == 2 else spacing,
            origin=(0.0, 0.0, 0.0) if origin is None else (*origin, 0.0) if flat and np.size(origin) == 2 else origin,
            direction=IDENTITY if direction is None else _in_space(direction) if flat else direction,
            dimensions=dimensions,
        )
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def _in_space(direction: ArrayLike) -> NDArray[np.float64]:
    """The direction of a flat image (2 x 2) with the third axis across it; one of 3 x 3 as it is."""
    given = np.asarray(direction, dtype=np.float64)
    if given.size != 4:
        return given
    axes = np.eye(3)
    axes[:2, :2] = given.reshape(2, 2)
    return axes


def _labels(array: NDArray[Any], name: str) -> NDArray[Any]:
    """The array as whole numbers, without a copy where it holds them already."""
    if array.dtype.kind != "f":
        return array
    inside = array.min() >= 0 and array.max() <= MAX_LABEL  # False for NaN
    whole = array.astype(np.uint16) if inside else None
    if whole is None or not np.array_equal(whole, array):
        raise InputError(f"{name}: a mask holds whole numbers from 0 to {MAX_LABEL}; found fractions or others")
    return whole


def _segments(boxes: list[list[Box]], names: Mapping[Any, str], name: str) -> tuple[Segment, ...]:
    found = [
        Segment(label, names.get((layer, label), names.get(label)), layer, Window(start, stop), voxels)
        for layer, in_layer in enumerate(boxes)
        for label, start, stop, voxels in in_layer
    ]
    if not found:
        raise InputError(f"{name}: nothing is segmented: every voxel is 0; give a mask in which the region has a label")
    return tuple(found)


def _boxes(labels: NDArray[Any], name: str) -> list[Box]:
    """The boxes of all labels; a negative number, read as unsigned, is higher than its type allows."""
    from voxmill_kernels.facts import boxes

    try:
        return boxes(_unsigned(labels), highest=min(MAX_LABEL, int(np.iinfo(labels.dtype).max)))
    except ValueError:
        raise InputError(
            f"{name}: a mask holds whole numbers from 0 to {MAX_LABEL}; found {labels.min()} to {labels.max()}"
        ) from None


def _unsigned(labels: NDArray[Any]) -> NDArray[Any]:
    return labels.view(np.dtype(f"u{labels.dtype.itemsize}"))


def _digest(grid: Grid, arrays: Sequence[NDArray[Any]]) -> str:
    digest = hashlib.sha256(repr((grid.shape, grid.affine, grid.dimensions)).encode())
    for array in arrays:
        digest.update(str(array.dtype).encode())
        digest.update(array.data.cast("B"))
    return digest.hexdigest()
