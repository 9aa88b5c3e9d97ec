"""What everything else goes through: Source, Volume, Mask."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Protocol, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voxmill.acquired import Acquired
from voxmill.errors import InputError
from voxmill.grid import IDENTITY, Grid, Window
from voxmill.segments import (
    Segment,
    Undrawn,
    boxes_of,
    layered,
    matching,
    segments_of,
    unsigned,
    whole_numbers,
    why_absent,
    with_names,
)
from voxmill.suv import Suv

Names = Mapping[int, str] | Mapping[tuple[int, int], str] | Mapping[int | tuple[int, int], str]

SHOWN = 5
"""The most segments that a mask's repr names."""


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

    @property
    def facts(self) -> Mapping[type, Any]:
        """What is known of all its voxels without a look at them: exact summaries, each by its type."""

    def read(self, window: Window) -> NDArray[Any]:
        """The voxels of a window, indexed z, y, x; never to be written to.

        Raises ValueError for a window that is not inside the image.
        """


class Image(Source, Protocol):
    """A source that can be a case: it has a name, and says what a reader of its rows should know."""

    @property
    def name(self) -> str:
        """The case of its rows."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of its rows should know."""

    @property
    def suv(self) -> Suv | None:
        """The factor of standardised uptake values, or why there is none; None for what is no PET."""


def is_image(given: object) -> TypeGuard[Image]:
    """Whether something is an image already, or else a path or whatever has to be read first."""
    return isinstance(given, Volume) or (hasattr(given, "grid") and hasattr(given, "read"))


@dataclass(frozen=True, init=False, eq=False)
class Volume:
    """An image in memory, a Source.

    `array` is indexed z, y, x (y, x for a flat image). Its place is a `grid`, or `spacing` (x, y, z in mm) with
    `origin` and `direction` as in SimpleITK. `name` becomes the case of a row; `notes` are what a reader of its rows
    should know; `suv` is the factor of PET, by which its values were not multiplied; `acquired` says whose an
    image of DICOM is. The array is kept, not copied, unless it is not C-contiguous or in foreign byte order; it must
    not be written to afterwards.

    Raises InputError for arrays that are not 2D or 3D numbers, and for places that make no sense.
    """

    array: NDArray[Any]
    grid: Grid
    name: str
    notes: tuple[str, ...]
    suv: Suv | None = None
    acquired: Acquired | None = None

    def __init__(
        self,
        array: ArrayLike,
        grid: Grid | None = None,
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        direction: ArrayLike | None = None,
        name: str = "image",
        notes: Sequence[str] = (),
        suv: Suv | None = None,
        acquired: Acquired | None = None,
    ) -> None:
        voxels, dimensions = _voxels(array, name)
        grid = _Place(grid, spacing, origin, direction).of(voxels.shape, dimensions, name)
        told = {"name": name, "notes": tuple(notes), "suv": suv, "acquired": acquired}
        _set(self, {"array": _frozen(voxels), "grid": grid, **told})

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the voxels."""
        return self.array.dtype

    @property
    def facts(self) -> Mapping[type, Any]:
        """None: they are found in one pass when they are asked for."""
        return {}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of grid, type and voxels."""
        return _digest(self.grid, [self.array])

    def renamed(self, name: str, *, notes: Sequence[str], suv: Suv | None = None) -> "Volume":
        """The same image, by another name and with these notes; suv: in place of what it has."""
        volume = Volume.__new__(Volume)
        _set(volume, {**self.__getstate__(), "name": name, "notes": tuple(notes), "suv": suv or self.suv})
        return volume

    def read(self, window: Window) -> NDArray[Any]:
        """The voxels of a window, a read-only view; ValueError when the window is not inside the image."""
        if not window.lies_in(self.grid.shape):
            raise ValueError(f"{self.name}: {window} is not inside an image of shape {self.grid.shape}; clip it first")
        return self.array[window.slices]

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the fields, no digest."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        _set(self, {**state, "array": _frozen(state["array"])})

    def __repr__(self) -> str:
        return f"<Volume {self.name!r}: {self.dtype}, {self.grid}>"


@dataclass(frozen=True, init=False, eq=False)
class Mask:
    """Labels on a grid: 0 is outside, every other number is a segment.

    `array` holds whole numbers 0 to 65,535, indexed z, y, x (y, x for a flat mask); segments that overlap lie in
    several layers, see `of_layers`. `names` maps a label (or a pair layer, label) to the segment's name; no two may be
    called alike. The box of every segment is found here, once. `undrawn`: segments that a file describes, and that have
    no voxel. Place, `name` and `notes` are as for Volume.

    Raises InputError for numbers that are no labels, for names that are of no use, and when nothing is segmented.
    """

    layers: tuple[NDArray[Any], ...]
    grid: Grid
    segments: tuple[Segment, ...]
    name: str = field(default="mask")
    notes: tuple[str, ...] = ()
    undrawn: tuple[Undrawn, ...] = ()

    def __init__(
        self,
        array: ArrayLike,
        grid: Grid | None = None,
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        direction: ArrayLike | None = None,
        names: Names | None = None,
        name: str = "mask",
        notes: Sequence[str] = (),
    ) -> None:
        self._fill([array], names, (name, notes), _Place(grid, spacing, origin, direction))

    @classmethod
    def of_layers(
        cls,
        arrays: Sequence[ArrayLike],
        grid: Grid | None = None,
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        direction: ArrayLike | None = None,
        names: Names | None = None,
        name: str = "mask",
        notes: Sequence[str] = (),
    ) -> "Mask":
        """A mask of several arrays on one grid, whose segments may overlap; all else is as for Mask.

        Where unnamed segments of two layers have one label, they are called `1 (layer 0)` and `1 (layer 1)`.
        """
        mask = cls.__new__(cls)
        mask._fill(arrays, names, (name, notes), _Place(grid, spacing, origin, direction))
        return mask

    def _fill(
        self, arrays: Sequence[ArrayLike], names: Names | None, about: tuple[str, Sequence[str]], place: "_Place"
    ) -> None:
        name, notes = about
        if len(arrays) == 0:
            raise InputError(f"{name}: a mask has at least one layer; none was given")
        shaped = [_voxels(layer, name) for layer in arrays]
        found = [whole_numbers(voxels, name) for voxels, _ in shaped]
        boxes = [boxes_of(labels, name) for labels in found]
        layers = tuple(_frozen(unsigned(labels)) for labels in found)
        grid = place.of(layers[0].shape, shaped[0][1], name)
        if any(layer.shape != grid.shape for layer in layers):
            raise InputError(f"{name}: all layers must have one shape; found {[layer.shape for layer in layers]}")
        segments = with_names(segments_of(boxes, name), names or {}, name)
        _set(self, {"layers": layers, "grid": grid, "segments": segments, "name": name, "notes": tuple(notes)})

    def read(self, layer: int, window: Window) -> NDArray[Any]:
        """The labels of a window of a layer, indexed z, y, x; never to be written to."""
        return self.layers[layer][window.slices]

    def renamed(self, name: str, *, notes: Sequence[str], undrawn: Sequence[Undrawn] | None = None) -> "Mask":
        """The same mask, by another name and with these notes; undrawn: in place of those that it has."""
        mask, lacking = Mask.__new__(Mask), self.undrawn if undrawn is None else tuple(undrawn)
        _set(mask, {**self.__getstate__(), "name": name, "notes": tuple(notes), "undrawn": lacking})
        return mask

    def named(self, names: Names) -> "Mask":
        """This mask with these names for its segments, in place of those that it has."""
        plain = tuple(replace(segment, name=None) for segment in self.segments)
        return self._with(self.layers, with_names(plain, names, self.name))

    def layer(self, number: int) -> "Mask":
        """The mask that one layer holds, counted from 0; InputError when there is none, or when it is empty."""
        if not 0 <= number < len(self.layers):
            last = len(self.layers) - 1
            there = "layers 0 to " + str(last) if last else "layer 0 only"
            raise InputError(f"{self.name}: there is no layer {number} in the mask; it has {there}")
        kept = [segment for segment in self.segments if segment.layer == number]
        if not kept:
            raise InputError(f"{self.name}: nothing is segmented in layer {number}: every voxel is 0; choose another")
        own = (replace(one, name=None) if one.name == layered(one) else one for one in kept)
        return self._with((self.layers[number],), tuple(replace(segment, layer=0) for segment in own))

    def _with(self, layers: tuple[NDArray[Any], ...], segments: tuple[Segment, ...]) -> "Mask":
        mask = Mask.__new__(Mask)
        about = {"grid": self.grid, "name": self.name, "notes": self.notes, "undrawn": self.undrawn}
        _set(mask, {**about, "layers": layers, "segments": segments})
        return mask

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the fields, no digest."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        _set(self, {**state, "layers": tuple(_frozen(layer) for layer in state["layers"])})

    def __repr__(self) -> str:
        shown = ", ".join(map(str, self.segments[:SHOWN]))
        more = f" and {len(self.segments) - SHOWN} more" if len(self.segments) > SHOWN else ""
        return f"<Mask {self.name!r}: {shown}{more}; {self.grid}>"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of grid, type and labels of every layer."""
        return _digest(self.grid, self.layers)

    def select(self, wanted: Sequence[int | str] | None = None) -> tuple[Segment, ...]:
        """The segments of these labels (numbers, names, or patterns of names), in this order; all of them for None.

        In a pattern, * stands for any letters, ? for one, [ab] for one of these; capitals matter. A name or number
        that is written like one goes before it. Raises InputError when one is not there, listing those that are.
        """
        if wanted is None:
            return self.segments
        return tuple(segment for one in wanted for segment in self._find(one))

    def _find(self, wanted: int | str) -> list[Segment]:
        if found := matching(self.segments, wanted):
            return found
        raise InputError(f"{self.name}: {why_absent(self.segments, self.undrawn, wanted)}")


def require_same_dimensions(image: Image, mask: Mask) -> None:
    """Raise InputError unless image and mask are both flat, or neither is."""
    if image.grid.dimensions != mask.grid.dimensions:
        raise InputError(
            f"{mask.name}: the mask has {mask.grid.dimensions} dimensions, {image.name} has {image.grid.dimensions}; "
            "save both with the same"
        )


def require_same_grid(image: Image, mask: Mask, *, tolerance: float = 1e-6) -> None:
    """Raise InputError, with both grids, unless a mask lies on its image's grid: to `tolerance`, as in Grid.matches."""
    require_same_dimensions(image, mask)
    if not image.grid.matches(mask.grid, tolerance=tolerance):
        raise InputError(
            f"{mask.name}: the mask does not lie on the grid of {image.name}; {image.grid.difference(mask.grid)}; "
            f"image: {image.grid}; mask: {mask.grid}; "
            "resample the mask onto the image's grid, or give the image that it was drawn on"
        )


def _set(instance: Volume | Mask, values: Mapping[str, Any]) -> None:
    """Fill a frozen dataclass."""
    for key, value in values.items():
        object.__setattr__(instance, key, value)


def _voxels(given: ArrayLike, name: str) -> tuple[NDArray[Any], int]:
    """The array as z, y, x in native byte order, C-contiguous; and whether the image is flat (2) or not (3)."""
    try:
        array = np.asarray(given)
    except ValueError:
        raise InputError(f"{name}: voxels fill a box; found lists of different lengths") from None
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


@dataclass(frozen=True)
class _Place:
    """Where a caller says that voxels lie: on a grid, or by spacing, origin and direction."""

    grid: Grid | None
    spacing: Sequence[float] | None
    origin: Sequence[float] | None
    direction: ArrayLike | None

    def of(self, shape: tuple[int, ...], dimensions: int, name: str) -> Grid:
        """The grid of an array of this shape, which is flat (2) or not (3)."""
        if self.grid is None:
            return self._spaced(shape, dimensions, name)
        if not (self.spacing is None and self.origin is None and self.direction is None):
            raise InputError(f"{name}: give a grid, or spacing with origin and direction, not both")
        if self.grid.shape != shape:
            raise InputError(f"{name}: the array has shape {shape} (z, y, x), its grid {self.grid.shape}")
        return self.grid

    def _spaced(self, shape: tuple[int, ...], dimensions: int, name: str) -> Grid:
        spacing, origin, direction = self.spacing, self.origin, self.direction
        if spacing is None:
            raise InputError(f"{name}: where its voxels lie is not known; give spacing=(x, y, z) in mm, or a grid")
        depth, height, width = shape
        flat = dimensions == 2
        start = (0.0, 0.0, 0.0) if origin is None else origin
        try:
            return Grid.from_spacing(
                (depth, height, width),
                (*spacing, 1.0) if flat and np.size(spacing) == 2 else spacing,
                origin=(*start, 0.0) if flat and np.size(start) == 2 else start,
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


def _digest(grid: Grid, arrays: Sequence[NDArray[Any]]) -> str:
    digest = hashlib.sha256(repr((grid.shape, grid.affine, grid.dimensions)).encode())
    for array in arrays:
        digest.update(str(array.dtype).encode())
        digest.update(array.data.cast("B"))
    return digest.hexdigest()
