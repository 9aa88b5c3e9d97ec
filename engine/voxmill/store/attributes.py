"""What is written beside the voxels: `ome` as OME-Zarr 0.5 says, `voxmill` so that nothing is lost.

Ours are models, checked when they are read. Every float is written with all its digits: a grid comes back to the bit.
"""

# No `from __future__ import annotations` here: pydantic reads the annotations.
import math
from collections.abc import Mapping
from typing import Any, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from voxmill.errors import InputError, brief
from voxmill.grid import Affine, Grid, Index, Point, Window
from voxmill.segments import MAX_LABEL, Segment
from voxmill.store.layout import FORMAT_VERSION, OME_VERSION, OURS, VOXELS
from voxmill.suv import Suv
from voxmill.volume import Image, Mask
from voxmill_kernels.facts import Extremes, Moments

Attributes = Mapping[str, JsonValue]
AXES = ("z", "y", "x")
COLOURS = ((214, 39, 40), (31, 119, 180), (44, 160, 44), (255, 127, 14), (148, 103, 189), (23, 190, 207))
"""Red, green and blue of labels, in turn: viewers ask for them."""


class Stored(BaseModel):
    """Attributes of a group; those that a later version adds to this format are left alone.

    kind: what the group is.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    format_version: int = FORMAT_VERSION
    kind: str = "store"


class CaseAttributes(Stored):
    """A case: its name, and what else may be known of it."""

    kind: str = "case"
    name: str
    attributes: dict[str, JsonValue] = Field(default_factory=dict)


class Placed(Stored):
    """What has a grid.

    affine: from voxel index x, y, z to LPS in mm. spacing and direction: x, y, z, what the affine was made of, None
    where it was given as such. digest: SHA-256 of grid, type and voxels.
    """

    name: str
    notes: tuple[str, ...] = ()
    affine: Affine
    spacing: Point | None
    direction: tuple[Point, Point, Point] | None
    dimensions: int
    digest: str

    def grid(self, shape: Index) -> Grid:
        """The grid, of the shape of the array; raises InputError when it makes no sense."""
        given = None if self.spacing is None or self.direction is None else (self.spacing, self.direction)
        return Grid(shape, _other_order(self.affine), self.dimensions, given)


class Statistics(BaseModel):
    """Exact facts of all voxels of an image; None for what is no finite number.

    total, squares: the sums of intensities and of their squares, of whole numbers of up to 32 bits only, where no order
    of adding can change them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    voxels: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    deviation: float | None
    total: int | None = None
    squares: int | None = None

    @classmethod
    def of(cls, moments: Moments, extremes: Extremes, dtype: np.dtype[Any]) -> Self:
        """The statistics of an image of this type."""
        exact = dtype.kind != "f" and dtype.itemsize <= 4
        return cls(
            voxels=moments.voxels,
            minimum=_finite(extremes.lowest),
            maximum=_finite(extremes.highest),
            mean=_finite(moments.mean),
            deviation=_finite(moments.deviation),
            total=int(sum(moments.total)) if exact else None,
            squares=int(sum(moments.squares)) if exact else None,
        )

    @property
    def facts(self) -> Mapping[type, Any]:
        """Those that are the same to the bit as in a pass over the image."""
        facts: dict[type, Any] = {}
        if self.minimum is not None and self.maximum is not None:
            facts[Extremes] = Extremes(self.minimum, self.maximum)
        if self.total is not None and self.squares is not None:
            facts[Moments] = Moments(self.voxels, (self.total,), (self.squares,))
        return facts


class SuvAttributes(BaseModel):
    """The factor of standardised uptake values, or why there is none, as in `Suv`; values are without it.

    slope, intercept: one number, or a number for every slice.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    factor: float | None = Field(gt=0)
    how: str
    notes: tuple[str, ...] = ()
    slope: float | tuple[float, ...] = ()
    intercept: float | tuple[float, ...] = ()

    @classmethod
    def of(cls, suv: Suv | None) -> Self | None:
        """What is known of an image; None for what is no PET."""
        if suv is None:
            return None
        slope, intercept = (one[0] if len(one) == 1 else one for one in (suv.slopes, suv.intercepts))
        return cls(factor=suv.factor, how=suv.how, notes=suv.notes, slope=slope, intercept=intercept)

    @property
    def suv(self) -> Suv:
        """The same as what an image has."""
        slopes, intercepts = (one if isinstance(one, tuple) else (one,) for one in (self.slope, self.intercept))
        return Suv(self.factor, self.how, self.notes, slopes, intercepts)


class ImageAttributes(Placed):
    """An image; attributes: what else may be known of it."""

    kind: str = "image"
    statistics: Statistics
    suv: SuvAttributes | None = None
    attributes: dict[str, JsonValue] = Field(default_factory=dict)


class SegmentAttributes(BaseModel):
    """A segment: start and stop of its box are z, y, x."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: int = Field(gt=0, le=MAX_LABEL)
    name: str | None
    start: Index
    stop: Index
    voxels: int = Field(gt=0)


class UndrawnAttributes(BaseModel):
    """A segment without a voxel."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: int
    name: str | None


class LayerAttributes(Placed):
    """A layer of a mask, whose name this is; `layers` is how many it has, undrawn what the whole mask lacks."""

    kind: str = "mask"
    layer: int = Field(ge=0)
    layers: int = Field(gt=0)
    segments: tuple[SegmentAttributes, ...]
    undrawn: tuple[UndrawnAttributes, ...] = ()

    @classmethod
    def of(cls, mask: Mask, layer: int) -> Self:
        """The attributes of a layer, counted from 0."""
        segments = tuple(
            SegmentAttributes(
                label=one.label,
                name=None if one.name is None else plain(one.name),
                start=one.box.start,
                stop=one.box.stop,
                voxels=one.voxels,
            )
            for one in mask.segments
            if one.layer == layer
        )
        undrawn = tuple(
            UndrawnAttributes(label=one.label, name=None if one.name is None else plain(one.name))
            for one in mask.undrawn
        )
        about = {"layer": layer, "layers": len(mask.layers), "segments": segments, "undrawn": undrawn}
        return cls.model_validate({**placed(mask), **about})

    def known(self, shape: Index) -> list[Segment]:
        """Its segments; raises ValueError for a box that is not inside the grid."""
        found = [
            Segment(one.label, one.name, self.layer, Window(one.start, one.stop), one.voxels) for one in self.segments
        ]
        for one in found:
            if not one.box.lies_in(shape) or one.box.size < one.voxels:
                raise ValueError(f"the box of {one} is {one.box}, in an image of shape {shape}")
        return found


Model = TypeVar("Model", bound=Stored)


def placed(image: Image | Mask) -> dict[str, Any]:
    """What Placed says of an image or a mask."""
    spacing, direction = image.grid.given or (None, None)
    return {
        "name": plain(image.name),
        "notes": tuple(map(plain, image.notes)),
        "affine": _other_order(image.grid.affine),
        "spacing": spacing,
        "direction": direction,
        "dimensions": image.grid.dimensions,
        "digest": image.digest,
    }


def plain(text: str) -> str:
    """A text that can be written: bytes of a file's name that are no text become question marks."""
    return text.encode(errors="replace").decode()


def parse_attributes(model: type[Model], attributes: Mapping[str, Any], name: str) -> Model:
    """Our attributes of a group; raises InputError for those of a newer format, and for what is none of ours."""
    ours = attributes.get(OURS)
    version = ours.get("format_version") if isinstance(ours, Mapping) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise InputError(
            f"{name}: it was written by a newer version of Voxmill (format {version}, this one reads up to "
            f"{FORMAT_VERSION}); update Voxmill"
        )
    if version != FORMAT_VERSION or not isinstance(ours, Mapping):
        raise InputError(f"{name}: it was not written by Voxmill (no format_version); convert what it was made of")
    kind, found = model.model_fields["kind"].default, ours.get("kind")
    if found != kind:
        raise InputError(f"{name}: it is no {kind}, but a {brief(found)} of a store; give the folder of the {kind}")
    try:
        return model.model_validate(ours)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{name}: its attributes are damaged ({place}: {first['msg'].lower()}; found {brief(first['input'])}); "
            "convert it again"
        ) from None


def group_attributes(ours: Stored, ome: Attributes | None = None) -> dict[str, JsonValue]:
    """All attributes of a group."""
    standard: dict[str, JsonValue] = {} if ome is None else {"ome": {"version": OME_VERSION, **ome}}
    return {**standard, OURS: ours.model_dump(mode="json")}


def image_metadata(name: str, grid: Grid) -> Attributes:
    """OME-Zarr 0.5's multiscales of one image at one scale: its spacing and its first voxel, z, y, x in mm in LPS.

    The standard has no rotation: of an oblique grid this is all that it can say, the affine of ours says the rest.
    """
    transformations: list[JsonValue] = [
        {"type": "scale", "scale": list(grid.spacing[::-1])},
        {"type": "translation", "translation": list(grid.origin[::-1])},
    ]
    axes: list[JsonValue] = [{"name": axis, "type": "space", "unit": "millimeter"} for axis in AXES]
    datasets: list[JsonValue] = [{"path": VOXELS, "coordinateTransformations": transformations}]
    return {"multiscales": [{"name": name, "axes": axes, "datasets": datasets}]}


def label_metadata(layer: LayerAttributes, grid: Grid) -> Attributes:
    """The multiscales of a label image, the names of its segments, and which image it is of."""
    names: list[JsonValue] = [{"label-value": one.label, "name": one.name or str(one.label)} for one in layer.segments]
    colours: list[JsonValue] = [
        {"label-value": one.label, "rgba": [*COLOURS[one.label % len(COLOURS)], 255]} for one in layer.segments
    ]
    about: JsonValue = {"colors": colours, "properties": names, "source": {"image": "../../"}}
    return {**image_metadata(layer.name, grid), "image-label": about}


def _other_order(affine: Affine) -> Affine:
    """An affine whose columns are steps along z, y, x with those along x, y, z, or the other way round."""
    return tuple((row[2], row[1], row[0], row[3]) for row in affine)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
